// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a ring's requests: what is there when, and that nothing in it
 * has two uses. A byte beyond it is for the sanitizer to see.
 */
#include "common.h"
#include "test-suite.h"

#define RESERVE		12U	/* requests */
#define LARGE_RESERVE	4U	/* pages */
#define LARGEST_RING	(XEN_BLKIF_REQS_PER_PAGE << 4)

static struct xen_blkif blkif;
static struct xen_blkif_ring ring;
static struct pending_req *taken[LARGEST_RING];

static void setup(void)
{
	kernel_reset();
	blkif.max_indirect_segments = MAX_INDIRECT_SEGMENTS;
	ring = (struct xen_blkif_ring) { .blkif = &blkif };
	INIT_LIST_HEAD(&ring.pending_free);
}

static unsigned int free_requests(void)
{
	struct pending_req *req;
	unsigned int nr = 0;

	list_for_each_entry(req, &ring.pending_free, free_list)
		nr++;
	return nr;
}

/* So many requests, all free, and pages of a reserve for large ones. */
static void check_idle(unsigned int requests, unsigned int pages)
{
	ck_assert_uint_eq(ring.nr_reqs, requests);
	ck_assert_uint_eq(free_requests(), requests);
	ck_assert_uint_eq(kernel_pages, pages);
}

static void check_empty(void)
{
	ck_assert_uint_eq(kernel_pages, 0);
	ck_assert_uint_eq(ring.nr_reqs, 0);
	ck_assert(list_empty(&ring.pending_free));
	ck_assert(!xen_blkif_has_request(&ring));
	ck_assert_ptr_null(xen_blkif_get_request(&ring));
}

/* Writes all that the driver does, or finds it written by none but @mark. */
static void use(struct pending_req *req, unsigned char mark, bool find)
{
	unsigned int i, n, seen = 0;

	for (i = 0; i < req->nr_parts; i++) {
		struct xen_blkif_part *part = req->parts[i];
		const unsigned int nr = xen_blkif_part_segs(req, i);
		struct {
			void *array;
			size_t size;
		} arrays[] = {
			{ part->pages, nr * sizeof(*part->pages) },
			{ part->unmap, nr * sizeof(*part->unmap) },
			{ part->unmap_pages, nr * sizeof(*part->unmap_pages) },
			{ part->seg, nr * sizeof(*part->seg) },
		};

		/* None: a flush of the whole disk. */
		if (!req->nr_segs)
			continue;
		ck_assert_uint_ge(nr, 1);
		ck_assert_uint_le(nr, XEN_BLKIF_PART_SEGMENTS);
		for (n = 0; n < ARRAY_SIZE(arrays); n++) {
			unsigned char *p = arrays[n].array;
			size_t size = arrays[n].size;

			if (!find)
				memset(p, mark, size);
			else if (p[0] != mark || memcmp(p, p + 1, size - 1))
				ck_abort_msg("array %u of part %u of %u segments is not its own",
					     n, i, req->nr_segs);
		}
		/* A request's segments are those of its parts, in order. */
		for (n = 0; n < nr; n++, seen++)
			if (xen_blkif_page(req, seen) != &part->pages[n] ||
			    xen_blkif_seg(req, seen) != &part->seg[n])
				ck_abort_msg("segment %u of %u", seen, req->nr_segs);
	}
	ck_assert_uint_eq(seen, req->nr_segs);

	for (i = 0; i < ARRAY_SIZE(req->indirect_pages); i++)
		if (!find)
			req->indirect_pages[i].gref = mark;
		else
			ck_assert_uint_eq(req->indirect_pages[i].gref, mark);
	ck_assert_ptr_eq(req->ring, &ring);
}

static struct pending_req *get(unsigned int segments)
{
	struct pending_req *req = xen_blkif_get_request(&ring);

	ck_assert_ptr_nonnull(req);
	req->nr_segs = segments;
	xen_blkif_get_parts(req);
	return req;
}

/* All that a frontend can have in flight, of one size or of all. */
static void fly(unsigned int nr, unsigned int segments)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		taken[i] = get(segments ?: 1 + i % MAX_INDIRECT_SEGMENTS);
		use(taken[i], i, false);
	}
	for (i = 0; i < nr; i++)
		use(taken[i], i, true);
}

static void land(unsigned int nr)
{
	while (nr--)
		xen_blkif_put_request(taken[nr]);
}

START_TEST(test_reserve)
{
	static const unsigned int rings[] = { 1, 4, 32, LARGEST_RING };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(rings); i++) {
		const unsigned int reserve = min(rings[i], RESERVE);

		ck_assert_int_eq(xen_blkif_alloc_requests(&ring, rings[i]), 0);
		check_idle(reserve, 0);
		/* Without end: nothing more is taken. */
		for (j = 0; j < 3; j++) {
			fly(reserve, 11);
			land(reserve);
			check_idle(reserve, 0);
		}
		xen_blkif_free_requests(&ring);
		check_empty();
	}
}
END_TEST

START_TEST(test_as_many_as_the_ring_has)
{
	static const unsigned int segments[] = { 1, 11, 12, 64, 65, 256, 0 };
	static const unsigned int rings[] = { 32, LARGEST_RING };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(rings); i++)
		for (j = 0; j < ARRAY_SIZE(segments); j++) {
			ck_assert_int_eq(xen_blkif_alloc_requests(&ring, rings[i]), 0);
			check_idle(RESERVE, 0);
			fly(rings[i], segments[j]);
			ck_assert(!xen_blkif_has_request(&ring));
			ck_assert_ptr_null(xen_blkif_get_request(&ring));
			land(rings[i]);
			xen_blkif_time_passed(&ring);
			/* Of the largest only what makes progress stays. */
			check_idle(RESERVE, segments[j] && segments[j] < 12 ?
				    0 : LARGE_RESERVE);
			xen_blkif_free_requests(&ring);
			check_empty();
		}
}
END_TEST

/* Whatever is in use stays, and what stays is not more than it must be. */
START_TEST(test_shrink)
{
	unsigned int in_use;

	ck_assert_int_eq(xen_blkif_alloc_requests(&ring, 32), 0);
	for (in_use = 0; in_use <= 32; in_use++) {
		fly(32, 11);
		for (unsigned int i = in_use; i < 32; i++)
			xen_blkif_put_request(taken[i]);
		ck_assert_uint_eq(ring.nr_reqs, 32);
		/* It waits for requests: no time to give any away. */
		ring.waiting_reqs = 1;
		xen_blkif_time_passed(&ring);
		ck_assert_uint_eq(ring.nr_reqs, 32);
		ring.waiting_reqs = 0;
		xen_blkif_time_passed(&ring);
		ck_assert_uint_eq(ring.nr_reqs, in_use > RESERVE ? in_use : RESERVE);
		ck_assert_uint_eq(free_requests(), ring.nr_reqs - in_use);
		for (unsigned int i = 0; i < in_use; i++)
			use(taken[i], i, true);
		land(in_use);
	}
	xen_blkif_free_requests(&ring);
	check_empty();
}
END_TEST

/* As many parts as it needs, and none before there is a large request. */
START_TEST(test_large)
{
	unsigned int segments;

	ck_assert_int_eq(xen_blkif_alloc_requests(&ring, 32), 0);
	for (segments = 0; segments <= MAX_INDIRECT_SEGMENTS; segments++) {
		const unsigned int before = kernel_pages;
		struct pending_req *req = get(segments);
		const unsigned int parts = segments <= 11 ? 0 :
					   DIV_ROUND_UP(segments, 64);

		use(req, segments, false);
		ck_assert_uint_eq(kernel_pages - before, parts +
				  (segments == 12 ? LARGE_RESERVE : 0));
		use(req, segments, true);
		xen_blkif_put_request(req);
		ck_assert_uint_eq(kernel_pages, before +
				  (segments == 12 ? LARGE_RESERVE : 0));
	}

	/* One that was not given any parts gives none back. */
	xen_blkif_put_request(xen_blkif_get_request(&ring));
	xen_blkif_free_requests(&ring);
	check_empty();
}
END_TEST

START_TEST(test_no_memory_to_connect)
{
	kernel_no_memory = true;
	ck_assert_int_eq(xen_blkif_alloc_requests(&ring, 32), -ENOMEM);
	check_empty();
	/* Freeing none is no harm, and the ring can have some now. */
	xen_blkif_free_requests(&ring);
	kernel_no_memory = false;
	ck_assert_int_eq(xen_blkif_alloc_requests(&ring, 32), 0);
	fly(RESERVE, 11);
	land(RESERVE);
	xen_blkif_free_requests(&ring);
	check_empty();
}
END_TEST

/* It goes on with what there is, and does not ask again until something came back. */
START_TEST(test_no_memory_to_grow)
{
	ck_assert_int_eq(xen_blkif_alloc_requests(&ring, 32), 0);
	fly(RESERVE, 11);
	kernel_no_memory = true;
	ck_assert(xen_blkif_has_request(&ring));
	ck_assert_ptr_null(xen_blkif_get_request(&ring));
	ck_assert(!xen_blkif_has_request(&ring));

	ck_assert_uint_eq(ring.pending_free_wq.woken, 0);
	/* But for once when time has passed. */
	xen_blkif_time_passed(&ring);
	ck_assert(xen_blkif_has_request(&ring));
	ck_assert_ptr_null(xen_blkif_get_request(&ring));
	ck_assert(!xen_blkif_has_request(&ring));

	land(1);
	ck_assert_uint_eq(ring.pending_free_wq.woken, 1);
	ck_assert(xen_blkif_has_request(&ring));
	fly(1, 11);
	ck_assert_ptr_null(xen_blkif_get_request(&ring));

	kernel_no_memory = false;
	land(1);
	fly(1, 11);
	ck_assert(xen_blkif_has_request(&ring));
	taken[RESERVE] = get(11);
	ck_assert_uint_eq(ring.nr_reqs, RESERVE + 1);
	land(RESERVE + 1);
	xen_blkif_free_requests(&ring);
	check_empty();
}
END_TEST

/* The reserve is enough for one, of any size, again and again. */
START_TEST(test_no_memory_for_large)
{
	unsigned int i;

	ck_assert_int_eq(xen_blkif_alloc_requests(&ring, 32), 0);
	fly(1, 12);
	land(1);
	kernel_pages_max = kernel_pages;
	for (i = 12; i <= MAX_INDIRECT_SEGMENTS; i++) {
		fly(1, i);
		land(1);
		ck_assert_uint_eq(kernel_pages, kernel_pages_max);
	}

	/* The first one waits until there is a reserve, of what is granted. */
	xen_blkif_free_requests(&ring);
	for (i = 12; i <= MAX_INDIRECT_SEGMENTS; i++) {
		blkif.max_indirect_segments = i;
		kernel_pages_max = 0;
		ck_assert_int_eq(xen_blkif_alloc_requests(&ring, 32), 0);
		fly(1, i);
		land(1);
		ck_assert_uint_eq(kernel_pages, DIV_ROUND_UP(i, 64));
		ck_assert_uint_eq(kernel_pages_max, DIV_ROUND_UP(i, 64));
		xen_blkif_free_requests(&ring);
		check_empty();
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("requests of blkback");
	TCase *tc = tcase_create("requests");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_reserve);
	tcase_add_test(tc, test_as_many_as_the_ring_has);
	tcase_add_test(tc, test_shrink);
	tcase_add_test(tc, test_large);
	tcase_add_test(tc, test_no_memory_to_connect);
	tcase_add_test(tc, test_no_memory_to_grow);
	tcase_add_test(tc, test_no_memory_for_large);
	suite_add_tcase(suite, tc);

	return run_suite(suite);
}
