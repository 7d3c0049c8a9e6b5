/* SPDX-License-Identifier: GPL-2.0-only */
/* See run-xl.h. */

#define _GNU_SOURCE

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run-xl.h"

#define OUT_FILE "stdout"
#define ERR_FILE "stderr"
#define DUMP_FILE "dump"
#define STORE_FILE "store"
#define REQUESTS_FILE "requests"

char *printed, *out, *err, *dump;
int requests;

/* All of a file, as a string; one that is not there is empty. */
static char *slurp(const char *name)
{
    const size_t max = 1 << 18;
    char *text = calloc(1, max);
    FILE *f = fopen(name, "r");
    size_t len;

    ck_assert_ptr_nonnull(text);
    if (!f) {
        ck_assert_msg(errno == ENOENT, "%s: %s", name, strerror(errno));
        return text;
    }
    len = fread(text, 1, max, f);
    ck_assert_msg(!ferror(f), "%s: %s", name, strerror(errno));
    ck_assert_msg(len < max, "%s: too large", name);
    ck_assert_msg(!memchr(text, 0, len), "%s: more than text", name);
    fclose(f);
    return text;
}

static void spill(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

void xl_store(const char *nodes)
{
    spill(STORE_FILE, nodes);
}

void xl_conf(const char *text)
{
    spill(CONF_FILE, text);
}

void xl_domain(const char *text)
{
    spill(CFG_FILE, text);
}

static void forget_run(void)
{
    free(printed);
    free(out);
    free(err);
    free(dump);
    printed = out = err = dump = NULL;
    unlink(OUT_FILE);
    unlink(ERR_FILE);
    unlink(DUMP_FILE);
    unlink(REQUESTS_FILE);
}

void xl_forget(void)
{
    forget_run();
    unlink(STORE_FILE);
    unlink(CONF_FILE);
    unlink(CFG_FILE);
}

int xl(const char *const argv[])
{
    char *p, *q, *number;
    int status;
    pid_t pid;

    forget_run();
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (!pid) {
        setenv("FAKE_XENSTORE_DUMP", DUMP_FILE, 1);
        setenv("XL_TEST_STORE", STORE_FILE, 1);
        setenv("XL_TEST_REQUESTS", REQUESTS_FILE, 1);
        /* xl leaves what it has to exit(). */
        setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
        if (!freopen("/dev/null", "r", stdin) ||
            !freopen(OUT_FILE, "w", stdout) ||
            !freopen(ERR_FILE, "w", stderr))
            _exit(99);
        execv(XL, (char *const *)argv);
        _exit(99);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    err = slurp(ERR_FILE);
    ck_assert_msg(WIFEXITED(status) && !strstr(err, "Sanitizer") &&
                  !strstr(err, "runtime error"), "xl crashed:\n%s", err);

    /* JSON without white space between things: there is none within. */
    printed = slurp(OUT_FILE);
    out = slurp(OUT_FILE);
    for (p = q = out; *p; p++)
        if (!isspace((unsigned char)*p))
            *q++ = *p;
    *q = 0;
    dump = slurp(DUMP_FILE);
    number = slurp(REQUESTS_FILE);
    requests = *number ? atoi(number) : -1;
    free(number);

    return WEXITSTATUS(status);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
