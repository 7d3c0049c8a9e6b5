/* SPDX-License-Identifier: GPL-2.0-only */
/* Included after the tree's config.h: libxl's files are not the host's. */
#undef XEN_LIB_DIR
#define XEN_LIB_DIR TEST_LIB_DIR
