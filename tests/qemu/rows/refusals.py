# SPDX-License-Identifier: LGPL-2.1-or-later
"""What PID 1 must refuse. A row is named by the stage that ends the boot and by what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable

from imagelib.image import Image
from machine.vm import boot

from . import parts, tamper, volumes
from .row import Finding, Room
from .setup import Setup
from .volumes import Volume
from .words import Edit, added, both, changed, without

# A refusal that waits ten seconds shows nothing more than one that does not; one row keeps the wait.
QUICK = {"tpm": "allow", "failure-delay": "0", "failure-delay-max": "0"}
DEFAULT_DELAY = 10
# Of init.verity=, behind the algorithm.
SOME_TREE = "4096:4096:1:1:-:1b0e7b5a-6f9c-4a39-a2d1-0c8f4b8c7e11"


@dataclass(frozen=True)
class Refusal:
    """`expect` is stage/class/code; `says` must stand in the message; `waits` is the pause before the reset."""
    name: str
    expect: str
    setup: Setup
    says: tuple[str, ...] = ()
    waits: float = 0
    seconds: int = 6

    def run(self, room: Room) -> Finding:
        prepared = self.setup.prepare(self.name, room)
        finding = Finding(boot(prepared.spec), relaxed=prepared.relaxed)
        outcome = finding.outcome
        finding.expect("result", "refused", outcome.result)
        finding.expect("stage/class/code", self.expect,
                       f"{outcome.stage}/{outcome.fail_class}/{outcome.code}")
        finding.expect("action announced", "reboot", outcome.action)
        finding.expect("action taken", "reboot", outcome.acted)
        finding.expect("panic", None, outcome.panic)
        finding.expect_in("message", self.says, outcome.message)
        self._check_line_for_people(finding, (room.out / "serial.log").read_text(errors="replace"))
        self._check_wait(finding)
        return finding

    def _check_line_for_people(self, finding: Finding, console: str) -> None:
        """Object and cause, then the remedy, before the machine line."""
        begin = f"verinit[{finding.outcome.stage}]: {finding.outcome.message[:60]}"
        before = console.partition("verinit: verdict")[0]
        finding.expect_in("console", (begin, ". Remedy: "), before)

    def _check_wait(self, finding: Finding) -> None:
        marks = finding.outcome.marks
        waited = marks.get("acted", 0) - marks.get("verdict", 0)
        # The host may be slow, never fast.
        if self.waits and not waited >= self.waits - 0.5:
            finding.problems.append(f"pause before the reset: expected {self.waits} s, saw {waited:.1f} s")


def refused(name: str, expect: str, *says: str, floor: dict[str, str] | None = None, waits: float = 0,
            seconds: int = 6, **setup: Any) -> Refusal:
    return Refusal(name, expect, Setup(floor={**QUICK, **(floor or {})}, **setup), says, waits, seconds)


def on_volume(name: str, expect: str, *says: str, volume: Volume, **setup: Any) -> Refusal:
    """A small volume in place of the image's /usr."""
    edits = [lambda line: changed(usrhash=volume.make()[1])(line), setup.pop("baked", lambda line: line)]
    disk = setup.pop("disk", lambda *_: volume.make()[0])
    return refused(name, expect, *says, baked=both(*edits), disk=disk, **setup)


def pinned(image: str = "discoverable", blocks: int = 0) -> Edit:
    """The image's geometry on the line; BLOCKS more, or less."""
    def edit(line: str) -> str:
        made = parts.image(image)
        return added(replace(made, data_blocks=made.data_blocks + blocks).pin)(line)
    return edit


def damaged(name: str, expect: str, *says: str, disk: Callable[[Image, Path], Path], **setup: Any) -> Refusal:
    return refused(name, expect, *says, disk=disk, **setup)


def other_disk(_: Image, __: Path) -> Path:
    return volumes.NO_POLICY.make()[0]


def too_long(line: str) -> str:
    """As much as the kernel keeps (x86: 2048 with the NUL): nobody can tell that it was not more."""
    return f"{line} pad=".ljust(2047, "x")


CONFIG = [
    refused("config-no-root-hash", "config/CONFIG/root-hash-missing", "no usrhash=", read=without("usrhash")),
    refused("config-root-on-verity", "config/CONFIG/root-on-verity-unsupported", "roothash=",
            read=added("roothash=" + "ab" * 32)),
    refused("config-enforcing-off", "config/CONFIG/cmdline-weakening", "enforcing=0",
            read=changed(enforcing="0")),
    refused("config-root-not-in-floor", "config/CONFIG/floor-refuses", "root=LABEL=ROOT",
            read=changed(root="LABEL=ROOT")),
    refused("config-key-unknown", "config/CONFIG/cmdline-unknown-key", "init.shell", read=added("init.shell=1")),
    refused("config-hash-twice", "config/CONFIG/cmdline-duplicate-key", "usrhash",
            read=added("usrhash=" + "00" * 32)),
    refused("config-hash-not-hex", "config/CONFIG/cmdline-bad-value", "usrhash=zz", read=changed(usrhash="zz")),
    refused("config-usr-elsewhere", "config/CONFIG/cmdline-contradiction", "mount.usr=/dev/vda2",
            read=added("mount.usr=/dev/vda2")),
    refused("config-debug-shell", "config/CONFIG/cmdline-dangerous", "systemd.debug_shell: it starts a root shell",
            read=added("systemd.debug_shell")),
    # What the builder packs is pinned, or it would not pack it; what the kernel gets is not.
    refused("config-not-pinned", "config/UNVERIFIED/geometry-not-pinned", "no init.verity=",
            baked=added(f"init.verity=1:sha256:{SOME_TREE}"), read=without("init.verity"),
            floor={"pinned-geometry": "require"}),
    refused("config-pin-of-another-tree", "config/CONFIG/cmdline-contradiction", "usrhash= is no sha512",
            read=added(f"init.verity=1:sha512:{SOME_TREE}")),
    refused("config-cmdline-cut-off", "config/CONFIG/cmdline-too-long", "2047", read=too_long),
    refused("config-quote-open", "config/CONFIG/cmdline-malformed", "quote", read=added('foo="bar')),
    # The floor is what says how long to wait; another's is not obeyed in that either.
    refused("config-floor-planted", "config/TAMPER/floor-digest-mismatch", "/etc/verinit/floor.conf has the SHA-256",
            planted={"etc/verinit/floor.conf": b"tpm=allow\nroot=unverified\nfailure-delay=0\n"}, waits=DEFAULT_DELAY,
            seconds=12),
    refused("config-floor-hidden", "config/TAMPER/floor-digest-mismatch", "EISDIR",
            planted={"etc/verinit/floor.conf": None}, waits=DEFAULT_DELAY, seconds=12),
]

EARLY = [
    refused("probe-modules-of-other-kernel", "probe/CONFIG/module-table-malformed", "-cloud-amd64",
            kernel="generic", modules_of="cloud"),
    refused("probe-feature-not-packed", "probe/CONFIG/module-missing", "squashfs",
            read=changed(**{"mount.usrfstype": "squashfs"})),
    refused("probe-module-damaged", "probe/SYSTEM/module-load-failed", "virtio_blk",
            planted={"lib/modules/{release}/kernel/drivers/block/virtio_blk.ko": b"no module\n"}),
    refused("probe-watchdog-absent", "probe/SYSTEM/watchdog-failed", "cannot open /dev/watchdog0", "watchdog=30",
            floor={"watchdog": "30"}),
    refused("prove-word-added", "prove/TAMPER/cmdline-not-baked", "'audit=0' was added", read=added("audit=0")),
    refused("prove-word-removed", "prove/TAMPER/cmdline-not-baked", "where 'quiet' was signed",
            read=without("quiet")),
    refused("probe-modules-planted", "probe/TAMPER/floor-file-mismatch", "/etc/verinit/modules has the SHA-256",
            planted={"etc/verinit/modules": b"verinit-modules 1 {release}\n"}),
    # What is compared with is another's too.
    refused("prove-cmdline-planted", "prove/TAMPER/floor-file-mismatch", "/etc/verinit/cmdline has the SHA-256",
            read=added("single"), planted={"etc/verinit/cmdline": b"quiet single"}),
    refused("prove-nothing-baked", "prove/UNVERIFIED/baked-cmdline-missing", "etc/verinit/cmdline",
            planted={"etc/verinit/cmdline": None}),
    refused("enter-no-tpm", "enter/UNVERIFIED/tpm-absent", "no TPM 2.0", floor={"tpm": "require"}),
    refused("enter-tpm-unmeasured", "enter/UNVERIFIED/tpm-unmeasured", "no UEFI boot",
            floor={"tpm": "require"}, tpm=True),
    refused("find-disk-missing", "find/ABSENT/device-absent",
            "PARTUUID=b3a4c5d6-0003-4000-8000-000000000003 (data of /usr)",
            "PARTUUID=b3a4c5d6-0004-4000-8000-000000000004 (hash tree of /usr)",
            "not found within 3 s", "seen: sda ", " sda1 PARTUUID=", " PARTLABEL=usr-verity",
            image="explicit", disk=other_disk, bus="virtio-scsi", baked=added("init.timeout=3"), seconds=9),
    refused("plan-data-is-tree", "plan/CONFIG/plan-impossible", "give hash-offset=", image="explicit",
            baked=changed(**{"systemd.verity_usr_hash": "PARTUUID=b3a4c5d6-0003-4000-8000-000000000003"})),
    refused("plan-ipe-required", "plan/UNVERIFIED/ipe-absent", "ipe=require", floor={"ipe": "require"}),
    refused("plan-selinux-not-selected", "plan/UNVERIFIED/selinux-absent", "does not run SELinux",
            baked=without("security")),
]

VERIFY = [
    damaged("verify-first-data-block", "verify/TAMPER/data-corrupt", "vda2", "data block 0",
            disk=tamper.flip(tamper.first_data_block)),
    damaged("verify-last-data-block", "verify/TAMPER/data-corrupt", "sda2", "data block ",
            image="explicit", disk=tamper.flip(tamper.last_data_block), bus="ahci"),
    damaged("verify-tree-root-block", "verify/TAMPER/root-hash-mismatch", "nvme0n1p3",
            image="explicit", disk=tamper.flip(tamper.root_block), bus="nvme"),
    damaged("verify-tree-lowest-level", "verify/TAMPER/hash-tree-corrupt", "vda2",
            image="inline", disk=tamper.flip(tamper.lowest_level)),
    damaged("verify-superblock-magic", "verify/TAMPER/superblock-invalid", "no magic",
            disk=tamper.flip(tamper.magic)),
    damaged("verify-superblock-salt", "verify/TAMPER/root-hash-mismatch", "vda3",
            disk=tamper.flip(tamper.salt)),
    damaged("verify-superblock-fewer-blocks", "verify/TAMPER/superblock-invalid", "was lowered",
            disk=tamper.fewer_blocks),
    # Signed and wrong: with explicit devices, as otherwise the hash names partitions that are not there.
    refused("verify-wrong-root-hash", "verify/TAMPER/root-hash-mismatch", "vda3", image="explicit",
            baked=changed(usrhash="5a" * 32)),
    # Signed text says the geometry: any difference of the superblock is fatal, and named.
    damaged("verify-pinned-fewer-blocks", "verify/TAMPER/geometry-mismatch", "number of data blocks is ", "pinned is ",
            baked=pinned(), disk=tamper.fewer_blocks),
    damaged("verify-pinned-magic", "verify/TAMPER/geometry-mismatch", "no magic", "superblock=no",
            baked=pinned(), disk=tamper.flip(tamper.magic)),
    damaged("verify-pinned-uuid", "verify/TAMPER/geometry-mismatch", "its UUID is ",
            baked=pinned(), disk=tamper.flip(tamper.uuid)),
    # Signed and wrong, on a disk that goes with it: the tree knows better.
    damaged("verify-pinned-lowered", "verify/TAMPER/geometry-mismatch", "the number was lowered",
            baked=pinned(blocks=-1), disk=tamper.fewer_blocks),
    on_volume("verify-size-unknown", "verify/UNVERIFIED/size-unknown", "holds no erofs, ext4 or squashfs",
              volume=volumes.EMPTY),
    on_volume("verify-size-differs", "verify/TAMPER/size-mismatch", "but its erofs has", volume=volumes.PADDED),
]

MAC = [
    on_volume("usr-not-a-file-system", "usr/SYSTEM/usr-mount-failed", "/dev/mapper/usr as erofs",
              volume=volumes.EXT2),
    on_volume("usr-type-unknown", "usr/CONFIG/usr-fstype-unknown", "/dev/mapper/usr",
              volume=volumes.EXT2, baked=without("mount.usrfstype")),
    # Pinned, beside a superblock and without one: no file system is asked for its size, and the kernel takes the table.
    on_volume("usr-pinned-not-a-file-system", "usr/SYSTEM/usr-mount-failed", "/dev/mapper/usr as erofs",
              volume=volumes.EMPTY, baked=lambda line: added(volumes.EMPTY.pin())(line)),
    on_volume("usr-no-superblock", "usr/SYSTEM/usr-mount-failed", "/dev/mapper/usr as erofs", volume=volumes.EMPTY,
              baked=lambda line: added(f"systemd.verity_usr_options={volumes.EMPTY.options()}")(line),
              disk=lambda _, out: volumes.EMPTY.without_superblock(out / "damaged.raw")),
    # The policy's configuration lies in a damaged block: read through the mapping, the parity has put it right.
    on_volume("mac-fec-has-corrected", "mac/CONFIG/policy-missing", "no policy.N", volume=volumes.FEC,
              baked=added(f"systemd.verity_usr_options=fec-device=PARTUUID={volumes.FEC_GUID}"),
              disk=lambda _, out: volumes.damaged(volumes.FEC, volumes.BLOCK_OF_CONFIG, out / "damaged.raw")),
    on_volume("verify-fec-elsewhere", "verify/CONFIG/fec-unfit", "does not end on a device", volume=volumes.FEC,
              baked=added(f"systemd.verity_usr_options=fec-device=PARTUUID={volumes.FEC_GUID},fec-offset=1048576")),
    on_volume("mac-policy-missing", "mac/CONFIG/policy-missing", "etc/selinux/default", "no policy.N",
              volume=volumes.NO_POLICY),
    on_volume("mac-policy-too-new", "mac/CONFIG/policy-version-unsupported", "policy.34", "up to 33",
              volume=volumes.NEW_POLICY),
    on_volume("mac-policy-ambiguous", "mac/CONFIG/policy-ambiguous", "policy.33 and policy.32",
              volume=volumes.TWO_POLICIES),
    on_volume("mac-policy-not-loadable", "mac/SYSTEM/policy-load-failed", "policy.33",
              volume=volumes.BAD_POLICY),
    on_volume("mac-config-permissive", "mac/CONFIG/policy-config-weak", "SELINUX=permissive",
              volume=volumes.PERMISSIVE, baked=without("enforcing")),
]

ESP = "PARTUUID=b3a4c5d6-0001-4000-8000-000000000001"
ANY_ROOT = {"root": "unverified"}

ROOT = [
    refused("root-label-absent", "root/ABSENT/root-absent", "LABEL=NOWHERE (root)", "seen: ",
            floor=ANY_ROOT, baked=both(changed(root="LABEL=NOWHERE"), added("init.timeout=1")), seconds=9),
    refused("root-wrong-type", "root/SYSTEM/root-mount-failed", "as erofs", floor=ANY_ROOT,
            baked=both(changed(root=ESP), added("rootfstype=erofs")), seconds=8),
    refused("root-type-unknown", "root/CONFIG/root-fstype-unknown", "/dev/vda1", floor=ANY_ROOT,
            baked=changed(root=ESP), seconds=8),
    refused("root-unsafe", "root/TAMPER/root-unsafe", "/lib64 of the root is a file or directory", floor=ANY_ROOT,
            extra_disks=lambda: (volumes.foreign_root(),),
            image="discoverable-ext4", baked=changed(root="LABEL=FOREIGN"), seconds=8),
    # What systemd-creds makes with --with-key=null: systemd opens it where there is no TPM, and it may bring a unit.
    refused("record-credential-of-no-key", "record/UNVERIFIED/credential-refused", "was not sealed",
            floor={"credentials": "esp-encrypted"}, seconds=12,
            planted={".extra/credentials/systemd.extra-unit.odd.service.cred": b"BYRp2vb1QySABUnaD46i+wAAAAA=\n"}),
    refused("handoff-init-missing", "handoff/CONFIG/init-missing", "/usr/lib/systemd/nobody",
            baked=added("init=/usr/lib/systemd/nobody"), seconds=8),
    refused("handoff-init-unverified", "handoff/CONFIG/init-unverified", "/etc/passwd",
            baked=added("init=/etc/passwd"), seconds=8),
    # After the switch there is no way back; there is still a verdict and a reset.
    refused("handoff-init-not-a-program", "handoff/SYSTEM/exec-failed", "/usr/lib/os-release",
            baked=added("init=/usr/lib/os-release"), seconds=8),
]


REFUSALS = [*CONFIG, *EARLY, *VERIFY, *MAC, *ROOT]
