/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dm.h without a kernel: what was created is what is found, read-only and with status "V", unless edit() says
 * otherwise. The node is one descriptor; by default it reads as zeros without end.
 */
#pragma once

#include "verinit/dm.h"

struct fake_dm {
        bool exists;
        struct dm_device device;
        int node_fd;                                           /* 0: /dev/zero */
        unsigned n_queries;                                    /* so far */
        void (*edit)(struct dm_device *device, unsigned query); /* query: 1 for the first */
};

extern struct fake_dm fake_dm;

void fake_dm_reset(void);
