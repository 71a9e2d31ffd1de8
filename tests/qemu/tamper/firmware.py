# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the firmware itself refuses: the hook that verinit's own chain hangs from."""

from __future__ import annotations

from pathlib import Path

from .case import rare, row

DENIED = "firmware/UNVERIFIED/firmware-access-denied"


def cmdline_edited(uki: Path) -> bytes:
    """One letter of the signed command line, in place."""
    content = bytearray(uki.read_bytes())
    at = content.find(b"enforcing=1")
    assert at >= 0 and content.find(b"enforcing=1", at + 1) < 0, "the command line stands in the file once"
    content[at + len("enforcing=")] = ord("0")
    return bytes(content)


FIRMWARE = [
    row("firmware-uki-unsigned", "the UKI has no signature", DENIED, signer="nobody"),
    rare(row("firmware-uki-of-a-stranger", "the UKI is signed with a key that is not enrolled", DENIED, signer="other")),
    row("firmware-uki-edited", "enforcing=1 in the signed UKI becomes enforcing=0", DENIED, uki=cmdline_edited),
]
