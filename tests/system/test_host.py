# SPDX-License-Identifier: GPL-2.0
"""The emulated host itself: what the other tests stand on."""
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import host as host_module
from host import CommandError, Guest, Host, HostError

if TYPE_CHECKING:
    from conftest import Traces

VIF = "bridge=xenbr0"
DISK = "phy:/dev/loop0,xvda,w"


def test_guest_with_two_devices(host: Host) -> None:
    guest = host.create(vif=[VIF], disk=[DISK], vcpus=2)
    report = guest.ask("report")
    net, disk = report["net"]["eth0"], report["disk"]["xvda"]
    assert (net["state"], net["rx_queues"], net["tx_queues"]) == ("4", 2, 2)
    assert (disk["state"], disk["queues"]) == ("4", 2)
    assert guest.ask("disk-check xvda")["ok"]


def test_paused_guest_shows_what_is_published(host: Host) -> None:
    guest = host.create(vif=[VIF], disk=[DISK], paused=True)
    assert host.read(f"{guest.backend('vif', 0)}/multi-queue-max-queues") == "2"
    assert host.read(f"{guest.backend('vbd', 51712)}/multi-queue-max-queues") == "2"
    assert host.read(f"{guest.backend('vif', 0)}/no-such-node") is None


def test_guest_may_not_read_what_is_not_its_own(host: Host) -> None:
    guest = host.create()
    assert guest.ask("xs-read /local/domain/0/name") == {"error": "EACCES"}
    assert guest.ask("xs-read device/vif/7/state") == {"error": "ENOENT"}
    assert guest.ask("xs-read domid") == {"value": str(guest.domid)}


def test_traces_are_seen(host: Host, traces: Traces) -> None:
    """What the fixture no_traces looks at after each test has it as soon as it was said."""
    assert not traces.new(host)
    host.run("echo '<4>a test says WARNING: none' >/dev/kmsg")
    assert "a test says WARNING: none" in traces.new(host)
    assert not traces.new(host)


def test_commands_of_any_length(host: Host) -> None:
    """They and their answers arrive whole, also when the guest does not read yet; one that
    fails raises."""
    guest = host.create()
    words = " ".join(map(str, range(4000)))
    assert guest.sh(f"for _ in 1 2 3 4 5 6; do echo {words}; done") == f"{words}\n" * 6
    assert guest.sh(r"""printf 'a\0b\r\n\\"'; echo error >&2""") == 'a\0b\r\n\\"error\n'
    with pytest.raises(HostError, match="status 3\nno luck today"):
        guest.sh("echo no luck today; exit 3")


def test_debians_hotplug_scripts(host: Host) -> None:
    """The host has quick hotplug scripts; with Debian's own it is the same job."""
    host.run("cd /etc/xen/scripts && for script in block vif-bridge; do"
             " mv $script.debian $script; done")
    guest = host.create(vif=[f"{VIF},config-multi-queue-max-queues=1"],
                        disk=[f"{DISK},config-multi-queue-max-queues=1"])
    seen = guest.ask("report")
    assert seen["net"]["eth0"]["tx_queues"] == 1 and seen["disk"]["xvda"]["queues"] == 1
    assert guest.ask("disk-check xvda")["ok"]


def test_what_is_not_known_is_not_absent(host: Host) -> None:
    """Neither in a place that is not there, nor of a xenstored that does not answer."""
    guest = host.create(vif=[VIF], paused=True)
    backend = guest.backend("vif", 0)
    assert host.read(f"{backend}/config") is None
    assert "config" not in host.list(backend)
    assert not [path for path in host.tree(backend) if path.startswith("config")]
    wrong = backend.replace("backend", "bakend")
    looks = [lambda path: host.read(f"{path}/config", timeout=1),
             lambda path: host.list(path, timeout=1), lambda path: host.tree(path, timeout=1)]
    for look in looks:
        with pytest.raises(HostError, match="No such file or directory"):
            look(wrong)
    with pytest.raises(CommandError) as refused:
        guest.detach("vif", 1)
    # xl, which would have said something, was not asked.
    assert not refused.value.result.stderr

    host.run("kill -STOP $(pidof oxenstored)")
    for look in looks:
        with pytest.raises(HostError, match="did not end in time"):
            look(backend)


def test_a_guest_without_devices_is_not_connected(guest: Guest) -> None:
    with pytest.raises(HostError, match="has no devices"):
        guest.connected()


def test_late_answer(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the agent says too late is no answer to the next question."""
    host._monitor("stop")
    with monkeypatch.context() as patch:
        patch.setitem(host_module.LIMITS, "agent", 0.05)
        with pytest.raises(HostError, match="guest-exec: timed out"):
            host.run("echo late")
    host._monitor("cont")
    assert host.run("echo right").stdout == "right\n"
