// SPDX-License-Identifier: GPL-2.0
/* See table.h. */
#include "table.h"

#include <xen/interface/io/device-features.h>

#include "fake-xenstore.h"

void table_setup(void)
{
	fake_xs_reset();
	fake_xs_become(0);
	kernel_reset();
}

/* A node's name as both sides of the protocol take it. */
static void check_name(const char *name)
{
	ck_assert_ptr_nonnull(name);
	ck_assert_uint_ge(strlen(name), 1);
	ck_assert_uint_le(strlen(name), XEN_DEVICE_FEATURE_NAME_MAX);
	ck_assert_msg(strspn(name, "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_@") == strlen(name),
		      "\"%s\" is no name", name);
}

static unsigned int feature_limit(const struct xenbus_feature *row)
{
	return row->limit ? row->limit() : row->max;
}

static void check_row(const struct xenbus_feature *row)
{
	unsigned int max, def;
	const char *c;

	check_name(row->name);
	if (row->frontend)
		check_name(row->frontend);

	ck_assert_msg(row->desc && *row->desc, "%s: no description", row->name);
	for (c = row->desc; *c; c++)
		ck_assert_msg(*c >= ' ' && *c <= '~', "%s: %#x in \"%s\"",
			      row->name, *c, row->desc);

	max = feature_limit(row);
	def = row->restricts ? row->min : max;
	ck_assert_msg(row->min <= max, "%s: %u to %u", row->name, row->min,
		      max);
	ck_assert_msg(row->type == XENBUS_FEATURE_UINT ||
		      (row->type == XENBUS_FEATURE_BOOL && max <= 1),
		      "%s: type %u up to %u", row->name, row->type, max);
	/* Without feature control, and until the driver applies the limit. */
	if (row->type == XENBUS_FEATURE_BOOL || row->at_connect)
		ck_assert_msg(max <= row->max, "%s: up to %u of %u", row->name,
			      max, row->max);
	/* Whoever asks for nothing gets what stock publishes. */
	ck_assert_msg(!row->absent_if_zero || def == 0 || !row->restricts,
		      "%s: published by default", row->name);
}

void check_table(const struct xenbus_features *features, const char *backend,
		 unsigned int nr)
{
	unsigned int i, j;

	ck_assert_str_eq(features->backend, backend);
	ck_assert_uint_eq(features->nr, nr);
	for (i = 0; i < nr; i++) {
		check_row(&features->table[i]);
		for (j = 0; j < i; j++)
			ck_assert_str_ne(features->table[i].name,
					 features->table[j].name);
	}
}

void check_param(struct xenbus_features *features, unsigned int feature,
		 const struct kernel_param_ops *ops, void *param,
		 const char *val, unsigned int limit)
{
	const struct kernel_param kp = { .arg = param };
	const char *name = features->table[feature].name;
	char path[256], want[64], read[16];

	snprintf(path, sizeof(path), "/local/domain/0/"
		 XEN_DEVICE_FEATURE_ADVERTISED "/%s/%s", features->backend,
		 name);
	snprintf(want, sizeof(want), "%s %u %u %u",
		 features->table[feature].type == XENBUS_FEATURE_BOOL ?
		 "bool" : "uint", features->table[feature].min, limit, limit);

	xenbus_features_advertise(features);
	while (kernel_work())
		;
	ck_assert_str_ne(fake_xs_get(path), want);
	ck_assert_int_eq(ops->set(val, &kp), 0);
	ck_assert(kernel_work());
	ck_assert_str_eq(fake_xs_get(path), want);
	snprintf(want, sizeof(want), "%u", limit);
	ck_assert_int_gt(ops->get(read, &kp), 0);
	ck_assert_str_eq(read, features->table[feature].type ==
			 XENBUS_FEATURE_BOOL ? limit ? "Y\n" : "N\n" :
			 strcat(want, "\n"));

	/* What cannot be set changes nothing. */
	ck_assert_int_lt(ops->set("many", &kp), 0);
	ck_assert(!kernel_work());
	ck_assert_uint_eq(features->table[feature].limit(), limit);
	xenbus_features_withdraw(features);
}

void check_grants(unsigned int nr, unsigned int *granted, unsigned long needs,
		  bool (*allowed)(const void *what), const void *what,
		  const char *name)
{
	unsigned long grants;
	unsigned int i;

	for (grants = 0; grants < BIT(nr); grants++) {
		for (i = 0; i < nr; i++)
			granted[i] = !!(grants & BIT(i));
		/* Not an assertion for each: Check takes notes of them. */
		if (allowed(what) != !(needs & ~grants))
			ck_abort_msg("%s, which needs %#lx: %s with %#lx", name,
				     needs, needs & ~grants ? "passes" :
				     "does not pass", grants);
	}
}
