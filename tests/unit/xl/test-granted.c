/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What xl makes of what a domain got, and of what the record of a domain has:
 * its functions, on a xenstore that is a fake.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sanitizer/lsan_interface.h>

#include <libxl.h>
#include <libxl_utils.h>
#include <libxlutil.h>
#include <xentoollog.h>

#include "xl.h"
#include "xl_config_check.h"
#include "xl_device_defaults.h"

#include "fake-xenstore.h"
#include "test-suite.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define DOMID 4
#define SAID "stderr"
#define PRINTED "stdout"
#define CFG_FILE "guest.cfg"
#define SAVE_FILE "saved"

#define VIF "/local/domain/0/backend/vif/4/0"
#define VBD "/local/domain/0/backend/vbd/4/51712"
#define QDISK "/local/domain/0/backend/qdisk/4/51712"

#define NIC(lists) "{\"devid\":0," lists "}"
#define DISK(lists) "{\"vdev\":\"xvda\",\"backend\":\"phy\"," \
    "\"format\":\"raw\"," lists "}"

/* What was said on stderr since the last time. */
static const char *said(void)
{
    static char text[65536];
    size_t len;
    FILE *f;

    fflush(stderr);
    f = fopen(SAID, "r");
    ck_assert_ptr_nonnull(f);
    len = fread(text, 1, sizeof(text) - 1, f);
    text[len] = 0;
    fclose(f);
    ck_assert_int_eq(ftruncate(STDERR_FILENO, 0), 0);

    return text;
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

static void no_files(void)
{
    ck_assert_int_eq(system("rm -rf xl-refused"), 0);
}

static void setup(void)
{
    no_files();
    ck_assert_ptr_nonnull(freopen(SAID, "a", stderr));
    said();
    fake_xs_reset();
    fake_xs_set("/local/domain/0/domid", "0");
    logger = xtl_createlogger_stdiostream(stderr, XTL_ERROR, 0);
    ck_assert_int_eq(libxl_ctx_alloc(&ctx, LIBXL_VERSION, 0,
                                     (xentoollog_logger *)logger), 0);
    fake_xs_requests("");
}

static void teardown(void)
{
    libxl_ctx_free(ctx);
    xtl_logger_destroy((xentoollog_logger *)logger);
    fake_xs_reset();
    no_files();
}

static void read_settings(const char *text, const char *source)
{
    XLU_Config *config = xlu_cfg_init(stderr, source);

    ck_assert_ptr_nonnull(config);
    ck_assert_int_eq(xlu_cfg_readdata(config, text, strlen(text)), 0);
    parse_default_device_config(config, !strcmp(source, "xl.conf"));
    parse_config_check(config, source);
    xlu_cfg_destroy(config);
}

/* As xl reads xl.conf. */
static void settings(const char *text)
{
    read_settings(text, "xl.conf");
}

static void set_level(const char *word)
{
    char *text;

    ck_assert_int_ge(asprintf(&text, "config_check='%s'\n", word), 0);
    settings(text);
    free(text);
}

static void parse(libxl_domain_config *d_config, const char *nics,
                  const char *disks)
{
    char *text;

    libxl_domain_config_init(d_config);
    ck_assert_int_ge(asprintf(&text, "{\"c_info\":{\"type\":\"pv\","
        "\"name\":\"guest\"},\"nics\":[%s],\"disks\":[%s]}", nics, disks), 0);
    ck_assert_int_eq(libxl_domain_config_from_json(ctx, d_config, text), 0);
    free(text);
}

/* A backend that has looked; each of the other values may be NULL. */
static void answer(const char *backend, const char *state, const char *granted,
                   const char *published)
{
    char path[256];

    fake_xs_set(backend, "");
    snprintf(path, sizeof(path), "%s/state", backend);
    fake_xs_set(path, state);
    snprintf(path, sizeof(path), "%s/granted", backend);
    if (granted)
        fake_xs_set(path, granted);
    snprintf(path, sizeof(path), "%s/x", backend);
    if (published)
        fake_xs_set(path, published);
    fake_xs_requests("");
}

static int check(const char *nics, const char *disks,
                 enum config_occasion occasion)
{
    libxl_domain_config d_config;
    int rc;

    parse(&d_config, nics, disks);
    rc = check_granted(DOMID, &d_config, occasion);
    libxl_domain_config_dispose(&d_config);

    return rc;
}

/* The table of verdicts */

static const char *const words[] = { "off", "warn", "strict", "exact" };

#define NUM_OCCASIONS 4
static const enum config_occasion occasions[NUM_OCCASIONS] = {
    OCCASION_ASKED, OCCASION_MOVED, OCCASION_REBOOT, OCCASION_KEPT,
};

static const struct verdict {
    const char *requested, *state, *granted, *published;
    /*
     * For off, warn, strict and exact what follows: nothing, a warning or a
     * refusal; on each occasion; first of what was said of the device, then
     * of what the host requests by default.
     */
    const char *outcome[2][NUM_OCCASIONS];
    const char *line; /* where it is said; what follows the device's name */
    const char *host_line;
    int reads;
} verdicts[] = {
    { "2", "2", "x=2", "2",
      { { "----", "----", "----", "----" },
        { "----", "----", "----", "----" } }, NULL, NULL, 2 },
    { "002", "4", "y=9 x=2", "2",
      { { "----", "----", "----", "----" },
        { "----", "----", "----", "----" } }, NULL, NULL, 2 },
    /* Nothing of it is published, because it is 0. */
    { "0", "4", "x=0", NULL,
      { { "----", "----", "----", "----" },
        { "----", "----", "----", "----" } }, NULL, NULL, 2 },

    { "4", "2", "x=2", "2",
      { { "---R", "---R", "---R", "---w" },
        { "---R", "---R", "---R", "---w" } },
      "config-x=`4', granted `2': the guest gets less than was requested,"
      " because the backend can give no more; request what was granted, or"
      " less\n",
      "config-x=`4' (vif.default.config), granted `2': the guest gets less", 3 },
    /* The disk behind makes it less: that is told. */
    { "0001", "4", "x=1", "0",
      { { "---w", "---w", "---w", "---w" },
        { "---w", "---w", "---w", "---w" } },
      "config-x=`0001', granted `0': the guest gets less than was requested,"
      " because what is behind it can do no more;",
      "config-x=`0001' (vif.default.config), granted `0':", 3 },

    { "0", "2", "x=1", "1",
      { { "-wRR", "-wRR", "-wRR", "-www" },
        { "-wRR", "-wRR", "-wRR", "-www" } },
      "config-x=`0', granted `1': the guest gets more than was requested,"
      " because the backend can give no less; request what was granted, or"
      " `default' if it does not matter\n",
      "config-x=`0' (vif.default.config), granted `1': the guest gets more", 3 },
    /* What is published counts. */
    { "2", "4", "x=2", "3",
      { { "-wRR", "-wRR", "-wRR", "-www" },
        { "-wRR", "-wRR", "-wRR", "-www" } },
      "config-x=`2', granted `3': the guest gets more than was requested,"
      " because the backend does not keep its word, `2';",
      "config-x=`2' (vif.default.config), granted `3':", 3 },

    { "2", "2", "y=2", "2",
      { { "-wRR", "-wRR", "-wRR", "-www" },
        { "-wwR", "-wwR", "-wwR", "-www" } },
      "config-x=`2': the vif backend in domain 0 has no such feature;"
      " `xl backend-features -d 0 vif' lists what it has\n",
      "config-x=`2' (vif.default.config): the vif backend in domain 0 has no"
      " such feature", 1 },
    { "2", "2", NULL, "2",
      { { "-wRR", "-wRR", "-wRR", "-www" },
        { "-wwR", "-wwR", "-wwR", "-www" } },
      "its vif backend in domain 0 has no feature control, so config-x=`2' has"
      " no effect; load a driver that has it there, which there is for Linux"
      " only (see xen-feature-control(7)), or take the request away with"
      " config-<feature>=default\n",
      "so config-x=`2' (by default of the host) has no effect;", 3 },
    { "2", "1", NULL, NULL,
      { { "-wRR", "-wRR", "-wRR", "-www" },
        { "-wwR", "-wwR", "-wwR", "-www" } },
      "its vif backend in domain 0 does not answer, so config-x=`2' has no"
      " effect; see why in the log of that domain, or take the request away",
      "so config-x=`2' (by default of the host) has no effect;", 3 },

    { "two", "2", "x=malformed", "8",
      { { "-RRR", "-wRR", "-wRR", "-www" },
        { "-RRR", "-wRR", "-wRR", "-www" } },
      "config-x=`two', granted `8': not an unsigned decimal number, so the"
      " backend keeps its default; request a number, 0 or 1 for what is on or"
      " off\n",
      "config-x=`two' (vif.default.config), granted `8': not an unsigned", 2 },
};

START_TEST(table)
{
    const struct verdict *v = &verdicts[_i];
    char nic[128], expected[1024];
    const char *text;
    int of_host, o, l, rc;

    for (of_host = 0; of_host < 2; of_host++)
        for (o = 0; o < NUM_OCCASIONS; o++)
            for (l = 0; l < ARRAY_SIZE(words); l++) {
                char outcome = v->outcome[of_host][o][l];
                const char *line = of_host ? v->host_line : v->line;

                set_level(words[l]);
                answer(VIF, v->state, v->granted, v->published);
                snprintf(nic, sizeof(nic), "{\"devid\":0,\"%s\":"
                         "{\"x\":\"%s\"}}",
                         of_host ? "config_default" : "config", v->requested);
                said();
                rc = check(nic, "", occasions[o]);
                text = said();

                ck_assert_msg(rc == (outcome == 'R' ? ERROR_INVAL : 0),
                              "%d %d %s: %s", of_host, o, words[l], text);
                ck_assert_msg(count(text, "xl: ") ==
                              (outcome == 'R' ? 2 : outcome == 'w'),
                              "%d %d %s: %s", of_host, o, words[l], text);
                if (outcome != '-') {
                    snprintf(expected, sizeof(expected), "xl: %s: vif 0: ",
                             outcome == 'R' ? "error" : "warning");
                    ck_assert_msg(!strncmp(text, expected, strlen(expected)),
                                  "%s", text);
                    ck_assert_msg(strstr(text, line) != NULL, "%s", text);
                }
                snprintf(expected, sizeof(expected), "xl: error: the domain"
                         " is destroyed before it ran, because of"
                         " config_check=\"%s\"\n", words[l]);
                ck_assert_int_eq(count(text, expected), outcome == 'R');
                ck_assert_int_eq(fake_xs_requests(""), l ? v->reads : 0);
            }
}
END_TEST

/* A limit that takes away more the larger it is. */
START_TEST(restricts)
{
    const char *text;

    fake_xs_set("/local/domain/0/feature/backend/vif/x", "bool 0 1 0");
    fake_xs_set("/local/domain/0/feature/backend/vif/x/restricts", "1");
    set_level("strict");

    answer(VIF, "2", "x=1", "1");
    ck_assert_int_eq(check(NIC("\"config\":{\"x\":\"0\"}"), "",
                           OCCASION_ASKED), 0);
    ck_assert_str_eq(said(), "");

    answer(VIF, "2", "x=0", "0");
    ck_assert_int_eq(check(NIC("\"config\":{\"x\":\"1\"}"), "",
                           OCCASION_ASKED), ERROR_INVAL);
    text = said();
    ck_assert_msg(strstr(text, "gets more than was requested") != NULL, "%s",
                  text);
}
END_TEST

/* Which sentence there is where nothing is known of a device's requests. */
static const struct {
    const char *disk, *backend, *state, *line;
} controls[] = {
    { "\"backend\":\"phy\",\"format\":\"raw\"", VBD, "2",
      "disk xvda: its vbd backend in domain 0 has no feature control, so"
      " config-x=`1', config-y=`2' have no effect; load a driver" },
    { "\"backend\":\"qdisk\",\"format\":\"qcow2\"", QDISK, "2",
      "disk xvda: its qdisk backend in domain 0 has no feature control, so"
      " config-x=`1', config-y=`2' have no effect; use a QEMU that has it, or"
      " a disk that blkback serves (backendtype=phy), or take the requests"
      " away with config-<feature>=default\n" },
    { "\"backend\":\"standalone\",\"format\":\"raw\","
      "\"specification\":\"virtio\"",
      "/local/domain/0/backend/virtio_disk/4/51712", "1",
      "its virtio_disk backend in domain 0 has no feature control, so"
      " config-x=`1', config-y=`2' have no effect; use a disk of Xen's"
      " protocol (specification=xen), or take the requests away" },
};

START_TEST(no_control)
{
    char disk[256];
    const char *text;

    answer(controls[_i].backend, controls[_i].state, NULL, NULL);
    snprintf(disk, sizeof(disk), "{\"vdev\":\"xvda\",%s,\"config\":"
             "{\"x\":\"1\",\"y\":\"2\"}}", controls[_i].disk);
    ck_assert_int_eq(check("", disk, OCCASION_ASKED), 0);
    text = said();
    ck_assert_msg(strstr(text, controls[_i].line) != NULL, "%s", text);
    ck_assert_int_eq(count(text, "xl: "), 1);
}
END_TEST

START_TEST(nothing_requested)
{
    set_level("exact");
    ck_assert_int_eq(check(NIC("\"config\":{\"x\":\"default\"}"),
                           DISK("\"config\":{}"), OCCASION_REBOOT), 0);
    ck_assert_int_eq(check("{\"devid\":0}", "", OCCASION_ASKED), 0);
    ck_assert_str_eq(said(), "");
    ck_assert_int_eq(fake_xs_requests(""), 0);
}
END_TEST

/* All that is wrong is said, and what follows once. */
START_TEST(all_devices)
{
    const char *text;

    set_level("strict");
    answer(VIF, "2", "x=1 y=malformed", "1");
    answer(VBD, "2", NULL, NULL);
    ck_assert_int_eq(
        check(NIC("\"config\":{\"x\":\"0\",\"y\":\"\\\\\"},"
                  "\"config_default\":{\"x\":\"9\",\"z\":\"1\"}"),
              DISK("\"config\":{\"w\":\"1\"}"), OCCASION_MOVED), ERROR_INVAL);
    text = said();
    ck_assert_msg(count(text, "\n") == 5, "%s", text);
    ck_assert_msg(strstr(text, "error: vif 0: config-x=`0', granted `1'"),
                  "%s", text);
    ck_assert_msg(strstr(text, "error: vif 0: config-y=`\\': not"), "%s",
                  text);
    ck_assert_msg(strstr(text, "warning: vif 0: config-z=`1'"
                         " (vif.default.config): the vif"), "%s", text);
    ck_assert_msg(strstr(text, "error: disk xvda: its vbd backend"), "%s",
                  text);
    ck_assert_int_eq(count(text, "is destroyed"), 1);
    /*
     * vif 0: granted, state; x: published, restricts; y: published.
     * xvda: granted, the place of the version before, state.
     */
    ck_assert_int_eq(fake_xs_requests(""), 2 + 2 + 1 + 3);
}
END_TEST

static const struct {
    const char *word;
    enum config_occasion occasion;
    int rc;
    const char *line;
} unreadable[] = {
    { "off", OCCASION_ASKED, 0, NULL },
    { "warn", OCCASION_ASKED, 0, "xl: warning: what became of the requests to"
      " the devices of domain 4 cannot be read (libxl says why)\n" },
    { "strict", OCCASION_ASKED, ERROR_INVAL, "xl: error: what became of" },
    { "exact", OCCASION_REBOOT, ERROR_INVAL, "xl: error: what became of" },
    { "strict", OCCASION_KEPT, 0, "xl: warning: what became of" },
};

START_TEST(cannot_be_read)
{
    const char *text;

    set_level(unreadable[_i].word);
    answer(VIF, "2", "x=1", "1");
    fake_xs_fail(VIF "/granted", 1, EIO);
    ck_assert_int_eq(check(NIC("\"config\":{\"x\":\"1\"}"), "",
                           unreadable[_i].occasion), unreadable[_i].rc);
    text = said();
    if (unreadable[_i].line)
        ck_assert_msg(strstr(text, unreadable[_i].line), "%s", text);
    else
        ck_assert_str_eq(text, "");
}
END_TEST

/* A domain that was refused at a reboot */

static char refused[1024];

static void add_refused(const char *name, const char *reason, void *user)
{
    ck_assert_ptr_eq(user, refused);
    snprintf(refused + strlen(refused), sizeof(refused) - strlen(refused),
             "%s: %s\n", name, reason);
}

static const char *list(void)
{
    refused[0] = 0;
    ck_assert_int_eq(list_refused(add_refused, refused), count(refused, "\n"));
    return refused;
}

static int check_named(const char *name, enum config_occasion occasion)
{
    libxl_domain_config d_config;
    int rc;

    parse(&d_config, NIC("\"config\":{\"x\":\"0\",\"y\":\"0\"}"), "");
    free(d_config.c_info.name);
    d_config.c_info.name = name ? strdup(name) : NULL;
    rc = check_granted(DOMID, &d_config, occasion);
    libxl_domain_config_dispose(&d_config);

    return rc;
}

#define REASON "vif 0: config-x=`0', granted `1': the guest gets more than was" \
    " requested, because the backend can give no less; request what was" \
    " granted, or `default' if it does not matter\n"

START_TEST(refused_at_reboot)
{
    set_level("strict");
    ck_assert_str_eq(list(), "");

    answer(VIF, "2", "x=1 y=1", "1");
    ck_assert_int_eq(check_named("guest", OCCASION_ASKED), ERROR_INVAL);
    ck_assert_int_eq(check_named("guest", OCCASION_MOVED), ERROR_INVAL);
    ck_assert_str_eq(list(), "");

    ck_assert_int_eq(check_named("guest", OCCASION_REBOOT), ERROR_INVAL);
    ck_assert_str_eq(list(), "guest: " REASON);

    /* A person tries, in vain. */
    ck_assert_int_eq(check_named("guest", OCCASION_ASKED), ERROR_INVAL);
    ck_assert_str_eq(list(), "guest: " REASON);
    /* Another one comes up. */
    answer(VIF, "2", "x=0 y=0", "0");
    ck_assert_int_eq(check_named("other", OCCASION_ASKED), 0);
    ck_assert_int_eq(check_named(NULL, OCCASION_ASKED), 0);
    ck_assert_str_eq(list(), "guest: " REASON);

    ck_assert_int_eq(check_named("guest", OCCASION_ASKED), 0);
    ck_assert_str_eq(list(), "");
}
END_TEST

/* By what a domain is not refused any more: its name, and the setting. */
static const struct {
    const char *refused, *comes_up, *word;
    enum config_occasion occasion;
} forgotten[] = {
    { "guest", "guest", "off", OCCASION_ASKED },
    { "guest", "guest", "warn", OCCASION_ASKED },
    { "guest", "guest", "strict", OCCASION_KEPT },
    { "guest", "guest--incoming", "strict", OCCASION_MOVED },
    { "a/b", "a/b", "off", OCCASION_ASKED },
};

START_TEST(refused_no_more)
{
    set_level("strict");
    answer(VIF, "2", "x=1 y=1", "1");
    ck_assert_int_eq(check_named(forgotten[_i].refused, OCCASION_REBOOT),
                     ERROR_INVAL);
    ck_assert_int_eq(count(list(), REASON), 1);

    set_level(forgotten[_i].word);
    if (!strcmp(forgotten[_i].word, "strict"))
        answer(VIF, "2", "x=0 y=0", "0");
    ck_assert_int_eq(check_named(forgotten[_i].comes_up,
                                 forgotten[_i].occasion), 0);
    ck_assert_str_eq(list(), "");
}
END_TEST

/* New devices: backends that get as far as libxl waits for. */

static void backend(const char *path)
{
    const char *state = fake_xs_get(path);
    char node[256];

    if (!strstr(path, "/backend/") || strcmp(strrchr(path, '/'), "/state") ||
        !state)
        return;
    if (!strcmp(state, "1")) {
        snprintf(node, sizeof(node), "%.*s/granted",
                 (int)(strlen(path) - strlen("/state")), path);
        fake_xs_set(node, "x=1");
        fake_xs_set(path, "2");
    } else if (!strcmp(state, "5")) {
        fake_xs_set(path, "6");
    }
}

static void attach_setup(void)
{
    static const char json[] = "{\"c_info\":{\"type\":\"pv\"},"
        "\"b_info\":{\"type.pv\":{}}}";

    setup();
    ck_assert_int_eq(system("rm -rf " TEST_LIB_DIR " && mkdir -p "
                            TEST_LIB_DIR), 0);
    ck_assert_int_eq(libxl_userdata_store(ctx, DOMID, "libxl-json",
                                          (const uint8_t *)json,
                                          sizeof(json)), 0);
    fake_xs_set("/libxl/4/type", "pv");
    fake_xs_set("/libxl/4/dm-version", "qemu_xen_traditional");
    fake_xs_set("/local/domain/4/image/device-model-pid", "1");
    fake_xs_changed = backend;
}

static void new_nic(libxl_device_nic *nic, const char *value)
{
    libxl_device_nic_init(nic);
    nic->devid = 0;
    nic->nictype = LIBXL_NIC_TYPE_VIF;
    nic->script = strdup("/bin/true");
    nic->config = calloc(3, sizeof(*nic->config));
    nic->config[0] = strdup("x");
    nic->config[1] = strdup(value);
}

static const struct {
    const char *word, *value;
    bool refused;
} attached[] = {
    { "strict", "1", false },
    { "off", "0", false },
    { "warn", "0", false },
    { "strict", "0", true },
    { "strict", "2", false },
    { "exact", "2", true },
};

START_TEST(attached_nic)
{
    libxl_device_nic nic;
    const char *text;

    set_level(attached[_i].word);
    new_nic(&nic, attached[_i].value);
    ck_assert_msg(!libxl_device_nic_add(ctx, DOMID, &nic, NULL), "%s", said());
    ck_assert_str_eq(fake_xs_get(VIF "/config/x"), attached[_i].value);
    ck_assert_int_eq(check_granted_nic(DOMID, &nic),
                     attached[_i].refused ? ERROR_INVAL : 0);
    libxl_device_nic_dispose(&nic);

    text = said();
    ck_assert_msg(count(text, "xl: error: the device is removed again, because"
                        " of config_check=") == attached[_i].refused,
                  "%s", text);
    ck_assert_int_eq(fake_xs_count(VIF) > 0, !attached[_i].refused);
    ck_assert_int_eq(fake_xs_count("/libxl/4/device/vif/0") > 0,
                     !attached[_i].refused);
}
END_TEST

START_TEST(attached_disk)
{
    libxl_device_disk disk;

    set_level("strict");
    libxl_device_disk_init(&disk);
    disk.vdev = strdup("xvda");
    disk.pdev_path = strdup("/dev/zero");
    disk.script = strdup("/bin/true");
    disk.format = LIBXL_DISK_FORMAT_RAW;
    disk.backend = LIBXL_DISK_BACKEND_PHY;
    disk.config = calloc(3, sizeof(*disk.config));
    disk.config[0] = strdup("x");
    disk.config[1] = strdup("0");
    ck_assert_msg(!libxl_device_disk_add(ctx, DOMID, &disk, NULL), "%s",
                  said());
    ck_assert_int_eq(check_granted_disk(DOMID, &disk), ERROR_INVAL);
    ck_assert_ptr_nonnull(strstr(said(), "xl: error: disk xvda: config-x=`0',"
                                 " granted `1': "));
    ck_assert_int_eq(fake_xs_count(VBD), 0);
    libxl_device_disk_dispose(&disk);
}
END_TEST

/* Also under strict it is said, and no more. */
static const struct {
    const char *word, *stubdomain, *backend, *said;
    libxl_disk_backend by;
} media[] = {
    { "strict", NULL, QDISK, "xl: warning: disk xvda: its qdisk backend",
      LIBXL_DISK_BACKEND_QDISK },
    { "off", NULL, QDISK, NULL, LIBXL_DISK_BACKEND_QDISK },
    { "strict", "6", "/local/domain/0/backend/vbd/6/51712",
      "xl: warning: disk xvda: its vbd backend", LIBXL_DISK_BACKEND_PHY },
};

START_TEST(medium)
{
    libxl_device_disk disk;
    const char *text;

    set_level(media[_i].word);
    answer(media[_i].backend, "2", NULL, NULL);
    if (media[_i].stubdomain)
        fake_xs_set("/local/domain/4/image/device-model-domid",
                    media[_i].stubdomain);
    libxl_device_disk_init(&disk);
    disk.vdev = strdup("xvda");
    disk.is_cdrom = 1;
    disk.format = LIBXL_DISK_FORMAT_RAW;
    disk.backend = media[_i].by;
    disk.config = calloc(3, sizeof(*disk.config));
    disk.config[0] = strdup("x");
    disk.config[1] = strdup("0");
    check_medium(DOMID, &disk);
    libxl_device_disk_dispose(&disk);
    text = said();
    if (media[_i].said)
        ck_assert_msg(strstr(text, media[_i].said) &&
                      strstr(text, "has no feature control"), "%s", text);
    else
        ck_assert_str_eq(text, "");
}
END_TEST

/* It may have it still: that is to be known. */
START_TEST(cannot_be_removed)
{
    libxl_device_nic nic;
    const char *text;

    set_level("strict");
    new_nic(&nic, "0");
    ck_assert_int_eq(libxl_device_nic_add(ctx, DOMID, &nic, NULL), 0);
    /* After granted, the request and its state: the removal's. */
    fake_xs_fail("vif/4/0", 4, EIO);
    ck_assert_int_eq(check_granted_nic(DOMID, &nic), ERROR_INVAL);
    text = said();
    ck_assert(fake_xs_failed());
    ck_assert_msg(strstr(text, "xl: error: vif 0 was not removed cleanly, and"
                         " the guest may have it still: see `xl network-list"
                         " 4'\n"), "%s", text);
    libxl_device_nic_dispose(&nic);
}
END_TEST

/* By which --check goes. */
static const struct {
    const char *word;
    libxl_feature_verdict verdict;
    bool wrong;
} wrongs[] = {
    { "off", LIBXL_FEATURE_VERDICT_MORE, false },
    { "off", LIBXL_FEATURE_VERDICT_MALFORMED, false },
    { "warn", LIBXL_FEATURE_VERDICT_NOT_REQUESTED, false },
    { "warn", LIBXL_FEATURE_VERDICT_GRANTED, false },
    { "warn", LIBXL_FEATURE_VERDICT_LESS, false },
    { "warn", LIBXL_FEATURE_VERDICT_MORE, true },
    { "warn", LIBXL_FEATURE_VERDICT_UNKNOWN, true },
    { "warn", LIBXL_FEATURE_VERDICT_NO_CONTROL, true },
    { "warn", LIBXL_FEATURE_VERDICT_MALFORMED, true },
    { "strict", LIBXL_FEATURE_VERDICT_LESS, false },
    { "strict", LIBXL_FEATURE_VERDICT_MORE, true },
    { "exact", LIBXL_FEATURE_VERDICT_LESS, true },
    { "exact", LIBXL_FEATURE_VERDICT_GRANTED, false },
};

START_TEST(is_wrong)
{
    libxl_device_feature feature = {
        .verdict = wrongs[_i].verdict, .requested = (char *)"2",
    };

    set_level(wrongs[_i].word);
    ck_assert_int_eq(verdict_is_wrong(&feature), wrongs[_i].wrong);
}
END_TEST

/* The record of a domain, and another configuration for it */

#define SEGMENTS "feature-max-indirect-segments"

static const struct kept {
    const char *nics, *disks, *record_nics, *record_disks;
    int warn, strict; /* lines of each */
    const char *line; /* under warn */
    const char *now;  /* of the first nic's config_default */
} kept[] = {
    /* The same. */
    { NIC("\"config\":{\"x\":\"1\"}"), "", NIC("\"config\":{\"x\":\"1\"}"), "",
      0, 0, NULL, NULL },
    /* One that was let go. */
    { NIC("\"config\":{\"x\":\"default\"}"), "",
      NIC("\"config\":{\"x\":\"1\"}"), "", 1, 1,
      "vif 0: config-x is `default' now, and was `1'\n", NULL },
    { NIC("\"config\":{}"), "", NIC("\"config\":{\"x\":\"default\"}"), "",
      0, 0, NULL, NULL },
    /* Fewer. */
    { NIC("\"config\":{\"y\":\"2\"}"), "",
      NIC("\"config\":{\"x\":\"1\",\"y\":\"2\"}"), "", 1, 2,
      "vif 0: config-x=`1' was requested of it, and the configuration given"
      " here does not have it; say the same, or config-x=default to let it"
      " go\n", NULL },
    { "", DISK("\"config\":{}"), "", DISK("\"config\":{\"x\":\"1\"}"), 1, 2,
      "disk xvda: config-x=`1' was requested of it", NULL },
    /* Another value. */
    { NIC("\"config\":{\"x\":\"2\"}"), "", NIC("\"config\":{\"x\":\"1\"}"), "",
      1, 1, "vif 0: config-x is `2' now, and was `1'\n", NULL },
    /* Blanks in a record of an older version do not count. */
    { NIC("\"config\":{\"x\":\"1\",\"y\":\"1 2\"}"), "",
      NIC("\"config\":{\"x\":\" 1 \\t\",\"y\":\"1 3\"}"), "", 1, 1,
      "vif 0: config-y is `1 2' now, and was `1 3'\n", NULL },
    /* The last of a key counts. */
    { NIC("\"config\":{\"x\":\"2\"}"), "",
      NIC("\"config\":{\"x\":\"1\",\"x\":\"2\"}"), "", 0, 0, NULL, NULL },
    { NIC("\"config\":{}"), "",
      NIC("\"config\":{\"x\":\"1\",\"x\":\"2\"}"), "", 1, 2,
      "config-x=`2' was requested", NULL },
    /* What is in no feature's name. */
    { NIC("\"config\":{}"), "", NIC("\"config\":{\"\\u001b[2J\":\"\\n\"}"), "",
      1, 2, "vif 0: config-\\x1b[2J=`\\x0a' was requested", NULL },
    { NIC("\"config\":{\"x\":null}"), "",
      NIC("\"config\":{\"x\":\"1\",\"y\":null}"), "", 1, 2,
      "vif 0: config-x=`1' was requested", NULL },
    /* Fewer segments than the guest may have merged requests for. */
    { "", DISK("\"config\":{\"" SEGMENTS "\":\"32\"}"), "", DISK("\"config\":{}"), 1, 1,
      "disk xvda: a request can have 32 indirect segments now, and 256 when"
      " the guest was saved: Linux may stop if it was writing then\n", NULL },
    { "", DISK("\"config\":{\"" SEGMENTS "\":\"0\"}"), "",
      DISK("\"config_default\":{\"" SEGMENTS "\":\"16\"}"), 1, 1,
      "can have 0 indirect segments now, and 16 when", NULL },
    { "", DISK("\"config\":{\"" SEGMENTS "\":\"999\"}"), "", DISK("\"config\":{}"),
      0, 0, NULL, NULL },
    { "", DISK("\"config\":{}"), "", DISK("\"config_default\":{\"" SEGMENTS "\":\"16\"}"),
      0, 0, NULL, NULL },
    /* Devices that are gone, or new. */
    { "", "", NIC("\"config\":{\"x\":\"1\"}"),
      DISK("\"config\":{\"x\":\"1\"}"), 0, 0, NULL, NULL },
    { NIC("\"config\":{\"x\":\"1\"},\"config_default\":{\"h\":\"1\"}"),
      DISK("\"config\":{\"x\":\"1\"}"), "", "", 0, 0, NULL, "1" },
    { "{\"devid\":1,\"config\":{}}", "", "{\"config\":{}},"
      "{\"config\":{\"x\":\"1\"}}", "", 1, 2,
      "vif 1: config-x=`1' was requested", NULL },
    /* The record's defaults, if it has some. */
    { NIC("\"config\":{},\"config_default\":{\"h\":\"1\"}"), "",
      NIC("\"config_default\":{\"h\":\"7\"}"), "", 0, 0, NULL, "7" },
    { NIC("\"config\":{},\"config_default\":{\"h\":\"1\"}"), "",
      NIC("\"config\":{}"), "", 0, 0, NULL, NULL },
};

START_TEST(recorded)
{
    const struct kept *k = &kept[_i / 3];
    const char *word = words[_i % 3], *text;
    bool strict = _i % 3 == 2;
    libxl_domain_config d_config, record;
    int rc, lines = _i % 3 == 0 ? 0 : strict ? k->strict : k->warn;

    set_level(word);
    parse(&d_config, k->nics, k->disks);
    parse(&record, k->record_nics, k->record_disks);
    rc = keep_recorded_requests(&d_config, &record);
    text = said();

    ck_assert_msg(count(text, "\n") == lines, "%s", text);
    ck_assert_int_eq(rc, strict && lines == 2 ? ERROR_INVAL : 0);
    ck_assert_int_eq(count(text, "xl: error: nothing is done, because of"
                           " config_check=\"strict\"\n"), rc ? 1 : 0);
    if (lines)
        ck_assert_msg(strstr(text, k->line) != NULL, "%s", text);
    if (d_config.num_nics) {
        libxl_key_value_list def = d_config.nics[0].config_default;

        if (k->now) {
            ck_assert_ptr_nonnull(def);
            ck_assert_str_eq(def[1], k->now);
        } else {
            ck_assert_msg(!def || !def[0], "%s", def[0]);
        }
    }
    libxl_domain_config_dispose(&d_config);
    libxl_domain_config_dispose(&record);
}
END_TEST

START_TEST(recorded_of_a_disk)
{
    libxl_domain_config d_config, record;

    parse(&d_config, "", DISK("\"config_default\":{\"h\":\"1\"}"));
    parse(&record, "", DISK("\"config_default\":{\"h\":\"7\"}"));
    ck_assert_int_eq(keep_recorded_requests(&d_config, &record), 0);
    ck_assert_str_eq(d_config.disks[0].config_default[1], "7");
    libxl_domain_config_dispose(&d_config);
    libxl_domain_config_dispose(&record);
}
END_TEST

/* A stream */

static const struct {
    const char *nics, *disks, *note; /* NULL: no request */
} streams[] = {
    { "", "", NULL },
    { "{\"devid\":0}", DISK("\"config\":{}"), NULL },
    { NIC("\"config\":{\"x\":\"default\"},\"config_default\":{\"x\":\"1\"}"),
      "", NULL },
    { NIC("\"config\":{\"x\":\"1\"},\"config_default\":{\"x\":\"2\"}"), "",
      "xl: note: 1 request of features (config-) goes along; a host without"
      " feature control ignores them\n" },
    { NIC("\"config\":{\"x\":\"1\"},\"config_default\":{\"y\":\"2\"}"),
      DISK("\"config_default\":{\"z\":\"2\"}"),
      "xl: note: 3 requests of features (config-) go along;" },
};

START_TEST(stream_flags)
{
    uint32_t flags;
    const char *text;
    char *json;
    int l;

    ck_assert_int_ge(asprintf(&json, "{\"nics\":[%s],\"disks\":[%s]}",
                              streams[_i].nics, streams[_i].disks), 0);
    for (l = 0; l < ARRAY_SIZE(words); l++) {
        set_level(words[l]);
        flags = config_check_stream_flags(json);
        text = said();
        ck_assert_uint_eq(flags, streams[_i].note && l >= 2 ? 1U << 30 : 0);
        if (streams[_i].note && l == 1)
            ck_assert_msg(!strncmp(text, streams[_i].note,
                                   strlen(streams[_i].note)), "%s", text);
        else
            ck_assert_str_eq(text, "");
    }
    free(json);
}
END_TEST

/* Defaults that a domain does not have */

static const struct {
    const char *conf, *nics, *disks, *line;
} missing[] = {
    { "", NIC("\"config\":{}"), "", NULL },
    { "vif.default.config='a=1'", NIC("\"config_default\":{\"a\":\"2\"}"), "",
      NULL },
    { "vif.default.config='a=1'", NIC("\"config\":{\"a\":\"default\"}"), "",
      NULL },
    { "vif.default.config='a=default'", NIC("\"config\":{}"), "", NULL },
    { "vif.default.config='a=1,b=2,c=3'\ndisk.default.config='d=4'\n",
      NIC("\"config\":{\"b\":\"9\"}") ",{}", DISK("\"config\":{}"),
      "xl: note: guest keeps the defaults that it was made with; of this"
      " host's, it does not have a=1,c=3 of vif 0; a=1,b=2,c=3 of vif 1; d=4 of"
      " disk xvda\n" },
    { "qdisk.default.config='d=4'", "", DISK("\"config\":{}"), NULL },
};

START_TEST(missing_defaults)
{
    libxl_domain_config d_config;
    int num;

    settings(missing[_i].conf);
    parse(&d_config, missing[_i].nics, missing[_i].disks);
    num = report_missing_defaults(&d_config);
    ck_assert_str_eq(said(), missing[_i].line ?: "");
    ck_assert_int_eq(num > 0, missing[_i].line != NULL);
    libxl_domain_config_dispose(&d_config);
}
END_TEST

/* It is said when a domain comes from elsewhere, and at its reboots. */
START_TEST(missing_when)
{
    libxl_domain_config d_config;

    settings("vif.default.config='a=1'\nconfig_check='strict'");
    parse(&d_config, NIC("\"config\":{}"), "");
    ck_assert_int_eq(check_requests(&d_config, OCCASION_MOVED), 0);
    ck_assert_int_eq(count(said(), "xl: note: guest keeps"), 1);
    ck_assert_int_eq(check_granted(DOMID, &d_config, OCCASION_MOVED), 0);
    ck_assert_str_eq(said(), "");
    ck_assert_int_eq(check_granted(DOMID, &d_config, OCCASION_REBOOT), 0);
    ck_assert_int_eq(count(said(), "xl: note: guest keeps"), 1);
    ck_assert_int_eq(check_granted(DOMID, &d_config, OCCASION_ASKED), 0);
    ck_assert_str_eq(said(), "");
    libxl_domain_config_dispose(&d_config);
}
END_TEST

/* A mistake in xl.conf: nothing new is made, what exists goes on. */
static const struct {
    enum config_occasion occasion;
    int rc;
    const char *line;
} mistakes[] = {
    { OCCASION_ASKED, ERROR_INVAL, "xl: error: nothing is created or changed,"
      " because of the mistake named above\n" },
    { OCCASION_UPDATE, ERROR_INVAL, "xl: error: nothing is created" },
    { OCCASION_MOVED, 0, "xl: warning: going on in spite of the mistake named"
      " above, with the requests that the domain has\n" },
    { OCCASION_KEPT, 0, "xl: warning: going on" },
};

START_TEST(mistake)
{
    libxl_domain_config d_config;
    const char *text;

    settings("vif.default.config='a'");
    text = said();
    ck_assert_msg(count(text, "\n") == 1, "%s", text);
    ck_assert(device_defaults_wrong());
    parse(&d_config, "", "");
    ck_assert_int_eq(check_requests(&d_config, mistakes[_i].occasion),
                     mistakes[_i].rc);
    text = said();
    ck_assert_msg(!strncmp(text, mistakes[_i].line, strlen(mistakes[_i].line)),
                  "%s", text);
    libxl_domain_config_dispose(&d_config);
}
END_TEST

/* A configuration in text, for the monitor */

static const struct {
    const char *conf, *text;
} stored[] = {
    { "", "name='x'" },
    { "vif.default.config='a=1,b=default'\ndisk.default.config='c=2'\n"
      "config_check='exact'", "memory=1\n" },
    { "qdisk.default.config='c=2'\nconfig_check='off'",
      "memory=1\n# a comment\n" },
    /* The text has its own, which were read when it was. */
    { "vif.default.config='a=3'\nconfig_check='strict'",
      "vif.default.config='a=1'\nconfig_check='warn'" },
    { "vif.default.config='a=\\\\\"'", "" },
};

static const char *defaults_now(void)
{
    static char text[1024];
    libxl_device_disk disk;
    libxl_device_nic nic;
    char *json[3];
    int i;

    libxl_device_nic_init(&nic);
    complete_nic_device_config(&nic);
    json[0] = libxl_device_nic_to_json(ctx, &nic);
    libxl_device_nic_dispose(&nic);
    for (i = 0; i < 2; i++) {
        libxl_device_disk_init(&disk);
        disk.vdev = strdup("xvda");
        disk.backend = i ? LIBXL_DISK_BACKEND_PHY : LIBXL_DISK_BACKEND_QDISK;
        complete_disk_device_config(&disk, LIBXL_DOMAIN_TYPE_PV);
        json[1 + i] = libxl_device_disk_to_json(ctx, &disk);
        libxl_device_disk_dispose(&disk);
    }
    snprintf(text, sizeof(text), "%s%s%s%s", json[0], json[1], json[2],
             config_check_word());
    for (i = 0; i < ARRAY_SIZE(json); i++)
        free(json[i]);

    return text;
}

START_TEST(stored_text)
{
    void *config = strdup(stored[_i].text);
    int len = strlen(config);
    char *counted;

    settings(stored[_i].conf);
    read_settings(stored[_i].text, "guest.cfg");
    counted = strdup(defaults_now());
    append_settings(&config, &len);
    ck_assert_int_eq(len, strlen(config));
    ck_assert_msg(!strncmp(config, stored[_i].text, strlen(stored[_i].text)),
                  "%s", (char *)config);

    settings("vif.default.config='a=9,z=9'\ndisk.default.config='z=9'\n"
             "qdisk.default.config='z=9'\nconfig_check='strict'");
    ck_assert_str_ne(defaults_now(), counted);
    read_settings(config, "<updated>");
    ck_assert(!device_defaults_wrong());
    ck_assert_str_eq(defaults_now(), counted);
    free(counted);
    free(config);
}
END_TEST

/* A domain that exists: a file that xl save could have written. */
static void save(const char *json, uint32_t flags)
{
    struct {
        char magic[32];
        uint32_t byteorder, mandatory_flags, optional_flags, optional_len;
        uint32_t len;
    } header = {
        "Xen saved domain, xl format\n \0 \r", 0x01020304U, flags, 0,
        sizeof(uint32_t) + strlen(json) + 1, strlen(json) + 1,
    };
    FILE *f = fopen(SAVE_FILE, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fwrite(&header, sizeof(header), 1, f), 1);
    ck_assert_int_eq(fwrite(json, strlen(json) + 1, 1, f), 1);
    ck_assert_int_eq(fclose(f), 0);
}

#define JSON 1U
#define STREAM2 2U
#define FEATURE_CONTROL (1U << 30)

#define RECORD(lists) "{\"c_info\":{\"type\":\"pv\",\"name\":\"test\"}," \
    "\"b_info\":{\"type.pv\":{}},\"nics\":[{\"devid\":0," lists "}]}"

/* The configuration, without blanks. */
static const char *printed(void)
{
    static char text[65536];
    char *p = text;
    FILE *f = fopen(PRINTED, "r");
    int c;

    ck_assert_ptr_nonnull(f);
    while ((c = getc(f)) != EOF)
        if (!strchr(" \n", c) && p < text + sizeof(text) - 1)
            *p++ = c;
    *p = 0;
    fclose(f);

    return text;
}

/* Of the last run. */
static const char *err, *out;

static void has(const char *json)
{
    ck_assert_msg(strstr(out, json) != NULL, "no %s in %s", json, out);
}

/* As xl restore begins; it prints the configuration, and goes no further. */
static int restore_as(const char *config_file)
{
    struct domain_create dom_info = {
        .restore_file = SAVE_FILE, .config_file = config_file,
        .migrate_fd = -1, .quiet = 1,
    };
    int rc;

    ck_assert_int_eq(ftruncate(STDOUT_FILENO, 0), 0);
    dryrun_only = 1;
    __lsan_disable(); /* it leaves what it has to exit() */
    rc = create_domain(&dom_info);
    __lsan_enable();
    fflush(stdout);
    err = said();
    out = printed();

    return rc;
}

static int restore(const char *json)
{
    save(json, JSON | STREAM2);
    return restore_as(NULL);
}

static void domain(const char *vif)
{
    FILE *f = fopen(CFG_FILE, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_gt(fprintf(f, "name = 'test'\ntype = 'pv'\n"
                             "kernel = '/dev/null'\nmemory = 64\n"
                             "vif = [ '%s' ]\n", vif), 0);
    ck_assert_int_eq(fclose(f), 0);
}

static void restore_setup(void)
{
    setup();
    ck_assert_ptr_nonnull(freopen(PRINTED, "a", stdout));
}

/* Values of a record that are none. */
static const struct {
    const char *lists;
    bool taken;
    const char *says;
} records[] = {
    { "\"config\":{\"a\":\"1\"}", true, NULL },
    /* Blanks of an older version. */
    { "\"config\":{\"a\":\" 1 \"}", true, NULL },
    { "\"config\":{\"a\":null}", false, "cannot be kept" },
    { "\"config\":{\"a\":\"two\"}", true, "xl: warning: vif 0: config-a=`two'" },
    { "\"config\":{\"a\":\"\\u00e9\\u001b\"}", false, "cannot be kept" },
    { "\"config\":{\"a\":1}", false, "cannot be read" },
    { "\"config\":{\"a\":{}}", false, "cannot be read" },
    { "\"config\":{\"a\":\"\xe9\"}", false, "cannot be read" },
};

START_TEST(record)
{
    char *json;

    ck_assert_int_ge(asprintf(&json, RECORD("%s"), records[_i].lists), 0);
    ck_assert_msg(!restore(json) == records[_i].taken, "%s", err);
    if (records[_i].says)
        ck_assert_msg(strstr(err, records[_i].says) != NULL, "%s", err);
    else
        ck_assert_int_eq(count(err, "xl: "), 0);
    ck_assert_int_eq(!strchr(out, '{'), !!strstr(err, "cannot be read"));

    /* It is refused where that is asked for. */
    settings("config_check='strict'");
    ck_assert_int_eq(!restore(json), records[_i].taken && !records[_i].says);
    free(json);
}
END_TEST

/* What is restored keeps the defaults that it was made with. */
START_TEST(restored)
{
    settings("vif.default.config='a=1,b=2'");
    ck_assert_int_eq(restore(RECORD("\"config_default\":{\"a\":\"7\"}")), 0);
    has("\"config_default\":{\"a\":\"7\"}");
    ck_assert_msg(strstr(err, "xl: note: test keeps the defaults that it was"
                         " made with; of this host's, it does not have b=2 of"
                         " vif 0\n"), "%s", err);
    ck_assert_int_eq(restore(RECORD("\"config\":{\"a\":\"7\"}")), 0);
    ck_assert_ptr_null(strstr(out, "config_default"));

    settings("config_check='strict'\nvif.default.config='a'");
    ck_assert_int_eq(restore(RECORD("\"config\":{\"a\":\"7\"}")), 0);
    ck_assert_int_eq(count(err, "xl: warning: going on in spite of the mistake"
                           " named above, with the requests that the domain"
                           " has\n"), 1);
}
END_TEST

/* A configuration for what is restored: the record's requests are not lost. */
START_TEST(restored_otherwise)
{
    settings("vif.default.config='h=1'");
    domain("");
    save(RECORD("\"config\":{\"a\":\"7\"},\"config_default\":{\"h\":\"9\"}"),
         JSON | STREAM2);
    ck_assert_int_eq(restore_as(CFG_FILE), 0);
    ck_assert_msg(strstr(err, "xl: warning: vif 0: config-a=`7' was requested"),
                  "%s", err);
    has("\"config_default\":{\"h\":\"9\"}");
    settings("config_check='strict'");
    ck_assert_int_ne(restore_as(CFG_FILE), 0);
    ck_assert_ptr_nonnull(strstr(err, "xl: error: nothing is done"));
    ck_assert_ptr_null(strchr(out, '{'));
    domain("config-a=default");
    ck_assert_msg(restore_as(CFG_FILE) == 0, "%s", err);
    /* No record that could be read. */
    save("{", JSON | STREAM2);
    ck_assert_int_ne(restore_as(CFG_FILE), 0);
    /* None at all: an old format, whose text is replaced. */
    save("name='test'", STREAM2);
    ck_assert_int_eq(restore_as(CFG_FILE), 0);
}
END_TEST

/* A stream that asks for feature control is taken, for another it is not. */
START_TEST(mandatory_flags)
{
    save(RECORD("\"config\":{\"a\":\"7\"}"), JSON | STREAM2 | FEATURE_CONTROL);
    ck_assert_int_eq(restore_as(NULL), 0);
    save(RECORD("\"config\":{\"a\":\"7\"}"), JSON | STREAM2 | 1U << 29);
    ck_assert_int_ne(restore_as(NULL), 0);
    ck_assert_ptr_nonnull(strstr(err, "0x20000000 which are not supported"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("xl granted");
    TCase *tc = tcase_create("granted"), *attach = tcase_create("attach");
    TCase *tc_restore = tcase_create("restore");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, table, 0, ARRAY_SIZE(verdicts));
    tcase_add_test(tc, restricts);
    tcase_add_loop_test(tc, no_control, 0, ARRAY_SIZE(controls));
    tcase_add_test(tc, nothing_requested);
    tcase_add_test(tc, all_devices);
    tcase_add_loop_test(tc, cannot_be_read, 0, ARRAY_SIZE(unreadable));
    tcase_add_test(tc, refused_at_reboot);
    tcase_add_loop_test(tc, refused_no_more, 0, ARRAY_SIZE(forgotten));
    tcase_add_loop_test(tc, is_wrong, 0, ARRAY_SIZE(wrongs));
    tcase_add_loop_test(tc, recorded, 0, 3 * ARRAY_SIZE(kept));
    tcase_add_test(tc, recorded_of_a_disk);
    tcase_add_loop_test(tc, stream_flags, 0, ARRAY_SIZE(streams));
    tcase_add_loop_test(tc, missing_defaults, 0, ARRAY_SIZE(missing));
    tcase_add_test(tc, missing_when);
    tcase_add_loop_test(tc, mistake, 0, ARRAY_SIZE(mistakes));
    tcase_add_loop_test(tc, stored_text, 0, ARRAY_SIZE(stored));
    suite_add_tcase(s, tc);

    tcase_add_checked_fixture(attach, attach_setup, teardown);
    tcase_add_loop_test(attach, attached_nic, 0, ARRAY_SIZE(attached));
    tcase_add_test(attach, attached_disk);
    tcase_add_test(attach, cannot_be_removed);
    tcase_add_loop_test(attach, medium, 0, ARRAY_SIZE(media));
    suite_add_tcase(s, attach);

    tcase_add_checked_fixture(tc_restore, restore_setup, teardown);
    tcase_add_loop_test(tc_restore, record, 0, ARRAY_SIZE(records));
    tcase_add_test(tc_restore, restored);
    tcase_add_test(tc_restore, restored_otherwise);
    tcase_add_test(tc_restore, mandatory_flags);
    suite_add_tcase(s, tc_restore);

    return run_suite(s);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
