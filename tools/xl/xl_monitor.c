/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The monitors of domains: see xl_monitor.h
 *
 * Nothing says which process monitors which domain.  What there is to see is
 * the monitor's log, which has the name that the domain had when it was
 * created or came here: see do_daemonize() and its caller.
 */

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libxl.h>
#include <libxl_utils.h>

#include "xl.h"
#include "xl_monitor.h"

#define INCOMING "--incoming"

/*
 * What a process runs: its program, and the libxenlight that it maps, under
 * whatever name it is packaged.
 */
struct software {
    bool known;
    dev_t dev;
    ino_t ino;
    char library[64]; /* device and inode as /proc has them; may be empty */
};

/* Whose monitor is a process? */
enum whose {
    NOBODYS,    /* it is none, or another domain's */
    PERHAPS,    /* it may be this domain's, under a name of before */
    THIS_ONES,
};

/* A short file of a process.  Returns its length; what follows is 0. */
static size_t read_file(const char *proc, const char *pid, const char *name,
                        char *buf, size_t size)
{
    char path[PATH_MAX];
    size_t len = 0;
    FILE *f;

    memset(buf, 0, size);
    snprintf(path, sizeof(path), "%s/%s/%s", proc, pid, name);
    f = fopen(path, "r");
    if (!f)
        return 0;
    len = fread(buf, 1, size - 1, f);
    fclose(f);

    return len;
}

static void look_at_software(const char *proc, const char *pid,
                             struct software *software)
{
    char path[PATH_MAX], line[PATH_MAX + 128];
    char dev[24], ino[24], *file;
    struct stat st;
    FILE *f;
    int at;

    memset(software, 0, sizeof(*software));

    snprintf(path, sizeof(path), "%s/%s/exe", proc, pid);
    if (stat(path, &st))
        return; /* it is gone, or a thread of the kernel's */
    software->dev = st.st_dev;
    software->ino = st.st_ino;

    snprintf(path, sizeof(path), "%s/%s/maps", proc, pid);
    f = fopen(path, "r");
    if (!f)
        return;
    while (fgets(line, sizeof(line), f)) {
        at = 0;
        if (sscanf(line, "%*s %*s %*s %23s %23s %n", dev, ino, &at) != 2 ||
            !at)
            continue;
        file = strrchr(line + at, '/');
        if (!file || strncmp(file, "/libxenlight", strlen("/libxenlight")))
            continue;
        snprintf(software->library, sizeof(software->library), "%s %s", dev,
                 ino);
        break;
    }
    fclose(f);
    software->known = true;
}

static bool same_software(const struct software *a, const struct software *b)
{
    return a->dev == b->dev && a->ino == b->ino &&
           !strcmp(a->library, b->library);
}

/*
 * The name of the domain whose log a process writes, into name.  Returns false
 * if it writes none.  *moved: the log was rotated away or removed, because
 * there came another domain of this name, or because it was long enough.
 */
static bool read_log_name(const char *proc, const char *pid, char *name,
                          size_t size, bool *moved)
{
    static const char prefix[] = "xl-", suffix[] = ".log";
    char path[PATH_MAX], log[PATH_MAX];
    char *base, *end, *next;
    ssize_t len;

    snprintf(path, sizeof(path), "%s/%s/fd/1", proc, pid);
    len = readlink(path, log, sizeof(log) - 1);
    if (len < 0)
        return false;
    log[len] = 0;

    base = strrchr(log, '/');
    if (!base++ || strncmp(base, prefix, strlen(prefix)))
        return false;
    base += strlen(prefix);

    /* The last one: the name can have it, too. */
    for (end = NULL, next = base; (next = strstr(next, suffix)); next++)
        end = next;
    if (!end || end == base || end - base >= size)
        return false;
    *moved = end[strlen(suffix)];
    *end = 0;
    strcpy(name, base);

    /* It was received from another host, and had this name meanwhile. */
    len = strlen(name) - strlen(INCOMING);
    if (len > 0 && !strcmp(name + len, INCOMING))
        name[len] = 0;

    return true;
}

/* Does it stay with a domain in the foreground?  Then it has no log. */
static bool is_in_foreground(const char *proc, const char *pid)
{
    static const char *const commands[] = {
        "create", "restore", "migrate-receive"
    };
    char words[4096];
    size_t len = read_file(proc, pid, "cmdline", words, sizeof(words));
    const char *word = words, *end = words + len;
    unsigned int i;

    do {
        word += strlen(word) + 1;
    } while (word < end && *word == '-'); /* options of xl's */
    if (word >= end || !*word)
        return false;

    /* xl takes the beginning of a command for the command. */
    for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (!strncmp(commands[i], word, strlen(word)))
            return true;

    return false;
}

static enum whose whose_monitor(const char *proc, const char *pid,
                                const char *domname)
{
    char comm[32], name[NAME_MAX + 1];
    uint32_t domid;
    bool moved;

    read_file(proc, pid, "comm", comm, sizeof(comm));
    if (strcmp(comm, "xl\n"))
        return NOBODYS;

    if (!read_log_name(proc, pid, name, sizeof(name), &moved))
        return is_in_foreground(proc, pid) ? PERHAPS : NOBODYS;
    if (moved)
        return PERHAPS;
    if (!strcmp(name, domname))
        return THIS_ONES;

    /* Of a domain that there is: its.  Else this one may have been renamed. */
    return libxl_name_to_domid(ctx, name, &domid) ? PERHAPS : NOBODYS;
}

/*
 * Returns the monitor of the domain with this name if it runs other software
 * than this process, and 0 if it does not or if there is none.  *certain: it
 * is the domain's; otherwise it may be.
 */
static pid_t find_old_monitor(const char *proc, const char *domname,
                              bool *certain)
{
    struct software own, other;
    struct dirent *entry;
    bool current = false; /* it has one that is not old */
    pid_t old = 0;
    DIR *dir;

    *certain = false;

    look_at_software(proc, "self", &own);
    if (!own.known)
        return 0;
    dir = opendir(proc);
    if (!dir)
        return 0;

    while (!*certain && (entry = readdir(dir))) {
        const char *pid = entry->d_name;
        enum whose whose;

        if (!isdigit((unsigned char)pid[0]) || atoi(pid) == getpid())
            continue;
        whose = whose_monitor(proc, pid, domname);
        if (whose == NOBODYS)
            continue;
        look_at_software(proc, pid, &other);
        if (!other.known)
            continue;

        if (same_software(&own, &other)) {
            if (whose == THIS_ONES)
                current = true;
        } else {
            *certain = whose == THIS_ONES;
            old = atoi(pid);
        }
    }
    closedir(dir);

    return current && !*certain ? 0 : old;
}

static void warn_of_monitor(const char *proc, uint32_t domid,
                            const char *what)
{
    char *domname = libxl_domid_to_name(ctx, domid);
    bool certain;
    pid_t pid;

    if (!domname)
        return;
    pid = find_old_monitor(proc, domname, &certain);
    if (pid)
        fprintf(stderr, "xl: warning: domain %s %s monitored by an xl"
                " (process %ld) of another version than this one: %s can be"
                " lost when the domain reboots, or keep it from coming up"
                " again; save and restore the domain, or shut it down and"
                " create it again, to have it monitored by this version\n",
                domname, certain ? "is" : "may be", (long)pid, what);
    free(domname);
}

void warn_old_monitor(uint32_t domid, const char *what)
{
    warn_of_monitor("/proc", domid, what);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
