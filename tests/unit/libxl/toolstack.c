/* SPDX-License-Identifier: GPL-2.0-only */
/* A toolstack's host, for tests of libxl: see toolstack.h */

#include "toolstack.h"

libxl_ctx *ctx;

/* The log, because an error must name the device and the key. */

char log_text[65536];
char warned[1024];

static void log_vmessage(xentoollog_logger *logger, xentoollog_level level,
                         int errnoval, const char *context,
                         const char *format, va_list al)
{
    size_t len = strlen(log_text);

    if (level == XTL_WARN)
        vsnprintf(warned, sizeof(warned), format, al);
    if (level < XTL_ERROR || len > sizeof(log_text) - 2048)
        return;
    vsnprintf(log_text + len, 1024, format, al);
    snprintf(log_text + strlen(log_text), 512, "%s%s\n",
             errnoval >= 0 ? ": " : "",
             errnoval >= 0 ? strerror(errnoval) : "");
    if (getenv("VERBOSE"))
        fputs(log_text + len, stderr);
}

static void log_destroy(xentoollog_logger *logger) { }

static xentoollog_logger logger = {
    .vmessage = log_vmessage, .destroy = log_destroy,
};

/* Backends that get as far as libxl waits for. */

void backend(const char *path)
{
    static const struct { const char *is, *becomes; } moves[] = {
        { "1", "2" }, /* Initialising -> InitWait */
        { "5", "6" }, /* Closing -> Closed */
    };
    unsigned int i, domid;
    const char *state;
    char node[256];

    if (!strstr(path, "/backend/"))
        return;

    state = fake_xs_get(path);
    if (!strcmp(strrchr(path, '/'), "/state")) {
        for (i = 0; state && i < ARRAY_SIZE(moves); i++)
            if (!strcmp(state, moves[i].is)) {
                fake_xs_set(path, moves[i].becomes);
                return;
            }
        return;
    }

    /* A driver domain clears up after itself; libxl waits for that. */
    snprintf(node, sizeof(node), "%s/state", path);
    state = fake_xs_get(node);
    if (state && !strcmp(state, "6") &&
        sscanf(path, "/local/domain/%u/", &domid) == 1 &&
        domid == DRIVER_DOMAIN) {
        fake_xs_become(domid);
        ck_assert(xs_rm(ctx->xsh, XBT_NULL, path));
        fake_xs_become(0);
    }
}

void setup(void)
{
    static const int domids[] = { GUEST, HVM_GUEST };
    char path[64];
    unsigned int i;

    ck_assert_int_eq(system("rm -rf " XEN_LIB_DIR
                            " && mkdir -p " XEN_LIB_DIR), 0);

    fake_xs_reset();
    fake_xs_set("/local/domain/0/domid", "0");
    ck_assert_int_eq(libxl_ctx_alloc(&ctx, LIBXL_VERSION, 0, &logger), 0);
    fake_xs_changed = backend;

    for (i = 0; i < ARRAY_SIZE(domids); i++) {
        GC_INIT(ctx);
        libxl_domain_config d_config;
        int domid = domids[i];

        snprintf(path, sizeof(path), "/libxl/%d/type", domid);
        fake_xs_set(path, domid == GUEST ? "pv" : "hvm");
        snprintf(path, sizeof(path), "/libxl/%d/dm-version", domid);
        fake_xs_set(path, "qemu_xen_traditional"); /* speaks no QMP */
        snprintf(path, sizeof(path),
                 "/local/domain/%d/image/device-model-pid", domid);
        fake_xs_set(path, "1");

        libxl_domain_config_init(&d_config);
        d_config.c_info.type = domid == GUEST ? LIBXL_DOMAIN_TYPE_PV
                                              : LIBXL_DOMAIN_TYPE_HVM;
        libxl_domain_build_info_init_type(&d_config.b_info,
                                          d_config.c_info.type);
        ck_assert_int_eq(
            libxl__set_domain_configuration(gc, domid, &d_config), 0);
        libxl_domain_config_dispose(&d_config);
        GC_FREE;
    }

    log_text[0] = 0;
    warned[0] = 0;
    fake_xs_requests("");
}

void teardown(void)
{
    ck_assert_uint_eq(fake_xs_open_transactions(), 0);
    libxl_ctx_free(ctx);
    ctx = NULL;
    fake_xs_reset();
}

/* Helpers */

libxl_key_value_list key_value_list(char **kvs)
{
    libxl_key_value_list copy;

    libxl_key_value_list_copy(ctx, &copy, (const libxl_key_value_list *)&kvs);
    return copy;
}

const struct kind kinds[NUM_KINDS] = {
    { "vif/0", &libxl__nic_devtype, "/local/domain/0/backend/vif/4/0",
      "/libxl/4/device/vif/0", "/local/domain/4/device/vif/0", GUEST, 0 },
    { "vif/0", &libxl__nic_devtype, "/local/domain/2/backend/vif/4/0",
      "/libxl/4/device/vif/0", "/local/domain/4/device/vif/0",
      GUEST, DRIVER_DOMAIN },
    { "vbd/51712", &libxl__disk_devtype,
      "/local/domain/0/backend/vbd/4/51712", "/libxl/4/device/vbd/51712",
      "/local/domain/4/device/vbd/51712", GUEST, 0 },
    { "vbd/51712", &libxl__disk_devtype,
      "/local/domain/2/backend/vbd/4/51712", "/libxl/4/device/vbd/51712",
      "/local/domain/4/device/vbd/51712", GUEST, DRIVER_DOMAIN },
    { "vbd/51712", &libxl__disk_devtype,
      "/local/domain/0/backend/qdisk/5/51712", "/libxl/5/device/vbd/51712",
      "/local/domain/5/device/vbd/51712", HVM_GUEST, 0 },
};

bool is_nic(const struct kind *k)
{
    return k->dt == &libxl__nic_devtype;
}

void device_make(const struct kind *k, union device *d,
                        libxl_key_value_list config)
{
    k->dt->init(d);
    if (is_nic(k)) {
        d->nic.backend_domid = k->backend_domid;
        d->nic.nictype = LIBXL_NIC_TYPE_VIF;
        d->nic.script = strdup("/bin/true");
        d->nic.config = config;
    } else {
        d->disk.backend_domid = k->backend_domid;
        d->disk.pdev_path = strdup("/dev/zero");
        d->disk.vdev = strdup("xvda");
        d->disk.format = LIBXL_DISK_FORMAT_RAW;
        if (strstr(k->backend, "qdisk")) {
            d->disk.backend = LIBXL_DISK_BACKEND_QDISK;
        } else {
            d->disk.backend = LIBXL_DISK_BACKEND_PHY;
            d->disk.script = strdup("/bin/true");
        }
        d->disk.readwrite = 1;
        d->disk.config = config;
    }
}

int device_add(const struct kind *k, union device *d)
{
    return is_nic(k) ? libxl_device_nic_add(ctx, k->domid, &d->nic, NULL)
                     : libxl_device_disk_add(ctx, k->domid, &d->disk, NULL);
}

int add(const struct kind *k, libxl_key_value_list config)
{
    return add_both(k, config, NULL);
}

int add_both(const struct kind *k, libxl_key_value_list config,
             libxl_key_value_list config_default)
{
    union device d;
    int rc;

    device_make(k, &d, config);
    *config_default_of(k, &d) = config_default;
    rc = device_add(k, &d);
    k->dt->dispose(&d);
    return rc;
}

libxl_key_value_list *config_of(const struct kind *k, union device *d)
{
    return is_nic(k) ? &d->nic.config : &d->disk.config;
}

libxl_key_value_list *config_default_of(const struct kind *k, union device *d)
{
    return is_nic(k) ? &d->nic.config_default : &d->disk.config_default;
}

const char *value_of(libxl_key_value_list kvl, const char *key)
{
    const char *value = NULL;
    int i;

    for (i = 0; kvl && kvl[i]; i += 2)
        if (!strcmp(kvl[i], key)) {
            ck_assert_msg(!value, "%s is there twice", key);
            value = kvl[i + 1];
        }
    return value;
}

const char *below(const char *top, const char *name)
{
    static char path[4][256];
    static unsigned int slot;

    slot = (slot + 1) % ARRAY_SIZE(path);
    snprintf(path[slot], sizeof(path[slot]), "%s/%s", top, name);
    return path[slot];
}

void record_of(int domid, libxl_domain_config *d_config)
{
    GC_INIT(ctx);

    libxl_domain_config_init(d_config);
    ck_assert_int_eq(libxl__get_domain_configuration(gc, domid, d_config), 0);
    GC_FREE;
}

void assert_nothing_there(const struct kind *k)
{
    libxl_domain_config d_config;

    record_of(k->domid, &d_config);
    ck_assert_int_eq(d_config.num_nics + d_config.num_disks, 0);
    libxl_domain_config_dispose(&d_config);
    ck_assert_uint_eq(fake_xs_count(k->backend), 0);
    ck_assert_uint_eq(fake_xs_count(k->libxl), 0);
    ck_assert_uint_eq(fake_xs_count(k->frontend), 0);
    ck_assert_uint_eq(fake_xs_open_transactions(), 0);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
