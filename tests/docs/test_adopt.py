#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The README's way from nothing to a booted disk, run as it stands there. Takes root, Debian's archive and minutes."""

import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from documents import TOP, read, shell_blocks

OUT = TOP / "build" / "adopt"
# Debian 12 has no ukify: there it is the one of the test images' tools.
UKIFY = """#!/bin/bash
exec unshare --mount --propagation private -- /bin/bash -ec '
mount --rbind / "$0/mnt"
mount -t proc proc "$0/proc"
cd "$1"
shift
exec chroot "$0" /bin/sh -c "cd \\"/mnt\\$0\\" && exec ukify \\"\\$@\\"" "$PWD" "$@"' "{tree}" "$PWD" "$@"
"""


def tools_tree() -> Path:
    found = sorted((TOP / "build/images/stages").glob("tools-*/tree"), key=lambda tree: tree.parent.stat().st_mtime)
    if not found:
        raise FileNotFoundError("no tools in build/images/stages: run tests/qemu/image build")
    return found[-1]


def environment(directory: str) -> dict[str, str]:
    path = "/usr/sbin:/usr/bin:/sbin:/bin"
    if not shutil.which("ukify", path=path):
        wrapper = Path(directory, "ukify")
        wrapper.write_text(UKIFY.replace("{tree}", str(tools_tree())))
        wrapper.chmod(0o755)
    return dict(os.environ, PATH=f"{directory}:{path}", LC_ALL="C.UTF-8")


class Adopt(unittest.TestCase):
    def test_commands_of_the_readme(self) -> None:
        shutil.rmtree(OUT, ignore_errors=True)
        script = "set -euo pipefail\n" + "".join(shell_blocks(read("README.md"), "Adopting it"))
        # mmdebstrap mounts /sys and more in the tree; killed, it would leave them there, for the rmtree() of the next run.
        shell = ["unshare", "--mount", "--propagation", "private", "/bin/bash", "-x", "-c", script]
        with TemporaryDirectory() as scratch:
            done = subprocess.run(shell, cwd=TOP, env=environment(scratch), text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  check=False, errors="replace")
        self.assertEqual(done.returncode, 0, done.stdout[-6000:])
        verdict = json.loads((OUT / "out/verdict.json").read_text())
        self.assertEqual(verdict["result"], "booted", verdict)


if __name__ == "__main__":
    unittest.main()
