/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the host requests by default, and what becomes of a mistake in
 * xl.conf.
 */

#define _GNU_SOURCE

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run-xl.h"
#include "test-suite.h"

#define PHY "/dev/x,raw,xvda,w,backendtype=phy"

static int count(const char *text, const char *what)
{
    int n = 0;

    while ((text = strstr(text, what))) {
        text++;
        n++;
    }
    return n;
}

static void domain(const char *type, const char *devices)
{
    char *text;

    ck_assert_int_ge(asprintf(&text, "name = 'test'\ntype = '%s'\n"
                              "kernel = '/dev/null'\nmemory = 64\n%s\n",
                              type, devices), 0);
    xl_domain(text);
    free(text);
}

/* A dry run of xl create.  devices: lines of a domain's configuration. */
static int create(const char *devices)
{
    domain("pv", devices);
    return XL_RUN("-N", "create", CFG_FILE);
}

static void has(const char *json)
{
    ck_assert_msg(strstr(out, json) != NULL, "no %s in %s", json, out);
}

/* A device's own and the host's requests are two lists. */
static const struct {
    const char *conf, *devices, *json[4];
} defaults[] = {
    { "vif.default.config='a=1,b=2'", "vif = [ '' ]",
      { "\"config_default\":{\"a\":\"1\",\"b\":\"2\"}" } },
    { "vif.default.config=' a = 1 ,\tb=2, '", "vif = [ '' ]",
      { "\"config_default\":{\"a\":\"1\",\"b\":\"2\"}" } },
    /* What the device's own list makes of the host's is libxl's matter. */
    { "vif.default.config='a=1,b=2'",
      "vif = [ 'config-b=3,config-c=4', 'bridge=x' ]",
      { "\"config\":{\"b\":\"3\",\"c\":\"4\"}",
        "\"config_default\":{\"a\":\"1\",\"b\":\"2\"}",
        "\"bridge\":\"x\"", NULL } },
    { "vif.default.config='a=1,b=2'", "vif = [ 'config-a=default' ]",
      { "\"config\":{\"a\":\"default\"}",
        "\"config_default\":{\"a\":\"1\",\"b\":\"2\"}" } },
    { "", "vif = [ 'config-a=default' ]",
      { "\"config\":{\"a\":\"default\"}" } },
    { "vif.default.config='a=default,b=1'", "vif = [ '' ]",
      { "\"config_default\":{\"a\":\"default\",\"b\":\"1\"}" } },
    /* The last one counts. */
    { "vif.default.config='a=1,b=1,a=2'", "vif = [ '' ]",
      { "\"config_default\":{\"a\":\"2\",\"b\":\"1\"}" } },
    /* Each kind has its own. */
    { "vif.default.config='a=1'\ndisk.default.config='b=2'\n"
      "qdisk.default.config='c=3'", "vif = [ '' ]\n"
      "disk = [ '/dev/x,raw,xvda,w', '/x,qcow2,xvdb,w' ]",
      { "\"config_default\":{\"a\":\"1\"}", "\"config_default\":{\"b\":\"2\"}",
        "\"config_default\":{\"c\":\"3\"}" } },
    { "disk.default.config='b=2'", "disk = [ '" PHY ",config-b=3' ]",
      { "\"config\":{\"b\":\"3\"}", "\"config_default\":{\"b\":\"2\"}" } },
    { "disk.default.config='b=2'", "disk = [ 'script=block-iscsi,"
      "vdev=xvda,target=iqn' ]", { "\"config_default\":{\"b\":\"2\"}" } },
    /* A domain's own file replaces the host's. */
    { "vif.default.config='a=1'\ndisk.default.config='b=2'",
      "vif.default.config = 'c=3'\nvif = [ '' ]\ndisk = [ '" PHY "' ]",
      { "\"config_default\":{\"c\":\"3\"}",
        "\"config_default\":{\"b\":\"2\"}" } },
};

START_TEST(default_requests)
{
    int i, lists = 0;

    xl_conf(defaults[_i].conf);
    ck_assert_msg(create(defaults[_i].devices) == 0, "%s", err);
    for (i = 0; i < ARRAY_SIZE(defaults[_i].json) && defaults[_i].json[i];
         i++) {
        has(defaults[_i].json[i]);
        lists += !!strstr(defaults[_i].json[i], "\"config");
    }
    /* Two vifs have the same. */
    lists += count(out, "\"bridge\":\"x\"");
    ck_assert_int_eq(count(out, "\"config"), lists);
    ck_assert_int_eq(count(err, "xl: "), 0);
}
END_TEST

static const struct { const char *conf, *devices; } nothing[] = {
    { "vif.default.config=''", "vif = [ '' ]" },
    { "disk.default.config='a=1'\nqdisk.default.config='a=1'", "vif = [ '' ]" },
    { "vif.default.config='a=1'", "disk = [ '" PHY "' ]" },
    { "vif.default.config='a=1'", "vif.default.config = ''\nvif = [ '' ]" },
};

START_TEST(no_default)
{
    xl_conf(nothing[_i].conf);
    ck_assert_msg(create(nothing[_i].devices) == 0, "%s", err);
    ck_assert_ptr_null(strstr(out, "\"config"));
    ck_assert_int_eq(requests, 0);
}
END_TEST

/* Which backend will serve a disk, and so which key of xl.conf counts. */
static const struct {
    const char *disk;
    struct { const char *type, *key; } of[3];
} served[] = {
    { "/dev/x,raw,xvda,w",
      { { "pv", "disk" }, { "pvh", "disk" }, { "hvm", "disk" } } },
    { "/dev/x,raw,hda,w",
      { { "hvm", "disk" } } },
    { "/x.iso,raw,xvdc,cdrom",
      { { "pv", "disk" }, { "pvh", "disk" }, { "hvm", "qdisk" } } },
    { "/x.iso,raw,xvdc,cdrom,backendtype=phy",
      { { "pv", "disk" }, { "pvh", "disk" }, { "hvm", "disk" } } },
    { "/x.iso,raw,xvdc,cdrom,backendtype=qdisk",
      { { "pv", "qdisk" }, { "pvh", "qdisk" }, { "hvm", "qdisk" } } },
    { ",,xvdc,cdrom",
      { { "pv", "qdisk" }, { "pvh", "qdisk" }, { "hvm", "qdisk" } } },
    { ",,xvdc,cdrom,backendtype=phy",
      { { "pv", "disk" }, { "pvh", "disk" }, { "hvm", "disk" } } },
    { "/x.img,qcow2,xvda,w",
      { { "pv", "qdisk" }, { "pvh", "qdisk" }, { "hvm", "qdisk" } } },
    { "/x.img,raw,xvda,w,backendtype=qdisk",
      { { "pv", "qdisk" }, { "pvh", "qdisk" }, { "hvm", "qdisk" } } },
    { "/x.img,raw,xvda,w,backend=3",
      { { "pv", "disk" }, { "pvh", "disk" }, { "hvm", "disk" } } },
    { "/dev/x,raw,xvda,w,specification=virtio",
      { { "pv", "" }, { "pvh", "" }, { "hvm", "" } } },
};

START_TEST(served_by)
{
    char *devices;
    int i;

    xl_conf("disk.default.config='x=1,of=disk'\n"
            "qdisk.default.config='x=1,of=qdisk'\nconfig_check='off'\n");
    ck_assert_int_ge(asprintf(&devices, "disk = [ '%s' ]", served[_i].disk), 0);
    for (i = 0; i < 3 && served[_i].of[i].type; i++) {
        const char *key = served[_i].of[i].key;
        char *json;

        domain(served[_i].of[i].type, devices);
        ck_assert_msg(XL_RUN("-N", "create", CFG_FILE) == 0, "%s", err);
        ck_assert_int_ge(asprintf(&json, "\"config_default\":{\"x\":\"1\","
                                  "\"of\":\"%s\"}", key), 0);
        if (*key)
            has(json);
        else
            ck_assert_ptr_null(strstr(out, "config_default"));
        free(json);
    }
    free(devices);
}
END_TEST

/* The note about disks of QEMU's comes once, and can be answered. */
START_TEST(served_by_qemu)
{
    static const char disks[] = "disk = [ '/x,qcow2,xvda,w',"
        " '/y,qcow2,xvdb,w', ',,xvdc,cdrom' ]";

    xl_conf("disk.default.config='a=1'");
    ck_assert_int_eq(create(disks), 0);
    ck_assert_int_eq(count(err, "xl: "), 1);
    ck_assert_msg(strstr(err, "xl: note: disk xvda is served by QEMU, which"
                         " disk.default.config is not for; set"
                         " qdisk.default.config for such disks, to \"\" if"
                         " nothing is to be requested of them\n"), "%s", err);
    ck_assert_int_eq(create("disk = [ ',,xvdc,cdrom' ]"), 0);
    ck_assert_int_eq(count(err, "xl: "), 0);
    xl_conf("disk.default.config='a=1'\nqdisk.default.config=''");
    ck_assert_int_eq(create(disks), 0);
    ck_assert_int_eq(count(err, "xl: "), 0);
    ck_assert_ptr_null(strstr(out, "config_default"));
}
END_TEST

START_TEST(attached)
{
    xl_conf("vif.default.config='a=1,b=2'\ndisk.default.config='c=3'\n"
            "qdisk.default.config='d=4'\n");
    ck_assert_int_eq(XL_RUN("-N", "network-attach", "4", "config-b=default"),
                     0);
    has("\"config\":{\"b\":\"default\"}");
    has("\"config_default\":{\"a\":\"1\",\"b\":\"2\"}");
    ck_assert_int_eq(XL_RUN("-N", "block-attach", "4", PHY), 0);
    has("\"config_default\":{\"c\":\"3\"}");
    ck_assert_int_eq(XL_RUN("-N", "block-attach", "4", "/x,raw,xvdc,cdrom"), 0);
    has("\"config_default\":{\"c\":\"3\"}");
    ck_assert_int_eq(XL_RUN("-N", "block-attach", "5", "/x,raw,xvdc,cdrom"), 0);
    has("\"config_default\":{\"d\":\"4\"}");

    /* They are about guests; what is said of a device counts. */
    ck_assert_int_eq(XL_RUN("-N", "network-attach", "0", "config-b=1"), 0);
    has("\"config\":{\"b\":\"1\"}");
    ck_assert_ptr_null(strstr(out, "config_default"));
    ck_assert_int_eq(XL_RUN("-N", "block-attach", "0", PHY), 0);
    ck_assert_ptr_null(strstr(out, "config_default"));
}
END_TEST

/* Of both lists together, by number and name; nothing is created. */
START_TEST(too_many)
{
    char conf[512] = "vif.default.config='", *p = conf + strlen(conf);
    const char *argv[32] = { "xl", "network-attach", "4" };
    char own[20][16];
    int i;

    for (i = 0; i < 14; i++)
        p += sprintf(p, "host%d=1,", i);
    strcpy(p, "own0=1'\n");
    xl_conf(conf);
    for (i = 0; i < 19; i++) {
        snprintf(own[i], sizeof(own[i]), "config-own%d=1", i);
        argv[3 + i] = own[i];
    }
    ck_assert_int_eq(xl(argv), 1);
    ck_assert_msg(strstr(err, "33 features are requested of it, 19 of its own"
                         " (config) and 14 of the host (config_default), and"
                         " 32 is the most") != NULL, "%s", err);
    ck_assert_ptr_null(strstr(dump, "/device/vif"));
}
END_TEST

/*
 * Mistakes.  Each is said once by every command; those that make nothing go
 * on; nothing is made.
 */
static const struct { const char *conf, *message; } wrong[] = {
    { "vif.default.config='a'", "vif.default.config: " },
    { "disk.default.config='a=1,,b=2'", "disk.default.config: " },
    { "vif.default.config='config-a=1'", "config-" },
    { "vif.default.config='a=1;b=0'", "vif.default.config: " },
    { "qdisk.default.config='a=1 b=0'", "qdisk.default.config: " },
    { "vif.default.config='b='", "vif.default.config: " },
    { "vif.default.config=['a=1']", "vif.default.config" },
    { "config_check='sometimes'", CONF_FILE ": config_check is \"off\","
      " \"warn\", \"strict\" or \"exact\", not \"sometimes\"\n" },
    { "config_check='Strict'", "not \"Strict\"\n" },
    { "config_check=1", "not \"1\"\n" },
    { "config_check=['off']", "config_check" },
};

static void says(int i, bool refused)
{
    static const char line[] = "xl: error: nothing is created or changed,"
        " because of the mistake named above\n";

    ck_assert_msg(strstr(err, wrong[i].message) != NULL, "%s", err);
    ck_assert_msg(count(err, "default.config") + count(err, "config_check") ==
                  1, "%s", err);
    ck_assert_msg(count(err, line) == refused, "%s", err);
}

START_TEST(mistake)
{
    char *before;

    xl_conf(wrong[_i].conf);
    ck_assert_int_eq(XL_RUN("list"), 0);
    says(_i, false);
    before = strdup(dump);
    ck_assert_int_eq(XL_RUN("backend-features", "vif"), 0);
    says(_i, false);
    ck_assert_int_eq(XL_RUN("device-features", "4"), 0);
    says(_i, false);

    ck_assert_int_ne(create("vif = [ '' ]"), 0);
    says(_i, true);
    ck_assert_int_ne(XL_RUN("create", CFG_FILE), 0);
    says(_i, true);
    ck_assert_int_eq(XL_RUN("network-attach", "4"), 1);
    says(_i, true);
    ck_assert_int_eq(XL_RUN("block-attach", "4", PHY), 1);
    says(_i, true);
    ck_assert_int_eq(XL_RUN("-N", "config-update", "4", CFG_FILE), 1);
    says(_i, true);
    ck_assert_int_eq(XL_RUN("config-update", "4", CFG_FILE), 1);
    says(_i, true);
    ck_assert_ptr_null(strstr(err, "setting dom4"));
    ck_assert_pstr_eq(dump, before);
    free(before);
}
END_TEST

START_TEST(mistake_of_a_domain)
{
    ck_assert_int_ne(create("config_check = 'sometimes'"), 0);
    ck_assert_ptr_nonnull(strstr(err, CFG_FILE ": config_check is"));
    ck_assert_int_ne(create("vif.default.config = 'a'"), 0);
    ck_assert_ptr_nonnull(strstr(err, CFG_FILE));
}
END_TEST

/* In earnest: what is stored for the domain's monitor. */
START_TEST(stored)
{
    static const char end[] = "\nvif.default.config=\"a=1\"\n"
        "disk.default.config=\"\"\nqdisk.default.config=\"\"\n"
        "config_check=\"warn\"\n";
    char text[1024] = "";
    FILE *f;

    ck_assert_int_eq(system("rm -rf ../lib && mkdir ../lib"), 0);
    xl_store("/local/domain/0/feature/backend/vif/sg bool 0 1 1\n");
    xl_conf("vif.default.config='a=1'");
    domain("pv", "vif = [ 'config-x=5' ]");
    ck_assert_int_eq(XL_RUN("config-update", "4", CFG_FILE), 0);
    /* Nothing is looked at later. */
    ck_assert_msg(count(err, "\nxl: warning: vif 0: config-x=`5': ") == 1 &&
                  count(err, "\nxl: warning: vif 0: config-a=`1'"
                        " (vif.default.config): ") == 1, "%s", err);

    f = popen("cat ../lib/userdata-d.4.*.xl", "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_gt(fread(text, 1, sizeof(text) - 1, f), sizeof(end));
    pclose(f);
    ck_assert_ptr_nonnull(strstr(text, "vif = [ 'config-x=5' ]\n"));
    ck_assert_msg(!strcmp(text + strlen(text) - strlen(end), end), "%s", text);
    ck_assert_int_eq(system("rm -rf ../lib"), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("xl defaults");
    TCase *tc = tcase_create("defaults");

    tcase_add_checked_fixture(tc, xl_forget, xl_forget);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, default_requests, 0, ARRAY_SIZE(defaults));
    tcase_add_loop_test(tc, no_default, 0, ARRAY_SIZE(nothing));
    tcase_add_loop_test(tc, served_by, 0, ARRAY_SIZE(served));
    tcase_add_test(tc, served_by_qemu);
    tcase_add_test(tc, attached);
    tcase_add_test(tc, too_many);
    tcase_add_loop_test(tc, mistake, 0, ARRAY_SIZE(wrong));
    tcase_add_test(tc, mistake_of_a_domain);
    tcase_add_test(tc, stored);
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
