# SPDX-License-Identifier: LGPL-2.1-or-later
"""A whole Debian as the tests boot it, by its own UKI (A) and by one with another initramfs: until multi-user.target."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from machine.spec import BootSpec, Trouble
from machine.vm import boot
from rows import parts

from . import contenders, peers
from .contenders import FLAVOUR, Boot

# With a root on a disk, which all of them know.
VARIANT = "discoverable-ext4"
REACHED = re.compile(r"^\[ *(\d+\.\d+)\] \S+ systemd\[1\]: Reached target multi-user\.target", re.M)


def uki_of(name: str) -> Path:
    image = parts.image(VARIANT)
    if name == "A":
        return image.kernels[FLAVOUR].uki
    uki = contenders.as_uki(Boot(f"{name}-host", peers.initrd(name.removeprefix("B-")), image.cmdline)).uki
    assert uki is not None
    return uki


def seconds(name: str, journal: str) -> float:
    """From the kernel's start, by its own clock."""
    found = REACHED.search(journal)
    if not found:
        raise Trouble(f"{name}: the journal of the host has no line of multi-user.target")
    return float(found[1])


def run(name: str, out: Path) -> dict[str, Any]:
    outcome = boot(BootSpec(out=out, disk=parts.image(VARIANT).disk, uki=uki_of(name), timeout=600))
    if outcome.result != "booted":
        raise Trouble(f"{name} came not up: {outcome.result}: {outcome.message}; see {out}/serial.log")
    journal = outcome.report.get("journal.txt", b"").decode(errors="replace")
    reached = seconds(name, journal)
    print(f"host {name}: multi-user.target after {reached:.1f} s", flush=True)
    analyze = outcome.report.get("analyze.txt", b"").decode(errors="replace")
    return {"name": name, "multi_user_s": reached, "marks": {key: round(at, 2) for key, at in outcome.marks.items()},
            "analyze": analyze.partition("\n")[0]}
