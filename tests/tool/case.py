# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the host command share: the command, a scratch directory, a small valid build."""

import hashlib
import json
import os
import re
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

import kernels
import newc

VERINIT = Path(os.environ.get("VERINIT", kernels.TOP / "build" / "release" / "verinit"))
HASH = "4f" * 32
CMDLINE = f"usrhash={HASH} init.verity=1:sha256:4096:4096:25600:1:-:1b0e7b5a-6f9c-4a39-a2d1-0c8f4b8c7e11 quiet"
VERSION = "9.8.7-test"


def program(note: bytes = bytes(32)) -> bytes:
    """All that the command looks at: an ELF program with the note of init/floor_note.c, and the tag of common/version.c."""
    header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    notes = struct.pack("<III", 8, 32, 0x666c) + b"verinit\0" + note
    segment = struct.pack("<IIQQQQQQ", 4, 4, 120, 0, 0, len(notes), len(notes), 4)
    return header + segment + notes + b"@(#)verinit " + VERSION.encode() + b"\0"


INIT = program()
MEETABLE = "ipe=allow\nroot-hash-signature=allow\n"  # the least that a floor has to let pass for a build
FLOOR = f"tpm=allow\nselinux=require\netc=tmpfs\n{MEETABLE}"
YES, TROUBLE, USAGE, FALSE = 0, 1, 2, 3



def sbom_of(program_bytes: bytes, **changed: object) -> bytes:
    """An SBOM of PID 1 as tools/sbom writes it, less what the command does not look at."""
    package = {"name": "verinit-init", "versionInfo": VERSION,
               "checksums": [{"algorithm": "SHA256", "checksumValue": hashlib.sha256(program_bytes).hexdigest()}]}
    library = {"name": "libodd", "versionInfo": "1:2~3", "externalRefs": [
        {"referenceType": "purl", "referenceLocator": "pkg:deb/debian/libodd-dev@1%3A2~3?arch=amd64"}]}
    return json.dumps({"spdxVersion": "SPDX-2.3", "packages": [package, library], **changed}).encode()


def sha256(content: bytes) -> str:
    return "sha256-" + hashlib.sha256(content).hexdigest()


def ipe_policy(work: Path, name: str = "node", text: str = "", *options: str) -> Path:
    """A signed policy of IPE; TEXT in place of a good one."""
    key, cert, plain, signed = (work / f"ipe-{part}" for part in ("key.pem", "cert.pem", "plain", f"{name}.p7b"))
    if not key.exists():
        subprocess.run(["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-noenc", "-subj", "/CN=ipe", "-keyout", key,
                        "-out", cert], check=True, capture_output=True)
    plain.write_text(text or f"policy_name={name} policy_version=1.2.3\nDEFAULT action=DENY\n"
                     "op=EXECUTE dmverity_signature=TRUE action=ALLOW\n")
    subprocess.run(["openssl", "smime", "-sign", "-binary", "-noattr", "-nocerts", "-outform", "der", *(options or ("-nodetach",)),
                    "-signer", cert, "-inkey", key, "-in", plain, "-out", signed], check=True, capture_output=True)
    return signed


def filled(floor: str, cmdline: bytes, modules: bytes, *more: str) -> str:
    """The floor as it is packed."""
    lines = ["# Filled in by verinit initrd build:", f"baked-cmdline={sha256(cmdline)}", f"modules={sha256(modules)}", *more]
    return floor + "".join(f"{line}\n" for line in lines)


def packed(floor: str) -> bytes:
    """PID 1 with the digest of its floor."""
    return program(hashlib.sha256(floor.encode()).digest())


Result = subprocess.CompletedProcess[str]
_kernels: dict[str, kernels.Kernel] = {}


def kernel(name: str) -> kernels.Kernel:
    if not _kernels:
        _kernels.update(kernels.find())
    return _kernels[name]


class ToolTest(unittest.TestCase):
    room = kernels.TOP / "build"    # below it are the scratch directories

    def setUp(self) -> None:
        if not VERINIT.exists():
            self.fail(f"{VERINIT} is not built: cmake --build --preset release, or set VERINIT")
        scratch = tempfile.TemporaryDirectory(dir=self.room, prefix="tool-test.")
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name)
        self.init = self.file("init", INIT)
        self.output = self.dir / "initrd"

    def file(self, name: str, content: bytes | str) -> Path:
        path = self.dir / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def script(self, name: str, text: str) -> Path:
        path = self.dir / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def signer(self, name: str) -> tuple[Path, Path]:
        """Key and certificate, in PEM."""
        key, cert = self.dir / f"{name}.key", self.dir / f"{name}.crt"
        subprocess.run(["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "2",
                        "-subj", f"/O=tests/CN={name}", "-keyout", key, "-out", cert], check=True, capture_output=True)
        return key, cert

    def verinit(self, *words: object, **options: object) -> Result:
        environment = {"PATH": os.environ["PATH"], **options.pop("environment", {})}  # type: ignore[dict-item]
        return subprocess.run([str(VERINIT), *map(str, words)], env=environment, text=True, check=False,
                              capture_output=True, stdin=subprocess.DEVNULL,
                              **options)  # type: ignore[call-overload,no-any-return]

    def build(self, *words: object, on: str | kernels.Kernel = "cloud", cmdline: str = CMDLINE,
              compress: str = "none", **options: object) -> Result:
        """initrd build into self.output; WORDS come last. With a floor that can be met, unless they give one."""
        tree = kernel(on) if isinstance(on, str) else on
        level = ["--level", 1] if compress != "none" else []
        if "--floor" not in words:
            words = ("--floor", self.file("least", MEETABLE), *words)
        return self.verinit("initrd", "build", "--init", self.init, "--modules-dir", tree.modules,
                            "--cmdline", cmdline, "--output", self.output, "--compress", compress,
                            *level, *words, **options)

    def assert_ends(self, done: Result, status: int, *said: str) -> None:
        """The exit status, and words of the one line on stderr that is not talk."""
        self.assertEqual(done.returncode, status, done.stderr)
        for words in said:
            self.assertIn(words, done.stderr)
        if status != YES:
            self.assertRegex(done.stderr, r"\Averinit: .*\n\Z")

    def assert_built(self, *words: object, **options: object) -> list[newc.Entry]:
        """Builds without compression; what is in it, by our own reader."""
        self.assert_ends(self.build(*words, **options), YES)  # type: ignore[arg-type]
        entries, rest = newc.read(self.output.read_bytes())
        self.assertEqual(rest, b"", "the archive ends where its trailer ends")
        return entries

    def preload(self, source: str) -> str:
        """What LD_PRELOAD must be for these functions in C; behind the sanitizer's own library, which wants to be the first."""
        library = self.dir / "preloaded.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O0", "-o", library, self.file("preloaded.c", source), "-ldl"], check=True)
        linked = subprocess.run(["ldd", str(VERINIT)], text=True, capture_output=True, check=True).stdout
        first = re.search(r"=> (\S*/libasan\S*)", linked)
        return f"{first[1]}:{library}" if first else str(library)

    def assert_no_output(self) -> None:
        self.assertEqual(sorted(p.name for p in self.dir.glob("initrd*")), [])
