# SPDX-License-Identifier: LGPL-2.1-or-later
"""Results to the table of docs/PERFORMANCE.md. Pure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from . import builtin, unpack
from .ratios import pairs, summary

Samples = list[dict[str, Any]]


def _of(samples: Samples, name: str) -> Samples:
    return [s for s in samples if s["name"] == name]


def names(results: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(s["name"] for s in results["icount"]))


def idle_before(results: dict[str, Any]) -> float:
    """Of the kernel's own start, as C has seen it."""
    return summary([s["idle_before_us"] for s in _of(results["icount"], "C")])["median"]


def busy(results: dict[str, Any], name: str) -> list[float]:
    """Instructions."""
    before = idle_before(results)
    return [1000 * (s["span_us"] - (s["idle_us"] - before)) for s in _of(results["icount"], name)]


def _spread(values: list[float], scale: float, digits: int) -> str:
    s = {key: f"{value / scale:.{digits}f}" for key, value in summary(values).items()}
    if len(values) == 1:
        return f"{s['median']} (one boot)"
    return f"{s['median']} [{s['min']}..{s['max']}]"


def _row(what: str, cells: list[str]) -> str:
    return f"| {what} | " + " | ".join(cells) + " |\n"


def of_results(results: dict[str, Any]) -> str:
    who = names(results)
    counts = {name: busy(results, name) for name in who}
    spans = {name: [float(s["span_us"]) for s in _of(results["clock"], name)] for name in who}
    text = _row("figure, median [min..max]", who) + "|" + "---|" * (len(who) + 1) + "\n"
    text += _row("instructions, /init to exec, millions", [_spread(counts[name], 1e6, 1) for name in who])
    text += _row("the same over A, pair by pair", [_spread(pairs(counts[name], counts["A"]), 1, 3) for name in who])
    if all(spans.values()):
        text += _row("guest clock, /init to exec, s", [_spread(spans[name], 1e6, 2) for name in who])
        text += _row("the same over A, pair by pair", [_spread(pairs(spans[name], spans["A"]), 1, 2) for name in who])
    text += _row("initramfs, bytes", [f"{results['bytes'][f'initramfs {name}']}" for name in who])
    text += _row("pages faulted in, PID 1 and its children",
                 [_spread([s["faults"] for s in _of(results["icount"], name)], 1, 0) for name in who])
    text += _row("MemAvailable at the host's first act, of 1024 MiB, MiB",
                 [_spread([s["mem_available_kb"] for s in _of(results["icount"], name)], 1024, 1) for name in who])
    if results["least_memory_mib"]:
        text += _row("least memory that reaches the exec, MiB", [str(results["least_memory_mib"].get(name, "-")) for name in who])
    return text


def _median(values: list[float]) -> float:
    return summary(values)["median"]


def targets(results: dict[str, Any]) -> str:
    """What was aimed at, beside what was seen; a figure that was not measured has no row."""
    counts = {name: busy(results, name) for name in names(results)}
    spans = {name: [float(s["span_us"]) for s in _of(results["clock"], name)] for name in counts}
    sizes, memory = results["bytes"], results["least_memory_mib"]
    rows: list[tuple[str, str, float, float, int]] = [
        ("instructions, A over C", "at most", 1.15, _median(pairs(counts["A"], counts["C"])), 3)]
    if "B-lean" in counts:
        rows.append(("instructions, B-lean over A", "at least", 3.2, _median(pairs(counts["B-lean"], counts["A"])), 2))
        if spans["B-lean"]:
            rows.append(("guest clock, B-lean over A", "at least", 7, _median(pairs(spans["B-lean"], spans["A"])), 2))
    rows += [("initramfs of this disk, MiB", "at most", 1.5, sizes["initramfs_bytes"] / 2**20, 2),
             ("init, stripped, MiB", "at most", 3, sizes["init_bytes"] / 2**20, 2)]
    if {"A", "C"} <= memory.keys():
        rows.append(("least memory, A less C, MiB", "at most", 16, memory["A"] - memory["C"], 0))
    text = "| figure | target | seen | met |\n|---|---|---|---|\n"
    for what, how, target, seen, digits in rows:
        met = seen <= target if how == "at most" else seen >= target
        text += f"| {what} | {how} {target:g} | {seen:.{digits}f} | {'yes' if met else 'no'} |\n"
    return text


def of_file(path: Path) -> str:
    results = json.loads(path.read_text())
    if "kernels" in results:
        return builtin.table(results)
    if "clock" not in results:
        return unpack.table(results)
    return f"{of_results(results)}\n{targets(results)}"
