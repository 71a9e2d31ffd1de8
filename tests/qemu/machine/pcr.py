# SPDX-License-Identifier: LGPL-2.1-or-later
"""PCR arithmetic and the two logs that explain PCR values.

Written apart from the project's C, from the specifications: the tests compare the two.
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from typing import Iterable

BANKS = {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}
ALGORITHMS = {0x0004: "sha1", 0x000b: "sha256", 0x000c: "sha384", 0x000d: "sha512"}
PCRS = 24

EV_NO_ACTION = 3
LOG_BYTES_MAX = 4 << 20
EVENTS_MAX = 8192
ALGORITHMS_MAX = 16


class LogError(Exception):
    """A log that is cut short, contradicts itself or is beyond our bounds."""


@dataclass(frozen=True)
class Event:
    pcr: int
    type: int
    digests: dict[str, bytes]
    data: bytes


@dataclass(frozen=True)
class EventLog:
    """`banks` are those that the header declares and we know; `locality` is TPM2_Startup's."""
    banks: tuple[str, ...]
    events: tuple[Event, ...]
    locality: int


@dataclass(frozen=True)
class Record:
    """One record of systemd's userspace log."""
    pcr: int
    digests: dict[str, bytes]
    string: str | None
    event_type: str | None
    boot_id: str | None
    timestamp_us: int | None

    def explains_itself(self) -> bool:
        """Each digest is that of the string."""
        return self.string is not None and all(
            digest(bank, self.string.encode()) == value for bank, value in self.digests.items())


def digest(bank: str, data: bytes) -> bytes:
    return hashlib.new(bank, data).digest()


def zero(bank: str) -> bytes:
    return bytes(BANKS[bank])


def extend(bank: str, value: bytes, event_digest: bytes) -> bytes:
    size = BANKS[bank]
    if len(value) != size or len(event_digest) != size:
        raise ValueError(f"a {bank} extend takes {size} bytes, "
                         f"not {len(value)} and {len(event_digest)}")
    return digest(bank, value + event_digest)


def extend_words(bank: str, value: bytes, words: Iterable[str]) -> bytes:
    """What a PCR holds after each word was measured: systemd's phases, and ours."""
    for word in words:
        value = extend(bank, value, digest(bank, word.encode()))
    return value


def replay(bank: str, measurements: Iterable[tuple[int, bytes]],
           start: dict[int, bytes] | None = None) -> dict[int, bytes]:
    """(pcr, digest) pairs to the values of every PCR that was touched or given in `start`."""
    values = dict(start or {})
    for pcr, event_digest in measurements:
        values[pcr] = extend(bank, values.get(pcr, zero(bank)), event_digest)
    return values


def replay_event_log(log: EventLog, bank: str) -> dict[int, bytes]:
    if bank not in log.banks:
        raise LogError(f"the event log has no {bank} digests")
    # PCR 0 starts at the locality of TPM2_Startup (PC Client Platform Firmware Profile, 10.4.5.3).
    start = {0: zero(bank)[:-1] + bytes([log.locality])} if log.locality else {}
    extended = ((e.pcr, e.digests[bank]) for e in log.events if e.type != EV_NO_ACTION)
    return replay(bank, extended, start)


def replay_measure_log(records: Iterable[Record], bank: str,
                       start: dict[int, bytes] | None = None) -> dict[int, bytes]:
    pairs = []
    for r in records:
        if bank not in r.digests:
            raise LogError(f"the record {r.string!r} for PCR {r.pcr} has no {bank} digest")
        pairs.append((r.pcr, r.digests[bank]))
    return replay(bank, pairs, start)


class _Reader:
    """Little-endian fields out of a bounded buffer."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        if size > len(self.data) - self.at:
            raise LogError(f"the event log is cut short: {size} bytes wanted at {self.at} "
                           f"of {len(self.data)}")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, form: str) -> int:
        return int(struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0])

    def done(self) -> bool:
        return self.at == len(self.data)


def parse_event_log(data: bytes) -> EventLog:
    """TCG2 "crypto agile": an event in the old form that names the algorithms, then the others."""
    if len(data) > LOG_BYTES_MAX:
        raise LogError(f"the event log is {len(data)} bytes; the bound is {LOG_BYTES_MAX}")
    reader = _Reader(data)
    sizes = _parse_header(reader)
    events: list[Event] = []
    locality = 0
    while not reader.done():
        if len(events) == EVENTS_MAX:
            raise LogError(f"the event log has more than {EVENTS_MAX} events")
        event = _parse_event(reader, sizes)
        if event.type == EV_NO_ACTION and event.data.startswith(b"StartupLocality\0"):
            if len(event.data) != 17 or event.pcr != 0 or event.data[16] not in (0, 3, 4):
                raise LogError("the event log's StartupLocality event is malformed")
            locality = event.data[16]
        events.append(event)
    return EventLog(tuple(ALGORITHMS[a] for a in sizes if a in ALGORITHMS), tuple(events), locality)


def _parse_header(reader: _Reader) -> dict[int, int]:
    pcr, kind = reader.number("I"), reader.number("I")
    reader.take(BANKS["sha1"])
    spec = _Reader(reader.take(reader.number("I")))
    if pcr != 0 or kind != EV_NO_ACTION or spec.take(16) != b"Spec ID Event03\0":
        raise LogError("not a crypto-agile event log: it does not begin with a Spec ID event")
    spec.take(8)
    count = spec.number("I")
    if not 1 <= count <= ALGORITHMS_MAX:
        raise LogError(f"the event log declares {count} algorithms")
    sizes: dict[int, int] = {}
    for _ in range(count):
        algorithm, size = spec.number("H"), spec.number("H")
        name = ALGORITHMS.get(algorithm)
        if algorithm in sizes or (name is not None and BANKS[name] != size) or not 1 <= size <= 64:
            raise LogError(f"the event log declares algorithm {algorithm:#06x} with {size} bytes")
        sizes[algorithm] = size
    spec.take(spec.number("B"))
    if not spec.done():
        raise LogError("the event log's Spec ID event has bytes left over")
    return sizes


def _parse_event(reader: _Reader, sizes: dict[int, int]) -> Event:
    pcr, kind, count = reader.number("I"), reader.number("I"), reader.number("I")
    if pcr >= PCRS:
        # Some EV_NO_ACTION events carry PCR -1: they are not extended anywhere.
        if not (kind == EV_NO_ACTION and pcr == 0xffffffff):
            raise LogError(f"the event log names PCR {pcr}")
    if count != len(sizes):
        raise LogError(f"an event has {count} digests where the header declares {len(sizes)}")
    digests: dict[int, bytes] = {}
    for _ in range(count):
        algorithm = reader.number("H")
        if algorithm not in sizes or algorithm in digests:
            raise LogError(f"an event has an undeclared or second digest of {algorithm:#06x}")
        digests[algorithm] = reader.take(sizes[algorithm])
    data = reader.take(reader.number("I"))
    return Event(pcr, kind, {ALGORITHMS[a]: d for a, d in digests.items() if a in ALGORITHMS}, data)


def parse_measure_log(data: bytes) -> list[Record]:
    """systemd's JSON text sequence (RFC 7464).

    Strict, as pcrlock is not: that silently loses a record without its 0x1E.
    """
    if len(data) > LOG_BYTES_MAX:
        raise LogError(f"the measure log is {len(data)} bytes; the bound is {LOG_BYTES_MAX}")
    if not data:
        return []
    if data[:1] != b"\x1e":
        raise LogError("the measure log does not begin with 0x1E")
    return [_parse_record(i, raw) for i, raw in enumerate(data[1:].split(b"\x1e"))]


def _parse_record(index: int, raw: bytes) -> Record:
    where = f"record {index} of the measure log"
    if not raw.endswith(b"\n") or raw.count(b"\n") != 1:
        raise LogError(f"{where} is torn: it is not one line")
    try:
        record = json.loads(raw)
        content = record.get("content", {})
        digests = {d["hashAlg"]: bytes.fromhex(d["digest"]) for d in record["digests"]}
        pcr = record["pcr"]
        if type(pcr) is not int or not 0 <= pcr < PCRS:
            raise LogError(f"{where} names PCR {pcr!r}")
        if len(digests) != len(record["digests"]):
            raise LogError(f"{where} names a bank twice")
        for bank, value in digests.items():
            if bank in BANKS and len(value) != BANKS[bank]:
                raise LogError(f"{where} has {len(value)} bytes for {bank}")
        return Record(pcr, digests, content.get("string"), content.get("eventType"),
                      content.get("bootId"), content.get("timestamp"))
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise LogError(f"{where} cannot be read: {e}") from None
