# SPDX-License-Identifier: LGPL-2.1-or-later
"""Facts to text: in 80 to 100 columns, and nothing but printable characters, whatever the guest said."""

from __future__ import annotations

import math
import textwrap

from .evidence import Fact, Section

WIDTH_MIN, WIDTH = 80, 100
LABEL = 15
# What stands before a bar: margin, mark, label, microseconds.
BEFORE_BAR = 38
EIGHTHS = " ▏▎▍▌▋▊▉"

GREEN, RED, BOLD, BLUE = "32", "1;31", "1", "34"


def clean(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text.replace("\n", " ").replace("\t", " "))


class Layout:
    def __init__(self, colour: bool, blocks: bool, width: int = WIDTH) -> None:
        """COLOUR: terminal sequences; BLOCKS: the output takes Unicode's block elements."""
        self.colour = colour
        self.blocks = blocks
        self.width = min(max(width, WIDTH_MIN), WIDTH)
        self.longest_bar = self.width - BEFORE_BAR

    def paint(self, text: str, how: str) -> str:
        return f"\x1b[{how}m{text}\x1b[0m" if self.colour and text else text

    def bar(self, fraction: float) -> str:
        """Linear. What took any time at all shows a trace of it."""
        if fraction <= 0:
            return ""
        if not self.blocks:
            return "#" * max(1, round(min(fraction, 1) * self.longest_bar))
        eighths = max(1, math.ceil(min(fraction, 1) * self.longest_bar * 8))
        return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()

    def fact(self, f: Fact) -> list[str]:
        mark = self.paint("ok", GREEN) if f.holds else self.paint("NO", RED)
        head = f"  {mark}  {clean(f.label):<{LABEL}} "
        room = self.width - 7 - LABEL
        if f.fraction is not None and f.holds:
            return [f"{head}{clean(f.text)}  {self.paint(self.bar(f.fraction), BLUE)}".rstrip()]
        lines = textwrap.wrap(clean(f.text), room, break_on_hyphens=False) or [""]
        first, rest = lines[0], lines[1:]
        return [head + first, *(" " * (7 + LABEL) + line for line in rest)]

    def section(self, s: Section) -> list[str]:
        lines = ["", self.paint(s.title, BOLD)]
        for f in s.facts:
            lines += self.fact(f)
        for note in s.notes:
            lines += textwrap.wrap(clean(note), self.width, initial_indent="  ", subsequent_indent="    ",
                                   break_on_hyphens=False)
        return lines


def verdict(sections: list[Section]) -> tuple[int, str]:
    """Exit code, and the last line."""
    facts = [f for s in sections for f in s.facts]
    failed = sum(not f.holds for f in facts)
    if failed or not facts:
        return 1, f"demo: {failed} of {len(facts)} facts do not hold"
    return 0, f"demo: all {len(facts)} facts hold"
