#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""man/verinit-measure.1 against the command, and the schema of measurements.json against what it is said to be."""

import json
import re
import unittest

from documents import VERINIT, items, read, run, section


def verbs() -> list[str]:
    return re.findall(r'(?m)^  ([a-z]+) ', run(VERINIT, "measure", "--help").split("Verbs:")[1])


def help_of(verb: str) -> set[str]:
    return set(re.findall(r'--[a-z-]+', run(VERINIT, "measure", verb, "--help").split("Examples:")[0]))


class Page(unittest.TestCase):
    def setUp(self) -> None:
        self.page = read("man/verinit-measure.1")

    def test_synopsis(self) -> None:
        parts = section(self.page, "SYNOPSIS").split(".Nm verinit measure ")[1:]
        self.assertEqual([part.split()[0] for part in parts], verbs())
        for part in parts:
            verb = part.split()[0]
            self.assertEqual({f"--{name}" for name in re.findall(r'Fl \\-([a-z-]+)', part)}, help_of(verb) - {"--help"}, verb)

    def test_options(self) -> None:
        listed = {f"--{item.name[2:]}" for item in items(section(self.page, "DESCRIPTION"), "Fl")}
        self.assertEqual(listed, set().union(*(help_of(verb) for verb in verbs())))


class Schema(unittest.TestCase):
    def test_nothing_is_optional(self) -> None:
        """But the banks, and the PCRs and states that were not asked."""
        schema = json.loads(read("docs/measurements.schema.json"))
        self.assertEqual(sorted(schema["required"]), sorted(schema["properties"]))
        self.assertEqual(sorted(schema["properties"]["pcrs"]["properties"]), ["sha1", "sha256", "sha384", "sha512"])


if __name__ == "__main__":
    unittest.main()
