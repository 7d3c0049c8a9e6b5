/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * config-<feature>=<value> as a user of xl meets it, in a config file and
 * on the command line: what is taken, and what is refused how.
 */

#define _GNU_SOURCE

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run-xl.h"
#include "test-suite.h"

#define TEN "abcdefghij"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define LONG1 SIXTY SIXTY SIXTY SIXTY SIXTY SIXTY SIXTY SIXTY SIXTY SIXTY
#define LONG LONG1 LONG1 LONG1 LONG1 LONG1 LONG1 LONG1

static int create_list(const char *dry, const char *kind, const char *list)
{
    char *text;

    ck_assert_int_ge(asprintf(&text, "name = 'test'\ntype = 'pv'\n"
                              "kernel = '/dev/null'\nmemory = 64\n"
                              "%s = [ %s ]\n", kind, list), 0);
    xl_domain(text);
    free(text);
    return dry ? XL_RUN(dry, "create", CFG_FILE)
               : XL_RUN("create", CFG_FILE);
}

static int create(const char *dry, const char *kind, const char *spec)
{
    char quote = strchr(spec, '\'') ? '"' : '\'';
    char *list;
    int status;

    ck_assert_int_ge(asprintf(&list, "%c%s%c", quote, spec, quote), 0);
    status = create_list(dry, kind, list);
    free(list);
    return status;
}

static char *spec(const char *first, const char *const params[])
{
    static char text[32768];
    int i;

    strcpy(text, first);
    for (i = 0; params[i]; i++) {
        strcat(text, ",");
        strcat(text, params[i]);
    }
    return text;
}

/* Every way to say it. */

static int create_vif(const char *dry, const char *const params[])
{
    return create(dry, "vif", spec("bridge=xenbr0", params));
}

static int create_disk(const char *dry, const char *const params[])
{
    return create(dry, "disk", spec("/dev/zero,raw,xvda,w", params));
}

static int attach(const char *dry, const char *command, const char *first,
                  const char *const params[])
{
    const char *argv[16] = { "xl" };
    int n = 1, i;

    if (dry) argv[n++] = dry;
    argv[n++] = command;
    argv[n++] = "4";
    argv[n++] = first;
    for (i = 0; params[i]; i++)
        argv[n++] = params[i];
    return xl(argv);
}

static int network_attach(const char *dry, const char *const params[])
{
    return attach(dry, "network-attach", "bridge=xenbr0", params);
}

static int block_attach_joined(const char *dry, const char *const params[])
{
    const char *none[] = { NULL };

    return attach(dry, "block-attach", spec("/dev/zero,raw,xvda,w", params),
                  none);
}

static int block_attach(const char *dry, const char *const params[])
{
    return attach(dry, "block-attach", "/dev/zero,raw,xvda,w", params);
}

static int (*const ways[])(const char *, const char *const []) = {
    create_vif, network_attach, create_disk, block_attach_joined,
    block_attach,
};
#define NUM_WAYS ARRAY_SIZE(ways)

static const struct { const char *params[4]; const char *config; } good[] = {
    { { "config-feature-sg=0" }, "{\"feature-sg\":\"0\"}" },
    { { "config-a=1", "config-b=2" }, "{\"a\":\"1\",\"b\":\"2\"}" },
    { { "config-a=1", "config-b=2", "config-a=3" },
      "{\"a\":\"3\",\"b\":\"2\"}" },
    { { "config-a=1", "config-A=2" }, "{\"a\":\"1\",\"A\":\"2\"}" },
    { { "config-" SIXTY "A-_@=1" }, "{\"" SIXTY "A-_@\":\"1\"}" },
    { { "config--=1" }, "{\"-\":\"1\"}" },
    /* Blanks around names and values do not count. */
    { { "config-a =1" }, "{\"a\":\"1\"}" },
    { { "config- a= 1" }, "{\"a\":\"1\"}" },
    { { "config-a\t=\t1 ", "config-b=2" }, "{\"a\":\"1\",\"b\":\"2\"}" },
    { { "config-0=1" }, "{\"0\":\"1\"}" },
    /* Values are for the backend to judge. */
    { { "config-a=-1" }, "{\"a\":\"-1\"}" },
    { { "config-a=0x1" }, "{\"a\":\"0x1\"}" },
    { { "config-a=123456789012345678901234567890" },
      "{\"a\":\"123456789012345678901234567890\"}" },
    { { "config-a=on*/../x:y" }, "{\"a\":\"on*/../x:y\"}" },
    { { "config-a=" LONG }, "{\"a\":\"" LONG "\"}" },
    /* No request at all: as without us. */
    { { NULL }, "" },
};

static const struct { const char *params[4]; const char *key; } bad[] = {
    { { "config-=1" }, "config-=1" },
    { { "config-" }, "config-" },
    { { "config-x" }, "config-x" },
    { { "config-x=" }, "config-x=" },
    { { "config-a/b=1" }, "config-a/b=1" },
    { { "config-../a=1" }, "config-../a=1" },
    { { "config-a b=1" }, "config-a b=1" },
    { { "config-a.b=1" }, "config-a.b=1" },
    { { "config-\"a\"=1" }, "config-\"a\"=1" },
    { { "config-'a'=1" }, "config-'a'=1" },
    { { "config-" SIXTY "ABCDE=1" }, "config-" SIXTY "ABCDE=1" }, /* 65 */
    { { "config-" SIXTY TEN "=1" }, "config-" SIXTY TEN "=1" },
    { { "config-\xc3\xa4=1" }, "`config-\\xc3\\xa4=1'" },
    { { "config-ok=1", "config-x" }, "config-x" },
    { { "config-x=", "config-x=1" }, "config-x=" },
    { { "config-x= \t" }, "config-x= " },
    { { "config-config-x=1" }, "config-config-x=1" },
    { { "config-Config_x=1" }, "config-Config_x=1" },
    { { "config-a=b=c" }, "`config-a=b=c'" },
    { { "config-a==" }, "`config-a=='" },
    { { "config-a=1 b" }, "`config-a=1 b'" },
    { { "config-a=1 config-b=2" }, "`config-a=1 config-b=2'" },
    { { "config-a=1;config-b=2" }, "`config-a=1;config-b=2'" },
    { { "config-a=\xe9" }, "`config-a=\\xe9'" },
    { { "config-a=1\xc2\xa0" }, "`config-a=1\\xc2\\xa0'" },
    { { "config-a=\x1b[2J" }, "`config-a=\\x1b[2J'" },
};

/* Here only the form counts; a value that is no number has it, too. */
static void no_check(void)
{
    xl_conf("config_check=\"off\"\n");
}

#define PER_WAY(table) (NUM_WAYS * ARRAY_SIZE(table))

START_TEST(taken)
{
    const char *const *params = good[_i / NUM_WAYS].params;
    const char *config = good[_i / NUM_WAYS].config;
    char *found, *end;

    ck_assert_msg(ways[_i % NUM_WAYS]("-N", params) == 0, "refused: %s", err);
    found = strstr(out, "\"config\":");
    if (!*config) {
        ck_assert_ptr_null(found);
        return;
    }
    ck_assert_msg(found != NULL, "no config in %s", out);
    found += strlen("\"config\":");
    end = strchr(found, '}');
    ck_assert_ptr_nonnull(end);
    end[1] = 0;
    ck_assert_pstr_eq(found, config);
}
END_TEST

START_TEST(refused)
{
    const char *const *params = bad[_i / NUM_WAYS].params;
    int way = _i % NUM_WAYS;
    bool vif = ways[way] == create_vif || ways[way] == network_attach;
    static const char *const dry[] = { "-N", NULL };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(dry); i++) {
        ck_assert_int_eq(ways[way](dry[i], params), 1);
        ck_assert_ptr_null(strchr(out, '{')); /* no device was made */
        ck_assert_msg(strstr(err, bad[_i / NUM_WAYS].key) != NULL,
                      "key not named: %s", err);
        ck_assert_msg(strstr(err, vif ? "vif" : "disk") != NULL,
                      "device not named: %s", err);
        ck_assert_pstr_eq(dump, "");
    }
}
END_TEST

START_TEST(the_message)
{
    const char *const params[] = { "config-a/b=1", NULL };
    const char *const empty[] = { "config-x=", NULL };

    create_vif(NULL, params);
    ck_assert_ptr_nonnull(strstr(err, "" CFG_FILE ": config parsing error"
        " in vif 0: the name of a feature is 1 to 64 characters of"
        " A-Z a-z 0-9 - _ @ in `config-a/b=1'\n"));
    network_attach(NULL, empty);
    ck_assert_ptr_nonnull(strstr(err, "command line: config parsing error"
        " in vif: no value, expected <feature>=<value> in `config-x='\n"));
    create_disk(NULL, params);
    ck_assert_ptr_nonnull(strstr(err, "near `config-a/b=1'"));
    ck_assert_ptr_nonnull(strstr(err, "/dev/zero,raw,xvda,w,config-a/b=1"));
}
END_TEST

START_TEST(several_parameters_in_one_argument)
{
    ck_assert_int_eq(XL_RUN("-N", "network-attach", "4",
                            "config-a=1,config-b=2"), 0);
    ck_assert_ptr_nonnull(strstr(out, "{\"a\":\"1\",\"b\":\"2\"}"));
    ck_assert_int_eq(XL_RUN("-N", "network-attach", "4",
                            "mac=00:16:3e:00:00:01,, bridge=b,config-a=1, ",
                            "config-b=2"), 1);
    ck_assert_ptr_nonnull(strstr(err, "unrecognized argument `'"));
    ck_assert_int_eq(XL_RUN("-N", "network-attach", "4",
                            "mac=00:16:3e:00:00:01,, bridge=b,config-a=1,",
                            "config-b=2"), 0);
    ck_assert_ptr_nonnull(strstr(out, "\"bridge\":\"b\""));
    ck_assert_ptr_nonnull(strstr(out, "{\"a\":\"1\",\"b\":\"2\"}"));
    /* A domain's name may have a comma in it. */
    ck_assert_int_eq(XL_RUN("-N", "network-attach", "4,5", "config-a=1"), 1);
    ck_assert_ptr_nonnull(strstr(err, "4,5"));
    /* As ever. */
    ck_assert_int_eq(XL_RUN("-N", "network-attach", "4", ""), 1);
    ck_assert_int_eq(XL_RUN("-N", "network-attach", "4"), 0);
}
END_TEST

START_TEST(white_space)
{
    /* Before a parameter it does not count ... */
    ck_assert_int_eq(create("-N", "vif", "bridge=xenbr0, config-a=1"), 0);
    ck_assert_ptr_nonnull(strstr(out, "\"config\":{\"a\":\"1\"}"));
    ck_assert_int_eq(create("-N", "vif", "bridge=xenbr0,\tconfig-a=1"), 0);
    ck_assert_ptr_nonnull(strstr(out, "\"config\":{\"a\":\"1\"}"));
    ck_assert_int_eq(create("-N", "disk",
                            "/dev/zero,raw,xvda,w, config-a=1"), 0);
    ck_assert_ptr_nonnull(strstr(out, "\"config\":{\"a\":\"1\"}"));
    /* ... and cannot hide an error. */
    ck_assert_int_eq(create("-N", "vif", "bridge=xenbr0,\tconfig-a="), 1);
    ck_assert_int_eq(create("-N", "disk",
                            "/dev/zero,raw,xvda,w,\tconfig-a="), 1);
}
END_TEST

/* Several devices: each its own, and the error says which. */
START_TEST(several_vifs)
{
    ck_assert_int_eq(create_list("-N", "vif",
                                 "'config-a=1', 'config-b=2', ''"), 0);
    ck_assert_ptr_nonnull(strstr(out, "{\"a\":\"1\"}"));
    ck_assert_ptr_nonnull(strstr(out, "{\"b\":\"2\"}"));
    ck_assert_int_eq(create_list("-N", "vif",
                                 "'config-a=1', 'config-b='"), 1);
    ck_assert_ptr_nonnull(strstr(err, "vif 1"));
}
END_TEST

START_TEST(override_on_the_command_line)
{
    ck_assert_int_eq(create("-N", "vif", "config-a=1"), 0);
    ck_assert_int_eq(XL_RUN("-N", "create", CFG_FILE,
                            "vif=['config-a=2']"), 0);
    ck_assert_ptr_nonnull(strstr(out, "\"config\":{\"a\":\"2\"}"));
    ck_assert_int_eq(XL_RUN("-N", "create", CFG_FILE,
                            "vif=['config-a']"), 1);
}
END_TEST

/* What was no error, and what was an error but not fatal, stays so. */
START_TEST(other_keys_as_ever)
{
    ck_assert_int_eq(create("-N", "vif", "bridge=xenbr0,foo=bar"), 0);
    ck_assert_ptr_nonnull(strstr(err, "unrecognized argument `foo=bar'"));
    ck_assert_int_eq(create("-N", "vif", "bridge=xenbr0,foo_bar=1"), 0);
    ck_assert_int_eq(create("-N", "vif", "bridge=config-a"), 0);
    ck_assert_ptr_nonnull(strstr(out, "\"bridge\":\"config-a\""));
    ck_assert_int_eq(create("-N", "vif", ""), 0);
    ck_assert_int_eq(XL_RUN("-N", "network-attach", "4", "foo=bar"), 1);
}
END_TEST

/* Disk specs can be written in many orders, with a target that eats all. */
static const struct { const char *spec; int status; const char *json[3]; }
disks[] = {
    { "phy:/dev/x,xvda,w,config-a=1", 0,
      { "\"pdev_path\":\"/dev/x\"", "\"config\":{\"a\":\"1\"}" } },
    { "tap:aio:/x.img,xvda,w,config-a=1", 0,
      { "\"pdev_path\":\"/x.img\"", "\"config\":{\"a\":\"1\"}" } },
    { "config-a=1,/dev/x,raw,xvda,w", 0,
      { "\"pdev_path\":\"/dev/x\"", "\"config\":{\"a\":\"1\"}" } },
    { "/dev/x,config-a=1,raw,config-b=2,xvda,config-c=3,w", 0,
      { "\"vdev\":\"xvda\"", "\"readwrite\":1",
        "\"config\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}" } },
    { "/dev/x,,xvda,,config-a=1", 0,
      { "\"format\":\"raw\"", "\"config\":{\"a\":\"1\"}" } },
    { "vdev=xvda,config-a=1,format=raw,target=/dev/x,config-b", 0,
      { "\"pdev_path\":\"/dev/x,config-b\"", "\"config\":{\"a\":\"1\"}" } },
    { "vdev=xvda,config-a=1,format=raw,target=/dev/x,config-b=2", 1, { } },
    { "target=/dev/x,vdev=xvda,config-b=2", 1, { } },
    { "script=block-x,config-a=1,vdev=xvda,target=y", 0,
      { "\"script\":\"block-x\"", "\"config\":{\"a\":\"1\"}" } },
    { "iscsi:iqn.x,xvda,w,config-a=1", 0,
      { "\"script\":\"block-iscsi\"", "\"config\":{\"a\":\"1\"}" } },
    { ",hdc:cdrom,r,config-a=1", 0,
      { "\"is_cdrom\":1", "\"config\":{\"a\":\"1\"}" } },
    { "/dev/x,raw,xvda,w,discard,backendtype=qdisk,config-a=1", 0,
      { "\"backend\":\"qdisk\"", "\"config\":{\"a\":\"1\"}" } },
    { "/dev/x,raw,xvda,w,config-a=1,discard,untrusted", 0,
      { "\"trusted\":\"False\"", "\"config\":{\"a\":\"1\"}" } },
    { "/dev/x,raw,xvda,w,config-a=1,", 0, { "\"config\":{\"a\":\"1\"}" } },
    /* A file may have such a name: where a target stands, it is one. */
    { "config-server.img,raw,xvda,w", 0,
      { "\"pdev_path\":\"config-server.img\"" } },
    { "phy:config-vol,xvda,w", 0, { "\"pdev_path\":\"config-vol\"" } },
    { "/dev/x,raw,xvda,config-w", 1, { } },
    { "/dev/x,config-raw,xvda,w", 1, { } },
    { "/dev/x,raw,config-xvda,w", 1, { } },
    /* As ever. */
    { "/dev/x,raw,xvda,w,foo=1", 1, { } },
    { "/dev/x,raw,xvda,w", 0, { "\"pdev_path\":\"/dev/x\"" } },
};

START_TEST(disk_specs)
{
    const char *none[] = { NULL };
    unsigned int i;

    ck_assert_msg(attach("-N", "block-attach", disks[_i].spec, none) ==
                  disks[_i].status, "%s: %s", disks[_i].spec, err);
    for (i = 0; i < ARRAY_SIZE(disks[_i].json) && disks[_i].json[i]; i++)
        ck_assert_msg(strstr(out, disks[_i].json[i]) != NULL,
                      "no %s in %s", disks[_i].json[i], out);
    if (!strstr(disks[_i].spec, "config-"))
        ck_assert_ptr_null(strstr(out, "\"config\""));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("xl config-");
    TCase *tc = tcase_create("config-");

    tcase_add_checked_fixture(tc, no_check, xl_forget);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, taken, 0, PER_WAY(good));
    tcase_add_loop_test(tc, refused, 0, PER_WAY(bad));
    tcase_add_test(tc, the_message);
    tcase_add_test(tc, several_parameters_in_one_argument);
    tcase_add_test(tc, white_space);
    tcase_add_test(tc, several_vifs);
    tcase_add_test(tc, override_on_the_command_line);
    tcase_add_test(tc, other_keys_as_ever);
    tcase_add_loop_test(tc, disk_specs, 0, ARRAY_SIZE(disks));
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
