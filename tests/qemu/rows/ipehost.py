# SPDX-License-Identifier: LGPL-2.1-or-later
"""A whole Debian under an IPE policy of `verinit ipe build`, and the same one without: what runs, what does not, and whose doing that is."""

from __future__ import annotations

import json
import lzma
import re
from dataclasses import dataclass, replace
from pathlib import Path

from imagelib import signature
from imagelib.store import EPOCH, file_digest
from imagelib.verity import BLOCK, SALT, UUID
from machine.spec import BootSpec
from machine.vm import boot
from tamper.ukis import Uki

from . import extension, parts, prediction, signatures, volumes
from .boots import SWITCH, finding_of
from .facts import COMMON, Case, Problems, differ
from .initrd import floor_of
from .ipe import Built
from .measured import evidence_of_tpm, log_is_exact
from .row import Finding, Room

GUEST = Path(__file__).resolve().parents[1] / "guest"
SCRIPT, TRIES = GUEST / "ipehost.sh", GUEST / "tries.c"
MODULE = "kernel/drivers/net/dummy.ko.xz"
# For a volume without a signature: that IPE refuses its programs is to be seen, not that dm-verity refuses the volume.
FLOOR = {"root-hash-signature": "allow"}
POLICY = Built()

CONFIG = {
    "ociVersion": "1.0.2",
    "process": {"user": {"uid": 0, "gid": 0}, "args": ["/bin/tries", "contain"], "env": ["PATH=/bin"], "cwd": "/",
                "noNewPrivileges": True, "selinuxLabel": "system_u:system_r:container_t:s0"},
    "root": {"path": "root", "readonly": False},
    "hostname": "layer",
    "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
               {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
               {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777"]}],
    "linux": {"namespaces": [{"type": name} for name in ("pid", "ipc", "uts", "mount", "network", "cgroup")],
              "mountLabel": "system_u:object_r:container_file_t:s0"},
}


def sealed(data: Path, out: Path, name: str) -> str:
    """OUT/NAME.img: the data and its tree in one file, and OUT/NAME.roothash."""
    image, size = out / f"{name}.img", data.stat().st_size
    image.write_bytes(data.read_bytes())
    text = parts.run(["veritysetup", "format", f"--salt={SALT}", f"--uuid={UUID}", f"--data-block-size={BLOCK}", f"--hash-block-size={BLOCK}",
                      f"--data-blocks={size // BLOCK}", f"--hash-offset={size}", image, image])
    found = re.search(r"^Root hash:\s*([0-9a-f]{64})$", text, re.M)
    assert found, text
    (out / f"{name}.roothash").write_text(found[1])
    (out / "hash-offset").write_text(str(size))
    return found[1]


def put_layer(out: Path, scratch: Path) -> None:
    """An erofs with one static program: signed; a byte of it changed; and that hashed anew, with the signature of the first."""
    layer, data = scratch / "layer", scratch / "layer.erofs"
    for name in ("bin", "dev", "proc", "sys", "tmp"):
        (layer / name).mkdir(parents=True)
    program = layer / "bin/tries"
    parts.compile_static(program, TRIES)
    parts.run(["mkfs.erofs", "--quiet", f"-T{EPOCH}", f"-U{UUID}", "--all-root", data, layer])
    root_hash = sealed(data, out, "layer")
    key, cert = signatures.key_of("db")
    (out / "layer.p7s").write_bytes(signature.pkcs7(root_hash, key, cert, scratch))
    content, changed = bytearray(data.read_bytes()), bytearray((out / "layer.img").read_bytes())
    at = content.index(program.read_bytes()[:BLOCK]) + BLOCK // 2
    content[at] ^= 1
    changed[at] ^= 1
    data.write_bytes(content)
    sealed(data, out, "resealed")
    (out / "changed.img").write_bytes(changed)
    (out / "changed.roothash").write_text(root_hash)


def errands() -> Path:
    """The disk that the host's report looks for."""
    module = parts.modules("cloud") / MODULE
    inputs = {"script": file_digest(SCRIPT), "program": file_digest(TRIES), "module": file_digest(module), "config": CONFIG,
              "keys": parts.keys_digest(), "sources": parts.sources(Path(__file__), Path(extension.__file__), Path(volumes.__file__))}

    def build(out: Path) -> None:
        tree = out / "tree"
        tree.mkdir()
        put_layer(tree, out)
        extension.put(tree, out / "layer/bin/tries", out)
        (tree / "run").write_bytes(SCRIPT.read_bytes())
        (tree / "dummy.ko").write_bytes(lzma.decompress(module.read_bytes()))
        (tree / "config.json").write_text(json.dumps(CONFIG))
        parts.run(["mkfs.ext4", "-q", "-L", "acceptance", "-d", tree, out / "disk.raw", "64M"])
    return parts.store().stage("ipe-errands", inputs, build) / "disk.raw"


RECORD = re.compile(r'audit: type=1420 audit\((?P<stamp>[0-9.]+):\d+\): ipe_op=(?P<op>\S+) ipe_hook=(?P<hook>\S+) enforcing=1 .* '
                    r'path=(?P<path>\S+|"[^"]*") dev=\S+ ino=\S+ rule="DEFAULT action=DENY"$')
# A record is of the try in whose time it is: the kernel's stamps are of its last tick.
TICK = 0.01
ENOENT, EIO, EACCES = 2, 5, 13
Record = tuple[str, str, str]   # ipe_op, ipe_hook, path


def executed(*paths: str) -> tuple[Record, ...]:
    return tuple(("EXECUTE", "BPRM_CHECK", path) for path in paths)


VOLUMES = ("signed", "unsigned", "changed")
# What runs, whether there is a policy or not; what ends alike for another reason than IPE; and what only the policy refuses.
RUNS = ("usr", "signed", "over-lower", "module-of-usr", "mount-over", "mount-crun", "mount-runc", "crun",
        *(f"{what}-{name}" for what in ("attach", "table", "mount") for name in VOLUMES),
        "extension-signed", *(f"{what}-{kind}" for what in ("merge", "table-extension") for kind in ("signed", "unsigned")),
        *(f"{what}-{kind}" for what in ("usr-beside", "unmerge") for kind in extension.KINDS))
# Of the changed extension nothing is merged: systemd reads the block while it looks for a file system.
ALIKE = {"changed": EIO, "attach-resealed": 1, "merge-changed": 1, "table-extension-changed": 1, "extension-changed": ENOENT}
CORRUPT_PARTITION = re.compile(r"device-mapper: verity: 259:\d+: data block 1 is corrupted")     # other volumes have no partitions
DENIED: dict[str, tuple[int, tuple[Record, ...]]] = {
    **{f"copy-{place}": (EACCES, executed(f"/{place}/copy")) for place in ("run", "tmp", "root")},
    "unsigned": (EACCES, executed("/run/unsigned/bin/tries")),
    "extension-unsigned": (EACCES, executed(f"/usr/bin/{extension.NAME}")),
    "memfd": (EACCES, executed("/memfd:tries (deleted)")),
    "preload": (1, (("EXECUTE", "MMAP", "/tmp/preloaded.so"),)),
    "map-memory": (EACCES, (("EXECUTE", "MMAP", "?"),)),
    "protect-memory": (EACCES, (("EXECUTE", "MPROTECT", "?"),)),
    "map-file": (EACCES, (("EXECUTE", "MMAP", "/tmp/return"),)),
    "protect-file": (EACCES, (("EXECUTE", "MPROTECT", "/tmp/return"),)),
    "hidden": (EACCES, executed("/dropped")),
    "over-touched": (EACCES, executed("/run/over/all/true")),
    "over-new": (EACCES, executed("/run/over/all/new")),
    "module-finit": (EACCES, (("KMODULE", "KERNEL_READ", "/run/dummy.ko"),)),
    "module-init": (EACCES, (("KMODULE", "KERNEL_LOAD", "?"),)),
    # Debian's 1.1.15 knows no other way than a memfd.
    "runc": (1, executed("/memfd:runc_cloned:/proc/self/exe (deleted)")),
}
# Of a container that runs: what it wrote over its layer, or to a tmpfs, is refused; its start is not.
IN_CONTAINER = executed("/copy", "/tmp/copy")
WORDS = {"attach-resealed": "Key was rejected by service", "table-signed": "root_hash_sig_key_desc", "signed": "hello",
         "extension-signed": "hello", "table-extension-signed": "root_hash_sig_key_desc", "merge-changed": "Failed to merge hierarchies"}
WITHOUT_IPE = {name: "hello" for name in ("unsigned", "memfd", "hidden", "extension-unsigned")}
UNDER_IPE = {"preload": "failed to map segment", "runc": "could not ensure we are a cloned binary"}
CONTEXT = "system_u:system_r:container_t:s0"


def denials() -> str:
    """The list in docs/MAC.md, which a test compares: try, exit status, and each record's ipe_op, ipe_hook and path."""
    return "".join(f"{name} {status}: {', '.join(' '.join(record) for record in found)}\n"
                   for name, (status, found) in {**DENIED, "crun": (0, IN_CONTAINER)}.items())


def path_of(text: str) -> str:
    """In quotes; with a space in it, in hexadecimal."""
    return text.strip('"') if text[0] in '"?' else bytes.fromhex(text).decode()


def statuses(c: Case) -> dict[str, tuple[int, float, float]]:
    """Of each try, with its beginning and its end."""
    rows = (line.split() for line in c.text("tried.txt").splitlines())
    return {name: (int(status), float(start), float(end)) for name, status, start, end in rows}


def records(c: Case) -> list[tuple[float, Record]]:
    found = []
    for line in c.text("kernel-log.txt").splitlines():
        if "type=1420 " in line:
            match = RECORD.search(line)
            if match is None:
                raise LookupError(f"a record of IPE that is none of a denial by default: {line}")
            found.append((float(match["stamp"]), (match["op"], match["hook"], path_of(match["path"]))))
    return found


def said(c: Case, words: dict[str, str]) -> Problems:
    for name, word in words.items():
        if word not in c.text(f"try-{name}.txt"):
            yield f"{name}: expected {word!r}, saw {c.text(f'try-{name}.txt')!r}"


def tries_end(c: Case, is_under_ipe: bool) -> Problems:
    """Each with its status, and with the records that the kernel made of it in its time: these and no others."""
    wanted: dict[str, tuple[int, tuple[Record, ...]]] = {
        **{name: (0, ()) for name in RUNS}, **{name: (status, ()) for name, status in ALIKE.items()},
        **{name: denial if is_under_ipe else (0, ()) for name, denial in DENIED.items()}}
    if is_under_ipe:
        wanted["crun"] = (0, IN_CONTAINER)
    seen, left = statuses(c), records(c)
    for name, (status, denials) in wanted.items():
        if name not in seen:
            yield f"{name}: was not tried"
            continue
        ended, start, end = seen[name]
        mine = [record for record in left if start - TICK <= record[0] <= end + TICK]
        left = [record for record in left if record not in mine]
        yield from differ(f"{name}: status", status, ended)
        yield from differ(f"{name}: records of IPE", list(denials), [record for _, record in mine])
    yield from differ("records of IPE at any other time", [], left)
    yield from said(c, {**WORDS, **(UNDER_IPE if is_under_ipe else WITHOUT_IPE)})
    for name in ("table-unsigned", "table-extension-unsigned"):
        if "root_hash_sig_key_desc" in c.text(f"try-{name}.txt"):
            yield f"{name}: expected no signature"
    if not CORRUPT_PARTITION.search(c.text("kernel-log.txt")):
        yield f"the kernel's log: expected a line with {CORRUPT_PARTITION.pattern!r} of the changed extension"


def containers_say(c: Case, is_under_ipe: bool) -> Problems:
    """The program of the layer ran, in its domain, and how far it came."""
    for runtime in ("crun", *(() if is_under_ipe else ("runc",))):
        lines = [line for line in c.text(f"said-{runtime}.txt").splitlines() if line != "hello"]
        # A memfd is for SELinux to refuse there.
        status = EACCES if is_under_ipe else 0
        yield from differ(f"what the container of {runtime} says", ["layer 0", f"context {CONTEXT}", f"upper {status}",
                                                                    f"tmpfs {status}", f"memfd {EACCES}"], lines)
    if is_under_ipe:
        yield from differ("what a container of runc says", False, "said-runc.txt" in c.outcome.report)


def policy_is_active(c: Case) -> Problems:
    ipe = c.boot()["ipe"]
    yield from differ("boot.json ipe", ("enforcing", [(POLICY.name, True)], "dropped"),
                      (ipe["state"], [(p["name"], p["active"]) for p in ipe["policies"]], ipe["mac_admin"]))
    yield from differ("active, and enforce", "11", c.text("ipe.txt"))


def no_policy_is_there(c: Case) -> Problems:
    yield from differ("boot.json ipe.state", "absent", c.boot()["ipe"]["state"])


def under_ipe(c: Case) -> Problems:
    yield from policy_is_active(c)
    yield from tries_end(c, True)
    yield from containers_say(c, True)


def without_ipe(c: Case) -> Problems:
    yield from no_policy_is_there(c)
    yield from tries_end(c, False)
    yield from containers_say(c, False)


def pcrs_are_predicted(c: Case) -> Problems:
    yield from prediction.differences(c.predicted, json.loads(c.text("pcrs.json")), True, prediction.READY)


@dataclass(frozen=True)
class IpeHost:
    """OVMF with Secure Boot, since the kernel takes keys of the firmware's db from there alone."""
    name: str
    is_under_ipe: bool
    seconds: int = 120

    def run(self, room: Room) -> Finding:
        image = parts.image("discoverable")
        floor = {**floor_of(image), **FLOOR, **({"ipe": "require"} if self.is_under_ipe else {})}
        policy = ("--ipe-policy", str(POLICY.make(image.root_hash))) if self.is_under_ipe else ()
        uki = Uki(name=self.name, image=image, kernel=image.kernels["cloud"], flavour="cloud", init=room.init, baked=image.cmdline,
                  section=image.cmdline, floor=floor, builder=("--certificate", str(image.db_cert), *policy)).make()
        kernel = replace(image.kernels["cloud"], uki=uki)
        predicted = prediction.of_disk(image.disk, uki, image.floor, room.out, image.variables)
        outcome = boot(BootSpec(out=room.out, disk=image.disk, uki=uki, timeout=850, report_grace=600, note=prediction.note(room.out),
                                extra_disks=(errands(),)))
        case = Case(outcome, room.out, image, kernel, image.cmdline, "virtio-blk", SWITCH["cloud"], measured=True, predicted=predicted,
                    allows_unsigned=FLOOR["root-hash-signature"] == "allow")
        finding = finding_of(case, (*COMMON, evidence_of_tpm, log_is_exact, pcrs_are_predicted,
                                    under_ipe if self.is_under_ipe else without_ipe))
        finding.relaxed = [*outcome.relaxed, *(f"floor {key}={value}" for key, value in FLOOR.items())]
        return finding


IPE_HOSTS = [IpeHost("ovmf-cloud-discoverable-ipe-host", True), IpeHost("ovmf-cloud-discoverable-ipe-host-without-ipe", False)]
