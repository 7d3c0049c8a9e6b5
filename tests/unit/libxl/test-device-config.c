/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What libxl does with the config list of a vif or a disk.
 */

#include "toolstack.h"
#include "test-suite.h"

static int list_devices(const struct kind *k, union device *d)
{
    int num = 0;

    if (is_nic(k)) {
        libxl_device_nic *nics = libxl_device_nic_list(ctx, k->domid, &num);

        if (num) libxl_device_nic_copy(ctx, &d->nic, &nics[0]);
        libxl_device_nic_list_free(nics, num);
    } else {
        libxl_device_disk *disks =
            libxl_device_disk_list(ctx, k->domid, &num);

        if (num) libxl_device_disk_copy(ctx, &d->disk, &disks[0]);
        libxl_device_disk_list_free(disks, num);
    }
    return num;
}

static void stored(const struct kind *k, const char *key, const char *value)
{
    libxl_domain_config d_config;
    GC_INIT(ctx);

    libxl_domain_config_init(&d_config);
    ck_assert_int_eq(
        libxl__get_domain_configuration(gc, k->domid, &d_config), 0);
    ck_assert_int_eq(*libxl__device_type_get_num(k->dt, &d_config), 1);
    ck_assert_pstr_eq(value_of(*config_of(k,
        libxl__device_type_get_elem(k->dt, &d_config, 0)), key), value);
    libxl_domain_config_dispose(&d_config);
    GC_FREE;
}

/* Tests.  _i says which kind of device, or which case. */

START_TEST(stored_with_the_right_permissions)
{
    const struct kind *k = &kinds[_i];
    const char *perms = k->backend_domid ? "n0,r2" : "n0";
    static const struct { const char *node, *value; } nodes[] = {
        { "config", "" },
        { "config/multi-queue-max-queues", "2" },
        { "config/feature-sg", "0" },
        { "config/" NAME64, "not judged, = or otherwise" },
        { "config/empty", "" },
    };
    unsigned int i;

    ck_assert_int_eq(strlen(NAME64), 64);
    ck_assert_int_eq(add(k, LIST("multi-queue-max-queues", "2",
                                 "feature-sg", "0",
                                 NAME64, "not judged, = or otherwise",
                                 "empty", "")), 0);

    for (i = 0; i < ARRAY_SIZE(nodes); i++) {
        const char *be = below(k->backend, nodes[i].node);
        const char *own = below(k->libxl, nodes[i].node);

        ck_assert_pstr_eq(fake_xs_get(be), nodes[i].value);
        ck_assert_pstr_eq(fake_xs_perms(be), perms);
        ck_assert_pstr_eq(fake_xs_get(own), nodes[i].value);
        ck_assert_pstr_eq(fake_xs_perms(own), "n0");
    }
    ck_assert_uint_eq(fake_xs_count(below(k->backend, "config")),
                      ARRAY_SIZE(nodes));
    ck_assert_uint_eq(fake_xs_count(below(k->libxl, "config")),
                      ARRAY_SIZE(nodes));
    ck_assert_uint_eq(fake_xs_count(below(k->frontend, "config")), 0);
}
END_TEST

START_TEST(seen_by_the_backend_alone)
{
    const struct kind *k = &kinds[_i];
    const char *config = below(k->backend, "config");
    const char *node = below(config, "feature-sg");
    const char *const paths[] = { config, node };
    unsigned int i, num;
    char **names;
    void *value;

    ck_assert_int_eq(add(k, LIST("feature-sg", "0")), 0);

    fake_xs_become(k->domid);
    /* It sees the device, or this would prove nothing. */
    value = xs_read(ctx->xsh, XBT_NULL, below(k->backend, "state"), NULL);
    ck_assert_ptr_nonnull(value);
    free(value);
    for (i = 0; i < ARRAY_SIZE(paths); i++) {
        errno = 0;
        ck_assert_ptr_null(xs_read(ctx->xsh, XBT_NULL, paths[i], NULL));
        ck_assert_int_eq(errno, EACCES);
        errno = 0;
        ck_assert_ptr_null(xs_directory(ctx->xsh, XBT_NULL, paths[i], &num));
        ck_assert_int_eq(errno, EACCES);
        ck_assert(!xs_write(ctx->xsh, XBT_NULL, paths[i], "1", 1));
        ck_assert(!xs_rm(ctx->xsh, XBT_NULL, paths[i]));
    }
    ck_assert_ptr_null(xs_read(ctx->xsh, XBT_NULL,
        below(k->libxl, "config/feature-sg"), NULL));

    fake_xs_become(k->backend_domid);
    names = xs_directory(ctx->xsh, XBT_NULL, config, &num);
    ck_assert_ptr_nonnull(names);
    ck_assert_uint_eq(num, 1);
    free(names);
    value = xs_read(ctx->xsh, XBT_NULL, node, NULL);
    ck_assert_ptr_nonnull(value);
    free(value);
    if (k->backend_domid) {
        ck_assert(!xs_write(ctx->xsh, XBT_NULL, node, "1", 1));
        ck_assert_ptr_null(xs_read(ctx->xsh, XBT_NULL,
            below(k->libxl, "config/feature-sg"), NULL));
    }

    fake_xs_become(3); /* someone else */
    ck_assert_ptr_null(xs_read(ctx->xsh, XBT_NULL, node, NULL));
    ck_assert_int_eq(errno, EACCES);
    fake_xs_become(0);
}
END_TEST

static const struct kind *watched;
static unsigned int times_seen;

/* Whenever the backend's directory can be seen, so can the request. */
static void watch(const char *path)
{
    if (fake_xs_get(watched->backend)) {
        ck_assert_pstr_eq(
            fake_xs_get(below(watched->backend, "config/feature-sg")), "0");
        times_seen++;
    }
    backend(path);
}

START_TEST(with_the_backend_directory)
{
    watched = &kinds[_i];
    fake_xs_changed = watch;
    ck_assert_int_eq(add(watched, LIST("feature-sg", "0")), 0);
    ck_assert_uint_gt(times_seen, 0);
    fake_xs_changed = backend;
}
END_TEST

START_TEST(given_twice_the_last_counts)
{
    const struct kind *k = &kinds[_i];

    ck_assert_int_eq(add(k, LIST("a", "1", "b", "2", "a", "3", "b", "4",
                                 "a", "5")), 0);
    ck_assert_pstr_eq(fake_xs_get(below(k->backend, "config/a")), "5");
    ck_assert_pstr_eq(fake_xs_get(below(k->libxl, "config/a")), "5");
    ck_assert_pstr_eq(fake_xs_get(below(k->backend, "config/b")), "4");
    ck_assert_uint_eq(fake_xs_count(below(k->backend, "config")), 3);
}
END_TEST

START_TEST(nothing_requested_nothing_done)
{
    const struct kind *k = &kinds[_i];
    libxl__device device = {
        .backend_domid = k->backend_domid, .domid = k->domid,
        .kind = k->dt->type, .backend_kind = k->dt->type,
    };
    char *none[] = { NULL };
    libxl_key_value_list lists[] = { NULL, none };
    union device d;
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(lists); i++) {
        GC_INIT(ctx);

        device_make(k, &d, lists[i]);
        fake_xs_requests("");
        ck_assert_int_eq(libxl__device_config_check(gc, k->dt, &device, &d),
                         0);
        ck_assert_int_eq(libxl__device_config_write(gc, XBT_NULL, k->dt,
                                                    &device, &d), 0);
        ck_assert_uint_eq(fake_xs_requests(""), 0);
        *config_of(k, &d) = NULL;
        k->dt->dispose(&d);
        GC_FREE;
    }

    ck_assert_int_eq(add(k, NULL), 0);
    ck_assert_uint_eq(fake_xs_requests("/config"), 0);
    ck_assert_ptr_nonnull(fake_xs_get(k->backend));
    ck_assert_uint_eq(fake_xs_count(below(k->backend, "config")), 0);
    ck_assert_uint_eq(fake_xs_count(below(k->libxl, "config")), 0);
}
END_TEST

START_TEST(a_type_without_the_list)
{
    libxl__device_type dt = { .type = LIBXL__DEVICE_KIND_VKBD };
    libxl__device device = { .domid = GUEST };
    int type = 1;
    GC_INIT(ctx);

    fake_xs_requests("");
    ck_assert_int_eq(libxl__device_config_check(gc, &dt, &device, &type), 0);
    ck_assert_int_eq(libxl__device_config_write(gc, XBT_NULL, &dt, &device,
                                                &type), 0);
    ck_assert_uint_eq(fake_xs_requests(""), 0);
    GC_FREE;
}
END_TEST

/* A kind of device with no PV backend has a config all the same. */
START_TEST(a_type_that_names_its_list)
{
    struct { int other; libxl_key_value_list config; } type = {
        .config = LIST("x", "1"),
    };
    libxl__device_type dt = {
        .type = LIBXL__DEVICE_KIND_VUSB,
        .config_offset = offsetof(typeof(type), config),
    };
    libxl__device device = {
        .domid = GUEST, .kind = LIBXL__DEVICE_KIND_VUSB,
        .backend_kind = LIBXL__DEVICE_KIND_NONE,
    };
    GC_INIT(ctx);

    ck_assert_int_eq(libxl__device_config_write(gc, XBT_NULL, &dt, &device,
                                                &type), 0);
    ck_assert_pstr_eq(fake_xs_get("/libxl/4/device/vusb/0/config/x"), "1");
    ck_assert_uint_eq(fake_xs_count("/local/domain/0/backend"), 0);
    libxl_key_value_list_dispose(&type.config);
    GC_FREE;
}
END_TEST

/* Those that libxl__device_add() adds carry the list in no other way. */

struct toy {
    int other;
    libxl_key_value_list config;
};

static int toy_to_device(libxl__gc *gc, uint32_t domid, void *type,
                         libxl__device *device)
{
    *device = (libxl__device){
        .domid = domid, .devid = 3, .backend_domid = DRIVER_DOMAIN,
        .kind = LIBXL__DEVICE_KIND_VKBD,
        .backend_kind = LIBXL__DEVICE_KIND_VKBD,
    };
    return 0;
}

START_TEST(a_type_that_is_added_at_once)
{
    static const struct kind k = {
        .name = "vkbd/3", .backend = "/local/domain/2/backend/vkbd/4/3",
        .libxl = "/libxl/4/device/vkbd/3",
        .frontend = "/local/domain/4/device/vkbd/3",
    };
    static const libxl__device_type dt = {
        .type = LIBXL__DEVICE_KIND_VKBD, .to_device = toy_to_device,
        .config_offset = offsetof(struct toy, config),
    };
    struct toy toy = { .config = LIST("x", "1") };
    GC_INIT(ctx);

    fake_xs_fail("/config/x", 1, ENOSPC);
    ck_assert_int_eq(libxl__device_add(gc, GUEST, &dt, &toy), ERROR_FAIL);
    ck_assert(fake_xs_failed());
    assert_nothing_there(&k);

    fake_xs_conflicts(2);
    ck_assert_int_eq(libxl__device_add(gc, GUEST, &dt, &toy), 0);
    ck_assert_pstr_eq(fake_xs_get(below(k.backend, "config/x")), "1");
    ck_assert_pstr_eq(fake_xs_perms(below(k.backend, "config/x")), "n0,r2");
    ck_assert_pstr_eq(fake_xs_get(below(k.libxl, "config/x")), "1");
    ck_assert_ptr_nonnull(fake_xs_get(below(k.frontend, "backend")));

    libxl_key_value_list_dispose(&toy.config);
    toy.config = LIST("a/b", "1");
    log_text[0] = 0;
    ck_assert_int_eq(libxl__device_add(gc, GUEST, &dt, &toy), ERROR_INVAL);
    ck_assert_ptr_nonnull(strstr(log_text, "vkbd/3"));
    ck_assert_ptr_nonnull(strstr(log_text, "`a/b'"));
    libxl_key_value_list_dispose(&toy.config);
    GC_FREE;
}
END_TEST

START_TEST(again_after_eagain)
{
    const struct kind *k = &kinds[_i];

    fake_xs_conflicts(2);
    ck_assert_int_eq(add(k, LIST("feature-sg", "0")), 0);
    ck_assert_pstr_eq(fake_xs_get(below(k->backend, "config/feature-sg")),
                      "0");
    ck_assert_pstr_eq(fake_xs_perms(below(k->backend, "config/feature-sg")),
                      k->backend_domid ? "n0,r2" : "n0");
    ck_assert_pstr_eq(fake_xs_get(below(k->libxl, "config/feature-sg")),
                      "0");
}
END_TEST

START_TEST(any_error_undoes_all)
{
    const struct kind *k = &kinds[_i];
    unsigned int n;

    /* Each request for one of the config nodes in turn. */
    for (n = 1; ; n++) {
        int rc;

        log_text[0] = 0;
        fake_xs_fail("/config", n, EIO);
        rc = add(k, LIST("feature-a", "1", "feature-b", "2"));
        if (!fake_xs_failed()) {
            ck_assert_int_eq(rc, 0);
            break;
        }
        ck_assert_int_lt(rc, 0);
        assert_nothing_there(k);
        ck_assert_pstr_ne(log_text, "");
        ck_assert_ptr_nonnull(strstr(log_text, "/config"));
    }
    /* Twice a directory, created and given permissions, and two nodes. */
    ck_assert_uint_ge(n, 8 + 1);
}
END_TEST

/* Not only for config: what else belongs to the device counts as well. */
START_TEST(no_half_a_device)
{
    const struct kind *k = &kinds[_i];
    unsigned int n;

    for (n = 1; n <= 3; n++) {
        fake_xs_fail(below(k->backend, ""), n, EIO);
        ck_assert_int_lt(add(k, LIST("feature-sg", "0")), 0);
        ck_assert(fake_xs_failed());
        assert_nothing_there(k);
    }
}
END_TEST

START_TEST(too_long_for_xenstore)
{
    const struct kind *k = &kinds[_i];
    char value[4097];

    memset(value, '1', sizeof(value));
    value[sizeof(value) - 1] = 0;
    ck_assert_int_lt(add(k, LIST("feature-sg", "0", "feature-x", value)), 0);
    assert_nothing_there(k);
    ck_assert_ptr_nonnull(strstr(log_text, k->name));
    ck_assert_ptr_nonnull(strstr(log_text, "feature-x"));
    ck_assert_ptr_nonnull(strstr(log_text, "4096 characters"));
}
END_TEST

/* What an administrator may write if he means it. */
START_TEST(large_but_not_too_large)
{
    const struct kind *k = &kinds[_i];
    char *kvs[2 * 60 + 1] = { NULL }, name[32], value[4001];
    union device d;
    int i;

    memset(value, 'x', sizeof(value));
    value[sizeof(value) - 1] = 0;
    for (i = 0; i < 60; i++) {
        snprintf(name, sizeof(name), "feature-%d", i);
        kvs[2 * i] = libxl__strdup(&ctx->nogc_gc, name);
        kvs[2 * i + 1] = value;
    }
    ck_assert_int_eq(add(k, key_value_list(kvs)), 0);

    k->dt->init(&d);
    ck_assert_int_eq(list_devices(k, &d), 1);
    ck_assert_int_eq(libxl_key_value_list_length(config_of(k, &d)), 60);
    for (i = 0; i < 60; i++) {
        ck_assert_pstr_eq(value_of(*config_of(k, &d), kvs[2 * i]), value);
        stored(k, kvs[2 * i], value);
        free(kvs[2 * i]);
    }
    ck_assert_uint_eq(fake_xs_count(below(k->backend, "config")), 60 + 1);
    k->dt->dispose(&d);
    ck_assert_str_eq(log_text, "");
}
END_TEST

START_TEST(many_devices_with_many_requests)
{
    const struct kind *k = &kinds[2];
    union device d;
    int i, num;
    libxl_device_disk *disks;

    for (i = 0; i < 16; i++) {
        device_make(k, &d, LIST(
            "a", "0", "b", "1", "c", "2", "d", "3", "e", "4", "f", "5",
            "g", "6", "h", "7", "i", "8", "j", "9", "k", "10", "l", "11",
            "m", "12", "n", "13", "o", "14", "p", "15"));
        free(d.disk.vdev);
        ck_assert_int_gt(asprintf(&d.disk.vdev, "xvd%c", 'a' + i), 0);
        ck_assert_int_eq(device_add(k, &d), 0);
        k->dt->dispose(&d);
        fake_xs_requests("");
    }
    disks = libxl_device_disk_list(ctx, GUEST, &num);
    ck_assert_int_eq(num, 16);
    for (i = 0; i < num; i++) {
        ck_assert_int_eq(libxl_key_value_list_length(&disks[i].config), 16);
        ck_assert_pstr_eq(value_of(disks[i].config, "p"), "15");
    }
    libxl_device_disk_list_free(disks, num);
}
END_TEST

/* xenstored's quotas, wherever one of them is met. */
START_TEST(xenstore_is_full)
{
    const struct kind *k = &kinds[_i];
    static const int errors[] = { ENOSPC, E2BIG, EDQUOT };
    unsigned int i, n;

    for (i = 0; i < ARRAY_SIZE(errors); i++)
        for (n = 1; n <= 2; n++) {
            log_text[0] = 0;
            /* In the backend's directory, and in the toolstack's copy. */
            fake_xs_fail("config/feature-x", n, errors[i]);
            ck_assert_int_lt(add(k, LIST("feature-a", "0",
                                         "feature-x", "1")), 0);
            ck_assert(fake_xs_failed());
            assert_nothing_there(k);
            ck_assert_ptr_nonnull(strstr(log_text, k->name));
            ck_assert_ptr_nonnull(strstr(log_text, "`feature-x'"));
            ck_assert_ptr_nonnull(strstr(log_text, strerror(errors[i])));
        }
}
END_TEST

static const struct { char *key, *value; bool good; } keys[] = {
    { "a", "1", true },
    { "A-Z_a-z@0-9", "1", true },
    { NAME64, "1", true },
    { NAME64 "z", "1" },
    { "", "1" },
    { "..", "1" },
    { "../x", "1" },
    { "a/b", "1" },
    { "/a", "1" },
    { "a/", "1" },
    { "a b", "1" },
    { "a.b", "1" },
    { "a=b", "1" },
    { "a\n", "1" },
    { "\"a\"", "1" },
    { "\xc3\xa4", "1" },
    { "a", NULL },
};

START_TEST(keys_that_libxl_takes)
{
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(kinds); i++) {
        const struct kind *k = &kinds[i];
        libxl_key_value_list config =
            LIST("first", "1", keys[_i].key, keys[_i].value);
        int rc;

        fake_xs_requests("");
        log_text[0] = 0;
        rc = add(k, config);
        if (keys[_i].good) {
            ck_assert_int_eq(rc, 0);
            ck_assert_pstr_eq(fake_xs_get(below(below(k->backend, "config"),
                                                keys[_i].key)),
                              keys[_i].value);
            break; /* the next would have the same place in xenstore */
        }
        ck_assert_int_eq(rc, ERROR_INVAL);
        assert_nothing_there(k);
        ck_assert_uint_eq(fake_xs_requests("/config"), 0);
        ck_assert_ptr_nonnull(strstr(log_text, k->name));
        ck_assert_ptr_nonnull(strstr(log_text, keys[_i].key));
    }
    ck_assert_int_eq(keys[_i].value &&
                     libxl_device_config_key_valid(keys[_i].key),
                     keys[_i].good);
}
END_TEST

START_TEST(keys_of_a_whole_domain)
{
    libxl_domain_config d_config;
    bool nic = _i;
    int i;
    GC_INIT(ctx);

    libxl_domain_config_init(&d_config);
    d_config.num_nics = d_config.num_disks = 2;
    GCNEW_ARRAY(d_config.nics, 2);
    GCNEW_ARRAY(d_config.disks, 2);
    for (i = 0; i < 2; i++) {
        libxl_device_nic_init(&d_config.nics[i]);
        libxl_device_disk_init(&d_config.disks[i]);
        d_config.nics[i].config = LIST("feature-sg", "0");
        d_config.disks[i].config = LIST("max-ring-page-order", "0");
    }

    fake_xs_requests("");
    ck_assert_int_eq(
        libxl__domain_device_config_check(gc, GUEST, &d_config), 0);

    libxl_key_value_list_dispose(nic ? &d_config.nics[1].config
                                     : &d_config.disks[1].config);
    *(nic ? &d_config.nics[1].config : &d_config.disks[1].config) =
        LIST("../../x", "0");
    ck_assert_int_eq(
        libxl__domain_device_config_check(gc, GUEST, &d_config), ERROR_INVAL);
    ck_assert_ptr_nonnull(strstr(log_text, nic ? "vif #1" : "vbd #1"));
    ck_assert_ptr_nonnull(strstr(log_text, "../../x"));
    ck_assert_uint_eq(fake_xs_requests(""), 0);

    for (i = 0; i < 2; i++) {
        libxl_device_nic_dispose(&d_config.nics[i]);
        libxl_device_disk_dispose(&d_config.disks[i]);
    }
    d_config.num_nics = d_config.num_disks = 0;
    d_config.nics = NULL;
    d_config.disks = NULL;
    libxl_domain_config_dispose(&d_config);
    GC_FREE;
}
END_TEST

/* As an application does that builds its domains without xl. */
START_TEST(a_domain_is_not_even_made)
{
    libxl_domain_config d_config;
    libxl_device_disk *disk;
    uint32_t domid = INVALID_DOMID;

    fake_xs_set("/local/pool/0/name", "Pool-0");
    libxl_domain_config_init(&d_config);
    d_config.c_info.type = LIBXL_DOMAIN_TYPE_PV;
    d_config.c_info.name = strdup("test");
    libxl_uuid_generate(&d_config.c_info.uuid);
    libxl_domain_build_info_init_type(&d_config.b_info,
                                      LIBXL_DOMAIN_TYPE_PV);
    d_config.b_info.max_memkb = d_config.b_info.target_memkb = 65536;
    d_config.b_info.kernel = strdup("/dev/null");
    d_config.disks = disk = calloc(1, sizeof(*disk));
    ck_assert_ptr_nonnull(disk);
    d_config.num_disks = 1;
    libxl_device_disk_init(disk);
    disk->vdev = strdup("xvda");
    disk->pdev_path = strdup("/dev/zero");
    disk->config = LIST("a/b", "1");

    /* The fake hypervisor makes no domain, and says so another way. */
    ck_assert_int_eq(libxl_domain_create_new(ctx, &d_config, &domid, NULL,
                                             NULL), ERROR_INVAL);
    ck_assert_ptr_nonnull(strstr(log_text, "vbd #0"));
    ck_assert_ptr_nonnull(strstr(log_text, "a/b"));
    ck_assert_ptr_null(strstr(log_text, "cannot make domain"));
    libxl_domain_config_dispose(&d_config);
}
END_TEST

START_TEST(read_back_from_our_own_copy)
{
    const struct kind *k = &kinds[_i];
    libxl_key_value_list config;
    union device d;

    ck_assert_int_eq(add(k, LIST("a", "1", "b", "", "a", "2")), 0);

    /* What a driver domain does to its copy does not count. */
    fake_xs_set(below(k->backend, "config/a"), "9");
    fake_xs_set(below(k->backend, "config/c"), "9");

    k->dt->init(&d);
    fake_xs_requests("");
    ck_assert_int_eq(list_devices(k, &d), 1);
    ck_assert_uint_eq(fake_xs_requests(below(k->backend, "config")), 0);
    config = *config_of(k, &d);
    ck_assert_int_eq(libxl_key_value_list_length(&config), 2);
    ck_assert_pstr_eq(value_of(config, "a"), "2");
    ck_assert_pstr_eq(value_of(config, "b"), "");
    k->dt->dispose(&d);

    k->dt->init(&d);
    if (is_nic(k))
        ck_assert_int_eq(libxl_devid_to_device_nic(ctx, k->domid, 0, &d.nic),
                         0);
    else
        ck_assert_int_eq(libxl_vdev_to_device_disk(ctx, k->domid, "xvda",
                                                   &d.disk), 0);
    ck_assert_pstr_eq(value_of(*config_of(k, &d), "a"), "2");
    k->dt->dispose(&d);
}
END_TEST

START_TEST(read_back_nothing)
{
    const struct kind *k = &kinds[_i];
    union device d;

    ck_assert_int_eq(add(k, NULL), 0);
    fake_xs_set(below(k->backend, "config/c"), "9");

    k->dt->init(&d);
    fake_xs_requests("");
    ck_assert_int_eq(list_devices(k, &d), 1);
    ck_assert_uint_eq(fake_xs_requests("/config"), 1);
    ck_assert_ptr_null(*config_of(k, &d));
    k->dt->dispose(&d);
}
END_TEST

START_TEST(read_back_errors)
{
    const struct kind *k = &kinds[_i];
    unsigned int n;

    ck_assert_int_eq(add(k, LIST("a", "1", "b", "2")), 0);
    for (n = 1; n <= 3; n++) {
        libxl_key_value_list config = NULL;
        GC_INIT(ctx);

        fake_xs_fail("/config", n, EIO);
        ck_assert_int_eq(libxl__device_config_read(gc, k->libxl, &config),
                         ERROR_FAIL);
        ck_assert_ptr_null(config);
        GC_FREE;
    }

    /* A node that goes away while we look is no error. */
    {
        libxl_key_value_list config = NULL;
        GC_INIT(ctx);

        fake_xs_fail("/config", 2, ENOENT);
        ck_assert_int_eq(libxl__device_config_read(gc, k->libxl, &config),
                         0);
        ck_assert_int_eq(libxl_key_value_list_length(&config), 1);
        libxl_key_value_list_dispose(&config);
        GC_FREE;
    }
}
END_TEST

START_TEST(removed_with_the_device)
{
    const struct kind *k = &kinds[_i];
    union device d;

    device_make(k, &d, LIST("feature-sg", "0"));
    ck_assert_int_eq(device_add(k, &d), 0);
    ck_assert_int_eq(is_nic(k) ?
        libxl_device_nic_destroy(ctx, k->domid, &d.nic, NULL) :
        libxl_device_disk_destroy(ctx, k->domid, &d.disk, NULL), 0);
    assert_nothing_there(k);
    k->dt->dispose(&d);

    /* And its successor does not inherit. */
    ck_assert_int_eq(add(k, NULL), 0);
    ck_assert_uint_eq(fake_xs_count(below(k->backend, "config")), 0);
    ck_assert_uint_eq(fake_xs_count(below(k->libxl, "config")), 0);
}
END_TEST

START_TEST(kept_in_the_domain_s_configuration)
{
    const struct kind *k = &kinds[_i];

    ck_assert_int_eq(add(k, LIST("feature-sg", "0")), 0);
    stored(k, "feature-sg", "0");
}
END_TEST

static char *to_json(const struct kind *k, union device *d)
{
    return is_nic(k) ? libxl_device_nic_to_json(ctx, &d->nic)
                     : libxl_device_disk_to_json(ctx, &d->disk);
}

static int from_json(const struct kind *k, union device *d, const char *text)
{
    k->dt->init(d);
    return is_nic(k) ? libxl_device_nic_from_json(ctx, &d->nic, text)
                     : libxl_device_disk_from_json(ctx, &d->disk, text);
}

START_TEST(json)
{
    const struct kind *k = &kinds[_i];
    union device d, copy;
    char *text, *again;

    /* Nothing requested: what it always was. */
    device_make(k, &d, NULL);
    text = to_json(k, &d);
    ck_assert_ptr_null(strstr(text, "config"));
    ck_assert_int_eq(from_json(k, &copy, text), 0);
    ck_assert_ptr_null(*config_of(k, &copy));
    k->dt->dispose(&copy);
    k->dt->dispose(&d);
    free(text);

    /* There and back, and copied. */
    device_make(k, &d, LIST("feature-sg", "0", "x", "\"\x1b, \\"));
    text = to_json(k, &d);
    ck_assert_int_eq(from_json(k, &copy, text), 0);
    ck_assert_pstr_eq(value_of(*config_of(k, &copy), "feature-sg"), "0");
    ck_assert_pstr_eq(value_of(*config_of(k, &copy), "x"), "\"\x1b, \\");
    k->dt->dispose(&copy);
    k->dt->init(&copy);
    k->dt->copy(ctx, &copy, &d);
    k->dt->dispose(&d);
    again = to_json(k, &copy);
    ck_assert_str_eq(again, text);
    k->dt->dispose(&copy);
    free(text);
    free(again);

    /* A libxl that knows nothing of a key passes over it, as this one does. */
    ck_assert_int_eq(from_json(k, &d, "{ \"devid\": 7,"
        " \"config-of-tomorrow\": { \"feature-sg\": \"0\" } }"), 0);
    ck_assert_ptr_null(*config_of(k, &d));
    k->dt->dispose(&d);
}
END_TEST

/* A new medium changes neither what is stored nor what is in xenstore. */
START_TEST(cdrom_insert_keeps_it)
{
    static const struct kind cdrom = {
        "vbd/51712", &libxl__disk_devtype,
        "/local/domain/0/backend/qdisk/5/51712", "/libxl/5/device/vbd/51712",
        "/local/domain/5/device/vbd/51712", HVM_GUEST, 0
    };
    libxl_key_value_list given = _i & 1 ? LIST("feature-x", "7") : NULL;
    bool eject = _i & 2;
    union device d;

    device_make(&cdrom, &d, LIST("feature-sg", "0"));
    d.disk.is_cdrom = d.disk.removable = 1;
    d.disk.readwrite = 0;
    ck_assert_int_eq(device_add(&cdrom, &d), 0);
    libxl_key_value_list_dispose(&d.disk.config);
    d.disk.config = given;
    free(d.disk.pdev_path);
    d.disk.pdev_path = eject ? NULL : strdup("/dev/null");
    if (eject)
        d.disk.format = LIBXL_DISK_FORMAT_EMPTY;

    ck_assert_int_eq(libxl_cdrom_insert(ctx, HVM_GUEST, &d.disk, NULL), 0);

    stored(&cdrom, "feature-sg", "0");
    stored(&cdrom, "feature-x", NULL);
    ck_assert_pstr_eq(fake_xs_get(below(cdrom.backend, "params")),
                      eject ? "" : "aio:/dev/null");
    ck_assert_pstr_eq(fake_xs_get(below(cdrom.backend, "config/feature-sg")),
                      "0");
    ck_assert_uint_eq(fake_xs_count(below(cdrom.backend, "config")), 2);
    libxl_device_disk_dispose(&d.disk);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("libxl device config");
    TCase *tc = tcase_create("config");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, stored_with_the_right_permissions, 0, NUM_KINDS);
    tcase_add_loop_test(tc, seen_by_the_backend_alone, 0, NUM_KINDS);
    tcase_add_loop_test(tc, with_the_backend_directory, 0, NUM_KINDS);
    tcase_add_loop_test(tc, given_twice_the_last_counts, 0, NUM_KINDS);
    tcase_add_loop_test(tc, nothing_requested_nothing_done, 0, NUM_KINDS);
    tcase_add_test(tc, a_type_without_the_list);
    tcase_add_test(tc, a_type_that_names_its_list);
    tcase_add_test(tc, a_type_that_is_added_at_once);
    tcase_add_loop_test(tc, again_after_eagain, 0, NUM_KINDS);
    tcase_add_loop_test(tc, any_error_undoes_all, 0, NUM_KINDS);
    tcase_add_loop_test(tc, no_half_a_device, 0, NUM_KINDS);
    tcase_add_loop_test(tc, too_long_for_xenstore, 0, NUM_KINDS);
    tcase_add_loop_test(tc, large_but_not_too_large, 0, NUM_KINDS);
    tcase_add_test(tc, many_devices_with_many_requests);
    tcase_add_loop_test(tc, xenstore_is_full, 0, NUM_KINDS);
    tcase_add_loop_test(tc, keys_that_libxl_takes, 0, ARRAY_SIZE(keys));
    tcase_add_loop_test(tc, keys_of_a_whole_domain, 0, 2);
    tcase_add_test(tc, a_domain_is_not_even_made);
    tcase_add_loop_test(tc, read_back_from_our_own_copy, 0, NUM_KINDS);
    tcase_add_loop_test(tc, read_back_nothing, 0, NUM_KINDS);
    tcase_add_loop_test(tc, read_back_errors, 0, NUM_KINDS);
    tcase_add_loop_test(tc, removed_with_the_device, 0, NUM_KINDS);
    tcase_add_loop_test(tc, kept_in_the_domain_s_configuration, 0, NUM_KINDS);
    tcase_add_loop_test(tc, json, 0, NUM_KINDS);
    tcase_add_loop_test(tc, cdrom_insert_keeps_it, 0, 4);
    suite_add_tcase(s, tc);

    return run_suite(s);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
