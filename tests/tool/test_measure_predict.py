#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verinit measure predict: against systemd's own tools, osslsigncode, sbverify, and PCR arithmetic of our own in Python."""

from __future__ import annotations

import functools
import hashlib
import json
import re
import struct
import subprocess
import unittest
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import kernels
import newc
from case import FALSE, HASH, MEETABLE, TROUBLE, USAGE, YES, ToolTest
from imagelib.build import Places
from imagelib.debian import Debian, kernels as fetch_kernels
from imagelib.store import Store
from imagelib.toolstree import Tools, host, tools
from machine import pcr

UNDECIDED = 4
BANKS = ("sha1", "sha256", "sha384", "sha512")
STUB, ADDON_STUB = (f"/usr/lib/systemd/boot/efi/{name}.efi.stub" for name in ("linuxx64", "addonx64"))
SYSTEMD_BOOT = "usr/lib/systemd/boot/efi/systemd-bootx64.efi"
SCHEMA = json.loads((kernels.TOP / "docs" / "measurements.schema.json").read_text())
# The order of systemd-stub; its own words for PCR 11.
SECTIONS = (".linux", ".osrel", ".cmdline", ".initrd", ".ucode", ".splash", ".dtb", ".uname", ".sbat", ".pcrpkey", ".profile",
            ".dtbauto", ".hwids")
PHASES = ("enter-initrd", "enter-initrd:leave-initrd", "enter-initrd:leave-initrd:sysinit",
          "enter-initrd:leave-initrd:sysinit:ready")
UUID = "1b0e7b5a-6f9c-4a39-a2d1-0c8f4b8c7e11"
CMDLINE = f"usrhash={HASH} init.verity=1:sha256:4096:4096:25600:1:-:{UUID} quiet"
FLOOR = f"etc=tmpfs\n{MEETABLE}"
POLICY = b"a policy of nobody's"
OSREL = "ID=test\nVERSION_ID=1\n"
WORDS = (f"verinit.usr-verity=sha256-{HASH}", f"verinit.selinux=sha256-{hashlib.sha256(POLICY).hexdigest()}",
         "verinit.root=tmpfs")
Values = dict[str, Any]
_made: dict[str, bytes] = {}


@functools.cache
def trixie() -> tuple[Tools, Path]:
    """systemd's tools of the image build, and the kernel of its UKIs."""
    places = Places()
    store, shared = Store(places.stages), Store(places.shared)
    debian = Debian(shared, places.debs)
    tree = tools(debian, shared)
    return tree, fetch_kernels(debian, store, tree.depmod) / "cloud" / "vmlinuz"


def extended(bank: str, *events: bytes, start: bytes | None = None) -> str:
    value = start or pcr.zero(bank)
    for event in events:
        value = pcr.extend(bank, value, pcr.digest(bank, event))
    return value.hex()


def wide(text: str) -> bytes:
    return text.encode("utf-16-le") + b"\0\0"


@dataclass(frozen=True)
class Section:
    name: str
    memory: bytes


def sections(uki: bytes) -> list[Section]:
    """A second reader of PE section tables: in memory, zeros included."""
    coff = struct.unpack_from("<I", uki, 60)[0] + 4
    count, optional = struct.unpack_from("<H", uki, coff + 2)[0], struct.unpack_from("<H", uki, coff + 16)[0]
    found = []
    for i in range(count):
        name, size, _, raw, at = struct.unpack_from("<8sIIII", uki, coff + 20 + optional + 40 * i)
        found.append(Section(name.rstrip(b"\0").decode(), uki[at:at + min(raw, size)].ljust(size, b"\0")))
    return found


def of_profile(all_of_them: list[Section], profile: int) -> dict[str, bytes]:
    """Those of all profiles, overlaid by the profile's own."""
    groups: list[list[Section]] = [[]]
    for section in all_of_them:
        if section.name == ".profile":
            groups.append([])
        groups[-1].append(section)
    chosen = groups[0] + (groups[profile + 1] if profile + 1 < len(groups) else [])
    return {s.name: s.memory for s in chosen if s.memory}


def stub_archive(directory: str, mode: int, files: dict[str, bytes], file_mode: int) -> bytes:
    """newc as systemd-stub writes it, of a writer that shares no line with the command."""
    entries = [(parent, 0o40555, b"") for parent in ([".extra"] if "/" in directory else [])]
    entries += [(directory, 0o40000 | mode, b"")]
    entries += [(f"{directory}/{name}", 0o100000 | file_mode, content) for name, content in sorted(files.items())]
    whole = newc.write(entries)
    trailer = whole.rindex(b"070701")
    body = bytearray()
    at = 0
    while at < trailer:
        fields = [int(whole[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        end = newc._padded(newc._padded(at + 110 + fields[11]) + fields[6])
        body += b"070701" + b"".join(b"%08x" % f for f in fields) + whole[at + 110:end]
        at = end
    last = b"070701" + b"00000000" * 4 + b"00000001" + b"00000000" * 6 + b"0000000B" + b"00000000" + b"TRAILER!!!\0"
    return bytes(body) + last + bytes(-len(last) % 4)


def meta_archive(name: str, content: bytes) -> bytes:
    return stub_archive(".extra", 0o555, {name: content}, 0o444)


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 4)


def predicted_in_python(uki: bytes, profile: int = 0, addon_words: str = "", archives: tuple[bytes, ...] = ()
                        ) -> dict[str, Values]:
    """PCRs 9, 11, 12 and 13 per bank."""
    there = of_profile(sections(uki), profile)
    line = there[".cmdline"].rstrip(b"\0\n").decode() + (f" {addon_words}" if addon_words else "")
    meta = {".pcrsig": "tpm2-pcr-signature.json", ".pcrpkey": "tpm2-pcr-public-key.pem", ".osrel": "os-release",
            ".profile": "profile"}
    initrd = b"".join(padded(part) for part in (
        there.get(".ucode", b""), there[".initrd"], *archives,
        *(meta_archive(file, there[name]) for name, file in meta.items() if name in there)))
    measured = [part for name in SECTIONS if name in there for part in (name.encode() + b"\0", there[name])]
    parameters = ([wide(str(profile))] if profile else []) + ([wide(addon_words)] if addon_words else []) + list(archives)
    result: dict[str, Values] = {}
    for bank in BANKS:
        stub = bytes.fromhex(extended(bank, *measured))
        result[bank] = {
            "9": extended(bank, wide(line), initrd),
            "11": {phase: pcr.extend_words(bank, stub, phase.split(":")).hex() for phase in PHASES},
            "12": extended(bank, *parameters),
            "13": pcr.extend_words(bank, pcr.zero(bank), WORDS).hex()}
    return result


def authenticode_by_osslsigncode(file: Path, bank: str, scratch: Path) -> str:
    """Signs a copy with that digest and reads what was signed."""
    signed = scratch / f"signed-{bank}.efi"
    signed.unlink(missing_ok=True)
    key, cert = scratch / "test.key", scratch / "test.crt"
    if not key.exists():
        subprocess.run(["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "2",
                        "-subj", "/CN=test", "-keyout", key, "-out", cert], check=True, capture_output=True)
    subprocess.run(["osslsigncode", "sign", "-h", bank, "-certs", cert, "-key", key, "-in", file, "-out", signed],
                   check=True, capture_output=True)
    done = subprocess.run(["osslsigncode", "verify", "-in", signed], text=True, capture_output=True, check=False)
    found = re.search(r"Current message digest\s*: ([0-9A-F]+)", done.stdout)
    assert found, done.stdout
    return found[1].lower()


class PredictTest(ToolTest):
    def setUp(self) -> None:
        super().setUp()
        self.tree, self.vmlinuz = trixie()
        self.policy = self.file("policy", POLICY)

    def initrd_of(self) -> None:
        """The same for all: built once."""
        if "initrd" not in _made:
            self.assert_ends(self.build("--floor", self.file("floor.conf", FLOOR), cmdline=CMDLINE), YES)
            _made["initrd"] = self.output.read_bytes()
        self.output.write_bytes(_made["initrd"])

    def ukify(self, *options: object, name: str = "node.efi", cmdline: str = CMDLINE) -> Path:
        """With the kernel, initramfs, command line and os-release of every test here; without options, built once."""
        if not options and cmdline == CMDLINE and "uki" in _made:
            return self.file(name, _made["uki"])
        self.tree.run(["ukify", "build", "--stub", STUB, "--linux", host(self.vmlinuz), "--initrd", host(self.output),
                       "--cmdline", f"@{host(self.file('cmdline', cmdline))}", "--uname", "6.12.0-test",
                       "--os-release", f"@{host(self.file('osrel', OSREL))}", *map(str, options),
                       "--output", host(self.dir / name)])
        if not options and cmdline == CMDLINE:
            _made["uki"] = (self.dir / name).read_bytes()
        return self.dir / name

    def addon(self, name: str, *options: object, cmdline: str | None = None) -> Path:
        words = ["--cmdline", f"@{host(self.file('words', cmdline))}"] if cmdline is not None else []
        path = self.dir / f"{name}.addon.efi"
        self.tree.run(["ukify", "build", "--stub", ADDON_STUB, *words, *map(str, options), "--output", host(path)])
        return path

    def predict(self, uki: Path, *options: object, status: int = YES) -> Values:
        done = self.verinit("measure", "predict", "--uki", uki, *options, "--json=short")
        self.assert_ends(done, status)
        document: Values = json.loads(done.stdout)
        jsonschema.Draft202012Validator(SCHEMA).validate(document)
        # RFC 8785, as far as there are neither fractions nor other than ASCII in it.
        self.assertEqual(done.stdout, json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n")
        return document

    def assert_as_python(self, document: Values, wanted: dict[str, Values]) -> None:
        self.assertEqual(sorted(document["pcrs"]), sorted(BANKS))
        for bank in BANKS:
            seen = document["pcrs"][bank]
            self.assertEqual({v["phase"]: v["value"] for v in seen["11"]}, wanted[bank]["11"], bank)
            for number in ("9", "12", "13"):
                self.assertEqual(seen[number], wanted[bank][number], f"PCR {number}, {bank}")


class Cells(PredictTest):
    """Every shape of a UKI, in each bank and phase."""

    def systemd_measure(self, uki: Path, profile: int = 0) -> dict[str, dict[str, str]]:
        """PCR 11 per phase and bank, of the sections as objcopy sees them."""
        there = of_profile(sections(uki.read_bytes()), profile)
        words: list[str | Path] = ["/usr/lib/systemd/systemd-measure", "calculate", "--json=short",
                                   *(f"--bank={bank}" for bank in BANKS)]
        for name in SECTIONS:
            if name in there:
                words.append(f"--{name[1:]}={host(self.file(f'section{name}', there[name]))}")
        answer = json.loads(self.tree.run(words))
        return {bank: {row["phase"]: row["hash"] for row in rows} for bank, rows in answer.items()}

    def assert_exact(self, uki: Path, *options: object, profile: int = 0, **python: Any) -> Values:
        document = self.predict(uki, "--policy", self.policy, "--profile", profile, *options)
        self.assert_as_python(document, predicted_in_python(uki.read_bytes(), profile, **python))
        systemd = self.systemd_measure(uki, profile)
        for bank in BANKS:
            self.assertEqual({v["phase"]: v["value"] for v in document["pcrs"][bank]["11"]}, systemd[bank], bank)
        return document

    def test_plain(self) -> None:
        self.initrd_of()
        document = self.assert_exact(self.ukify())
        self.assertEqual([w["word"] for w in document["words"]], list(WORDS))
        self.assertEqual(document["floor"]["from"], "uki")
        self.assertEqual(document["undecided"], [])

    def test_signed_pcrs(self) -> None:
        self.initrd_of()
        # systemd-measure signs only where it finds libtss2; what is signed is nothing to it and to us here.
        signature = self.file("pcrsig", '{"sha256":[{"pcrs":[11],"pkfp":"00","pol":"00","sig":"AA=="}]}')
        uki = self.ukify("--pcrpkey", host(self.file("pcrpkey", "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n")),
                         "--section", f".pcrsig:@{host(signature)}")
        self.assertTrue({".pcrsig", ".pcrpkey"} <= {s.name for s in sections(uki.read_bytes())})
        self.assert_exact(uki)

    def test_microcode_and_splash(self) -> None:
        self.initrd_of()
        self.assert_exact(self.ukify("--microcode", host(self.file("ucode", b"odd number of bytes")),
                                     "--splash", host(self.file("splash", b"BM no picture"))))

    def test_two_profiles(self) -> None:
        self.initrd_of()
        # ukify 257 wants .profile to be the first section of its own, and Debian's stub of add-ons has .sbat before it.
        for number, words in enumerate(("", f"{CMDLINE} acl.slot=b")):
            more = ["--cmdline", f"@{host(self.file(f'cmdline{number}', words))}"] if words else []
            path = self.dir / f"profile{number}.efi"
            self.tree.run(["ukify", "build", "--stub", ADDON_STUB, "--profile", f"ID=p{number}", *more, "--output", host(path)])
            path.write_bytes(path.read_bytes().replace(b".sbat\0\0\0", b".other\0\0"))
        uki = self.ukify("--profile", "ID=main", "--join-profile", host(self.dir / "profile0.efi"),
                         "--join-profile", host(self.dir / "profile1.efi"))
        values = [self.assert_exact(uki, profile=number)["pcrs"]["sha256"] for number in range(3)]
        self.assertEqual(len({v["11"][0]["value"] for v in values}), 3)
        self.assertEqual(values[0]["12"], pcr.zero("sha256").hex())
        self.assertEqual(values[2]["12"], extended("sha256", wide("2")))
        self.assert_ends(self.verinit("measure", "predict", "--uki", uki, "--profile", 3), FALSE, "no profile 3")

    def test_two_addons(self) -> None:
        self.initrd_of()
        uki = self.ukify()
        addons = [self.addon("a", cmdline="acl.slot=b"), self.addon("b", cmdline=" one=1\ttwo \n")]
        options = [word for path in addons for word in ("--addon", path)]
        document = self.assert_exact(uki, *options, addon_words="acl.slot=b one=1 two")
        self.assertEqual(document["cmdline"], f"{CMDLINE} acl.slot=b one=1 two")
        said = self.verinit("measure", "predict", "--uki", uki, "--policy", self.policy, *options)
        self.assertIn("event-unexplained", said.stderr)
        other = self.predict(uki, "--policy", self.policy, "--addon", addons[1], "--addon", addons[0])
        self.assertNotEqual(other["pcrs"]["sha256"]["12"], document["pcrs"]["sha256"]["12"])

    def test_credentials(self) -> None:
        self.initrd_of()
        own = {"b.cred": b"12345", "a.cred": b"x" * 4096}
        shared = {"machine.cred": b""}
        for directory, files in (("own", own), ("shared", shared)):
            (self.dir / directory).mkdir()
            for name, content in files.items():
                (self.dir / directory / name).write_bytes(content)
        archives = (stub_archive(".extra/credentials", 0o500, own, 0o400),
                    stub_archive(".extra/global_credentials", 0o500, shared, 0o400))
        document = self.assert_exact(
            self.ukify(), "--credential", self.dir / "own" / "b.cred", "--credential", self.dir / "own" / "a.cred",
            "--global-credential", self.dir / "shared" / "machine.cred", archives=archives)
        self.assertEqual([f["file"] for f in document["credentials"]], ["a.cred", "b.cred"])

    def test_extensions(self) -> None:
        """Beside the image, as the last of systemd-stub's archives of these; those of the system in PCR 13, before PID 1's words."""
        self.initrd_of()
        system, configuration = {"b.raw": b"second", "a.sysext.raw": b"first"}, {"c.confext.raw": bytes(4096)}
        archives = (stub_archive(".extra/sysext", 0o555, system, 0o444), stub_archive(".extra/confext", 0o555, configuration, 0o444))
        words: list[object] = [word for name, content in system.items() for word in ("--sysext", self.file(name, content))]
        words += [word for name, content in configuration.items() for word in ("--confext", self.file(name, content))]
        uki = self.ukify()
        document = self.predict(uki, "--policy", self.policy, *words)
        both = predicted_in_python(uki.read_bytes(), archives=archives)
        for bank in BANKS:
            seen = document["pcrs"][bank]
            self.assertEqual(seen["9"], both[bank]["9"])
            self.assertEqual(seen["12"], extended(bank, archives[1]))
            self.assertEqual(seen["13"], extended(bank, archives[0], *(word.encode() for word in WORDS)))
        self.assertEqual([f["file"] for f in document["sysexts"]], ["a.sysext.raw", "b.raw"])
        said = self.verinit("measure", "predict", "--uki", uki, "--policy", self.policy, *words)
        self.assertIn("configuration extensions with event-unexplained", said.stderr)
        for option, name in (("--sysext", "c.confext.raw"), ("--confext", "b.raw"), ("--sysext", "policy")):
            self.assert_ends(self.verinit("measure", "predict", "--uki", uki, option, self.dir / name), FALSE, name)

    def test_os_separator(self) -> None:
        """Behind what is measured before PID 1, and before its words."""
        self.initrd_of()
        uki = self.ukify()
        plain = self.predict(uki, "--policy", self.policy)
        separated = self.predict(uki, "--policy", self.policy, "--floor",
                                 self.file("other.conf", f"{FLOOR}os-separator=yes\n"))
        for bank in BANKS:
            before, after = plain["pcrs"][bank], separated["pcrs"][bank]
            word = "os-separator"
            for number in ("9", "12"):
                self.assertEqual(after[number], pcr.extend_words(bank, bytes.fromhex(before[number]), [word]).hex())
            for state in ("secure_boot_off", "secure_boot_on"):
                self.assertEqual(after["4"][state], pcr.extend_words(bank, bytes.fromhex(before["4"][state]), [word]).hex())
            self.assertEqual(after["13"], pcr.extend_words(bank, pcr.zero(bank), [word, *WORDS]).hex())
            self.assertEqual(after["11"], before["11"])


class Images(PredictTest):
    """PCR 4."""

    def digests(self, file: Path) -> dict[str, str]:
        return {bank: authenticode_by_osslsigncode(file, bank, self.dir) for bank in BANKS}

    def value(self, bank: str, images: list[dict[str, str]]) -> str:
        value = bytes.fromhex(extended(bank, b"Calling EFI Application from Boot Option", bytes(4)))
        for image in images:
            value = pcr.extend(bank, value, bytes.fromhex(image[bank]))
        return value.hex()

    def test_chain(self) -> None:
        self.initrd_of()
        uki, addon = self.ukify(), self.addon("a", cmdline="acl.slot=b")
        loader = self.file("systemd-bootx64.efi", (self.tree.tree / SYSTEMD_BOOT).read_bytes())
        kernel = self.file("kernel.efi", of_profile(sections(uki.read_bytes()), 0)[".linux"])
        first, image, words, inner = (self.digests(file) for file in (loader, uki, addon, kernel))
        for options, before, between in (((), [], []), (("--loader", loader, "--loader", loader), [first, first], []),
                                         (("--addon", addon), [], [words]),
                                         (("--loader", loader, "--addon", addon), [first], [words])):
            document = self.predict(uki, "--pcr", 4, *options)
            for bank in BANKS:
                seen = document["pcrs"][bank]
                self.assertEqual(seen, {"4": {"secure_boot_on": self.value(bank, [*before, image, *between]),
                                              "secure_boot_off": self.value(bank, [*before, image, *between, inner])}})

    def test_a_signature_changes_nothing(self) -> None:
        self.initrd_of()
        uki, signed = self.ukify(), self.dir / "signed.efi"
        authenticode_by_osslsigncode(uki, "sha256", self.dir)
        subprocess.run(["sbsign", "--key", self.dir / "test.key", "--cert", self.dir / "test.crt", "--output", signed, uki],
                       check=True, capture_output=True)
        self.assertNotEqual(uki.read_bytes(), signed.read_bytes())
        before, after = (self.predict(path, "--policy", self.policy) for path in (uki, signed))
        self.assertEqual(before["pcrs"], after["pcrs"])
        self.assertNotEqual(before["uki"]["sha256"], after["uki"]["sha256"])

    def test_newer_stub(self) -> None:
        """From 258 on the stub starts the kernel itself; from 261 on it adds what nobody can know."""
        self.initrd_of()
        plain = self.ukify().read_bytes()
        old = re.search(rb"systemd-stub (\d+)[^#]* ####", plain)
        assert old and old[1] == b"257"
        for version, undecided in ((b"255", [9, 12]), (b"258", []), (b"260", []), (b"261", [9])):
            uki = self.file("other.efi", plain.replace(b"LoaderInfo: systemd-stub 257", b"LoaderInfo: systemd-stub " + version))
            document = self.predict(uki, "--policy", self.policy, status=UNDECIDED if undecided else YES)
            state = document["pcrs"]["sha256"]["4"]
            self.assertEqual(state["secure_boot_on"] == state["secure_boot_off"], version > b"257")
            self.assertEqual([u["pcr"] for u in document["undecided"]], undecided)
            self.assertEqual("9" in document["pcrs"]["sha256"], not undecided)


GLOBAL, DATABASE = "8be4df61-93ca-11d2-aa0d-00e098032b8c", "d719b2cb-3d3a-4596-a3bc-dad00e67656f"
VENDORS = {"SecureBoot": GLOBAL, "PK": GLOBAL, "KEK": GLOBAL, "db": DATABASE, "dbx": DATABASE}
OWNER = uuid.UUID("b3a4c5d6-00ff-4000-8000-0000000000ff")
X509, SHA256 = (uuid.UUID(text) for text in ("a5c059a1-94e4-4aa7-87b5-ab155c2bf072", "c1c41626-504c-4092-aca9-41f936934328"))
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"


def signature_list(kind: uuid.UUID, *signatures: bytes) -> bytes:
    """EFI_SIGNATURE_LIST, of signatures of one length."""
    size = 16 + len(signatures[0])
    return kind.bytes_le + struct.pack("<III", 28 + len(signatures) * size, 0, size) + b"".join(OWNER.bytes_le + s for s in signatures)


def variable_event(name: str, data: bytes) -> bytes:
    """UEFI_VARIABLE_DATA."""
    return uuid.UUID(VENDORS[name]).bytes_le + struct.pack("<QQ", len(name), len(data)) + name.encode("utf-16-le") + data


class SecureBoot(PredictTest):
    """PCR 7. That this is what OVMF does, booted rows say."""

    def setUp(self) -> None:
        super().setUp()
        self.initrd_of()
        self.uki = self.ukify()
        self.ours, self.other = self.certificate("ours"), self.certificate("other")

    def certificate(self, name: str) -> bytes:
        subprocess.run(["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "2", "-subj", f"/CN={name}",
                        "-keyout", self.dir / f"{name}.key", "-out", self.dir / f"{name}.crt"], check=True, capture_output=True)
        return subprocess.run(["openssl", "x509", "-in", self.dir / f"{name}.crt", "-outform", "DER"], check=True,
                              capture_output=True).stdout

    def signed(self, image: Path, *names: str) -> Path:
        for name in names:
            target = image.with_suffix(f".{name}.efi")
            subprocess.run(["sbsign", "--key", self.dir / f"{name}.key", "--cert", self.dir / f"{name}.crt", "--output", target, image],
                           check=True, capture_output=True)
            image = target
        return image

    def efivars(self, is_on: bool = True, **values: bytes) -> Path:
        directory = self.dir / f"efivars{len(list(self.dir.glob('efivars*')))}"
        directory.mkdir()
        values = {"SecureBoot": bytes([is_on]), "PK": signature_list(X509, b"pk"), "KEK": signature_list(X509, b"kek"), **values}
        for name, data in values.items():
            (directory / f"{name}-{VENDORS[name]}").write_bytes(struct.pack("<I", 7) + data)
        return directory

    def seven(self, image: Path, variables: Path, *options: object, status: int = YES) -> Values:
        return self.predict(image, "--pcr", 7, "--variables", variables, *options, status=status)

    def assert_events(self, document: Values, state: str, variables: dict[str, bytes], *authorities: bytes) -> None:
        events = [*(variable_event(name, variables.get(name, b"")) for name in VENDORS), bytes(4),
                  *(variable_event("db", entry) for entry in authorities)]
        for bank in BANKS:
            self.assertEqual(document["pcrs"][bank], {"7": {f"secure_boot_{state}": extended(bank, *events)}})

    def read_back(self, directory: Path) -> dict[str, bytes]:
        return {p.name.split("-")[0]: p.read_bytes()[4:] for p in directory.iterdir()}

    def test_store(self) -> None:
        """Of virt-fw-vars, and read back by it."""
        store, said = self.dir / "vars.fd", self.dir / "vars.json"
        enroll: list[object] = ["virt-fw-vars", "-i", host(Path(OVMF_VARS)), "-o", host(store), "--sb", "--set-pk", OWNER,
                                host(self.dir / "other.crt"), "--add-kek", OWNER, host(self.dir / "other.crt"), "--add-db", OWNER,
                                host(self.dir / "other.crt"), "--add-db", OWNER, host(self.dir / "ours.crt")]
        self.tree.run([str(word) for word in enroll])
        self.tree.run(["virt-fw-vars", "-i", host(store), "--output-json", host(said)])
        known = {v["name"]: bytes.fromhex(v["data"]) for v in json.loads(said.read_text())["variables"]}
        variables = {"SecureBoot": b"\1", **{name: known[name] for name in VENDORS if name in known}}
        self.assertTrue({"PK", "KEK", "db"} <= set(variables))
        image = self.signed(self.uki, "ours")
        document = self.seven(image, store)
        self.assert_events(document, "on", variables, OWNER.bytes_le + self.ours)
        self.assertEqual(document["variables"], {name: hashlib.sha256(variables.get(name, b"")).hexdigest() for name in VENDORS})
        directory = self.efivars(**{name: data for name, data in variables.items() if name != "SecureBoot"})
        self.assertEqual(self.seven(image, directory)["pcrs"], document["pcrs"])
        self.assert_events(self.seven(self.uki, Path(OVMF_VARS)), "off", {"SecureBoot": b"\0"})

    def test_which_entry(self) -> None:
        """The first that verifies, in the order of db; each once; a digest where no signature counts."""
        ours, other = (signature_list(X509, der) for der in (self.ours, self.other))
        image, addon = self.signed(self.uki, "ours"), self.addon("a", cmdline="x=1")
        digest = bytes.fromhex(authenticode_by_osslsigncode(self.uki, "sha256", self.dir))
        entry, strange, by_digest = (OWNER.bytes_le + data for data in (self.ours, self.other, digest))
        for db, picture, addons, wanted in (
                (other + ours, image, [], [entry]), (ours + ours, image, [self.signed(addon, "ours")], [entry]),
                (ours + other, image, [self.signed(addon, "other")], [entry, strange]),
                (ours + other, self.signed(self.uki, "other", "ours"), [], [strange]),
                (signature_list(SHA256, bytes(32), digest), self.uki, [], [by_digest]),
                (signature_list(SHA256, digest) + ours, image, [], [entry]),
                (signature_list(SHA256, digest) + other, image, [], [by_digest])):
            variables = self.efivars(db=db)
            with self.subTest(wanted=wanted):
                document = self.seven(picture, variables, *(word for path in addons for word in ("--addon", path)))
                self.assert_events(document, "on", self.read_back(variables), *wanted)

    def test_what_would_not_start(self) -> None:
        ours, image = signature_list(X509, self.ours), self.signed(self.uki, "ours")
        digest = bytes.fromhex(authenticode_by_osslsigncode(self.uki, "sha256", self.dir))
        damaged = self.file("damaged.efi", image.read_bytes().replace(b"ID=test", b"ID=tent"))
        for picture, variables in ((image, self.efivars()), (image, self.efivars(db=signature_list(X509, self.other))),
                                   (damaged, self.efivars(db=ours)), (image, self.efivars(db=ours, dbx=ours)),
                                   (image, self.efivars(db=ours, dbx=signature_list(SHA256, digest)))):
            self.assert_ends(self.verinit("measure", "predict", "--uki", picture, "--pcr", 7, "--variables", variables), FALSE,
                             "would not start it")

    def test_no_answer(self) -> None:
        variables = self.efivars(db=signature_list(X509, self.ours))
        image = self.signed(self.uki, "ours")
        shim = self.file("shimx64.efi", (self.tree.tree / SYSTEMD_BOOT).read_bytes().replace(b"\nsystemd-boot,", b"\nshim,boot.....,"))
        for picture, options, said in ((self.uki, (), "is not signed"), (image, ("--loader", shim), "is a shim"),
                                       (image, ("--secure-boot", "off"), "on in the variable store")):
            document = self.seven(picture, variables, *options, status=UNDECIDED)
            self.assertEqual([u["pcr"] for u in document["undecided"]], [7])
            self.assertIn(said, document["undecided"][0]["reason"])
        self.predict(image, "--pcr", 7, status=UNDECIDED)
        self.assertNotIn("7", self.predict(image, "--policy", self.policy)["pcrs"]["sha256"])

    def test_no_variables(self) -> None:
        for path, said in ((self.dir / "none", "none"), (self.file("x", bytes(4096)), "not a sound store"), (self.dir, "no variable SecureBoot"),
                           (self.efivars(SecureBoot=b"\2"), "no variable SecureBoot")):
            self.assert_ends(self.verinit("measure", "predict", "--uki", self.uki, "--variables", path), TROUBLE, said)
        self.assert_ends(self.verinit("measure", "predict", "--uki", self.signed(self.uki, "ours"), "--pcr", 7, "--variables",
                                      self.efivars(db=b"no list")), TROUBLE, "malformed")


class Answers(PredictTest):
    def test_usage(self) -> None:
        for words, said in (((), "--uki"), (("--uki", "x", "--uki", "y"), "twice"), (("--uki", "x", "--bank", "md5"), "md5"),
                            (("--uki", "x", "--pcr", "8"), "'8'"), (("--uki", "x", "--pcr", "4,"), "'4,'"),
                            (("--uki", "x", "--phase", "a::b"), "a::b"), (("--uki", "x", "--secure-boot", "maybe"), "maybe"),
                            (("--uki", "x", "--profile", "-1"), "-1"), (("--uki", "x", "--json=long"), "long"),
                            (("--uki", "x", "y"), "'y'"), (("--nothing",), "--nothing")):
            with self.subTest(words):
                self.assert_ends(self.verinit("measure", "predict", *words), USAGE, said)

    def test_no_uki(self) -> None:
        self.assert_ends(self.verinit("measure", "predict", "--uki", self.file("x", b"MZ")), TROUBLE, "not a sound PE")
        self.assert_ends(self.verinit("measure", "predict", "--uki", self.dir / "none"), TROUBLE, "none")
        addon = self.addon("a", cmdline="x")
        self.assert_ends(self.verinit("measure", "predict", "--uki", addon), FALSE, ".linux")

    def test_what_would_not_boot(self) -> None:
        self.initrd_of()
        uki = self.ukify()
        refused = (
            (("--addon", self.addon("b", "--initrd", host(self.output), cmdline="x")), "event-unexplained"),
            (("--addon", self.addon("c", "--uname", "other", cmdline="x")), ".uname"),
            (("--credential", self.file("odd", b"")), ".cred"),
            (("--credential", self.file("\u00e9.cred", b"")), ".cred"),
            (("--policy", "none"), "selinux-absent"),
            (("--policy", self.policy, "--floor", self.file("f", "nonsense=1\n")), "floor-malformed"),
            (("--policy", self.policy, "--floor", self.file("g", "root-hash-signature=allow\n")), "ipe-absent"))
        for options, said in refused:
            with self.subTest(options):
                self.assert_ends(self.verinit("measure", "predict", "--uki", uki, *options), FALSE, said)
        weak = self.ukify(cmdline=f"{CMDLINE} systemd.debug_shell", name="weak.efi")
        self.assert_ends(self.verinit("measure", "predict", "--uki", weak, "--policy", self.policy), FALSE, "cmdline-dangerous")

    def test_no_policy_is_no_answer(self) -> None:
        self.initrd_of()
        uki = self.ukify()
        document = self.predict(uki, status=UNDECIDED)
        self.assertEqual([u["pcr"] for u in document["undecided"]], [13])
        for bank in BANKS:
            self.assertEqual(sorted(document["pcrs"][bank]), ["11", "12", "4", "9"])
        self.assertEqual({e["pcr"] for e in document["events"]}, {4, 9, 11})
        self.predict(uki, "--pcr", "4,9,11,12")

    def test_selection(self) -> None:
        self.initrd_of()
        uki = self.ukify()
        whole = self.predict(uki, "--policy", self.policy)
        part = self.predict(uki, "--pcr", "11", "--pcr", "4", "--bank", "sha384", "--secure-boot", "on", "--phase",
                            "enter-initrd", "--phase", "enter-initrd:poisoned")
        seen = part["pcrs"]["sha384"]
        self.assertEqual(list(part["pcrs"]), ["sha384"])
        self.assertEqual(seen["4"], {"secure_boot_on": whole["pcrs"]["sha384"]["4"]["secure_boot_on"]})
        self.assertEqual(seen["11"][0], whole["pcrs"]["sha384"]["11"][0])
        self.assertEqual(seen["11"][1]["value"],
                         pcr.extend_words("sha384", bytes.fromhex(seen["11"][0]["value"]), ["poisoned"]).hex())

    def test_file_and_table(self) -> None:
        self.initrd_of()
        uki, out = self.ukify(), self.dir / "measurements.json"
        done = self.verinit("measure", "predict", "--uki", uki, "--policy", self.policy, "--output", out)
        self.assert_ends(done, YES)
        document = json.loads(out.read_text())
        self.assertEqual(out.read_text(), json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n")
        self.assertEqual(document["uki"]["sha256"], hashlib.sha256(uki.read_bytes()).hexdigest())
        self.assertNotIn(str(self.dir), out.read_text())
        for bank in BANKS:
            for number in ("9", "12", "13"):
                self.assertRegex(done.stdout, rf"(?m)^{number} +{bank} +- +{document['pcrs'][bank][number]}$")
        self.assertEqual([p.name for p in self.dir.glob("measurements*")], [out.name])
        quiet = self.verinit("measure", "predict", "--uki", uki, "--policy", self.policy, "--output", out, "--quiet")
        self.assertEqual((quiet.returncode, quiet.stdout, quiet.stderr), (YES, "", ""))
        (self.dir / "link").symlink_to(out)
        self.assert_ends(self.verinit("measure", "predict", "--uki", uki, "--policy", self.policy, "--output",
                                      self.dir / "link"), TROUBLE, "symbolic link")


class Schema(unittest.TestCase):
    def test_schema(self) -> None:
        jsonschema.Draft202012Validator.check_schema(SCHEMA)


if __name__ == "__main__":
    unittest.main()
