/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The network devices of the xl that is tested: those of which the file
 * "counters" has a line "<name> <tx_not_granted>".
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <net/if.h>
#include <sys/ioctl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>

static const char names[][ETH_GSTRING_LEN] = {
    "rx_gso_checksum_fixup", "tx_not_granted_by_far", "tx_not_granted"
};
#define NUM (sizeof(names) / sizeof(names[0]))

static int find(const char *ifname, unsigned long long *count)
{
    FILE *f = fopen("counters", "r");
    char name[64];
    int found = 0;

    while (f && !found && fscanf(f, "%63s %llu", name, count) == 2)
        found = !strcmp(name, ifname);
    if (f)
        fclose(f);
    return found;
}

int __real_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
    struct ifreq *ifr = arg;
    struct ethtool_sset_info *info;
    struct ethtool_gstrings *strings;
    struct ethtool_stats *stats;
    unsigned long long count;

    if (request != SIOCETHTOOL)
        return __real_ioctl(fd, request, arg);
    if (!find(ifr->ifr_name, &count)) {
        errno = ENODEV;
        return -1;
    }

    switch (*(__u32 *)ifr->ifr_data) {
    case ETHTOOL_GSSET_INFO:
        info = (void *)ifr->ifr_data;
        if (info->sset_mask == 1ULL << ETH_SS_STATS)
            info->data[0] = NUM;
        return 0;
    case ETHTOOL_GSTRINGS:
        strings = (void *)ifr->ifr_data;
        if (strings->string_set == ETH_SS_STATS && strings->len == NUM)
            memcpy(strings->data, names, sizeof(names));
        return 0;
    case ETHTOOL_GSTATS:
        stats = (void *)ifr->ifr_data;
        if (stats->n_stats == NUM) {
            stats->data[0] = 7;
            stats->data[1] = 8;
            stats->data[2] = count;
        }
        return 0;
    }
    errno = EOPNOTSUPP;
    return -1;
}
