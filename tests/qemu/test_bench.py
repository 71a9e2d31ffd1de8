#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The benchmark's arithmetic without a machine: what a boot's report says, and when the guard is red."""

import json
import sys
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "bench"))

import benchlib  # noqa: E402, F401
from benchlib import measure, ratios, table  # noqa: E402
from machine.spec import Trouble  # noqa: E402

BASELINE = {"figures": {"ratio": 1.06, "init": 1000}}
DMESG = ("<6>[    1.000000] Run /init as init process\n<13>[    1.010000] verinit-bench: bare\n"
         "<14>[    1.500000] verinit[early]: said\n<13>[    1.600000] verinit-bench: host\n")


def account(ran_us: int) -> bytes:
    return f"version 15\ntimestamp 1\ncpu0 0 0 1 2 3 4 {ran_us * 1000} 5 6\n".encode()


def report(**more: bytes) -> dict[str, bytes]:
    return {"dmesg.txt": DMESG.encode(), "account.txt": account(1_200_000), "account-begin.txt": account(910_000),
            "stat.txt": b"1 (a (b) c) S 0 0 0 0 0 0 40 2 0 0\n", "meminfo.txt": b"MemFree:   7 kB\nMemAvailable:  9 kB\n",
            "lsmod.txt": b"erofs 1 1 - Live 0\ndm_mod 1 1 - Live 0\n", **more}


class TestSample(unittest.TestCase):
    def test_idle_time_is_not_counted(self) -> None:
        s = measure.sample_of("C", report())
        self.assertEqual((s.span_us, s.idle_us, s.idle_before_us), (600_000, 400_000, 100_000))
        assert s.idle_before_us is not None
        self.assertEqual(s.busy_us(s.idle_before_us), 300_000)
        self.assertEqual((s.faults, s.mem_free_kb, s.mem_available_kb, s.modules), (42, 7, 9, ["dm_mod", "erofs"]))

    def test_a_report_without_a_mark_is_none(self) -> None:
        for name in ("dmesg.txt", "account.txt"):
            with self.assertRaisesRegex(Trouble, "no line of its beginning"):
                measure.sample_of("A", report(**{name: b""}))


class TestGuard(unittest.TestCase):
    def test_within_the_tolerance_is_nothing(self) -> None:
        self.assertEqual(ratios.compare(BASELINE, {"ratio": 1.06 * 1.029, "init": 10}), [])

    def test_growth_is_named(self) -> None:
        (problem,) = ratios.compare(BASELINE, {"ratio": 1.06 * 1.031, "init": 1000})
        self.assertRegex(problem, r"^ratio: .* 3\.1 % over the baseline of 1\.06$")

    def test_a_figure_is_never_forgotten(self) -> None:
        self.assertEqual([p.split(":")[0] for p in ratios.compare(BASELINE, {"ratio": 1.0, "new": 1})], ["init", "new"])

    def test_ratios_are_of_neighbours(self) -> None:
        self.assertEqual(ratios.pairs([2, 9], [1, 3]), [2, 3])
        with self.assertRaises(ValueError):
            ratios.pairs([1], [1, 2])

    def test_the_committed_baseline_says_when_and_why(self) -> None:
        baseline = json.loads((TOP / "docs/bench/baseline.json").read_text())
        self.assertRegex(baseline["changed"], r"^\d{4}-\d\d-\d\d$")
        self.assertGreater(len(baseline["why"]), 20)
        self.assertEqual(ratios.compare(baseline, baseline["figures"]), [])


class TestPage(unittest.TestCase):
    def test_the_table_is_that_of_the_samples(self) -> None:
        page = (TOP / "docs/PERFORMANCE.md").read_text()
        begin, end = "<!-- begin: tools/bench --report docs/bench/results.json -->\n", "<!-- end -->"
        shown = page[page.index(begin) + len(begin):page.index(end)]
        self.assertEqual(shown, table.of_file(TOP / "docs/bench/results.json"))


if __name__ == "__main__":
    unittest.main()
