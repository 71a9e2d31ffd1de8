#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pages of file formats against the schemas, the plan of the PCRs against the code."""

import json
import re
import unittest
from typing import Any

from documents import items, poison_pcrs, read, section

BANKS = ("sha1", "sha256", "sha384", "sha512")


def keys(schema: dict[str, Any], top: dict[str, Any], path: str = "") -> dict[str, dict[str, Any]]:
    """Dotted path of each key of objects, and of objects in arrays, with its description."""
    if "$ref" in schema:
        return keys(top["$defs"][schema["$ref"].rsplit("/", 1)[-1]], top, path)
    found = {}
    for name, below in schema.get("properties", {}).items():
        dotted = f"{path}.{name}" if path else name
        found[dotted] = {**(top["$defs"][below["$ref"].rsplit("/", 1)[-1]] if "$ref" in below else {}), **below}
        found.update(keys(below, top, dotted))
    for part in (schema.get("items"), *schema.get("prefixItems", ()), *schema.get("allOf", ()), *schema.get("oneOf", ())):
        if isinstance(part, dict) and "if" not in part:
            found.update(keys(part, top, path))
    return found


def on_page(page: str) -> dict[str, tuple[str, str]]:
    """Key: its type and its text; BANK stands for each bank."""
    found = {}
    for item in items(section(page, "KEYS"), "Va"):
        for bank in BANKS if "BANK" in item.name else ("",):
            found[item.name.replace("BANK", bank)] = (item.rest.removeprefix("Pq "), " ".join(item.body.split()))
    return found


class Schemas(unittest.TestCase):
    def compare(self, page_name: str, schema_name: str) -> None:
        schema = json.loads(read(schema_name))
        described, page = keys(schema, schema), on_page(read(page_name))
        self.assertEqual(sorted(page), sorted(described))
        for name, below in described.items():
            kind, text = page[name]
            with self.subTest(name):
                self.assertGreater(len(text), 5)
                if isinstance(below.get("type"), str):
                    self.assertEqual(kind, below["type"])
                for value in below.get("enum", ()):
                    # A lone "" says what the page says of all empty strings; names of stages stand in verinit-init(8).
                    if isinstance(value, str) and value and not name.endswith("stages.name") and name not in ("slot", "provenance.secure_boot"):
                        self.assertRegex(text, rf"(?<![a-z-]){re.escape(value)}(?![a-z])")

    def test_boot_json(self) -> None:
        self.compare("man/verinit-boot.json.5", "docs/boot.schema.json")

    def test_measurements_json(self) -> None:
        self.compare("man/verinit-measurements.json.5", "docs/measurements.schema.json")

    def test_the_report_has_a_place_for_each_key(self) -> None:
        """What `verinit report` calls unknown is of a later version, and of no other."""
        schema = json.loads(read("docs/boot.schema.json"))
        table = re.findall(r'(?m)^        \{ "([a-z0-9_.]+)", (?:"|NULL)', read("tools/verinit/boot_facts.c"))
        described = keys(schema, schema)
        leaves = {name for name in described if not any(other.startswith(f"{name}.") for other in described)}
        in_lists = {name for name in leaves if name.startswith(("stages.", "tpm.words.", "ipe.policies."))}
        self.assertEqual(sorted(table), sorted(leaves - in_lists | {"stages", "tpm.words", "ipe.policies"}))

    def test_planted_differences_are_found(self) -> None:
        schema = json.loads(read("docs/boot.schema.json"))
        page = on_page(read("man/verinit-boot.json.5"))
        schema["properties"]["tpm"]["properties"]["odd"] = {"type": "string"}
        self.assertIn("tpm.odd", set(keys(schema, schema)) - set(page))
        self.assertIn("stages.duration_us", keys(schema, schema))


class Pcrs(unittest.TestCase):
    def setUp(self) -> None:
        self.page = read("man/verinit-pcrs.7")

    def test_words(self) -> None:
        """Those of docs/MEASUREMENTS.md, whose table a test compares with the code."""
        document = read("docs/MEASUREMENTS.md")
        table = document.split("## The words", 1)[1].split("\n- ", 1)[0]
        for word in re.findall(r'`((?:verinit\.[a-z-]+=|[a-z]+-[a-z]+))', table):
            self.assertRegex(self.page, rf"(?m)^\.Ql {re.escape(word)}(?: [,.])?$")
        separator = next(line for line in table.splitlines() if "os-separator=yes" in line)
        numbers = [int(n) for n in separator.split("|")[3].split()]
        self.assertEqual(self.numbers("goes into PCRs"), numbers)

    def test_poison(self) -> None:
        self.assertEqual(self.numbers("failure into PCRs"), poison_pcrs())

    def test_predicted(self) -> None:
        found = re.search(r'predict_known\[[A-Z_]*\] = \{([^}]*)\}', read("tools/verinit/predict.c") + read("tools/verinit/predict_pcrs.c"))
        assert found
        said = [int(item.name) for item in items(section(self.page, "PCRS")) if "Predicted" in item.body]
        self.assertEqual(said, [int(n) for n in found[1].split(",") if n.strip()])

    def numbers(self, before: str) -> list[int]:
        text = " ".join(self.page.split()).split(before, 1)[1]
        found = re.match(r'[0-9, and]+', text)
        assert found
        return [int(n) for n in re.findall(r'\d+', found[0])]


if __name__ == "__main__":
    unittest.main()
