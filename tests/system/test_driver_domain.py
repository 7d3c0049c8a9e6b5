# SPDX-License-Identifier: GPL-2.0
"""A guest that runs our netback serves another guest: a driver domain.

    dom0: xl, libxl, xenstored
    driver: dom0's files, read-only    xenbr0 -- vifN.0 -- xen-netback, xl devd
    guest:                                 eth0, xen-netfront
"""
from __future__ import annotations

import copy
import json
import re

import pytest
from frontend import Frontend
from test_permissions import permissions

from host import ACCESS_LOG, Guest, Host

QUEUES = "multi-queue-max-queues"
REQUESTED = {QUEUES: "1", "feature-gso-tcpv4": "0", "feature-of-tomorrow": "7"}
SPEC = "bridge=xenbr0,backend=driver" + "".join(
    f",config-{name}={value}" for name, value in REQUESTED.items())


@pytest.fixture(scope="module")
def both_running(running: Guest) -> tuple[Guest, Guest]:
    """The guest of conftest, and a driver domain, in the snapshot "driver"."""
    host = running.host
    host.restore("guest")
    driver = host.create("driver", disk=["phy:/dev/vdb,xvda,r"], paused=True, options={
        "ramdisk": "/srv/driver-domain/initrd", "driver_domain": 1})
    # Of one that was there before: its backends put it right.
    host.write(f"/local/domain/{driver.domid}/feature/backend/vif/feature-sg", "?")
    driver.unpause()
    driver.ask("report")
    wait_until_advertised(host, driver)
    host.snapshot("driver")
    guest = copy.copy(running)
    guest.backend_domid = driver.domid
    return guest, driver


@pytest.fixture
def domains(both_running: tuple[Guest, Guest]) -> tuple[Guest, Guest]:
    """A guest without devices, and the driver domain, as they were."""
    guest, driver = both_running
    guest.host.restore("driver")
    return copy.copy(guest), copy.copy(driver)


def home(driver: Guest) -> str:
    return f"/local/domain/{driver.domid}"


def advertised(host: Host, driver: Guest) -> list[list[str]]:
    """The features that are said in the driver domain (vif, vbd) and in dom0."""
    said = []
    for end in (home(driver), "/local/domain/0"):
        nodes = host.tree(f"{end}/feature")
        for kind in ("vif", "vbd"):
            said.append(sorted(path.rpartition("/")[2] for path in nodes
                               if re.fullmatch(f"backend/{kind}/[^/]+", path)))
    return said


def wait_until_advertised(host: Host, driver: Guest) -> None:
    """By both backends of the driver domain, each all at once."""
    host.wait_for({f"{home(driver)}/feature/backend/{kind}/{QUEUES}": "uint .*"
                   for kind in ("vif", "vbd")})


def gone(host: Host, driver: Guest, guest: Guest) -> None:
    """Nothing is left of the guest's devices in the driver domain."""
    host.wait_for({f"{home(driver)}/backend/vif/{guest.domid}": None})
    left = [path for path in host.tree(home(driver))
            if f"vif/{guest.domid}" in path or "config" in path]
    assert not left
    assert driver.sh("ls /sys/bus/xen-backend/devices") == ""
    assert f"vif{guest.domid}" not in driver.sh("ls /sys/class/net")


def test_requests(domains: tuple[Guest, Guest]) -> None:
    """What is requested of a device counts, only its backend can see it, and all of it
    goes with the guest."""
    guest, driver = domains
    host = guest.host
    offered = advertised(host, driver)
    backend = guest.attach("vif", SPEC, 0)
    assert backend.startswith(home(driver))

    config = f"{backend}/config"
    nodes = [config] + [f"{config}/{name}" for name in REQUESTED]
    assert permissions(host, config) == dict.fromkeys(nodes, f"n0,r{driver.domid}")
    libxl = f"/libxl/{guest.domid}/device/vif/0/config"
    assert set(permissions(host, libxl).values()) == {"n0"}
    for node in nodes:
        assert guest.ask(f"xs-read {node}") == {"error": "EACCES"}, node
        assert guest.ask(f"xs-dir {node}") == {"error": "EACCES"}, node
        assert "value" in driver.ask(f"xs-read {node}"), node
        assert driver.ask(f"xs-write {node} 9") == {"error": "EACCES"}, node

    published = host.tree(backend)
    assert (published[QUEUES], published["feature-gso-tcpv4"]) == ("1", "0")
    assert published["feature-gso-tcpv6"] == "1" and "feature-of-tomorrow" not in published
    eth0 = guest.ask("report")["net"]["eth0"]
    assert eth0["tx_queues"] == 1 and not eth0["features"]["tso"]["on"]
    driver.sh("ip addr add 10.0.0.1/24 dev xenbr0")
    guest.sh("ip addr add 10.0.0.2/24 dev eth0 && ip link set eth0 up && ping -c 1 -w 60 10.0.0.1")

    guest.destroy()
    gone(host, driver, guest)
    assert advertised(host, driver) == offered


def test_a_driver_domain_that_lies(domains: tuple[Guest, Guest]) -> None:
    """It can write what it likes where its backends are: libxl does not ask there."""
    guest, driver = domains
    host = guest.host
    backend = guest.attach("vif", SPEC, 0)
    commands = ["xl list -l guest", "xl network-list guest"]
    before = [host.run(command).stdout for command in commands]
    assert json.loads(before[0])[0]["config"]["nics"][0]["config"] == REQUESTED

    own = backend.removeprefix(f"{home(driver)}/")
    lies = " ".join(f"{own}/{node} 666" for node in (
        QUEUES, "feature-gso-tcpv4", "evil", "bridge", "script", "type", "mac", "handle"))
    driver.sh(f"xenstore-write {lies}")
    assert host.read(f"{backend}/{QUEUES}") == "666"
    assert [host.run(command).stdout for command in commands] == before

    # The config that it was given is not its to change; the whole directory it can
    # remove, and then not make again.
    driver.sh(f"xenstore-rm {own}")
    for node in (QUEUES, f"config/{QUEUES}", "config/evil"):
        assert driver.ask(f"xs-write {backend}/{node} 666") == {"error": "EACCES"}, node
    assert host.read(backend) is None
    assert [host.run(command).stdout for command in commands] == before
    assert guest.requests("vif", 0) == (REQUESTED, {})
    # What it publishes is its word; what was requested is not.
    vif = json.loads(host.run("xl device-features -j guest").stdout)[0]
    assert {feature["name"]: feature["requested"] for feature in vif["features"]
            if feature["requested"]} == REQUESTED

    guest.destroy()
    assert str(driver.domid) in host.list("/libxl")
    assert str(guest.domid) not in host.list("/libxl")


def test_advertising_is_harmless(domains: tuple[Guest, Guest]) -> None:
    """To all that looks for devices: xenbus, xl devd, xl, a device's end; and it takes no
    permission that a domain does not have."""
    guest, driver = domains
    host = guest.host
    before = advertised(host, driver)
    assert all(QUEUES in names for names in before), before
    assert before[:2] == before[2:]
    # The node that was there before the driver domain's kernel.
    assert host.read(f"{home(driver)}/feature/backend/vif/feature-sg") == "bool 0 1 1"
    # It and the toolstack can read it, and no other domain, nor that of dom0.
    for end, owner in ((home(driver), driver.domid), ("/local/domain/0", 0)):
        place = f"{end}/feature/backend"
        assert set(permissions(host, place).values()) == {f"n{owner}"}
        assert guest.ask(f"xs-dir {place}/vif") == {"error": "EACCES"}

    # In dom0, too, no device but this one comes and goes.
    guest.backend_domid = 0
    guest.attach("vif", "bridge=xenbr0", 0)
    assert "Idx" in host.run("xl network-list guest; xl list").stdout
    devices = host.run("ls /sys/bus/xen-backend/devices | grep -v ^console-").stdout.split()
    assert devices == [f"vbd-{driver.domid}-51712", f"vif-{guest.domid}-0"]
    guest.detach("vif", 0)
    assert advertised(host, driver) == before

    # With the drivers they go, and a driver domain may advertise again.
    driver.sh("rmmod xen-netback xen-blkback")
    assert advertised(host, driver) == [[], [], *before[2:]]
    driver.sh("modprobe -a xen-netback xen-blkback")
    wait_until_advertised(host, driver)
    assert advertised(host, driver) == before

    log = "dmesg | grep -E 'xen_netback|feature'; cat /var/log/xen/xl*.log"
    for said in (driver.sh(log), host.run(log).stdout):
        assert "xen_netback" in said, "that is not all"
        assert not [line for line in said.splitlines() if "feature" in line and (
            "backend" in line or "xenbus" in line or "device" in line)]
    assert driver.sh("ls /sys/bus/xen-backend/devices") == ""


def test_mtu(domains: tuple[Guest, Guest]) -> None:
    """Of an interface that takes no jumbo frames: corrected where the script ran."""
    guest, driver = domains
    host = guest.host
    driver.sh("ip link set xenbr0 mtu 9000; mkdir -p /run/xen-hotplug")
    guest.attach("vif", "bridge=xenbr0,backend=driver,script=vif-bridge.debian,mtu=9000,"
                        "config-feature-sg=0", 0)
    # After the script, so maybe after the device is connected.
    host.wait_for({f"{guest.frontend('vif', 0)}/mtu": "1500"})
    assert driver.sh(f"cat /sys/class/net/vif{guest.domid}.0/mtu").strip() == "1500"
    assert "vif 0: the guest is told an MTU of 1500 instead of 9000" in driver.sh(
        "cat /var/log/xen/xldevd.log")


def test_advertised_when_it_can(domains: tuple[Guest, Guest]) -> None:
    """A driver that may not write yet tries again."""
    guest, driver = domains
    host = guest.host
    place = f"{home(driver)}/feature/backend"
    driver.sh("rmmod xen-netback xen-blkback")
    host.run(f"xenstore-rm {place}; : >{ACCESS_LOG};"
             f" xenstore-write {place} '' && xenstore-chmod {place} n0")
    driver.sh("modprobe xen-netback")
    refused = f"grep -q ' D{driver.domid}[ .].* error *EACCES' {ACCESS_LOG}"
    host.run(f"for try in $(seq 100); do {refused} && exit; sleep 0.1; done; exit 1")
    assert not host.list(place)
    host.run(f"xenstore-chmod {place} n{driver.domid}")
    host.wait_for({f"{place}/vif/{QUEUES}": "uint 1 2 2"})


def test_a_node_that_cannot_be_written(domains: tuple[Guest, Guest]) -> None:
    """It is no reason to fail, but what a frontend was not told it does not get."""
    guest, driver = domains
    host = guest.host
    guest.sh("rmmod xen_netfront xen_blkfront")
    driver.sh("modprobe loop && truncate -s 1M /run/disk && losetup /dev/loop0 /run/disk")

    def take(node: str) -> None:
        host.run(f"xenstore-write {node} 1 && xenstore-chmod {node} n0")

    vif = Frontend(guest, "vif", 0, {QUEUES: 2}, options=["backend=driver"])
    answer = f"{vif.backend}/granted"
    assert host.read(answer) == f"{QUEUES}=2"
    name = f"vif-{guest.domid}-0"
    driver.sh(f"echo {name} >/sys/bus/xen-backend/drivers/vif/unbind")
    take(f"{vif.backend}/{QUEUES}")
    driver.sh(f"echo {name} >/sys/bus/xen-backend/drivers/vif/bind")
    host.wait_for({f"{vif.backend}/state": "2", answer: f"{QUEUES}=1"})
    vif.connect({"multi-queue-num-queues": 2})
    assert "guest requested 2 queues, but valid range is 1 - 1." in vif.error()

    # One that is published when the frontend connects.
    disk = Frontend(guest, "vbd", 51712, {}, options=["backend=driver"])
    take(f"{disk.backend}/feature-discard")
    assert disk.connect({}) == 4
    assert disk.do("flush", "discard", "read") == [0, -2, 0]


def test_advertised_after_a_resume(domains: tuple[Guest, Guest]) -> None:
    """A driver domain that was saved has another home, with nothing in it."""
    _, driver = domains
    host = driver.host
    host.run("xl save driver /root/saved && xl restore /root/saved && rm /root/saved")
    domid = int(host.run("xl domid driver").stdout)
    assert domid != driver.domid
    host.wait_for({f"/local/domain/{domid}/feature/backend/{kind}/{QUEUES}": "uint 1 2 2"
                   for kind in ("vif", "vbd")})


def test_disk_of_qemu(domains: tuple[Guest, Guest]) -> None:
    """xl devd starts a QEMU there, which has feature control like that of dom0."""
    _, driver = domains
    driver.sh("cp /srv/qemu.raw /run/image")    # what is in /srv is read-only there
    guest = Guest(driver.host, "other", disk=["/run/image,raw,xvda,w,backend=driver,backendtype=qdisk,"
                                              "config-max-ring-page-order=0,config-feature-flush-cache=0"])
    guest.backend_domid = driver.domid
    guest.create()
    backend = guest.host.tree(guest.backend("vbd", 51712))
    assert backend["granted"].split() == ["max-ring-page-order=0", "feature-flush-cache=0"]
    assert backend["max-ring-page-order"] == "0" and "feature-flush-cache" not in backend
    assert guest.host.read(f"{home(driver)}/feature/backend/qdisk/feature-discard") == "bool 0 1 1"
    assert guest.sh("head -c 4096 /dev/xvda | sha256sum") == driver.sh("head -c 4096 /srv/qemu.raw | sha256sum")


@pytest.mark.full
def test_unreadable_request(domains: tuple[Guest, Guest]) -> None:
    """A request that QEMU cannot read may be there to protect the host: the disk is not
    served, and strict does not let its guest run."""
    _, driver = domains
    host = driver.host
    driver.sh("cp /srv/qemu.raw /run/image && kill -STOP $(pidof xl)")
    guest = Guest(host, "other", disk=["/run/image,raw,xvda,w,backend=driver,backendtype=qdisk,"
                                       "config-feature-discard=0"])
    guest.domid, guest.backend_domid = driver.domid + 1, driver.domid
    host.put("/etc/xen/xl.conf", 'config_check = "strict"\n')
    host.put(guest.path, guest.text())
    host.run(f"(xl create -q {guest.path} >/run/said 2>&1; echo $? >/run/status) >/dev/null 2>&1 &")
    backend = f"{home(driver)}/backend/qdisk/{guest.domid}/51712"
    host.wait_for({f"{backend}/config/feature-discard": "0"})
    host.run(f"xenstore-chmod {backend}/config/feature-discard n0")
    driver.sh("kill -CONT $(pidof xl)")
    host.run("until [ -s /run/status ]; do sleep 0.1; done")
    said = host.run("cat /run/said").stdout
    assert host.run("cat /run/status").stdout != "0\n", said
    assert "disk xvda: its qdisk backend in domain" in said and "before it ran" in said
    assert "config/feature-discard: Permission denied" in driver.sh("cat /var/log/xen/qdisk-*.log")
