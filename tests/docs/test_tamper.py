#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/TAMPER.md and the tamper matrix against the list of codes: no reason to refuse that nobody has ever seen raised."""

import re
import sys
import unittest
from collections import Counter

from documents import TOP, facts, read

sys.path.insert(0, str(TOP / "tests" / "qemu"))
sys.dont_write_bytecode = True

from rows.setup import WITHOUT_FIRMWARE  # noqa: E402
from tamper.case import Setup  # noqa: E402
from tamper.deletions import DELETIONS  # noqa: E402
from tamper.table import MATRIX  # noqa: E402
from tamper.unbooted import UNBOOTED  # noqa: E402

AT_LEAST = 70
WITH_ONE_CODE_AND_LAYOUT = 3
ROW = re.compile(r"(?m)^\| ([a-z0-9-]+) \| ([^|]+) \| ([a-z0-9-]+) \| ([^|]*) \| `([^`]+)` \| `([^`]+)` \|$")


def codes_of_rows() -> Counter[str]:
    return Counter(row.expect.split("/")[2] for row in MATRIX if "/" in row.expect)


class TamperTest(unittest.TestCase):
    def test_every_code_has_a_row_or_a_reason(self) -> None:
        codes = {line.split("\t")[0] for line in facts("codes")}
        raised = set(codes_of_rows()) - {"firmware-access-denied"}
        self.assertEqual(codes - raised - set(UNBOOTED), set(), "codes without a row and without a reason")
        self.assertEqual(raised & set(UNBOOTED), set(), "codes said to be out of reach, and a row raises them")
        self.assertEqual((raised | set(UNBOOTED)) - codes, set(), "not codes")

    def test_classes_are_those_of_the_codes(self) -> None:
        classes = {line.split("\t")[0]: line.split("\t")[1] for line in facts("codes")}
        for row in MATRIX:
            if "/" in row.expect and not row.expect.startswith("firmware/"):
                _, fail_class, code = row.expect.split("/")
                self.assertEqual(fail_class, classes.get(code), row.name)

    def test_rows_are_many_and_different(self) -> None:
        self.assertGreaterEqual(len(MATRIX), AT_LEAST)
        self.assertEqual(len({row.name for row in MATRIX}), len(MATRIX))
        shared = Counter((row.expect, row.layout) for row in MATRIX if "/" in row.expect)
        self.assertEqual([key for key, n in shared.items() if n > WITH_ONE_CODE_AND_LAYOUT], [])

    def test_a_row_is_named_by_its_stage(self) -> None:
        for row in MATRIX:
            self.assertEqual(row.name.split("-")[0], row.expect.split("/")[0], row.name)

    def test_page_is_the_table(self) -> None:
        found = [match.groups() for match in ROW.finditer(read("docs/TAMPER.md"))]
        wanted = [(row.name, row.what, row.layout, row.expect) for row in MATRIX]
        self.assertEqual([(name, what, layout, expect) for name, what, layout, _, expect, _ in found], wanted,
                         "run the rows, then tests/qemu/tamper-report")
        self.assertEqual({name: weaker for name, _, _, weaker, _, _ in found},
                         {row.name: ", ".join(row.weaker) for row in MATRIX})
        self.assertEqual([(name, seen) for name, _, _, _, _, seen in found],
                         [(name, expect) for name, _, _, expect in wanted])

    def test_what_a_row_lacks_is_computed(self) -> None:
        """Of the strict floor every line that is another one, weaker or not; a list's values one by one; and other signers."""
        for setup, weaker in ((Setup(), []), (Setup(tpm=False, secure_boot=False), ["no-secure-boot", "no-tpm"]),
                              (Setup(floor={"ipe": "require", "extra-words": ("a=b", "c")}),
                               ["floor ipe=require", "floor extra-words=a=b", "floor extra-words=c"]),
                              (Setup(floor={"failure-delay": "0"}), []),
                              (Setup(certificates=("db", "other")), ["floor certificate=other"]),
                              (Setup(image="inline"), ["floor root=unverified", "floor etc=plain", "floor root-hash-signature=allow",
                                                       "floor pinned-geometry=allow"])):
            self.assertEqual(setup.weaker, weaker)
        without_firmware = Setup(firmware=False, tpm=False).weaker
        self.assertEqual(without_firmware[:3], ["direct-kernel", "no-secure-boot", "no-tpm"])
        self.assertEqual(set(without_firmware[3:]), {f"floor {key}={value}" for key, value in WITHOUT_FIRMWARE.items()})

    def test_claims_name_rows(self) -> None:
        page = read("docs/THREAT_MODEL.md")
        stages = {row.expect.split("/")[0] for row in MATRIX}
        named = {name for name in re.findall(r"`([a-z]+-[a-z0-9-]+)`", page) if name.split("-")[0] in stages}
        self.assertEqual(named - {row.name for row in MATRIX}, set())
        claims = re.findall(r"(?m)^\| [^|]+ \| [^|]+ \| ([^|]*) \|$", page.split("\n## Claims\n")[1].split("\n## ")[0])
        self.assertEqual([rows for rows in claims if "`" not in rows and rows not in ("rows",)], [])

    def test_page_has_what_was_taken_out(self) -> None:
        found = re.findall(r"(?m)^\| ([a-z-]+) \| ([a-z0-9-]+) \| `([^`]+)` \| `([^`]+)` \|$", read("docs/TAMPER.md"))
        expect = {row.name: row.expect for row in MATRIX}
        self.assertEqual(found, [(d.name, d.row, expect[d.row], d.then) for d in DELETIONS])

    def test_page_has_the_reasons(self) -> None:
        found = dict(re.findall(r"(?m)^\| `([a-z-]+)` \| ([^|]+) \|$", read("docs/TAMPER.md")))
        self.assertEqual(found, UNBOOTED)


if __name__ == "__main__":
    unittest.main()
