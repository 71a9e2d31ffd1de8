# SPDX-License-Identifier: LGPL-2.1-or-later
"""Copies that leave holes as holes: most of an ESP or an ext4 file system is one."""

import errno
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
                position += _copy_some(reader.fileno(), writer.fileno(), hole - position, position, offset + position)


def _copy_some(reader: int, writer: int, count: int, position: int, target: int) -> int:
    try:
        return os.copy_file_range(reader, writer, count, position, target)
    except OSError as e:
        if e.errno != errno.EXDEV:      # from one file system to another only some kernels can
            raise
    os.lseek(writer, target, os.SEEK_SET)
    return os.sendfile(writer, reader, position, count)


def copy(source: Path, target: Path) -> None:
    with target.open("wb") as file:
        file.truncate(source.stat().st_size)
    copy_into(source, target)
