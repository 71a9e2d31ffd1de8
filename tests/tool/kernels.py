# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real kernels to build initramfs for: those of the test images, from the same store."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "qemu"))

from imagelib.build import Places  # noqa: E402
from imagelib.debian import Debian, kernels  # noqa: E402
from imagelib.store import Store  # noqa: E402
from imagelib.toolstree import tools  # noqa: E402


@dataclass(frozen=True)
class Kernel:
    """A directory that holds lib/modules/RELEASE, with depmod's indexes."""

    root: Path
    release: str

    @property
    def modules(self) -> Path:
        return self.root / "lib" / "modules" / self.release

    def copy(self, to: Path, release: str = "") -> "Kernel":
        """Its own directory and indexes, the modules themselves shared by hard links where that works."""
        other = Kernel(to, release or self.release)
        shutil.copytree(self.modules, other.modules, copy_function=_link_or_copy, symlinks=True)
        return other

    def index(self) -> None:
        """What a kernel's postinst does. The old indexes go first: they may be links to another's."""
        for path in self.modules.glob("modules.*"):
            if not path.name.startswith(("modules.builtin", "modules.order")) or path.suffix == ".bin":
                path.unlink()
        subprocess.run(["depmod", "-b", self.root, self.release], check=True,
                       env=dict(os.environ, PATH=f"{os.environ['PATH']}:/sbin:/usr/sbin"))


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def find() -> dict[str, Kernel]:
    """cloud and generic of the stable release, bpo of backports."""
    places = Places()
    store, shared = Store(places.stages), Store(places.shared)
    debian = Debian(shared, places.debs)
    root = kernels(debian, store, tools(debian, shared).depmod)
    return {name: Kernel(root / name, (root / name / "release").read_text())
            for name in ("cloud", "generic", "bpo")}
