# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small /usr volumes, properly hashed and with the wrong thing in them: disks of a few MiB, kept between runs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from imagelib.store import EPOCH, file_digest
from imagelib.variants import USR_TYPE, USR_VERITY_TYPE, guid
from imagelib.verity import BLOCK, SALT, UUID

from . import parts

MIB = 1 << 20
CONFIG = "etc/selinux/config"
ENFORCING = b"SELINUX=enforcing\nSELINUXTYPE=default\n"
POLICIES = "etc/selinux/default/policy"


@dataclass(frozen=True)
class Volume:
    """`files` become an erofs; without any, `empty` says what the volume holds. `padding` is hashed behind it."""
    name: str
    files: dict[str, bytes] = field(default_factory=dict)
    empty: str = "zeros"
    padding: int = 0

    def make(self) -> tuple[Path, str]:
        """The disk, laid out as Discoverable Partitions, and its root hash."""
        inputs = {"files": {path: content.hex() for path, content in self.files.items()},
                  "empty": self.empty, "padding": self.padding, "source": file_digest(Path(__file__))}
        out = parts.store().stage(f"volume-{self.name}", inputs, self._build)
        return out / "disk.raw", json.loads((out / "root_hash.json").read_text())

    def _build(self, out: Path) -> None:
        usr, tree = out / "usr", out / "usr.verity"
        if self.files:
            for path, content in self.files.items():
                target = out / "tree" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            parts.run(["mkfs.erofs", "--quiet", f"-T{EPOCH}", f"-U{UUID}", "--all-root", usr, out / "tree"])
        else:
            usr.write_bytes(bytes(MIB))
            if self.empty == "ext2":
                parts.run(["mkfs.ext2", "-q", "-F", f"-b{BLOCK}", usr])
        with open(usr, "ab") as file:
            file.write(bytes(self.padding))
        text = parts.run(["veritysetup", "format", f"--salt={SALT}", f"--uuid={UUID}",
                          f"--data-block-size={BLOCK}", f"--hash-block-size={BLOCK}", usr, tree])
        found = re.search(r"^Root hash:\s*([0-9a-f]{64})$", text, re.M)
        assert found, text
        _write_disk(out / "disk.raw", usr, tree, found[1])
        (out / "root_hash.json").write_text(json.dumps(found[1]))


def _write_disk(disk: Path, usr: Path, tree: Path, root_hash: str) -> None:
    usr_mib, tree_mib = (-(-path.stat().st_size // MIB) for path in (usr, tree))
    disk.write_bytes(bytes((usr_mib + tree_mib + 2) * MIB))
    parts.run(["sfdisk", "--quiet", disk], stdin=(
        "label: gpt\n"
        f"start=1MiB, size={usr_mib}MiB, type={USR_TYPE}, uuid={guid(root_hash[:32])}, name=usr\n"
        f"start={1 + usr_mib}MiB, size={tree_mib}MiB, type={USR_VERITY_TYPE}, "
        f"uuid={guid(root_hash[-32:])}, name=usr-verity\n"))
    with open(disk, "r+b") as file:
        for offset, part in ((1, usr), (1 + usr_mib, tree)):
            file.seek(offset * MIB)
            file.write(part.read_bytes())


def foreign_root() -> Path:
    """An ext4 root labelled FOREIGN that brings a /lib64 of its own: there the kernel looks for the interpreter."""
    inputs = {"source": file_digest(Path(__file__))}
    return parts.store().stage("root-foreign", inputs, _build_foreign_root) / "disk.raw"


def _build_foreign_root(out: Path) -> None:
    for name in ("usr", "etc", "proc", "sys", "dev", "run", "lib64"):
        (out / "tree" / name).mkdir(parents=True)
    (out / "tree/lib64/ld-linux-x86-64.so.2").write_bytes(b"anything\n")
    parts.run(["mkfs.ext4", "-q", "-L", "FOREIGN", "-d", out / "tree", out / "disk.raw", "16M"])


EMPTY = Volume("empty")
# Says how long it is, which is all that stage verify asks, and is no file system that verinit mounts.
EXT2 = Volume("ext2", empty="ext2")
PADDED = Volume("padded", {CONFIG: ENFORCING}, padding=4 * BLOCK)
NO_POLICY = Volume("no-policy", {CONFIG: ENFORCING, f"{POLICIES}/README": b"nothing here\n"})
NEW_POLICY = Volume("new-policy", {CONFIG: ENFORCING, f"{POLICIES}/policy.34": b"not read\n"})
TWO_POLICIES = Volume("two-policies", {CONFIG: ENFORCING, f"{POLICIES}/policy.32": b"a\n",
                                       f"{POLICIES}/policy.33": b"b\n"})
BAD_POLICY = Volume("bad-policy", {CONFIG: ENFORCING, f"{POLICIES}/policy.33": b"no policy\n" * 100})
PERMISSIVE = Volume("permissive", {CONFIG: ENFORCING.replace(b"enforcing", b"permissive"),
                                   f"{POLICIES}/policy.33": b"not read\n"})
