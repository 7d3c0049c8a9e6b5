# SPDX-License-Identifier: GPL-2.0
"""What an interface was not granted, its frontend does not get, whatever it claims and
sends. The interfaces share what is requested so that each feature is refused on one of
them, and seen there by something that the other requests on it do not touch."""
from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Iterable
from typing import Any

import pytest

from frontend import Frontend, without_drivers
from host import ACCESS_LOG, Guest

OKAY, ERROR = 0, -1
CSUM_BLANK, RX_CSUM_BLANK = 1, 2
TCPV4, TCPV6 = 1, 2
TCP, UDP = 6, 17
HASH_EXTRA, XDP_EXTRA, HEADROOM = "4", "5", 256
# Of the control ring, see Xen's io/netif.h.
SET_HASH_FLAGS, SET_HASH_MAPPING_SIZE, SET_HASH_ALGORITHM = 2, 5, 7
TOEPLITZ, HASH_IPV4, INVALID_PARAMETER = 1, 1, 2
# An interface whose frontends are refused, and those with a request of their own.
REFUSED, NO_FLAGS, TOO_FAR, ROOM, COMPLETED, NO_SG, NO_CSUM6, LARGE, HASHED = range(4, 13)

SG, GSO4, GSO6 = "feature-sg", "feature-gso-tcpv4", "feature-gso-tcpv6"
CSUM6, NO_CSUM = "feature-ipv6-csum-offload", "feature-no-csum-offload"
MULTICAST = "feature-multicast-control"
DYNAMIC = "feature-dynamic-multicast-control"
CTRL_RING, SPLIT = "feature-ctrl-ring", "feature-split-event-channels"
XDP = "feature-xdp-headroom"
QUEUES = "multi-queue-max-queues"

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


def tcp(version: int, size: int, tags: int = 0, protocol: int = TCP) -> str:
    """A TCP packet, or of another protocol, of that size, to an address that no bridge
    forwards."""
    ethertype = 0x0800 if version == 4 else 0x86dd
    vlans = b"".join(struct.pack("!HH", 0x8100, tag + 1) for tag in range(tags))
    inner = size - 14 - len(vlans)
    headers = bytearray(ethernet("0180c200000e", ethertype))
    headers[12:12] = vlans
    if version == 4:
        headers += struct.pack("!BBHHHBBH8x", 0x45, 0, inner, 0, 0, 64, protocol, 0)
    else:
        headers += struct.pack("!IHBB32x", 6 << 28, inner - 40, protocol, 64)
    if protocol == TCP:
        headers += struct.pack("!HHIIBBHHH", 1, 2, 0, 0, 5 << 4, 0, 0, 0, 0)
    else:
        headers += struct.pack("!HHHH", 1, 2, inner - (20 if version == 4 else 40), 0)
    return f"frame={headers.hex()},size={size}"


# A packet, what it needs by what it says of itself, and by what it is when it was copied.
LARGE4, LARGE6 = {GSO4, SG, NO_CSUM}, {GSO6, SG, CSUM6}
PACKETS: list[tuple[str, set[str], set[str]]] = [
    (tcp(4, 100), set(), set()),
    (tcp(6, 100), set(), set()),
    (f"{tcp(4, 100)},flags={CSUM_BLANK}", set(), set()),
    (f"{tcp(6, 100)},flags={CSUM_BLANK}", set(), {CSUM6}),
    # However the frontend cut it up: what the MTU allows, and two tags beside it.
    (f"{tcp(4, 1514)},slots=2", set(), set()),
    (f"{tcp(4, 1000)},slots=3", set(), set()),
    (f"{tcp(6, 1000)},slots=18", set(), set()),
    (tcp(4, 1522, tags=2), set(), set()),
    (f"{tcp(6, 1522, tags=2)},slots=3", set(), set()),
    (tcp(4, 1523, tags=2), {SG}, set()),
    (f"{tcp(4, 1523, tags=2)},slots=3", {SG}, set()),
    (f"{tcp(4, 1400)},gso={TCPV4},flags={CSUM_BLANK}", LARGE4, set()),
    (f"{tcp(6, 1400)},gso={TCPV6},flags={CSUM_BLANK}", LARGE6, set()),
    # Its segments' checksums would be completed all the same.
    (f"{tcp(6, 1400)},gso={TCPV6}", LARGE6, set()),
]
# It says that it is of another protocol.
MISLABELLED = [
    (f"{tcp(6, 1400)},gso={TCPV4},flags={CSUM_BLANK}", LARGE4),
    (f"{tcp(6, 1400)},gso={TCPV4}", LARGE4),
    (f"{tcp(4, 1400)},gso={TCPV6},flags={CSUM_BLANK}", LARGE6),
    (f"{tcp(4, 1400)},gso={TCPV6}", LARGE6),
    (f"{tcp(4, 1400, protocol=UDP)},gso={TCPV4},flags={CSUM_BLANK}", LARGE4),
    (f"{tcp(6, 1400, protocol=UDP)},gso={TCPV6},flags={CSUM_BLANK}", LARGE6),
]

# What dom0 may leave undone in a packet to the guest, and what that needs.
TO_GUEST = {
    "tx-scatter-gather": {SG},
    "tx-tcp-segmentation": LARGE4,
    "tx-tcp6-segmentation": LARGE6,
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
    forwarding(vifs)
    return vifs


def forwarding(vifs: Iterable[Frontend]) -> None:
    """Once the bridge forwards to them."""
    for vif in vifs:
        vif.host.run(f"until [ $(cat /sys/class/net/{vif.name}/brport/state) = 3 ]; do"
                     " sleep 0.05; done")


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
    statuses = vif.send(*(packet for packet, _, _ in PACKETS))
    after = vif.statistics()

    assert statuses == [ERROR if refused(vif, says) else OKAY for _, says, _ in PACKETS]
    dropped = sum(refused(vif, says | is_) for _, says, is_ in PACKETS)
    assert after["tx_not_granted"] - before["tx_not_granted"] == dropped
    assert after["rx_packets"] - before["rx_packets"] == len(PACKETS) - dropped
    # Without scatter-gather no page of the guest is mapped.
    assert (after["tx_zerocopy_sent"] > before["tx_zerocopy_sent"]) == (SG not in vif.requested)


@pytest.mark.kinds
@pytest.mark.parametrize("devid", range(len(REQUESTED)))
def test_mislabelled(vifs: list[Frontend], devid: int) -> None:
    """A large packet that is not of the protocol that it is said to be is dropped and
    counted, by every device. Refused is what it says that it is, where that is not granted."""
    vif = vifs[devid]
    before = vif.statistics()
    vif.send(*(packet for packet, _ in MISLABELLED))
    after = vif.statistics()
    assert after["rx_packets"] == before["rx_packets"]
    not_granted = sum(refused(vif, says) for _, says in MISLABELLED)
    assert after["tx_not_granted"] - before["tx_not_granted"] == not_granted
    assert after["tx_bad_gso"] - before["tx_bad_gso"] == len(MISLABELLED) - not_granted


@pytest.mark.parametrize("devid", range(len(REQUESTED)))
def test_to_guest(vifs: list[Frontend], devid: int) -> None:
    """A flag of the frontend counts only together with the granted one."""
    vif = vifs[devid]
    assert offloads(vif) == {name: not refused(vif, needs) for name, needs in TO_GUEST.items()}


def test_to_guest_without_flags(guest: Guest) -> None:
    """Where the frontend does not ask for copies, the backend never reads its flags."""
    vif = Frontend(guest, "vif", NO_FLAGS, {SG: 0, NO_CSUM: 1})
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
BROADCAST = "ff" * 6


def arrives(sender: Frontend, vif: Frontend, packet: str, begin: str) -> dict[str, Any] | None:
    """What arrives of a packet that dom0's bridge forwards from one interface of the
    guest to another, and begins so; or None if the one after it comes without it."""
    # In a protocol for experiments: other frames come from dom0 itself.
    end = ethernet(BROADCAST, 0x88b5).hex() + f"{next(numbers):08x}"
    assert sender.send(packet, f"frame={end},size=60") == [OKAY, OKAY]
    return next((seen for seen in vif.receive(end) if seen["frame"].startswith(begin)), None)


def forward(sender: Frontend, vif: Frontend, destination: str = BROADCAST,
            words: str = "size=60") -> dict[str, Any] | None:
    frame = ethernet(destination, 0x88b5).hex() + f"{next(numbers):08x}"
    return arrives(sender, vif, f"frame={frame},{words}", frame)


@pytest.mark.kinds
def test_slots_without_sg(vifs: list[Frontend]) -> None:
    """However a packet was cut up, it arrives whole."""
    for words, size in (("size=1000,slots=3", 1000), ("size=900,slots=18", 900),
                        ("size=1514,slots=5", 1514)):
        packet = forward(vifs[3], vifs[0], words=words)
        assert packet and packet["size"] == size, words
        sent = bytes(n % 251 for n in range(size))
        assert bytes.fromhex(packet["frame"])[18:] == sent[18:], words


def test_headroom(vifs: list[Frontend]) -> None:
    for vif in (vifs[0], vifs[3]):
        packet = forward(vifs[1], vif)
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


def test_headroom_bound(guest: Guest, vifs: list[Frontend]) -> None:
    """No more than a program can use: each slot has that much less for the packet."""
    vif = Frontend(guest, "vif", ROOM, {})
    for headroom in (HEADROOM + 1, 4095, 0x7fff):
        assert vif.connect({"xdp-headroom": headroom}) == 4
        forwarding([vif])
        packet = forward(vifs[1], vif)
        assert packet and packet["slots"] == 1, headroom
        assert packet["extras"][XDP_EXTRA][0] == HEADROOM, headroom
        vif.reset()


def internet_sum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return total


def test_checksum_completed(guest: Guest, vifs: list[Frontend]) -> None:
    """Where it is not to be left to others, dom0 makes it before the packet goes on."""
    size = 301
    for protocol, offset in ((TCP, 16), (UDP, 6)):
        for vif in vifs:
            length = size - 34
            pseudo = struct.pack("!IIHH", 0x0a090901, 0x0a090902, protocol, length)
            segment = bytearray(struct.pack("!HHIIBBHHH", 1, 2, 0, 0, 5 << 4, 0, 0, 0, 0)
                                if protocol == TCP else struct.pack("!HHHH", 1, 2, length, 0))
            segment[offset:offset + 2] = struct.pack("!H", internet_sum(pseudo))
            ip = struct.pack("!BBHHHBBH", 0x45, 0, size - 14, next(numbers), 0, 64, protocol, 0)
            begin = ethernet(BROADCAST, 0x0800) + ip + pseudo[:8]
            frame = (begin + segment).hex()
            receiver = vifs[1 if vif is vifs[0] else 0]
            seen = arrives(vif, receiver, f"frame={frame},size={size},flags={CSUM_BLANK}",
                           begin.hex())
            assert seen and seen["size"] == size, vif.requested
            blank = bool(seen["flags"] & RX_CSUM_BLANK)
            assert blank == (NO_CSUM not in vif.requested), (protocol, vif.requested)
            if not blank:
                assert internet_sum(pseudo + bytes.fromhex(seen["frame"])[34:]) == 0xffff

    # Those of a large packet are many, and made by whoever cuts it.
    vif = Frontend(guest, "vif", COMPLETED, {NO_CSUM: 1, GSO4: 1})
    published = guest.host.tree(vif.backend)
    assert published[GSO4] == "0" and published[GSO6] == "1"
    assert sorted(published["granted"].split(" ")) == [f"{GSO4}=0", f"{NO_CSUM}=1"]
    # Nor is it tried of one that says that it is of the protocol that is granted.
    assert vif.connect({SG: 1, GSO6: 1}) == 4
    before = vif.statistics()
    vif.send(f"{tcp(4, 1400)},gso={TCPV6},flags={CSUM_BLANK}")
    assert vif.statistics()["tx_bad_gso"] == before["tx_bad_gso"] + 1


def test_gso_needs_sg(guest: Guest) -> None:
    """What cannot be used is not published as if it could."""
    for devid, requested, lost in ((NO_SG, {SG: 0}, {GSO4, GSO6}),
                                   (NO_CSUM6, {CSUM6: 0}, {GSO6})):
        vif = Frontend(guest, "vif", devid, requested)
        published = guest.host.tree(vif.backend)
        assert {name for name in (GSO4, GSO6) if published[name] == "0"} == lost, requested
        assert published["granted"] == "".join(f"{name}=0" for name in requested)


def test_hash_extra(vifs: list[Frontend]) -> None:
    """The guest has no part in how dom0 hashes its packets, unless it has the ring for
    that: dom0 drops those with a hash of the guest's, where it can see it."""
    for sender in (vifs[0], vifs[2]):
        words = f"size=60,hash={0x1234567}"
        assert forward(sender, vifs[1], words=words)
        # Load the packet's hash; all of it, if it is that one, else nothing.
        program = f"4,32 0 0 {0xfffff000 + 32},21 0 1 {0x1234567},6 0 0 {0xffffffff},6 0 0 0"
        sender.host.run(f"tc qdisc add dev {sender.name} clsact && tc filter add dev"
                        f" {sender.name} ingress bpf bytecode '{program}' action drop")
        assert bool(forward(sender, vifs[1], words=words)) == (CTRL_RING in sender.requested)
        assert forward(sender, vifs[1])


def test_hash_goes_with_the_ring(guest: Guest, vifs: list[Frontend]) -> None:
    """How packets are hashed to the queues is what this control ring set: nothing of it is
    left for a frontend without one, and another ring begins anew."""
    vif = Frontend(guest, "vif", HASHED, {})
    # Dom0 does not wait for buffers in the second queue, which has none.
    two_queues = {"multi-queue-num-queues": 2, "feature-rx-notify": 0}
    ring = {"ctrl-ring-ref": "ring", "event-channel-ctrl": "port"}
    for claimed in ({**two_queues, **ring}, two_queues, {**two_queues, **ring}):
        assert vif.connect(claimed) == 4
        forwarding([vif])
        if "ctrl-ring-ref" in claimed:
            # It has no algorithm, and so no flags.
            assert vif.control(SET_HASH_FLAGS, HASH_IPV4) == INVALID_PARAMETER
            for request, data in ((SET_HASH_ALGORITHM, TOEPLITZ), (SET_HASH_FLAGS, HASH_IPV4),
                                  (SET_HASH_MAPPING_SIZE, 1)):
                assert vif.control(request, data) == 0
        # Of so many flows some come on the first queue, however they are hashed.
        begin = ethernet(BROADCAST, 0x0800) + struct.pack("!BBHHHBBH", 0x45, 0, 46, next(numbers),
                                                          0, 64, UDP, 0)
        flows = (begin + struct.pack("!II", source, 0x0a090902) for source in range(1, 31))
        assert set(vifs[1].send(*(f"frame={flow.hex()},size=60" for flow in flows))) == {OKAY}
        packet = vif.receive(begin.hex())[-1]
        assert (HASH_EXTRA in packet["extras"]) == ("ctrl-ring-ref" in claimed), packet
        vif.reset()


def test_large_packet_handed_over(guest: Guest, vifs: list[Frontend]) -> None:
    """Who gives packets to an interface itself, past all that knows its features: without
    scatter-gather none of several pages goes to the guest."""
    vif = Frontend(guest, "vif", LARGE, {SG: 0})
    assert vif.connect({SG: 1}) == 4
    forwarding([vif])

    def hand_over(size: int) -> dict[str, Any] | None:
        statistics = f"/sys/class/net/{vif.name}/statistics/tx_dropped"
        nonlocal dropped
        before = int(vif.host.run(f"cat {statistics}").stdout)
        vif.host.run(f"""set -e; modprobe pktgen; cd /proc/net/pktgen
            echo rem_device_all >kpktgend_0; echo add_device {vif.name} >kpktgend_0
            for word in 'count 1' 'pkt_size {size}' 'dst_mac {":".join(["ff"] * 6)}'; do
                echo "$word" >{vif.name}
            done
            echo start >pgctrl""")
        dropped = int(vif.host.run(f"cat {statistics}").stdout) - before
        end = ethernet(BROADCAST, 0x88b5).hex() + f"{next(numbers):08x}"
        assert vifs[1].send(f"frame={end},size=60") == [OKAY]
        return next((packet for packet in vif.receive(end)
                     if packet["frame"].startswith(BROADCAST) and packet["size"] == size), None)

    dropped = 0
    # Without the checksum that Ethernet has at the end of a frame.
    assert hand_over(1000) and not dropped
    assert not hand_over(9000) and dropped == 1
    assert hand_over(1000) and not dropped


def test_ctrl_ring_producer(guest: Guest) -> None:
    """One that has more requests than the ring has room for is not listened to any more."""
    vif = Frontend(guest, "vif", TOO_FAR, {})
    assert vif.connect({"ctrl-ring-ref": "ring", "event-channel-ctrl": "port"}) == 4
    vif.produce(10000)
    said = f"dmesg | grep '{vif.name}.*control ring'"
    vif.host.run(f"for try in $(seq 100); do {said} && exit; sleep 0.1; done; exit 1")

    def interrupts() -> list[str]:
        return vif.host.run("grep xen-netback-ctrl /proc/interrupts").stdout.splitlines()

    before = interrupts()
    vif.produce(1)
    assert vif.send(tcp(4, 100)) == [OKAY]
    assert interrupts() == before
    assert len(vif.host.run(said).stdout.splitlines()) == 1
    vif.honest()


def left_of(vif: Frontend) -> str:
    """Of a connection, in dom0: interrupts, threads, and watches that were not given back."""
    path = vif.backend.removeprefix("/local/domain/0/")
    frontend = vif.guest.frontend("vif", vif.devid)
    return vif.host.run(rf"""grep -E '{vif.name}-|xen-netback-ctrl' /proc/interrupts
        ps -e -o comm | grep '^{vif.name}-'
        awk '$3 == "watch" || $3 == "unwatch" {{ sum[$4] += $3 == "watch" ? 1 : -1 }}
            END {{ for (node in sum) if (sum[node] > 0) print node }}' {ACCESS_LOG} |
            grep -E '^({path}/rate|{frontend}/request-multicast-control)$'""", check=False).stdout


@pytest.mark.kinds
def test_refused_state(guest: Guest) -> None:
    """A connection that fails ends in a state that says so, with nothing left of it; then
    another one works."""
    host = guest.host
    vif = Frontend(guest, "vif", REFUSED, {QUEUES: 1})
    for claimed, message in (
            ({"multi-queue-num-queues": 2},
             "guest requested 2 queues, but valid range is 1 - 1."),
            ({"ctrl-ring-ref": 999999, "event-channel-ctrl": "port"}, "connecting control ring"),
            ({"tx-ring-ref": 999999}, "999999"),
            ({"event-channel": 4000}, "4000")):
        host.run(f": >{ACCESS_LOG}")
        others = left_of(vif)
        vif.connect(claimed)
        assert message in vif.error(), claimed
        assert vif.state() in ("5", "6"), claimed
        assert left_of(vif) == others, claimed
        if "multi-queue-num-queues" in claimed:
            # xl does not say that they are in use, either.
            shown = json.loads(host.run("xl device-features -j guest").stdout)
            queues = next(feature for device in shown if device["devid"] == REFUSED
                          for feature in device["features"] if feature["name"] == QUEUES)
            assert queues.get("in_use") != "2"
        vif.honest()
        vif.reset()
