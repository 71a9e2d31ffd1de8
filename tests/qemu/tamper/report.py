# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/TAMPER.md: the matrix as last run. Each row leaves row.json in its directory; this makes the table of them."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from imagelib.store import TOP
from rows import parts

from . import deletions
from .case import Tamper
from .table import MATRIX
from .unbooted import UNBOOTED

PAGE = TOP / "docs/TAMPER.md"
RESULT = "row.json"

HEAD = """\
<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->
# Tamper matrix

What somebody changes, and what becomes of the boot: each row is a machine that was really started. Written by
`tests/qemu/tamper-report` from the last run of `ctest --preset release -L vm`; a test compares it with the table in
`tests/qemu/tamper/`. [THREAT_MODEL.md](THREAT_MODEL.md) says what follows from it.

Every row boots OVMF with Secure Boot on, a TPM, the init that is shipped and the strict floor (`tests/qemu/floors/strict.conf`:
all is required that this release can do, and a refusal does not wait). Its column "weaker" has what its machine lacked, and every line
of its floor that is none of the strict one's, also where that asks for more. A refusal passes only with its stage, class and code, and words
of its message; never by not coming up. Of the codes `tpm-unmeasured` alone has no row with firmware: this one tells each TPM of the boot.
"""


def results(room: Path) -> dict[str, dict[str, Any]]:
    found = {}
    for row in MATRIX:
        path = room / row.name / RESULT
        if path.exists():
            found[row.name] = json.loads(path.read_text())
    return found


def line(row: Tamper, result: dict[str, Any]) -> str:
    weaker = ", ".join(result["relaxed"])
    return f"| {row.name} | {row.what} | {row.layout} | {weaker} | `{row.expect}` | `{result['seen']}` |"


def page(found: dict[str, dict[str, Any]]) -> str:
    codes = {row.expect.split("/")[2] for row in MATRIX if "/" in row.expect}
    kinds = Counter("refused" if "/" in row.expect else row.expect for row in MATRIX)
    total = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    text = f"{HEAD}\n{len(MATRIX)} rows: {total}; {len(codes)} codes.\n\n"
    text += "| row | what is changed | layout | weaker | expected | seen |\n|---|---|---|---|---|---|\n"
    text += "".join(line(row, found[row.name]) + "\n" for row in MATRIX)
    text += "\n## Codes without a row\n\n| code | why none can be |\n|---|---|\n"
    text += "".join(f"| `{code}` | {why} |\n" for code, why in UNBOOTED.items())
    return text + taken_out()


def taken_out() -> str:
    """Both verdicts of each row whose check was taken out; only checks that were."""
    results = deletions.results()
    text = """
## Checks taken out

`tests/qemu/deletions` takes a check out of a copy of the code and boots its row again. What the row says then is the
boot, the kernel's panic, or a second line of defence.

| check | row | with it | without it |
|---|---|---|---|
"""
    return text + "".join(f"| {r['name']} | {r['row']} | `{r['with']}` | `{r['without']}` |\n"
                          for r in (results[d.name] for d in deletions.DELETIONS))


def main() -> int:
    found = results(parts.ROOM)
    taken = deletions.results()
    left = [d.name for d in deletions.DELETIONS if d.name not in taken or not deletions.is_as_expected(d, taken[d.name])]
    if left:
        print(f"tamper-report: {', '.join(left)} were not taken out yet, or the row said something else then: "
              "run tests/qemu/deletions", file=sys.stderr)
        return 1
    missing = [row.name for row in MATRIX if row.name not in found]
    failed = [name for name, result in found.items() if not result["passed"]]
    if missing or failed:
        print(f"tamper-report: {len(missing)} rows were not run ({', '.join(missing[:5])}), {len(failed)} failed "
              f"({', '.join(failed[:5])}): run ctest --preset release -L vm", file=sys.stderr)
        return 1
    new = PAGE.with_suffix(".md.new")
    new.write_text(page(found), encoding="utf-8")
    new.rename(PAGE)
    print(f"{PAGE.relative_to(TOP)}: {len(MATRIX)} rows, {sum(r['seconds'] for r in found.values()):.0f} s of machines")
    return 0
