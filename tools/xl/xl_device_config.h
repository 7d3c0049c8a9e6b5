/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is requested of the features of a device: config-<feature>=<value>
 * in its specification, and the host's defaults
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

/*
 * Takes vif.default.config and disk.default.config from xl.conf.  Does not
 * return if one of them is wrong, for the same reason.
 */
void parse_default_device_config(XLU_Config *config);

/*
 * To be called once the specification of a device has been parsed.  Adds
 * the host's default for each feature that the specification does not name,
 * and takes out what is to be `default', the backend's.
 */
void complete_nic_device_config(libxl_device_nic *nic);
void complete_disk_device_config(libxl_device_disk *disk);

/*
 * The type of the backend that libxl will choose for disk, in a domain with
 * a device model or without: "vbd", and so on.
 */
const char *disk_backend_type(const libxl_device_disk *disk, bool hvm);

/*
 * Returns the key of xl.conf if this request of a device of that kind, "vif"
 * or "disk", is the host's default, and otherwise NULL.
 */
const char *device_config_default(const char *kind, const char *feature,
                                  const char *value);

#endif /* XL_DEVICE_CONFIG_H */

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
