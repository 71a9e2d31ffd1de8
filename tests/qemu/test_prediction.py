#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The comparison of predicted and read PCRs, without a machine: a cell that differs is named, and none is taken for equal."""

from __future__ import annotations

import copy
import unittest
from typing import Any

from acceptance.interrupted import is_not_left
from machine import pcr
from machine.outcome import Outcome
from rows import prediction
from rows.prediction import HANDED_OVER, PCRS, READY, differences
from rows.row import Finding


def value(bank: str, number: str, state: str = "") -> str:
    return pcr.digest(bank, f"{number}{state}".encode()).hex()


def document() -> dict[str, Any]:
    """Of each cell another value."""
    return {"pcrs": {bank: {
        "4": {state: value(bank, "4", state) for state in ("secure_boot_on", "secure_boot_off")},
        "7": {"secure_boot_on": value(bank, "7", "secure_boot_on")},
        "11": [{"phase": phase, "value": value(bank, "11", phase)} for phase in (HANDED_OVER, READY)],
        **{number: value(bank, number) for number in ("9", "12", "13")}} for bank in pcr.BANKS}}


def seen() -> dict[str, dict[str, str]]:
    """As the kernel prints them."""
    return {bank: {"4": value(bank, "4", "secure_boot_on").upper(), "7": value(bank, "7", "secure_boot_on").upper(),
                   "11": value(bank, "11", READY).upper(),
                   **{number: value(bank, number).upper() for number in ("9", "12", "13")}} for bank in pcr.BANKS}


class TestDifferences(unittest.TestCase):
    def test_equal(self) -> None:
        self.assertEqual(list(differences(document(), seen(), True, READY)), [])

    def test_the_wrong_cell_is_named(self) -> None:
        for bank in pcr.BANKS:
            for number in PCRS:
                with self.subTest(bank=bank, number=number):
                    read = seen()
                    read[bank][number] = "00" * pcr.BANKS[bank]
                    found = list(differences(document(), read, True, READY))
                    self.assertEqual(len(found), 1)
                    self.assertTrue(found[0].startswith(f"PCR {number}, {bank}: predicted "), found[0])

    def test_what_is_missing_is_no_match(self) -> None:
        for change in (lambda d, s: s["sha384"].pop("9"), lambda d, s: d["pcrs"]["sha384"].pop("9"), lambda d, s: s.pop("sha384"),
                       lambda d, s: d["pcrs"].pop("sha384"), lambda d, s: d["pcrs"]["sha384"].update({"11": []}),
                       lambda d, s: d["pcrs"]["sha384"]["4"].pop("secure_boot_on")):
            predicted, read = document(), seen()
            change(predicted, read)
            found = list(differences(predicted, read, True, READY))
            self.assertTrue(found and all("sha384" in row and "nothing" in row for row in found), found)
        empty: dict[str, Any] = {"pcrs": {}}
        self.assertEqual(len(list(differences(empty, {}, True, READY))), len(pcr.BANKS) * len(PCRS))

    def test_state_and_phase(self) -> None:
        names = [row.split(",")[0] for row in differences(document(), seen(), False, HANDED_OVER)]
        self.assertEqual(names, ["PCR 4", "PCR 7", "PCR 11"] * len(pcr.BANKS))

    def test_a_killed_boot_that_has_handed_over(self) -> None:
        """In a machine's state; and a state in which no value is found is none to ask."""
        for bank in pcr.BANKS:
            whole = b"".join(bytes.fromhex(value(b, "7", "secure_boot_on")) for b in pcr.BANKS)
            left = bytes.fromhex(value(bank, "11", HANDED_OVER))
            for state, problems in ((whole, 0), (whole + left, 1), (b"", len(pcr.BANKS))):
                finding = Finding(Outcome("", "", 0))
                is_not_left("root", finding, document(), True, state)
                self.assertEqual(len(finding.problems), problems, finding.problems)

    def test_words(self) -> None:
        words = {"words": [{"pcr": 9, "word": "os-separator"}, {"pcr": 13, "word": "a"}, {"pcr": 13, "word": "b"}]}
        before = copy.deepcopy(words)
        self.assertEqual(prediction.words_of(words, 13), ["a", "b"])
        self.assertEqual(words, before)


if __name__ == "__main__":
    unittest.main()
