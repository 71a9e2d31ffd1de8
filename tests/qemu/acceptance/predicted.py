# SPDX-License-Identifier: LGPL-2.1-or-later
"""Predicted PCRs against those that the TPM holds. The prediction is written, and its digest in the boot's log, before QEMU starts."""

from __future__ import annotations

import json
import struct
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from imagelib.variants import ESP_GUID
from machine import gpt, pcr
from machine.disk import BOOT_PATH
from machine.spec import BootSpec
from machine.vm import Machine
from rows import parts, prediction
from rows.endings import state_of
from rows.prediction import HANDED_OVER, PCRS, Document, Given
from rows.row import Finding, Room
from tamper.case import Setup
from tamper.looks import is_handed_over, uki_on
from tamper.medium import EXTRA_DIRECTORY, GLOBAL_CREDENTIALS
from tamper.variables import Variable

from . import chain

EFI_GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"


def made(setup: Setup, spec: BootSpec, out: Path, *options: str, loaders: tuple[Path, ...] = (), uki: str = BOOT_PATH
         ) -> Document:
    """From what is on the row's disk."""
    assert spec.disk is not None
    esp = {path: make() for path, make in setup.medium.esp.items()}

    def those(directory: str, suffix: str) -> tuple[Path, ...]:
        return tuple(file for path, file in sorted(esp.items())
                     if str(Path(path).parent) == directory and path.endswith(suffix))
    with TemporaryDirectory() as scratch:
        image = uki_on(spec.disk, Path(scratch, "node.efi"), uki)
        selinux = str(setup.full_floor().get("selinux-dir", "etc/selinux"))
        policy = prediction.policy_of(spec.disk, image, selinux, Path(scratch, "policy"))
        return prediction.predict(Given(
            image, policy, loaders=loaders, addons=those(EXTRA_DIRECTORY, ".addon.efi"), credentials=those(EXTRA_DIRECTORY, ".cred"),
            global_credentials=those(GLOBAL_CREDENTIALS, ".cred"), sysexts=those(EXTRA_DIRECTORY, ".sysext.raw"),
            confexts=those(EXTRA_DIRECTORY, ".confext.raw"), variables=spec.vars), out, *options)


@dataclass(frozen=True)
class Predicted:
    """A boot of the small host, whose one program reads the TPM. `is_chain`: by shim and systemd-boot."""
    name: str
    setup: Setup
    is_chain: bool = False
    numbers: tuple[str, ...] = PCRS
    seconds: int = 17

    def run(self, room: Room) -> Finding:
        if self.is_chain:
            spec = chain.prepare(self.setup, self.name, room)
            document = made(self.setup, spec, room.out, "--pcr", ",".join(self.numbers),
                            loaders=chain.loaders(parts.image(self.setup.image)), uki=chain.UKI)
        else:
            spec = self.setup.prepare(self.name, room)
            document = made(self.setup, spec, room.out)
        with Machine(replace(spec, note=prediction.note(room.out))) as machine:
            finding = Finding(machine.outcome(), relaxed=self.setup.weaker)
        finding.expect("result", "booted", finding.outcome.result)
        if finding.outcome.result != "booted":
            return finding
        is_handed_over()(finding, room)
        seen = json.loads(finding.outcome.report.get("pcrs.json", b"{}"))
        finding.problems += prediction.differences(document, seen, self.setup.secure_boot, HANDED_OVER, self.numbers)
        finding.expect_in("serial.log", (prediction.note(room.out),), (room.out / "serial.log").read_text(errors="replace"))
        return finding


def boot_option(image: Path, words: str) -> bytes:
    """EFI_LOAD_OPTION (UEFI 3.1.3): the ESP by its GUID, the file on it, and what the program is given."""
    esp = gpt.read(image).find(type=gpt.ESP)
    drive = struct.pack("<BBHIQQ16sBB", 4, 1, 42, 1, esp.offset // 512, esp.size // 512, uuid.UUID(ESP_GUID).bytes_le, 2, 2)
    file = ("\\" + BOOT_PATH.replace("/", "\\")).encode("utf-16-le") + b"\0\0"
    path = drive + struct.pack("<BBH", 4, 4, 4 + len(file)) + file + struct.pack("<BBH", 0x7f, 0xff, 4)
    return struct.pack("<IH", 1, len(path)) + "profile".encode("utf-16-le") + b"\0\0" + path + words.encode("utf-16-le") + b"\0\0"


@dataclass(frozen=True)
class Refused:
    """A boot that stage prove ends, by a floor that halts: the TPM is asked from outside, and holds the poison too. `profile` is not
    the first one.

    The values are looked for in the state of the TPM as QEMU gets it from swtpm, which keeps no PCR encrypted.
    """
    name: str
    setup: Setup
    code: str
    profile: int = 0
    seconds: int = 17

    @property
    def poison(self) -> str:
        return f"verinit.poison={self.code}"

    def run(self, room: Room) -> Finding:
        spec = self.setup.prepare(self.name, room)
        if self.profile:
            assert spec.disk is not None
            option = boot_option(spec.disk, f"@{self.profile}")
            spec = replace(self.setup, variables=(Variable("Boot0042", option, EFI_GLOBAL),
                                                  Variable("BootNext", struct.pack("<H", 0x42), EFI_GLOBAL))).prepare(self.name, room)
        document = made(self.setup, spec, room.out, "--profile", str(self.profile), "--phase", self.poison)
        with Machine(replace(spec, note=prediction.note(room.out))) as machine:
            finding = Finding(machine.outcome(), relaxed=self.setup.weaker)
            outcome = finding.outcome
            finding.expect("stage/class/code", f"prove/TAMPER/{self.code}", f"{outcome.stage}/{outcome.fail_class}/{outcome.code}")
            finding.expect("action taken", "halt", outcome.acted)
            if not finding.problems:
                self._look_at_tpm(finding, document, state_of(machine, room.out / "state"))
        return finding

    def _look_at_tpm(self, finding: Finding, document: Document, state: bytes) -> None:
        for bank in pcr.BANKS:
            for number in PCRS:
                value = prediction.cell(document, bank, number, True, self.poison)
                assert value is not None
                # PID 1 has not come to the words of PCR 13; the phase of PCR 11 is the poison.
                start = pcr.zero(bank) if number == "13" else bytes.fromhex(value)
                wanted = start if number == "11" else pcr.extend_words(bank, start, [self.poison])
                finding.expect(f"PCR {number}, {bank}: {wanted.hex()} is in the TPM", True, wanted in state)
        stranger = pcr.extend_words("sha256", pcr.zero("sha256"), ["verinit.poison=bug"])
        finding.expect("a value that is in no PCR", False, stranger in state)
