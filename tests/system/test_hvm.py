# SPDX-License-Identifier: GPL-2.0
"""HVM guests: which of their devices a limit is one of, drives, and a firmware's frontend."""
from __future__ import annotations

import json

import pytest

from host import Guest, Host

pytestmark = [pytest.mark.real, pytest.mark.parametrize("kind", ["hvm"], indirect=True, scope="session")]

QUEUES, ORDER = "multi-queue-max-queues", "max-ring-page-order"
VIF = f"bridge=xenbr0,config-{QUEUES}=1,config-feature-gso-tcpv4=0"
VBD = f"phy:/dev/loop0,hda,w,config-{ORDER}=0,config-feature-persistent=0"
EMULATED = "cat /sys/bus/pci/devices/*/class | grep -c 0x0200 || true"


@pytest.mark.parametrize("model", ["e1000", "rtl8139"])
def test_taken_over(host: Host, model: str) -> None:
    """The PV drivers unplug what is emulated, whatever its model: the limits are the device's."""
    guest = host.create(vif=[f"{VIF},model={model}"], disk=[VBD], extra="xen_blkfront.max_ring_page_order=4")
    seen = guest.ask("report")
    assert guest.sh(EMULATED).strip() == "0"
    assert seen["net"]["eth0"]["tx_queues"] == 1 and not seen["net"]["eth0"]["features"]["tso"]["on"]
    assert seen["disk"]["xvda"]["ring-page-order"] in (None, "0")
    assert guest.ask("disk-check xvda")["ok"]


def test_not_taken_over(host: Host) -> None:
    """A guest that leaves its devices emulated: nothing limits them, and the PV device, which
    is offered with its limits, is not connected."""
    guest = Guest(host, "guest", vif=[f"{VIF},model=e1000"], disk=[VBD], extra="xen_emul_unplug=never",
                  paused=True).create()
    guest.unpause()
    guest.ask("report")
    assert guest.sh(EMULATED).strip() == "1"
    for device, limits in ((("vif", 0), {QUEUES: "1", "feature-gso-tcpv4": "0"}),
                           (("vbd", 768), {ORDER: "0", "feature-persistent": "0"})):
        backend = host.tree(guest.backend(*device))
        assert backend["state"] == "2"
        assert dict(word.split("=") for word in backend["granted"].split()) == limits


def test_drive(host: Host) -> None:
    """A medium comes and goes in a drive: the disk beside it keeps its limits, and the drive
    what was requested of it."""
    guest = Guest(host, "guest", disk=[VBD, ",raw,hdc,cdrom,config-feature-discard=0"], paused=True).create()
    guest.unpause()
    disk = guest.backend("vbd", 768)
    host.wait_for({f"{disk}/state": "4"}, guest.timeout)
    for command in ("cd-insert guest hdc /srv/disk3.img", "cd-eject guest hdc", "cd-insert guest hdc /srv/disk2.img"):
        host.run(f"xl {command}")
        record = json.loads(host.run("xl list -l guest").stdout)[0]["config"]["disks"]
        requested = {disk["vdev"]: disk.get("config") for disk in record}
        assert requested == {"hda": {ORDER: "0", "feature-persistent": "0"}, "hdc": {"feature-discard": "0"}}, command
        assert host.tree(disk)[ORDER] == "0", command
    assert guest.ask("disk-check xvda")["ok"]


@pytest.mark.parametrize("qemu", ["ours", "Debian's"])
def test_device_model(host: Host, qemu: str) -> None:
    """What HVM guests have of their QEMU, screen, USB and a drive, they have of ours as well,
    beside a limited disk of a format that only QEMU knows."""
    model = {"device_model_version": "qemu-xen", "device_model_override": "/usr/libexec/xen-qemu-system-i386.stock"}
    # An HVM guest's Linux leaves the drive to the emulated one: its PV device does not connect.
    guest = Guest(
        host, "guest", paused=True, vif=["bridge=xenbr0,model=e1000"], extra="xen_blkfront.max_ring_page_order=4",
        disk=[f"/srv/qemu.qcow2,qcow2,hda,w,config-{ORDER}=0", "/srv/disk3.img,raw,hdc,cdrom"],
        options={"vnc": 1, "vga": "stdvga", "usb": 1, "usbdevice": ["tablet"],
                 **({} if qemu == "ours" else model)}).create()
    guest.unpause()
    host.wait_for({f"{guest.backend('vbd', 768)}/state": "4"}, guest.timeout)
    seen = guest.ask("report")
    assert seen["disk"]["xvda"]["ring-page-order"] in ((None, "0") if qemu == "ours" else ("4",))
    assert guest.ask("disk-check xvda")["ok"]
    assert (host.read(guest.backend("vbd", 768) + "/granted") == f"{ORDER}=0") == (qemu == "ours")
    port = host.read(f"/local/domain/{guest.domid}/console/vnc-port")
    assert host.run(f"exec 3<>/dev/tcp/127.0.0.1/{port} && head -c 4 <&3").stdout == "RFB "
    assert "QEMU USB Tablet" in host.run("xl qemu-monitor-command guest 'info usb'").stdout


def test_ipxe(host: Host) -> None:
    """Its netfront loads Linux over a limited device, which Linux then has with the same grants."""
    host.run("ip addr add 10.0.0.1/24 dev xenbr0 && busybox httpd -p 80 -h /srv/guest")
    guest = Guest(host, "guest", vif=[f"{VIF},type=vif,mac=00:16:3e:00:00:09"], paused=True,
                  options={"kernel": "/srv/guest/ipxe", "ramdisk": "/root/boot.ipxe"})
    command_line, guest.config["extra"] = guest.config["extra"], None
    host.put("/root/boot.ipxe", f"""#!ipxe
ifopen net0
set net0/ip 10.0.0.2
set net0/netmask 255.255.255.0
kernel http://10.0.0.1/bzImage {command_line}
initrd http://10.0.0.1/initrd
boot
""")
    guest.create().unpause()
    seen = guest.ask("report", timeout=900)
    guest.connected()
    assert seen["net"]["eth0"]["tx_queues"] == 1 and not seen["net"]["eth0"]["features"]["tso"]["on"]
    assert host.tree(guest.backend("vif", 0))["granted"].split() == [f"{QUEUES}=1", "feature-gso-tcpv4=0"]
