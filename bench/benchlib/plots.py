# SPDX-License-Identifier: LGPL-2.1-or-later
"""A picture for each axis of growth.json, by gnuplot, from the raw data and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from rows import parts

TITLES = {"disks": "disks (virtio-scsi)", "partitions": "partitions of a second disk", "modules": "drivers packed that nobody needs",
          "usr_mib": "size of /usr, MiB (ext4, sparse)", "policy_kib": "SELinux policy, KiB (none, the smallest, that of Debian)",
          "banks": "PCR banks of the TPM"}
SCRIPT = """\
set terminal svg size 640,400 dynamic
set output '{out}'
set xlabel '{title}'
set ylabel 'million instructions, /init to exec'
set yrange [0:*]
set grid
set key bottom right
$points << END
{data}END
plot $points using 1:2 with linespoints pointtype 7 title 'A, verinit', \
     $points using 1:3 with linespoints pointtype 6 title 'C, bare', \
     $points using 1:($2-$3) with linespoints pointtype 2 title 'A less C'
"""


def draw(growth: Path, directory: Path) -> int:
    axes = json.loads(growth.read_text())["axes"]
    for axis, points in axes.items():
        out = directory / f"growth-{axis}.svg"
        data = "".join(f"{p['x']} {p['a'] / 1e6:.2f} {p['c'] / 1e6:.2f}\n" for p in points)
        parts.run(["gnuplot"], stdin=SCRIPT.format(out=out, title=TITLES[axis], data=data))
        first, rest = out.read_text().split("\n", 1)
        out.write_text(f"{first}\n<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->\n{rest}")
        print(out)
    return 0
