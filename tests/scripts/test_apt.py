# SPDX-License-Identifier: GPL-2.0
"""What apt makes of the pin of our libvirt, and of what our packages depend on, in repositories
that hold no more than that."""
from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest

PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging"
PIN = PACKAGING / "libvirt/debian/xen-feature-control-libvirt.preferences"
OURS = "9.0.0-4+deb12u2+config2.355"
DEBIANS = "9.0.0-4+deb12u3"

pytestmark = pytest.mark.skipif(shutil.which("apt-get") is None, reason="this machine has no apt")


FIELDS = "Architecture: amd64\nMaintainer: x\nDescription: x\n"
DEBIAN = "Origin: Debian\nSuite: oldstable\nCodename: bookworm\n"
OWN = ("Origin: xen-feature-control\nSuite: xen-feature-control\nCodename: xen-feature-control-bookworm\n"
       "NotAutomatic: yes\nButAutomaticUpgrades: yes\n")


def apt(path: pathlib.Path, command: list[str], installed: list[str], debian: list[str], ours: list[str],
        options: tuple[str, ...] = ()) -> str:
    """What a command says, where packages (their paragraphs, without FIELDS) are installed and served."""
    (path / "preferences").mkdir()
    shutil.copy(PIN, path / "preferences/xen-feature-control-libvirt")
    for name, packages, release in (("debian", debian, DEBIAN), ("ours", ours, OWN)):
        (path / name).mkdir()
        (path / name / "Packages").write_text("\n".join(
            f"{text}\n{FIELDS}Size: 1\nFilename: ./{name}-{number}.deb\n" for number, text in enumerate(packages)))
        (path / name / "Release").write_text(f"{release}Date: Thu, 01 Oct 2026 00:00:00 UTC\n")
    (path / "sources.list").write_text("".join(
        f"deb [trusted=yes arch=amd64] file:{path}/{name} ./\n" for name in ("debian", "ours")))
    (path / "status").write_text("\n".join(f"{text}\n{FIELDS}Status: install ok installed\n" for text in installed))
    (path / "lists/partial").mkdir(parents=True)
    words = ["-o", f"Dir::Etc={path}", "-o", "Dir::Etc::sourcelist=sources.list", "-o", "Dir::Etc::sourceparts=/dev/null",
             "-o", "Dir::Etc::preferences=/dev/null", "-o", "Dir::Etc::preferencesparts=preferences",
             "-o", f"Dir::State={path}", "-o", f"Dir::State::status={path}/status", "-o", f"Dir::Cache={path}",
             "-o", "APT::Architecture=amd64", "-o", "APT::Sandbox::User=", "-o", "Dir::Cache::pkgcache=",
             "-o", "Dir::Cache::srcpkgcache=", "-o", "APT::Default-Release=", *options]
    subprocess.run(["apt-get", *words, "-qq", "update"], check=True)
    return subprocess.run([command[0], *words, *command[1:]], check=True, text=True, stdout=subprocess.PIPE).stdout


@pytest.mark.parametrize("options", [[], ["-o", "APT::Default-Release=bookworm"]])
@pytest.mark.parametrize("ours,installed,expected", [
    (OURS, OURS, OURS), (f"{DEBIANS}+config2.400", OURS, f"{DEBIANS}+config2.400"), (OURS, DEBIANS, DEBIANS)])
def test_pin(tmp_path: pathlib.Path, options: list[str], ours: str, installed: str, expected: str) -> None:
    """Ours stays, where Debian's next version comes in; our next is taken, but nothing older."""
    def libvirt(version: str) -> list[str]:
        return [f"Package: libvirt0\nSource: libvirt\nVersion: {version}"]
    said = apt(tmp_path, ["apt-cache", "policy", "libvirt0"], libvirt(installed), libvirt(DEBIANS), libvirt(ours),
               tuple(options))
    assert said.split("Candidate: ")[1].split()[0] == expected


def depends(package: str) -> str:
    """Of ours that is made for Xen 4.17, under version 1."""
    text = (PACKAGING / "xen/debian/control").read_text().replace("@xen@", "4.17").replace("${binary:Version}", "1")
    paragraph = text.split(f"Package: {package}\n")[1].split("\n\n")[0]
    lines = [line for line in paragraph.splitlines() if line[0] != "#"]
    field = "\n".join(lines).split("Depends:")[1].split("\nRecommends")[0].split("\nDescription")[0]
    return ", ".join(part.strip() for part in field.split(",") if "$" not in part)


@pytest.mark.parametrize("upgraded", [True, False])
def test_next_release(tmp_path: pathlib.Path, upgraded: bool) -> None:
    """Takes Xen 4.17's tools off; the command that says what is void then stays. Where 4.17 is
    Debian's, it comes with our tools."""
    ours = [f"Package: xen-feature-control\nVersion: 1\nDepends: {depends('xen-feature-control')}",
            f"Package: xen-utils-4.17-features\nVersion: 1\nDepends: {depends('xen-utils-4.17-features')}",
            "Package: libxenlight4.17-features\nVersion: 1", "Package: xen-backends-dkms\nVersion: 1"]
    xen = ["Package: xen-utils-4.17\nVersion: 4.17.7-1\nDepends: python3 (<< 3.12), xen-utils-common (>= 4.17.7-1)",
           "Package: xen-utils-common\nVersion: 4.17.7-1", "Package: python3\nVersion: 3.11"]
    others = [f"Package: {name}\nVersion: 1" for name in ("jq", "kmod", "xenstore-utils")]
    if upgraded:
        said = apt(tmp_path, ["apt-get", "-s", "install", "python3", "xen-utils-common"], ours + xen + others,
                   ["Package: xen-utils-common\nVersion: 4.20.4-1", "Package: python3\nVersion: 3.13"], ours)
        assert "Remv xen-utils-4.17-features" in said and "Remv xen-feature-control" not in said
    else:
        said = apt(tmp_path, ["apt-get", "-s", "install", "xen-feature-control"], xen + others, [], ours)
        assert "Inst xen-feature-control" in said and "Inst xen-utils-4.17-features" in said
