# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tools tree: trixie's own ukify, mkfs.erofs, veritysetup and so on, whatever the host is.

The same tool versions on Debian 12 and 13 give the same images on both.
"""

import os
import subprocess
from pathlib import Path

from .debian import MINBASE, Debian
from .store import EPOCH, BuildError, Store, sources

PACKAGES = ["systemd-ukify", "systemd-boot-efi", "systemd", "python3-virt-firmware", "sbsigntool",
            "kmod", "erofs-utils", "cryptsetup-bin", "e2fsprogs", "fdisk", "dosfstools", "mtools",
            "openssl", "zstd"]

# A clean room: its own mount namespace, the host's tree under /host, /proc for those who look.
_ENTER = """
mount --rbind / "$0/host"
mount -t proc proc "$0/proc"
exec chroot "$0" "$@"
"""


class Tools:
    """Runs commands inside a tree of trixie programs."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree

    def run(self, command: list[str | Path], *, tree: Path | None = None,
            binary: bool = False) -> str:
        """COMMAND inside the tools tree (or TREE), absolute paths of the host given by host()."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC",
                       "SOURCE_DATE_EPOCH": str(EPOCH), "HOME": "/root",
                       "SYSTEMD_LOG_LEVEL": "warning", "DEBIAN_FRONTEND": "noninteractive",
                       "MTOOLS_SKIP_CHECK": "1"}
        root = tree or self.tree
        mount_points = (root / "host", root / "proc")
        # Our own tree keeps them: several are in it at a time, and with a directory the kernel takes away what others have
        # mounted there. TREE is somebody's product, and nobody else is in it.
        made = [d for d in mount_points if tree and not d.exists()]
        for directory in mount_points:
            directory.mkdir(exist_ok=True)
        try:
            done = subprocess.run(
                ["unshare", "--mount", "--propagation", "private", "--",
                 "/bin/bash", "-ec", _ENTER, str(root), *map(str, command)],
                env=environment, text=True, capture_output=True, check=False, cwd="/")
        finally:
            for directory in made:
                directory.rmdir()
        if done.returncode != 0:
            tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-30:])
            raise BuildError(f"{command[0]} in the tree {root} failed with {done.returncode}:\n"
                             f"  {' '.join(map(str, command))}\n{tail}")
        return done.stdout

    def depmod(self, base: Path, release: str) -> None:
        """modules.dep and its companions, which no kernel package carries."""
        self.run(["depmod", "-b", host(base), release])


def host(path: Path) -> str:
    """A path of the host as seen from inside a tree."""
    return f"/host{os.path.abspath(path)}"


def tools(debian: Debian, store: Store) -> Tools:
    packages = debian.resolve(MINBASE + PACKAGES)
    inputs = {"packages": [str(p) for p in packages], "sources": sources("debian", "toolstree")}
    out = store.stage("tools", inputs, lambda out: debian.tree("tools", PACKAGES, out / "tree"))
    return Tools(out / "tree")
