/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of the kernel that the engine uses, for a user-space build of the
 * very same file. Force-included; the engine's own #includes find empty files.
 * xenbus_*() end in the in-memory xenstore.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define max(a, b)	({ __auto_type _a = (a); __auto_type _b = (b); \
			   _a > _b ? _a : _b; })
#define min(a, b)	({ __auto_type _a = (a); __auto_type _b = (b); \
			   _a < _b ? _a : _b; })
#define min_t(t, a, b)	min((t)(a), (t)(b))

#define EXPORT_SYMBOL_GPL(symbol)	struct symbol

#define MAX_ERRNO	4095
#define IS_ERR(p)	((uintptr_t)(p) >= (uintptr_t)-MAX_ERRNO)
#define PTR_ERR(p)	((int)(intptr_t)(p))
#define ERR_PTR(e)	((void *)(intptr_t)(e))

typedef unsigned int gfp_t;
#define GFP_KERNEL	0
char *kasprintf(gfp_t gfp, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
#define kfree(p)	free((void *)(p))
int kstrtouint(const char *s, unsigned int base, unsigned int *res);

struct notifier_block {
	int (*notifier_call)(struct notifier_block *nb, unsigned long event,
			     void *data);
};
#define NOTIFY_DONE	0

struct mutex {
	bool locked;
};

#define __MUTEX_INITIALIZER(name) { .locked = false }
#define mutex_lock(m)	((m)->locked ? abort() : (void)((m)->locked = true))
#define mutex_unlock(m)	((m)->locked ? (void)((m)->locked = false) : abort())

struct device {
	int unused;
};

struct xenbus_device {
	const char *nodename;
	struct device dev;
};

struct xenbus_transaction {
	unsigned int id;
};
#define XBT_NIL		((struct xenbus_transaction) { 0 })

/* The log: what the engine told an administrator, a line each. */
void kernel_log(const char *level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
#define dev_warn(dev, fmt, ...)	  kernel_log("warn: ", fmt, ##__VA_ARGS__)
#define dev_notice(dev, fmt, ...) kernel_log("notice: ", fmt, ##__VA_ARGS__)
#define pr_warn(fmt, ...)	  kernel_log("warn: ", fmt, ##__VA_ARGS__)
#define xenbus_dev_fatal(dev, err, fmt, ...) \
	kernel_log("fatal: ", "%d " fmt "\n", err, ##__VA_ARGS__)

char **xenbus_directory(struct xenbus_transaction t, const char *dir,
			const char *node, unsigned int *num);
void *xenbus_read(struct xenbus_transaction t, const char *dir,
		  const char *node, unsigned int *len);
int xenbus_write(struct xenbus_transaction t, const char *dir,
		 const char *node, const char *string);
int xenbus_printf(struct xenbus_transaction t, const char *dir,
		  const char *node, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int xenbus_rm(struct xenbus_transaction t, const char *dir, const char *node);
int xenbus_transaction_start(struct xenbus_transaction *t);
int xenbus_transaction_end(struct xenbus_transaction t, int abort);

int register_xenstore_notifier(struct notifier_block *nb);
void unregister_xenstore_notifier(struct notifier_block *nb);

/* For the tests. */
extern char kernel_log_text[8192];	/* since kernel_reset() */
extern bool kernel_no_memory;		/* kasprintf() fails */
extern bool kernel_xenstore_ready;	/* else a notifier waits */
void kernel_reset(void);
void kernel_xenstore_appears(void);	/* calls the waiting notifier */

#endif /* KERNEL_H */
