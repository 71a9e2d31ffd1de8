# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rows on SELinux: the lock, and what an unverified root puts where the host's configuration of it is.

The host's PID 1 of these is a program that does at once what a lock is there to refuse (tests/qemu/guest/reporter.c).
"""

from __future__ import annotations

import hashlib
from typing import Any

from rows import volumes
from rows.facts import STAGES
from rows.row import Finding, Room
from rows.volumes import HOST
from rows.words import Edit, added, both, changed, without

from .case import BOOTED, Tamper, fast, rare, row
from .looks import Look, boot_json, is_handed_over, says, text

FLOOR = {"selinux-dir": "lib/selinux"}
UNMEASURED = {"enter": "no-tpm", "measure": "no-tpm"}
ON_DISK: dict[str, Any] = {"features": ("ext4",), "volume": HOST, "floor": {**FLOOR, "root": "unverified", "etc": "plain"}}
TRIES = ("load", "unlock", "boolean", "commit", "setenforce")
# What a host would obey that finds this: nothing is left of SELinux.
CONFIG = "etc/selinux/config"
HOSTILE = {CONFIG: b"SELINUX=disabled\nSELINUXTYPE=other\n", "etc/selinux/other/policy/policy.33": b"another\n"}


def root_on(label: str) -> Edit:
    return both(changed(root=f"LABEL={label}"), added("rw"))


def were_answered(answer: str) -> Look:
    """Each try got this answer, and the policy is still the one that PID 1 has read back, where it was refused."""
    def look(finding: Finding, _: Room) -> None:
        finding.expect("tried", [f"{name} {answer}" for name in TRIES], text(finding, "tried.txt").splitlines())
        if answer == "EACCES":
            policy = hashlib.sha256(finding.outcome.report.get("policy", b"")).hexdigest()
            finding.expect("policy in the kernel", boot_json(finding).get("selinux", {}).get("loaded_sha256"), policy)
    return look


def directory_is_verified(finding: Finding, _: Room) -> None:
    mounts = [line.split() for line in text(finding, "mounts.txt").splitlines()]
    finding.expect("/etc/selinux shows", [("/lib/selinux", "/dev/mapper/usr", "ro")],
                   [(row[3], row[row.index("-") + 2], row[5].split(",")[0]) for row in mounts if row[4] == "/etc/selinux"])


def is_without_selinux(finding: Finding, _: Room) -> None:
    skipped = {**UNMEASURED, "mac": "selinux-off"}
    stages = [(s["name"], s["verdict"], s["reason"]) for s in boot_json(finding).get("stages", [])]
    finding.expect("stages", [(name, "skipped" if name in skipped else "passed", skipped.get(name, "")) for name in STAGES], stages)
    finding.expect("selinuxfs's enforce", "", text(finding, "enforce.txt"))
    finding.expect("boot.json selinux", {"state": "absent", "policy_file": "", "policy_sha256": "", "loaded_sha256": "",
                                         "context": "", "lock": ""}, boot_json(finding).get("selinux"))


def stages_passed(finding: Finding, _: Room) -> None:
    skipped = UNMEASURED
    finding.expect("stages that did not pass", sorted(skipped),
                   sorted(s["name"] for s in boot_json(finding).get("stages", []) if s["verdict"] != "passed"))
    finding.expect("selinuxfs's enforce", "0", text(finding, "enforce.txt"))


SELINUX: list[Tamper] = [
    row("mac-policy-without-lock", "a policy without the boolean that locks it", "mac/CONFIG/selinux-lock-failed",
        "policy/policy.33: the policy has no boolean secure_mode_policyload", volume=volumes.NO_LOCK, floor=FLOOR),
    fast("mac-policy-without-late-lock", "the same, and the lock is left to the host's unit", "mac/CONFIG/selinux-lock-failed",
         "policy/policy.33: the policy has no boolean secure_mode_policyload", volume=volumes.NO_LOCK, floor={**FLOOR, "selinux-lock": "late"}),
    fast("config-late-lock-of-another-init", "the lock is left to a unit of systemd, and another program is to be started", "config/CONFIG/floor-refuses",
         "init=/sbin/init", "known to systemd alone", image="explicit", floor={"selinux-lock": "late"}, smbios_cmdline="init=/sbin/init"),
    fast("record-lock-unit-missing", "the lock is left to a unit, which /usr does not have", "record/CONFIG/selinux-lock-failed",
         "no /usr/lib/systemd/system/verinit-selinux-lock.service", volume=HOST, floor={**FLOOR, "selinux-lock": "late"}),
    fast("booted-selinux-locked", "the host's PID 1 loads a policy, resets the lock and leaves enforcing mode", BOOTED, volume=HOST,
         floor=FLOOR, looks=(is_handed_over(UNMEASURED), were_answered("EACCES"), says("selinux", "lock", value="early"))),
    # So the row above can fail.
    rare(fast("booted-selinux-not-locked", "the same, and the floor does not lock", BOOTED, volume=HOST,
              floor={**FLOOR, "selinux-lock": "none"},
              looks=(stages_passed, were_answered("done"), says("selinux", "lock", value="none")))),
    fast("booted-selinux-absent", "a kernel that does not run SELinux, and the floor does without", BOOTED, volume=HOST,
         signed=without("security", "enforcing"), floor={**FLOOR, "selinux": "allow"}, looks=(is_without_selinux,)),
    fast("booted-selinux-of-the-root", "the unverified root says SELINUX=disabled, and has another policy", BOOTED,
         signed=root_on("OTHERPOLICY"), extra_disks=lambda: (volumes.root("OTHERPOLICY", HOSTILE),),
         looks=(is_handed_over(UNMEASURED), directory_is_verified, were_answered("EACCES")), **ON_DISK),
    fast("root-selinux-is-a-link", "the unverified root has a link where the policy's directory is shown", "root/SYSTEM/new-root-failed",
         "/etc/selinux of the new root is not a plain directory", signed=root_on("LINK"),
         extra_disks=lambda: (volumes.root("LINK", {"other/config": HOSTILE[CONFIG]}, {"etc/selinux": "/other"}),), **ON_DISK),
    rare(fast("root-selinux-is-a-file", "the unverified root has a file there", "root/SYSTEM/new-root-failed",
              "/etc/selinux of the new root is not a plain directory", signed=root_on("FILE"),
              extra_disks=lambda: (volumes.root("FILE", {"etc/selinux": HOSTILE[CONFIG]}),), **ON_DISK)),
]
