# SPDX-License-Identifier: GPL-2.0
"""What carries requests, as xen-feature-control lists it."""
from __future__ import annotations

import struct
import subprocess

import pytest

from feature_control import COMMAND, NO_REQUESTS, TOP, Host, saved


@pytest.mark.parametrize("config,expected", [
    (NO_REQUESTS, []),
    (saved(nics={"devid": 1, "config": {"feature-sg": "0", "b": "1"}}), ["saved: vif/1: feature-sg=0,b=1"]),
    (saved(disks={"vdev": "xvdb", "config_default": {"feature-persistent": "0"}}),
     ["saved: vbd/xvdb: feature-persistent=0 (host)"]),
    (saved(disks={"config": {"a": "default"}, "config_default": {"a": "0"}, "vdev": "xvdb"}), []),
    (saved(disks={"config": {"a": "1"}, "config_default": {"a": "0", "c": "2"}}, nics={"config": {"d": "3"}}),
     ["saved: vif/1: d=3", "saved: vbd/1: a=1,c=2 (host)"]),
    (b"name = 'x'\nvif = [ 'config-feature-sg=0' ]\n\0", ["?: ?: ?"]),
    (b"name = 'x'\nvif = [ '' ]\n\0", []),
    (b'{ "c_info": { "name": "x" },\0', ["?: ?: ?"]),    # cut
])
def test_saved(host: Host, config: dict | bytes, expected: list[str]) -> None:
    """By the configuration at the head, and only that."""
    host.save("one", config, flags=2 if isinstance(config, bytes) and config[:1] != b"{" else 3)
    out, _ = host.run("requests", rc=1 if expected else 0)
    assert out.splitlines() == ([f"file /var/lib/xen/save/one: domain {line}" for line in expected]
                                or ["nothing has requests"])


@pytest.mark.parametrize("name,content", [
    ("no save file", b"hello"), ("empty", b""), ("cut", b"Xen saved domain, xl format\n \0 \r".ljust(32, b"\0") + b"abc"),
    ("lies", b"Xen saved domain, xl format\n \0 \r".ljust(32, b"\0") + struct.pack("=5I", 0x01020304, 1, 0, 9, 0xffffffff))])
def test_no_saved_domain(host: Host, name: str, content: bytes) -> None:
    host.save("x", NO_REQUESTS)
    (host.root / "var/lib/xen/save" / name).write_bytes(content)
    host.run("requests")


@pytest.mark.parametrize("defaults,found", [
    (None, False), ('XENDOMAINS_SAVE="/srv/a b"\n', True), ("XENDOMAINS_SAVE=\n", False), ("# nothing\n", False)])
def test_save_folder(host: Host, defaults: str | None, found: bool) -> None:
    """Of /etc/default/xendomains."""
    host.save("one", saved(nics={"config": {"a": "1"}}), folder="srv/a b")
    if defaults:
        host.write("etc/default/xendomains", defaults)
    host.run("requests", rc=1 if found else 0)


@pytest.mark.parametrize("defaults", ["exit 0\n", "XENDOMAINS_SAVE=/srv\nexit 0\n", None])
def test_save_folder_unknown(host: Host, defaults: str | None) -> None:
    """Then it is not said that nothing is there."""
    if defaults:
        host.write("etc/default/xendomains", defaults)
    else:
        (host.root / "etc/default/xendomains").mkdir(parents=True)
    assert "cannot tell from /etc/default/xendomains" in host.run("requests", rc=2)[1]


def test_hidden_save_file(host: Host) -> None:
    host.save(".one", saved(nics={"config": {"a": "1"}}))
    host.run("requests", rc=1)


def test_domains(host: Host) -> None:
    """Their devices, what is requested in the end, and their monitors."""
    host.request("feature-sg=0", "a=default", of_host=("feature-sg=1", "a=0", "b=3"))
    host.request("c=1", domid=5, device="vbd/51712")
    host.request("c=default", domid=6)
    host.request(of_host=("d=1\\n=2",), domid=7)
    host.request("e=" + "1" * 9000, "f=1", domid=8)
    host.monitor(78, "other")
    out, _ = host.run("requests", rc=1)
    assert out.splitlines() == [
        "domain guest: vif/0: feature-sg=0,b=3 (host)", "domain (5): vbd/51712: c=1",
        "domain (7): vif/0: d=1\\n=2 (host)", f"domain (8): vif/0: e={'1' * 9000},f=1",
        "domain guest: is monitored by xl process 77: this version"]
    host.remove("xenstore")
    host.store = None
    assert "cannot read xenstore" in host.run("requests", rc=2)[1]
    host.write("proc/xen/capabilities", "")
    host.run("requests")


def test_domain_with_half_a_copy(host: Host) -> None:
    """Whatever it is, it is not known to have nothing."""
    host.store.append(r'/libxl/3/device/vif/0/config = "a=1\nb=12"')
    out, _ = host.run("requests", rc=1)
    assert out.splitlines()[0] == "domain guest: vif/0: a=1,b=12"


def test_domains_of_before(host: Host) -> None:
    """A node for each key, in two directories: as the packages of before wrote it."""
    for node in ('config = ""', 'config/feature-sg = "0"', 'config/a = "default"', 'config_default = ""',
                 'config_default/feature-sg = "1"', 'config_default/a = "0"', 'config_default/b = "3"'):
        host.store.append(f"/libxl/3/device/vif/0/{node}")
    out, _ = host.run("requests", rc=1)
    assert out.splitlines()[0] == "domain guest: vif/0: feature-sg=0,b=3 (host)"


@pytest.mark.parametrize("requested", [True, False])
def test_removal(host: Host, requested: bool) -> None:
    """Of the package: lists what has requests, if anything has."""
    if requested:
        host.request("feature-sg=0")
    host.settle()
    (host.programs / "xen-feature-control").symlink_to(COMMAND)
    done = subprocess.run(["sh", TOP / "packaging/xen/debian/xen-feature-control.prerm", "remove"], text=True,
                          env=host.environment(), capture_output=True, check=True)
    assert ("domain guest: vif/0: feature-sg=0" in done.stdout) == requested == bool(done.stdout)
