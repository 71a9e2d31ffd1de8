#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each rule finds what it is for, and leaves alone what is right."""

import unittest

import rules

# In pieces, so that this file itself passes.
HTTP = "https:" + "//"


class Rules(unittest.TestCase):
    def test_spdx(self) -> None:
        self.assertEqual(list(rules.spdx("a.c", f"/* {rules.SPDX} */\n")), [])
        self.assertEqual(len(list(rules.spdx("a.c", "int x;\n"))), 1)
        self.assertEqual(len(list(rules.spdx("a.c", "\n" * 9 + rules.SPDX))), 1)
        self.assertEqual(list(rules.spdx("LICENSE", "text")), [])

    def test_places(self) -> None:
        top = "/srv/build/verinit"
        for text in (f"x = '{top}/init'", f"{top}", "cd " + "/ho" + "me/somebody", f"{HTTP}example.org/x",
                     "deb" + ".debian.org", "py" + "pi.org", "registry" + ".example.com"):
            with self.subTest(text):
                self.assertEqual(len(list(rules.places("a", text, top))) >= 1, True)
        for text in ("/usr/lib/verinit/init", f"{top}-other", f"{HTTP}json-schema.org/draft", "/usr/src/verinit",
                     "dev.example", "files.txt"):
            with self.subTest(text):
                self.assertEqual(list(rules.places("a", text, top)), [])
        self.assertEqual(list(rules.places("a", "/src/x", "/src")), [], "too short to mean anything")

    def test_own_includes(self) -> None:
        there = {"include/verinit/a.h", "init/b.h", "verity/c.h"}

        def wrong(text: str) -> int:
            return len(list(rules.own_includes("init/x.c", text, there)))

        self.assertEqual(wrong('#include "verinit/a.h"\n#include "b.h"\n#include <stdio.h>\n'), 0)
        for text in ('#include "c.h"', '#include "../verity/c.h"', '#include "verity/c.h"', '#include <verinit/a.h>',
                     '#include "verinit/none.h"', '  #  include "c.h"'):
            with self.subTest(text):
                self.assertEqual(wrong(text), 1)

    def test_third_party(self) -> None:
        def wrong(sources: dict[str, str]) -> list[str]:
            return list(rules.third_party(sources, {"verity/adapter.c"}))

        self.assertEqual(wrong({"verity/adapter.c": "#include <blkid/blkid.h>", "tools/x.c": "#include <zstd.h>"}), [])
        self.assertEqual(wrong({"init/a.c": "#include <linux/fs.h>\n#include <sys/mount.h>"}), [])
        self.assertEqual(len(wrong({"init/a.c": "#include <blkid/blkid.h>"})), 1)
        self.assertEqual(len(wrong({"tools/a.c": "#include <zstd.h>", "tools/b.c": "#include <zstd.h>"})), 1)
        self.assertEqual(len(wrong({"verity/adapter.c": "#include <zstd.h>", "init/b.c": "#include <zstd.h>"})), 2)

    def test_processes(self) -> None:
        def wrong(path: str, text: str) -> int:
            return len(list(rules.processes({path: text})))

        self.assertEqual(wrong("init/os_worker.c", "syscall(SYS_clone3, &args, sizeof(args))"), 0)
        self.assertEqual(wrong("init/os_linux.c", "syscall(SYS_finit_module, fd, params, flags); SYS_close_range"), 0)
        self.assertEqual(wrong("tools/verinit/child.c", "SYS_clone3"), 0)
        for text in ("syscall(SYS_clone3, &args)", "SYS_clone", "__NR_vfork", "SYS_fork", "SYS_execveat", "syscall(435, &args)", "syscall( (unsigned long) 0x38)"):
            with self.subTest(text):
                self.assertEqual(wrong("verity/x.c", text), 1)

    def test_adapters(self) -> None:
        text = "verinit_sources(verinit-core\n        a.c\n)\nverinit_sources(verinit-adapters\n        b.c\n        c.c\n)\n"
        self.assertEqual(rules.adapters(text, "init"), {"init/b.c", "init/c.c"})


if __name__ == "__main__":
    unittest.main()
