/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fakes.h"

#include <stdarg.h>
#include <stdio.h>

struct fake_log fake_log;

void fake_reset(void)
{
        memset(&fake_log, 0, sizeof(fake_log));
}

void fake_fail_at(size_t n)
{
        fake_log.fail_at = n;
}

void fake_fail_name(const char *name)
{
        fake_log.fail_name = name;
}

bool fake_call(const char *name)
{
        return fake_callf(name, "%s", "");
}

bool fake_callf(const char *name, const char *fmt, ...)
{
        size_t i = fake_log.n_calls++;
        bool is_failing;
        va_list ap;

        if (i < FAKE_LOG_MAX) {
                fake_log.calls[i].name = name;
                va_start(ap, fmt);
                (void) vsnprintf(fake_log.calls[i].detail, FAKE_DETAIL_MAX, fmt, ap);
                va_end(ap);
        }
        is_failing = fake_log.n_calls == fake_log.fail_at ||
                     (fake_log.fail_name && str_equal(fake_log.fail_name, name));
        if (is_failing)
                fake_log.n_failed++;
        return is_failing;
}

static size_t n_listed(void)
{
        return fake_log.n_calls < FAKE_LOG_MAX ? fake_log.n_calls : FAKE_LOG_MAX;
}

size_t fake_position(const char *name, size_t nth)
{
        for (size_t i = 0; i < n_listed(); i++)
                if (str_equal(fake_log.calls[i].name, name) && nth-- == 0)
                        return i + 1;
        return 0;
}

const struct fake_entry *fake_find(const char *name, size_t nth)
{
        size_t position = fake_position(name, nth);

        return position > 0 ? &fake_log.calls[position - 1] : NULL;
}

size_t fake_count(const char *name)
{
        size_t n = 0;

        for (size_t i = 0; i < n_listed(); i++)
                if (str_equal(fake_log.calls[i].name, name))
                        n++;
        return n;
}
