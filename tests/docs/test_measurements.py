#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/MEASUREMENTS.md: its vectors recomputed with hashlib, its words and its record compared with the code."""

import hashlib
import json
import re
import unittest
from functools import cache

from documents import FACTS, facts, fenced, poison_pcrs, read, run

BANKS = ("sha1", "sha256", "sha384", "sha512")


def extend(bank: str, pcr: bytes, word: str) -> bytes:
    return hashlib.new(bank, pcr + hashlib.new(bank, word.encode("ascii")).digest()).digest()


def pcr13(bank: str, words: list[str]) -> str:
    pcr = bytes(hashlib.new(bank).digest_size)
    for word in words:
        pcr = extend(bank, pcr, word)
    return pcr.hex()


@cache
def word_of(key: str, digest: str) -> str:
    """As the code has it."""
    return facts("word", key, digest)[0].split("\t")[0]


def vector_differences(text: str) -> list[str]:
    """What is wrong with a block of vectors."""
    lines = [line.split() for line in text.splitlines()]
    given = {fields[0]: fields[1] for fields in lines if len(fields) == 2}
    words = [word_of("verinit.usr-verity", given["root-hash"]),
             *(word_of("verinit.ipe", fields[1]) for fields in lines if fields[0] == "ipe-policy"),
             word_of("verinit.selinux", given["policy"]),
             f"verinit.root={given['root']}"]
    digests = {fields[1]: fields[2] for fields in lines if len(fields) == 3 and fields[0] == "sha256"}
    values = {fields[1]: fields[2] for fields in lines if len(fields) == 3 and fields[0] == "pcr13"}
    problems = [f"no digest of {word}" for word in (*words, "enter-initrd", "leave-initrd") if word not in digests]
    problems += [f"digest of {word}" for word, hexadecimal in digests.items()
                 if hashlib.sha256(word.encode("ascii")).hexdigest() != hexadecimal]
    problems += [f"PCR 13, {bank}" for bank in BANKS if values.get(bank) != pcr13(bank, words)]
    return problems


class Measurements(unittest.TestCase):
    def setUp(self) -> None:
        self.page = read("docs/MEASUREMENTS.md")
        self.vectors = fenced(self.page, "vectors")
        self.with_ipe = fenced(self.page, "vectors-ipe")

    def test_vectors(self) -> None:
        self.assertEqual(vector_differences(self.vectors), [])
        self.assertEqual(vector_differences(self.with_ipe), [])

    def test_vectors_can_fail(self) -> None:
        for vectors in (self.vectors, self.with_ipe):
            for line in vectors.splitlines():
                with self.subTest(line):
                    last = "0" if line[-1] != "0" else "1"
                    self.assertNotEqual(vector_differences(vectors.replace(line, line[:-1] + last)), [])

    def test_the_python_on_the_page(self) -> None:
        given = dict(line.split() for line in self.vectors.splitlines() if line.count(" ") == 1)
        names: dict[str, object] = {}
        exec(fenced(self.page, "python"), names)  # noqa: S102: our own document
        for bank in BANKS:
            value = names["pcr13"](bank, given["root-hash"], given["policy"], given["root"])  # type: ignore[operator]
            self.assertIn(f"\npcr13 {bank} {value}\n", self.vectors)
        lines = [line.split() for line in self.with_ipe.splitlines()]
        given = {fields[0]: fields[1] for fields in lines if len(fields) == 2}
        policies = tuple(fields[1] for fields in lines if fields[0] == "ipe-policy")
        self.assertEqual(len(policies), 2)
        for bank in BANKS:
            value = names["pcr13"](bank, given["root-hash"], given["policy"], given["root"], policies)  # type: ignore[operator]
            self.assertIn(f"\npcr13 {bank} {value}\n", self.with_ipe)

    def test_record(self) -> None:
        text = fenced(self.page, "record")
        record = json.loads(text)
        content = record["content"]
        made = run(FACTS, "record", str(record["pcr"]), record["digests"][0]["digest"], content["string"],
                   content["bootId"], str(content["timestamp"]))
        self.assertEqual(made, "\x1e" + text)
        self.assertEqual(hashlib.sha256(content["string"].encode()).hexdigest(), record["digests"][0]["digest"])

    def test_words_of_the_table_are_in_the_code(self) -> None:
        rows = re.findall(r'(?m)^\| [^|]+ \| (\w+) \| (\d+) \| ([^|]+) \|$', self.page)
        header = read("include/verinit/measure.h")
        for stage, pcr, text in rows:
            name = {"11": "MEASURE_PCR_PHASE", "13": "MEASURE_PCR_WORDS"}[pcr]
            self.assertIn(f"{name} = {pcr}", header)
            for word in re.findall(r'`([a-z.-]+)', text):
                with self.subTest(word=word, stage=stage):
                    # The witness of stage usr is made where its word is extended, and nowhere else.
                    sources = read("measure/volume.c" if stage == "measure" else f"init/stage_{stage}.c")
                    # One call below.
                    sources += read("init/ipe_load.c") if stage == "mac" else ""
                    if word.startswith("verinit."):
                        # Worded in one place, for the stage and for `verinit measure predict`.
                        maker = re.search(rf'(?ms)^void (measure_word_\w+)\([^{{]*\{{[^}}]*"{re.escape(word)}', read("measure/word.c"))
                        assert maker
                        self.assertIn(f"{maker[1]}(", sources)
                    else:
                        self.assertIn(f'"{word}', sources)
        self.assertEqual([stage for stage, _, _ in rows], ["enter", "measure", "mac", "mac", "root", "handoff"])

    def test_os_separator(self) -> None:
        row = re.search(r'(?m)^\| before `enter-initrd`[^|]* \| enter \| ([\d ]+) \| `os-separator` \|$', self.page)
        code = re.search(r'measure_separator_pcrs\[\w+\] = \{([^}]*)\}', read("measure/word.c"))
        assert row and code
        self.assertEqual([int(n) for n in row[1].split()], [int(n) for n in code[1].split(",")])
        # PCR 12 of a host with systemd 261, as others have published it.
        word = hashlib.sha256(b"os-separator").digest()
        self.assertEqual(hashlib.sha256(bytes(32) + word).hexdigest(),
                         "3345a4e7857aa5ae65e97702ade84a3755fd6144724779536b5773128676c99c")

    def test_poison(self) -> None:
        found = re.search(r'(?m)^\| a boot that fails \| [^|]+ \| ([\d ]+) \|', self.page)
        assert found
        self.assertEqual([int(n) for n in found[1].split()], poison_pcrs())


if __name__ == "__main__":
    unittest.main()
