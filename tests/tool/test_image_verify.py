#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verinit image verify on the test images: what is good, what the look at every block finds, what is left open, and what it prints."""

import json
import os
import struct
import subprocess
import sys
import unittest
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "qemu"))

import memory  # noqa: E402
import newc  # noqa: E402
import volumes  # noqa: E402
from case import FALSE, TROUBLE, USAGE, YES, Result, ToolTest, kernel  # noqa: E402
from imagelib import sparse  # noqa: E402
from imagelib.image import Image, load  # noqa: E402
from imagelib.variants import VARIANTS  # noqa: E402
from kernels import Kernel  # noqa: E402
from rows import parts  # noqa: E402
from rows.ipe import BY_SIGNATURE, DENY, Policy  # noqa: E402
from rows.initrd import floor_text, read_floor  # noqa: E402
from rows.row import Room  # noqa: E402
from rows.setup import WITHOUT_FIRMWARE  # noqa: E402
from rows.volumes import HOST  # noqa: E402
from rows.words import added, both  # noqa: E402
from tamper.case import Setup  # noqa: E402
from tamper.ipe import ALL, named  # noqa: E402
from test_measure_predict import SYSTEMD_BOOT, trixie  # noqa: E402

UNDECIDED = 4
ROOM = parts.TOP / "build/tool-test.image-verify"
BESIDE = "/EFI/BOOT/BOOTX64.EFI.extra.d"
STAGES = ["early", "config", "probe", "prove", "enter", "find", "plan", "verify", "activate", "measure", "usr", "mac", "record"]


def policy() -> Path:
    """The image's, and so of the small volume too."""
    return next((HOST.made() / "tree" / HOST.policy).glob("default/policy/policy.*"))


class ImageTest(ToolTest):
    room = ROOM

    def setUp(self) -> None:
        super().setUp()
        self.image = load("discoverable")

    def check(self, disk: Path, *words: object) -> Result:
        return self.verinit("image", "verify", disk, *words, environment={"TMPDIR": str(self.dir)})

    def verdicts(self, done: Result) -> dict[str, Any]:
        return {c["name"]: c for c in json.loads(done.stdout)["checks"]}

    def edited(self, image: Image, at: int) -> Path:
        """One bit of one byte."""
        copy = self.dir / "disk.raw"
        sparse.copy(image.disk, copy)
        with open(copy, "r+b") as disk:
            disk.seek(at)
            byte = disk.read(1)[0]
            disk.seek(at)
            disk.write(bytes([byte ^ 1]))
        return copy

    def middle(self) -> int:
        return self.image.data_offset + self.image.data_blocks // 2 * self.image.block_size

    def predicted(self, kernel: str, *more: object) -> Path:
        """The measurements that go with a release of this kernel."""
        target = self.dir / f"{kernel}.json"
        self.assert_ends(self.verinit("measure", "predict", "--uki", self.image.kernels[kernel].uki, "--policy", policy(), "--pcr", "4,9,11,12,13",
                                      "--output", target, "--quiet", *more), YES)
        return target


class Good(ImageTest):
    def test_all_is_looked_at(self) -> None:
        done = self.check(self.image.disk, "--cert", self.image.db_cert, "--measurements", self.predicted("cloud"), "--json=short")
        self.assertEqual((done.returncode, done.stderr), (YES, ""), done.stdout)
        seen = self.verdicts(done)
        self.assertEqual({name for name, c in seen.items() if c["verdict"] != "ok"}, set())
        self.assertEqual([name for name in seen if name in STAGES], STAGES)
        self.assertIn("measurements", seen)
        self.assertIn("replay: proved", seen["prove"]["message"])
        self.assertIn(f"{self.image.data_blocks} blocks, geometry pinned, signature discovered", seen["verify"]["message"])
        self.assertIn("policy.33", seen["mac"]["message"])
        parts = json.loads(done.stdout)["disks"][0]["partitions"]
        self.assertEqual([p["partuuid"] for p in parts], [p.partuuid for p in self.image.partitions.values()])
        self.assertEqual([p.name for p in self.dir.iterdir() if p.name.startswith("verinit-image")], [], "scratch files")

    def test_other_measurements(self) -> None:
        done = self.check(self.image.disk, "--cert", self.image.db_cert, "--quick", "--measurements", self.predicted("generic"))
        self.assert_ends(done, FALSE, "measurements", "this boot measures something else")

    def test_measurements_without_values(self) -> None:
        path = self.predicted("cloud")
        told = json.loads(path.read_text())
        told["events"], told["pcrs"] = [], {bank: {} for bank in told["pcrs"]}
        path.write_text(json.dumps(told))
        done = self.check(self.image.disk, "--cert", self.image.db_cert, "--quick", "--measurements", path, "--json=short")
        self.assertEqual(done.returncode, UNDECIDED, done.stdout + done.stderr)
        self.assertIn("no PCR that can be compared", self.verdicts(done)["measurements"]["message"])

    def test_gaps_are_told(self) -> None:
        """Another volume in the partition; which one it is, says the line of a kernel that is started without firmware."""
        image, blocks, path = load("inline"), 40, self.dir / "volume"
        path.write_bytes(volumes.data(blocks))
        volumes.stock_format(path, path, "--hash=sha384", f"--salt={volumes.SALT}", f"--data-blocks={blocks}", f"--hash-offset={blocks * 4096}")
        root_hash = volumes.fill_gap(path, (blocks + 1) * 4096)
        disk = image.copy(self.dir / "disk.raw")
        with open(disk, "r+b") as file:
            file.seek(image.data_offset)
            file.write(path.read_bytes())
        line = image.cmdline.replace(image.root_hash, root_hash).replace(f"hash-offset={image.hash_offset}", f"hash-offset={blocks * 4096}")
        floor = self.file("floor", floor_text({**WITHOUT_FIRMWARE, **read_floor(VARIANTS["inline"].floor_path)}))
        self.assert_ends(self.build("--floor", floor, cmdline=line), YES)
        done = self.check(disk, "--initrd", self.output, "--cmdline", line, "--uname", kernel("cloud").release, "--json=short")
        tree = self.verdicts(done)["tree"]
        self.assertEqual(tree["verdict"], "ok", done.stdout)
        self.assertRegex(tree["message"], "; 1 hash blocks have bytes where no digest is, the first at byte [0-9]+: nothing reads them$")

    def test_other_layouts(self) -> None:
        for name in ("discoverable-ext4", "inline"):
            image = load(name)
            with self.subTest(name):
                done = self.check(image.disk, "--cert", image.db_cert, "--quick")
                self.assertEqual((done.returncode, done.stderr), (YES, ""), done.stdout)


class Open(ImageTest):
    def test_nobody_says_whose_key(self) -> None:
        done = self.check(self.image.disk, "--quick", "--json=short")
        self.assertEqual(done.returncode, UNDECIDED, done.stderr)
        self.assertEqual([name for name, c in self.verdicts(done).items() if c["verdict"] == "undecided"],
                         ["secure-boot", "activate"])
        self.assertEqual(json.loads(done.stdout)["verdict"], "undecided")


class Wrong(ImageTest):
    def test_a_block_in_the_middle(self) -> None:
        """PID 1 leaves it to the kernel, which would stop the machine when it is read."""
        disk = self.edited(self.image, self.middle())
        done = self.check(disk, "--cert", self.image.db_cert, "--json=short")
        self.assert_ends(done, FALSE, "data-corrupt")
        answer = json.loads(done.stdout)
        self.assertEqual((answer["verdict"], answer["check"], answer["code"]), ("refused", "tree", "data-corrupt"))
        self.assertIn(f"data block {self.image.data_blocks // 2}", self.verdicts(done)["tree"]["message"])
        done = self.check(disk, "--cert", self.image.db_cert, "--json=short", "--quick")
        seen = self.verdicts(done)
        self.assertEqual(seen["tree"]["verdict"], "skipped")
        # Which file the block is of differs from image to image: if erofs misses it, /usr and the policy in it cannot be read.
        open_ones = {name for name, c in seen.items() if c["verdict"] not in ("ok", "skipped")}
        self.assertLessEqual(open_ones, {"usr", "mac"})
        self.assertEqual(done.returncode, UNDECIDED if open_ones else YES, done.stderr)

    def test_stages_behind_a_refusal_do_not_run(self) -> None:
        done = self.check(self.image.disk, "--cert", self.image.db_cert, "--append", "systemd.debug_shell", "--json=short")
        self.assert_ends(done, FALSE, "cmdline-dangerous", "systemd.debug_shell")
        seen = self.verdicts(done)
        self.assertEqual(seen["config"]["verdict"], "refused")
        self.assertEqual({seen[name]["verdict"] for name in STAGES[2:] + ["tree"]}, {"skipped"})
        self.assertIn("the boot has ended: config", seen["mac"]["message"])

    def test_a_key_that_is_not_enrolled(self) -> None:
        other = self.dir / "other.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other", "-keyout", self.dir / "other.key",
                        "-out", other], check=True, capture_output=True)
        done = self.check(self.image.disk, "--quick", "--cert", other)
        self.assert_ends(done, FALSE, "secure-boot", "by no key of --cert")
        self.assertIn("would be refused: secure-boot/firmware-access-denied", done.stdout)

    def test_a_byte_in_what_was_signed(self) -> None:
        uki = bytearray(self.image.kernels["cloud"].uki.read_bytes())
        uki[uki.index(b"systemd-stub")] ^= 1
        self.assert_ends(self.check(self.image.disk, "--quick", "--cert", self.image.db_cert, "--uki", self.file("flipped.efi", bytes(uki))),
                         FALSE, "secure-boot", "or over another file")

    def test_no_disk(self) -> None:
        empty = self.file("empty", bytes(1 << 20))
        done = self.check(empty)
        self.assert_ends(done, FALSE, "no GPT")
        self.assert_ends(self.check(self.dir / "absent"), TROUBLE, "cannot open")
        self.assert_ends(self.check(self.dir), TROUBLE, "neither a regular file nor a block device")

    def test_garbage_is_survived(self) -> None:
        """A UKI cut off anywhere, and noise where the ESP was."""
        uki = self.image.kernels["cloud"].uki.read_bytes()
        for n in (0, 1, 100, 4096, len(uki) // 2):
            with self.subTest(n):
                done = self.check(self.image.disk, "--quick", "--uki", self.file("cut.efi", uki[:n]))
                self.assertIn(done.returncode, (TROUBLE, FALSE, UNDECIDED), done.stderr)


class BuiltIn(ImageTest):
    """A dm-verity that is built into the kernel: nothing is packed of it, so nobody gives it its parameter but the command line."""

    def kernel_with_verity(self) -> Kernel:
        """Such a kernel's module directory. No driver is lost: the boot is asked, not made."""
        other = kernel("cloud").copy(self.dir / "kernel")
        module = next(other.modules.rglob("dm-verity.ko*"))
        module.unlink()
        names = other.modules / "modules.builtin"
        text = names.read_text() + f"{module.relative_to(other.modules).parent}/dm-verity.ko\n"
        names.unlink()
        names.write_text(text)
        other.index()
        return other

    def judged(self, on: Kernel, line: str) -> Result:
        variant = VARIANTS["discoverable"]
        own = {**WITHOUT_FIRMWARE, **read_floor(variant.floor_path), "root-hash-signature": "require"}
        self.output.unlink(missing_ok=True)
        self.assert_ends(self.build("--floor", self.file("floor", floor_text(own)), "--certificate", self.image.db_cert,
                                    *(f"--feature={name}" for name in variant.features), on=on, cmdline=line), YES)
        return self.check(self.image.disk, "--quick", "--initrd", self.output, "--cmdline", line, "--uname", on.release, "--json=short")

    def test_the_kernel_was_not_told_to_want_signatures(self) -> None:
        done = self.judged(self.kernel_with_verity(), self.image.cmdline)
        self.assert_ends(done, FALSE, "require_signatures is 'N'", "put dm_verity.require_signatures=1 on the command line")
        answer = json.loads(done.stdout)
        self.assertEqual((answer["check"], answer["code"]), ("activate", "verity-takes-unsigned"))

    def test_the_kernel_was_told(self) -> None:
        """On the line that is packed; and a module needs no such word, PID 1 gives it."""
        told = f"{self.image.cmdline} dm_verity.require_signatures=1"
        for on, line in ((self.kernel_with_verity(), told), (kernel("cloud"), self.image.cmdline)):
            with self.subTest(line):
                seen = self.verdicts(self.judged(on, line))
                # Whose key the kernel's keyrings have, nobody says without --cert.
                self.assertEqual(seen["activate"]["verdict"], "undecided", seen)
                self.assertEqual(seen["usr"]["verdict"], "ok", seen)


class Ipe(ImageTest):
    """Policies in /usr that the kernel would take: signed, named by the command line, and wrong."""

    def judged(self, rules: str) -> dict[str, Any]:
        policy = Policy(rules=rules)
        setup = Setup(volume=replace(HOST, name="ipe-judged", policies={"": policy}), floor={"selinux-dir": "lib/selinux", "ipe": "require"},
                      signed=both(added(ALL), named(policy)))
        disk = setup.boot_disk("image-verify-ipe", Room(out=self.dir, init=parts.INIT))
        done = self.check(disk, "--cert", self.image.db_cert, "--quick", "--json=short")
        answer = json.loads(done.stdout)
        return {"status": done.returncode, "check": answer["check"], **self.verdicts(done)["ipe-policy"]}

    def test_allowed_by_default(self) -> None:
        seen = self.judged("DEFAULT action=ALLOW\n")
        self.assertEqual((seen["status"], seen["check"], seen["verdict"]), (FALSE, "ipe-policy", "refused"), seen)
        self.assertIn("IPE policy verinit_test: allowed-by-default: line 2: EXECUTE is allowed by default", seen["message"])

    def test_of_another_volume(self) -> None:
        seen = self.judged(DENY + f"op=EXECUTE dmverity_roothash=sha256:{'ab' * 32} action=ALLOW\n")
        self.assertEqual((seen["status"], seen["check"], seen["verdict"]), (FALSE, "ipe-policy", "refused"), seen)
        self.assertIn("IPE policy verinit_test: denies-volume", seen["message"])

    def test_sound(self) -> None:
        seen = self.judged(BY_SIGNATURE)
        self.assertEqual((seen["verdict"], seen["message"]), ("ok", "IPE policy verinit_test 1.2.3: sound"), seen)


class Esp(ImageTest):
    """Its files changed by mtools, on a disk whose /usr is a small one: that is unpacked each time."""

    def setUp(self) -> None:
        super().setUp()
        setup = Setup(volume=HOST, floor={"selinux-dir": "lib/selinux"})
        self.disk = setup.boot_disk("image-verify-esp", Room(out=self.dir, init=parts.INIT))
        uki = self.dir / "node.efi"
        self.mtools("mcopy", "::/EFI/BOOT/BOOTX64.EFI", uki)
        self.image = replace(self.image, kernels={"cloud": replace(self.image.kernels["cloud"], uki=uki)})

    def mtools(self, name: str, *words: object) -> None:
        place = f"{self.disk}@@{self.image.partitions['esp'].offset}"
        subprocess.run([name, "-i", place, *map(str, words)], check=True, capture_output=True)

    def put(self, source: Path, target: str) -> None:
        place = f"{self.disk}@@{self.image.partitions['esp'].offset}"
        subprocess.run(["mmd", "-D", "s", "-i", place, f"::{Path(target).parent}"], check=False, capture_output=True)  # if it is not there
        self.mtools("mcopy", "-o", source, f"::{target}")

    def assert_one_is(self, name: str, verdict: str, message: str, status: int, *words: object) -> None:
        """All other checks are good, where the boot is not refused."""
        done = self.check(self.disk, "--quick", "--json=short", *words)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        seen = self.verdicts(done)
        self.assertEqual({n for n, c in seen.items() if c["verdict"] not in ("ok", "skipped")}, {name}, done.stdout)
        self.assertEqual(seen[name]["verdict"], verdict)
        self.assertIn(message, seen[name]["message"])

    def test_name_that_is_a_pattern(self) -> None:
        self.put(self.file("a", "x"), f"{BESIDE}/[a].addon.efi")
        self.assert_one_is("esp", "undecided", "'[' or ']'", UNDECIDED, "--cert", self.image.db_cert)

    def test_more_files_than_are_looked_at(self) -> None:
        self.mtools("mmd", "::/many")
        many = [self.file(f"f{n}", "") for n in range(300)]
        self.mtools("mcopy", *many, "::/many/")
        self.assert_one_is("esp", "undecided", "more files than are looked at", UNDECIDED, "--cert", self.image.db_cert)

    def test_part_of_a_listing(self) -> None:
        mdir = self.file("mdir", '#!/bin/sh\nPATH="${PATH#*:}" mdir "$@"\nexit 1\n')
        mdir.chmod(0o755)
        done = self.verinit("image", "verify", self.disk, "--quick", "--cert", self.image.db_cert,
                            environment={"TMPDIR": str(self.dir), "PATH": f"{self.dir}:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, UNDECIDED, done.stdout + done.stderr)
        self.assertIn("mtools cannot read all of its directories", done.stdout)

    def test_path_with_a_place_in_it(self) -> None:
        self.disk = self.disk.rename(self.dir / "disk@@1.raw")
        done = self.check(self.disk, "--quick", "--cert", self.image.db_cert)
        self.assertEqual((done.returncode, done.stderr), (YES, ""), done.stdout)

    def move_uki(self) -> None:
        self.mtools("mmd", "::/EFI/Linux")
        self.mtools("mmove", "::/EFI/BOOT/BOOTX64.EFI", "::/EFI/Linux/node.efi")

    def test_no_loader(self) -> None:
        self.move_uki()
        self.assert_one_is("loader", "undecided", "there is no /EFI/BOOT/BOOTX64.EFI", UNDECIDED, "--cert", self.image.db_cert)

    def test_loader_that_is_no_program(self) -> None:
        self.move_uki()
        self.put(self.file("junk", "junk"), "/EFI/BOOT/BOOTX64.EFI")
        self.assert_one_is("loader", "refused", "no PE file", FALSE, "--cert", self.image.db_cert)

    def test_loader_that_is_signed_or_not(self) -> None:
        """A kernel is a program of the firmware's that is no UKI."""
        kernel, bare, good = self.image.directory / "vmlinuz-cloud", self.dir / "bare.efi", self.dir / "good.efi"
        bare.write_bytes(kernel.read_bytes())
        subprocess.run(["sbattach", "--remove", bare], check=False, capture_output=True)
        subprocess.run(["sbsign", "--key", self.image.db_key, "--cert", self.image.db_cert, "--output", good, bare], check=True,
                       capture_output=True)
        self.move_uki()
        self.put(bare, "/EFI/BOOT/BOOTX64.EFI")
        self.assert_one_is("loader", "refused", "has no signature", FALSE, "--cert", self.image.db_cert)
        self.mtools("mdel", "::/EFI/BOOT/BOOTX64.EFI")
        self.put(good, "/EFI/BOOT/BOOTX64.EFI")
        done = self.check(self.disk, "--quick", "--json=short", "--cert", self.image.db_cert)
        self.assertEqual(self.verdicts(done)["loader"]["verdict"], "ok", done.stdout)
        seen = self.verdicts(self.check(self.disk, "--quick", "--json=short"))
        self.assertEqual((seen["loader"]["verdict"], seen["secure-boot"]["verdict"]), ("undecided", "undecided"))

    def test_measurements_of_a_loader(self) -> None:
        """systemd-boot is in PCR 4, before the UKI; what another loader starts nobody knows."""
        boot = trixie()[0].tree / SYSTEMD_BOOT
        self.move_uki()
        self.put(self.signed(boot), "/EFI/BOOT/BOOTX64.EFI")
        words: tuple[object, ...] = ("--quick", "--cert", self.image.db_cert, "--measurements")
        done = self.check(self.disk, *words, self.predicted("cloud", "--loader", boot))
        self.assertEqual((done.returncode, done.stderr), (YES, ""), done.stdout)
        self.assert_ends(self.check(self.disk, *words, self.predicted("cloud")), FALSE, "PCR 4: this boot measures something else")
        self.put(self.signed(self.file("other.efi", boot.read_bytes().replace(b" systemd-boot ", b" another-one  "))), "/EFI/BOOT/BOOTX64.EFI")
        self.assert_one_is("measurements", "undecided", "PCR 4: what this boot measures cannot be said: /EFI/BOOT/BOOTX64.EFI is not systemd-boot",
                           UNDECIDED, *words[1:], self.predicted("cloud", "--loader", boot))

    def addon(self, name: str, content: bytes) -> Path:
        """One section, of that name."""
        pe = b"MZ" + bytes(58) + struct.pack("<I4sHHIIIHH", 64, b"PE\0\0", 0x8664, 1, 0, 0, 0, 240, 0x22)
        pe += struct.pack("<HBBIIIIIQIIHHHHHHIIIIHHQQQQII", 0x20b, 0, 0, 0, 0, 0, 0, 0, 0, 4096, 512, 0, 0, 0, 0, 0, 0, 0, 8192, 512, 0, 10, 0,
                          0, 0, 0, 0, 0, 16) + bytes(128)
        pe += struct.pack("<8sIIIIIIHHI", name.encode(), len(content), 4096, 512, 512, 0, 0, 0, 0, 0)
        return self.file("addon", pe.ljust(512, b"\0") + content.ljust(512, b"\0"))

    def signed(self, source: Path) -> Path:
        target = self.dir / "signed.efi"
        subprocess.run(["sbsign", "--key", self.image.db_key, "--cert", self.image.db_cert, "--output", target, source], check=True,
                       capture_output=True)
        return target

    def test_command_line_of_an_addon_that_is_refused(self) -> None:
        """What stood before it in the line is not read on in."""
        self.put(self.addon(".cmdline", b"k\xf6nig"), f"{BESIDE}/bad.addon.efi")
        self.assert_one_is("cmdline", "refused", "bad.addon.efi", FALSE, "--without", "secure-boot")

    def test_extensions_beside_the_uki(self) -> None:
        """PID 1 has no use for a system extension, and refuses a configuration extension."""
        self.put(self.file("a", "anything"), f"{BESIDE}/a.sysext.raw")
        done = self.check(self.disk, "--quick", "--cert", self.image.db_cert)
        self.assertEqual((done.returncode, done.stderr), (YES, ""), done.stdout)
        self.put(self.file("b", "anything"), f"{BESIDE}/b.confext.raw")
        self.assert_one_is("prove", "refused", "'Configuration extension initrd'", FALSE, "--cert", self.image.db_cert)
        self.assert_ends(self.check(self.disk, "--quick", "--cert", self.image.db_cert), FALSE, "prove", "event-unexplained")

    def test_sections_of_addons(self) -> None:
        tree = b"\xd0\x0d\xfe\xed" + bytes(36)
        for name, content, said in ((".ucode", newc.write([]), "a microcode add-on was loaded"), (".dtb", tree, "a device tree add-on was loaded")):
            with self.subTest(name):
                self.put(self.signed(self.addon(name, content)), f"{BESIDE}/a.addon.efi")
                self.assert_one_is("prove", "refused", said, FALSE, "--cert", self.image.db_cert)
        for name in (".dtb", ".dtbauto", ".uname"):
            with self.subTest(name):
                self.put(self.signed(self.addon(name, b"anything")), f"{BESIDE}/a.addon.efi")
                self.assert_one_is("beside", "undecided", f"a.addon.efi: what systemd-stub makes of its section {name} ", UNDECIDED, "--cert",
                                   self.image.db_cert)

    def test_files_that_nobody_knows_of(self) -> None:
        self.put(self.file("a", "x"), f"{BESIDE}/a.future")
        self.assert_one_is("beside", "undecided", "a.future", UNDECIDED, "--cert", self.image.db_cert)
        for n in range(40):
            self.put(self.dir / "a", f"{BESIDE}/b{n}.future")
        self.assert_one_is("beside", "undecided", "; nor 40 more", UNDECIDED, "--cert", self.image.db_cert)

    def test_addon_that_cannot_be_read(self) -> None:
        """More sections than are looked at, for one: the firmware may load it all the same."""
        self.put(self.file("junk", bytes(4096)), f"{BESIDE}/a.addon.efi")
        self.assert_one_is("beside", "undecided", "a.addon.efi: it cannot be read as a PE file here", UNDECIDED, "--cert", self.image.db_cert)

    def test_measurements_beside_a_loader_that_cannot_be_hashed(self) -> None:
        """It leaves PCR 4 open, and the others are compared."""
        self.move_uki()
        self.put(self.file("junk", "junk"), "/EFI/BOOT/BOOTX64.EFI")
        seen = self.verdicts(self.check(self.disk, "--quick", "--json=short", "--cert", self.image.db_cert, "--measurements", self.predicted("cloud")))
        self.assertEqual((seen["loader"]["verdict"], seen["measurements"]["verdict"]), ("refused", "undecided"))
        self.assertIn("PCR 4: what this boot measures cannot be said: /EFI/BOOT/BOOTX64.EFI cannot be hashed", seen["measurements"]["message"])


class Certificates(ImageTest):
    def test_what_is_none_is_trouble(self) -> None:
        der = self.dir / "db.der"
        subprocess.run(["openssl", "x509", "-in", self.image.db_cert, "-outform", "DER", "-out", der], check=True)
        done = self.check(self.image.disk, "--quick", "--cert", der)
        self.assertEqual((done.returncode, done.stderr), (YES, ""), done.stdout)
        for path, said in ((self.dir / "absent", "absent"), (self.file("junk", "junk"), "junk"), (self.file("cut", der.read_bytes()[:-1]), "cut")):
            with self.subTest(path.name):
                self.assert_ends(self.check(self.image.disk, "--quick", "--cert", path), TROUBLE, "--cert", said)


class Usage(ImageTest):
    def test_usage(self) -> None:
        for words, said in (((), "word missing 'DISK'"), (("a", "--without", "luck"), "--without is"), (("a", "--uname", "6.12"), "go together"),
                            (("a", "--quick=1"), "no such option"), (("a", "--initrd", "b", "--uki", "c"), "does not go with"),
                            (("a", "--initrd", "b", "--cmdline", "c", "--uname", "d", "--measurements", "e"), "does not go with --initrd"),
                            (("a", "--initrd", "b", "--cmdline", "c", "--uname", "d", "--cert", "e"), "does not go with --initrd"),
                            (("a", "b", "c", "d", "e"), "too many disks")):
            with self.subTest(words):
                self.assert_ends(self.verinit("image", "verify", *words), USAGE, said)
        self.assert_ends(self.verinit("image", "verify", "--help"), YES)


if __name__ == "__main__":
    memory.enter(ROOM)
    unittest.main()
