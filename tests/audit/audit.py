#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Static audit of PID 1: what the file is, what is in it, and what must not be.

Each check has a name; it prints one line, and the exit status is 1 if any failed. That each can fail is shown by
test_audit.py.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import elf
import linkmap

# Whoever gets one of these called has started a process. PID 1 does so in one place, the last of them, by a system call that lint keeps to
# one file; it becomes another program by execve alone.
PROCESS_SYMBOLS = frozenset({
    "system", "popen", "wordexp", "fork", "_Fork", "vfork", "clone", "posix_spawn", "posix_spawnp",
    "execv", "execvp", "execvpe", "execl", "execlp", "execle", "fexecve",
    "os_load_module_beside",
})
HUGE_PAGE_BYTES = 2 * 2**20
SHELLS = (b"/bin/sh\0", b"/bin/bash\0", b"/usr/bin/sh\0")


@dataclass
class Subject:
    """The stripped program, the file with its symbols, how it was linked, and what it may be."""

    program: elf.Elf
    symbols: set[str]
    map: linkmap.LinkMap
    budget_bytes: int
    allowed: dict[str, set[str]]  # symbol -> "archive(member)" that may name it


Check = Callable[[Subject], Iterator[str]]


def no_interpreter(s: Subject) -> Iterator[str]:
    if s.program.has_segment("INTERP"):
        yield "it has PT_INTERP: it wants a dynamic loader, and the initramfs has none"


def no_needed(s: Subject) -> Iterator[str]:
    for value in s.program.dynamic.get("NEEDED", []):
        yield f"it needs a {value.lower()}"


def static_pie(s: Subject) -> Iterator[str]:
    if s.program.kind != "DYN":
        yield f"it is ET_{s.program.kind}, not ET_DYN: it is loaded at a fixed address"
    if "PIE" not in s.program.dynamic_words("FLAGS_1"):
        yield "DF_1_PIE is not set in DT_FLAGS_1"


def bind_now(s: Subject) -> Iterator[str]:
    if "BIND_NOW" not in s.program.dynamic_words("FLAGS") and "NOW" not in s.program.dynamic_words("FLAGS_1"):
        yield "neither DF_BIND_NOW nor DF_1_NOW is set: the table of functions stays writable"


def relro(s: Subject) -> Iterator[str]:
    if not s.program.has_segment("GNU_RELRO"):
        yield "it has no PT_GNU_RELRO"


def no_writable_code(s: Subject) -> Iterator[str]:
    for segment in s.program.segments:
        if segment.kind != "GNU_STACK" and {"W", "E"} <= set(segment.flags):
            yield f"its PT_{segment.kind} is both writable and executable"
    if "TEXTREL" in s.program.dynamic or "TEXTREL" in s.program.dynamic_words("FLAGS"):
        yield "it has text relocations: its code is written to at the start"


def no_executable_stack(s: Subject) -> Iterator[str]:
    stacks = [x for x in s.program.segments if x.kind == "GNU_STACK"]
    if not stacks:
        yield "it has no PT_GNU_STACK, and the kernel then makes the stack executable"
    if any("E" in x.flags for x in stacks):
        yield "its stack is executable"


def stripped(s: Subject) -> Iterator[str]:
    for section in sorted({".symtab", ".debug_info"} & s.program.sections):
        yield f"it is not stripped: it has {section}"


def no_process(s: Subject) -> Iterator[str]:
    if not {"main", "_start"} <= s.symbols:
        yield "the file with its symbols does not define main and _start: this check would see nothing"
    for symbol in sorted(PROCESS_SYMBOLS & s.symbols):
        referrers = {str(o) for o in map(_short, s.map.referrers.get(symbol, set()))}
        strangers = sorted(referrers - s.allowed.get(symbol, set()))
        if strangers or not referrers:
            yield f"{symbol}() is in it, named by {', '.join(strangers) or 'an unknown object'}"


def _short(o: linkmap.Object) -> linkmap.Object:
    return linkmap.Object(Path(o.archive).name if o.archive else "", Path(o.member).name)


def no_shell(s: Subject) -> Iterator[str]:
    content = s.program.path.read_bytes()
    for shell in SHELLS:
        if shell in content:
            yield f"it holds the string {shell[:-1].decode()}"


def no_fakes(s: Subject) -> Iterator[str]:
    for o in sorted(s.map.objects, key=str):
        if "fakes" in Path(o.archive).name or "/fakes/" in f"/{o.member}":
            yield f"the test fake {o} is linked in"


def size_budget(s: Subject) -> Iterator[str]:
    if s.program.size > s.budget_bytes:
        yield f"it has {s.program.size} bytes, {s.program.size - s.budget_bytes} over the budget of {s.budget_bytes}"


def no_huge_page(s: Subject) -> Iterator[str]:
    """Where such a page fits into zeroed memory, the kernel clears all of it at the first touch: or not, as chance has laid it."""
    for segment in s.program.segments:
        if segment.kind == "LOAD" and segment.zero_bytes >= HUGE_PAGE_BYTES:
            yield f"it has {segment.zero_bytes} bytes of zeroed memory, and from {HUGE_PAGE_BYTES} on a huge page may be among them"


CHECKS: dict[str, Check] = {
    "no-interpreter": no_interpreter,
    "no-needed": no_needed,
    "static-pie": static_pie,
    "bind-now": bind_now,
    "relro": relro,
    "no-writable-code": no_writable_code,
    "no-executable-stack": no_executable_stack,
    "stripped": stripped,
    "no-process": no_process,
    "no-shell": no_shell,
    "no-fakes": no_fakes,
    "size-budget": size_budget,
    "no-huge-page": no_huge_page,
}


def read_budget(path: Path) -> int:
    """One number; the lines that begin with # say when and why it last changed."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    text = " ".join(lines)
    if not text.isdecimal():
        raise ValueError(f"{path}: must hold one number of bytes, not '{text[:40]}'")
    return int(text)


def read_allowed(path: Path) -> dict[str, set[str]]:
    """Lines "SYMBOL ARCHIVE(MEMBER) REASON…"; an entry without a reason is refused."""
    result: dict[str, set[str]] = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split(maxsplit=2)
        if not words or words[0].startswith("#"):
            continue
        if len(words) < 3 or words[0] not in PROCESS_SYMBOLS:
            raise ValueError(f"{path}:{number}: want 'SYMBOL ARCHIVE(MEMBER) REASON', SYMBOL one that is looked for")
        result.setdefault(words[0], set()).add(words[1])
    return result


def findings(subject: Subject) -> dict[str, list[str]]:
    return {name: list(check(subject)) for name, check in CHECKS.items()}


def read_subject(program: Path, symbols: Path, link_map: Path, budget: Path, allowed: Path) -> Subject:
    return Subject(elf.read(program), elf.defined_symbols(symbols), linkmap.read(link_map), read_budget(budget),
                   read_allowed(allowed))


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path)
    parser.add_argument("--symbols", type=Path, required=True, help="its .debug file")
    parser.add_argument("--map", type=Path, required=True, help="its link map (ld -Map --cref)")
    parser.add_argument("--budget", type=Path, required=True)
    parser.add_argument("--allowed", type=Path, required=True)
    args = parser.parse_args(argv)
    try:
        subject = read_subject(args.program, args.symbols, args.map, args.budget, args.allowed)
    except (OSError, ValueError) as e:
        print(f"FAIL readable: {e}")
        return 1
    failed = False
    for name, messages in findings(subject).items():
        failed |= bool(messages)
        for message in messages:
            print(f"FAIL {name}: {args.program}: {message}")
        if not messages:
            print(f"ok   {name}")
    print(f"{args.program}: {subject.program.size} of {subject.budget_bytes} bytes")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
