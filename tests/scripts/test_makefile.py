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
    """make, in a copy of what it reads, by nobody, with a sudo that keeps as little as the
    real one, and then says what it was to run, and with which settings."""
    copy = tmp_path / "copy"
    shutil.copytree(TOP, copy, ignore=lambda folder, _: (
        ["build", ".git"] if folder == str(TOP) else []))
    (copy / "build").mkdir()
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "sudo").write_text("""#!/bin/sh
# The last make of the line is root's.
exec /usr/bin/env -i PATH="$PATH" AS_ROOT=1 "$@"
""")
    (programs / "id").write_text('#!/bin/sh\n[ -z "$AS_ROOT" ] && exec /usr/bin/id "$@"\necho 0\n')
    for program in programs.iterdir():
        program.chmod(0o755)
    for path in (tmp_path, *tmp_path.parents[:-2]):
        path.chmod(path.stat().st_mode | 0o5)
    # Beside root's goals, so that it can be asked.
    with (copy / "Makefile").open("a") as makefile:
        makefile.write("""
ifneq ($(AS_ROOT),)
asked-%:
\t@printf '%s\\n' '$@' "flags=$(filter k -k -j%,$(MAKEFLAGS))" "T=$$T" "$(B)"
endif
""")

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
    assert not [line for line in said if "sudo" in line or "bookworm" in line]


@pytest.mark.parametrize("text", [
    "name", "(a or b) and not c", "it's", 'a"b', "a$b", "a;id", "a\\b"])
@pytest.mark.parametrize("how", ["command line", "environment"])
def test_settings(make, text: str, how: str) -> None:
    """Arrive as they were given."""
    # To make a $ on its command line is the start of a variable, also for root.
    if how == "command line":
        said = make("asked-a", f"T={text.replace('$', '$$')}", "RELEASE=sid", RELEASE="trixie")
        assert said[2:] == [f"T={text}", "build/sid"]
    else:
        assert make("asked-a", T=text, RELEASE="trixie")[2:] == [f"T={text}", "build/trixie"]


def test_goals_and_flags(make) -> None:
    """One make for all goals, with the same flags."""
    said = make("-k", "-j3", "asked-a", "asked-b")
    # In parallel.
    assert sorted(line for line in said if line.startswith("asked")) == ["asked-a", "asked-b"]
    assert said.count("flags=k -j3") == 2, said


def test_help(make) -> None:
    """Is for everybody."""
    assert make() == make("help")
    assert "make check" in "".join(make())
