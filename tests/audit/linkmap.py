# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads what GNU ld's -Map --cref tells: which object files went in, and which of them names a symbol."""

import re
from dataclasses import dataclass, field
from pathlib import Path

# "dir/libx.a(member.o)" or "dir/file.o"
# (the linker script in the middle of a map has patterns such as *(EXCLUDE_FILE(*crtend.o): no file has a '*').
_OBJECT = re.compile(r"(?<!\S)(?:(?P<archive>[^\s*()]+\.a)\((?P<member>[^\s*()]+)\)|(?P<plain>[^\s*()]+\.o)(?!\S))")


@dataclass(frozen=True)
class Object:
    """One object file; archive is empty for one that was given by itself."""

    archive: str
    member: str

    def __str__(self) -> str:
        return f"{self.archive}({self.member})" if self.archive else self.member


@dataclass
class LinkMap:
    path: Path
    objects: set[Object] = field(default_factory=set)
    referrers: dict[str, set[Object]] = field(default_factory=dict)

    def members_of(self, archive_name: str) -> set[str]:
        return {o.member for o in self.objects if Path(o.archive).name == archive_name}

    def archives_named(self, archive_name: str) -> set[str]:
        return {o.archive for o in self.objects if Path(o.archive).name == archive_name}


def _object_in(text: str) -> Object | None:
    match = _OBJECT.search(text)
    if match is None:
        return None
    if match["plain"]:
        return Object("", match["plain"])
    return Object(match["archive"], match["member"])


def _read_cross_references(lines: list[str], result: LinkMap) -> None:
    """Each symbol: the file that defines it on its own line, those that refer to it indented below."""
    symbol = ""
    for line in lines:
        found = _object_in(line)
        if found is None:
            continue
        if not line[0].isspace():
            symbol = line.split()[0]
            result.referrers.setdefault(symbol, set())
        else:
            result.referrers.setdefault(symbol, set()).add(found)


def read(path: Path) -> LinkMap:
    """Raises ValueError where the file is not a link map with a cross reference table."""
    lines = path.read_text(errors="replace").splitlines()
    try:
        memory = lines.index("Linker script and memory map")
        cross = lines.index("Cross Reference Table")
    except ValueError as e:
        raise ValueError(f"{path}: not a map of ld -Map with --cref ({e})") from e
    result = LinkMap(path)
    for line in lines[:cross]:
        found = _object_in(line)
        if found is not None:
            result.objects.add(found)
    if not result.objects or memory > cross:
        raise ValueError(f"{path}: names no object file")
    _read_cross_references(lines[cross + 1:], result)
    return result
