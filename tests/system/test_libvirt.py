# SPDX-License-Identifier: GPL-2.0
"""The same requests from domain XML, with our libvirt in dom0."""
from __future__ import annotations

import json
import re
import shlex

import pytest

from guests import parse_requests
from host import QUICK, Guest, Host, Result

URI = "xen:///system"
LOG = "/var/log/virtxend.log"
NAMESPACE = "http://libvirt.org/schemas/domain/xen/1.0"
QUEUES = "multi-queue-max-queues"

Requests = dict[tuple[str, int], dict[str, str]]


def feature(name: str, value: str) -> str:
    return f"      <xen:feature name='{name}' value='{value}'/>\n"


def disk(dev: str, source: str, driver: str = "", features: str = "") -> str:
    return (f"    <disk type='block' device='disk'>\n"
            f"      <driver name='phy' type='raw'{driver}/>\n"
            f"      <source dev='{source}'/>\n"
            f"      <target dev='{dev}' bus='xen'/>\n{features}"
            f"    </disk>\n")


def interface(number: int, driver: str = "", features: str = "") -> str:
    return (f"    <interface type='bridge'>\n"
            f"      <mac address='00:16:3e:00:00:0{number}'/>\n"
            f"      <source bridge='xenbr0'/>\n{driver}{features}"
            f"    </interface>\n")


def domain(disks: str, interfaces: str) -> str:
    """In the words, and the order, in which libvirt says it."""
    return f"""<domain type='xen' xmlns:xen='{NAMESPACE}'>
  <name>guest</name>
  <uuid>5b2c3a68-8f36-4a3e-9d0a-5c0f1d2e3a4b</uuid>
  <memory unit='KiB'>131072</memory>
  <currentMemory unit='KiB'>131072</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <os>
    <type arch='x86_64' machine='xenpv'>linux</type>
    <kernel>/srv/guest/vmlinux</kernel>
    <initrd>/srv/guest/initrd</initrd>
    <cmdline>console=hvc0 quiet loglevel=3 panic=-1 {QUICK}</cmdline>
  </os>
  <clock offset='utc' adjustment='reset'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>preserve</on_crash>
  <devices>
{disks}    <controller type='xenbus' index='0'/>
{interfaces}    <console type='pty'>
      <target type='xen' port='0'/>
    </console>
    <input type='mouse' bus='xen'/>
    <input type='keyboard' bus='xen'/>
    <memballoon model='xen'/>
  </devices>
</domain>
"""


# One of each kind that says all, and one that says nothing that Xen has a use for.
DISKS = (disk("xvda", "/dev/loop0", " discard='unmap' queues='1'",
              feature("max-ring-page-order", "0"))
         + disk("xvdb", "/dev/loop1", " cache='none'"))
INTERFACES = (
    interface(1, "      <driver queues='1'>\n"
                 "        <host csum='off' gso='off' tso4='on'/>\n"
                 "      </driver>\n",
              feature("feature-ctrl-ring", "0") + feature("feature-of-tomorrow", "a=b c"))
    + interface(2, "      <driver txmode='iothread'>\n"
                   "        <guest tso4='off'/>\n"
                   "      </driver>\n"))
REQUESTS: Requests = {
    ("vif", 0): {QUEUES: "1", "feature-gso-tcpv4": "1", "feature-gso-tcpv6": "0",
                 "feature-ipv6-csum-offload": "0", "feature-no-csum-offload": "1",
                 "feature-ctrl-ring": "0", "feature-of-tomorrow": "a=b c"},
    ("vif", 1): {},
    ("vbd", 51712): {QUEUES: "1", "max-ring-page-order": "0"},
    ("vbd", 51728): {},
}
# And what is plugged in later.
DISK = disk("xvdc", "/dev/loop2", " queues='1'", feature("feature-persistent", "0"))
INTERFACE = interface(3, "      <driver queues='1'/>\n", feature("feature-sg", "0"))
PLUGGED: Requests = {
    ("vif", 2): {QUEUES: "1", "feature-sg": "0"},
    ("vbd", 51744): {QUEUES: "1", "feature-persistent": "0"},
}


def declared(device: str) -> str:
    """A device of its own, with the namespace that its domain had declared."""
    return re.sub(r"<(disk|interface) ", rf"<\1 xmlns:xen='{NAMESPACE}' ", device, count=1)


def virsh(host: Host, *arguments: str, xml: str | None = None, check: bool = True,
          uri: str = URI) -> Result:
    """A command of virsh, with some XML in the file x.xml."""
    command = shlex.join(["virsh", "-q", "-c", uri, *arguments])
    return host.run(f"cat >x.xml; {command}", check=check, stdin=(xml or "").encode())


def dump(host: Host, *arguments: str, uri: str = URI) -> str:
    return virsh(host, "dumpxml", *arguments, uri=uri).stdout.rstrip("\n") + "\n"


def as_defined(live: str) -> str:
    """Without what libvirt adds for as long as a domain runs."""
    live = re.sub(r"^(<domain type='xen') id='\d+'", r"\1", live)
    live = re.sub(r"<console type='pty' tty='[^']*'>\n *<source path='[^']*'/>",
                  "<console type='pty'>", live)
    return re.sub(r" *<target dev='vif[0-9.]+'/>\n", "", live)


def below(tree: dict[str, str], path: str) -> dict[str, str]:
    return {name.removeprefix(f"{path}/"): value for name, value in tree.items()
            if name.startswith(f"{path}/")}


def check(step: str, guest: Guest, requests: Requests) -> None:
    """The requests are where the toolstack and the backends keep them, and count."""
    host = guest.host
    guest.domid = int(host.run(f"xl domid {guest.name}").stdout)
    guest.connected()
    copies = host.tree(f"/libxl/{guest.domid}/device")
    backends = host.tree("/local/domain/0/backend")
    listed = json.loads(host.run(f"xl device-features -j {guest.name}").stdout)
    features = {(device["kind"], device["devid"]):
                {entry["name"]: entry for entry in device["features"]} for device in listed}
    seen = guest.ask("report")
    queues = {**{("vif", net["devid"]): net["tx_queues"] for net in seen["net"].values()},
              **{("vbd", entry["devid"]): entry["queues"] for entry in seen["disk"].values()}}

    assert set(queues) == set(requests), step
    for (kind, devid), request in requests.items():
        device = f"{step}: {kind} {devid}"
        assert parse_requests(copies.get(f"{kind}/{devid}/config")) == (request, {}), f"{device}: libxl's"
        path = f"{kind}/{guest.domid}/{devid}/config"
        assert below(backends, path) == request, f"{device}: the backend's"
        assert queues[kind, devid] == (1 if QUEUES in request else 2), f"{device}: queues"
        for name, entry in features[kind, devid].items():
            assert entry.get("requested") == request.get(name), f"{device}: {name}"
            if name == "feature-of-tomorrow":
                assert entry["verdict"] == "unknown"
            elif name in request:
                assert (entry["verdict"], entry["granted"]) == ("granted", request[name]), \
                    f"{device}: {entry}"


def start(host: Host) -> None:
    host.run(f"mkdir -p /var/log && LIBVIRT_LOG_OUTPUTS=3:file:{LOG} virtxend --daemon")


@pytest.fixture
def libvirt(host: Host) -> Host:
    """A host with libvirt's daemon. What it saves goes to memory: the emulated disk
    takes half a minute for a guest."""
    host.run("mkdir -p /etc/libvirt /var/lib/libvirt && mount -t tmpfs tmpfs /var/lib/libvirt")
    start(host)
    return host


def test_domain(libvirt: Host) -> None:
    """One guest through all that keeps it what it is."""
    host = libvirt
    defined = domain(DISKS, INTERFACES)
    guest = Guest(host, "guest")
    virsh(host, "define", "--validate", "x.xml", xml=defined)
    assert dump(host, "guest") == defined, "defined"

    virsh(host, "start", "guest")
    check("started", guest, REQUESTS)
    assert as_defined(dump(host, "guest")) == defined, "running"
    assert dump(host, "--inactive", "guest") == defined, "defined, while it runs"
    log = host.run(["cat", LOG]).stdout
    assert re.findall(r"warning : libxlFeatureWarn:\d+ : (.*)", log) == [
        "Domain 'guest': disk 'xvdb': Xen's PV devices have no use for what is requested with: "
        "driver cache",
        "Domain 'guest': interface '00:16:3e:00:00:02': Xen's PV devices have no use for what "
        "is requested with: driver txmode, guest tso4"], log

    both = REQUESTS | PLUGGED
    larger = domain(DISKS + DISK, INTERFACES + INTERFACE)
    virsh(host, "attach-device", "guest", "x.xml", "--live", "--config", xml=declared(DISK))
    virsh(host, "attach-device", "guest", "x.xml", "--live", "--config", xml=declared(INTERFACE))
    check("attached", guest, both)
    assert as_defined(dump(host, "guest")) == larger, "attached"
    assert dump(host, "--inactive", "guest") == larger, "attached, for the next start"

    host.run("kill $(cat /run/virtxend.pid); while [ -e /run/virtxend.pid ]; do sleep 0.1; done")
    start(host)
    assert as_defined(dump(host, "guest")) == larger, "the daemon started again"

    virsh(host, "managedsave", "guest")
    assert as_defined(dump(host, "guest")) == larger, "saved"
    virsh(host, "start", "guest")
    check("managed save and start", guest, both)
    assert as_defined(dump(host, "guest")) == larger, "managed save and start"

    # As people take a device out of a domain's XML, without the namespace.
    for device in (DISK, INTERFACE):
        virsh(host, "detach-device", "guest", "x.xml", "--live", "--config", xml=device)
    host.wait_for({guest.backend("vif", 2): None, guest.backend("vbd", 51744): None})
    assert as_defined(dump(host, "guest")) == defined, "detached"
    assert dump(host, "--inactive", "guest") == defined, "detached, for the next start"


def test_disk_of_qemu(libvirt: Host) -> None:
    """A disk that QEMU serves has what is requested of it, too, and keeps it."""
    host = libvirt
    requests = {QUEUES: "1", "max-ring-page-order": "0", "feature-discard": "0"}
    image = (disk("xvda", "/srv/qemu.qcow2", " queues='1'",
                  feature("max-ring-page-order", "0") + feature("feature-discard", "0"))
             .replace("type='block'", "type='file'").replace("source dev=", "source file=")
             .replace("name='phy' type='raw'", "name='qemu' type='qcow2'"))
    defined = domain(image, "")
    guest = Guest(host, "guest")
    virsh(host, "define", "--validate", "x.xml", xml=defined)
    for command in ("start", "managedsave", "start"):
        virsh(host, command, "guest")
        if command != "start":
            continue
        guest.domid = int(host.run("xl domid guest").stdout)
        guest.connected()
        device, = json.loads(host.run("xl device-features -j guest").stdout)
        features = {entry["name"]: entry for entry in device["features"]}
        assert device["backend_type"] == "qdisk", device
        for name, value in requests.items():
            assert features[name] | {"requested": value, "granted": value,
                                     "verdict": "granted"} == features[name], features[name]
        seen = guest.ask("report")["disk"]["xvda"]
        assert seen["queues"] == 1 and not int(seen["ring-page-order"] or 0), seen
        assert guest.ask("disk-check xvda")["ok"]
        assert as_defined(dump(host, "guest")) == defined


@pytest.mark.usefixtures("migrates")
def test_other_daemon(libvirt: Host) -> None:
    """Migrated to another daemon on the same host (libvirt's protocol, version 3), and
    saved and restored by that."""
    host = libvirt
    other = "xen+unix:///system?socket=/run/other/virtxend-sock"
    # libvirt does not listen on a host that has nothing but lo.
    host.run("ip address add 192.0.2.1/24 dev xenbr0; mkdir /run/other; unshare --mount sh -ec '"
             "mount --bind /run/other /run/libvirt; mount -t tmpfs tmpfs /etc/libvirt;"
             " mount -t tmpfs tmpfs /var/lib/libvirt;"
             " exec virtxend --daemon --pid-file /run/other/pid'")
    guest = Guest(host, "guest")
    virsh(host, "create", "x.xml", xml=domain(DISKS, INTERFACES))
    guest.domid = int(host.run("xl domid guest").stdout)
    guest.connected()
    virsh(host, "migrate", "--live", "guest", other, "--migrateuri", "tcp://192.0.2.1",
          "--dname", "arrived")
    guest.name = "arrived"
    arrived = domain(DISKS, INTERFACES).replace("<name>guest<", "<name>arrived<")
    check("migrated", guest, REQUESTS)
    assert as_defined(dump(host, "arrived", uri=other)) == arrived, "migrated"

    virsh(host, "save", "arrived", "/run/saved", uri=other)
    virsh(host, "restore", "/run/saved", uri=other)
    check("saved and restored", guest, REQUESTS)
    assert as_defined(dump(host, "arrived", uri=other)) == arrived, "saved and restored"


WRONG = [
    (interface(1, "      <driver queues='many'/>\n"), ["attribute 'queues'", "element 'driver'"]),
    (interface(1, "      <driver queues='0'/>\n"), ["attribute 'queues'", "element 'driver'"]),
    (interface(1, "      <driver>\n        <host tso4='0'/>\n      </driver>\n"),
     ["attribute 'tso4'", "element 'host'"]),
    (interface(1, "", feature("a/b", "1")),
     ["00:16:3e:00:00:01", "attribute 'name'", "element 'xen:feature'", "a/b"]),
    (interface(1, "", feature("feature-sg", "")),
     ["00:16:3e:00:00:01", "attribute 'value'", "element 'xen:feature'", "feature-sg"]),
    (interface(1, "      <driver queues='1'/>\n", feature(QUEUES, "2")),
     ["00:16:3e:00:00:01", "attribute 'name'", "element 'xen:feature'", QUEUES]),
    (disk("xvda", "/dev/loop0", " queues='-1'"), ["attribute 'queues'", "element 'driver'"]),
    (disk("xvda", "/dev/loop0", "", feature("x", "1") + feature("x", "2")),
     ["xvda", "attribute 'name'", "element 'xen:feature'", "twice"]),
]


def test_definitions(libvirt: Host) -> None:
    """What is wrong is an error, and xl.cfg says the same as the XML."""
    host = libvirt
    for device, words in WRONG:
        is_disk = device.lstrip().startswith("<disk")
        result = virsh(host, "define", "x.xml", check=False,
                       xml=domain(device if is_disk else "", "" if is_disk else device))
        assert result.rc == 1 and all(word in result.stderr for word in words), result
    assert virsh(host, "list", "--all", "--name").stdout.split() == ["Domain-0"]

    # xl reads what libvirt writes, and libvirt what it wrote.
    defined = domain(DISKS, INTERFACES)
    config = virsh(host, "domxml-to-native", "xen-xl", "x.xml", xml=defined).stdout
    host.put("guest.cfg", config)
    parsed = json.loads(host.run("xl create -n guest.cfg").stdout)
    requests = [*(nic.get("config", {}) for nic in parsed["nics"]),
                *(disk.get("config", {}) for disk in parsed["disks"])]
    assert requests == list(REQUESTS.values())
    native = virsh(host, "domxml-from-native", "xen-xl", "guest.cfg").stdout
    again = virsh(host, "domxml-to-native", "xen-xl", "x.xml", xml=native).stdout
    assert again == config
    assert "<driver queues='1'>" in native and feature("max-ring-page-order", "0") in native

    # A medium changes, what its drive was given stays.
    drive = (disk("xvdd", "/dev/loop3", "", feature("max-ring-page-order", "1"))
             .replace("device='disk'", "device='cdrom'")
             .replace("bus='xen'/>\n", "bus='xen'/>\n      <readonly/>\n"))
    virsh(host, "define", "x.xml", xml=domain(DISKS + drive, INTERFACES))
    medium = drive.replace("loop3", "loop2").replace(feature("max-ring-page-order", "1"), "")
    virsh(host, "update-device", "guest", "x.xml", "--config", xml=medium)
    assert dump(host, "guest") == domain(DISKS + drive.replace("loop3", "loop2"), INTERFACES)
    result = virsh(host, "update-device", "guest", "x.xml", "--config", check=False,
                   xml=drive.replace("value='1'", "value='2'"))
    assert result.rc == 1 and "disk 'xvdd'" in result.stderr and \
        "max-ring-page-order" in result.stderr
