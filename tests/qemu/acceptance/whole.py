# SPDX-License-Identifier: LGPL-2.1-or-later
"""A whole host, in which systemd's own tools are asked: tests 2 and 3."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from machine import pcr
from rows import parts, prediction, volumes
from rows.boots import FirmwareBoot
from rows.facts import Case, Problems, differ
from rows.measured import values

PCRLOCK, MEASURE = "/usr/lib/systemd/systemd-pcrlock", "/usr/lib/systemd/systemd-measure"
ASKED = (4, 11, 13)
VARIANTS_MAX = 8
# What systemd-measure has an option for, of the sections of these images.
SECTIONS = ("linux", "osrel", "cmdline", "initrd", "uname", "sbat")
PREDICTED = "pcrlock-predict.json"
# With systemd's own components, as on a host that has ours too.
RUN = f"""\
{PCRLOCK} predict --json=short --pcr={'+'.join(map(str, ASKED))} --components=/usr/lib/pcrlock.d \\
        --components=/run/acceptance/pcrlock.d >"$1/{PREDICTED}"
"""


def disk_of_components(out: Path) -> tuple[Path, ...]:
    """The prediction as components, on the disk that the report's hook looks for."""
    directory = out / "pcrlock.d"
    parts.run([parts.VERINIT, "measure", "export", "--quiet", "--format", "pcrlock", "--measurements", out / prediction.MEASUREMENTS,
               "--output", directory])
    files = {f"pcrlock.d/{path.name}": path.read_bytes() for path in sorted(directory.iterdir())}
    return (volumes.root("acceptance", {"run": RUN.encode(), **files}),)


def is_as_systemd_measure_says(c: Case) -> Problems:
    """Its default phases are those of a whole boot: the last is `ready`."""
    with TemporaryDirectory(dir=c.out) as scratch:
        room = Path(scratch)
        words: list[str | Path] = [MEASURE, "calculate", "--json=short", *(f"--bank={bank}" for bank in pcr.BANKS)]
        for name in SECTIONS:
            parts.run(["objcopy", "--dump-section", f".{name}={room / name}", c.kernel.uki, room / "copy"])
            words.append(f"--{name}={parts.inside(room / name)}")
        answer = json.loads(parts.tool(words))
    seen = values(c)
    for bank in pcr.BANKS:
        rows = {row["phase"]: row["hash"] for row in answer[bank]}
        yield from differ(f"phases of systemd-measure, {bank}", prediction.READY, answer[bank][-1]["phase"])
        yield from differ(f"PCR 11, {bank}, in the TPM", rows[prediction.READY], seen[bank][11])
        for phase, value in rows.items():
            yield from differ(f"PCR 11, {bank}, {phase}, predicted", value, prediction.cell(c.predicted, bank, "11", True, phase))


def is_among_those_of_pcrlock(c: Case) -> Problems:
    """systemd-pcrlock has a choice of values for each PCR: the live one is among them, and the one that we have said too."""
    answer, seen = json.loads(c.text(PREDICTED)), values(c)
    if not answer:
        yield "systemd-pcrlock: expected a bank at least"
    for bank, rows in answer.items():
        found = {row["pcr"]: row["values"] for row in rows}
        yield from differ(f"systemd-pcrlock, PCRs of {bank}", sorted(ASKED), sorted(found))
        for number, choice in found.items():
            ours = {prediction.cell(c.predicted, bank, str(number), True, phase)
                    for phase in ([p["phase"] for p in c.predicted["pcrs"][bank]["11"]] if number == 11 else [""])}
            if seen[bank][number] not in choice:
                yield f"systemd-pcrlock, PCR {number}, {bank}: expected {seen[bank][number]} among {choice}"
            if not ours <= set(choice):
                yield f"systemd-pcrlock, PCR {number}, {bank}: expected ours, {sorted(map(str, ours))}, among {choice}"
            if not 1 <= len(choice) <= VARIANTS_MAX:
                yield f"systemd-pcrlock, PCR {number}, {bank}: expected 1 to {VARIANTS_MAX} values, saw {len(choice)}"


WHOLE = FirmwareBoot("accept-02-03-whole-host", "discoverable", "cloud", "virtio-blk", extra_disks=disk_of_components,
                     checks=(is_as_systemd_measure_says, is_among_those_of_pcrlock))
