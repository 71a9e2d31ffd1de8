# SPDX-License-Identifier: LGPL-2.1-or-later
"""Not proved: what a reader could take the report to say, and it does not. No verdict hangs on it."""

from __future__ import annotations

from .evidence import Section

NOTES = [
    "- An old image with a good signature boots as this one does: nothing here knows of a newer one. The demo has no IPE policy.",
    "- PCR 0 to 9 (firmware, Secure Boot keys, boot loader) and 14 are neither predicted nor compared.",
    "- The values read are the guest's own word, sent by a program of the verified /usr. No TPM quote was taken: only that "
    "would convince an outsider.",
    "- Verity status V speaks of the blocks that were read. The others are checked when they are read.",
    "- Machine and TPM are software, the keys are test keys made for this image: nothing is said of any hardware.",
    "- The times are those of an emulated processor.",
]


def section() -> Section:
    return Section("Not proved", [], NOTES)
