/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What loading one after another (modules.c) and ahead (modules_ahead.c) share.
 */
#pragma once

#include "verinit/boot.h"

struct module_file {
        int fd;
        char path[512], params[1024];
};

/* For os_load_module(): below root_fd, and the parameters that command line and floor give to it. */
int module_file_open(const struct boot *boot, uint16_t index, struct module_file *ret, struct error *err);
void module_file_done(struct module_file *file);
#define _cleanup_module_file_ _cleanup_(module_file_done)

/* Accelerated digests refuse a processor without the instructions; the generic code then serves. */
bool module_is_for_other_machine(const struct modtable_module *m, int r);

/* Calls f for each module with an alias of a device below /sys/bus, device by device; the first answer other than 0 ends it and is answered. */
int modules_each_driver(const struct boot *boot, int (*f)(uint16_t index, const char *device, void *userdata), void *userdata);
