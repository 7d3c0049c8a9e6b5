// SPDX-License-Identifier: GPL-2.0
/*
 * What QEMU's error messages and its hooks into xenstore need of the rest of it.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "monitor/monitor.h"
#include "hw/xen/xen-bus-helper.h"

#include "fake-qemu.h"

GString *fake_qemu_said(void)
{
	static GString *said;

	if (!said)
		said = g_string_new(NULL);
	return said;
}

/* In the place of QEMU's, which writes to a monitor, or to standard error. */
int error_vprintf(const char *fmt, va_list ap)
{
	g_string_append_vprintf(fake_qemu_said(), fmt, ap);
	return 0;
}

int error_vprintf_unless_qmp(const char *fmt, va_list ap)
{
	return error_vprintf(fmt, ap);
}

Monitor *monitor_cur(void)
{
	return NULL;
}

/* QEMU's traces what it writes. */
void xs_node_printf(struct xs_handle *xsh, xs_transaction_t tid, const char *node,
		    const char *key, Error **errp, const char *fmt, ...)
{
	g_autofree char *path = g_strdup_printf("%s/%s", node, key);
	g_autofree char *value = NULL;
	va_list ap;

	va_start(ap, fmt);
	value = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	if (!xs_write(xsh, tid, path, value, strlen(value)))
		error_setg_errno(errp, errno, "writing %s", path);
}
