# SPDX-License-Identifier: GPL-2.0
"""Frontends of another make than dom0's kernel, with limits on their devices: GRUB, after
which Linux connects to the same device with the same grants, and other kernels."""
from __future__ import annotations

import pathlib
import re

import pytest

from conftest import RELEASE
from host import Guest, Host

pytestmark = pytest.mark.full

VIF = {"multi-queue-max-queues": "1", "feature-gso-tcpv4": "0"}
VBD = {"max-ring-page-order": "0", "multi-queue-max-queues": "1", "feature-persistent": "0",
       "feature-max-indirect-segments": "0"}
# What blkback says of each frontend that connects.
CONNECTED = r"vbd/(\d+)/51712: using 1 queues, protocol \d \((x86_\d\d)-abi\) *$"
# GRUB of a PVH guest is a program of 32 bits.
ABI = {"pv": "x86_64", "pvh": "x86_32"}

# Linux of every release but this one's, see tests/host/mkguest.
ROWS = [line.split("\t") for line in (
    pathlib.Path(__file__).parents[2] / "releases.tsv").read_text().splitlines()
    if not line.startswith("#")]
OWN = next(row[2] for row in ROWS if row[0] == RELEASE)
LINUX = sorted({row[2] for row in ROWS} - {OWN}, key=lambda series: series.split("."))


@pytest.fixture(autouse=True)
def only(kind: str) -> None:
    if kind not in ABI:
        pytest.skip("an HVM guest's GRUB sees an emulated disk, and its Linux is a PVH guest's")


def keys(limits: dict[str, str]) -> str:
    return ",".join(f"config-{name}={value}" for name, value in limits.items())


def disks(host: Host, image: str) -> list[str]:
    loop = host.run(["losetup", "-f", "--show", image]).stdout.strip()
    return [f"phy:{loop},xvda,w,{keys(VBD)}", f"phy:/dev/loop0,xvdb,w,{keys(VBD)}"]


def grub(host: Host, kind: str, image: str, **options: object) -> Guest:
    """A guest that GRUB of its kind boots from the image of a disk."""
    return Guest(host, "guest", vif=[f"bridge=xenbr0,{keys(VIF)}"], disk=disks(host, image),
                 options={"kernel": f"/srv/guest/grub-{kind}", "ramdisk": None, "extra": None,
                          **options})


def connections(host: Host) -> list[tuple[str, str]]:
    """[(domid, ABI)] of the frontends that were connected to xvda, without persistent grants."""
    return re.findall(CONNECTED, host.run("dmesg").stdout, re.M)


def check(guest: Guest) -> None:
    """Linux in it has what was granted, and no more."""
    guest.connected()
    for kind, devid, limits in (("vif", 0, VIF), ("vbd", 51712, VBD), ("vbd", 51728, VBD)):
        backend = guest.host.tree(guest.backend(kind, devid))
        assert {name: backend.get(name, "0") for name in limits} == limits
        assert dict(word.split("=") for word in backend["granted"].split()) == limits
    seen = guest.ask("report")
    for disk in ("xvda", "xvdb"):
        assert seen["disk"][disk]["queues"] == 1
        assert seen["disk"][disk]["ring-page-order"] in (None, "0")
        assert seen["disk"][disk]["max_segments"] == "11"
    assert seen["net"]["eth0"]["tx_queues"] == 1
    assert not guest.ask("set eth0 tso on")["feature"]["on"]
    assert guest.ask("set eth0 tso6 on")["feature"]["on"]
    assert guest.ask("disk-check xvdb")["ok"]
    guest.sh("ip link set eth0 up; ip addr add 10.0.0.2/24 dev eth0 2>&1; ping -c 1 -w 60 10.0.0.1")


def left(host: Host) -> tuple[int, int]:
    """(nodes, kB of memory that the kernel cannot have back), without guests."""
    host.run("while xl list guest; do xl destroy guest; done >/dev/null 2>&1")
    nodes, memory = host.run(
        "sync; echo 3 >/proc/sys/vm/drop_caches; sleep 1; xenstore-ls -f / | wc -l;"
        " awk '/^SUnreclaim:/ { print $2 }' /proc/meminfo").stdout.split()
    return int(nodes), int(memory)


def stays(before: tuple[int, int], after: tuple[int, int]) -> None:
    assert after[0] == before[0]
    # Caches fill: 128 kB more were seen after 20 boots of GRUB in a PVH guest, none in a PV one.
    assert after[1] - before[1] < 256, (before, after)


def test_linux_after_grub(host: Host, kind: str) -> None:
    host.run("ip addr add 10.0.0.1/24 dev xenbr0")
    guest = grub(host, kind, "/srv/grub/linux.img").create()
    guest.ask("report", timeout=900)
    check(guest)
    assert connections(host) == [(str(guest.domid), ABI[kind]), (str(guest.domid), "x86_64")]


def test_grub_reboots(host: Host, kind: str) -> None:
    """GRUB reads a file and starts over, 20 times: nothing of it stays in dom0."""
    # It halts where the file is not what it was.
    guest = grub(host, kind, "/srv/grub/reboot.img", on_reboot="restart", on_poweroff="preserve")
    counted = []
    for number in (3, 20):
        before = len(connections(host))
        # GRUB has no use for the network interface: create() must not wait for it.
        guest.paused = True
        guest.create().unpause()
        for _ in range(number):
            guest.refresh()
        assert len(connections(host)) >= before + number
        counted.append(left(host))
    stays(*counted)


@pytest.fixture(params=LINUX)
def linux(request: pytest.FixtureRequest, host: Host) -> str:
    """Where another release's kernel lies in dom0."""
    folder = f"/srv/guest/{request.param}"
    if host.run(["test", "-e", f"{folder}/vmlinux"], check=False).rc:
        pytest.skip(f"this image has no Linux {request.param} for guests: see the log of"
                    " tests/host/mkguest")
    return folder


def other(host: Host, linux: str) -> Guest:
    return Guest(host, "guest", memory=384, vif=[f"bridge=xenbr0,{keys(VIF)}"],
                 disk=disks(host, "/srv/disk1.img"),
                 extra="xen_blkfront.max_ring_page_order=4",
                 options={"kernel": f"{linux}/vmlinux", "ramdisk": f"{linux}/initrd"})


def test_linux(host: Host, linux: str) -> None:
    """As it boots, and after a save and a restore."""
    host.run("ip addr add 10.0.0.1/24 dev xenbr0")
    guest = other(host, linux).create()
    assert guest.sh("uname -r").startswith(linux.rsplit("/", 1)[1] + ".")
    check(guest)
    guest.save_and_restore()
    check(guest)


def test_linux_reboots(host: Host, linux: str) -> None:
    """20 times: nothing of it stays in dom0."""
    guest = other(host, linux)
    counted = []
    for number in (1, 20):
        guest.create()
        for _ in range(number):
            guest.tell("sh reboot -f")
            guest.refresh()
            guest.connected()
        assert guest.ask("disk-check xvdb")["ok"]
        counted.append(left(host))
    stays(*counted)
