# SPDX-License-Identifier: GPL-2.0
"""The host of xen-feature-control's tests."""
from __future__ import annotations

import pathlib

import pytest

from feature_control import ENABLED, Host, NEWEST, OLDER, PROGRAMS, RUNNING, state


@pytest.fixture
def host(tmp_path: pathlib.Path) -> Host:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    return Host(tmp_path / "host", programs)


@pytest.fixture
def switchable(host: Host) -> Host:
    """Two kernels with ours, one without."""
    host.kernel(OLDER, ours=None)
    host.kernel(NEWEST)
    host.write("boot/initrd.img-6.1.0-1-amd64.bak", "")
    # As if it were made after depmod.
    for abi in OLDER, RUNNING, NEWEST:
        host.write(f"boot/initrd.img-{abi}", (host.root / f"lib/modules/{abi}/modules.dep").read_text())
    assert state(host) == ENABLED
    return host
