# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the instructions of a boot go in which all is on: firmware with Secure Boot, a TPM, a signed root hash, the whole SELinux
policy, an IPE policy. By stage, by lap of a stage and by module, as PID 1 says in its debug log.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from machine.spec import Trouble
from machine.vm import boot
from rows import parts
from rows.ipe import Policy
from rows.row import Room
from rows.volumes import GUEST, Volume
from rows.words import added
from tamper.case import Setup

from . import measure
from .contenders import NO_SELF_TESTS
from .disk import HOST
from .quick import OUT

VOLUME = Volume("bench-stages", {"etc/hostname": b"node\n"}, policy="lib/selinux", is_host=True, sources=(HOST, GUEST / "report.h"))
# What this machine and this disk need: a PC of the tests has an AHCI controller too, whose driver would look for drives that are not there.
FEATURES = ("verity", "erofs", "overlay", "efivarfs", "virtio-blk")
FLOOR = {"selinux-dir": "lib/selinux", "ipe": "require", "debug": "allow"}
SETUP = Setup(volume=VOLUME, policies=(Policy(),), signed=added("init.debug=1", NO_SELF_TESTS), floor=FLOOR, only_features=FEATURES,
              timeout=500)

# What PID 1 has run until then; the kernel's clock stands before it.
LINE = re.compile(r"^<\d+>\[ *(\d+)\.(\d{6})\] verinit\[(?P<stage>\w+)\]: "
                  r"(?:lap (?P<lap>[^:]+)|(?:passed|skipped) after \d+ us): PID 1 ran (?P<ran>\d+) us$", re.M)
MODULE = re.compile(r"^<\d+>\[ *\d+\.\d{6}\] verinit\[(?P<stage>\w+)\]: module (?P<name>\S+).*: loaded in \d+ us, ran (?P<ran>\d+) us$", re.M)
LIMIT = 50_000_000
# The stage that ends with the exec, and so cannot say what it ran. Debug lines begin in stage config, whose first one has stage early in it.
FIRST, LAST = "early, config", "handoff"
LOAD = "load"


@dataclass(frozen=True)
class Row:
    """`instructions`: what PID 1 ran. `waited`: what else passed, which is the kernel's threads and idle time, and so the disk's."""
    stage: str
    what: str
    instructions: int
    waited: int = 0


@dataclass(frozen=True)
class Stages:
    stages: list[Row]
    laps: list[Row]
    modules: list[Row]
    kverityd: int   # of the whole boot: the kernel's thread that hashes what is read of /usr

    def beside(self, stage: Row) -> int:
        """Of a stage, without modules and without the load of the SELinux policy."""
        apart = [*self.modules, *(row for row in self.laps if row.what == LOAD)]
        return stage.instructions - sum(row.instructions for row in apart if row.stage == stage.stage)

    def to_json(self) -> dict[str, Any]:
        rows = {name: [dict(row.__dict__) for row in getattr(self, name)] for name in ("stages", "laps", "modules")}
        return {**rows, "kverityd": self.kverityd}


def _clock(match: re.Match[str]) -> int:
    return int(match[1]) * 1_000_000_000 + int(match[2]) * 1000


def of_report(report: dict[str, bytes]) -> Stages:
    """`schedstat.txt` is of PID 1, which is the host's by then: what it ran before its own first act."""
    log, ran = report.get("dmesg.txt", b"").decode(errors="replace"), report.get("schedstat.txt", b"").split()
    begin = measure.BEGIN.search(log)
    if not begin or not ran:
        raise Trouble("the report has no beginning of PID 1, or not what it ran")
    stages: list[Row] = []
    laps: list[Row] = []
    at = lap_at = (_clock(begin), 0)    # the clock, and what was run
    for match in LINE.finditer(log):
        if not stages:
            # Until its exec PID 1 was the kernel's own thread. What passed from then to its first line it ran, there being nothing to wait for.
            at = (at[0], 1000 * int(match["ran"]) - (_clock(match) - at[0]))
        now = (_clock(match), 1000 * int(match["ran"]))
        since = lap_at if match["lap"] else at
        n = now[1] - since[1]
        row = Row(match["stage"] if stages else FIRST, match["lap"] or "", n, now[0] - since[0] - n)
        lap_at = now
        if match["lap"]:
            laps.append(row)
        else:
            stages.append(row)
            at = now
    if not any(row.what == LOAD for row in laps):
        raise Trouble(f"the log has no lap {LOAD}: what is beside the policy's load cannot be told")
    stages.append(Row(LAST, "", int(ran[0]) - at[1]))
    modules = [Row(match["stage"], match["name"], 1000 * int(match["ran"])) for match in MODULE.finditer(log)]
    hashed = re.findall(r"^\d+ \S*-kverityd (\d+) ", report.get("tasks.txt", b"").decode(), re.M)
    return Stages(stages, laps, modules, sum(map(int, hashed)))


def _millions(instructions: int) -> str:
    return f"{instructions / 1e6:.1f}"


def table(s: Stages) -> str:
    text = "| stage | M instructions | beside modules and policy load |\n|---|---:|---:|\n"
    for stage in s.stages:
        over = " (over)" if s.beside(stage) > LIMIT else ""
        text += f"| {stage.stage} | {_millions(stage.instructions)} | {_millions(s.beside(stage))}{over} |\n"
    text += f"| all | {_millions(sum(row.instructions for row in s.stages))} | {_millions(sum(map(s.beside, s.stages)))} |\n"
    text += f"| beside them: kverityd, which hashes what is read of /usr | {_millions(s.kverityd)} | |\n"
    text += "\n| stage | of that | M instructions |\n|---|---|---:|\n"
    for row in (*s.laps, *s.modules):
        what = row.what if row in s.laps else f"module {row.what}"
        text += f"| {row.stage} | {what} | {_millions(row.instructions)} |\n"
    return text


def run(init: Path, output: Path) -> int:
    room = Room(OUT / "stages", init)
    room.out.mkdir(parents=True, exist_ok=True)
    outcome = boot(replace(SETUP.prepare("bench-stages", room), icount=True))
    if outcome.result != "booted":
        raise Trouble(f"it came not up: {outcome.result}: {outcome.message}; see {room.out}/serial.log")
    s = of_report(outcome.report)
    # What instructions the guest's processor has is QEMU's: 10.0 has those for SHA-256, 7.2 has not.
    emulator = parts.run(["qemu-system-x86_64", "--version"]).splitlines()[0]
    output.write_text(json.dumps({"kernel": parts.kernel(SETUP.flavour).release, "emulator": emulator, **s.to_json()}, indent=1) + "\n")
    print(f"{table(s)}\nwrote {output}")
    return 0
