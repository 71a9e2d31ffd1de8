/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the core itself says, for the tests that compare the documents with it. One fact a line, fields parted by tabs.
 */
#include <stdio.h>

#include "verinit/boot.h"

/* By a floor that can tell: one that prefers another action, and one that does not let it be. */
static const char *class_action(enum fail_class class)
{
        const struct boot_config config = {
                .floor.failure_actions = FAILURE_REBOOT | FAILURE_HALT, .floor.failure_default = FAILURE_HALT,
        };

        return failure_action(class, &config) == OS_END_HALT ? "first" : "reboot";
}

static int codes(_unused_ char *args[])
{
        for (unsigned i = 0; i < _FAIL_CODE_MAX; i++) {
                enum fail_code code = (enum fail_code) i;
                enum fail_class class = fail_code_class(code);

                printf("%s\t%s\t%s\t%s\n", fail_code_name(code), fail_class_name(class),
                       class_action(class), fail_code_remedy(code));
        }
        return 0;
}

static int stages(_unused_ char *args[])
{
        for (unsigned i = 0; i < _STAGE_MAX; i++)
                puts(stage_name((enum stage_id) i));
        return 0;
}

static int keys(_unused_ char *args[])
{
        for (const char *const *key = boot_config_keys(); *key; key++)
                puts(*key);
        return 0;
}

static int families(_unused_ char *args[])
{
        for (const struct config_family *family = config_families; family->prefix; family++)
                printf("%s\t%s\n", family->prefix, family->why);
        return 0;
}

/* NAME, the heading of its kind, whether rd. may stand before it, code, values, reason. */
static int guards(_unused_ char *args[])
{
        static const char *const kinds[] = {
                [GUARD_ALWAYS] = "Refused whatever the value",
                [GUARD_BEGINS] = "Refused with all that begin so",
                [GUARD_BARE] = "Refused without a value",
                [GUARD_MUST_BE_YES] = "May only say yes",
                [GUARD_MUST_BE_NO] = "May only say no",
                [GUARD_ONE_OF] = "May only have these values",
                [GUARD_LIST_OF] = "May only list these values",
                [GUARD_PASSES] = "Known, and let pass",
        };

        for (const struct guarded_word *g = guarded_words; g->name; g++)
                printf("%s\t%s\t%s\t%s\t%s\t%s\n", g->name, kinds[g->guard], g->also_rd ? "rd" : "", fail_code_name(g->code),
                       g->values ? g->values : "", g->why);
        return 0;
}

static void print_digest(const char *name, const struct digest *d)
{
        char hex[DIGEST_MAX_HEX];

        digest_hex(d, hex);
        printf(" %s %s-%s", name, digest_name(d->alg), hex);
}

/* Two floors that print the same are the same. */
static int floor_fields(char *args[])
{
        struct error err = {};
        struct floor f;

        if (floor_parse(args[0], strlen(args[0]), &f, &err) < 0) {
                puts(fail_code_name(err.code));
                return 0;
        }
        printf("accepted\ttpm %d selinux %d cmdline %d secure-boot %d cmdline-replay %d root-hash-signature %d "
               "pinned-geometry %d boot-disk-only %d ipe %d debug %d root %d etc %d selinux-dir %s selinux-lock %d credentials %d "
               "os-separator %d", (int) f.tpm, (int) f.selinux, (int) f.cmdline, (int) f.secure_boot,
               (int) f.cmdline_replay, (int) f.root_hash_signature, (int) f.pinned_geometry, (int) f.boot_disk_only,
               (int) f.ipe, (int) f.debug, (int) f.root, (int) f.etc, f.selinux_dir, (int) f.selinux_lock, (int) f.credentials,
               (int) f.os_separator);
        printf(" panic-timeout %u failure-delay %u failure-delay-max %u device-timeout %u watchdog %u failure-actions %u/%u",
               f.panic_timeout_s, f.failure_delay_s, f.failure_delay_max_s, f.device_timeout_s, f.watchdog_s,
               f.failure_default, f.failure_actions);
        for (size_t i = 0; i < f.n_extra_words; i++)
                printf(" extra-words %s", f.extra_words[i]);
        for (size_t i = 0; i < f.n_addon_keys; i++)
                printf(" addon-keys %s", f.addon_keys[i]);
        for (size_t i = 0; i < f.n_addons; i++)
                print_digest("addon", &f.addons[i]);
        for (size_t i = 0; i < f.n_certificates; i++)
                print_digest("certificate", &f.certificates[i]);
        for (size_t i = 0; i < f.n_ipe_policies; i++)
                print_digest("ipe-policy", &f.ipe_policies[i]);
        printf(" ipe-drop-mac-admin %d", !f.keeps_mac_admin);
        print_digest("baked-cmdline", &f.baked_cmdline);
        print_digest("modules", &f.modules);
        printf(" tpm-ek %zu\n", f.tpm_ek_size);
        return 0;
}

/* FLOOR CMDLINE: "accepted", or the code of the refusal. */
static int cmdline(char *args[])
{
        static struct boot_config config;
        struct error err = {};
        struct floor f;

        if (floor_parse(args[0], strlen(args[0]), &f, &err) < 0)
                return 1;
        if (boot_config_parse(args[1], strlen(args[1]), 2047, &f, &config, &err) < 0)
                puts(fail_code_name(err.code));
        else
                puts("accepted");
        return 0;
}

static bool parse_digest(const char *hex, struct digest *ret)
{
        ssize_t n = hex_decode(hex, ret->bytes, sizeof(ret->bytes));

        ret->alg = DIGEST_SHA256;
        return n == (ssize_t) digest_size(ret->alg);
}

/* KEY HEX: the word of a SHA-256. */
static int word(char *args[])
{
        char text[MEASURE_WORD_MAX + 1];
        struct digest d;

        if (!parse_digest(args[1], &d))
                return 1;
        measure_format_digest_word(args[0], &d, text);
        printf("%s\t%s\n", text, measure_word_is_valid(text) ? "valid" : "invalid");
        return 0;
}

/* PCR HEX WORD BOOT_ID TIMESTAMP: one record of the log, with a sha256 bank alone. */
static int record(char *args[])
{
        char text[1024];
        struct digest d;
        ssize_t n;

        if (!parse_digest(args[1], &d))
                return 1;
        n = measure_record_format((unsigned) strtoul(args[0], NULL, 10), &d, 1, args[2], "phase", args[3],
                                  strtoull(args[4], NULL, 10), text, sizeof(text));
        return n < 0 || fwrite(text, 1, (size_t) n, stdout) != (size_t) n;
}

static const struct {
        const char *name;
        int n_args;
        int (*print)(char *args[]);
} topics[] = {
        { "codes", 0, codes }, { "stages", 0, stages }, { "keys", 0, keys }, { "families", 0, families },
        { "guards", 0, guards }, { "floor", 1, floor_fields },
        { "cmdline", 2, cmdline }, { "word", 2, word }, { "record", 5, record },
};

int main(int argc, char *argv[])
{
        for (size_t i = 0; i < ARRAY_SIZE(topics); i++)
                if (argc >= 2 && str_equal(argv[1], topics[i].name) && argc == topics[i].n_args + 2)
                        return topics[i].print(argv + 2);
        fputs("facts: unknown topic, or a wrong number of arguments\n", stderr);
        return 2;
}
