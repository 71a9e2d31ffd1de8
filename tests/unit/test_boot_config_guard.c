/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of words that are refused whoever signed them: every row, with its code, its reason and its key named; and the
 * families, whose unknown members are.
 */
#include "boot_config_check.h"

static void refuse_word(enum fail_code code, const char *why, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* By either floor: a word that hands the machine over does so wherever it stands. */
static void refuse_word(enum fail_code code, const char *why, const char *fmt, ...)
{
        char text[512] = USR, named[1024];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(text + strlen(text), sizeof(text) - strlen(text), fmt, ap);
        va_end(ap);
        const char *word = text + strlen(USR), *equals = strchr(word, '=');

        /* The value of a key that speaks of a secret is not shown. */
        if (equals && cmdline_key_is_secret(word, (size_t) (equals - word)))
                snprintf(named, sizeof(named), "command line: %.*s=...: %s", (int) (equals - word), word, why);
        else
                snprintf(named, sizeof(named), "command line: %s: %s", word, why);
        assert_refused_by(&strict, text, code, named);
        assert_refused_by(&loose, text, code, named);
}

static void pass_word(const char *key, const char *value)
{
        char text[512];

        snprintf(text, sizeof(text), USR "%s%s%s", key, value ? "=" : "", value ? value : "");
        parse_ok(text, &strict);
        parse_ok(text, &loose);
}

static void check_boolean(const struct guarded_word *g, const char *prefix, bool wanted)
{
        static const char *const yes[] = { "1", "yes", "y", "true", "t", "on", "YES", "On" };
        static const char *const no[] = { "0", "no", "n", "false", "f", "off", "NO", "Off" };
        char key[64];

        snprintf(key, sizeof(key), "%s%s", prefix, g->name);
        for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
                pass_word(key, wanted ? yes[i] : no[i]);
                refuse_word(g->code, g->why, "%s=%s", key, wanted ? no[i] : yes[i]);
        }
        refuse_word(g->code, g->why, "%s=", key);
        refuse_word(g->code, g->why, "%s=/dev/tty9", key);
        if (wanted)
                pass_word(key, NULL);
        else
                refuse_word(g->code, g->why, "%s", key);
}

static void check_values(const struct guarded_word *g)
{
        char values[256], *rest = values, *value, list[256] = "";

        assert_true(str_copy(values, sizeof(values), g->values));
        while ((value = strsep(&rest, " "))) {
                pass_word(g->name, value);
                refuse_word(g->code, g->why, "%s=%sx", g->name, value);
                refuse_word(g->code, g->why, "%s=%s,", g->name, value);
                snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", list[0] ? "," : "", value);
        }
        refuse_word(g->code, g->why, "%s", g->name);
        refuse_word(g->code, g->why, "%s=", g->name);
        if (g->guard == GUARD_LIST_OF) {
                pass_word(g->name, list);
                refuse_word(g->code, g->why, "%s=%s,noruntime", g->name, list);
        }
}

static void check_always(const struct guarded_word *g, const char *prefix)
{
        refuse_word(g->code, g->why, "%s%s", prefix, g->name);
        refuse_word(g->code, g->why, "%s%s=", prefix, g->name);
        refuse_word(g->code, g->why, "%s%s=no", prefix, g->name);
        if (g->guard == GUARD_BEGINS) {
                refuse_word(g->code, g->why, "%s%sx", prefix, g->name);
                refuse_word(g->code, g->why, "%s%s.x=1", prefix, g->name);
        } else {
                pass_word("not", g->name);
        }
}

static void check_row(const struct guarded_word *g, const char *prefix)
{
        switch (g->guard) {
        case GUARD_ALWAYS:
        case GUARD_BEGINS:
                check_always(g, prefix);
                return;
        case GUARD_BARE:
                refuse_word(g->code, g->why, "%s%s", prefix, g->name);
                pass_word(g->name, "1");
                return;
        case GUARD_MUST_BE_YES:
        case GUARD_MUST_BE_NO:
                check_boolean(g, prefix, g->guard == GUARD_MUST_BE_YES);
                return;
        case GUARD_ONE_OF:
        case GUARD_LIST_OF:
                check_values(g);
                return;
        case GUARD_PASSES:
                pass_word(g->name, NULL);
                pass_word(g->name, "anything");
                return;
        default:
                fail_msg("%s: a guard of no kind", g->name);
        }
}

static void test_every_row(_unused_ void **state)
{
        size_t n = 0;

        for (const struct guarded_word *g = guarded_words; g->name; g++, n++) {
                check_row(g, "");
                if (g->also_rd)
                        check_row(g, "rd.");
                assert_true(g->code == FAIL_CMDLINE_DANGEROUS_CODE || g->code == FAIL_CMDLINE_WEAKENING_CODE);
                assert_true(g->why && g->why[0]);
                assert_int_equal(g->guard == GUARD_ONE_OF || g->guard == GUARD_LIST_OF, g->values != NULL);
        }
        assert_true(n >= 70);
}

/* As the word's own reader spells it. */
static void test_spellings(_unused_ void **state)
{
        static const char *const words[] = {
                "systemd.debug-shell", "systemd.mount-extra=x", "rd.systemd.swap-extra=x", "systemd.run-success-action=exit",
                "initcall-blacklist=x", "module-blacklist=x", "sysctl/kernel/core_pattern=x", "sysctl.kernel/modprobe=x",
                "sysctl/fs.binfmt_misc.register=x", "firmware-class.path=/x", "dm-mod.create=x", "kgdboc=ttyS0", "kgdbwait",
                "\"systemd.run=/bin/sh -c x\"", "systemd.\"run\"=x", "quiet -- systemd.run=x", "SYSTEMD_UNIT_PATH=/x",
                "LD_PRELOAD=/x", "OPENSSL_ia32cap=0", "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2", "init=/sbin/init single", "rd.systemd.run=x", "systemd.unit=rescue.target",
                "systemd.unit=debug-shell.service", "systemd.unit=default.target,rescue.target",
        };
        static const char *const weak[] = {
                "dm-verity.require_signatures=0", "dm-verity.keyring-unsealed", "ipe.enforce=0", "module.sig-enforce=0",
                "ima-appraise=fix", "ima_appraise=log", "efi=noruntime", "efi=debug,no_disable_early_pci_dma", "lockdown=none",
        };
        char text[256];

        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                snprintf(text, sizeof(text), USR "%s", words[i]);
                assert_refused(text, CMDLINE_DANGEROUS, "command line: ");
        }
        for (size_t i = 0; i < ARRAY_SIZE(weak); i++) {
                snprintf(text, sizeof(text), USR "%s", weak[i]);
                assert_refused(text, CMDLINE_WEAKENING, "command line: ");
        }
}

static void test_duplicates(_unused_ void **state)
{
        assert_refused(USR "lockdown=integrity lockdown=integrity", CMDLINE_DUPLICATE_KEY, "lockdown=integrity: the key");
        assert_refused(USR "module.sig_enforce module.sig-enforce=1", CMDLINE_DUPLICATE_KEY, "module.sig-enforce=1: the key");
        assert_refused(USR "systemd.unit=multi-user.target systemd.unit=graphical.target", CMDLINE_DUPLICATE_KEY,
                       "systemd.unit=graphical.target");
        parse_ok(USR "ima_policy=tcb ima_policy=secure_boot", &strict);
}

static void test_every_family(_unused_ void **state)
{
        const char *const *keys = boot_config_keys();
        char text[256], named[128];
        size_t n = 0;

        for (const struct config_family *f = config_families; f->prefix; f++, n++) {
                snprintf(text, sizeof(text), USR "%sodd=1", f->prefix);
                snprintf(named, sizeof(named), "command line: %sodd=1: unknown key", f->prefix);
                assert_refused_by(&strict, text, FAIL_CMDLINE_UNKNOWN_KEY_CODE, named);
                assert_true(f->why[0]);
        }
        assert_true(n >= 15);
        /* No key is another's family by accident, and no guard stands behind a key, where it would never be asked. */
        for (const struct guarded_word *g = guarded_words; g->name; g++)
                for (size_t i = 0; keys[i]; i++)
                        assert_false(cmdline_key_equal(keys[i], g->name));
        assert_refused(USR "dm-verity.odd=1", CMDLINE_UNKNOWN_KEY, "dm-verity.odd=1: unknown key");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_row),
                cmocka_unit_test(test_spellings),
                cmocka_unit_test(test_duplicates),
                cmocka_unit_test(test_every_family),
        };

        return cmocka_run_group_tests(tests, setup, NULL);
}
