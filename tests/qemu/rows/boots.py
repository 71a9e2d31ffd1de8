# SPDX-License-Identifier: LGPL-2.1-or-later
"""What must come up. A row's name says how: firmware or direct, kernel, layout, root, bus.

Firmware boots take the UKI that was built with the image. Direct ones are made for the row, and cover what
the firmware has no part in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from machine.outcome import Outcome
from machine.spec import BootSpec
from machine.vm import Machine, boot

from . import parts, prediction
from .facts import COMMON, Case, Problems, differ, meminfo, not_measured, problems_of
from .measured import MEASURED
from .row import Finding, Room
from .setup import Setup, no_disk, unsigned_disk
from .words import added, both, without

Check = Callable[[Case], Problems]

# The kernel has let rootfs be exchanged since 7.3.
SWITCH = {"cloud": "move", "generic": "move", "bpo": "pivot"}


@dataclass(frozen=True)
class FirmwareBoot:
    """OVMF with Secure Boot and TPM: everything as on a real machine, and the PCRs said in advance. `extra_disks` are made once
    that is done, in the row's directory; `checks` come on top of the common ones."""
    name: str
    image: str
    kernel: str
    bus: str
    extra_disks: Callable[[Path], tuple[Path, ...]] = lambda _: ()
    checks: tuple[Check, ...] = ()
    seconds: int = 75

    def run(self, room: Room) -> Finding:
        image = parts.image(self.image)
        kernel = image.kernels[self.kernel]
        predicted = prediction.of_disk(image.disk, kernel.uki, image.floor, room.out, image.variables)
        uki = None if self.kernel == image.default_kernel else kernel.uki
        outcome = boot(BootSpec(out=room.out, disk=image.disk, uki=uki, bus=self.bus, timeout=400,
                                note=prediction.note(room.out), extra_disks=self.extra_disks(room.out)))
        case = Case(outcome, room.out, image, kernel, image.cmdline, self.bus, SWITCH[self.kernel],
                    measured=True, predicted=predicted)
        return finding_of(case, (*COMMON, *MEASURED, *self.checks))


@dataclass(frozen=True)
class DirectBoot:
    """`drive` does what the row does to the running machine; `checks` come on top of the common ones."""
    name: str
    setup: Setup
    checks: tuple[Check, ...] = ()
    drive: Callable[[Machine], Outcome] = Machine.outcome
    spares: tuple[str, ...] = ()
    seconds: int = 50

    def run(self, room: Room) -> Finding:
        spares = tuple(unsigned_disk(parts.image(name)) for name in self.spares)
        prepared = self.setup.prepare(self.name, room, spare_disks=spares)
        with Machine(prepared.spec) as machine:
            outcome = self.drive(machine)
        s = self.setup
        case = Case(outcome, room.out, parts.image(s.image), parts.kernel(s.kernel), prepared.baked, s.bus,
                    SWITCH[s.kernel], unmeasured_because="unmeasured-uki" if s.tpm else "no-tpm")
        finding = finding_of(case, (*COMMON, not_measured, *self.checks))
        finding.relaxed = prepared.relaxed
        return finding


def finding_of(case: Case, checks: tuple[Check, ...]) -> Finding:
    finding = Finding(case.outcome, relaxed=case.outcome.relaxed)
    finding.expect("result", "booted", case.outcome.result)
    if case.outcome.result == "booted":
        finding.problems += problems_of(case, checks)
    return finding


# Rows of their own kind: what they do, and what they look at.

MIB = 1 << 20
STRAY_WORDS = ("OPENSSL_CONF=/x", "LIBBLKID_DEBUG=all")
# Of a module in each kernel that is none of the disk's, so that it is set whatever the bus; the default is 262144.
PARAMETER = ("dm-verity.prefetch_cluster=65536", "/sys/module/dm_verity/parameters/prefetch_cluster:65536")
BALLAST = 128 * MIB
GAINED_KB = 48 << 10
WAIT_SECONDS = 20
WAKEUPS_MAX = 10


def stray_words_were_there(c: Case) -> Problems:
    """What the kernel would have handed on; that PID 1's environment is clean is looked at in every row."""
    for word in STRAY_WORDS:
        if word not in c.text("cmdline.txt").split():
            yield f"/proc/cmdline: expected the word {word}"


def parameter_is_set(c: Case) -> Problems:
    """A word for a module is for the one who loads it: the kernel gives it to nobody."""
    word, line = PARAMETER
    if word not in c.text("cmdline.txt").split():
        yield f"/proc/cmdline: expected the word {word}"
    if line not in c.text("kernel.txt").splitlines():
        yield f"the host's /sys/module: expected {line}"


AZURE_CONTAINER_LINUX = re.compile(
    r"mount\.usr=/dev/mapper/usr mount\.usrflags=ro systemd\.verity_usr_data=PARTUUID=(?P<data>[0-9a-f-]{36}) "
    r"systemd\.verity_usr_hash=PARTUUID=(?P=data) systemd\.verity_usr_options=hash-offset=[0-9]+,panic-on-corruption "
    r"usrhash=[0-9a-f]{64} root=LABEL=ROOT rootflags=rw consoleblank=0 "
    # The machine room's.
    r"security=selinux enforcing=1 console=ttyS0")


def line_is_that_of_azure_container_linux(c: Case) -> Problems:
    """Word for word as its images have it."""
    line = c.text("cmdline.txt").strip()
    if not AZURE_CONTAINER_LINUX.fullmatch(line):
        yield f"/proc/cmdline: expected /{AZURE_CONTAINER_LINUX.pattern}/, saw {line!r}"


def ballast_is_freed(c: Case) -> Problems:
    """So much that neither pages on the processors' own lists, which are not counted, nor what the host takes hide it."""
    handoff = c.boot()["handoff"]
    after = handoff["memory_available_after_kb"]
    if c.switch == "pivot":
        # The kernel frees it when the exec has let go of PID 1's file, so it is the host that sees it.
        after = meminfo(c, "MemAvailable")
    elif not handoff["initramfs_bytes"] > BALLAST:
        yield f"boot.json initramfs_bytes: expected more than {BALLAST}, saw {handoff['initramfs_bytes']}"
    gained = after - handoff["memory_available_before_kb"]
    if not gained > GAINED_KB:
        yield f"available memory gained by the switch ({c.switch}): expected over {GAINED_KB} KiB, saw {gained}"


def plug_after_a_while(machine: Machine) -> Outcome:
    # Nothing is left to do before find when enter has spoken.
    machine.wait_for(r"verinit\[enter\]: ")
    machine.run_for(WAIT_SECONDS)
    machine.plug()
    return machine.outcome()


def wait_was_long_and_calm(c: Case) -> Problems:
    boot = c.boot()
    find = next(s for s in boot["stages"] if s["name"] == "find")
    # The disk needs some time too, never less.
    if not find["duration_us"] >= WAIT_SECONDS * 1_000_000:
        yield f"duration of find: expected {WAIT_SECONDS} s or more, saw {find['duration_us']} us"
    log = [line for line in c.text("dmesg.txt").splitlines() if "woken by the kernel" in line]
    if not 1 <= len(log) < WAKEUPS_MAX:
        yield f"wake-ups in the debug log: expected 1 to {WAKEUPS_MAX - 1}, saw {len(log)}"
    if not 1 <= boot["wakeups"] < WAKEUPS_MAX:
        yield f"boot.json wakeups: expected 1 to {WAKEUPS_MAX - 1}, saw {boot['wakeups']}"


def debug_says_more(c: Case) -> Problems:
    """Every decision, device, ioctl and time; one line a stage else, and a stage or two have a second."""
    lines = [line for line in c.text("dmesg.txt").splitlines() if "verinit[" in line]
    if not len(lines) >= 60:
        yield f"lines of verinit under init.debug=1: expected 60 or more, saw {len(lines)}"
    for what in ("command line: ", "module dm_verity: loaded in ", "disk sda: GPT", "after "):
        if not any(what in line for line in lines):
            yield f"debug log: expected a line with {what!r}"


FIRMWARE = [
    FirmwareBoot("ovmf-cloud-discoverable-tmpfs-virtio-blk", "discoverable", "cloud", "virtio-blk"),
    FirmwareBoot("ovmf-generic-discoverable-tmpfs-nvme", "discoverable", "generic", "nvme"),
]

FULL: dict[str, Any] = {"memory": "768", "timeout": 300}

DIRECT = [
    DirectBoot("direct-cloud-inline-ext4-ahci", Setup(image="inline", bus="ahci", ballast=BALLAST, **FULL),
               (line_is_that_of_azure_container_linux, ballast_is_freed)),
    DirectBoot("direct-bpo-explicit-tmpfs-virtio-blk-stray-words",
               Setup(image="explicit", kernel="bpo", tpm=True, cpus=2, baked=added(*STRAY_WORDS, PARAMETER[0]), ballast=BALLAST,
                     floor={"selinux-lock": "late"}, **FULL),
               (stray_words_were_there, parameter_is_set, ballast_is_freed)),
    DirectBoot("direct-cloud-discoverable-ext4-virtio-scsi-hotplug-debug",
               Setup(image="discoverable-ext4", bus="virtio-scsi", disk=no_disk, floor={"debug": "allow"},
                     baked=both(without("quiet"), added("init.debug=1")), **FULL),
               (wait_was_long_and_calm, debug_says_more), plug_after_a_while, ("discoverable-ext4",), seconds=70),
]

BOOTS = [*FIRMWARE, *DIRECT]
