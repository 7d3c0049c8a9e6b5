/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a backend's table of features must be, whatever the backend.
 */
#ifndef TABLE_H
#define TABLE_H

#include "test-suite.h"

#include <xen/xenbus_feature.h>

/* Forgets what was advertised; a fixture's setup. */
void table_setup(void);

/* Each row, with the limits of now. */
void check_table(const struct xenbus_features *features, const char *backend,
		 unsigned int nr);

/* Setting a module parameter to @val makes @limit of a feature, for all to see. */
void check_param(struct xenbus_features *features, unsigned int feature,
		 const struct kernel_param_ops *ops, void *param,
		 const char *val, unsigned int limit);

/*
 * For each combination of @nr grants, given as bits: @allowed() says whether
 * something passes that needs all of @needs.
 */
void check_grants(unsigned int nr, unsigned int *granted, unsigned long needs,
		  bool (*allowed)(const void *what), const void *what,
		  const char *name);

#endif
