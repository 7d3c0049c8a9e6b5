/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * config_check: what is requested of devices, held against what their
 * backends advertise, before anything is created
 */

#ifndef XL_CONFIG_CHECK_H
#define XL_CONFIG_CHECK_H

#include <libxl.h>
#include <libxlutil.h>

/*
 * Takes config_check from xl.conf, or from a domain's configuration, which
 * wins because it is read later.  source names the file in an error message,
 * after which this does not return.
 */
void parse_config_check(XLU_Config *config, const char *source);

/*
 * Prints a line for each request that will not be granted as it is.
 * Returns 0, or ERROR_INVAL if config_check says that nothing may be created
 * on that account.
 *
 * Each backend is asked once, and none if nothing is requested of it.
 */
int check_device_config(const libxl_domain_config *d_config);
int check_nic_device_config(libxl_device_nic *nic);
int check_disk_device_config(uint32_t domid, libxl_device_disk *disk);

#endif /* XL_CONFIG_CHECK_H */

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
