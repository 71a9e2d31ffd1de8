/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loading ahead, where there is more than one processor: modules that do not need each other side by side, each by a process of its
 * own, one a processor. Most of what a module costs is its signature, which the kernel checks on the processor of whoever loads it.
 *
 * Nothing is decided here. The kernel's answers are kept, and modules.c then goes its way over them, in its order, as if it had
 * asked itself, and asks what was not asked here: so a boot fails as with one processor, or because a module gives no answer.
 */
#include <errno.h>
#include <inttypes.h>

#include "modules_load.h"
#include "verinit/log.h"
#include "verinit/modules.h"

/* From one end to the next. Drivers that load their hardware's firmware take a minute. */
enum { TIMEOUT_S = 180 };

enum progress { UNWANTED = 0, WANTED, BEGUN, ENDED };

struct ahead {
        struct boot *boot;
        unsigned n_processors;
        enum progress progress[MODTABLE_MAX_MODULES];
        size_t n_wanted;
        uint16_t wanted[MODTABLE_MAX_MODULES]; /* in the order of modules.c */
        bool is_over;                          /* no further one is begun */
        size_t n_workers;
        int workers[OS_MAX_WORKERS];
        struct job {
                uint16_t module;
                uint64_t start_us;
        } jobs[OS_MAX_WORKERS];
};

static void want(struct ahead *a, uint16_t index)
{
        const struct modtable_module *m = &a->boot->modtable.modules[index];

        if (a->progress[index] != UNWANTED || a->boot->is_module_loaded[index])
                return;
        a->progress[index] = WANTED;
        for (size_t i = 0; i < m->n_deps; i++)
                want(a, m->deps[i]);
        a->wanted[a->n_wanted++] = index;
}

static int want_driver(uint16_t index, _unused_ const char *device, void *userdata)
{
        want(userdata, index);
        return 0;
}

static void want_feature(struct ahead *a, const char *name)
{
        const struct modtable_feature *f = modtable_feature(&a->boot->modtable, name);

        for (size_t i = 0; f && i < f->n_modules; i++)
                want(a, f->modules[i]);
}

static bool is_ready(const struct ahead *a, uint16_t index)
{
        const struct modtable_module *m = &a->boot->modtable.modules[index];

        if (a->progress[index] != WANTED)
                return false;
        for (size_t i = 0; i < m->n_deps; i++)
                if (a->progress[m->deps[i]] != ENDED && !a->boot->is_module_loaded[m->deps[i]])
                        return false;
        return true;
}

/* Where it cannot be begun, modules.c will load it, or say why it cannot be. */
static void begin(struct ahead *a, uint16_t index)
{
        _cleanup_module_file_ struct module_file file = { .fd = -1 };
        struct job job = { .module = index, .start_us = os_boottime_us() };
        struct error ignored = {};

        if (module_file_open(a->boot, index, &file, &ignored) < 0 ||
            os_load_module_beside(file.fd, file.path, file.params, &a->workers[a->n_workers]) < 0) {
                a->is_over = true;
                return;
        }
        a->progress[index] = BEGUN;
        a->jobs[a->n_workers++] = job;
}

static void begin_all_that_can(struct ahead *a)
{
        for (size_t i = 0; i < a->n_wanted && a->n_workers < a->n_processors && !a->is_over; i++)
                if (is_ready(a, a->wanted[i]))
                        begin(a, a->wanted[i]);
}

static void keep_answer(struct ahead *a, const struct job *job, int r, int wait_errno)
{
        const struct modtable_module *m = &a->boot->modtable.modules[job->module];

        a->progress[job->module] = ENDED;
        if (r != 0 && !module_is_for_other_machine(m, r))
                /* Nothing more is begun: what the answer means modules.c says, and after a device's fault it loads the rest itself. */
                a->is_over = true;
        if (r == OS_WORKER_MUTE)
                return;
        a->boot->module_answers[job->module] = (struct module_answer) {
                .is_known = true, .r = r, .wait_errno = wait_errno, .us = os_boottime_us() - job->start_us,
        };
}

static void give_up(struct ahead *a, int wait_errno)
{
        for (size_t i = 0; i < a->n_workers; i++) {
                os_drop_worker(a->workers[i]);
                keep_answer(a, &a->jobs[i], OS_WORKER_DIED, wait_errno);
        }
        a->n_workers = 0;
}

static void wait_for_one(struct ahead *a)
{
        uint64_t timeout_us = TIMEOUT_S * UINT64_C(1000000);
        int answer = OS_WORKER_DIED, r;
        struct job job;
        size_t which;

        r = os_wait_worker(a->workers, a->n_workers, &timeout_us, &which, &answer);
        if (r <= 0) {
                give_up(a, r == 0 ? ETIME : -r);
                return;
        }
        job = a->jobs[which];
        a->n_workers--;
        a->workers[which] = a->workers[a->n_workers];
        a->jobs[which] = a->jobs[a->n_workers];
        keep_answer(a, &job, answer, 0);
}

void modules_load_ahead(struct boot *boot, const char *const features[], size_t n_features)
{
        struct ahead a = { .boot = boot, .n_processors = os_processors() };

        if (a.n_processors < 2)
                return;
        if (a.n_processors > OS_MAX_WORKERS)
                a.n_processors = OS_MAX_WORKERS;
        (void) modules_each_driver(boot, want_driver, &a);
        for (size_t i = 0; i < n_features; i++)
                want_feature(&a, features[i]);
        log_debug("%zu modules ahead, by %u processors", a.n_wanted, a.n_processors);
        for (begin_all_that_can(&a); a.n_workers > 0; begin_all_that_can(&a))
                wait_for_one(&a);
}
