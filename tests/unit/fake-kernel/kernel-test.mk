# SPDX-License-Identifier: GPL-2.0
#
# What the tests of our files of the kernel have in common. In: SRC, a Xen tree,
# of which only libxenstore's header is used; OUT; TESTS.
#
# Each is built, and run, for 64 and for 32 bits.

FAKE := ../fake-kernel
TOP  := ../../..
XS   := ../fake-xenstore
BITS := 64 32

# Includes of the kernel for which kernel.h is there.
EMPTY := asm/hypervisor.h asm/setup.h linux/bits.h linux/blkdev.h linux/bpf.h \
	linux/build_bug.h linux/ctype.h linux/debugfs.h linux/delay.h linux/err.h linux/etherdevice.h \
	linux/export.h linux/gfp.h linux/if_vlan.h linux/in.h linux/interrupt.h linux/io.h linux/ip.h \
	linux/jiffies.h linux/kernel.h linux/limits.h linux/local_lock.h linux/mempool.h linux/minmax.h linux/mm.h linux/moduleparam.h \
	linux/module.h linux/netdevice.h linux/notifier.h linux/rbtree.h \
	linux/sched.h linux/sched/mm.h linux/slab.h linux/spinlock.h linux/string.h linux/types.h \
	linux/vmalloc.h linux/wait.h linux/workqueue.h xen/grant_table.h xen/interface/xen.h xen/page.h xen/xenbus.h

# Includes of the kernel that are its own: what a guest and a backend share.
HEADERS := $(lastword $(wildcard /lib/modules/*/source))/include/xen/interface
SHARED := grant_table.h io/blkif.h io/netif.h io/protocols.h io/ring.h io/xenbus.h

CFLAGS := -std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Wno-unused-parameter -Werror \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer -MMD -MP -I. -I$(OUT)/include -I$(TOP)/drivers/xen \
	-I$(FAKE) -I$(XS) -I$(SRC)/tools/include -I$(SRC)/tools/libs/store/include
KERNEL := $(CFLAGS) -include $(FAKE)/kernel.h
LIBS := -lcheck -lsubunit -lm -lrt -lpthread
COMMON := xenbus_feature.o kernel.o fake-xenstore.o

RUNS := $(foreach bits,$(BITS),$(TESTS:%=$(OUT)/$(bits)/%.run))

check: $(RUNS)

# A kernel that takes no program of 32 bits (126) leaves it to QEMU, which lets no debugger
# see it: leaks, the sanitizer's last look, are then those of the same test with 64 bits.
$(RUNS): %.run: %
	@echo "UBSAN_OPTIONS=print_stacktrace=1 $<"
	@export UBSAN_OPTIONS=print_stacktrace=1; $< || { rc=$$?; \
		[ $$rc = 126 ] && echo '  this kernel runs no 32 bits: once more, by qemu-i386' && \
		ASAN_OPTIONS=detect_leaks=0 qemu-i386 $<; }

$(OUT)/include: $(FAKE)/kernel-test.mk
	@rm -rf $@ && mkdir -p $(addprefix $@/,asm linux/sched xen/interface/io)
	@touch $(EMPTY:%=$@/%)
	@for header in $(SHARED); do ln -s $(HEADERS)/$$header $@/xen/interface/$$header; done
	@ln -s $(abspath $(TOP)/include/public/io/device-features.h) $@/xen/interface/io/
	@ln -s $(abspath $(TOP)/drivers/xen/xenbus_feature.h) $@/xen/
	@ln -s $(SRC)/xen/include/public/io $@/xen/io

# $(1) is 64 or 32. DRIVER is for tests that include a driver's header.
define rules
$(OUT)/$(1)/%.o: %.c | $(OUT)/include
	@mkdir -p $$(@D)
	$(CC) -m$(1) $(KERNEL) $$(DRIVER) -c -o $$@ $$<

$(OUT)/$(1)/%.o: $(FAKE)/%.c | $(OUT)/include
	@mkdir -p $$(@D)
	$(CC) -m$(1) $(KERNEL) -c -o $$@ $$<

$(OUT)/$(1)/%.o: $(TOP)/drivers/xen/%.c | $(OUT)/include
	@mkdir -p $$(@D)
	$(CC) -m$(1) $(KERNEL) -c -o $$@ $$<

$(OUT)/$(1)/%.o: $(XS)/%.c | $(OUT)/include
	@mkdir -p $$(@D)
	$(CC) -m$(1) $(filter-out -Wextra -D_GNU_SOURCE,$(CFLAGS)) -c -o $$@ $$<

$(TESTS:%=$(OUT)/$(1)/%): $(OUT)/$(1)/%: $(OUT)/$(1)/%.o $(COMMON:%=$(OUT)/$(1)/%)
	$(CC) -m$(1) $(CFLAGS) -o $$@ $$^ $(LIBS)
endef
$(foreach bits,$(BITS),$(eval $(call rules,$(bits))))

.PHONY: check $(RUNS)

-include $(wildcard $(OUT)/*/*.d $(OUT)/*/*/*.d)
