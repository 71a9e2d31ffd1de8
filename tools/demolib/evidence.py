# SPDX-License-Identifier: LGPL-2.1-or-later
"""The files of one boot, and what a fact is. Missing or unreadable evidence is a fact that does not hold."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

TOP = Path(__file__).resolve().parents[2]
BYTES_MAX = 16 << 20

# What reading JSON of an unexpected form, or text with fewer words than expected, raises.
MALFORMED = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError, ZeroDivisionError)


class Fails(Exception):
    """Why a fact does not hold."""


@dataclass(frozen=True)
class Fact:
    """FRACTION: a bar of that part of the longest one is drawn before the text."""

    label: str
    holds: bool
    text: str
    fraction: float | None = None


@dataclass(frozen=True)
class Section:
    """NOTES are lines that no verdict hangs on."""

    title: str
    facts: list[Fact]
    notes: list[str]


class Uki(Protocol):
    """What uki.py finds out about the signed image; each may raise Fails."""

    def signer(self) -> str: ...
    def key_id(self) -> str: ...
    def cmdline(self) -> str: ...
    def initrd(self) -> dict[str, Any]: ...
    def size(self) -> int: ...


def fact(label: str, check: Callable[[], str], fraction: float | None = None) -> Fact:
    """CHECK says what was seen, or raises Fails."""
    try:
        return Fact(label, True, check(), fraction)
    except Fails as why:
        return Fact(label, False, str(why), fraction)
    except MALFORMED as why:
        return Fact(label, False, f"the evidence has an unexpected form: {type(why).__name__}: {why}", fraction)


def need(condition: bool, why: str) -> None:
    if not condition:
        raise Fails(why)


class Evidence:
    """A directory as tools/demo leaves it. The guest's files are text of a stranger: bounded, never trusted."""

    def __init__(self, directory: Path, uki: Uki) -> None:
        self.directory = directory
        self.uki = uki
        self._json: dict[str, Any] = {}

    def raw(self, name: str) -> bytes:
        try:
            with (self.directory / name).open("rb") as file:
                content = file.read(BYTES_MAX + 1)
        except OSError as why:
            raise Fails(f"no evidence: {name}: {why.strerror}") from None
        need(len(content) <= BYTES_MAX, f"no evidence: {name} is larger than {BYTES_MAX} bytes")
        need(bool(content), f"no evidence: {name} is empty")
        return content

    def text(self, name: str) -> str:
        return self.raw(name).decode(errors="replace")

    def json(self, name: str) -> Any:
        if name not in self._json:
            try:
                self._json[name] = json.loads(self.raw(name))
            except (ValueError, RecursionError) as why:
                raise Fails(f"no evidence: {name} is not JSON: {why}") from None
        return self._json[name]

    @property
    def boot(self) -> Any:
        return self.json("boot.json")

    @property
    def image(self) -> Any:
        return self.json("image.json")

    @property
    def kernel(self) -> Any:
        """What image.json knows of the kernel on the ESP."""
        return self.image["kernels"][self.image["default_kernel"]]

    def match(self, name: str, pattern: str, why: str) -> re.Match[str]:
        """The first match of PATTERN in the lines of file NAME."""
        found = re.search(pattern, self.text(name), re.M)
        if found is None:
            raise Fails(f"{why} ({name})")
        return found


def short(digest: str) -> str:
    return digest[:16] + "…" if len(digest) > 16 else digest
