// SPDX-License-Identifier: GPL-2.0
/*
 * usage: xs-look {read|list|tree} PATH
 *
 * Prints, with a NUL behind each: a node's value; the names in its directory; or path
 * and value of all below it, in relative paths. The exit status knows what xenstore-read
 * and -list do not say:
 *	0	it is there
 *	3	it is not, but the directory that it would be in is
 *	1	anything else: no such directory, no permission, no xenstored
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

static struct xs_handle *xs;

static void print(const char *text)
{
	fputs(text, stdout);
	putchar(0);
}

/* Ends here if the node is not there. */
static char *read_node(const char *path)
{
	unsigned int len;
	char *value = xs_read(xs, XBT_NULL, path, &len), *directory;
	int error = errno;

	if (value)
		return value;
	directory = strndup(path, strrchr(path, '/') - path);
	if (!*directory)
		directory = "/";
	if (error == ENOENT && xs_directory(xs, XBT_NULL, directory, &len))
		exit(3);
	errno = error;
	err(1, "%s", path);
}

static char **names_in(const char *path, unsigned int *num)
{
	char **names = xs_directory(xs, XBT_NULL, path, num);

	if (!names)
		err(1, "%s", path);
	return names;
}

/* What goes while it looks is not there. */
static void tree(const char *path, size_t skip)
{
	unsigned int num = 0;
	char **names = xs_directory(xs, XBT_NULL, path, &num);

	if (!names && errno != ENOENT)
		err(1, "%s", path);
	for (unsigned int i = 0; i < num; i++) {
		char *one, *value;

		if (asprintf(&one, "%s/%s", path, names[i]) < 0)
			err(1, NULL);
		value = xs_read(xs, XBT_NULL, one, NULL);
		if (!value && errno != ENOENT)
			err(1, "%s", one);
		if (value) {
			print(one + skip);
			print(value);
			tree(one, skip);
		}
		free(value);
		free(one);
	}
	free(names);
}

int main(int argc, char **argv)
{
	const char *verb = argv[1], *path = argv[2];
	char **names, *value;
	unsigned int num;

	if (argc != 3 || path[0] != '/' || !path[1])
		errx(2, "usage: xs-look {read|list|tree} /PATH");
	xs = xs_open(0);
	if (!xs)
		err(1, "xenstore");

	/* Also of a directory that is listed: whether it is there. */
	value = read_node(path);
	if (!strcmp(verb, "read")) {
		print(value);
	} else if (!strcmp(verb, "list")) {
		names = names_in(path, &num);
		for (unsigned int i = 0; i < num; i++)
			print(names[i]);
	} else if (!strcmp(verb, "tree")) {
		tree(path, strlen(path) + 1);
	} else {
		errx(2, "no such verb: %s", verb);
	}
	return 0;
}
