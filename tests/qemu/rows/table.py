# SPDX-License-Identifier: LGPL-2.1-or-later
"""All rows, the longest first."""

from __future__ import annotations

from .boots import BOOTS
from .endings import ENDINGS
from .fallback import FALLBACKS
from .panics import PANICS
from .refusals import REFUSALS
from .row import Row

ROWS: list[Row] = sorted([*BOOTS, *ENDINGS, *FALLBACKS, *PANICS, *REFUSALS], key=lambda row: -row.seconds)
assert len({row.name for row in ROWS}) == len(ROWS), "two rows have one name"
