# SPDX-License-Identifier: LGPL-2.1-or-later
"""A serial console as a person reads it: text without escape sequences, and whole lines."""

from __future__ import annotations

import codecs
import re

# CSI, OSC (ended by BEL or ST), and the short sequences; firmware and systemd send all three.
ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,512}(?:\x07|\x1b\\)"
                    r"|[ -/]*[0-Z\\^-~])")
ESCAPE_BEGUN = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]{0,512}\x1b?|[ -/]*)?\Z")
ESCAPE_CHARS_MAX = 600
UNSEEN = str.maketrans("", "", "\r\0")
TEXT_CHARS_MAX = 8 << 20
LINE_CHARS_MAX = 64 << 10


class Console:
    """`text` is everything so far, the oldest part dropped beyond a bound."""

    def __init__(self) -> None:
        self.text = ""
        self._taken = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._line = ""

    def feed(self, data: bytes) -> list[str]:
        """Takes raw bytes, gives the lines that they complete."""
        text = self._held + self._decoder.decode(data)
        begun = ESCAPE_BEGUN.search(text, max(0, len(text) - ESCAPE_CHARS_MAX))
        cut = begun.start() if begun else len(text)
        self._held = text[cut:]
        text = ESCAPE.sub("", text[:cut]).translate(UNSEEN)
        self._append(text)
        *lines, self._line = (self._line + text).split("\n")
        if len(self._line) > LINE_CHARS_MAX:
            lines.append(self._line)
            self._line = ""
        return lines

    @property
    def partial(self) -> str:
        """The line that has not ended yet: a prompt stays here."""
        return self._line

    def expect(self, pattern: re.Pattern[str], partial: bool = False) -> re.Match[str] | None:
        """The first match after the one before; in lines that have ended, unless `partial`."""
        end = len(self.text) if partial else self.text.rfind("\n") + 1
        match = pattern.search(self.text, min(self._taken, end), end)
        if match:
            self._taken = match.end()
        return match

    def _append(self, text: str) -> None:
        self.text += text
        surplus = len(self.text) - TEXT_CHARS_MAX
        if surplus > 0:
            self.text = self.text[surplus:]
            self._taken = max(0, self._taken - surplus)
