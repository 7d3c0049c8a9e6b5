# SPDX-License-Identifier: GPL-2.0
"""xl device-features and xl backend-features: what an administrator is told."""
from __future__ import annotations

import json
from typing import Any

import jsonschema

from host import Guest, Host

NUMBER = {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
PRINTABLE = {"type": "string", "pattern": "^[ -~]*$"}
TYPE = {"enum": ["uint", "bool"]}
BOOL = {"type": "boolean"}


def maybe(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def exactly(members: dict[str, Any]) -> dict[str, Any]:
    """All of them are always there."""
    return {"type": "object", "properties": members, "required": list(members),
            "additionalProperties": False}


DEVICES = {"type": "array", "items": exactly({
    "domain": maybe(PRINTABLE), "domid": NUMBER, "kind": {"enum": ["vif", "vbd"]}, "devid": NUMBER,
    "vdev": maybe(PRINTABLE), "frontend_domid": NUMBER, "backend_domid": NUMBER,
    "backend_type": {"enum": ["vif", "vbd", "qdisk"]}, "ifname": maybe(PRINTABLE),
    "feature_control": BOOL, "unreadable": {"const": False}, "not_granted_packets": maybe(NUMBER),
    "features": {"type": "array", "items": exactly({
        "name": PRINTABLE, "requested": maybe(PRINTABLE),
        "origin": {"enum": ["none", "device", "host"]}, "type": maybe(TYPE),
        "minimum": maybe(NUMBER), "maximum": maybe(NUMBER), "defval": maybe(NUMBER),
        "restricts": BOOL, "granted": maybe(PRINTABLE), "promised": maybe(PRINTABLE),
        "in_use": maybe(PRINTABLE),
        "verdict": {"enum": ["not_requested", "granted", "less", "more", "malformed", "unknown",
                             "no_control", "pending"]}})}})}
BACKENDS = {"type": "object", "additionalProperties": {"type": "array", "items": exactly({
    "name": PRINTABLE, "description": maybe(PRINTABLE), "type": TYPE, "minimum": NUMBER,
    "maximum": NUMBER, "defval": NUMBER, "frontend_node": maybe(PRINTABLE), "restricts": BOOL})}}

DISK = "phy:/dev/loop{},xvd{},w"
# This guest asks for the largest ring, and has no memory for a page for each of its segments.
SEGMENTS = "feature-max-indirect-segments"
NONE = ("0", "0", None, "granted")
# What is attached, and of each request: value, granted, in use, verdict.
PLUGGED: dict[tuple[str, int], tuple[str, dict[str, tuple[str, str | None, str | None, str]]]] = {
    ("vif", 0): ("bridge=xenbr0", {}),
    ("vif", 1): ("bridge=xenbr0", {
        "multi-queue-max-queues": ("1", "1", "1", "granted"),
        "feature-sg": ("0", "0", "0", "granted")}),
    ("vif", 2): ("bridge=xenbr0", {
        "feature-gso-tcpv4": ("7", "1", "1", "less"),
        "feature-of-tomorrow": ("1", None, None, "unknown"),
        "feature-rx-copy": ("0", "1", "1", "more")}),
    ("vif", 3): ("bridge=xenbr0", {
        "feature-gso-tcpv6": ("on", "1", "1", "malformed")}),
    ("vbd", 51712): (DISK.format(0, "a"), {SEGMENTS: NONE}),
    ("vbd", 51728): (DISK.format(1, "b"), {
        SEGMENTS: NONE,
        "max-ring-page-order": ("0", "0", "0", "granted"),
        "multi-queue-max-queues": ("01", "1", "1", "granted")}),
    ("vbd", 51744): (DISK.format(2, "c"), {
        SEGMENTS: NONE,
        "max-ring-page-order": ("99", "4", "4", "less")}),
    ("vbd", 51760): (DISK.format(3, "d"), {
        SEGMENTS: NONE,
        "feature-barrier": ("-1", "1", None, "malformed"),
        "feature-persistent": ("0", "0", "0", "granted")}),
}
OUTSTANDING = 4


def plug(guest: Guest) -> None:
    """All of them with one command, because each costs its time."""
    # xl itself refuses what is malformed.
    script = ["set -e", "echo 'config_check = \"off\"' >/etc/xen/xl.conf"]
    states = {}
    for (kind, devid), (spec, requests) in PLUGGED.items():
        keys = [f"config-{name}={request[0]}" for name, request in requests.items()]
        words = ([*spec.split(","), *keys] if kind == "vif" else [",".join([spec, *keys])])
        verb = "network" if kind == "vif" else "block"
        script.append(f"xl {verb}-attach {guest.name} {' '.join(words)}")
        states[f"{guest.backend(kind, devid)}/state"] = "4"
        states[f"{guest.frontend(kind, devid)}/state"] = "4"
    script.append(": >/etc/xen/xl.conf")
    guest.host.run("\n".join(script))
    guest.host.wait_for(states)


def ask(host: Host, *arguments: str) -> Any:
    """The JSON of `xl device-features`, valid."""
    found = json.loads(host.run(["xl", "device-features", "--json", *arguments]).stdout)
    jsonschema.validate(found, DEVICES)
    return found


def check(devices: list[dict[str, Any]]) -> None:
    """Device for device and feature for feature what the table above says."""
    assert [(device["kind"], device["devid"]) for device in devices] == sorted(PLUGGED)
    for device in devices:
        requests = PLUGGED[device["kind"], device["devid"]][1]
        names = [feature["name"] for feature in device["features"]]
        assert names == sorted(names) and len(names) >= (13 if device["kind"] == "vif" else 7)
        assert device["feature_control"] and device["backend_type"] == device["kind"]
        for feature in device["features"]:
            seen = [feature[key] for key in ("requested", "granted", "in_use", "verdict")]
            if feature["name"] in requests:
                assert seen == list(requests[feature["name"]]), (device["devid"], feature)
            else:
                assert seen[0] is None and seen[3] == "not_requested", feature
        assert set(requests) <= set(names)


def test_eight_devices(guest: Guest) -> None:
    """Table and JSON of a guest with requests of every kind; and the same after a
    backend's domain has written what it likes into its own nodes."""
    host = guest.host
    plug(guest)
    check(ask(host, guest.name))
    assert {device["kind"] for device in ask(host, guest.name, "vif")} == {"vif"}

    table = host.run(["xl", "device-features", guest.name]).stdout
    lines = table.splitlines()
    assert lines[0].split() == ["device", "backend", "feature", "requested", "limit", "granted",
                                "in", "use"]
    assert "vbd 51744  0/vbd" in table and "vif 0      0/vif" in table
    assert [line.split() for line in lines if " 99 " in line] == [
        ["max-ring-page-order", "99", "0..4", "4", "4", "less", "than", "requested"]]
    # Those that are not limited as requested stand out, and no others.
    outstanding = [line for line in lines if line.startswith("*")]
    assert len(outstanding) == OUTSTANDING
    assert "\x1b" not in table

    # For a program that watches the host these are all that there is.
    result = host.run("xl device-features --check", check=False)
    assert (result.rc, len(result.stdout.splitlines()) - 1) == (1, OUTSTANDING), result
    # As a configuration: what is granted; of the disk that publishes no barriers, and was
    # not asked for any, the backend's default.
    frozen = host.run(["xl", "device-features", "--as-config", guest.name]).stdout.splitlines()
    assert [line for line in frozen if line.startswith("# vbd 51712 ")] == ["# vbd 51712 (xvda)"]
    keys = frozen[frozen.index("# vbd 51712 (xvda)") + 1].split(",")
    assert f"config-{SEGMENTS}=0" in keys and "config-feature-flush-cache=1" in keys
    assert "# without config-feature-of-tomorrow=1: unknown to the backend" in frozen

    # In colour for a person, unless she does not want it.
    terminal = f"script -qec 'xl device-features {guest.name} vbd' /dev/null"
    colour = host.run(f"TERM=xterm {terminal}").stdout
    assert [line for line in colour.splitlines() if "\x1b[" in line] == [
        line for line in colour.splitlines() if "*" in line] != []
    assert "\x1b" not in host.run(f"NO_COLOR=1 TERM=xterm {terminal}").stdout

    # Who serves a device can write its nodes; what was requested is not taken from there.
    evil = r"$'\e[31mevil\n'"
    nodes = []
    for kind, devid in PLUGGED:
        backend = guest.backend(kind, devid)
        nodes += [f"{backend}/config/multi-queue-max-queues 7", f"{backend}/config/made-up 1",
                  f"{backend}/feature-of-tomorrow {evil}"]
    features = "/local/domain/0/feature/backend/vif"
    nodes += [f"{features}/feature-sg/desc {evil}", f"{features}/feature-gso-tcpv4/inuse ../x",
              f"{features}/feature-rx-flip {evil}", f"{features}/new {evil}"]
    host.run(["bash", "-c", "xenstore-write " + " ".join(nodes)])
    devices = ask(host, guest.name)
    for device in devices:
        for feature in device["features"]:
            requests = PLUGGED[device["kind"], device["devid"]][1]
            expected = requests.get(feature["name"], (None,))[0]
            assert feature["requested"] == expected
            if feature["name"] == "feature-of-tomorrow":
                assert feature["granted"] == "?[31mevil?"
    names = {feature["name"] for device in devices for feature in device["features"]}
    assert not names & {"made-up", "new", "feature-rx-flip"}
    for command in (f"device-features {guest.name}", "backend-features", "backend-features -j"):
        output = host.run(f"xl {command}").raw
        assert b"evil" in output and all(c == 10 or 32 <= c < 127 for c in output), command


def test_backends(host: Host) -> None:
    found = json.loads(host.run("xl backend-features --json").stdout)
    jsonschema.validate(found, BACKENDS)
    assert list(found) == ["vif", "vbd", "qdisk"]
    assert found.pop("qdisk") == []     # QEMU has served none
    assert "qdisk" not in host.run("xl backend-features").stdout
    for kind, features in found.items():
        nodes: dict[str, str] = {}
        for feature in features:
            name = feature["name"]
            nodes[name] = " ".join([feature["type"], *(
                str(feature[key]) for key in ("minimum", "maximum", "defval"))])
            nodes[f"{name}/desc"] = feature["description"]
            if feature["frontend_node"]:
                nodes[f"{name}/inuse"] = feature["frontend_node"]
            if feature["restricts"]:
                nodes[f"{name}/restricts"] = "1"
        assert nodes and nodes == host.tree(f"/local/domain/0/feature/backend/{kind}")

    table = host.run("xl backend-features -d Domain-0 vbd").stdout
    lines = [line.split(maxsplit=4) for line in table.splitlines()]
    assert lines[0] == ["backend", "feature", "type", "limit", "default"]
    assert ["max-ring-page-order", "uint", "0..4", "4",
            "Pages of a ring as a power of two, 32 requests in flight each"] in lines
    assert "feature-sg" not in table and "\x1b" not in table


def test_no_answer(host: Host) -> None:
    """A clear message and the exit status, each."""
    user = "setpriv --reuid 65534 --clear-groups"
    for command, status, message in (
        # There is nothing to tell.
        ("xl device-features Domain-0", 0, "Domain Domain-0 has no PV network interfaces or disks"),
        ("xl device-features 0 vbd", 0, "Domain 0 has no PV disks"),
        ("xl device-features -j 0 | tr -d '\\n'", 0, "[]"),
        ("xl device-features nosuch", 1, "nosuch is an invalid domain identifier"),
        ("xl device-features 77", 1, "Domain 77:there is no such domain"),
        ("xl backend-features -d nosuch", 1, "nosuch is an invalid domain identifier"),
        ("xl backend-features -d 77", 1, "Domain 77:there is no such domain"),
        ("xl device-features", 0, "No domain has PV network interfaces or disks.\n"),
        ("xl device-features --check", 0, ""),
        ("xl device-features --check 77", 2, "Domain 77:there is no such domain"),
        ("xl device-features --check nosuch", 2, "nosuch is an invalid domain identifier"),
        ("xl device-features --as-config", 2, "requires a domain"),
        ("xl device-features --check --json", 2, "exclude each other"),
        ("xl device-features 0 vkb", 1, "`vkb' is no type of device with features: expected vif"),
        ("xl device-features 0 vif vbd", 1, "unexpected argument `vbd'"),
        ("xl device-features 0 qdisk", 1, "`qdisk' is no type of device with features: expected vif"),
        ("xl backend-features vkb", 1, "`vkb' is no type of backend with features: expected vif, vbd or"),
        ("xl backend-features qdisk", 0, "not known before QEMU serves a disk"),
        ("xl backend-features -x", 2, "option `x' not supported"),
        (f"{user} xl device-features 0", 1, "Permission denied"),
        (f"{user} xl backend-features", 1, "Permission denied"),
        ("xl device-features 0 >/dev/full", 1, "No space left on device"),
        ("xl help | grep -c -e '^ device-features ' -e '^ backend-features '", 0, "2\n"),
    ):
        result = host.run(command, check=False)
        assert result.rc == status, result
        assert message in (result.stderr if status else result.stdout), result
        if status == 1:
            assert not result.stdout or "Usage:" in result.stdout, result


def test_stock_backends(guest: Guest) -> None:
    """Backends without feature control are called that, not unknown features."""
    host = guest.host
    host.use_stock_modules()
    assert json.loads(host.run("xl backend-features -j").stdout) == {
        "vif": [], "vbd": [], "qdisk": []}
    assert host.run("xl backend-features vif").stdout.split("\n")[1].split() == [
        "vif", "-", "-", "-", "-", "no", "feature", "control"]

    guest.attach("vif", "bridge=xenbr0", 0)
    guest.attach("vif", "bridge=xenbr0,config-multi-queue-max-queues=1", 1)
    plain, asked = ask(host, guest.name)
    assert not plain["feature_control"] and not plain["features"]
    assert not asked["feature_control"]
    # Its own limit is what it published, and what the guest has.
    assert [(feature["name"], feature["requested"], feature["granted"], feature["verdict"])
            for feature in asked["features"]] == [
                ("multi-queue-max-queues", "1", "2", "no_control")]
    lines = host.run(["xl", "device-features", guest.name]).stdout.splitlines()
    assert lines[1].split() == ["vif", "0", "0/vif", *"-----", "no", "feature", "control"]
    assert lines[2].split() == ["*", "vif", "1", "0/vif", "multi-queue-max-queues", "1", "-", "2",
                                "-", "no", "feature", "control"]


def test_as_much_as_xenstore_takes(host: Host) -> None:
    """32 features with values of 4,000 characters, 16 disks with 16 features each; and
    more than xenstore takes, of which nothing stays."""
    features = {f"feature-{n}": f"{n}".ljust(4000, "x") for n in range(32)}
    keys = {f"feature-{n}": str(n) for n in range(16)}

    def spec(start: str, requests: dict[str, str]) -> str:
        return ",".join([start, *(f"config-{name}={value}" for name, value in requests.items())])

    host.put("/etc/xen/xl.conf", 'config_check = "off"\n')
    guest = host.create(paused=True, vif=[spec("bridge=xenbr0", features)], disk=[
        spec(f"phy:/dev/loop0,xvd{chr(ord('a') + n)},r", keys) for n in range(16)])
    config = json.loads(host.run("xl list -l guest").stdout)[0]["config"]
    assert config["nics"][0]["config"] == features
    assert [disk["config"] for disk in config["disks"]] == [keys] * 16
    assert host.tree(f"{guest.backend('vbd', 51712)}/config") == keys
    assert host.read(f"{guest.backend('vif', 0)}/config/feature-31") == features["feature-31"]
    devices = ask(host, guest.name)
    assert [len([feature for feature in device["features"] if feature["requested"]])
            for device in devices] == [16] * 16 + [32]

    # A node's path and its value share 4096 bytes, and a backend gets 32 names at once.
    for requests, message in (
            ({"feature-a": "0", "feature-x": "x" * 4090},
             "vif #0: config: the value of `feature-x' has 4090 characters, xenstore takes"),
            ({f"feature-{n}": "0" for n in range(33)},
             "vif #0: 33 features are requested of it, 33 of its own")):
        guest.config |= {"name": "second", "disk": [], "vif": [spec("bridge=xenbr0", requests)]}
        host.put("/root/second.cfg", guest.text())
        before = host.store()
        result = host.run("xl create -p /root/second.cfg", check=False)
        assert result.rc and message in result.stderr, str(result)
        assert host.store() == before
