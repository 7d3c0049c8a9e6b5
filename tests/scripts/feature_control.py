# SPDX-License-Identifier: GPL-2.0
"""xen-feature-control on a host that is a folder, with stand-ins for the programs that it asks."""
from __future__ import annotations

import itertools
import json
import os
import pathlib
import shutil
import struct
import subprocess

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
case $xl in *qemu*) grep -q lacking "$1" && printf '\tlibspice.so.1 => not found\n'; exit 0 ;; esac
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
        self.qemu = "(none)"
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

    def our_qemu(self, ours: str = "7", debians: str = "7") -> None:
        self.packages.update({"qemu-system-xen-features": f"{ours}+config1.300", "qemu-system-xen": debians})
        program = "usr/libexec/xen-qemu-system-i386"
        self.write(program, "\x7fELF /etc/xen/feature-control.disabled")
        self.write(f"{program}.stock", "\x7fELF")
        (self.root / program).chmod(0o755)

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

    def request(self, *requests: str, of_host: tuple[str, ...] = (), domid: int = 3, device: str = "vif/0") -> None:
        """As xenstore-ls prints the copy of libxl_device_config.h."""
        lines = [*requests, *(["", *of_host] if of_host else [])]
        text = "".join(f"{line}\n" for line in lines)
        for number in itertools.count():
            piece = text if len(text) <= 1024 else text[:1024].rstrip("\n")
            text = text[len(piece):]
            quoted = piece.replace("\\", "\\\\").replace("\n", "\\n")
            self.store.append(f'/libxl/{domid}/device/{device}/config{f"/{number}" if number else ""} = "{quoted}"')
            if not text:
                break

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
        self.write("policy", f"qemu-system-xen:\n  Installed: (none)\n  Candidate: {self.qemu}\n"
                   f"libxenmisc4.17:\n  Installed: (none)\n  Candidate: {self.candidate}\n"
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


def state(host: Host) -> dict[str, object]:
    """What disable and enable change."""
    return {"switch": host.has(SWITCH), "override": host.has(OVERRIDE), "left": host.has(OVERRIDE + ".new"),
            **{abi: host.chosen(abi) for abi in (OLDER, RUNNING, NEWEST)}}


ENABLED = {"switch": False, "override": False, "left": False,
           OLDER: {"kernel"}, RUNNING: {"updates"}, NEWEST: {"updates"}}
DISABLED = {"switch": True, "override": True, "left": False, **dict.fromkeys((OLDER, RUNNING, NEWEST), {"kernel"})}


NO_REQUESTS = {"c_info": {"name": "saved", "uuid": '"config": {"feature-sg": "0"}'}, "b_info": {"max_vcpus": 1},
               "disks": [{"vdev": "xvda", "config": {}, "config_default": {"feature-sg": "default"}}],
               "nics": [{"devid": 0, "mac": "00:16:3e:00:00:01"}],
               "others": [{"config": {"a": "1"}}]}


def saved(**devices: dict) -> dict:
    config = json.loads(json.dumps(NO_REQUESTS))
    for kind, device in devices.items():
        config[kind].append(device)
    return config
