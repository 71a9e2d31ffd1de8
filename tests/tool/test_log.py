#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verinit log: beside a second reader of both logs (tests/qemu/machine/pcr.py), systemd-pcrlock and tpm2_eventlog.

The firmware's log is one of OVMF and systemd-stub, the userspace log one of a recorded boot, with the PCRs of its TPM.
They are of two boots, so what a TPM would hold after both is computed here.
"""

import fcntl
import hashlib
import json
import os
import struct
import subprocess
import threading
import time
import unittest
from dataclasses import replace
from pathlib import Path
from typing import Any

from case import TROUBLE, USAGE, YES, FALSE, Result, ToolTest
from kernels import TOP, Debian, Places, Store, tools
from imagelib.toolstree import host
from machine import pcr

UNDECIDED = 4
FIRMWARE = TOP / "tests" / "fuzz" / "corpus" / "tcg2_log" / "good-ovmf"
RECORDED = Path(__file__).resolve().parent / "testdata" / "demo"
USERSPACE = RECORDED / "measure.log"
TAG = 0x6d7f392d
IDS = {name: number for number, name in pcr.ALGORITHMS.items()}

Values = dict[str, dict[int, bytes]]


def header_size(log: bytes) -> int:
    return 32 + int(struct.unpack_from("<I", log, 28)[0])


def pack(event: pcr.Event) -> bytes:
    digests = b"".join(struct.pack("<H", IDS[bank]) + value for bank, value in event.digests.items())
    return struct.pack("<III", event.pcr, event.type, len(event.digests)) + digests + struct.pack("<I", len(event.data)) + event.data


def firmware(events: list[pcr.Event]) -> bytes:
    log = FIRMWARE.read_bytes()
    return log[:header_size(log)] + b"".join(map(pack, events))


def event(index: int, kind: int, data: bytes, **more: bytes) -> pcr.Event:
    return pcr.Event(index, kind, {bank: pcr.digest(bank, data) for bank in pcr.BANKS} | more, data)


def record(word: str, index: int = 13, kind: str = "phase", **more: Any) -> dict[str, Any]:
    return {"pcr": index, "digests": [{"hashAlg": bank, "digest": pcr.digest(bank, word.encode()).hex()} for bank in pcr.BANKS],
            "content_type": "systemd", "content": {"string": word, "bootId": "0" * 32, "timestamp": 1, "eventType": kind}} | more


def sequence(*records: Any) -> bytes:
    return b"".join(b"\x1e" + json.dumps(r, separators=(",", ":")).encode() + b"\n" for r in records)


def values_after(log: bytes, words: bytes) -> Values:
    """What a TPM holds after both."""
    parsed, records = pcr.parse_event_log(log), pcr.parse_measure_log(words)
    return {bank: pcr.replay_measure_log(records, bank, pcr.replay_event_log(parsed, bank)) for bank in parsed.banks}


def as_pcrread(values: Values) -> str:
    return "".join(f"  {bank}:\n" + "".join(f"    {n:<2} : 0x{value.hex().upper()}\n" for n, value in sorted(of.items()))
                   for bank, of in values.items())


class LogTest(ToolTest):
    def setUp(self) -> None:
        super().setUp()
        self.log = FIRMWARE.read_bytes()
        self.words = USERSPACE.read_bytes()
        self.events = list(pcr.parse_event_log(self.log).events)

    def ask(self, verb: str, *words: object) -> Result:
        done = self.verinit("log", verb, *words)
        self.assertNotRegex(done.stdout + done.stderr, r'[^\n -~]')
        return done

    def json(self, verb: str, *words: object, status: int = YES) -> Any:
        done = self.ask(verb, *words, "--json=short")
        self.assert_ends(done, status)
        self.assertEqual(done.stdout.count("\n"), 1)
        return json.loads(done.stdout)

    def values(self, values: Values) -> Path:
        return self.file("pcrs.yaml", as_pcrread(values))


class Show(LogTest):
    def test_all_is_listed_in_order(self) -> None:
        shown = self.json("show", USERSPACE, FIRMWARE)
        self.assertEqual([(e["log"], e["record"]) for e in shown],
                         [("firmware", i + 1) for i in range(40)] + [("userspace", i + 1) for i in range(8)])
        for event, seen in zip(self.events, shown):
            self.assertEqual((seen["pcr"], seen["digests"]), (event.pcr, {b: d.hex() for b, d in event.digests.items()}))
        for word, seen in zip(pcr.parse_measure_log(self.words), shown[40:], strict=True):
            self.assertEqual((seen["pcr"], seen["event_type"], seen["description"]), (word.pcr, word.event_type, word.string))
            self.assertEqual(seen["digests"], {b: d.hex() for b, d in word.digests.items()})

    def test_what_it_is(self) -> None:
        shown = {(e["event_type"], e["description"]) for e in self.json("show", FIRMWARE)}
        for of_it in (("EV_S_CRTM_VERSION", "no version"), ("EV_EFI_PLATFORM_FIRMWARE_BLOB", "917504 bytes at 0x820000"),
                      ("EV_EFI_VARIABLE_DRIVER_CONFIG", "variable SecureBoot = 1"),
                      ("EV_EFI_VARIABLE_DRIVER_CONFIG", "variable db, 837 bytes"), ("EV_SEPARATOR", "separator"),
                      ("EV_EFI_VARIABLE_BOOT", "variable Boot0002: 'EFI Internal Shell'"),
                      ("EV_EFI_GPT_EVENT", "partitions: 1, disk b6d31b54-2461-5245-b5a4-1d2540c5e1ce"),
                      ("EV_EFI_BOOT_SERVICES_APPLICATION", r"image of 12162584 bytes: \EFI\BOOT\BOOTX64.EFI"),
                      ("EV_IPL", ".cmdline"), ("EV_EFI_ACTION", "Calling EFI Application from Boot Option"),
                      ("EV_EVENT_TAG", "LoadOptions (tag 0x8f3b22ed): LOADED_IMAGE::LoadOptions")):
            self.assertIn(of_it, shown)

    def test_text(self) -> None:
        done = self.ask("show", FIRMWARE, USERSPACE)
        self.assert_ends(done, YES)
        self.assertEqual(len(done.stdout.splitlines()), 1 + 2 * 48)
        self.assertIn("\nF30     11  EV_IPL                              .cmdline\n      sha256:ff7de15f", done.stdout)
        self.assertIn("\nU4      13  phase                               verinit.root=tmpfs\n", done.stdout)
        self.assertEqual(len(self.ask("show", FIRMWARE, USERSPACE, "--bank", "all").stdout.splitlines()), 1 + 5 * 48)
        self.assertIn("      sha1:b1b01d5f", self.ask("show", USERSPACE, "--bank=sha1").stdout)

    def test_types_of_others(self) -> None:
        log = self.file("log", firmware([event(8, 0x80000042, b"x"), event(8, 0x0d, b"\x1b]0;x\x07\0"),
                                         replace(event(0, 3, b"StartupLocality\0\3"), pcr=0xffffffff)]))
        shown = self.json("show", log)
        self.assertEqual([e["event_type"] for e in shown], ["0x80000042", "EV_IPL", "EV_NO_ACTION"])
        self.assertEqual([e["description"] for e in shown], ["x", "7 bytes", "the TPM was started from locality 3"])
        self.assertEqual((shown[2]["pcr"], shown[2]["is_measured"]), (None, False))
        words = self.file("words", sequence(record("a\x1b[2Jb"), {"pcr": 3, "digests": []},
                                            record("nv", nv_index=0x1d10202) | {"pcr": None}))
        self.assertEqual([(e.get("pcr"), e.get("nv_index"), e["event_type"], e["description"]) for e in self.json("show", words)],
                         [(13, None, "phase", "a?[2Jb"), (3, None, "-", ""), (None, 0x1d10202, "phase", "nv")])

    def test_what_stands_before_a_damage_is_shown(self) -> None:
        starts = [len(firmware(self.events[:n])) for n in range(41)]
        for n in (0, 1, 7, 39):
            for cut in (starts[n] + 1, starts[n + 1] - 1):
                done = self.ask("show", self.file("log", self.log[:cut]), "--json=short")
                self.assert_ends(done, TROUBLE, f"record {n + 1} at byte {starts[n]}: ")
                self.assertEqual(len(json.loads(done.stdout)), n)
        for size in (0, 10, 60):
            self.assert_ends(self.ask("show", self.file("log", self.log[:size])), TROUBLE if size else YES)

    def test_torn_records(self) -> None:
        second = self.words.index(b"\x1e", 1)
        for torn, says in ((self.words[:second + 1], "it is cut off"), (self.words[:second + 40], "it is cut off"),
                           (self.words[:second] + b"\x1e{]\n", "it is no JSON"),
                           (self.words[:second] + sequence({"pcr": 24, "digests": []}), "there is no such PCR"),
                           (self.words[:second] + sequence({"pcr": 1}), "no array 'digests'"),
                           (self.words[:second] + sequence({"digests": []}), "neither 'pcr' nor 'nv_index'"),
                           (self.words[:second] + sequence(7), "neither 'pcr' nor 'nv_index'"),
                           (self.words[:second] + sequence({"pcr": 1, "digests": [{"hashAlg": "sha1", "digest": "00"}]}),
                            "no hexadecimal number of its bank's size"),
                           (self.words[:second] + sequence({"pcr": 1, "digests": 2 * record("w")["digests"]}), "two digests"),
                           (self.words[:second] + sequence({"pcr": 1, "digests": ["x"]}), "without 'hashAlg'")):
            with self.subTest(says):
                done = self.ask("show", self.file("words", torn), "--json=short")
                self.assert_ends(done, TROUBLE, f"record 2 at byte {second}: ", says)
                self.assertEqual([e["description"] for e in json.loads(done.stdout)], ["enter-initrd"])

    def test_a_mark_is_told(self) -> None:
        words = self.file("words", self.words)
        words.chmod(0o1600)
        done = self.ask("show", words)
        self.assertEqual(done.returncode, YES)
        self.assertIn("a writer did not finish", done.stderr)
        self.assertEqual(self.ask("show", words, "--quiet").stderr, "")

    def test_a_writer_is_waited_for(self) -> None:
        words = self.file("words", self.words[:self.words.index(b"\x1e", 1)])
        with words.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            later = threading.Timer(0.4, lambda: (file.write(sequence(record("late"))), file.flush(),
                                                  fcntl.flock(file, fcntl.LOCK_UN)))
            later.start()
            self.assertEqual([e["description"] for e in self.json("show", words)], ["enter-initrd", "late"])
            later.join()

    def test_and_not_for_ever(self) -> None:
        words = self.file("words", self.words)
        with words.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            start = time.monotonic()
            self.assert_ends(self.ask("show", words), TROUBLE, "locked by a writer")
            self.assertLess(time.monotonic() - start, 60)

    def test_which_files(self) -> None:
        self.assert_ends(self.ask("show", FIRMWARE, FIRMWARE), USAGE, "a second log of the firmware")
        self.assert_ends(self.ask("show", USERSPACE, USERSPACE), USAGE, "a second log of the userspace")
        self.assert_ends(self.ask("show", self.dir / "absent"), TROUBLE, "cannot open")
        self.assert_ends(self.ask("show", self.dir), TROUBLE, "is not a regular file")
        os.mkfifo(self.dir / "fifo")
        self.assert_ends(self.ask("show", self.dir / "fifo"), TROUBLE, "is not a regular file")
        self.assertEqual(self.json("show", self.file("empty", b"")), [])

    def test_usage(self) -> None:
        for words in (["show", "--bank", "md5"], ["show", "--json=odd"], ["show", "--odd"], ["show", "--bank"], ["odd"], [],
                      ["cel", "--json=off"], ["cel", "--output"], ["join", FIRMWARE, USERSPACE], ["join", "--odd"],
                      ["replay", "--pcr", "x"], ["replay", "--pcr", "24:sha256=00"], ["replay", "--pcr", "1:sha256=00"],
                      ["replay", "--pcr", f"1:sha1={'0' * 40}", "--print-only"], ["replay", "--odd"],
                      ["replay", "--pcr", f"1:sha1={'0' * 40}", "--pcr", f"1:sha1={'1' * 40}"]):
            with self.subTest(words):
                done = self.verinit("log", *words)
                self.assert_ends(done, USAGE)
                self.assertEqual(done.stdout, "")
        for verb in ("show", "cel", "join", "replay"):
            done = self.verinit("log", verb, "--help")
            self.assert_ends(done, YES)
            self.assertIn("Examples:\n", done.stdout)


class Cel(LogTest):
    @staticmethod
    def sorted_digests(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [r | {"digests": sorted(r["digests"], key=lambda d: str(d["hashAlg"]))} for r in records]

    def ours(self, log: Path, words: Path) -> list[dict[str, Any]]:
        done = self.ask("cel", log, words)
        self.assert_ends(done, YES)
        return self.sorted_digests(json.loads(done.stdout))

    def pcrlock(self, log: Path, words: Path) -> list[dict[str, Any]]:
        places = Places()
        shared = Store(places.shared)
        tree = tools(Debian(shared, places.debs), shared)
        text = tree.run(["env", f"SYSTEMD_MEASURE_LOG_FIRMWARE={host(log)}", f"SYSTEMD_MEASURE_LOG_USERSPACE={host(words)}",
                         "/usr/lib/systemd/systemd-pcrlock", "cel", "--json=short"])
        return self.sorted_digests(json.loads(text))

    def test_as_systemd_pcrlock_has_it(self) -> None:
        for name in ("good-ovmf", "good-ovmf-addon", "good-ovmf-smbios"):
            with self.subTest(name):
                log = FIRMWARE.with_name(name)
                self.assertEqual(self.ours(log, USERSPACE), self.pcrlock(log, USERSPACE))

    def test_each_word_has_its_digest(self) -> None:
        for record in self.ours(FIRMWARE, USERSPACE)[40:]:
            for d in record["digests"]:
                self.assertEqual(pcr.digest(d["hashAlg"], record["content"]["string"].encode()).hex(), d["digest"])

    def test_what_is_not_understood_stays(self) -> None:
        odd = {"nv_index": 0x1d10202, "digests": [{"hashAlg": "sm3_256", "digest": "00"}], "content_type": "odd",
               "content": {"a": [1, {"b": None}]}}
        done = self.ask("cel", self.file("words", sequence(record("word", kind="of-tomorrow"), odd)))
        self.assert_ends(done, YES)
        self.assertEqual(json.loads(done.stdout), [{"recnum": 1} | record("word", kind="of-tomorrow"), {"recnum": 2} | odd])
        log = self.file("log", firmware([event(0, 3, b"StartupLocality\0\3"), event(8, 0x80000042, b"x")]))
        self.assertEqual([(r["recnum"], r["content"]["event_type"]) for r in self.json("cel", log)], [(1, str(0x80000042))])

    def test_output(self) -> None:
        out = self.dir / "cel.json"
        self.assert_ends(self.ask("cel", FIRMWARE, USERSPACE, "--output", out), YES)
        whole = out.read_bytes()
        self.assertEqual(len(json.loads(whole)), 48)
        self.assert_ends(self.ask("cel", self.file("words", self.words[:-1]), "--output", out), TROUBLE, "record 8")
        self.assertEqual(out.read_bytes(), whole)
        self.assert_ends(self.ask("cel", FIRMWARE, "--output", out, "--json=pretty"), YES)
        self.assertGreater(out.read_text().count("\n"), 40)
        self.assert_ends(self.ask("cel", FIRMWARE, "--output", "/dev/null"), TROUBLE, "a character device")
        self.assertEqual(sorted(p.name for p in self.dir.glob("cel*")), ["cel.json"])


class Join(LogTest):
    def join(self, *words: object, status: int = YES) -> bytes:
        out = self.dir / "joined"
        self.assert_ends(self.ask("join", *words, "--output", out), status)
        return out.read_bytes()

    def eventlog(self, log: bytes) -> Values:
        """tpm2_eventlog's own replay."""
        path = self.file("for-tpm2", log)
        done = subprocess.run(["tpm2_eventlog", path], text=True, capture_output=True, check=True)
        values: Values = {}
        bank = ""
        for line in done.stdout.split("\npcrs:\n", 1)[1].splitlines():
            name, _, value = (part.strip() for part in line.partition(":"))
            if value:
                values[bank][int(name)] = bytes.fromhex(value.removeprefix("0x"))
            else:
                bank = name
                values[bank] = {}
        return values

    def test_a_link_in_place_of_the_new_file(self) -> None:
        """Who may write in the directory gets nothing written elsewhere."""
        victim = self.file("victim", "kept")
        library = self.preload("""
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <stdlib.h>
            #include <unistd.h>
            int mkostemp(char *name, int flags)
            {
                    int fd = ((int (*)(char *, int)) dlsym(RTLD_NEXT, "mkostemp"))(name, flags);
                    return unlink(name) < 0 || symlink(getenv("VICTIM"), name) < 0 ? -1 : fd;
            }
            int mkostemp64(char *name, int flags) { return mkostemp(name, flags); }
            """)
        before = sorted(self.dir.iterdir())
        done = self.verinit("log", "join", FIRMWARE, USERSPACE, "--output", self.dir / "joined",
                            environment={"LD_PRELOAD": library, "VICTIM": str(victim)})
        self.assertEqual((victim.read_bytes(), sorted(self.dir.iterdir())), (b"kept", before))
        self.assert_ends(done, TROUBLE, "cannot write")

    def test_tpm2_eventlog_replays_it(self) -> None:
        for name in ("good-ovmf", "good-ovmf-addon", "good-ovmf-smbios"):
            with self.subTest(name):
                log = FIRMWARE.with_name(name)
                joined = self.join(log, USERSPACE)
                self.assertTrue(joined.startswith(log.read_bytes()))
                wanted = values_after(log.read_bytes(), self.words)
                self.assertEqual(self.eventlog(joined), wanted)
                self.assertEqual(set(wanted), set(pcr.BANKS))
                self.assertLess({9, 11, 13, 15}, set(wanted["sha256"]))

    def test_a_record_is_a_tag_with_the_word(self) -> None:
        added = pcr.parse_event_log(self.join(FIRMWARE, USERSPACE)).events[40:]
        for word, seen in zip(pcr.parse_measure_log(self.words), added, strict=True):
            text = (word.string or "").encode()
            self.assertEqual(seen, pcr.Event(word.pcr, 6, word.digests, struct.pack("<II", TAG, len(text)) + text))

    def test_it_is_shown(self) -> None:
        self.join(FIRMWARE, USERSPACE)
        self.assertEqual(self.json("show", self.dir / "joined")[43]["description"],
                         f"userspace (tag 0x{TAG:08x}): verinit.root=tmpfs")

    def test_fragment(self) -> None:
        """What a reader has after it appended the fragment's events to the firmware's is what 'join' writes."""
        fragment = self.join(FIRMWARE, USERSPACE, "--fragment")
        parsed = pcr.parse_event_log(fragment)
        self.assertEqual(set(parsed.banks), set(pcr.BANKS))
        self.assertEqual(parsed.events, pcr.parse_event_log(self.join(FIRMWARE, USERSPACE)).events[40:])
        self.assertEqual(self.join(USERSPACE, "--fragment"), fragment)
        self.assertEqual(self.eventlog(fragment)["sha256"][13],
                         bytes.fromhex(json.loads((RECORDED / "pcrs.json").read_text())["sha256"]["13"]))

    def test_fragment_has_the_banks_that_all_have(self) -> None:
        def banks(log: bytes) -> tuple[str, ...]:
            return pcr.parse_event_log(log).banks

        one = FIRMWARE.with_name("good-no-vendor")
        self.assertEqual(banks(one.read_bytes()), ("sha512",))
        self.assertEqual(banks(self.join(one, USERSPACE, "--fragment")), ("sha512",))
        fewer = record("word")
        fewer["digests"] = [d for d in fewer["digests"] if d["hashAlg"] != "sha1"]
        self.assertEqual(banks(self.join(self.file("words", self.words + sequence(fewer)), "--fragment")),
                         ("sha256", "sha384", "sha512"))
        none = self.file("words", sequence(record("a"), {"pcr": 1, "digests": []}))
        self.assert_ends(self.ask("join", none, "--fragment", "--output", self.dir / "x"), TROUBLE, "no bank that all")

    def test_a_bank_that_only_the_firmware_has_is_missed(self) -> None:
        """SM3, which no record of ours has; a fragment leaves it out, and its records are not whole for that reader."""
        size = header_size(self.log)
        header = self.log[:size]
        data = header[32:]
        n = struct.unpack_from("<I", data, 24)[0]
        data = data[:24] + struct.pack("<I", n + 1) + data[28:28 + 4 * n] + struct.pack("<HH", 0x12, 32) + data[28 + 4 * n:]
        log = self.file("sm3", header[:28] + struct.pack("<I", len(data)) + data)
        for words in ((), ("--fragment",)):
            done = self.ask("join", log, USERSPACE, "--output", self.dir / "joined", "--json=short", *words)
            self.assertEqual(done.returncode, YES, done.stderr)
            told = json.loads(done.stdout)
            self.assertEqual((told["appended"], told["incomplete"]), (8, 8))
            self.assertIn("a bank that the firmware's log has", done.stderr)

    def test_what_does_not_fit_is_told(self) -> None:
        fewer = record("fewer")
        fewer["digests"] = fewer["digests"][1:2]
        nv = {k: v for k, v in record("nv", nv_index=0x1d10202).items() if k != "pcr"}
        odd = record("odd", content_type="odd", content={"k": 1})
        words = self.file("words", sequence(record("a"), fewer, nv, {"pcr": 1, "digests": []}, odd))
        out = self.dir / "joined"
        done = self.ask("join", FIRMWARE, words, "--output", out, "--json=short")
        self.assertEqual(done.returncode, YES)
        told = json.loads(done.stdout)
        self.assertEqual((told["appended"], told["left_out"], told["incomplete"]), (3, 2, 1))
        self.assertEqual(told["bytes"], out.stat().st_size)
        self.assertEqual(len(done.stderr.splitlines()), 2, done.stderr)
        self.assertEqual(self.ask("join", FIRMWARE, words, "--output", out, "--quiet").stderr, "")
        self.assertIn(b'{"k":1}', out.read_bytes())

    def test_nothing_or_all(self) -> None:
        whole = self.join(FIRMWARE, USERSPACE)
        out = self.dir / "joined"
        for log, words in ((self.log[:-1], self.words), (self.log, self.words[:-1]), (self.log, self.words + b"\x1e")):
            self.join(self.file("log", log), self.file("words", words), status=TROUBLE)
            self.assertEqual(out.read_bytes(), whole)
        self.assert_ends(self.ask("join", USERSPACE, "--output", out), TROUBLE, "--fragment")
        self.assert_ends(self.ask("join", FIRMWARE, "--fragment", "--output", out), TROUBLE, "none was given")
        link = self.dir / "link"
        link.symlink_to(out)
        self.assert_ends(self.ask("join", FIRMWARE, USERSPACE, "--output", link), TROUBLE, "a symbolic link")
        self.assertEqual(sorted(p.name for p in self.dir.glob("joined*")), ["joined"])


class Replay(LogTest):
    def setUp(self) -> None:
        super().setUp()
        self.truth = values_after(self.log, self.words)

    def replay(self, log: bytes | None, words: bytes | None, values: Values, *more: object) -> Result:
        files = [self.file(name, content) for name, content in (("log", log), ("words", words)) if content is not None]
        return self.ask("replay", *files, "--pcrs", self.values(values), *more)

    def test_equal(self) -> None:
        done = self.replay(self.log, self.words, self.truth)
        self.assert_ends(done, YES)
        lines = {(int(n), bank): (verdict, value) for n, bank, _, verdict, value in map(str.split, done.stdout.splitlines())}
        self.assertEqual(lines, {(n, bank): ("equal", value.hex()) for bank, of in self.truth.items() for n, value in of.items()})
        told = self.json("replay", FIRMWARE, USERSPACE, "--pcrs", self.values(self.truth))
        self.assertEqual((told["verdict"], len(told["pcrs"]), told["lie"]), ("equal", 48, None))

    def test_a_recorded_boot(self) -> None:
        """PCRs 13 and 15 of a TPM, which only userspace extends; 11 was the stub's before."""
        pcrs = json.loads((RECORDED / "pcrs.json").read_text())
        words = [word for bank in pcr.BANKS for n in (13, 15) for word in ("--pcr", f"{n}:{bank}={pcrs[bank][str(n)]}")]
        self.assert_ends(self.ask("replay", USERSPACE, *words), YES)
        done = self.ask("replay", USERSPACE, "--pcrs", RECORDED / "pcrs.json")
        self.assert_ends(done, UNDECIDED, "PCR 11, bank sha1: the firmware's log was not given")
        self.assertEqual(done.stdout.count("  equal  "), 8)
        self.assert_ends(self.ask("replay", FIRMWARE, USERSPACE, "--pcrs", RECORDED / "pcrs.json"), FALSE, "PCR 4, bank sha1")

    def test_forms_of_values(self) -> None:
        plain = {bank: {str(n): value.hex() for n, value in of.items()} for bank, of in self.truth.items()}
        for text in (as_pcrread(self.truth), json.dumps(plain), json.dumps({"pcrs": plain, "version": 1}),
                     as_pcrread(self.truth) + "  sha3_256:\n"):
            self.assert_ends(self.ask("replay", FIRMWARE, USERSPACE, "--pcrs", self.file("values", text)), YES)
        for bank, of in self.truth.items():
            (self.dir / "tpm0" / f"pcr-{bank}").mkdir(parents=True)
            for n in range(24):
                start = b"\xff" if 17 <= n <= 22 else b"\0"
                (self.dir / "tpm0" / f"pcr-{bank}" / str(n)).write_text(of.get(n, start * pcr.BANKS[bank]).hex().upper() + "\n")
        self.assert_ends(self.ask("replay", FIRMWARE, USERSPACE, "--tpm", self.dir / "tpm0"), YES)
        (self.dir / "tpm0" / "pcr-sha256" / "14").write_text("1" * 64)
        self.assert_ends(self.ask("replay", FIRMWARE, USERSPACE, "--tpm", self.dir / "tpm0"), FALSE,
                         "PCR 14, bank sha256: the logs and the TPM differ: the logs have no event for it")
        (self.dir / "tpm0" / "pcr-sha256" / "14").write_text("1" * 62)
        self.assert_ends(self.ask("replay", FIRMWARE, USERSPACE, "--tpm", self.dir / "tpm0"), TROUBLE, "pcr-sha256/14")

    def test_a_word_between_log_and_tpm(self) -> None:
        """A host that measures while it is asked. The writer is quick, so there may be no answer; never a false one."""
        words = self.file("live", self.words)
        tpm = self.dir / "live-tpm"
        values = values_after(self.log, self.words)

        def show(bank: str, n: int) -> None:
            new = tpm / "new"
            new.write_text(values[bank].get(n, (b"\xff" if 17 <= n <= 22 else b"\0") * pcr.BANKS[bank]).hex())
            new.rename(tpm / f"pcr-{bank}" / str(n))

        for bank in values:
            (tpm / f"pcr-{bank}").mkdir(parents=True)
            for n in range(24):
                show(bank, n)
        stop = threading.Event()

        def measure() -> None:
            for _ in range(200):
                if stop.is_set():
                    return
                with words.open("ab") as log:
                    fcntl.flock(log, fcntl.LOCK_EX)
                    for bank in values:
                        word = hashlib.new(bank, b"word").digest()
                        values[bank][15] = hashlib.new(bank, values[bank][15] + word).digest()
                        show(bank, 15)
                    log.write(sequence(record("word", 15)))
                time.sleep(0.02)

        writer = threading.Thread(target=measure)
        self.assert_ends(self.ask("replay", FIRMWARE, words, "--tpm", tpm), YES)
        writer.start()
        try:
            for _ in range(4):
                done = self.ask("replay", FIRMWARE, words, "--tpm", tpm)
                self.assertIn(done.returncode, (YES, UNDECIDED), done.stderr)
                if done.returncode == UNDECIDED:
                    self.assertIn("the log changed each time while the TPM was read", done.stderr)
        finally:
            stop.set()
            writer.join()
        self.assert_ends(self.ask("replay", FIRMWARE, words, "--tpm", tpm), YES)
        self.assert_ends(self.ask("replay", words, "--tpm", tpm, "--tpm", tpm), USAGE, "--tpm")

    def test_values_that_are_none(self) -> None:
        for text in ("", "x", "[]", "sha256: 1", "sha256: [1]", "sha256: {1: [2]}", "sha256: {1: 0x00}", "sha256: {24: 0x00}", "{",
                     "sha256:\n", "? [a]\n: {1: 2}\n", f"sha1: {{1: {'0' * 40}, 01: {'1' * 40}}}"):
            with self.subTest(text):
                self.assert_ends(self.ask("replay", FIRMWARE, "--pcrs", self.file("values", text)), TROUBLE)

    def test_each_digest_that_is_changed(self) -> None:
        """Each event, and each bank in turn."""
        for at, whole in enumerate(self.events):
            bank = list(pcr.BANKS)[at % 4]
            wrong = whole.digests[bank][:-1] + bytes([whole.digests[bank][-1] ^ 1])
            changed = [*self.events[:at], replace(whole, digests=whole.digests | {bank: wrong}), *self.events[at + 1:]]
            done = self.replay(firmware(changed), self.words, self.truth)
            self.assert_ends(done, FALSE, f"PCR {whole.pcr}, bank {bank}: ")
            self.assertEqual(done.stdout.count("  differs  "), 1)
            # Where a digest is that of the data, the other banks say which event it is.
            if pcr.digest(bank, whole.data) == whole.digests[bank]:
                self.assertIn(f"firmware record {at + 1} (", done.stderr)

    def test_each_word_that_is_changed(self) -> None:
        records = [json.loads(r) for r in self.words[1:].split(b"\x1e")]
        for at, whole in enumerate(records):
            for changed in (whole | {"content": whole["content"] | {"string": "another"}},
                            whole | {"digests": [whole["digests"][0] | {"digest": "0" * 40}, *whole["digests"][1:]]}):
                words = sequence(*records[:at], changed, *records[at + 1:])
                done = self.replay(self.log, words, self.truth)
                self.assert_ends(done, FALSE, f"userspace record {at + 1} (")
                self.assertEqual(self.json("replay", self.dir / "log", self.dir / "words", "--pcrs", self.dir / "pcrs.yaml",
                                           status=FALSE)["verdict"], "differs")

    def test_an_event_too_many(self) -> None:
        """At the end, in the middle, and a second time."""
        extra = event(11, 0x0d, b"extra")
        last = max(i for i, e in enumerate(self.events) if e.pcr == 11)
        for at in (last + 1, last, 26, 0):
            log = firmware([*self.events[:at], extra, *self.events[at:]])
            done = self.replay(log, None, {bank: {11: of[11]} for bank, of in values_after(self.log, b"").items()})
            self.assert_ends(done, FALSE, f"PCR 11, bank sha1: the logs and the TPM differ: firmware record {at + 1} (EV_IPL: extra) ")
        done = self.replay(self.log, self.words + sequence(record("later", 11)), self.truth)
        self.assert_ends(done, FALSE, "userspace record 9 (phase: later) was not measured: the TPM's value is the one before it")

    def test_an_event_that_is_missing(self) -> None:
        for at in (0, 23, 29, 36):
            index = self.events[at].pcr
            done = self.replay(firmware([*self.events[:at], *self.events[at + 1:]]), self.words, self.truth)
            self.assert_ends(done, FALSE, f"PCR {index}, bank sha1: the logs and the TPM differ: which of its ")
        done = self.replay(self.log, self.words[:self.words.rindex(b"\x1e")], self.truth)
        self.assert_ends(done, FALSE, "PCR 11, bank sha1: the logs and the TPM differ: which of its 15 events")

    def test_another_order(self) -> None:
        swapped = [*self.events[:24], self.events[26], self.events[25], self.events[24], *self.events[27:]]
        self.assert_ends(self.replay(firmware(swapped), self.words, self.truth), FALSE, "PCR 11, bank sha1: ")

    def test_what_others_extend_is_not_compared(self) -> None:
        some = {n: pcr.digest("sha256", b"x") for n in (10, 16, 17, 22, 23)}
        self.assert_ends(self.replay(self.log, self.words, {"sha256": self.truth["sha256"] | some}), YES)
        self.assert_ends(self.ask("replay", FIRMWARE, USERSPACE, "--pcr", f"10:sha256={'1' * 64}"), UNDECIDED,
                         "PCR 10, bank sha256: none of these logs says")
        self.assert_ends(self.replay(self.log, self.words, {"sha256": {8: some[10]}}), FALSE, "PCR 8, bank sha256")

    def test_locality(self) -> None:
        log = firmware([event(0, 3, b"StartupLocality\0\3"), *self.events])
        truth = values_after(log, b"")
        self.assertNotEqual(truth["sha256"][0], self.truth["sha256"][0])
        self.assert_ends(self.replay(log, None, truth), YES)
        self.assert_ends(self.replay(log, None, self.truth), FALSE, "PCR 0, bank sha1")

    def test_undecided(self) -> None:
        """Never a yes, and no accusation either, where a part of the story is missing."""
        whole = record("fewer", 13)
        fewer = whole | {"digests": whole["digests"][1:]}
        longer = values_after(self.log, self.words + sequence(record("later", 11)))
        short = firmware(self.events[:-1])
        cases: list[tuple[str, bytes | None, bytes | None, Values]] = [
            ("the userspace log was not given", self.log, None, self.truth),
            ("the firmware's log was not given", None, self.words, self.truth),
            ("userspace record 9 (phase: fewer) has no digest of this bank", self.log, self.words + sequence(fewer),
             values_after(self.log, self.words + sequence(whole))),
            ("the logs do not have this bank", FIRMWARE.with_name("good-no-vendor").read_bytes(), None,
             {"sha256": self.truth["sha256"]}),
            ("'sm3_256' cannot be computed", self.log, self.words, self.truth | {"sm3_256": {1: bytes(32)}}),
            ("record 40 at byte", self.log[:-1], None, {bank: {5: of[5]} for bank, of in self.truth.items()}),
            ("record 40 at byte", self.log[:-1], None, {bank: {5: of[5]} for bank, of in values_after(short, b"").items()}),
            ("record 8 at byte", self.log, self.words[:-1], longer),
        ]
        for says, log, words, values in cases:
            with self.subTest(says):
                self.assert_ends(self.replay(log, words, values), UNDECIDED, says)
                self.assertEqual(json.loads(self.replay(log, words, values, "--json=short").stdout)["verdict"], "undecided")
        self.assert_ends(self.ask("replay", FIRMWARE, USERSPACE), UNDECIDED, "nothing was compared")

    def test_a_marked_log(self) -> None:
        """Its last record may be missing. Where the TPM agrees, nothing is."""
        words = self.file("marked", self.words)
        words.chmod(0o1600)
        self.assert_ends(self.ask("replay", FIRMWARE, words, "--pcrs", self.values(self.truth)), YES)
        longer = values_after(self.log, self.words + sequence(record("later", 11)))
        self.assert_ends(self.ask("replay", FIRMWARE, words, "--pcrs", self.values(longer)), UNDECIDED,
                         "PCR 11, bank sha1: a writer of the userspace log did not finish")

    def test_print_only(self) -> None:
        done = self.ask("replay", FIRMWARE, USERSPACE, "--print-only")
        self.assert_ends(done, YES)
        self.assertEqual(done.stdout.count("not-compared"), 48)
        self.assert_ends(self.ask("replay", self.file("log", self.log[:-1]), "--print-only"), UNDECIDED, "record 40")

    def test_quiet(self) -> None:
        self.assertEqual(self.replay(self.log, self.words, self.truth, "--quiet").stdout, "")
        self.assertEqual(self.replay(self.log[:-1], self.words, self.truth, "--quiet").stdout, "")


if __name__ == "__main__":
    unittest.main()
