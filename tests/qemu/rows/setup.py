# SPDX-License-Identifier: LGPL-2.1-or-later
"""A boot without firmware: one of the kernels, an image's disk, an initramfs made for the row.

What firmware gives is missing then: Secure Boot and its keys, a measured log, the disk that was booted from. The floor of such
a boot says allow to exactly these (WITHOUT_FIRMWARE), and the disk is one without the signature that needs a key of the
firmware. Each difference to the image's own floor is printed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from imagelib.image import Image
from imagelib.variants import VARIANTS
from machine.spec import BootSpec

from tamper import gpt_edit

from . import parts
from .initrd import Floor, Initrd, floor_of
from .row import Room
from .words import Edit, same


WITHOUT_FIRMWARE: Floor = {"tpm": "allow", "secure-boot": "allow", "cmdline-replay": "allow", "boot-disk-only": "allow",
                           "root-hash-signature": "allow"}
# A refusal that waits ten seconds shows nothing more than one that does not.
QUICK: Floor = {"failure-delay": "0", "failure-delay-max": "0"}
SIGNATURE = "usr-verity-sig"


@dataclass(frozen=True)
class Prepared:
    spec: BootSpec
    baked: str
    floor: Floor
    relaxed: list[str]


def unsigned_disk(image: Image) -> Path:
    """The image's disk without the partition of the signature."""
    if SIGNATURE not in image.partitions:
        return image.disk
    inputs = {"root_hash": image.root_hash, "partitions": [p.partuuid for p in image.partitions.values()],
              "sources": parts.sources(Path(gpt_edit.__file__))}

    def take_out(disk: gpt_edit.Disk) -> None:
        del disk.entries[image.partitions[SIGNATURE].number]

    def build(out: Path) -> None:
        gpt_edit.edit(image.copy(out / "disk.raw"), take_out)
    return parts.store().stage(f"unsigned-{image.variant}", inputs, build) / "disk.raw"


def own_disk(image: Image, _: Path) -> Path | None:
    return unsigned_disk(image)


def no_disk(_: Image, __: Path) -> Path | None:
    return None


@dataclass(frozen=True)
class Setup:
    """`baked` makes the signed command line of the image's own, `read` what the kernel gets of the baked one.

    `floor` is laid over that of the image. `planted` and `ballast` go behind the initramfs: see Initrd; {release} in a path
    is the kernel's. `features` are packed beside the image's own, `devices` are QEMU's. `disk` may make another one in the row's directory.
    """
    image: str = "discoverable"
    kernel: str = "cloud"
    modules_of: str = ""
    baked: Edit = same
    read: Edit = same
    floor: Floor = field(default_factory=dict)
    planted: dict[str, bytes | None] = field(default_factory=dict)
    ballast: int = 0
    features: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    disk: Callable[[Image, Path], Path | None] = own_disk
    extra_disks: Callable[[], tuple[Path, ...]] = tuple
    bus: str = "virtio-blk"
    tpm: bool = False
    memory: str = "512"
    cpus: int = 1
    timeout: float = 120

    def prepare(self, name: str, room: Room, **more: object) -> Prepared:
        """`more` are fields of BootSpec that only this row has."""
        image = parts.image(self.image)
        kernel = parts.kernel(self.kernel)
        own_floor = floor_of(image)
        floor = {**own_floor, **WITHOUT_FIRMWARE, **self.floor}
        baked = self.baked(image.cmdline)
        initrd = Initrd(name=name, init=room.init, flavour=self.modules_of or self.kernel, cmdline=baked,
                        floor=floor, features=(*VARIANTS[self.image].features, *self.features),
                        planted={path.format(release=kernel.release): content
                                 for path, content in self.planted.items()},
                        ballast=self.ballast)
        room.out.mkdir(parents=True, exist_ok=True)
        spec = BootSpec(out=room.out, disk=self.disk(image, room.out), kernel=kernel.vmlinuz,
                        initrd=initrd.make(), append=self.read(baked), tpm=self.tpm, bus=self.bus,
                        extra_disks=self.extra_disks(), devices=self.devices, memory=self.memory, cpus=self.cpus, timeout=self.timeout,
                        **more)  # type: ignore[arg-type]
        return Prepared(spec, baked, floor, [*spec.relaxed, *_differences(own_floor, floor)])


def _differences(own: Floor, floor: Floor) -> list[str]:
    return [f"floor {key}={value}" for key, value in floor.items() if own.get(key) != value]
