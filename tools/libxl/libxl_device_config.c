/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * The features requested for a PV device: see libxl_device_config.h
 */

#include "libxl_osdeps.h" /* must come before any other headers */

#include "libxl_internal.h"

#include <xen/io/device-features.h>
#include <xen/io/xs_wire.h>

#define FEATURE_NAME_CHARS \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_@"

bool libxl_device_config_key_valid(const char *key)
{
    size_t len = strspn(key, FEATURE_NAME_CHARS);

    return len >= 1 && len <= XEN_DEVICE_FEATURE_NAME_MAX && !key[len];
}

/* Returns the list that the type carries; NULL if it is empty, or none. */
static libxl_key_value_list device_config(const libxl__device_type *dt,
                                          const void *type)
{
    libxl_key_value_list config;

    if (!dt->config_offset)
        return NULL;

    config = *(const libxl_key_value_list *)
        ((const char *)type + dt->config_offset);

    return config && config[0] ? config : NULL;
}

static const char *device_name(libxl__gc *gc, const libxl__device *device)
{
    return GCSPRINTF("%s/%d", libxl__device_kind_to_string(device->kind),
                     device->devid);
}

static int check_config(libxl__gc *gc, uint32_t domid, const char *name,
                        libxl_key_value_list config)
{
    int i;

    for (i = 0; config[i]; i += 2) {
        if (!libxl_device_config_key_valid(config[i])) {
            LOGD(ERROR, domid, "%s: config: `%s' cannot be the name of"
                 " a feature", name, config[i]);
            return ERROR_INVAL;
        }
        if (!config[i + 1]) {
            LOGD(ERROR, domid, "%s: config: `%s' has no value",
                 name, config[i]);
            return ERROR_INVAL;
        }
    }

    return 0;
}

int libxl__device_config_check(libxl__gc *gc, const libxl__device_type *dt,
                               const libxl__device *device,
                               const void *type)
{
    libxl_key_value_list config = device_config(dt, type);

    if (!config)
        return 0;

    return check_config(gc, device->domid, device_name(gc, device), config);
}

int libxl__domain_device_config_check(libxl__gc *gc, uint32_t domid,
                                      const libxl_domain_config *d_config)
{
    const libxl__device_type *dt;
    libxl_key_value_list config;
    int idx, i, rc;

    for (idx = 0; (dt = device_type_tbl[idx]); idx++) {
        for (i = 0; i < *libxl__device_type_get_num(dt, d_config); i++) {
            config = device_config(dt,
                libxl__device_type_get_elem(dt, d_config, i));
            if (!config)
                continue;

            /* No device yet, and perhaps no devid: its place must do. */
            rc = check_config(gc, domid,
                GCSPRINTF("%s #%d", libxl__device_kind_to_string(dt->type),
                          i), config);
            if (rc) return rc;
        }
    }

    return 0;
}

/* Given twice, the last one counts. */
static bool given_again(libxl_key_value_list config, int i)
{
    int j;

    for (j = i + 2; config[j]; j += 2)
        if (!strcmp(config[j], config[i]))
            return true;

    return false;
}

static int write_config(libxl__gc *gc, xs_transaction_t t,
                        const libxl__device *device, const char *parent,
                        libxl_key_value_list config,
                        struct xs_permissions *perms, unsigned int num_perms)
{
    const char *dir = GCSPRINTF("%s/" XEN_DEVICE_FEATURE_CONFIG_DIR, parent);
    int i, rc;

    /*
     * A node starts with its parent's permissions, and those of a backend
     * directory let the guest read: so the directory gets its own before
     * there is anything in it.  Its nodes start with these.  To set them once
     * more is a request and, for the backend's xenbus, a watch event with a
     * look at the node, each.
     */
    rc = libxl__xs_mknod(gc, t, dir, perms, num_perms);
    if (rc) goto out;

    for (i = 0; config[i]; i += 2) {
        const char *path = GCSPRINTF("%s/%s", dir, config[i]);
        size_t max = XENSTORE_PAYLOAD_MAX - strlen(path) - 1;

        if (given_again(config, i))
            continue;

        if (strlen(config[i + 1]) > max) {
            LOGD(ERROR, device->domid, "%s: config: the value of `%s' has %zu"
                 " characters, xenstore takes %zu at most",
                 device_name(gc, device), config[i], strlen(config[i + 1]),
                 max);
            rc = ERROR_INVAL;
            goto out;
        }
        if (!xs_write(CTX->xsh, t, path, config[i + 1],
                      strlen(config[i + 1]))) {
            LOGED(ERROR, device->domid,
                  "%s: config: xenstored does not take the %zu characters of"
                  " `%s' as %s (is it a quota of its own?)",
                  device_name(gc, device), strlen(config[i + 1]), config[i],
                  path);
            rc = ERROR_FAIL;
            goto out;
        }
    }

    rc = 0;

 out:
    return rc;
}

int libxl__device_config_write(libxl__gc *gc, xs_transaction_t t,
                               const libxl__device_type *dt,
                               libxl__device *device,
                               const void *type)
{
    libxl_key_value_list config = device_config(dt, type);
    struct xs_permissions perms[2];
    uint32_t toolstack_domid;
    int rc;

    if (!config) {
        rc = 0;
        goto out;
    }

    rc = libxl__get_domid(gc, &toolstack_domid);
    if (rc) goto out;

    perms[0].id = toolstack_domid;
    perms[0].perms = XS_PERM_NONE;
    perms[1].id = device->backend_domid;
    perms[1].perms = XS_PERM_READ;

    if (device->backend_kind != LIBXL__DEVICE_KIND_NONE) {
        rc = write_config(gc, t, device,
                          libxl__device_backend_path(gc, device), config,
                          perms,
                          device->backend_domid == toolstack_domid ? 1 : 2);
        if (rc) goto out;
    }

    rc = write_config(gc, t, device, libxl__device_libxl_path(gc, device),
                      config, perms, 1);
    if (rc) goto out;

    rc = 0;

 out:
    return rc;
}

int libxl__device_config_read(libxl__gc *gc, const char *libxl_path,
                              libxl_key_value_list *config)
{
    const char *dir = GCSPRINTF("%s/" XEN_DEVICE_FEATURE_CONFIG_DIR, libxl_path);
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
    if (!features || !num) {
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

    *config = kvl;
    kvl = NULL;
    rc = 0;

 out:
    libxl_key_value_list_dispose(&kvl);
    return rc;
}

void libxl__device_config_inherit(libxl__gc *gc,
                                  const libxl__device_type *dt,
                                  void *dst, const void *src)
{
    libxl_key_value_list *to = (void *)((char *)dst + dt->config_offset);
    const libxl_key_value_list *from =
        (const void *)((const char *)src + dt->config_offset);

    assert(dt->config_offset);

    libxl_key_value_list_dispose(to);
    libxl_key_value_list_copy(CTX, to, from);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
