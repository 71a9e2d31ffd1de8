/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SELinux labels for what PID 1 itself makes. Only after mac: labels set before the first policy load are thrown away
 * by it (kernel 6.12). Where the plan skips mac, these do nothing.
 */
#pragma once

#include "verinit/boot.h"

/*
 * Labels a file or directory as host_path ("/run/verinit") of the booted system. path is where it is now. Where the
 * policy says "none", it takes the label of the nearest parent that has one.
 */
int label_apply(struct boot *boot, const char *path, const char *host_path, mode_t mode, struct error *err);

/*
 * Labels path ("/dev"), which is at the same place in the booted system, and all below it on its file system: systemd does
 * that only where the kernel has let it load a policy (v257 src/shared/mount-setup.c).
 */
int label_tree(struct boot *boot, const char *path, struct error *err);

/* The label itself, with ",rootcontext=" in front, for the options of a tmpfs; empty where mac is skipped. */
int label_mount_option(struct boot *boot, const char *host_path, char *ret_text, size_t size, struct error *err);
