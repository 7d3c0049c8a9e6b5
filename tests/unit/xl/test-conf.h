/* SPDX-License-Identifier: GPL-2.0-only */
/* Included after the tree's config.h: what xl reads is not the host's, but where it runs. */
#undef XEN_CONFIG_DIR
#define XEN_CONFIG_DIR "."
#undef XEN_RUN_DIR
#define XEN_RUN_DIR "."
