# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two builders who have nothing in common but what they build from."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
EPOCH = "1767225600"
# As imagelib's own, for somebody who is not root.
_ENTER = 'mount --rbind / "$0/host"; mount -t proc proc "$0/proc"; exec chroot --userspec="$1" "$0" "${@:2}"'


@dataclass
class Builder:
    """top: where it works; user: as whom; what it reads lies in view, in an order of its own."""

    top: Path
    user: int
    umask: int
    environment: dict[str, str]
    is_shuffled: bool

    @property
    def view(self) -> Path:
        return self.top / "view" if self.is_shuffled else self.top / "inputs"

    def run(self, *words: object, cwd: Path | None = None) -> str:
        done = subprocess.run([str(w) for w in words], text=True, capture_output=True, check=False, cwd=cwd or self.top / "out",
                              umask=self.umask, user=self.user, group=self.user, extra_groups=[],
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.top), **self.environment})
        if done.returncode != 0:
            raise AssertionError(f"{words}: {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}")
        return done.stdout

    def run_in(self, tree: Path, *words: object) -> str:
        """In the tools tree of the image build; /host is this machine."""
        done = subprocess.run(["unshare", "--mount", "--propagation", "private", "bash", "-ec", _ENTER, tree,
                               f"{self.user}:{self.user}", *map(str, words)], text=True, capture_output=True, check=False, cwd="/",
                              umask=self.umask, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", **self.environment})
        if done.returncode != 0:
            raise AssertionError(f"{words}: {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}")
        return done.stdout

    def open(self) -> None:
        """After the inputs are there: they and what is made of them belong to the user; directories are read in another order."""
        (self.top / "out").mkdir()
        if self.is_shuffled:
            self.view.mkdir()
            subprocess.run(["disorderfs", "--quiet", "--multi-user=yes", "--shuffle-dirents=yes", "--reverse-dirents=no",
                            self.top / "inputs", self.view], check=True, capture_output=True)
        subprocess.run(["chown", "-R", f"{self.user}:{self.user}", self.top / "inputs", self.top / "out"], check=True)


class TwoBuilders(unittest.TestCase):
    """Other directory, user, umask, time zone, locale, times of files and order in directories."""

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory(prefix="verinit-builders.")
        self.addCleanup(scratch.cleanup)
        top = Path(scratch.name)
        top.chmod(0o755)
        common = {"SOURCE_DATE_EPOCH": EPOCH}
        self.first = Builder(top / "a", 0, 0o022, {**common, "TZ": "UTC", "LC_ALL": "C"}, False)
        self.second = Builder(top / "b" / "a longer path of another", 4711, 0o077,
                              {**common, "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}, True)
        for builder in (self.first, self.second):
            (builder.top / "inputs").mkdir(parents=True)

    def both(self) -> tuple[Builder, Builder]:
        return self.first, self.second

    def open(self) -> None:
        # Later than SOURCE_DATE_EPOCH, as in every build: mkfs.erofs -T takes the earlier of the two. Not in the future: ninja would make
        # its manifest again and again.
        now = int(time.time()) - 1
        for number, path in enumerate((self.second.top / "inputs").rglob("*")):
            self.assertGreater(now - number, int(EPOCH))
            os.utime(path, (now, now - number), follow_symlinks=False)
        for builder in self.both():
            builder.open()
        self.addCleanup(subprocess.run, ["umount", self.second.view], check=True)
        # The premise: else the order of directories is not what is tested.
        self.assertGreater(sum(os.listdir(d) != os.listdir(self.second.top / "inputs" / d.relative_to(self.second.view))
                               for d in self.second.view.rglob("*") if d.is_dir()), 5)

    def assert_same(self, *names: str) -> None:
        for name in names:
            found = [(builder.top / "out" / name).read_bytes() for builder in self.both()]
            self.assertGreater(len(found[0]), 16, name)
            self.assertTrue(found[0] == found[1], f"{name}: the two builders' files differ")
            print(f"{name}: {len(found[0])} bytes, the same", file=sys.stderr)


def copy(source: Path, to: Path) -> None:
    """With its modes; what was linked is bytes of its own."""
    if source.is_dir():
        shutil.copytree(source, to, symlinks=True)
    else:
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, to)
