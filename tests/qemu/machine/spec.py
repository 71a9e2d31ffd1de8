# SPDX-License-Identifier: LGPL-2.1-or-later
"""What to boot. Checked as a whole before a process starts or a byte is copied."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

BUSES = ("virtio-blk", "virtio-scsi", "nvme", "ahci")
TOP = Path(__file__).resolve().parents[3]
IMAGES = TOP / "build/images"
ENROLLED_VARS = "vars-sb.fd"
MEMORY = re.compile(r"[1-9][0-9]*[MG]?")


class Trouble(Exception):
    """The machine could not be set up or watched: no statement about the guest."""


class BadSpec(Trouble):
    """A combination that means nothing, or a file that is not there."""


@dataclass(frozen=True)
class BootSpec:
    """One boot. `secure_boot` None: on for a firmware boot, impossible for a direct one.

    `spare_disks` are known to QEMU but not plugged in: Machine.plug() does that later. `devices` are further ones, as QEMU's
    option has them. With `reboots` a reset is the beginning of the next boot of the same run, and not its end.
    `smbios_strings` are OEM strings (SMBIOS type 11) as they are, `fw_cfg` files of the hypervisor by name. Reads of
    `bad_sectors` of the boot disk, in units of 512 bytes, fail with EIO. `note` is a line of ours at the top of serial.log, there
    before QEMU starts. With `icount` the guest's clock is its instructions, one a nanosecond, and idle time is skipped: deterministic
    however busy this machine is.
    """
    out: Path
    disk: Path | None = None
    uki: Path | None = None
    kernel: Path | None = None
    initrd: Path | None = None
    append: str | None = None
    secure_boot: bool | None = None
    tpm: bool = True
    bus: str = "virtio-blk"
    extra_disks: tuple[Path, ...] = ()
    spare_disks: tuple[Path, ...] = ()
    smbios_cmdline: str | None = None
    smbios_strings: tuple[str, ...] = ()
    fw_cfg: tuple[tuple[str, Path], ...] = ()
    bad_sectors: tuple[int, ...] = ()
    memory: str = "1024"
    cpus: int = 1
    timeout: float = 300.0
    vars: Path | None = None
    tpm_state: Path | None = None
    report_grace: float = 90.0
    devices: tuple[str, ...] = ()
    reboots: bool = False
    note: str = ""
    icount: bool = False

    @property
    def direct(self) -> bool:
        return self.kernel is not None

    @property
    def firmware_secure(self) -> bool:
        return not self.direct and self.secure_boot is not False

    @property
    def relaxed(self) -> list[str]:
        """What an ordinary boot has and this one does not, for verdict.json."""
        asked = {"direct-kernel": self.direct, "no-secure-boot": not self.firmware_secure,
                 "no-tpm": not self.tpm}
        return [word for word, is_so in asked.items() if is_so]

    def check(self) -> None:
        for problem in (*self._contradictions(), *self._missing_files()):
            raise BadSpec(problem)

    def _contradictions(self) -> list[str]:
        direct_only = [(self.initrd, "--initrd"), (self.append, "--append")]
        firmware_only = [(self.uki, "--uki"), (self.vars, "--vars"),
                         (self.secure_boot or None, "--secure-boot")]
        problems = []
        if self.direct:
            problems += [f"{name} with --kernel: a direct boot runs no firmware; leave one out"
                         for value, name in firmware_only if value is not None]
        else:
            problems += [f"{name} without --kernel: a UKI holds its own; "
                         f"give --kernel FILE, or leave {name} out"
                         for value, name in direct_only if value is not None]
            if self.disk is None and self.uki is None:
                problems.append("nothing to boot: give --disk D, or --uki U, or --kernel K")
        if self.tpm_state is not None and not self.tpm:
            problems.append("--tpm-state with --no-tpm: leave one of them out")
        if self.bus not in BUSES:
            problems.append(f"--bus {self.bus}: use one of {', '.join(BUSES)}")
        if not MEMORY.fullmatch(self.memory):
            problems.append(f"--memory {self.memory}: give a number of MiB, or one with M or G")
        if self.cpus < 1:
            problems.append(f"--cpus {self.cpus}: a machine has at least one")
        if self.icount and self.cpus != 1:
            problems.append(f"--icount with --cpus {self.cpus}: QEMU counts the instructions of one processor")
        if self.bad_sectors and self.disk is None:
            problems.append("bad sectors without a disk: give one")
        if not self.timeout > 0:
            problems.append(f"--timeout {self.timeout:g}: give a number of seconds above 0")
        return problems

    def files(self) -> dict[str, Path]:
        """Every file that is read, by the option that names it."""
        named = {"--disk": self.disk, "--uki": self.uki, "--kernel": self.kernel,
                 "--initrd": self.initrd, "--vars": self.start_vars(),
                 **{f"--extra-disk #{i}": f for i, f in enumerate(self.extra_disks, 1)},
                 **{f"spare disk #{i}": f for i, f in enumerate(self.spare_disks, 1)}}
        return {name: path for name, path in named.items() if path is not None}

    def start_vars(self) -> Path | None:
        """The store given; or the one beside what is booted; or any image's: they share keys."""
        if self.vars is not None or not self.firmware_secure:
            return self.vars
        beside = [p.parent / ENROLLED_VARS for p in (self.uki, self.disk) if p is not None]
        anywhere = sorted(IMAGES.glob(f"[!.]*/{ENROLLED_VARS}"))
        return next((path for path in (*beside, *anywhere) if path.exists()), None)

    def _missing_files(self) -> list[str]:
        problems = [f"{name} {path}: {'is a directory' if path.is_dir() else 'no such file'}"
                    for name, path in self.files().items() if path.is_dir() or not path.exists()]
        if self.firmware_secure and self.start_vars() is None:
            problems.append(f"no enrolled variable store ({ENROLLED_VARS}) beside the disk or in "
                            f"{IMAGES}: run tests/qemu/image build, or give --vars FILE, "
                            "or --no-secure-boot")
        return problems
