# SPDX-License-Identifier: GPL-2.0
"""Disks that QEMU serves: what was requested is granted, published, and what the frontend
gets; without requests, and for QEMUs without feature control, all is as it was."""
from __future__ import annotations

import re

import pytest

from frontend import Frontend, unload_drivers
from host import CommandError, Guest, Host
from test_grants import defaults, words

QUEUES, ORDER, SEGMENTS, PERSISTENT, FLUSH, BARRIER, DISCARD = (
    "multi-queue-max-queues", "max-ring-page-order", "feature-max-indirect-segments",
    "feature-persistent", "feature-flush-cache", "feature-barrier", "feature-discard")
OKAY, ERROR, EOPNOTSUPP = 0, -1, -2
LARGE_RING = "xen_blkfront.max_ring_page_order=4"
QEMU = "/usr/libexec/xen-qemu-system-i386"
STOCK = {"device_model_version": "qemu-xen", "device_model_override": f"{QEMU}.stock"}
RAW, QCOW2 = "/srv/qemu.raw,raw", "/srv/qemu.qcow2,qcow2"


def spec(image: str, vdev: str, **requested: object) -> str:
    keys = [f"config-{name.replace('_', '-')}={value}" for name, value in requested.items()]
    return ",".join([image, vdev, "w", "backendtype=qdisk", *keys])


def log(guest: Guest) -> str:
    """Of its QEMU."""
    return guest.host.get(f"/var/log/xen/qemu-dm-{guest.name}.log").decode(errors="replace")


def ring_pages(guest: Guest, disk: str) -> int:
    order = guest.ask("report")["disk"][disk]["ring-page-order"]
    return 1 << int(order or 0)


@pytest.mark.kinds
def test_granted(host: Host) -> None:
    """Everything is granted down on one disk and asked for on another, whatever it can
    have: what each does shows, in xenstore and in the guest, and its data is right. So it
    is after a save and restore."""
    least = {QUEUES: 1, ORDER: 0, SEGMENTS: 0, PERSISTENT: 0, FLUSH: 0, BARRIER: 0, DISCARD: 0}
    most = {QUEUES: 8, ORDER: 9, SEGMENTS: 256, PERSISTENT: 1, FLUSH: 1, BARRIER: 1, DISCARD: 1}
    can = {QUEUES: 1, ORDER: 4, SEGMENTS: 0, PERSISTENT: 0, FLUSH: 1, BARRIER: 0, DISCARD: 1}
    guest = host.create(extra=LARGE_RING, disk=[
        spec(QCOW2, "xvda", **least), spec(RAW, "xvdb", **most)])
    assert {name: int(value) for name, value in defaults(host, "qdisk").items()} == can

    for _ in range(2):
        small, large = (host.tree(guest.backend("vbd", devid)) for devid in (51712, 51728))
        assert words(small["granted"]) == {name: str(value) for name, value in least.items()}
        assert words(large["granted"]) == {name: str(value) for name, value in can.items()}
        for name, published in ((QUEUES, "1"), (ORDER, "0"), (FLUSH, None), (DISCARD, None),
                                ("discard-granularity", None)):
            assert small.get(name) == published, name
        for name, value in can.items():
            assert large.get(name) == (str(value) if value else None), name
        assert (ring_pages(guest, "xvda"), ring_pages(guest, "xvdb")) == (1, 16)
        for disk in ("xvda", "xvdb"):
            assert guest.ask(f"disk-check {disk}")["ok"], disk
        head = "dd if=/dev/xvdb bs=2M count=1 iflag=direct 2>/dev/null | sha256sum"
        assert guest.sh(head) == host.run("head -c 2M /srv/qemu.raw | sha256sum").stdout
        host.run("xl device-features --check guest")
        guest.save_and_restore()
        guest.connected()


@pytest.fixture
def guest(host: Host) -> Guest:
    """xl plugs such disks only into a guest that has a QEMU: this one was created with one.
    blkfront cannot be unloaded while it has a disk."""
    guest = host.create(memory=512, disk=[spec(QCOW2, "xvdd")])
    guest.detach("vbd", 51760)
    unload_drivers(guest)
    return guest


def test_held(guest: Guest) -> None:
    """A frontend that does what it was not granted is told so, and nothing is done; its
    ring lives on."""
    host = guest.host
    look = "sync; sha256sum </srv/qemu.raw; stat -c %b /srv/qemu.raw"
    nothing = ["flush", "flush-data", "discard", "discard-secure", "barrier", "indirect=16"]
    disks = {
        "xvda": ({DISCARD: 0, FLUSH: 0}, [], [EOPNOTSUPP] * 4),
        # What is not offered is not done, whoever did not want it.
        "xvdb": ({FLUSH: 1}, ["no-discard"], [OKAY, OKAY, EOPNOTSUPP, EOPNOTSUPP]),
        "xvdc": ({}, [], [OKAY, OKAY, OKAY, EOPNOTSUPP]),
    }
    for index, (vdev, (requested, options, expected)) in enumerate(disks.items()):
        disk = Frontend(guest, "vbd", 51712 + 16 * index, requested, target=RAW,
                        options=["backendtype=qdisk", *options], vdev=vdev)
        assert disk.connect({}) == 4
        data, blocks = host.run(look).stdout.splitlines()
        statuses = disk.do(*(word for operation in nothing for word in (operation, "read")))
        assert statuses[::2] == [*expected, ERROR, ERROR], requested
        assert set(statuses[1::2]) == {OKAY}
        after = host.run(look).stdout.splitlines()
        assert (after[0] != data) == (expected[1] == OKAY), requested
        assert (after[1] != blocks) == (expected[2] == OKAY), requested
        disk.honest()


def test_too_much(guest: Guest) -> None:
    """The connection ends in a state that says so; what was granted is served."""
    disk = Frontend(guest, "vbd", 51712, {ORDER: 1}, target=RAW,
                    options=["backendtype=qdisk"], vdev="xvda")
    for claimed in {"ring-page-order": 2}, {"multi-queue-num-queues": 2, "ring-ref": "ring"}:
        assert disk.connect(claimed) in (5, 6)
        assert f"invalid {next(iter(claimed))}" in log(guest)
        disk.reset()
    assert disk.connect({"ring-page-order": 1}) == 4
    assert disk.do("read", "write") == [OKAY, OKAY]
    disk.honest()


def test_malformed_and_unknown(host: Host) -> None:
    """One line of the log each, which names the device, the key and the value."""
    host.put("/etc/xen/xl.conf", 'config_check = "off"\n')
    guest = host.create(disk=[spec(RAW, "xvda", **{
        ORDER: "0x1", FLUSH: "-1", DISCARD: "0", "feature-of-tomorrow": "1"})])
    backend = host.tree(guest.backend("vbd", 51712))
    assert words(backend["granted"]) == {ORDER: "malformed", FLUSH: "malformed", DISCARD: "0"}
    assert (backend[ORDER], backend[FLUSH]) == ("4", "1") and DISCARD not in backend
    path = re.escape(f"qdisk/{guest.domid}/51712/config/")
    said = log(guest)
    for line in (ORDER + r': "0x1" is not a decimal number', FLUSH + r': "-1" is not a decimal number',
                 "feature-of-tomorrow: unknown feature"):
        assert len(re.findall(path + line, said)) == 1, said
    assert len(re.findall(path, said)) == 3, said


def nodes(host: Host, **options: object) -> dict[str, tuple[str, str]]:
    """{path: (value, permissions)} of the disks of a guest without requests."""
    return host.create(disk=[spec(RAW, "xvda"), spec(QCOW2, "xvdb")], options=options).nodes()


def test_nothing_requested(host: Host) -> None:
    """Node for node, and permission for permission, as with Debian's QEMU."""
    stock = nodes(host, **STOCK)
    assert not host.run("xenstore-list feature/backend | grep -x qdisk", check=False).stdout
    host.restore()
    assert nodes(host) == stock and len(stock) > 40, "that is not all"


def test_other_qemu(host: Host) -> None:
    """One without feature control is said to have none, also where ours has advertised
    before: strict does not let the guest run."""
    host.create("ours", disk=[spec(RAW, "xvda", **{ORDER: 0})]).destroy()
    assert host.run("xenstore-list feature/backend/qdisk").stdout
    guest = Guest(host, "guest", disk=[spec(QCOW2, "xvda", **{ORDER: 0})], options=STOCK)
    host.put("/etc/xen/xl.conf", 'config_check = "strict"\n')
    with pytest.raises(CommandError) as refused:
        guest.create()
    assert "xvda: its qdisk backend in domain 0 has no feature control" in str(refused.value)
    host.put("/etc/xen/xl.conf", "")
    warned = host.run(f"xl create {guest.path}")
    assert "has no feature control" in warned.stderr


def test_all_of_debians(host: Host) -> None:
    """Ours has every device, display and library that Debian's has: HVM guests need them."""
    for look in ("{} -device help", "{} -display help", "{} -audiodev help", "{} -chardev help",
                 "{} -object help", "{} -machine help",
                 "ldd {} | sed 's/ (0x.*//'"):
        stock = host.run(look.format(f"{QEMU}.stock"), check=False)
        assert stock.stdout.count("\n") > 1, look
        assert host.run(look.format(QEMU), check=False).stdout == stock.stdout, look


def test_switched_off(host: Host) -> None:
    """Where xen-feature-control disable was run, the QEMU of the package looks at no request,
    of which an xl that was not switched tells; and takes them again when that is undone."""
    if host.run(f"grep -q feature-control.disabled {QEMU}", check=False).rc:
        pytest.skip("not with this image: make check-debs")
    host.run("echo >/etc/xen/feature-control.disabled")
    xl = host.run("echo /usr/lib/xen-*/features/xl").stdout.strip()
    guest = host.create(xl=xl, disk=[spec(RAW, "xvda", **{ORDER: 0, DISCARD: 0})])
    backend = host.tree(guest.backend("vbd", 51712))
    assert "granted" not in backend and (backend[ORDER], backend[DISCARD]) == ("4", "1")
    assert not host.run("xenstore-list feature/backend | grep -x qdisk", check=False).stdout
    guest.destroy()
    host.put("/etc/xen/xl.conf", 'config_check = "strict"\n')
    refused = host.run(f"{xl} create {guest.path}", check=False)
    assert refused.rc and "has no feature control" in refused.stderr
    host.run("rm /etc/xen/feature-control.disabled")
    guest.create()
    assert host.tree(guest.backend("vbd", 51712))[ORDER] == "0"
