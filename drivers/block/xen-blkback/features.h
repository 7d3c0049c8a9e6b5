/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The features of blkback that can be granted per device.
 */
#ifndef _XEN_BLKBACK_FEATURES_H
#define _XEN_BLKBACK_FEATURES_H

#include <linux/moduleparam.h>

#include <xen/xenbus_feature.h>

/* Index of a feature's row and of its granted value. */
enum xen_blkif_feature {
	XEN_BLKIF_MULTI_QUEUE_MAX_QUEUES,
	XEN_BLKIF_MAX_RING_PAGE_ORDER,
	XEN_BLKIF_MAX_INDIRECT_SEGMENTS,
	XEN_BLKIF_PERSISTENT,
	XEN_BLKIF_FLUSH_CACHE,
	XEN_BLKIF_BARRIER,
	XEN_BLKIF_DISCARD,
	XEN_BLKIF_NR_FEATURES,
};

struct xen_blkif;

extern struct xenbus_features xen_blkif_features;

/* Module parameters that are a limit: advertised again when they change. */
extern const struct kernel_param_ops xen_blkif_param_uint;
extern const struct kernel_param_ops xen_blkif_param_bool;

unsigned int xen_blkif_granted_queues(const struct xen_blkif *blkif);

#endif /* _XEN_BLKBACK_FEATURES_H */
