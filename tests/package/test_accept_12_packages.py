#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Acceptance 12: two builders compile the same programs and pack the same packages, each from its own copy of the sources."""

import os
import subprocess
import unittest
from pathlib import Path

from builder import TOP, Builder, TwoBuilders, copy

CMAKE, CPACK = os.environ.get("CMAKE", "cmake"), os.environ.get("CPACK", "cpack")
DEPS = Path(os.environ.get("DEPS", TOP / "build" / "deps" / "prefix"))


def sources() -> list[str]:
    done = subprocess.run(["git", "-c", "safe.directory=*", "-C", TOP, "ls-files", "--cached", "--others", "--exclude-standard"],
                          text=True, capture_output=True, check=True)
    return [name for name in done.stdout.splitlines() if (TOP / name).is_file()]


def make(builder: Builder) -> None:
    source, out = builder.view, builder.top / "out"
    build = source / "build" / "release"
    builder.run(CMAKE, "--preset", "release", f"-DVERINIT_DEPS_DIR={DEPS}", cwd=source)
    builder.run("nice", CMAKE, "--build", "--preset", "release", "--target", "init", "--target", "verinit",
                "--target", "verinit-node", "--target", "verinit-package", cwd=source)
    builder.run(CPACK, "--config", build / "CPackConfig.cmake", "-B", out / "cpack")
    for path in (out / "cpack").glob("*.deb"):
        path.rename(out / path.name)
    for name in ("init", "init.debug", "init.spdx.json", "verinit", "verinit.debug"):
        (out / name).write_bytes((build / name).read_bytes())


class Accept12(TwoBuilders):
    def test_two_builders(self) -> None:
        for builder in self.both():
            for name in sources():
                copy(TOP / name, builder.top / "inputs" / name)
        self.open()
        for builder in self.both():
            make(builder)
        debs = [sorted(path.name for path in (builder.top / "out").glob("*.deb")) for builder in self.both()]
        self.assertEqual(debs[0], debs[1])
        self.assertEqual(len(debs[0]), 2)
        self.assert_same("init", "verinit", "init.debug", "verinit.debug", "init.spdx.json", *debs[0])


if __name__ == "__main__":
    unittest.main()
