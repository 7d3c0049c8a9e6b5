/*
 * Per-device feature control for Xen backends: reads what was requested for a
 * device, clamps it into what the backend can give, and says what became of
 * each request; and advertises what can be requested. It knows no feature: a
 * backend passes its table. Linux has the same for its backends,
 * xenbus_feature.c.
 *
 * Everything under config comes through xenstore and is taken as hostile.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qapi/error.h"
#include "hw/xen/xen-bus-helper.h"
#include "hw/xen/xen-features.h"
#include "hw/xen/interface/io/device-features.h"

/* The most that can be granted on this host, which is also the default. */
static unsigned int feature_limit(const XenFeature *feature)
{
    return feature->limit ? feature->limit() : feature->max;
}

void xen_features_default(const XenFeatures *features,
                          XenFeaturesGranted *granted)
{
    unsigned int i;

    assert(features->nr <= XEN_FEATURES_MAX);
    memset(granted, 0, sizeof(*granted));
    for (i = 0; i < features->nr; i++) {
        granted->value[i] = feature_limit(&features->table[i]);
    }
}

/* What the log shows of a string that anyone may have written. */
static char *printable(const char *s, size_t len)
{
    const size_t n = MIN(len, XEN_DEVICE_FEATURE_NAME_MAX);
    GString *str = g_string_new_len(s, n);
    size_t i;

    for (i = 0; i < n; i++) {
        if (!g_ascii_isprint(s[i])) {
            str->str[i] = '?';
        }
    }
    if (n < len) {
        g_string_append(str, "...");
    }
    return g_string_free(str, false);
}

/* qemu_strtoui() alone would take blanks, and a sign. */
static bool parse_value(const char *value, size_t len, unsigned int *n)
{
    if (!len || strspn(value, "0123456789") != len) {
        return false;
    }
    if (qemu_strtoui(value, NULL, 10, n)) {
        *n = UINT_MAX; /* above any limit */
    }
    return true;
}

static bool read_request(const XenFeatures *features,
                         struct qemu_xs_handle *xsh, const char *config,
                         const char *name, XenFeaturesGranted *granted,
                         GString *notices, Error **errp)
{
    g_autofree char *path = g_strdup_printf("%s/%s", config, name);
    g_autofree char *shown = NULL;
    const XenFeature *feature;
    unsigned int row, len, n;
    char *value;

    for (row = 0; row < features->nr; row++) {
        if (!strcmp(features->table[row].name, name)) {
            break;
        }
    }
    if (row == features->nr) {
        shown = printable(name, strlen(name));
        g_string_append_printf(notices, "%s/%s: unknown feature, ignored\n",
                               config, shown);
        return true;
    }

    value = qemu_xen_xs_read(xsh, XBT_NULL, path, &len);
    if (!value) {
        error_setg_errno(errp, errno, "reading %s", path);
        return false;
    }

    feature = &features->table[row];
    granted->known |= 1U << row;
    if (parse_value(value, len, &n)) {
        /* The maximum last: it holds even if it is below the minimum. */
        granted->value[row] = MIN(MAX(n, feature->min), feature_limit(feature));
    } else {
        granted->malformed |= 1U << row;
        shown = printable(value, len);
        g_string_append_printf(notices, "%s: \"%s\" is not a decimal number,"
                               " using the default\n", path, shown);
    }
    free(value);
    return true;
}

bool xen_features_read(const XenFeatures *features, struct qemu_xs_handle *xsh,
                       const char *path, XenFeaturesGranted *granted,
                       char **notices, Error **errp)
{
    g_autofree char *config = NULL;
    GString *said;
    unsigned int i, nr;
    char **names;
    bool ok = true;

    *notices = NULL;
    xen_features_default(features, granted);
    config = g_strdup_printf("%s/" XEN_DEVICE_FEATURE_CONFIG_DIR, path);
    names = qemu_xen_xs_directory(xsh, XBT_NULL, config, &nr);
    if (!names) {
        if (errno == ENOENT) {
            return true;
        }
        error_setg_errno(errp, errno, "reading %s", config);
        return false;
    }

    granted->config = true;
    said = g_string_new(NULL);
    for (i = 0; i < nr && ok; i++) {
        ok = read_request(features, xsh, config, names[i], granted, said, errp);
    }
    free(names);
    *notices = g_string_free(said, !said->len);
    return ok;
}

void xen_features_say(const char *notices)
{
    g_auto(GStrv) lines = g_strsplit(notices ?: "", "\n", -1);
    char **line;

    for (line = lines; *line && **line; line++) {
        warn_report("%s", *line);
    }
}

char *xen_features_answer(const XenFeatures *features,
                          const XenFeaturesGranted *granted)
{
    GString *answer;
    unsigned int i;

    if (!granted->config) {
        return NULL;
    }

    answer = g_string_new(NULL);
    for (i = 0; i < features->nr; i++) {
        if (!(granted->known & (1U << i))) {
            continue;
        }
        g_string_append_printf(answer, "%s%s=", answer->len ? " " : "",
                               features->table[i].name);
        if (granted->malformed & (1U << i)) {
            g_string_append(answer, XEN_DEVICE_FEATURE_MALFORMED);
        } else {
            g_string_append_printf(answer, "%u", granted->value[i]);
        }
    }
    return g_string_free(answer, false);
}

static bool advertise_feature(struct qemu_xs_handle *xsh, xs_transaction_t tid,
                              const char *dir, const XenFeature *feature,
                              Error **errp)
{
    g_autofree char *path = g_strdup_printf("%s/%s", dir, feature->name);
    const char *type = feature->type == XEN_FEATURE_BOOL ?
                       XEN_DEVICE_FEATURE_TYPE_BOOL :
                       XEN_DEVICE_FEATURE_TYPE_UINT;
    const unsigned int limit = feature_limit(feature);
    g_autofree char *value = g_strdup_printf("%s %u %u %u", type, feature->min,
                                             limit, limit);
    Error *err = NULL;
    bool same;
    char *old;

    old = qemu_xen_xs_read(xsh, tid, path, NULL);
    same = old && !strcmp(old, value);
    free(old);
    if (same) {
        return true;
    }

    xs_node_printf(xsh, tid, dir, feature->name, &err, "%s", value);
    if (!err) {
        xs_node_printf(xsh, tid, path, XEN_DEVICE_FEATURE_DESC, &err, "%s",
                       feature->desc);
    }
    if (!err && feature->frontend) {
        xs_node_printf(xsh, tid, path, XEN_DEVICE_FEATURE_INUSE, &err, "%s",
                       feature->frontend);
    }
    error_propagate(errp, err);
    return !err;
}

bool xen_features_advertise(const XenFeatures *features,
                            struct qemu_xs_handle *xsh)
{
    g_autofree char *dir =
        g_strdup_printf(XEN_DEVICE_FEATURE_ADVERTISED "/%s", features->backend);
    xs_transaction_t tid;
    Error *err = NULL;
    unsigned int i;

    /* In one transaction: nobody sees half of it. */
    do {
        tid = qemu_xen_xs_transaction_start(xsh);
        if (tid == XBT_NULL) {
            error_setg_errno(&err, errno, "failed xs_transaction_start");
            break;
        }
        for (i = 0; i < features->nr; i++) {
            if (!advertise_feature(xsh, tid, dir, &features->table[i], &err)) {
                break;
            }
        }
        if (qemu_xen_xs_transaction_end(xsh, tid, !!err) || err) {
            break;
        }
        if (errno != EAGAIN) {
            error_setg_errno(&err, errno, "failed xs_transaction_end");
        }
    } while (!err);

    if (err) {
        error_reportf_err(err, "%s: cannot be written: ", dir);
        return false;
    }
    return true;
}
