#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verinit attest check: quotes of a swtpm that has been through a boot, made by tpm2_quote, and each thing that can be wrong with one.

The firmware's log is one of OVMF and systemd-stub; the words of the host are written here, and what is predicted is put together from
both. tpm2_checkquote says what it thinks of the same quote.
"""

import json
import shutil
import subprocess
import unittest
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from case import FALSE, TROUBLE, USAGE, YES, Result, ToolTest
from kernels import TOP
from machine import pcr
from swtpm import Swtpm
from test_log import FIRMWARE, UNDECIDED, firmware, record, sequence

WORDS = [(11, "enter-initrd"), (13, "verinit.usr-verity=sha256-" + "4f" * 32), (13, "verinit.selinux=sha256-" + "a0" * 32),
         (13, "verinit.root=tmpfs"), (11, "leave-initrd"), (11, "sysinit"), (11, "ready")]
PHASES = ["enter-initrd", "enter-initrd:leave-initrd", "enter-initrd:leave-initrd:sysinit:ready"]
PREDICTED = (4, 9, 11, 12, 13)
NONCE = "6b3c0f5d2a"
SEAL = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign"
Measured = list[tuple[int, dict[str, bytes]]]


def words() -> Measured:
    return [(index, {bank: pcr.digest(bank, word.encode()) for bank in pcr.BANKS}) for index, word in WORDS]


def events() -> Measured:
    return [(e.pcr, e.digests) for e in pcr.parse_event_log(FIRMWARE.read_bytes()).events if e.type != pcr.EV_NO_ACTION]


def values(measured: Measured, bank: str) -> dict[int, str]:
    found = {index: pcr.zero(bank) for index in PREDICTED}
    for index, digests in measured:
        if index in found:
            found[index] = pcr.extend(bank, found[index], digests[bank])
    return {index: value.hex() for index, value in found.items()}


def predicted(banks: Sequence[str] = ("sha256",)) -> dict[str, Any]:
    """As the schema has it. With Secure Boot off the firmware starts one more program."""
    def event(index: int, digests: dict[str, bytes], state: bool | None = None) -> dict[str, Any]:
        return {"pcr": index, "secure_boot": state, "what": "-", "digests": {bank: d.hex() for bank, d in digests.items() if bank in banks}}
    kernel = {bank: pcr.digest(bank, b"kernel") for bank in pcr.BANKS}
    before = [(i, d) for i, d in events() if i in PREDICTED]
    ours = [(i, d) for i, d in words() if i == 13]
    document = {"schema": 1, "uki": {"file": "node.efi", "sha256": "0" * 64}, "loaders": [], "addons": [], "events": [
        *(event(i, d) for i, d in before), event(4, kernel, False), *(event(i, d) for i, d in ours)], "pcrs": {}}
    for bank in banks:
        seen, off = values([*before, *ours], bank), values([*before, (4, kernel)], bank)
        start = bytes.fromhex(seen[11])
        document["pcrs"][bank] = {
            **{str(i): seen[i] for i in (9, 12, 13)}, "4": {"secure_boot_off": off[4], "secure_boot_on": seen[4]},
            "11": [{"phase": p, "value": pcr.extend_words(bank, start, p.split(":")).hex()} for p in PHASES]}
    return document


class Tpm(Swtpm):
    """With a boot behind it, and what tpm2-tools make of it."""

    def extend(self, measured: Measured) -> None:
        specs = [f"{index}:" + ",".join(f"{bank}={d.hex()}" for bank, d in digests.items()) for index, digests in measured]
        for at in range(0, len(specs), 8):
            self.run("tpm2_pcrextend", *specs[at:at + 8])

    def make_key(self, name: str, kind: str) -> None:
        self.run("tpm2_createprimary", "-C", "e", "-G", kind, "-a", SEAL, "-c", f"{name}.ctx")
        self.run("tpm2_readpublic", "-c", f"{name}.ctx", "-f", "pem", "-o", f"{name}.pem")
        self.run("tpm2_flushcontext", "-t")

    def quote(self, name: str, selection: str, key: str = "ak", scheme: str = "rsassa") -> None:
        self.run("tpm2_quote", "--scheme", scheme, "-c", f"{key}.ctx", "-l", selection, "-q", NONCE, "-m", f"{name}.msg", "-s", f"{name}.sig",
                 "-o", f"{name}.pcrs", "-g", "sha256")
        self.run("tpm2_flushcontext", "-t")


class AttestTest(ToolTest):
    tpm: Tpm

    @classmethod
    def setUpClass(cls) -> None:
        scratch = TemporaryDirectory(dir=TOP / "build", prefix="tool-test.")
        cls.addClassCleanup(scratch.cleanup)
        cls.tpm = Tpm(Path(scratch.name))
        cls.addClassCleanup(cls.tpm.stop)
        cls.tpm.extend(events())
        cls.tpm.extend(words())
        cls.tpm.make_key("ak", "rsa2048:rsassa-sha256:null")
        cls.tpm.make_key("pss", "rsa2048:rsapss-sha256:null")
        cls.tpm.make_key("ecc", "ecc256:ecdsa-sha256:null")
        cls.all = "+".join(f"{bank}:0,1,2,3,4,5,6,7,9,11,12,13" for bank in ("sha1", "sha256", "sha384", "sha512"))
        for name, selection in (("good", "sha256:0,1,2,3,4,5,6,7,9,11,12,13"), ("all", cls.all), ("few", "sha256:4,9,11,12")):
            cls.tpm.quote(name, selection)
        cls.tpm.quote("pss", "sha256:4,9,11,12,13", "pss", "rsapss")
        cls.tpm.quote("ecc", "sha256:4,9,11,12,13", "ecc", "ecdsa")

    def setUp(self) -> None:
        super().setUp()
        self.log = FIRMWARE
        self.words = self.file("words", sequence(*(record(word, index) for index, word in WORDS)))
        self.measurements = self.file("measurements.json", json.dumps(predicted()))

    def check(self, quote: str, *more: object, key: str = "ak", nonce: str = NONCE) -> Result:
        at = self.tpm.dir
        words = [] if self.words is None else ["--userspace-log", self.words]
        return self.verinit("attest", "check", "--quote", at / f"{quote}.msg", "--signature", at / f"{quote}.sig",
                            "--public-key", at / f"{key}.pem", "--nonce", nonce, "--log", self.log, *words,
                            "--measurements", self.measurements, *more)

    def findings(self, done: Result) -> dict[str, str]:
        return {(f["check"] if f["pcr"] is None else str(f["pcr"])): f["verdict"] for f in json.loads(done.stdout)["findings"]}

    def checkquote(self, quote: str, nonce: str = NONCE, key: str = "ak") -> int:
        at = self.tpm.dir
        return subprocess.run(["tpm2_checkquote", "-u", f"{key}.pem", "-m", f"{quote}.msg", "-s", f"{quote}.sig", "-f", f"{quote}.pcrs",
                               "-g", "sha256", "-q", nonce], cwd=at, capture_output=True, check=False).returncode


class Good(AttestTest):
    def test_it_is_this_release(self) -> None:
        self.assertEqual(self.checkquote("good"), 0)
        done = self.check("good", "--json=short")
        self.assert_ends(done, YES)
        told = json.loads(done.stdout)
        self.assertEqual((told["verdict"], told["secure_boot"], told["phase"]), ("true", "on", PHASES[-1]))
        self.assertEqual(self.findings(done), dict.fromkeys(["signature", "nonce", "log", *map(str, PREDICTED)], "true"))
        self.assertIn("PCR 13 sha256", self.check("good").stdout)
        self.assertEqual(self.check("good", "--quiet").stdout, "")

    def test_every_bank(self) -> None:
        self.assertEqual(self.checkquote("all"), 0)
        self.measurements = self.file("measurements.json", json.dumps(predicted(pcr.BANKS)))
        done = self.check("all", "--json=short")
        self.assert_ends(done, YES)
        self.assertEqual(sorted((f["pcr"], f["bank"]) for f in json.loads(done.stdout)["findings"] if f["pcr"]),
                         sorted((index, bank) for index in PREDICTED for bank in pcr.BANKS))

    def test_other_kinds_of_key(self) -> None:
        for name in ("pss", "ecc"):
            self.assert_ends(self.check(name, key=name), YES)
            self.assert_ends(self.check(name), FALSE, "signature: ")

    def test_joined_log(self) -> None:
        joined = self.dir / "joined"
        self.assert_ends(self.verinit("log", "join", self.log, self.words, "--output", joined), YES)
        self.log, self.words = joined, None
        self.assert_ends(self.check("good"), YES)
        self.log = self.file("cut", joined.read_bytes()[:-(8 + len("ready") + 4 + 12 + 4 * 2 + 20 + 32 + 48 + 64)])
        self.assert_ends(self.check("good"), FALSE, "log: the logs do not come to the quoted values")

    def test_what_is_demanded(self) -> None:
        self.assert_ends(self.check("good", "--secure-boot", "on", "--phase", PHASES[-1]), YES)
        self.assert_ends(self.check("good", "--secure-boot", "off"), FALSE, "PCR 4 sha256: it is that of Secure Boot on, and off")
        self.assert_ends(self.check("good", "--phase", PHASES[0]), FALSE, "PCR 11 sha256: it is that after " + PHASES[-1])
        self.assert_ends(self.check("good", "--phase", "ready"), UNDECIDED, "has no phase ready")


class Wrong(AttestTest):
    def test_nonce(self) -> None:
        self.assertNotEqual(self.checkquote("good", "00" * 5), 0)
        done = self.check("good", "--json=short", nonce="00" * 5)
        self.assert_ends(done, FALSE, "nonce: the quote was made for another nonce")
        self.assertEqual(self.findings(done)["13"], "true")
        self.assert_ends(self.check("good", nonce=NONCE + "00"), FALSE, "nonce: ")

    def test_key(self) -> None:
        self.tpm.run("openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-out", "other.key")
        self.tpm.run("openssl", "pkey", "-in", "other.key", "-pubout", "-out", "other.pem")
        self.assertNotEqual(self.checkquote("good", key="other"), 0)
        done = self.check("good", "--json=short", key="other")
        self.assert_ends(done, FALSE, "signature: the signature is not one of ")
        self.assertEqual(self.findings(done), {"signature": "false"})
        self.assert_ends(self.check("good", key="ecc"), FALSE, "is no key that could have made this signature")
        shutil.copy(FIRMWARE, self.tpm.dir / "none.pem")
        self.assert_ends(self.check("good", key="none"), TROUBLE, "is no public key")

    def test_bytes_of_the_quote_are_signed(self) -> None:
        good = (self.tpm.dir / "good.msg").read_bytes()
        shutil.copy(self.tpm.dir / "good.sig", self.tpm.dir / "bent.sig")
        for at in range(0, len(good), 3):
            (self.tpm.dir / "bent.msg").write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
            self.assert_ends(self.check("bent", "--quiet"), FALSE, "signature: ")
        for size in (0, 1, len(good) - 1):
            (self.tpm.dir / "bent.msg").write_bytes(good[:size])
            self.assert_ends(self.check("bent", "--quiet"), FALSE, "signature: ")

    def test_signature_of_no_form(self) -> None:
        good = (self.tpm.dir / "good.sig").read_bytes()
        shutil.copy(self.tpm.dir / "good.msg", self.tpm.dir / "odd.msg")
        for content, said in ((b"", "no TPMT_SIGNATURE"), (good[:-1], "no TPMT_SIGNATURE"), (good + b"\0", "no TPMT_SIGNATURE"),
                              (b"\0\x14\0\4" + good[4:], "is no SHA-256"), (good[:-1] + bytes([good[-1] ^ 1]), "is not one of")):
            (self.tpm.dir / "odd.sig").write_bytes(content)
            self.assert_ends(self.check("odd"), FALSE, "signature: ", said)

    def test_something_else_that_the_tpm_signs(self) -> None:
        """A time attestation by the same key: the signature is right, and there is no PCR in it."""
        self.tpm.run("tpm2_gettime", "-c", "ak.ctx", "-q", NONCE, "--attestation", "time.msg", "-o", "time.sig", "-g", "sha256")
        self.tpm.run("tpm2_flushcontext", "-t")
        self.assert_ends(self.check("time"), FALSE, "it attests something else than PCRs")

    def test_log_is_cut(self) -> None:
        whole = self.words.read_bytes()
        self.words = self.file("cut", whole[:whole.rindex(b"\x1e")])
        done = self.check("good", "--json=short")
        self.assert_ends(done, FALSE, "log: the logs do not come to the quoted values")
        self.assertEqual(self.findings(done), {"signature": "true", "nonce": "true", "log": "false"})
        self.words = self.file("torn", whole[:-3])
        self.assert_ends(self.check("good"), UNDECIDED, "log: ")
        self.words = None
        self.assert_ends(self.check("good"), UNDECIDED, "userspace log was not given")

    def test_log_lies(self) -> None:
        listed = list(pcr.parse_event_log(FIRMWARE.read_bytes()).events)
        at = next(i for i, e in enumerate(listed) if e.pcr == 7)
        digests = {**listed[at].digests, "sha256": bytes(32)}
        listed[at] = pcr.Event(listed[at].pcr, listed[at].type, digests, listed[at].data)
        self.log = self.file("lie", firmware(listed))
        self.assert_ends(self.check("good"), FALSE, "log: the logs do not come to the quoted values")

    def test_another_release(self) -> None:
        """The log is right, the machine is not what was built."""
        document = predicted()
        new = WORDS[1][1].replace("4f", "50", 1).encode()
        event = next(e for e in document["events"] if e["pcr"] == 13)
        event["digests"] = {"sha256": pcr.digest("sha256", new).hex()}
        changed = [(13, {"sha256": bytes.fromhex(e["digests"]["sha256"])}) for e in document["events"] if e["pcr"] == 13]
        document["pcrs"]["sha256"]["13"] = values(changed, "sha256")[13]
        self.measurements = self.file("other.json", json.dumps(document))
        done = self.check("good", "--json=short")
        self.assert_ends(done, FALSE, "PCR 13 sha256: it is not what was predicted")
        self.assertEqual([check for check, verdict in self.findings(done).items() if verdict != "true"], ["13"])

    def test_pcr_is_not_quoted(self) -> None:
        done = self.check("few", "--json=short")
        self.assert_ends(done, UNDECIDED, "PCR 13: it is predicted, and not quoted")
        self.assertEqual([check for check, verdict in self.findings(done).items() if verdict != "true"], ["13"])

    def test_bank_is_not_quoted(self) -> None:
        """Who quotes must not choose which bank is looked at: one that the firmware leaves alone can be filled by anybody."""
        self.measurements = self.file("measurements.json", json.dumps(predicted(("sha256", "sha384"))))
        self.assert_ends(self.check("good"), UNDECIDED, "PCR 4 sha384: this bank is predicted, and not quoted")

    def test_usage(self) -> None:
        for nonce in ("", "0", "zz", "00" * 65):
            self.assert_ends(self.check("good", nonce=nonce), USAGE)
        self.assert_ends(self.verinit("attest", "check", "--quote", "x"), USAGE, "--signature")
        self.assert_ends(self.check("missing"), TROUBLE, "missing.msg")


class Extended(AttestTest):
    def test_pcr_changed_after_the_log_was_read(self) -> None:
        """Poisoned: the log says nothing of it. This machine's TPM is not used by another test."""
        self.tpm.extend([(13, {bank: pcr.digest(bank, b"verinit.poison=bug") for bank in pcr.BANKS})])
        self.tpm.quote("late", "sha256:4,9,11,12,13")
        self.assertEqual(self.checkquote("late"), 0)
        self.assert_ends(self.check("late"), FALSE, "log: the logs do not come to the quoted values")
        self.words = self.file("late", self.words.read_bytes() + sequence(record("verinit.poison=bug", 13)))
        done = self.check("late", "--json=short")
        self.assert_ends(done, FALSE, "PCR 13 sha256: it is not what was predicted")
        self.assertEqual(self.findings(done)["11"], "true")


if __name__ == "__main__":
    unittest.main()
