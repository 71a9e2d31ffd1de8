# SPDX-License-Identifier: LGPL-2.1-or-later
"""From packages to disks: the order of the stages and nothing else."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from .debian import FLAVOURS, Debian, kernels
from .disk import Partition as Content
from .disk import make_disk, make_esp
from .image import Image, Kernel, Partition, load
from .keys import Keys, keys, sign
from .node import base, node, policy_digest
from .signature import signature
from .store import TOP, Store, digests, locked, say, sources
from .toolstree import Tools, tools
from .uki import InitrdMaker, components, uki
from .variants import (DISK_GUID, ESP_GUID, ESP_TYPE, ROOT_GUID, ROOT_TYPE, SIGNATURE_GUID, USR_SIGNATURE_TYPE,
                       USR_VERITY_TYPE, Variant, command_line, partition_guids)
from .verity import BLOCK, SALT, UUID, Verity, verity


@dataclass(frozen=True)
class Places:
    """Where things are kept. Packages and tools may be shared by builds whose rest is apart."""

    out: Path = TOP / "build" / "images"
    debs: Path = TOP / "build" / "debs"
    shared: Path = TOP / "build" / "images" / "stages"

    @property
    def stages(self) -> Path:
        return self.out / "stages"


@dataclass(frozen=True)
class Parts:
    """What all variants are made of."""

    places: Places
    store: Store
    tools: Tools
    keys: Keys
    kernels: Path
    node: Path


@dataclass(frozen=True)
class Debians:
    """What is made without verinit."""

    store: Store
    tools: Tools
    keys: Keys
    kernels: Path
    base: Path


def debians(places: Places) -> Debians:
    store, shared = Store(places.stages), Store(places.shared)
    debian = Debian(shared, places.debs)
    toolbox = tools(debian, shared)
    return Debians(store, toolbox, keys(shared, toolbox), kernels(debian, store, toolbox.depmod), base(debian, store, toolbox))


def parts(places: Places) -> Parts:
    made = debians(places)
    node_dir = node(made.store, made.tools, made.base, made.kernels, FLAVOURS)
    return Parts(places, made.store, made.tools, made.keys, made.kernels, node_dir)


def build(common: Parts, variant: Variant, maker: InitrdMaker) -> Image:
    """The directory of VARIANT under the output directory, renewed where an input changed."""
    tree = verity(common.store, common.tools, common.node / "usr.erofs", variant.inline)
    cmdline = command_line(variant, tree)
    ukis = {name: uki(common.store, common.tools, maker, variant, cmdline, common.node,
                      common.kernels / name, common.keys.db_cert) for name in variant.flavours}
    key = json.dumps({
        "ukis": {n: d.name for n, d in ukis.items()}, "keys": common.keys.directory.name,
        "floor": digests(variant.floor_path), "node": common.node.name,
        "variant": repr(variant), "sources": sources("build", "disk", "image", "keys", "signature", "variants"),
    }, sort_keys=True, indent=1)
    target = common.places.out / variant.name
    with locked(common.places.out / f".{variant.name}.lock"):
        stamp = target / "key.json"
        if not stamp.exists() or stamp.read_text() != key:
            _publish(common, variant, tree, cmdline, ukis, target, key)
    return load(target.name, target.parent)


def _publish(common: Parts, variant: Variant, tree: Verity, cmdline: str, ukis: dict[str, Path],
             target: Path, key: str) -> None:
    say(f"{variant.name}: assembling")
    work = target.parent / f".{variant.name}.new"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    found = {name: _kernel(common, work, name, stage) for name, stage in ukis.items()}
    default = variant.flavours[0]
    partitions = _disk(common, variant, tree, found[default].uki, work / "disk.raw")
    shutil.copyfile(variant.floor_path, work / "floor.conf")
    for name in ("vars-sb.fd", "db.key", "db.crt"):
        shutil.copy(common.keys.directory / name, work / name)
    image = Image(
        variant=variant.name, directory=work, disk=work / "disk.raw",
        variables=work / "vars-sb.fd", db_key=work / "db.key", db_cert=work / "db.crt",
        floor=work / "floor.conf", cmdline=cmdline, root_hash=tree.root_hash, salt=SALT, uuid=UUID,
        data_blocks=tree.data_blocks, block_size=BLOCK, hash_offset=tree.hash_offset,
        policy_sha256=policy_digest(common.node), partitions=partitions, kernels=found,
        default_kernel=default)
    (work / "image.json").write_text(image.to_json())
    (work / "key.json").write_text(key)
    _swap(work, target)
    say(f"{variant.name}: {target / 'disk.raw'}, root hash {tree.root_hash[:16]}…")


def _swap(work: Path, target: Path) -> None:
    old = target.parent / f".{target.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    work.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _kernel(common: Parts, work: Path, name: str, stage: Path) -> Kernel:
    directory = common.kernels / name
    files = {"unsigned": work / f"node-{name}.unsigned.efi", "initrd": work / f"initrd-{name}",
             "vmlinuz": work / f"vmlinuz-{name}"}
    for source, target in ((stage / "node.unsigned.efi", files["unsigned"]),
                           (stage / "initrd", files["initrd"]),
                           (directory / "vmlinuz", files["vmlinuz"])):
        _link(source, target)
    signed = work / f"node-{name}.efi"
    sign(common.tools, common.keys, files["unsigned"], signed)
    text = (stage / "pcr11.json").read_text()
    (work / f"node-{name}.pcr11.json").write_text(text)
    return Kernel(release=(directory / "release").read_text(), uki=signed,
                  pcr11=json.loads(text), **files)


def _link(source: Path, target: Path) -> None:
    """Nobody writes to these; a second name costs nothing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _disk(common: Parts, variant: Variant, tree: Verity, default_uki: Path,
          out: Path) -> dict[str, Partition]:
    data_guid, tree_guid = partition_guids(variant, tree)
    esp = out.with_name("esp.fat")
    with TemporaryDirectory(dir=out.parent) as scratch:
        make_esp(common.tools, default_uki, components(default_uki, common.node / "policy", Path(scratch)), esp)
    contents = [Content("esp", ESP_TYPE, ESP_GUID, esp),
                Content("usr", variant.usr_type, data_guid, tree.data)]
    if not variant.inline:
        contents.append(Content("usr-verity", USR_VERITY_TYPE, tree_guid, tree.tree))
    if variant.signed:
        signed = signature(common.store, tree.root_hash, common.keys.db_key, common.keys.db_cert)
        contents.append(Content("usr-verity-sig", USR_SIGNATURE_TYPE, SIGNATURE_GUID, signed))
    if variant.root:
        contents.append(Content("root", ROOT_TYPE, ROOT_GUID, common.node / "root.ext4"))
    places = make_disk(common.tools, DISK_GUID, contents, out)
    esp.unlink()
    return {name: Partition(**place) for name, place in places.items()}  # type: ignore[arg-type]
