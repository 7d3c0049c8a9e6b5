/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * config-<feature>=<value> in the specification of a device
 */

#define _GNU_SOURCE

#include "libxlu_internal.h"
#include "libxlu_device_config.h"

#include <libxl_utils.h>

#define PREFIX "config-"
#define BLANKS " \t\r\n"

static int set(libxl_key_value_list *config, const char *feature,
               const char *value)
{
    int i, len = libxl_key_value_list_length(config);
    libxl_key_value_list kvl;
    char *copy;

    copy = strdup(value);
    if (!copy) return ENOMEM;

    for (i = 0; i < len; i++) {
        if (!strcmp((*config)[2 * i], feature)) {
            free((*config)[2 * i + 1]);
            (*config)[2 * i + 1] = copy;
            return 0;
        }
    }

    /* One extra slot for the sentinel. */
    kvl = realloc(*config, (2 * (len + 1) + 1) * sizeof(*kvl));
    if (!kvl) {
        free(copy);
        return ENOMEM;
    }
    *config = kvl;
    kvl[2 * len] = strdup(feature);
    if (!kvl[2 * len]) { /* which ends the list */
        free(copy);
        return ENOMEM;
    }
    kvl[2 * len + 1] = copy;
    kvl[2 * len + 2] = NULL;

    return 0;
}

/* As xlu__device_config_parse(), of what stands behind the prefix. */
static int parse(const char *feature, libxl_key_value_list *config,
                 const char **why)
{
    const char *value = strchrnul(feature, '=');
    char *name;
    int e;

    name = strndup(feature, value - feature);
    if (!name) {
        e = ENOMEM;
        goto out;
    }

    e = EINVAL;
    if (!libxl_device_config_key_valid(name)) {
        *why = "the name of a feature is 1 to 64 characters of"
            " A-Z a-z 0-9 - _ @";
        goto out;
    }
    if (!value[0] || !value[1]) {
        *why = "no value, expected <feature>=<value>";
        goto out;
    }
    value++;
    /* It would not have the same meaning in a config file. */
    if (strchr(value, ',')) {
        *why = "a value cannot contain `,'";
        goto out;
    }

    e = set(config, name, value);

 out:
    if (e == ENOMEM)
        *why = strerror(ENOMEM);
    free(name);
    return e;
}

int xlu__device_config_parse(const char *param, libxl_key_value_list *config,
                             const char **why)
{
    if (strncmp(param, PREFIX, strlen(PREFIX)))
        return ESRCH;

    return parse(param + strlen(PREFIX), config, why);
}

int xlu_device_config_parse_list(XLU_Config *cfg, const char *what,
                                 const char *list,
                                 libxl_key_value_list *config)
{
    const char *p, *end, *why;
    char *item = NULL;
    size_t len;
    int e;

    for (p = list + strspn(list, BLANKS); *p; p += strspn(p, BLANKS)) {
        end = strchrnul(p, ',');
        len = end - p;
        while (len && strchr(BLANKS, p[len - 1]))
            len--;

        free(item);
        item = strndup(p, len);
        if (!item) {
            e = ENOMEM;
            why = strerror(ENOMEM);
            goto out;
        }
        e = parse(item, config, &why);
        if (e) goto out;

        p = *end ? end + 1 : end;
    }
    e = 0;

 out:
    if (e)
        fprintf(cfg->report, "%s: config parsing error in %s: %s in `%s'\n",
                cfg->config_source, what, why, item ? item : list);
    free(item);
    return e;
}

int xlu_vif_parse_config(XLU_Config *cfg, const char *param,
                         libxl_device_nic *nic)
{
    const char *why;
    char devid[12] = "";
    int e;

    e = xlu__device_config_parse(param, &nic->config, &why);
    if (e && e != ESRCH) {
        if (nic->devid >= 0)
            snprintf(devid, sizeof(devid), " %d", nic->devid);
        fprintf(cfg->report,
                "%s: config parsing error in vif%s: %s in `%s'\n",
                cfg->config_source, devid, why, param);
    }

    return e;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
