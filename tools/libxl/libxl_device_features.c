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

static int check_backend(libxl__gc *gc, uint32_t backend_domid,
                         const char *type)
{
    if (!libxl_device_config_key_valid(type)) { /* it is a node as well */
        LOGD(ERROR, backend_domid, "`%s' cannot be a type of backend", type);
        return ERROR_INVAL;
    }

    return check_domain(gc, backend_domid);
}

/* A decimal number of any length; one that is too large is very large. */
static bool parse_number(const char *text, uint64_t *number)
{
    if (!text || !text[0] || text[strspn(text, "0123456789")])
        return false;

    *number = strtoull(text, NULL, 10); /* ULLONG_MAX on overflow */
    return true;
}

/* For the caller. */
static char *printable(libxl__gc *gc, const char *text, size_t max)
{
    return libxl__strdup(NOGC, libxl__printable(gc, text, max));
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

static const char *advertised_dir(libxl__gc *gc, libxl_domid backend_domid,
                                  const char *type)
{
    return GCSPRINTF("%s/" XEN_DEVICE_FEATURE_ADVERTISED "/%s",
                     libxl__xs_get_dompath(gc, backend_domid), type);
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
 * is said.  It does not say what it granted: what it publishes is that.  This,
 * and what is left out in the same way below, is all of it.
 */

static const char *old_place(libxl__gc *gc, libxl_domid backend_domid,
                             const char *type)
{
    return GCSPRINTF("%s/backend/%s/features",
                     libxl__xs_get_dompath(gc, backend_domid), type);
}

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
    const char *dir = advertised_dir(gc, backend_domid, type);
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
        dir = old_place(gc, backend_domid, type);
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

    rc = check_backend(gc, backend_domid, type);
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

/* How far the backend of a device has come. */
typedef enum {
    STATE_UNREAD,
    STATE_UNKNOWN,      /* it has not looked at the device yet */
    STATE_LOOKED,
    STATE_CONNECTED,
} libxl__backend_state;

/* text: of its node, or NULL. */
static libxl__backend_state parse_state(const char *text)
{
    uint64_t state;

    if (!parse_number(text, &state) || state < XenbusStateInitWait ||
        state > XenbusStateReconfigured)
        return STATE_UNKNOWN;

    return state == XenbusStateConnected ? STATE_CONNECTED : STATE_LOOKED;
}

/* A device, as far as its backend has looked at it. */
typedef struct {
    const libxl__device *device;
    const char *backend_path;
    const char *type;           /* of the backend */
    libxl__backend_state state;
    char **granted;             /* "<feature>=<value>", ..., NULL; or NULL */
    bool is_old;                /* it grants, and has no node that says so */
} libxl__looked;

static int read_state(libxl__gc *gc, libxl__looked *looked)
{
    const char *text;
    int rc;

    if (looked->state != STATE_UNREAD)
        return 0;

    rc = libxl__xs_read_checked(gc, XBT_NULL,
                                GCSPRINTF("%s/state", looked->backend_path),
                                &text);
    if (rc) return rc;

    looked->state = parse_state(text);

    return 0;
}

static int read_granted(libxl__gc *gc, libxl__looked *looked)
{
    const char *text;
    char *words, *word;
    int num = 0, rc;

    rc = libxl__xs_read_checked(gc, XBT_NULL,
                                GCSPRINTF("%s/" XEN_DEVICE_FEATURE_GRANTED,
                                          looked->backend_path), &text);
    if (rc || !text) return rc;

    words = libxl__strdup(gc, text);
    GCNEW_ARRAY(looked->granted, LIBXL_DEVICE_CONFIG_MAX + 1);
    while (num < LIBXL_DEVICE_CONFIG_MAX && (word = strsep(&words, " ")))
        looked->granted[num++] = word;

    return 0;
}

/* What the backend says that it granted of a feature; NULL: nothing. */
static const char *promised(const libxl__looked *looked, const char *name)
{
    size_t len = strlen(name);
    char **word;

    for (word = looked->granted; word && *word; word++)
        if (!strncmp(*word, name, len) && (*word)[len] == '=')
            return *word + len + 1;

    return NULL;
}

/* Does a larger value take away?  Known to a backend that advertises. */
static int read_restricts(libxl__gc *gc, const libxl__looked *looked,
                          const char *name, bool *restricts)
{
    const char *text;
    int rc;

    rc = libxl__xs_read_checked(gc, XBT_NULL,
            GCSPRINTF("%s/%s/" XEN_DEVICE_FEATURE_RESTRICTS,
                      advertised_dir(gc, looked->device->backend_domid,
                                     looked->type), name), &text);
    if (rc) return rc;

    *restricts = text && !strcmp(text, "1");

    return 0;
}

/*
 * What the guest gets: what is published counts, where it is there, because
 * the device behind may have made it less.  NULL: it is not known yet.
 * published: what is, or NULL.
 */
static int find_granted(libxl__gc *gc, libxl__looked *looked,
                        const char *published, const char *promise,
                        const char **granted)
{
    int rc;

    *granted = published;
    if (published)
        return 0;

    /* Not published is 0, once everything is. */
    if (promise && !strcmp(promise, "0")) {
        *granted = promise;
        return 0;
    }
    rc = read_state(gc, looked);
    if (rc) return rc;
    if (looked->state == STATE_CONNECTED)
        *granted = "0";
    else if (promise && strcmp(promise, XEN_DEVICE_FEATURE_MALFORMED))
        *granted = promise;

    return 0;
}

/* feature: has name, requested and granted, and restricts if has_limit. */
static int judge(libxl__gc *gc, libxl__looked *looked, const char *promise,
                 libxl_device_feature *feature)
{
    libxl_feature_verdict *verdict = &feature->verdict;
    uint64_t requested, granted;
    bool restricts = feature->restricts;
    int rc;

    if (!feature->requested) {
        *verdict = LIBXL_FEATURE_VERDICT_NOT_REQUESTED;
        return 0;
    }

    if (!looked->granted && !looked->is_old) {
        rc = read_state(gc, looked);
        if (rc) return rc;
        *verdict = looked->state == STATE_UNKNOWN
                   ? LIBXL_FEATURE_VERDICT_PENDING
                   : LIBXL_FEATURE_VERDICT_NO_CONTROL;
        return 0;
    }

    if (looked->is_old ? !feature->has_limit : !promise) {
        *verdict = LIBXL_FEATURE_VERDICT_UNKNOWN;
        return 0;
    }
    if (!parse_number(feature->requested, &requested) ||
        (promise && !strcmp(promise, XEN_DEVICE_FEATURE_MALFORMED))) {
        *verdict = LIBXL_FEATURE_VERDICT_MALFORMED;
        return 0;
    }
    if (!feature->granted) { /* of the version before, not published yet */
        granted = MAX(feature->minimum, MIN(requested, feature->maximum));
    } else if (!parse_number(feature->granted, &granted)) {
        *verdict = LIBXL_FEATURE_VERDICT_MORE; /* who can say? */
        return 0;
    }
    if (granted == requested) {
        *verdict = LIBXL_FEATURE_VERDICT_GRANTED;
        return 0;
    }

    if (!feature->has_limit) {
        rc = read_restricts(gc, looked, feature->name, &restricts);
        if (rc) return rc;
    }
    *verdict = (granted < requested) != restricts
               ? LIBXL_FEATURE_VERDICT_LESS : LIBXL_FEATURE_VERDICT_MORE;

    return 0;
}

/*
 * What the frontend uses.  Where it says nothing that is the minimum; and it
 * uses nothing that it was not granted, whatever it says.
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
    if (parse_number(text, &claimed)) {
        if (!feature->granted || !parse_number(feature->granted, &granted))
            granted = 0;
        if (limit->type == LIBXL_FEATURE_TYPE_BOOL)
            claimed = claimed && granted;
        else if (claimed > granted)
            claimed = granted;
        text = GCSPRINTF("%"PRIu64, claimed);
    }
    feature->in_use = printable(gc, text, MAX_VALUE);

    return 0;
}

/*
 * frontend_path: or NULL, if nobody wants to know what is in use.
 * limit: the feature as it is advertised, or NULL; request: or NULL.
 */
static int fill_feature(libxl__gc *gc, libxl__looked *looked,
                        const char *frontend_path, const char *name,
                        const libxl_backend_feature *limit,
                        const libxl__request *request,
                        libxl_device_feature *feature)
{
    const char *promise = promised(looked, name), *text;
    int rc;

    libxl_device_feature_init(feature);
    feature->verdict = LIBXL_FEATURE_VERDICT_PENDING; /* until it is judged */
    feature->name = libxl__strdup(NOGC, name);
    feature->origin = !request ? LIBXL_FEATURE_ORIGIN_NONE :
        request->of_host ? LIBXL_FEATURE_ORIGIN_HOST
                         : LIBXL_FEATURE_ORIGIN_DEVICE;
    if (request && request->value)
        feature->requested = libxl__strdup(NOGC, request->value);
    if (promise)
        feature->promised = printable(gc, promise, MAX_VALUE);
    if (limit) {
        feature->has_limit = true;
        feature->type = limit->type;
        feature->minimum = limit->minimum;
        feature->maximum = limit->maximum;
        feature->defval = limit->defval;
        feature->restricts = limit->restricts;
    }

    /* What the backend does not know it may publish all the same. */
    if (frontend_path || promise || looked->is_old) {
        rc = libxl__xs_read_checked(gc, XBT_NULL,
                                    GCSPRINTF("%s/%s", looked->backend_path,
                                              name), &text);
        if (rc) return rc;
        if (limit || promise) {
            rc = find_granted(gc, looked, text, promise, &text);
            if (rc) return rc;
        }
        if (text)
            feature->granted = printable(gc, text, MAX_VALUE);
    }

    if (frontend_path && limit && limit->frontend_node) {
        /* What a frontend says before the backend took it means nothing. */
        rc = read_state(gc, looked);
        if (rc) return rc;
        if (looked->state == STATE_CONNECTED) {
            rc = read_in_use(gc, frontend_path, limit, feature);
            if (rc) return rc;
        }
    }

    return judge(gc, looked, promise, feature);
}

static const libxl__request *find_request(const libxl__request *requests,
                                          int num, const char *name)
{
    int i;

    for (i = 0; i < num; i++)
        if (!strcmp(requests[i].feature, name))
            return &requests[i];

    return NULL;
}

static const libxl_backend_feature *find_limit(
    const libxl__advertised *advertised, const char *name)
{
    libxl_backend_feature key = { .name = (char *)name };

    return advertised->num
        ? bsearch(&key, advertised->list, advertised->num, sizeof(key),
                  compare_features)
        : NULL;
}

static int compare_device_features(const void *a, const void *b)
{
    const libxl_device_feature *fa = a, *fb = b;

    return strcmp(fa->name, fb->name);
}

/*
 * A backend that has looked at a device with requests and does not say what it
 * granted: is it of the version before?
 */
static int look_at_old(libxl__gc *gc, libxl__looked *looked)
{
#ifndef UPSTREAM
    const char *text;
    int rc;

    rc = libxl__xs_read_checked(gc, XBT_NULL,
                                old_place(gc, looked->device->backend_domid,
                                          looked->type), &text);
    if (rc) return rc;
    looked->is_old = text;
#endif /* UPSTREAM */

    return 0;
}

static void identify_device(libxl__gc *gc, const libxl__device *device,
                            libxl_device_features *features)
{
    const char *vdev = NULL;

    features->kind = libxl__strdup(NOGC,
        libxl__device_kind_to_string(device->kind));
    features->devid = device->devid;
    if (device->kind != LIBXL__DEVICE_KIND_VIF)
        vdev = libxl__devid_to_vdev(gc, device->devid);
    if (vdev)
        features->vdev = libxl__strdup(NOGC, vdev);
    features->frontend_domid = device->domid;
    features->backend_domid = device->backend_domid;
    features->backend_type = libxl__strdup(NOGC,
        libxl__device_kind_to_string(device->backend_kind));
}

/* How the hotplug script named it, if that is not as usual. */
static int read_ifname(libxl__gc *gc, const libxl__looked *looked,
                       libxl_device_features *features)
{
    const char *name;
    int rc;

    rc = libxl__xs_read_checked(gc, XBT_NULL,
                                GCSPRINTF("%s/vifname", looked->backend_path),
                                &name);
    if (rc) return rc;

    features->ifname = name ? printable(gc, name, MAX_VALUE)
        : libxl__strdup(NOGC, libxl__device_nic_devname(gc,
              looked->device->domid, looked->device->devid,
              LIBXL_NIC_TYPE_VIF));

    return 0;
}

static int fill_device(libxl__gc *gc, libxl__advertised_list *known,
                       const char *libxl_path, libxl__looked *looked,
                       libxl_device_features *features)
{
    const libxl__device *device = looked->device;
    const char *frontend_path =
        libxl__domain_device_frontend_path(gc, device->domid, device->devid,
                                           device->kind);
    libxl_key_value_list config = NULL, config_default = NULL;
    libxl__advertised *advertised;
    libxl__request *requests;
    int i, num_requests, rc;
    bool requested;

    rc = libxl__device_config_read(gc, libxl_path, &config, &config_default);
    if (rc) goto out;
    requests = libxl__device_config_requests(gc, config, config_default,
                                             &num_requests);
    requested = libxl__requests_made(requests, num_requests);

    rc = get_advertised(gc, known, device, &advertised);
    if (rc) goto out;

    rc = read_state(gc, looked);
    if (rc) goto out;
    if (requested) {
        rc = read_granted(gc, looked);
        if (rc) goto out;
        if (!looked->granted && looked->state != STATE_UNKNOWN) {
            rc = look_at_old(gc, looked);
            if (rc) goto out;
        }
    }
    features->feature_control = looked->granted || looked->is_old ||
        (advertised->num &&
         (!requested || looked->state == STATE_UNKNOWN));

    if (device->kind == LIBXL__DEVICE_KIND_VIF) {
        rc = read_ifname(gc, looked, features);
        if (rc) goto out;
    }

    features->features = libxl__calloc(NOGC,
        advertised->num + num_requests + 1, sizeof(*features->features));

    for (i = 0; i < advertised->num; i++) {
        const libxl_backend_feature *limit = &advertised->list[i];

        rc = fill_feature(gc, looked, frontend_path, limit->name, limit,
                          find_request(requests, num_requests, limit->name),
                          &features->features[features->num_features++]);
        if (rc) goto out;
    }

    for (i = 0; i < num_requests; i++) {
        if (find_limit(advertised, requests[i].feature))
            continue;
        rc = fill_feature(gc, looked, frontend_path, requests[i].feature,
                          NULL, &requests[i],
                          &features->features[features->num_features++]);
        if (rc) goto out;
    }

    qsort(features->features, features->num_features,
          sizeof(*features->features), compare_device_features);
    rc = 0;

 out:
    libxl_key_value_list_dispose(&config);
    libxl_key_value_list_dispose(&config_default);
    return rc;
}

static int add_device(libxl__gc *gc, libxl__advertised_list *known,
                      const char *libxl_path, libxl__device *device,
                      libxl_device_features **list, int *num)
{
    libxl_device_features *features;
    libxl__looked looked = { .device = device };
    libxl__device parsed;
    const char *backend_path;
    int rc;

    rc = libxl__xs_read_checked(gc, XBT_NULL,
                                GCSPRINTF("%s/backend", libxl_path),
                                &backend_path);
    if (rc) return rc;
    if (!backend_path)
        return 0; /* the device is being removed */

    *list = libxl__realloc(NOGC, *list, (*num + 1) * sizeof(**list));
    features = &(*list)[(*num)++];
    libxl_device_features_init(features);

    rc = libxl__parse_backend_path(gc, backend_path, &parsed);
    if (rc) {
        LOGD(ERROR, device->domid, "%s/backend: `%s' is not the path of a"
             " backend", libxl_path,
             libxl__printable(gc, backend_path, MAX_DESC));
        device->backend_domid = 0;
        device->backend_kind = LIBXL__DEVICE_KIND_NONE;
        identify_device(gc, device, features);
        goto out;
    }
    device->backend_domid = parsed.backend_domid;
    device->backend_devid = parsed.backend_devid;
    device->backend_kind = parsed.backend_kind;
    identify_device(gc, device, features);
    looked.backend_path = backend_path;
    looked.type = features->backend_type;

    rc = fill_device(gc, known, libxl_path, &looked, features);

 out:
    /* The others are to be seen all the same. */
    features->unreadable = rc;
    return 0;
}

static int add_devices(libxl__gc *gc, libxl__advertised_list *known,
                       uint32_t domid, libxl__device_kind kind,
                       libxl_device_features **list, int *num)
{
    const char *path = GCSPRINTF("%s/device/%s",
                                 libxl__xs_libxl_path(gc, domid),
                                 libxl__device_kind_to_string(kind));
    unsigned int i, num_devices;
    char **devices;
    int rc;

    rc = list_children(gc, domid, path, &devices, &num_devices);
    if (rc) return rc;

    for (i = 0; i < num_devices; i++) {
        libxl__device device = {
            .domid = domid, .devid = atoi(devices[i]), .kind = kind,
        };

        rc = add_device(gc, known, GCSPRINTF("%s/%s", path, devices[i]),
                        &device, list, num);
        if (rc) return rc;
    }

    return 0;
}

/* Of a domain, and of a type; a disk may be one of two kinds. */
static int add_devices_of(libxl__gc *gc, libxl__advertised_list *known,
                          uint32_t domid, const libxl__device_type *dt,
                          libxl_device_features **list, int *num)
{
    int rc;

    rc = add_devices(gc, known, domid, dt->type, list, num);
    if (rc) return rc;

    if (dt->type == LIBXL__DEVICE_KIND_VBD)
        rc = add_devices(gc, known, domid, LIBXL__DEVICE_KIND_VIRTIO_DISK,
                         list, num);

    return rc;
}

static int compare_devices(const void *a, const void *b)
{
    const libxl_device_features *da = a, *db = b;
    int order = strcmp(da->kind, db->kind);

    if (da->frontend_domid != db->frontend_domid)
        return da->frontend_domid > db->frontend_domid ? 1 : -1;
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
    uint32_t stubdomid;
    bool found = false;
    int idx, num = 0, rc;

    *list_r = NULL;
    *num_r = 0;

    rc = check_domain(gc, domid);
    if (rc) goto out;
    stubdomid = libxl_get_stubdom_id(CTX, domid); /* 0: there is none */

    for (idx = 0; (dt = device_type_tbl[idx]); idx++) {
        if (!dt->config_offset ||
            (kind && strcmp(kind, libxl__device_kind_to_string(dt->type))))
            continue;
        found = true;
        rc = add_devices_of(gc, &known, domid, dt, &list, &num);
        if (rc) goto out;
        if (stubdomid) {
            rc = add_devices_of(gc, &known, stubdomid, dt, &list, &num);
            if (rc) goto out;
        }
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

int libxl_device_request_list(libxl_ctx *ctx, uint32_t backend_domid,
                              const char *type,
                              const libxl_key_value_list *config,
                              const libxl_key_value_list *config_default,
                              libxl_device_feature **list, int *num)
{
    GC_INIT(ctx);
    libxl__request *requests;
    libxl_device_feature *feature;
    char **names;
    unsigned int n, num_names;
    uint64_t number;
    int i, num_requests, num_made, rc;

    *list = NULL;
    *num = 0;

    rc = libxl__device_config_check_lists(gc, backend_domid, type, *config,
                                          *config_default);
    if (rc) goto out;

    requests = libxl__device_config_requests(gc, *config, *config_default,
                                             &num_requests);
    num_made = libxl__requests_made(requests, num_requests);
    if (!num_made) {
        rc = 0;
        goto out;
    }

    rc = check_backend(gc, backend_domid, type);
    if (rc) goto out;

    rc = list_children(gc, backend_domid,
                       advertised_dir(gc, backend_domid, type), &names,
                       &num_names);
    if (rc) goto out;

    *list = libxl__calloc(NOGC, num_made, sizeof(**list));
    for (i = 0; i < num_requests; i++) {
        if (!requests[i].value)
            continue;

        feature = &(*list)[(*num)++];
        libxl_device_feature_init(feature);
        feature->name = libxl__strdup(NOGC, requests[i].feature);
        feature->requested = libxl__strdup(NOGC, requests[i].value);
        feature->origin = requests[i].of_host ? LIBXL_FEATURE_ORIGIN_HOST
                                              : LIBXL_FEATURE_ORIGIN_DEVICE;

        for (n = 0; n < num_names; n++)
            if (!strcmp(names[n], feature->name))
                break;
        feature->verdict =
            !parse_number(feature->requested, &number)
            ? LIBXL_FEATURE_VERDICT_MALFORMED :
            num_names && n == num_names
            ? LIBXL_FEATURE_VERDICT_UNKNOWN : LIBXL_FEATURE_VERDICT_PENDING;
    }
    rc = 0;

 out:
    GC_FREE;
    return rc;
}

void libxl_device_feature_list_free(libxl_device_feature *list, int num)
{
    int i;

    for (i = 0; i < num; i++)
        libxl_device_feature_dispose(&list[i]);
    free(list);
}

/* Waiting for the backends of a domain's devices, one after the other. */

typedef struct {
    libxl__device device;
    libxl__request *requests;
    int num_requests;
} libxl__requester;

typedef struct {
    libxl__ao *ao;
    libxl_device_features **list_r;
    int *num_r;
    libxl__requester *requesters;
    int num, current;
    libxl__looked looked; /* the current one */
    libxl__xswait_state xswait;
    bool timed_out;
    libxl_device_features *list;
} libxl__verdicts;

static void verdicts_next(libxl__egc *egc, libxl__verdicts *v);
static void verdicts_state(libxl__egc *egc, libxl__xswait_state *xswait,
                           int rc, const char *state);
static int verdicts_device(libxl__gc *gc, libxl__verdicts *v);
static void verdicts_done(libxl__egc *egc, libxl__verdicts *v, int rc);

/* No backend of QEMU's comes up for it before there is a medium. */
static bool is_empty_drive(const libxl__device_type *dt, const void *type)
{
    const libxl_device_disk *disk = type;

    return dt == &libxl__disk_devtype &&
           disk->backend == LIBXL_DISK_BACKEND_QDISK &&
           disk->format == LIBXL_DISK_FORMAT_EMPTY;
}

static int find_requesters(libxl__gc *gc, uint32_t domid,
                           const libxl_domain_config *d_config,
                           libxl__verdicts *v)
{
    const libxl__device_type *dt;
    libxl__requester *r;
    int idx, i, rc;

    for (idx = 0; (dt = device_type_tbl[idx]); idx++) {
        for (i = 0; i < *libxl__device_type_get_num(dt, d_config); i++) {
            void *type = libxl__device_type_get_elem(dt, d_config, i);
            int num_requests;
            libxl__request *requests =
                libxl__device_requests(gc, dt, type, &num_requests);

            if (!libxl__requests_made(requests, num_requests) ||
                is_empty_drive(dt, type))
                continue;

            GCREALLOC_ARRAY(v->requesters, v->num + 1);
            r = &v->requesters[v->num++];
            r->requests = requests;
            r->num_requests = num_requests;
            rc = dt->to_device(gc, domid, type, &r->device);
            if (rc) return rc;
        }
    }

    return 0;
}

int libxl_device_verdict_list(libxl_ctx *ctx, uint32_t domid,
                              const libxl_domain_config *d_config,
                              libxl_device_features **list, int *num,
                              const libxl_asyncop_how *ao_how)
{
    AO_CREATE(ctx, domid, ao_how);
    libxl__verdicts *v;
    int rc;

    *list = NULL;
    *num = 0;

    GCNEW(v);
    v->ao = ao;
    v->list_r = list;
    v->num_r = num;
    libxl__xswait_init(&v->xswait);

    rc = find_requesters(gc, domid, d_config, v);
    if (rc) goto out;
    if (v->num)
        v->list = libxl__calloc(NOGC, v->num, sizeof(*v->list));

    verdicts_next(egc, v); /* must be last */
    return AO_INPROGRESS;

 out:
    return AO_CREATE_FAIL(rc);
}

static void verdicts_next(libxl__egc *egc, libxl__verdicts *v)
{
    STATE_AO_GC(v->ao);
    int rc;

    for (; v->current < v->num; v->current++) {
        libxl__device *device = &v->requesters[v->current].device;

        v->looked = (libxl__looked){
            .device = device,
            .backend_path = libxl__device_backend_path(gc, device),
            .type = libxl__device_kind_to_string(device->backend_kind),
        };

        /* libxl has waited for the others when it added them. */
        if (device->backend_kind == LIBXL__DEVICE_KIND_QDISK) {
            if (!v->timed_out) {
                v->xswait.ao = ao;
                v->xswait.what = GCSPRINTF("the %s backend of device %d",
                                           v->looked.type, device->devid);
                v->xswait.path = GCSPRINTF("%s/state",
                                           v->looked.backend_path);
                v->xswait.timeout_ms = LIBXL_INIT_TIMEOUT * 1000;
                v->xswait.callback = verdicts_state;
                rc = libxl__xswait_start(gc, &v->xswait);
                if (rc) goto out;
                return;
            }
            /* They were set up together: it has had as much time. */
            rc = read_state(gc, &v->looked);
            if (rc) goto out;
        }
        rc = verdicts_device(gc, v);
        if (rc) goto out;
    }
    rc = 0;

 out:
    verdicts_done(egc, v, rc); /* must be last */
}

static void verdicts_state(libxl__egc *egc, libxl__xswait_state *xswait,
                           int rc, const char *state)
{
    libxl__verdicts *v = CONTAINER_OF(xswait, *v, xswait);
    STATE_AO_GC(v->ao);

    /* Before `granted' is read, or one that comes in between is missed. */
    v->looked.state = parse_state(state);
    if (!rc && v->looked.state == STATE_UNKNOWN)
        return;
    libxl__xswait_stop(gc, xswait);
    if (rc == ERROR_TIMEDOUT)
        v->timed_out = true;
    else if (rc)
        goto out;

    rc = verdicts_device(gc, v);
    if (rc) goto out;

    v->current++;
    verdicts_next(egc, v); /* must be last */
    return;

 out:
    verdicts_done(egc, v, rc); /* must be last */
}

static int verdicts_device(libxl__gc *gc, libxl__verdicts *v)
{
    libxl__requester *r = &v->requesters[v->current];
    libxl_device_features *features = &v->list[v->current];
    libxl__looked *looked = &v->looked;
    libxl__advertised advertised = { .num = 0 };
    int i, rc;

    libxl_device_features_init(features);
    identify_device(gc, &r->device, features);
    features->features = libxl__calloc(NOGC, r->num_requests,
                                       sizeof(*features->features));

    rc = read_granted(gc, looked);
    if (rc) goto out;
    if (!looked->granted && looked->state != STATE_UNKNOWN) {
        rc = look_at_old(gc, looked);
        if (rc) goto out;
    }
    if (looked->is_old) {
        rc = read_advertised(gc, r->device.backend_domid, looked->type, false,
                             &advertised.list, &advertised.num);
        if (rc) goto out;
    }
    features->feature_control = looked->granted || looked->is_old;

    for (i = 0; i < r->num_requests; i++) {
        if (!r->requests[i].value)
            continue;
        rc = fill_feature(gc, looked, NULL, r->requests[i].feature,
                          find_limit(&advertised, r->requests[i].feature),
                          &r->requests[i],
                          &features->features[features->num_features++]);
        if (rc) goto out;
    }
    rc = 0;

 out:
    if (advertised.list)
        libxl_backend_feature_list_free(advertised.list, advertised.num);
    return rc;
}

static void verdicts_done(libxl__egc *egc, libxl__verdicts *v, int rc)
{
    STATE_AO_GC(v->ao);

    if (rc) {
        if (v->list)
            libxl_device_features_list_free(v->list, v->num);
    } else {
        *v->list_r = v->list;
        *v->num_r = v->num;
    }
    libxl__ao_complete(egc, ao, rc);
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
