#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verinit verity geometry: the word for what veritysetup wrote, and no word for what PID 1 would refuse."""

import os
import subprocess
import unittest
from pathlib import Path

from case import FALSE, TROUBLE, USAGE, VERINIT, YES, ToolTest
from volumes import UUID, stock_format


class GeometryTest(ToolTest):
    def format(self, *options: str, blocks: int = 129, block: int = 4096, offset: int | None = None) -> tuple[Path, str]:
        """A volume by veritysetup: the file of the tree, and its root hash. With an OFFSET it is that of the data."""
        data = self.file("data", os.urandom(blocks * block))
        tree = data if offset is not None else self.dir / "tree"
        return tree, stock_format(data, tree, f"--uuid={UUID}", f"--data-block-size={block}", f"--data-blocks={blocks}",
                                  f"--hash-offset={offset or 0}", *options)

    def geometry(self, tree: Path, *options: object) -> str:
        done = self.verinit("verity", "geometry", "--hash-device", tree, *options)
        self.assert_ends(done, YES)
        self.assertTrue(done.stdout.endswith("\n"))
        return done.stdout.removesuffix("\n")

    def test_beside_the_data(self) -> None:
        tree, root_hash = self.format("--salt=00ff10", "--hash-block-size=4096")
        word = self.geometry(tree)
        self.assertEqual(word, f"init.verity=1:sha256:4096:4096:129:1:00ff10:{UUID}")
        self.accepted(root_hash, word)

    def test_behind_the_data(self) -> None:
        tree, root_hash = self.format("--salt=-", "--hash=sha512", "--hash-block-size=1024", block=512, offset=129 * 512)
        word = self.geometry(tree, "--hash-offset", 129 * 512)
        # 66048 bytes and a superblock: in blocks of 1024 the next is the 65th.
        # The one before it begins 512 bytes before the superblock, so the word alone would not find it.
        self.assertEqual(word, f"init.verity=1:sha512:512:1024:129:65:-:{UUID} "
                               f"systemd.verity_usr_options=hash-offset={129 * 512}")
        self.accepted(root_hash, "verity.usr=PARTLABEL=usr", word)

    def test_superblock_within_a_block(self) -> None:
        tree, root_hash = self.format("--salt=-", "--hash-block-size=4096")
        content = tree.read_bytes()
        for offset, block, is_said in ((512, 4096, True), (512, 512, False), (4096, 4096, False), (4608, 4096, True)):
            with self.subTest(offset=offset, block=block):
                moved = bytearray(bytes(offset) + content)
                moved[offset + 68:offset + 72] = block.to_bytes(4, "little")
                words = self.geometry(self.file("moved", bytes(moved)), "--hash-offset", offset).split()
                self.assertEqual(words[1:], [f"systemd.verity_usr_options=hash-offset={offset}"] * is_said)
                self.accepted(root_hash, *words)

    def test_the_example(self) -> None:
        """Of --help: the last two lines, as somebody types them."""
        image, root_hash = self.format("--salt=-", "--hash-block-size=4096", offset=129 * 4096)
        shown = "\n".join(self.verinit("verity", "geometry", "--help").stdout.splitlines()[-2:])
        self.assertIn("--hash-device usr.img --hash-offset 209461248)", shown)
        typed = shown.replace("usr.img", str(image)).replace("209461248", str(129 * 4096))
        subprocess.run(["bash", "-euc", f"hash={root_hash}\n{typed}"], check=True, cwd=self.dir,
                       env={"PATH": f"{VERINIT.parent}:{os.environ['PATH']}"})
        self.accepted(root_hash, *(self.dir / "cmdline").read_text().split()[1:])

    def accepted(self, root_hash: str, *words: str) -> None:
        """By PID 1's parser of command lines, with a floor that wants everything that there is."""
        self.assert_ends(self.verinit("cmdline", "check", "--floor", self.file("floor", "ipe=allow\n"), "--cmdline", " ".join((f"usrhash={root_hash}", *words))), YES)

    def refused(self, status: int, *said: str, options: tuple[object, ...]) -> None:
        done = self.verinit("verity", "geometry", *options)
        self.assert_ends(done, status, *said)
        self.assertEqual(done.stdout, "")

    def test_no_superblock(self) -> None:
        tree, _ = self.format("--no-superblock", "--salt=-")
        self.refused(FALSE, "superblock-invalid", "no magic", options=("--hash-device", tree))
        self.refused(FALSE, "ends before byte 99840", options=("--hash-device", tree, "--hash-offset", 99328))
        self.refused(FALSE, "ends before", options=("--hash-device", self.file("short", b"verity\0\0")))

    def test_what_pid_1_would_refuse(self) -> None:
        tree, _ = self.format("--hash=sha1", "--salt=-")
        self.refused(FALSE, "superblock-invalid", "none of sha256, sha384, sha512", options=("--hash-device", tree))
        tree.unlink()
        tree, _ = self.format("--format=0", "--salt=00")
        self.refused(FALSE, "superblock-invalid", "hash type is 0, expected 1", options=("--hash-device", tree))

    def test_more_than_a_device_has(self) -> None:
        tree, _ = self.format("--salt=-")
        content = bytearray(tree.read_bytes())
        content[72:80] = b"\xff" * 8
        self.refused(FALSE, "cannot be pinned", "more than a device can have",
                     options=("--hash-device", self.file("large", bytes(content))))

    def test_not_a_file(self) -> None:
        self.refused(TROUBLE, "cannot open", options=("--hash-device", self.dir / "nothing"))
        self.refused(TROUBLE, "neither a regular file", options=("--hash-device", self.dir))

    def test_usage(self) -> None:
        tree = self.file("tree", b"")
        for options in ((), ("--hash-device",), ("--hash-device", tree, "word"), ("--hash-device", tree, "--odd"),
                        ("--hash-device", tree, "--hash-device", tree), ("--hash-device", tree, "--hash-offset", "1"),
                        ("--hash-device", tree, "--hash-offset", "-512"), ("--hash-device", tree, "--hash-offset", ""),
                        ("--hash-device", tree, "--hash-offset", "9" * 19),
                        ("--hash-device", tree, "--hash-offset", "0", "--hash-offset", "0")):
            with self.subTest(options=options):
                self.refused(USAGE, "see 'verinit verity geometry --help'", options=options)


if __name__ == "__main__":
    unittest.main()
