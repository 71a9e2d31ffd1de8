/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The watchdog that the floor asks for (watchdog=SECONDS): armed in stage probe, fed at each stage's begin, while the TPM is waited for, and in waits that
 * have an end of their own, and left running for systemd. Without it in the floor every function here does nothing.
 */
#pragma once

#include "verinit/boot.h"

/* Loads the software one if there is no other and it was packed. WATCHDOG_FAILED, and those of a module. */
int watchdog_arm(struct boot *boot, struct error *err);

/* WATCHDOG_FAILED: it will end the machine. */
int watchdog_feed(struct boot *boot, struct error *err);

/* For who cannot stop what it does, and waits with a bound: tpm_on_wait(). userdata: the struct boot. */
void watchdog_feed_waiting(void *userdata);

/* os_wait_uevent(), in parts that the watchdog outlives: 1, 0, or -errno with WATCHDOG_FAILED, or code where the wait fails. */
int watchdog_wait_uevent(struct boot *boot, uint64_t *timeout_us, enum fail_code code, struct error *err);

/* os_sleep_us() likewise. */
void watchdog_sleep(struct boot *boot, uint64_t us);

/* For a machine that is halted on purpose: it would else be reset. Where the driver knows no way out it still is. */
void watchdog_stop(struct boot *boot);
