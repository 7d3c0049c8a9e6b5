// SPDX-License-Identifier: GPL-2.0
/*
 * usage: xs-wait TIMEOUT {PATH REGEX}...
 *
 * Ends when each xenstore PATH has a value that matches its REGEX as a whole; an
 * absent node has the value "<absent>". Woken by xenstore's own watches.
 *
 * In C, because a process costs a tenth of a second on the emulated host.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xenstore.h>

struct node {
	char *path, *value;
	const char *wanted;
	regex_t regex;
	bool matches;
};

static struct xs_handle *xs;
static struct node *nodes;
static unsigned int num_nodes;

static void add(char *path, const char *wanted)
{
	struct node *node;
	char *regex;

	nodes = reallocarray(nodes, num_nodes + 1, sizeof(*nodes));
	if (!nodes || asprintf(&regex, "^(%s)$", wanted) < 0)
		err(2, NULL);
	node = &nodes[num_nodes++];
	*node = (struct node){ .path = path, .wanted = wanted };
	if (regcomp(&node->regex, regex, REG_EXTENDED | REG_NOSUB))
		errx(2, "not a regular expression: %s", wanted);
	free(regex);
}

static void look(struct node *node)
{
	free(node->value);
	node->value = xs_read(xs, XBT_NULL, node->path, NULL);
	if (!node->value && errno != ENOENT)
		err(2, "%s", node->path);
	if (!node->value)
		node->value = strdup("<absent>");
	node->matches = !regexec(&node->regex, node->value, 0, NULL, 0);
}

static bool all_match(void)
{
	for (unsigned int i = 0; i < num_nodes; i++)
		if (!nodes[i].matches)
			return false;
	return true;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000L + now.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	struct pollfd event = { .events = POLLIN };
	long end, left;
	int i;

	if (argc < 4 || argc % 2)
		errx(2, "usage: xs-wait TIMEOUT {PATH REGEX}...");
	end = now_ms() + atol(argv[1]) * 1000;
	xs = xs_open(0);
	if (!xs)
		err(2, "xenstore");
	for (i = 2; i < argc; i += 2)
		add(argv[i], argv[i + 1]);

	/* Often all is there already. */
	for (unsigned int n = 0; n < num_nodes; n++)
		look(&nodes[n]);
	if (all_match())
		return 0;

	/* A watch fires once when it is set: nothing is missed in between. */
	for (unsigned int n = 0; n < num_nodes; n++)
		if (!xs_watch(xs, nodes[n].path, nodes[n].path))
			err(2, "watch %s", nodes[n].path);
	event.fd = xs_fileno(xs);
	while ((left = end - now_ms()) > 0 && poll(&event, 1, left) > 0) {
		char **fired = xs_check_watch(xs);

		for (unsigned int n = 0; fired && n < num_nodes; n++)
			if (!strcmp(nodes[n].path, fired[XS_WATCH_TOKEN]))
				look(&nodes[n]);
		free(fired);
		if (all_match())
			return 0;
	}

	for (unsigned int n = 0; n < num_nodes; n++)
		if (!nodes[n].matches)
			fprintf(stderr, "%s is '%s', not '%s'\n", nodes[n].path,
				nodes[n].value, nodes[n].wanted);
	return 1;
}
