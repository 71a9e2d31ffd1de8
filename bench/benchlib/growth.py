# SPDX-License-Identifier: LGPL-2.1-or-later
"""How verinit's instructions grow with what a machine has: disks, partitions, the size of /usr, modules that nobody needs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable

from rows import parts

from . import contenders, disk, measure
from .contenders import FEATURES
from .disk import MIB, Disk
from .prove import MODULES
from .quick import OUT

SCSI_FEATURES = tuple("virtio-scsi" if name == "virtio-blk" else name for name in FEATURES)
# Linux data.
OTHER_TYPE = "0fc63daf-8483-4772-8e79-3d69d8477de4"


@dataclass(frozen=True)
class Point:
    x: int
    disk: Disk
    how: dict[str, Any]         # of contenders.verinit()
    machine: dict[str, Any]     # of measure.run()


def other_disk(partitions: int) -> Path:
    """A disk that is none of ours, with so many partitions."""
    def build(out: Path) -> None:
        path = out / "disk.raw"
        with open(path, "wb") as file:
            file.truncate((partitions + 2) * MIB)
        script = ["label: gpt", "table-length: 128", *(f"start={i}MiB, size=1MiB, type={OTHER_TYPE}" for i in range(1, partitions + 1))]
        parts.run(["sfdisk", "--quiet", path], stdin="\n".join((*script, "")))
    return parts.store().stage(f"bench-other-{partitions}", {"partitions": partitions}, build) / "disk.raw"


def disks(on: Disk) -> list[Point]:
    """By virtio-scsi, which takes so many; the boot disk is one of them."""
    return [Point(n, on, {"features": SCSI_FEATURES}, {"bus": "virtio-scsi", "extra_disks": (other_disk(1),) * (n - 1)})
            for n in (1, 4, 16, 64)]


def partitions(on: Disk) -> list[Point]:
    """Of a second disk."""
    return [Point(n, on, {}, {"extra_disks": (other_disk(n),)}) for n in (1, 32, 128)]


def usr_mib(_: Disk) -> list[Point]:
    """As ext4, which can be large and empty; the tree is hashed all the same."""
    return [Point(mib, disk.make(usr_mib=mib), {}, {}) for mib in (128, 512, 2048, 8192)]


def pci_drivers() -> list[str]:
    """Of the kernel, those that some PCI device asks for; in the order of their names."""
    text = (parts.modules(contenders.FLAVOUR) / "modules.alias").read_text()
    return sorted(set(re.findall(r"^alias pci:\S+ (\S+)$", text, re.M)))


def modules(on: Disk) -> list[Point]:
    """Packed and not needed by this machine; x counts what is packed beside the usual."""
    drivers = pci_drivers()
    return [Point(n, on, {"options": tuple(f"--module={name}" for name in drivers[:n])}, {})
            for n in (0, 10, 25, 50, 100, 200) if n <= len(drivers)]


AXES: dict[str, Callable[[Disk], list[Point]]] = {"disks": disks, "partitions": partitions, "modules": modules, "usr_mib": usr_mib}


def run(init: Path, axes: list[str], output: Path) -> int:
    on = disk.make()
    before = measure.run(contenders.bare(on, MODULES), on, OUT / "vm", icount=True, timeout=900).idle_before_us
    assert before is not None
    results: dict[str, Any] = {"kernel": parts.kernel(contenders.FLAVOUR).release, "idle_before_us": before, "axes": {}}
    for axis in axes:
        rows = results["axes"].setdefault(axis, [])
        for point in AXES[axis](on):
            boot = replace(contenders.verinit(point.disk, init, **point.how), name=f"A {axis} {point.x}")
            s = measure.run(boot, point.disk, OUT / "vm", icount=True, timeout=900, **point.machine)
            rows.append({"x": point.x, "instructions": 1000 * s.busy_us(before), **s.to_json()})
            print(f"{axis} {point.x}: {s.busy_us(before) / 1000:.1f} M", flush=True)
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text(json.dumps(results, indent=1) + "\n")
    print(f"wrote {output}")
    return 0
