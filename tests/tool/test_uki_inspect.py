#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verinit uki inspect: against ukify, pefile, osslsigncode and systemd-measure; and images in which something is wrong."""

from __future__ import annotations

import base64
import json
import struct
import subprocess
import unittest
from pathlib import Path
from typing import Any

import kernels
import pefile
from case import FALSE, TROUBLE, USAGE, YES
from test_measure_predict import BANKS, CMDLINE, OSREL, PHASES, SECTIONS, authenticode_by_osslsigncode, host
from ukis import SYSTEMD_MEASURE, UkiTest


class Inspect(UkiTest):
    def test_as_others_see_it(self) -> None:
        self.build_uki()
        document = self.inspect(self.out)
        self.assertEqual(document["problems"], [])
        theirs = json.loads(self.tree.run(["ukify", "inspect", host(self.out), "--all", "--json=short"]))
        self.assertEqual({s["name"]: (s["size"], s["sha256"]) for s in document["sections"]},
                         {name: (s["size"], s["sha256"]) for name, s in theirs.items()})
        self.assertEqual([(s["name"], s["offset"], s["file_bytes"], s["memory_bytes"], s["address"]) for s in document["sections"]],
                         [(s.Name.rstrip(b"\0").decode(), s.PointerToRawData, s.SizeOfRawData, s.Misc_VirtualSize, s.VirtualAddress)
                          for s in pefile.PE(str(self.out), fast_load=True).sections])
        for bank in BANKS:
            self.assertEqual(document["authenticode"][bank], authenticode_by_osslsigncode(self.out, bank, self.dir))
        measured = sorted((s["measured"], s["name"]) for s in document["sections"] if s["measured"])
        there = [name for name in SECTIONS if name in theirs]
        self.assertEqual(measured, [(i + 1, name) for i, name in enumerate(there)])
        self.assertRegex(document["stub"], r"^257\.")
        profile = document["profiles"][0]
        self.assertEqual((profile["cmdline"], profile["osrel"]), (CMDLINE, OSREL))
        self.assertEqual(profile["uname"], kernels.find()["cloud"].release)
        self.assertEqual(profile["kernel"], profile["uname"])
        self.assertEqual(document["initrd"]["cmdline"], CMDLINE)
        text = self.verinit("uki", "inspect", self.out).stdout
        for word in (document["sha256"], document["authenticode"]["sha384"], f"command line: {CMDLINE}", "os-release:   ID=test", ".initrd"):
            self.assertIn(word, text)

    def test_signatures(self) -> None:
        self.build_uki()
        key, cert = self.certificate("db")
        _, other = self.certificate("other")
        signed = self.dir / "signed.efi"
        subprocess.run(["sbsign", "--key", key, "--cert", cert, "--output", signed, self.out], check=True, capture_output=True)
        self.assertEqual(self.inspect(self.out)["signatures"], [])
        document = self.inspect(signed)
        self.assertEqual((document["signatures"], document["verified_by"]), (["CN=db,O=tests"], None))
        self.assertEqual(self.inspect(signed, "--cert", cert)["verified_by"], str(cert))
        wrong = self.inspect(signed, "--cert", other, status=FALSE, said="no signature of it holds")
        self.assertIsNone(wrong["verified_by"])
        self.inspect(self.out, "--cert", cert, status=FALSE, said="no signature of it holds")
        self.assert_ends(self.verinit("uki", "inspect", signed, "--cert", self.dir / "none"), TROUBLE, "cannot read")
        self.assertIn("(as it says itself)", self.verinit("uki", "inspect", signed).stdout)
        # The table ends within its second entry; the bytes of the first are no signature.
        table = bytearray(signed.read_bytes())
        at = pefile.PE(str(signed), fast_load=True).OPTIONAL_HEADER.DATA_DIRECTORY[4].VirtualAddress
        table[at:at + 4] = struct.pack("<I", 12)
        self.inspect(self.file("odd.efi", bytes(table)), status=FALSE, said="the table of signatures is malformed")

    def planted(self, name: str, change: Any) -> Path:
        data = bytearray(self.out.read_bytes())
        change(data)
        return self.file(f"{name}.efi", bytes(data))

    def test_layout(self) -> None:
        self.build_uki()

        def field(name: str, at: int, by: int) -> Any:
            def change(data: bytearray) -> None:
                header = data.index(name.encode().ljust(8, b"\0")) + at
                struct.pack_into("<I", data, header, struct.unpack_from("<I", data, header)[0] + by)
            return change

        def certificates(data: bytearray) -> None:
            """A table of them behind the end of the file."""
            directory = struct.unpack_from("<I", data, 0x3c)[0] + 24 + 112 + 4 * 8
            struct.pack_into("<II", data, directory, len(data) + 4096, 512)

        for name, change, said in (("behind", lambda data: data.extend(b"x"), "1 bytes behind section .initrd"),
                                   ("file", field(".uname", 16, -512), "before section .linux belong to no section"),
                                   ("overlap", field(".uname", 20, -512), "section .uname shares 512 bytes of the file"),
                                   ("memory", field(".uname", 8, 8192), "section .linux shares"),
                                   ("hole", field(".osrel", 12, 4096), "of memory before section .osrel belong to no section"),
                                   ("end", field(".initrd", 8, 8192), "section .initrd ends")):
            with self.subTest(name):
                self.inspect(self.planted(name, change), status=FALSE, said=said)
        self.assert_ends(self.verinit("uki", "inspect", self.planted("table", certificates)), FALSE,
                         "not in an order in which firmware and tools would hash the same")
        twice = self.planted("twice", lambda data: data.__setitem__(slice(data.index(b".osrel\0"), data.index(b".osrel\0") + 7), b".uname\0"))
        self.inspect(twice, status=FALSE, said="section .uname is in it twice")

    def test_command_lines(self) -> None:
        for number, (words, said) in enumerate(((" systemd.debug_shell", "cmdline-dangerous"), (" splash", "cmdline-not-signed"))):
            uki = self.ukify(cmdline=f"{CMDLINE}{words}", name=f"{number}.efi")
            document = self.inspect(uki, status=FALSE)
            self.assertIn(said, " ".join(document["problems"]))
        for end in ("\n", "\0", "\n\0"):
            self.assertEqual([p for p in self.inspect(self.ukify(cmdline=f"{CMDLINE}{end}", name="end.efi"), status=FALSE)["problems"]
                              if "cmdline" in p], [])

    def test_no_such_image(self) -> None:
        self.assert_ends(self.verinit("uki", "inspect", self.addon("a", cmdline="x")), FALSE, ".linux")
        self.assert_ends(self.verinit("uki", "inspect", self.file("x", b"MZ")), TROUBLE, "not a sound PE")
        self.assert_ends(self.verinit("uki", "inspect", self.dir / "none"), TROUBLE, "none")
        for words, said in (((), "one FILE"), (("a", "b"), "one FILE"), (("a", "--json=long"), "long"), (("a", "--phase", "a::b"), "a::b")):
            self.assert_ends(self.verinit("uki", "inspect", *words), USAGE, said)


class Policies(UkiTest):
    """.pcrsig and .pcrpkey, by systemd-measure."""

    def setUp(self) -> None:
        super().setUp()
        self.private, self.public = self.key("pcr")

    def with_policies(self, text: str, name: str) -> Path:
        signature = self.file("pcrsig", text)
        return self.ukify("--pcrpkey", host(self.public), "--section", f".pcrsig:@{host(signature)}", name=name)

    def signed_by_systemd(self, uki: Path, *options: str) -> dict[str, list[dict[str, Any]]]:
        measure = self.program(SYSTEMD_MEASURE, libraries=self.tss())
        words: list[object] = [measure, "sign", "--json=short", "--private-key", self.private, "--public-key", self.public, *options]
        for section in pefile.PE(str(uki), fast_load=True).sections:
            name = section.Name.rstrip(b"\0").decode()
            if name in SECTIONS:
                words.append(f"--{name[1:]}={self.file(f'section{name}', section.get_data()[:section.Misc_VirtualSize])}")
        done = subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True)
        return json.loads(done.stdout)  # type: ignore[no-any-return]

    def test_by_systemd_measure(self) -> None:
        bare = self.ukify("--pcrpkey", host(self.public), name="bare.efi")
        signed = self.signed_by_systemd(bare)
        document = self.inspect(self.with_policies(json.dumps(signed), "signed.efi"), status=FALSE, said=".uname")
        # All that is wrong with it is what ukify() of these tests says of the kernel's name.
        self.assertEqual(len(document["problems"]), 1)
        profile = document["profiles"][0]
        self.assertEqual(profile["pcrpkey"], signed["sha256"][0]["pkfp"])
        self.assertEqual({(p["bank"], p["phase"], p["signed_with"], p["pol"]) for p in profile["pcrsig"]},
                         {(bank, phase, bank, entry["pol"]) for bank in BANKS for phase, entry in zip(PHASES, signed[bank], strict=True)})

    def test_wrong_policies(self) -> None:
        bare = self.ukify("--pcrpkey", host(self.public), name="bare.efi")
        good = self.signed_by_systemd(bare, "--bank=sha256", "--phase=enter-initrd", "--phase=enter-initrd:poisoned")

        def changed(number: int, **fields: str) -> str:
            entries = [dict(entry) for entry in good["sha256"]]
            entries[number].update(fields)
            return json.dumps({"sha256": entries})

        flipped = bytearray(base64.b64decode(good["sha256"][0]["sig"]))
        flipped[17] ^= 1
        poisoned = f"policy {good['sha256'][1]['pol']} (sha256) is none of this image"
        for number, (text, said) in enumerate((
                (changed(0, sig=base64.b64encode(flipped).decode()), "is not signed by .pcrpkey"),
                (changed(0, pol="00" * 32), "none of this image"), (changed(0, pkfp="00" * 32), "is for another key than .pcrpkey"),
                (changed(1), poisoned),
                ("{", "no signed PCR policy"), ("[]", "no JSON object"), ('{"md5":[]}', "a bank"), ('{"sha256":{}}', "a bank"),
                ('{"sha256":[{"pcrs":[],"pol":"00"}]}', '"pcrs"'), ('{"sha256":[{"pcrs":[24],"pol":"00"}]}', '"pcrs"'),
                ('{"sha256":[{"pcrs":[11],"pol":"00"}]}', '"pol"'), (changed(0, sig="A"), '"sig"'), (changed(0, pkfp="zz"), '"pkfp"'))):
            with self.subTest(said):
                document = self.inspect(self.with_policies(text, f"{number}.efi"), status=FALSE)
                self.assertIn(said, "\n".join(document["problems"]))
        named = self.inspect(self.with_policies(json.dumps(good), "named.efi"), "--phase", "enter-initrd", "--phase", "enter-initrd:poisoned",
                             status=FALSE, said=".uname")
        self.assertEqual(len(named["problems"]), 1)


if __name__ == "__main__":
    unittest.main()
