# SPDX-License-Identifier: GPL-2.0
"""A guest is told the MTU that its interface has, whatever Debian's own script tried."""
from __future__ import annotations

from host import Guest

# Debian's, beside the quick one: see host/mkimage.
SPEC = "bridge=xenbr0,script=vif-bridge.debian"


def test_mtu(guest: Guest) -> None:
    """It is that of the bridge, or of the specification, unless the backend does not take
    it: then a warning names the device. Also of a device that was renamed: of those the
    script tells nothing, but libxl does."""
    host = guest.host
    host.run("ip link set xenbr0 mtu 9000")
    for devid, (words, name, wanted, has) in enumerate((
        ("config-multi-queue-max-queues=1", f"vif{guest.domid}.0", "9000", "9000"),
        ("config-feature-sg=0", f"vif{guest.domid}.1", "9000", "1500"),
        ("config-feature-sg=0,mtu=8000,vifname=lan", "lan", "8000", "1500"),
    )):
        said = host.run(guest.attaching("vif", f"{SPEC},{words}", devid)).stderr
        assert host.read(f"{guest.frontend('vif', devid)}/mtu") == has, words
        assert host.run(["cat", f"/sys/class/net/{name}/mtu"]).stdout.strip() == has, words
        warning = (f"vif {devid}: the guest is told an MTU of {has} instead of {wanted},"
                   f" because {name} has no more")
        assert warning in said if has != wanted else "MTU" not in said, (words, said)
