/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * The features requested for a PV device: see libxl_device_config.h
 */

#include "libxl_osdeps.h" /* must come before any other headers */

#include "libxl_internal.h"

#include <xen/io/device-features.h>
#include <xen/io/xs_wire.h>

/* The toolstack's own copy, below a device's path in /libxl. */
#define COPY "config"

/*
 * So much of it is in one node: oxenstored takes 2048 bytes, from domain 0 as
 * well, xenstored from any other.
 */
#define PIECE 1024

#define BLANKS " \t\r\n"

/* Of a value, so much is shown. */
#define SHOWN 64

#define FEATURE_NAME_CHARS \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_@"

bool libxl_device_config_key_valid(const char *key)
{
    size_t len = strspn(key, FEATURE_NAME_CHARS);

    return len >= 1 && len <= XEN_DEVICE_FEATURE_NAME_MAX && !key[len];
}

char *libxl__printable(libxl__gc *gc, const char *text, size_t max)
{
    char *copy = libxl__strndup(gc, text, max), *p;

    for (p = copy; *p; p++)
        if (*p < ' ' || *p > '~') /* in any locale */
            *p = '?';

    return copy;
}

static libxl_key_value_list list_at(const void *type, int offset)
{
    libxl_key_value_list list =
        *(const libxl_key_value_list *)((const char *)type + offset);

    return list && list[0] ? list : NULL;
}

/* The lists that the type carries; each NULL if it is empty, or none. */
static bool get_lists(const libxl__device_type *dt, const void *type,
                      libxl_key_value_list *config,
                      libxl_key_value_list *config_default)
{
    if (!dt->config_offset)
        return false;

    *config = list_at(type, dt->config_offset);
    *config_default = list_at(type, dt->config_default_offset);

    return *config || *config_default;
}

static const char *device_name(libxl__gc *gc, libxl__device_kind kind,
                               libxl_devid devid)
{
    return GCSPRINTF("%s/%d", libxl__device_kind_to_string(kind), devid);
}

/* Without the blanks around it. */
static char *trim(libxl__gc *gc, const char *value)
{
    size_t len;

    value += strspn(value, BLANKS);
    len = strlen(value);
    while (len && strchr(BLANKS, value[len - 1]))
        len--;

    return libxl__strndup(gc, value, len);
}

/* The place of a key's last value, which is the one that counts, or -1. */
static int last_of(libxl_key_value_list list, const char *key)
{
    int i, found = -1;

    for (i = 0; list && list[i]; i += 2)
        if (!strcmp(list[i], key))
            found = i;

    return found;
}

libxl__request *libxl__device_config_requests(libxl__gc *gc,
                                              libxl_key_value_list config,
                                              libxl_key_value_list config_default,
                                              int *num)
{
    const libxl_key_value_list lists[] = { config, config_default };
    libxl__request *requests = libxl__calloc(gc,
        libxl_key_value_list_length(&config) +
        libxl_key_value_list_length(&config_default) + 1, sizeof(*requests));
    int l, i;

    *num = 0;
    for (l = 0; l < ARRAY_SIZE(lists); l++) {
        for (i = 0; lists[l] && lists[l][i]; i += 2) {
            const char *key = lists[l][i];
            const char *value = lists[l][i + 1];
            libxl__request *request;

            if (last_of(lists[l], key) != i || !value ||
                (l && last_of(config, key) >= 0))
                continue;

            request = &requests[(*num)++];
            request->feature = libxl__strdup(gc, key);
            request->of_host = l;
            request->value = trim(gc, value);
            if (!strcmp(request->value, LIBXL_DEVICE_CONFIG_DEFAULT))
                request->value = NULL;
        }
    }

    return requests;
}

int libxl__requests_made(const libxl__request *requests, int num)
{
    int i, made = 0;

    for (i = 0; i < num; i++)
        made += !!requests[i].value;

    return made;
}

libxl__request *libxl__device_requests(libxl__gc *gc,
                                       const libxl__device_type *dt,
                                       const void *type, int *num)
{
    libxl_key_value_list config = NULL, config_default = NULL;

    get_lists(dt, type, &config, &config_default);

    return libxl__device_config_requests(gc, config, config_default, num);
}

static int check_list(libxl__gc *gc, uint32_t domid, const char *where,
                      libxl_key_value_list list)
{
    /* A node's path and its value share what xenstored takes. */
    const size_t room = XENSTORE_PAYLOAD_MAX - 1 -
        strlen("/local/domain/" "32767" "/backend/" "virtio_disk"
               "/" "32767" "/" "4294967295" "/"
               XEN_DEVICE_FEATURE_CONFIG_DIR "/");
    const char *key, *value, *p;
    size_t max;
    int i;

    for (i = 0; list && list[i]; i += 2) {
        if (!libxl_device_config_key_valid(list[i])) {
            LOGD(ERROR, domid, "%s: `%s' cannot be the name of a feature",
                 where, libxl__printable(gc, list[i], SHOWN));
            return ERROR_INVAL;
        }
        key = list[i];
        if (!list[i + 1]) {
            LOGD(ERROR, domid, "%s: `%s' has no value", where, key);
            return ERROR_INVAL;
        }
        value = trim(gc, list[i + 1]);
        for (p = value; *p; p++) {
            if (*p >= ' ' && *p <= '~')
                continue;
            LOGD(ERROR, domid, "%s: the value `%s' of `%s' is not printable"
                 " ASCII", where, libxl__printable(gc, value, SHOWN), key);
            return ERROR_INVAL;
        }
        max = room - strlen(key);
        if (strlen(value) > max) {
            LOGD(ERROR, domid, "%s: the value of `%s' has %zu characters,"
                 " xenstore takes %zu at most", where, key, strlen(value),
                 max);
            return ERROR_INVAL;
        }
    }

    return 0;
}

int libxl__device_config_check_lists(libxl__gc *gc, uint32_t domid,
                                     const char *name,
                                     libxl_key_value_list config,
                                     libxl_key_value_list config_default)
{
    libxl__request *requests;
    int i, num, own = 0, of_host = 0, rc;

    rc = check_list(gc, domid, GCSPRINTF("%s: config", name), config);
    if (rc) return rc;

    rc = check_list(gc, domid, GCSPRINTF("%s: config_default", name),
                    config_default);
    if (rc) return rc;

    /* All of them have to fit into one answer to the backend. */
    requests = libxl__device_config_requests(gc, config, config_default, &num);
    for (i = 0; i < num; i++) {
        if (!requests[i].value)
            continue;
        if (requests[i].of_host)
            of_host++;
        else
            own++;
    }
    if (own + of_host > LIBXL_DEVICE_CONFIG_MAX) {
        LOGD(ERROR, domid, "%s: %d features are requested of it, %d of its own"
             " (config) and %d of the host (config_default), and %d is the"
             " most; request fewer, or set the host's to `"
             LIBXL_DEVICE_CONFIG_DEFAULT "'", name, own + of_host, own,
             of_host, LIBXL_DEVICE_CONFIG_MAX);
        return ERROR_INVAL;
    }

    return 0;
}

int libxl__device_config_check(libxl__gc *gc, uint32_t domid,
                               const libxl__device_type *dt,
                               libxl_devid devid, const void *type)
{
    libxl_key_value_list config, config_default;

    if (!get_lists(dt, type, &config, &config_default))
        return 0;

    return libxl__device_config_check_lists(gc, domid,
                                            device_name(gc, dt->type, devid),
                                            config, config_default);
}

int libxl__domain_device_config_check(libxl__gc *gc, uint32_t domid,
                                      const libxl_domain_config *d_config)
{
    const libxl__device_type *dt;
    libxl_key_value_list config, config_default;
    int idx, i, rc;

    for (idx = 0; (dt = device_type_tbl[idx]); idx++) {
        for (i = 0; i < *libxl__device_type_get_num(dt, d_config); i++) {
            if (!get_lists(dt, libxl__device_type_get_elem(dt, d_config, i),
                           &config, &config_default))
                continue;

            /* No device yet, and perhaps no devid: its place must do. */
            rc = libxl__device_config_check_lists(gc, domid,
                GCSPRINTF("%s #%d", libxl__device_kind_to_string(dt->type),
                          i), config, config_default);
            if (rc) return rc;
        }
    }

    return 0;
}

static int write_node(libxl__gc *gc, xs_transaction_t t,
                      const libxl__device *device, const char *path,
                      const char *what, const char *value)
{
    if (!xs_write(CTX->xsh, t, path, value, strlen(value))) {
        LOGED(ERROR, device->domid,
              "%s: config: xenstored does not take the %zu characters of"
              " %s as %s (is it a quota of its own?)",
              device_name(gc, device->kind, device->devid), strlen(value),
              what, path);
        return ERROR_FAIL;
    }

    return 0;
}

/*
 * A node starts with its parent's permissions, and those of a backend
 * directory let the guest read: so a directory gets its own before there is
 * anything in it.  Its nodes start with these.  To set them once more is a
 * request and, for the backend's xenbus, a watch event with a look at the
 * node, each.
 */
static int write_requests(libxl__gc *gc, xs_transaction_t t,
                          libxl__device *device,
                          const libxl__request *requests, int num,
                          struct xs_permissions *perms, unsigned int num_perms)
{
    const char *dir = GCSPRINTF("%s/" XEN_DEVICE_FEATURE_CONFIG_DIR,
                                libxl__device_backend_path(gc, device));
    int i, rc;

    rc = libxl__xs_mknod(gc, t, dir, perms, num_perms);
    if (rc) return rc;

    for (i = 0; i < num; i++) {
        if (!requests[i].value)
            continue;
        rc = write_node(gc, t, device,
                        GCSPRINTF("%s/%s", dir, requests[i].feature),
                        GCSPRINTF("`%s'", requests[i].feature),
                        requests[i].value);
        if (rc) return rc;
    }

    return 0;
}

static const char *piece_path(libxl__gc *gc, const char *path, int i)
{
    return i ? GCSPRINTF("%s/%d", path, i) : path;
}

static char *append(libxl__gc *gc, char *text, const char *more)
{
    text = libxl__realloc(gc, text, strlen(text) + strlen(more) + 1);

    return strcat(text, more);
}

static char *add_lines(libxl__gc *gc, char *text, libxl_key_value_list list)
{
    int i;

    for (i = 0; list && list[i]; i += 2)
        if (last_of(list, list[i]) == i)
            text = append(gc, text, GCSPRINTF("%s=%s\n", list[i],
                                              trim(gc, list[i + 1])));

    return text;
}

/* Nodes start with the permissions of the device's directory: for nobody else. */
static int write_copy(libxl__gc *gc, xs_transaction_t t, libxl__device *device,
                      libxl_key_value_list config,
                      libxl_key_value_list config_default)
{
    char *path = GCSPRINTF("%s/" COPY, libxl__device_libxl_path(gc, device));
    char *text = add_lines(gc, libxl__strdup(gc, ""), config);
    size_t len;
    int i, rc;

    if (config_default)
        text = add_lines(gc, append(gc, text, "\n"), config_default);

    /* The last piece, and no other, ends with a line. */
    for (i = 0; *text; i++, text += len) {
        len = strlen(text);
        if (len > PIECE) {
            len = PIECE;
            while (text[len - 1] == '\n')
                len--;
        }
        rc = write_node(gc, t, device, piece_path(gc, path, i),
                        "the requests", libxl__strndup(gc, text, len));
        if (rc) return rc;
    }

    return 0;
}

int libxl__device_config_write(libxl__gc *gc, xs_transaction_t t,
                               const libxl__device_type *dt,
                               libxl__device *device,
                               const void *type)
{
    libxl_key_value_list config, config_default;
    struct xs_permissions perms[2];
    libxl__request *requests;
    uint32_t toolstack_domid;
    int num, rc;

    if (!get_lists(dt, type, &config, &config_default)) {
        rc = 0;
        goto out;
    }

    rc = libxl__get_domid(gc, &toolstack_domid);
    if (rc) goto out;

    perms[0].id = toolstack_domid;
    perms[0].perms = XS_PERM_NONE;
    perms[1].id = device->backend_domid;
    perms[1].perms = XS_PERM_READ;

    requests = libxl__device_config_requests(gc, config, config_default, &num);
    if (libxl__requests_made(requests, num) &&
        device->backend_kind != LIBXL__DEVICE_KIND_NONE) {
        rc = write_requests(gc, t, device, requests, num, perms,
                            device->backend_domid == toolstack_domid ? 1 : 2);
        if (rc) goto out;
    }

    rc = write_copy(gc, t, device, config, config_default);

 out:
    return rc;
}

#ifndef UPSTREAM
/* A list as packages of before wrote it: a node for each key. */
static int read_old(libxl__gc *gc, const char *dir,
                    libxl_key_value_list *list)
{
    libxl_key_value_list kvl = NULL;
    char **features;
    unsigned int i, num = 0;
    int used = 0, rc;

    features = libxl__xs_directory(gc, XBT_NULL, dir, &num);
    if (!features && errno != ENOENT) {
        LOGE(ERROR, "unable to list %s", dir);
        rc = ERROR_FAIL;
        goto out;
    }
    if (!num) {
        rc = 0;
        goto out;
    }

    /* One extra slot for the sentinel. */
    kvl = libxl__calloc(NOGC, num * 2 + 1, sizeof(*kvl));

    for (i = 0; i < num; i++) {
        const char *value;

        rc = libxl__xs_read_checked(gc, XBT_NULL,
                                    GCSPRINTF("%s/%s", dir, features[i]),
                                    &value);
        if (rc) goto out;
        if (!value)
            continue; /* the device is being removed */

        kvl[used++] = libxl__strdup(NOGC, features[i]);
        kvl[used++] = libxl__strdup(NOGC, value);
    }

    *list = kvl;
    kvl = NULL;
    rc = 0;

 out:
    libxl_key_value_list_dispose(&kvl);
    return rc;
}

#endif /* UPSTREAM */

static int read_lines(libxl__gc *gc, char *lines, libxl_key_value_list *list)
{
    libxl_key_value_list kvl;
    char *line, *value, *next;
    int num = 0, used = 0;

    for (line = lines; *line; line++)
        num += *line == '\n';
    if (!num)
        return 0;

    /* One extra slot for the sentinel. */
    *list = kvl = libxl__calloc(NOGC, num * 2 + 1, sizeof(*kvl));

    for (line = strtok_r(lines, "\n", &next); line;
         line = strtok_r(NULL, "\n", &next)) {
        value = strchr(line, '=');
        if (!value)
            return ERROR_FAIL;
        kvl[used++] = libxl__strndup(NOGC, line, value - line);
        kvl[used++] = libxl__strdup(NOGC, value + 1);
    }

    return 0;
}

/* Its text, NULL if there is none: nothing requested, or a device that goes. */
static int read_copy(libxl__gc *gc, const char *path, char **text)
{
    const char *piece;
    int i = 0, rc;

    *text = libxl__strdup(gc, "");
    do {
        rc = libxl__xs_read_checked(gc, XBT_NULL, piece_path(gc, path, i),
                                    &piece);
        if (rc) return rc;
        if (!piece)
            break;
        *text = append(gc, *text, piece);
        i++;
    } while (**text && (*text)[strlen(*text) - 1] != '\n');

    if (piece)
        return 0;

    /* Without one of its pieces it is none, unless all of it has gone. */
    *text = NULL;
    if (!i)
        return 0;
    rc = libxl__xs_read_checked(gc, XBT_NULL, path, &piece);
    if (rc) return rc;

    return piece ? ERROR_FAIL : 0;
}

int libxl__device_config_read(libxl__gc *gc, const char *libxl_path,
                              libxl_key_value_list *config,
                              libxl_key_value_list *config_default)
{
    const char *path = GCSPRINTF("%s/" COPY, libxl_path);
    char *text, *of_host;
    int rc;

    rc = read_copy(gc, path, &text);
    if (rc || !text) goto out;

#ifndef UPSTREAM
    if (!*text) {
        rc = read_old(gc, path, config);
        if (rc) goto out;

        rc = read_old(gc, GCSPRINTF("%s/config_default", libxl_path),
                      config_default);
        goto out;
    }
#endif /* UPSTREAM */

    /* The second list is behind an empty line. */
    of_host = strstr(text, "\n\n");
    if (*text == '\n')
        of_host = text;
    else if (of_host)
        of_host++;
    if (of_host) {
        *of_host = 0;
        rc = read_lines(gc, of_host + 1, config_default);
        if (rc) goto out;
    }
    rc = read_lines(gc, text, config);

 out:
    if (rc) {
        LOG(ERROR, "%s: unable to read the requests of the device", path);
        libxl_key_value_list_dispose(config);
        libxl_key_value_list_dispose(config_default);
    }
    return rc;
}

static void replace_list(libxl__gc *gc, int offset, void *dst, const void *src)
{
    libxl_key_value_list *to = (void *)((char *)dst + offset);

    libxl_key_value_list_dispose(to);
    if (src)
        libxl_key_value_list_copy(CTX, to,
                                  (const void *)((const char *)src + offset));
}

int libxl__device_config_from_record(libxl__gc *gc, uint32_t domid,
                                     const libxl__device_type *dt, void *type)
{
    libxl_domain_config d_config;
    libxl__flock *lock = NULL;
    void *elem, *recorded = NULL;
    int i, rc;

    assert(dt->config_offset);

    libxl_domain_config_init(&d_config);

    lock = libxl__lock_domain_userdata(gc, domid);
    if (!lock) {
        rc = ERROR_LOCK_FAIL;
        goto out;
    }

    rc = libxl__get_domain_configuration(gc, domid, &d_config);
    if (rc) goto out;

    for (i = 0; i < *libxl__device_type_get_num(dt, &d_config); i++) {
        elem = libxl__device_type_get_elem(dt, &d_config, i);
        if (dt->compare(elem, type))
            recorded = elem;
    }
    replace_list(gc, dt->config_offset, type, recorded);
    replace_list(gc, dt->config_default_offset, type, recorded);
    rc = 0;

 out:
    if (lock) libxl__unlock_file(lock);
    libxl_domain_config_dispose(&d_config);
    return rc;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
