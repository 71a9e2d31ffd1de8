# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the host keeps OVMF, and the variable store of one machine."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from .spec import BootSpec, Trouble

# Debian 12 and 13 first, then Fedora's and Arch's edk2 packages.
DIRECTORIES = ("/usr/share/OVMF", "/usr/share/edk2/ovmf", "/usr/share/edk2/x64")
CODE = {True: ("OVMF_CODE_4M.secboot.fd", "OVMF_CODE.secboot.4m.fd"),
        False: ("OVMF_CODE_4M.fd", "OVMF_CODE.4m.fd")}
EMPTY_VARS = ("OVMF_VARS_4M.fd", "OVMF_VARS.4m.fd")


@dataclass(frozen=True)
class Firmware:
    code: Path
    vars: Path


def find(names: tuple[str, ...], directories: tuple[str, ...] = DIRECTORIES) -> Path:
    for directory in directories:
        for name in names:
            path = Path(directory, name)
            if path.exists():
                return path
    raise Trouble(f"no {names[0]} in {', '.join(directories)}: "
                  "run tools/setup, or apt-get install ovmf")


def prepare(spec: BootSpec, copy: Path) -> Firmware:
    """Each machine writes to its own copy of the variables, and leaves it to be read or reused."""
    origin = spec.start_vars() or find(EMPTY_VARS)
    if not (copy.exists() and copy.samefile(origin)):
        shutil.copyfile(origin, copy)
    return Firmware(find(CODE[spec.firmware_secure]), copy)
