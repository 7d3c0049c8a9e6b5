# SPDX-License-Identifier: GPL-2.0
"""The rows of tests/specs.tsv that are for the host, on devices that are made; each row is
in tests/unit/xl, too. What is wrong is said, and leaves nothing."""
from __future__ import annotations

import pathlib
import re
import string
from collections.abc import Iterator
from typing import NamedTuple

from host import Guest, Host

TABLE = pathlib.Path(__file__).resolve().parents[1] / "specs.tsv"
CONFIG = "/root/specs.cfg"


class Row(NamedTuple):
    """A character is a byte."""

    line: int
    where: str
    written: str
    right: str

    def taken(self) -> dict[str, str]:
        return dict(pair.split("=", 1) for pair in self.right.split(" ")[1:])

    def said(self, how: str) -> str:
        return self.right.removeprefix(how).strip()


def _unescape(text: str) -> str:
    return re.sub(r"\\(?:([tn\\])|x([0-9a-f]{2}))",
                  lambda m: {"t": "\t", "n": "\n", "\\": "\\"}[m[1]] if m[1] else
                  chr(int(m[2], 16)), text)


def rows(right: str, *where: str) -> list[Row]:
    """Those for the host that start so, of these places."""
    found = []
    for number, line in enumerate(TABLE.read_text().splitlines(), 1):
        columns = line.split("\t")
        if line.startswith("#") or columns[3:] != ["host"]:
            continue
        row = Row(number, columns[0], *map(_unescape, columns[1:3]))
        if row.right.split(" ")[0] == right and row.where in where:
            found.append(row)
    return found


def write_config(host: Host, lines: str) -> None:
    """From line 5 on."""
    host.put(CONFIG, ("name='specs'\ntype='pv'\nkernel='/srv/guest/vmlinux'\n"
                      "ramdisk='/srv/guest/initrd'; memory=128\n"
                      f"{lines}\n").encode("latin-1"))


def create(host: Host, lines: str) -> Guest:
    """A guest that does not run, with these lines in its configuration."""
    write_config(host, lines)
    guest = Guest(host, "specs")
    guest.domid = int(host.run(f"xl create -p -q {CONFIG} && xl domid specs").stdout)
    return guest


def devices(kind: str, *specs: str) -> str:
    """A list, as xl reads one: not each of Python's escape sequences."""
    quoted = (spec.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
              for spec in specs)
    return f"{kind} = [ " + ", ".join(f"'{spec}'" for spec in quoted) + " ]"


def disk(spec: str, letter: str = "a") -> str:
    """Several may read what only one may write."""
    return f"phy:/dev/loop0,xvd{letter},r,{spec}"


def commands(host: Host, row: Row) -> Iterator[list[str]]:
    """The ways to say it. A configuration file is there when its command is taken."""
    files, attached = {
        "any": ([devices("vif", f"bridge=xenbr0,{row.written}"),
                 devices("vif", "bridge=xenbr0", f"{row.written},bridge=xenbr0"),
                 devices("disk", disk(row.written))],
                [["network-attach", "bridge=xenbr0", row.written],
                 ["network-attach", f"bridge=xenbr0,{row.written}"],
                 ["block-attach", disk(row.written)]]),
        "vif": ([devices("vif", row.written)], [["network-attach", row.written]]),
        "disk": ([devices("disk", row.written)], [["block-attach", row.written]]),
        "network-attach": ([], [["network-attach", *row.written.split("~")]]),
        "block-attach": ([], [["block-attach", *row.written.split("~")]]),
        "file": ([row.written], []),
    }[row.where]
    for lines in files:
        write_config(host, lines)
        yield ["xl", "create", "-p", "-q", CONFIG]
    for verb, *words in attached:
        if row.written.isascii():
            yield ["xl", verb, "guest", *words]


def test_refused(host: Host) -> None:
    host.create(paused=True)
    before = host.store()
    found = rows("refused", "any", "vif", "disk", "network-attach", "block-attach", "file")
    assert len(found) >= 10
    for row in found:
        for command in commands(host, row):
            result = host.run(command, check=False)
            assert result.rc not in (0, 127) and result.rc < 128, (row, str(result))
            assert row.said("refused") in result.stderr, (row, str(result))
    assert host.store() == before


def requested(host: Host, backend: str) -> dict[str, str]:
    return host.tree(f"{backend}/config") if "config" in host.list(backend) else {}


def test_taken(host: Host) -> None:
    """All that can be written into one configuration file."""
    either, vifs = rows("takes", "any"), rows("takes", "vif")
    guest = create(host, devices("vif", *[f"bridge=xenbr0,{row.written}" for row in either],
                                 *[row.written for row in vifs]) + "\n" +
                   devices("disk", *[disk(row.written, letter) for row, letter in
                                     zip(either, string.ascii_lowercase)]))
    for devid, row in enumerate(either + vifs):
        assert requested(host, guest.backend("vif", devid)) == row.taken(), row
    for number, row in enumerate(either):
        assert requested(host, guest.backend("vbd", 51712 + 16 * number)) == row.taken(), row


def test_disks_taken(host: Host) -> None:
    """Each is xvda, so each has a domain."""
    for row in rows("takes", "disk"):
        guest = create(host, devices("disk", row.written))
        assert requested(host, guest.backend("vbd", 51712)) == row.taken(), row
        guest.destroy()


def test_attached(host: Host) -> None:
    guest = host.create(paused=True)
    for devid, row in enumerate(rows("takes", "network-attach", "vif")):
        host.run(["xl", "network-attach", "guest", *row.written.split("~")])
        assert requested(host, guest.backend("vif", devid)) == row.taken(), row
    # Each is xvdb.
    row, = rows("takes", "block-attach")
    host.run(["xl", "block-attach", "guest", *row.written.split("~")])
    assert requested(host, guest.backend("vbd", 51728)) == row.taken(), row


def test_defaults(host: Host) -> None:
    # The first domain of all leaves directories.
    create(host, "").destroy()
    before = host.store()
    for kind, lines, device in (
            ("vif", devices("vif", ""), ("vif", 0)),
            ("disk", devices("disk", "phy:/dev/loop0,xvda,w"), ("vbd", 51712))):
        where = f"{kind}.default.config"
        for row in rows("takes", where) + rows("refused", where):
            host.put("/etc/xen/xl.conf", f"# The host's\n{where} = {row.written}\n")
            if row in rows("takes", where):
                guest = create(host, lines)
                assert requested(host, guest.backend(*device)) == row.taken(), row
                guest.destroy()
                continue
            write_config(host, lines)
            result = host.run(["xl", "create", "-p", "-q", CONFIG], check=False)
            assert result.rc not in (0, 127) and result.rc < 128, (row, str(result))
            assert row.said("refused") in result.stderr, (row, str(result))
    assert host.store() == before


def test_other_mistakes_keep_their_old_effect(host: Host) -> None:
    """A vif spec with an unknown key always started, with a message; it still does."""
    found = rows("as", "vif")
    assert found
    for row in found:
        said = {}
        write_config(host, devices("vif", row.written))
        for xl in ("/opt/stock/bin/xl", "xl"):
            result = host.run(f"{xl} create -p -q {CONFIG}", check=False)
            said[xl] = (result.rc, result.stderr)
            host.run("xl destroy specs", check=False)
        assert said["xl"] == said["/opt/stock/bin/xl"]
        rc, stderr = said["xl"]
        assert rc == 0 and row.said("as stock") in stderr, said
