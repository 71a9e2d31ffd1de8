/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Places inside the new root, which may be an unverified file system: a symbolic link in it must not lead a mount of
 * ours elsewhere. Every path is resolved below the new root without following any link (openat2(2)).
 */
#pragma once

#include "verinit/boot.h"

/* Makes the directory if it is missing, with the label of its place in the host. */
int new_root_make_directory(struct boot *boot, const char *path, mode_t mode, struct error *err);

/* Opens a directory for mounting on; ret_target is "/proc/self/fd/<fd>". The caller closes the descriptor. */
int new_root_open_target(struct boot *boot, const char *path, char ret_target[static 32], struct error *err);

/* Directories and links that systemd expects of a root (v257 src/shared/base-filesystem.c). */
int new_root_make_skeleton(struct boot *boot, struct error *err);

/* /etc as the floor says, and the verified /etc/selinux over whatever is there. */
int new_root_make_etc(struct boot *boot, struct error *err);
