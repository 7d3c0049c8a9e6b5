/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the host requests by default: see xl_device_defaults.h
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxl_utils.h>

#include "xl.h"
#include "xl_device_config.h"
#include "xl_device_defaults.h"
#include "xl_utils.h"

static struct device_default {
    const char *type; /* of the backend */
    const char *key;
    bool given; /* perhaps as nothing */
    libxl_key_value_list config;
} defaults[] = {
    { .type = "vif", .key = "vif.default.config" },
    { .type = "vbd", .key = "disk.default.config" },
    { .type = "qdisk", .key = "qdisk.default.config" },
};

#define NUM_DEFAULTS (sizeof(defaults) / sizeof(defaults[0]))

static bool wrong;

static struct device_default *find_default(const char *type)
{
    int i;

    for (i = 0; i < NUM_DEFAULTS; i++)
        if (!strcmp(defaults[i].type, type))
            return &defaults[i];

    return NULL;
}

const char *device_default_key(const char *type)
{
    const struct device_default *def = find_default(type);

    return def ? def->key : NULL;
}

bool device_defaults_wrong(void)
{
    return wrong;
}

void set_device_defaults_wrong(void)
{
    wrong = true;
}

void parse_default_device_config(XLU_Config *config, bool is_xl_conf)
{
    const char *known[NUM_DEFAULTS + 2];
    struct device_default *def;
    const char *list;
    int i, e;

    for (i = 0; i < NUM_DEFAULTS; i++)
        known[i] = defaults[i].key;
    known[i++] = "config_check";
    known[i] = NULL;
    /* In a domain's file what comes later wins, as on the command line. */
    if (xlu_device_config_check_settings(config, known, is_xl_conf))
        wrong = true; /* libxlu has said why */

    for (i = 0; i < NUM_DEFAULTS; i++) {
        def = &defaults[i];

        e = xlu_cfg_get_string(config, def->key, &list, 0);
        if (e == ESRCH)
            continue;
        libxl_key_value_list_dispose(&def->config);
        def->config = NULL;
        def->given = true;
        if (!e)
            e = xlu_device_config_parse_list(config, def->key, list,
                                             &def->config);
        if (e) { /* libxlu has said why */
            libxl_key_value_list_dispose(&def->config);
            def->config = NULL;
            wrong = true;
        }
    }
}

static void complete(libxl_key_value_list *config_default, const char *type)
{
    const struct device_default *def = find_default(type);

    libxl_key_value_list_dispose(config_default);
    *config_default = NULL;
    if (def && def->config)
        libxl_key_value_list_copy(ctx, config_default, &def->config);
}

void complete_nic_device_config(libxl_device_nic *nic)
{
    complete(&nic->config_default, "vif");
}

void complete_disk_device_config(libxl_device_disk *disk,
                                 libxl_domain_type type)
{
    const char *backend_type = disk_backend_type(disk, type);
    static bool said;

    complete(&disk->config_default, backend_type);

    if (!said && !strcmp(backend_type, "qdisk") &&
        disk->format != LIBXL_DISK_FORMAT_EMPTY &&
        find_default("vbd")->config && !find_default("qdisk")->given) {
        fprintf(stderr, "xl: note: disk %s is served by QEMU, which"
                " disk.default.config is not for; set qdisk.default.config"
                " for such disks, to \"\" if nothing is to be requested of"
                " them\n", disk->vdev);
        said = true;
    }
}

const char *disk_backend_type(const libxl_device_disk *disk,
                              libxl_domain_type type)
{
    switch (disk->backend) {
    case LIBXL_DISK_BACKEND_UNKNOWN:
        break;
    case LIBXL_DISK_BACKEND_PHY:
        return "vbd";
    case LIBXL_DISK_BACKEND_STANDALONE:
        return "virtio_disk";
    default:
        return libxl_disk_backend_to_string(disk->backend);
    }

    /* As libxl__device_disk_setdefault() will see it. */
    if (disk->specification == LIBXL_DISK_SPECIFICATION_VIRTIO)
        return "virtio_disk";
    if (disk->is_cdrom && type == LIBXL_DOMAIN_TYPE_HVM)
        return "qdisk";
    if (disk->format != LIBXL_DISK_FORMAT_RAW ||
        (!libxl_defbool_is_default(disk->colo_enable) &&
         libxl_defbool_val(disk->colo_enable)))
        return "qdisk";
    return "vbd";
}

libxl_domain_type domain_type(uint32_t domid)
{
    libxl_domain_type type = LIBXL_DOMAIN_TYPE_INVALID;
    libxl_dominfo info;

    libxl_dominfo_init(&info);
    if (!libxl_domain_info(ctx, &info, domid))
        type = info.domain_type;
    libxl_dominfo_dispose(&info);

    return type;
}

static int print_missing(FILE *f, const char *kind, const char *name,
                         const char *type, libxl_key_value_list config,
                         libxl_key_value_list config_default)
{
    const struct device_default *def = find_default(type);
    int i, num = 0;

    for (i = 0; def && def->config && def->config[i]; i += 2) {
        if (!strcmp(def->config[i + 1], LIBXL_DEVICE_CONFIG_DEFAULT) ||
            device_config_value(config, def->config[i]) ||
            device_config_value(config_default, def->config[i]))
            continue;
        fprintf(f, "%s%s=%s", num++ ? "," : "", def->config[i],
                def->config[i + 1]);
    }
    if (num)
        fprintf(f, " of %s %s; ", kind, name);

    return num;
}

int report_missing_defaults(const libxl_domain_config *d_config)
{
    char *text = NULL, name[12];
    size_t len;
    FILE *f = open_memstream(&text, &len);
    int i, num = 0;

    if (!f) {
        perror("xl: open_memstream");
        exit(EXIT_FAILURE);
    }

    for (i = 0; i < d_config->num_nics; i++) {
        const libxl_device_nic *nic = &d_config->nics[i];

        snprintf(name, sizeof(name), "%d", nic->devid >= 0 ? nic->devid : i);
        num += print_missing(f, "vif", name, "vif", nic->config,
                             nic->config_default);
    }
    for (i = 0; i < d_config->num_disks; i++) {
        const libxl_device_disk *disk = &d_config->disks[i];

        num += print_missing(f, "disk", disk->vdev ? disk->vdev : "",
                             disk_backend_type(disk, d_config->c_info.type),
                             disk->config, disk->config_default);
    }
    fclose(f);
    if (num)
        fprintf(stderr, "xl: note: %s keeps the defaults that it was made"
                " with; of this host's, it does not have %.*s\n",
                d_config->c_info.name ? d_config->c_info.name : "the domain",
                (int)(len - strlen("; ")), text);
    free(text);

    return num;
}

/* As it has to stand in a configuration, between double quotes. */
static void print_quoted(FILE *f, const char *value)
{
    for (; *value; value++)
        fprintf(f, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
}

void print_device_defaults(FILE *f)
{
    int i, j;

    for (i = 0; i < NUM_DEFAULTS; i++) {
        libxl_key_value_list def = defaults[i].config;

        fprintf(f, "%s=\"", defaults[i].key);
        for (j = 0; def && def[j]; j += 2) {
            fprintf(f, "%s%s=", j ? "," : "", def[j]);
            print_quoted(f, def[j + 1]);
        }
        fprintf(f, "\"\n");
    }
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
