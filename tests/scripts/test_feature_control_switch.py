# SPDX-License-Identifier: GPL-2.0
"""xen-feature-control disable and enable do all or nothing; and how it is called."""
from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from feature_control import (
    COMMAND, DISABLED, DRIVERS, ENABLED, Host, NEWEST, OLDER, OVERRIDE, PART, ROOMS, RUNNING, SWITCH, TOP, saved,
    state)


def test_disable_and_enable(switchable: Host) -> None:
    host = switchable
    files = set(host.files())
    out, err = host.run("disable")
    assert state(host) == DISABLED and not err
    assert host.log() == [f"{what} {abi}" for abi in (RUNNING, NEWEST) for what in ("depmod", "initrd")]
    lines = [line for line in (host.root / OVERRIDE).read_text().splitlines() if line[0] != "#"]
    assert lines == [f"override {name} * {folder}" for name, folder in DRIVERS.items()]
    assert "xen-netback: the one that is loaded stays" in out and "xl: Debian's from the next command" in out
    said = host.status(1)
    assert {key: check["state"] for key, check in said.items() if check["state"] != "ok"} == {
        ("enabled", None): "fail", ("xl", "4.17"): "none", **dict.fromkeys([
            ("drivers", abi) for abi in (OLDER, RUNNING, NEWEST)], "none")}
    assert "the kernel's own when it is loaded next" in said["loaded", "xen-netback"]["detail"]

    host.remove("log")
    assert "is disabled already" in host.run("disable")[0]
    assert state(host) == DISABLED and not host.log()

    out, err = host.run("enable")
    assert state(host) == ENABLED and not err and "xl: ours from the next command" in out
    assert host.log() == [f"{what} {abi}" for abi in (RUNNING, NEWEST) for what in ("depmod", "initrd")]
    assert set(host.files()) - files <= {
        str(host.root / path) for path in (
            "log", "run", "run/lock", "run/lock/xen-feature-control", "etc", "etc/depmod.d", "etc/xen",
            "packages", "policy", "xenstore")}
    host.remove("log")
    assert "is enabled already" in host.run("enable")[0]
    assert state(host) == ENABLED and not host.log()


@pytest.mark.parametrize("carries", ["domain", "file", "unknown"])
def test_requests_hold_it_back(switchable: Host, carries: str) -> None:
    host = switchable
    if carries == "domain":
        host.request("feature-sg=0")
    elif carries == "file":
        host.save("one", saved(nics={"config": {"feature-sg": "0"}}))
    else:
        host.store = None
    out, err = host.run("disable", rc=2 if carries == "unknown" else 1)
    assert state(host) == ENABLED and "nothing was changed" in err and "disable --force" in err
    if carries != "unknown":
        assert "feature-sg=0" in out and "keeps what it was granted until" in out
    again, _ = host.run("disable", "--force")
    assert state(host) == DISABLED and again.startswith(out)
    # They do not keep it from being enabled, nor what is disabled from being so.
    host.run("disable")
    host.run("enable")
    assert state(host) == ENABLED


@pytest.mark.parametrize("fails", [f"{what} {abi}" for abi in (RUNNING, NEWEST) for what in ("depmod", "initrd", "signal")])
@pytest.mark.parametrize("verb", ["disable", "enable"])
def test_half_done_is_undone(switchable: Host, verb: str, fails: str) -> None:
    host = switchable
    if verb == "enable":
        host.run("disable")
    before = state(host)
    host.write("fail", fails)
    _, err = host.run(verb, rc=1)
    assert state(host) == before and not host.has("fail")
    assert (fails.startswith("signal") or fails.split()[1] in err) and "failed; what was done is undone" in err
    assert "not all of it" not in err
    host.run(verb)
    assert state(host) == (DISABLED if verb == "disable" else ENABLED)


@pytest.mark.parametrize("verb", ["disable", "enable"])
def test_another_override(switchable: Host, verb: str) -> None:
    """That wants the opposite: nothing is half done, and it is named."""
    host = switchable
    folder = "updates/xen-backends" if verb == "disable" else DRIVERS["xen-netback"]
    if verb == "enable":
        host.run("disable")
    before = state(host)
    host.write("etc/depmod.d/a.conf", f"override xen-netback * {folder}\n")
    _, err = host.run(verb, rc=1)
    assert f"{RUNNING}: modprobe would take /lib/modules/{RUNNING}/{folder}/" in err and "another override" in err
    assert state(host) == before


def test_killed_in_between(switchable: Host) -> None:
    """Then the next run does the rest, also of the initial RAM disks."""
    host = switchable
    host.write(OVERRIDE, "".join(f"override {name} * {folder}\n" for name, folder in DRIVERS.items()))
    host.settle()
    subprocess.run([host.programs / "depmod", RUNNING], check=True, env=host.environment())
    os.utime(host.root / f"boot/initrd.img-{RUNNING}", (1, 1))
    host.remove("log")
    host.run("disable")
    assert state(host) == DISABLED
    assert host.log() == [f"initrd {RUNNING}", f"depmod {NEWEST}", f"initrd {NEWEST}"]


def test_dracut(switchable: Host) -> None:
    """Where there is no initramfs-tools; nothing where there is neither."""
    host = switchable
    update = host.programs / "update-initramfs"
    update.unlink()
    _, err = host.run("disable")
    assert err.count("neither update-initramfs nor dracut") == 2
    dracut = host.programs / "dracut"
    dracut.write_text('#!/bin/sh\necho "dracut $*" >>$R/log\n')
    dracut.chmod(0o755)
    host.remove("log")
    host.run("enable")
    assert [line for line in host.log() if "dracut" in line] == [
        f"dracut --quiet --force {host.root}/boot/initrd.img-{abi} {abi}" for abi in (RUNNING, NEWEST)]


def test_no_initrd(switchable: Host) -> None:
    """None is made where there was none, or no backend in it: there can be no room in /boot."""
    host = switchable
    host.remove(f"boot/initrd.img-{NEWEST}")
    host.run("disable")
    assert [line for line in host.log() if "initrd" in line] == [f"initrd {RUNNING}"]
    host.remove("log")
    host.write(f"boot/initrd.img-{RUNNING}", "nothing of ours\n")
    os.utime(host.root / f"boot/initrd.img-{RUNNING}", (1, 1))
    host.write("fail", f"initrd {RUNNING}")
    assert "is disabled already" in host.run("disable")[0]
    host.run("enable")
    assert not [line for line in host.log() if "initrd" in line]


def test_initrd_of_before(switchable: Host) -> None:
    """Enabled already, but for an initial RAM disk that cannot be made: that is not said to be."""
    host = switchable
    os.utime(host.root / f"boot/initrd.img-{RUNNING}", (1, 1))
    os.utime(host.root / f"lib/modules/{RUNNING}/modules.dep", (2, 2))
    host.write("fail", f"initrd {RUNNING}")
    out, err = host.run("enable", rc=1)
    assert "already" not in out and "is there room in /boot" in err


@pytest.fixture
def packaged(tmp_path: pathlib.Path) -> pathlib.Path:
    """The folder debian, as packaging/source makes it of these files."""
    debian = tmp_path / "package/debian"
    shutil.copytree(PART, debian / "feature-control")
    shutil.copy(TOP / "packaging/xen/debian/xen-feature-control.postrm", debian)
    merge = (TOP / "packaging/source").read_text().split("\n\tsed -i ")[1].split("\n\texit")[0]
    subprocess.run(["bash", "-c", f"top={TOP}\nsed -i {merge}"], cwd=debian.parent, check=True)
    return debian


def test_in_the_package(packaged: pathlib.Path) -> None:
    """All that it needs is in the package, and nothing of the drivers' packages; through the link."""
    part = packaged / "feature-control"
    assert "renew_initrd() {" in (part / "renew").read_text() and not (part / "renew").is_symlink()
    command = packaged.parent / "command"
    command.symlink_to(part / "xen-feature-control")
    said = subprocess.run([command, "--help"], check=True, text=True, capture_output=True)
    assert said.stdout.startswith("usage: ") and not said.stderr
    installed = (TOP / "packaging/xen/debian/xen-feature-control.install").read_text()
    for room in ROOMS:
        assert f"debian/feature-control/{room.name} usr/lib/xen-feature-control\n" in installed, room
    sourced = [line[9:-1] for line in COMMAND.read_text().splitlines() if line.startswith('. "$here/')]
    assert sorted(sourced) == sorted(room.name for room in ROOMS[1:])


def test_purge(switchable: Host, packaged: pathlib.Path) -> None:
    """Undoes disable, in initial RAM disks too; where it was not disabled, nothing is done."""
    host = switchable

    def purge() -> None:
        subprocess.run(["sh", packaged / "xen-feature-control.postrm", "purge"], check=True,
                       env={**host.environment(), "root": "/somebody's"})
    host.run("disable")
    host.remove("log")
    purge()
    assert state(host) == ENABLED
    assert host.log() == [f"{what} {abi}" for abi in (RUNNING, NEWEST) for what in ("depmod", "initrd")]
    host.remove("log")
    purge()
    assert not host.log()


def test_umask(switchable: Host) -> None:
    """What depmod makes and the switches stay readable, whatever root's shell is told."""
    host = switchable
    before = os.umask(0o077)
    try:
        host.run("disable")
    finally:
        os.umask(before)
    assert state(host) == DISABLED
    for file in OVERRIDE, SWITCH, f"lib/modules/{RUNNING}/modules.dep":
        assert (host.root / file).stat().st_mode & 0o777 == 0o644, file
    assert (host.root / OVERRIDE).parent.stat().st_mode & 0o777 == 0o755


def test_no_xen_switch(switchable: Host) -> None:
    """In a chroot, too: the files are looked at, xenstore is not."""
    host = switchable
    host.remove("sys", "proc")
    host.store = None
    host.run("disable")
    assert state(host) == DISABLED


def test_read_only(switchable: Host) -> None:
    """Nothing can be changed, and that is what is said."""
    switchable.write("run", "")
    assert "cannot write to /run/lock" in switchable.run("disable", rc=2)[1]
    switchable.status()


def test_one_at_a_time(switchable: Host) -> None:
    host = switchable
    host.write("run/lock/xen-feature-control", "")
    with subprocess.Popen(["flock", host.root / "run/lock/xen-feature-control", "sh", "-c", "echo; read x"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        assert "another" in host.run("disable", rc=2)[1]
        host.status()
        other.stdin.close()
    host.run("disable")


@pytest.mark.parametrize("words", [
    [], ["stat"], ["status", "--yaml"], ["status", "--json", "x"], ["disable", "--yes"], ["disable", "--force", "x"],
    ["enable", "--force"], ["requests", "x"]])
def test_usage(switchable: Host, words: list[str]) -> None:
    out, err = switchable.run(*words, rc=2)
    assert "usage: xen-feature-control status" in err and not out
    assert state(switchable) == ENABLED


def test_only_root() -> None:
    """This machine's own: nothing is done by nobody."""
    # The checkout, and pytest's folders, can be root's alone.
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        for room in ROOMS:
            shutil.copy(room, folder)
        for verb in "disable", "enable":
            done = subprocess.run([f"{folder}/{COMMAND.name}", verb], env={"PATH": "/usr/bin:/bin"}, text=True,
                                  capture_output=True, check=False,
                                  **({"user": 65534, "group": 65534} if os.getuid() == 0 else {}))
            assert done.returncode == 2 and "only root can" in done.stderr


def test_plain_chroot() -> None:
    """Where /dev/fd is missing, which <(...) needs."""
    assert " <(" not in "".join(
        line for room in ROOMS for line in room.read_text().splitlines() if not line.startswith("shopt"))


def test_completion() -> None:
    def complete(*words: str) -> list[str]:
        done = subprocess.run(
            ["bash", "-c", '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _xen_feature_control; '
             'printf "%s\\n" "${COMPREPLY[@]}"', PART / "completion/xen-feature-control", "xen-feature-control", *words],
            text=True, stdout=subprocess.PIPE, check=True)
        return done.stdout.split()
    assert complete("e") == ["enable"] and complete("status", "") == ["--json"]
    assert complete("disable", "--f") == ["--force"] and complete("enable", "") == []


def test_manual() -> None:
    """Has every command, option, state and fact."""
    text = (PART / "xen-feature-control.8.pod").read_text()
    subprocess.run(["podchecker", PART / "xen-feature-control.8.pod"], check=True, stderr=subprocess.DEVNULL)
    script = "".join(room.read_text() for room in ROOMS)
    for name in ("status", "requests", "disable", "enable", "--json", "--force", "xen", "enabled", "xl", "libxl", "loaded",
                 "drivers", "advertised", "monitors", "none", "unknown", "to_do", "subject", "detail"):
        assert f"<{name}" in text, name
    for line in script.splitlines():
        for word in line.split():
            name = word.strip('"').split("=")[0].rstrip(":")
            if word.startswith('"') and "=" in word and name.replace("_", "").isalpha() and name.islower():
                assert f"<{name}>" in text, name
