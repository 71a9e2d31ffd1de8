# SPDX-License-Identifier: LGPL-2.1-or-later
"""The root hash signed: PKCS#7 over its hex text, and the signature partition of the Discoverable Partitions Specification.

RSA with PKCS#1 v1.5 padding and no signed attributes (they hold a time): the same bytes from every build.
"""

import base64
import json
from pathlib import Path

from .debian import run
from .store import Store, file_digest, sources

# dm-verity and the specification both work in units of this.
PAD = 4096


def pkcs7(text: str, key: Path, cert: Path, work: Path) -> bytes:
    """DER, detached, without certificates: who checks it has them."""
    (work / "signed").write_text(text)
    run(["openssl", "smime", "-sign", "-nocerts", "-noattr", "-binary", "-md", "sha256", "-outform", "der",
         "-signer", cert, "-inkey", key, "-in", work / "signed", "-out", work / "signature.p7s"])
    return (work / "signature.p7s").read_bytes()


def fingerprint(cert: Path, work: Path) -> str:
    """SHA-256 of the DER certificate, as the partition has it."""
    run(["openssl", "x509", "-in", cert, "-outform", "der", "-out", work / "certificate.der"])
    return file_digest(work / "certificate.der")


def partition_text(root_hash: str, signature: bytes, certificate: str) -> bytes:
    """The partition's content: compact JSON, padded with NUL."""
    text = json.dumps({"rootHash": root_hash, "certificateFingerprint": certificate,
                       "signature": base64.b64encode(signature).decode()}, separators=(",", ":")).encode()
    return text.ljust(-(-len(text) // PAD) * PAD, b"\0")


def signature(store: Store, root_hash: str, key: Path, cert: Path) -> Path:
    """The file for the partition usr-verity-sig."""
    def build(out: Path) -> None:
        signed = pkcs7(root_hash, key, cert, out)
        (out / "usr.signature").write_bytes(partition_text(root_hash, signed, fingerprint(cert, out)))

    inputs = {"root_hash": root_hash, "certificate": file_digest(cert), "sources": sources("signature")}
    return store.stage("signature", inputs, build) / "usr.signature"
