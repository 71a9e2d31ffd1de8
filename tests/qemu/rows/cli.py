# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command `row`."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import signal
import sys
import time
from pathlib import Path

from machine.spec import Trouble
from machine.qmp import QmpError
from machine.vm import Ended

from . import parts
from .row import Finding, Room, Row
from .table import PARTS, ROWS

DESCRIPTION = """\
Boots one row of the table in a machine of its own and says if what had to happen has happened.
"""
EPILOG = """\
exit codes: 0 passed, 1 failed or could not be run, 2 usage
Each row leaves its files in build/vm/NAME; see `tests/qemu/vm boot --help` for what they are.
"""
SERIAL_LINES = 30
# Linux looks, long before there is a PID 1, if the timer's interrupt comes within 40 ms, five times (6.12 arch/x86/kernel/apic/io_apic.c
# check_timer()). QEMU's does not where its own threads do not get to run for as long. Nor can a program make the kernel fault in an
# interrupt; QEMU can, see qemu.command(). Either is this machine's fault and nobody's else.
EMULATION = re.compile(r"Kernel panic - not syncing: (IO-APIC \+ timer doesn't work|Fatal exception in interrupt)")
# Nobody reads these of a row that has passed.
BULKY = ("vars.fd", "planted.fd", "tpm", "boot.raw", "changed.efi")


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog="row", description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("name", metavar="NAME", nargs="*", help="rows to run, one after the other")
    p.add_argument("--list", action="store_true", help="print name, seconds and table of each, the dearest row first")
    p.add_argument("--keep", action="store_true", help="keep also what is bulky of a row that has passed")
    p.add_argument("--init", metavar="FILE", type=Path, default=parts.INIT,
                   help="PID 1 of boots without firmware (default: build/release/init)")
    p.add_argument("--out", metavar="DIR", type=Path, default=parts.ROOM,
                   help="where the rows' directories are (default: build/vm)")
    return p


def run_row(row: Row, room: Room, keep: bool) -> bool:
    if run_once(row, room, keep):
        return True
    if not (ended_by := ended_by_qemu(room.out)):
        return False
    print(f"{row.name}: once more, since it was QEMU that ended it: {ended_by}")
    return run_once(row, room, keep)


def ended_by_qemu(out: Path) -> str:
    """The panic; empty: there was none of this kind."""
    log = out / "serial.log"
    found = EMULATION.search(log.read_text(errors="replace")) if log.exists() else None
    return found.group() if found else ""


def run_once(row: Row, room: Room, keep: bool) -> bool:
    shutil.rmtree(room.out, ignore_errors=True)
    room.out.mkdir(parents=True)
    start = time.monotonic()
    try:
        finding = row.run(room)
    except (Trouble, QmpError, OSError) as e:
        print(f"{row.name}: FAILED, {'' if isinstance(e, Ended) else 'could not be run: '}{e}")
        print_serial(room.out)
        return False
    seconds = time.monotonic() - start
    write_result(row, finding, room.out, seconds)
    relaxed = f" [{', '.join(finding.relaxed)}]" if finding.relaxed else ""
    if finding.problems:
        print_failure(row, finding, room.out, relaxed)
        return False
    if not keep:
        remove_bulky(room.out)
    print(f"{row.name}: passed in {seconds:.1f} s{relaxed}: {summary(finding)}")
    return True


def write_result(row: Row, finding: Finding, out: Path, seconds: float) -> None:
    """For tamper-report, which tells of all rows."""
    (out / "row.json").write_text(json.dumps({
        "name": row.name, "passed": not finding.problems, "problems": finding.problems, "relaxed": finding.relaxed,
        "seen": seen(finding), "message": finding.outcome.message, "seconds": round(seconds, 1)}, indent=1) + "\n")


def seen(finding: Finding) -> str:
    """Result, or stage/class/code of a refusal."""
    outcome = finding.outcome
    if outcome.result != "refused":
        return outcome.result
    return f"{outcome.stage}/{outcome.fail_class}/{outcome.code}"


def summary(finding: Finding) -> str:
    outcome = finding.outcome
    where = "/".join(word for word in (outcome.stage, outcome.fail_class, outcome.code) if word)
    return f"{outcome.result}, {where + ', ' if where else ''}{outcome.message}"


def print_failure(row: Row, finding: Finding, out: Path, relaxed: str) -> None:
    print(f"{row.name}: FAILED{relaxed}")
    for problem in finding.problems:
        print(f"  - {problem}")
    verdict = finding.outcome.to_json()
    for key in ("qemu", "files", "inputs"):
        del verdict[key]
    print(f"verdict: {json.dumps(verdict, indent=1)}")
    print_serial(out)


def print_serial(out: Path) -> None:
    log = out / "serial.log"
    if log.exists():
        print(f"last {SERIAL_LINES} lines of the console:")
        for line in log.read_text(errors="replace").splitlines()[-SERIAL_LINES:]:
            print(f"  | {line}")
    print(f"everything is in {out}")


def remove_bulky(out: Path) -> None:
    for name in BULKY:
        path = out / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)
    rows = {row.name: row for row in ROWS}
    if args.list:
        part = {row.name: name for name, rows in PARTS.items() for row in rows}
        print("\n".join(f"{row.name} {row.seconds} {part[row.name]}" for row in ROWS))
        return 0
    unknown = [name for name in args.name if name not in rows]
    if unknown or not args.name:
        what = f"no row is named {', '.join(unknown)}" if unknown else "name a row"
        print(f"row: {what}; see row --list", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        passed = [run_row(rows[name], Room(args.out / name, args.init.resolve()), args.keep)
                  for name in args.name]
    except KeyboardInterrupt:
        print("row: interrupted; the machine is gone", file=sys.stderr)
        return 130
    return 0 if all(passed) else 1
