/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xl device-features and xl backend-features: what a person sees, and what a
 * program is told.  Both with values that would play with a terminal.
 */

#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run-xl.h"
#include "test-suite.h"

#define VIF "/local/domain/2/backend/vif/4/0/"
#define FEATURES "/local/domain/2/feature/backend/vif/"

/* What libxl wants to know of a disk. */
#define DISK(path, dev) \
    path "/type phy\n" path "/dev " dev "\n" path "/removable 0\n" \
    path "/mode w\n" path "/device-type disk\n"

/*
 * Domain 2 is a driver domain.  Domain 4 has an interface from there, and two
 * disks from a backend that knows nothing of requests.
 */
static const char store[] =
    "/local/domain/4/name guest\n"
    "/local/domain/2/name driver\n"
    "/libxl/4/device/vif/0/backend /local/domain/2/backend/vif/4/0\n"
    "/libxl/4/device/vif/0/mac 00:16:3e:00:00:01\n"
    "/libxl/4/device/vif/0/config/queues 9\n"
    "/libxl/4/device/vif/0/config/order 0\n"
    "/libxl/4/device/vif/0/config/flag on\n"
    "/libxl/4/device/vif/0/config/fixed 0\n"
    "/libxl/4/device/vif/0/config/plain default\n"
    "/libxl/4/device/vif/0/config/colour \x1b[31mred\xe9\n"
    "/libxl/4/device/vif/0/config/long 1234567890123456789012345\n"
    "/libxl/4/device/vif/0/config_default/order 7\n"
    "/libxl/4/device/vif/0/config_default/plain 1\n"
    "/libxl/4/device/vif/0/config_default/sg 0\n"
    VIF "state 4\n"
    VIF "granted queues=8 order=0 flag=malformed fixed=1 sg=0\n"
    VIF "queues 8\n"
    VIF "order 0\n"
    VIF "flag \x1b[2J\n"
    VIF "fixed 1\n"
    VIF "sg 0\n"
    VIF "plain 0\n"
    VIF "config/sg 1\n"
    VIF "config/queues 7\n"
    FEATURES "queues uint 1 8 8\n"
    FEATURES "queues/desc Queues\x9b\x1b\n"
    FEATURES "queues/inuse num-queues\n"
    FEATURES "order uint 0 4294967295 2\n"
    FEATURES "flag bool 0 1 1\n"
    FEATURES "flag/restricts 1\n"
    FEATURES "fixed bool 1 1 1\n"
    FEATURES "plain bool 0 1 1\n"
    FEATURES "sg bool 0 1 1\n"
    "/local/domain/4/device/vif/0/num-queues 3\n"
    DISK("/libxl/4/device/vbd/51712", "xvda")
    "/libxl/4/device/vbd/51712/backend /local/domain/0/backend/qdisk/4/51712\n"
    "/local/domain/0/backend/qdisk/4/51712/state 4\n"
    DISK("/libxl/4/device/vbd/51728", "xvdb")
    "/libxl/4/device/vbd/51728/backend /local/domain/0/backend/qdisk/4/51728\n"
    "/libxl/4/device/vbd/51728/config/order 1\n"
    "/local/domain/0/backend/qdisk/4/51728/state 4\n";

/* Domain 5 has all that it asked for; 6 is its stubdomain. */
#define HEALTHY \
    "/local/domain/5/name healthy\n" \
    "/local/domain/5/image/device-model-domid 6\n" \
    "/local/domain/6/name healthy-dm\n" \
    "/libxl/5/device/vif/0/backend /local/domain/0/backend/vif/5/0\n" \
    "/libxl/5/device/vif/0/config/queues 2\n" \
    "/local/domain/0/backend/vif/5/0/state 4\n" \
    "/local/domain/0/backend/vif/5/0/queues 2\n" \
    "/local/domain/0/backend/vif/5/0/granted queues=2\n" \
    "/libxl/6/device/vif/0/backend /local/domain/0/backend/vif/6/0\n" \
    "/libxl/6/device/vif/0/config/queues 2\n" \
    "/local/domain/0/backend/vif/6/0/state 4\n" \
    "/local/domain/0/backend/vif/6/0/queues 2\n" \
    "/local/domain/0/backend/vif/6/0/granted queues=2\n"

static void setup(void)
{
    xl_conf("");
    xl_store(store);
}

static void teardown(void)
{
    unlink("xl-refused/gone");
    unlink("xl-refused/guest");
    rmdir("xl-refused");
    unlink("counters");
    xl_forget();
}

static void file(const char *name, const char *content)
{
    FILE *f = fopen(name, "w");

    ck_assert_ptr_nonnull(f);
    fputs(content, f);
    fclose(f);
}

START_TEST(a_table)
{
    ck_assert_int_eq(XL_RUN("device-features", "guest"), 0);
    ck_assert_str_eq(printed,
"  device     backend  feature  requested                 limit          granted  in use\n"
"  vbd 51712  0/qdisk  -        -                         -              -        -       no feature control\n"
"* vbd 51728  0/qdisk  order    1                         -              -        -       no feature control\n"
"* vif 0      2/vif    colour   ?[31mred?                 -              -        -       unknown to the backend\n"
"*                     fixed    0                         1..1           1        -       MORE than requested\n"
"*                     flag     on                        0..1           ?[2J     -       malformed, ignored\n"
"*                     long     123456789012345678901...  -              -        -       unknown to the backend\n"
"                      order    0                         0..4294967295  0        -\n"
"                      plain    default                   0..1           0        -\n"
"                      queues   9                         1..8           8        3       less than requested\n"
"                      sg       0 (host)                  0..1           0        -\n");
    ck_assert_str_eq(err, "");

    ck_assert_int_eq(XL_RUN("device-features", "4", "vbd"), 0);
    ck_assert_ptr_null(strstr(printed, "vif"));
    ck_assert_ptr_nonnull(strstr(printed, "vbd 51728"));

    ck_assert_int_eq(XL_RUN("backend-features", "-d", "driver"), 0);
    ck_assert_str_eq(printed,
"  backend  feature  type  limit          default\n"
"  vif      fixed    bool  1..1           1\n"
"           flag     bool  0..1           1\n"
"           order    uint  0..4294967295  2\n"
"           plain    bool  0..1           1\n"
"           queues   uint  1..8           8        Queues??\n"
"           sg       bool  0..1           1\n"
"  vbd      -        -     -              -        no feature control\n");
}
END_TEST

/* A stubdomain's devices are those of its domain, and listed once. */
START_TEST(all_domains)
{
    xl_store(HEALTHY
        "/local/domain/2/name driver\x1b\n"
        "/libxl/7/device/vbd/51712/backend /local/domain/2/backend/vbd/7/51712\n"
        "/libxl/7/device/vbd/51712/config_default/order 0\n");
    ck_assert_int_eq(XL_RUN("device-features"), 0);
    ck_assert_str_eq(printed,
"  domain   device           backend  feature  requested  limit  granted  in use\n"
"  healthy  vif 0            0/vif    queues   2          -      2        -\n"
"           vif 0 (stubdom)  0/vif    queues   2          -      2        -\n"
"  (7)      vbd 51712        2/vbd    order    0 (host)   -      -        -       not known yet\n");

    ck_assert_int_eq(XL_RUN("device-features", "5"), 0);
    ck_assert_str_eq(printed,
"  device           backend  feature  requested  limit  granted  in use\n"
"  vif 0            0/vif    queues   2          -      2        -\n"
"  vif 0 (stubdom)  0/vif    queues   2          -      2        -\n");

    ck_assert_int_eq(XL_RUN("device-features", "-j"), 0);
    ck_assert_ptr_nonnull(strstr(out,
        "[{\"domain\":\"healthy\",\"domid\":5,\"kind\":\"vif\",\"devid\":0,\"vdev\":null,"
        "\"frontend_domid\":5,"));
    ck_assert_ptr_nonnull(strstr(out,
        "{\"domain\":\"healthy\",\"domid\":5,\"kind\":\"vif\",\"devid\":0,\"vdev\":null,"
        "\"frontend_domid\":6,"));
    ck_assert_ptr_nonnull(strstr(out,
        "{\"domain\":null,\"domid\":7,\"kind\":\"vbd\",\"devid\":51712,\"vdev\":\"xvda\","
        "\"frontend_domid\":7,"));
    ck_assert_ptr_nonnull(strstr(out, "\"verdict\":\"pending\""));
    ck_assert_ptr_null(strstr(out, "\"domid\":6"));

    xl_store("/local/domain/4/name guest\n");
    ck_assert_int_eq(XL_RUN("device-features"), 0);
    ck_assert_str_eq(printed,
                     "No domain has PV network interfaces or disks.\n");
}
END_TEST

/* All members, always. */
START_TEST(json)
{
    ck_assert_int_eq(XL_RUN("device-features", "-j", "guest", "vif"), 0);
    ck_assert_str_eq(out,
        "[{\"domain\":\"guest\",\"domid\":4,\"kind\":\"vif\",\"devid\":0,\"vdev\":null,"
        "\"frontend_domid\":4,\"backend_domid\":2,\"backend_type\":\"vif\","
        "\"ifname\":\"vif4.0\",\"feature_control\":true,"
        "\"unreadable\":false,\"not_granted_packets\":null,\"features\":["
        "{\"name\":\"colour\",\"requested\":\"?[31mred?\","
        "\"origin\":\"device\",\"type\":null,\"minimum\":null,"
        "\"maximum\":null,\"defval\":null,\"restricts\":false,"
        "\"granted\":null,\"promised\":null,\"in_use\":null,"
        "\"verdict\":\"unknown\"},"
        "{\"name\":\"fixed\",\"requested\":\"0\","
        "\"origin\":\"device\",\"type\":\"bool\",\"minimum\":1,"
        "\"maximum\":1,\"defval\":1,\"restricts\":false,"
        "\"granted\":\"1\",\"promised\":\"1\",\"in_use\":null,"
        "\"verdict\":\"more\"},"
        "{\"name\":\"flag\",\"requested\":\"on\","
        "\"origin\":\"device\",\"type\":\"bool\",\"minimum\":0,"
        "\"maximum\":1,\"defval\":1,\"restricts\":true,"
        "\"granted\":\"?[2J\",\"promised\":\"malformed\",\"in_use\":null,"
        "\"verdict\":\"malformed\"},"
        "{\"name\":\"long\",\"requested\":\"1234567890123456789012345\","
        "\"origin\":\"device\",\"type\":null,\"minimum\":null,"
        "\"maximum\":null,\"defval\":null,\"restricts\":false,"
        "\"granted\":null,\"promised\":null,\"in_use\":null,"
        "\"verdict\":\"unknown\"},"
        "{\"name\":\"order\",\"requested\":\"0\","
        "\"origin\":\"device\",\"type\":\"uint\",\"minimum\":0,"
        "\"maximum\":4294967295,\"defval\":2,\"restricts\":false,"
        "\"granted\":\"0\",\"promised\":\"0\",\"in_use\":null,"
        "\"verdict\":\"granted\"},"
        "{\"name\":\"plain\",\"requested\":null,"
        "\"origin\":\"device\",\"type\":\"bool\",\"minimum\":0,"
        "\"maximum\":1,\"defval\":1,\"restricts\":false,"
        "\"granted\":\"0\",\"promised\":null,\"in_use\":null,"
        "\"verdict\":\"not_requested\"},"
        "{\"name\":\"queues\",\"requested\":\"9\","
        "\"origin\":\"device\",\"type\":\"uint\",\"minimum\":1,"
        "\"maximum\":8,\"defval\":8,\"restricts\":false,"
        "\"granted\":\"8\",\"promised\":\"8\",\"in_use\":\"3\","
        "\"verdict\":\"less\"},"
        "{\"name\":\"sg\",\"requested\":\"0\","
        "\"origin\":\"host\",\"type\":\"bool\",\"minimum\":0,"
        "\"maximum\":1,\"defval\":1,\"restricts\":false,"
        "\"granted\":\"0\",\"promised\":\"0\",\"in_use\":null,"
        "\"verdict\":\"granted\"}]}]");

    /* Nothing else tells that this is not a device of domain 2. */
    ck_assert_int_eq(XL_RUN("device-features", "-j", "guest", "vbd"), 0);
    ck_assert_ptr_nonnull(strstr(out,
        "\"devid\":51712,\"vdev\":\"xvda\",\"frontend_domid\":4,\"backend_domid\":0,"
        "\"backend_type\":\"qdisk\",\"ifname\":null,"
        "\"feature_control\":false,\"unreadable\":false,"
        "\"not_granted_packets\":null,\"features\":[]}"));

    ck_assert_int_eq(XL_RUN("backend-features", "--json", "--domain=2",
                            "vif"), 0);
    ck_assert_ptr_nonnull(strstr(out,
        "{\"name\":\"flag\",\"description\":null,\"type\":\"bool\","
        "\"minimum\":0,\"maximum\":1,\"defval\":1,\"frontend_node\":null,"
        "\"restricts\":true},"
        "{\"name\":\"order\",\"description\":null,\"type\":\"uint\","
        "\"minimum\":0,\"maximum\":4294967295,\"defval\":2,"
        "\"frontend_node\":null,\"restricts\":false},"));
    ck_assert_ptr_nonnull(strstr(out,
        "{\"name\":\"queues\",\"description\":\"Queues??\","
        "\"type\":\"uint\",\"minimum\":1,\"maximum\":8,\"defval\":8,"
        "\"frontend_node\":\"num-queues\",\"restricts\":false}"));

    ck_assert_int_eq(XL_RUN("backend-features", "-j"), 0);
    ck_assert_str_eq(out, "{\"vif\":[],\"vbd\":[],\"qdisk\":[]}");
    ck_assert_int_eq(XL_RUN("device-features", "-j", "2"), 0);
    ck_assert_str_eq(out, "[]");
}
END_TEST

/* Of the backend in this domain only, and only if there is something to say. */
START_TEST(not_granted_packets)
{
    file("counters", "vif4.0 6\nvif5.0 12\nvif6.0 0\n");
    xl_store(HEALTHY);
    ck_assert_int_eq(XL_RUN("device-features", "5"), 0);
    ck_assert_str_eq(printed,
"  device           backend  feature  requested  limit  granted  in use\n"
"  vif 0            0/vif    queues   2          -      2        -\n"
"    12 packets dropped that were not granted\n"
"  vif 0 (stubdom)  0/vif    queues   2          -      2        -\n");
    ck_assert_int_eq(XL_RUN("device-features", "--json", "5"), 0);
    ck_assert_ptr_nonnull(strstr(out, "\"ifname\":\"vif5.0\","
        "\"feature_control\":true,\"unreadable\":false,"
        "\"not_granted_packets\":12,"));
    ck_assert_ptr_nonnull(strstr(out, "\"ifname\":\"vif6.0\","
        "\"feature_control\":true,\"unreadable\":false,"
        "\"not_granted_packets\":0,"));
    /* This guest does not do what it may not; it is no fault of a grant. */
    ck_assert_int_eq(XL_RUN("device-features", "--check", "5"), 0);

    xl_store(store);
    ck_assert_int_eq(XL_RUN("device-features", "guest"), 0);
    ck_assert_ptr_null(strstr(printed, "packets"));
}
END_TEST

static const struct {
    const char *config_check;
    int status;
    const char *printed;
} levels[] = {
    { "off", 0, "" },
    { "warn", 1,
"  domain  device     backend  feature  requested                 limit  granted  in use\n"
"* guest   vbd 51728  0/qdisk  order    1                         -      -        -       no feature control\n"
"*         vif 0      2/vif    colour   ?[31mred?                 -      -        -       unknown to the backend\n"
"*                             fixed    0                         1..1   1        -       MORE than requested\n"
"*                             flag     on                        0..1   ?[2J     -       malformed, ignored\n"
"*                             long     123456789012345678901...  -      -        -       unknown to the backend\n" },
    { "strict", 1, NULL },
    { "exact", 1,
"  domain  device     backend  feature  requested                 limit  granted  in use\n"
"* guest   vbd 51728  0/qdisk  order    1                         -      -        -       no feature control\n"
"*         vif 0      2/vif    colour   ?[31mred?                 -      -        -       unknown to the backend\n"
"*                             fixed    0                         1..1   1        -       MORE than requested\n"
"*                             flag     on                        0..1   ?[2J     -       malformed, ignored\n"
"*                             long     123456789012345678901...  -      -        -       unknown to the backend\n"
"*                             queues   9                         1..8   8        3       less than requested\n" },
};

START_TEST(check_levels)
{
    char conf[64];

    snprintf(conf, sizeof(conf), "config_check=\"%s\"\n",
             levels[_i].config_check);
    xl_conf(conf);
    ck_assert_int_eq(XL_RUN("device-features", "--check"), levels[_i].status);
    /* As the one before. */
    ck_assert_str_eq(printed, levels[_i].printed ?: levels[_i - 1].printed);
    ck_assert_str_eq(err, "");
}
END_TEST

START_TEST(check)
{
    /* Nothing to say: nothing is said. */
    xl_store(HEALTHY);
    ck_assert_int_eq(XL_RUN("device-features", "--check"), 0);
    ck_assert_str_eq(printed, "");
    ck_assert_int_eq(XL_RUN("device-features", "--check", "healthy"), 0);
    ck_assert_str_eq(printed, "");

    /* A backend that does not look at the device. */
    xl_store(HEALTHY
             "/libxl/5/device/vif/1/backend /local/domain/0/backend/vif/5/1\n"
             "/libxl/5/device/vif/1/config/queues 2\n"
             "/local/domain/0/backend/vif/5/1/state 1\n");
    ck_assert_int_eq(XL_RUN("device-features", "--check", "5"), 1);
    ck_assert_str_eq(printed,
"  device  backend  feature  requested  limit  granted  in use\n"
"* vif 1   0/vif    queues   2          -      -        -       not known yet\n");

    ck_assert_int_eq(XL_RUN("device-features", "--check", "99"), 2);
    ck_assert_ptr_nonnull(strstr(err, "there is no such domain"));
    ck_assert_int_eq(XL_RUN("device-features", "--check", "nosuch"), 2);
    ck_assert_ptr_nonnull(strstr(err, "nosuch is an invalid domain"));
}
END_TEST

/* A domain that was not made with the defaults of this host. */
START_TEST(check_missing)
{
    xl_store(HEALTHY);
    xl_conf("vif.default.config=\"queues=1,sg=0\"\n");
    ck_assert_int_eq(XL_RUN("device-features", "--check"), 1);
    ck_assert_str_eq(printed, "");
    ck_assert_ptr_nonnull(strstr(err, "healthy keeps the defaults that it was"
                                 " made with; of this host's, it does not have"
                                 " sg=0 of vif 0\n"));
    ck_assert_ptr_null(strstr(err, "queues"));

    xl_conf("vif.default.config=\"queues=1,sg=0\"\nconfig_check=\"off\"\n");
    ck_assert_int_eq(XL_RUN("device-features", "--check"), 0);
    ck_assert_str_eq(err, "");

    xl_store(HEALTHY "/libxl/5/device/vif/0/config_default/sg 1\n"
             "/libxl/6/device/vif/0/config_default/sg 1\n"
             "/local/domain/0/backend/vif/5/0/sg 1\n"
             "/local/domain/0/backend/vif/5/0/granted queues=2 sg=1\n"
             "/local/domain/0/backend/vif/6/0/sg 1\n"
             "/local/domain/0/backend/vif/6/0/granted queues=2 sg=1\n"
             "/libxl/0/device/vif/0/backend /local/domain/0/backend/vif/0/0\n"
             "/local/domain/0/backend/vif/0/0/state 4\n");
    xl_conf("vif.default.config=\"queues=1,sg=0\"\n");
    ck_assert_int_eq(XL_RUN("device-features", "--check"), 0);
    ck_assert_str_eq(err, "");

    /* What the host wants is not known. */
    xl_conf("vif.default.config=\"queues\"\n");
    ck_assert_int_eq(XL_RUN("device-features", "--check"), 2);
    ck_assert_int_eq(XL_RUN("device-features"), 0);
}
END_TEST

/* It is not there any more: only this tells of it. */
START_TEST(check_refused)
{
    xl_store(HEALTHY);
    ck_assert_int_eq(mkdir("xl-refused", 0700), 0);
    ck_assert_int_eq(XL_RUN("device-features", "--check"), 0);

    file("xl-refused/gone", "vif 0: config-x=\x1b" "1: no control\nmore\n");
    ck_assert_int_eq(XL_RUN("device-features", "--check"), 1);
    ck_assert_str_eq(printed, "Domain gone was refused at its last reboot:"
                     " vif 0: config-x=?1: no control\n");
    ck_assert_int_eq(XL_RUN("device-features", "--check", "gone"), 1);
    ck_assert_str_eq(printed, "Domain gone was refused at its last reboot:"
                     " vif 0: config-x=?1: no control\n");
    ck_assert_int_eq(XL_RUN("device-features", "--check", "healthy"), 0);
    ck_assert_str_eq(printed, "");

    /* One that runs again is judged by what it has. */
    xl_store(HEALTHY "/local/domain/4/name gone\n");
    ck_assert_int_eq(XL_RUN("device-features", "--check"), 0);
    ck_assert_str_eq(printed, "");
}
END_TEST

/* Does not hide the others. */
START_TEST(unreadable)
{
    xl_store(HEALTHY
             "/local/domain/4/name guest\n"
             "/libxl/4/device/vif/0/backend rubbish\n"
             "/libxl/4/device/vif/0/config/queues 1\n"
             "/libxl/4/device/vif/1/backend /local/domain/0/backend/vif/4/1\n"
             "/local/domain/0/backend/vif/4/1/state 4\n");

    ck_assert_int_eq(XL_RUN("device-features"), 1);
    ck_assert_ptr_nonnull(strstr(printed, "\n* guest    vif 0 "));
    ck_assert_ptr_nonnull(strstr(printed, "cannot be read\n"));
    ck_assert_ptr_nonnull(strstr(printed, "\n           vif 1 "));
    ck_assert_ptr_nonnull(strstr(printed, "\n  healthy  vif 0 "));
    ck_assert_ptr_nonnull(strstr(err, "cannot read all of vif 0 of domain 4"));

    ck_assert_int_eq(XL_RUN("device-features", "-j", "4"), 1);
    ck_assert_ptr_nonnull(strstr(out, "\"unreadable\":true"));
    ck_assert_ptr_nonnull(strstr(out, "\"devid\":1"));

    ck_assert_int_eq(XL_RUN("device-features", "--check"), 1);
    ck_assert_ptr_nonnull(strstr(printed, "\n* guest   vif 0 "));
    ck_assert_ptr_nonnull(strstr(printed, "cannot be read\n"));
    ck_assert_ptr_null(strstr(printed, "vif 1"));
    ck_assert_ptr_null(strstr(printed, "healthy"));

    ck_assert_int_eq(XL_RUN("device-features", "--as-config", "4"), 1);
    ck_assert_ptr_nonnull(strstr(printed, "# cannot be read\n"));
    ck_assert_ptr_null(strstr(printed, "config-"));
}
END_TEST

START_TEST(as_config)
{
    ck_assert_int_eq(XL_RUN("device-features", "--as-config", "guest"), 0);
    ck_assert_str_eq(printed,
        "# vbd 51712 (xvda)\n"
        "# no feature control\n"
        "# vbd 51728 (xvdb)\n"
        "# without config-order=1: no feature control\n"
        "# vif 0 (mac 00:16:3e:00:00:01)\n"
        "# without config-colour=?[31mred?: unknown to the backend\n"
        "# without config-long=123456789012345678901...: unknown to the backend\n"
        "config-fixed=1,config-flag=1,config-order=0,config-plain=0,"
        "config-queues=8,config-sg=0\n");
    ck_assert_str_eq(err, "");

    /* Its stubdomain has the same configuration. */
    xl_store(HEALTHY "/libxl/5/device/vif/0/mac 00:16:3e:00:00:01\n");
    ck_assert_int_eq(XL_RUN("device-features", "--as-config", "5"), 0);
    ck_assert_str_eq(printed, "# vif 0 (mac 00:16:3e:00:00:01)\n"
                     "config-queues=2\n");

    ck_assert_int_eq(XL_RUN("device-features", "--as-config", "2"), 0);
    ck_assert_str_eq(printed,
                     "# Domain 2 has no PV network interfaces or disks.\n");
    ck_assert_int_eq(XL_RUN("device-features", "--as-config"), 2);
    ck_assert_ptr_nonnull(strstr(err, "requires a domain"));
    ck_assert_int_eq(XL_RUN("device-features", "--as-config", "-j", "4"), 2);
    ck_assert_ptr_nonnull(strstr(err, "exclude each other"));
    ck_assert_int_eq(XL_RUN("device-features", "--check", "-j"), 2);
}
END_TEST

/*
 * What this disk cannot do another one can: with a flush-cache=0 from a disk
 * without a cache, a guest loses data on a disk with one.
 */
START_TEST(as_config_of_a_disk)
{
    xl_store(
        "/local/domain/4/name guest\n"
        "/libxl/4/device/vbd/51712/backend /local/domain/0/backend/vbd/4/51712\n"
        "/libxl/4/device/vbd/51712/config/feature-barrier 1\n"
        "/libxl/4/device/vbd/51712/config/order 9\n"
        "/libxl/4/device/vbd/51712/config/of-tomorrow default\n"
        DISK("/libxl/4/device/vbd/51712", "xvda")
        DISK("/libxl/4/device/vbd/51728", "xvdb")
        "/local/domain/0/backend/vbd/4/51712/state 4\n"
        "/local/domain/0/backend/vbd/4/51712/granted feature-barrier=1 order=4\n"
        "/local/domain/0/backend/vbd/4/51712/feature-barrier 0\n"
        "/local/domain/0/backend/vbd/4/51712/feature-flush-cache 0\n"
        "/local/domain/0/backend/vbd/4/51712/order 4\n"
        "/local/domain/0/backend/vbd/4/51712/queues 8\n"
        "/local/domain/0/feature/backend/vbd/feature-barrier bool 0 1 1\n"
        "/local/domain/0/feature/backend/vbd/feature-discard bool 0 1 1\n"
        "/local/domain/0/feature/backend/vbd/feature-flush-cache bool 0 1 1\n"
        "/local/domain/0/feature/backend/vbd/order uint 0 4 4\n"
        "/local/domain/0/feature/backend/vbd/queues uint 1 2 4\n"
        /* Not set up yet. */
        "/libxl/4/device/vbd/51728/backend /local/domain/0/backend/vbd/4/51728\n"
        "/libxl/4/device/vbd/51728/config/order 9\n"
        "/local/domain/0/backend/vbd/4/51728/state 1\n");
    ck_assert_int_eq(XL_RUN("device-features", "--as-config", "4"), 0);
    ck_assert_str_eq(printed,
        "# vbd 51712 (xvda)\n"
        "config-feature-barrier=1,config-feature-discard=1,"
        "config-feature-flush-cache=1,config-order=4,config-queues=2\n"
        "# vbd 51728 (xvdb)\n"
        "config-feature-barrier=1,config-feature-discard=1,"
        "config-feature-flush-cache=1,config-order=4,config-queues=2\n");
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
    { { "device-features", "guest", "vkb" }, 1,
      "`vkb' is no type of device with features: expected vif or vbd" },
    { { "device-features", "guest", "vif", "vbd" }, 1,
      "unexpected argument `vbd'" },
    { { "backend-features", "guest" }, 1, "`guest' is no type of backend with"
      " features: expected vif, vbd or qdisk" },
    { { "device-features", "guest", "qdisk" }, 1,
      "`qdisk' is no type of device with features: expected vif or vbd" },
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
    tcase_add_test(tc, all_domains);
    tcase_add_test(tc, json);
    tcase_add_test(tc, not_granted_packets);
    tcase_add_loop_test(tc, check_levels, 0, ARRAY_SIZE(levels));
    tcase_add_test(tc, check);
    tcase_add_test(tc, check_missing);
    tcase_add_test(tc, check_refused);
    tcase_add_test(tc, unreadable);
    tcase_add_test(tc, as_config);
    tcase_add_test(tc, as_config_of_a_disk);
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
