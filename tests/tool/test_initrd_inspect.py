#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verinit initrd inspect: it says what is there, and does not let anything hide."""

import hashlib
import json
import os
import re
import stat
import subprocess
import unittest
from typing import Any

import kernels
import newc
from case import (CMDLINE, FALSE, FLOOR, INIT, MEETABLE, TROUBLE, VERSION, YES, ToolTest, filled, kernel, packed, sbom_of,
                  sha256)

FLOOR_PATH = "etc/verinit/floor.conf"
FILE = stat.S_IFREG | 0o644
NEEDS = ("secure-boot", "tpm", "cmdline", "cmdline-replay", "root-hash-signature", "pinned-geometry", "boot-disk-only", "selinux",
         "ipe", "debug")
TABLE = "verinit-modules 1 6.12.1\nmodule erofs 6.12.1/erofs.ko - -\nfeature erofs erofs\n"


class InspectTest(ToolTest):
    def inspect(self, status: int, *said: str, how: str = "short") -> dict[str, Any]:
        done = self.verinit("initrd", "inspect", self.output, f"--json={how}")
        self.assert_ends(done, status, *said)
        return json.loads(done.stdout) if done.stdout else {}

    def good(self, floor: str = MEETABLE, cmdline: str = CMDLINE, table: str = TABLE) -> list[tuple[str, int, bytes]]:
        floor = filled(floor, cmdline.encode(), table.encode())
        return [("init", stat.S_IFREG | 0o755, packed(floor)), ("etc/verinit/cmdline", FILE, cmdline.encode()),
                (FLOOR_PATH, FILE, floor.encode()), ("etc/verinit/modules", FILE, table.encode()),
                ("lib/modules/6.12.1/erofs.ko", FILE, b"x")]


class SoundTest(InspectTest):
    def test_says_what_was_built(self) -> None:
        entries = self.assert_built("--floor", self.file("floor", FLOOR))
        report = self.inspect(YES)
        self.assertEqual(report["problems"], [])
        self.assertEqual(report["verinit_version"], VERSION)
        self.assertEqual(report["cmdline"], CMDLINE)
        self.assertEqual(report["file_bytes"], self.output.stat().st_size)
        self.assertEqual(report["content_bytes"], sum(len(e.content) for e in entries))
        self.assertEqual(report["has_floor"], True)
        packed_files = {e.path: e.content for e in entries}
        required = {key: "require" for key in NEEDS}
        self.assertEqual(report["floor"], {**required, "tpm": "allow", "ipe": "allow", "root-hash-signature": "allow", "root": "tmpfs", "etc": "tmpfs", "credentials": "none",
                                           "os-separator": False, "extra-words": [], "addon": [], "addon-keys": [],
                                           "certificate": [], "ipe-policy": [], "ipe-drop-mac-admin": True, "tpm-ek": None, "selinux-dir": "etc/selinux", "selinux-lock": "early", "init": None,
                                           "failure-actions": ["reboot"], "device-timeout": 90, "panic-timeout": 10,
                                           "failure-delay": 10, "failure-delay-max": 60, "watchdog": 0, "baked-cmdline": sha256(CMDLINE.encode()),
                                           "modules": sha256(packed_files["etc/verinit/modules"])})
        self.assertEqual(report["floor_note"], sha256(packed_files[FLOOR_PATH]))
        self.assertEqual(report["modules"]["release"], kernel("cloud").release)
        self.assertEqual(report["modules"]["modules"], sum(".ko" in e.path for e in entries))
        self.assertIn("virtio-blk", report["modules"]["features"])
        for said, entry in zip(report["entries"], entries, strict=True):
            digest = None if entry.is_directory else hashlib.sha256(entry.content).hexdigest()
            self.assertEqual(said, {"path": entry.path, "mode": f"{entry.fields['mode']:06o}",
                                    "size": len(entry.content), "sha256": digest})

    def test_the_sbom(self) -> None:
        self.output.write_bytes(newc.write(self.good()))
        self.assertIsNone(self.inspect(YES)["sbom"])
        self.assertIn("\nsbom:         none\n", self.verinit("initrd", "inspect", self.output).stdout)
        entry = ("usr/lib/verinit/sbom.spdx.json", FILE, sbom_of(INIT))
        self.output.write_bytes(newc.write([*self.good(), entry]))
        self.assertEqual(self.inspect(YES)["sbom"], [
            {"name": "verinit-init", "version": VERSION, "purl": None},
            {"name": "libodd", "version": "1:2~3", "purl": "pkg:deb/debian/libodd-dev@1%3A2~3?arch=amd64"}])
        self.assertIn(f"\nsbom:         verinit-init {VERSION}, libodd 1:2~3\n", self.verinit("initrd", "inspect", self.output).stdout)

    def test_an_sbom_of_another_program(self) -> None:
        for content, words in ((sbom_of(INIT + b"x"), "another program"), (b"{}", "no SPDX 2.3")):
            self.output.write_bytes(newc.write([*self.good(), ("usr/lib/verinit/sbom.spdx.json", FILE, content)]))
            report = self.inspect(FALSE)
            self.assertIsNone(report["sbom"])
            self.assertEqual(len(report["problems"]), 1)
            self.assertIn(words, report["problems"][0])

    def test_each_compression(self) -> None:
        for name in ("zstd", "xz", "none"):
            self.assert_ends(self.build(compress=name), YES)
            self.assertEqual(self.inspect(YES)["compression"], name)

    def test_what_is_not_said_is_required(self) -> None:
        self.assert_built()
        self.assertEqual(self.inspect(YES)["floor"]["tpm"], "require")

    def test_forms_of_the_answer(self) -> None:
        self.output.write_bytes(newc.write(self.good()))
        short, pretty, text = (self.verinit("initrd", "inspect", f"--json={how}", self.output)
                               for how in ("short", "pretty", "off"))
        self.assertEqual(short.stdout.count("\n"), 1)
        self.assertGreater(pretty.stdout.count("\n"), 10)
        self.assertEqual(json.loads(short.stdout), json.loads(pretty.stdout))
        for words in (VERSION, CMDLINE, hashlib.sha256(self.good()[0][2]).hexdigest(), "etc/verinit/cmdline", "6.12.1"):
            self.assertIn(words, text.stdout)
        self.assertEqual(text.returncode, YES)

    def test_every_key_of_the_floor(self) -> None:
        """All that init/floor.c knows, each with another value than it has where nothing is said."""
        source = (kernels.TOP / "init/floor.c").read_text()
        keys = re.findall(r'^ +\{ "([a-z-]+)",', source, re.M)
        self.assertGreater(len(keys), 25)
        path = f"etc/verinit/certificates/{sha256(b'one').removeprefix('sha256-')}.der"
        said = {key: "allow" for key in NEEDS} | {
            "tpm-ek": "000b" + "ab" * 32, "extra-words": "debug", "addon": sha256(b"a"), "addon-keys": "a.b",
            "certificate": sha256(b"one"), "ipe-policy": sha256(b"one"), "ipe-drop-mac-admin": "no", "selinux-dir": "etc/other", "selinux-lock": "none", "init": "/a/b", "root": "unverified", "etc": "tmpfs", "credentials": "platform",
            "os-separator": "yes", "device-timeout": "91", "panic-timeout": "11", "failure-actions": "halt,reboot",
            "failure-delay": "12", "failure-delay-max": "61", "watchdog": "60"}
        self.assertEqual({*said, "baked-cmdline", "modules"}, set(keys))
        floor = "".join(f"{key}={value}\n" for key, value in said.items())
        policy = f"etc/verinit/ipe/{sha256(b'one').removeprefix('sha256-')}.p7b"
        self.output.write_bytes(newc.write([*self.good(floor=floor), (path, FILE, b"one"), (policy, FILE, b"one")]))
        shown = self.inspect(YES)["floor"]
        self.assertEqual(set(shown), set(keys))
        for key, value in said.items():
            with self.subTest(key=key):
                form = {bool: lambda v: "yes" if v else "no", list: ",".join}.get(type(shown[key]), str)
                self.assertEqual(form(shown[key]), value)
        text = self.verinit("initrd", "inspect", self.output).stdout
        for line in filled(floor, CMDLINE.encode(), TABLE.encode()).splitlines():
            self.assertEqual(text.count(f"\n              {line}\n"), not line.startswith("#"), line)

    def test_zeros_behind_the_archive_are_no_archive(self) -> None:
        self.output.write_bytes(newc.write(self.good()) + bytes(512))
        self.inspect(YES)


class ProblemTest(InspectTest):
    """Read without trouble, and not sound: status 3, the reason said."""

    def assert_problem(self, words: str, files: list[tuple[str, int, bytes]], behind: bytes = b"") -> None:
        self.output.write_bytes(newc.write(files) + behind)
        report = self.inspect(FALSE, words)
        self.assertIn(words, report["problems"][0])

    def replaced(self, path: str, content: bytes) -> list[tuple[str, int, bytes]]:
        return [(p, m, content if p == path else c) for p, m, c in self.good()]

    def without(self, path: str) -> list[tuple[str, int, bytes]]:
        return [f for f in self.good() if f[0] != path]

    def test_a_second_archive(self) -> None:
        self.assert_problem("follow the first archive", self.good(), newc.write([("init", FILE, b"evil")]))

    def test_a_second_archive_in_a_second_frame(self) -> None:
        archives = [newc.write(self.good()), newc.write([("init", FILE, b"evil")])]
        self.output.write_bytes(b"".join(
            subprocess.run(["zstd", "-cq"], input=a, check=True, capture_output=True).stdout for a in archives))
        self.inspect(FALSE, "follow the first archive")

    def test_a_name_twice(self) -> None:
        self.assert_problem("/init is in it twice", [*self.good(), ("init", FILE, b"evil")])

    def test_a_name_twice_in_another_spelling(self) -> None:
        for name in ("/init", "./init", "etc/../init", "etc//verinit/cmdline"):
            self.assert_problem("not normalised", [*self.good(), (name, FILE, b"evil")])

    def test_a_link_on_the_way(self) -> None:
        self.assert_problem("neither file nor directory",
                            [*self.good(), ("b", stat.S_IFLNK | 0o777, b"etc"), ("b/verinit/x", FILE, b"evil")])

    def test_no_init(self) -> None:
        self.assert_problem("no /init", self.without("init"))

    def test_no_command_line(self) -> None:
        self.assert_problem("baked-cmdline-missing", self.without("etc/verinit/cmdline"))
        lax = self.good(floor=f"{MEETABLE}cmdline=allow\n")
        self.assert_problem("baked-cmdline-missing: no /etc/verinit/cmdline, which the floor names",
                            [f for f in lax if f[0] != "etc/verinit/cmdline"])
        unnamed = f"{MEETABLE}cmdline=allow\nmodules={sha256(TABLE.encode())}\n".encode()
        self.output.write_bytes(newc.write([(p, m, {"init": packed(unnamed.decode()), FLOOR_PATH: unnamed}.get(p, c))
                                            for p, m, c in lax if p != "etc/verinit/cmdline"]))
        self.inspect(YES)

    def test_no_module_table(self) -> None:
        self.assert_problem("module-table-malformed", self.without("etc/verinit/modules"))

    def test_module_table_that_pid_1_refuses(self) -> None:
        self.assert_problem("module-table-malformed", self.good(table="nonsense\n"))

    def test_module_that_is_not_there(self) -> None:
        self.assert_problem("module-missing", self.without("lib/modules/6.12.1/erofs.ko"))

    def test_command_line_that_pid_1_refuses(self) -> None:
        self.assert_problem("cmdline-weakening", self.good(cmdline=f"{CMDLINE} enforcing=0"))

    def test_floor_that_pid_1_refuses(self) -> None:
        self.assert_problem("floor-malformed", self.good(floor="tpm=no\n"))

    def test_floor_that_this_release_cannot_meet(self) -> None:
        self.assert_problem("ipe-absent: the floor requires an IPE policy", self.good(floor="root-hash-signature=allow\n"))
        self.assert_problem("signature-missing: the floor requires a signature", self.good(floor="ipe=allow\n"))
        files = [(p, m, packed("") if p == "init" else c) for p, m, c in self.good() if p != FLOOR_PATH]
        self.assert_problem("floor-digest-mismatch", files)
        self.assertIn("ipe-absent", "".join(self.inspect(FALSE)["problems"]))

    def test_floor_that_is_not_the_one_in_the_note(self) -> None:
        self.assert_problem("floor-digest-mismatch", self.replaced(FLOOR_PATH, b"tpm=allow\n"))
        self.assert_problem("floor-digest-mismatch", self.replaced("init", INIT))
        self.assert_problem("floor-digest-mismatch", self.without(FLOOR_PATH))

    def test_program_without_the_note(self) -> None:
        self.assert_problem("no note", self.replaced("init", b"\x7fELF"))

    def test_files_that_are_not_those_of_the_floor(self) -> None:
        self.assert_problem("floor-file-mismatch: /etc/verinit/cmdline",
                            self.replaced("etc/verinit/cmdline", f"{CMDLINE} single".encode()))
        self.assert_problem("floor-file-mismatch: /etc/verinit/modules",
                            self.replaced("etc/verinit/modules", TABLE.encode() + b"feature x erofs\n"))
        bare = f"{MEETABLE}tpm=allow\n"
        files = [(p, m, {"init": packed(bare), FLOOR_PATH: bare.encode()}.get(p, c)) for p, m, c in self.good()]
        self.assert_problem("floor-file-unnamed: the floor has no baked-cmdline=", files)

    def test_ipe_policies(self) -> None:
        floor = f"root-hash-signature=allow\nipe-policy={sha256(b'one')}\nipe-drop-mac-admin=no\n"
        path = f"etc/verinit/ipe/{sha256(b'one').removeprefix('sha256-')}.p7b"
        self.output.write_bytes(newc.write([*self.good(floor=floor), (path, FILE, b"one")]))
        report = self.inspect(YES)["floor"]
        self.assertEqual((report["ipe-policy"], report["ipe-drop-mac-admin"]), ([sha256(b"one")], False))
        self.assert_problem(f"no /{path}", self.good(floor=floor))
        self.assert_problem(f"floor-file-mismatch: /{path}", [*self.good(floor=floor), (path, FILE, b"two")])

    def test_an_ipe_policy_that_the_line_names(self) -> None:
        line = f"{CMDLINE} init.ipe={sha256(b'one')}"
        self.output.write_bytes(newc.write(self.good(floor="root-hash-signature=allow\n", cmdline=line)))
        self.inspect(YES)

    def test_certificates(self) -> None:
        floor = f"ipe=allow\ncertificate={sha256(b'one')}\n"
        path = f"etc/verinit/certificates/{sha256(b'one').removeprefix('sha256-')}.der"
        self.output.write_bytes(newc.write([*self.good(floor=floor), (path, FILE, b"one")]))
        self.assertEqual(self.inspect(YES)["floor"]["certificate"], [sha256(b"one")])
        self.assert_problem(f"no /{path}", self.good(floor=floor))
        self.assert_problem(f"floor-file-mismatch: /{path}", [*self.good(floor=floor), (path, FILE, b"two")])

    def test_names_cannot_steer_a_terminal(self) -> None:
        self.output.write_bytes(newc.write([*self.good(), ("a\x1b[2Jb\u00e9", FILE, b"")]))
        done = self.verinit("initrd", "inspect", self.output)
        self.assertNotIn("\x1b", done.stdout + done.stderr)
        self.assertIn("a?[2Jb??", done.stdout)


class TroubleTest(InspectTest):
    """Cannot be read: status 1, nothing on stdout."""

    def assert_unreadable(self, content: bytes, *words: str) -> None:
        self.output.write_bytes(content)
        self.assertEqual(self.inspect(TROUBLE, *words), {})

    def test_junk(self) -> None:
        for content in (b"", b"\0" * 600, b"junk" * 500, b"070701" + b"Z" * 200, b"\x28\xb5\x2f\xfd" + b"junk" * 9):
            self.assert_unreadable(content)

    def test_cut_off(self) -> None:
        whole = newc.write(self.good())
        for size in (50, 200, len(whole) // 2):
            self.assert_unreadable(whole[:size])
        packed = subprocess.run(["zstd", "-cq"], input=whole, check=True, capture_output=True).stdout
        self.assert_unreadable(packed[:-20])

    def test_a_size_larger_than_the_file(self) -> None:
        whole = bytearray(newc.write(self.good()))
        whole[6 + 8 * 6:6 + 8 * 7] = b"7FFFFFFF"
        self.assert_unreadable(bytes(whole))

    def test_bomb(self) -> None:
        bomb = subprocess.run("head -c 600M /dev/zero | zstd -cq", shell=True, check=True, capture_output=True)
        self.assert_unreadable(bomb.stdout, "unpacks to more than")

    def test_too_many_entries(self) -> None:
        self.assert_unreadable(newc.write([(f"f{i}", FILE, b"") for i in range(9000)]), "more than 8192 entries")

    def test_what_is_no_file(self) -> None:
        os.mkfifo(self.output)
        self.assertEqual(self.inspect(TROUBLE, "not a regular file"), {})
        done = self.verinit("initrd", "inspect", self.dir)
        self.assert_ends(done, TROUBLE, "not a regular file")
        done = self.verinit("initrd", "inspect", self.dir / "missing")
        self.assert_ends(done, TROUBLE, "ENOENT")


if __name__ == "__main__":
    unittest.main()
