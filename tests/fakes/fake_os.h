/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * os.h without effect: a list of calls, and a clock that moves by one microsecond a look and by what is slept.
 *
 * os_exec() and os_end() do not come back. The test sets fake_os.back and calls setjmp() on it; fake_os.outcome then says
 * which of the two it was. Without it they abort.
 */
#pragma once

#include <setjmp.h>

#include "verinit/os.h"

/* What stands before the content of a message that the fake of crypto.h takes for a signed one. */
#define FAKE_SIGNED "signed:"

enum fake_os_outcome { FAKE_OS_RUNNING = 0, FAKE_OS_EXECED, FAKE_OS_ENDED };

struct fake_os {
        jmp_buf *back;
        enum fake_os_outcome outcome;
        enum os_end end;    /* how it ended */
        int root_fd;        /* os_open_root() answers a duplicate; 0: it fails */
        uint64_t now_us;
        enum os_switch how; /* what os_switch_root() answers */
        unsigned watchdog_max_s; /* the driver takes no more; 0: whatever it is asked for */
        unsigned watchdog_s;
        uint64_t watchdog_fed_us;
        bool watchdog_has_bitten;
        uint64_t initramfs_bytes;
        unsigned dropped_capability; /* 0: none */
        /* Each may be NULL. They are called after the call was noted, and not if it was to fail. */
        int (*deploy_ipe)(const void *policy, size_t size);          /* what it answers other than 0 is answered */
        void (*deployed_ipe)(int root_fd, const char *dir);          /* its files are there, in this directory */
        int (*mount)(const char *source, const char *target, const char *fstype);
        int (*load_module)(const char *name);
        bool ignores_params; /* as one that is built into the kernel, which is not started by a load */
        unsigned processors;         /* 0: one */
        bool is_last_worker_first;   /* of those that run, the one that began last ends first */
        size_t n_workers, max_workers; /* that run, and the most that ran at once */
        int (*worker_answer)(const char *name, int r); /* r: that of load_module; by default that is answered */
        const char *hanging;         /* a worker with this in its file's name does not end */
        int (*wait_uevent)(uint64_t *timeout_us, unsigned *wakeups); /* by default the time is up */
        int (*block_size)(int fd, uint64_t *ret_bytes);              /* by default st_size */
        int (*block_dev)(int fd, dev_t *ret);                        /* by default 0:0 */
        int (*block_diskseq)(int fd, uint64_t *ret);                 /* by default 1 */
        int (*switch_root)(const char *path);
        void (*exec)(char *const argv[], char *const envp[]);
};

extern struct fake_os fake_os;

void fake_os_reset(void);
