# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trust chain: from the firmware's keys to the first file below /usr."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .evidence import Evidence, Fails, Section, fact, need, short

# At time zero only the kernel itself has written to its log: nobody after it can forge these two lines.
ZERO = r"^\[ +0\.000000\] "
OPTIONS = ["panic_on_corruption", "panic_on_error"]
# The kernel took the table, so it has checked the signature of the root hash.
SIGNATURE = ["root_hash_sig_key_desc", "verinit:usr"]


@dataclass(frozen=True)
class Mount:
    device: str
    subtree: str
    options: list[str]
    fstype: str
    source: str
    super_options: list[str]


def _mount(e: Evidence, where: str) -> Mount:
    """What is visible at WHERE: the last mount there, in the form of /proc/self/mountinfo."""
    found = None
    for line in e.text("mounts.txt").splitlines():
        left, separator, right = line.partition(" - ")
        words, rest = left.split(" "), right.split(" ")
        if separator and len(words) > 5 and words[4] == where:
            found = Mount(words[2], words[3], words[5].split(","), rest[0], rest[1], rest[2].split(","))
    if found is None:
        raise Fails(f"nothing is mounted at {where} (mounts.txt)")
    return found


def _mapping(e: Evidence) -> str:
    """MAJOR:MINOR of the mapping usr."""
    found = e.match("dm.txt", r"^usr +(\d+) +(\d+) +\S+ ", "there is no mapping named usr")
    return f"{found[1]}:{found[2]}"


def _table(e: Evidence) -> list[str]:
    """The live table, word by word."""
    return e.match("dm.txt", r"^usr: (\d+ \d+ verity \d+ \d.*)$", "the live table has no verity target usr")[1].split()


def _boot(e: Evidence) -> str:
    verdict = e.json("verdict.json")
    need(verdict["result"] == "booted", f"{verdict['result']}: {verdict['message']}")
    need(verdict["relaxed"] == [], f"the machine was relaxed: {', '.join(verdict['relaxed'])}")
    return f"booted after {verdict['seconds']:.0f} s, with Secure Boot and a TPM"


def _secure_boot(e: Evidence) -> str:
    e.match("dmesg.txt", ZERO + r"secureboot: Secure boot enabled$", "the kernel did not see Secure Boot on")
    return "Secure Boot is on, says the guest's kernel"


def _lockdown(e: Evidence) -> str:
    e.match("dmesg.txt", ZERO + r"Kernel is locked down from EFI Secure Boot;", "the kernel is not locked down")
    return "locked down from EFI Secure Boot"


def _signature(e: Evidence) -> str:
    return f"node.efi is signed by '{e.uki.signer()}' (db.crt)"


def _enrolled(e: Evidence) -> str:
    key = e.uki.key_id()
    e.match("dmesg.txt", rf"integrity: Loaded X\.509 cert '.*: {key}'",
            f"the firmware's db, as the kernel read it, does not hold key {short(key)}")
    return f"key {short(key)} is in the firmware's db, as the kernel read it"


def _initramfs(e: Evidence) -> str:
    floor = e.uki.initrd()["floor"]
    for item in ("secure-boot", "tpm", "cmdline", "cmdline-replay", "root-hash-signature", "pinned-geometry", "boot-disk-only",
                 "selinux", "debug"):
        need(floor[item] == "require", f"the floor says {item}={floor[item]}, not require")
    said = " ".join(f"{key}={value}" for key, value in floor.items() if isinstance(value, str) and "sha256-" not in value)
    return f"sound; its floor: {said}"


def _cmdline(e: Evidence) -> str:
    signed = e.uki.cmdline()
    for who, line in (("image.json", e.image["cmdline"]), ("the initramfs", e.uki.initrd()["cmdline"]),
                      ("/proc/cmdline", e.text("cmdline.txt").strip())):
        need(line == signed, f"{who} has '{line}', the UKI has '{signed}'")
    proof = e.boot["cmdline"]
    need(proof == "baked", f"boot.json says '{proof}', not baked")
    replay = e.boot["provenance"]["replay"]
    need(replay == "proved", f"boot.json says of the replay '{replay}', not proved")
    return "baked: UKI, initramfs and /proc/cmdline have the same; proved by the firmware's log and the TPM"


def _root_hash(e: Evidence) -> str:
    found = re.findall(r"(?:^| )usrhash=([0-9a-f]{64})(?= |$)", e.uki.cmdline())
    need(len(found) == 1, f"the UKI's command line has {len(found)} words usrhash=")
    live = _table(e)[11]
    need(live == found[0], f"the live table has {live}, the UKI's command line {found[0]}")
    need(e.boot["root_hash"] == live, f"boot.json has '{e.boot['root_hash']}', the live table {live}")
    return f"{short(live)} in the UKI's .cmdline and in the live table"


def _geometry(e: Evidence) -> str:
    words, image = _table(e), e.image
    size, blocks = image["block_size"], image["data_blocks"]
    # The tree begins behind the superblock, which is hash_offset bytes into its partition.
    meant = ["0", str(blocks * size // 512), "verity", "1", *words[4:6], str(size), str(size), str(blocks),
             str(image["hash_offset"] // size + 1), "sha256", image["root_hash"], image["salt"]]
    need(words[:13] == meant, f"the live table is '{' '.join(words[:13])}', the image's '{' '.join(meant)}'")
    mine = e.boot["dm"]["table"]
    need(mine == " ".join(words), f"boot.json has the table '{mine}', the live one is '{' '.join(words)}'")
    return f"{blocks} blocks of {size} bytes; the table is the image's, and the one in boot.json"


def _options(e: Evidence) -> str:
    words = _table(e)
    need(words[13:] == ["4", *OPTIONS, *SIGNATURE], f"the live table's options are '{' '.join(words[13:])}'")
    return " ".join(OPTIONS)


def _status(e: Evidence) -> str:
    status = e.match("dm.txt", r"^usr: \d+ \d+ verity ([A-Z])\b.*$", "the mapping usr has no status")[1]
    need(status == "V", f"{status}: not V, so a block was read that is not the signed one")
    return "V: no block was found corrupt"


def _usr(e: Evidence) -> str:
    usr = _mount(e, "/usr")
    need(usr.device == _mapping(e), f"/usr is on device {usr.device}, the mapping usr is {_mapping(e)}")
    need(usr.subtree == "/", f"/usr shows {usr.subtree} of its file system, not all of it")
    need("ro" in usr.options and "ro" in usr.super_options, "/usr is not read-only")
    return f"{usr.fstype} from {usr.source} ({usr.device}), read-only"


def _root(e: Evidence) -> str:
    root, etc, policy = (_mount(e, where) for where in ("/", "/etc", "/etc/selinux"))
    kind = e.boot["root"]
    need(kind["kind"] == "tmpfs" and root.fstype == "tmpfs", f"/ is {root.fstype}, boot.json says '{kind['kind']}'")
    need(etc.fstype == "overlay", f"/etc is {etc.fstype}, not an overlay")
    lower = [word.removeprefix("lowerdir=") for word in etc.super_options if word.startswith("lowerdir=")]
    need(len(lower) == 1 and lower[0].endswith("/usr/etc"), f"/etc lies over {lower}, not over /usr/etc")
    need(policy.device == _mapping(e) and "ro" in policy.options, "/etc/selinux is not the verified one, read-only")
    return "tmpfs; /etc lies over the verified /usr/etc, /etc/selinux is the verified one"


def section(e: Evidence) -> Section:
    checks = [("boot", _boot), ("firmware", _secure_boot), ("kernel", _lockdown), ("UKI", _signature),
              ("signer", _enrolled), ("initramfs", _initramfs), ("command line", _cmdline),
              ("root hash", _root_hash), ("verity table", _geometry), ("verity options", _options),
              ("verity status", _status), ("/usr", _usr), ("/", _root)]
    return Section("Trust chain", [fact(label, lambda check=check: check(e)) for label, check in checks], [])
