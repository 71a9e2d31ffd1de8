# SPDX-License-Identifier: LGPL-2.1-or-later
"""What readelf says of a file, as plain data."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Segment:
    kind: str
    flags: str  # of "RWE"
    zero_bytes: int = 0  # of memory that is in no file


@dataclass
class Elf:
    path: Path
    size: int
    kind: str = ""  # DYN, EXEC
    segments: list[Segment] = field(default_factory=list)
    dynamic: dict[str, list[str]] = field(default_factory=dict)
    sections: set[str] = field(default_factory=set)

    def has_segment(self, kind: str) -> bool:
        return any(s.kind == kind for s in self.segments)

    def dynamic_words(self, tag: str) -> set[str]:
        return {word for value in self.dynamic.get(tag, []) for word in value.split()}


def _readelf(option: str, path: Path) -> list[str]:
    done = subprocess.run(["readelf", "-W", option, str(path)], capture_output=True, text=True, check=False,
                          env=os.environ | {"LC_ALL": "C"})
    # A .debug file has the headers of segments whose bytes are elsewhere: readelf complains, and answers.
    if done.returncode != 0:
        raise ValueError(f"{path}: readelf {option}: {done.stderr.strip()}")
    return done.stdout.splitlines()


def _segments(lines: list[str]) -> list[Segment]:
    # Type Offset VirtAddr PhysAddr FileSiz MemSiz Flg Align
    row = re.compile(r"^  ([A-Z_0-9]+)(?: +0x[0-9a-f]+){3} +(0x[0-9a-f]+) +(0x[0-9a-f]+) ([RWE ]{3}) 0x")
    return [Segment(m[1], m[4].replace(" ", ""), int(m[3], 16) - int(m[2], 16)) for m in map(row.match, lines) if m]


def _dynamic(lines: list[str]) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for line in lines:
        match = re.match(r"^ 0x[0-9a-f]+ \((\w+)\)\s+(.*)$", line)
        if match:
            result.setdefault(match[1], []).append(match[2].removeprefix("Flags: "))
    return result


def read(path: Path) -> Elf:
    """Raises ValueError where the file is no ELF file."""
    result = Elf(path, path.stat().st_size)
    for line in _readelf("-h", path):
        if line.strip().startswith("Type:"):
            result.kind = line.split()[1]
    result.segments = _segments(_readelf("-l", path))
    result.dynamic = _dynamic(_readelf("-d", path))
    result.sections = set(re.findall(r"^  \[ *\d+\] (\S+)", "\n".join(_readelf("-S", path)), re.MULTILINE))
    return result


def defined_symbols(path: Path) -> set[str]:
    """Of the full symbol table (the .debug file's, where the program is stripped), without versions."""
    result: set[str] = set()
    for line in _readelf("-s", path):
        # Num: Value Size Type Bind Vis Ndx Name
        words = line.split()
        if len(words) >= 8 and words[0].endswith(":") and words[6] != "UND" and words[3] in ("FUNC", "IFUNC", "OBJECT"):
            result.add(words[7].split("@")[0])
    return result
