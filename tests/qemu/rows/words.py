# SPDX-License-Identifier: LGPL-2.1-or-later
"""Edits of a command line. Each gives a function from the old line to the new one, for the tables."""

from __future__ import annotations

from typing import Callable

Edit = Callable[[str], str]


def same(line: str) -> str:
    return line


def is_key(word: str, key: str) -> bool:
    return word.partition("=")[0] == key


def value(line: str, key: str) -> str | None:
    """Of the only word with that key; None if there is none."""
    found = [word.partition("=")[2] for word in line.split() if is_key(word, key)]
    assert len(found) < 2, f"{key} stands twice on {line!r}"
    return found[0] if found else None


def added(*words: str) -> Edit:
    return lambda line: " ".join((line, *words))


def without(*keys: str) -> Edit:
    def edit(line: str) -> str:
        left = [word for word in line.split() if not any(is_key(word, key) for key in keys)]
        assert len(left) < len(line.split()), f"none of {keys} is on {line!r}"
        return " ".join(left)
    return edit


def changed(**values: str) -> Edit:
    """key="value": in its old place; the key's dots and dashes are for the ** form of a call."""
    def edit(line: str) -> str:
        words = line.split()
        for key, new in values.items():
            places = [i for i, word in enumerate(words) if is_key(word, key)]
            assert len(places) == 1, f"{key} stands {len(places)} times on {line!r}"
            words[places[0]] = f"{key}={new}"
        return " ".join(words)
    return edit


def both(*edits: Edit) -> Edit:
    def edit(line: str) -> str:
        for one in edits:
            line = one(line)
        return line
    return edit
