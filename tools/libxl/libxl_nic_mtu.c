/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * What a guest is told of the MTU of its network interface
 *
 * A hotplug script gives the network device the MTU of its bridge, or of the
 * configuration, and tells the guest that number, whether the device took it
 * or not.  A frontend that believes it sends what the backend drops.
 */

#include "libxl_osdeps.h" /* must come before any other headers */

#include "libxl_internal.h"

static bool read_device_mtu(libxl__gc *gc, const char *name, unsigned int *mtu)
{
    FILE *f = fopen(GCSPRINTF("/sys/class/net/%s/mtu", name), "re");
    bool done = f && fscanf(f, "%u", mtu) == 1;

    if (f) fclose(f);

    return done;
}

void libxl__nic_check_mtu(libxl__gc *gc, libxl__device *dev)
{
    const char *be_path = libxl__device_backend_path(gc, dev);
    const char *told_path = /* xl devd does not set dev->kind */
        GCSPRINTF("%s/mtu",
                  libxl__domain_device_frontend_path(gc, dev->domid,
                                                     dev->devid,
                                                     LIBXL__DEVICE_KIND_VIF));
    const char *name = libxl__device_nic_devname(gc, dev->domid, dev->devid,
                                                 LIBXL_NIC_TYPE_VIF);
    const char *text;
    unsigned long told;
    unsigned int mtu;

    /* The directory is the guest's: it can put there what it likes. */
    if (libxl__xs_read_checked(gc, XBT_NULL, told_path, &text) || !text ||
        text[strspn(text, "0123456789")])
        return;
    told = strtoul(text, NULL, 10);

    if (!read_device_mtu(gc, name, &mtu)) {
        /* The script has renamed it. */
        if (libxl__xs_read_checked(gc, XBT_NULL,
                                   GCSPRINTF("%s/vifname", be_path), &name) ||
            !name || !read_device_mtu(gc, name, &mtu))
            return;
    }

    if (told <= mtu)
        return;

    /* A device of which nothing was requested is as it always was. */
    if (libxl__xs_read_checked(gc, XBT_NULL, GCSPRINTF("%s/config", be_path),
                               &text) || !text)
        return;

    LOGD(WARN, dev->domid, "vif %d: the guest is told an MTU of %u instead of"
         " %lu, because %s has no more: the backend does not take larger"
         " packets for this device; give it a bridge or mtu= of at most %u,"
         " or change what is requested of it", dev->devid, mtu, told, name,
         mtu);
    /* An error is logged; the device works, for packets of that size. */
    libxl__xs_write_checked(gc, XBT_NULL, told_path, GCSPRINTF("%u", mtu));
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
