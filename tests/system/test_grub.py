# SPDX-License-Identifier: GPL-2.0
"""A frontend that nobody here wrote: GRUB reads a guest's kernel from a limited disk, lets
go of it, and Linux connects to the same device with the same grants."""
from __future__ import annotations

import re

import pytest

from host import Guest, Host

pytestmark = pytest.mark.full

LIMITS = {"max-ring-page-order": "0", "multi-queue-max-queues": "1", "feature-persistent": "0",
          "feature-max-indirect-segments": "0"}
KEYS = ",".join(f"config-{name}={value}" for name, value in LIMITS.items())
# What blkback says of each frontend that connects.
CONNECTED = r"vbd/(\d+)/51712: using 1 queues, protocol \d \((x86_\d\d)-abi\) *$"
# GRUB of a PVH guest is a program of 32 bits.
ABI = {"pv": "x86_64", "pvh": "x86_32"}


@pytest.fixture(autouse=True)
def only(kind: str) -> None:
    if kind not in ABI:
        pytest.skip("an HVM guest's GRUB sees an emulated disk")


def boot(host: Host, kind: str, image: str, **options: object) -> Guest:
    """A guest that GRUB of its kind boots from the image of a disk."""
    loop = host.run(["losetup", "-f", "--show", image]).stdout.strip()
    return Guest(host, "guest", vif=["bridge=xenbr0,config-multi-queue-max-queues=1"],
                 disk=[f"phy:{loop},xvda,w,{KEYS}", f"phy:/dev/loop0,xvdb,w,{KEYS}"],
                 options={"kernel": f"/srv/guest/grub-{kind}", "ramdisk": None, "extra": None,
                          **options})


def connections(host: Host) -> list[tuple[str, str]]:
    """[(domid, ABI)] of the frontends that were connected to xvda, without persistent grants."""
    return re.findall(CONNECTED, host.run("dmesg").stdout, re.M)


def test_linux_after_grub(host: Host, kind: str) -> None:
    guest = boot(host, kind, "/srv/grub/linux.img").create()
    seen = guest.ask("report", timeout=900)
    guest.connected()
    assert connections(host) == [(str(guest.domid), ABI[kind]), (str(guest.domid), "x86_64")]
    for devid in (51712, 51728):
        backend = host.tree(guest.backend("vbd", devid))
        assert {name: backend.get(name, "0") for name in LIMITS} == LIMITS
        assert dict(word.split("=") for word in backend["granted"].split()) == LIMITS
    for disk in ("xvda", "xvdb"):
        assert seen["disk"][disk]["queues"] == 1
        assert seen["disk"][disk]["ring-page-order"] in (None, "0")
        assert seen["disk"][disk]["max_segments"] == "11"
    assert seen["net"]["eth0"]["tx_queues"] == 1
    assert guest.ask("disk-check xvdb")["ok"]


def test_reboots(host: Host, kind: str) -> None:
    """GRUB reads a file and starts over, 20 times: nothing of it stays in dom0."""
    # It halts where the file is not what it was.
    guest = boot(host, kind, "/srv/grub/reboot.img", on_reboot="restart", on_poweroff="preserve")
    counted = []
    for number in (3, 20):
        before = len(connections(host))
        # GRUB has no use for the network interface: create() must not wait for it.
        guest.paused = True
        guest.create().unpause()
        for _ in range(number):
            guest.refresh()
        assert len(connections(host)) >= before + number
        # It may be gone for a moment, and come back.
        host.run("while xl list guest; do xl destroy guest; done >/dev/null 2>&1")
        counted.append([int(word) for word in host.run(
            "sync; echo 3 >/proc/sys/vm/drop_caches; sleep 1; xenstore-ls -f / | wc -l;"
            " awk '/^SUnreclaim:/ { print $2 }' /proc/meminfo").stdout.split()])
    (nodes_before, memory_before), (nodes_after, memory_after) = counted
    assert nodes_after == nodes_before
    # Caches fill: 128 kB more were seen of PVH guests, none of PV.
    assert memory_after - memory_before < 256, counted
