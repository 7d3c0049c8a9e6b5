/* SPDX-License-Identifier: LGPL-2.1-only */

#ifndef LIBXLU_DEVICE_CONFIG_H
#define LIBXLU_DEVICE_CONFIG_H

/*
 * For a parameter that is config-<feature>=<value>, with blanks where one
 * likes, or may have been meant to be that: sets <feature> in *config to
 * <value>, whatever it was before.  spec is the specification that it is of.
 *
 * Returns EINVAL or ENOMEM after an error report.
 */
int xlu__disk_parse_config(XLU_Config *cfg, const char *spec,
                           const char *param, libxl_key_value_list *config);

/*
 * For any parameter of a disk.  Returns EINVAL after an error report if a
 * request is part of its value, where it would be lost: after target=, or
 * with something else than a comma before it.
 */
int xlu__disk_refuse_hidden(XLU_Config *cfg, const char *spec,
                            const char *param);

#endif /* LIBXLU_DEVICE_CONFIG_H */

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
