// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a ring's requests, for everything that can be granted. A byte
 * beyond it is for the sanitizer to see; that nothing in it has two uses, and
 * none of it no use, is counted here.
 */
#include "common.h"
#include "test-suite.h"

#include <malloc.h>

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
			     blkif.granted[XEN_BLKIF_MAX_INDIRECT_SEGMENTS]);
	memset(used + at, 1, len);
}

#define USE(_pointer, _nr) \
	use(#_pointer, _pointer, (_nr) * sizeof(*(_pointer)), \
	    __alignof__(*(_pointer)))

static void use_request(struct pending_req *req)
{
	const unsigned int indirect =
		blkif.granted[XEN_BLKIF_MAX_INDIRECT_SEGMENTS];
	const unsigned int segments = indirect > 11 ? indirect : 11;
	const unsigned int indirect_pages = (indirect + 511) / 512;
	unsigned int i;

	USE(req, 1);
	USE(req->unmap, segments);
	USE(req->seg, segments);
	USE(req->biolist, segments);
	USE(req->unmap_pages, segments);
	USE(req->segments, segments);
	USE(req->indirect_pages, indirect_pages);
	for (i = 0; i < segments; i++)
		USE(req->segments[i], 1);
	for (i = 0; i < indirect_pages; i++)
		USE(req->indirect_pages[i], 1);

	/* All of it, as the driver does. */
	for (i = 0; i < segments; i++)
		memset(req->segments[i], 0xff, sizeof(*req->segments[i]));
	for (i = 0; i < indirect_pages; i++)
		memset(req->indirect_pages[i], 0xff,
		       sizeof(*req->indirect_pages[i]));
	memset(req->unmap, 0xff, segments * sizeof(*req->unmap));
	memset(req->seg, 0xff, segments * sizeof(*req->seg));
	memset(req->biolist, 0xff, segments * sizeof(*req->biolist));
	memset(req->unmap_pages, 0xff, segments * sizeof(*req->unmap_pages));
	memset(req->segments, 0xff, segments * sizeof(*req->segments));
	memset(req->indirect_pages, 0xff,
	       indirect_pages * sizeof(*req->indirect_pages));
}

/* Allocates requests and uses all of them. */
static void use_requests(unsigned int nr)
{
	struct list_head *item;
	unsigned int i = 0;

	ck_assert_int_eq(xen_blkif_alloc_requests(&ring, nr), 0);
	size = malloc_usable_size(ring.requests);
	used = calloc(1, size);
	for (item = ring.pending_free.next; item != &ring.pending_free;
	     item = item->next) {
		i++;
		use_request(container_of(item, struct pending_req, free_list));
	}
	ck_assert_uint_eq(i, nr);
	ck_assert_ptr_null(memchr(used, 0, size));
	free(used);
}

static void check_empty(void)
{
	ck_assert_ptr_null(ring.requests);
	ck_assert_ptr_eq(ring.pending_free.next, &ring.pending_free);
	ck_assert_ptr_eq(ring.pending_free.prev, &ring.pending_free);
}

START_TEST(test_grant)
{
	static const unsigned int nr[] = { 1, 3 };
	unsigned int i, segments;

	for (i = 0; i < ARRAY_SIZE(nr); i++)
		for (segments = 0; segments <= MAX_INDIRECT_SEGMENTS; segments++) {
			blkif.granted[XEN_BLKIF_MAX_INDIRECT_SEGMENTS] = segments;
			use_requests(nr[i]);
			xen_blkif_free_requests(&ring);
			check_empty();
		}
}
END_TEST

/* A ring of the largest order, with the most segments, and with the least. */
START_TEST(test_large_ring)
{
	blkif.granted[XEN_BLKIF_MAX_INDIRECT_SEGMENTS] =
		_i ? MAX_INDIRECT_SEGMENTS : 0;
	use_requests(XEN_BLKIF_REQS_PER_PAGE << 4);
	xen_blkif_free_requests(&ring);
	check_empty();
}
END_TEST

START_TEST(test_no_memory)
{
	blkif.granted[XEN_BLKIF_MAX_INDIRECT_SEGMENTS] = MAX_INDIRECT_SEGMENTS;
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
