# SPDX-License-Identifier: LGPL-2.1-or-later
"""Volumes for the tests of the verity verbs: data, and hash trees by the stock veritysetup."""

import hashlib
import random
import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

UUID = "7c1b5a52-5bb0-4e0b-9d4f-0c5c2b1a6e03"
SALT = "00112233445566778899aabbccddeeff0102030405060708090a0b0c0d0e0f10"
SLOTS = {"sha256": 32, "sha384": 64, "sha512": 64}


def data(blocks: int, block: int = 4096) -> bytes:
    """Noise, and so much of a squashfs as says how long it is."""
    content = bytearray(random.Random(blocks).randbytes(blocks * block))
    content[:4] = b"hsqs"
    content[28:32] = b"\4\0\0\0"
    content[40:48] = struct.pack("<Q", len(content))
    return bytes(content)


def veritysetup(verb: str, *words: object, check: bool = True) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["veritysetup", verb, *map(str, words)], text=True, check=check, capture_output=True, stdin=subprocess.DEVNULL,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})


def stock_format(data_path: Path, hash_path: Path, *options: str) -> str:
    """The root hash."""
    done = veritysetup("format", data_path, hash_path, *options)
    found = re.search(r"^Root hash:\s*([0-9a-f]+)$", done.stdout, re.M)
    assert found, done.stdout
    return found[1]


@dataclass(frozen=True)
class Level:
    start: int  # hash block
    blocks: int


def levels(blocks: int, algorithm: str = "sha256", hash_block: int = 4096, start: int = 1) -> list[Level]:
    """From the one over the data upwards; on the disk the uppermost is first."""
    counts: list[int] = []
    per_block = hash_block // SLOTS[algorithm]
    while blocks > 1:
        blocks = -(-blocks // per_block)
        counts.append(blocks)
    found = []
    for count in reversed(counts):
        found.append(Level(start, count))
        start += count
    return found[::-1]


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 0x20]))


def fill_gap(path: Path, offset: int) -> str:
    """A byte behind the first digest of this block, which is the root of a tree of SHA-384; the new root hash."""
    with path.open("r+b") as file:
        file.seek(offset + 48)
        file.write(b"\1")
        file.seek(offset)
        return hashlib.sha384(bytes.fromhex(SALT) + file.read(4096)).hexdigest()
