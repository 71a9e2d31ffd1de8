#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""units/verinit-selinux-lock before a kernel of this file's: each of its questions is answered wrongly once, and it must say no.

The files of selinuxfs are plain ones but for two: a terminal answers for access, as the kernel does in one read, and a pipe tells of the
commit. Both are served by one thread in the order in which the script writes, as the kernel would. Takes root, for its mounts.
"""

import hashlib
import os
import select
import subprocess
import tempfile
import threading
import tty
import unittest
from dataclasses import dataclass, field
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "units" / "verinit-selinux-lock"
POLICY = b"a policy"
OWN = "system_u:system_r:initrc_t:s0"
SYSTEMD = "system_u:system_r:init_t:s0"
SECURITY = "system_u:object_r:security_t:s0"
BOOLEAN = "system_u:object_r:secure_mode_policyload_t:s0"
PERMISSIONS = {"security": {"load_policy": 7, "setenforce": 8, "setbool": 10}, "file": {"write": 3}}
BOOLEANS = ("secure_mode_policyload", "secure_mode_setbool")
ALL = 0xffffffff
# /proc last: mount(8) reads it.
ENTER = """set -e
mount -t tmpfs scratch /sys/fs; mkdir /sys/fs/selinux; mount --bind "$0/selinux" /sys/fs/selinux
mount -t tmpfs scratch /run; mkdir /run/verinit; cp "$0/boot.json" /run/verinit
mount --bind "$0/proc" /proc
exec "$1" """


@dataclass
class Kernel:
    """One that does as it is told, but for what a test changes."""
    enforce: str = "1"
    policy: bytes = POLICY
    number: int = 5
    commits: int = 1          # by how much a commit raises the number
    flags: str = "0"          # 1: permissive
    still: tuple[tuple[str, str], ...] = ()   # what is allowed after the commit, too
    exempt: tuple[str, ...] = (OWN, SYSTEMD)  # to whom flags and still apply
    deaf: tuple[str, ...] = ()                # booleans that no commit sets
    booleans: tuple[str, ...] = BOOLEANS
    is_dumb: bool = False
    asked: list[tuple[str, ...]] = field(default_factory=list)
    is_committed: bool = False

    def write(self, room: Path) -> None:
        fs = room / "selinux"
        for name, content in (("enforce", self.enforce.encode()), ("policy", self.policy), ("initial_contexts/security", f"{SECURITY}\0".encode()),
                              *((f"booleans/{name}", b"0 0") for name in self.booleans)):
            (fs / name).parent.mkdir(parents=True, exist_ok=True)
            (fs / name).write_bytes(content)
        os.setxattr(fs / "booleans" / BOOLEANS[0], "security.selinux", f"{BOOLEAN}\0".encode())
        for number, (name, permissions) in enumerate(PERMISSIONS.items(), 1):
            (fs / "class" / name / "perms").mkdir(parents=True)
            (fs / "class" / name / "index").write_text(str(number))
            for permission, bit in permissions.items():
                (fs / "class" / name / "perms" / permission).write_text(str(bit))
        for process, domain in (("self", OWN), ("1", SYSTEMD)):
            (room / "proc" / process / "attr").mkdir(parents=True)
            (room / "proc" / process / "attr/current").write_text(f"{domain}\0")
        (room / "boot.json").write_text('{"selinux":{"loaded_sha256":"%s","state":"enforcing"}}\n' % hashlib.sha256(POLICY).hexdigest())

    def commit(self, fs: Path) -> None:
        self.is_committed = True
        self.number += self.commits
        for name in set(self.booleans) - set(self.deaf):
            path = fs / "booleans" / name
            pending = path.read_text().strip()
            path.write_text(f"{pending} {pending}" if pending in ("0", "1") else pending)

    def answer(self, question: str) -> str:
        own, about, number = question.split()
        name = list(PERMISSIONS)[int(number) - 1]
        self.asked.append((own, about, name))
        is_exempt = own in self.exempt
        allowed = sum(1 << (PERMISSIONS[c][p] - 1) for c, p in self.still if c == name and is_exempt) if self.is_committed else ALL
        return "\n" if self.is_dumb else f"{allowed:x} ffffffff 0 ffffffff {self.number} {self.flags if is_exempt else 0}\n"

    def serve(self, terminal: int, commits: int, fs: Path, stop: int) -> None:
        while True:
            ready = select.select([terminal, commits, stop], [], [])[0]
            if commits in ready:
                os.read(commits, 16)
                self.commit(fs)
            if terminal in ready:
                os.write(terminal, self.answer(os.read(terminal, 4096).decode()).encode())
            if stop in ready:
                return


class SelinuxLock(unittest.TestCase):
    def lock(self, kernel: Kernel) -> "subprocess.CompletedProcess[str]":
        with tempfile.TemporaryDirectory() as scratch:
            room = Path(scratch)
            kernel.write(room)
            terminal, script_side = os.openpty()
            tty.setraw(script_side)
            (room / "selinux/access").symlink_to(os.ttyname(script_side))
            os.mkfifo(room / "selinux/commit_pending_bools")
            commits = os.open(room / "selinux/commit_pending_bools", os.O_RDWR | os.O_NONBLOCK)
            stop, stopper = os.pipe()
            server = threading.Thread(target=kernel.serve, args=(terminal, commits, room / "selinux", stop))
            server.start()
            done = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, room, SCRIPT], text=True,
                                  capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
            os.close(stopper)
            server.join()
            for fd in (terminal, script_side, commits, stop):
                os.close(fd)
            self.values = {name: (room / "selinux/booleans" / name).read_text().strip() for name in kernel.booleans}
        return done

    def refused(self, kernel: Kernel, why: str) -> None:
        done = self.lock(kernel)
        self.assertEqual((1, f"verinit-selinux-lock: {why}\n"), (done.returncode, done.stderr))

    def test_locks(self) -> None:
        kernel = Kernel()
        done = self.lock(kernel)
        self.assertEqual((0, "", ""), (done.returncode, done.stdout, done.stderr))
        self.assertEqual(dict.fromkeys(BOOLEANS, "1 1"), self.values)
        looks = ((SECURITY, "security"), (BOOLEAN, "file"), (SECURITY, "security"))
        self.assertEqual([(OWN, *looks[0]), *((domain, *look) for look in looks for domain in (OWN, SYSTEMD))], kernel.asked)

    def test_policy_without_the_second_boolean(self) -> None:
        kernel = Kernel(booleans=BOOLEANS[:1], still=(("security", "setbool"),))
        self.assertEqual((0, ""), (self.lock(kernel).returncode, ""))
        self.assertEqual({BOOLEANS[0]: "1 1"}, self.values)

    def test_not_enforcing(self) -> None:
        self.refused(Kernel(enforce="0"), "/sys/fs/selinux/enforce says '0', not '1'")
        self.assertEqual(dict.fromkeys(BOOLEANS, "0 0"), self.values)

    def test_another_policy(self) -> None:
        self.refused(Kernel(policy=b"another"), "the kernel has another policy than PID 1 has loaded")
        self.assertEqual(dict.fromkeys(BOOLEANS, "0 0"), self.values)

    def test_permissive_domain(self) -> None:
        self.refused(Kernel(flags="1"), f"the policy calls {OWN} permissive")

    def test_systemd_alone_is_exempt(self) -> None:
        self.refused(Kernel(flags="1", exempt=(SYSTEMD,)), f"the policy calls {SYSTEMD} permissive")
        self.refused(Kernel(still=(("security", "setenforce"),), exempt=(SYSTEMD,)),
                     f"the policy still lets {SYSTEMD} do setenforce on {SECURITY}")

    def test_no_answer(self) -> None:
        self.refused(Kernel(is_dumb=True), "/sys/fs/selinux/access: no answer for security")

    def test_still_allowed(self) -> None:
        for name, permissions in PERMISSIONS.items():
            for permission in permissions:
                with self.subTest(permission):
                    self.refused(Kernel(still=((name, permission),)),
                                 f"the policy still lets {OWN} do {permission} on {SECURITY if name == 'security' else BOOLEAN}")

    def test_somebody_else_has_loaded_or_committed(self) -> None:
        for commits in (0, 2):
            with self.subTest(commits):
                self.refused(Kernel(commits=commits), "the policy was changed while it was looked at")

    def test_commit_that_sets_nothing(self) -> None:
        for name in BOOLEANS:
            with self.subTest(name):
                self.refused(Kernel(deaf=(name,)), f"/sys/fs/selinux/booleans/{name} says '1', not '1 1'")


if __name__ == "__main__":
    unittest.main()
