/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values of requests, and what a backend makes of them: a feature that can be granted
 * from 1 to 8, and a boolean. There are two implementations of the protocol, the
 * kernel's and QEMU's, and both have to agree.
 */
#ifndef REQUESTED_VALUES_H
#define REQUESTED_VALUES_H

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

#endif
