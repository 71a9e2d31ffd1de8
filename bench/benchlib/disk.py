# SPDX-License-Identifier: LGPL-2.1-or-later
"""The one disk that every contender boots: a verified /usr with a program in systemd's place, its tree, an ext4 root, an ESP for a
UKI."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from imagelib import sparse
from imagelib.debian import Debian
from imagelib.store import EPOCH, Store, file_digest
from imagelib.toolstree import Tools, host
from imagelib.variants import ESP_GUID, ESP_TYPE, ROOT_GUID, ROOT_TYPE, USR_TYPE, USR_VERITY_TYPE, guid
from imagelib.verity import BLOCK, SALT, UUID
from rows import parts
from rows.volumes import copy_policy

from . import TOP

MIB = 1 << 20
BENCH = TOP / "bench"
GUEST = TOP / "tests/qemu/guest"
HOST = GUEST / "benchhost.c"
SMALL_POLICY = BENCH / "small-policy.cil"
ROOT_UUID = "7c1b5a52-5bb0-4e0b-9d4f-0c5c2b1a6e05"
ROOT_MIB, ESP_MIB = 32, 96
OS_RELEASE = "ID=bench\nNAME=bench\nPRETTY_NAME=bench\nVERSION_ID=1\n"
USR, TREE, ROOT = 1, 2, 3       # partitions


@dataclass(frozen=True)
class Disk:
    path: Path
    root_hash: str
    data_blocks: int
    fstype: str
    device: str = "vda"     # what the kernel calls it, which depends on the bus

    def called(self, device: str) -> Disk:
        return replace(self, device=device)

    @property
    def words(self) -> str:
        """How all contenders are told of it, by systemd's words; verinit's own pins the geometry."""
        return (f"root=PARTUUID={ROOT_GUID} rootfstype=ext4 rw mount.usrfstype={self.fstype} usrhash={self.root_hash} "
                f"init.verity=1:sha256:{BLOCK}:{BLOCK}:{self.data_blocks}:1:{SALT}:{UUID}")

    @property
    def table(self) -> str:
        """Parameters of the mapping that each of them makes."""
        return (f"1 /dev/{self.device}{USR} /dev/{self.device}{TREE} {BLOCK} {BLOCK} {self.data_blocks} 1 sha256 "
                f"{self.root_hash} {SALT}")

    @property
    def sectors(self) -> int:
        return self.data_blocks * (BLOCK // 512)


def _small_policy(out: Path) -> None:
    """As /usr has one: configuration, policy, labels. Compiled by trixie's secilc."""
    tree = Debian(Store(parts.IMAGES / "stages"), TOP / "build/debs").tree
    tree("secilc", ["secilc"], out / "tree")
    policy = out / "selinux/small/policy/policy.33"
    labels = out / "selinux/small/contexts/files/file_contexts"
    for directory in (policy.parent, labels.parent):
        directory.mkdir(parents=True)
    Tools(out / "tree").run(["secilc", "--policyvers", "33", "--mls", "true", "--output", host(policy), "--filecontext", host(out / "none"),
                             host(SMALL_POLICY)], tree=out / "tree")
    shutil.rmtree(out / "tree")
    labels.write_text("/.* u:object_r:t:s0\n")
    (out / "selinux/config").write_text("SELINUX=enforcing\nSELINUXTYPE=small\n")


def policy_of(name: str) -> Path:
    """What /usr has of SELinux: `full`, which is Debian's, or `small`. Kept apart: to take the former out of the image takes long."""
    make = {"full": lambda out: copy_policy(out / "selinux", ()), "small": _small_policy}[name]
    inputs = {"image": parts.image(parts.KERNELS).policy_sha256, "small": file_digest(SMALL_POLICY), "source": file_digest(Path(__file__))}
    return parts.store().stage(f"bench-policy-{name}", inputs, make) / "selinux"


def policy_bytes(name: str) -> int:
    return next(policy_of(name).glob("*/policy/policy.*")).stat().st_size


def _usr_tree(top: Path, policy: str) -> None:
    program = top / "lib/systemd/systemd"
    program.parent.mkdir(parents=True)
    parts.compile_static(program, HOST)
    (top / "lib/os-release").write_text(OS_RELEASE)
    shutil.copytree(policy_of(policy), top / "lib/selinux")


def _root_tree(top: Path) -> None:
    for name in ("usr", "etc", "proc", "sys", "dev", "run", "tmp", "var", "root"):
        (top / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (top / name).symlink_to(f"usr/{name}")
    (top / "etc/os-release").symlink_to("../usr/lib/os-release")


def _partition(out: Path, files: list[tuple[Path, str, str, str]]) -> None:
    script, start = ["label: gpt"], 1
    places = []
    for path, kind, uuid, name in files:
        size = -(-path.stat().st_size // MIB)
        script.append(f"start={start}MiB, size={size}MiB, type={kind}, uuid={uuid}, name={name}")
        places.append((path, start))
        start += size
    with open(out, "wb") as disk:
        disk.truncate((start + 1) * MIB)
    parts.run(["sfdisk", "--quiet", out], stdin="\n".join((*script, "")))
    for path, begin in places:
        sparse.copy_into(path, out, begin * MIB)


def _file_system(out: Path, tree: Path, mib: int) -> str:
    """Of /usr; with `mib` an ext4 that is so large and hardly filled."""
    if mib:
        parts.run(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-b", str(BLOCK), "-U", UUID, "-E", f"hash_seed={UUID},root_owner=0:0", "-d", tree,
                   out, f"{mib}M"])
        return "ext4"
    parts.run(["mkfs.erofs", "--quiet", f"-T{EPOCH}", f"-U{UUID}", "--all-root", out, tree])
    return "erofs"


def _build(out: Path, mib: int, policy: str) -> None:
    usr, tree, root = out / "usr", out / "usr.verity", out / "root"
    _usr_tree(out / "usr.d", policy)
    _root_tree(out / "root.d")
    os.environ["E2FSPROGS_FAKE_TIME"] = str(EPOCH)
    fstype = _file_system(usr, out / "usr.d", mib)
    parts.run(["mke2fs", "-q", "-t", "ext4", "-L", "ROOT", "-U", ROOT_UUID, "-E", f"hash_seed={ROOT_UUID},root_owner=0:0",
               "-d", out / "root.d", root, f"{ROOT_MIB}M"])
    text = parts.run(["veritysetup", "format", f"--salt={SALT}", f"--uuid={UUID}", usr, tree])
    found = re.search(r"^Root hash:\s*([0-9a-f]{64})$", text, re.M)
    assert found, text
    root_hash = found[1]
    with open(out / "esp", "wb") as esp:
        esp.truncate(ESP_MIB * MIB)
    parts.run(["mformat", "-i", out / "esp", "-F", "-N", "0", "::"])
    _partition(out / "disk.raw", [(usr, USR_TYPE, guid(root_hash[:32]), "usr"),
                                  (tree, USR_VERITY_TYPE, guid(root_hash[-32:]), "usr-verity"),
                                  (root, ROOT_TYPE, ROOT_GUID, "root"), (out / "esp", ESP_TYPE, ESP_GUID, "esp")])
    (out / "disk.json").write_text(json.dumps({"root_hash": root_hash, "data_blocks": usr.stat().st_size // BLOCK,
                                               "fstype": fstype}))


def make(usr_mib: int = 0, policy: str = "full") -> Disk:
    inputs = {"mib": usr_mib, "host": [file_digest(HOST), file_digest(GUEST / "report.h")], "policy": policy_of(policy).parent.name,
              "source": file_digest(Path(__file__))}
    out = parts.store().stage(f"bench-disk-{usr_mib}-{policy}", inputs, lambda out: _build(out, usr_mib, policy))
    return Disk(path=out / "disk.raw", **json.loads((out / "disk.json").read_text()))
