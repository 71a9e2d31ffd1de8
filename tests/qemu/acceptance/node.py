# SPDX-License-Identifier: LGPL-2.1-or-later
"""One boot of a whole Debian with a UKI that has a signed PCR 11 policy: its files are what the tests with numbers ask.

The disk `acceptance` tells the host's report what else to do there: tests/qemu/guest/acceptance.sh.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from imagelib.build import Places
from imagelib.debian import Debian
from imagelib.disk import COMPONENTS
from imagelib.image import Image
from imagelib.store import Store, file_digest
from imagelib.toolstree import Tools
from imagelib.uki import BANKS, STUB, components
from imagelib.verifiers import verifiers
from machine.disk import BOOT_PATH
from machine.spec import BootSpec
from machine.vm import boot
from rows import parts
from rows.fallback import Esp, sign
from rows.row import Finding, Room

GUEST = Path(__file__).resolve().parents[1] / "guest"
POISON = parts.TOP / "build/release/poison"
VOLUMES = ("11", "13", "07")
KEY = b"a key that only the tests have\n"
MIB = 1 << 20


def outside() -> Tools:
    """What verifiers have: made when it is first asked for."""
    places = Places()
    shared = Store(places.shared)
    return verifiers(Debian(shared, places.debs), shared)


def signed_uki(image: Image) -> Path:
    """The image's own kernel, initramfs and command line, with what ukify adds for a PCR key."""
    kernel = image.kernels["cloud"]
    inputs = {"initrd": file_digest(kernel.initrd), "kernel": file_digest(kernel.vmlinuz), "cmdline": image.cmdline,
              "key": file_digest(image.db_cert), "source": file_digest(Path(__file__))}

    def build(out: Path) -> None:
        (out / "cmdline").write_text(image.cmdline)
        private, public = out / "pcr.key", out / "pcr.pem"
        parts.run(["openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", private])
        parts.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public])
        outside().run(["ukify", "build", "--linux", parts.inside(kernel.vmlinuz), "--initrd", parts.inside(kernel.initrd),
                       "--cmdline", f"@{parts.inside(out / 'cmdline')}", "--uname", kernel.release, "--stub", STUB,
                       "--os-release", "ID=verinit-test", f"--pcr-banks={','.join(BANKS)}",
                       "--pcr-private-key", parts.inside(private), "--pcr-public-key", parts.inside(public),
                       "--output", parts.inside(out / "unsigned.efi")])
        sign(out / "unsigned.efi", out / "node.efi")
        (out / "unsigned.efi").unlink()
    return parts.store().stage("acceptance-uki", inputs, build) / "node.efi"


def policy_of(image: Image) -> Path:
    """The SELinux policy that was packed into this image's /usr."""
    for found in sorted(parts.IMAGES.glob("stages/node-*/policy")):
        if file_digest(found) == image.policy_sha256:
            return found
    raise parts.Trouble(f"no stage of {parts.IMAGES} has the policy of {image.variant}: run tests/qemu/image build --all")


def volumes() -> tuple[Path, ...]:
    """LUKS2, each with one key slot of a key file; a fast one, since it is no secret."""
    def build(out: Path) -> None:
        (out / "key").write_bytes(KEY)
        for name in VOLUMES:
            file = out / f"{name}.luks"
            file.write_bytes(bytes(24 * MIB))
            parts.run(["cryptsetup", "luksFormat", "--batch-mode", "--type", "luks2", "--pbkdf", "pbkdf2",
                       "--pbkdf-force-iterations", "1000", "--uuid", f"3b0c8f3e-0000-4000-8000-0000000000{name}",
                       file, out / "key"])
    made = parts.store().stage("acceptance-volumes", {"source": file_digest(Path(__file__))}, build)
    return tuple(made / f"{name}.luks" for name in VOLUMES)


def errands() -> Path:
    """The disk that the host's report looks for."""
    script = GUEST / "acceptance.sh"
    if not POISON.exists():
        raise parts.Trouble(f"{POISON} is not built: cmake --build --preset release")
    inputs = {"script": file_digest(script), "poison": file_digest(POISON), "source": file_digest(Path(__file__))}

    def build(out: Path) -> None:
        tree = out / "tree"
        tree.mkdir()
        for name, content in (("run", script.read_bytes()), ("poison", POISON.read_bytes()), ("key", KEY)):
            (tree / name).write_bytes(content)
        (tree / "poison").chmod(0o755)
        (tree / "key").chmod(0o600)
        parts.run(["mkfs.ext4", "-q", "-L", "acceptance", "-d", tree, out / "disk.raw", "64M"])
    return parts.store().stage("acceptance-errands", inputs, build) / "disk.raw"


def disk_with(image: Image, uki: Path, target: Path) -> Path:
    """The image's disk with this UKI, and what systemd-pcrlock has to know of it."""
    esp = Esp(image.copy(target))
    esp.put(uki, BOOT_PATH)
    with TemporaryDirectory(dir=target.parent) as scratch:
        for file in components(uki, policy_of(image), Path(scratch)).iterdir():
            esp.put(file, f"{COMPONENTS}/{file.name}")
    return target


def measurements(uki: Path, policy: Path, out: Path) -> None:
    parts.run([parts.VERINIT, "measure", "predict", "--quiet", "--uki", uki, "--policy", policy, "--output", out])


@dataclass(frozen=True)
class Node:
    name: str = "accept-node"
    seconds: int = 150

    def run(self, room: Room) -> Finding:
        image = parts.image("discoverable")
        uki = signed_uki(image)
        measurements(uki, policy_of(image), room.out / "measurements.json")
        disk = disk_with(image, uki, room.out / "node.raw")
        outcome = boot(BootSpec(out=room.out, disk=disk, extra_disks=(errands(), *volumes()), timeout=850, report_grace=700))
        disk.unlink()
        finding = Finding(outcome, relaxed=outcome.relaxed)
        finding.expect("result", "booted", outcome.result)
        if outcome.result == "booted":
            finding.expect("steps.txt in the report", True, "steps.txt" in outcome.report)
            state = json.loads(outcome.report["boot.json"])["tpm"]["state"]
            finding.expect("boot.json tpm.state", "measured", state)
        return finding
