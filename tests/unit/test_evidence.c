/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * With a directory as argument the files that check_boot_schema.py validates are written there: what this program
 * calls good must pass docs/boot.schema.json.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "unit.h"
#include "verinit/evidence.h"
#include "verinit/fsat.h"
#include "verinit/version_string.h"

static char text[16384];

static void fill(char *field, size_t size, const char *value)
{
        assert_true(str_copy(field, size, value));
}
#define FILL(field, value) fill(field, sizeof(field), value)

static struct evidence filled(void)
{
        struct evidence e = { .n_modules = 12, .n_wakeups = 3, .is_debug = true, .memory_available_before_kb = 1024 };
        char hex[65];

        memset(hex, 'a', 64);
        hex[64] = '\0';
        for (unsigned i = 0; i < _STAGE_MAX; i++)
                e.stages[i] =
                        (struct evidence_stage) { .verdict = VERDICT_PASSED, .start_us = 1000 + i, .duration_us = i };
        e.stages[STAGE_MAC] = (struct evidence_stage) { .verdict = VERDICT_SKIPPED, .reason = "selinux-off" };
        e.stages[STAGE_HANDOFF] = (struct evidence_stage) {};
        FILL(e.boot_id, "8f4e2c6a-0b1d-4c3e-9f5a-7b6c8d9e0f12");
        FILL(e.kernel, "6.12.9-amd64");
        FILL(e.root_hash, hex);
        FILL(e.slot, "b");
        FILL(e.cmdline_proof, "baked+extra-words");
        FILL(e.provenance.secure_boot, "on");
        FILL(e.provenance.replay, "not-provable");
        FILL(e.provenance.reason, "load-options-not-measured");
        FILL(e.provenance.smbios, "clean");
        e.provenance.is_tpm_key_checked = true;
        e.provenance.n_events = 14;
        FILL(e.boot_disk, "vda");
        FILL(e.boot_partition, "vda1");
        FILL(e.boot_partuuid, "2f6b0f6e-1c3a-4b8e-9a77-5d0c3e9b4f01");
        FILL(e.boot_gpt_backup, "same");
        e.n_twins_ignored = EVIDENCE_MAX_TWINS + 3; /* more than are named */
        for (size_t i = 0; i < EVIDENCE_MAX_TWINS; i++)
                FILL(e.twins_ignored[i], "vdb2");
        FILL(e.credentials, "esp-encrypted");
        e.n_credentials = 2;
        FILL(e.usr_data, "vda2");
        FILL(e.usr_hash, "vda3");
        FILL(e.usr_fec, "vda4");
        FILL(e.signature_source, "discovered");
        FILL(e.signature_signer, hex);
        FILL(e.signature_kernel, "accepted");
        FILL(e.dm_name, "usr");
        FILL(e.dm_uuid, "CRYPT-VERITY-0123456789abcdef0123456789abcdef-usr");
        FILL(e.dm_table, "0 8 verity 1 254:2 254:3 4096 4096 1 1 sha256 aa -");
        FILL(e.usr_fstype, "erofs");
        FILL(e.usr_geometry, "superblock");
        e.usr_data_blocks = 51138;
        e.usr_size_bytes = UINT64_C(51138) * 4096;
        FILL(e.tpm, "measured");
        e.banks[0] = DIGEST_SHA256;
        e.banks[1] = DIGEST_SHA384;
        e.n_banks = 2;
        evidence_word(&e, 11, "enter-initrd");
        evidence_word(&e, 13, "verinit.usr-verity=sha256-aa");
        FILL(e.lsm, "capability,selinux,ipe");
        FILL(e.ipe.state, "enforcing");
        FILL(e.ipe.mac_admin, "dropped");
        e.ipe.n_policies = 2;
        for (size_t i = 0; i < e.ipe.n_policies; i++) {
                FILL(e.ipe.policies[i].header.name, i == 0 ? "node" : "other");
                FILL(e.ipe.policies[i].header.version, "1.2.3");
                FILL(e.ipe.policies[i].digest, hex);
                FILL(e.ipe.policies[i].source, "initramfs");
        }
        FILL(e.selinux_state, "enforcing");
        FILL(e.selinux_policy_file, "/usr/etc/selinux/default/policy/policy.33");
        FILL(e.selinux_policy_digest, hex);
        FILL(e.selinux_loaded_digest, hex);
        FILL(e.selinux_context, "system_u:system_r:init_t:s0");
        FILL(e.selinux_lock, "early");
        FILL(e.root_kind, "tmpfs");
        FILL(e.etc_mode, "overlay");
        e.watchdog_s = 60;
        e.previous_stage = "verify";
        e.previous_code = "root-hash-mismatch";
        return e;
}

static void test_an_empty_record_claims_nothing(_unused_ void **state)
{
        const struct evidence e = {};
        ssize_t n = evidence_format_json(&e, text, sizeof(text));
        size_t n_not_reached = 0;

        assert_true(n > 0);
        assert_int_equal(strlen(text), n);
        for (const char *p = text; (p = strstr(p, "\"verdict\":\"not-reached\"")); p++)
                n_not_reached++;
        assert_int_equal(n_not_reached, _STAGE_MAX);
        assert_null(strstr(text, "passed"));
}

static void test_a_filled_record(_unused_ void **state)
{
        const struct evidence e = filled();
        char start[128];

        assert_true(evidence_format_json(&e, text, sizeof(text)) > 0);
        snprintf(start, sizeof(start), "{\"schema\":1,\"verinit\":\"%s\",\"boot_id\":\"8f4e", verinit_version);
        assert_int_equal(strncmp(text, start, strlen(start)), 0);
        assert_non_null(strstr(text, "{\"name\":\"early\",\"verdict\":\"passed\",\"reason\":\"\",\"start_us\":1000,"
                                     "\"duration_us\":0},{\"name\":\"config\""));
        assert_non_null(strstr(text, "\"verdict\":\"skipped\",\"reason\":\"selinux-off\""));
        assert_non_null(
                strstr(text, "\"banks\":[\"sha256\",\"sha384\"],\"words\":[{\"pcr\":11,\"word\":\"enter-initrd\"},"));
        assert_non_null(strstr(text, "\"debug\":true"));
        assert_non_null(strstr(text, "\"provenance\":{\"secure_boot\":\"on\",\"replay\":\"not-provable\",\"reason\":\"load-options-not-measured\","
                                     "\"smbios\":\"clean\",\"tpm_key_checked\":true,\"events\":14,\"addons\":0}"));
        assert_non_null(strstr(text, "\"verity\":{\"signature\":{\"source\":\"discovered\",\"signer_sha256\":\"aa"));
        assert_non_null(strstr(text, "\"lsm\":\"capability,selinux,ipe\",\"ipe\":{\"state\":\"enforcing\",\"policies\":[{\"name\":\"node\","
                                     "\"version\":\"1.2.3\",\"sha256\":\"aa"));
        assert_non_null(strstr(text, "\"source\":\"initramfs\",\"active\":true},{\"name\":\"other\""));
        assert_non_null(strstr(text, "\"source\":\"initramfs\",\"active\":false}],\"mac_admin\":\"dropped\"}"));
        assert_non_null(strstr(text, "\"wakeups\":3,\"watchdog_s\":60,\"previous_failure\":{\"stage\":\"verify\","
                                     "\"code\":\"root-hash-mismatch\"},\"handoff\":{\"switch\":\"\",\"initramfs_bytes\":0,"
                                     "\"memory_available_before_kb\":1024,\"memory_available_after_kb\":0}}"));
}

static void test_strings_stay_json(_unused_ void **state)
{
        struct evidence e = {};

        FILL(e.kernel, "a\"b\\c\n\x01\x7f\xc3\xb6\xff\xe2\x82");
        assert_true(evidence_format_json(&e, text, sizeof(text)) > 0);
        assert_non_null(strstr(
                text, "\"kernel\":\"a\\\"b\\\\c\\u000a\\u0001\\u007f\xc3\xb6\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""));
}

static void test_utf8_as_unicode_defines_it(_unused_ void **state)
{
        static const struct {
                const char *in, *out;
        } cases[] = {
                { "\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7" },
                { "\xed\x9f\xbf", "\xed\x9f\xbf" },
                { "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },                         /* overlong */
                { "\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },         /* overlong */
                { "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },         /* surrogate */
                { "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* above U+10FFFF */
                { "\xf0\x9f", "\xef\xbf\xbd\xef\xbf\xbd" },                         /* cut off */
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct evidence e = {};
                char expected[64];

                FILL(e.kernel, cases[i].in);
                assert_true(evidence_format_json(&e, text, sizeof(text)) > 0);
                snprintf(expected, sizeof(expected), "\"kernel\":\"%s\",", cases[i].out);
                assert_non_null(strstr(text, expected));
        }
}

static void test_too_small_a_buffer_is_an_answer(_unused_ void **state)
{
        const struct evidence e = filled();
        ssize_t n = evidence_format_json(&e, text, sizeof(text));
        char small[32];

        assert_int_equal(evidence_format_json(&e, text, (size_t) n), -ENOBUFS);
        assert_int_equal(evidence_format_json(&e, text, (size_t) n + 1), n);
        assert_int_equal(evidence_format_json(&e, small, sizeof(small)), -ENOBUFS);
        assert_int_equal(evidence_format_json(&e, small, 0), -ENOBUFS);
}

static void test_words_have_room_for_a_boot(_unused_ void **state)
{
        struct evidence e = {};

        /* enter-initrd, leave-initrd, usr-verity, selinux, root */
        assert_true(EVIDENCE_MAX_WORDS >= 5);
        for (unsigned i = 0; i < EVIDENCE_MAX_WORDS + 3; i++)
                evidence_word(&e, i, "w");
        assert_int_equal(e.n_words, EVIDENCE_MAX_WORDS);
        assert_int_equal(e.words[EVIDENCE_MAX_WORDS - 1].pcr, EVIDENCE_MAX_WORDS - 1);
}

static void test_verdict_line(_unused_ void **state)
{
        struct error err = { .stage = STAGE_VERIFY };

        (void) error_set(&err, FAIL_ROOT_HASH_MISMATCH_CODE, EBADMSG, "vda3: \"root\" block");
        assert_true(evidence_format_verdict(&err, "reboot", text, sizeof(text)) > 0);
        assert_string_equal(
                text, "verinit: verdict {\"stage\":\"verify\",\"class\":\"TAMPER\",\"code\":\"root-hash-mismatch\","
                      "\"errno\":\"EBADMSG\",\"message\":\"vda3: \\\"root\\\" block\",\"action\":\"reboot\"}");
        assert_int_equal(evidence_format_verdict(&err, "reboot", text, 20), -ENOBUFS);
        assert_int_equal(evidence_format_verdict(&err, "reboot", text, 5), -ENOBUFS);
}

static void test_a_long_message_is_shortened_and_stays_json(_unused_ void **state)
{
        static const char *const units[] = { "x", "\"", "\x01", "\xc3\xb6", "\xff" };

        for (size_t u = 0; u < ARRAY_SIZE(units); u++) {
                struct error err = { .code = FAIL_DATA_CORRUPT_CODE, .stage = STAGE_FIND };
                ssize_t n;

                while (strlen(err.msg) + strlen(units[u]) < sizeof(err.msg))
                        strcat(err.msg, units[u]);
                n = evidence_format_verdict(&err, "halt", text, sizeof(text));
                assert_true(n > 600 && n < 900);
                assert_int_equal(strlen(text), n);
                assert_string_equal(text + n - strlen("\",\"action\":\"halt\"}"), "\",\"action\":\"halt\"}");
                assert_true(units[u][0] == '\xff' || !strstr(text, "\xef\xbf\xbd"));
        }
}

static void test_verdict_names(_unused_ void **state)
{
        assert_string_equal(verdict_name(VERDICT_NOT_REACHED), "not-reached");
        assert_string_equal(verdict_name(VERDICT_PASSED), "passed");
        assert_string_equal(verdict_name(VERDICT_SKIPPED), "skipped");
        assert_string_equal(verdict_name(VERDICT_FAILED), "failed");
        assert_string_equal(verdict_name((enum verdict) 9), "not-reached");
}

static int write_example(int dir_fd, const char *name, const struct evidence *e)
{
        ssize_t n = evidence_format_json(e, text, sizeof(text));

        return n < 0 ? (int) n : fsat_create(dir_fd, name, text, (size_t) n, 0644);
}

/* boot.json of a boot, of one that did nothing, and with hostile strings where strings may be hostile. */
static int write_examples(const char *directory)
{
        _cleanup_fd_ int dir_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct evidence full = filled(), hostile = full;
        const struct evidence empty = {};

        strcpy(hostile.kernel, "\"\\\n\x1b\xff\xc3\xb6");
        return write_example(dir_fd, "full.json", &full) < 0 || write_example(dir_fd, "empty.json", &empty) < 0 ||
                               write_example(dir_fd, "hostile.json", &hostile) < 0 ?
                       1 :
                       0;
}

int main(int argc, char *argv[])
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_an_empty_record_claims_nothing),
                cmocka_unit_test(test_a_filled_record),
                cmocka_unit_test(test_strings_stay_json),
                cmocka_unit_test(test_utf8_as_unicode_defines_it),
                cmocka_unit_test(test_too_small_a_buffer_is_an_answer),
                cmocka_unit_test(test_words_have_room_for_a_boot),
                cmocka_unit_test(test_verdict_line),
                cmocka_unit_test(test_a_long_message_is_shortened_and_stays_json),
                cmocka_unit_test(test_verdict_names),
        };

        if (argc == 2)
                return write_examples(argv[1]);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
