# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two slots and systemd-boot: a new one whose /usr is corrupt, and the old one, unattended.

One run of QEMU, three boots: the new slot, refused; the new slot once more, and with a longer pause, since then the counter
has no try left; the old slot, which comes up and says why the new one did not.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imagelib.image import Image
from imagelib.store import file_digest
from imagelib.uki import STUB
from imagelib.variants import USR_SIGNATURE_TYPE, VARIANTS
from machine import gpt
from machine.disk import BOOT_PATH, MTOOLS
from machine.outcome import parse_verdict
from machine.process import run as run_tool
from machine.spec import BootSpec
from machine.vm import Machine

from . import parts, signatures, volumes
from .initrd import Initrd, floor_of
from .row import Finding, Room
from .volumes import Volume
from .words import changed, without

MIB = 1 << 20
LOADER = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"
SLOTS = "EFI/Linux"
NEW, OLD = "node_2", "node_1"
TRIES = 2
FIRST_PAUSE, LAST_PAUSE = 0, 4
# The new slot's volume is a small one, signed and pinned as the image's.
FLOOR = {"failure-delay": str(FIRST_PAUSE), "failure-delay-max": str(LAST_PAUSE)}
# More than one block, or there would be no tree to damage.
VOLUME = Volume("new-slot", {volumes.CONFIG: volumes.ENFORCING, "lib/filler": bytes(range(256)) * 1024})
# UEFI's variable store: VAR_ADDED, and VAR_DELETED.
DELETED = 0x3F & 0xFD
VERDICT = ("verify", "TAMPER", "root-hash-mismatch")


@dataclass(frozen=True)
class Slot:
    """A signed UKI with the row's own PID 1."""
    name: str
    cmdline: str

    def make(self, image: Image, room: Room) -> Path:
        kernel = image.kernels["cloud"]
        initrd = Initrd(name=f"slot-{self.name}", init=room.init, flavour="cloud", cmdline=self.cmdline,
                        floor={**floor_of(image), **FLOOR}, features=VARIANTS[image.variant].features, options=("--certificate", str(image.db_cert))).make()
        inputs = {"initrd": file_digest(initrd), "kernel": file_digest(kernel.vmlinuz), "cmdline": self.cmdline,
                  "key": file_digest(image.db_cert), "source": file_digest(Path(__file__))}

        def build(out: Path) -> None:
            (out / "cmdline").write_text(self.cmdline)
            parts.tool(["ukify", "build", "--linux", parts.inside(kernel.vmlinuz), "--initrd", parts.inside(initrd),
                        "--cmdline", f"@{parts.inside(out / 'cmdline')}", "--uname", kernel.release, "--stub", STUB,
                        "--os-release", f"ID=verinit-test\nPRETTY_NAME={self.name}\n",
                        "--output", parts.inside(out / "unsigned.efi")])
            sign(out / "unsigned.efi", out / "slot.efi")
            (out / "unsigned.efi").unlink()
        return parts.store().stage(f"slot-{self.name}", inputs, build) / "slot.efi"


def sign(source: Path, target: Path) -> None:
    key, cert = signatures.key_of("db")
    parts.run(["sbsign", "--key", key, "--cert", cert, "--output", target, source])


def loader(image: Image) -> Path:
    source = Path(str(parts.tools()) + LOADER)
    inputs = {"loader": file_digest(source), "key": file_digest(image.db_cert), "source": file_digest(Path(__file__))}

    def build(out: Path) -> None:
        sign(source, out / "loader.efi")
    return parts.store().stage("loader", inputs, build) / "loader.efi"


def add_new_slot(disk: Path, volume: Path, root_hash: str) -> None:
    """The volume's partitions behind those of the disk, by their own names, and its signature; its tree's root block damaged."""
    table = gpt.read(volume)
    usr, tree = table.find(type=gpt.USR_X86_64), table.find(type=gpt.USR_X86_64_VERITY)
    start = -(-disk.stat().st_size // MIB) * MIB
    with open(disk, "r+b") as file:
        file.truncate(start + usr.size + tree.size + 2 * MIB)
    parts.run(["sfdisk", "--quiet", "--relocate", "gpt-bak-std", disk])
    at = {start: usr, start + usr.size: tree}
    lines = [f"start={offset // 512}, size={part.size // 512}, type={part.type}, uuid={part.uuid}, name={part.label}-new"
             for offset, part in at.items()]
    signed_at = start + usr.size + tree.size
    lines.append(f"start={signed_at // 512}, size={MIB // 512}, type={USR_SIGNATURE_TYPE}, name=usr-verity-sig-new")
    parts.run(["sfdisk", "--quiet", "--append", disk], stdin="\n".join(lines) + "\n")
    with open(volume, "rb") as source, open(disk, "r+b") as file:
        for offset, part in at.items():
            source.seek(part.offset)
            content = bytearray(source.read(part.size))
            if part is tree:
                content[volumes.BLOCK + 7] ^= 1
            file.seek(offset)
            file.write(content)
        file.seek(signed_at)
        file.write(signatures.partition(root_hash, "db"))


class Esp:
    def __init__(self, disk: Path) -> None:
        self.drive = f"{disk}@@{gpt.read(disk).find(type=gpt.ESP).offset}"

    def put(self, file: Path, path: str) -> None:
        run_tool(["mcopy", "-D", "o", "-i", self.drive, file, f"::/{path}"], f"putting {path}", env=MTOOLS)

    def make_directory(self, path: str) -> None:
        run_tool(["mmd", "-i", self.drive, f"::/{path}"], f"making {path}", env=MTOOLS)

    def slots(self) -> list[str]:
        text = parts.run(["mdir", "-b", "-i", self.drive, f"::/{SLOTS}"])
        return sorted(Path(line.removeprefix("::/")).name for line in text.splitlines())


def states_in_store(variables: Path, name: str) -> list[int]:
    """Of each record of that variable in OVMF's store, the live one and those that are deleted: its state."""
    store, wanted, found = variables.read_bytes(), (name + "\0").encode("utf-16-le"), []
    at = store.find(wanted)
    while at >= 0:
        # Behind the header: start mark, state, reserved byte, attributes, count, time, key, two sizes, vendor.
        header = store[at - 60:at]
        if header[:2] == b"\xaa\x55":
            found.append(header[2])
        at = store.find(wanted, at + 1)
    return found


def verdicts_and_pauses(console: str) -> list[tuple[str, ...]]:
    """Of each boot that ended: stage, class, code, and what the line after it announced."""
    found = []
    for part in re.split(r"(?=verinit: verdict )", console)[1:]:
        verdict = parse_verdict(part.split("\n", 1)[0])
        pause = re.search(r"verinit\[\w+\]: (\w+ in \d+ s)", part)
        if verdict and pause:
            found.append((verdict["stage"], verdict["class"], verdict["code"], pause[1]))
    return found


@dataclass(frozen=True)
class Fallback:
    name: str = "fallback-to-old-slot"
    seconds: int = 110

    def run(self, room: Room) -> Finding:
        image = parts.image("discoverable")
        volume, root_hash = VOLUME.make()
        disk = image.copy(room.out / "slots.raw")
        add_new_slot(disk, volume, root_hash)
        esp = Esp(disk)
        pin = VOLUME.pin().partition("=")[2]
        of_volume = changed(**{"usrhash": root_hash, "init.verity": pin})
        esp.put(loader(image), BOOT_PATH)
        esp.make_directory(SLOTS)
        esp.put(Slot(NEW, of_volume(image.cmdline)).make(image, room), f"{SLOTS}/{NEW}+{TRIES}.efi")
        esp.put(Slot(OLD, without("quiet")(image.cmdline)).make(image, room), f"{SLOTS}/{OLD}.efi")
        with Machine(BootSpec(out=room.out, disk=disk, timeout=1500, reboots=True)) as machine:
            finding = Finding(machine.outcome())
            if finding.outcome.result == "booted":
                # What the loader renamed is in QEMU's snapshot until now. A monitor's command that fails only talks.
                finding.expect("commit of the snapshot", "", machine.qmp("human-monitor-command", command_line="commit disk0"))
        self._check(finding, image, (room.out / "serial.log").read_text(errors="replace"), esp)
        # Written once, by the first boot of the three, since the second found that it says so already; and then removed.
        finding.expect("VerinitLastFailure in the store", [DELETED],
                       states_in_store(room.out / "vars.fd", "VerinitLastFailure"))
        disk.unlink()
        return finding

    @staticmethod
    def _check(finding: Finding, image: Image, console: str, esp: Esp) -> None:
        finding.relaxed = [f"floor {key}={value}" for key, value in FLOOR.items()]
        finding.expect("result", "booted", finding.outcome.result)
        finding.expect("the boots that ended", [(*VERDICT, f"reboot in {FIRST_PAUSE} s"), (*VERDICT, f"reboot in {LAST_PAUSE} s")],
                       verdicts_and_pauses(console))
        ours = "\n".join(line for line in console.splitlines() if "verinit[" in line)
        finding.expect_in("console", (f"the boot before ended in stage {VERDICT[0]}: {VERDICT[2]}",), ours)
        if finding.outcome.result != "booted":
            return
        boot: dict[str, Any] = json.loads(finding.outcome.report["boot.json"])
        finding.expect("the slot that came up", image.root_hash, boot["root_hash"])
        finding.expect("previous_failure", {"stage": VERDICT[0], "code": VERDICT[2]}, boot["previous_failure"])
        finding.expect("slots on the ESP", sorted([f"{OLD}.efi", f"{NEW}+0-{TRIES}.efi"]), esp.slots())


FALLBACKS = [Fallback()]
