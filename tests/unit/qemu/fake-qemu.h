/* SPDX-License-Identifier: GPL-2.0 */
/* What of QEMU is in the place of the rest of it. */
#ifndef FAKE_QEMU_H
#define FAKE_QEMU_H

#include <glib.h>

/* What was said in its log. */
GString *fake_qemu_said(void);

#endif
