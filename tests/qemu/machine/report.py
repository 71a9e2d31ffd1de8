# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guest's report: a tar stream, from a machine that may have been taken over.

Bytes in, flat files out.
"""

from __future__ import annotations

import io
import re
import tarfile

BYTES_MAX = 64 << 20
FILES_MAX = 256
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
END = bytes(2 * tarfile.BLOCKSIZE)


class ReportError(Exception):
    """The stream is not one that the report agent sends."""


def parse(stream: bytes, reserved: frozenset[str] = frozenset()) -> dict[str, bytes] | None:
    """Name to content; None while the end of the archive has not arrived.

    Nothing is extracted by tarfile: names, types and sizes are judged here. `reserved` are names
    of the host's own files, which the guest must not replace.
    """
    if len(stream) > BYTES_MAX:
        raise ReportError(f"the report is larger than {BYTES_MAX} bytes")
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(stream), mode="r:") as archive:
            for member in archive:
                if member.offset_data + member.size > len(stream):
                    return None
                _take(archive, member, files, reserved)
            is_complete = stream[archive.offset:].startswith(END)
    except (tarfile.TarError, ValueError, OverflowError):
        # tarfile says the same of an archive that is cut short and of bytes that are none.
        return None
    return files if is_complete else None


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, files: dict[str, bytes],
          reserved: frozenset[str]) -> None:
    name = member.name.removeprefix("./")
    if member.isdir() and name in (".", ""):
        return
    if not member.isreg() or member.issparse():
        raise ReportError(f"the report holds {member.name!r}, which is not a regular file")
    if not NAME.fullmatch(name) or name in reserved:
        raise ReportError(f"the report holds a file named {member.name!r}, which is not allowed")
    if name in files:
        raise ReportError(f"the report holds two files named {name!r}")
    if len(files) == FILES_MAX:
        raise ReportError(f"the report holds more than {FILES_MAX} files")
    content = archive.extractfile(member)
    assert content is not None
    files[name] = content.read(member.size)
