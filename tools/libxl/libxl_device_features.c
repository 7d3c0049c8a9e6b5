/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * What can be requested of a backend, and what became of the requests: see
 * libxl.h, and xen/io/device-features.h for the protocol.
 *
 * Only what is below /libxl is the toolstack's own.  What a backend
 * advertises and publishes, and what a frontend writes, comes from domains
 * that may be hostile: here it is checked, and what is passed on of it is
 * short and can be printed.  No feature is known here.
 */

#include "libxl_osdeps.h" /* must come before any other headers */

#include "libxl_internal.h"

#include <xen/io/device-features.h>

/* What is taken of other domains: more than any backend has to say. */
#define MAX_FEATURES 256
#define MAX_VALUE    64
#define MAX_DESC     256

/* What the backends of one type and domain advertise: read once in a call. */
typedef struct libxl__advertised libxl__advertised;
struct libxl__advertised {
    XEN_SLIST_ENTRY(libxl__advertised) entry;
    libxl_domid backend_domid;
    libxl__device_kind backend_kind;
    libxl_backend_feature *list;
    int num;
};
typedef XEN_SLIST_HEAD(, libxl__advertised) libxl__advertised_list;

static int check_domain(libxl__gc *gc, uint32_t domid)
{
    int rc = libxl_domain_info(CTX, NULL, domid);

    if (rc == ERROR_DOMAIN_NOTFOUND)
        LOGD(ERROR, domid, "there is no such domain");

    return rc;
}

/* A decimal number of any length; one that is too large is very large. */
static bool parse_number(const char *text, uint64_t *number)
{
    if (!text || !text[0] || text[strspn(text, "0123456789")])
        return false;

    *number = strtoull(text, NULL, 10); /* ULLONG_MAX on overflow */
    return true;
}

/* A copy of a string of another domain. */
static char *printable(libxl__gc *gc, const char *text, size_t max)
{
    char *copy = libxl__strndup(NOGC, text, max), *p;

    for (p = copy; *p; p++)
        if (*p < ' ' || *p > '~') /* in any locale */
            *p = '?';

    return copy;
}

/* The children of a node; NULL: there is no such node. */
static int list_children(libxl__gc *gc, uint32_t domid, const char *path,
                         char ***children_r, unsigned int *num_r)
{
    *num_r = 0;
    *children_r = libxl__xs_directory(gc, XBT_NULL, path, num_r);
    if (!*children_r && errno != ENOENT) {
        LOGED(ERROR, domid, "unable to list %s", path);
        return ERROR_FAIL;
    }

    return 0;
}

static bool parse_limit(const char *text, uint32_t *limit)
{
    uint64_t n;

    if (!parse_number(text, &n) || n > UINT32_MAX)
        return false;

    *limit = n;
    return true;
}

static libxl_feature_type parse_type(const char *text)
{
    if (!strcmp(text, XEN_DEVICE_FEATURE_TYPE_UINT))
        return LIBXL_FEATURE_TYPE_UINT;
    if (!strcmp(text, XEN_DEVICE_FEATURE_TYPE_BOOL))
        return LIBXL_FEATURE_TYPE_BOOL;

    return LIBXL_FEATURE_TYPE_UNKNOWN;
}

/* "<type> <min> <max> <default>", and one blank between two of them. */
static bool parse_feature(libxl__gc *gc, const char *text,
                          libxl_backend_feature *feature)
{
    char *words = libxl__strdup(gc, text);
    const char *type = strsep(&words, " ");

    if (!type || !type[0] ||
        !parse_limit(strsep(&words, " "), &feature->minimum) ||
        !parse_limit(strsep(&words, " "), &feature->maximum) ||
        !parse_limit(strsep(&words, " "), &feature->defval) || words)
        return false;

    feature->type = parse_type(type);
    return true;
}

/*
 * 1: done, 0: what is advertised makes no sense, < 0: error.
 * describe: a person will see it.
 */
static int read_feature(libxl__gc *gc, uint32_t domid, const char *dir,
                        const char *name, bool describe,
                        libxl_backend_feature *feature)
{
    const char *path = GCSPRINTF("%s/%s", dir, name), *text;
    unsigned int i, num;
    char **children;
    int rc;

    rc = libxl__xs_read_checked(gc, XBT_NULL, path, &text);
    if (rc) return rc;
    if (!text || !parse_feature(gc, text, feature))
        return 0;

    rc = list_children(gc, domid, path, &children, &num);
    if (rc) return rc;

    for (i = 0; i < num; i++) {
        bool desc = describe && !strcmp(children[i], XEN_DEVICE_FEATURE_DESC);
        bool inuse = !strcmp(children[i], XEN_DEVICE_FEATURE_INUSE);

        if (!desc && !inuse &&
            strcmp(children[i], XEN_DEVICE_FEATURE_RESTRICTS))
            continue;
        rc = libxl__xs_read_checked(gc, XBT_NULL,
                                    GCSPRINTF("%s/%s", path, children[i]),
                                    &text);
        if (rc) return rc;
        if (!text)
            continue;

        if (desc)
            feature->description = printable(gc, text, MAX_DESC);
        else if (!inuse)
            feature->restricts = !strcmp(text, "1");
        else if (libxl_device_config_key_valid(text))
            feature->frontend_node = libxl__strdup(NOGC, text);
    }

    feature->name = libxl__strdup(NOGC, name);

    return 1;
}

#ifndef UPSTREAM
/*
 * For one release: where a backend of the version before advertises,
 * ~/backend/<type>/features, with a node <feature><suffix> for each of what
 * is said.  This, and what calls it in read_advertised(), is all of it.
 */

/* The features: each has one node that ends in -type.  NULL: no such place. */
static int old_list(libxl__gc *gc, uint32_t domid, const char *dir,
                    char ***names_r, unsigned int *num_r)
{
    static const char suffix[] = "-type";
    const size_t suffix_len = strlen(suffix);
    unsigned int i, num_nodes;
    char **nodes;
    int rc;

    rc = list_children(gc, domid, dir, &nodes, &num_nodes);
    if (rc) return rc;

    *num_r = 0;
    for (i = 0; i < num_nodes; i++) {
        size_t len = strlen(nodes[i]);

        if (len < suffix_len || strcmp(nodes[i] + len - suffix_len, suffix))
            continue;
        nodes[(*num_r)++] = libxl__strndup(gc, nodes[i], len - suffix_len);
    }
    *names_r = nodes;

    return 0;
}

/* As read_feature(). */
static int old_read_feature(libxl__gc *gc, uint32_t domid, const char *dir,
                            const char *name, bool describe,
                            libxl_backend_feature *feature)
{
    static const char *const suffixes[] = {
        "minval", "maxval", "defval", "type", "inuse", "desc"
    };
    const char *text[ARRAY_SIZE(suffixes)] = { NULL };
    unsigned int i;
    int rc;

    for (i = 0; i < ARRAY_SIZE(suffixes) - !describe; i++) {
        rc = libxl__xs_read_checked(gc, XBT_NULL,
                                    GCSPRINTF("%s/%s-%s", dir, name,
                                              suffixes[i]), &text[i]);
        if (rc) return rc;
    }

    if (!parse_limit(text[0], &feature->minimum) ||
        !parse_limit(text[1], &feature->maximum) ||
        !parse_limit(text[2], &feature->defval) || !text[3])
        return 0;

    feature->type = parse_type(text[3]);
    if (text[4] && libxl_device_config_key_valid(text[4]))
        feature->frontend_node = libxl__strdup(NOGC, text[4]);
    if (text[5])
        feature->description = printable(gc, text[5], MAX_DESC);
    feature->name = libxl__strdup(NOGC, name);

    return 1;
}

#endif /* UPSTREAM */

static int compare_features(const void *a, const void *b)
{
    const libxl_backend_feature *fa = a, *fb = b;

    return strcmp(fa->name, fb->name);
}

static int read_advertised(libxl__gc *gc, libxl_domid backend_domid,
                           const char *type, bool describe,
                           libxl_backend_feature **list_r, int *num_r)
{
    const char *home = libxl__xs_get_dompath(gc, backend_domid);
    const char *dir = GCSPRINTF("%s/" XEN_DEVICE_FEATURE_ADVERTISED "/%s",
                                home, type);
    libxl_backend_feature *list = NULL;
    int (*read_one)(libxl__gc *, uint32_t, const char *, const char *, bool,
                    libxl_backend_feature *) = read_feature;
    unsigned int i, num_names, seen = 0;
    int num = 0, rc;
    char **names;

    rc = list_children(gc, backend_domid, dir, &names, &num_names);
    if (rc) goto out;
#ifndef UPSTREAM
    if (!names) {
        read_one = old_read_feature;
        dir = GCSPRINTF("%s/backend/%s/features", home, type);
        rc = old_list(gc, backend_domid, dir, &names, &num_names);
        if (rc) goto out;
    }
#endif /* UPSTREAM */

    for (i = 0; i < num_names && seen < MAX_FEATURES; i++) {
        if (!libxl_device_config_key_valid(names[i]))
            continue;
        seen++;

        list = libxl__realloc(NOGC, list, (num + 1) * sizeof(*list));
        libxl_backend_feature_init(&list[num]);
        rc = read_one(gc, backend_domid, dir, names[i], describe, &list[num]);
        if (rc <= 0) libxl_backend_feature_dispose(&list[num]);
        if (rc < 0) goto out;
        if (rc)
            num++;
        else
            LOGD(WARN, backend_domid, "%s: `%s' is not advertised as a"
                 " feature has to be, ignored", dir, names[i]);
    }

    if (num) {
        qsort(list, num, sizeof(*list), compare_features);
    } else {
        free(list);
        list = NULL;
    }
    *list_r = list;
    *num_r = num;
    list = NULL;
    rc = 0;

 out:
    if (list) libxl_backend_feature_list_free(list, num);
    return rc;
}

int libxl_backend_feature_list(libxl_ctx *ctx, uint32_t backend_domid,
                               const char *type,
                               libxl_backend_feature **list, int *num)
{
    GC_INIT(ctx);
    int rc;

    *list = NULL;
    *num = 0;

    if (!libxl_device_config_key_valid(type)) { /* it is a node as well */
        LOGD(ERROR, backend_domid, "`%s' cannot be a type of backend", type);
        rc = ERROR_INVAL;
        goto out;
    }

    rc = check_domain(gc, backend_domid);
    if (rc) goto out;

    rc = read_advertised(gc, backend_domid, type, true, list, num);

 out:
    GC_FREE;
    return rc;
}

void libxl_backend_feature_list_free(libxl_backend_feature *list, int num)
{
    int i;

    for (i = 0; i < num; i++)
        libxl_backend_feature_dispose(&list[i]);
    free(list);
}

/* The same as read_advertised(), from memory if it is not the first time. */
static int get_advertised(libxl__gc *gc, libxl__advertised_list *known,
                          const libxl__device *device,
                          libxl__advertised **advertised_r)
{
    libxl__advertised *advertised;
    int rc;

    XEN_SLIST_FOREACH(advertised, known, entry) {
        if (advertised->backend_domid == device->backend_domid &&
            advertised->backend_kind == device->backend_kind) {
            *advertised_r = advertised;
            return 0;
        }
    }

    GCNEW(advertised);
    advertised->backend_domid = device->backend_domid;
    advertised->backend_kind = device->backend_kind;
    rc = read_advertised(gc, device->backend_domid,
                         libxl__device_kind_to_string(device->backend_kind),
                         false, &advertised->list, &advertised->num);
    if (rc) return rc;

    XEN_SLIST_INSERT_HEAD(known, advertised, entry);
    *advertised_r = advertised;

    return 0;
}

static libxl_feature_verdict judge(const libxl_device_feature *feature,
                                   bool feature_control)
{
    uint64_t requested, granted;
    bool as_requested;

    if (!feature->requested)
        return LIBXL_FEATURE_VERDICT_NOT_REQUESTED;
    if (!feature_control)
        return LIBXL_FEATURE_VERDICT_NO_CONTROL;
    if (!feature->has_limit)
        return LIBXL_FEATURE_VERDICT_UNKNOWN;
    if (!parse_number(feature->requested, &requested))
        return LIBXL_FEATURE_VERDICT_MALFORMED;

    if (feature->granted)
        as_requested = parse_number(feature->granted, &granted) &&
                       granted == requested;
    else                /* not published yet */
        as_requested = requested >= feature->minimum &&
                       requested <= feature->maximum;

    return as_requested ? LIBXL_FEATURE_VERDICT_GRANTED
                        : LIBXL_FEATURE_VERDICT_CLAMPED;
}

/*
 * What the frontend uses.  Where it says nothing that is the minimum; and
 * of a flag it uses nothing that it was not granted, whatever it says.
 */
static int read_in_use(libxl__gc *gc, const char *frontend_path,
                       const libxl_backend_feature *limit,
                       libxl_device_feature *feature)
{
    uint64_t claimed, granted;
    const char *text;
    int rc;

    rc = libxl__xs_read_checked(gc, XBT_NULL,
                                GCSPRINTF("%s/%s", frontend_path,
                                          limit->frontend_node), &text);
    if (rc) return rc;

    if (!text)
        text = GCSPRINTF("%"PRIu32, limit->minimum);
    if (limit->type == LIBXL_FEATURE_TYPE_BOOL &&
        parse_number(text, &claimed)) {
        if (!feature->granted || !parse_number(feature->granted, &granted))
            granted = 0;
        text = claimed && granted ? "1" : "0";
    }
    feature->in_use = printable(gc, text, MAX_VALUE);

    return 0;
}

/* limit: the feature as it is advertised, or NULL; requested: or NULL. */
static int fill_feature(libxl__gc *gc, const char *backend_path,
                        const char *frontend_path, bool feature_control,
                        bool connected, const char *name,
                        const libxl_backend_feature *limit,
                        const char *requested, libxl_device_feature *feature)
{
    const char *text;
    int rc;

    libxl_device_feature_init(feature);
    feature->name = libxl__strdup(NOGC, name);
    if (requested)
        feature->requested = libxl__strdup(NOGC, requested);
    if (limit) {
        feature->has_limit = true;
        feature->type = limit->type;
        feature->minimum = limit->minimum;
        feature->maximum = limit->maximum;
        feature->defval = limit->defval;
    }

    rc = libxl__xs_read_checked(gc, XBT_NULL,
                                GCSPRINTF("%s/%s", backend_path, name), &text);
    if (rc) return rc;
    if (!text && requested && limit && connected)
        text = "0"; /* what is not published counts as that */
    if (text)
        feature->granted = printable(gc, text, MAX_VALUE);

    /* What a frontend says before the backend took it means nothing. */
    if (limit && limit->frontend_node && connected) {
        rc = read_in_use(gc, frontend_path, limit, feature);
        if (rc) return rc;
    }

    feature->verdict = judge(feature, feature_control);

    return 0;
}

static const char *find_request(libxl_key_value_list config, const char *name)
{
    int i;

    for (i = 0; config && config[i]; i += 2)
        if (!strcmp(config[i], name))
            return config[i + 1];

    return NULL;
}

static bool is_advertised(const libxl__advertised *advertised,
                          const char *name)
{
    libxl_backend_feature key = { .name = (char *)name };

    return advertised->num &&
           bsearch(&key, advertised->list, advertised->num, sizeof(key),
                   compare_features);
}

static int compare_device_features(const void *a, const void *b)
{
    const libxl_device_feature *fa = a, *fb = b;

    return strcmp(fa->name, fb->name);
}

static int fill_device(libxl__gc *gc, libxl__advertised_list *known,
                       const char *libxl_path, const char *backend_path,
                       libxl__device *device, libxl_device_features *features)
{
    const char *frontend_path =
        libxl__domain_device_frontend_path(gc, device->domid, device->devid,
                                           device->kind);
    libxl_key_value_list config = NULL;
    libxl__advertised *advertised;
    const char *state;
    bool connected;
    int i, rc;

    features->kind = libxl__strdup(NOGC,
        libxl__device_kind_to_string(device->kind));
    features->devid = device->devid;
    features->frontend_domid = device->domid;
    features->backend_domid = device->backend_domid;
    features->backend_type = libxl__strdup(NOGC,
        libxl__device_kind_to_string(device->backend_kind));

    rc = get_advertised(gc, known, device, &advertised);
    if (rc) goto out;
    features->feature_control = advertised->num;

    rc = libxl__device_config_read(gc, libxl_path, &config);
    if (rc) goto out;

    rc = libxl__xs_read_checked(gc, XBT_NULL,
                                GCSPRINTF("%s/state", backend_path), &state);
    if (rc) goto out;
    connected = state && atoi(state) == XenbusStateConnected;

    features->features = libxl__calloc(NOGC,
        advertised->num + libxl_key_value_list_length(&config) + 1,
        sizeof(*features->features));

    for (i = 0; i < advertised->num; i++) {
        const libxl_backend_feature *limit = &advertised->list[i];

        rc = fill_feature(gc, backend_path, frontend_path,
                          features->feature_control, connected, limit->name,
                          limit, find_request(config, limit->name),
                          &features->features[features->num_features++]);
        if (rc) goto out;
    }

    for (i = 0; config && config[i]; i += 2) {
        if (is_advertised(advertised, config[i]))
            continue;
        rc = fill_feature(gc, backend_path, frontend_path,
                          features->feature_control, connected, config[i],
                          NULL, config[i + 1],
                          &features->features[features->num_features++]);
        if (rc) goto out;
    }

    qsort(features->features, features->num_features,
          sizeof(*features->features), compare_device_features);
    rc = 0;

 out:
    libxl_key_value_list_dispose(&config);
    return rc;
}

static int add_devices(libxl__gc *gc, libxl__advertised_list *known,
                       uint32_t domid, const libxl__device_type *dt,
                       libxl_device_features **list, int *num)
{
    libxl__device device;
    unsigned int i, num_devices;
    char *path, **devices;
    int rc;

    if (dt->get_path) {
        rc = dt->get_path(gc, domid, &path);
        if (rc) return rc;
    } else {
        path = GCSPRINTF("%s/device/%s", libxl__xs_libxl_path(gc, domid),
                         libxl__device_kind_to_string(dt->type));
    }

    rc = list_children(gc, domid, path, &devices, &num_devices);
    if (rc) return rc;

    for (i = 0; i < num_devices; i++) {
        const char *libxl_path = GCSPRINTF("%s/%s", path, devices[i]);
        const char *backend_path;

        rc = libxl__xs_read_checked(gc, XBT_NULL,
                                    GCSPRINTF("%s/backend", libxl_path),
                                    &backend_path);
        if (rc) return rc;
        if (!backend_path)
            continue; /* the device is being removed */

        rc = libxl__parse_backend_path(gc, backend_path, &device);
        if (rc) {
            LOGD(ERROR, domid, "%s/backend: `%s' is not the path of a backend",
                 libxl_path, backend_path);
            return rc;
        }
        device.domid = domid;
        device.devid = atoi(devices[i]);
        device.kind = dt->type;

        *list = libxl__realloc(NOGC, *list, (*num + 1) * sizeof(**list));
        libxl_device_features_init(&(*list)[*num]);
        rc = fill_device(gc, known, libxl_path, backend_path, &device,
                         &(*list)[(*num)++]);
        if (rc) return rc;
    }

    return 0;
}

static int compare_devices(const void *a, const void *b)
{
    const libxl_device_features *da = a, *db = b;
    int order = strcmp(da->kind, db->kind);

    return order ? order : (da->devid > db->devid) - (da->devid < db->devid);
}

int libxl_device_features_list(libxl_ctx *ctx, uint32_t domid,
                               const char *kind,
                               libxl_device_features **list_r, int *num_r)
{
    GC_INIT(ctx);
    libxl__advertised_list known = XEN_SLIST_HEAD_INITIALIZER(known);
    libxl__advertised *advertised;
    libxl_device_features *list = NULL;
    const libxl__device_type *dt;
    bool found = false;
    int idx, num = 0, rc;

    *list_r = NULL;
    *num_r = 0;

    rc = check_domain(gc, domid);
    if (rc) goto out;

    for (idx = 0; (dt = device_type_tbl[idx]); idx++) {
        if (!dt->config_offset ||
            (kind && strcmp(kind, libxl__device_kind_to_string(dt->type))))
            continue;
        found = true;
        rc = add_devices(gc, &known, domid, dt, &list, &num);
        if (rc) goto out;
    }
    if (!found) {
        LOGD(ERROR, domid,
             "`%s' is no kind of device with features to request", kind);
        rc = ERROR_INVAL;
        goto out;
    }

    if (num)
        qsort(list, num, sizeof(*list), compare_devices);
    *list_r = list;
    *num_r = num;
    list = NULL;
    rc = 0;

 out:
    XEN_SLIST_FOREACH(advertised, &known, entry)
        libxl_backend_feature_list_free(advertised->list, advertised->num);
    if (list) libxl_device_features_list_free(list, num);
    GC_FREE;
    return rc;
}

void libxl_device_features_list_free(libxl_device_features *list, int num)
{
    int i;

    for (i = 0; i < num; i++)
        libxl_device_features_dispose(&list[i]);
    free(list);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
