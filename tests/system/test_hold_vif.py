# SPDX-License-Identifier: GPL-2.0
"""What an interface was not granted, its frontend does not get, whatever it claims and
sends. The interfaces share what is requested so that each feature is refused on one of
them, and seen there by something that the other requests on it do not touch."""
from __future__ import annotations

import itertools
import struct
from typing import Any

import pytest

from frontend import Frontend, without_drivers
from host import Guest

OKAY, ERROR = 0, -1
CSUM_BLANK = 1
TCPV4, TCPV6 = 1, 2
XDP_EXTRA, HEADROOM = "5", 256

SG, GSO4, GSO6 = "feature-sg", "feature-gso-tcpv4", "feature-gso-tcpv6"
CSUM6, NO_CSUM = "feature-ipv6-csum-offload", "feature-no-csum-offload"
MULTICAST = "feature-multicast-control"
DYNAMIC = "feature-dynamic-multicast-control"
CTRL_RING, SPLIT = "feature-ctrl-ring", "feature-split-event-channels"
XDP = "feature-xdp-headroom"

# Each of these takes something away from the frontend.
REQUESTED = [
    {},
    {GSO4: 0, CSUM6: 0, MULTICAST: 0},
    {GSO6: 0, NO_CSUM: 1, DYNAMIC: 0, CTRL_RING: 0, SPLIT: 0},
    {SG: 0, XDP: 0},
]
CLAIMED = {
    SG: 1, GSO4: 1, GSO6: 1, CSUM6: 1, "request-multicast-control": 1,
    "ctrl-ring-ref": "ring", "event-channel-ctrl": "port",
    "event-channel-tx": "port", "event-channel-rx": "port", "xdp-headroom": HEADROOM,
}


def ethernet(destination: str, protocol: int) -> bytes:
    return bytes.fromhex(destination) + bytes.fromhex("020000000001") + struct.pack("!H", protocol)


def tcp(version: int, size: int) -> str:
    """A TCP packet of that size, to an address that no bridge forwards."""
    if version == 4:
        headers = ethernet("0180c200000e", 0x0800) + struct.pack(
            "!BBHHHBBH8x", 0x45, 0, size - 14, 0, 0, 64, 6, 0)
    else:
        headers = ethernet("0180c200000e", 0x86dd) + struct.pack(
            "!IHBB32x", 6 << 28, size - 54, 6, 64)
    headers += struct.pack("!HHIIBBHHH", 1, 2, 0, 0, 5 << 4, 0, 0, 0, 0)
    return f"frame={headers.hex()},size={size}"


# A packet and what it needs.
PACKETS = [
    (tcp(4, 100), set()),
    (tcp(6, 100), set()),
    (f"{tcp(4, 100)},flags={CSUM_BLANK}", set()),
    (f"{tcp(6, 100)},flags={CSUM_BLANK}", {CSUM6}),
    # Without scatter-gather, too, linear data may cross a page.
    (f"{tcp(4, 1518)},slots=2", set()),
    (tcp(4, 1519), {SG}),
    (f"{tcp(4, 1519)},slots=2", {SG}),
    (f"{tcp(4, 1000)},slots=3", {SG}),
    (f"{tcp(4, 1400)},gso={TCPV4},flags={CSUM_BLANK}", {GSO4}),
    (f"{tcp(6, 1400)},gso={TCPV6},flags={CSUM_BLANK}", {GSO6, CSUM6}),
    # Its segments' checksums would be completed all the same.
    (f"{tcp(6, 1400)},gso={TCPV6}", {GSO6, CSUM6}),
]

# What dom0 may leave undone in a packet to the guest, and what that needs.
TO_GUEST = {
    "tx-scatter-gather": {SG},
    "tx-tcp-segmentation": {GSO4, SG, NO_CSUM},
    "tx-tcp6-segmentation": {GSO6, SG, CSUM6},
    "tx-checksum-ipv4": {NO_CSUM},
    "tx-checksum-ipv6": {CSUM6},
}


@pytest.fixture(scope="module")
def guest(running: Guest) -> Guest:
    return without_drivers(running)


@pytest.fixture(scope="module")
def vifs(guest: Guest) -> list[Frontend]:
    """Connected, and dom0's bridge forwards to them."""
    vifs = [Frontend(guest, "vif", devid, requested) for devid, requested in enumerate(REQUESTED)]
    for vif in vifs:
        assert vif.connect(CLAIMED) == 4
    for vif in vifs:
        guest.host.run(f"until [ $(cat /sys/class/net/{vif.name}/brport/state) = 3 ]; do"
                       " sleep 0.05; done")
    return vifs


def refused(vif: Frontend, needs: set[str]) -> bool:
    return bool(needs & vif.requested.keys())


def offloads(vif: Frontend) -> dict[str, bool]:
    """What of TO_GUEST is on in dom0."""
    lines = vif.host.run(f"ethtool -k {vif.name}").stdout.splitlines()
    states = dict(line.strip().split(": ") for line in lines[1:])
    return {name: states[name].startswith("on") for name in TO_GUEST}


@pytest.mark.parametrize("devid", range(len(REQUESTED)))
def test_from_guest(vifs: list[Frontend], devid: int) -> None:
    """What was not granted is dropped and counted, all else goes on."""
    vif = vifs[devid]
    before = vif.statistics()
    statuses = vif.send(*(packet for packet, _ in PACKETS))
    after = vif.statistics()

    # A checksum is looked at when the packet was taken.
    assert statuses == [ERROR if refused(vif, needs - {CSUM6}) else OKAY for _, needs in PACKETS]
    dropped = sum(refused(vif, needs) for _, needs in PACKETS)
    assert after["tx_not_granted"] - before["tx_not_granted"] == dropped
    assert after["rx_packets"] - before["rx_packets"] == len(PACKETS) - dropped


@pytest.mark.parametrize("devid", range(len(REQUESTED)))
def test_to_guest(vifs: list[Frontend], devid: int) -> None:
    """A flag of the frontend counts only together with the granted one."""
    vif = vifs[devid]
    assert offloads(vif) == {name: not refused(vif, needs) for name, needs in TO_GUEST.items()}


def test_to_guest_without_flags(guest: Guest) -> None:
    """Where the frontend does not ask for copies, the backend never reads its flags."""
    vif = Frontend(guest, "vif", 4, {SG: 0, NO_CSUM: 1})
    assert vif.connect({"request-rx-copy": 0}) == 4
    assert not any(offloads(vif).values())


def test_event_channels(vifs: list[Frontend]) -> None:
    """One for each queue instead of two, and none of a control ring, if not granted."""
    lines = vifs[0].host.run("cat /proc/interrupts").stdout.splitlines()
    names = [line.split()[-1] for line in lines]
    for vif in vifs:
        expected = ["-q0"] if SPLIT in vif.requested else ["-q0-rx", "-q0-tx"]
        assert sorted(name for name in names if name.startswith(f"{vif.name}-")) == [
            vif.name + end for end in expected], vif.requested
    assert names.count("xen-netback-ctrl") == sum(
        CTRL_RING not in vif.requested for vif in vifs)


numbers = itertools.count()


def forward(sender: Frontend, vif: Frontend, destination: str) -> dict[str, Any] | None:
    """What arrives of a frame that dom0's bridge forwards from one interface of the
    guest to another, or None if the one after it comes without it."""
    # In a protocol for experiments: other frames come from dom0 itself.
    frame, end = (ethernet(to, 0x88b5).hex() + f"{next(numbers):08x}"
                  for to in (destination, "ffffffffffff"))
    assert sender.send(f"frame={frame},size=60", f"frame={end},size=60") == [OKAY, OKAY]
    return next((packet for packet in vif.receive(end) if packet["frame"].startswith(frame)), None)


def test_headroom(vifs: list[Frontend]) -> None:
    for vif in (vifs[0], vifs[3]):
        packet = forward(vifs[1], vif, "ffffffffffff")
        assert packet, vif.requested
        headroom = packet["extras"].get(XDP_EXTRA, [0])[0]
        assert headroom == (0 if XDP in vif.requested else HEADROOM), packet


def test_multicast_control(vifs: list[Frontend]) -> None:
    """All asked, when they connected, for none but the addresses that they name."""
    named, other = "030000000001", "030000000002"
    both, no_control, not_dynamic, sender = vifs
    # Dom0 has looked at each of these requests before it connected the sender.
    assert not forward(sender, both, named)
    assert forward(sender, no_control, named)
    assert not forward(sender, not_dynamic, named)

    assert both.send(f"mcast-add={named}") == [OKAY]
    assert no_control.send(f"mcast-add={named}") == [ERROR]
    assert forward(sender, both, named)
    assert not forward(sender, both, other)

    # Dom0 looks at what changed one by one: if the second of these counts, the first
    # one never will.
    not_dynamic.write("request-multicast-control", 0)
    both.write("request-multicast-control", 0)
    assert any(forward(sender, both, other) for _ in range(20))
    assert not forward(sender, not_dynamic, other)


def test_too_many_queues(guest: Guest) -> None:
    """The connection fails, with the error that a module parameter's limit gives."""
    vif = Frontend(guest, "vif", 5, {"multi-queue-max-queues": 1})
    vif.connect({"multi-queue-num-queues": 2})
    assert "guest requested 2 queues, but valid range is 1 - 1." in vif.error()
    assert not vif.host.run(f"grep {vif.name}- /proc/interrupts", check=False).stdout
