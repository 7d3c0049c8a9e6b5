/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Per-device feature control for PV backends: what a backend declares and
 * calls. The protocol is in xen/interface/io/device-features.h.
 */
#ifndef _XENBUS_FEATURE_H
#define _XENBUS_FEATURE_H

#include <linux/build_bug.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <xen/xenbus.h>

enum xenbus_feature_type {
	XENBUS_FEATURE_UINT,
	XENBUS_FEATURE_BOOL,
};

/**
 * struct xenbus_feature - one feature of a backend, one row of its table
 * @name:		the xenstore node that is published, and requested
 * @desc:		one sentence for an administrator
 * @type:		how people are shown the value; a boolean is 0 or 1
 * @min:		the least that can be granted
 * @max:		the most that can ever be granted
 * @limit:		the most that can be granted now (a module parameter,
 *			say); NULL: @max
 * @frontend:		the frontend's node that says how much it uses; NULL:
 *			none does
 * @restricts:		a larger value takes something away from the frontend:
 *			the default is @min. Of all others it is the most that
 *			can be granted now
 * @optional:		a frontend does without the node: where it cannot be
 *			written, @min is granted, and the device works all the
 *			same
 * @at_connect:		the driver publishes it itself when it connects, because
 *			it depends on the physical device; @limit counts then,
 *			for the driver to apply
 * @absent_if_zero:	not published where 0 is granted, because the node must
 *			not be there then
 */
struct xenbus_feature {
	const char *name;
	const char *desc;
	enum xenbus_feature_type type;
	unsigned int min;
	unsigned int max;
	unsigned int (*limit)(void);
	const char *frontend;
	bool restricts;
	bool optional;
	bool at_connect;
	bool absent_if_zero;
};

/**
 * struct xenbus_features - a backend type and its table
 * @backend:	the type as in backend/<type>: "vif", "vbd"
 * @table:	the features
 * @nr:		how many
 * @control:	the driver's module parameter feature_control: where it is
 *		false, devices get what they got before there was any
 */
struct xenbus_features {
	const char *backend;
	const struct xenbus_feature *table;
	unsigned int nr;
	const bool *control;
	/* private: of the engine, see xenbus_features_advertise() */
	struct notifier_block xenstore;
	struct xenbus_watch watch;
	struct delayed_work work;
	spinlock_t lock;	/* protects wanted, and the queueing of work */
	bool wanted;
	bool watching;
	bool advertised;
	unsigned long delay;
};

/*
 * Rows of a table. With the longest names and values the answer still fits into
 * a node that a driver domain may write, 2048 bytes with the permissions; and
 * struct xenbus_requested has the bits.
 */
#define XENBUS_FEATURES_MAX	24

/**
 * XENBUS_FEATURES() - define a struct xenbus_features
 * @_name:	of the variable
 * @_backend:	the type
 * @_table:	an array of struct xenbus_feature
 * @_control:	a bool that does not change after the module is loaded
 */
#define XENBUS_FEATURES(_name, _backend, _table, _control)	\
	struct xenbus_features _name = {			\
		.backend = _backend,				\
		.table = _table,				\
		.nr = ARRAY_SIZE(_table),			\
		.control = &(_control),				\
		.lock = __SPIN_LOCK_UNLOCKED(_name.lock),	\
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

/**
 * XENBUS_FEATURES_PARAM() - a module parameter that is a limit
 * @_name:	the parameter's name
 * @_value:	the variable
 * @_type:	uint or bool: as module_param() would check and show it
 * @_ops:	of XENBUS_FEATURES_PARAM_OPS()
 */
#define XENBUS_FEATURES_PARAM(_name, _value, _type, _ops)		\
	param_check_##_type(_name, &(_value));				\
	module_param_cb(_name, &(_ops), &(_value), 0644);		\
	__MODULE_PARM_TYPE(_name, #_type)

int xenbus_features_read(struct xenbus_device *dev,
			 const struct xenbus_features *features,
			 unsigned int *granted,
			 struct xenbus_requested *requested);
int xenbus_features_publish(struct xenbus_device *dev,
			    const struct xenbus_features *features,
			    unsigned int *granted,
			    const struct xenbus_requested *requested);
void xenbus_features_forget(struct xenbus_device *dev,
			    const struct xenbus_features *features,
			    const struct xenbus_requested *requested);

void xenbus_features_advertise(struct xenbus_features *features);
void xenbus_features_update(struct xenbus_features *features);
void xenbus_features_withdraw(struct xenbus_features *features);

#endif /* _XENBUS_FEATURE_H */
