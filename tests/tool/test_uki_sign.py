#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verinit uki sign: sbsign, osslsigncode and a signer of one's own; and signers that do something else."""

from __future__ import annotations

import subprocess
import unittest
from pathlib import Path

from case import FALSE, TROUBLE, USAGE, YES, Result
from imagelib.store import EPOCH
from test_measure_predict import authenticode_by_osslsigncode, sections
from ukis import UkiTest


class Sign(UkiTest):
    def setUp(self) -> None:
        super().setUp()
        self.uki = self.ukify()
        self.key_file, self.cert = self.certificate("db")

    def sign(self, *options: object, status: int = YES, said: str = "", output: Path | None = None, **more: object) -> Result:
        done = self.verinit("uki", "sign", self.uki, "--key", self.key_file, "--cert", self.cert, "--output", output or self.out,
                            *options, **more)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(said, done.stderr)
        self.assertEqual(done.stdout, "")
        if status != YES:
            self.assert_nothing_written()
        return done

    def assert_signed(self, path: Path) -> None:
        subprocess.run(["sbverify", "--cert", self.cert, path], check=True, capture_output=True)
        self.assertEqual(sections(path.read_bytes()), sections(self.uki.read_bytes()))
        self.assertEqual(authenticode_by_osslsigncode(path, "sha256", self.dir), authenticode_by_osslsigncode(self.uki, "sha256", self.dir))

    def test_sbsign(self) -> None:
        before = self.uki.read_bytes()
        self.sign()
        self.assert_signed(self.out)
        self.assertEqual(self.uki.read_bytes(), before)

    def test_osslsigncode_is_reproducible(self) -> None:
        again = self.dir / "again.efi"
        environment = {"SOURCE_DATE_EPOCH": str(EPOCH)}
        self.sign("--signer", "osslsigncode", environment=environment)
        self.sign("--signer", "osslsigncode", environment=environment, output=again)
        self.assert_signed(self.out)
        self.assertEqual(self.out.read_bytes(), again.read_bytes())

    def test_a_signer_of_ones_own(self) -> None:
        signer = self.script("signer", f'printf "%s\\n" "$@" >"{self.dir}/words"\n[ "$1" = --slot ] && shift 2\nexec sbsign "$@"')
        self.sign("--signer", signer, "--signer-argument", "--slot", "--signer-argument", "a b;$HOME")
        self.assert_signed(self.out)
        words = (self.dir / "words").read_text().splitlines()
        self.assertEqual(words[:6], ["--slot", "a b;$HOME", "--key", str(self.key_file), "--cert", str(self.cert)])
        self.assertEqual(words[6], "--output")

    def test_signed_twice(self) -> None:
        self.sign()
        other_key, other_cert = self.certificate("other")
        twice = self.dir / "twice.efi"
        done = self.verinit("uki", "sign", self.out, "--key", other_key, "--cert", other_cert, "--output", twice)
        self.assertEqual(done.returncode, YES, done.stderr)
        for cert in (self.cert, other_cert):
            subprocess.run(["sbverify", "--cert", cert, twice], check=True, capture_output=True)
        done = self.verinit("uki", "inspect", twice)
        self.assertIn("CN=db,O=tests", done.stdout)
        self.assertIn("CN=other,O=tests", done.stdout)

    def test_signer_lies(self) -> None:
        other_key, other_cert = self.certificate("other")
        out = '$(while [ "$1" != --output ]; do shift; done; echo "$2")'
        sbsign = f'sbsign --key "{self.key_file}" --cert "{self.cert}" --output'
        last = 'for last; do :; done\n'
        lies = (
            ("other", f'{last}exec sbsign --key "{other_key}" --cert "{other_cert}" --output "{out}" "$last"', "no signature of it holds"),
            ("nothing", f'{last}exec cp "$last" "{out}"', "no signature of it holds"),
            # What is signed is not what was given: by a byte of a section, of a header, behind the sections; by a section.
            ("byte", f'{last}printf x | dd of="$last" bs=1 seek=$(($(stat -c %s "$last") - 600)) conv=notrunc\n{sbsign} "{out}" "$last"',
             "is not what it was before"),
            ("header", f'{last}printf x | dd of="$last" bs=1 seek=100 conv=notrunc\n{sbsign} "{out}" "$last"',
             "its Authenticode digest (sha1) is another"),
            ("behind", f'{last}printf "12345678" >>"$last"\n{sbsign} "{out}" "$last"', "its Authenticode digest (sha1) is another"),
            ("empty", f': >"{out}"', "not a sound PE"),
        )
        for name, text, said in lies:
            with self.subTest(name):
                self.sign("--signer", self.script(name, f"exec 2>&1\n{text}"), status=TROUBLE if name == "empty" else FALSE, said=said)

    def test_signer_fails(self) -> None:
        self.sign("--signer", self.script("failing", "exit 5"), status=TROUBLE, said="failed with exit status 5")
        self.sign("--signer", self.dir / "none", status=TROUBLE, said="cannot start")
        self.sign("--signer", self.script("idle", "exit 0"), status=TROUBLE, said="signed.efi")
        self.key_file = self.dir / "none.key"
        self.sign(status=TROUBLE, said="sbsign failed")

    def test_old_file_and_usage(self) -> None:
        self.out.write_bytes(b"old")
        done = self.verinit("uki", "sign", self.uki, "--key", self.key_file, "--cert", self.cert, "--output", self.out, "--signer", "false")
        self.assert_ends(done, TROUBLE, "false failed")
        self.assertEqual(self.out.read_bytes(), b"old")
        for words, said in (((), "one FILE"), (("a", "b"), "one FILE"), (("a", "--cert", "c", "--output", "o"), "--key"),
                            (("a", "--key", "k", "--output", "o"), "--cert"), (("a", "--key", "k", "--cert", "c"), "--output"),
                            (("a", "--key", "k", "--key", "l"), "twice"), (("a", "--nothing"), "--nothing")):
            with self.subTest(words):
                self.assert_ends(self.verinit("uki", "sign", *words), USAGE, said)


if __name__ == "__main__":
    unittest.main()
