# SPDX-License-Identifier: LGPL-2.1-or-later
"""A disk to boot from whose /usr is one of the small volumes: ESP, data, tree, perhaps parity, and the signature."""

from __future__ import annotations

from pathlib import Path

from imagelib.variants import (ESP_GUID, ESP_TYPE, SIGNATURE_GUID, USR_SIGNATURE_TYPE, USR_TYPE, USR_VERITY_TYPE, guid)
from rows import parts, signatures
from rows.volumes import FEC_GUID, FEC_TYPE, Volume

MIB = 1 << 20
ESP_MIB = 48


def disk(volume: Volume) -> Path:
    made, root_hash = volume.made(), volume.make()[1]
    inputs = {"volume": made.name, "keys": parts.keys_digest(), "source": parts.sources(Path(__file__))}

    def build(out: Path) -> None:
        signature = out / "usr.signature"
        signature.write_bytes(signatures.partition(root_hash, "db"))
        contents = [(USR_TYPE, guid(root_hash[:32]), "usr", made / "usr"),
                    (USR_VERITY_TYPE, guid(root_hash[-32:]), "usr-verity", made / "usr.verity"),
                    *([(FEC_TYPE, FEC_GUID, "usr-fec", made / "usr.fec")] if volume.has_fec else []),
                    (USR_SIGNATURE_TYPE, SIGNATURE_GUID, "usr-verity-sig", signature)]
        _write(out / "disk.raw", contents)
    return parts.store().stage(f"bootable-{volume.name}", inputs, build) / "disk.raw"


def _write(target: Path, contents: list[tuple[str, str, str, Path]]) -> None:
    places = [(1 + ESP_MIB) * MIB]
    for *_, path in contents:
        places.append(places[-1] + -(-path.stat().st_size // MIB) * MIB)
    script = f"label: gpt\nstart=1MiB, size={ESP_MIB}MiB, type={ESP_TYPE}, uuid={ESP_GUID}, name=esp\n"
    for (kind, uuid, name, _), start, end in zip(contents, places, places[1:]):
        script += f"start={start // 512}, size={(end - start) // 512}, type={kind}, uuid={uuid}, name={name}\n"
    with open(target, "wb") as file:
        file.truncate(places[-1] + MIB)
    parts.run(["sfdisk", "--quiet", target], stdin=script)
    parts.run(["mformat", "-i", f"{target}@@{MIB}", "-F", "-T", str(ESP_MIB * MIB // 512), "::"])
    with open(target, "r+b") as file:
        for (*_, path), start in zip(contents, places):
            file.seek(start)
            file.write(path.read_bytes())
