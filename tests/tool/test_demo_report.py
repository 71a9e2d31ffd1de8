#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/demo-report: a recorded boot holds, and each of its facts is seen failing on evidence that was falsified."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
RECORDED = Path(__file__).resolve().parent / "testdata" / "demo"
REPORT = TOP / "tools" / "demo-report"

sys.path.insert(0, str(TOP / "tools"))

from demolib import host, layout, measurements, stages, trust  # noqa: E402
from demolib.evidence import Evidence, Fact, Fails, Section  # noqa: E402
from demolib.uki import UkiFile  # noqa: E402

KEY = "05aa9f67ec97bb569aabf24e6b78a8c26d388bed"
HASH = "59c49d838cda399339fa6a59c979dc2d2eb4556a7b1907fba685c627fd565c4b"
ZEROS = "0" * 64
BANKS = ("sha1", "sha256", "sha384", "sha512")
STAGES = ("early", "config", "probe", "prove", "enter", "find", "plan", "verify", "activate", "measure", "usr", "mac",
          "root", "record", "handoff")

Edit = Callable[["Falsified"], None]


class RecordedUki:
    """What was found in the UKI of the recorded boot."""

    def __init__(self) -> None:
        self.cmdline_text = (RECORDED / "cmdline.txt").read_text().strip()
        self.key = KEY
        self.is_signed = True
        self.is_sound = True
        self.init_bytes = 2918736
        self.floor = {item: "require" for item in (
            "secure-boot", "tpm", "cmdline", "cmdline-replay", "root-hash-signature", "pinned-geometry", "boot-disk-only",
            "selinux", "debug")}
        self.floor |= {"root": "tmpfs", "etc": "overlay"}

    def signer(self) -> str:
        if not self.is_signed:
            raise Fails("node.efi is not signed by db.crt")
        return "verinit test db"

    def key_id(self) -> str:
        return self.key

    def cmdline(self) -> str:
        return self.cmdline_text

    def initrd(self) -> dict[str, Any]:
        if not self.is_sound:
            raise Fails("the initramfs is not sound")
        return {"cmdline": self.cmdline_text, "floor": self.floor, "content_bytes": 10516776, "file_bytes": 3083934,
                "compression": "zstd",
                "entries": [{"path": "dev", "size": 0}, {"path": "init", "size": self.init_bytes}]}

    def size(self) -> int:
        return 14920000


class Falsified:
    """A copy of the recorded boot, to be changed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "demo"
        self.uki = RecordedUki()
        shutil.copytree(RECORDED, self.directory)
        # A checkout does not keep times: before the boot, its start, after it.
        (self.directory / "qemu.log").touch()
        for path in self.directory.iterdir():
            self.set_time(path.name, 3000)
        for name in ("prediction.json", "prediction.sha256"):
            self.set_time(name, 1000)
        self.set_time("qemu.log", 2000)

    def set_time(self, name: str, seconds: int) -> None:
        os.utime(self.directory / name, (seconds, seconds))

    def replace(self, name: str, old: str, new: str, count: int = -1) -> None:
        path = self.directory / name
        before = path.stat()
        text = path.read_bytes().decode()
        assert old in text, f"{name} holds no {old!r}"
        path.write_bytes(text.replace(old, new, count).encode())
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def change(self, name: str, edit: Callable[[Any], None]) -> None:
        path = self.directory / name
        before = path.stat()
        value = json.loads(path.read_text())
        edit(value)
        path.write_text(json.dumps(value))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def predict(self, edit: Callable[[Any], None]) -> None:
        """Another prediction, made and noted in time."""
        self.change("prediction.json", edit)
        digest = hashlib.sha256((self.directory / "prediction.json").read_bytes()).hexdigest()
        (self.directory / "prediction.sha256").write_text(f"{digest}  prediction.json\n")
        self.set_time("prediction.sha256", 1000)

    def prediction(self) -> dict[str, str]:
        return dict(json.loads((self.directory / "prediction.json").read_text())["pcr13"])

    def sections(self) -> list[Section]:
        e = Evidence(self.directory, self.uki)
        return [trust.section(e), stages.section(e), measurements.section(e), host.selinux(e), host.host(e)]

    def facts(self) -> list[Fact]:
        return [f for section in self.sections() for f in section.facts]


def text(name: str, old: str, new: str, count: int = -1) -> Edit:
    return lambda f: f.replace(name, old, new, count)


def boot(edit: Callable[[Any], None]) -> Edit:
    return lambda f: f.change("boot.json", edit)


def put(*path: Any, to: Any) -> Callable[[Any], None]:
    """A value of a JSON document: put("a", 0, to=1) is document["a"][0] = 1."""
    def edit(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        assert document[path[-1]] != to, f"{path} is {to!r} already"
        document[path[-1]] = to
    return edit


def uki(**values: Any) -> Edit:
    def edit(f: Falsified) -> None:
        for name, value in values.items():
            assert getattr(f.uki, name) != value
            setattr(f.uki, name, value)
    return edit


def floor(item: str, to: str) -> Edit:
    return lambda f: put(item, to=to)(f.uki.floor)


def flip(bank: str, index: int) -> Edit:
    """The last bit of a PCR."""
    def edit(values: Any) -> None:
        old = values[bank][str(index)]
        values[bank][str(index)] = old[:-1] + f"{int(old[-1], 16) ^ 1:X}"
    return lambda f: f.change("pcrs.json", edit)


def late(name: str) -> Edit:
    return lambda f: f.set_time(name, 2500)


def new_prediction(f: Falsified) -> None:
    """Fitted after the fact, and the digest not noted again."""
    f.replace("prediction.json", "\n", " \n", 1)


# The fact (its section's first letters matter where two share a label), what is falsified, words of the reason, and
# the other facts that cannot but fall with it.
CASES: list[tuple[str, str, Edit, str, set[str]]] = [
    ("Trust chain: boot", "hung", lambda f: f.change("verdict.json", put("result", to="hung")), "hung", set()),
    ("Trust chain: boot", "relaxed", lambda f: f.change("verdict.json", put("relaxed", to=["no-tpm"])), "no-tpm",
     set()),
    ("Trust chain: firmware", "off", text("dmesg.txt", "Secure boot enabled", "Secure boot disabled"), "Secure Boot",
     set()),
    ("Trust chain: firmware", "said later, by somebody else",
     text("dmesg.txt", "[    0.000000] secureboot:", "[   20.000000] secureboot:"), "Secure Boot", set()),
    ("Trust chain: kernel", "open", text("dmesg.txt", "Kernel is locked down", "Kernel is open"), "locked down", set()),
    ("Trust chain: UKI", "unsigned", uki(is_signed=False), "not signed", set()),
    ("Trust chain: signer", "other key", uki(key="11" * 20), "1111", set()),
    ("Trust chain: signer", "not enrolled", text("dmesg.txt", KEY, "22" * 20), KEY[:16], set()),
    ("Trust chain: initramfs", "lax floor", floor("tpm", "allow"), "tpm=allow", set()),
    ("Trust chain: initramfs", "unsound", uki(is_sound=False), "not sound",
     {"Trust chain: command line", "Host: initramfs", "Host: sizes"}),
    ("Trust chain: command line", "word added", text("cmdline.txt", "quiet", "quiet debug"), "debug", set()),
    ("Trust chain: command line", "image is of another", lambda f: f.change("image.json", put("cmdline", to="quiet")),
     "image.json has 'quiet'", set()),
    ("Trust chain: command line", "not baked", boot(put("cmdline", to="not-baked")), "not-baked", set()),
    ("Trust chain: command line", "extra words", boot(put("cmdline", to="baked+extra-words")), "extra-words", set()),
    ("Trust chain: root hash", "other in the UKI", uki(cmdline_text="usrhash=" + ZEROS), ZEROS,
     {"Trust chain: command line"}),
    ("Trust chain: root hash", "two in the UKI", uki(cmdline_text=f"usrhash={HASH} usrhash={HASH}"), "2 words",
     {"Trust chain: command line"}),
    ("Trust chain: root hash", "other in the table", text("dm.txt", HASH, ZEROS), ZEROS, {"Trust chain: verity table"}),
    ("Trust chain: root hash", "other in boot.json", boot(put("root_hash", to=ZEROS)), ZEROS, set()),
    ("Trust chain: verity table", "no verity", text("dm.txt", "verity 1", "linear 1"), "no verity",
     {"Trust chain: root hash", "Trust chain: verity options"}),
    ("Trust chain: verity table", "shorter", text("dm.txt", "0 409104 verity 1", "0 409096 verity 1"), "409096", set()),
    ("Trust chain: verity table", "other salt", lambda f: f.change("image.json", put("salt", to=ZEROS)), ZEROS, set()),
    ("Trust chain: verity table", "other devices", text("dm.txt", " 254:2 ", " 254:5 "), "254:5", set()),
    ("Trust chain: verity table", "boot.json differs", boot(put("dm", "table", to="")), "boot.json has the table ''",
     set()),
    ("Trust chain: verity options", "one missing", text("dm.txt", "4 panic_on_corruption panic_on_error root_hash_sig_key_desc verinit:usr",
     "1 panic_on_corruption"), "'1 panic_on_corruption'", {"Trust chain: verity table"}),
    ("Trust chain: verity options", "ignoring", text("dm.txt", "4 panic_on_corruption", "2 ignore_corruption"),
     "ignore_corruption", {"Trust chain: verity table"}),
    ("Trust chain: verity status", "corrupt", text("dm.txt", "verity V", "verity C"), "C: not V", set()),
    ("Trust chain: /usr", "writable", text("mounts.txt", "/ /usr ro,", "/ /usr rw,"), "not read-only", set()),
    ("Trust chain: /usr", "other device", text("mounts.txt", "253:0 / /usr", "254:2 / /usr"), "254:2", set()),
    ("Trust chain: /usr", "mounted over", lambda f: f.replace(
        "mounts.txt", "23 31 0:22", "99 31 0:99 / /usr rw - tmpfs tmpfs rw\n23 31 0:22", 1) or f.replace(
            "mounts.txt", "29 31 253:0 / /usr", "29 31 253:0 / /below"), "0:99", set()),
    ("Trust chain: /usr", "a part of it", text("mounts.txt", "253:0 / /usr", "253:0 /x /usr"), "/x", set()),
    ("Trust chain: /", "unverified", boot(put("root", "kind", to="unverified")), "unverified", set()),
    ("Trust chain: /", "a disk", text("mounts.txt", " - tmpfs rootfs", " - ext4 /dev/vda4"), "/ is ext4", set()),
    ("Trust chain: /", "plain /etc", text("mounts.txt", " - overlay overlay", " - tmpfs tmpfs"), "not an overlay",
     set()),
    ("Trust chain: /", "/etc over another", text("mounts.txt", "lowerdir=/sysroot/usr/etc", "lowerdir=/var/etc"),
     "/var/etc", set()),
    ("Trust chain: /", "other policy", text("mounts.txt", "253:0 /etc/selinux", "0:30 /etc/selinux"), "/etc/selinux",
     set()),
    ("Stages: order", "swapped", boot(lambda b: b["stages"].insert(0, b["stages"].pop(3))), "prove early", set()),
    ("Stages: order", "overlap", boot(put("stages", 4, "start_us", to=1)), "overlap", set()),
    ("Stages: order", "one more", boot(lambda b: b["stages"].append({"name": "more"})), "more", set()),
    ("Measurements: prediction", "fitted later", new_prediction, "noted before the boot", set()),
    ("Measurements: prediction", "younger", late("prediction.json"), "younger", set()),
    ("Measurements: prediction", "noted late", late("prediction.sha256"), "younger", set()),
    ("Measurements: log", "other word", text("measure.log", "verinit.root=tmpfs", "verinit.root=verity"),
     "not those of the words", {"Measurements: words"}),
    ("Measurements: log", "other boot", boot(put("boot_id", to="00000000-0000-4000-8000-000000000000")), "another boot",
     set()),
    ("Measurements: log", "torn", text("measure.log", "}\n\x1e", "}\x1e", 1), "torn", {"Measurements: words"}),
    ("Measurements: words", "other in boot.json", boot(put("tpm", "words", 0, "word", to="enter")), "enter", set()),
    ("Measurements: words", "not predicted",
     lambda f: f.predict(put("words", 2, to="verinit.root=verity")), "verinit.root=verity", set()),
    ("Measurements: words", "none", boot(put("tpm", "words", to=[])), "[]", set()),
    ("SELinux: policy", "other loaded", boot(put("selinux", "policy_sha256", to=ZEROS)), ZEROS, set()),
    ("SELinux: policy", "other in the image", lambda f: f.change("image.json", put("policy_sha256", to=ZEROS)), ZEROS,
     set()),
    ("SELinux: policy", "both unknown", lambda f: f.change("image.json", put("policy_sha256", to="")) or f.change(
        "boot.json", put("selinux", "policy_sha256", to="")), "no digest", set()),
    ("SELinux: policy now", "reloaded", text("selinux.txt", "policy: 0742", "policy: 0743"), "0743", set()),
    ("SELinux: policy now", "not read back", boot(put("selinux", "loaded_sha256", to="")), "none", set()),
    ("SELinux: mode", "permissive now", text("selinux.txt", "enforce: Enforcing", "enforce: Permissive"), "Permissive",
     set()),
    ("SELinux: mode", "absent", boot(put("selinux", "state", to="absent")), "absent", set()),
    ("SELinux: PID 1", "in the wrong domain", text("selinux.txt", "init: system_u:system_r:init_t:s0",
     "init: system_u:system_r:kernel_t:s0"), "kernel_t", set()),
    ("Host: units", "one failed", lambda f: f.replace(
        "units.txt", "state: running", "a.service loaded failed failed A\nstate: degraded"), "1 failed: a.service",
     set()),
    ("Host: units", "degraded", text("units.txt", "state: running", "state: degraded"), "degraded", set()),
    ("Host: /usr device", "dead", text("units.txt", "dev-mapper-usr.device loaded active plugged",
     "dev-mapper-usr.device loaded inactive dead"), "not active", set()),
    ("Host: /usr device", "shown dead", text("units.txt", "ActiveState=active", "ActiveState=inactive"),
     "another state",
     set()),
    ("Host: time-outs", "one", text("journal.txt", "Reached target getty.target",
     "dev-x.device: Job dev-x.device/start timed out"), "1 in the journal", set()),
    ("Host: time-outs", "cut short", text("journal.txt", "Startup finished in", "Startup goes on in"), "its end",
     set()),
    ("Host: memory", "not told", boot(put("handoff", "memory_available_after_kb", to=0)), "0 KiB after", set()),
    ("Trust chain: command line", "not proved", boot(put("provenance", "replay", to="not-provable")), "'not-provable'", set()),
    ("Host: memory", "nothing now", text("meminfo.txt", "MemAvailable:", "MemElse:"), "did not tell its memory", set()),
    ("Host: initramfs", "pages left", text("meminfo.txt", "Unevictable:           0 kB", "Unevictable:       10240 kB"),
     "10240 KiB of unevictable memory", set()),
    ("Host: initramfs", "files left", boot(put("handoff", "initramfs_bytes", to=4096)), "4096 bytes freed", set()),
    ("Host: initramfs", "not told", boot(put("handoff", "switch", to="")), "''", set()),
    ("Host: sizes", "over budget", uki(init_bytes=1 << 30), "budget", set()),
]
CASES += [(f"Measurements: PCR 13 {bank}", "predicted otherwise",
           lambda f, bank=bank: f.predict(put("pcr13", bank, to="0" * len(f.prediction()[bank]))), "DIFFERS", set())
          for bank in BANKS]
CASES.append(("Measurements: log", "a bank less", lambda f: f.change("pcrs.json", lambda p: p.pop("sha384")), "sha384",
              {f"Measurements: PCR {index} sha384" for index in (11, 12, 13)}))
CASES += [(f"Stages: {name}", verdict, boot(put("stages", i, "verdict", to=verdict)), verdict, set())
          for i, name in enumerate(STAGES) for verdict in ("skipped", "failed", "not-reached")]
CASES += [(f"Measurements: PCR {index} {bank}", "one bit", flip(bank, index), "DIFFERS",
           {"Measurements: log"} if index == 13 else set()) for index in (11, 12, 13) for bank in BANKS]


def named(sections: list[Section]) -> dict[str, Fact]:
    return {f"{section.title}: {f.label}": f for section in sections for f in section.facts}


class ReportTest(unittest.TestCase):
    maxDiff = None

    def falsified(self) -> Falsified:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        return Falsified(Path(scratch.name))

    def test_recorded_boot_holds(self) -> None:
        sections = self.falsified().sections()
        self.assertEqual([(name, f.text) for name, f in named(sections).items() if not f.holds], [])
        code, line = layout.verdict(sections)
        self.assertEqual(code, 0)
        self.assertRegex(line, r"^demo: all \d\d facts hold$")

    def test_each_case_fails_as_said(self) -> None:
        for label, how, edit, reason, others in CASES:
            with self.subTest(label, how=how):
                f = self.falsified()
                edit(f)
                sections = f.sections()
                facts = named(sections)
                self.assertEqual({name for name, fact in facts.items() if not fact.holds}, {label} | others)
                self.assertIn(reason, facts[label].text)
                self.assertEqual(layout.verdict(sections),
                                 (1, f"demo: {1 + len(others)} of {len(facts)} facts do not hold"))

    def test_no_fact_is_without_a_case(self) -> None:
        self.assertEqual(set(named(self.falsified().sections())), {case[0] for case in CASES})

    def test_missing_evidence_is_no_fact_less(self) -> None:
        count = len(self.falsified().facts())
        for path in sorted(RECORDED.iterdir()):
            for how in ("missing", "empty"):
                with self.subTest(path.name, how=how):
                    f = self.falsified()
                    (f.directory / path.name).unlink()
                    if how == "empty":
                        (f.directory / path.name).touch()
                    facts = f.facts()
                    self.assertEqual(len(facts), count)
                    self.assertTrue(any(not fact.holds and path.name in fact.text for fact in facts))

    def test_an_empty_directory_holds_nothing(self) -> None:
        f = self.falsified()
        shutil.rmtree(f.directory)
        f.directory.mkdir()
        holding = {name for name, fact in named(f.sections()).items() if fact.holds}
        # These two look at the UKI alone.
        self.assertEqual(holding, {"Trust chain: UKI", "Trust chain: initramfs", "Host: sizes"})

    def test_malformed_evidence_is_no_crash(self) -> None:
        count = len(self.falsified().facts())
        for name in sorted(p.name for p in RECORDED.glob("*.json")):
            for content in ("[]", "{}", "null", "1", '"x"', "{", '{"stages": 1}', '{"stages": [1, {"name": []}]}',
                            "[" * 100000, "\xff", '{"tpm": {"words": [1]}}'):
                with self.subTest(name, content=content[:20]):
                    f = self.falsified()
                    (f.directory / name).write_text(content, encoding="latin-1")
                    facts = f.facts()
                    self.assertEqual(len(facts), count)
                    self.assertTrue(any(not fact.holds for fact in facts))

    def test_the_guest_does_not_write_on_our_terminal(self) -> None:
        f = self.falsified()
        f.replace("units.txt", "state: running", "\x1b[2J\x07evil\u202e.service x\nstate: running")
        f.replace("boot.json", "verinit.root=tmpfs", "verinit.root=\\u001b[2J" + "x" * 300)
        for colour in (False, True):
            how = layout.Layout(colour, blocks=True)
            lines = [line for section in f.sections() for line in how.section(section)]
            plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
            self.assertTrue(all(line.isprintable() for line in plain))
            self.assertTrue(any("evil" in line for line in plain))
            self.assertLessEqual(max(map(len, plain)), layout.WIDTH)
            self.assertEqual(any("\x1b" in line for line in lines), colour)

    def test_bars_are_to_scale(self) -> None:
        how = layout.Layout(colour=False, blocks=True)
        self.assertEqual(how.bar(1), "█" * how.longest_bar)
        self.assertEqual(how.bar(0.5), "█" * (how.longest_bar // 2))
        self.assertEqual(how.bar(1e-9), "▏")
        self.assertEqual(how.bar(0), "")
        self.assertEqual(layout.Layout(colour=False, blocks=False).bar(0.5), "#" * (how.longest_bar // 2))


class UkiTest(unittest.TestCase):
    """The real tools, on files that are no signed UKI."""

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name)
        subprocess.run(["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=somebody",
                        "-keyout", self.dir / "db.key", "-out", self.dir / "db.crt"], check=True, capture_output=True)
        self.uki = UkiFile(self.dir / "node.efi", self.dir / "db.crt", self.dir / "verinit")

    def test_no_pe_file(self) -> None:
        self.uki.path.write_bytes(b"MZ" + bytes(1000))
        for look in (self.uki.signer, self.uki.cmdline, self.uki.initrd):
            self.assertRaises(Fails, look)

    def test_missing_file(self) -> None:
        for look in (self.uki.signer, self.uki.cmdline, self.uki.initrd, self.uki.size):
            self.assertRaises(Fails, look)

    def test_certificate(self) -> None:
        self.assertRegex(self.uki.key_id(), r"^[0-9a-f]{40}$")
        self.uki.certificate.write_text("none")
        self.assertRaises(Fails, self.uki.key_id)


class CommandTest(unittest.TestCase):
    def report(self, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, str(REPORT), *map(str, words)], check=False, capture_output=True,
                              encoding="utf-8", errors="replace",
                              env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **environment})

    def test_a_directory_without_a_uki_does_not_hold(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            f = Falsified(Path(scratch))
            done = self.report(f.directory, "--save", Path(scratch, "saved"))
            saved = Path(scratch, "saved").read_text()
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stdout, r"\ndemo: \d+ of \d+ facts do not hold\n\Z")
        self.assertNotIn("\x1b", done.stdout)
        self.assertEqual(saved, done.stdout)

    def test_a_locale_without_block_elements(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            done = self.report(Falsified(Path(scratch)).directory, LC_ALL="C", PYTHONIOENCODING="ascii")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("####", done.stdout)

    def test_usage(self) -> None:
        self.assertEqual(self.report("/nonexistent").returncode, 2)
        self.assertEqual(self.report("--wrong").returncode, 2)


if __name__ == "__main__":
    unittest.main()
