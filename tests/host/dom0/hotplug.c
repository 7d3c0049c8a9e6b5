// SPDX-License-Identifier: GPL-2.0
/*
 * Xen's hotplug scripts for network interfaces (vif-bridge) and disks (block) in one
 * process instead of some hundred: what they tell the backend, without their check for
 * a disk that is used twice. Debian's own are beside it, as *.debian. libxl gives the
 * backend's directory in $XENBUS_PATH and, of an interface, its name in $vif; of the emulated one
 * that an HVM guest has beside it, in $INTERFACE, with the action "add".
 */
#define _GNU_SOURCE
#include <err.h>
#include <net/if.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <xenstore.h>

static struct xs_handle *xs;

static char *path(const char *name)
{
	char *result;

	if (asprintf(&result, "%s/%s", getenv("XENBUS_PATH"), name) < 0)
		err(1, NULL);
	return result;
}

static char *get(const char *name)
{
	char *value = xs_read(xs, XBT_NULL, path(name), NULL);

	if (!value)
		err(1, "%s", path(name));
	return value;
}

static void set(const char *name, const char *value)
{
	if (!xs_write(xs, XBT_NULL, path(name), value, strlen(value)))
		err(1, "%s", path(name));
}

static void online(const char *vif)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq request = { .ifr_ifindex = if_nametoindex(vif) };

	strncpy(request.ifr_name, get("bridge"), IFNAMSIZ - 1);
	if (ioctl(fd, SIOCBRADDIF, &request))
		err(1, "%s into %s", vif, request.ifr_name);

	strncpy(request.ifr_name, vif, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFFLAGS, &request))
		err(1, "%s", vif);
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		err(1, "%s", vif);
}

static void add(void)
{
	char *params = get("params"), *device;
	struct stat disk;

	if (stat(params, &disk))
		err(1, "%s", params);
	if (asprintf(&device, "%x:%x", major(disk.st_rdev), minor(disk.st_rdev)) < 0)
		err(1, NULL);
	set("physical-device", device);
	set("physical-device-path", params);
}

int main(int argc, char **argv)
{
	const char *vif;

	if (argc < 2 || !getenv("XENBUS_PATH"))
		errx(1, "usage: XENBUS_PATH=<backend> %s ACTION", argv[0]);
	if (strcmp(argv[1], "add") && strcmp(argv[1], "online"))
		return 0;
	vif = getenv("vif");
	xs = xs_open(0);
	if (!xs)
		err(1, "xenstore");

	if (!vif) {
		add();
	} else if (!strcmp(argv[1], "online")) {
		online(vif);
	} else {
		/* No backend waits for this one. */
		if (getenv("INTERFACE"))
			online(getenv("INTERFACE"));
		return 0;
	}
	set("hotplug-status", "connected");
	return 0;
}
