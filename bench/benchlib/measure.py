# SPDX-License-Identifier: LGPL-2.1-or-later
"""One boot of one contender, and what the kernel's own clock and the host's first looks say of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from machine.spec import BootSpec, Trouble
from machine.vm import boot
from rows import parts

from .contenders import FLAVOUR, Boot
from .disk import Disk

# Of the kernel, before its exec of PID 1 (init/main.c run_init_process()); of bench/floor.c and of tests/qemu/guest/benchhost.c.
MARK = r"^<\d+>\[ *(\d+)\.(\d{{6}})\] {}"
BEGIN, FLOOR, END = (re.compile(MARK.format(text), re.M)
                     for text in ("Run /init as init process", "verinit-bench: floor", "verinit-bench: host"))
# kernel/sched/stats.c show_schedstat(): the seventh number of a processor is what its tasks ran, in ns, the idle task left out.
ACCOUNT = re.compile(r"^cpu0(?: \d+){6} (\d+)", re.M)


@dataclass(frozen=True)
class Sample:
    """`span_us`: /init to the first act of what it executed. `idle_us`: the time until that act in which no task ran, that
    of the kernel's own start among it; `idle_before_us` the same until C's first act, which only C can say."""
    name: str
    span_us: int
    start_us: int
    idle_us: int
    idle_before_us: int | None
    faults: int
    mem_available_kb: int
    mem_free_kb: int
    modules: list[str]
    stages: dict[str, int] = field(default_factory=dict)

    def busy_us(self, idle_before_us: int) -> int:
        """Without idle time: under icount, thousands of instructions."""
        return self.span_us - (self.idle_us - idle_before_us)

    def to_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


def _us(match: re.Match[str]) -> int:
    return int(match[1]) * 1_000_000 + int(match[2])


def _text(report: dict[str, bytes], name: str) -> str:
    return report.get(name, b"").decode(errors="replace")


def _meminfo(text: str, name: str) -> int:
    found = re.search(rf"^{name}: +(\d+) kB$", text, re.M)
    return int(found[1]) if found else 0


def _idle(dmesg: str, mark: re.Pattern[str], account: str) -> int | None:
    at, ran = mark.search(dmesg), ACCOUNT.search(account)
    return _us(at) - int(ran[1]) // 1000 if at and ran else None


def sample_of(name: str, report: dict[str, bytes]) -> Sample:
    dmesg, memory = _text(report, "dmesg.txt"), _text(report, "meminfo.txt")
    begin, end = BEGIN.search(dmesg), END.search(dmesg)
    idle = _idle(dmesg, END, _text(report, "account.txt"))
    if not begin or not end or idle is None:
        raise Trouble(f"{name}: the kernel's log has no line of its beginning or of its end, or no account")
    stat = _text(report, "stat.txt").rpartition(")")[2].split()
    stages = {}
    if "boot.json" in report:
        stages = {s["name"]: s["duration_us"] for s in json.loads(report["boot.json"])["stages"]}
    return Sample(name=name, span_us=_us(end) - _us(begin), start_us=_us(begin), idle_us=idle,
                  idle_before_us=_idle(dmesg, FLOOR, _text(report, "account-begin.txt")),
                  # Its own, and those of the children that it has waited for.
                  faults=int(stat[7]) + int(stat[8]), mem_available_kb=_meminfo(memory, "MemAvailable"),
                  mem_free_kb=_meminfo(memory, "MemFree"),
                  modules=[line.split()[0] for line in reversed(_text(report, "lsmod.txt").splitlines())], stages=stages)


def run(which: Boot, disk: Disk, out: Path, *, icount: bool, memory: str = "1024", timeout: float = 300, **machine: Any) -> Sample:
    """`machine`: further fields of BootSpec."""
    spec = BootSpec(out=out, disk=disk.path, kernel=which.kernel or parts.kernel(FLAVOUR).vmlinuz, initrd=which.initrd, append=which.cmdline,
                    tpm=False, memory=memory, timeout=timeout, icount=icount, **machine)
    outcome = boot(spec)
    if outcome.result != "booted":
        raise Trouble(f"{which.name} came not up: {outcome.result}: {outcome.message}; see {out}/serial.log")
    return sample_of(which.name, outcome.report)
