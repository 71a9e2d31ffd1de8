# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the TPM and the logs of a measured boot must hold."""

from __future__ import annotations

import json

from machine import pcr

from . import prediction
from .facts import BANKS, Case, Problems, differ

# PCR 11 of the stub and these two of ours; the host adds sysinit and ready.
OURS_IN_11 = ("enter-initrd", "leave-initrd")
HOST_IN_11 = ("sysinit", "ready")


def values(c: Case) -> dict[str, dict[int, str]]:
    """Every bank that the kernel shows; sysfs prints upper-case digits."""
    banks = json.loads(c.text("pcrs.json"))
    return {bank: {int(n): value.lower() for n, value in pcrs.items()} for bank, pcrs in banks.items()}


def our_words(c: Case) -> list[tuple[int, str]]:
    """In the order of the boot."""
    enter, leave = OURS_IN_11
    return [(11, enter), *((13, word) for word in prediction.words_of(c.predicted, 13)), (11, leave)]


def records(c: Case) -> list[pcr.Record]:
    return pcr.parse_measure_log(c.outcome.report["measure.log"])


def pcr_values(c: Case) -> Problems:
    """PCR 11 as ukify said when it built the UKI, and all as `verinit measure predict` said before the machine started."""
    seen = values(c)
    yield from differ("banks", sorted(BANKS), sorted(seen))
    for bank in BANKS:
        yield from differ(f"PCR 11, {bank}", c.kernel.ready[bank], seen[bank][11])
    yield from prediction.differences(c.predicted, json.loads(c.text("pcrs.json")), True, prediction.READY)


def evidence_of_tpm(c: Case) -> Problems:
    tpm = c.boot()["tpm"]
    yield from differ("boot.json tpm.state", "measured", tpm["state"])
    yield from differ("boot.json tpm.banks", sorted(BANKS), sorted(tpm["banks"]))
    yield from differ("boot.json tpm.words", our_words(c), [(w["pcr"], w["word"]) for w in tpm["words"]])


def log_is_exact(c: Case) -> Problems:
    """Our records first, then the host's; each explains its digests, in every bank, and is of this boot."""
    found = records(c)
    ours = our_words(c)
    yield from differ("measure.log, our records", ours, [(r.pcr, r.string) for r in found[:len(ours)]])
    host = found[len(ours):]
    yield from differ("measure.log, the host's records of PCR 11", [*HOST_IN_11],
                      [r.string for r in host if r.pcr == 11])
    yield from differ("measure.log, the host's records of PCR 12 and 13", [],
                      [r.string for r in host if r.pcr in (12, 13)])
    boot_id = c.boot()["boot_id"].replace("-", "")
    for r in found:
        yield from differ(f"measure.log, banks of {r.string!r}", sorted(BANKS), sorted(r.digests))
        yield from differ(f"measure.log, boot id of {r.string!r}", boot_id, r.boot_id)
    for r in found[:len(ours)]:
        yield from differ(f"measure.log, {r.string!r} explains its digests", True, r.explains_itself())
        yield from differ(f"measure.log, event type of {r.string!r}", "phase", r.event_type)


def log_replays(c: Case) -> Problems:
    """The log over what ukify predicts for the UKI gives the TPM's values."""
    seen, found = values(c), records(c)
    for bank in BANKS:
        # ukify predicts from the first phase on: the log's first record must be that very extend.
        yield from differ(f"first record, {bank}", (11, pcr.digest(bank, OURS_IN_11[0].encode())),
                          (found[0].pcr, found[0].digests[bank]))
        start = {11: bytes.fromhex(c.kernel.pcr11[OURS_IN_11[0]][bank])}
        replayed = pcr.replay_measure_log(found[1:], bank, start)
        for number in (11, 13):
            yield from differ(f"replay of PCR {number}, {bank}", seen[bank][number], replayed[number].hex())


def pcrlock_reads_it(c: Case) -> Problems:
    """systemd's own reader finds each of our words, and the values match."""
    text = c.text("pcrlock.txt")
    if "Couldn't find component" in text:
        yield "systemd-pcrlock: expected no missing component, saw one: look at pcrlock.txt"
    lines = [line for line in text.splitlines() if line.startswith("{")]
    if len(lines) != 1:
        yield f"systemd-pcrlock: expected one line of JSON, saw {len(lines)}: {text[-200:]!r}"
        return
    events = json.loads(lines[0])["log"]
    for number, word in our_words(c):
        here = [e for e in events if e["pcr"] == number and word in (e.get("description") or "")]
        yield from differ(f"systemd-pcrlock, events {word!r} in PCR {number}", 1, len(here))
        yield from differ(f"systemd-pcrlock, all digests of {word!r}", [True],
                          [all(e.get(bank) == pcr.digest(bank, word.encode()).hex() for bank in BANKS)
                           for e in here])


MEASURED = (pcr_values, evidence_of_tpm, log_is_exact, log_replays, pcrlock_reads_it)
