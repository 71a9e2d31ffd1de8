# SPDX-License-Identifier: LGPL-2.1-or-later
"""What PID 1 cannot refuse any more, and the kernel must stop. The reset that follows is one that PID 1 set up:
no kernel of the tests resets after a panic by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from machine.outcome import Outcome
from machine.vm import Machine

from . import parts
from .crash import break_code
from .row import Finding, Room
from .setup import Setup, no_disk, unsigned_disk
from .words import added, without

MIB = 1 << 20
PANIC_SECONDS = 2


@dataclass(frozen=True)
class Panic:
    """`panic` must stand in the kernel's message; `begun` and `never` on the console, or not."""
    name: str
    setup: Setup
    panic: str
    begun: str
    never: str
    drive: Callable[[Machine, Room], Outcome]
    seconds: int
    spares: tuple[str, ...] = ()

    def run(self, room: Room) -> Finding:
        spares = tuple(unsigned_disk(parts.image(name)) for name in self.spares)
        prepared = self.setup.prepare(self.name, room, spare_disks=spares)
        with Machine(prepared.spec) as machine:
            finding = Finding(self.drive(machine, room), relaxed=prepared.relaxed)
        outcome = finding.outcome
        console = (room.out / "serial.log").read_text(errors="replace")
        finding.expect("result", "panicked", outcome.result)
        finding.expect_in("panic", (self.panic,), outcome.panic or "")
        finding.expect("verdict", None, outcome.verdict)
        finding.expect("what the machine did then", "reboot", outcome.acted)
        finding.expect_in("console", (self.begun, f"Rebooting in {PANIC_SECONDS} seconds"), console)
        if self.never in console:
            finding.problems.append(f"console: expected nothing of {self.never!r}")
        waited = outcome.marks.get("acted", 0) - outcome.marks.get("panic", 0)
        if not PANIC_SECONDS - 0.5 <= waited <= PANIC_SECONDS + 20:
            finding.problems.append(f"from panic to reset: expected {PANIC_SECONDS} s, saw {waited:.1f} s")
        return finding


def crash_in_find(machine: Machine, room: Room) -> Outcome:
    machine.wait_for(r"verinit\[enter\]: ")
    break_code(machine, room.init, int(machine.spec.memory) * MIB)
    # A disk is what it waits for; without one it would wake up when its time is over.
    machine.plug()
    return machine.outcome()


FLOOR = {"panic-timeout": str(PANIC_SECONDS)}

PANICS = [
    Panic("panicked-crash-of-init",
          Setup(baked=lambda line: added("init.timeout=60")(without("quiet")(line)), floor=FLOOR, disk=no_disk),
          panic="Attempted to kill init! exitcode=0x0000000b", begun="verinit[enter]: ",
          never="verinit[plan]: ", drive=crash_in_find, spares=("discoverable",), seconds=12),
]
