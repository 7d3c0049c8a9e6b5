# SPDX-License-Identifier: GPL-2.0
"""The drivers with feature control, and without; and what they advertise, meanwhile."""
from __future__ import annotations

from frontend import Frontend
from test_grants import ADVERTISED, QUEUES

from host import Guest, Host

ORDER = "max-ring-page-order"
VIF, DISK = "bridge=xenbr0", "phy:/dev/loop{},xvd{},w"
DRIVERS = ("xen-netback", "xen-blkback")


def test_feature_control_off(host: Host) -> None:
    """A device with requests is one without them; nothing is said of either. Until the
    drivers are loaded with it again."""
    keys = f"config-{QUEUES}=1"
    for control in (0, 1):
        host.run("modprobe -r xen-netback xen-blkback && " + " && ".join(
            f"modprobe {driver} feature_control={control}" for driver in DRIVERS))
        guest = host.create(
            vif=[VIF, f"{VIF},{keys},config-feature-sg=0,config-feature-no-csum-offload=1"],
            disk=[DISK.format(0, "a"), f"{DISK.format(1, 'b')},{keys},config-{ORDER}=0"])
        for plain, asked in ((("vif", 0), ("vif", 1)), (("vbd", 51712), ("vbd", 51728))):
            names = [set(host.list(guest.backend(*device))) for device in (plain, asked)]
            # It is the toolstack's.
            assert names[1] - names[0] >= {"config"}
            assert (names[1] - names[0] == {"config"}) == (not control), asked
            assert ("granted" in names[1]) == control, asked
        seen = guest.ask("report")
        assert [seen["net"][name]["tx_queues"] for name in ("eth0", "eth1")] == [2, 2 - control]
        assert seen["net"]["eth1"]["features"]["sg"]["on"] == (not control)
        assert [seen["disk"][name]["queues"] for name in ("xvda", "xvdb")] == [2, 2 - control]
        # Nobody waits for what is not to come: the devices, which came later, are there.
        advertised = [path for path in host.tree("/local/domain/0")
                      if path.startswith("feature/backend/")]
        assert bool(advertised) == control
        for driver in DRIVERS:
            name = driver.replace("-", "_")
            assert host.run(f"cat /sys/module/{name}/parameters/feature_control;"
                            f" stat -c %a /sys/module/{name}/parameters/feature_control"
                            ).stdout.split() == ["NY"[control], "444"]
        guest.destroy()


def test_limit_counts_at_connect(guest: Guest) -> None:
    """Without feature control: whatever the parameter was when the driver got the device."""
    host = guest.host
    host.run("modprobe -r xen-netback xen-blkback && " + " && ".join(
        f"modprobe {driver} feature_control=0 max_queues=2" for driver in DRIVERS))
    guest.sh("rmmod xen_netfront xen_blkfront")
    devices = [Frontend(guest, kind, devid, {})
               for kind, devid in (("vif", 0), ("vbd", 51712))]
    for limit, states in ((1, "56"), (2, "4")):
        for driver in DRIVERS:
            host.run(f"echo {limit} >/sys/module/{driver.replace('-', '_')}/parameters/max_queues")
        for device in devices:
            assert str(device.connect({"multi-queue-num-queues": 2})) in states, device.kind
            if limit == 1:
                assert "guest requested 2 queues" in device.error()
            device.reset()


def test_parameter_write_does_not_wait(host: Host) -> None:
    """For a xenstored that does not answer; when it does, it is told."""
    limit = f"{ADVERTISED}/vif/{QUEUES}"
    host.wait_for({limit: "uint 1 2 2"})
    written = host.run("""kill -STOP $(pidof oxenstored)
        read -r -t 30 word < <(echo 3 >/sys/module/xen_netback/parameters/max_queues; echo written)
        kill -CONT $(pidof oxenstored); echo "$word" """).stdout
    assert written == "written\n"
    host.wait_for({limit: "uint 1 3 3"})
