#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every row of the tamper matrix that files can tell of, without a machine: stage and code are those that the row has in one.

A row that is neither seen nor in tamper/offline.py with its reason fails; so does one that stands there and is seen all the same.
"""

import os
import shutil
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "qemu"))

import memory  # noqa: E402
from rows import parts  # noqa: E402
from rows.row import Room  # noqa: E402
from tamper import offline  # noqa: E402
from tamper.case import BOOTED, Tamper  # noqa: E402
from tamper.table import MATRIX  # noqa: E402

WORKERS = 2
ROOM = parts.ROOM / ".offline"
IS_LONG = os.environ.get("VERINIT_LONG") == "1"
ONLY = os.environ.get("VERINIT_ROWS", "").split()


def chosen() -> list[Tamper]:
    rows = [row for row in MATRIX if row.name not in offline.NOT_OFFLINE and row.is_long == IS_LONG]
    return [row for row in rows if not ONLY or row.name in ONLY]


class TestTamper(unittest.TestCase):
    def look(self, row: Tamper) -> str:
        """What is wrong; empty if nothing is."""
        out = Path(tempfile.mkdtemp(dir=ROOM))
        try:
            seen = offline.look(row, Room(out=out, init=parts.INIT))
        finally:
            shutil.rmtree(out)
        wanted = offline.expected(row)
        print(f"{row.name}: {seen.check}/{seen.code}", flush=True)
        if (seen.check, seen.code) != wanted:
            return f"{row.name}: expected {'/'.join(wanted)}, saw {seen.check}/{seen.code}, status {seen.status}: {seen.report}"
        open_one = offline.UNDECIDED.get(row.name)
        status, undecided = (4, (open_one,)) if open_one else (0, ()) if row.expect == BOOTED else (3, seen.undecided)
        if (seen.status, seen.undecided) != (status, undecided):
            return f"{row.name}: status {seen.status}, undecided: {seen.undecided}: {seen.report}"
        return ""

    def test_rows(self) -> None:
        rows = chosen()
        self.assertGreater(len(rows), 0)
        with ThreadPoolExecutor(WORKERS) as pool:
            for row, problem in zip(rows, pool.map(self.look, rows)):
                with self.subTest(row.name):
                    self.assertEqual(problem, "")

    def test_every_reason_has_its_row(self) -> None:
        self.assertEqual(sorted(offline.NOT_OFFLINE.keys() - {row.name for row in MATRIX}), [])
        self.assertEqual([name for name, reason in offline.NOT_OFFLINE.items() if not reason], [])


if __name__ == "__main__":
    memory.enter(ROOM)
    unittest.main()
