/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of the kernel that the engine and our files of the backends use, for
 * a user-space build of the very same files. Force-included; their own
 * #includes find empty files, or the kernel's where they are in
 * kernel-test.mk. xenbus_*() end in the in-memory xenstore.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <arpa/inet.h>
#include <assert.h>
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

#include <xen/interface/io/xenbus.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define BIT(n)		(1UL << (n))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define max(a, b)	({ __auto_type _a = (a); __auto_type _b = (b); \
			   _a > _b ? _a : _b; })
#define min(a, b)	({ __auto_type _a = (a); __auto_type _b = (b); \
			   _a < _b ? _a : _b; })
#define min_t(t, a, b)	min((t)(a), (t)(b))
#define max_t(t, a, b)	max((t)(a), (t)(b))
#define clamp(n, a, b)	min(max(n, a), b)

#define ALIGN(n, to)	(((n) + (to) - 1) / (to) * (to))
#define DIV_ROUND_UP(n, by)	(((n) + (by) - 1) / (by))

#define EXPORT_SYMBOL_GPL(symbol)	struct symbol

#define likely(x)	(x)
#define unlikely(x)	(x)
#define WARN_ON(x)	((x) ? abort() : (void)0)
#define BUILD_BUG_ON(x)	_Static_assert(!(x), #x)

#define MAX_ERRNO	4095
#define IS_ERR(p)	((uintptr_t)(p) >= (uintptr_t)-MAX_ERRNO)
#define PTR_ERR(p)	((int)(intptr_t)(p))
#define ERR_PTR(e)	((void *)(intptr_t)(e))

typedef unsigned int gfp_t;
#define GFP_KERNEL		0
#define GFP_NOIO		1
#define GFP_NOWAIT		2
#define __GFP_NOWARN		4
char *kasprintf(gfp_t gfp, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void *kzalloc(size_t size, gfp_t gfp);
#define kfree(p)	free((void *)(p))
int scnprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int kstrtouint(const char *s, unsigned int base, unsigned int *res);

struct list_head {
	struct list_head *next, *prev;
};

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list;
	list->prev = list;
}

static inline void list_add_tail(struct list_head *item, struct list_head *list)
{
	item->next = list;
	item->prev = list->prev;
	list->prev->next = item;
	list->prev = item;
}

static inline void list_add(struct list_head *item, struct list_head *list)
{
	list_add_tail(item, list->next);
}

static inline void list_del(struct list_head *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	item->next = item->prev = NULL;
}

static inline void list_move(struct list_head *item, struct list_head *list)
{
	list_del(item);
	list_add(item, list);
}

#define LIST_HEAD(name)	struct list_head name = { &(name), &(name) }
#define list_empty(list)	((list)->next == (list))
#define list_first_entry_or_null(list, type, member) \
	(list_empty(list) ? NULL : container_of((list)->next, type, member))
#define list_for_each_entry_safe(pos, following, list, member) \
	for (pos = container_of((list)->next, __typeof__(*pos), member); \
	     following = container_of(pos->member.next, __typeof__(*pos), \
				      member), &pos->member != (list); \
	     pos = following)
#define list_for_each_entry(pos, list, member) \
	for (pos = container_of((list)->next, __typeof__(*pos), member); \
	     &pos->member != (list); \
	     pos = container_of(pos->member.next, __typeof__(*pos), member))

struct kernel_param {
	void *arg;
};

struct kernel_param_ops {
	unsigned int flags;
	int (*set)(const char *val, const struct kernel_param *kp);
	int (*get)(char *buffer, const struct kernel_param *kp);
};
#define KERNEL_PARAM_OPS_FL_NOARG	1

#define module_param(name, type, perm)	struct name
#define MODULE_PARM_DESC(name, desc)	struct name

int param_set_uint(const char *val, const struct kernel_param *kp);
int param_get_uint(char *buffer, const struct kernel_param *kp);
int param_set_bool(const char *val, const struct kernel_param *kp);
int param_get_bool(char *buffer, const struct kernel_param *kp);

struct notifier_block {
	int (*notifier_call)(struct notifier_block *nb, unsigned long event,
			     void *data);
};
#define NOTIFY_DONE	0

typedef struct {
	bool locked;
} spinlock_t;

#define __SPIN_LOCK_UNLOCKED(name) { .locked = false }
#define spin_lock(l)	((l)->locked ? abort() : (void)((l)->locked = true))
#define spin_unlock(l)	((l)->locked ? (void)((l)->locked = false) : abort())

#define spin_lock_irqsave(l, flags)	 ((flags) = 1, spin_lock(l))
#define spin_unlock_irqrestore(l, flags) ((flags) == 1 ? spin_unlock(l) : abort())

/* There is one workqueue, and it is run by the tests. */
struct work_struct {
	void (*func)(struct work_struct *work);
};
struct delayed_work {
	struct work_struct work;
	unsigned long words[10];
};
struct workqueue_struct;
#define system_long_wq	((struct workqueue_struct *)NULL)
#define to_delayed_work(w) container_of(w, struct delayed_work, work)
#define INIT_DELAYED_WORK(w, f) ((w)->work.func = (f))
bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *work,
		      unsigned long delay);
bool cancel_delayed_work_sync(struct delayed_work *work);
#define HZ		250

struct device {
	struct device *parent;
};

struct xenbus_device {
	const char *nodename;
	struct device dev;
};
#define to_xenbus_device(d)	container_of(d, struct xenbus_device, dev)

struct xenbus_transaction {
	unsigned int id;
};
#define XBT_NIL		((struct xenbus_transaction) { 0 })

/* The log: what the engine told an administrator, a line each. */
void kernel_log(const char *level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
#define dev_warn(dev, fmt, ...)	  kernel_log("warn: ", fmt, ##__VA_ARGS__)
#define dev_notice(dev, fmt, ...) kernel_log("notice: ", fmt, ##__VA_ARGS__)
#define pr_info(fmt, ...)	  kernel_log("info: ", fmt, ##__VA_ARGS__)
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
struct xenbus_watch {
	const char *node;
	void (*callback)(struct xenbus_watch *watch, const char *path,
			 const char *token);
};
int register_xenbus_watch(struct xenbus_watch *watch);
void unregister_xenbus_watch(struct xenbus_watch *watch);

/* What a packet is to a backend. */
struct sk_buff {
	u8 ip_summed;
	uint16_t protocol;
	bool gso;
};
#define skb_is_gso(skb)		((skb)->gso)
enum { CHECKSUM_NONE, CHECKSUM_UNNECESSARY, CHECKSUM_COMPLETE, CHECKSUM_PARTIAL };
#define ETH_P_IP		0x0800
#define ETH_P_ARP		0x0806
#define ETH_P_IPV6		0x86DD
#define ETH_HLEN		14
#define VLAN_HLEN		4
int skb_checksum_help(struct sk_buff *skb);

/*
 * What only has to be there for the drivers' own common.h, beside the kernel's
 * headers of what is shared with a guest. Those that are a part of a request
 * are as large as without a debug option, in words.
 */
#define PAGE_SIZE	4096
#define PAGE_MASK	(~(PAGE_SIZE - 1UL))
#define XEN_PAGE_SIZE	4096
#define XENBUS_MAX_RING_GRANT_ORDER	4
#define IFNAMSIZ	16
#define __packed	__attribute__((__packed__))
#define barrier()	__asm__ __volatile__("" : : : "memory")
#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))

typedef u16 domid_t;
typedef u64 sector_t;
typedef unsigned long xen_pfn_t;
typedef int irqreturn_t;
typedef struct { int counter; } atomic_t;
typedef struct { int unused; } rwlock_t;
typedef struct { unsigned int woken; } wait_queue_head_t;
typedef struct { } local_lock_t;
#define wake_up(wq)	((void)(wq)->woken++)

#define DEFINE_GUEST_HANDLE_STRUCT(name)	struct name
#define GUEST_HANDLE(type)	type *

struct completion { int unused; };
struct gnttab_page_cache { int unused; };
struct napi_struct { int unused; };
struct net_device { struct device dev; unsigned int mtu; };
struct rb_node { unsigned long words[3]; };
struct rb_root { struct rb_node *rb_node; };
struct rcu_head { int unused; };
struct sk_buff_head { int unused; };
struct timer_list { int unused; };
struct ubuf_info_msgzc { int unused; };

struct block_device;
struct dentry;
struct page;
struct seq_file;
struct task_struct;
struct ubuf_info;

/* A pool of pages, each an object for the sanitizer. */
#define virt_to_page(p)		((struct page *)((unsigned long)(p) & PAGE_MASK))
#define page_address(page)	((void *)(page))

typedef struct {
	int min_nr, curr_nr;
	struct page *elements[8];
} mempool_t;
int mempool_init_page_pool(mempool_t *pool, int min_nr, int order);
#define mempool_initialized(pool)	((pool)->min_nr > 0)
void mempool_exit(mempool_t *pool);
struct page *mempool_alloc(mempool_t *pool, gfp_t gfp);
void mempool_free(struct page *page, mempool_t *pool);

struct gntab_unmap_queue_data {
	struct delayed_work gnttab_work;
	void *pointers[5];
	unsigned int numbers[2];
};

/* For the tests. */
extern char kernel_log_text[8192];	/* since kernel_reset() */
extern bool kernel_no_memory;		/* no allocation succeeds */
extern unsigned int kernel_pages;	/* allocated, and the most that are */
extern unsigned int kernel_pages_max;
unsigned int memalloc_noio_save(void);
void memalloc_noio_restore(unsigned int before);
void msleep(unsigned int ms);	/* there is a page more */
extern bool kernel_xenstore_ready;	/* else a notifier waits */
void kernel_reset(void);
extern unsigned long kernel_work_delay;	/* of the work that waits, in jiffies */
void kernel_xenstore_appears(void);	/* calls the waiting notifier */
void kernel_resume(void);		/* the domain is resumed elsewhere */
bool kernel_work(void);			/* does the work that waits, if any */

#endif /* KERNEL_H */
