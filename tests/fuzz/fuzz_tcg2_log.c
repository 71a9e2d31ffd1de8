/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/tcg2_describe.h"

static bool is_inside(const uint8_t *data, size_t size, const uint8_t *at, size_t n)
{
        return at >= data && at <= data + size && n <= (size_t) (data + size - at);
}

/* For a terminal: one line, printable, whatever the data are. */
static void check_description(const struct tcg2_event *event)
{
        char text[TCG2_DESCRIPTION_MAX + 1];

        memset(text, 0x7f, sizeof(text));
        tcg2_event_describe(event, text);
        FUZZ_ASSERT(memchr(text, 0, sizeof(text)) != NULL);
        for (const char *p = text; *p; p++)
                FUZZ_ASSERT(*p >= 0x20 && *p <= 0x7e);
}

static void check_event(const struct tcg2_event *event, const uint8_t *data, size_t size)
{
        FUZZ_ASSERT(event->pcr < TCG2_PCRS || event->type == TCG2_EV_NO_ACTION);
        FUZZ_ASSERT(is_inside(data, size, event->data, event->data_size));
        FUZZ_ASSERT(event->digests[DIGEST_NONE] == NULL);
        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                FUZZ_ASSERT(!event->digests[alg] || is_inside(data, size, event->digests[alg], digest_size(alg)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct tcg2_event event;
        struct error err = {};
        struct tcg2_log log;
        size_t n = 0, end = 0;
        int r = tcg2_log_open(data, size, &log, &err);

        if (r == 0) {
                FUZZ_ASSERT(log.n_algs >= 1 && log.n_algs <= TCG2_MAX_ALGS && log.n_records == 1);
                end = log.offset;
                while ((r = tcg2_log_next(&log, &event, &err)) > 0) {
                        check_event(&event, data, size);
                        check_description(&event);
                        /* Each record begins where the one before ended. */
                        FUZZ_ASSERT(event.number == ++n && event.offset == end && log.offset > end);
                        end = log.offset;
                }
                FUZZ_ASSERT(r < 0 || end == size);
        }
        FUZZ_ASSERT(r == 0 || (err.code == FAIL_EVENT_LOG_MALFORMED_CODE && err.msg[0]));
        return 0;
}
