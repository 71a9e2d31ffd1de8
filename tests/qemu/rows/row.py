# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a row is: a name, what it costs, and one boot that ends in a list of problems."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable, Protocol

from machine.outcome import Outcome


@dataclass(frozen=True)
class Room:
    """Where a row works: its own directory, and the PID 1 that it tests."""
    out: Path
    init: Path


@dataclass
class Finding:
    """No problem means that the row has passed. `relaxed`: what an ordinary boot has and this one had not."""
    outcome: Outcome
    problems: list[str] = field(default_factory=list)
    relaxed: list[str] = field(default_factory=list)

    def expect(self, what: str, wanted: object, seen: object) -> None:
        if wanted != seen:
            self.problems.append(f"{what}: expected {wanted!r}, saw {seen!r}")

    def expect_in(self, what: str, wanted: Iterable[str], text: str) -> None:
        self.problems += [f"{what}: expected {part!r} in {text!r}" for part in wanted if part not in text]


class Row(Protocol):
    """`seconds` is about what it takes on two idle cores: ctest starts the dearest first."""

    @property
    def name(self) -> str: ...

    @property
    def seconds(self) -> int: ...

    def run(self, room: Room) -> Finding: ...
