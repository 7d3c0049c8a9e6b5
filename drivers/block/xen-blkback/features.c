// SPDX-License-Identifier: GPL-2.0
/*
 * The features of blkback that can be granted per device: declared here, each
 * in one row. Where a granted value bites is in the driver.
 */
#include "common.h"

static unsigned int max_queues(void)
{
	return xenblk_max_queues;
}

static unsigned int max_ring_page_order(void)
{
	return xen_blkif_max_ring_order;
}

static unsigned int max_indirect_segments(void)
{
	return MAX_INDIRECT_SEGMENTS;
}

static unsigned int max_persistent(void)
{
	return xen_blkif_feature_persistent;
}

static const struct xenbus_feature table[XEN_BLKIF_NR_FEATURES] = {
	[XEN_BLKIF_MULTI_QUEUE_MAX_QUEUES] = {
		.name = "multi-queue-max-queues",
		.desc = "Queues that the guest may use, each with its ring, event channel and kernel thread",
		.type = XENBUS_FEATURE_UINT,
		.minval = 1,
		.maxval = max_queues,
	},
	[XEN_BLKIF_MAX_RING_PAGE_ORDER] = {
		.name = "max-ring-page-order",
		.desc = "Pages of a ring as a power of two, 32 requests in flight each",
		.type = XENBUS_FEATURE_UINT,
		.maxval = max_ring_page_order,
	},
	[XEN_BLKIF_MAX_INDIRECT_SEGMENTS] = {
		.name = "feature-max-indirect-segments",
		.desc = "Segments of an indirect request; 0: no indirect requests, 11 segments at most",
		.type = XENBUS_FEATURE_UINT,
		.maxval = max_indirect_segments,
	},
	[XEN_BLKIF_PERSISTENT] = {
		.name = "feature-persistent",
		.desc = "Grants of the guest stay mapped between requests",
		.type = XENBUS_FEATURE_BOOL,
		.maxval = max_persistent,
		.at_connect = true,
	},
};

struct xenbus_features xen_blkif_features = {
	.backend = "vbd",
	.table = table,
	.nr = ARRAY_SIZE(table),
};
