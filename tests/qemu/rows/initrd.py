# SPDX-License-Identifier: LGPL-2.1-or-later
"""An initramfs for one row: by the host command, as an image builder would; then what an attacker adds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from imagelib.image import Image
from imagelib.store import file_digest

from . import parts

# Floors of images, and of rows: one value a key, or several for one that may repeat.
Floor = dict[str, "str | tuple[str, ...]"]


def read_floor(path: Path) -> Floor:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)  # type: ignore[misc]


def floor_of(image: Image) -> Floor:
    return read_floor(image.floor)


def floor_lines(floor: Floor) -> list[str]:
    return [f"{key}={value}" for key, values in floor.items() for value in ([values] if isinstance(values, str) else values)]


def floor_text(floor: Floor) -> str:
    return "".join(f"{line}\n" for line in floor_lines(floor))


@dataclass(frozen=True)
class Initrd:
    """`planted` is a second archive behind the first: a path and its bytes, or None for a directory. `ballast` is
    as many bytes that nobody needs, in there too.

    The kernel unpacks one over the other. systemd-stub does the same with what it finds on the ESP.
    """
    name: str
    init: Path
    flavour: str
    cmdline: str
    floor: Floor
    features: tuple[str, ...]
    planted: dict[str, bytes | None] = field(default_factory=dict)
    ballast: int = 0
    options: tuple[str, ...] = ()

    def make(self) -> Path:
        modules = parts.modules(self.flavour)
        inputs = {"init": file_digest(self.init), "verinit": file_digest(parts.VERINIT),
                  "modules": str(modules.relative_to(parts.IMAGES)), "cmdline": self.cmdline,
                  "floor": self.floor, "features": self.features, "options": self.options, "source": file_digest(Path(__file__)),
                  "planted": {path: content and content.hex() for path, content in self.planted.items()},
                  "ballast": self.ballast}

        def build(out: Path) -> None:
            (out / "floor.conf").write_text(floor_text(self.floor))
            parts.run([parts.VERINIT, "initrd", "build", "--quiet", "--level", "3",
                       "--init", self.init, "--modules-dir", modules, "--cmdline", self.cmdline,
                       "--floor", out / "floor.conf", *(f"--feature={name}" for name in self.features),
                       *self.options, "--output", out / "initrd"])
            planted = {**self.planted, **({"ballast": bytes(self.ballast)} if self.ballast else {})}
            if planted:
                with open(out / "initrd", "ab") as archive:
                    # A further archive begins at a multiple of four (init/initramfs.c unpack_to_rootfs()).
                    archive.write(bytes(-archive.tell() % 4) + pack(planted))
        return parts.store().stage(f"initrd-{self.name}", inputs, build) / "initrd"


def pack(files: dict[str, bytes | None]) -> bytes:
    with TemporaryDirectory() as scratch:
        names = []
        for path, content in files.items():
            names += [str(parent) for parent in reversed(Path(path).parents)][1:] + [path]
            target = Path(scratch, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                target.mkdir()
            else:
                target.write_bytes(content)
        archive = Path(scratch, "archive")
        parts.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0", "-D", scratch, "-F", archive],
                  stdin="\n".join(dict.fromkeys(names)) + "\n")
        return archive.read_bytes()
