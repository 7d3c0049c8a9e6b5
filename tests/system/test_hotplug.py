# SPDX-License-Identifier: GPL-2.0
"""Devices that come to, and go from, a running guest."""
from __future__ import annotations

import pytest

from host import Guest

QUEUES = "multi-queue-max-queues"


@pytest.mark.kinds
def test_network(guest: Guest) -> None:
    """Attach with a request, detach, attach without one: nothing is left of it."""
    host = guest.host
    host.run(f"xl network-attach guest bridge=xenbr0 config-{QUEUES}=1 config-feature-sg=0")
    guest.connected()
    assert guest.ask("report")["net"]["eth0"]["tx_queues"] == 1
    libxl = f"/libxl/{guest.domid}/device/vif/0"
    expected = {QUEUES: "1", "feature-sg": "0"}
    assert guest.requests("vif", 0) == (expected, {})
    assert host.tree(f"{guest.backend('vif', 0)}/config") == expected

    guest.detach("vif", 0)
    host.run("xl network-attach guest bridge=xenbr0")
    guest.connected()
    assert guest.ask("report")["net"]["eth0"]["tx_queues"] == 2
    assert "config" not in host.list(libxl)
    assert "config" not in host.list(guest.backend("vif", 0))


@pytest.mark.kinds
def test_block(guest: Guest) -> None:
    host = guest.host
    host.run(f"xl block-attach guest phy:/dev/loop0,xvda,w,config-{QUEUES}=1,"
             "config-max-ring-page-order=0")
    guest.connected()
    seen = guest.ask("report")["disk"]["xvda"]
    assert seen["queues"] == 1 and seen["ring-page-order"] in (None, "0")
    libxl = f"/libxl/{guest.domid}/device/vbd/51712"
    assert guest.requests("vbd", 51712) == ({QUEUES: "1", "max-ring-page-order": "0"}, {})

    guest.detach("vbd", 51712)
    host.run("xl block-attach guest phy:/dev/loop0,xvda,w")
    guest.connected()
    seen = guest.ask("report")["disk"]["xvda"]
    assert seen["queues"] == 2 and seen["ring-page-order"] == "4"
    assert "config" not in host.list(libxl)
    assert guest.ask("disk-check xvda")["ok"]
