// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's reading of a config directory of anybody's writing. Inputs as of
 * fuzz-engine.c: a byte that chooses the limit and which of xenstore's answers is an
 * error; then requests, "<feature>=<value>" a line.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/xen/xen-features.h"

#include "fake-xenstore.h"
#include "fuzz.h"
#include "requests.h"
#include "../unit/qemu/fake-qemu.h"

static unsigned int most;

static unsigned int max_most(void)
{
	return most;
}

static const XenFeature table[] = {
	{ .name = "uint", .desc = "A number", .type = XEN_FEATURE_UINT,
	  .min = 1, .limit = max_most },
	{ .name = "u", .desc = "A number", .type = XEN_FEATURE_UINT,
	  .limit = max_most },
	{ .name = "flag", .desc = "A switch", .type = XEN_FEATURE_BOOL,
	  .max = 1 },
	{ .name = "rare", .desc = "A small number", .type = XEN_FEATURE_UINT,
	  .max = 3 },
};

static const XenFeatures features = { "toy", table, ARRAY_SIZE(table) };

/* One word for each row of which anything was requested, and no other. */
static void check_answer(struct xs_handle *xs, const XenFeaturesGranted *granted)
{
	g_autofree char *answer = xen_features_answer(&features, granted);
	char want[512] = "";
	unsigned int i;

	HOLDS(!answer == !fake_xs_get(HOME "/config"));
	if (!answer)
		return;
	for (i = 0; i < ARRAY_SIZE(table); i++)
		fuzz_word(xs, want, table[i].name, granted->value[i]);
	HOLDS(!strcmp(answer, want));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int i, choice = size ? *data : 0;
	g_autofree char *notices = NULL;
	XenFeaturesGranted granted;
	struct xs_handle *xs;
	const char *p;
	Error *err = NULL;
	bool ok;

	fake_xs_reset();
	g_string_truncate(fake_qemu_said(), 0);
	xs = xs_open(0);
	most = choice & 7;
	fuzz_requests(xs, data, size);
	fake_xs_requests("");
	/* The directory, or one of the features that are known. */
	if (choice & 0x80)
		fake_xs_fail("config", 1 + (choice >> 4 & 3), EIO);

	ok = xen_features_read(&features, xs, NODE, &granted, &notices, &err);
	xen_features_say(notices);
	/* A request that was not read grants nothing. */
	HOLDS(ok == !err && ok == !fake_xs_failed());
	error_free(err);

	for (i = 0; i < ARRAY_SIZE(table) && ok; i++) {
		unsigned int max = table[i].limit ? most : table[i].max;

		HOLDS(granted.value[i] <= max &&
		      granted.value[i] >= MIN(table[i].min, max));
	}
	/* Of strangers' bytes an administrator's terminal sees none. */
	for (p = fake_qemu_said()->str; *p; p++)
		HOLDS(*p == '\n' || g_ascii_isprint(*p));

	fake_xs_fail("", 0, 0);
	if (ok)
		check_answer(xs, &granted);
	xs_close(xs);
	fake_xs_reset();
	return 0;
}
