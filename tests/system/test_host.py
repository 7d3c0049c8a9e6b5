# SPDX-License-Identifier: GPL-2.0
"""The emulated host itself: what the other tests stand on."""
from __future__ import annotations

from host import Host

VIF = "bridge=xenbr0"
DISK = "phy:/dev/loop0,xvda,w"


def test_guest_with_two_devices(host: Host) -> None:
    guest = host.create(vif=[VIF], disk=[DISK], vcpus=2)
    report = guest.ask("report")
    net, disk = report["net"]["eth0"], report["disk"]["xvda"]
    assert (net["state"], net["rx_queues"], net["tx_queues"]) == ("4", 2, 2)
    assert (disk["state"], disk["queues"]) == ("4", 2)
    assert guest.ask("disk-check xvda")["ok"]


def test_paused_guest_shows_what_is_published(host: Host) -> None:
    guest = host.create(vif=[VIF], disk=[DISK], paused=True)
    assert host.read(f"{guest.backend('vif', 0)}/multi-queue-max-queues") == "2"
    assert host.read(f"{guest.backend('vbd', 51712)}/multi-queue-max-queues") == "2"
    assert host.read(f"{guest.backend('vif', 0)}/no-such-node") is None


def test_guest_may_not_read_what_is_not_its_own(host: Host) -> None:
    guest = host.create()
    assert guest.ask("xs-read /local/domain/0/name") == {"error": "EACCES"}
    assert guest.ask("xs-read device/vif/7/state") == {"error": "ENOENT"}
    assert guest.ask("xs-read domid") == {"value": str(guest.domid)}


def test_debians_hotplug_scripts(host: Host) -> None:
    """The host has quick hotplug scripts; with Debian's own it is the same job."""
    host.run("cd /etc/xen/scripts && for script in block vif-bridge; do"
             " mv $script.debian $script; done")
    guest = host.create(vif=[f"{VIF},config-multi-queue-max-queues=1"],
                        disk=[f"{DISK},config-multi-queue-max-queues=1"])
    seen = guest.ask("report")
    assert seen["net"]["eth0"]["tx_queues"] == 1 and seen["disk"]["xvda"]["queues"] == 1
    assert guest.ask("disk-check xvda")["ok"]
