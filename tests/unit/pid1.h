/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The whole of PID 1, main.c as it is, over fakes of the ports: for the tests that boot it.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int pid1_main(int argc, char *argv[]);
#define main pid1_main
#define getpid() 1
#include "../../init/main.c"
#undef getpid
#undef main

#include "fake_blockdev.h"
#include "fake_dm.h"
#include "fake_os.h"
#include "fake_sepolicy.h"
#include "fake_tpm.h"
#include "fakes.h"
#include "fake_machine.h"
#include "unit.h"
#include "verinit/credential.h"
#include "verinit/crypto.h"
#include "verinit/fsat.h"
#include "verinit/log.h"
#include "verinit/tcg2_log.h"

#define STUB_VARIABLE "sys/firmware/efi/efivars/StubPcrKernelImage-" LOADER_GUID
#define LOADER_GUID "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define GLOBAL_GUID "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define EVENT_LOG "sys/kernel/security/tpm0/binary_bios_measurements"

static _unused_ const struct fake_machine_options full = {
        .floor = FAKE_FLOOR "watchdog=60\ntpm-ek=" FAKE_MACHINE_TPM_KEY "\n", .has_tpm = true, .has_selinux = true, .has_watchdog = true,
        .last_failure = "1 verify root-hash-mismatch\n", .ipe = { "policy_name=first policy_version=1.2.3\n" },
};

/* Runs PID 1 to its end: exec or the end of the machine. */
static _unused_ enum fake_os_outcome run_pid1(void)
{
        static jmp_buf back;
        char *argv[] = { (char[]) { "/init" }, NULL };

        boot = (struct boot) { .root_fd = -1, .uevent_fd = -1, .watchdog_fd = -1, .data_fd = -1, .hash_fd = -1, .fec_fd = -1 };
        error = (struct error) {};
        fake_os.back = &back;
        if (setjmp(back) == 0)
                pid1_main(1, argv);
        boot.root_fd = fd_close(boot.root_fd);
        boot.uevent_fd = fd_close(boot.uevent_fd);
        boot.watchdog_fd = fd_close(boot.watchdog_fd);
        boot.data_fd = fd_close(boot.data_fd);
        boot.hash_fd = fd_close(boot.hash_fd);
        boot.fec_fd = fd_close(boot.fec_fd);
        log_open(-1);
        return fake_os.outcome;
}

static _unused_ enum fake_os_outcome boot_with(const struct fake_machine_options *options, size_t fail_at)
{
        enum fake_os_outcome outcome;

        fake_machine_make(options);
        fake_fail_at(fail_at);
        outcome = run_pid1();
        return outcome;
}
