/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The features of netback that can be granted per device.
 */
#ifndef _XEN_NETBACK_FEATURES_H
#define _XEN_NETBACK_FEATURES_H

#include "xenbus_feature.h"

/* Index of a feature's row and of its granted value. */
enum xenvif_feature {
	XENVIF_MULTI_QUEUE_MAX_QUEUES,
	XENVIF_SG,
	XENVIF_GSO_TCPV4,
	XENVIF_GSO_TCPV6,
	XENVIF_NR_FEATURES,
};

struct xen_netif_extra_info;
struct xen_netif_tx_request;
struct xenvif;

extern struct xenbus_features xenvif_features;

bool xenvif_tx_granted(const struct xenvif *vif,
		       const struct xen_netif_tx_request *first,
		       const struct xen_netif_tx_request *frags,
		       unsigned int nr_frags,
		       const struct xen_netif_extra_info *extras);

#endif /* _XEN_NETBACK_FEATURES_H */
