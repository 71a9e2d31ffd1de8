# SPDX-License-Identifier: LGPL-2.1-or-later
"""The initramfs of each contender: A is verinit, C the floor. Those of others are in peers.py."""

from __future__ import annotations

import lzma
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from imagelib.store import file_digest
from imagelib.verity import UUID
from rows import parts
from rows.initrd import Floor, Initrd, floor_text
from rows.setup import WITHOUT_FIRMWARE

from .disk import BENCH, DISK_DEVICE, ROOT, Disk, compile_static

FLAVOUR = "cloud"
FLOOR = BENCH / "floor.c"
# The kernel tests its ciphers in a thread beside PID 1, for longer than a boot takes: docs/PERFORMANCE.md.
NO_SELF_TESTS = "cryptomgr.notests=1"
BASE_WORDS = f"console=ttyS0 quiet {NO_SELF_TESTS}"
SELINUX_WORDS = "security=selinux enforcing=1"
FEATURES = ("verity", "erofs", "ext4", "virtio-blk")
# What is proved by the firmware cannot be proved without one; the root is an ordinary one, as the others have it.
FLOOR_OF_VERINIT: Floor = {"root": "unverified", "etc": "plain", "ipe": "allow", **WITHOUT_FIRMWARE}


@dataclass(frozen=True)
class Boot:
    """What QEMU is to boot: one contender, one way."""
    name: str
    initrd: Path
    cmdline: str
    kernel: Path | None = None      # in place of Debian's


def cmdline(disk: Disk, selinux: bool) -> str:
    return " ".join((BASE_WORDS, *([SELINUX_WORDS] if selinux else []), disk.words))


def verinit(disk: Disk, init: Path, *, selinux: bool = False, features: tuple[str, ...] = FEATURES,
            options: tuple[str, ...] = ()) -> Boot:
    floor = FLOOR_OF_VERINIT if selinux else {**FLOOR_OF_VERINIT, "selinux": "allow"}
    words = cmdline(disk, selinux)
    name = "bench-verinit-selinux" if selinux else "bench-verinit"
    initrd = Initrd(name=name, init=init, flavour=FLAVOUR, cmdline=words, floor=floor, features=features, options=options).make()
    return Boot("A", initrd, words)


def packed(disk: Disk, init: Path) -> Path:
    """A's initramfs as small as the command makes it; what is booted here is packed faster."""
    words, modules = cmdline(disk, False), parts.modules(FLAVOUR)
    inputs = {"init": file_digest(init), "verinit": file_digest(parts.VERINIT), "words": words,
              "modules": str(modules.relative_to(parts.IMAGES)), "source": file_digest(Path(__file__))}

    def build(out: Path) -> None:
        (out / "floor.conf").write_text(floor_text({**FLOOR_OF_VERINIT, "selinux": "allow"}))
        parts.run([parts.VERINIT, "initrd", "build", "--quiet", "--init", init, "--modules-dir", modules, "--cmdline", words,
                   "--floor", out / "floor.conf", *(f"--feature={name}" for name in FEATURES), "--output", out / "initrd"])
    return parts.store().stage("bench-packed", inputs, build) / "initrd"


def _module_file(directory: Path, name: str) -> Path:
    """Of a name as /proc/modules has it."""
    found = [path for path in directory.glob("kernel/**/*.ko*") if path.name.split(".ko")[0].replace("-", "_") == name]
    assert len(found) == 1, f"{name}: {found}"
    return found[0]


def module_bytes(path: Path) -> bytes:
    """Raw, as `verinit initrd build` packs them."""
    content = path.read_bytes()
    return lzma.decompress(content) if path.suffix == ".xz" else content


def plan(disk: Disk, modules: list[str], suffix: str) -> str:
    lines = [f"module /modules/{name}{suffix}" for name in modules]
    lines += [f"verity CRYPT-VERITY-{UUID.replace('-', '')}-usr {disk.sectors} {disk.table}",
              f"mount /dev/{DISK_DEVICE}{ROOT} ext4 /sysroot rw", f"mount /dev/mapper/usr {disk.fstype} /sysroot/usr ro"]
    return "".join(f"{line}\n" for line in lines)


def pack(tree: Path, out: Path) -> None:
    names = sorted(str(path.relative_to(tree)) for path in tree.rglob("*"))
    archive = out.with_suffix(".cpio")
    parts.run(["cpio", "--quiet", "-o", "-H", "newc", "--reproducible", "-R", "0:0", "-D", tree, "-F", archive],
              stdin="\n".join(names) + "\n")
    parts.run(["zstd", "-q", "-f", "-19", "-o", out, archive])
    archive.unlink()


def floor(disk: Disk, modules: list[str], *, compressed: bool = False, directory: Path | None = None) -> Boot:
    """`modules` as A has loaded them, in that order; `compressed` as the kernel's package has them; of Debian's kernel or `directory`."""
    directory = directory or parts.modules(FLAVOUR)
    suffix = ".ko.xz" if compressed else ".ko"
    text = plan(disk, modules, suffix)
    inputs = {"source": [file_digest(FLOOR), file_digest(Path(__file__))], "plan": text, "release": str(directory.relative_to(parts.TOP))}

    def build(out: Path) -> None:
        with TemporaryDirectory(dir=out) as scratch:
            tree = Path(scratch)
            (tree / "modules").mkdir()
            compile_static(FLOOR, tree / "init")
            for name in modules:
                source = _module_file(directory, name)
                (tree / f"modules/{name}{suffix}").write_bytes(source.read_bytes() if compressed else module_bytes(source))
            (tree / "plan").write_text(text)
            pack(tree, out / "initrd")
    return Boot("C", parts.store().stage("bench-floor", inputs, build) / "initrd", cmdline(disk, False))
