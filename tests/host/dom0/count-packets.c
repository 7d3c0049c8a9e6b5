// SPDX-License-Identifier: GPL-2.0
/*
 * usage: count-packets IFACE... >FILE
 *
 * Counts the TCP packets with data that pass each interface, and of them those that
 * are not yet as a wire has them: their checksum is still to be made, or they are to
 * be cut into segments. The kernel says both of each packet; a capture says neither.
 *
 * Returns when nothing is missed any more. The process that it leaves prints on SIGTERM:
 *
 *	{"vif1.0": {"drops": 0, "IPv4 to": {"packets": ...}, "IPv4 from": ...}, ...}
 *
 * "to" is to the guest; "drops" are packets that the socket had no room for. A packet is
 * in the socket's queue before its receiver can see it: what was received before SIGTERM
 * is counted.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct facts {
	unsigned int packets, bytes, largest, partial, gso_tcpv4, gso_tcpv6;
};

static int listen_to(const char *iface)
{
	/* All packets wait in it until SIGTERM. */
	const int on = 1, size = 32 << 20;
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(iface),
	};
	/* Of protocol 0: it hears nothing before it is bound. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);

	if (fd < 0 || !address.sll_ifindex ||
	    setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)))
		err(1, "%s", iface);
	return fd;
}

/* Takes one packet into @facts, by the version of IP and the direction; or false. */
static bool count(int fd, struct facts facts[2][2])
{
	struct virtio_net_hdr kernel;
	struct ether_header ethernet;
	union {
		struct iphdr v4;
		struct ip6_hdr v6;
		char bytes[15 * 4 + sizeof(struct tcphdr)];
	} ip = { 0 };
	struct iovec parts[] = {
		{ &kernel, sizeof(kernel) }, { &ethernet, sizeof(ethernet) }, { &ip, sizeof(ip) },
	};
	struct sockaddr_ll from;
	struct msghdr message = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = parts, .msg_iovlen = 3,
	};
	unsigned int protocol, header, bytes;
	struct facts *f;
	bool v6;

	if (recvmsg(fd, &message, 0) < 0) {
		if (errno != EAGAIN)
			err(1, "a packet");
		return false;
	}
	v6 = from.sll_protocol == htons(ETH_P_IPV6);
	if (v6) {
		protocol = ip.v6.ip6_nxt;
		header = sizeof(ip.v6);
		bytes = ntohs(ip.v6.ip6_plen);
	} else {
		protocol = from.sll_protocol == htons(ETH_P_IP) ? ip.v4.protocol : 0;
		header = ip.v4.ihl * 4;
		bytes = ntohs(ip.v4.tot_len) - header;
	}
	if (protocol != IPPROTO_TCP)
		return true;
	bytes -= ((struct tcphdr *)(ip.bytes + header))->doff * 4;
	if (!bytes)
		return true;

	f = &facts[v6][from.sll_pkttype == PACKET_OUTGOING];
	f->packets++;
	f->bytes += bytes;
	if (f->largest < bytes)
		f->largest = bytes;
	f->partial += !!(kernel.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
	kernel.gso_type &= ~VIRTIO_NET_HDR_GSO_ECN;
	f->gso_tcpv4 += kernel.gso_type == VIRTIO_NET_HDR_GSO_TCPV4;
	f->gso_tcpv6 += kernel.gso_type == VIRTIO_NET_HDR_GSO_TCPV6;
	return true;
}

static void print(const char *iface, int fd)
{
	struct tpacket_stats kernel;
	socklen_t size = sizeof(kernel);
	struct facts facts[2][2] = { 0 };

	while (count(fd, facts))
		;
	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &kernel, &size))
		err(1, "statistics of %s", iface);
	printf("\"%s\": {\"drops\": %u", iface, kernel.tp_drops);
	for (int i = 0; i < 4; i++) {
		const struct facts *f = &facts[i / 2][i % 2];

		printf(", \"IPv%d %s\": {\"packets\": %u, \"bytes\": %u, \"largest\": %u, "
		       "\"partial\": %u, \"gso_tcpv4\": %u, \"gso_tcpv6\": %u}",
		       i / 2 ? 6 : 4, i % 2 ? "to" : "from", f->packets, f->bytes,
		       f->largest, f->partial, f->gso_tcpv4, f->gso_tcpv6);
	}
	printf("}");
}

int main(int argc, char **argv)
{
	int fds[argc], got;
	sigset_t end;

	for (int i = 1; i < argc; i++)
		fds[i] = listen_to(argv[i]);
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigprocmask(SIG_BLOCK, &end, NULL);
	if (daemon(1, 1))
		err(1, NULL);
	/* Who started this reads its errors to their end. */
	dup2(STDOUT_FILENO, STDERR_FILENO);

	sigwait(&end, &got);
	for (int i = 1; i < argc; i++) {
		printf(i > 1 ? ", " : "{");
		print(argv[i], fds[i]);
	}
	printf("}\n");
	return 0;
}
