# SPDX-License-Identifier: LGPL-2.1-or-later
"""One run of one machine.

    outcome = boot(BootSpec(disk=..., out=...))

    with Machine(BootSpec(disk=d, spare_disks=(usr,), out=o)) as m:
        m.wait_for(r"verinit\\[find\\]")
        m.run_for(20)
        m.plug(0)
        outcome = m.outcome()

The guest's console is read only while a method of the machine runs: use run_for(), not
time.sleep(), which would stall the guest once the console's buffer is full.
"""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from . import disk, firmware, outdir, qemu, tpm
from .outcome import Judge, Outcome
from .process import Child
from .qmp import QmpError
from .spec import BadSpec, BootSpec, Trouble
from .wire import Ended, Wire

__all__ = ["BadSpec", "BootSpec", "Ended", "Machine", "Outcome", "QmpError", "Trouble", "boot"]

END_PATIENCE = 10.0


def boot(spec: BootSpec) -> Outcome:
    """Starts it, waits until its fate is decided, writes DIR, cleans up."""
    with Machine(spec) as machine:
        return machine.outcome()


class Machine:
    """A context manager: processes and sockets live in the with-block, DIR's files stay."""

    def __init__(self, spec: BootSpec) -> None:
        spec.check()
        self.spec = spec
        self.judge = Judge(spec.report_grace)
        self.command: list[str] = []
        self._stack = ExitStack()
        self._children: list[Child] = []
        self._plugged = 0

    def __enter__(self) -> Machine:
        with ExitStack() as stack:
            stack.callback(os.close, outdir.lock(self.spec.out))
            taken = outdir.clear(self.spec)
            self._wire = Wire(self.judge, self.spec.out / outdir.SERIAL, taken, stack, self.spec.note)
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._stack.close()

    def elapsed(self) -> float:
        """Seconds since the guest's first instruction."""
        return self._wire.elapsed()

    @property
    def console(self) -> str:
        """The text of the serial console so far."""
        return self._wire.console.text

    @property
    def events(self) -> list[dict[str, Any]]:
        """QMP events that nobody has waited for."""
        return list(self._wire.events)

    def outcome(self) -> Outcome:
        """Runs until the boot is decided or the time is up; writes DIR's files."""
        self._wire.run(lambda: self.judge.decided(self.elapsed()) is not None, self.spec.timeout)
        if self.judge.stopped and self.judge.acted is None and self._children[-1].exit_code() != 0:
            raise Trouble(f"QEMU ended by itself: {self._last_words()}")
        outcome = self.judge.outcome(self.elapsed())
        outcome.relaxed, outcome.qemu = self.spec.relaxed, self.command
        outcome.inputs = {name: str(path) for name, path in self.spec.files().items()}
        outdir.write(self.spec.out, outcome)
        return outcome

    def wait_for(self, pattern: str | re.Pattern[str], timeout: float | None = None, *,
                 partial: bool = False) -> re.Match[str]:
        """The next match on the console, in lines that have ended; `partial` for a prompt."""
        wanted = re.compile(pattern, re.M)
        found: list[re.Match[str]] = []

        def look() -> bool:
            match = self._wire.console.expect(wanted, partial)
            return match is not None and not found.append(match)
        self._wire.run(look, self._until(timeout))
        if not found:
            raise Ended(f"{self._wire.why_ended()} before {wanted.pattern!r} was on the console: "
                        f"{self.judge.outcome(self.elapsed()).message}")
        return found[0]

    def wait_for_event(self, name: str, timeout: float | None = None) -> dict[str, Any]:
        """The next QMP event of that name; one that has been waited for is forgotten."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            for event in self._wire.events:
                if event["event"] == name:
                    self._wire.events.remove(event)
                    return not found.append(event)
            return False
        self._wire.run(look, self._until(timeout))
        if not found:
            raise Ended(f"{self._wire.why_ended()} before the QMP event {name}")
        return found[0]

    def wait_for_end(self, timeout: float | None = None) -> bool:
        """Runs on, past a decision too, until QEMU has ended or the kernel is dead."""
        def is_over() -> bool:
            return self.judge.stopped or self.judge.decided(self.elapsed()) == "panicked"
        self._wire.run(is_over, self._until(timeout))
        return is_over()

    def run_for(self, seconds: float) -> None:
        """Lets the guest run; the way to spend time without stalling its console."""
        self._wire.run(lambda: False, self.elapsed() + seconds)

    def qmp(self, execute: str, **arguments: Any) -> Any:
        """A monitor command; a keyword `a_b` is the argument `a-b`."""
        dashed = {key.replace("_", "-"): value for key, value in arguments.items()}
        return self._wire.command(execute, dashed)

    def plug(self, index: int = 0) -> str:
        """Plugs in spec.spare_disks[index] on the machine's bus; gives the device's id."""
        bus = self.spec.bus
        if bus == "ahci":
            raise BadSpec("--bus ahci: QEMU plugs no disk into a running AHCI; use another bus")
        device = qemu.disk_device(bus, f"spare{index}")
        if bus != "virtio-scsi":
            if self._plugged == qemu.SPARE_PORTS:
                raise BadSpec(f"--bus {bus}: there are ports for {qemu.SPARE_PORTS} spare disks; "
                              "use virtio-scsi for more")
            device["bus"] = f"spareport{self._plugged}"
            self._plugged += 1
        self.qmp("device_add", **device)
        return device["id"]

    def break_tpm(self) -> None:
        """The TPM does not answer any more, from now on."""
        self._tpm.stop(0.0)

    def type(self, text: str) -> None:
        """Types on the serial console."""
        self._wire.type(text)

    def _until(self, timeout: float | None) -> float:
        if timeout is None:
            return self.spec.timeout
        return min(self.elapsed() + timeout, self.spec.timeout)

    def _start(self, stack: ExitStack) -> None:
        spec, out, wire = self.spec, self.spec.out, self._wire
        drives = self._drives(*self._boot_disk(stack), *spec.extra_disks)
        spares = self._drives(*spec.spare_disks)
        loader = None if spec.direct else firmware.prepare(spec, out / outdir.VARS)
        tpm_socket = self._start_tpm(stack) if spec.tpm else None
        fds = [peer.fileno() for peer in wire.peers]
        sockets = qemu.Sockets(*fds, tpm=tpm_socket.fileno() if tpm_socket else -1)
        self.command = qemu.command(spec, sockets, loader, drives, spares)
        # snapshot=on keeps its temporary file in TMPDIR: a disk's worth, so not in a small /tmp.
        child = Child(self.command, out / outdir.QEMU_LOG, sockets.inherited(),
                      env={"TMPDIR": str(out.resolve())})
        self._children.append(child)
        stack.callback(self._end, child)
        if tpm_socket:
            tpm_socket.close()
        wire.watch(child)
        try:
            wire.await_greeting()
            self.qmp("qmp_capabilities")
            # -S until here: nothing that the guest does goes unseen.
            self.qmp("cont")
        except Ended:
            raise Trouble(f"QEMU did not start: {self._last_words()}") from None
        wire.events.clear()
        wire.restart_clock()

    def _start_tpm(self, stack: ExitStack) -> Any:
        state = self.spec.tpm_state or self.spec.out / outdir.TPM
        if self.spec.tpm_state is None:
            tpm.forget(state)
        child, ours = tpm.start(state, self.spec.out / outdir.SWTPM_LOG)
        # It ends by itself when QEMU has closed its socket, after it has written its state.
        self._tpm = child
        self._children.append(child)
        stack.callback(child.stop, END_PATIENCE)
        stack.callback(ours.close)
        return ours

    def _boot_disk(self, stack: ExitStack) -> list[Path]:
        spec = self.spec
        if spec.uki is None:
            return [spec.disk] if spec.disk else []
        copy = spec.out / outdir.PRIVATE_DISK
        stack.callback(copy.unlink, missing_ok=True)
        disk.with_uki(spec.disk, spec.uki, copy)
        return [copy]

    @staticmethod
    def _drives(*paths: Path) -> list[qemu.Drive]:
        return [qemu.Drive(path, disk.image_format(path)) for path in paths]

    def _end(self, child: Child) -> None:
        """`quit` lets QEMU close the TPM's socket in order, so that its state is whole."""
        child.stop(END_PATIENCE if self._wire.quit() else 0.0)

    def _last_words(self) -> str:
        words = [word for child in self._children if (word := child.last_words())]
        return "; ".join(words) or "without a word why"
