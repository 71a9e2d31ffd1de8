# SPDX-License-Identifier: LGPL-2.1-or-later
"""The boot disk of a row: a private copy with the row's UKI on its ESP, and what the row changes on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from imagelib import sparse
from imagelib.image import Image
from machine.disk import BOOT_PATH, with_uki
from rows import parts
from rows.setup import unsigned_disk
from rows.tamper import Edit

from . import gpt_edit

MIB = 1 << 20

# Where systemd-stub looks for add-ons and credentials of the UKI that was started.
EXTRA_DIRECTORY = f"{BOOT_PATH}.extra.d"
GLOBAL_CREDENTIALS = "loader/credentials"

Damage = Callable[[Image], list[Edit]]


@dataclass(frozen=True)
class Medium:
    """`content` gives another disk than the image's, with an ESP if firmware is to start from it; `superfloppy` one that is a file system without a partition
    table. `esp` gives files for the ESP by path; `partitions` edits the table with fitting checksums; then `damage` changes
    bytes."""
    content: Callable[[], Path] | None = None
    superfloppy: bool = False
    esp: dict[str, Callable[[], Path]] = field(default_factory=dict)
    partitions: gpt_edit.Edit | None = None
    damage: Damage | None = None

    def make(self, image: Image, uki: Path | None, target: Path) -> Path:
        """Without a UKI: the disk of a boot without firmware, and so without the signature that only firmware has a key for."""
        if self.superfloppy:
            assert uki is not None
            return _superfloppy(uki, target)
        if uki is None:
            sparse.copy(self.content() if self.content else unsigned_disk(image), target)
        else:
            with_uki(self.content() if self.content else image.disk, uki, target)
        for path, make in self.esp.items():
            put(target, image, make(), path)
        if self.partitions is not None:
            gpt_edit.edit(target, self.partitions)
        if self.damage is not None:
            edits = self.damage(image)
            assert edits
            with open(target, "r+b") as disk:
                for edit in edits:
                    disk.seek(edit.offset)
                    disk.write(edit.content)
        return target


def _superfloppy(uki: Path, target: Path) -> Path:
    """Firmware starts a UKI from it, and has no partition to name."""
    target.unlink(missing_ok=True)
    parts.run(["mkfs.fat", "-C", "-F", "32", target, str(64 * MIB // 1024)])
    for directory in ("EFI", "EFI/BOOT"):
        parts.run(["mmd", "-i", target, f"::/{directory}"])
    parts.run(["mcopy", "-i", target, uki, f"::/{BOOT_PATH}"])
    return target


def put(disk: Path, image: Image, source: Path, path: str) -> None:
    esp = f"{disk}@@{image.partitions['esp'].offset}"
    for parent in reversed(Path(path).parents[:-1]):
        if not parts.succeeds(["mdir", "-b", "-i", esp, f"::/{parent}"]):
            parts.run(["mmd", "-i", esp, f"::/{parent}"])
    parts.run(["mcopy", "-D", "o", "-i", esp, source, f"::/{path}"])


def flipped(place: Callable[[Image], int]) -> Damage:
    """One bit of the byte at PLACE."""
    def damage(image: Image) -> list[Edit]:
        with open(image.disk, "rb") as disk:
            disk.seek(place(image))
            return [Edit(place(image), bytes([disk.read(1)[0] ^ 0x01]))]
    return damage


def written(place: Callable[[Image], int], content: bytes | Callable[[Image], bytes]) -> Damage:
    return lambda image: [Edit(place(image), content if isinstance(content, bytes) else content(image))]
