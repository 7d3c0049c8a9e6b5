/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * config_check before anything is created: what is certain of a request, by
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

/* config_check */

static const char *const words[] = { "off", "warn", "strict", "exact" };

/*
 * What follows under off, warn, strict and exact: nothing, a warning or a
 * refusal.  A person is there.
 */
#define FINE      "----"
#define MALFORMED "-RRR"
#define UNKNOWN   "-wRR"
#define UNKNOWN_OF_HOST "-wwR"

static const struct {
    const char *conf, *devices, *outcome, *line;
    int requests; /* of xenstore, where it is looked at */
} lines[] = {
    /* What will be granted is not known before there is a device. */
    { "", "vif = [ 'config-queues=2,config-sg=0,config-fixed=0' ]", FINE,
      NULL, 1 },
    { "", "vif = [ 'config-queues=" HUGE_NUMBER "', 'config-queues=0' ]",
      FINE, NULL, 2 },
    /* Nothing is refused, or said, because nothing is advertised. */
    { "", "vif = [ 'config-queues=1,config-x=1,backend=3' ]", FINE, NULL, 1 },
    { "", "disk = [ '/x,qcow2,xvda,w,config-order=1' ]", FINE, NULL, 1 },
    { "", "disk = [ '/x,raw,xvda,w,specification=virtio,config-order=1' ]",
      FINE, NULL, 1 },
    { "vif.default.config='queues=2,sg=0'", "vif = [ '' ]", FINE, NULL, 1 },
    /* Nothing is requested. */
    { "", "vif = [ '' ]\ndisk = [ '" PHY "' ]", FINE, NULL, 0 },
    { "vif.default.config='x=1'", "vif = [ 'config-x=default' ]", FINE, NULL,
      0 },

    { "", "vif = [ 'config-queues=two' ]", MALFORMED, "vif 0: config-queues="
      "`two': not an unsigned decimal number, so the backend keeps its default;"
      " request a number, 0 or 1 for what is on or off\n", 1 },
    { "", "vif = [ '', 'config-queues=-1' ]", MALFORMED,
      "vif 1: config-queues=`-1': not", 1 },
    { "", "vif = [ 'config-queues=+1' ]", MALFORMED, "=`+1': not", 1 },
    { "", "vif = [ 'config-queues=0x2' ]", MALFORMED, "=`0x2': not", 1 },
    { "", "vif = [ 'config-queues=1,backend=3,config-x=a' ]", MALFORMED,
      "vif 0: config-x=`a': not", 1 },
    { "", "disk = [ '/x,qcow2,xvda,w,config-order=a' ]", MALFORMED,
      "disk xvda: config-order=`a': not", 1 },
    { "vif.default.config='queues=a'", "vif = [ '' ]", MALFORMED, "vif 0:"
      " config-queues=`a' (vif.default.config): not an unsigned decimal", 1 },
    { "disk.default.config='order=a'", "disk = [ '" PHY "' ]", MALFORMED,
      "config-order=`a' (disk.default.config): not an unsigned decimal", 1 },
    /* Of a long value the beginning is shown. */
    { "", "vif = [ 'config-x=" SIXTY "12345' ]", MALFORMED,
      "config-x=`" SIXTY "1234...':", 1 },

    { "", "vif = [ 'config-order=1' ]", UNKNOWN, "vif 0: config-order=`1': the"
      " vif backend in domain 0 has no such feature; `xl backend-features -d 0"
      " vif' lists what it has\n", 1 },
    { "", "vif = [ 'config-Queues=1' ]", UNKNOWN, "config-Queues=`1': the", 1 },
    { "", "disk = [ '" PHY ",config-queues=1' ]", UNKNOWN,
      "disk xvda: config-queues=`1': the vbd backend in domain 0", 1 },
    { "", "disk = [ '/dev/x,raw,xvda,w,config-sg=1' ]", UNKNOWN,
      "the vbd backend in domain 0 has no such feature", 1 },
    { "", "disk = [ '/x.iso,raw,xvdc,cdrom,config-sg=1' ]", UNKNOWN,
      "disk xvdc: config-sg=`1': the vbd backend", 1 },
    { "", "disk = [ '" PHY ",backend=3,config-other=1' ]", FINE, NULL, 1 },
    { "vif.default.config='x=1'", "vif = [ '' ]", UNKNOWN_OF_HOST, "vif 0:"
      " config-x=`1' (vif.default.config): the vif backend in domain 0", 1 },
};

START_TEST(before)
{
    int l = _i % ARRAY_SIZE(words), n = _i / ARRAY_SIZE(words);
    char outcome = lines[n].outcome[l];
    char *conf, *line;

    xl_store(VIF VBD);
    ck_assert_int_ge(asprintf(&conf, "config_check='%s'\n%s", words[l],
                              lines[n].conf), 0);
    xl_conf(conf);
    ck_assert_int_eq(!!create(lines[n].devices), outcome == 'R');
    ck_assert_msg(count(err, "xl: ") ==
                  (outcome == 'R' ? 2 : outcome == 'w'), "%s", err);
    ck_assert_msg(count(err, "\nxl: error: nothing is created or changed,"
                        " because of config_check=\"") == (outcome == 'R'),
                  "%s", err);
    if (outcome != '-') {
        ck_assert_int_ge(asprintf(&line, "\nxl: %s: ", outcome == 'R'
                                  ? "error" : "warning"), 0);
        ck_assert_msg(strstr(err, line) != NULL, "%s", err);
        ck_assert_msg(strstr(err, lines[n].line) != NULL, "%s", err);
        free(line);
    }
    /* A dry run shows what is requested, refused or not. */
    ck_assert_ptr_nonnull(strchr(out, '{'));
    ck_assert_int_eq(requests, l ? lines[n].requests : 0);
    free(conf);
}
END_TEST

START_TEST(warn_by_default)
{
    xl_store(VIF);
    ck_assert_int_eq(create("vif = [ 'config-x=5' ]"), 0);
    ck_assert_int_eq(count(err, "\nxl: warning: vif 0: "), 1);
}
END_TEST

START_TEST(a_domain_wins)
{
    xl_store(VIF);
    xl_conf("config_check='strict'");
    ck_assert_int_eq(create("config_check = 'off'\n"
                            "vif = [ 'config-x=5' ]"), 0);
    ck_assert_int_eq(requests, 0);
    xl_conf("config_check='off'");
    ck_assert_int_ne(create("config_check = 'strict'\n"
                            "vif = [ 'config-x=5' ]"), 0);
}
END_TEST

/* In earnest: libxl is not asked, and the store is as it was. */
START_TEST(refused)
{
    char *before;

    xl_store(VIF);
    xl_conf("config_check='strict'");
    ck_assert_int_eq(XL_RUN("list"), 0);
    before = strdup(dump);
    create("vif = [ 'config-x=1' ]");
    ck_assert_int_ne(XL_RUN("create", CFG_FILE), 0);
    ck_assert_int_eq(count(err, "\nxl: error: "), 2);
    ck_assert_ptr_null(strstr(err, "libxl"));
    ck_assert_pstr_eq(dump, before);
    free(before);
}
END_TEST

/* A line for each, whatever else is wrong, and what follows once. */
START_TEST(all_lines)
{
    xl_store(VIF VBD);
    xl_conf("config_check='strict'\nvif.default.config='y=2'");
    ck_assert_int_ne(create("vif = [ 'config-queues=5,config-x=1,config-sg=b',"
                            " 'config-sg=a' ]\n"
                            "disk = [ '" PHY ",config-sg=9' ]"), 0);
    ck_assert_int_eq(count(err, "xl: error: vif 0: "), 2);
    ck_assert_int_eq(count(err, "xl: error: vif 1: "), 1);
    ck_assert_int_eq(count(err, "xl: warning: vif 1: config-y=`2'"), 1);
    ck_assert_int_eq(count(err, "xl: error: disk xvda: "), 1);
    ck_assert_int_eq(count(err, "nothing is created"), 1);
    ck_assert_int_eq(requests, 3);
}
END_TEST

/* What would count from the next start on: nothing is looked at later. */
START_TEST(config_update)
{
    xl_store(VIF);
    ck_assert_int_eq(create("vif = [ 'config-x=5' ]"), 0);
    ck_assert_int_eq(XL_RUN("-N", "config-update", "4", CFG_FILE), 0);
    ck_assert_ptr_nonnull(strstr(err, "xl: warning: vif 0: config-x"));
    ck_assert_ptr_nonnull(strstr(out, "\"config\":{\"x\":\"5\"}"));
    xl_conf("config_check='strict'");
    ck_assert_int_eq(XL_RUN("-N", "config-update", "4", CFG_FILE), 1);
    ck_assert_ptr_nonnull(strstr(err, "xl: error: vif 0: config-x"));
    ck_assert_int_eq(XL_RUN("config-update", "4", CFG_FILE), 1);
    ck_assert_ptr_null(strstr(err, "setting dom4"));

    /* Also where its driver domain is not there now; what it has is not known. */
    xl_conf("config_check='strict'");
    create("vif = [ 'backend=nobody,config-sg=on' ]");
    ck_assert_int_eq(XL_RUN("config-update", "4", CFG_FILE), 1);
    ck_assert_ptr_nonnull(strstr(err, "not an unsigned decimal number"));
    ck_assert_int_eq(create("vif = [ 'backend=nobody,config-x=5' ]"), 0);
    ck_assert_int_eq(XL_RUN("-N", "config-update", "4", CFG_FILE), 0);

    create("vif = [ 'config-sg=on' ]");
    xl_conf("config_check='warn'");
    ck_assert_int_eq(XL_RUN("config-update", "4", CFG_FILE), 1);
    ck_assert_ptr_null(strstr(err, "setting dom4"));
}
END_TEST

/* libxl would refuse it when the domain reboots, which would be its end. */
START_TEST(config_update_too_many)
{
    char text[1024] = "vif = [ '", *p = text + strlen(text);
    int i;

    for (i = 0; i < 33; i++)
        p += sprintf(p, "config-f%d=1,", i);
    strcpy(p, "' ]");
    ck_assert_int_ne(create(text), 0);
    for (i = 0; i < 2; i++) {
        xl_conf(i ? "config_check='off'" : "");
        ck_assert_int_eq(XL_RUN("config-update", "4", CFG_FILE), 1);
        ck_assert_msg(strstr(err, "33 features are requested of it") &&
                      strstr(err, "xl: error: vif 0: what is requested of it"
                             " cannot be kept"), "%s", err);
        ck_assert_ptr_null(strstr(err, "setting dom4"));
    }
}
END_TEST

static const char *const attach[][4] = {
    { "network-attach", "4", "config-x=1",
      "vif: config-x=`1': the vif backend" },
    { "block-attach", "4", PHY ",config-sg=1",
      "disk xvda: config-sg=`1': the vbd backend in domain 0" },
    { "block-attach", "4", "/x,raw,xvdc,cdrom,config-sg=9", "the vbd backend" },
    { "block-attach", "0", PHY ",config-sg=1", "the vbd backend" },
};

START_TEST(attached)
{
    const char *command = attach[_i][0], *domid = attach[_i][1];
    char *before;

    xl_store(VIF VBD);
    ck_assert_int_eq(XL_RUN("-N", command, domid, attach[_i][2]), 0);
    ck_assert_ptr_nonnull(strstr(err, "xl: warning: "));
    ck_assert_ptr_nonnull(strstr(err, attach[_i][3]));
    ck_assert_int_eq(requests, 1);

    xl_conf("config_check='off'");
    ck_assert_int_eq(XL_RUN("-N", command, domid, attach[_i][2]), 0);
    ck_assert_ptr_null(strstr(err, "xl: "));
    ck_assert_int_eq(requests, 0);

    xl_conf("config_check='strict'");
    ck_assert_int_eq(XL_RUN("-N", command, domid, attach[_i][2]), 1);
    ck_assert_ptr_nonnull(strstr(err, "xl: error: nothing is created, because"
                                 " of config_check=\"strict\"\n"));
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

/* Domain 5 has a device model, which serves its drives. */
START_TEST(drive_of_a_device_model)
{
    xl_store(VBD);
    xl_conf("config_check='exact'");
    ck_assert_int_eq(XL_RUN("-N", "block-attach", "5",
                            "/x,raw,xvdc,cdrom,config-sg=1"), 0);
    ck_assert_int_eq(XL_RUN("-N", "block-attach", "5",
                            "/x,raw,xvdc,cdrom,config-sg=on"), 1);
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

/*
 * A queue of an interface takes 514 grants, of which a frame has 512: 8 times
 * 8 of them and a frame for the rest are 66.
 */
#define SPEC "'config-multi-queue-max-queues="
#define SPECS(n) "vif = [ " SPEC n "', " SPEC n "', " SPEC n "', " SPEC n "', " \
    SPEC n "', " SPEC n "', " SPEC n "', " SPEC n "' ]\n"

START_TEST(grant_frames)
{
    static const struct { const char *lines, *note; } cases[] = {
        { SPECS("8") "vcpus = 8\nmax_grant_frames = 32", "want up to 66 grant"
          " frames, and max_grant_frames is 32" },
        { SPECS("8") "vcpus = 8\nmax_grant_frames = 65", "=66," },
        { SPECS("8") "vcpus = 8\nmax_grant_frames = 66", NULL },
        /* What Xen has by itself is 64. */
        { SPECS("8") "vcpus = 8", "max_grant_frames is 64" },
        { SPECS("99") "vcpus = 8", "want up to 66" },
        { SPECS("8") "vcpus = 7", NULL },
        { SPECS("1") "vcpus = 8\nmax_grant_frames = 10", NULL },
    };
    const char *note = cases[_i].note;

    ck_assert_int_eq(create(cases[_i].lines), 0);
    ck_assert_int_eq(count(err, "xl: note: the queues"), !!note);
    if (note)
        ck_assert_msg(strstr(err, note) != NULL, "%s", err);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("xl config_check");
    TCase *tc = tcase_create("config_check");

    tcase_add_checked_fixture(tc, xl_forget, xl_forget);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, before, 0,
                        ARRAY_SIZE(words) * ARRAY_SIZE(lines));
    tcase_add_test(tc, warn_by_default);
    tcase_add_test(tc, a_domain_wins);
    tcase_add_test(tc, refused);
    tcase_add_test(tc, all_lines);
    tcase_add_test(tc, config_update);
    tcase_add_test(tc, config_update_too_many);
    tcase_add_loop_test(tc, attached, 0, ARRAY_SIZE(attach));
    tcase_add_test(tc, drive_of_a_device_model);
    tcase_add_test(tc, help_and_usage);
    tcase_add_loop_test(tc, grant_frames, 0, 7);
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
