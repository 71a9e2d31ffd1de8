# SPDX-License-Identifier: LGPL-2.1-or-later
"""Child processes that end with us, whatever ends us."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
from pathlib import Path
from typing import Sequence

from .spec import Trouble

PACKAGES = {"qemu-system-x86_64": "qemu-system-x86", "swtpm": "swtpm", "mcopy": "mtools",
            "mdir": "mtools", "mformat": "mtools", "mmd": "mtools", "sfdisk": "fdisk",
            "setpriv": "util-linux", "cp": "coreutils"}


def program(name: str) -> str:
    """Path of a host program; /usr/sbin too, which is not in everybody's PATH."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        package = f", or apt-get install {PACKAGES[name]}" if name in PACKAGES else ""
        raise Trouble(f"{name} is not installed: run tools/setup{package}")
    return found


def run(command: Sequence[str | Path], what: str, *, stdin: str | None = None,
        env: dict[str, str] | None = None) -> None:
    """A short helper program; its own words are part of the error."""
    done = _run(command, stdin, env)
    if done.returncode:
        raise Trouble(f"{what}: {command[0]} failed ({done.returncode}): {done.stdout.strip()}")


def succeeds(command: Sequence[str | Path], *, env: dict[str, str] | None = None) -> bool:
    """Runs a helper program whose exit status is the answer."""
    return _run(command, None, env).returncode == 0


def _run(command: Sequence[str | Path], stdin: str | None,
         env: dict[str, str] | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program(str(command[0])), *map(str, command[1:])], text=True,
                          input=stdin or "", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, **(env or {})})


class Child:
    """A long-running program with a pidfd; it is killed when this process dies, even by SIGKILL."""

    def __init__(self, command: Sequence[str], log: Path, fds: Sequence[int],
                 env: dict[str, str] | None = None) -> None:
        self.name = command[0]
        self.log = log
        wrapped = [program("setpriv"), "--pdeathsig", "KILL", "--",
                   program(command[0]), *command[1:]]
        # A session of its own: ^C reaches us alone, and we end the guest in order.
        with open(log, "ab") as out:
            self._popen = subprocess.Popen(wrapped, stdin=subprocess.DEVNULL, stdout=out,
                                           stderr=out, pass_fds=fds, start_new_session=True,
                                           env={**os.environ, **(env or {})})
        self.pidfd = os.pidfd_open(self._popen.pid)

    def exit_code(self) -> int | None:
        return self._popen.poll()

    def stop(self, patience: float) -> int:
        """Waits for it to end by itself, then kills it."""
        if self.pidfd >= 0:
            if not select.select([self.pidfd], [], [], patience)[0]:
                self._popen.kill()
            os.close(self.pidfd)
            self.pidfd = -1
        return self._popen.wait()

    def last_words(self) -> str:
        return self.log.read_bytes()[-2000:].decode("utf-8", "replace").strip()
