/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libxenstore without a xenstored: one store, in memory, with what libxl
 * relies on.  Nodes inherit their parent's permissions, permissions are
 * enforced, transactions are snapshots, watches fire.
 *
 * Linked into a program (or preloaded) it takes the place of libxenstore.
 * If FAKE_XENSTORE_DUMP names a file, the store is written to it at exit.
 */

#ifndef FAKE_XENSTORE_H
#define FAKE_XENSTORE_H

#include <stdbool.h>

/* An empty store, and everything below forgotten. */
void fake_xs_reset(void);

/* Requests come from this domain from now on.  0 may do everything. */
void fake_xs_become(unsigned int domid);

/* The test's own access: no permissions, no count, no injected errors. */
void fake_xs_set(const char *path, const char *value);
const char *fake_xs_get(const char *path); /* NULL: there is no such node */
/* "n0,r1": as xenstore-ls -p shows them.  NULL: there is no such node. */
const char *fake_xs_perms(const char *path);
/* Nodes at or below path. */
unsigned int fake_xs_count(const char *path);

/* Requests since the last call that name a path with the substring in it. */
unsigned int fake_xs_requests(const char *substring);

/*
 * The nth request (1 is the next) whose path contains the substring fails
 * with this errno.
 */
void fake_xs_fail(const char *substring, unsigned int nth, int error);
bool fake_xs_failed(void); /* it did */

/* So many transactions that changed something end with EAGAIN. */
void fake_xs_conflicts(unsigned int n);
/* Transactions started and not ended. */
unsigned int fake_xs_open_transactions(void);

/* Called after each change that everyone can see, and for each new watch. */
extern void (*fake_xs_changed)(const char *path);

/* Called before each request is looked at. */
extern void (*fake_xs_requested)(const char *path);

#endif
