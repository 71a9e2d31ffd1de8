# SPDX-License-Identifier: LGPL-2.1-or-later
"""Event logs that do not fit the TPM: edits of the kernel's copy. Layout: TCG PC Client Platform Firmware Profile, 10.2.2."""

from __future__ import annotations

import hashlib
import struct

from machine.outcome import Outcome
from machine.vm import Machine

from . import memory

EV_IPL, EV_SEPARATOR = 13, 4
BANKS = 4
SHA1 = 4


def _record(pcr: int, kind: int, data: bytes) -> bytes:
    """The beginning of a crypto-agile record, up to its first digest."""
    return struct.pack("<IIIH", pcr, kind, BANKS, SHA1) + hashlib.sha1(data).digest()


_NAME = b".uname\0"
_NAME_SHA256 = hashlib.sha256(_NAME).digest()
_SEPARATOR = bytes(4)

DIGEST_EDITED = memory.replaced(_NAME_SHA256, bytes([_NAME_SHA256[0] ^ 1]) + _NAME_SHA256[1:])
# An event of PCR 11 that says it is of PCR 16 is none of PCR 11 any more; one of PCR 6 that says 12 is one too many.
EVENT_TAKEN_OUT = memory.replaced(_record(11, EV_IPL, _NAME), _record(16, EV_IPL, _NAME))
EVENT_TOO_MANY = memory.replaced(_record(6, EV_SEPARATOR, _SEPARATOR), _record(12, EV_SEPARATOR, _SEPARATOR))
HEADER_BROKEN = memory.replaced(b"Spec ID Event03\0", b"Spec ID Event00\0")


def tpm_dies(after: str) -> memory.Drive:
    """The TPM stops answering when the stage AFTER has spoken."""
    def drive(machine: Machine) -> Outcome:
        machine.wait_for(rf"verinit\[{after}\]: ")
        machine.break_tpm()
        return machine.outcome()
    return drive
