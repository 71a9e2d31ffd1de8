/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The second witness: each way in which log, TPM, floor and command line can disagree.
 */
#include <errno.h>
#include <stdio.h>

#include "tcg2_builder.h"
#include "verinit/provenance.h"

#define BAKED "quiet usrhash=1234 root=tmpfs"
#define ADDON "acl.slot=a usrhash.extra=99"

static const enum digest_alg two_banks[] = { DIGEST_SHA256, DIGEST_SHA384 };

/* What the tests edit before they ask. */
struct machine {
        struct log_builder log;
        struct floor floor;
        struct provenance_input in;
};

static struct machine m;

static void begin(void)
{
        memset(&m, 0, sizeof(m));
        floor_init(&m.floor);
        log_begin(&m.log, two_banks, ARRAY_SIZE(two_banks));
        log_event(&m.log, 0, 8, "firmware", 8, "v", 1);
        m.in = (struct provenance_input) {
                .read = BAKED, .baked = BAKED, .floor = &m.floor, .is_smbios_read = true, .banks = m.log.banks,
        };
}

static void measure_uki(const void *cmdline, size_t size)
{
        log_section(&m.log, ".linux", "kernel", 6);
        log_section(&m.log, ".osrel", "ID=x", 4);
        log_section(&m.log, ".cmdline", cmdline, size);
        log_section(&m.log, ".initrd", "cpio", 4);
        log_section(&m.log, ".uname", "6.12", 4);
        log_section(&m.log, ".sbat", "sbat", 4);
}

static int prove(struct provenance *ret, struct error *err)
{
        static const unsigned pcrs[] = PROVENANCE_PCR_LIST;

        for (size_t i = 0; i < PROVENANCE_PCRS; i++)
                memcpy(m.in.pcrs[i], m.log.pcrs[pcrs[i]], sizeof(m.in.pcrs[i]));
        m.in.log = m.log.size > 0 ? m.log.bytes : NULL;
        m.in.log_size = m.log.size;
        return provenance_prove(&m.in, ret, err);
}

static struct provenance assert_verdict(enum provenance_verdict verdict, const char *reason)
{
        struct provenance p = {};
        struct error err = {};

        if (prove(&p, &err) < 0)
                fail_msg("%s: %s", fail_code_name(err.code), err.msg);
        assert_int_equal(p.verdict, verdict);
        if (reason)
                assert_string_equal(p.reason, reason);
        else
                assert_null(p.reason);
        return p;
}

static struct provenance assert_proved(void)
{
        return assert_verdict(PROVENANCE_PROVED, NULL);
}

static void assert_disproved(enum fail_code code, const char *in_message)
{
        struct provenance p = { .n_events = 77 };
        struct error err = {};

        if (prove(&p, &err) == 0)
                fail_msg("not refused: verdict %d", (int) p.verdict);
        if (err.code != code || !strstr(err.msg, in_message))
                fail_msg("'%s' is not in %s: '%s'", in_message, fail_code_name(err.code), err.msg);
        assert_int_equal(fail_code_class(code), FAIL_TAMPER);
        assert_int_equal(p.n_events, 77);
}

/* What no machine does, and only a caller could get wrong. */
static void assert_bug(const char *in_message)
{
        struct provenance p;
        struct error err = {};

        assert_true(prove(&p, &err) < 0);
        assert_int_equal(err.code, FAIL_BUG_CODE);
        assert_non_null(strstr(err.msg, in_message));
}

/* A boot as it should be: the UKI, and a kernel that received read. */
static void good_boot(const char *read)
{
        begin();
        m.in.read = read;
        measure_uki(BAKED, strlen(BAKED));
        log_load_options(&m.log, read);
}

static void list_addon(const char *text)
{
        uint8_t data[512];
        size_t n = utf16(text, data);

        m.floor.addons[m.floor.n_addons++] = hash(DIGEST_SHA256, data, n);
}

static void allow_key(const char *key)
{
        assert_true(str_copy(m.floor.addon_keys[m.floor.n_addon_keys++], FLOOR_WORD_MAX, key));
}

/* The same with the words of one add-on. */
static void addon_boot(const char *text, const char *read)
{
        begin();
        m.in.read = read;
        measure_uki(BAKED, strlen(BAKED));
        log_words(&m.log, text);
        log_load_options(&m.log, read);
        list_addon(ADDON);
        allow_key("acl.slot");
        allow_key("usrhash.extra");
}

static void test_good(_unused_ void **state)
{
        struct provenance p;

        good_boot(BAKED);
        p = assert_proved();
        assert_int_equal(p.n_events, 14);
        assert_int_equal(p.n_addons + p.addons_size + p.n_console, 0);
}

/* The section may end in what the stub drops; nothing else about it is free. */
static void test_forms_of_the_section(_unused_ void **state)
{
        static const struct {
                const char *bytes;
                size_t size;
        } good[] = { { BAKED, sizeof(BAKED) - 1 }, { BAKED "\n", sizeof(BAKED) }, { BAKED, sizeof(BAKED) },
                     { BAKED "\n", sizeof(BAKED) + 1 } },
          bad[] = { { BAKED " ", sizeof(BAKED) },      { " " BAKED, sizeof(BAKED) },    { BAKED "\n\n", sizeof(BAKED) + 1 },
                    { BAKED "\0", sizeof(BAKED) + 1 }, { BAKED, sizeof(BAKED) - 2 },    { BAKED "\0\n", sizeof(BAKED) + 1 },
                    { "", 0 },                         { "quiet usrhash=1235 root=tmpfs", sizeof(BAKED) - 1 } };

        for (size_t i = 0; i < ARRAY_SIZE(good) + ARRAY_SIZE(bad); i++) {
                bool is_good = i < ARRAY_SIZE(good);

                begin();
                if (is_good)
                        measure_uki(good[i].bytes, good[i].size);
                else
                        measure_uki(bad[i - ARRAY_SIZE(good)].bytes, bad[i - ARRAY_SIZE(good)].size);
                log_load_options(&m.log, BAKED);
                for (int is_packed = 0; is_packed < 2; is_packed++) {
                        m.in.baked = is_packed ? BAKED : NULL;
                        if (is_good)
                                (void) assert_proved();
                        else
                                assert_disproved(FAIL_CMDLINE_NOT_SIGNED_CODE, "PCR 11: the UKI's .cmdline");
                }
        }
}

static void test_no_section(_unused_ void **state)
{
        begin();
        log_section(&m.log, ".linux", "kernel", 6);
        log_load_options(&m.log, BAKED);
        assert_disproved(FAIL_CMDLINE_NOT_SIGNED_CODE, "the UKI has no .cmdline");
}

static void test_log_cut(_unused_ void **state)
{
        good_boot(BAKED);
        m.log.size = m.log.starts[m.log.n_records - 1];
        assert_disproved(FAIL_PCR_REPLAY_MISMATCH_CODE, "PCR 9, bank sha256: the 1 events");
        good_boot(BAKED);
        m.log.size = m.log.starts[2]; /* all of the stub and the kernel */
        assert_disproved(FAIL_PCR_REPLAY_MISMATCH_CODE, "PCR 9, bank sha256: the 0 events");
        good_boot(BAKED);
        m.log.size--;
        assert_disproved(FAIL_EVENT_LOG_MALFORMED_CODE, "its data are cut off");
        good_boot(BAKED);
        tpm_only(&m.log, 12, "x", 1);
        assert_disproved(FAIL_PCR_REPLAY_MISMATCH_CODE, "PCR 12, bank sha256: the 0 events");
}

static void test_log_longer(_unused_ void **state)
{
        good_boot(BAKED);
        log_only(&m.log, 11, TCG2_EV_IPL, "x", 1, "x", 1);
        assert_disproved(FAIL_PCR_REPLAY_MISMATCH_CODE, "PCR 11, bank sha256: the firmware's log goes on where the TPM stands (record 13)");
        good_boot(BAKED);
        log_only(&m.log, 12, TCG2_EV_IPL, "x", 1, "x", 1);
        assert_disproved(FAIL_PCR_REPLAY_MISMATCH_CODE, "PCR 12, bank sha256: the firmware's log goes on");
        /* A PCR that proves nothing here is not asked. */
        good_boot(BAKED);
        log_only(&m.log, 7, 1, "x", 1, "x", 1);
        (void) assert_proved();
}

/* One bit, in one bank or the other, in each record of the three PCRs. */
static void test_digest_edited(_unused_ void **state)
{
        for (size_t i = 2; i < 16; i++)
                for (int is_second = 0; is_second < 2; is_second++) {
                        good_boot(BAKED);
                        m.log.bytes[m.log.starts[i] + (is_second ? 12 + 34 + 2 : 12 + 2)] ^= 1;
                        assert_disproved(FAIL_PCR_REPLAY_MISMATCH_CODE, is_second ? "bank sha384" : "bank sha256");
                }
}

static void test_events_swapped(_unused_ void **state)
{
        struct log_builder other;
        size_t from, size;

        good_boot(BAKED);
        other = m.log;
        from = m.log.starts[2];
        size = m.log.starts[4] - from; /* name and content of .linux */
        memcpy(m.log.bytes + from, other.bytes + from + size, m.log.starts[6] - from - size);
        memcpy(m.log.bytes + m.log.starts[6] - size, other.bytes + from, size);
        assert_disproved(FAIL_PCR_REPLAY_MISMATCH_CODE, "PCR 11, bank sha256");
}

/* Log and TPM may list their banks in different orders; a caller who mixes them up is told. */
static void test_order_of_banks(_unused_ void **state)
{
        good_boot(BAKED);
        m.in.banks = (struct tpm_banks) { .n = 2, .algs = { DIGEST_SHA384, DIGEST_SHA256 } };
        for (unsigned pcr = 9; pcr <= 12; pcr++) {
                struct digest first = m.log.pcrs[pcr][0];

                m.log.pcrs[pcr][0] = m.log.pcrs[pcr][1];
                m.log.pcrs[pcr][1] = first;
        }
        (void) assert_proved();

        good_boot(BAKED);
        m.in.banks = (struct tpm_banks) { .n = 2, .algs = { DIGEST_SHA384, DIGEST_SHA256 } };
        assert_bug("PCR 9 was not read in every bank");
}

static void test_bank_that_the_log_lacks(_unused_ void **state)
{
        good_boot(BAKED);
        m.in.banks.algs[m.in.banks.n++] = DIGEST_SHA512;
        for (unsigned pcr = 0; pcr < TCG2_PCRS; pcr++)
                m.log.pcrs[pcr][2].alg = DIGEST_SHA512; /* zeros: nothing was ever measured into it */
        assert_disproved(FAIL_PCR_REPLAY_MISMATCH_CODE, "bank sha512: the TPM has this bank and the firmware's log does not");
}

static void test_record_that_lacks_a_bank(_unused_ void **state)
{
        good_boot(BAKED);
        record_begin(&m.log, 12, TCG2_EV_IPL);
        put_number(&m.log, 1, 4);
        put_number(&m.log, 0x0b, 2);
        put(&m.log, "01234567890123456789012345678901", 32);
        put_number(&m.log, 0, 4);
        assert_disproved(FAIL_PCR_REPLAY_MISMATCH_CODE, "PCR 12, bank sha256");
        m.in.banks = (struct tpm_banks) { .n = 1, .algs = { DIGEST_SHA384 } };
        for (unsigned pcr = 0; pcr < TCG2_PCRS; pcr++)
                m.log.pcrs[pcr][0] = m.log.pcrs[pcr][1];
        assert_disproved(FAIL_EVENT_LOG_MALFORMED_CODE, "it has no sha384 digest, and the TPM has that bank");
}

/* The log may know a bank that is not active, or one that verinit does not. */
static void test_bank_that_the_tpm_lacks(_unused_ void **state)
{
        begin();
        log_begin(&m.log, (const enum digest_alg[]) { DIGEST_SHA256, DIGEST_NONE, DIGEST_SHA1 }, 3);
        measure_uki(BAKED, strlen(BAKED));
        log_load_options(&m.log, BAKED);
        m.in.banks = (struct tpm_banks) { .n = 1, .algs = { DIGEST_SHA256 } };
        (void) assert_proved();
}

static void test_not_received(_unused_ void **state)
{
        good_boot(BAKED);
        m.in.read = BAKED " console=tty0"; /* would be fine, had the kernel got it */
        assert_disproved(FAIL_CMDLINE_NOT_RECEIVED_CODE, "LoadOptions are not the command line");
        good_boot(BAKED);
        log_load_options(&m.log, BAKED);
        assert_disproved(FAIL_CMDLINE_NOT_RECEIVED_CODE, "a second kernel");
        begin();
        measure_uki(BAKED, strlen(BAKED));
        log_load_options(&m.log, BAKED "\n");
        assert_disproved(FAIL_CMDLINE_NOT_RECEIVED_CODE, "LoadOptions are not the command line");
}

static void test_not_provable(_unused_ void **state)
{
        good_boot(BAKED);
        m.in.banks.n = 0;
        (void) assert_verdict(PROVENANCE_NOT_PROVABLE, "no-tpm");
        begin();
        m.log.size = 0;
        (void) assert_verdict(PROVENANCE_NOT_PROVABLE, "no-event-log");
        begin();
        measure_uki(BAKED, strlen(BAKED));
        (void) assert_verdict(PROVENANCE_NOT_PROVABLE, "load-options-not-measured");
        begin();
        log_load_options(&m.log, BAKED);
        (void) assert_verdict(PROVENANCE_NOT_PROVABLE, "no-measured-uki");
        /* Tags of the initrd, or none at all, are not the LoadOptions. */
        begin();
        measure_uki(BAKED, strlen(BAKED));
        log_tagged(&m.log, 9, UINT32_C(0x8f3b22ec), "x", 1, "Linux initrd");
        log_event(&m.log, 9, TCG2_EV_EVENT_TAG, "x", 1, "\xed\x22\x3b", 3);
        log_event(&m.log, 9, TCG2_EV_IPL, "x", 1, "\xed\x22\x3b\x8f", 4);
        (void) assert_verdict(PROVENANCE_NOT_PROVABLE, "load-options-not-measured");
}

/* A gap hides no contradiction. */
static void test_disproved_before_not_provable(_unused_ void **state)
{
        begin();
        measure_uki("other", 5);
        assert_disproved(FAIL_CMDLINE_NOT_SIGNED_CODE, "PCR 11");
        begin();
        log_load_options(&m.log, "other");
        assert_disproved(FAIL_CMDLINE_NOT_RECEIVED_CODE, "PCR 9");
        begin();
        log_words(&m.log, "init=/bin/sh");
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "'init=/bin/sh'");
}

static void test_not_ascii(_unused_ void **state)
{
        begin();
        m.in.read = m.in.baked = "quiet name=\xc3\xa9";
        measure_uki(m.in.read, strlen(m.in.read));
        log_load_options(&m.log, m.in.read);
        (void) assert_verdict(PROVENANCE_NOT_PROVABLE, "cmdline-not-ascii");
}

static void test_words_without_event(_unused_ void **state)
{
        good_boot(BAKED " init=/bin/sh");
        assert_disproved(FAIL_CMDLINE_NOT_SIGNED_CODE, "'init=/bin/sh' was added");
        m.in.baked = NULL;
        assert_disproved(FAIL_CMDLINE_NOT_SIGNED_CODE, "PCR 11: the UKI's .cmdline is not the command line");
        good_boot("init=/bin/sh " BAKED);
        assert_disproved(FAIL_CMDLINE_NOT_SIGNED_CODE, "'init=/bin/sh' where 'quiet' was signed");
        good_boot(BAKED "x");
        assert_disproved(FAIL_CMDLINE_NOT_SIGNED_CODE, "the last word of the signed text goes on, by 1 bytes");
        good_boot("quiet");
        assert_disproved(FAIL_CMDLINE_NOT_SIGNED_CODE, "ends where 'usrhash=1234' was signed");
}

static void test_console_words(_unused_ void **state)
{
        static const char *const good[] = {
                BAKED " console=uart,io,0x3f8", BAKED " console=uart,io,0x2f8", BAKED " console=uart,io,0x3e8",
                BAKED " console=uart,io,0x2e8", BAKED " console=hvc0",          BAKED " console=tty0",
                BAKED " console=uart,io,0x3f8 console=hvc0 console=tty0",
        };
        static const char *const bad[] = {
                BAKED " console=ttyS0",         BAKED " console=uart,io,0x3f9", BAKED " console=hvc0 console=hvc0",
                BAKED " console=tty0 console=hvc0", BAKED " console=hvc01",     BAKED " console=hvc",
                BAKED " console=uart,io,0x3f8 console=uart,io,0x2f8", BAKED " console=hvc0 debug",
        };

        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                for (int is_packed = 0; is_packed < 2; is_packed++) {
                        good_boot(good[i]);
                        m.in.baked = is_packed ? BAKED : NULL;
                        assert_true(assert_proved().n_console > 0);
                }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                good_boot(bad[i]);
                assert_disproved(FAIL_CMDLINE_NOT_SIGNED_CODE, "was added to the signed command line");
                m.in.baked = NULL;
                assert_disproved(FAIL_CMDLINE_NOT_SIGNED_CODE, "PCR 11");
        }
        good_boot(BAKED " console=tty0 debug console=hvc0");
        (void) str_copy(m.floor.extra_words[m.floor.n_extra_words++], FLOOR_WORD_MAX, "debug");
        assert_disproved(FAIL_CMDLINE_NOT_SIGNED_CODE, "'console=hvc0' was added");
}

/* systemd-stub adds none where the text has one. */
static void test_console_word_beside_a_signed_one(_unused_ void **state)
{
        begin();
        m.in.baked = BAKED " console=ttyS0";
        m.in.read = BAKED " console=ttyS0 console=hvc0";
        measure_uki(m.in.baked, strlen(m.in.baked));
        log_load_options(&m.log, m.in.read);
        assert_disproved(FAIL_CMDLINE_NOT_SIGNED_CODE, "'console=hvc0' was added");
}

static void test_extra_words(_unused_ void **state)
{
        good_boot(BAKED " debug");
        assert_disproved(FAIL_CMDLINE_NOT_SIGNED_CODE, "'debug' was added");
        (void) str_copy(m.floor.extra_words[m.floor.n_extra_words++], FLOOR_WORD_MAX, "debug");
        (void) assert_proved();
        m.in.baked = NULL;
        (void) assert_proved();
}

static void test_addon(_unused_ void **state)
{
        struct provenance p;

        for (int is_packed = 0; is_packed < 2; is_packed++) {
                addon_boot(ADDON, BAKED " " ADDON);
                m.in.baked = is_packed ? BAKED : NULL;
                p = assert_proved();
                assert_int_equal(p.n_addons, 1);
                assert_int_equal(p.addons_size, strlen(" " ADDON));
                assert_int_equal(p.n_console, 0);
        }
        addon_boot(ADDON, BAKED " " ADDON " console=hvc0");
        assert_int_equal(assert_proved().n_console, 1);
        m.in.baked = NULL;
        assert_int_equal(assert_proved().n_console, 1);
}

/* Last release's slot add-on beside the new UKI, or anybody's. */
static void test_unlisted_addon(_unused_ void **state)
{
        addon_boot("acl.slot=b usrhash.extra=98", BAKED " acl.slot=b usrhash.extra=98");
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "('acl.slot=b usrhash.extra=98'): these words were added");
        addon_boot(ADDON, BAKED " " ADDON);
        m.floor.n_addons = 0;
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "no addon= of the floor lists them");
}

static void test_addon_key_refused(_unused_ void **state)
{
        addon_boot("acl.slot=a init=/bin/sh", BAKED " acl.slot=a init=/bin/sh");
        list_addon("acl.slot=a init=/bin/sh");
        assert_disproved(FAIL_ADDON_KEY_REFUSED_CODE, "an add-on sets 'init'");
        addon_boot("acl-slot=a", BAKED " acl-slot=a");
        list_addon("acl-slot=a");
        assert_disproved(FAIL_ADDON_KEY_REFUSED_CODE, "an add-on sets 'acl-slot'");
        addon_boot("acl.slot=\"a", BAKED " acl.slot=\"a");
        list_addon("acl.slot=\"a");
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "the add-on's text is no command line");
}

/* The event is listed, but its words are not where it says. */
static void test_addon_words_elsewhere(_unused_ void **state)
{
        static const char *const reads[] = {
                BAKED, BAKED " acl.slot=a", ADDON " " BAKED, BAKED " " ADDON "x", BAKED " console=hvc0 " ADDON, BAKED "  " ADDON,
        };

        for (size_t i = 0; i < ARRAY_SIZE(reads); i++)
                for (int is_packed = 0; is_packed < 2; is_packed++) {
                        addon_boot(ADDON, reads[i]);
                        m.in.baked = is_packed ? BAKED : NULL;
                        assert_disproved(FAIL_CMDLINE_NOT_SIGNED_CODE, "");
                }
}

/* Add-ons come in one event. A second may be an override that Secure Boot did not stop, or the host's string. */
static void test_two_events_of_words(_unused_ void **state)
{
        begin();
        m.in.read = BAKED " " ADDON " " ADDON;
        measure_uki(BAKED, strlen(BAKED));
        log_words(&m.log, ADDON);
        log_words(&m.log, ADDON);
        log_load_options(&m.log, m.in.read);
        list_addon(ADDON);
        allow_key("acl.slot");
        allow_key("usrhash.extra");
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "come in one event");
}

static void test_override(_unused_ void **state)
{
        begin();
        m.in.read = "init=/bin/sh";
        measure_uki(BAKED, strlen(BAKED));
        log_words(&m.log, "init=/bin/sh");
        log_load_options(&m.log, "init=/bin/sh");
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "('init=/bin/sh'): these words were added");
}

/* What an error says goes to a screen: no value of a secret, and no more than a line. */
static void test_what_is_shown(_unused_ void **state)
{
        static const char *const extras[] = { "systemd.set_credential=a:hunter2 quiet" };
        char many[400], read[500];

        good_boot(BAKED);
        m.in.smbios_extras = extras;
        m.in.n_smbios_extras = 1;
        assert_disproved(FAIL_SMBIOS_CMDLINE_CODE, "'systemd.set_credential=... quiet'");
        memset(many, 'x', sizeof(many) - 1);
        for (size_t i = 50; i < sizeof(many) - 1; i += 51)
                many[i] = ' ';
        many[sizeof(many) - 1] = '\0';
        (void) snprintf(read, sizeof(read), BAKED " %s", many);
        addon_boot(many, read);
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "xxx ...'): these words were added");
}

static void test_smbios(_unused_ void **state)
{
        static const char *const extras[] = { ADDON };

        addon_boot(ADDON, BAKED " " ADDON);
        m.in.smbios_extras = extras;
        m.in.n_smbios_extras = 1;
        assert_disproved(FAIL_SMBIOS_CMDLINE_CODE, "'" ADDON "'");
        m.in.banks.n = 0; /* without a TPM too */
        assert_disproved(FAIL_SMBIOS_CMDLINE_CODE, "'" ADDON "'");
        m.log.size = 0;
        assert_disproved(FAIL_SMBIOS_CMDLINE_CODE, "'" ADDON "'");

        /* Nobody could look: an event of words may be the host's. Without one it does not matter. */
        addon_boot(ADDON, BAKED " " ADDON);
        m.in.is_smbios_read = false;
        assert_int_equal(assert_verdict(PROVENANCE_NOT_PROVABLE, "smbios-unread").addons_size, 0);
        good_boot(BAKED);
        m.in.is_smbios_read = false;
        (void) assert_proved();
}

static void test_sidecars(_unused_ void **state)
{
        static const struct {
                uint32_t tag;
                const char *in_message;
        } tags[] = { { 0x6c46f751, "device tree" }, { 0x49dffe0f, "an initrd add-on" }, { 0xdac08e1a, "microcode" },
                     { 0x13aed6db, "another profile" }, { 0x12345678, "no event with this tag" } };

        for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
                good_boot(BAKED);
                m.floor.credentials = CREDENTIALS_PLATFORM;
                log_tagged(&m.log, 12, tags[i].tag, "content", 7, "a.addon.efi");
                assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, tags[i].in_message);
        }
        good_boot(BAKED);
        log_described(&m.log, 12, "cpio", 4, "Configuration extension initrd");
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "('Configuration extension initrd'): this was loaded from beside");
        good_boot(BAKED);
        log_event(&m.log, 12, TCG2_EV_IPL, "x", 1, "odd", 3);
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "('no text')");
        good_boot(BAKED);
        log_event(&m.log, 12, TCG2_EV_EVENT_TAG, "x", 1, "odd", 3);
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "its tag is cut off");
        good_boot(BAKED);
        log_event(&m.log, 12, 4, "\0\0\0\0", 4, "\0\0\0\0", 4); /* a separator */
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "no such event");
        addon_boot(ADDON, BAKED " " ADDON);
        m.log.bytes[m.log.starts[14] + 4] = 4; /* the add-on's, but for its type */
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "('" ADDON "'): systemd-stub measures no such event");
}

static void test_credentials(_unused_ void **state)
{
        static const char *const names[] = { "Credentials initrd", "Global credentials initrd" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                good_boot(BAKED);
                log_described(&m.log, 12, "cpio", 4, names[i]);
                assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "credentials=none");
                m.floor.credentials = CREDENTIALS_ESP_ENCRYPTED;
                assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "not in the initramfs");
                m.in.has_credentials = i == 1; /* the other's */
                m.in.has_global_credentials = i == 0;
                assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "not in the initramfs");
                m.in.has_credentials = i == 0;
                m.in.has_global_credentials = i == 1;
                (void) assert_proved();
                m.floor.credentials = CREDENTIALS_PLATFORM;
                (void) assert_proved();
        }
        /* Words in such a disguise: the digest is theirs. */
        good_boot(BAKED);
        m.floor.credentials = CREDENTIALS_PLATFORM;
        log_words(&m.log, "Credentials initrd");
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "these words were added");
}

/* The text is all that tells them from another archive: so each but once, and the UKI's first. */
static void test_order_of_credentials(_unused_ void **state)
{
        static const char *const bad[][2] = {
                { "Credentials initrd", "Credentials initrd" },
                { "Global credentials initrd", "Global credentials initrd" },
                { "Global credentials initrd", "Credentials initrd" },
        };

        for (size_t i = 0; i <= ARRAY_SIZE(bad); i++) {
                good_boot(BAKED);
                m.floor.credentials = CREDENTIALS_ESP_ENCRYPTED;
                m.in.has_credentials = m.in.has_global_credentials = true;
                log_described(&m.log, 12, "cpio", 4, i < ARRAY_SIZE(bad) ? bad[i][0] : "Credentials initrd");
                (void) assert_proved();
                log_described(&m.log, 12, "other", 5, i < ARRAY_SIZE(bad) ? bad[i][1] : "Global credentials initrd");
                if (i < ARRAY_SIZE(bad))
                        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "systemd-stub makes one such archive");
        }
        (void) assert_proved();
        log_described(&m.log, 12, "other", 5, "Global credentials initrd");
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "systemd-stub makes one such archive");
}

/* PCR 11 is one UKI, its sections in order, each name borne out by its digest. */
static void test_sections(_unused_ void **state)
{
        good_boot(BAKED);
        log_section(&m.log, ".evil", "x", 1);
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "('.evil'): it is no section");
        good_boot(BAKED);
        log_section(&m.log, ".pcrsig", "x", 1);
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "('.pcrsig'): it is no section");
        good_boot(BAKED);
        log_section(&m.log, ".cmdline", BAKED, strlen(BAKED));
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "stands twice or out of order");
        good_boot(BAKED);
        log_section(&m.log, ".ucode", "x", 1);
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "stands twice or out of order");
        good_boot(BAKED);
        log_section(&m.log, ".pcrpkey", "x", 1);
        log_section(&m.log, ".profile", "x", 1);
        log_section(&m.log, ".efifw", "x", 1);
        (void) assert_proved();
        good_boot(BAKED);
        log_described(&m.log, 11, ".pcrpkey", sizeof(".pcrpkey"), ".pcrpkey");
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "its content never measured");
        good_boot(BAKED);
        log_described(&m.log, 11, ".pcrpkey", sizeof(".pcrpkey"), ".pcrpkey");
        log_described(&m.log, 11, "x", 1, ".profile");
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "it is not the content of the section named before it");
        good_boot(BAKED);
        log_described(&m.log, 11, "enter-initrd", 12, "enter-initrd");
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "('enter-initrd'): it is no section");
        good_boot(BAKED);
        log_event(&m.log, 11, TCG2_EV_EVENT_TAG, "x", 1, ".\0x\0\0", 6);
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "systemd-stub measures no such event");
}

/* The description is nobody's proof: here the .osrel of an attacker's choice is called the command line. */
static void test_relabelled_section(_unused_ void **state)
{
        begin();
        log_section(&m.log, ".linux", "kernel", 6);
        log_described(&m.log, 11, ".osrel", sizeof(".osrel"), ".cmdline");
        log_described(&m.log, 11, BAKED, strlen(BAKED), ".cmdline");
        log_load_options(&m.log, BAKED);
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "its digest is not that of the section's name");
}

/* The name is right in one bank only. */
static void test_every_bank_counts(_unused_ void **state)
{
        good_boot(BAKED);
        log_only(&m.log, 11, TCG2_EV_IPL, ".pcrpkey", 9, ".\0p\0c\0r\0p\0k\0e\0y\0\0", 18);
        m.log.bytes[m.log.starts[m.log.n_records - 1] + 12 + 34 + 2] ^= 1;
        for (size_t i = 0; i < 2; i++) {
                struct digest digest = hash(two_banks[i], ".pcrpkey", sizeof(".pcrpkey"));
                struct tcg2_event event;
                struct error err = {};
                struct tcg2_log log;

                assert_int_equal(tcg2_log_open(m.log.bytes, m.log.size, &log, &err), 0);
                while (tcg2_log_next(&log, &event, &err) > 0)
                        memcpy(digest.bytes, event.digests[two_banks[i]], digest_size(two_banks[i]));
                tpm_extend_by(&m.log, 11, i, &digest);
        }
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "its digest is not that of the section's name");
}

static void test_events_of_others(_unused_ void **state)
{
        good_boot(BAKED);
        log_event(&m.log, 9, TCG2_EV_IPL, "grub.cfg", 8, "grub.cfg", 9); /* a boot loader's */
        log_event(&m.log, 12, TCG2_EV_NO_ACTION, "", 0, "note", 4);
        log_event(&m.log, 14, TCG2_EV_IPL, "MokList", 7, "MokList", 8);
        (void) assert_proved();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_forms_of_the_section),
                cmocka_unit_test(test_no_section),
                cmocka_unit_test(test_log_cut),
                cmocka_unit_test(test_log_longer),
                cmocka_unit_test(test_digest_edited),
                cmocka_unit_test(test_events_swapped),
                cmocka_unit_test(test_order_of_banks),
                cmocka_unit_test(test_bank_that_the_log_lacks),
                cmocka_unit_test(test_record_that_lacks_a_bank),
                cmocka_unit_test(test_bank_that_the_tpm_lacks),
                cmocka_unit_test(test_not_received),
                cmocka_unit_test(test_not_provable),
                cmocka_unit_test(test_disproved_before_not_provable),
                cmocka_unit_test(test_not_ascii),
                cmocka_unit_test(test_words_without_event),
                cmocka_unit_test(test_console_words),
                cmocka_unit_test(test_console_word_beside_a_signed_one),
                cmocka_unit_test(test_extra_words),
                cmocka_unit_test(test_addon),
                cmocka_unit_test(test_unlisted_addon),
                cmocka_unit_test(test_addon_key_refused),
                cmocka_unit_test(test_addon_words_elsewhere),
                cmocka_unit_test(test_two_events_of_words),
                cmocka_unit_test(test_override),
                cmocka_unit_test(test_what_is_shown),
                cmocka_unit_test(test_smbios),
                cmocka_unit_test(test_sidecars),
                cmocka_unit_test(test_credentials),
                cmocka_unit_test(test_order_of_credentials),
                cmocka_unit_test(test_sections),
                cmocka_unit_test(test_relabelled_section),
                cmocka_unit_test(test_every_bank_counts),
                cmocka_unit_test(test_events_of_others),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
