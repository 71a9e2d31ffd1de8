# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measurements: each bank's PCR 11, 12 and 13 as predicted before the boot against the values that were read."""

from __future__ import annotations

import hashlib
import re
import sys
from contextlib import suppress
from typing import Any

from .evidence import MALFORMED, TOP, Evidence, Fails, Section, fact, need, short

sys.path.insert(0, str(TOP / "tests" / "qemu"))

from machine import pcr  # noqa: E402

BANKS = tuple(pcr.BANKS)
LONG_DIGEST = re.compile(r"(-[0-9a-f]{16})[0-9a-f]{16,}")
READY = "enter-initrd:leave-initrd:sysinit:ready"
PREDICTION, NOTED, STARTED = "prediction.json", "prediction.sha256", "qemu.log"


def _first(e: Evidence) -> str:
    """tools/demo notes the prediction's digest before it starts QEMU, whose log is created as it starts."""
    digest = hashlib.sha256(e.raw(PREDICTION)).hexdigest()
    noted = e.text(NOTED).split()[0]
    need(noted == digest, f"{PREDICTION} has SHA-256 {digest}, noted before the boot was {noted}")
    try:
        before = [(e.directory / name).stat().st_mtime for name in (PREDICTION, NOTED)]
        started = (e.directory / STARTED).stat().st_mtime
    except OSError as why:
        raise Fails(f"no evidence: {why.filename}: {why.strerror}") from None
    need(max(before) < started, f"{PREDICTION} or {NOTED} is younger than the start of QEMU")
    return f"made before QEMU started; {PREDICTION} has SHA-256 {short(digest)}"


def _compare(e: Evidence, bank: str, index: int, wanted: Any) -> str:
    values = e.json("pcrs.json")
    need(bank in values, f"the guest has no active bank {bank}")
    read = values[bank][str(index)].lower()
    need(isinstance(wanted, str) and len(wanted) == 2 * pcr.BANKS[bank], f"no prediction for {bank}, but {wanted!r}")
    need(read == wanted.lower(), f"DIFFERS: predicted {wanted.lower()} read {read}")
    return f"predicted {short(wanted.lower())}  read {short(read)}"


def _predicted(e: Evidence, bank: str, index: int) -> Any:
    if index == 11:
        return e.kernel["pcr11"][READY][bank]
    if index == 12:
        # Untouched: no add-on, no override, no credential, no word of the host's.
        return pcr.zero(bank).hex()
    return e.json(PREDICTION)["pcr13"][bank]


def _records(e: Evidence) -> list[pcr.Record]:
    try:
        return pcr.parse_measure_log(e.raw("measure.log"))
    except pcr.LogError as why:
        raise Fails(str(why)) from None


def _log(e: Evidence) -> str:
    """The log alone leads to the value read, in each bank; and it is this boot's."""
    records = [r for r in _records(e) if r.pcr == 13]
    strangers = [r.string for r in records if not r.explains_itself()]
    need(not strangers, f"the digests of {strangers} are not those of the words")
    mine = e.boot["boot_id"].replace("-", "")
    need(bool(mine) and all(r.boot_id == mine for r in records), "the measure log is of another boot than boot.json")
    for bank in BANKS:
        try:
            value = pcr.replay_measure_log(records, bank).get(13, pcr.zero(bank)).hex()
        except pcr.LogError as why:
            raise Fails(str(why)) from None
        read = e.json("pcrs.json")[bank]["13"].lower()
        need(value == read, f"{bank}: the log leads to {short(value)}, PCR 13 has {short(read)}")
    return f"{len(records)} records for PCR 13 lead to the values read, in every bank"


def _words(e: Evidence) -> list[tuple[int, str]]:
    return [(word["pcr"], word["word"]) for word in e.boot["tpm"]["words"]]


def _same_words(e: Evidence) -> str:
    mine = _words(e)
    # What systemd adds later stands behind them.
    logged = [(r.pcr, r.string) for r in _records(e) if r.pcr in (11, 13)][:len(mine)]
    need(bool(mine) and logged == mine, f"boot.json has {mine}, the log {logged}")
    predicted = [(13, word) for word in e.json(PREDICTION)["words"]]
    in_13 = [word for word in mine if word[0] == 13]
    need(in_13 == predicted, f"PCR 13 got {in_13}, predicted were {predicted}")
    return f"{len(mine)} words, the same in boot.json and in the log; those of PCR 13 are the predicted ones"


def section(e: Evidence) -> Section:
    facts = [fact("prediction", lambda: _first(e))]
    for index in (11, 12, 13):
        for bank in BANKS:
            facts.append(fact(f"PCR {index} {bank}", lambda bank=bank, index=index: _compare(
                e, bank, index, _predicted(e, bank, index))))
    facts += [fact("log", lambda: _log(e)), fact("words", lambda: _same_words(e))]
    notes = []
    # The fact "words" says why there are none.
    with suppress(Fails, *MALFORMED):
        notes = [f"    PCR {index}  " + LONG_DIGEST.sub(r"\1…", word) for index, word in _words(e)]
    notes += ["predicted: PCR 11 by ukify as the image was built; PCR 12 as untouched; PCR 13 from disk, UKI and floor, "
              "by a process that ended before QEMU started",
              "read: by the guest after its boot, from its kernel (/sys/class/tpm)"]
    return Section("Measurements", facts, notes)
