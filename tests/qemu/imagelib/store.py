# SPDX-License-Identifier: LGPL-2.1-or-later
"""A store of build stages, each kept under a key of everything that went into it."""

import fcntl
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# The one point in time of every image: file times, UUID-free headers, shadow dates.
EPOCH = 1767225600

TOP = Path(__file__).resolve().parents[3]
LIB = Path(__file__).resolve().parent
OVERLAY = LIB.parent / "overlay"

_KEEP = 2
_start = time.monotonic()


class BuildError(Exception):
    """What went wrong, on which object, and what to do about it."""


def say(text: str) -> None:
    """One progress line with the time since the start."""
    print(f"image [{time.monotonic() - _start:6.1f} s] {text}", file=sys.stderr, flush=True)


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digests(*paths: Path) -> dict[str, str]:
    """Digest of each file below the given paths, named relative to the checkout, so that a moved
    checkout keeps its keys."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += (f for f in path.rglob("*") if f.is_file() and "__pycache__" not in f.parts)
        else:
            files.append(path)
    return {os.path.relpath(f, TOP): f"{f.stat().st_mode & 0o777:o}:{file_digest(f)}"
            for f in sorted(files)}


def sources(*modules: str) -> dict[str, str]:
    """Digests of modules of this package: the text of a stage is one of its inputs."""
    return digests(*(LIB / f"{name}.py" for name in modules))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Store:
    """Directory of finished stages. A stage appears under its name by rename, never half made."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def stage(self, name: str, inputs: dict[str, Any], build: Callable[[Path], None]) -> Path:
        """The directory of stage NAME for these inputs, built when it is not there yet."""
        text = json.dumps(inputs, sort_keys=True, indent=1)
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        final = self.root / f"{name}-{key}"
        with locked(self.root / f".{name}.lock"):
            if final.exists():
                os.utime(final)
                return final
            self._build(name, final, text, build)
        return final

    def _build(self, name: str, final: Path, text: str, build: Callable[[Path], None]) -> None:
        work = self.root / f".{final.name}.new"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        begin = time.monotonic()
        say(f"{name}: building")
        build(work)
        (work / "stage.json").write_text(text + "\n")
        seconds = time.monotonic() - begin
        (work / "stage.seconds").write_text(f"{seconds:.1f}\n")
        work.rename(final)
        say(f"{name}: built in {seconds:.1f} s")
        self._prune(name)

    def _prune(self, name: str) -> None:
        length = len(name) + 17
        old = [d for d in self.root.glob(f"{name}-*") if len(d.name) == length]
        for stale in sorted(old, key=lambda d: d.stat().st_mtime, reverse=True)[_KEEP:]:
            shutil.rmtree(stale)
