#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""An emulated Xen host: a real hypervisor, dom0, oxenstored and xl in QEMU.

    with Host("bookworm") as host:
        guest = host.create(vif=["bridge=xenbr0"], disk=["phy:/dev/loop0,xvda,w"])
        print(guest.ask("report"))

Commands reach dom0 through Debian's qemu-guest-agent. The first start boots and
keeps a snapshot of the booted host; every later start, and restore(), loads it.
"""
from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

TOP = pathlib.Path(__file__).resolve().parents[2]
CONSOLE_LINES = 40
# Each request to oxenstored, see mkimage.
ACCESS_LOG = "/var/log/xen/xenstored-access.log"
# The toolstack on this machine takes what time it takes, but never minutes.
TIMEOUT = 120.0
# The firmware of an HVM guest takes most of one to load its kernel, and more beside others.
HVM_TIMEOUT = 480.0
# And what else may hang: how long it takes before it counts as that, in seconds of ours.
# A machine that has other work is no failure, so none of them is near what is usual; a
# counted host, whose time is not ours, gets COUNTED times as long for each.
LIMITS = {
    "boot": 600.0,      # until dom0's agent answers
    "launch": 120.0,    # QEMU opens its sockets: after it has loaded a snapshot
    "agent": 60.0,      # an answer of dom0's agent, or QEMU's
    "snapshot": 300.0,  # to write one
    "quit": 10.0,       # then it is killed
    "console": 60.0,    # Xen prints its grant tables
}
COUNTED = 10

# With a source of random numbers: libuuid, and so xl create, waits seconds for one. With
# SVM and nested paging, QEMU's emulator runs PVH and HVM guests.
CPU = "qemu64,+rdrand,+svm,+npt,+nrip-save"
XEN_ARGS = "dom0_mem=1024M,max:1024M dom0_max_vcpus=2 console=com1 ucode=no spec-ctrl=no xpti=no loglvl=info guest_loglvl=info"
# Less to do at boot, and nothing that guards against a neighbour on a real CPU.
QUICK = "mitigations=off cryptomgr.notests apparmor=0 audit=0 random.trust_cpu=on rcupdate.rcu_expedited=1"
# Its warnings on the console: that is where tests look for them.
LINUX_ARGS = f"console=hvc0 quiet loglevel=5 panic=-1 {QUICK}"


class HostError(Exception):
    """The host did not do what it was told; says what, and what its console says."""


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


class _Json:
    """JSON messages over a unix socket: QMP, or the guest agent."""

    def __init__(self, path: pathlib.Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        # A unix socket's name has 107 bytes; that of an open directory is short.
        directory = os.open(path.parent, os.O_PATH)
        try:
            self.socket.connect(f"/proc/self/fd/{directory}/{path.name}")
        finally:
            os.close(directory)
        self.buffer = b""

    def send(self, message: Mapping[str, Any], deadline: float, before: bytes = b"") -> None:
        self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
        self.socket.sendall(before + json.dumps(message).encode() + b"\n")

    def receive(self, deadline: float) -> dict[str, Any]:
        while b"\n" not in self.buffer:
            self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            data = self.socket.recv(1 << 16)
            if not data:
                raise ConnectionError("QEMU is gone")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        # The guest agent marks the start of a delimited answer with this byte.
        return json.loads(line.lstrip(b"\xff"))

    def close(self) -> None:
        self.socket.close()


class Host:
    """One emulated Xen host. Each instance has a directory, and QEMU, of its own."""

    # Nothing leaves the machine: "peer" is the other's directory.
    JOINED = [
        "-netdev", "dgram,id=net,local.type=unix,local.path=net,"
                   "remote.type=unix,remote.path=peer/net",
        "-device", "virtio-net-pci,netdev=net,romfile=,addr=0x1e",
        "-drive", "file=shared.img,format=raw,if=none,id=shared,file.locking=off",
        "-device", "virtio-blk-pci,drive=shared,share-rw=on,addr=0x1f",
    ]

    def __init__(self, release: str = "bookworm", directory: str | os.PathLike[str] | None = None,
                 verbose: bool = False, variant: str | None = None,
                 counted: bool = False, preloaded: bool = True, joined: bool = False) -> None:
        """variant: "host", as mkimage makes it, "debug" (scripts/build-kernel), or those
        of tests/debs; where it is not said, $HOST_VARIANT says it, or else it is "host".
        counted: the host's time is the number of instructions that it ran, so that no
        timeout and no measurement in it depends on what else this machine does. Its CPUs
        take turns on one of ours: one that another host can run beside. Not for races,
        nor for a person: its clocks jump when it has nothing to do.
        preloaded: dom0's backends are loaded when it is up, as a unit of the packages does
        it; otherwise they are, as on a stock Debian, with the first device.
        joined: one of two that join() put together: its dom0 has a network interface whose
        cable ends at the other, and /dev/vdc, the same disk in both. Such a host is booted
        each time, and has no snapshots: the disk has none."""
        self.counted = counted
        self.joined = joined
        self.preloaded = preloaded
        self.images = TOP / "build" / release / (
            variant or os.environ.get("HOST_VARIANT", "host"))
        self._temporary = directory is None
        if directory is None:
            runs = self.images / "run"
            runs.mkdir(parents=True, exist_ok=True)
            directory = tempfile.mkdtemp(dir=runs)
        self.directory = pathlib.Path(directory).absolute()
        self.verbose = verbose
        self.disks = [f"/dev/loop{n}" for n in range(4)]
        # Of guests that do not say it.
        self.guest_type = "pv"
        self._qemu: subprocess.Popen[bytes] | None = None
        self._qmp: _Json | None = None
        self._agent: _Json | None = None
        self._detach = False
        self._seq = 0
        # The agent owes an answer to a question that nobody waits for any more.
        self._late = False

    def _deadline(self, name: str) -> float:
        """When what LIMITS names has hung."""
        return self._after(LIMITS[name])

    def _after(self, seconds: float) -> float:
        return time.monotonic() + seconds * (COUNTED if self.counted else 1)

    # --- life ---

    def start(self, detach: bool = False) -> Host:
        """Load the booted host, or boot it if there is none yet. A detached QEMU
        outlives this process: attach() finds it again."""
        self._detach = detach
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "console.log").unlink(missing_ok=True)
        argv = self._argv()
        if self.joined:
            return self._start_joined(argv)
        # A snapshot belongs to one QEMU and one image, and to one run of this machine:
        # Xen measured the TSC's frequency when it booted.
        version = subprocess.run([argv[0], "-version"], capture_output=True, check=True).stdout
        boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_bytes()
        identity = version + boot + "\0".join(argv).encode() + str(
            [(self.images / name).stat().st_mtime_ns
             for name in ("xen.elf", "vmlinux", "initrd", "root.img")]).encode()
        digest = hashlib.sha256(identity).hexdigest()[:16]
        booted = self.images / f"booted.{'counted' if self.counted else 'real'}.{digest}.qcow2"
        try:
            if booted.exists():
                shutil.copyfile(booted, self.directory / "overlay.qcow2")
                with self.step("load the booted host"):
                    self._launch([*argv, "-loadvm", "clean"])
                    self._sync(self._deadline("agent"))
            else:
                self._boot(argv, booted)
        except BaseException:
            self.stop()
            raise
        return self

    def _start_joined(self, argv: list[str]) -> Host:
        try:
            self._overlay()
            with self.step("boot the host"):
                self._launch(argv)
                self._sync(self._deadline("boot"))
        except BaseException:
            self.stop()
            raise
        return self

    def _overlay(self) -> pathlib.Path:
        """What is written to the image's root is in it."""
        overlay = self.directory / "overlay.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw",
                        "-b", self.images / "root.img", overlay], check=True)
        return overlay

    def _boot(self, argv: list[str], booted: pathlib.Path) -> None:
        overlay = self._overlay()
        with self.step("boot the host"):
            self._launch(argv)
            self._sync(self._deadline("boot"))
        with self.step("take the snapshot"):
            self.snapshot("clean")
            # What follows writes to the overlay: stopped, it is what it was.
            self._monitor("stop")
            partial = self.directory / "booted.partial"
            shutil.copyfile(overlay, partial)
            for old in self.images.glob(booted.with_suffix("").with_suffix(".*").name):
                # Another host may be starting from the same.
                if old != booted:
                    old.unlink(missing_ok=True)
            os.replace(partial, booted)
            self._monitor("cont")

    def attach(self, agent: bool = True) -> Host:
        """Connect to a QEMU that start(detach=True) of another process left; without
        its agent, one whose dom0 may hang, to stop it."""
        self._connect(time.monotonic() + 1)
        if agent:
            self._sync(self._deadline("agent"))
        return self

    def stop(self) -> None:
        """End QEMU and remove what it left. Ends one that was attached to, too."""
        self._quit()
        (self.directory / "overlay.qcow2").unlink(missing_ok=True)
        for name in ("qmp", "ga", "con", "net", "peer", "shared.img"):
            (self.directory / name).unlink(missing_ok=True)
        if self._temporary:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _quit(self) -> None:
        if self._qmp:
            with contextlib.suppress(OSError, HostError):
                self._monitor("quit", "quit")
        self._disconnect()
        if self._qemu:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._qemu.wait(LIMITS["quit"])
            self._qemu.kill()
            self._qemu.wait()
            self._qemu = None

    def __enter__(self) -> Host:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def snapshot(self, name: str = "clean") -> None:
        self._monitor(f"savevm {name}", "snapshot")

    def restore(self, name: str = "clean") -> None:
        """Back to the snapshot: dom0, its guests, its disks, everything."""
        # In a new QEMU: one that runs never lets the TSC go back (cpu_get_ticks()),
        # though it does the other clocks, and Xen does not survive the difference.
        self._quit()
        argv = [*self._argv(), "-loadvm", name]
        try:
            self._launch(argv)
        except HostError as error:
            assert self._qemu
            try:
                # Its sockets end before it does.
                self._qemu.wait(LIMITS["quit"])
            except subprocess.TimeoutExpired:
                raise error from None
            # The emulator's own end, before anything of ours ran.
            print(f"\n  once more: {str(error).partition('--- console')[0]}", file=sys.stderr,
                  flush=True)
            self._launch(argv)
        self._sync(self._deadline("agent"))

    def _argv(self) -> list[str]:
        # Two nanoseconds an instruction: about as fast as they are emulated.
        clock = ["-accel", "tcg,thread=single", "-icount", "shift=1,sleep=off"] \
            if self.counted else ["-accel", "tcg,thread=multi"]
        arguments = LINUX_ARGS + ("" if self.preloaded else " backends=later")
        return [
            "qemu-system-x86_64", "-machine", "pc", *clock,
            "-cpu", CPU, "-smp", os.environ.get("HOST_CPUS", "2"), "-m", "3072", "-display", "none", "-no-reboot", "-nodefaults",
            "-kernel", str(self.images / "xen.elf"), "-append", XEN_ARGS,
            "-initrd", f"{self.images}/vmlinux {arguments},{self.images}/initrd",
            "-drive", "file=overlay.qcow2,format=qcow2,if=virtio,cache=unsafe",
            # vdb: the root of driver domains.
            "-drive", f"file={self.images}/root.img,format=raw,if=virtio,readonly=on",
            # What was before restore() stays in it.
            "-chardev", "socket,id=con,path=con,server=on,wait=off,"
                        "logfile=console.log,logappend=on",
            "-serial", "chardev:con",
            "-chardev", "socket,id=ga,path=ga,server=on,wait=off",
            "-device", "virtio-serial-pci",
            "-device", "virtserialport,chardev=ga,name=org.qemu.guest_agent.0",
            "-qmp", "unix:qmp,server=on,wait=off",
            *(self.JOINED if self.joined else []),
        ]

    def _launch(self, argv: list[str]) -> None:
        for name in ("qmp", "ga", "con", "net"):
            (self.directory / name).unlink(missing_ok=True)
        # Whatever ends this process, also SIGKILL, ends QEMU.
        prefix = ["setsid"] if self._detach else ["setpriv", "--pdeathsig", "KILL"]
        with open(self.directory / "qemu.log", "wb") as log:
            self._qemu = subprocess.Popen(prefix + argv, cwd=self.directory, stdout=log,
                                          stderr=log, stdin=subprocess.DEVNULL)
        self._connect(self._deadline("launch"))

    # --- channels ---

    def _connect(self, deadline: float) -> None:
        while True:
            try:
                self._qmp = _Json(self.directory / "qmp")
                self._agent = _Json(self.directory / "ga")
                break
            except OSError as error:
                self._disconnect()
                gone = self._qemu and self._qemu.poll() is not None
                if gone or time.monotonic() > deadline:
                    raise self._error(f"no QEMU in {self.directory}: {error}") from None
                time.sleep(0.02)
        try:
            self._qmp.receive(self._deadline("agent"))
        except (OSError, ValueError) as error:
            raise self._error(f"QEMU does not greet: {error}") from None
        self._command(self._qmp, "qmp_capabilities", {}, self._deadline("agent"))

    def _disconnect(self) -> None:
        for channel in (self._qmp, self._agent):
            if channel:
                channel.close()
        self._qmp = self._agent = None

    def _command(self, channel: _Json | None, name: str, arguments: Mapping[str, Any],
                 deadline: float) -> Any:
        if channel is None:
            raise HostError("the host is not running")
        if channel is self._agent and self._late:
            self._sync(deadline)
        self._seq += 1
        # Of the two only QEMU repeats it.
        repeated = {"id": self._seq} if channel is self._qmp else {}
        try:
            channel.send({"execute": name, "arguments": arguments, **repeated}, deadline)
            while True:
                reply = channel.receive(deadline)
                if reply.get("id", self._seq) != self._seq:
                    continue
                if "error" in reply:
                    raise self._error(f"{name}: {reply['error']['desc']}")
                if "return" in reply:
                    return reply["return"]
        except (OSError, ValueError) as error:
            # What comes later is no answer to the next question.
            self._late |= channel is self._agent
            raise self._error(f"{name}: {error}") from None

    def _monitor(self, line: str, limit: str = "agent") -> str:
        text = self._command(self._qmp, "human-monitor-command", {"command-line": line},
                             self._deadline(limit))
        if "Error" in text:
            raise self._error(f"{line}: {text}")
        return text

    def _sync(self, deadline: float) -> None:
        """Find the start of the agent's next answer: before it may be the rest of one
        that it was giving when the snapshot was taken or loaded, or one that was late."""
        agent = self._agent
        assert agent
        while True:
            self._seq += 1
            request = {"execute": "guest-sync-delimited", "arguments": {"id": self._seq}}
            try:
                # 0xff makes the agent's parser drop what it has.
                agent.send(request, deadline, before=b"\xff")
                while True:
                    with contextlib.suppress(ValueError):
                        line = agent.receive(min(deadline, time.monotonic() + 1))
                        if line.get("return") == self._seq:
                            self._late = False
                            return
            except TimeoutError:
                if time.monotonic() > deadline or (self._qemu and self._qemu.poll() is not None):
                    raise self._error("dom0's agent does not answer") from None
            except OSError as error:
                raise self._error(f"dom0's agent: {error}") from None

    # --- dom0 ---

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

    def create(self, name: str = "guest", **options: Any) -> Guest:
        """A guest; see Guest for the options."""
        return Guest(self, name, **options).create()

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

    # --- looking at it ---

    def console(self, lines: int | None = CONSOLE_LINES) -> str:
        """The end of Xen's and dom0's console, or all of it."""
        try:
            text = (self.directory / "console.log").read_text(errors="replace")
        except OSError:
            return ""
        found = [line for line in re.split(r"[\r\n]+", text) if line]
        return "\n".join(found if lines is None else found[-lines:])

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

    def _error(self, message: str) -> HostError:
        if self._qemu and self._qemu.poll() is not None:
            with contextlib.suppress(OSError):
                said = (self.directory / "qemu.log").read_text(errors="replace").strip()
                message += f"\nQEMU ended with status {self._qemu.returncode}: {said or 'no word'}"
        return HostError(f"{message}\n--- console of Xen and dom0 ---\n{self.console()}")

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """What takes a while, with the time that it takes, as scripts/step shows it."""
        if not self.verbose:
            yield
            return
        start = time.monotonic()
        done = threading.Event()

        def show(end: str) -> None:
            print(f"\r  {title:<44} {time.monotonic() - start:3.0f}s", end=end,
                  file=sys.stderr, flush=True)

        def tick() -> None:
            while not done.wait(1):
                show("")

        ticker = threading.Thread(target=tick, daemon=True)
        if sys.stderr.isatty():
            ticker.start()
        else:
            print(f"  {title:<44} ...", file=sys.stderr, flush=True)
        try:
            yield
        finally:
            done.set()
            if ticker.is_alive():
                ticker.join()
            show("\n")


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
        # Who serves its devices, as far as backend() is concerned.
        self.backend_domid = 0
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
        found = re.findall(r"^(vif|vbd)/(\d+)$", "\n".join(self.host.tree(path)), re.MULTILINE)
        return [(kind, int(devid)) for kind, devid in found]

    def backend(self, kind: str, devid: int) -> str:
        """The xenstore directory of a backend (kind: vif or vbd)."""
        return f"/local/domain/{self.backend_domid}/backend/{kind}/{self.domid}/{devid}"

    def frontend(self, kind: str, devid: int) -> str:
        return f"/local/domain/{self.domid}/device/{kind}/{devid}"

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
        # What the emulator does to a PVH guest, and to no other: see README.md.
        if self.config["type"] == "pvh" and ("Kernel panic" in console or re.search(
                rf"\bd{self.domid}v\d+ Triple fault", self.host.console(None))):
            message = f"PVH guest panicked: {message}"
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


def join(one: Host, other: Host, size: int = 64 << 20) -> None:
    """Two joined hosts that have not been started: a cable from each to the other, and a
    disk that both have."""
    disk = one.directory / "disk.img"
    for host, peer in ((one, other), (other, one)):
        host.directory.mkdir(parents=True, exist_ok=True)
        (host.directory / "peer").symlink_to(peer.directory)
        (host.directory / "shared.img").symlink_to(disk)
    with open(disk, "wb") as image:
        image.truncate(size)


def terminate_on_signal() -> None:
    """Make SIGTERM unwind the stack as ctrl-C does, so that `with Host()` cleans up."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
