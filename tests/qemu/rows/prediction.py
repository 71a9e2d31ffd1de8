# SPDX-License-Identifier: LGPL-2.1-or-later
"""PCRs of a boot that has not happened: `verinit measure predict`, in a process that has only been given the files it needs.

image.json is not read: it was written by the builder, and a mistake of its would be on both sides of the comparison.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Iterator

from machine import gpt, pcr
from machine.process import program

from . import parts
from .words import value

CHUNK = 4 << 20
PCRS = ("4", "7", "9", "11", "12", "13")
MEASUREMENTS = "measurements.json"
READY = "enter-initrd:leave-initrd:sysinit:ready"
HANDED_OVER = "enter-initrd:leave-initrd"
Document = dict[str, Any]


class PredictionError(Exception):
    """What is missing or does not fit together."""


@dataclass(frozen=True)
class Given:
    """All that the process sees. Of the lists each is in the order in which the boot takes them."""
    uki: Path
    policy: Path | None = None
    loaders: tuple[Path, ...] = ()
    addons: tuple[Path, ...] = ()
    credentials: tuple[Path, ...] = ()
    global_credentials: tuple[Path, ...] = ()
    sysexts: tuple[Path, ...] = ()
    confexts: tuple[Path, ...] = ()
    floor: Path | None = None
    variables: Path | None = None

    def named(self) -> Iterator[tuple[str, Path]]:
        """Options and their files."""
        for option, path in (("--uki", self.uki), ("--policy", self.policy), ("--floor", self.floor), ("--variables", self.variables)):
            if path is not None:
                yield option, path
        for option, paths in (("--loader", self.loaders), ("--addon", self.addons), ("--credential", self.credentials),
                              ("--global-credential", self.global_credentials), ("--sysext", self.sysexts),
                              ("--confext", self.confexts)):
            for path in paths:
                yield option, path


def predict(given: Given, out: Path, *options: str) -> Document:
    """OUT/measurements.json. The process starts in a directory with copies of the files, and names nothing else; its environment
    is empty."""
    room = out / "given"
    shutil.rmtree(room, ignore_errors=True)
    room.mkdir(parents=True)
    words = [str(parts.VERINIT), "measure", "predict", "--quiet", "--output", f"../{MEASUREMENTS}", *options]
    for number, (option, path) in enumerate(given.named()):
        # Names of credentials are part of what is measured.
        copy = room / f"{number}" / path.name
        copy.parent.mkdir()
        shutil.copyfile(path, copy)
        words += [option, str(copy.relative_to(room))]
    done = subprocess.run(words, cwd=room, env={}, text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise PredictionError(f"{' '.join(words)}: exit status {done.returncode}: {done.stderr.strip()}")
    shutil.rmtree(room)
    document = json.loads((out / MEASUREMENTS).read_text())
    assert isinstance(document, dict)
    return document


def note(out: Path) -> str:
    """What goes into the log of the boot before it begins."""
    return f"{MEASUREMENTS}: sha256 {hashlib.sha256((out / MEASUREMENTS).read_bytes()).hexdigest()}"


def words_of(document: Document, number: int) -> list[str]:
    return [w["word"] for w in document["words"] if w["pcr"] == number]


def cell(document: Document, bank: str, number: str, secure_boot: bool, phase: str) -> str | None:
    """None: nothing was predicted."""
    found = document["pcrs"].get(bank, {}).get(number)
    if isinstance(found, dict):
        found = found.get(f"secure_boot_{'on' if secure_boot else 'off'}")
    if isinstance(found, list):
        found = {row["phase"]: row["value"] for row in found}.get(phase)
    assert found is None or isinstance(found, str)
    return found


def differences(document: Document, seen: dict[str, dict[str, str]], secure_boot: bool, phase: str,
                numbers: tuple[str, ...] = PCRS) -> Iterator[str]:
    """Each cell whose value was read and is not the predicted one, or was not predicted, or not read."""
    for bank in pcr.BANKS:
        for number in numbers:
            wanted = cell(document, bank, number, secure_boot, phase)
            read = seen.get(bank, {}).get(number)
            if wanted is None or read is None or wanted != read.lower():
                yield f"PCR {number}, {bank}: predicted {wanted or 'nothing'}, read {read and read.lower() or 'nothing'}"


# The policy, out of a disk.

def cmdline_of(uki: Path) -> str:
    with TemporaryDirectory() as scratch:
        section = Path(scratch, "cmdline")
        parts.run(["objcopy", "--dump-section", f".cmdline={section}", uki, Path(scratch, "copy")])
        return section.read_bytes().rstrip(b"\0\n").decode()


def usr_partition(disk: Path, line: str) -> gpt.Partition:
    """The one named, or the one that the Discoverable Partitions Specification derives from the root hash."""
    named, root_hash = value(line, "systemd.verity_usr_data"), value(line, "usrhash")
    if root_hash is None:
        raise PredictionError(f"no root hash on the command line: {line!r}")
    uuid = named.removeprefix("PARTUUID=") if named else root_hash[:32]
    found = [p for p in gpt.read(disk).partitions if p.uuid.hex == uuid.replace("-", "").lower()]
    if len(found) != 1:
        raise PredictionError(f"{disk}: {len(found)} partitions with the UUID {uuid}")
    return found[0]


def policy_of(disk: Path, uki: Path, selinux_dir: str, target: Path) -> Path:
    """The only policy in the image's erofs, taken out by erofs-utils."""
    partition = usr_partition(disk, cmdline_of(uki))
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
        shutil.copyfile(policies[0], target)
    return target


def copy_out(disk: Path, partition: gpt.Partition, target: Path) -> None:
    with open(disk, "rb") as source, open(target, "wb") as file:
        left = partition.size
        source.seek(partition.offset)
        while left > 0 and (chunk := source.read(min(CHUNK, left))):
            file.write(chunk)
            left -= len(chunk)


def of_disk(disk: Path, uki: Path, floor: Path, out: Path, variables: Path | None = None) -> Document:
    """Of a disk whose /usr has the policy, at the place that the floor names; everything else is in the UKI."""
    demands = dict(row.split("=", 1) for row in floor.read_text().splitlines() if row and row[0] != "#")
    with TemporaryDirectory() as scratch:
        policy = policy_of(disk, uki, demands.get("selinux-dir", "etc/selinux"), Path(scratch, "policy"))
        return predict(Given(uki, policy, variables=variables), out)


def main(argv: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="predict", allow_abbrev=False, description=(
        "Takes the SELinux policy out of a disk and prints what `verinit measure predict` says of PCR 13 in every bank, "
        "before the boot. Give a built image and one of its kernels, or the three files."))
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
        with TemporaryDirectory() as out:
            document = of_disk(*files, Path(out))
        print(json.dumps({"words": words_of(document, 13), "pcr13": {bank: document["pcrs"][bank]["13"] for bank in pcr.BANKS}},
                         indent=1))
    except (PredictionError, gpt.GptError, parts.Trouble, OSError, ValueError) as e:
        print(f"predict: {e}", file=sys.stderr)
        return 1
    return 0
