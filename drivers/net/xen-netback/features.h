/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The features of netback that can be granted per device.
 */
#ifndef _XEN_NETBACK_FEATURES_H
#define _XEN_NETBACK_FEATURES_H

#include <linux/moduleparam.h>

#include <xen/xenbus_feature.h>

/* Index of a feature's row and of its granted value. */
enum xenvif_feature {
	XENVIF_MULTI_QUEUE_MAX_QUEUES,
	XENVIF_SG,
	XENVIF_GSO_TCPV4,
	XENVIF_GSO_TCPV6,
	XENVIF_IPV6_CSUM_OFFLOAD,
	XENVIF_NO_CSUM_OFFLOAD,
	XENVIF_MULTICAST_CONTROL,
	XENVIF_DYNAMIC_MULTICAST_CONTROL,
	XENVIF_CTRL_RING,
	XENVIF_SPLIT_EVENT_CHANNELS,
	XENVIF_XDP_HEADROOM,
	XENVIF_RX_COPY,
	XENVIF_RX_FLIP,
	XENVIF_NR_FEATURES,
};

struct backend_info;
struct sk_buff;
struct xen_netif_extra_info;
struct xen_netif_tx_request;
struct xenvif;

extern struct xenbus_features xenvif_features;

/* Module parameters that are a limit: advertised again when they change. */
extern const struct kernel_param_ops xenvif_param_uint;
extern const struct kernel_param_ops xenvif_param_bool;

int xenvif_features_read(struct backend_info *be);
unsigned int xenvif_granted_queues(const struct backend_info *be);

bool xenvif_tx_limited(const unsigned int *granted);
bool xenvif_tx_granted(const struct xenvif *vif,
		       const struct xen_netif_tx_request *first,
		       const struct xen_netif_tx_request *frags,
		       unsigned int nr_frags,
		       const struct xen_netif_extra_info *extras,
		       unsigned int *data_len);
bool xenvif_tx_csum_granted(const struct xenvif *vif, struct sk_buff *skb);

#endif /* _XEN_NETBACK_FEATURES_H */
