/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "log_replay.h"
#include "selftest.h"

/* "BANK PCR HEX", of the firmware's log. Through a file, as verinit log replay has it. */
char *selftest_event_log(const char *input, struct trouble *t)
{
        _cleanup_free_ struct log_replay *replay = tool_alloc(1, sizeof(*replay));
        _cleanup_free_ char *path = NULL;
        _cleanup_events_ struct log_events events = {};
        _cleanup_buffer_ struct buffer log = {};
        _cleanup_fd_ int fd = -1;
        enum digest_alg alg;
        unsigned pcr;
        char *found = NULL;
        int at = 0;

        if (selftest_take_alg(&input, &alg, t) < 0)
                return NULL;
        if (sscanf(input, "%u %n", &pcr, &at) != 1 || pcr >= TPM_PCRS) {
                trouble_set(t, OUTCOME_TROUBLE, "no such PCR: %.16s", input);
                return NULL;
        }
        if (selftest_take_bytes(input + at, &log, t) < 0 || (fd = selftest_file(&log, t)) < 0)
                return NULL;
        path = tool_format("/proc/self/fd/%d", fd);
        if (log_events_read_whole(&path, 1, &events, t) < 0 || log_replay_run(&events, replay, t) < 0)
                return NULL;
        found = selftest_format(&replay->pcrs[pcr][alg].value);
        log_replay_done(replay);
        return found;
}
