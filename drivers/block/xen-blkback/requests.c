// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a ring's requests, as long as what was granted needs it.
 */
#include "common.h"

#include <linux/align.h>
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

/* Takes memory behind @req, of which @used bytes are taken. */
static void *take(struct pending_req *req, size_t *used, size_t size,
		  size_t align)
{
	size_t at = ALIGN(*used, align);

	*used = at + size;
	return (void *)req + at;
}

/* The same for an array of @_nr elements. */
#define TAKE(_req, _used, _nr, _element) \
	take(_req, _used, (_nr) * sizeof(_element), __alignof__(_element))

/*
 * Sets where the arrays of @req are, behind it, and touches none: to learn the
 * size, there need not be any memory behind it.
 *
 * Return: the size of it all, and in @pages what the arrays will point to.
 */
static size_t lay_out(struct pending_req *req, const struct layout *l,
		      struct grant_page **pages)
{
	size_t used = sizeof(*req);

	req->unmap = TAKE(req, &used, l->segments, *req->unmap);
	req->seg = TAKE(req, &used, l->segments, *req->seg);
	req->biolist = TAKE(req, &used, l->segments, *req->biolist);
	req->unmap_pages = TAKE(req, &used, l->segments, *req->unmap_pages);
	req->segments = TAKE(req, &used, l->segments, *req->segments);
	req->indirect_pages = TAKE(req, &used, l->indirect_pages,
				   *req->indirect_pages);
	*pages = TAKE(req, &used, l->segments + l->indirect_pages, **pages);

	/* Another request may follow. */
	return ALIGN(used, __alignof__(*req));
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
	struct pending_req measured, *req;
	struct grant_page *page;
	unsigned int i, j;
	size_t size;

	size = lay_out(&measured, &layout, &page);
	ring->requests = vzalloc(array_size(nr, size));
	if (!ring->requests)
		return -ENOMEM;

	for (i = 0; i < nr; i++) {
		req = ring->requests + i * size;
		lay_out(req, &layout, &page);
		for (j = 0; j < layout.segments; j++)
			req->segments[j] = page++;
		for (j = 0; j < layout.indirect_pages; j++)
			req->indirect_pages[j] = page++;
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
