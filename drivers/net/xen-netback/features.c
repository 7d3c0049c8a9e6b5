// SPDX-License-Identifier: GPL-2.0
/*
 * The features of netback that can be granted per device: declared here, each
 * in one row. Where a granted value bites is in the driver.
 */
#include "common.h"

#include <linux/if_vlan.h>

static unsigned int max_queues(void)
{
	return xenvif_max_queues;
}

static unsigned int max_split_event_channels(void)
{
	return separate_tx_rx_irq;
}

static unsigned int max_xdp_headroom(void)
{
	return provides_xdp_headroom;
}

static unsigned int zero(void)
{
	return 0;
}

static const struct xenbus_feature table[XENVIF_NR_FEATURES] = {
	[XENVIF_MULTI_QUEUE_MAX_QUEUES] = {
		.name = "multi-queue-max-queues",
		.desc = "Queues, each with its rings, event channels and kernel threads",
		.type = XENBUS_FEATURE_UINT,
		.minval = 1,
		.maxval = max_queues,
		.frontend = "multi-queue-num-queues",
	},
	[XENVIF_SG] = {
		.name = "feature-sg",
		.desc = "Packets scattered over several pages; none larger than 1518 bytes without",
		.type = XENBUS_FEATURE_BOOL,
		.maxval = xenbus_feature_one,
		.frontend = "feature-sg",
	},
	[XENVIF_GSO_TCPV4] = {
		.name = "feature-gso-tcpv4",
		.desc = "Large TCP packets over IPv4, segmented by the receiver",
		.type = XENBUS_FEATURE_BOOL,
		.maxval = xenbus_feature_one,
		.frontend = "feature-gso-tcpv4",
	},
	[XENVIF_GSO_TCPV6] = {
		.name = "feature-gso-tcpv6",
		.desc = "Large TCP packets over IPv6, segmented by the receiver",
		.type = XENBUS_FEATURE_BOOL,
		.maxval = xenbus_feature_one,
		.frontend = "feature-gso-tcpv6",
	},
	[XENVIF_IPV6_CSUM_OFFLOAD] = {
		.name = "feature-ipv6-csum-offload",
		.desc = "TCP and UDP checksums over IPv6 left to the receiver",
		.type = XENBUS_FEATURE_BOOL,
		.maxval = xenbus_feature_one,
		.frontend = "feature-ipv6-csum-offload",
	},
	[XENVIF_NO_CSUM_OFFLOAD] = {
		.name = "feature-no-csum-offload",
		.desc = "IPv4 checksums completed before a packet goes to the guest",
		.type = XENBUS_FEATURE_BOOL,
		.maxval = xenbus_feature_one,
		.defval = zero,
		.only_if_set = true,
	},
	[XENVIF_MULTICAST_CONTROL] = {
		.name = "feature-multicast-control",
		.desc = "The guest may ask for only the multicast packets that it names",
		.type = XENBUS_FEATURE_BOOL,
		.maxval = xenbus_feature_one,
		.frontend = "request-multicast-control",
	},
	[XENVIF_DYNAMIC_MULTICAST_CONTROL] = {
		.name = "feature-dynamic-multicast-control",
		.desc = "The guest may switch multicast control while it is connected",
		.type = XENBUS_FEATURE_BOOL,
		.maxval = xenbus_feature_one,
	},
	[XENVIF_CTRL_RING] = {
		.name = "feature-ctrl-ring",
		.desc = "A control ring, to set how packets are hashed to the guest's queues",
		.type = XENBUS_FEATURE_BOOL,
		.maxval = xenbus_feature_one,
		.frontend = "ctrl-ring-ref",
	},
	[XENVIF_SPLIT_EVENT_CHANNELS] = {
		.name = "feature-split-event-channels",
		.desc = "Two event channels for each queue instead of one",
		.type = XENBUS_FEATURE_BOOL,
		.maxval = max_split_event_channels,
	},
	[XENVIF_XDP_HEADROOM] = {
		.name = "feature-xdp-headroom",
		.desc = "Room before each packet for XDP programs in the guest",
		.type = XENBUS_FEATURE_BOOL,
		.maxval = max_xdp_headroom,
		.frontend = "xdp-headroom",
	},
	[XENVIF_RX_COPY] = {
		.name = "feature-rx-copy",
		.desc = "Packets are copied to the guest; fixed",
		.type = XENBUS_FEATURE_BOOL,
		.minval = 1,
		.maxval = xenbus_feature_one,
		.frontend = "request-rx-copy",
	},
	[XENVIF_RX_FLIP] = {
		.name = "feature-rx-flip",
		.desc = "Pages are exchanged with the guest; never, fixed",
		.type = XENBUS_FEATURE_BOOL,
		.maxval = zero,
	},
};

XENBUS_FEATURES(xenvif_features, "vif", table);

XENBUS_FEATURES_PARAM_OPS(xenvif_param_uint, uint, 0, xenvif_features);
XENBUS_FEATURES_PARAM_OPS(xenvif_param_bool, bool, KERNEL_PARAM_OPS_FL_NOARG,
			  xenvif_features);

/**
 * xenvif_mcast_granted() - may the guest name multicast addresses?
 * @vif:	the interface
 *
 * Return: whether multicast control was granted.
 */
bool xenvif_mcast_granted(const struct xenvif *vif)
{
	return vif->be->granted[XENVIF_MULTICAST_CONTROL];
}

/**
 * xenvif_tx_granted() - may the guest send this packet?
 * @vif:	the interface
 * @first:	the first slot, with its own size
 * @frags:	the other slots
 * @nr_frags:	how many
 * @extras:	by type - 1, those that are there with their type set
 *
 * A frontend without scatter-gather still uses two slots where the linear
 * data of a packet crosses a page.
 *
 * Return: whether all that the packet needs was granted.
 */
bool xenvif_tx_granted(const struct xenvif *vif,
		       const struct xen_netif_tx_request *first,
		       const struct xen_netif_tx_request *frags,
		       unsigned int nr_frags,
		       const struct xen_netif_extra_info *extras)
{
	const unsigned int *granted = vif->be->granted;
	const struct xen_netif_extra_info *gso =
		&extras[XEN_NETIF_EXTRA_TYPE_GSO - 1];

	if (gso->type) {
		if (gso->u.gso.type == XEN_NETIF_GSO_TYPE_TCPV4 &&
		    !granted[XENVIF_GSO_TCPV4])
			return false;
		if (gso->u.gso.type == XEN_NETIF_GSO_TYPE_TCPV6 &&
		    !granted[XENVIF_GSO_TCPV6])
			return false;
	}

	if (!granted[XENVIF_SG]) {
		unsigned int size = first->size;

		if (nr_frags > 1)
			return false;
		if (nr_frags)
			size += frags->size;
		if (size > VLAN_ETH_FRAME_LEN)
			return false;
	}

	return true;
}

/**
 * xenvif_tx_csum_granted() - may the guest leave this checksum to us?
 * @vif:	the interface
 * @skb:	the guest's packet, its Ethernet header taken off
 *
 * Return: false if the packet needs a checksum offload that was not granted.
 */
bool xenvif_tx_csum_granted(const struct xenvif *vif,
			    const struct sk_buff *skb)
{
	/* A large packet's segments get their checksums here, too. */
	bool partial = skb->ip_summed == CHECKSUM_PARTIAL || skb_is_gso(skb);

	return vif->be->granted[XENVIF_IPV6_CSUM_OFFLOAD] || !partial ||
	       skb->protocol != htons(ETH_P_IPV6);
}
