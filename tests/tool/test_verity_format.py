#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verinit verity format: byte for byte what the stock veritysetup writes, whole or not at all."""

import json
import os
import resource
import stat
import subprocess
import unittest
from pathlib import Path
from typing import Any

import volumes
from case import FALSE, TROUBLE, USAGE, VERINIT, YES, Result, ToolTest
from volumes import SALT, UUID

SAME = ("--salt", SALT, "--uuid", UUID)


class FormatTest(ToolTest):
    def setUp(self) -> None:
        super().setUp()
        self.data = self.file("data", volumes.data(129))
        self.tree = self.dir / "tree"

    def format(self, *words: object, **options: object) -> Result:
        return self.verinit("verity", "format", "--data-device", self.data, "--hash-device", self.tree, *words, **options)

    def facts(self, *words: object, **options: object) -> dict[str, Any]:
        done = self.format("--json=short", *words, **options)
        self.assert_ends(done, YES)
        found = json.loads(done.stdout)
        assert isinstance(found, dict)
        return found

    def names(self) -> list[str]:
        return sorted(path.name for path in self.dir.iterdir() if path.name != "init")


class LikeVeritysetup(FormatTest):
    def compare(self, *words: str, blocks: int, block: int = 4096, offset: int = 0, is_inline: bool = False, parity: int = 0) -> None:
        """Both write; every file is the same, and each accepts what the other wrote."""
        content = volumes.data(blocks, block)
        self.data = self.file("data", content)
        their_data = self.file("their.data", content)
        self.tree = self.data if is_inline else self.dir / "tree"
        their_tree = their_data if is_inline else self.dir / "their.tree"
        for path in (self.dir / "tree", self.dir / "their.tree", self.dir / "fec", self.dir / "their.fec"):
            path.unlink(missing_ok=True)
        shape = [*words, f"--uuid={UUID}", f"--data-block-size={block}", f"--hash-offset={offset}", f"--data-blocks={blocks}"]
        ours, theirs = list(shape), list(shape)
        if parity:
            ours += [f"--fec-device={self.dir / 'fec'}", f"--fec-roots={parity}"]
            theirs += [f"--fec-device={self.dir / 'their.fec'}", f"--fec-roots={parity}"]
        found = self.facts(*ours, "--root-hash-file", self.dir / "roothash")
        self.assertEqual(found["root_hash"], volumes.stock_format(their_data, their_tree, *theirs, f"--root-hash-file={self.dir / 'their.roothash'}"))
        pairs = [(self.data, their_data), (self.tree, their_tree), (self.dir / "roothash", self.dir / "their.roothash")]
        if parity:
            pairs.append((self.dir / "fec", self.dir / "their.fec"))
        for mine, other in pairs:
            self.assertEqual(mine.read_bytes(), other.read_bytes(), mine.name)
        fec = [f"--fec-device={self.dir / 'fec'}", f"--fec-roots={parity}"] if parity else []
        volumes.veritysetup("verify", self.data, self.tree, found["root_hash"], f"--hash-offset={offset}", *fec)
        self.assert_verified(found, is_inline)

    def assert_verified(self, found: dict[str, Any], is_inline: bool = False) -> None:
        """By PID 1's code, with the words that were printed, and a floor that wants the geometry pinned."""
        place = " verity.usr=PARTLABEL=usr" if is_inline else ""
        done = self.verinit("verity", "verify", "--data-device", self.data, "--hash-device", self.tree, "--cmdline", found["cmdline"] + place)
        self.assert_ends(done, YES)

    def test_shapes(self) -> None:
        for n, blocks in enumerate((1, 2, 128, 129, 300)):
            for algorithm in ("sha256", "sha384", "sha512"):
                salt = "-" if n % 2 else SALT
                with self.subTest(blocks=blocks, algorithm=algorithm):
                    self.compare(f"--hash={algorithm}", f"--salt={salt}", blocks=blocks)
                    self.compare(f"--hash={algorithm}", f"--salt={salt}", blocks=blocks, offset=blocks * 4096, is_inline=True)

    def test_block_sizes(self) -> None:
        for block, hash_block in ((512, 512), (512, 4096), (4096, 1024), (1024, 4096)):
            with self.subTest(block=block, hash_block=hash_block):
                self.compare("--hash=sha256", f"--salt={SALT}", f"--hash-block-size={hash_block}", blocks=150, block=block)

    def test_offset_into_a_file_of_its_own(self) -> None:
        self.compare("--hash=sha256", f"--salt={SALT}", blocks=129, offset=8192)

    def test_three_levels(self) -> None:
        self.compare("--hash=sha256", f"--salt={SALT}", blocks=128 * 128 + 1)

    def test_parity(self) -> None:
        for parity in (2, 24):
            with self.subTest(parity=parity):
                self.compare("--hash=sha256", f"--salt={SALT}", blocks=300, parity=parity)

    def test_text(self) -> None:
        done = self.format(*SAME)
        self.assert_ends(done, YES)
        root = volumes.stock_format(self.data, self.dir / "their.tree", f"--salt={SALT}", f"--uuid={UUID}")
        word = f"init.verity=1:sha256:4096:4096:129:1:{SALT}:{UUID}"
        dashed = [f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}" for h in (root[:32], root[32:])]
        self.assertEqual(done.stdout, f"root hash  {root}\ngeometry   {word}\ncmdline    usrhash={root} {word}\n"
                                      f"data       PARTUUID={dashed[0]}\ntree       PARTUUID={dashed[1]}\n")
        self.assertEqual(done.stdout.splitlines()[1].split()[1], self.verinit("verity", "geometry", "--hash-device", self.tree).stdout.strip())
        self.assertEqual((done.stderr, self.format(*SAME, "--force", "--quiet").stdout), ("", ""))

    def test_facts(self) -> None:
        found = self.facts(*SAME, "--hash", "sha512")
        self.assertEqual((found["algorithm"], found["data_blocks"], found["salt"], found["uuid"]), ("sha512", 129, SALT, UUID))
        self.assertEqual(found["data_partuuid"].replace("-", ""), found["root_hash"][:32])
        self.assertEqual(found["hash_partuuid"].replace("-", ""), found["root_hash"][-32:])

    def test_examples(self) -> None:
        """Of --help, as somebody types them."""
        shown = self.verinit("verity", "format", "--help").stdout.split("Examples:\n")[1]
        self.assertEqual(len(shown.splitlines()), 2)
        self.file("usr.erofs", volumes.data(5))
        self.file("usr.img", volumes.data(5))
        subprocess.run(["bash", "-euc", shown], check=True, cwd=self.dir, capture_output=True, env={"PATH": f"{VERINIT.parent}:{os.environ['PATH']}"})
        self.assertEqual(volumes.veritysetup("verify", self.dir / "usr.erofs", self.dir / "usr.verity", (self.dir / "roothash").read_text()).returncode, 0)


class Reproducible(FormatTest):
    def again(self, **environment: str) -> dict[str, Any]:
        return self.facts("--force", environment=environment)

    def test_salt_and_uuid_are_random(self) -> None:
        first, second = self.again(), self.again()
        self.assertEqual((len(first["salt"]), len(second["salt"])), (64, 64))
        for key in ("salt", "uuid", "root_hash"):
            self.assertNotEqual(first[key], second[key])
        self.assertRegex(first["uuid"], r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")

    def test_with_a_date_they_follow_from_it(self) -> None:
        first = self.again(SOURCE_DATE_EPOCH="1767225600")
        content = self.tree.read_bytes()
        self.assertEqual(self.again(SOURCE_DATE_EPOCH="1767225600"), first)
        self.assertEqual(self.tree.read_bytes(), content)
        self.assertEqual(len(first["salt"]), 64)
        self.assertRegex(first["uuid"], r"^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
        other = self.again(SOURCE_DATE_EPOCH="1767225601")
        self.data.write_bytes(volumes.data(130))
        larger = self.again(SOURCE_DATE_EPOCH="1767225600")
        for key in ("salt", "uuid"):
            self.assertEqual(len({first[key], other[key], larger[key]}), 3)
        self.assert_ends(self.format("--force", environment={"SOURCE_DATE_EPOCH": "soon"}), USAGE, "SOURCE_DATE_EPOCH", "soon")


class Whole(FormatTest):
    def test_what_is_there_stays(self) -> None:
        self.tree.write_bytes(b"x" * 100000)
        done = self.format(*SAME)
        self.assert_ends(done, TROUBLE, "exists and is not empty", "--force")
        self.assertEqual((done.stdout, self.tree.read_bytes()), ("", b"x" * 100000))
        self.facts(*SAME, "--force")
        self.assertEqual(len(self.tree.read_bytes()), 4096 * 4, "nothing of the old one is left")
        self.tree.write_bytes(b"")
        self.facts(*SAME)

    def test_parity_that_is_there_stays(self) -> None:
        fec = self.file("fec", b"x")
        self.assert_ends(self.format(*SAME, "--fec-device", fec), TROUBLE, "exists and is not empty")
        self.assertEqual((fec.read_bytes(), self.tree.exists()), (b"x", False))

    def test_behind_the_data_is_nothing_yet(self) -> None:
        self.tree = self.data
        self.facts(*SAME, "--hash-offset", 129 * 4096)
        content = self.data.read_bytes()
        self.assert_ends(self.format("--salt", "ff", "--hash-offset", 129 * 4096), TROUBLE, "has something where the tree would be")
        self.assertEqual(self.data.read_bytes(), content)
        self.facts(*SAME, "--hash-offset", 129 * 4096, "--force")
        self.assertEqual(self.data.read_bytes(), content)

    def test_block_device(self) -> None:
        os.mknod(self.tree, 0o600 | stat.S_IFBLK, os.makedev(240, 0))
        self.assert_ends(self.format(*SAME), TROUBLE, "is a block device", "--force")
        self.assertTrue(stat.S_ISBLK(self.tree.stat().st_mode))
        # Nothing is behind this one: that it is asked shows that it is not replaced by a file.
        self.assert_ends(self.format(*SAME, "--force"), TROUBLE, str(self.tree))
        self.assertTrue(stat.S_ISBLK(self.tree.stat().st_mode))

    def test_no_file(self) -> None:
        os.mkfifo(self.dir / "fifo")
        for tree in (self.dir, self.dir / "fifo", Path("/dev/null")):
            self.tree = tree
            for force in ((), ("--force",)):
                self.assert_ends(self.format(*SAME, *force), TROUBLE, "neither a regular file nor a block device")
        self.tree = self.dir / "link"
        self.tree.symlink_to(self.file("elsewhere", b""))
        self.assert_ends(self.format(*SAME), TROUBLE, "is a symbolic link")
        self.tree = self.dir / "missing" / "tree"
        self.assert_ends(self.format(*SAME), TROUBLE, "cannot make a file beside")

    def limited(self, *words: object, is_killed: bool) -> "subprocess.CompletedProcess[str]":
        """May write 8 KiB to a file: then it is killed, or hears that the disk is full."""
        command = [str(VERINIT), "verity", "format", "--data-device", self.data, "--hash-device", self.tree, *words]
        return subprocess.run(list(map(str, command)), text=True, capture_output=True, check=False, restore_signals=is_killed,
                              stdin=subprocess.DEVNULL, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)))

    def test_killed_run_leaves_no_half_tree(self) -> None:
        self.assertLess(self.limited(*SAME, is_killed=True).returncode, 0)
        self.assertFalse(self.tree.exists())
        self.tree.write_bytes(b"old")
        self.assertLess(self.limited(*SAME, "--force", is_killed=True).returncode, 0)
        self.assertEqual(self.tree.read_bytes(), b"old")

    def test_full_disk_leaves_nothing(self) -> None:
        done = self.limited(*SAME, "--root-hash-file", self.dir / "roothash", is_killed=False)
        self.assertEqual((done.returncode, done.stdout), (TROUBLE, ""), done.stderr)
        self.assertIn("cannot write the hash tree", done.stderr)
        self.assertEqual(self.names(), ["data"])

    def test_full_disk_takes_off_what_was_behind_the_data(self) -> None:
        self.data = self.tree = self.file("data", volumes.data(1))
        done = self.limited(*SAME, "--data-block-size", 512, "--hash-block-size", 4096, "--hash-offset", 4096, is_killed=False)
        self.assertEqual(done.returncode, TROUBLE, done.stderr)
        self.assertEqual(self.data.read_bytes(), volumes.data(1))


class Sizes(FormatTest):
    def test_a_rest_would_be_under_no_hash(self) -> None:
        self.data.write_bytes(volumes.data(3) + b"rest")
        self.assert_ends(self.format(*SAME), TROUBLE, "12292 bytes are no multiple of the data block size, 4096")
        self.assertFalse(self.tree.exists())
        self.assertEqual(self.facts(*SAME, "--data-blocks", 3)["data_blocks"], 3)

    def test_more_than_there_is(self) -> None:
        self.assert_ends(self.format(*SAME, "--data-blocks", 130), TROUBLE, "130 data blocks of 4096 bytes do not lie before its end")
        self.data.write_bytes(b"")
        self.assert_ends(self.format(*SAME), TROUBLE, "0 data blocks")
        self.tree = self.data
        self.data.write_bytes(volumes.data(129))
        self.assert_ends(self.format(*SAME, "--hash-offset", 128 * 4096, "--data-blocks", 129), TROUBLE, "do not lie before the hash tree")
        self.assert_ends(self.format(*SAME, "--hash-offset", 130 * 4096), TROUBLE, "130 data blocks")

    def test_no_data(self) -> None:
        self.data = self.dir / "nothing"
        self.assert_ends(self.format(*SAME), TROUBLE, "cannot open", "nothing")

    def test_usage(self) -> None:
        for words in (("word",), ("--odd",), ("--hash", "sha1"), ("--hash", "md5"), ("--salt", "0"), ("--salt", "zz"), ("--salt", ""),
                      ("--salt", "00" * 257), ("--uuid", "x"), ("--uuid", UUID.upper()), ("--hash-offset", "1"), ("--data-block-size", "1000"),
                      ("--data-block-size", "256"), ("--hash-block-size", "1048576"), ("--data-blocks", "0"), ("--fec-roots", "2"),
                      ("--fec-device", self.data), ("--fec-device", self.tree), ("--fec-device", self.dir / "fec", "--fec-roots", "25"),
                      ("--fec-device", self.dir / "fec", "--fec-roots", "1"), ("--salt", "-", "--salt", "-")):
            with self.subTest(words=words):
                done = self.format(*words)
                self.assert_ends(done, USAGE, "see 'verinit verity format --help'")
                self.assertEqual((done.stdout, self.tree.exists()), ("", False))
        for words in ((), ("--data-device", self.data), ("--hash-device", self.tree), ("--data-device", self.data, "--hash-device", self.data)):
            with self.subTest(words=words):
                self.assert_ends(self.verinit("verity", "format", *words), USAGE, "see 'verinit verity format --help'")

    def test_damage_is_seen_afterwards(self) -> None:
        found = self.facts(*SAME)
        volumes.flip(self.data, 60 * 4096)
        done = self.verinit("verity", "verify", "--data-device", self.data, "--hash-device", self.tree, "--cmdline", found["cmdline"])
        self.assert_ends(done, FALSE, "data block 60 ")


if __name__ == "__main__":
    unittest.main()
