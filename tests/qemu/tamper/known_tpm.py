# SPDX-License-Identifier: LGPL-2.1-or-later
"""A TPM that somebody has got to know before: swtpm_setup has made its endorsement key persistent, and its Name is asked for."""

from __future__ import annotations

import shutil
import socket
import struct
from pathlib import Path

from imagelib.store import file_digest
from machine.process import Child
from machine.spec import Trouble
from rows import parts

# TCG EK Credential Profile, 2.2.1.4: where the RSA key lies.
HANDLE = 0x81010001
NO_SESSIONS, READ_PUBLIC = 0x8001, 0x173
STATE = "tpm2-00.permall"


def _made() -> Path:
    def build(out: Path) -> None:
        parts.run(["swtpm_setup", "--tpm2", "--tpmstate", f"dir://{out}", "--createek", "--overwrite"])
        (out / "name").write_text(_read_name(out))
    return parts.store().stage("known-tpm", {"source": file_digest(Path(__file__))}, build)


def _read_name(state: Path) -> str:
    """TPM 2.0 Library, part 3, 12.4: the answer is the public area, and then the Name."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        child = Child(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--fd", str(theirs.fileno()),
                       "--flags", "not-need-init,startup-clear"], state / "swtpm.log", [theirs.fileno()])
        try:
            ours.settimeout(30)
            ours.sendall(struct.pack(">HIII", NO_SESSIONS, 14, READ_PUBLIC, HANDLE))
            answer = ours.recv(4096)
        finally:
            child.stop(0.0)
    code = struct.unpack_from(">HII", answer)[2]
    if code != 0:
        raise Trouble(f"the TPM has no key at {HANDLE:#x}: it answers {code:#x}")
    area = struct.unpack_from(">H", answer, 10)[0]
    size = struct.unpack_from(">H", answer, 12 + area)[0]
    return answer[14 + area:14 + area + size].hex()


def key_name() -> str:
    return (_made() / "name").read_text()


def copy(target: Path) -> Path:
    """For one boot: it is written to."""
    target.mkdir(exist_ok=True)
    shutil.copy(_made() / STATE, target / STATE)
    return target
