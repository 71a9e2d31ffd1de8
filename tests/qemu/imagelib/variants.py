# SPDX-License-Identifier: LGPL-2.1-or-later
"""The disks that the tests boot: one table, from which command line and partitions follow."""

from dataclasses import dataclass, field
from pathlib import Path

from .store import LIB
from .verity import Verity

FLOORS = LIB.parent / "floors"

ESP_TYPE = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
USR_TYPE = "8484680c-9521-48c6-9c11-b0720656f69e"
USR_VERITY_TYPE = "77ff5f63-e7b6-4633-acf4-1565b864c0e6"
USR_SIGNATURE_TYPE = "e7bb33fb-06cf-4e81-8273-e543b413e2e2"
ROOT_TYPE = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
# The type that Azure Container Linux and Flatcar give their /usr.
FLATCAR_USR_TYPE = "5dfbf5f4-2848-4bac-aa5e-0d9a20b745a6"

DISK_GUID = "b3a4c5d6-0000-4000-8000-000000000000"
ESP_GUID = "b3a4c5d6-0001-4000-8000-000000000001"
ROOT_GUID = "b3a4c5d6-0002-4000-8000-000000000002"
DATA_GUID = "b3a4c5d6-0003-4000-8000-000000000003"
TREE_GUID = "b3a4c5d6-0004-4000-8000-000000000004"
SIGNATURE_GUID = "b3a4c5d6-0005-4000-8000-000000000005"

_COMMON = "console=ttyS0 quiet security=selinux enforcing=1"

# What `verinit initrd build` is asked for, per kernel: the disks of the machine room and the stack
# above them. Names of its --feature option.
FEATURES = ["verity", "erofs", "overlay", "efivarfs", "virtio-blk", "virtio-scsi", "nvme", "ahci"]


@dataclass(frozen=True)
class Variant:
    name: str
    cmdline: str                    # with {words} of words()
    floor: str                      # file in floors/
    derived: bool = False           # PARTUUIDs are the two halves of the root hash
    inline: bool = False            # tree behind the data, one partition
    root: bool = False              # an ext4 root partition
    signed: bool = True             # a signature of the root hash on a partition of its own
    usr_type: str = USR_TYPE
    flavours: tuple[str, ...] = ("cloud", "generic", "bpo")
    features: tuple[str, ...] = field(default=tuple(FEATURES))

    @property
    def floor_path(self) -> Path:
        return FLOORS / self.floor


VARIANTS = {v.name: v for v in [
    Variant("discoverable",
            f"{_COMMON} root=tmpfs mount.usrfstype=erofs init.verity={{geometry}} usrhash={{hash}}",
            "demo.conf", derived=True),
    Variant("discoverable-ext4",
            f"{_COMMON} root=PARTUUID={{root}} rootfstype=ext4 rw mount.usrfstype=erofs "
            "init.verity={geometry} usrhash={hash}",
            "ext4.conf", derived=True, root=True,
            features=(*FEATURES, "ext4")),
    Variant("explicit",
            f"{_COMMON} root=tmpfs mount.usrfstype=erofs systemd.verity_usr_data=PARTUUID={{data}} "
            "systemd.verity_usr_hash=PARTUUID={tree} init.verity={geometry} usrhash={hash}",
            "demo.conf", flavours=("cloud",)),
    # Azure Container Linux's line, first generation, as it is; only the last three words are ours.
    Variant("inline",
            "mount.usr=/dev/mapper/usr mount.usrflags=ro systemd.verity_usr_data=PARTUUID={data} "
            "systemd.verity_usr_hash=PARTUUID={data} "
            "systemd.verity_usr_options=hash-offset={offset},panic-on-corruption usrhash={hash} "
            "root=LABEL=ROOT rootflags=rw consoleblank=0 "
            "security=selinux enforcing=1 console=ttyS0",
            "inline.conf", inline=True, root=True, signed=False, usr_type=FLATCAR_USR_TYPE,
            flavours=("cloud",), features=(*FEATURES, "ext4")),
]}


def guid(half: str) -> str:
    """32 hex digits as a GUID."""
    return "-".join((half[:8], half[8:12], half[12:16], half[16:20], half[20:]))


def partition_guids(variant: Variant, verity: Verity) -> tuple[str, str]:
    """PARTUUIDs of the data and the tree partition."""
    if variant.derived:
        return guid(verity.root_hash[:32]), guid(verity.root_hash[-32:])
    return DATA_GUID, TREE_GUID


def command_line(variant: Variant, verity: Verity) -> str:
    data, tree = partition_guids(variant, verity)
    return variant.cmdline.format(hash=verity.root_hash, root=ROOT_GUID, data=data, tree=tree,
                                  offset=verity.hash_offset, geometry=verity.geometry)
