# SPDX-License-Identifier: LGPL-2.1-or-later
"""PCR 13 of a boot that has not happened: from the disk, the UKI and the floor, and from nothing else.

Written apart from the project's C, after docs/MEASUREMENTS.md. image.json is not read: it was written by the
builder, and a mistake of its would be on both sides of the comparison.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from machine import gpt, pcr
from machine.process import program

from . import parts
from .words import value

ALGORITHMS = {64: "sha256", 96: "sha384", 128: "sha512"}
CHUNK = 4 << 20


class PredictionError(Exception):
    """What is missing or does not fit together."""


@dataclass(frozen=True)
class Prediction:
    words: list[str]
    pcr13: dict[str, str]


def predict(disk: Path, uki: Path, floor: Path) -> Prediction:
    line = cmdline_of(uki)
    demands = dict(row.split("=", 1) for row in floor.read_text().splitlines() if row and row[0] != "#")
    root_hash = value(line, "usrhash")
    if root_hash is None or len(root_hash) not in ALGORITHMS:
        raise PredictionError(f"{uki}: no root hash on its command line: {line!r}")
    policy = policy_of(disk, line, root_hash, demands.get("selinux-dir", "etc/selinux"))
    words = [*(["os-separator"] if demands.get("os-separator") == "yes" else []),
             f"verinit.usr-verity={ALGORITHMS[len(root_hash)]}-{root_hash}",
             f"verinit.selinux=sha256-{hashlib.sha256(policy).hexdigest()}",
             f"verinit.root={'tmpfs' if value(line, 'root') in (None, 'tmpfs') else 'unverified'}"]
    return Prediction(words, {bank: pcr.extend_words(bank, pcr.zero(bank), words).hex() for bank in pcr.BANKS})


def cmdline_of(uki: Path) -> str:
    with TemporaryDirectory() as scratch:
        section = Path(scratch, "cmdline")
        parts.run(["objcopy", "--dump-section", f".cmdline={section}", uki, Path(scratch, "copy")])
        return section.read_bytes().rstrip(b"\0\n").decode()


def usr_partition(disk: Path, line: str, root_hash: str) -> gpt.Partition:
    """The one named, or the one that the Discoverable Partitions Specification derives from the root hash."""
    named = value(line, "systemd.verity_usr_data")
    uuid = named.removeprefix("PARTUUID=") if named else root_hash[:32]
    found = [p for p in gpt.read(disk).partitions if p.uuid.hex == uuid.replace("-", "").lower()]
    if len(found) != 1:
        raise PredictionError(f"{disk}: {len(found)} partitions with the UUID {uuid}")
    return found[0]


def policy_of(disk: Path, line: str, root_hash: str, selinux_dir: str) -> bytes:
    """The bytes of the only policy in the image's erofs, taken out by erofs-utils."""
    partition = usr_partition(disk, line, root_hash)
    parts.ROOM.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=parts.ROOM, prefix=".predict-") as scratch:
        usr, tree = Path(scratch, "usr"), Path(scratch, "tree")
        copy_out(disk, partition, usr)
        # A pipe, not a terminal or a log: it names each file it cannot give its owner.
        done = subprocess.run([program("fsck.erofs"), f"--extract={tree}", "--no-preserve", usr], text=True,
                              capture_output=True, check=False)
        if done.returncode != 0:
            raise PredictionError(f"fsck.erofs cannot read partition {partition.number} of {disk}: "
                                  f"{done.stderr.strip()[-500:]}")
        config = (tree / selinux_dir / "config").read_text()
        kind = re.search(r"^SELINUXTYPE=(\S+)$", config, re.M)
        if kind is None:
            raise PredictionError(f"/usr/{selinux_dir}/config of {disk} names no SELINUXTYPE")
        policies = sorted((tree / selinux_dir / kind[1] / "policy").glob("policy.*"))
        if len(policies) != 1:
            raise PredictionError(f"expected one policy in /usr of {disk}, saw {[p.name for p in policies]}")
        return policies[0].read_bytes()


def copy_out(disk: Path, partition: gpt.Partition, target: Path) -> None:
    with open(disk, "rb") as source, open(target, "wb") as file:
        left = partition.size
        source.seek(partition.offset)
        while left > 0 and (chunk := source.read(min(CHUNK, left))):
            file.write(chunk)
            left -= len(chunk)


def run_apart(disk: Path, uki: Path, floor: Path) -> dict[str, Any]:
    """In a process of its own, which is given nothing else."""
    command = Path(__file__).resolve().parents[1] / "predict"
    done = subprocess.run([command, "--disk", disk, "--uki", uki, "--floor", floor], text=True,
                          capture_output=True, check=False, env={"PATH": os.environ.get("PATH", "")})
    if done.returncode != 0:
        raise PredictionError(done.stderr.strip())
    result = json.loads(done.stdout)
    assert isinstance(result, dict)
    return result


def main(argv: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="predict", allow_abbrev=False, description=(
        "Prints PCR 13 of a boot, in every bank, before it happens. Give a built image and one of its kernels, "
        "or the three files."))
    p.add_argument("image", metavar="IMAGE", nargs="?", type=Path, help="its directory, or its name in build/images")
    p.add_argument("kernel", metavar="KERNEL", nargs="?", help="cloud, generic or bpo")
    p.add_argument("--disk", metavar="D", type=Path)
    p.add_argument("--uki", metavar="U", type=Path)
    p.add_argument("--floor", metavar="F", type=Path)
    args = p.parse_args(argv)
    files = [args.disk, args.uki, args.floor]
    if args.kernel and not any(files):
        directory = args.image if args.image.is_dir() else parts.IMAGES / args.image
        files = [directory / "disk.raw", directory / f"node-{args.kernel}.efi", directory / "floor.conf"]
    elif args.image or not all(files):
        p.error("give IMAGE and KERNEL, or --disk, --uki and --floor")
    try:
        print(json.dumps(asdict(predict(*files)), indent=1))
    except (PredictionError, gpt.GptError, parts.Trouble, OSError, ValueError) as e:
        print(f"predict: {e}", file=sys.stderr)
        return 1
    return 0
