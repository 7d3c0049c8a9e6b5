/* SPDX-License-Identifier: LGPL-2.1-only */

#ifndef LIBXLU_DEVICE_CONFIG_H
#define LIBXLU_DEVICE_CONFIG_H

/*
 * Parses param, a parameter of a device specification, and if it is
 * config-<feature>=<value> sets <feature> in *config to <value>, whatever
 * it was before.
 *
 * Returns 0, or
 *   ESRCH   param does not start with config-: it is someone else's
 *   EINVAL  it does, and *why says to the user what is wrong with it
 *   ENOMEM  (*why is set too)
 */
int xlu__device_config_parse(const char *param, libxl_key_value_list *config,
                             const char **why);

#endif /* LIBXLU_DEVICE_CONFIG_H */

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
