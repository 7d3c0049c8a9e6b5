/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is requested of the features of a device: config-<feature>=<value>
 * in its specification
 */

#ifndef XL_DEVICE_CONFIG_H
#define XL_DEVICE_CONFIG_H

#include <stdbool.h>

#include <libxl.h>
#include <libxlutil.h>

/*
 * Returns true if token was config-<feature>=<value>, which is now in nic's
 * config list; false if it is something else.  Does not return if it was
 * meant to be one but is wrong: a guest must not start without a limit that
 * was asked for.
 */
bool parse_nic_device_config(XLU_Config *config, const char *token,
                             libxl_device_nic *nic);

#endif /* XL_DEVICE_CONFIG_H */

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
