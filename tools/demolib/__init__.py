# SPDX-License-Identifier: LGPL-2.1-or-later
"""The report of tools/demo: what a directory of evidence says, fact by fact.

evidence.py      the files of one boot, and what a fact is
uki.py           the signed image, as the host's own tools see it
trust.py         Trust chain
stages.py        Stages
measurements.py  Measurements
host.py          SELinux, Host
limits.py        Not proved
layout.py        facts to text
"""
