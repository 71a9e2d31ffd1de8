# SPDX-License-Identifier: LGPL-2.1-or-later
"""Unified kernel images: initrd, ukify, the PCR 11 that they predict."""

import json
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from .debian import run
from .store import TOP, BuildError, Store, file_digest, sources
from .toolstree import Tools, host
from .variants import Variant

STUB = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"
BANKS = ("sha1", "sha256", "sha384", "sha512")
# The phase path of a booted host.
READY = "enter-initrd:leave-initrd:sysinit:ready"

VERINIT = TOP / "build" / "release" / "verinit"
INIT = TOP / "build" / "release" / "init"


@dataclass(frozen=True)
class InitrdMaker:
    """Where initrds come from: PREBUILT as it is, or COMMAND with verinit's own arguments."""

    command: str = ""
    prebuilt: Path | None = None

    def inputs(self) -> dict[str, str]:
        if self.prebuilt:
            return {"prebuilt": file_digest(self.prebuilt)}
        if self.command:
            program = Path(shlex.split(self.command)[0])
            return {"command": self.command,
                    "program": file_digest(program) if program.is_file() else ""}
        for program in (VERINIT, INIT):
            if not program.exists():
                raise BuildError(f"{program} is not built: cmake --build --preset release")
        return {"verinit": file_digest(VERINIT), "init": file_digest(INIT)}

    def make(self, variant: Variant, modules: Path, cmdline: Path, certificate: Path, out: Path) -> None:
        if self.prebuilt:
            shutil.copyfile(self.prebuilt, out)
            return
        words = shlex.split(self.command) or [str(VERINIT), "initrd", "build"]
        features = [f"--feature={name}" for name in variant.features]
        run([*words, "--init", INIT, "--modules-dir", modules, *features,
             "--cmdline", f"@{cmdline}", "--floor", variant.floor_path, "--certificate", certificate, "--output", out])


def uki(store: Store, tools: Tools, maker: InitrdMaker, variant: Variant, cmdline: str,
        node_dir: Path, kernel_dir: Path, certificate: Path) -> Path:
    """Directory with node.unsigned.efi, initrd and pcr11.json. CERTIFICATE is whose key may sign root hashes."""
    release = (kernel_dir / "release").read_text()

    def build(out: Path) -> None:
        # No line feed at the end: the section is measured as it is, the kernel sees it trimmed.
        (out / "cmdline").write_text(cmdline)
        maker.make(variant, kernel_dir / "lib/modules" / release, out / "cmdline", certificate, out / "initrd")
        # systemd-measure writes the headings of its values to standard error.
        text = tools.run(
            ["sh", "-c", 'exec "$@" 2>&1', "sh", "ukify", "build", "--linux", host(kernel_dir / "vmlinuz"),
             "--initrd", host(out / "initrd"), "--cmdline", f"@{host(out / 'cmdline')}",
             "--os-release", f"@{host(node_dir / 'os-release')}", "--uname", release,
             "--stub", STUB, "--measure",
             f"--pcr-banks={','.join(BANKS)}",
             "--output", host(out / "node.unsigned.efi")])
        (out / "pcr11.json").write_text(json.dumps(_predictions(text), indent=1) + "\n")

    inputs = {"maker": maker.inputs(), "certificate": file_digest(certificate), "floor": file_digest(variant.floor_path),
              "features": variant.features, "cmdline": cmdline, "kernel": release,
              "kernels": kernel_dir.parent.name, "tools": tools.tree.parent.name,
              "os-release": file_digest(node_dir / "os-release"), "sources": sources("uki")}
    return store.stage(f"uki-{variant.name}-{kernel_dir.name}", inputs, build)


def components(image: Path, policy: Path, scratch: Path) -> Path:
    """What systemd-pcrlock has to know of a UKI: a directory in SCRATCH."""
    measurements, out = scratch / "measurements.json", scratch / "pcrlock.d"
    run([VERINIT, "measure", "predict", "--quiet", "--uki", image, "--policy", policy, "--output", measurements])
    run([VERINIT, "measure", "export", "--format", "pcrlock", "--measurements", measurements, "--output", out])
    return out


def _predictions(text: str) -> dict[str, dict[str, str]]:
    """PCR 11 per phase path and bank, as systemd-measure prints them."""
    found: dict[str, dict[str, str]] = {}
    phase = ""
    for line in text.splitlines():
        if heading := re.fullmatch(r"# PCR\[11\] Phase <(.*)>", line):
            phase = heading[1]
        elif value := re.fullmatch(r"11:(sha\d+)=([0-9a-f]+)", line):
            found.setdefault(phase, {})[value[1]] = value[2]
    if set(found.get(READY, {})) != set(BANKS):
        raise BuildError(f"ukify predicted no PCR 11 for {READY} in {BANKS}:\n{text}")
    return found
