/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the host requests of the features of devices by default:
 * vif.default.config, disk.default.config and qdisk.default.config
 */

#ifndef XL_DEVICE_DEFAULTS_H
#define XL_DEVICE_DEFAULTS_H

#include <stdbool.h>
#include <stdio.h>

#include <libxl.h>
#include <libxlutil.h>

/*
 * Takes the defaults from xl.conf, or from a domain's configuration, which
 * are read later and replace those of the host for that domain.  One that is
 * wrong is reported, counts as none, and is remembered: see
 * device_defaults_wrong(); so is a setting with a name that is almost one.
 */
void parse_default_device_config(XLU_Config *config, bool is_xl_conf);

/* Whether there was one, or config_check was wrong. */
bool device_defaults_wrong(void);
void set_device_defaults_wrong(void);

/*
 * To be called once the specification of a device has been parsed.  Gives it
 * the defaults of the backend that will serve it, in a list of their own.
 */
void complete_nic_device_config(libxl_device_nic *nic);
void complete_disk_device_config(libxl_device_disk *disk,
                                 libxl_domain_type type);

/*
 * The type of the backend that libxl will choose for disk in a domain of that
 * type: "vbd", and so on.
 */
const char *disk_backend_type(const libxl_device_disk *disk,
                              libxl_domain_type type);

/* Of a domain that exists; LIBXL_DOMAIN_TYPE_INVALID if there is none. */
libxl_domain_type domain_type(uint32_t domid);

/* The key of xl.conf with the defaults of a type of backend, or NULL. */
const char *device_default_key(const char *backend_type);

/*
 * Says in one sentence which of the host's defaults the devices of a domain
 * that was not made with them do not have.  Returns how many.
 */
int report_missing_defaults(const libxl_domain_config *d_config);

/* As lines of a configuration, which parse_default_device_config() takes. */
void print_device_defaults(FILE *f);

#endif /* XL_DEVICE_DEFAULTS_H */

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
