/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * After the hotplug script of a vif: a guest is told no larger MTU than its
 * network device has.
 */

#include "toolstack.h"
#include "test-suite.h"

/* The network device that there is, and its MTU. */
static const char *device, *device_mtu;

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);

FILE *__wrap_fopen(const char *path, const char *mode)
{
    char mtu[128];

    if (strncmp(path, "/sys/class/net/", strlen("/sys/class/net/")))
        return __real_fopen(path, mode);

    snprintf(mtu, sizeof(mtu), "/sys/class/net/%s/mtu", device);
    if (!strcmp(path, mtu))
        return fmemopen((char *)device_mtu, strlen(device_mtu), "r");
    errno = ENOENT;
    return NULL;
}

static const struct mtu {
    const char *told, *vifname;
    bool requests;
    const char *device, *has, *corrected;
    unsigned int cost; /* in requests to xenstore */
} cases[] = {
    { "9000", NULL, true, "vif4.0", "1500\n", "1500", 3 },
    { "9000", NULL, true, "vif4.0", "9000\n", NULL, 1 },
    { "1400", NULL, true, "vif4.0", "1500\n", NULL, 1 },
    { "1500", NULL, true, "vif4.0", "1400\n", "1400", 3 },
    /* By another name. */
    { "9000", "lan", true, "lan", "1500\n", "1500", 4 },
    { "9000", "lan", true, "lan", "9000\n", NULL, 2 },
    { "9000", "lan", true, "vif4.0", "1500\n", "1500", 3 },
    /* It is gone already. */
    { "9000", NULL, true, "vif4.1", "1500\n", NULL, 2 },
    { "9000", "lan", true, "vif4.1", "1500\n", NULL, 2 },
    /* What a guest wrote. */
    { "", NULL, true, "vif4.0", "1500\n", NULL, 1 },
    { "-9000", NULL, true, "vif4.0", "1500\n", NULL, 1 },
    { "9000\n", NULL, true, "vif4.0", "1500\n", NULL, 1 },
    { "many", NULL, true, "vif4.0", "1500\n", NULL, 1 },
    { "99999999999999999999999999999", NULL, true, "vif4.0", "1500\n",
      "1500", 3 },
    /* Nothing was requested. */
    { "9000", NULL, false, "vif4.0", "9000\n", NULL, 1 },
    { "9000", NULL, false, "vif4.0", "1500\n", NULL, 2 },
};

/* In dom0, and in a driver domain, where libxl has no more than its rights. */
START_TEST(told)
{
    const struct kind *k = &kinds[_i % 2];
    const struct mtu *c = &cases[_i / 2];
    libxl__device dev = {
        .backend_domid = k->backend_domid,
        .backend_kind = LIBXL__DEVICE_KIND_VIF,
        .domid = GUEST,
    };
    const char *node = below(k->frontend, "mtu");
    char *perms, said[32];
    GC_INIT(ctx);

    device = "none";
    ck_assert_int_eq(add(k, c->requests ? LIST("x", "0") : NULL), 0);
    if (c->vifname)
        fake_xs_set(below(k->backend, "vifname"), c->vifname);
    fake_xs_set(node, c->told);
    perms = strdup(fake_xs_perms(node));
    device = c->device;
    device_mtu = c->has;

    fake_xs_requests("");
    fake_xs_become(k->backend_domid);
    libxl__nic_check_mtu(gc, &dev);
    fake_xs_become(0);

    ck_assert_uint_eq(fake_xs_requests(""), c->cost);
    ck_assert_str_eq(fake_xs_get(node), c->corrected ?: c->told);
    ck_assert_str_eq(fake_xs_perms(node), perms);
    if (c->corrected) {
        ck_assert_ptr_nonnull(strstr(warned, "vif 0: "));
        snprintf(said, sizeof(said), "because %s has", device);
        ck_assert_ptr_nonnull(strstr(warned, said));
        snprintf(said, sizeof(said), "an MTU of %s instead", c->corrected);
        ck_assert_ptr_nonnull(strstr(warned, said));
    } else {
        ck_assert_str_eq(warned, "");
    }
    ck_assert_str_eq(log_text, "");
    free(perms);
    GC_FREE;
}
END_TEST

/* The script of a device that is added. */
START_TEST(after_the_script)
{
    const struct kind *k = &kinds[0];
    union device d;

    device = "vif4.0";
    device_mtu = "1500\n";
    device_make(k, &d, LIST("x", "0"));
    d.nic.mtu = 9000;
    ck_assert_int_eq(device_add(k, &d), 0);
    libxl_device_nic_dispose(&d.nic);
    ck_assert_str_eq(fake_xs_get(below(k->frontend, "mtu")), "1500");
    ck_assert_str_ne(warned, "");

    /* A driver domain's own is run there. */
    warned[0] = 0;
    device_make(&kinds[1], &d, LIST("x", "0"));
    d.nic.mtu = 9000;
    d.nic.devid = 1;
    ck_assert_int_eq(device_add(&kinds[1], &d), 0);
    libxl_device_nic_dispose(&d.nic);
    ck_assert_str_eq(fake_xs_get("/local/domain/4/device/vif/1/mtu"), "9000");
    ck_assert_str_eq(warned, "");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("libxl nic mtu");
    TCase *tc = tcase_create("mtu");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, told, 0, 2 * ARRAY_SIZE(cases));
    tcase_add_test(tc, after_the_script);
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
