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

static const struct xenbus_feature table[XENVIF_NR_FEATURES] = {
	[XENVIF_MULTI_QUEUE_MAX_QUEUES] = {
		.name = "multi-queue-max-queues",
		.desc = "Queues that the guest may use, each with its rings, event channels and kernel threads",
		.type = XENBUS_FEATURE_UINT,
		.minval = 1,
		.maxval = max_queues,
	},
	[XENVIF_SG] = {
		.name = "feature-sg",
		.desc = "Packets that are scattered over several pages; without it the MTU is at most 1500 and no packet is large",
		.type = XENBUS_FEATURE_BOOL,
		.maxval = xenbus_feature_one,
	},
	[XENVIF_GSO_TCPV4] = {
		.name = "feature-gso-tcpv4",
		.desc = "Large TCP packets over IPv4, segmented by the receiver",
		.type = XENBUS_FEATURE_BOOL,
		.maxval = xenbus_feature_one,
	},
	[XENVIF_GSO_TCPV6] = {
		.name = "feature-gso-tcpv6",
		.desc = "Large TCP packets over IPv6, segmented by the receiver",
		.type = XENBUS_FEATURE_BOOL,
		.maxval = xenbus_feature_one,
	},
};

struct xenbus_features xenvif_features = {
	.backend = "vif",
	.table = table,
	.nr = ARRAY_SIZE(table),
};

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
