# SPDX-License-Identifier: LGPL-2.1-or-later
"""Unified kernel images made for a row, as an image builder would make them; and add-ons."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from imagelib.image import Image, Kernel
from imagelib.store import file_digest
from imagelib.uki import STUB
from imagelib.variants import VARIANTS
from rows import parts, signatures
from rows.initrd import Floor, Initrd, pack

ADDON_STUB = "/usr/lib/systemd/boot/efi/addonx64.efi.stub"


@dataclass(frozen=True)
class Uki:
    """`section` is what the stub hands to the kernel; it differs from `baked`, the text in the initramfs, only where a row
    wants that. `signer`: db, other or nobody. `sections` are further ones; `profiles` are the words that each profile behind the
    first adds to the line."""
    name: str
    image: Image
    kernel: Kernel
    flavour: str
    init: Path
    baked: str
    section: str
    floor: Floor
    builder: tuple[str, ...] = ()
    features: tuple[str, ...] = ()      # beside those of the variant
    only_features: tuple[str, ...] = () # in place of them
    planted: dict[str, bytes | None] = field(default_factory=dict)
    signer: str = "db"
    sections: dict[str, bytes] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()

    def make(self) -> Path:
        initrd = Initrd(name=self.name, init=self.init, flavour=self.flavour, cmdline=self.baked, floor=self.floor,
                        features=self.only_features or (*VARIANTS[self.image.variant].features, *self.features),
                        options=self.builder, planted=self.planted).make()
        inputs = {"initrd": file_digest(initrd), "section": self.section, "kernel": self.kernel.release,
                  "signer": self.signer, "keys": file_digest(self.image.db_cert), "tools": parts.tools().parent.name,
                  "sections": {name: content.hex() for name, content in self.sections.items()}, "profiles": self.profiles,
                  "source": file_digest(Path(__file__))}

        def build(out: Path) -> None:
            (out / "cmdline").write_text(self.section)
            unsigned = out / "unsigned.efi"
            parts.tool(["ukify", "build", "--linux", parts.inside(self.kernel.vmlinuz), "--initrd", parts.inside(initrd),
                        *(["--cmdline", f"@{parts.inside(out / 'cmdline')}"] if self.section else []),
                        "--uname", self.kernel.release, "--stub", STUB, *self._sections(out), *self._profiles(out),
                        "--output", parts.inside(unsigned)])
            sign(self.signer, unsigned, out / "node.efi")
        return parts.store().stage(f"uki-{self.name}", inputs, build) / "node.efi"

    def _sections(self, out: Path) -> list[str]:
        words = []
        for name, content in self.sections.items():
            (out / f"section{name}").write_bytes(content)
            words += ["--section", f"{name}:@{parts.inside(out / f'section{name}')}"]
        return words

    def _profiles(self, out: Path) -> list[str]:
        words = ["--profile", "ID=main"] if self.profiles else []
        for number, more in enumerate(self.profiles, 1):
            path = out / f"profile{number}.efi"
            (out / f"cmdline{number}").write_text(f"{self.section} {more}")
            parts.tool(["ukify", "build", "--stub", ADDON_STUB, "--profile", f"ID=p{number}",
                        "--cmdline", f"@{parts.inside(out / f'cmdline{number}')}", "--output", parts.inside(path)])
            # ukify 257 wants .profile to be the first section of its own, and Debian's stub of add-ons has .sbat before it.
            path.write_bytes(path.read_bytes().replace(b".sbat\0\0\0", b".other\0\0"))
            words += ["--join-profile", parts.inside(path)]
        return words


def sign(signer: str, unsigned: Path, target: Path) -> None:
    if signer == "nobody":
        unsigned.rename(target)
        return
    key, cert = signatures.key_of(signer)
    parts.run(["sbsign", "--key", key, "--cert", cert, "--output", target, unsigned])
    unsigned.unlink()


@dataclass(frozen=True)
class Addon:
    """NAME.addon.efi with these words, and perhaps an initrd."""
    name: str
    cmdline: str
    signer: str = "db"
    initrd: dict[str, bytes | None] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """What addon= has for these words: `verinit initrd build --addon` fills it in, and refuses keys that the floor does not list."""
        return "sha256-" + hashlib.sha256(self.cmdline.encode("utf-16-le") + b"\0\0").hexdigest()

    def make(self) -> Path:
        inputs = {"cmdline": self.cmdline, "signer": self.signer, "keys": parts.keys_digest(),
                  "initrd": {path: content and content.hex() for path, content in self.initrd.items()},
                  "source": file_digest(Path(__file__))}
        return parts.store().stage(f"addon-{self.name}", inputs, self._build) / f"{self.name}.addon.efi"

    def _build(self, out: Path) -> None:
        more: list[str | Path] = []
        if self.initrd:
            (out / "initrd").write_bytes(pack(self.initrd))
            more = ["--initrd", parts.inside(out / "initrd")]
        if self.cmdline:
            (out / "cmdline").write_text(self.cmdline)
            more += ["--cmdline", f"@{parts.inside(out / 'cmdline')}"]
        unsigned = out / "unsigned.efi"
        parts.tool(["ukify", "build", "--stub", ADDON_STUB, *more, "--output", parts.inside(unsigned)])
        sign(self.signer, unsigned, out / f"{self.name}.addon.efi")
