/* SPDX-License-Identifier: GPL-2.0-only */
/* The xl process that stays with a domain and makes it anew when it reboots */

#ifndef XL_MONITOR_H
#define XL_MONITOR_H

#include <stdint.h>

/*
 * Warns if the monitor of a domain runs other software than this process: it
 * was there when xl was upgraded, and may know nothing of what is requested,
 * which is named by what (as in "what is requested of the new vif").
 */
void warn_old_monitor(uint32_t domid, const char *what);

#endif /* XL_MONITOR_H */

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
