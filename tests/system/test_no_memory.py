# SPDX-License-Identifier: GPL-2.0
"""Memory that dom0 does not have for a device, on a kernel that can be told to have none:
make sanitize. The connection fails with a word, and a later one works."""
from __future__ import annotations

import pytest

from frontend import Frontend, without_drivers
from host import Guest

# For the whole of a connection, which xenwatch makes; page by page, so that each of its
# allocations is once the one that fails. Not those of what came before and after it.
FAIL = """set -e
mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
cd /sys/kernel/debug/fail_page_alloc
echo N >ignore-gfp-wait; echo N >ignore-gfp-highmem; echo 0 >min-order; echo 0 >verbose
echo Y >task-filter; echo 100 >probability
echo 1 >/proc/$(pgrep -x xenwatch)/make-it-fail
echo {space} >space; echo {times} >times"""
# How many pages it gets before. The queues of an interface are one allocation of hundreds.
SPACES = [*range(40), *range(40, 2000, 23)]


@pytest.fixture(scope="module")
def guest(running: Guest) -> Guest:
    guest = without_drivers(running)
    # Of each connection pages stay granted.
    guest.sh("echo 40000 >/sys/module/xen_gntalloc/parameters/limit")
    return guest


@pytest.mark.parametrize("type_, devid, claimed, expected", [
    ("vbd", 51712, {"ring-page-order": 4}, "allocating requests"),
    ("vif", 0, {}, "allocating queues"),
])
def test_no_memory(guest: Guest, type_: str, devid: int, claimed: dict[str, int],
                   expected: str) -> None:
    device = Frontend(guest, type_, devid, {})
    errors = set()
    for space in SPACES:
        guest.host.run(FAIL.format(space=space, times=1))
        state = device.connect(claimed)
        left = guest.host.run("cat /sys/kernel/debug/fail_page_alloc/times").stdout.strip()
        guest.host.run(FAIL.format(space=0, times=0))
        if left != "0":
            break       # nothing failed any more
        if state != 4:
            assert state in (5, 6), (space, state)
            errors.add(device.error())
        device.honest()
        device.reset()
    else:
        pytest.fail(f"{SPACES[-1]} pages are not all of them")
    assert any(expected in error for error in errors), errors
