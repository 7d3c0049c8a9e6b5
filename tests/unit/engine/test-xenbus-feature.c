// SPDX-License-Identifier: GPL-2.0
/*
 * The engine, as it is compiled into the backends, over an in-memory xenstore.
 */
#include <xenstore.h>

#include <xen/interface/io/device-features.h>

#include "fake-xenstore.h"
#include "xenbus_feature.h"
#include "test-suite.h"

#define HOME	"/local/domain/0/"
#define NODE	"backend/toy/1/0"
#define CONFIG	HOME NODE "/config"
#define ANSWER	HOME NODE "/granted"

static unsigned int most = 8;

static unsigned int max_most(void)
{
	return most;
}

static unsigned int three(void)
{
	return 3;
}

enum { UINT, DEFAULTED, FLAG, LATE, RARE, NR };

static const struct xenbus_feature table[NR] = {
	[UINT] = { .name = "uint", .desc = "A number",
		   .type = XENBUS_FEATURE_UINT, .minval = 1,
		   .maxval = max_most, .frontend = "num-uint" },
	[DEFAULTED] = { .name = "defaulted", .desc = "A number, 3 by default",
			.type = XENBUS_FEATURE_UINT, .maxval = max_most,
			.defval = three },
	[FLAG] = { .name = "flag", .desc = "A switch",
		   .type = XENBUS_FEATURE_BOOL, .maxval = xenbus_feature_one },
	[LATE] = { .name = "late", .desc = "Published by the driver",
		   .type = XENBUS_FEATURE_BOOL, .maxval = xenbus_feature_one,
		   .at_connect = true },
	[RARE] = { .name = "rare", .desc = "Published where it is set",
		   .type = XENBUS_FEATURE_UINT, .maxval = three,
		   .only_if_set = true },
};

static XENBUS_FEATURES(features, "toy", table);
static struct xenbus_device dev = { .nodename = NODE };
static unsigned int granted[NR];
static struct xenbus_requested requested;

static void setup(void)
{
	fake_xs_reset();
	fake_xs_become(0);
	kernel_reset();
	fake_xs_set(HOME NODE "/state", "1");
	most = 8;
	memset(granted, 0xff, sizeof(granted));
	memset(&requested, 0xff, sizeof(requested));
	fake_xs_requests("");
}

static void request(const char *feature, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), CONFIG "/%s", feature);
	fake_xs_set(path, value);
}

static int read_granted(void)
{
	return xenbus_features_read(&dev, &features, granted, &requested);
}

static int answer(struct xenbus_transaction xbt)
{
	return xenbus_features_answer(xbt, &dev, &features, granted,
				      &requested);
}

static bool logged(const char *text)
{
	return strstr(kernel_log_text, text);
}

/* --- reading --- */

START_TEST(test_nothing_requested)
{
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_uint_eq(fake_xs_requests(NODE "/config"), 1);
	ck_assert_uint_eq(fake_xs_requests(""), 0);	/* nothing besides */
	ck_assert_uint_eq(granted[UINT], 8);
	ck_assert_uint_eq(granted[DEFAULTED], 3);
	ck_assert_uint_eq(granted[FLAG], 1);
	ck_assert_uint_eq(granted[LATE], 1);
	ck_assert_str_eq(kernel_log_text, "");
}
END_TEST

START_TEST(test_empty_config)
{
	fake_xs_set(CONFIG, "");
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_uint_eq(fake_xs_requests(""), 1);
	ck_assert_uint_eq(granted[UINT], 8);
	ck_assert_str_eq(kernel_log_text, "");
}
END_TEST

#define MALFORMED 1000

static const struct {
	const char *value;
	unsigned int uint, flag;	/* or MALFORMED */
} values[] = {
	{ "1", 1, 1 },
	{ "8", 8, 1 },
	{ "5", 5, 1 },
	{ "0", 1, 0 },
	{ "9", 8, 1 },
	{ "007", 7, 1 },
	{ "4294967295", 8, 1 },
	{ "4294967296", 8, 1 },
	{ "4294967297", 8, 1 },
	{ "18446744073709551616", 8, 1 },
	{ "9999999999999999999999999999999999999999", 8, 1 },
	{ "0000000000000000000000000000000000000002", 2, 1 },
	{ "", MALFORMED, MALFORMED },
	{ "-1", MALFORMED, MALFORMED },
	{ "+1", MALFORMED, MALFORMED },
	{ " 1", MALFORMED, MALFORMED },
	{ "1 ", MALFORMED, MALFORMED },
	{ "1\n", MALFORMED, MALFORMED },
	{ "0x1", MALFORMED, MALFORMED },
	{ "1.5", MALFORMED, MALFORMED },
	{ "yes", MALFORMED, MALFORMED },
	{ "\xd9\xa1", MALFORMED, MALFORMED },	/* a digit, but Arabic */
};

START_TEST(test_value)
{
	const char *value = values[_i].value;
	const unsigned int uint = values[_i].uint, flag = values[_i].flag;

	request("uint", value);
	request("flag", value);
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_uint_eq(granted[UINT], uint == MALFORMED ? 8 : uint);
	ck_assert_uint_eq(granted[FLAG], flag == MALFORMED ? 1 : flag);
	ck_assert_int_eq(logged("warn: " NODE "/config/uint: "),
			 uint == MALFORMED);
	ck_assert_int_eq(logged("warn: " NODE "/config/flag: "),
			 flag == MALFORMED);
	ck_assert_uint_eq(fake_xs_requests(""), 3);
}
END_TEST

START_TEST(test_nul_in_value)
{
	struct xs_handle *xs = xs_open(0);

	ck_assert(xs_write(xs, XBT_NULL, CONFIG "/uint", "2\0", 2));
	xs_close(xs);
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_uint_eq(granted[UINT], 8);
	ck_assert(logged("\"2?\" is not"));
}
END_TEST

START_TEST(test_hostile_log)
{
	char value[4001];

	request("uint", "a\x1b[2J\n\x80\"b");
	memset(value, 'z', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	request("flag", value);
	ck_assert_int_eq(read_granted(), 0);
	ck_assert(logged("\"a?[2J??\"b\" is not"));
	ck_assert(logged("zzz...\" is not"));
	ck_assert_uint_lt(strlen(kernel_log_text), 400);
	ck_assert_ptr_null(strchr(kernel_log_text, '\x1b'));
}
END_TEST

START_TEST(test_longest_value)
{
	char digits[4001];

	memset(digits, '9', sizeof(digits) - 1);
	digits[sizeof(digits) - 1] = '\0';
	request("uint", digits);
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_uint_eq(granted[UINT], 8);
	ck_assert_str_eq(kernel_log_text, "");
}
END_TEST

START_TEST(test_unknown_feature)
{
	request("uinteger", "1");
	request("UINT", "1");
	request("uin", "1");
	request("flag", "0");
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_uint_eq(granted[UINT], 8);
	ck_assert_uint_eq(granted[FLAG], 0);
	ck_assert(logged("notice: " NODE "/config/uinteger: unknown"));
	ck_assert(logged("notice: " NODE "/config/UINT: unknown"));
	ck_assert(logged("notice: " NODE "/config/uin: unknown"));
	/* Their values are not even read. */
	ck_assert_uint_eq(fake_xs_requests(""), 2);
}
END_TEST

START_TEST(test_maximum_below_minimum)
{
	most = 0;	/* as with a module parameter of 0 */
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_uint_eq(granted[UINT], 0);
	request("uint", "5");
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_uint_eq(granted[UINT], 0);
}
END_TEST

START_TEST(test_limit_of_now)
{
	request("uint", "6");
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_uint_eq(granted[UINT], 6);
	most = 4;
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_uint_eq(granted[UINT], 4);
}
END_TEST

START_TEST(test_unreadable_directory)
{
	request("uint", "1");
	fake_xs_fail("config", 1, EACCES);
	ck_assert_int_eq(read_granted(), -EACCES);
	ck_assert(logged("fatal: -13 reading " NODE "/config"));
}
END_TEST

START_TEST(test_unreadable_request)
{
	request("uint", "1");
	fake_xs_fail("config/uint", 1, EIO);
	ck_assert_int_eq(read_granted(), -EIO);
	ck_assert(logged("fatal: -5 reading " NODE "/config/uint"));
}
END_TEST

START_TEST(test_no_memory)
{
	request("uint", "1");
	kernel_no_memory = true;
	ck_assert_int_eq(read_granted(), -ENOMEM);
	ck_assert(logged("fatal: -12 reading " NODE "/config"));
}
END_TEST

/* --- publishing --- */

START_TEST(test_publish)
{
	request("uint", "2");
	request("late", "0");
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_uint_eq(granted[LATE], 0);
	granted[RARE] = 0;
	fake_xs_requests("");
	ck_assert_int_eq(xenbus_features_publish(XBT_NIL, &dev, &features,
						 granted), 0);
	ck_assert_uint_eq(fake_xs_requests(""), 3);
	ck_assert_str_eq(fake_xs_get(HOME NODE "/uint"), "2");
	ck_assert_str_eq(fake_xs_get(HOME NODE "/defaulted"), "3");
	ck_assert_str_eq(fake_xs_get(HOME NODE "/flag"), "1");
	ck_assert_ptr_null(fake_xs_get(HOME NODE "/late"));
	ck_assert_ptr_null(fake_xs_get(HOME NODE "/rare"));

	granted[RARE] = 1;
	ck_assert_int_eq(xenbus_features_publish(XBT_NIL, &dev, &features,
						 granted), 0);
	ck_assert_str_eq(fake_xs_get(HOME NODE "/rare"), "1");
}
END_TEST

START_TEST(test_publish_fails)
{
	ck_assert_int_eq(read_granted(), 0);
	fake_xs_fail(NODE "/defaulted", 1, ENOSPC);
	ck_assert_int_eq(xenbus_features_publish(XBT_NIL, &dev, &features,
						 granted), -ENOSPC);
	ck_assert_ptr_null(fake_xs_get(HOME NODE "/flag"));
}
END_TEST

/* --- the answer --- */

static const struct {
	const char *requests[8];	/* a feature, its value, ... */
	const char *answer;
} answers[] = {
	{ { "uint", "2" }, "uint=2" },
	{ { "uint", "9" }, "uint=8" },
	{ { "uint", "0" }, "uint=1" },
	{ { "uint", "99999999999999999999" }, "uint=8" },
	{ { "uint", "007" }, "uint=7" },
	{ { "uint", "" }, "uint=malformed" },
	{ { "uint", "-1" }, "uint=malformed" },
	{ { "uint", "0x1" }, "uint=malformed" },
	{ { "defaulted", "none" }, "defaulted=malformed" },
	{ { "flag", "0" }, "flag=0" },
	{ { "flag", "2" }, "flag=1" },
	{ { "late", "0" }, "late=0" },	/* that it is published later is */
	{ { "rare", "0" }, "rare=0" },	/* no reason, nor that it never is */
	{ { "tomorrow", "1" }, "" },
	{ { "UINT", "1", "uin", "1", "granted", "1", "uint=1 flag", "1" }, "" },
	{ { "uint", "2", "flag", "0" }, "uint=2 flag=0" },
	{ { "flag", "0", "tomorrow", "1", "rare", "9", "uint", "two" },
	  "uint=malformed flag=0 rare=3" },
};

START_TEST(test_answer)
{
	const char *const *r = answers[_i].requests;

	for (; r < answers[_i].requests + 8 && *r; r += 2)
		request(r[0], r[1]);
	ck_assert_int_eq(read_granted(), 0);
	fake_xs_requests("");
	ck_assert_int_eq(answer(XBT_NIL), 0);
	ck_assert_pstr_eq(fake_xs_get(ANSWER), answers[_i].answer);
	ck_assert_uint_eq(fake_xs_requests(""), 1);

	xenbus_features_forget(&dev, &requested);
	ck_assert_ptr_null(fake_xs_get(ANSWER));
	ck_assert_uint_eq(fake_xs_requests(""), 1);
	ck_assert_ptr_nonnull(fake_xs_get(CONFIG));
}
END_TEST

START_TEST(test_no_answer)
{
	ck_assert_int_eq(read_granted(), 0);
	fake_xs_requests("");
	ck_assert_int_eq(answer(XBT_NIL), 0);
	xenbus_features_forget(&dev, &requested);
	ck_assert_uint_eq(fake_xs_requests(""), 0);
	ck_assert_ptr_null(fake_xs_get(ANSWER));
}
END_TEST

START_TEST(test_empty_answer)
{
	fake_xs_set(CONFIG, "");
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_int_eq(answer(XBT_NIL), 0);
	ck_assert_pstr_eq(fake_xs_get(ANSWER), "");
	xenbus_features_forget(&dev, &requested);
	ck_assert_ptr_null(fake_xs_get(ANSWER));
}
END_TEST

/* What a driver makes of it before it publishes is what it says. */
START_TEST(test_answer_of_driver)
{
	request("uint", "5");
	request("flag", "1");
	ck_assert_int_eq(read_granted(), 0);
	granted[FLAG] = 0;
	ck_assert_int_eq(answer(XBT_NIL), 0);
	ck_assert_str_eq(fake_xs_get(ANSWER), "uint=5 flag=0");
}
END_TEST

START_TEST(test_answer_at_next_probe)
{
	request("uint", "2");
	request("flag", "off");
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_int_eq(answer(XBT_NIL), 0);
	ck_assert_str_eq(fake_xs_get(ANSWER), "uint=2 flag=malformed");

	most = 1;
	request("flag", "0");
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_int_eq(answer(XBT_NIL), 0);
	ck_assert_str_eq(fake_xs_get(ANSWER), "uint=1 flag=0");
}
END_TEST

/* The frontend sees neither before the other, and no half of it. */
START_TEST(test_answer_in_transaction)
{
	struct xenbus_transaction xbt;
	unsigned int tries = 0;
	int err;

	fake_xs_conflicts(2);
	request("uint", "2");
	ck_assert_int_eq(read_granted(), 0);
	do {
		ck_assert_int_eq(xenbus_transaction_start(&xbt), 0);
		ck_assert_int_eq(xenbus_features_publish(xbt, &dev, &features,
							 granted), 0);
		ck_assert_int_eq(answer(xbt), 0);
		ck_assert_ptr_null(fake_xs_get(ANSWER));
		err = xenbus_transaction_end(xbt, 0);
		tries++;
	} while (err == -EAGAIN);
	ck_assert_int_eq(err, 0);
	ck_assert_uint_eq(tries, 3);
	ck_assert_str_eq(fake_xs_get(ANSWER), "uint=2");
	ck_assert_str_eq(fake_xs_get(HOME NODE "/uint"), "2");
}
END_TEST

/* The guest may read it and no more, as all of the backend's directory. */
START_TEST(test_who_may_read_answer)
{
	struct xs_permissions perms[] = { { .id = 0, .perms = XS_PERM_NONE },
					  { .id = 1, .perms = XS_PERM_READ } };
	struct xs_handle *xs = xs_open(0);

	ck_assert(xs_set_permissions(xs, XBT_NULL, HOME NODE, perms, 2));
	xs_close(xs);
	request("uint", "2");
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_int_eq(answer(XBT_NIL), 0);
	ck_assert_str_eq(fake_xs_perms(ANSWER), "n0,r1");
}
END_TEST

START_TEST(test_answer_fails)
{
	request("uint", "2");
	ck_assert_int_eq(read_granted(), 0);

	fake_xs_fail("/granted", 1, ENOSPC);
	ck_assert_int_eq(answer(XBT_NIL), -ENOSPC);
	kernel_no_memory = true;
	ck_assert_int_eq(answer(XBT_NIL), -ENOMEM);
	ck_assert_ptr_null(fake_xs_get(ANSWER));

	/* The driver is let go of, and bound again. */
	xenbus_features_forget(&dev, &requested);
	kernel_no_memory = false;
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_int_eq(answer(XBT_NIL), 0);
	ck_assert_str_eq(fake_xs_get(ANSWER), "uint=2");
}
END_TEST

/* A probe that ends before or in xenbus_features_read(). */
START_TEST(test_forget_unanswered)
{
	static const struct xenbus_requested nothing;

	xenbus_features_forget(&dev, &nothing);
	fake_xs_fail("config", 1, EACCES);
	ck_assert_int_eq(read_granted(), -EACCES);
	fake_xs_requests("");
	xenbus_features_forget(&dev, &requested);
	ck_assert_uint_eq(fake_xs_requests(""), 0);

	request("uint", "2");
	fake_xs_fail("config/uint", 1, EIO);
	ck_assert_int_eq(read_granted(), -EIO);
	xenbus_features_forget(&dev, &requested);
	ck_assert_ptr_null(fake_xs_get(ANSWER));
}
END_TEST

/* As many features as a table may have, with the longest names and values. */
static unsigned int no_limit(void)
{
	return UINT_MAX;
}

START_TEST(test_longest_answer)
{
	static char names[XENBUS_FEATURES_MAX][XEN_DEVICE_FEATURE_NAME_MAX + 1];
	static struct xenbus_feature rows[XENBUS_FEATURES_MAX];
	static XENBUS_FEATURES(longest, "toy", rows);
	unsigned int values[XENBUS_FEATURES_MAX], i;

	for (i = 0; i < XENBUS_FEATURES_MAX; i++) {
		memset(names[i], 'a' + i, XEN_DEVICE_FEATURE_NAME_MAX);
		rows[i].name = names[i];
		rows[i].maxval = no_limit;
		request(names[i], "4294967295");
	}
	ck_assert_int_eq(xenbus_features_read(&dev, &longest, values,
					      &requested), 0);
	ck_assert_int_eq(xenbus_features_answer(XBT_NIL, &dev, &longest, values,
						&requested), 0);
	ck_assert_uint_eq(strlen(fake_xs_get(ANSWER)),
			  XENBUS_FEATURES_MAX * (64 + 1 + 10 + 1) - 1);
	/* What is left of 2048 is for the header, and permissions. */
	ck_assert_uint_lt(strlen(fake_xs_get(ANSWER)), 1900);
}
END_TEST

/* --- advertising --- */

#define ADVERTISED HOME "backend/toy/features/"

START_TEST(test_advertise)
{
	static const char * const nodes[][2] = {
		{ "uint-desc", "A number" },
		{ "uint-type", "uint" },
		{ "uint-defval", "8" },
		{ "uint-minval", "1" },
		{ "uint-maxval", "8" },
		{ "uint-inuse", "num-uint" },
		{ "defaulted-defval", "3" },
		{ "defaulted-minval", "0" },
		{ "flag-type", "bool" },
		{ "flag-maxval", "1" },
		{ "late-desc", "Published by the driver" },
	};
	char path[256];
	unsigned int i;

	fake_xs_conflicts(2);
	ck_assert_int_eq(xenbus_features_advertise(&features), 0);
	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		snprintf(path, sizeof(path), ADVERTISED "%s", nodes[i][0]);
		ck_assert_pstr_eq(fake_xs_get(path), nodes[i][1]);
	}
	/* One of them has a node of the frontend. */
	ck_assert_uint_eq(fake_xs_count(HOME "backend/toy/features"),
			  1 + 5 * NR + 1);
	ck_assert_uint_eq(fake_xs_open_transactions(), 0);

	most = 2;
	xenbus_features_update(&features);
	ck_assert_str_eq(fake_xs_get(ADVERTISED "uint-maxval"), "2");
	ck_assert_str_eq(fake_xs_get(ADVERTISED "uint-defval"), "2");

	xenbus_features_withdraw(&features);
	ck_assert_uint_eq(fake_xs_count(HOME "backend/toy/features"), 0);
	ck_assert_ptr_nonnull(fake_xs_get(HOME NODE "/state"));
	xenbus_features_update(&features);
	ck_assert_uint_eq(fake_xs_count(HOME "backend/toy/features"), 0);
	ck_assert_str_eq(kernel_log_text, "");
}
END_TEST

START_TEST(test_advertise_later)
{
	kernel_xenstore_ready = false;
	ck_assert_int_eq(xenbus_features_advertise(&features), 0);
	xenbus_features_update(&features);
	ck_assert_uint_eq(fake_xs_requests(""), 0);
	kernel_xenstore_appears();
	ck_assert_str_eq(fake_xs_get(ADVERTISED "uint-maxval"), "8");
	xenbus_features_withdraw(&features);
	ck_assert_uint_eq(fake_xs_count(HOME "backend/toy/features"), 0);
}
END_TEST

START_TEST(test_withdraw_before_xenstore)
{
	kernel_xenstore_ready = false;
	ck_assert_int_eq(xenbus_features_advertise(&features), 0);
	xenbus_features_withdraw(&features);
	kernel_xenstore_appears();
	ck_assert_uint_eq(fake_xs_requests(""), 0);
	ck_assert_uint_eq(fake_xs_count(HOME "backend/toy/features"), 0);
}
END_TEST

START_TEST(test_advertise_fails)
{
	fake_xs_fail("features/flag-minval", 1, ENOSPC);
	/* The backend works all the same. */
	ck_assert_int_eq(xenbus_features_advertise(&features), 0);
	ck_assert(logged("warn: backend/toy: features not advertised: -28"));
	ck_assert_uint_eq(fake_xs_count(HOME "backend/toy/features"), 0);
	ck_assert_uint_eq(fake_xs_open_transactions(), 0);
	xenbus_features_withdraw(&features);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("xenbus_feature");
	TCase *tc = tcase_create("engine");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, test_nothing_requested);
	tcase_add_test(tc, test_empty_config);
	tcase_add_loop_test(tc, test_value, 0, ARRAY_SIZE(values));
	tcase_add_test(tc, test_nul_in_value);
	tcase_add_test(tc, test_hostile_log);
	tcase_add_test(tc, test_longest_value);
	tcase_add_test(tc, test_unknown_feature);
	tcase_add_test(tc, test_maximum_below_minimum);
	tcase_add_test(tc, test_limit_of_now);
	tcase_add_test(tc, test_unreadable_directory);
	tcase_add_test(tc, test_unreadable_request);
	tcase_add_test(tc, test_no_memory);
	tcase_add_test(tc, test_publish);
	tcase_add_test(tc, test_publish_fails);
	tcase_add_loop_test(tc, test_answer, 0, ARRAY_SIZE(answers));
	tcase_add_test(tc, test_no_answer);
	tcase_add_test(tc, test_empty_answer);
	tcase_add_test(tc, test_answer_of_driver);
	tcase_add_test(tc, test_answer_at_next_probe);
	tcase_add_test(tc, test_answer_in_transaction);
	tcase_add_test(tc, test_who_may_read_answer);
	tcase_add_test(tc, test_answer_fails);
	tcase_add_test(tc, test_forget_unanswered);
	tcase_add_test(tc, test_longest_answer);
	tcase_add_test(tc, test_advertise);
	tcase_add_test(tc, test_advertise_later);
	tcase_add_test(tc, test_withdraw_before_xenstore);
	tcase_add_test(tc, test_advertise_fails);
	suite_add_tcase(suite, tc);

	return run_suite(suite);
}
