/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xl device-features and xl backend-features: what can be requested of the
 * backends of PV devices, and what became of the requests.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#endif

#include <libxl.h>
#include <libxl_json.h>
#include <libxl_utils.h>

#include "xl.h"
#include "xl_config_check.h"
#include "xl_device_config.h"
#include "xl_device_defaults.h"
#include "xl_utils.h"

/* A longer value is not readable in a table; the JSON has all of it. */
#define MAX_CELL 24
#define MAX_COLUMNS 9

/* QEMU advertises with the first disk that it serves, and not when it is installed. */
#define QDISK "qdisk"

/* The kinds of device, and the types of backend that serve them. */
static const char *const kinds[] = { "vif", "vbd", NULL };
static const char *const types[] = { "vif", "vbd", QDISK, NULL };

/* Tables */

struct row {
    char *cells[MAX_COLUMNS]; /* NULL: empty */
    bool stands_out;
    bool note; /* one text, in the first cell, across all columns */
};

struct table {
    const char *const *titles; /* of the columns; ends with NULL */
    int first;                 /* column that is printed */
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

/* A copy: whoever wrote it must not write to the terminal, nor break JSON. */
static char *printable(const char *s)
{
    char *copy = xstrdup(s), *p;

    for (p = copy; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';

    return copy;
}

/* A value as a cell. */
static char *value(const char *s)
{
    char *cell;

    if (!s)
        return xstrdup("-");
    if (!s[0])
        return xstrdup("\"\"");

    cell = printable(s);
    if (strlen(cell) > MAX_CELL)
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

    for (col = table->first; table->titles[col]; col++) {
        widths[col] = strlen(table->titles[col]);
        for (row = 0; row < table->num; row++) {
            const char *cell = table->rows[row].note
                               ? NULL : table->rows[row].cells[col];
            int len = cell ? strlen(cell) : 0;

            if (len > widths[col])
                widths[col] = len;
        }
    }

    for (row = -1; row < table->num; row++) {
        const struct row *r = row < 0 ? NULL : &table->rows[row];
        bool out = r && r->stands_out;

        if (r && r->note) {
            printf("    %s\n", r->cells[0]);
            continue;
        }

        for (last = col = table->first; table->titles[col]; col++)
            if (r ? r->cells[col] && r->cells[col][0] : table->titles[col][0])
                last = col;

        printf("%s%c ", out && color ? "\033[1;33m" : "", out ? '*' : ' ');
        for (col = table->first; col <= last; col++)
            printf("%s%-*s", col > table->first ? "  " : "", col < last ? widths[col] : 0,
                   r ? r->cells[col] ?: "" : table->titles[col]);
        printf("%s\n", out && color ? "\033[0m" : "");
    }
}

static void free_table(struct table *table)
{
    int row, col;

    for (row = 0; row < table->num; row++)
        for (col = 0; col < MAX_COLUMNS; col++)
            free(table->rows[row].cells[col]);
    free(table->rows);
}

/*
 * JSON.  Not the one of the IDL, which leaves out what is 0, false or not
 * there: here every object has all of its members.
 */

struct json {
    yajl_gen hand;
    yajl_gen_status s; /* nothing more is generated after an error */
};

#define JSON(json, what, ...) do {                              \
        if ((json)->s == yajl_gen_status_ok)                    \
            (json)->s = yajl_gen_##what((json)->hand, ##__VA_ARGS__); \
    } while (0)

static void json_begin(struct json *json)
{
    json->hand = libxl_yajl_gen_alloc(NULL);
    if (!json->hand) {
        fprintf(stderr, "unable to allocate JSON generator\n");
        exit(EXIT_FAILURE);
    }
    json->s = yajl_gen_status_ok;
}

static int json_end(struct json *json)
{
    const unsigned char *buf;
    libxl_yajl_length len;
    int ret = EXIT_FAILURE;

    JSON(json, get_buf, &buf, &len);
    if (json->s == yajl_gen_status_ok) {
        fputs((const char *)buf, stdout);
        ret = EXIT_SUCCESS;
    } else {
        fprintf(stderr, "unable to format features as JSON (YAJL:%d)\n",
                json->s);
    }
    yajl_gen_free(json->hand);

    return ret;
}

static void json_string(struct json *json, const char *s)
{
    char *copy = printable(s);

    JSON(json, string, (const unsigned char *)copy, strlen(copy));
    free(copy);
}

/* NULL: null */
static void json_text(struct json *json, const char *key, const char *s)
{
    json_string(json, key);
    if (s)
        json_string(json, s);
    else
        JSON(json, null);
}

static void json_bool(struct json *json, const char *key, bool b)
{
    json_string(json, key);
    JSON(json, bool, b);
}

/* there is false: null */
static void json_number(struct json *json, const char *key, bool there,
                        unsigned long long n)
{
    json_string(json, key);
    if (there)
        JSON(json, integer, n);
    else
        JSON(json, null);
}

/* Command lines */

/* Long options without a short one. */
enum { OPT_CHECK = 256, OPT_AS_CONFIG };

static const struct option device_options[] = {
    { "json", 0, 0, 'j' },
    { "check", 0, 0, OPT_CHECK },
    { "as-config", 0, 0, OPT_AS_CONFIG },
    COMMON_LONG_OPTS
};

static const struct option backend_options[] = {
    { "json", 0, 0, 'j' },
    { "domain", 1, 0, 'd' },
    COMMON_LONG_OPTS
};

/* The optional last argument, one of known; ends xl if it is none, or not the last. */
static const char *type_argument(const char *command, int argc, char **argv,
                                 const char *const *known)
{
    int i;

    if (argc <= 0)
        return NULL;
    if (argc > 1) {
        fprintf(stderr, "'xl %s': unexpected argument `%s'.\n\n", command,
                argv[1]);
        help(command);
        exit(EXIT_FAILURE);
    }

    for (i = 0; known[i]; i++)
        if (!strcmp(argv[0], known[i]))
            return known[i];

    fprintf(stderr, "'xl %s': `%s' is no type of %s with features: expected %s"
            ".\n\n", command, argv[0], known == kinds ? "device" : "backend",
            known == kinds ? "vif or vbd" : "vif, vbd or " QDISK);
    help(command);
    exit(EXIT_FAILURE);
}

/* What became of the requests of devices */

enum mode { MODE_TABLE, MODE_JSON, MODE_CHECK, MODE_CONFIG };

struct view {
    enum mode mode;
    const char *type;   /* of the devices; NULL: all */
    struct table table;
    struct json json;
    bool found;         /* a device */
    bool unreadable;    /* a device */
    bool missing;       /* a default of the host */
    bool failed;        /* more than a device cannot be read */
};

/* The domain that is looked at. */
struct domain {
    uint32_t domid;
    char *name; /* can be NULL */
};

/* What a person reads, and whether it has to stand out. */
static const struct {
    const char *remark;
    bool wrong;
} verdicts[] = {
    [LIBXL_FEATURE_VERDICT_NOT_REQUESTED] = { "" },
    [LIBXL_FEATURE_VERDICT_GRANTED] = { "" },
    [LIBXL_FEATURE_VERDICT_LESS] = { "less than requested" },
    [LIBXL_FEATURE_VERDICT_MORE] = { "MORE than requested", true },
    [LIBXL_FEATURE_VERDICT_MALFORMED] = { "malformed, ignored", true },
    [LIBXL_FEATURE_VERDICT_UNKNOWN] = { "unknown to the backend", true },
    [LIBXL_FEATURE_VERDICT_NO_CONTROL] = { "no feature control", true },
    [LIBXL_FEATURE_VERDICT_PENDING] = { "not known yet" },
};

#ifdef __linux__

#define NOT_GRANTED "tx_not_granted"
#define MAX_COUNTERS 1024

/* A counter of a network device of this domain. */
static bool read_counter(const char *ifname, const char *name,
                         unsigned long long *n)
{
    struct {
        struct ethtool_sset_info info;
        __u32 num;
    } set = { .info = { .cmd = ETHTOOL_GSSET_INFO,
                        .sset_mask = 1ULL << ETH_SS_STATS } };
    struct ethtool_gstrings *names = NULL;
    struct ethtool_stats *values = NULL;
    struct ifreq ifr = { .ifr_data = (void *)&set };
    bool found = false;
    unsigned int i;
    int fd;

    if (strlen(ifname) >= sizeof(ifr.ifr_name))
        return false;
    strcpy(ifr.ifr_name, ifname);

    fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0)
        return false;
    if (ioctl(fd, SIOCETHTOOL, &ifr) || !set.info.sset_mask ||
        set.num > MAX_COUNTERS)
        goto out;

    names = xcalloc(1, sizeof(*names) + set.num * ETH_GSTRING_LEN);
    names->cmd = ETHTOOL_GSTRINGS;
    names->string_set = ETH_SS_STATS;
    names->len = set.num;
    ifr.ifr_data = (void *)names;
    if (ioctl(fd, SIOCETHTOOL, &ifr))
        goto out;

    values = xcalloc(1, sizeof(*values) + set.num * sizeof(values->data[0]));
    values->cmd = ETHTOOL_GSTATS;
    values->n_stats = set.num;
    ifr.ifr_data = (void *)values;
    if (ioctl(fd, SIOCETHTOOL, &ifr))
        goto out;

    for (i = 0; i < set.num && !found; i++) {
        found = !strncmp((char *)names->data + i * ETH_GSTRING_LEN, name,
                         ETH_GSTRING_LEN);
        if (found)
            *n = values->data[i];
    }

 out:
    free(values);
    free(names);
    close(fd);
    return found;
}

/* How many packets the backend dropped that were not granted, if it is here. */
static bool count_not_granted(const libxl_device_features *device,
                              unsigned long long *n)
{
    return device->ifname && !device->backend_domid &&
           read_counter(device->ifname, NOT_GRANTED, n);
}

#else

static bool count_not_granted(const libxl_device_features *device,
                              unsigned long long *n)
{
    return false;
}

#endif

/* The first cells of a device's first row: they are not repeated. */
static char *once(char **cell)
{
    char *text = *cell;

    *cell = NULL;
    return text;
}

static void add_device(struct view *view, char **domain,
                       const libxl_device_features *device, bool stubdom)
{
    struct table *table = &view->table;
    char *name = text("%s %d%s", device->kind, device->devid,
                      stubdom ? " (stubdom)" : "");
    char *backend = text("%u/%s", device->backend_domid,
                         device->backend_type ?: "-");
    unsigned long long packets;
    int i;

    for (i = 0; i < device->num_features; i++) {
        const libxl_device_feature *f = &device->features[i];
        char *requested;

        if (view->mode == MODE_CHECK && !verdict_is_wrong(f))
            continue;

        requested = value(f->requested);
        if (f->origin == LIBXL_FEATURE_ORIGIN_HOST) {
            char *own = requested;

            requested = text("%s (host)", own);
            free(own);
        } else if (f->origin == LIBXL_FEATURE_ORIGIN_DEVICE && !f->requested) {
            free(requested);
            requested = xstrdup(LIBXL_DEVICE_CONFIG_DEFAULT);
        }
        ADD_ROW(table, view->mode == MODE_CHECK || verdicts[f->verdict].wrong,
                once(domain), once(&name), once(&backend), xstrdup(f->name),
                requested,
                f->has_limit ? text("%u..%u", f->minimum, f->maximum)
                             : xstrdup("-"),
                value(f->granted), value(f->in_use),
                xstrdup(verdicts[f->verdict].remark));
    }

    if (device->unreadable)
        ADD_ROW(table, true, once(domain), once(&name), once(&backend),
                xstrdup("-"), xstrdup("-"), xstrdup("-"), xstrdup("-"),
                xstrdup("-"), xstrdup("cannot be read"));
    else if (!device->num_features && view->mode != MODE_CHECK)
        ADD_ROW(table, false, once(domain), once(&name), once(&backend),
                xstrdup("-"), xstrdup("-"), xstrdup("-"), xstrdup("-"),
                xstrdup("-"), xstrdup("no feature control"));

    if (view->mode != MODE_CHECK &&
        count_not_granted(device, &packets) && packets)
        add_row(table, (struct row) {
            .cells = { text("%llu packets dropped that were not granted",
                            packets) },
            .note = true });

    free(name);
    free(backend);
}

static void device_json(struct json *json, const struct domain *domain,
                        const libxl_device_features *device)
{
    unsigned long long packets = 0;
    bool counted = count_not_granted(device, &packets);
    int i;

    JSON(json, map_open);
    json_text(json, "domain", domain->name);
    json_number(json, "domid", true, domain->domid);
    json_text(json, "kind", device->kind);
    json_number(json, "devid", true, device->devid);
    json_text(json, "vdev", device->vdev);
    json_number(json, "frontend_domid", true, device->frontend_domid);
    json_number(json, "backend_domid", true, device->backend_domid);
    json_text(json, "backend_type", device->backend_type);
    json_text(json, "ifname", device->ifname);
    json_bool(json, "feature_control", device->feature_control);
    json_bool(json, "unreadable", device->unreadable);
    json_number(json, "not_granted_packets", counted, packets);

    json_string(json, "features");
    JSON(json, array_open);
    for (i = 0; i < device->num_features; i++) {
        const libxl_device_feature *f = &device->features[i];

        JSON(json, map_open);
        json_text(json, "name", f->name);
        json_text(json, "requested", f->requested);
        json_text(json, "origin", libxl_feature_origin_to_string(f->origin));
        json_text(json, "type", f->has_limit
                  ? libxl_feature_type_to_string(f->type) : NULL);
        json_number(json, "minimum", f->has_limit, f->minimum);
        json_number(json, "maximum", f->has_limit, f->maximum);
        json_number(json, "defval", f->has_limit, f->defval);
        json_bool(json, "restricts", f->restricts);
        json_text(json, "granted", f->granted);
        json_text(json, "promised", f->promised);
        json_text(json, "in_use", f->in_use);
        json_text(json, "verdict",
                  libxl_feature_verdict_to_string(f->verdict));
        JSON(json, map_close);
    }
    JSON(json, array_close);
    JSON(json, map_close);
}

/* The devices of a domain, in a view */

/*
 * The value that grants a new device what this one was granted; false: there
 * is none.
 *
 * It must not come from what a disk made of it: one without a write cache
 * publishes 0 for feature-flush-cache, and frozen like that the guest would
 * lose data on a disk with a cache.  Nothing behind an interface takes away
 * what was granted; and there one feature can take another away, which the
 * default would ask back.
 */
static bool granted_value(const libxl_device_features *device,
                          const libxl_device_feature *f,
                          unsigned long long *n)
{
    if (f->verdict == LIBXL_FEATURE_VERDICT_UNKNOWN ||
        f->verdict == LIBXL_FEATURE_VERDICT_NO_CONTROL)
        return false;

    if (f->requested && device_config_number(f->promised, n))
        return true;

    if (device_config_number(f->requested, n)) {
        /* Not promised (yet): what a backend has to make of it. */
        if (f->has_limit && *n > f->maximum)
            *n = f->maximum;
        else if (f->has_limit && *n < f->minimum)
            *n = f->minimum;
        return true;
    }

    if (!f->has_limit)
        return false;
    if (strcmp(device->kind, "vif") || !device_config_number(f->granted, n))
        *n = f->defval < f->maximum ? f->defval : f->maximum;

    return true;
}

/* What a person knows the device by; from malloc, or NULL. */
static char *describe(uint32_t domid, const libxl_device_features *device)
{
    libxl_device_nic nic;
    char *what = NULL;

    if (strcmp(device->kind, "vif"))
        return device->vdev ? xstrdup(device->vdev) : NULL;

    libxl_device_nic_init(&nic);
    if (!libxl_devid_to_device_nic(ctx, domid, device->devid, &nic))
        what = text("mac " LIBXL_MAC_FMT, LIBXL_MAC_BYTES(nic.mac));
    libxl_device_nic_dispose(&nic);

    return what;
}

static void print_config(const struct domain *domain,
                         const libxl_device_features *device)
{
    char *what = describe(domain->domid, device);
    unsigned long long n;
    int i, num = 0;

    printf("# %s %d%s%s%s\n", device->kind, device->devid,
           what ? " (" : "", what ?: "", what ? ")" : "");
    free(what);

    if (device->unreadable) {
        printf("# cannot be read\n");
        return;
    }
    if (!device->num_features)
        printf("# no feature control\n");
    for (i = 0; i < device->num_features; i++) {
        const libxl_device_feature *f = &device->features[i];
        char *requested;

        if (!f->requested || granted_value(device, f, &n))
            continue;
        requested = value(f->requested);
        printf("# without config-%s=%s: %s\n", f->name, requested,
               verdicts[f->verdict].remark);
        free(requested);
    }
    for (i = 0; i < device->num_features; i++)
        if (granted_value(device, &device->features[i], &n))
            printf("%sconfig-%s=%llu", num++ ? "," : "",
                   device->features[i].name, n);
    if (num)
        putchar('\n');
}

/* Says which of the host's defaults a domain does not have, if it lacks some. */
static bool report_missing(const struct domain *domain)
{
    libxl_domain_config d_config;
    libxl_dominfo info;
    bool missing = false;

    /* The devices of domain 0 get none. */
    if (!domain->domid || config_check_level() == CHECK_OFF)
        return false;

    libxl_domain_config_init(&d_config);
    libxl_dominfo_init(&info);
    if (!libxl_domain_info(ctx, &info, domain->domid)) {
        d_config.c_info.type = info.domain_type;
        if (domain->name)
            d_config.c_info.name = xstrdup(domain->name);
        d_config.nics = libxl_device_nic_list(ctx, domain->domid,
                                              &d_config.num_nics);
        d_config.disks = libxl_device_disk_list(ctx, domain->domid,
                                                &d_config.num_disks);
        missing = report_missing_defaults(&d_config);
    }
    libxl_dominfo_dispose(&info);
    libxl_domain_config_dispose(&d_config);

    return missing;
}

static void show_domain(struct view *view, uint32_t domid)
{
    struct domain domain = { .domid = domid };
    libxl_device_features *devices;
    char *cell;
    int i, num, rc;

    rc = libxl_device_features_list(ctx, domid, view->type, &devices, &num);
    if (rc) {
        fprintf(stderr, "cannot list the features of the devices of domain"
                " %u\n", domid);
        view->failed = true;
        return;
    }

    domain.name = libxl_domid_to_name(ctx, domid);
    cell = domain.name ? printable(domain.name) : text("(%u)", domid);
    if (num)
        view->found = true;
    if (view->mode == MODE_CHECK && report_missing(&domain))
        view->missing = true;

    for (i = 0; i < num; i++) {
        const libxl_device_features *device = &devices[i];
        bool stubdom = device->frontend_domid != domid;

        if (device->unreadable) {
            fprintf(stderr, "cannot read all of %s %d of domain %u\n",
                    device->kind, device->devid, device->frontend_domid);
            view->unreadable = true;
        }

        switch (view->mode) {
        case MODE_TABLE:
        case MODE_CHECK:
            add_device(view, &cell, device, stubdom);
            break;
        case MODE_JSON:
            device_json(&view->json, &domain, device);
            break;
        case MODE_CONFIG:
            if (!stubdom) /* it has the same configuration */
                print_config(&domain, device);
            break;
        }
    }

    free(cell);
    free(domain.name);
    libxl_device_features_list_free(devices, num);
}

/* A stubdomain's devices are shown with the domain that it serves. */
static void show_all(struct view *view)
{
    libxl_dominfo *info;
    int *stubdoms;
    int i, j, num;

    info = libxl_list_domain(ctx, &num);
    if (!info) {
        fprintf(stderr, "cannot list the domains\n");
        view->failed = true;
        return;
    }

    stubdoms = xcalloc(num, sizeof(*stubdoms));
    for (i = 0; i < num; i++)
        stubdoms[i] = libxl_get_stubdom_id(ctx, info[i].domid);

    for (i = 0; i < num; i++) {
        for (j = 0; j < num; j++)
            if (stubdoms[j] && stubdoms[j] == info[i].domid)
                break;
        /* One that is gone by now is none. */
        if (j == num && !libxl_domain_info(ctx, NULL, info[i].domid))
            show_domain(view, info[i].domid);
    }

    free(stubdoms);
    libxl_dominfo_list_free(info, num);
}

/* Guests that were refused at their last reboot */

struct refused {
    const char *only; /* this domain; NULL: all */
    bool found;
};

static void show_refused(const char *name, const char *reason, void *data)
{
    struct refused *refused = data;
    char *shown_name, *shown_reason;
    uint32_t domid;

    if (refused->only && strcmp(refused->only, name))
        return;
    if (!libxl_name_to_domid(ctx, name, &domid))
        return; /* it runs again */

    shown_name = printable(name);
    shown_reason = printable(reason);
    printf("Domain %s was refused at its last reboot: %s\n", shown_name,
           shown_reason);
    free(shown_name);
    free(shown_reason);
    refused->found = true;
}

static void set_mode(struct view *view, enum mode mode)
{
    if (view->mode != MODE_TABLE && view->mode != mode) {
        fprintf(stderr, "'xl device-features': --json, --check and"
                " --as-config exclude each other.\n");
        exit(2);
    }
    view->mode = mode;
}

int main_devicefeatures(int argc, char **argv)
{
    static const char *const titles[] = {
        "domain", "device", "backend", "feature", "requested", "limit",
        "granted", "in use", "", NULL
    };
    struct view view = { .mode = MODE_TABLE, .table.titles = titles };
    struct refused refused = { 0 };
    const char *domain;
    uint32_t domid = 0;
    int opt, ret;

    SWITCH_FOREACH_OPT(opt, "j", device_options, "device-features", 0) {
    case 'j':
        set_mode(&view, MODE_JSON);
        break;
    case OPT_CHECK:
        set_mode(&view, MODE_CHECK);
        break;
    case OPT_AS_CONFIG:
        set_mode(&view, MODE_CONFIG);
        break;
    }
    domain = argv[optind];
    if (!domain && view.mode == MODE_CONFIG) {
        fprintf(stderr, "'xl device-features --as-config' requires a"
                " domain.\n\n");
        help("device-features");
        return 2;
    }
    view.type = type_argument("device-features", argc - optind - 1,
                              argv + optind + 1, kinds);

    if (view.mode == MODE_CHECK) {
        refused.only = domain;
        list_refused(show_refused, &refused);
        if (device_defaults_wrong()) /* that has been said */
            view.failed = true;
        /* One that was refused is not there any more. */
        if (domain && refused.found) {
            flush_stream(stdout);
            return EXIT_FAILURE;
        }
        if (domain && libxl_domain_qualifier_to_domid(ctx, domain, &domid)) {
            fprintf(stderr, "%s is an invalid domain identifier\n", domain);
            return 2;
        }
    } else if (domain) {
        domid = find_domain(domain);
    }

    if (view.mode == MODE_JSON) {
        json_begin(&view.json);
        JSON(&view.json, array_open);
    }
    if (domain) {
        view.table.first = 1;
        show_domain(&view, domid);
    } else {
        show_all(&view);
    }

    ret = view.failed || view.unreadable ? EXIT_FAILURE : EXIT_SUCCESS;
    switch (view.mode) {
    case MODE_TABLE:
        if (view.table.num)
            print_table(&view.table);
        break;
    case MODE_CHECK:
        if (view.table.num)
            print_table(&view.table);
        if (view.failed)
            ret = 2;
        else if (view.table.num || view.missing || refused.found)
            ret = EXIT_FAILURE;
        break;
    case MODE_JSON:
        JSON(&view.json, array_close);
        if (json_end(&view.json))
            ret = EXIT_FAILURE;
        break;
    case MODE_CONFIG:
        break;
    }
    if (!view.found && !view.failed &&
        (view.mode == MODE_TABLE || view.mode == MODE_CONFIG))
        printf("%s%s%s has %s%s.\n", view.mode == MODE_CONFIG ? "# " : "",
               domain ? "Domain " : "No domain", domain ?: "",
               domain ? "no " : "",
               !view.type ? "PV network interfaces or disks" :
               !strcmp(view.type, "vif") ? "PV network interfaces"
                                         : "PV disks");

    free_table(&view.table);
    flush_stream(stdout);
    return ret;
}

/* What can be requested of a domain's backends */

static void backend_feature_json(struct json *json,
                                 const libxl_backend_feature *f)
{
    JSON(json, map_open);
    json_text(json, "name", f->name);
    json_text(json, "description", f->description);
    json_text(json, "type", libxl_feature_type_to_string(f->type));
    json_number(json, "minimum", true, f->minimum);
    json_number(json, "maximum", true, f->maximum);
    json_number(json, "defval", true, f->defval);
    json_text(json, "frontend_node", f->frontend_node);
    json_bool(json, "restricts", f->restricts);
    JSON(json, map_close);
}

int main_backendfeatures(int argc, char **argv)
{
    static const char *const titles[] = {
        "backend", "feature", "type", "limit", "default", "", NULL
    };
    struct table table = { .titles = titles };
    const char *domain = "0", *type;
    struct json gen;
    bool json = false;
    uint32_t domid;
    int t, i, opt, ret;

    SWITCH_FOREACH_OPT(opt, "jd:", backend_options, "backend-features", 0) {
    case 'j':
        json = true;
        break;
    case 'd':
        domain = optarg;
        break;
    }
    type = type_argument("backend-features", argc - optind, argv + optind,
                         types);

    domid = find_domain(domain);
    if (json) {
        json_begin(&gen);
        JSON(&gen, map_open);
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
            return EXIT_FAILURE;
        }

        if (json) {
            json_string(&gen, types[t]);
            JSON(&gen, array_open);
        }
        for (i = 0; i < num; i++) {
            libxl_backend_feature *f = &features[i];

            if (json)
                backend_feature_json(&gen, f);
            else
                ADD_ROW(&table, false, i ? NULL : xstrdup(types[t]),
                        xstrdup(f->name),
                        xstrdup(libxl_feature_type_to_string(f->type)),
                        text("%u..%u", f->minimum, f->maximum),
                        text("%u", f->defval),
                        xstrdup(f->description ?: ""));
        }
        if (json)
            JSON(&gen, array_close);
        else if (!num && (type || strcmp(types[t], QDISK)))
            ADD_ROW(&table, false, xstrdup(types[t]), xstrdup("-"),
                    xstrdup("-"), xstrdup("-"), xstrdup("-"),
                    xstrdup(strcmp(types[t], QDISK) ? "no feature control"
                            : "not known before QEMU serves a disk"));
        libxl_backend_feature_list_free(features, num);
    }

    if (json) {
        JSON(&gen, map_close);
        ret = json_end(&gen);
    } else {
        print_table(&table);
        ret = EXIT_SUCCESS;
    }
    free_table(&table);
    flush_stream(stdout);
    return ret;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
