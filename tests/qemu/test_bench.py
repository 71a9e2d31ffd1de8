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
from benchlib import builtin, counted, kernel, measure, mkosi, ratios, table, unpack  # noqa: E402
from machine.spec import Trouble  # noqa: E402

BASELINE = {"figures": {"ratio": 1.06, "init": 1000}}
DMESG = ("<6>[    1.000000] Run /init as init process\n<13>[    1.010000] verinit-bench: floor\n"
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


def counts(label: str, start: int, span: int, idle: int, **more: object) -> dict[str, object]:
    return {"label": label, "start_us": start, "span_us": span, "idle_us": idle, "modules": ["erofs"], "initramfs_bytes": 10,
            "mem_available_kb": 2048, **more}


class TestKernels(unittest.TestCase):
    def test_an_option_that_was_not_taken_is_named(self) -> None:
        self.assertEqual(kernel.missing("CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=m\n", "# why\nCONFIG_A=y\nCONFIG_B=y\nCONFIG_C=y\n"),
                         ["CONFIG_B=y", "CONFIG_C=y"])

    def test_what_replaces_modules_is_on_the_page(self) -> None:
        page = (TOP / "docs/KERNEL.md").read_text()
        lines = [line for line in (TOP / "bench/kernel/builtin.config").read_text().splitlines() if line.startswith("CONFIG_")]
        options = [line for line in lines if not line.startswith(("CONFIG_EROFS_FS_", "CONFIG_IPE_PROP_", "CONFIG_DM_VERITY_VERIFY_ROOTHASH_SIG_"))]
        self.assertGreater(len(options), 5)
        self.assertEqual([line for line in options if f"`{line}`" not in page], [])

    def test_what_is_idle_is_not_counted(self) -> None:
        self.assertEqual(counted.total(counts("A", 500, 100, 40)), 560_000)
        results = {"icount": [counts("debian A", 500, 100, 40, idle_before_us=None), counts("debian C", 500, 90, 45, idle_before_us=30)]}
        self.assertEqual(builtin.span(results, "debian", "A"), 90_000)
        self.assertEqual(builtin.whole(results, "debian", "A") - builtin.span(results, "debian", "A"), 470_000)

    def test_forms_are_compared_with_the_first(self) -> None:
        rows = unpack.table({"icount": [counts("a", 1000, 500, 0), counts("b", 2000, 500, 0)]}).splitlines()[2:]
        self.assertEqual(rows, ["| a | 10 | 1.5 | +0.0 | 2.0 |", "| b | 10 | 2.5 | +1.0 | 2.0 |"])

    def test_what_mkosi_is_told(self) -> None:
        """The configuration is Debian's, and the machine that builds has no say."""
        words = mkosi.arguments("6.12")
        self.assertIn("--include=mkosi-initrd", words)
        self.assertNotIn("host", " ".join(words))


class TestPage(unittest.TestCase):
    def assert_shown(self, page_name: str, results: str) -> None:
        page = (TOP / page_name).read_text()
        begin, end = f"<!-- begin: tools/bench --report {results} -->\n", "<!-- end -->"
        at = page.index(begin) + len(begin)
        self.assertEqual(page[at:page.index(end, at)], table.of_file(TOP / results))

    def test_the_table_is_that_of_the_samples(self) -> None:
        self.assert_shown("docs/PERFORMANCE.md", "docs/bench/results.json")

    def test_the_tables_of_the_kernels_are_those_of_the_samples(self) -> None:
        self.assert_shown("docs/KERNEL.md", "docs/bench/kernel.json")
        self.assert_shown("docs/KERNEL.md", "docs/bench/unpack.json")


if __name__ == "__main__":
    unittest.main()
