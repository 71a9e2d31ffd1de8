#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""man/verinit-measure.1 and man/verinit-uki.1 against the command, and the schema of measurements.json against what it is said to be."""

import json
import re
import unittest

from documents import VERINIT, items, read, run, section


def verbs(group: str) -> list[str]:
    return re.findall(r'(?m)^  ([a-z]+) ', run(VERINIT, group, "--help").split("Verbs:")[1])


def help_of(group: str, verb: str) -> set[str]:
    return set(re.findall(r'--[a-z-]+', run(VERINIT, group, verb, "--help").split("Examples:")[0]))


class Pages(unittest.TestCase):
    def setUp(self) -> None:
        self.pages = {group: read(f"man/verinit-{group}.1") for group in ("measure", "uki")}

    def test_synopsis(self) -> None:
        for group, page in self.pages.items():
            parts = section(page, "SYNOPSIS").split(f".Nm verinit {group} ")[1:]
            self.assertEqual([part.split()[0] for part in parts], verbs(group))
            for part in parts:
                verb = part.split()[0]
                self.assertEqual({f"--{name}" for name in re.findall(r'Fl \\-([a-z-]+)', part)}, help_of(group, verb) - {"--help"}, verb)

    def test_options(self) -> None:
        for group, page in self.pages.items():
            listed = {f"--{item.name[2:]}" for item in items(section(page, "DESCRIPTION"), "Fl")}
            self.assertEqual(listed, set().union(*(help_of(group, verb) for verb in verbs(group))))


class Schema(unittest.TestCase):
    def test_nothing_is_optional(self) -> None:
        """But the banks, and the PCRs and states that were not asked."""
        schema = json.loads(read("docs/measurements.schema.json"))
        self.assertEqual(sorted(schema["required"]), sorted(schema["properties"]))
        self.assertEqual(sorted(schema["properties"]["pcrs"]["properties"]), ["sha1", "sha256", "sha384", "sha512"])


if __name__ == "__main__":
    unittest.main()
