# SPDX-License-Identifier: LGPL-2.1-or-later
"""What became of a boot, judged from events alone. Pure: wire.py feeds it, tests can too.

booted    the guest's report arrived whole; or it sends none, and its login prompt or multi-user
          target was on the console
refused   PID 1 printed its verdict line and the machine then reset, shut down or halted;
          or the firmware would not start what is on the disk (stage "firmware")
panicked  the kernel panicked; or the machine stopped without a word of why (code "silent-stop")
hung      none of these in time
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

EXIT_CODES = {"booted": 0, "refused": 3, "panicked": 4, "hung": 5}
REPORT_GRACE = 90.0

VERDICT = re.compile(r"verinit: verdict (?=\{)")
VERDICT_KEYS = ("stage", "class", "code", "action")
STAGE = re.compile(r"\bverinit\[([a-z-]{1,20})\]: ")
PANIC = re.compile(r"Kernel panic - not syncing: .*")
PANIC_IS_FINAL = re.compile(r"---\[ end Kernel panic")
HALTED = re.compile(r"reboot: System halted")
PROMPT = re.compile(r"\blogin: ?$"
                    r"|Reached target (?:\S+ - )?(?:multi-user\.target|Multi-User System)")
# The firmware's own shell is denied too under Secure Boot; that says nothing of the disk.
DENIED = re.compile(r'BdsDxe: failed to (?:load|start) \w+ "(?!EFI Internal Shell).*'
                    r": (?:Access Denied|Security Violation)")
NOTHING_LEFT = re.compile(r"BdsDxe: No bootable option or device was found"
                          r"|^UEFI Interactive Shell v")
MARKS = {"firmware-load": re.compile(r"BdsDxe: loading "),
         "firmware-start": re.compile(r"BdsDxe: starting "),
         "init": STAGE, "panic": PANIC, "verdict": VERDICT}
ACTS = {"guest-reset": "reboot", "guest-shutdown": "poweroff", "guest-panic": "panic"}


@dataclass
class Outcome:
    """`acted` is what the machine was seen to do, `action` what the verdict line announced."""
    result: str
    message: str
    seconds: float
    stage: str | None = None
    fail_class: str | None = None
    code: str | None = None
    errno: str | None = None
    action: str | None = None
    acted: str | None = None
    last_stage: str | None = None
    panic: str | None = None
    verdict: dict[str, Any] | None = None
    marks: dict[str, float] = field(default_factory=dict)
    relaxed: list[str] = field(default_factory=list)
    qemu: list[str] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    report: dict[str, bytes] = field(default_factory=dict, repr=False)

    def to_json(self) -> dict[str, Any]:
        """verdict.json."""
        return {"result": self.result, "stage": self.stage, "class": self.fail_class,
                "code": self.code, "errno": self.errno, "action": self.action,
                "acted": self.acted, "message": self.message, "last_stage": self.last_stage,
                "panic": self.panic, "verdict": self.verdict,
                "seconds": round(self.seconds, 2),
                "marks": {name: round(at, 2) for name, at in self.marks.items()},
                "relaxed": self.relaxed, "inputs": self.inputs, "files": sorted(self.report),
                "qemu": self.qemu}

    def summary(self) -> str:
        where = "/".join(word for word in (self.stage, self.fail_class, self.code) if word)
        relaxed = f" [{', '.join(self.relaxed)}]" if self.relaxed else ""
        what = f"{where}: {self.message}" if where else self.message
        return f"{self.result} after {self.seconds:.1f} s{relaxed}: {what}"


def parse_verdict(line: str) -> dict[str, Any] | None:
    """The machine line of PID 1, wherever on a console line it stands; None if there is none."""
    for match in VERDICT.finditer(line):
        try:
            verdict, _ = json.JSONDecoder().raw_decode(line, match.end())
        except (ValueError, RecursionError):
            continue
        if all(isinstance(verdict.get(key), str) for key in VERDICT_KEYS):
            return verdict
    return None


class Judge:
    """Feed it what happens, ask whether the boot is decided. Times are seconds since the start."""

    def __init__(self, report_grace: float = REPORT_GRACE) -> None:
        self.report_grace = report_grace
        self.verdict: dict[str, Any] | None = None
        self.panic: str | None = None
        self.report: dict[str, bytes] | None = None
        self.report_problem: str | None = None
        self.report_bytes = 0
        self.acted: str | None = None
        self.stopped = False
        self.marks: dict[str, float] = {}
        self._stop_reason: str = "QEMU ended"
        self._panic_is_final = False
        self._last_stage: str | None = None
        self._denied: str | None = None
        self._nothing_left = False
        self._prompt_at: float | None = None
        self._report_begun = False
        self._heard = False

    def line(self, line: str, now: float) -> None:
        self._heard = self._heard or bool(line.strip())
        for name, pattern in MARKS.items():
            if name not in self.marks and pattern.search(line):
                self.marks[name] = now
        if self.verdict is None:
            self.verdict = parse_verdict(line)
        if stage := STAGE.search(line):
            self._last_stage = stage[1]
        if self.panic is None and (panic := PANIC.search(line)):
            self.panic = panic[0].strip()
        if denied := DENIED.search(line):
            self._denied = denied[0]
        self._panic_is_final = self._panic_is_final or bool(PANIC_IS_FINAL.search(line))
        self._nothing_left = self._nothing_left or bool(NOTHING_LEFT.search(line))
        if self.acted is None and HALTED.search(line):
            self.acted = self._stop_reason = "halt"
        self.partial(line, now)

    def partial(self, text: str, now: float) -> None:
        """A line that has not ended: where a login prompt stays."""
        if self._prompt_at is None and PROMPT.search(text):
            self._prompt_at = now

    def event(self, event: dict[str, Any], now: float) -> None:
        """A QMP event."""
        data = event.get("data", {})
        if event.get("event") == "SHUTDOWN":
            self._stop_reason = data.get("reason", self._stop_reason)
            if data.get("guest"):
                self.acted = ACTS.get(self._stop_reason, self._stop_reason)
                self.marks["acted"] = now
        elif event.get("event") == "VSERPORT_CHANGE" and data.get("open"):
            self._report_begun = True

    def report_is_complete(self, files: dict[str, bytes], now: float) -> None:
        self.report = files
        self.marks["report"] = now

    def ended(self) -> None:
        """QEMU is gone."""
        self.stopped = True

    def next_look(self) -> float | None:
        """When time alone may decide, if it may."""
        if self._prompt_at is None or self._report_begun or self.decided(self._prompt_at):
            return None
        return self._prompt_at + self.report_grace

    def decided(self, now: float) -> str | None:
        """A panic outweighs a verdict (PID 1 fell over while failing), both an earlier report."""
        # After a reset or a shutdown QEMU ends: only then is all in that the guest had said.
        is_over = self.stopped or self.acted == "halt"
        if self.panic is not None and (is_over or self._panic_is_final):
            return "panicked"
        if self.verdict is not None and is_over:
            return "refused" if self.acted else "panicked"
        if self.report is not None:
            return "booted"
        if self._nothing_left:
            return "refused" if self._denied else "hung"
        if is_over:
            return "booted" if self._prompt_at is not None else "panicked"
        if self._prompt_at is None or self._report_begun:
            return None
        return "booted" if now >= self._prompt_at + self.report_grace else None

    def outcome(self, now: float) -> Outcome:
        result = self.decided(now) or "hung"
        outcome = Outcome(result, "", now, acted=self.acted, last_stage=self._last_stage,
                          panic=self.panic, verdict=self.verdict, marks=dict(self.marks),
                          report=dict(self.report or {}))
        if self.verdict is not None:
            outcome.stage, outcome.fail_class = self.verdict["stage"], self.verdict["class"]
            outcome.code, outcome.action = self.verdict["code"], self.verdict["action"]
            outcome.errno = self.verdict.get("errno")
        elif result == "refused":
            outcome.stage, outcome.fail_class = "firmware", "UNVERIFIED"
            outcome.code, outcome.action = "firmware-access-denied", "none"
        elif result == "panicked" and self.panic is None:
            outcome.code = "silent-stop"
        outcome.message = getattr(self, "_say_" + result)()
        return outcome

    def _say_booted(self) -> str:
        if self.report is not None:
            return f"the guest reported {len(self.report)} files"
        return "the guest came up and sent no report"

    def _say_refused(self) -> str:
        if self.verdict is None:
            return f"{self._denied}: its signature is not one that this variable store accepts"
        said, did = self.verdict["action"], self.acted
        differs = "" if said == did else f" (it announced {said}, but the machine did {did})"
        return str(self.verdict.get("message", "no message")) + differs

    def _say_panicked(self) -> str:
        after = {None: "and stayed there", "reboot": "and reset"}.get(self.acted,
                                                                      f"and did {self.acted}")
        if self.panic is not None:
            return f"{self.panic} ({after})"
        return f"the machine stopped ({self._stop_reason}) without a verdict line or a panic"

    def _say_hung(self) -> str:
        if self._nothing_left:
            return ("the firmware found nothing to boot: "
                    "is there a UKI at /EFI/BOOT/BOOTX64.EFI on the disk's ESP?")
        if self.report_problem:
            return self.report_problem
        if self.verdict is not None:
            return f"a verdict line, but no {self.verdict['action']} after it"
        if self.panic is not None:
            return f"{self.panic} (and nothing after it)"
        if self.report_bytes:
            return f"the report stopped after {self.report_bytes} bytes without an end of archive"
        if not self._heard:
            return "nothing on the serial console: does the command line have console=ttyS0?"
        where = f" after stage {self._last_stage}" if self._last_stage else ""
        return f"no verdict, panic or report in time{where}; see serial.log"
