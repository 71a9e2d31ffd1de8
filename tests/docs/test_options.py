#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each verb's options in four places: the list it parses by, which `verinit completion` tells; --help; the man page's synopsis and list."""

import re
import unittest
from dataclasses import dataclass, field

from documents import TOP, VERINIT, read, run, section


@dataclass
class Verb:
    name: str  # "measure predict"
    options: set[str] = field(default_factory=set)
    choices: dict[str, set[str]] = field(default_factory=dict)
    takes_words: bool = False


def verbs() -> dict[str, Verb]:
    """From the script for bash: a verb has one case, in which its arguments stand before its options."""
    found = {}
    for name, body in re.findall(r"(?ms)^        ' ([a-z -]+) '\*\)\n(.*?)^                esac ;;\n", run(VERINIT, "completion", "bash")):
        verb = Verb(name)
        for option, words in re.findall(r"(?m)^                --([a-z0-9-]+)\) _verinit_words '([^']*)'", body):
            verb.choices[option] = set(words.split())
        listed = re.search(r"(?m)^                (-\*|\*)\) _verinit_words '([^']*)'", body)
        assert listed, name
        verb.options = {word.removeprefix("--") for word in listed[2].split()}
        verb.takes_words = listed[1] == "-*"
        found[name] = verb
    return found


def groups() -> set[str]:
    return set(re.findall(r"(?m)^        ' ([a-z-]+) '\)$", run(VERINIT, "completion", "bash")))


def in_help(text: str) -> set[str]:
    """The list: an option a line, and the lines of its own text below it."""
    return set(re.findall(r'(?m)^  --([a-z0-9-]+)', text.split("Examples:")[0]))


def in_usage(text: str) -> set[str]:
    return set(re.findall(r'--([a-z0-9-]+)', text.split("\n\n")[0]))


def page_of(verb: str) -> tuple[str, str]:
    """Name and text of the page whose synopsis has this verb."""
    found = [(path.name, text) for path in sorted((TOP / "man").glob("*.1")) for text in [path.read_text("utf-8")]
             if re.search(rf'(?m)^\.Nm verinit {verb}$', section(text, "SYNOPSIS"))]
    if len(found) != 1:
        raise AssertionError(f"verinit {verb} stands in the SYNOPSIS of {[name for name, _ in found]}; one page is wanted")
    return found[0]


def synopsis(page: str, verb: str) -> str:
    return "".join(re.findall(rf'(?ms)^\.Nm verinit {verb}\n(.*?)(?=^\.Nm |\Z)', section(page, "SYNOPSIS")))


def description(page: str, verb: str) -> str:
    """Its own .Ss; or the paragraphs from one of DESCRIPTION on that begins with its name; or all, where none does."""
    last = verb.split()[-1]
    if re.search(rf'(?m)^\.Ss {last}$', page):
        return section(page, last)
    text = section(page, "DESCRIPTION")
    chunks = re.split(r'(?m)(?:\A|^\.Pp\n)\.Nm (verinit [a-z-]+(?: [a-z-]+)?)$', text)
    mine = "".join(body for name, body in zip(chunks[1::2], chunks[2::2], strict=True) if name == f"verinit {verb}")
    return mine or text


def problems(verb: Verb, text: str, page: str) -> list[str]:
    found = []

    def compare(where: str, there: set[str], wanted: set[str]) -> None:
        found.extend(f"{where} lacks --{name}" for name in sorted(wanted - there))
        found.extend(f"{where} has --{name}, which is no option" for name in sorted(there - wanted))

    brief, own = synopsis(page, verb.name), description(page, verb.name)
    compare("--help", in_help(text), verb.options)
    found.extend(f"the usage line has --{name}, which is no option" for name in sorted(in_usage(text) - verb.options))
    compare("SYNOPSIS", set(re.findall(r'Fl \\-([a-z0-9-]+)', brief)), verb.options - {"help"})
    compare("the list", set(re.findall(r'(?m)^\.It Fl \\-([a-z0-9-]+)', own)) | {"help"}, verb.options | {"help"})
    for name, rest in re.findall(r'Fl \\-([a-z0-9-]+) (?:Ns (?:Cm )?= )?(?:Ns )?(Cm [^\n]*)', brief):
        words = set(re.findall(r'[a-z0-9-]+', rest.replace("Cm", "").replace("Ns", "")))
        if " Ar " not in rest and "Ar " not in rest and words != verb.choices.get(name, set()):
            found.append(f"--{name} is one of {sorted(words)} in SYNOPSIS, and completed by {sorted(verb.choices.get(name, set()))}; "
                         "see tools/verinit/completion.c")
    for name, words in verb.choices.items():
        found.extend(f"--{name} is completed by {word}, of which neither the page nor --help knows" for word in sorted(words)
                     if not re.search(rf'(?<![a-z0-9-]){re.escape(word)}(?![a-z0-9-])', page + text))
    return found


class Options(unittest.TestCase):
    def test_the_verbs_are_those_of_the_command(self) -> None:
        tables = re.findall(r'(?ms)^static const struct verb (\w*verbs)\[\] = \{\n(.*?)^\};', read("tools/verinit/main.c") + read("tools/verinit/log_verbs.c"))
        named = {name: re.findall(r'(?m)^ +\{ "([a-z-]+)", (verb_)?', body) for name, body in tables}
        top = {name for name, _ in named.pop("verbs")}
        wanted = {f"{group.removesuffix('_verbs')} {name}" for group, names in named.items() for name, _ in names}
        self.assertEqual(groups(), {group.removesuffix("_verbs") for group in named})
        self.assertEqual(set(verbs()), wanted | (top - groups()))
        self.assertGreaterEqual(len(verbs()), 11)

    def test_each_verb(self) -> None:
        for verb in verbs().values():
            with self.subTest(verb.name):
                page = page_of(verb.name)[1]
                self.assertEqual(problems(verb, run(VERINIT, *verb.name.split(), "--help"), page), [])

    def test_each_feature_is_completed_and_told(self) -> None:
        """One table: what the command takes is what the shells, the page and --help offer."""
        known = set(re.findall(r'\{ \.name = "([a-z0-9-]+)"', read("tools/verinit/feature.c")))
        text = run(VERINIT, "initrd", "build", "--help")
        told = re.search(r"(?ms)^  --feature NAME(.*?)may be repeated", text)
        listed = re.search(r'(?ms)^\.It Fl \\-feature Ar name\n(.*?)^Without this option', page_of("initrd build")[1])
        assert told and listed
        self.assertEqual(verbs()["initrd build"].choices["feature"], known)
        self.assertEqual(set(re.findall(r'[a-z0-9-]+', told[1])) - {"or", "a", "bus"}, known)
        self.assertEqual({word for line in re.findall(r'(?m)^\.Cm (.*)', listed[1]) for word in re.findall(r'[a-z0-9-]+', line)}, known)

    def test_words_beside_the_options(self) -> None:
        """Who takes some says so in the usage line, outside of the options' own."""
        for verb in verbs().values():
            usage = run(VERINIT, *verb.name.split(), "--help").split("\n\n")[0]
            # What is left without the options and their arguments.
            rest = re.sub(r'--[a-z-]+(=\S+|(?! \[)(?: [^\s\[\]|-][^\s\]|]*(?:\|(?!--)[^\s\]|]+)*)?)|[\[\]()|.]|OPTION', " ", usage.split(verb.name, 1)[1])
            with self.subTest(verb.name):
                self.assertEqual(bool(rest.split()), verb.takes_words, rest)

    def test_every_verb_stands_on_the_page_of_all(self) -> None:
        page = read("man/verinit.1")
        named = set(re.findall(r'(?m)^\.It Cm ([a-z-]+)$', page))
        self.assertEqual(named, {name.split()[0] for name in verbs()})

    def test_planted_differences_are_found(self) -> None:
        verb = verbs()["log show"]
        text, page = run(VERINIT, "log", "show", "--help"), page_of("log show")[1]
        self.assertEqual(problems(verb, text, page), [])
        changed = Verb(verb.name, verb.options | {"odd"}, verb.choices)
        self.assertEqual(problems(changed, text, page), ["--help lacks --odd", "SYNOPSIS lacks --odd", "the list lacks --odd"])
        changed = Verb(verb.name, verb.options - {"bank"}, {})
        self.assertIn("the list has --bank, which is no option", problems(changed, text, page))
        changed = Verb(verb.name, verb.options, verb.choices | {"json": {"short", "long"}})
        self.assertEqual(len(problems(changed, text, page)), 2)
        self.assertIn("--help lacks --bank", problems(verb, text.replace("  --bank", "  bank"), page))
        self.assertIn("SYNOPSIS lacks --bank", problems(verb, text, page.replace(".Op Fl \\-bank", ".Op Ar bank")))


if __name__ == "__main__":
    unittest.main()
