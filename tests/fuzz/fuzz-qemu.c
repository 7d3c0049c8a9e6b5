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
#include "../unit/qemu/fake-qemu.h"

#define NODE	"backend/toy/1/0"
#define HOME	"/local/domain/0/" NODE

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

static void request(struct xs_handle *xs, const char *line, size_t len)
{
	const char *eq = memchr(line, '=', len);
	size_t name_len = eq ? eq - line : len;
	char path[512];

	/* What no xenstore has for a name. */
	if (!name_len || name_len > 256 || memchr(line, '/', name_len) ||
	    memchr(line, '\0', name_len))
		return;
	snprintf(path, sizeof(path), HOME "/config/%.*s", (int)name_len, line);
	xs_write(xs, XBT_NULL, path, eq ? eq + 1 : "",
		 eq ? line + len - eq - 1 : 0);
}

/* One word for each row of which anything was requested, and no other. */
static void check_answer(struct xs_handle *xs, const XenFeaturesGranted *granted)
{
	g_autofree char *answer = xen_features_answer(&features, granted);
	g_autoptr(GString) want = g_string_new(NULL);
	unsigned int i, len;

	HOLDS(!answer == !fake_xs_get(HOME "/config"));
	for (i = 0; answer && i < ARRAY_SIZE(table); i++) {
		g_autofree char *path = g_strdup_printf(HOME "/config/%s", table[i].name);
		char *value = xs_read(xs, XBT_NULL, path, &len);

		if (!value)
			continue;
		g_string_append_printf(want, "%s%s=", want->len ? " " : "", table[i].name);
		if (len && strspn(value, "0123456789") == len)
			g_string_append_printf(want, "%u", granted->value[i]);
		else
			g_string_append(want, "malformed");
		free(value);
	}
	if (answer)
		HOLDS(!strcmp(answer, want->str));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = (const char *)data + 1, *p;
	const char *end = (const char *)data + size;
	unsigned int i, requests = 0, choice = size ? *data : 0;
	g_autofree char *notices = NULL;
	XenFeaturesGranted granted;
	struct xs_handle *xs;
	Error *err = NULL;
	bool ok;

	fake_xs_reset();
	g_string_truncate(fake_qemu_said(), 0);
	xs = xs_open(0);
	most = choice & 7;
	while (line < end && requests++ < 200) {
		p = memchr(line, '\n', end - line);
		if (!p)
			p = end;
		request(xs, line, p - line);
		line = p + 1;
	}
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
