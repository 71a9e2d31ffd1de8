# SPDX-License-Identifier: LGPL-2.1-or-later
"""selinux-lock=late: the unit locks although the root masks it, and where it fails there is no host."""

from __future__ import annotations

from dataclasses import dataclass

from machine.vm import Machine

from . import facts, hostile
from .facts import DISKS, Case, Problems, differ
from .row import Finding, Room
from .setup import Setup
from .words import added, both, without

LATE = {"selinux-lock": "late"}
UNIT = "verinit-selinux-lock.service"
# The sandbox of the unit wants a network namespace. It is the first unit of the host that does.
NO_NAMESPACE = "sysctl.user.max_net_namespaces=0"
FAILED = f"{UNIT}: Failed to set up network namespacing: No space left on device"
ENDED = f"{UNIT}: Failed with result 'exit-code'"
REBOOTS = "systemd-shutdown[1]: Rebooting."


def root_is_unverified(c: Case) -> Problems:
    """And yet its /etc is nowhere: mask, drop-in, generator and unit are on the disk alone."""
    rows = [line.split() for line in c.text("mounts.txt").splitlines()]
    shown = {row[4]: row[row.index("-") + 1:][:2] for row in rows}
    device = DISKS[c.bus][1] + str(c.image.partitions["root"].number)
    yield from differ("root", ["ext4", f"/dev/{device}"], shown.get("/"))
    yield from differ("/etc", "overlay", shown.get("/etc", [""])[0])
    yield from differ("boot.json root", {"kind": "unverified", "etc": "overlay", "device": device}, c.boot()["root"])
    for name in ("generator.txt", "service.txt"):
        yield from differ(f"what the root's own wrote: {name}", None, c.outcome.report.get(name))


def nothing_has_failed(c: Case) -> Problems:
    yield from differ("failed units", "", c.text("units.txt").partition("state: ")[0].strip())


HELD = (facts.usr_is_read_only, root_is_unverified, facts.selinux_is_enforcing, facts.lock_is_as_said, facts.nobody_is_permissive,
        facts.evidence_is_whole, facts.init_starts_clean, nothing_has_failed, hostile.nothing_helps, hostile.open_is_open,
        hostile.confined_are_confined)


@dataclass(frozen=True)
class LateLockFails:
    """A signed line by which the unit cannot be started. Nothing of PID 1's is left to say so: the reset and the console do."""
    name: str
    seconds: int = 40

    def run(self, room: Room) -> Finding:
        setup = Setup(image="explicit", baked=both(without("quiet"), added(NO_NAMESPACE)), floor=LATE, memory="768", timeout=300)
        prepared = setup.prepare(self.name, room)
        with Machine(prepared.spec) as machine:
            outcome = machine.outcome()
        finding = Finding(outcome, relaxed=[*outcome.relaxed, *prepared.relaxed])
        console = (room.out / "serial.log").read_text(errors="replace")
        finding.expect("result", ("panicked", "silent-stop"), (outcome.result, outcome.code))
        finding.expect("kernel panic, verdict of PID 1", (None, None), (outcome.panic, outcome.verdict))
        finding.expect("what the machine did", "reboot", outcome.acted)
        places = [console.find(text) for text in ("verinit[handoff]: starting ", FAILED, ENDED, REBOOTS)]
        if min(places) < 0 or places != sorted(places):
            finding.problems.append(f"console: expected the exec, {FAILED!r}, {ENDED!r} and {REBOOTS!r} in this order, saw them at {places}")
        for never in ("Reached target sysinit.target", "Starting systemd-journald.service", "Starting systemd-udevd.service", "login:"):
            if never in console:
                finding.problems.append(f"console: expected nothing of {never!r}")
        return finding


LATE_LOCKS = [
    hostile.HostileBoot("direct-cloud-discoverable-ext4-lock-late-masked", HELD, {**LATE, "etc": "overlay"}),
    LateLockFails("direct-cloud-explicit-lock-late-fails"),
]
