/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xl device-features and xl backend-features: what can be requested of the
 * backends of PV devices, and what became of the requests.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libxl.h>
#include <libxl_json.h>
#include <libxl_utils.h>

#include "xl.h"
#include "xl_utils.h"

/* A longer value is not readable in a table; the JSON has all of it. */
#define MAX_CELL 24
#define MAX_COLUMNS 8

/* The types of backend that are looked at if none is named. */
static const char *const types[] = { "vif", "vbd", NULL };

/* Tables */

struct row {
    char *cells[MAX_COLUMNS]; /* NULL: empty */
    bool stands_out;
};

struct table {
    const char *const *titles; /* of the columns; ends with NULL */
    struct row *rows;
    int num;
};

/* Takes what it is given over. */
#define ADD_ROW(table, out, ...) add_row(table, (struct row) { \
        .cells = { __VA_ARGS__ }, .stands_out = (out) })

static void add_row(struct table *table, struct row row)
{
    table->rows = xrealloc(table->rows,
                           (table->num + 1) * sizeof(*table->rows));
    table->rows[table->num++] = row;
}

static char *text(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
static char *text(const char *fmt, ...)
{
    va_list ap;
    char *s;

    va_start(ap, fmt);
    xvasprintf(&s, fmt, ap);
    va_end(ap);

    return s;
}

/* A value as a cell: whoever wrote it must not write to the terminal. */
static char *value(const char *s)
{
    char *cell, *p;

    if (!s)
        return xstrdup("-");
    if (!s[0])
        return xstrdup("\"\"");

    cell = text("%.*s", MAX_CELL, s);
    for (p = cell; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    if (strlen(s) > MAX_CELL)
        strcpy(cell + MAX_CELL - 3, "...");

    return cell;
}

static void print_table(const struct table *table)
{
    const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
    bool color = isatty(STDOUT_FILENO) && !(no_color && no_color[0]) &&
                 term && strcmp(term, "dumb");
    int widths[MAX_COLUMNS] = { 0 };
    int row, col, last;

    for (col = 0; table->titles[col]; col++) {
        widths[col] = strlen(table->titles[col]);
        for (row = 0; row < table->num; row++) {
            const char *cell = table->rows[row].cells[col];
            int len = cell ? strlen(cell) : 0;

            if (len > widths[col])
                widths[col] = len;
        }
    }

    for (row = -1; row < table->num; row++) {
        const struct row *r = row < 0 ? NULL : &table->rows[row];
        bool out = r && r->stands_out;

        for (last = 0, col = 0; table->titles[col]; col++)
            if (r ? r->cells[col] && r->cells[col][0] : table->titles[col][0])
                last = col;

        printf("%s%c ", out && color ? "\033[1;33m" : "", out ? '*' : ' ');
        for (col = 0; col <= last; col++)
            printf("%s%-*s", col ? "  " : "", col < last ? widths[col] : 0,
                   r ? r->cells[col] ?: "" : table->titles[col]);
        printf("%s\n", out && color ? "\033[0m" : "");
    }
}

static void free_table(struct table *table)
{
    int row, col;

    for (row = 0; row < table->num; row++)
        for (col = 0; table->titles[col]; col++)
            free(table->rows[row].cells[col]);
    free(table->rows);
}

/* JSON */

static int print_json(yajl_gen hand, yajl_gen_status s)
{
    const unsigned char *buf;
    libxl_yajl_length len;

    if (s == yajl_gen_status_ok)
        s = yajl_gen_get_buf(hand, &buf, &len);
    if (s != yajl_gen_status_ok) {
        fprintf(stderr, "unable to format features as JSON (YAJL:%d)\n", s);
        return EXIT_FAILURE;
    }
    fputs((const char *)buf, stdout);

    return EXIT_SUCCESS;
}

static yajl_gen json_begin(void)
{
    yajl_gen hand = libxl_yajl_gen_alloc(NULL);

    if (!hand) {
        fprintf(stderr, "unable to allocate JSON generator\n");
        exit(EXIT_FAILURE);
    }

    return hand;
}

/* Command lines */

static const struct option json_options[] = {
    { "json", 0, 0, 'j' },
    COMMON_LONG_OPTS
};

static const struct option backend_options[] = {
    { "json", 0, 0, 'j' },
    { "domain", 1, 0, 'd' },
    COMMON_LONG_OPTS
};

/* The optional last argument; ends xl if it is none, or not the last. */
static const char *type_argument(const char *command, int argc, char **argv)
{
    int i;

    if (!argc)
        return NULL;
    if (argc > 1) {
        fprintf(stderr, "'xl %s': unexpected argument `%s'.\n\n", command,
                argv[1]);
        help(command);
        exit(EXIT_FAILURE);
    }

    for (i = 0; types[i]; i++)
        if (!strcmp(argv[0], types[i]))
            return types[i];

    fprintf(stderr, "'xl %s': `%s' is no type of device with features:"
            " expected vif or vbd.\n\n", command, argv[0]);
    help(command);
    exit(EXIT_FAILURE);
}

/* What became of the requests of a domain */

static const char *remark(const libxl_device_feature *feature)
{
    switch (feature->verdict) {
    case LIBXL_FEATURE_VERDICT_NOT_REQUESTED:
    case LIBXL_FEATURE_VERDICT_GRANTED:
        break;
    case LIBXL_FEATURE_VERDICT_PENDING:
        return "not known yet";
    case LIBXL_FEATURE_VERDICT_LESS:
        return "less than requested";
    case LIBXL_FEATURE_VERDICT_MORE:
        return "MORE than requested";
    case LIBXL_FEATURE_VERDICT_MALFORMED:
        return "malformed, ignored";
    case LIBXL_FEATURE_VERDICT_UNKNOWN:
        return "unknown to the backend";
    case LIBXL_FEATURE_VERDICT_NO_CONTROL:
        return "no feature control";
    }
    return "";
}

static void add_device(struct table *table,
                       const libxl_device_features *device)
{
    char *name = text("%s %d", device->kind, device->devid);
    char *backend = text("%u/%s", device->backend_domid,
                         device->backend_type);
    int i;

    if (!device->num_features) {
        ADD_ROW(table, false, name, backend, xstrdup("-"), xstrdup("-"),
                xstrdup("-"), xstrdup("-"), xstrdup("-"),
                xstrdup("no feature control"));
        return;
    }

    for (i = 0; i < device->num_features; i++) {
        const libxl_device_feature *f = &device->features[i];
        const char *why = remark(f);

        ADD_ROW(table, why[0], i ? NULL : name, i ? NULL : backend,
                xstrdup(f->name), value(f->requested),
                f->has_limit ? text("%u..%u", f->minimum, f->maximum)
                             : xstrdup("-"),
                value(f->granted), value(f->in_use), xstrdup(why));
    }
}

int main_devicefeatures(int argc, char **argv)
{
    static const char *const titles[] = {
        "device", "backend", "feature", "requested", "limit", "granted",
        "in use", "", NULL
    };
    struct table table = { .titles = titles };
    libxl_device_features *devices;
    const char *domain, *type;
    bool json = false;
    uint32_t domid;
    int i, num, opt, ret = EXIT_SUCCESS;

    SWITCH_FOREACH_OPT(opt, "j", json_options, "device-features", 1) {
    case 'j':
        json = true;
        break;
    }
    domain = argv[optind];
    type = type_argument("device-features", argc - optind - 1,
                         argv + optind + 1);

    domid = find_domain(domain);
    if (libxl_device_features_list(ctx, domid, type, &devices, &num)) {
        fprintf(stderr, "cannot list the features of the devices of domain"
                " %s\n", domain);
        return EXIT_FAILURE;
    }

    if (json) {
        yajl_gen hand = json_begin();
        yajl_gen_status s = yajl_gen_array_open(hand);

        for (i = 0; i < num && s == yajl_gen_status_ok; i++)
            s = libxl_device_features_gen_json(hand, &devices[i]);
        if (s == yajl_gen_status_ok)
            s = yajl_gen_array_close(hand);
        ret = print_json(hand, s);
        yajl_gen_free(hand);
    } else if (num) {
        for (i = 0; i < num; i++)
            add_device(&table, &devices[i]);
        print_table(&table);
        free_table(&table);
    } else {
        printf("Domain %s has no %s.\n", domain,
               !type ? "PV network interfaces or disks" :
               !strcmp(type, "vif") ? "PV network interfaces" : "PV disks");
    }

    libxl_device_features_list_free(devices, num);
    flush_stream(stdout);
    return ret;
}

/* What can be requested of a domain's backends */

int main_backendfeatures(int argc, char **argv)
{
    static const char *const titles[] = {
        "backend", "feature", "type", "limit", "default", "", NULL
    };
    struct table table = { .titles = titles };
    const char *domain = "0", *type;
    yajl_gen_status s = yajl_gen_status_ok;
    yajl_gen hand = NULL;
    bool json = false;
    uint32_t domid;
    int t, i, opt, ret = EXIT_FAILURE;

    SWITCH_FOREACH_OPT(opt, "jd:", backend_options, "backend-features", 0) {
    case 'j':
        json = true;
        break;
    case 'd':
        domain = optarg;
        break;
    }
    type = type_argument("backend-features", argc - optind, argv + optind);

    domid = find_domain(domain);
    if (json) {
        hand = json_begin();
        s = yajl_gen_map_open(hand);
    }

    for (t = 0; types[t]; t++) {
        libxl_backend_feature *features;
        int num;

        if (type && strcmp(type, types[t]))
            continue;
        if (libxl_backend_feature_list(ctx, domid, types[t], &features,
                                       &num)) {
            fprintf(stderr, "cannot list the features of the %s backends of"
                    " domain %s\n", types[t], domain);
            goto out;
        }

        if (json) {
            if (s == yajl_gen_status_ok)
                s = yajl_gen_string(hand,
                                    (const unsigned char *)types[t],
                                    strlen(types[t]));
            if (s == yajl_gen_status_ok)
                s = yajl_gen_array_open(hand);
            for (i = 0; i < num && s == yajl_gen_status_ok; i++)
                s = libxl_backend_feature_gen_json(hand, &features[i]);
            if (s == yajl_gen_status_ok)
                s = yajl_gen_array_close(hand);
        } else {
            for (i = 0; i < num; i++) {
                libxl_backend_feature *f = &features[i];

                ADD_ROW(&table, false, i ? NULL : xstrdup(types[t]),
                        xstrdup(f->name),
                        xstrdup(libxl_feature_type_to_string(f->type)),
                        text("%u..%u", f->minimum, f->maximum),
                        text("%u", f->defval),
                        xstrdup(f->description ?: ""));
            }
            if (!num)
                ADD_ROW(&table, false, xstrdup(types[t]), xstrdup("-"),
                        xstrdup("-"), xstrdup("-"), xstrdup("-"),
                        xstrdup("no feature control"));
        }
        libxl_backend_feature_list_free(features, num);
    }

    if (json) {
        if (s == yajl_gen_status_ok)
            s = yajl_gen_map_close(hand);
        ret = print_json(hand, s);
    } else {
        print_table(&table);
        ret = EXIT_SUCCESS;
    }
    flush_stream(stdout);

 out:
    free_table(&table);
    if (hand) yajl_gen_free(hand);
    return ret;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
