/* SPDX-License-Identifier: MIT */
/*
 * device-features.h - per-device feature control for PV backends
 *
 * A backend offers features to its frontend by publishing xenstore nodes
 * (see netif.h, blkif.h). With what is described here, an administrator can
 * say for one device how much of a feature its frontend is offered.
 *
 * Words
 * =====
 *
 * requested  what the administrator wrote for a device
 * limit      the range that the backend can give, here and now
 * granted    requested, clamped into the limit; the backend's default where
 *            nothing was requested
 * in use     what the frontend chose of the granted: its own nodes
 *
 * Requests
 * ========
 *
 * <backend path>/config/<feature> = "<value>"
 *     Written by:  the toolstack, in the transaction that creates
 *                  <backend path>; where nothing was requested there is no
 *                  config directory.
 *     Read by:     the backend, at every probe and before it publishes
 *                  anything, with one XS_DIRECTORY of config and one XS_READ
 *                  for each request that it knows.
 *     Permissions: of the directory and of each node: owner the toolstack's
 *                  domain, readable by the backend's domain. No one else: a
 *                  frontend gets EACCES.
 *     <feature>:   the name of the node that the backend publishes, 1 to
 *                  XEN_DEVICE_FEATURE_NAME_MAX of A-Z a-z 0-9 - _ @.
 *     <value>:     an unsigned decimal integer of any length; 0 or 1 for a
 *                  boolean. Above the limit counts as the maximum, below it
 *                  as the minimum. Anything else (a sign, a blank, hex,
 *                  letters, nothing) is malformed: the feature keeps its
 *                  default and the backend logs a warning. An unknown
 *                  feature is ignored with a notice in the log.
 *
 * Publishing
 * ==========
 *
 * <backend path>/<feature> = "<granted>"
 *     Where, when and in which form the feature's own protocol says. The
 *     backend holds the frontend to what it granted: a flag of the frontend
 *     counts only together with the granted one, a number above the granted
 *     ends the connection. What a connected backend does not publish counts
 *     as 0.
 *
 * Saying what was granted
 * =======================
 *
 * <backend path>/granted = "<feature>=<granted> <feature>=malformed ..."
 *     Written by:  the backend, at every probe, for a device that has a config
 *                  directory and for no other. It is there when the backend
 *                  switches to InitWait.
 *     Read by:     the toolstack, to judge what became of the requests.
 *     Permissions: those of <backend path>: the frontend may read it.
 *     Removed by:  the backend, when it lets go of the device: the node never
 *                  speaks for the backend that comes next.
 *     One word for each request that the backend knows, in any order, and one
 *     blank between two words; an empty config directory, or one with unknown
 *     features only, gives an empty node. <granted> is a decimal number, also
 *     of a feature that is published later, or in another form. What the
 *     device behind it cannot do shows only in what is published: where both
 *     are there and differ, the published value is what the frontend gets.
 *     XEN_DEVICE_FEATURE_MALFORMED in place of a number: so was the request.
 *
 * A device with a config directory, a backend in state InitWait or later, and
 * no such node: a backend without feature control.
 *
 * Advertising
 * ===========
 *
 * A backend that implements this says what can be requested, in the home of
 * its own domain, from when xenstore is reachable until the backend is gone:
 *
 * /local/domain/<backend domain>/feature/backend/<type>/<feature> =
 *                                          "<type> <min> <max> <default>"
 *     <type>:      XEN_DEVICE_FEATURE_TYPE_UINT or _BOOL.
 *     <min> <max>: the limit for a device that is set up now, two decimal
 *                  numbers below 2^32. What depends on the physical device
 *                  behind a device may turn out lower when that is known.
 *     <default>:   what is granted where nothing is requested. It can lie
 *                  outside of <min> to <max> only if the backend's own
 *                  settings contradict themselves (a maximum of 0 queues).
 *     One blank between two of them.
 * .../<feature>/desc
 *     One sentence for a person.
 * .../<feature>/inuse
 *     Optional: the name of the node in which a frontend says how much of the
 *     feature it uses, because it seldom has the feature's own name. Where a
 *     connected frontend has no such node, it uses the minimum; any number
 *     but 0 means that it uses a boolean. No such child: it does not say.
 * .../<feature>/restricts = "1"
 *     Optional: a larger value takes something away from the frontend. The
 *     default of such a feature is its minimum.
 *
 *     Written by:  the backend, all of a type in one transaction; again when a
 *                  limit changes and after its domain was resumed.
 *     Read by:     the toolstack, to show them to people, and to refuse early
 *                  what can only be a mistake. It is a hint: a device whose
 *                  backend does not advertise, or not yet, may be granted
 *                  what was requested.
 *     Permissions: those of /local/domain/<backend domain>/feature, which the
 *                  toolstack makes for every domain, and that domain owns: it
 *                  and the toolstack's domain can read it. Where the backend
 *                  is in dom0, nobody but dom0 can.
 *
 * Not below backend/<type>: its children are the frontends' domids.
 */
#ifndef __XEN_PUBLIC_IO_DEVICE_FEATURES_H__
#define __XEN_PUBLIC_IO_DEVICE_FEATURES_H__

#define XEN_DEVICE_FEATURE_CONFIG_DIR     "config"
#define XEN_DEVICE_FEATURE_GRANTED        "granted"
#define XEN_DEVICE_FEATURE_MALFORMED      "malformed"

#define XEN_DEVICE_FEATURE_NAME_MAX       64

/* Below /local/domain/<backend domain>, with a directory for each type. */
#define XEN_DEVICE_FEATURE_ADVERTISED     "feature/backend"

#define XEN_DEVICE_FEATURE_TYPE_UINT      "uint"
#define XEN_DEVICE_FEATURE_TYPE_BOOL      "bool"

/* Children of an advertised feature. */
#define XEN_DEVICE_FEATURE_DESC           "desc"
#define XEN_DEVICE_FEATURE_INUSE          "inuse"
#define XEN_DEVICE_FEATURE_RESTRICTS      "restricts"

#endif /* __XEN_PUBLIC_IO_DEVICE_FEATURES_H__ */
