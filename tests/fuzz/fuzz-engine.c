// SPDX-License-Identifier: GPL-2.0
/*
 * The engine with a config directory of anybody's writing.
 *
 * Input: a byte that chooses what else is bad, the limit of now and which of
 * xenstore's answers is an error; then requests, "<feature>=<value>" a line.
 */
#include <xenstore.h>

#include "fake-xenstore.h"
#include "fuzz.h"
#include "requests.h"
#include "xenbus_feature.h"

static unsigned int most;

static unsigned int max_most(void)
{
	return most;
}

static const struct xenbus_feature table[] = {
	{ .name = "uint", .desc = "A number", .type = XENBUS_FEATURE_UINT,
	  .min = 1, .limit = max_most },
	{ .name = "u", .desc = "A number that restricts",
	  .type = XENBUS_FEATURE_UINT, .limit = max_most, .restricts = true,
	  .optional = true },
	{ .name = "flag", .desc = "A switch", .type = XENBUS_FEATURE_BOOL,
	  .max = 1 },
	{ .name = "rare", .desc = "Published where it is set",
	  .type = XENBUS_FEATURE_UINT, .max = 3, .absent_if_zero = true },
};

static bool control = true;
static XENBUS_FEATURES(features, "toy", table, control);

/* One word for each row of which anything was requested, and no other. */
static void check_answer(struct xs_handle *xs, const unsigned int *granted)
{
	char want[512] = "";
	unsigned int i;

	if (!fake_xs_get(HOME "/config")) {
		HOLDS(!fake_xs_get(HOME "/granted"));
		return;
	}
	for (i = 0; i < ARRAY_SIZE(table); i++)
		fuzz_word(xs, want, table[i].name, granted[i]);
	HOLDS(!strcmp(fake_xs_get(HOME "/granted"), want));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xenbus_device dev = { .nodename = NODE };
	unsigned int granted[ARRAY_SIZE(table)];
	struct xenbus_requested requested;
	unsigned int i, choice = size ? *data : 0;
	struct xs_handle *xs;
	const char *p;
	int err;

	fake_xs_reset();
	kernel_reset();
	xs = xs_open(0);
	most = choice & 7;
	fuzz_requests(xs, data, size);
	fake_xs_requests("");
	/* The directory, or one of the features that are known. */
	if (choice & 0x80)
		fake_xs_fail("config", 1 + (choice >> 4 & 3), EIO);

	err = xenbus_features_read(&dev, &features, granted, &requested);
	if (!fake_xs_failed())
		HOLDS(!err);
	/* A request that was not read grants nothing. */
	if (fake_xs_failed())
		HOLDS(err == -EIO && strstr(kernel_log_text, "fatal: "));

	for (i = 0; i < ARRAY_SIZE(table) && !err; i++) {
		const struct xenbus_feature *feature = &table[i];
		unsigned int max = feature->limit ? most : feature->max;
		unsigned int defval = feature->restricts ? feature->min : max;

		HOLDS(granted[i] == defval ||
		      (granted[i] <= max &&
		       granted[i] >= min(feature->min, max)));
	}
	/* Of strangers' bytes an administrator's terminal sees none. */
	for (p = kernel_log_text; *p; p++)
		HOLDS(*p == '\n' || (isascii(*p) && isprint(*p)));

	if (!err) {
		fake_xs_fail("", 0, 0);
		HOLDS(!xenbus_features_publish(&dev, &features, granted,
					       &requested));
		check_answer(xs, granted);
		for (i = 0; i < ARRAY_SIZE(table); i++) {
			char path[64];

			snprintf(path, sizeof(path), HOME "/%s", table[i].name);
			HOLDS(table[i].absent_if_zero && !granted[i] ?
			      !fake_xs_get(path) :
			      strtoul(fake_xs_get(path), NULL, 10) == granted[i]);
		}
	}
	fake_xs_fail("", 0, 0);
	xenbus_features_forget(&dev, &features, &requested);
	HOLDS(!fake_xs_get(HOME "/granted"));
	fake_xs_reset();
	return 0;
}
