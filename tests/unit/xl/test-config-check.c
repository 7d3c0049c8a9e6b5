/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's defaults for requests, and config_check: requests held against
 * what the backends advertise.
 */

#define _GNU_SOURCE

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run-xl.h"
#include "test-suite.h"

#define FEATURE(type, name, kind, min, max, def) \
    "/local/domain/0/feature/backend/" type "/" name " " \
    kind " " #min " " #max " " #def "\n" \
    "/local/domain/0/feature/backend/" type "/" name "/desc Something\n"

#define VIF FEATURE("vif", "queues", "uint", 1, 4, 4) \
    FEATURE("vif", "sg", "bool", 0, 1, 1) \
    FEATURE("vif", "fixed", "bool", 1, 1, 1)
#define VBD FEATURE("vbd", "order", "uint", 0, 3, 2)

#define PHY "/dev/x,raw,xvda,w,backendtype=phy"

#define HUGE_NUMBER "123456789012345678901234567890"
#define TEN "xxxxxxxxxx"
#define SIXTY TEN TEN TEN TEN TEN TEN

/* A dry run of xl create.  devices: lines of a domain's configuration. */
static int create(const char *devices)
{
    char *text;

    ck_assert_int_ge(asprintf(&text, "name = 'test'\ntype = 'pv'\n"
                              "kernel = '/dev/null'\nmemory = 64\n%s\n",
                              devices), 0);
    xl_domain(text);
    free(text);
    return XL_RUN("-N", "create", CFG_FILE);
}

static int count(const char *text, const char *what)
{
    int n = 0;

    while ((text = strstr(text, what))) {
        text++;
        n++;
    }
    return n;
}

/* The host's defaults */

static const struct {
    const char *conf, *devices, *json[3];
} defaults[] = {
    { "vif.default.config='a=1,b=2'", "vif = [ '' ]",
      { "\"config\":{\"a\":\"1\",\"b\":\"2\"}" } },
    { "vif.default.config=' a=1 ,\tb=2, '", "vif = [ '' ]",
      { "\"config\":{\"a\":\"1\",\"b\":\"2\"}" } },
    /* A device's own wins, feature by feature. */
    { "vif.default.config='a=1,b=2'",
      "vif = [ 'config-b=3,config-c=4', 'bridge=x' ]",
      { "\"config\":{\"b\":\"3\",\"c\":\"4\",\"a\":\"1\"}",
        "\"config\":{\"a\":\"1\",\"b\":\"2\"}" } },
    { "vif.default.config='a=1,b=2'", "vif = [ 'config-a=default' ]",
      { "\"config\":{\"b\":\"2\"}" } },
    { "vif.default.config='a=1'", "vif = [ 'config-a=default,config-a=2' ]",
      { "\"config\":{\"a\":\"2\"}" } },
    { "vif.default.config='a=default,b=1'", "vif = [ '' ]",
      { "\"config\":{\"b\":\"1\"}" } },
    /* Each kind has its own. */
    { "vif.default.config='a=1'\ndisk.default.config='b=2'",
      "vif = [ '' ]\ndisk = [ '/dev/x,raw,xvda,w' ]",
      { "\"config\":{\"a\":\"1\"}", "\"config\":{\"b\":\"2\"}" } },
    { "disk.default.config='b=2'", "disk = [ '" PHY ",config-b=3' ]",
      { "\"config\":{\"b\":\"3\"}" } },
    { "disk.default.config='b=2'", "disk = [ 'script=block-iscsi,"
      "vdev=xvda,target=iqn' ]", { "\"config\":{\"b\":\"2\"}" } },
};

START_TEST(default_requests)
{
    int i;

    xl_conf(defaults[_i].conf);
    ck_assert_msg(create(defaults[_i].devices) == 0, "%s", err);
    for (i = 0; i < ARRAY_SIZE(defaults[_i].json) && defaults[_i].json[i]; i++)
        ck_assert_msg(strstr(out, defaults[_i].json[i]) != NULL,
                      "no %s in %s", defaults[_i].json[i], out);
    ck_assert_int_eq(count(out, "\"config\""), i);
}
END_TEST

/* No request, and no list. */
static const struct { const char *conf, *devices; } nothing[] = {
    { "", "vif = [ 'config-a=default' ]" },
    { "vif.default.config='a=1'", "vif = [ 'config-a=default' ]" },
    { "vif.default.config=''", "vif = [ '' ]" },
    { "", "disk = [ '" PHY ",config-a=default' ]" },
    { "disk.default.config='a=1'", "vif = [ '' ]" },
    /* A default is for those disks that may be granted it. */
    { "disk.default.config='a=1'", "disk = [ '/x.iso,raw,xvdc,cdrom' ]" },
    { "disk.default.config='a=1'", "disk = [ ',,xvdc,cdrom' ]" },
    { "disk.default.config='a=1'", "disk = [ '/x.img,qcow2,xvda,w' ]" },
    { "disk.default.config='a=1'",
      "disk = [ '/dev/x,raw,xvda,w,backendtype=qdisk' ]" },
};

START_TEST(no_request)
{
    xl_conf(nothing[_i].conf);
    ck_assert_msg(create(nothing[_i].devices) == 0, "%s", err);
    ck_assert_ptr_null(strstr(out, "\"config\""));
    ck_assert_int_eq(requests, 0);
}
END_TEST

START_TEST(defaults_when_attached)
{
    xl_conf("vif.default.config='a=1,b=2'\ndisk.default.config='c=3'\n");
    ck_assert_int_eq(XL_RUN("-N", "network-attach", "4", "config-b=default"),
                     0);
    ck_assert_ptr_nonnull(strstr(out, "\"config\":{\"a\":\"1\"}"));
    ck_assert_int_eq(XL_RUN("-N", "block-attach", "4", PHY), 0);
    ck_assert_ptr_nonnull(strstr(out, "\"config\":{\"c\":\"3\"}"));
}
END_TEST

/* Wrong settings, in xl.conf and in a domain's file: nothing runs then. */
static const struct { const char *conf, *message; } wrong[] = {
    { "vif.default.config='a'", CONF_FILE ":1: config parsing error in"
      " vif.default.config: no value, expected <feature>=<value> in `a'\n" },
    { "disk.default.config='a=1,,b=2'", "config parsing error in"
      " disk.default.config: the name of a feature is 1 to 64 characters" },
    { "vif.default.config='a b=1'", "in `a b=1'\n" },
    { "vif.default.config='a=1,b='", "in `b='\n" },
    { "vif.default.config=['a=1']", "vif.default.config" },
    { "config_check='sometimes'", CONF_FILE ": config_check is \"off\","
      " \"warn\" or \"strict\", not \"sometimes\"\n" },
    { "config_check=1", "not \"1\"\n" },
    { "config_check=['off']", "config_check" },
};

START_TEST(wrong_settings)
{
    xl_conf(wrong[_i].conf);
    ck_assert_int_eq(create("vif = [ '' ]"), 1);
    ck_assert_msg(strstr(err, wrong[_i].message) != NULL, "%s", err);
    ck_assert_ptr_null(strchr(out, '{'));
}
END_TEST

START_TEST(wrong_setting_of_a_domain)
{
    ck_assert_int_eq(create("config_check = 'sometimes'"), 1);
    ck_assert_ptr_nonnull(strstr(err, CFG_FILE ": config_check is"));
    ck_assert_ptr_null(strchr(out, '{'));
}
END_TEST

/* config_check */

static const struct {
    const char *devices, *line; /* NULL: no fault is found */
} lines[] = {
    { "vif = [ 'config-queues=2,config-sg=0,config-fixed=1' ]", NULL },
    { "vif = [ 'config-queues=0000000000000000000000000000004' ]", NULL },
    { "vif = [ '', 'config-queues=5' ]",
      "vif 1: config-queues=5: the backend can give 1 to 4, so it will be 4;"
      " ask for a value in this range\n" },
    { "vif = [ 'config-queues=0' ]", "vif 0: config-queues=0: the backend"
      " can give 1 to 4, so it will be 1;" },
    { "vif = [ 'config-queues=" HUGE_NUMBER "' ]", "so it will be 4;" },
    { "vif = [ 'config-sg=2' ]", "can give 0 to 1, so it will be 1;" },
    { "vif = [ 'config-fixed=0' ]", "can give 1 to 1, so it will be 1;" },
    { "vif = [ 'config-queues=two' ]", "vif 0: config-queues=two: not a"
      " decimal number, so the backend keeps its default, 4; ask for 1 to"
      " 4\n" },
    { "vif = [ 'config-queues=-1' ]", "not a decimal number" },
    { "vif = [ 'config-queues=+1' ]", "not a decimal number" },
    { "vif = [ 'config-queues=0x2' ]", "not a decimal number" },
    { "vif = [ 'config-queues= 2 ' ]", NULL },
    { "vif = [ 'config-order=1' ]", "vif 0: config-order=1: the vif backend"
      " of domain 0 has no such feature; `xl backend-features -d 0 vif' lists"
      " what it has\n" },
    { "vif = [ 'config-Queues=1' ]", "no such feature" },
    { "vif = [ 'config-queues=1,backend=3' ]", "vif 0: config-queues=1: the"
      " vif backend of domain 3 has no feature control, or is not loaded yet;"
      " load one that has, or remove the request\n" },
    { "vif = [ 'config-x=" SIXTY "12345' ]", "config-x=" SIXTY "1234...:" },

    { "disk = [ '" PHY ",config-order=3' ]", NULL },
    { "disk = [ '" PHY ",config-order=4' ]",
      "disk xvda: config-order=4: the backend can give 0 to 3, so it" },
    { "disk = [ '/dev/x,raw,xvda,w,config-order=4' ]", "it will be 3;" },
    { "disk = [ '/x.iso,raw,xvdc,cdrom,config-order=4' ]", "it will be 3;" },
    { "disk = [ '/x,qcow2,xvda,w,config-order=1' ]", "disk xvda:"
      " config-order=1: the qdisk backend of domain 0 has no feature control,"
      " or is not loaded yet; use backendtype=phy, or remove the request\n" },
    { "disk = [ '/x,raw,xvda,w,backendtype=qdisk,config-order=1' ]",
      "the qdisk backend" },
    { "type = 'hvm'\ndisk = [ '/x,raw,hdc,cdrom,config-order=1' ]",
      "the qdisk backend" },
};

static const char *const settings[] = { "off", "warn", "strict" };

START_TEST(checked)
{
    const char *line = lines[_i / 3].line, *setting = settings[_i % 3];
    bool off = !strcmp(setting, "off"), strict = !strcmp(setting, "strict");
    char *conf, *expected;

    xl_store(VIF VBD);
    ck_assert_int_ge(asprintf(&conf, "config_check='%s'", setting), 0);
    ck_assert_int_ge(asprintf(&expected, "\nxl: %s: %s",
                              strict ? "error" : "warning",
                              line && line[0] == 'v' ? line : ""), 0);
    xl_conf(conf);

    ck_assert_int_eq(!!create(lines[_i / 3].devices), strict && line);
    ck_assert_int_eq(count(err, "\nxl: "),
                     line && !off ? strict ? 2 : 1 : 0);
    if (line && !off) {
        ck_assert_msg(strstr(err, line) != NULL, "%s", err);
        ck_assert_msg(strstr(err, expected) != NULL, "%s", err);
    }
    ck_assert_int_eq(count(err, "nothing is created or changed"),
                     line && strict ? 1 : 0);
    /* A dry run shows what is requested, refused or not. */
    ck_assert_ptr_nonnull(strstr(out, "\"config\":{"));
    ck_assert_int_eq(requests > 0, !off);
    free(conf);
    free(expected);
}
END_TEST

START_TEST(warn_by_default)
{
    xl_store(VIF);
    ck_assert_int_eq(create("vif = [ 'config-queues=5' ]"), 0);
    ck_assert_int_eq(count(err, "\nxl: warning: vif 0: "), 1);
}
END_TEST

START_TEST(a_domain_wins)
{
    xl_store(VIF);
    xl_conf("config_check='strict'");
    ck_assert_int_eq(create("config_check = 'off'\n"
                            "vif = [ 'config-queues=5' ]"), 0);
    ck_assert_int_eq(requests, 0);
    xl_conf("config_check='off'");
    ck_assert_int_ne(create("config_check = 'strict'\n"
                            "vif = [ 'config-queues=5' ]"), 0);
}
END_TEST

/* What would count from the next reboot on. */
START_TEST(config_update)
{
    xl_store(VIF);
    ck_assert_int_eq(create("vif = [ 'config-queues=5' ]"), 0);
    ck_assert_int_eq(XL_RUN("-N", "config-update", "4", CFG_FILE), 0);
    ck_assert_ptr_nonnull(strstr(err, "xl: warning: vif 0: "));
    ck_assert_ptr_nonnull(strstr(out, "\"config\":{\"queues\":\"5\"}"));
    xl_conf("config_check='strict'");
    ck_assert_int_eq(XL_RUN("-N", "config-update", "4", CFG_FILE), 1);
    ck_assert_ptr_nonnull(strstr(err, "xl: error: vif 0: "));
}
END_TEST

/* A line for each, whatever else is wrong. */
START_TEST(all_lines)
{
    xl_store(VIF VBD);
    xl_conf("config_check='strict'");
    ck_assert_int_ne(create("vif = [ 'config-queues=5,config-x=1,config-sg=1',"
                            " 'config-sg=a' ]\n"
                            "disk = [ '" PHY ",config-order=9' ]"), 0);
    ck_assert_int_eq(count(err, "xl: error: vif 0: "), 2);
    ck_assert_int_eq(count(err, "xl: error: vif 1: "), 1);
    ck_assert_int_eq(count(err, "xl: error: disk xvda: "), 1);
}
END_TEST

/* A person is told where a request comes from that the spec does not have. */
START_TEST(a_default_is_named)
{
    xl_store(VIF);
    xl_conf("vif.default.config='queues=5,sg=2'");
    ck_assert_int_eq(create("vif = [ 'config-sg=3' ]"), 0);
    ck_assert_ptr_nonnull(strstr(err, "vif 0: config-queues=5"
                                 " (vif.default.config): the backend"));
    ck_assert_ptr_nonnull(strstr(err, "vif 0: config-sg=3: the backend"));
}
END_TEST

/* One listing of a type and domain, however many devices. */
START_TEST(asked_once)
{
    int one;

    xl_store(VIF);
    ck_assert_int_eq(create("vif = [ 'config-queues=1' ]"), 0);
    one = requests;
    ck_assert_int_eq(create("vif = [ 'config-queues=1,config-sg=1',"
                            " 'config-queues=1', 'config-x=1' ]"), 0);
    ck_assert_int_eq(requests, one);
    ck_assert_int_eq(create("vif = [ 'config-queues=1',"
                            " 'config-queues=1,backend=3' ]"), 0);
    ck_assert_int_gt(requests, one);
}
END_TEST

/* Nothing requested: nothing is asked for. */
START_TEST(nothing_asked)
{
    xl_store(VIF VBD);
    xl_conf("config_check='strict'");
    ck_assert_int_eq(create("vif = [ '' ]\ndisk = [ '" PHY "' ]"), 0);
    ck_assert_int_eq(requests, 0);
}
END_TEST

static const char *const attach[][4] = {
    { "network-attach", "4", "config-queues=5",
      "vif: config-queues=5: the backend can give" },
    { "network-attach", "4", "config-x=1", "no such feature" },
    { "block-attach", "4", PHY ",config-order=x", "disk xvda: config-order=x" },
    /* Domain 5 has a device model, which serves its drives. */
    { "block-attach", "4", "/x,raw,xvdc,cdrom,config-order=9", "the backend" },
    { "block-attach", "5", "/x,raw,xvdc,cdrom,config-order=1", "the qdisk" },
};

START_TEST(attached)
{
    const char *command = attach[_i][0], *domid = attach[_i][1];
    char *before;

    xl_store(VIF VBD);
    ck_assert_int_eq(XL_RUN("-N", command, domid, attach[_i][2]), 0);
    ck_assert_ptr_nonnull(strstr(err, "xl: warning: "));
    ck_assert_ptr_nonnull(strstr(err, attach[_i][3]));

    xl_conf("config_check='off'");
    ck_assert_int_eq(XL_RUN("-N", command, domid, attach[_i][2]), 0);
    ck_assert_ptr_null(strstr(err, "xl: "));

    xl_conf("config_check='strict'");
    ck_assert_int_eq(XL_RUN("-N", command, domid, attach[_i][2]), 1);
    ck_assert_ptr_nonnull(strstr(err, "xl: error: "));
    ck_assert_ptr_nonnull(strchr(out, '{'));

    /* In earnest: libxl is not asked, and the store is as it was. */
    ck_assert_int_eq(XL_RUN("list"), 0);
    before = strdup(dump);
    ck_assert_int_eq(XL_RUN(command, domid, attach[_i][2]), 1);
    ck_assert_ptr_null(strstr(err, "libxl"));
    ck_assert_pstr_eq(dump, before);
    free(before);
}
END_TEST

START_TEST(help_and_usage)
{
    ck_assert_int_eq(XL_RUN("help", "network-attach"), 0);
    ck_assert_ptr_nonnull(strstr(out, "[config-<feature>=<value>]"));
    ck_assert_int_eq(XL_RUN("help", "block-attach"), 0);
    ck_assert_ptr_nonnull(strstr(out, "[config-<feature>=<value>]"));
    ck_assert_int_ne(XL_RUN("network-attach"), 0);
    ck_assert_ptr_nonnull(strstr(err, "requires at least"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("xl config_check");
    TCase *tc = tcase_create("config_check");

    tcase_add_checked_fixture(tc, xl_forget, xl_forget);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, default_requests, 0, ARRAY_SIZE(defaults));
    tcase_add_loop_test(tc, no_request, 0, ARRAY_SIZE(nothing));
    tcase_add_test(tc, defaults_when_attached);
    tcase_add_loop_test(tc, wrong_settings, 0, ARRAY_SIZE(wrong));
    tcase_add_test(tc, wrong_setting_of_a_domain);
    tcase_add_loop_test(tc, checked, 0, 3 * ARRAY_SIZE(lines));
    tcase_add_test(tc, warn_by_default);
    tcase_add_test(tc, a_domain_wins);
    tcase_add_test(tc, config_update);
    tcase_add_test(tc, all_lines);
    tcase_add_test(tc, a_default_is_named);
    tcase_add_test(tc, asked_once);
    tcase_add_test(tc, nothing_asked);
    tcase_add_loop_test(tc, attached, 0, ARRAY_SIZE(attach));
    tcase_add_test(tc, help_and_usage);
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
