# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian trixie: which packages, in which versions, and directory trees made of them.

Versions come from the private apt of tools/trixie-apt, whose lists apt has verified. The packages are
kept, so that a rebuild downloads nothing; apt checks each against the signed lists again when it is
installed from there.
"""

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .store import TOP, BuildError, Store, file_digest, locked, sources

TRIXIE_APT = TOP / "tools" / "trixie-apt"
LISTS = TOP / "build" / "apt" / "state" / "lists"

# What mmdebstrap's minbase variant begins with, as apt patterns.
MINBASE = ["?essential", "?priority(required)", "apt"]

# Documentation is never read on a node and costs a third of the image.
EXCLUDES = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*",
            "/usr/share/lintian/*", "/usr/share/bug/*"]


@dataclass(frozen=True)
class Package:
    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}={self.version}"


def run(command: list[str | Path], **keywords: object) -> subprocess.CompletedProcess[str]:
    """A command whose output matters only when it fails."""
    done = subprocess.run([str(c) for c in command], text=True, capture_output=True,
                          check=False, **keywords)  # type: ignore[call-overload]
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-60:])
        raise BuildError(f"{Path(str(command[0])).name} failed with {done.returncode}:\n"
                         f"  {' '.join(map(str, command))}\n{tail}")
    return done


class Debian:
    """Package choice and trees; DEBS keeps the packages, STORE what was resolved."""

    def __init__(self, store: Store, debs: Path) -> None:
        self.store = store
        self.debs = debs
        (debs / "partial").mkdir(parents=True, exist_ok=True)
        run([TRIXIE_APT, "true"])       # fetches the lists when they are a day old
        self._releases = {p.name: file_digest(p) for p in sorted(LISTS.glob("*_InRelease"))}

    def resolve(self, wanted: list[str], release: str = "trixie") -> list[Package]:
        """The packages that apt would install for WANTED on an empty system, without Recommends."""
        # Named as the target, trixie would be preferred to its own security updates; mmdebstrap names none.
        target = [] if release == "trixie" else ["-t", release]

        def build(out: Path) -> None:
            done = run([TRIXIE_APT, "apt-get", "install", "-s", "--no-install-recommends", *target, *wanted])
            rows = re.findall(r"^Inst (\S+) \((\S+) ", done.stdout, re.M)
            (out / "packages").write_text("".join(f"{n}={v}\n" for n, v in sorted(rows)))
        inputs = {"wanted": wanted, "release": release, "target": target, "lists": self._releases}
        name = hashlib.sha256(" ".join([release, *wanted]).encode()).hexdigest()[:8]
        out = self.store.stage(f"resolve-{name}", inputs, build)
        lines = (out / "packages").read_text().split()
        return [Package(*line.split("=", 1)) for line in lines]

    def fetch(self, packages: list[Package]) -> list[Path]:
        """The package files, downloaded where they are not there yet."""
        with locked(self.debs / "lock"):
            done = run([TRIXIE_APT, "apt-get", "download", "--print-uris",
                        *map(str, packages)])
            rows = re.findall(r"^'\S+' (\S+) \d+ SHA256:(\S+)", done.stdout, re.M)
            missing = {name.split("_")[0] for name, digest in rows if not self._have(name, digest)}
            if missing:
                run([TRIXIE_APT, "apt-get", "download",
                     *(str(p) for p in packages if p.name in missing)], cwd=self.debs)
            for name, digest in rows:
                if not self._have(name, digest):
                    raise BuildError(f"{name}: not what the archive's signed list says; "
                                     f"remove it from {self.debs} and try again")
        return [self.debs / name for name, _ in rows]

    def _have(self, name: str, digest: str) -> bool:
        path = self.debs / name
        return path.exists() and file_digest(path) == digest

    def tree(self, name: str, include: list[str], out: Path) -> None:
        """mmdebstrap's minbase plus INCLUDE into OUT, from our packages and lists alone."""
        packages = self.resolve(MINBASE + include)
        files = self.fetch(packages)
        sources_list = out.parent / f"{name}.list"
        sources_list.write_text(run([TRIXIE_APT, "--sources"]).stdout)
        hook = out.parent / f"{name}.hook"
        hook.write_text(_SETUP_HOOK)
        hook.chmod(0o755)
        deb_list = out.parent / f"{name}.debs"
        deb_list.write_text("".join(f"{f}\n" for f in files))
        environment = dict(os.environ, NODE_DEBS=str(deb_list), NODE_LISTS=str(LISTS))
        options = [f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDES]
        run(["mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory", "--verbose",
             "--skip=update", f"--setup-hook={hook} \"$1\"",
             "--aptopt=APT::Sandbox::User \"root\"", *options,
             f"--include={','.join(include)}", "trixie", out, sources_list], env=environment)
        for scrap in (sources_list, hook, deb_list):
            scrap.unlink()
        self._compare(out, packages)

    @staticmethod
    def _compare(tree: Path, packages: list[Package]) -> None:
        done = run(["dpkg-query", f"--admindir={tree}/var/lib/dpkg", "-W",
                    "-f=${Package}=${Version}\n"])
        got, want = set(done.stdout.split()), set(map(str, packages))
        if got != want:
            raise BuildError(f"{tree.name}: installed and resolved packages differ: "
                             f"{' '.join(sorted(got ^ want))}")


# apt finds verified lists and all packages in place and asks no mirror for anything.
_SETUP_HOOK = """#!/bin/bash
set -euo pipefail
mkdir -p "$1/var/lib/apt/lists/partial" "$1/var/cache/apt/archives/partial"
cp "$NODE_LISTS"/*_InRelease "$NODE_LISTS"/*_Packages "$1/var/lib/apt/lists/"
xargs -r -d '\\n' cp -t "$1/var/cache/apt/archives/" <"$NODE_DEBS"
"""


@dataclass(frozen=True)
class Flavour:
    name: str
    metapackage: str
    release: str


FLAVOURS = [
    Flavour("cloud", "linux-image-cloud-amd64", "trixie"),
    Flavour("generic", "linux-image-amd64", "trixie"),
    Flavour("bpo", "linux-image-cloud-amd64", "trixie-backports"),
]

# Newer kernels are split into image, binary, modules and base; older ones are one package.
_KERNEL_PACKAGE = re.compile(r"linux-(image|binary|modules|base)-(\d.*)")


def kernels(debian: Debian, store: Store, depmod: "object") -> Path:
    """One directory per flavour: vmlinuz, release, lib/modules/RELEASE with depmod's index."""
    chosen = {f.name: [p for p in debian.resolve([f.metapackage], f.release)
                       if _KERNEL_PACKAGE.fullmatch(p.name)] for f in FLAVOURS}

    def build(out: Path) -> None:
        for name, packages in chosen.items():
            _unpack_kernel(debian, packages, out / name)
            release = (out / name / "release").read_text()
            depmod(out / name, release)  # type: ignore[operator]

    inputs = {"packages": {n: [str(p) for p in ps] for n, ps in chosen.items()},
              "sources": sources("debian")}
    return store.stage("kernels", inputs, build)


def _unpack_kernel(debian: Debian, packages: list[Package], out: Path) -> None:
    releases = {m[2] for p in packages if (m := _KERNEL_PACKAGE.fullmatch(p.name))}
    if len(releases) != 1:
        raise BuildError(f"{out.name}: one kernel release expected, apt names {sorted(releases)}")
    release = releases.pop()
    scratch = out / "scratch"
    scratch.mkdir(parents=True)
    for deb in debian.fetch(packages):
        run(["dpkg-deb", "-x", deb, scratch])
    modules = scratch / "usr/lib/modules" / release
    inside = modules / "vmlinuz"
    kernel = inside if inside.exists() else scratch / "boot" / f"vmlinuz-{release}"
    kernel.rename(out / "vmlinuz")
    for link in ("build", "source"):
        (modules / link).unlink(missing_ok=True)
    (out / "lib/modules").mkdir(parents=True)
    modules.rename(out / "lib/modules" / release)
    (out / "release").write_text(release)
    shutil.rmtree(scratch)

