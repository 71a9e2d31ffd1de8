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

# Of the kernel, before its exec of PID 1 (init/main.c run_init_process()); of bench/bare.c and of tests/qemu/guest/benchhost.c.
MARK = r"^<\d+>\[ *(\d+)\.(\d{{6}})\] {}"
BEGIN, BARE, END = (re.compile(MARK.format(text), re.M)
                     for text in ("Run /init as init process", "verinit-bench: bare", "verinit-bench: host"))
# kernel/sched/stats.c show_schedstat(): the seventh number of a processor is what its tasks ran, in ns, the idle task left out.
ACCOUNT = re.compile(r"^cpu0(?: \d+){6} (\d+)", re.M)
# A task's own: what it ran and what it waited, in ns, and how often.
OWN = re.compile(r"^(\d+) \d+ \d+$", re.M)
FIRMWARE = ("firmware-load", "firmware-start")


@dataclass(frozen=True)
class Sample:
    """`span_us`: /init to the first act of what it executed. `idle_us`: the time until that act in which no task ran, that
    of the kernel's own start among it; `idle_before_us` the same until C's first act, which only C can say, as `pid1_us`:
    what PID 1 itself ran between the two. `ticks_us`: from the machine's first instruction to that act, by the processor's counter, whose
    unit is known under icount. `load_s`: the firmware's loading of a UKI, by the clock of the machine below. `traced`, in a boot that has
    the kernel trace: from PID 1's first exec to its last the span, the time in which no task ran and that of PID 1, in us; system calls of
    PID 1, and of all tasks."""
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
    pid1_us: int | None = None
    maxrss_kb: int = 0
    ticks_us: int = 0
    load_s: float | None = None
    words: list[tuple[int, str]] = field(default_factory=list)
    banks: list[str] = field(default_factory=list)
    traced: list[int] = field(default_factory=list)

    def busy_us(self, idle_before_us: int) -> int:
        """Without idle time: under icount, thousands of instructions."""
        if self.traced and self.traced[1]:
            return self.traced[0] - self.traced[1]
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


def _pid1(report: dict[str, bytes]) -> int | None:
    before, after = (OWN.search(_text(report, name)) for name in ("account-begin.txt", "schedstat.txt"))
    return (int(after[1]) - int(before[1])) // 1000 if before and after else None


def _numbers(report: dict[str, bytes], name: str) -> list[int]:
    return [int(word) for word in _text(report, name).split()]


def sample_of(name: str, report: dict[str, bytes], marks: dict[str, float] | None = None) -> Sample:
    dmesg, memory = _text(report, "dmesg.txt"), _text(report, "meminfo.txt")
    begin, end = BEGIN.search(dmesg), END.search(dmesg)
    idle = _idle(dmesg, END, _text(report, "account.txt"))
    if not begin or not end or idle is None:
        raise Trouble(f"{name}: the kernel's log has no line of its beginning or of its end, or no account")
    stat = _text(report, "stat.txt").rpartition(")")[2].split()
    ours = json.loads(report["boot.json"]) if "boot.json" in report else {"stages": [], "tpm": {"words": [], "banks": []}}
    usage = _numbers(report, "usage.txt")
    load, start = ((marks or {}).get(mark) for mark in FIRMWARE)
    return Sample(name=name, span_us=_us(end) - _us(begin), start_us=_us(begin), idle_us=idle,
                  idle_before_us=_idle(dmesg, BARE, _text(report, "account-begin.txt")),
                  # Its own, and those of the children that it has waited for.
                  faults=int(stat[7]) + int(stat[8]), mem_available_kb=_meminfo(memory, "MemAvailable"),
                  mem_free_kb=_meminfo(memory, "MemFree"),
                  modules=[line.split()[0] for line in reversed(_text(report, "lsmod.txt").splitlines())],
                  stages={s["name"]: s["duration_us"] for s in ours["stages"]}, pid1_us=_pid1(report), maxrss_kb=usage[0] if usage else 0,
                  ticks_us=usage[2] // 1000 if usage else 0, load_s=round(start - load, 2) if load is not None and start is not None else None,
                  words=[(word["pcr"], word["word"]) for word in ours["tpm"]["words"]], banks=ours["tpm"]["banks"],
                  traced=_numbers(report, "trace.txt"))


def run(which: Boot, disk: Disk, out: Path, *, icount: bool, memory: str = "1024", timeout: float = 300, **machine: Any) -> Sample:
    """`machine`: further fields of BootSpec."""
    start: dict[str, Any] = {"uki": which.uki} if which.uki else {
        "kernel": which.kernel or parts.kernel(FLAVOUR).vmlinuz, "initrd": which.initrd, "append": which.cmdline, "tpm": False}
    spec = BootSpec(out=out, disk=disk.path, memory=memory, timeout=timeout, icount=icount, **start, **machine)
    outcome = boot(spec)
    if outcome.result != "booted":
        raise Trouble(f"{which.name} came not up: {outcome.result}: {outcome.message}; see {out}/serial.log")
    return sample_of(which.name, outcome.report, outcome.marks)
