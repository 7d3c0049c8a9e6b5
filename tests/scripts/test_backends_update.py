# SPDX-License-Identifier: GPL-2.0
"""packaging/backends/update: which kernels get our drivers, and which keep their own.

In a root with kernels of which only what it reads is there. dpkg-query, dkms, modinfo and
the like are a few lines of shell: a "module" is its sources, one behind the other.
"""
from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

import pytest

BACKENDS = pathlib.Path(__file__).resolve().parents[2] / "packaging/backends"
MODULES = {"xen-netback": "net", "xen-blkback": "block"}
NEWEST = "6.1.10-1"
PROGRAMS = {
    # Of a file with lines "PACKAGE STATUS VERSION SOURCE-PACKAGE".
    "dpkg-query": """
shift 3
for package; do
    sed -n "s/^$package //p" "$XEN_BACKENDS_ROOT/packages" | grep . || rc=1
done
exit ${rc-0}""",
    "dkms": """
action=$1
while [ $# -gt 0 ]; do
    case $1 in --dkmstree) tree=$2 ;; --sourcetree) source=$2 ;; -m) m=$2 ;; -v) v=$2 ;; -k) k=$2 ;; esac
    shift
done
[ $action = build ] || exit 0
[ ! -e "$XEN_BACKENDS_ROOT/broken-$k" ] || { echo "compiler: bad"; exit 10; }
echo "$k" >>"$XEN_BACKENDS_ROOT/built"
into=$tree/$m/$v/$k/x86_64/module
mkdir -p "$into"
key=$XEN_BACKENDS_ROOT/var/lib/dkms/mok.pub
[ -e "$key" ] || [ -e "$XEN_BACKENDS_ROOT/no-key" ] || { mkdir -p "${key%/*}" && echo 0A1B >"$key"; }
for module in net/xen-netback block/xen-blkback; do
    { cat "$source/$m-$v/drivers/$module"/*.c "$source/$m-$v/drivers/$module/Makefile"
        sed 's/^../signed &:/' "$key" 2>/dev/null; } |
        xz >"$into/${module#*/}.ko.xz" || exit
done""",
    "modinfo": """
if [ "$1" = -k ]; then
    for path in updates/xen-backends kernel; do
        file=$XEN_BACKENDS_ROOT/lib/modules/$2/$path/$4.ko
        [ ! -e "$file" ] || { echo "$file"; exit; }
    done
    exit 1
fi
[ "$3" != "${3%.ko}" ] && [ -e "$3" ] || exit 1
case $2 in
version) sed -n 's/^MODULE_VERSION("\\(.*\\)");/\\1/p' "$3" ;;
sig_key) sed -n 's/^signed //p' "$3" ;;
debian_source) sed -n 's/^#define SOURCE "\\(.*\\)"/\\1/p' "$3" ;;
esac""",
    "depmod": '[ ! -e "$XEN_BACKENDS_ROOT/no-depmod" ] && echo "depmod $1" >>"$XEN_BACKENDS_ROOT/renewed"',
    "update-initramfs": '[ ! -e "$XEN_BACKENDS_ROOT/no-initrd" ] && echo "initrd $3" >>"$XEN_BACKENDS_ROOT/renewed"',
    "lsinitramfs": 'cat "$1"',
    "dracut": 'echo "dracut $4" >>"$XEN_BACKENDS_ROOT/renewed"',
    "openssl": '[ "$1 $2 $3 $4" = "x509 -noout -serial -in" ] && sed "s/^/serial=/" "$5"',
    "lsinitrd": 'cat "$1"',
    "logger": 'shift 5; echo "$*" >>"$XEN_BACKENDS_ROOT/log"',
}


def driver(text: str) -> dict[str, str]:
    """What of a kernel's source is patched: text is what a version differs in."""
    return {f"drivers/{folder}/{name}/{file}": content
            for name, folder in MODULES.items()
            for file, content in {
                "main.c": f"{text}\nint first;\nint hook;\nint last;\n",
                "Makefile": f"{name}-y := main.o\n"}.items()}


def write(folder: pathlib.Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


class Root:
    """With the package of NEWEST, revision 1."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.lib = path / "usr/lib/xen-backends"
        self.state = path / "var/lib/xen-backends"
        self.packages: dict[str, str] = {}
        self.lib.mkdir(parents=True)
        (path / "boot").mkdir()
        for name in ("update", "patch-drivers", "certificate", "renew", "Kbuild", "dkms.conf", "version.c"):
            shutil.copy(BACKENDS / name, self.lib)
        write(self.lib, {
            "series": "6.1 config2.1\n",
            "files/include/ours.h": "\n",
            "patches/series": "xen-netback/1.patch\nxen-blkback/1.patch\n",
            **{f"patches/{name}/1.patch": "\n".join([
                f"--- a/drivers/{folder}/{name}/main.c", f"+++ b/drivers/{folder}/{name}/main.c",
                "@@ -2,3 +2,4 @@", " int first;", " int hook;", "+int ours;", " int last;", ""])
               for name, folder in MODULES.items()},
            **{f"pristine/{NEWEST}/{file}": content for file, content in driver("newest").items()},
        })
        write(path / "bin", {name: f"#!/bin/sh\n{text}\n" for name, text in PROGRAMS.items()})
        for program in (path / "bin").iterdir():
            program.chmod(0o755)

    def install(self, package: str, version: str, source: str = "linux") -> None:
        self.packages[package] = f"installed {version} {source}"

    def kernel(self, kernel: str, version: str, config: str = "m", initrd: bool = True) -> None:
        self.install(f"linux-image-{kernel}", version, "linux-signed-amd64")
        self.install(f"linux-headers-{kernel}", version)
        write(self.path / "lib/modules" / kernel, {
            "modules.dep": "", "kernel/xen-netback.ko": "", "kernel/xen-blkback.ko": "",
            "build/.config": f"CONFIG_XEN_NETDEV_BACKEND={config}\nCONFIG_XEN_BLKDEV_BACKEND=m\n"})
        write(self.path / "boot", {f"config-{kernel}": ""})
        if initrd:
            write(self.path / "boot", {f"initrd.img-{kernel}": "lib/modules/xen-blkback.ko\n"})

    def source(self, version: str, text: str) -> None:
        """linux-source of that version."""
        self.install("linux-source-6.1", version)
        folder = self.path / "source"
        write(folder / "linux-source-6.1", {"README": "", **driver(text)})
        (self.path / "usr/src").mkdir(exist_ok=True)
        subprocess.run(["tar", "-cJf", self.path / "usr/src/linux-source-6.1.tar.xz",
                        "linux-source-6.1"], cwd=folder, check=True)
        shutil.rmtree(folder)

    def update(self, *words: str, rc: int = 0) -> str:
        (self.path / "packages").write_text(
            "".join(f"{name} {rest}\n" for name, rest in self.packages.items()))
        for name in ("renewed", "built", "log"):
            (self.path / name).write_text("")
        done = subprocess.run(
            [self.lib / "update", *words], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False,
            env={"PATH": f"{self.path}/bin:{os.environ['PATH']}",
                 "XEN_BACKENDS_ROOT": str(self.path)})
        assert done.returncode == rc, done.stdout
        assert not list(self.state.glob("build")) and not list(self.path.glob("lib/**/*.new"))
        return done.stdout

    def lines(self, name: str) -> list[str]:
        return (self.path / name).read_text().splitlines()

    def kernels(self) -> dict[str, list[str]]:
        return {line.split("\t")[0]: line.split("\t")[1:]
                for line in (self.state / "kernels").read_text().splitlines()}

    def module(self, kernel: str, name: str = "xen-netback") -> str:
        path = self.path / f"lib/modules/{kernel}/updates/xen-backends/{name}.ko"
        return path.read_text() if path.exists() else ""


@pytest.fixture(name="root")
def _root(tmp_path: pathlib.Path) -> Root:
    root = Root(tmp_path)
    root.kernel("6.1.0-10-amd64", NEWEST)
    return root


def test_built_once(root: Root) -> None:
    """Of the kernel's source, with our patches; then there is nothing to do."""
    said = root.update()
    assert said == "xen-backends-dkms: 6.1.0-10-amd64: drivers with feature control\n"
    assert root.kernels() == {"6.1.0-10-amd64": [NEWEST, "ours", ""]}
    for name in MODULES:
        module = root.module("6.1.0-10-amd64", name)
        assert "newest" in module and "int ours" in module
        assert f'MODULE_VERSION("{NEWEST}+config2.1")' in module
    assert root.lines("renewed") == ["depmod 6.1.0-10-amd64", "initrd 6.1.0-10-amd64"]
    root.update()
    assert root.lines("built") == root.lines("renewed") == []


def test_new_version_of_ours(root: Root) -> None:
    """Takes over; until it can be built, the one before stays."""
    root.update()
    (root.lib / "series").write_text("6.1 config2.2\n")
    (root.path / "broken-6.1.0-10-amd64").touch()
    said = root.update(rc=1)
    assert "not yet those of config2.2: they could not be built" in said
    assert "config2.1" in root.module("6.1.0-10-amd64")
    assert root.kernels()["6.1.0-10-amd64"][1] == "ours"
    (root.path / "broken-6.1.0-10-amd64").unlink()
    root.update()
    assert "config2.2" in root.module("6.1.0-10-amd64")
    assert not (root.state / "6.1.0-10-amd64.log").exists()


def test_other_version(root: Root) -> None:
    """A kernel of another version: with its source, of that; without, its own. What was
    taken from linux-source is kept as long as such a kernel is there."""
    root.kernel("6.1.0-11-amd64", "6.1.11-1")
    root.source("6.1.12-1", "later")
    said = root.update()
    assert "6.1.0-11-amd64: keeps its own" in said and "linux-source-6.1 is 6.1.12-1" in said
    assert root.kernels()["6.1.0-11-amd64"][:2] == ["6.1.11-1", "own"]
    assert root.module("6.1.0-10-amd64")
    root.source("6.1.11-1", "second")
    root.update()
    assert root.lines("built") == ["6.1.0-11-amd64"]
    assert "second" in root.module("6.1.0-11-amd64") and "newest" in root.module("6.1.0-10-amd64")

    root.source("6.1.12-1", "later")
    (root.lib / "series").write_text("6.1 config2.2\n")
    root.update()
    assert root.lines("built") == ["6.1.0-10-amd64", "6.1.0-11-amd64"]
    shutil.rmtree(root.path / "lib/modules/6.1.0-11-amd64/kernel")
    root.packages["linux-image-6.1.0-11-amd64"] = "config-files 6.1.11-1 linux-signed-amd64"
    root.update()
    assert {path.name for path in (root.state / "pristine").iterdir()} == {NEWEST}
    assert not root.module("6.1.0-11-amd64")
    assert (root.path / "lib/modules/6.1.0-11-amd64/modules.dep").exists()


def test_same_name_other_version(root: Root) -> None:
    """A kernel that is exchanged under its name does not keep the drivers of the other."""
    root.update()
    root.kernel("6.1.0-10-amd64", "6.1.11-1")
    root.update()
    assert not root.module("6.1.0-10-amd64")
    assert root.lines("renewed") == ["depmod 6.1.0-10-amd64"] * 2 + ["initrd 6.1.0-10-amd64"]
    assert not (root.path / "lib/modules/6.1.0-10-amd64/updates").exists()


def test_hunk(root: Root) -> None:
    """A patch that does not apply exactly: its own; the other kernels go on."""
    root.kernel("6.1.0-09-amd64", "6.1.9-1")
    write(root.lib / "pristine/6.1.9-1", driver("older"))
    write(root.lib / "pristine/6.1.9-1", {"drivers/block/xen-blkback/main.c": "int hooks;\n"})
    said = root.update(rc=1)
    assert root.kernels() == {
        "6.1.0-09-amd64": ["6.1.9-1", "own",
                           "xen-blkback/1.patch does not apply to Linux 6.1.9-1"],
        "6.1.0-10-amd64": [NEWEST, "ours", ""]}
    assert "xen-blkback/1.patch does not apply" in said and "does not apply" in root.lines("log")[0]
    assert not root.module("6.1.0-09-amd64")


@pytest.mark.parametrize("what, reason", [
    ("headers", "linux-headers-6.1.0-09-amd64 is not installed"),
    ("other headers", "linux-headers-6.1.0-09-amd64 is 6.1.8-1"),
    ("series", "it is not a Linux 6.1"),
    ("own kernel", "it is not a kernel of Debian's"),
    ("own package", "it is not a kernel of Debian's"),
    ("built in", "xen-netback is built in"),
    ("cloud", "it has no xen-netback")])
def test_not_for_us(root: Root, what: str, reason: str) -> None:
    """Keeps its own, and nothing has failed."""
    kernel = "6.1.0-09-amd64"
    root.kernel(kernel, "6.12.9-1" if what == "series" else NEWEST,
                config={"built in": "y", "cloud": "n"}.get(what, "m"))
    if what == "headers":
        shutil.rmtree(root.path / f"lib/modules/{kernel}/build")
    elif what == "other headers":
        root.install(f"linux-headers-{kernel}", "6.1.8-1")
    elif what == "own kernel":
        del root.packages[f"linux-image-{kernel}"]
    elif what == "own package":
        root.install(f"linux-image-{kernel}", NEWEST, "linux-upstream")
    said = root.update()
    assert f"{kernel}: keeps its own drivers, without feature control: {reason}" in said
    assert root.kernels()[kernel][1:] == ["own", reason]
    assert root.kernels()["6.1.0-10-amd64"][1] == "ours"


def test_build_fails(root: Root) -> None:
    """Says where to look, and is tried again."""
    (root.path / "broken-6.1.0-10-amd64").touch()
    root.update(rc=1)
    log = root.state / "6.1.0-10-amd64.log"
    assert root.kernels()["6.1.0-10-amd64"][1:] == ["own", f"they could not be built, see {log}"]
    assert "compiler: bad" in log.read_text()
    (root.path / "broken-6.1.0-10-amd64").unlink()
    root.update()
    assert root.module("6.1.0-10-amd64") and not log.exists()


def test_key(root: Root) -> None:
    """What is not signed with DKMS's key, as before there was one, is built again."""
    kernel = "6.1.0-10-amd64"
    (root.path / "no-key").touch()
    assert "drivers with feature control: DKMS did not sign them" in root.update()
    assert root.kernels()[kernel] == [NEWEST, "ours", "DKMS did not sign them"]
    (root.path / "no-key").unlink()
    root.update()
    assert root.lines("built") == [kernel] and "signed 0A:1B" in root.module(kernel)
    assert root.kernels()[kernel] == [NEWEST, "ours", ""]
    assert root.lines("renewed") == [f"depmod {kernel}", f"initrd {kernel}"]
    write(root.path, {"var/lib/dkms/mok.pub": "0A1C\n"})
    root.update()
    assert root.lines("built") == [kernel] and "signed 0A:1C" in root.module(kernel)
    # One of his own, and one that cannot be read.
    write(root.path, {"etc/dkms/framework.conf": f'mok_certificate="{root.path}/$kernelver.pub"\n', f"{kernel}.pub": "0A1C\n"})
    root.update()
    assert root.lines("built") == []
    (root.path / "bin/openssl").write_text("#!/bin/sh\nexit 1\n")
    root.update()
    assert root.lines("built") == []


def test_prebuilt(root: Root) -> None:
    """Is left alone, also at removal; of another source, it is said."""
    package, folder = "xen-backends-modules-6.1.0-10-amd64", "lib/modules/6.1.0-10-amd64/updates/xen-backends"
    root.install(package, "6.1.10+1+config2.1", "xen-backends")
    text = f'#define SOURCE "{NEWEST}"\nMODULE_VERSION("{NEWEST}+config2.9");\n'
    write(root.path / folder, {f"{name}.ko": text for name in MODULES})
    root.update()
    assert root.kernels()["6.1.0-10-amd64"] == [NEWEST, "prebuilt", ""]
    root.packages["linux-image-6.1.0-10-amd64"] = "installed 6.1.10-2 linux-signed-amd64"
    root.update(rc=1)
    assert root.kernels()["6.1.0-10-amd64"] == [
        "6.1.10-2", "prebuilt", f"{package} is made of Linux {NEWEST}"]
    root.update("--withdraw")
    assert root.module("6.1.0-10-amd64") == text
    assert root.lines("renewed") == []
    # Its removal, which dpkg tells of.
    root.kernel("6.1.0-10-amd64", NEWEST)
    del root.packages[package]
    shutil.rmtree(root.path / folder)
    root.update()
    assert root.kernels()["6.1.0-10-amd64"] == [NEWEST, "ours", ""]


def test_mark_of_prebuilt(root: Root) -> None:
    """Their package leaves a mark where the initial RAM disk could not be made anew; update
    tries again; and what is withdrawn is not theirs."""
    kernel = "6.1.0-10-amd64"
    mark = root.state / "renew" / kernel
    script = root.path / "maintainer"
    text = (BACKENDS / "debian/modules.maintainer").read_text().replace("@kernel@", kernel)
    script.write_text(text.replace("#RENEW#", (BACKENDS / "renew").read_text()))

    def configure(verb: str = "configure") -> str:
        return subprocess.run(
            ["sh", script, verb], check=True, text=True, stderr=subprocess.PIPE,
            env={"PATH": f"{root.path}/bin:{os.environ['PATH']}", "root": "/somebody's",
                 "XEN_BACKENDS_ROOT": str(root.path)}).stderr

    (root.path / "no-initrd").touch()
    assert f"dpkg-reconfigure xen-backends-modules-{kernel}" in configure() and mark.exists()
    root.install(f"xen-backends-modules-{kernel}", "1", "xen-backends")
    root.update("--withdraw")
    assert mark.exists()
    (root.path / "no-initrd").unlink()
    assert not configure() and not root.state.exists()
    (root.path / "no-initrd").touch()
    configure("remove")
    assert mark.exists()
    configure("purge")
    assert not root.state.exists()
    configure()
    (root.path / "no-initrd").unlink()
    root.update(rc=1)
    assert not mark.exists()


def test_initial_ram_disk(root: Root) -> None:
    """Only where it has a backend, and belongs to a kernel; again if that failed."""
    root.kernel("6.1.0-09-amd64", NEWEST, initrd=False)
    root.kernel("6.1.0-11-amd64", NEWEST)
    write(root.path / "boot", {"initrd.img-6.1.0-11-amd64": "nothing of ours\n",
                               "initrd.img-6.1.0-10-amd64.bak": "xen-blkback.ko\n",
                               "initrd.img-6.1.0-01-amd64": "xen-blkback.ko\n"})
    (root.path / "no-initrd").touch()
    assert "initial RAM disk could not be made anew" in root.update(rc=1)
    assert root.kernels()["6.1.0-10-amd64"][1] == "ours"
    (root.path / "no-initrd").unlink()
    root.update()
    assert root.lines("built") == []
    assert root.lines("renewed") == ["depmod 6.1.0-10-amd64", "initrd 6.1.0-10-amd64"]


def test_not_configured_yet(root: Root) -> None:
    """A kernel whose own package will run depmod, and make the initial RAM disk."""
    (root.path / "lib/modules/6.1.0-10-amd64/modules.dep").unlink()
    root.update()
    assert root.module("6.1.0-10-amd64") and root.lines("renewed") == []


def test_dracut(root: Root) -> None:
    (root.path / "bin/update-initramfs").unlink()
    root.update()
    assert root.lines("renewed")[1:] == ["dracut 6.1.0-10-amd64"]


@pytest.mark.skipif(shutil.which("update-initramfs") is not None or shutil.which("dracut") is not None,
                    reason="this machine has one")
def test_neither(root: Root) -> None:
    for name in ("update-initramfs", "dracut"):
        (root.path / "bin" / name).unlink()
    root.update()
    assert root.lines("renewed") == ["depmod 6.1.0-10-amd64"]


def test_depmod_fails(root: Root) -> None:
    """Drivers are not taken away before modprobe knows it."""
    root.update()
    root.kernel("6.1.0-10-amd64", "6.1.11-1")
    (root.path / "no-depmod").touch()
    assert "could not be removed" in root.update(rc=1)
    assert root.module("6.1.0-10-amd64")
    assert root.kernels()["6.1.0-10-amd64"][1] == "ours"
    (root.path / "no-depmod").unlink()
    root.update()
    assert not root.module("6.1.0-10-amd64")


def test_no_mark(root: Root) -> None:
    """Then drivers stay, and the other kernels go on."""
    root.kernel("6.1.0-11-amd64", NEWEST)
    root.update()
    root.kernel("6.1.0-10-amd64", "6.1.11-1")
    (root.state / "renew/6.1.0-10-amd64").mkdir()
    assert "6.1.0-11-amd64: drivers with" in root.update(rc=1)
    assert root.module("6.1.0-10-amd64")


def test_removal(root: Root) -> None:
    root.update()
    root.update("--withdraw")
    assert root.lines("renewed")[-1] == "initrd 6.1.0-10-amd64"
    assert not (root.path / "lib/modules/6.1.0-10-amd64/updates").exists()
    assert not root.state.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
@pytest.mark.parametrize("where", ["var/lib/xen-backends", "lib/modules"])
def test_disk_full(root: Root, where: str) -> None:
    """Says so, leaves nothing half done, and goes on when there is room."""
    folder = root.path / where
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder, root.path / "copy", symlinks=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], check=True)
    try:
        shutil.copytree(root.path / "copy", folder, dirs_exist_ok=True, symlinks=True)
        with (folder / "filler").open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError:
                pass
        said = root.update(rc=1)
        assert "no space left on the disk" in said
        assert not root.module("6.1.0-10-amd64") and root.lines("renewed") == []
        (folder / "filler").unlink()
        root.update()
        assert root.module("6.1.0-10-amd64")
    finally:
        subprocess.run(["umount", folder], check=True)
