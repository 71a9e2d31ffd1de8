/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The reader of the firmware's event log: each malformed shape by its record and byte.
 */
#include <errno.h>
#include <stdio.h>

#include "tcg2_builder.h"

static struct log_builder built;

static int setup(_unused_ void **state)
{
        log_begin(&built, (const enum digest_alg[]) { DIGEST_SHA1, DIGEST_NONE, DIGEST_SHA256 }, 3);
        log_event(&built, 0, 8, "firmware", 8, "v", 1);
        log_event(&built, 0xffffffff, TCG2_EV_NO_ACTION, "", 0, "StartupLocality\0\3", 17);
        log_event(&built, 7, 1, "", 0, "", 0);
        return 0;
}

/* The whole log; 0, or the reader's own answer. */
static int walk(const struct log_builder *b, size_t *ret_n, struct error *err)
{
        struct tcg2_event event;
        struct tcg2_log log;
        int r = tcg2_log_open(b->bytes, b->size, &log, err);

        if (r < 0)
                return r;
        for (*ret_n = 1; (r = tcg2_log_next(&log, &event, err)) > 0; ++*ret_n)
                ;
        return r;
}

static void assert_refused(const struct log_builder *b, size_t record, const char *what)
{
        struct error err = {};
        char where[64];
        size_t n;

        assert_int_equal(walk(b, &n, &err), -EBADMSG);
        assert_int_equal(err.code, FAIL_EVENT_LOG_MALFORMED_CODE);
        (void) snprintf(where, sizeof(where), "record %zu at byte %zu: ", record, b->starts[record]);
        if (!strstr(err.msg, where) || !strstr(err.msg, what))
                fail_msg("'%s%s' is not in '%s'", where, what, err.msg);
}

static void test_records(_unused_ void **state)
{
        struct tcg2_event event;
        struct error err = {};
        struct tcg2_log log;

        assert_int_equal(tcg2_log_open(built.bytes, built.size, &log, &err), 0);
        assert_int_equal(log.n_algs, 3);
        assert_true(tcg2_log_has(&log, DIGEST_SHA1) && tcg2_log_has(&log, DIGEST_SHA256));
        assert_false(tcg2_log_has(&log, DIGEST_SHA384));

        assert_int_equal(tcg2_log_next(&log, &event, &err), 1);
        assert_int_equal(event.number, 1);
        assert_int_equal(event.offset, built.starts[1]);
        assert_int_equal(event.pcr, 0);
        assert_int_equal(event.type, 8);
        assert_int_equal(event.data_size, 1);
        assert_int_equal(event.data[0], 'v');
        assert_non_null(event.digests[DIGEST_SHA1]);
        assert_null(event.digests[DIGEST_SHA512]);
        struct digest wanted = hash(DIGEST_SHA256, "firmware", 8);
        assert_memory_equal(event.digests[DIGEST_SHA256], wanted.bytes, 32);

        assert_int_equal(tcg2_log_next(&log, &event, &err), 1);
        assert_int_equal(event.pcr, 0xffffffff);
        assert_int_equal(tcg2_log_next(&log, &event, &err), 1);
        assert_int_equal(event.data_size, 0);
        assert_int_equal(tcg2_log_next(&log, &event, &err), 0);
        assert_int_equal(tcg2_log_next(&log, &event, &err), 0);
}

/* Wherever it is cut: either between two records, which only the TPM can notice, or refused. */
static void test_every_cut(_unused_ void **state)
{
        struct log_builder b = built;

        for (size_t size = 0; size < built.size; size++) {
                struct error err = {};
                bool is_between = false;
                size_t n;
                int r;

                b.size = size;
                for (size_t i = 1; i < built.n_records; i++)
                        is_between = is_between || built.starts[i] == size;
                r = walk(&b, &n, &err);
                assert_int_equal(r, is_between ? 0 : -EBADMSG);
                assert_true(is_between || err.code == FAIL_EVENT_LOG_MALFORMED_CODE);
        }
}

static struct log_builder edited(size_t record, size_t offset, uint32_t value, size_t n_bytes)
{
        struct log_builder b = built;

        for (size_t i = 0; i < n_bytes; i++)
                b.bytes[b.starts[record] + offset + i] = (uint8_t) (value >> (8 * i));
        return b;
}

static void test_header(_unused_ void **state)
{
        struct log_builder b;

        b = edited(0, 0, 1, 4);
        assert_refused(&b, 0, "it is no header");
        b = edited(0, 4, 8, 4);
        assert_refused(&b, 0, "it is no header");
        b = edited(0, 8, 1, 1);
        assert_refused(&b, 0, "it is no header");
        b = edited(0, 28, 10, 4); /* size */
        assert_refused(&b, 0, "not crypto-agile");
        b = edited(0, 28, 0xffffffff, 4);
        assert_refused(&b, 0, "it is cut off");
        b = edited(0, 46, '2', 1); /* Spec ID Event02 */
        assert_refused(&b, 0, "not crypto-agile");
        b = edited(0, 56, 0, 4);
        assert_refused(&b, 0, "no algorithm, or too many");
        b = edited(0, 56, 17, 4);
        assert_refused(&b, 0, "no algorithm, or too many");
        b = edited(0, 56, 16, 4);
        assert_refused(&b, 0, "list of algorithms is cut off");
        b = edited(0, 56, 2, 4); /* one less than there are */
        assert_refused(&b, 0, "its size is not that of its parts");
        b = edited(0, 64, 0x04, 2); /* the second is the first */
        assert_refused(&b, 0, "an algorithm twice");
        b = edited(0, 62, 32, 2);
        assert_refused(&b, 0, "a wrong digest size");
        b = edited(0, 66, 0, 2);
        assert_refused(&b, 0, "a wrong digest size");
        b = edited(0, 66, 65, 2);
        assert_refused(&b, 0, "a wrong digest size");
        b = edited(0, 72, 3, 1); /* vendor information */
        assert_refused(&b, 0, "its size is not that of its parts");
        b = edited(0, 72, 1, 1);
        assert_refused(&b, 0, "its size is not that of its parts");
}

static void test_record(_unused_ void **state)
{
        struct log_builder b;

        b = edited(1, 0, 24, 4);
        assert_refused(&b, 1, "no such PCR");
        b = edited(2, 4, 1, 4);
        assert_refused(&b, 2, "no such PCR");
        b = edited(1, 8, 0, 4);
        assert_refused(&b, 1, "no digest, or more than there are banks");
        b = edited(1, 8, 4, 4);
        assert_refused(&b, 1, "no digest, or more than there are banks");
        b = edited(1, 12, 0x0c, 2); /* sha384 */
        assert_refused(&b, 1, "a bank that the header does not list");
        b = edited(1, 12 + 22, 0x04, 2); /* in place of the second */
        assert_refused(&b, 1, "two digests of one bank");
        b = edited(1, 12 + 22 + 34 + 34, 0xfffffff0, 4);
        assert_refused(&b, 1, "its data are cut off");
        b = edited(3, 12 + 22 + 34 + 34, 1, 4);
        assert_refused(&b, 3, "its data are cut off");
}

/* A record of fewer digests can be walked; whether that is enough, the replay knows. */
static void test_fewer_digests(_unused_ void **state)
{
        struct log_builder b = built;
        struct tcg2_event event;
        struct error err = {};
        struct tcg2_log log;

        record_begin(&b, 11, TCG2_EV_IPL);
        put_number(&b, 1, 4);
        put_number(&b, 0x04, 2);
        put(&b, "01234567890123456789", 20);
        put_number(&b, 0, 4);
        assert_int_equal(tcg2_log_open(b.bytes, b.size, &log, &err), 0);
        for (int i = 0; i < 4; i++)
                assert_int_equal(tcg2_log_next(&log, &event, &err), 1);
        assert_non_null(event.digests[DIGEST_SHA1]);
        assert_null(event.digests[DIGEST_SHA256]);
}

static void test_bounds(_unused_ void **state)
{
        static uint8_t big[TCG2_LOG_MAX_BYTES + 1];
        struct tcg2_event event;
        struct error err = {};
        struct tcg2_log log;
        size_t size = built.size, one = built.size - built.starts[3];
        int r;

        memcpy(big, built.bytes, built.size);
        assert_int_equal(tcg2_log_open(big, sizeof(big), &log, &err), -EBADMSG);
        assert_non_null(strstr(err.msg, "longer than 1 MiB"));

        for (size_t i = built.n_records; i < TCG2_MAX_RECORDS; i++, size += one)
                memcpy(big + size, built.bytes + built.starts[3], one);
        assert_int_equal(tcg2_log_open(big, size, &log, &err), 0);
        while ((r = tcg2_log_next(&log, &event, &err)) > 0)
                ;
        assert_int_equal(r, 0);
        assert_int_equal(log.n_records, TCG2_MAX_RECORDS);

        memcpy(big + size, built.bytes + built.starts[3], one);
        assert_int_equal(tcg2_log_open(big, size + one, &log, &err), 0);
        while ((r = tcg2_log_next(&log, &event, &err)) > 0)
                ;
        assert_int_equal(r, -EBADMSG);
        assert_non_null(strstr(err.msg, "there are too many"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_records), cmocka_unit_test(test_every_cut),      cmocka_unit_test(test_header),
                cmocka_unit_test(test_record),  cmocka_unit_test(test_fewer_digests), cmocka_unit_test(test_bounds),
        };

        return cmocka_run_group_tests(tests, setup, NULL);
}
