/* SPDX-License-Identifier: GPL-2.0-only */
/* libxenstore without a xenstored: see fake-xenstore.h */

#define _GNU_SOURCE

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xenstore.h>

#include "fake-xenstore.h"

#define MAX_NODES 4096
#define MAX_PERMS 8
#define MAX_WATCHES 64
#define MAX_EVENTS 1024
#define MAX_LOG 65536
#define PAYLOAD_MAX 4096

struct node {
    char *path, *value;
    unsigned int len, num_perms;
    struct xs_permissions perms[MAX_PERMS];
};

struct store {
    struct node nodes[MAX_NODES];
    unsigned int num;
};

struct watch { char *path, *token; };

static struct store *live, *snapshot; /* libxl nests no transactions */
static bool snapshot_dirty;
static struct watch watches[MAX_WATCHES];
static struct watch events[MAX_EVENTS];
static unsigned int first_event, num_events;
static int event_pipe[2] = { -1, -1 };
static unsigned int self, conflicts;
static char *request_log[MAX_LOG];
static unsigned int num_requests;
static struct {
    char *substring;
    unsigned int nth;
    int error;
    bool done;
} fail;

void (*fake_xs_changed)(const char *path);
void (*fake_xs_requested)(const char *path);

static void *must(void *p)
{
    if (!p) abort();
    return p;
}

/* The store */

static void store_free(struct store *s)
{
    if (!s) return;
    for (unsigned int i = 0; i < s->num; i++) {
        free(s->nodes[i].path);
        free(s->nodes[i].value);
    }
    free(s);
}

static struct store *store_dup(const struct store *s)
{
    struct store *copy = must(malloc(sizeof(*copy)));

    copy->num = s->num;
    memcpy(copy->nodes, s->nodes, s->num * sizeof(*s->nodes));
    for (unsigned int i = 0; i < s->num; i++) {
        copy->nodes[i].path = must(strdup(s->nodes[i].path));
        copy->nodes[i].value = must(malloc(s->nodes[i].len + 1));
        memcpy(copy->nodes[i].value, s->nodes[i].value,
               s->nodes[i].len + 1);
    }
    return copy;
}

static struct node *find(struct store *s, const char *path)
{
    for (unsigned int i = 0; i < s->num; i++)
        if (!strcmp(s->nodes[i].path, path))
            return &s->nodes[i];
    return NULL;
}

static bool below(const char *path, const char *top)
{
    size_t len = strlen(top);

    if (!strcmp(top, "/")) return true;
    return !strncmp(path, top, len) && (path[len] == '/' || !path[len]);
}

static void set_value(struct node *n, const void *value, unsigned int len)
{
    char *copy = must(malloc(len + 1));

    memcpy(copy, value, len);
    copy[len] = 0;
    free(n->value);
    n->value = copy;
    n->len = len;
}

/* Creates missing ancestors too.  Each starts with its parent's perms. */
static struct node *create(struct store *s, const char *path)
{
    struct node *n = find(s, path), *parent;
    char *up, *slash;

    if (n) return n;

    up = must(strdup(path));
    slash = strrchr(up, '/');
    assert(slash);
    slash[slash == up] = 0;
    parent = create(s, up);
    free(up);

    assert(s->num < MAX_NODES);
    n = &s->nodes[s->num++];
    memset(n, 0, sizeof(*n));
    n->path = must(strdup(path));
    set_value(n, "", 0);
    n->num_perms = parent->num_perms;
    memcpy(n->perms, parent->perms, sizeof(n->perms));
    if (self)
        n->perms[0].id = self;
    return n;
}

static void remove_below(struct store *s, const char *path)
{
    for (unsigned int i = 0; i < s->num; )
        if (below(s->nodes[i].path, path)) {
            free(s->nodes[i].path);
            free(s->nodes[i].value);
            s->nodes[i] = s->nodes[--s->num];
        } else {
            i++;
        }
}

static bool may(struct store *s, const char *path, unsigned int need)
{
    char *up = must(strdup(path));
    unsigned int have = 0;
    struct node *n;

    /* What is not there is protected by the nearest thing that is. */
    while (!(n = find(s, up))) {
        char *slash = strrchr(up, '/');
        slash[slash == up] = 0;
    }
    free(up);

    if (!self || n->perms[0].id == self)
        return true;
    have = n->perms[0].perms;
    for (unsigned int i = 1; i < n->num_perms; i++)
        if (n->perms[i].id == self)
            have = n->perms[i].perms;
    return (have & need) == need;
}

/* Watches */

static void post(const char *path, const char *token)
{
    struct watch *e = &events[(first_event + num_events) % MAX_EVENTS];

    assert(num_events < MAX_EVENTS);
    num_events++;
    e->path = must(strdup(path));
    e->token = must(strdup(token));
    if (event_pipe[1] >= 0 && write(event_pipe[1], "", 1) != 1)
        abort();
}

static void changed(const char *path)
{
    for (unsigned int i = 0; i < MAX_WATCHES; i++)
        if (watches[i].path && (below(path, watches[i].path) ||
                                below(watches[i].path, path)))
            post(path, watches[i].token);
    if (fake_xs_changed)
        fake_xs_changed(path);
}

static char **next_event(void)
{
    struct watch e = events[first_event];
    size_t plen, tlen;
    char **vec, c;

    first_event = (first_event + 1) % MAX_EVENTS;
    num_events--;
    if (event_pipe[0] >= 0 && read(event_pipe[0], &c, 1) != 1)
        abort();

    plen = strlen(e.path) + 1;
    tlen = strlen(e.token) + 1;
    vec = must(malloc(2 * sizeof(*vec) + plen + tlen));
    vec[XS_WATCH_PATH] = memcpy((char *)(vec + 2), e.path, plen);
    vec[XS_WATCH_TOKEN] = memcpy((char *)(vec + 2) + plen, e.token, tlen);
    free(e.path);
    free(e.token);
    return vec;
}

/* For the test */

void fake_xs_reset(void)
{
    store_free(live);
    store_free(snapshot);
    snapshot = NULL;
    live = must(calloc(1, sizeof(*live)));
    live->num = 1;
    live->nodes[0].path = must(strdup("/"));
    live->nodes[0].value = must(strdup(""));
    live->nodes[0].num_perms = 1; /* n0 */

    while (num_events) free(next_event());
    for (unsigned int i = 0; i < MAX_WATCHES; i++) {
        free(watches[i].path);
        free(watches[i].token);
        watches[i] = (struct watch){ NULL, NULL };
    }
    for (unsigned int i = 0; i < num_requests; i++)
        free(request_log[i]);
    num_requests = 0;
    free(fail.substring);
    memset(&fail, 0, sizeof(fail));
    self = conflicts = 0;
    fake_xs_changed = fake_xs_requested = NULL;
}

void fake_xs_become(unsigned int domid) { self = domid; }
void fake_xs_conflicts(unsigned int n) { conflicts = n; }
bool fake_xs_failed(void) { return fail.done; }
unsigned int fake_xs_open_transactions(void) { return !!snapshot; }

void fake_xs_set(const char *path, const char *value)
{
    set_value(create(live, path), value, strlen(value));
    changed(path);
}

const char *fake_xs_get(const char *path)
{
    struct node *n = find(live, path);

    return n ? n->value : NULL;
}

const char *fake_xs_perms(const char *path)
{
    static const char letter[] = "nrwb";
    static char text[MAX_PERMS * 16];
    struct node *n = find(live, path);
    char *p = text;

    if (!n) return NULL;
    for (unsigned int i = 0; i < n->num_perms; i++)
        p += sprintf(p, "%s%c%u", i ? "," : "",
                     letter[n->perms[i].perms & 3], n->perms[i].id);
    return text;
}

unsigned int fake_xs_count(const char *path)
{
    unsigned int num = 0;

    for (unsigned int i = 0; i < live->num; i++)
        num += below(live->nodes[i].path, path);
    return num;
}

unsigned int fake_xs_requests(const char *substring)
{
    unsigned int num = 0;

    for (unsigned int i = 0; i < num_requests; i++) {
        num += !!strstr(request_log[i], substring);
        free(request_log[i]);
    }
    num_requests = 0;
    return num;
}

void fake_xs_fail(const char *substring, unsigned int nth, int error)
{
    free(fail.substring);
    fail.substring = must(strdup(substring));
    fail.nth = nth;
    fail.error = error;
    fail.done = false;
}

/* libxenstore: what every request has in common */

static struct store *request(xs_transaction_t t, const char *path,
                             char **absolute)
{
    assert(num_requests < MAX_LOG);
    if (path[0] == '/')
        *absolute = must(strdup(path));
    else if (asprintf(absolute, "/local/domain/%u/%s", self, path) < 0)
        abort();
    request_log[num_requests++] = must(strdup(*absolute));
    if (fake_xs_requested)
        fake_xs_requested(*absolute);

    if (fail.nth && strstr(*absolute, fail.substring) && !--fail.nth) {
        fail.done = true;
        errno = fail.error;
        return NULL;
    }
    if (t) {
        assert(snapshot);
        return snapshot;
    }
    return live;
}

static bool refuse(struct store *s, const char *path, unsigned int need)
{
    if (!may(s, path, need))
        errno = EACCES;
    else if (need == XS_PERM_READ && !find(s, path))
        errno = ENOENT;
    else
        return false;
    return true;
}

static void done(struct store *s, const char *path)
{
    if (s == snapshot)
        snapshot_dirty = true;
    else
        changed(path);
}

/* libxenstore */

struct xs_handle { int unused; };
static struct xs_handle handle;

struct xs_handle *xs_open(unsigned long flags)
{
    if (!live) fake_xs_reset();
    return &handle;
}

struct xs_handle *xs_daemon_open(void) { return xs_open(0); }
struct xs_handle *xs_domain_open(void) { return xs_open(0); }
void xs_close(struct xs_handle *xsh) { }
void xs_daemon_close(struct xs_handle *xsh) { }
void xs_daemon_destroy_postfork(struct xs_handle *xsh) { }

char **xs_directory(struct xs_handle *h, xs_transaction_t t,
                    const char *path, unsigned int *num)
{
    char *abs, **list = NULL, *text;
    struct store *s = request(t, path, &abs);
    size_t len = strlen(abs), size = 0;

    if (!s || refuse(s, abs, XS_PERM_READ)) goto out;

    *num = 0;
    for (unsigned int i = 0; i < s->num; i++)
        size += strlen(s->nodes[i].path) + 1 + sizeof(*list);
    list = must(calloc(1, size + sizeof(*list)));
    text = (char *)(list + s->num);
    for (unsigned int i = 0; i < s->num; i++) {
        const char *p = s->nodes[i].path;

        if (!below(p, abs) || !p[len] || strchr(p + len + 1, '/'))
            continue;
        list[(*num)++] = text;
        text = stpcpy(text, p + len + 1) + 1;
    }

 out:
    free(abs);
    return list;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
              unsigned int *len)
{
    char *abs, *value = NULL;
    struct store *s = request(t, path, &abs);
    struct node *n;

    if (!s || refuse(s, abs, XS_PERM_READ)) goto out;

    n = find(s, abs);
    value = must(malloc(n->len + 1));
    memcpy(value, n->value, n->len + 1);
    if (len) *len = n->len;

 out:
    free(abs);
    return value;
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
              const void *data, unsigned int len)
{
    char *abs;
    struct store *s = request(t, path, &abs);
    bool ok = false;

    if (!s || refuse(s, abs, XS_PERM_WRITE)) goto out;
    if (strlen(path) + 1 + len > PAYLOAD_MAX) {
        errno = E2BIG;
        goto out;
    }

    set_value(create(s, abs), data, len);
    done(s, abs);
    ok = true;

 out:
    free(abs);
    return ok;
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    char *abs;
    struct store *s = request(t, path, &abs);
    bool ok = false;

    if (!s || refuse(s, abs, XS_PERM_WRITE)) goto out;

    if (!find(s, abs)) {
        create(s, abs);
        done(s, abs);
    }
    ok = true;

 out:
    free(abs);
    return ok;
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    char *abs;
    struct store *s = request(t, path, &abs);
    bool ok = false;

    /* Only the top is checked: what is below goes with it. */
    if (!s || refuse(s, abs, XS_PERM_WRITE)) goto out;

    if (find(s, abs)) {
        remove_below(s, abs);
        done(s, abs);
    }
    ok = true;

 out:
    free(abs);
    return ok;
}

struct xs_permissions *xs_get_permissions(struct xs_handle *h,
                                          xs_transaction_t t,
                                          const char *path, unsigned int *num)
{
    struct xs_permissions *perms = NULL;
    char *abs;
    struct store *s = request(t, path, &abs);
    struct node *n;

    if (!s || refuse(s, abs, XS_PERM_READ)) goto out;

    n = find(s, abs);
    *num = n->num_perms;
    perms = must(malloc(sizeof(n->perms)));
    memcpy(perms, n->perms, sizeof(n->perms));

 out:
    free(abs);
    return perms;
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t,
                        const char *path, struct xs_permissions *perms,
                        unsigned int num)
{
    char *abs;
    struct store *s = request(t, path, &abs);
    struct node *n;
    bool ok = false;

    if (!s || refuse(s, abs, XS_PERM_READ)) goto out;

    n = find(s, abs);
    if (self && n->perms[0].id != self) {
        errno = EACCES;
        goto out;
    }
    assert(num && num <= MAX_PERMS);
    n->num_perms = num;
    memcpy(n->perms, perms, num * sizeof(*perms));
    done(s, abs);
    ok = true;

 out:
    free(abs);
    return ok;
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
    assert(!snapshot);
    snapshot = store_dup(live);
    snapshot_dirty = false;
    return 1;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort)
{
    struct store *old, *new = snapshot;

    assert(t && snapshot);
    snapshot = NULL;

    if (abort) {
        store_free(new);
        return true;
    }
    if (snapshot_dirty && conflicts) {
        conflicts--;
        store_free(new);
        errno = EAGAIN;
        return false;
    }

    old = live;
    live = store_dup(new);
    if (snapshot_dirty) {
        for (unsigned int i = 0; i < new->num; i++) {
            struct node *was = find(old, new->nodes[i].path);

            if (!was || strcmp(was->value, new->nodes[i].value))
                changed(new->nodes[i].path);
        }
        for (unsigned int i = 0; i < old->num; i++)
            if (!find(new, old->nodes[i].path))
                changed(old->nodes[i].path);
    }
    store_free(new);
    store_free(old);
    return true;
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
    for (unsigned int i = 0; i < MAX_WATCHES; i++)
        if (!watches[i].path) {
            watches[i].path = must(strdup(path));
            watches[i].token = must(strdup(token));
            post(path, token);
            if (fake_xs_changed)
                fake_xs_changed(path);
            return true;
        }
    abort();
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
    for (unsigned int i = 0; i < MAX_WATCHES; i++)
        if (watches[i].path && !strcmp(watches[i].path, path) &&
            !strcmp(watches[i].token, token)) {
            free(watches[i].path);
            free(watches[i].token);
            watches[i] = (struct watch){ NULL, NULL };
            return true;
        }
    errno = ENOENT;
    return false;
}

int xs_fileno(struct xs_handle *h)
{
    if (event_pipe[0] < 0) {
        if (pipe(event_pipe)) abort();
        for (unsigned int i = 0; i < num_events; i++)
            if (write(event_pipe[1], "", 1) != 1) abort();
    }
    return event_pipe[0];
}

char **xs_check_watch(struct xs_handle *h)
{
    if (!num_events) {
        errno = EAGAIN;
        return NULL;
    }
    return next_event();
}

char **xs_read_watch(struct xs_handle *h, unsigned int *num)
{
    assert(num_events); /* else it would wait for ever */
    *num = 2;
    return next_event();
}

char *xs_get_domain_path(struct xs_handle *h, unsigned int domid)
{
    char *path;

    if (asprintf(&path, "/local/domain/%u", domid) < 0) abort();
    return path;
}

bool xs_path_is_subpath(const char *parent, const char *child)
{
    return below(child, parent);
}

/* FAKE_XENSTORE_DUMP=file: what a program leaves in the store. */
__attribute__((destructor)) static void dump(void)
{
    const char *name = getenv("FAKE_XENSTORE_DUMP");
    FILE *f;

    if (!name || !live) return;
    f = must(fopen(name, "w"));
    for (unsigned int i = 1; i < live->num; i++)
        fprintf(f, "%s = \"%s\" (%s)\n", live->nodes[i].path,
                live->nodes[i].value, fake_xs_perms(live->nodes[i].path));
    fclose(f);
}
