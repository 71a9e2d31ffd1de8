# SPDX-License-Identifier: LGPL-2.1-or-later
"""DIR: what one run leaves behind. Other things that its owner keeps there are never touched."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from . import report
from .outcome import Outcome
from .spec import BadSpec, BootSpec, Trouble

SERIAL, VERDICT, VARS, TPM = "serial.log", "verdict.json", "vars.fd", "tpm"
QEMU_LOG, SWTPM_LOG, PRIVATE_DISK = "qemu.log", "swtpm.log", "private-disk.raw"
FILES = (SERIAL, VERDICT, VERDICT + ".new", VARS, QEMU_LOG, SWTPM_LOG, PRIVATE_DISK)


def lock(out: Path) -> int:
    """Gives a descriptor that holds DIR until it is closed."""
    out.mkdir(parents=True, exist_ok=True)
    fd = os.open(out, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise Trouble(f"{out} is in use by another run: give each run its own --out DIR") from None
    return fd


def clear(spec: BootSpec) -> frozenset[str]:
    """Removes what an earlier run left; gives the names that are not free for the guest's files."""
    given = {p.resolve() for p in spec.files().values()}
    for name in (*_reported_before(spec.out / VERDICT), *FILES):
        path = spec.out / name
        if path.resolve() not in given:
            path.unlink(missing_ok=True)
        elif name != VARS:
            raise BadSpec(f"{path} is an input, and a run with --out {spec.out} writes there: "
                          "give another DIR")
    return frozenset((*FILES, TPM, *os.listdir(spec.out)))


def _reported_before(verdict: Path) -> list[str]:
    try:
        names = json.loads(verdict.read_bytes())["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [name for name in names if isinstance(name, str) and report.NAME.fullmatch(name)]


def write(out: Path, outcome: Outcome) -> None:
    # The verdict first: it lists the other files, for a later run to remove even if we die here.
    new = out / (VERDICT + ".new")
    new.write_text(json.dumps(outcome.to_json(), indent=2) + "\n")
    os.replace(new, out / VERDICT)
    for name, content in outcome.report.items():
        (out / name).write_bytes(content)
