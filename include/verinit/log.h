/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One line at a time to the kernel log: "<N>verinit[stage]: text". Nothing is buffered, nothing is allocated.
 * Before log_open() lines are kept nowhere; stage early opens it as its first act.
 */
#pragma once

#include "verinit/base.h"
#include "verinit/stage.h"

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

void log_open(int kmsg_fd);  /* takes the descriptor; -1 closes */
bool log_is_open(void);
void log_set_debug(bool on); /* init.debug=1: debug lines are written, at level info so that the console shows them */
bool log_debug_enabled(void);
void log_set_stage(enum stage_id id);

/*
 * Lines longer than the kernel takes (about 1000 bytes) are split at that bound; what is not printable ASCII becomes '?'. Of 40 hex digits
 * and more in a row the first 16 are written, unless debugging is on: this holds for log_raw() too.
 */
void log_line(enum log_level level, const char *fmt, ...) _printf_(2, 3);

/* The machine line: written as it is, without the stage in front: "verinit: verdict {…}". */
void log_raw(enum log_level level, const char *text);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)                                                                                     \
        do {                                                                                               \
                if (log_debug_enabled())                                                                   \
                        log_line(LOG_LEVEL_DEBUG, __VA_ARGS__);                                            \
        } while (0)
