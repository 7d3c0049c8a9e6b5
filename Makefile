# SPDX-License-Identifier: GPL-2.0
# Per-device feature control for Xen PV backends.

RELEASE ?= bookworm

# Roots and their mounts need root; what only prints does not.
ifeq ($(or $(filter 0,$(shell id -u)),$(findstring n,$(firstword -$(MAKEFLAGS))), \
	$(if $(filter-out help,$(MAKECMDGOALS)),,help)),)

# What may be set in the environment, which sudo drops.
SETTINGS := RELEASE KEEP T HOSTS MATRIX PART UNTIL OUT COUNTED CYCLES RELOADS DESTROYS REBOOTS KIND SEED \
	FUZZ_SECONDS KEY MODULE_KEY MODULE_CERT HOST_FILES HOST_CPUS HOST_VARIANT XEN_SOURCE LINUX_SOURCE LIBVIRT_SOURCE QEMU_SOURCE
# One make for all goals, with the flags of this one. Not $(MAKE) in the recipe: such a
# line would be run under -n.
root_make := $(MAKE)
quoted = '$(subst ','\'',$(1))'

$(firstword $(MAKECMDGOALS)):
	@sudo env MAKEFLAGS=$(call quoted,$(filter-out --jobserver%,$(MAKEFLAGS))) \
		$(foreach name,$(SETTINGS),$(if $(filter environment%,$(origin \
		$(name))),$(name)=$(call quoted,$(value $(name))))) $(root_make) $(MAKECMDGOALS)
$(filter-out $(firstword $(MAKECMDGOALS)),$(MAKECMDGOALS)): $(firstword $(MAKECMDGOALS)) ; @:
.PHONY: $(MAKECMDGOALS)

else

B      := build/$(RELEASE)
CHROOT := scripts/chroot $(RELEASE)
step    = @scripts/step $(B)/log/$(1).log '$(2)'

# Emulated hosts that tests may run on at the same time.
HOSTS   ?= $(shell nproc)
# At the end also why a test was skipped, and what was run again: of two interrupts that
# the emulator gives a PVH or HVM guest in place of one now and then, its kernel dies.
PYTEST  := /usr/bin/python3 -m pytest -rfEsR --reruns 1 --only-rerun '(PVH|HVM) guest panicked'

# Where a run's results go, and their name. Of T=name it is not the whole of it.
junit = -o junit_suite_name='$(1) of $(shell git -c safe.directory='$(CURDIR)' describe --always --dirty --exclude='*')' \
	--junitxml=$(B)/junit/$(if $(T),some,$(1)).xml

DRIVERS := drivers/net/xen-netback drivers/block/xen-blkback
TOOLS   := tools/libxl tools/xl
MAILERS := git unifdef python3 flex bison bc libelf-dev clang lld llvm
LIBVIRTERS := meson python3-docutils xsltproc libxml2-utils libxml2-dev libgnutls28-dev \
	libtirpc-dev libnl-3-dev libnl-route-3-dev libyajl-dev libjson-c-dev libxen-dev
QEMUERS := libfdt-dev meson ninja-build python3-venv libusb-1.0-0-dev libspice-server-dev libjpeg-dev libcap-ng-dev \
	libpixman-1-dev zlib1g-dev libglib2.0-dev libxen-dev
CHECKERS := sparse coccinelle ocaml-nox python3-ply clang libclang-rt-dev llvm

# Those of releases.tsv; those that have an upstream; the newest of them.
releases = $(shell awk '!/^\#/ { print $$1 }' releases.tsv)
having = $(foreach release,$(releases),$(if $(shell \
	scripts/release $(release) $(1) 2>/dev/null),$(release)))
newest = $(lastword $(call having,$(1)))

# A step that installs packages in the build root.
packages = $(call step,$(1),packages for $(2)) $(CHROOT) \
	apt-get install -y --no-install-recommends $(3)

# Our files of these folders, and the folders: one that loses a file is newer.
files = $(shell find $(1) \( -name __pycache__ -o -name '.*' \) -prune -o -print)

help:
	@echo 'make demo     boot a Xen host in an emulator and show the main job'
	@echo '                KEEP=1  leave the host running'
	@echo 'make check    unit tests, then system tests on the emulated host'
	@echo '                T=name  only the system tests whose name matches'
	@echo '                HOSTS=$(HOSTS)  emulated hosts beside each other, a CPU and 1 GB each'
	@echo 'make unit     unit tests alone'
	@echo '                MATRIX=full  also as PVH guests; MATRIX=real HOSTS=1  instead HVM'
	@echo '                guests and two hosts, in real time, on a machine that does nothing else'
	@echo 'make state    write what has run, and what came of it, to docs/state.md'
	@echo 'make guests   write what those runs tested of each kind of guest to docs/guests.md'
	@echo 'make mutants  break the code on purpose, see the system tests notice; T=name'
	@echo 'make part     PART=N/M: the Nth of M parts of the full matrix and the mutants'
	@echo 'make lint     shellcheck, Python'"'"'s checkers, what the mutants break, all suites'
	@echo 'make style    the same, and checkpatch, sparse, coccicheck'
	@echo 'make fuzz     the parsers and the engine, FUZZ_SECONDS=600 each'
	@echo 'make bench    what the backends cost and how fast they are, against stock'
	@echo '                OUT=docs/bench  keep the result where the README shows it'
	@echo 'make churn    devices come and go, CYCLES=300 times; modules, RELOADS=50; guests are'
	@echo '                destroyed, DESTROYS=100, and reboot, REBOOTS=200; of KIND=pv, pvh or hvm'
	@echo '                COUNTED=1  beside other work'
	@echo 'make sanitize the same on a kernel with KASAN, lockdep and kmemleak'
	@echo '                CYCLES=100 RELOADS=10 DESTROYS=10 REBOOTS=20'
	@echo 'make modules  the backends, in $(B)/modules'
	@echo 'make kernels  the backends for every kernel of releases.tsv'
	@echo 'make tools    xl and libxl, in $(B)/tools'
	@echo 'make series   the patches as mails for upstream, in build/*/series'
	@echo 'make check-series  each mail taken by git am, and built'
	@echo 'make debs     packages for Debian, in build/debs/$(RELEASE), of what its archive'
	@echo '                has today; KEY=ID  of a key of yours that signs them'
	@echo 'make check-debs  install them, boot from them, remove them; T=name'
	@echo 'make libvirt  libvirt for them, in $(B)/libvirt-tree and on the emulated host'
	@echo 'make qemu     the QEMU that serves disks, in $(B)/qemu-tree'
	@echo 'make check-libvirt  its own tests, then ours on the emulated host'
	@echo 'make clean    remove everything that was built'
	@echo
	@echo 'XEN_SOURCE=DIR  of a tree of one'"'"'s own; also LINUX_SOURCE, LIBVIRT_SOURCE'
	@echo 'RELEASE=$(RELEASE) (of: $(strip $(call having,xen)))'

demo: $(B)/image.stamp
	@RELEASE=$(RELEASE) tests/host/demo $(if $(KEEP),--keep)

check: check-mutants unit $(B)/image.stamp
	@RELEASE=$(RELEASE) $(PYTEST) -n $(HOSTS) $(call junit,$(or $(MATRIX),check)) \
		tests/scripts tests/system $(if $(T),-k "$$T")

state:
	@sed -i '/^|/,$$d' docs/state.md
	@scripts/state >>docs/state.md

guests:
	@sed -i '/^Of 20/,$$d' docs/guests.md
	@scripts/guests $(wildcard $(B)/junit/*.xml) >>docs/guests.md

check-libvirt: $(B)/libvirt-check.stamp $(B)/libvirt-image.stamp
	@RELEASE=$(RELEASE) HOST_VARIANT=host-libvirt $(PYTEST) $(call junit,libvirt) tests/system/test_libvirt.py

check-mutants: | build/setup.stamp
	@RELEASE=$(RELEASE) /usr/bin/python3 tests/mutants/table.py

check-debs: $(B)/debs/hosts.stamp
	@RELEASE=$(RELEASE) $(PYTEST) $(call junit,debs) tests/debs $(if $(T),-k "$$T")
	@RELEASE=$(RELEASE) HOST_VARIANT=debs/packaged tests/host/demo
	@RELEASE=$(RELEASE) HOST_VARIANT=debs/packaged \
		$(PYTEST) -n $(HOSTS) $(call junit,packaged) tests/system $(if $(T),-k "$$T")

mutants: check-mutants $(B)/image.stamp
	@RELEASE=$(RELEASE) MATRIX=full $(PYTEST) -n $(HOSTS) $(call junit,mutants) \
		tests/mutants $(if $(T),-k "$$T")

part: check-mutants $(B)/image.stamp
	@RELEASE=$(RELEASE) $(PYTEST) -n $(HOSTS) --part '$(PART)' $(if $(UNTIL),--until $(UNTIL)) \
		-o junit_suite_name='part $(PART)' --junitxml=$(B)/junit/part.xml \
		tests/mutants tests/system

bench: $(B)/image.stamp build/bench.stamp
	@RELEASE=$(RELEASE) tests/bench/bench --output $(or $(OUT),$(B)/bench)

churn: $(B)/image.stamp
	@RELEASE=$(RELEASE) /usr/bin/python3 tests/churn/churn $(if $(SEED),--seed $(SEED)) \
		$(if $(COUNTED),--counted) $(if $(KIND),--type $(KIND)) \
		--cycles $(or $(CYCLES),300) --reloads $(or $(RELOADS),50) \
		--destroys $(or $(DESTROYS),100) --reboots $(or $(REBOOTS),200)

sanitize: $(B)/debug.stamp
	@RELEASE=$(RELEASE) /usr/bin/python3 tests/churn/churn $(if $(SEED),--seed $(SEED)) \
		$(if $(KIND),--type $(KIND)) \
		--cycles $(or $(CYCLES),100) --reloads $(or $(RELOADS),10) \
		--destroys $(or $(DESTROYS),10) --reboots $(or $(REBOOTS),20) --variant debug
	@RELEASE=$(RELEASE) HOST_VARIANT=debug $(PYTEST) tests/system/test_no_memory.py

unit: $(B)/unit.stamp
debs: $(B)/debs.stamp
	@cd $(B)/upstream && sed 's/^/  made of /' xen.source libvirt.source qemu.source linux.source
	@sed -n 's/^source: no /  no /p' $(B)/log/debs-xen-backends-source.log
	@echo '  in build/debs/$(RELEASE): docs/packages.md says how to install them'
modules: $(B)/modules.stamp
tools: $(B)/tools.stamp
image: $(B)/image.stamp
libvirt: $(B)/libvirt-image.stamp
qemu: $(B)/qemu.stamp

kernels:
	@set -e; for release in $(releases); do \
		echo "$$release:"; \
		$(MAKE) --no-print-directory modules RELEASE=$$release; \
	done
	@echo; printf '%-20s %-14s %s\n' release module 'built for'; \
	for release in $(releases); do \
		for module in xen-netback xen-blkback; do \
			printf '%-20s %-14s ' "$$release" "$$module"; \
			scripts/chroot $$release modinfo -F vermagic \
				build/$$release/modules/$$module.ko; \
		done; \
	done

clean:
	rm -rf --one-file-system build

# What the machine needs, and the root that our parts are built in.

build/setup.stamp: scripts/setup
	@mkdir -p $(B)/log
	$(call step,setup,packages for this machine) scripts/setup
	@touch $@

build/lint.stamp: | build/setup.stamp
	$(call step,lint,packages for lint) scripts/setup shellcheck pycodestyle pyflakes3
	@touch $@

build/bench.stamp: | build/setup.stamp
	$(call step,bench,packages for the bench) scripts/setup gnuplot-nox
	@touch $@

$(B)/chroot.stamp: scripts/mkchroot scripts/chroot | build/setup.stamp
	$(call step,chroot,build root of $(RELEASE)) scripts/mkchroot $(RELEASE)
	@touch $@

# Upstream, ours laid over it, and the result.

# Debian's, or, where it is named, a tree of one's own.
UPSTREAMS   := xen linux kernel libvirt qemu
own-xen      = $(XEN_SOURCE)
own-linux    = $(LINUX_SOURCE)
own-kernel   = $(LINUX_SOURCE)
own-libvirt  = $(LIBVIRT_SOURCE)
own-qemu     = $(QEMU_SOURCE)

$(UPSTREAMS:%=$(B)/upstream-%.stamp): $(B)/upstream-%.stamp: $(B)/chroot.stamp \
		scripts/fetch releases.tsv
	$(call step,upstream-$*,$*: upstream source) $(if $(own-$*), \
		scripts/take $(RELEASE) $* '$(own-$*)',$(CHROOT) scripts/fetch \
		$(if $(packaging),--newer) $(RELEASE) $*)
	@touch -r $(B)/upstream/$* $@

# One's own may have changed; what was made of it goes when it is not named any more.
# Packages are made of what the archive has now.
packaging = $(filter debs check-debs,$(MAKECMDGOALS))
$(if $(packaging),$(patsubst %,$(B)/upstream-%.stamp,xen linux libvirt qemu)): FORCE
$(foreach upstream,$(UPSTREAMS),$(if $(own-$(upstream))$(wildcard \
	$(B)/upstream/$(upstream).own),$(B)/upstream-$(upstream).stamp)): FORCE

# Of which version.
$(UPSTREAMS:%=$(B)/upstream/%.source): $(B)/upstream/%.source: $(B)/upstream-%.stamp ;

ASSEMBLERS := scripts/assemble scripts/overlay scripts/patches

$(B)/modules.stamp: $(B)/upstream-linux.stamp $(ASSEMBLERS) scripts/build-modules \
		$(call files,drivers include)
	$(call step,linux,patch the drivers) \
		$(CHROOT) scripts/assemble $(RELEASE) linux $(DRIVERS)
	$(call step,modules,build the drivers) \
		$(CHROOT) scripts/build-modules $(RELEASE)
	@touch $@

$(B)/tools.stamp: $(B)/upstream-xen.stamp $(ASSEMBLERS) tools/build \
		$(call files,$(TOOLS) include docs/man)
	$(call step,xen,patch the Xen tools) \
		$(CHROOT) scripts/assemble $(RELEASE) xen $(TOOLS)
	$(call step,tools,build the Xen tools) \
		$(CHROOT) tools/build $(B)/xen $(B)/tools
	@touch $@

$(B)/libvirt-packages.stamp: $(B)/chroot.stamp
	$(call packages,libvirt-packages,libvirt,$(LIBVIRTERS))
	@touch $@

$(B)/libvirt.stamp: $(B)/upstream-libvirt.stamp $(B)/libvirt-packages.stamp $(B)/tools.stamp \
		$(ASSEMBLERS) $(call files,tools/libvirt)
	$(call step,libvirt-patch,patch libvirt) \
		$(CHROOT) scripts/assemble $(RELEASE) libvirt tools/libvirt
	$(call step,libvirt,build libvirt) $(CHROOT) tools/libvirt/build \
		$(B)/libvirt $(B)/libvirt-build $(B)/xen $(B)/libvirt-tree
	@touch $@

$(B)/qemu-packages.stamp: $(B)/chroot.stamp
	$(call packages,qemu-packages,QEMU,$(QEMUERS))
	@touch $@

$(B)/qemu.stamp: $(B)/upstream-qemu.stamp $(B)/qemu-packages.stamp $(ASSEMBLERS) \
		$(call files,tools/qemu include/public)
	$(call step,qemu-patch,patch QEMU) \
		$(CHROOT) scripts/assemble $(RELEASE) qemu tools/qemu
	$(call step,qemu,build QEMU) $(CHROOT) tools/qemu/build $(B)/qemu $(B)/qemu-tree
	@touch $@

# Packages, in a root of their own.

DEBS := scripts/chroot $(RELEASE)/debs
PACKAGERS := scripts/overlay scripts/patches packaging/entry packaging/source packaging/build

$(B)/debs/chroot.stamp: packaging/mkroot scripts/chroot | build/setup.stamp
	$(call step,debs-chroot,build root of the packages) packaging/mkroot $(RELEASE)
	@touch $@

# What is built now has this number.
$(B)/debs/revision: FORCE
	@mkdir -p $(@D)
	@scripts/revision >$@.new && mv $@.new $@

$(B)/debs/xen.stamp: $(B)/upstream-xen.stamp $(B)/debs/chroot.stamp $(PACKAGERS) tools/build \
		packaging/changelog/xen-feature-control packaging/backends/certificate \
		packaging/backends/renew \
		$(call files,packaging/xen packaging/feature-control $(TOOLS) include docs/man) \
		| $(B)/debs/revision
	$(call step,debs-xen-source,source package of xl and libxl) \
		$(DEBS) packaging/source $(RELEASE) xen $(TOOLS)
	$(call step,debs-xen,packages of xl and libxl) $(DEBS) packaging/build $(RELEASE) xen
	@cd $(B)/debs && sha256sum xen/xen/built/usr/include/xen-features/* >headers.new && \
		{ cmp -s headers.new headers || mv headers.new headers; }
	@touch $@

# What libvirt is built with. Where it is the same, the packages of before will do.
$(B)/debs/headers: $(B)/debs/xen.stamp ;

$(B)/debs/libvirt.stamp: $(B)/upstream-libvirt.stamp $(B)/debs/headers $(PACKAGERS) \
		packaging/changelog/libvirt $(call files,packaging/libvirt tools/libvirt) \
		| $(B)/debs/revision
	$(call step,debs-libvirt-source,source package of libvirt) \
		$(DEBS) packaging/source $(RELEASE) libvirt tools/libvirt
	$(call step,debs-libvirt,packages of libvirt) \
		$(DEBS) packaging/build $(RELEASE) libvirt xen
	@touch $@

$(B)/debs/qemu.stamp: $(B)/upstream-qemu.stamp $(B)/debs/chroot.stamp $(PACKAGERS) \
		packaging/changelog/qemu-system-xen-features \
		$(call files,packaging/qemu tools/qemu include/public) | $(B)/debs/revision
	$(call step,debs-qemu-source,source package of QEMU) \
		$(DEBS) packaging/source $(RELEASE) qemu tools/qemu
	$(call step,debs-qemu,package of QEMU) $(DEBS) packaging/build $(RELEASE) qemu
	@touch $@

# The kernel's own drivers, of each version that there is a kernel of.
$(B)/upstream/linux.all/versions: $(B)/upstream-linux.stamp $(if $(packaging),FORCE)
	$(call step,upstream-linux-all,linux: drivers of each kernel) \
		$(CHROOT) scripts/fetch --all $(RELEASE) linux

$(B)/debs/xen-backends.stamp: $(B)/upstream/linux.all/versions $(B)/debs/chroot.stamp \
		packaging/changelog/xen-backends scripts/overlay scripts/patches \
		packaging/entry packaging/build \
		$(call files,packaging/backends drivers include) | $(B)/debs/revision
	$(call step,debs-xen-backends-source,source package of the drivers) \
		$(DEBS) packaging/backends/source $(RELEASE)
	$(call step,debs-xen-backends,packages of the drivers) \
		packaging/backends/build $(RELEASE) '$(MODULE_KEY)' '$(MODULE_CERT)'
	@touch $@

build/gpg.stamp: | build/setup.stamp
	$(call step,gpg,packages for signing) scripts/setup gpg gpg-agent
	@touch $@

$(B)/debs.stamp: $(B)/debs/xen.stamp $(B)/debs/libvirt.stamp $(B)/debs/qemu.stamp $(B)/debs/xen-backends.stamp \
		packaging/index packaging/sign packaging/add-repository build/gpg.stamp
	$(call step,debs,repository of the packages) $(DEBS) packaging/index $(RELEASE)
	$(call step,debs-sign,sign it) packaging/sign build/debs/$(RELEASE) '$(KEY)'
	@touch $@

# The packages that only some verbs need.

$(B)/checkers.stamp: $(B)/chroot.stamp
	$(call packages,checkers,style and fuzz,$(CHECKERS))
	@touch $@

$(B)/mailers.stamp: $(B)/chroot.stamp
	$(call packages,mailers,the series,$(MAILERS))
	@touch $@

# For upstream: against the newest release that has it.
series check-series:
	@$(MAKE) --no-print-directory $@-xen RELEASE=$(call newest,xen)
	@$(MAKE) --no-print-directory $@-linux RELEASE=$(call newest,linux)
	@$(MAKE) --no-print-directory $@-qemu RELEASE=$(call newest,qemu)

series-xen: $(B)/upstream-xen.stamp
series-linux: $(B)/upstream-kernel.stamp
series-qemu: $(B)/upstream-qemu.stamp
check-series-qemu: $(B)/qemu-packages.stamp
series-%: $(B)/mailers.stamp
	@echo "$*, of $(RELEASE):"; $(CHROOT) scripts/series $(RELEASE) $*
check-series-%: series-%
	@$(CHROOT) scripts/series --check $(RELEASE) $*

lint: build/lint.stamp
	@scripts/lint

style: lint $(B)/checkers.stamp $(B)/upstream-kernel.stamp $(B)/modules.stamp
	@$(CHROOT) scripts/style $(RELEASE)

fuzz: $(B)/checkers.stamp $(B)/tools.stamp $(B)/qemu.stamp
	@$(CHROOT) make -s -j$(shell nproc) -C tests/fuzz SRC=$(CURDIR)/$(B)/xen QEMU=$(CURDIR)/$(B)/qemu \
		OUT=$(CURDIR)/$(B)/fuzz FUZZ_SECONDS=$(or $(FUZZ_SECONDS),600) fuzz

$(B)/debug.stamp: $(B)/image.stamp $(B)/upstream-kernel.stamp scripts/build-kernel \
		tests/churn/kernel.config tests/churn/kasan.patch tests/churn/mkimage
	$(call packages,debug-packages,a kernel,bc libelf-dev)
	$(call step,debug,a kernel with KASAN and lockdep) $(CHROOT) \
		scripts/build-kernel $(RELEASE) tests/churn/kernel.config tests/churn/kasan.patch
	$(call step,debug-image,its image of the emulated host) tests/churn/mkimage $(RELEASE)
	@touch $@

# The emulated host.

$(B)/root.stamp: tests/host/mkroot tests/host/unpack-packages $(B)/upstream/xen.source
	$(call step,root,root of the emulated host) tests/host/mkroot $(RELEASE)
	@touch $@

# Kernels of other releases, for guests: only what is too long for make check has them.
GUESTS := $(patsubst %,build/%/guest.stamp,$(filter-out $(RELEASE) %-backports,$(releases)))

$(GUESTS): build/%/guest.stamp: tests/host/mkguest tests/host/unpack-packages \
		tests/host/modules tests/host/unpack-kernel releases.tsv | build/setup.stamp
	@scripts/step build/$*/log/guest.log 'kernel of $* for guests' tests/host/mkguest $*
	@touch $@

$(B)/image.stamp: $(B)/root.stamp $(B)/modules.stamp $(B)/tools.stamp $(B)/qemu.stamp \
		$(if $(filter full,$(MATRIX))$(filter part,$(MAKECMDGOALS)),$(GUESTS)) \
		tests/host/mkimage tests/host/modules tests/host/unpack-kernel \
		$(call files,tests/host/dom0 tests/host/guest)
	$(call step,image,image of the emulated host) tests/host/mkimage $(RELEASE)
	@touch $@

$(B)/libvirt-image.stamp: $(B)/image.stamp $(B)/libvirt.stamp
	$(call step,libvirt-image,image with libvirt) tests/host/mkimage $(RELEASE) host-libvirt
	@touch $@

# Hosts with, and without, our packages.

$(B)/debs/stock.stamp: tests/debs/mkroot | build/setup.stamp
	$(call step,debs-stock,a Debian with stock Xen) tests/debs/mkroot $(RELEASE)
	@touch $@

$(B)/debs/hosts.stamp: $(B)/debs.stamp $(B)/debs/stock.stamp $(B)/image.stamp tests/debs/mkhosts
	$(call step,debs-hosts,our packages in it and out again) tests/debs/mkhosts $(RELEASE)
	@touch $@

# Tests.

$(B)/unit-packages.stamp: $(B)/chroot.stamp
	$(call packages,unit-packages,unit tests,qemu-user)
	@touch $@

$(B)/unit.stamp: $(B)/tools.stamp $(B)/modules.stamp $(B)/qemu.stamp $(B)/unit-packages.stamp scripts/take \
		$(call files,tests/unit tests/fuzz)
	@tests/unit/sources/check-take
	@$(CHROOT) make --no-print-directory -C tests/unit RELEASE=$(RELEASE) check
	@touch $@

# libvirt's own; those that see libxl also with one that has no feature control.
$(B)/libvirt-check.stamp: $(B)/libvirt.stamp
	$(call step,libvirt-check,libvirt: its tests) $(CHROOT) tools/libvirt/check \
		$(B)/libvirt-build $(B)/xen
	$(call step,libvirt-stock,libvirt: build for a libxl without features) \
		$(CHROOT) tools/libvirt/build $(B)/libvirt $(B)/libvirt-build stock
	$(call step,libvirt-stock-check,libvirt: its tests with that) $(CHROOT) tools/libvirt/check \
		$(B)/libvirt-build stock libxlxml2domconfigtest libxlxml2xmltest xlconfigtest
	@touch $@

.PHONY: help demo check state guests check-libvirt check-debs check-mutants mutants part lint style fuzz churn sanitize bench unit \
	debs modules kernels tools libvirt qemu image series check-series clean FORCE
.DELETE_ON_ERROR:

endif
