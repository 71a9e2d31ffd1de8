# SPDX-License-Identifier: LGPL-2.1-or-later
"""A boot that does not get to its end, and the one after it: on the same disk, with the same TPM, by the same firmware's variables.

The first leaves no success behind: one that ends by itself says why and sends no report; of one that is killed, which can say nothing any
more, the TPM is asked. The second has the PCRs that were predicted before either, and a log that systemd's own reader takes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable

from machine import gpt, pcr
from machine.outcome import Outcome
from machine.spec import BootSpec
from machine.vm import Machine
from rows import parts, prediction
from rows.endings import state_of
from rows.prediction import HANDED_OVER, Document
from rows.row import Finding, Room
from tamper.case import Setup
from tamper.logs import tpm_dies
from tamper.looks import is_handed_over

from .predicted import made

PCRLOCK = "/usr/lib/systemd/systemd-pcrlock"
# Each says something on the console; plan and handoff say it last, when all of their work is done or begun.
STAGES = ("early", "config", "probe", "prove", "enter", "plan", "find", "verify", "activate", "measure", "usr", "mac", "root",
          "record", "handoff")
TREE = 3


def killed_after(stage: str, machine: Machine, file: Path) -> bytes:
    """As if the current went, right when the stage has spoken; what the machine, its TPM among it, held then."""
    machine.wait_for(rf"verinit\[{stage}\]: ")
    machine.qmp("stop")
    return state_of(machine, file)


def is_not_left(stage: str, finding: Finding, document: Document, is_secure_boot: bool, state: bytes) -> None:
    """`leave-initrd` opens what is sealed to a good boot. PCR 7, which nobody extends any more, shows that values are found there."""
    for bank in pcr.BANKS:
        for number, is_there in (("7", True), ("11", False)):
            value = prediction.cell(document, bank, number, is_secure_boot, HANDED_OVER)
            assert value
            finding.expect(f"killed after {stage}, {bank}: the value of PCR {number} after a hand-over is in the TPM", is_there,
                           bytes.fromhex(value) in state)


def read_by_pcrlock(finding: Finding, out: Path) -> None:
    """What it cannot load ends it with 1."""
    for name in ("firmware.log", "measure.log"):
        (out / name).write_bytes(finding.outcome.report.get(name, b""))
    records = json.loads(parts.tool(["env", f"SYSTEMD_MEASURE_LOG_FIRMWARE={parts.inside(out / 'firmware.log')}",
                                     f"SYSTEMD_MEASURE_LOG_USERSPACE={parts.inside(out / 'measure.log')}", PCRLOCK, "cel",
                                     "--json=short"]))
    words = [record.string for record in pcr.parse_measure_log(finding.outcome.report.get("measure.log", b""))]
    seen = [record["content"].get("string") for record in records if record["content_type"] == "systemd"]
    finding.expect("records that systemd-pcrlock reads of ours", words, seen)
    finding.expect("the last of them", ["leave-initrd"], words[-1:])


@dataclass(frozen=True)
class EndedByItself:
    """The first boot ends by PID 1's own hand."""
    expect: str
    drive: Callable[[Machine], Outcome] = Machine.outcome
    has_bad_tree: bool = False

    def run(self, spec: BootSpec, finding: Finding, *_: object) -> None:
        if self.has_bad_tree:
            assert spec.disk is not None
            # The block of the root behind the superblock, and all that the partition has behind it.
            place = gpt.read(spec.disk).partitions[TREE - 1]
            spec = replace(spec, bad_sectors=tuple(range(place.offset // 512 + 8, place.offset // 512 + 16)))
        with Machine(spec) as machine:
            outcome = self.drive(machine)
        finding.expect("the first boot's result", "refused", outcome.result)
        finding.expect("the first boot's stage/class/code", self.expect, f"{outcome.stage}/{outcome.fail_class}/{outcome.code}")
        finding.expect("the first boot's report", {}, outcome.report)


@dataclass(frozen=True)
class Killed:
    """One boot for each stage, ended after that stage has spoken."""
    stages: tuple[str, ...]

    def run(self, spec: BootSpec, finding: Finding, document: Document, is_secure_boot: bool) -> None:
        for stage in self.stages:
            with Machine(replace(spec, out=spec.out / stage)) as machine:
                state = killed_after(stage, machine, spec.out / "state")
            if stage != STAGES[-1]:
                is_not_left(stage, finding, document, is_secure_boot, state)


@dataclass(frozen=True)
class Interrupted:
    name: str
    first: Killed | EndedByItself
    setup: Setup = field(default_factory=Setup)
    seconds: int = 40

    def run(self, room: Room) -> Finding:
        spec = self.setup.prepare(self.name, room)
        state = room.out / "tpm-state"
        state.mkdir(exist_ok=True)
        spec = replace(spec, tpm_state=state)
        document: Document = made(self.setup, spec, room.out)
        problems = Finding(Outcome("", "", 0))
        self.first.run(replace(spec, out=_directory(room.out / "first")), problems, document, self.setup.secure_boot)
        with Machine(replace(spec, out=_directory(room.out / "second"))) as machine:
            finding = Finding(machine.outcome(), problems=problems.problems, relaxed=self.setup.weaker)
        finding.expect("the second boot's result", "booted", finding.outcome.result)
        if finding.outcome.result != "booted":
            return finding
        is_handed_over()(finding, room)
        seen = json.loads(finding.outcome.report.get("pcrs.json", b"{}"))
        finding.problems += prediction.differences(document, seen, self.setup.secure_boot, HANDED_OVER)
        read_by_pcrlock(finding, room.out / "second")
        return finding


def _directory(path: Path) -> Path:
    path.mkdir(exist_ok=True)
    return path


def interrupted(host: Setup) -> tuple[list[Interrupted], list[Interrupted]]:
    """Those of every run, and the one of tools/check --all. `host` is a boot that says all on its console."""
    return ([Interrupted("accept-11-killed-at-measure", Killed(("measure",)), host),
             Interrupted("accept-11-eio-on-the-tree", EndedByItself("verify/SYSTEM/verity-read-failed", has_bad_tree=True), host)],
            [Interrupted("accept-11-killed-at-each-stage", Killed(STAGES), host, seconds=260),
             Interrupted("accept-11-tpm-dies", EndedByItself("measure/SYSTEM/extend-failed", tpm_dies("find")), host, seconds=60)])
