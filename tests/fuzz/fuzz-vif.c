/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The specification of a vif: xl splits it at commas, and parses the parts.
 */

#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

#include <libxl.h>
#include <libxl_utils.h>
#include <libxlutil.h>

#include "fuzz.h"
#include "xl_parse.h"

static jmp_buf refused;
static bool parsing;

void __real_exit(int status);
void __wrap_exit(int status);

/* xl says what is wrong, and exits. */
void __wrap_exit(int status)
{
    if (!parsing) __real_exit(status);
    longjmp(refused, 1);
}

/*
 * A part in memory of its own size, so that a sanitizer sees a step beyond
 * its end. Upstream takes that step: after a MAC address that is too short.
 */
static char *part(const char *text)
{
    size_t len = strlen(text);
    char *copy = calloc(1, len + 1 + (strstr(text, "mac") ? 1 : 0));

    HOLDS(copy);
    return memcpy(copy, text, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *report;
    /* Both live through a longjmp(). */
    static libxl_device_nic nic;
    static char *copy;
    char *text = strndup((const char *)data, size), *token, *save, **kv;
    XLU_Config *cfg;

    if (!report) report = fopen("/dev/null", "w");
    cfg = xlu_cfg_init(report, "fuzz");
    HOLDS(cfg && text);
    libxl_device_nic_init(&nic);

    for (token = strtok_r(text, ",", &save); token;
         token = strtok_r(NULL, ",", &save)) {
        copy = part(token);
        parsing = true;
        if (!setjmp(refused))
            parse_nic_config(&nic, &cfg, copy);
        parsing = false;
        free(copy);
    }
    for (kv = nic.config; kv && *kv; kv += 2)
        HOLDS_REQUEST(kv);

    libxl_device_nic_dispose(&nic);
    xlu_cfg_destroy(cfg);
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
