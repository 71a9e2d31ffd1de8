# SPDX-License-Identifier: LGPL-2.1-or-later
"""Places on an image's disk, and what to write there."""

from __future__ import annotations

from dataclasses import dataclass

from imagelib.image import Image

# In the superblock: lib/verity/verity.c struct verity_sb.
DATA_BLOCKS, SALT = 72, 88
HASHES_PER_BLOCK = 128


@dataclass(frozen=True)
class Edit:
    offset: int
    content: bytes


def first_data_block(image: Image) -> int:
    # The erofs superblock lies at byte 1024: a file system driver would look here first.
    return image.data_offset + 1024


def last_data_block(image: Image) -> int:
    return image.data_offset + image.data_blocks * image.block_size - 1


def root_block(image: Image) -> int:
    return image.tree_start


def magic(image: Image) -> int:
    return image.tree_offset


def salt(image: Image) -> int:
    return image.tree_offset + SALT
