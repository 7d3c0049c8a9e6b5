/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of libxenctrl as adding and removing devices needs, without a
 * hypervisor.  Domains 0 to 9 run; odd ones are HVM guests.
 */

#include <errno.h>
#include <string.h>

#include <xenctrl.h>

static int handle;

xc_interface *xc_interface_open(xentoollog_logger *logger,
                                xentoollog_logger *dombuild_logger,
                                unsigned open_flags)
{
    return (xc_interface *)&handle;
}

int xc_interface_close(xc_interface *xch)
{
    return 0;
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first_domain,
                          unsigned int max_domains, xc_domaininfo_t *info)
{
    uint32_t domid;
    int num = 0;

    for (domid = first_domain; domid <= 9 && num < max_domains; domid++) {
        memset(&info[num], 0, sizeof(info[num]));
        info[num].domain = domid;
        info[num].flags = XEN_DOMINF_running |
            (domid & 1 ? XEN_DOMINF_hvm_guest : 0);
        num++;
    }
    return num;
}

const char *xc_domain_get_native_protocol(xc_interface *xch, uint32_t domid)
{
    return "x86_64-abi";
}

/* No XSM. */
int xc_flask_sid_to_context(xc_interface *xch, int sid, char *buf,
                            uint32_t size)
{
    errno = ENOSYS;
    return -1;
}

/* Nobody to ask. */
int xc_version(xc_interface *xch, int cmd, void *arg)
{
    errno = ENOSYS;
    return -1;
}

int xc_physinfo(xc_interface *xch, xc_physinfo_t *info)
{
    memset(info, 0, sizeof(*info));
    return 0;
}

long xc_sharing_freed_pages(xc_interface *xch)
{
    errno = ENOSYS;
    return -1;
}

long xc_sharing_used_frames(xc_interface *xch)
{
    errno = ENOSYS;
    return -1;
}

int xc_get_max_cpus(xc_interface *xch)
{
    return 1;
}

int xc_get_max_nodes(xc_interface *xch)
{
    return 1;
}

/* The same questions, since Xen 4.18. */
#define XENVER(what) \
    char *xc_xenver_##what(xc_interface *xch); \
    char *xc_xenver_##what(xc_interface *xch) { return NULL; }
XENVER(extraversion)
XENVER(capabilities)
XENVER(changeset)
XENVER(commandline)
XENVER(buildid)

int xc_domain_getinfo_single(xc_interface *xch, uint32_t domid,
                             xc_domaininfo_t *info);
int xc_domain_getinfo_single(xc_interface *xch, uint32_t domid,
                             xc_domaininfo_t *info)
{
    if (xc_domain_getinfolist(xch, domid, 1, info) == 1)
        return 0;
    errno = ESRCH;
    return -1;
}
