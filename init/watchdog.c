/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/watchdog.h"

#include <errno.h>
#include <fcntl.h>

#include "verinit/fsat.h"
#include "verinit/log.h"
#include "verinit/modules.h"

/* The first one, which is also the one that systemd takes. */
#define DEVICE "dev/watchdog0"

static int load_software(struct boot *boot, struct error *err)
{
        if (fsat_exists(boot->root_fd, DEVICE) || !modules_has_feature(boot, "softdog"))
                return 0;
        return modules_load_feature(boot, "softdog", err);
}

static bool is_armed(const struct boot *boot)
{
        return boot->watchdog_s > 0;
}

/* The magic close of Documentation/watchdog/watchdog-api.rst. */
static void stop(struct boot *boot)
{
        if (write(boot->watchdog_fd, "V", 1) != 1)
                log_warning("the watchdog cannot be stopped: %s", errno_name(errno));
        boot->watchdog_fd = fd_close(boot->watchdog_fd);
        boot->watchdog_s = boot->evidence.watchdog_s = 0;
}

int watchdog_arm(struct boot *boot, struct error *err)
{
        unsigned wanted_s = boot->config.floor.watchdog_s, s = wanted_s;
        int r;

        if (wanted_s == 0)
                return 0;
        r = load_software(boot, err);
        if (r < 0)
                return error_prefix(err, "watchdog= of the floor");
        boot->watchdog_fd = openat(boot->root_fd, DEVICE, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        if (boot->watchdog_fd < 0)
                return error_set(err, FAIL_WATCHDOG_FAILED_CODE, errno,
                                 "cannot open /" DEVICE ", and the floor says watchdog=%u", wanted_s);
        r = os_watchdog_set(boot->watchdog_fd, &s);
        /* It runs since it was opened, for as long as it likes: longer or shorter than the pause to come. */
        if (r < 0)
                stop(boot);
        if (r < 0)
                return error_set(err, FAIL_WATCHDOG_FAILED_CODE, -r, "/" DEVICE " does not take %u s", wanted_s);
        boot->watchdog_s = boot->evidence.watchdog_s = s;
        log_info("watchdog: %u s", s);
        return watchdog_feed(boot, err);
}

int watchdog_feed(struct boot *boot, struct error *err)
{
        int r;

        if (!is_armed(boot))
                return 0;
        r = os_watchdog_feed(boot->watchdog_fd);
        if (r < 0)
                return error_set(err, FAIL_WATCHDOG_FAILED_CODE, -r, "/" DEVICE " cannot be fed");
        return 0;
}

void watchdog_feed_waiting(void *userdata)
{
        const struct boot *boot = userdata;

        /* If it cannot be fed it ends the machine; the next watchdog_feed() says so, if there is time. */
        if (is_armed(boot))
                (void) os_watchdog_feed(boot->watchdog_fd);
}

/* A third: one that is missed by a slow machine is not the end. */
static uint64_t slice_us(const struct boot *boot)
{
        return boot->watchdog_s * UINT64_C(1000000) / 3;
}

int watchdog_wait_uevent(struct boot *boot, uint64_t *timeout_us, enum fail_code code, struct error *err)
{
        uint64_t left = *timeout_us;
        int r;

        do {
                uint64_t slice = is_armed(boot) && slice_us(boot) < left ? slice_us(boot) : left, rest = slice;

                r = watchdog_feed(boot, err);
                if (r < 0)
                        return r;
                r = os_wait_uevent(boot->uevent_fd, &rest, &boot->evidence.n_wakeups);
                left -= slice - rest;
        } while (r == 0 && left > 0);
        *timeout_us = left;
        if (r < 0)
                return error_set(err, code, -r, "cannot wait for kernel events");
        return r;
}

void watchdog_sleep(struct boot *boot, uint64_t us)
{
        while (is_armed(boot) && us > 0) {
                uint64_t slice = us < slice_us(boot) ? us : slice_us(boot);

                /* If it cannot be fed it ends the machine, which is about to end. */
                (void) os_watchdog_feed(boot->watchdog_fd);
                os_sleep_us(slice);
                us -= slice;
        }
        os_sleep_us(us);
}

void watchdog_stop(struct boot *boot)
{
        if (is_armed(boot))
                stop(boot);
}
