# SPDX-License-Identifier: GPL-2.0
"""Breaks the code on purpose, one place at a time, and sees the system tests fail.

A mutant that no test notices is a test that is missing. The place is broken in this
checkout while its driver or tool is built, one at a time, and put back before the tests
run; what a killed run leaves is seen by the next one, which does not start on files that
differ from HEAD.
"""
from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree
from collections.abc import Callable, Iterator

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from table import MUTANTS, RELEASE, TOP, Mutant  # noqa: E402

BUILD = TOP / "build" / RELEASE
# What make builds of a folder, and where that is.
BUILT = {"drivers": ("modules", "modules"), "tools/qemu": ("qemu", "qemu-tree"), "tools": ("tools", "tools"),
         "include": ("tools", "tools")}

pytestmark = pytest.mark.full


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """In this checkout, among the workers of pytest-xdist."""
    with open(BUILD / "mutants.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(mutant: Mutant, output: pathlib.Path) -> None:
    """The files to lay over dom0's."""
    path = mutant.path()
    original = path.read_text()
    what, result = next(built for folder, built in BUILT.items() if path.is_relative_to(TOP / folder))
    try:
        path.write_text(original.replace(mutant.code, mutant.broken))
        made = subprocess.run(["make", "-s", what, f"RELEASE={RELEASE}"], cwd=TOP,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        assert made.returncode == 0, made.stdout
        # Nine tenths of a driver, which would take seconds to get into dom0.
        for driver in sorted((BUILD / result).glob("*.ko")):
            subprocess.run(["scripts/chroot", RELEASE, "strip", "--strip-debug",
                            driver.relative_to(TOP)], cwd=TOP, check=True)
        shutil.copytree(BUILD / result, output, symlinks=True)
    finally:
        path.write_text(original)


@pytest.fixture(scope="session", autouse=True)
def table() -> None:
    """Is what it was, and so is what it breaks."""
    with alone():
        subprocess.run([sys.executable, TOP / "tests/mutants/table.py"], check=True)
        changed = subprocess.run(
            ["git", "diff", "--name-only", "HEAD", "--",
             *sorted({str(mutant.path()) for mutant in MUTANTS})],
            cwd=TOP, check=True, text=True, stdout=subprocess.PIPE).stdout
    assert not changed, "commit these, or put them back, first"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: re.sub(r"\W+", "-", mutant.title))
def test_noticed(mutant: Mutant, tmp_path: pathlib.Path,
                 record_property: Callable[[str, object], None]) -> None:
    with alone():
        build(mutant, tmp_path / "files")
    results = tmp_path / "results.xml"
    environment = {name: value for name, value in os.environ.items()
                   if name != "MATRIX" and not name.startswith("PYTEST_")}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
         f"--junitxml={results}", "tests/system", "-k", mutant.test], cwd=TOP,
        env=environment | {"HOST_FILES": str(tmp_path / "files")},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert ran.returncode in (0, 1), ran.stdout

    # A host that did not start has noticed nothing; a fixture that asserts may.
    noticed = [case.get("message", "") for case in
               xml.etree.ElementTree.parse(results).iterfind(".//testcase/*")
               if case.tag == "failure"
               or case.tag == "error" and "AssertionError" in (case.text or "")]
    record_property("noticed", noticed[0] if noticed else None)
    assert noticed, f"no test failed with\n{mutant.broken}\n{ran.stdout}"
