#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cmake --install and the two packages: which files, which modes, what they say of themselves, and that they work where they lie.

They are installed by dpkg in a mount namespace of their own, into an overlay over this machine's root: nothing of it changes.
"""

import gzip
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD", TOP / "build" / "release"))
CMAKE, CPACK = os.environ.get("CMAKE", "cmake"), os.environ.get("CPACK", "cpack")
sys.path.insert(0, str(TOP / "tests" / "tool"))

import kernels  # noqa: E402

CMDLINE = ("usrhash=" + "4f" * 32 + " init.verity=1:sha256:4096:4096:25600:1:-:1b0e7b5a-6f9c-4a39-a2d1-0c8f4b8c7e11 quiet")
PROGRAMS = ("lib/verinit/init",)
# $0: scratch, with a numbered script for each step. The tree of this project is seen read-only, wherever it is mounted.
VIEW = r"""
mount -t tmpfs view "$0/view"
mkdir "$0/view/upper" "$0/view/work" "$0/view/root"
mount -t overlay view -o "lowerdir=/,upperdir=$0/view/upper,workdir=$0/view/work" "$0/view/root"
root=$0/view/root
for d in /proc /dev /sys; do mount --rbind "$d" "$root$d"; done
mount --bind "$TOP" "$root$TOP"
mount -o remount,ro,bind "$root$TOP"
mount --bind "$0/share" "$root/mnt"
for step in "$0"/share/*.step; do
        chroot "$root" /bin/sh "/mnt/${step##*/}" >"${step%.step}.out" 2>"${step%.step}.err" </dev/null && status=0 || status=$?
        echo "$status" >"${step%.step}.status"
done
"""


def pages() -> list[str]:
    return sorted(path.name for path in (TOP / "man").glob("*.[1-8]"))


def expected() -> dict[str, set[str]]:
    """What is to be in each package below the prefix, from what is in the tree."""
    host = {"bin/verinit", "share/doc/verinit/copyright", "share/doc/verinit/changelog.gz"}
    init = {"lib/verinit/init", "lib/verinit/init.spdx.json", "libexec/verinit-node", "share/doc/verinit-init/copyright",
            "share/doc/verinit-init/changelog.gz", "share/doc/verinit-init/examples/floor.conf",
            "share/lintian/overrides/verinit-init"}
    for page in pages():
        (init if page.endswith(".8") else host).add(f"share/man/man{page[-1]}/{page}.gz")
    documents = [*(TOP / "docs").glob("*.md"), TOP / "README.md", TOP / "NEWS.md", TOP / "SECURITY.md"]
    host |= {f"share/doc/verinit/{path.name}" + (".gz" if path.stat().st_size > 4096 else "") for path in documents}
    host |= {f"share/verinit/{path.name}" for path in (TOP / "docs").glob("*.schema.json")}
    if "completion" in [line.split()[0] for line in verbs()]:
        host |= {"share/bash-completion/completions/verinit", "share/zsh/vendor-completions/_verinit",
                 "share/fish/vendor_completions.d/verinit.fish"}
    for path in (TOP / "units").glob("*"):
        init.add(f"lib/systemd/system/{path.name}" if path.suffix in (".service", ".socket", ".target", ".path", ".timer")
                 else f"libexec/{path.name}")
    return {"verinit": host, "verinit-init": init}


def verbs() -> list[str]:
    said = subprocess.run([BUILD / "verinit", "--help"], text=True, capture_output=True, check=True).stdout
    return re.findall(r"(?m)^  ([a-z]+ .*)$", said.split("Examples:", 1)[0] + said.split("Examples:", 1)[1])


def run(*words: object, **options: object) -> str:
    done = subprocess.run([str(w) for w in words], text=True, capture_output=True, check=False, **options)  # type: ignore[call-overload]
    if done.returncode != 0:
        raise AssertionError(f"{words}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout  # type: ignore[no-any-return]


def files_below(top: Path) -> dict[str, os.stat_result]:
    return {str(path.relative_to(top)): path.lstat() for path in top.rglob("*")}


class Installed(unittest.TestCase):
    """cmake --install into a DESTDIR, under an unfriendly umask."""

    def test_which_files_and_which_modes(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            run(CMAKE, "--install", BUILD, "--prefix", "/opt/verinit", env=dict(os.environ, DESTDIR=scratch), umask=0o077)
            top = Path(scratch) / "opt" / "verinit"
            found = files_below(top)
            self.assertEqual({name for name, st in found.items() if stat.S_ISREG(st.st_mode)}, set.union(*expected().values()))
            for name, st in found.items():
                is_program = stat.S_ISDIR(st.st_mode) or name.startswith(("bin/", "libexec/")) or name in PROGRAMS
                self.assertEqual(stat.S_IMODE(st.st_mode), 0o755 if is_program else 0o644, name)
            for name in ("bin/verinit", "lib/verinit/init"):
                self.assertIn("stripped", run("file", "-b", top / name).replace("not stripped", ""), name)
            self.assertEqual((top / "bin/verinit").read_bytes(), (BUILD / "verinit").read_bytes())
            self.assertEqual((top / "lib/verinit/init").read_bytes(), (BUILD / "init").read_bytes())
            page = gzip.decompress((top / "share/man/man1/verinit-initrd.1.gz").read_bytes())
            self.assertEqual(page, (TOP / "man/verinit-initrd.1").read_bytes())


class Units(unittest.TestCase):
    def test_each_starts_a_file_of_its_package(self) -> None:
        """systemd would look for a bare name in its own search path, where another package's is."""
        files = {f"/usr/{name}" for name in expected()["verinit-init"]}
        for unit in sorted((TOP / "units").glob("*.service")):
            commands = re.findall(r"(?m)^Exec[A-Za-z]+=[-@:+!]*(\S+)", unit.read_text("utf-8"))
            self.assertTrue(commands, unit.name)
            self.assertLessEqual(set(commands), files, unit.name)


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        scratch = tempfile.TemporaryDirectory(prefix="verinit-package.")
        cls.addClassCleanup(scratch.cleanup)
        cls.dir = Path(scratch.name)
        (cls.dir / "view").mkdir()
        (cls.dir / "share").mkdir()
        run(CPACK, "--config", BUILD / "CPackConfig.cmake", "-B", cls.dir / "cpack", cwd=cls.dir, umask=0o077)
        cls.debs = {path.name.split("_")[0]: path for path in (cls.dir / "cpack").glob("*.deb")}

    def field(self, package: str, name: str) -> str:
        return run("dpkg-deb", "--field", self.debs[package], name).rstrip("\n")

    def test_there_are_two(self) -> None:
        self.assertEqual(set(self.debs), {"verinit", "verinit-init"})
        version = run(BUILD / "verinit", "--version").split()[1]
        for package in self.debs:
            self.assertEqual(self.debs[package].name, f"{package}_{version}_amd64.deb")
            self.assertEqual((self.field(package, "Package"), self.field(package, "Version"), self.field(package, "Architecture")),
                             (package, version, "amd64"))
            self.assertEqual((self.field(package, "Section"), self.field(package, "Priority")), ("admin", "optional"))

    def test_files_owners_and_times(self) -> None:
        times = set()
        for package, wanted in expected().items():
            listing = run("dpkg-deb", "--contents", self.debs[package], env=dict(os.environ, TZ="UTC"))
            rows = [line.split(None, 5) for line in listing.splitlines()]
            self.assertEqual({row[5].removeprefix("./usr/") for row in rows if not row[5].endswith("/")}, wanted)
            self.assertEqual({row[1] for row in rows}, {"root/root"})
            self.assertLessEqual({row[0] for row in rows}, {"drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x"})
            times |= {(row[3], row[4]) for row in rows}
        self.assertEqual(len(times), 1, times)

    def test_what_they_depend_on(self) -> None:
        """Every library that the command loads, by dpkg's own symbols; the C library alone for what goes onto nodes."""
        depends = {part.split()[0] for part in self.field("verinit", "Depends").split(",")}
        needed = re.findall(r"NEEDED\s+(\S+)", run("objdump", "-p", BUILD / "verinit"))
        owners = set()
        for library in needed:
            path = re.search(rf"{re.escape(library)} => (\S+)", run("ldd", BUILD / "verinit"))
            assert path, library
            real = os.path.realpath(path[1])
            done = subprocess.run(["dpkg-query", "-S", real, real.removeprefix("/usr")], text=True, capture_output=True, check=False)
            owners.add(done.stdout.split(":")[0])
        self.assertEqual(depends, owners)
        self.assertIn("libc6 (>= ", self.field("verinit", "Depends"))
        self.assertRegex(self.field("verinit-init", "Depends"), r"^libc6 \(>= [0-9.]+\)$")
        for program in ("systemd-ukify", "sbsigntool", "mtools", "erofs-utils", "verinit-init"):
            self.assertIn(program, re.split(r",\s*", self.field("verinit", "Recommends")))

    def test_lintian(self) -> None:
        done = subprocess.run(["lintian", "--allow-root", "--fail-on", "none", *self.debs.values()], text=True, capture_output=True,
                              check=False, env=dict(os.environ, LC_ALL="C.UTF-8"))
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {line for line in done.stdout.splitlines() if line[:2] in ("E:", "W:")}
        if "verinit.1" not in pages():
            found.discard("W: verinit: no-manual-page [usr/bin/verinit]")
        self.assertEqual(found, set())

    def test_install_use_remove(self) -> None:
        kernel = kernels.find()["cloud"]
        initrd = (f"verinit initrd build --init /usr/lib/verinit/init --modules-dir {kernel.modules} --level 1 "
                  f"--linux {kernel.root / 'vmlinuz'} --floor /usr/share/doc/verinit-init/examples/floor.conf "
                  f"--cmdline '{CMDLINE}' --output /mnt/initrd")
        steps = {
            # Docker's images leave documents out; these are looked at.
            "1-install": "dpkg --path-include='/usr/share/doc/*' --path-include='/usr/share/man/*' --install /mnt/*.deb",
            "2-verify": "dpkg --verify verinit verinit-init && dpkg-query -W -f '${db:Status-Status}\\n' verinit verinit-init",
            "3-version": "command -v verinit && verinit --version",
            "4-build": initrd,
            "5-inspect": "verinit initrd inspect --json=short /mnt/initrd",
            "6-man": "".join(f"mman -M /usr/share/man -w {page[-1]} {page[:-2]}\n" for page in pages()),
            "7-page": "mman -M /usr/share/man -O width=120 1 verinit-initrd",
            "8-help": "verinit --help",
            "9-remove": "dpkg --purge verinit verinit-init && ls /usr/bin/verinit /usr/lib/verinit /usr/share/verinit "
                        "/usr/share/doc/verinit",
        }
        share = self.dir / "share"
        for deb in self.debs.values():
            shutil.copy(deb, share)
        for name, text in steps.items():
            (share / f"{name}.step").write_text(text + "\n")
        before = subprocess.run(["dpkg-query", "-W"], text=True, capture_output=True, check=True).stdout
        run("unshare", "--mount", "--propagation", "private", "bash", "-ec", VIEW, self.dir,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TOP": str(TOP), "DEBIAN_FRONTEND": "noninteractive"})
        self.assertEqual(subprocess.run(["dpkg-query", "-W"], text=True, capture_output=True, check=True).stdout, before)
        out = {name: (share / f"{name}.out").read_text("utf-8", "replace") for name in steps}
        for name in steps:
            if name != "9-remove":
                self.assertEqual((share / f"{name}.status").read_text(), "0\n", (share / f"{name}.err").read_text() + out[name])

        self.assertEqual(out["2-verify"], "installed\ninstalled\n")
        self.assertEqual(out["3-version"], f"/usr/bin/verinit\n{run(BUILD / 'verinit', '--version')}")
        report = json.loads(out["5-inspect"])
        self.assertEqual(report["problems"], [])
        self.assertEqual(report["cmdline"], CMDLINE)
        self.assertEqual(report["modules"]["release"], kernel.release)
        self.assertEqual(f"verinit {report['verinit_version']}\n", run(BUILD / "verinit", "--version"))
        self.assertIn("libcrypto", [package["name"] for package in report["sbom"]])
        self.assertEqual(out["6-man"].split(), [f"/usr/share/man/man{page[-1]}/{page}.gz" for page in pages()])
        self.assertIn("build and inspect the initramfs", out["7-page"])
        self.assertEqual(out["8-help"], run(BUILD / "verinit", "--help"))
        self.assertEqual(out["9-remove"].count("/"), 0, "something of it is left")
        self.assertIn("cannot access '/usr/lib/verinit'", (share / "9-remove.err").read_text())


if __name__ == "__main__":
    unittest.main()
