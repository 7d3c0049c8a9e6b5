/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The specification of a disk, as xl gives it to libxlu: a line of a config
 * file, or several words of a command line. Input: the words, a line each.
 */

#include "libxl_osdeps.h"
#include "libxl_internal.h"
#include "libxlutil.h"

#include "fuzz.h"

#define MAX_SPECS 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *report;
    char *text = strndup((const char *)data, size), *line, *save;
    char *specs[MAX_SPECS], **kv;
    libxl_device_disk disk;
    XLU_Config *cfg;
    int n = 0, e;

    if (!report) report = fopen("/dev/null", "w");
    cfg = xlu_cfg_init(report, "fuzz");
    HOLDS(cfg && text);
    /* Each of its own size: a sanitizer sees a step beyond its end. */
    for (line = strtok_r(text, "\n", &save); line && n < MAX_SPECS;
         line = strtok_r(NULL, "\n", &save))
        specs[n++] = strdup(line);

    libxl_device_disk_init(&disk);
    e = xlu_disk_parse(cfg, n, (const char *const *)specs, &disk);
    HOLDS(e == 0 || e == EINVAL);
    for (kv = disk.config; !e && kv && *kv; kv += 2)
        HOLDS_REQUEST(kv);
    /* None is part of something else. */
    HOLDS(e || !disk.pdev_path || !strstr(disk.pdev_path, ",config-a="));
    HOLDS(e || !disk.script || !strstr(disk.script, " config-a="));
    HOLDS(e || !disk.vdev || !strstr(disk.vdev, " config-a="));

    libxl_device_disk_dispose(&disk);
    xlu_cfg_destroy(cfg);
    while (n) free(specs[--n]);
    free(text);
    return 0;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
