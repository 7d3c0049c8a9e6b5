/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is requested of the features of a device: see xl_device_config.h
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libxl_utils.h>

#include "xl.h"
#include "xl_device_config.h"
#include "xl_utils.h"

bool parse_nic_device_config(XLU_Config *config, const char *token,
                             libxl_device_nic *nic)
{
    /* The config file parser skips only blanks. */
    token += strspn(token, " \t\r\n");

    switch (xlu_vif_parse_config(config, token, nic)) {
    case 0:
        return true;
    case ESRCH:
        return false;
    default: /* libxlu has said why */
        exit(EXIT_FAILURE);
    }
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
