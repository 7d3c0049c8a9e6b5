# SPDX-License-Identifier: GPL-2.0
"""Linux's own frontend uses more than it was granted, and goes on with what it gets.

It believes what is published; so that it asks for too much, that is written over before
the guest runs. What the backend granted is in its memory, where nobody can write. What
Linux would never do is in test_hold_vif.py and test_hold_vbd.py.
"""
from __future__ import annotations

import pytest

from host import Host

GSO = "feature-gso-tcpv4"


@pytest.mark.kinds
def test_large_packets(host: Host) -> None:
    """TCP sends again in small packets what was dropped."""
    guest = host.create(paused=True, vif=[f"bridge=xenbr0,config-{GSO}=0"])
    backend = guest.backend("vif", 0)
    assert host.read(f"{backend}/{GSO}") == "0"
    host.write(f"{backend}/{GSO}", "1")
    guest.unpause()
    guest.connected()
    assert guest.ask("report")["net"]["eth0"]["features"]["tso"]["on"]

    host.run("ip addr add 10.0.0.1/24 dev xenbr0")
    guest.sh("ip addr add 10.0.0.2/24 dev eth0 && ip link set eth0 up && ping -c 3 -w 60 10.0.0.1")
    # Its input stays open: an end of file there would end the guest's nc.
    host.run("tail -f /dev/null 2>/dev/null | busybox nc -l -p 5001 >/root/received 2>/dev/null &"
             "echo $! >/root/nc.pid")
    guest.sh("dd if=/dev/zero bs=64k count=8 | nc -w 60 10.0.0.1 5001")

    statistics = host.run(f"ethtool -S vif{guest.domid}.0").stdout
    dropped = next(int(line.split(":")[1]) for line in statistics.splitlines()
                   if "tx_not_granted" in line)
    assert dropped > 0, statistics
    host.run("tail --pid=$(cat /root/nc.pid) -f /dev/null")
    assert len(host.get("/root/received")) == 8 * 65536
