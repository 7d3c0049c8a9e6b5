/*
 * Per-device feature control for Xen backends: what a backend declares and
 * calls. The protocol is in hw/xen/interface/io/device-features.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_XEN_FEATURES_H
#define HW_XEN_FEATURES_H

#include "hw/xen/xen_backend_ops.h"

typedef enum XenFeatureType {
    XEN_FEATURE_UINT,
    XEN_FEATURE_BOOL,
} XenFeatureType;

/**
 * XenFeature: one feature of a backend, one row of its table
 *
 * @name: the xenstore node that is published, and requested
 * @desc: one sentence for an administrator
 * @type: how people are shown the value; a boolean is 0 or 1
 * @min: the least that can be granted
 * @max: the most that can be granted, and what is where nothing is requested
 * @limit: the most that can be granted on this host; NULL: @max
 * @frontend: the frontend's node that says how much it uses; NULL: none does
 */
typedef struct XenFeature {
    const char *name;
    const char *desc;
    XenFeatureType type;
    unsigned int min;
    unsigned int max;
    unsigned int (*limit)(void);
    const char *frontend;
} XenFeature;

/* Rows of a table: the answer fits into a node of a driver domain. */
#define XEN_FEATURES_MAX 24

/**
 * XenFeatures: a backend type and its table
 *
 * @backend: the type, as in backend/<type>: "qdisk"
 * @table: the features
 * @nr: how many, XEN_FEATURES_MAX at most
 */
typedef struct XenFeatures {
    const char *backend;
    const XenFeature *table;
    unsigned int nr;
} XenFeatures;

/**
 * XenFeaturesGranted: what a device is granted
 *
 * @value: of each row of the table. The frontend is to be held to it
 * @config: there is a config directory, if an empty one
 * @known: the rows that were requested, a bit each
 * @malformed: those of them whose request is no number
 */
typedef struct XenFeaturesGranted {
    unsigned int value[XEN_FEATURES_MAX];
    bool config;
    uint32_t known;
    uint32_t malformed;
} XenFeaturesGranted;

/**
 * xen_features_default: grant what a device has for which nothing is requested
 */
void xen_features_default(const XenFeatures *features,
                          XenFeaturesGranted *granted);

/**
 * xen_features_read: find out what a device is granted
 *
 * @features: what this backend knows
 * @xsh: xenstore
 * @path: of the backend
 * @granted: filled
 * @notices: set to what is to be said of requests that are no number, or
 *           unknown, for xen_features_say() and g_free(); or to NULL
 * @errp: a request that cannot be read. The device must not be served then: the
 *        administrator may rely on the request to protect the host
 *
 * To be called before anything is published. A device for which nothing was
 * requested costs one xenstore request.
 *
 * Returns: true on success.
 */
bool xen_features_read(const XenFeatures *features, struct qemu_xs_handle *xsh,
                       const char *path, XenFeaturesGranted *granted,
                       char **notices, Error **errp);

/**
 * xen_features_say: write notices to the log, a line each
 *
 * To be called when the device is there: until then it may be tried again and
 * again.
 */
void xen_features_say(const char *notices);

/**
 * xen_features_answer: what the toolstack is told of the requests
 *
 * To be written to XEN_DEVICE_FEATURE_GRANTED of the backend's directory before
 * the switch to InitWait.
 *
 * Returns: the node's value, for the caller to g_free(); NULL for a device that
 * has no config directory, which must not have that node.
 */
char *xen_features_answer(const XenFeatures *features,
                          const XenFeaturesGranted *granted);

/**
 * xen_features_advertise: say in xenstore what can be requested
 *
 * In the home of the backend's domain. It is a hint, for people: nothing
 * depends on it, and an error is only logged. It stays when this process ends,
 * because there may be others; written is only what is not there already.
 *
 * Returns: true on success.
 */
bool xen_features_advertise(const XenFeatures *features,
                            struct qemu_xs_handle *xsh);

#endif /* HW_XEN_FEATURES_H */
