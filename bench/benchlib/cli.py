# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command `bench`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from imagelib.store import BuildError
from machine.spec import Trouble
from rows import parts

from . import builtin, full, growth, plots, prove, quick, stages, table, unpack

DESCRIPTION = """\
Boots one disk by verinit (A), by dracut (B-lean, B-min), by what mkosi-initrd makes (B2) and by a bare program that checks nothing (C), and says what each costs.
Without an option: all of it, in turn A B C A B C, with raw samples in build/bench/results.json.
"""
EPILOG = """\
exit codes: 0 done, or nothing grew; 1 something grew beyond the tolerance, or trouble; 2 usage
What the figures mean, and those of one run: docs/PERFORMANCE.md.
"""


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog="tools/bench", description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    what = p.add_mutually_exclusive_group()
    what.add_argument("--quick", action="store_true", help="A and C once, in instructions, and the initramfs, against docs/bench/baseline.json")
    what.add_argument("--update-baseline", action="store_true", help="write docs/bench/baseline.json anew; takes --why")
    what.add_argument("--growth", action="store_true", help="A and C over what a machine has; build/bench/growth.json")
    what.add_argument("--stages", action="store_true", help="a boot in which all is on, in instructions by stage, by lap and by module; build/bench/stages.json")
    what.add_argument("--kernel", action="store_true", help="A and C with Debian's kernel, and with a small one that needs no modules and is compiled for it (long); build/bench/kernel.json")
    what.add_argument("--unpack", action="store_true", help="A's initramfs packed in several ways; build/bench/unpack.json")
    what.add_argument("--report", metavar="FILE", type=Path, help="print the table of docs/PERFORMANCE.md or docs/KERNEL.md from such results")
    what.add_argument("--prove", action="store_true", help="C against what a bare init was counted at before this bench existed")
    what.add_argument("--plots", metavar="FILE", type=Path, help="pictures of such a growth.json, beside it")
    p.add_argument("--why", metavar="TEXT", default="", help="why the baseline changes")
    p.add_argument("--boots", metavar="N", type=int, default=7, help="boots each by the guest's clock (default: 7)")
    p.add_argument("--counted", metavar="N", type=int, default=2, help="boots each in instructions (default: 2)")
    p.add_argument("--hosts", metavar="N", type=int, default=3, help="boots each of a whole host (default: 3)")
    p.add_argument("--parts", metavar="NAMES", default=",".join(full.PARTS), help="which parts to measure anew, the others staying as they are in the output (default: %(default)s)")
    p.add_argument("--axes", metavar="NAMES", default=",".join(growth.AXES), help="which axes of --growth (default: %(default)s)")
    p.add_argument("--only", metavar="NAMES", default="A,B-lean,C", help="who takes part (default: A,B-lean,C; B-min and B2 too are known)")
    p.add_argument("--init", metavar="FILE", type=Path, default=parts.INIT, help="verinit's PID 1 (default: build/release/init)")
    p.add_argument("--output", metavar="FILE", type=Path, help="where the samples go (default: in build/bench)")
    return p


def act(args: argparse.Namespace) -> int:
    init = args.init.resolve()
    if args.quick:
        return quick.check(init)
    if args.update_baseline:
        return quick.update(init, args.why)
    if args.stages:
        return stages.run(init, args.output or quick.OUT / "stages.json")
    if args.report:
        print(table.of_file(args.report), end="")
        return 0
    if args.prove:
        return prove.run()
    if args.plots:
        return plots.draw(args.plots, args.plots.parent)
    if args.kernel:
        return builtin.run(init, args.counted, args.output or quick.OUT / "kernel.json")
    if args.unpack:
        return unpack.run(init, args.counted, args.output or quick.OUT / "unpack.json")
    if args.growth:
        return growth.run(init, args.axes.split(","), args.output or quick.OUT / "growth.json")
    boots = {"icount": args.counted, "tpm": args.counted, "calls": 1, "clock": args.boots, "host": args.hosts}
    return full.run(init, args.only.split(","), boots, args.parts.split(","), args.output or quick.OUT / "results.json")


def main(argv: list[str] | None = None) -> int:
    p = parser()
    args = p.parse_args(argv)
    if args.update_baseline and len(args.why) < 20:
        p.error("--update-baseline takes --why TEXT: what has changed, in a sentence")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return act(args)
    except (Trouble, BuildError, OSError) as e:
        print(f"bench: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted; the machine is gone", file=sys.stderr)
        return 130
