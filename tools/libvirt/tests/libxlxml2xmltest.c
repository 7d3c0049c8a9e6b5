/*
 * libxlxml2xmltest.c: what is written about a Xen domain stays as it was
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <config.h>

#include "testutils.h"

#ifdef WITH_LIBXL

# include "internal.h"
# include "libxl/libxl_conf.h"
# include "testutilsxen.h"

# define VIR_FROM_THIS VIR_FROM_LIBXL

static libxlDriverPrivate *driver;

struct testInfo {
    const char *name;
    const char *outname; /* NULL: it comes out as it went in */
};


static char *
testInfile(const struct testInfo *info)
{
    return g_strdup_printf("%s/libxlxml2xmlindata/%s.xml", abs_srcdir, info->name);
}


static char *
testOutfile(const struct testInfo *info)
{
    if (!info->outname)
        return testInfile(info);

    return g_strdup_printf("%s/libxlxml2xmloutdata/%s.xml", abs_srcdir, info->outname);
}


static int
testXML2XML(const void *data)
{
    const struct testInfo *info = data;
    g_autofree char *infile = testInfile(info);
    g_autofree char *outfile = testOutfile(info);

    return testCompareDomXML2XMLFiles(NULL, driver->xmlopt, infile, outfile, false, 0,
                                      TEST_COMPARE_DOM_XML2XML_RESULT_SUCCESS);
}


/* The next device of a kind in a domain's XML, as a string of its own: that is
 * how virsh and its users hand devices around, without the domain's namespaces. */
static virDomainDeviceDef *
testNextDevice(const char **xml,
               const char *element,
               virDomainDef *def)
{
    g_autofree char *start = g_strdup_printf("<%s ", element);
    g_autofree char *end = g_strdup_printf("</%s>", element);
    g_autofree char *device = NULL;
    const char *from;
    const char *to;

    if (!(from = strstr(*xml, start)) || !(to = strstr(from, end))) {
        VIR_TEST_DEBUG("there is no more <%s>", element);
        return NULL;
    }

    *xml = to + strlen(end);
    device = g_strndup(from, *xml - from);

    return virDomainDeviceDefParse(device, def, driver->xmlopt, NULL,
                                   VIR_DOMAIN_DEF_PARSE_INACTIVE);
}


static int
testXML2XMLDevices(const void *data)
{
    const struct testInfo *info = data;
    g_autofree char *infile = testInfile(info);
    g_autofree char *outfile = testOutfile(info);
    g_autofree char *xml = NULL;
    g_autofree char *actual = NULL;
    g_autoptr(virDomainDef) def = NULL;
    const char *next;
    size_t i;

    if (!(def = virDomainDefParseFile(infile, driver->xmlopt, NULL,
                                      VIR_DOMAIN_DEF_PARSE_INACTIVE)) ||
        !(xml = virDomainDefFormat(def, driver->xmlopt, VIR_DOMAIN_DEF_FORMAT_SECURE)))
        return -1;

    next = xml;
    for (i = 0; i < def->ndisks; i++) {
        g_autoptr(virDomainDeviceDef) dev = NULL;

        if (!(dev = testNextDevice(&next, "disk", def)))
            return -1;

        virDomainDiskDefFree(def->disks[i]);
        def->disks[i] = g_steal_pointer(&dev->data.disk);
    }

    next = xml;
    for (i = 0; i < def->nnets; i++) {
        g_autoptr(virDomainDeviceDef) dev = NULL;

        if (!(dev = testNextDevice(&next, "interface", def)))
            return -1;

        virDomainNetDefFree(def->nets[i]);
        def->nets[i] = g_steal_pointer(&dev->data.net);
    }

    if (!(actual = virDomainDefFormat(def, driver->xmlopt, VIR_DOMAIN_DEF_FORMAT_SECURE)))
        return -1;

    return virTestCompareToFile(actual, outfile);
}


static int
testXML2Error(const void *data)
{
    const struct testInfo *info = data;
    g_autofree char *infile = testInfile(info);
    g_autofree char *errfile = NULL;
    g_autofree char *actual = NULL;
    g_autoptr(virDomainDef) def = NULL;

    errfile = g_strdup_printf("%s/libxlxml2xmloutdata/%s.err", abs_srcdir, info->name);

    if ((def = virDomainDefParseFile(infile, driver->xmlopt, NULL,
                                     VIR_DOMAIN_DEF_PARSE_INACTIVE))) {
        VIR_TEST_DEBUG("'%s' should have been refused", infile);
        return -1;
    }

    actual = g_strdup_printf("%s\n", virGetLastErrorMessage());
    virResetLastError();

    return virTestCompareToFile(actual, errfile);
}


static int
mymain(void)
{
    int ret = 0;

    if (!(driver = testXLInitDriver()))
        return EXIT_FAILURE;

# define DO_TEST_DIFFERENT(name, outname) \
    do { \
        const struct testInfo info = { name, outname }; \
        if (virTestRun("LibXL XML-2-XML " name, testXML2XML, &info) < 0) \
            ret = -1; \
        if (virTestRun("LibXL XML-2-XML devices " name, testXML2XMLDevices, &info) < 0) \
            ret = -1; \
    } while (0)

# define DO_TEST(name) DO_TEST_DIFFERENT(name, NULL)

# define DO_TEST_ERROR(name) \
    do { \
        const struct testInfo info = { name, NULL }; \
        if (virTestRun("LibXL XML-2-error " name, testXML2Error, &info) < 0) \
            ret = -1; \
    } while (0)

    DO_TEST("device-features");
    DO_TEST("device-features-driver");
    DO_TEST("device-features-ignored");
    DO_TEST_DIFFERENT("device-features-elsewhere", "device-features-elsewhere");
    DO_TEST_DIFFERENT("device-features-others-invalid", "device-features-elsewhere");

    DO_TEST_ERROR("feature-name-invalid");
    DO_TEST_ERROR("feature-name-long-invalid");
    DO_TEST_ERROR("feature-no-name-invalid");
    DO_TEST_ERROR("feature-no-value-invalid");
    DO_TEST_ERROR("feature-empty-value-invalid");
    DO_TEST_ERROR("feature-twice");
    DO_TEST_ERROR("feature-and-driver");
    DO_TEST_ERROR("disk-feature-and-driver");
    DO_TEST_ERROR("net-queues-zero-invalid");
    DO_TEST_ERROR("net-queues-negative-invalid");
    DO_TEST_ERROR("net-offload-invalid");
    DO_TEST_ERROR("disk-queues-zero-invalid");
    DO_TEST_ERROR("disk-queues-word-invalid");
    DO_TEST_ERROR("disk-queues-bus");

    testXLFreeDriver(driver);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN_PRELOAD(mymain, VIR_TEST_MOCK("xl"))

#else

int main(void)
{
    return EXIT_AM_SKIP;
}

#endif /* WITH_LIBXL */
