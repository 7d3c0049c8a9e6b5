/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What libxl says of the features that can be requested of a backend, and of
 * what became of the requests, whatever other domains write.
 */

#include "toolstack.h"
#include "test-suite.h"

static void advertise_in(unsigned int domid, const char *type,
                         const char *node, const char *value)
{
    char path[512];

    snprintf(path, sizeof(path), "/local/domain/%u/feature/backend/%s/%s",
             domid, type, node);
    fake_xs_set(path, value);
}

/* A feature as backends advertise it: 1 to 8 unless something else is said. */
static void advertise(const struct kind *k, const char *name,
                      const char *type, const char *in_use)
{
    const char *backend = libxl__device_kind_to_string(k->dt->type);
    char text[64];

    snprintf(text, sizeof(text), "%s %s 1", type,
             strcmp(type, "bool") ? "1 8" : "0 1");
    advertise_in(k->backend_domid, backend, name, text);
    advertise_in(k->backend_domid, backend, below(name, "desc"), "A feature");
    if (in_use)
        advertise_in(k->backend_domid, backend, below(name, "inuse"), in_use);
}

static libxl_backend_feature *find(libxl_backend_feature *list, int num,
                                   const char *name)
{
    int i;

    for (i = 0; i < num; i++)
        if (!strcmp(list[i].name, name))
            return &list[i];
    return NULL;
}

/* The first device of a kind; there must be no other. */
static libxl_device_features *device(const struct kind *k)
{
    libxl_device_features *list;
    int num;

    ck_assert_int_eq(libxl_device_features_list(ctx, k->domid, NULL, &list,
                                                &num), 0);
    ck_assert_int_eq(num, 1);
    return list;
}

static libxl_device_feature *feature(libxl_device_features *d,
                                     const char *name)
{
    libxl_device_feature *found = NULL;
    int i;

    for (i = 0; i < d->num_features; i++)
        if (!strcmp(d->features[i].name, name)) {
            ck_assert_ptr_null(found);
            found = &d->features[i];
        }
    return found;
}

/* What a backend type advertises */

START_TEST(advertised)
{
    libxl_backend_feature *list;
    int num;

    advertise(&kinds[0], "pages", "uint", "num-pages");
    advertise(&kinds[0], "flag", "bool", NULL);
    advertise_in(0, "vif", "flag/desc", "");
    advertise_in(0, "vif", "flag/restricts", "1");
    advertise_in(0, "vif", "later", "colour 0 4294967295 7");
    advertise_in(0, "vif", "later/restricts", "0");
    advertise_in(0, "vif", "later/of-tomorrow", "1");
    advertise_in(0, "vif", "pages/of-tomorrow/inuse", "1");

    ck_assert_int_eq(libxl_backend_feature_list(ctx, 0, "vif", &list, &num),
                     0);
    ck_assert_int_eq(num, 3);
    ck_assert_str_eq(list[0].name, "flag");
    ck_assert_str_eq(list[0].description, "");
    ck_assert_int_eq(list[0].type, LIBXL_FEATURE_TYPE_BOOL);
    ck_assert_uint_eq(list[0].minimum, 0);
    ck_assert_uint_eq(list[0].maximum, 1);
    ck_assert_uint_eq(list[0].defval, 1);
    ck_assert_ptr_null(list[0].frontend_node);
    ck_assert(list[0].restricts);
    ck_assert_str_eq(list[1].name, "later");
    ck_assert_ptr_null(list[1].description);
    ck_assert_int_eq(list[1].type, LIBXL_FEATURE_TYPE_UNKNOWN);
    ck_assert_uint_eq(list[1].maximum, UINT32_MAX);
    ck_assert_uint_eq(list[1].defval, 7);
    ck_assert(!list[1].restricts);
    ck_assert_str_eq(list[2].name, "pages");
    ck_assert_str_eq(list[2].description, "A feature");
    ck_assert_int_eq(list[2].type, LIBXL_FEATURE_TYPE_UINT);
    ck_assert_uint_eq(list[2].minimum, 1);
    ck_assert_uint_eq(list[2].maximum, 8);
    ck_assert_str_eq(list[2].frontend_node, "num-pages");
    ck_assert(!list[2].restricts);
    libxl_backend_feature_list_free(list, num);

    /* Of another type and of another domain: nothing. */
    ck_assert_int_eq(libxl_backend_feature_list(ctx, 0, "vbd", &list, &num),
                     0);
    ck_assert_int_eq(num, 0);
    ck_assert_ptr_null(list);
    ck_assert_int_eq(libxl_backend_feature_list(ctx, DRIVER_DOMAIN, "vif",
                                                &list, &num), 0);
    ck_assert_int_eq(num, 0);
    ck_assert_ptr_null(list);
    ck_assert_str_eq(log_text, "");
}
END_TEST

/* Each spoils the feature "x", and nothing but it. */
static const char *const nonsense[] = {
    "", " ", "uint", "uint 1", "uint 1 8", "uint 1 8 ", "uint 1 8 1 ",
    "uint 1 8 1 1", " uint 1 8 1", " 1 8 1", "uint  1 8 1", "uint 1  8 1",
    "uint 1 8\t1", "uint 1 8 1\n", "uint -1 8 1", "uint 1 0x8 1",
    "uint 1 4294967296 1", "uint 1 8 99999999999999999999999999999999999",
    "uint 1 8 \x1b[31m1", "uint 1 8 one", "1 8 1 uint", "uint,1,8,1",
};

START_TEST(advertised_nonsense)
{
    libxl_backend_feature *list;
    int num;

    advertise(&kinds[1], "a", "uint", NULL);
    advertise(&kinds[1], "x", "uint", NULL);
    advertise(&kinds[1], "z", "uint", NULL);
    advertise_in(DRIVER_DOMAIN, "vif", "x", nonsense[_i]);

    ck_assert_int_eq(libxl_backend_feature_list(ctx, DRIVER_DOMAIN, "vif",
                                                &list, &num), 0);
    ck_assert_int_eq(num, 2);
    ck_assert_str_eq(list[0].name, "a");
    ck_assert_str_eq(list[1].name, "z");
    libxl_backend_feature_list_free(list, num);
}
END_TEST

/* By drivers of the version before: each node spoils its feature. */
START_TEST(advertised_in_the_old_place)
{
    static const struct { const char *node, *value; } nodes[] = {
        { "a-minval", "1" }, { "a-maxval", "8" }, { "a-defval", "4" },
        { "a-type", "uint" }, { "a-desc", "A\x1b" }, { "a-inuse", "num-a" },
        { "b-minval", "0" }, { "b-maxval", "1" }, { "b-defval", "1" },
        { "b-type", "bool" }, { "b-inuse", "../x" },
        { "c-minval", "1 " }, { "c-maxval", "8" }, { "c-defval", "4" },
        { "c-type", "uint" },
        { "d-maxval", "8" }, { "d-defval", "4" }, { "d-type", "uint" },
        { "e-minval", "1" }, { "e-maxval", "0x8" }, { "e-defval", "4" },
        { "e-type", "uint" },
        { "f-minval", "1" }, { "f-maxval", "8" }, { "f-defval", "4294967296" },
        { "f-type", "uint" },
        { "g-minval", "1" }, { "g-maxval", "8" }, { "g-defval", "4" },
        { "-type", "uint" }, { "type", "uint" },
    };
    libxl_backend_feature *list;
    char path[128];
    unsigned int i;
    int num;

    for (i = 0; i < ARRAY_SIZE(nodes); i++) {
        snprintf(path, sizeof(path), "/local/domain/0/backend/vif/features/%s",
                 nodes[i].node);
        fake_xs_set(path, nodes[i].value);
    }
    ck_assert_int_eq(libxl_backend_feature_list(ctx, 0, "vif", &list, &num),
                     0);
    ck_assert_int_eq(num, 2);
    ck_assert_str_eq(list[0].name, "a");
    ck_assert_str_eq(list[0].description, "A?");
    ck_assert_int_eq(list[0].type, LIBXL_FEATURE_TYPE_UINT);
    ck_assert_uint_eq(list[0].minimum, 1);
    ck_assert_uint_eq(list[0].maximum, 8);
    ck_assert_uint_eq(list[0].defval, 4);
    ck_assert_str_eq(list[0].frontend_node, "num-a");
    ck_assert_str_eq(list[1].name, "b");
    ck_assert_ptr_null(list[1].description);
    ck_assert_int_eq(list[1].type, LIBXL_FEATURE_TYPE_BOOL);
    ck_assert_ptr_null(list[1].frontend_node);
    libxl_backend_feature_list_free(list, num);

    /* The new place counts where it is there, whatever is in it. */
    fake_xs_set("/local/domain/0/feature/backend/vif", "");
    ck_assert_int_eq(libxl_backend_feature_list(ctx, 0, "vif", &list, &num),
                     0);
    ck_assert_int_eq(num, 0);
    ck_assert_ptr_null(list);
    ck_assert_str_eq(log_text, "");
}
END_TEST

START_TEST(advertised_by_an_enemy)
{
    static const char *const names[] = {
        "", "a b", "\x1b[2J", "..", "\xff", NAME64 "z", "a\nb",
    };
    libxl_backend_feature *list, *x;
    char desc[1024], node[256];
    unsigned int i;
    int num;

    for (i = 0; i < ARRAY_SIZE(names); i++)
        advertise(&kinds[1], names[i], "uint", NULL);
    advertise(&kinds[1], "x", "uint", "../../../tool/secret");
    advertise(&kinds[1], NAME64, "uint", "\x1b]0;owned\a");
    memset(desc, 'd', sizeof(desc));
    desc[sizeof(desc) - 1] = 0;
    memcpy(desc, "\x1b[31m\r\n\x7f\x80\xc2\x9b", 10);
    advertise_in(DRIVER_DOMAIN, "vif", "x/desc", desc);

    ck_assert_int_eq(libxl_backend_feature_list(ctx, DRIVER_DOMAIN, "vif",
                                                &list, &num), 0);
    ck_assert_int_eq(num, 2);
    x = find(list, num, "x");
    ck_assert_ptr_nonnull(x);
    ck_assert_uint_eq(strlen(x->description), 256);
    ck_assert(!strncmp(x->description, "?[31m????", 9));
    for (i = 0; x->description[i]; i++)
        ck_assert(x->description[i] >= ' ' && x->description[i] <= '~');
    ck_assert_ptr_null(x->frontend_node);
    x = find(list, num, NAME64);
    ck_assert_ptr_nonnull(x);
    ck_assert_ptr_null(x->frontend_node);
    libxl_backend_feature_list_free(list, num);

    for (i = 0; i < 300; i++) {
        snprintf(node, sizeof(node), "feature-%u", i);
        advertise(&kinds[1], node, "uint", NULL);
    }
    ck_assert_int_eq(libxl_backend_feature_list(ctx, DRIVER_DOMAIN, "vif",
                                                &list, &num), 0);
    ck_assert_int_eq(num, 256);
    libxl_backend_feature_list_free(list, num);
}
END_TEST

START_TEST(advertised_but_not_to_be_read)
{
    libxl_backend_feature *list;
    unsigned int n;
    int num;

    advertise(&kinds[0], "a", "uint", NULL);
    advertise(&kinds[0], "b", "uint", NULL);
    for (n = 1; ; n++) {
        int rc;

        fake_xs_fail("/feature/backend", n, EIO);
        rc = libxl_backend_feature_list(ctx, 0, "vif", &list, &num);
        if (!fake_xs_failed()) {
            ck_assert_int_eq(rc, 0);
            ck_assert_int_eq(num, 2);
            libxl_backend_feature_list_free(list, num);
            break;
        }
        ck_assert_int_eq(rc, ERROR_FAIL);
        ck_assert_ptr_null(list);
        ck_assert_int_eq(num, 0);
    }
    /* The directory, and of each its node, the children, the description. */
    ck_assert_uint_eq(n, 1 + 2 * 3 + 1);
}
END_TEST

START_TEST(no_such_place)
{
    static const char *const types[] = { "", "vif/../vbd", "..", "v f" };
    libxl_device_features *devices;
    libxl_backend_feature *list;
    unsigned int i;
    int num;

    for (i = 0; i < ARRAY_SIZE(types); i++) {
        fake_xs_requests("");
        ck_assert_int_eq(libxl_backend_feature_list(ctx, 0, types[i], &list,
                                                    &num), ERROR_INVAL);
        ck_assert_ptr_null(list);
        ck_assert_uint_eq(fake_xs_requests(""), 0);
        ck_assert_ptr_nonnull(strstr(log_text, types[i]));
    }

    /* The fake hypervisor has 10 domains. */
    log_text[0] = 0;
    ck_assert_int_eq(libxl_backend_feature_list(ctx, 99, "vif", &list, &num),
                     ERROR_DOMAIN_NOTFOUND);
    ck_assert_ptr_null(list);
    ck_assert_ptr_nonnull(strstr(log_text, "99"));
    log_text[0] = 0;
    ck_assert_int_eq(libxl_device_features_list(ctx, 99, NULL, &devices,
                                                &num), ERROR_DOMAIN_NOTFOUND);
    ck_assert_ptr_null(devices);
    ck_assert_ptr_nonnull(strstr(log_text, "99"));

    log_text[0] = 0;
    ck_assert_int_eq(libxl_device_features_list(ctx, GUEST, "vkb", &devices,
                                                &num), ERROR_INVAL);
    ck_assert_ptr_null(devices);
    ck_assert_ptr_nonnull(strstr(log_text, "vkb"));
}
END_TEST

/* What became of a device's requests */

#define CONTROL   1 /* the backend has feature control */
#define CONNECTED 2

static const struct {
    const char *requested, *published;
    int flags;
    libxl_feature_verdict verdict;
} verdicts[] = {
    { NULL, "8", CONTROL | CONNECTED, LIBXL_FEATURE_VERDICT_NOT_REQUESTED },
    { NULL, NULL, CONTROL, LIBXL_FEATURE_VERDICT_NOT_REQUESTED },
    { "2", "2", CONTROL | CONNECTED, LIBXL_FEATURE_VERDICT_GRANTED },
    { "2", "2", CONTROL, LIBXL_FEATURE_VERDICT_GRANTED },
    { "002", "2", CONTROL, LIBXL_FEATURE_VERDICT_GRANTED },
    { "9", "8", CONTROL, LIBXL_FEATURE_VERDICT_CLAMPED },
    { "0", "1", CONTROL | CONNECTED, LIBXL_FEATURE_VERDICT_CLAMPED },
    /* The limit was another when the device was set up. */
    { "4", "2", CONTROL | CONNECTED, LIBXL_FEATURE_VERDICT_CLAMPED },
    { "9", "9", CONTROL | CONNECTED, LIBXL_FEATURE_VERDICT_GRANTED },
    { "340282366920938463463374607431768211456", "8", CONTROL,
      LIBXL_FEATURE_VERDICT_CLAMPED },
    /* Not published yet. */
    { "8", NULL, CONTROL, LIBXL_FEATURE_VERDICT_GRANTED },
    { "1", NULL, CONTROL, LIBXL_FEATURE_VERDICT_GRANTED },
    { "9", NULL, CONTROL, LIBXL_FEATURE_VERDICT_CLAMPED },
    { "0", NULL, CONTROL, LIBXL_FEATURE_VERDICT_CLAMPED },
    /* Not published at all: 0. */
    { "0", NULL, CONTROL | CONNECTED, LIBXL_FEATURE_VERDICT_GRANTED },
    { "1", NULL, CONTROL | CONNECTED, LIBXL_FEATURE_VERDICT_CLAMPED },
    { "2", "\x1b[31m2", CONTROL | CONNECTED, LIBXL_FEATURE_VERDICT_CLAMPED },
    { "", "8", CONTROL, LIBXL_FEATURE_VERDICT_MALFORMED },
    { "-1", "8", CONTROL, LIBXL_FEATURE_VERDICT_MALFORMED },
    { "+1", "8", CONTROL, LIBXL_FEATURE_VERDICT_MALFORMED },
    { " 1", "1", CONTROL, LIBXL_FEATURE_VERDICT_MALFORMED },
    { "1\n", "1", CONTROL, LIBXL_FEATURE_VERDICT_MALFORMED },
    { "0x1", "1", CONTROL, LIBXL_FEATURE_VERDICT_MALFORMED },
    { "on", NULL, CONTROL, LIBXL_FEATURE_VERDICT_MALFORMED },
    { "2", "8", CONNECTED, LIBXL_FEATURE_VERDICT_NO_CONTROL },
    { "on", NULL, 0, LIBXL_FEATURE_VERDICT_NO_CONTROL },
};

START_TEST(verdict)
{
    const char *requested = verdicts[_i].requested;
    const char *published = verdicts[_i].published;
    int flags = verdicts[_i].flags, i;

    for (i = 0; i < NUM_KINDS; i++) {
        const struct kind *k = &kinds[i];
        libxl_device_features *d;
        libxl_device_feature *f;

        if (strstr(k->backend, "qdisk") && (flags & CONTROL))
            continue;
        teardown();
        setup();
        if (flags & CONTROL)
            advertise(k, "pages", "uint", NULL);
        ck_assert_int_eq(add(k, requested ?
            LIST("pages", (char *)requested) : NULL), 0);
        if (published)
            fake_xs_set(below(k->backend, "pages"), published);
        if (flags & CONNECTED)
            fake_xs_set(below(k->backend, "state"), "4");

        d = device(k);
        ck_assert_str_eq(d->kind, is_nic(k) ? "vif" : "vbd");
        ck_assert_int_eq(d->devid, is_nic(k) ? 0 : 51712);
        ck_assert_uint_eq(d->frontend_domid, k->domid);
        ck_assert_uint_eq(d->backend_domid, k->backend_domid);
        ck_assert_str_eq(d->backend_type, is_nic(k) ? "vif" :
                         strstr(k->backend, "qdisk") ? "qdisk" : "vbd");
        ck_assert_int_eq(d->feature_control, !!(flags & CONTROL));
        ck_assert_int_eq(d->num_features, 1);
        f = &d->features[0];
        ck_assert_str_eq(f->name, "pages");
        ck_assert_pstr_eq(f->requested, requested);
        if (published && published[0] == '\x1b')
            ck_assert_str_eq(f->granted, "?[31m2");
        else if (!published && requested && flags == (CONTROL | CONNECTED))
            ck_assert_str_eq(f->granted, "0");
        else
            ck_assert_pstr_eq(f->granted, published);
        ck_assert_int_eq(f->has_limit, !!(flags & CONTROL));
        if (f->has_limit) {
            ck_assert_int_eq(f->type, LIBXL_FEATURE_TYPE_UINT);
            ck_assert_uint_eq(f->minimum, 1);
            ck_assert_uint_eq(f->maximum, 8);
            ck_assert_uint_eq(f->defval, 1);
        }
        ck_assert_ptr_null(f->in_use);
        ck_assert_int_eq(f->verdict, verdicts[_i].verdict);
        libxl_device_features_list_free(d, 1);
        ck_assert_str_eq(log_text, "");
    }
}
END_TEST

static const struct {
    const char *type, *published, *claimed;
    bool connected;
    const char *in_use;
} uses[] = {
    { "uint", "8", "3", true, "3" },
    { "uint", "8", NULL, true, "1" },       /* its minimum */
    { "uint", "8", "3", false, NULL },      /* the backend may refuse it */
    { "uint", "2", "3", true, "3" },        /* that would be news */
    { "bool", "1", "1", true, "1" },
    { "bool", "1", "0", true, "0" },
    { "bool", "1", NULL, true, "0" },
    { "bool", "0", "1", true, "0" },        /* whatever it says */
    { "bool", NULL, "1", true, "0" },
    { "bool", "x", "1", true, "0" },
    { "bool", "1", "2047", true, "1" },     /* a grant reference, say */
    { "bool", "1", "1", false, NULL },
    { "uint", "8", "\x1b[2J\n", true, "?[2J?" },
    { "bool", "1", "\xff", true, "?" },
    { "uint", "8", NAME64 NAME64, true, NAME64 },
};

START_TEST(in_use)
{
    const struct kind *k = &kinds[_i % 2 ? 0 : 2];
    libxl_device_features *d;

    advertise(k, "x", uses[_i].type, "of-the-frontend");
    ck_assert_int_eq(add(k, NULL), 0);
    if (uses[_i].published)
        fake_xs_set(below(k->backend, "x"), uses[_i].published);
    if (uses[_i].claimed)
        fake_xs_set(below(k->frontend, "of-the-frontend"), uses[_i].claimed);
    fake_xs_set(below(k->backend, "state"), uses[_i].connected ? "4" : "5");

    d = device(k);
    ck_assert_int_eq(d->num_features, 1);
    ck_assert_pstr_eq(d->features[0].in_use, uses[_i].in_use);
    libxl_device_features_list_free(d, 1);
}
END_TEST

/* Requests come from nowhere but from what the toolstack wrote down. */
START_TEST(requests_are_our_own)
{
    const struct kind *k = &kinds[_i];
    libxl_device_features *d;
    libxl_device_feature *f;

    advertise(k, "asked", "uint", NULL);
    advertise(k, "not-asked", "uint", NULL);
    ck_assert_int_eq(add(k, LIST("asked", "2", "other", "3")), 0);
    fake_xs_set(below(k->backend, "config/asked"), "7");
    fake_xs_set(below(k->backend, "config/not-asked"), "7");
    fake_xs_set(below(k->backend, "config/made-up"), "7");
    fake_xs_set(below(k->frontend, "config/made-up"), "7");

    fake_xs_requests("");
    d = device(k);
    ck_assert_uint_eq(fake_xs_requests(below(k->backend, "config")), 0);
    f = feature(d, "asked");
    ck_assert_ptr_nonnull(f);
    ck_assert_pstr_eq(f->requested, "2");
    f = feature(d, "other");
    ck_assert_ptr_nonnull(f);
    ck_assert_pstr_eq(f->requested, "3");
    ck_assert(!f->has_limit);
    if (d->feature_control) { /* not of a qdisk */
        ck_assert_int_eq(f->verdict, LIBXL_FEATURE_VERDICT_UNKNOWN);
        f = feature(d, "not-asked");
        ck_assert_ptr_nonnull(f);
        ck_assert_ptr_null(f->requested);
    }
    ck_assert_ptr_null(feature(d, "made-up"));
    libxl_device_features_list_free(d, 1);
}
END_TEST

START_TEST(devices_of_a_domain)
{
    static const struct { const char *kind; int num; } asked[] = {
        { NULL, 4 }, { "vif", 2 }, { "vbd", 2 },
    };
    libxl_device_features *list;
    unsigned int i;
    int num, j;

    ck_assert_int_eq(libxl_device_features_list(ctx, GUEST, NULL, &list,
                                                &num), 0);
    ck_assert_int_eq(num, 0);
    ck_assert_ptr_null(list);

    advertise(&kinds[0], "a", "uint", NULL);
    for (i = 0; i < 2; i++) {
        union device d;

        device_make(&kinds[0], &d, NULL);
        d.nic.devid = 10 - i; /* not in the order of their names */
        ck_assert_int_eq(device_add(&kinds[0], &d), 0);
        libxl_device_nic_dispose(&d.nic);

        device_make(&kinds[2], &d, NULL);
        free(d.disk.vdev);
        d.disk.vdev = strdup(i ? "xvda" : "xvdb");
        ck_assert_int_eq(device_add(&kinds[2], &d), 0);
        libxl_device_disk_dispose(&d.disk);
    }
    /* One that is being removed, and what other devices there are. */
    fake_xs_set("/libxl/4/device/vif/3/frontend", "x");
    fake_xs_set("/libxl/4/device/vkbd/0/backend", "x");

    for (i = 0; i < ARRAY_SIZE(asked); i++) {
        fake_xs_requests("");
        ck_assert_int_eq(libxl_device_features_list(ctx, GUEST, asked[i].kind,
                                                    &list, &num), 0);
        ck_assert_int_eq(num, asked[i].num);
        for (j = 1; j < num; j++)
            ck_assert(strcmp(list[j - 1].kind, list[j].kind) < 0 ||
                      list[j - 1].devid < list[j].devid);
        /*
         * Advertised features are read once for both: the node, and its
         * children, of which the description is for others.
         */
        ck_assert_uint_eq(fake_xs_requests("/feature/backend/vif/a"),
                          !asked[i].kind || !strcmp(asked[i].kind, "vif")
                          ? 2 : 0);
        libxl_device_features_list_free(list, num);
    }
}
END_TEST

START_TEST(any_error_is_one)
{
    const struct kind *k = &kinds[_i];
    libxl_device_features *list;
    unsigned int n;
    int num;

    advertise(k, "a", "uint", "num-a");
    ck_assert_int_eq(add(k, LIST("a", "1", "other", "2")), 0);
    fake_xs_set(below(k->backend, "state"), "4");
    for (n = 1; ; n++) {
        int rc;

        fake_xs_fail("", n, EIO);
        log_text[0] = 0;
        rc = libxl_device_features_list(ctx, k->domid, NULL, &list, &num);
        if (!fake_xs_failed()) {
            ck_assert_int_eq(rc, 0);
            libxl_device_features_list_free(list, num);
            break;
        }
        ck_assert_int_eq(rc, ERROR_FAIL);
        ck_assert_ptr_null(list);
        ck_assert_int_eq(num, 0);
        ck_assert_str_ne(log_text, "");
    }
    ck_assert_uint_gt(n, 8);

    fake_xs_set(below(k->libxl, "backend"), "/local/domain/0/nonsense");
    ck_assert_int_lt(libxl_device_features_list(ctx, k->domid, NULL, &list,
                                                &num), 0);
    ck_assert_ptr_null(list);
}
END_TEST

START_TEST(json)
{
    libxl_device_features *list, copy;
    char *text, *again;

    advertise(&kinds[0], "pages", "uint", "num-pages");
    advertise(&kinds[0], "flag", "bool", NULL);
    ck_assert_int_eq(add(&kinds[0], LIST("pages", "2", "other", "\"x\"")), 0);
    list = device(&kinds[0]);
    text = libxl_device_features_to_json(ctx, list);
    ck_assert_ptr_nonnull(text);

    libxl_device_features_init(&copy);
    ck_assert_int_eq(libxl_device_features_from_json(ctx, &copy, text), 0);
    again = libxl_device_features_to_json(ctx, &copy);
    ck_assert_str_eq(again, text);
    ck_assert_int_eq(copy.num_features, 3);
    ck_assert_int_eq(copy.features[1].verdict, LIBXL_FEATURE_VERDICT_UNKNOWN);
    ck_assert_str_eq(copy.features[1].requested, "\"x\"");
    /* Not left out, though it is the first. */
    ck_assert_ptr_nonnull(strstr(text, "\"not_requested\""));
    libxl_device_features_dispose(&copy);
    free(text);
    free(again);
    libxl_device_features_list_free(list, 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("libxl device features");
    TCase *tc = tcase_create("features");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, advertised);
    tcase_add_loop_test(tc, advertised_nonsense, 0, ARRAY_SIZE(nonsense));
    tcase_add_test(tc, advertised_in_the_old_place);
    tcase_add_test(tc, advertised_by_an_enemy);
    tcase_add_test(tc, advertised_but_not_to_be_read);
    tcase_add_test(tc, no_such_place);
    tcase_add_loop_test(tc, verdict, 0, ARRAY_SIZE(verdicts));
    tcase_add_loop_test(tc, in_use, 0, ARRAY_SIZE(uses));
    tcase_add_loop_test(tc, requests_are_our_own, 0, NUM_KINDS);
    tcase_add_test(tc, devices_of_a_domain);
    tcase_add_loop_test(tc, any_error_is_one, 0, NUM_KINDS);
    tcase_add_test(tc, json);
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
