# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whole command lines: those that others' images have, and pins that somebody signed wrongly."""

from __future__ import annotations

from pathlib import Path

from imagelib.variants import SIGNATURE_GUID, guid
from rows import volumes
from rows.initrd import Floor
from rows.words import added, both, changed, value, without

GEOMETRY = "init.verity"
# Both have a root on the disk and pin no geometry.
FLOOR: Floor = {"root": "unverified", "etc": "plain", "pinned-geometry": "allow"}
# What the machine room and Debian's kernel need beside their words.
OURS = "security=selinux enforcing=1 console=ttyS0"


def root() -> tuple[Path, ...]:
    return (volumes.root("ROOT"),)


def _hash(line: str) -> str:
    found = value(line, "usrhash")
    assert found
    return found


def flatcar(line: str) -> str:
    """As its boot loader has it: data and tree on one partition, and not a word of where the tree begins."""
    return (f"mount.usr=/dev/mapper/usr verity.usr=PARTUUID={guid(_hash(line)[:32])} rootflags=rw mount.usrflags=ro consoleblank=0 "
            f"root=LABEL=ROOT console=tty0 flatcar.first_boot=detected verity.usrhash={_hash(line)} {OURS}")


def azure_container_linux(line: str) -> str:
    """The second generation: two slots, a partition for each thing; without the IPE policy that it names (row mac-ipe-policy-missing)."""
    return ("mount.usr=/dev/mapper/usr mount.usrflags=ro root=LABEL=ROOT rootflags=rw acl.slot=b "
            f"systemd.verity_usr_data=PARTUUID={guid(_hash(line)[:32])} systemd.verity_usr_hash=PARTLABEL=usr-verity "
            f"usrhash={_hash(line)} acl.verity_usr_signature=PARTUUID={SIGNATURE_GUID} {OURS}")


def one_block_less(line: str) -> str:
    fields = (value(line, GEOMETRY) or "").split(":")
    return changed(**{GEOMETRY: ":".join([*fields[:4], str(int(fields[4]) - 1), *fields[5:]])})(line)


def without_superblock(line: str) -> str:
    return both(without(GEOMETRY), added(f"systemd.verity_usr_options={volumes.EMPTY.options()}"))(line)
