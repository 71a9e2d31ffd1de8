# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What one row alone asks of the running host comes on a disk of its own, labelled "acceptance".
disk=/dev/disk/by-label/acceptance
[ -b "$disk" ] || exit 0
mkdir -p /run/acceptance
mount -o ro "$disk" /run/acceptance
exec bash /run/acceptance/run "$1"
