#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/size-by-library on a program whose parts are known."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "size-by-library"
MAIN = "extern int big(int); int main(int c, char **v) { (void) v; return big(c); }\n"
# 4096 bytes of constants that are reached, 8192 that are not, 65536 that are memory and no file.
BIG = """const unsigned char table[4096] = { 1 };
const unsigned char unused[8192] = { 1 };
static unsigned char zeros[65536];
int big(int i) { zeros[i & 1023] = table[i & 4095]; return zeros[(i + 1) & 1023] + table[(i * 7) & 4095]; }
"""


class SizeByLibrary(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name)
        (self.dir / "main.c").write_text(MAIN)
        (self.dir / "big.c").write_text(BIG)
        self.run_in("cc", "-O1", "-fPIE", "-ffunction-sections", "-fdata-sections", "-c", "main.c", "big.c")
        self.run_in("ar", "rcs", "libbig.a", "big.o")
        self.run_in("cc", "-static-pie", "-Wl,--gc-sections", "-Wl,-Map=p.map", "-o", "p", "main.o", "libbig.a")
        self.run_in("strip", "--strip-all", "p")

    def run_in(self, *words: str) -> None:
        subprocess.run(words, cwd=self.dir, check=True)

    def tool(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(TOOL), *words], cwd=self.dir, text=True, capture_output=True)

    def rows(self, *words: str) -> dict[str, dict[str, int]]:
        done = self.tool("--json", *words)
        self.assertEqual(0, done.returncode, done.stderr)
        return {row["name"]: row for row in json.loads(done.stdout)}

    def test_rows_add_up_to_the_file(self) -> None:
        rows = self.rows("p.map")
        size = (self.dir / "p").stat().st_size
        self.assertEqual(size, rows["file"]["total"])
        self.assertEqual(size, sum(row["total"] for name, row in rows.items() if name != "file"))
        self.assertGreater(rows["headers and padding"]["total"], 0)
        # A section that is forgotten would end up here.
        self.assertLess(rows["headers and padding"]["total"], 40000)
        self.assertGreater(rows["libc"]["code"], 100000)

    def test_what_is_reached_is_counted_once(self) -> None:
        big = self.rows("p.map")["libbig"]
        self.assertTrue(4096 <= big["constants"] < 8192, big)
        self.assertTrue(0 < big["code"] < 1000, big)
        self.assertLess(big["data"], 1000)

    def test_members(self) -> None:
        self.assertEqual({"big.o"}, set(self.rows("--members", "libbig", "p.map")))
        done = self.tool("--members", "libother", "p.map")
        self.assertEqual(1, done.returncode)
        self.assertIn("no part of libother, which has: libbig libc", done.stderr)

    def test_what_is_no_map_is_refused(self) -> None:
        done = self.tool("main.c")
        self.assertEqual(1, done.returncode)
        self.assertIn("no map of GNU ld", done.stderr)


if __name__ == "__main__":
    unittest.main()
