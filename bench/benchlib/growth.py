# SPDX-License-Identifier: LGPL-2.1-or-later
"""How instructions grow with what a machine has: disks, partitions, the size of /usr, drivers that nobody needs, the policy, banks of
the TPM. A and C boot at each point, since the kernel's own share grows too: what is between the two is verinit's."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable

from rows import parts

from . import contenders, disk, measure
from .contenders import FEATURES, SELINUX_WORDS, TRACE_TASKS, Boot, Work
from .disk import MIB, Disk
from .quick import OUT

SCSI_FEATURES = tuple("virtio-scsi" if name == "virtio-blk" else name for name in FEATURES)
# Linux data.
OTHER_TYPE = "0fc63daf-8483-4772-8e79-3d69d8477de4"
BANKS = ("sha256", "sha384", "sha512", "sha1")


@dataclass(frozen=True)
class Point:
    x: int
    disk: Disk
    how: dict[str, Any] = field(default_factory=dict)         # of contenders.verinit()
    machine: dict[str, Any] = field(default_factory=dict)     # of measure.run()
    banks: int = 0                                            # of the TPM, if there is one


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
    return [Point(n, on.called("sda"), {"features": SCSI_FEATURES}, {"bus": "virtio-scsi", "extra_disks": (other_disk(1),) * (n - 1)})
            for n in (1, 4, 16, 64)]


def partitions(on: Disk) -> list[Point]:
    """Of a second disk."""
    return [Point(n, on, machine={"extra_disks": (other_disk(n),)}) for n in (1, 32, 128)]


def usr_mib(_: Disk) -> list[Point]:
    """As ext4, which can be large and empty; the tree is hashed all the same."""
    return [Point(mib, disk.make(usr_mib=mib)) for mib in (128, 512, 2048, 8192)]


def drivers() -> list[str]:
    """Of the kernel, those that some device asks for; in the order of their names."""
    text = (parts.modules(contenders.FLAVOUR) / "modules.alias").read_text()
    return sorted(set(re.findall(r"^alias \w+:\S+ (\S+)$", text, re.M)))


def modules(on: Disk) -> list[Point]:
    """Packed; x counts what is packed beside the usual. Of what this machine happens to have a device for A loads it, and so C does."""
    return [Point(n, on, {"options": tuple(f"--module={name}" for name in drivers()[:n])}) for n in (0, 10, 25, 50, 100, 200)]


def policy_kib(on: Disk) -> list[Point]:
    """Without one, the smallest, Debian's. C has the kernel with SELinux in it, too, and loads none."""
    kept = [(disk.policy_bytes(name) // 1024, name) for name in ("small", "full")]
    return [Point(0, on), *(Point(kib, disk.make(policy=name), {"selinux": True}) for kib, name in kept)]


def banks(on: Disk) -> list[Point]:
    return [Point(n, on, {"firmware": True}, banks=n) for n in range(1, len(BANKS) + 1)]


AXES: dict[str, Callable[[Disk], list[Point]]] = {"disks": disks, "partitions": partitions, "modules": modules, "usr_mib": usr_mib,
                                                  "policy_kib": policy_kib, "banks": banks}


def tpm_with(count: int) -> Path:
    """The state of a new TPM with so many banks, for one boot."""
    def build(out: Path) -> None:
        parts.run(["swtpm_setup", "--tpm2", "--tpmstate", f"dir://{out}", "--pcr-banks", ",".join(BANKS[:count]), "--overwrite"])
    made, copy = parts.store().stage(f"bench-tpm-{count}", {"banks": BANKS[:count]}, build), OUT / "tpm"
    shutil.rmtree(copy, ignore_errors=True)
    return Path(shutil.copytree(made, copy))


def _boot(point: Point, boot: Boot, axis: str) -> measure.Sample:
    boot = replace(boot, name=f"{boot.name} {axis} {point.x}")
    state = {"tpm_state": tpm_with(point.banks)} if point.banks else {}
    return measure.run(contenders.as_uki(boot) if point.banks else boot, point.disk, OUT / "vm", icount=True, timeout=900,
                       **point.machine, **state)


def measure_point(point: Point, init: Path, axis: str) -> dict[str, Any]:
    words = [SELINUX_WORDS] if point.how.get("selinux") else []
    ours = _boot(point, contenders.verinit(point.disk, init, more=TRACE_TASKS, **point.how), axis)
    bare = _boot(point, contenders.bare(point.disk, Work.of(ours.to_json()), more=" ".join((*words, TRACE_TASKS))), axis)
    a, c = (1000 * (s.traced[0] - s.traced[1]) for s in (ours, bare))
    print(f"{axis} {point.x}: A {a / 1e6:.1f} M, C {c / 1e6:.1f} M", flush=True)
    return {"x": point.x, "a": a, "c": c, "samples": [ours.to_json(), bare.to_json()]}


def run(init: Path, axes: list[str], output: Path) -> int:
    on = disk.make()
    results: dict[str, Any] = json.loads(output.read_text()) if output.exists() else {"axes": {}}
    results["kernel"] = parts.kernel(contenders.FLAVOUR).release
    for axis in axes:
        rows = results["axes"][axis] = []
        for point in AXES[axis](on):
            rows.append(measure_point(point, init, axis))
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text(json.dumps(results, indent=1) + "\n")
    print(f"wrote {output}")
    return 0
