#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/ARCHITECTURE.md against the tree: stages, their codes, directories."""

import re
import subprocess
import unittest

from documents import TOP, facts, read


def stage_parts(page: str) -> list[tuple[str, str]]:
    """(name, text) of each heading below Stages."""
    stages = page.split("\n## Stages\n", 1)[1].split("\n## ", 1)[0]
    return [(part.split("\n", 1)[0], part.split("\n", 1)[1]) for part in re.split(r'(?m)^### ', stages)[1:]]


def code_differences(page: str) -> list[str]:
    known = [line.split("\t")[0] for line in facts("codes")]
    seen: list[str] = []
    for _, text in stage_parts(page):
        seen += re.findall(r'`([a-z-]+)`', text.split("Codes:", 1)[1])
    problems = [f"{code}: under {seen.count(code)} stages" for code in known if seen.count(code) != 1]
    return problems + [f"{code}: no such code" for code in seen if code not in known]


def top_directories() -> set[str]:
    done = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(TOP), "ls-files"], text=True,
                          capture_output=True, check=True)
    return {line.split("/")[0] + "/" for line in done.stdout.splitlines() if "/" in line and line[0] != "."}


class Architecture(unittest.TestCase):
    def setUp(self) -> None:
        self.page = read("docs/ARCHITECTURE.md")

    def test_stages_in_the_order_of_main(self) -> None:
        headings = [name for name, _ in stage_parts(self.page)]
        self.assertEqual(headings, facts("stages"))
        self.assertEqual(headings, re.findall(r'\bstage_(\w+) +\},', read("init/main.c")))

    def test_each_stage_has_its_file(self) -> None:
        for name, _ in stage_parts(self.page):
            self.assertTrue((TOP / "init" / f"stage_{name}.c").exists(), name)

    def test_every_code_is_under_one_stage(self) -> None:
        self.assertEqual(code_differences(self.page), [])

    def test_codes_can_fail(self) -> None:
        self.assertIn("dm-failed: under 0 stages", code_differences(self.page.replace("`dm-failed`, ", "")))
        self.assertIn("dm-odd: no such code", code_differences(self.page.replace("`dm-failed`", "`dm-odd`")))

    def test_directories(self) -> None:
        table = self.page.split("\n## Directories\n", 1)[1].split("\n## ", 1)[0]
        named = {path.split("/")[0] + "/" for row in re.findall(r'(?m)^\| (`.*?) \|', table)
                 for path in re.findall(r'`([\w/]+)`', row)}
        self.assertEqual(named, top_directories())

    def test_two_pages(self) -> None:
        self.assertLessEqual(len(self.page.splitlines()), 150)


if __name__ == "__main__":
    unittest.main()
