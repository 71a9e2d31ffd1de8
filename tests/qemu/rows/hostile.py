# SPDX-License-Identifier: LGPL-2.1-or-later
"""A whole Debian on a root that somebody has filled with all that could take SELinux away: configuration and policy, a generator, a unit
before all others, mounts over /usr and /etc/selinux. Then root of that host tries what is left.

With `selinux-lock=none` in the floor the same disk gets what it wants: row ...-unlocked, of tools/check --all.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Callable

from imagelib.image import Image
from imagelib.store import file_digest
from machine.vm import Machine

from . import facts, parts
from .boots import SWITCH
from .facts import Case, Problems, differ, problems_of
from .initrd import Floor
from .row import Finding, Room
from .setup import Setup, unsigned_disk
from .words import added, both, without

GUEST = Path(__file__).resolve().parents[1] / "guest/hostile.sh"
LABEL = "system_u:object_r:{}:s0"

# What a generator and a unit do, each where it may write. Nothing of it may end them.
ATTACK = """#!/bin/bash
out=$1
exec >"$out" 2>&1 </dev/null
try() { timeout 20 "$@"; echo "$1 $?"; }
id -Z
try setenforce 0
try dd if=/sys/fs/selinux/policy of=/sys/fs/selinux/load bs=16M iflag=fullblock
try setsebool secure_mode_policyload 0
try umount -l /etc/selinux
try load_policy -i
try mount --bind /hostile /etc/selinux
try load_policy -i
echo "enforce $(cat /sys/fs/selinux/enforce)"
exit 0
"""
UNIT = """[Unit]
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
RuntimeDirectory=hostile
RuntimeDirectoryPreserve=yes
ExecStart=/etc/hostile/attack /run/hostile/service.txt
"""
GENERATOR = """#!/bin/bash
exec /etc/hostile/attack "$1/hostile.txt"
"""
# Not "disabled", which has libselinux unmount selinuxfs: the rest of the host would miss it. That is tried when the host is up.
CONFIG = "SELINUX=permissive\nSELINUXTYPE=default\n"
FSTAB = "/hostile /etc/selinux none bind,nofail 0 0\n/hostile /usr none bind,nofail 0 0\n"
SYSTEM = "/etc/systemd/system"
# What would be left of the unit of selinux-lock=late, were it not masked.
DROP_IN = "[Unit]\nFailureAction=none\n[Service]\nExecStart=\nExecStart=/usr/bin/true\n"
# The unit keeps sysinit waiting.
PATIENCE = "systemd.default_device_timeout_sec=600"

# Path, mode, label, content.
FILES = (
    ("/etc/selinux/config", 0o644, "selinux_config_t", CONFIG),
    ("/hostile/config", 0o644, "etc_t", CONFIG),
    ("/etc/hostile/attack", 0o755, "bin_t", ATTACK),
    ("/etc/systemd/system-generators/hostile", 0o755, "bin_t", GENERATOR),
    (f"{SYSTEM}/hostile.service", 0o644, "systemd_unit_t", UNIT),
    (f"{SYSTEM}/verinit-selinux-lock.service.d/hostile.conf", 0o644, "systemd_unit_t", DROP_IN),
    ("/etc/fstab", 0o644, "etc_t", FSTAB),
)
LINKS = ((f"{SYSTEM}/sysinit.target.wants/hostile.service", f"{SYSTEM}/hostile.service"),
         (f"{SYSTEM}/verinit-selinux-lock.service", "/dev/null"), ("/hostile/default", "/usr/etc/selinux/default"))


def plant(root: Path, scratch: Path) -> None:
    """Into an ext4, with labels, as whoever has the disk can: by debugfs."""
    commands: list[str] = []
    made = {"/", "/etc", "/etc/selinux", "/etc/systemd", SYSTEM, f"{SYSTEM}/sysinit.target.wants"}
    for i, (path, mode, kind, content) in enumerate(FILES):
        for parent in reversed(Path(path).parents):
            if str(parent) not in made:
                made.add(str(parent))
                commands += [f"mkdir {parent}", f"ea_set {parent} security.selinux {LABEL.format('etc_t')}\\000"]
        (scratch / str(i)).write_text(content)
        commands += [f"rm {path}", f"write {scratch / str(i)} {path}", f"set_inode_field {path} mode 0100{mode:o}",
                     f"ea_set {path} security.selinux {LABEL.format(kind)}\\000"]
    for path, target in LINKS:
        commands += [f"rm {path}", f"symlink {path} {target}"]
    (scratch / "commands").write_text("\n".join((*commands, "")))
    parts.run(["debugfs", "-w", "-f", scratch / "commands", root])
    for path, *_ in FILES:
        if "Inode: " not in parts.run(["debugfs", "-R", f"stat {path}", root]):
            raise parts.Trouble(f"debugfs did not write {path}")


def hostile_disk(image: Image, _: Path) -> Path:
    inputs = {"disk": image.root_hash, "variant": image.variant, "files": FILES, "links": LINKS, "source": file_digest(Path(__file__))}

    def build(out: Path) -> None:
        disk, place = out / "disk.raw", image.partitions["root"]
        parts.run(["cp", "--sparse=always", unsigned_disk(image), disk])
        with TemporaryDirectory(dir=out) as directory:
            root = Path(directory, "root.ext4")
            with open(disk, "rb") as source:
                source.seek(place.offset)
                root.write_bytes(source.read(place.content))
            plant(root, Path(directory))
            with open(disk, "r+b") as target:
                target.seek(place.offset)
                target.write(root.read_bytes())
    return parts.store().stage(f"hostile-{image.variant}", inputs, build) / "disk.raw"


def script_disk() -> tuple[Path, ...]:
    """What the host's report runs: a disk labelled "acceptance"."""
    def build(out: Path) -> None:
        (out / "tree").mkdir()
        (out / "tree/run").write_bytes(GUEST.read_bytes())
        parts.run(["mkfs.ext4", "-q", "-L", "acceptance", "-d", out / "tree", out / "disk.raw", "4M"])
    inputs = {"script": file_digest(GUEST), "source": file_digest(Path(__file__))}
    return (parts.store().stage("hostile-script", inputs, build) / "disk.raw",)


PERMISSIVE = "Unable to switch to permissive mode: Permission denied"
NO_LOAD = "Could not load policy file /etc/selinux/{}/policy/policy.33: Permission denied"
# What root tried on the running host, and what it was told.
REFUSALS = {
    "load": "error writing '/sys/fs/selinux/load': Permission denied", "unlock": "Could not change active booleans: Permission denied",
    "boolean": "Could not change active booleans: Permission denied", "reload": NO_LOAD.format("default"),
    "setenforce": "security_setenforce() failed: Permission denied", "config-permissive": PERMISSIVE,
    # 6.12 knows no way to do that at run time.
    "config-disabled": "Can't load policy: Device or resource busy", "config-garbage": PERMISSIVE, "config-other": NO_LOAD.format("other"),
    "config-missing": PERMISSIVE, "config-link": NO_LOAD.format("other"), "config-mount": NO_LOAD.format("other"),
}
CONFIGS = [name for name in REFUSALS if name.startswith("config-")]
STATES = ("up", "tried", *CONFIGS, "end", "later")
PROBES = ("shadow", "disk", "tpm", "evidence", "policy")
TRIES = re.compile(r"^(?:setenforce|dd|setsebool|umount|load_policy|mount) \d+$", re.M)


def attacks_are_refused(c: Case) -> Problems:
    """In the generator's and the unit's own time; what they say of themselves. A umount alone does what it should, and helps nobody."""
    for name in ("generator.txt", "service.txt"):
        yield from differ(f"{name}: tries", ["setenforce 2", "dd 1", "setsebool 255", "umount 0", "load_policy 2", "mount 32", "load_policy 2"],
                          TRIES.findall(c.text(name)))
        yield from differ(f"{name}: refused by SELinux", 9, c.text(name).count("Permission denied"))
        yield from differ(f"{name}: enforcing afterwards", ["1"], re.findall(r"^enforce (.*)$", c.text(name), re.M))


def fstab_was_read(c: Case) -> Problems:
    """The root's line for /usr did no more than that one unit failed."""
    yield from differ("failed units", ["systemd-remount-fs.service"],
                      [line.split()[0] for line in c.text("units.txt").partition("state: ")[0].splitlines()])
    if "mount: /usr: cannot remount /hostile read-write" not in c.text("journal.txt"):
        yield "journal.txt: expected that /hostile was not mounted at /usr"


def states(c: Case) -> dict[str, tuple[str, str]]:
    """After each step: enforcing or not, and the policy's digest."""
    rows = [line.split() for line in c.text("states.txt").splitlines()]
    return {row[0]: (row[1], row[2]) for row in rows}


def statuses(c: Case) -> dict[str, str]:
    return dict(line.split() for line in c.text("tried.txt").splitlines())


def nothing_helps(c: Case) -> Problems:
    """Whatever root's /etc/selinux says: enforcing, and the same policy; a day later, too. One that was locked late has the booleans set."""
    boot = c.boot()["selinux"]
    policy = boot["loaded_sha256"] if boot["lock"] == "early" else hashlib.sha256(c.outcome.report.get("policy", b"")).hexdigest()
    yield from differ("states", {name: ("1", policy) for name in STATES}, states(c))
    if not re.fullmatch(r"LastTriggerUSec=\w{3} .*", c.text("clock.txt").strip()):
        yield f"daily timer: expected it to have run, saw {c.text('clock.txt')!r}"
    for name, words in REFUSALS.items():
        text = " ".join(c.text(f"try-{name}.txt").split())
        if words not in text or text.endswith("status 0"):
            yield f"{name}: expected {words!r} and to fail, saw {text!r}"


def etc_was_bared(c: Case) -> Problems:
    """So that what is tried next meets the configuration of whoever filled the root."""
    yield from differ("/etc/selinux/config without the verified one over it", CONFIG, c.text("bared.txt"))


def probes(c: Case, name: str) -> dict[str, str]:
    seen = dict(re.findall(r"^(\w+): (.*)$", c.text(f"probes-{name}.txt"), re.M))
    return {key: "refused" if "Permission denied" in seen.get(key, "") else seen.get(key, "missing") for key in ("domain", *PROBES)}


def open_is_open(c: Case) -> Problems:
    yield from differ("the report's own domain", {"domain": "unconfined_u:unconfined_r:unconfined_t:s0", **dict.fromkeys(PROBES, "done")},
                      probes(c, "open"))


def confined_are_confined(c: Case) -> Problems:
    """Each fails there for lack of permission."""
    yield from differ("confined domain", {"domain": "system_u:system_r:system_cronjob_t:s0", **dict.fromkeys(PROBES, "refused")},
                      probes(c, "confined"))


def control_gets_what_it_wants(c: Case) -> Problems:
    """Without the lock the generator leaves enforcing mode, and nothing is refused to anybody from then on; the rules are then root's."""
    tries = TRIES.findall(c.text("generator.txt"))
    yield from differ("generator.txt: tries", ["setenforce 0", "dd 0", "setsebool 0", "umount 0", "load_policy 0"], tries[:5])
    seen, done = states(c), statuses(c)
    # One of the configurations asks for it: root's own policy is then what is enforced.
    yield from differ("enforcing, from the first step to the last", {name: "1" if name == "config-other" else "0" for name in STATES},
                      {name: state[0] for name, state in seen.items()})
    for name in ("load", "unlock", "boolean", "reload", "setenforce", "config-permissive", "config-other"):
        yield from differ(f"status of {name}", "0", done.get(name))
    if seen["config-other"][1] == seen["config-permissive"][1]:
        yield "policy after root has named another: expected another one"
    yield from differ("confined domain", {"domain": "system_u:system_r:system_cronjob_t:s0", **dict.fromkeys(PROBES, "done")},
                      probes(c, "confined"))


HELD = (facts.usr_is_read_only, facts.root_is, facts.selinux_is_enforcing, facts.lock_is_as_said, facts.nobody_is_permissive,
        facts.evidence_is_whole, facts.init_starts_clean, attacks_are_refused, fstab_was_read, etc_was_bared, nothing_helps, open_is_open,
        confined_are_confined)


@dataclass(frozen=True)
class HostileBoot:
    name: str
    checks: tuple[Callable[[Case], Problems], ...] = HELD
    floor: Floor = field(default_factory=dict)
    seconds: int = 110

    def run(self, room: Room) -> Finding:
        setup = Setup(image="discoverable-ext4", disk=hostile_disk, baked=both(without("enforcing"), added(PATIENCE)), extra_disks=script_disk, floor=self.floor, tpm=True, memory="768",
                      cpus=2, timeout=900)
        # Root's attempts take as long as the boot.
        prepared = setup.prepare(self.name, room, report_grace=600)
        with Machine(prepared.spec) as machine:
            outcome = machine.outcome()
        image = parts.image(setup.image)
        case = Case(outcome, room.out, image, parts.kernel(setup.kernel), prepared.baked, setup.bus, SWITCH[setup.kernel],
                    unmeasured_because="unmeasured-uki")
        finding = Finding(outcome, relaxed=[*outcome.relaxed, *prepared.relaxed])
        finding.expect("result", "booted", outcome.result)
        if outcome.result == "booted":
            finding.problems += problems_of(case, self.checks)
        return finding


HOSTILE = [HostileBoot("direct-cloud-discoverable-ext4-hostile-root")]
LONG = [HostileBoot("direct-cloud-discoverable-ext4-hostile-root-unlocked", (open_is_open, control_gets_what_it_wants),
                    {"selinux-lock": "none"})]
