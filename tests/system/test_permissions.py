# SPDX-License-Identifier: GPL-2.0
"""Who may see what was requested: the backend's domain and the toolstack's; what was
granted of it the guest sees, too."""
from __future__ import annotations

import re

import pytest

from host import Host

KEYS = "config-multi-queue-max-queues=1,config-feature-of-tomorrow=7"
NODES = ["", "/multi-queue-max-queues", "/feature-of-tomorrow"]


def permissions(host: Host, path: str) -> dict[str, str]:
    """{absolute path: permissions as xenstore-ls -p shows them} of path and all below."""
    lines = host.run(["xenstore-ls", "-fp", path.rpartition("/")[0]]).stdout.splitlines()
    nodes = (re.fullmatch(r'(\S+) = ".*" *\((.*)\)', line) for line in lines)
    return {node[1]: node[2] for node in nodes
            if node and (node[1] + "/").startswith(path + "/")}


@pytest.mark.kinds
def test_permissions(host: Host) -> None:
    """Node by node; the guest is told EACCES, not that there is nothing."""
    guest = host.create(vif=[f"bridge=xenbr0,{KEYS}"], disk=[f"phy:/dev/loop0,xvda,w,{KEYS}"])
    for kind, devid in (("vif", 0), ("vbd", 51712)):
        backend = guest.backend(kind, devid)
        libxl = f"/libxl/{guest.domid}/device/{kind}/{devid}"
        # What the guest may read, so that a denial means something.
        assert guest.ask(f"xs-read {backend}/state") == {"value": "4"}

        for directory, nodes in ((f"{backend}/config", NODES), (f"{libxl}/config", [""])):
            assert permissions(host, directory) == dict.fromkeys(
                [directory + node for node in nodes], "n0")
            for node in nodes:
                assert guest.ask(f"xs-read {directory}{node}") == {"error": "EACCES"}
                assert guest.ask(f"xs-dir {directory}{node}") == {"error": "EACCES"}
                assert guest.ask(f"xs-write {directory}{node} 9") == {"error": "EACCES"}
            assert guest.ask(f"xs-write {directory}/feature-sg 1") == {"error": "EACCES"}
        requested = {"feature-of-tomorrow": "7", "multi-queue-max-queues": "1"}
        assert host.tree(f"{backend}/config") == requested
        assert guest.requests(kind, devid) == (requested, {})

        # The backend's word is as all that it publishes.
        granted = f"{backend}/granted"
        state = f"{backend}/state"
        assert permissions(host, granted) == {granted: permissions(host, state)[state]}
        assert guest.ask(f"xs-read {granted}") == {"value": "multi-queue-max-queues=1"}
        assert guest.ask(f"xs-write {granted} multi-queue-max-queues=9") == {"error": "EACCES"}
