# SPDX-License-Identifier: LGPL-2.1-or-later
"""What PID 1 cannot refuse any more, and the kernel must stop. The reset that follows is one that PID 1 set up:
no kernel of the tests resets after a panic by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from imagelib.image import Image
from machine.outcome import Outcome
from machine.spec import Trouble
from machine.vm import Machine

from . import parts, tamper
from .crash import break_code
from .row import Finding, Room
from .setup import Setup, no_disk
from .words import added, without

MIB = 1 << 20
PANIC_SECONDS = 2
# Started by systemd for every unit, and by nothing before.
LATE_FILE = "/lib/systemd/systemd-executor"


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
        spares = tuple(parts.image(name).disk for name in self.spares)
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


def corrupt_late(image: Image, out: Path) -> Path:
    """One bit in the first block of a program that nobody reads before systemd runs."""
    usr = out / "usr.erofs"
    with open(image.disk, "rb") as disk, open(usr, "wb") as file:
        disk.seek(image.data_offset)
        file.write(disk.read(image.partitions["usr"].content))
    text = parts.run(["dump.erofs", "-e", f"--path={LATE_FILE}", usr])
    usr.unlink()
    extent = re.search(r"^ *0: +0\.\. *\d+ \| +\d+ : +(\d+)\.\.", text, re.M)
    if extent is None:
        raise Trouble(f"dump.erofs says nothing of the place of {LATE_FILE}:\n{text}")
    block = int(extent[1]) // image.block_size
    if block in (0, image.data_blocks - 1):
        raise Trouble(f"{LATE_FILE} lies in block {block}, which PID 1 checks itself: choose another file")
    return tamper.overlay(image.disk, out / "damaged.qcow2",
                          [tamper.flipped(image.disk, image.data_offset + int(extent[1]))])


def crash_in_find(machine: Machine, room: Room) -> Outcome:
    machine.wait_for(r"verinit\[enter\]: ")
    break_code(machine, room.init, int(machine.spec.memory) * MIB)
    # A disk is what it waits for; without one it would wake up when its time is over.
    machine.plug()
    return machine.outcome()


FLOOR = {"tpm": "allow", "panic-timeout": str(PANIC_SECONDS)}

PANICS = [
    Panic("panicked-late-corruption",
          Setup(baked=without("quiet"), floor=FLOOR, disk=corrupt_late, memory="768", cpus=2, timeout=200),
          panic="dm-verity device", begun="verinit[handoff]: starting /usr/lib/systemd/systemd",
          never="verinit: verdict", drive=lambda machine, _: machine.outcome(), seconds=20),
    Panic("panicked-crash-of-init",
          Setup(baked=lambda line: added("init.timeout=60")(without("quiet")(line)), floor=FLOOR, disk=no_disk),
          panic="Attempted to kill init! exitcode=0x0000000b", begun="verinit[enter]: ",
          never="verinit[plan]: ", drive=crash_in_find, spares=("discoverable",), seconds=12),
]
