# SPDX-License-Identifier: LGPL-2.1-or-later
"""swtpm, one a machine.

Its control channel is a socket pair handed to both sides. A path would be limited to 108 bytes,
and QEMU would have to wait until it exists.
"""

from __future__ import annotations

import socket
from pathlib import Path

from .process import Child

STATE_FILES = ("tpm2-00.permall", "tpm2-00.volatilestate", "tpm2-00.savestate", ".lock")


def forget(state: Path) -> None:
    """A TPM fresh from the factory: removes swtpm's own files and nothing else."""
    for name in STATE_FILES:
        (state / name).unlink(missing_ok=True)


def start(state: Path, log: Path) -> tuple[Child, socket.socket]:
    """Gives swtpm and the socket for QEMU's tpm emulator. swtpm ends when QEMU closes that."""
    state.mkdir(parents=True, exist_ok=True)
    ours, theirs = socket.socketpair()
    with theirs:
        command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}",
                   "--ctrl", f"type=unixio,clientfd={theirs.fileno()}",
                   "--flags", "startup-clear", "--terminate"]
        return Child(command, log, [theirs.fileno()]), ours
