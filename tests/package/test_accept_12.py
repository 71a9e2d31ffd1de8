#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Acceptance 12: two builders make the same hash tree, initramfs, unsigned UKI and measurements.json; what they sign differs in
the signature alone."""

import json
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

from builder import TOP, Builder, TwoBuilders, copy

BUILD = Path(os.environ.get("BUILD", TOP / "build" / "release"))
sys.path.insert(0, str(TOP / "tests" / "tool"))

import kernels  # noqa: E402
from imagelib.build import Places  # noqa: E402
from imagelib.debian import Debian  # noqa: E402
from imagelib.store import Store  # noqa: E402
from imagelib.toolstree import host, tools  # noqa: E402
from imagelib.uki import STUB  # noqa: E402

UUID = "1b0e7b5a-6f9c-4a39-a2d1-0c8f4b8c7e11"
SALT = "c5" * 32
OSREL = "ID=test\nVERSION_ID=1\n"


def make(builder: Builder, tree: Path, release: str) -> None:
    """As the README has it, from a tree to what is predicted."""
    out, view = builder.top / "out", builder.view
    verinit = view / "bin" / "verinit"
    builder.run_in(tree, "mkfs.erofs", "--quiet", "-zlz4hc", "-T1767225600", f"-U{UUID}", "--all-root", host(out / "usr.erofs"),
                   host(view / "usr"))
    builder.run_in(tree, "veritysetup", "format", f"--salt={SALT}", f"--uuid={UUID}", f"--root-hash-file={host(out / 'roothash')}",
                   host(out / "usr.erofs"), host(out / "usr.verity"))
    pin = builder.run(verinit, "verity", "geometry", "--hash-device", out / "usr.verity").strip()
    (out / "cmdline").write_text(f"root=tmpfs mount.usrfstype=erofs usrhash={(out / 'roothash').read_text()} {pin}")
    builder.run(verinit, "initrd", "build", "--init", view / "bin" / "init", "--modules-dir", view / "lib/modules" / release,
                "--linux", view / "vmlinuz", "--cmdline", f"@{out / 'cmdline'}", "--floor", view / "floor.conf", "--level", "3",
                "--output", out / "initrd")
    builder.run_in(tree, "ukify", "build", "--linux", host(view / "vmlinuz"), "--initrd", host(out / "initrd"),
                   "--cmdline", f"@{host(out / 'cmdline')}", "--os-release", OSREL, "--uname", release, "--stub", STUB,
                   "--output", host(out / "node.efi"))
    builder.run(verinit, "measure", "predict", "--quiet", "--uki", out / "node.efi", "--policy", view / "policy.33",
                "--output", out / "measurements.json")


def sign(builder: Builder) -> str:
    """With a key of its own; the Authenticode digest that was signed, by another program."""
    out = builder.top / "out"
    builder.run("openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "2", "-subj",
                f"/CN=builder {builder.user}", "-keyout", out / "key", "-out", out / "crt")
    builder.run("sbsign", "--key", out / "key", "--cert", out / "crt", "--output", out / "signed.efi", out / "node.efi")
    said = subprocess.run(["osslsigncode", "verify", "-in", out / "signed.efi"], text=True, capture_output=True, check=False).stdout
    current = re.search(r"Current message digest\s*: ([0-9A-F]{64})", said)
    assert current, said
    return current[1]


class Accept12(TwoBuilders):
    def test_two_builders(self) -> None:
        kernel = kernels.find()["cloud"]
        places = Places()
        shared = Store(places.shared)
        tree = tools(Debian(shared, places.debs), shared).tree
        for builder in self.both():
            inputs = builder.top / "inputs"
            for name in ("init", "init.spdx.json", "verinit"):
                copy(BUILD / name, inputs / "bin" / name)
            copy(kernel.root / "vmlinuz", inputs / "vmlinuz")
            copy(kernel.modules, inputs / "lib/modules" / kernel.release)
            copy(TOP / "packaging" / "floor.conf", inputs / "floor.conf")
            (inputs / "policy.33").write_bytes(b"a policy of nobody's")
            for name in ("tests", "man", "docs"):
                copy(TOP / name, inputs / "usr" / name)
        self.open()
        for builder in self.both():
            make(builder, tree, kernel.release)
        self.assert_same("usr.erofs", "usr.verity", "roothash", "initrd", "node.efi", "measurements.json")

        digests = [sign(builder) for builder in self.both()]
        signed = [(builder.top / "out" / "signed.efi").read_bytes() for builder in self.both()]
        self.assertNotEqual(signed[0], signed[1])
        self.assertEqual(digests[0], digests[1])
        predicted = [builder.run(builder.view / "bin/verinit", "measure", "predict", "--json=short", "--pcr", "4", "--uki",
                                 builder.top / "out" / "signed.efi") for builder in self.both()]
        values = [json.loads(text)["pcrs"] for text in predicted]
        self.assertTrue(values[0])
        self.assertEqual(values[0], values[1])


if __name__ == "__main__":
    unittest.main()
