# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole comparison: who takes part boots in turn, so that what else the machine does meets all of them."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any, Callable

from machine.spec import Trouble
from rows import parts

from . import contenders, disk, measure, peers
from .contenders import Boot
from .quick import OUT, sizes

MEMORY_STEP_MIB = 8
MEMORY_FROM_MIB, MEMORY_TO_MIB = 64, 256


class Run:
    def __init__(self, init: Path, names: list[str], output: Path) -> None:
        self.init, self.names, self.output = init, names, output
        self.disk = disk.make()
        self.modules: list[str] = []
        self.results: dict[str, Any] = {
            "date": date.today().isoformat(), "kernel": parts.kernel(contenders.FLAVOUR).release, "cpus": os.cpu_count(),
            "icount": [], "clock": [], "least_memory_mib": {}, "bytes": {}}

    def keep(self) -> None:
        """What an earlier run has measured and this one does not."""
        if self.output.exists():
            self.results = {**json.loads(self.output.read_text()), "date": self.results["date"]}

    def boot_of(self, name: str) -> Boot:
        if name == "A":
            return contenders.verinit(self.disk, self.init)
        if name == "C":
            return contenders.floor(self.disk, self.loaded())
        return peers.boot(self.disk, name)

    def sample(self, name: str, **how: Any) -> measure.Sample:
        s = measure.run(self.boot_of(name), self.disk, OUT / "vm", **how)
        if name == "A":
            self.modules = s.modules
        return s

    def loaded(self) -> list[str]:
        """The modules of A, which are those of C."""
        return self.modules or next(s["modules"] for s in self.results["icount"] if s["name"] == "A")

    def save(self) -> None:
        self.output.parent.mkdir(parents=True, exist_ok=True)
        new = self.output.with_suffix(".new")
        new.write_text(json.dumps(self.results, indent=1) + "\n")
        new.rename(self.output)

    def rounds(self, kind: str, boots: int, icount: bool) -> None:
        self.results[kind] = []
        for turn in range(boots):
            for name in self.names:
                load = os.getloadavg()[0]
                s = self.sample(name, icount=icount, timeout=900)
                print(f"{kind} {turn + 1}/{boots} {name}: {s.span_us / 1e6:.3f} s", flush=True)
                self.results[kind].append({"turn": turn, "host_load": round(load, 1), **s.to_json()})
                self.save()

    def least_memory(self) -> None:
        """In steps, by halving: what boots with so much is taken to boot with more."""
        for name in self.names:
            low, high = MEMORY_FROM_MIB // MEMORY_STEP_MIB, MEMORY_TO_MIB // MEMORY_STEP_MIB
            while low < high:
                middle = (low + high) // 2
                low, high = (low, middle) if self._boots_with(name, middle * MEMORY_STEP_MIB) else (middle + 1, high)
            self.results["least_memory_mib"][name] = low * MEMORY_STEP_MIB
            print(f"least memory {name}: {low * MEMORY_STEP_MIB} MiB", flush=True)
            self.save()

    def _boots_with(self, name: str, mib: int) -> bool:
        try:
            self.sample(name, icount=False, memory=str(mib), timeout=240)
        except Trouble:
            return False
        return True


PARTS = ("icount", "clock", "memory")


def run(init: Path, names: list[str], boots: dict[str, int], wanted: list[str], output: Path) -> int:
    r = Run(init, names, output)
    steps: dict[str, Callable[[], None]] = {
        "icount": lambda: r.rounds("icount", boots["icount"], True),
        "clock": lambda: r.rounds("clock", boots["clock"], False),
        "memory": r.least_memory}
    if set(wanted) != set(PARTS):
        r.keep()
    for part in PARTS:
        if part in wanted:
            steps[part]()
    r.results["bytes"] = {**sizes(r.disk, init), "kernel": parts.kernel(contenders.FLAVOUR).vmlinuz.stat().st_size,
                          **{f"initramfs {name}": r.boot_of(name).initrd.stat().st_size for name in names}}
    # What is booted here is packed faster than what is shipped.
    r.results["bytes"]["initramfs A"] = r.results["bytes"]["initramfs_bytes"]
    r.save()
    print(f"wrote {output}")
    return 0
