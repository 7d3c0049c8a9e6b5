/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Linked into the xl that is tested: what run-xl.h says of the store before
 * xl starts, and of the requests that it made.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake-xenstore.h"

/*
 * What is written as a node for each request, libxl_device_config.h has in
 * one.  Those of the host follow the device's own.
 */
static int request(char *path, const char *value)
{
    char *own = strstr(path, "/config/");
    char *of_host = strstr(path, "/config_default/");
    char *at = own ?: of_host, copy[2048];
    const char *before, *feature;

    if (strncmp(path, "/libxl/", 7) || !at)
        return 0;
    feature = strrchr(path, '/') + 1;
    strcpy(at, "/config");
    before = fake_xs_get(path) ?: "";
    snprintf(copy, sizeof(copy), "%s%s%s=%s\n", before,
             of_host && *before != '\n' && !strstr(before, "\n\n") ? "\n" : "",
             feature, value);
    fake_xs_set(path, copy);
    return 1;
}

__attribute__((constructor)) static void seed(void)
{
    const char *name = getenv("XL_TEST_STORE");
    FILE *f = name ? fopen(name, "r") : NULL;
    char path[256], value[1024];

    if (!f)
        return;
    fake_xs_reset();
    while (fscanf(f, "%255s %1023[^\n]", path, value) == 2)
        if (!request(path, value))
            fake_xs_set(path, value);
    fclose(f);
}

__attribute__((destructor)) static void count(void)
{
    const char *name = getenv("XL_TEST_REQUESTS");
    FILE *f = name ? fopen(name, "w") : NULL;

    if (!f)
        return;
    fprintf(f, "%u\n", fake_xs_requests("/backend/"));
    fclose(f);
}
