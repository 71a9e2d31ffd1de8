# SPDX-License-Identifier: LGPL-2.1-or-later
"""What it costs to have modules: Debian's kernel, which is given them, beside a small one that has the same built in. The table of
docs/KERNEL.md."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from rows import parts

from . import contenders, counted, disk, kernel
from .contenders import FLAVOUR, Boot

KERNELS = {"debian": "Debian's cloud kernel, modules", "builtin": "small kernel, built in"}


# A kernel by tinyconfig leaves the times out of its log, by which spans are measured.
WITH_TIMES = "printk.time=1"


def _pair(r: counted.Run, on: disk.Disk, init: Path, name: str, image: Path, modules: Path) -> None:
    """A, then C with the modules that A has loaded."""
    words = f"{contenders.cmdline(on, False)} {WITH_TIMES}"
    seen = r.boot(f"{name} A", Boot("A", counted.initramfs(on, init, modules, words=words), words, image), on)
    r.boot(f"{name} C", replace(contenders.bare(on, contenders.Work(tuple(seen.modules)), directory=modules), cmdline=words, kernel=image), on)


def run(init: Path, boots: int, output: Path) -> int:
    on, made, debian = disk.make(), kernel.make(), parts.kernel(FLAVOUR)
    images = {"debian": (debian.vmlinuz, parts.modules(FLAVOUR)),
              "builtin": (made / "vmlinuz", kernel.modules(made))}
    r = counted.Run(output, {"kernels": {name: {"release": modules.name, "bytes": image.stat().st_size}
                                         for name, (image, modules) in images.items()}})
    for _ in range(boots):
        for name in KERNELS:
            _pair(r, on, init, name, *images[name])
    print(f"wrote {output}")
    return 0


def _of(results: dict[str, Any], label: str) -> list[dict[str, Any]]:
    return [row for row in results["icount"] if row["label"] == label]


def span(results: dict[str, Any], name: str, who: str) -> float:
    """Instructions from /init to the host's first act. What was idle before /init, C of the same kernel says."""
    before = median(row["idle_before_us"] for row in _of(results, f"{name} C"))
    return median(1000.0 * (row["span_us"] - (row["idle_us"] - before)) for row in _of(results, f"{name} {who}"))


def whole(results: dict[str, Any], name: str, who: str) -> float:
    return median(counted.total(row) for row in _of(results, f"{name} {who}"))


def table(results: dict[str, Any]) -> str:
    names = list(KERNELS)

    def row(what: str, cells: list[str]) -> str:
        return f"| {what} | " + " | ".join(cells) + " |\n"

    def millions(values: list[float]) -> list[str]:
        return [f"{value / 1e6:.1f}" for value in values]

    a = [_of(results, f"{name} A")[0] for name in names]
    text = row("", [KERNELS[name] for name in names]) + "|---" + "|---:" * len(names) + "|\n"
    for who in ("A", "C"):
        text += row(f"{who}: instructions, the kernel's start to exec, millions", millions([whole(results, name, who) for name in names]))
    text += row("A less C", millions([whole(results, name, "A") - whole(results, name, "C") for name in names]))
    # Not of A: with the disk's driver built in, C cannot say how much of the waiting lay before /init.
    text += row("C: instructions, /init to exec, millions", millions([span(results, name, "C") for name in names]))
    text += row("modules that A loads", [str(len(sample["modules"])) for sample in a])
    text += row("A's initramfs, bytes", [str(sample["initramfs_bytes"]) for sample in a])
    text += row("bzImage, bytes", [str(results["kernels"][name]["bytes"]) for name in names])
    text += row("bzImage and initramfs, bytes",
                [str(results["kernels"][name]["bytes"] + sample["initramfs_bytes"]) for name, sample in zip(names, a)])
    text += row("MemAvailable at the host's first act, of 1024 MiB, MiB", [f"{sample['mem_available_kb'] / 1024:.1f}" for sample in a])
    return text
