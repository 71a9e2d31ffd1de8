# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rows on the signature of the root hash: the partition usr-verity-sig of the boot disk, and what a line names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Callable

from imagelib import signature
from imagelib.image import Image
from rows import parts, signatures
from rows.tamper import Edit

from . import disks
from .case import Medium, Tamper, fast, row

SIG = "usr-verity-sig"
MIB = 1 << 20


def partition(make: Callable[[Image], bytes]) -> Callable[[Image], list[Edit]]:
    """Other content for the partition, zeros behind it."""
    def damage(image: Image) -> list[Edit]:
        place = image.partitions[SIG]
        return [Edit(place.offset, make(image).ljust(place.content, b"\0"))]
    return damage


def field(**values: Callable[[str], object]) -> Callable[[Image], bytes]:
    """The partition's JSON with some of its fields changed."""
    def make(image: Image) -> bytes:
        with open(image.disk, "rb") as disk:
            disk.seek(image.partitions[SIG].offset)
            text = json.loads(disk.read(image.partitions[SIG].content).rstrip(b"\0"))
        for name, change in values.items():
            text[name] = change(text[name])
        return json.dumps(text).encode()
    return make


def bit_flipped(base64: str) -> str:
    """In the last byte of the RSA value."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    body = base64.rstrip("=")
    return body[:-3] + letters[letters.index(body[-3]) ^ 1] + body[-2:] + base64[len(body):]


def signed(name: str, what: str, expect: str, *says: str, damage: Callable[[Image], list[Edit]]) -> Tamper:
    """Without firmware, on the disk that has a signature: for what PID 1 refuses before the kernel is asked for its key."""
    return fast(name, what, expect, *says, floor={"root-hash-signature": "require"},
                medium=Medium(content=lambda: parts.image("discoverable").disk, damage=damage))


SIGNATURES: list[Tamper] = [
    row("plan-signature-removed", "there is no signature partition", "plan/UNVERIFIED/signature-missing",
        "has no partition of type usr-verity-sig", medium=Medium(partitions=disks.removed(4))),
    row("verify-signature-no-json", "the signature partition holds something else", "verify/TAMPER/signature-malformed",
        "the signature partition", medium=Medium(damage=partition(lambda _: b"anything"))),
    signed("verify-signature-behind-nul", "bytes behind the end of the JSON", "verify/TAMPER/signature-malformed",
           "is not NUL, as all behind its text",
           damage=partition(lambda image: field()(image) + b"\0x")),
    signed("verify-signature-no-base64", "a signature that is no base64", "verify/TAMPER/signature-malformed",
           "the signature is not Base64",
           damage=partition(field(signature=lambda text: "!" + text[1:]))),
    row("verify-signature-bit", "a bit of the signature", "verify/TAMPER/signature-invalid",
        "the signature does not verify", medium=Medium(damage=partition(field(signature=bit_flipped)))),
    row("verify-signature-of-a-stranger", "a good signature that names its key, which the floor does not",
        "verify/UNVERIFIED/signature-untrusted",
        "which the floor does not name", medium=Medium(damage=partition(lambda image: signatures.partition(image.root_hash, "other")))),
    row("verify-signature-of-an-impostor", "the same, and says that it is by a key that the floor names",
        "verify/UNVERIFIED/signature-untrusted", "by none of the 1 certificates",
        medium=Medium(damage=partition(lambda image: signatures.partition(image.root_hash, "other", says="db")))),
    signed("verify-signature-of-other-hash", "a good signature over another root hash",
           "verify/TAMPER/signature-invalid", "the signature does not verify",
           damage=partition(lambda image: signatures.partition(image.root_hash, "db", signed="ab" * 32))),
    row("verify-signature-names-other-hash", "a signature partition of another image",
        "verify/TAMPER/signature-other-hash", "it is for root hash abab",
        medium=Medium(damage=partition(lambda _: signatures.partition("ab" * 32, "db")))),
    row("activate-key-not-enrolled", "a signer that the floor names, and the firmware does not",
        "activate/UNVERIFIED/kernel-key-missing", "no keyring of the kernel has the key", certificates=("db", "other"),
        medium=Medium(damage=partition(lambda image: signatures.partition(image.root_hash, "other")))),
    row("activate-key-of-a-namesake", "a signer that the floor names, with subject and serial number of the one enrolled",
        "activate/TAMPER/kernel-key-rejected", "the kernel rejects the root hash's signature", certificates=("db", "namesake"),
        medium=Medium(damage=partition(lambda image: signatures.partition(image.root_hash, "namesake")))),
]
