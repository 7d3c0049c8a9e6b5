// SPDX-License-Identifier: GPL-2.0
/*
 * Per-device feature control for PV backends: the engine.
 *
 * It reads what was requested for a device, clamps it into what the backend
 * can give, publishes the result and says what became of each request; and it
 * advertises what can be requested. It knows no feature: a backend passes its
 * table.
 *
 * Everything under config comes through xenstore and is taken as hostile.
 */
#include <linux/bits.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include <xen/interface/io/device-features.h>
#include <xen/xenbus_feature.h>

/* Between two attempts to advertise, in seconds; doubled each time. */
#define RETRY_FIRST	1UL
#define RETRY_LAST	600UL

/* The most that can be granted to a device that is set up now. */
static unsigned int feature_limit(const struct xenbus_feature *feature)
{
	return feature->limit ? feature->limit() : feature->max;
}

/* What a driver that applies the limit when it connects is given before. */
static unsigned int feature_most(const struct xenbus_feature *feature)
{
	return feature->at_connect ? feature->max : feature_limit(feature);
}

/* Where nothing is requested, and @most can be granted. */
static unsigned int feature_default(const struct xenbus_feature *feature,
				    unsigned int most)
{
	return feature->restricts ? feature->min : most;
}

static const struct xenbus_feature *
feature_find(const struct xenbus_features *features, const char *name)
{
	unsigned int i;

	for (i = 0; i < features->nr; i++)
		if (!strcmp(features->table[i].name, name))
			return &features->table[i];
	return NULL;
}

/* What the log shows of a string that anyone may have written. */
struct printable {
	char str[XEN_DEVICE_FEATURE_NAME_MAX + 1];
};

static const char *printable(struct printable *p, const char *s,
			     unsigned int len)
{
	unsigned int i, n = min_t(unsigned int, len, sizeof(p->str) - 1);

	for (i = 0; i < n; i++)
		p->str[i] = isascii(s[i]) && isprint(s[i]) ? s[i] : '?';
	p->str[n] = '\0';
	if (n < len)
		memcpy(p->str + n - 3, "...", 3);
	return p->str;
}

/* kstrtouint() alone would take a sign, and a newline at the end. */
static int parse_value(const char *value, unsigned int len, unsigned int *n)
{
	if (!len || strspn(value, "0123456789") != len)
		return -EINVAL;
	if (kstrtouint(value, 10, n))
		*n = UINT_MAX;	/* above any limit */
	return 0;
}

static int read_request(struct xenbus_device *dev, const char *config,
			const char *name,
			const struct xenbus_features *features,
			unsigned int *granted,
			struct xenbus_requested *requested)
{
	const struct xenbus_feature *feature = feature_find(features, name);
	struct printable p;
	unsigned int row, len, n;
	char *value;

	if (!feature) {
		dev_notice(&dev->dev, "%s/%s: unknown feature, ignored\n",
			   config, printable(&p, name, strlen(name)));
		return 0;
	}

	value = xenbus_read(XBT_NIL, config, name, &len);
	if (IS_ERR(value)) {
		xenbus_dev_fatal(dev, PTR_ERR(value), "reading %s/%s", config,
				 name);
		return PTR_ERR(value);
	}

	row = feature - features->table;
	requested->known |= BIT(row);
	if (parse_value(value, len, &n)) {
		requested->malformed |= BIT(row);
		dev_warn(&dev->dev,
			 "%s/%s: \"%s\" is not a decimal number, using the default\n",
			 config, name, printable(&p, value, len));
	} else {
		/* The maximum last: it holds even if it is below the minimum. */
		n = max(n, feature->min);
		granted[row] = min(n, feature_most(feature));
	}
	kfree(value);
	return 0;
}

/**
 * xenbus_features_read() - find out what a device is granted
 * @dev:	the backend device
 * @features:	what this backend knows
 * @granted:	filled with a value for each row of the table
 * @requested:	filled for xenbus_features_publish() and xenbus_features_forget()
 *
 * To be called at probe, before anything is published. A device for which
 * nothing was requested costs one xenstore request. The driver may lower what
 * is granted before it passes it to xenbus_features_publish(), where a feature
 * is of no use without another one.
 *
 * A request that cannot be read ends the probe: the administrator may rely on
 * it to protect the host.
 *
 * Return: 0, or a negative error that has been reported as fatal to @dev.
 */
int xenbus_features_read(struct xenbus_device *dev,
			 const struct xenbus_features *features,
			 unsigned int *granted,
			 struct xenbus_requested *requested)
{
	unsigned int i, nr;
	char **names, *config;
	int err = 0;

	memset(requested, 0, sizeof(*requested));
	for (i = 0; i < features->nr; i++) {
		const struct xenbus_feature *feature = &features->table[i];

		granted[i] = feature_default(feature, feature_most(feature));
	}
	if (!*features->control)
		return 0;

	names = xenbus_directory(XBT_NIL, dev->nodename,
				 XEN_DEVICE_FEATURE_CONFIG_DIR, &nr);
	if (IS_ERR(names)) {
		err = PTR_ERR(names);
		if (err == -ENOENT)
			return 0;
		xenbus_dev_fatal(dev, err, "reading %s/" XEN_DEVICE_FEATURE_CONFIG_DIR,
				 dev->nodename);
		return err;
	}

	requested->config = true;
	config = kasprintf(GFP_KERNEL, "%s/" XEN_DEVICE_FEATURE_CONFIG_DIR,
			   dev->nodename);
	if (!config) {
		err = -ENOMEM;
		xenbus_dev_fatal(dev, err, "reading %s/" XEN_DEVICE_FEATURE_CONFIG_DIR,
				 dev->nodename);
	}
	for (i = 0; i < nr && !err; i++)
		err = read_request(dev, config, names[i], features, granted,
				   requested);

	kfree(config);
	kfree(names);
	return err;
}
EXPORT_SYMBOL_GPL(xenbus_features_read);

static int publish(struct xenbus_transaction xbt, struct xenbus_device *dev,
		   const struct xenbus_feature *feature, unsigned int granted,
		   const struct xenbus_requested *requested)
{
	if (feature->at_connect)
		return 0;
	if (!feature->absent_if_zero || granted)
		return xenbus_printf(xbt, dev->nodename, feature->name, "%u",
				     granted);
	/* There may be one of a driver that was bound before. */
	if (requested->config)
		xenbus_rm(xbt, dev->nodename, feature->name);
	return 0;
}

/* One word for each request that is known. */
static char *answer(const struct xenbus_features *features,
		    const unsigned int *granted,
		    const struct xenbus_requested *requested)
{
	/* Of all rows, however much is requested: blanks and the end included. */
	const unsigned int size = features->nr *
				  (XEN_DEVICE_FEATURE_NAME_MAX +
				   sizeof("=4294967295"));
	unsigned int i, len = 0;
	char *text;

	text = kzalloc(size, GFP_KERNEL);
	if (!text)
		return NULL;

	for (i = 0; i < features->nr; i++) {
		const struct xenbus_feature *feature = &features->table[i];

		if (!(requested->known & BIT(i)))
			continue;
		len += scnprintf(text + len, size - len, "%s%s=",
				 len ? " " : "", feature->name);
		if (requested->malformed & BIT(i))
			len += scnprintf(text + len, size - len,
					 XEN_DEVICE_FEATURE_MALFORMED);
		else
			len += scnprintf(text + len, size - len, "%u",
					 feature->at_connect ?
					 min(granted[i], feature_limit(feature)) :
					 granted[i]);
	}
	return text;
}

/* What may not fail, so that the frontend sees all of it or nothing. */
static int publish_all(struct xenbus_device *dev,
		       const struct xenbus_features *features,
		       const unsigned int *granted,
		       const struct xenbus_requested *requested,
		       const char *text)
{
	struct xenbus_transaction xbt;
	unsigned int i, nr = 0;
	int err;

	for (i = 0; i < features->nr; i++)
		nr += !features->table[i].optional;
	if (!nr && !text)
		return 0;

	do {
		err = xenbus_transaction_start(&xbt);
		if (err)
			return err;
		for (i = 0; i < features->nr && !err; i++)
			if (!features->table[i].optional)
				err = publish(xbt, dev, &features->table[i],
					      granted[i], requested);
		if (!err && text)
			err = xenbus_write(xbt, dev->nodename,
					   XEN_DEVICE_FEATURE_GRANTED, text);
		if (err) {
			xenbus_transaction_end(xbt, 1);
			return err;
		}
		err = xenbus_transaction_end(xbt, 0);
	} while (err == -EAGAIN);

	return err;
}

/**
 * xenbus_features_publish() - tell the frontend, and the toolstack, what is granted
 * @dev:	the backend device
 * @features:	what this backend knows
 * @granted:	as filled by xenbus_features_read(); lowered where an optional
 *		node could not be written. The frontend is to be held to it
 * @requested:	as filled by xenbus_features_read()
 *
 * To be called before the switch to InitWait. The toolstack gets an answer for
 * a device that has a config directory, and for no other: a backend that is
 * there without one has no feature control. So the probe must fail where this
 * does.
 *
 * Return: 0, or a negative error that has been reported as fatal to @dev.
 */
int xenbus_features_publish(struct xenbus_device *dev,
			    const struct xenbus_features *features,
			    unsigned int *granted,
			    const struct xenbus_requested *requested)
{
	unsigned int i;
	char *text = NULL;
	int err;

	for (i = 0; i < features->nr; i++) {
		const struct xenbus_feature *feature = &features->table[i];

		if (!feature->optional)
			continue;
		err = publish(XBT_NIL, dev, feature, granted[i], requested);
		if (!err)
			continue;
		dev_warn(&dev->dev, "writing %s/%s: %d\n", dev->nodename,
			 feature->name, err);
		granted[i] = feature->min;
	}

	if (requested->config) {
		text = answer(features, granted, requested);
		if (!text) {
			err = -ENOMEM;
			goto fail;
		}
	}
	err = publish_all(dev, features, granted, requested, text);
	kfree(text);
	if (err)
		goto fail;

	/* As before there was feature control: published, but not held. */
	for (i = 0; !*features->control && i < features->nr; i++)
		if (features->table[i].type == XENBUS_FEATURE_BOOL &&
		    !features->table[i].restricts)
			granted[i] = features->table[i].max;
	return 0;

fail:
	xenbus_dev_fatal(dev, err, "writing features of %s", dev->nodename);
	return err;
}
EXPORT_SYMBOL_GPL(xenbus_features_publish);

/**
 * xenbus_features_forget() - take back what only requests have led to
 * @dev:	the backend device
 * @features:	what this backend knows
 * @requested:	as filled by xenbus_features_read(), or zeroed
 *
 * To be called when the driver lets go of the device, or its probe fails:
 * neither the answer to the toolstack nor a node that is not always there must
 * be taken for one of the driver that is bound next.
 */
void xenbus_features_forget(struct xenbus_device *dev,
			    const struct xenbus_features *features,
			    const struct xenbus_requested *requested)
{
	unsigned int i;

	if (!requested->config)
		return;

	xenbus_rm(XBT_NIL, dev->nodename, XEN_DEVICE_FEATURE_GRANTED);
	for (i = 0; i < features->nr; i++)
		if (features->table[i].absent_if_zero)
			xenbus_rm(XBT_NIL, dev->nodename,
				  features->table[i].name);
}
EXPORT_SYMBOL_GPL(xenbus_features_forget);

static int advertise_feature(struct xenbus_transaction xbt, const char *dir,
			     const struct xenbus_feature *feature)
{
	const char *type = feature->type == XENBUS_FEATURE_BOOL ?
			   XEN_DEVICE_FEATURE_TYPE_BOOL :
			   XEN_DEVICE_FEATURE_TYPE_UINT;
	unsigned int limit = feature_limit(feature);
	char *path;
	int err;

	err = xenbus_printf(xbt, dir, feature->name, "%s %u %u %u", type,
			    feature->min, limit,
			    feature_default(feature, limit));
	if (err)
		return err;

	path = kasprintf(GFP_KERNEL, "%s/%s", dir, feature->name);
	if (!path)
		return -ENOMEM;

	err = xenbus_write(xbt, path, XEN_DEVICE_FEATURE_DESC, feature->desc);
	if (!err && feature->frontend)
		err = xenbus_write(xbt, path, XEN_DEVICE_FEATURE_INUSE,
				   feature->frontend);
	if (!err && feature->restricts)
		err = xenbus_write(xbt, path, XEN_DEVICE_FEATURE_RESTRICTS,
				   "1");
	kfree(path);
	return err;
}

/* In one transaction: nobody sees half of it. */
static int advertise(const struct xenbus_features *features)
{
	struct xenbus_transaction xbt;
	unsigned int i;
	char *dir;
	int err;

	/* Relative to the home of the backend's own domain. */
	dir = kasprintf(GFP_KERNEL, XEN_DEVICE_FEATURE_ADVERTISED "/%s",
			features->backend);
	if (!dir)
		return -ENOMEM;

	do {
		err = xenbus_transaction_start(&xbt);
		if (err)
			break;
		for (i = 0; i < features->nr && !err; i++)
			err = advertise_feature(xbt, dir, &features->table[i]);
		if (err)
			xenbus_transaction_end(xbt, 1);
		else
			err = xenbus_transaction_end(xbt, 0);
	} while (err == -EAGAIN);

	kfree(dir);
	return err;
}

/* Now, or as soon as this is possible again. */
static void advertise_in(struct xenbus_features *features, unsigned long seconds)
{
	spin_lock(&features->lock);
	if (features->wanted)
		mod_delayed_work(system_long_wq, &features->work, seconds * HZ);
	spin_unlock(&features->lock);
}

static void advertise_work(struct work_struct *work)
{
	struct xenbus_features *features =
		container_of(to_delayed_work(work), struct xenbus_features, work);
	int err;

	if (!features->watching) {
		err = register_xenbus_watch(&features->watch);
		features->watching = !err;	/* and there is an event */
	} else {
		err = advertise(features);
		features->advertised |= !err;
	}
	if (!err) {
		features->delay = 0;
		return;
	}

	/* Devices work all the same; only people cannot see what they can do. */
	if (!features->delay)
		pr_info(XEN_DEVICE_FEATURE_ADVERTISED "/%s: cannot be written yet: %d\n",
			features->backend, err);
	features->delay = clamp(features->delay * 2, RETRY_FIRST, RETRY_LAST);
	advertise_in(features, features->delay);
}

static int xenstore_reachable(struct notifier_block *nb, unsigned long event,
			      void *data)
{
	advertise_in(container_of(nb, struct xenbus_features, xenstore), 0);
	return NOTIFY_DONE;
}

/*
 * There is an event when a watch is registered, and xenbus registers all of
 * them again when the domain was resumed: it may have a new home, in which
 * there is nothing yet.
 */
static void home_changed(struct xenbus_watch *watch, const char *path,
			 const char *token)
{
	advertise_in(container_of(watch, struct xenbus_features, watch), 0);
}

/**
 * xenbus_features_advertise() - say in xenstore what can be requested
 * @features:	what this backend knows; its private fields are taken over
 *
 * To be called when the module is loaded. The nodes are written later: when
 * xenstore is reachable, again after the domain was resumed, and as often as it
 * takes. It is for people, so that no device waits for it, and nothing fails
 * without it.
 */
void xenbus_features_advertise(struct xenbus_features *features)
{
	if (!*features->control)
		return;

	INIT_DELAYED_WORK(&features->work, advertise_work);
	/* Parameters can be written already. */
	spin_lock(&features->lock);
	features->wanted = true;
	spin_unlock(&features->lock);
	/* A node that does not change as long as the home is the same. */
	features->watch.node = "domid";
	features->watch.callback = home_changed;
	features->xenstore.notifier_call = xenstore_reachable;
	register_xenstore_notifier(&features->xenstore);
}
EXPORT_SYMBOL_GPL(xenbus_features_advertise);

/**
 * xenbus_features_update() - a limit has changed
 * @features:	as it was passed to xenbus_features_advertise()
 *
 * Does nothing before that and after they are withdrawn, and never waits for
 * xenstore: it can be called from a module parameter's set function.
 */
void xenbus_features_update(struct xenbus_features *features)
{
	advertise_in(features, 0);
}
EXPORT_SYMBOL_GPL(xenbus_features_update);

/**
 * xenbus_features_withdraw() - undo xenbus_features_advertise()
 * @features:	as it was passed there
 */
void xenbus_features_withdraw(struct xenbus_features *features)
{
	if (!*features->control)
		return;

	unregister_xenstore_notifier(&features->xenstore);

	/* Neither the watch nor a parameter queues the work any more. */
	spin_lock(&features->lock);
	features->wanted = false;
	spin_unlock(&features->lock);
	cancel_delayed_work_sync(&features->work);

	if (features->watching)
		unregister_xenbus_watch(&features->watch);
	features->watching = false;

	if (features->advertised)
		xenbus_rm(XBT_NIL, XEN_DEVICE_FEATURE_ADVERTISED,
			  features->backend);
	features->advertised = false;
}
EXPORT_SYMBOL_GPL(xenbus_features_withdraw);
