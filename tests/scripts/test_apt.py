# SPDX-License-Identifier: GPL-2.0
"""packaging/libvirt's pin: with it apt stays at our libvirt, where Debian's next version comes
in under whatever APT::Default-Release says, and takes our next, but nothing older."""
from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest

PIN = pathlib.Path(__file__).resolve().parents[2] / "packaging/libvirt/debian/xen-feature-control-libvirt.preferences"
OURS = "9.0.0-4+deb12u2+config2.355"
DEBIANS = "9.0.0-4+deb12u3"

pytestmark = pytest.mark.skipif(shutil.which("apt-get") is None, reason="this machine has no apt")


def candidate(path: pathlib.Path, ours: str, installed: str, options: list[str]) -> str:
    """Of libvirt0, where Debian serves DEBIANS."""
    (path / "preferences").mkdir()
    shutil.copy(PIN, path / "preferences/xen-feature-control-libvirt")
    package = "Package: libvirt0\nSource: libvirt\nArchitecture: amd64\nMaintainer: x\nDescription: x\n"
    for name, version, release in (
            ("debian", DEBIANS, "Origin: Debian\nSuite: oldstable\nCodename: bookworm\n"),
            ("ours", ours, "Origin: xen-feature-control\nSuite: xen-feature-control\n"
             "Codename: xen-feature-control-bookworm\nNotAutomatic: yes\nButAutomaticUpgrades: yes\n")):
        (path / name).mkdir()
        (path / name / "Packages").write_text(f"{package}Version: {version}\nSize: 1\nFilename: ./{name}.deb\n")
        (path / name / "Release").write_text(f"{release}Date: Thu, 01 Oct 2026 00:00:00 UTC\n")
    (path / "sources.list").write_text("".join(
        f"deb [trusted=yes arch=amd64] file:{path}/{name} ./\n" for name in ("debian", "ours")))
    (path / "status").write_text(f"{package}Status: install ok installed\nVersion: {installed}\n")
    (path / "lists/partial").mkdir(parents=True)
    words = ["-o", f"Dir::Etc={path}", "-o", "Dir::Etc::sourcelist=sources.list", "-o", "Dir::Etc::sourceparts=/dev/null",
             "-o", "Dir::Etc::preferences=/dev/null", "-o", "Dir::Etc::preferencesparts=preferences",
             "-o", f"Dir::State={path}", "-o", f"Dir::State::status={path}/status", "-o", f"Dir::Cache={path}",
             "-o", "APT::Architecture=amd64", "-o", "APT::Sandbox::User=", "-o", "Dir::Cache::pkgcache=",
             "-o", "Dir::Cache::srcpkgcache=", "-o", "APT::Default-Release=", *options]
    subprocess.run(["apt-get", *words, "-qq", "update"], check=True)
    said = subprocess.run(["apt-cache", *words, "policy", "libvirt0"], check=True, text=True, stdout=subprocess.PIPE).stdout
    return said.split("Candidate: ")[1].split()[0]


@pytest.mark.parametrize("options", [[], ["-o", "APT::Default-Release=bookworm"]])
@pytest.mark.parametrize("ours,installed,expected", [
    (OURS, OURS, OURS), (f"{DEBIANS}+config2.400", OURS, f"{DEBIANS}+config2.400"), (OURS, DEBIANS, DEBIANS)])
def test_pin(tmp_path: pathlib.Path, options: list[str], ours: str, installed: str, expected: str) -> None:
    assert candidate(tmp_path, ours, installed, options) == expected
