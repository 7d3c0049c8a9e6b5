# SPDX-License-Identifier: GPL-2.0
"""TCP works at every grant; a capture in dom0 shows what the packets then look like."""
from __future__ import annotations

import itertools
import re

from host import Guest, Host

# (scatter-gather, large packets, checksum offload), an interface each, over IPv4 and IPv6.
GRANTS = list(itertools.product((0, 1), repeat=3))
KIB = 256
PORT = 5000


def spec(index: int, sg: int, gso: int, csum: int) -> str:
    granted = {"feature-sg": sg, "feature-gso-tcpv4": gso, "feature-gso-tcpv6": gso,
               "feature-ipv6-csum-offload": csum, "feature-no-csum-offload": 1 - csum}
    return f"bridge=br{index}," + ",".join(f"config-{name}={value}"
                                           for name, value in granted.items())


def transfer_all(guest: Guest) -> dict[tuple[int, int, str], bytes]:
    """Data both ways over each interface; {(interface, 4 or 6, direction): the capture}."""
    host, domid = guest.host, guest.domid
    last = len(GRANTS) - 1
    # A server sends or receives once, on a port that says what: its input stays open
    # where it receives, since an end of file there would end nc.
    host.run(f"""
        head -c {KIB}k /dev/urandom >/root/data; mkfifo /root/open; exec 3<>/root/open
        for n in $(seq 0 {last}); do
            tcpdump -Z root -i vif{domid}.$n -U -w /root/$n.pcap tcp >/root/$n.tcpdump 2>&1 &
            capture=$!; echo $capture >>/root/tcpdump.pids
            for v in 4 6; do
                busybox nc -l -p $(({PORT} + 100 * n + 10 * v)) <&3 >/root/from-$n-$v 2>/dev/null &
                echo $! >>/root/nc.pids
                busybox nc -l -p $(({PORT} + 100 * n + 10 * v + 1)) </root/data >/dev/null 2>&1 &
            done
            until grep -q "listening on" /root/$n.tcpdump; do
                kill -0 $capture || {{ cat /root/$n.tcpdump >&2; exit 1; }}
                sleep 0.1
            done
        done""")
    data = host.get("/root/data")
    # Over the way that is tested, and kept, so that it can be sent back.
    sums = guest.ask(
        "sh mkfifo /open; exec 3<>/open; "
        f"for n in $(seq 0 {last}); do "
        "echo 0 >/proc/sys/net/ipv6/conf/eth$n/accept_dad; ip link set eth$n up; "
        "ip addr add 10.0.$n.2/24 dev eth$n; ip addr add fd00:$n::2/64 dev eth$n; done; "
        f"for n in $(seq 0 {last}); do for v in 4 6; do "
        "[ $v = 4 ] && to=10.0.$n.1 || to=fd00:$n::1; "
        "ping -c 1 -w 60 $to >/dev/null; "
        f"nc $to $(({PORT} + 100 * n + 10 * v + 1)) <&3 >/data; "
        f"nc $to $(({PORT} + 100 * n + 10 * v)) </data >/dev/null; "
        "sha256sum </data; done; done", timeout=300)
    assert sums["rc"] == 0, sums
    # A capture is ended when it has read all that the kernel has for it; what the kernel
    # had to drop it never reads.
    host.run(r"""for pid in $(cat /root/nc.pids); do tail --pid=$pid -f /dev/null; done
        n=0
        for pid in $(cat /root/tcpdump.pids); do
            end=$((SECONDS + 15))
            until kill -USR1 $pid && tail -n 1 /root/$n.tcpdump |
                grep -Eq ' ([0-9]+) packets? captured, \1 packets? received'
            do
                [ -e /proc/$pid ] && ((SECONDS < end)) || {
                    tail -n 1 /root/$n.tcpdump >&2; exit 1
                }
                sleep 0.1
            done
            kill $pid; tail --pid=$pid -f /dev/null; n=$((n + 1))
        done""")
    there = sums["out"].split("\n")
    here = host.run("cd /root; sha256sum <data").stdout.strip()
    for n, v in itertools.product(range(last + 1), (4, 6)):
        assert there[2 * n + (v == 6)] == here, (GRANTS[n], v, "to the guest")
        assert host.get(f"/root/from-{n}-{v}") == data, (GRANTS[n], v, "from the guest")

    captures = {}
    for n in range(last + 1):
        text = host.run(f"tcpdump -Z root -nn -vv -r /root/{n}.pcap tcp").raw
        for v in (4, 6):
            address = rb"10\.0\.\d" if v == 4 else rb"fd00:\d?:?"
            for direction, source in (("to", 1), ("from", 2)):
                lines = re.findall(rb"^.*\b%s[.:]*%d\.\d+ > .*Flags.*$" % (address, source), text,
                                   re.MULTILINE)
                captures[n, v, direction] = b"\n".join(lines)
    return captures


def test_every_combination(host: Host) -> None:
    """No large packet and no partial checksum where none was granted; elsewhere there are."""
    host.run("\n".join(
        f"ip link add br{n} type bridge; ip link set br{n} up; ip addr add 10.0.{n}.1/24 dev br{n};"
        f"ip addr add fd00:{n}::1/64 dev br{n} nodad" for n in range(len(GRANTS))))
    guest = host.create(vif=[spec(index, *granted) for index, granted in enumerate(GRANTS)])

    for (index, version, direction), lines in transfer_all(guest).items():
        sg, gso, csum = GRANTS[index]
        what = (f"sg={sg} gso={gso} csum={csum} IPv{version} {direction} the guest", lines[:4000])
        lengths = [int(length) for length in re.findall(rb"length (\d+)$", lines, re.MULTILINE)]
        assert sum(lengths) >= KIB * 1024, what

        # feature-no-csum-offload is about packets to the guest only.
        partial = bool(csum) or (version == 4 and direction == "from")
        assert (b"(incorrect" in lines) == partial, what
        # A large packet is one whose checksums are still to be made.
        assert (max(lengths) > 1460) == bool(sg and gso and partial), what
