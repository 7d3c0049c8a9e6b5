# SPDX-License-Identifier: GPL-2.0
"""An emulated Xen host: a real hypervisor, dom0, oxenstored and xl in QEMU.

    with Host("bookworm") as host:
        guest = host.create(vif=["bridge=xenbr0"], disk=["phy:/dev/loop0,xvda,w"])
        print(guest.ask("report"))
"""
from __future__ import annotations

from typing import Any

from dom0 import ACCESS_LOG, CommandError, Dom0, Result
from emulator import LIMITS, QUICK, TOP, HostError, join
from guests import Guest
from progress import terminate_on_signal

__all__ = ["ACCESS_LOG", "LIMITS", "QUICK", "TOP", "CommandError", "Guest", "Host", "HostError",
           "Result", "join", "terminate_on_signal"]


class Host(Dom0):
    """One emulated Xen host. Each instance has a directory, and QEMU, of its own."""

    # Of guests that do not say it.
    guest_type = "pv"

    def create(self, name: str = "guest", **options: Any) -> Guest:
        """A guest; see Guest for the options."""
        return Guest(self, name, **options).create()
