# SPDX-License-Identifier: GPL-2.0
"""What a disk was not granted, its frontend does not get, whatever it claims and asks."""
from __future__ import annotations

import pytest

from frontend import Frontend, without_drivers
from host import Guest

OKAY, ERROR, EOPNOTSUPP = 0, -1, -2
FLUSH, BARRIER, DISCARD = "feature-flush-cache", "feature-barrier", "feature-discard"
SEGMENTS = "feature-max-indirect-segments"
QUEUES, ORDER = "multi-queue-max-queues", "max-ring-page-order"


@pytest.fixture(scope="module")
def guest(running: Guest) -> Guest:
    return without_drivers(running)


@pytest.mark.parametrize("devid, requested", [
    (51712, {}),
    (51728, {FLUSH: 0, DISCARD: 0, SEGMENTS: 16}),
    (51744, {BARRIER: 0, SEGMENTS: 0}),
], ids=["granted", "flush,discard,segments", "barrier,indirect"])
def test_operations(guest: Guest, devid: int, requested: dict[str, int]) -> None:
    """Each operation is done as far as it was granted; the ring lives on after each."""
    disk = Frontend(guest, "vbd", devid, requested)
    claimed = {} if requested else {"multi-queue-num-queues": 2, "ring-page-order": 4}
    assert disk.connect(claimed) == 4

    def expected(feature: str) -> int:
        return EOPNOTSUPP if feature in requested else OKAY

    operations = {"write": OKAY, "flush": expected(FLUSH), "flush-data": expected(FLUSH), "barrier": expected(BARRIER),
                  # The device has no secure discard, so that it was offered to none.
                  "discard": expected(DISCARD), "discard-secure": EOPNOTSUPP}
    limit = requested.get(SEGMENTS, 256)
    for segments in (1, 16, 17, 256, 257):
        operations[f"indirect={segments}"] = OKAY if segments <= limit else ERROR
    words = [word for operation in operations for word in (operation, "read")]
    statuses = disk.do(*words)
    assert dict(zip(operations, statuses[::2])) == operations
    assert set(statuses[1::2]) == {OKAY}, statuses


@pytest.mark.parametrize("devid, requested, claimed, message", [
    (51760, QUEUES, {"multi-queue-num-queues": 2},
     "guest requested 2 queues, exceeding the maximum of 1."),
    (51776, ORDER, {"ring-page-order": 2}, "requested ring page order 2 exceed max:1"),
])
def test_too_much(guest: Guest, devid: int, requested: str, claimed: dict[str, int],
                  message: str) -> None:
    """Numbers: the connection fails, with the error that a module parameter's limit gives."""
    disk = Frontend(guest, "vbd", devid, {requested: 1})
    disk.connect(claimed)
    assert message in disk.error()
    assert disk.state() in ("5", "6")
    disk.honest()


@pytest.mark.kinds
def test_not_offered(guest: Guest) -> None:
    """What the backend does not publish as 1 it does not do, whatever the reason: the
    disk's own options, or what its device can."""
    host = guest.host
    host.run("modprobe dm-zero && dmsetup create --noudevsync nocache --table '0 2048 zero'")
    disks = [
        Frontend(guest, "vbd", 51792, {}, options=["no-discard"]),
        Frontend(guest, "vbd", 51808, {}, target="phy:/dev/dm-0"),
    ]
    nodes = {"flush": FLUSH, "barrier": BARRIER, "discard": DISCARD,
             "discard-secure": "discard-secure"}
    offers = []
    for disk in disks:
        assert disk.connect({}) == 4
        published = host.tree(disk.backend)
        offered = [published.get(node) == "1" for node in nodes.values()]
        offers.append(offered)
        statuses = disk.do(*(word for operation in nodes for word in (operation, "read")))
        assert dict(zip(nodes, statuses[::2])) == {
            operation: OKAY if offer else EOPNOTSUPP for operation, offer in zip(nodes, offered)}
        assert set(statuses[1::2]) == {OKAY}, statuses
        # Once more: what was offered is not what another connection left.
        disk.honest()
        assert disk.do(*nodes) == statuses[::2]
    assert offers[0] == [True, True, False, False]
    assert offers[1][:2] == [False, False]


def test_no_ring_ref(guest: Guest) -> None:
    """The connection fails and says why, and leaves nothing in dom0's log but that."""
    disk = Frontend(guest, "vbd", 51824, {})
    frontend = guest.frontend("vbd", 51824)
    two = {"multi-queue-num-queues": 2}
    for claimed, message in (
            ({"ring-ref": "none"}, f"reading {frontend}/ring-ref"),
            ({"ring-ref": 999999}, "mapping ring-ref port"),
            ({"event-channel": "none"}, f"reading {frontend}/event-channel"),
            ({**two, "queue-1/ring-ref": "none"}, f"reading {frontend}/queue-1/ring-ref"),
            ({**two, "queue-1/ring-ref": 999999}, "mapping ring-ref port"),
            ({**two, "queue-0/event-channel": "none"},
             f"reading {frontend}/queue-0/event-channel")):
        assert disk.connect(claimed) != 4, claimed
        assert message in disk.error(), claimed
        disk.honest()
        disk.reset()


def test_no_indirect_node(guest: Guest) -> None:
    """A backend without indirect requests should not create it, says blkif.h."""
    disk = Frontend(guest, "vbd", 51840, {SEGMENTS: 0})
    assert disk.connect({}) == 4
    assert guest.host.read(f"{disk.backend}/granted") == f"{SEGMENTS}=0"
    assert guest.host.read(f"{disk.backend}/{SEGMENTS}") is None
