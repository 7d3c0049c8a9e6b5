/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * config-<feature>=<value> in the specification of a device
 */

#define _GNU_SOURCE

#include <ctype.h>

#include "libxlu_internal.h"
#include "libxlu_device_config.h"

#include <libxl_utils.h>

#define PREFIX "config-"
#define BLANKS " \t\r\n"

/* From malloc, or NULL: without the blanks around it. */
static char *trimmed(const char *text, size_t len)
{
    size_t skip = strspn(text, BLANKS);

    if (skip > len)
        skip = len;
    text += skip;
    len -= skip;
    while (len && strchr(BLANKS, text[len - 1]))
        len--;

    return strndup(text, len);
}

static bool is_printable(unsigned char c)
{
    return c >= ' ' && c <= '~';
}

/* Nothing that is shown may play with the terminal.  From malloc, or NULL. */
static char *printable(const char *text)
{
    char *copy = malloc(strlen(text) * strlen("\\x00") + 1), *p = copy;

    if (!copy) return NULL;

    for (; *text; text++) {
        if (is_printable(*text))
            *p++ = *text;
        else
            p += sprintf(p, "\\x%02x", (unsigned char)*text);
    }
    *p = 0;

    return copy;
}

/* line: 0 if it is not known.  near: may be NULL. */
static void report(XLU_Config *cfg, int line, const char *where,
                   const char *why, const char *near, const char *text)
{
    char *shown_near = near ? printable(near) : NULL;
    char *shown = printable(text);
    char number[16] = "";

    if (line)
        snprintf(number, sizeof(number), ":%d", line);
    fprintf(cfg->report, "%s%s: config parsing error in %s: %s%s%s%s in `%s'\n",
            cfg->config_source, number, where, why,
            near ? ": near `" : "", shown_near ? shown_near : "",
            near ? "'" : "", shown ? shown : "");
    free(shown);
    free(shown_near);
}

/* Does a word end before c?  Also at what only looks like a blank. */
static bool separates(unsigned char c)
{
    return c <= ' ' || c > '~' || strchr(",;\"'", c);
}

/*
 * Returns the first place in text where a request starts, or what was meant
 * to be one; or NULL.
 */
static const char *find_request(const char *text)
{
    const char *p, *q;

    for (p = text; *p; p++) {
        if ((p > text && !separates(p[-1])) || strncasecmp(p, "conf", 4))
            continue;
        q = p + 4;
        if (!strncasecmp(q, "ig", 2))
            q += 2;
        /* Not `configuration', nor the name of a file or its folder. */
        if (isalnum((unsigned char)*q) || strchr(",;=/:" BLANKS, *q))
            continue;
        q += strcspn(q, ",;=" BLANKS);
        q += strspn(q, BLANKS);
        if (*q == '=')
            return p;
    }

    return NULL;
}

/* No parameter of a vif has such a name. */
static bool resembles_request(const char *param)
{
    size_t len = strcspn(param, "="), i;

    if (!strncasecmp(param, "conf", 4))
        return true;
    for (i = 0; i + 6 <= len; i++)
        if (!strncasecmp(param + i, "config", 6))
            return true;

    /* A feature's name, and nothing else: its prefix is not there. */
    if (!param[len] && strncmp(param, "feature-", strlen("feature-")))
        return false; /* the name of a bridge, say */
    while (len && strchr(BLANKS, param[len - 1]))
        len--;
    if (!memchr(param, '-', len))
        return false;
    for (i = 0; i < len; i++)
        if (!isalnum((unsigned char)param[i]) && !strchr("-_@", param[i]))
            return false;

    return true;
}

static const char unknown[] = "unknown parameter, a feature is requested with"
    " config-<feature>=<value>";
static const char hidden[] = "config-<feature>=<value> is a parameter of its"
    " own, separated from others by commas";
static const char not_here[] = "only a vif and a disk take"
    " config-<feature>=<value>, in a configuration file, network-attach and"
    " block-attach";

/* Of several settings of that name, the one that counts. */
static const XLU_ConfigSetting *find_setting(const XLU_Config *cfg,
                                             const char *name)
{
    const XLU_ConfigSetting *setting = cfg->settings;

    while (setting && strcmp(setting->name, name))
        setting = setting->next;

    return setting;
}

static int set(libxl_key_value_list *config, const char *feature,
               const char *value)
{
    int i, len = libxl_key_value_list_length(config);
    libxl_key_value_list kvl;
    char *copy;

    copy = strdup(value);
    if (!copy) return ENOMEM;

    for (i = 0; i < len; i++) {
        if (!strcmp((*config)[2 * i], feature)) {
            free((*config)[2 * i + 1]);
            (*config)[2 * i + 1] = copy;
            return 0;
        }
    }

    /* One extra slot for the sentinel. */
    kvl = realloc(*config, (2 * (len + 1) + 1) * sizeof(*kvl));
    if (!kvl) {
        free(copy);
        return ENOMEM;
    }
    *config = kvl;
    kvl[2 * len] = strdup(feature);
    if (!kvl[2 * len]) { /* which ends the list */
        free(copy);
        return ENOMEM;
    }
    kvl[2 * len + 1] = copy;
    kvl[2 * len + 2] = NULL;

    return 0;
}

/* As xlu__device_config_parse(), of what stands behind the prefix. */
static int parse(const char *request, bool in_list,
                 libxl_key_value_list *config, const char **why)
{
    const char *equals = strchrnul(request, '='), *p;
    char *name, *value;
    int e;

    name = trimmed(request, equals - request);
    value = trimmed(*equals ? equals + 1 : equals, strlen(equals));
    if (!name || !value) {
        e = ENOMEM;
        goto out;
    }

    e = EINVAL;
    if (!strncasecmp(name, "config", 6) && name[6] && strchr("-_", name[6])) {
        *why = in_list ? "features are written without `config-' here"
            : "the name of a feature does not begin with `config-'";
        goto out;
    }
    if (!libxl_device_config_key_valid(name)) {
        *why = "the name of a feature is 1 to 64 characters of"
            " A-Z a-z 0-9 - _ @";
        goto out;
    }
    if (!*value) {
        *why = "no value, expected <feature>=<value>";
        goto out;
    }
    /* It would not have the same meaning in a config file. */
    if (strchr(value, ',')) {
        *why = "a value cannot contain `,'";
        goto out;
    }
    /* Several requests, most likely. */
    if (strpbrk(value, "=;" BLANKS)) {
        *why = "a value has no blank, `=' or `;' in it, and requests are"
            " separated by commas";
        goto out;
    }
    for (p = value; *p; p++) {
        if (!is_printable(*p)) {
            *why = "a value is of printable ASCII characters";
            goto out;
        }
    }

    e = set(config, name, value);

 out:
    if (e == ENOMEM)
        *why = strerror(ENOMEM);
    free(name);
    free(value);
    return e;
}

/* For a parameter without blanks before it. */
static int parse_param(const char *param, libxl_key_value_list *config,
                       const char **why)
{
    if (strncmp(param, PREFIX, strlen(PREFIX)))
        return ESRCH;

    return parse(param + strlen(PREFIX), false, config, why);
}

int xlu__disk_parse_config(XLU_Config *cfg, const char *spec,
                           const char *param, libxl_key_value_list *config)
{
    const char *why;
    int e;

    param += strspn(param, BLANKS);
    e = parse_param(param, config, &why);
    if (e == ESRCH) {
        e = EINVAL;
        why = unknown;
    }
    if (e)
        report(cfg, 0, "disk specification", why, param, spec);

    return e;
}

int xlu__disk_refuse_hidden(XLU_Config *cfg, const char *spec,
                            const char *param)
{
    const char *request;

    param += strspn(param, BLANKS);
    request = find_request(param);
    /* A `=' starts what is no parameter at all, and an error anyway. */
    if (!request || request == param || param[0] == '=')
        return 0;

    report(cfg, 0, "disk specification",
           strncmp(param, "target=", strlen("target=")) ? hidden :
           "config-<feature>=<value> has to stand before `target=', which"
           " takes all that follows", param, spec);
    return EINVAL;
}

int xlu_device_config_parse_list(XLU_Config *cfg, const char *what,
                                 const char *list,
                                 libxl_key_value_list *config)
{
    const XLU_ConfigSetting *setting = find_setting(cfg, what);
    const char *p, *end, *why;
    char *item = NULL;
    int e;

    for (p = list + strspn(list, BLANKS); *p; p += strspn(p, BLANKS)) {
        end = strchrnul(p, ',');

        free(item);
        item = trimmed(p, end - p);
        if (!item) {
            e = ENOMEM;
            why = strerror(ENOMEM);
            goto out;
        }
        e = parse(item, true, config, &why);
        if (e) goto out;

        p = *end ? end + 1 : end;
    }
    e = 0;

 out:
    if (e)
        report(cfg, setting ? setting->lineno : 0, what, why, NULL,
               item ? item : list);
    free(item);
    return e;
}

int xlu_vif_parse_config(XLU_Config *cfg, const char *param,
                         libxl_device_nic *nic)
{
    const char *why;
    char vif[16] = "vif";
    int e;

    param += strspn(param, BLANKS);
    e = parse_param(param, &nic->config, &why);
    if (e == ESRCH) {
        if (resembles_request(param))
            why = unknown;
        else if (find_request(param))
            why = hidden;
        else
            return ESRCH;
        e = EINVAL;
    }
    if (e) {
        if (nic->devid >= 0)
            snprintf(vif, sizeof(vif), "vif %d", nic->devid);
        report(cfg, 0, vif, why, NULL, param);
    }

    return e;
}

int xlu_device_config_refuse(XLU_Config *cfg, const char *what,
                             const char *text)
{
    if (!find_request(text))
        return 0;

    report(cfg, 0, what, not_here, NULL, text);
    return EINVAL;
}

static int refuse_in_value(XLU_Config *cfg, const char *what,
                           const XLU_ConfigValue *value, bool taken,
                           int depth)
{
    int i, e;

    if (value->type == XLU_LIST) {
        for (i = 0; i < value->u.list.nvalues; i++) {
            e = refuse_in_value(cfg, what, value->u.list.values[i], taken,
                                depth + 1);
            if (e) return e;
        }
        return 0;
    }

    if ((taken && depth == 1) || !find_request(value->u.string))
        return 0;

    report(cfg, value->loc.first_line, what,
           taken ? "expected a list of specifications, [ \"...\", ... ]"
                 : not_here, NULL, value->u.string);
    return EINVAL;
}

/* No other setting has such a name. */
static bool resembles_setting(const char *name)
{
    return strcasestr(name, ".conf") || strcasestr(name, "default_conf") ||
           !strncasecmp(name, "config_", strlen("config_")) ||
           (!strncasecmp(name, "conf", 4) && strcasestr(name, "check"));
}

int xlu_device_config_check_settings(XLU_Config *cfg,
                                     const char *const *known, bool once)
{
    const XLU_ConfigSetting *setting, *other;
    int i;

    for (setting = cfg->settings; setting; setting = setting->next) {
        const char *name = setting->name;

        for (i = 0; known[i] && strcmp(known[i], name); i++)
            ;
        if (!known[i]) {
            if (!resembles_setting(name))
                continue;
            report(cfg, setting->lineno, "a setting",
                   "there is none of this name", NULL, name);
            return EINVAL;
        }
        /* Those that come later are first. */
        for (other = cfg->settings; once && other != setting;
             other = other->next) {
            if (strcmp(other->name, name))
                continue;
            report(cfg, other->lineno, "a setting",
                   "it is set twice; write all of it into one", NULL, name);
            return EINVAL;
        }
    }

    return 0;
}

int xlu_device_config_refuse_setting(XLU_Config *cfg, const char *what,
                                     bool taken)
{
    const XLU_ConfigSetting *setting = find_setting(cfg, what);

    return setting ? refuse_in_value(cfg, what, setting->value, taken, 0) : 0;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
