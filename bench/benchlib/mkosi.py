# SPDX-License-Identifier: LGPL-2.1-or-later
"""B2: the initrd that mkosi-initrd of Debian trixie makes, by mkosi itself and the configuration that Debian ships with it
(resources/mkosi-initrd), with the arguments that mkosi-initrd gives to mkosi. One of them is left out, since the machine that builds
is not the one that boots: --kernel-modules-include=host, the modules that the builder has loaded. What the guest needs is in the list
of that configuration anyway."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from imagelib.debian import LISTS, MINBASE, Debian, Package
from imagelib.store import EPOCH, BuildError, Store
from rows import parts

from . import TOP
from .contenders import FLAVOUR, Boot, cmdline
from .disk import BENCH, Disk

MKOSI = BENCH / "mkosi"
# mkosi makes sandboxes of mounts, and moves the root in them: that takes a root which is a mount. The repositories are those of the
# tree, whose apt has all it needs already; a network it does not get.
ENTER = """\
mount --bind "$0" "$0"
cd "$0"
mount -t proc proc proc
mount --rbind /dev dev
mount --bind "$1" mnt
exec chroot . env -i PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 TZ=UTC HOME=/root SOURCE_DATE_EPOCH="$2" "${@:3}"
"""


def arguments(release: str) -> list[str]:
    """As mkosi/initrd.py of 25.3 has them, which kernel-install tells of the kernel: without one, no module is left out."""
    modules = f"/usr/lib/modules/{release}"
    return ["mkosi", "--force", "--directory", "", "--format", "cpio", "--output", "initrd", "--output-directory", "/mnt",
            "--extra-tree", f"{modules}:{modules}", "--extra-tree=/usr/lib/firmware:/usr/lib/firmware",
            "--remove-files=/usr/lib/firmware/*-ucode", "--kernel-modules-exclude=.*", "--build-sources", "", "--include=mkosi-initrd",
            "--workspace-dir=/var/tmp", "--package-cache-dir=/var", "--cache-only=metadata", "--output-mode=600",
            "--extra-tree", f"/boot/vmlinuz-{release}:{modules}/vmlinuz", "--sandbox-tree", "/sandbox"]


def listed(name: str) -> list[str]:
    lines = (MKOSI / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _contents(debian: Debian) -> list[Package]:
    return debian.resolve(["?essential", "base-files", *listed("contents.txt")])


def tree() -> Path:
    """A Debian with mkosi, the kernel's modules, and in apt's cache what the initrd is made of."""
    debian = Debian(Store(parts.IMAGES / "stages"), TOP / "build/debs")
    modules, contents = parts.modules(FLAVOUR), _contents(debian)
    inputs = {"packages": [str(p) for p in debian.resolve(MINBASE + listed("packages.txt"))], "contents": [str(p) for p in contents],
              "modules": str(modules.relative_to(parts.IMAGES))}

    def build(out: Path) -> None:
        top = out / "tree"
        debian.tree("mkosi", listed("packages.txt"), top)
        shutil.copytree(modules, top / "usr/lib/modules" / modules.name, symlinks=True)
        shutil.copy(parts.kernel(FLAVOUR).vmlinuz, top / "boot" / f"vmlinuz-{modules.name}")
        # The apt that mkosi uses is configured as that of the tree, and no repository of its own is added.
        shutil.copytree(top / "etc/apt", top / "sandbox/etc/apt")
        (top / "sandbox/etc/apt/sources.list.d/mkosi.sources").touch()
        # It wants one. A machine without a firmware package has nothing in it.
        (top / "usr/lib/firmware").mkdir(exist_ok=True)
        for path in (*LISTS.glob("*_InRelease"), *LISTS.glob("*_Packages")):
            shutil.copy(path, top / "var/lib/apt/lists")
        for path in debian.fetch(contents):
            shutil.copy(path, top / "var/cache/apt/archives")
    return Store(TOP / "build/bench/stages").stage("mkosi-tree", inputs, build) / "tree"


def _run(where: Path, out: Path) -> None:
    command = ["unshare", "--mount", "--net", "--propagation", "private", "--", "bash", "-ec", ENTER, where, out, EPOCH,
               *arguments(parts.kernel(FLAVOUR).release)]
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True, check=False)
    (out / "mkosi.log").write_text(done.stdout + done.stderr)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-30:])
        raise BuildError(f"mkosi-initrd failed with {done.returncode}:\n{tail}")


def initrd() -> Path:
    where = tree()
    return Store(TOP / "build/bench/stages").stage(
        "mkosi", {"tree": where.parent.name, "how": [ENTER, *arguments("")]}, lambda out: _run(where, out)) / "initrd"


def boot(disk: Disk, *, selinux: bool = False) -> Boot:
    return Boot("B2", initrd(), cmdline(disk, selinux))
