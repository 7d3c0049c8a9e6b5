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

    operations = {"write": OKAY, "flush": expected(FLUSH), "barrier": expected(BARRIER),
                  "discard": expected(DISCARD), "discard-secure": expected(DISCARD)}
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
    assert disk.connect(claimed) != 4
    assert message in disk.error()
