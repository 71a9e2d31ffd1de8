# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole comparison: who takes part boots in turn, so that what else the machine does meets all of them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Callable

from machine.spec import Trouble
from rows import parts

from . import contenders, disk, host, measure, peers
from .contenders import Boot, Work
from .quick import OUT

MEMORY_STEP_MIB = 4
MEMORY_FROM_MIB, MEMORY_TO_MIB = 64, 256


@dataclass(frozen=True)
class Kind:
    """A way to boot that is done with everybody in turn."""
    icount: bool = False
    firmware: bool = False      # a UKI by OVMF with Secure Boot, and a TPM
    more: str = ""              # words of the command line


KINDS = {"icount": Kind(icount=True), "clock": Kind(), "tpm": Kind(icount=True, firmware=True, more=contenders.TRACE_TASKS),
         "calls": Kind(icount=True, more=contenders.TRACE_CALLS)}
PARTS = (*KINDS, "memory", "host")


class Run:
    def __init__(self, init: Path, names: list[str], output: Path) -> None:
        self.init, self.names, self.output = init, names, output
        self.disk = disk.make()
        self.results: dict[str, Any] = {
            "date": date.today().isoformat(), "kernel": parts.kernel(contenders.FLAVOUR).release, "cpus": os.cpu_count(),
            "least_memory_mib": {}, "bytes": {}}

    def keep(self) -> None:
        """What an earlier run has measured and this one does not."""
        if self.output.exists():
            self.results = {**json.loads(self.output.read_text()), "date": self.results["date"]}

    def boot_of(self, name: str, kind: str) -> Boot:
        how = KINDS[kind]
        if name == "A":
            boot = contenders.verinit(self.disk, self.init, firmware=how.firmware, more=how.more)
        elif name == "C":
            boot = contenders.bare(self.disk, self.work(kind), more=how.more)
        else:
            boot = peers.boot(self.disk, name)
            boot = replace(boot, cmdline=f"{boot.cmdline} {how.more}".rstrip())
        return contenders.as_uki(boot) if how.firmware else boot

    def work(self, kind: str) -> Work:
        """What A has done in a boot of that kind."""
        done = [s for s in self.results.get(kind, []) if s["name"] == "A"]
        if not done:
            raise Trouble(f"C does what A has done, and there is no {kind} boot of A: name it first")
        return Work.of(done[-1])

    def save(self) -> None:
        self.output.parent.mkdir(parents=True, exist_ok=True)
        new = self.output.with_suffix(".new")
        new.write_text(json.dumps(self.results, indent=1) + "\n")
        new.rename(self.output)

    def rounds(self, kind: str, boots: int) -> None:
        self.results[kind] = []
        for turn in range(boots):
            for name in self.names:
                load = os.getloadavg()[0]
                s = measure.run(self.boot_of(name, kind), self.disk, OUT / "vm", icount=KINDS[kind].icount, timeout=900)
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
            measure.run(self.boot_of(name, "icount"), self.disk, OUT / "vm", icount=False, memory=str(mib), timeout=240)
        except Trouble:
            return False
        return True

    def host(self, boots: int) -> None:
        self.results["host"] = []
        for turn in range(boots):
            for name in self.names:
                load = os.getloadavg()[0]
                if name != "C":         # whose place is on the disk of the bench alone
                    self.results["host"].append({"turn": turn, "host_load": round(load, 1), **host.run(name, OUT / "vm")})
                    self.save()

    def sizes(self) -> None:
        """What is shipped: the program, the initramfs of this disk, and the image that the firmware boots."""
        files = {"init": self.init, "kernel": parts.kernel(contenders.FLAVOUR).vmlinuz,
                 **{f"initramfs {name}": self._initramfs(name) for name in self.names}}
        for name in self.names if self.results.get("tpm") else []:
            uki = self.boot_of(name, "tpm").uki
            assert uki is not None
            files[f"UKI {name}"] = uki
        self.results["bytes"].update({what: path.stat().st_size for what, path in files.items()})
        self.save()

    def _initramfs(self, name: str) -> Path:
        # What is booted is packed faster than what is shipped.
        return contenders.packed(self.disk, self.init) if name == "A" else self.boot_of(name, "icount").initrd


def run(init: Path, names: list[str], boots: dict[str, int], wanted: list[str], output: Path) -> int:
    """`boots`: how many of each part that has rounds."""
    r = Run(init, names, output)
    steps: dict[str, Callable[[], None]] = {"memory": r.least_memory, "host": lambda: r.host(boots["host"])}
    if set(wanted) != set(PARTS):
        r.keep()
    for part in PARTS:
        if part in wanted:
            steps.get(part, lambda: r.rounds(part, boots[part]))()
    r.sizes()
    print(f"wrote {output}")
    return 0
