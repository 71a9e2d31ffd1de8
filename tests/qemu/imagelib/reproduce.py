# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same image from a second build, in another place and for another user's settings."""

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
    _build(program, places, places.out, maker, FIRST)
    say(f"second build in {second}: {SECOND}")
    _build(program, places, second, maker, SECOND)
    return _compare(places.out, second)


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
    """What must agree, by name."""
    stages = {p.name.rsplit("-", 1)[0]: p for p in sorted((out / "stages").iterdir(),
                                                         key=lambda p: p.stat().st_mtime)}
    found = {"root hash": image.root_hash, "SELinux policy": image.policy_sha256,
             "usr.erofs": file_digest(stages["node"] / "usr.erofs"),
             "usr.verity": file_digest(stages["verity"] / "usr.verity"),
             "root.ext4": file_digest(stages["node"] / "root.ext4")}
    for name, kernel in image.kernels.items():
        found[f"initrd-{name}"] = file_digest(kernel.initrd)
        found[f"node-{name}.unsigned.efi"] = file_digest(kernel.unsigned)
        found[f"PCR 11 of {name}"] = str(sorted(kernel.pcr11.items()))
    return found


def _compare(first: Path, second: Path) -> int:
    ours, theirs = (facts(out, load(VARIANT, out)) for out in (first, second))
    differing = [name for name in ours if ours[name] != theirs[name]]
    for name, value in ours.items():
        mark = "DIFFERS" if name in differing else "same"
        print(f"{mark:8} {name:32} {value[:64]}")
    if differing:
        print(f"image: not reproducible: {', '.join(differing)}; compare {first} and {second}",
              file=sys.stderr)
    return 1 if differing else 0
