# SPDX-License-Identifier: GPL-2.0
"""A device whose frontend is a program in the guest that does as it is told, also what
Linux's frontends never would (tests/host/guest/frontend.c)."""
from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from host import Guest


def unload_drivers(guest: Guest) -> None:
    """Linux's own frontends are out of the way."""
    # A device's pages stay granted: those of all that a module of tests connects.
    guest.sh("rmmod xen_netfront xen_blkfront;"
             " echo 8192 >/sys/module/xen_gntalloc/parameters/limit")


def without_drivers(running: Guest) -> Guest:
    """The running guest on a clean host, without them."""
    running.host.restore("guest")
    guest = copy.copy(running)
    unload_drivers(guest)
    return guest


class Frontend:
    """The device is plugged in, with what is requested of it, and not connected yet. A
    disk's target, what else the spec says, and its name, which QEMU wants."""

    def __init__(self, guest: Guest, kind: str, devid: int, requested: Mapping[str, int],
                 target: str = "phy:/dev/loop0", options: Sequence[str] = (),
                 vdev: str | None = None) -> None:
        self.guest = guest
        self.host = guest.host
        self.kind, self.devid, self.requested = kind, devid, requested
        self.name = f"{kind}{guest.domid}.{devid}"
        keys = [f"config-{feature}={value}" for feature, value in requested.items()]
        if kind == "vif":
            self.host.run(["xl", "network-attach", guest.name, f"devid={devid}", "bridge=xenbr0",
                           *options, *keys])
        else:
            # All share a disk: what is on it does not matter.
            self.host.run(["xl", "block-attach", guest.name,
                           ",".join([target, f"vdev={vdev or devid}", "w", *options, *keys])])
        guest.devices()
        self.backend = guest.backend(kind, devid)
        self._error = self.backend.replace("/backend/", "/error/backend/") + "/error"

    def _ask(self, verb: str, *words: str) -> dict[str, Any]:
        answer = self.guest.ask(" ".join(["frontend", self.kind, str(self.devid), verb, *words]))
        assert "error" not in answer, answer
        return answer

    def connect(self, nodes: Mapping[str, Any]) -> int:
        """Claims what the nodes say; the backend's state after it. What the backend said
        of it before is not there any more."""
        self.host.run(["xenstore-rm", self._error], check=False)
        return self._ask("connect", *(f"{node}={value}" for node, value in nodes.items()))["state"]

    def reset(self) -> None:
        """As when a kernel ends and the next one begins."""
        assert self._ask("reset")["state"] == 2

    def honest(self) -> None:
        """A frontend that claims nothing connects to the same device, and can use it."""
        self.reset()
        assert self.connect({}) == 4
        if self.kind == "vbd":
            assert self.do("read") == [0]
            return
        before = self.statistics()["rx_packets"]
        assert self.send(f"frame={'ff' * 6}{'02' * 6}88b5,size=60") == [0]
        assert self.statistics()["rx_packets"] == before + 1

    def state(self) -> str | None:
        """Of the backend."""
        return self.host.read(f"{self.backend}/state")

    def write(self, node: str, value: int) -> None:
        self._ask("write", f"{node}={value}")

    def send(self, *packets: str) -> list[int]:
        return self._ask("send", *packets)["status"]

    def receive(self, end: str) -> list[dict[str, Any]]:
        """The packets up to one that begins with these bytes."""
        return self._ask("receive", end)["packets"]

    def control(self, request: int, data: int) -> int:
        """The status of a request on the control ring, the last "ring" that it claimed."""
        return self._ask("control", str(request), str(data))["status"]

    def produce(self, requests: int) -> None:
        """The control ring has as many more."""
        self._ask("produce", str(requests))

    def do(self, *operations: str) -> list[int]:
        return self._ask("do", *operations)["status"]

    def statistics(self) -> dict[str, int]:
        """The backend's own, and rx_packets: what of the guest's packets went on."""
        lines = self.host.run(f"ethtool -S {self.name}; echo rx_packets: "
                              f"$(cat /sys/class/net/{self.name}/statistics/rx_packets)").stdout
        pairs = (line.split(":") for line in lines.splitlines() if not line.endswith(":"))
        return {name.strip(): int(value) for name, value in pairs}

    def error(self) -> str:
        """What the backend says of it in xenstore."""
        self.host.wait_for({self._error: ".+"})
        return self.host.read(self._error) or ""
