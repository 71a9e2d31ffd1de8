# SPDX-License-Identifier: LGPL-2.1-or-later
"""What it costs to unpack: A's initramfs in several forms, the same files in each, all booted by Debian's kernel."""

from __future__ import annotations

import shutil
from pathlib import Path
from statistics import median
from typing import Any

from imagelib.store import file_digest
from rows import parts

from . import contenders, counted, disk
from .contenders import FLAVOUR, Boot

# What `verinit initrd build --compress` is given, which leaves the modules as Debian has them (.ko.xz) with "none" and bare otherwise;
# then what zstd does to the archive.
FORMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "zstd -19, modules bare": ("zstd", ()),
    "zstd -3, modules bare": ("zstd", ("-d", "-3")),
    "xz, modules bare": ("xz", ()),
    "zstd -19, modules .ko.xz": ("none", ("-19",)),
    "not packed, modules .ko.xz": ("none", ()),
    "not packed, modules bare": ("zstd", ("-d",)),
}


def form(on: disk.Disk, init: Path, label: str) -> Path:
    how, steps = FORMS[label]
    packed = counted.initramfs(on, init, parts.modules(FLAVOUR), how)

    def build(out: Path) -> None:
        result = out / "initrd"
        shutil.copyfile(packed, result)
        for step in steps:
            parts.run(["zstd", "-q", step, "-o", out / "next", result])
            (out / "next").rename(result)
    name = "".join(c for c in label if c.isalnum())
    return parts.store().stage(f"bench-unpack-{name}", {"from": file_digest(packed), "steps": steps}, build) / "initrd"


def run(init: Path, boots: int, output: Path) -> int:
    on = disk.make()
    r = counted.Run(output, {"release": parts.kernel(FLAVOUR).release})
    forms = {label: form(on, init, label) for label in FORMS}
    for _ in range(boots):
        for label, initrd in forms.items():
            r.boot(label, Boot("A", initrd, contenders.cmdline(on, False)), on)
    print(f"wrote {output}")
    return 0


def table(results: dict[str, Any]) -> str:
    text = ("| A's initramfs | bytes | instructions to exec, millions | over the first | MemAvailable at the host's first act, MiB |\n"
            "|---|---:|---:|---:|---:|\n")
    labels = list(dict.fromkeys(row["label"] for row in results["icount"]))
    totals = {label: median(counted.total(row) for row in results["icount"] if row["label"] == label) for label in labels}
    for label in labels:
        row = next(row for row in results["icount"] if row["label"] == label)
        text += (f"| {label} | {row['initramfs_bytes']} | {totals[label] / 1e6:.1f} | {(totals[label] - totals[labels[0]]) / 1e6:+.1f} | "
                 f"{row['mem_available_kb'] / 1024:.1f} |\n")
    return text
