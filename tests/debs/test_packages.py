# SPDX-License-Identifier: GPL-2.0
"""The packages on a Debian with stock Xen: in, across kernels, and out again.

mkhosts does it; what it left is looked at here, and its hosts are booted. The
system tests run on the host with the packages, too: see make check-debs.
"""
from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/host"))
from host import Guest, Host  # noqa: E402

RELEASE = os.environ.get("RELEASE", "bookworm")
HOSTS = TOP / "build" / RELEASE / "debs/hosts"
REPOSITORY = TOP / "build/debs" / RELEASE
VIF, DISK = "bridge=xenbr0,mac=00:16:3e:00:00:01", "phy:/dev/loop0,xvda,w"


def field(name: str) -> str:
    """Of the release's row in releases.tsv."""
    return subprocess.run([TOP / "scripts/release", RELEASE, name], check=True,
                          capture_output=True, text=True).stdout.strip()


LINUX, XEN = field("linux"), field("xen")
DEBIAN = {"bookworm": 12, "trixie": 13}[RELEASE]


def lines(name: str) -> list[str]:
    return (HOSTS / name).read_text().splitlines()


def packages(stage: str) -> dict[str, str]:
    """{name: version}, of those that are installed."""
    return dict(line.split() for line in lines(f"{stage}.packages") if " " in line.strip())


def modules(stage: str) -> dict[tuple[str, str], str]:
    """{(kernel, module): the folder that modprobe takes it from}"""
    found = {}
    for line in lines(f"{stage}.modules"):
        kernel, folder, module = re.fullmatch(
            r"insmod /lib/modules/([^/]+)/(.*)/(xen-\w+)\.ko\S* *", line).groups()
        found[kernel, module] = folder
    return found


def said(stage: str) -> str:
    """What the commands of a stage said."""
    return (HOSTS / f"{stage}.log").read_text()


def status(stage: str) -> dict[str, Any]:
    return json.loads((HOSTS / f"{stage}.status").read_text())


OURS = "updates/xen-backends"
STOCK = {"xen-netback": "kernel/drivers/net/xen-netback",
         "xen-blkback": "kernel/drivers/block/xen-blkback"}
# Nothing boots from the initial RAM disk on the emulated host, and with all of Debian's
# modules in it each takes it half an hour.
QUICK_INITRD = "echo MODULES=list >/etc/initramfs-tools/conf.d/modules"
TOOLS = {"xen-feature-control", f"xen-utils-{XEN}-features", f"libxenlight{XEN}-features"}


def kernels(stage: str) -> dict[str, bool]:
    """{kernel: whether modprobe takes our drivers, the same for both}"""
    found = {}
    for (kernel, module), folder in modules(stage).items():
        assert folder in (OURS, STOCK[module]), folder
        assert found.setdefault(kernel, folder == OURS) == (folder == OURS), kernel
    return found


# --- what apt did ---

def newer(version: str, other: str) -> bool:
    return subprocess.run(["dpkg", "--compare-versions", version, "gt", other],
                          check=False).returncode == 0


def test_version() -> None:
    """Above what it is made of, below whatever Debian brings out after that."""
    ours = packages("packaged")["xen-feature-control"]
    base, number, count = re.fullmatch(r"(.*)\+config(\d+)\.(\d+)(?:\.\d+)?", ours).groups()
    assert newer(ours, base) and newer(ours, f"{base}+b1") and newer(ours, f"{base}+config1")
    revision = re.fullmatch(r"(.*-)(\d+)(.*)", base)
    assert revision
    updates = [f"{base}.1", f"{base}+deb{DEBIAN}u1", f"{base}+config{number}.{int(count) + 1}",
               f"{base}+config{int(number) + 1}.1", f"{revision[1]}{int(revision[2]) + 1}"]
    update = re.fullmatch(r"(.*u)(\d+)", base)
    if update:
        updates.append(f"{update[1]}{int(update[2]) + 1}")
    for other in updates:
        assert newer(other, ours) and not newer(ours, other), other


def test_nothing_of_debian_is_exchanged() -> None:
    """Ours come beside it, with what they recommend, and no file of it changes: what ours
    are in the place of is kept."""
    before, after = packages("stock"), packages("packaged")
    assert {name for name in before if after.get(name) != before[name]} == set()
    assert TOOLS | {"xen-backends-dkms", f"linux-source-{LINUX}"} <= set(after) - set(before)
    assert {after[name] for name in TOOLS} == {after["xen-feature-control"]}
    before, after = set(lines("stock.files")), set(lines("packaged.files"))
    gone = {line.split(maxsplit=1)[1] for line in before - after if "/" in line}
    # Renamed: their content is there under another name.
    kept = {line.split(maxsplit=1)[0] for line in after}
    changed = {line for line in before - after
               if " ./" not in line and line.split(maxsplit=1)[0] not in kept}
    allowed = re.compile(r"(modules\.\w+(\.bin)?|ld\.so\.cache|/etc/.*-|etc/(group|passwd|shadow"
                         r"|gshadow|subuid|subgid|mailcap).*)$")
    assert not {line for line in changed if not allowed.search(line)}, gone


def test_newer_sources() -> None:
    """The archive has a newer Xen, and then there is a fix of ours: make debs makes
    packages with it, an upgrade takes them, and nothing else changes."""
    said_by = re.findall(r"^library (\w+): (.*)$", said("newer"), re.M)
    fixes = {stage: {text for of, text in said_by if of == stage} for stage in ("debian", "ours")}
    assert fixes["debian"] == {"The CPU weight", "there is no such domain"}
    assert fixes["ours"] == {"The CPU weight", "no such domain is there"}
    before = packages("newer")
    base = before["xen-feature-control"].partition("+config")[0]
    for stage in ("newer-debian", "newer-ours"):
        after = packages(stage)
        assert {after[name] for name in TOOLS} == {after["xen-feature-control"]}
        assert after["xen-feature-control"].startswith(f"{base}.1+config")
        assert newer(after["xen-feature-control"], before["xen-feature-control"])
        assert {name: after.get(name) for name in before if name not in TOOLS} == {
            name: version for name, version in before.items() if name not in TOOLS}
        before = after


def test_the_repository_holds_what_is_ours() -> None:
    """No package of Debian's name, but libvirt's; no path of the machine that made it."""
    names = {path.name.split("_")[0] for path in REPOSITORY.glob("*.deb")}
    assert TOOLS | {"xen-backends-dkms", "xen-backends-modules", "libxen-features-dev",
                    "xen-feature-control-libvirt"} <= names
    others = {name for name in names
              if not re.search("features|feature-control|xen-backends", name)}
    assert all(name.startswith("lib") and ("virt" in name) for name in others), others
    assert str(TOP) not in "".join(
        path.read_text() for path in REPOSITORY.iterdir()
        if path.name in ("Release", "Packages", "Sources", "add-repository"))
    release = (REPOSITORY / "Release").read_text()
    assert "Suite: xen-feature-control\n" in release and "NotAutomatic: yes\n" in release


def test_libvirt() -> None:
    """Who asks for it gets our libvirt, all of it, and nothing else; it goes by itself
    only where Debian has a newer one."""
    before, after = packages("packaged"), packages("libvirt")
    libvirt = {name for name in before if "libvirt" in name}
    assert {"libvirt0", "libvirt-daemon-driver-xen"} <= libvirt
    assert all("+config" in after[name] for name in libvirt)
    # -t takes the place of APT::Default-Release: an update of Debian's may come in.
    for name in {name for name in before if after.get(name) != before[name]} - libvirt:
        assert "+config" not in after[name] and newer(after[name], before[name]), name
    assert "xen-feature-control-libvirt" in after


def test_programs() -> None:
    """Who builds with Debian's library runs with it, who builds with ours with ours."""
    found = dict(re.findall(r"^program (\w+): (\S+)$", said("libvirt"), re.M))
    assert found == {"debian": f"libxenlight.so.{XEN}", "ours": f"libxenlight-features.so.{XEN}"}


# --- what drivers each kernel has ---

def test_kernels_at_hand() -> None:
    """Both get drivers that are made of their own source, which are preferred, also in
    their initial RAM disks; stray files beside those are left alone."""
    assert set(kernels("stock").values()) == {False}
    assert len(kernels("packaged")) == 2 and set(kernels("packaged").values()) == {True}
    # The initial RAM disk of Debian 12 holds a copy of it, this one; that of 13 has none.
    copies = [line for line in lines("packaged.files")
              if re.search(r" \./.*/xen-blkback\.ko", line)]
    assert all(OURS in copy for copy in copies), copies
    assert bool(copies) == (DEBIAN == 12)


@pytest.mark.parametrize("stage, ours, reason", [
    ("update", True, ""), ("hunk", False, "does not apply"),
    ("sourceless", False, "linux-source"), ("headerless", False, "linux-headers"),
    ("series", False, "not a Linux"),
])
def test_update(stage: str, ours: bool, reason: str) -> None:
    """A kernel that comes in has drivers of its own source, or its own drivers, and then
    it is said why; the kernels before keep theirs; apt goes through."""
    before, after = kernels("packaged"), kernels(stage)
    new, = set(after) - set(before)
    assert {kernel: after[kernel] for kernel in before} == before
    assert after[new] == ours
    assert f"linux-image-{new}" in packages(stage)
    lines_of_it = [line for line in said(stage).splitlines() if new in line and reason in line]
    assert lines_of_it, said(stage)[-3000:]


def test_prebuilt() -> None:
    """Without a compiler: built drivers, for the kernels that are there."""
    assert "dkms" not in packages("prebuilt") and "xen-backends-dkms" not in packages("prebuilt")
    images = [name.removeprefix("linux-image-") for name in packages("prebuilt")
              if re.match(r"linux-image-\d", name)]
    assert images and all(kernels("prebuilt")[kernel] for kernel in images)


def test_nothing_is_left() -> None:
    """After its removal Debian's packages, and every file and copy in an initial RAM disk
    where ours were, are as they were; what stays are packages that DKMS recommends."""
    before, after = packages("stock"), packages("removed")
    assert {name: after.get(name) for name in before} == before
    assert not [name for name in set(after) - set(before)
                if re.search("xen|dkms|linux-|feature", name)]
    places = re.compile(r"(^| )(boot/|usr/lib/modules/|usr/lib/xen-|usr/lib/x86_64-linux-gnu/libx[el]|"
                        r"etc/(xen|apt|depmod.d|modprobe.d|kernel|init.d|default|dkms)/|usr/share/man/man./x[el]|"
                        r"usr/share/bash-completion/|usr/local|usr/src|var/lib/|\./)")
    # DKMS's own key is not shown, but its folder.
    stock, removed = ([line for line in lines(f"{stage}.files") if places.search(line) and line != "var/lib/dkms"]
                      for stage in ("stock", "removed"))
    assert len(stock) > 8000 and removed == stock
    assert modules("removed") == modules("stock")


# --- what the hosts do ---

@pytest.fixture(name="boot")
def _boot() -> Iterator[object]:
    started: list[Host] = []

    def boot(variant: str, preloaded: bool = True, counted: bool = True) -> Host:
        host = Host(RELEASE, verbose=True, variant=f"debs/{variant}", counted=counted,
                    preloaded=preloaded)
        started.append(host)
        return host.start()

    yield boot
    for host in started:
        host.stop()


def loaded(host: Host) -> set[str]:
    """The folders of the drivers that are loaded, by the build that they say they are:
    Debian's say none."""
    return set(host.run(
        "for module in xen-netback xen-blkback; do"
        " was=$(cat /sys/module/${module//-/_}/srcversion 2>/dev/null);"
        " for file in $(find /lib/modules/$(uname -r) -name $module.ko*); do"
        "  [ \"$(modinfo -F srcversion $file)\" != \"$was\" ] || dirname ${file#/lib/modules/*/};"
        " done; done").stdout.split())


def seen(guest: Guest) -> dict[str, str]:
    """What the guest's devices are to xenstore, without what is never twice the same."""
    nodes = {}
    for kind, devid in guest.devices():
        for path in (guest.backend(kind, devid), guest.frontend(kind, devid)):
            for name, value in guest.host.tree(path).items():
                if not re.search(r"ring-ref\d*$|event-channel(-tx|-rx)?$", name):
                    nodes[f"{path}/{name}"] = value
    return nodes


def limited(host: Host) -> bool:
    """Whether what is asked for a guest's devices is what it gets. Both devices work."""
    guest = host.create(vif=[f"{VIF},config-multi-queue-max-queues=1"],
                        disk=[f"{DISK},config-max-ring-page-order=0"])
    backend = host.tree(guest.backend("vif", 0))
    limits = {backend["multi-queue-max-queues"] == "1",
              host.tree(guest.backend("vbd", 51712))["max-ring-page-order"] == "0"}
    assert guest.ask("disk-check xvda")["ok"]
    assert len(limits) == 1
    return limits.pop()


def test_packaged(boot) -> None:
    """Booted from what the packages installed: a request is granted, and the daemons,
    libraries and helpers are Debian's."""
    host = boot("packaged")
    assert loaded(host) == {OURS}
    assert limited(host)
    assert host.run("xen-feature-control status", check=False).rc == 0
    assert "xen-feature-control" in host.run("ls /usr/share/man/man7").stdout
    assert host.run("dpkg -S $(readlink -f /proc/$(pidof oxenstored)/exe)").stdout.startswith(
        f"xen-utils-{XEN}")


@pytest.mark.parametrize("kind", ["pv", "pvh", "hvm"])
def test_kinds(boot, kind: str) -> None:
    """A guest of each kind, with Debian's hypervisor, QEMU and the rest, which may be of a
    newer source than ours: created, saved and restored with its limits."""
    host = boot("packaged", counted=kind != "hvm")
    guest = host.create(type=kind, vif=[f"type=vif,{VIF},config-multi-queue-max-queues=1"],
                        disk=[f"{DISK},config-max-ring-page-order=0"])
    for _ in range(2):
        assert host.tree(guest.backend("vif", 0))["multi-queue-max-queues"] == "1"
        assert host.tree(guest.backend("vbd", 51712))["max-ring-page-order"] == "0"
        assert guest.ask("disk-check xvda")["ok"]
        host.run("xl save guest /root/saved && xl restore /root/saved && rm /root/saved")
        guest.domid = int(host.run("xl domid guest").stdout)
        guest.connected()
    assert guest.ask("report")["net"]["eth0"]["tx_queues"] == 1


def test_modules_come_with_the_first_device(boot) -> None:
    """Under strict, with no backend loaded, and so nothing advertised, when the host is up:
    its guests start by themselves, and have their limits."""
    host = boot("packaged", preloaded=False)
    assert host.run("grep -c 'xen_.*back ' /proc/modules", check=False).stdout == "0\n"
    assert "feature control" in host.run("xl backend-features vif").stdout
    guest = Guest(host, "guest", vif=[f"{VIF},config-multi-queue-max-queues=1"],
                  disk=[f"{DISK},config-max-ring-page-order=0"])
    host.run("echo 'config_check = \"strict\"' >>/etc/xen/xl.conf;"
             " mkdir -p /etc/xen/auto && cat >/etc/xen/auto/guest", stdin=guest.text().encode())
    host.run("/etc/init.d/xendomains start")
    guest.domid = int(host.run("xl domid guest").stdout)
    guest.connected()
    assert host.tree(guest.backend("vif", 0))["multi-queue-max-queues"] == "1"
    assert host.tree(guest.backend("vbd", 51712))["max-ring-page-order"] == "0"
    assert loaded(host) == {OURS}


def test_disabled(boot) -> None:
    """Switched off with a guest there: only if forced; then stock xl and drivers, from
    when they are used and loaded next; and on again."""
    host = boot("packaged")
    guest = host.create(vif=[f"{VIF},config-multi-queue-max-queues=1"])
    refused = host.run("xen-feature-control disable", check=False)
    assert refused.rc != 0 and guest.name in refused.stdout + refused.stderr
    guest.destroy()
    # With 4000 modules each takes the emulated host minutes: of one kernel only, no image.
    host.run("rm /boot/initrd.img-*; cd /lib/modules && for kernel in *; do"
             " [ $kernel = $(uname -r) ] || rm $kernel/modules.dep; done")
    reload = "modprobe -r xen-netback xen-blkback && modprobe -a xen-netback xen-blkback"
    for verb, driver, has in (("disable", set(STOCK.values()), False), ("enable", {OURS}, True)):
        host.run(f"xen-feature-control {verb} && {reload}", timeout=900)
        assert loaded(host) == driver
        assert ("device-features" in host.run("xl help").stdout) == has
        assert host.run("xen-feature-control status", check=False).rc == (0 if has else 1)
    assert limited(host)


@pytest.mark.parametrize("stage, fixed, limits", [
    ("update", True, True), ("older", False, True), ("sourceless", True, False),
    ("prebuilt", False, True),
])
def test_booted_after_an_update(boot, stage: str, fixed: bool, limits: bool) -> None:
    """The fix that came with a kernel is in the driver that is loaded, whoever's that is;
    the kernel of before has what it had; status says which."""
    host = boot(stage)
    assert limited(host) == limits
    assert loaded(host) == ({OURS} if limits else set(STOCK.values()))
    statistics = host.run("ethtool -S vif1.0").stdout
    assert ("rx_gso_checksum_fixed" in statistics) == fixed
    assert ("rx_gso_checksum_fixup" in statistics) != fixed
    assert host.run("xen-feature-control status", check=False).rc == (0 if limits else 1)
    assert "of another" not in host.run("dmesg | grep xen_ || :").stdout


def test_removed(boot) -> None:
    """Booted after the packages went: stock drivers and tools, and a guest that never
    used a key is what it was."""
    guests = {}
    for variant in ("stock", "removed"):
        host = boot(variant)
        assert loaded(host) == set(STOCK.values())
        nodes = host.tree("/local/domain/0")
        assert "name" in nodes and not [path for path in nodes if "feature/backend" in path]
        guest = host.create(vif=[VIF], disk=[DISK])
        assert guest.ask("disk-check xvda")["ok"]
        guests[variant] = seen(guest)
        host.stop()
    assert len(guests["stock"]) > 40, "that is not all"
    assert guests["removed"] == guests["stock"]


def test_upgrade(boot) -> None:
    """The packages come onto a host whose guest reads, writes and is pinged: it does so
    all the time. The tools are ours at once, the drivers when they are loaded next."""
    host = boot("stock")
    guest = host.create(vif=[VIF], disk=[DISK])
    # A number for each block that was written and read back; none after an error.
    # Not all that it could: what it takes from the CPUs, the compiler does not have.
    guest.sh("(n=0; while n=$((n + 1)); sleep 0.5; head -c 64k /dev/urandom >/a &&"
             " dd if=/a of=/dev/xvda bs=64k seek=$((n % 512)) oflag=direct &&"
             " dd if=/dev/xvda of=/b bs=64k skip=$((n % 512)) count=1 iflag=direct &&"
             " cmp /a /b && echo $n >/blocks; do :; done) >/dev/null 2>&1 &")
    host.run("ip addr add 10.0.0.1/24 dev xenbr0")
    guest.sh("ip addr add 10.0.0.2/24 dev eth0 && ip link set eth0 up")
    guest.sh("ping 10.0.0.1 >/ping 2>&1 &")

    def progress() -> int:
        return int(guest.sh("cat /blocks"))

    nodes, first = seen(guest), progress()
    # And one kernel is enough for a compiler that is emulated.
    host.run(f"{QUICK_INITRD}; cd /lib/modules && for kernel in *; do"
             " [ $kernel = $(uname -r) ] || rm -r $kernel; done")
    # There is no network: what is not in the repository mkhosts has downloaded.
    with host.step("install the packages"):
        host.run("apt-get -y --no-install-recommends install xen-feature-control"
                 " </dev/null", timeout=1800)
    second = progress()
    assert second > first + 10, "the disk did not go on"
    assert seen(guest) == nodes, "the devices were touched"
    assert host.run("xl list guest", check=False).rc == 0
    ping = guest.sh("killall -INT ping; sleep 1; tail -n 3 /ping")
    sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) packets received",
                                        ping).groups())
    assert sent > 20 and received >= sent - 1, ping

    # At once: a new xl, which knows that the drivers in memory are the old ones.
    assert loaded(host) == set(STOCK.values())
    assert "no feature control" in host.run("xl backend-features vif").stdout
    assert progress() > second

    # At the next load: the drivers.
    guest.destroy()
    host.run("modprobe -r xen-netback xen-blkback && modprobe -a xen-netback xen-blkback")
    assert loaded(host) == {OURS}
    assert "multi-queue-max-queues" in host.run("xl backend-features vif").stdout
