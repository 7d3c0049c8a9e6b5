// SPDX-License-Identifier: GPL-2.0
/*
 * The features of netback: its table, and which packets of a guest pass with
 * each combination of grants.
 */
#include "common.h"
#include "table.h"

/* The module's parameters, which are in files of the driver's. */
bool separate_tx_rx_irq = true;
bool provides_xdp_headroom = true;
unsigned int xenvif_max_queues = 8;

static struct backend_info be;
static const struct xenvif vif = { .be = &be };

START_TEST(test_table)
{
	check_table(&xenvif_features, "vif", XENVIF_NR_FEATURES);

	xenvif_max_queues = 1;
	separate_tx_rx_irq = false;
	provides_xdp_headroom = false;
	check_table(&xenvif_features, "vif", XENVIF_NR_FEATURES);
}
END_TEST

START_TEST(test_params)
{
	check_param(&xenvif_features, XENVIF_MULTI_QUEUE_MAX_QUEUES,
		    &xenvif_param_uint, &xenvif_max_queues, "3", 3);
	check_param(&xenvif_features, XENVIF_SPLIT_EVENT_CHANNELS,
		    &xenvif_param_bool, &separate_tx_rx_irq, "0", 0);
	check_param(&xenvif_features, XENVIF_XDP_HEADROOM,
		    &xenvif_param_bool, &provides_xdp_headroom, "0", 0);
	/* A boolean without a value. */
	ck_assert_int_eq(xenvif_param_bool.flags, KERNEL_PARAM_OPS_FL_NOARG);
	check_param(&xenvif_features, XENVIF_XDP_HEADROOM,
		    &xenvif_param_bool, &provides_xdp_headroom, NULL, 1);
}
END_TEST

/* --- what a guest sends --- */

struct packet {
	const char *name;
	unsigned int extra;	/* the type of its extra info, or 0 */
	unsigned int gso;	/* and that of its segmentation */
	unsigned int nr_slots;
	unsigned int sizes[XEN_NETIF_NR_SLOTS_MIN];
	unsigned long needs;
};

#define GSO(_type)	XEN_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_GSO_TYPE_##_type

static const struct packet packets[] = {
	{ "the smallest", 0, 0, 1, { 14 }, 0 },
	{ "the largest of Ethernet", 0, 0, 1, { 1514 }, 0 },
	{ "the largest with a VLAN", 0, 0, 1, { 1518 }, 0 },
	{ "a byte more", 0, 0, 1, { 1519 }, BIT(XENVIF_SG) },
	{ "a full page", 0, 0, 1, { 4096 }, BIT(XENVIF_SG) },
	{ "the largest there is", 0, 0, 1, { 65535 }, BIT(XENVIF_SG) },
	{ "across a page", 0, 0, 2, { 18, 1500 }, 0 },
	{ "nothing before the page", 0, 0, 2, { 0, 1518 }, 0 },
	{ "nothing after the page", 0, 0, 2, { 1518, 0 }, 0 },
	{ "across a page, a byte more", 0, 0, 2, { 19, 1500 },
	  BIT(XENVIF_SG) },
	{ "across a page, twice as much", 0, 0, 2, { 1518, 1518 },
	  BIT(XENVIF_SG) },
	{ "three slots of a small one", 0, 0, 3, { 14, 20, 20 },
	  BIT(XENVIF_SG) },
	{ "three slots, one empty", 0, 0, 3, { 14, 20, 0 }, BIT(XENVIF_SG) },
	{ "as many slots as there are", 0, 0, XEN_NETIF_NR_SLOTS_MIN, { 14 },
	  BIT(XENVIF_SG) },
	{ "TCP over IPv4", GSO(TCPV4), 1, { 1514 }, BIT(XENVIF_GSO_TCPV4) },
	{ "TCP over IPv6", GSO(TCPV6), 1, { 1514 }, BIT(XENVIF_GSO_TCPV6) },
	{ "large TCP over IPv4", GSO(TCPV4), 3, { 54, 4096, 4096 },
	  BIT(XENVIF_GSO_TCPV4) | BIT(XENVIF_SG) },
	{ "large TCP over IPv6", GSO(TCPV6), 3, { 74, 4096, 4096 },
	  BIT(XENVIF_GSO_TCPV6) | BIT(XENVIF_SG) },
	{ "segmentation of none", GSO(NONE), 1, { 1514 }, 0 },
	{ "a hash", XEN_NETIF_EXTRA_TYPE_HASH, 0, 1, { 1514 }, 0 },
	{ "a hash and more", XEN_NETIF_EXTRA_TYPE_HASH, 0, 1, { 4096 },
	  BIT(XENVIF_SG) },
};

static bool packet_passes(const void *what)
{
	struct xen_netif_extra_info extras[XEN_NETIF_EXTRA_TYPE_MAX - 1] = {};
	/* No more frags than there are: reading beyond is seen. */
	const struct packet *p = what;
	struct xen_netif_tx_request first = { .size = p->sizes[0] };
	unsigned int i, nr_frags = p->nr_slots - 1;
	struct xen_netif_tx_request *frags = calloc(nr_frags, sizeof(*frags));
	bool passes;

	for (i = 0; i < nr_frags; i++)
		frags[i].size = p->sizes[i + 1];
	if (p->extra) {
		extras[p->extra - 1].type = p->extra;
		extras[p->extra - 1].u.gso.type = p->gso;
	}
	passes = xenvif_tx_granted(&vif, &first, frags, nr_frags, extras);
	free(frags);
	return passes;
}

START_TEST(test_packet)
{
	const struct packet *p = &packets[_i];

	check_grants(XENVIF_NR_FEATURES, be.granted, p->needs, packet_passes,
		     p, p->name);
}
END_TEST

/* --- checksums that are left to us --- */

static const struct checksum {
	const char *name;
	struct sk_buff skb;	/* its protocol in the host's order */
	unsigned long needs;
} checksums[] = {
	{ "IPv4, complete", { CHECKSUM_NONE, ETH_P_IP, false }, 0 },
	{ "IPv4, to be done", { CHECKSUM_PARTIAL, ETH_P_IP, false }, 0 },
	{ "IPv4, large", { CHECKSUM_PARTIAL, ETH_P_IP, true }, 0 },
	{ "IPv6, complete", { CHECKSUM_NONE, ETH_P_IPV6, false }, 0 },
	{ "IPv6, validated", { CHECKSUM_UNNECESSARY, ETH_P_IPV6, false }, 0 },
	{ "IPv6, to be done", { CHECKSUM_PARTIAL, ETH_P_IPV6, false },
	  BIT(XENVIF_IPV6_CSUM_OFFLOAD) },
	{ "IPv6, large", { CHECKSUM_PARTIAL, ETH_P_IPV6, true },
	  BIT(XENVIF_IPV6_CSUM_OFFLOAD) },
	{ "IPv6, large and complete", { CHECKSUM_NONE, ETH_P_IPV6, true },
	  BIT(XENVIF_IPV6_CSUM_OFFLOAD) },
	{ "no IP", { CHECKSUM_PARTIAL, ETH_P_ARP, false }, 0 },
};

static bool checksum_passes(const void *what)
{
	const struct checksum *c = what;
	struct sk_buff skb = c->skb;

	skb.protocol = htons(skb.protocol);
	return xenvif_tx_csum_granted(&vif, &skb);
}

START_TEST(test_checksum)
{
	const struct checksum *c = &checksums[_i];

	check_grants(XENVIF_NR_FEATURES, be.granted, c->needs, checksum_passes,
		     c, c->name);
}
END_TEST

static bool mcast_passes(const void *what)
{
	return xenvif_mcast_granted(&vif);
}

START_TEST(test_multicast)
{
	check_grants(XENVIF_NR_FEATURES, be.granted,
		     BIT(XENVIF_MULTICAST_CONTROL), mcast_passes, NULL,
		     "an address of multicast");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("netback");
	TCase *tc = tcase_create("features");

	tcase_add_checked_fixture(tc, table_setup, NULL);
	tcase_add_test(tc, test_table);
	tcase_add_test(tc, test_params);
	tcase_add_loop_test(tc, test_packet, 0, ARRAY_SIZE(packets));
	tcase_add_loop_test(tc, test_checksum, 0, ARRAY_SIZE(checksums));
	tcase_add_test(tc, test_multicast);
	suite_add_tcase(suite, tc);

	return run_suite(suite);
}
