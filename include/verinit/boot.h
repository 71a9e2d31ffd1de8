/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one mutable context of a boot, in static storage, and the stages that work on it. A stage writes the
 * member that is its own and reads those made before it.
 */
#pragma once

#include "verinit/boot_plan.h"
#include "verinit/evidence.h"
#include "verinit/last_failure.h"
#include "verinit/measure.h"
#include "verinit/modtable.h"
#include "verinit/os.h"
#include "verinit/verity.h"

struct proven_signature;

/* What the kernel said of a module that was loaded ahead (modules.h). */
struct module_answer {
        bool is_known;
        int r;        /* as of os_wait_worker() */
        int wait_errno; /* with OS_WORKER_DIED: why nobody waits for it any more; 0: it was ended */
        uint64_t us;
};

struct boot {
        int root_fd; /* "/": all files are opened below it */
        struct boot_config config;   /* config */
        struct modtable modtable;    /* probe */
        bool is_module_loaded[MODTABLE_MAX_MODULES];
        struct module_answer module_answers[MODTABLE_MAX_MODULES];
        int uevent_fd;               /* probe */
        struct facts facts;          /* probe, find */
        int watchdog_fd;             /* probe; -1 where the floor asks for none */
        unsigned watchdog_s;         /* after which it ends the machine; 0: it is not armed */
        struct last_failure last_failure; /* probe */
        bool is_cmdline_proved;      /* prove: one of the witnesses has shown that it is what was signed */
        struct measure measure;      /* probe; .tpm NULL where there is none */
        struct boot_plan plan;       /* plan */
        int data_fd, hash_fd, fec_fd; /* find: held until the live table names the same devices; fec_fd may be -1 */
        const struct proven_signature *signature; /* verify; NULL: none, as planned */
        const struct verified_root *verified;   /* verify */
        const struct active_volume *active;     /* activate */
        const struct measured_volume *measured; /* measure */
        struct evidence evidence;
};

/*
 * 0: done. STAGE_SKIPPED: not done, and boot->plan.steps[] holds the reason that the floor allowed. Negative:
 * failed, *err filled.
 */
enum { STAGE_SKIPPED = 1 };
typedef int stage_function(struct boot *boot, struct error *err);

/* For `return stage_skip(boot, STAGE_X, "reason");` */
int stage_skip(struct boot *boot, enum stage_id id, const char *reason);

stage_function stage_early, stage_config, stage_probe, stage_prove, stage_enter, stage_find, stage_plan, stage_verify,
        stage_activate, stage_measure, stage_usr, stage_mac, stage_root, stage_record, stage_handoff;

/* Runs one stage: stamps time, log prefix, verdict and err->stage. */
int stage_run(enum stage_id id, stage_function *f, struct boot *boot, struct error *err);

/* Says in the debug log that a part of the stage is done, and what PID 1 has run until now: tools/bench --stages takes the differences. */
void stage_lap(const char *what);

/* Runs them all in order; returns only on failure, with *err filled. The order is main.c's table. */
struct stage {
        enum stage_id id;
        stage_function *run;
};
int boot_run(const struct stage *stages, size_t n_stages, struct boot *boot, struct error *err);

/* Says what, records, poisons, waits the paced delay, ends the machine. */
_noreturn_ void boot_fail(struct boot *boot, const struct error *err);

/* Pure. config NULL: the floor is not read yet. */
enum os_end failure_action(enum fail_class class, const struct boot_config *config);

/* Pure: how long before it, in seconds. is_stored: the next boot can tell that this one failed. */
unsigned failure_delay_s(const struct floor *floor, enum last_failure_state last, bool is_stored, bool is_counted);
const char *failure_action_name(enum os_end action); /* "reboot", "poweroff", "halt" */

/*
 * The new root is put together at NEW_ROOT by stage root, after mac: a tmpfs takes its label only from a loaded
 * policy. The verified /usr is mounted before that, at USR_MOUNT, and moved.
 */
#define NEW_ROOT_DIR "sysroot" /* relative to root_fd */
#define NEW_ROOT "/" NEW_ROOT_DIR
#define USR_MOUNT_DIR "sysusr"
#define USR_MOUNT "/" USR_MOUNT_DIR
