#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verinit initrd build: what it packs, that it packs the same twice, and what it refuses."""

import collections
import lzma
import os
import resource
import shutil
import signal
import stat
import struct
import subprocess
import unittest
from pathlib import Path

import newc
from case import (CMDLINE, FALSE, FLOOR, HASH, INIT, MEETABLE, TROUBLE, USAGE, VERINIT, YES, ToolTest, filled, ipe_policy, kernel,
                  packed, program, sbom_of, sha256)

DEFAULT_FEATURES = ["verity", "erofs", "overlay", "efivarfs", "virtio-blk", "virtio-scsi", "nvme", "ahci"]


class Table:
    """/etc/verinit/modules, read by the letter of modtable.h."""

    def __init__(self, entries: list[newc.Entry]) -> None:
        self.lines = next(e.content for e in entries if e.path == "etc/verinit/modules").decode().splitlines()
        rows = [line.split(" ") for line in self.lines[1:]]
        self.modules = {r[1]: r[2:] for r in rows if r[0] == "module"}
        self.features = {r[1]: [] if r[2] == "-" else r[2].split(",") for r in rows if r[0] == "feature"}
        self.aliases = [(r[1], r[2]) for r in rows if r[0] == "alias"]
        self.order = list(self.modules)

    def deps(self, name: str) -> list[str]:
        return [] if self.modules[name][1] == "-" else self.modules[name][1].split(",")

    def is_before(self, first: str, second: str) -> bool:
        return self.order.index(first) < self.order.index(second)


class ArchiveTest(ToolTest):
    def test_holds_what_pid_1_needs(self) -> None:
        entries = {e.path: e for e in self.assert_built("--floor", self.file("floor", FLOOR))}
        floor = filled(FLOOR, CMDLINE.encode(), entries["etc/verinit/modules"].content)
        self.assertEqual(entries["etc/verinit/floor.conf"].content.decode(), floor)
        self.assertEqual(entries["init"].content, packed(floor))
        self.assertEqual(entries["init"].fields["mode"], stat.S_IFREG | 0o755)
        self.assertEqual(entries["etc/verinit/cmdline"].content, CMDLINE.encode())
        for name in ("dev", "proc", "sys", "run", "sysroot", "sysusr"):
            self.assertTrue(entries[name].is_directory, name)

    def test_form_is_independent_of_the_machine(self) -> None:
        entries = self.assert_built()
        paths = [e.path for e in entries]
        self.assertEqual(paths, sorted(paths, key=str.encode))
        self.assertEqual(len(set(paths)), len(paths))
        directories = {e.path for e in entries if e.is_directory}
        for e in entries:
            above = e.path.rpartition("/")[0]
            self.assertTrue(above == "" or above in directories, e.path)
            for field in ("uid", "gid", "mtime", "devmajor", "devminor", "rdevmajor", "rdevminor"):
                self.assertEqual(e.fields[field], 0, f"{e.path}: {field}")
            self.assertEqual(e.fields["nlink"], 2 if e.is_directory else 1, e.path)
        self.assertEqual([e.fields["ino"] for e in entries], list(range(1, len(entries) + 1)))

    def test_source_date_epoch_is_every_time(self) -> None:
        entries = self.assert_built(environment={"SOURCE_DATE_EPOCH": "1767225600"})
        self.assertEqual({e.fields["mtime"] for e in entries}, {1767225600})

    def test_source_date_epoch_must_be_a_time(self) -> None:
        for bad in ("-1", "4294967296", "today", "12x", " 1"):
            done = self.build(environment={"SOURCE_DATE_EPOCH": bad})
            self.assert_ends(done, USAGE, "SOURCE_DATE_EPOCH", bad)
            self.assert_no_output()

    def test_two_builds_are_the_same_bytes(self) -> None:
        floor = self.file("floor", FLOOR)
        first = self.build("--floor", floor, on="generic", compress="zstd", umask=0o022, cwd=self.dir,
                           environment={"TZ": "UTC", "LC_ALL": "C"})
        self.assert_ends(first, YES)
        wanted = self.output.read_bytes()

        elsewhere = self.dir / "else where"
        copy = kernel("generic").copy(elsewhere / "tree")
        self.init = elsewhere / "other-init"
        shutil.copyfile(self.dir / "init", self.init)
        self.init.chmod(0o600)
        os.utime(self.init, (1, 1))
        self.output = elsewhere / "other-name"
        (elsewhere / "floor").write_text(FLOOR)
        done = self.build("--floor", "floor", on=copy, compress="zstd", umask=0o077, cwd=elsewhere,
                          environment={"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"})
        self.assert_ends(done, YES)
        self.assertEqual(self.output.read_bytes(), wanted)

    def test_extra_file(self) -> None:
        program = self.file("program", b"#!")
        program.chmod(0o700)
        data = self.file("data", b"a=b")
        data.chmod(0o666)
        entries = {e.path: e for e in self.assert_built("--file", f"{program}=/usr/bin/p",
                                                        "--file", f"{data}=/etc/d")}
        self.assertEqual(entries["usr/bin/p"].fields["mode"], stat.S_IFREG | 0o755)
        self.assertEqual(entries["etc/d"].fields["mode"], stat.S_IFREG | 0o644)
        self.assertEqual(entries["etc/d"].content, b"a=b")

    def test_extra_file_cannot_take_a_place(self) -> None:
        for guest, words in (("/init", "already"), ("/etc/verinit/floor.conf/x", "both"), ("/dev", "already"),
                             ("/../x", "normalised"), ("/a//b", "normalised"), ("/a/", "normalised"),
                             ("/a b", "printable"), ("/\u00e9", "printable"), ("/", "bytes")):
            done = self.build("--floor", self.file("floor", FLOOR), "--file", f"{self.init}={guest}")
            self.assert_ends(done, TROUBLE, words)
            self.assert_no_output()

    def test_init_must_be_a_program(self) -> None:
        for content in (b"", b"#!/bin/sh\n"):
            self.init.write_bytes(content)
            self.assert_ends(self.build(), TROUBLE, "no ELF program")
            self.assert_no_output()


    def test_init_must_have_the_note(self) -> None:
        note = INIT.index(b"verinit\0")
        for content in (INIT[:note] + b"v" * 8 + INIT[note + 8:], INIT[:100], b"\x7fELF" + bytes(100)):
            self.init.write_bytes(content)
            self.assert_ends(self.build(), TROUBLE, "no note for the floor's digest")
            self.assert_no_output()


class KernelTest(ToolTest):
    """--linux: the kernel that will load the modules."""

    def test_kernel_of_the_modules(self) -> None:
        for name in ("cloud", "generic", "bpo"):
            self.assert_ends(self.build("--linux", kernel(name).root / "vmlinuz", on=name), YES)

    def test_another_kernel(self) -> None:
        done = self.build("--linux", kernel("generic").root / "vmlinuz")
        self.assert_ends(done, FALSE, f"is kernel {kernel('generic').release} and", f"of {kernel('cloud').release}:", "--linux")
        self.assert_no_output()

    def test_a_release_that_only_begins_like_it(self) -> None:
        image = bytearray((kernel("cloud").root / "vmlinuz").read_bytes()[:65536])
        at = image.index(kernel("cloud").release.encode() + b" (")
        for text in (kernel("cloud").release[:-1].encode() + b"  (", kernel("cloud").release.encode() + b"x("):
            changed = image[:]
            changed[at:at + len(text)] = text
            status, words = (FALSE, "it would refuse") if b"  (" in text else (TROUBLE, "no bzImage")
            self.assert_ends(self.build("--linux", self.file("odd", bytes(changed))), status, words)
            self.assert_no_output()

    def test_what_is_no_kernel(self) -> None:
        for content in (b"", b"MZ" + bytes(1000), INIT):
            self.assert_ends(self.build("--linux", self.file("odd", content)), TROUBLE, "no bzImage that says its version")
            self.assert_no_output()


class SbomTest(ToolTest):
    PATH = "usr/lib/verinit/sbom.spdx.json"

    def packed(self, *words: object) -> bytes | None:
        return {e.path: e.content for e in self.assert_built(*words)}.get(self.PATH)

    def test_what_lies_beside_init_is_packed(self) -> None:
        self.assertIsNone(self.packed())
        sbom = sbom_of(INIT)
        self.file("init.spdx.json", sbom)
        self.assertEqual(self.packed(), sbom)
        self.assertIsNone(self.packed("--sbom", "none"))
        other = sbom_of(INIT, name="other")
        self.assertEqual(self.packed("--sbom", self.file("other", other)), other)

    def test_an_init_that_was_packed_before(self) -> None:
        """The note for the floor is no part of what the SBOM is of."""
        self.file("init.spdx.json", sbom_of(INIT))
        self.init.write_bytes(packed("odd"))
        self.assertIsNotNone(self.packed())

    def test_of_another_program(self) -> None:
        self.file("init.spdx.json", sbom_of(INIT + b"x"))
        self.assert_ends(self.build(), FALSE, "init.spdx.json", "of another program", "SHA-256")
        self.assert_no_output()
        self.assertIsNone(self.packed("--sbom", "none"))

    def test_what_is_no_sbom(self) -> None:
        for content in (b"", b"{}", b"[]", b"{", sbom_of(INIT, spdxVersion="SPDX-2.2"), sbom_of(INIT, spdxVersion=2)):
            self.assert_ends(self.build("--sbom", self.file("odd", content)), FALSE, "no SPDX 2.3 document")
            self.assert_no_output()
        for packages in ([], None, {}, [3], [{"name": "verinit-init"}], [{"name": "verinit-init", "checksums": "odd"}]):
            self.assert_ends(self.build("--sbom", self.file("odd", sbom_of(INIT, packages=packages))), FALSE, "another program")
        self.assert_ends(self.build("--sbom", self.dir / "missing"), TROUBLE, "missing", "ENOENT")
        self.assert_ends(self.build("--sbom", self.file("odd", b" " * (1 << 20) + b"{}")), TROUBLE, "larger than")


class FloorTest(ToolTest):
    """What is packed is what was written by hand, and what only the builder knows."""

    def floor(self, *words: object, **options: object) -> str:
        entries = {e.path: e.content for e in self.assert_built(*words, **options)}
        floor = entries["etc/verinit/floor.conf"].decode()
        self.assertEqual(entries["init"], packed(floor))
        return floor

    def certificate(self, name: str, form: str) -> Path:
        out = self.dir / name
        if not (self.dir / "key.pem").exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc",
                            "-keyout", self.dir / "key.pem", "-out", self.dir / "cert.pem", "-subj", "/CN=test"],
                           check=True, capture_output=True)
        subprocess.run(["openssl", "x509", "-in", self.dir / "cert.pem", "-outform", form, "-out", out], check=True)
        return out

    def addon(self, name: str, text: bytes, *sections: bytes) -> Path:
        """Each section has the same content."""
        names = sections or (b".cmdline",)
        table = b"".join(section.ljust(8, b"\0") + struct.pack("<IIII", len(text), 4096, len(text), 112 + 40 * len(names)) + bytes(16)
                         for section in names)
        head = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, len(names), 0, 0, 0, 24, 0)
        return self.file(name, head + bytes(24) + table + text)

    def test_what_is_filled_in(self) -> None:
        self.assertRegex(self.floor(), rf"\A{MEETABLE}# Filled in by verinit initrd build:\nbaked-cmdline=\S+\nmodules=\S+\n\Z")

    def test_last_line_without_an_end(self) -> None:
        floor = f"{MEETABLE}tpm=allow"
        self.assertRegex(self.floor("--floor", self.file("floor", floor)), rf"\A{floor}\n# Filled")

    def test_what_no_machine_can_meet(self) -> None:
        """No machine would ever boot it, so it is not built; PID 1 has the same codes."""
        nothing = self.verinit("initrd", "build", "--init", self.init, "--modules-dir", kernel("cloud").modules,
                               "--cmdline", CMDLINE, "--output", self.output)
        self.assert_ends(nothing, FALSE, "without --floor everything is required: PID 1 would refuse this with ipe-absent")
        for floor, code in (("root-hash-signature=allow\n", "ipe-absent"), ("ipe=require\n", "ipe-absent"),
                            ("ipe=allow\n", "signature-missing")):
            with self.subTest(floor=floor):
                self.assert_ends(self.build("--floor", self.file("floor", floor)), FALSE, f"would refuse this with {code}")
                self.assert_no_output()
        self.assertIn("\ncertificate=", self.floor("--floor", self.file("floor", "ipe=allow\n"),
                                                   "--certificate", self.certificate("c.pem", "PEM")))

    def test_ipe_policies(self) -> None:
        one, two = ipe_policy(self.dir, "one"), ipe_policy(self.dir, "two")
        digests = [sha256(path.read_bytes()) for path in (one, two)]
        strict = self.file("strict", "root-hash-signature=allow\n")
        entries = {e.path: e.content for e in self.assert_built("--floor", strict, "--ipe-policy", one, "--ipe-policy", two)}
        floor = entries["etc/verinit/floor.conf"].decode()
        self.assertEqual([line for line in floor.splitlines() if line.startswith("ipe-policy=")], [f"ipe-policy={d}" for d in digests])
        for path, digest in zip((one, two), digests):
            self.assertEqual(entries[f"etc/verinit/ipe/{digest.removeprefix('sha256-')}.p7b"], path.read_bytes())
        named = self.file("floor", f"{MEETABLE}ipe-policy={digests[0]}\n")
        self.assertEqual(self.floor("--floor", named, "--ipe-policy", one).count("ipe-policy="), 1)
        self.assert_ends(self.build("--floor", named), FALSE, "floor-file-mismatch", "an IPE policy that is not given with --ipe-policy")
        self.assert_ends(self.build("--ipe-policy", one, "--ipe-policy", one), FALSE, "ipe-load-failed", "are both called one")
        five = [word for i in range(5) for word in ("--ipe-policy", ipe_policy(self.dir, f"p{i}"))]
        self.assert_ends(self.build(*five), USAGE, "--ipe-policy: at most 4")

    def test_an_ipe_policy_with_problems(self) -> None:
        """What `verinit ipe check` says of it, in its words; of the first also whether this volume's programs run."""
        head = "policy_name=node policy_version=1.2.3\n"
        deny, other = f"{head}DEFAULT action=DENY\n", f"op=EXECUTE dmverity_roothash=sha256:{'11' * 32} action=ALLOW\n"
        for name, text in (("default", f"{head}DEFAULT action=ALLOW\n"), ("all", deny),
                           ("unverified", f"{deny}op=EXECUTE action=ALLOW\n"), ("initramfs", f"{deny}op=EXECUTE boot_verified=TRUE action=ALLOW\n"),
                           ("words", f"{deny}op=LAUNCH action=ALLOW\n"), ("volume", deny + other)):
            with self.subTest(name):
                path = ipe_policy(self.dir, name, text)
                said = self.verinit("ipe", "check", path, "--root-hash", HASH)
                self.assertEqual(said.returncode, FALSE)
                self.assert_ends(self.build("--ipe-policy", path), FALSE, "--ipe-policy: " + said.stderr.split(": ", 1)[1].strip())
                self.assert_no_output()
        # One that only lies ready may be the other slot's.
        self.assert_built("--ipe-policy", ipe_policy(self.dir, "own"), "--ipe-policy", ipe_policy(self.dir, "slot", deny.replace("node", "slot") + other))

    def test_what_is_no_ipe_policy(self) -> None:
        for path, said in ((ipe_policy(self.dir, "bare", "DEFAULT action=DENY\n"), "does not begin with policy_name="),
                           (ipe_policy(self.dir, "detached", "", "-md", "sha256"), "it holds no content"),
                           (self.file("text", "policy_name=a policy_version=1.2.3\n"), "no DER of PKCS#7")):
            with self.subTest(path.name):
                self.assert_ends(self.build("--ipe-policy", path), FALSE, "ipe-policy-malformed", said)
                self.assert_no_output()

    def test_an_ipe_policy_that_the_line_names(self) -> None:
        """It is in /usr: nothing is packed, and the floor may require one."""
        strict = self.file("strict", "root-hash-signature=allow\n")
        line = f"{CMDLINE} init.ipe={sha256(b'one')}"
        self.assert_ends(self.build("--floor", strict, cmdline=line), YES)
        self.assert_ends(self.build("--floor", strict, "--ipe-policy", ipe_policy(self.dir), cmdline=line), FALSE,
                         "cmdline-contradiction")

    def test_what_was_written_by_hand_stands_if_it_is_true(self) -> None:
        good = f"{MEETABLE}baked-cmdline={sha256(CMDLINE.encode())}\n"
        floor = self.floor("--floor", self.file("floor", good))
        self.assertEqual(floor.count("baked-cmdline="), 1)
        for key in ("baked-cmdline", "modules"):
            wrong = self.file("floor", f"{MEETABLE}{key}={sha256(b'other')}\n")
            self.assert_ends(self.build("--floor", wrong), FALSE, "floor-file-mismatch", f"{key}=")

    def test_an_init_that_was_packed_before(self) -> None:
        self.init.write_bytes(program(b"x" * 32))
        self.floor()

    def test_certificates(self) -> None:
        pem, der = self.certificate("c.pem", "PEM"), self.certificate("c.der", "DER")
        for path in (pem, der):
            entries = {e.path: e.content for e in self.assert_built("--certificate", path)}
            digest = sha256(der.read_bytes())
            self.assertIn(f"\ncertificate={digest}\n", entries["etc/verinit/floor.conf"].decode())
            self.assertEqual(entries[f"etc/verinit/certificates/{digest.removeprefix('sha256-')}.der"], der.read_bytes())
        self.assert_ends(self.build("--certificate", pem, "--certificate", der), USAGE, "given before")
        self.assert_ends(self.build("--floor", self.file("floor", f"{MEETABLE}certificate={sha256(b'other')}\n")), FALSE,
                         "floor-file-mismatch")
        named = self.file("floor", f"ipe=allow\ncertificate={digest}\n")
        self.assertEqual(self.floor("--floor", named, "--certificate", der).count("certificate="), 1)

    def test_what_is_no_certificate(self) -> None:
        pem, der = self.certificate("c.pem", "PEM").read_bytes(), self.certificate("c.der", "DER").read_bytes()
        for content in (b"", b"x", der + b"x", der[:-1], pem[:60], pem + pem, (self.dir / "key.pem").read_bytes()):
            self.assert_ends(self.build("--certificate", self.file("bad", content)), TROUBLE,
                             "not one X.509 certificate")
            self.assert_no_output()

    def test_certificates_that_pid_1_would_refuse(self) -> None:
        for name, words, said in (("weak", ["-newkey", "rsa:1024"], "RSA key of less than 2048 bits"),
                                  ("p521", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"], "neither on P-256"),
                                  ("ed", ["-newkey", "ed25519"], "neither RSA nor EC"),
                                  ("long", ["-newkey", "rsa:2048", "-addext", f"nsComment={'x' * 8000}"], "at most 8192")):
            with self.subTest(name):
                subprocess.run(["openssl", "req", "-x509", *words, "-noenc", "-keyout", self.dir / "other.key", "-out",
                                self.dir / name, "-subj", "/CN=test"], check=True, capture_output=True)
                self.assert_ends(self.build("--certificate", self.dir / name), FALSE, "signature-untrusted", said)
                self.assert_no_output()

    def assert_addon(self, words: str, expected: str) -> None:
        """Our own way to what systemd-stub measures."""
        floor = self.file("floor", f"{MEETABLE}addon-keys=a.b\naddon-keys=quiet\n")
        self.assertIn(f"\naddon={sha256(expected.encode('utf-16-le') + bytes(2))}\n",
                      self.floor("--floor", floor, "--addon", words))

    def test_addons(self) -> None:
        one, two = self.addon("1.addon.efi", b"a.b=1"), self.addon("2.addon.efi", b" \n quiet\tquiet \0junk\xff")
        self.assert_addon(str(one), "a.b=1")
        self.assert_addon(str(two), "quiet quiet")
        self.assert_addon(f"{one},{two}", "a.b=1 quiet quiet")
        self.assert_addon(f"{two},{one}", "quiet quiet a.b=1")

    def test_addons_that_pid_1_would_refuse(self) -> None:
        floor = self.file("floor", f"{MEETABLE}addon-keys=a.b\naddon-keys=enforcing\n")
        for text, status, words in ((b"a.c=1", FALSE, "addon-keys="), (b"a.b=1 quiet", FALSE, "'quiet'"),
                                    (b"enforcing=0", FALSE, "cmdline-weakening"), (b"a.b=\xc3\xb6", FALSE, "not ASCII"),
                                    (b"a.b=" + b"x" * 2040, FALSE, "cmdline"), (b" \n\0x", TROUBLE, "empty")):
            done = self.build("--floor", floor, "--addon", self.addon("x.addon.efi", text))
            self.assert_ends(done, status, words)
            self.assert_no_output()

    def test_addons_that_bring_more_than_words(self) -> None:
        floor = self.file("floor", f"{MEETABLE}addon-keys=a.b\n")
        self.floor("--floor", floor, "--addon", self.addon("x.addon.efi", b"a.b=1", b".cmdline", b".sbat", b".uname"))
        self.output.unlink()
        for more in ((b".initrd",), (b".ucode",), (b".dtb",), (b".dtbauto",), (b".dtbauto", b".dtbauto")):
            with self.subTest(more=more):
                done = self.build("--floor", floor, "--addon", self.addon("x.addon.efi", b"a.b=1", b".cmdline", *more))
                self.assert_ends(done, FALSE, "event-unexplained", f"has a section {more[0].decode()},")
                self.assert_no_output()

    def test_what_is_no_addon(self) -> None:
        floor = self.file("floor", f"{MEETABLE}addon-keys=a.b\n")
        good = self.addon("good.addon.efi", b"a.b=1").read_bytes()
        for path, words in ((self.addon("k.efi", b"x", b".linux"), "kernel image"),
                            (self.addon("d.efi", b"x", b".sbat"), "no .cmdline"),
                            (self.file("cut", good[:-1]), "not a sound PE file"), (self.file("junk", "MZ"), "PE file")):
            self.assert_ends(self.build("--floor", floor, "--addon", path), TROUBLE, words)
            self.assert_no_output()


class CompressionTest(ToolTest):
    def module(self, entries: list[newc.Entry], name: str) -> newc.Entry:
        return next(e for e in entries if f"/{name}.ko" in e.path)

    def test_modules_are_bare_inside_zstd(self) -> None:
        self.assert_ends(self.build(compress="zstd"), YES)
        bare = subprocess.run(["zstd", "-dcq", self.output], check=True, capture_output=True).stdout
        entries, _ = newc.read(bare)
        source = next(kernel("cloud").modules.rglob("erofs.ko.xz"))
        erofs = self.module(entries, "erofs")
        self.assertTrue(erofs.path.endswith("/erofs.ko"))
        self.assertEqual(erofs.content, lzma.decompress(source.read_bytes()))
        self.assertTrue(erofs.content.endswith(b"~Module signature appended~\n"))
        self.assertIn(erofs.path.removeprefix("lib/modules/"), Table(entries).modules["erofs"])

    def test_modules_stay_packed_without_compression(self) -> None:
        entries = self.assert_built()
        source = next(kernel("cloud").modules.rglob("erofs.ko.xz"))
        erofs = self.module(entries, "erofs")
        self.assertEqual(erofs.content, source.read_bytes())
        self.assertIn(erofs.path.removeprefix("lib/modules/"), Table(entries).modules["erofs"])

    def test_xz_has_the_check_that_the_kernel_knows(self) -> None:
        self.assert_ends(self.build(compress="xz"), YES)
        packed = self.output.read_bytes()
        self.assertEqual(packed[:8], b"\xfd7zXZ\x00\x00\x01", "CRC32")
        newc.read(lzma.decompress(packed))

    def test_level_belongs_to_its_compression(self) -> None:
        for name, level in (("zstd", 23), ("zstd", 0), ("xz", 10), ("none", 1)):
            done = self.verinit("initrd", "build", "--init", self.init, "--modules-dir", kernel("cloud").modules,
                                "--cmdline", CMDLINE, "--output", self.output, "--compress", name,
                                "--level", level)
            self.assert_ends(done, USAGE, f"--level {level}", name)
            self.assert_no_output()


class ModuleTest(ToolTest):
    def table(self, *words: object, on: str) -> Table:
        return Table(self.assert_built(*words, on=on))

    def test_header_names_the_kernel(self) -> None:
        table = self.table(on="bpo")
        self.assertEqual(table.lines[0], f"verinit-modules 1 {kernel('bpo').release}")

    def test_every_file_and_name_is_there(self) -> None:
        for on in ("cloud", "generic", "bpo"):
            entries = self.assert_built(on=on)
            table = Table(entries)
            packed = {e.path.removeprefix("lib/modules/") for e in entries if ".ko" in e.path}
            self.assertEqual({m[0] for m in table.modules.values()}, packed)
            for name in table.order:
                for dep in table.deps(name):
                    self.assertTrue(table.is_before(dep, name), f"{on}: {dep} before {name}")
            self.assertEqual(list(table.features), DEFAULT_FEATURES)

    def test_soft_dependencies_come_first(self) -> None:
        table = self.table(on="generic")
        self.assertTrue({"crc32c_generic", "crc32c_intel"} <= set(table.deps("libcrc32c")))
        self.assertTrue(table.is_before("crc32c_generic", "libcrc32c"))
        self.assertTrue(table.is_before("libcrc32c", "erofs"))

    def test_accelerated_digest_comes_before_verity(self) -> None:
        table = self.table(on="cloud")
        self.assertEqual(table.features["verity"], ["sha256_ssse3", "dm_verity"])
        self.assertTrue(table.is_before("sha256_ssse3", "dm_verity"))
        self.assertEqual(set(table.deps("dm_verity")), {"reed_solomon", "dm_mod", "dm_bufio"})

    def test_optional_is_what_depends_on_the_processor(self) -> None:
        table = self.table(on="generic")
        optional = {name for name, rest in table.modules.items() if rest[2] == "optional"}
        self.assertEqual(optional, {"sha256_ssse3", "crc32c_intel"})

    def test_built_in_needs_nothing(self) -> None:
        table = self.table("--feature", "verity", "--feature", "ext4", "--feature", "nvme", "--feature", "overlay",
                           on="cloud")
        self.assertEqual(table.features["ext4"], [])
        self.assertEqual(table.features["nvme"], [])
        self.assertNotIn("nvme", table.modules)

    def test_newer_kernel_without_crc32c_modules(self) -> None:
        table = self.table("--feature", "verity", "--feature", "erofs", "--feature", "overlay", "--feature", "hyperv",
                           on="bpo")
        self.assertEqual(table.deps("erofs"), [])
        self.assertEqual(table.features["hyperv"], ["hv_storvsc", "sd_mod"])

    def test_older_kernel_with_hyperv_as_modules(self) -> None:
        table = self.table("--feature", "verity", "--feature", "erofs", "--feature", "overlay", "--feature", "hyperv",
                           on="generic")
        self.assertEqual(table.features["hyperv"], ["hv_vmbus", "hv_storvsc", "sd_mod", "pci_hyperv"])
        self.assertIn(("acpi*:VMBUS:*", "hv_vmbus"), table.aliases)

    def test_aliases_are_those_of_drivers(self) -> None:
        table = self.table(on="generic")
        self.assertIn(("scsi:t-0x00*", "sd_mod"), table.aliases)
        self.assertIn(("virtio:d00000002v*", "virtio_blk"), table.aliases)
        self.assertEqual({module for _, module in table.aliases},
                         {"virtio_blk", "virtio_scsi", "sd_mod", "nvme", "ahci"})
        self.assertEqual(len(set(table.aliases)), len(table.aliases))

    def test_every_feature_on_every_kernel(self) -> None:
        names = [*DEFAULT_FEATURES, "ext4", "squashfs", "xfs", "btrfs", "vfat", "hyperv"]
        words = [word for name in names for word in ("--feature", name)]
        for on in ("cloud", "generic", "bpo"):
            self.assertEqual(list(self.table(*words, on=on).features), names)

    def test_one_more_driver(self) -> None:
        table = self.table("--module", "e1000e", on="generic")
        self.assertTrue(any(module == "e1000e" for _, module in table.aliases))

    def test_module_that_no_device_asks_for(self) -> None:
        self.assert_ends(self.build("--module", "dm_crypt"), TROUBLE, "dm_crypt", "matches no device")
        self.assert_ends(self.build("--module", "no_such"), TROUBLE, "no_such", "no module")

    def test_unknown_feature(self) -> None:
        self.assert_ends(self.build("--feature", "no-such"), USAGE, "no-such")
        self.assert_no_output()

    def test_feature_that_the_kernel_has_not(self) -> None:
        copy = kernel("cloud").copy(self.dir / "tree")
        next(copy.modules.rglob("erofs.ko.xz")).unlink()
        copy.index()
        self.assert_ends(self.build(on=copy), TROUBLE, "feature erofs", copy.release, "neither as module nor built in")
        self.assert_no_output()

    def test_module_of_another_kernel(self) -> None:
        copy = kernel("cloud").copy(self.dir / "tree", release="6.12.1-other")
        copy.index()
        self.assert_ends(self.build(on=copy), TROUBLE, "6.12.1-other", kernel("cloud").release)
        self.assert_no_output()

    def test_tree_without_indexes(self) -> None:
        copy = kernel("cloud").copy(self.dir / "tree")
        (copy.modules / "modules.dep.bin").unlink()
        self.assert_ends(self.build(on=copy), TROUBLE, "modules.dep.bin", "depmod")
        self.assert_no_output()

    def drivers(self, largest: int) -> dict[str, int]:
        """Drivers of the generic kernel and how many aliases each has; large modules take long to read."""
        modules = kernel("generic").modules
        lines = (modules / "modules.alias").read_text().splitlines()
        aliases = collections.Counter(line.split()[2] for line in lines if ":" in line)
        small = sorted(f.name.split(".")[0].replace("-", "_") for f in modules.rglob("*.ko.xz")
                       if f.stat().st_size < largest)
        return {name: aliases[name] for name in small if name in aliases}

    def test_larger_table_than_pid_1_reads(self) -> None:
        aliases = self.drivers(largest=65536)
        many = sorted(aliases, key=lambda name: -aliases[name])[:12]
        words = [word for name in many for word in ("--module", name)]
        self.assert_ends(self.build(*words, on="generic"), TROUBLE, "module-table-malformed")
        self.assert_no_output()

    def test_more_modules_than_the_table_holds(self) -> None:
        words = [word for name in self.drivers(largest=8192) for word in ("--module", name)]
        self.assertGreater(len(words), 2 * 256)
        self.assert_ends(self.build(*words, on="generic"), TROUBLE, "more than 256 modules")
        self.assert_no_output()


class RefusalTest(ToolTest):
    """What PID 1 would refuse at boot, with the same code."""

    def assert_refused(self, code: str, *words: object, **options: object) -> None:
        done = self.build(*words, **options)  # type: ignore[arg-type]
        self.assert_ends(done, FALSE, code)
        self.assert_no_output()

    def test_bad_floor(self) -> None:
        for text in ("tpm=maybe\n", "no-such-key=1\n", "tpm=allow\ntpm=allow\n"):
            self.assert_refused("floor-malformed", "--floor", self.file("floor", text))

    def test_command_line(self) -> None:
        for code, words in (("root-hash-missing", "quiet"),
                            ("root-hash-missing", ""),
                            ("cmdline-duplicate-key", f"{CMDLINE} usrhash={HASH}"),
                            ("cmdline-bad-value", "usrhash=12"),
                            ("cmdline-weakening", f"{CMDLINE} enforcing=0"),
                            ("cmdline-weakening", f"{CMDLINE} systemd.verity_usr_options=ignore-corruption"),
                            ("cmdline-unknown-key", f"{CMDLINE} init.no-such=1"),
                            ("cmdline-malformed", f'{CMDLINE} a="b'),
                            ("cmdline-too-long", f"{CMDLINE} {'a' * 2048}"),
                            ("floor-refuses", f"{CMDLINE} root=/dev/vda1 rootfstype=ext4")):
            with self.subTest(cmdline=words[-60:]):
                self.assert_refused(code, cmdline=words)

    def test_command_line_that_would_arrive_changed(self) -> None:
        for text in (f" {CMDLINE}", f"{CMDLINE} ", f"{CMDLINE}  a", f"{CMDLINE}\ta", f"a\n{CMDLINE}",
                     f"{CMDLINE}\n\n", f"{CMDLINE} \u00e9", f"{CMDLINE}\x7f"):
            with self.subTest(text=text):
                self.assert_refused("cmdline-malformed", cmdline=f"@{self.file('cmdline', text)}")
        self.assert_refused("cmdline-malformed", cmdline=f"@{self.file('cmdline', CMDLINE.encode() + bytes(1))}")

    def test_one_final_newline_is_dropped(self) -> None:
        entries = self.assert_built(cmdline=f"@{self.file('cmdline', CMDLINE + chr(10))}")
        self.assertIn(CMDLINE.encode(), [e.content for e in entries])

    def test_command_line_that_needs_a_feature(self) -> None:
        self.assert_refused("module-missing", cmdline=f"{CMDLINE} mount.usrfstype=squashfs")
        self.assert_refused("module-missing", "--feature", "erofs", "--feature", "overlay")
        self.assert_refused("module-missing", "--feature", "verity", "--feature", "overlay")
        self.assert_refused("module-missing", "--feature", "verity", "--feature", "erofs")
        floor = self.file("floor", f"{MEETABLE}root=unverified\n")
        self.assert_refused("module-missing", "--floor", floor,
                            cmdline=f"{CMDLINE} root=/dev/vda1 rootfstype=ext4")
        self.assert_built("--floor", floor, "--feature", "verity", "--feature", "erofs", "--feature", "overlay",
                          "--feature", "ext4", cmdline=f"{CMDLINE} root=/dev/vda1 rootfstype=ext4")


class OutputTest(ToolTest):
    """Devices are nodes of the test's own: a build that has lost its check replaces what it is aimed at."""

    def assert_left_alone(self, kind: str, *words: str, remedy: str = "name a file") -> None:
        before = os.lstat(self.output)
        self.assert_ends(self.build(*words), TROUBLE, str(self.output), kind, remedy)
        after = os.lstat(self.output)
        self.assertEqual((after.st_mode, after.st_ino, after.st_rdev), (before.st_mode, before.st_ino, before.st_rdev))

    def test_what_is_no_file_is_not_overwritten(self) -> None:
        self.output.mkdir()
        self.assert_left_alone("a directory")
        self.output = self.dir / "fifo"
        os.mkfifo(self.output)
        self.assert_left_alone("no regular file")
        self.output = self.dir / "link"
        self.output.symlink_to("target")
        self.assert_left_alone("a symbolic link")
        self.assertFalse((self.dir / "target").exists())

    @unittest.skipUnless(os.geteuid() == 0, "making a device node takes root")
    def test_devices_are_not_overwritten(self) -> None:
        for kind, bits, remedy in (("a block device", stat.S_IFBLK, "without --force"),
                                   ("a character device", stat.S_IFCHR, "name a file")):
            self.output = self.dir / kind
            os.mknod(self.output, 0o600 | bits, os.makedev(240, 0))
            self.assert_left_alone(kind, remedy=remedy)

    def test_force_is_for_block_devices_alone(self) -> None:
        """What it would replace is as safe with it as without, and a file is written as ever."""
        self.output.mkdir()
        self.assert_left_alone("a directory", "--force")
        self.output = self.dir / "link"
        self.output.symlink_to("target")
        self.assert_left_alone("a symbolic link", "--force")
        self.output = self.dir / "initrd.file"
        self.output.write_bytes(b"old")
        self.assert_ends(self.build("--force"), YES)
        self.assertEqual([p.name for p in self.dir.glob("initrd.*")], ["initrd.file"])

    def device(self, size: int) -> Path:
        """A loop device of SIZE bytes, all of them 0xa5."""
        backing = self.file(f"backing.{size}", b"\xa5" * size)
        done = subprocess.run(["losetup", "--find", "--show", backing], text=True, capture_output=True, check=True)
        path = Path(done.stdout.strip())
        self.addCleanup(subprocess.run, ["losetup", "--detach", path], check=True)
        return path

    @unittest.skipUnless(os.geteuid() == 0, "a loop device takes root")
    def test_force_writes_to_a_device(self) -> None:
        self.assert_ends(self.build(), YES)
        wanted = self.output.read_bytes()
        self.output = self.device(len(wanted) // 4096 * 4096 + 8192)
        self.assert_left_alone("a block device", remedy="without --force")
        self.assert_ends(self.build("--force"), YES)
        found = self.output.read_bytes()
        self.assertEqual(found[:len(wanted)], wanted)
        self.assertEqual(set(found[len(wanted):]), {0xa5})

    @unittest.skipUnless(os.geteuid() == 0, "a loop device takes root")
    def test_force_wants_room_and_nobody_else(self) -> None:
        self.output = self.device(65536)
        self.assert_ends(self.build("--force"), TROUBLE, str(self.output), "has 65536 bytes", "left alone")
        self.assertEqual(set(self.output.read_bytes()), {0xa5})
        self.output = self.device(8 * 1024 * 1024)
        holder = os.open(self.output, os.O_RDWR | os.O_EXCL)
        try:
            self.assert_ends(self.build("--force"), TROUBLE, str(self.output), "EBUSY")
        finally:
            os.close(holder)
        self.assertEqual(set(self.output.read_bytes()), {0xa5})

    def test_an_old_file_is_replaced(self) -> None:
        self.output.write_bytes(b"old")
        self.assert_built(umask=0o077)
        self.assertEqual(stat.S_IMODE(self.output.stat().st_mode), 0o644)
        self.assertEqual([p.name for p in self.dir.glob("initrd*")], ["initrd"])

    def test_refusal_leaves_the_old_file(self) -> None:
        self.output.write_bytes(b"old")
        self.assert_ends(self.build(cmdline="quiet"), FALSE, "root-hash-missing")
        self.assertEqual(self.output.read_bytes(), b"old")

    def limited(self, handler: signal.Handlers) -> subprocess.CompletedProcess[str]:
        def limit() -> None:
            signal.signal(signal.SIGXFSZ, handler)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))
        self.output.write_bytes(b"old")
        return self.build(preexec_fn=limit, restore_signals=False)

    def test_write_that_fails_leaves_the_old_file(self) -> None:
        self.assert_ends(self.limited(signal.SIG_IGN), TROUBLE, str(self.output), "EFBIG")
        self.assertEqual(self.output.read_bytes(), b"old")
        self.assertEqual([p.name for p in self.dir.glob("initrd*")], ["initrd"])

    def test_killed_in_the_middle_of_writing_leaves_the_old_file(self) -> None:
        done = self.limited(signal.SIG_DFL)
        self.assertEqual(done.returncode, -signal.SIGXFSZ, done.stderr)
        self.assertEqual(self.output.read_bytes(), b"old")


class UsageTest(ToolTest):
    def test_help_on_every_level(self) -> None:
        for words in ([], ["initrd"], ["initrd", "build"], ["initrd", "inspect"]):
            done = self.verinit(*words, "--help")
            self.assert_ends(done, YES)
            self.assertEqual(done.stderr, "")
            self.assertRegex(done.stdout, r"\AUsage: verinit")
            self.assertIn("\nExamples:\n", done.stdout)

    def test_version(self) -> None:
        self.assertRegex(self.verinit("--version").stdout, r"\Averinit \d+\.\d+\S*\n\Z")

    def test_wrong_words(self) -> None:
        for words in ([], ["no-such"], ["initrd"], ["initrd", "no-such"], ["initrd", "build"],
                      ["initrd", "build", "--no-such"], ["initrd", "build", "--init"],
                      ["initrd", "build", "--init", "a", "--init", "b"], ["initrd", "build", "word"],
                      ["initrd", "build", "--compress", "lzma"], ["initrd", "build", "--level", "1x"],
                      ["initrd", "build", "--file", "no-guest"], ["initrd", "build", "--file", "a=relative"],
                      ["initrd", "inspect"], ["initrd", "inspect", "a", "b"],
                      ["initrd", "inspect", "--json", "yaml", "a"]):
            with self.subTest(words=words):
                done = self.verinit(*words)
                self.assert_ends(done, USAGE)
                self.assertEqual(done.stdout, "")

    def test_each_option_that_is_needed(self) -> None:
        words = {"--init": self.init, "--modules-dir": self.dir, "--cmdline": CMDLINE, "--output": self.output}
        for missing in words:
            given = [w for name, value in words.items() if name != missing for w in (name, str(value))]
            self.assert_ends(self.verinit("initrd", "build", *given), USAGE, missing)

    def test_quiet_says_nothing(self) -> None:
        done = self.build("--quiet")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (YES, "", ""))
        loud = self.build()
        self.assertIn(str(self.output), loud.stderr)
        self.assertEqual(loud.stdout, "")

    def test_full_standard_output_is_trouble(self) -> None:
        with open("/dev/full", "w") as full:
            done = subprocess.run([str(VERINIT), "--help"], stdout=full, stderr=subprocess.PIPE, text=True,
                                  check=False)
        self.assert_ends(done, TROUBLE, "standard output")


if __name__ == "__main__":
    unittest.main()
