// SPDX-License-Identifier: GPL-2.0
/*
 * Part of both modules, in the packages only: of which source they are. The
 * kernel's own have no version, and modinfo tells ours by it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/utsname.h>

#define SOURCE "@source@"

MODULE_VERSION("@version@");
MODULE_INFO(debian_source, SOURCE);

void xen_backend_loaded(void);

/*
 * In a kernel of another version, fixes that came with that would be undone in
 * silence. Debian's kernels say "... Debian <version of the source> (<day>)".
 */
void __init xen_backend_loaded(void)
{
	const char *kernel = strstr(init_utsname()->version, "Debian ");
	size_t length;

	if (!kernel)
		return;
	kernel += strlen("Debian ");
	length = strcspn(kernel, " ");
	if (length != strlen(SOURCE) || strncmp(kernel, SOURCE, length))
		pr_warn("driver of Linux " SOURCE " in a kernel of Linux %.*s: run /usr/lib/xen-backends/update, or install the xen-backends-modules of this kernel, and boot again\n",
			(int)length, kernel);
}
