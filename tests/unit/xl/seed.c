/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Linked into the xl that is tested: what run-xl.h says of the store before
 * xl starts, and of the requests that it made.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake-xenstore.h"

__attribute__((constructor)) static void seed(void)
{
    const char *name = getenv("XL_TEST_STORE");
    FILE *f = name ? fopen(name, "r") : NULL;
    char path[256], value[1024];

    if (!f)
        return;
    fake_xs_reset();
    while (fscanf(f, "%255s %1023[^\n]", path, value) == 2)
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
