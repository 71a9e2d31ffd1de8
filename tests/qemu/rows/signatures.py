# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signatures of root hashes for rows: good ones by the image's key, and others."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from imagelib import signature
from imagelib.store import file_digest

from . import parts


def key_of(signer: str) -> tuple[Path, Path]:
    """Key and certificate: of the image (db), of a stranger (other), or of one who bears the subject and the serial number of
    the former (namesake): the kernel looks for a key by these two.
    """
    image = parts.image(parts.KERNELS)
    if signer == "db":
        return image.db_key, image.db_cert
    assert signer in ("other", "namesake"), signer

    def build(out: Path) -> None:
        name = ["-subj", "/CN=verinit test stranger"]
        if signer == "namesake":
            lines = parts.run(["openssl", "x509", "-in", image.db_cert, "-noout", "-serial", "-subject", "-nameopt",
                               "compat"]).splitlines()
            serial, subject = (line.partition("=")[2].strip() for line in lines)
            name = ["-subj", subject, "-set_serial", f"0x{serial}"]
        parts.run(["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "7300",
                   *name, "-keyout", out / "key.pem", "-out", out / "cert.pem"])
    inputs = {"source": file_digest(Path(__file__)), "db": file_digest(image.db_cert)}
    out = parts.store().stage(f"signer-{signer}", inputs, build)
    return out / "key.pem", out / "cert.pem"


def digest_of(signer: str) -> str:
    """SHA-256 of the certificate in DER: its name in an initramfs."""
    with TemporaryDirectory() as scratch:
        return signature.fingerprint(key_of(signer)[1], Path(scratch))


def partition(root_hash: str, signer: str, signed: str = "", says: str = "") -> bytes:
    """The signature partition; `signed` is another text than the root hash, and it `says` that it is by another signer."""
    key, cert = key_of(signer)
    named = key_of(says)[1] if says else cert
    with TemporaryDirectory() as scratch:
        work = Path(scratch)
        der = signature.pkcs7(signed or root_hash, key, cert, work)
        return signature.partition_text(root_hash, der, signature.fingerprint(named, work))
