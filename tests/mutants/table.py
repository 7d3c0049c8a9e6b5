#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Breaks the code on purpose, one place at a time, and sees the system tests fail.

    mutants [NUMBER...]        the release is $RELEASE

A mutant that no test notices is a test that is missing. Each takes about a
minute; the file is put back afterwards. What a killed run leaves is seen by the
next one, which does not start on files that differ from HEAD.
"""
from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests/host"))
from host import terminate_on_signal  # noqa: E402

ENGINE = "drivers/xen/xenbus_feature.c"
NETBACK = "drivers/net/xen-netback"
HOLD = f"{NETBACK}/patches/0002-xen-netback-hold-the-frontend-to-what-it-was-granted.patch"
BLKBACK = "drivers/block/xen-blkback"
BLKHOLD = f"{BLKBACK}/patches/0002-xen-blkback-hold-the-frontend-to-what-it-was-granted.patch"
LIBXL = "tools/libxl/libxl_device_config.c"
LIBXLU = "tools/libxl/libxlu_device_config.c"

# What is broken, where, the code, the broken code, the test that must notice.
MUTANTS = [
    ("requests are not read", ENGINE,
     "if (err == -ENOENT)\n\t\t\treturn 0;", "return 0;\n\t}\n\tif (1) {\n\t\tkfree(names);\n\t\treturn 0;",
     "test_hotplug.py"),
    ("no maximum", ENGINE, "min(n, feature->maxval())", "n", "test_values"),
    ("no minimum", ENGINE, "n = max(n, feature->minval);", "", "test_values"),
    ("anything is a number", ENGINE,
     "if (!len || strspn(value, \"0123456789\") != len)", "if (!len)", "test_values"),
    ("escape sequences in the log", ENGINE,
     "isascii(s[i]) && isprint(s[i]) ? s[i] : '?'", "s[i]", "test_values"),
    ("no notice", ENGINE, "dev_notice(&dev->dev, \"%s/%s: unknown", "dev_dbg(&dev->dev, \"%s/%s: unknown",
     "test_unknown_feature"),
    ("an empty config is an error", ENGINE, "for (i = 0; i < nr && !err; i++)",
     "if (!nr)\n\t\terr = -EINVAL;\n\tfor (i = 0; i < nr && !err; i++)", "test_empty_list"),
    ("one request too many", ENGINE, "\tnames = xenbus_directory(XBT_NIL, dev->nodename,",
     "\txenbus_exists(XBT_NIL, dev->nodename, \"config\");\n"
     "\tnames = xenbus_directory(XBT_NIL, dev->nodename,", "test_stock.py"),
    ("features stay advertised", ENGINE,
     "xenbus_rm(XBT_NIL, dir, XEN_FEATURE_ADVERTISED_DIR);", ";", "test_advertised_while_loaded"),
    ("a node that stock does not have", f"{NETBACK}/features.c", "\t\t.only_if_set = true,\n", "",
     "test_stock.py"),
    ("queues are the frontend's choice", HOLD,
     "+	if (requested_num_queues > be->granted[XENVIF_MULTI_QUEUE_MAX_QUEUES] ||",
     "+	if (requested_num_queues > xenvif_max_queues ||", "test_too_many_queues"),
    ("scatter-gather is the frontend's choice", HOLD, "+		      be->granted[XENVIF_SG];",
     "+		      true;", "test_to_guest"),
    ("large packets over IPv4 to the guest", HOLD, "+	    be->granted[XENVIF_GSO_TCPV4])",
     "+	    true)", "test_to_guest"),
    ("large packets over IPv6 to the guest", HOLD, "+	    be->granted[XENVIF_GSO_TCPV6])",
     "+	    true)", "test_to_guest"),
    ("no checksums over IPv4 to the guest", HOLD,
     "+		       !be->granted[XENVIF_NO_CSUM_OFFLOAD];", "+		       true;", "test_to_guest"),
    ("no checksums over IPv6 to the guest", HOLD,
     "+			 be->granted[XENVIF_IPV6_CSUM_OFFLOAD];", "+			 true;", "test_to_guest"),
    ("scatter-gather without a flag", HOLD, "+	vif->can_sg = be->granted[XENVIF_SG];",
     "+	vif->can_sg = 1;", "test_to_guest_without_flags"),
    ("no checksums without a flag", HOLD,
     "+	vif->ip_csum = !be->granted[XENVIF_NO_CSUM_OFFLOAD];",
     "+	vif->ip_csum = 1;", "test_to_guest_without_flags"),
    ("large packets over IPv4 from the guest", f"{NETBACK}/features.c",
     "!granted[XENVIF_GSO_TCPV4])", "false)", "test_from_guest or test_large_packets"),
    ("large packets over IPv6 from the guest", f"{NETBACK}/features.c",
     "!granted[XENVIF_GSO_TCPV6])", "false)", "test_from_guest"),
    ("any number of slots", f"{NETBACK}/features.c", "if (nr_frags > 1)", "if (0)",
     "test_from_guest"),
    ("the second slot is for free", f"{NETBACK}/features.c", "size += frags->size;", ";",
     "test_from_guest"),
    ("any size", f"{NETBACK}/features.c", "if (size > VLAN_ETH_FRAME_LEN)", "if (0)",
     "test_from_guest"),
    ("no checksums over IPv6 from the guest", f"{NETBACK}/features.c",
     "return vif->be->granted[XENVIF_IPV6_CSUM_OFFLOAD] ||", "return true ||",
     "test_from_guest"),
    ("nor in large packets", f"{NETBACK}/features.c", " || skb_is_gso(skb);", ";",
     "test_from_guest"),
    ("multicast control is the frontend's choice", HOLD,
     "+				 vif->be->granted[XENVIF_MULTICAST_CONTROL];",
     "+				 true;", "test_multicast_control"),
    ("it names addresses", f"{NETBACK}/features.c",
     "return vif->be->granted[XENVIF_MULTICAST_CONTROL];", "return true;",
     "test_multicast_control"),
    ("multicast control is always dynamic", HOLD,
     "+	if (vif->be->granted[XENVIF_DYNAMIC_MULTICAST_CONTROL])", "+	if (1)",
     "test_multicast_control"),
    ("or never counts", HOLD,
     "+		xen_mcast_ctrl_changed(&vif->mcast_ctrl_watch, NULL, NULL);", "+		;",
     "test_multicast_control"),
    ("a control ring for all", HOLD, "+	if (!be->granted[XENVIF_CTRL_RING])", "+	if (0)",
     "test_event_channels"),
    ("split event channels for all", HOLD, "+	if (be->granted[XENVIF_SPLIT_EVENT_CHANNELS])",
     "+	if (1)", "test_event_channels"),
    ("headroom for all", HOLD, "+	if (!be->granted[XENVIF_XDP_HEADROOM])", "+	if (0)",
     "test_headroom"),
    ("a disk's queues are the frontend's choice", BLKHOLD,
     "+	if (requested_num_queues > blkif->granted[XEN_BLKIF_MULTI_QUEUE_MAX_QUEUES]",
     "+	if (requested_num_queues > xenblk_max_queues", "test_too_much"),
    ("and the order of its ring", BLKHOLD,
     "+		   blkif->granted[XEN_BLKIF_MAX_RING_PAGE_ORDER]) {",
     "+		   xen_blkif_max_ring_order) {", "test_too_much"),
    ("and its segments", BLKHOLD,
     "(nseg > ring->blkif->granted[XEN_BLKIF_MAX_INDIRECT_SEGMENTS])",
     "(nseg > MAX_INDIRECT_SEGMENTS)", "test_operations"),
    ("and its persistent grants", f"{BLKBACK}/patches/0001-xen-blkback-publish-granted-values.patch",
     "+		blkif->granted[XEN_BLKIF_PERSISTENT];", "+		true;", "test_two_devices_of_each_kind"),
    ("flushes for all", f"{BLKBACK}/features.c", "\t\tfeature = XEN_BLKIF_FLUSH_CACHE;\n\t\tbreak;",
     "\t\treturn req->operation;", "test_operations"),
    ("barriers for all", f"{BLKBACK}/features.c", "\t\tfeature = XEN_BLKIF_BARRIER;\n\t\tbreak;",
     "\t\treturn req->operation;", "test_operations"),
    ("discards for all", f"{BLKBACK}/features.c", "\t\tfeature = XEN_BLKIF_DISCARD;\n\t\tbreak;",
     "\t\treturn req->operation;", "test_operations"),
    ("a disk's queues are not a feature", f"{BLKBACK}/features.c",
     "\t\t.name = \"multi-queue-max-queues\",", "\t\t.name = \"multi-queue-max-queue\",", "test_block"),
    ("discards in spite of it", f"{BLKBACK}/patches/0001-xen-blkback-publish-granted-values.patch",
     "+	if (blkif->granted[XEN_BLKIF_DISCARD] &&", "+	if (1 &&", "test_every_feature_of_a_vbd"),
    ("the guest may read requests", LIBXL, "perms[0].perms = XS_PERM_NONE;",
     "perms[0].perms = XS_PERM_READ;", "test_permissions.py"),
    ("config inherits", LIBXL, "libxl__xs_mknod(gc, t, dir, perms, num_perms)",
     "xs_mkdir(CTX->xsh, t, dir) ? 0 : ERROR_FAIL", "test_permissions.py"),
    ("a directory always", LIBXL, "return config && config[0] ? config : NULL;",
     "static char *none[] = { NULL };\n    return config ? config : none;", "test_nothing_requested"),
    ("the first one counts", LIBXLU, "free((*config)[2 * i + 1]);\n            (*config)[2 * i + 1] = copy;",
     "free(copy);", "test_given_twice"),
    ("a bad vif key is only reported", "tools/xl/xl_device_config.c",
     "default: /* libxlu has said why */\n        exit(EXIT_FAILURE);",
     "default:\n        return true;", "test_specs.py"),
    ("long names", "include/public/io/features.h", "#define XEN_FEATURE_NAME_MAX       64",
     "#define XEN_FEATURE_NAME_MAX       65", "test_specs.py"),
    ("no value is a value", LIBXLU, "if (!value[0] || !value[1])", "if (!value[0])", "test_specs.py"),
    ("a driver domain may not read requests", LIBXL,
     "device->backend_domid == toolstack_domid ? 1 : 2);", "1);", "test_driver_domain.py and requests"),
    ("nor advertise", "tools/libxl/patches/0008-libxl-let-a-driver-domain-advertise-features.patch",
     "%s/backend\", dom_path), rwperm,", "%s/backend\", dom_path), roperm,",
     "test_advertising_is_harmless"),
]


def make(*words: str) -> bool:
    command = ["make", "-s", *words]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    (TOP / "build/mutant.log").write_text(done.stdout + done.stderr)
    return done.returncode == 0


def survives(number: int) -> bool:
    title, name, code, broken, test = MUTANTS[number - 1]
    path = TOP / name
    original = path.read_text()
    if original.count(code) != 1:
        raise SystemExit(f"mutants: {number}: {name} does not have its code once")
    start = time.monotonic()
    try:
        path.write_text(original.replace(code, broken))
        release = os.environ.get("RELEASE", "bookworm")
        # A driver is loaded into the host that is there; only tools need another one.
        driver = name.startswith("drivers/")
        if not make("modules" if driver else "image"):
            raise SystemExit(f"mutants: {number}: does not build, see build/mutant.log")
        result = subprocess.run(
            ["/usr/bin/python3", "-m", "pytest", "-q", "-x", "tests/system", "-k", test], cwd=TOP,
            env={**os.environ, "RELEASE": release,
                 **({"HOST_MODULES": f"{TOP}/build/{release}/modules"} if driver else {})},
            capture_output=True, text=True, check=False)
        (TOP / "build/mutant.log").write_text(result.stdout)
        # 1: tests failed. Anything else is not what was asked for.
        outcome = {0: "SURVIVED", 1: "noticed"}.get(result.returncode, "NO RESULT")
        assertion = [line for line in result.stdout.splitlines() if line.startswith("E  ")]
        print(f"{number:3}  {outcome:9} {time.monotonic() - start:4.0f}s  {title} ({test})"
              f"  {assertion[0][1:].strip()[:90] if assertion else ''}", flush=True)
        return outcome != "noticed"
    finally:
        path.write_text(original)


def main() -> int:
    changed = subprocess.run(["git", "diff", "--name-only", "HEAD", "--",
                              *sorted({mutant[1] for mutant in MUTANTS})],
                             cwd=TOP, check=True, text=True, stdout=subprocess.PIPE).stdout
    if changed:
        raise SystemExit(f"mutants: commit these, or put them back, first:\n{changed}")
    terminate_on_signal()
    numbers = [int(word) for word in sys.argv[1:]] or range(1, len(MUTANTS) + 1)
    survivors = [number for number in numbers if survives(number)]
    print(f"{len(list(numbers)) - len(survivors)} noticed, {len(survivors)} not: {survivors}")
    return 1 if survivors else 0


sys.exit(main())
