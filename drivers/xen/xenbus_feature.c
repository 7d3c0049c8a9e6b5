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
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <xen/interface/io/device-features.h>
#include <xen/xenbus_feature.h>

/* The maximum of a boolean that this backend always can grant. */
unsigned int xenbus_feature_one(void)
{
	return 1;
}
EXPORT_SYMBOL_GPL(xenbus_feature_one);

static unsigned int feature_default(const struct xenbus_feature *feature)
{
	return feature->defval ? feature->defval() : feature->maxval();
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
		n = max(n, feature->minval);
		granted[row] = min(n, feature->maxval());
	}
	kfree(value);
	return 0;
}

/**
 * xenbus_features_read() - find out what a device is granted
 * @dev:	the backend device
 * @features:	what this backend knows
 * @granted:	filled with a value for each row of the table
 * @requested:	filled for xenbus_features_answer() and xenbus_features_forget()
 *
 * To be called at probe, before anything is published. A device for which
 * nothing was requested costs one xenstore request.
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
	for (i = 0; i < features->nr; i++)
		granted[i] = feature_default(&features->table[i]);

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

/**
 * xenbus_features_publish() - tell the frontend what it is granted
 * @xbt:	the transaction to write in, or XBT_NIL
 * @dev:	the backend device
 * @features:	what this backend knows
 * @granted:	as filled by xenbus_features_read()
 *
 * Return: 0, or the error of the first node that could not be written.
 */
int xenbus_features_publish(struct xenbus_transaction xbt,
			    struct xenbus_device *dev,
			    const struct xenbus_features *features,
			    const unsigned int *granted)
{
	unsigned int i;
	int err;

	for (i = 0; i < features->nr; i++) {
		if (features->table[i].at_connect ||
		    (features->table[i].only_if_set && !granted[i]))
			continue;
		err = xenbus_printf(xbt, dev->nodename, features->table[i].name,
				    "%u", granted[i]);
		if (err)
			return err;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(xenbus_features_publish);

/**
 * xenbus_features_answer() - tell the toolstack what became of its requests
 * @xbt:	the transaction to write in, or XBT_NIL
 * @dev:	the backend device
 * @features:	what this backend knows
 * @granted:	as filled by xenbus_features_read(), and published
 * @requested:	as filled there
 *
 * To be called with xenbus_features_publish(), before the switch to InitWait:
 * a backend that is there without an answer is one without feature control. So
 * the probe must fail where this does. Does nothing for a device without a
 * config directory.
 *
 * Return: 0, or a negative error.
 */
int xenbus_features_answer(struct xenbus_transaction xbt,
			   struct xenbus_device *dev,
			   const struct xenbus_features *features,
			   const unsigned int *granted,
			   const struct xenbus_requested *requested)
{
	/* Of all rows, however much is requested: blanks and the end included. */
	const unsigned int size = features->nr *
				  (XEN_DEVICE_FEATURE_NAME_MAX + sizeof("=4294967295"));
	unsigned int i, len = 0;
	char *text;
	int err;

	if (!requested->config)
		return 0;

	text = kzalloc(size, GFP_KERNEL);
	if (!text)
		return -ENOMEM;

	for (i = 0; i < features->nr; i++) {
		if (!(requested->known & BIT(i)))
			continue;
		len += scnprintf(text + len, size - len, "%s%s=",
				 len ? " " : "", features->table[i].name);
		if (requested->malformed & BIT(i))
			len += scnprintf(text + len, size - len,
					 XEN_DEVICE_FEATURE_MALFORMED);
		else
			len += scnprintf(text + len, size - len, "%u",
					 granted[i]);
	}

	err = xenbus_write(xbt, dev->nodename, XEN_DEVICE_FEATURE_GRANTED, text);
	kfree(text);
	return err;
}
EXPORT_SYMBOL_GPL(xenbus_features_answer);

/**
 * xenbus_features_forget() - undo xenbus_features_answer()
 * @dev:	the backend device
 * @requested:	as filled by xenbus_features_read(), or zeroed
 *
 * To be called when the driver lets go of the device, or its probe fails: the
 * answer must not be taken for one of the driver that is bound next.
 */
void xenbus_features_forget(struct xenbus_device *dev,
			    const struct xenbus_requested *requested)
{
	if (requested->config)
		xenbus_rm(XBT_NIL, dev->nodename, XEN_DEVICE_FEATURE_GRANTED);
}
EXPORT_SYMBOL_GPL(xenbus_features_forget);

static int advertise_feature(struct xenbus_transaction xbt, const char *dir,
			     const struct xenbus_feature *feature)
{
	const char *type = feature->type == XENBUS_FEATURE_BOOL ?
			   XEN_DEVICE_FEATURE_TYPE_BOOL : XEN_DEVICE_FEATURE_TYPE_UINT;
	const struct {
		const char *suffix;
		unsigned int value;
	} numbers[] = {
		{ XEN_DEVICE_FEATURE_SUFFIX_DEFVAL, feature_default(feature) },
		{ XEN_DEVICE_FEATURE_SUFFIX_MINVAL, feature->minval },
		{ XEN_DEVICE_FEATURE_SUFFIX_MAXVAL, feature->maxval() },
	};
	char node[XEN_DEVICE_FEATURE_NAME_MAX + sizeof(XEN_DEVICE_FEATURE_SUFFIX_DEFVAL)];
	unsigned int i;
	int err;

	snprintf(node, sizeof(node), "%s" XEN_DEVICE_FEATURE_SUFFIX_DESC,
		 feature->name);
	err = xenbus_write(xbt, dir, node, feature->desc);
	if (err)
		return err;

	snprintf(node, sizeof(node), "%s" XEN_DEVICE_FEATURE_SUFFIX_TYPE,
		 feature->name);
	err = xenbus_write(xbt, dir, node, type);
	if (err)
		return err;

	if (feature->frontend) {
		snprintf(node, sizeof(node), "%s" XEN_DEVICE_FEATURE_SUFFIX_INUSE,
			 feature->name);
		err = xenbus_write(xbt, dir, node, feature->frontend);
		if (err)
			return err;
	}

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		snprintf(node, sizeof(node), "%s%s", feature->name,
			 numbers[i].suffix);
		err = xenbus_printf(xbt, dir, node, "%u", numbers[i].value);
		if (err)
			return err;
	}
	return 0;
}

/* In one transaction: nobody sees half of it. */
static int advertise(const struct xenbus_features *features)
{
	struct xenbus_transaction xbt;
	unsigned int i;
	char *dir;
	int err;

	/* Relative to the home of the backend's own domain. */
	dir = kasprintf(GFP_KERNEL, "backend/%s/" XEN_DEVICE_FEATURE_ADVERTISED_DIR,
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

static int xenstore_reachable(struct notifier_block *nb, unsigned long event,
			      void *data)
{
	struct xenbus_features *features =
		container_of(nb, struct xenbus_features, xenstore);
	int err;

	mutex_lock(&features->lock);
	err = advertise(features);
	features->advertised = !err;
	mutex_unlock(&features->lock);

	/* Devices work all the same; only tools cannot say what they can. */
	if (err)
		pr_warn("backend/%s: features not advertised: %d\n",
			features->backend, err);
	return NOTIFY_DONE;
}

/**
 * xenbus_features_advertise() - say in xenstore what can be requested
 * @features:	what this backend knows; its private fields are taken over
 *
 * To be called when the module is loaded. Where xenstore is not reachable
 * yet, the nodes are written when it is.
 *
 * Return: 0, or a negative error.
 */
int xenbus_features_advertise(struct xenbus_features *features)
{
	features->xenstore.notifier_call = xenstore_reachable;
	return register_xenstore_notifier(&features->xenstore);
}
EXPORT_SYMBOL_GPL(xenbus_features_advertise);

/**
 * xenbus_features_update() - a limit has changed
 * @features:	as it was passed to xenbus_features_advertise()
 *
 * Does nothing before the features are advertised or after they are withdrawn,
 * so that it can be called from a module parameter's set function.
 */
void xenbus_features_update(struct xenbus_features *features)
{
	int err = 0;

	mutex_lock(&features->lock);
	if (features->advertised)
		err = advertise(features);
	mutex_unlock(&features->lock);

	if (err)
		pr_warn("backend/%s: changed features not advertised: %d\n",
			features->backend, err);
}
EXPORT_SYMBOL_GPL(xenbus_features_update);

/**
 * xenbus_features_withdraw() - undo xenbus_features_advertise()
 * @features:	as it was passed there
 */
void xenbus_features_withdraw(struct xenbus_features *features)
{
	char *dir;

	unregister_xenstore_notifier(&features->xenstore);

	mutex_lock(&features->lock);
	if (features->advertised) {
		/* xenbus_rm() wants a directory and a node of it. */
		dir = kasprintf(GFP_KERNEL, "backend/%s", features->backend);
		if (dir)
			xenbus_rm(XBT_NIL, dir, XEN_DEVICE_FEATURE_ADVERTISED_DIR);
		kfree(dir);
		features->advertised = false;
	}
	mutex_unlock(&features->lock);
}
EXPORT_SYMBOL_GPL(xenbus_features_withdraw);
