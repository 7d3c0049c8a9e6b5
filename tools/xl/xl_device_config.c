/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is requested of the features of a device: see xl_device_config.h
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libxl_utils.h>

#include "xl.h"
#include "xl_device_config.h"
#include "xl_utils.h"

/* The value that stands for no request. */
#define BACKEND_DEFAULT "default"

static struct host_default {
    const char *kind, *key;
    libxl_key_value_list config;
} host_defaults[] = {
    { .kind = "vif", .key = "vif.default.config" },
    { .kind = "disk", .key = "disk.default.config" },
};

static struct host_default *find_default(const char *kind)
{
    struct host_default *def = host_defaults;

    while (strcmp(def->kind, kind))
        def++;

    return def;
}

static const char *find_value(libxl_key_value_list config,
                              const char *feature)
{
    int i;

    for (i = 0; config && config[i]; i += 2)
        if (!strcmp(config[i], feature))
            return config[i + 1];

    return NULL;
}

bool parse_nic_device_config(XLU_Config *config, const char *token,
                             libxl_device_nic *nic)
{
    /* The config file parser skips only blanks. */
    token += strspn(token, " \t\r\n");

    switch (xlu_vif_parse_config(config, token, nic)) {
    case 0:
        return true;
    case ESRCH:
        return false;
    default: /* libxlu has said why */
        exit(EXIT_FAILURE);
    }
}

void parse_default_device_config(XLU_Config *config)
{
    struct host_default *def;
    const char *list;
    int i, e;

    for (i = 0; i < sizeof(host_defaults) / sizeof(host_defaults[0]); i++) {
        def = &host_defaults[i];

        e = xlu_cfg_get_string(config, def->key, &list, 0);
        if (e == ESRCH)
            continue;
        if (!e)
            e = xlu_device_config_parse_list(config, def->key, list,
                                             &def->config);
        if (e) /* libxlu has said why */
            exit(EXIT_FAILURE);
    }
}

static void complete(libxl_key_value_list *config, libxl_key_value_list def)
{
    int num = libxl_key_value_list_length(config) +
        libxl_key_value_list_length(&def);
    libxl_key_value_list from[] = { *config, def }, all;
    int i, j, used = 0;

    if (!num)
        return;

    /* One extra slot for the sentinel. */
    all = xcalloc(num * 2 + 1, sizeof(*all));

    for (i = 0; i < 2; i++) {
        for (j = 0; from[i] && from[i][j]; j += 2) {
            const char *feature = from[i][j], *value = from[i][j + 1];

            if (!strcmp(value, BACKEND_DEFAULT) ||
                (i && find_value(*config, feature)))
                continue;

            all[used++] = xstrdup(feature);
            all[used++] = xstrdup(value);
        }
    }

    libxl_key_value_list_dispose(config);
    *config = all;
}

void complete_nic_device_config(libxl_device_nic *nic)
{
    complete(&nic->config, find_default("vif")->config);
}

void complete_disk_device_config(libxl_device_disk *disk)
{
    bool served = !disk->is_cdrom &&
        !strcmp(disk_backend_type(disk, false), "vbd");

    complete(&disk->config, served ? find_default("disk")->config : NULL);
}

const char *disk_backend_type(const libxl_device_disk *disk, bool hvm)
{
    switch (disk->backend) {
    case LIBXL_DISK_BACKEND_UNKNOWN:
        break;
    case LIBXL_DISK_BACKEND_PHY:
        return "vbd";
    default:
        return libxl_disk_backend_to_string(disk->backend);
    }

    /* As libxl__device_disk_setdefault() will see it. */
    if (disk->specification == LIBXL_DISK_SPECIFICATION_VIRTIO)
        return libxl_disk_backend_to_string(LIBXL_DISK_BACKEND_STANDALONE);
    if (disk->format != LIBXL_DISK_FORMAT_RAW ||
        (disk->is_cdrom && hvm) ||
        (!libxl_defbool_is_default(disk->colo_enable) &&
         libxl_defbool_val(disk->colo_enable)))
        return libxl_disk_backend_to_string(LIBXL_DISK_BACKEND_QDISK);
    return "vbd";
}

const char *device_config_default(const char *kind, const char *feature,
                                  const char *value)
{
    const struct host_default *def = find_default(kind);
    const char *ours = find_value(def->config, feature);

    return ours && !strcmp(ours, value) ? def->key : NULL;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
