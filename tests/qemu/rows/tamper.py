# SPDX-License-Identifier: LGPL-2.1-or-later
"""Damaged disks: an overlay of a few clusters over the image's disk, which stays as it is."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterable

from imagelib.image import Image

from . import parts

# In the superblock: lib/verity/verity.c struct verity_sb.
UUID, DATA_BLOCKS, SALT = 16, 72, 88
HASHES_PER_BLOCK = 128


@dataclass(frozen=True)
class Edit:
    offset: int
    content: bytes


def overlay(disk: Path, target: Path, edits: Iterable[Edit]) -> Path:
    target.unlink(missing_ok=True)
    parts.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", disk.resolve(), target])
    commands = []
    for edit in edits:
        for i, byte in enumerate(edit.content):
            commands += ["-c", f"write -q -P {byte} {edit.offset + i} 1"]
    parts.run(["qemu-io", "-f", "qcow2", *commands, target])
    return target


def flipped(disk: Path, offset: int) -> Edit:
    with open(disk, "rb") as image:
        image.seek(offset)
        return Edit(offset, bytes([image.read(1)[0] ^ 0x01]))


def flip(place: Callable[[Image], int]) -> Callable[[Image, Path], Path]:
    """A disk with one bit turned in the byte at PLACE."""
    def make(image: Image, out: Path) -> Path:
        return overlay(image.disk, out / "damaged.qcow2", [flipped(image.disk, place(image))])
    return make


def first_data_block(image: Image) -> int:
    # The erofs superblock lies at byte 1024: a file system driver would look here first.
    return image.data_offset + 1024


def last_data_block(image: Image) -> int:
    return image.data_offset + image.data_blocks * image.block_size - 1


def root_block(image: Image) -> int:
    return image.tree_start


def lowest_level(image: Image) -> int:
    """The block of hashes above the first data block. Levels lie root first: 1, then 4, then 400 blocks."""
    above = []
    blocks = image.data_blocks
    while blocks > 1:
        blocks = -(-blocks // HASHES_PER_BLOCK)
        above.append(blocks)
    return image.tree_start + sum(above[1:]) * image.block_size


def magic(image: Image) -> int:
    return image.tree_offset


def uuid(image: Image) -> int:
    return image.tree_offset + UUID


def salt(image: Image) -> int:
    return image.tree_offset + SALT


def fewer_blocks(image: Image, out: Path) -> Path:
    """The number of data blocks lowered: the tail of /usr would no longer be checked by anyone."""
    lower = struct.pack("<Q", image.data_blocks - 1)
    return overlay(image.disk, out / "damaged.qcow2", [Edit(image.tree_offset + DATA_BLOCKS, lower)])
