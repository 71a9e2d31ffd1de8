# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is looked at beside the verdict, above all in a boot that comes up although somebody tried."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

from machine.disk import BOOT_PATH
from rows import parts, prediction
from rows.facts import STAGES
from rows.initrd import Floor, floor_text
from rows.row import Finding, Room

from . import bootable

Look = Callable[[Finding, Room], None]


def text(finding: Finding, name: str) -> str:
    return finding.outcome.report.get(name, b"").decode(errors="replace")


def boot_json(finding: Finding) -> dict[str, Any]:
    boot = json.loads(text(finding, "boot.json") or "{}")
    assert isinstance(boot, dict)
    return boot


def errno_is(name: str) -> Look:
    """The kernel's reason, where stage, class and code are those of another one too."""
    def look(finding: Finding, _: Room) -> None:
        finding.expect("errno", name, finding.outcome.errno)
    return look


def is_healthy(finding: Finding, _: Room) -> None:
    """As the boots of the other table, in short: they look at everything."""
    units = text(finding, "units.txt")
    finding.expect("units", "state: running", next((x for x in units.splitlines() if x.startswith("state: ")), units))
    finding.expect_in("selinux.txt", ("enforce: Enforcing",), text(finding, "selinux.txt"))


def is_handed_over(skipped: dict[str, str] | None = None) -> Look:
    """What the one program of a small /usr sees of PID 1's work: all stages passed but the skipped, each with its reason."""
    def look(finding: Finding, _: Room) -> None:
        reasons = skipped or {}
        stages = [(s["name"], s["verdict"], s["reason"]) for s in boot_json(finding).get("stages", [])]
        finding.expect("stages", [(name, "skipped" if name in reasons else "passed", reasons.get(name, ""))
                                  for name in STAGES], stages)
        finding.expect("selinuxfs's enforce", "1", text(finding, "enforce.txt"))
        finding.expect("arguments of PID 1", "/usr/lib/systemd/systemd\n", text(finding, "init-cmdline.txt"))
        mounts = [line.split() for line in text(finding, "mounts.txt").splitlines()]
        finding.expect("/usr comes from", [["erofs", "/dev/mapper/usr"]],
                       [row[row.index("-") + 1:][:2] for row in mounts if row[4] == "/usr"])
    return look


def uki_on(disk: Path, target: Path, path: str = BOOT_PATH) -> Path:
    """From the ESP of a row's disk; by default what the firmware starts."""
    parts.run(["mcopy", "-o", "-i", f"{disk}@@{bootable.MIB}", f"::/{path}", target])
    return target


def pcrs_are_predicted(floor: Floor) -> Look:
    """From the disk and the UKI on it, in each bank."""
    def look(finding: Finding, room: Room) -> None:
        (room.out / "floor.conf").write_text(floor_text(floor))
        uki = uki_on(room.out / "boot.raw", room.out / "predicted.efi")
        document = prediction.of_disk(room.out / "boot.raw", uki, room.out / "floor.conf", room.out,
                                      variables=room.out / "vars.fd")
        uki.unlink()
        pcrs = json.loads(text(finding, "pcrs.json") or "{}")
        finding.problems += prediction.differences(document, pcrs, True, prediction.HANDED_OVER)
        words = [w["word"] for w in boot_json(finding).get("tpm", {}).get("words", []) if w["pcr"] == 13]
        finding.expect("words of PCR 13", prediction.words_of(document, 13), words)
    return look


def last_failure_is_reported(stage: str, code: str) -> Look:
    """With the name of the variable that says so, since nobody has signed it; and it is gone."""
    def look(finding: Finding, room: Room) -> None:
        finding.expect("boot.json previous_failure", {"stage": stage, "code": code}, boot_json(finding).get("previous_failure"))
        names = text(finding, "variables.txt")
        finding.expect_in("EFI variables", ("SecureBoot-",), names)
        if "VerinitLastFailure" in names:
            finding.problems.append("EFI variables: expected no VerinitLastFailure any more")
        console = (room.out / "serial.log").read_text(errors="replace")
        finding.expect_in("console", (f"the boot before ended in stage {stage}: {code}, says VerinitLastFailure",), console)
    return look


def stopped_by_the_kernel(seconds: int) -> Look:
    """After the hand-over had begun, without a verdict, and reset when the time that PID 1 has set was over."""
    def look(finding: Finding, room: Room) -> None:
        outcome, console = finding.outcome, (room.out / "serial.log").read_text(errors="replace")
        finding.expect_in("console", ("verinit[handoff]: starting /usr/lib/systemd/systemd",
                                      f"Rebooting in {seconds} seconds"), console)
        if "verinit: verdict" in console:
            finding.problems.append("console: expected no verdict")
        finding.expect("what the machine did then", "reboot", outcome.acted)
        waited = outcome.marks.get("acted", 0) - outcome.marks.get("panic", 0)
        if not seconds - 0.5 <= waited <= seconds + 20:
            finding.problems.append(f"from panic to reset: expected {seconds} s, saw {waited:.1f} s")
    return look


def says(*path: str, value: object) -> Look:
    """What boot.json has at PATH."""
    def look(finding: Finding, _: Room) -> None:
        at: Any = boot_json(finding)
        for key in path:
            at = at.get(key) if isinstance(at, dict) else None
        finding.expect(f"boot.json {'.'.join(path)}", value, at)
    return look


def word_is_absent(word: str) -> Look:
    def look(finding: Finding, _: Room) -> None:
        line = text(finding, "cmdline.txt")
        if not line or word in line.split():
            finding.problems.append(f"/proc/cmdline: expected to be there without {word!r}, saw {line!r}")
    return look


def are_received(said: str, *names: str) -> Look:
    """systemd says of each credential that it has imported it."""
    def look(finding: Finding, _: Room) -> None:
        lines = [line for line in text(finding, "journal.txt").splitlines() if said in line]
        finding.expect_in("journal.txt", names, " ".join(lines))
    return look


def nothing_started(*signs: str) -> Look:
    """Neither systemd nor anything that it started knows of it."""
    def look(finding: Finding, room: Room) -> None:
        places = {name: text(finding, name) for name in ("journal.txt", "units.txt", "dmesg.txt")}
        places["console"] = (room.out / "serial.log").read_text(errors="replace")
        for name, content in places.items():
            if not content:
                finding.problems.append(f"{name}: there is nothing to look at")
            for sign in signs:
                if sign in content:
                    finding.problems.append(f"{name}: expected nothing of {sign!r}")
    return look


def twins_were_seen(finding: Finding, _: Room) -> None:
    """Recorded, and not used."""
    boot_disk = boot_json(finding).get("boot_disk", {})
    finding.expect("boot.json boot_disk.twins", ["vdb2", "vdb3"], sorted(boot_disk.get("twins", [])))
