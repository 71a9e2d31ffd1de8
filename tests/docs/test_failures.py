#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/FAILURES.md against the codes, classes, remedies and actions of the code, in both directions."""

import json
import re
import unittest
from dataclasses import dataclass

from documents import facts, poison_pcrs, read


@dataclass(frozen=True)
class Code:
    name: str
    fail_class: str
    stages: str
    remedy: str


def stages_of_header(text: str) -> dict[str, str]:
    """The comment under which each code stands: the stages that raise it."""
    stages, found = "any stage", {}
    for match in re.finditer(r'/\* ([a-z, ]+) \*/|FAIL_CODE\(\w+, "([a-z-]+)"', text):
        if match[1]:
            stages = match[1]
        else:
            found[match[2]] = stages
    return found


def codes_of_core() -> list[Code]:
    stages = stages_of_header(read("include/verinit/failure_codes.h").split("#define FAIL_CODES", 1)[1])
    rows = [line.split("\t") for line in facts("codes")]
    return [Code(name, fail_class, stages[name], remedy + ".") for name, fail_class, _, remedy in rows]


def codes_of_page(page: str) -> tuple[list[Code], list[str]]:
    """The entries, and what is wrong with their form."""
    found, problems = [], []
    for part in re.split(r'(?m)^### ', page.split("\n## Codes\n", 1)[1])[1:]:
        stages = part.split("\n", 1)[0]
        for entry in re.split(r'(?m)^#### ', part)[1:]:
            match = re.fullmatch(r'`([a-z-]+)` — ([A-Z]+)\n\n- Cause: \S[^\n]+(?:\n  \S[^\n]+)*\n'
                                 r'- Remedy: (\S[^\n]+(?:\n  \S[^\n]+)*)\n*', entry)
            if match:
                found.append(Code(match[1], match[2], stages, " ".join(match[3].split())))
            else:
                problems.append("not of the form of an entry: " + entry.split("\n", 1)[0])
    return found, problems


def differences(page: str) -> list[str]:
    """What the page says differently from the core."""
    found, problems = codes_of_page(page)
    core = {code.name: code for code in codes_of_core()}
    seen = [code.name for code in found]
    problems += [f"{name}: not on the page" for name in core if name not in seen]
    problems += [f"{name}: on the page, not in the code" for name in seen if name not in core]
    problems += [f"{name}: {seen.count(name)} entries" for name in sorted(set(seen)) if seen.count(name) > 1]
    problems += [f"{code.name}: {code}, but the code says {core[code.name]}" for code in found
                 if code.name in core and code != core[code.name]]
    return problems + class_differences(page)


def class_differences(page: str) -> list[str]:
    table = dict(re.findall(r'(?m)^\| ([A-Z]+) \| .*? \| (\w+) \|$', page))
    core = {fail_class: action for _, fail_class, action, _ in (line.split("\t") for line in facts("codes"))}
    return [] if table == core else [f"classes and actions are {table}, the code has {core}"]


class Failures(unittest.TestCase):
    def setUp(self) -> None:
        self.page = read("docs/FAILURES.md")

    def test_page_and_code_agree(self) -> None:
        self.assertEqual(differences(self.page), [])

    def test_example_is_one_that_can_be(self) -> None:
        found = re.search(r'(?m)^verinit: verdict (\{.*\})$', self.page)
        assert found
        verdict = json.loads(found[1])
        self.assertEqual(list(verdict), ["stage", "class", "code", "errno", "message", "action"])
        code = next(c for c in codes_of_core() if c.name == verdict["code"])
        self.assertEqual((verdict["class"], verdict["stage"]), (code.fail_class, code.stages))
        self.assertIn(f"\nverinit[{verdict['stage']}]: {verdict['message']}. Remedy: {code.remedy}\n", self.page)

    def test_poison(self) -> None:
        found = re.search(r'(?s)goes into\s+PCRs ([\d, and]+), in this order', self.page)
        assert found
        self.assertEqual([int(n) for n in re.findall(r'\d+', found[1])], poison_pcrs())


class CanFail(unittest.TestCase):
    """Each kind of difference, planted."""

    def setUp(self) -> None:
        self.page = read("docs/FAILURES.md")

    def assert_found(self, old: str, new: str, said: str) -> None:
        self.assertEqual(self.page.count(old), 1, old)
        self.assertIn(said, "\n".join(differences(self.page.replace(old, new))))

    def test_missing(self) -> None:
        start = self.page.index("#### `data-corrupt`")
        entry = self.page[start:self.page.index("#### ", start + 1)]
        self.assert_found(entry, "", "data-corrupt: not on the page")

    def test_unknown(self) -> None:
        self.assert_found("`data-corrupt` — TAMPER", "`data-odd` — TAMPER", "data-odd: on the page, not in the code")

    def test_softened_class(self) -> None:
        self.assert_found("`data-corrupt` — TAMPER", "`data-corrupt` — SYSTEM", "data-corrupt: ")

    def test_other_stage(self) -> None:
        self.assert_found("\n### verify\n", "\n### usr\n", "data-corrupt: ")

    def test_other_remedy(self) -> None:
        self.assert_found("- Remedy: give rootfstype=.", "- Remedy: ask somebody.", "root-fstype-unknown: ")

    def test_no_cause(self) -> None:
        text = re.sub(r'(`bug` — BUG\n\n- Cause: )[^\n]+', r'\1', self.page)
        self.assertIn("not of the form of an entry: `bug`", "\n".join(differences(text)))

    def test_other_action(self) -> None:
        self.assert_found("| the kernel or a library refused | reboot |",
                          "| the kernel or a library refused | halt |", "classes and actions")


if __name__ == "__main__":
    unittest.main()
