# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signatures of root hashes for rows: good ones by the image's key, and others."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from imagelib import signature
from imagelib.store import file_digest

from . import parts


def key_of(signer: str) -> tuple[Path, Path]:
    """Key and certificate: of the image (db), or of a stranger (other)."""
    if signer == "db":
        image = parts.image(parts.KERNELS)
        return image.db_key, image.db_cert

    def build(out: Path) -> None:
        parts.run(["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "7300",
                   "-subj", "/CN=verinit test stranger", "-keyout", out / "key.pem", "-out", out / "cert.pem"])
    out = parts.store().stage("stranger", {"source": file_digest(Path(__file__))}, build)
    return out / "key.pem", out / "cert.pem"


def partition(root_hash: str, signer: str, signed: str = "") -> bytes:
    """The signature partition; `signed` is another text than the root hash."""
    key, cert = key_of(signer)
    with TemporaryDirectory() as scratch:
        work = Path(scratch)
        der = signature.pkcs7(signed or root_hash, key, cert, work)
        return signature.partition_text(root_hash, der, signature.fingerprint(cert, work))
