# SPDX-License-Identifier: LGPL-2.1-or-later
"""The initramfs of each contender: A is verinit, C a bare program. Those of others are in peers.py."""

from __future__ import annotations

import hashlib
import lzma
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from imagelib.store import file_digest
from imagelib.uki import STUB
from imagelib.verity import UUID
from rows import parts, signatures
from rows.initrd import Floor, Initrd, floor_text
from rows.setup import WITHOUT_FIRMWARE

from .disk import BENCH, ROOT, TREE, USR, Disk

FLAVOUR = "cloud"
BARE = BENCH / "bare.c"
# The kernel tests its ciphers in a thread beside PID 1, for longer than a boot takes: docs/PERFORMANCE.md.
NO_SELF_TESTS = "cryptomgr.notests=1"
BASE_WORDS = f"console=ttyS0 quiet {NO_SELF_TESTS}"
SELINUX_WORDS = "security=selinux enforcing=1"
FEATURES = ("verity", "erofs", "ext4", "virtio-blk")
# What is proved by the firmware cannot be proved without one; the root is an ordinary one, as the others have it.
FLOOR_OF_VERINIT: Floor = {"root": "unverified", "etc": "plain", "ipe": "allow", **WITHOUT_FIRMWARE}
# With one it is. The disk has no signature of its own.
FLOOR_WITH_FIRMWARE: Floor = {"root": "unverified", "etc": "plain", "ipe": "allow", "root-hash-signature": "allow"}
# Not locked, since the smallest policy has no boolean for that.
SELINUX_OF_DISK: Floor = {"selinux-dir": "lib/selinux", "selinux-lock": "none"}
TPM_ALGORITHMS = {"sha1": 0x0004, "sha256": 0x000b, "sha384": 0x000c, "sha512": 0x000d}
# What the kernel traces, and room for all of it.
TRACE_CALLS = "trace_event=raw_syscalls:sys_enter,sched:sched_process_exec trace_buf_size=64M"
TRACE_TASKS = "trace_event=sched:sched_switch,sched:sched_process_exec trace_buf_size=16M"


@dataclass(frozen=True)
class Boot:
    """What QEMU is to boot: one contender, one way."""
    name: str
    initrd: Path
    cmdline: str
    uki: Path | None = None     # booted by the firmware in place of the two
    kernel: Path | None = None      # in place of Debian's


def cmdline(disk: Disk, selinux: bool, more: str = "") -> str:
    return " ".join((BASE_WORDS, *([SELINUX_WORDS] if selinux else []), disk.words, *([more] if more else [])))


def verinit(disk: Disk, init: Path, *, selinux: bool = False, features: tuple[str, ...] = FEATURES,
            options: tuple[str, ...] = (), firmware: bool = False, more: str = "") -> Boot:
    """`firmware`: it will be there, and is asked for all that it can prove."""
    floor = FLOOR_WITH_FIRMWARE if firmware else FLOOR_OF_VERINIT
    if firmware:
        # As it is shipped, since the firmware reads and measures every byte.
        features, options = (*features, "efivarfs"), (*options, "--level", "19")
    floor = {**floor, **(SELINUX_OF_DISK if selinux else {"selinux": "allow"})}
    words = cmdline(disk, selinux, more)
    name = "bench-verinit" + "-selinux" * selinux + "-firmware" * firmware
    initrd = Initrd(name=name, init=init, flavour=FLAVOUR, cmdline=words, floor=floor, features=features, options=options).make()
    return Boot("A", initrd, words)


def as_uki(boot: Boot) -> Boot:
    """The same as a signed image, by ukify."""
    kernel, (key, certificate) = parts.kernel(FLAVOUR), signatures.key_of("db")
    inputs = {"initrd": file_digest(boot.initrd), "words": boot.cmdline, "kernel": file_digest(kernel.vmlinuz), "keys": parts.keys_digest(),
              "tools": parts.tools().parent.name, "source": file_digest(Path(__file__))}

    def build(out: Path) -> None:
        (out / "cmdline").write_text(boot.cmdline)
        parts.tool(["ukify", "build", "--linux", parts.inside(kernel.vmlinuz), "--initrd", parts.inside(boot.initrd), "--cmdline",
                    f"@{parts.inside(out / 'cmdline')}", "--uname", kernel.release, "--stub", STUB, "--output", parts.inside(out / "unsigned.efi")])
        parts.run(["sbsign", "--key", key, "--cert", certificate, "--output", out / "node.efi", out / "unsigned.efi"])
        (out / "unsigned.efi").unlink()
    return replace(boot, uki=parts.store().stage(f"bench-uki-{boot.name}", inputs, build) / "node.efi")


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


def tpm_extend(pcr: int, word: str, banks: tuple[str, ...]) -> bytes:
    """TPM2_PCR_Extend with the empty password (TPM 2.0 Library, part 3, 22.2); each bank gets the digest of the word."""
    session = struct.pack(">IHBH", 0x40000009, 0, 0, 0)
    digests = b"".join(struct.pack(">H", TPM_ALGORITHMS[name]) + hashlib.new(name, word.encode()).digest() for name in banks)
    body = struct.pack(">II", pcr, len(session)) + session + struct.pack(">I", len(banks)) + digests
    return struct.pack(">HII", 0x8002, 10 + len(body), 0x182) + body


@dataclass(frozen=True)
class Work:
    """What A has done in its boot, for C to do: modules in their order, words for the TPM and its banks."""
    modules: tuple[str, ...]
    words: tuple[tuple[int, str], ...] = ()
    banks: tuple[str, ...] = ()

    @classmethod
    def of(cls, sample: dict[str, Any]) -> Work:
        return cls(tuple(sample["modules"]), tuple((pcr, word) for pcr, word in sample["words"]), tuple(sample["banks"]))


def plan(disk: Disk, work: Work, suffix: str) -> str:
    lines = [f"module /modules/{name}{suffix}" for name in work.modules]
    lines += [f"await /dev/{disk.device}{number}" for number in (USR, TREE, ROOT)]
    lines += [f"tpm {tpm_extend(pcr, word, work.banks).hex()}" for pcr, word in work.words]
    lines += [f"verity CRYPT-VERITY-{UUID.replace('-', '')}-usr {disk.sectors} {disk.table}",
              f"mount /dev/{disk.device}{ROOT} ext4 /sysroot rw", f"mount /dev/mapper/usr {disk.fstype} /sysroot/usr ro"]
    return "".join(f"{line}\n" for line in lines)


def pack(tree: Path, out: Path) -> None:
    names = sorted(str(path.relative_to(tree)) for path in tree.rglob("*"))
    archive = out.with_suffix(".cpio")
    parts.run(["cpio", "--quiet", "-o", "-H", "newc", "--reproducible", "-R", "0:0", "-D", tree, "-F", archive],
              stdin="\n".join(names) + "\n")
    parts.run(["zstd", "-q", "-f", "-19", "-o", out, archive])
    archive.unlink()


def bare(disk: Disk, work: Work, *, compressed: bool = False, more: str = "", directory: Path | None = None) -> Boot:
    """`compressed`: modules as the kernel's package has them; of Debian's kernel or of `directory`."""
    directory = directory or parts.modules(FLAVOUR)
    suffix = ".ko.xz" if compressed else ".ko"
    text = plan(disk, work, suffix)
    inputs = {"source": [file_digest(BARE), file_digest(Path(__file__))], "plan": text, "release": str(directory.relative_to(parts.TOP))}

    def build(out: Path) -> None:
        with TemporaryDirectory(dir=out) as scratch:
            tree = Path(scratch)
            (tree / "modules").mkdir()
            parts.compile_static(tree / "init", BARE)
            for name in work.modules:
                source = _module_file(directory, name)
                (tree / f"modules/{name}{suffix}").write_bytes(source.read_bytes() if compressed else module_bytes(source))
            (tree / "plan").write_text(text)
            pack(tree, out / "initrd")
    return Boot("C", parts.store().stage("bench-bare", inputs, build) / "initrd", cmdline(disk, False, more))
