# SPDX-License-Identifier: LGPL-2.1-or-later
"""A partition table taken apart and put together again, on a raw disk of 512-byte sectors.

Both copies are written, with checksums that fit: what an attacker would do, and sfdisk would not (two partitions of one
UUID). Damage that should not fit is done afterwards, by byte.
"""

from __future__ import annotations

import struct
import uuid
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from machine.gpt import ENTRY, HEADER

SECTOR = 512
HEADER_OFFSET = SECTOR


@dataclass
class Entry:
    type: uuid.UUID
    uuid: uuid.UUID
    first: int      # sectors, both inclusive
    last: int
    attributes: int = 0
    label: str = ""

    def pack(self, size: int) -> bytes:
        raw = ENTRY.pack(self.type.bytes_le, self.uuid.bytes_le, self.first, self.last, self.attributes,
                         self.label.encode("utf-16-le"))
        return raw.ljust(size, b"\0")


@dataclass
class Disk:
    """Entries by number; `fields` are the header's as they were."""
    entries: dict[int, Entry]
    fields: list[int | bytes] = field(default_factory=list)

    def free_number(self) -> int:
        return max(self.entries) + 1


Edit = Callable[[Disk], None]


def _load(path: Path) -> Disk:
    with open(path, "rb") as disk:
        disk.seek(HEADER_OFFSET)
        fields = list(HEADER.unpack(disk.read(HEADER.size)))
        lba, count, size = int(fields[10]), int(fields[11]), int(fields[12])
        disk.seek(lba * SECTOR)
        raw = disk.read(count * size)
    entries = {}
    for i in range(count):
        kind, ident, first, last, attributes, name = ENTRY.unpack(raw[i * size:][:ENTRY.size])
        if kind != bytes(16):
            entries[i + 1] = Entry(uuid.UUID(bytes_le=kind), uuid.UUID(bytes_le=ident), first, last, attributes,
                                   name.decode("utf-16-le").split("\0", 1)[0])
    return Disk(entries, fields)


def edit(path: Path, change: Edit) -> None:
    disk = _load(path)
    change(disk)
    count, size = int(disk.fields[11]), int(disk.fields[12])
    raw = b"".join(disk.entries[n].pack(size) if n in disk.entries else bytes(size) for n in range(1, count + 1))
    current, backup = int(disk.fields[5]), int(disk.fields[6])
    backup_entries = backup - len(raw) // SECTOR
    with open(path, "r+b") as file:
        for own, other, lba in ((current, backup, int(disk.fields[10])), (backup, current, backup_entries)):
            file.seek(lba * SECTOR)
            file.write(raw)
            file.seek(own * SECTOR)
            file.write(_header(disk.fields, own, other, lba, zlib.crc32(raw)))


def _header(fields: list[int | bytes], own: int, other: int, lba: int, entries_crc: int) -> bytes:
    new = list(fields)
    new[3], new[5], new[6], new[10], new[13] = 0, own, other, lba, entries_crc
    header = HEADER.pack(*new)
    return header[:16] + struct.pack("<I", zlib.crc32(header)) + header[20:]
