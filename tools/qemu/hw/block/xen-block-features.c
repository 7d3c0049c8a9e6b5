/*
 * The features of a disk that QEMU serves, and can grant per device: declared
 * here, each in one row. Where a granted value bites is in xen-block.c and its
 * data plane.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "block/aio.h"
#include "qemu/main-loop.h"
#include "hw/xen/xen-block.h"
#include "hw/block/xen_blkif.h"
#include "hw/xen/interface/io/device-features.h"

#define MAX_RING_PAGE_ORDER 4

static unsigned int max_ring_page_order(void)
{
    return qemu_xen_gnttab_can_map_multi() ? MAX_RING_PAGE_ORDER : 0;
}

/* Those that are fixed are here so that a host's defaults are known. */
static const XenFeature table[XEN_BLOCK_NR_FEATURES] = {
    [XEN_BLOCK_MULTI_QUEUE_MAX_QUEUES] = {
        .name = "multi-queue-max-queues",
        .desc = "Queues; always one",
        .type = XEN_FEATURE_UINT,
        .min = 1,
        .max = 1,
        .frontend = "multi-queue-num-queues",
    },
    [XEN_BLOCK_MAX_RING_PAGE_ORDER] = {
        .name = "max-ring-page-order",
        .desc = "Pages of the ring as a power of two, 32 requests each",
        .type = XEN_FEATURE_UINT,
        .limit = max_ring_page_order,
        .frontend = "ring-page-order",
    },
    [XEN_BLOCK_MAX_INDIRECT_SEGMENTS] = {
        .name = "feature-max-indirect-segments",
        .desc = "Segments of an indirect request; never more than 11",
        .type = XEN_FEATURE_UINT,
    },
    [XEN_BLOCK_PERSISTENT] = {
        .name = "feature-persistent",
        .desc = "Grants of the guest stay mapped between requests; never",
        .type = XEN_FEATURE_BOOL,
    },
    [XEN_BLOCK_FLUSH_CACHE] = {
        .name = "feature-flush-cache",
        .desc = "Flushes of the disk's write cache",
        .type = XEN_FEATURE_BOOL,
        .max = 1,
    },
    [XEN_BLOCK_BARRIER] = {
        .name = "feature-barrier",
        .desc = "Write barriers; never",
        .type = XEN_FEATURE_BOOL,
    },
    [XEN_BLOCK_DISCARD] = {
        .name = "feature-discard",
        .desc = "Discards, where no-discard is not set",
        .type = XEN_FEATURE_BOOL,
        .max = 1,
    },
};

const XenFeatures xen_block_features = {
    .backend = "qdisk",
    .table = table,
    .nr = ARRAY_SIZE(table),
};
QEMU_BUILD_BUG_ON(ARRAY_SIZE(table) > XEN_FEATURES_MAX);

/* Nobody waits for it. */
static void advertise(void *opaque)
{
    static bool advertised;
    XenBus *xenbus = opaque;

    if (!advertised) {
        advertised = xen_features_advertise(&xen_block_features, xenbus->xsh);
    }
}

void xen_block_features_publish(XenBlockDevice *blockdev, bool discard)
{
    XenDevice *xendev = XEN_DEVICE(blockdev);
    XenFeaturesGranted *granted = &blockdev->granted;
    XenBlockProperties *props = &blockdev->props;
    unsigned int *order = &granted->value[XEN_BLOCK_MAX_RING_PAGE_ORDER];
    g_autofree char *answer = NULL;

    /* The property is of all disks of the process. */
    if (granted->known & (1U << XEN_BLOCK_MAX_RING_PAGE_ORDER)) {
        props->max_ring_page_order = MIN(*order, props->max_ring_page_order);
    }
    *order = props->max_ring_page_order;
    if (!discard) {
        granted->value[XEN_BLOCK_DISCARD] = 0;
    }

    answer = xen_features_answer(&xen_block_features, granted);
    if (answer) {
        xen_device_backend_printf(xendev, XEN_DEVICE_FEATURE_GRANTED, "%s",
                                  answer);
    }
    /* What is not published counts as 0. */
    if (granted->known & (1U << XEN_BLOCK_MULTI_QUEUE_MAX_QUEUES)) {
        xen_device_backend_printf(xendev, "multi-queue-max-queues", "1");
    }

    aio_bh_schedule_oneshot(qemu_get_aio_context(), advertise,
                            qdev_get_parent_bus(DEVICE(xendev)));
}

bool xen_block_features_refuse(const XenFeaturesGranted *granted,
                               const struct blkif_request *req)
{
    const struct blkif_request_discard *discard = (const void *)req;

    switch (req->operation) {
    case BLKIF_OP_FLUSH_DISKCACHE:
        return !granted->value[XEN_BLOCK_FLUSH_CACHE];
    case BLKIF_OP_DISCARD:
        /* There is none that is secure. */
        return !granted->value[XEN_BLOCK_DISCARD] ||
               discard->flag & BLKIF_DISCARD_SECURE;
    default:
        return false;
    }
}
