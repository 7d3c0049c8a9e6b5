/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether a domain gets what is requested for it: see xl_config_check.h
 *
 * The verdict on a request is libxl's; what follows from it is decided here.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <libxl.h>
#include <libxl_utils.h>

#include "xl.h"
#include "xl_config_check.h"
#include "xl_device_config.h"
#include "xl_device_defaults.h"
#include "xl_monitor.h"
#include "xl_utils.h"

/* Of a value, so much is shown. */
#define SHOWN 64

#define REFUSED_DIR XEN_RUN_DIR "/xl-refused"

static enum config_check level = CHECK_WARN;

static const char *const words[] = {
    [CHECK_OFF] = "off",
    [CHECK_WARN] = "warn",
    [CHECK_STRICT] = "strict",
    [CHECK_EXACT] = "exact",
};
#define NUM_WORDS (sizeof(words) / sizeof(words[0]))

enum severity { FINE, WARNED, REFUSED };

/* What a check has said. */
struct check {
    enum config_occasion occasion;
    int num_refused;
    bool cannot_be_kept; /* whatever config_check says */
    char *reason; /* the first line of an error, from malloc */
};

void parse_config_check(XLU_Config *config, const char *source)
{
    const char *word;
    int e, i;

    e = xlu_cfg_get_string(config, "config_check", &word, 0);
    if (e == ESRCH)
        return;
    for (i = 0; !e && i < NUM_WORDS; i++) {
        if (!strcmp(word, words[i])) {
            level = i;
            return;
        }
    }
    if (!e) /* else libxlu has said why */
        fprintf(stderr, "%s: config_check is \"off\", \"warn\", \"strict\" or"
                " \"exact\", not \"%s\"\n", source, word);
    set_device_defaults_wrong();
}

enum config_check config_check_level(void)
{
    return level;
}

const char *config_check_word(void)
{
    return words[level];
}

/* Nothing in a value may play with the terminal.  From malloc. */
static char *printable(const char *value)
{
    size_t len = strnlen(value, SHOWN + 1), i;
    char *text = xmalloc(SHOWN * strlen("\\x00") + sizeof("..."));
    char *p = text;

    for (i = 0; i < len && i < SHOWN; i++) {
        unsigned char c = value[i];

        if (c >= ' ' && c < 0x7f)
            *p++ = c;
        else
            p += sprintf(p, "\\x%02x", c);
    }
    strcpy(p, len > SHOWN ? "..." : "");

    return text;
}

/* Two decimal numbers, of any length. */
static bool same_number(const char *a, const char *b)
{
    return a && b && !strcmp(a + strspn(a, "0"), b + strspn(b, "0"));
}

static enum severity judge(const libxl_device_feature *feature,
                           enum config_occasion occasion)
{
    bool of_host = feature->origin == LIBXL_FEATURE_ORIGIN_HOST;
    bool asked = occasion == OCCASION_ASKED || occasion == OCCASION_UPDATE;
    enum severity severity = FINE;

    if (level == CHECK_OFF)
        return FINE;

    switch (feature->verdict) {
    case LIBXL_FEATURE_VERDICT_NOT_REQUESTED:
    case LIBXL_FEATURE_VERDICT_GRANTED:
        break;
    case LIBXL_FEATURE_VERDICT_LESS:
        /* What the disk behind cannot do is no fault of the backend's. */
        if (level == CHECK_EXACT)
            severity = same_number(feature->promised, feature->requested)
                ? WARNED : REFUSED;
        break;
    case LIBXL_FEATURE_VERDICT_MORE:
        severity = level >= CHECK_STRICT ? REFUSED : WARNED;
        break;
    case LIBXL_FEATURE_VERDICT_UNKNOWN:
    case LIBXL_FEATURE_VERDICT_NO_CONTROL:
    case LIBXL_FEATURE_VERDICT_PENDING:
        severity = level == CHECK_EXACT ||
            (level == CHECK_STRICT && !of_host) ? REFUSED : WARNED;
        break;
    case LIBXL_FEATURE_VERDICT_MALFORMED:
        severity = level >= CHECK_STRICT || asked ? REFUSED : WARNED;
        break;
    }
    if (severity == REFUSED && occasion == OCCASION_KEPT)
        severity = WARNED;

    return severity;
}

bool verdict_is_wrong(const libxl_device_feature *feature)
{
    return judge(feature, OCCASION_REBOOT) != FINE;
}

static void say(struct check *check, enum severity severity, const char *fmt,
                ...) __attribute__((format(printf, 3, 4)));
static void say(struct check *check, enum severity severity, const char *fmt,
                ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    xvasprintf(&text, fmt, ap);
    va_end(ap);

    fprintf(stderr, "xl: %s: %s\n",
            severity == REFUSED ? "error" : "warning", text);
    if (severity == REFUSED) {
        check->num_refused++;
        if (!check->reason) {
            check->reason = text;
            return;
        }
    }
    free(text);
}

/* What is wrong and what to do; NULL: about the device as a whole. */
static char *find_fault(const libxl_device_feature *f, uint32_t backend_domid,
                        const char *type)
{
    bool kept = !f->promised || same_number(f->promised, f->granted);
    char *why = NULL;

    switch (f->verdict) {
    case LIBXL_FEATURE_VERDICT_LESS:
        xasprintf(&why, "the guest gets less than was requested, because %s"
                  " no more; request what was granted, or less",
                  kept ? "the backend can give" : "what is behind it can do");
        break;
    case LIBXL_FEATURE_VERDICT_MORE:
        if (kept)
            xasprintf(&why, "the guest gets more than was requested, because"
                      " the backend can give no less; request what was"
                      " granted, or `default' if it does not matter");
        else
            xasprintf(&why, "the guest gets more than was requested, because"
                      " the backend does not keep its word, `%s'; do not rely"
                      " on it, or request `default' if it does not matter",
                      f->promised);
        break;
    case LIBXL_FEATURE_VERDICT_MALFORMED:
        xasprintf(&why, "not an unsigned decimal number, so the backend keeps"
                  " its default; request a number, 0 or 1 for what is on or"
                  " off");
        break;
    case LIBXL_FEATURE_VERDICT_UNKNOWN:
        xasprintf(&why, "the %s backend in domain %u has no such feature;"
                  " `xl backend-features -d %u %s' lists what it has", type,
                  backend_domid, backend_domid, type);
        break;
    default:
        break;
    }

    return why;
}

static void say_feature(struct check *check, const char *device,
                        uint32_t backend_domid, const char *type,
                        const libxl_device_feature *f)
{
    enum severity severity = judge(f, check->occasion);
    bool of_host = f->origin == LIBXL_FEATURE_ORIGIN_HOST;
    const char *key = of_host ? device_default_key(type) : NULL;
    char *name, *value, *why;

    if (severity == FINE)
        return;
    why = find_fault(f, backend_domid, type);
    if (!why)
        return;

    name = printable(f->name);
    value = printable(f->requested);
    say(check, severity, "%s: config-%s=`%s'%s%s%s%s%s%s: %s", device, name,
        value, of_host ? " (" : "",
        of_host ? key ? key : "a default of the host" : "",
        of_host ? ")" : "", f->granted ? ", granted `" : "",
        f->granted ?: "", f->granted ? "'" : "", why);
    free(name);
    free(value);
    free(why);
}

/*
 * One sentence for all the requests of a device of which nothing is known:
 * what can be done, or that nothing can.
 */
static void say_device(struct check *check, const char *device,
                       uint32_t backend_domid, const char *type,
                       const libxl_device_feature *features, int num)
{
    enum severity severity = FINE;
    bool pending = false, of_host = true;
    char *text = NULL;
    size_t len;
    FILE *f;
    int i, said = 0;

    f = open_memstream(&text, &len);
    if (!f) {
        perror("xl: open_memstream");
        exit(EXIT_FAILURE);
    }
    for (i = 0; i < num; i++) {
        enum severity one = judge(&features[i], check->occasion);
        char *value;

        if (features[i].verdict != LIBXL_FEATURE_VERDICT_NO_CONTROL &&
            features[i].verdict != LIBXL_FEATURE_VERDICT_PENDING)
            continue;
        if (one > severity)
            severity = one;
        /* A virtio backend is not at xenbus, and has nothing to say. */
        if (features[i].verdict == LIBXL_FEATURE_VERDICT_PENDING &&
            strcmp(type, "virtio_disk"))
            pending = true;
        if (features[i].origin != LIBXL_FEATURE_ORIGIN_HOST)
            of_host = false;
        value = printable(features[i].requested);
        fprintf(f, "%sconfig-%s=`%s'", said++ ? ", " : "", features[i].name,
                value);
        free(value);
    }
    fclose(f);

    if (severity != FINE)
        say(check, severity, "%s: its %s backend in domain %u %s, so %s%s %s no"
            " effect; %s, or take %s away with config-<feature>=default",
            device, type, backend_domid,
            pending ? "does not answer" : "has no feature control", text,
            of_host ? " (by default of the host)" : "",
            said == 1 ? "has" : "have",
            pending ? "see why in the log of that domain" :
            !strcmp(type, "virtio_disk")
            ? "use a disk of Xen's protocol (specification=xen)" :
            !strcmp(type, "qdisk")
            ? "use a QEMU that has it, or a disk that blkback serves"
              " (backendtype=phy)"
            : "load a driver that has it there, which there is for Linux only"
              " (see xen-feature-control(7))",
            said == 1 ? "the request" : "the requests");
    free(text);
}

static void say_all(struct check *check, const char *device,
                    uint32_t backend_domid, const char *type,
                    const libxl_device_feature *features, int num)
{
    int i;

    for (i = 0; i < num; i++)
        say_feature(check, device, backend_domid, type, &features[i]);
    say_device(check, device, backend_domid, type, features, num);
}

/* Before there is a domain. */

static void check_lists(struct check *check, const char *device,
                        const char *backend_domname, uint32_t backend_domid,
                        const char *type, libxl_key_value_list config,
                        libxl_key_value_list config_default)
{
    libxl_device_feature *features;
    bool there = true;
    int i, num, rc;

    if (!config && !config_default)
        return;

    /* It may come later, for config-update; some mistakes are such anywhere. */
    if (backend_domname &&
        libxl_domain_qualifier_to_domid(ctx, backend_domname, &backend_domid)) {
        backend_domid = 0;
        there = false;
    }

    rc = libxl_device_request_list(ctx, backend_domid, type, &config,
                                   &config_default, &features, &num);
    if (rc == ERROR_INVAL) {
        fprintf(stderr, "xl: error: %s: what is requested of it cannot be kept"
                " (libxl says why)\n", device);
        check->cannot_be_kept = true;
    }
    if (rc)
        return; /* it has said why; what counts comes later */

    for (i = 0; i < num; i++) {
        enum severity severity = judge(&features[i], check->occasion);

        if (features[i].verdict == LIBXL_FEATURE_VERDICT_PENDING ||
            (features[i].verdict == LIBXL_FEATURE_VERDICT_UNKNOWN && !there))
            continue;
        /* What will be created is looked at once more. */
        if (severity == REFUSED || dryrun_only ||
            check->occasion == OCCASION_UPDATE)
            say_feature(check, device, backend_domid, type, &features[i]);
    }
    libxl_device_feature_list_free(features, num);
}

/* devid: for one that has none yet, or -1. */
static void check_nic(struct check *check, const libxl_device_nic *nic,
                      int devid)
{
    char *device;

    if (nic->devid >= 0)
        devid = nic->devid;
    if (devid >= 0)
        xasprintf(&device, "vif %d", devid);
    else
        device = xstrdup("vif");
    check_lists(check, device, nic->backend_domname, nic->backend_domid,
                "vif", nic->config, nic->config_default);
    free(device);
}

static void check_disk(struct check *check, const libxl_device_disk *disk,
                       libxl_domain_type type)
{
    char *vdev = printable(disk->vdev ? disk->vdev : ""), *device;

    xasprintf(&device, "disk %s", vdev);
    check_lists(check, device, disk->backend_domname, disk->backend_domid,
                disk_backend_type(disk, type), disk->config,
                disk->config_default);
    free(device);
    free(vdev);
}

static int finish(struct check *check, const char *consequence)
{
    int rc = 0;

    if (check->num_refused) {
        fprintf(stderr, "xl: error: %s, because of config_check=\"%s\"\n",
                consequence, config_check_word());
        rc = ERROR_INVAL;
    } else if (check->cannot_be_kept) {
        fprintf(stderr, "xl: error: %s\n", consequence);
        rc = ERROR_INVAL;
    }
    free(check->reason);

    return rc;
}

/* What the host wants is not known where it cannot be read. */
static int check_wrong(enum config_occasion occasion)
{
    if (!device_defaults_wrong())
        return 0;
    if (occasion == OCCASION_ASKED || occasion == OCCASION_UPDATE) {
        fprintf(stderr, "xl: error: nothing is created or changed, because of"
                " the mistake named above\n");
        return ERROR_INVAL;
    }
    fprintf(stderr, "xl: warning: going on in spite of the mistake named"
            " above, with the requests that the domain has\n");
    return 0;
}

/*
 * Two things about features are known here, because they show only in the
 * guest, long after.  The grants of a guest's queues, of which it has no more
 * than a number of frames:
 */
#define QUEUES           "multi-queue-max-queues"
#define VIF_QUEUE_GRANTS 514        /* two rings of 256 and their pages: Linux */
#define VBD_QUEUE_GRANTS (16 + 33)  /* a ring, and one request: it waits */
#define FRAME_GRANTS     512
#define XEN_GRANT_FRAMES 64         /* gnttab_max_frames, if nobody set it */

/* What is requested of a feature, if it is a number. */
static bool requested_number(const char *feature, libxl_key_value_list config,
                             libxl_key_value_list config_default,
                             unsigned long long *number)
{
    return device_config_number(device_config_value(config, feature) ?:
                                device_config_value(config_default, feature),
                                number);
}

static unsigned int num_queues(int vcpus, uint32_t backend_domid,
                               libxl_key_value_list config,
                               libxl_key_value_list config_default)
{
    unsigned int queues = vcpus;
    unsigned long long max = 0;
    libxl_dominfo info;

    if (requested_number(QUEUES, config, config_default, &max)) {
        max = max ?: 1;
    } else {
        /* By itself a backend gives as many as it has CPUs. */
        libxl_dominfo_init(&info);
        if (!libxl_domain_info(ctx, &info, backend_domid))
            max = info.vcpu_online;
        libxl_dominfo_dispose(&info);
    }

    return max && max < queues ? max : queues;
}

static void note_grant_frames(const libxl_domain_config *d_config)
{
    const libxl_domain_build_info *b_info = &d_config->b_info;
    unsigned long max = b_info->max_grant_frames == LIBXL_MAX_GRANT_DEFAULT
        ? XEN_GRANT_FRAMES : b_info->max_grant_frames;
    unsigned long grants = 0, frames;
    int i;

    for (i = 0; i < d_config->num_nics; i++) {
        const libxl_device_nic *nic = &d_config->nics[i];

        grants += VIF_QUEUE_GRANTS *
            num_queues(b_info->max_vcpus, nic->backend_domid, nic->config,
                       nic->config_default);
    }
    for (i = 0; i < d_config->num_disks; i++) {
        const libxl_device_disk *disk = &d_config->disks[i];

        if (!strcmp(disk_backend_type(disk, d_config->c_info.type), "vbd"))
            grants += VBD_QUEUE_GRANTS *
                num_queues(b_info->max_vcpus, disk->backend_domid,
                           disk->config, disk->config_default);
    }

    frames = (grants + FRAME_GRANTS - 1) / FRAME_GRANTS + 1;
    if (frames > max)
        fprintf(stderr, "xl: note: the queues of its devices want up to %lu"
                " grant frames, and max_grant_frames is %lu: a guest that"
                " cannot make them all has fewer, or devices that do not work;"
                " set max_grant_frames=%lu, or request fewer queues"
                " (config-" QUEUES ")\n", frames, max, frames);
}

int check_requests(const libxl_domain_config *d_config,
                   enum config_occasion occasion)
{
    struct check check = { .occasion = occasion };
    int i, rc;

    rc = check_wrong(occasion);
    /* What libxl will not keep would keep the domain down when it reboots. */
    if (rc || (level == CHECK_OFF && occasion != OCCASION_UPDATE))
        return rc;

    for (i = 0; i < d_config->num_nics; i++)
        check_nic(&check, &d_config->nics[i], i);
    for (i = 0; i < d_config->num_disks; i++)
        check_disk(&check, &d_config->disks[i], d_config->c_info.type);

    rc = finish(&check, "nothing is created or changed");
    if (!rc && occasion == OCCASION_MOVED)
        report_missing_defaults(d_config);
    if (!rc && occasion != OCCASION_MOVED)
        note_grant_frames(d_config);

    return rc;
}

int check_nic_requests(libxl_device_nic *nic)
{
    struct check check = { .occasion = OCCASION_ASKED };
    int rc;

    rc = check_wrong(OCCASION_ASKED);
    if (rc || level == CHECK_OFF)
        return rc;

    check_nic(&check, nic, -1);

    return finish(&check, "nothing is created");
}

int check_disk_requests(libxl_device_disk *disk, libxl_domain_type type)
{
    struct check check = { .occasion = OCCASION_ASKED };
    int rc;

    rc = check_wrong(OCCASION_ASKED);
    if (rc || level == CHECK_OFF)
        return rc;

    check_disk(&check, disk, type);

    return finish(&check, "nothing is created");
}

/* A guest that did not come up again. */

/* From malloc. */
static char *refused_path(const char *name)
{
    char *path, *p;

    xasprintf(&path, REFUSED_DIR "/%s", name);
    for (p = path + strlen(REFUSED_DIR "/"); *p; p++)
        if (*p == '/')
            *p = '%';

    return path;
}

static void note_refused(const char *name, const char *reason)
{
    char *path = refused_path(name);
    FILE *f;

    syslog(LOG_DAEMON | LOG_ERR, "xl: domain %s was not started again: %s",
           name, reason);

    f = mkdir(REFUSED_DIR, 0755) && errno != EEXIST ? NULL : fopen(path, "w");
    if (!f || fprintf(f, "%s\n", reason) < 0 || fclose(f))
        fprintf(stderr, "xl: cannot write %s: %s\n", path, strerror(errno));
    free(path);
}

static void forget_refused(const char *name)
{
    static const char suffix[] = "--incoming"; /* until it is received */
    char *path = refused_path(name);
    size_t len = strlen(path) - (sizeof(suffix) - 1);

    if (strlen(name) > sizeof(suffix) - 1 && !strcmp(path + len, suffix))
        path[len] = 0;
    unlink(path);
    free(path);
}

int list_refused(void (*f)(const char *name, const char *reason, void *user),
                 void *user)
{
    DIR *dir = opendir(REFUSED_DIR);
    struct dirent *entry;
    int num = 0;

    while (dir && (entry = readdir(dir))) {
        char *path, reason[1024] = "";
        FILE *file;

        if (entry->d_name[0] == '.')
            continue;
        path = refused_path(entry->d_name);
        file = fopen(path, "r");
        if (file && fgets(reason, sizeof(reason), file))
            reason[strcspn(reason, "\n")] = 0;
        if (file)
            fclose(file);
        free(path);
        f(entry->d_name, reason, user);
        num++;
    }
    if (dir)
        closedir(dir);

    return num;
}

/* Once there is a domain. */

/* From malloc. */
static char *device_name(const libxl_device_features *device)
{
    char *name;

    if (!strcmp(device->kind, "vif")) {
        xasprintf(&name, "vif %d", device->devid);
        return name;
    }
    if (device->vdev)
        xasprintf(&name, "disk %s", device->vdev);
    else
        xasprintf(&name, "disk %d", device->devid);

    return name;
}

static void check_devices(struct check *check, uint32_t domid,
                          const libxl_domain_config *d_config)
{
    libxl_device_features *devices;
    int i, num;

    if (libxl_device_verdict_list(ctx, domid, d_config, &devices, &num,
                                  NULL)) {
        say(check, level >= CHECK_STRICT && check->occasion != OCCASION_KEPT
                   ? REFUSED : WARNED, "what became of the requests to the"
            " devices of domain %u cannot be read (libxl says why)", domid);
        return;
    }

    for (i = 0; i < num; i++) {
        char *name = device_name(&devices[i]);

        say_all(check, name, devices[i].backend_domid,
                devices[i].backend_type, devices[i].features,
                devices[i].num_features);
        free(name);
    }
    libxl_device_features_list_free(devices, num);
}

int check_granted(uint32_t domid, const libxl_domain_config *d_config,
                  enum config_occasion occasion)
{
    struct check check = { .occasion = occasion };
    const char *name = d_config->c_info.name ?: "";

    if (level != CHECK_OFF) {
        check_devices(&check, domid, d_config);
        if (occasion == OCCASION_REBOOT)
            report_missing_defaults(d_config);
    }

    if (!check.reason)
        forget_refused(name);
    else if (occasion == OCCASION_REBOOT)
        note_refused(name, check.reason);

    return finish(&check, "the domain is destroyed before it ran");
}

static int check_attached(uint32_t domid, const libxl_domain_config *d_config)
{
    struct check check = { .occasion = OCCASION_ASKED };

    if (level == CHECK_OFF)
        return 0;

    check_devices(&check, domid, d_config);
    if (!check.num_refused)
        check_monitor(domid, d_config);

    return finish(&check, "the device is removed again");
}

int check_granted_nic(uint32_t domid, libxl_device_nic *nic)
{
    const libxl_domain_config d_config = { .nics = nic, .num_nics = 1 };
    int rc = check_attached(domid, &d_config);

    if (rc && libxl_device_nic_destroy(ctx, domid, nic, NULL))
        fprintf(stderr, "xl: error: vif %d was not removed cleanly, and the"
                " guest may have it still: see `xl network-list %u'\n",
                nic->devid, domid);

    return rc;
}

int check_granted_disk(uint32_t domid, libxl_device_disk *disk)
{
    const libxl_domain_config d_config = { .disks = disk, .num_disks = 1 };
    int rc = check_attached(domid, &d_config);

    if (rc && libxl_device_disk_destroy(ctx, domid, disk, NULL))
        fprintf(stderr, "xl: error: disk %s was not removed cleanly, and the"
                " guest may have it still: see `xl block-list %u'\n",
                disk->vdev, domid);

    return rc;
}

void check_medium(uint32_t domid, libxl_device_disk *disk)
{
    const libxl_domain_config d_config = { .disks = disk, .num_disks = 1 };
    struct check check = { .occasion = OCCASION_KEPT };
    uint32_t stubdomid = libxl_get_stubdom_id(ctx, domid);

    /* A stubdomain has the drive as a disk of its own. */
    if (level != CHECK_OFF)
        check_devices(&check, stubdomid ? stubdomid : domid, &d_config);
}

/* A domain that exists, by another configuration. */

/* Records of older versions have blanks around values. */
static bool same_value(const char *a, const char *b)
{
    const char *const blanks = " \t\r\n";

    a += strspn(a, blanks);
    b += strspn(b, blanks);
    while (*a && *a == *b) {
        a++;
        b++;
    }

    return !a[strspn(a, blanks)] && !b[strspn(b, blanks)];
}

/* Of what was requested: what is not any more. */
static void compare(struct check *check, const char *device,
                    libxl_key_value_list config,
                    libxl_key_value_list recorded)
{
    int i;

    if (level == CHECK_OFF)
        return;

    for (i = 0; recorded && recorded[i]; i += 2) {
        const char *was = recorded[i + 1];
        const char *is = device_config_value(config, recorded[i]);
        char *key, *shown_was, *shown_is;

        /* Of a key that is there twice the last one counts. */
        if (!was || device_config_value(recorded, recorded[i]) != was ||
            same_value(was, LIBXL_DEVICE_CONFIG_DEFAULT) ||
            (is && same_value(is, was)))
            continue;
        key = printable(recorded[i]);
        shown_was = printable(was);
        shown_is = printable(is ?: "");
        if (!is)
            say(check, level >= CHECK_STRICT ? REFUSED : WARNED,
                "%s: config-%s=`%s' was requested of it, and the"
                " configuration given here does not have it; say the same, or"
                " config-%s=default to let it go", device, key, shown_was,
                key);
        else
            say(check, WARNED, "%s: config-%s is `%s' now, and was `%s'",
                device, key, shown_is, shown_was);
        free(key);
        free(shown_was);
        free(shown_is);
    }
}

/*
 * And the segments of a request: what Linux' blkfront has merged for more of
 * them than it has after a restore, and has not sent, it stops at (BUG_ON() in
 * blkif_queue_rw_req()), or writes beyond what it has for them.
 */
#define SEGMENTS     "feature-max-indirect-segments"
#define SEGMENTS_MAX 256    /* blkback, if nothing is requested */

static unsigned long long num_segments(libxl_key_value_list config,
                                       libxl_key_value_list config_default)
{
    unsigned long long number;

    return requested_number(SEGMENTS, config, config_default, &number) &&
        number < SEGMENTS_MAX ? number : SEGMENTS_MAX;
}

static void compare_segments(struct check *check, const char *device,
                             const libxl_device_disk *disk,
                             const libxl_device_disk *recorded)
{
    unsigned long long is = num_segments(disk->config, disk->config_default);
    unsigned long long was = num_segments(recorded->config,
                                          recorded->config_default);

    if (level != CHECK_OFF && is < was)
        say(check, WARNED, "%s: a request can have %llu indirect segments now,"
            " and %llu when the guest was saved: Linux may stop if it was"
            " writing then", device, is, was);
}

static void keep_default(libxl_key_value_list *list,
                         const libxl_key_value_list *recorded)
{
    libxl_key_value_list_dispose(list);
    *list = NULL;
    if (*recorded)
        libxl_key_value_list_copy(ctx, list, recorded);
}

int keep_recorded_requests(libxl_domain_config *d_config,
                           const libxl_domain_config *record)
{
    struct check check = { .occasion = OCCASION_MOVED };
    char *device;
    int i, j;

    for (i = 0; i < d_config->num_nics; i++) {
        libxl_device_nic *nic = &d_config->nics[i];
        int devid = nic->devid >= 0 ? nic->devid : i;

        for (j = 0; j < record->num_nics; j++) {
            if ((record->nics[j].devid >= 0 ? record->nics[j].devid : j)
                != devid)
                continue;
            xasprintf(&device, "vif %d", devid);
            compare(&check, device, nic->config, record->nics[j].config);
            free(device);
            keep_default(&nic->config_default,
                         &record->nics[j].config_default);
        }
    }
    for (i = 0; i < d_config->num_disks; i++) {
        libxl_device_disk *disk = &d_config->disks[i];

        for (j = 0; j < record->num_disks; j++) {
            if (!disk->vdev || !record->disks[j].vdev ||
                strcmp(disk->vdev, record->disks[j].vdev))
                continue;
            xasprintf(&device, "disk %s", disk->vdev);
            compare(&check, device, disk->config, record->disks[j].config);
            keep_default(&disk->config_default,
                         &record->disks[j].config_default);
            compare_segments(&check, device, disk, &record->disks[j]);
            free(device);
        }
    }

    return finish(&check, "nothing is done");
}

static int count_requests(libxl_key_value_list config,
                          libxl_key_value_list config_default)
{
    int i, num = 0;

    for (i = 0; config && config[i]; i += 2)
        if (config[i + 1] && strcmp(config[i + 1], LIBXL_DEVICE_CONFIG_DEFAULT))
            num++;
    for (i = 0; config_default && config_default[i]; i += 2)
        if (!device_config_value(config, config_default[i]))
            num++;

    return num;
}

static int count_all_requests(const libxl_domain_config *d_config)
{
    int i, num = 0;

    for (i = 0; i < d_config->num_nics; i++)
        num += count_requests(d_config->nics[i].config,
                              d_config->nics[i].config_default);
    for (i = 0; i < d_config->num_disks; i++)
        num += count_requests(d_config->disks[i].config,
                              d_config->disks[i].config_default);

    return num;
}

void check_monitor(uint32_t domid, const libxl_domain_config *d_config)
{
    if (level != CHECK_OFF && count_all_requests(d_config))
        warn_old_monitor(domid, "what is requested of its devices");
}

void append_settings(void **config, int *len)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    if (!f) {
        perror("xl: open_memstream");
        exit(EXIT_FAILURE);
    }

    fprintf(f, "%.*s\n", *len, (const char *)*config);
    print_device_defaults(f);
    fprintf(f, "config_check=\"%s\"\n", config_check_word());
    fclose(f);

    free(*config);
    *config = text;
    *len = size;
}

uint32_t config_check_stream_flags(const char *json)
{
    libxl_domain_config d_config;
    int num = 0;

    libxl_domain_config_init(&d_config);
    if (!libxl_domain_config_from_json(ctx, &d_config, json))
        num = count_all_requests(&d_config);
    libxl_domain_config_dispose(&d_config);

    if (!num || level == CHECK_OFF)
        return 0;
    if (level >= CHECK_STRICT)
        return XL_MANDATORY_FLAG_FEATURE_CONTROL;

    fprintf(stderr, "xl: note: %d request%s of features (config-) go%s along;"
            " a host without feature control ignores them\n", num,
            num == 1 ? "" : "s", num == 1 ? "es" : "");

    return 0;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
