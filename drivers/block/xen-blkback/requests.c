// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a ring's requests. A request has the arrays for as many
 * segments as fit into a slot of the ring behind it, so that all that such a
 * request touches is close together. Where an indirect request may have more,
 * the arrays for those are behind the last request.
 */
#include "common.h"

#include <linux/align.h>
#include <linux/overflow.h>
#include <linux/vmalloc.h>

/* Takes memory from @base on, of which @used bytes are taken. */
static void *take(void *base, size_t *used, size_t size, size_t align)
{
	size_t at = ALIGN(*used, align);

	*used = at + size;
	return base + at;
}

/* The same for an array of @_nr elements. */
#define TAKE(_base, _used, _nr, _element) \
	take(_base, _used, (_nr) * sizeof(_element), __alignof__(_element))

/*
 * Makes @req use the arrays for @nr segments that are at @base, of which @used
 * bytes are taken, and touches none: to learn the size, there need not be any
 * memory.
 *
 * Return: what the elements of @req->segments are to point to.
 */
static struct grant_page *use(struct pending_req *req, unsigned int nr,
			      void *base, size_t *used)
{
	req->segments = TAKE(base, used, nr, *req->segments);
	req->seg = TAKE(base, used, nr, *req->seg);
	req->biolist = TAKE(base, used, nr, *req->biolist);
	req->unmap = TAKE(base, used, nr, *req->unmap);
	req->unmap_pages = TAKE(base, used, nr, *req->unmap_pages);
	return TAKE(base, used, nr, **req->segments);
}

static struct grant_page *use_small(struct pending_req *req, size_t *used)
{
	*used = sizeof(*req);
	req->use_large = false;
	return use(req, BLKIF_MAX_SEGMENTS_PER_REQUEST, req, used);
}

static struct grant_page *use_large(struct pending_req *req, unsigned int nr,
				    size_t *used)
{
	*used = 0;
	req->use_large = true;
	return use(req, nr, req->large, used);
}

/* Where the indirect pages are, behind the small arrays. */
static struct grant_page *use_indirect(struct pending_req *req, unsigned int nr,
				       size_t *used)
{
	req->indirect_pages = TAKE(req, used, nr, *req->indirect_pages);
	return TAKE(req, used, nr, **req->indirect_pages);
}

static void point(struct grant_page **pointers, struct grant_page *pages,
		  unsigned int nr)
{
	while (nr--)
		*pointers++ = pages++;
}

/**
 * xen_blkif_switch_arrays() - from a request's small to its large arrays or back
 * @req:	a request whose arrays are not in use
 *
 * See xen_blkif_use_arrays().
 */
void xen_blkif_switch_arrays(struct pending_req *req)
{
	size_t used;

	if (req->use_large)
		use_small(req, &used);
	else
		use_large(req, req->ring->blkif->max_indirect_segments, &used);
}

/**
 * xen_blkif_alloc_requests() - fill the free list of a ring
 * @ring:	a ring that has no requests
 * @nr:		how many
 *
 * In one piece and by pages: sizes between two slab classes are common here.
 * The frontend chooses how much it is: it gets none if there is none, nothing
 * else is killed for it.
 *
 * Return: 0 or -ENOMEM.
 */
int xen_blkif_alloc_requests(struct xen_blkif_ring *ring, unsigned int nr)
{
	const unsigned int segments = ring->blkif->max_indirect_segments;
	const unsigned int indirect = DIV_ROUND_UP(segments,
						   SEGS_PER_INDIRECT_FRAME);
	const bool large = segments > BLKIF_MAX_SEGMENTS_PER_REQUEST;
	struct pending_req measured, *req;
	struct grant_page *pages;
	size_t small_size, large_size = 0;
	unsigned int i;

	measured.large = &measured;
	if (large)
		use_large(&measured, segments, &large_size);
	use_small(&measured, &small_size);
	use_indirect(&measured, indirect, &small_size);

	/* Others follow. */
	small_size = ALIGN(small_size, __alignof__(*req));
	large_size = ALIGN(large_size, __alignof__(*req));

	ring->requests = __vmalloc(array_size(nr, small_size + large_size),
				   GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN |
				   __GFP_RETRY_MAYFAIL);
	if (!ring->requests)
		return -ENOMEM;
	ring->nr_reqs = nr;

	for (i = 0; i < nr; i++) {
		size_t used;

		req = ring->requests + i * small_size;
		req->ring = ring;
		if (large) {
			req->large = ring->requests + nr * small_size +
				     i * large_size;
			pages = use_large(req, segments, &used);
			point(req->segments, pages, segments);
		}
		pages = use_small(req, &used);
		point(req->segments, pages, BLKIF_MAX_SEGMENTS_PER_REQUEST);
		pages = use_indirect(req, indirect, &used);
		point(req->indirect_pages, pages, indirect);
		list_add_tail(&req->free_list, &ring->pending_free);
	}
	return 0;
}

/**
 * xen_blkif_free_requests() - undo xen_blkif_alloc_requests()
 * @ring:	a ring with no request in flight, or one that has none at all
 */
void xen_blkif_free_requests(struct xen_blkif_ring *ring)
{
	struct pending_req *req;
	unsigned int i = 0;

	list_for_each_entry(req, &ring->pending_free, free_list)
		i++;
	WARN_ON(i != ring->nr_reqs);

	INIT_LIST_HEAD(&ring->pending_free);
	vfree(ring->requests);
	ring->requests = NULL;
	ring->nr_reqs = 0;
}
