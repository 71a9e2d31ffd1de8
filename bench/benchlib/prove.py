# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does C come to what was counted before this bench existed? Then, a bare init with the same seven modules took 0.920 G
instructions from /init to the exec with raw modules and 1.099 G with compressed ones, idle time and the kernel's self-tests of
its ciphers, which run beside it, included."""

from __future__ import annotations

from dataclasses import replace

from . import contenders, disk, measure
from .quick import OUT

MODULES = ["virtio_blk", "reed_solomon", "dm_mod", "dm_bufio", "dm_verity", "libcrc32c", "erofs"]
KNOWN = {False: 920, True: 1099}        # compressed: million instructions
TOLERANCE = 0.10


def run() -> int:
    on, far = disk.make(), 0
    for compressed, known in KNOWN.items():
        boot = contenders.bare(on, MODULES, compressed=compressed)
        boot = replace(boot, cmdline=boot.cmdline.replace(f" {contenders.NO_SELF_TESTS}", ""))
        seen = measure.run(boot, on, OUT / "vm", icount=True, timeout=400).span_us / 1000
        off = seen / known - 1
        far += abs(off) > TOLERANCE
        print(f"C, {'.ko.xz' if compressed else '.ko'}: {seen:.0f} M, known {known} M, {off:+.1%}", flush=True)
    return 1 if far else 0
