#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verinit measure policy and attach: against systemd-measure and a software TPM that seals; and signatures that are not right."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import unittest
from pathlib import Path
from typing import Any

from case import FALSE, TROUBLE, USAGE, YES
from swtpm import Swtpm
from test_measure_predict import ADDON_STUB, BANKS, CMDLINE, PHASES, SECTIONS, UNDECIDED, host, of_profile, sections
from ukis import SYSTEMD_MEASURE, UkiTest

SELECTION = {"sha1": "0004", "sha256": "000b", "sha384": "000c", "sha512": "000d"}
Document = dict[str, list[dict[str, Any]]]


def policy_pcr(bank: str, numbers: list[int], *values: str) -> str:
    """TPM2_PolicyPCR in a session of SHA-256, in Python."""
    mask = sum(1 << number for number in numbers).to_bytes(3, "little")
    words = bytes(32) + bytes.fromhex(f"0000017f00000001{SELECTION[bank]}03") + mask
    return hashlib.sha256(words + hashlib.sha256(b"".join(map(bytes.fromhex, values))).digest()).hexdigest()


class PolicyTest(UkiTest):
    def setUp(self) -> None:
        super().setUp()
        self.private, self.public = self.key("pcr")
        self.uki = self.ukify("--pcrpkey", host(self.public), name="node.efi")
        self.tosign, self.policy_file = self.dir / "tosign", self.dir / "policy.json"

    def policies(self, *options: object, of: Path | None = None) -> Document:
        words = options if "--measurements" in options else ("--uki", of or self.uki, *options)
        done = self.verinit("measure", "policy", *words)
        self.assert_ends(done, YES)
        return json.loads(done.stdout)  # type: ignore[no-any-return]

    def signed(self, document: Document, key: Path | None = None, digest: str = "sha256") -> Document:
        """By OpenSSL, on what may be another machine."""
        for entries in document.values():
            for entry in entries:
                data = self.file("digest", bytes.fromhex(entry["pol"]))
                done = subprocess.run(["openssl", "dgst", f"-{digest}", "-sign", key or self.private, "-binary", data], check=True,
                                      capture_output=True)
                entry["sig"] = subprocess.run(["openssl", "base64", "-A"], input=done.stdout, check=True, capture_output=True).stdout.decode()
        return document

    def attach(self, document: Document | str, *options: object, status: int = YES, said: str = "", uki: Path | None = None,
               ukify: Path | None = None) -> None:
        text = document if isinstance(document, str) else json.dumps(document)
        done = self.verinit("measure", "attach", "--uki", uki or self.uki, "--policy", self.file("policy", text), "--ukify",
                            ukify or self.ukify_program, "--output", self.out, *options)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(said, done.stderr)
        self.assertEqual(done.stdout, "")
        if status != YES:
            self.assert_nothing_written()

    def by_systemd(self) -> Document:
        measure = self.program(SYSTEMD_MEASURE, libraries=self.tss())
        there = of_profile(sections(self.uki.read_bytes()), 0)
        files = [f"--{name[1:]}={self.file(f'section{name}', there[name])}" for name in SECTIONS if name in there]
        done = subprocess.run([measure, "sign", "--json=short", "--private-key", self.private, "--public-key", self.public, *files],
                              check=True, capture_output=True, text=True)
        return json.loads(done.stdout)  # type: ignore[no-any-return]


class Policy(PolicyTest):
    def test_as_systemd_measure(self) -> None:
        """In all banks and phases; and what OpenSSL signs is what systemd-measure signs, byte for byte."""
        theirs = self.by_systemd()
        ours = self.policies("--public-key", self.public, "--bank", ",".join(BANKS))
        self.assertEqual({bank: [{k: v for k, v in entry.items() if k != "sig"} for entry in theirs[bank]] for bank in theirs}, ours)
        self.assertEqual(self.signed(self.policies("--public-key", self.public)), {"sha256": theirs["sha256"]})
        # That file, as it is, may be attached too.
        self.attach(theirs, said="as systemd-measure does for this bank")
        self.assertEqual(json.loads(of_profile(sections(self.out.read_bytes()), 0)[".pcrsig"]), theirs)

    def test_of_measurements(self) -> None:
        measurements = self.dir / "measurements.json"
        done = self.verinit("measure", "predict", "--uki", self.uki, "--policy", self.policy, "--output", measurements, "--quiet")
        self.assert_ends(done, YES)
        values = json.loads(measurements.read_text())["pcrs"]
        self.assertEqual(self.policies("--measurements", measurements), self.policies())
        for bank in BANKS:
            both = self.policies("--measurements", measurements, "--pcr", "11,13", "--bank", bank)
            self.assertEqual([(e["pcrs"], e["pol"]) for e in both[bank]],
                             [([11, 13], policy_pcr(bank, [11, 13], v["value"], values[bank]["13"])) for v in values[bank]["11"]])
            alone = self.policies("--measurements", measurements, "--pcr", "13", "--bank", bank)
            self.assertEqual([(e["pcrs"], e["pol"]) for e in alone[bank]], [([13], policy_pcr(bank, [13], values[bank]["13"]))])
        both = self.signed(self.policies("--measurements", measurements, "--pcr", "11,13"))
        self.attach(both, status=UNDECIDED, said="give --measurements")
        self.attach(both, "--measurements", measurements)
        self.out.unlink()
        self.attach(both, "--measurements", measurements, uki=self.ukify("--pcrpkey", host(self.public), "--splash",
                    host(self.file("splash", b"BM")), name="other.efi"), status=FALSE, said="is of another image: PCR 11 differs")
        done = self.verinit("measure", "predict", "--uki", self.uki, "--pcr", "4,11", "--bank", "sha256", "--output", measurements, "--quiet")
        self.assert_ends(self.verinit("measure", "policy", "--measurements", measurements, "--pcr", "13"), UNDECIDED, "no value of PCR 13")
        self.assert_ends(self.verinit("measure", "policy", "--measurements", measurements, "--bank", "sha1"), UNDECIDED, "no bank sha1")

    def test_table_and_choice(self) -> None:
        phase = "enter-initrd:leave-initrd:other"
        chosen = self.policies("--phase", phase, "--bank", "sha384")
        self.assertEqual([list(chosen), len(chosen["sha384"])], [["sha384"], 1])
        done = self.verinit("measure", "policy", "--uki", self.uki, "--phase", phase, "--bank", "sha384", "--json=off")
        self.assertEqual(done.stdout, f"sha384 {chosen['sha384'][0]['pol']}  {phase}\n")
        self.assertNotIn("pkfp", chosen["sha384"][0])

    def test_usage(self) -> None:
        for words, said in (((), "--uki"), (("--uki", "a", "--measurements", "b"), "--uki"), (("--uki", "a", "--pcr", "9"), "4 and 9"),
                            (("--uki", "a", "--pcr", "11,13"), "--measurements"), (("--uki", "a", "--pcr", "7"), "PCR 7"),
                            (("--uki", "a", "--bank", "md5"), "md5"), (("--uki", "a", "b"), "'b'"), (("--uki", "a", "--phase", ""), "--phase")):
            with self.subTest(words):
                self.assert_ends(self.verinit("measure", "policy", *words), USAGE, said if said != "--phase" else "words with")
        for words, said in (((), "--uki"), (("--uki", "a"), "--policy"), (("--uki", "a", "--policy", "b"), "--output")):
            self.assert_ends(self.verinit("measure", "attach", *words), USAGE, said)
        self.assert_ends(self.verinit("measure", "policy", "--uki", self.uki, "--public-key", self.private), TROUBLE, "no public key")

    def test_a_refused_output(self) -> None:
        """It is refused before the digests are written, which somebody would sign."""
        done = self.verinit("measure", "policy", "--uki", self.uki, "--digests", self.tosign, "--output", self.dir)
        self.assert_ends(done, TROUBLE, "is a directory and is not overwritten")
        self.assertFalse(self.tosign.exists())


class Attach(PolicyTest):
    def test_offline(self) -> None:
        """As the man page has it: digests out, signatures in; nothing of ours sees a key."""
        done = self.verinit("measure", "policy", "--uki", self.uki, "--output", self.policy_file, "--digests", self.tosign)
        self.assertEqual((done.returncode, done.stdout), (YES, ""), done.stderr)
        self.assertEqual(len(list(self.tosign.iterdir())), len(PHASES))
        for digest in list(self.tosign.iterdir()):
            self.assertEqual(digest.read_bytes().hex(), digest.name)
            subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.private, "-out", f"{digest}.sig", digest], check=True)
        before = self.uki.read_bytes()
        self.attach(self.policy_file.read_text(), "--digests", self.tosign, said="PCR 11 is what it was")
        self.assertEqual(self.uki.read_bytes(), before)
        there = sections(self.out.read_bytes())
        self.assertEqual(there[:-1], sections(before))
        self.assertEqual((there[-1].name, json.loads(there[-1].memory)), (".pcrsig", self.signed(self.policies("--public-key", self.public))))
        self.assertEqual([p["phase"] for p in self.inspect(self.out, status=FALSE, said=".uname")["profiles"][0]["pcrsig"]], list(PHASES))
        old, new = (self.predict(path, "--policy", self.policy)["pcrs"]["sha256"] for path in (self.uki, self.out))
        self.assertEqual([n for n in old if old[n] != new[n]], ["4", "9"])
        (self.tosign / next(self.tosign.glob("*.sig")).name).unlink()
        self.out.unlink()
        self.attach(self.policy_file.read_text(), "--digests", self.tosign, status=TROUBLE, said=".sig")

    def test_not_what_was_signed(self) -> None:
        good = self.policies("--phase", "enter-initrd")
        other_private, other_public = self.key("other")
        self.attach(good, status=FALSE, said="has no signature")
        self.attach({}, status=FALSE, said="no policy to attach")
        self.attach(self.signed(self.policies("--phase", "enter-initrd"), other_private), status=FALSE, said="is not by this key, or not of this")
        # By the right key, of the digest of another phase.
        two = self.signed(self.policies("--phase", "enter-initrd", "--phase", "enter-initrd:leave-initrd"))["sha256"]
        self.attach({"sha256": [{**two[0], "sig": two[1]["sig"]}]}, status=FALSE, said="is not by this key, or not of this")
        self.attach(self.signed(self.policies("--phase", "enter-initrd"), digest="sha512"), status=FALSE, said="is not by this key, or not of this")
        self.attach({"sha256": [{**two[0], "pkfp": "00" * 32}]}, status=FALSE, said="is for another key (pkfp)")
        self.attach({"sha384": [two[0]]}, status=FALSE, said="none of this image")
        self.attach({"sha256": two}, "--public-key", other_public, status=FALSE, said="is another key than the image's .pcrpkey")
        self.attach(self.signed(self.policies("--phase", "enter-initrd:other")), status=FALSE, said="none of this image")
        self.attach("{", status=TROUBLE, said="no signed PCR policy")
        other = self.ukify("--pcrpkey", host(self.public), cmdline=f"{CMDLINE} splash", name="other.efi")
        self.attach(self.signed(self.policies(of=other)), status=FALSE, said="none of this image")
        self.attach(self.signed(self.policies("--phase", "enter-initrd:other")), "--phase", "enter-initrd:other")

    def test_images_that_are_not_taken(self) -> None:
        document = self.signed(self.policies())
        key, cert = self.certificate("db")
        signed = self.dir / "signed.efi"
        subprocess.run(["sbsign", "--key", key, "--cert", cert, "--output", signed, self.uki], check=True, capture_output=True)
        self.attach(document, uki=signed, status=FALSE, said="attach the policies before that")
        self.attach(document)
        again = self.out.rename(self.dir / "again.efi")
        self.attach(document, uki=again, status=FALSE, said="has a section .pcrsig already")
        part = self.dir / "part.efi"
        self.tree.run(["ukify", "build", "--stub", ADDON_STUB, "--profile", "ID=other", "--output", host(part)])
        part.write_bytes(part.read_bytes().replace(b".sbat\0\0\0", b".other\0\0"))
        self.attach(document, uki=self.ukify("--profile", "ID=main", "--join-profile", host(part), name="profiles.efi"), status=FALSE,
                    said="has 2 profiles")
        plain = self.ukify(name="plain.efi")
        self.attach(document, uki=plain, status=USAGE, said="--public-key is wanted")
        self.attach(self.signed(self.policies(of=plain)), "--public-key", self.public, uki=plain, said="has no .pcrpkey")
        self.out.unlink()
        _, curve = self.key("curve", "EC -pkeyopt ec_paramgen_curve:P-256")
        self.attach(document, "--public-key", curve, status=FALSE, said="no RSA key")

    def test_ukify_lies(self) -> None:
        document = self.signed(self.policies())
        self.attach(document)
        good = self.out.rename(self.dir / "good.efi")
        for number, (change, said) in enumerate((
                ("at = data.index(b'usrhash=4f')\ndata[at + 9] ^= 1", "(.cmdline) is not what it was before"),
                ("at = data.rindex(b'\"pol\"')\ndata[at + 9] ^= 1", "more in it than before than one section .pcrsig"),
                ("at = data.index(b'.pcrsig\\0')\ndata[at + 1] ^= 1", "more in it than before than one section .pcrsig"))):
            with self.subTest(said):
                self.attach(document, ukify=self.liar(f"liar{number}", self.copier(good), change), status=FALSE, said=said)
        self.attach(document, ukify=self.copier(self.uki), status=FALSE, said="more in it than before")
        self.attach(document, ukify=self.dir / "none", status=TROUBLE, said="cannot start")


class Sealed(PolicyTest):
    """A secret under PolicyAuthorize, as systemd-cryptenroll makes it with --tpm2-public-key=, in a software TPM."""

    tpm: Swtpm

    def tpm2(self, *words: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = self.tpm.ask(f"tpm2_{words[0]}", *words[1:])
        self.assertTrue(done.returncode == 0 or not check, f"{words}: {done.stderr}")
        # There is no resource manager, and little room.
        if words[0] in ("loadexternal", "createprimary", "create", "load", "verifysignature", "unseal"):
            self.tpm.run("tpm2_flushcontext", "-t")
        return done

    def seal(self) -> None:
        self.tpm2("loadexternal", "-C", "o", "-G", "rsa", "-u", self.public, "-c", "key.ctx", "-n", "key.name")
        self.tpm2("startauthsession", "-S", "trial")
        self.tpm2("policyauthorize", "-S", "trial", "-L", "authorized", "-n", "key.name", "-i", self.file("none", bytes(32)))
        self.tpm2("flushcontext", "trial")
        self.tpm2("createprimary", "-C", "o", "-G", "ecc", "-c", "primary.ctx")
        self.tpm2("create", "-C", "primary.ctx", "-L", "authorized", "-i", self.file("secret", b"a secret"), "-u", "s.pub", "-r", "s.priv")
        self.tpm2("load", "-C", "primary.ctx", "-u", "s.pub", "-r", "s.priv", "-c", "s.ctx")

    def unseal(self, entry: dict[str, Any]) -> str:
        """With that signature, if PCR 11 is as it says: else the answer of the TPM."""
        self.file("pol", bytes.fromhex(entry["pol"]))
        self.file("sig", base64.b64decode(entry["sig"]))
        self.tpm2("verifysignature", "-c", "key.ctx", "-g", "sha256", "-m", "pol", "-s", "sig", "-f", "rsassa", "-t", "ticket")
        self.tpm2("startauthsession", "-S", "session", "--policy-session")
        self.tpm2("policypcr", "-S", "session", "-l", "sha256:11")
        done = self.tpm2("policyauthorize", "-S", "session", "-i", "pol", "-n", "key.name", "-t", "ticket", check=False)
        if done.returncode == 0:
            done = self.tpm2("unseal", "-p", "session:session", "-c", "s.ctx", check=False)
        self.tpm2("flushcontext", "session")
        return done.stdout if done.returncode == 0 else done.stderr

    def extend(self, content: bytes) -> None:
        self.tpm2("pcrextend", f"11:sha256={hashlib.sha256(content).hexdigest()}")

    def test_opens(self) -> None:
        self.attach(self.signed(self.policies()))
        entries = json.loads(of_profile(sections(self.out.read_bytes()), 0)[".pcrsig"])["sha256"]
        self.tpm = Swtpm(self.dir)
        self.addCleanup(self.tpm.stop)
        self.seal()
        there = of_profile(sections(self.out.read_bytes()), 0)
        for name in SECTIONS:
            if name in there:
                self.extend(name.encode() + b"\0")
                self.extend(there[name])
        self.assertIn("0x1C4", self.unseal(entries[0]))
        for number, word in enumerate(("enter-initrd", "leave-initrd", "sysinit", "ready")):
            self.extend(word.encode())
            self.assertEqual(self.unseal(entries[number]), "a secret", word)
            self.assertIn("0x1C4", self.unseal(entries[number - 1]), word)
        self.extend(b"verinit.poison=root-hash-mismatch")
        self.assertIn("0x1C4", self.unseal(entries[3]))


if __name__ == "__main__":
    unittest.main()
