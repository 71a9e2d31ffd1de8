#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verinit cmdline check: PID 1's answer, its exit status, and which of the two inputs it is about."""

import unittest

from case import FALSE, HASH, TROUBLE, USAGE, YES, Result, ToolTest

UUID = "1b0e7b5a-6f9c-4a39-a2d1-0c8f4b8c7e11"
PINNED = f"usrhash={HASH} init.verity=1:sha256:4096:4096:25600:1:-:{UUID} quiet"


class CmdlineCheck(ToolTest):
    def check(self, *words: object, cmdline: str = PINNED) -> Result:
        """With a floor that can be met, unless WORDS give one."""
        floor = () if "--floor" in words else ("--floor", self.file("least", "ipe=allow\n"))
        return self.verinit("cmdline", "check", "--cmdline", cmdline, *floor, *words)

    def assert_refused(self, code: str, *words: object, cmdline: str = PINNED, kind: str = "CONFIG") -> Result:
        done = self.check(*words, cmdline=cmdline)
        self.assert_ends(done, FALSE, f"PID 1 would refuse this with {code}: ")
        self.assertEqual(done.stdout.splitlines()[0], f"refused: config/{kind}/{code}")
        self.assertEqual(len(done.stdout.splitlines()), 3, done.stdout)
        return done

    def test_accepted(self) -> None:
        done = self.check()
        self.assert_ends(done, YES)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout.splitlines(), [
            "accepted", f"root hash  {HASH}", f"geometry   1:sha256:4096:4096:25600:1:-:{UUID}",
            "data       PARTUUID=" + "-".join(("4f" * 4, *["4f" * 2] * 3, "4f" * 6)),
            "tree       PARTUUID=" + "-".join(("4f" * 4, *["4f" * 2] * 3, "4f" * 6)),
            "root       tmpfs", "init       /usr/lib/systemd/systemd"])

    def test_refusals(self) -> None:
        for code, words in (("cmdline-dangerous", f"{PINNED} systemd.run=/bin/sh"),
                            ("cmdline-dangerous", f"{PINNED} single"),
                            ("cmdline-dangerous", f"{PINNED} init=/bin/sh"),
                            ("cmdline-weakening", f"{PINNED} enforcing=0"),
                            ("cmdline-unknown-key", f"{PINNED} init.odd=1"),
                            ("cmdline-duplicate-key", f"{PINNED} usrhash={HASH}"),
                            ("cmdline-contradiction", f"{PINNED} systemd.verity=0"),
                            ("cmdline-bad-value", "usrhash=12"),
                            ("cmdline-malformed", f"{PINNED} a\tb"),
                            ("cmdline-too-long", f"{PINNED} {'a' * 2048}"),
                            ("cmdline-too-long", f"{PINNED} {'a' * 9000}"),
                            ("root-hash-missing", ""),
                            ("floor-refuses", f"{PINNED} init.debug=1")):
            with self.subTest(cmdline=words[-40:]):
                self.assert_refused(code, cmdline=words)

    def test_the_floor_decides(self) -> None:
        bare = f"usrhash={HASH} quiet"
        self.assert_refused("geometry-not-pinned", cmdline=bare, kind="UNVERIFIED")
        floor = self.file("floor", "ipe=allow\npinned-geometry=allow\n")
        done = self.check("--floor", floor, cmdline=bare)
        self.assert_ends(done, YES)
        self.assertIn("geometry   not pinned\n", done.stdout)
        self.assert_refused("floor-malformed", "--floor", self.file("odd", "odd=1\n"), cmdline=bare)

    def test_what_no_machine_can_meet(self) -> None:
        for words in ([], ["--floor", self.file("floor", "ipe=require\n")]):
            done = self.verinit("cmdline", "check", "--cmdline", PINNED, *words)
            self.assert_ends(done, FALSE, "PID 1 would refuse this with ipe-absent: ")
            self.assertEqual(done.stdout.splitlines()[0], "refused: plan/UNVERIFIED/ipe-absent")
            # What is wrong with the line is met before.
            done = self.verinit("cmdline", "check", "--cmdline", f"{PINNED} single", *words)
            self.assert_ends(done, FALSE, "cmdline-dangerous")
            # A policy that the line names will do.
            self.assert_ends(self.verinit("cmdline", "check", "--cmdline", f"{PINNED} init.ipe=sha256-{HASH}", *words), YES)

    def test_the_key_is_named(self) -> None:
        done = self.assert_refused("cmdline-dangerous", cmdline=f"{PINNED} rd.systemd.debug_shell")
        self.assertEqual(done.stdout.splitlines()[1],
                         "command line: rd.systemd.debug_shell: it starts a root shell without a password")

    def test_files(self) -> None:
        self.assert_ends(self.check(cmdline=f"@{self.file('line', PINNED + chr(10))}"), YES)
        self.assert_refused("cmdline-malformed", cmdline=f"@{self.file('nul', PINNED.encode() + bytes(1))}")
        self.assert_refused("cmdline-too-long", cmdline=f"@{self.file('long', 'a' * 60000)}")
        self.assert_ends(self.check(cmdline=f"@{self.dir}/absent"), TROUBLE, "cannot open")
        self.assert_ends(self.check("--floor", self.dir / "absent"), TROUBLE, "cannot open")

    def test_bytes_of_others(self) -> None:
        """What a terminal would act on does not reach it."""
        done = self.check(cmdline=f"@{self.file('escape', f'{PINNED} mount.usr='.encode() + bytes([0x9b, 0xc3]) + b'2J')}")
        self.assert_ends(done, FALSE)
        self.assertNotRegex(done.stdout + done.stderr, r'[^\n -~]')

    def test_quiet(self) -> None:
        for cmdline, status in ((PINNED, YES), (f"{PINNED} s", FALSE)):
            done = self.check("--quiet", cmdline=cmdline)
            self.assertEqual((done.stdout, done.returncode), ("", status))

    def test_usage(self) -> None:
        for words in ([], ["check"], ["check", "--cmdline"], ["check", "--cmdline", "a", "--cmdline", "b"],
                      ["check", "--cmdline", "a", "b"], ["check", "--odd"], ["odd"]):
            with self.subTest(words):
                done = self.verinit("cmdline", *words)
                self.assert_ends(done, USAGE)
                self.assertEqual(done.stdout, "")
        self.assert_ends(self.verinit("cmdline", "check", "--help"), YES)


if __name__ == "__main__":
    unittest.main()
