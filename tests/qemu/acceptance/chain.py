# SPDX-License-Identifier: LGPL-2.1-or-later
"""shim, systemd-boot, the UKI and its add-ons, as Azure Container Linux has them; shim is signed with the key of the test images."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

from imagelib.build import Places
from imagelib.debian import Debian
from imagelib.image import Image
from imagelib.store import Store, file_digest
from machine.disk import BOOT_PATH
from machine.spec import BootSpec, Trouble
from rows import fallback, parts
from rows.row import Room
from tamper.case import Setup
from tamper.looks import uki_on
from tamper.medium import put

# Where shim looks for what it starts, and systemd-boot for images.
SECOND_STAGE = "EFI/BOOT/grubx64.efi"
UKI = "EFI/Linux/node.efi"
PACKAGE, SHIM = "shim-unsigned", "usr/lib/shim/shimx64.efi"


def shim() -> Path:
    """Debian's, out of its package."""
    places = Places()
    debian = Debian(Store(places.shared), places.debs)
    package = next(p for p in debian.resolve([PACKAGE]) if p.name == PACKAGE)
    inputs = {"package": str(package), "keys": parts.keys_digest(), "source": file_digest(Path(__file__))}

    def build(out: Path) -> None:
        archive, = debian.fetch([package])
        done = subprocess.run(["dpkg-deb", "--extract", archive, out / "tree"], text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise Trouble(f"dpkg-deb cannot unpack {archive}: {done.stderr.strip()}")
        fallback.sign(out / "tree" / SHIM, out / "shimx64.efi")
    return parts.store().stage("shim", inputs, build) / "shimx64.efi"


def loaders(image: Image) -> tuple[Path, ...]:
    return shim(), fallback.loader(image)


def prepare(setup: Setup, name: str, room: Room) -> BootSpec:
    """The row's disk, on which the UKI and its add-ons move from where the firmware starts them to where systemd-boot does."""
    image = parts.image(setup.image)
    spec = replace(setup, medium=replace(setup.medium, esp={})).prepare(name, room)
    assert spec.disk is not None
    uki = uki_on(spec.disk, room.out / "node.efi")
    for source, path in zip((*loaders(image), uki), (BOOT_PATH, SECOND_STAGE, UKI)):
        put(spec.disk, image, source, path)
    uki.unlink()
    for path, make in setup.medium.esp.items():
        put(spec.disk, image, make(), path.replace(BOOT_PATH, UKI))
    return spec
