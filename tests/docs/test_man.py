#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The man pages: their form by mandoc, their keys, values, stages and options against the code."""

import hashlib
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from documents import TOP, VERINIT, Item, facts, floor_problem, items, literal_blocks, names, read, run, section

HASH = "usrhash=" + "4f" * 32


def cmdline(text: str, floor: str = "") -> str:
    """What the parser of the core answers: "accepted", or the code of the refusal. No line here has to be pinned."""
    return facts("cmdline", f"{floor}\npinned-geometry=allow", text)[0]


def floor_fields(text: str) -> str:
    return facts("floor", text)[0]


def names_of(source: str, macro: str) -> list[str]:
    return [item.name for item in items(source, macro)]


def table_names(path: str, table: str) -> list[str]:
    """The first strings of the rows of a C table."""
    found = re.search(rf'(?ms)\b{table}\[\] = \{{\n(.*?)^\}};', read(path))
    if not found:
        raise AssertionError(f"{path} has no table {table}")
    return re.findall(r'(?m)^ +(?:\{ |[A-Z_]+\()"([^"]+)"', found[1])


class Form(unittest.TestCase):
    def test_mandoc_has_nothing_to_say(self) -> None:
        pages = sorted(str(path) for path in (TOP / "man").glob("*.[1-8]"))
        self.assertGreaterEqual(len(pages), 4)
        done = subprocess.run(["mandoc", "-Tlint", "-W", "warning", *pages], text=True, capture_output=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_pages_of_ours_exist(self) -> None:
        there = {path.name for path in (TOP / "man").iterdir()}
        for path in (TOP / "man").iterdir():
            for name, number in re.findall(r'(?m)^\.Xr (verinit\S*) (\d)', path.read_text("utf-8")):
                self.assertIn(f"{name}.{number}", there, path.name)


class Cmdline(unittest.TestCase):
    def setUp(self) -> None:
        self.page = read("man/verinit-cmdline.7")

    def test_keys(self) -> None:
        self.assertEqual(sorted(names(section(self.page, "KEYS"))), sorted(facts("keys")))

    def test_keys_of_their_own_code(self) -> None:
        for key in ("roothash", "verity.roothash", "verity.root", "systemd.verity_root_data", "systemd.verity_root_hash", "systemd.verity_root_options"):
            self.assertEqual(cmdline(f"{HASH} {key}=x"), "root-on-verity-unsupported", key)

    def test_which_keys_may_be_repeated(self) -> None:
        """A value that does for most; what is left over has its own."""
        uuid = "0" * 8 + "-0000" * 3 + "-" + "0" * 12
        values = {"usrhash": "", "mount.usr": "/dev/mapper/usr", "usr": "/dev/mapper/usr", "init": "/init",
                  "root": "tmpfs", "mount.usrfstype": "erofs", "usrfstype": "erofs", "rootfstype": "tmpfs",
                  "systemd.verity_usr_options": "auto", "mount.usrflags": "ro", "usrflags": "ro", "rootflags": "ro",
                  "init.verity": f"1:sha256:4096:4096:1:1:-:{uuid}", "init.on-failure": "reboot", "security": "selinux",
                  "lsm": "selinux,ipe", "acl.slot": "a", "init.ipe": "sha256-" + "4f" * 32, "acl.ipe.policy_sha256": "4f" * 32,
                  "verity.usr": f"PARTUUID={uuid}", "acl.verity_usr_signature": f"PARTUUID={uuid}",
                  "systemd.import_credentials": "no"}
        listed = items(section(self.page, "KEYS"))
        for at, item in enumerate(listed):
            # An item without a text of its own shares that of the next.
            body = next(later.body for later in listed[at:] if later.body.strip())
            value = values.get(item.name, f"PARTUUID={uuid}" if item.name.endswith(("_data", "_hash")) else "1")
            word = item.name if item.name in ("ro", "rw") else f"{item.name}={value}"
            if item.name.endswith("usrhash"):
                word = HASH.replace("usrhash", item.name)
            also = "" if item.name.endswith("usrhash") else HASH
            is_refused_twice = cmdline(f"{also} {word} {word}", "credentials=platform\ndebug=allow") == "cmdline-duplicate-key"
            if "code of their own" not in body:
                with self.subTest(item.name):
                    self.assertEqual("may be repeated" in " ".join(body.split()), not is_refused_twice)

    def test_verity_options(self) -> None:
        listed = items(section(self.page, "VERITY OPTIONS"))
        self.assertEqual(sorted(i.name for i in listed),
                         sorted(table_names("init/boot_config_verity.c", "verity_words")))
        accepted, weakening, unsupported = self.parts("VERITY OPTIONS", "as weakening:", "as not supported:")
        for part, code in ((accepted, "accepted"), (weakening, "cmdline-weakening"),
                           (unsupported, "cmdline-bad-value")):
            for item in part:
                with self.subTest(item.name):
                    self.assertEqual(cmdline(f"{HASH} systemd.verity_usr_options={self.option(item.name)}"), code)
        self.assertEqual(cmdline(f"{HASH} systemd.verity_usr_options=odd"), "cmdline-unknown-key")

    @staticmethod
    def option(name: str) -> str:
        """With a value that is one of its own, and with what it needs beside it."""
        shape = {"format": "1", "hash": "sha256", "data-block-size": "4K", "hash-block-size": "4096", "data-blocks": "1",
                 "salt": "-", "uuid": "0" * 8 + "-0000" * 3 + "-" + "0" * 12}
        whole = ",".join(["superblock=no", *(f"{key}={value}" for key, value in shape.items())])
        return {**dict.fromkeys(shape, whole), "hash-offset": "hash-offset=1024", "fec-device": "fec-device=/dev/vda4",
                "fec-offset": "fec-device=/dev/vda4,fec-offset=512", "fec-roots": "fec-device=/dev/vda4,fec-roots=2",
                "root-hash-signature": "root-hash-signature=/usr.p7s"}.get(name, name)

    def parts(self, title: str, *headings: str) -> list[list[Item]]:
        """The items before the first heading, and below each."""
        pattern = "|".join(re.escape(heading) for heading in headings)
        return [items(part) for part in re.split(pattern, section(self.page, title))]

    def test_mount_options_that_are_refused(self) -> None:
        _, weakening, bad, root = self.parts("MOUNT OPTIONS", "as weakening:", "as bad:", "as bad:")
        path = "init/boot_config_options.c"
        self.assertEqual(sorted(i.name for i in weakening + bad), sorted(table_names(path, "usr_refusals")))
        self.assertEqual(sorted(i.name for i in root), sorted(table_names(path, "root_refusals")))
        for part, key, code in ((weakening, "mount.usrflags", "cmdline-weakening"),
                                (bad, "mount.usrflags", "cmdline-bad-value"),
                                (root, "rootflags", "cmdline-bad-value")):
            for item in part:
                with self.subTest(key=key, option=item.name):
                    self.assertEqual(cmdline(f"{HASH} {key}={item.name}"), code)

    def test_mount_options_that_are_understood(self) -> None:
        text = section(self.page, "MOUNT OPTIONS").split("\n.Pp\n", 1)[0]
        listed = set(re.findall(r'[a-z_]+', " ".join(re.findall(r'(?m)^\.Cm (.*)$', text))))
        refused = set(table_names("init/boot_config_options.c", "usr_refusals"))
        for name in set(table_names("init/boot_config_options.c", "mount_words")) - refused:
            self.assertIn(name, listed)
            self.assertEqual(cmdline(f"{HASH} mount.usrflags={name} rootflags={name}"), "accepted", name)

    def test_numbers(self) -> None:
        self.assertIn("more than 512 words", self.page)
        self.assertEqual(cmdline(" ".join([HASH, *["w"] * 511])), "accepted")
        self.assertEqual(cmdline(" ".join([HASH, *["w"] * 512])), "cmdline-malformed")
        self.assertIn("A line of 2047 bytes or more", self.page)
        self.assertEqual(cmdline(f"{HASH} ".ljust(2046, "x")), "accepted")
        self.assertEqual(cmdline(f"{HASH} ".ljust(2047, "x")), "cmdline-too-long")
        self.assertEqual(cmdline(f"{HASH} init.timeout=3600"), "accepted")
        for seconds in ("0", "3601"):
            self.assertEqual(cmdline(f"{HASH} init.timeout={seconds}"), "cmdline-bad-value")

    def test_characters_of_mount_options(self) -> None:
        text = section(self.page, "MOUNT OPTIONS")
        both, more = re.findall(r"(?m)^(?:Letters, digits and\n)?\.Ql (\S+)$", text.split("Letters, digits and", 1)[1])[:2]
        for character in map(chr, range(0x21, 0x7f)):
            if character.isalnum() or character in ",\"'":
                continue
            with self.subTest(character):
                usr, root = (cmdline(f"{HASH} {key}=zz{character}z") == "accepted"
                             for key in ("mount.usrflags", "rootflags"))
                self.assertEqual((usr, root), (character in both, character in both + more))

    def test_families(self) -> None:
        listed = [f"{item.name}\t{' '.join(item.body.split())}" for item in items(section(self.page, "FAMILIES"))]
        self.assertEqual([line.lower() for line in listed], [f"{line}." for line in map(str.lower, facts("families"))])
        for line in listed:
            prefix = line.split("\t", 1)[0]
            with self.subTest(prefix):
                self.assertEqual(cmdline(f"{HASH} {prefix}odd=1"), "cmdline-unknown-key")

    def test_guarded_words(self) -> None:
        """The table of the core, row by row: under which heading, with which values, as what, and why."""
        rows = [line.split("\t") for line in facts("guards")]
        words = {"cmdline-dangerous": "Dangerous: ", "cmdline-weakening": "Weakens: "}
        for kind in dict.fromkeys(row[1] for row in rows):
            expected = []
            for name, _, rd, code, values, why in (row for row in rows if row[1] == kind):
                text = f"{why[0].upper()}{why[1:]}" if kind == "Known, and let pass" else words[code] + why
                rest = f", rd.{name}" if rd else "Ns = Ns Cm " + " | ".join(values.split()) if values else ""
                expected.append((name, rest, text + "."))
            listed = [(item.name.replace("\\", ""), item.rest, " ".join(item.body.split()))
                      for item in items(section(self.page, kind))]
            with self.subTest(kind):
                self.assertEqual(listed, expected)

    def test_other_words_pass(self) -> None:
        text = section(self.page, "OTHER WORDS")
        for word in re.findall(r'[a-z]+', " ".join(re.findall(r'(?m)^(?:\.Cm|\.Pq Cm) (.*)$', text))):
            if word not in ("security", "selinux", "s"):
                self.assertEqual(cmdline(f"{HASH} {word}=1"), "accepted", word)
        self.assertEqual(cmdline(f"{HASH} kubelet.odd=1 security=selinux vendor=9"), "accepted")

    def test_pinned_geometry(self) -> None:
        text = section(self.page, "PINNED GEOMETRY")
        fields = re.findall(r'Ar ([a-z-]+)', text.split(".Pp", 1)[0])
        self.assertEqual(fields, names_of(text, "Ar"))
        uuid = "0" * 8 + "-0000" * 3 + "-" + "0" * 12
        good = dict(zip(fields, ("sha256", "4096", "4096", "1", "1", "-", uuid)))

        def pinned(**changed: str) -> str:
            words = {**good, **{key.replace("_", "-"): value for key, value in changed.items()}}
            return cmdline(f"{HASH} init.verity=1:{':'.join(words.values())}")

        self.assertEqual(pinned(), "accepted")
        for size, answer in (("512", "accepted"), ("524288", "accepted"), ("256", "cmdline-bad-value"),
                             ("1048576", "cmdline-bad-value"), ("513", "cmdline-bad-value")):
            self.assertEqual((pinned(data_block_size=size), pinned(hash_block_size=size)), (answer, answer), size)
        self.assertEqual(pinned(data_blocks="0"), "cmdline-bad-value")
        self.assertEqual(pinned(hash_start_block="0"), "cmdline-contradiction")
        self.assertEqual((pinned(salt="ab" * 256), pinned(salt="ab" * 257)), ("accepted", "cmdline-bad-value"))
        self.assertEqual((pinned(salt="AB"), pinned(data_blocks="01")), ("cmdline-bad-value", "cmdline-bad-value"))
        self.assertEqual(pinned(algorithm="sha512"), "cmdline-contradiction")
        self.assertEqual(facts("cmdline", "", HASH)[0], "geometry-not-pinned")

    def test_what_weakens_selinux(self) -> None:
        for key, where_allowed in (("enforcing", "cmdline-weakening"), ("selinux", "accepted")):
            self.assertEqual(cmdline(f"{HASH} {key}=0"), "cmdline-weakening")
            self.assertEqual(cmdline(f"{HASH} {key}=0", "selinux=allow"), where_allowed)

    def test_examples(self) -> None:
        examples = literal_blocks(self.page)
        self.assertEqual(len(examples), 3)
        for example, floor in zip(examples, ("", "root=unverified", "")):
            self.assertEqual(cmdline(" ".join(example.split()), floor), "accepted", example)
        self.assertEqual(facts("cmdline", "", " ".join(examples[2].split()))[0], "accepted")


class Floor(unittest.TestCase):
    def setUp(self) -> None:
        self.page = read("man/verinit-floor.5")
        self.items = items(section(self.page, "KEYS"))
        self.none = floor_fields("")

    def test_keys(self) -> None:
        self.assertEqual(sorted(i.name for i in self.items), sorted(table_names("init/floor.c", "floor_keys")))

    def test_values(self) -> None:
        for item in self.items:
            if "Cm" not in item.rest:
                continue
            values = re.findall(r'[a-z][a-z-]+', item.rest.split("Cm", 1)[1])
            for value in values:
                also = "root=unverified\n" if value == "plain" else ""
                with self.subTest(f"{item.name}={value}"):
                    self.assertRegex(floor_fields(f"{also}{item.name}={value}"), "^accepted\t")
            fields = {floor_fields(f"root=unverified\n{item.name}={value}") for value in values if item.name != "root"}
            if fields:
                self.assertEqual(len(fields), len(values), f"{item.name}: two values mean the same")
            self.assertEqual(floor_fields(f"{item.name}=odd"), "floor-malformed")

    def test_defaults(self) -> None:
        for item in self.items:
            with self.subTest(item.name):
                found = re.search(r'The default is\n\.Cm (\S+)', item.body)
                if not found:
                    self.assertIn("There is no default.", item.body)
                    continue
                self.assertEqual(floor_fields(f"{item.name}={found[1]}"), self.none)

    def test_seconds(self) -> None:
        n = 0
        for item in self.items:
            if "Ar seconds" not in item.rest:
                continue
            n += 1
            found = re.search(r'(\d+) to (\d+)\.', item.body)
            assert found, item.name
            low, high = int(found[1]), int(found[2])
            for value, is_good in ((low, True), (high, True), (low - 1, False), (high + 1, False)):
                with self.subTest(f"{item.name}={value}"):
                    self.assertEqual(floor_fields(f"{item.name}={value}") != "floor-malformed", is_good)
        self.assertEqual(n, 5)

    def test_which_keys_may_be_repeated(self) -> None:
        """A key that may not is refused with its own value, twice; the sentence above the list names the others."""
        digest = "sha256-" + "4f" * 32
        two = {"extra-words": ("a", "b"), "addon-keys": ("a", "b"), "addon": (digest, digest[:-1] + "0"),
               "certificate": (digest, digest[:-1] + "0"), "ipe-policy": (digest, digest[:-1] + "0")}
        sentence = section(self.page, "FORMAT").split("Each key may stand once", 1)[1].split("An unknown key")[0]
        named = re.findall(r'(?m)^(?:\.Cm|and) ([a-z-]+)|\.Cm ([a-z-]+)', sentence)
        self.assertEqual(sorted(a or b for a, b in named), sorted(two))
        once = {"seconds": "10", "path": "a", "digest": digest, "action": "reboot", "program": "/a/b", "name": "000b" + "4f" * 32}
        for item in self.items:
            kind = item.rest.split()[-1]
            value = "no" if "no" in item.rest.split() else once.get(kind, "tmpfs" if "tmpfs" in item.rest else "none"
                                                                      if "none" in item.rest else "allow")
            lines = [f"{item.name}={v}" for v in two.get(item.name, (value, value))]
            with self.subTest(item.name):
                self.assertRegex(floor_fields(lines[0]), "^accepted\t")
                self.assertEqual(floor_fields("\n".join(lines)) != "floor-malformed", item.name in two)

    def test_lists_have_the_length_that_is_said(self) -> None:
        for key, most, value in (("addon", 8, "sha256-" + "4f" * 31 + "{:02x}"), ("addon-keys", 32, "k{}"),
                                 ("certificate", 4, "sha256-" + "4f" * 31 + "{:02x}"),
                                 ("ipe-policy", 4, "sha256-" + "4f" * 31 + "{:02x}")):
            lines = [f"{key}={value.format(n)}" for n in range(most + 1)]
            body = next(item.body for item in self.items if item.name == key)
            with self.subTest(key):
                self.assertIn(f"up to {most}", " ".join(body.split()))
                self.assertNotEqual(floor_fields("\n".join(lines[:-1])), "floor-malformed")
                self.assertEqual(floor_fields("\n".join(lines)), "floor-malformed")

    def test_extra_words(self) -> None:
        lines = [f"extra-words={'w' * 120}{n}" for n in range(32)]
        self.assertNotEqual(floor_fields("\n".join(lines)), "floor-malformed")
        self.assertEqual(floor_fields("\n".join([*lines, "extra-words=more"])), "floor-malformed")
        self.assertNotEqual(floor_fields("extra-words=" + "w" * 127), "floor-malformed")
        self.assertEqual(floor_fields("extra-words=" + "w" * 128), "floor-malformed")

    def test_size(self) -> None:
        self.assertIn("more than 16384\nbytes", self.page)
        self.assertEqual(floor_fields("#" * 16384), self.none)
        self.assertEqual(floor_fields("#" * 16385), "floor-malformed")

    def test_examples(self) -> None:
        examples = literal_blocks(self.page)
        self.assertEqual(len(examples), 2)
        for example in examples:
            self.assertRegex(floor_fields(example), "^accepted\t")
            self.assertEqual(floor_problem(example), "")
        # A word that an add-on may add has to be one that the floor obeys.
        words = " ".join(re.findall(r'(?m)^extra-words=(.*)$', examples[0]))
        self.assertEqual(cmdline(f"{HASH} {words}", examples[0]), "accepted")

    def test_floors_that_no_boot_comes_up_with_are_found(self) -> None:
        for floor in ("", "root=tmpfs\netc=overlay", "ipe=require", "ipe=allow\nodd=1", "ipe=allow\netc=plain"):
            self.assertNotEqual(floor_problem(floor), "", floor)
        self.assertEqual(floor_problem("ipe=allow"), "")


class Init(unittest.TestCase):
    def setUp(self) -> None:
        self.page = read("man/verinit-init.8")

    def test_stages(self) -> None:
        self.assertEqual(names(section(self.page, "Stages")), facts("stages"))

    def test_files_are_those_of_the_code(self) -> None:
        paths = [item.name for item in items(section(self.page, "FILES"), "Pa")]
        sources = "".join(path.read_text("utf-8") for name in ("init/*.c", "measure/*.c", "include/verinit/*.h")
                          for path in sorted(TOP.glob(name)))
        for path in paths:
            relative = path.removeprefix("/").removeprefix("usr/") if "/etc" in path else path.removeprefix("/")
            with self.subTest(path):
                self.assertTrue(relative in sources or relative.rsplit("/", 1)[-1] in sources, "nothing names it")
        self.assertGreaterEqual(len(paths), 12)


class CmdlineCheck(unittest.TestCase):
    def setUp(self) -> None:
        self.page = read("man/verinit-cmdline-check.1")

    def test_options(self) -> None:
        in_help = set(re.findall(r'--[a-z-]+', run(VERINIT, "cmdline", "check", "--help").split("Examples:")[0]))
        self.assertEqual({f"--{name}" for name in re.findall(r'Fl \\-([a-z-]+)', section(self.page, "SYNOPSIS"))},
                         in_help - {"--help"})
        self.assertEqual({f"--{item.name[2:]}" for item in items(section(self.page, "DESCRIPTION"), "Fl")}, in_help)

    def test_example(self) -> None:
        """What the page shows is what the command says."""
        shown = literal_blocks(self.page)[1].split('"\n', 1)[1]
        with tempfile.TemporaryDirectory() as scratch:
            floor = Path(scratch) / "floor.conf"
            floor.write_text("pinned-geometry=allow\n", "utf-8")
            done = subprocess.run([VERINIT, "cmdline", "check", "--floor", floor, "--cmdline", f"{HASH} systemd.debug_shell"],
                                  text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual((done.returncode, done.stdout), (3, shown))


def assert_options(test: unittest.TestCase, page: str, group: str, parts: list[str]) -> None:
    """PARTS of the synopsis, one a verb, and the verb's own section have the options of its help."""
    for part in parts:
        verb = part.split()[0]
        in_help = set(re.findall(r'(?m)^  (--[a-z-]+)', run(VERINIT, group, verb, "--help")))
        with test.subTest(verb):
            test.assertEqual({f"--{name}" for name in re.findall(r'Fl \\-([a-z-]+)', part)}, in_help - {"--help"})
            test.assertEqual({f"--{item.name[2:]}" for item in items(section(page, verb), "Fl")}, in_help)


class Verity(unittest.TestCase):
    """Options by each verb's own help, JSON keys by the code."""

    def setUp(self) -> None:
        self.page = read("man/verinit-verity.1")

    def test_options(self) -> None:
        parts = section(self.page, "SYNOPSIS").split(".Nm verinit verity ")[1:]
        self.assertEqual([part.split()[0] for part in parts], table_names("tools/verinit/main.c", "verity_verbs"))
        assert_options(self, self.page, "verity", parts)

    def test_keys_of_json(self) -> None:
        for verb, source in (("format", "verity_format.c"), ("verify", "verity_verdict.c")):
            written = set(re.findall(r'json_value_add(?:_text)?\(\w+, "([a-z_]+)"', read(f"tools/verinit/{source}")))
            with self.subTest(verb):
                self.assertEqual(set(re.findall(r'(?m)^\.Va ([a-z_]+)', section(self.page, verb))), written)

    def test_results_are_those_of_the_code(self) -> None:
        found = re.search(r'(?s)verity_verdict_name.*?\};', read("tools/verinit/verity_verdict.c"))
        assert found
        text = section(self.page, "verify").split(".Va result", 1)[1].split(".Pc", 1)[0]
        self.assertEqual(sorted(re.findall(r'"([a-z]+)"', found[0])), sorted(re.findall(r'(?m)[a-z]+(?= ,|$)', "\n".join(re.findall(r'(?m)^\.Cm (.*)$', text)))))


class Image(unittest.TestCase):
    def test_options(self) -> None:
        page = read("man/verinit-image.1")
        in_help = set(re.findall(r'--[a-z-]+', run(VERINIT, "image", "verify", "--help").split("Examples:")[0]))
        self.assertEqual({f"--{name}" for name in re.findall(r'Fl \\-([a-z-]+)', section(page, "SYNOPSIS"))}, in_help - {"--help"})
        self.assertEqual({f"--{item.name[2:]}" for item in items(section(page, "DESCRIPTION"), "Fl")}, in_help)


class Log(unittest.TestCase):
    """Options by each verb's own help; tag and JSON keys by the code."""

    def setUp(self) -> None:
        self.page = read("man/verinit-log.1")

    def test_options(self) -> None:
        parts = section(self.page, "SYNOPSIS").split(".Nm verinit log ")[1:]
        self.assertEqual(sorted(part.split()[0] for part in parts), table_names("tools/verinit/log_verbs.c", "log_verbs"))
        assert_options(self, self.page, "log", parts)

    def test_keys_of_json(self) -> None:
        for verb, source in (("show", "log_show.c"), ("join", "log_join.c"), ("replay", "log_replay.c")):
            code = read(f"tools/verinit/{source}")
            written = set(re.findall(r'json_value_add(?:_text)?\(\w+, "([a-z_]+)"', code))
            written |= {"nv_index", "pcr"} if verb == "show" else set()
            with self.subTest(verb):
                self.assertEqual(set(re.findall(r'(?m)^\.Va ([a-z_]+)', section(self.page, verb))), written)

    def test_the_tag(self) -> None:
        found = re.search(r'TCG2_TAG_USERSPACE UINT32_C\((0x[0-9a-f]{8})\)', read("include/verinit/tcg2_log.h"))
        assert found
        for page in (self.page, read("docs/MEASUREMENTS.md")):
            self.assertIn(found[1], page)
        self.assertEqual(found[1][2:], hashlib.sha256(b"verinit.userspace-log").hexdigest()[:8])


class Attest(unittest.TestCase):
    def test_options(self) -> None:
        page = read("man/verinit-attest.1")
        in_help = set(re.findall(r'(?m)^  (--[a-z-]+)', run(VERINIT, "attest", "check", "--help")))
        self.assertEqual({f"--{name}" for name in re.findall(r'Fl \\-([a-z-]+)', section(page, "SYNOPSIS"))}, in_help - {"--help"})
        self.assertEqual({f"--{item.name[2:]}" for item in items(section(page, "DESCRIPTION"), "Fl")}, in_help)

    def test_keys_of_json(self) -> None:
        written = set(re.findall(r'json_value_add(?:_text)?\(\w+, "([a-z_]+)"', read("tools/verinit/attest_check.c")))
        self.assertEqual(set(re.findall(r'(?m)^\.Va ([a-z_]+)', section(read("man/verinit-attest.1"), "DESCRIPTION"))), written)


class Initrd(unittest.TestCase):
    """Options by the command's own help, features by its own table."""

    def test_features(self) -> None:
        text = section(read("man/verinit-initrd.1"), "DESCRIPTION").split(".It Fl \\-feature", 1)[1].split(".It Fl", 1)[0]
        named, default = text.split("Without this option", 1)
        table = re.findall(r'\{ \.name = "([a-z0-9-]+)"', read("tools/verinit/feature.c"))
        self.assertEqual(sorted(self.words(named)), sorted(table))
        found = re.search(r'(?s)\*const \w*default\w*\[\] = \{(.*?)NULL', read("tools/verinit/feature.c"))
        assert found
        self.assertEqual(self.words(default), re.findall(r'"([a-z0-9-]+)"', found[1]))

    @staticmethod
    def words(text: str) -> list[str]:
        return [word for line in re.findall(r'(?m)^\.Cm (.*)$', text) for word in re.findall(r'[a-z][a-z0-9-]+', line)]

    def test_options(self) -> None:
        synopsis = section(read("man/verinit-initrd.1"), "SYNOPSIS")
        parts = synopsis.split(".Nm verinit initrd ")[1:]
        self.assertEqual([part.split()[0] for part in parts], ["build", "inspect"])
        for part in parts:
            verb = part.split()[0]
            on_page = {f"--{name}" for name in re.findall(r'Fl \\-([a-z-]+)', part)}
            text = run(VERINIT, "initrd", verb, "--help").split("Examples:")[0]
            in_help = set(re.findall(r'--[a-z-]+', text)) - {"--help"}
            self.assertEqual(on_page, in_help, verb)


if __name__ == "__main__":
    unittest.main()
