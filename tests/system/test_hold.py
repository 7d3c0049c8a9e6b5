# SPDX-License-Identifier: GPL-2.0
"""A frontend that uses more than it was granted does not get it.

The frontend is Linux's own, which believes what is published; so that it asks for
too much, what is published is written over before the guest runs. What the backend
granted is in its memory, where nobody can write.
"""
from __future__ import annotations

import pytest

from host import Guest, Host


def deceived(host: Host, device: str, granted: dict[str, int], published: dict[str, int],
             extra: str = "") -> tuple[Guest, str]:
    """A guest whose one device was granted less than it will be told, not running yet."""
    keys = "".join(f",config-{name}={value}" for name, value in granted.items())
    if device == "vif":
        guest = host.create(paused=True, extra=extra, vif=[f"bridge=xenbr0{keys}"])
    else:
        guest = host.create(paused=True, extra=extra, disk=[f"phy:/dev/loop0,xvda,w{keys}"])
    backend = guest.backend(*guest.devices()[0])
    for name, value in granted.items():
        assert host.read(f"{backend}/{name}") == str(value)
    for name, value in published.items():
        host.write(f"{backend}/{name}", str(value))
    return guest, backend


@pytest.mark.parametrize("device, feature, granted, published, message", [
    ("vif", "multi-queue-max-queues", 1, 2, "guest requested 2 queues, but valid range is 1 - 1"),
    ("vbd", "multi-queue-max-queues", 1, 2, "guest requested 2 queues, exceeding the maximum of 1"),
    ("vbd", "max-ring-page-order", 2, 4, "requested ring page order 4 exceed max:2"),
])
def test_too_much(host: Host, device: str, feature: str, granted: int, published: int,
                  message: str) -> None:
    """Numbers: the connection fails, with the error that a module parameter's limit gives."""
    guest, backend = deceived(host, device, {feature: granted}, {feature: published},
                              "xen_blkfront.max_ring_page_order=4")
    guest.unpause()
    error = backend.replace("/backend/", "/error/backend/") + "/error"
    host.wait_for({error: f".*{message}.*"}, timeout=60)


def test_segments(host: Host) -> None:
    """An indirect request that is too long is answered with an error; the ring lives on."""
    feature = "feature-max-indirect-segments"
    guest, _ = deceived(host, "vbd", {feature: 16}, {feature: 64},
                        "xen_blkfront.max_indirect_segments=64")
    guest.unpause()
    guest.connected()
    assert guest.ask("report")["disk"]["xvda"]["max_segments"] == "64"

    direct = "dd if=/dev/zero of=/dev/xvda oflag=direct count=1"
    assert "error" in guest.ask(f"sh {direct} bs=256k")["out"].lower()
    assert guest.ask(f"sh {direct} bs=64k")["rc"] == 0
    assert guest.ask(f"sh {direct} bs=4k")["rc"] == 0


def test_no_indirect_requests(host: Host) -> None:
    """Granted none, every indirect request fails, and every other one is served."""
    feature = "feature-max-indirect-segments"
    guest, _ = deceived(host, "vbd", {feature: 0}, {feature: 32})
    guest.unpause()
    guest.connected()
    direct = "dd if=/dev/zero of=/dev/xvda oflag=direct count=1"
    assert "error" in guest.ask(f"sh {direct} bs=64k")["out"].lower()
    assert guest.ask(f"sh {direct} bs=44k")["rc"] == 0


@pytest.mark.parametrize("granted", [1, 0])
def test_large_packets(host: Host, granted: int) -> None:
    """A large packet that was not granted is dropped and counted; the others arrive."""
    guest, _ = deceived(host, "vif", {"feature-gso-tcpv4": granted}, {"feature-gso-tcpv4": 1})
    guest.unpause()
    guest.connected()
    assert guest.ask("report")["net"]["eth0"]["features"]["tso"]["on"]

    host.run("ip addr add 10.0.0.1/24 dev xenbr0")
    guest.ask("sh ip addr add 10.0.0.2/24 dev eth0; ip link set eth0 up")
    assert guest.ask("sh ping -c 3 -w 60 10.0.0.1")["rc"] == 0
    # Its input stays open: an end of file there would end the guest's nc.
    host.run("tail -f /dev/null 2>/dev/null | busybox nc -l -p 5001 >/root/received 2>/dev/null &"
             "echo $! >/root/nc.pid")
    sent = guest.ask("sh dd if=/dev/zero bs=64k count=8 | nc -w 60 10.0.0.1 5001")
    assert sent["rc"] == 0, sent

    statistics = host.run(f"ethtool -S vif{guest.domid}.0").stdout
    dropped = next(int(line.split(":")[1]) for line in statistics.splitlines()
                   if "tx_not_granted" in line)
    assert (dropped > 0) == (not granted), statistics
    # TCP sends again in small packets what was dropped.
    host.run("tail --pid=$(cat /root/nc.pid) -f /dev/null")
    assert len(host.get("/root/received")) == 8 * 65536
