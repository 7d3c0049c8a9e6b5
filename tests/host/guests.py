# SPDX-License-Identifier: GPL-2.0
"""The guests of the emulated host."""
from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dom0 import TIMEOUT, CommandError, waiting
from emulator import CONSOLE_LINES, QUICK, HostError

if TYPE_CHECKING:
    from host import Host

# Numbers that a frontend is handed by its own kernel; never twice the same.
VOLATILE = re.compile(r"/(tx-|rx-)?ring-ref\d*$|/event-channel(-tx|-rx)?$|/ctrl-ring-ref$")

# The firmware of an HVM guest takes most of a minute to load its kernel, and more beside others.
HVM_TIMEOUT = 480.0


def parse_requests(copy: str | None) -> tuple[dict[str, str], dict[str, str]] | None:
    if copy is None:
        return None
    assert copy.endswith("\n"), "there is more in config/1"
    own, _, of_host = f"\n{copy}".partition("\n\n")
    return tuple(dict(line.split("=", 1) for line in lines.split("\n") if line) for lines in (own, of_host))


class Guest:
    """A guest, of xl's type "pv", "pvh" or "hvm", by itself the host's guest_type. `vif`
    and `disk` are xl's own spec strings; `paused` creates it with xl create -p: the
    backends come up to InitWait, the guest does not run. HVM: not on a counted host,
    which may hang in the interrupts of a guest's firmware."""

    # What xl's types boot, in dom0's /srv/guest, and what else they are given: hvmloader
    # loads no ELF file, and nobody looks at a screen.
    TYPES: dict[str, dict[str, Any]] = {
        "pv": {"kernel": "vmlinux"},
        "pvh": {"kernel": "vmlinux"},
        "hvm": {"kernel": "bzImage", "vnc": 0, "vga": "none", "usb": 0},
    }

    def __init__(self, host: Host, name: str, vif: list[str] | None = None,
                 disk: list[str] | None = None, vcpus: int = 2, memory: int = 256,
                 extra: str = "", paused: bool = False, xl: str = "xl", type: str | None = None,
                 options: Mapping[str, Any] | None = None) -> None:
        self.host = host
        self.name = name
        self.paused = paused
        self.xl = xl
        self.path = f"/root/{name}.cfg"
        self.domid = -1
        # Who serves its devices, as far as backend() is concerned; and those that are not of
        # the backend of their kind, but of QEMU, once devices() has seen them.
        self.backend_domid = 0
        self._types: dict[tuple[str, int], str] = {}
        self._seq = 0
        kind = type or host.guest_type
        if kind == "hvm" and host.counted:
            raise HostError(f"{name}: no HVM guest on a counted host")
        self.timeout = HVM_TIMEOUT if kind == "hvm" else TIMEOUT
        self.config: dict[str, Any] = {
            "name": name, "type": kind, **self.TYPES[kind],
            "kernel": f"/srv/guest/{self.TYPES[kind]['kernel']}", "ramdisk": "/srv/guest/initrd",
            "extra": f"console=hvc0 quiet loglevel=3 panic=-1 {QUICK} {extra}".strip(),
            "memory": memory, "vcpus": vcpus, "vif": vif or [], "disk": disk or [],
            "on_crash": "preserve", **(options or {}),
        }

    def text(self) -> str:
        """Its configuration file."""
        # Lists, strings and numbers look the same in Python and in xl's files.
        return "".join(f"{key} = {value!r}\n" for key, value in self.config.items()
                       if value is not None)

    def create(self) -> Guest:
        pause = "-p" if self.paused else ""
        # One command instead of three: a process costs a tenth of a second there.
        self.domid = int(self.host.run(
            f"cat >{self.path} && {self.xl} create -q {pause} {self.path} && "
            f"{self.xl} domid {self.name}", stdin=self.text().encode()).stdout)
        devices = [kind for kind, _ in self.devices()]
        if (devices.count("vif"), devices.count("vbd")) != (
                len(self.config["vif"]), len(self.config["disk"])):
            raise HostError(f"{self.path} was to have other devices than {devices}")
        if self.paused and devices:
            self.wait("[2-6]", ".*")
        elif devices:
            self.connected()
        return self

    def refresh(self, timeout: float = TIMEOUT) -> Guest:
        """Find it again under the new domid that a reboot or xl restore gave it."""
        script = f"""
            exec 3< <(exec xenstore-watch @introduceDomain); trap "kill $!" EXIT
            while read -r -t {timeout:.0f} -u 3 _; do
                new=$({self.xl} domid {self.name} 2>/dev/null) || continue
                [ "$new" = {self.domid} ] || {{ echo "$new"; exit 0; }}
            done; echo "no new domid of {self.name}" >&2; exit 1"""
        self.domid = int(self.host.run(script, timeout + 10).stdout)
        return self

    def find(self) -> None:
        """After a command that gave it a new domid, and that has ended."""
        self.domid = int(self.host.run([self.xl, "domid", self.name]).stdout)

    def save_and_restore(self, restore: str = "xl") -> None:
        """With its own xl, and then with that one, which becomes its own."""
        # In memory: the emulated disk takes half a minute for it.
        self.host.run(f"{self.xl} save {self.name} /run/saved && {restore} restore /run/saved &&"
                      " rm /run/saved")
        self.xl = restore
        self.find()

    def devices(self) -> list[tuple[str, int]]:
        """(kind, devid) of every vif and vbd."""
        path = f"/libxl/{self.domid}/device"
        if self.host.read(path) is None:
            return []
        tree = self.host.tree(path)
        found = re.findall(r"^(vif|vbd)/(\d+)$", "\n".join(tree), re.MULTILINE)
        devices = [(kind, int(devid)) for kind, devid in found]
        for kind, devid in devices:
            self._types[kind, devid] = tree[f"{kind}/{devid}/backend"].split("/")[5]
        return devices

    def backend(self, kind: str, devid: int) -> str:
        """The xenstore directory of a backend (kind: vif or vbd)."""
        kind = self._types.get((kind, devid), kind)
        return f"/local/domain/{self.backend_domid}/backend/{kind}/{self.domid}/{devid}"

    def frontend(self, kind: str, devid: int) -> str:
        return f"/local/domain/{self.domid}/device/{kind}/{devid}"

    def requests(self, kind: str, devid: int) -> tuple[dict[str, str], dict[str, str]] | None:
        """The toolstack's copy of what is requested of a device, see libxl_device_config.h:
        its own, and the host's. None where there is no copy."""
        return parse_requests(self.host.read(f"/libxl/{self.domid}/device/{kind}/{devid}/config"))

    def nodes(self) -> dict[str, tuple[str, str]]:
        """{path: (value, permissions)} of all its devices, the toolstack's own included; the
        value is empty where it is never twice the same."""
        found = {}
        for kind, devid in self.devices():
            for path in (self.backend(kind, devid), self.frontend(kind, devid),
                         f"/libxl/{self.domid}/device/{kind}/{devid}"):
                for line in self.host.run(["xenstore-ls", "-fp", path]).stdout.splitlines():
                    node = re.fullmatch(r'(\S+) = "(.*)" *\((.*)\)', line)
                    assert node, line
                    found[node[1]] = ("" if VOLATILE.search(node[1]) else node[2], node[3])
        return found

    def wait(self, backend: str, frontend: str, timeout: float | None = None) -> None:
        """Until all its devices have these xenbus states; it has one."""
        states: dict[str, str | None] = {}
        for device in self.devices():
            states[f"{self.backend(*device)}/state"] = backend
            states[f"{self.frontend(*device)}/state"] = frontend
        if not states:
            raise HostError(f"{self.name} has no devices")
        try:
            self.host.wait_for(states, timeout or self.timeout)
        except HostError as error:
            raise self._error(str(error)) from None

    def connected(self, timeout: float | None = None) -> None:
        """Until all its devices, of which it has one, are Connected, on both sides."""
        self.wait("4", "4", timeout)

    def ask(self, command: str, timeout: float | None = None) -> dict[str, Any]:
        """An answer of the guest's report program (guest/report.c)."""
        timeout = timeout or self.timeout
        self._seq += 1
        try:
            answer = self.host.run(["/opt/host/ask", str(int(timeout)), str(self.domid),
                                    str(self._seq), command], timeout + 10)
        except CommandError as error:
            raise self._error(error.result.stderr) from None
        reply = json.loads(answer.stdout)
        del reply["seq"]
        return reply

    def _error(self, message: str) -> HostError:
        console = self.console()
        # What the emulator does to a guest of these kinds: see README.md.
        if self.config["type"] in ("pvh", "hvm") and ("Kernel panic" in console or re.search(
                rf"\bd{self.domid}v\d+ Triple fault", self.host.console(None))):
            message = f"{self.config['type'].upper()} guest panicked: {message}"
        return HostError(f"{message}\n--- console of {self.name} ---\n{console}")

    def sh(self, command: str, timeout: float | None = None) -> str:
        """What a shell command in the guest says, on both its outputs. It is one line."""
        answer = self.ask(f"sh {command}", timeout)
        if answer.get("rc") != 0:
            raise HostError(f"in {self.name}: $ {command}\nexit status {answer.get('rc')}\n"
                            f"{answer.get('out', answer)}")
        return answer["out"]

    def tell(self, command: str) -> None:
        """A command that the guest does not live to answer."""
        tty = f"$(xenstore-read /local/domain/{self.domid}/console/tty)"
        self.host.run(f"echo {shlex.quote('0 ' + command)} >{tty}")

    def grant_table(self) -> tuple[int, int]:
        """(its frames, its grants in use), as Xen prints them on the serial line: the list
        may be longer than the buffer that xl dmesg shows."""
        done = "gnttab_usage_print_all ] done"
        seen = self.host.console(lines=None).count(done)
        self.host.run("xl debug-keys g")
        deadline = self.host._deadline("console")
        while (text := self.host.console(lines=None)).count(done) == seen:
            if time.monotonic() > deadline:
                raise HostError("Xen does not print its grant tables")
            time.sleep(0.1)
        tables = text.rpartition("gnttab_usage_print_all [")[2].split("grant-table for remote ")
        table = next(table for table in tables if table.startswith(f"d{self.domid} "))
        frames = re.search(r"(\d+) frames", table)
        assert frames, table
        return int(frames[1]), len(re.findall(r"^\(XEN\) \[0x[0-9a-f]+\] ", table, re.MULTILINE))

    def attaching(self, kind: str, spec: str, devid: int) -> str:
        """The command in dom0 for attach()."""
        verb = {"vif": "network-attach", "vbd": "block-attach"}[kind]
        words = spec.split(",") if kind == "vif" else [spec]
        return f"{shlex.join([self.xl, verb, self.name, *words])} && " + waiting({
            f"{self.backend(kind, devid)}/state": "4",
            f"{self.frontend(kind, devid)}/state": "4"})

    def attach(self, kind: str, spec: str, devid: int) -> str:
        """Hot-plug a vif or vbd, with xl's own spec; returns its backend's directory
        once both sides are Connected."""
        self.host.run(self.attaching(kind, spec, devid), TIMEOUT + 30)
        return self.backend(kind, devid)

    def detaching(self, kind: str, devid: int) -> str:
        """The command in dom0 for detach()."""
        verb = {"vif": "network-detach", "vbd": "block-detach"}[kind]
        paths = [self.backend(kind, devid), self.frontend(kind, devid),
                 f"/libxl/{self.domid}/device/{kind}/{devid}"]
        # What was never there has not gone.
        return (f"{shlex.join(['xenstore-exists', *paths])} && "
                f"{self.xl} {verb} {self.name} {devid} && " + waiting(dict.fromkeys(paths)))

    def detach(self, kind: str, devid: int) -> None:
        """Unplug it, and wait until nothing is left of it."""
        self.host.run(self.detaching(kind, devid), TIMEOUT + 30)

    def unpause(self) -> None:
        self.host.run([self.xl, "unpause", self.name])
        self.paused = False

    def destroy(self) -> None:
        self.host.run([self.xl, "destroy", self.name])

    def console(self, lines: int = CONSOLE_LINES) -> str:
        """The end of what the guest wrote on its console."""
        log = f"/var/log/xen/console/guest-{self.name}.log"
        return self.host.run(f"tail -n {lines} {log}", check=False).stdout
