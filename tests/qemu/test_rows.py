# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of the tamper matrix, without a machine: what a row has to say so that it can fail."""

from __future__ import annotations

import io
import json
import tempfile
import unittest
from contextlib import redirect_stdout
from pathlib import Path

from imagelib.store import TOP
from machine.outcome import Outcome
from rows import ipehost
from rows.cli import run_row
from rows.row import Finding, Room
from rows.table import LONG, PARTS
from tamper import deletions, lines
from tamper.case import Tamper
from tamper.ipe import firmware_is
from tamper.report import page
from tamper.table import MATRIX
from tamper.unbooted import UNBOOTED

# A TPM that nobody has told of the boot: under this firmware there is none.
ONLY_WITHOUT_FIRMWARE = {"tpm-unmeasured"}


def code_of(row: Tamper) -> str:
    return row.expect.split("/")[2] if "/" in row.expect else row.expect


def is_silent(row: Tamper) -> bool:
    """The firmware says no more than its code."""
    return row.expect.startswith("firmware/")


class TestTable(unittest.TestCase):
    def test_a_refusal_is_known_by_words_of_its_message(self) -> None:
        """Stage and code may have several causes; the row has to have met its own."""
        self.assertEqual([row.name for row in MATRIX if "/" in row.expect and not is_silent(row) and not any(row.says)], [])

    def test_what_is_not_refused_is_looked_at(self) -> None:
        self.assertEqual([row.name for row in MATRIX if "/" not in row.expect and not row.looks], [])
        self.assertEqual([row.name for row in MATRIX if (row.expect == "panicked") != bool(row.panic)], [])

    def test_each_code_is_raised_under_firmware_in_each_run(self) -> None:
        every_run = [row for row in MATRIX if row.name not in {row.name for row in LONG}]
        with_firmware = {code_of(row) for row in every_run if row.setup.firmware}
        self.assertEqual({code_of(row) for row in MATRIX} - with_firmware, ONLY_WITHOUT_FIRMWARE)

    def test_each_row_is_in_one_part(self) -> None:
        names = [row.name for rows in PARTS.values() for row in rows]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual({row.name for row in MATRIX}, set(names))


class TestDenials(unittest.TestCase):
    def test_the_page_has_the_list_of_the_row(self) -> None:
        page_text = (TOP / "docs/MAC.md").read_text()
        self.assertEqual(page_text.count(f"```\n{ipehost.denials()}```\n"), 1, "docs/MAC.md lacks the list of rows/ipehost.py denials()")

    def looked_at(self, *kernel: str, errno: int = 0) -> list[str]:
        report = {"kmsg.txt": "\n".join(kernel).encode(), "denials.txt": f"print-all-records: {errno}\n".encode()}
        finding = Finding(Outcome("booted", "", 0, report=report))
        firmware_is((14,), (("KERNEL_READ", '"/run/firmware/a"'),))(finding, Room(out=Path("/nowhere"), init=Path("/nowhere")))
        return finding.problems

    def test_firmware_is_judged_by_size_and_record(self) -> None:
        loaded = "<6>[    8.0] test_firmware: loaded: 14"
        denied = ('<5>[    8.1] audit: type=1420 audit(1.2:3): ipe_op=FIRMWARE ipe_hook=KERNEL_READ enforcing=1 pid=1 comm="systemd" '
                  'path="/run/firmware/a" dev="tmpfs" ino=9 rule="DEFAULT action=DENY"')
        self.assertEqual(self.looked_at(loaded, denied), [])
        self.assertNotEqual(self.looked_at(loaded, denied, errno=13), [], "records may have been dropped")
        for kernel in ((loaded,), (denied,), (loaded, denied, denied), (loaded, loaded, denied), (loaded.replace("14", "8"), denied),
                       (loaded, denied.replace("enforcing=1", "enforcing=0")), (loaded, denied.replace("/a", "/b")), (loaded, denied.replace("READ", "LOAD")),
                       (loaded, denied.replace("DEFAULT action", "op=FIRMWARE action"))):
            self.assertNotEqual(self.looked_at(*kernel), [], kernel)


class TestStarved(unittest.TestCase):
    """A row that fails is run once more where the emulator is to blame, and never else."""

    def runs(self, *consoles: str) -> tuple[bool, int]:
        left = list(consoles)

        class Fails:
            name, seconds = "fails", 1

            def run(self, room: Room) -> Finding:
                (room.out / "serial.log").write_text(left.pop(0))
                finding = Finding(Outcome("panicked", "it panicked", 1.0))
                finding.expect("whether it went well", True, not left)
                return finding

        with tempfile.TemporaryDirectory() as scratch, redirect_stdout(io.StringIO()):
            passed = run_row(Fails(), Room(Path(scratch) / "fails", Path(scratch)), keep=False)
        return passed, len(consoles) - len(left)

    def test_rows_are_run_once_more(self) -> None:
        starved = "[    0.2] Kernel panic - not syncing: IO-APIC + timer doesn't work!  Boot with apic=debug\n"
        faulty = "[    3.2] Kernel panic - not syncing: Fatal exception in interrupt\n"
        other = "[    9.2] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b\n"
        self.assertEqual(self.runs(starved, ""), (True, 2))
        self.assertEqual(self.runs(faulty, ""), (True, 2))
        self.assertEqual(self.runs(starved, starved, ""), (False, 2))
        self.assertEqual(self.runs(other, ""), (False, 1))
        self.assertEqual(self.runs("", ""), (False, 1))


class TestDeletions(unittest.TestCase):
    def test_each_check_is_there_once_and_its_row_too(self) -> None:
        expect = {row.name: row.expect for row in MATRIX}
        for deletion in deletions.DELETIONS:
            with self.subTest(deletion.name):
                self.assertEqual((TOP / deletion.file).read_text().count(deletion.old), 1)
                self.assertNotEqual(deletion.then, expect[deletion.row])

    def test_a_result_that_is_another_does_not_count(self) -> None:
        deletion = deletions.DELETIONS[0]
        expect = {row.name: row.expect for row in MATRIX}[deletion.row]
        good = {"name": deletion.name, "row": deletion.row, "with": expect, "without": deletion.then}
        self.assertTrue(deletions.is_as_expected(deletion, good))
        for change in ({"without": expect}, {"without": "hung"}, {"row": "other"}, {"with": "booted"}):
            self.assertFalse(deletions.is_as_expected(deletion, {**good, **change}), change)


class TestReport(unittest.TestCase):
    def test_the_page_has_every_row_code_and_check(self) -> None:
        seen = {row.name: {"relaxed": row.weaker, "seen": row.expect} for row in MATRIX}
        taken = {d.name: {"name": d.name, "row": d.row, "with": "x", "without": d.then} for d in deletions.DELETIONS}
        with tempfile.TemporaryDirectory() as scratch:
            before, deletions.RESULTS = deletions.RESULTS, Path(scratch, "results.json")
            try:
                deletions.RESULTS.write_text(json.dumps(taken))
                text = page(seen)
            finally:
                deletions.RESULTS = before
        for name in (*(row.name for row in MATRIX), *(d.name for d in deletions.DELETIONS)):
            self.assertIn(f"\n| {name} | ", text)
        for code in UNBOOTED:
            self.assertIn(f"\n| `{code}` | ", text)


class TestLines(unittest.TestCase):
    LINE = f"quiet init.verity=1:sha256:4096:4096:51138:1:-:uuid usrhash={'4f' * 32}"

    def test_edits(self) -> None:
        self.assertEqual(lines.one_block_less(self.LINE), self.LINE.replace(":51138:", ":51137:"))
        for line in (lines.flatcar(self.LINE), lines.azure_container_linux(self.LINE)):
            self.assertIn("4f" * 32, line)
            self.assertNotIn("init.verity", line)


if __name__ == "__main__":
    unittest.main()
