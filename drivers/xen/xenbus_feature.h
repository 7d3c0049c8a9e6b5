/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Per-device feature control for PV backends: what a backend declares and
 * calls. The protocol is in xen/interface/io/device-features.h.
 */
#ifndef _XENBUS_FEATURE_H
#define _XENBUS_FEATURE_H

#include <linux/build_bug.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/types.h>
#include <xen/xenbus.h>

enum xenbus_feature_type {
	XENBUS_FEATURE_UINT,
	XENBUS_FEATURE_BOOL,
};

/**
 * struct xenbus_feature - one feature of a backend, one row of its table
 * @name:	the xenstore node that is published, and requested
 * @desc:	one sentence for an administrator
 * @type:	how people are shown the value; a boolean is 0 or 1
 * @minval:the least that can be granted
 * @maxval:the most that can be granted now (a module parameter, say)
 * @defval:granted where nothing is requested; NULL: what @maxval returns
 * @frontend:	the frontend's node that says how much it uses; NULL: none does
 * @at_connect:	the driver publishes it itself when it connects, because it
 *		depends on the physical device
 * @only_if_set: published only where 1 is granted, because a frontend takes
 *		the node's absence for 0
 */
struct xenbus_feature {
	const char *name;
	const char *desc;
	enum xenbus_feature_type type;
	unsigned int minval;
	unsigned int (*maxval)(void);
	unsigned int (*defval)(void);
	const char *frontend;
	bool at_connect;
	bool only_if_set;
};

/**
 * struct xenbus_features - a backend type and its table
 * @backend:	the type as in backend/<type>: "vif", "vbd"
 * @table:	the features
 * @nr:		how many
 * @xenstore:	private: called when xenstore is reachable
 * @lock:	private: protects @advertised, and what it says, from changes of
 *		module parameters
 * @advertised:	private: backend/<type>/features has been written
 */
struct xenbus_features {
	const char *backend;
	const struct xenbus_feature *table;
	unsigned int nr;
	struct notifier_block xenstore;
	struct mutex lock;	/* protects advertised */
	bool advertised;
};

/*
 * Rows of a table. With the longest names and values the answer still fits into
 * a node that a driver domain may write, 2048 bytes with the permissions; and
 * struct xenbus_requested has the bits.
 */
#define XENBUS_FEATURES_MAX	24

#define XENBUS_FEATURES(_name, _backend, _table)		\
	struct xenbus_features _name = {			\
		.backend = _backend,				\
		.table = _table,				\
		.nr = ARRAY_SIZE(_table),			\
		.lock = __MUTEX_INITIALIZER(_name.lock),	\
	};							\
	static_assert(ARRAY_SIZE(_table) <= XENBUS_FEATURES_MAX, \
		      "too many features")

/**
 * struct xenbus_requested - what was requested for a device
 * @config:	there is a config directory, if an empty one
 * @known:	the rows of the table that were requested, a bit each
 * @malformed:	those of them whose request is no number
 */
struct xenbus_requested {
	bool config;
	u32 known;
	u32 malformed;
};

/**
 * XENBUS_FEATURES_PARAM_OPS() - operations of a module parameter that is a limit
 * @_name:	the struct kernel_param_ops to define
 * @_type:	"uint" or "bool": whose operations they are otherwise
 * @_flags:	of struct kernel_param_ops
 * @_features:	the features whose limits are advertised anew
 */
#define XENBUS_FEATURES_PARAM_OPS(_name, _type, _flags, _features)	\
	static int _name##_set(const char *val,				\
			       const struct kernel_param *kp)		\
	{								\
		int err = param_set_##_type(val, kp);			\
									\
		if (!err)						\
			xenbus_features_update(&(_features));		\
		return err;						\
	}								\
									\
	const struct kernel_param_ops _name = {				\
		.flags = _flags,					\
		.set = _name##_set,					\
		.get = param_get_##_type,				\
	}

unsigned int xenbus_feature_one(void);

int xenbus_features_read(struct xenbus_device *dev,
			 const struct xenbus_features *features,
			 unsigned int *granted,
			 struct xenbus_requested *requested);
int xenbus_features_publish(struct xenbus_transaction xbt,
			    struct xenbus_device *dev,
			    const struct xenbus_features *features,
			    const unsigned int *granted);
int xenbus_features_answer(struct xenbus_transaction xbt,
			   struct xenbus_device *dev,
			   const struct xenbus_features *features,
			   const unsigned int *granted,
			   const struct xenbus_requested *requested);
void xenbus_features_forget(struct xenbus_device *dev,
			    const struct xenbus_requested *requested);

int xenbus_features_advertise(struct xenbus_features *features);
void xenbus_features_update(struct xenbus_features *features);
void xenbus_features_withdraw(struct xenbus_features *features);

#endif /* _XENBUS_FEATURE_H */
