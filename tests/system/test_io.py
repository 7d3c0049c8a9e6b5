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
