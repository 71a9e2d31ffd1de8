# SPDX-License-Identifier: LGPL-2.1-or-later
"""A PC in QEMU, observed from outside: what it was given, and what became of it.

vm.py       Machine, boot(): one run and its processes
wire.py     the event loop: console, monitor, report port, the end of QEMU
spec.py     BootSpec: what to boot, checked before anything starts
qemu.py     BootSpec to a QEMU command line
outcome.py  Judge, Outcome: events to booted, refused, panicked or hung
serial.py   console bytes to text and lines
qmp.py      the QEMU monitor protocol, as bytes in and messages out
report.py   the guest's tar stream to flat files
tpm.py      swtpm, one a machine
process.py  child processes that cannot outlive us
firmware.py where the host keeps OVMF
outdir.py   DIR: what a run leaves behind
disk.py     private disks: a UKI put into an ESP
gpt.py      partition tables, read only
pcr.py      PCR replay, TCG2 event logs, systemd's measure log
cli.py      the command `vm`
"""
