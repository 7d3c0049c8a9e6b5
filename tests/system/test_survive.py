# SPDX-License-Identifier: GPL-2.0
"""Requests live as long as the domain does, whatever the toolstack does with it."""
from __future__ import annotations

import json

import pytest

from guests import parse_requests
from host import Guest, Host

QUEUES = "multi-queue-max-queues"
ORDER = "max-ring-page-order"
MACS = ("00:16:3e:00:00:01", "00:16:3e:00:00:02")
STOCK = "/opt/stock/bin/xl"
# The less memory, the sooner it is saved.
MEMORY = 128

Requests = dict[tuple[str, int], dict[str, str]]

# One device of each kind with requests, and one without. What no backend knows is
# the toolstack's to keep all the same.
REQUESTS: Requests = {
    ("vif", 0): {QUEUES: "1", "feature-gso-tcpv4": "0", "feature-of-tomorrow": "07"},
    ("vif", 1): {},
    ("vbd", 51712): {QUEUES: "9", ORDER: "1", "x@y_z": "99999999999999999999"},
    ("vbd", 51728): {},
}
GRANTED: Requests = {
    ("vif", 0): {QUEUES: "1", "feature-gso-tcpv4": "0"},
    ("vif", 1): {QUEUES: "2", "feature-gso-tcpv4": "1"},
    ("vbd", 51712): {QUEUES: "2", ORDER: "1"},
    ("vbd", 51728): {QUEUES: "2", ORDER: "4"},
}
NOTHING: Requests = {device: {} for device in REQUESTS}
DEFAULTS: Requests = {("vif", 0): GRANTED["vif", 1], ("vif", 1): GRANTED["vif", 1],
                      ("vbd", 51712): GRANTED["vbd", 51728],
                      ("vbd", 51728): GRANTED["vbd", 51728]}


def specs(requests: Requests) -> dict[str, list[str]]:
    """The guest's vif and disk in its configuration."""
    def keys(kind: str, devid: int) -> str:
        return "".join(f",config-{name}={value}"
                       for name, value in requests[kind, devid].items())

    return {"vif": [f"bridge=xenbr0,mac={mac}{keys('vif', devid)}"
                    for devid, mac in enumerate(MACS)],
            "disk": [f"phy:/dev/loop0,xvda,w{keys('vbd', 51712)}",
                     f"phy:/dev/loop1,xvdb,w{keys('vbd', 51728)}"]}


def listed(guest: Guest) -> Requests:
    """What xl list -l says of the devices of specs(), and only of those."""
    config = json.loads(guest.host.run([guest.xl, "list", "-l", str(guest.domid)]).stdout)[0]
    config = config["config"]
    disks = {"xvda": 51712, "xvdb": 51728}
    return {**{("vif", nic["devid"]): nic.get("config", {}) for nic in config["nics"]
               if nic["mac"] in MACS},
            **{("vbd", disks[disk["vdev"]]): disk.get("config", {}) for disk in config["disks"]}}


def below(tree: dict[str, str], path: str) -> dict[str, str] | None:
    """The nodes of one directory of a tree; None if it is not there."""
    nodes = {name.removeprefix(f"{path}/"): value for name, value in tree.items()
             if name.startswith(f"{path}/")}
    return nodes if path in tree else None


def check(step: str, guest: Guest, requests: Requests, granted: Requests) -> None:
    """The requests are where the toolstack and the backends keep them, and count."""
    # Each by its name: a guest that was just found may not have them all yet.
    guest.host.wait_for({f"{directory(*device)}/state": "4" for device in requests
                         for directory in (guest.backend, guest.frontend)})
    assert listed(guest) == requests, f"{step}: xl list -l"
    backends = guest.host.tree("/local/domain/0/backend")
    copies = guest.host.tree(f"/libxl/{guest.domid}/device")
    for (kind, devid), request in requests.items():
        device = f"{step}: {kind} {devid}"
        path = f"{kind}/{guest.domid}/{devid}"
        # No directory where there is no request.
        assert below(backends, f"{path}/config") == (request or None), f"{device}: the backend's"
        assert parse_requests(copies.get(f"{kind}/{devid}/config")) == ((request, {}) if request else None), \
            f"{device}: libxl's"
        published = {name: backends[f"{path}/{name}"] for name in granted[kind, devid]}
        assert published == granted[kind, devid], f"{device}: published"

    # What the guest made of it, and that it is alive.
    seen = guest.ask("report")
    queues = {**{("vif", net["devid"]): net["tx_queues"] for net in seen["net"].values()},
              **{("vbd", disk["devid"]): disk["queues"] for disk in seen["disk"].values()}}
    for device in requests:
        assert str(queues[device]) == granted[device][QUEUES], f"{step}: {device}: queues"


@pytest.mark.kinds
def test_requests(host: Host) -> None:
    """One guest through all that ends in the same guest."""
    guest = host.create(memory=MEMORY, options={"on_reboot": "restart"}, **specs(REQUESTS))
    check("created", guest, REQUESTS, GRANTED)

    guest.attach("vif", f"bridge=xenbr0,config-{QUEUES}=2,config-feature-sg=0", 2)
    assert host.tree(f"{guest.backend('vif', 2)}/config") == {QUEUES: "2", "feature-sg": "0"}
    check("another interface attached", guest, REQUESTS, GRANTED)
    guest.detach("vif", 2)
    check("another interface detached", guest, REQUESTS, GRANTED)

    host.run("xl save -c guest /dev/null")
    check("xl save -c: the guest goes on", guest, REQUESTS, GRANTED)
    guest.save_and_restore()
    check("xl save and restore", guest, REQUESTS, GRANTED)

    host.run("xl rename guest other")
    guest.name = "other"
    check("xl rename", guest, REQUESTS, GRANTED)

    guest.tell("sh reboot -f")
    guest.refresh()
    check("the guest rebooted", guest, REQUESTS, GRANTED)

    # What xl config-update leaves counts from the next start; this takes all away.
    new = Guest(host, "other", memory=MEMORY, options={"on_reboot": "restart"}, **specs(NOTHING))
    host.put(new.path, new.text())
    host.run(f"xl config-update other {new.path}")
    check("xl config-update", guest, REQUESTS, GRANTED)
    host.run("xl reboot other")
    guest.refresh()
    check("xl reboot with another configuration", guest, NOTHING, DEFAULTS)

    # Without requests its stream is as good as stock's, both ways.
    guest.save_and_restore(restore=STOCK)
    check("saved by ours, restored by stock", guest, NOTHING, DEFAULTS)
    guest.save_and_restore(restore="xl")
    check("saved by stock, restored by ours", guest, NOTHING, DEFAULTS)


@pytest.mark.usefixtures("migrates")
def test_migrate(host: Host) -> None:
    """To this host, which to xl is as good as another."""
    guest = host.create(memory=MEMORY, **specs(REQUESTS))
    host.run(f"xl migrate -s '' {guest.name} 'xl migrate-receive'")
    guest.find()
    check("xl migrate", guest, REQUESTS, GRANTED)
