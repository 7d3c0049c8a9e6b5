# SPDX-License-Identifier: GPL-2.0
"""config_check, and the host's defaults: what xl makes of requests before anything is
created. Each wording and corner of it is in tests/unit/xl; here is the real host."""
from __future__ import annotations

import pytest

from host import Guest, Host, Result

# Options are taken either all before the file or all behind it.
CREATE = "xl create /root/checked.cfg -q"
QUEUES = "multi-queue-max-queues"

# A vif that is clamped and has an unknown feature, one with a malformed value that would
# clear a terminal, and a disk that is clamped; xl says so in these words.
VIFS = [f"bridge=xenbr0,config-{QUEUES}=99,config-no-such=1",
        "bridge=xenbr0,config-feature-sg=\033[2Jno,config-feature-gso-tcpv4=0"]
DISKS = ["phy:/dev/loop0,xvda,w,config-max-ring-page-order=99"]
FAULTS = [
    f"vif 0: config-{QUEUES}=99: the backend can give 1 to 2, so it will be 2",
    "vif 0: config-no-such=1: the vif backend of domain 0 has no such feature",
    r"vif 1: config-feature-sg=\x1b[2Jno: not a decimal number",
    "disk xvda: config-max-ring-page-order=99: the backend can give 0 to 4, so it will be 4",
]
NO_CONTROL = [
    f"vif 0: config-{QUEUES}=99: the vif backend of domain 0 has no feature control",
    "vif 0: config-no-such=1: the vif backend of domain 0 has no feature control",
    r"vif 1: config-feature-sg=\x1b[2Jno: the vif backend of domain 0 has no feature control",
    "vif 1: config-feature-gso-tcpv4=0: the vif backend of domain 0 has no feature control",
    "disk xvda: config-max-ring-page-order=99: the vbd backend of domain 0 has no feature control",
]


def conf(host: Host, *lines: str) -> None:
    host.put("/etc/xen/xl.conf", "".join(f"{line}\n" for line in lines))


def write_config(host: Host, **more: str) -> None:
    config = {"name": "checked", "type": "pv", "kernel": "/srv/guest/vmlinux",
              "ramdisk": "/srv/guest/initrd", "memory": 128, "vif": VIFS, "disk": DISKS, **more}
    # What Python would write as \x1b has to be in the file as it is.
    text = "".join(f"{key} = {value!r}\n" for key, value in config.items())
    host.put("/root/checked.cfg", text.replace(r"\x1b", "\x1b"))


def said(result: Result, how: str, lines: list[str]) -> None:
    """xl printed these lines, as warnings or as errors, and no other line of this kind."""
    ours = [line for line in result.stderr.splitlines() if line.startswith("xl: ")]
    if how == "error" and lines:
        assert ours.pop() == \
            'xl: error: nothing is created or changed, because of config_check="strict"'
    assert len(ours) == len(lines), str(result)
    for got, expected in zip(ours, lines):
        assert got.startswith(f"xl: {how}: {expected}"), str(result)


def refused(host: Host, lines: list[str], *commands: str) -> None:
    """They fail with these lines, and leave nothing: xenstore before is xenstore after."""
    before = host.store()
    for command in commands:
        result = host.run(command, check=False)
        assert result.rc not in (0, 127) and result.rc < 128, str(result)
        said(result, "error", lines)
    assert host.store() == before


def created(host: Host, lines: list[str]) -> None:
    """It starts, with these lines; libxl wrote what it was given. Then it goes again."""
    result = host.run(f"{CREATE} -p")
    said(result, "warning", lines)
    domid = host.run("xl domid checked").stdout.strip()
    backend = "/local/domain/0/backend"
    assert host.tree(f"{backend}/vif/{domid}/0/config") == {QUEUES: "99", "no-such": "1"}
    assert set(host.list(f"{backend}/vif/{domid}/1/config")) == \
        {"feature-sg", "feature-gso-tcpv4"}
    assert host.tree(f"{backend}/vbd/{domid}/51712/config") == {"max-ring-page-order": "99"}
    host.run("xl destroy checked")


def shown(host: Host, lines: list[str]) -> None:
    """A dry run succeeds, with these lines, and shows what is requested."""
    result = host.run(f"{CREATE} -n")
    said(result, "warning", lines)
    assert f'"{QUEUES}": "99"' in result.stdout and '"no-such": "1"' in result.stdout


def test_create(host: Host) -> None:
    """The setting of the host; and a warning where it says nothing."""
    write_config(host)
    conf(host, 'config_check = "strict"')
    refused(host, FAULTS, CREATE, f"{CREATE} -n")
    conf(host, 'config_check = "off"')
    shown(host, [])
    conf(host)
    shown(host, FAULTS)
    created(host, FAULTS)


def test_create_with_a_stock_backend(host: Host) -> None:
    """The setting of a domain's file, which wins; a backend without feature control."""
    conf(host, 'config_check = "off"')
    write_config(host, config_check="strict")
    # Not loaded, or an old one: from outside it is the same.
    host.run("modprobe -r xen-netback xen-blkback")
    refused(host, NO_CONTROL, CREATE)
    host.run("modprobe xen-netback && modprobe xen-blkback")
    host.use_stock_modules()
    refused(host, NO_CONTROL, CREATE)
    conf(host, 'config_check = "strict"')
    write_config(host, config_check="off")
    shown(host, [])
    write_config(host, config_check="warn")
    created(host, NO_CONTROL)


@pytest.mark.parametrize("how", ["strict", "warn", "off"])
def test_attach(guest: Guest, how: str) -> None:
    """The same for a device of a running guest."""
    host = guest.host
    conf(host, f'config_check = "{how}"')
    vif = f"xl network-attach guest bridge=xenbr0 config-{QUEUES}=99 config-no-such=1"
    disk = "xl block-attach guest phy:/dev/loop0,xvda,w,config-max-ring-page-order=0x1"
    image = "xl block-attach guest /srv/disk1.img,raw,xvdb,w,backendtype=qdisk,config-x=1"
    vif_faults = [f"vif: config-{QUEUES}=99: the backend can give 1 to 2, so it will be 2",
                  "vif: config-no-such=1: the vif backend of domain 0 has no such feature"]
    disk_faults = ["disk xvda: config-max-ring-page-order=0x1: not a decimal number, so the "
                   "backend keeps its default, 4; ask for 0 to 4"]
    image_faults = ["disk xvdb: config-x=1: the qdisk backend of domain 0 has no feature control"]

    if how == "strict":
        for command, lines in (vif, vif_faults), (disk, disk_faults), (image, image_faults):
            refused(host, lines, command)
        # What can be granted is, and a device without requests is not looked at.
        said(host.run(f"xl network-attach guest bridge=xenbr0 config-{QUEUES}=1"), "error", [])
        said(host.run("xl block-attach guest phy:/dev/loop0,xvda,w"), "error", [])
        return

    said(host.run(vif), "warning", vif_faults if how == "warn" else [])
    said(host.run(disk), "warning", disk_faults if how == "warn" else [])
    said(host.run(f"xl -N {image[3:]}"), "warning", image_faults if how == "warn" else [])
    guest.connected()
    assert host.tree(f"{guest.backend('vif', 0)}/config") == {QUEUES: "99", "no-such": "1"}
    assert host.tree(f"{guest.backend('vbd', 51712)}/config") == {"max-ring-page-order": "0x1"}
    assert guest.ask("report")["disk"]["xvda"]["ring-page-order"] == "4"


def test_config_update(guest: Guest) -> None:
    """What would count from the next reboot on is checked as well."""
    host = guest.host
    conf(host, 'config_check = "strict"')
    write_config(host)
    kept = host.run("cat /var/lib/xen/userdata-?.*").stdout
    refused(host, FAULTS, "xl config-update guest /root/checked.cfg")
    assert host.run("cat /var/lib/xen/userdata-?.*").stdout == kept
    write_config(host, config_check="warn")
    said(host.run("xl config-update guest /root/checked.cfg"), "warning", FAULTS)
    assert host.run("cat /var/lib/xen/userdata-?.*").stdout != kept


def test_defaults_of_the_host(guest: Guest) -> None:
    """A device's own key wins, feature by feature; =default is the backend's default."""
    host = guest.host
    conf(host, f'vif.default.config = "{QUEUES}=1,feature-gso-tcpv4=0"',
         f'disk.default.config = "{QUEUES}=1, max-ring-page-order=0"', 'config_check = "strict"')

    def granted(kind: str, devid: int, *features: str) -> list[str | None]:
        backend = guest.backend(kind, devid)
        seen, kept = ({name: value for name, value in host.tree(path).items()
                       if name.startswith("config")}
                      for path in (backend, f"/libxl/{guest.domid}/device/{kind}/{devid}"))
        assert seen == kept
        return [host.read(f"{backend}/{feature}") for feature in features]

    guest.attach("vif", "bridge=xenbr0", 0)
    assert granted("vif", 0, QUEUES, "feature-gso-tcpv4") == ["1", "0"]
    guest.attach("vif", f"bridge=xenbr0,config-{QUEUES}=2,config-feature-sg=1", 1)
    assert granted("vif", 1, QUEUES, "feature-gso-tcpv4") == ["2", "0"]
    assert host.tree(f"{guest.backend('vif', 1)}/config") == \
        {QUEUES: "2", "feature-sg": "1", "feature-gso-tcpv4": "0"}
    guest.attach("vif", f"bridge=xenbr0,config-{QUEUES}=default,config-feature-gso-tcpv4=default", 2)
    assert granted("vif", 2, QUEUES, "feature-gso-tcpv4") == ["2", "1"]
    assert "config" not in host.list(guest.backend("vif", 2))

    guest.attach("vbd", f"phy:/dev/loop0,xvda,w,config-{QUEUES}=default", 51712)
    assert granted("vbd", 51712, QUEUES, "max-ring-page-order") == ["2", "0"]
    assert host.tree(f"{guest.backend('vbd', 51712)}/config") == {"max-ring-page-order": "0"}

    # The same in a domain's file; a CD drive and a qcow2 image have no use for them.
    host.put("/root/defaults.cfg", "name='defaults'\ntype='pv'\nkernel='/srv/guest/vmlinux'\n"
             "memory=64\nvif=['bridge=xenbr0', '']\ndisk=['phy:/dev/loop1,xvda,w', "
             "'phy:/dev/loop1,xvdb:cdrom,r', '/x,qcow2,xvdc,w']\n")
    dry = host.run("xl create -n /root/defaults.cfg").stdout
    assert dry.count(f'"{QUEUES}": "1"') == 3

    # A mistake there stops everything, and says where it is.
    conf(host, f'vif.default.config = "{QUEUES}"')
    result = host.run("xl list", check=False)
    assert result.rc == 1
    assert "/etc/xen/xl.conf" in result.stderr and "vif.default.config" in result.stderr
    assert f"`{QUEUES}'" in result.stderr
