# SPDX-License-Identifier: GPL-2.0
"""What the guest sees and can use of its devices."""
from __future__ import annotations

import pytest

from host import Host


@pytest.mark.kinds
def test_two_devices_of_each_kind(host: Host) -> None:
    """One restricted, one not: each as it was requested, in the same guest."""
    guest = host.create(
        # This guest asks for the largest ring that it is offered.
        extra="xen_blkfront.max_ring_page_order=4",
        vif=["bridge=xenbr0",
             "bridge=xenbr0,config-multi-queue-max-queues=1,config-feature-gso-tcpv4=0"],
        disk=["phy:/dev/loop0,xvda,w",
              "phy:/dev/loop1,xvdb,w,config-multi-queue-max-queues=1,"
              "config-max-ring-page-order=0,config-feature-persistent=0"])
    seen = guest.ask("report")

    eth0, eth1 = seen["net"]["eth0"], seen["net"]["eth1"]
    # A Linux frontend shows the queues that it uses as those to transmit.
    assert (eth0["tx_queues"], eth1["tx_queues"]) == (2, 1)
    assert eth0["features"]["tso"]["on"] and not eth1["features"]["tso"]["on"]
    assert eth0["features"]["tso6"]["on"] and eth1["features"]["tso6"]["on"]
    guest.ask("set eth0 tso off")
    assert guest.ask("set eth0 tso on")["feature"]["on"]
    assert not guest.ask("set eth1 tso on")["feature"]["on"]

    xvda, xvdb = seen["disk"]["xvda"], seen["disk"]["xvdb"]
    assert (xvda["queues"], xvdb["queues"]) == (2, 1)
    assert xvda["ring-page-order"] == "4"
    assert xvdb["ring-page-order"] in (None, "0")
    # This frontend always says that it can keep grants mapped; the backend says in
    # the log whether it does.
    log = host.run("dmesg").stdout.splitlines()
    for disk, devid, persistent in ((xvda, 51712, True), (xvdb, 51728, False)):
        assert disk["feature-persistent"] == "1"
        assert host.read(f"{guest.backend('vbd', devid)}/feature-persistent") == str(int(persistent))
        using = [line for line in log if f"vbd/{guest.domid}/{devid}: using" in line]
        assert len(using) == 1 and ("persistent grants" in using[0]) == persistent, using
    for disk in ("xvda", "xvdb"):
        assert guest.ask(f"disk-check {disk}")["ok"], disk


def test_segments(host: Host) -> None:
    """The guest's largest request is as long as was granted, or has no indirect segments."""
    key = "config-feature-max-indirect-segments"
    guest = host.create(extra="xen_blkfront.max_indirect_segments=64",
                        disk=["phy:/dev/loop0,xvda,w", f"phy:/dev/loop1,xvdb,w,{key}=20",
                              f"phy:/dev/loop2,xvdc,w,{key}=0"])
    disks = guest.ask("report")["disk"]
    assert [disks[name]["max_segments"] for name in ("xvda", "xvdb", "xvdc")] == ["64", "20", "11"]
    for disk in disks:
        assert guest.ask(f"disk-check {disk}")["ok"], disk


def test_sg(host: Host) -> None:
    """Without scatter-gather the guest cannot have it, nor what needs it."""
    guest = host.create(vif=["bridge=xenbr0", "bridge=xenbr0,config-feature-sg=0",
                             "bridge=xenbr0,config-feature-gso-tcpv6=0"])
    net = guest.ask("report")["net"]
    assert net["eth0"]["features"]["sg"]["on"]
    assert not net["eth1"]["features"]["sg"]["on"]
    assert not guest.ask("set eth1 sg on")["feature"]["on"]
    assert not net["eth1"]["features"]["tso"]["on"]
    assert net["eth0"]["features"]["tso6"]["on"]
    assert not guest.ask("set eth2 tso6 on")["feature"]["on"]
    # Towards the guest, as dom0's side of the interface has it.
    sides = {vif: host.run(f"ethtool -k vif{guest.domid}.{vif}").stdout for vif in (0, 1, 2)}
    for feature, vif in (("tx-scatter-gather", 1), ("tx-tcp-segmentation", 1),
                         ("tx-tcp6-segmentation", 2)):
        assert f"\t{feature}: on" in sides[0], feature
        assert f"\t{feature}: off" in sides[vif], feature
