# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the documents share: the files, the facts that the core prints, a reader of mdoc lists."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

TOP = Path(__file__).resolve().parents[2]
FACTS = Path(os.environ.get("FACTS", TOP / "build" / "dev" / "tests" / "facts"))
BUILD = Path(os.environ.get("BUILD", TOP / "build" / "dev"))
VERINIT = Path(os.environ.get("VERINIT", TOP / "build" / "dev" / "verinit"))


def read(name: str) -> str:
    return (TOP / name).read_text("utf-8")


def run(program: Path, *words: str) -> str:
    if not program.exists():
        raise FileNotFoundError(f"{program} is not built: cmake --build --preset dev")
    return subprocess.run([str(program), *words], check=True, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL).stdout


def facts(*words: str) -> list[str]:
    """The lines that the program `facts` prints for a topic."""
    return run(FACTS, *words).splitlines()


@dataclass(frozen=True)
class Item:
    """One tag of a list in a man page, the words behind it on its line, and the lines up to the next."""

    name: str
    rest: str
    body: str


def section(page: str, title: str) -> str:
    """The source of a .Sh or .Ss section, up to the next one of either."""
    found = re.search(rf'(?ms)^\.S[hs] {re.escape(title)}$\n(.*?)(?=^\.S[hs] |\Z)', page)
    if not found:
        raise AssertionError(f"the page has no section {title}")
    return found[1]


def items(source: str, macro: str = "Cm") -> list[Item]:
    """The .It lines of all lists in a piece of mdoc whose tag begins with this macro."""
    found = []
    for match in re.finditer(rf'(?ms)^\.It {macro} (\S+)([^\n]*)\n(.*?)(?=^\.It |^\.El|\Z)', source):
        found.append(Item(match[1], match[2].strip(), match[3]))
    return found


def names(source: str) -> list[str]:
    return [item.name for item in items(source)]


def literal_blocks(source: str) -> list[str]:
    return [m[1] for m in re.finditer(r'(?ms)^\.Bd -literal[^\n]*\n(.*?)^\.Ed', source)]


def fenced(document: str, kind: str) -> str:
    """The one fenced block of a Markdown document that has this word behind its fence."""
    found = re.findall(rf'(?ms)^```{kind}\n(.*?)^```$', document)
    if len(found) != 1:
        raise AssertionError(f"{len(found)} blocks of kind '{kind}', expected one")
    return str(found[0])


def part(document: str, title: str) -> str:
    """A second-level section of a Markdown document, without its heading."""
    found = re.search(rf'(?ms)^## {re.escape(title)}\n(.*?)(?=^## |\Z)', document)
    if not found:
        raise AssertionError(f"the document has no section {title}")
    return found[1]


def shell_blocks(document: str, title: str) -> list[str]:
    """The commands of a section, in order."""
    return re.findall(r'(?ms)^```sh\n(.*?)^```$', part(document, title))


LINE = f"usrhash={'4f' * 32} init.verity=1:sha256:4096:4096:51138:1:-:7c1b5a52-5bb0-4e0b-9d4f-0c5c2b1a6e03"


def floor_problem(floor: str) -> str:
    """Why no boot would come up with a floor that a page shows, beside a line that names no IPE policy; empty: one would."""
    root = "root=LABEL=ROOT" if "root=unverified" in floor.splitlines() else "root=tmpfs"
    with TemporaryDirectory() as scratch:
        path = Path(scratch, "floor.conf")
        path.write_text(floor + "\n", "utf-8")
        done = subprocess.run([VERINIT, "cmdline", "check", "--floor", path, "--cmdline", f"{LINE} {root}"], text=True,
                              capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def poison_pcrs() -> list[int]:
    """The PCRs of the poison, in the order of measure/poison.c."""
    found = re.search(r'pcrs\[\] = \{([^}]*)\}', read("measure/poison.c"))
    assert found, "measure/poison.c has no list pcrs[]"
    return [int(word) for word in found[1].split(",")]
