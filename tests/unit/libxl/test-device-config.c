/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What libxl does with the lists config and config_default of a vif or a disk.
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

/* What the domain's record says of a key in each of the lists. */
static void stored(const struct kind *k, const char *key, const char *value,
                   const char *value_default)
{
    libxl_domain_config d_config;
    union device *d;

    record_of(k->domid, &d_config);
    ck_assert_int_eq(*libxl__device_type_get_num(k->dt, &d_config), 1);
    d = libxl__device_type_get_elem(k->dt, &d_config, 0);
    ck_assert_pstr_eq(value_of(*config_of(k, d), key), value);
    ck_assert_pstr_eq(value_of(*config_default_of(k, d), key), value_default);
    libxl_domain_config_dispose(&d_config);
}

/* The nodes of a list, and no others, each with its permissions. */
struct node { const char *name, *value; };

static void assert_list(const char *where, const struct node *nodes,
                        unsigned int num, const char *perms)
{
    char dir[256];
    unsigned int i;

    snprintf(dir, sizeof(dir), "%s", where); /* below() has few buffers */
    ck_assert_uint_eq(fake_xs_count(dir), num + 1);
    ck_assert_pstr_eq(fake_xs_get(dir), "");
    ck_assert_pstr_eq(fake_xs_perms(dir), perms);
    for (i = 0; i < num; i++) {
        ck_assert_pstr_eq(fake_xs_get(below(dir, nodes[i].name)),
                          nodes[i].value);
        ck_assert_pstr_eq(fake_xs_perms(below(dir, nodes[i].name)), perms);
    }
}

/* The toolstack's own copy: one node, nobody else's. */
static void assert_copy(const struct kind *k, const char *text)
{
    ck_assert_pstr_eq(fake_xs_get(below(k->libxl, "config")), text);
    ck_assert_pstr_eq(fake_xs_perms(below(k->libxl, "config")), "n0");
    ck_assert_uint_eq(fake_xs_count(below(k->libxl, "config")), 1);
}

/* Tests.  _i says which kind of device, or which case. */

/* Both lists, as "<feature>=<value>": "-" is none, "!" says that it is the host's. */
static const struct {
    char *own[9], *of_host[9];
    const char *requests;
    int made;
} lists[] = {
    { { NULL }, { NULL }, "", 0 },
    { { "a", "1", "b", "2" }, { NULL }, " a=1 b=2", 2 },
    { { NULL }, { "a", "1", "b", "2" }, " a=1! b=2!", 2 },
    { { "a", "1" }, { "b", "2", "a", "3" }, " a=1 b=2!", 2 },
    /* The last counts. */
    { { "a", "1", "b", "2", "a", "3" }, { NULL }, " b=2 a=3", 2 },
    { { NULL }, { "a", "1", "b", "2", "a", "3" }, " b=2! a=3!", 2 },
    { { "a", "1", "a", "2" }, { "a", "3", "a", "4" }, " a=2", 1 },
    /* Blanks around a value do not. */
    { { "a", " 1", "b", "2\t" }, { "c", "\r\n3 \t\n" }, " a=1 b=2 c=3!", 3 },
    { { "a", "1 2" }, { NULL }, " a=1 2", 1 },
    { { "a", "  " }, { "a", "1" }, " a=", 1 },
    { { "a", "" }, { "a", "1" }, " a=", 1 },
    /* The one word that libxl knows. */
    { { "a", "default" }, { "a", "1", "b", "2" }, " a=- b=2!", 1 },
    { { "a", " default\t" }, { "a", "1" }, " a=-", 0 },
    { { "a", "default", "a", "4" }, { "a", "1" }, " a=4", 1 },
    { { "a", "4", "a", "default" }, { "a", "1" }, " a=-", 0 },
    { { "a", "Default", "b", "defaults" }, { NULL }, " a=Default b=defaults", 2 },
    { { NULL }, { "a", "default" }, " a=-!", 0 },
    /* JSON's null is no value. */
    { { "a", NULL, "b", "2" }, { "c", NULL, "d", "4" }, " b=2 d=4!", 2 },
};

START_TEST(what_both_lists_come_to)
{
    libxl_key_value_list own =
        key_value_list((char **)lists[_i].own);
    libxl_key_value_list of_host =
        key_value_list((char **)lists[_i].of_host);
    libxl__request *requests;
    char text[256] = "";
    int i, num;
    GC_INIT(ctx);

    requests = libxl__device_config_requests(gc, own, of_host, &num);
    /* They do not need the lists any more. */
    libxl_key_value_list_dispose(&own);
    libxl_key_value_list_dispose(&of_host);
    for (i = 0; i < num; i++)
        sprintf(text + strlen(text), " %s=%s%s", requests[i].feature,
                requests[i].value ?: "-", requests[i].of_host ? "!" : "");
    ck_assert_str_eq(text, lists[_i].requests);
    ck_assert_int_eq(libxl__requests_made(requests, num), lists[_i].made);

    requests = libxl__device_config_requests(gc, NULL, NULL, &num);
    ck_assert_int_eq(num, 0);
    ck_assert_int_eq(libxl__requests_made(requests, num), 0);
    GC_FREE;
}
END_TEST

START_TEST(stored_with_the_right_permissions)
{
    const struct kind *k = &kinds[_i];
    static const struct node both[] = {
        { "multi-queue-max-queues", "2" },
        { "feature-sg", "0" },
        { NAME64, "not judged, = or otherwise" },
        { "empty", "" },
        { "of-host", "5" },
    };

    ck_assert_int_eq(strlen(NAME64), 64);
    ck_assert_int_eq(add_both(k,
        LIST("multi-queue-max-queues", " 2", "feature-sg", "0\t",
             NAME64, "not judged, = or otherwise", "empty", "",
             "kept-away", " default "),
        LIST("feature-sg", "1", "kept-away", "4", "of-host", " 5 ")), 0);

    assert_list(below(k->backend, "config"), both, ARRAY_SIZE(both),
                k->backend_domid ? "n0,r2" : "n0");
    assert_copy(k, "multi-queue-max-queues=2\nfeature-sg=0\n"
                NAME64 "=not judged, = or otherwise\nempty=\n"
                "kept-away=default\n"
                "\nfeature-sg=1\nkept-away=4\nof-host=5\n");
    ck_assert_uint_eq(fake_xs_count(below(k->frontend, "config")), 0);
}
END_TEST

/* The host's alone: that there is no other list shows in an empty one. */
START_TEST(of_the_host_alone)
{
    const struct kind *k = &kinds[_i];
    static const struct node nodes[] = { { "a", "1" } };

    ck_assert_int_eq(add_both(k, NULL, LIST("a", "1")), 0);
    assert_list(below(k->backend, "config"), nodes, 1,
                k->backend_domid ? "n0,r2" : "n0");
    assert_copy(k, "\na=1\n");
    stored(k, "a", NULL, "1");
}
END_TEST

/* That nothing is requested is recorded; a backend has nothing to look at. */
START_TEST(nothing_but_default)
{
    const struct kind *k = &kinds[_i];

    ck_assert_int_eq(add_both(k, LIST("a", "default", "b", "\tdefault "),
                              LIST("a", "1")), 0);
    ck_assert_uint_eq(fake_xs_requests(below(k->backend, "config")), 0);
    ck_assert_uint_eq(fake_xs_count(below(k->backend, "config")), 0);
    assert_copy(k, "a=default\nb=default\n\na=1\n");
    stored(k, "a", "default", "1");
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
        below(k->libxl, "config"), NULL));

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
            below(k->libxl, "config"), NULL));
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
    ck_assert_pstr_eq(fake_xs_get(below(k->backend, "config/b")), "4");
    assert_copy(k, "b=4\na=5\n");
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
        *config_default_of(k, &d) = lists[i];
        ck_assert_int_eq(libxl__device_config_check(gc, k->domid, k->dt, 0,
                                                    &d), 0);
        ck_assert_int_eq(libxl__device_config_write(gc, XBT_NULL, k->dt,
                                                    &device, &d), 0);
        ck_assert_uint_eq(fake_xs_requests(""), 0);
        *config_of(k, &d) = *config_default_of(k, &d) = NULL;
        k->dt->dispose(&d);
        GC_FREE;
    }

    ck_assert_int_eq(add(k, NULL), 0);
    ck_assert_uint_eq(fake_xs_requests("/config"), 0);
    fake_xs_requests("");
    ck_assert_ptr_nonnull(fake_xs_get(k->backend));
    ck_assert_uint_eq(fake_xs_count(below(k->backend, "config")), 0);
    ck_assert_uint_eq(fake_xs_count(below(k->libxl, "config")), 0);
}
END_TEST

/* Requests to xenstored, beyond those of a device without lists. */
START_TEST(what_it_costs)
{
    const struct kind *k = &kinds[_i];
    static const struct {
        char *own[5], *of_host[5];
        unsigned int requests;
    } costs[] = {
        /*
         * In which domain libxl runs; for the backend a directory, its
         * permissions, and the nodes; the copy.
         */
        { { "a", "1" }, { NULL }, 1 + 3 + 1 },
        { { "a", "1", "b", "2" }, { NULL }, 1 + 4 + 1 },
        { { NULL }, { "a", "1" }, 1 + 3 + 1 },
        { { "a", "1" }, { "b", "2" }, 1 + 4 + 1 },
        { { "a", "1" }, { "a", "2" }, 1 + 3 + 1 },
        { { "a", "1", "a", "2" }, { NULL }, 1 + 3 + 1 },
        { { "a", "default" }, { NULL }, 1 + 1 },
    };
    unsigned int i, stock;

    ck_assert_int_eq(add(k, NULL), 0);
    stock = fake_xs_requests("");
    for (i = 0; i < ARRAY_SIZE(costs); i++) {
        teardown();
        setup();
        ck_assert_int_eq(add_both(k, key_value_list((char **)costs[i].own),
                                  key_value_list((char **)costs[i].of_host)),
                         0);
        ck_assert_uint_eq(fake_xs_requests("") - stock, costs[i].requests);
    }
}
END_TEST

START_TEST(a_type_without_the_list)
{
    libxl__device_type dt = { .type = LIBXL__DEVICE_KIND_VKBD };
    libxl__device device = { .domid = GUEST };
    int type = 1;
    GC_INIT(ctx);

    fake_xs_requests("");
    ck_assert_int_eq(libxl__device_config_check(gc, GUEST, &dt, 0, &type), 0);
    ck_assert_int_eq(libxl__device_config_write(gc, XBT_NULL, &dt, &device,
                                                &type), 0);
    ck_assert_uint_eq(fake_xs_requests(""), 0);
    GC_FREE;
}
END_TEST

struct toy {
    int other;
    libxl_key_value_list config, config_default;
};

/* A kind of device with no PV backend has a config all the same. */
START_TEST(a_type_that_names_its_list)
{
    struct toy type = { .config = LIST("x", "1") };
    libxl__device_type dt = {
        .type = LIBXL__DEVICE_KIND_VUSB,
        .config_offset = offsetof(struct toy, config),
        .config_default_offset = offsetof(struct toy, config_default),
    };
    libxl__device device = {
        .domid = GUEST, .kind = LIBXL__DEVICE_KIND_VUSB,
        .backend_kind = LIBXL__DEVICE_KIND_NONE,
    };
    GC_INIT(ctx);

    ck_assert_int_eq(libxl__device_config_write(gc, XBT_NULL, &dt, &device,
                                                &type), 0);
    ck_assert_pstr_eq(fake_xs_get("/libxl/4/device/vusb/0/config"), "x=1\n");
    ck_assert_uint_eq(fake_xs_count("/local/domain/0/backend"), 0);
    libxl_key_value_list_dispose(&type.config);
    GC_FREE;
}
END_TEST

/* Those that libxl__device_add() adds carry the list in no other way. */

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
        .frontend = "/local/domain/4/device/vkbd/3", .domid = GUEST,
    };
    static const libxl__device_type dt = {
        .type = LIBXL__DEVICE_KIND_VKBD, .to_device = toy_to_device,
        .config_offset = offsetof(struct toy, config),
        .config_default_offset = offsetof(struct toy, config_default),
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
    ck_assert_pstr_eq(fake_xs_get(below(k.libxl, "config")), "x=1\n");
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
    assert_copy(k, "feature-sg=0\n");
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
        rc = add_both(k, LIST("feature-a", "1", "feature-b", "2"),
                      LIST("feature-c", "3"));
        if (!fake_xs_failed()) {
            ck_assert_int_eq(rc, 0);
            break;
        }
        ck_assert_int_lt(rc, 0);
        assert_nothing_there(k);
        ck_assert_pstr_ne(log_text, "");
        ck_assert_ptr_nonnull(strstr(log_text, "/config"));
    }
    /* A directory, its permissions, its three nodes; and the copy. */
    ck_assert_uint_eq(n, 2 + 3 + 1 + 1);
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

/* What is left of 4096 bytes by the longest path that there can be, and "a". */
#define LONGEST 4030

START_TEST(too_long_for_xenstore)
{
    const struct kind *k = &kinds[_i];
    char value[LONGEST + 2];

    memset(value, '1', sizeof(value));
    value[sizeof(value) - 1] = 0;
    fake_xs_requests("");
    ck_assert_int_eq(add(k, LIST("feature-sg", "0", "a", value)), ERROR_INVAL);
    ck_assert_ptr_nonnull(strstr(log_text, k->name));
    ck_assert_ptr_nonnull(strstr(log_text, "`a'"));
    ck_assert_ptr_nonnull(strstr(log_text, "4031 characters"));
    ck_assert_ptr_nonnull(strstr(log_text, "4030 at most"));
    ck_assert_int_eq(add_both(k, NULL, LIST("a", value)), ERROR_INVAL);
    ck_assert_int_eq(add(k, LIST("ab", value + 1)), ERROR_INVAL);
    ck_assert_uint_eq(fake_xs_requests("/config"), 0);
    assert_nothing_there(k);
}
END_TEST

/* And blanks that do not count do not make it too long. */
START_TEST(long_but_not_too_long)
{
    const struct kind *k = &kinds[_i];
    char value[LONGEST + 1], padded[LONGEST + 2001];
    union device d;

    memset(value, '1', sizeof(value));
    value[sizeof(value) - 1] = 0;
    memset(padded, ' ', sizeof(padded));
    memcpy(padded + 1000, value, LONGEST);
    padded[sizeof(padded) - 1] = 0;
    ck_assert_int_eq(add_both(k, LIST("a", padded), LIST("b", padded)), 0);
    ck_assert_str_eq(fake_xs_get(below(k->backend, "config/a")), value);
    ck_assert_str_eq(fake_xs_get(below(k->backend, "config/b")), value);
    k->dt->init(&d);
    ck_assert_int_eq(list_devices(k, &d), 1);
    ck_assert_str_eq(value_of(*config_of(k, &d), "a"), value);
    ck_assert_str_eq(value_of(*config_default_of(k, &d), "b"), value);
    k->dt->dispose(&d);
    ck_assert_str_eq(log_text, "");
}
END_TEST

/* own and of_host: so many; both: of them, named in both lists. */
static const struct {
    int own, of_host, both, by_default;
    const char *error;
} counts[] = {
    { 32, 0, 0, 0 },
    { 0, 32, 0, 0 },
    { 20, 12, 0, 0 },
    { 32, 32, 32, 0 },
    { 32, 0, 0, 40 },
    { 20, 20, 8, 3 },
    { 33, 0, 0, 0, "33 features are requested of it, 33 of its own (config)"
                   " and 0 of the host (config_default), and 32 is the most" },
    { 0, 33, 0, 0, "33 features are requested of it, 0 of its own (config)"
                   " and 33 of the host (config_default), and 32 is the most" },
    { 20, 13, 0, 0, "33 features are requested of it, 20 of its own (config)"
                    " and 13 of the host (config_default), and 32 is the most"
    },
    { 30, 10, 5, 2, "35 features are requested of it, 30 of its own (config)"
                    " and 5 of the host (config_default), and 32 is the most"
    },
};

/* Names "0", "1", ...: those that are in both lists are the first. */
static libxl_key_value_list numbered(int first, int num, const char *value,
                                     int by_default)
{
    libxl_key_value_list list = calloc(2 * (num + by_default) + 1,
                                       sizeof(*list));
    int i;

    ck_assert_ptr_nonnull(list);
    for (i = 0; i < num + by_default; i++) {
        ck_assert_int_gt(asprintf(&list[2 * i], i < num ? "%d" : "default-%d",
                                  first + i), 0);
        list[2 * i + 1] = strdup(i < num ? value : "default");
    }
    return list;
}

/* What is in one node of the copy; the last ends with a line, and no other. */
static unsigned int nodes_of_copy(const struct kind *k)
{
    unsigned int i, num = fake_xs_count(below(k->libxl, "config"));
    char name[24] = "config";

    for (i = 0; i < num; i++) {
        const char *piece;

        if (i)
            snprintf(name, sizeof(name), "config/%u", i);
        piece = fake_xs_get(below(k->libxl, name));
        ck_assert_ptr_nonnull(piece);
        ck_assert_uint_ge(strlen(piece), 1);
        ck_assert_uint_le(strlen(piece), 1024);
        ck_assert_int_eq(piece[strlen(piece) - 1] == '\n', i == num - 1);
    }
    return num;
}

/* One node does not take the copy of these: whatever they add up to, it is whole. */
START_TEST(a_copy_of_any_length)
{
    const struct kind *k = &kinds[_i];
    unsigned int len, nodes[4] = { 0 };
    char value[2101], other[101];
    union device d;

    memset(other, '2', 100);
    other[100] = 0;
    for (len = 850; len <= 2100; len++) {
        if (len == 1050)
            len = 1900;

        teardown();
        setup();
        memset(value, '1', len);
        value[len] = 0;
        ck_assert_int_eq(add_both(k, LIST("a", value), LIST("b", other)), 0);
        nodes[nodes_of_copy(k)]++;
        k->dt->init(&d);
        ck_assert_int_eq(list_devices(k, &d), 1);
        ck_assert_pstr_eq(value_of(*config_of(k, &d), "a"), value);
        ck_assert_pstr_eq(value_of(*config_default_of(k, &d), "b"), other);
        k->dt->dispose(&d);
    }
    /* All of them have been there, and nothing else. */
    ck_assert_uint_gt(nodes[1], 0);
    ck_assert_uint_gt(nodes[2], 0);
    ck_assert_uint_gt(nodes[3], 0);
    ck_assert_uint_eq(nodes[1] + nodes[2] + nodes[3], 200 + 201);
}
END_TEST

START_TEST(so_many_and_no_more)
{
    const struct kind *k = &kinds[_i % NUM_KINDS];
    typeof(&counts[0]) c = &counts[_i / NUM_KINDS];
    libxl_key_value_list own = numbered(0, c->own, "1", c->by_default);
    libxl_key_value_list of_host =
        numbered(c->own - c->both, c->of_host, "2", 0);
    int rc;

    fake_xs_requests("");
    rc = add_both(k, own, of_host);
    if (!c->error) {
        ck_assert_int_eq(rc, 0);
        ck_assert_uint_eq(fake_xs_count(below(k->backend, "config")),
                          c->own + c->of_host - c->both + 1);
        ck_assert_str_eq(log_text, "");
        return;
    }
    ck_assert_int_eq(rc, ERROR_INVAL);
    ck_assert_ptr_nonnull(strstr(log_text, k->name));
    ck_assert_ptr_nonnull(strstr(log_text, c->error));
    ck_assert_uint_eq(fake_xs_requests("/config"), 0);
    assert_nothing_there(k);
}
END_TEST

/* What an administrator may write if he means it. */
START_TEST(large_but_not_too_large)
{
    const struct kind *k = &kinds[_i];
    char value[4001], name[16];
    union device d;
    int i;

    memset(value, 'x', sizeof(value));
    value[sizeof(value) - 1] = 0;
    ck_assert_int_eq(add_both(k, numbered(0, 20, value, 0),
                              numbered(20, 12, value, 0)), 0);

    k->dt->init(&d);
    ck_assert_int_eq(list_devices(k, &d), 1);
    ck_assert_int_eq(libxl_key_value_list_length(config_of(k, &d)), 20);
    ck_assert_int_eq(libxl_key_value_list_length(config_default_of(k, &d)),
                     12);
    for (i = 0; i < 32; i++) {
        snprintf(name, sizeof(name), "%d", i);
        ck_assert_pstr_eq(value_of(i < 20 ? *config_of(k, &d)
                                          : *config_default_of(k, &d), name),
                          value);
        stored(k, name, i < 20 ? value : NULL, i < 20 ? NULL : value);
    }
    ck_assert_uint_gt(nodes_of_copy(k), 32 * 4000 / 1024);
    ck_assert_uint_eq(fake_xs_count(below(k->backend, "config")), 32 + 1);
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
        for (n = 0; n <= 1; n++) {
            log_text[0] = 0;
            /* In the backend's directory, and in the toolstack's copy. */
            fake_xs_fail(n ? below(k->libxl, "config")
                           : "config/feature-x", 1, errors[i]);
            ck_assert_int_lt(add(k, LIST("feature-a", "0",
                                         "feature-x", "1")), 0);
            ck_assert(fake_xs_failed());
            assert_nothing_there(k);
            ck_assert_ptr_nonnull(strstr(log_text, k->name));
            ck_assert_ptr_nonnull(strstr(log_text, n ? "the requests as /libxl"
                                                     : "`feature-x' as"));
            ck_assert_ptr_nonnull(strstr(log_text, strerror(errors[i])));
        }
}
END_TEST

/* said: in the error, where it is not the key itself */
static const struct { char *key, *value; bool good; const char *said; } keys[] = {
    { "a", "1", true },
    { "A-Z_a-z@0-9", "1", true },
    { NAME64, "1", true },
    { "a", "! default ~", true },
    { "a", "\t1 \r\n", true }, /* in a record of the version before */
    { NAME64 "z", "1", .said = NAME64 "'" },
    { "", "1" },
    { "..", "1" },
    { "../x", "1" },
    { "a/b", "1" },
    { "/a", "1" },
    { "a/", "1" },
    { "a b", "1" },
    { "a ", "1" },
    { "a.b", "1" },
    { "a=b", "1" },
    { "a\n", "1", .said = "`a?'" },
    { "\"a\"", "1" },
    { "\xc3\xa4", "1", .said = "`\?\?'" },
    { "a", NULL },
    { "a", "1\t2", .said = "`1?2' of `a'" },
    { "a", "\xc3\xa9", .said = "`\?\?' of `a'" },
    { "a", "\xff", .said = "`?' of `a'" },
    { "a", "1\x7f", .said = "`1?' of `a'" },
    { "a", "\x1b[31m1", .said = "`?[31m1' of `a'" },
    { "a", "1\v", .said = "`1?' of `a'" },
    { "a", "1\n2", .said = "`1?2' of `a'" },
};

/* In the own list, and in the host's. */
START_TEST(what_libxl_takes)
{
    typeof(&keys[0]) key = &keys[_i];
    const char *said = key->said ?: key->key, *p;
    unsigned int i;

    for (i = 0; i < 2 * NUM_KINDS; i++) {
        const struct kind *k = &kinds[i / 2];
        bool of_host = i % 2;
        libxl_key_value_list list =
            LIST("first", "1", key->key, key->value, "last", "1");
        char where[64];
        int rc;

        fake_xs_requests("");
        log_text[0] = 0;
        rc = of_host ? add_both(k, NULL, list) : add(k, list);
        if (key->good) {
            ck_assert_int_eq(rc, 0);
            ck_assert_int_eq(fake_xs_count(below(k->backend, "config")), 4);
            break; /* the next would have the same place in xenstore */
        }
        ck_assert_int_eq(rc, ERROR_INVAL);
        assert_nothing_there(k);
        ck_assert_uint_eq(fake_xs_requests("/config"), 0);
        snprintf(where, sizeof(where), "%s: %s: ", k->name,
                 of_host ? "config_default" : "config");
        ck_assert_ptr_nonnull(strstr(log_text, where));
        ck_assert_ptr_nonnull(strstr(log_text, said));
        for (p = log_text; *p; p++)
            ck_assert(*p == '\n' || (*p >= ' ' && *p <= '~'));
    }
    if (key->value && !key->said)
        ck_assert_int_eq(libxl_device_config_key_valid(key->key), key->good);
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
static const struct {
    char *config[5], *config_default[5];
    const char *error;
} refused[] = {
    { { "a/b", "1" }, { NULL }, "#1: config: `a/b' cannot be the name" },
    { { "a", NULL }, { NULL }, "#1: config: `a' has no value" },
    { { "a", "\xe9" }, { NULL }, "#1: config: the value `?' of `a'" },
    { { "a", "1" }, { "b", "\x1b" }, "#1: config_default: the value `?' of `b'" },
    { { NULL }, { "b", NULL }, "#1: config_default: `b' has no value" },
    { { NULL }, { NULL }, "#1: 33 features are requested of it" },
};

START_TEST(a_domain_is_not_even_made)
{
    libxl_domain_config d_config;
    libxl_key_value_list *config, *config_default;
    uint32_t domid = INVALID_DOMID;
    bool nic = _i % 2;
    typeof(&refused[0]) r = &refused[_i / 2];
    int i;

    fake_xs_set("/local/pool/0/name", "Pool-0");
    libxl_domain_config_init(&d_config);
    d_config.c_info.type = LIBXL_DOMAIN_TYPE_PV;
    d_config.c_info.name = strdup("test");
    libxl_uuid_generate(&d_config.c_info.uuid);
    libxl_domain_build_info_init_type(&d_config.b_info,
                                      LIBXL_DOMAIN_TYPE_PV);
    d_config.b_info.max_memkb = d_config.b_info.target_memkb = 65536;
    d_config.b_info.kernel = strdup("/dev/null");
    if (nic) {
        d_config.num_nics = 2;
        d_config.nics = calloc(2, sizeof(*d_config.nics));
    } else {
        d_config.num_disks = 2;
        d_config.disks = calloc(2, sizeof(*d_config.disks));
    }
    for (i = 0; i < 2; i++) {
        if (nic) {
            libxl_device_nic_init(&d_config.nics[i]);
            d_config.nics[i].config = LIST("feature-sg", "0");
            continue;
        }
        libxl_device_disk_init(&d_config.disks[i]);
        d_config.disks[i].vdev = strdup(i ? "xvdb" : "xvda");
        d_config.disks[i].pdev_path = strdup("/dev/zero");
        d_config.disks[i].config = LIST("max-ring-page-order", "0");
    }
    config = nic ? &d_config.nics[1].config : &d_config.disks[1].config;
    config_default = nic ? &d_config.nics[1].config_default
                         : &d_config.disks[1].config_default;
    libxl_key_value_list_dispose(config);
    if (strstr(r->error, "33")) {
        *config = numbered(0, 30, "1", 5);
        *config_default = numbered(30, 3, "1", 0);
    } else {
        *config = key_value_list((char **)r->config);
        *config_default = key_value_list((char **)r->config_default);
    }

    /* The fake hypervisor makes no domain, and says so another way. */
    ck_assert_int_eq(libxl_domain_create_new(ctx, &d_config, &domid, NULL,
                                             NULL), ERROR_INVAL);
    ck_assert_ptr_nonnull(strstr(log_text, nic ? "vif " : "vbd "));
    ck_assert_ptr_nonnull(strstr(log_text, r->error));
    ck_assert_ptr_null(strstr(log_text, "cannot make domain"));
    ck_assert(domid == INVALID_DOMID);
    ck_assert_uint_eq(fake_xs_count("/vm"), 0);
    libxl_domain_config_dispose(&d_config);
}
END_TEST

START_TEST(read_back_from_our_own_copy)
{
    const struct kind *k = &kinds[_i];
    libxl_key_value_list config, config_default;
    union device d;

    ck_assert_int_eq(add_both(k, LIST("a", "1", "b", "", "a", "2",
                                      "d", "default"),
                              LIST("a", "3", "d", "4")), 0);

    /* What a driver domain does to its copy does not count. */
    fake_xs_set(below(k->backend, "config/a"), "9");
    fake_xs_set(below(k->backend, "config/c"), "9");

    k->dt->init(&d);
    fake_xs_requests("");
    ck_assert_int_eq(list_devices(k, &d), 1);
    ck_assert_uint_eq(fake_xs_requests(below(k->backend, "config")), 0);
    config = *config_of(k, &d);
    ck_assert_int_eq(libxl_key_value_list_length(&config), 3);
    ck_assert_pstr_eq(value_of(config, "a"), "2");
    ck_assert_pstr_eq(value_of(config, "b"), "");
    ck_assert_pstr_eq(value_of(config, "d"), "default");
    config_default = *config_default_of(k, &d);
    ck_assert_int_eq(libxl_key_value_list_length(&config_default), 2);
    ck_assert_pstr_eq(value_of(config_default, "a"), "3");
    ck_assert_pstr_eq(value_of(config_default, "d"), "4");
    k->dt->dispose(&d);

    k->dt->init(&d);
    if (is_nic(k))
        ck_assert_int_eq(libxl_devid_to_device_nic(ctx, k->domid, 0, &d.nic),
                         0);
    else
        ck_assert_int_eq(libxl_vdev_to_device_disk(ctx, k->domid, "xvda",
                                                   &d.disk), 0);
    ck_assert_pstr_eq(value_of(*config_of(k, &d), "a"), "2");
    ck_assert_pstr_eq(value_of(*config_default_of(k, &d), "a"), "3");
    k->dt->dispose(&d);
}
END_TEST

START_TEST(read_back_one_list)
{
    const struct kind *k = &kinds[_i / 2];
    bool of_host = _i % 2;
    union device d;

    ck_assert_int_eq(add_both(k, of_host ? NULL : LIST("a", "1"),
                              of_host ? LIST("a", "1") : NULL), 0);
    k->dt->init(&d);
    fake_xs_requests("");
    ck_assert_int_eq(list_devices(k, &d), 1);
    ck_assert_uint_eq(fake_xs_requests("/config"), 1);
    ck_assert_pstr_eq(value_of(*config_of(k, &d), "a"), of_host ? NULL : "1");
    ck_assert_pstr_eq(value_of(*config_default_of(k, &d), "a"),
                      of_host ? "1" : NULL);
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
    ck_assert_ptr_null(*config_default_of(k, &d));
    k->dt->dispose(&d);
}
END_TEST

START_TEST(read_back_errors)
{
    const struct kind *k = &kinds[_i];
    libxl_key_value_list config = NULL, config_default = NULL;
    unsigned int n;

    ck_assert_int_eq(add_both(k, LIST("a", "1", "b", "2"),
                              LIST("c", "3")), 0);
    for (n = 1; ; n++) {
        int rc;
        GC_INIT(ctx);

        fake_xs_fail("/config", n, EIO);
        rc = libxl__device_config_read(gc, k->libxl, &config, &config_default);
        if (fake_xs_failed())
            ck_assert_int_eq(rc, ERROR_FAIL);
        libxl_key_value_list_dispose(&config);
        libxl_key_value_list_dispose(&config_default);
        GC_FREE;
        if (!fake_xs_failed())
            break;
    }
    ck_assert_uint_eq(n, 1 + 1);

    /* A node that went away while we looked is no error. */
    {
        GC_INIT(ctx);

        fake_xs_fail("/config", 1, ENOENT);
        ck_assert_int_eq(libxl__device_config_read(gc, k->libxl, &config,
                                                   &config_default), 0);
        ck_assert_ptr_null(config);
        ck_assert_ptr_null(config_default);
        GC_FREE;
    }
}
END_TEST

/* What we did not write is an error, and no list that lacks something. */
START_TEST(read_back_no_lines)
{
    const struct kind *k = &kinds[_i];
    static const char *const texts[] = {
        "a\n", "a=1\nb\n", "a=1\n\nb\n",
        /* The next piece is missing. */
        "a", "a=1", "a=1\nb=12", "a=1\n\nb=1",
    };
    libxl_key_value_list config = NULL, config_default = NULL;
    GC_INIT(ctx);

    ck_assert_int_eq(add(k, NULL), 0);
    for (int i = 0; i < ARRAY_SIZE(texts); i++) {
        fake_xs_set(below(k->libxl, "config"), texts[i]);
        log_text[0] = 0;
        ck_assert_int_eq(libxl__device_config_read(gc, k->libxl, &config,
                                                   &config_default),
                         ERROR_FAIL);
        ck_assert_ptr_nonnull(strstr(log_text, below(k->libxl, "config")));
        ck_assert_ptr_null(config);
        ck_assert_ptr_null(config_default);
    }
    GC_FREE;
}
END_TEST

/* A device of before: a directory for each list, a node for each key. */
START_TEST(read_back_an_old_copy)
{
    const struct kind *k = &kinds[_i];
    libxl_key_value_list config;
    union device d;

    ck_assert_int_eq(add(k, NULL), 0);
    fake_xs_set(below(k->libxl, "config"), "");
    fake_xs_set(below(k->libxl, "config_default"), "");
    fake_xs_set(below(k->libxl, "config_default/a"), "3");
    k->dt->init(&d);
    ck_assert_int_eq(list_devices(k, &d), 1);
    ck_assert_ptr_null(*config_of(k, &d));
    ck_assert_pstr_eq(value_of(*config_default_of(k, &d), "a"), "3");
    k->dt->dispose(&d);

    fake_xs_set(below(k->libxl, "config/a"), "1");
    fake_xs_set(below(k->libxl, "config/1"), "");
    k->dt->init(&d);
    ck_assert_int_eq(list_devices(k, &d), 1);
    config = *config_of(k, &d);
    ck_assert_int_eq(libxl_key_value_list_length(&config), 2);
    ck_assert_pstr_eq(value_of(config, "a"), "1");
    ck_assert_pstr_eq(value_of(config, "1"), "");
    ck_assert_pstr_eq(value_of(*config_default_of(k, &d), "a"), "3");
    k->dt->dispose(&d);
}
END_TEST

START_TEST(removed_with_the_device)
{
    const struct kind *k = &kinds[_i];
    union device d;

    device_make(k, &d, LIST("feature-sg", "0"));
    *config_default_of(k, &d) = LIST("feature-x", "1");
    ck_assert_int_eq(device_add(k, &d), 0);
    ck_assert_int_eq(is_nic(k) ?
        libxl_device_nic_destroy(ctx, k->domid, &d.nic, NULL) :
        libxl_device_disk_destroy(ctx, k->domid, &d.disk, NULL), 0);
    ck_assert_uint_eq(fake_xs_count(k->backend), 0);
    ck_assert_uint_eq(fake_xs_count(k->libxl), 0);
    ck_assert_uint_eq(fake_xs_count(k->frontend), 0);
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

    ck_assert_int_eq(add_both(k, LIST("feature-sg", "0"),
                              LIST("feature-sg", "1")), 0);
    stored(k, "feature-sg", "0", "1");
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
    ck_assert_ptr_null(*config_default_of(k, &copy));
    k->dt->dispose(&copy);
    k->dt->dispose(&d);
    free(text);

    /* There and back, and copied. */
    device_make(k, &d, LIST("feature-sg", "0", "x", "\"\x1b, \\"));
    *config_default_of(k, &d) = LIST("feature-sg", "1", "y", "2");
    text = to_json(k, &d);
    ck_assert_int_eq(from_json(k, &copy, text), 0);
    ck_assert_pstr_eq(value_of(*config_of(k, &copy), "feature-sg"), "0");
    ck_assert_pstr_eq(value_of(*config_of(k, &copy), "x"), "\"\x1b, \\");
    ck_assert_pstr_eq(value_of(*config_default_of(k, &copy), "feature-sg"),
                      "1");
    ck_assert_pstr_eq(value_of(*config_default_of(k, &copy), "y"), "2");
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

/* What libxl reads and cannot keep: an error, and nothing is left of it. */
START_TEST(json_of_nonsense)
{
    static const char *const text[] = {
        "{ \"config\": { \"a\": \"1\", \"b\": null } }",
        "{ \"config_default\": { \"b\": null, \"a\": \"1\" } }",
        "{ \"config\": { \"b\": \"\\u00e9\" } }",
    };
    const struct kind *k = &kinds[_i];
    union device d, from;
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(text); i++) {
        ck_assert_int_eq(from_json(k, &from, text[i]), 0);
        device_make(k, &d, NULL);
        libxl_key_value_list_copy(ctx, config_of(k, &d), config_of(k, &from));
        libxl_key_value_list_copy(ctx, config_default_of(k, &d),
                                  config_default_of(k, &from));
        log_text[0] = 0;
        ck_assert_int_eq(device_add(k, &d), ERROR_INVAL);
        ck_assert_ptr_nonnull(strstr(log_text, "`b'"));
        assert_nothing_there(k);
        k->dt->dispose(&d);
        k->dt->dispose(&from);
    }
    ck_assert_int_lt(from_json(k, &from, "{ \"config\": { \"a\": 1 } }"), 0);
    k->dt->dispose(&from);
}
END_TEST

/* A new medium changes neither what is stored nor what is in xenstore. */
static const struct kind cdrom = {
    "vbd/51712", &libxl__disk_devtype,
    "/local/domain/0/backend/qdisk/5/51712", "/libxl/5/device/vbd/51712",
    "/local/domain/5/device/vbd/51712", HVM_GUEST, 0
};

#define GIVEN    1 /* the caller has ideas of his own */
#define EJECT    2
#define RECORDED 4 /* the record has the drive */

START_TEST(cdrom_insert_keeps_it)
{
    bool eject = _i & EJECT, recorded = _i & RECORDED;
    union device d;

    device_make(&cdrom, &d, LIST("feature-sg", "0"));
    d.disk.config_default = LIST("feature-y", "1");
    d.disk.is_cdrom = d.disk.removable = 1;
    d.disk.readwrite = 0;
    ck_assert_int_eq(device_add(&cdrom, &d), 0);
    libxl_device_disk_dispose(&d.disk);

    /* Nobody's copy but the record counts. */
    fake_xs_set(below(cdrom.libxl, "config"), "feature-sg=9\n");
    if (!recorded) {
        libxl_domain_config d_config;
        GC_INIT(ctx);

        record_of(HVM_GUEST, &d_config);
        libxl_device_disk_list_free(d_config.disks, d_config.num_disks);
        d_config.disks = NULL;
        d_config.num_disks = 0;
        ck_assert_int_eq(libxl__set_domain_configuration(gc, HVM_GUEST,
                                                         &d_config), 0);
        libxl_domain_config_dispose(&d_config);
        GC_FREE;
    }

    /* All that xl passes. */
    libxl_device_disk_init(&d.disk);
    d.disk.vdev = strdup("xvda");
    d.disk.is_cdrom = 1;
    if (eject) {
        d.disk.format = LIBXL_DISK_FORMAT_EMPTY;
    } else {
        d.disk.format = LIBXL_DISK_FORMAT_RAW;
        d.disk.pdev_path = strdup("/dev/null");
    }
    if (_i & GIVEN) {
        d.disk.config = LIST("feature-x", "7", "feature-sg", "7");
        d.disk.config_default = LIST("feature-y", "7");
    }
    ck_assert_int_eq(libxl_cdrom_insert(ctx, HVM_GUEST, &d.disk, NULL), 0);

    stored(&cdrom, "feature-sg", recorded ? "0" : NULL, NULL);
    stored(&cdrom, "feature-x", NULL, NULL);
    stored(&cdrom, "feature-y", NULL, recorded ? "1" : NULL);
    /* So has the disk that a stubdomain would get. */
    ck_assert_int_eq(libxl_key_value_list_length(&d.disk.config), recorded);
    ck_assert_pstr_eq(value_of(d.disk.config, "feature-sg"),
                      recorded ? "0" : NULL);
    ck_assert_pstr_eq(value_of(d.disk.config_default, "feature-y"),
                      recorded ? "1" : NULL);
    ck_assert_pstr_eq(fake_xs_get(below(cdrom.backend, "params")),
                      eject ? "" : "aio:/dev/null");
    ck_assert_pstr_eq(fake_xs_get(below(cdrom.backend, "config/feature-sg")),
                      "0");
    ck_assert_uint_eq(fake_xs_count(below(cdrom.backend, "config")), 3);
    libxl_device_disk_dispose(&d.disk);
}
END_TEST

/* QEMU in a stubdomain: whatever it is told it does at once. */
int __wrap_libxl__ev_qmp_send(libxl__egc *egc, libxl__ev_qmp *qmp,
                              const char *cmd, libxl__json_object *args);

int __wrap_libxl__ev_qmp_send(libxl__egc *egc, libxl__ev_qmp *qmp,
                              const char *cmd, libxl__json_object *args)
{
    libxl__json_object *answer = NULL;
    EGC_GC;

    if (!strcmp(cmd, "query-fdsets"))
        answer = libxl__json_parse(gc, "[ { \"fdset-id\": 1, \"fds\":"
            " [ { \"fd\": 30, \"opaque\": \"stub-devid:51712\" } ] } ]");
    qmp->callback(egc, qmp, answer, 0);
    return 0;
}

int __wrap_libxl__qmp_ev_qemu_compare_version(libxl__ev_qmp *ev, int major,
                                              int minor, int micro);

int __wrap_libxl__qmp_ev_qemu_compare_version(libxl__ev_qmp *ev, int major,
                                              int minor, int micro)
{
    return 1;
}

/*
 * It has the drive as a PV disk, which is removed and added again: in Xen
 * since 4.19.
 */
#ifdef LIBXL_HAVE_XEN_9PFS /* of the same version */
#define STUBDOM 6

START_TEST(cdrom_insert_into_a_stubdomain)
{
    static const struct kind stub = {
        "vbd/51712", &libxl__disk_devtype,
        "/local/domain/0/backend/vbd/6/51712", "/libxl/6/device/vbd/51712",
        "/local/domain/6/device/vbd/51712", STUBDOM, 0
    };
    static const struct node nodes[] = {
        { "feature-sg", "0" }, { "feature-y", "1" },
    };
    libxl_domain_config d_config;
    union device d;
    int i;

    fake_xs_set("/libxl/5/dm-version", "qemu_xen");
    fake_xs_set("/local/domain/5/image/device-model-domid", "6");
    fake_xs_set("/libxl/6/type", "pv");
    device_make(&cdrom, &d, LIST("feature-sg", "0"));
    d.disk.config_default = LIST("feature-y", "1");
    d.disk.is_cdrom = d.disk.removable = 1;
    d.disk.readwrite = 0;
    ck_assert_int_eq(device_add(&cdrom, &d), 0);
    libxl_device_disk_dispose(&d.disk);

    /* What counts is not the stubdomain's own record. */
    record_of(HVM_GUEST, &d_config);
    libxl_device_disk_list_free(d_config.disks, d_config.num_disks);
    d_config.disks = NULL;
    d_config.num_disks = 0;
    {
        GC_INIT(ctx);

        ck_assert_int_eq(libxl__set_domain_configuration(gc, STUBDOM,
                                                         &d_config), 0);
        GC_FREE;
    }
    libxl_domain_config_dispose(&d_config);
    device_make(&kinds[2], &d, LIST("feature-sg", "7"));
    d.disk.is_cdrom = d.disk.removable = 1;
    d.disk.readwrite = 0;
    ck_assert_int_eq(device_add(&stub, &d), 0);
    libxl_device_disk_dispose(&d.disk);

    /* The second one lost what the first had not. */
    for (i = 0; i < 3; i++) {
        device_make(&kinds[2], &d, i == 2 ? LIST("feature-sg", "9") : NULL);
        d.disk.is_cdrom = d.disk.removable = 1;
        d.disk.readwrite = 0;
        ck_assert_int_eq(libxl_cdrom_insert(ctx, HVM_GUEST, &d.disk, NULL),
                         0);
        libxl_device_disk_dispose(&d.disk);
        assert_list(below(stub.backend, "config"), nodes, 2, "n0");
        assert_copy(&stub, "feature-sg=0\n\nfeature-y=1\n");
        stored(&cdrom, "feature-sg", "0", NULL);
        stored(&cdrom, "feature-y", NULL, "1");
    }
}
END_TEST
#endif

/* The disk that dom0 attaches for itself, to look for a guest's kernel. */

static unsigned int nodes_of_dom0;

static void without_config(const char *path)
{
    nodes_of_dom0 += !strncmp(path, "/local/domain/0/backend/vbd/0/",
                              strlen("/local/domain/0/backend/vbd/0/"));
    ck_assert_ptr_null(strstr(path, "/config"));
    backend(path);
}

static void attached(libxl__egc *egc, libxl__disk_local_state *dls, int rc)
{
    STATE_AO_GC(dls->ao);

    libxl__ao_complete(egc, ao, rc);
}

static int local_attach(const libxl_device_disk *disk)
{
    AO_CREATE(ctx, GUEST, NULL);
    libxl__disk_local_state *dls;

    GCNEW(dls);
    libxl__device_disk_local_init(dls);
    dls->ao = ao;
    dls->in_disk = disk;
    dls->blkdev_start = "xvda";
    dls->callback = attached;
    libxl__device_disk_local_initiate_attach(egc, dls);
    return AO_INPROGRESS;
}

START_TEST(none_for_dom0_itself)
{
    union device d;

    device_make(&kinds[2], &d, LIST("feature-sg", "0"));
    d.disk.config_default = LIST("feature-x", "1");
    /* Nor waits libxl for a device node. */
    free(d.disk.script);
    d.disk.script = strdup("/bin/false");
    fake_xs_changed = without_config;
    nodes_of_dom0 = 0;
    ck_assert_int_lt(local_attach(&d.disk), 0);
    fake_xs_changed = backend;
    ck_assert_uint_gt(nodes_of_dom0, 10);
    ck_assert_uint_eq(fake_xs_requests("/config"), 0);
    /* The guest's stay what they are. */
    ck_assert_pstr_eq(value_of(d.disk.config, "feature-sg"), "0");
    ck_assert_pstr_eq(value_of(d.disk.config_default, "feature-x"), "1");
    libxl_device_disk_dispose(&d.disk);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("libxl device config");
    TCase *tc = tcase_create("config");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, what_both_lists_come_to, 0, ARRAY_SIZE(lists));
    tcase_add_loop_test(tc, of_the_host_alone, 0, NUM_KINDS);
    tcase_add_loop_test(tc, nothing_but_default, 0, NUM_KINDS);
    tcase_add_loop_test(tc, long_but_not_too_long, 0, NUM_KINDS);
    tcase_add_loop_test(tc, a_copy_of_any_length, 0, NUM_KINDS);
    tcase_add_loop_test(tc, so_many_and_no_more, 0,
                        NUM_KINDS * ARRAY_SIZE(counts));
    tcase_add_loop_test(tc, stored_with_the_right_permissions, 0, NUM_KINDS);
    tcase_add_loop_test(tc, seen_by_the_backend_alone, 0, NUM_KINDS);
    tcase_add_loop_test(tc, with_the_backend_directory, 0, NUM_KINDS);
    tcase_add_loop_test(tc, given_twice_the_last_counts, 0, NUM_KINDS);
    tcase_add_loop_test(tc, nothing_requested_nothing_done, 0, NUM_KINDS);
    tcase_add_loop_test(tc, what_it_costs, 0, NUM_KINDS);
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
    tcase_add_loop_test(tc, what_libxl_takes, 0, ARRAY_SIZE(keys));
    tcase_add_loop_test(tc, keys_of_a_whole_domain, 0, 2);
    tcase_add_loop_test(tc, a_domain_is_not_even_made, 0,
                        2 * ARRAY_SIZE(refused));
    tcase_add_loop_test(tc, read_back_one_list, 0, 2 * NUM_KINDS);
    tcase_add_loop_test(tc, json_of_nonsense, 0, NUM_KINDS);
    tcase_add_test(tc, none_for_dom0_itself);
    tcase_add_loop_test(tc, read_back_from_our_own_copy, 0, NUM_KINDS);
    tcase_add_loop_test(tc, read_back_nothing, 0, NUM_KINDS);
    tcase_add_loop_test(tc, read_back_errors, 0, NUM_KINDS);
    tcase_add_loop_test(tc, read_back_no_lines, 0, NUM_KINDS);
    tcase_add_loop_test(tc, read_back_an_old_copy, 0, NUM_KINDS);
    tcase_add_loop_test(tc, removed_with_the_device, 0, NUM_KINDS);
    tcase_add_loop_test(tc, kept_in_the_domain_s_configuration, 0, NUM_KINDS);
    tcase_add_loop_test(tc, json, 0, NUM_KINDS);
    tcase_add_loop_test(tc, cdrom_insert_keeps_it, 0, 8);
#ifdef LIBXL_HAVE_XEN_9PFS
    tcase_add_test(tc, cdrom_insert_into_a_stubdomain);
#endif
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
