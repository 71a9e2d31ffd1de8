# SPDX-License-Identifier: LGPL-2.1-or-later
"""What people boot a verified /usr with today, built as they would: B is dracut of Debian trixie, with the configurations of
bench/dracut/; B2 is in mkosi.py."""

from __future__ import annotations

import shutil
from pathlib import Path

from imagelib.debian import MINBASE, Debian
from imagelib.store import EPOCH, Store, digests
from imagelib.toolstree import Tools, host
from machine.spec import Trouble
from rows import parts

from . import TOP, mkosi
from .contenders import FLAVOUR, Boot, cmdline
from .disk import BENCH, Disk

DRACUT = BENCH / "dracut"
CONFIGURATIONS = ("lean", "min")


def packages() -> list[str]:
    lines = (DRACUT / "packages.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def tree() -> Path:
    """A Debian with dracut and the kernel's modules in it."""
    store = Store(TOP / "build/bench/stages")
    debian = Debian(Store(parts.IMAGES / "stages"), TOP / "build/debs")
    modules = parts.modules(FLAVOUR)
    inputs = {"packages": [str(p) for p in debian.resolve(MINBASE + packages())], "modules": str(modules.relative_to(parts.IMAGES))}

    def build(out: Path) -> None:
        debian.tree("dracut", packages(), out / "tree")
        shutil.copytree(modules, out / "tree/usr/lib/modules" / modules.name, symlinks=True)
    return store.stage("dracut-tree", inputs, build) / "tree"


def initrd(configuration: str) -> Path:
    config, where, release = DRACUT / f"{configuration}.conf", tree(), parts.kernel(FLAVOUR).release

    def build(out: Path) -> None:
        text = Tools(where).run(["env", f"SOURCE_DATE_EPOCH={EPOCH}", "dracut", "--conf", host(config), "--confdir", "/mnt",
                                 "--force", "--kver", release, host(out / "initrd")], tree=where)
        (out / "dracut.log").write_text(text)
    return Store(TOP / "build/bench/stages").stage(
        f"dracut-{configuration}", {"tree": where.parent.name, "config": digests(config)}, build) / "initrd"


def dracut(disk: Disk, configuration: str, *, selinux: bool = False) -> Boot:
    return Boot(f"B-{configuration}", initrd(configuration), cmdline(disk, selinux))


def boot(disk: Disk, name: str) -> Boot:
    """A contender by its name."""
    if name == "B2":
        return mkosi.boot(disk)
    if name.removeprefix("B-") not in CONFIGURATIONS:
        raise Trouble(f"{name}: nobody of that name takes part; A, C, B2 and {', '.join(f'B-{c}' for c in CONFIGURATIONS)} do")
    return dracut(disk, name.removeprefix("B-"))
