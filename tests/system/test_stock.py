# SPDX-License-Identifier: GPL-2.0
"""Without requests, ours is what stock is: compared with stock on the same host."""
from __future__ import annotations

import re
from collections import Counter

import pytest

from host import ACCESS_LOG, Host

MAC = "00:16:3e:00:00:01"


def run_guest(host: Host, xl: str) -> tuple[dict[str, tuple[str, str]], Counter[str]]:
    """{path: (value, permissions)} of all devices, and the backends' requests."""
    host.run(f": >{ACCESS_LOG}")
    guest = host.create(xl=xl, vif=[f"bridge=xenbr0,mac={MAC}"], disk=["phy:/dev/loop0,xvda,w"])
    assert guest.domid == 1

    nodes = guest.nodes()

    # dom0's kernel is connection D0; what it does in a transaction, D0.<number>.
    requests: Counter[str] = Counter()
    for line in host.get(ACCESS_LOG).decode(errors="replace").splitlines():
        request = re.fullmatch(r"\[.*?\] +D0(?:\.\d+)? +(\S+) +(\S*backend/\S+).*", line)
        if request and request[1] != "w":
            requests[f"{request[1]} {request[2]}"] += 1
    return nodes, requests


@pytest.mark.kinds
def test_nothing_requested(host: Host) -> None:
    """Node for node and permission for permission; and one request more each."""
    host.use_stock_modules()
    stock, stock_requests = run_guest(host, "/opt/stock/bin/xl")
    host.restore()
    ours, our_requests = run_guest(host, "xl")

    assert len(stock) > 50, "that is not all"
    assert ours == stock

    added, missing = our_requests - stock_requests, stock_requests - our_requests
    assert dict(added) == {"directory backend/vif/1/0/config": 1,
                           "directory backend/vbd/1/51712/config": 1}
    assert not missing
    assert sum(stock_requests.values()) > 20, "that is not all"

    # Without feature control not even that.
    host.restore()
    host.run("modprobe -r xen-netback xen-blkback && modprobe xen-netback feature_control=0 &&"
             " modprobe xen-blkback feature_control=0")
    assert run_guest(host, "xl") == (stock, stock_requests)


def test_requests_and_a_stock_backend(host: Host) -> None:
    """A backend that knows nothing of requests: the guest starts as without them."""
    host.use_stock_modules()
    guest = host.create(vif=["bridge=xenbr0,config-multi-queue-max-queues=1"],
                        disk=["phy:/dev/loop0,xvda,w,config-multi-queue-max-queues=1"])
    seen = guest.ask("report")
    assert seen["net"]["eth0"]["tx_queues"] == 2 and seen["disk"]["xvda"]["queues"] == 2


def attach(host: Host, xl: str) -> dict[str, tuple[int, Counter[str]]]:
    """Of each kind of device that is attached with Debian's own scripts: the processes and
    kernel threads that start in dom0, and the connections and requests that xenstored sees."""
    host.run("cd /etc/xen/scripts && for script in block vif-bridge; do"
             " mv $script.debian $script || exit; done")
    host.create(xl=xl, paused=True)
    found = {}
    for kind, command in (("vbd", "block-attach guest phy:/dev/loop0,xvda,w"),
                          ("vif", f"network-attach guest bridge=xenbr0 mac={MAC}")):
        lines = host.run(f"""processes() {{ awk '/^processes/ {{ print $2 }}' /proc/stat; }}
            set -e; udevadm settle; : >{ACCESS_LOG}; processes
            {xl} {command} >&2; udevadm settle; processes; cat {ACCESS_LOG}""").stdout.splitlines()
        requests: Counter[str] = Counter()
        for line in lines[2:]:
            # A transaction may be done twice, and libxl looks at a state once or twice.
            request = re.match(r"\[.*?\] +[AD]\d+ +(newconn|[a-z]+ +\S+/\S+)", line)
            if request and not request[1].endswith("/state"):
                requests[" ".join(request[1].split())] += 1
        found[kind] = int(lines[1]) - int(lines[0]), requests
    return found


def test_processes(host: Host) -> None:
    """Nor do Xen's scripts see our modules: as many processes start when a device is attached."""
    host.use_stock_modules()
    stock = attach(host, "/opt/stock/bin/xl")
    host.restore()
    ours = attach(host, "/opt/stock/bin/xl")
    for kind, device in (("vbd", "51712"), ("vif", "0")):
        added, missing = ours[kind][1] - stock[kind][1], stock[kind][1] - ours[kind][1]
        assert dict(added) == {f"directory backend/{kind}/1/{device}/config": 1}
        assert not missing
        assert sum(stock[kind][1].values()) > 20, "that is not all"
        # The kernel itself starts a thread now and then.
        assert abs(ours[kind][0] - stock[kind][0]) <= 2 and stock[kind][0] > 10
