# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rows: one row is one boot, and one test of ctest.

table.py      all rows, the longest first
boots.py      rows that come up, and what to look at in each
endings.py    rows on how a boot ends: what the TPM knows then, and who feeds the watchdog
fallback.py   a row of three boots: a new slot that is corrupt, twice, and the old one
panics.py     rows that the kernel must stop
setup.py      a boot without firmware, with an initramfs of its own
initrd.py     that initramfs
tamper.py     places on a disk, and what to write there
volumes.py    small /usr volumes with something wrong in them
words.py      edits of a command line
facts.py      what is looked at in the report of a booted guest ...
measured.py   ... and in its TPM and logs
crash.py      breaks a running PID 1 by the monitor and a debugger's port
prediction.py PCRs as `verinit measure predict` says them, apart from all else; the command `predict`
parts.py      where images, kernels and kept parts are
row.py        what a row is
cli.py        the command `row`
"""
