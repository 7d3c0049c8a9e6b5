// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a ring's requests: as much as is in flight, not as much as the
 * ring has room for.
 *
 * A few requests are there as long as the ring is connected; others come when
 * all are in use, and go when the ring was idle. A request has the arrays for as
 * many segments as fit into a slot of the ring; one with more borrows them, a
 * page for each part of it, from a pool, and gives them back when it is done.
 */
#include "common.h"

#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

/* So many requests make progress where there is no memory for more. */
#define RESERVED_REQUESTS 12

/* The page of a part of a request with more segments than a slot has. */
struct large_part {
	struct xen_blkif_part		part;
	struct grant_page		pages[XEN_BLKIF_PART_SEGMENTS];
	struct gnttab_unmap_grant_ref	unmap[XEN_BLKIF_PART_SEGMENTS];
	struct page			*unmap_pages[XEN_BLKIF_PART_SEGMENTS];
	struct seg_buf			seg[XEN_BLKIF_PART_SEGMENTS];
};

static struct pending_req *new_request(struct xen_blkif_ring *ring, gfp_t gfp)
{
	struct pending_req *req = kzalloc(sizeof(*req), gfp | __GFP_NOWARN);

	if (!req)
		return NULL;

	req->ring = ring;
	req->small.pages = req->small_pages;
	req->small.unmap = req->small_unmap;
	req->small.unmap_pages = req->small_unmap_pages;
	req->small.seg = req->small_seg;
	ring->nr_reqs++;
	return req;
}

/* Frees those that are not in use, until so many are left. */
static void free_requests(struct xen_blkif_ring *ring, unsigned int left)
{
	struct pending_req *req, *next;
	LIST_HEAD(unused);
	unsigned long flags;

	spin_lock_irqsave(&ring->pending_free_lock, flags);
	list_for_each_entry_safe(req, next, &ring->pending_free, free_list) {
		if (ring->nr_reqs <= left)
			break;
		list_move(&req->free_list, &unused);
		ring->nr_reqs--;
	}
	spin_unlock_irqrestore(&ring->pending_free_lock, flags);

	list_for_each_entry_safe(req, next, &unused, free_list)
		kfree(req);
}

/**
 * xen_blkif_alloc_requests() - what a ring needs to make progress
 * @ring:	a ring that has no requests
 * @nr:		how many requests its frontend can have in flight
 *
 * Return: 0 or -ENOMEM.
 */
int xen_blkif_alloc_requests(struct xen_blkif_ring *ring, unsigned int nr)
{
	ring->max_reqs = nr;
	ring->may_grow = true;

	while (ring->nr_reqs < min_t(unsigned int, nr, RESERVED_REQUESTS)) {
		struct pending_req *req = new_request(ring, GFP_KERNEL);

		if (!req) {
			xen_blkif_free_requests(ring);
			return -ENOMEM;
		}
		list_add(&req->free_list, &ring->pending_free);
	}
	return 0;
}

/**
 * xen_blkif_free_requests() - undo xen_blkif_alloc_requests()
 * @ring:	a ring with no request in flight, or one that has none at all
 */
void xen_blkif_free_requests(struct xen_blkif_ring *ring)
{
	free_requests(ring, 0);
	WARN_ON(ring->nr_reqs);

	/* Also where there was no large request. */
	mempool_exit(&ring->large);
	ring->max_reqs = 0;
}

/**
 * xen_blkif_time_passed() - when nothing happened for LRU_INTERVAL
 * @ring:	a ring, in its thread
 *
 * An idle one gives back what it does not need. One that waits for a request
 * may ask for memory again.
 */
void xen_blkif_time_passed(struct xen_blkif_ring *ring)
{
	ring->may_grow = true;
	if (!ring->waiting_reqs && ring->nr_reqs > RESERVED_REQUESTS)
		free_requests(ring, RESERVED_REQUESTS);
}

/**
 * xen_blkif_has_request() - is it worth to look for a request?
 * @ring:	a ring, in its thread
 *
 * Return: whether there is a free one, or may be one more. Where there was no
 * memory for one more, one that is in flight comes back.
 */
bool xen_blkif_has_request(struct xen_blkif_ring *ring)
{
	return !list_empty(&ring->pending_free) ||
	       (ring->may_grow && ring->nr_reqs < ring->max_reqs);
}

/**
 * xen_blkif_get_request() - take a free request
 * @ring:	a ring, in its thread
 *
 * Return: the request, or NULL if there is none now.
 */
struct pending_req *xen_blkif_get_request(struct xen_blkif_ring *ring)
{
	struct pending_req *req;
	unsigned long flags;

	spin_lock_irqsave(&ring->pending_free_lock, flags);
	req = list_first_entry_or_null(&ring->pending_free, struct pending_req,
				       free_list);
	if (req)
		list_del(&req->free_list);
	spin_unlock_irqrestore(&ring->pending_free_lock, flags);

	if (!req && ring->nr_reqs < ring->max_reqs)
		req = new_request(ring, GFP_NOWAIT);
	ring->may_grow = !!req;
	return req;
}

/**
 * xen_blkif_put_request() - give a request back, with all that it borrowed
 * @req:	from xen_blkif_get_request(); done, or not to be done
 *
 * Wakes the ring's thread if it may be waiting for this.
 */
void xen_blkif_put_request(struct pending_req *req)
{
	struct xen_blkif_ring *ring = req->ring;
	unsigned long flags;
	bool was_empty;

	while (req->nr_parts) {
		struct xen_blkif_part *part = req->parts[--req->nr_parts];

		if (part != &req->small)
			mempool_free(virt_to_page(part), &ring->large);
	}

	spin_lock_irqsave(&ring->pending_free_lock, flags);
	was_empty = list_empty(&ring->pending_free);
	list_add(&req->free_list, &ring->pending_free);
	spin_unlock_irqrestore(&ring->pending_free_lock, flags);
	if (was_empty)
		wake_up(&ring->pending_free_wq);
}

/**
 * xen_blkif_get_parts() - the arrays for a request's segments
 * @req:	a request whose nr_segs is set, in its ring's thread
 *
 * Waits until there is memory: the first large request for a reserve of what
 * the largest needs, any other for a page, or for what one that is in flight
 * gives back. Nobody else takes from the pool. What is done to have memory may
 * be I/O of the same disk, and is not waited for.
 */
void xen_blkif_get_parts(struct pending_req *req)
{
	struct xen_blkif_ring *ring = req->ring;
	unsigned int nr_parts, noio;

	BUILD_BUG_ON(sizeof(struct large_part) > PAGE_SIZE);

	req->unmapping = 0;
	if (likely(req->nr_segs <= BLKIF_MAX_SEGMENTS_PER_REQUEST)) {
		req->parts[0] = &req->small;
		req->nr_parts = 1;
		return;
	}

	while (unlikely(!mempool_initialized(&ring->large))) {
		nr_parts = DIV_ROUND_UP(ring->blkif->max_indirect_segments,
					XEN_BLKIF_PART_SEGMENTS);
		noio = memalloc_noio_save();
		if (mempool_init_page_pool(&ring->large, nr_parts, 0))
			msleep(20);
		memalloc_noio_restore(noio);
	}

	nr_parts = DIV_ROUND_UP(req->nr_segs, XEN_BLKIF_PART_SEGMENTS);
	for (req->nr_parts = 0; req->nr_parts < nr_parts; req->nr_parts++) {
		struct large_part *large =
			page_address(mempool_alloc(&ring->large, GFP_NOIO));

		large->part.pages = large->pages;
		large->part.unmap = large->unmap;
		large->part.unmap_pages = large->unmap_pages;
		large->part.seg = large->seg;
		req->parts[req->nr_parts] = &large->part;
	}
}
