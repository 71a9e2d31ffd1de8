# SPDX-License-Identifier: LGPL-2.1-or-later
"""How a boot ends: what the TPM holds after a refusal, and who feeds the watchdog after the hand-over."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from machine import pcr
from machine.spec import Trouble
from machine.vm import Ended, Machine

from .row import Finding, Room
from .setup import QUICK, Setup
from .words import added, without

MIGRATION_SECONDS = 60


def state_of(machine: Machine, file: Path) -> bytes:
    """All of the machine's state, that of its TPM among it, as a migration would carry it away."""
    machine.qmp("migrate", uri=f"exec:cat >{file}")
    end = time.monotonic() + MIGRATION_SECONDS
    while (status := machine.qmp("query-migrate").get("status")) != "completed":
        if status == "failed" or time.monotonic() > end:
            raise Trouble(f"the machine's state cannot be taken: migration is {status}")
        machine.run_for(0.2)
    state = file.read_bytes()
    file.unlink()
    return state


def extended(bank: str, *words: str) -> bytes:
    """A PCR that was zero, after these words."""
    return pcr.extend_words(bank, pcr.zero(bank), words)


@dataclass(frozen=True)
class HaltedAndPoisoned:
    """A refusal before any stage has opened the TPM, by a floor that halts: then the PCRs can be looked at in peace.

    PCR 13 is zero until PID 1 extends it, so what it holds after the poison is known in advance, and so is that of 11 without
    a stub. The values are looked for in the state of the TPM as QEMU gets it from swtpm, which keeps no PCR encrypted.
    """
    name: str = "ended-halt-and-poison"
    code: str = "cmdline-not-baked"
    setup: Setup = Setup(floor={**QUICK, "failure-actions": "halt,reboot"}, read=added("audit=0"), tpm=True, memory="256")
    seconds: int = 12

    def run(self, room: Room) -> Finding:
        prepared = self.setup.prepare(self.name, room)
        with Machine(prepared.spec) as machine:
            finding = Finding(machine.outcome(), relaxed=prepared.relaxed)
            outcome = finding.outcome
            finding.expect("result", "refused", outcome.result)
            finding.expect("stage/class/code", f"prove/TAMPER/{self.code}",
                           f"{outcome.stage}/{outcome.fail_class}/{outcome.code}")
            finding.expect("action announced", "halt", outcome.action)
            finding.expect("action taken", "halt", outcome.acted)
            if not finding.problems:
                self._look_at_tpm(finding, state_of(machine, room.out / "state"))
        return finding

    def _look_at_tpm(self, finding: Finding, state: bytes) -> None:
        for bank in ("sha256", "sha384"):
            finding.expect(f"the poison in a PCR of bank {bank}", True,
                           extended(bank, f"verinit.poison={self.code}") in state)
            finding.expect(f"another poison in a PCR of bank {bank}", False,
                           extended(bank, "verinit.poison=bug") in state)


@dataclass(frozen=True)
class WatchdogRunsOn:
    """Fed in the initramfs, left running by the exec; this image's systemd does not take it, so that it bites.

    QEMU is told to do nothing then but to say so.
    """
    name: str = "handoff-watchdog-runs-on"
    setup: Setup = Setup(baked=without("quiet"), floor={**QUICK, "watchdog": "10"}, features=("watchdog",),
                         devices=("i6300esb",), memory="768", timeout=300)
    seconds: int = 40

    def run(self, room: Room) -> Finding:
        prepared = self.setup.prepare(self.name, room)
        with Machine(prepared.spec) as machine:
            machine.wait_for(r"verinit\[probe\]: watchdog: 10 s")
            machine.wait_for(r"verinit\[handoff\]: starting ")
            bitten_before = [event for event in machine.events if event["event"] == "WATCHDOG"]
            try:
                machine.wait_for_event("WATCHDOG", 60)
                bitten_after = True
            except Ended:
                bitten_after = False
            finding = Finding(machine.outcome(), relaxed=prepared.relaxed)
        finding.expect("result", "booted", finding.outcome.result)
        finding.expect("the watchdog before the hand-over", [], bitten_before)
        finding.expect("the watchdog bites when nobody feeds it any more", True, bitten_after)
        return finding


ENDINGS = [HaltedAndPoisoned(), WatchdogRunsOn()]
