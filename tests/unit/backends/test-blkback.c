// SPDX-License-Identifier: GPL-2.0
/*
 * The features of blkback: its table, and which operations of a guest are done
 * with each combination of what was offered.
 */
#include "common.h"
#include "table.h"

/* The module's parameters, which are in files of the driver's. */
bool xen_blkif_feature_persistent = true;
unsigned int xen_blkif_max_ring_order = 4;
unsigned int xenblk_max_queues = 8;

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

/* What the driver publishes when it connects, and the nodes it may do without. */
START_TEST(test_where_published)
{
	const struct xenbus_feature *row;
	unsigned int i;

	for (i = 0; i < XEN_BLKIF_NR_FEATURES; i++) {
		row = &xen_blkif_features.table[i];
		ck_assert_msg(row->at_connect == (i >= XEN_BLKIF_PERSISTENT),
			      "%s", row->name);
		ck_assert_msg(row->optional == (i != XEN_BLKIF_PERSISTENT),
			      "%s", row->name);
		ck_assert_msg(row->absent_if_zero ==
			      (i == XEN_BLKIF_MAX_INDIRECT_SEGMENTS),
			      "%s", row->name);
		ck_assert_msg(!row->restricts, "%s", row->name);
	}
}
END_TEST

START_TEST(test_operation)
{
	static const struct {
		uint8_t operation;
		uint8_t flag;		/* of a discard; others have it elsewhere */
		u8 needs;
	} table[] = {
		{ BLKIF_OP_FLUSH_DISKCACHE, 0, XEN_BLKIF_OFFERED_FLUSH },
		{ BLKIF_OP_FLUSH_DISKCACHE, 0xff, XEN_BLKIF_OFFERED_FLUSH },
		{ BLKIF_OP_WRITE_BARRIER, 0, XEN_BLKIF_OFFERED_BARRIER },
		{ BLKIF_OP_WRITE_BARRIER, 0xff, XEN_BLKIF_OFFERED_BARRIER },
		{ BLKIF_OP_DISCARD, 0, XEN_BLKIF_OFFERED_DISCARD },
		{ BLKIF_OP_DISCARD, 0xff & ~BLKIF_DISCARD_SECURE,
		  XEN_BLKIF_OFFERED_DISCARD },
		{ BLKIF_OP_DISCARD, BLKIF_DISCARD_SECURE,
		  XEN_BLKIF_OFFERED_DISCARD | XEN_BLKIF_OFFERED_SECURE },
		{ BLKIF_OP_DISCARD, 0xff,
		  XEN_BLKIF_OFFERED_DISCARD | XEN_BLKIF_OFFERED_SECURE },
	};
	struct blkif_request req = {};
	struct xen_vbd vbd = {};
	unsigned int op, i, offered;
	bool done;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		for (offered = 0; offered <= UINT8_MAX; offered++) {
			req.operation = table[i].operation;
			req.u.discard.flag = table[i].flag;
			vbd.offered = offered;
			done = !(table[i].needs & ~offered);
			/* Not an assertion for each: Check takes notes of them. */
			if (xen_blkif_offered_op(&vbd, &req) !=
			    (done ? table[i].operation : XEN_BLKIF_OP_REFUSED))
				ck_abort_msg("row %u, offered %#x: not %s", i,
					     offered, done ? "done" : "refused");
		}

	/* The others need nothing, and none that a guest can name is refusal. */
	vbd.offered = 0;
	for (op = 0; op <= UINT8_MAX; op++) {
		for (i = 0; i < ARRAY_SIZE(table); i++)
			if (table[i].operation == op)
				break;
		req.operation = op;
		req.u.discard.flag = 0xff;
		ck_assert_int_eq(xen_blkif_offered_op(&vbd, &req),
				 i < ARRAY_SIZE(table) ?
				 XEN_BLKIF_OP_REFUSED : (int)op);
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
	tcase_add_test(tc, test_where_published);
	tcase_add_test(tc, test_operation);
	suite_add_tcase(suite, tc);

	return run_suite(suite);
}
