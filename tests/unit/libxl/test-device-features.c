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

/* The same by drivers of the version before. */
static void advertise_old(const struct kind *k, const char *name)
{
    static const char *const nodes[][2] = {
        { "minval", "1" }, { "maxval", "8" }, { "defval", "1" },
        { "type", "uint" }, { "desc", "A feature" },
    };
    char path[512];
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(nodes); i++) {
        snprintf(path, sizeof(path),
                 "/local/domain/%d/backend/%s/features/%s-%s",
                 k->backend_domid, libxl__device_kind_to_string(k->dt->type),
                 name, nodes[i][0]);
        fake_xs_set(path, nodes[i][1]);
    }
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

/* The devices with requests of the domain's record. */
static int verdict_list(int domid, libxl_device_features **list, int *num)
{
    libxl_domain_config d_config;
    int rc;

    record_of(domid, &d_config);
    fake_xs_requests("");
    rc = libxl_device_verdict_list(ctx, domid, &d_config, list, num, NULL);
    libxl_domain_config_dispose(&d_config);
    return rc;
}

static bool is_qdisk(const struct kind *k)
{
    return strstr(k->backend, "qdisk");
}

#define HUNDRED_NINES "99999999999999999999999999999999999999999999999999" \
                      "99999999999999999999999999999999999999999999999999"

/* How the backend's feature is advertised */
enum { NOT_AT_ALL, NEW, RESTRICTS, OLD };

#define V(verdict) LIBXL_FEATURE_VERDICT_##verdict

/*
 * The feature is "pages", from 1 to 8.
 *
 * node: "granted", or NULL if there is none.  shown: what libxl says that the
 * guest gets, the same as published where it is left out, "" for NULL.
 */
static const struct verdict {
    const char *requested, *node, *published, *state;
    int advertised;
    libxl_feature_verdict verdict;
    const char *shown;
} verdicts[] = {
    /* As requested. */
    { "2", "pages=2", "2", "2", NEW, V(GRANTED) },
    { "2", "pages=2", "2", "4", NEW, V(GRANTED) },
    { "2", "other=1 pages=2 page=4", "2", "4", NEW, V(GRANTED) },
    { "002", "pages=2", "2", "2", NEW, V(GRANTED) },
    { " 2\t", "pages=2", "2", "2", NEW, V(GRANTED) },
    { "0", "pages=0", "0", "4", NEW, V(GRANTED) },
    /* It need not advertise. */
    { "2", "pages=2", "2", "2", NOT_AT_ALL, V(GRANTED) },
    { "9", "pages=8", "8", "2", NOT_AT_ALL, V(LESS) },
    { "0", "pages=1", "1", "2", NOT_AT_ALL, V(MORE) },
    /* The guest gets less, or more. */
    { "9", "pages=8", "8", "4", NEW, V(LESS) },
    { "0", "pages=1", "1", "4", NEW, V(MORE) },
    { "9", "pages=9", "9", "4", NEW, V(GRANTED) }, /* the limit has changed */
    { HUNDRED_NINES, "pages=8", "8", "4", NEW, V(LESS) },
    { "340282366920938463463374607431768211456", "pages=8", "8", "2", NEW,
      V(LESS) },
    /* What is published counts. */
    { "2", "pages=2", "1", "4", NEW, V(LESS) },
    { "2", "pages=2", "3", "4", NEW, V(MORE) },
    { "2", "pages=3", "2", "4", NEW, V(GRANTED) },
    { "2", "pages=2", HUNDRED_NINES, "4", NEW, V(MORE),
      "9999999999999999999999999999999999999999999999999999999999999999" },
    /* Published later: when the frontend connects. */
    { "2", "pages=2", NULL, "2", NEW, V(GRANTED), "2" },
    { "9", "pages=8", NULL, "2", NEW, V(LESS), "8" },
    { "0", "pages=1", NULL, "3", NEW, V(MORE), "1" },
    { "9", "pages=" HUNDRED_NINES, NULL, "2", NEW, V(MORE),
      "9999999999999999999999999999999999999999999999999999999999999999" },
    { "0", "pages=0", NULL, "2", NEW, V(GRANTED), "0" },
    /* Or never: that is 0. */
    { "0", "pages=0", NULL, "4", NEW, V(GRANTED), "0" },
    { "2", "pages=2", NULL, "4", NEW, V(LESS), "0" },
    { "2", "pages=2", NULL, "4", RESTRICTS, V(MORE), "0" },
    /* The other way round. */
    { "0", "pages=1", "1", "4", RESTRICTS, V(LESS) },
    { "1", "pages=0", "0", "4", RESTRICTS, V(MORE) },
    { "1", "pages=1", "1", "4", RESTRICTS, V(GRANTED) },
    { "9", "pages=8", "8", "4", RESTRICTS, V(MORE) },
    /* No number was requested, or the backend saw none. */
    { "", "pages=malformed", "8", "2", NEW, V(MALFORMED) },
    { "-1", "pages=malformed", "8", "2", NEW, V(MALFORMED) },
    { "+1", "pages=malformed", "8", "2", NEW, V(MALFORMED) },
    { "0x1", "pages=malformed", "1", "2", NEW, V(MALFORMED) },
    { "1 2", "pages=malformed", "1", "2", NEW, V(MALFORMED) },
    { "on", "pages=malformed", NULL, "2", NEW, V(MALFORMED), "" },
    { "on", "pages=malformed", NULL, "4", NEW, V(MALFORMED), "0" },
    { "on", "pages=8", "8", "4", NEW, V(MALFORMED) },
    { "1", "pages=malformed", "8", "2", NEW, V(MALFORMED) },
    /* The backend does not know it. */
    { "2", "", "8", "2", NEW, V(UNKNOWN) },
    { "2", "other=2", "2", "4", NEW, V(UNKNOWN) },
    { "2", "pages pages2=2 page=2 xpages=2 PAGES=2", "2", "4", NEW,
      V(UNKNOWN) },
    { "on", "other=2", "8", "4", NEW, V(UNKNOWN) },
    /* It has no feature control, whatever somebody advertises. */
    { "2", NULL, "2", "2", NEW, V(NO_CONTROL) },
    { "2", NULL, "8", "4", NEW, V(NO_CONTROL) },
    { "2", NULL, "8", "6", NEW, V(NO_CONTROL) },
    { "2", NULL, "8", "8", NEW, V(NO_CONTROL) },
    { "on", NULL, "8", "4", NOT_AT_ALL, V(NO_CONTROL) },
    /* It has not looked yet, or says what makes no sense. */
    { "2", NULL, NULL, "1", NEW, V(PENDING), "" },
    { "2", NULL, "8", "1", NOT_AT_ALL, V(PENDING) },
    { "2", NULL, "8", "0", NEW, V(PENDING) },
    { "2", NULL, "8", "", NEW, V(PENDING) },
    { "2", NULL, "8", "9", NEW, V(PENDING) },
    { "2", NULL, "8", "-2", NEW, V(PENDING) },
    { "2", NULL, "8", "4x", NEW, V(PENDING) },
    { "2", NULL, "8", "4294967298", NEW, V(PENDING) },
    { "2", NULL, "8", "18446744073709551618", NEW, V(PENDING) },
    { "2", NULL, "8", "\x1b[2J", NEW, V(PENDING) },
    { "2", NULL, "2", "1", OLD, V(PENDING) },
    /* What is no number may be anything. */
    { "2", "pages=\x1b[31m2", NULL, "2", NEW, V(MORE), "?[31m2" },
    { "2", "pages=2", "\x1b[31m2", "4", NEW, V(MORE), "?[31m2" },
    { "2", "pages=", NULL, "2", NEW, V(MORE), "" },
    { "2", "pages=-2", NULL, "2", NEW, V(MORE), "-2" },
    { "2", "pages=2=2", NULL, "2", NEW, V(MORE), "2=2" },
    { "2", "  pages=2 ", NULL, "2", NEW, V(GRANTED), "2" },
    { "2", "pages=3 pages=2", NULL, "2", NEW, V(MORE), "3" },
    /* The version before says nothing but what it publishes. */
    { "2", NULL, "2", "2", OLD, V(GRANTED) },
    { "9", NULL, "8", "4", OLD, V(LESS) },
    { "0", NULL, "1", "4", OLD, V(MORE) },
    { "0", NULL, NULL, "4", OLD, V(GRANTED), "0" },
    { "2", NULL, NULL, "4", OLD, V(LESS), "0" },
    { "8", NULL, NULL, "2", OLD, V(GRANTED), "" },
    { "9", NULL, NULL, "2", OLD, V(LESS), "" },
    { "0", NULL, NULL, "2", OLD, V(MORE), "" },
    { HUNDRED_NINES, NULL, NULL, "2", OLD, V(LESS), "" },
    { "on", NULL, "8", "4", OLD, V(MALFORMED) },
    /* And is not asked where the node is there. */
    { "2", "pages=2", "2", "4", OLD, V(GRANTED) },
    { "2", "", "8", "4", OLD, V(UNKNOWN) },
};

START_TEST(verdict)
{
    const struct verdict *v = &verdicts[_i];
    const char *shown = v->shown ?: v->published;
    int i;

    for (i = 0; i < 2 * NUM_KINDS; i++) {
        const struct kind *k = &kinds[i / 2];
        bool of_host = i % 2;
        libxl_device_features *d, *after;
        libxl_device_feature *f, *g;
        int num;

        /* QEMU advertises nothing, and xl waits for its state. */
        if (is_qdisk(k) && v->advertised >= RESTRICTS)
            continue;
        teardown();
        setup();
        if (v->advertised == OLD)
            advertise_old(k, "pages");
        else if (v->advertised && !is_qdisk(k))
            advertise(k, "pages", "uint", NULL);
        if (v->advertised == RESTRICTS)
            advertise_in(k->backend_domid, is_nic(k) ? "vif" : "vbd",
                         "pages/restricts", "1");
        ck_assert_int_eq(of_host
            ? add_both(k, NULL, LIST("pages", (char *)v->requested))
            : add(k, LIST("pages", (char *)v->requested)), 0);
        fake_xs_changed = NULL;
        if (v->node)
            fake_xs_set(below(k->backend, "granted"), v->node);
        if (v->published)
            fake_xs_set(below(k->backend, "pages"), v->published);
        fake_xs_set(below(k->backend, "state"), v->state);

        d = device(k);
        ck_assert_str_eq(d->kind, is_nic(k) ? "vif" : "vbd");
        ck_assert_int_eq(d->devid, is_nic(k) ? 0 : 51712);
        ck_assert_uint_eq(d->frontend_domid, k->domid);
        ck_assert_uint_eq(d->backend_domid, k->backend_domid);
        ck_assert_str_eq(d->backend_type, is_nic(k) ? "vif" :
                         is_qdisk(k) ? "qdisk" : "vbd");
        ck_assert(!d->unreadable);
        ck_assert_int_eq(d->num_features, 1);
        f = &d->features[0];
        ck_assert_str_eq(f->name, "pages");
        ck_assert_int_eq(strspn(f->requested, " \t"), 0);
        ck_assert_int_eq(f->origin, of_host ? LIBXL_FEATURE_ORIGIN_HOST
                                            : LIBXL_FEATURE_ORIGIN_DEVICE);
        ck_assert_int_eq(f->verdict, v->verdict);
        if (v->verdict == V(UNKNOWN) || v->verdict == V(NO_CONTROL) ||
            v->verdict == V(PENDING))
            ck_assert_ptr_null(f->promised);
        if (shown && !shown[0] && !(v->node && !v->node[strlen("pages=")]))
            ck_assert_ptr_null(f->granted);
        else
            ck_assert_pstr_eq(f->granted, shown);
        ck_assert_int_eq(f->has_limit, v->advertised && !is_qdisk(k));
        if (f->has_limit) {
            ck_assert_int_eq(f->type, LIBXL_FEATURE_TYPE_UINT);
            ck_assert_uint_eq(f->minimum, 1);
            ck_assert_uint_eq(f->maximum, 8);
            ck_assert_uint_eq(f->defval, 1);
            ck_assert_int_eq(f->restricts, v->advertised == RESTRICTS);
        }
        ck_assert_ptr_null(f->in_use);

        ck_assert_int_eq(d->feature_control,
            v->node || (v->verdict == V(PENDING) ? f->has_limit
                                                 : v->advertised == OLD));

        /* The same as after creation; of a qdisk that is late, elsewhere. */
        if (!is_qdisk(k) || v->verdict != V(PENDING)) {
            ck_assert_int_eq(verdict_list(k->domid, &after, &num), 0);
            ck_assert_int_eq(num, 1);
            ck_assert_str_eq(after->kind, d->kind);
            ck_assert_int_eq(after->devid, d->devid);
            ck_assert_uint_eq(after->frontend_domid, k->domid);
            ck_assert_uint_eq(after->backend_domid, k->backend_domid);
            ck_assert_str_eq(after->backend_type, d->backend_type);
            ck_assert_int_eq(after->num_features, 1);
            g = &after->features[0];
            ck_assert_int_eq(g->verdict, v->advertised == OLD &&
                             v->verdict == V(PENDING) ? V(GRANTED)
                                                      : v->verdict);
            ck_assert_str_eq(g->name, "pages");
            ck_assert_str_eq(g->requested, f->requested);
            ck_assert_int_eq(g->origin, f->origin);
            ck_assert_pstr_eq(g->promised, f->promised);
            if (g->promised)
                ck_assert_pstr_eq(g->granted, f->granted);
            libxl_device_features_list_free(after, num);
        }
        libxl_device_features_list_free(d, 1);
        ck_assert_str_eq(log_text, "");
    }
}
END_TEST

START_TEST(unknown_to_the_version_before)
{
    const struct kind *k = &kinds[_i];
    libxl_device_features *d;
    int num;

    advertise_old(k, "other");
    ck_assert_int_eq(add(k, LIST("pages", "2", "other", "2")), 0);
    fake_xs_set(below(k->backend, "pages"), "2");
    fake_xs_set(below(k->backend, "other"), "2");

    d = device(k);
    ck_assert_int_eq(feature(d, "pages")->verdict, V(UNKNOWN));
    ck_assert_int_eq(feature(d, "other")->verdict, V(GRANTED));
    libxl_device_features_list_free(d, 1);
    ck_assert_int_eq(verdict_list(k->domid, &d, &num), 0);
    ck_assert_int_eq(feature(d, "pages")->verdict, V(UNKNOWN));
    ck_assert_int_eq(feature(d, "other")->verdict, V(GRANTED));
    libxl_device_features_list_free(d, num);
}
END_TEST

START_TEST(nothing_requested)
{
    const struct kind *k = &kinds[_i / 2];
    bool by_default = _i % 2;
    libxl_device_features *d;
    libxl_device_feature *f;
    int num;

    if (is_qdisk(k))
        return;
    advertise(k, "pages", "uint", NULL);
    advertise(k, "flag", "bool", NULL);
    ck_assert_int_eq(add_both(k, by_default ? LIST("pages", "default") : NULL,
                              by_default ? LIST("pages", "4") : NULL), 0);
    fake_xs_set(below(k->backend, "pages"), "8");
    fake_xs_requests("");
    d = device(k);
    ck_assert_uint_eq(fake_xs_requests("/granted"), 0);
    ck_assert(d->feature_control);
    ck_assert_int_eq(d->num_features, 2);
    f = feature(d, "pages");
    ck_assert_int_eq(f->verdict, V(NOT_REQUESTED));
    ck_assert_ptr_null(f->requested);
    ck_assert_int_eq(f->origin, by_default ? LIBXL_FEATURE_ORIGIN_DEVICE
                                           : LIBXL_FEATURE_ORIGIN_NONE);
    ck_assert_str_eq(f->granted, "8");
    f = feature(d, "flag");
    ck_assert_int_eq(f->verdict, V(NOT_REQUESTED));
    ck_assert_int_eq(f->origin, LIBXL_FEATURE_ORIGIN_NONE);
    ck_assert_ptr_null(f->granted); /* not yet */
    libxl_device_features_list_free(d, 1);

    /* Once it is connected that is 0. */
    fake_xs_set(below(k->backend, "state"), "4");
    d = device(k);
    ck_assert_str_eq(feature(d, "flag")->granted, "0");
    libxl_device_features_list_free(d, 1);

    ck_assert_int_eq(verdict_list(k->domid, &d, &num), 0);
    ck_assert_uint_eq(fake_xs_requests(""), 0);
    ck_assert_int_eq(num, 0);
    ck_assert_ptr_null(d);
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
    { "uint", "2", "3", true, "2" },        /* never above what was granted */
    { "uint", "2", HUNDRED_NINES, true, "2" },
    { "uint", "0", NULL, true, "0" },
    { "uint", NULL, "3", true, "0" },
    { "uint", "x", "3", true, "0" },
    { "uint", HUNDRED_NINES, "3", true, "3" },
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
    fake_xs_set(below(k->backend, "config_default/made-up"), "7");
    fake_xs_set(below(k->backend, "granted"), "asked=2 made-up=7");
    fake_xs_set(below(k->frontend, "config/made-up"), "7");

    fake_xs_requests("");
    d = device(k);
    ck_assert_uint_eq(fake_xs_requests(below(k->backend, "config")), 0);
    f = feature(d, "asked");
    ck_assert_ptr_nonnull(f);
    ck_assert_pstr_eq(f->requested, "2");
    ck_assert_int_eq(f->verdict, V(GRANTED));
    f = feature(d, "other");
    ck_assert_ptr_nonnull(f);
    ck_assert_pstr_eq(f->requested, "3");
    ck_assert(!f->has_limit);
    ck_assert_int_eq(f->verdict, V(UNKNOWN));
    if (!is_qdisk(k)) { /* which does not advertise */
        f = feature(d, "not-asked");
        ck_assert_ptr_nonnull(f);
        ck_assert_ptr_null(f->requested);
    }
    ck_assert_ptr_null(feature(d, "made-up"));
    libxl_device_features_list_free(d, 1);
}
END_TEST

/* A node of 5000 words is no more than one of as many as there are requests. */
START_TEST(granted_by_an_enemy)
{
    const struct kind *k = &kinds[_i];
    libxl_device_features *d;
    char text[5000 * 12], *p = text;
    int i;

    ck_assert_int_eq(add(k, LIST("w1", "1", "w31", "31", "w32", "32",
                                 "w4999", "4999")), 0);
    for (i = 0; i < 5000; i++)
        p += sprintf(p, "%sw%d=%d", i ? " " : "", i, i);
    fake_xs_set(below(k->backend, "granted"), text);
    d = device(k);
    ck_assert_int_eq(d->num_features, 4);
    ck_assert_int_eq(feature(d, "w1")->verdict, V(GRANTED));
    ck_assert_int_eq(feature(d, "w31")->verdict, V(GRANTED));
    ck_assert_int_eq(feature(d, "w32")->verdict, V(UNKNOWN));
    ck_assert_int_eq(feature(d, "w4999")->verdict, V(UNKNOWN));
    libxl_device_features_list_free(d, 1);

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = 0;
    memcpy(text, "w1=", 3);
    fake_xs_set(below(k->backend, "granted"), text);
    d = device(k);
    ck_assert_uint_eq(strlen(feature(d, "w1")->promised), 64);
    libxl_device_features_list_free(d, 1);
}
END_TEST

static void add_vif(int devid)
{
    union device d;

    device_make(&kinds[0], &d, NULL);
    d.nic.devid = devid;
    ck_assert_int_eq(device_add(&kinds[0], &d), 0);
    libxl_device_nic_dispose(&d.nic);
}

START_TEST(devices_of_a_domain)
{
    static const struct {
        const char *kind;
        const char *devices;
    } asked[] = {
        { NULL, " 4/vbd/51712 4/vbd/51728 4/vif/8! 4/vif/9 4/vif/10"
                " 4/virtio_disk/51744 6/vbd/51760 6/vif/2" },
        { "vif", " 4/vif/8! 4/vif/9 4/vif/10 6/vif/2" },
        { "vbd", " 4/vbd/51712 4/vbd/51728 4/virtio_disk/51744 6/vbd/51760" },
    };
    libxl_device_features *list;
    char text[256];
    unsigned int i;
    int num, j;

    ck_assert_int_eq(libxl_device_features_list(ctx, GUEST, NULL, &list,
                                                &num), 0);
    ck_assert_int_eq(num, 0);
    ck_assert_ptr_null(list);

    advertise(&kinds[0], "a", "uint", NULL);
    for (i = 0; i < 2; i++) {
        union device d;

        add_vif(10 - i); /* not in the order of their names */

        device_make(&kinds[2], &d, NULL);
        free(d.disk.vdev);
        d.disk.vdev = strdup(i ? "xvda" : "xvdb");
        ck_assert_int_eq(device_add(&kinds[2], &d), 0);
        libxl_device_disk_dispose(&d.disk);
    }
    /* One that cannot be read, a disk of the other kind. */
    fake_xs_set("/libxl/4/device/vif/8/backend",
                "/local/domain/0/nonsense\x1b");
    fake_xs_set("/libxl/4/device/virtio_disk/51744/backend",
                "/local/domain/0/backend/virtio_disk/4/51744");
    /* And what the stubdomain has for it. */
    fake_xs_set("/local/domain/4/image/device-model-domid", "6");
    fake_xs_set("/libxl/6/device/vif/2/backend",
                "/local/domain/0/backend/vif/6/2");
    fake_xs_set("/libxl/6/device/vbd/51760/backend",
                "/local/domain/0/backend/vbd/6/51760");
    /* One that is being removed, and what other devices there are. */
    fake_xs_set("/libxl/4/device/vif/3/frontend", "x");
    fake_xs_set("/libxl/4/device/vkbd/0/backend", "x");

    for (i = 0; i < ARRAY_SIZE(asked); i++) {
        log_text[0] = 0;
        fake_xs_requests("");
        ck_assert_int_eq(libxl_device_features_list(ctx, GUEST, asked[i].kind,
                                                    &list, &num), 0);
        /*
         * Advertised features are read once for all: the node, and its
         * children, of which the description is for others.
         */
        ck_assert_uint_eq(fake_xs_requests("/feature/backend/vif/a"),
                          !asked[i].kind || !strcmp(asked[i].kind, "vif")
                          ? 2 : 0);
        text[0] = 0;
        for (j = 0; j < num; j++) {
            sprintf(text + strlen(text), " %d/%s/%d%s",
                    list[j].frontend_domid, list[j].kind, list[j].devid,
                    list[j].unreadable ? "!" : "");
            if (!strcmp(list[j].kind, "vif") && !list[j].unreadable) {
                ck_assert_int_eq(list[j].num_features, 1);
                ck_assert_str_eq(list[j].features[0].name, "a");
            }
        }
        ck_assert_str_eq(text, asked[i].devices);
        if (strchr(asked[i].devices, '!'))
            ck_assert_ptr_nonnull(strstr(log_text, "/libxl/4/device/vif/8/"
                                         "backend: `/local/domain/0/nonsense?'"
                                         " is not the path"));
        else
            ck_assert_str_eq(log_text, "");
        libxl_device_features_list_free(list, num);
    }
}
END_TEST

/* Requests to xenstored for one vif. */
START_TEST(what_a_listing_costs)
{
    const struct kind *k = &kinds[0];
    libxl_device_features *list;
    int num;

    advertise(k, "a", "uint", NULL);
    ck_assert_int_eq(add(k, _i ? LIST("a", "9") : NULL), 0);
    fake_xs_set(below(k->backend, "a"), "8");
    if (_i)
        fake_xs_set(below(k->backend, "granted"), "a=8");
    fake_xs_requests("");
    ck_assert_int_eq(libxl_device_features_list(ctx, GUEST, "vif", &list,
                                                &num), 0);
    /*
     * Is there a stubdomain, which vifs are there, their backend; is anything
     * requested; what is advertised: directory, node, children; the state,
     * the interface's name, what is published.  Of requests what was granted.
     */
    ck_assert_uint_eq(fake_xs_requests(""), 3 + 1 + 3 + 3 + _i);
    ck_assert_int_eq(num, 1);
    ck_assert_int_eq(list->features[0].verdict,
                     _i ? V(LESS) : V(NOT_REQUESTED));
    libxl_device_features_list_free(list, num);
}
END_TEST

/* Of the network device that is meant for it. */
START_TEST(names_of_interfaces)
{
    static const struct { const char *vifname, *ifname; } names[] = {
        { NULL, "vif4.0" }, { "lan", "lan" }, { "\x1b[2J", "?[2J" },
        { NAME64 NAME64, NAME64 },
    };
    const struct kind *k = &kinds[0];
    libxl_device_features *d;

    ck_assert_int_eq(add(k, NULL), 0);
    if (names[_i].vifname)
        fake_xs_set(below(k->backend, "vifname"), names[_i].vifname);
    d = device(k);
    ck_assert_str_eq(d->ifname, names[_i].ifname);
    libxl_device_features_list_free(d, 1);

    ck_assert_int_eq(libxl_device_nic_destroy(ctx, GUEST,
        &(libxl_device_nic){ .devid = 0 }, NULL), 0);
    ck_assert_int_eq(add(&kinds[2], NULL), 0);
    d = device(&kinds[2]);
    ck_assert_ptr_null(d->ifname);
    libxl_device_features_list_free(d, 1);
}
END_TEST

/* Of one device it is said; the other is there all the same. */
START_TEST(any_error_is_one)
{
    const struct kind *k = &kinds[_i];
    libxl_device_features *list;
    unsigned int n, hidden = 0;
    int num;

    advertise(k, "a", "uint", "num-a");
    ck_assert_int_eq(add(k, LIST("a", "1", "other", "2")), 0);
    fake_xs_set(below(k->backend, "granted"), "a=2");
    fake_xs_set(below(k->backend, "state"), "4");
    /* Where the stubdomain is that there is not. */
    for (n = 2; ; n++) {
        int rc, i;

        fake_xs_fail("", n, EIO);
        log_text[0] = 0;
        rc = libxl_device_features_list(ctx, k->domid, NULL, &list, &num);
        if (!fake_xs_failed()) {
            ck_assert_int_eq(rc, 0);
            ck_assert_int_eq(num, 1);
            ck_assert(!list->unreadable);
            libxl_device_features_list_free(list, num);
            break;
        }
        ck_assert_str_ne(log_text, "");
        if (rc) {
            ck_assert_int_eq(rc, ERROR_FAIL);
            ck_assert_ptr_null(list);
            ck_assert_int_eq(num, 0);
            hidden++;
        } else {
            char *text = libxl_device_features_to_json(ctx, list);

            ck_assert_int_eq(num, 1);
            ck_assert(list->unreadable);
            ck_assert_ptr_nonnull(text);
            free(text);
            for (i = 0; i < list->num_features; i++)
                ck_assert_ptr_nonnull(libxl_feature_verdict_to_string(
                    list->features[i].verdict));
            libxl_device_features_list_free(list, num);
        }
    }
    /* Which devices there are, of three kinds, and where the backend is. */
    ck_assert_uint_eq(hidden, 3 + 1);
    ck_assert_uint_gt(n, 13);
}
END_TEST

/* Before there is a device */

static const struct {
    char *own[9], *of_host[5];
    const char *advertised[3];
    const char *list;
} requested[] = {
    { { NULL }, { NULL }, { "a" }, "" },
    { { "a", "default" }, { "a", "1" }, { "a" }, "" },
    { { NULL }, { "a", "default" }, { "a" }, "" },
    { { "a", "1" }, { NULL }, { NULL }, " a=1:pending" },
    { { "a", "1" }, { NULL }, { "a" }, " a=1:pending" },
    { { "a", "9999999999" }, { "b", "1" }, { "a", "b" },
      " a=9999999999:pending b=1!:pending" },
    { { "b", "1", "a", "default", "c", "2" }, { "a", "1" }, { "b" },
      " b=1:pending c=2:unknown" },
    { { "a", "on" }, { "b", "" }, { NULL }, " a=on:malformed b=!:malformed" },
    { { "a", "on" }, { "b", "0x2" }, { "b" },
      " a=on:malformed b=0x2!:malformed" },
    { { "a", " 1\t" }, { NULL }, { "a" }, " a=1:pending" },
    { { "a", "1 2" }, { NULL }, { "a" }, " a=1 2:malformed" },
    { { "a", "1" }, { NULL }, { "aa", "b" }, " a=1:unknown" },
};

START_TEST(before_there_is_a_device)
{
    libxl_key_value_list own = key_value_list((char **)requested[_i].own);
    libxl_key_value_list of_host =
        key_value_list((char **)requested[_i].of_host);
    libxl_device_feature *list;
    char text[256] = "";
    int i, j, num;

    /* In a driver domain, and in a domain that has none of them. */
    for (j = 0; j < 2; j++) {
        for (i = 0; requested[_i].advertised[i]; i++)
            advertise(&kinds[1], requested[_i].advertised[i], "uint", NULL);
        fake_xs_requests("");
        ck_assert_int_eq(libxl_device_request_list(ctx, DRIVER_DOMAIN, "vif",
                                                   &own, &of_host, &list,
                                                   &num), 0);
        ck_assert_uint_eq(fake_xs_requests(""), requested[_i].list[0] ? 1 : 0);
        ck_assert_int_eq(!list, !num);
        text[0] = 0;
        for (i = 0; i < num; i++) {
            sprintf(text + strlen(text), " %s=%s%s:%s", list[i].name,
                    list[i].requested,
                    list[i].origin == LIBXL_FEATURE_ORIGIN_HOST ? "!" : "",
                    libxl_feature_verdict_to_string(list[i].verdict));
            ck_assert(!list[i].has_limit);
            ck_assert_ptr_null(list[i].granted);
        }
        ck_assert_str_eq(text, requested[_i].list);
        libxl_device_feature_list_free(list, num);
    }
    ck_assert_str_eq(log_text, "");

    if (requested[_i].list[0]) {
        ck_assert_int_eq(libxl_device_request_list(ctx, 99, "vif", &own,
            &of_host, &list, &num), ERROR_DOMAIN_NOTFOUND);
        ck_assert_ptr_null(list);
        ck_assert_int_eq(libxl_device_request_list(ctx, 0, "../vif", &own,
            &of_host, &list, &num), ERROR_INVAL);
        ck_assert_ptr_null(list);
        fake_xs_fail("/feature/", 1, EIO);
        ck_assert_int_eq(libxl_device_request_list(ctx, 0, "vif", &own,
            &of_host, &list, &num), ERROR_FAIL);
        ck_assert_ptr_null(list);
        ck_assert_int_eq(num, 0);
    }
    libxl_key_value_list_dispose(&own);
    libxl_key_value_list_dispose(&of_host);
}
END_TEST

/* What libxl would not keep for a domain is none for anybody. */
START_TEST(cannot_be_kept)
{
    libxl_key_value_list lists[] = {
        LIST("a", NULL), LIST("a b", "1"), LIST("a", "\xe9"),
    };
    libxl_key_value_list none = NULL;
    libxl_device_feature *list;
    unsigned int i;
    int num;

    for (i = 0; i < ARRAY_SIZE(lists); i++) {
        ck_assert_int_eq(libxl_device_request_list(ctx, 0, "vif", &lists[i],
                             &none, &list, &num), ERROR_INVAL);
        ck_assert_int_eq(libxl_device_request_list(ctx, 0, "vif", &none,
                             &lists[i], &list, &num), ERROR_INVAL);
        ck_assert_ptr_null(list);
        libxl_key_value_list_dispose(&lists[i]);
    }
}
END_TEST

/* After creation */

/*
 * Requests to xenstored for the verdicts on one device: where libxl has waited
 * for the backend before, and where it is QEMU, whose state is read at once.
 */
static const struct {
    char *own[9];
    const char *node;
    const char *published[4];  /* a, b, c */
    const char *state;
    unsigned int requests, of_qdisk;
} reads[] = {
    { { "a", "1" }, "a=1", { "1" }, "2", 2, 3 },
    { { "a", "1" }, "a=1", { "1" }, "4", 2, 3 },
    /* Does it restrict? */
    { { "a", "9" }, "a=8", { "8" }, "2", 3, 4 },
    { { "a", "0" }, "a=0", { NULL }, "2", 2, 3 },
    /* Is it connected? */
    { { "a", "1" }, "a=1", { NULL }, "2", 3, 3 },
    { { "a", "1" }, "a=1", { NULL }, "4", 4, 4 },
    { { "a", "1", "b", "2", "c", "3" }, "a=1 b=2 c=3", { "1", "2", "3" },
      "4", 4, 5 },
    { { "a", "1", "b", "2", "c", "3" }, "a=1 b=2 c=3", { "0", "0", "0" },
      "4", 7, 8 },
    { { "a", "1", "b", "2", "c", "3" }, "a=1 b=2 c=3", { NULL }, "4", 8, 8 },
    { { "a", "1", "b", "2" }, "", { "1" }, "4", 1, 2 },
    { { "a", "on" }, "a=malformed", { "1" }, "4", 2, 3 },
    /* Is it of the version before? */
    { { "a", "1", "b", "2" }, NULL, { "1" }, "4", 3, 3 },
    { { "a", "default" }, "a=1", { "1" }, "4", 0, 0 },
};

START_TEST(what_it_costs)
{
    const struct kind *k = &kinds[_i % NUM_KINDS];
    typeof(&reads[0]) r = &reads[_i / NUM_KINDS];
    static const char *const names[] = { "a", "b", "c" };
    libxl_device_features *list;
    unsigned int i, requests;
    int num;

    for (i = 0; i < ARRAY_SIZE(names); i++)
        advertise(k, names[i], "uint", "num");
    ck_assert_int_eq(add(k, key_value_list((char **)r->own)), 0);
    if (r->node)
        fake_xs_set(below(k->backend, "granted"), r->node);
    for (i = 0; i < ARRAY_SIZE(names) && r->published[i]; i++)
        fake_xs_set(below(k->backend, names[i]), r->published[i]);
    fake_xs_set(below(k->backend, "state"), r->state);

    ck_assert_int_eq(verdict_list(k->domid, &list, &num), 0);
    requests = fake_xs_requests("");
    ck_assert_uint_eq(requests, is_qdisk(k) ? r->of_qdisk : r->requests);
    /* That is never more than two for the device and two for a request. */
    ck_assert_uint_le(requests, num ? 2 + 2 * list->num_features : 0);
    libxl_device_features_list_free(list, num);
}
END_TEST

/* QEMU, which is a step further whenever somebody looks. */
static unsigned int steps;

static void slow_qemu(const char *path)
{
    static const char *const states[] = { "", "0", "1", "x", "1", "2" };

    if (strcmp(path, below(kinds[4].backend, "state")) ||
        steps == ARRAY_SIZE(states))
        return;
    if (!strcmp(states[steps], "2"))
        fake_xs_set(below(kinds[4].backend, "granted"), "a=1");
    fake_xs_set(path, states[steps++]);
}

START_TEST(waits_for_qemu)
{
    const struct kind *k = &kinds[4];
    libxl_device_features *list;
    int num;

    fake_xs_changed = NULL;
    ck_assert_int_eq(add(k, LIST("a", "1", "b", "2")), 0);
    steps = 0;
    fake_xs_requested = slow_qemu;
    ck_assert_int_eq(verdict_list(k->domid, &list, &num), 0);
    fake_xs_requested = NULL;
    /* One read for each step, and what is read of any device. */
    ck_assert_uint_eq(steps, 6);
    ck_assert_uint_eq(fake_xs_requests(""), 6 + 2);
    ck_assert_int_eq(num, 1);
    ck_assert(list->feature_control);
    ck_assert_int_eq(feature(list, "a")->verdict, V(GRANTED));
    ck_assert_int_eq(feature(list, "b")->verdict, V(UNKNOWN));
    libxl_device_features_list_free(list, num);
}
END_TEST

/* Time goes a hundred times as fast, if it is to. */
int __real_libxl__ev_time_register_rel(libxl__ao *ao, libxl__ev_time *ev,
                                       libxl__ev_time_callback *func,
                                       int milliseconds);
int __wrap_libxl__ev_time_register_rel(libxl__ao *ao, libxl__ev_time *ev,
                                       libxl__ev_time_callback *func,
                                       int milliseconds);
static unsigned int timers;
static bool fast;

int __wrap_libxl__ev_time_register_rel(libxl__ao *ao, libxl__ev_time *ev,
                                       libxl__ev_time_callback *func,
                                       int milliseconds)
{
    timers++;
    return __real_libxl__ev_time_register_rel(ao, ev, func,
                                              fast ? milliseconds / 100
                                                   : milliseconds);
}

/*
 * One that comes when its time is over, while libxl looks; one that does not
 * come; one that is there; and a vif, for which libxl has waited.
 */
static void too_late(const char *path)
{
    if (!strcmp(path, "/local/domain/0/backend/qdisk/5/51712/granted"))
        fake_xs_set("/local/domain/0/backend/qdisk/5/51712/state", "2");
}

START_TEST(waits_no_longer)
{
    static const char *const vdevs[] = { "xvda", "xvdb", "xvdc" };
    struct kind nic = kinds[0];
    libxl_device_features *list;
    union device d;
    unsigned int i;
    int num;

    nic.domid = HVM_GUEST;
    ck_assert_int_eq(add(&nic, LIST("a", "1")), 0);
    fake_xs_set("/local/domain/0/backend/vif/5/0/granted", "a=1");
    fake_xs_changed = NULL;
    for (i = 0; i < ARRAY_SIZE(vdevs); i++) {
        device_make(&kinds[4], &d, LIST("a", "1"));
        free(d.disk.vdev);
        d.disk.vdev = strdup(vdevs[i]);
        ck_assert_int_eq(device_add(&kinds[4], &d), 0);
        libxl_device_disk_dispose(&d.disk);
    }
    fake_xs_set("/local/domain/0/backend/qdisk/5/51744/granted", "a=1");
    fake_xs_set("/local/domain/0/backend/qdisk/5/51744/state", "2");

    timers = 0;
    fast = true;
    fake_xs_requested = too_late;
    ck_assert_int_eq(verdict_list(HVM_GUEST, &list, &num), 0);
    fake_xs_requested = NULL;
    fast = false;
    /*
     * Of the vif granted, published, state; of each disk state and granted,
     * and of the one that is there what is published.
     */
    ck_assert_uint_eq(fake_xs_requests(""), 3 + 2 + 2 + 3);
    ck_assert_str_eq(
        fake_xs_get("/local/domain/0/backend/qdisk/5/51712/state"), "2");
    ck_assert_uint_eq(timers, 1);
    ck_assert_int_eq(num, 4);
    for (i = 0; i < num; i++) {
        bool there = !strcmp(list[i].kind, "vif") || list[i].devid == 51744;

        ck_assert_int_eq(list[i].num_features, 1);
        ck_assert_int_eq(list[i].features[0].verdict,
                         there ? V(GRANTED) : V(PENDING));
        ck_assert_int_eq(list[i].feature_control, there);
    }
    libxl_device_features_list_free(list, num);
    ck_assert_str_eq(log_text, "");
}
END_TEST

/* QEMU has no backend for it, so nobody would answer. */
START_TEST(no_medium)
{
    libxl_device_features *list;
    union device d;
    int num;

    device_make(&kinds[4], &d, LIST("a", "1"));
    d.disk.is_cdrom = d.disk.removable = 1;
    d.disk.readwrite = 0;
    d.disk.format = LIBXL_DISK_FORMAT_EMPTY;
    free(d.disk.pdev_path);
    d.disk.pdev_path = NULL;
    ck_assert_int_eq(device_add(&kinds[4], &d), 0);
    libxl_device_disk_dispose(&d.disk);

    timers = 0;
    ck_assert_int_eq(verdict_list(HVM_GUEST, &list, &num), 0);
    ck_assert_int_eq(num, 0);
    ck_assert_ptr_null(list);
    ck_assert_uint_eq(timers, 0);
    ck_assert_uint_eq(fake_xs_requests(""), 0);
}
END_TEST

START_TEST(any_error_of_verdicts)
{
    const struct kind *k = &kinds[_i];
    libxl_device_features *list;
    unsigned int n;
    int num, rc;

    advertise(k, "a", "uint", NULL);
    ck_assert_int_eq(add(k, LIST("a", "9", "b", "1")), 0);
    fake_xs_set(below(k->backend, "granted"), "a=8 b=1");
    fake_xs_set(below(k->backend, "a"), "8");
    for (n = 1; ; n++) {
        libxl_domain_config d_config;

        record_of(k->domid, &d_config);
        fake_xs_fail("", n, EIO);
        log_text[0] = 0;
        rc = libxl_device_verdict_list(ctx, k->domid, &d_config, &list, &num,
                                       NULL);
        libxl_domain_config_dispose(&d_config);
        if (!fake_xs_failed())
            break;
        ck_assert_int_eq(rc, ERROR_FAIL);
        ck_assert_ptr_null(list);
        ck_assert_int_eq(num, 0);
        ck_assert_str_ne(log_text, "");
    }
    ck_assert_int_eq(rc, 0);
    libxl_device_features_list_free(list, num);
    /* granted, both published, restricts, state: of a qdisk before all. */
    ck_assert_uint_eq(n, 5 + 1);
}
END_TEST

/* Its configuration may go before the answer comes. */
START_TEST(asynchronously)
{
    const struct kind *k = &kinds[4];
    libxl_domain_config d_config;
    libxl_device_features *list;
    libxl_asyncop_how how = { .callback = NULL, .u.for_event = 17 };
    libxl_event *event;
    int num;

    fake_xs_changed = NULL;
    ck_assert_int_eq(add_both(k, LIST("a", "1"), LIST("b", "2")), 0);
    record_of(k->domid, &d_config);
    ck_assert_int_eq(libxl_device_verdict_list(ctx, k->domid, &d_config, &list,
                                               &num, &how), 0);
    libxl_domain_config_dispose(&d_config);
    fake_xs_set(below(k->backend, "granted"), "a=1 b=1");
    fake_xs_set(below(k->backend, "state"), "2");
    ck_assert_int_eq(libxl_event_wait(ctx, &event, LIBXL_EVENTMASK_ALL, NULL,
                                      NULL), 0);
    ck_assert_int_eq(event->type, LIBXL_EVENT_TYPE_OPERATION_COMPLETE);
    ck_assert_int_eq(event->u.operation_complete.rc, 0);
    libxl_event_free(ctx, event);
    ck_assert_int_eq(num, 1);
    ck_assert_int_eq(feature(list, "a")->verdict, V(GRANTED));
    ck_assert_int_eq(feature(list, "b")->verdict, V(LESS));
    ck_assert_int_eq(feature(list, "b")->origin, LIBXL_FEATURE_ORIGIN_HOST);
    libxl_device_features_list_free(list, num);
}
END_TEST

START_TEST(json)
{
    libxl_device_features *list, copy;
    char *text, *again;

    advertise(&kinds[0], "pages", "uint", "num-pages");
    advertise(&kinds[0], "flag", "bool", NULL);
    ck_assert_int_eq(add(&kinds[0], LIST("pages", "2", "other", "\"x\"")), 0);
    fake_xs_set(below(kinds[0].backend, "granted"), "pages=2");
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
    tcase_add_loop_test(tc, unknown_to_the_version_before, 0, 4);
    tcase_add_loop_test(tc, nothing_requested, 0, 2 * NUM_KINDS);
    tcase_add_loop_test(tc, granted_by_an_enemy, 0, NUM_KINDS);
    tcase_add_loop_test(tc, what_a_listing_costs, 0, 2);
    tcase_add_loop_test(tc, names_of_interfaces, 0, 4);
    tcase_add_loop_test(tc, before_there_is_a_device, 0,
                        ARRAY_SIZE(requested));
    tcase_add_test(tc, cannot_be_kept);
    tcase_add_loop_test(tc, what_it_costs, 0, NUM_KINDS * ARRAY_SIZE(reads));
    tcase_add_test(tc, waits_for_qemu);
    tcase_add_test(tc, waits_no_longer);
    tcase_add_test(tc, no_medium);
    tcase_add_loop_test(tc, any_error_of_verdicts, 0, NUM_KINDS);
    tcase_add_test(tc, asynchronously);
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
