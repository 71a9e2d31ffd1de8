# SPDX-License-Identifier: LGPL-2.1-or-later
"""Copies that leave holes as holes: most of an ESP or an ext4 file system is one."""

import os
from pathlib import Path


def copy_into(source: Path, target: Path, offset: int = 0) -> None:
    """The data of SOURCE into the existing file TARGET at OFFSET."""
    with source.open("rb") as reader, target.open("r+b") as writer:
        end = os.fstat(reader.fileno()).st_size
        position = 0
        while position < end:
            try:
                position = os.lseek(reader.fileno(), position, os.SEEK_DATA)
            except OSError:     # ENXIO: only a hole is left
                return
            hole = os.lseek(reader.fileno(), position, os.SEEK_HOLE)
            while position < hole:
                position += os.copy_file_range(reader.fileno(), writer.fileno(), hole - position,
                                               position, offset + position)


def copy(source: Path, target: Path) -> None:
    with target.open("wb") as file:
        file.truncate(source.stat().st_size)
    copy_into(source, target)
