#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules over every file that git knows; headers that stand alone; shellcheck."""

import os
import re
import subprocess
import unittest
from collections.abc import Callable, Iterable
from pathlib import Path

import rules

TOP = Path(__file__).resolve().parents[2]
SHIPPED = ("init/", "common/", "verity/", "measure/", "selinux/", "ipe/", "tools/", "include/")


def listed() -> list[str]:
    done = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(TOP), "ls-files", "-z"], check=True,
                          capture_output=True)
    names = [name.decode() for name in done.stdout.split(b"\0") if name]
    return [name for name in names if (TOP / name).is_file() and not (TOP / name).is_symlink()]


def text_of(name: str) -> str:
    return (TOP / name).read_text("utf-8", "surrogateescape")


def is_shell(name: str) -> bool:
    first = text_of(name).split("\n", 1)[0]
    return bool(re.match(r'#!.*\b(ba)?sh\b', first)) or name.endswith(".sh")


class Tree(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.files = {name: text_of(name) for name in listed() if not name.startswith("tests/fuzz/corpus/")}
        cls.code = {name: text for name, text in cls.files.items() if name.endswith((".c", ".h"))}

    def assert_right(self, problems: Iterable[str]) -> None:
        self.assertEqual(list(problems), [])

    def each(self, rule: Callable[[str, str], Iterable[str]]) -> list[str]:
        return [problem for name, text in self.files.items() for problem in rule(name, text)]

    def test_there_is_something_to_look_at(self) -> None:
        self.assertGreater(len(self.files), 200)
        self.assertGreater(len(self.code), 100)

    def test_spdx(self) -> None:
        self.assert_right(self.each(rules.spdx))

    def test_places(self) -> None:
        self.assert_right(self.each(lambda name, text: rules.places(name, text, str(TOP))
                                    if name != "LICENSE" else []))

    def test_own_includes(self) -> None:
        there = set(self.files)
        shipped = {n: t for n, t in self.code.items() if n.startswith(SHIPPED)}
        self.assert_right(p for name, text in shipped.items() for p in rules.own_includes(name, text, there))

    def test_third_party_headers(self) -> None:
        adapters: set[str] = set()
        for directory in ("init", "common", "verity", "measure", "selinux"):
            adapters |= rules.adapters(self.files[f"{directory}/CMakeLists.txt"], directory)
        self.assertIn("common/crypto_openssl.c", adapters)
        shipped = {n: t for n, t in self.code.items() if n.startswith(SHIPPED)}
        self.assert_right(rules.third_party(shipped, adapters))

    def test_processes(self) -> None:
        shipped = {n: t for n, t in self.code.items() if n.startswith(SHIPPED)}
        self.assertIn("SYS_clone3", shipped["init/os_worker.c"])
        self.assert_right(rules.processes(shipped))

    def test_headers_stand_alone(self) -> None:
        compiler = os.environ.get("CC", "cc")
        headers = [n for n in self.code if n.endswith(".h") and n.startswith(SHIPPED)]
        self.assertGreater(len(headers), 30)
        for name in headers:
            with self.subTest(name):
                command = [compiler, "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                           "-I", str(TOP / "include"), "-isystem", str(TOP / "build/deps/prefix/include"), "-include", str(TOP / name), "-x", "c", os.devnull]
                done = subprocess.run(command, text=True, capture_output=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_shellcheck(self) -> None:
        # From the top: there a script says what it sources.
        scripts = [name for name in self.files if is_shell(name)]
        self.assertGreaterEqual(len(scripts), 5)
        done = subprocess.run(["shellcheck", "--severity=style", *scripts], cwd=TOP, text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
