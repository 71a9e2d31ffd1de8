# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests see of a finished image: image.json beside the disk, and this reader of it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import sparse
from .store import TOP

OUT = TOP / "build" / "images"


@dataclass(frozen=True)
class Partition:
    """Place on the disk, in bytes; CONTENT is how much of SIZE the file in it takes."""

    number: int
    offset: int
    size: int
    content: int
    type: str
    partuuid: str


@dataclass(frozen=True)
class Kernel:
    release: str
    uki: Path               # signed
    unsigned: Path
    initrd: Path
    vmlinuz: Path
    pcr11: dict[str, dict[str, str]]    # phase path, bank: predicted value

    @property
    def ready(self) -> dict[str, str]:
        """PCR 11 of a booted host in each bank."""
        return self.pcr11["enter-initrd:leave-initrd:sysinit:ready"]


@dataclass(frozen=True)
class Image:
    variant: str
    directory: Path
    disk: Path
    variables: Path         # OVMF variables with our keys, Secure Boot on
    db_key: Path
    db_cert: Path
    floor: Path
    cmdline: str
    root_hash: str
    salt: str
    uuid: str               # of the verity superblock
    data_blocks: int
    block_size: int
    hash_offset: int        # of the superblock in its partition
    policy_sha256: str      # of the SELinux policy in /usr/etc
    partitions: dict[str, Partition]
    kernels: dict[str, Kernel]
    default_kernel: str     # the one on the ESP

    @property
    def data_offset(self) -> int:
        """First byte of the verified data on the disk."""
        return self.partitions["usr"].offset

    @property
    def tree_offset(self) -> int:
        """First byte of the verity superblock on the disk."""
        name = "usr-verity" if "usr-verity" in self.partitions else "usr"
        return self.partitions[name].offset + self.hash_offset

    @property
    def tree_start(self) -> int:
        """First byte of the tree on the disk: the root block, one hash block behind the superblock."""
        return self.tree_offset + self.block_size

    @property
    def pin(self) -> str:
        """The word that pins the geometry, spelled out here and not by verinit."""
        start = -(-(self.hash_offset + 512) // self.block_size)
        return (f"init.verity=1:sha256:{self.block_size}:{self.block_size}:{self.data_blocks}:{start}:{self.salt}:"
                f"{self.uuid}")

    def copy(self, target: Path) -> Path:
        """A copy of the disk for a test to damage; holes stay holes."""
        sparse.copy(self.disk, target)
        return target

    def to_json(self) -> str:
        def plain(value: Any) -> Any:
            if isinstance(value, Path):
                return _relative(value, self.directory)
            raise TypeError(type(value))
        fields = asdict(self)
        del fields["directory"]
        return json.dumps(fields, indent=1, default=plain) + "\n"


def _relative(path: Path, directory: Path) -> str:
    return str(path.relative_to(directory) if path.is_relative_to(directory) else path)


def load(variant: str, out: Path = OUT) -> Image:
    """The image VARIANT as tests/qemu/image has built it."""
    directory = out / variant
    fields = json.loads((directory / "image.json").read_text())
    for name in ("disk", "variables", "db_key", "db_cert", "floor"):
        fields[name] = directory / fields[name]
    fields["partitions"] = {n: Partition(**p) for n, p in fields["partitions"].items()}
    fields["kernels"] = {n: _kernel(directory, k) for n, k in fields["kernels"].items()}
    return Image(directory=directory, **fields)


def _kernel(directory: Path, fields: dict[str, Any]) -> Kernel:
    files = {n: directory / fields[n] for n in ("uki", "unsigned", "initrd", "vmlinuz")}
    return Kernel(release=fields["release"], pcr11=fields["pcr11"], **files)
