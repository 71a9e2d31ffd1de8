# SPDX-License-Identifier: LGPL-2.1-or-later
"""The firmware's event log as the kernel keeps it, changed while the machine stands.

Nobody who is defended against can do this (verinit does not claim anything against a hand on the memory). It is how a log is
made that does not fit the TPM, with the firmware, the kernel and PID 1 as they are.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Callable

from machine.outcome import Outcome
from machine.spec import Trouble
from machine.vm import Machine
from rows.crash import Debugger

MIB = 1 << 20

Drive = Callable[[Machine], Outcome]


def replaced(needle: bytes, content: bytes, before: str = r"verinit\[early\]: ") -> Drive:
    """Every copy of NEEDLE in memory becomes CONTENT, before PID 1 reads the log."""
    assert len(needle) == len(content) and len(needle) >= 16

    def drive(machine: Machine) -> Outcome:
        machine.wait_for(before)
        machine.qmp("stop")
        with TemporaryDirectory() as scratch:
            dump, port = Path(scratch, "memory"), Path(scratch, "gdb")
            machine.qmp("pmemsave", val=0, size=int(machine.spec.memory) * MIB, filename=str(dump))
            places = _places(dump, needle)
            if not places:
                raise Trouble(f"{needle.hex()[:32]}... is nowhere in the machine's memory")
            machine.qmp("human-monitor-command", command_line=f"gdbserver unix:{port},server=on,wait=off")
            with Debugger(port) as debugger:
                for place in places:
                    debugger.write(place, content)
        machine.qmp("cont")
        return machine.outcome()
    return drive


def _places(dump: Path, needle: bytes) -> list[int]:
    found = []
    with open(dump, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
        at = memory.find(needle)
        while at >= 0:
            found.append(at)
            at = memory.find(needle, at + 1)
    return found
