# SPDX-License-Identifier: LGPL-2.1-or-later
"""A second reader and writer of newc archives, so that the command is not compared with itself."""

import stat
from dataclasses import dataclass

_FIELDS = ("ino", "mode", "uid", "gid", "nlink", "mtime", "size", "devmajor", "devminor", "rdevmajor",
           "rdevminor", "namesize", "check")


@dataclass(frozen=True)
class Entry:
    path: str
    content: bytes
    fields: dict[str, int]

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.fields["mode"])


def _padded(n: int) -> int:
    return (n + 3) & ~3


def read(data: bytes) -> tuple[list[Entry], bytes]:
    """Entries of the first archive without its trailer, and the bytes behind it."""
    entries, at = [], 0
    while True:
        if data[at:at + 6] != b"070701":
            raise ValueError(f"no newc header at byte {at}")
        numbers = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(len(_FIELDS))]
        fields = dict(zip(_FIELDS, numbers, strict=True))
        name = data[at + 110:at + 110 + fields["namesize"] - 1].decode()
        at = _padded(at + 110 + fields["namesize"])
        content = data[at:at + fields["size"]]
        at = _padded(at + fields["size"])
        if name == "TRAILER!!!":
            return entries, data[at:]
        entries.append(Entry(name, content, fields))


def write(files: list[tuple[str, int, bytes]]) -> bytes:
    """An archive of (path, mode, content)."""
    out = bytearray()
    for inode, (path, mode, content) in enumerate([*files, ("TRAILER!!!", 0, b"")], 1):
        values = [inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path) + 1, 0]
        out += b"070701" + b"".join(b"%08X" % v for v in values) + path.encode() + b"\0"
        out += bytes(_padded(len(out)) - len(out)) + content
        out += bytes(_padded(len(out)) - len(out))
    return bytes(out)
