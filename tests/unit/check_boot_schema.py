#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does what evidence.c writes pass docs/boot.schema.json, and does the schema refuse what it must?

usage: check_boot_schema.py TEST_EVIDENCE

TEST_EVIDENCE is the built unit test, which writes its examples into a directory. Debian: python3-jsonschema.
"""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
from typing import Any

import jsonschema

SCHEMA = pathlib.Path(__file__).parents[2] / "docs" / "boot.schema.json"
EXAMPLES = ("empty.json", "full.json", "hostile.json")


def load_examples(program: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([program, directory], check=True)
        return {name: json.loads(pathlib.Path(directory, name).read_text("utf-8")) for name in EXAMPLES}


class BootSchema(unittest.TestCase):
    examples: dict[str, Any]

    def setUp(self) -> None:
        schema = json.loads(SCHEMA.read_text("utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        self.validator = jsonschema.Draft202012Validator(schema)
        self.full = copy.deepcopy(self.examples["full.json"])

    def assert_refused_at(self, *path: str | int) -> None:
        errors = list(self.validator.iter_errors(self.full))
        self.assertTrue(errors, "the schema accepts it")
        self.assertIn(list(path), [list(error.absolute_path) for error in errors])

    def test_examples_pass(self) -> None:
        for name, document in self.examples.items():
            with self.subTest(name):
                self.validator.validate(document)

    def test_hostile_strings_arrive_as_they_were(self) -> None:
        self.assertEqual(self.examples["hostile.json"]["kernel"], '"\\\n\x1b\ufffd\u00f6')

    def test_every_key_is_required(self) -> None:
        for key in self.examples["full.json"]:
            with self.subTest(key):
                self.full = copy.deepcopy(self.examples["full.json"])
                del self.full[key]
                self.assert_refused_at()

    def test_unknown_keys_are_refused(self) -> None:
        self.full["extra"] = 1
        self.assert_refused_at()
        del self.full["extra"]
        self.full["stages"][3]["extra"] = 1
        self.assert_refused_at("stages", 3)

    def test_wrong_types_are_refused(self) -> None:
        self.full["modules"] = "12"
        self.assert_refused_at("modules")

    def test_stages_have_their_order(self) -> None:
        stages = self.full["stages"]
        stages[0], stages[1] = stages[1], stages[0]
        self.assert_refused_at("stages", 0, "name")

    def test_no_stage_is_missing(self) -> None:
        self.full["stages"].pop()
        self.assert_refused_at("stages")

    def test_a_skip_has_a_reason(self) -> None:
        mac = self.full["stages"][11]
        self.assertEqual(mac["verdict"], "skipped")
        mac["reason"] = ""
        self.assert_refused_at("stages", 11, "reason")

    def test_a_pass_has_none(self) -> None:
        self.full["stages"][0]["reason"] = "no-tpm"
        self.assert_refused_at("stages", 0, "reason")

    def test_what_is_not_provable_has_a_reason(self) -> None:
        self.full["provenance"]["reason"] = ""
        self.assert_refused_at("provenance", "reason")
        self.full["provenance"].update(replay="proved", reason="no-tpm")
        self.assert_refused_at("provenance", "reason")

    def test_closed_vocabularies(self) -> None:
        self.full["provenance"]["replay"] = "disproved"
        self.assert_refused_at("provenance", "replay")
        self.full["stages"][0]["verdict"] = "ok"
        self.assert_refused_at("stages", 0, "verdict")
        self.full["selinux"]["state"] = "permissive"
        self.assert_refused_at("selinux", "state")
        self.full["root_hash"] = "abc"
        self.assert_refused_at("root_hash")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    BootSchema.examples = load_examples(sys.argv.pop())
    unittest.main()
