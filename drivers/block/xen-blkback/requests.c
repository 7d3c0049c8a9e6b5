// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a ring's requests, as long as what was granted needs it.
 */
#include "common.h"

#include <linux/build_bug.h>
#include <linux/overflow.h>
#include <linux/vmalloc.h>

/* Sizes of a request's arrays. */
struct layout {
	unsigned int segments;
	unsigned int indirect_pages;
};

static struct layout layout_of(const struct xen_blkif *blkif)
{
	unsigned int indirect =
		blkif->granted[XEN_BLKIF_MAX_INDIRECT_SEGMENTS];

	return (struct layout) {
		.segments = max_t(unsigned int, indirect,
				  BLKIF_MAX_SEGMENTS_PER_REQUEST),
		.indirect_pages = INDIRECT_PAGES(indirect),
	};
}

/* Takes an array of @nr elements off the memory at @next. */
static void *take(void **next, unsigned int nr, size_t size)
{
	void *array = *next;

	*next += nr * size;
	return array;
}

static void lay_out(struct pending_req *req, const struct layout *l)
{
	void *next = req + 1;
	struct grant_page *pages;
	unsigned int i;

	req->unmap = take(&next, l->segments, sizeof(*req->unmap));
	req->seg = take(&next, l->segments, sizeof(*req->seg));
	req->biolist = take(&next, l->segments, sizeof(*req->biolist));
	req->unmap_pages = take(&next, l->segments, sizeof(*req->unmap_pages));
	req->segments = take(&next, l->segments, sizeof(*req->segments));
	req->indirect_pages = take(&next, l->indirect_pages,
				   sizeof(*req->indirect_pages));

	pages = take(&next, l->segments, sizeof(*pages));
	for (i = 0; i < l->segments; i++)
		req->segments[i] = &pages[i];

	pages = take(&next, l->indirect_pages, sizeof(*pages));
	for (i = 0; i < l->indirect_pages; i++)
		req->indirect_pages[i] = &pages[i];
}

static size_t request_size(const struct layout *l)
{
	const struct pending_req *req;

	/* Each array then starts where its elements want to. */
	static_assert(sizeof(*req) % 8 == 0);
	static_assert(sizeof(*req->unmap) % 8 == 0);
	static_assert(sizeof(*req->seg) % 8 == 0 || sizeof(void *) == 4);
	static_assert(sizeof(**req->segments) % sizeof(void *) == 0);

	return sizeof(*req) +
	       l->segments * (sizeof(*req->unmap) + sizeof(*req->seg) +
			      sizeof(*req->biolist) +
			      sizeof(*req->unmap_pages) +
			      sizeof(*req->segments) + sizeof(**req->segments)) +
	       l->indirect_pages * (sizeof(*req->indirect_pages) +
				    sizeof(**req->indirect_pages));
}

/**
 * xen_blkif_alloc_requests() - fill the free list of a ring
 * @ring:	a ring that has no requests
 * @nr:		how many
 *
 * In one piece and by pages: sizes between two slab classes are common here.
 *
 * Return: 0 or -ENOMEM.
 */
int xen_blkif_alloc_requests(struct xen_blkif_ring *ring, unsigned int nr)
{
	const struct layout layout = layout_of(ring->blkif);
	const size_t size = request_size(&layout);
	struct pending_req *req;
	unsigned int i;

	ring->requests = vzalloc(array_size(nr, size));
	if (!ring->requests)
		return -ENOMEM;

	for (i = 0; i < nr; i++) {
		req = ring->requests + i * size;
		lay_out(req, &layout);
		list_add_tail(&req->free_list, &ring->pending_free);
	}
	return 0;
}

/**
 * xen_blkif_free_requests() - undo xen_blkif_alloc_requests()
 * @ring:	a ring with no request in flight
 */
void xen_blkif_free_requests(struct xen_blkif_ring *ring)
{
	INIT_LIST_HEAD(&ring->pending_free);
	vfree(ring->requests);
	ring->requests = NULL;
}
