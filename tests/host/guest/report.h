/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the report program share.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>
#include <stdio.h>

extern FILE *out;	/* the answer; goes to the console as a whole */

void json_string(const char *s);
/* "error": what went wrong. */
void error(const char *name);
/* printf() into memory that is there until the answer is given. */
char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

enum { XS_DIRECTORY = 1, XS_READ = 2, XS_WRITE = 11, XS_RM = 13, XS_ERROR = 16 };

/* The reply's body (@len bytes and a NUL) or NULL, and then @err its error. */
char *xs_request(uint32_t type, const char *path, const char *value,
		 uint32_t *len, const char **err);

/* Does the words of a "frontend" command; see frontend.c. */
void frontend(char *words);

#endif
