#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""PID 1 and the host command take their logic from one archive: what the command predicts is what PID 1 does.

Reads both link maps, and the digests of the archive that were written down right after each link.
"""

import argparse
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import linkmap

CORE = "libverinit-core.a"
# What `verinit image verify` runs is what PID 1 runs.
STAGES = [f"stage_{name}.c.o" for name in ("early", "config", "probe", "prove", "enter", "find", "plan", "verify", "activate", "measure", "usr",
                                           "mac")]


def one_archive(link_map: linkmap.LinkMap) -> Path:
    """Where this link took the core from. Raises ValueError where that is not exactly one place."""
    found = link_map.archives_named(CORE)
    if len(found) != 1:
        raise ValueError(f"{link_map.path}: takes {CORE} from {len(found)} places: {sorted(found)}")
    # ld ran in the directory of the map.
    return (link_map.path.parent / found.pop()).resolve()


def exported(path: Path) -> set[str]:
    """Functions and data that an object file or an archive gives to others."""
    done = subprocess.run(["nm", "-g", "--defined-only", "-P", str(path)], capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    return {row[0] for row in rows if len(row) >= 2 and row[1] in "TDRB"}


def strays(link_map: linkmap.LinkMap, core: set[str]) -> Iterator[str]:
    """What defines, beside the archive, a thing that the core defines: its source, compiled a second time."""
    for name in sorted({o.archive or o.member for o in link_map.objects}):
        path = link_map.path.parent / name
        is_ours = not Path(name).is_absolute() and Path(name).name != CORE
        if is_ours and (twice := exported(path) & core):
            yield f"{name} with {' '.join(sorted(twice))}"


def recorded_digest(link_map: linkmap.LinkMap) -> str:
    return link_map.path.with_suffix(".core").read_text().split()[0]


def problems(maps: list[linkmap.LinkMap], wanted: list[str]) -> Iterator[str]:
    archives = [one_archive(m) for m in maps]
    if len(set(archives)) != 1:
        yield f"two core archives: {archives[0]} and {archives[1]}"
        return
    digest = hashlib.sha256(archives[0].read_bytes()).hexdigest()
    for m in maps:
        recorded = recorded_digest(m)
        if recorded != digest:
            yield f"{m.path.stem} was linked with another {CORE}: sha256 {recorded}, now {digest}"
    core = exported(archives[0])
    for m in maps:
        for stray in strays(m, core):
            yield f"{m.path.stem} has {stray} beside the core archive"
    shared = maps[0].members_of(CORE) & maps[1].members_of(CORE)
    if not shared:
        yield f"the two share no member of {CORE}"
    if missing := [name for name in wanted if name not in shared]:
        yield f"the two do not share {' '.join(missing)} of {CORE}"


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("maps", type=Path, nargs=2)
    args = parser.parse_args(argv)
    try:
        maps = [linkmap.read(p) for p in args.maps]
        found = list(problems(maps, STAGES))
    except (OSError, ValueError, subprocess.CalledProcessError) as e:
        print(f"FAIL readable: {e}")
        return 1
    for message in found:
        print(f"FAIL same-core: {message}")
    if not found:
        shared = sorted(maps[0].members_of(CORE) & maps[1].members_of(CORE))
        print(f"ok   same-core: {one_archive(maps[0])}, {len(shared)} members in both: {' '.join(shared)}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
