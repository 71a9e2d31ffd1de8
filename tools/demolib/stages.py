# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stages: what PID 1 says of each, and how long it took."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from .evidence import MALFORMED, TOP, Evidence, Fails, Section, fact, need

SCHEMA = TOP / "docs" / "boot.schema.json"


def names() -> list[str]:
    """In the order in which they run."""
    return list(json.loads(SCHEMA.read_text())["$defs"]["stage"]["properties"]["name"]["enum"])


def _passed(stage: Any, name: str) -> str:
    """The demo's floor lets no stage be skipped."""
    if stage is None:
        raise Fails(f"boot.json has no stage {name}")
    need(stage["verdict"] == "passed", f"{stage['verdict']}: {stage['reason'] or 'no reason given'}")
    return f"{stage['duration_us']:>11,} µs".replace(",", " ")


def _all(e: Evidence, wanted: list[str]) -> str:
    stages = e.boot["stages"]
    found = [stage["name"] for stage in stages]
    need(found == wanted, f"boot.json has the stages {' '.join(found)}")
    ends = [stage["start_us"] + stage["duration_us"] for stage in stages]
    starts = [stage["start_us"] for stage in stages]
    need(all(end <= start for end, start in zip(ends, starts[1:])), "two stages overlap in time")
    return (f"{len(found)} stages in order, {(ends[-1] - starts[0]) / 1e6:.2f} s in all, "
            f"from {starts[0] / 1e6:.2f} s after the kernel's start")


def section(e: Evidence) -> Section:
    wanted = names()
    found: dict[str, Any] = {}
    longest = 1
    # Without a readable list each stage below is missing, and says so.
    with suppress(Fails, *MALFORMED):
        found = {stage["name"]: stage for stage in e.boot["stages"]}
    longest = max(1, *map(_duration, found.values()), 1)
    facts = []
    for name in wanted:
        stage = found.get(name)
        fraction = _duration(stage) / longest
        facts.append(fact(name, lambda stage=stage, name=name: _passed(stage, name), fraction))
    facts.append(fact("order", lambda: _all(e, wanted)))
    return Section("Stages", facts, [])


def _duration(stage: Any) -> int:
    value = stage.get("duration_us", 0) if isinstance(stage, dict) else 0
    return value if isinstance(value, int) and value > 0 else 0
