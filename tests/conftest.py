# SPDX-License-Identifier: GPL-2.0
"""What all suites on emulated hosts share: what of them runs, and what it took.

$MATRIX: "full" for all that is counted; otherwise what is marked "full" is left out: it is
too long for `make check`. --part N/M takes, of what is marked so, one of M parts. "real" for
what is marked so, and nothing else: it is in real time, and wants the machine for itself.
"""
from __future__ import annotations

import collections
import os
import time

import pytest


def _part(text: str) -> tuple[int, int]:
    number, parts = map(int, text.split("/"))
    if not 0 <= number < parts:
        raise ValueError(text)
    return number, parts


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--part", metavar="N/M", type=_part,
                     help="the Nth of M parts of the full matrix, from 0")
    parser.addoption("--until", metavar="SECONDS", type=float,
                     help="skip what would start later than that (since the epoch)")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "full: only in the full matrix (MATRIX=full)")
    config.addinivalue_line("markers", "real: in real time, and only with MATRIX=real")
    config.addinivalue_line("markers", "kinds: as PVH guest without it, too")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    def is_full(item: pytest.Item) -> bool:
        return bool(item.get_closest_marker("full")) and not item.get_closest_marker("kinds")

    part, matrix = config.getoption("part"), os.environ.get("MATRIX")
    wanted = [item for item in items
              if bool(item.get_closest_marker("real")) == (matrix == "real" and not part)]
    if part:
        number, parts = part
        selected = [item for item in wanted if is_full(item)][number % parts::parts]
    elif matrix in ("full", "real"):
        selected = wanted
    else:
        selected = [item for item in wanted if not is_full(item)]
    chosen = set(selected)
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = selected


def pytest_runtest_setup(item: pytest.Item) -> None:
    until = item.config.getoption("until")
    if until and time.time() > until:
        pytest.skip("not reached in time")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Minutes of each module, of one host: several run beside each other."""
    seconds: collections.Counter[str] = collections.Counter()
    tests: collections.Counter[str] = collections.Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                module = report.nodeid.split("::")[0]
                seconds[module] += report.duration
                tests[module] += report.when == "call"
    if not seconds:
        return
    terminalreporter.section("minutes of each module")
    for module, spent in seconds.most_common():
        terminalreporter.line(f"{spent / 60:6.1f}  {module} ({tests[module]})")
    terminalreporter.line(f"{sum(seconds.values()) / 60:6.1f}  in all")
