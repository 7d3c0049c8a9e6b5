# SPDX-License-Identifier: GPL-2.0
"""The Makefile as an ordinary user calls it: what it has sudo do, and what it does not."""
from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
NOBODY = 65534


@pytest.fixture
def make(tmp_path: pathlib.Path):
    """make, in a copy of what it reads, by nobody, with a sudo that only says what it is
    to do."""
    copy = tmp_path / "copy"
    shutil.copytree(TOP, copy, ignore=lambda folder, _: (
        ["build", ".git"] if folder == str(TOP) else []))
    (copy / "build").mkdir()
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "sudo").write_text('#!/bin/sh\necho "sudo: $*"\n')
    (programs / "sudo").chmod(0o755)
    for path in (tmp_path, *tmp_path.parents[:-2]):
        path.chmod(path.stat().st_mode | 0o5)

    def run(*words: str, **environment: str) -> list[str]:
        done = subprocess.run(
            ["make", *words], cwd=copy, check=True, text=True, stdout=subprocess.PIPE,
            user=NOBODY, group=NOBODY, extra_groups=[],
            env={"PATH": f"{programs}:{os.environ['PATH']}", **environment})
        assert (copy / "build").is_dir()
        return done.stdout.splitlines()

    return run


def test_nothing_is_run(make) -> None:
    """make -n says what would be done, of the release that was asked for."""
    assert make("-n", "clean") == ["rm -rf --one-file-system build"]
    said = make("-n", "check", RELEASE="trixie")
    assert "RELEASE=trixie" in said[-2] and "tests/system" in said[-1]
    assert not [line for line in said if line.startswith("sudo") or "bookworm" in line]


@pytest.mark.parametrize("words, environment, asked", [
    (["check"], {}, "make check"),
    (["check"], {"RELEASE": "trixie", "HOSTS": "1"}, "make RELEASE=trixie HOSTS=1 check"),
    (["check", "RELEASE=sid"], {"RELEASE": "trixie"}, "make RELEASE=sid check"),
    (["-k", "-j3", "unit", "check", "T=a or b"], {}, "make -k -j3 T=a or b unit check"),
    (["KEEP=1", "demo"], {"KEEP": "0", "LANG": "C"}, "make KEEP=1 demo"),
])
def test_as_root(make, words: list[str], environment: dict[str, str], asked: str) -> None:
    """One make for all goals, with the same flags and settings."""
    assert make(*words, **environment) == [f"sudo: {asked}"]


def test_help(make) -> None:
    assert make() == make("help")
    assert "sudo" not in "".join(make())
