/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xl device-features and xl backend-features: what a person sees, and what a
 * program is told.  Both with values that would play with a terminal.
 */

#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run-xl.h"
#include "test-suite.h"

#define VIF "/local/domain/2/backend/vif/4/0/"
#define FEATURES "/local/domain/2/feature/backend/vif/"

/*
 * Domain 2 is a driver domain.  Domain 4 has an interface from there, and two
 * disks from a backend that knows nothing of requests.
 */
static const char store[] =
    "/local/domain/4/name guest\n"
    "/local/domain/2/name driver\n"
    "/libxl/4/device/vif/0/backend /local/domain/2/backend/vif/4/0\n"
    "/libxl/4/device/vif/0/config/queues 9\n"
    "/libxl/4/device/vif/0/config/order 0\n"
    "/libxl/4/device/vif/0/config/flag on\n"
    "/libxl/4/device/vif/0/config/colour \x1b[31mred\n"
    "/libxl/4/device/vif/0/config/long 1234567890123456789012345\n"
    VIF "state 4\n"
    VIF "queues 8\n"
    VIF "order 0\n"
    VIF "flag \x1b[2J\n"
    VIF "config/sg 1\n"
    VIF "config/queues 7\n"
    FEATURES "queues uint 1 8 8\n"
    FEATURES "queues/desc Queues\x9b\x1b\n"
    FEATURES "queues/inuse num-queues\n"
    FEATURES "order uint 0 4294967295 2\n"
    FEATURES "flag bool 0 1 1\n"
    FEATURES "flag/restricts 1\n"
    "/local/domain/4/device/vif/0/num-queues 3\n"
    "/libxl/4/device/vbd/51712/backend /local/domain/0/backend/qdisk/4/51712\n"
    "/libxl/4/device/vbd/51728/backend /local/domain/0/backend/qdisk/4/51728\n"
    "/libxl/4/device/vbd/51728/config/order 1\n";

static void setup(void)
{
    xl_conf("");
    xl_store(store);
}

static void teardown(void)
{
    xl_forget();
}

START_TEST(a_table)
{
    ck_assert_int_eq(XL_RUN("device-features", "guest"), 0);
    ck_assert_str_eq(printed,
"  device     backend  feature  requested                 limit          granted  in use\n"
"  vbd 51712  0/qdisk  -        -                         -              -        -       no feature control\n"
"* vbd 51728  0/qdisk  order    1                         -              -        -       no feature control\n"
"* vif 0      2/vif    colour   ?[31mred                  -              -        -       unknown to the backend\n"
"*                     flag     on                        0..1           ?[2J     -       malformed, ignored\n"
"*                     long     123456789012345678901...  -              -        -       unknown to the backend\n"
"                      order    0                         0..4294967295  0        -\n"
"*                     queues   9                         1..8           8        3       clamped\n");
    ck_assert_str_eq(err, "");

    ck_assert_int_eq(XL_RUN("device-features", "4", "vbd"), 0);
    ck_assert_ptr_null(strstr(printed, "vif"));
    ck_assert_ptr_nonnull(strstr(printed, "vbd 51728"));

    ck_assert_int_eq(XL_RUN("backend-features", "-d", "driver"), 0);
    ck_assert_str_eq(printed,
"  backend  feature  type  limit          default\n"
"  vif      flag     bool  0..1           1\n"
"           order    uint  0..4294967295  2\n"
"           queues   uint  1..8           8        Queues??\n"
"  vbd      -        -     -              -        no feature control\n");
}
END_TEST

START_TEST(json)
{
    ck_assert_int_eq(XL_RUN("device-features", "-j", "guest", "vif"), 0);
    ck_assert_str_eq(out,
        "[{\"kind\":\"vif\",\"devid\":0,\"frontend_domid\":4,"
        "\"backend_domid\":2,\"backend_type\":\"vif\","
        "\"feature_control\":true,\"features\":["
        "{\"name\":\"colour\",\"requested\":\"\\u001B[31mred\","
        "\"verdict\":\"unknown\"},"
        "{\"name\":\"flag\",\"requested\":\"on\",\"has_limit\":true,"
        "\"type\":\"bool\",\"maximum\":1,\"defval\":1,"
        "\"granted\":\"?[2J\",\"verdict\":\"malformed\"},"
        "{\"name\":\"long\",\"requested\":\"1234567890123456789012345\","
        "\"verdict\":\"unknown\"},"
        "{\"name\":\"order\",\"requested\":\"0\",\"has_limit\":true,"
        "\"type\":\"uint\",\"maximum\":4294967295,\"defval\":2,"
        "\"granted\":\"0\",\"verdict\":\"granted\"},"
        "{\"name\":\"queues\",\"requested\":\"9\",\"has_limit\":true,"
        "\"type\":\"uint\",\"minimum\":1,\"maximum\":8,\"defval\":8,"
        "\"granted\":\"8\",\"in_use\":\"3\",\"verdict\":\"clamped\"}]}]");

    ck_assert_int_eq(XL_RUN("backend-features", "--json", "--domain=2",
                            "vif"), 0);
    ck_assert_str_eq(out,
        "{\"vif\":["
        "{\"name\":\"flag\",\"type\":\"bool\",\"maximum\":1,\"defval\":1,"
        "\"restricts\":true},"
        "{\"name\":\"order\",\"type\":\"uint\",\"maximum\":4294967295,"
        "\"defval\":2},"
        "{\"name\":\"queues\",\"description\":\"Queues??\","
        "\"type\":\"uint\",\"minimum\":1,\"maximum\":8,\"defval\":8,"
        "\"frontend_node\":\"num-queues\"}]}");

    ck_assert_int_eq(XL_RUN("backend-features", "-j"), 0);
    ck_assert_str_eq(out, "{\"vif\":[],\"vbd\":[]}");
    ck_assert_int_eq(XL_RUN("device-features", "-j", "2"), 0);
    ck_assert_str_eq(out, "[]");
}
END_TEST

/* The fake hypervisor has domains 0 to 9. */
static const struct {
    const char *argv[6];
    int status;
    const char *message;
} answers[] = {
    { { "device-features", "2" }, 0,
      "Domain 2 has no PV network interfaces or disks.\n" },
    { { "device-features", "2", "vif" }, 0,
      "Domain 2 has no PV network interfaces.\n" },
    { { "device-features", "driver", "vbd" }, 0,
      "Domain driver has no PV disks.\n" },
    { { "device-features", "nosuch" }, 1, "nosuch is an invalid domain" },
    { { "device-features", "99" }, 1, "Domain 99:there is no such domain" },
    { { "backend-features", "-d", "99" }, 1,
      "Domain 99:there is no such domain" },
    { { "device-features" }, 2, "requires at least 1 argument" },
    { { "device-features", "guest", "vkb" }, 1,
      "`vkb' is no type of device with features: expected vif or vbd" },
    { { "device-features", "guest", "vif", "vbd" }, 1,
      "unexpected argument `vbd'" },
    { { "backend-features", "guest" }, 1,
      "`guest' is no type of device with features: expected vif or vbd" },
    { { "backend-features", "-x" }, 2, "option `x' not supported" },
};

START_TEST(no_answer)
{
    const char *argv[8] = { "xl" };

    memcpy(&argv[1], answers[_i].argv, sizeof(answers[_i].argv));
    ck_assert_int_eq(xl(argv), answers[_i].status);
    if (answers[_i].status) {
        ck_assert_ptr_nonnull(strstr(err, answers[_i].message));
        ck_assert(!printed[0] || strstr(printed, "Usage: xl"));
    } else {
        ck_assert_str_eq(printed, answers[_i].message);
        ck_assert_str_eq(err, "");
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("xl features");
    TCase *tc = tcase_create("features");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_table);
    tcase_add_test(tc, json);
    tcase_add_loop_test(tc, no_answer, 0, ARRAY_SIZE(answers));
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
