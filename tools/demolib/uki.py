# SPDX-License-Identifier: LGPL-2.1-or-later
"""The signed image, as the host's own tools see it: sbverify, openssl, objcopy, verinit."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from .evidence import Fails

PATIENCE = 60.0


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run([str(word) for word in words], check=False, capture_output=True, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as why:
        raise Fails(f"{words[0]} did not run: {why}") from None


class UkiFile:
    def __init__(self, path: Path, certificate: Path, verinit: Path) -> None:
        self.path = path
        self.certificate = certificate
        self.verinit = verinit

    def _certificate(self, pattern: str) -> str:
        done = run("openssl", "x509", "-in", self.certificate, "-noout", "-subject", "-nameopt", "RFC2253",
                   "-ext", "subjectKeyIdentifier")
        found = re.search(pattern, done.stdout)
        if done.returncode != 0 or found is None:
            raise Fails(f"{self.certificate.name} cannot be read: {done.stderr.strip() or done.stdout.strip()}")
        return found[1]

    def signer(self) -> str:
        """Whose signature it bears; the certificate's own name."""
        done = run("sbverify", "--cert", self.certificate, self.path)
        if done.returncode != 0:
            raise Fails(f"{self.path.name} is not signed by {self.certificate.name}: "
                        f"{(done.stderr.strip() or done.stdout.strip())[-200:]}")
        return self._certificate(r"subject=CN ?= ?(.*)")

    def key_id(self) -> str:
        """Subject key identifier: how the kernel names a certificate."""
        return self._certificate(r"([0-9A-F]{2}(?::[0-9A-F]{2}){19})").replace(":", "").lower()

    def _section(self, name: str, into: Path) -> Path:
        done = run("objcopy", "-O", "binary", f"--only-section={name}", self.path, into)
        # objcopy is content with a file that has no such section.
        if done.returncode != 0 or not into.is_file() or not into.stat().st_size:
            raise Fails(f"{self.path.name} has no section {name} {done.stderr.strip()}".rstrip())
        return into

    def cmdline(self) -> str:
        with tempfile.TemporaryDirectory() as scratch:
            text = self._section(".cmdline", Path(scratch, "cmdline")).read_bytes()
        return text.rstrip(b"\0\n ").decode(errors="replace")

    def initrd(self) -> dict[str, Any]:
        """`verinit initrd inspect` of the section .initrd."""
        with tempfile.TemporaryDirectory() as scratch:
            packed = self._section(".initrd", Path(scratch, "initrd"))
            done = run(self.verinit, "initrd", "inspect", packed, "--json=short")
        if done.returncode != 0:
            raise Fails(f"the initramfs of {self.path.name} is not sound: {done.stderr.strip()[-300:]}")
        found = json.loads(done.stdout)
        if not isinstance(found, dict):
            raise Fails("verinit initrd inspect answered with something that is no object")
        return found

    def size(self) -> int:
        try:
            return self.path.stat().st_size
        except OSError as why:
            raise Fails(f"no evidence: {self.path.name}: {why.strerror}") from None
