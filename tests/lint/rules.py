# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rules for the files of the tree. Each takes text and answers what is wrong with it; none looks for files itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

SPDX = "SPDX-License-Identifier: LGPL-2.1-or-later"

# Files that carry no comment, or are somebody else's text.
BARE = re.compile(r'^(LICENSE|VERSION|\.gitignore|CMakePresets\.json|docs/.*\.json|tests/size-budget|'
                  r'tests/fuzz/corpus/.*|.*/testdata/.*)$')

# C library and kernel headers: all else in angle brackets is a third party's.
LIBC = frozenset({
    "assert.h", "ctype.h", "dirent.h", "elf.h", "endian.h", "errno.h", "fcntl.h", "fnmatch.h", "ftw.h", "getopt.h",
    "grp.h", "inttypes.h", "limits.h", "locale.h", "netdb.h", "poll.h", "pwd.h", "regex.h", "sched.h", "setjmp.h",
    "signal.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h", "strings.h", "time.h",
    "unistd.h",
})

# Hosts of specifications; nothing is fetched from them.
HOSTS = frozenset({"in-toto.io", "json-schema.org", "reproducible-builds.org", "spdx.org", "www.debian.org", "www.w3.org"})
REGISTRY = re.compile(r'\b(?:(?:deb|ftp|snapshot|security|archive|pypi|files|registry|index|crates|proxy|ghcr|quay|docker)'
                      r'\.[a-z0-9-]+|pypi|crates|ghcr|quay|docker|rubygems|npmjs)\.(?:org|io|com|net)\b')
HOME = re.compile(r'(?<![\w.$}])/(?:home|Users)/[A-Za-z]')


@dataclass(frozen=True)
class Include:
    name: str
    is_system: bool


def includes(text: str) -> list[Include]:
    return [Include(m[2], m[1] == "<") for m in re.finditer(r'(?m)^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', text)]


def spdx(path: str, text: str) -> Iterator[str]:
    if not BARE.match(path) and SPDX not in "\n".join(text.splitlines()[:4]):
        yield f"{path}: no line '{SPDX}' at its top"


def places(path: str, text: str, top: str) -> Iterator[str]:
    """No path of the machine it was written on, no package registry. TOP: where this tree is."""
    for number, line in enumerate(text.splitlines(), 1):
        # The name that the build writes instead of the real one.
        shown = line.replace("/usr/src/verinit", "")
        if top.count("/") >= 2 and re.search(rf'{re.escape(top)}(?![\w.-])', shown):
            yield f"{path}:{number}: the path of this tree, {top}"
        if HOME.search(shown):
            yield f"{path}:{number}: a home directory"
        for host in re.findall(r'https?://([A-Za-z0-9.-]+)', shown):
            if host not in HOSTS:
                yield f"{path}:{number}: the host {host}"
        if REGISTRY.search(shown):
            yield f"{path}:{number}: a package registry"


def own_includes(path: str, text: str, there: set[str]) -> Iterator[str]:
    """In quotes: a header of include/verinit, or one in the same directory. THERE: every file of the tree."""
    directory = PurePosixPath(path).parent
    for include in includes(text):
        if include.is_system:
            if include.name.startswith("verinit/"):
                yield f"{path}: <{include.name}> belongs in quotes"
            continue
        if include.name == "verinit/version.h" and path == "common/version.c":
            continue        # made by the build
        if include.name.startswith("verinit/"):
            if f"include/{include.name}" not in there:
                yield f"{path}: \"{include.name}\" does not exist"
        elif "/" in include.name or str(directory / include.name) not in there:
            yield f"{path}: \"{include.name}\" is not in include/verinit, nor in {directory}/"


def is_libc(name: str) -> bool:
    return name in LIBC or name.startswith(("sys/", "linux/", "net/", "arpa/", "asm/"))


def third_party(sources: dict[str, str], adapters: set[str]) -> Iterator[str]:
    """Each third-party header is included by one file; outside of tools/ that file is an adapter."""
    users: dict[str, list[str]] = {}
    for path, text in sources.items():
        for include in includes(text):
            if include.is_system and not is_libc(include.name):
                users.setdefault(include.name, []).append(path)
    for header, paths in sorted(users.items()):
        for part in ("tools/", ""):
            found = sorted(p for p in paths if p.startswith("tools/") == bool(part))
            if len(found) > 1:
                yield f"<{header}> is included by {', '.join(found)}: one file alone should know it"
            if not part:
                yield from (f"{p}: <{header}> in a file that is no adapter" for p in found if p not in adapters)


def processes(sources: dict[str, str]) -> Iterator[str]:
    """PID 1 and what it is made of start a process in one file. The audit of the binary does not see which system call syscall() makes:
    so none is named by its bare number either."""
    for path, text in sources.items():
        if not path.startswith("tools/") and path != "init/os_worker.c":
            yield from (f"{path}: {name}: only init/os_worker.c may make it" for name in
                        re.findall(r'\b(?:SYS|__NR)_(?:v?fork|clone3?|execve(?:at)?)\b|\bsyscall\(\s*(?:\([\w ]+\)\s*)?\d\w*', text))


def adapters(cmake: str, directory: str) -> set[str]:
    """The files that a CMakeLists.txt lists for the ports."""
    found = re.findall(r'verinit_sources\((?:verinit-adapters|verinit-blockdev|verinit-cryptsetup|verinit-crypto|verinit-json)\s([^)]*)\)', cmake)
    return {f"{directory}/{name}" for part in found for name in part.split()}
