# SPDX-License-Identifier: LGPL-2.1-or-later
"""PCR arithmetic against known values, and logs that must not be believed."""

from __future__ import annotations

import hashlib
import json
import struct
import unittest

from machine import pcr

ENTER = "51e6b92f405d1f98d96e3de343d61d420ad6923b25de21d766f9298192f14fed"
IDS = {name: number for number, name in pcr.ALGORITHMS.items()}


def spec_id(banks: dict[int, int], vendor: bytes = b"") -> bytes:
    body = b"Spec ID Event03\0" + struct.pack("<IBBBBI", 0, 0, 2, 0, 2, len(banks))
    body += b"".join(struct.pack("<HH", a, s) for a, s in banks.items())
    body += bytes([len(vendor)]) + vendor
    return struct.pack("<II20sI", 0, 3, bytes(20), len(body)) + body


def event(index: int, kind: int, digests: dict[int, bytes], data: bytes = b"") -> bytes:
    out = struct.pack("<III", index, kind, len(digests))
    out += b"".join(struct.pack("<H", a) + d for a, d in digests.items())
    return out + struct.pack("<I", len(data)) + data


BANKS = {IDS["sha1"]: 20, IDS["sha256"]: 32}


def digests_of(data: bytes) -> dict[int, bytes]:
    return {a: hashlib.new(pcr.ALGORITHMS[a], data).digest() for a in BANKS}


LOG = spec_id(BANKS) + event(11, 13, digests_of(b"one")) + event(11, 13, digests_of(b"two"), b"data")


class TestArithmetic(unittest.TestCase):
    def test_known_values(self) -> None:
        self.assertEqual(pcr.digest("sha256", b"enter-initrd").hex(), ENTER)
        # An all-zero PCR extended by an all-zero digest is the hash of 64 zero bytes.
        self.assertEqual(pcr.extend("sha256", bytes(32), bytes(32)).hex(),
                         "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b")

    def test_words_are_extended_in_order(self) -> None:
        by_hand = bytes(48)
        for word in ("enter-initrd", "leave-initrd"):
            by_hand = hashlib.sha384(by_hand + hashlib.sha384(word.encode()).digest()).digest()
        self.assertEqual(pcr.extend_words("sha384", bytes(48), ["enter-initrd", "leave-initrd"]), by_hand)
        self.assertNotEqual(pcr.extend_words("sha384", bytes(48), ["leave-initrd", "enter-initrd"]), by_hand)

    def test_sizes_must_fit_the_bank(self) -> None:
        with self.assertRaisesRegex(ValueError, "sha256 extend takes 32 bytes"):
            pcr.extend("sha256", bytes(32), bytes(20))


class TestEventLog(unittest.TestCase):
    def test_replays_each_bank(self) -> None:
        log = pcr.parse_event_log(LOG)
        self.assertEqual((log.banks, len(log.events), log.locality), (("sha1", "sha256"), 2, 0))
        self.assertEqual(log.events[1].data, b"data")
        for bank in log.banks:
            self.assertEqual(pcr.replay_event_log(log, bank),
                             {11: pcr.extend_words(bank, pcr.zero(bank), ["one", "two"])})
        with self.assertRaisesRegex(pcr.LogError, "no sha512"):
            pcr.replay_event_log(log, "sha512")

    def test_no_action_events_are_not_extended_but_set_the_locality(self) -> None:
        zeros = {a: bytes(s) for a, s in BANKS.items()}
        quiet = event(0, 3, zeros, b"StartupLocality\0\x03") + event(0xffffffff, 3, zeros, b"x")
        log = pcr.parse_event_log(spec_id(BANKS) + quiet + event(0, 8, digests_of(b"v")))
        start = bytes(31) + b"\x03"
        self.assertEqual(pcr.replay_event_log(log, "sha256"),
                         {0: pcr.extend("sha256", start, hashlib.sha256(b"v").digest())})

    def test_an_unknown_bank_is_carried_but_not_named(self) -> None:
        banks = {**BANKS, 0x0012: 32}
        log = pcr.parse_event_log(spec_id(banks, b"vendor") +
                                  event(4, 13, {**digests_of(b"x"), 0x0012: bytes(32)}))
        self.assertEqual(log.banks, ("sha1", "sha256"))

    def test_every_cut_but_between_events_is_an_error(self) -> None:
        whole = {len(spec_id(BANKS)), len(spec_id(BANKS)) + len(event(11, 13, digests_of(b"one"))), len(LOG)}
        for cut in range(len(LOG) + 1):
            if cut in whole:
                pcr.parse_event_log(LOG[:cut])
            else:
                with self.assertRaises(pcr.LogError, msg=str(cut)):
                    pcr.parse_event_log(LOG[:cut])

    def test_contradictions_have_their_reason(self) -> None:
        head = spec_id(BANKS)
        sha256, sha1 = digests_of(b"")[IDS["sha256"]], digests_of(b"")[IDS["sha1"]]
        twice = struct.pack("<III", 1, 13, 2) + 2 * (struct.pack("<H", IDS["sha1"]) + sha1) + bytes(4)
        for log, reason in (
                (event(0, 3, {}), "cut short"),
                (LOG.replace(b"Event03", b"Event02", 1), "crypto-agile"),
                (spec_id({}), "declares 0 algorithms"),
                (spec_id({i: 20 for i in range(17)}), "declares 17"),
                (spec_id({IDS["sha256"]: 20}), "0x000b with 20 bytes"),
                (spec_id({0x99: 0}), "with 0 bytes"),
                (head + event(24, 13, digests_of(b"")), "PCR 24"),
                (head + event(0xffffffff, 13, digests_of(b"")), "PCR 4294967295"),
                (head + event(1, 13, {IDS["sha256"]: sha256}), "1 digests where"),
                (head + event(1, 13, {IDS["sha1"]: sha1, IDS["sha512"]: bytes(64)}), "undeclared"),
                (head + twice, "second digest"),
                (head + event(0, 3, digests_of(b""), b"StartupLocality\0\x09"), "StartupLocality"),
                (head + event(0, 3, digests_of(b""), b"StartupLocality\0"), "StartupLocality"),
                (bytes(pcr.LOG_BYTES_MAX + 1), "the bound is")):
            with self.subTest(reason), self.assertRaisesRegex(pcr.LogError, reason):
                pcr.parse_event_log(log)

    def test_too_many_events(self) -> None:
        many = spec_id({IDS["sha1"]: 20}) + event(1, 13, {IDS["sha1"]: bytes(20)}) * (pcr.EVENTS_MAX + 1)
        with self.assertRaisesRegex(pcr.LogError, "more than"):
            pcr.parse_event_log(many)


def record(word: str, index: object = 11, **changes: object) -> bytes:
    digests = [{"hashAlg": b, "digest": hashlib.new(b, word.encode()).hexdigest()} for b in pcr.BANKS]
    fields = {"pcr": index, "digests": digests, "content_type": "systemd",
              "content": {"string": word, "bootId": "0" * 32, "timestamp": 5, "eventType": "phase"}}
    return b"\x1e" + json.dumps({**fields, **changes}).encode() + b"\n"


class TestMeasureLog(unittest.TestCase):
    def test_reads_and_replays(self) -> None:
        records = pcr.parse_measure_log(record("enter-initrd") + record("word", 13) + record("leave-initrd"))
        self.assertEqual([(r.pcr, r.string, r.event_type) for r in records],
                         [(11, "enter-initrd", "phase"), (13, "word", "phase"), (11, "leave-initrd", "phase")])
        self.assertTrue(all(r.explains_itself() for r in records))
        start = {11: b"\x05" * 32}
        self.assertEqual(pcr.replay_measure_log(records, "sha256", start), {
            11: pcr.extend_words("sha256", start[11], ["enter-initrd", "leave-initrd"]),
            13: pcr.extend_words("sha256", bytes(32), ["word"])})
        self.assertEqual(start, {11: b"\x05" * 32})
        self.assertEqual(pcr.parse_measure_log(b""), [])

    def test_a_record_that_lies_is_seen(self) -> None:
        digests = [{"hashAlg": "sha256", "digest": "00" * 32}]
        [liar] = pcr.parse_measure_log(record("x", digests=digests))
        self.assertFalse(liar.explains_itself())
        with self.assertRaisesRegex(pcr.LogError, "no sha1 digest"):
            pcr.replay_measure_log([liar], "sha1")

    def test_damage_has_its_reason(self) -> None:
        good = record("a")
        two = [{"hashAlg": "sha256", "digest": "00" * 32}] * 2
        for log, reason in (
                (good[1:], "does not begin with 0x1E"), (good[:-1], "record 0 .* torn"),
                (good + good[1:], "torn"), (good + good[:40], "record 1 .* torn"),
                (b"\x1e{]\n", "cannot be read"), (b"\x1e[]\n", "cannot be read"),
                (record("a", 24), "PCR 24"), (record("a", -1), "PCR -1"), (record("a", True), "PCR True"),
                (record("a", "11"), "PCR '11'"), (record("a", digests=None), "cannot be read"),
                (record("a", digests=[{"hashAlg": "sha256", "digest": "zz"}]), "cannot be read"),
                (record("a", digests=[{"hashAlg": "sha256", "digest": "00"}]), "1 bytes for sha256"),
                (record("a", digests=two), "a bank twice"),
                (b"\x1e" * (pcr.LOG_BYTES_MAX + 1), "the bound is")):
            with self.subTest(reason), self.assertRaisesRegex(pcr.LogError, reason):
                pcr.parse_measure_log(log)


if __name__ == "__main__":
    unittest.main()
