# SPDX-License-Identifier: LGPL-2.1-or-later
"""tmpfiles.d lines for what Debian's packages expect in /var, so that an empty one can be filled."""

import os
import stat
from pathlib import Path

# Package management's own state: useless without the rest of it on an immutable node.
_SKIP = ("var/lib/apt", "var/lib/dpkg", "var/lib/selinux", "var/lib/ucf", "var/lib/pam",
         "var/lib/python", "var/lib/shells.state")


def _names(path: Path, field: int) -> dict[int, str]:
    rows = (line.split(":") for line in path.read_text().splitlines())
    return {int(row[field]): row[0] for row in rows}


def _claimed(tree: Path) -> set[str]:
    """Paths that another snippet already makes: two lines for one path are a warning at boot."""
    paths = set()
    for snippet in (tree / "usr/lib/tmpfiles.d").glob("*.conf"):
        for line in snippet.read_text().splitlines():
            words = line.split()
            if len(words) > 1 and not line.startswith("#") and words[0][0] in "dDvqQLfFp":
                paths.add(words[1].rstrip("/"))
    return paths


def var_snippet(tree: Path) -> str:
    users, groups = _names(tree / "etc/passwd", 2), _names(tree / "etc/group", 2)
    claimed = _claimed(tree)
    lines = ["# Directories and links that the packages of this image have in /var."]
    for path in sorted((tree / "var").rglob("*")):
        inside = str(path.relative_to(tree))
        if inside.startswith(_SKIP) or f"/{inside}" in claimed:
            continue
        status = path.lstat()
        if path.is_symlink():
            lines.append(f"L /{inside} - - - - {os.readlink(path)}")
        elif stat.S_ISDIR(status.st_mode):
            lines.append(f"d /{inside} {stat.S_IMODE(status.st_mode):04o} "
                         f"{users[status.st_uid]} {groups[status.st_gid]} -")
    return "\n".join(lines) + "\n"
