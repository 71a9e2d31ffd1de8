#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verinit verity verify: each wrong block is named with its place and PID 1's code, wherever it is."""

import json
import os
import pty
import re
import subprocess
import unittest
from pathlib import Path
from typing import Any

import volumes
from case import FALSE, TROUBLE, USAGE, VERINIT, YES, Result, ToolTest
from volumes import SALT, UUID, flip, levels

BLOCKS = 128 * 128 + 1  # three levels, of blocks of BLOCK bytes
BLOCK = 512
SMALL = 300             # two
DEFAULT = (f"--uuid={UUID}", f"--salt={SALT}")


class VerifyTest(ToolTest):
    def volume(self, blocks: int = SMALL, *options: str, block: int = 4096, offset: int = 0) -> None:
        """With an OFFSET the tree is behind the data."""
        self.data = self.file("data", volumes.data(blocks, block))
        self.tree = self.data if offset else self.dir / "tree"
        self.hash = volumes.stock_format(self.data, self.tree, *(options or DEFAULT), f"--data-block-size={block}",
                                         f"--data-blocks={blocks}", f"--hash-offset={offset}")

    def verify(self, *words: object, by: str = "--root-hash", **options: object) -> Result:
        known = ("--root-hash", self.hash) if by == "--root-hash" else ("--cmdline", by)
        return self.verinit("verity", "verify", "--data-device", self.data, "--hash-device", self.tree, *known, *words, **options)

    def facts(self, *words: object, status: int = YES, **options: Any) -> dict[str, Any]:
        done = self.verify("--json=short", *words, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stdout.count("\n"), 1)
        found = json.loads(done.stdout)
        assert isinstance(found, dict)
        self.assertEqual(found["result"] == "verified", status == YES)
        if found["code"]:
            self.assertIn(found["code"], done.stderr)
        return found

    def pin(self) -> str:
        done = self.verinit("verity", "geometry", "--hash-device", self.tree)
        self.assert_ends(done, YES)
        return f"usrhash={self.hash} {done.stdout.strip()}"


class Right(VerifyTest):
    def test_volumes_of_veritysetup(self) -> None:
        for algorithm in ("sha256", "sha384", "sha512"):
            for blocks in (1, 2, 128, 129):
                for offset in (0, blocks * 4096):
                    with self.subTest(algorithm=algorithm, blocks=blocks, offset=offset):
                        self.volume(blocks, f"--hash={algorithm}", *DEFAULT, offset=offset)
                        found = self.facts("--hash-offset", offset)
                        self.assertEqual((found["code"], found["place"], found["filled_gaps"], found["root_hash"]), (None, None, None, self.hash))
                        shape = found["geometry"]
                        self.assertEqual((shape["from"], shape["data_blocks"], shape["salt"], shape["uuid"]), ("superblock", blocks, SALT, UUID))
                        self.assertEqual(shape["levels"], len(levels(blocks, algorithm)))
                        self.assertEqual(shape["hash_blocks"], sum(level.blocks for level in levels(blocks, algorithm)))

    def test_text(self) -> None:
        self.volume()
        done = self.verify()
        self.assert_ends(done, YES)
        self.assertEqual(done.stdout, f"verified\nroot hash  {self.hash}\ndata       300 blocks of 4096 bytes\n"
                                      "tree       4 blocks of 4096 bytes, 2 levels, sha256\ngeometry   from the superblock\n")
        self.assertEqual((done.stderr, self.verify("--quiet").stdout), ("", ""))

    def test_root_hash_from_a_file(self) -> None:
        self.volume()
        for text in (self.hash, self.hash + "\n", self.hash.upper()):
            done = self.verinit("verity", "verify", "--data-device", self.data, "--hash-device", self.tree, "--root-hash-file",
                                self.file("roothash", text))
            self.assert_ends(done, YES)
        for text in ("", "zz" * 32, self.hash[:-2], self.hash + "00"):
            done = self.verinit("verity", "verify", "--data-device", self.data, "--hash-device", self.tree, "--root-hash-file",
                                self.file("roothash", text))
            self.assert_ends(done, TROUBLE, "does not hold 64, 96 or 128 hexadecimal digits")

    def test_pinned(self) -> None:
        self.volume()
        found = self.facts(by=self.pin())
        self.assertEqual((found["geometry"]["from"], found["root_hash"], found["unproved_code"]), ("pinned", self.hash, None))
        found = self.facts(by=f"@{self.file('cmdline', self.pin() + ' quiet' + chr(10))}")
        self.assertEqual(found["geometry"]["data_blocks"], SMALL)

    def test_pinned_without_superblock(self) -> None:
        """All that a superblock says, as options; of the tree's file the first block is the root."""
        self.volume(SMALL, "--no-superblock", f"--salt={SALT}")
        words = (f"usrhash={self.hash} systemd.verity_usr_options=superblock=no,format=1,hash=sha256,data-block-size=4096,"
                 f"hash-block-size=4096,data-blocks={SMALL},salt={SALT},uuid={UUID}")
        found = self.facts(by=words)
        self.assertEqual((found["geometry"]["from"], found["geometry"]["hash_start_block"]), ("pinned", 0))
        flip(self.tree, 4096 * 2)
        self.assertEqual(self.facts(by=words, status=FALSE)["place"]["block"], 2)

    def test_tree_behind_the_file_system(self) -> None:
        """One partition, and nothing that says where the tree is: PID 1 looks where the file system ends."""
        self.volume(offset=SMALL * 4096)
        floor = self.file("floor", "pinned-geometry=allow\n")
        self.assertEqual(self.facts("--floor", floor, by=f"usrhash={self.hash} verity.usr=PARTLABEL=usr")["geometry"]["hash_start_block"], SMALL + 1)

    def test_no_known_file_system(self) -> None:
        """Then only a pinned geometry says where the volume ends, and only where it is proved."""
        self.data, self.tree = self.file("data", os.urandom(4096 * 5)), self.dir / "tree"
        self.hash = volumes.stock_format(self.data, self.tree, *DEFAULT)
        self.assertEqual(self.facts(status=FALSE)["code"], "size-unknown")
        self.assertEqual(self.facts(by=self.pin())["unproved_code"], "size-unknown")
        self.assertIn("would refuse it with size-unknown", self.verify(by=self.pin()).stdout)

    def test_gap_between_digests(self) -> None:
        """48 bytes in slots of 64: what stands behind them is under the root hash, and nothing reads it."""
        self.volume(40, *DEFAULT, "--hash=sha384")
        self.hash = volumes.fill_gap(self.tree, 4096)
        self.assertEqual(self.facts()["filled_gaps"], {"hash_blocks": 1, "byte": 4096})
        self.assertIn("\nnote       1 hash blocks have bytes where no digest is, the first at byte 4096: nothing reads them\n", self.verify().stdout)


class Wrong(VerifyTest):
    def place(self, result: str, answer: str, **place: object) -> None:
        found = self.facts(status=FALSE)
        self.assertEqual((found["result"], found["code"], found["class"]), (result, answer, "TAMPER"))
        self.assertEqual({key: found["place"][key] for key in place}, place)
        self.assertRegex(found["place"]["expected"], "^[0-9a-f]{64}$")
        self.assertRegex(found["place"]["found"], "^[0-9a-f]{64}$")
        self.assertNotEqual(found["place"]["expected"], found["place"]["found"])
        self.assertIn(f"byte {place['byte']}", found["message"])

    def test_each_data_block(self) -> None:
        self.volume(BLOCKS, block=BLOCK)
        # PID 1 looks at the first 2048 bytes and at the last block; what lies between is found by this command alone.
        for block, within, result in ((0, 60, "refused"), (4, 0, "damaged"), (BLOCKS // 2, 511, "damaged"), (BLOCKS - 2, 9, "damaged"),
                                      (BLOCKS - 1, 511, "refused")):
            with self.subTest(block=block):
                flip(self.data, block * BLOCK + within)
                self.place(result, "data-corrupt", code="data-corrupt", device="data", path=str(self.data), level=None, block=block, byte=block * BLOCK)
                flip(self.data, block * BLOCK + within)
        self.assert_ends(self.verify(), YES)

    def test_each_level(self) -> None:
        self.volume(BLOCKS, block=BLOCK)
        tree = levels(BLOCKS)
        self.assertEqual([level.blocks for level in tree], [129, 2, 1])
        for number, level in enumerate(tree):
            code = "root-hash-mismatch" if number == 2 else "hash-tree-corrupt"
            for index in {0, level.blocks // 2, level.blocks - 1}:
                at_ends = index in (0, level.blocks - 1)
                with self.subTest(level=number, index=index):
                    byte = (level.start + index) * 4096
                    flip(self.tree, byte + 1)
                    self.place("refused" if at_ends else "damaged", code, code=code, device="hash", path=str(self.tree), level=number,
                               block=level.start + index, byte=byte)
                    flip(self.tree, byte + 1)
        self.assert_ends(self.verify(), YES)

    def test_single_block(self) -> None:
        self.volume(1)
        flip(self.data, 100)
        self.place("refused", "root-hash-mismatch", code="root-hash-mismatch", device="data", block=0, byte=0)

    def test_behind_the_data(self) -> None:
        self.volume(offset=SMALL * 4096)
        flip(self.data, 200 * 4096)
        found = self.facts("--hash-offset", SMALL * 4096, status=FALSE)
        self.assertEqual((found["place"]["device"], found["place"]["block"]), ("data", 200))
        flip(self.data, 200 * 4096)
        flip(self.data, (SMALL + 3) * 4096)
        found = self.facts("--hash-offset", SMALL * 4096, status=FALSE)
        self.assertEqual((found["place"]["device"], found["place"]["block"], found["place"]["level"]), ("hash", SMALL + 3, 0))

    def test_lowest_of_many(self) -> None:
        self.volume(BLOCKS, block=BLOCK)
        for block in range(5000, BLOCKS, 17):
            flip(self.data, block * BLOCK)
        self.assertEqual({self.facts(status=FALSE)["place"]["block"] for _ in range(5)}, {5000})

    def test_root_hash(self) -> None:
        self.volume()
        self.hash = self.hash[:-1] + ("0" if self.hash[-1] != "0" else "1")
        self.place("refused", "root-hash-mismatch", device="hash", level=1, block=1, byte=4096)

    def test_superblock(self) -> None:
        """Its salt is proved by the root hash where nothing pins it, and compared where something does."""
        self.volume()
        pin = self.pin()
        flip(self.tree, 88)
        self.place("refused", "root-hash-mismatch", device="hash", level=1, block=1, byte=4096)
        found = self.facts(by=pin, status=FALSE)
        self.assertEqual((found["code"], found["place"], found["geometry"]), ("geometry-mismatch", None, None))
        self.assertIn("its salt", found["message"])
        flip(self.tree, 88)
        flip(self.tree, 0)
        self.assertEqual(self.facts(status=FALSE)["code"], "superblock-invalid")

    def test_truncated(self) -> None:
        self.volume()
        pin = self.pin()
        for path, size in ((self.data, (SMALL - 1) * 4096), (self.data, 4096 * 10), (self.tree, 4096 * 3)):
            whole = path.read_bytes()
            os.truncate(path, size)
            with self.subTest(path=path, size=size):
                self.assertEqual(self.facts(status=FALSE)["code"], "superblock-invalid")
                self.assertEqual(self.facts(by=pin, status=FALSE)["code"], "geometry-mismatch")
            path.write_bytes(whole)
        os.truncate(self.tree, 100)
        self.assertEqual(self.facts(status=TROUBLE)["code"], "verity-read-failed")

    def test_what_the_command_line_says(self) -> None:
        self.volume()
        found = self.facts(by=f"usrhash={self.hash}", status=FALSE)
        self.assertEqual((found["result"], found["code"], found["root_hash"]), ("refused", "geometry-not-pinned", None))
        self.assertEqual(self.facts(by=f"{self.pin()} systemd.debug_shell", status=FALSE)["code"], "cmdline-dangerous")
        self.assertEqual(self.facts("--floor", self.file("floor", "odd=1\n"), by=self.pin(), status=FALSE)["code"], "floor-malformed")
        other = self.pin().replace(f":{SMALL}:", f":{SMALL - 1}:")
        self.assertEqual(self.facts(by=other, status=FALSE)["code"], "geometry-mismatch")

    def test_text(self) -> None:
        self.volume()
        flip(self.data, 150 * 4096)
        done = self.verify()
        self.assert_ends(done, FALSE, "data-corrupt", "data block 150 (byte 614400)", "PID 1 does not look there")
        self.assertRegex(done.stdout, r"\Adamaged: TAMPER/data-corrupt\n.*data block 150 .*\nremedy: .*\n\Z")
        flip(self.data, 0)
        done = self.verify()
        self.assert_ends(done, FALSE, "PID 1 would refuse this with data-corrupt", "data block 0 (byte 0)")
        self.assertRegex(done.stdout, r"\Arefused: TAMPER/data-corrupt\n")
        self.assertEqual(self.verify("--quiet").stdout, "")


class Unreadable(VerifyTest):
    def test_no_such_file(self) -> None:
        self.volume()
        os.mkfifo(self.dir / "fifo")
        for bad, said in ((self.dir / "nothing", "cannot open"), (self.dir, "neither a regular file"), (self.dir / "fifo", "neither a regular file")):
            for data, tree in ((bad, self.tree), (self.data, bad)):
                done = self.verinit("verity", "verify", "--data-device", data, "--hash-device", tree, "--root-hash", self.hash, "--json=short")
                self.assert_ends(done, TROUBLE, said, str(bad))
                self.assertEqual(done.stdout, "")

    def test_a_disk_that_fails(self) -> None:
        """The read of one block does, wherever it is."""
        self.volume()
        library = self.preload("""
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <errno.h>
            #include <stdio.h>
            #include <stdlib.h>
            #include <string.h>
            #include <unistd.h>
            ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
            {
                    ssize_t (*real)(int, void *, size_t, off_t) = dlsym(RTLD_NEXT, "pread");
                    off_t bad = atoll(getenv("BAD_BYTE"));
                    char link[64], path[4096] = "";
                    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
                    if (readlink(link, path, sizeof(path) - 1) < 0 || strcmp(path, getenv("BAD_FILE")) != 0)
                            return real(fd, buffer, size, offset);
                    if (offset <= bad && bad < offset + (off_t) size) {
                            if (bad == offset)
                                    return errno = EIO, -1;
                            size = bad - offset;
                    }
                    return real(fd, buffer, size, offset);
            }
            ssize_t pread64(int fd, void *buffer, size_t size, off_t offset) { return pread(fd, buffer, size, offset); }
            ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t offset, size_t room) { return pread(fd, buffer, size, offset); }
            ssize_t __pread64_chk(int fd, void *buffer, size_t size, off_t offset, size_t room) { return pread(fd, buffer, size, offset); }
            """)
        for path, block in ((self.data, 0), (self.data, 150), (self.data, SMALL - 1), (self.tree, 1), (self.tree, 3)):
            with self.subTest(path=path.name, block=block):
                found = self.facts(status=TROUBLE, environment={"LD_PRELOAD": library, "BAD_FILE": str(path),
                                                                "BAD_BYTE": str(block * 4096)})
                self.assertEqual((found["result"], found["code"], found["class"]), ("unreadable", "verity-read-failed", "SYSTEM"))
                self.assertEqual((found["place"]["path"], found["place"]["block"], found["place"]["found"]), (str(path), block, None))
        flip(self.data, 149 * 4096)
        found = self.facts(status=FALSE, environment={"LD_PRELOAD": library, "BAD_FILE": str(self.data), "BAD_BYTE": str(150 * 4096)})
        self.assertEqual((found["code"], found["place"]["block"]), ("data-corrupt", 149))


class Talk(VerifyTest):
    def on_a_terminal(self, *words: str) -> str:
        ours, theirs = pty.openpty()
        command = [str(VERINIT), "verity", "verify", "--data-device", str(self.data), "--hash-device", str(self.tree), "--root-hash", self.hash, *words]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=theirs, stdin=subprocess.DEVNULL, check=True)
        os.close(theirs)
        self.assertEqual(done.returncode, 0)
        said = b""
        try:
            while part := os.read(ours, 65536):
                said += part
        except OSError:  # all was read, and nobody is left to write
            pass
        os.close(ours)
        return said.decode()

    def test_progress_is_for_terminals(self) -> None:
        self.volume(BLOCKS, block=BLOCK)
        said = self.on_a_terminal()
        self.assertRegex(said, r"\A\rverifying +\d+% \[[#.]{20}\] \d+\.\d of 8\.0 MiB, \d+ MiB/s.*\x1b\[K")
        self.assertIn("verifying 100% [####################] 8.0 of 8.0 MiB", said)
        self.assertTrue(said.endswith("\r\x1b[K"))
        self.assertEqual(self.on_a_terminal("--quiet"), "")
        self.assertEqual(self.verify().stderr, "")

    def test_usage(self) -> None:
        self.volume()
        both = ("--data-device", self.data, "--hash-device", self.tree)
        root = ("--root-hash", self.hash)
        for words in ((), both, ("--data-device", self.data, *root), ("--hash-device", self.tree, *root), (*both, *root, "word"),
                      (*both, *root, "--cmdline", "x"), (*both, *root, "--root-hash-file", "x"), (*both, *root, "--hash-offset", "1"),
                      (*both, *root, "--floor", "x"), (*both, "--cmdline", "x", "--hash-offset", "512"), (*both, "--root-hash", "zz"),
                      (*both, "--root-hash", self.hash[:40]), (*both, *root, *root), (*both, *root, "--odd")):
            with self.subTest(words=words):
                done = self.verinit("verity", "verify", *words)
                self.assert_ends(done, USAGE, "see 'verinit verity verify --help'")
                self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
