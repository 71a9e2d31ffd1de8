# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes a running PID 1 crash, the very binary that is shipped and without its help.

Its code lies in the page cache, as it lies in the file. The machine is stopped, the pages of the code are looked
for in its memory and overwritten with an instruction that no user process may execute: the next step that PID 1
takes is its last. Memory is read by the monitor, and written through the debugger's port, since QEMU drops the
code that it has already translated only when a write goes through QEMU itself.
"""

from __future__ import annotations

import re
import socket
from pathlib import Path
from tempfile import TemporaryDirectory

from machine.spec import Trouble
from machine.vm import Machine

from . import parts

PAGE = 4096
HLT = 0xf4
WRITE_BYTES = 1024
PATIENCE = 60.0


def break_code(machine: Machine, init: Path, memory_bytes: int) -> None:
    """The machine runs on afterwards; PID 1 does not, once it has something to do."""
    wanted = code_pages(init)
    # Not in DIR: a socket's path is short.
    with TemporaryDirectory() as scratch:
        dump = Path(scratch, "memory")
        machine.qmp("stop")
        machine.qmp("pmemsave", val=0, size=memory_bytes, filename=str(dump))
        places = places_of(wanted, dump)
        if not places:
            raise Trouble("the code of PID 1 is nowhere in the machine's memory")
        port = Path(scratch, "gdb")
        machine.qmp("human-monitor-command", command_line=f"gdbserver unix:{port},server=on,wait=off")
        with Debugger(port) as debugger:
            for place in places:
                debugger.fill(place, PAGE, HLT)
    machine.qmp("cont")


def code_pages(init: Path) -> set[bytes]:
    """Whole pages of the executable segment, as readelf places them in the file."""
    text = parts.run(["readelf", "-lW", init])
    found = re.findall(r"^ +LOAD +(0x[0-9a-f]+) +0x[0-9a-f]+ +0x[0-9a-f]+ +(0x[0-9a-f]+) +0x[0-9a-f]+ +R E ",
                       text, re.M)
    if len(found) != 1:
        raise Trouble(f"{init}: expected one executable segment, saw {len(found)}")
    begin, size = (int(number, 16) for number in found[0])
    content = init.read_bytes()
    pages = (content[at:at + PAGE] for at in range(-(-begin // PAGE) * PAGE, begin + size - PAGE + 1, PAGE))
    return {page for page in pages if page.strip(b"\0")}


def places_of(wanted: set[bytes], dump: Path) -> list[int]:
    places = []
    with open(dump, "rb") as memory:
        at = 0
        while page := memory.read(PAGE):
            if page in wanted:
                places.append(at)
            at += PAGE
    return places


class Debugger:
    """The little of GDB's remote protocol that it takes to write to physical memory. The machine stands meanwhile."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(str(path))
        self._ask("Qqemu.PhyMemMode:1")

    def __enter__(self) -> Debugger:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def fill(self, address: int, size: int, byte: int) -> None:
        self.write(address, bytes([byte]) * size)

    def write(self, address: int, content: bytes) -> None:
        for at in range(0, len(content), WRITE_BYTES):
            part = content[at:at + WRITE_BYTES]
            self._ask(f"M{address + at:x},{len(part):x}:{part.hex()}")

    def _ask(self, command: str) -> None:
        checksum = sum(command.encode()) % 256
        self._socket.sendall(f"${command}#{checksum:02x}".encode())
        answer = self._read_packet()
        if answer != "OK":
            raise Trouble(f"QEMU's debugger port answered {command[:40]!r} with {answer!r}")

    def _read_packet(self) -> str:
        data = b""
        while not re.search(rb"\$[^#]*#..", data):
            more = self._socket.recv(PAGE)
            if not more:
                raise Trouble("QEMU closed its debugger port")
            data += more
        match = re.search(rb"\$([^#]*)#", data)
        assert match
        # Without a receipt it would send its answer again.
        self._socket.sendall(b"+")
        return match[1].decode()
