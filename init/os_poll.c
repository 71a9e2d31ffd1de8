/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os_poll.h"

#include <errno.h>
#include <time.h>

#include "verinit/os.h"

uint64_t os_time_left_us(uint64_t end_us)
{
        uint64_t now_us = os_boottime_us();

        return now_us < end_us ? end_us - now_us : 0;
}

int os_poll_until(struct pollfd *polls, size_t n, uint64_t end_us)
{
        uint64_t left_us = os_time_left_us(end_us);
        struct timespec ts = {
                .tv_sec = (time_t) (left_us / 1000000),
                .tv_nsec = (long) (left_us % 1000000) * 1000,
        };
        int r = ppoll(polls, n, &ts, NULL);

        if (r < 0)
                return -errno;
        for (size_t i = 0; i < n; i++)
                if ((polls[i].revents & POLLNVAL) != 0)
                        return -EBADF;
        return r;
}
