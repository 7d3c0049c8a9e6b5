#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Places where the code can be broken, and the system test that must notice it.

    table.py            the release is $RELEASE

Says which of them are no longer what they were: code that is not there exactly once, or
a test of another name. test_mutants.py breaks them one by one.
"""
from __future__ import annotations

import email
import os
import pathlib
import re
import subprocess
import sys
from typing import NamedTuple

TOP = pathlib.Path(__file__).resolve().parents[2]
RELEASE = os.environ.get("RELEASE", "bookworm")


class Patch(NamedTuple):
    """A hook patch: by its subject, since its number changes with those before it."""

    component: str
    subject: str


class Mutant(NamedTuple):
    """A title; the file or patch, and its code; the broken code; for pytest's -k, which
    tests must fail."""

    title: str
    place: str | Patch
    code: str
    broken: str
    test: str

    def path(self) -> pathlib.Path:
        """Of the place, as RELEASE has it. Several patches of a subject are for several
        versions of upstream, and each has the code."""
        if isinstance(self.place, str):
            return TOP / self.place
        component = self.place.component
        upstream = "linux" if component.startswith("drivers/") else "qemu" if component == QEMU else "xen"
        version = _script("release", RELEASE, upstream).strip()
        series = _script("patches", self.place.component, version).split()
        found = [TOP / name for name in series
                 if _subject(TOP / name) == self.place.subject]
        if len(found) != 1:
            raise LookupError(f"{len(found)} patches of the subject `{self.place.subject}'")
        return found[0]

    def fault(self) -> str | None:
        """Why it can't be used, if so."""
        try:
            number = self.path().read_text().count(self.code)
        except (LookupError, FileNotFoundError) as error:
            return str(error)
        if number != 1:
            return f"{self.path().relative_to(TOP)} has its code {number} times"
        for word in set(re.findall(r"[\w.]+", self.test)) - {"and", "or", "not"}:
            if word not in _tests():
                return f"no system test `{word}'"
        return None


_cache: dict[tuple[str, ...], str] = {}


def _script(*words: str) -> str:
    if words not in _cache:
        _cache[words] = subprocess.run([f"scripts/{words[0]}", *words[1:]], cwd=TOP, check=True,
                                       text=True, stdout=subprocess.PIPE).stdout
    return _cache[words]


def _subject(path: pathlib.Path) -> str:
    with path.open() as file:
        subject = email.message_from_file(file)["Subject"] or ""
    return re.sub(r"\s+", " ", subject).removeprefix("[PATCH] ")


def _tests() -> str:
    """The names that pytest's -k finds: of the files, and of what is in them."""
    if () not in _cache:
        files = sorted((TOP / "tests/system").glob("test_*.py"))
        _cache[()] = "\n".join([file.name for file in files] + re.findall(
            r"^def (test_\w+)", "".join(file.read_text() for file in files), re.MULTILINE))
    return _cache[()]


ENGINE = "drivers/xen/xenbus_feature.c"
NETBACK = "drivers/net/xen-netback"
REFUSED = Patch(NETBACK,
                "xen-netback: end a connection that was refused in a state that says so")
GSOTYPE = Patch(NETBACK,
                "xen-netback: drop large packets that are not of their GSO type")
UNMAP = Patch(NETBACK, "xen-netback: unmap in a work instead of a thread")
HOLD = Patch(NETBACK, "xen-netback: hold the frontend to what it was granted")
BLKBACK = "drivers/block/xen-blkback"
BLKREFUSE = Patch(BLKBACK, "xen-blkback: refuse operations that were not offered")
BLKMEMORY = Patch(BLKBACK, "xen-blkback: have memory for what is in flight")
BLKPUBLISH = Patch(BLKBACK, "xen-blkback: publish granted values")
BLKHOLD = Patch(BLKBACK, "xen-blkback: hold the frontend to what it was granted")
QEMU = "tools/qemu"
QEMUFEATURES = "tools/qemu/hw/xen/xen-features.c"
QEMUBLOCK = "tools/qemu/hw/block/xen-block-features.c"
QEMUHOOKS = Patch(QEMU, "xen-block: grant features per device")
LIBXL = "tools/libxl/libxl_device_config.c"
LIBXLU = "tools/libxl/libxlu_device_config.c"
VERDICTS = "tools/libxl/libxl_device_features.c"
CHECK = "tools/xl/xl_config_check.c"

MUTANTS = [Mutant(*row) for row in [
    ("requests are not read", ENGINE,
     "if (err == -ENOENT)\n\t\t\treturn 0;", "return 0;\n\t}\n\tif (1) {\n\t\tkfree(names);\n\t\treturn 0;",
     "test_hotplug.py"),
    ("no maximum", ENGINE, "min(n, feature_most(feature))", "n", "test_values"),
    ("no minimum", ENGINE, "n = max(n, feature->min);", "", "test_values"),
    ("anything is a number", ENGINE,
     "if (!len || strspn(value, \"0123456789\") != len)", "if (!len)", "test_values"),
    ("escape sequences in the log", ENGINE,
     "isascii(s[i]) && isprint(s[i]) ? s[i] : '?'", "s[i]", "test_values"),
    ("no notice", ENGINE, "dev_notice(&dev->dev, \"%s/%s: unknown", "dev_dbg(&dev->dev, \"%s/%s: unknown",
     "test_unknown_feature"),
    ("an empty config is an error", ENGINE, "for (i = 0; i < nr && !err; i++)",
     "if (!nr)\n\t\terr = -EINVAL;\n\tfor (i = 0; i < nr && !err; i++)", "test_empty_list"),
    ("granted is always said", ENGINE, "if (requested->config) {\n\t\ttext",
     "if (1) {\n\t\ttext",
     "test_stock.py and test_nothing_requested"),
    ("and for ever", ENGINE, "\tif (!requested->config)\n\t\treturn;\n",
     "\tif (1)\n\t\treturn;\n",
     "test_granted_again_at_every_probe"),
    ("for ever of a vif", Patch(NETBACK, "xen-netback: publish granted values"),
     "+	xenbus_features_forget(dev, &xenvif_features, &be->requested);", "+	;",
     "test_granted_again_at_every_probe"),
    ("for ever of a disk", BLKPUBLISH,
     "+		xenbus_features_forget(dev, &xen_blkif_features, &be->blkif->requested);", "+		;",
     "test_granted_again_at_every_probe"),
    ("granted where it was malformed", ENGINE, "if (requested->malformed & BIT(i))", "if (0)",
     "test_values"),
    ("what was not requested is granted", ENGINE, "if (!(requested->known & BIT(i)))", "if (0)",
     "test_values"),
    ("and for what is unknown", ENGINE, "\tif (!feature) {\n",
     "\tif (!feature) {\n\t\trequested->known |= BIT(0);\n", "test_unknown_feature"),
    ("one request too many", ENGINE, "\tnames = xenbus_directory(XBT_NIL, dev->nodename,",
     "\txenbus_exists(XBT_NIL, dev->nodename, \"config\");\n"
     "\tnames = xenbus_directory(XBT_NIL, dev->nodename,", "test_stock.py"),
    ("features stay advertised", ENGINE, "if (features->advertised)\n\t\txenbus_rm",
     "if (0)\n\t\txenbus_rm", "test_advertised_while_loaded"),
    ("a parameter write waits for xenstored", ENGINE,
     "\tadvertise_in(features, 0);\n}\nEXPORT_SYMBOL_GPL(xenbus_features_update);",
     "\tadvertise(features);\n}\nEXPORT_SYMBOL_GPL(xenbus_features_update);",
     "test_parameter_write_does_not_wait"),
    ("feature_control is not looked at", ENGINE,
     "\t}\n\tif (!*features->control)\n\t\treturn 0;", "\t}", "test_feature_control_off"),
    ("an interface's queues are those of its probe", f"{NETBACK}/features.c",
     "return feature_control ?", "return 1 ?", "test_limit_counts_at_connect"),
    ("and a disk's", f"{BLKBACK}/features.c",
     "return feature_control ?", "return 1 ?", "test_limit_counts_at_connect"),
    ("scripts see what is advertised", ENGINE,
     "#include <xen/interface/io/device-features.h>\n",
     "#include <xen/interface/io/device-features.h>\n"
     "#undef XEN_DEVICE_FEATURE_ADVERTISED\n#define XEN_DEVICE_FEATURE_ADVERTISED \"backend\"\n",
     "test_processes"),
    ("advertised at once or never", ENGINE, "\tadvertise_in(features, features->delay);\n", "",
     "test_advertised_when_it_can"),
    ("a resume is not seen", ENGINE,
     "\tadvertise_in(container_of(watch, struct xenbus_features, watch), 0);",
     "\tif (!container_of(watch, struct xenbus_features, watch)->advertised)\n"
     "\t\tadvertise_in(container_of(watch, struct xenbus_features, watch), 0);",
     "test_advertised_after_a_resume"),
    ("what could not be written is granted", ENGINE, "granted[i] = feature->min;", ";",
     "test_a_node_that_cannot_be_written"),
    ("a node that stock does not have", f"{NETBACK}/features.c", "\t\t.absent_if_zero = true,\n", "",
     "test_stock.py"),
    ("queues are the frontend's choice", HOLD,
     "+	if (requested_num_queues > xenvif_granted_queues(be) ||",
     "+	if (requested_num_queues > xenvif_max_queues ||", "test_refused_state"),
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
     "!xenvif_granted(vif, XENVIF_GSO_TCPV4))", "false)", "test_from_guest or test_large_packets"),
    ("large packets over IPv6 from the guest", f"{NETBACK}/features.c",
     "!xenvif_granted(vif, XENVIF_GSO_TCPV6))", "false)", "test_from_guest"),
    ("only the first slot counts", f"{NETBACK}/features.c", "size += frags[i].size;", ";",
     "test_from_guest"),
    ("any size", f"{NETBACK}/features.c",
     "return size <= vif->dev->mtu + ETH_HLEN + 2 * VLAN_HLEN;", "return true;",
     "test_from_guest"),
    ("no VLAN tags", f"{NETBACK}/features.c", "ETH_HLEN + 2 * VLAN_HLEN", "ETH_HLEN",
     "test_from_guest"),
    ("pages of the guest are mapped", f"{NETBACK}/features.c", "*data_len = size;", ";",
     "test_from_guest"),
    ("nobody looks at what is sent", HOLD,
     "+	vif->tx_limited = xenvif_tx_limited(be->granted);", "+	vif->tx_limited = 0;",
     "test_from_guest"),
    ("no checksums over IPv6 from the guest", f"{NETBACK}/features.c",
     "return xenvif_granted(vif, XENVIF_IPV6_CSUM_OFFLOAD);", "return true;",
     "test_from_guest"),
    ("no checksums over IPv4 from the guest", f"{NETBACK}/features.c",
     "!skb_checksum_help(skb);", "true;", "test_checksum_completed"),
    ("large packets that cannot be used", f"{NETBACK}/features.c",
     "if (!granted[XENVIF_SG] || granted[XENVIF_NO_CSUM_OFFLOAD])", "if (0)",
     "test_gso_needs_sg"),
    ("large packets of any type", GSOTYPE,
     "+	return skb->protocol == protocol &&", "+	return (skb->protocol == protocol || 1) &&",
     "test_mislabelled"),
    ("large packets that are not TCP", GSOTYPE,
     "+	       skb->csum_offset == offsetof(struct tcphdr, check);", "+	       true;",
     "test_mislabelled"),
    ("a refused interface is connected", REFUSED, "+				if (backend_connect(be)) {",
     "+				if (backend_connect(be) && 0) {", "test_refused_state"),
    ("and half of it stays", REFUSED, "+	xen_unregister_watchers(be->vif);\n", "+	;\n", "test_refused_state"),
    ("the control ring's producer is believed",
     Patch(NETBACK, "xen-netback: bound the requests in the control ring"),
     "+		if (req_prod - req_cons > RING_SIZE(&vif->ctrl)) {", "+		if (0) {",
     "test_ctrl_ring_producer"),
    ("a hash that the next frontend gets",
     Patch(NETBACK, "xen-netback: forget the hash of a control ring with the ring"),
     "+	vif->hash.alg = XEN_NETIF_CTRL_HASH_ALGORITHM_NONE;\n"
     "+	vif->hash.flags = 0;\n+	vif->hash.size = 0;\n", "+	;\n+	;\n+	;\n",
     "test_hash_goes_with_the_ring"),
    ("as much headroom as wanted",
     Patch(NETBACK, "xen-netback: bound the headroom that a frontend asks for"),
     "+#define XENVIF_MAX_XDP_HEADROOM XDP_PACKET_HEADROOM",
     "+#define XENVIF_MAX_XDP_HEADROOM XEN_NETIF_MAX_XDP_HEADROOM", "test_headroom_bound"),
    ("several pages without scatter-gather",
     Patch(NETBACK, "xen-netback: do not pass packets of several pages to a frontend without sg"),
     "+	if (unlikely(!vif->can_sg && skb->len > XEN_PAGE_SIZE - vif->xdp_headroom))", "+	if (0)",
     "test_large_packet_handed_over"),
    ("hashes without a control ring", HOLD,
     "+		    xenvif_granted(queue->vif, XENVIF_CTRL_RING)) {", "+		    1) {",
     "test_hash_extra"),
    ("checksums that TCP leaves open", HOLD,
     "+		       !be->granted[XENVIF_NO_CSUM_OFFLOAD];", "+		       true;", "test_tcp.py"),
    ("large packets that TCP makes", HOLD, "+	    be->granted[XENVIF_GSO_TCPV4])",
     "+	    true)", "test_tcp.py"),
    ("multicast control is the frontend's choice", HOLD,
     "+				 xenvif_granted(vif, XENVIF_MULTICAST_CONTROL);",
     "+				 true;", "test_multicast_control"),
    ("it names addresses", HOLD,
     "+			ret = xenvif_granted(queue->vif,\n+					     XENVIF_MULTICAST_CONTROL) ?",
     "+			ret = true ?\n+					     ", "test_multicast_control"),
    ("multicast control is always dynamic", HOLD,
     "+	if (xenvif_granted(vif, XENVIF_DYNAMIC_MULTICAST_CONTROL))", "+	if (1)",
     "test_multicast_control"),
    ("or never counts", HOLD,
     "+		xen_read_mcast_ctrl(vif);", "+		;",
     "test_multicast_control"),
    ("a control ring for all", HOLD, "+	if (!be->granted[XENVIF_CTRL_RING])", "+	if (0)",
     "test_event_channels"),
    ("split event channels for all", HOLD, "+	if (be->granted[XENVIF_SPLIT_EVENT_CHANNELS])",
     "+	if (1)", "test_event_channels"),
    ("headroom for all", HOLD, "+	if (!be->granted[XENVIF_XDP_HEADROOM])", "+	if (0)",
     "test_headroom"),
    ("a disk's queues are the frontend's choice", BLKHOLD,
     "+	if (requested_num_queues > xen_blkif_granted_queues(blkif)",
     "+	if (requested_num_queues > xenblk_max_queues", "test_too_much"),
    ("and the order of its ring", BLKHOLD,
     "+		   blkif->granted[XEN_BLKIF_MAX_RING_PAGE_ORDER]) {",
     "+		   xen_blkif_max_ring_order) {", "test_too_much"),
    ("and its segments", BLKPUBLISH,
     "+		be->blkif->granted[XEN_BLKIF_MAX_INDIRECT_SEGMENTS];", "+		MAX_INDIRECT_SEGMENTS;",
     "test_operations"),
    ("and its persistent grants", BLKPUBLISH,
     "+		blkif->granted[XEN_BLKIF_PERSISTENT] &&", "+		true &&",
     "test_two_devices_of_each_kind"),
    ("flushes for all", BLKREFUSE, "+		needs = XEN_BLKIF_OFFERED_FLUSH;", "+		needs = 0;",
     "test_operations"),
    ("an interface goes with its guest's pages mapped", UNMAP,
     "+	wait_event(queue->dealloc_wq, !atomic_read(&queue->inflight_packets));", "+	;",
     "test_packets_held"),
    ("barriers for all", BLKREFUSE, "+		needs = XEN_BLKIF_OFFERED_BARRIER;", "+		needs = 0;",
     "test_operations"),
    ("discards for all", BLKREFUSE, "+		needs = XEN_BLKIF_OFFERED_DISCARD;", "+		needs = 0;",
     "test_operations"),
    ("secure discards become ordinary ones", BLKREFUSE,
     "+			needs |= XEN_BLKIF_OFFERED_SECURE;", "+			needs |= 0;", "test_operations"),
    ("what was not published is offered", BLKREFUSE, "+	be->blkif->vbd.offered = 0;",
     "+	be->blkif->vbd.offered = 0xff;", "test_not_offered"),
    ("what could not be published is offered", BLKREFUSE, "+	if (err) {\n",
     "+	if (err && !state) {\n", "test_a_node_that_cannot_be_written"),
    ("requests that a ring never had", f"{BLKBACK}/requests.c", "WARN_ON(ring->nr_reqs);",
     "WARN_ON(ring->nr_reqs || !ring->max_reqs);", "test_no_ring_ref"),
    ("a disk has no more requests than at first", f"{BLKBACK}/requests.c",
     "if (!req && ring->nr_reqs < ring->max_reqs)", "if (0)", "test_in_flight"),
    ("all but the first part of a large request stay mapped", BLKMEMORY,
     "+	if (pending_req->unmapping < pending_req->nr_parts) {", "+	if (0) {", "test_in_flight"),
    ("persistent grants are the module's only at probe", BLKPUBLISH,
     "+		xen_blkif_feature_persistent;", "+		true;", "test_persistent_counts_at_connect"),
    ("no indirect segments are a node", f"{BLKBACK}/features.c", "\t\t.absent_if_zero = true,\n",
     "", "test_no_indirect_node"),
    ("a disk's queues are not a feature", f"{BLKBACK}/features.c",
     "\t\t.name = \"multi-queue-max-queues\",", "\t\t.name = \"multi-queue-max-queue\",", "test_block"),
    ("discards in spite of it", BLKPUBLISH,
     "+	if (blkif->granted[XEN_BLKIF_DISCARD] &&", "+	if (1 &&", "test_every_feature_of_a_vbd"),
    ("the guest may read requests", LIBXL, "perms[0].perms = XS_PERM_NONE;",
     "perms[0].perms = XS_PERM_READ;", "test_permissions.py"),
    ("config inherits", LIBXL, "libxl__xs_mknod(gc, t, dir, perms, num_perms)",
     "xs_mkdir(CTX->xsh, t, dir) ? 0 : ERROR_FAIL", "test_permissions.py"),
    ("a directory always", LIBXL, "if (!get_lists(dt, type, &config, &config_default)) {\n        rc = 0;",
     "get_lists(dt, type, &config, &config_default);\n    if (0) {\n        rc = 0;", "test_nothing_requested"),
    ("the host's requests are the device's own", LIBXL, 'text = add_lines(gc, append(gc, text, "\\n"), config_default);',
     "text = add_lines(gc, text, config_default);", "test_defaults_of_the_host"),
    ("`default' is a request", LIBXL, "if (!strcmp(request->value, LIBXL_DEVICE_CONFIG_DEFAULT))", "if (0)",
     "test_defaults_of_the_host"),
    ("as many requests as one likes", LIBXL, "if (own + of_host > LIBXL_DEVICE_CONFIG_MAX) {", "if (0) {",
     "test_as_much_as_xenstore_takes"),
    ("what is published does not count", VERDICTS, "    *granted = published;\n    if (published)\n        return 0;",
     "    *granted = NULL;", "test_not_as_granted"),
    ("no granted node is no matter", VERDICTS,
     "? LIBXL_FEATURE_VERDICT_PENDING\n                   : LIBXL_FEATURE_VERDICT_NO_CONTROL;",
     "? LIBXL_FEATURE_VERDICT_PENDING\n                   : LIBXL_FEATURE_VERDICT_GRANTED;", "test_without_feature_control"),
    ("less is more", VERDICTS, "*verdict = (granted < requested) != restricts", "*verdict = (granted < requested) == restricts",
     "test_create and test_config_check.py"),
    ("strict lets guests run", CHECK, "if (check->num_refused) {", "if (0) {", "test_without_feature_control"),
    ("a reboot is nobody's business", Patch("tools/xl", "xl: see whether a domain gets what is requested before it runs"),
     "+    ret = check_granted(domid, &d_config, occasion);",
     "+    ret = occasion == OCCASION_REBOOT ? 0 : check_granted(domid, &d_config, occasion);",
     "test_reboot"),
    ("streams ask for nothing", CHECK, "return XL_MANDATORY_FLAG_FEATURE_CONTROL;", "return 0;",
     "test_migrate and test_config_check.py"),
    ("a file may have less", CHECK, "            say(check, level >= CHECK_STRICT ? REFUSED : WARNED,",
     "            say(check, WARNED,", "test_restore and test_config_check.py"),
    ("a mistake in xl.conf is no matter", CHECK, "if (!device_defaults_wrong())", "if (1)", "test_mistake_in_xl_conf"),
    ("an old monitor is as good", "tools/xl/xl_monitor.c", "if (same_software(&own, &other)) {",
     "if (same_software(&own, &other) || 1) {",
     "test_monitor_of_before"),
    ("config-update forgets the defaults", "tools/xl/xl_device_defaults.c", "fprintf(f, \"%s=\\\"\", defaults[i].key);",
     "fprintf(f, \"#%s=\\\"\", defaults[i].key);", "test_config_update"),
    ("the first one counts", LIBXLU, "free((*config)[2 * i + 1]);\n            (*config)[2 * i + 1] = copy;",
     "free(copy);", "test_given_twice"),
    ("a bad vif key is only reported", "tools/xl/xl_device_config.c",
     "default: /* libxlu has said why */\n        exit(EXIT_FAILURE);",
     "default:\n        return true;", "test_specs.py"),
    ("long names", "include/public/io/device-features.h", "#define XEN_DEVICE_FEATURE_NAME_MAX       64",
     "#define XEN_DEVICE_FEATURE_NAME_MAX       65", "test_specs.py"),
    ("no value is a value", LIBXLU, "if (!*value) {", "if (0) {", "test_specs.py"),
    ("a target swallows a request", LIBXLU, "if (!request || request == param || param[0] == '=')",
     "if (1)", "test_specs.py"),
    ("what looks like a request is another parameter", LIBXLU, "if (resembles_request(param))",
     "if (resembles_request(param) && 0)", "test_specs.py"),
    ("several requests are one", LIBXLU, "if (strpbrk(value, \"=;\" BLANKS))", "if (0)",
     "test_specs.py"),
    ("blanks count", LIBXLU, "    while (len && strchr(BLANKS, text[len - 1]))\n        len--;\n\n    return strndup",
     "    return strndup", "test_specs.py"),
    ("a word is one parameter", "tools/xl/xl_device_config.c", "several = strchr(p, ',');",
     "several = false;", "test_specs.py"),
    ("a driver domain may not read requests", LIBXL,
     "device->backend_domid == toolstack_domid ? 1 : 2);", "1);", "test_driver_domain.py and test_requests"),
    ("an MTU that was not read", "tools/libxl/libxl_nic_mtu.c",
     "if (!read_device_mtu(gc, name, &mtu)) {", "if (1) {", "test_hold_mtu.py"),
    ("jumbo frames that an interface does not take", "tools/libxl/libxl_nic_mtu.c", "if (told <= mtu)",
     "if (1)", "test_hold_mtu.py"),
    ("QEMU reads no requests", QEMUHOOKS,
     "+    if (!xen_features_read(&xen_block_features, xenbus->xsh, path, &granted,\n"
     "+                           &notices, errp)) {",
     "+    xen_features_default(&xen_block_features, &granted);\n+    if (false) {",
     "test_qemu.py and test_granted"),
    ("QEMU has no maximum", QEMUFEATURES, "MIN(MAX(n, feature->min), feature_limit(feature))",
     "MAX(n, feature->min)", "test_qemu.py and test_granted"),
    ("QEMU takes anything for a number", QEMUFEATURES,
     "if (!len || strspn(value, \"0123456789\") != len)", "if (!len)", "test_malformed_and_unknown"),
    ("QEMU is silent about what it does not take", QEMUHOOKS, "+    xen_features_say(notices);\n", "+\n",
     "test_malformed_and_unknown"),
    ("QEMU always says what it granted", QEMUFEATURES, "if (!granted->config) {", "if (0) {",
     "test_qemu.py and test_nothing_requested"),
    ("QEMU does not advertise", QEMUBLOCK, "    if (!advertised) {", "    if (advertised) {",
     "test_qemu.py and test_granted"),
    ("QEMU has one queue in secret", QEMUBLOCK,
     "if (granted->known & (1U << XEN_BLOCK_MULTI_QUEUE_MAX_QUEUES)) {", "if (0) {",
     "test_qemu.py and test_granted"),
    ("QEMU flushes", QEMUBLOCK, "return !granted->value[XEN_BLOCK_FLUSH_CACHE];", "return false;", "test_held"),
    ("QEMU discards", QEMUBLOCK, "return !granted->value[XEN_BLOCK_DISCARD] ||", "return", "test_held"),
    ("QEMU discards what was to be secure", QEMUBLOCK, " ||\n               discard->flag & BLKIF_DISCARD_SECURE;",
     ";", "test_held"),
    ("QEMU holds to what was granted, not to what it offers", QEMUBLOCK,
     "granted->value[XEN_BLOCK_DISCARD] = 0;", "", "test_held"),
    ("QEMU flushes data", QEMUBLOCK, "return !granted->value[XEN_BLOCK_FLUSH_CACHE];",
     "return !granted->value[XEN_BLOCK_FLUSH_CACHE] && !req->nr_segments;", "test_held"),
    ("QEMU takes any ring", QEMUBLOCK, "props->max_ring_page_order = MIN(*order, props->max_ring_page_order);", "",
     "test_too_much"),
    ("QEMU leaves a frontend waiting", QEMUHOOKS,
     "+        /* It must not wait for what will never come. */\n"
     "+        xen_device_backend_set_state(xendev, XenbusStateClosing);", "+\n+", "test_too_much"),
    ("QEMU takes any number of queues", QEMUHOOKS, "== 1 && queues > 1) {", "== 2) {", "test_too_much"),
]]


def main() -> int:
    faults = [f"mutants: {mutant.title}: {fault}" for mutant in MUTANTS
              if (fault := mutant.fault())]
    print("\n".join(faults), end="\n" if faults else "", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
