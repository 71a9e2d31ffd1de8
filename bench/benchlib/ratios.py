# SPDX-License-Identifier: LGPL-2.1-or-later
"""Figures from samples, and the comparison with the committed baseline. Pure: no machine, no file."""

from __future__ import annotations

from statistics import median
from typing import Any, Sequence

# A size or a ratio may grow by so much before somebody has to say why (--update-baseline).
TOLERANCE = 0.03


def summary(values: Sequence[float]) -> dict[str, float]:
    return {"median": median(values), "min": min(values), "max": max(values)}


def pairs(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Ratios of the boots that stood beside each other."""
    return [a / b for a, b in zip(ours, theirs, strict=True)]


def compare(baseline: dict[str, Any], seen: dict[str, float]) -> list[str]:
    """What grew beyond the tolerance, or cannot be compared. What has shrunk is no problem."""
    problems = []
    known: dict[str, float] = baseline["figures"]
    for name in sorted(known.keys() | seen.keys()):
        if name not in seen or name not in known:
            problems.append(f"{name}: only in the {'baseline' if name in known else 'run'}; tools/bench --update-baseline")
        elif seen[name] > known[name] * (1 + TOLERANCE):
            grown = 100 * (seen[name] / known[name] - 1)
            problems.append(f"{name}: {seen[name]}, which is {grown:.1f} % over the baseline of {known[name]}")
    return problems
