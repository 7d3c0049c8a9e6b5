# SPDX-License-Identifier: GPL-2.0
"""packaging/add-repository, on a host that is a folder."""
from __future__ import annotations

import os
import pathlib
import subprocess

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "packaging/add-repository"
SOURCES = "etc/apt/sources.list.d/xen-feature-control.sources"


class Host:
    def __init__(self, path: pathlib.Path) -> None:
        self.root = path / "host"
        (self.root / "etc/apt/sources.list.d").mkdir(parents=True)
        (self.root / "etc/os-release").write_text("VERSION_CODENAME=bookworm\n")
        self.repository = path / "repository"
        self.repository.mkdir(mode=0o700)
        (self.repository / "key.asc").write_text("a key\n")
        self.script = self.repository / "add-repository"
        self.script.write_text(SCRIPT.read_text().replace("@release@", "bookworm").replace("/etc/", f"{self.root}/etc/")
                               .replace("=/etc", f"={self.root}/etc").replace("=/usr/", f"={self.root}/usr/"))
        programs = path / "bin"
        programs.mkdir()
        (programs / "id").write_text("#!/bin/sh\necho 0\n")
        (programs / "id").chmod(0o755)
        self.environment = {"PATH": f"{programs}:{os.environ['PATH']}"}

    def run(self, *words: str, rc: int = 0) -> str:
        done = subprocess.run(["sh", self.script, *words], env=self.environment, text=True, stderr=subprocess.PIPE,
                              check=False, umask=0o077)
        assert done.returncode == rc, done.stderr
        return done.stderr

    def uri(self) -> str | None:
        path = self.root / SOURCES
        return path.read_text().split("URIs: ")[1].splitlines()[0] if path.exists() else None


@pytest.fixture
def host(tmp_path: pathlib.Path) -> Host:
    return Host(tmp_path)


def test_copy(host: Host) -> None:
    """Where everybody can read it, whatever root's umask."""
    host.run()
    assert host.uri() == f"file:{host.root}/usr/local/share/xen-feature-control/bookworm"
    for path in ("etc/apt/keyrings", SOURCES, "usr/local/share/xen-feature-control",
                 "usr/local/share/xen-feature-control/bookworm/key.asc"):
        mode = (host.root / path).stat().st_mode & 0o777
        assert mode == (0o755 if (host.root / path).is_dir() else 0o644), path


@pytest.mark.parametrize("uri", ["http://example.org/x", "https://example.org:8080/x%20y/", "file:/srv/x", "file:///srv"])
def test_uri(host: Host, uri: str) -> None:
    host.run(uri)
    assert host.uri() == uri and not (host.root / "usr").exists()
    assert [path.name for path in (host.root / SOURCES).parent.iterdir()] == ["xen-feature-control.sources"]


@pytest.mark.parametrize("words", [
    ["--help"], [""], ["relative/path"], ["/srv/x"], ["https://x y/z"],
    ["https://x\nTrusted: yes"], ["https://x\t"], ["https://"], ["ftp://example.org"], ["https://a", "https://b"]])
def test_no_uri(host: Host, words: list[str]) -> None:
    """apt's sources stay as they were: a broken line would end every run of apt."""
    host.run("https://example.org/before")
    assert "usage: add-repository [URI]" in host.run(*words, rc=2)
    assert host.uri() == "https://example.org/before"
