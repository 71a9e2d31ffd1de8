#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verinit selftest: all known answers are found; and in a copy of the program with one of them changed, that one is not."""

from __future__ import annotations

import json
import re
import subprocess
import time
import unittest
from pathlib import Path
from typing import Any

from case import FALSE, USAGE, VERINIT, YES, ToolTest
from kernels import TOP

PAGE = TOP / "docs" / "MEASUREMENTS.md"
SECONDS = 10  # the program is instrumented in some builds; otherwise it takes a few milliseconds
ALGORITHMS = ("sha1", "sha256", "sha384", "sha512")
SINGLE = ("json", "event-log sha1 pcr11", "event-log sha256 pcr11", "event-log sha256 pcr0")


def on_the_page(text: str) -> dict[str, str]:
    """Its vectors by the names that they have in the program."""
    block = re.search(r'(?ms)^```vectors\n(.*?)^```', text)
    assert block
    found = {}
    for kind, what, *rest in (line.split() for line in block[1].splitlines()):
        if kind == "pcr13":
            found[f"pcr13 {what}"] = rest[0]
        elif rest:
            found["word " + re.sub(r'=sha256-[0-9a-f]{64}$', "", what)] = f"{what} {rest[0]}"
    return found


class Selftest(ToolTest):
    def results(self) -> list[dict[str, Any]]:
        done = self.verinit("selftest", "--json=short")
        self.assert_ends(done, YES)
        self.assertEqual((done.stderr, done.stdout.count("\n")), ("", 1))
        return json.loads(done.stdout)["tests"]  # type: ignore[no-any-return]

    def test_all_are_found(self) -> None:
        begin = time.monotonic()
        results = self.results()
        self.assertLess(time.monotonic() - begin, SECONDS)
        names = [one["name"] for one in results]
        self.assertEqual(len(names), len(set(names)))
        for one in results:
            self.assertEqual((one["ok"], one["found"]), (True, one["expected"]), one["name"])
        done = self.verinit("selftest")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (YES, "".join(f"ok {name}\n" for name in names), ""))
        done = self.verinit("selftest", "--quiet")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (YES, "", ""))
        done = self.verinit("selftest", "--json=pretty")
        self.assertEqual(json.loads(done.stdout)["tests"], results)

    def test_none_is_missing(self) -> None:
        wanted = {f"{kind} {alg}" for alg in ALGORITHMS for kind in ("pcr13", "authenticode")}
        wanted |= {f"digest {alg} {message}" for alg in ALGORITHMS for message in ("abc", "two blocks")}
        wanted |= {f"policy-pcr {alg} {pcrs}" for alg in ALGORITHMS for pcrs in ("11", "11,13")}
        wanted |= {f"verity {alg}" for alg in ALGORITHMS if alg != "sha1"} | set(SINGLE)
        self.assertEqual({one["name"] for one in self.results()}, wanted | set(on_the_page(PAGE.read_text())))

    def test_the_page_says_the_same(self) -> None:
        expected = {one["name"]: one["expected"] for one in self.results()}
        page = on_the_page(PAGE.read_text())
        self.assertEqual(len(page), 13)
        self.assertEqual({name: expected[name] for name in page}, page)

    def changed(self, old: bytes, new: bytes) -> Path:
        """A copy of the program with one text changed, which it has once."""
        content = VERINIT.read_bytes()
        self.assertEqual((content.count(old), len(old)), (1, len(new)), old)
        copy = self.file("changed", content.replace(old, new))
        copy.chmod(0o755)
        return copy

    def run_copy(self, copy: Path, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([copy, "selftest", *options], text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL)

    def test_each_one_changed(self) -> None:
        """The shipped program itself is changed: in its last digit, which is what one that compares too little would not see."""
        results = self.results()
        for one in results:
            with self.subTest(one["name"]):
                wrong = one["expected"][:-1] + ("0" if one["expected"][-1] != "0" else "1")
                copy = self.changed(one["expected"].encode() + b"\0", wrong.encode() + b"\0")
                done = self.run_copy(copy, "--quiet")
                self.assertEqual(done.stdout, f"FAILED {one['name']}: expected {wrong}, found {one['expected']}\n")
                self.assert_ends(done, FALSE, f"1 of {len(results)} known answers")

    def test_a_failure_among_the_others(self) -> None:
        results = self.results()
        old, new = results[3]["expected"], "f" * 64
        copy = self.changed(old.encode(), new.encode())
        lines = self.run_copy(copy).stdout.splitlines()
        self.assertEqual([n for n, line in enumerate(lines) if not line.startswith("ok ")], [3])
        self.assertEqual(len(lines), len(results))
        done = self.run_copy(copy, "--json=short")
        self.assertEqual(done.returncode, FALSE)
        self.assertEqual(json.loads(done.stdout)["tests"],
                         [one | {"ok": False, "expected": new} if one is results[3] else one for one in results])

    def test_a_changed_input(self) -> None:
        """What cannot be computed says why: no JSON, and a tree in which a data block is found wrong."""
        copy = self.changed(b'"b" : [1,', b'"b" : [1;')
        self.assertRegex(self.run_copy(copy, "--quiet").stdout, r'\AFAILED json: expected \{"b":[^\n]+, found no JSON\n\Z')
        done = self.run_copy(copy, "--json=short")
        self.assert_ends(done, FALSE)
        failed = [one for one in json.loads(done.stdout)["tests"] if not one["ok"]]
        self.assertEqual([(one["name"], one["found"], one["why"]) for one in failed], [("json", None, "no JSON")])
        done = self.run_copy(self.changed(b"sha256 c0405dc25d", b"sha256 c0405dc25e"), "--quiet")
        self.assert_ends(done, FALSE)
        self.assertRegex(done.stdout, r"\AFAILED verity sha256: expected 3eed7d24[0-9a-f]+, found [^\n]*data-corrupt[^\n]*\n\Z")

    def test_usage(self) -> None:
        for words in (("word",), ("--odd",), ("--json",)):
            self.assert_ends(self.verinit("selftest", *words), USAGE, "see 'verinit selftest --help'")
        self.assert_ends(self.verinit("selftest", "--json=odd"), USAGE, "short, pretty or off")
        self.assertIn("Examples:", self.verinit("selftest", "--help").stdout)


if __name__ == "__main__":
    unittest.main()
