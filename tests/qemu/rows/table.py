# SPDX-License-Identifier: LGPL-2.1-or-later
"""All rows, the longest first."""

from __future__ import annotations

from acceptance.table import ACCEPTANCE, LONG as LONG_ACCEPTANCE
from tamper.table import MATRIX

from .boots import BOOTS
from .endings import ENDINGS
from .fallback import FALLBACKS
from .hostile import HOSTILE, LONG as LONG_HOSTILE
from .ipehost import IPE_HOSTS
from .latelock import LATE_LOCKS
from .panics import PANICS
from .row import Row

# Rows of the matrix that only tools/check --all runs: the code is raised on this layout, and by this kind of cause, by another one.
LONG: list[Row] = [*(row for row in MATRIX if row.is_long), *LONG_ACCEPTANCE, *LONG_HOSTILE]
# The part of tools/check that a row belongs to, and its budget.
PARTS: dict[str, list[Row]] = {"boots": [*BOOTS, *HOSTILE, *LATE_LOCKS, *IPE_HOSTS, *PANICS], "endings": [*ENDINGS, *FALLBACKS],
                               "tamper": [row for row in MATRIX if not row.is_long], "acceptance": ACCEPTANCE, "long": LONG}
ROWS: list[Row] = sorted((row for rows in PARTS.values() for row in rows), key=lambda row: -row.seconds)
assert len({row.name for row in ROWS}) == len(ROWS), "two rows have one name"
