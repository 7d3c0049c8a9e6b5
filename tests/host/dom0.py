# SPDX-License-Identifier: GPL-2.0
"""What runs in dom0."""
from __future__ import annotations

import base64
import shlex
import time
from collections.abc import Mapping
from typing import Any

from emulator import CONSOLE_LINES, LIMITS, Emulator, HostError

# Each request to oxenstored, see mkimage.
ACCESS_LOG = "/var/log/xen/xenstored-access.log"
# The toolstack on this machine takes what time it takes, but never minutes.
TIMEOUT = 120.0


class CommandError(HostError):
    """A command in dom0 ended with a status that is not 0."""

    def __init__(self, message: str, result: Result) -> None:
        super().__init__(message)
        self.result = result


class Result:
    """What a command in dom0 left: rc, stdout, stderr."""

    def __init__(self, command: str, rc: int, stdout: bytes, stderr: bytes) -> None:
        self.command = command
        self.rc = rc
        self.raw = stdout
        self.stdout = stdout.decode(errors="replace")
        self.stderr = stderr.decode(errors="replace")

    def __str__(self) -> str:
        return f"$ {self.command}\nexit status {self.rc}\n{self.stderr or self.stdout}"


def waiting(nodes: Mapping[str, str | None], timeout: float = TIMEOUT) -> str:
    """The command in dom0 for Host.wait_for()."""
    words = ["/opt/host/xs-wait", str(int(timeout))]
    for path, value in nodes.items():
        words += [path, "<absent>" if value is None else value]
    return shlex.join(words)


class Dom0(Emulator):
    """Its commands, files and xenstore. Commands reach it through Debian's qemu-guest-agent."""

    def run(self, command: str | list[str], timeout: float = TIMEOUT, check: bool = True,
            stdin: bytes | None = None) -> Result:
        """Run a shell command in dom0. The timeout is for one that hangs, as LIMITS are."""
        if not isinstance(command, str):
            command = shlex.join(command)
        deadline = self._after(timeout)
        request: dict[str, Any] = {"path": "/bin/bash", "arg": ["-c", command],
                                   "capture-output": True}
        if stdin is not None:
            request["input-data"] = base64.b64encode(stdin).decode()
        pid = self._command(self._agent, "guest-exec", request, self._deadline("agent"))["pid"]
        pause = 0.01
        while True:
            status = self._command(self._agent, "guest-exec-status", {"pid": pid},
                                   self._deadline("agent"))
            if status["exited"]:
                break
            if time.monotonic() > deadline:
                raise self._error(f"it did not end in time: {command}")
            # The agent has no event for this; a question costs it a millisecond.
            time.sleep(pause)
            pause = min(pause * 1.5, 0.1)
        rc = status.get("exitcode", 128 + status.get("signal", 0))
        result = Result(command, rc, base64.b64decode(status.get("out-data", "")),
                        base64.b64decode(status.get("err-data", "")))
        if check and rc:
            raise CommandError(f"{result}\n{self.consoles()}", result)
        return result

    def put(self, path: str, data: str | bytes, mode: int = 0o644) -> None:
        data = data.encode() if isinstance(data, str) else data
        quoted = shlex.quote(path)
        self.run(f"cat >{quoted} && chmod {mode:o} {quoted}", stdin=data)

    def get(self, path: str) -> bytes:
        return self.run(["cat", path]).raw

    def _look(self, verb: str, path: str, timeout: float) -> list[str] | None:
        """What dom0/xs-look prints, or None for a node that its directory does not have."""
        result = self.run(["/opt/host/xs-look", verb, path], timeout, check=False)
        if result.rc == 3:
            return None
        if result.rc:
            raise self._error(str(result))
        return result.stdout.split("\0")[:-1]

    def read(self, path: str, timeout: float = TIMEOUT) -> str | None:
        """A xenstore node's value; None if it is absent, and its directory is not. Where
        there is no such directory, or no answer, nothing is known of the node: an error."""
        found = self._look("read", path, timeout)
        return None if found is None else found[0]

    def list(self, path: str, timeout: float = TIMEOUT) -> list[str]:
        """The names in a xenstore directory, which is there."""
        found = self._look("list", path, timeout)
        if found is None:
            raise self._error(f"no xenstore directory {path}")
        return found

    def tree(self, path: str, timeout: float = TIMEOUT) -> dict[str, str]:
        """All below a xenstore directory, which is there: {relative path: value}."""
        found = self._look("tree", path, timeout)
        if found is None:
            raise self._error(f"no xenstore directory {path}")
        return dict(zip(found[::2], found[1::2]))

    def store(self) -> str:
        """All of xenstore, with permissions, and what else devices and domains leave."""
        # xenconsoled, which is told of a new domain, writes its terminal into xenstore even
        # when the domain and its directory have gone in between.
        return self.run("set -e -o pipefail; xenstore-ls -fp / | awk -v domains=\" $(xl list |"
                        " awk '{ printf \"%s \", $2 }')\" '{ split($1, part, \"/\") }"
                        " !(part[2] part[3] == \"localdomain\" && part[4] ~ /^[0-9]+$/ &&"
                        " !index(domains, \" \" part[4] \" \") && (part[5] == \"\" ||"
                        " part[5] == \"console\" && (part[6] == \"\" || part[6] == \"tty\")))';"
                        " xl list | awk '{ print $1, $2 }';"
                        " ls /sys/class/net /sys/bus/xen-backend/devices").stdout

    def write(self, path: str, value: str) -> None:
        self.run(["xenstore-write", path, value])

    def wait_for(self, nodes: Mapping[str, str | None], timeout: float = TIMEOUT) -> None:
        """Until each xenstore path has the value: an extended regular expression for
        the whole of it, or None for one that is absent, with its directory or without:
        which says something only of a node that was there."""
        try:
            self.run(waiting(nodes, timeout), timeout + 10)
        except CommandError as error:
            raise self._error(f"in xenstore: {error.result.stderr}") from None

    def use_stock_modules(self) -> None:
        """The backends that Debian ships in place of ours; only while there are no
        devices, as is the way back."""
        # Debian 13's DKMS moves what it replaces.
        self.run("modprobe -r xen-netback xen-blkback && for module in xen-netback xen-blkback; do"
                 " insmod $(find /lib/modules/$(uname -r)/kernel"
                 " /var/lib/dkms/xen-backends/original_module -name $module.ko -o -name $module.ko.xz"
                 " 2>/dev/null) || exit; done")

    def use_our_modules(self) -> None:
        self.run("modprobe -r xen-netback xen-blkback && modprobe -a xen-netback xen-blkback")

    def stop_access_log(self) -> None:
        """As on a real host: without it each request is a little quicker."""
        self.run(f"ln -sf /dev/null {ACCESS_LOG} && kill -HUP $(pidof oxenstored)")

    def consoles(self) -> str:
        """The end of every console there is, for a person who looks for a cause."""
        return f"--- console of Xen and dom0 ---\n{self.console()}\n{self._guest_consoles()}"

    def _guest_consoles(self) -> str:
        tail = (f"xl vcpu-list; cd /var/log/xen/console &&"
                f" tail -n {CONSOLE_LINES} guest-*.log 2>/dev/null")
        try:
            return self.run(tail, LIMITS["agent"], check=False).stdout
        except HostError:
            return ""
