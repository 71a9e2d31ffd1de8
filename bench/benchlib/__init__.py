# SPDX-License-Identifier: LGPL-2.1-or-later
"""The benchmark behind tools/bench: what is compared, how it is booted, what is counted. docs/PERFORMANCE.md is about it."""

import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]

# The machine room of the tests boots everything.
sys.path.insert(0, str(TOP / "tests/qemu"))
