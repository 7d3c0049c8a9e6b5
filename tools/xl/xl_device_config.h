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

/*
 * For the settings of a domain: does not return if there is a
 * config-<feature>=<value> where a device is specified that takes none, or
 * where a string stands for a list.
 */
void refuse_misplaced_device_config(XLU_Config *config);

/* The same for the words of a command: argv[0] is its name. */
void refuse_device_config_words(const char *command, int argc, char **argv);

/*
 * Replaces the words of a command from the first-th on by their parts
 * between commas, as in the specification of a device in a config file.
 */
void split_words_at_commas(int first, int *argc, char ***argv);

/* The value of a key, of two the last; NULL: it has none. */
const char *device_config_value(libxl_key_value_list list, const char *key);

/* Whether text, or NULL, is a decimal number; too large a one is the largest. */
bool device_config_number(const char *text, unsigned long long *number);

#endif /* XL_DEVICE_CONFIG_H */

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
