# SPDX-License-Identifier: LGPL-2.1-or-later
"""A run of several boots in instructions, each under a label, and the initramfs for it as `verinit initrd build` makes it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from imagelib.store import file_digest
from rows import parts
from rows.initrd import floor_text

from . import contenders, measure
from .contenders import FEATURES, FLOOR_OF_VERINIT, Boot
from .disk import Disk
from .quick import OUT


def initramfs(disk: Disk, init: Path, modules: Path, compress: str = "zstd", words: str = "") -> Path:
    """A's, of these modules, as small as `compress` makes it; for the usual command line, if not for `words`."""
    words = words or contenders.cmdline(disk, False)
    inputs = {"init": file_digest(init), "verinit": file_digest(parts.VERINIT), "words": words, "compress": compress,
              "modules": str(modules.relative_to(parts.TOP)), "source": file_digest(Path(__file__))}

    def build(out: Path) -> None:
        (out / "floor.conf").write_text(floor_text({**FLOOR_OF_VERINIT, "selinux": "allow"}))
        parts.run([parts.VERINIT, "initrd", "build", "--quiet", "--init", init, "--modules-dir", modules, "--cmdline", words,
                   "--floor", out / "floor.conf", *(f"--feature={name}" for name in FEATURES), "--compress", compress,
                   "--output", out / "initrd"])
    return parts.store().stage(f"bench-counted-{compress}", inputs, build) / "initrd"


def total(sample: dict[str, Any]) -> float:
    """Instructions of all tasks from the kernel's first to the host's first act."""
    return 1000.0 * (sample["start_us"] + sample["span_us"] - sample["idle_us"])


class Run:
    """Samples in `results["icount"]`, written after each."""

    def __init__(self, output: Path, results: dict[str, Any]) -> None:
        self.output, self.results = output, {**results, "icount": []}

    def boot(self, label: str, boot: Boot, disk: Disk) -> measure.Sample:
        load = os.getloadavg()[0]
        sample = measure.run(boot, disk, OUT / "vm", icount=True, timeout=900)
        row = {"label": label, "host_load": round(load, 1), "initramfs_bytes": boot.initrd.stat().st_size, **sample.to_json()}
        print(f"{label}: {total(row) / 1e6:.1f} M from the kernel's start, /init after {sample.start_us / 1000:.1f} M", flush=True)
        self.results["icount"].append(row)
        self.save()
        return sample

    def save(self) -> None:
        self.output.parent.mkdir(parents=True, exist_ok=True)
        new = self.output.with_suffix(".new")
        new.write_text(json.dumps(self.results, indent=1) + "\n")
        new.rename(self.output)
