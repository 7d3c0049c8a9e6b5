// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's own view of its PV devices, one line of JSON for each command:
 *
 *	<seq> report			all interfaces and disks
 *	<seq> set IFACE FEATURE on|off	switch an offload, say what it is then
 *	<seq> xs-read PATH		what the guest may see of xenstore
 *	<seq> xs-dir PATH
 *	<seq> xs-write PATH VALUE
 *	<seq> disk-check DISK		write, read back, compare
 *	<seq> sh COMMAND		run by the shell: its status and output
 *	<seq> frontend ...		be a frontend: see frontend.c
 *
 * Commands come in on the console, answers go out there.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <obstack.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <linux/ethtool.h>
#include <linux/fs.h>
#include <linux/sockios.h>
#include <net/if.h>

#include "report.h"

#define obstack_chunk_alloc malloc
#define obstack_chunk_free free

FILE *out;
static struct obstack texts;	/* what format() made for this answer */

static void json_char(unsigned char c)
{
	if (c == '"' || c == '\\')
		fprintf(out, "\\%c", c);
	else if (c < 0x20)
		fprintf(out, "\\u%04x", c);
	else
		putc(c, out);
}

void json_string(const char *s)
{
	putc('"', out);
	while (*s)
		json_char(*s++);
	putc('"', out);
}

void error(const char *name)
{
	fprintf(out, "\"error\": ");
	json_string(name);
}

char *format(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	obstack_vprintf(&texts, fmt, ap);
	va_end(ap);
	obstack_1grow(&texts, '\0');
	return obstack_finish(&texts);
}

/* --- sysfs --- */

static const char *sysfs_read(const char *path)
{
	static char buf[256];
	FILE *f = fopen(path, "r");

	if (!f)
		return NULL;
	if (!fgets(buf, sizeof(buf), f))
		buf[0] = '\0';
	fclose(f);
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

static int sysfs_count(const char *path, const char *prefix)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int n = 0;

	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.' &&
		     !strncmp(entry->d_name, prefix, strlen(prefix));
	closedir(dir);
	return n;
}

/* The number in "vif-0" or "vbd-51712" that @dir/device points to, or -1. */
static int device_id(const char *dir, const char *kind)
{
	char target[256];
	ssize_t len = readlink(format("%s/device", dir), target,
			       sizeof(target) - 1);
	char *name;

	if (len < 0)
		return -1;
	target[len] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (strncmp(name, kind, strlen(kind)) || name[strlen(kind)] != '-')
		return -1;
	return atoi(name + strlen(kind) + 1);
}

/* --- xenstore: the wire protocol, so that errors arrive as they are --- */

struct xsd_sockmsg {
	uint32_t type, req_id, tx_id, len;
};

char *xs_request(uint32_t type, const char *path, const char *value,
		 uint32_t *len, const char **err)
{
	static char reply[4097];
	struct xsd_sockmsg msg = { .type = type, .req_id = 1 };
	char request[sizeof(msg) + 4096];
	uint32_t path_len = strlen(path) + 1;
	uint32_t value_len = value ? strlen(value) : 0;
	ssize_t n = 0, got;
	int fd;

	*err = "EIO";
	msg.len = path_len + value_len;
	if (msg.len > 4096)
		return NULL;
	memcpy(request, &msg, sizeof(msg));
	memcpy(request + sizeof(msg), path, path_len);
	if (value)
		memcpy(request + sizeof(msg) + path_len, value, value_len);

	fd = open("/dev/xen/xenbus", O_RDWR);
	if (fd < 0)
		return NULL;
	if (write(fd, request, sizeof(msg) + msg.len) < 0 ||
	    read(fd, &msg, sizeof(msg)) != sizeof(msg) || msg.len > 4096) {
		close(fd);
		return NULL;
	}
	for (; n < msg.len; n += got) {
		got = read(fd, reply + n, msg.len - n);
		if (got <= 0)
			break;
	}
	close(fd);
	reply[n] = '\0';
	*len = n;
	*err = msg.type == XS_ERROR ? reply : NULL;
	return *err ? NULL : reply;
}

static void xs_read(const char *path)
{
	const char *err;
	uint32_t len;
	char *value = xs_request(XS_READ, path, NULL, &len, &err);

	if (!value)
		return error(err);
	fprintf(out, "\"value\": ");
	json_string(value);
}

static void xs_dir(const char *path)
{
	const char *err;
	uint32_t len, pos;
	char *list = xs_request(XS_DIRECTORY, path, NULL, &len, &err);

	if (!list)
		return error(err);
	fprintf(out, "\"list\": [");
	for (pos = 0; pos < len; pos += strlen(list + pos) + 1) {
		fprintf(out, pos ? ", " : "");
		json_string(list + pos);
	}
	fprintf(out, "]");
}

static void xs_write(const char *path, const char *value)
{
	const char *err;
	uint32_t len;

	if (!xs_request(XS_WRITE, path, value, &len, &err))
		return error(err);
	fprintf(out, "\"ok\": true");
}

/* A node of the frontend's own, "key": "value" or null. */
static void frontend_node(const char *kind, int id, const char *node)
{
	const char *err;
	uint32_t len;
	char *value = xs_request(XS_READ,
				 format("device/%s/%d/%s", kind, id, node),
				 NULL, &len, &err);

	fprintf(out, ", \"%s\": ", node);
	if (value)
		json_string(value);
	else
		fprintf(out, "null");
}

/* --- network interfaces --- */

static const struct {
	const char *alias, *name;
} features[] = {
	{ "sg", "tx-scatter-gather" },
	{ "tso", "tx-tcp-segmentation" },
	{ "tso6", "tx-tcp6-segmentation" },
	{ "tx-csum", "tx-checksum-ipv4" },
	{ "tx-csum6", "tx-checksum-ipv6" },
	{ "rx-csum", "rx-checksum" },
};

#define MAX_BITS 128

static struct {
	struct ethtool_gstrings head;
	char name[MAX_BITS][ETH_GSTRING_LEN];
} strings;

static struct {
	struct ethtool_gfeatures head;
	struct ethtool_get_features_block block[MAX_BITS / 32];
} state;

static int ethtool(const char *iface, void *data)
{
	struct ifreq ifr = { .ifr_data = data };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int rc;

	strncpy(ifr.ifr_name, iface, IFNAMSIZ - 1);
	rc = ioctl(fd, SIOCETHTOOL, &ifr);
	close(fd);
	return rc;
}

static bool features_get(const char *iface)
{
	struct {
		struct ethtool_sset_info head;
		uint32_t count;
	} sset = {
		.head.cmd = ETHTOOL_GSSET_INFO,
		.head.sset_mask = 1ULL << ETH_SS_FEATURES,
	};

	if (ethtool(iface, &sset) < 0 || sset.count > MAX_BITS)
		return false;
	strings.head.cmd = ETHTOOL_GSTRINGS;
	strings.head.string_set = ETH_SS_FEATURES;
	strings.head.len = sset.count;
	state.head.cmd = ETHTOOL_GFEATURES;
	state.head.size = (sset.count + 31) / 32;
	return ethtool(iface, &strings) >= 0 && ethtool(iface, &state) >= 0;
}

/* The bit of a feature by its alias or ethtool's name, or -1. */
static int feature_bit(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (!strcmp(name, features[i].alias))
			name = features[i].name;
	for (i = 0; i < strings.head.len; i++)
		if (!strcmp(name, strings.name[i]))
			return i;
	return -1;
}

static void feature_state(int bit)
{
	struct ethtool_get_features_block *block = &state.block[bit / 32];
	uint32_t mask = 1U << bit % 32;

	fprintf(out, "{\"on\": %s, \"requested\": %s, \"fixed\": %s}",
		block->active & mask ? "true" : "false",
		block->requested & mask ? "true" : "false",
		block->never_changed & mask || !(block->available & mask) ?
		"true" : "false");
}

static void feature_set(const char *iface, const char *name, bool on)
{
	struct {
		struct ethtool_sfeatures head;
		struct ethtool_set_features_block block[MAX_BITS / 32];
	} set = { .head.cmd = ETHTOOL_SFEATURES };
	int bit;

	if (!features_get(iface))
		return error(strerrorname_np(errno));
	bit = feature_bit(name);
	if (bit < 0)
		return error("no such feature");
	set.head.size = state.head.size;
	set.block[bit / 32].valid = 1U << bit % 32;
	set.block[bit / 32].requested = on ? 1U << bit % 32 : 0;
	if (ethtool(iface, &set) < 0)
		return error(strerrorname_np(errno));
	features_get(iface);
	fprintf(out, "\"feature\": ");
	feature_state(bit);
}

static void report_net(void)
{
	DIR *dir = opendir("/sys/class/net");
	struct dirent *entry;
	const char *sep = "";

	fprintf(out, "\"net\": {");
	while (dir && (entry = readdir(dir))) {
		char *path = format("/sys/class/net/%s", entry->d_name);
		int id = device_id(path, "vif");
		unsigned int i;
		const char *comma = "";

		if (id < 0)
			continue;
		fprintf(out, "%s\"%s\": {\"devid\": %d", sep, entry->d_name, id);
		sep = ", ";
		path = format("/sys/class/net/%s/queues", entry->d_name);
		fprintf(out, ", \"rx_queues\": %d", sysfs_count(path, "rx-"));
		fprintf(out, ", \"tx_queues\": %d", sysfs_count(path, "tx-"));
		frontend_node("vif", id, "state");
		frontend_node("vif", id, "multi-queue-num-queues");
		fprintf(out, ", \"features\": {");
		if (features_get(entry->d_name)) {
			for (i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
				int bit = feature_bit(features[i].alias);

				if (bit < 0)
					continue;
				fprintf(out, "%s\"%s\": ", comma,
					features[i].alias);
				comma = ", ";
				feature_state(bit);
			}
		}
		fprintf(out, "}}");
	}
	if (dir)
		closedir(dir);
	fprintf(out, "}");
}

/* --- disks --- */

static void report_disks(void)
{
	static const char * const attributes[] = {
		"max_segments", "max_hw_sectors_kb", "max_sectors_kb",
		"discard_max_bytes", "write_cache", "fua", "nr_requests",
		"logical_block_size",
	};
	DIR *dir = opendir("/sys/block");
	struct dirent *entry;
	const char *sep = "";

	fprintf(out, "\"disk\": {");
	while (dir && (entry = readdir(dir))) {
		char *path = format("/sys/block/%s", entry->d_name);
		int id = device_id(path, "vbd");
		unsigned int i;

		if (id < 0)
			continue;
		fprintf(out, "%s\"%s\": {\"devid\": %d", sep, entry->d_name, id);
		sep = ", ";
		fprintf(out, ", \"queues\": %d",
			sysfs_count(format("/sys/block/%s/mq", entry->d_name), ""));
		for (i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
			const char *value;

			value = sysfs_read(format("/sys/block/%s/queue/%s",
						  entry->d_name, attributes[i]));
			fprintf(out, ", \"%s\": ", attributes[i]);
			json_string(value ? value : "");
		}
		frontend_node("vbd", id, "state");
		frontend_node("vbd", id, "ring-page-order");
		frontend_node("vbd", id, "multi-queue-num-queues");
		frontend_node("vbd", id, "feature-persistent");
		fprintf(out, "}");
	}
	if (dir)
		closedir(dir);
	fprintf(out, "}");
}

/* FNV-1a: enough to see that what came back is what went out. */
static uint64_t checksum(const unsigned char *data, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	while (len--)
		hash = (hash ^ *data++) * 0x100000001b3ULL;
	return hash;
}

static bool transfer(const char *path, int flags, unsigned char *data, size_t len)
{
	int fd = open(path, flags | O_DIRECT);
	size_t pos = 0;
	ssize_t n = 0;

	if (fd < 0)
		return false;
	for (; pos < len; pos += n) {
		n = flags & O_WRONLY ? write(fd, data + pos, len - pos) :
				       read(fd, data + pos, len - pos);
		if (n <= 0)
			break;
	}
	if (flags & O_WRONLY && fsync(fd) < 0)
		n = -1;
	close(fd);
	return n > 0;
}

static void disk_check(const char *disk)
{
	/* More than one request of 256 segments, in one call. */
	const size_t len = 2 << 20;
	const char *path = format("/dev/%s", disk);
	unsigned char *data;
	uint64_t wrote, x;
	size_t i;

	data = aligned_alloc(4096, len);
	if (!data)
		return error("ENOMEM");
	/* Never twice the same data: what was there before is not what counts. */
	getrandom(&x, sizeof(x), 0);
	x |= 1;
	for (i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		data[i] = x;
	}
	wrote = checksum(data, len);
	errno = 0;
	if (!transfer(path, O_WRONLY, data, len)) {
		error(format("write: %s", strerror(errno)));
		goto out;
	}
	memset(data, 0, len);
	if (!transfer(path, O_RDONLY, data, len)) {
		error(format("read: %s", strerror(errno)));
		goto out;
	}
	fprintf(out, "\"ok\": %s, \"bytes\": %zu, \"checksum\": \"%016llx\"",
		checksum(data, len) == wrote ? "true" : "false", len,
		(unsigned long long)checksum(data, len));
out:
	free(data);
}

/* --- commands --- */

static void shell(const char *command)
{
	FILE *p = popen(format("{ %s\n} 2>&1", command), "r");
	int c, status;

	if (!p)
		return error(strerrorname_np(errno));
	fprintf(out, "\"out\": \"");
	while ((c = getc(p)) != EOF)
		json_char(c);
	status = pclose(p);
	fprintf(out, "\", \"rc\": %d",
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void answer(char *line)
{
	char *seq = strtok(line, " "), *command = strtok(NULL, " ");
	char *rest = command ? strtok(NULL, "") : NULL;
	char *arg[3] = { 0 };
	void *first;
	char *text;
	size_t len;

	/* Whatever else a line on a console may be: not for us. */
	if (!command || seq[strspn(seq, "0123456789")])
		return;
	if (!rest)
		rest = "";

	first = obstack_alloc(&texts, 0);
	out = open_memstream(&text, &len);
	fprintf(out, "\n{\"seq\": %s, ", seq);
	if (!strcmp(command, "sh")) {
		shell(rest);
		goto done;
	}
	if (!strcmp(command, "frontend")) {
		frontend(rest);
		goto done;
	}
	rest = strdupa(rest);
	arg[0] = strtok(rest, " ");
	arg[1] = arg[0] ? strtok(NULL, " ") : NULL;
	arg[2] = arg[1] ? strtok(NULL, "") : NULL;
	if (!strcmp(command, "report")) {
		report_net();
		fprintf(out, ", ");
		report_disks();
	} else if (!strcmp(command, "set") && arg[2]) {
		feature_set(arg[0], arg[1], !strcmp(arg[2], "on"));
	} else if (!strcmp(command, "xs-read") && arg[0]) {
		xs_read(arg[0]);
	} else if (!strcmp(command, "xs-dir") && arg[0]) {
		xs_dir(arg[0]);
	} else if (!strcmp(command, "xs-write") && arg[1]) {
		xs_write(arg[0], arg[1]);
	} else if (!strcmp(command, "disk-check") && arg[0]) {
		disk_check(arg[0]);
	} else {
		error("no such command");
	}
done:
	fprintf(out, "}\n");
	fclose(out);
	for (char *p = text; len;) {
		ssize_t n = write(STDOUT_FILENO, p, len);

		if (n < 0)
			break;
		p += n;
		len -= n;
	}
	free(text);
	obstack_free(&texts, first);
}

int main(void)
{
	struct termios tty;
	char *line = NULL;
	size_t size = 0;

	/*
	 * Nobody types here: an echo would only mix with the answers, and a terminal
	 * that lets one edit a line cuts it after 4095 characters.
	 */
	if (!tcgetattr(STDIN_FILENO, &tty)) {
		cfmakeraw(&tty);
		tcsetattr(STDIN_FILENO, TCSANOW, &tty);
	}
	obstack_init(&texts);
	for (;;) {
		if (getline(&line, &size, stdin) < 0) {
			/* A hang-up of the console is no reason to die: we are init. */
			clearerr(stdin);
			sleep(1);
			continue;
		}
		line[strcspn(line, "\r\n")] = '\0';
		answer(line);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}
