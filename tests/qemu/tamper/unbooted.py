# SPDX-License-Identifier: LGPL-2.1-or-later
"""Codes that no row raises, and why none can. Unit tests raise each of them."""

UNBOOTED = {
    "bug": "a case that the code holds to be impossible",
    "panic-setting-failed": "the kernel has sysctl and takes what it says it takes",
    "cmdline-unreadable": "/proc was mounted by the stage before",
    "crypto-failed": "the digests are in the binary",
    "floor-malformed": "verinit initrd build packs no floor that PID 1 would refuse, and PID 1 none that was not packed",
    "floor-file-unnamed": "verinit initrd build fills in the digest of all that it packs",
    "loader-variable-unreadable": "the firmware would have to list a variable and not give it",
    "smbios-unreadable": "QEMU makes no table of that length: with 600,000 bytes of strings it was read whole",
    "cmdline-not-received": "the kernel would have to change its line; Debian's has no words of its own, and bootconfig is refused",
    "device-changed": "a disk would have to be exchanged in the milliseconds between look-up and use, keeping its name",
    "tpm-answer-forged": "somebody would have to sit between processor and TPM",
    "measure-log-failed": "/run is a tmpfs that stage early made",
    "device-unreadable": "the disk would have to go away between look-up and use; a partition table or a file system that cannot be "
                         "read counts as not there, since libblkid keeps read errors to itself",
    "dm-table-differs": "the kernel would have to report another table than it took",
    "dm-corrupted": "what it would find, stage verify has found in the same blocks before; a disk that answers otherwise the "
                    "second time ends in a panic",
    "verity-takes-unsigned": "dm-verity would have to be built in: the kernels of the rows have it as a module, and PID 1 gives the parameter with it; "
                             "verinit image verify is tested with one that is built in",
    "enforce-failed": "the kernel would have to take a policy and refuse to enforce it",
    "ipe-not-enforced": "the kernel would have to take a policy, activate it and show another, or be told by ipe.enforce=0, which stage config "
                        "refuses",
    "capability-kept": "the kernel lets its first process drop what it likes",
    "switch-root-failed": "the kernel would have to refuse both ways",
}
