# SPDX-License-Identifier: GPL-2.0
"""A disk works at every grant: what is written is what is read, on both sides."""
from __future__ import annotations

import itertools

from host import Guest, Host

QUEUES, ORDER, SEGMENTS, PERSISTENT = (
    "multi-queue-max-queues", "max-ring-page-order", "feature-max-indirect-segments",
    "feature-persistent")
Grants = tuple[int, int, int, int]

GRANTS: list[Grants] = list(itertools.product((1, 2), (0, 4), (0, 32, 256), (0, 1)))
DISKS = [f"xvd{letter}" for letter in "abcdefgh"]
# Beside those that each host has.
IMAGES = [f"/run/image{index}" for index in range(len(DISKS))]


def buffers(grants: Grants) -> int:
    """Pages that the frontend sets aside: one for each segment of each request."""
    queues, order, segments, persistent = grants
    return persistent * queues * (32 << order) * max(segments, 11)


def check(guest: Guest, grants: dict[str, Grants]) -> None:
    """Each disk in the guest uses all that it was granted, and keeps data."""
    seen = guest.ask("report")["disk"]
    log = guest.host.run("dmesg").stdout.splitlines()
    for index, (disk, granted) in enumerate(grants.items()):
        queues, order, segments, persistent = granted
        devid = 51712 + 16 * index
        said = [line for line in log if f"vbd/{guest.domid}/{devid}: using" in line]
        assert len(said) == 1, said
        in_use = (seen[disk]["queues"], int(seen[disk]["ring-page-order"] or 0),
                  int(seen[disk]["max_segments"]), int("persistent grants" in said[0]))
        assert in_use == (queues, order, segments or 11, persistent), disk

        assert guest.ask(f"disk-check {disk}")["ok"], (disk, granted)
        head = f"dd if=/dev/{disk} bs=2M count=1 iflag=direct 2>/dev/null | sha256sum"
        here = f"head -c 2M {IMAGES[index]} | sha256sum"
        assert guest.sh(head) == guest.host.run(here).stdout, (disk, granted)


def test_every_combination(host: Host) -> None:
    """All combinations of the grants that change how a disk's data travels, by eights."""
    loops = host.run("".join(f"truncate -s 16M {image} && losetup -f --show {image};"
                             for image in IMAGES)).stdout.split()
    # The frontend's memory is the guest's: no two of the largest in one guest.
    by_size = sorted(GRANTS, key=buffers, reverse=True)
    groups = len(GRANTS) // len(DISKS)
    for group in range(groups):
        grants = dict(zip(DISKS, by_size[group::groups]))
        specs = [f"phy:{loop},{disk},w," + ",".join(
            f"config-{feature}={value}" for feature, value in
            zip((QUEUES, ORDER, SEGMENTS, PERSISTENT), granted))
            for loop, (disk, granted) in zip(loops, grants.items())]
        guest = host.create(
            memory=256 + sum(map(buffers, grants.values())) * 5 // 4 // 256, disk=specs,
            extra="xen_blkfront.max_ring_page_order=4 xen_blkfront.max_indirect_segments=256")
        check(guest, grants)
        guest.destroy()


def test_in_flight(host: Host) -> None:
    """More requests than the backend has in hand, all of them large, on a disk that does not
    answer: each has its data once it does. And those of a guest that is destroyed leave
    nothing, and keep no one from the disk."""
    guest = host.create(memory=384, disk=[], vif=[], extra="xen_blkfront.max_ring_page_order=2"
                        " xen_blkfront.max_indirect_segments=256 xen_blkfront.feature_persistent=0")
    host.run("dmsetup create --noudevsync held --table"
             " \"0 $(blockdev --getsz /dev/loop0) linear /dev/loop0 0\" && dmsetup mknodes held")
    size = int(host.run("blockdev --getsize64 /dev/loop0").stdout) >> 20
    guest.attach("vbd", "phy:/dev/mapper/held,xvda,w", 51712)
    assert guest.ask("report")["disk"]["xvda"]["max_segments"] == "256"
    here = host.run(f"for n in $(seq 0 39); do dd if=/dev/loop0 bs=1M count=1"
                    f" skip=$((n % {size})) 2>/dev/null | sha256sum; done").stdout

    def read() -> None:
        """A MiB each, which the backend has all taken, and nothing comes back."""
        count = f"/sys/bus/xen-backend/devices/vbd-{guest.domid}-51712/statistics/rd_req"
        before = int(host.run(f"cat {count}").stdout)
        host.run("dmsetup suspend --nolockfs --noflush held")
        guest.sh(f"for n in $(seq 0 39); do {{ dd if=/dev/xvda bs=1M count=1 skip=$((n % {size}))"
                 " iflag=direct | sha256sum; } >/sum$n 2>/dev/null </dev/null & done;"
                 " until [ $(awk '{ print $1 }' /sys/block/xvda/inflight) -ge 40 ]; do :; done")
        host.run(f"until [ $(<{count}) -ge {before + 40} ]; do :; done")

    read()
    host.run("dmsetup resume held")
    there = guest.sh("until ! pidof dd sha256sum >/dev/null; do :; done;"
                     " for n in $(seq 0 39); do cat /sum$n; done")
    assert there == here

    read()
    path = guest.backend("vbd", 51712)
    host.run("xl destroy guest >/dev/null 2>&1 & until ! xl domid guest >/dev/null 2>&1; do :; done;"
             " dmsetup resume held; wait")
    host.wait_for({path: None})
    host.run("until dmsetup remove held; do :; done")
