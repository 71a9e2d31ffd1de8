# SPDX-License-Identifier: LGPL-2.1-or-later
"""The deterministic part: A and C once each, counted in instructions, and the size of the initramfs; against the committed baseline."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from machine.spec import Trouble
from rows import parts

from . import TOP, contenders, disk, measure, ratios

BASELINE = TOP / "docs/bench/baseline.json"
OUT = TOP / "build/bench"


def instructions(on: disk.Disk, init: Path) -> dict[str, float]:
    """Ratio and, for those who read, the counts behind it."""
    ours = measure.run(contenders.verinit(on, init), on, OUT / "vm", icount=True, timeout=400)
    bare = measure.run(contenders.bare(on, contenders.Work.of(ours.to_json())), on, OUT / "vm", icount=True, timeout=400)
    assert bare.idle_before_us is not None
    if bare.modules != ours.modules:
        raise Trouble(f"A and C have loaded other modules: {ours.modules} and {bare.modules}")
    a, c = (s.busy_us(bare.idle_before_us) * 1000 for s in (ours, bare))
    return {"a": a, "c": c, "ratio_a_c": round(a / c, 4)}


def look(init: Path) -> tuple[dict[str, float], dict[str, float]]:
    """The figures that are compared, and the counts. The size of init is tests/size-budget's."""
    on = disk.make()
    counted = instructions(on, init)
    figures = {"initramfs_bytes": float(contenders.packed(on, init).stat().st_size), "ratio_a_c": counted.pop("ratio_a_c")}
    return figures, counted


def check(init: Path) -> int:
    baseline = json.loads(BASELINE.read_text())
    figures, counted = look(init)
    print(f"instructions, /init to exec: A {counted['a'] / 1e6:.1f} M, C {counted['c'] / 1e6:.1f} M")
    for name, value in figures.items():
        print(f"{name}: {value} (baseline {baseline['figures'].get(name, 'has none')})")
    problems = ratios.compare(baseline, figures)
    if not problems:
        print(f"nothing grew by more than {ratios.TOLERANCE:.0%} since {baseline['changed']}: {baseline['why']}")
        return 0
    for problem in problems:
        print(f"bench: {problem}")
    print("bench: find what it is for; if it is worth it, tools/bench --update-baseline --why TEXT")
    return 1


def update(init: Path, why: str) -> int:
    figures, counted = look(init)
    BASELINE.parent.mkdir(parents=True, exist_ok=True)
    BASELINE.write_text(json.dumps({"changed": date.today().isoformat(), "why": why, "figures": figures,
                                    "instructions_then": counted, "kernel": parts.kernel(contenders.FLAVOUR).release}, indent=1) + "\n")
    print(f"wrote {BASELINE.relative_to(TOP)}")
    return 0
