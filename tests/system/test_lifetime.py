# SPDX-License-Identifier: GPL-2.0
"""What was granted holds until the backend's next probe, and is granted anew there."""
from __future__ import annotations

import pytest

from frontend import Frontend
from host import CommandError, Guest, Host

QUEUES, PERSISTENT = "multi-queue-max-queues", "feature-persistent"
ORDER = "max-ring-page-order"
VIF, VBD = ("vif", 0), ("vbd", 51712)
Published = dict[tuple[str, int], dict[str, str]]


def check(step: str, guest: Guest, published: Published, queues: int) -> None:
    """What the guest is offered of its two devices, and how many queues it uses."""
    guest.connected()
    for device, nodes in published.items():
        path = guest.backend(*device)
        backend = guest.host.tree(path)
        assert {name: backend[name] for name in nodes} == nodes, f"{step}: {path}"
    seen = guest.ask("report")
    assert seen["net"]["eth0"]["tx_queues"] == queues, step
    assert seen["disk"]["xvda"]["queues"] == queues, step
    assert guest.ask("disk-check xvda")["ok"], step
    guest.sh("ping -c 1 -w 60 10.0.0.1")


def network(guest: Guest) -> None:
    """eth0 has an address, and a backend that came back is at the bridge again, and
    knows it: netback took hotplug-status with it, and no script runs without xl."""
    guest.host.run(f"ip link set vif{guest.domid}.0 master xenbr0 up")
    guest.host.write(f"{guest.backend(*VIF)}/hotplug-status", "connected")
    # Where the interface stayed, so did its address.
    guest.sh("ip addr add 10.0.0.2/24 dev eth0; ip link set eth0 up")


# A driver that is bound is in use, so it cannot be unloaded: in dom0 likewise.
UNBIND = "echo {device} >/sys/bus/xen/drivers/{kind}/unbind"


def reconnect(guest: Guest, leave: str, enter: str) -> None:
    """Both frontends let go of their devices, and start over as in a new kernel."""
    for kind, devid in (VIF, VBD):
        words = {"kind": kind, "device": f"{kind}-{devid}",
                 "module": {"vif": "xen-netfront", "vbd": "xen-blkfront"}[kind],
                 "parameters": {"vif": "", "vbd": "max_ring_page_order=4"}[kind]}
        backend = guest.backend(kind, devid)
        guest.sh(leave.format(**words))
        guest.host.wait_for({f"{backend}/state": "6"})
        guest.ask(f"xs-write device/{kind}/{devid}/state 1")
        guest.host.wait_for({f"{backend}/state": "2"})
        guest.sh(enter.format(**words))
        if kind == "vbd":
            # This kernel did not start over: its device is still in the state in
            # which blkfront left it, and then only this makes blkfront connect.
            guest.host.write(f"{backend}/state", "4")
    guest.connected()
    network(guest)


@pytest.mark.kinds
def test_until_the_next_probe(guest: Guest) -> None:
    """A frontend that comes back gets what it had, whatever changed meanwhile; a
    backend that comes back reads again, and serves the frontend that is there."""
    host = guest.host
    host.run("ip addr add 10.0.0.1/24 dev xenbr0")
    guest.attach("vif", f"bridge=xenbr0,config-{QUEUES}=1,config-feature-gso-tcpv4=0", 0)
    guest.attach("vbd", f"phy:/dev/loop0,xvda,w,config-{QUEUES}=1,config-{ORDER}=1", 51712)
    network(guest)
    granted: Published = {VIF: {QUEUES: "1", "feature-gso-tcpv4": "0"},
                          VBD: {QUEUES: "1", ORDER: "1"}}
    check("attached", guest, granted, 1)

    # All that a device must not notice before its next probe.
    for device in (VIF, VBD):
        host.write(f"{guest.backend(*device)}/config/{QUEUES}", "3")
    host.write(f"{guest.backend(*VBD)}/config/{ORDER}", "2")
    host.run("for module in netback blkback; do"
             " echo 5 >/sys/module/xen_$module/parameters/max_queues || exit; done")

    reconnect(guest, UNBIND, "echo {device} >/sys/bus/xen/drivers/{kind}/bind")
    check("frontends bound again", guest, granted, 1)
    # In the background: it does not end before its devices are connected. With the
    # same ring: what the frontend before wrote of it stays, and is not written again.
    reconnect(guest, f"{UNBIND} && rmmod {{module}}",
              "insmod /modules/{module}.ko {parameters} >/dev/null 2>&1 &")
    check("frontends loaded again", guest, granted, 1)

    # Both drivers are made to be taken from under a frontend that is connected.
    drivers = "/sys/bus/xen-backend/drivers"
    names = {kind: f"{kind}-{guest.domid}-{devid}" for kind, devid in (VIF, VBD)}
    unbind = " && ".join(f"echo {names[kind]} >{drivers}/{kind}/unbind" for kind in names)
    bind = " && ".join(f"echo {names[kind]} >{drivers}/{kind}/bind" for kind in names)
    host.run(f"{unbind} && {bind}")
    network(guest)
    check("backends bound again", guest, {
        VIF: {QUEUES: "3", "feature-gso-tcpv4": "0"},
        VBD: {QUEUES: "3", ORDER: "2"}}, 1)

    host.run(f"{unbind} && modprobe -r xen-netback xen-blkback && modprobe xen-netback"
             " max_queues=2 && modprobe xen-blkback max_queues=2 max_ring_page_order=1")
    network(guest)
    again: Published = {VIF: {QUEUES: "2", "feature-gso-tcpv4": "0"},
                        VBD: {QUEUES: "2", ORDER: "1"}}
    check("backends loaded again", guest, again, 1)

    # Two CPUs, two queues: now they are offered.
    reconnect(guest, UNBIND, "echo {device} >/sys/bus/xen/drivers/{kind}/bind")
    check("frontends bound after the backends", guest, again, 2)


def test_persistent_counts_at_connect(guest: Guest) -> None:
    """For newly connected backends, as upstream documents the parameter: whether it was
    requested, or not, or refused."""
    host = guest.host
    guest.sh("rmmod xen_netfront xen_blkfront")
    disks = [Frontend(guest, "vbd", 51712 + 16 * number, requested)
             for number, requested in enumerate(({}, {PERSISTENT: 1}, {PERSISTENT: 0}))]
    for parameter, published in (("Y", "110"), ("N", "000"), ("Y", "110")):
        host.run(f"echo {parameter} >/sys/module/xen_blkback/parameters/feature_persistent")
        for disk, value in zip(disks, published):
            assert disk.connect({PERSISTENT: 1}) == 4
            assert host.read(f"{disk.backend}/{PERSISTENT}") == value, \
                (parameter, disk.requested)
            assert disk.do("write", "read") == [0, 0]
            disk.reset()


@pytest.mark.kinds
def test_frontends_before(guest: Guest) -> None:
    """Frontends that open and close a device and get nowhere, as a firmware may, and leave
    nodes behind: the next one gets what was granted, and no more."""
    host = guest.host
    guest.sh("rmmod xen_netfront xen_blkfront")
    two = {"multi-queue-num-queues": 2}
    vif = Frontend(guest, *VIF, {QUEUES: 1, "feature-gso-tcpv4": 0})
    vbd = Frontend(guest, *VBD, {QUEUES: 1, PERSISTENT: 0})
    for device, left in ((vif, {"queue-1/tx-ring-ref": 999999, "feature-gso-tcpv4": 1}),
                         (vbd, {"queue-1/ring-ref": 999999, PERSISTENT: 1})):
        for _ in range(4):
            assert device.connect(two) in (5, 6)
            device.reset()
            for node, value in left.items():
                device.write(node, value)
        assert device.connect({}) == 4
        for feature, value in device.requested.items():
            assert host.tree(device.backend)[feature] == str(value)
    assert vif.send(f"frame={'ff' * 6}{'02' * 6}88b5,size=60") == [0]
    assert vbd.do("write", "read") == [0, 0]
    using = [line for line in host.run("dmesg").stdout.splitlines() if f"{VBD[1]}: using" in line]
    assert len(using) == 1 and "persistent" not in using[0], using


FAILS = """#!/bin/sh
case $1 in
add|online)
    xenstore-write "$XENBUS_PATH/hotplug-error" "no luck today" \\
        "$XENBUS_PATH/hotplug-status" error
    exit 1
esac
"""


def test_hotplug_script_fails(guest: Guest) -> None:
    """The device fails with the script's error. As with the stock tools it stays until
    it is detached: with what was granted, also when the script has success later. Then
    nothing is left of it, and what is requested of the next one counts."""
    host = guest.host
    host.put("/etc/xen/scripts/fails", FAILS, mode=0o755)
    devices = [
        (VIF, "network-attach guest bridge=xenbr0", " ", "vif-bridge",
         f"vif=vif{guest.domid}.0", "online"),
        (VBD, "block-attach guest phy:/dev/loop0,xvda,w", ",", "block", "", "add"),
    ]
    for device, attach, separator, script, environment, action in devices:
        backend = guest.backend(*device)
        host.run(f"cd /etc/xen/scripts && mv {script} works && cp fails {script}")
        failed = host.run(f"xl {attach}{separator}config-{QUEUES}=1", check=False)
        assert failed.rc == 1, str(failed)
        assert f"/etc/xen/scripts/{script}" in failed.stderr, str(failed)
        assert "no luck today" in failed.stderr, str(failed)
        assert host.read(f"{backend}/{QUEUES}") == "1" and host.read(f"{backend}/state") == "2"

        host.run(f"cd /etc/xen/scripts && mv works {script} &&"
                 f" {environment} XENBUS_PATH={backend} ./{script} {action}")
        guest.connected()

    seen = guest.ask("report")
    assert seen["net"]["eth0"]["tx_queues"] == 1 and seen["disk"]["xvda"]["queues"] == 1
    for device, attach, *_ in devices:
        guest.detach(*device)
        assert device[0] not in host.list(f"/libxl/{guest.domid}/device")
        host.run(f"xl {attach}")
    guest.connected()
    seen = guest.ask("report")
    assert seen["net"]["eth0"]["tx_queues"] == 2 and seen["disk"]["xvda"]["queues"] == 2


def test_hotplug_script_fails_at_creation(host: Host) -> None:
    """No domain, and no device."""
    devices = {"vif": [f"bridge=xenbr0,config-{QUEUES}=1"],
               "disk": [f"phy:/dev/loop0,xvda,w,config-{QUEUES}=1"]}
    # The directories that the first domain makes stay, with stock tools, too.
    host.create(paused=True, **devices).destroy()
    before = host.store()
    host.put("/etc/xen/scripts/vif-bridge", FAILS, mode=0o755)
    with pytest.raises(CommandError, match="no luck today"):
        host.create(paused=True, **devices)
    assert host.store() == before


def test_packets_held(host: Host) -> None:
    """An interface goes while domain 0's stack still has packets of its guest, whose pages
    are mapped: their backend waits for them, and nothing is left."""
    # Unknown to the bridge, and with no other port than this: no packet is cloned, for
    # which its pages would be copied.
    host.run("ip link add held type dummy && ip link set held up master xenbr0")
    guest = host.create(vif=["bridge=xenbr0"])
    name = f"vif{guest.domid}.0"
    backend = guest.backend(*VIF)

    def counted(what: str) -> int:
        return int(host.run(f"ethtool -S {name} | awk '$1 == \"{what}:\" {{ print $2 }}'").stdout)

    def hold() -> None:
        """40 packets of the guest are in domain 0's stack, and their pages mapped."""
        host.run("tc qdisc add dev held root plug limit 1000000")
        guest.sh("ip addr add 10.0.0.2/24 dev eth0 && ip link set eth0 up"
                 " && arp -s 10.0.0.9 02:00:00:00:00:09")
        sent, finished = counted("tx_zerocopy_sent"), [
            counted(what) for what in ("tx_zerocopy_success", "tx_zerocopy_fail")]
        guest.sh("for n in $(seq 40); do ping -c 1 -W 1 -s 1000 10.0.0.9 >/dev/null"
                 " 2>&1 </dev/null & done")
        host.run(f"until [ $(ethtool -S {name} | awk '/tx_zerocopy_sent/ {{ print $2 }}') -ge"
                 f" {sent + 40} ]; do :; done")
        assert finished == [
            counted(what) for what in ("tx_zerocopy_success", "tx_zerocopy_fail")]

    def gone() -> None:
        # Which drops them: one that was told to release them never holds any again.
        host.run("tc qdisc del dev held root")
        host.wait_for({backend: None})
        host.run(f"while [ -e /sys/class/net/{name} ]; do :; done;"
                 " until rmmod xen_netback; do :; done")

    hold()
    threads = host.run("ps -e -o comm=").stdout.split()
    # One a queue.
    assert len([thread for thread in threads if thread.startswith(name)]) == 2
    host.run(f"({guest.detaching(*VIF)}) >/run/detached 2>&1 & until [ $(xenstore-read"
             f" {backend}/state) = 5 ]; do :; done")
    # It is there until the last of them is not.
    host.run(f"[ -d /sys/class/net/{name} ] && xenstore-exists {backend}")
    gone()

    # And those of a guest that is destroyed.
    host.run("modprobe xen-netback")
    guest.attach("vif", "bridge=xenbr0", 0)
    hold()
    host.run("xl destroy guest >/dev/null 2>&1 & until ! xl domid guest >/dev/null 2>&1; do :; done")
    gone()
    assert not host.run("dmesg | grep -E 'WARNING|BUG|blocked for'", check=False).stdout
