// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a ring's requests, for everything that can be granted. A byte
 * beyond it is for the sanitizer to see; that nothing in it has two uses, and
 * none of it no use, is counted here.
 */
#include "common.h"
#include "test-suite.h"

#include <malloc.h>

/* The arrays for a segment, and the same for a page of indirect segments. */
#define SEGMENT		(sizeof(struct grant_page) + sizeof(void *) + \
			 sizeof(struct seg_buf) + sizeof(struct bio *) + \
			 sizeof(struct gnttab_unmap_grant_ref) + \
			 sizeof(struct page *))
#define INDIRECT_PAGE	(sizeof(struct grant_page) + sizeof(void *))

static struct xen_blkif blkif;
static struct xen_blkif_ring ring;

/* For each byte of the memory whether it is in use. */
static unsigned char *used;
static size_t size;

static void setup(void)
{
	kernel_reset();
	ring = (struct xen_blkif_ring) { .blkif = &blkif };
	INIT_LIST_HEAD(&ring.pending_free);
}

/* An array is usable: inside, aligned, and no one else's. */
static void use(const char *name, const void *array, size_t len, size_t align)
{
	size_t at = (const char *)array - (const char *)ring.requests;

	/* Not an assertion for each of so many: Check takes notes of them. */
	if (at > size || len > size - at || (uintptr_t)array % align ||
	    memchr(used + at, 1, len))
		ck_abort_msg("%s: %zu bytes at %zu of %zu, to be aligned to %zu, with %u segments: outside, unaligned, or in use",
			     name, len, at, size, align,
			     blkif.max_indirect_segments);
	memset(used + at, 1, len);
}

#define USE(_pointer, _nr) \
	use(#_pointer, _pointer, (_nr) * sizeof(*(_pointer)), \
	    __alignof__(*(_pointer)))

/* The arrays that are in use now; @fill is for what the driver writes there. */
static void use_arrays(struct pending_req *req, unsigned int segments, int fill)
{
	unsigned int i;

	USE(req->unmap, segments);
	USE(req->seg, segments);
	USE(req->biolist, segments);
	USE(req->unmap_pages, segments);
	USE(req->segments, segments);
	for (i = 0; i < segments; i++) {
		USE(req->segments[i], 1);
		memset(req->segments[i], fill, sizeof(*req->segments[i]));
	}
	memset(req->unmap, fill, segments * sizeof(*req->unmap));
	memset(req->seg, fill, segments * sizeof(*req->seg));
	memset(req->biolist, fill, segments * sizeof(*req->biolist));
	memset(req->unmap_pages, fill, segments * sizeof(*req->unmap_pages));
}

/* As it was allocated, it has the small arrays, and they are close to it. */
static void check_small(struct pending_req *req)
{
	const unsigned int pages = DIV_ROUND_UP(blkif.max_indirect_segments, 512);
	const char *end = (const char *)(req + 1) + 11 * SEGMENT +
			  pages * INDIRECT_PAGE;
	const void *arrays[] = {
		req->unmap + 11, req->seg + 11, req->biolist + 11,
		req->unmap_pages + 11, req->segments + 11,
		req->segments[10] + 1, req->indirect_pages + pages,
		pages ? req->indirect_pages[pages - 1] + 1 : NULL,
	};
	unsigned int i;

	ck_assert_uint_le(end - (const char *)req, 1280);
	for (i = 0; i < ARRAY_SIZE(arrays); i++)
		if (arrays[i] && (arrays[i] <= (const void *)(req + 1) ||
				  arrays[i] > (const void *)end))
			ck_abort_msg("array %u ends %td bytes behind the request",
				     i, arrays[i] - (void *)req);
}

static void use_request(struct pending_req *req)
{
	const unsigned int segments = blkif.max_indirect_segments;
	const unsigned int pages = DIV_ROUND_UP(segments, 512);
	const struct pending_req small = *req;
	struct pending_req large;
	unsigned int i;

	ck_assert_ptr_eq(req->ring, &ring);
	check_small(req);
	xen_blkif_use_arrays(req, 0);
	xen_blkif_use_arrays(req, 11);
	ck_assert_mem_eq(req, &small, sizeof(small));

	USE(req, 1);
	use_arrays(req, 11, 0xff);
	USE(req->indirect_pages, pages);
	for (i = 0; i < pages; i++)
		USE(req->indirect_pages[i], 1);

	if (segments <= 11) {
		ck_assert_ptr_null(req->large);
		return;
	}
	xen_blkif_use_arrays(req, 12);
	large = *req;
	xen_blkif_use_arrays(req, segments);
	ck_assert_mem_eq(req, &large, sizeof(large));
	ck_assert_ptr_eq(req->indirect_pages, small.indirect_pages);
	use_arrays(req, segments, 0xee);

	/* And back: nothing of the one has become the other's. */
	xen_blkif_use_arrays(req, 1);
	ck_assert_mem_eq(req, &small, sizeof(small));
	for (i = 0; i < 11; i++)
		ck_assert_uint_eq(req->segments[i]->gref, 0xffffffff);
	check_small(req);
	xen_blkif_use_arrays(req, segments);
	ck_assert_mem_eq(req, &large, sizeof(large));
}

/* Allocates requests and uses all of them. */
static void use_requests(unsigned int nr)
{
	const unsigned int segments = blkif.max_indirect_segments;
	struct pending_req *req;
	unsigned int i = 0;

	ck_assert_int_eq(xen_blkif_alloc_requests(&ring, nr), 0);
	ck_assert_uint_eq(ring.nr_reqs, nr);
	size = malloc_usable_size(ring.requests);
	ck_assert_uint_eq(size, nr * (sizeof(struct pending_req) +
				      11 * SEGMENT +
				      (segments > 11 ? segments : 0) * SEGMENT +
				      DIV_ROUND_UP(segments, 512) * INDIRECT_PAGE));
	used = calloc(1, size);
	list_for_each_entry(req, &ring.pending_free, free_list) {
		i++;
		use_request(req);
	}
	ck_assert_uint_eq(i, nr);
	ck_assert_ptr_null(memchr(used, 0, size));
	free(used);
}

static void check_empty(void)
{
	ck_assert_ptr_null(ring.requests);
	ck_assert_uint_eq(ring.nr_reqs, 0);
	ck_assert_ptr_eq(ring.pending_free.next, &ring.pending_free);
	ck_assert_ptr_eq(ring.pending_free.prev, &ring.pending_free);
}

START_TEST(test_grant)
{
	static const unsigned int nr[] = { 1, 3 };
	static const unsigned int segments[] = { 0, 1, 11, 12, 13, 255, 256 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(nr); i++)
		for (j = 0; j < ARRAY_SIZE(segments); j++) {
			blkif.max_indirect_segments = segments[j];
			use_requests(nr[i]);
			xen_blkif_free_requests(&ring);
			check_empty();
		}
}
END_TEST

/* A ring of the largest order, with the most segments, and with the least. */
START_TEST(test_large_ring)
{
	blkif.max_indirect_segments = _i ? MAX_INDIRECT_SEGMENTS : 0;
	use_requests(XEN_BLKIF_REQS_PER_PAGE << 4);
	xen_blkif_free_requests(&ring);
	check_empty();
}
END_TEST

START_TEST(test_no_memory)
{
	blkif.max_indirect_segments = MAX_INDIRECT_SEGMENTS;
	kernel_no_memory = true;
	ck_assert_int_eq(xen_blkif_alloc_requests(&ring, 32), -ENOMEM);
	check_empty();

	/* Freeing none is no harm, and the ring can have some now. */
	xen_blkif_free_requests(&ring);
	kernel_no_memory = false;
	use_requests(1);
	xen_blkif_free_requests(&ring);
	check_empty();

	/* 4 GB and a little: not the little where 32 bits count the bytes. */
	ck_assert_int_eq(xen_blkif_alloc_requests(&ring, UINT_MAX / size + 2),
			 -ENOMEM);
	check_empty();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("requests of blkback");
	TCase *tc = tcase_create("requests");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_grant);
	tcase_add_loop_test(tc, test_large_ring, 0, 2);
	tcase_add_test(tc, test_no_memory);
	suite_add_tcase(suite, tc);

	return run_suite(suite);
}
