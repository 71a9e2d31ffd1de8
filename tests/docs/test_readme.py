#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""README and the pages beside it against the tree: links, paths, commands, options, minutes, labels."""

import json
import re
import subprocess
import unittest
from functools import cache
from pathlib import PurePosixPath

from documents import BUILD, TOP, VERINIT, facts, floor_problem, part, read, run, shell_blocks

PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "NEWS.md", "docs/TESTING.md", "docs/DECISIONS.md", "docs/MAC.md", "docs/KERNEL.md",
         "docs/ARCHITECTURE.md", "docs/PERFORMANCE.md", "docs/FAILURES.md", "docs/MEASUREMENTS.md", "docs/TAMPER.md", "docs/THREAT_MODEL.md")
HASH = "4f" * 32
PIN = "init.verity=1:sha256:4096:4096:51138:1:-:7c1b5a52-5bb0-4e0b-9d4f-0c5c2b1a6e03"
# Commands whose --help says their options; what stands before the first one chooses the help.
HELPERS = {"tests/qemu/vm boot": ("tests/qemu/vm", "boot"), "tests/qemu/row": ("tests/qemu/row",),
           "tests/qemu/image build": ("tests/qemu/image", "build"), "tests/qemu/image": ("tests/qemu/image",),
           "tests/qemu/predict": ("tests/qemu/predict",), "tools/demo-report": ("tools/demo-report",),
           "tools/bench": ("tools/bench",), "tools/check": ("tools/check",), "tools/demo": ("tools/demo",)}


@cache
def listed() -> frozenset[str]:
    """Every file that git knows, or would if it were added."""
    done = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(TOP), "ls-files", "--cached", "--others",
                           "--exclude-standard"], text=True, capture_output=True, check=True)
    return frozenset(line for line in done.stdout.splitlines() if (TOP / line).exists())


@cache
def top_folders() -> frozenset[str]:
    return frozenset(name.split("/")[0] for name in listed() if "/" in name and name[0] != ".")


@cache
def all_code() -> str:
    return "".join((TOP / name).read_text("utf-8", "replace") for name in sorted(listed())
                   if name.endswith((".c", ".h", ".py")) and not name.startswith("tests/docs/"))


@cache
def help_of(*command: str) -> str:
    if command[0] == "verinit":
        return run(VERINIT, *command[1:], "--help")
    if command[0] == "tools/setup":
        return read(command[0])
    done = subprocess.run([str(TOP / command[0]), *command[1:], "--help"], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, check=True)
    return done.stdout


def bad_links(name: str, page: str) -> list[str]:
    found = []
    for target in re.findall(r'\]\(([^)#\s]+)[^)]*\)', page):
        path = PurePosixPath(name).parent / target
        if not (TOP / path).exists():
            found.append(f"{name}: the link {target} leads nowhere")
    return found


def exists(path: str) -> bool:
    """A file or folder of the tree; <name>, NAME and * stand for any name."""
    pattern = re.sub(r'<\w+>|[A-Z]{3,}(?![A-Za-z.])|(?<=_)NAME', "*", path.rstrip("/"))
    if pattern == path.rstrip("/"):
        return path.rstrip("/") in listed() or any(name.startswith(path.rstrip("/") + "/") for name in listed())
    return any(TOP.glob(pattern))


def bad_paths(name: str, page: str) -> list[str]:
    """Whatever in code quotes begins with one of our folders; from docs/ too, all are named from the top."""
    found = []
    for quoted in re.findall(r'`([^`\n]+)`', page):
        word = quoted.split()[0]
        # Stage, class and code of a verdict: two stages are called as folders are.
        if re.fullmatch(r'[a-z]+/[A-Z]+/[a-z-]+', word):
            continue
        if word.split("/")[0] in top_folders() and "/" in word and not exists(word):
            found.append(f"{name}: there is no {word}")
    return found


def commands(page: str) -> list[str]:
    """Lines of fenced blocks and quoted words, joined where a line goes on, cut at pipes."""
    lines: list[str] = []
    for block in re.findall(r'(?ms)^```(?:sh)?\n(.*?)^```$', page):
        lines += re.sub(r'\\\n\s*', "", block).splitlines()
    lines += re.findall(r'`([^`\n]+)`', page)
    return [re.sub(r'^(\.\./)+(release/)?', "", piece.strip()) for line in lines for piece in re.split(r'&&|\|| {3,}', line)
            if piece.strip()]


def help_for(command: str) -> str | None:
    found = re.match(r'verinit initrd (build|inspect)\b', command)
    if found:
        return help_of("verinit", "initrd", found[1])
    for start, helper in HELPERS.items():
        if command == start or command.startswith(start + " "):
            return help_of(*helper)
    return help_of("tools/setup") if command.startswith("tools/setup") else None


def bad_commands(name: str, page: str) -> list[str]:
    found = []
    for command in commands(page):
        text = help_for(command)
        if text is None:
            continue
        for option in re.findall(r'(?<!\S)(--[a-z-]+)', command):
            if not re.search(rf'(?<![\w-]){re.escape(option)}(?![\w-])', text):
                found.append(f"{name}: '{command}': no option {option}")
    return found


def bad_presets(name: str, page: str) -> list[str]:
    presets = {p["name"] for p in json.loads(read("CMakePresets.json"))["configurePresets"] if not p.get("hidden")}
    return [f"{name}: no preset {preset}" for preset in re.findall(r'--preset (\w+)', page) if preset not in presets]


def bad_functions(name: str, page: str) -> list[str]:
    return [f"{name}: nothing is called {function}()" for function in re.findall(r'`(\w+)\(\)`', page)
            if not re.search(rf'\b{function}\(', all_code())]


def problems(name: str, page: str) -> list[str]:
    return [p for check in (bad_links, bad_paths, bad_commands, bad_presets, bad_functions) for p in check(name, page)]


def budget() -> dict[str, int]:
    rows = [line.split() for line in read("tests/budget").splitlines() if line and not line.startswith("#")]
    return {row[0]: int(row[1]) for row in rows}


def check_steps() -> set[tuple[str, str, frozenset[str]]]:
    """(preset, "all but" or "label" or "", labels) of each ctest that tools/check starts."""
    found = set()
    for preset, words in re.findall(r'(?m)^\s*ctest_step \S+ (\w+)(.*)$', read("tools/check")):
        options = re.findall(r"(-LE?) '?([\w|]+)'?", words)
        # The first one decides: "-L vm -LE long" are still the machines.
        how, labels = options[0] if options else ("", "")
        found.add((preset, {"-LE": "all but", "-L": "label", "": ""}[how], frozenset(filter(None, labels.split("|")))))
    return found


def table_steps(page: str) -> set[tuple[str, str, frozenset[str]]]:
    found = set()
    for cell in re.findall(r'(?m)^\| (presets? `[^|]*?) \|', part(page, "What each command runs")):
        head, _, tail = cell.partition(",")
        how = "all but" if "all but" in tail else "label" if "label" in tail else ""
        for preset in re.findall(r'`(\w+)`', head):
            found.add((preset, how, frozenset(re.findall(r'`(\w+)`', tail))))
    return found


class Readme(unittest.TestCase):
    def setUp(self) -> None:
        self.page = read("README.md")

    def test_ten_lines(self) -> None:
        lines = [line for line in self.page.split("\n## ", 1)[0].split("\n# verinit\n", 1)[1].splitlines() if line]
        self.assertTrue(5 <= len(lines) <= 10, len(lines))

    def test_minutes_are_those_of_the_budget(self) -> None:
        found = re.search(r'at most (\d+) to build, (\d+) for the tools, (\d+) to boot and to end, (\d+) to tamper, (\d+) to accept, (\d+) to bench', self.page)
        assert found
        self.assertEqual(dict(zip(("build", "tools", "boots", "tamper", "acceptance", "bench"), map(int, found.groups()))), budget())
        self.assertIn(f"first run: at most {budget()['build']} and a boot", self.page)

    def test_modes_of_check(self) -> None:
        rows = re.findall(r'(?m)^\| `tools/check ?([^`]*)` \|', self.page)
        self.assertEqual(rows, re.findall(r'(?m)^check(?: (--\w+))? +\w', help_of("tools/check")))

    def test_picture_has_the_stages_in_order(self) -> None:
        picture = part(self.page, "How a boot goes").split("```")[1]
        lines = picture.splitlines()
        first = next(n for n, line in enumerate(lines) if line.startswith("verinit "))
        last = next(n for n, line in enumerate(lines) if line.endswith("\\"))
        words = [word for line in lines[first:last] for word in line[16:36].split()]
        self.assertEqual(words, facts("stages"))

    def test_map_of_the_tree(self) -> None:
        self.assertEqual(set(re.findall(r'(?m)^\| `(\w+)/` \|', part(self.page, "The tree"))), top_folders())

    def test_command_line_and_floor_of_the_example(self) -> None:
        text = "".join(shell_blocks(self.page, "Adopting it"))
        line = re.search(r'printf %s "([^"]+)" >cmdline', text)
        floor = re.search(r"printf '%s\\n' (.*) >floor.conf", text)
        assert line and floor
        words = line[1].replace("$hash", HASH).replace("$pin", PIN)
        self.assertEqual(facts("cmdline", "\n".join(floor[1].split()), words), ["accepted"])
        self.assertEqual(facts("cmdline", "", words.replace(HASH, "zz")), ["cmdline-bad-value"])

    def test_scripts_of_its_commands_can_be_run(self) -> None:
        for path in {c.split()[0] for c in commands(self.page) if re.match(r'(tools|tests/qemu)/\S+$', c.split()[0])}:
            with self.subTest(path):
                self.assertTrue((TOP / path).is_dir() or (TOP / path).stat().st_mode & 0o100)


class Testing(unittest.TestCase):
    def setUp(self) -> None:
        self.page = read("docs/TESTING.md")

    def test_what_check_runs(self) -> None:
        self.assertEqual(table_steps(self.page), check_steps())

    def test_labels_of_this_build(self) -> None:
        """The dev preset's, where this test runs: the column "preset" of the table."""
        done = subprocess.run(["ctest", "--test-dir", str(BUILD), "--print-labels"], text=True, capture_output=True,
                              check=True)
        labels = set(re.findall(r'(?m)^  (\S+)$', done.stdout))
        table = dict(re.findall(r'(?m)^\| `([a-z-]+)` \| ([a-z, ]+) \|', part(self.page, "Kinds")))
        self.assertEqual(labels, {label for label, presets in table.items() if "dev" in presets.split(", ")})

    def test_examples_are_tests(self) -> None:
        for name in re.findall(r'(?m)^ctest .* -R unit\.(\w+)$|^build/dev/tests/test_(\w+)$', self.page):
            self.assertTrue((TOP / "tests/unit" / f"test_{name[0] or name[1]}.c").exists(), name)
        names = help_of_rows()
        for name in re.findall(r'(?m)^tests/qemu/row (\w[\w-]+)$', self.page):
            self.assertIn(name, names)


def help_of_rows() -> set[str]:
    done = subprocess.run([str(TOP / "tests/qemu/row"), "--list"], text=True, capture_output=True, check=True)
    return {line.split()[0] for line in done.stdout.splitlines()}


class EveryPage(unittest.TestCase):
    def test_all_pages_are_looked_at(self) -> None:
        self.assertEqual({name for name in listed() if name.endswith(".md")}, set(PAGES))

    def test_links_paths_commands(self) -> None:
        for name in PAGES:
            with self.subTest(name):
                self.assertEqual(problems(name, read(name)), [])

    def test_stages_of_the_claims(self) -> None:
        claims = re.findall(r'(?m)^\| [^|]+ \| ([a-z, ]+) \|$', part(read("SECURITY.md"), "What a yes means"))
        named = {stage for cell in claims for stage in cell.split(", ")} - {"stage"}
        self.assertGreaterEqual(len(claims), 8)
        self.assertEqual(named - set(facts("stages")), set())

    def test_floors_that_are_shown_can_be_met(self) -> None:
        shown = re.findall(r"(?m)^printf '%s\\n' (.*) >floor\.conf$", read("README.md"))
        self.assertEqual(len(shown), 1)
        claimed = re.search(r"A boot that comes up with a floor that allows nothing but .*?, (.*?), says", read("SECURITY.md"))
        assert claimed
        for floor in (shown[0].split(), re.findall(r"`([^`]+)`", claimed[1])):
            self.assertEqual(floor_problem("\n".join(floor)), "", floor)

    def test_news_begins_with_this_version(self) -> None:
        found = re.search(r'(?m)^## (\S+),? ', read("NEWS.md"))
        assert found
        self.assertEqual(found[1].rstrip(","), read("VERSION").strip())


class CanFail(unittest.TestCase):
    """Each kind of difference, planted."""

    def assert_found(self, planted: str, said: str) -> None:
        self.assertEqual(problems("docs/X.md", "nothing\n"), [])
        self.assertIn(said, "\n".join(problems("docs/X.md", planted)))

    def test_link(self) -> None:
        self.assert_found("[x](NOWHERE.md)", "the link NOWHERE.md leads nowhere")
        self.assertEqual(bad_links("docs/X.md", "[x](../README.md) [y](TESTING.md#kinds)"), [])

    def test_path(self) -> None:
        self.assert_found("`init/stage_odd.c`", "there is no init/stage_odd.c")
        self.assert_found("`tools/odd --fast`", "there is no tools/odd")
        self.assert_found("`tests/odd/NAME.c`", "there is no tests/odd/NAME.c")
        self.assertEqual(bad_paths("x", "`init/stage_<name>.c` `tests/fuzz/fuzz_NAME.c` `tests/qemu/` `build/x`"), [])

    def test_option(self) -> None:
        self.assert_found("```sh\nverinit initrd build --output x --odd\n```", "no option --odd")
        self.assert_found("```\n../../tests/qemu/vm boot \\\n  --diks x\n```", "no option --diks")
        self.assert_found("`tools/check --slow`", "no option --slow")
        self.assert_found("`tools/setup --lost`", "no option --lost")

    def test_preset_and_function(self) -> None:
        self.assert_found("cmake --preset odd", "no preset odd")
        self.assert_found("`no_such_thing()`", "nothing is called no_such_thing()")

    def test_steps(self) -> None:
        page = read("docs/TESTING.md")
        self.assertNotEqual(table_steps(page.replace("all but label `tool`", "all but label `unit`")), check_steps())


if __name__ == "__main__":
    unittest.main()
