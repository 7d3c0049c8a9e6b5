/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What QEMU makes of requests, over an in-memory xenstore. The values are those of the
 * kernel's engine.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/xen/xen-features.h"
#include "hw/xen/xen-bus-helper.h"
#include "hw/xen/interface/io/device-features.h"

#include "fake-qemu.h"
#include "fake-xenstore.h"
#include "test-suite.h"
#include "../values.h"

#define HOME "/local/domain/0/"
#define NODE "backend/toy/1/0"
#define CONFIG HOME NODE "/config"
#define ADVERTISED HOME "feature/backend/toy"

static unsigned int most;

static unsigned int max_most(void)
{
    return most;
}

enum { UINT, FLAG, FIXED, NR };

static const XenFeature table[NR] = {
    [UINT] = { .name = "uint", .desc = "A number", .type = XEN_FEATURE_UINT,
               .min = 1, .limit = max_most, .frontend = "num" },
    [FLAG] = { .name = "flag", .desc = "A switch", .type = XEN_FEATURE_BOOL,
               .max = 1 },
    [FIXED] = { .name = "fixed", .desc = "Always one", .type = XEN_FEATURE_UINT,
                .min = 1, .max = 1 },
};

static const XenFeatures features = { "toy", table, NR };
static struct xs_handle *xs;
static XenFeaturesGranted granted;

static void setup(void)
{
    fake_xs_reset();
    fake_xs_become(0);
    xs = xs_open(0);
    fake_xs_set(HOME NODE "/state", "1");
    most = 8;
    memset(&granted, 0xff, sizeof(granted));
    g_string_truncate(fake_qemu_said(), 0);
    fake_xs_requests("");
}

static void teardown(void)
{
    ck_assert_uint_eq(fake_xs_open_transactions(), 0);
    xs_close(xs);
    fake_xs_reset();
}

static void request(const char *feature, const char *value)
{
    g_autofree char *path = g_strdup_printf(CONFIG "/%s", feature);

    fake_xs_set(path, value);
}

/* What it has to say is in fake_qemu_said(), each line once. */
static void read_granted(void)
{
    g_autofree char *notices = NULL;

    ck_assert(xen_features_read(&features, xs, NODE, &granted, &notices,
                                &error_abort));
    ck_assert_str_eq(fake_qemu_said()->str, ""); /* not yet */
    xen_features_say(notices);
}

static void check_answer(const char *want)
{
    g_autofree char *answer = xen_features_answer(&features, &granted);

    if (want)
        ck_assert_str_eq(answer, want);
    else
        ck_assert_ptr_null(answer);
}

/* --- reading --- */

START_TEST(test_nothing_requested)
{
    read_granted();
    ck_assert_uint_eq(fake_xs_requests(NODE "/config"), 1);
    ck_assert_uint_eq(fake_xs_requests(""), 0); /* nothing besides */
    ck_assert_uint_eq(granted.value[UINT], 8);
    ck_assert_uint_eq(granted.value[FLAG], 1);
    ck_assert_uint_eq(granted.value[FIXED], 1);
    check_answer(NULL);
    ck_assert_str_eq(fake_qemu_said()->str, "");
}
END_TEST

START_TEST(test_empty_config)
{
    fake_xs_set(CONFIG, "");
    read_granted();
    ck_assert_uint_eq(fake_xs_requests(""), 1);
    ck_assert_uint_eq(granted.value[UINT], 8);
    check_answer("");
    ck_assert_str_eq(fake_qemu_said()->str, "");
}
END_TEST

START_TEST(test_value)
{
    const char *value = values[_i].value;
    const unsigned int uint = values[_i].uint, flag = values[_i].flag;
    g_autofree char *want = uint == MALFORMED
        ? g_strdup("uint=malformed flag=malformed")
        : g_strdup_printf("uint=%u flag=%u", uint, flag);

    request("uint", value);
    request("flag", value);
    read_granted();
    ck_assert_uint_eq(granted.value[UINT], uint == MALFORMED ? 8 : uint);
    ck_assert_uint_eq(granted.value[FLAG], flag == MALFORMED ? 1 : flag);
    check_answer(want);
    ck_assert_int_eq(!!strstr(fake_qemu_said()->str, NODE "/config/uint: "),
                     uint == MALFORMED);
    ck_assert_int_eq(!!strstr(fake_qemu_said()->str, NODE "/config/flag: "),
                     flag == MALFORMED);
    ck_assert_uint_eq(fake_xs_requests(""), 3);
}
END_TEST

START_TEST(test_nul_in_value)
{
    ck_assert(xs_write(xs, XBT_NULL, CONFIG "/uint", "2\0", 2));
    read_granted();
    ck_assert_uint_eq(granted.value[UINT], 8);
    ck_assert_ptr_nonnull(strstr(fake_qemu_said()->str, "\"2?\" is not"));
}
END_TEST

START_TEST(test_fixed)
{
    static const char *const asked[] = { "0", "1", "8" };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(asked); i++) {
        request("fixed", asked[i]);
        read_granted();
        check_answer("fixed=1");
        ck_assert_str_eq(fake_qemu_said()->str, "");
    }
}
END_TEST

START_TEST(test_hostile_log)
{
    char value[4001];

    memset(value, 'z', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    request("uint", "a\x1b[2J\n\x80\"b");
    request("flag", value);
    request("x\x1b", "1");
    read_granted();
    ck_assert_ptr_nonnull(strstr(fake_qemu_said()->str, "\"a?[2J??\"b\" is not"));
    ck_assert_ptr_nonnull(strstr(fake_qemu_said()->str, "zzz...\" is not"));
    ck_assert_ptr_nonnull(strstr(fake_qemu_said()->str, "/config/x?: unknown feature"));
    ck_assert_uint_lt(fake_qemu_said()->len, 500);
    ck_assert_ptr_null(strchr(fake_qemu_said()->str, '\x1b'));
}
END_TEST

START_TEST(test_unknown_feature)
{
    request("uinteger", "1");
    request("UINT", "1");
    request("uin", "1");
    request("flag", "0");
    read_granted();
    check_answer("flag=0");
    ck_assert_ptr_nonnull(strstr(fake_qemu_said()->str, NODE "/config/uinteger: unknown"));
    ck_assert_ptr_nonnull(strstr(fake_qemu_said()->str, NODE "/config/UINT: unknown"));
    ck_assert_ptr_nonnull(strstr(fake_qemu_said()->str, NODE "/config/uin: unknown"));
    /* Their values are not even read. */
    ck_assert_uint_eq(fake_xs_requests(""), 2);
}
END_TEST

START_TEST(test_maximum_below_minimum)
{
    most = 0;
    request("uint", "5");
    read_granted();
    check_answer("uint=0");
}
END_TEST

static const struct {
    const char *what;
    unsigned int nth;
    int error;
} unreadable[] = {
    { NODE "/config", 1, EACCES },
    { NODE "/config", 1, EIO },
    { NODE "/config/uint", 1, EACCES },
    { NODE "/config/flag", 1, EIO },
    { NODE "/config/flag", 1, ENOENT }, /* it was there */
};

START_TEST(test_unreadable)
{
    g_autofree char *notices = NULL;
    Error *err = NULL;

    request("uint", "none");
    request("flag", "0");
    fake_xs_fail(unreadable[_i].what, unreadable[_i].nth, unreadable[_i].error);
    ck_assert(!xen_features_read(&features, xs, NODE, &granted, &notices, &err));
    ck_assert(fake_xs_failed());
    ck_assert_ptr_nonnull(strstr(error_get_pretty(err), unreadable[_i].what));
    error_free(err);
}
END_TEST

/* --- advertising --- */

static void check_advertised(const char *uint)
{
    ck_assert_str_eq(fake_xs_get(ADVERTISED "/uint"), uint);
    ck_assert_str_eq(fake_xs_get(ADVERTISED "/uint/desc"), "A number");
    ck_assert_str_eq(fake_xs_get(ADVERTISED "/uint/inuse"), "num");
    ck_assert_str_eq(fake_xs_get(ADVERTISED "/flag"), "bool 0 1 1");
    ck_assert_str_eq(fake_xs_get(ADVERTISED "/fixed"), "uint 1 1 1");
    ck_assert_ptr_null(fake_xs_get(ADVERTISED "/flag/inuse"));
    ck_assert_uint_eq(fake_xs_count(ADVERTISED), 8);
}

START_TEST(test_advertise)
{
    ck_assert(xen_features_advertise(&features, xs));
    check_advertised("uint 1 8 8");
    fake_xs_requests("");

    /* By the next process nothing is written that is there. */
    xen_features_advertise(&features, xs);
    check_advertised("uint 1 8 8");
    ck_assert_uint_eq(fake_xs_requests(ADVERTISED "/uint"), 1);
    ck_assert_uint_eq(fake_xs_requests("desc"), 0);

    most = 4;
    xen_features_advertise(&features, xs);
    check_advertised("uint 1 4 4");
    ck_assert_str_eq(fake_qemu_said()->str, "");
}
END_TEST

START_TEST(test_advertise_conflict)
{
    fake_xs_conflicts(3);
    xen_features_advertise(&features, xs);
    check_advertised("uint 1 8 8");
    ck_assert_str_eq(fake_qemu_said()->str, "");
}
END_TEST

/* It is a hint: said, and nothing else. */
START_TEST(test_advertise_fails)
{
    fake_xs_fail("feature/backend/toy/flag", 2, EACCES);
    ck_assert(!xen_features_advertise(&features, xs));
    ck_assert(fake_xs_failed());
    ck_assert_ptr_nonnull(strstr(fake_qemu_said()->str, "feature/backend/toy: cannot be written: "));
    ck_assert_ptr_null(fake_xs_get(ADVERTISED "/uint"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("xen-features");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_nothing_requested);
    tcase_add_test(tc, test_empty_config);
    tcase_add_loop_test(tc, test_value, 0, ARRAY_SIZE(values));
    tcase_add_test(tc, test_nul_in_value);
    tcase_add_test(tc, test_fixed);
    tcase_add_test(tc, test_hostile_log);
    tcase_add_test(tc, test_unknown_feature);
    tcase_add_test(tc, test_maximum_below_minimum);
    tcase_add_loop_test(tc, test_unreadable, 0, ARRAY_SIZE(unreadable));
    tcase_add_test(tc, test_advertise);
    tcase_add_test(tc, test_advertise_conflict);
    tcase_add_test(tc, test_advertise_fails);
    suite_add_tcase(suite, tc);

    return run_suite(suite);
}
