# SPDX-License-Identifier: GPL-2.0
"""A guest that moves between two hosts, which are not alike.

    guest ── vif ── xenbr0 ── network interface ═══════ network interface ── xenbr0
    host "one", 10.9.0.1      /dev/vdc ══ one disk ══ /dev/vdc      host "other", 10.9.0.2

In real time: two counted hosts would have a clock each.
"""
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import RELEASE
from host import Guest, Host, join

pytestmark = pytest.mark.real

STOCK = "/opt/stock/bin/xl"
QUEUES, ORDER = "multi-queue-max-queues", "max-ring-page-order"
MAC, DISK = "00:16:3e:00:00:01", "phy:/dev/vdc,xvda,w"
Pair = tuple[Host, Host]
# xl has no connection of its own. The receiver may be a little later. Ends with it, as ssh
# does: until then xl waits, also for one that refused.
CONNECT = """#!/bin/bash
until { exec 3<>/dev/tcp/$1/8002; } 2>/dev/null; do sleep 0.1; done
exec 4<&0
cat <&4 >&3 &
exec cat <&3
"""


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    hosts = Host(RELEASE, verbose=True, joined=True), Host(RELEASE, verbose=True, joined=True)
    try:
        join(*hosts)
        for number, host in enumerate(hosts, 1):
            host.start()
            # Large packets: what the emulator takes for each is the same.
            host.run(f"""set -e; modprobe virtio_net; udevadm settle
                cd /sys/class/net; for name in e*; do
                    ip link set $name address 52:54:00:00:00:0{number} mtu 9000 master xenbr0 up
                done
                ip link set xenbr0 mtu 9000; ip addr add 10.9.0.{number}/24 dev xenbr0""")
            host.put("/root/connect", CONNECT, 0o755)
        yield hosts
    finally:
        for host in hosts:
            host.stop()


@pytest.fixture(autouse=True)
def clean(pair: Pair) -> Iterator[None]:
    """No guest, our drivers with their own parameters, and no policy."""
    yield
    for host in pair:
        host.run("xl list | awk 'NR > 1 && $2 { print $2 }' | xargs -rn1 xl destroy")
        host.use_our_modules()
        host.run("rm -f /etc/xen/xl.conf")


def send(guest: Guest, there: Host, receiver: str = "xl", sender: str = "xl") -> Any:
    """xl migrate to the other host: its result. The guest is one of that host then, if it went."""
    here = guest.host
    there.run(f"{{ busybox nc -l -p 8002 -e $(command -v {receiver}) migrate-receive"
              " </dev/null; } >/root/receiver 2>&1 &")
    number = there.run("ip -o -4 addr show dev xenbr0").stdout.split("10.9.0.")[1][0]
    result = here.run(f"{sender} migrate -s '' {guest.name} '/root/connect 10.9.0.{number}'",
                      check=False, timeout=600)
    result.received = there.get("/root/receiver").decode(errors="replace")
    if not result.rc:
        guest.host, guest.xl = there, receiver
        guest.domid = int(there.run([receiver, "domid", guest.name]).stdout)
        guest.connected()
    return result


def published(guest: Guest) -> dict[str, str | None]:
    """What the backends of its two devices say of each feature that they have."""
    table = json.loads(guest.host.run(f"xl device-features --json {guest.name}").stdout)
    return {f"{device['kind']} {feature['name']}": feature.get("granted")
            for device in table for feature in device["features"]}


def until(host: Host, condition: str) -> None:
    host.run(f"for _ in {{1..600}}; do {condition} && exit; sleep 0.1; done; exit 1")


def test_there_and_back(pair: Pair, record_property: Any) -> None:
    """Under load, to a host that can give less, and back: what was requested is granted on
    each, as far as that one can; data is right, and a connection lives."""
    one, other = pair
    other.run("modprobe -r xen-netback xen-blkback && modprobe xen-netback max_queues=1 &&"
              " modprobe xen-blkback max_ring_page_order=1")
    guest = one.create(type="pvh", memory=128, extra="xen_blkfront.max_ring_page_order=4",
                       vif=[f"bridge=xenbr0,mac={MAC},config-{QUEUES}=2,config-feature-gso-tcpv4=0"],
                       disk=[f"{DISK},config-{ORDER}=2,config-feature-max-indirect-segments=32"])
    # Its input stays open: an end of file there would end the guest's nc.
    one.run("(tail -f /dev/null | busybox nc -l -p 5001 | while read -r line; do"
            " echo $EPOCHREALTIME; done) >/root/stream 2>/dev/null </dev/null &")
    guest.sh("ip addr add 10.9.0.9/24 dev eth0; ip link set eth0 up")
    guest.sh("(while sleep 0.2; do date; done | nc 10.9.0.1 5001) >/dev/null 2>&1 &")
    # A number for each block that was written and read back; none after an error.
    guest.sh("(n=0; while n=$((n + 1)); sleep 0.1; head -c 64k /dev/urandom >/a &&"
             " dd if=/a of=/dev/xvda bs=64k seek=$((n % 512)) oflag=direct &&"
             " dd if=/dev/xvda of=/b bs=64k skip=$((n % 512)) count=1 iflag=direct &&"
             " cmp /a /b && echo $n >/blocks; do :; done) >/dev/null 2>&1 &")
    until(one, "[ $(wc -l </root/stream) -gt 5 ]")

    for there, queues, order in ((other, "1", "1"), (one, "2", "2")):
        blocks = int(guest.sh("cat /blocks"))
        arrived = int(one.run("wc -l </root/stream").stdout)
        result = send(guest, there)
        assert not result.rc, f"{result}\n{result.received}"
        vif, vbd = (there.tree(guest.backend(*device)) for device in (("vif", 0), ("vbd", 51712)))
        assert (vif[QUEUES], vif["feature-gso-tcpv4"]) == (queues, "0")
        assert (vbd[ORDER], vbd["feature-max-indirect-segments"]) == (order, "32")
        until(one, f"[ $(wc -l </root/stream) -gt {arrived + 20} ]")
        assert int(guest.sh("cat /blocks")) > blocks
    times = [float(line) for line in one.get("/root/stream").decode().split()]
    gaps = sorted(after - before for before, after in zip(times, times[1:]))
    record_property("longest silence of the stream, of two migrations", f"{gaps[-1]:.1f} s")


def test_levelled(pair: Pair) -> None:
    """What --as-config says where a guest runs, in its configuration, makes it negotiate
    the same on a host that could give more: every feature of both backends."""
    one, other = pair
    one.run("modprobe -r xen-netback xen-blkback && modprobe xen-netback max_queues=1 &&"
            " modprobe xen-blkback max_queues=1 max_ring_page_order=1")
    guest = one.create("plain", type="pvh", memory=96, vif=[f"bridge=xenbr0,mac={MAC}"], disk=[DISK])
    lines = one.run("xl device-features --as-config plain").stdout
    guest.destroy()
    keys = dict(re.findall(r"^# (vif|vbd) .*\n(config-.*)$", lines, re.M))
    guest = one.create(type="pvh", memory=96,
                       vif=[f"bridge=xenbr0,mac={MAC},{keys['vif']}"],
                       disk=[f"{DISK},{keys['vbd']}"])
    before, used = published(guest), guest.ask("report")
    assert len(before) > 15
    result = send(guest, other)
    assert not result.rc, f"{result}\n{result.received}"
    assert published(guest) == before
    after = guest.ask("report")
    for part, name in (("net", "eth0"), ("disk", "xvda")):
        assert after[part][name] == used[part][name]


def test_to_stock_and_from_it(pair: Pair) -> None:
    """Nothing there knows of requests: it is said before, and the guest works; back here it
    has none."""
    one, other = pair
    other.use_stock_modules()
    guest = one.create(type="pvh", memory=96, vif=[f"bridge=xenbr0,mac={MAC},config-{QUEUES}=1"],
                       disk=[DISK])
    result = send(guest, other, receiver=STOCK)
    assert not result.rc and "a host without feature control ignores them" in result.stderr, result
    assert other.tree(guest.backend("vif", 0))[QUEUES] == "2"
    assert guest.ask("disk-check xvda")["ok"]
    result = send(guest, one, sender=STOCK)
    assert not result.rc, f"{result}\n{result.received}"
    assert one.tree(guest.backend("vif", 0))[QUEUES] == "2"
    assert not one.list(f"/libxl/{guest.domid}/device/vif/0").count("config")


@pytest.mark.parametrize("where, receiver, said", [
    ("source", STOCK, "which are not supported"),
    ("destination", "xl", "has no feature control"),
])
def test_strict(pair: Pair, where: str, receiver: str, said: str) -> None:
    """Strict on either side: refused in a sentence, and the guest goes on where it was."""
    one, other = pair
    other.use_stock_modules()
    (one if where == "source" else other).put("/etc/xen/xl.conf", 'config_check="strict"\n')
    guest = one.create(type="pvh", memory=96, vif=[f"bridge=xenbr0,mac={MAC},config-{QUEUES}=1"],
                       disk=[DISK])
    result = send(guest, other, receiver=receiver)
    assert result.rc and said in result.stderr + result.received, f"{result}\n{result.received}"
    assert guest.ask("report")["net"]["eth0"]["tx_queues"] == 1
    assert guest.ask("disk-check xvda")["ok"]
    assert "guest" not in other.run("xl list").stdout
