# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks made for one machine: a UKI put into an ESP.

`--uki` works on a sparse copy of the disk rather than on a qcow2 overlay: mtools writes into a raw
file at the partition's offset, whereas an overlay needs a block device (qemu-nbd, so root and a
module) or the ESP to be extracted, edited and written back. The copy shares blocks where the file
system can, and is gone with the machine.
"""

from __future__ import annotations

from pathlib import Path

from . import gpt
from .process import run, succeeds
from .spec import Trouble

BOOT_PATH = "EFI/BOOT/BOOTX64.EFI"
COMPONENTS = f"{BOOT_PATH}.extra.d/pcrlock.d"
ALIGN = 1 << 20
ESP_SLACK = 34 << 20
MTOOLS = {"MTOOLS_SKIP_CHECK": "1"}


def image_format(path: Path) -> str:
    """Only from the magic: a raw disk that begins like qcow2 is nobody's boot disk."""
    with open(path, "rb") as image:
        return "qcow2" if image.read(4) == b"QFI\xfb" else "raw"


def with_uki(disk: Path | None, uki: Path, copy: Path) -> None:
    """`copy` becomes `disk` with `uki` as its boot loader, or a disk of nothing but an ESP."""
    try:
        if disk is None:
            offset = _make_esp_disk(copy, uki.stat().st_size)
        else:
            offset = _copy_disk(disk, copy)
        _put_uki(copy, offset, uki)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise


def _copy_disk(disk: Path, copy: Path) -> int:
    if image_format(disk) != "raw":
        raise Trouble(f"--uki needs a raw disk, and {disk} is qcow2: "
                      "run qemu-img convert -O raw on it first")
    try:
        esp = gpt.read(disk).find(type=gpt.ESP)
    except gpt.GptError as e:
        raise Trouble(f"--uki needs a disk with one EFI System Partition; {e}. "
                      "Leave --disk out for a disk of its own, or use --extra-disk") from None
    run(["cp", "--reflink=auto", "--sparse=always", disk, copy], f"copying {disk}")
    return esp.offset


def _make_esp_disk(copy: Path, uki_bytes: int) -> int:
    esp_bytes = -(-(uki_bytes + ESP_SLACK) // ALIGN) * ALIGN
    with open(copy, "wb") as image:
        image.truncate(esp_bytes + 2 * ALIGN)
    run(["sfdisk", "--quiet", copy], f"partitioning {copy}",
        stdin=f"label: gpt\nstart=1MiB, size={esp_bytes >> 20}MiB, type={gpt.ESP}\n")
    run(["mformat", "-i", f"{copy}@@{ALIGN}", "-F", "-T", str(esp_bytes // 512), "::"],
        "formatting the ESP")
    return ALIGN


def _put_uki(copy: Path, offset: int, uki: Path) -> None:
    esp = f"{copy}@@{offset}"
    parent = Path(BOOT_PATH).parent
    for directory in (parent.parent, parent):
        # mmd fails on a directory that exists, even when told to skip it (mtools 4.0.32).
        if not succeeds(["mdir", "-b", "-i", esp, f"::/{directory}"], env=MTOOLS):
            run(["mmd", "-i", esp, f"::/{directory}"], f"{esp}: making /{directory}", env=MTOOLS)
    # What was predicted of the UKI that goes, goes with it: systemd-pcrlock would miss it in the log.
    if succeeds(["mdir", "-b", "-i", esp, f"::/{COMPONENTS}"], env=MTOOLS):
        run(["mdeltree", "-i", esp, f"::/{COMPONENTS}"], f"{esp}: removing /{COMPONENTS}", env=MTOOLS)
    run(["mcopy", "-D", "o", "-i", esp, uki, f"::/{BOOT_PATH}"],
        f"putting {uki} ({uki.stat().st_size} bytes) into the ESP of {copy}", env=MTOOLS)
