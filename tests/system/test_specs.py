# SPDX-License-Identifier: GPL-2.0
"""Bad specs: a message that names the device and the key, and nothing is left."""
from __future__ import annotations

from host import Host

BAD = [
    # key as written, what the message must name
    ("config-=1", "config-"),
    ("config-a/b=1", "config-a/b"),
    ("config-x=", "config-x"),
    ("config-x", "config-x"),
    (f"config-{'n' * 70}=1", f"config-{'n' * 70}"),
    (f"config-{'n' * 65}=1", f"config-{'n' * 65}"),
    ("config-a b=1", "config-a b"),
    ('config-a"b=1', 'config-a"b'),
]


def config(vif: list[str], disk: list[str]) -> str:
    return (f"name='bad'\ntype='pv'\nkernel='/srv/guest/vmlinux'\nramdisk='/srv/guest/initrd'\n"
            f"memory=128\nvif={vif!r}\ndisk={disk!r}\n")


def test_create(host: Host) -> None:
    before = host.store()
    for key, named in BAD:
        for vif, disk, device in (
                ([f"bridge=xenbr0,{key}"], [], "vif"),
                (["bridge=xenbr0", f"{key},bridge=xenbr0"], [], "vif"),
                ([], [f"phy:/dev/loop0,xvda,w,{key}"], "disk"),
                ([], [f"/dev/loop0,raw,xvda,{key},w"], "disk")):
            host.put("/root/bad.cfg", config(vif, disk))
            result = host.run("xl create -q /root/bad.cfg", check=False)
            assert result.rc not in (0, 127) and result.rc < 128, (vif, disk, str(result))
            assert device in result.stderr and named in result.stderr, str(result)
    assert host.store() == before


def test_attach(host: Host) -> None:
    host.create(paused=True)
    before = host.store()
    for key, named in BAD:
        for command, device in (
                (["xl", "network-attach", "guest", "bridge=xenbr0", key], "vif"),
                (["xl", "block-attach", "guest", f"phy:/dev/loop0,xvda,w,{key}"], "disk")):
            result = host.run(command, check=False)
            assert result.rc not in (0, 127) and result.rc < 128, str(result)
            assert device in result.stderr and named in result.stderr, str(result)
    assert host.store() == before


def test_good_specs(host: Host) -> None:
    """The longest name, every character of the alphabet, a value with an equals sign."""
    name = "A-Za-z0-9-_@"
    guest = host.create(
        paused=True, vif=[f"bridge=xenbr0,config-{'n' * 64}=1,config-{name}=a=b c"],
        disk=[f"format=raw,config-{name}=1,vdev=xvda,access=w,target=/dev/loop0"])
    assert host.read(f"{guest.backend('vif', 0)}/config/{'n' * 64}") == "1"
    assert host.read(f"{guest.backend('vif', 0)}/config/{name}") == "a=b c"
    assert host.read(f"{guest.backend('vbd', 51712)}/config/{name}") == "1"


def test_other_mistakes_keep_their_old_effect(host: Host) -> None:
    """A vif spec with an unknown key always started, with a message; it still does."""
    said = {}
    for xl in ("/opt/stock/bin/xl", "xl"):
        host.put("/root/odd.cfg", config(["bridge=xenbr0,colour=blue"], []))
        result = host.run(f"{xl} create -p -q /root/odd.cfg", check=False)
        said[xl] = (result.rc, result.stderr)
        host.run("xl destroy bad", check=False)
    assert said["xl"] == said["/opt/stock/bin/xl"]
    rc, stderr = said["xl"]
    assert rc == 0 and "colour" in stderr, said
