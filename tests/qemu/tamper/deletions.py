# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each check taken out once, in a scratch copy of the code, and its row booted again.

A row is worth what it would catch. Without its check the boot must come up, panic, or end at a second line of defence that is
named here; the same verdict as before would mean that the row never tested this check.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from imagelib.store import TOP
from machine.spec import Trouble
from rows.cli import seen
from rows.row import Room

from .table import MATRIX

WORK = TOP / "build/deletions"
SOURCE, BUILD = WORK / "source", WORK / "source/build"
RESULTS = WORK / "results.json"


@dataclass(frozen=True)
class Deletion:
    """`old` stands in FILE once, and becomes `new`. `then` is what the row says without the check."""
    name: str
    file: str
    old: str
    new: str
    row: str
    then: str


PROVE = "prove/TAMPER"

# In the order of the boot.
DELETIONS: list[Deletion] = [
    Deletion("floor-digest", "init/floor_check.c", "return digest_equal(note, &seen) ? 0", "return digest_equal(note, &seen) || true ? 0",
             "config-floor-planted", "probe/UNVERIFIED/floor-file-unnamed"),
    Deletion("duplicate-key", "init/boot_config.c", "if (seen[i] && !key->may_repeat)", "if (false && !key->may_repeat)",
             "config-hash-twice", f"{PROVE}/cmdline-not-baked"),
    Deletion("guarded-word", "init/boot_config.c", "else if (guard)", "else if (guard && !guard)",
             "config-unit-chosen", f"{PROVE}/cmdline-not-baked"),
    Deletion("floor-file-digest", "init/floor_check.c", "return digest_equal(named, &seen) ? 0",
             "return digest_equal(named, &seen) || true ? 0", "prove-cmdline-planted", f"{PROVE}/cmdline-not-baked"),
    Deletion("secure-boot", "init/stage_prove.c", "if (facts->is_secure_boot ||", "if (true ||",
             "prove-secure-boot-off", "activate/UNVERIFIED/kernel-key-missing"),
    Deletion("packed-text", "init/proof.c", "        if (tail.bad)\n", "        if (tail.bad && false)\n",
             "prove-word-added", f"{PROVE}/smbios-cmdline"),
    Deletion("smbios-strings", "measure/provenance.c", "if (in->n_smbios_extras == 0)", "if (in->n_smbios_extras < 100)",
             "prove-word-allowed-from-smbios", f"{PROVE}/event-unexplained"),
    Deletion("addon-digest", "measure/explain_parameters.c",
             "        if (r == 0)\n                return refuse(event, \"these words were added",
             "        if (r == 100)\n                return refuse(event, \"these words were added",
             "prove-addon-not-listed", f"{PROVE}/addon-key-refused"),
    Deletion("replay", "measure/replay.c", "        if (!digest_equal(&s.value, tpm))\n                return refuse(",
             "        if (!digest_equal(&s.value, tpm) && false)\n                return refuse(",
             "prove-log-cut", f"{PROVE}/event-unexplained"),
    Deletion("block-hash", "verity/block.c", "if (digest_equal(&seen, expected))", "if (digest_equal(&seen, expected) || true)",
             "verify-first-data-block", "panicked"),
    Deletion("unused-slots", "verity/verify.c", "                if (the_block[i] != 0)\n", "                if (the_block[i] != 0 && false)\n",
             "verify-superblock-one-block-less-unpinned", "verify/TAMPER/size-mismatch"),
    Deletion("signature", "common/crypto_openssl.c", "content->iov_base, content->iov_len) != 1)",
             "content->iov_base, content->iov_len) > 1)", "verify-signature-bit", "activate/TAMPER/kernel-key-rejected"),
    Deletion("file-system-size", "verity/verify.c", "if (!fs_size_is(", "if (false && !fs_size_is(",
             "verify-size-of-file-system", "mac/CONFIG/policy-missing"),
    Deletion("ipe-digest", "init/ipe_load.c", "        if (digest_equal(&named->sha256, &seen))\n", "        if (digest_equal(&named->sha256, &seen) || true)\n",
             "mac-ipe-policy-of-another-digest", "mac/CONFIG/ipe-policy-malformed"),
    # What the lock then refuses is looked at in booted-selinux-locked.
    Deletion("selinux-lock", "init/stage_mac.c", "        if (lock == SELINUX_LOCK_EARLY)\n", "        if (lock == SELINUX_LOCK_EARLY && false)\n",
             "mac-policy-without-lock", "booted"),
    Deletion("init-in-usr", "init/stage_handoff.c", "if (init_mount != usr_mount)", "if (init_mount != usr_mount && false)",
             "handoff-init-unverified", "handoff/SYSTEM/exec-failed"),
]


def copy_source() -> None:
    """What git knows of, as it is in the work tree: times are kept where nothing has changed, so that little is built."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, check=True, capture_output=True).stdout.decode().split("\0")
    for name in filter(None, names):
        source, target = TOP / name, SOURCE / name
        if not source.exists() or target.exists() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    BUILD.mkdir(exist_ok=True)
    for shared in ("deps", "apt"):
        link = BUILD / shared
        if not link.is_symlink():
            link.symlink_to(TOP / "build" / shared)


def take_out(deletion: Deletion) -> None:
    path = SOURCE / deletion.file
    text = path.read_text()
    if text.count(deletion.old) != 1:
        raise Trouble(f"{deletion.name}: {deletion.file} has the check {text.count(deletion.old)} times: bring the list up to date")
    path.write_text(text.replace(deletion.old, deletion.new))


def build() -> Path:
    log = WORK / "build.log"
    with open(log, "w") as out:
        for command in (["cmake", "--preset", "release"], ["cmake", "--build", "--preset", "release", "--target", "init"]):
            done = subprocess.run(command, cwd=SOURCE, stdout=out, stderr=subprocess.STDOUT, check=False)
            if done.returncode != 0:
                raise Trouble(f"the copy without the check does not build: see {log}")
    return BUILD / "release/init"


def run(deletion: Deletion) -> dict[str, str]:
    row = next(row for row in MATRIX if row.name == deletion.row)
    copy_source()
    take_out(deletion)
    init = build()
    room = Room(WORK / "vm" / deletion.name, init)
    shutil.rmtree(room.out, ignore_errors=True)
    room.out.mkdir(parents=True)
    finding = row.run(room)
    for name in ("boot.raw", "vars.fd"):
        (room.out / name).unlink(missing_ok=True)
    return {"name": deletion.name, "row": row.name, "with": row.expect, "without": seen(finding), "then": deletion.then,
            "message": finding.outcome.message}


def results() -> dict[str, dict[str, str]]:
    """Of the last runs, by the check's name."""
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    assert isinstance(found, dict)
    return found


def is_as_expected(deletion: Deletion, result: dict[str, str]) -> bool:
    """The row was that one, says with the check what it says now, and without it what the list has, which is something else."""
    row = next(row for row in MATRIX if row.name == deletion.row)
    return (result["row"], result["with"], result["without"]) == (deletion.row, row.expect, deletion.then) and \
        result["without"] != result["with"]


def main(argv: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="deletions", description=__doc__, allow_abbrev=False,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("name", nargs="*", metavar="NAME", help="checks to take out; default: all")
    args = p.parse_args(argv)
    chosen = [d for d in DELETIONS if not args.name or d.name in args.name]
    if unknown := set(args.name) - {d.name for d in DELETIONS}:
        p.error(f"no check is named {', '.join(sorted(unknown))}: there are {', '.join(d.name for d in DELETIONS)}")
    WORK.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("CMAKE_BUILD_PARALLEL_LEVEL", "2")
    found, bad = results() if args.name else {}, 0
    for deletion in chosen:
        try:
            result = run(deletion)
        except Trouble as e:
            print(f"{deletion.name}: FAILED, could not be run: {e}", flush=True)
            found.pop(deletion.name, None)
            RESULTS.write_text(json.dumps(found, indent=1) + "\n")
            bad += 1
            continue
        good = is_as_expected(deletion, result)
        bad += not good
        found[deletion.name] = result
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")
        print(f"{deletion.name}: {'passed' if good else 'FAILED'}: {deletion.row} says {result['without']} without the check, "
              f"{result['with']} with it{'' if good else f'; expected {deletion.then}'}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
