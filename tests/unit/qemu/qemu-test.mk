# SPDX-License-Identifier: GPL-2.0
#
# What the tests of our part of QEMU have in common. In: QEMU, Debian's source with our
# overlay and patches after tools/qemu/build; OUT; CFLAGS.

QEMU_TESTS := $(dir $(lastword $(MAKEFILE_LIST)))
QEMU_CFLAGS := -std=gnu11 -D_GNU_SOURCE -I$(QEMU_TESTS) -I$(QEMU_TESTS)../fake-xenstore \
	-iquote $(QEMU)/b/xen -iquote $(QEMU) -iquote $(QEMU)/include \
	$(shell pkg-config --cflags glib-2.0)
QEMU_LIBS := $(shell pkg-config --libs glib-2.0)
QEMU_OBJS := $(addprefix $(OUT)/qemu/,xen-features.o cutils.o error.o error-report.o fake-qemu.o)

$(OUT)/qemu/%.o: $(QEMU)/hw/xen/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(QEMU_CFLAGS) -c -o $@ $<

$(OUT)/qemu/%.o: $(QEMU)/util/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(QEMU_CFLAGS) -c -o $@ $<

$(OUT)/qemu/%.o: $(QEMU_TESTS)%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(QEMU_CFLAGS) -c -o $@ $<
