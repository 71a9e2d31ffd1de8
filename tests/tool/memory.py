# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scratch in memory: a test that copies whole disks and has /usr unpacked at each step waits for the disk otherwise."""

import os
import sys
from pathlib import Path

IS_THERE = "VERINIT_SCRATCH_IN_MEMORY"
ENTER = 'mount -t tmpfs -o mode=700 scratch "$0" && exec "$@"'


def enter(directory: Path) -> Path:
    """Starts the program anew, in a mount namespace where DIRECTORY is a tmpfs. Who may not mount works on the disk."""
    directory.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0 and os.environ.get(IS_THERE) != str(directory):
        os.environ[IS_THERE] = str(directory)
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, str(directory), sys.executable, *sys.argv])
    return directory
