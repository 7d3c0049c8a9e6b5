// SPDX-License-Identifier: GPL-2.0
/*
 * The engine, as it is compiled into the backends, over an in-memory xenstore.
 */
#include <xenstore.h>

#include <xen/interface/io/device-features.h>

#include "fake-xenstore.h"
#include "xenbus_feature.h"
#include "test-suite.h"
#include "../values.h"

#define HOME	"/local/domain/0/"
#define NODE	"backend/toy/1/0"
#define CONFIG	HOME NODE "/config"
#define ANSWER	HOME NODE "/granted"

static unsigned int most = 8;

static unsigned int max_most(void)
{
	return most;
}

static unsigned int is_switched_on = 1;

static unsigned int switched_on(void)
{
	return is_switched_on;
}

/* OPTIONAL to LATE: what a frontend does without, ..., what comes later. */
enum { UINT, FLAG, OPTIONAL, RESTRICTS, LATE, RARE, NR };

static const struct xenbus_feature table[NR] = {
	[UINT] = { .name = "uint", .desc = "A number",
		   .type = XENBUS_FEATURE_UINT, .min = 1, .limit = max_most,
		   .frontend = "num-uint" },
	[FLAG] = { .name = "flag", .desc = "A switch",
		   .type = XENBUS_FEATURE_BOOL, .max = 1 },
	[OPTIONAL] = { .name = "optional", .desc = "A number that need not be",
		       .type = XENBUS_FEATURE_UINT, .min = 2, .limit = max_most,
		       .optional = true },
	[RESTRICTS] = { .name = "restricts", .desc = "A switch that takes away",
			.type = XENBUS_FEATURE_BOOL, .max = 1,
			.restricts = true },
	[LATE] = { .name = "late", .desc = "Published by the driver",
		   .type = XENBUS_FEATURE_BOOL, .max = 1, .limit = switched_on,
		   .at_connect = true },
	[RARE] = { .name = "rare", .desc = "Published where it is set",
		   .type = XENBUS_FEATURE_UINT, .max = 3,
		   .absent_if_zero = true },
};

static bool control;
static XENBUS_FEATURES(features, "toy", table, control);
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
	is_switched_on = 1;
	control = true;
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

static int publish(void)
{
	return xenbus_features_publish(&dev, &features, granted, &requested);
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
	ck_assert_uint_eq(granted[OPTIONAL], 8);
	ck_assert_uint_eq(granted[RESTRICTS], 0);
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
	ck_assert_int_eq(publish(), 0);
	/* Four, one that is taken away, and the answer. */
	ck_assert_uint_eq(fake_xs_requests(""), 4 + 1 + 1);
	ck_assert_str_eq(fake_xs_get(HOME NODE "/uint"), "2");
	ck_assert_str_eq(fake_xs_get(HOME NODE "/flag"), "1");
	ck_assert_str_eq(fake_xs_get(HOME NODE "/optional"), "8");
	ck_assert_str_eq(fake_xs_get(HOME NODE "/restricts"), "0");
	ck_assert_ptr_null(fake_xs_get(HOME NODE "/late"));
	ck_assert_ptr_null(fake_xs_get(HOME NODE "/rare"));

	granted[RARE] = 1;
	ck_assert_int_eq(publish(), 0);
	ck_assert_str_eq(fake_xs_get(HOME NODE "/rare"), "1");

	/* It does not outlive its cause. */
	granted[RARE] = 0;
	ck_assert_int_eq(publish(), 0);
	ck_assert_ptr_null(fake_xs_get(HOME NODE "/rare"));
	granted[RARE] = 1;
	ck_assert_int_eq(publish(), 0);
	xenbus_features_forget(&dev, &features, &requested);
	ck_assert_ptr_null(fake_xs_get(HOME NODE "/rare"));
	ck_assert_ptr_nonnull(fake_xs_get(HOME NODE "/flag"));
	ck_assert_str_eq(kernel_log_text, "");
}
END_TEST

START_TEST(test_publish_fails)
{
	request("uint", "2");
	ck_assert_int_eq(read_granted(), 0);
	fake_xs_fail(NODE "/flag", 1, ENOSPC);
	ck_assert_int_eq(publish(), -ENOSPC);
	ck_assert(logged("fatal: -28 writing features of " NODE));
	ck_assert_ptr_null(fake_xs_get(HOME NODE "/uint"));
	ck_assert_ptr_null(fake_xs_get(ANSWER));
	ck_assert_uint_eq(fake_xs_open_transactions(), 0);
}
END_TEST

/* It is granted, answered, and to be held, as the frontend sees it. */
START_TEST(test_publish_without_optional)
{
	request("optional", "5");
	ck_assert_int_eq(read_granted(), 0);
	fake_xs_fail(NODE "/optional", 1, ENOSPC);
	ck_assert_int_eq(publish(), 0);
	ck_assert_uint_eq(granted[OPTIONAL], 2);
	ck_assert_str_eq(fake_xs_get(ANSWER), "optional=2");
	ck_assert_ptr_null(fake_xs_get(HOME NODE "/optional"));
	ck_assert_str_eq(fake_xs_get(HOME NODE "/uint"), "8");
	ck_assert(logged("warn: writing " NODE "/optional: -28"));
}
END_TEST

START_TEST(test_publish_optional_only)
{
	static const struct xenbus_feature rows[] = {
		{ .name = "one", .max = 1, .optional = true },
		{ .name = "two", .max = 2, .optional = true },
	};
	static XENBUS_FEATURES(optional, "toy", rows, control);

	ck_assert_int_eq(xenbus_features_read(&dev, &optional, granted,
					      &requested), 0);
	fake_xs_requests("");
	ck_assert_int_eq(xenbus_features_publish(&dev, &optional, granted,
						 &requested), 0);
	ck_assert_uint_eq(fake_xs_requests(""), 2);
	ck_assert_str_eq(fake_xs_get(HOME NODE "/two"), "2");
}
END_TEST

/* The limit of what is published later is the driver's to apply, then. */
START_TEST(test_limit_at_connect)
{
	is_switched_on = 0;
	request("late", "1");
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_uint_eq(granted[LATE], 1);
	ck_assert_int_eq(publish(), 0);
	ck_assert_str_eq(fake_xs_get(ANSWER), "late=0");
}
END_TEST

/* feature_control=0: published as stock does, and nobody is held to it. */
START_TEST(test_without_control)
{
	control = false;
	is_switched_on = 0;
	request("uint", "2");
	request("flag", "0");
	request("restricts", "1");
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_uint_eq(fake_xs_requests(""), 0);
	ck_assert_int_eq(publish(), 0);
	ck_assert_str_eq(fake_xs_get(HOME NODE "/uint"), "8");
	ck_assert_str_eq(fake_xs_get(HOME NODE "/flag"), "1");
	ck_assert_str_eq(fake_xs_get(HOME NODE "/restricts"), "0");
	ck_assert_ptr_null(fake_xs_get(ANSWER));
	ck_assert_uint_eq(granted[UINT], 8);
	ck_assert_uint_eq(granted[FLAG], 1);
	ck_assert_uint_eq(granted[LATE], 1);
	ck_assert_uint_eq(granted[RESTRICTS], 0);

	fake_xs_requests("");
	xenbus_features_advertise(&features);
	kernel_resume();
	xenbus_features_update(&features);
	ck_assert(!kernel_work());
	xenbus_features_withdraw(&features);
	ck_assert_uint_eq(fake_xs_requests(""), 0);
	ck_assert_str_eq(kernel_log_text, "");
}
END_TEST

/* A switch of a module, which stock publishes and does not hold. */
START_TEST(test_held_only_with_control)
{
	static const struct xenbus_feature rows[] = {
		{ .name = "switch", .type = XENBUS_FEATURE_BOOL, .max = 1,
		  .limit = switched_on },
	};
	static XENBUS_FEATURES(switches, "toy", rows, control);

	is_switched_on = 0;
	for (int i = 0; i < 2; i++) {
		control = i;
		ck_assert_int_eq(xenbus_features_read(&dev, &switches, granted,
						      &requested), 0);
		ck_assert_int_eq(xenbus_features_publish(&dev, &switches,
							 granted, &requested),
				 0);
		ck_assert_str_eq(fake_xs_get(HOME NODE "/switch"), "0");
		ck_assert_uint_eq(granted[0], control ? 0 : 1);
	}
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
	{ { "optional", "none" }, "optional=malformed" },
	{ { "restricts", "1" }, "restricts=1" },
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
	ck_assert_int_eq(publish(), 0);
	ck_assert_pstr_eq(fake_xs_get(ANSWER), answers[_i].answer);
	ck_assert_uint_eq(fake_xs_requests("granted"), 1);
	fake_xs_requests("");

	xenbus_features_forget(&dev, &features, &requested);
	ck_assert_ptr_null(fake_xs_get(ANSWER));
	ck_assert_uint_eq(fake_xs_requests(""), 2);
	ck_assert_ptr_nonnull(fake_xs_get(CONFIG));
}
END_TEST

START_TEST(test_no_answer)
{
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_int_eq(publish(), 0);
	fake_xs_requests("");
	xenbus_features_forget(&dev, &features, &requested);
	ck_assert_uint_eq(fake_xs_requests(""), 0);
	ck_assert_ptr_null(fake_xs_get(ANSWER));
}
END_TEST

START_TEST(test_empty_answer)
{
	fake_xs_set(CONFIG, "");
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_int_eq(publish(), 0);
	ck_assert_pstr_eq(fake_xs_get(ANSWER), "");
	xenbus_features_forget(&dev, &features, &requested);
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
	ck_assert_int_eq(publish(), 0);
	ck_assert_str_eq(fake_xs_get(ANSWER), "uint=5 flag=0");
}
END_TEST

START_TEST(test_answer_at_next_probe)
{
	request("uint", "2");
	request("flag", "off");
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_int_eq(publish(), 0);
	ck_assert_str_eq(fake_xs_get(ANSWER), "uint=2 flag=malformed");

	most = 1;
	request("flag", "0");
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_int_eq(publish(), 0);
	ck_assert_str_eq(fake_xs_get(ANSWER), "uint=1 flag=0");
}
END_TEST

/* The frontend sees neither before the other, and no half of it. */
START_TEST(test_answer_in_transaction)
{
	fake_xs_conflicts(2);
	request("uint", "2");
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_int_eq(publish(), 0);
	ck_assert_str_eq(fake_xs_get(ANSWER), "uint=2");
	ck_assert_str_eq(fake_xs_get(HOME NODE "/uint"), "2");
	ck_assert_uint_eq(fake_xs_open_transactions(), 0);

	fake_xs_fail("/granted", 1, ENOSPC);
	fake_xs_set(HOME NODE "/uint", "old");
	ck_assert_int_eq(publish(), -ENOSPC);
	ck_assert_str_eq(fake_xs_get(HOME NODE "/uint"), "old");
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
	ck_assert_int_eq(publish(), 0);
	ck_assert_str_eq(fake_xs_perms(ANSWER), "n0,r1");
}
END_TEST

START_TEST(test_answer_fails)
{
	request("uint", "2");
	ck_assert_int_eq(read_granted(), 0);

	fake_xs_fail("/granted", 1, ENOSPC);
	ck_assert_int_eq(publish(), -ENOSPC);
	kernel_no_memory = true;
	ck_assert_int_eq(publish(), -ENOMEM);
	ck_assert_ptr_null(fake_xs_get(ANSWER));

	/* The driver is let go of, and bound again. */
	xenbus_features_forget(&dev, &features, &requested);
	kernel_no_memory = false;
	ck_assert_int_eq(read_granted(), 0);
	ck_assert_int_eq(publish(), 0);
	ck_assert_str_eq(fake_xs_get(ANSWER), "uint=2");
}
END_TEST

/* A probe that ends before or in xenbus_features_read(). */
START_TEST(test_forget_unanswered)
{
	static const struct xenbus_requested nothing;

	xenbus_features_forget(&dev, &features, &nothing);
	fake_xs_fail("config", 1, EACCES);
	ck_assert_int_eq(read_granted(), -EACCES);
	fake_xs_requests("");
	xenbus_features_forget(&dev, &features, &requested);
	ck_assert_uint_eq(fake_xs_requests(""), 0);

	request("uint", "2");
	fake_xs_fail("config/uint", 1, EIO);
	ck_assert_int_eq(read_granted(), -EIO);
	xenbus_features_forget(&dev, &features, &requested);
	ck_assert_ptr_null(fake_xs_get(ANSWER));
}
END_TEST

/* As many features as a table may have, with the longest names and values. */
START_TEST(test_longest_answer)
{
	static char names[XENBUS_FEATURES_MAX][XEN_DEVICE_FEATURE_NAME_MAX + 1];
	static struct xenbus_feature rows[XENBUS_FEATURES_MAX];
	static XENBUS_FEATURES(longest, "toy", rows, control);
	unsigned int values[XENBUS_FEATURES_MAX], i;

	for (i = 0; i < XENBUS_FEATURES_MAX; i++) {
		memset(names[i], 'a' + i, XEN_DEVICE_FEATURE_NAME_MAX);
		rows[i].name = names[i];
		rows[i].max = UINT_MAX;
		request(names[i], "4294967295");
	}
	ck_assert_int_eq(xenbus_features_read(&dev, &longest, values,
					      &requested), 0);
	ck_assert_int_eq(xenbus_features_publish(&dev, &longest, values,
						 &requested), 0);
	ck_assert_uint_eq(strlen(fake_xs_get(ANSWER)),
			  XENBUS_FEATURES_MAX * (64 + 1 + 10 + 1) - 1);
	/* What is left of 2048 is for the header, and permissions. */
	ck_assert_uint_lt(strlen(fake_xs_get(ANSWER)), 1900);
}
END_TEST

/* --- advertising --- */

#define ADVERTISED HOME "feature/backend/toy"

START_TEST(test_advertise)
{
	static const char * const nodes[][2] = {
		{ "uint", "uint 1 8 8" },
		{ "uint/desc", "A number" },
		{ "uint/inuse", "num-uint" },
		{ "flag", "bool 0 1 1" },
		{ "flag/desc", "A switch" },
		{ "optional", "uint 2 8 8" },
		{ "restricts", "bool 0 1 0" },
		{ "restricts/restricts", "1" },
		{ "late", "bool 0 1 1" },
		{ "late/desc", "Published by the driver" },
		{ "rare", "uint 0 3 3" },
	};
	char path[256];
	unsigned int i;

	fake_xs_conflicts(2);
	xenbus_features_advertise(&features);
	/* Not where somebody waits for it. */
	ck_assert_uint_eq(fake_xs_requests(""), 0);
	ck_assert_uint_eq(kernel_work_delay, 0);
	ck_assert(kernel_work());	/* a watch */
	ck_assert(kernel_work());
	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		snprintf(path, sizeof(path), ADVERTISED "/%s", nodes[i][0]);
		ck_assert_pstr_eq(fake_xs_get(path), nodes[i][1]);
	}
	/* One of them has a node of the frontend, and one restricts. */
	ck_assert_uint_eq(fake_xs_count(ADVERTISED), 1 + 2 * NR + 2);
	ck_assert_uint_eq(fake_xs_open_transactions(), 0);
	ck_assert(!kernel_work());

	most = 2;
	is_switched_on = 0;
	fake_xs_requests("");
	xenbus_features_update(&features);
	ck_assert_uint_eq(fake_xs_requests(""), 0);
	ck_assert(kernel_work());
	ck_assert_str_eq(fake_xs_get(ADVERTISED "/uint"), "uint 1 2 2");
	ck_assert_str_eq(fake_xs_get(ADVERTISED "/late"), "bool 0 0 0");

	xenbus_features_withdraw(&features);
	ck_assert_uint_eq(fake_xs_count(ADVERTISED), 0);
	ck_assert_ptr_nonnull(fake_xs_get(HOME NODE "/state"));
	xenbus_features_update(&features);
	kernel_resume();
	ck_assert(!kernel_work());
	ck_assert_str_eq(kernel_log_text, "");
}
END_TEST

START_TEST(test_advertise_later)
{
	kernel_xenstore_ready = false;
	xenbus_features_advertise(&features);
	ck_assert(!kernel_work());
	kernel_xenstore_appears();
	while (kernel_work())
		;
	ck_assert_str_eq(fake_xs_get(ADVERTISED "/uint"), "uint 1 8 8");
	xenbus_features_withdraw(&features);
	ck_assert_uint_eq(fake_xs_count(ADVERTISED), 0);
}
END_TEST

START_TEST(test_withdraw_before_xenstore)
{
	kernel_xenstore_ready = false;
	xenbus_features_advertise(&features);
	xenbus_features_withdraw(&features);
	kernel_xenstore_appears();
	ck_assert(!kernel_work());
	ck_assert_uint_eq(fake_xs_requests(""), 0);
}
END_TEST

START_TEST(test_withdraw_before_work)
{
	xenbus_features_advertise(&features);
	xenbus_features_withdraw(&features);
	ck_assert(!kernel_work());
	ck_assert_uint_eq(fake_xs_requests(""), 0);
}
END_TEST

START_TEST(test_advertise_again)
{
	unsigned int i;

	/* Nobody waits, and it is said once. */
	xenbus_features_advertise(&features);
	fake_xs_fail("domid", 1, ENOSPC);
	ck_assert(kernel_work());
	ck_assert_uint_eq(kernel_work_delay, HZ);
	ck_assert_str_eq(kernel_log_text, "info: feature/backend/toy: cannot"
			 " be written yet: -28\n");
	kernel_log_text[0] = '\0';
	ck_assert(kernel_work());
	for (i = 0; i < 12; i++) {
		fake_xs_fail("toy/flag", 1, ENOSPC);
		ck_assert(kernel_work());
		ck_assert_uint_eq(fake_xs_count(ADVERTISED), 0);
		ck_assert_uint_eq(fake_xs_open_transactions(), 0);
		ck_assert_uint_eq(kernel_work_delay,
				  (1 << i > 600 ? 600 : 1 << i) * HZ);
	}
	ck_assert_str_eq(kernel_log_text, "info: feature/backend/toy: cannot"
			 " be written yet: -28\n");
	ck_assert(kernel_work());
	ck_assert_str_eq(fake_xs_get(ADVERTISED "/uint"), "uint 1 8 8");
	ck_assert(!kernel_work());

	/* A change fails, too, and the next one does not wait for that. */
	most = 4;
	fake_xs_fail("toy/flag", 1, ENOSPC);
	xenbus_features_update(&features);
	ck_assert(kernel_work());
	ck_assert_uint_eq(kernel_work_delay, HZ);
	ck_assert_str_eq(fake_xs_get(ADVERTISED "/uint"), "uint 1 8 8");
	most = 5;
	xenbus_features_update(&features);
	ck_assert_uint_eq(kernel_work_delay, 0);
	ck_assert(kernel_work());
	ck_assert_str_eq(fake_xs_get(ADVERTISED "/uint"), "uint 1 5 5");
	xenbus_features_withdraw(&features);
}
END_TEST

START_TEST(test_advertise_after_resume)
{
	struct xs_handle *xs = xs_open(0);

	xenbus_features_advertise(&features);
	while (kernel_work())
		;
	ck_assert(xs_rm(xs, XBT_NULL, HOME "feature"));
	xs_close(xs);
	fake_xs_requests("");
	kernel_resume();
	ck_assert_uint_eq(fake_xs_requests(""), 0);
	ck_assert(kernel_work());
	ck_assert_str_eq(fake_xs_get(ADVERTISED "/uint"), "uint 1 8 8");
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
	tcase_add_test(tc, test_publish_without_optional);
	tcase_add_test(tc, test_publish_optional_only);
	tcase_add_test(tc, test_limit_at_connect);
	tcase_add_test(tc, test_without_control);
	tcase_add_test(tc, test_held_only_with_control);
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
	tcase_add_test(tc, test_withdraw_before_work);
	tcase_add_test(tc, test_advertise_again);
	tcase_add_test(tc, test_advertise_after_resume);
	suite_add_tcase(suite, tc);

	return run_suite(suite);
}
