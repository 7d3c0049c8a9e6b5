/* SPDX-License-Identifier: GPL-2.0-only */
/* The monitors of domains, found in a /proc of the test's own. */

#include "xl_monitor.c" /* what it has of its own is tested, too */

#include <check.h>

#include "test-suite.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PROC "proc"
#define SELF "self"

libxl_ctx *ctx;

/* Domain 4, whose monitor is looked for, and two others. */
char *libxl_domid_to_name(libxl_ctx *c, uint32_t domid)
{
    return domid == 4 ? strdup("guest") : NULL;
}

int libxl_name_to_domid(libxl_ctx *c, const char *name, uint32_t *domid)
{
    *domid = 5;
    return strcmp(name, "other") && strcmp(name, "other.log") ? ERROR_INVAL
                                                              : 0;
}

static void put(const char *pid, const char *name, const char *content,
                size_t len)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof(path), PROC "/%s/%s", pid, name);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(content, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

static void point(const char *pid, const char *name, const char *where)
{
    char path[128];

    snprintf(path, sizeof(path), PROC "/%s/%s", pid, name);
    ck_assert_int_eq(symlink(where, path), 0);
}

/* log: what it writes its output to; exe, library: what it runs. */
static void process(const char *pid, const char *comm, const char *log,
                    const char *exe, const char *library)
{
    static const char cmdline[] = "xl\0-v\0cr\0/etc/xen/guest.cfg";
    char path[128], maps[512];

    snprintf(path, sizeof(path), PROC "/%s", pid);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    strcat(path, "/fd");
    ck_assert_int_eq(mkdir(path, 0700), 0);

    snprintf(maps, sizeof(maps),
             "5597f000-5597f800 r--p 00000000 fe:00 1 /usr/sbin/xl\n"
             "55980000-55990000 rw-p 00000000 00:00 0 \n"
             "7f700000-7f710000 r-xp 00002000 fe:00 %s\n"
             "7f720000-7f730000 r-xp 00002000 fe:00 7 /lib/libc.so.6\n",
             library);
    put(pid, "maps", maps, strlen(maps));
    put(pid, "comm", comm, strlen(comm));
    put(pid, "cmdline", cmdline, sizeof(cmdline));
    point(pid, "exe", exe);
    point(pid, "fd/1", log);
}

#define LOG "/var/log/xen/xl-"
#define NEW "../../new"
#define OLD "../../old"
#define LIB "31 /usr/lib/x86_64-linux-gnu/libxenlight.so.4.17.0"
#define OLD_LIB "30 /usr/lib/x86_64-linux-gnu/libxenlight.so.4.17.0 (deleted)"

static void setup(void)
{
    ck_assert_int_eq(system("rm -rf " PROC " old new && mkdir " PROC
                            " && touch old new"), 0);
    process(SELF, "xl\n", "/dev/pts/0", NEW, LIB);
    ck_assert_int_eq(mkdir(PROC "/sys", 0700), 0);
}

static void teardown(void)
{
    ck_assert_int_eq(system("rm -rf " PROC " old new"), 0);
}

static const struct {
    const char *comm, *log, *exe, *library;
    bool found, certain;
} one[] = {
    { "xl\n", LOG "guest.log", NEW, LIB },
    { "xl\n", LOG "guest.log", OLD, LIB, true, true },
    { "xl\n", LOG "guest.log", NEW, OLD_LIB, true, true },
    /* Another file of the same name, not removed: another inode. */
    { "xl\n", LOG "guest.log", NEW,
      "32 /usr/lib/x86_64-linux-gnu/libxenlight.so.4.17.0", true, true },
    { "xl\n", LOG "guest.log", NEW,
      "31 /usr/lib/x86_64-linux-gnu/libxenlight-features.so.4.17.0" },
    { "xl\n", LOG "guest.log", NEW,
      "32 /usr/lib/x86_64-linux-gnu/libxenlight-features.so.4.17.0", true, true },
    { "xl\n", LOG "guest.log", OLD, "9 /lib/libz.so.1", true, true },
    { "xl\n", LOG "guest--incoming.log", OLD, OLD_LIB, true, true },
    { "xl\n", LOG "guest--incoming.log", NEW, LIB },
    /* Not xl. */
    { "xlx\n", LOG "guest.log", OLD, OLD_LIB },
    { "qemu-system-i38\n", LOG "guest.log", OLD, OLD_LIB },
    /* Another domain's. */
    { "xl\n", LOG "other.log", OLD, OLD_LIB },
    /* The domain may have had another name, or the log has. */
    { "xl\n", LOG "former.log", OLD, OLD_LIB, true },
    { "xl\n", LOG "former.log", NEW, LIB },
    { "xl\n", LOG "guest.log.1", OLD, OLD_LIB, true },
    { "xl\n", LOG "other.log.3", OLD, OLD_LIB, true },
    { "xl\n", LOG "guest.log (deleted)", OLD, OLD_LIB, true },
    { "xl\n", LOG "other.log.log", OLD, OLD_LIB },
    /* In the foreground. */
    { "xl\n", "/dev/pts/3", OLD, OLD_LIB, true },
    { "xl\n", "/dev/pts/3", NEW, LIB },
};

START_TEST(one_process)
{
    bool certain;

    process("77", one[_i].comm, one[_i].log, one[_i].exe, one[_i].library);
    ck_assert_int_eq(find_old_monitor(PROC, "guest", &certain),
                     one[_i].found ? 77 : 0);
    ck_assert_int_eq(certain, one[_i].certain);
}
END_TEST

/* What stays in the foreground for something else is no monitor. */
START_TEST(other_commands)
{
    static const char *const commands[] = {
        "devd", "console", "create", "rest", "migrate-r"
    };
    char words[64];
    bool certain;
    int i, len;

    process("77", "xl\n", "/dev/null", OLD, OLD_LIB);
    for (i = 0; i < ARRAY_SIZE(commands); i++) {
        len = snprintf(words, sizeof(words), "/usr/sbin/xl%c-f%c%s%c-F", 0, 0,
                       commands[i], 0);
        put("77", "cmdline", words, len + 1);
        ck_assert_int_eq(find_old_monitor(PROC, "guest", &certain),
                         i < 2 ? 0 : 77);
    }
    put("77", "cmdline", "", 0);
    ck_assert_int_eq(find_old_monitor(PROC, "guest", &certain), 0);
    put("77", "cmdline", "xl", 3);
    ck_assert_int_eq(find_old_monitor(PROC, "guest", &certain), 0);
}
END_TEST

/* With a monitor of its own that is not old, no other matters. */
START_TEST(several)
{
    bool certain;

    process("70", "xl\n", LOG "former.log", OLD, OLD_LIB);
    process("71", "xl\n", LOG "guest.log", NEW, LIB);
    process("72", "xl\n", LOG "guest.log.1", OLD, OLD_LIB);
    ck_assert_int_eq(find_old_monitor(PROC, "guest", &certain), 0);
    ck_assert(!certain);

    process("73", "xl\n", LOG "guest.log", OLD, OLD_LIB);
    ck_assert_int_eq(find_old_monitor(PROC, "guest", &certain), 73);
    ck_assert(certain);
}
END_TEST

/* Processes come and go; and nobody is warned for want of knowing. */
START_TEST(gone)
{
    bool certain;

    ck_assert_int_eq(find_old_monitor("nosuch", "guest", &certain), 0);
    process("70", "xl\n", LOG "guest.log", "../../nosuch", OLD_LIB);
    ck_assert_int_eq(find_old_monitor(PROC, "guest", &certain), 0);
    ck_assert_int_eq(unlink(PROC "/70/comm"), 0);
    ck_assert_int_eq(find_old_monitor(PROC, "guest", &certain), 0);
    process("71", "xl\n", LOG "guest.log", OLD, OLD_LIB);
    ck_assert_int_eq(unlink(PROC "/71/maps"), 0);
    ck_assert_int_eq(find_old_monitor(PROC, "guest", &certain), 0);
}
END_TEST

START_TEST(warning)
{
    FILE *own = stderr;
    char *text;
    size_t len;

    process("70", "xl\n", LOG "guest.log", NEW, LIB);
    stderr = open_memstream(&text, &len);
    warn_of_monitor(PROC, 4, "what is requested of vif 1");
    warn_of_monitor(PROC, 6, "what is requested of vif 1");
    fflush(stderr);
    ck_assert_str_eq(text, "");

    process("71", "xl\n", LOG "guest.log", OLD, LIB);
    warn_of_monitor(PROC, 4, "what is requested of vif 1");
    fclose(stderr);
    stderr = own;
    ck_assert_str_eq(text, "xl: warning: domain guest is monitored by an xl"
        " (process 71) of another version than this one: what is requested of"
        " vif 1 can be lost when the domain reboots, or keep it from coming up"
        " again; save and restore the domain, or shut it down and create it"
        " again, to have it monitored by this version\n");
    free(text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("xl monitor");
    TCase *tc = tcase_create("monitor");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, one_process, 0, ARRAY_SIZE(one));
    tcase_add_test(tc, other_commands);
    tcase_add_test(tc, several);
    tcase_add_test(tc, gone);
    tcase_add_test(tc, warning);
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
