# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the host hears of a running machine: console, monitor, report port and the end of QEMU.

One selector watches them all, in the caller's thread. Nothing is polled, and nothing needs a lock.
"""

from __future__ import annotations

import selectors
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable

from . import qmp, report
from .outcome import Judge
from .process import Child
from .serial import Console
from .spec import Trouble

CHUNK = 64 << 10
MONITOR_PATIENCE = 60.0


class Ended(Trouble):
    """The machine stopped, or time ran out, before what a test waited for."""


class Wire:
    """Our ends of three socket pairs; `peers` are for QEMU to inherit."""

    def __init__(self, judge: Judge, log: Path, taken: frozenset[str], stack: ExitStack, note: str = "") -> None:
        self.judge = judge
        self.console = Console()
        self.events: list[dict[str, Any]] = []
        self._replies: list[dict[str, Any]] = []
        self._decoder = qmp.Decoder()
        self._stream = bytearray()
        self._taken = taken
        self._selector = stack.enter_context(selectors.DefaultSelector())
        self._log = stack.enter_context(open(log, "wb", buffering=0))
        if note:
            self._log.write(f"machine room: {note}\n".encode())
        pairs = [socket.socketpair() for _ in range(3)]
        for end in (end for pair in pairs for end in pair):
            stack.callback(end.close)
        self._monitor, self._serial, self._report = (ours for ours, _ in pairs)
        self.peers = [theirs for _, theirs in pairs]
        self.restart_clock()

    def restart_clock(self) -> None:
        self._started = time.monotonic()

    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def watch(self, child: Child) -> None:
        """QEMU has inherited its ends: ours see their end when it goes."""
        for peer in self.peers:
            peer.close()
        for source, act in ((self._monitor, self._on_monitor), (self._serial, self._on_serial),
                            (self._report, self._on_report)):
            self._selector.register(source, selectors.EVENT_READ, act)
        self._selector.register(child.pidfd, selectors.EVENT_READ, lambda: self._on_end(child))

    def run(self, is_done: Callable[[], bool], until: float) -> bool:
        """Handles events until `is_done`, the end of QEMU, or the second `until`."""
        while not is_done():
            now = self.elapsed()
            if self.judge.stopped or now >= until:
                return False
            look = self.judge.next_look()
            wake = until if look is None or look <= now else min(until, look)
            for key, _ in self._selector.select(wake - now):
                # A handler before this one may have read its source to the end.
                if key.fd in self._selector.get_map():
                    key.data()
        return True

    def why_ended(self) -> str:
        return "the machine ended" if self.judge.stopped else "time ran out"

    def await_greeting(self) -> bool:
        return self.run(lambda: bool(self.events), MONITOR_PATIENCE)

    def command(self, name: str, arguments: dict[str, Any]) -> Any:
        """A monitor command and its answer; other events are handled meanwhile."""
        if self.judge.stopped:
            raise Ended(f"QMP {name}: the machine has ended")
        self._replies.clear()
        try:
            self._monitor.sendall(qmp.encode(name, arguments))
        except OSError:
            raise Ended(f"QMP {name}: QEMU has closed its monitor") from None
        self.run(lambda: bool(self._replies), self.elapsed() + MONITOR_PATIENCE)
        if not self._replies:
            raise Ended(f"{self.why_ended()} before QEMU answered {name}")
        return qmp.reply_value(name, self._replies.pop())

    def quit(self) -> bool:
        """Asks QEMU to end, and does not wait; False if nobody listens any more."""
        if self.judge.stopped:
            return False
        try:
            self._monitor.setblocking(False)
            self._monitor.sendall(qmp.encode("quit", {}))
        except OSError:
            return False
        return True

    def type(self, text: str) -> None:
        self._serial.sendall(text.encode())

    def _receive(self, source: socket.socket) -> bytes:
        try:
            data = source.recv(CHUNK)
        except ConnectionResetError:
            data = b""
        if not data:
            self._selector.unregister(source)
        return data

    def _on_serial(self) -> None:
        data = self._receive(self._serial)
        self._log.write(data)
        for line in self.console.feed(data):
            self.judge.line(line, self.elapsed())
        self.judge.partial(self.console.partial, self.elapsed())

    def _on_monitor(self) -> None:
        for message in self._decoder.feed(self._receive(self._monitor)):
            if "return" in message or "error" in message:
                self._replies.append(message)
                continue
            self.events.append({"event": "greeting", **message} if "QMP" in message else message)
            self.judge.event(message, self.elapsed())
            if message.get("event") == "VSERPORT_CHANGE" and not message["data"]["open"]:
                self._look_at_report()

    def _on_report(self) -> None:
        room = report.BYTES_MAX + 1 - len(self._stream)
        self._stream += self._receive(self._report)[:room]
        self.judge.report_bytes = len(self._stream)

    def _look_at_report(self) -> None:
        """The guest closed the port: all that it wrote is in our socket by now."""
        self._drain(self._report, self._on_report)
        if self.judge.report is not None or self.judge.report_problem is not None:
            return
        try:
            files = report.parse(bytes(self._stream), self._taken)
        except report.ReportError as e:
            self.judge.report_problem = str(e)
            return
        if files is not None:
            self.judge.report_is_complete(files, self.elapsed())

    def _on_end(self, child: Child) -> None:
        """The last words of each socket first: the end of a process can be seen before them."""
        self._drain(self._monitor, self._on_monitor)
        self._drain(self._serial, self._on_serial)
        if self.console.partial:
            self.judge.line(self.console.partial, self.elapsed())
        self._look_at_report()
        self._selector.unregister(child.pidfd)
        self.judge.ended()

    def _drain(self, source: socket.socket, act: Callable[[], None]) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(source, selectors.EVENT_READ)
            while source in self._selector.get_map() and ready.select(0):
                act()
