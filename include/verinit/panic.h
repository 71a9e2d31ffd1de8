/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A panic that hangs gives no fallback boot: kernel.panic is 0 by default, for ever.
 */
#pragma once

#include "verinit/error.h"

/* Writes kernel.panic and kernel.panic_on_oops and reads them back. PANIC_SETTING_FAILED. */
int panic_set(int root_fd, unsigned timeout_s, struct error *err);
