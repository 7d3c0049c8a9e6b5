# SPDX-License-Identifier: GPL-2.0
"""xen-feature-control, on a host that is a folder: what status says of each state in which
limits are void, what carries requests, and that disable and enable do all or nothing."""
from __future__ import annotations

import json
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
PART = TOP / "packaging/feature-control"
COMMAND = PART / "xen-feature-control"
ROOMS = [COMMAND, *(PART / name for name in ("host", "requests", "status", "certificate", "renew", "switch"))]

RUNNING, OLDER, NEWEST = "6.1.0-56-amd64", "6.1.0-50-amd64", "6.1.0-57-amd64"
SOURCE = "6.1.192-2"
XEN_SOURCE = "4.17.5+72-g01140da4e8-1"
OURS = f"{SOURCE}+config1.300"
DRIVERS = {"xen-netback": "kernel/drivers/net/xen-netback", "xen-blkback": "kernel/drivers/block/xen-blkback"}
OVERRIDE = "etc/depmod.d/xen-feature-control.conf"
SWITCH = "etc/xen/feature-control.disabled"
LIBRARY = "usr/lib/x86_64-linux-gnu/libxenlight-features.so.4.17.0"

PROGRAMS = {
    "uname": 'case $1 in -r) cat $R/kernel ;; -v) cat $R/kernel-built ;; esac',
    "dpkg-query": 'cat $R/packages',
    "apt-cache": 'case "$*" in *pkgcache=*srcpkgcache=*) cat $R/policy ;; *) exit 100 ;; esac',
    "openssl": '[ "$1 $2 $3" = "x509 -noout -serial" ] && [ -e "$5" ] && echo serial=0A1B',
    "mokutil": '[ "$1" = --test-key ] && echo "$2 is $(cat $R/mokutil)"; exit 1',
    "ldd": r"""
xl=${1#"$R"} version=${1#"$R/usr/lib/xen-"}
[ -s "$1" ] || { printf '\tnot a dynamic executable\n' >&2; exit 1; }
grep -q stock "$1" && { printf '\tlibxenlight.so.4.17 => /usr/lib/libxenlight.so.4.17\n'; exit; }
library=libxenlight-features.so.${version%%/*}.0
file=/usr/lib/x86_64-linux-gnu/$library
[ -e "$R$file" ] || file='not found'
printf '\tlinux-vdso.so.1 (0x1)\n\t%s => %s\n' $library "$file" """,
    # Chooses as kmod's does, which was seen on a host with these overrides.
    "depmod": r"""
[ "$1" = -b ] && [ "$2" = "$R" ] && shift 2
echo "depmod $1" >>$R/log
[ "$(cat $R/fail 2>/dev/null)" != "depmod $1" ] || { rm $R/fail; exit 1; }
cd $R/lib/modules/$1
rm -f modules.dep
for driver in xen-netback xen-blkback; do
    for folder in $(sed -n "s/^override $driver \* //p" $R/etc/depmod.d/* 2>/dev/null) \
            updates/xen-backends $(ls -d kernel/drivers/*/$driver 2>/dev/null); do
        file=$(ls $folder/$driver.ko* 2>/dev/null) && echo "$driver $file" && break
    done
done >modules.dep""",
    "modinfo": r"""
[ "$1" = -b ] && [ "$2" = "$R" ] && shift 2
[ "$1" = -k ] || exit 9
file=$(sed -n "s/^$3 //p" $R/lib/modules/$2/modules.dep)
case $file in
'') echo "modinfo: ERROR: Module $3 not found." >&2; exit 1 ;;
builtin) printf 'name:           %s\nfilename:       (builtin)\n' "$3" ;;
*) echo "filename:       $R/lib/modules/$2/$file"; cat "$R/lib/modules/$2/$file" ;;
esac""",
    # As kmod's shows them.
    "modprobe": r"""
[ "$1 $2 $3" = "-C $R/etc/modprobe.d --showconfig" ] || exit 9
cat $2/*.conf 2>/dev/null | sed 's/xen-\(net\|blk\)back/xen_\1back/'""",
    "update-initramfs": r"""
[ "$1 $2" = "-u -k" ] || exit 9
echo "initrd $3" >>$R/log
[ "$(cat $R/fail 2>/dev/null)" != "initrd $3" ] || { rm $R/fail; exit 1; }
[ "$(cat $R/fail 2>/dev/null)" != "signal $3" ] || { rm $R/fail; kill -TERM $PPID; }
cat $R/lib/modules/$3/modules.dep >$R/boot/initrd.img-$3""",
    "lsinitramfs": 'cat "$1"',
    "xenstore-ls": '[ "$1 $2" = "-f /libxl" ] && [ -e $R/xenstore ] && '
                   'grep ^/libxl $R/xenstore || exit 1',
    "xenstore-read": r"""
path=$1; [ "${path#/}" != "$path" ] || path=/local/domain/0/$path
sed -n "s!^$path = \"\(.*\)\"\$!\1!p" $R/xenstore | grep . || exit 1""",
    "xenstore-list": r"""
path=$1; [ "${path#/}" != "$path" ] || path=/local/domain/0/$path
sed -n "s!^${path%/}/\([^/ ]*\).*!\1!p" $R/xenstore | sort -u | grep . || exit 1""",
}


class Host:
    """One on which all is well, unless a test changes it."""

    def __init__(self, root: pathlib.Path, programs: pathlib.Path) -> None:
        self.root = root
        self.programs = programs
        self.path = f"{programs}:/usr/bin:/bin"
        self.running = "4.17"
        self.write("kernel", RUNNING)
        self.write("kernel-built", f"#1 SMP PREEMPT_DYNAMIC Debian {SOURCE} (2026-10-01)")
        self.write("sys/hypervisor/type", "xen\n")
        self.write("sys/hypervisor/version/major", "4\n")
        self.write("sys/hypervisor/version/minor", "17\n")
        self.write("proc/xen/capabilities", "control_d\n")
        self.packages = {
            "libxenlight4.17-features": f"{XEN_SOURCE}+config1.300", "libxenmisc4.17": XEN_SOURCE}
        self.candidate = XEN_SOURCE
        self.libvirt = "9"
        self.xl("4.17")
        for driver in DRIVERS:
            self.load(driver, OURS)
        self.kernel(RUNNING)
        self.store = [
            '/local/domain/0/domid = "0"',
            '/local/domain/0/feature/backend/vif/feature-sg = "bool 0 1 1"',
            '/local/domain/0/feature/backend/vif/feature-sg/desc = "a text"',
            '/local/domain/0/feature/backend/vif/feature-gso-tcpv4 = "bool 0 1 1"',
            '/local/domain/0/feature/backend/vbd/feature-persistent = "bool 0 1 1"',
            '/local/domain/3/name = "guest"',
            '/libxl/3 = ""',
        ]
        self.monitor(77, "guest")

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def remove(self, *paths: str) -> None:
        for path in paths:
            path = self.root / path
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def has(self, path: str) -> bool:
        return (self.root / path).exists()

    def log(self) -> list[str]:
        return (self.root / "log").read_text().splitlines() if self.has("log") else []

    def xl(self, version: str, kind: str = "ours") -> None:
        self.write(f"boot/xen-{version}-amd64.gz", "")
        folder = f"usr/lib/xen-{version}"
        self.write(f"{folder}/bin/xl", "\x7fELF")
        if kind == "ours":
            self.write(f"{folder}/bin/xl", "#!/bin/sh\n[ -e /etc/xen/feature-control.disabled ] && ...\n")
            for file in f"{folder}/features/xl", f"{folder}/bin/xl.stock":
                self.write(file, "\x7fELF")
                (self.root / file).chmod(0o755)
            self.write(f"usr/lib/x86_64-linux-gnu/libxenlight-features.so.{version}.0", "")

    def kernel(self, abi: str, source: str | None = SOURCE, ours: str | None = SOURCE,
               drivers: tuple[str, ...] = tuple(DRIVERS)) -> None:
        for driver, folder in DRIVERS.items():
            self.write(f"lib/modules/{abi}/{folder}/{driver}.ko", "license: GPL\n")
            if ours and driver in drivers:
                self.write(f"lib/modules/{abi}/updates/xen-backends/{driver}.ko.xz",
                           f"version:        {ours}+config1.300\ndebian_source:  {ours}\n")
        for file in "initrd.img", "vmlinuz":
            self.write(f"boot/{file}-{abi}", "")
        self.write(f"boot/config-{abi}", "CONFIG_XEN_NETDEV_BACKEND=m\nCONFIG_XEN_BLKDEV_BACKEND=m\n")
        self.depmod(abi)
        if source:
            self.packages[f"linux-image-{abi}"] = source

    def depmod(self, abi: str) -> None:
        subprocess.run([self.programs / "depmod", abi], check=True, env=self.environment())
        self.remove("log")
        os.utime(self.root / f"lib/modules/{abi}/modules.dep", (1, 1))

    def chosen(self, abi: str) -> set[str]:
        """Of what folders the drivers are, and those in the initial RAM disk."""
        kinds = set()
        for file in f"lib/modules/{abi}/modules.dep", f"boot/initrd.img-{abi}":
            text = (self.root / file).read_text()
            kinds |= {kind for kind in ("updates", "kernel") if f" {kind}/" in text}
        return kinds

    def load(self, driver: str, version: str | None, control: str = "Y") -> None:
        folder = f"sys/module/{driver.replace('-', '_')}"
        shutil.rmtree(self.root / folder, ignore_errors=True)
        self.write(f"{folder}/refcnt", "0\n")
        if version:
            self.write(f"{folder}/version", version + "\n")
            self.write(f"{folder}/parameters/feature_control", control + "\n")

    def monitor(self, pid: int, name: str | None, library: str | None = f"/{LIBRARY}",
                command: str = "create") -> None:
        self.write(f"proc/{pid}/comm", "xl\n")
        self.write(f"proc/{pid}/cmdline", f"xl\0-v\0{command}\0guest.cfg\0")
        (self.root / f"proc/{pid}/fd").mkdir(exist_ok=True)
        log = self.root / f"proc/{pid}/fd/1"
        log.unlink(missing_ok=True)
        log.symlink_to(f"/var/log/xen/xl-{name}.log" if name else "/dev/pts/0")
        self.write(f"proc/{pid}/maps", f"7f00-7f01 r-xp 0 fe:00 99      {library}\n")
        if not library:
            self.remove(f"proc/{pid}/maps")

    def request(self, *requests: str, domid: int = 3, device: str = "vif/0", where: str = "config") -> None:
        for request in requests:
            name, value = request.split("=")
            self.store.append(f'/libxl/{domid}/device/{device}/{where}/{name} = "{value}"')

    def save(self, name: str, config: dict | bytes, flags: int = 3, folder: str = "var/lib/xen/save") -> None:
        """As xl save writes it."""
        text = config if isinstance(config, bytes) else json.dumps(config, indent=4).encode() + b"\0"
        optional = struct.pack("=I", len(text)) + text
        (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.root / folder / name).write_bytes(
            b"Xen saved domain, xl format\n \0 \r".ljust(32, b"\0") +
            struct.pack("=IIII", 0x01020304, flags, 0, len(optional)) + optional + b'"config": {"a": "1"}\0' * 9)

    def environment(self) -> dict[str, str]:
        return {"PATH": self.path, "R": str(self.root), "XEN_FEATURE_CONTROL_ROOT": str(self.root)}

    def settle(self) -> None:
        self.write("packages", "".join(f"{name} installed {version}\n" for name, version in self.packages.items()))
        self.write("policy", f"libxenmisc4.17:\n  Installed: (none)\n  Candidate: {self.candidate}\n"
                   "  Version table:\n     1 500\nlibxenmisc4.20:\n  Candidate: (none)\n"
                   "libvirt-daemon-driver-xen:\n  Candidate: 9+config2\n  Version table:\n"
                   f"     {self.libvirt} 500\n        500 http://security.debian.org/debian-security x/main\n"
                   " *** 9+config2 995\n        100 file:/x ./ Packages\n     8 500\n")
        if self.store is not None:
            self.write("xenstore", "\n".join(self.store) + "\n")

    def run(self, *words: str, rc: int = 0, settle: bool = True) -> tuple[str, str]:
        if settle:
            self.settle()
        done = subprocess.run([COMMAND, *words], env=self.environment(), text=True, capture_output=True,
                              check=False)
        assert done.returncode == rc, (done.returncode, done.stdout, done.stderr)
        assert ": line " not in done.stderr, done.stderr
        return done.stdout, done.stderr

    def status(self, rc: int = 0) -> dict[tuple[str, str | None], dict]:
        """By check and subject. Nothing was changed."""
        self.settle()
        before = self.files()
        text, error = self.run("status", "--json", rc=rc, settle=False)
        assert self.files() == before and not error
        said = json.loads(text)
        for check in said["checks"]:
            # What is wrong says what to do.
            assert check["to_do"] or check["state"] in ("ok", "none"), check
            assert list(check)[:5] == ["check", "subject", "state", "detail", "to_do"]
        worst = [state for state in ("fail", "unknown", "warn", "ok")
                 if state in [check["state"] for check in said["checks"]]][0]
        assert said["state"] == worst and rc == {"fail": 1, "unknown": 2}.get(worst, 0)
        assert said["kernel"] == (self.root / "kernel").read_text()
        return {(check["check"], check["subject"]): check for check in said["checks"]}

    def table(self, rc: int = 0) -> list[tuple[str, str, str]]:
        """What, state, detail."""
        self.settle()
        before = self.files()
        lines = self.run("status", rc=rc, settle=False)[0].splitlines()
        assert self.files() == before
        at = lines[0].index("state"), lines[0].index("detail")
        assert lines[0].split() == ["what", "state", "detail"]
        assert all(line[start - 1] == " " != line[start] for line in lines for start in at)
        return [(line[:at[0]].strip(), line[at[0]:at[1]].strip(), line[at[1]:]) for line in lines[1:]]

    def files(self) -> dict[str, tuple]:
        return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_ino) for path in self.root.rglob("*")}


@pytest.fixture
def host(tmp_path: pathlib.Path) -> Host:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    return Host(tmp_path / "host", programs)


def test_all_is_well(host: Host) -> None:
    """Every line is there, with its facts."""
    host.kernel(NEWEST, "6.1.195-1", "6.1.195-1")
    said = host.status()
    assert {key: check["state"] for key, check in said.items()} == dict.fromkeys([
        ("xen", None), ("enabled", None), ("xl", "4.17"), ("libxl", "4.17"), ("loaded", "xen-netback"),
        ("loaded", "xen-blkback"), ("drivers", RUNNING), ("drivers", NEWEST), ("advertised", "vif"),
        ("advertised", "vbd"), ("monitors", None)], "ok")
    facts = {
        ("xen", None): {"version": "4.17", "domain0": True},
        ("enabled", None): {"xl": True, "drivers": True},
        ("xl", "4.17"): {"running": True, "kind": "ours"},
        ("libxl", "4.17"): {"version": f"{XEN_SOURCE}+config1.300", "source": XEN_SOURCE, "newest": XEN_SOURCE},
        ("loaded", "xen-netback"): {
            "kind": "ours", "version": OURS, "feature_control": "Y", "kernel_source": SOURCE},
        ("drivers", NEWEST): {"running": False, "xen_netback": "ours", "xen_blkback": "ours",
                              "source": "6.1.195-1", "kernel_source": "6.1.195-1", "reason": None},
        ("advertised", "vif"): {"features": 2},
        ("monitors", None): {"processes": 1},
    }
    for key, values in facts.items():
        assert {name: said[key][name] for name in values} == values


def test_table(host: Host) -> None:
    """Has the same facts as the JSON, whatever the state."""
    host.kernel(OLDER, ours=None)
    host.load("xen-netback", None)
    host.xl("4.20", "stock")
    host.monitor(77, "guest", None)
    host.store = [line for line in host.store if "/vif/" not in line]
    host.candidate = "4.17.7-1"
    said = host.status(1)
    assert {check["state"] for check in said.values()} == {"ok", "warn", "fail", "unknown", "none"}
    assert [line[1:] for line in host.table(1)] == [
        (check["state"].replace("none", "-"),
         check["detail"] + (f". To do: {check['to_do']}" if check["to_do"] else "")) for check in said.values()]
    assert [line[0] for line in host.table(1)] == [
        "Xen", "feature control", "xl for Xen 4.17 (running)", "xl for Xen 4.20", "libxl 4.17", "xen-netback loaded",
        "xen-blkback loaded", f"drivers of {OLDER}", f"drivers of {RUNNING} (running)", "advertised: vif",
        "advertised: vbd", "monitor of guest"]


def other_library(host: Host, library: str, requested: bool) -> None:
    host.monitor(77, "guest", library)
    if requested:
        host.request("feature-sg=0")


def hint(host: Host, abi: str, reason: str, drivers: str = "own") -> None:
    host.write("var/lib/xen-backends/kernels",
               f"6.1.0-1-amd64\t-\town\tanother reason\n{abi}\t-\t{drivers}\t{reason}\n")


def built_in(host: Host) -> None:
    host.write(f"lib/modules/{RUNNING}/modules.dep", "xen-netback builtin\nxen-blkback builtin\n")
    host.load("xen-netback", None)
    host.load("xen-blkback", None)


def lacking(host: Host, abi: str) -> None:
    host.write(f"lib/modules/{abi}/modules.dep", "")
    host.write(f"boot/config-{abi}", "# CONFIG_XEN_NETDEV_BACKEND is not set\n")


def another(host: Host) -> None:
    host.write(f"lib/modules/{RUNNING}/extra/xen-netback.ko", "license: GPL\n")
    host.write(f"lib/modules/{RUNNING}/modules.dep",
               "xen-netback extra/xen-netback.ko\nxen-blkback updates/xen-backends/xen-blkback.ko.xz\n")


def no_rules(host: Host, abi: str = RUNNING) -> None:
    host.kernel(abi, ours=None)
    shutil.rmtree(host.root / f"lib/modules/{abi}/updates", ignore_errors=True)
    host.depmod(abi)


# name: (what is different, check, subject, state, a word of the detail, a word of what to do, exit status)
STATES = {
    # xl
    "no xl": (lambda h: h.remove("usr/lib/xen-4.17/bin/xl"),
              "xl", "4.17", "fail", "there is none", "install xen-utils-4.17-features", 1),
    "stock xl": (lambda h: (h.remove("usr/lib/xen-4.17/features"), h.xl("4.17", "stock")),
                 "xl", "4.17", "fail", "Debian's, without", "install xen-utils-4.17-features", 1),
    "no diversion": (lambda h: h.xl("4.17", "stock"),
                     "xl", "4.17", "fail", "although ours is there", "--reinstall xen-utils-4.17-features", 1),
    "no xl.stock": (lambda h: h.remove("usr/lib/xen-4.17/bin/xl.stock"),
                    "xl", "4.17", "fail", "bin/xl.stock is missing", "--reinstall", 1),
    "xl by hand": (lambda h: (h.write("usr/local/sbin/xl", "\x7fELF stock"), (h.root / "usr/local/sbin/xl").chmod(0o755)),
                   "xl", "/usr/local/sbin/xl", "fail", "has no feature control", "run /usr/sbin/xl", 1),
    "our xl by hand": (lambda h: (h.write("usr/local/bin/xl", "\x7fELF"), (h.root / "usr/local/bin/xl").chmod(0o755)),
                       "xl", "4.17", "ok", "with feature control", "", 0),
    "a site's script": (lambda h: (h.write("usr/local/sbin/xl", "#!/bin/sh\n"), (h.root / "usr/local/sbin/xl").chmod(0o755)),
                        "xl", "/usr/local/sbin/xl", "warn", "a script", "run /usr/sbin/xl", 0),
    "no features/xl": (lambda h: h.remove("usr/lib/xen-4.17/features/xl"),
                       "xl", "4.17", "fail", "features/xl is missing", "--reinstall", 1),
    "no library": (lambda h: h.remove(LIBRARY),
                   "xl", "4.17", "fail", "libxenlight-features.so.4.17.0 is missing", "libxenlight4.17-features", 1),
    "xl of nothing": (lambda h: h.write("usr/lib/xen-4.17/features/xl", ""),
                      "xl", "4.17", "fail", "features/xl: not a dynamic", "--reinstall", 1),
    "next Xen without": (lambda h: h.xl("4.20", "stock"),
                         "xl", "4.20", "fail", "from when this Xen is booted", "xen-utils-4.20-features", 1),
    "next Xen with": (lambda h: h.xl("4.20"), "xl", "4.20", "ok", "with feature control", None, 0),
    "next Xen, built by hand": (lambda h: [h.write(f"boot/xen{name}.gz", "") for name in ("-4.20.2", "-4.20", "-4", "")],
                                "xl", "4.20", "fail", "from when this Xen is booted", "xen-utils-4.20-features", 1),
    "older Xen without": (lambda h: h.xl("4.14", "stock"),
                          "xl", "4.14", "warn", "not the newest", "xen-utils-4.14-features", 0),
    "driver domain": (lambda h: (h.write("proc/xen/capabilities", ""), h.remove("usr/lib/xen-4.17")),
                      "xl", "4.17", "none", "only domain 0 needs one", None, 0),
    # libxl
    "newer in the archive": (lambda h: setattr(h, "candidate", "4.17.7+13-g2445b30a44-0+deb12u1"),
                             "libxl", "4.17", "warn", "Debian has 4.17.7+13", "make debs", 0),
    "newer installed": (lambda h: h.packages.update({"libxenmisc4.17": "4.17.7+13-g2445b30a44-0+deb12u1"}),
                        "libxl", "4.17", "warn", "Debian has 4.17.7+13", "make debs", 0),
    "older in the archive": (lambda h: setattr(h, "candidate", "4.17.3-1"), "libxl", "4.17", "ok", "the newest", None, 0),
    "no archive": (lambda h: (setattr(h, "candidate", "(none)"), h.packages.pop("libxenmisc4.17")),
                   "libxl", "4.17", "ok", "is not known here", None, 0),
    # libvirt
    "our libvirt": (
        lambda h: h.packages.update(dict.fromkeys(
            ("xen-feature-control-libvirt", "libvirt0", "libvirt-daemon-driver-xen"), "9+config2")),
        "libvirt", None, "ok", "9+config2", None, 0),
    "newer libvirt that the pin keeps off": (
        lambda h: (setattr(h, "libvirt", "9+deb12u1"), h.packages.update(dict.fromkeys(
            ("xen-feature-control-libvirt", "libvirt0", "libvirt-daemon-driver-xen"), "9+config2"))),
        "libvirt", None, "warn", "made of 9, and Debian has 9+deb12u1", "make debs", 0),
    "Debian's driver in our libvirt": (
        lambda h: h.packages.update({"libvirt0": "9+config2", "libvirt-daemon-driver-xen": "10"}),
        "libvirt", None, "fail", "is 10, which ignores requests", "xen-feature-control-libvirt", 1),
    "no driver in our libvirt": (lambda h: h.packages.update({"libvirt0": "9+config2"}),
                                 "libvirt", None, "fail", "not installed", "xen-feature-control-libvirt", 1),
    # loaded
    "stock loaded": (lambda h: h.load("xen-netback", None),
                     "loaded", "xen-netback", "fail", "although ours is installed", "modprobe -r", 1),
    "feature_control=N": (lambda h: h.load("xen-blkback", OURS, "N"),
                          "loaded", "xen-blkback", "fail", "feature_control=0", "/etc/modprobe.d", 1),
    "older driver loaded": (lambda h: h.load("xen-netback", "6.1.190-1+config1.300"),
                            "loaded", "xen-netback", "fail", f"the kernel is {SOURCE}", "the right one: save", 1),
    "older driver on disk": (lambda h: (h.kernel(RUNNING, SOURCE, "6.1.190-1"), h.load("xen-netback", "6.1.190-1+config1.300")),
                             "loaded", "xen-netback", "fail", f"the kernel is {SOURCE}", f"drivers of {RUNNING}", 1),
    "source is a beginning": (lambda h: h.load("xen-netback", "6.1.192-20+config1.300"),
                              "loaded", "xen-netback", "fail", f"the kernel is {SOURCE}", "the right one: save", 1),
    "next version installed": (lambda h: h.load("xen-netback", f"{SOURCE}+config1.299"),
                               "loaded", "xen-netback", "warn", f"{OURS} is installed", "modprobe -r", 0),
    "kernel of one's own": (lambda h: h.write("kernel-built", "#1 SMP Thu Oct 1 2026"),
                            "loaded", "xen-netback", "warn", "does not say", "by hand", 0),
    "not loaded": (lambda h: h.remove("sys/module/xen_netback"),
                   "loaded", "xen-netback", "ok", "ours will be", None, 0),
    "stock not loaded": (lambda h: (no_rules(h), h.remove("sys/module/xen_netback")),
                         "loaded", "xen-netback", "fail", "not loaded; /lib/modules/", f"drivers of {RUNNING}", 1),
    "kernel without modules": (lambda h: (h.remove(f"lib/modules/{RUNNING}"), h.load("xen-netback", None)),
                               "loaded", "xen-netback", "fail", "the kernel's own", "nothing of this kernel", 1),
    "built in": (built_in, "loaded", "xen-blkback", "fail", "built into the kernel", "as a module", 1),
    # installed kernels
    "running without": (no_rules, "drivers", RUNNING, "fail", "the kernel's own, without", f"linux-headers-{RUNNING}", 1),
    "reason": (lambda h: (no_rules(h), hint(h, RUNNING, "hunk 2 of 0007 does not apply")),
               "drivers", RUNNING, "fail", "hunk 2 of 0007 does not apply", "/usr/lib/xen-backends/update", 1),
    "reason of yesterday": (lambda h: hint(h, RUNNING, "no headers"), "drivers", RUNNING, "ok", f"made of {SOURCE}", None, 0),
    "not the newest": (lambda h: hint(h, RUNNING, "not yet those of config2.9", "ours"),
                       "drivers", RUNNING, "warn", "not yet those of", "/usr/lib/xen-backends/update", 0),
    "initrd of before": (lambda h: (h.write(f"var/lib/xen-backends/renew/{RUNNING}", ""),
                                    h.write("usr/lib/xen-backends/update", "")),
                         "drivers", RUNNING, "fail", "can load another driver", "/usr/lib/xen-backends/update", 1),
    "initrd of before, prebuilt": (
        lambda h: (h.kernel(NEWEST), h.packages.update({f"xen-backends-modules-{NEWEST}": OURS}),
                   h.write(f"var/lib/xen-backends/renew/{NEWEST}", "")),
        "drivers", NEWEST, "fail", "can load another driver", f"dpkg-reconfigure xen-backends-modules-{NEWEST}", 1),
    "older kernel, initrd of before": (
        lambda h: (h.kernel(OLDER), h.write(f"var/lib/xen-backends/renew/{OLDER}", "")),
        "drivers", OLDER, "warn", "can load another driver", f"update-initramfs -u -k {OLDER}", 0),
    "older kernel without": (lambda h: h.kernel(OLDER, ours=None),
                             "drivers", OLDER, "warn", "not the newest", f"linux-headers-{OLDER}", 0),
    "next kernel without": (lambda h: h.kernel(NEWEST, ours=None),
                            "drivers", NEWEST, "fail", "from when this kernel is booted", f"linux-headers-{NEWEST}", 1),
    "one of two": (lambda h: h.kernel(NEWEST, drivers=("xen-netback",)),
                   "drivers", NEWEST, "fail", "xen-netback ours, xen-blkback the kernel's own", "depmod", 1),
    "of an older source": (lambda h: h.kernel(NEWEST, "6.1.195-1", SOURCE),
                           "drivers", NEWEST, "fail", f"made of {SOURCE}, and the kernel is 6.1.195-1",
                           "/usr/lib/xen-backends/update", 1),
    "older kernel, other source": (lambda h: h.kernel(OLDER, "6.1.180-1", SOURCE),
                                   "drivers", OLDER, "warn", "the kernel is 6.1.180-1", "/usr/lib/xen-backends/update", 0),
    "unsigned": (lambda h: (h.kernel(NEWEST, None), h.packages.update({f"linux-image-{NEWEST}-unsigned": SOURCE})),
                 "drivers", NEWEST, "ok", f"made of {SOURCE}", None, 0),
    "kernel of no package": (lambda h: h.kernel(NEWEST, None), "drivers", NEWEST, "warn", "is not known", "by hand", 0),
    "nothing found": (lambda h: (h.kernel(NEWEST), h.write(f"lib/modules/{NEWEST}/modules.dep", "")),
                      "drivers", NEWEST, "fail", "modprobe finds none", f"depmod {NEWEST}", 1),
    "nothing found, no configuration": (lambda h: (h.write(f"lib/modules/{RUNNING}/modules.dep", ""),
                                                   h.remove(f"boot/config-{RUNNING}", "sys/module")),
                                        "loaded", "xen-netback", "fail", "modprobe finds none", f"drivers of {RUNNING}", 1),
    "not in this kernel": (lambda h: (lacking(h, RUNNING), h.remove("sys/module")),
                           "loaded", "xen-netback", "none", "not in this kernel", None, 0),
    "no backends": (lambda h: (h.kernel(NEWEST), lacking(h, NEWEST)),
                    "drivers", NEWEST, "none", "no Xen backends", None, 0),
    "another's": (another, "drivers", RUNNING, "fail", f"neither ours nor the kernel's own (/lib/modules/{RUNNING}/extra",
                  "override", 1),
    "no depmod": (lambda h: h.write(f"lib/modules/{RUNNING}/modules.dep", "".join(
        f"{name} {folder}/{name}.ko\n" for name, folder in DRIVERS.items())),
        "drivers", RUNNING, "fail", "although ours are installed", f"depmod {RUNNING}", 1),
    # the rest
    "nothing advertised": (lambda h: setattr(h, "store", h.store[:1]),
                           "advertised", "vif", "warn", "limits hold", "dmesg", 0),
    "nobody to advertise": (lambda h: (setattr(h, "store", h.store[:1]), h.remove("sys/module")),
                            "advertised", "vbd", "none", "no driver", None, 0),
    "another type": (lambda h: h.store.append('/local/domain/0/feature/backend/qdisk/a = "bool 0 1 1"'),
                     "advertised", "qdisk", "ok", "1 features", None, 0),
    "no xenstored": (lambda h: setattr(h, "store", None), "advertised", None, "unknown", "cannot be read", "root", 2),
    "stock monitor": (lambda h: other_library(h, "/usr/lib/x86_64-linux-gnu/libxenlight.so.4.17.0", False),
                      "monitors", "guest", "warn", "process 77 runs Debian's libxl", "save and restore", 0),
    "stock monitor, requests": (
        lambda h: other_library(h, "/usr/lib/x86_64-linux-gnu/libxenlight.so.4.17.0", True),
        "monitors", "guest", "fail", "are lost when it reboots", "save and restore", 1),
    "old monitor": (lambda h: other_library(h, f"/{LIBRARY} (deleted)", True),
                    "monitors", "guest", "warn", "an older version", "save and restore", 0),
    "monitor in the foreground": (lambda h: h.monitor(78, None, f"/{LIBRARY} (deleted)"),
                                  "monitors", "?", "warn", "process 78", "save and restore", 0),
    "another xl": (lambda h: h.monitor(78, None, f"/{LIBRARY} (deleted)", "list"),
                   "monitors", None, "ok", "1, none", None, 0),
    "devd": (lambda h: (h.monitor(78, "x", "/usr/lib/libxenlight.so.4.17.0"), h.remove("proc/78/fd/1"),
                        (h.root / "proc/78/fd/1").symlink_to("/var/log/xen/xldevd.log")),
             "monitors", "devd", "warn", "process 78", "xendriverdomain", 0),
    "monitor that is hidden": (lambda h: h.monitor(77, "guest", None),
                               "monitors", "guest", "unknown", "cannot be read", "root", 2),
    # what modprobe is told
    "another driver": (lambda h: h.write("etc/modprobe.d/a.conf", "install xen-netback insmod /x.ko\n"),
                       "modprobe", "xen-netback", "fail", "install xen_netback insmod /x.ko", "modprobe.d", 1),
    "no control from the next load": (
        lambda h: h.write("etc/modprobe.d/a.conf", "options xen-blkback max_queues=1 feature_control=0\n"),
        "modprobe", "xen-blkback", "fail", "feature_control=0", "command line", 1),
    "disabled": (lambda h: (h.write(SWITCH, ""), h.write(OVERRIDE, "")),
                 "enabled", None, "fail", "disabled: xl and drivers", "xen-feature-control enable", 1),
    "half disabled: xl": (lambda h: h.write(SWITCH, ""), "enabled", None, "fail", "half disabled", "enable, or disable", 1),
    "half disabled: drivers": (lambda h: h.write(OVERRIDE, ""), "enabled", None, "fail", "half disabled", "enable, or", 1),
    "no modinfo": (lambda h: (h.programs / "modinfo").unlink(), "drivers", None, "unknown", "no modinfo", "kmod", 2),
    # A void limit counts more than what could not be looked at.
    "void, and unknown": (lambda h: (setattr(h, "store", None), h.load("xen-netback", None)),
                          "loaded", "xen-netback", "fail", "the kernel's own", "modprobe -r", 1),
}


@pytest.mark.parametrize("name", STATES)
def test_state(host: Host, name: str) -> None:
    """Each is said, with what to do, and by the exit status."""
    change, check, subject, state, detail, to_do, rc = STATES[name]
    change(host)
    if name == "no modinfo" and shutil.which("modinfo", path="/usr/bin:/bin"):
        pytest.skip("there is one in /usr/bin")
    said = host.status(rc)
    line = said[check, subject]
    assert line["state"] == state and detail in line["detail"], line
    assert to_do in line["to_do"] if to_do else line["to_do"] is None, line


@pytest.mark.parametrize("drivers", [True, False])
def test_no_xen(host: Host, drivers: bool) -> None:
    """In a chroot: what is installed."""
    host.remove("sys/hypervisor", "proc", "sys/module")
    host.store = None
    if not drivers:
        no_rules(host)
    said = host.status(0 if drivers else 1)
    assert [key for key in said if key[0] != "drivers"] == [
        ("xen", None), ("enabled", None), ("xl", "4.17"), ("libxl", "4.17")]
    assert said["xen", None]["state"] == "none"


def test_removed_kernel(host: Host) -> None:
    """Is none, whatever is left of its modules: the newest is the one before it."""
    removed, own = "6.1.0-58-amd64", "7.0.0-self"
    for abi in NEWEST, removed, own:
        host.kernel(abi, ours=None)
    host.remove(f"lib/modules/{removed}/kernel", f"boot/vmlinuz-{removed}", f"boot/vmlinuz-{own}")
    said = host.status(1)
    assert [key[1] for key in said if key[0] == "drivers"] == [RUNNING, NEWEST]
    assert "from when this kernel is booted" in said["drivers", NEWEST]["detail"]
    # The running one needs none; where none has any, kernels come from elsewhere.
    host.remove(f"boot/vmlinuz-{RUNNING}")
    assert ("drivers", RUNNING) in host.status(1)
    host.remove(f"boot/vmlinuz-{NEWEST}")
    said = host.status(1)
    assert [key[1] for key in said if key[0] == "drivers"] == [RUNNING, NEWEST, own]
    assert said["drivers", own]["state"] == "fail" and said["drivers", NEWEST]["state"] == "warn"


def test_newest_without_backends(host: Host) -> None:
    """It serves no guest, so the one before it counts as the newest."""
    for abi in OLDER, NEWEST, "6.1.0-57-cloud-amd64":
        host.kernel(abi, ours=None)
    lacking(host, "6.1.0-57-cloud-amd64")
    said = host.status(1)
    assert said["drivers", NEWEST]["state"] == "fail" and said["drivers", OLDER]["state"] == "warn"


@pytest.mark.parametrize("driver,line", [
    ("xen-netback", "options xen-netback feature_control=off"),
    ("xen-netback", 'options xen-netback feature_control="0"'),
    ("xen-netback", 'options xen-netback max_queues=1 "feature_control=N"'),
    ("xen-blkback", "options xen-blkback feature-control=0"),
    ("xen-blkback", "options xen-blkback feature_control=OFF max_queues=1"),
    ("xen-blkback", "options xen-blkback feature_control=1 feature_control=n"),
    ("xen-blkback", "options xen-blkback feature_control="),
    ("xen-netback", "alias xen-backend:vif xen-other"), ("xen-blkback", "alias xen_backend:vb* other"),
    ("xen-netback", "alias xen-netback other"), ("xen-blkback", "install xen-blkback /bin/true")])
def test_told(host: Host, driver: str, line: str) -> None:
    """Whatever has another driver loaded, or ours without control, in the kernel's ways to write it."""
    host.write("etc/modprobe.d/a.conf", line + "\n")
    said = host.status(1)
    assert [key for key in said if key[0] == "modprobe"] == [("modprobe", driver)]
    assert said["modprobe", driver]["state"] == "fail"


@pytest.mark.parametrize("line", [
    "options xen-netback feature_control=on", 'options xen-netback feature_control="1"', "options xen-netback feature_control",
    "options xen-netback feature_control=0 feature_control=Y", "options xen-netback feature_control_x=0",
    "options xen-other feature_control=0", "alias xen-backend:vif xen-netback", "alias xen-backend:vkbd other",
    "alias other xen-netback", "install xen-netback2 /bin/true",
    "# End of configuration files. Dumping indexes now:\n\nalias xen-backend:vif other"])
def test_not_told(host: Host, line: str) -> None:
    host.write("etc/modprobe.d/a.conf", line + "\n")
    assert not [key for key in host.status() if key[0] == "modprobe"]


def test_debians_libvirt(host: Host) -> None:
    """Is nothing to us."""
    host.packages.update({"libvirt0": "10", "libvirt-daemon-driver-xen": "10"})
    assert ("libvirt", None) not in host.status()


@pytest.mark.parametrize("where,value", [
    ("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", "\x06\0\0\0\x01"),
    ("sys/module/module/parameters/sig_enforce", "Y\n")])
def test_secure_boot(host: Host, where: str, value: str) -> None:
    """A kernel loads only what is signed, with a key that is known to it."""
    off = value.replace("\x01", "\0").replace("Y", "N")
    host.write("var/lib/dkms/mok.pub", "")
    host.write("mokutil", "not enrolled")
    host.write(where, off)
    assert ("key", None) not in host.status()
    host.write(where, value)
    said = host.status(1)["drivers", RUNNING]
    assert said["state"] == "fail" and "not signed" in said["detail"] and "openssl" in said["to_do"]
    for driver in DRIVERS:
        with (host.root / f"lib/modules/{RUNNING}/updates/xen-backends/{driver}.ko.xz").open("a") as module:
            module.write("sig_key:        0A:1B\n")
    said = host.status(1)
    assert said["drivers", RUNNING]["state"] == "ok"
    assert said["key", None]["state"] == "fail" and "mokutil --import /var/lib/dkms/mok.pub" in said["key", None]["to_do"]
    host.write("mokutil", "already in the enrollment request")
    assert "MOK manager" in host.status(1)["key", None]["to_do"]
    host.write("mokutil", "already enrolled")
    assert host.status()["key", None]["state"] == "ok"
    # They are another's, whose key is not here; or it is told by no program.
    host.remove("var/lib/dkms/mok.pub")
    assert ("key", None) not in host.status()


def test_terminal(host: Host) -> None:
    """What another domain wrote reaches neither the terminal nor breaks the JSON."""
    name = 'a\x1b[31m"\\'
    host.store.append(f'/local/domain/4/name = "{name}"')
    host.monitor(78, name, "/usr/lib/libxenlight.so.4.17.0")
    host.request("feature-sg=\x1b[0m", domid=4)
    # xenstore-ls quotes; what is no such path is nothing.
    host.store.append('/libxl/4/device/vif/0/config = "x"')
    no_rules(host)
    hint(host, RUNNING, "\x1b[32m")
    said = host.status(1)
    assert ("monitors", 'a?[31m"\\') in said and said["drivers", RUNNING]["reason"] == "?[32m"
    assert "\x1b" not in "".join(sum(host.table(1), ()))
    out, _ = host.run("requests", rc=1)
    assert "\x1b" not in out and 'domain a?[31m"\\: vif/0: feature-sg=?[0m' in out


# What carries requests.

NO_REQUESTS = {"c_info": {"name": "saved", "uuid": '"config": {"feature-sg": "0"}'}, "b_info": {"max_vcpus": 1},
               "disks": [{"vdev": "xvda", "config": {}, "config_default": {"feature-sg": "default"}}],
               "nics": [{"devid": 0, "mac": "00:16:3e:00:00:01"}],
               "others": [{"config": {"a": "1"}}]}


def saved(**devices: dict) -> dict:
    config = json.loads(json.dumps(NO_REQUESTS))
    for kind, device in devices.items():
        config[kind].append(device)
    return config


@pytest.mark.parametrize("config,expected", [
    (NO_REQUESTS, []),
    (saved(nics={"devid": 1, "config": {"feature-sg": "0", "b": "1"}}), ["saved: vif/1: feature-sg=0,b=1"]),
    (saved(disks={"vdev": "xvdb", "config_default": {"feature-persistent": "0"}}),
     ["saved: vbd/xvdb: feature-persistent=0 (host)"]),
    (saved(disks={"config": {"a": "default"}, "config_default": {"a": "0"}, "vdev": "xvdb"}), []),
    (saved(disks={"config": {"a": "1"}, "config_default": {"a": "0", "c": "2"}}, nics={"config": {"d": "3"}}),
     ["saved: vif/1: d=3", "saved: vbd/1: a=1,c=2 (host)"]),
    (b"name = 'x'\nvif = [ 'config-feature-sg=0' ]\n\0", ["?: ?: ?"]),
    (b"name = 'x'\nvif = [ '' ]\n\0", []),
    (b'{ "c_info": { "name": "x" },\0', ["?: ?: ?"]),    # cut
])
def test_saved(host: Host, config: dict | bytes, expected: list[str]) -> None:
    """By the configuration at the head, and only that."""
    host.save("one", config, flags=2 if isinstance(config, bytes) and config[:1] != b"{" else 3)
    out, _ = host.run("requests", rc=1 if expected else 0)
    assert out.splitlines() == ([f"file /var/lib/xen/save/one: domain {line}" for line in expected]
                                or ["nothing has requests"])


@pytest.mark.parametrize("name,content", [
    ("no save file", b"hello"), ("empty", b""), ("cut", b"Xen saved domain, xl format\n \0 \r".ljust(32, b"\0") + b"abc"),
    ("lies", b"Xen saved domain, xl format\n \0 \r".ljust(32, b"\0") + struct.pack("=5I", 0x01020304, 1, 0, 9, 0xffffffff))])
def test_no_saved_domain(host: Host, name: str, content: bytes) -> None:
    host.save("x", NO_REQUESTS)
    (host.root / "var/lib/xen/save" / name).write_bytes(content)
    host.run("requests")


@pytest.mark.parametrize("defaults,found", [
    (None, False), ('XENDOMAINS_SAVE="/srv/a b"\n', True), ("XENDOMAINS_SAVE=\n", False), ("# nothing\n", False)])
def test_save_folder(host: Host, defaults: str | None, found: bool) -> None:
    """Of /etc/default/xendomains."""
    host.save("one", saved(nics={"config": {"a": "1"}}), folder="srv/a b")
    if defaults:
        host.write("etc/default/xendomains", defaults)
    host.run("requests", rc=1 if found else 0)


@pytest.mark.parametrize("defaults", ["exit 0\n", "XENDOMAINS_SAVE=/srv\nexit 0\n", None])
def test_save_folder_unknown(host: Host, defaults: str | None) -> None:
    """Then it is not said that nothing is there."""
    if defaults:
        host.write("etc/default/xendomains", defaults)
    else:
        (host.root / "etc/default/xendomains").mkdir(parents=True)
    assert "cannot tell from /etc/default/xendomains" in host.run("requests", rc=2)[1]


def test_hidden_save_file(host: Host) -> None:
    host.save(".one", saved(nics={"config": {"a": "1"}}))
    host.run("requests", rc=1)


def test_domains(host: Host) -> None:
    """Their devices, what is requested in the end, and their monitors."""
    host.request("feature-sg=0", "a=default")
    host.request("feature-sg=1", "a=0", "b=3", where="config_default")
    host.request("c=1", domid=5, device="vbd/51712")
    host.request("c=default", domid=6)
    host.monitor(78, "other")
    out, _ = host.run("requests", rc=1)
    assert out.splitlines() == [
        "domain guest: vif/0: feature-sg=0,b=3 (host)", "domain (5): vbd/51712: c=1",
        "domain guest: is monitored by xl process 77: this version"]
    host.remove("xenstore")
    host.store = None
    assert "cannot read xenstore" in host.run("requests", rc=2)[1]
    host.write("proc/xen/capabilities", "")
    host.run("requests")


@pytest.mark.parametrize("requested", [True, False])
def test_removal(host: Host, requested: bool) -> None:
    """Of the package: lists what has requests, if anything has."""
    if requested:
        host.request("feature-sg=0")
    host.settle()
    (host.programs / "xen-feature-control").symlink_to(COMMAND)
    done = subprocess.run(["sh", TOP / "packaging/xen/debian/xen-feature-control.prerm", "remove"], text=True,
                          env=host.environment(), capture_output=True, check=True)
    assert ("domain guest: vif/0: feature-sg=0" in done.stdout) == requested == bool(done.stdout)


# Switching.

def state(host: Host) -> dict[str, object]:
    """What disable and enable change."""
    return {"switch": host.has(SWITCH), "override": host.has(OVERRIDE), "left": host.has(OVERRIDE + ".new"),
            **{abi: host.chosen(abi) for abi in (OLDER, RUNNING, NEWEST)}}


ENABLED = {"switch": False, "override": False, "left": False,
           OLDER: {"kernel"}, RUNNING: {"updates"}, NEWEST: {"updates"}}
DISABLED = {"switch": True, "override": True, "left": False, **dict.fromkeys((OLDER, RUNNING, NEWEST), {"kernel"})}


@pytest.fixture
def switchable(host: Host) -> Host:
    """Two kernels with ours, one without."""
    host.kernel(OLDER, ours=None)
    host.kernel(NEWEST)
    host.write("boot/initrd.img-6.1.0-1-amd64.bak", "")
    # As if it were made after depmod.
    for abi in OLDER, RUNNING, NEWEST:
        host.write(f"boot/initrd.img-{abi}", (host.root / f"lib/modules/{abi}/modules.dep").read_text())
    assert state(host) == ENABLED
    return host


def test_disable_and_enable(switchable: Host) -> None:
    host = switchable
    files = set(host.files())
    out, err = host.run("disable")
    assert state(host) == DISABLED and not err
    assert host.log() == [f"{what} {abi}" for abi in (RUNNING, NEWEST) for what in ("depmod", "initrd")]
    lines = [line for line in (host.root / OVERRIDE).read_text().splitlines() if line[0] != "#"]
    assert lines == [f"override {name} * {folder}" for name, folder in DRIVERS.items()]
    assert "xen-netback: the one that is loaded stays" in out and "xl: Debian's from the next command" in out
    said = host.status(1)
    assert {key: check["state"] for key, check in said.items() if check["state"] != "ok"} == {
        ("enabled", None): "fail", ("xl", "4.17"): "none", **dict.fromkeys([
            ("drivers", abi) for abi in (OLDER, RUNNING, NEWEST)], "none")}
    assert "the kernel's own when it is loaded next" in said["loaded", "xen-netback"]["detail"]

    host.remove("log")
    assert "is disabled already" in host.run("disable")[0]
    assert state(host) == DISABLED and not host.log()

    out, err = host.run("enable")
    assert state(host) == ENABLED and not err and "xl: ours from the next command" in out
    assert host.log() == [f"{what} {abi}" for abi in (RUNNING, NEWEST) for what in ("depmod", "initrd")]
    assert set(host.files()) - files <= {
        str(host.root / path) for path in (
            "log", "run", "run/lock", "run/lock/xen-feature-control", "etc", "etc/depmod.d", "etc/xen",
            "packages", "policy", "xenstore")}
    host.remove("log")
    assert "is enabled already" in host.run("enable")[0]
    assert state(host) == ENABLED and not host.log()


@pytest.mark.parametrize("carries", ["domain", "file", "unknown"])
def test_requests_hold_it_back(switchable: Host, carries: str) -> None:
    host = switchable
    if carries == "domain":
        host.request("feature-sg=0")
    elif carries == "file":
        host.save("one", saved(nics={"config": {"feature-sg": "0"}}))
    else:
        host.store = None
    out, err = host.run("disable", rc=2 if carries == "unknown" else 1)
    assert state(host) == ENABLED and "nothing was changed" in err and "disable --force" in err
    if carries != "unknown":
        assert "feature-sg=0" in out and "keeps what it was granted until" in out
    again, _ = host.run("disable", "--force")
    assert state(host) == DISABLED and again.startswith(out)
    # They do not keep it from being enabled, nor what is disabled from being so.
    host.run("disable")
    host.run("enable")
    assert state(host) == ENABLED


@pytest.mark.parametrize("fails", [f"{what} {abi}" for abi in (RUNNING, NEWEST) for what in ("depmod", "initrd", "signal")])
@pytest.mark.parametrize("verb", ["disable", "enable"])
def test_half_done_is_undone(switchable: Host, verb: str, fails: str) -> None:
    host = switchable
    if verb == "enable":
        host.run("disable")
    before = state(host)
    host.write("fail", fails)
    _, err = host.run(verb, rc=1)
    assert state(host) == before and not host.has("fail")
    assert (fails.startswith("signal") or fails.split()[1] in err) and "failed; what was done is undone" in err
    assert "not all of it" not in err
    host.run(verb)
    assert state(host) == (DISABLED if verb == "disable" else ENABLED)


@pytest.mark.parametrize("verb", ["disable", "enable"])
def test_another_override(switchable: Host, verb: str) -> None:
    """That wants the opposite: nothing is half done, and it is named."""
    host = switchable
    folder = "updates/xen-backends" if verb == "disable" else DRIVERS["xen-netback"]
    if verb == "enable":
        host.run("disable")
    before = state(host)
    host.write("etc/depmod.d/a.conf", f"override xen-netback * {folder}\n")
    _, err = host.run(verb, rc=1)
    assert f"{RUNNING}: modprobe would take /lib/modules/{RUNNING}/{folder}/" in err and "another override" in err
    assert state(host) == before


def test_killed_in_between(switchable: Host) -> None:
    """Then the next run does the rest, also of the initial RAM disks."""
    host = switchable
    host.write(OVERRIDE, "".join(f"override {name} * {folder}\n" for name, folder in DRIVERS.items()))
    host.settle()
    subprocess.run([host.programs / "depmod", RUNNING], check=True, env=host.environment())
    os.utime(host.root / f"boot/initrd.img-{RUNNING}", (1, 1))
    host.remove("log")
    host.run("disable")
    assert state(host) == DISABLED
    assert host.log() == [f"initrd {RUNNING}", f"depmod {NEWEST}", f"initrd {NEWEST}"]


def test_dracut(switchable: Host) -> None:
    """Where there is no initramfs-tools; nothing where there is neither."""
    host = switchable
    update = host.programs / "update-initramfs"
    update.unlink()
    _, err = host.run("disable")
    assert err.count("neither update-initramfs nor dracut") == 2
    dracut = host.programs / "dracut"
    dracut.write_text('#!/bin/sh\necho "dracut $*" >>$R/log\n')
    dracut.chmod(0o755)
    host.remove("log")
    host.run("enable")
    assert [line for line in host.log() if "dracut" in line] == [
        f"dracut --quiet --force {host.root}/boot/initrd.img-{abi} {abi}" for abi in (RUNNING, NEWEST)]


def test_no_initrd(switchable: Host) -> None:
    """None is made where there was none, or no backend in it: there can be no room in /boot."""
    host = switchable
    host.remove(f"boot/initrd.img-{NEWEST}")
    host.run("disable")
    assert [line for line in host.log() if "initrd" in line] == [f"initrd {RUNNING}"]
    host.remove("log")
    host.write(f"boot/initrd.img-{RUNNING}", "nothing of ours\n")
    os.utime(host.root / f"boot/initrd.img-{RUNNING}", (1, 1))
    host.write("fail", f"initrd {RUNNING}")
    assert "is disabled already" in host.run("disable")[0]
    host.run("enable")
    assert not [line for line in host.log() if "initrd" in line]


def test_initrd_of_before(switchable: Host) -> None:
    """Enabled already, but for an initial RAM disk that cannot be made: that is not said to be."""
    host = switchable
    os.utime(host.root / f"boot/initrd.img-{RUNNING}", (1, 1))
    os.utime(host.root / f"lib/modules/{RUNNING}/modules.dep", (2, 2))
    host.write("fail", f"initrd {RUNNING}")
    out, err = host.run("enable", rc=1)
    assert "already" not in out and "is there room in /boot" in err


@pytest.fixture
def packaged(tmp_path: pathlib.Path) -> pathlib.Path:
    """The folder debian, as packaging/source makes it of these files."""
    debian = tmp_path / "package/debian"
    shutil.copytree(PART, debian / "feature-control")
    shutil.copy(TOP / "packaging/xen/debian/xen-feature-control.postrm", debian)
    merge = (TOP / "packaging/source").read_text().split("\n\tsed -i ")[1].split("\n\texit")[0]
    subprocess.run(["bash", "-c", f"top={TOP}\nsed -i {merge}"], cwd=debian.parent, check=True)
    return debian


def test_in_the_package(packaged: pathlib.Path) -> None:
    """All that it needs is in the package, and nothing of the drivers' packages; through the link."""
    part = packaged / "feature-control"
    assert "renew_initrd() {" in (part / "renew").read_text() and not (part / "renew").is_symlink()
    command = packaged.parent / "command"
    command.symlink_to(part / "xen-feature-control")
    said = subprocess.run([command, "--help"], check=True, text=True, capture_output=True)
    assert said.stdout.startswith("usage: ") and not said.stderr
    installed = (TOP / "packaging/xen/debian/xen-feature-control.install").read_text()
    for room in ROOMS:
        assert f"debian/feature-control/{room.name} usr/lib/xen-feature-control\n" in installed, room
    sourced = [line[9:-1] for line in COMMAND.read_text().splitlines() if line.startswith('. "$here/')]
    assert sorted(sourced) == sorted(room.name for room in ROOMS[1:])


def test_purge(switchable: Host, packaged: pathlib.Path) -> None:
    """Undoes disable, in initial RAM disks too; where it was not disabled, nothing is done."""
    host = switchable

    def purge() -> None:
        subprocess.run(["sh", packaged / "xen-feature-control.postrm", "purge"], check=True,
                       env={**host.environment(), "root": "/somebody's"})
    host.run("disable")
    host.remove("log")
    purge()
    assert state(host) == ENABLED
    assert host.log() == [f"{what} {abi}" for abi in (RUNNING, NEWEST) for what in ("depmod", "initrd")]
    host.remove("log")
    purge()
    assert not host.log()


def test_umask(switchable: Host) -> None:
    """What depmod makes and the switches stay readable, whatever root's shell is told."""
    host = switchable
    before = os.umask(0o077)
    try:
        host.run("disable")
    finally:
        os.umask(before)
    assert state(host) == DISABLED
    for file in OVERRIDE, SWITCH, f"lib/modules/{RUNNING}/modules.dep":
        assert (host.root / file).stat().st_mode & 0o777 == 0o644, file
    assert (host.root / OVERRIDE).parent.stat().st_mode & 0o777 == 0o755


def test_no_xen_switch(switchable: Host) -> None:
    """In a chroot, too: the files are looked at, xenstore is not."""
    host = switchable
    host.remove("sys", "proc")
    host.store = None
    host.run("disable")
    assert state(host) == DISABLED


def test_read_only(switchable: Host) -> None:
    """Nothing can be changed, and that is what is said."""
    switchable.write("run", "")
    assert "cannot write to /run/lock" in switchable.run("disable", rc=2)[1]
    switchable.status()


def test_one_at_a_time(switchable: Host) -> None:
    host = switchable
    host.write("run/lock/xen-feature-control", "")
    with subprocess.Popen(["flock", host.root / "run/lock/xen-feature-control", "sh", "-c", "echo; read x"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        assert "another" in host.run("disable", rc=2)[1]
        host.status()
        other.stdin.close()
    host.run("disable")


# How it is called.

@pytest.mark.parametrize("words", [
    [], ["stat"], ["status", "--yaml"], ["status", "--json", "x"], ["disable", "--yes"], ["disable", "--force", "x"],
    ["enable", "--force"], ["requests", "x"]])
def test_usage(switchable: Host, words: list[str]) -> None:
    out, err = switchable.run(*words, rc=2)
    assert "usage: xen-feature-control status" in err and not out
    assert state(switchable) == ENABLED


def test_only_root() -> None:
    """This machine's own: nothing is done by nobody."""
    # The checkout, and pytest's folders, can be root's alone.
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        for room in ROOMS:
            shutil.copy(room, folder)
        for verb in "disable", "enable":
            done = subprocess.run([f"{folder}/{COMMAND.name}", verb], env={"PATH": "/usr/bin:/bin"}, text=True,
                                  capture_output=True, check=False,
                                  **({"user": 65534, "group": 65534} if os.getuid() == 0 else {}))
            assert done.returncode == 2 and "only root can" in done.stderr


def test_plain_chroot() -> None:
    """Where /dev/fd is missing, which <(...) needs."""
    assert " <(" not in "".join(
        line for room in ROOMS for line in room.read_text().splitlines() if not line.startswith("shopt"))


def test_completion() -> None:
    def complete(*words: str) -> list[str]:
        done = subprocess.run(
            ["bash", "-c", '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _xen_feature_control; '
             'printf "%s\\n" "${COMPREPLY[@]}"', PART / "completion/xen-feature-control", "xen-feature-control", *words],
            text=True, stdout=subprocess.PIPE, check=True)
        return done.stdout.split()
    assert complete("e") == ["enable"] and complete("status", "") == ["--json"]
    assert complete("disable", "--f") == ["--force"] and complete("enable", "") == []


def test_manual() -> None:
    """Has every command, option, state and fact."""
    text = (PART / "xen-feature-control.8.pod").read_text()
    subprocess.run(["podchecker", PART / "xen-feature-control.8.pod"], check=True, stderr=subprocess.DEVNULL)
    script = "".join(room.read_text() for room in ROOMS)
    for name in ("status", "requests", "disable", "enable", "--json", "--force", "xen", "enabled", "xl", "libxl", "loaded",
                 "drivers", "advertised", "monitors", "none", "unknown", "to_do", "subject", "detail"):
        assert f"<{name}" in text, name
    for line in script.splitlines():
        for word in line.split():
            name = word.strip('"').split("=")[0].rstrip(":")
            if word.startswith('"') and "=" in word and name.replace("_", "").isalpha() and name.islower():
                assert f"<{name}>" in text, name
