// SPDX-License-Identifier: GPL-2.0
/*
 * xenbus and the rest of the kernel as the engine and our files of the backends
 * see them, on top of the in-memory xenstore. The backend's domain is 0.
 */
#include "kernel.h"

#include <xenstore.h>

char kernel_log_text[8192];
bool kernel_no_memory;
unsigned int kernel_pages, kernel_pages_max;
bool kernel_xenstore_ready;

static struct xs_handle *xs;
static struct notifier_block *waiting;
static struct xenbus_watch *watching;
static struct delayed_work *pending;
unsigned long kernel_work_delay;

void kernel_reset(void)
{
	if (!xs)
		xs = xs_open(0);
	kernel_log_text[0] = '\0';
	kernel_no_memory = false;
	kernel_pages = 0;
	kernel_pages_max = UINT_MAX;
	kernel_xenstore_ready = true;
	waiting = NULL;
	watching = NULL;
	pending = NULL;
}

void kernel_log(const char *level, const char *fmt, ...)
{
	size_t len = strlen(kernel_log_text);
	va_list ap;

	len += snprintf(kernel_log_text + len, sizeof(kernel_log_text) - len,
			"%s", level);
	va_start(ap, fmt);
	vsnprintf(kernel_log_text + len, sizeof(kernel_log_text) - len, fmt,
		  ap);
	va_end(ap);
}

char *kasprintf(gfp_t gfp, const char *fmt, ...)
{
	va_list ap;
	char *s;

	if (kernel_no_memory)
		return NULL;
	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return s;
}

void *kzalloc(size_t size, gfp_t gfp)
{
	return kernel_no_memory ? NULL : calloc(1, size);
}

static struct page *get_page(void)
{
	void *page;

	if (kernel_no_memory || kernel_pages == kernel_pages_max)
		return NULL;
	page = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	memset(page, 0xa5, PAGE_SIZE);
	kernel_pages++;
	return page;
}

static void put_page(struct page *page)
{
	assert(!((unsigned long)page & ~PAGE_MASK));
	kernel_pages--;
	free(page);
}

static bool noio;

unsigned int memalloc_noio_save(void)
{
	unsigned int before = noio;

	noio = true;
	return before;
}

void memalloc_noio_restore(unsigned int before)
{
	noio = before;
}

void msleep(unsigned int ms)
{
	kernel_pages_max++;
}

int mempool_init_page_pool(mempool_t *pool, int min_nr, int order)
{
	assert(!order && noio);
	assert(min_nr > 0 && min_nr <= (int)ARRAY_SIZE(pool->elements));
	*pool = (mempool_t) { .min_nr = min_nr };
	while (pool->curr_nr < min_nr) {
		struct page *page = get_page();

		if (!page) {
			mempool_exit(pool);
			return -ENOMEM;
		}
		pool->elements[pool->curr_nr++] = page;
	}
	return 0;
}

void mempool_exit(mempool_t *pool)
{
	while (pool->curr_nr)
		put_page(pool->elements[--pool->curr_nr]);
	*pool = (mempool_t) { 0 };
}

/* Where it would wait, nobody is there to wake it. */
struct page *mempool_alloc(mempool_t *pool, gfp_t gfp)
{
	struct page *page = get_page();

	assert(gfp == GFP_NOIO);
	if (page)
		return page;
	assert(pool->curr_nr);
	return pool->elements[--pool->curr_nr];
}

void mempool_free(struct page *page, mempool_t *pool)
{
	if (pool->curr_nr < pool->min_nr)
		pool->elements[pool->curr_nr++] = page;
	else
		put_page(page);
}

/* Returns what it has written, not what it would have. */
int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return len < (int)size ? len : (int)size - 1;
}

/* As strict as the kernel's: it takes a '+' and one newline at the end. */
int kstrtouint(const char *s, unsigned int base, unsigned int *res)
{
	unsigned long long n;
	char *end;

	if (*s == '+')
		s++;
	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	n = strtoull(s, &end, base);
	if (*end == '\n')
		end++;
	if (*end)
		return -EINVAL;
	if (errno || n > UINT_MAX)
		return -ERANGE;
	*res = n;
	return 0;
}

int param_set_uint(const char *val, const struct kernel_param *kp)
{
	return kstrtouint(val, 0, kp->arg);
}

int param_get_uint(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%u\n", *(unsigned int *)kp->arg);
}

/* Without a value, as in "modprobe xen-netback separate_tx_rx_irq", it is set. */
int param_set_bool(const char *val, const struct kernel_param *kp)
{
	unsigned int on = 1;
	int err = val ? kstrtouint(val, 0, &on) : 0;

	if (!err)
		*(bool *)kp->arg = on;
	return err;
}

int param_get_bool(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%c\n", *(bool *)kp->arg ? 'Y' : 'N');
}

/* A relative path starts at the home of the caller's domain. */
static const char *path(const char *dir, const char *node)
{
	static char buf[4096];

	snprintf(buf, sizeof(buf), "%s%s%s%s",
		 dir[0] == '/' ? "" : "/local/domain/0/", dir,
		 node[0] ? "/" : "", node);
	return buf;
}

char **xenbus_directory(struct xenbus_transaction t, const char *dir,
			const char *node, unsigned int *num)
{
	char **names = xs_directory(xs, t.id, path(dir, node), num);

	return names ? names : ERR_PTR(-errno);
}

void *xenbus_read(struct xenbus_transaction t, const char *dir,
		  const char *node, unsigned int *len)
{
	void *value = xs_read(xs, t.id, path(dir, node), len);

	return value ? value : ERR_PTR(-errno);
}

int xenbus_write(struct xenbus_transaction t, const char *dir,
		 const char *node, const char *string)
{
	return xs_write(xs, t.id, path(dir, node), string, strlen(string)) ?
		       0 : -errno;
}

int xenbus_printf(struct xenbus_transaction t, const char *dir,
		  const char *node, const char *fmt, ...)
{
	char value[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	return xenbus_write(t, dir, node, value);
}

int xenbus_rm(struct xenbus_transaction t, const char *dir, const char *node)
{
	return xs_rm(xs, t.id, path(dir, node)) ? 0 : -errno;
}

int xenbus_transaction_start(struct xenbus_transaction *t)
{
	t->id = xs_transaction_start(xs);
	return t->id ? 0 : -errno;
}

int xenbus_transaction_end(struct xenbus_transaction t, int abort)
{
	return xs_transaction_end(xs, t.id, abort) ? 0 : -errno;
}

int register_xenstore_notifier(struct notifier_block *nb)
{
	if (kernel_xenstore_ready)
		nb->notifier_call(nb, 0, NULL);
	else
		waiting = nb;
	return 0;
}

void unregister_xenstore_notifier(struct notifier_block *nb)
{
	if (waiting == nb)
		waiting = NULL;
}

/* There is an event at once, as for a node that is read. */
int register_xenbus_watch(struct xenbus_watch *watch)
{
	void *value = xenbus_read(XBT_NIL, watch->node, "", NULL);

	if (IS_ERR(value) && PTR_ERR(value) != -ENOENT)
		return PTR_ERR(value);
	if (!IS_ERR(value))
		kfree(value);
	watching = watch;
	watch->callback(watch, watch->node, "");
	return 0;
}

void unregister_xenbus_watch(struct xenbus_watch *watch)
{
	if (watching != watch)
		abort();
	watching = NULL;
}

void kernel_resume(void)
{
	if (watching)
		watching->callback(watching, watching->node, "");
}

bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *work,
		      unsigned long delay)
{
	bool was = pending;

	pending = work;
	kernel_work_delay = delay;
	return was;
}

bool cancel_delayed_work_sync(struct delayed_work *work)
{
	bool was = pending == work;

	if (was)
		pending = NULL;
	return was;
}

bool kernel_work(void)
{
	struct delayed_work *work = pending;

	pending = NULL;
	if (work)
		work->work.func(&work->work);
	return work;
}

int skb_checksum_help(struct sk_buff *skb)
{
	if (kernel_no_memory)
		return -ENOMEM;
	skb->ip_summed = CHECKSUM_NONE;
	return 0;
}

void kernel_xenstore_appears(void)
{
	kernel_xenstore_ready = true;
	if (waiting)
		waiting->notifier_call(waiting, 0, NULL);
}
