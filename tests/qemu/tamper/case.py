# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a row of the matrix is: a boot under OVMF with Secure Boot and TPM, the strict floor, the shipped init; and one thing
that is not as it should be.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable

from imagelib.image import Image
from imagelib.variants import FLOORS, VARIANTS
from machine.outcome import Outcome
from machine.spec import BootSpec
from machine.vm import Machine
from rows import parts, signatures
from rows.initrd import Floor, Initrd, floor_lines, read_floor
from rows.ipe import Policy
from rows.row import Finding, Room
from rows.setup import WITHOUT_FIRMWARE
from rows.volumes import Volume
from rows.words import Edit, changed, same

from . import bootable, known_tpm
from .medium import Medium
from .ukis import Addon, Uki
from .variables import Variable, not_enrolled, of_second_boot, planted

REFUSED, BOOTED, PANICKED = "refused", "booted", "panicked"
SIGNER = "db"
# Of a value that is longer the table shows the beginning.
SHOWN_MAX = 24


def _strict() -> Floor:
    return read_floor(FLOORS / "strict.conf")


@dataclass(frozen=True)
class Setup:
    """How this boot differs from a good one. Nothing given: a good one, but for its failure delay of 0.

    `signed` makes the command line that is signed and baked of the image's own; `section` what is in the UKI of the baked
    one (signed too, by somebody careless). `floor` is laid over the strict one, and `weaker` says in what the two differ.
    """
    image: str = "discoverable"
    flavour: str = "cloud"
    modules_of: str = ""
    volume: Volume | None = None    # in place of the image's /usr
    signed: Edit = same
    section: Edit = same
    floor: Floor = field(default_factory=dict)
    addons: tuple[Addon, ...] = ()  # whose digests the builder writes into the floor
    planted: dict[str, bytes | None] = field(default_factory=dict)
    signer: str = SIGNER
    sections: dict[str, bytes] = field(default_factory=dict)    # of the UKI, beside the usual ones
    profiles: tuple[str, ...] = ()  # of the UKI, behind the first: what each adds to the line
    uki: Callable[[Path], bytes] | None = None      # what becomes of the signed UKI's bytes
    medium: Medium = Medium()
    extra_disks: Callable[[], tuple[Path, ...]] = tuple
    variables: tuple[Variable, ...] = ()
    certificates: tuple[str, ...] = (SIGNER,)   # of these signers the floor takes signatures of the root hash
    policies: tuple[Policy, ...] = ()           # of IPE, in the initramfs and named in the floor
    smbios: tuple[str, ...] = ()
    smbios_cmdline: str | None = None
    fw_cfg: dict[str, bytes] = field(default_factory=dict)
    bad_sectors: Callable[[Image], tuple[int, ...]] = lambda _: ()
    bus: str = "virtio-blk"
    firmware: bool = True           # False: the kernel is started directly, and the floor allows what firmware gives
    secure_boot: bool = True
    tpm: bool = True
    knows_tpm: bool = False         # a TPM with a persistent key, which the floor names unless it names another
    features: tuple[str, ...] = ()      # beside those of the image
    only_features: tuple[str, ...] = () # in place of them, with firmware
    devices: tuple[str, ...] = ()
    memory: str = "512"
    cpus: int = 1
    timeout: float = 240

    def prepare(self, name: str, room: Room) -> BootSpec:
        return self._with_firmware(name, room) if self.firmware else self._without_firmware(name, room)

    def direct_parts(self, name: str, room: Room) -> tuple[Path, Path, str]:
        """Of a boot without firmware: disk, initramfs and command line."""
        image = parts.image(self.image)
        baked, floor = self._baked(image), self.full_floor()
        # One for all rows that differ by the disk or the line alone.
        is_plain = (baked == image.cmdline and floor == replace(self, floor={}).full_floor() and
                    not (self.planted or self.features or self.policies))
        initrd = Initrd(name=f"fast-{self.image}-{self.flavour}" if is_plain else name, init=room.init, flavour=self.flavour,
                        cmdline=baked, floor=floor, features=(*VARIANTS[self.image].features, *self.features),
                        options=(*self._certificates(), *self._policies()), planted=self._planted()).make()
        words = [self.section(baked), *([self.smbios_cmdline] if self.smbios_cmdline else [])]
        medium = self.medium
        if self.volume is not None:
            volume = self.volume
            medium = replace(medium, content=lambda: volume.make()[0])
        return medium.make(image, None, room.out / "boot.raw"), initrd, " ".join(words)

    def _without_firmware(self, name: str, room: Room) -> BootSpec:
        """Whoever adds a word there does so in a boot menu."""
        image, kernel = parts.image(self.image), parts.kernel(self.flavour)
        disk, initrd, line = self.direct_parts(name, room)
        return BootSpec(out=room.out, disk=disk, kernel=kernel.vmlinuz, initrd=initrd, append=line, tpm=self.tpm,
                        bus=self.bus, extra_disks=self.extra_disks(), bad_sectors=self.bad_sectors(image),
                        memory=self.memory, cpus=self.cpus, timeout=self.timeout)

    def _baked(self, image: Image) -> str:
        line = image.cmdline
        if self.volume is not None:
            pin = self.volume.pin().partition("=")[2]
            line = changed(**{"usrhash": self.volume.make()[1], "init.verity": pin})(line)
        return self.signed(line)

    def boot_disk(self, name: str, room: Room) -> Path:
        """Of a boot with firmware: the UKI and what is beside it are on its ESP."""
        image = parts.image(self.image)
        uki = self._uki(name, image, room)
        medium = self.medium
        if self.volume is not None:
            volume = self.volume
            medium = replace(medium, content=lambda: bootable.disk(volume))
        return medium.make(image, uki, room.out / "boot.raw")

    def _with_firmware(self, name: str, room: Room) -> BootSpec:
        image = parts.image(self.image)
        disk = self.boot_disk(name, room)
        store = of_second_boot(image) if self.secure_boot else not_enrolled()
        if self.variables:
            store = planted(store, self.variables, room.out / "planted.fd")
        return BootSpec(out=room.out, disk=disk, vars=store,
                        secure_boot=self.secure_boot, tpm=self.tpm,
                        tpm_state=known_tpm.copy(room.out / "tpm") if self.knows_tpm else None,
                        bus=self.bus, extra_disks=self.extra_disks(), smbios_cmdline=self.smbios_cmdline,
                        smbios_strings=self.smbios, fw_cfg=self._fw_cfg(room), bad_sectors=self.bad_sectors(image),
                        devices=self.devices, memory=self.memory, cpus=self.cpus, timeout=self.timeout)

    def full_floor(self) -> Floor:
        strict = _strict()
        if not self.firmware:
            strict.update(WITHOUT_FIRMWARE)
        return {**strict, **read_floor(VARIANTS[self.image].floor_path), **self.floor}

    @property
    def weaker(self) -> list[str]:
        """What the machine lacks, every line of the floor that the strict one has otherwise, and every further certificate."""
        lacks = {"direct-kernel": not self.firmware, "no-secure-boot": not (self.firmware and self.secure_boot),
                 "no-tpm": not self.tpm}
        strict = floor_lines(_strict())
        lines = [*floor_lines(self.full_floor()), *(f"addon={addon.digest}" for addon in self.addons),
                 *(f"certificate={signer}" for signer in self.certificates if signer != SIGNER),
                 *(["tpm-ek=(of this TPM)"] if self.knows_tpm and "tpm-ek" not in self.floor else [])]
        return [*(word for word, is_so in lacks.items() if is_so),
                *(f"floor {shown(line)}" for line in lines if line not in strict)]

    def _uki(self, name: str, image: Image, room: Room) -> Path:
        baked = self._baked(image)
        section = self.section(baked)
        floor = self.full_floor()
        # One for all rows that differ by the disk, the firmware or SMBIOS alone.
        is_plain = (self.certificates == (SIGNER,) and self.signer == SIGNER and baked == section == image.cmdline and
                    floor == replace(self, floor={}).full_floor() and
                    not (self.modules_of or self.features or self.only_features or self.planted or self.addons or self.knows_tpm or self.sections or
                         self.profiles or self.policies))
        if self.knows_tpm:
            floor.setdefault("tpm-ek", known_tpm.key_name())
        addons = [word for addon in self.addons for word in ("--addon", str(addon.make()))]
        uki = Uki(name=f"strict-{self.image}-{self.flavour}" if is_plain else name, image=image,
                  kernel=parts.kernel(self.flavour), flavour=self.modules_of or self.flavour, init=room.init,
                  baked=baked, section=section,
                  floor=floor, builder=(*self._certificates(), *self._policies(), *addons), features=self.features, only_features=self.only_features,
                  planted=self._planted(),
                  signer=self.signer, sections=self.sections, profiles=self.profiles).make()
        if self.uki is None:
            return uki
        path = room.out / "changed.efi"
        path.write_bytes(self.uki(uki))
        return path

    def _certificates(self) -> list[str]:
        return [word for signer in self.certificates for word in ("--certificate", str(signatures.key_of(signer)[1]))]

    def _planted(self) -> dict[str, bytes | None]:
        names = {"release": parts.kernel(self.flavour).release, "certificate": signatures.digest_of(SIGNER),
                 "ipe": self.policies[0].digest(self.root_hash()) if self.policies else ""}
        return {path.format(**names): content for path, content in self.planted.items()}

    def root_hash(self) -> str:
        return self.volume.make()[1] if self.volume is not None else parts.image(self.image).root_hash

    def _policies(self) -> list[str]:
        return [word for policy in self.policies for word in ("--ipe-policy", str(policy.make(self.root_hash())))]

    def _fw_cfg(self, room: Room) -> tuple[tuple[str, Path], ...]:
        files = []
        for i, (name, content) in enumerate(self.fw_cfg.items()):
            path = room.out / f"fw_cfg-{i}"
            path.write_bytes(content)
            files.append((name, path))
        return tuple(files)


def shown(line: str) -> str:
    key, _, value = line.partition("=")
    return f"{key}={value if len(value) <= SHOWN_MAX else value[:SHOWN_MAX] + '…'}"


@dataclass(frozen=True)
class Tamper:
    """`what` says in words what is changed; `expect` is result, or stage/class/code of a refusal. `says` must stand in the
    verdict's message, `panic` in the kernel's; `looks` are further checks of the finding."""
    name: str
    what: str
    expect: str
    setup: Setup = Setup()
    says: tuple[str, ...] = ()
    panic: str = ""
    waits: float = 0
    drive: Callable[[Machine], Outcome] = Machine.outcome
    looks: tuple[Callable[[Finding, Room], None], ...] = ()
    seconds: int = 15
    is_long: bool = False           # only in tools/check --all

    @property
    def layout(self) -> str:
        return self.setup.image

    @property
    def weaker(self) -> list[str]:
        return self.setup.weaker

    def run(self, room: Room) -> Finding:
        spec = self.setup.prepare(self.name, room)
        with Machine(spec) as machine:
            outcome = self.drive(machine)
        finding = Finding(outcome, relaxed=self.weaker)
        finding.expect("what the machine lacks", spec.relaxed, [word for word in self.weaker if word in spec.relaxed])
        self._judge(finding, room)
        for look in self.looks:
            look(finding, room)
        return finding

    def _judge(self, finding: Finding, room: Room) -> None:
        outcome = finding.outcome
        if "/" not in self.expect:
            finding.expect("result", self.expect, outcome.result)
            if self.panic:
                finding.expect_in("panic", (self.panic,), outcome.panic or "")
                finding.expect("verdict", None, outcome.verdict)
            return
        finding.expect("result", REFUSED, outcome.result)
        finding.expect("stage/class/code", self.expect, f"{outcome.stage}/{outcome.fail_class}/{outcome.code}")
        finding.expect_in("message", self.says, outcome.message)
        finding.expect("panic", None, outcome.panic)
        if outcome.stage == "firmware":
            return
        finding.expect("action taken", outcome.action, outcome.acted)
        console = (room.out / "serial.log").read_text(errors="replace").partition("verinit: verdict")[0]
        finding.expect_in("console", (f"verinit[{outcome.stage}]: {outcome.message[:60]}", ". Remedy: "), console)
        waited = outcome.marks.get("acted", 0) - outcome.marks.get("verdict", 0)
        if self.waits and not waited >= self.waits - 0.5:
            finding.problems.append(f"pause before the reset: expected {self.waits} s, saw {waited:.1f} s")


def row(name: str, what: str, expect: str, *says: str, waits: float = 0, panic: str = "", seconds: int = 15,
        drive: Callable[[Machine], Outcome] = Machine.outcome,
        looks: tuple[Callable[[Finding, Room], None], ...] = (), **setup: Any) -> Tamper:
    return Tamper(name, what, expect, Setup(**setup), says, panic, waits, drive, looks, seconds)


def rare(tamper: Tamper) -> Tamper:
    """For tools/check --all: a row beside it has the same code, on the same layout, by the same kind of cause."""
    return replace(tamper, is_long=True)


def fast(name: str, what: str, expect: str, *says: str, tpm: bool = False, **setup: Any) -> Tamper:
    """As row(), but without firmware: for a code that another row raises under firmware, or that only the lack of it shows."""
    return row(name, what, expect, *says, seconds=6, firmware=False, tpm=tpm, **setup)


__all__ = ["BOOTED", "Medium", "PANICKED", "REFUSED", "Setup", "Tamper", "Variable", "fast", "rare", "row"]
