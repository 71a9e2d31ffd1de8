# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rows as `verinit image verify` sees them: the same disk and UKI, no machine. And those that no file tells of, with the reason."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rows import parts
from rows.row import Room

from .case import BOOTED, PANICKED, Tamper

NOT_OFFLINE = {
    # What only the hardware or the hypervisor can do.
    "prove-log-edited": "the event log is changed in the machine's memory",
    "prove-log-cut": "the event log is changed in the machine's memory",
    "prove-log-longer-than-the-tpm": "the event log is changed in the machine's memory",
    "prove-log-malformed": "the event log is changed in the machine's memory",
    "probe-tpm-stops": "the TPM dies while the machine runs",
    "measure-tpm-stops": "the TPM dies while the machine runs",
    "prove-tpm-is-another": "which TPM a machine has, no image says",
    "enter-tpm-unmeasured": "a TPM beside a kernel that was started without firmware: a machine's matter",
    "probe-watchdog-absent": "whether a machine has a watchdog, no image says",
    "verify-data-unreadable": "the disk fails to read; the file does not",
    "verify-tree-unreadable": "the disk fails to read; the file does not",
    "panicked-late-read-error": "the disk fails to read; the file does not",
    "find-boot-disk-unknown": "from what medium a UKI was started, the firmware says",
    # What was left in the firmware's variables.
    "prove-loader-disk-planted": "an EFI variable",
    "prove-stub-pcr-planted": "an EFI variable",
    "prove-banks-planted": "an EFI variable",
    "prove-stub-pcr-planted-without-tpm": "an EFI variable",
    "prove-boot-count-planted": "an EFI variable",
    "prove-systemd-options-planted": "an EFI variable",
    # What the kernel alone knows.
    "activate-block-size-of-no-kernel": "the kernel's page size decides",
    "mac-ipe-policy-of-a-stranger": "the kernel's keyrings are filled from the firmware's variables",
    "mac-ipe-policy-of-a-namesake": "the kernel's keyrings are filled from the firmware's variables",
    "plan-selinux-not-selected": "which LSM runs where the line names none is in the kernel's configuration, which Debian's images do "
                                 "not carry: image verify says that it cannot be decided",
    "mac-fec-has-corrected": "the kernel corrects the block by its parity; image verify refuses the block, as it is on the disk",
    # Behind the stages that image verify runs.
    "root-label-absent": "stage root is not run",
    "root-wrong-type": "stage root is not run",
    "root-type-unknown": "stage root is not run",
    "root-label-twice": "stage root is not run",
    "root-brings-an-interpreter": "stage root is not run",
    "root-proc-is-a-file": "stage root is not run",
    "root-no-etc": "stage root is not run",
    "root-selinux-is-a-link": "stage root is not run",
    "root-selinux-is-a-file": "stage root is not run",
    "record-lock-unit-missing": "of stage record the credentials alone are looked at",
    "record-stub-file-hidden": "of stage record the credentials alone are looked at",
    "handoff-init-missing": "stage handoff is not run",
    "handoff-init-unverified": "stage handoff is not run",
    "handoff-init-not-a-program": "stage handoff is not run",
}

# The check that such a row leaves undecided, where what refuses it, or lets it pass, is the kernel's own: then nothing is refused.
UNDECIDED = {
    "activate-key-not-enrolled": "activate",
    "activate-key-of-a-namesake": "activate",
    # The signature of a policy is the kernel's to check.
    "booted-ipe-enforcing": "mac",
    "booted-ipe-of-usr": "mac",
    "booted-ipe-built": "mac",
    "booted-ipe-firmware": "mac",
}


@dataclass(frozen=True)
class Seen:
    """Where the boot would end and by which code, both empty if nothing is refused; and what is undecided."""
    check: str
    code: str
    status: int
    undecided: tuple[str, ...]
    report: str


def expected(row: Tamper) -> tuple[str, str]:
    """What a late block does to the kernel, the look at the whole tree says before."""
    if row.expect == BOOTED or row.name in UNDECIDED:
        return "", ""
    if row.expect == PANICKED:
        return "tree", "data-corrupt"
    stage, _, code = row.expect.split("/")
    return "secure-boot" if stage == "firmware" else stage, code


def look(row: Tamper, room: Room) -> Seen:
    setup = row.setup
    words: list[str | Path] = ["--json=short", "--quiet", *([] if row.expect == PANICKED else ["--quick"])]
    if setup.firmware:
        disk = setup.boot_disk(row.name, room)
        words += ["--cert", parts.image(setup.image).db_cert, *(["--append", setup.smbios_cmdline] if setup.smbios_cmdline else []),
                  *([] if setup.secure_boot else ["--without", "secure-boot"]), *([] if setup.tpm else ["--without", "tpm"])]
    else:
        disk, initrd, line = setup.direct_parts(row.name, room)
        words += ["--initrd", initrd, "--cmdline", line, "--uname", parts.kernel(setup.flavour).release]
    done = subprocess.run([parts.VERINIT, "image", "verify", disk, *setup.extra_disks(), *words], text=True, check=False,
                          capture_output=True, stdin=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(room.out.resolve())})
    report = json.loads(done.stdout) if done.stdout else {"check": "trouble", "code": done.stderr}
    undecided = tuple(c["name"] for c in report.get("checks", ()) if c["verdict"] == "undecided")
    return Seen(report["check"] or "", report["code"] or "", done.returncode, undecided, done.stdout + done.stderr)
