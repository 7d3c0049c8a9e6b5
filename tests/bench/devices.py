# SPDX-License-Identifier: GPL-2.0
"""What the benches have in common: the host's modules, devices, and what they take."""
from __future__ import annotations

import subprocess
import time
from typing import Any, NamedTuple

from host import TOP, Guest, Host

DISKS = 8
DOM0_IP, GUEST_IP = "10.0.0.1", "10.0.0.2"
# Stock, once more.
AGAIN = "again"
LICENSE = "SPDX-License-Identifier"

Row = dict[str, Any]


class Load(NamedTuple):
    """Name; which of the backend's statistics counts it; what the guest runs, and domain 0
    with 3 connected to the guest's nc at $port; so many of them at a time. Without anything
    in domain 0 it is a disk's load."""
    name: str
    counter: str
    guest: str
    dom0: str = ""
    streams: int = 1


def use_modules(host: Host, column: str) -> None:
    """While there are no devices."""
    if column in ("stock", AGAIN):
        host.use_stock_modules()
    else:
        host.use_our_modules()


def attach(guest: Guest, kind: str, specs: list[str], state: str = "4",
           first: int = 0) -> list[int]:
    """All of them at once, which takes half the time; returns their devids once the
    backends are in the state."""
    verb = {"vif": "network-attach", "vbd": "block-attach"}[kind]
    # xl network-attach takes a spec's parts as words.
    words = [[guest.xl, verb, guest.name, *(spec.split(",") if kind == "vif" else [spec])]
             for spec in specs]
    guest.host.run("pids=()\n" + "\n".join(f"{' '.join(command)} & pids+=($!)" for command in words)
                   + "\nfor pid in ${pids[@]}; do wait $pid || exit; done")
    devids = [devid if kind == "vif" else 51712 + 16 * devid
              for devid in range(first, first + len(specs))]
    guest.host.wait_for({f"{guest.backend(kind, devid)}/state": state for devid in devids})
    return devids


def vif_specs(number: int, requests: str = "", first: int = 0) -> list[str]:
    return [",".join(filter(None, ("bridge=xenbr0", f"mac=00:16:3e:00:00:{n:02x}", f"devid={n}",
                                   requests)))
            for n in range(first, first + number)]


def disk_specs(number: int, requests: str = "") -> list[str]:
    return [",".join(filter(None, (f"phy:/dev/dm-{n}", f"xvd{'abcdefgh'[n]}", "w", requests)))
            for n in range(number)]


def speed(guest: Guest, load: Load, seconds: float) -> float:
    """MB/s, 10^6 bytes, of the first disk or interface, after a second of warming up; what
    the backend has counted."""
    ports = " ".join(str(5001 + n) for n in range(load.streams))
    device, size = (f"/sys/class/net/vif{guest.domid}.0", 1) if load.dom0 else \
        (f"/sys/bus/xen-backend/devices/vbd-{guest.domid}-51712", 512)
    # The subshell reaps what is killed: the guest's init does not. Redirected itself: in a
    # loop that is, it would keep what the loop has put aside, and that is what the answer's
    # end is waited for on.
    guest.sh(f"for port in {ports}; do"
             f" ({load.guest}; true) >/dev/null 2>&1 </dev/null & done")
    lines = guest.host.run(f"""
        [ -z '{load.dom0}' ] || for port in {ports}; do
            until exec 3<>/dev/tcp/{GUEST_IP}/$port; do sleep 0.1; done 2>/dev/null
            {{ {load.dom0 or ':'}; }} >/dev/null 2>&1 &
        done
        sample() {{ echo "$EPOCHREALTIME" "$(<{device}/statistics/{load.counter})"; }}
        sleep 1; sample; sleep {seconds}; sample""").stdout.splitlines()
    (start, first), (end, last) = (map(float, line.split()) for line in lines)
    guest.sh("killall -q dd nc; while pidof dd nc; do sleep 0.1; done")
    return (last - first) * size / (end - start) / 1e6


def memory(host: Host) -> dict[str, int]:
    """What dom0 spends, all in all. Only differences mean something."""
    lines = host.run(r"""
        memory() {
            sync; echo 3 >/proc/sys/vm/drop_caches
            for cache in /sys/kernel/slab/*/shrink; do echo 1 >"$cache"; done
            awk '/^SUnreclaim:/ { slab = $2 } /^VmallocUsed:/ { vmalloc = $2 }
                /^Percpu:/ { percpu = $2 } /^MemFree:/ { free = $2 }
                END { print "slab " slab "\nvmalloc " vmalloc "\npercpu " percpu
                    print "free " free "\nmemory " slab + vmalloc + percpu }' \
                /proc/meminfo
        }
        # What is on its way out (packets, dead processes) does not count: until it is gone.
        udevadm settle
        now=$(memory)
        for try in $(seq 10); do
            before=$now; sleep 0.3; now=$(memory)
            [ "${now##* }" -lt "${before##* }" ] || break
        done
        echo "$before"
        echo threads $(ps -eo ppid,comm | awk '$1 == 2 && $2 !~ /^kworker/' | wc -l)""")
    return {name: int(value) for name, value in map(str.split, lines.stdout.splitlines())}


def usage(guest: Guest) -> dict[str, int]:
    """And what it has of the guest."""
    found = memory(guest.host)
    found["channels"] = int(guest.host.run(
        f"lsevtchn 0 | grep -c 'Remote Domain {guest.domid},'; true").stdout)
    found["frames"], found["grants"] = guest.grant_table()
    return found


def running(host: Host, name: str, **options: Any) -> Guest:
    """A guest without devices, kept in a snapshot of this name."""
    with host.step(f"boot a guest ({name})"):
        host.restore()
        host.run(f"""set -e; modprobe dm-zero
            for n in $(seq {DISKS}); do
                dmsetup create --noudevsync bench$n --table "0 {64 << 21} zero"
            done
            # Packets that nobody asked for would wait in interfaces while dom0 is weighed.
            echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
            echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
            udevadm settle
            ip address add {DOM0_IP}/24 dev xenbr0""")
        guest = host.create(**options)
        guest.ask("report")
        host.snapshot(name)
    return guest


def commit() -> str:
    """What is measured; "+" if it was changed."""
    said = subprocess.run(["git", "describe", "--always", "--dirty=+"], cwd=TOP, text=True,
                          stdout=subprocess.PIPE, check=False)
    return said.stdout.strip() or "unknown"


def stamp() -> dict[str, str]:
    """Of what, and when."""
    return {"commit": commit(), "date": time.strftime("%Y-%m-%d")}
