# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads a GUID partition table.

Both checksums are checked: a test that edits a disk must know where it is.
"""

from __future__ import annotations

import io
import struct
import uuid
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

ESP = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
USR_X86_64 = uuid.UUID("8484680c-9521-48c6-9c11-b0720656f69e")
USR_X86_64_VERITY = uuid.UUID("77ff5f63-e7b6-4633-acf4-1565b864c0e6")
ROOT_X86_64 = uuid.UUID("4f68bce3-e8cd-4db1-96e7-fbcaf984b709")

SECTOR_SIZES = (512, 4096)
ENTRIES_MAX = 1024
ENTRY_BYTES_MAX = 4096
HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
ENTRY = struct.Struct("<16s16sQQQ72s")


class GptError(Exception):
    """The bytes are not a partition table that we would act on."""


@dataclass(frozen=True)
class Partition:
    number: int
    type: uuid.UUID
    uuid: uuid.UUID
    offset: int
    size: int
    attributes: int
    label: str


@dataclass(frozen=True)
class Table:
    sector_bytes: int
    disk_uuid: uuid.UUID
    partitions: tuple[Partition, ...]

    def find(self, *, type: uuid.UUID | None = None, label: str | None = None) -> Partition:
        """The only partition of that type and label; none or two of them is an error."""
        found = [p for p in self.partitions
                 if (type is None or p.type == type) and (label is None or p.label == label)]
        if len(found) != 1:
            raise GptError(f"{len(found)} partitions with type {type}, label {label}; wanted one")
        return found[0]


def parse(image: BinaryIO) -> Table:
    """Primary header only: firmware falls back to the other one, a test should not."""
    for sector in SECTOR_SIZES:
        raw = _read(image, sector, HEADER.size)
        if raw.startswith(b"EFI PART"):
            return _parse_at(image, sector)
    raise GptError("no GPT header at byte 512 or 4096")


def read(path: Path) -> Table:
    try:
        with open(path, "rb") as image:
            return parse(image)
    except GptError as e:
        raise GptError(f"{path}: {e}") from None


def _read(image: BinaryIO, offset: int, size: int) -> bytes:
    image.seek(offset)
    return image.read(size)


def _parse_at(image: BinaryIO, sector: int) -> Table:
    block = _read(image, sector, sector)
    if len(block) < HEADER.size:
        raise GptError("GPT header is cut short")
    (_, _, size, crc, _, _, _, first, last, disk, lba, count, entry_bytes, entries_crc) = \
        HEADER.unpack_from(block)
    if not HEADER.size <= size <= len(block):
        raise GptError(f"GPT header says it is {size} bytes long")
    if zlib.crc32(block[:16] + bytes(4) + block[20:size]) != crc:
        raise GptError("GPT header checksum is wrong")
    if count > ENTRIES_MAX or not ENTRY.size <= entry_bytes <= ENTRY_BYTES_MAX:
        raise GptError(f"GPT says {count} entries of {entry_bytes} bytes")
    raw = _read(image, lba * sector, count * entry_bytes)
    if len(raw) != count * entry_bytes or zlib.crc32(raw) != entries_crc:
        raise GptError("GPT entry array checksum is wrong")
    image.seek(0, io.SEEK_END)
    disk_bytes = image.tell()
    partitions = []
    for i in range(count):
        p = _parse_entry(i + 1, raw[i * entry_bytes:][:ENTRY.size], sector)
        if p is None:
            continue
        if not first * sector <= p.offset <= p.offset + p.size <= (last + 1) * sector <= disk_bytes:
            raise GptError(f"GPT entry {p.number} lies outside of the disk")
        partitions.append(p)
    return Table(sector, uuid.UUID(bytes_le=disk), tuple(partitions))


def _parse_entry(number: int, raw: bytes, sector: int) -> Partition | None:
    kind, ident, first, last, attributes, name = ENTRY.unpack(raw)
    if kind == bytes(16):
        return None
    if last < first:
        raise GptError(f"GPT entry {number} ends before it begins")
    label = name.decode("utf-16-le", "replace").split("\0", 1)[0]
    return Partition(number, uuid.UUID(bytes_le=kind), uuid.UUID(bytes_le=ident), first * sector,
                     (last + 1 - first) * sector, attributes, label)
