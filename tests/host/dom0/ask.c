// SPDX-License-Identifier: GPL-2.0
/*
 * usage: ask TIMEOUT DOMID SEQ COMMAND
 *
 * Gives the guest's report program a command over the guest's console, prints
 * its answer: the line that carries SEQ. xenconsoled logs the console besides.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

static long end;

/* Until the end, or there is something to read. */
static int wait_for(int fd)
{
	struct pollfd event = { .fd = fd, .events = POLLIN };
	struct timespec now;
	long left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = end - (now.tv_sec * 1000L + now.tv_nsec / 1000000);
	return left > 0 && poll(&event, 1, left) > 0;
}

/* libxl makes the domain, a little later xenconsoled its console. */
static char *console(const char *domid)
{
	struct xs_handle *xs = xs_open(0);
	char *node, *tty;

	if (!xs || asprintf(&node, "/local/domain/%s/console/tty", domid) < 0)
		err(2, "xenstore");
	tty = xs_read(xs, XBT_NULL, node, NULL);
	if (tty && *tty)
		return tty;
	if (!xs_watch(xs, node, node))
		err(2, "watch %s", node);
	do {
		if (!wait_for(xs_fileno(xs)))
			errx(1, "guest %s has no console", domid);
		free(xs_check_watch(xs));
		tty = xs_read(xs, XBT_NULL, node, NULL);
	} while (!tty || !*tty);
	return tty;
}

int main(int argc, char **argv)
{
	char *tag, *line = NULL, *answer;
	struct timespec now;
	size_t size = 0, used = 0;
	ssize_t got;
	int fd;

	if (argc != 5)
		errx(2, "usage: ask TIMEOUT DOMID SEQ COMMAND");
	clock_gettime(CLOCK_MONOTONIC, &now);
	end = (now.tv_sec + atol(argv[1])) * 1000L + now.tv_nsec / 1000000;
	if (asprintf(&tag, "{\"seq\": %s, ", argv[3]) < 0)
		err(2, NULL);

	/*
	 * The empty line is for a guest that still boots: where nobody reads yet, its
	 * terminal keeps all that comes after a line, but only 4095 characters of one.
	 */
	fd = open(console(argv[2]), O_RDWR | O_NOCTTY);
	if (fd < 0 || dprintf(fd, "\n%s %s\n", argv[3], argv[4]) < 0)
		err(2, "console of guest %s", argv[2]);
	while (wait_for(fd)) {
		char *newline;

		if (size - used < 4096) {
			size += 65536;
			line = realloc(line, size);
			if (!line)
				err(2, NULL);
		}
		got = read(fd, line + used, size - used - 1);
		if (got <= 0)
			break;
		used += got;
		line[used] = 0;
		while ((newline = strpbrk(line, "\r\n"))) {
			*newline = 0;
			answer = strstr(line, tag);
			if (answer) {
				puts(answer);
				return 0;
			}
			used -= newline + 1 - line;
			memmove(line, newline + 1, used + 1);
		}
	}
	errx(1, "guest %s does not answer: %s", argv[2], argv[4]);
}
