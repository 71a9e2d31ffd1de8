/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "unit.h"
#include "verinit/ipe_rules.h"

#define HASH "df65715c61cb27e5aaf6653107eae6219a49ead421681daa4b8cd6610993f627"
#define HEADER "policy_name=node policy_version=1.2.3\n"
#define DENY "DEFAULT action=DENY\n"
#define OF_VOLUME " dmverity_roothash=sha256:" HASH " action=ALLOW\n"
#define GOOD HEADER DENY "op=EXECUTE" OF_VOLUME "op=KMODULE" OF_VOLUME

static struct ipe_rules rules;

static struct digest volume(void)
{
        struct digest d = { .alg = DIGEST_SHA256 };

        assert_int_equal(hex_decode(HASH, d.bytes, sizeof(d.bytes)), 32);
        return d;
}

static void parse(const char *text)
{
        struct error err = {};

        if (ipe_rules_parse(text, strlen(text), &rules, &err) < 0)
                fail_msg("refused: %s", err.msg);
}

static void refused_sized(const char *text, size_t size, const char *in_message)
{
        struct error err = {};

        rules.n = 77;
        if (ipe_rules_parse(text, size, &rules, &err) == 0)
                fail_msg("taken: %s", text);
        assert_int_equal(err.code, FAIL_IPE_POLICY_MALFORMED_CODE);
        if (!strstr(err.msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, err.msg);
        assert_int_equal(rules.n, 77);
}

static void refused(const char *text, const char *in_message)
{
        refused_sized(text, strlen(text), in_message);
}

/* The line that is wrong stands behind a good header and default. */
static void refused_line(const char *line, const char *in_message)
{
        char text[1024];

        (void) snprintf(text, sizeof(text), HEADER DENY "%s\n", line);
        refused(text, in_message);
        assert_non_null(strstr(text, line));
}

static void test_all_that_a_policy_may_have(_unused_ void **state)
{
        static const enum ipe_property_kind kinds[] = { IPE_BOOT_VERIFIED, IPE_DMVERITY_ROOTHASH, IPE_DMVERITY_SIGNATURE, IPE_FSVERITY_DIGEST,
                                                        IPE_FSVERITY_SIGNATURE };

        parse("# before the header\n\n \t" HEADER
              "DEFAULT op=EXECUTE action=DENY # behind a rule\r\n"
              "DEFAULT\taction=ALLOW\n"
              "  op=EXECUTE boot_verified=FALSE  dmverity_roothash=sha256:" HASH "\tdmverity_signature=TRUE fsverity_digest=sha512:" HASH HASH
              " fsverity_signature=FALSE action=ALLOW  \n"
              "op=POLICY action=DENY\n"
              "op=KEXEC_IMAGE action=ALLOW");
        assert_string_equal(rules.header.name, "node");
        assert_string_equal(rules.header.version, "1.2.3");
        assert_int_equal(rules.n, 3);
        assert_int_equal(rules.list[0].n_properties, 5);
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                assert_int_equal(rules.list[0].properties[i].kind, kinds[i]);
        assert_false(rules.list[0].properties[0].value);
        assert_true(rules.list[0].properties[2].value);
        assert_int_equal(rules.list[0].properties[1].digest.alg, DIGEST_SHA256);
        assert_int_equal(rules.list[0].properties[3].digest.alg, DIGEST_SHA512);
        assert_int_equal(rules.list[0].action, IPE_ALLOW);
        assert_int_equal(rules.list[1].op, IPE_OP_POLICY);
        assert_int_equal(rules.list[1].action, IPE_DENY);
        assert_int_equal(rules.list[2].op, IPE_OP_KEXEC_IMAGE);
        assert_int_equal(rules.of_op[IPE_OP_EXECUTE].action, IPE_DENY);
        assert_int_equal(rules.all.action, IPE_ALLOW);
        /* As an editor counts: a CR LF is one line end. */
        assert_int_equal(rules.of_op[IPE_OP_EXECUTE].line, 4);
        assert_int_equal(rules.all.line, 5);
        assert_int_equal(rules.list[0].line, 6);
        assert_int_equal(rules.list[2].line, 8);
}

static void test_each_operation_by_its_name(_unused_ void **state)
{
        char text[256];

        for (enum ipe_op op = 0; op < _IPE_OP_MAX; op++) {
                (void) snprintf(text, sizeof(text), HEADER DENY "op=%s action=ALLOW\n", ipe_op_name(op));
                parse(text);
                assert_int_equal(rules.list[0].op, op);
                assert_int_equal(ipe_op_from_name(ipe_op_name(op), strlen(ipe_op_name(op))), op);
        }
        assert_int_equal(ipe_op_from_name("EXECUTED", 8), _IPE_OP_MAX);
        assert_int_equal(ipe_op_from_name("EXECUTED", 7), IPE_OP_EXECUTE);
        assert_int_equal(ipe_op_from_name("", 0), _IPE_OP_MAX);
}

static void test_what_the_kernel_does_not_take(_unused_ void **state)
{
        refused("", "empty");
        refused("op=EXECUTE action=DENY\n", "policy_name=");
        refused_line("op=EXECUTE", "the last word is not action=");
        refused_line("DEFAULT", "no action=");
        refused_line("action=ALLOW", "begins with op=");
        refused_line("op=EXEC action=ALLOW", "no operation");
        refused_line("op=execute action=ALLOW", "no operation");
        refused_line("op= action=ALLOW", "no operation");
        refused_line("boot_verified=TRUE op=EXECUTE action=ALLOW", "no operation");
        refused_line("op=EXECUTE action=ALLOW boot_verified=TRUE", "no property");
        refused_line("op=EXECUTE action=MAYBE", "the last word is not action=");
        refused_line("op=EXECUTE action=ALLOW x", "no property");
        refused_line("op=EXECUTE boot_verified=true action=ALLOW", "neither TRUE nor FALSE");
        refused_line("op=EXECUTE boot_verified action=ALLOW", "no property");
        refused_line("op=EXECUTE boot_verified= action=ALLOW", "neither TRUE nor FALSE");
        refused_line("op=EXECUTE label=x action=ALLOW", "no property");
        refused_line("op=EXECUTE op=KMODULE action=ALLOW", "no property");
        refused_line("op=EXECUTE DEFAULT action=ALLOW", "no property");
        refused_line("DEFAULT op=EXECUTE boot_verified=TRUE action=ALLOW", "a default has no properties");
        refused_line("DEFAULT boot_verified=TRUE action=ALLOW", "no operation");
        refused_line("DEFAULT action=ALLOW", "a second time");
        refused_line("DEFAULT op=KMODULE action=DENY\nDEFAULT op=KMODULE action=DENY", "line 4 of the policy: this default is given a second time");
        refused(HEADER "DEFAULT op=EXECUTE action=DENY\n", "no default for KMODULE");
        refused(HEADER, "no default for EXECUTE");
}

/* The kernel takes these, and would never match them, or stop reading where we go on. */
static void test_what_could_mean_two_things(_unused_ void **state)
{
        static const char nul[] = GOOD "\0DEFAULT action=ALLOW\n";
        char wide[IPE_POLICY_MAX_BYTES + 1];

        refused_line("op=EXECUTE dmverity_roothash=sha256:df65 action=ALLOW", "the digest is not");
        refused_line("op=EXECUTE dmverity_roothash=" HASH " action=ALLOW", "the digest is not");
        refused_line("op=EXECUTE dmverity_roothash=sha1:df65715c61cb27e5aaf6653107eae6219a49ead4 action=ALLOW", "the digest is not");
        refused_line("op=EXECUTE dmverity_roothash=SHA256:" HASH " action=ALLOW", "the digest is not");
        refused_line("op=EXECUTE dmverity_roothash=sha512:" HASH " action=ALLOW", "the digest is not");
        refused_line("op=EXECUTE fsverity_digest=sha256:" HASH HASH HASH " action=ALLOW", "the digest is not");
        refused_line("op=EXECUTE fsverity_digest=:" HASH " action=ALLOW", "the digest is not");
        refused_line("op=EXECUTE fsverity_digest=sha256: action=ALLOW", "the digest is not");
        refused_line("op=EXECUTE fsverity_digest=abcdefghijklmnopqrst:00 action=ALLOW", "the digest is not");
        refused_line("op=EXECUTE boot_verified=TRUE\vaction=ALLOW", "the last word is not action=");
        refused_sized(nul, sizeof(nul) - 1, "NUL");
        memset(wide, '#', sizeof(wide));
        refused_sized(wide, sizeof(wide), "too long");
}

static void test_bounds(_unused_ void **state)
{
        static char text[64 * 1024];
        size_t n = 0;

        n = (size_t) snprintf(text, sizeof(text), HEADER DENY);
        for (unsigned i = 0; i < IPE_MAX_RULES; i++)
                n += (size_t) snprintf(text + n, sizeof(text) - n, "op=EXECUTE action=DENY\n");
        parse(text);
        assert_int_equal(rules.n, IPE_MAX_RULES);
        (void) snprintf(text + n, sizeof(text) - n, "op=EXECUTE action=DENY\n");
        refused(text, "more rules");

        n = (size_t) snprintf(text, sizeof(text), HEADER DENY "op=EXECUTE");
        for (unsigned i = 0; i < IPE_MAX_PROPERTIES; i++)
                n += (size_t) snprintf(text + n, sizeof(text) - n, " boot_verified=FALSE");
        (void) snprintf(text + n, sizeof(text) - n, " action=DENY\n");
        parse(text);
        assert_int_equal(rules.list[0].n_properties, IPE_MAX_PROPERTIES);
        (void) snprintf(text + n, sizeof(text) - n, " boot_verified=FALSE action=DENY\n");
        refused(text, "more properties");
        (void) snprintf(text + n, sizeof(text) - n, " boot_verified=FALSE boot_verified=FALSE boot_verified=FALSE action=DENY\n");
        refused(text, "more words");
}

static enum ipe_action decide(enum ipe_op op, const struct ipe_file *file, unsigned line)
{
        unsigned seen = 0;
        enum ipe_action action = ipe_rules_decide(&rules, op, file, &seen);

        assert_int_equal(seen, line);
        return action;
}

static void test_the_first_that_matches_decides(_unused_ void **state)
{
        struct ipe_file file = { .dmverity_roothash = volume() }, none = {};

        parse(HEADER                                                      /* 1 */
              "DEFAULT action=DENY\n"                                     /* 2 */
              "DEFAULT op=FIRMWARE action=ALLOW\n"                        /* 3 */
              "op=EXECUTE dmverity_roothash=sha256:" HASH " fsverity_signature=TRUE action=DENY\n" /* 4 */
              "op=EXECUTE" OF_VOLUME                                      /* 5 */
              "op=EXECUTE dmverity_roothash=sha256:" HASH " action=DENY\n" /* 6 */
              "op=EXECUTE dmverity_signature=TRUE boot_verified=FALSE action=ALLOW\n"); /* 7 */
        assert_int_equal(decide(IPE_OP_EXECUTE, &file, 5), IPE_ALLOW);
        file.has_fsverity_signature = true;
        assert_int_equal(decide(IPE_OP_EXECUTE, &file, 4), IPE_DENY);
        assert_int_equal(decide(IPE_OP_EXECUTE, &none, 2), IPE_DENY);
        assert_int_equal(decide(IPE_OP_KMODULE, &file, 2), IPE_DENY);
        assert_int_equal(decide(IPE_OP_FIRMWARE, &none, 3), IPE_ALLOW);
        none.has_dmverity_signature = true;
        assert_int_equal(decide(IPE_OP_EXECUTE, &none, 7), IPE_ALLOW);
        none.is_boot_verified = true;
        assert_int_equal(decide(IPE_OP_EXECUTE, &none, 2), IPE_DENY);
        /* Another volume, and the same bytes by another name. */
        file = (struct ipe_file) { .dmverity_roothash = volume() };
        file.dmverity_roothash.bytes[31] ^= 1;
        assert_int_equal(decide(IPE_OP_EXECUTE, &file, 2), IPE_DENY);
        file = (struct ipe_file) { .fsverity_digest = volume() };
        assert_int_equal(decide(IPE_OP_EXECUTE, &file, 2), IPE_DENY);
}

struct wanted {
        enum ipe_fault fault;
        enum ipe_op op;
        unsigned line;
};

static void judged(const char *text, size_t n_wanted, const struct wanted *wanted)
{
        struct ipe_finding found[IPE_MAX_FINDINGS];
        struct digest d = volume();
        size_t n;

        parse(text);
        n = ipe_rules_judge(&rules, &d, found);
        for (size_t i = 0; i < n && i < n_wanted; i++)
                if (found[i].fault != wanted[i].fault || found[i].op != wanted[i].op || found[i].line != wanted[i].line)
                        fail_msg("%s: %s of %s in line %u, expected %s of %s in line %u", text, ipe_fault_name(found[i].fault),
                                 ipe_op_name(found[i].op), found[i].line, ipe_fault_name(wanted[i].fault), ipe_op_name(wanted[i].op),
                                 wanted[i].line);
        if (n != n_wanted)
                fail_msg("%s: %zu findings, expected %zu", text, n, n_wanted);
}

#define JUDGED(text, ...)                                                                                  \
        do {                                                                                               \
                const struct wanted list[] = { __VA_ARGS__ };                                              \
                judged(text, ARRAY_SIZE(list), list);                                                      \
        } while (0)

static void test_what_a_node_must_not_have(_unused_ void **state)
{
        judged(GOOD, 0, NULL);
        JUDGED(HEADER "DEFAULT action=ALLOW\nop=EXECUTE" OF_VOLUME,
               { IPE_ALLOWED_BY_DEFAULT, IPE_OP_EXECUTE, 2 }, { IPE_ALLOWED_BY_DEFAULT, IPE_OP_KMODULE, 2 },
               { IPE_ALLOWED_BY_DEFAULT, IPE_OP_KEXEC_IMAGE, 2 }, { IPE_ALLOWED_BY_DEFAULT, IPE_OP_KEXEC_INITRAMFS, 2 });
        JUDGED(GOOD "DEFAULT op=KMODULE action=ALLOW\n", { IPE_ALLOWED_BY_DEFAULT, IPE_OP_KMODULE, 5 });
        /* A rule in front that denies most leaves a default that allows the rest. */
        JUDGED(GOOD "op=EXECUTE boot_verified=FALSE action=DENY\nDEFAULT op=EXECUTE action=ALLOW\n",
               { IPE_ALLOWED_BY_DEFAULT, IPE_OP_EXECUTE, 6 }, { IPE_ALLOWS_INITRAMFS, IPE_OP_EXECUTE, 6 });
        JUDGED(GOOD "op=EXECUTE action=ALLOW\n", { IPE_ALLOWS_UNVERIFIED, IPE_OP_EXECUTE, 5 });
        JUDGED(GOOD "op=KMODULE dmverity_signature=FALSE action=ALLOW\n", { IPE_ALLOWS_UNVERIFIED, IPE_OP_KMODULE, 5 });
        /* A line for the kernel, and none for an editor: the rule stands where the default stands. */
        JUDGED(HEADER DENY "op=EXECUTE" OF_VOLUME "DEFAULT op=EXECUTE action=DENY\rop=EXECUTE action=ALLOW\n",
               { IPE_ALLOWS_UNVERIFIED, IPE_OP_EXECUTE, 4 });
        JUDGED(GOOD "DEFAULT op=KMODULE action=DENY\rop=KMODULE dmverity_signature=FALSE action=ALLOW\n",
               { IPE_ALLOWS_UNVERIFIED, IPE_OP_KMODULE, 5 });
        JUDGED(GOOD "op=KEXEC_IMAGE action=ALLOW\n", { IPE_ALLOWS_UNVERIFIED, IPE_OP_KEXEC_IMAGE, 5 });
        JUDGED(GOOD "op=EXECUTE boot_verified=TRUE action=ALLOW\n", { IPE_ALLOWS_INITRAMFS, IPE_OP_EXECUTE, 5 });
        JUDGED(GOOD "op=FIRMWARE boot_verified=TRUE action=ALLOW\n", { IPE_ALLOWS_INITRAMFS, IPE_OP_FIRMWARE, 5 });
        JUDGED(HEADER DENY "op=KMODULE" OF_VOLUME, { IPE_DENIES_ALL, IPE_OP_EXECUTE, 0 });
        JUDGED(HEADER DENY "op=EXECUTE dmverity_roothash=sha256:" HASH " action=DENY\nop=EXECUTE" OF_VOLUME,
               { IPE_DENIES_VOLUME, IPE_OP_EXECUTE, 3 });
        /* What is no code may be allowed by default: nobody runs it. */
        judged(GOOD "DEFAULT op=FIRMWARE action=ALLOW\n", 0, NULL);
        /* A volume may have a signature: whether this one has is not known here. */
        judged(HEADER DENY "op=EXECUTE dmverity_signature=TRUE action=ALLOW\n", 0, NULL);
        /* A revoked file in front of all is no hole. */
        judged(HEADER DENY "op=EXECUTE fsverity_digest=sha256:" HASH " action=DENY\nop=EXECUTE" OF_VOLUME, 0, NULL);
}

static void test_without_a_volume(_unused_ void **state)
{
        struct ipe_finding found[IPE_MAX_FINDINGS];

        parse(HEADER DENY "op=EXECUTE dmverity_roothash=sha256:" HASH " action=DENY\nop=EXECUTE dmverity_signature=TRUE action=ALLOW\n");
        assert_int_equal(ipe_rules_judge(&rules, NULL, found), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all_that_a_policy_may_have),
                cmocka_unit_test(test_each_operation_by_its_name),
                cmocka_unit_test(test_what_the_kernel_does_not_take),
                cmocka_unit_test(test_what_could_mean_two_things),
                cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_the_first_that_matches_decides),
                cmocka_unit_test(test_what_a_node_must_not_have),
                cmocka_unit_test(test_without_a_volume),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
