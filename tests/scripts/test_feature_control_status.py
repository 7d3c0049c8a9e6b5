# SPDX-License-Identifier: GPL-2.0
"""What xen-feature-control status says of each state in which limits are void."""
from __future__ import annotations

import shutil

import pytest

from feature_control import (
    DRIVERS, Host, LIBRARY, NEWEST, OLDER, OURS, OVERRIDE, RUNNING, SOURCE, SWITCH, XEN_SOURCE)


def test_all_is_well(host: Host) -> None:
    """Every line is there, with its facts."""
    host.kernel(NEWEST, "6.1.195-1", "6.1.195-1")
    said = host.status()
    assert {key: check["state"] for key, check in said.items()} == dict.fromkeys([
        ("xen", None), ("enabled", None), ("xl", "4.17"), ("libxl", "4.17"), ("loaded", "xen-netback"),
        ("loaded", "xen-blkback"), ("drivers", RUNNING), ("drivers", NEWEST), ("advertised", "vif"),
        ("advertised", "vbd"), ("monitors", None)], "ok")
    facts = {
        ("xen", None): {"version": "4.17", "domain0": True},
        ("enabled", None): {"xl": True, "drivers": True},
        ("xl", "4.17"): {"running": True, "kind": "ours"},
        ("libxl", "4.17"): {"version": f"{XEN_SOURCE}+config1.300", "source": XEN_SOURCE, "newest": XEN_SOURCE},
        ("loaded", "xen-netback"): {
            "kind": "ours", "version": OURS, "feature_control": "Y", "kernel_source": SOURCE},
        ("drivers", NEWEST): {"running": False, "xen_netback": "ours", "xen_blkback": "ours",
                              "source": "6.1.195-1", "kernel_source": "6.1.195-1", "reason": None},
        ("advertised", "vif"): {"features": 2},
        ("monitors", None): {"processes": 1},
    }
    for key, values in facts.items():
        assert {name: said[key][name] for name in values} == values


def test_table(host: Host) -> None:
    """Has the same facts as the JSON, whatever the state."""
    host.kernel(OLDER, ours=None)
    host.load("xen-netback", None)
    host.xl("4.20", "stock")
    host.monitor(77, "guest", None)
    host.store = [line for line in host.store if "/vif/" not in line]
    host.candidate = "4.17.7-1"
    said = host.status(1)
    assert {check["state"] for check in said.values()} == {"ok", "warn", "fail", "unknown", "none"}
    assert [line[1:] for line in host.table(1)] == [
        (check["state"].replace("none", "-"),
         check["detail"] + (f". To do: {check['to_do']}" if check["to_do"] else "")) for check in said.values()]
    assert [line[0] for line in host.table(1)] == [
        "Xen", "feature control", "xl for Xen 4.17 (running)", "xl for Xen 4.20", "libxl 4.17", "xen-netback loaded",
        "xen-blkback loaded", f"drivers of {OLDER}", f"drivers of {RUNNING} (running)", "advertised: vif",
        "advertised: vbd", "monitor of guest"]


def other_library(host: Host, library: str, requested: bool) -> None:
    host.monitor(77, "guest", library)
    if requested:
        host.request("feature-sg=0")


def hint(host: Host, abi: str, reason: str, drivers: str = "own") -> None:
    host.write("var/lib/xen-backends/kernels",
               f"6.1.0-1-amd64\t-\town\tanother reason\n{abi}\t-\t{drivers}\t{reason}\n")


def built_in(host: Host) -> None:
    host.write(f"lib/modules/{RUNNING}/modules.dep", "xen-netback builtin\nxen-blkback builtin\n")
    host.load("xen-netback", None)
    host.load("xen-blkback", None)


def lacking(host: Host, abi: str) -> None:
    host.write(f"lib/modules/{abi}/modules.dep", "")
    host.write(f"boot/config-{abi}", "# CONFIG_XEN_NETDEV_BACKEND is not set\n")


def another(host: Host) -> None:
    host.write(f"lib/modules/{RUNNING}/extra/xen-netback.ko", "license: GPL\n")
    host.write(f"lib/modules/{RUNNING}/modules.dep",
               "xen-netback extra/xen-netback.ko\nxen-blkback updates/xen-backends/xen-blkback.ko.xz\n")


def no_rules(host: Host, abi: str = RUNNING) -> None:
    host.kernel(abi, ours=None)
    shutil.rmtree(host.root / f"lib/modules/{abi}/updates", ignore_errors=True)
    host.depmod(abi)


# name: (what is different, check, subject, state, a word of the detail, a word of what to do, exit status)
STATES = {
    # xl
    "no xl": (lambda h: h.remove("usr/lib/xen-4.17/bin/xl"),
              "xl", "4.17", "fail", "there is none", "install xen-utils-4.17-features", 1),
    "stock xl": (lambda h: (h.remove("usr/lib/xen-4.17/features"), h.xl("4.17", "stock")),
                 "xl", "4.17", "fail", "Debian's, without", "install xen-utils-4.17-features", 1),
    "no diversion": (lambda h: h.xl("4.17", "stock"),
                     "xl", "4.17", "fail", "although ours is there", "--reinstall xen-utils-4.17-features", 1),
    "no xl.stock": (lambda h: h.remove("usr/lib/xen-4.17/bin/xl.stock"),
                    "xl", "4.17", "fail", "bin/xl.stock is missing", "--reinstall", 1),
    "xl by hand": (lambda h: (h.write("usr/local/sbin/xl", "\x7fELF stock"), (h.root / "usr/local/sbin/xl").chmod(0o755)),
                   "xl", "/usr/local/sbin/xl", "fail", "has no feature control", "run /usr/sbin/xl", 1),
    "our xl by hand": (lambda h: (h.write("usr/local/bin/xl", "\x7fELF"), (h.root / "usr/local/bin/xl").chmod(0o755)),
                       "xl", "4.17", "ok", "with feature control", "", 0),
    "a site's script": (lambda h: (h.write("usr/local/sbin/xl", "#!/bin/sh\n"), (h.root / "usr/local/sbin/xl").chmod(0o755)),
                        "xl", "/usr/local/sbin/xl", "warn", "a script", "run /usr/sbin/xl", 0),
    "no features/xl": (lambda h: h.remove("usr/lib/xen-4.17/features/xl"),
                       "xl", "4.17", "fail", "features/xl is missing", "--reinstall", 1),
    "no library": (lambda h: h.remove(LIBRARY),
                   "xl", "4.17", "fail", "libxenlight-features.so.4.17.0 is missing", "libxenlight4.17-features", 1),
    "xl of nothing": (lambda h: h.write("usr/lib/xen-4.17/features/xl", ""),
                      "xl", "4.17", "fail", "features/xl: not a dynamic", "--reinstall", 1),
    "next Xen without": (lambda h: h.xl("4.20", "stock"),
                         "xl", "4.20", "fail", "from when this Xen is booted", "xen-utils-4.20-features", 1),
    "next Xen with": (lambda h: h.xl("4.20"), "xl", "4.20", "ok", "with feature control", None, 0),
    "next Xen, built by hand": (lambda h: [h.write(f"boot/xen{name}.gz", "") for name in ("-4.20.2", "-4.20", "-4", "")],
                                "xl", "4.20", "fail", "from when this Xen is booted", "xen-utils-4.20-features", 1),
    "older Xen without": (lambda h: h.xl("4.14", "stock"),
                          "xl", "4.14", "warn", "not the newest", "xen-utils-4.14-features", 0),
    "driver domain": (lambda h: (h.write("proc/xen/capabilities", ""), h.remove("usr/lib/xen-4.17")),
                      "xl", "4.17", "none", "only domain 0 needs one", None, 0),
    # libxl
    "newer in the archive": (lambda h: setattr(h, "candidate", "4.17.7+13-g2445b30a44-0+deb12u1"),
                             "libxl", "4.17", "warn", "Debian has 4.17.7+13", "make debs", 0),
    "newer installed": (lambda h: h.packages.update({"libxenmisc4.17": "4.17.7+13-g2445b30a44-0+deb12u1"}),
                        "libxl", "4.17", "warn", "Debian has 4.17.7+13", "make debs", 0),
    "older in the archive": (lambda h: setattr(h, "candidate", "4.17.3-1"), "libxl", "4.17", "ok", "the newest", None, 0),
    "no archive": (lambda h: (setattr(h, "candidate", "(none)"), h.packages.pop("libxenmisc4.17")),
                   "libxl", "4.17", "ok", "is not known here", None, 0),
    # libvirt
    "our libvirt": (
        lambda h: h.packages.update(dict.fromkeys(
            ("xen-feature-control-libvirt", "libvirt0", "libvirt-daemon-driver-xen"), "9+config2")),
        "libvirt", None, "ok", "9+config2", None, 0),
    "newer libvirt that the pin keeps off": (
        lambda h: (setattr(h, "libvirt", "9+deb12u1"), h.packages.update(dict.fromkeys(
            ("xen-feature-control-libvirt", "libvirt0", "libvirt-daemon-driver-xen"), "9+config2"))),
        "libvirt", None, "warn", "made of 9, and Debian has 9+deb12u1", "make debs", 0),
    "Debian's driver in our libvirt": (
        lambda h: h.packages.update({"libvirt0": "9+config2", "libvirt-daemon-driver-xen": "10"}),
        "libvirt", None, "fail", "is 10, which ignores requests", "xen-feature-control-libvirt", 1),
    "no driver in our libvirt": (lambda h: h.packages.update({"libvirt0": "9+config2"}),
                                 "libvirt", None, "fail", "not installed", "xen-feature-control-libvirt", 1),
    # QEMU
    "our QEMU": (lambda h: h.our_qemu(), "qemu", None, "ok", "made of 7, the newest", None, 0),
    "newer QEMU installed": (lambda h: h.our_qemu(debians="7+deb12u1"),
                             "qemu", None, "warn", "Debian has 7+deb12u1", "make debs", 0),
    "QEMU built again": (lambda h: h.our_qemu(debians="7+b3"), "qemu", None, "ok", "made of 7, the newest",
                         None, 0),
    "newer QEMU, built again": (lambda h: h.our_qemu(debians="7+deb12u1+b1"),
                                "qemu", None, "warn", "Debian has 7+deb12u1+b1", "make debs", 0),
    "newer QEMU in the archive": (lambda h: (h.our_qemu(), setattr(h, "qemu", "7+deb12u1")),
                                  "qemu", None, "warn", "Debian has 7+deb12u1", "make debs", 0),
    "our QEMU without diversion": (lambda h: (h.our_qemu(), h.write("usr/libexec/xen-qemu-system-i386", "\x7fELF")),
                                   "qemu", None, "fail", "diversion of /usr/libexec/xen-qemu-system-i386", "--reinstall", 1),
    "our QEMU without a library": (lambda h: (h.our_qemu(), h.write(
        "usr/libexec/xen-qemu-system-i386", "\x7fELF feature-control.disabled lacking")),
        "qemu", None, "fail", "libspice.so.1 is missing", "--reinstall", 1),
    "our QEMU is gone": (lambda h: (h.our_qemu(), h.remove("usr/libexec/xen-qemu-system-i386")),
                         "qemu", None, "fail", "i386 is missing", "--reinstall", 1),
    "our QEMU disabled": (lambda h: (h.our_qemu(), h.write("etc/xen/feature-control.disabled", "")),
                          "qemu", None, "none", "looks at no requests", None, 1),
    # loaded
    "stock loaded": (lambda h: h.load("xen-netback", None),
                     "loaded", "xen-netback", "fail", "although ours is installed", "modprobe -r", 1),
    "feature_control=N": (lambda h: h.load("xen-blkback", OURS, "N"),
                          "loaded", "xen-blkback", "fail", "feature_control=0", "/etc/modprobe.d", 1),
    "older driver loaded": (lambda h: h.load("xen-netback", "6.1.190-1+config1.300"),
                            "loaded", "xen-netback", "fail", f"the kernel is {SOURCE}", "the right one: save", 1),
    "older driver on disk": (lambda h: (h.kernel(RUNNING, SOURCE, "6.1.190-1"), h.load("xen-netback", "6.1.190-1+config1.300")),
                             "loaded", "xen-netback", "fail", f"the kernel is {SOURCE}", f"drivers of {RUNNING}", 1),
    "source is a beginning": (lambda h: h.load("xen-netback", "6.1.192-20+config1.300"),
                              "loaded", "xen-netback", "fail", f"the kernel is {SOURCE}", "the right one: save", 1),
    "next version installed": (lambda h: h.load("xen-netback", f"{SOURCE}+config1.299"),
                               "loaded", "xen-netback", "warn", f"{OURS} is installed", "modprobe -r", 0),
    "kernel of one's own": (lambda h: h.write("kernel-built", "#1 SMP Thu Oct 1 2026"),
                            "loaded", "xen-netback", "warn", "does not say", "by hand", 0),
    "not loaded": (lambda h: h.remove("sys/module/xen_netback"),
                   "loaded", "xen-netback", "ok", "ours will be", None, 0),
    "stock not loaded": (lambda h: (no_rules(h), h.remove("sys/module/xen_netback")),
                         "loaded", "xen-netback", "fail", "not loaded; /lib/modules/", f"drivers of {RUNNING}", 1),
    "kernel without modules": (lambda h: (h.remove(f"lib/modules/{RUNNING}"), h.load("xen-netback", None)),
                               "loaded", "xen-netback", "fail", "the kernel's own", "nothing of this kernel", 1),
    "built in": (built_in, "loaded", "xen-blkback", "fail", "built into the kernel", "as a module", 1),
    # installed kernels
    "running without": (no_rules, "drivers", RUNNING, "fail", "the kernel's own, without", f"linux-headers-{RUNNING}", 1),
    "reason": (lambda h: (no_rules(h), hint(h, RUNNING, "hunk 2 of 0007 does not apply")),
               "drivers", RUNNING, "fail", "hunk 2 of 0007 does not apply", "/usr/lib/xen-backends/update", 1),
    "reason of yesterday": (lambda h: hint(h, RUNNING, "no headers"), "drivers", RUNNING, "ok", f"made of {SOURCE}", None, 0),
    "not the newest": (lambda h: hint(h, RUNNING, "not yet those of config2.9", "ours"),
                       "drivers", RUNNING, "warn", "not yet those of", "/usr/lib/xen-backends/update", 0),
    "initrd of before": (lambda h: (h.write(f"var/lib/xen-backends/renew/{RUNNING}", ""),
                                    h.write("usr/lib/xen-backends/update", "")),
                         "drivers", RUNNING, "fail", "can load another driver", "/usr/lib/xen-backends/update", 1),
    "initrd of before, prebuilt": (
        lambda h: (h.kernel(NEWEST), h.packages.update({f"xen-backends-modules-{NEWEST}": OURS}),
                   h.write(f"var/lib/xen-backends/renew/{NEWEST}", "")),
        "drivers", NEWEST, "fail", "can load another driver", f"dpkg-reconfigure xen-backends-modules-{NEWEST}", 1),
    "older kernel, initrd of before": (
        lambda h: (h.kernel(OLDER), h.write(f"var/lib/xen-backends/renew/{OLDER}", "")),
        "drivers", OLDER, "warn", "can load another driver", f"update-initramfs -u -k {OLDER}", 0),
    "older kernel without": (lambda h: h.kernel(OLDER, ours=None),
                             "drivers", OLDER, "warn", "not the newest", f"linux-headers-{OLDER}", 0),
    "next kernel without": (lambda h: h.kernel(NEWEST, ours=None),
                            "drivers", NEWEST, "fail", "from when this kernel is booted", f"linux-headers-{NEWEST}", 1),
    "one of two": (lambda h: h.kernel(NEWEST, drivers=("xen-netback",)),
                   "drivers", NEWEST, "fail", "xen-netback ours, xen-blkback the kernel's own", "depmod", 1),
    "of an older source": (lambda h: h.kernel(NEWEST, "6.1.195-1", SOURCE),
                           "drivers", NEWEST, "fail", f"made of {SOURCE}, and the kernel is 6.1.195-1",
                           "/usr/lib/xen-backends/update", 1),
    "older kernel, other source": (lambda h: h.kernel(OLDER, "6.1.180-1", SOURCE),
                                   "drivers", OLDER, "warn", "the kernel is 6.1.180-1", "/usr/lib/xen-backends/update", 0),
    "unsigned": (lambda h: (h.kernel(NEWEST, None), h.packages.update({f"linux-image-{NEWEST}-unsigned": SOURCE})),
                 "drivers", NEWEST, "ok", f"made of {SOURCE}", None, 0),
    "kernel of no package": (lambda h: h.kernel(NEWEST, None), "drivers", NEWEST, "warn", "is not known", "by hand", 0),
    "nothing found": (lambda h: (h.kernel(NEWEST), h.write(f"lib/modules/{NEWEST}/modules.dep", "")),
                      "drivers", NEWEST, "fail", "modprobe finds none", f"depmod {NEWEST}", 1),
    "nothing found, no configuration": (lambda h: (h.write(f"lib/modules/{RUNNING}/modules.dep", ""),
                                                   h.remove(f"boot/config-{RUNNING}", "sys/module")),
                                        "loaded", "xen-netback", "fail", "modprobe finds none", f"drivers of {RUNNING}", 1),
    "not in this kernel": (lambda h: (lacking(h, RUNNING), h.remove("sys/module")),
                           "loaded", "xen-netback", "none", "not in this kernel", None, 0),
    "no backends": (lambda h: (h.kernel(NEWEST), lacking(h, NEWEST)),
                    "drivers", NEWEST, "none", "no Xen backends", None, 0),
    "another's": (another, "drivers", RUNNING, "fail", f"neither ours nor the kernel's own (/lib/modules/{RUNNING}/extra",
                  "override", 1),
    "no depmod": (lambda h: h.write(f"lib/modules/{RUNNING}/modules.dep", "".join(
        f"{name} {folder}/{name}.ko\n" for name, folder in DRIVERS.items())),
        "drivers", RUNNING, "fail", "although ours are installed", f"depmod {RUNNING}", 1),
    # the rest
    "nothing advertised": (lambda h: setattr(h, "store", h.store[:1]),
                           "advertised", "vif", "warn", "limits hold", "dmesg", 0),
    "nobody to advertise": (lambda h: (setattr(h, "store", h.store[:1]), h.remove("sys/module")),
                            "advertised", "vbd", "none", "no driver", None, 0),
    "another type": (lambda h: h.store.append('/local/domain/0/feature/backend/qdisk/a = "bool 0 1 1"'),
                     "advertised", "qdisk", "ok", "1 features", None, 0),
    "no xenstored": (lambda h: setattr(h, "store", None), "advertised", None, "unknown", "cannot be read", "root", 2),
    "stock monitor": (lambda h: other_library(h, "/usr/lib/x86_64-linux-gnu/libxenlight.so.4.17.0", False),
                      "monitors", "guest", "warn", "process 77 runs Debian's libxl", "save and restore", 0),
    "stock monitor, requests": (
        lambda h: other_library(h, "/usr/lib/x86_64-linux-gnu/libxenlight.so.4.17.0", True),
        "monitors", "guest", "fail", "are lost when it reboots", "save and restore", 1),
    "old monitor": (lambda h: other_library(h, f"/{LIBRARY} (deleted)", True),
                    "monitors", "guest", "warn", "an older version", "save and restore", 0),
    "monitor in the foreground": (lambda h: h.monitor(78, None, f"/{LIBRARY} (deleted)"),
                                  "monitors", "?", "warn", "process 78", "save and restore", 0),
    "another xl": (lambda h: h.monitor(78, None, f"/{LIBRARY} (deleted)", "list"),
                   "monitors", None, "ok", "1, none", None, 0),
    "devd": (lambda h: (h.monitor(78, "x", "/usr/lib/libxenlight.so.4.17.0"), h.remove("proc/78/fd/1"),
                        (h.root / "proc/78/fd/1").symlink_to("/var/log/xen/xldevd.log")),
             "monitors", "devd", "warn", "process 78", "xendriverdomain", 0),
    "monitor that is hidden": (lambda h: h.monitor(77, "guest", None),
                               "monitors", "guest", "unknown", "cannot be read", "root", 2),
    # what modprobe is told
    "another driver": (lambda h: h.write("etc/modprobe.d/a.conf", "install xen-netback insmod /x.ko\n"),
                       "modprobe", "xen-netback", "fail", "install xen_netback insmod /x.ko", "modprobe.d", 1),
    "no control from the next load": (
        lambda h: h.write("etc/modprobe.d/a.conf", "options xen-blkback max_queues=1 feature_control=0\n"),
        "modprobe", "xen-blkback", "fail", "feature_control=0", "command line", 1),
    "disabled": (lambda h: (h.write(SWITCH, ""), h.write(OVERRIDE, "")),
                 "enabled", None, "fail", "disabled: xl and drivers", "xen-feature-control enable", 1),
    "half disabled: xl": (lambda h: h.write(SWITCH, ""), "enabled", None, "fail", "half disabled", "enable, or disable", 1),
    "half disabled: drivers": (lambda h: h.write(OVERRIDE, ""), "enabled", None, "fail", "half disabled", "enable, or", 1),
    "no modinfo": (lambda h: (h.programs / "modinfo").unlink(), "drivers", None, "unknown", "no modinfo", "kmod", 2),
    # A void limit counts more than what could not be looked at.
    "void, and unknown": (lambda h: (setattr(h, "store", None), h.load("xen-netback", None)),
                          "loaded", "xen-netback", "fail", "the kernel's own", "modprobe -r", 1),
}


@pytest.mark.parametrize("name", STATES)
def test_state(host: Host, name: str) -> None:
    """Each is said, with what to do, and by the exit status."""
    change, check, subject, state, detail, to_do, rc = STATES[name]
    change(host)
    if name == "no modinfo" and shutil.which("modinfo", path="/usr/bin:/bin"):
        pytest.skip("there is one in /usr/bin")
    said = host.status(rc)
    line = said[check, subject]
    assert line["state"] == state and detail in line["detail"], line
    assert to_do in line["to_do"] if to_do else line["to_do"] is None, line


@pytest.mark.parametrize("drivers", [True, False])
def test_no_xen(host: Host, drivers: bool) -> None:
    """In a chroot: what is installed."""
    host.remove("sys/hypervisor", "proc", "sys/module")
    host.store = None
    if not drivers:
        no_rules(host)
    said = host.status(0 if drivers else 1)
    assert [key for key in said if key[0] != "drivers"] == [
        ("xen", None), ("enabled", None), ("xl", "4.17"), ("libxl", "4.17")]
    assert said["xen", None]["state"] == "none"


def test_removed_kernel(host: Host) -> None:
    """Is none, whatever is left of its modules: the newest is the one before it."""
    removed, own = "6.1.0-58-amd64", "7.0.0-self"
    for abi in NEWEST, removed, own:
        host.kernel(abi, ours=None)
    host.remove(f"lib/modules/{removed}/kernel", f"boot/vmlinuz-{removed}", f"boot/vmlinuz-{own}")
    said = host.status(1)
    assert [key[1] for key in said if key[0] == "drivers"] == [RUNNING, NEWEST]
    assert "from when this kernel is booted" in said["drivers", NEWEST]["detail"]
    # The running one needs none; where none has any, kernels come from elsewhere.
    host.remove(f"boot/vmlinuz-{RUNNING}")
    assert ("drivers", RUNNING) in host.status(1)
    host.remove(f"boot/vmlinuz-{NEWEST}")
    said = host.status(1)
    assert [key[1] for key in said if key[0] == "drivers"] == [RUNNING, NEWEST, own]
    assert said["drivers", own]["state"] == "fail" and said["drivers", NEWEST]["state"] == "warn"


def test_newest_without_backends(host: Host) -> None:
    """It serves no guest, so the one before it counts as the newest."""
    for abi in OLDER, NEWEST, "6.1.0-57-cloud-amd64":
        host.kernel(abi, ours=None)
    lacking(host, "6.1.0-57-cloud-amd64")
    said = host.status(1)
    assert said["drivers", NEWEST]["state"] == "fail" and said["drivers", OLDER]["state"] == "warn"


@pytest.mark.parametrize("driver,line", [
    ("xen-netback", "options xen-netback feature_control=off"),
    ("xen-netback", 'options xen-netback feature_control="0"'),
    ("xen-netback", 'options xen-netback max_queues=1 "feature_control=N"'),
    ("xen-blkback", "options xen-blkback feature-control=0"),
    ("xen-blkback", "options xen-blkback feature_control=OFF max_queues=1"),
    ("xen-blkback", "options xen-blkback feature_control=1 feature_control=n"),
    ("xen-blkback", "options xen-blkback feature_control="),
    ("xen-netback", "alias xen-backend:vif xen-other"), ("xen-blkback", "alias xen_backend:vb* other"),
    ("xen-netback", "alias xen-netback other"), ("xen-blkback", "install xen-blkback /bin/true")])
def test_told(host: Host, driver: str, line: str) -> None:
    """Whatever has another driver loaded, or ours without control, in the kernel's ways to write it."""
    host.write("etc/modprobe.d/a.conf", line + "\n")
    said = host.status(1)
    assert [key for key in said if key[0] == "modprobe"] == [("modprobe", driver)]
    assert said["modprobe", driver]["state"] == "fail"


@pytest.mark.parametrize("line", [
    "options xen-netback feature_control=on", 'options xen-netback feature_control="1"', "options xen-netback feature_control",
    "options xen-netback feature_control=0 feature_control=Y", "options xen-netback feature_control_x=0",
    "options xen-other feature_control=0", "alias xen-backend:vif xen-netback", "alias xen-backend:vkbd other",
    "alias other xen-netback", "install xen-netback2 /bin/true",
    "# End of configuration files. Dumping indexes now:\n\nalias xen-backend:vif other"])
def test_not_told(host: Host, line: str) -> None:
    host.write("etc/modprobe.d/a.conf", line + "\n")
    assert not [key for key in host.status() if key[0] == "modprobe"]


def test_link_to_debians_xl(host: Host) -> None:
    """As a site may have it: Debian's own is a link, too."""
    host.write("usr/lib/xen-common/bin/xen-utils-wrapper", "#!/bin/sh\n")
    (host.root / "usr/lib/xen-common/bin/xen-utils-wrapper").chmod(0o755)
    for link, target in (("usr/sbin/xl", "../lib/xen-common/bin/xen-utils-wrapper"), ("usr/local/sbin/xl", "../../sbin/xl")):
        (host.root / link).parent.mkdir(parents=True, exist_ok=True)
        (host.root / link).symlink_to(target)
    assert [subject for check, subject in host.status() if check == "xl"] == ["4.17"]


def test_debians_libvirt(host: Host) -> None:
    """Is nothing to us."""
    host.packages.update({"libvirt0": "10", "libvirt-daemon-driver-xen": "10"})
    assert ("libvirt", None) not in host.status()


@pytest.mark.parametrize("where,value", [
    ("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", "\x06\0\0\0\x01"),
    ("sys/module/module/parameters/sig_enforce", "Y\n")])
def test_secure_boot(host: Host, where: str, value: str) -> None:
    """A kernel loads only what is signed, with a key that is known to it."""
    off = value.replace("\x01", "\0").replace("Y", "N")
    host.write("var/lib/dkms/mok.pub", "")
    host.write("mokutil", "not enrolled")
    host.write(where, off)
    assert ("key", None) not in host.status()
    host.write(where, value)
    said = host.status(1)["drivers", RUNNING]
    assert said["state"] == "fail" and "not signed" in said["detail"] and "openssl" in said["to_do"]
    for driver in DRIVERS:
        with (host.root / f"lib/modules/{RUNNING}/updates/xen-backends/{driver}.ko.xz").open("a") as module:
            module.write("sig_key:        0A:1B\n")
    said = host.status(1)
    assert said["drivers", RUNNING]["state"] == "ok"
    assert said["key", None]["state"] == "fail" and "mokutil --import /var/lib/dkms/mok.pub" in said["key", None]["to_do"]
    host.write("mokutil", "already in the enrollment request")
    assert "MOK manager" in host.status(1)["key", None]["to_do"]
    host.write("mokutil", "already enrolled")
    assert host.status()["key", None]["state"] == "ok"
    # They are another's, whose key is not here; or it is told by no program.
    host.remove("var/lib/dkms/mok.pub")
    assert ("key", None) not in host.status()


def test_terminal(host: Host) -> None:
    """What another domain wrote reaches neither the terminal nor breaks the JSON."""
    name = 'a\x1b[31m"\\'
    host.store.append(f'/local/domain/4/name = "{name}"')
    host.monitor(78, name, "/usr/lib/libxenlight.so.4.17.0")
    host.request("feature-sg=\x1b[0m", domid=4)
    # xenstore-ls quotes; what is no such path is nothing.
    host.store.append('/libxl/4/device/vif/config = "x"')
    no_rules(host)
    hint(host, RUNNING, "\x1b[32m")
    said = host.status(1)
    assert ("monitors", 'a?[31m"\\') in said and said["drivers", RUNNING]["reason"] == "?[32m"
    assert "\x1b" not in "".join(sum(host.table(1), ()))
    out, _ = host.run("requests", rc=1)
    assert "\x1b" not in out and 'domain a?[31m"\\: vif/0: feature-sg=?[0m' in out
