/*
 * The features of a disk that QEMU serves, and can grant per device.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_XEN_BLOCK_FEATURES_H
#define HW_XEN_BLOCK_FEATURES_H

#include "hw/xen/xen-features.h"

/* Rows of the table. */
enum {
    XEN_BLOCK_MULTI_QUEUE_MAX_QUEUES,
    XEN_BLOCK_MAX_RING_PAGE_ORDER,
    XEN_BLOCK_MAX_INDIRECT_SEGMENTS,
    XEN_BLOCK_PERSISTENT,
    XEN_BLOCK_FLUSH_CACHE,
    XEN_BLOCK_BARRIER,
    XEN_BLOCK_DISCARD,
    XEN_BLOCK_NR_FEATURES,
};

extern const XenFeatures xen_block_features;

typedef struct XenBlockDevice XenBlockDevice;
struct blkif_request;

/**
 * xen_block_features_publish: settle what is granted, and tell the toolstack
 *
 * @blockdev: whose features were read; its max_ring_page_order is lowered to
 *            the granted
 * @discard: can its image be discarded into?
 *
 * To be called while the device is realized, before it publishes its features.
 * What can be requested is advertised a little later.
 */
void xen_block_features_publish(XenBlockDevice *blockdev, bool discard);

/**
 * xen_block_features_refuse: does a frontend use what it was not granted?
 *
 * @granted: the disk's
 * @req: a request, copied from the ring, whatever the frontend wrote there
 *
 * Returns: true if the request is to be answered with BLKIF_RSP_EOPNOTSUPP.
 */
bool xen_block_features_refuse(const XenFeaturesGranted *granted,
                               const struct blkif_request *req);

#endif /* HW_XEN_BLOCK_FEATURES_H */
