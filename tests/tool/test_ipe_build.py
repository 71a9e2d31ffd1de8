#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verinit ipe build and check: what is written and what is not, against openssl; and signers that do something else."""

from __future__ import annotations

import hashlib
import json
import subprocess
import unittest
from pathlib import Path
from typing import Any

from case import CMDLINE, FALSE, HASH, TROUBLE, USAGE, YES, Result, ToolTest
from test_measure_predict import CMDLINE as UKI_CMDLINE
from ukis import UkiTest

OTHER = "5a" * 32
CODE = ("EXECUTE", "KMODULE", "FIRMWARE")
REST = ("KEXEC_IMAGE", "KEXEC_INITRAMFS", "POLICY", "X509_CERT")
HEADER = "policy_name=node policy_version=1.2.3\n"
DENY = "DEFAULT action=DENY\n"
SOUND = f"{HEADER}{DENY}op=EXECUTE dmverity_roothash=sha256:{HASH} action=ALLOW\n"


def statements(text: str) -> list[str]:
    """What the kernel makes of it: no comments, no empty lines."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def allow(op: str, root_hash: str = HASH, alg: str = "sha256") -> str:
    return f"op={op} dmverity_roothash={alg}:{root_hash} action=ALLOW"


def by_signature(op: str) -> str:
    return f"op={op} dmverity_signature=TRUE action=ALLOW"


class IpeTest(ToolTest):
    def setUp(self) -> None:
        super().setUp()
        self.text, self.out = self.dir / "node.ipe", self.dir / "node.p7b"

    def build(self, *options: object, status: int = YES, said: str = "") -> Result:
        done = self.verinit("ipe", "build", *options)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(said, done.stderr)
        if status != YES:
            self.assertFalse(self.text.exists() or self.out.exists())
            self.assertEqual(done.stdout, "")
        return done

    def written(self, *options: object) -> list[str]:
        self.build(*options, "--text", self.text, "--quiet")
        return statements(self.text.read_text())

    def check(self, text: str | bytes, *options: object, status: int = YES, said: str = "") -> dict[str, Any]:
        done = self.verinit("ipe", "check", self.file("policy", text), "--json=short", *options)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(said, done.stderr)
        return json.loads(done.stdout) if done.stdout else {}


class Text(IpeTest):
    def test_default(self) -> None:
        """The verified volume, and nothing else; nothing for the initramfs."""
        self.assertEqual(self.written("--root-hash", HASH),
                         ["policy_name=verinit policy_version=1.0.0", "DEFAULT action=DENY", *map(allow, CODE)])
        text = self.text.read_text()
        self.assertNotIn("boot_verified", text)
        for op in REST:
            self.assertIn(f"# {op}: no rule: ", text)

    def test_every_statement_is_explained(self) -> None:
        """By the comment above it."""
        self.build("--root-hash", HASH, "--signed", "EXECUTE", "--allow", "POLICY", "--text", self.text)
        lines = self.text.read_text().splitlines()
        for at, line in enumerate(lines[1:], 1):
            if line.startswith(("op=", "DEFAULT")):
                self.assertRegex(lines[at - 1], "^# (Allowed|Denied): ", line)

    def test_operations_and_signed_volumes(self) -> None:
        self.assertEqual(self.written("--root-hash", HASH, "--allow", "KEXEC_IMAGE", "--allow", "X509_CERT", "--signed", "EXECUTE", "--signed",
                                      "FIRMWARE")[2:],
                         [allow("EXECUTE"), by_signature("EXECUTE"), allow("KMODULE"), allow("FIRMWARE"), by_signature("FIRMWARE"),
                          allow("KEXEC_IMAGE"), allow("X509_CERT")])
        self.assertEqual(self.written("--signed", "EXECUTE", "--signed", "KMODULE")[2:], [by_signature("EXECUTE"), by_signature("KMODULE")])

    def test_root_hashes_from_everywhere(self) -> None:
        """Of the next slot, too; the algorithm by its length, or as the line pins it."""
        file = self.file("roothash", OTHER)
        lines = self.written("--root-hash", HASH, "--root-hash-file", file, "--cmdline", CMDLINE.replace(HASH, "7c" * 32), "--root-hash", "8d" * 64)
        self.assertEqual([line for line in lines if line.startswith("op=EXECUTE")],
                         [allow("EXECUTE"), allow("EXECUTE", "8d" * 64, "sha512"), allow("EXECUTE", OTHER), allow("EXECUTE", "7c" * 32)])

    def test_name_and_version(self) -> None:
        self.assertEqual(self.written("--root-hash", HASH, "--name", "node-7", "--policy-version", "0.10.65535")[0],
                         "policy_name=node-7 policy_version=0.10.65535")
        for name in ("a/b", ".", "a b", "", "x" * 64, "a\nDEFAULT op=EXECUTE action=ALLOW"):
            self.text.unlink(missing_ok=True)
            self.build("--root-hash", HASH, "--name", name, "--text", self.text, status=FALSE, said="ipe-policy-malformed")
        for version in ("1.0", "1.0.0.0", "1.0.65536", "1.0.x", "01.0.0"):
            self.build("--root-hash", HASH, "--policy-version", version, "--text", self.text, status=FALSE, said="ipe-policy-malformed")

    def test_rules_of_the_images_own(self) -> None:
        revoked = f"op=EXECUTE fsverity_digest=sha256:{OTHER} action=DENY"
        lines = self.written("--root-hash", HASH, "--rules", self.file("rules", f"# gone bad\n{revoked}"))
        self.assertEqual(lines[1:4], ["DEFAULT action=DENY", revoked, allow("EXECUTE")])


class OfImage(UkiTest):
    def test_uki(self) -> None:
        text = self.dir / "node.ipe"
        uki = self.ukify()
        hash_of_line = UKI_CMDLINE.split("usrhash=")[1].split()[0]
        self.assert_ends(self.verinit("ipe", "build", "--uki", uki, "--text", text), YES)
        self.assertEqual(statements(text.read_text())[2:], [allow(op, hash_of_line) for op in CODE])
        self.assert_ends(self.verinit("ipe", "check", text, "--uki", uki), YES)


class Refused(IpeTest):
    def rules(self, text: str, said: str) -> None:
        with self.subTest(text):
            self.build("--root-hash", HASH, "--rules", self.file("rules", text), "--text", self.text, status=FALSE, said=said)

    def test_what_lets_in_what_nobody_verified(self) -> None:
        self.rules("DEFAULT op=EXECUTE action=ALLOW\n", "allowed-by-default: line 7: EXECUTE")
        self.rules("DEFAULT op=KMODULE action=ALLOW\n", "allowed-by-default: line 7: KMODULE")
        self.rules("op=EXECUTE action=ALLOW\n", "allows-unverified: line 7: EXECUTE")
        self.rules("op=KMODULE dmverity_signature=FALSE action=ALLOW\n", "allows-unverified: line 7: KMODULE")
        self.rules("op=EXECUTE boot_verified=TRUE action=ALLOW\n", "allows-initramfs: line 7: EXECUTE")
        self.rules("op=FIRMWARE boot_verified=TRUE action=ALLOW\n", "allows-initramfs: line 7: FIRMWARE")

    def test_what_would_not_boot(self) -> None:
        self.rules("op=EXECUTE action=DENY\n", "denies-volume: line 7")
        self.rules(f"op=EXECUTE dmverity_roothash=sha256:{HASH} action=DENY\n", "denies-volume: line 7")

    def test_what_the_kernel_would_not_take(self) -> None:
        self.rules("DEFAULT action=ALLOW\n", "line 7 of the policy: this default is given a second time")
        self.rules("op=REBOOT action=DENY\n", "ipe-policy-malformed")
        self.rules("op=EXECUTE\n", "ipe-policy-malformed")

    def test_usage(self) -> None:
        self.build("--text", self.text, status=USAGE, said="--root-hash")
        self.build("--signed", "KMODULE", "--text", self.text, status=USAGE, said="--root-hash")
        self.build("--signed", "EXECUTE", "--allow", "KEXEC_IMAGE", "--text", self.text, status=USAGE, said="--allow is of a volume's files")
        self.build("--root-hash", HASH, status=USAGE, said="--output, or --text")
        self.build("--root-hash", HASH, "--output", self.out, status=USAGE, said="--key")
        self.build("--root-hash", HASH, "--output", self.out, "--key", "k", status=USAGE, said="--cert")
        self.build("--root-hash", HASH, "--text", self.text, "--key", "k", "--cert", "c", status=USAGE, said="--output")
        self.build("--root-hash", HASH, "--text", self.text, "--signer", "s", status=USAGE, said="only with --key")
        self.build("--root-hash", HASH, "--text", self.text, "--allow", "EXECUTE", status=USAGE, said="KEXEC_IMAGE")
        self.build("--root-hash", HASH, "--text", self.text, "--signed", "POLICY", status=USAGE, said="EXECUTE")
        self.build("--root-hash", "4f", "--text", self.text, status=USAGE, said="hexadecimal digits")
        self.build("--root-hash", HASH, "--floor", "f", "--text", self.text, status=USAGE, said="only with --cmdline")
        self.build(*["--root-hash", HASH] * 9, "--text", self.text, status=USAGE, said="too often")
        self.build("--cmdline", "quiet", "--text", self.text, status=FALSE, said="root-hash-missing")


class Signed(IpeTest):
    def setUp(self) -> None:
        super().setUp()
        self.key_file, self.cert = self.signer("db")

    def sign(self, *options: object, **more: Any) -> Result:
        return self.build("--root-hash", HASH, "--key", self.key_file, "--cert", self.cert, "--output", self.out, *options, **more)

    def test_openssl_reads_it(self) -> None:
        self.sign("--text", self.text)
        done = subprocess.run(["openssl", "smime", "-verify", "-inform", "der", "-in", self.out, "-noverify", "-nointern", "-certfile", self.cert,
                               "-binary"], check=True, capture_output=True)
        self.assertEqual(done.stdout, self.text.read_bytes())
        shown = subprocess.run(["openssl", "cms", "-cmsout", "-print", "-inform", "der", "-in", self.out], check=True, capture_output=True,
                               text=True).stdout
        # What the kernel's parser is not given: attributes (of which it refuses some), certificates, a second digest.
        self.assertIn("signedAttrs:\n          <ABSENT>", shown)
        self.assertIn("certificates:\n      <ABSENT>", shown)
        self.assertEqual(shown.count("algorithm: sha256"), 2)

    def test_same_bytes(self) -> None:
        again = self.dir / "again.p7b"
        self.sign()
        self.build("--root-hash", HASH, "--key", self.key_file, "--cert", self.cert, "--output", again)
        self.assertEqual(self.out.read_bytes(), again.read_bytes())

    def test_json_has_what_the_floor_names(self) -> None:
        document = json.loads(self.sign("--json=short").stdout)
        self.assertEqual(document["sha256"], hashlib.sha256(self.out.read_bytes()).hexdigest())
        self.assertEqual((document["name"], document["version"], document["problems"]), ("verinit", "1.0.0", []))
        self.assertEqual([rule["op"] for rule in document["rules"]], list(CODE))
        self.assertEqual(set(document["defaults"].values()), {"DENY"})
        self.assertEqual(set(document["defaults"]), {*CODE, *REST})

    def test_what_is_packed_is_taken(self) -> None:
        """By `initrd build`, under the digest that was printed."""
        digest = json.loads(self.sign("--json=short").stdout)["sha256"]
        done = self.check(self.out.read_bytes(), "--cert", self.cert, "--cmdline", CMDLINE)
        self.assertEqual((done["sha256"], done["verified_by"]), (digest, str(self.cert)))

    def test_signer_of_ones_own(self) -> None:
        signer = self.script("signer", f'printf "%s\\n" "$@" >"{self.dir}/words"\nshift\nexec openssl smime -sign -binary -nodetach -noattr -nocerts '
                             '-outform der -inkey "$2" -signer "$4" -out "$6" -in "$7"')
        self.sign("--signer", signer, "--signer-argument", "a b;$HOME")
        words = (self.dir / "words").read_text().splitlines()
        self.assertEqual(words[:6], ["a b;$HOME", "--key", str(self.key_file), "--cert", str(self.cert), "--output"])
        self.check(self.out.read_bytes(), "--cert", self.cert)

    def test_signer_lies(self) -> None:
        other_key, other_cert = self.signer("other")
        openssl = "openssl smime -sign -outform der"
        whole = f"{openssl} -binary -nodetach -noattr -nocerts"
        own = '-inkey "$2" -signer "$4"'
        lies = (
            ("other", f'{whole} -inkey "{other_key}" -signer "{other_cert}" -out "$6" -in "$7"', FALSE, "not one of the certificate's key"),
            # Its certificate is in it, which is not the one that counts.
            ("brings", f'{openssl} -binary -nodetach -noattr -inkey "{other_key}" -signer "{other_cert}" -out "$6" -in "$7"', FALSE,
             "not one of the certificate's key"),
            ("detached", f'{openssl} -binary -noattr -nocerts {own} -out "$6" -in "$7"', FALSE, "holds no content"),
            ("attributes", f'{openssl} -binary -nodetach -nocerts {own} -out "$6" -in "$7"', FALSE, "attributes"),
            ("lines", f'{openssl} -nodetach -noattr -nocerts {own} -out "$6" -in "$7"', FALSE, "another than was given"),
            ("more", f'echo "DEFAULT op=EXECUTE action=ALLOW" >>"$7"\n{whole} {own} -out "$6" -in "$7"', FALSE, "another than was given"),
            ("two", f'{whole} {own} -signer "{other_cert}" -inkey "{other_key}" -out "$6" -in "$7"', FALSE, "exactly one signer"),
            ("text", 'cp "$7" "$6"', FALSE, "no DER of PKCS#7"),
            ("behind", f'{whole} {own} -out "$6" -in "$7"\necho >>"$6"', FALSE, "bytes behind it"),
            ("idle", "exit 0", TROUBLE, "policy.p7b"),
            ("failing", "exit 5", TROUBLE, "failed with exit status 5"),
        )
        for name, text, status, said in lies:
            with self.subTest(name):
                self.sign("--signer", self.script(name, text), "--text", self.text, status=status, said=said)

    def test_old_file_stays(self) -> None:
        self.out.write_bytes(b"old")
        done = self.verinit("ipe", "build", "--root-hash", HASH, "--key", self.dir / "none", "--cert", self.cert, "--output", self.out)
        self.assertEqual(done.returncode, TROUBLE)
        self.assertIn("verinit: openssl failed with exit status", done.stderr)
        self.assertEqual(self.out.read_bytes(), b"old")


class Check(IpeTest):
    def test_explains_each_line(self) -> None:
        done = self.verinit("ipe", "check", self.file("policy", SOUND))
        self.assert_ends(done, YES)
        self.assertIn("line 3     ALLOW  EXECUTE: programs and libraries, of the volume with the root hash sha256:" + HASH, done.stdout)
        self.assertIn("line 2     DENY   KMODULE: all other kernel modules", done.stdout)
        self.assertIn("signature  none", done.stdout)
        self.assertEqual(self.verinit("ipe", "check", self.file("policy", SOUND), "--quiet").stdout, "")

    def test_problems(self) -> None:
        found = self.check(f"{HEADER}DEFAULT action=ALLOW\nop=EXECUTE boot_verified=TRUE action=ALLOW\n", status=FALSE, said="and more")
        self.assertEqual([(p["problem"], p["op"], p["line"]) for p in found["problems"]],
                         [("allowed-by-default", "EXECUTE", 2), ("allowed-by-default", "KMODULE", 2),
                          ("allowed-by-default", "KEXEC_IMAGE", 2), ("allowed-by-default", "KEXEC_INITRAMFS", 2)])
        found = self.check(f"{HEADER}{DENY}", status=FALSE)
        self.assertEqual([(p["problem"], p["line"]) for p in found["problems"]], [("denies-all", None)])

    def test_volumes(self) -> None:
        self.check(SOUND, "--root-hash", HASH, "--cmdline", CMDLINE)
        self.check(SOUND, "--root-hash", HASH, "--root-hash", OTHER, status=FALSE, said="denies-volume")
        self.check(f"{HEADER}{DENY}{by_signature('EXECUTE')}\n", "--root-hash", OTHER)

    def test_what_is_no_policy(self) -> None:
        for text, said in (("", "empty"), ("root=x\n", "policy_name="), (HEADER + "\0" + DENY, "NUL"), (b"\x30\x03abc", "no DER of PKCS#7")):
            with self.subTest(said):
                self.assertEqual(self.check(text, status=FALSE, said=said), {})

    def test_signature(self) -> None:
        key, cert = self.signer("db")
        other_key, other_cert = self.signer("other")
        done = self.verinit("ipe", "build", "--root-hash", HASH, "--key", key, "--cert", cert, "--output", self.out)
        self.assert_ends(done, YES)
        good = self.out.read_bytes()
        der = subprocess.run(["openssl", "x509", "-in", cert, "-outform", "der"], check=True, capture_output=True).stdout
        self.check(good, "--cert", self.file("cert.der", der))
        self.check(good, "--cert", other_cert, status=FALSE, said="not one of the certificate's key")
        # A byte of the text; of the signature, which is the last; a text that was never signed.
        at = good.index(b"action=DENY")
        self.check(good[:at] + b"action=Deny" + good[at + 11:], "--cert", cert, status=FALSE, said="not one of the certificate's key")
        self.check(good[:-1] + bytes([good[-1] ^ 1]), "--cert", cert, status=FALSE, said="not one of the certificate's key")
        self.check(SOUND, "--cert", cert, status=FALSE, said="not signed")

    def test_usage(self) -> None:
        for words, said in (((), "one FILE"), (("a", "b"), "one FILE"), (("a", "--nothing"), "--nothing"), (("a", "--floor", "f"), "only with --cmdline")):
            with self.subTest(words):
                self.assert_ends(self.verinit("ipe", "check", *words), USAGE, said)
        self.assert_ends(self.verinit("ipe", "check", self.dir / "none"), TROUBLE, "cannot open")


if __name__ == "__main__":
    unittest.main()
