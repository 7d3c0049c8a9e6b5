// SPDX-License-Identifier: GPL-2.0
/*
 * The features of netback that can be granted per device: declared here, each
 * in one row. Where a granted value bites is in the driver.
 */
#include "common.h"

#include <linux/if_vlan.h>

static bool feature_control = true;
module_param(feature_control, bool, 0444);
MODULE_PARM_DESC(feature_control,
		 "Grant features per device, as the toolstack requests (default: Y)");

static unsigned int queues(void)
{
	return xenvif_max_queues;
}

static unsigned int split_event_channels(void)
{
	return separate_tx_rx_irq;
}

static unsigned int xdp_headroom(void)
{
	return provides_xdp_headroom;
}

static const struct xenbus_feature table[XENVIF_NR_FEATURES] = {
	[XENVIF_MULTI_QUEUE_MAX_QUEUES] = {
		.name = "multi-queue-max-queues",
		.desc = "Queues, each with its rings, event channels and kernel threads",
		.type = XENBUS_FEATURE_UINT,
		.min = 1,
		.limit = queues,
		.frontend = "multi-queue-num-queues",
		.optional = true,
	},
	[XENVIF_SG] = {
		.name = "feature-sg",
		.desc = "Packets over several pages; without, an MTU of 1500 at most and no GSO",
		.type = XENBUS_FEATURE_BOOL,
		.max = 1,
		.frontend = "feature-sg",
	},
	[XENVIF_GSO_TCPV4] = {
		.name = "feature-gso-tcpv4",
		.desc = "Large TCP packets over IPv4, segmented by the receiver",
		.type = XENBUS_FEATURE_BOOL,
		.max = 1,
		.frontend = "feature-gso-tcpv4",
	},
	[XENVIF_GSO_TCPV6] = {
		.name = "feature-gso-tcpv6",
		.desc = "Large TCP packets over IPv6, segmented by the receiver",
		.type = XENBUS_FEATURE_BOOL,
		.max = 1,
		.frontend = "feature-gso-tcpv6",
	},
	[XENVIF_IPV6_CSUM_OFFLOAD] = {
		.name = "feature-ipv6-csum-offload",
		.desc = "TCP and UDP checksums over IPv6 left to the receiver",
		.type = XENBUS_FEATURE_BOOL,
		.max = 1,
		.frontend = "feature-ipv6-csum-offload",
	},
	[XENVIF_NO_CSUM_OFFLOAD] = {
		.name = "feature-no-csum-offload",
		.desc = "IPv4 checksums completed, either way; no large TCP packets over IPv4",
		.type = XENBUS_FEATURE_BOOL,
		.max = 1,
		.restricts = true,
		.absent_if_zero = true,
	},
	[XENVIF_MULTICAST_CONTROL] = {
		.name = "feature-multicast-control",
		.desc = "The guest may ask for only the multicast packets that it names",
		.type = XENBUS_FEATURE_BOOL,
		.max = 1,
		.frontend = "request-multicast-control",
	},
	[XENVIF_DYNAMIC_MULTICAST_CONTROL] = {
		.name = "feature-dynamic-multicast-control",
		.desc = "The guest may switch multicast control while it is connected",
		.type = XENBUS_FEATURE_BOOL,
		.max = 1,
	},
	[XENVIF_CTRL_RING] = {
		.name = "feature-ctrl-ring",
		.desc = "A control ring, to set how packets are hashed to the guest's queues",
		.type = XENBUS_FEATURE_BOOL,
		.max = 1,
		.frontend = "ctrl-ring-ref",
		.optional = true,
	},
	[XENVIF_SPLIT_EVENT_CHANNELS] = {
		.name = "feature-split-event-channels",
		.desc = "Two event channels for each queue instead of one",
		.type = XENBUS_FEATURE_BOOL,
		.max = 1,
		.limit = split_event_channels,
		.optional = true,
	},
	[XENVIF_XDP_HEADROOM] = {
		.name = "feature-xdp-headroom",
		.desc = "Room before each packet for XDP programs in the guest",
		.type = XENBUS_FEATURE_BOOL,
		.max = 1,
		.limit = xdp_headroom,
		.frontend = "xdp-headroom",
	},
	[XENVIF_RX_COPY] = {
		.name = "feature-rx-copy",
		.desc = "Packets are copied to the guest; fixed",
		.type = XENBUS_FEATURE_BOOL,
		.min = 1,
		.max = 1,
		.frontend = "request-rx-copy",
	},
	[XENVIF_RX_FLIP] = {
		.name = "feature-rx-flip",
		.desc = "Pages are exchanged with the guest; never, fixed",
		.type = XENBUS_FEATURE_BOOL,
		.max = 0,
	},
};

XENBUS_FEATURES(xenvif_features, "vif", table, feature_control);

XENBUS_FEATURES_PARAM_OPS(xenvif_param_uint, uint, 0, xenvif_features);
XENBUS_FEATURES_PARAM_OPS(xenvif_param_bool, bool, KERNEL_PARAM_OPS_FL_NOARG,
			  xenvif_features);

/**
 * xenvif_features_read() - find out what an interface is granted
 * @be:		the interface's backend, before anything is published
 *
 * What is of no use without something that was not granted is not granted
 * either.
 *
 * Return: 0, or a negative error that has been reported.
 */
int xenvif_features_read(struct backend_info *be)
{
	unsigned int *granted = be->granted;
	int err;

	err = xenbus_features_read(be->dev, &xenvif_features, granted,
				   &be->requested);
	if (err)
		return err;

	if (!granted[XENVIF_SG] || granted[XENVIF_NO_CSUM_OFFLOAD])
		granted[XENVIF_GSO_TCPV4] = 0;
	if (!granted[XENVIF_SG] || !granted[XENVIF_IPV6_CSUM_OFFLOAD])
		granted[XENVIF_GSO_TCPV6] = 0;
	if (!granted[XENVIF_MULTICAST_CONTROL])
		granted[XENVIF_DYNAMIC_MULTICAST_CONTROL] = 0;
	return 0;
}

/**
 * xenvif_granted_queues() - how many queues a frontend may have
 * @be:		the interface's backend
 *
 * Return: what was granted; without feature control the parameter, of now.
 */
unsigned int xenvif_granted_queues(const struct backend_info *be)
{
	return feature_control ? be->granted[XENVIF_MULTI_QUEUE_MAX_QUEUES] :
				 xenvif_max_queues;
}

/**
 * xenvif_tx_limited() - is there a packet that the guest may not send as it is?
 * @granted:	by enum xenvif_feature
 *
 * Return: false if xenvif_tx_granted() and xenvif_tx_csum_granted() have
 * nothing to do.
 */
bool xenvif_tx_limited(const unsigned int *granted)
{
	return !granted[XENVIF_SG] || !granted[XENVIF_GSO_TCPV4] ||
	       !granted[XENVIF_GSO_TCPV6] ||
	       !granted[XENVIF_IPV6_CSUM_OFFLOAD] ||
	       granted[XENVIF_NO_CSUM_OFFLOAD];
}

/**
 * xenvif_tx_granted() - may the guest send this packet?
 * @vif:	the interface
 * @first:	the first slot, with its own size
 * @frags:	the other slots
 * @nr_frags:	how many
 * @extras:	by type - 1, those that are there with their type set
 * @data_len:	how much of it is copied; set where that is all of it
 *
 * Return: whether all that the packet needs was granted.
 */
bool xenvif_tx_granted(const struct xenvif *vif,
		       const struct xen_netif_tx_request *first,
		       const struct xen_netif_tx_request *frags,
		       unsigned int nr_frags,
		       const struct xen_netif_extra_info *extras,
		       unsigned int *data_len)
{
	const struct xen_netif_extra_info *gso =
		&extras[XEN_NETIF_EXTRA_TYPE_GSO - 1];
	unsigned int i, size = first->size;

	if (gso->type) {
		if (gso->u.gso.type == XEN_NETIF_GSO_TYPE_TCPV4 &&
		    !xenvif_granted(vif, XENVIF_GSO_TCPV4))
			return false;
		if (gso->u.gso.type == XEN_NETIF_GSO_TYPE_TCPV6 &&
		    !xenvif_granted(vif, XENVIF_GSO_TCPV6))
			return false;
	}

	if (xenvif_granted(vif, XENVIF_SG))
		return true;

	/* However many slots it is in. */
	for (i = 0; i < nr_frags; i++)
		size += frags[i].size;
	*data_len = size;
	return size <= vif->dev->mtu + ETH_HLEN + 2 * VLAN_HLEN;
}

/**
 * xenvif_tx_csum_granted() - may the guest leave this checksum to us?
 * @vif:	the interface
 * @skb:	the guest's packet, when its checksum has been set up
 *
 * Completes a checksum that is not to be left to anybody else.
 *
 * Return: false if the packet needs a checksum offload that was not granted,
 * or its checksum could not be completed.
 */
bool xenvif_tx_csum_granted(const struct xenvif *vif, struct sk_buff *skb)
{
	/* A large packet's segments get their checksums here, too. */
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return true;

	if (skb->protocol == htons(ETH_P_IPV6))
		return xenvif_granted(vif, XENVIF_IPV6_CSUM_OFFLOAD);

	/* Large packets are not granted then. */
	return !xenvif_granted(vif, XENVIF_NO_CSUM_OFFLOAD) ||
	       !skb_checksum_help(skb);
}
