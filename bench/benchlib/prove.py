# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does C come to what was counted before this bench existed? Then, a bare init with the same seven modules took 0.920 G
instructions from /init to the exec with raw modules and 1.099 G with compressed ones, on 6.12.117 of the same flavour. Idle time was in it,
and so were the kernel's self-tests of its ciphers, which run in threads beside PID 1: how much of them falls between the two depends on
when they begin. So C is booted with them and without, and the kernel's account says who ran."""

from __future__ import annotations

from dataclasses import replace

from . import contenders, disk, measure
from .contenders import Work
from .measure import Sample
from .quick import OUT

MODULES = ("virtio_blk", "reed_solomon", "dm_mod", "dm_bufio", "dm_verity", "libcrc32c", "erofs")
KNOWN = {False: 920, True: 1099}        # compressed: million instructions
TOLERANCE = 0.10


def _boot(on: disk.Disk, compressed: bool, with_tests: bool) -> Sample:
    boot = contenders.bare(on, Work(MODULES), compressed=compressed)
    if with_tests:
        boot = replace(boot, cmdline=boot.cmdline.replace(f" {contenders.NO_SELF_TESTS}", ""))
    return measure.run(boot, on, OUT / "vm", icount=True, timeout=400)


def account(s: Sample) -> tuple[float, float, float]:
    """PID 1's own, other tasks', and idle, of the span, in millions. The span begins a little before the account does."""
    assert s.pid1_us is not None and s.idle_before_us is not None
    idle = s.idle_us - s.idle_before_us
    return s.pid1_us / 1000, (s.span_us - idle - s.pid1_us) / 1000, idle / 1000


def judge(known: float, with_tests: Sample, without: Sample) -> tuple[bool, str]:
    """Whether it is as known or lies where the tests' share puts it, and why."""
    seen, least = with_tests.span_us / 1000, without.span_us / 1000
    (own, others, idle), (own_0, others_0, idle_0) = account(with_tests), account(without)
    text = (f"{seen:.0f} M, known {known:.0f} M, {seen / known - 1:+.1%}\n"
            f"  with self-tests:    PID 1 {own:.0f} M, other tasks {others:.0f} M, idle {idle:.0f} M\n"
            f"  without self-tests: PID 1 {own_0:.0f} M, other tasks {others_0:.0f} M, idle {idle_0:.0f} M; {least:.0f} M in all\n")
    if abs(seen / known - 1) <= TOLERANCE:
        return True, text + f"  within {TOLERANCE:.0%}"
    if min(seen, least) <= known <= max(seen, least):
        return True, text + (f"  the self-tests put {others - others_0:.0f} M of their own into this span; what is known has "
                             f"{known - least:.0f} M more than a boot without any, so a smaller part of them fell into it")
    return False, text + "  and the self-tests do not explain it: without them it is as far"


def run() -> int:
    on, problems = disk.make(), 0
    for compressed, known in KNOWN.items():
        good, text = judge(known, _boot(on, compressed, True), _boot(on, compressed, False))
        problems += not good
        print(f"C, {'.ko.xz' if compressed else '.ko'}: {text}", flush=True)
    return 1 if problems else 0
