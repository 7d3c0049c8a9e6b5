/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON of a vif or disk, as libxl reads it from a file or a stream of another
 * host: what it takes, it writes, and takes again to the same end; and what of
 * its requests passes the check can be kept.
 */

#include "libxl_osdeps.h"
#include "libxl_internal.h"

#include "fake-xenstore.h"
#include "fuzz.h"

static libxl_ctx *ctx;

static void log_vmessage(xentoollog_logger *logger, xentoollog_level level,
                         int errnoval, const char *context,
                         const char *format, va_list al) { }
static void log_destroy(xentoollog_logger *logger) { }

static xentoollog_logger logger = {
    .vmessage = log_vmessage, .destroy = log_destroy,
};

static void requests(const libxl__device_type *dt, const void *device,
                     const libxl_key_value_list *config,
                     const libxl_key_value_list *config_default)
{
    GC_INIT(ctx);
    int i, num, num_listed, rc = libxl__device_config_check(gc, 1, dt, 0, device);
    libxl__request *list = libxl__device_requests(gc, dt, device, &num);
    libxl_device_feature *listed;
    const char *p;

    /* What cannot be kept is refused there, too. */
    HOLDS(libxl_device_request_list(ctx, 0, "vif", config, config_default,
                                    &listed, &num_listed) == rc);
    HOLDS(num_listed == (rc ? 0 : libxl__requests_made(list, num)));
    HOLDS(!listed == !num_listed);
    libxl_device_feature_list_free(listed, num_listed);

    HOLDS(!rc || rc == ERROR_INVAL);
    HOLDS(rc || num_listed <= LIBXL_DEVICE_CONFIG_MAX);
    for (i = 0; !rc && i < num; i++) {
        HOLDS(libxl_device_config_key_valid(list[i].feature));
        if (!list[i].value)
            continue;
        HOLDS(strcmp(list[i].value, LIBXL_DEVICE_CONFIG_DEFAULT));
        HOLDS(list[i].value[0] != ' ');
        for (p = list[i].value; *p; p++)
            HOLDS(*p >= ' ' && *p <= '~');
    }
    GC_FREE;
}

#define DEVICE(type)                                                    \
static void type(const char *text)                                      \
{                                                                       \
    libxl_device_##type first, second, copy;                            \
    char *once, *twice, *copied;                                        \
                                                                        \
    libxl_device_##type##_init(&first);                                 \
    if (!libxl_device_##type##_from_json(ctx, &first, text)) {          \
        once = libxl_device_##type##_to_json(ctx, &first);              \
        HOLDS(once);                                                    \
        libxl_device_##type##_init(&second);                            \
        HOLDS(!libxl_device_##type##_from_json(ctx, &second, once));    \
        twice = libxl_device_##type##_to_json(ctx, &second);            \
        HOLDS(twice);                                                   \
        HOLDS(!strcmp(once, twice));                                    \
        libxl_device_##type##_init(&copy);                              \
        libxl_device_##type##_copy(ctx, &copy, &first);                 \
        copied = libxl_device_##type##_to_json(ctx, &copy);             \
        HOLDS(copied);                                                  \
        HOLDS(!strcmp(once, copied));                                   \
        requests(&libxl__##type##_devtype, &copy, &first.config,        \
                 &first.config_default);                                \
        libxl_device_##type##_dispose(&copy);                           \
        libxl_device_##type##_dispose(&second);                         \
        free(copied);                                                   \
        free(twice);                                                    \
        free(once);                                                     \
    }                                                                   \
    libxl_device_##type##_dispose(&first);                              \
}

DEVICE(nic)
DEVICE(disk)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);

    HOLDS(text);
    if (!ctx) {
        HOLDS(!system("mkdir -p " XEN_LIB_DIR));
        fake_xs_reset();
        fake_xs_set("/local/domain/0/domid", "0");
        HOLDS(!libxl_ctx_alloc(&ctx, LIBXL_VERSION, 0, &logger));
    }
    nic(text);
    disk(text);
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
