#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verinit uki build: what ukify makes of real inputs, and a ukify that makes something else."""

from __future__ import annotations

import json
import lzma
import os
import tempfile
import unittest
from pathlib import Path

import kernels
import newc
from case import FALSE, MEETABLE, TROUBLE, USAGE, YES
from test_measure_predict import ADDON_STUB, CMDLINE, OSREL, STUB, UNDECIDED, host, of_profile, sections
from ukis import UkiTest


class Build(UkiTest):
    def test_sections_are_the_inputs(self) -> None:
        self.build_uki("--sbat", "sbat,1,SBAT Version,sbat,1,x\nnode,1,node,node,1,x\n",
                       "--splash", self.file("splash", b"BM no picture"), "--microcode", self.file("ucode", b"odd number of bytes"))
        there = of_profile(sections(self.out.read_bytes()), 0)
        self.assertEqual(there[".linux"], self.vmlinuz.read_bytes())
        self.assertEqual(there[".initrd"], self.output.read_bytes())
        self.assertEqual((there[".cmdline"], there[".osrel"]), (CMDLINE.encode(), OSREL.encode()))
        self.assertEqual((there[".splash"], there[".ucode"]), (b"BM no picture", b"odd number of bytes"))
        self.assertEqual(there[".uname"].decode(), kernels.find()["cloud"].release)
        self.assertIn(b"node,1,node", there[".sbat"])
        self.assertEqual(self.inspect(self.out)["problems"], [])

    def test_as_ukify_alone(self) -> None:
        """Nothing of ours is in it, nor of the scratch directory; whoever builds, whenever and wherever."""
        self.build_uki()
        release = kernels.find()["cloud"].release
        alone = self.dir / "alone.efi"
        self.tree.run(["ukify", "build", "--stub", STUB, "--linux", host(self.vmlinuz), "--initrd", host(self.output), "--cmdline",
                       f"@{host(self.cmdline)}", "--uname", release, "--os-release", f"@{host(self.osrel)}", "--output", host(alone)])
        self.assertEqual(self.out.read_bytes(), alone.read_bytes())
        again = self.dir / "again.efi"
        with tempfile.TemporaryDirectory(dir=self.dir) as other:
            before = os.umask(0o077)
            self.addCleanup(os.umask, before)
            self.build_uki(output=again, cwd=other)
        self.assertEqual(self.out.read_bytes(), again.read_bytes())
        self.assertEqual([p.name for p in Path(tempfile.gettempdir()).glob("verinit.??????")], [])

    def test_forms_of_the_command_line(self) -> None:
        for text in (CMDLINE, f"@{self.file('newline', CMDLINE + chr(10))}", f"@{self.file('mkosi', CMDLINE + chr(10) + chr(0))}"):
            with self.subTest(text):
                self.build_uki(cmdline=text)
                self.out.unlink()

    def test_two_profiles(self) -> None:
        part = self.dir / "part.efi"
        self.tree.run(["ukify", "build", "--stub", ADDON_STUB, "--profile", "ID=other", "--output", host(part)])
        # ukify 257 wants .profile to be the first section of its own, and Debian's stub of add-ons has .sbat before it.
        part.write_bytes(part.read_bytes().replace(b".sbat\0\0\0", b".other\0\0"))
        self.build_uki("--profile", "ID=main", "--join-profile", part)
        self.assertEqual([p["profile"] for p in self.inspect(self.out)["profiles"]], ["ID=main", "ID=other"])
        self.out.unlink()
        # Of a profile that is left out.
        deaf = self.script("deaf", f'for w; do shift; [ "$w" = --join-profile ] && continue; [ "$w" = "{part}" ] || set -- "$@" "$w"; done\n'
                                   f'exec "{self.ukify_program}" "$@" --join-profile "{self.file("x", part.read_bytes())}" '
                                   f'--join-profile "{part}"')
        self.build_uki("--profile", "ID=main", "--join-profile", part, ukify=deaf, status=FALSE, said="has 3 profiles, not 2")
        self.assert_nothing_written()

    def test_policies_signed_within_ukify(self) -> None:
        private, public = self.key("pcr")
        self.build_uki("--pcr-private-key", private, "--pcr-public-key", public, "--pcr-banks", "sha256", "--phases",
                       "enter-initrd enter-initrd:leave-initrd", ukify=self.program("ukify", libraries=self.tss()))
        profile = self.inspect(self.out)["profiles"][0]
        self.assertEqual([(p["bank"], p["phase"], p["signed_with"]) for p in profile["pcrsig"]],
                         [("sha256", "enter-initrd", "sha256"), ("sha256", "enter-initrd:leave-initrd", "sha256")])


class Refused(UkiTest):
    """Nothing is written, and an old file stays."""

    def refused(self, *options: object, said: str, status: int = FALSE, **more: object) -> None:
        self.build_uki(*options, status=status, said=said, **more)  # type: ignore[arg-type]
        self.assert_nothing_written()

    def test_another_command_line(self) -> None:
        self.refused(cmdline=f"{CMDLINE} splash", said="cmdline-not-signed")
        self.refused(cmdline=f"{CMDLINE} ", said="cmdline-not-signed")

    def test_another_kernel(self) -> None:
        release = kernels.find()["generic"].release
        self.refused(linux=kernels.find()["generic"].root / "vmlinuz", said=f"and the kernel is {release}")
        self.refused("--uname", "6.0.0-other", said=".uname says '6.0.0-other'")
        self.refused(linux=self.file("kernel", b"MZ" + bytes(1024)), status=UNDECIDED, said="--uname is wanted")

    def test_a_module_of_another_kernel(self) -> None:
        self.assertEqual(self.build("--floor", self.file("floor", f"etc=tmpfs\n{MEETABLE}"), cmdline=CMDLINE).returncode, YES)
        entries, _ = newc.read(self.output.read_bytes())
        victim = next(e.path for e in entries if e.path.startswith("lib/modules/") and ".ko" in e.path)

        def changed(entry: newc.Entry) -> bytes:
            if entry.path != victim:
                return entry.content
            bare = lzma.decompress(entry.content) if entry.path.endswith(".xz") else entry.content
            self.assertIn(b"\0vermagic=6.", bare)
            return bare.replace(b"\0vermagic=6.", b"\0vermagic=5.")

        self.output.write_bytes(newc.write([(e.path, e.fields["mode"], changed(e)) for e in entries]))
        self.refused(said=f"/{victim} is a module of kernel '5.")

    def test_a_floor_that_asks_for_more(self) -> None:
        """The packed floor is judged as PID 1 judges it: here its note is of another."""
        entries, _ = newc.read(self.output.read_bytes())
        self.output.write_bytes(newc.write([(e.path, e.fields["mode"], b"root=tmpfs\n" if e.path == "etc/verinit/floor.conf" else e.content)
                                            for e in entries]))
        self.refused(said=".initrd: floor-")

    def test_ukify_lies(self) -> None:
        at = "at = data.index(b'usrhash=')\n"
        changes = (
            (f"{at}data[at + 10] ^= 1", "another .cmdline"),
            ("at = data.rindex(b'TRAILER!!!')\ndata[at] ^= 1", "another .initrd"),
            ("at = data.index(b'070701')\ndata[at] ^= 1", "(.rodata) is not that of"),
            ("at = data.index(b'systemd-stub')\ndata[at] ^= 1", "(.sbat) is not that of"),
            ("data += b'more'", "4 bytes behind section"),
            ("at = data.index(b'.osrel\\0')\ndata[at:at + 6] = b'.other'", "has no section .osrel"),
            ("at = data.index(b'.osrel\\0')\ndata[at + 8] += 1", "another .osrel"),
            ("at = data.index(b'.uname\\0')\ndata[at + 13] -= 16", "share"),
            ("data[:2] = b'ZM'", "not a sound PE"),
        )
        self.build_uki()
        good = self.out.rename(self.dir / "good.efi")
        for number, (change, said) in enumerate(changes):
            with self.subTest(said):
                liar = self.liar(f"liar{number}", self.copier(good), change)
                self.out.unlink(missing_ok=True)
                self.refused(ukify=liar, said=said, status=TROUBLE if "sound" in said else FALSE)

    def test_ukify_fails(self) -> None:
        self.refused(ukify=self.dir / "none", status=TROUBLE, said="cannot start")
        self.refused(ukify=self.script("failing", "echo it cannot >&2; exit 3"), status=TROUBLE, said="failed with exit status 3")
        done = self.build_uki(ukify=self.script("talking", "echo on stdout; echo on stderr >&2; exit 3"), status=TROUBLE)
        self.assertTrue(done.stderr.startswith("on stdout\non stderr\nverinit: "), done.stderr)
        self.refused(ukify=self.script("dying", "kill -9 $$"), status=TROUBLE, said="was killed by signal 9")
        self.refused(ukify=self.script("idle", "exit 0"), status=TROUBLE, said="new.efi")

    def test_a_policy_of_another_image(self) -> None:
        signature = self.file("pcrsig", json.dumps({"sha256": [{"pcrs": [11], "pol": "00" * 32, "sig": "AA=="}]}))
        self.refused("--pcrsig", signature, said="none of this image")
        self.refused("--pcrsig", self.file("pcrsig", "[]"), said="no signed PCR policy")

    def test_an_old_file_stays(self) -> None:
        self.out.write_bytes(b"old")
        self.build_uki(cmdline="other", status=FALSE, said="cmdline")
        self.assertEqual(self.out.read_bytes(), b"old")
        self.out.unlink()
        self.out.symlink_to(self.osrel)
        self.build_uki(status=TROUBLE, said="symbolic link")

    def test_usage(self) -> None:
        needed = ["--linux", "a", "--initrd", "b", "--cmdline", "c", "--os-release", "d", "--output", "e"]
        for words, said in (((), "--linux"), (needed[:8], "--output"), ((*needed, "x"), "'x'"), ((*needed, "--linux", "y"), "twice"),
                            ((*needed, "--stub", "y", "--stub", "y"), "--stub"),
                            ((*needed, "--pcrsig", "y", "--pcr-private-key", "z"), "two ways"),
                            ((*needed, "--join-profile", "y"), "--profile"), ((*needed, "--phases", "a::b"), "a::b")):
            with self.subTest(words):
                self.assert_ends(self.verinit("uki", "build", *words), USAGE, said)


if __name__ == "__main__":
    unittest.main()
