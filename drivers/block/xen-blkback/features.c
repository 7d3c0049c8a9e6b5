// SPDX-License-Identifier: GPL-2.0
/*
 * The features of blkback that can be granted per device: declared here, each
 * in one row. Where a granted value bites is in the driver.
 */
#include "common.h"

#include <linux/limits.h>

static bool feature_control = true;
module_param(feature_control, bool, 0444);
MODULE_PARM_DESC(feature_control,
		 "Grant features per device, as the toolstack requests (default: Y)");

static unsigned int max_queues(void)
{
	return xenblk_max_queues;
}

static unsigned int max_ring_page_order(void)
{
	return xen_blkif_max_ring_order;
}

static unsigned int max_persistent(void)
{
	return xen_blkif_feature_persistent;
}

static const struct xenbus_feature table[XEN_BLKIF_NR_FEATURES] = {
	[XEN_BLKIF_MULTI_QUEUE_MAX_QUEUES] = {
		.name = "multi-queue-max-queues",
		.desc = "Queues, each with its ring, event channel and kernel thread",
		.type = XENBUS_FEATURE_UINT,
		.min = 1,
		.max = UINT_MAX,
		.limit = max_queues,
		.frontend = "multi-queue-num-queues",
		.optional = true,
	},
	[XEN_BLKIF_MAX_RING_PAGE_ORDER] = {
		.name = "max-ring-page-order",
		.desc = "Pages of a ring as a power of two, 32 requests in flight each",
		.type = XENBUS_FEATURE_UINT,
		.max = XENBUS_MAX_RING_GRANT_ORDER,
		.limit = max_ring_page_order,
		.frontend = "ring-page-order",
		.optional = true,
	},
	[XEN_BLKIF_MAX_INDIRECT_SEGMENTS] = {
		.name = "feature-max-indirect-segments",
		.desc = "Segments of an indirect request; 0: none, 11 segments at most",
		.type = XENBUS_FEATURE_UINT,
		.max = MAX_INDIRECT_SEGMENTS,
		.optional = true,
		.absent_if_zero = true,
	},
	[XEN_BLKIF_PERSISTENT] = {
		.name = "feature-persistent",
		.desc = "Grants of the guest stay mapped between requests",
		.type = XENBUS_FEATURE_BOOL,
		.max = 1,
		.limit = max_persistent,
		.frontend = "feature-persistent",
		.at_connect = true,
	},
	[XEN_BLKIF_FLUSH_CACHE] = {
		.name = "feature-flush-cache",
		.desc = "Flushes of the disk's write cache, where it has one",
		.type = XENBUS_FEATURE_BOOL,
		.max = 1,
		.optional = true,
		.at_connect = true,
	},
	[XEN_BLKIF_BARRIER] = {
		.name = "feature-barrier",
		.desc = "Write barriers, where the disk has a write cache",
		.type = XENBUS_FEATURE_BOOL,
		.max = 1,
		.optional = true,
		.at_connect = true,
	},
	[XEN_BLKIF_DISCARD] = {
		.name = "feature-discard",
		.desc = "Discards, where the disk can and no-discard is not set",
		.type = XENBUS_FEATURE_BOOL,
		.max = 1,
		.optional = true,
		.at_connect = true,
	},
};

XENBUS_FEATURES(xen_blkif_features, "vbd", table, feature_control);

XENBUS_FEATURES_PARAM_OPS(xen_blkif_param_uint, uint, 0, xen_blkif_features);
XENBUS_FEATURES_PARAM_OPS(xen_blkif_param_bool, bool, KERNEL_PARAM_OPS_FL_NOARG,
			  xen_blkif_features);

/**
 * xen_blkif_granted_queues() - how many queues a frontend may have
 * @blkif:	the disk
 *
 * Return: what was granted; without feature control the parameter, of now.
 */
unsigned int xen_blkif_granted_queues(const struct xen_blkif *blkif)
{
	return feature_control ? blkif->granted[XEN_BLKIF_MULTI_QUEUE_MAX_QUEUES] :
				 xenblk_max_queues;
}
