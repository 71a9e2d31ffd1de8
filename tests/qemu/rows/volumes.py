# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small /usr volumes, properly hashed and with the wrong thing in them: disks of a few MiB, kept between runs."""

from __future__ import annotations

import json
import lzma
import os
import re
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from imagelib.store import EPOCH, file_digest
from imagelib.variants import USR_TYPE, USR_VERITY_TYPE, guid
from imagelib.verity import BLOCK, SALT, UUID

from . import parts
from .ipe import Policy

MIB = 1 << 20
CONFIG = "etc/selinux/config"
ENFORCING = b"SELINUX=enforcing\nSELINUXTYPE=default\n"
FEC_TYPE = "0fc63daf-8483-4772-8e79-3d69d8477de4"  # Linux data: there is none for parity
FEC_GUID = "b3a4c5d6-0009-4000-8000-000000000009"
FEC_ROOTS = 2
POLICIES = "etc/selinux/default/policy"
GUEST = Path(__file__).resolve().parents[1] / "guest"
REPORTER = (GUEST / "reporter.c", GUEST / "firmware.c", GUEST / "firmware.h", GUEST / "report.h")


@dataclass(frozen=True)
class Volume:
    """`files` become an erofs; without any, `empty` says what the volume holds. `padding` is hashed behind it."""
    name: str
    files: dict[str, bytes] = field(default_factory=dict)
    empty: str = "zeros"
    padding: int = 0
    has_fec: bool = False
    block: int = BLOCK      # of the data
    policy: str = ""        # where below /usr the image's own SELinux directory is copied to
    without: tuple[str, ...] = ()   # and what is left out of it
    renamed: tuple[bytes, bytes] = (b"", b"")   # in the policy itself: a name, and another of the same length
    is_host: bool = False   # its init is the program that reports
    sources: tuple[Path, ...] = REPORTER    # of that program
    inline: bool = False    # tree behind the data, on one partition
    policies: dict[str, Policy] = field(default_factory=dict)   # IPE's, each at its path; by its digest where that is empty
    modules: tuple[tuple[str, str], ...] = ()   # of Debian's kernels: flavour, and path below its directory; in lib here

    def pin(self) -> str:
        """The word that pins its geometry."""
        blocks = (self.made() / "usr").stat().st_size // self.block
        return f"init.verity=1:sha256:{self.block}:{BLOCK}:{blocks}:1:{SALT}:{UUID}"

    def options(self) -> str:
        """The same as systemd has it, without a superblock: the tree begins in the second block."""
        blocks = (self.made() / "usr").stat().st_size // BLOCK
        return (f"superblock=no,format=1,hash=sha256,data-block-size={BLOCK},hash-block-size={BLOCK},data-blocks={blocks},"
                f"salt={SALT},uuid={UUID},hash-offset={BLOCK}")

    def make(self) -> tuple[Path, str]:
        """The disk, laid out as Discoverable Partitions, and its root hash."""
        out = self.made()
        return out / "disk.raw", json.loads((out / "root_hash.json").read_text())

    def made(self) -> Path:
        """Its directory: usr, usr.verity, perhaps usr.fec, and disk.raw."""
        inputs = {"files": {path: content.hex() for path, content in self.files.items()},
                  "empty": self.empty, "padding": self.padding, "fec": self.has_fec, "block": self.block, "policy": self.policy,
                  "without": self.without, "renamed": [name.hex() for name in self.renamed], "image": parts.image(parts.KERNELS).root_hash if self.policy else "",
                  "host": parts.sources(*self.sources) if self.is_host else {}, "modules": {path: file_digest(file) for path, file in self._modules()}, "inline": self.inline,
                  "policies": {path: policy.digest() for path, policy in self.policies.items()}, "source": file_digest(Path(__file__))}
        return parts.store().stage(f"volume-{self.name}", inputs, self._build)

    def _modules(self) -> list[tuple[str, Path]]:
        files = [parts.modules(flavour) / path for flavour, path in self.modules]
        return [(f"lib/{file.name.removesuffix('.xz')}", file) for file in files]

    def _build(self, out: Path) -> None:
        usr, tree = out / "usr", out / "usr.verity"
        if self.policy:
            copy_policy(out / "tree" / self.policy, self.without)
            rename(next((out / "tree" / self.policy).glob("default/policy/policy.*")), *self.renamed)
        if self.is_host:
            program = out / "tree/lib/systemd/systemd"
            program.parent.mkdir(parents=True)
            parts.compile_static(program, *(source for source in self.sources if source.suffix == ".c"))
        if self.files or self.policy:
            policies = {path or policy.path_in_usr: policy.make().read_bytes() for path, policy in self.policies.items()}
            for path, content in {**self.files, **policies}.items():
                target = out / "tree" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            for path, file in self._modules():
                (out / "tree" / path).write_bytes(lzma.decompress(file.read_bytes()))
                # Debian's policy lets a module be loaded that has this label, and no other.
                os.setxattr(out / "tree" / path, "security.selinux", b"system_u:object_r:modules_object_t:s0\0")
            parts.run(["mkfs.erofs", "--quiet", f"-T{EPOCH}", f"-U{UUID}", "--all-root", usr, out / "tree"])
        else:
            usr.write_bytes(bytes(MIB))
            if self.empty == "ext2":
                parts.run(["mkfs.ext2", "-q", "-F", f"-b{BLOCK}", usr])
        with open(usr, "ab") as file:
            file.write(bytes(self.padding))
        # The parity covers the hash device up to its end: so the file is as large as the partition will be.
        tree.write_bytes(bytes(MIB))
        fec = [f"--fec-device={out / 'usr.fec'}", f"--fec-roots={FEC_ROOTS}"] if self.has_fec else []
        text = parts.run(["veritysetup", "format", f"--salt={SALT}", f"--uuid={UUID}", *fec,
                          f"--data-block-size={self.block}", f"--hash-block-size={BLOCK}", usr, tree])
        found = re.search(r"^Root hash:\s*([0-9a-f]{64})$", text, re.M)
        assert found, text
        if self.inline:
            with open(usr, "ab") as file:
                file.write(tree.read_bytes())
        _write_disk(out / "disk.raw", found[1], *([usr] if self.inline else [usr, tree]),
                    *([out / "usr.fec"] if self.has_fec else []))
        (out / "root_hash.json").write_text(json.dumps(found[1]))


def copy_policy(target: Path, without: tuple[str, ...]) -> None:
    """The image's own, out of its erofs."""
    image = parts.image(parts.KERNELS)
    parts.ROOM.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=parts.ROOM) as scratch:
        usr, tree = Path(scratch, "usr"), Path(scratch, "tree")
        with open(image.disk, "rb") as disk, open(usr, "wb") as file:
            disk.seek(image.data_offset)
            file.write(disk.read(image.partitions["usr"].content))
        parts.run(["fsck.erofs", f"--extract={tree}", "--no-preserve", usr])
        shutil.copytree(tree / "etc/selinux", target)
    for name in without:
        (target / name).unlink()


def rename(policy: Path, old: bytes, new: bytes) -> None:
    """Of a boolean: its length stands before its name."""
    assert len(old) == len(new)
    content, length = policy.read_bytes(), len(old).to_bytes(4, "little")
    assert not old or content.count(length + old) == 1, f"{policy} has no such name once: {old!r}"
    policy.write_bytes(content.replace(length + old, length + new) if old else content)


def _write_disk(disk: Path, root_hash: str, *files: Path) -> None:
    """Data, tree and perhaps parity."""
    kinds = ((USR_TYPE, guid(root_hash[:32]), "usr"), (USR_VERITY_TYPE, guid(root_hash[-32:]), "usr-verity"),
             (FEC_TYPE, FEC_GUID, "usr-fec"))
    write_partitions(disk, [(*kind, file) for file, kind in zip(files, kinds)])


def write_partitions(disk: Path, partitions: list[tuple[str, str, str, Path]]) -> None:
    """Type, GUID, name and content of each: one behind the other."""
    script, content, start = ["label: gpt"], bytearray(MIB), 1
    for kind, uuid, name, file in partitions:
        size = -(-file.stat().st_size // MIB)
        script.append(f"start={start}MiB, size={size}MiB, type={kind}, uuid={uuid}, name={name}")
        content += file.read_bytes().ljust(size * MIB, b"\0")
        start += size
    disk.write_bytes(bytes((start + 1) * MIB))
    parts.run(["sfdisk", "--quiet", disk], stdin="\n".join((*script, "")))
    with open(disk, "r+b") as image:
        image.seek(MIB)
        image.write(content[MIB:])


def foreign_root() -> Path:
    """An ext4 root labelled FOREIGN that brings a /lib64 of its own: there the kernel looks for the interpreter."""
    return root("FOREIGN", {"lib64/ld-linux-x86-64.so.2": b"anything\n"})


def root(label: str, files: dict[str, bytes] | None = None, links: dict[str, str] | None = None) -> Path:
    """A disk that is an ext4 root with this label."""
    content, targets = files or {}, links or {}

    def build(out: Path) -> None:
        for name in {"usr", "etc", "proc", "sys", "dev", "run"} - set(content):
            (out / "tree" / name).mkdir(parents=True)
        for name, text in content.items():
            (out / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            (out / "tree" / name).write_bytes(text)
        for name, target in targets.items():
            (out / "tree" / name).symlink_to(target)
        parts.run(["mkfs.ext4", "-q", "-L", label, "-d", out / "tree", out / "disk.raw", "16M"])
    inputs = {"files": {name: text.hex() for name, text in content.items()}, "links": targets,
              "source": file_digest(Path(__file__))}
    return parts.store().stage(f"root-{label}", inputs, build) / "disk.raw"


EMPTY = Volume("empty")
# Says how long it is, which is all that stage verify asks, and is no file system that verinit mounts.
EXT2 = Volume("ext2", empty="ext2")
# Each file fills blocks of its own, so that one in the middle can be damaged.
BLOCK_OF_CONFIG = (ENFORCING + (b"#" * 99 + b"\n") * 41)[:BLOCK - 1] + b"\n"
FEC = Volume("fec", {CONFIG: BLOCK_OF_CONFIG, f"{POLICIES}/README": b"nothing here\n" * 1024}, has_fec=True)
# Larger than a page: dm-verity of 6.12 does not take it for data (drivers/md/dm-verity-target.c verity_ctr()).
LARGE_BLOCKS = Volume("large-blocks", block=8192)
# A whole /usr, most of it policy: what boots from it has an init that reports and does nothing else.
LATE = b"late".ljust(BLOCK, b".")
# Around it more than the kernel reads ahead when PID 1 looks at either end of the mapping.
HOST = Volume("host", {"etc/hostname": b"node\n", "lib/late": bytes(MIB // 2) + LATE + bytes(MIB // 2 - BLOCK)}, policy="lib/selinux", is_host=True)
HOST_INLINE = replace(HOST, name="host-inline", inline=True)
# With a module that asks for firmware, which the cloud kernel has none of without a device, and the file for it.
HOST_FIRMWARE = replace(HOST, name="host-firmware", files={**HOST.files, "lib/firmware/usr.bin": b"of the volume\n"},
                        modules=(("generic", "kernel/lib/test_firmware.ko.xz"),))
NO_ETC = Volume("no-etc", policy="lib/selinux")
NO_CONTEXTS = Volume("no-contexts", policy="lib/selinux", without=("default/contexts/files/file_contexts",
                                                                    "default/contexts/files/file_contexts.bin"))
NO_LOCK = replace(HOST, name="no-lock", renamed=(b"secure_mode_policyload", b"secure_mode_policyl0ad"))
PADDED = Volume("padded", {CONFIG: ENFORCING}, padding=4 * BLOCK)
NO_POLICY = Volume("no-policy", {CONFIG: ENFORCING, f"{POLICIES}/README": b"nothing here\n"})
NEW_POLICY = Volume("new-policy", {CONFIG: ENFORCING, f"{POLICIES}/policy.34": b"not read\n"})
TWO_POLICIES = Volume("two-policies", {CONFIG: ENFORCING, f"{POLICIES}/policy.32": b"a\n",
                                       f"{POLICIES}/policy.33": b"b\n"})
BAD_POLICY = Volume("bad-policy", {CONFIG: ENFORCING, f"{POLICIES}/policy.33": b"no policy\n" * 100})
PERMISSIVE = Volume("permissive", {CONFIG: ENFORCING.replace(b"enforcing", b"permissive"),
                                   f"{POLICIES}/policy.33": b"not read\n"})
