# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small kernel of Debian's source with what verinit needs built in, by the fragments in bench/kernel/. docs/KERNEL.md is about it."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from imagelib.debian import MINBASE, Debian, Package, run
from imagelib.store import EPOCH, BuildError, Store, digests
from imagelib.toolstree import Tools, host
from rows import parts

from . import TOP
from .contenders import FLAVOUR
from .disk import BENCH

KERNEL = BENCH / "kernel"
FRAGMENTS = (KERNEL / "common.config", KERNEL / "builtin.config")
PREPARE = """\
test -e certs/bench_key.pem || openssl req -new -x509 -days 36500 -nodes -newkey ec -pkeyopt ec_paramgen_curve:secp384r1 -sha256 \\
        -subj "/CN=bench" -keyout certs/bench_key.pem -out certs/bench.crt
test ! -e certs/bench.crt || { cat certs/bench.crt >>certs/bench_key.pem; rm certs/bench.crt; }
make tinyconfig
scripts/kconfig/merge_config.sh -m .config "$@"
make olddefconfig
"""
# It takes long, so whoever else is there goes first.
COMPILE = """\
nice -n 15 make -j"$(nproc)" bzImage modules
nice -n 15 make INSTALL_MOD_PATH="$1" modules_install
make -s kernelrelease >"$1/release"
"""


def packages() -> list[str]:
    lines = (KERNEL / "packages.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def missing(config: str, wanted: str) -> list[str]:
    """Lines of the fragments that the kernel's own rules have not taken over. Pure."""
    got = set(config.splitlines())
    return [line for line in wanted.splitlines() if line.startswith("CONFIG_") and line not in got]


def source() -> list[Package]:
    """The package of the source of exactly the kernel that the images have."""
    wanted = re.split(r"[+-]", parts.kernel(FLAVOUR).release, maxsplit=1)[0]
    name = f"linux-source-{wanted.rpartition('.')[0]}"
    text = run([TOP / "tools/trixie-apt", "apt-cache", "madison", name]).stdout
    found = [v for v in re.findall(rf"^ *{name} \| (\S+) \|", text, re.M) if v.startswith(f"{wanted}-")]
    if not found:
        raise BuildError(f"{name}: apt lists no {wanted}: run tests/qemu/image build --all, which takes the newest kernel")
    return [Package(name, found[0])]


@dataclass(frozen=True)
class Build:
    tools: Tools        # a Debian with a compiler
    source: Path
    log: Path

    def shell(self, script: str, *words: Path) -> None:
        text = f"exec >>{host(self.log)} 2>&1\ncd {host(self.source)}\n{script}"
        self.tools.run(["env", f"KBUILD_BUILD_TIMESTAMP=@{EPOCH}", "KBUILD_BUILD_USER=bench", "KBUILD_BUILD_HOST=bench",
                        "LOCALVERSION=-bench-builtin", "bash", "-ec", text, "kernel", *(host(word) for word in words)], tree=self.tools.tree)

    def make(self, out: Path) -> None:
        self.shell(PREPARE, *FRAGMENTS)
        config = (self.source / ".config").read_text()
        lost = missing(config, "".join(path.read_text() for path in FRAGMENTS))
        if lost:
            raise BuildError(f"not in the kernel's configuration: {', '.join(lost)}; see {', '.join(path.name for path in FRAGMENTS)}")
        self.shell(COMPILE, out)
        (out / "config").write_text(config)
        shutil.copy(self.source / "arch/x86/boot/bzImage", out / "vmlinuz")
        for link in out.glob("lib/modules/*/build"):
            link.unlink()


def _compiler(debian: Debian, store: Store) -> Tools:
    inputs = {"packages": [str(p) for p in debian.resolve(MINBASE + packages())]}
    return Tools(store.stage("kernel-tree", inputs, lambda out: debian.tree("kernel", packages(), out / "tree")) / "tree")


def make() -> Path:
    """A directory with vmlinuz, config, release and lib/modules. A quarter of an hour of one core, and two gigabytes meanwhile."""
    store = Store(TOP / "build/bench/stages")
    debian = Debian(Store(parts.IMAGES / "stages"), TOP / "build/debs")
    tools, chosen = _compiler(debian, store), source()
    inputs = {"source": [str(p) for p in chosen], "compiler": tools.tree.parent.name, "configuration": digests(*FRAGMENTS),
              "scripts": [PREPARE, COMPILE]}

    def build(out: Path) -> None:
        for deb in debian.fetch(chosen):
            run(["dpkg-deb", "-x", deb, out / "package"])
        work = out / "work"
        work.mkdir()
        (archive,) = (out / "package/usr/src").glob("linux-source-*.tar.xz")
        run(["tar", "--extract", "--file", archive, "--directory", work, "--strip-components=1"])
        shutil.rmtree(out / "package")
        Build(tools, work, out / "make.log").make(out)
        shutil.rmtree(work)
    return store.stage("kernel", inputs, build)


def release(directory: Path) -> str:
    return (directory / "release").read_text().strip()


def modules(directory: Path) -> Path:
    """lib/modules/RELEASE of such a kernel."""
    return directory / "lib/modules" / release(directory)
