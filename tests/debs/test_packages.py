# SPDX-License-Identifier: GPL-2.0
"""The packages on a Debian with stock Xen: in, across kernels, and out again.

mkhosts does it; what it left is looked at here, and its hosts are booted. The
system tests run on the host with the packages, too: see make check-debs.
"""
from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator

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


def said(stage: str) -> dict[str, str]:
    """{kernel: what our package said of it last}"""
    return dict(re.findall(r"^xen-backends-dkms: (\S+): (.*)", (HOSTS / f"{stage}.log").read_text(),
                           re.MULTILINE))


OURS = "updates/dkms"
STOCK = {"xen-netback": "kernel/drivers/net/xen-netback",
         "xen-blkback": "kernel/drivers/block/xen-blkback"}


# --- what apt did ---

def newer(version: str, other: str) -> bool:
    return subprocess.run(["dpkg", "--compare-versions", version, "gt", other],
                          check=False).returncode == 0


def test_version() -> None:
    """Above what it is made of, below whatever Debian brings out after that."""
    ours = packages("packaged")[f"xen-utils-{XEN}"]
    base, number = re.fullmatch(r"(.*)\+config(\d+)", ours).groups()
    assert newer(ours, base) and newer(ours, f"{base}+b1")
    revision = re.fullmatch(r"(.*-)(\d+)(.*)", base)
    assert revision
    updates = [f"{base}.1", f"{base}+deb{DEBIAN}u1", f"{base}+config{int(number) + 1}",
               f"{revision[1]}{int(revision[2]) + 1}"]
    update = re.fullmatch(r"(.*u)(\d+)", base)
    if update:
        updates.append(f"{update[1]}{int(update[2]) + 1}")
    for other in updates:
        assert newer(other, ours) and not newer(ours, other), other


def test_all_of_one_version() -> None:
    """The three packages that we change are ours, and no other is exchanged."""
    before, after = packages("stock"), packages("packaged")
    ours = {"xen-utils-common", f"xen-utils-{XEN}", f"libxenmisc{XEN}"}
    assert {after[name] for name in ours} == {after["xen-feature-control"]}
    assert {name for name in before if after.get(name) != before[name]} == ours
    assert set(after) - set(before) == {"xen-feature-control", "xen-backends-dkms"}


def test_what_uses_the_library() -> None:
    """xl and the library are exchanged together, and libvirt's driver with them."""
    def control(package: str, name: str) -> str:
        path, = REPOSITORY.glob(f"{package}_*.deb")
        return subprocess.run(["dpkg-deb", "-f", path, name], check=True,
                              capture_output=True, text=True).stdout.strip()

    abi = f"libxenlight{XEN}-config"
    assert control(f"libxenmisc{XEN}", "Provides") == abi
    assert abi in control(f"xen-utils-{XEN}", "Depends").split(", ")
    breaks = control(f"libxenmisc{XEN}", "Breaks").split(", ")
    ours = packages("packaged")[f"libxenmisc{XEN}"]
    assert {f"xen-utils-{XEN} (<< {ours})", f"xen-utils-{XEN} (>> {ours})"} < set(breaks)
    broken = dict(re.fullmatch(r"libvirt-daemon-driver-xen \((<<|>>) (.*)\)", entry).groups()
                  for entry in breaks if entry.startswith("libvirt"))
    low, high = broken["<<"], broken[">>"]
    stock = low.removesuffix("+config")
    # Debian's own, and its next, are broken; ours of the same is not.
    assert newer(low, stock)
    assert newer(f"{stock}+deb{DEBIAN}u9", high) and newer(f"{stock}.1", high)
    assert newer(f"{stock}+config1", low) and newer(high, f"{stock}+config1")
    # Of libvirt, its driver for Xen and no other.
    users = {path.name.split("_")[0] for path in REPOSITORY.glob("libvirt*.deb")
             if abi in control(path.name.split("_")[0], "Depends").split(", ")}
    assert users == {"libvirt-daemon-driver-xen"}


def test_libvirt() -> None:
    """Who has libvirt's driver gets ours with our libxl, and all of libvirt with it;
    nothing of Debian's libvirt comes back alone."""
    before, after = packages("stock-libvirt"), packages("libvirt")
    libvirt = {name for name in before if name.startswith("libvirt")}
    assert {"libvirt0", "libvirt-daemon-driver-xen"} < libvirt
    version, = {after[name] for name in libvirt}
    assert re.fullmatch(re.escape(before["libvirt0"]) + r"\+config\d+", version)
    assert {name for name in before if after.get(name) != before[name]} == \
        libvirt | {"xen-utils-common", f"xen-utils-{XEN}", f"libxenmisc{XEN}"}
    assert packages("mixed") == after
    assert re.search(r"Breaks:? libvirt-daemon-driver-xen", (HOSTS / "mixed.log").read_text())


def test_kernel_at_hand() -> None:
    """The drivers are built when the package is installed, and are preferred."""
    assert all(folder == STOCK[module] for (_, module), folder in modules("stock").items())
    found = modules("packaged")
    assert {folder for folder in found.values()} == {OURS} and len(found) == 2
    kernel, = {kernel for kernel, _ in found}
    assert said("packaged") == {
        kernel: "drivers with feature control, from when they are loaded next"}
    # The initial RAM disk of Debian 12 holds a copy of it, this one; that of 13 has none.
    copies = [line for line in lines("packaged.files")
              if re.search(r" \./.*/xen-blkback\.ko", line)]
    assert len(copies) == (DEBIAN == 12) and all(OURS in copy for copy in copies), copies


def test_kernel_of_the_series() -> None:
    """A kernel that is installed later gets them, too."""
    before, after = modules("packaged"), modules("series")
    new = {kernel for kernel, _ in after} - {kernel for kernel, _ in before}
    assert len(new) == 1 and new.pop().startswith(f"{LINUX}.")
    assert set(after.values()) == {OURS}


def test_kernel_of_another_series() -> None:
    """It keeps its own, its installation succeeds, and we say so."""
    before, after = modules("packaged"), modules("unknown")
    kernel, = {kernel for kernel, _ in after} - {kernel for kernel, _ in before}
    assert not kernel.startswith(f"{LINUX}.")
    for module, folder in STOCK.items():
        assert after[kernel, module] == folder
        assert {folder for (k, m), folder in after.items() if k != kernel} == {OURS}
    assert f"linux-image-{kernel}" in packages("unknown")
    assert said("unknown")[kernel] == (f"not a Linux {LINUX} with both drivers: "
                                       "keeps its own, without feature control")
    # Debian 13's DKMS does not say why.
    assert DEBIAN == 13 or "BUILD_EXCLUSIVE" in (HOSTS / "unknown.log").read_text()


def test_nothing_is_left() -> None:
    """After its removal every package, file and copy in an initial RAM disk is as it
    was: or what the archive has by now."""
    assert packages("removed") == packages("stock")
    assert lines("removed.files") == lines("stock.files")
    assert modules("removed") == modules("stock")


# --- what the hosts do ---

@pytest.fixture(name="boot")
def _boot() -> Iterator[object]:
    started: list[Host] = []

    def boot(variant: str) -> Host:
        host = Host(RELEASE, verbose=True, variant=f"debs/{variant}", counted=True)
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


def test_packaged(boot) -> None:
    """Booted from what the packages installed: a request is granted."""
    host = boot("packaged")
    assert loaded(host) == {OURS}
    guest = host.create(vif=[f"{VIF},config-multi-queue-max-queues=1"],
                        disk=[f"{DISK},config-max-ring-page-order=0"])
    backend = host.tree(guest.backend("vif", 0))
    assert backend["multi-queue-max-queues"] == "1"
    assert host.tree(guest.backend("vbd", 51712))["max-ring-page-order"] == "0"
    assert guest.ask("disk-check xvda")["ok"]
    assert "xen-feature-control" in host.run("ls /usr/share/man/man7").stdout


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
    # Nothing boots from the initial RAM disk here, and with all of Debian's modules in it
    # this takes half an hour.
    host.run("echo MODULES=list >/etc/initramfs-tools/conf.d/modules")
    sources = "/etc/apt/sources.list.d/xen-feature-control.list"
    with host.step("install the packages"):
        host.run(f"cp -r {REPOSITORY}/apt /etc && apt-get update --no-list-cleanup"
                 f" -o Dir::Etc::SourceList={sources} -o Dir::Etc::SourceParts=- &&"
                 f" apt-get -y --allow-downgrades install xen-feature-control", timeout=1800)
    second = progress()
    assert second > first + 10, "the disk did not go on"
    assert seen(guest) == nodes, "the devices were touched"
    assert host.run("xl list guest", check=False).rc == 0
    ping = guest.sh("killall -INT ping; sleep 1; tail -n 3 /ping")
    sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) packets received",
                                        ping).groups())
    assert sent > 20 and received >= sent - 1, ping

    # At once: a new xl, which knows that the drivers in memory are the old ones.
    # Debian 13's DKMS has moved the files of those.
    assert loaded(host) == (set(STOCK.values()) if DEBIAN == 12 else set())
    assert "no feature control" in host.run("xl backend-features vif").stdout
    assert progress() > second

    # At the next load: the drivers.
    guest.destroy()
    host.run("modprobe -r xen-netback xen-blkback && modprobe -a xen-netback xen-blkback")
    assert loaded(host) == {OURS}
    assert "multi-queue-max-queues" in host.run("xl backend-features vif").stdout
