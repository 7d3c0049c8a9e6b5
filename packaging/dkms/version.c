// SPDX-License-Identifier: GPL-2.0
/*
 * Part of both modules, here only. The kernel's own have no version, and DKMS
 * does not replace a module by one of the same; and modinfo tells ours by it.
 */
#include <linux/module.h>

MODULE_VERSION("@version@");
