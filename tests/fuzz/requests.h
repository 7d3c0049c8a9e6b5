/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's engine and QEMU's reading have in common for a fuzzer: a config
 * directory of anybody's writing, and the answer to it.
 */
#ifndef REQUESTS_H
#define REQUESTS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenstore.h>

#define NODE	"backend/toy/1/0"
#define HOME	"/local/domain/0/" NODE

static inline void fuzz_request(struct xs_handle *xs, const char *line, size_t len)
{
	const char *eq = memchr(line, '=', len);
	size_t name_len = eq ? eq - line : len;
	char path[512];

	/* What no xenstore has for a name. */
	if (!name_len || name_len > 256 || memchr(line, '/', name_len) ||
	    memchr(line, '\0', name_len))
		return;
	snprintf(path, sizeof(path), HOME "/config/%.*s", (int)name_len, line);
	xs_write(xs, XBT_NULL, path, eq ? eq + 1 : "",
		 eq ? line + len - eq - 1 : 0);
}

/* Behind the first byte, which is the fuzzer's, "<feature>=<value>" a line. */
static inline void fuzz_requests(struct xs_handle *xs, const uint8_t *data,
				 size_t size)
{
	const char *line = (const char *)data + 1, *p;
	const char *end = (const char *)data + size;
	unsigned int requests = 0;

	while (line < end && requests++ < 200) {
		p = memchr(line, '\n', end - line);
		if (!p)
			p = end;
		fuzz_request(xs, line, p - line);
		line = p + 1;
	}
}

/* Appends the word that a feature has in the answer, if anything was requested of it. */
static inline void fuzz_word(struct xs_handle *xs, char *answer, const char *name,
			     unsigned int granted)
{
	unsigned int n, len;
	char path[64], *value;

	snprintf(path, sizeof(path), HOME "/config/%s", name);
	value = xs_read(xs, XBT_NULL, path, &len);
	if (!value)
		return;
	n = strlen(answer);
	n += sprintf(answer + n, "%s%s=", n ? " " : "", name);
	if (len && strspn(value, "0123456789") == len)
		sprintf(answer + n, "%u", granted);
	else
		strcpy(answer + n, "malformed");
	free(value);
}

#endif
