# SPDX-License-Identifier: GPL-2.0
"""One emulated Xen host for all system tests, clean again for each of them."""
from __future__ import annotations

import copy
import os
import pathlib
import re
import shlex
import signal
import sys
import threading
from collections.abc import Iterator

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "host"))
from host import Guest, Host, HostError  # noqa: E402

RELEASE = os.environ.get("RELEASE", "bookworm")
# The image that has what a file tests, and the verb for it, see the Makefile.
NEEDS = {"test_libvirt.py": ("host-libvirt", "make check-libvirt"),
         "test_no_memory.py": ("debug", "make sanitize")}
# What an HVM guest can change. Its firmware takes a minute.
HVM = {"test_hvm.py", "test_qemu.py", "test_guest.py", "test_hold.py", "test_hold_vbd.py", "test_hold_vif.py",
       "test_hotplug.py", "test_lifetime.py", "test_permissions.py", "test_stock.py",
       "test_survive.py"}
LONG = {"test_survive.py", "test_io.py", "test_tcp.py", "test_lifetime.py", "test_specs.py"}


def _lay_over(host: Host) -> None:
    """$HOST_FILES: a folder of drivers, or of tools by their paths, to test instead of the
    image's."""
    if "HOST_FILES" not in os.environ:
        return
    folder = pathlib.Path(os.environ["HOST_FILES"])
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        host.put("/root/new", path.read_bytes(), path.stat().st_mode & 0o777)
        place = f"$(modinfo -n {path.stem})" if path.suffix == ".ko" else \
            shlex.quote(f"/{path.relative_to(folder)}")
        host.run(f"place={place} && mv /root/new $place && install -D $place /root/instead$place")
        if path.suffix == ".ko":
            host.run(f"modprobe -r {path.stem} && modprobe {path.stem}")
    # A driver domain has the image's own root, and there in their place what is in a second
    # archive of its initrd.
    host.run("cd /root && find instead | busybox cpio -o -H newc >>/srv/driver-domain/initrd &&"
             " rm -r instead")
    host.snapshot()


class Traces:
    """What dom0's kernel and Xen say, both on the console, when something is wrong in them."""

    # On the kernel that watches itself lockdep has something to say of stock, too (gntdev),
    # and an allocation that is made to fail leaves a trace: make sanitize compares.
    PATTERN = re.compile(
        r"BUG:|BUG at|Xen WARN at|Xen call trace"
        + ("" if os.environ.get("HOST_VARIANT") == "debug" else "|WARNING:|Call Trace"))

    def __init__(self) -> None:
        # All before it has been looked at.
        self.position = 0

    def new(self, host: Host) -> str:
        """The first one since the last call, with what follows it; or nothing."""
        text = host.console(None)
        lines = text[self.position:].splitlines()
        self.position = len(text)
        found = [number for number, line in enumerate(lines) if self.PATTERN.search(line)]
        return "\n".join(lines[found[0]:found[0] + 30]) if found else ""


@pytest.fixture(scope="session")
def traces() -> Traces:
    return Traces()


@pytest.fixture(scope="session")
def booted(pytestconfig: pytest.Config, traces: Traces, kind: str) -> Iterator[Host]:
    """The host as it is after boot."""
    # Not as elsewhere: SystemExit would end one test, and the next one would start.
    # Debian 12's xdist with -v runs a worker now and then in another thread than the main
    # one, where no handler can be set (https://github.com/pytest-dev/execnet/issues/96).
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated"))
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    host = Host(RELEASE, verbose=True, counted=kind != "hvm")
    traces.position = 0
    # The one long step: a person sees it pass.
    with capture.global_and_fixture_disabled():
        print(file=sys.stderr)
        host.start()
        traces.new(host)
        _lay_over(host)
    yield host
    host.stop()


@pytest.fixture(scope="session", params=[
    "pv", pytest.param("pvh", marks=pytest.mark.full), pytest.param("hvm", marks=pytest.mark.real)])
def kind(request: pytest.FixtureRequest) -> str:
    """The type of the guests."""
    return request.param


@pytest.fixture(autouse=True)
def no_traces(request: pytest.FixtureRequest, traces: Traces) -> Iterator[None]:
    """Whatever a test does, and its fixtures, and what was between it and the one before."""
    yield
    if "booted" in request.fixturenames:
        found = traces.new(request.getfixturevalue("booted"))
        assert not found, found


@pytest.fixture
def host(booted: Host, kind: str) -> Host:
    """The clean host: nothing of the tests before is left in it."""
    booted.restore()
    booted.guest_type = kind
    return booted


@pytest.fixture
def migrates(host: Host, kind: str) -> None:
    """Newer hypervisors of Debian have no shadow paging, which a PV guest needs to run
    while it is copied."""
    if kind == "pv" and "shadow" not in host.run("xl info | grep virt_caps").stdout:
        pytest.skip("this Xen has no shadow paging, and migrates no PV guest")


@pytest.fixture(scope="session")
def running(booted: Host, kind: str) -> Guest:
    """A guest that was up, without devices, when the snapshot "guest" was taken."""
    booted.restore()
    booted.guest_type = kind
    guest = booted.create(memory=512, extra="xen_blkfront.max_ring_page_order=4")
    guest.ask("report")
    booted.snapshot("guest")
    return guest


@pytest.fixture
def guest(running: Guest) -> Guest:
    """On a clean host, a guest that runs and has no devices yet: for tests that plug
    them in. Its disk frontend asks for the largest ring that it is offered."""
    running.host.restore("guest")
    return copy.copy(running)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that take minutes come first: with several hosts one would be left alone
    with the last of them. A kind of guest at a time: one is up for those that share it."""
    def kind(item: pytest.Item) -> str:
        return getattr(item, "callspec", None) and item.callspec.params.get("kind") or "pv"

    def key(item: pytest.Item) -> tuple[int, bool]:
        return ("pv", "pvh", "hvm").index(kind(item)), item.path.name not in LONG

    items[:] = [item for item in items if kind(item) != "hvm" or item.path.name in HVM]
    items.sort(key=key)
    for item in items:
        variant, verb = NEEDS.get(item.path.name, (None, None))
        if variant and os.environ.get("HOST_VARIANT") != variant:
            item.add_marker(pytest.mark.skip(f"not with this image: {verb}"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A test that fails shows what the consoles said."""
    outcome = yield
    report = outcome.get_result()
    funcargs = getattr(item, "funcargs", {})
    guest = funcargs.get("guest")
    host = guest.host if guest else funcargs.get("host")
    if report.failed and isinstance(host, Host):
        try:
            report.sections.append(("consoles", host.consoles()))
        except (OSError, HostError) as error:
            report.sections.append(("consoles", str(error)))
