# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where images, kernels and the rows' own parts are."""

from __future__ import annotations

import filecmp
import subprocess
from pathlib import Path
from typing import Sequence

from imagelib.image import OUT as IMAGES
from imagelib.image import Image, Kernel, load
from imagelib.store import TOP, BuildError, Store, digests, file_digest, locked
from imagelib.toolstree import Tools, host
from machine import process
from machine.spec import Trouble

ROOM = TOP / "build/vm"
VERINIT = TOP / "build/release/verinit"
INIT = TOP / "build/release/init"

# The variant whose directory has every kernel.
KERNELS = "discoverable"


def store() -> Store:
    """Parts that rows make once: kept under a key of what went into them."""
    return Store(ROOM / ".parts")


def image(variant: str) -> Image:
    try:
        return load(variant)
    except FileNotFoundError as e:
        raise Trouble(f"{e.filename} is missing: run tests/qemu/image build --all") from None


def kernel(flavour: str) -> Kernel:
    return image(KERNELS).kernels[flavour]


def modules(flavour: str) -> Path:
    """lib/modules/RELEASE of exactly this kernel: an older build of the same release may lie beside it."""
    wanted = kernel(flavour)
    for directory in sorted(IMAGES.glob(f"stages/kernels-*/{flavour}")):
        if filecmp.cmp(directory / "vmlinuz", wanted.vmlinuz, shallow=False):
            return directory / "lib/modules" / wanted.release
    raise Trouble(f"no modules of {wanted.release} ({flavour}) in {IMAGES}/stages: "
                  "run tests/qemu/image build --all")


def tools() -> Path:
    """The tree of trixie's programs that made the images."""
    found = sorted(IMAGES.glob("stages/tools-*/tree"), key=lambda tree: tree.stat().st_mtime)
    if not found:
        raise Trouble(f"no tools tree in {IMAGES}/stages: run tests/qemu/image build --all")
    return found[-1]


def tool(command: Sequence[str | Path]) -> str:
    """A program of that tree; one at a time, since entering it makes and removes directories there."""
    with locked(IMAGES / ".tools.lock"):
        try:
            return Tools(tools()).run(list(command))
        except BuildError as e:
            raise Trouble(str(e)) from None


def inside(path: Path) -> str:
    """A path as a program of the tools tree sees it."""
    return host(path)


def keys_digest() -> str:
    return file_digest(image(KERNELS).db_cert)


def sources(*paths: Path) -> dict[str, str]:
    return digests(*paths)


def run(command: Sequence[str | Path], stdin: str | None = None) -> str:
    """A helper program's output; its own words are part of the error."""
    name = str(command[0])
    done = subprocess.run([process.program(name), *map(str, command[1:])], input=stdin, text=True, check=False,
                          capture_output=True)
    if done.returncode != 0:
        raise Trouble(f"{name} failed with {done.returncode}: {' '.join(map(str, command))}\n"
                      f"{(done.stdout + done.stderr).strip()}")
    return done.stdout


def compile_static(target: Path, *sources: Path) -> None:
    """A program for a guest, which has no library of ours."""
    run(["cc", "-std=c17", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-Os", "-static", "-s", "-o", target, *sources])


def succeeds(command: Sequence[str | Path]) -> bool:
    """A helper program whose exit status is the answer."""
    return process.succeeds(command)
