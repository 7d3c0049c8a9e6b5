# SPDX-License-Identifier: GPL-2.0-only
#
# What the tests of the Xen tools have in common.  In: SRC, OUT, NAME, and
# LIGHT and UTIL, the files of tools/libs/{light,util} to compile again.

ifeq ($(wildcard $(SRC)/tools/libs/light/libxenlight.a),)
$(error SRC must be a built Xen tree, see tools/build)
endif

.DEFAULT_GOAL := check

FAKE := $(dir $(lastword $(MAKEFILE_LIST)))
OUT ?= build
TOOLS := $(abspath $(SRC))/tools
L := $(TOOLS)/libs

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
CFLAGS := -std=gnu99 -g -O1 -fno-omit-frame-pointer $(SANITIZE) \
	-Wall -Werror -Wno-unused-but-set-variable -Wno-format-zero-length \
	-fno-strict-aliasing -pthread -MMD -MP \
	-D__XEN_TOOLS__ \
	-D__XEN_INTERFACE_VERSION__=__XEN_LATEST_INTERFACE_VERSION__ \
	-D_LARGEFILE_SOURCE -D_LARGEFILE64_SOURCE \
	-include $(TOOLS)/config.h -include $(FAKE)test-paths.h \
	-DTEST_LIB_DIR='"$(abspath $(OUT))/lib"' \
	-I$(FAKE) -I$(TOOLS)/include -I$(L)/light -I$(L)/util
LDFLAGS := $(SANITIZE) -pthread

SHARED := toolcore toollog evtchn gnttab call foreignmemory devicemodel \
	ctrl guest hypfs store
LIB_DIRS := $(SHARED:%=$(L)/%)
empty :=
space := $(empty) $(empty)
RPATH := $(subst $(space),:,$(LIB_DIRS))

LIBS_LIGHT := $(L)/light/libxenlight.a \
	$(LIB_DIRS:%=-L%) -Wl,--disable-new-dtags,-rpath,$(RPATH) -Wl,-rpath-link,$(RPATH) \
	-lxenguest -lxenctrl -lxenstore -lxenevtchn -lxenhypfs \
	-lxentoollog -lxentoolcore -luuid -lyajl
LIBS_CHECK := $(shell pkg-config --libs check)

FAKE_OBJS := $(OUT)/fake-xenstore.o $(OUT)/fake-xenctrl.o
LIGHT_OBJS := $(LIGHT:%=$(OUT)/light/%.o)
UTIL_OBJS := $(UTIL:%=$(OUT)/util/%.o)

RUN := UBSAN_OPTIONS=print_stacktrace=1

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

$(OUT)/%.o: $(FAKE)%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

$(OUT)/light/%.o: $(L)/light/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

$(OUT)/util/%.o: $(L)/util/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -Wno-error -c -o $@ $<

clean:
	rm -rf $(OUT)

.PHONY: clean

-include $(wildcard $(OUT)/*.d $(OUT)/*/*.d)
