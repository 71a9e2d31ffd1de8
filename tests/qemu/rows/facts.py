# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is looked at in every boot that comes up. A check yields a problem for each thing that is not as meant.

A file that the report lacks is a problem too: nothing here passes because there was nothing to look at.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator

from imagelib.image import Image, Kernel
from imagelib.store import TOP
from machine.outcome import Outcome

from .policy import unlocked

Problems = Iterator[str]

STAGES = ("early", "config", "probe", "prove", "enter", "find", "plan", "verify", "activate", "measure", "usr",
          "mac", "root", "record", "handoff")
BANKS = ("sha1", "sha256", "sha384", "sha512")
SCHEMA = TOP / "docs/boot.schema.json"
# Debian's own, since that one sees Debian's jsonschema.
VALIDATE = """
import json, sys, jsonschema
schema, boot = (json.load(open(path)) for path in sys.argv[1:])
jsonschema.Draft202012Validator.check_schema(schema)
for e in jsonschema.Draft202012Validator(schema).iter_errors(boot):
    print("/".join(map(str, e.absolute_path)), e.message)
"""
# Device names on each bus: the disk, and what stands before the number of a partition.
DISKS = {"virtio-blk": ("vda", "vda"), "virtio-scsi": ("sda", "sda"), "nvme": ("nvme0n1", "nvme0n1p"),
         "ahci": ("sda", "sda")}
# Files and directories that PID 1 makes, as restorecon and the audit log name them.
OURS = re.compile(r"/run/(verinit|udev/rules\.d|credentials|log/systemd|systemd/(stub|tpm2-pcr))\b(?!-)"
                  r"|01-verinit\.rules|boot\.json|tpm2-measure\.log|/dev/(mapper|dm-)")


@dataclass(frozen=True)
class Case:
    """One boot that came up, and what it should have been."""
    outcome: Outcome
    out: Path
    image: Image
    kernel: Kernel
    cmdline: str
    bus: str
    switch: str
    measured: bool = False
    allows_unsigned: bool = False    # the floor, although the disk has a signature
    unmeasured_because: str = ""
    predicted: dict[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        if name not in self.outcome.report:
            raise LookupError(f"{name} is not in the guest's report")
        return self.outcome.report[name].decode(errors="replace")

    def boot(self) -> dict[str, Any]:
        boot = json.loads(self.text("boot.json"))
        assert isinstance(boot, dict)
        return boot

    def is_debug(self) -> bool:
        return "init.debug=1" in self.cmdline.split()

    def is_quiet(self) -> bool:
        return "quiet" in self.cmdline.split()

    def has_disk_root(self) -> bool:
        return "root" in self.image.partitions


def differ(what: str, expected: object, seen: object) -> Problems:
    if expected != seen:
        yield f"{what}: expected {expected!r}, saw {seen!r}"


def none_of(what: str, lines: Iterable[str], pattern: str | re.Pattern[str]) -> Problems:
    found = [line.strip() for line in lines if re.search(pattern, line)]
    if found:
        yield f"{what}: expected no line with {getattr(pattern, 'pattern', pattern)!r}, saw {found[:5]}"


def system_is_up(c: Case) -> Problems:
    """No failed unit, no job left over, and no start job that anybody had to wait for."""
    failed, separator, rest = c.text("units.txt").partition("state: ")
    if not separator:
        yield f"units.txt: expected a line 'state: ...', saw {failed!r}"
    yield from differ("failed units", [], failed.splitlines())
    state, *listed = rest.splitlines() or [""]
    yield from differ("systemctl is-system-running", "running", state)
    after = listed[listed.index("SubState=plugged") + 1:] if "SubState=plugged" in listed else listed
    yield from differ("jobs left over", [], [line for line in after if "=" not in line])
    for name in ("journal.txt", "dmesg.txt"):
        # The kernel's clock watchdog says it of a processor that QEMU did not run for a while.
        lines = [line for line in c.text(name).splitlines() if "clocksource: Watchdog" not in line]
        yield from none_of(name, lines, r"(?i)timed out|start job is running")


def mapper_device_is_active(c: Case) -> Problems:
    lines = c.text("units.txt").splitlines()
    rows = [line.split()[:4] for line in lines if line.startswith("dev-mapper-usr.device")]
    yield from differ("dev-mapper-usr.device", [["dev-mapper-usr.device", "loaded", "active", "plugged"]], rows)
    for line in ("ActiveState=active", "SubState=plugged"):
        if line not in lines:
            yield f"dev-mapper-usr.device: expected {line}"


def usr_is_read_only(c: Case) -> Problems:
    rows = [line.split() for line in c.text("mounts.txt").splitlines()]
    usr = [row for row in rows if row[4] == "/usr"]
    if len(usr) != 1:
        yield f"mounts at /usr: expected one, saw {usr}"
        return
    row = usr[0]
    options, rest = row[5].split(","), row[row.index("-") + 1:]
    yield from differ("/usr comes from", ["erofs", "/dev/mapper/usr"], rest[:2])
    yield from differ("/usr shows", "/", row[3])
    yield from differ("/usr is read-only, mount and file system", (True, True),
                      ("ro" in options, "ro" in rest[2].split(",")))
    # nosuid would block the domain transitions of all that is started from there.
    yield from differ("/usr is nosuid", False, "nosuid" in options)
    yield from differ("/usr is nodev", True, "nodev" in options)


def policy_directory_is_verified(c: Case) -> Problems:
    rows = [line.split() for line in c.text("mounts.txt").splitlines()]
    shown = [(row[3], row[row.index("-") + 2], "ro" in row[5].split(",")) for row in rows
             if row[4] == "/etc/selinux"]
    yield from differ("/etc/selinux shows", [("/etc/selinux", "/dev/mapper/usr", True)], shown)


def root_is(c: Case) -> Problems:
    rows = [line.split() for line in c.text("mounts.txt").splitlines()]
    root = [row[row.index("-") + 1:][:2] for row in rows if row[4] == "/"]
    etc = [row[row.index("-") + 1] for row in rows if row[4] == "/etc"]
    if c.has_disk_root():
        device = DISKS[c.bus][1] + str(c.image.partitions["root"].number)
        yield from differ("root", [["ext4", f"/dev/{device}"]], root)
        yield from differ("/etc", [], etc)
        wanted = {"kind": "unverified", "etc": "plain", "device": device}
    else:
        yield from differ("root", [["tmpfs", "rootfs"]], root)
        yield from differ("/etc", ["overlay"], etc)
        wanted = {"kind": "tmpfs", "etc": "overlay", "device": ""}
    yield from differ("boot.json root", wanted, c.boot()["root"])


def is_signed(c: Case) -> bool:
    """The root hash, for the kernel to check too. A floor that allows unsigned ones does not change that; boots without firmware have none."""
    return c.measured and "usr-verity-sig" in c.image.partitions


def table_is_ours(c: Case) -> Problems:
    """The live table against what follows from image.json; the numbers of the two devices are the kernel's."""
    i = c.image
    length = i.data_blocks * (i.block_size // 512)
    start = i.hash_offset // i.block_size + 1
    options = ("4 panic_on_corruption panic_on_error root_hash_sig_key_desc verinit:usr" if is_signed(c) else
               "2 panic_on_corruption panic_on_error")
    pattern = re.compile(
        rf"0 {length} verity 1 (\d+:\d+) (\d+:\d+) {i.block_size} {i.block_size} {i.data_blocks} {start} sha256 "
        rf"{i.root_hash} {i.salt} {options}")
    lines = c.text("dm.txt").splitlines()
    tables = [line.removeprefix("usr: ") for line in lines if line.startswith("usr: ")]
    if len(tables) != 2:
        yield f"dm.txt: expected a table and a status of usr, saw {tables}"
        return
    match = pattern.fullmatch(tables[0])
    if match is None:
        yield f"live table: expected /{pattern.pattern}/, saw {tables[0]!r}"
    else:
        yield from differ("data and tree are on one device", "usr-verity" not in i.partitions,
                          match[1] == match[2])
    # A kernel newer than 6.12 also says how many blocks FEC has repaired; "-" is none without FEC.
    yield from differ("status", f"0 {length} verity V", tables[1].removesuffix(" -"))
    uuid = f"CRYPT-VERITY-{i.uuid.replace('-', '')}-usr"
    yield from differ("boot.json dm", {"name": "usr", "uuid": uuid, "table": tables[0]}, c.boot()["dm"])
    info = [line.split() for line in lines if line.startswith("usr ")]
    yield from differ("mapping is live, read-only, with its UUID", [("L--r", uuid)],
                      [(row[3], row[-1]) for row in info])


def size_is_proved(c: Case) -> Problems:
    """By the signed command line if it pins the geometry, else by the file system, as long as what was hashed."""
    usr = c.boot()["usr"]
    wanted = {"geometry": "pinned" if "init.verity=" in c.cmdline else "superblock",
              "data_blocks": c.image.data_blocks, "size_bytes": c.image.data_blocks * c.image.block_size}
    yield from differ("boot.json usr", wanted, {key: usr[key] for key in wanted})


def devices_are_the_named_ones(c: Case) -> Problems:
    before = DISKS[c.bus][1]
    tree = c.image.partitions.get("usr-verity", c.image.partitions["usr"])
    wanted = {"usr_data": f"{before}{c.image.partitions['usr'].number}", "usr_hash": f"{before}{tree.number}",
              "usr_fec": ""}
    yield from differ("boot.json devices", wanted, c.boot()["devices"])


def policy_is_that_of_pid1(policy: bytes, boot: dict[str, Any]) -> Problems:
    """What the kernel runs is what it ran before the exec, bit by bit. Where the host's unit has set the lock, but for that."""
    if boot["lock"] == "late":
        policy, states = unlocked(policy)
        yield from differ("states of the lock's booleans", [1, 1], states)
    yield from differ("policy in the kernel: the one before the exec", boot["loaded_sha256"], hashlib.sha256(policy).hexdigest())


def selinux_is_enforcing(c: Case) -> Problems:
    text = c.text("selinux.txt")
    said = dict(line.split(": ", 1) for line in text.splitlines()[:3])
    boot = c.boot()["selinux"]
    yield from differ("getenforce", "Enforcing", said.get("enforce"))
    yield from differ("context of PID 1", "system_u:system_r:init_t:s0", said.get("init"))
    yield from policy_is_that_of_pid1(c.outcome.report.get("policy", b""), boot)
    yield from differ("policy given to the kernel: the image's", c.image.policy_sha256, boot["policy_sha256"])
    yield from differ("boot.json selinux.state", "enforcing", boot["state"])


def lock_is_as_said(c: Case) -> Problems:
    """Locked early, systemd is refused its load and goes on; late, the unit locks after it."""
    lock, journal = c.boot()["selinux"]["lock"], c.text("journal.txt")
    wanted = {"early": ("Failed to load new SELinux policy. Continuing with old policy.",),
              "late": ("Successfully loaded SELinux policy in ", "Finished verinit-selinux-lock.service ")}[lock]
    places = [journal.find(f"]: {text}") for text in wanted]
    if min(places) < 0 or places != sorted(places):
        yield f"selinux-lock={lock}: expected in the journal, in this order, {wanted}, saw them at {places}"


def nobody_is_permissive(c: Case) -> Problems:
    """Of the policy that the kernel runs, by setools."""
    done = subprocess.run(["seinfo", c.out / "policy", "--permissive", "--flat"], capture_output=True, text=True, check=False)
    yield from differ("seinfo --permissive", (0, ""), (done.returncode, done.stdout.strip()))


def labels_are_right(c: Case) -> Problems:
    """Nothing of ours is to be relabelled, and nobody was denied something of ours."""
    text = c.text("selinux.txt")
    for heading in ("restorecon:", "denials:"):
        if heading not in text.splitlines():
            yield f"selinux.txt: expected the heading {heading}"
    _, _, relabel = text.partition("restorecon:\n")
    relabel, _, denials = relabel.partition("denials:\n")
    yield from none_of("restorecon", relabel.splitlines(), OURS)
    denied = [*denials.splitlines(), *(line for line in c.text("journal.txt").splitlines() if "avc:" in line)]
    yield from none_of("AVC denials", denied, r'comm="(init"|verinit)|pid=1 ')
    yield from none_of("AVC denials", denied, OURS)


def evidence_is_whole(c: Case) -> Problems:
    boot = c.boot()
    done = subprocess.run(["/usr/bin/python3", "-c", VALIDATE, SCHEMA, c.out / "boot.json"], text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        yield f"docs/boot.schema.json: the validator failed: {done.stderr.strip()[-300:]}"
    yield from (f"boot.json against docs/boot.schema.json: {line}" for line in done.stdout.splitlines())
    seen = [(s["name"], s["verdict"], s["reason"]) for s in boot["stages"]]
    skipped = {} if c.measured else {"enter": c.unmeasured_because, "measure": c.unmeasured_because}
    yield from differ("stages", [(name, "skipped" if name in skipped else "passed", skipped.get(name, ""))
                                 for name in STAGES], seen)
    starts = [s["start_us"] for s in boot["stages"]]
    yield from differ("stages began in this order", sorted(starts), starts)
    for key, wanted in (("kernel", c.kernel.release), ("root_hash", c.image.root_hash), ("cmdline", "baked"),
                        ("debug", c.is_debug())):
        yield from differ(f"boot.json {key}", wanted, boot[key])
    yield from differ("boot.json usr.fstype", "erofs", boot["usr"]["fstype"])
    yield from differ("/proc/cmdline", c.cmdline, c.text("cmdline.txt").strip())


def init_starts_clean(c: Case) -> Problems:
    yield from differ("environment of PID 1",
                      ["ENCRYPTED_CREDENTIALS_DIRECTORY=/run/credentials/@encrypted", "TERM=linux"],
                      sorted(c.text("environ.txt").splitlines()))
    yield from differ("arguments of PID 1", ["/usr/lib/systemd/systemd"], c.text("init-cmdline.txt").splitlines())


def meminfo(c: Case, name: str) -> int:
    """KiB."""
    found = re.search(rf"^{name}: +(\d+) kB$", c.text("meminfo.txt"), re.M)
    if found is None:
        raise LookupError(f"meminfo.txt has no line {name}")
    return int(found[1])


def crash_would_reset(c: Case) -> Problems:
    """What stage early has set is left to the host, whose PID 1 may crash too."""
    lines = c.text("kernel.txt").splitlines()
    for name, value in (("panic", 10), ("panic_on_oops", 1)):
        yield from differ(f"kernel.{name}", [f"/proc/sys/kernel/{name}:{value}"],
                          [line for line in lines if line.startswith(f"/proc/sys/kernel/{name}:")])


def kernel_wants_signatures(c: Case) -> Problems:
    """Of every volume that the host opens, where the floor does of /usr; it cannot be taken back."""
    wanted = "Y" if is_signed(c) and not c.allows_unsigned else "N"
    name = "/sys/module/dm_verity/parameters/require_signatures"
    yield from differ("dm_verity.require_signatures", [f"{name}:{wanted}"],
                      [line for line in c.text("kernel.txt").splitlines() if line.startswith(f"{name}:")])


def initramfs_is_freed(c: Case) -> Problems:
    handoff = c.boot()["handoff"]
    yield from differ("way of the switch", c.switch, handoff["switch"])
    # A pivot leaves it to the kernel, and the files are not counted. PID 1 alone is more than 4 MiB.
    yield from differ("the initramfs was emptied file by file", c.switch == "move",
                      handoff["initramfs_bytes"] > 4 << 20)
    before, after = handoff["memory_available_before_kb"], handoff["memory_available_after_kb"]
    # What PID 1 itself takes for its last acts is some pages.
    if not 0 < before - 1024 <= after:
        yield f"available memory: expected no less than 1 MiB under what there was before, saw {before} and {after} KiB"
    # The kernel counts freed pages late, by processor. But pages of an initramfs are unevictable (fs/ramfs/inode.c),
    # and a stock host has hardly any others.
    left = meminfo(c, "Unevictable")
    if not left < 1024:
        yield f"unevictable memory of the host: expected less than 1 MiB, saw {left} KiB"


def console_is_as_asked(c: Case) -> Problems:
    """The kernel log has a line or more of each stage; the console has them too, or none at all under quiet."""
    console = (c.out / "serial.log").read_text(errors="replace").splitlines()
    places = {"kernel log": c.text("dmesg.txt").splitlines()}
    if c.is_quiet():
        yield from none_of("console of a good boot under quiet", console, "verinit")
    else:
        places["console"] = console
    for place, lines in places.items():
        for stage in STAGES:
            if not any(f"verinit[{stage}]: " in line for line in lines):
                yield f"{place}: expected a line of stage {stage}"


def not_measured(c: Case) -> Problems:
    tpm = c.boot()["tpm"]
    state = {"no-tpm": "absent", "unmeasured-uki": "unmeasured"}[c.unmeasured_because]
    yield from differ("boot.json tpm", {"state": state, "banks": [], "words": []}, tpm)


COMMON: tuple[Callable[[Case], Problems], ...] = (
    system_is_up, mapper_device_is_active, usr_is_read_only, policy_directory_is_verified, root_is,
    table_is_ours, devices_are_the_named_ones, size_is_proved, selinux_is_enforcing, lock_is_as_said, nobody_is_permissive, labels_are_right, evidence_is_whole,
    init_starts_clean, crash_would_reset, kernel_wants_signatures, initramfs_is_freed, console_is_as_asked)


def problems_of(case: Case, checks: Iterable[Callable[[Case], Problems]]) -> list[str]:
    problems = []
    for check in checks:
        name = check.__name__
        try:
            problems += [f"{name}: {problem}" for problem in check(case)]
        except (LookupError, ValueError, TypeError, OSError) as e:
            problems.append(f"{name}: could not be looked at: {type(e).__name__}: {e}")
    return problems
