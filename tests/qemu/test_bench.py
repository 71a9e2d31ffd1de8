#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The benchmark's arithmetic without a machine: what a boot's report says, and when the guard is red."""

import dataclasses
import json
import sys
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "bench"))

import benchlib  # noqa: E402, F401
from benchlib import builtin, contenders, counted, kernel, measure, mkosi, prove, ratios, stages, table, unpack  # noqa: E402
from machine.spec import Trouble  # noqa: E402

BASELINE = {"figures": {"ratio": 1.06, "size": 1000}}
DMESG = ("<6>[    1.000000] Run /init as init process\n<13>[    1.010000] verinit-bench: bare\n"
         "<14>[    1.500000] verinit[early]: said\n<13>[    1.600000] verinit-bench: host\n")


def account(ran_us: int) -> bytes:
    return f"version 15\ntimestamp 1\ncpu0 0 0 1 2 3 4 {ran_us * 1000} 5 6\n".encode()


def report(**more: bytes) -> dict[str, bytes]:
    return {"dmesg.txt": DMESG.encode(), "account.txt": account(1_200_000), "account-begin.txt": account(910_000) + b"700000000 5 6\n",
            "stat.txt": b"1 (a (b) c) S 0 0 0 0 0 0 40 2 0 0\n", "meminfo.txt": b"MemFree:   7 kB\nMemAvailable:  9 kB\n",
            "lsmod.txt": b"erofs 1 1 - Live 0\ndm_mod 1 1 - Live 0\n", "schedstat.txt": b"950000000 7 8\n",
            "usage.txt": b"4096 0 2500000000\n", **more}


class TestSample(unittest.TestCase):
    def test_idle_time_is_not_counted(self) -> None:
        s = measure.sample_of("C", report())
        self.assertEqual((s.span_us, s.idle_us, s.idle_before_us), (600_000, 400_000, 100_000))
        assert s.idle_before_us is not None
        self.assertEqual(s.busy_us(s.idle_before_us), 300_000)
        self.assertEqual((s.faults, s.mem_free_kb, s.mem_available_kb, s.modules), (42, 7, 9, ["dm_mod", "erofs"]))
        self.assertEqual((s.pid1_us, s.maxrss_kb, s.ticks_us, s.load_s, s.traced), (250_000, 4096, 2_500_000, None, []))

    def test_what_a_uki_and_a_trace_add(self) -> None:
        boot = {"stages": [{"name": "early", "duration_us": 3}], "tpm": {"words": [{"pcr": 11, "word": "enter-initrd"}], "banks": ["sha256"]}}
        s = measure.sample_of("A", report(**{"trace.txt": b"900 400 300 20 30\n", "boot.json": json.dumps(boot).encode()}),
                              {"firmware-load": 5.5, "firmware-start": 7.25})
        self.assertEqual((s.load_s, s.traced, s.stages), (1.75, [900, 400, 300, 20, 30], {"early": 3}))
        self.assertEqual(s.busy_us(0), 500)
        self.assertEqual(contenders.Work.of(json.loads(json.dumps(s.to_json()))),
                         contenders.Work(("dm_mod", "erofs"), ((11, "enter-initrd"),), ("sha256",)))

    def test_a_report_without_a_mark_is_none(self) -> None:
        for name in ("dmesg.txt", "account.txt"):
            with self.assertRaisesRegex(Trouble, "no line of its beginning"):
                measure.sample_of("A", report(**{name: b""}))


STAGES = """\
<6>[    1.000000] Run /init as init process
<14>[    1.020000] verinit[config]: passed after 5000 us: PID 1 ran 500000 us
<14>[    1.130000] verinit[probe]: module dm_mod: loaded in 106000 us, ran 105000 us
<14>[    1.140000] verinit[probe]: passed after 120000 us: PID 1 ran 611000 us
<14>[    1.300000] verinit[mac]: lap read: PID 1 ran 671000 us
<14>[    1.500000] verinit[mac]: lap load: PID 1 ran 871000 us
<14>[    1.600000] verinit[mac]: passed after 460000 us: PID 1 ran 961000 us
<14>[    1.700000] verinit[record]: skipped after 1 us: PID 1 ran 961001 us
"""


class TestStages(unittest.TestCase):
    def setUp(self) -> None:
        self.seen = stages.of_report({"dmesg.txt": STAGES.encode(), "schedstat.txt": b"981000000 7 8\n", "tasks.txt": b"1 systemd 981 0 1\n41 kworker/0:1H-kverityd 101 3 9\n"})

    def test_a_stage_is_what_was_run_since_the_one_before(self) -> None:
        self.assertEqual([(row.stage, row.instructions) for row in self.seen.stages],
                         [("early, config", 20_000_000), ("probe", 111_000_000), ("mac", 350_000_000), ("record", 1_000), ("handoff", 19_999_000)])
        self.assertEqual([row.waited for row in self.seen.stages], [0, 9_000_000, 110_000_000, 99_999_000, 0])

    def test_laps_and_modules_are_of_their_stage(self) -> None:
        self.assertEqual([(row.stage, row.what, row.instructions) for row in (*self.seen.laps, *self.seen.modules)],
                         [("mac", "read", 60_000_000), ("mac", "load", 200_000_000), ("probe", "dm_mod", 105_000_000)])
        self.assertEqual([self.seen.beside(row) for row in self.seen.stages], [20_000_000, 6_000_000, 150_000_000, 1_000, 19_999_000])
        self.assertEqual(self.seen.kverityd, 101)
        self.assertIn("| mac | 350.0 | 150.0 (over) |\n", stages.table(self.seen))

    def test_a_report_without_a_beginning_is_none(self) -> None:
        with self.assertRaisesRegex(Trouble, "no beginning of PID 1"):
            stages.of_report({"dmesg.txt": STAGES.encode()})

    def test_a_boot_that_loads_no_policy_is_none(self) -> None:
        with self.assertRaisesRegex(Trouble, "no lap load"):
            stages.of_report({"dmesg.txt": STAGES.replace("lap load", "lap other").encode(), "schedstat.txt": b"981000000 7 8\n"})


class TestWord(unittest.TestCase):
    def test_the_command_has_each_bank_once(self) -> None:
        command = contenders.tpm_extend(11, "enter-initrd", ("sha1", "sha256"))
        self.assertEqual(int.from_bytes(command[2:6], "big"), len(command))
        # PCR, empty password, two banks; the first algorithm is SHA-1.
        self.assertEqual(command[6:37].hex(), "00000182" "0000000b" "00000009" "400000090000000000" "00000002" "0004" "b1b01d5f")
        # As systemd has the word.
        self.assertEqual(command[-34:-28].hex(), "000b51e6b92f")


class TestProof(unittest.TestCase):
    def judge(self, known: float, span_us: int) -> bool:
        with_tests, without = (measure.sample_of("C", report()) for _ in range(2))
        return prove.judge(known, dataclasses.replace(with_tests, span_us=span_us), without)[0]

    def test_within_the_tolerance(self) -> None:
        self.assertTrue(self.judge(1000, 1_090_000))

    def test_between_all_and_nothing_of_the_self_tests(self) -> None:
        self.assertTrue(self.judge(800, 1_000_000))

    def test_what_they_do_not_explain(self) -> None:
        self.assertFalse(self.judge(500, 1_000_000))
        self.assertFalse(self.judge(1200, 1_000_000))


class TestGuard(unittest.TestCase):
    def test_within_the_tolerance_is_nothing(self) -> None:
        self.assertEqual(ratios.compare(BASELINE, {"ratio": 1.06 * 1.029, "size": 10}), [])

    def test_growth_is_named(self) -> None:
        (problem,) = ratios.compare(BASELINE, {"ratio": 1.06 * 1.031, "size": 1000})
        self.assertRegex(problem, r"^ratio: .* 3\.1 % over the baseline of 1\.06$")

    def test_a_figure_is_never_forgotten(self) -> None:
        self.assertEqual([p.split(":")[0] for p in ratios.compare(BASELINE, {"ratio": 1.0, "new": 1})], ["new", "size"])

    def test_ratios_are_of_neighbours(self) -> None:
        self.assertEqual(ratios.pairs([2, 9], [1, 3]), [2, 3])
        with self.assertRaises(ValueError):
            ratios.pairs([1], [1, 2])

    def test_the_committed_baseline_says_when_and_why(self) -> None:
        baseline = json.loads((TOP / "docs/bench/baseline.json").read_text())
        self.assertRegex(baseline["changed"], r"^\d{4}-\d\d-\d\d$")
        self.assertGreater(len(baseline["why"]), 20)
        self.assertEqual(ratios.compare(baseline, baseline["figures"]), [])


class TestTable(unittest.TestCase):
    def test_what_was_not_measured_has_its_line(self) -> None:
        text = table.targets({"least_memory_mib": {}, "bytes": {"init": 4 << 20}})
        rows = [line.split(" | ") for line in text.splitlines()[2:]]
        self.assertEqual(len(rows), len(table.TARGETS))
        self.assertEqual({row[-1].rstrip(" |") for row in rows if "init," not in row[0]}, {table.NOT_MEASURED})
        self.assertIn("| init, stripped, MiB | at most 3 | 4.00 | no |", text)

    def test_idle_time_of_each_kind_is_its_own(self) -> None:
        def sample(name: str, span: int, before: "int | None") -> "dict[str, object]":
            return {"name": name, "span_us": span, "idle_us": 50, "idle_before_us": before, "traced": []}
        results = {"icount": [sample("A", 150, None), sample("C", 130, 20)], "tpm": [sample("A", 250, None), sample("C", 230, 40)]}
        self.assertEqual(table.busy(results, "icount", "A"), [120_000])
        self.assertEqual(table.busy(results, "tpm", "C"), [220_000])
        self.assertEqual(table.busy(results, "clock", "A"), [])

    def test_a_trace_knows_better(self) -> None:
        results = {"tpm": [{"name": "A", "traced": [900, 400, 300, 0, 0]}]}
        self.assertEqual(table.busy(results, "tpm", "A"), [500_000])


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
