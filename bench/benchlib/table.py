# SPDX-License-Identifier: LGPL-2.1-or-later
"""Results to the table of docs/PERFORMANCE.md. Pure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

from . import builtin, unpack
from .ratios import pairs, summary

Samples = list[dict[str, Any]]
Results = dict[str, Any]
NOT_MEASURED = "not measured"
KINDS = ("icount", "clock", "tpm", "calls", "host")


def _of(results: Results, kind: str, name: str) -> Samples:
    return [s for s in results.get(kind, []) if s["name"] == name]


def names(results: Results) -> list[str]:
    return list(dict.fromkeys(s["name"] for kind in KINDS for s in results.get(kind, [])))


def _median(values: list[float]) -> float:
    return summary(values)["median"]


def busy(results: Results, kind: str, name: str) -> list[float]:
    """Instructions: idle time is taken out, as the kernel's trace has it; or, without one, that of the kernel's own start being as C has
    seen it."""
    befores = [s["idle_before_us"] for s in _of(results, kind, "C")]
    if any(s["traced"] for s in _of(results, kind, name)):
        return [1000 * (s["traced"][0] - s["traced"][1]) for s in _of(results, kind, name)]
    return [1000 * (s["span_us"] - (s["idle_us"] - _median(befores))) for s in _of(results, kind, name)] if befores else []


def _field(kind: str, get: Callable[[dict[str, Any]], float]) -> Callable[[Results, str], list[float]]:
    return lambda results, name: [get(s) for s in _of(results, kind, name)]


def _stored(group: str, prefix: str = "") -> Callable[[Results, str], list[float]]:
    return lambda results, name: [value] if (value := results.get(group, {}).get(f"{prefix}{name}")) is not None else []


def counted(kind: str) -> Callable[[Results, str], list[float]]:
    return lambda results, name: busy(results, kind, name)


def over_a(values: Callable[[Results, str], list[float]]) -> Callable[[Results, str], list[float]]:
    """Pair by pair; of a contender that was not there in each round nothing can be said."""
    def ratios(results: Results, name: str) -> list[float]:
        theirs, ours = values(results, name), values(results, "A")
        return pairs(theirs, ours) if len(theirs) == len(ours) else []
    return ratios


def _traced_calls(place: int) -> Callable[[Results, str], list[float]]:
    """Of a boot whose trace could be read."""
    return lambda results, name: [s["traced"][place] for s in _of(results, "calls", name) if s["traced"]]


def _before_kernel(s: dict[str, Any]) -> float:
    return float(s["ticks_us"] - s["span_us"] - s["start_us"])


SPAN = _field("clock", lambda s: s["span_us"])
HOST = _field("host", lambda s: s["multi_user_s"])
# What, its values by name, what one unit of them is, digits.
ROWS: tuple[tuple[str, Callable[[Results, str], list[float]], float, int], ...] = (
    ("instructions, /init to exec, millions", counted("icount"), 1e6, 1),
    ("the same over A, pair by pair", over_a(counted("icount")), 1, 3),
    ("instructions with firmware, its proof and the TPM's words, millions", counted("tpm"), 1e6, 1),
    ("the same over A, pair by pair", over_a(counted("tpm")), 1, 3),
    ("guest clock, /init to exec, s", SPAN, 1e6, 2),
    ("the same over A, pair by pair", over_a(SPAN), 1, 2),
    ("system calls of PID 1", _traced_calls(3), 1, 0),
    ("system calls of all tasks", _traced_calls(4), 1, 0),
    ("pages faulted in, PID 1 and its children", _field("icount", lambda s: s["faults"]), 1, 0),
    ("initramfs, bytes", _stored("bytes", "initramfs "), 1, 0),
    ("UKI, bytes", _stored("bytes", "UKI "), 1, 0),
    ("firmware loads, verifies and measures the UKI, s of this machine's clock", _field("tpm", lambda s: s["load_s"]), 1, 2),
    ("first instruction of the machine to the kernel's, s of 1e9 instructions", _field("tpm", _before_kernel), 1e6, 2),
    ("largest resident set of PID 1, MiB", _field("icount", lambda s: s["maxrss_kb"]), 1024, 1),
    ("least memory that reaches the exec, MiB", _stored("least_memory_mib"), 1, 0),
    ("MemAvailable at the host's first act, of 1024 MiB, MiB", _field("icount", lambda s: s["mem_available_kb"]), 1024, 1),
    ("a whole host: the kernel's start to multi-user.target, s", HOST, 1, 1),
    ("the same over A, pair by pair", over_a(HOST), 1, 2),
)


def _spread(values: list[float], scale: float, digits: int) -> str:
    if not values:
        return NOT_MEASURED
    s = {key: f"{value / scale:.{digits}f}" for key, value in summary(values).items()}
    return s["median"] if s["min"] == s["max"] else f"{s['median']} [{s['min']}..{s['max']}]"


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"


def of_results(results: Results) -> str:
    who = names(results)
    text = _row(["figure, median [min..max]", *who]) + "|" + "---|" * (len(who) + 1) + "\n"
    for what, values, scale, digits in ROWS:
        text += _row([what, *(_spread(values(results, name), scale, digits) for name in who)])
    return text


def _ratio(values: Callable[[Results, str], list[float]], one: str, other: str) -> Callable[[Results], float | None]:
    def median_ratio(results: Results) -> float | None:
        a, b = values(results, one), values(results, other)
        return _median(pairs(a, b)) if a and len(a) == len(b) else None
    return median_ratio


def _mib(what: str) -> Callable[[Results], float | None]:
    return lambda results: results["bytes"][what] / 2**20 if what in results["bytes"] else None


def _more_memory(results: Results) -> float | None:
    least = results["least_memory_mib"]
    return least["A"] - least["C"] if {"A", "C"} <= least.keys() else None


# What was aimed at: what, how, the bound, what was seen, digits.
TARGETS: tuple[tuple[str, str, float, Callable[[Results], float | None], int], ...] = (
    ("instructions, A over C", "at most", 1.15, _ratio(counted("icount"), "A", "C"), 3),
    ("instructions, A over C with the TPM's words", "at most", 1.15, _ratio(counted("tpm"), "A", "C"), 3),
    ("instructions, B-lean over A", "at least", 3.2, _ratio(counted("icount"), "B-lean", "A"), 2),
    ("guest clock, B-lean over A", "at least", 7, _ratio(SPAN, "B-lean", "A"), 2),
    ("initramfs of this disk, MiB", "at most", 1.5, _mib("initramfs A"), 2),
    ("init, stripped, MiB", "at most", 3, _mib("init"), 2),
    ("least memory, A less C, MiB", "at most", 16, _more_memory, 0),
)


def targets(results: Results) -> str:
    """What was not measured has its line all the same."""
    text = _row(["figure", "target", "seen", "met"]) + "|---|---|---|---|\n"
    for what, how, target, look, digits in TARGETS:
        seen = look(results)
        if seen is None:
            text += _row([what, f"{how} {target:g}", NOT_MEASURED, NOT_MEASURED])
        else:
            met = seen <= target if how == "at most" else seen >= target
            text += _row([what, f"{how} {target:g}", f"{seen:.{digits}f}", "yes" if met else "no"])
    return text


def of_file(path: Path) -> str:
    results = json.loads(path.read_text())
    if "kernels" in results:
        return builtin.table(results)
    if "clock" not in results:
        return unpack.table(results)
    return f"{of_results(results)}\n{targets(results)}"
