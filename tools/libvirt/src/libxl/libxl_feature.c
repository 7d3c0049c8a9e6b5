/*
 * libxl_feature.c: what domain XML requests of the backends of PV devices
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <config.h>

#include "libxl_feature.h"

#include "viralloc.h"
#include "virbuffer.h"
#include "virerror.h"
#include "virlog.h"
#include "virstring.h"

#define VIR_FROM_THIS VIR_FROM_LIBXL

VIR_LOG_INIT("libxl.libxl_feature");

/* The parameter of a device in xl.cfg. */
#define LIBXL_FEATURE_PREFIX "config-"

/* Asks for what the backend does by itself; for xl, whatever the defaults of
 * its host are. */
#define LIBXL_FEATURE_VALUE_DEFAULT "default"

#define LIBXL_FEATURE_NAME_MAX 64
#define LIBXL_FEATURE_NAME_CHARS \
    "abcdefghijklmnopqrstuvwxyz" \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
    "0123456789-_@"

#define LIBXL_FEATURE_QUEUES "multi-queue-max-queues"

#define NET_DRIVER(field) offsetof(virDomainNetDef, driver.virtio.field)

/*
 * The switches in <driver><host> of an interface, and what they ask for. Where
 * two are about the same feature, the more specific one comes first and counts.
 */
typedef struct _libxlFeatureNetSwitch libxlFeatureNetSwitch;
struct _libxlFeatureNetSwitch {
    size_t offset;
    const char *attribute;
    struct {
        const char *name;
        bool inverted;
    } features[2];
};

static const libxlFeatureNetSwitch libxlFeatureNetSwitches[] = {
    { NET_DRIVER(host.tso4), "tso4", { { "feature-gso-tcpv4", false } } },
    { NET_DRIVER(host.tso6), "tso6", { { "feature-gso-tcpv6", false } } },
    { NET_DRIVER(host.gso), "gso", { { "feature-gso-tcpv4", false },
                                     { "feature-gso-tcpv6", false } } },
    { NET_DRIVER(host.csum), "csum", { { "feature-ipv6-csum-offload", false },
                                       { "feature-no-csum-offload", true } } },
};

/* What a Xen device has no use for; all of it is 0 where it was not written. */
typedef struct _libxlFeatureIgnored libxlFeatureIgnored;
struct _libxlFeatureIgnored {
    size_t offset;
    const char *what;
};

static const libxlFeatureIgnored libxlFeatureIgnoredNet[] = {
    { NET_DRIVER(name), "driver name" },
    { NET_DRIVER(txmode), "driver txmode" },
    { NET_DRIVER(ioeventfd), "driver ioeventfd" },
    { NET_DRIVER(event_idx), "driver event_idx" },
    { NET_DRIVER(rx_queue_size), "driver rx_queue_size" },
    { NET_DRIVER(tx_queue_size), "driver tx_queue_size" },
    { NET_DRIVER(rss), "driver rss" },
    { NET_DRIVER(rss_hash_report), "driver rss_hash_report" },
    { NET_DRIVER(host.ecn), "host ecn" },
    { NET_DRIVER(host.ufo), "host ufo" },
    { NET_DRIVER(host.mrg_rxbuf), "host mrg_rxbuf" },
    { NET_DRIVER(guest.csum), "guest csum" },
    { NET_DRIVER(guest.tso4), "guest tso4" },
    { NET_DRIVER(guest.tso6), "guest tso6" },
    { NET_DRIVER(guest.ecn), "guest ecn" },
    { NET_DRIVER(guest.ufo), "guest ufo" },
};

/* With a virtio model <driver> is about QEMU's device, not the PV one. */
static const libxlFeatureIgnored libxlFeatureIgnoredVirtioNet[] = {
    { NET_DRIVER(queues), "driver queues" },
    { NET_DRIVER(host.csum), "host csum" },
    { NET_DRIVER(host.gso), "host gso" },
    { NET_DRIVER(host.tso4), "host tso4" },
    { NET_DRIVER(host.tso6), "host tso6" },
};

static const libxlFeatureIgnored libxlFeatureIgnoredDisk[] = {
    { offsetof(virDomainDiskDef, cachemode), "driver cache" },
    { offsetof(virDomainDiskDef, error_policy), "driver error_policy" },
    { offsetof(virDomainDiskDef, rerror_policy), "driver rerror_policy" },
    { offsetof(virDomainDiskDef, iomode), "driver io" },
    { offsetof(virDomainDiskDef, ioeventfd), "driver ioeventfd" },
    { offsetof(virDomainDiskDef, event_idx), "driver event_idx" },
    { offsetof(virDomainDiskDef, copy_on_read), "driver copy_on_read" },
    { offsetof(virDomainDiskDef, iothread), "driver iothread" },
    { offsetof(virDomainDiskDef, detect_zeroes), "driver detect_zeroes" },
    { offsetof(virDomainDiskDef, queue_size), "driver queue_size" },
#if LIBVIR_VERSION_NUMBER >= 9005000
    { offsetof(virDomainDiskDef, discard_no_unref), "driver discard_no_unref" },
#endif
};

static const libxlFeatureIgnored libxlFeatureIgnoredVirtioDisk[] = {
    { offsetof(virDomainDiskDef, queues), "driver queues" },
};


static bool
libxlFeatureNetHasDriver(const virDomainNetDef *net)
{
    return net->type != VIR_DOMAIN_NET_TYPE_HOSTDEV &&
        !virDomainNetIsVirtioModel(net);
}


static bool
libxlFeatureDiskHasDriver(const virDomainDiskDef *disk)
{
    return disk->bus == VIR_DOMAIN_DISK_BUS_XEN;
}


/* What <driver> requests. */
static void
libxlFeatureCollectNetDriver(const virDomainNetDef *net,
                             virDomainBackendFeatures *features)
{
    size_t i;
    size_t j;

    if (!libxlFeatureNetHasDriver(net))
        return;

    if (net->driver.virtio.queues > 0) {
        g_autofree char *value = g_strdup_printf("%u", net->driver.virtio.queues);

        virDomainBackendFeaturesAdd(features, LIBXL_FEATURE_QUEUES, value);
    }

    for (i = 0; i < G_N_ELEMENTS(libxlFeatureNetSwitches); i++) {
        const libxlFeatureNetSwitch *sw = &libxlFeatureNetSwitches[i];
        virTristateSwitch state = G_STRUCT_MEMBER(virTristateSwitch, net, sw->offset);

        if (state == VIR_TRISTATE_SWITCH_ABSENT)
            continue;

        for (j = 0; j < G_N_ELEMENTS(sw->features) && sw->features[j].name; j++) {
            bool on = (state == VIR_TRISTATE_SWITCH_ON) != sw->features[j].inverted;

            if (!virDomainBackendFeaturesFind(features, sw->features[j].name))
                virDomainBackendFeaturesAdd(features, sw->features[j].name,
                                            on ? "1" : "0");
        }
    }
}


static void
libxlFeatureCollectDiskDriver(const virDomainDiskDef *disk,
                              virDomainBackendFeatures *features)
{
    if (libxlFeatureDiskHasDriver(disk) && disk->queues > 0) {
        g_autofree char *value = g_strdup_printf("%u", disk->queues);

        virDomainBackendFeaturesAdd(features, LIBXL_FEATURE_QUEUES, value);
    }
}


static void
libxlFeatureAddAll(virDomainBackendFeatures *features,
                   const virDomainBackendFeatures *more)
{
    size_t i;

    for (i = 0; i < more->n; i++)
        virDomainBackendFeaturesAdd(features, more->list[i].name, more->list[i].value);
}


static void
libxlFeatureCollectNet(const virDomainNetDef *net,
                       virDomainBackendFeatures *features)
{
    libxlFeatureCollectNetDriver(net, features);
    libxlFeatureAddAll(features, &net->backendFeatures);
}


static void
libxlFeatureCollectDisk(const virDomainDiskDef *disk,
                        virDomainBackendFeatures *features)
{
    libxlFeatureCollectDiskDriver(disk, features);
    libxlFeatureAddAll(features, &disk->backendFeatures);
}


/* How messages name a device. */
static char *
libxlFeatureNetName(const virDomainNetDef *net)
{
    char mac[VIR_MAC_STRING_BUFLEN];

    return g_strdup_printf(_("interface '%1$s'"), virMacAddrFormat(&net->mac, mac));
}


static char *
libxlFeatureDiskName(const virDomainDiskDef *disk)
{
    return g_strdup_printf(_("disk '%1$s'"), NULLSTR(disk->dst));
}


static bool
libxlFeatureNameIsValid(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= LIBXL_FEATURE_NAME_MAX &&
        strspn(name, LIBXL_FEATURE_NAME_CHARS) == len;
}


/* @driver: what <driver> requests of the same device */
static int
libxlFeatureValidate(const char *device,
                     const virDomainBackendFeatures *features,
                     const virDomainBackendFeatures *driver)
{
    size_t i;
    size_t j;

    for (i = 0; i < features->n; i++) {
        const char *name = features->list[i].name;
        const char *value = features->list[i].value;

        if (!libxlFeatureNameIsValid(name)) {
            virReportError(VIR_ERR_XML_ERROR,
                           _("%1$s: Invalid value for attribute '%2$s' in element '%3$s': '%4$s'. A name has 1 to %5$d characters of 'A-Za-z0-9-_@'"),
                           device, "name", "xen:feature", name, LIBXL_FEATURE_NAME_MAX);
            return -1;
        }

        if (!value[0]) {
            virReportError(VIR_ERR_XML_ERROR,
                           _("%1$s: Invalid value for attribute '%2$s' in element '%3$s': '%4$s' needs a value"),
                           device, "value", "xen:feature", name);
            return -1;
        }

        for (j = 0; j < i; j++) {
            if (STREQ(features->list[j].name, name)) {
                virReportError(VIR_ERR_XML_ERROR,
                               _("%1$s: Invalid value for attribute '%2$s' in element '%3$s': '%4$s' is requested twice"),
                               device, "name", "xen:feature", name);
                return -1;
            }
        }

        if (virDomainBackendFeaturesFind(driver, name)) {
            virReportError(VIR_ERR_XML_ERROR,
                           _("%1$s: Invalid value for attribute '%2$s' in element '%3$s': '%4$s' is requested by element '%5$s' already"),
                           device, "name", "xen:feature", name, "driver");
            return -1;
        }
    }

    return 0;
}


int
libxlFeatureValidateDevice(const virDomainDeviceDef *dev)
{
    g_auto(virDomainBackendFeatures) driver = { 0 };
    g_autofree char *device = NULL;

    if (dev->type == VIR_DOMAIN_DEVICE_NET) {
        const virDomainNetDef *net = dev->data.net;

        device = libxlFeatureNetName(net);

        if (net->type == VIR_DOMAIN_NET_TYPE_HOSTDEV && net->backendFeatures.n > 0) {
            virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                           _("%1$s: element '%2$s' is not supported with type 'hostdev', which has no backend"),
                           device, "xen:feature");
            return -1;
        }

        libxlFeatureCollectNetDriver(net, &driver);
        return libxlFeatureValidate(device, &net->backendFeatures, &driver);
    }

    if (dev->type == VIR_DOMAIN_DEVICE_DISK) {
        const virDomainDiskDef *disk = dev->data.disk;

        device = libxlFeatureDiskName(disk);

        if (disk->queues > 0 && disk->bus != VIR_DOMAIN_DISK_BUS_XEN &&
            disk->bus != VIR_DOMAIN_DISK_BUS_VIRTIO) {
            virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                           _("%1$s: attribute '%2$s' in element '%3$s' is only supported on the buses 'xen' and 'virtio'"),
                           device, "queues", "driver");
            return -1;
        }

        libxlFeatureCollectDiskDriver(disk, &driver);
        return libxlFeatureValidate(device, &disk->backendFeatures, &driver);
    }

    return 0;
}


/* @config: libxl's list of the device, or NULL if libxl has none */
static int
libxlFeatureMakeList(const char *device,
                     const virDomainBackendFeatures *features,
                     libxl_key_value_list *config)
{
    g_auto(GStrv) list = g_new0(char *, features->n * 2 + 1);
    size_t used = 0;
    size_t i;

    for (i = 0; i < features->n; i++) {
        if (STREQ(features->list[i].value, LIBXL_FEATURE_VALUE_DEFAULT))
            continue;

        if (!config) {
            virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                           _("%1$s: feature '%2$s' cannot be requested: libvirt was built for a libxenlight without feature control"),
                           device, features->list[i].name);
            return -1;
        }

        list[used++] = g_strdup(features->list[i].name);
        list[used++] = g_strdup(features->list[i].value);
    }

    if (used > 0)
        *config = g_steal_pointer(&list);

    return 0;
}


int
libxlFeatureMakeNic(const virDomainNetDef *net,
                    libxl_device_nic *x_nic G_GNUC_UNUSED)
{
    g_auto(virDomainBackendFeatures) features = { 0 };
    g_autofree char *device = libxlFeatureNetName(net);
    libxl_key_value_list *config = NULL;

#ifdef LIBXL_HAVE_DEVICE_NIC_CONFIG
    config = &x_nic->config;
#endif
    libxlFeatureCollectNet(net, &features);

    return libxlFeatureMakeList(device, &features, config);
}


int
libxlFeatureMakeDisk(const virDomainDiskDef *disk,
                     libxl_device_disk *x_disk G_GNUC_UNUSED)
{
    g_auto(virDomainBackendFeatures) features = { 0 };
    g_autofree char *device = libxlFeatureDiskName(disk);
    libxl_key_value_list *config = NULL;

#ifdef LIBXL_HAVE_DEVICE_DISK_CONFIG
    config = &x_disk->config;
#endif
    libxlFeatureCollectDisk(disk, &features);

    return libxlFeatureMakeList(device, &features, config);
}


static void
libxlFeatureIgnoredAppend(virBuffer *buf,
                          const void *device,
                          const libxlFeatureIgnored *ignored,
                          size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (G_STRUCT_MEMBER(unsigned int, device, ignored[i].offset) != 0)
            virBufferAsprintf(buf, "%s, ", ignored[i].what);
    }
}


static void
libxlFeatureWarn(const virDomainDef *def,
                 const char *device,
                 virBuffer *ignored)
{
    virBufferTrim(ignored, ", ");

    if (virBufferUse(ignored) > 0)
        VIR_WARN("Domain '%s': %s: Xen's PV devices have no use for what "
                 "is requested with: %s",
                 def->name, device, virBufferCurrentContent(ignored));
}


void
libxlFeatureWarnNet(const virDomainDef *def,
                    const virDomainNetDef *net)
{
    g_auto(virBuffer) buf = VIR_BUFFER_INITIALIZER;
    g_autofree char *device = libxlFeatureNetName(net);

    libxlFeatureIgnoredAppend(&buf, net, libxlFeatureIgnoredNet,
                              G_N_ELEMENTS(libxlFeatureIgnoredNet));
    if (!libxlFeatureNetHasDriver(net))
        libxlFeatureIgnoredAppend(&buf, net, libxlFeatureIgnoredVirtioNet,
                                  G_N_ELEMENTS(libxlFeatureIgnoredVirtioNet));

    libxlFeatureWarn(def, device, &buf);
}


void
libxlFeatureWarnDisk(const virDomainDef *def,
                     const virDomainDiskDef *disk)
{
    g_auto(virBuffer) buf = VIR_BUFFER_INITIALIZER;
    g_autofree char *device = libxlFeatureDiskName(disk);

    libxlFeatureIgnoredAppend(&buf, disk, libxlFeatureIgnoredDisk,
                              G_N_ELEMENTS(libxlFeatureIgnoredDisk));
    if (!libxlFeatureDiskHasDriver(disk))
        libxlFeatureIgnoredAppend(&buf, disk, libxlFeatureIgnoredVirtioDisk,
                                  G_N_ELEMENTS(libxlFeatureIgnoredVirtioDisk));

    libxlFeatureWarn(def, device, &buf);
}


int
libxlFeatureCheckDiskUpdate(const virDomainDiskDef *orig,
                            const virDomainDiskDef *disk)
{
    g_auto(virDomainBackendFeatures) before = { 0 };
    g_auto(virDomainBackendFeatures) after = { 0 };
    g_autofree char *device = libxlFeatureDiskName(disk);
    size_t i;

    libxlFeatureCollectDisk(orig, &before);
    libxlFeatureCollectDisk(disk, &after);

    for (i = 0; i < after.n; i++) {
        if (STRNEQ_NULLABLE(virDomainBackendFeaturesFind(&before, after.list[i].name),
                            after.list[i].value)) {
            virReportError(VIR_ERR_OPERATION_UNSUPPORTED,
                           _("%1$s: what is requested of feature '%2$s' cannot be changed by an update"),
                           device, after.list[i].name);
            return -1;
        }
    }

    return 0;
}


static int
libxlFeatureFormat(virBuffer *buf,
                   const char *device,
                   const virDomainBackendFeatures *features)
{
    size_t i;

    for (i = 0; i < features->n; i++) {
        const char *name = features->list[i].name;
        const char *value = features->list[i].value;
        const char *p = value;

        /* Neither xl nor libvirt could read these out of it again. */
        while (*p && !g_ascii_iscntrl(*p) && !strchr(",\\'\"", *p))
            p++;

        if (*p) {
            virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                           _("%1$s: value '%2$s' of feature '%3$s' cannot be written to xl.cfg"),
                           device, value, name);
            return -1;
        }

        virBufferAsprintf(buf, ",%s%s=%s", LIBXL_FEATURE_PREFIX, name, value);
    }

    return 0;
}


int
libxlFeatureFormatNet(virBuffer *buf,
                      const virDomainNetDef *net)
{
    g_auto(virDomainBackendFeatures) features = { 0 };
    g_autofree char *device = libxlFeatureNetName(net);

    libxlFeatureCollectNet(net, &features);

    return libxlFeatureFormat(buf, device, &features);
}


int
libxlFeatureFormatDisk(virBuffer *buf,
                       const virDomainDiskDef *disk)
{
    g_auto(virDomainBackendFeatures) features = { 0 };
    g_autofree char *device = libxlFeatureDiskName(disk);

    libxlFeatureCollectDisk(disk, &features);

    return libxlFeatureFormat(buf, device, &features);
}


int
libxlFeatureParse(const char *param,
                  virDomainBackendFeatures *features)
{
    const char *pair = STRSKIP(param, LIBXL_FEATURE_PREFIX);
    g_auto(GStrv) parts = NULL;

    if (!pair)
        return 0;

    parts = g_strsplit(pair, "=", 2);

    if (!parts[0] || !libxlFeatureNameIsValid(parts[0]) ||
        !parts[1] || !parts[1][0]) {
        virReportError(VIR_ERR_CONF_SYNTAX,
                       _("malformed parameter '%1$s': expected %2$s<feature>=<value>"),
                       param, LIBXL_FEATURE_PREFIX);
        return -1;
    }

    virDomainBackendFeaturesAdd(features, parts[0], parts[1]);
    return 1;
}


/* Moves what is left to the generic form. If a feature is requested twice,
 * the last value counts, as it does for xl. */
static void
libxlFeatureSetRest(virDomainBackendFeatures *rest,
                    virDomainBackendFeatures *features)
{
    size_t i;

    for (i = 0; i < rest->n; i++) {
        const char *name = rest->list[i].name;

        if (!virDomainBackendFeaturesFind(features, name))
            virDomainBackendFeaturesAdd(features, name,
                                        virDomainBackendFeaturesFind(rest, name));
    }

    virDomainBackendFeaturesClear(rest);
}


static void
libxlFeatureRemove(virDomainBackendFeatures *features,
                   const char *name)
{
    size_t i = 0;

    while (i < features->n) {
        if (STRNEQ(features->list[i].name, name)) {
            i++;
            continue;
        }

        g_free(features->list[i].name);
        g_free(features->list[i].value);
        VIR_DELETE_ELEMENT(features->list, i, features->n);
    }
}


/* Moves the number of queues out of @features, if it is just a number. */
static void
libxlFeatureSetQueues(unsigned int *queues,
                      virDomainBackendFeatures *features)
{
    const char *value = virDomainBackendFeaturesFind(features, LIBXL_FEATURE_QUEUES);
    g_autofree char *same = NULL;
    unsigned int n;

    if (!value || virStrToLong_uip(value, NULL, 10, &n) < 0 || n == 0)
        return;

    same = g_strdup_printf("%u", n);
    if (STRNEQ(value, same))
        return;

    *queues = n;
    libxlFeatureRemove(features, LIBXL_FEATURE_QUEUES);
}


/* Whether @features has all that the switch would request. */
static bool
libxlFeatureSwitchMatches(const libxlFeatureNetSwitch *sw,
                          bool on,
                          const virDomainBackendFeatures *features)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(sw->features) && sw->features[i].name; i++) {
        const char *value = on != sw->features[i].inverted ? "1" : "0";

        if (STRNEQ_NULLABLE(virDomainBackendFeaturesFind(features, sw->features[i].name),
                            value))
            return false;
    }

    return true;
}


void
libxlFeatureSetNet(virDomainNetDef *net,
                   virDomainBackendFeatures *features)
{
    size_t i;
    size_t j;

    if (libxlFeatureNetHasDriver(net)) {
        libxlFeatureSetQueues(&net->driver.virtio.queues, features);

        for (i = 0; i < G_N_ELEMENTS(libxlFeatureNetSwitches); i++) {
            const libxlFeatureNetSwitch *sw = &libxlFeatureNetSwitches[i];
            bool on = libxlFeatureSwitchMatches(sw, true, features);

            if (!on && !libxlFeatureSwitchMatches(sw, false, features))
                continue;

            G_STRUCT_MEMBER(virTristateSwitch, net, sw->offset) = virTristateSwitchFromBool(on);
            for (j = 0; j < G_N_ELEMENTS(sw->features) && sw->features[j].name; j++)
                libxlFeatureRemove(features, sw->features[j].name);
        }
    }

    libxlFeatureSetRest(features, &net->backendFeatures);
}


void
libxlFeatureSetDisk(virDomainDiskDef *disk G_GNUC_UNUSED,
                    const libxl_device_disk *x_disk G_GNUC_UNUSED)
{
#ifdef LIBXL_HAVE_DEVICE_DISK_CONFIG
    g_auto(virDomainBackendFeatures) features = { 0 };
    size_t i;

    for (i = 0; x_disk->config && x_disk->config[i]; i += 2)
        virDomainBackendFeaturesAdd(&features, x_disk->config[i], x_disk->config[i + 1]);

    if (libxlFeatureDiskHasDriver(disk))
        libxlFeatureSetQueues(&disk->queues, &features);

    libxlFeatureSetRest(&features, &disk->backendFeatures);
#endif
}
