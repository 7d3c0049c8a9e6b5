// SPDX-License-Identifier: GPL-2.0
/*
 * A frontend that does what it is told, also what Linux's would never do. The
 * kernel's frontends must be unloaded. A device stays connected until it is reset, or the
 * guest ends; its pages stay granted until then.
 *
 *	frontend KIND DEVID connect [NODE=VALUE]...
 *		Makes as many queues and pages of a ring as multi-queue-num-queues and
 *		ring-page-order claim, and writes all nodes as they are given. The values
 *		"ring" and "port" stand for a new granted page, a new event channel; "none"
 *		for no such node.
 *		Answers the state that the backend got to.
 *	frontend KIND DEVID reset
 *		As when a kernel ends and the next one begins: Closed, and Initialising, with
 *		no nodes but the toolstack's. Answers the backend's state.
 *	frontend KIND DEVID write NODE=VALUE...
 *	frontend vif DEVID send PACKET...
 *		PACKET is mcast-add=ADDRESS, or frame=HEX[,size=N][,slots=N][,flags=N]
 *		[,gso=TYPE][,hash=VALUE]: filled up to SIZE, the byte at N being N % 251,
 *		in so many slots.
 *		Answers the status of each.
 *	frontend vif DEVID receive HEX
 *		Answers all packets up to one that begins with these bytes.
 *	frontend vif DEVID control TYPE [DATA]
 *		One request on the control ring, which the last "ring" was for. Answers its
 *		status.
 *	frontend vif DEVID produce N
 *		The control ring has N requests more.
 *	frontend vbd DEVID do OPERATION...
 *		read, write, flush, flush-data, barrier, discard, discard-secure,
 *		indirect=SEGMENTS.
 *		Answers the status of each.
 *
 * All is done on the first queue, and by polling: the backend's events are not read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Xen's headers want these from whoever includes them. */
#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__
#define xen_mb()	__sync_synchronize()
#define xen_rmb()	__sync_synchronize()
#define xen_wmb()	__sync_synchronize()
#include <io/blkif.h>	/* Xen's own, see mkimage */
#include <io/netif.h>
#include <xen/evtchn.h>
#include <xen/gntalloc.h>

#include "report.h"

#ifndef XEN_NETIF_EXTRA_TYPE_XDP
#define XEN_NETIF_EXTRA_TYPE_XDP 5	/* Linux has it, Xen's header not yet */
#endif

#define PAGE		4096
#define TIMEOUT		60	/* seconds; for what takes milliseconds */
#define MAX_DEVICES	32
#define MAX_WORDS	64
#define MAX_PORTS	16
#define DATA_PAGES	18	/* of what is sent, or read and written */
#define RX_MAX		1536	/* what is shown of a received packet */
#define RX_BUFFERS	128	/* a power of two, see receive() */

struct device {
	char path[32];		/* device/KIND/DEVID */
	char *backend;
	unsigned int backend_id;
	unsigned int ports[MAX_PORTS], nr_ports;
	netif_tx_front_ring_t tx;
	netif_rx_front_ring_t rx;
	blkif_front_ring_t blk;
	xen_netif_ctrl_front_ring_t ctrl;
	uint8_t *data, *received;
	uint32_t data_ref[DATA_PAGES], received_ref[RX_BUFFERS];
};

static struct device devices[MAX_DEVICES];
static int gntalloc = -1, evtchn = -1;

static bool failed(const char *what)
{
	error(format("%s: %s", what, strerror(errno)));
	return false;
}

/* Until a condition holds: true, or after TIMEOUT false. */
#define wait_until(condition) ({					\
	time_t end = time(NULL) + TIMEOUT;				\
	bool holds;							\
	while (!(holds = (condition)) && time(NULL) <= end)		\
		usleep(500);						\
	holds;								\
})

/* --- xenstore, pages, event channels --- */

static bool put(const struct device *d, const char *node, const char *value)
{
	const char *err;
	uint32_t len;

	if (xs_request(XS_WRITE, format("%s/%s", d->path, node), value, &len, &err))
		return true;
	error(format("%s/%s=%s: %s", d->path, node, value, err));
	return false;
}

/* Without it, or any more of it. */
static void take(const struct device *d, const char *node)
{
	const char *err;
	uint32_t len;

	xs_request(XS_RM, format("%s/%s", d->path, node), NULL, &len, &err);
}

static char *get(const char *path)
{
	const char *err;
	uint32_t len;
	char *value = xs_request(XS_READ, path, NULL, &len, &err);

	if (value)
		return value;
	error(format("%s: %s", path, err));
	return NULL;
}

/* @nr pages in one piece, zeroed, that the backend may map; or NULL. */
static void *share(const struct device *d, unsigned int nr, uint32_t *refs)
{
	struct {
		struct ioctl_gntalloc_alloc_gref head;
		uint32_t more[RX_BUFFERS];
	} alloc = {
		.head.domid = d->backend_id,
		.head.flags = GNTALLOC_FLAG_WRITABLE,
		.head.count = nr,
	};
	void *pages;

	if (ioctl(gntalloc, IOCTL_GNTALLOC_ALLOC_GREF, &alloc) < 0) {
		failed("gntalloc");
		return NULL;
	}
	pages = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		     gntalloc, alloc.head.index);
	if (pages == MAP_FAILED) {
		failed("mmap of gntalloc");
		return NULL;
	}
	memset(pages, 0, nr * PAGE);
	memcpy(refs, alloc.head.gref_ids, nr * sizeof(*refs));
	return pages;
}

static bool put_ring(const struct device *d, const char *node, void **ring)
{
	uint32_t ref;

	*ring = share(d, 1, &ref);
	return *ring && put(d, node, format("%u", ref));
}

static bool put_port(struct device *d, const char *node)
{
	struct ioctl_evtchn_bind_unbound_port bind = {
		.remote_domain = d->backend_id,
	};
	int port = -1;

	if (d->nr_ports < MAX_PORTS)
		port = ioctl(evtchn, IOCTL_EVTCHN_BIND_UNBOUND_PORT, &bind);
	if (port < 0)
		return failed("evtchn");
	d->ports[d->nr_ports++] = port;
	return put(d, node, format("%d", port));
}

/* Whatever the backend made of the ports: one of them is the one that it hears. */
static void notify(const struct device *d)
{
	unsigned int i;

	for (i = 0; i < d->nr_ports; i++) {
		struct ioctl_evtchn_notify notify = { .port = d->ports[i] };

		ioctl(evtchn, IOCTL_EVTCHN_NOTIFY, &notify);
	}
}

/* --- connecting --- */

static void post_buffer(struct device *d)
{
	unsigned int i = d->rx.req_prod_pvt++;

	*RING_GET_REQUEST(&d->rx, i) = (netif_rx_request_t) {
		.id = i % RX_BUFFERS,
		.gref = d->received_ref[i % RX_BUFFERS],
	};
}

static bool net_queue(struct device *d, unsigned int queue, const char *dir)
{
	void *tx, *rx;
	unsigned int i;

	if (!put_ring(d, format("%stx-ring-ref", dir), &tx) ||
	    !put_ring(d, format("%srx-ring-ref", dir), &rx) ||
	    !put_port(d, format("%sevent-channel", dir)))
		return false;
	SHARED_RING_INIT((netif_tx_sring_t *)tx);
	SHARED_RING_INIT((netif_rx_sring_t *)rx);
	if (queue)
		return true;

	FRONT_RING_INIT(&d->tx, (netif_tx_sring_t *)tx, PAGE);
	FRONT_RING_INIT(&d->rx, (netif_rx_sring_t *)rx, PAGE);
	d->received = share(d, RX_BUFFERS, d->received_ref);
	if (!d->received)
		return false;
	for (i = 0; i < RX_BUFFERS; i++)
		post_buffer(d);
	RING_PUSH_REQUESTS(&d->rx);
	return true;
}

static bool disk_queue(struct device *d, unsigned int queue, const char *dir,
		       const char *order)
{
	unsigned int nr = order ? 1U << atoi(order) : 1;
	uint32_t refs[RX_BUFFERS];
	blkif_sring_t *ring;
	unsigned int i;

	if (nr > RX_BUFFERS) {
		error("a ring of that many pages is not for this program");
		return false;
	}
	ring = share(d, nr, refs);
	if (!ring)
		return false;
	for (i = 0; i < nr; i++)
		if (!put(d, order ? format("%sring-ref%u", dir, i) :
				    format("%sring-ref", dir),
			 format("%u", refs[i])))
			return false;
	if (!put_port(d, format("%sevent-channel", dir)))
		return false;
	SHARED_RING_INIT(ring);
	if (!queue)
		FRONT_RING_INIT(&d->blk, ring, nr * PAGE);
	return true;
}

/* The backend's state, once it is one of @states; or NULL. */
static const char *backend_state(const struct device *d, const char *states)
{
	const char *path = format("%s/state", d->backend);
	const char *state;

	if (!wait_until(!(state = get(path)) || strchr(states, *state)))
		error(format("%s stays %s", path, state));
	else if (state)
		return format("%s", state);
	return NULL;
}

static bool put_nodes(struct device *d, char **nodes)
{
	for (; *nodes; nodes++) {
		char *node = strdupa(*nodes);
		char *value = strchr(node, '=');
		void *ring;
		bool ok = true;

		if (!value) {
			error(format("%s: not NODE=VALUE", node));
			return false;
		}
		*value++ = '\0';
		if (!strcmp(value, "none"))
			take(d, node);
		else
			ok = !strcmp(value, "ring") ? put_ring(d, node, &ring) :
			     !strcmp(value, "port") ? put_port(d, node) :
			     put(d, node, value);
		if (!ok)
			return false;
		if (!strcmp(value, "ring")) {
			SHARED_RING_INIT((xen_netif_ctrl_sring_t *)ring);
			FRONT_RING_INIT(&d->ctrl, (xen_netif_ctrl_sring_t *)ring, PAGE);
		}
	}
	return true;
}

static const char *claimed(char **nodes, const char *name)
{
	size_t len = strlen(name);

	for (; *nodes; nodes++)
		if (!strncmp(*nodes, name, len) && (*nodes)[len] == '=')
			return *nodes + len + 1;
	return NULL;
}

static void connect_device(struct device *d, bool vif, char **nodes)
{
	const char *order = claimed(nodes, "ring-page-order");
	const char *count = claimed(nodes, "multi-queue-num-queues");
	unsigned int i, queues = count ? atoi(count) : 1;
	const char *state;
	char *value;

	if (gntalloc < 0)
		gntalloc = open("/dev/xen/gntalloc", O_RDWR);
	if (evtchn < 0)
		evtchn = open("/dev/xen/evtchn", O_RDWR);
	if (gntalloc < 0 || evtchn < 0) {
		failed("/dev/xen");
		return;
	}
	value = get(format("%s/backend-id", d->path));
	if (!value)
		return;
	d->backend_id = atoi(value);
	value = get(format("%s/backend", d->path));
	if (!value)
		return;
	d->backend = strdup(value);
	if (!backend_state(d, "2"))
		return;

	d->data = share(d, DATA_PAGES, d->data_ref);
	if (!d->data)
		return;
	for (i = 0; i < queues; i++) {
		char dir[32] = "";

		if (queues > 1)
			snprintf(dir, sizeof(dir), "queue-%u/", i);
		if (vif ? !net_queue(d, i, dir) : !disk_queue(d, i, dir, order))
			return;
	}
	if (vif ? !put(d, "request-rx-copy", "1") || !put(d, "feature-rx-notify", "1") :
		  !put(d, "protocol", "x86_64-abi"))
		return;
	if (!put_nodes(d, nodes) || !put(d, "state", vif ? "4" : "3"))
		return;
	state = backend_state(d, "456");
	if (!state || (!vif && *state == '4' && !put(d, "state", "4")))
		return;
	notify(d);
	fprintf(out, "\"state\": %s", state);
}

/* What this program, or another frontend before it, wrote beside the toolstack's. */
static void take_own(const struct device *d)
{
	static const char toolstacks[] =
		" backend backend-id state handle mac mtu virtual-device device-type ";
	const char *err, *name, *end;
	uint32_t len;

	name = xs_request(XS_DIRECTORY, d->path, NULL, &len, &err);
	for (end = name + len; name && name < end; name += strlen(name) + 1)
		if (!strstr(toolstacks, format(" %s ", name)))
			take(d, name);
}

static void reset_device(struct device *d)
{
	const char *state;

	if (!d->backend) {
		error("was never connected");
		return;
	}
	if (!put(d, "state", "6") || !backend_state(d, "6"))
		return;
	take_own(d);
	d->nr_ports = 0;
	d->ctrl.sring = NULL;
	if (!put(d, "state", "1"))
		return;
	state = backend_state(d, "2");
	if (state)
		fprintf(out, "\"state\": %s", state);
}

/* --- network --- */

static unsigned int from_hex(const char *hex, uint8_t *bytes, unsigned int max)
{
	unsigned int n;

	for (n = 0; n < max && sscanf(hex + 2 * n, "%2hhx", &bytes[n]) == 1; n++)
		;
	return n;
}

/* The worst of the next @nr responses that are any. */
static bool sent(struct device *d, unsigned int nr, int *status)
{
	*status = NETIF_RSP_OKAY;
	if (!wait_until(XEN_RING_NR_UNCONSUMED_RESPONSES(&d->tx) >= nr)) {
		error("a packet gets no response");
		return false;
	}
	xen_rmb();
	while (nr--) {
		int16_t s = RING_GET_RESPONSE(&d->tx, d->tx.rsp_cons++)->status;

		if (s < *status)
			*status = s;
	}
	return true;
}

static bool send_packet(struct device *d, char *packet, int *status)
{
	unsigned int len = 0, size = 0, slots = 1, flags = 0, i, nr = 0;
	netif_extra_info_t extra = { 0 };
	netif_tx_request_t *req;
	uint32_t hash;
	char *word;

	while ((word = strsep(&packet, ","))) {
		char *value = strchrnul(word, '=');

		if (*value)
			*value++ = '\0';
		if (!strcmp(word, "frame")) {
			len = from_hex(value, d->data, PAGE);
		} else if (!strcmp(word, "size")) {
			size = atoi(value);
		} else if (!strcmp(word, "slots")) {
			slots = atoi(value);
		} else if (!strcmp(word, "flags")) {
			flags = atoi(value);
		} else if (!strcmp(word, "gso")) {
			extra.type = XEN_NETIF_EXTRA_TYPE_GSO;
			extra.u.gso.type = atoi(value);
			extra.u.gso.size = 500;
		} else if (!strcmp(word, "hash")) {
			extra.type = XEN_NETIF_EXTRA_TYPE_HASH;
			extra.u.hash.type = _XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP;
			extra.u.hash.algorithm = XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ;
			hash = atoi(value);
			memcpy(extra.u.hash.value, &hash, sizeof(hash));
		} else if (!strcmp(word, "mcast-add")) {
			extra.type = XEN_NETIF_EXTRA_TYPE_MCAST_ADD;
			from_hex(value, extra.u.mcast.addr, 6);
		} else {
			error(format("%s: no such part of a packet", word));
			return false;
		}
	}
	if (size < len)
		size = len;
	for (i = len; i < size && i < DATA_PAGES * PAGE; i++)
		d->data[i] = i % 251;
	/* Slots of the same length, each at the start of its page. */
	len = (size + slots - 1) / slots;
	if (!slots || slots > DATA_PAGES || len > PAGE) {
		error("no room for a packet");
		return false;
	}
	for (i = slots - 1; i; i--)
		memmove(d->data + i * PAGE, d->data + i * len, len);

	for (i = 0; i < slots; i++, nr++) {
		req = RING_GET_REQUEST(&d->tx, d->tx.req_prod_pvt++);
		*req = (netif_tx_request_t) {
			.gref = d->data_ref[i],
			.id = i,
			/* The first says the packet's, the others their own. */
			.size = !i ? size : i + 1 < slots ? len : size - i * len,
			.flags = (i ? 0 : flags) |
				 (i + 1 < slots ? NETTXF_more_data : 0),
		};
		if (!i && extra.type) {
			req->flags |= NETTXF_extra_info;
			memcpy(RING_GET_REQUEST(&d->tx, d->tx.req_prod_pvt++),
			       &extra, sizeof(extra));
			nr++;
		}
	}
	RING_PUSH_REQUESTS(&d->tx);
	notify(d);
	return sent(d, nr, status);
}

/* The ring's next response, which may still be on its way; or NULL. */
static netif_rx_response_t *next_response(struct device *d)
{
	if (!wait_until(XEN_RING_NR_UNCONSUMED_RESPONSES(&d->rx)))
		return NULL;
	xen_rmb();
	return RING_GET_RESPONSE(&d->rx, d->rx.rsp_cons++);
}

/*
 * One packet, as JSON: what it is made of, its slots, and its extra information by type.
 * @last: it begins with the bytes of @end. Responses come in the order of the requests,
 * so that a buffer's number follows from the response's.
 */
static bool receive_packet(struct device *d, const uint8_t *end, unsigned int end_len,
			   bool *last)
{
	const uint8_t *slot = d->received + d->rx.rsp_cons % RX_BUFFERS * PAGE;
	netif_rx_response_t *rsp = next_response(d), first, data;
	netif_extra_info_t extras[XEN_NETIF_EXTRA_TYPE_XDP];
	unsigned int nr_extras = 0, headroom = 0, size = 0, slots, i;
	static uint8_t frame[RX_MAX];
	bool more_extra;

	if (!rsp)
		return false;
	data = first = *rsp;
	more_extra = first.flags & NETRXF_extra_info;
	while (more_extra && nr_extras < XEN_NETIF_EXTRA_TYPE_XDP) {
		netif_extra_info_t *extra = &extras[nr_extras++];

		rsp = next_response(d);
		if (!rsp)
			return false;
		memcpy(extra, rsp, sizeof(*extra));
		if (extra->type == XEN_NETIF_EXTRA_TYPE_XDP)
			headroom = extra->u.pad[0];
		more_extra = extra->flags & XEN_NETIF_EXTRA_FLAG_MORE;
	}
	for (slots = 1;; slots++) {
		/* A negative one says that nothing was copied. */
		for (i = headroom; data.status > 0 && i < data.status; i++, size++)
			if (size < RX_MAX)
				frame[size] = slot[i];
		if (!(data.flags & NETRXF_more_data))
			break;
		slot = d->received + d->rx.rsp_cons % RX_BUFFERS * PAGE;
		rsp = next_response(d);
		if (!rsp)
			return false;
		data = *rsp;
	}
	*last = size >= end_len && !memcmp(frame, end, end_len);

	fprintf(out, "{\"status\": %d, \"flags\": %u, \"slots\": %u, \"size\": %u, "
		"\"extras\": {", first.status, first.flags, slots, size);
	for (i = 0; i < nr_extras; i++)
		fprintf(out, "%s\"%u\": [%u, %u, %u]", i ? ", " : "", extras[i].type,
			extras[i].u.pad[0], extras[i].u.pad[1], extras[i].u.pad[2]);
	fprintf(out, "}, \"frame\": \"");
	for (i = 0; i < size && i < RX_MAX; i++)
		fprintf(out, "%02x", frame[i]);
	fprintf(out, "\"}");
	return true;
}

static void receive(struct device *d, const char *hex)
{
	unsigned int end_len, before, n;
	bool last = false;
	uint8_t end[64];

	end_len = from_hex(hex, end, sizeof(end));
	fprintf(out, "\"packets\": [");
	for (n = 0; !last; n++) {
		if (n)
			fprintf(out, ", ");
		before = d->rx.rsp_cons;
		if (!receive_packet(d, end, end_len, &last)) {
			fprintf(out, "null], ");
			return error("no such packet");
		}
		while (before++ != d->rx.rsp_cons)
			post_buffer(d);
		RING_PUSH_REQUESTS(&d->rx);
		notify(d);
	}
	fprintf(out, "]");
}

static void control(struct device *d, const char *type, const char *data)
{
	*RING_GET_REQUEST(&d->ctrl, d->ctrl.req_prod_pvt++) = (struct xen_netif_ctrl_request) {
		.type = atoi(type),
		.data = { data ? atoi(data) : 0 },
	};
	RING_PUSH_REQUESTS(&d->ctrl);
	notify(d);
	if (!wait_until(XEN_RING_NR_UNCONSUMED_RESPONSES(&d->ctrl)))
		return error("a control request gets no response");
	xen_rmb();
	fprintf(out, "\"status\": %u",
		RING_GET_RESPONSE(&d->ctrl, d->ctrl.rsp_cons++)->status);
}

/* --- disks --- */

static bool disk_request(struct device *d, const char *word, blkif_request_t *req)
{
	blkif_request_indirect_t *indirect = (void *)req;
	blkif_request_discard_t *discard = (void *)req;
	struct blkif_request_segment page = {
		.gref = d->data_ref[0],
		.last_sect = PAGE / 512 - 1,
	}, *segments;
	unsigned int i;

	req->id = 1;
	if (!strcmp(word, "read") || !strcmp(word, "write") || !strcmp(word, "barrier")) {
		req->operation = *word == 'r' ? BLKIF_OP_READ :
				 *word == 'w' ? BLKIF_OP_WRITE :
						BLKIF_OP_WRITE_BARRIER;
		req->nr_segments = 1;
		req->seg[0] = page;
	} else if (!strcmp(word, "flush")) {
		req->operation = BLKIF_OP_FLUSH_DISKCACHE;
	} else if (!strcmp(word, "flush-data")) {	/* which is on no disk yet */
		memset(d->data, 0x5a, PAGE);
		req->operation = BLKIF_OP_FLUSH_DISKCACHE;
		req->nr_segments = 1;
		req->seg[0] = page;
	} else if (!strcmp(word, "discard") || !strcmp(word, "discard-secure")) {
		discard->operation = BLKIF_OP_DISCARD;
		discard->flag = word[7] ? BLKIF_DISCARD_SECURE : 0;
		discard->nr_sectors = PAGE / 512;
	} else if (!strncmp(word, "indirect=", 9)) {
		/* All are read to two pages, since Xen maps one 255 times at most. */
		indirect->operation = BLKIF_OP_INDIRECT;
		indirect->indirect_op = BLKIF_OP_READ;
		indirect->nr_segments = atoi(word + 9);
		indirect->indirect_grefs[0] = d->data_ref[1];
		segments = (void *)(d->data + PAGE);
		for (i = 0; i < PAGE / sizeof(*segments); i++) {
			segments[i] = page;
			segments[i].gref = d->data_ref[2 + i % 2];
		}
	} else {
		error(format("%s: no such operation", word));
		return false;
	}
	return true;
}

static bool disk_do(struct device *d, char *word, int *status)
{
	blkif_request_t req = { 0 };

	if (!disk_request(d, word, &req))
		return false;
	*RING_GET_REQUEST(&d->blk, d->blk.req_prod_pvt++) = req;
	RING_PUSH_REQUESTS(&d->blk);
	notify(d);
	if (!wait_until(XEN_RING_NR_UNCONSUMED_RESPONSES(&d->blk))) {
		error(format("%s: no response", word));
		return false;
	}
	xen_rmb();
	*status = RING_GET_RESPONSE(&d->blk, d->blk.rsp_cons++)->status;
	return true;
}

/* --- commands --- */

static struct device *find(const char *path)
{
	struct device *d;

	for (d = devices; d < devices + MAX_DEVICES; d++) {
		if (!d->path[0])
			strncpy(d->path, path, sizeof(d->path) - 1);
		if (!strcmp(d->path, path))
			return d;
	}
	return NULL;
}

static void each(struct device *d, char **words,
		 bool (*one)(struct device *d, char *word, int *status))
{
	int statuses[MAX_WORDS];
	unsigned int i, n;

	for (n = 0; words[n]; n++)
		if (!one(d, words[n], &statuses[n]))
			return;
	fprintf(out, "\"status\": [");
	for (i = 0; i < n; i++)
		fprintf(out, "%s%d", i ? ", " : "", statuses[i]);
	fprintf(out, "]");
}

void frontend(char *line)
{
	char *words[MAX_WORDS + 1] = { 0 };
	struct device *d = NULL;
	unsigned int n = 0;
	const char *verb;
	bool vif;

	for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
		if (n == MAX_WORDS) {
			error("too many words");
			return;
		}
		words[n++] = word;
	}
	if (n >= 3)
		d = find(format("device/%s/%s", words[0], words[1]));
	if (!d) {
		error("frontend KIND DEVID VERB ...");
		return;
	}
	vif = !strcmp(words[0], "vif");
	verb = words[2];
	if (!strcmp(verb, "connect")) {
		connect_device(d, vif, words + 3);
	} else if (!strcmp(verb, "reset")) {
		reset_device(d);
	} else if (!strcmp(verb, "write")) {
		if (put_nodes(d, words + 3))
			fprintf(out, "\"ok\": true");
	} else if (!d->data) {
		error("not connected");
	} else if (vif && !strcmp(verb, "send")) {
		each(d, words + 3, send_packet);
	} else if (vif && !strcmp(verb, "receive") && n == 4) {
		receive(d, words[3]);
	} else if (vif && !strcmp(verb, "control") && n >= 4 && d->ctrl.sring) {
		control(d, words[3], words[4]);
	} else if (vif && !strcmp(verb, "produce") && n == 4 && d->ctrl.sring) {
		d->ctrl.sring->req_prod += strtoul(words[3], NULL, 10);
		notify(d);
		fprintf(out, "\"ok\": true");
	} else if (!vif && !strcmp(verb, "do")) {
		each(d, words + 3, disk_do);
	} else {
		error("no such verb");
	}
}
