// SPDX-License-Identifier: GPL-2.0
/*
 * The features of netback: its table, and which packets of a guest pass with
 * each combination of grants.
 */
#include "common.h"
#include "fake-xenstore.h"
#include "table.h"

/* The module's parameters, which are in files of the driver's. */
bool separate_tx_rx_irq = true;
bool provides_xdp_headroom = true;
unsigned int xenvif_max_queues = 8;

static struct net_device netdev;
static struct backend_info be;
static const struct xenvif vif = { .be = &be, .dev = &netdev };

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
	{ "the largest with two VLANs", 0, 0, 1, { 1522 }, 0 },
	{ "a byte more", 0, 0, 1, { 1523 }, BIT(XENVIF_SG) },
	{ "a full page", 0, 0, 1, { 4096 }, BIT(XENVIF_SG) },
	{ "the largest there is", 0, 0, 1, { 65535 }, BIT(XENVIF_SG) },
	{ "across a page", 0, 0, 2, { 18, 1500 }, 0 },
	{ "nothing before the page", 0, 0, 2, { 0, 1522 }, 0 },
	{ "nothing after the page", 0, 0, 2, { 1522, 0 }, 0 },
	{ "across a page, a byte more", 0, 0, 2, { 23, 1500 },
	  BIT(XENVIF_SG) },
	{ "across a page, twice as much", 0, 0, 2, { 1518, 1518 },
	  BIT(XENVIF_SG) },
	{ "three slots, headers apart", 0, 0, 3, { 54, 700, 768 }, 0 },
	{ "three slots, one empty", 0, 0, 3, { 14, 20, 0 }, 0 },
	{ "three slots, a byte more", 0, 0, 3, { 54, 700, 769 },
	  BIT(XENVIF_SG) },
	{ "as many slots as there are", 0, 0, XEN_NETIF_NR_SLOTS_MIN,
	  { 14, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1491 }, 0 },
	{ "as many, a byte more", 0, 0, XEN_NETIF_NR_SLOTS_MIN,
	  { 14, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1493 },
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
	unsigned int data_len = 128, size = first.size;
	struct xen_netif_tx_request *frags = calloc(nr_frags, sizeof(*frags));
	bool passes;

	for (i = 0; i < nr_frags; i++) {
		frags[i].size = p->sizes[i + 1];
		size += frags[i].size;
	}
	if (p->extra) {
		extras[p->extra - 1].type = p->extra;
		extras[p->extra - 1].u.gso.type = p->gso;
	}
	passes = xenvif_tx_granted(&vif, &first, frags, nr_frags, extras,
				   &data_len);
	free(frags);
	/* Without scatter-gather no page of the guest is mapped. */
	if (passes && data_len != (be.granted[XENVIF_SG] ? 128 : size))
		ck_abort_msg("%s: %u of %u bytes are copied", p->name, data_len,
			     size);
	if (!passes && !xenvif_tx_limited(be.granted))
		ck_abort_msg("%s: nobody would ask", p->name);
	return passes;
}

START_TEST(test_packet)
{
	const struct packet *p = &packets[_i];

	netdev.mtu = 1500;
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
	{ "no IP", { CHECKSUM_PARTIAL, ETH_P_ARP, false }, 0 },
};

static bool checksum_passes(const void *what)
{
	const struct checksum *c = what;
	struct sk_buff skb = c->skb;
	bool passes, done;

	skb.protocol = htons(skb.protocol);
	passes = xenvif_tx_csum_granted(&vif, &skb);
	done = be.granted[XENVIF_NO_CSUM_OFFLOAD] &&
	       c->skb.protocol != ETH_P_IPV6;
	if (passes && c->skb.ip_summed == CHECKSUM_PARTIAL &&
	    done != (skb.ip_summed == CHECKSUM_NONE))
		ck_abort_msg("%s: is %sto be completed", c->name,
			     done ? "" : "not ");
	if ((!passes || skb.ip_summed != c->skb.ip_summed) &&
	    !xenvif_tx_limited(be.granted))
		ck_abort_msg("%s: nobody would ask", c->name);
	return passes;
}

START_TEST(test_checksum)
{
	const struct checksum *c = &checksums[_i];

	check_grants(XENVIF_NR_FEATURES, be.granted, c->needs, checksum_passes,
		     c, c->name);
}
END_TEST

/* A checksum that cannot be completed is not left to anybody. */
START_TEST(test_checksum_fails)
{
	struct sk_buff skb = { CHECKSUM_PARTIAL, htons(ETH_P_IP), false };

	memset(be.granted, 0, sizeof(be.granted));
	be.granted[XENVIF_NO_CSUM_OFFLOAD] = 1;
	kernel_no_memory = true;
	ck_assert(!xenvif_tx_csum_granted(&vif, &skb));
}
END_TEST

/* --- what is of no use without something else --- */

static const struct {
	const char *requests[6];	/* a feature, its value, ... */
	const char *answer;
	unsigned int gso_tcpv4, gso_tcpv6, dynamic;
} dependencies[] = {
	{ { NULL }, NULL, 1, 1, 1 },
	{ { "feature-sg", "1" }, "feature-sg=1", 1, 1, 1 },
	{ { "feature-sg", "0" }, "feature-sg=0", 0, 0, 1 },
	{ { "feature-sg", "0", "feature-gso-tcpv4", "1" },
	  "feature-sg=0 feature-gso-tcpv4=0", 0, 0, 1 },
	{ { "feature-no-csum-offload", "1" },
	  "feature-no-csum-offload=1", 0, 1, 1 },
	{ { "feature-no-csum-offload", "1", "feature-gso-tcpv4", "1",
	    "feature-gso-tcpv6", "1" },
	  "feature-gso-tcpv4=0 feature-gso-tcpv6=1 feature-no-csum-offload=1",
	  0, 1, 1 },
	{ { "feature-ipv6-csum-offload", "0" },
	  "feature-ipv6-csum-offload=0", 1, 0, 1 },
	{ { "feature-multicast-control", "0" },
	  "feature-multicast-control=0", 1, 1, 0 },
};

START_TEST(test_dependencies)
{
	struct xenbus_device dev = { .nodename = "backend/vif/1/0" };
	const char *const *r = dependencies[_i].requests;
	char path[256];

	be.dev = &dev;
	for (; r < dependencies[_i].requests + 6 && *r; r += 2) {
		snprintf(path, sizeof(path), "/local/domain/0/%s/config/%s",
			 dev.nodename, r[0]);
		fake_xs_set(path, r[1]);
	}
	ck_assert_int_eq(xenvif_features_read(&be), 0);
	ck_assert_uint_eq(be.granted[XENVIF_GSO_TCPV4],
			  dependencies[_i].gso_tcpv4);
	ck_assert_uint_eq(be.granted[XENVIF_GSO_TCPV6],
			  dependencies[_i].gso_tcpv6);
	ck_assert_uint_eq(be.granted[XENVIF_DYNAMIC_MULTICAST_CONTROL],
			  dependencies[_i].dynamic);
	ck_assert_int_eq(xenbus_features_publish(&dev, &xenvif_features,
						 be.granted, &be.requested), 0);
	ck_assert_pstr_eq(fake_xs_get("/local/domain/0/backend/vif/1/0/granted"),
			  dependencies[_i].answer);
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
	tcase_add_test(tc, test_checksum_fails);
	tcase_add_loop_test(tc, test_dependencies, 0, ARRAY_SIZE(dependencies));
	suite_add_tcase(suite, tc);

	return run_suite(suite);
}
