/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waits with an end. Part of the adapter os.h.
 */
#pragma once

#include <poll.h>

#include "verinit/base.h"

uint64_t os_time_left_us(uint64_t end_us);

/* As ppoll(2); -EINTR is to be asked again, and so is 0 while there is time left: the two clocks differ over a suspend. */
int os_poll_until(struct pollfd *polls, size_t n, uint64_t end_us);
