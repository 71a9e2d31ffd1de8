# SPDX-License-Identifier: LGPL-2.1-or-later
"""What rows do to a disk: edits of the table with fitting checksums, of bytes, and files for the ESP."""

from __future__ import annotations

import shutil
import struct
import uuid
from pathlib import Path
from typing import Callable

from imagelib.image import Image
from imagelib.store import file_digest
from imagelib.variants import DATA_GUID, ESP_GUID, USR_TYPE
from rows import parts, tamper, volumes
from rows.tamper import Edit
from rows.volumes import HOST, Volume

from . import bootable, gpt_edit
from .gpt_edit import SECTOR, Disk, Entry
from .medium import EXTRA_DIRECTORY, GLOBAL_CREDENTIALS, flipped, written

MIB = 1 << 20
DATA, ESP = f"PARTUUID={DATA_GUID}", f"PARTUUID={ESP_GUID}"
ADDON = f"{EXTRA_DIRECTORY}/words.addon.efi"
CREDENTIAL = f"{GLOBAL_CREDENTIALS}/evil.cred"
OTHER = uuid.UUID("b3a4c5d6-0077-4000-8000-000000000077")


# What systemd would do with these is to start a unit (systemd.exec(5), systemd.system-credentials(7)): one out of each place, both
# wanted by what SMBIOS brings, since QEMU takes names of files of up to 55 bytes.
EVIL_MARK, EVIL_MARK_OF_FW_CFG = "evil-was-here", "evil-by-fw-cfg"


def _unit(mark: str) -> str:
    return f"[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo {mark} >/dev/kmsg'\n"


SMBIOS_CREDENTIALS = tuple(f"io.systemd.credential:{name}={value}" for name, value in {
    "systemd.extra-unit.e.service": _unit(EVIL_MARK),
    "systemd.unit-dropin.multi-user.target": "[Unit]\nWants=e.service f.service\n"}.items())
CREDENTIALS = ("systemd.extra-unit.e.service", "systemd.extra-unit.f.service", "systemd.unit-dropin.multi-user.target")
FW_CFG_CREDENTIALS = {"opt/io.systemd.credentials/systemd.extra-unit.f.service": _unit(EVIL_MARK_OF_FW_CFG).encode()}


def credential() -> Path:
    def build(out: Path) -> None:
        (out / "evil.cred").write_bytes(b"anything\n")
    return parts.store().stage("credential", {"source": file_digest(Path(__file__))}, build) / "evil.cred"


def unsealed() -> Path:
    """What systemd-creds makes with --with-key=null: systemd opens it where there is no TPM, and it may bring a unit."""
    def build(out: Path) -> None:
        (out / "odd.cred").write_bytes(b"BYRp2vb1QySABUnaD46i+wAAAAA=\n")
    return parts.store().stage("unsealed", {"source": file_digest(Path(__file__))}, build) / "odd.cred"


def _place_in(volume: Volume, content: bytes) -> int:
    """The middle of a block of a file that lies inside the volume, on its bootable disk."""
    disk = bootable.disk(volume).read_bytes()
    assert disk.count(content) == 1
    return disk.index(content) + len(content) // 2


def _flipped_in(volume: Volume, content: bytes) -> list[Edit]:
    at = _place_in(volume, content)
    return [Edit(at, bytes([content[len(content) // 2] ^ 1]))]


def block_of_config_damaged(_: Image) -> list[Edit]:
    """One bit in a block of a file that lies inside the volume with a parity."""
    return _flipped_in(volumes.FEC, volumes.BLOCK_OF_CONFIG)


def superblock_wiped(volume: Volume) -> Callable[[Image], list[Edit]]:
    """No superblock where the volume's disk has one."""
    def damage(_: Image) -> list[Edit]:
        return [Edit(volume.make()[0].read_bytes().index(b"verity\0\0"), bytes(SECTOR))]
    return damage


# Edits of the table. Numbers: 1 ESP, 2 data, 3 tree, 4 signature.

def twin(number: int) -> Callable[[Disk], None]:
    """A further partition with the UUID of NUMBER, behind all others on the disk."""
    def edit(disk: Disk) -> None:
        one, start = disk.entries[number], max(entry.last for entry in disk.entries.values()) + 1
        disk.entries[disk.free_number()] = Entry(one.type, one.uuid, start, start + 7, one.attributes, one.label)
    return edit


def renamed(number: int) -> Callable[[Disk], None]:
    def edit(disk: Disk) -> None:
        disk.entries[number].uuid = OTHER
    return edit


def removed(*numbers: int) -> Callable[[Disk], None]:
    def edit(disk: Disk) -> None:
        for number in numbers:
            del disk.entries[number]
    return edit


def swapped(a: int, b: int) -> Callable[[Disk], None]:
    def edit(disk: Disk) -> None:
        one, other = disk.entries[a], disk.entries[b]
        one.uuid, other.uuid = other.uuid, one.uuid
    return edit


def shortened(number: int, bytes_left: int) -> Callable[[Disk], None]:
    def edit(disk: Disk) -> None:
        disk.entries[number].last = disk.entries[number].first + bytes_left // SECTOR - 1
    return edit


def overlapping(number: int) -> Callable[[Disk], None]:
    """A further partition that lies over NUMBER."""
    def edit(disk: Disk) -> None:
        one = disk.entries[number]
        disk.entries[disk.free_number()] = Entry(uuid.UUID(USR_TYPE), OTHER, one.first + 8, one.last, 0, "over")
    return edit


def esp_renamed(disk: Disk) -> None:
    disk.entries[1].uuid = OTHER


def extra(name: str, edit: Callable[[Disk], None] | None = None, image: str = "discoverable"
          ) -> Callable[[], tuple[Path, ...]]:
    """A second disk: the image's own copied, and its table changed."""
    def make() -> tuple[Path, ...]:
        source = parts.image(image)
        inputs = {"root_hash": source.root_hash, "partitions": [p.partuuid for p in source.partitions.values()],
                  "source": parts.sources(Path(__file__), Path(gpt_edit.__file__))}

        def build(out: Path) -> None:
            target = source.copy(out / "disk.raw")
            if edit is not None:
                gpt_edit.edit(target, edit)
        return (parts.store().stage(f"disk-{name}", inputs, build) / "disk.raw",)
    return make


def twin_of_host() -> tuple[Path, ...]:
    """A second disk with the small volume's partitions, and an ESP of its own."""
    source = bootable.disk(HOST)
    inputs = {"source": source.parent.name, "sources": parts.sources(Path(__file__), Path(gpt_edit.__file__))}

    def build(out: Path) -> None:
        shutil.copy(source, out / "disk.raw")
        gpt_edit.edit(out / "disk.raw", esp_renamed)
    return (parts.store().stage("disk-twin-of-host", inputs, build) / "disk.raw",)


# Edits of bytes, on the image's own layout.

def tree_block(level: int) -> Callable[[Image], int]:
    """A byte of the first block of a level, counted from the data: 0 is the lowest."""
    def place(image: Image) -> int:
        above, blocks = [], image.data_blocks
        while blocks > 1:
            blocks = -(-blocks // tamper.HASHES_PER_BLOCK)
            above.append(blocks)
        return image.tree_start + sum(above[level + 1:]) * image.block_size
    return place


def data_start(image: Image) -> int:
    return image.data_offset


def tree_start(image: Image) -> int:
    return image.tree_start


def late_block(_: Image) -> int:
    """The middle of a block of a file that nobody reads before the host's init runs."""
    return _place_in(HOST, volumes.LATE)


def late_block_flipped(_: Image) -> list[Edit]:
    return _flipped_in(HOST, volumes.LATE)


def late_sector(image: Image) -> tuple[int, ...]:
    return (late_block(image) // SECTOR,)


def superblock(offset: int) -> Callable[[Image], int]:
    return lambda image: image.tree_offset + offset


def first_sector_of(place: Callable[[Image], int]) -> Callable[[Image], tuple[int, ...]]:
    return lambda image: (place(image) // SECTOR,)


by_byte = {
    "first data block": flipped(tamper.first_data_block),
    "last data block": flipped(tamper.last_data_block),
    "root block": flipped(tamper.root_block),
    "middle level": flipped(tree_block(1)),
    "lowest level": flipped(tree_block(0)),
    "magic": flipped(tamper.magic),
    "salt": flipped(tamper.salt),
    "one block less": written(superblock(tamper.DATA_BLOCKS), lambda image: struct.pack("<Q", image.data_blocks - 1)),
    "hash type": written(superblock(12), struct.pack("<I", 0)),
    "uuid": flipped(superblock(16)),
}

by_table = {
    "twin of data": twin(2), "twin of tree": twin(3), "data renamed": renamed(2), "data removed": removed(2),
    "data and tree swapped": swapped(2, 3), "data shortened": shortened(2, 64 * MIB),
    "over data": overlapping(2),
}

ROOT_ALLOWED = {"root": "unverified"}
