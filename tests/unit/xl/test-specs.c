/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every row of tests/specs.tsv, which says what it is: with the shipped xl,
 * and what is JSON with libxl, into which it is linked.
 */

#include "toolstack.h" /* libxl's headers come first */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run-xl.h"
#include "test-suite.h"

#define COLUMNS 4
#define MAX_ROWS 1024
#define MAX_WORDS 16
#define DISK "/dev/loop0,raw,xvda,w"

static struct row {
    int line;
    char *where, *written, *right;
} rows[MAX_ROWS];
static int num_rows;

/* What is tried, for messages. */
static const struct row *row;
static const char *way;

/* What is made for a row stays until its process ends. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

static char *text(const char *format, ...)
{
    va_list args;
    char *made;

    va_start(args, format);
    ck_assert_int_ge(vasprintf(&made, format, args), 0);
    va_end(args);
    return made;
}

static bool starts(const char *s, const char *with)
{
    return !strncmp(s, with, strlen(with));
}

/* What follows the word in `right', or NULL. */
static const char *after(const char *word)
{
    size_t len = strlen(word);

    if (!starts(row->right, word))
        return NULL;
    return row->right[len] ? row->right + len + 1 : "";
}

/* Do lists, as JSON has them without blanks, have what is to be taken? */
static void check_taken(const char *lists)
{
    char *wanted = strdup(after("takes")), *pair, *save, *equals;
    int num = 0;
    const char *p;

    for (pair = strtok_r(wanted, " ", &save); pair;
         pair = strtok_r(NULL, " ", &save)) {
        equals = strchr(pair, '=');
        *equals = 0;
        ck_assert_msg(strstr(lists, text("\"%s\":\"%s\"", pair, equals + 1)),
                      "%d, %s: no %s in %s", row->line, way, pair, lists);
        num++;
    }
    for (p = lists; (p = strstr(p, "\":\"")); p++)
        num--;
    ck_assert_msg(!num, "%d, %s: more than %s: %s", row->line, way,
                  row->right, lists);
}

/* Of a device's own requests and the host's. */
static const char *lists_of(const char *json)
{
    static char lists[4096];
    const char *p, *end;

    lists[0] = 0;
    for (p = json; (p = strstr(p, "\"config")); p++) {
        if (!starts(p, "\"config\":{") && !starts(p, "\"config_default\":{"))
            continue;
        p = strchr(p, '{');
        end = strchr(p, '}');
        ck_assert_ptr_nonnull(end);
        strncat(lists, p, end - p + 1);
    }
    return lists;
}

static void check(const char *how, int status)
{
    const char *wanted;

    way = how;
    if ((wanted = after("refused"))) {
        ck_assert_msg(status && status < 99, "%d, %s: accepted: %s", row->line, way,
                      out);
        ck_assert_msg(strstr(err, wanted) != NULL, "%d, %s: no `%s' in %s",
                      row->line, way, wanted, err);
        ck_assert_str_eq(dump, "");
        return;
    }
    if ((wanted = after("as stock"))) {
        ck_assert_msg(strstr(err, wanted) != NULL, "%d, %s: no `%s' in %s",
                      row->line, way, wanted, err);
        ck_assert_msg(!status == !strstr(way, "attach"), "%d, %s: %d",
                      row->line, way, status);
        ck_assert_str_eq(lists_of(out), "");
        return;
    }
    ck_assert_msg(status == 0, "%d, %s: refused: %s", row->line, way, err);
    check_taken(lists_of(out));
}

/* As a string of a configuration file. */
static char *quoted(const char *s)
{
    char *made = malloc(strlen(s) * 2 + 3), *p = made;

    *p++ = '\'';
    for (; *s; s++) {
        if (strchr("'\\\n", *s))
            *p++ = '\\';
        *p++ = *s == '\n' ? 'n' : *s;
    }
    strcpy(p, "'");
    return made;
}

static void create(const char *how, const char *lines, const char *argument)
{
    xl_domain(text("name = 'test'\ntype = 'pv'\nkernel = '/dev/null'\n"
                   "memory = 64\n%s\n", lines));
    check(how, argument ? XL_RUN("-N", "create", CFG_FILE, argument)
                        : XL_RUN("-N", "create", CFG_FILE));
}

static char *list(const char *kind, const char *spec)
{
    return text("%s = [ %s ]", kind, quoted(spec));
}

static void create_with(const char *kind, const char *spec)
{
    create("config file", list(kind, spec), NULL);
    create("config file's text as an argument", "", list(kind, spec));
}

/* first: a command whose first word is a domain; or NULL. */
static void run_words(const char *first, const char *words)
{
    const char *argv[MAX_WORDS + 5] = { "xl" };
    char *copy = strdup(words), *word = copy;
    int n = 1;

    if (first) {
        argv[n++] = "-N";
        argv[n++] = first;
        argv[n++] = "4";
    }
    while (word) {
        ck_assert_int_lt(n, MAX_WORDS + 4);
        argv[n++] = strsep(&word, "~");
    }
    check(first ?: argv[1], xl(argv));
}

static void with_default(const char *kind, const char *value)
{
    xl_conf(text("# The host's\n%s.default.config = %s\n", kind, value));
    create("xl.conf", strcmp(kind, "vif") ?
           "disk = [ '" DISK ",backendtype=phy' ]" : "vif = [ '' ]", NULL);
    xl_conf("");
}

static void with_json(const char *kind, const char *config)
{
    const struct kind *k = kinds;
    union device d;
    char *path, *lists = text("");
    const char *value;
    int rc, i;

    way = "JSON";
    setup();
    while (is_nic(k) != !strcmp(kind, "vif"))
        k++;
    k->dt->init(&d);
    if (is_nic(k))
        rc = libxl_device_nic_from_json(ctx, &d.nic, text("{ \"devid\": 0,"
            " \"nictype\": \"vif\", \"script\": \"/bin/true\","
            " \"config\": %s }", config));
    else
        rc = libxl_device_disk_from_json(ctx, &d.disk, text("{"
            " \"pdev_path\": \"/dev/zero\", \"vdev\": \"xvda\","
            " \"format\": \"raw\", \"backend\": \"phy\","
            " \"script\": \"/bin/true\", \"readwrite\": 1,"
            " \"config\": %s }", config));
    if (!rc)
        rc = device_add(k, &d);

    if (after("refused")) {
        ck_assert_msg(rc, "%d, %s: accepted", row->line, way);
        ck_assert_msg(strstr(log_text, after("refused")) != NULL,
                      "%d, %s: no `%s' in %s", row->line, way,
                      after("refused"), log_text);
        assert_nothing_there(k);
    } else {
        char **nodes;
        unsigned int num = 0;

        ck_assert_msg(!rc, "%d, %s: refused: %s", row->line, way, log_text);
        path = text("%s/config", k->backend);
        nodes = xs_directory(ctx->xsh, XBT_NULL, path, &num);
        for (i = 0; i < num; i++) {
            value = fake_xs_get(below(path, nodes[i]));
            lists = text("%s\"%s\":\"%s\"", lists, nodes[i], value);
        }
        free(nodes);
        check_taken(lists);
    }
    k->dt->dispose(&d);
    teardown();
}

/* Without config-, if each request has it. */
static char *without_prefix(const char *requests)
{
    char *copy = strdup(requests), *made = text(""), *item, *rest = copy;

    while ((item = strsep(&rest, ","))) {
        item += strspn(item, " \t\n");
        if (*item && !starts(item, "config-"))
            return NULL;
        made = text("%s%s%s", made, *item ? item + strlen("config-") : "",
                    rest ? "," : "");
    }
    return made;
}

static void request(const char *it)
{
    char *bare = without_prefix(it);

    create_with("vif", text("bridge=xenbr0,%s", it));
    create("at the beginning", list("vif", text("%s,bridge=xenbr0", it)), NULL);
    run_words("network-attach", text("bridge=xenbr0,%s", it));
    run_words("network-attach", text("bridge=xenbr0~%s", it));
    create_with("disk", text(DISK ",%s", it));
    create("in the middle",
           list("disk", text("/dev/loop0,raw,%s,xvda,w", it)), NULL);
    create("before target=",
           list("disk", text("vdev=xvda,%s,target=/dev/loop0", it)), NULL);
    run_words("block-attach", text(DISK ",%s", it));
    run_words("block-attach", text(DISK "~%s", it));
    if (bare) {
        with_default("vif", quoted(bare));
        with_default("disk", quoted(bare));
    }
    if (after("takes")) {
        char *pairs = strdup(after("takes")), *pair, *save, *config = NULL;

        for (pair = strtok_r(pairs, " ", &save); pair;
             pair = strtok_r(NULL, " ", &save)) {
            *strchr(pair, '=') = 0;
            config = text("%s\"%s\": \"%s\"", config ? text("%s, ", config)
                          : "", pair, pair + strlen(pair) + 1);
        }
        with_json("vif", text("{ %s }", config));
        with_json("disk", text("{ %s }", config));
    }
}

START_TEST(as_it_is_right)
{
    const char *where, *written;

    row = &rows[_i];
    where = row->where;
    written = row->written;

    xl_conf("");
    if (!strcmp(where, "any")) {
        request(written);
    } else if (!strcmp(where, "vif")) {
        create_with(where, written);
        run_words("network-attach", written);
    } else if (!strcmp(where, "disk")) {
        create_with(where, written);
        run_words("block-attach", written);
    } else if (!strcmp(where, "network-attach") ||
               !strcmp(where, "block-attach")) {
        run_words(where, written);
    } else if (!strcmp(where, "other")) {
        run_words(NULL, written);
    } else if (!strcmp(where, "vif.default.config")) {
        with_default("vif", written);
    } else if (!strcmp(where, "disk.default.config")) {
        with_default("disk", written);
    } else if (!strcmp(where, "file")) {
        create("config file", written, NULL);
    } else if (starts(where, "json ")) {
        with_json(where + strlen("json "), written);
    } else {
        ck_abort_msg("%d: what is `%s'?", row->line, where);
    }
}
END_TEST

/* In place. */
static void unescape(char *s)
{
    unsigned int byte;
    char *to = s;

    for (; *s; s++) {
        if (s[0] != '\\') {
            *to++ = *s;
        } else if (s[1] == 't' || s[1] == 'n' || s[1] == '\\') {
            *to++ = *++s == 't' ? '\t' : *s == 'n' ? '\n' : '\\';
        } else if (sscanf(s, "\\x%2x", &byte) == 1) {
            *to++ = byte;
            s += 3;
        } else { /* JSON's */
            *to++ = *s;
        }
    }
    *to = 0;
}

static bool read_rows(void)
{
    FILE *f = fopen(SPECS, "r");
    char *line = NULL, *rest;
    size_t size = 0;
    int number;

    if (!f) {
        perror(SPECS);
        return false;
    }
    for (number = 1; getline(&line, &size, f) > 0; number++) {
        struct row *r = &rows[num_rows];

        if (line[0] == '#')
            continue;
        line[strcspn(line, "\n")] = 0;
        rest = strdup(line);
        r->line = number;
        r->where = strsep(&rest, "\t");
        r->written = strsep(&rest, "\t");
        r->right = strsep(&rest, "\t");
        if (!r->right || num_rows == MAX_ROWS - 1 ||
            (rest && strcmp(rest, "host")) ||
            (!starts(r->right, "takes") && !starts(r->right, "refused ") &&
             !starts(r->right, "as stock ") &&
             !starts(r->right, "pending "))) {
            fprintf(stderr, SPECS ":%d: not a row\n", number);
            return false;
        }
        unescape(r->written);
        unescape(r->right);
        num_rows += !starts(r->right, "pending ");
    }
    free(line);
    fclose(f);
    return true;
}

int main(void)
{
    Suite *s = suite_create("xl specs.tsv");
    TCase *tc = tcase_create("specs.tsv");

    if (!read_rows())
        return EXIT_FAILURE;
    tcase_add_checked_fixture(tc, NULL, xl_forget);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, as_it_is_right, 0, num_rows);
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
