# SPDX-License-Identifier: LGPL-2.1-or-later
"""GPT disks from finished partitions."""

from dataclasses import dataclass
from pathlib import Path

from . import sparse
from .toolstree import Tools, host

MIB = 1 << 20
ESP_MIB = 128
ESP_VOLUME_ID = "56455249"


@dataclass(frozen=True)
class Partition:
    name: str
    type: str
    guid: str
    content: Path


def align(size: int) -> int:
    return -(-size // MIB) * MIB


# Where the firmware looks, and what systemd-stub and the host take to belong to that image.
UKI = "EFI/BOOT/BOOTX64.EFI"
COMPONENTS = f"{UKI}.extra.d/pcrlock.d"


def make_esp(tools: Tools, uki: Path, components: Path, out: Path) -> None:
    """COMPONENTS: a directory of files for systemd-pcrlock."""
    out.unlink(missing_ok=True)
    with out.open("wb") as file:
        file.truncate(ESP_MIB * MIB)
    tools.run(["mkfs.fat", "--invariant", "-F", "32", "-i", ESP_VOLUME_ID, "-n", "ESP", host(out)])
    tools.run(["mmd", "-i", host(out), "::/EFI", "::/EFI/BOOT", f"::/{Path(COMPONENTS).parent}", f"::/{COMPONENTS}"])
    tools.run(["mcopy", "-i", host(out), host(uki), f"::/{UKI}"])
    files = sorted(components.iterdir())
    tools.run(["mcopy", "-i", host(out), *map(host, files), f"::/{COMPONENTS}/"])


def make_disk(tools: Tools, disk_guid: str, partitions: list[Partition],
              out: Path) -> dict[str, dict[str, int | str]]:
    """The disk in OUT; returns where each partition lies, in bytes."""
    places: dict[str, dict[str, int | str]] = {}
    script = ["label: gpt", f"label-id: {disk_guid}", "unit: sectors"]
    offset = MIB
    for number, part in enumerate(partitions, 1):
        size = align(part.content.stat().st_size)
        places[part.name] = {"number": number, "offset": offset, "size": size,
                             "type": part.type, "partuuid": part.guid,
                             "content": part.content.stat().st_size}
        script.append(f"start={offset // 512}, size={size // 512}, type={part.type}, "
                      f"uuid={part.guid}, name={part.name}")
        offset += size
    table = out.with_suffix(".sfdisk")
    table.write_text("\n".join(script) + "\n")
    with out.open("wb") as file:
        file.truncate(offset + MIB)
    tools.run(["sh", "-c", 'sfdisk --quiet --no-reread --no-tell-kernel "$1" <"$2"', "sh",
               host(out), host(table)])
    table.unlink()
    for part in partitions:
        sparse.copy_into(part.content, out, int(places[part.name]["offset"]))
    return places
