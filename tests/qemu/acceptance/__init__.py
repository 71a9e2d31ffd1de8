# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rows that an outside verifier would ask for, each with the number of its acceptance test (docs/TESTING.md).

table.py      all of them
chain.py      shim and systemd-boot before the UKI
predicted.py  predicted PCRs against those that the TPM holds
whole.py      a whole host, whose own tools are asked
node.py       another one, with a signed PCR 11 policy, and ...
test_node.py  ... what its files are asked by the tests of their own numbers
goverify/     one of these in Go, by go-attestation
"""
