# SPDX-License-Identifier: GPL-2.0
"""QEMU with Xen and dom0 in it, its snapshots, and the channels to both. The first start boots
and keeps a snapshot of the booted host; every later one, and restore(), loads it."""
from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import Any, Self

import progress

TOP = pathlib.Path(__file__).resolve().parents[2]
CONSOLE_LINES = 40
# What may hang: how long it takes before it counts as that, in seconds of ours.
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
CPUS = os.environ.get("HOST_CPUS", "2")
XEN_ARGS = (f"dom0_mem=1024M,max:1024M dom0_max_vcpus={CPUS} console=com1 ucode=no spec-ctrl=no"
            " xpti=no loglvl=info guest_loglvl=info")
# Less to do at boot, and nothing that guards against a neighbour on a real CPU.
QUICK = "mitigations=off cryptomgr.notests apparmor=0 audit=0 random.trust_cpu=on rcupdate.rcu_expedited=1"
# Its warnings on the console: that is where tests look for them.
LINUX_ARGS = f"console=hvc0 quiet loglevel=5 panic=-1 {QUICK}"


class HostError(Exception):
    """The host did not do what it was told; says what, and what its console says."""


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


class Emulator:
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

    def step(self, title: str) -> contextlib.AbstractContextManager[None]:
        """What takes a while, for a person who watches."""
        return progress.step(title, self.verbose)

    # --- life ---

    def start(self, detach: bool = False) -> Self:
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

    def _start_joined(self, argv: list[str]) -> Self:
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

    def attach(self, agent: bool = True) -> Self:
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

    def __enter__(self) -> Self:
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
            "-cpu", CPU, "-smp", CPUS, "-m", "3072", "-display", "none", "-no-reboot",
            "-nodefaults",
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

    # --- looking at it ---

    def console(self, lines: int | None = CONSOLE_LINES) -> str:
        """The end of Xen's and dom0's console, or all of it."""
        try:
            text = (self.directory / "console.log").read_text(errors="replace")
        except OSError:
            return ""
        found = [line for line in re.split(r"[\r\n]+", text) if line]
        return "\n".join(found if lines is None else found[-lines:])

    def _error(self, message: str) -> HostError:
        if self._qemu and self._qemu.poll() is not None:
            with contextlib.suppress(OSError):
                said = (self.directory / "qemu.log").read_text(errors="replace").strip()
                message += f"\nQEMU ended with status {self._qemu.returncode}: {said or 'no word'}"
        return HostError(f"{message}\n--- console of Xen and dom0 ---\n{self.console()}")


def join(one: Emulator, other: Emulator, size: int = 64 << 20) -> None:
    """Two joined hosts that have not been started: a cable from each to the other, and a
    disk that both have."""
    disk = one.directory / "disk.img"
    for host, peer in ((one, other), (other, one)):
        host.directory.mkdir(parents=True, exist_ok=True)
        (host.directory / "peer").symlink_to(peer.directory)
        (host.directory / "shared.img").symlink_to(disk)
    with open(disk, "wb") as image:
        image.truncate(size)
