# SPDX-License-Identifier: GPL-2.0
"""Memory that dom0 does not have for a device, on a kernel that can be told to have none:
make sanitize. A connection fails with a word, and a later one works; what is connected goes
on with what it has."""
from __future__ import annotations

import pytest

from frontend import Frontend, without_drivers
from host import Guest, Host

# Of the tasks of a name; after so much, pages or bytes, so many times (-1: always). Once
# for each allocation of a connection, which xenwatch makes, it is the one that fails. Not
# those of what came before and after it.
FAIL = """set -e
mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
cd /sys/kernel/debug/{place}
echo N >ignore-gfp-wait; echo 0 >verbose; echo Y >task-filter; echo 100 >probability
[ ! -e min-order ] || {{ echo N >ignore-gfp-highmem; echo 0 >min-order; }}
[ ! -e cache-filter ] || {{ echo Y >cache-filter; grep -qx 1 /sys/kernel/slab/kmalloc-2k/failslab; }}
for task in $(pgrep '{tasks}'); do echo 1 >/proc/$task/make-it-fail; done
echo {space} >space; echo {times} >times"""
XENWATCH = "^xenwatch$"
# The queues of an interface are one allocation of hundreds of pages; a disk's requests are
# many of a KiB, more with what lockdep adds. (Where all of slab may fail, xenbus loses events: the
# kernel's command line says which caches may.)
PAGES = [*range(40), *range(40, 2000, 23)]
BYTES = range(0, 100_000, 1000)


@pytest.fixture(scope="module")
def guest(running: Guest) -> Guest:
    guest = without_drivers(running)
    # Of each connection pages stay granted.
    guest.sh("echo 40000 >/sys/module/xen_gntalloc/parameters/limit")
    return guest


@pytest.mark.parametrize("type_, devid, claimed, place, spaces, expected", [
    ("vbd", 51712, {"ring-page-order": 4}, "failslab", BYTES, "allocating requests"),
    ("vbd", 51728, {"ring-page-order": 4}, "fail_page_alloc", PAGES, ""),
    ("vif", 0, {}, "fail_page_alloc", PAGES, "allocating queues"),
])
def test_no_memory(guest: Guest, type_: str, devid: int, claimed: dict[str, int], place: str,
                   spaces: list[int], expected: str) -> None:
    device = Frontend(guest, type_, devid, {})
    errors = {""}
    for space in spaces:
        guest.host.run(FAIL.format(place=place, tasks=XENWATCH, space=space, times=1))
        state = device.connect(claimed)
        left = guest.host.run(f"cat /sys/kernel/debug/{place}/times").stdout.strip()
        guest.host.run(FAIL.format(place=place, tasks=XENWATCH, space=0, times=0))
        if left != "0":
            break       # nothing failed any more
        if state != 4:
            assert state in (5, 6), (space, state)
            errors.add(device.error())
        device.honest()
        device.reset()
    else:
        pytest.fail(f"{spaces[-1]} is not all of it")
    assert any(expected in error for error in errors), errors


def test_no_memory_for_large_requests(host: Host) -> None:
    """Neither for requests nor for the arrays of large ones: they come one after the other,
    and all have their data."""
    guest = host.create(memory=256, disk=["phy:/dev/loop0,xvda,w"], vif=[],
                        extra="xen_blkfront.max_ring_page_order=2"
                        " xen_blkfront.max_indirect_segments=256 xen_blkfront.feature_persistent=0")
    read = ("for n in $(seq 0 31); do { dd if=/dev/xvda bs=1M count=1 skip=$((n % 16)) iflag=direct"
            " | sha256sum; } >/sum$n 2>/dev/null </dev/null & done;"
            " until ! pidof dd sha256sum >/dev/null; do :; done;"
            " for n in $(seq 0 31); do cat /sum$n; done")
    # The pages to map to, and the reserve, are there after this.
    expected = guest.sh(read)
    for place in ("fail_page_alloc", "failslab"):
        host.run(FAIL.format(place=place, tasks=r"\.xvda-", space=0, times=100000))
    assert guest.sh(read) == expected
    for place in ("fail_page_alloc", "failslab"):
        left = host.run(f"cat /sys/kernel/debug/{place}/times").stdout.strip()
        host.run(FAIL.format(place=place, tasks=r"\.xvda-", space=0, times=0))
        assert place == "failslab" or left != "100000", "nothing failed"
    assert guest.sh(read) == expected
