// SPDX-License-Identifier: GPL-2.0
/*
 * The features of blkback: its table, and which operations of a guest are done
 * with each combination of grants.
 */
#include "common.h"
#include "table.h"

/* The module's parameters, which are in files of the driver's. */
bool xen_blkif_feature_persistent = true;
unsigned int xen_blkif_max_ring_order = 4;
unsigned int xenblk_max_queues = 8;

static struct xen_blkif blkif;

START_TEST(test_table)
{
	check_table(&xen_blkif_features, "vbd", XEN_BLKIF_NR_FEATURES);

	xenblk_max_queues = 1;
	xen_blkif_max_ring_order = 0;
	xen_blkif_feature_persistent = false;
	check_table(&xen_blkif_features, "vbd", XEN_BLKIF_NR_FEATURES);
}
END_TEST

START_TEST(test_params)
{
	check_param(&xen_blkif_features, XEN_BLKIF_MULTI_QUEUE_MAX_QUEUES,
		    &xen_blkif_param_uint, &xenblk_max_queues, "3", 3);
	check_param(&xen_blkif_features, XEN_BLKIF_MAX_RING_PAGE_ORDER,
		    &xen_blkif_param_uint, &xen_blkif_max_ring_order, "0", 0);
	check_param(&xen_blkif_features, XEN_BLKIF_PERSISTENT,
		    &xen_blkif_param_bool, &xen_blkif_feature_persistent,
		    "0", 0);
	/* A boolean without a value. */
	ck_assert_int_eq(xen_blkif_param_bool.flags, KERNEL_PARAM_OPS_FL_NOARG);
	check_param(&xen_blkif_features, XEN_BLKIF_PERSISTENT,
		    &xen_blkif_param_bool, &xen_blkif_feature_persistent,
		    NULL, 1);
}
END_TEST

static bool op_is_done(const void *what)
{
	const struct blkif_request *req = what;
	int op = xen_blkif_granted_op(&blkif, req);

	/* Never another one; and none that a guest can name is refusal. */
	if (op != req->operation && op != XEN_BLKIF_OP_REFUSED)
		ck_abort_msg("operation %u became %d", req->operation, op);
	return op == req->operation;
}

START_TEST(test_operation)
{
	static const unsigned long needs[UINT8_MAX + 1] = {
		[BLKIF_OP_FLUSH_DISKCACHE] = BIT(XEN_BLKIF_FLUSH_CACHE),
		[BLKIF_OP_WRITE_BARRIER] = BIT(XEN_BLKIF_BARRIER),
		[BLKIF_OP_DISCARD] = BIT(XEN_BLKIF_DISCARD),
	};
	struct blkif_request req = {};
	unsigned int op;
	char name[32];

	for (op = 0; op < ARRAY_SIZE(needs); op++) {
		req.operation = op;
		snprintf(name, sizeof(name), "operation %u", op);
		check_grants(XEN_BLKIF_NR_FEATURES, blkif.granted, needs[op],
			     op_is_done, &req, name);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("blkback");
	TCase *tc = tcase_create("features");

	tcase_add_checked_fixture(tc, table_setup, NULL);
	tcase_add_test(tc, test_table);
	tcase_add_test(tc, test_params);
	tcase_add_test(tc, test_operation);
	suite_add_tcase(suite, tc);

	return run_suite(suite);
}
