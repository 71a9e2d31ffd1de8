# SPDX-License-Identifier: LGPL-2.1-or-later
"""The QEMU monitor protocol without I/O: bytes in, messages out. wire.py owns the socket."""

from __future__ import annotations

import json
from typing import Any

from .spec import Trouble

LINE_BYTES_MAX = 4 << 20


class QmpError(Trouble):
    """QEMU refused a command, or does not speak QMP."""


def encode(command: str, arguments: dict[str, Any]) -> bytes:
    message: dict[str, Any] = {"execute": command}
    if arguments:
        message["arguments"] = arguments
    return json.dumps(message).encode() + b"\n"


class Decoder:
    """One JSON object a line, from QEMU."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        self._pending += data
        *lines, self._pending = self._pending.split(b"\n")
        if len(self._pending) > LINE_BYTES_MAX:
            raise QmpError(f"QEMU sent a monitor line of more than {LINE_BYTES_MAX} bytes")
        return [self._decode(line) for line in lines if line.strip()]

    @staticmethod
    def _decode(line: bytes) -> dict[str, Any]:
        try:
            message = json.loads(line)
        except ValueError as e:
            raise QmpError(f"QEMU sent a monitor line that is not JSON: {line[:80]!r}: {e}") \
                from None
        if not isinstance(message, dict):
            raise QmpError(f"QEMU sent a monitor message that is not an object: {line[:80]!r}")
        return message


def reply_value(command: str, reply: dict[str, Any]) -> Any:
    if "error" in reply:
        raise QmpError(f"QEMU refused {command}: {reply['error'].get('desc', reply['error'])}")
    return reply["return"]
