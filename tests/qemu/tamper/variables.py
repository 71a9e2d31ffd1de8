# SPDX-License-Identifier: LGPL-2.1-or-later
"""EFI variables that were there before the boot: what root of the last boot could have left."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from imagelib.image import Image
from imagelib.store import file_digest
from machine import firmware
from machine.spec import BootSpec
from machine.vm import Machine
from rows import parts

SYSTEMD = "8cf2644b-4b0b-428f-9387-6d876050dc67"
LOADER = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
VERINIT = "fb83e530-e324-4175-ae84-dd2dce5ddc63"
# Non-volatile, boot services, run time: what root can make.
NV = 7


@dataclass(frozen=True)
class Variable:
    name: str
    data: bytes
    guid: str = LOADER
    attributes: int = NV


def text(name: str, value: str, guid: str = LOADER) -> Variable:
    return Variable(name, value.encode("utf-16-le") + b"\0\0", guid)


def of_second_boot(image: Image) -> Path:
    """The store after the firmware of such a machine has run once with the image as it is: it need not find and write down all
    it has in each row, which is a third of the row's time. The first boot ends where the UKI would begin."""
    inputs = {"variables": file_digest(image.variables), "root_hash": image.root_hash,
              "uki": file_digest(image.kernels[image.default_kernel].uki), "source": parts.sources(Path(__file__))}

    def build(out: Path) -> None:
        with Machine(BootSpec(out=out / "boot", disk=image.disk, vars=image.variables, memory="512", cpus=1)) as machine:
            machine.wait_for("BdsDxe: starting ")
        (out / "boot/vars.fd").rename(out / "vars.fd")
        shutil.rmtree(out / "boot")
    return parts.store().stage(f"variables-{image.variant}", inputs, build) / "vars.fd"


def not_enrolled() -> Path:
    """The store of a machine in which nobody has turned Secure Boot on."""
    return firmware.find(firmware.EMPTY_VARS)


def planted(store: Path, variables: tuple[Variable, ...], target: Path) -> Path:
    """A copy of the variable store with these in it."""
    script = target.with_suffix(".json")
    script.write_text(json.dumps({"version": 2, "variables": [
        {"name": v.name, "guid": v.guid, "attr": v.attributes, "data": v.data.hex()} for v in variables]}))
    parts.tool(["virt-fw-vars", "-i", parts.inside(store), "-o", parts.inside(target),
                "--set-json", parts.inside(script)])
    script.unlink()
    return target
