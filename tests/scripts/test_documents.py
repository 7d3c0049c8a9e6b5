# SPDX-License-Identifier: GPL-2.0
"""What the documents name is there, and their numbers are the results'."""
from __future__ import annotations

import json
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = [TOP / name for name in subprocess.run(
    ["git", "-c", f"safe.directory={TOP}", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
    cwd=TOP, check=True, capture_output=True, text=True).stdout.split()]
FEATURES = [*TOP.glob("drivers/*/*/features.c"), TOP / "tools/qemu/hw/block/xen-block-features.c"]


def anchors(path: pathlib.Path) -> set[str]:
    """Of its headings, as they are made on the web."""
    headings = re.findall(r"^#+ +(.*)$", path.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(TOP)))
def test_links(path: pathlib.Path) -> None:
    missing = []
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if link.startswith(("http:", "https:")):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if not target.exists() or anchor and target.suffix == ".md" and anchor not in anchors(target):
            missing.append(link)
    assert not missing


def test_numbers() -> None:
    """Those of the README and of the administrator's page that are the bench's."""
    rows = {(row["group"], row["what"]): row for row in
            json.loads((TOP / "docs/bench/bench.json").read_text())["rows"]}
    readme = " ".join((TOP / "README.md").read_text().split())
    row = rows["one disk, frontend that asks for all", "all three"]
    assert re.findall(r"\*\*([\d.]+) MB\*\*", readme) == [
        f"{row['stock'] / 1000:.0f}", f"{row['ours'] / 1000:.2f}"]
    ratios = [rows["creation", f"16 requests a device, 8 devices, {kernel} kernel"]["ratio"]
              for kernel in ("compressed", "unpacked")]
    assert re.findall(r"devices was ([\d.]+) of.*compressed kernel, and ([\d.]+) with", readme) == [
        tuple(f"{ratio:.3f}" for ratio in ratios)]

    page = " ".join((TOP / "docs/administration.md").read_text().split())
    found = [rows[f"one interface{qdisc}, frontend that asks for all", "all three"]
             for qdisc in (" with pfifo_fast", "")]
    assert re.findall(r"(\d+) kB for one of two queues instead of (\d+)", page) == [
        tuple(f"{row['ours']:.0f}" for row in found)]
    assert re.findall(r"two queues takes (\d+) kB with Debian's fq_codel, where stock takes (\d+)",
                      readme) == [(f"{found[1]['ours']:.0f}", f"{found[1]['stock']:.0f}")]


@pytest.mark.parametrize("table", FEATURES, ids=lambda path: path.parent.name)
def test_features(table: pathlib.Path) -> None:
    """Each that a table declares is in the manual and in the table of the protocol's page."""
    names = re.findall(r'^\s+\.name = "(.*)",$', table.read_text(), re.M)
    assert len(names) > 5
    manual = (TOP / "docs/man/xen-feature-control.7.pod").read_text()
    page = (TOP / "docs/misc/feature-control.md").read_text()
    for name in names:
        assert re.search(rf"^=item .*B<{name}>", manual, re.M), name
        assert re.search(rf"^\| .*`{name}`.* \|", page, re.M), name
