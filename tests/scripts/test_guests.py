# SPDX-License-Identifier: GPL-2.0
"""The table of guests says what was run, and nothing else."""
from __future__ import annotations

import os
import pathlib
import re
import runpy
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
GUESTS = runpy.run_path(str(TOP / "scripts/guests"))
ROWS = GUESTS["rows"]()


def table(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")]
            for line in text.splitlines() if line.startswith("| ")][1:]


def written(path: pathlib.Path, *cases: str) -> dict[str, list[str]]:
    path.write_text('<testsuites><testsuite timestamp="2026-11-28T06:35:59">' + "".join(cases) +
                    "</testsuite></testsuites>")
    said = subprocess.run([TOP / "scripts/guests", path], check=True, text=True, stdout=subprocess.PIPE).stdout
    assert said.startswith("Of 2026-11-28:\n")
    return {row[0]: row[2:] for row in table(said)}


def case(module: str, name: str, inside: str = "") -> str:
    return f'<testcase classname="tests.system.{module}" name="{name}">{inside}</testcase>'


def test_table(tmp_path: pathlib.Path) -> None:
    rows = written(
        tmp_path / "junit.xml",
        case("test_frontends", "test_linux[pv-6.12]"), case("test_frontends", "test_linux[pvh-6.12]", "<failure/>"),
        case("test_frontends", "test_linux_reboots[pv-6.12]", "<error/>"),
        case("test_frontends", "test_linux[pv-7.2]", "<skipped/>"), case("test_hotplug", "test_network[hvm]"),
        case("test_guest", "test_segments"), case("test_two_hosts", "test_strict[destination-xl-no]"),
        case("test_two_hosts", "test_strict[source-xl-no]", "<failure/>"))
    assert rows["Linux 6.12"] == ["passed (1)", "**failed** (1 of 1)", "not run"]
    assert rows["Linux 6.12: 20 reboots"] == ["**failed** (1 of 1)", "not run", "not run"]
    assert rows["Linux 7.2"] == ["not run"] * 3
    assert rows["Linux 6.1: plugged in and out"] == ["not run"] * 3     # the disk's
    assert rows["Linux 6.1: segments of a request"] == ["passed (1)", "not run", "not run"]
    assert rows["Linux 6.1: to another host, refused"] == ["not run", "**failed** (1 of 2)", "not run"]
    assert rows["Windows' PV drivers"] == ["not run"] * 3


@pytest.fixture(scope="module")
def collected() -> list[str]:
    """The ids of all system tests."""
    ids: list[str] = []
    for matrix in "full", "real":
        ids += subprocess.run(
            ["/usr/bin/python3", "-m", "pytest", "--collect-only", "-q", "tests/system"], cwd=TOP, text=True,
            stdout=subprocess.PIPE, check=True, env={**os.environ, "RELEASE": "bookworm", "MATRIX": matrix},
        ).stdout.splitlines()
    return [line.removeprefix("tests/system/") for line in ids if "::" in line]


def test_every_row_has_its_tests(collected: list[str]) -> None:
    without_kind = {GUESTS["split"](*name.split("::", 1))[0] for name in collected}
    for frontend, device, tests in ROWS:
        found = [name for name in without_kind if tests and re.match(tests, name)]
        assert bool(found) == bool(tests), (frontend, device)


def test_document() -> None:
    """It has these rows, so that one that is new is not missing there."""
    said = table((TOP / "docs/guests.md").read_text())
    assert [row[:2] for row in said] == [row[:2] for row in ROWS]
    for row in said:
        assert all(re.fullmatch(r"passed \(\d+\)|not run|\*\*failed\*\* \(\d+ of \d+\)", cell) for cell in row[2:]), row
