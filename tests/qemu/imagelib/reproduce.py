# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same image from a second build, in another place and for another user's settings."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .build import Places
from .image import Image, load
from .store import BuildError, file_digest, say
from .uki import InitrdMaker

VARIANT = "discoverable"

FIRST = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "umask": "022"}
SECOND = {"TZ": "Pacific/Apia", "LC_ALL": "tr_TR.UTF-8", "umask": "077"}


def run(places: Places, second: Path, maker: InitrdMaker, program: str) -> int:
    """0 when both agree; packages, tools and keys are shared, everything else is made again."""
    shutil.rmtree(second, ignore_errors=True)
    second.mkdir(parents=True)
    before = maker.inputs()
    _build(program, places, places.out, maker, FIRST)
    say(f"second build in {second}: {SECOND}")
    _build(program, places, second, maker, SECOND)
    if maker.inputs() != before:
        raise BuildError("verinit was built anew between the two builds: run it again")
    return compare(places.out, second)


def _build(program: str, places: Places, out: Path, maker: InitrdMaker,
           settings: dict[str, str]) -> None:
    command = [sys.executable, program, "build", "--variant", VARIANT, "--out", str(out),
               "--debs", str(places.debs), "--shared", str(places.shared)]
    if maker.command:
        command += ["--initrd-command", maker.command]
    if maker.prebuilt:
        command += ["--initrd", str(maker.prebuilt)]
    environment = dict(os.environ, TZ=settings["TZ"], LC_ALL=settings["LC_ALL"])
    done = subprocess.run(command, env=environment, umask=int(settings["umask"], 8),
                          stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise BuildError(f"the build in {out} failed: see above")


def facts(out: Path, image: Image) -> dict[str, str]:
    """What must agree, by name. Partitions as they are on the disk, whatever the stages hold."""
    node = out / "stages" / json.loads((image.directory / "key.json").read_text())["node"]
    found = {"root hash": image.root_hash, "SELinux policy": image.policy_sha256,
             "usr": _partition_digest(image, "usr"),
             "usr-verity": _partition_digest(image, "usr-verity"),
             "root.ext4": file_digest(node / "root.ext4")}
    for name, kernel in image.kernels.items():
        found[f"initrd-{name}"] = file_digest(kernel.initrd)
        found[f"node-{name}.unsigned.efi"] = file_digest(kernel.unsigned)
        found[f"PCR 11 of {name}"] = kernel.ready["sha256"]
    return found


def _partition_digest(image: Image, name: str) -> str:
    partition = image.partitions[name]
    with image.disk.open("rb") as disk:
        disk.seek(partition.offset)
        return hashlib.sha256(disk.read(partition.content)).hexdigest()


def compare(first: Path, second: Path) -> int:
    """0 when the two images agree in every fact; prints each."""
    ours, theirs = (facts(out, load(VARIANT, out)) for out in (first, second))
    differing = [name for name in ours if ours[name] != theirs.get(name)]
    for name, value in ours.items():
        if name in differing:
            print(f"DIFFERS  {name:28} {value}\n{'':37} {theirs.get(name)}")
        else:
            print(f"same     {name:28} {value}")
    if differing:
        print(f"image: not reproducible: {', '.join(differing)}; compare {first} and {second}",
              file=sys.stderr)
    return 1 if differing else 0
