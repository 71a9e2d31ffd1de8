# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of `verinit uki` and of the signed PCR policies share: trixie's ukify as a program of the host, and programs that lie."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kernels
from case import YES, Result
from imagelib.store import EPOCH
from test_measure_predict import CMDLINE, OSREL, STUB, PredictTest, trixie

# The tools tree as /usr, and every other path as it is: what a builder names, the program finds.
ENTER = """#!/bin/sh
LD_LIBRARY_PATH={libraries} exec unshare --mount --propagation private sh -c \\
    'PATH=/usr/sbin:/usr/bin; mount --bind {tree}/usr /usr && exec "$0" "$@"' {program} "$@"
"""
SYSTEMD_MEASURE = "/usr/lib/systemd/systemd-measure"


@functools.cache
def _pem(kind: str) -> bytes:
    done = subprocess.run(["openssl", "genpkey", "-algorithm", *kind.split()], check=True, capture_output=True)
    return done.stdout


class UkiTest(PredictTest):
    def setUp(self) -> None:
        super().setUp()
        self.initrd_of()
        self.cmdline = self.file("cmdline", CMDLINE)
        self.osrel = self.file("osrel", OSREL)
        self.out = self.dir / "out.efi"
        self.ukify_program = self.program("ukify")

    def program(self, name: str, *, libraries: Path | None = None) -> Path:
        """A program of the tools tree."""
        path = self.dir / name.rsplit("/", 1)[-1]
        path.write_text(ENTER.format(libraries=libraries or "''", tree=self.tree.tree, program=name))
        path.chmod(0o755)
        return path

    def tss(self) -> Path:
        """The host's tpm2-tss, which systemd-measure wants for a signature, and the tools tree has not."""
        directory = self.dir / "tss"
        if not directory.exists():
            directory.mkdir()
            found = [p for p in Path("/usr/lib").glob("*-linux-gnu*/libtss2-*.so.*") if p.name.count(".") == 2]
            self.assertTrue(any("esys" in p.name for p in found), "no libtss2-esys: tools/setup installs tpm2-tools")
            for path in found:
                shutil.copy(path.resolve(), directory / path.name)
        return directory

    def copier(self, image: Path) -> Path:
        """A ukify that always writes the same, and is quicker."""
        return self.script("copier", f'while [ "$1" != --output ]; do shift; done; exec cp "{image}" "$2"')

    def liar(self, name: str, program: Path | str, change: str) -> Path:
        """PROGRAM, and what follows in Python of `data`, the bytes that it has written to --output."""
        self.file(f"{name}.py", "import sys\nfrom pathlib import Path\nfile = Path(sys.argv[sys.argv.index('--output') + 1])\n"
                                f"data = bytearray(file.read_bytes())\n{change}\nfile.write_bytes(data)\n")
        return self.script(name, f'"{program}" "$@" && exec python3 "{self.dir}/{name}.py" "$@"')

    def build_uki(self, *options: object, status: int = YES, said: str = "", ukify: Path | str | None = None,
                  cmdline: str | None = None, linux: Path | None = None, output: Path | None = None, **more: Any) -> Result:
        """uki build; with the kernel, initramfs, command line and os-release of every test here."""
        done = self.verinit("uki", "build", "--ukify", ukify or self.ukify_program, "--stub", f"{self.tree.tree}{STUB}",
                            "--linux", linux or self.vmlinuz, "--initrd", self.output, "--cmdline", cmdline or f"@{self.cmdline}",
                            "--os-release", f"@{self.osrel}", "--output", output or self.out, *options,
                            environment={"SOURCE_DATE_EPOCH": str(EPOCH)}, **more)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(said, done.stderr)
        self.assertEqual(done.stdout, "")
        return done

    def key(self, name: str, kind: str = "RSA -pkeyopt rsa_keygen_bits:2048") -> tuple[Path, Path]:
        """A private key, and its public half."""
        private, public = self.file(f"{name}.key", _pem(f"{kind}") if name == "pcr" else self.new_key(kind)), self.dir / f"{name}.pub"
        subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
        return private, public

    @staticmethod
    def new_key(kind: str) -> bytes:
        return subprocess.run(["openssl", "genpkey", "-algorithm", *kind.split()], check=True, capture_output=True).stdout

    def certificate(self, name: str) -> tuple[Path, Path]:
        return self.signer(name)

    def inspect(self, file: Path, *options: object, status: int = YES, said: str = "") -> dict[str, Any]:
        done = self.verinit("uki", "inspect", file, *options, "--json=short")
        self.assert_ends(done, status, said)
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def assert_nothing_written(self, output: Path | None = None) -> None:
        self.assertFalse((output or self.out).exists(), "there is an output file")
        self.assertEqual([p.name for p in self.dir.glob("out.efi*")], [])


__all__ = ["EPOCH", "SYSTEMD_MEASURE", "UkiTest", "kernels", "os", "trixie"]
