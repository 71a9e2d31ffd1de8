# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command `vm`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from .outcome import EXIT_CODES
from .spec import BUSES, BadSpec, BootSpec, Trouble
from .vm import boot

DESCRIPTION = """\
Boots an image in a PC of its own (QEMU without KVM, OVMF, a TPM by swtpm) and says what became
of it.
"""

EPILOG = """\
examples:
  vm boot --disk build/demo/disk.raw --out /tmp/out
        the UKI on the disk's ESP, with Secure Boot and a TPM
  vm boot --disk disk.raw --uki node.efi --out /tmp/out
        that UKI in place of the disk's own; the disk is not changed
  vm boot --disk disk.raw --kernel vmlinuz --initrd initrd --append 'console=ttyS0' --out /tmp/out
        no firmware: the fastest way to try an initramfs

DIR afterwards holds:
  verdict.json  result and why; the QEMU command; what was relaxed; seconds to each mark
  serial.log    the console, byte for byte (the command line needs console=ttyS0)
  vars.fd       the firmware's variables as the guest left them (good for another --vars)
  tpm/          the TPM's state, unless --tpm-state names another place
  qemu.log, swtpm.log
  and each file of the tar stream that the guest wrote to its virtio port org.verinit.report

results and exit codes:
  0 booted      the guest's report arrived whole, or (no report) its login prompt showed
  3 refused     PID 1 printed a verdict and the machine acted on it, or the firmware refused the UKI
  4 panicked    the kernel panicked, or the machine stopped without a word
  5 hung        none of these within --timeout
  1 trouble     the machine could not be set up; nothing is known about the guest
  2 usage
"""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="vm", description=DESCRIPTION, epilog=EPILOG,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = top.add_subparsers(dest="verb", required=True, metavar="boot")
    p = verbs.add_parser("boot", help="boot once and judge", description=DESCRIPTION, epilog=EPILOG,
                         formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    p.add_argument("--out", metavar="DIR", type=Path, required=True, help="where the results go")
    _add_inputs(p.add_argument_group("what to boot"))
    _add_machine(p.add_argument_group("the machine"))
    return top


def _add_inputs(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--disk", metavar="D", type=Path, help="boot disk, raw or qcow2; never written to")
    add("--uki", metavar="U", type=Path,
        help="boot this UKI: it replaces /EFI/BOOT/BOOTX64.EFI on a private copy of the disk, "
             "or stands on a disk of its own if --disk is left out")
    add("--kernel", metavar="K", type=Path, help="boot this kernel directly, without firmware")
    add("--initrd", metavar="I", type=Path, help="initramfs for --kernel")
    add("--append", metavar="S", help="command line for --kernel (default: console=ttyS0)")
    add("--extra-disk", metavar="F", type=Path, action="append", default=[],
        help="a further disk; may be given again")


def _add_machine(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--secure-boot", action=argparse.BooleanOptionalAction,
        help="default: on, except with --kernel")
    add("--tpm", action=argparse.BooleanOptionalAction, default=True, help="default: on")
    add("--bus", choices=BUSES, default="virtio-blk", help="of every disk (default: virtio-blk)")
    add("--smbios-cmdline", metavar="S",
        help="kernel words from the host: SMBIOS type 11, which systemd-stub honours")
    add("--memory", metavar="M", default="1024", help="MiB, or with a suffix (default: 1024)")
    add("--cpus", metavar="N", type=int, default=1, help="default: 1")
    add("--icount", action="store_true",
        help="the guest's clock counts its instructions, one a nanosecond, and skips idle time")
    add("--vars", metavar="FILE", type=Path,
        help="OVMF variable store to start from (default: vars-sb.fd beside the UKI or the disk, "
             "else that of the images in build/images)")
    add("--tpm-state", metavar="DIR", type=Path, help="use and keep this TPM (default: a new one)")
    add("--timeout", metavar="S", type=float, default=300.0, help="seconds (default: 300)")
    add("--report-grace", metavar="S", type=float, default=90.0,
        help="a guest that shows its login prompt and begins no report for so long "
             "has booted all the same (default: 90 seconds)")


def spec_of(args: argparse.Namespace) -> BootSpec:
    options = vars(args)
    return BootSpec(extra_disks=tuple(args.extra_disk),
                    **{field: options[field] for field in options
                       if field not in ("verb", "extra_disk")})


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)
    # A termination unwinds like ^C, so that the machine is taken down in order.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        outcome = boot(spec_of(args))
    except BadSpec as e:
        print(f"vm: {e}", file=sys.stderr)
        return 2
    except (Trouble, OSError) as e:
        print(f"vm: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("vm: interrupted; the machine is gone", file=sys.stderr)
        return 130
    print(outcome.summary())
    return EXIT_CODES[outcome.result]
