# SPDX-License-Identifier: GPL-2.0
"""TCP works at every grant; dom0's kernel says what the packets then look like."""
from __future__ import annotations

import itertools
import json

from host import Host

# (scatter-gather, large packets, checksum offload), an interface each, over IPv4 and IPv6.
GRANTS = list(itertools.product((0, 1), repeat=3))
SIZE = 256 << 10


def spec(index: int, sg: int, gso: int, csum: int) -> str:
    granted = {"feature-sg": sg, "feature-gso-tcpv4": gso, "feature-gso-tcpv6": gso,
               "feature-ipv6-csum-offload": csum, "feature-no-csum-offload": 1 - csum}
    return f"bridge=br{index}," + ",".join(f"config-{name}={value}"
                                           for name, value in granted.items())


def test_every_combination(host: Host) -> None:
    """No large packet and no partial checksum where none was granted; elsewhere there are."""
    numbers = range(len(GRANTS))
    host.run("\n".join(
        f"ip link add br{n} type bridge; ip link set br{n} up; ip addr add 10.0.{n}.1/24 dev br{n};"
        f"ip addr add fd00:{n}::1/64 dev br{n} nodad" for n in numbers))
    guest = host.create(vif=[spec(n, *GRANTS[n]) for n in numbers])
    guest.sh(" && ".join(
        f"echo 0 >/proc/sys/net/ipv6/conf/eth{n}/accept_dad && ip link set eth{n} up &&"
        f" ip addr add 10.0.{n}.2/24 dev eth{n} && ip addr add fd00:{n}::2/64 dev eth{n}"
        for n in numbers))

    # The server has its port before it goes into the background. It answers what it is
    # sent with the sum of that.
    sent = host.run(rf"""mkdir -p /srv/cgi-bin && cd /srv &&
        printf '#!/bin/sh\necho; exec sha256sum' >cgi-bin/sum && chmod +x cgi-bin/sum &&
        base64 -w 0 /dev/urandom | head -c {SIZE} >data &&
        busybox httpd -p 80 && sha256sum <data""").stdout
    vifs = [f"vif{guest.domid}.{n}" for n in numbers]
    host.run(f"/opt/host/count-packets {' '.join(vifs)} >/root/counted")
    for (n, granted), address in itertools.product(
            enumerate(GRANTS), ("10.0.{}.1", "[fd00:{}::1]")):
        url = f"http://{address.format(n)}"
        # Kept, so that it can be sent back.
        received = guest.sh(f"wget -q -O /data {url}/data && sha256sum </data &&"
                            f" wget -q -O - --post-file /data {url}/cgi-bin/sum")
        assert received == 2 * sent, (url, granted)
    host.run("pid=$(pgrep -x count-packets) && kill $pid && tail --pid=$pid -f /dev/null")
    counted = json.loads(host.get("/root/counted"))

    for (n, (sg, gso, csum)), version, way in itertools.product(
            enumerate(GRANTS), (4, 6), ("to", "from")):
        assert counted[vifs[n]]["drops"] == 0
        seen = counted[vifs[n]][f"IPv{version} {way}"]
        what = f"sg={sg} gso={gso} csum={csum} IPv{version} {way} the guest: {seen}"
        assert seen["bytes"] >= SIZE, what
        partial = bool(csum)
        assert (seen["partial"] > 0) == partial, what
        # A large packet is one whose checksums are still to be made.
        large = bool(sg and gso and partial)
        assert (seen["largest"] > 1460) == large, what
        assert [kind for kind in ("gso_tcpv4", "gso_tcpv6") if seen[kind]] == (
            [f"gso_tcpv{version}"] if large else []), what
