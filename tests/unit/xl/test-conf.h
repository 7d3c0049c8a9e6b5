/* SPDX-License-Identifier: GPL-2.0-only */
/* Included after the tree's config.h: xl.conf is not the host's, but where xl runs. */
#undef XEN_CONFIG_DIR
#define XEN_CONFIG_DIR "."
