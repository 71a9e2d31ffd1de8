# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rows that an outside verifier would ask for, each with the number of its acceptance test (docs/TESTING.md).

table.py      all of them
predicted.py  predicted PCRs against those that the TPM holds
"""
