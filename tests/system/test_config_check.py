# SPDX-License-Identifier: GPL-2.0
"""config_check and the host's defaults: a limit that was asked for holds, or xl says so, and
under strict the guest does not run without it. Each wording and corner is in tests/unit/xl."""
from __future__ import annotations

import json

import pytest

from host import Guest, Host, Result

# Options are taken either all before the file or all behind it.
CREATE = "xl create /root/checked.cfg -q"
QUEUES, ORDER = "multi-queue-max-queues", "max-ring-page-order"
XL_CONF = "/etc/xen/xl.conf"
STOCK = "/opt/stock/bin/xl"

# A request above the limit, which the guest gets less of; one that no backend knows.
VIFS = [f"bridge=xenbr0,config-{QUEUES}=99,config-no-such=1"]
DISKS = [f"phy:/dev/loop0,xvda,w,config-{ORDER}=99"]
UNKNOWN = "vif 0: config-no-such=`1': the vif backend in domain 0 has no such feature"
LESS = f"vif 0: config-{QUEUES}=`99', granted `2'"
NOT_BEFORE = 'xl: error: nothing is created or changed, because of config_check="{}"'
NOT_AFTER = 'xl: error: the domain is destroyed before it ran, because of config_check="{}"'
NO_CONTROL = [
    "vif 0: its vif backend in domain 0 has no feature control, so "
    f"config-{QUEUES}=`99', config-no-such=`1' have no effect",
    f"disk xvda: its vbd backend in domain 0 has no feature control, so config-{ORDER}=`99' has",
]


def conf(host: Host, *lines: str) -> None:
    host.put(XL_CONF, "".join(f"{line}\n" for line in lines))


def write_config(host: Host, **more: object) -> None:
    config = {"name": "checked", "type": "pv", "kernel": "/srv/guest/vmlinux",
              "ramdisk": "/srv/guest/initrd", "memory": 128, "vif": VIFS, "disk": DISKS, **more}
    host.put("/root/checked.cfg", "".join(f"{key} = {value!r}\n" for key, value in config.items()))


def said(result: Result, *lines: str) -> None:
    """xl printed lines that start like these, in any order, and no others of its own."""
    ours = sorted(line for line in result.stderr.splitlines() if line.startswith("xl: "))
    assert len(ours) == len(lines), str(result)
    for got, expected in zip(ours, sorted(lines)):
        assert got.startswith(expected), str(result)


def refused(host: Host, command: str, *lines: str, status: int | None = None) -> Result:
    """It fails with these lines, and leaves nothing: xenstore before is xenstore after."""
    before = host.store()
    result = host.run(command, check=False)
    assert result.rc not in (0, 127) and result.rc < 128, str(result)
    assert status in (None, result.rc), str(result)
    said(result, *lines)
    assert host.store() == before
    # And it never ran: a kernel says something, and Xen keeps that.
    assert not host.run("cat /var/log/xen/console/guest-checked.log", check=False).stdout
    return result


def errors(*lines: str) -> list[str]:
    return [f"xl: error: {line}" for line in lines]


def warnings(*lines: str) -> list[str]:
    return [f"xl: warning: {line}" for line in lines]


def created(host: Host, *lines: str) -> None:
    """It starts, with these lines; libxl wrote what it was given. Then it goes again."""
    said(host.run(f"{CREATE} -p"), *lines)
    domid = host.run("xl domid checked").stdout.strip()
    backend = "/local/domain/0/backend"
    assert host.tree(f"{backend}/vif/{domid}/0/config") == {QUEUES: "99", "no-such": "1"}
    assert host.tree(f"{backend}/vbd/{domid}/51712/config") == {ORDER: "99"}
    host.run("xl destroy checked")


def test_create(host: Host) -> None:
    """Each setting; the domain's own wins; less is less, and no fault but under exact."""
    write_config(host)
    for how in ("strict", "exact"):
        conf(host, f'config_check = "{how}"')
        for command in (CREATE, f"{CREATE} -n"):
            refused(host, command, *errors(UNKNOWN), NOT_BEFORE.format(how))
    conf(host, 'config_check = "off"')
    created(host)
    conf(host)
    created(host, *warnings(UNKNOWN))
    said(host.run(f"{CREATE} -n"), *warnings(UNKNOWN))

    vifs = [f"bridge=xenbr0,config-{QUEUES}=99"]
    write_config(host, vif=vifs, config_check="strict")
    said(host.run(f"{CREATE} -p && xl destroy checked"))
    write_config(host, vif=vifs, config_check="exact")
    refused(host, CREATE, *errors(LESS, f"disk xvda: config-{ORDER}=`99', granted `4'"),
            NOT_AFTER.format("exact"))

    # Malformed is refused where a person asks, and cannot clear her terminal.
    write_config(host, vif=["bridge=xenbr0,config-feature-sg=on"])
    for how in ("warn", "strict"):
        conf(host, f'config_check = "{how}"')
        refused(host, CREATE, *errors("vif 0: config-feature-sg=`on': not an unsigned decimal"),
                NOT_BEFORE.format(how))


def test_without_feature_control(host: Host) -> None:
    """Nothing is refused because nothing is advertised: Debian loads the backends with the
    first device. Those that have no feature control are found while the guest is paused."""
    conf(host, 'config_check = "strict"')
    good = {"vif": [f"bridge=xenbr0,config-{QUEUES}=1"],
            "disk": [f"phy:/dev/loop0,xvda,w,config-{ORDER}=0"]}
    host.run("modprobe -r xen-netback xen-blkback")
    write_config(host, **good)
    said(host.run(f"{CREATE} -p"))
    assert host.run("xl device-features --check checked").rc == 0
    host.run("xl destroy checked")

    host.use_stock_modules()
    write_config(host)
    refused(host, CREATE, *errors(*NO_CONTROL), NOT_AFTER.format("strict"))
    # What looked like ours until a moment ago.
    features = "/local/domain/0/feature/backend"
    host.run(f"xenstore-write {features}/vif/{QUEUES} 'uint 1 2 2' {features}/vif/no-such 'bool 0 1 1'"
             f" {features}/vbd/{ORDER} 'uint 0 4 4'")
    refused(host, CREATE, *errors(*NO_CONTROL), NOT_AFTER.format("strict"))
    host.run(f"xenstore-rm {features}/vif {features}/vbd")
    conf(host)
    created(host, *warnings(*NO_CONTROL))

    # Those of the version before do not say what they granted: what they publish is that.
    old = "/local/domain/0/backend/vif/features"
    host.run("xenstore-write " + " ".join(f"{old}/{name}-{key} {value}" for name, values in
             ((QUEUES, "1 8 8 uint"), ("feature-sg", "0 1 1 bool"), ("feature-x", "0 1 1 bool"))
             for key, value in zip(("minval", "maxval", "defval", "type"), values.split())))
    conf(host, 'config_check = "strict"')
    write_config(host, vif=[f"bridge=xenbr0,config-{QUEUES}=2,config-feature-sg=1,config-feature-x=0"], disk=[])
    said(host.run(f"{CREATE} -p && xl destroy checked"))
    write_config(host, vif=["bridge=xenbr0,config-feature-sg=0"], disk=[])
    refused(host, CREATE, *errors("vif 0: config-feature-sg=`0', granted `1': the guest gets more"),
            NOT_AFTER.format("strict"))
    host.run(f"xenstore-rm {old}")

    # A default of the host's is no reason to keep a guest down; under exact it is.
    for how, refuses in (("strict", False), ("exact", True)):
        conf(host, f'config_check = "{how}"', f'vif.default.config = "{QUEUES}=1"')
        write_config(host, vif=["bridge=xenbr0"], disk=[])
        line = (f"vif 0: its vif backend in domain 0 has no feature control, so config-{QUEUES}=`1' "
                "(by default of the host) has no effect")
        if refuses:
            refused(host, CREATE, *errors(line), NOT_AFTER.format(how))
        else:
            said(host.run(f"{CREATE} -p && xl destroy checked"), *warnings(line))


# A hotplug script runs between the backend's look at a device and xl's.
SCRIPT = """#!/bin/sh
/etc/xen/scripts/{real} "$@" || exit
[ "$1" = {action} ] || exit 0
{work}
"""


@pytest.mark.parametrize("work, line", [
    # Someone else publishes.
    (f"xenstore-write $XENBUS_PATH/{QUEUES} 2", f"vif 0: config-{QUEUES}=`1', granted `2': the guest gets"
     " more than was requested"),
    ("xenstore-rm $XENBUS_PATH/granted",
     f"vif 0: its vif backend in domain 0 has no feature control, so config-{QUEUES}=`1' has"),
    pytest.param("xenstore-write $XENBUS_PATH/granted ''",
                 f"vif 0: config-{QUEUES}=`1': the vif backend in domain 0 has no",
                 marks=pytest.mark.full),
    pytest.param(f"xenstore-write $XENBUS_PATH/granted {QUEUES}=malformed",
                 f"vif 0: config-{QUEUES}=`1', granted `1': not an unsigned decimal",
                 marks=pytest.mark.full),
], ids=["published", "no granted", "not in granted", "malformed"])
def test_not_as_granted(host: Host, work: str, line: str) -> None:
    """A backend that does something else than it says: strict destroys the guest before it
    ran, warn tells."""
    host.put("/etc/xen/scripts/vif-odd",
             SCRIPT.format(real="vif-bridge", action="online", work=work), 0o755)
    write_config(host, vif=[f"bridge=xenbr0,script=vif-odd,config-{QUEUES}=1"], disk=[])
    conf(host, 'config_check = "off"')
    said(host.run(f"{CREATE} -p && xl destroy checked"))
    for how in ("warn", "strict"):
        conf(host, f'config_check = "{how}"')
        # Malformed is refused where a person asks.
        if how == "strict" or "malformed" in work:
            refused(host, CREATE, *errors(line), NOT_AFTER.format(how))
        else:
            said(host.run(f"{CREATE} -p && xl destroy checked"), *warnings(line))


@pytest.mark.parametrize("how", ["strict", "warn", pytest.param("off", marks=pytest.mark.full)])
def test_attach(guest: Guest, how: str) -> None:
    """The same for a device of a running guest, which is removed again."""
    host = guest.host
    conf(host, f'config_check = "{how}"')
    vif = f"xl network-attach guest bridge=xenbr0,config-{QUEUES}=99,config-no-such=1"
    disk = f"xl block-attach guest phy:/dev/loop0,xvda,w,config-{ORDER}=0x1"
    unknown = "vif{}: config-no-such=`1': the vif backend in domain 0 has no such feature"
    malformed = f"disk xvda: config-{ORDER}=`0x1'"

    if how == "off":
        said(host.run(vif))
        said(host.run(disk))
        guest.connected()
        assert host.tree(f"{guest.backend('vif', 0)}/config") == {QUEUES: "99", "no-such": "1"}
        return
    nothing = f'xl: error: nothing is created, because of config_check="{how}"'
    refused(host, disk, *errors(malformed), nothing, status=1)
    if how == "warn":
        said(host.run(vif), *warnings(unknown.format(" 0")))
        guest.connected()
        return
    refused(host, vif, *errors(unknown.format("")), nothing, status=1)
    # Of what has no control nothing is known before.
    host.run("modprobe -r xen-blkback")
    record = host.run("xl list -l guest").stdout
    host.run("insmod $(find /lib/modules/$(uname -r)/kernel -name xen-blkback.ko*)")
    result = host.run(f"xl block-attach guest phy:/dev/loop0,xvda,w,config-{ORDER}=0", check=False)
    assert result.rc == 1
    said(result, *errors(
        f"disk xvda: its vbd backend in domain 0 has no feature control, so config-{ORDER}=`0' has"),
        'xl: error: the device is removed again, because of config_check="strict"')
    assert not guest.devices()
    assert host.run("xl list -l guest").stdout == record
    host.run("modprobe -r xen-blkback && modprobe xen-blkback")
    # What can be granted is, and a device without requests is not looked at.
    said(host.run(f"xl network-attach guest bridge=xenbr0 config-{QUEUES}=1"))
    said(host.run("xl block-attach guest phy:/dev/loop0,xvda,w"))
    guest.connected()


def test_reboot(host: Host) -> None:
    """A guest that would come up without its limit stays down, and who looks is told why."""
    conf(host, 'config_check = "strict"')
    guest = host.create(vif=[f"bridge=xenbr0,config-{QUEUES}=1"])
    guest.ask("report")
    # Its devices go and come with it: then the module is another.
    host.put("/etc/xen/scripts/vif-odd",
             SCRIPT.format(real="vif-bridge", action="online",
                           work="xenstore-rm $XENBUS_PATH/granted"), 0o755)
    host.run("mv /etc/xen/scripts/vif-bridge /etc/xen/scripts/vif-bridge.real &&"
             " sed s/vif-bridge/vif-bridge.real/ /etc/xen/scripts/vif-odd"
             " >/etc/xen/scripts/vif-bridge && chmod 755 /etc/xen/scripts/vif-bridge")
    assert host.run("xl device-features --check guest").rc == 0
    guest.tell("sh reboot -f")
    host.run("timeout 120 sh -c 'while ! [ -s /run/xen/xl-refused/guest ] || xl domid guest;"
             " do sleep 0.5; done' >/dev/null 2>&1")
    reason = host.run("cat /run/xen/xl-refused/guest").stdout
    assert reason.startswith("vif 0: its vif backend in domain 0 has no feature control")
    log = host.run("cat /var/log/xen/xl-guest.log").stdout
    assert reason.strip() in log and "destroyed before it ran" in log
    result = host.run("xl device-features --check", check=False)
    assert result.rc == 1 and "guest" in result.stdout and reason.strip() in result.stdout
    # As soon as it may be created again, that is forgotten.
    host.run("mv /etc/xen/scripts/vif-bridge.real /etc/xen/scripts/vif-bridge")
    host.run(f"xl create -q -p {guest.path}")
    assert host.run("xl device-features --check").rc == 0


def test_config_update(host: Host) -> None:
    """What counts from the next reboot on is what the update was told."""
    conf(host)
    guest = host.create(vif=["bridge=xenbr0"])
    guest.ask("report")
    conf(host, 'config_check = "strict"', f'vif.default.config = "{QUEUES}=1"')
    write_config(host, name="guest")
    kept = host.run("cat /var/lib/xen/userdata-?.*").stdout
    refused(host, "xl config-update guest /root/checked.cfg", *errors(UNKNOWN),
            NOT_BEFORE.format("strict"))
    assert host.run("cat /var/lib/xen/userdata-?.*").stdout == kept

    host.run(f"xl config-update guest {guest.path}")
    conf(host)
    guest.tell("sh reboot -f")
    guest.refresh().ask("report")
    assert host.tree(f"{guest.backend('vif', 0)}/config") == {QUEUES: "1"}
    record = json.loads(host.run("xl list -l guest").stdout)[0]["config"]["nics"][0]
    assert record["config_default"] == {QUEUES: "1"} and "config" not in record


def test_restore(host: Host) -> None:
    """With another configuration, with other backends, and after the packages are gone."""
    conf(host, 'vif.default.config = "feature-gso-tcpv6=0"')
    guest = host.create(vif=[f"bridge=xenbr0,mac=00:16:3e:00:00:01,config-{QUEUES}=1"])
    guest.ask("report")
    said(host.run("xl save guest /root/saved"))

    conf(host, 'config_check = "strict"', 'vif.default.config = "feature-gso-tcpv4=0"')
    # The file does not have what the record has.
    text = guest.text().replace(f",config-{QUEUES}=1", "")
    host.put("/root/fewer.cfg", text)
    missing = f"vif 0: config-{QUEUES}=`1' was requested of it"
    refused(host, "xl restore -p /root/fewer.cfg /root/saved", *errors(missing),
            'xl: error: nothing is done, because of config_check="strict"')
    host.put("/root/fewer.cfg", text.replace("0:01'", f"0:01,config-{QUEUES}=default'"))
    note = "xl: note: guest keeps the defaults that it was made with; of this host's, it does" \
        " not have feature-gso-tcpv4=0 of vif 0"
    said(host.run("xl restore -p /root/fewer.cfg /root/saved"), note,
         *warnings(f"vif 0: config-{QUEUES} is `default' now, and was `1'"))
    domid = host.run("xl domid guest").stdout.strip()
    # The record's defaults count, the host's do not.
    assert host.tree(f"/local/domain/0/backend/vif/{domid}/0/config") == {"feature-gso-tcpv6": "0"}
    host.run("xl destroy guest")

    host.use_stock_modules()
    refused(host, "xl restore /root/saved", note, *errors(
        "vif 0: its vif backend in domain 0 has no feature control"), NOT_AFTER.format("strict"))
    # Nobody has to understand what is in a file.
    host.run(f"{STOCK} restore -p /root/saved && xl destroy guest")


def test_migrate(guest: Guest) -> None:
    """Under strict a host without feature control refuses it, and it goes on at home;
    otherwise xl says what will be lost."""
    host = guest.host
    conf(host, 'config_check = "strict"')
    guest.attach("vif", f"bridge=xenbr0,config-{QUEUES}=1,config-feature-sg=0", 0)
    receiver = f"{STOCK} migrate-receive"
    result = host.run(f"xl migrate -s '' guest '{receiver}'", check=False)
    assert result.rc and "Savefile has mandatory flag(s) 0x40000000 which are not supported" in \
        result.stderr, str(result)
    assert guest.ask("report")["net"]["eth0"]["tx_queues"] == 1
    conf(host)
    result = host.run(f"xl migrate -s '' guest '{receiver}' 2>&1 >/dev/null", check=False)
    assert "xl: note: 2 requests of features (config-) go along; a host without feature control" \
        " ignores them" in result.stdout, str(result)


def test_mistake_in_xl_conf(guest: Guest) -> None:
    """It is said, once, and ends only what would make a device."""
    host = guest.host
    write_config(host)
    host.run("xl save -c guest /root/saved")
    for line, word in ((f'vif.default.config = "{QUEUES}"', "vif.default.config"),
                       (f'vif.default.config = ["{QUEUES}=1"]', "vif.default.config"),
                       ('config_check = "strikt"', "strikt")):
        conf(host, line)
        for command in ("xl list", "xl domid guest", "xl vcpu-list guest"):
            result = host.run(command)
            assert result.stderr.count(word) == 1, str(result)
        for command in (CREATE, f"{CREATE} -n", "xl network-attach guest bridge=xenbr0",
                        "xl block-attach guest phy:/dev/loop0,xvda,w",
                        "xl config-update guest /root/checked.cfg"):
            result = refused(host, command, "xl: error: nothing is created or changed, because of"
                             " the mistake named above")
            assert XL_CONF in result.stderr and word in result.stderr, str(result)
    host.run("xl destroy guest")
    said(host.run("xl restore -p /root/saved"),
         *warnings("going on in spite of the mistake named above"))


def test_defaults_of_the_host(guest: Guest) -> None:
    """A device's own key wins, feature by feature; =default is the backend's default."""
    host = guest.host
    conf(host, f'vif.default.config = "{QUEUES}=1,feature-gso-tcpv4=0"',
         f'disk.default.config = "{QUEUES}=1, {ORDER}=0"', 'config_check = "strict"')

    def granted(kind: str, devid: int, *features: str) -> list[str | None]:
        backend = guest.backend(kind, devid)
        return [host.read(f"{backend}/{feature}") for feature in features]

    guest.attach("vif", "bridge=xenbr0", 0)
    assert granted("vif", 0, QUEUES, "feature-gso-tcpv4") == ["1", "0"]
    assert guest.requests("vif", 0) == ({}, {QUEUES: "1", "feature-gso-tcpv4": "0"})
    guest.attach("vif", f"bridge=xenbr0,config-{QUEUES}=2,config-feature-sg=1", 1)
    assert granted("vif", 1, QUEUES, "feature-gso-tcpv4") == ["2", "0"]
    assert host.tree(f"{guest.backend('vif', 1)}/config") == \
        {QUEUES: "2", "feature-sg": "1", "feature-gso-tcpv4": "0"}
    assert guest.requests("vif", 1) == ({QUEUES: "2", "feature-sg": "1"},
                                        {QUEUES: "1", "feature-gso-tcpv4": "0"})
    guest.attach("vif", f"bridge=xenbr0,config-{QUEUES}=default,config-feature-gso-tcpv4=default", 2)
    assert granted("vif", 2, QUEUES, "feature-gso-tcpv4") == ["2", "1"]
    assert "config" not in host.list(guest.backend("vif", 2))

    guest.attach("vbd", f"phy:/dev/loop0,xvda,w,config-{QUEUES}=default", 51712)
    assert granted("vbd", 51712, QUEUES, ORDER) == ["2", "0"]
    assert host.tree(f"{guest.backend('vbd', 51712)}/config") == {ORDER: "0"}

    # The same in a domain's file: blkback serves a PV guest's CD, and no qcow2 image.
    host.put("/root/defaults.cfg", "name='defaults'\ntype='pv'\nkernel='/srv/guest/vmlinux'\n"
             "memory=64\nvif=['bridge=xenbr0', '']\ndisk=['phy:/dev/loop1,xvda,w', "
             "'phy:/dev/loop1,xvdb:cdrom,r', '/x,qcow2,xvdc,w']\n")
    config = json.loads(host.run("xl create -n /root/defaults.cfg").stdout)
    config = config.get("config", config)
    assert [nic["config_default"][QUEUES] for nic in config["nics"]] == ["1", "1"]
    assert [ORDER in disk.get("config_default", {}) for disk in config["disks"]] == [True, True, False]

    # dom0 is no guest.
    host.run("xl block-attach 0 phy:/dev/loop1,xvdq,r")
    assert "config" not in host.tree("/local/domain/0/backend/vbd/0")


def test_monitor_of_before(guest: Guest) -> None:
    """A guest whose monitor is the xl of before loses what is plugged into it at its reboot:
    xl says so."""
    host = guest.host
    conf(host)
    old = Guest(host, "old", vif=["bridge=xenbr0"], xl=STOCK).create()
    old.ask("report")
    result = host.run(f"xl network-attach old bridge=xenbr0 config-{QUEUES}=1")
    assert "xl: warning: " in result.stderr and "reboot" in result.stderr, str(result)
    assert not host.run("xl network-attach old bridge=xenbr0").stderr
    said(host.run(f"xl network-attach guest bridge=xenbr0 config-{QUEUES}=1"))
    # That is what is lost.
    old.tell("sh reboot -f")
    old.refresh().ask("report")
    assert "config" not in host.list(old.backend("vif", 1))
