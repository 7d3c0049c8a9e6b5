# SPDX-License-Identifier: GPL-2.0
"""What an administrator requests is what a device is granted, within its limit."""
from __future__ import annotations

from test_permissions import permissions

from host import Host

QUEUES = "multi-queue-max-queues"


def test_values(host: Host) -> None:
    """Each kind of value, on an interface of its own; two queues are the limit."""
    cases = [
        # requested, granted, what the kernel log says of it
        ("1", "1", None),
        ("2", "2", None),
        ("3", "2", None),
        ("0", "1", None),
        ("9" * 40, "2", None),
        ("0x1", "2", '"0x1" is not a decimal number'),
        ("-1", "2", '"-1" is not a decimal number'),
    ]
    # xl itself refuses what is malformed.
    host.put("/etc/xen/xl.conf", 'config_check = "off"\n')
    guest = host.create(paused=True, vif=[
        f"bridge=xenbr0,config-{QUEUES}={requested}" for requested, _, _ in cases])
    # What would play with an administrator's terminal: xl takes no such value.
    backend = guest.backend("vif", len(cases))
    device = f"vif-{guest.domid}-{len(cases)}"
    host.run(["xl", "network-attach", "guest", "bridge=xenbr0", f"config-{QUEUES}=1"])
    cases.append(("1\x1b[2J", "2", '"1?[2J" is not a decimal number'))
    host.write(f"{backend}/config/{QUEUES}", cases[-1][0])
    host.run(f"cd /sys/bus/xen-backend/drivers/vif && echo {device} >unbind && "
             f"xenstore-rm {backend}/{QUEUES} && xenstore-write {backend}/state 1 && "
             f"echo {device} >bind")
    host.wait_for({f"{backend}/{QUEUES}": "2"})

    log = host.run("dmesg").stdout.splitlines()
    for devid, (requested, granted, message) in enumerate(cases):
        backend = guest.backend("vif", devid)
        assert host.read(f"{backend}/{QUEUES}") == granted, requested
        assert host.read(f"{backend}/granted") == \
            f"{QUEUES}={'malformed' if message else granted}", requested
        said = [line for line in log if f"vif/{guest.domid}/{devid}/config/{QUEUES}:" in line]
        if message:
            assert len(said) == 1 and message in said[0], (requested, said)
        else:
            assert not said, requested


# Where dom0's backends say what can be requested.
ADVERTISED = "/local/domain/0/feature/backend"


def advertised(host: Host, kind: str) -> dict[str, str]:
    """{feature, or feature/child: value}, once it is there."""
    host.wait_for({f"{ADVERTISED}/{kind}/{QUEUES}": ".+"})
    return host.tree(f"{ADVERTISED}/{kind}")


def defaults(host: Host, kind: str) -> dict[str, str]:
    """Of each feature that is advertised."""
    return {name: value.split(" ")[3] for name, value in advertised(host, kind).items()
            if "/" not in name}


def words(granted: str) -> dict[str, str]:
    """What a backend says of requests, in whatever order."""
    return dict(word.split("=") for word in granted.split(" "))


def test_every_feature_of_a_vif(host: Host) -> None:
    """Each feature is published as it was granted, beside a device without requests."""
    requested = {
        QUEUES: "1", "feature-sg": "0", "feature-gso-tcpv4": "0", "feature-gso-tcpv6": "0",
        "feature-ipv6-csum-offload": "0", "feature-no-csum-offload": "1",
        "feature-multicast-control": "0", "feature-dynamic-multicast-control": "0",
        "feature-ctrl-ring": "0", "feature-split-event-channels": "0",
        "feature-xdp-headroom": "0",
    }
    fixed = {"feature-rx-copy": "1", "feature-rx-flip": "0"}
    wrong = {"feature-rx-copy": "0", "feature-rx-flip": "1"}
    keys = ",".join(f"config-{name}={value}" for name, value in (requested | wrong).items())
    guest = host.create(paused=True, vif=["bridge=xenbr0", f"bridge=xenbr0,{keys}"])

    default = defaults(host, "vif")
    assert set(default) == set(requested | fixed), "a feature without a case here"

    plain, restricted = (host.tree(guest.backend("vif", devid)) for devid in (0, 1))
    assert words(restricted["granted"]) == requested | fixed and "granted" not in plain
    for name, value in (requested | fixed).items():
        assert restricted[name] == value, name
        if name == "feature-no-csum-offload":
            assert name not in plain
        else:
            assert plain[name] == default[name], name
            assert name in fixed or plain[name] != value, name


def test_every_feature_of_a_vbd(host: Host) -> None:
    requested = {
        QUEUES: "1", "max-ring-page-order": "1", "feature-max-indirect-segments": "0",
        "feature-persistent": "0", "feature-flush-cache": "0", "feature-barrier": "0",
        "feature-discard": "0",
    }
    keys = ",".join(f"config-{name}={value}" for name, value in requested.items())
    guest = host.create(disk=["phy:/dev/loop0,xvda,w", f"phy:/dev/loop1,xvdb,w,{keys}"])

    default = defaults(host, "vbd")
    assert set(default) == set(requested), "a feature without a case here"

    plain, restricted = (host.tree(guest.backend("vbd", devid)) for devid in (51712, 51728))
    assert words(restricted["granted"]) == requested and "granted" not in plain
    for name, value in requested.items():
        # A backend without indirect requests has no such node.
        absent = name == "feature-max-indirect-segments"
        assert restricted.get(name) == (None if absent else value), name
        assert plain[name] == default[name], name
        assert plain[name] != value, name
    # Facts about the disk that only make sense with discards.
    assert "discard-granularity" in plain and "discard-granularity" not in restricted

    for disk in ("xvda", "xvdb"):
        assert guest.ask(f"disk-check {disk}")["ok"], disk


def test_unknown_feature(host: Host) -> None:
    """It is ignored, with one notice; what is beside it counts."""
    guest = host.create(paused=True, vif=[
        f"bridge=xenbr0,config-feature-of-tomorrow=1,config-{QUEUES}=1"],
        disk=["phy:/dev/loop0,xvda,w,config-x@y_z-1=12,config-max-ring-page-order=2"])

    assert host.read(f"{guest.backend('vif', 0)}/{QUEUES}") == "1"
    assert host.read(f"{guest.backend('vbd', 51712)}/max-ring-page-order") == "2"
    assert host.read(f"{guest.backend('vif', 0)}/feature-of-tomorrow") is None
    assert host.read(f"{guest.backend('vif', 0)}/granted") == f"{QUEUES}=1"
    assert host.read(f"{guest.backend('vbd', 51712)}/granted") == "max-ring-page-order=2"
    said = [line for line in host.run("dmesg").stdout.splitlines() if "unknown feature" in line]
    assert len(said) == 2, said
    assert any("vif/1/0/config/feature-of-tomorrow:" in line for line in said), said
    assert any("vbd/1/51712/config/x@y_z-1:" in line for line in said), said


def test_given_twice(host: Host) -> None:
    """The last one counts, as for xl's other keys."""
    guest = host.create(paused=True, vif=[
        f"config-{QUEUES}=2,bridge=xenbr0,config-{QUEUES}=1",
        f"config-{QUEUES}=1,bridge=xenbr0,config-{QUEUES}=2"],
        disk=["phy:/dev/loop0,xvda,w,config-max-ring-page-order=3,config-max-ring-page-order=1"])

    assert host.read(f"{guest.backend('vif', 0)}/{QUEUES}") == "1"
    assert host.read(f"{guest.backend('vif', 1)}/{QUEUES}") == "2"
    assert host.read(f"{guest.backend('vbd', 51712)}/max-ring-page-order") == "1"
    assert host.tree(f"{guest.backend('vif', 0)}/config") == {QUEUES: "1"}


def test_nothing_requested(host: Host) -> None:
    """No config directory, on either side of the toolstack, and no answer."""
    guest = host.create(paused=True, vif=["bridge=xenbr0"], disk=["phy:/dev/loop0,xvda,w"])
    assert len(guest.devices()) == 2
    for kind, devid in guest.devices():
        assert not {"config", "granted"} & set(host.list(guest.backend(kind, devid)))
        assert "config" not in host.list(f"/libxl/{guest.domid}/device/{kind}/{devid}")


def test_empty_list(host: Host) -> None:
    """A config directory with nothing in it grants what none does, at the next probe; that
    there is feature control is said all the same."""
    guest = host.create(paused=True, vif=[f"bridge=xenbr0,config-{QUEUES}=1"])
    backend = guest.backend("vif", 0)
    assert host.read(f"{backend}/{QUEUES}") == "1"

    driver = "/sys/bus/xen-backend/drivers/vif"
    host.run(f"xenstore-rm {backend}/config/{QUEUES}")
    assert "config" in host.list(backend) and not host.list(f"{backend}/config")
    host.run(f"cd {driver} && echo vif-{guest.domid}-0 >unbind && "
             f"xenstore-write {backend}/state 1 && echo vif-{guest.domid}-0 >bind")
    host.wait_for({f"{backend}/{QUEUES}": "2"})
    assert host.read(f"{backend}/granted") == ""


def test_granted_again_at_every_probe(host: Host) -> None:
    """A driver that is bound again, or loaded again, takes the requests again."""
    guest = host.create(paused=True, vif=[f"bridge=xenbr0,config-{QUEUES}=1"],
                        disk=["phy:/dev/loop0,xvda,w,config-max-ring-page-order=1"])
    backend = guest.backend("vif", 0)
    device = f"vif-{guest.domid}-0"
    driver = "/sys/bus/xen-backend/drivers/vif"
    # As the toolstack would leave it for a new backend. The one that goes takes its word
    # with it.
    unbind = (f"set -e; echo {device} >{driver}/unbind;"
              f'test -z "$(xenstore-list {backend} | grep -x granted)";'
              f"xenstore-rm {backend}/{QUEUES}; xenstore-write {backend}/state 1;")
    assert host.read(f"{backend}/granted") == f"{QUEUES}=1"

    host.run(f"{unbind} echo {device} >{driver}/bind")
    host.wait_for({f"{backend}/{QUEUES}": "1", f"{backend}/granted": f"{QUEUES}=1"})

    host.run(f"{unbind} modprobe -r xen-netback; xenstore-write {backend}/config/{QUEUES} 7;"
             "modprobe xen-netback max_queues=4")
    host.wait_for({f"{backend}/{QUEUES}": "4", f"{backend}/granted": f"{QUEUES}=4"})
    # A parameter changed later counts for later devices, and is advertised.
    host.run("echo 3 >/sys/module/xen_netback/parameters/max_queues")
    host.wait_for({f"{ADVERTISED}/vif/{QUEUES}": "uint 1 3 3"})
    assert host.read(f"{backend}/{QUEUES}") == "4"
    host.run(f"{unbind} echo {device} >{driver}/bind")
    host.wait_for({f"{backend}/{QUEUES}": "3", f"{backend}/granted": f"{QUEUES}=3"})

    # So does a driver whose probe fails when it had answered.
    host.run(f"{unbind} xenstore-rm {backend}/script; ! echo {device} >{driver}/bind")
    assert host.read(f"{backend}/{QUEUES}") == "3"
    assert host.read(f"{backend}/granted") is None

    disk = guest.backend("vbd", 51712)
    driver = "/sys/bus/xen-backend/drivers/vbd"
    assert host.read(f"{disk}/granted") == "max-ring-page-order=1"
    host.run(f"echo vbd-{guest.domid}-51712 >{driver}/unbind")
    assert host.read(f"{disk}/granted") is None
    host.run(f"set -e; xenstore-write {disk}/state 1; xenstore-write {disk}/config/{QUEUES} none;"
             f"echo vbd-{guest.domid}-51712 >{driver}/bind")
    assert words(host.read(f"{disk}/granted") or "") == \
        {"max-ring-page-order": "1", QUEUES: "malformed"}


def test_advertised_while_loaded(host: Host) -> None:
    """What can be requested is in xenstore as long as the module is there: where nobody
    looks for devices."""
    for kind, module in (("vif", "xen-netback"), ("vbd", "xen-blkback")):
        feature = f"{ADVERTISED}/{kind}/{QUEUES}"
        host.wait_for({feature: "uint 1 2 2"})
        assert permissions(host, feature) == dict.fromkeys(
            [feature, f"{feature}/desc", f"{feature}/inuse"], "n0")
        said = advertised(host, kind)
        assert said[f"{QUEUES}/inuse"] == "multi-queue-num-queues"
        assert {name for name in said if name.endswith("/restricts")} == (
            {"feature-no-csum-offload/restricts"} if kind == "vif" else set())
        host.run(f"modprobe -r {module}")
        host.wait_for({feature: None})
        assert not [path for path in host.tree("/local/domain/0")
                    if path.startswith(f"feature/backend/{kind}/")]
        host.run(f"modprobe {module} max_queues=5")
        host.wait_for({feature: "uint 1 5 5"})
    # xenbus and Xen's scripts look at every node there.
    assert not [path for path in host.tree("/local/domain/0") if path.startswith("backend/")]
