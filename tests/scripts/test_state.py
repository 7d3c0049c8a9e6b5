# SPDX-License-Identifier: GPL-2.0
"""The table of what has run says what the runs left, and nothing else."""
from __future__ import annotations

import pathlib
import re
import shutil
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]


def table(text: str) -> dict[str, list[str]]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return {row[0]: row[1:] for row in rows}


def state(top: pathlib.Path) -> dict[str, list[str]]:
    return table(subprocess.run([top / "scripts/state"], check=True, text=True, stdout=subprocess.PIPE).stdout)


def test_state(tmp_path: pathlib.Path) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(TOP / "scripts/state", tmp_path / "scripts")
    (tmp_path / "releases.tsv").write_text("# release\txen\na\t4.17\nb\t-\nc\t4.20\n")
    junit = tmp_path / "build/a/junit"
    junit.mkdir(parents=True)
    suite = '<testsuites><testsuite name="{} of 12ab" tests="9" failures="{}" errors="1" skipped="2" time="90.0"' \
        ' timestamp="2026-11-28T06:35:59"/></testsuites>'
    (junit / "check.xml").write_text(suite.format("check", 2))
    (junit / "full.xml").write_text(suite.format("full", 0).replace('errors="1"', 'errors="0"'))
    rows = state(tmp_path)
    assert rows["command"] == ["a", "c"]
    assert rows["`make check`"] == ["**3 failed**, 4 passed, 2 skipped; 2 min, 2026-11-28, 12ab", "not run"]
    assert rows["`make check MATRIX=full`"] == ["7 passed, 2 skipped; 2 min, 2026-11-28, 12ab", "not run"]
    assert rows["`make mutants`"] == ["not run", "not run"]


def test_document() -> None:
    """It has a row for each command, and a commit for each run."""
    said = table((TOP / "docs/state.md").read_text())
    assert list(said) == list(state(TOP))
    for row in list(said.values())[2:]:
        for run in " / ".join(row).split(" / "):
            assert run == "not run" or re.fullmatch(
                r"(\*\*\d+ failed\*\*, )?\d+ passed(, \d+ skipped)?; \d+ min, 20\d\d-\d\d-\d\d, [0-9a-f]{7,}", run), run
