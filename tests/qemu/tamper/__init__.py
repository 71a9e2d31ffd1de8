# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tamper matrix: one row a case, each a boot in a machine of its own.

table.py      every row: what is changed, on which layout, what must become of it
firmware.py   ... those that the firmware ends
signatures.py ... those on the signature of the root hash
case.py       what a row is: a boot under firmware, with the strict floor, and one thing changed
ukis.py       unified kernel images made for a row; add-ons
lines.py      whole command lines, others' and wrong ones
medium.py     the boot disk: its partition table, its ESP, its bytes
disks.py      what rows change on a disk
bootable.py   a boot disk whose /usr is a small volume
variables.py  EFI variables that the last boot's root could have left
known_tpm.py  a TPM whose key a floor can name
memory.py     the machine's memory, changed while it stands
logs.py       event logs that do not fit the TPM, by that; and a TPM that stops
gpt_edit.py   a partition table taken apart and put together again, checksums included
looks.py      what is looked at beside the verdict
unbooted.py   codes without a row, and why
report.py     docs/TAMPER.md: the table as last run
deletions.py  each check taken out once: what its row says then
"""
