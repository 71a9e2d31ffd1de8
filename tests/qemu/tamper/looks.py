# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is looked at in a boot that comes up although somebody tried."""

from __future__ import annotations

import json
from typing import Any, Callable

from rows.row import Finding, Room

Look = Callable[[Finding, Room], None]


def text(finding: Finding, name: str) -> str:
    return finding.outcome.report.get(name, b"").decode(errors="replace")


def boot_json(finding: Finding) -> dict[str, Any]:
    boot = json.loads(text(finding, "boot.json") or "{}")
    assert isinstance(boot, dict)
    return boot


def is_healthy(finding: Finding, _: Room) -> None:
    """As the boots of the other table, in short: they look at everything."""
    units = text(finding, "units.txt")
    finding.expect("units", "state: running", next((x for x in units.splitlines() if x.startswith("state: ")), units))
    finding.expect_in("selinux.txt", ("enforce: Enforcing",), text(finding, "selinux.txt"))


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


def nothing_started(unit: str, mark: str) -> Look:
    """Neither systemd nor anything that it started knows of it."""
    def look(finding: Finding, room: Room) -> None:
        places = {name: text(finding, name) for name in ("journal.txt", "units.txt", "dmesg.txt")}
        places["console"] = (room.out / "serial.log").read_text(errors="replace")
        for name, content in places.items():
            if not content:
                finding.problems.append(f"{name}: there is nothing to look at")
            for sign in (unit, mark):
                if sign in content:
                    finding.problems.append(f"{name}: expected nothing of {sign!r}")
    return look


def twins_were_seen(finding: Finding, _: Room) -> None:
    """Recorded, and not used."""
    boot_disk = boot_json(finding).get("boot_disk", {})
    finding.expect("boot.json boot_disk.twins", ["vdb2", "vdb3"], sorted(boot_disk.get("twins", [])))
