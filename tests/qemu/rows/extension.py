# SPDX-License-Identifier: LGPL-2.1-or-later
"""A system extension as systemd-sysext takes it: a disk image of three partitions, an erofs with a usr directory, its hash tree and the signature of its root hash."""

from __future__ import annotations

import os
import re
from pathlib import Path

from imagelib.store import EPOCH
from imagelib.variants import ROOT_TYPE, guid
from imagelib.verity import BLOCK, SALT

from . import parts, signatures, volumes

NAME = "extended"
FS_UUID = "7c1b5a52-5bb0-4e0b-9d4f-0c5c2b1a6e04"
TREE_UUID = "7c1b5a52-5bb0-4e0b-9d4f-0c5c2b1a6e05"
SIGNATURE_GUID = "b3a4c5d6-000a-4000-8000-00000000000a"
# Those of a root, though /usr is all that is in it: by these alone systemd-sysext 257 looks for a signature in the image.
ROOT_VERITY_TYPE, ROOT_SIGNATURE_TYPE = "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5", "41092b05-9fc8-4523-994f-2def0408b176"
RELEASE = f"usr/lib/extension-release.d/extension-release.{NAME}"
# What its files would have in the image's own /usr: systemd-sysext mounts no context over them.
LABELS = {"": "root_t", "usr": "usr_t", "usr/bin": "bin_t", f"usr/bin/{NAME}": "bin_t", "usr/lib": "lib_t",
          "usr/lib/extension-release.d": "lib_t", RELEASE: "lib_t"}


KINDS = ("signed", "unsigned", "changed")


def _fill(tree: Path, program: Path, kind: str) -> None:
    release = f"# {kind}\nID=debian\nVERSION_ID=13\n".encode()
    for path, content, mode in ((f"usr/bin/{NAME}", program.read_bytes(), 0o755), (RELEASE, release, 0o644)):
        target = tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(mode)
    for path, label in LABELS.items():
        os.setxattr(tree / path, "security.selinux", f"system_u:object_r:{label}:s0\0".encode())


def put(out: Path, program: Path, scratch: Path) -> None:
    """OUT/extension-KIND.raw, and its root hash beside it: one signed, one without that partition, and a signed one with a byte of the program changed.

    Each has a root hash of its own: systemd takes a volume that is open already for that of an image with the same.
    """
    for kind in KINDS:
        image = out / f"extension-{kind}.raw"
        root_hash = _make(image, program, kind, scratch / f"extension-{kind}")
        image.with_suffix(".roothash").write_text(root_hash)
        if kind == "changed":
            content = bytearray(image.read_bytes())
            content[content.index(program.read_bytes()[:BLOCK]) + BLOCK // 2] ^= 1
            image.write_bytes(content)


def _make(image: Path, program: Path, kind: str, work: Path) -> str:
    tree, data, hashes, signed = (work / name for name in ("tree", "erofs", "verity", "signature"))
    _fill(tree, program, kind)
    parts.run(["mkfs.erofs", "--quiet", f"-T{EPOCH}", f"-U{FS_UUID}", "--all-root", data, tree])
    text = parts.run(["veritysetup", "format", f"--salt={SALT}", f"--uuid={TREE_UUID}", f"--data-block-size={BLOCK}",
                      f"--hash-block-size={BLOCK}", data, hashes])
    found = re.search(r"^Root hash:\s*([0-9a-f]{64})$", text, re.M)
    assert found, text
    signed.write_bytes(signatures.partition(found[1], "db"))
    partitions = [(ROOT_TYPE, guid(found[1][:32]), "root", data), (ROOT_VERITY_TYPE, guid(found[1][-32:]), "root-verity", hashes),
                  (ROOT_SIGNATURE_TYPE, SIGNATURE_GUID, "root-verity-sig", signed)]
    volumes.write_partitions(image, partitions[:2] if kind == "unsigned" else partitions)
    return found[1]
