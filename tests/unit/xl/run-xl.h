/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs the shipped xl (with sanitizers) on a xenstore that is a fake, for a
 * program of Check's.
 */

#ifndef RUN_XL_H
#define RUN_XL_H

#include <check.h>

#ifndef ARRAY_SIZE /* Xen's headers have it */
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#endif

/* Each program runs in a folder of its own. */
#define CFG_FILE "guest.cfg"
#define CONF_FILE "./xl.conf"

/*
 * Of the last run: what xl printed, and the same without white space, for
 * JSON; what it left in xenstore, as xenstore-ls -fp has it; and how many requests it made for
 * something below a backend directory.
 */
extern char *printed, *out, *err, *dump;
extern int requests;

/* Runs xl; returns its exit status. */
int xl(const char *const argv[]);
#define XL_RUN(...) xl((const char *[]){ "xl", __VA_ARGS__, NULL })

/* What xenstore has when xl starts: lines of "<path> <value>". */
void xl_store(const char *nodes);

/* xl.conf, and a domain's configuration. */
void xl_conf(const char *text);
void xl_domain(const char *text);

/* Forgets all of the above: a fixture's teardown. */
void xl_forget(void);

#endif
