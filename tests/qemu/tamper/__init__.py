# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tamper matrix: one row a case, each a boot in a machine of its own.

table.py      every row: what is changed, on which layout, what must become of it
case.py       what a row is: a boot under firmware, with the strict floor, and one thing changed
ukis.py       unified kernel images made for a row; add-ons
medium.py     the boot disk: its partition table, its ESP, its bytes
bootable.py   a boot disk whose /usr is a small volume
variables.py  EFI variables that the last boot's root could have left
memory.py     the firmware's event log as the kernel keeps it
gpt_edit.py   a partition table taken apart and put together again, checksums included
report.py     docs/TAMPER.md: the table as last run
deletions.py  each check taken out once: what its row says then
"""
