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

bool parse_nic_device_config(XLU_Config *config, const char *token,
                             libxl_device_nic *nic)
{
    switch (xlu_vif_parse_config(config, token, nic)) {
    case 0:
        return true;
    case ESRCH:
        return false;
    default: /* libxlu has said why */
        exit(EXIT_FAILURE);
    }
}

void refuse_misplaced_device_config(XLU_Config *config)
{
    /* What parse_config_data() takes devices from. */
    static const char *const others[] = {
        "channel", "dtdev", "iomem", "ioports", "irqs", "p9", "pci",
        "pvcalls", "usbctrl", "usbdev", "usbdevice", "vdispl", "vfb", "vif2",
        "virtio", "vkb", "vsnd", "vtpm",
    };
    int i, e;

    e = xlu_device_config_refuse_setting(config, "vif", true);
    if (!e)
        e = xlu_device_config_refuse_setting(config, "disk", true);
    for (i = 0; !e && i < sizeof(others) / sizeof(others[0]); i++)
        e = xlu_device_config_refuse_setting(config, others[i], false);
    if (e) /* libxlu has said why */
        exit(EXIT_FAILURE);
}

void refuse_device_config_words(const char *command, int argc, char **argv)
{
    XLU_Config *config;
    int i;

    if (strcmp(command, "cd-insert") &&
        (!strstr(command, "-attach") || !strcmp(command, "network-attach") ||
         !strcmp(command, "block-attach")))
        return;

    config = xlu_cfg_init(stderr, "command line");
    if (!config) {
        fprintf(stderr, "Failed to allocate for configuration\n");
        exit(EXIT_FAILURE);
    }
    for (i = 1; i < argc; i++)
        if (xlu_device_config_refuse(config, command, argv[i]))
            exit(EXIT_FAILURE);
    xlu_cfg_destroy(config);
}

void split_words_at_commas(int first, int *argc, char ***argv)
{
    char **words = xmalloc(first * sizeof(*words)), *p;
    int num = first, i;
    bool several;

    memcpy(words, *argv, first * sizeof(*words));
    for (i = first; i < *argc; i++) {
        p = (*argv)[i];
        several = strchr(p, ',');
        if (several)
            p = strtok(xstrdup(p), ",");
        while (p) {
            while (*p == ' ')
                p++;
            words = xrealloc(words, (num + 1) * sizeof(*words));
            words[num++] = p;
            p = several ? strtok(NULL, ",") : NULL;
        }
    }

    *argc = num;
    *argv = words;
}

const char *device_config_value(libxl_key_value_list list, const char *key)
{
    const char *value = NULL;
    int i;

    for (i = 0; list && list[i]; i += 2)
        if (!strcmp(list[i], key))
            value = list[i + 1];

    return value;
}

bool device_config_number(const char *text, unsigned long long *number)
{
    if (!text || !text[0] || text[strspn(text, "0123456789")])
        return false;
    *number = strtoull(text, NULL, 10);
    return true;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
