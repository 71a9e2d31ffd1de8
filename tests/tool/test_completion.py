#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`verinit completion`: the shells themselves load the scripts and are asked, each for the same lines."""

import os
import pty
import re
import select
import subprocess
import sys
import time
import unittest
from pathlib import Path

from case import USAGE, VERINIT, YES, ToolTest

# The words behind `verinit`, the last one being typed, and what has to be among the answers, and what may not be.
LINES = (
    (["m"], {"measure"}, {"log", "initrd"}),
    ([""], {"cmdline", "completion", "initrd", "log", "measure", "verity"}, {"predict", "notes.txt"}),
    (["measure", ""], {"predict", "export"}, {"measure", "notes.txt"}),
    (["measure", "pre"], {"predict"}, {"export"}),
    (["measure", "predict", "--secure"], {"--secure-boot"}, {"--uki"}),
    (["measure", "predict", "--secure-boot", ""], {"on", "off"}, {"notes.txt", "--uki"}),
    (["measure", "predict", "--uki", "no"], {"notes.txt"}, {"--uki"}),
    (["measure", "predict", "--phase", "no"], set(), {"notes.txt"}),
    (["initrd", "build", "--feature", "virtio"], {"virtio-blk", "virtio-scsi"}, {"nvme"}),
    (["initrd", "build", "--modules-dir", ""], {"directory"}, {"notes.txt"}),
    (["initrd", "inspect", "no"], {"notes.txt"}, {"directory"}),
    (["log", "show", "--b"], {"--bank"}, {"--json"}),
    (["log", "show", "--bank", "a"], {"all"}, {"sha256"}),
    (["completion", ""], {"bash", "zsh", "fish"}, {"notes.txt"}),
)
BASH = """
. "$1"; shift
COMP_WORDS=(verinit "$@")
COMP_CWORD=$#
_verinit
printf '%s\\n' "${COMPREPLY[@]}"
"""


class Completion(ToolTest):
    def setUp(self) -> None:
        super().setUp()
        self.script = {shell: self.file(f"_verinit.{shell}", self.verinit("completion", shell).stdout)
                       for shell in ("bash", "zsh", "fish")}
        self.room = self.dir / "room"
        (self.room / "directory").mkdir(parents=True)
        (self.room / "notes.txt").write_text("")

    def ask(self, *words: object) -> list[str]:
        done = subprocess.run([str(word) for word in words], cwd=self.room, text=True, capture_output=True, check=False,
                              stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "HOME": str(self.dir)})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.splitlines()

    def bash(self, words: list[str]) -> set[str]:
        return set(self.ask("bash", "--norc", "-c", BASH, "bash", self.script["bash"], *words))

    def fish(self, words: list[str]) -> set[str]:
        line = " ".join(["verinit", *words])
        told = self.ask("fish", "--no-config", "-c", f"source {self.script['fish']}; complete -C '{line}'")
        return {line.split("\t")[0].rstrip("/") for line in told}

    def test_bash(self) -> None:
        for words, wanted, unwanted in LINES:
            self.compare(words, self.bash(words), wanted, unwanted)

    def test_fish(self) -> None:
        for words, wanted, unwanted in LINES:
            self.compare(words, self.fish(words), wanted, unwanted)

    def compare(self, words: list[str], got: set[str], wanted: set[str], unwanted: set[str]) -> None:
        with self.subTest(" ".join(words)):
            self.assertLessEqual(wanted, got)
            self.assertFalse(unwanted & got, got)

    def test_value_behind_an_equals_sign(self) -> None:
        """bash hands it over in three words, fish in one."""
        self.assertEqual(self.bash(["log", "show", "--json", "=", "p"]), {"pretty"})
        self.assertEqual(self.bash(["log", "show", "--json", "="]), {"short", "pretty", "off"})
        self.assertEqual(self.bash(["initrd", "inspect", "f", "--json", "=", "s"]), {"short"})
        self.assertEqual(self.fish(["log", "show", "--json=p"]), {"--json=pretty"})

    def test_zsh(self) -> None:
        """A terminal is needed: what the shell shows when the tabulator key is pressed."""
        screen = Zsh(self.script["zsh"], self.room, self.dir)
        self.addCleanup(screen.close)
        for words, wanted, unwanted in LINES:
            self.compare(words, screen.press(words), wanted, unwanted)
        self.assertIn("pretty", screen.press(["log", "show", "--json=p"]))

    def test_each_shell_has_each_option(self) -> None:
        """One list: that of bash, which test_man.py compares with getopt's answers, the help and the man pages."""
        text = {shell: path.read_text("utf-8") for shell, path in self.script.items()}
        found = {
            "bash": set(re.findall(r' (--[a-z0-9-]+)|\'(--[a-z0-9-]+)', text["bash"])),
            "zsh": set(re.findall(r'\'\*?(--[a-z0-9-]+)', text["zsh"])),
            "fish": {f"--{name}" for name in re.findall(r"' -l ([a-z0-9-]+)", text["fish"])},
        }
        found["bash"] = {a or b for a, b in found["bash"]} - {"--"}
        self.assertEqual(found["zsh"], found["fish"])
        self.assertLessEqual(found["fish"], found["bash"])
        self.assertGreater(len(found["fish"]), 30)

    def test_wrong_usage(self) -> None:
        self.assert_ends(self.verinit("completion"), USAGE, "one of bash, zsh and fish")
        self.assert_ends(self.verinit("completion", "csh"), USAGE, "no such shell 'csh'")
        self.assert_ends(self.verinit("completion", "bash", "zsh"), USAGE, "one of bash, zsh and fish")
        self.assert_ends(self.verinit("completion", "bash", "--odd"), USAGE, "no such option '--odd'")
        self.assert_ends(self.verinit("completion", "--help"), YES)


class Zsh:
    """An interactive zsh on a terminal of its own; each line is typed, completed, read off the screen and thrown away."""

    SETUP = """PS1='PROM''PT> '; PS2=; setopt no_beep no_always_last_prompt; unset zle_bracketed_paste
autoload -Uz compinit; compinit -u -D
zstyle ':completion:*' verbose no; zstyle ':completion:*' menu no; setopt list_ambiguous no_auto_menu
bindkey '^I' list-choices
. {script}
verinit() {{ : }}
print READ''Y
"""

    def __init__(self, script: Path, room: Path, home: Path) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(room)
            os.execvpe("zsh", ["zsh", "-f", "-i"], {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "dumb",
                                                       "COLUMNS": "200", "LINES": "100"})
        os.write(self.fd, self.SETUP.format(script=script).encode())
        self.read_until("READY\r\n")
        self.n = 0

    def read_until(self, mark: str) -> str:
        """And the prompt behind it: what is typed before the line editor runs, the terminal itself would edit."""
        text, end = "", time.monotonic() + 60
        while "PROMPT> " not in text.partition(mark)[2]:
            if time.monotonic() > end or not select.select([self.fd], [], [], 60)[0]:
                raise TimeoutError(f"zsh does not say {mark}: {text}")
            text += os.read(self.fd, 65536).decode(errors="replace")
        return text

    def press(self, words: list[str]) -> set[str]:
        self.n += 1
        # ^I lists, ^U throws the line away; the mark says that all of it was read.
        os.write(self.fd, (" ".join(["verinit", *words]) + "\t\x15" + f"print MAR''K{self.n}\n").encode())
        text = self.read_until(f"MARK{self.n}\r\n")
        text = re.sub(r'\x1b\[[0-9;?]*[a-zA-Z]', ' ', text)
        return {word.rstrip("/") for word in text.split()} - set(words)  # the echo of what was typed

    def close(self) -> None:
        os.close(self.fd)
        os.waitpid(self.pid, 0)


if __name__ == "__main__":
    print(f"verinit: {VERINIT}", file=sys.stderr)
    unittest.main()
