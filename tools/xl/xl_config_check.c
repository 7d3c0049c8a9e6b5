/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests held against what backends advertise: see xl_config_check.h
 *
 * This is for the person who wrote them.  What counts is what the backend
 * makes of a request; libxl passes on what it is given.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxl.h>
#include <libxl_utils.h>

#include "xl.h"
#include "xl_config_check.h"
#include "xl_device_config.h"
#include "xl_utils.h"

/* Of a value, so much is shown. */
#define SHOWN 64

static enum { CHECK_OFF, CHECK_WARN, CHECK_STRICT } config_check = CHECK_WARN;

/* What a type of backend of a domain advertises. */
struct backend {
    uint32_t domid;
    const char *type;
    bool unreadable;
    libxl_backend_feature *features;
    int num_features;
};

struct check {
    struct backend *backends;
    int num_backends;
    int num_complaints;
};

void parse_config_check(XLU_Config *config, const char *source)
{
    const char *word;
    int e;

    e = xlu_cfg_get_string(config, "config_check", &word, 0);
    if (e == ESRCH)
        return;
    if (e) /* libxlu has said why */
        exit(EXIT_FAILURE);

    if (!strcmp(word, "off")) {
        config_check = CHECK_OFF;
    } else if (!strcmp(word, "warn")) {
        config_check = CHECK_WARN;
    } else if (!strcmp(word, "strict")) {
        config_check = CHECK_STRICT;
    } else {
        fprintf(stderr, "%s: config_check is \"off\", \"warn\" or"
                " \"strict\", not \"%s\"\n", source, word);
        exit(EXIT_FAILURE);
    }
}

/* Nothing in a value may play with the terminal.  From malloc. */
static char *printable(const char *value)
{
    size_t len = strnlen(value, SHOWN + 1), i;
    char *text = xmalloc(SHOWN * strlen("\\x00") + sizeof("..."));
    char *p = text;

    for (i = 0; i < len && i < SHOWN; i++) {
        unsigned char c = value[i];

        if (c >= ' ' && c < 0x7f)
            *p++ = c;
        else
            p += sprintf(p, "\\x%02x", c);
    }
    strcpy(p, len > SHOWN ? "..." : "");

    return text;
}

static const struct backend *ask_backend(struct check *check, uint32_t domid,
                                         const char *type)
{
    struct backend *be;
    int i;

    for (i = 0; i < check->num_backends; i++) {
        be = &check->backends[i];
        if (be->domid == domid && !strcmp(be->type, type))
            return be;
    }

    check->backends = xrealloc(check->backends, (check->num_backends + 1) *
                               sizeof(*check->backends));
    be = &check->backends[check->num_backends++];
    *be = (struct backend){ .domid = domid, .type = type };
    be->unreadable = libxl_backend_feature_list(ctx, domid, type,
                                                &be->features,
                                                &be->num_features);
    return be;
}

static const libxl_backend_feature *find_feature(const struct backend *be,
                                                 const char *name)
{
    int i;

    for (i = 0; i < be->num_features; i++)
        if (!strcmp(be->features[i].name, name))
            return &be->features[i];

    return NULL;
}

/* Is it an unsigned decimal number?  Too large a one becomes the largest. */
static bool parse_value(const char *value, unsigned long long *number_r)
{
    if (!value[0] || value[strspn(value, "0123456789")])
        return false;
    *number_r = strtoull(value, NULL, 10);
    return true;
}

/* Why this will not be granted as it is, and what to do; NULL: it will. */
static char *find_fault(const struct backend *be, const char *name,
                        const char *value)
{
    const libxl_backend_feature *feature = find_feature(be, name);
    unsigned long long number;
    char *why = NULL;

    if (be->unreadable) {
        xasprintf(&why, "domain %u does not say what its %s backend can give;"
                  " see the error above", be->domid, be->type);
    } else if (!be->num_features) {
        xasprintf(&why, "the %s backend of domain %u has no feature control,"
                  " or is not loaded yet; %s, or remove the request",
                  be->type, be->domid,
                  strcmp(be->type, "qdisk")
                  ? "load one that has" : "use backendtype=phy");
    } else if (!feature) {
        xasprintf(&why, "the %s backend of domain %u has no such feature;"
                  " `xl backend-features -d %u %s' lists what it has",
                  be->type, be->domid, be->domid, be->type);
    } else if (!parse_value(value, &number)) {
        xasprintf(&why, "not a decimal number, so the backend keeps its"
                  " default, %u; ask for %u to %u", feature->defval,
                  feature->minimum, feature->maximum);
    } else if (number > feature->maximum || number < feature->minimum) {
        xasprintf(&why, "the backend can give %u to %u, so it will be %u;"
                  " ask for a value in this range", feature->minimum,
                  feature->maximum,
                  number > feature->maximum ? feature->maximum
                                            : feature->minimum);
    }

    return why;
}

static void check_config(struct check *check, const char *kind,
                         const char *name, const char *backend_domname,
                         uint32_t backend_domid, const char *type,
                         libxl_key_value_list config)
{
    const struct backend *be;
    char *why, *feature, *value;
    const char *from;
    int i;

    if (!config || !config[0])
        return;

    if (backend_domname &&
        libxl_domain_qualifier_to_domid(ctx, backend_domname, &backend_domid))
        return; /* libxl cannot create the device either, and says why */

    be = ask_backend(check, backend_domid, type);

    for (i = 0; config[i]; i += 2) {
        why = find_fault(be, config[i], config[i + 1]);
        if (!why)
            continue;

        from = device_config_default(kind, config[i], config[i + 1]);
        feature = printable(config[i]);
        value = printable(config[i + 1]);
        fprintf(stderr, "xl: %s: %s%s%s: config-%s=%s%s%s%s: %s\n",
                config_check == CHECK_STRICT ? "error" : "warning",
                kind, *name ? " " : "", name, feature, value,
                from ? " (" : "", from ? from : "", from ? ")" : "", why);
        free(feature);
        free(value);
        free(why);
        check->num_complaints++;
    }
}

static void check_nic(struct check *check, const libxl_device_nic *nic)
{
    char devid[12] = "";

    if (nic->devid >= 0)
        snprintf(devid, sizeof(devid), "%d", nic->devid);
    check_config(check, "vif", devid, nic->backend_domname,
                 nic->backend_domid, "vif", nic->config);
}

static void check_disk(struct check *check, const libxl_device_disk *disk,
                       bool hvm)
{
    char *vdev = printable(disk->vdev ? disk->vdev : "");

    check_config(check, "disk", vdev, disk->backend_domname,
                 disk->backend_domid, disk_backend_type(disk, hvm),
                 disk->config);
    free(vdev);
}

static int finish(struct check *check)
{
    int i, rc = 0;

    if (check->num_complaints && config_check == CHECK_STRICT) {
        fprintf(stderr, "xl: error: nothing is created or changed, because"
                " of config_check=\"strict\"\n");
        rc = ERROR_INVAL;
    }

    for (i = 0; i < check->num_backends; i++)
        libxl_backend_feature_list_free(check->backends[i].features,
                                        check->backends[i].num_features);
    free(check->backends);

    return rc;
}

int check_device_config(const libxl_domain_config *d_config)
{
    struct check check = { 0 };
    int i;

    if (config_check == CHECK_OFF)
        return 0;

    for (i = 0; i < d_config->num_nics; i++)
        check_nic(&check, &d_config->nics[i]);
    for (i = 0; i < d_config->num_disks; i++)
        check_disk(&check, &d_config->disks[i],
                   d_config->c_info.type == LIBXL_DOMAIN_TYPE_HVM);

    return finish(&check);
}

int check_nic_device_config(libxl_device_nic *nic)
{
    struct check check = { 0 };

    if (config_check == CHECK_OFF)
        return 0;

    check_nic(&check, nic);

    return finish(&check);
}

int check_disk_device_config(uint32_t domid, libxl_device_disk *disk)
{
    struct check check = { 0 };
    libxl_dominfo info;
    bool hvm = false;

    if (config_check == CHECK_OFF)
        return 0;

    /* Only there it makes a difference. */
    if (disk->is_cdrom && disk->config) {
        libxl_dominfo_init(&info);
        if (!libxl_domain_info(ctx, &info, domid))
            hvm = info.domain_type == LIBXL_DOMAIN_TYPE_HVM;
        libxl_dominfo_dispose(&info);
    }
    check_disk(&check, disk, hvm);

    return finish(&check);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
