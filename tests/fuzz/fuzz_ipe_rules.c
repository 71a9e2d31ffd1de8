/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "fuzz.h"
#include "verinit/ipe_rules.h"

static struct ipe_rules first, second;
static char text[512 * 1024];

static size_t add_default(size_t n, const char *op, const struct ipe_default *d)
{
        if (d->line == 0)
                return n;
        return n + (size_t) snprintf(text + n, sizeof(text) - n, "DEFAULT %s%s action=%s\n", *op ? "op=" : "", op, ipe_action_name(d->action));
}

static size_t add_property(size_t n, const struct ipe_property *p)
{
        char hex[DIGEST_MAX_HEX];

        digest_hex(&p->digest, hex);
        if (p->digest.alg != DIGEST_NONE)
                return n + (size_t) snprintf(text + n, sizeof(text) - n, " %s=%s:%s", ipe_property_name(p->kind), digest_name(p->digest.alg), hex);
        return n + (size_t) snprintf(text + n, sizeof(text) - n, " %s=%s", ipe_property_name(p->kind), p->value ? "TRUE" : "FALSE");
}

/* In the one plain form. */
static size_t format(const struct ipe_rules *r)
{
        size_t n = (size_t) snprintf(text, sizeof(text), "policy_name=%s policy_version=%s\n", r->header.name, r->header.version);

        n = add_default(n, "", &r->all);
        for (enum ipe_op op = 0; op < _IPE_OP_MAX; op++)
                n = add_default(n, ipe_op_name(op), &r->of_op[op]);
        for (size_t i = 0; i < r->n; i++) {
                n += (size_t) snprintf(text + n, sizeof(text) - n, "op=%s", ipe_op_name(r->list[i].op));
                for (size_t j = 0; j < r->list[i].n_properties; j++)
                        n = add_property(n, &r->list[i].properties[j]);
                n += (size_t) snprintf(text + n, sizeof(text) - n, " action=%s\n", ipe_action_name(r->list[i].action));
        }
        return n;
}

static void check_same_answers(const struct ipe_file *file)
{
        for (enum ipe_op op = 0; op < _IPE_OP_MAX; op++)
                FUZZ_ASSERT(ipe_rules_decide(&first, op, file, NULL) == ipe_rules_decide(&second, op, file, NULL));
}

/* Comments, blanks and line ends mean nothing: without them the policy answers the same. */
static void check_plain_form(void)
{
        const struct ipe_file files[] = { {}, { .is_boot_verified = true }, { .has_dmverity_signature = true }, { .has_fsverity_signature = true } };
        struct error err = {};
        size_t n = format(&first);

        FUZZ_ASSERT(n < sizeof(text));
        if (n > IPE_POLICY_MAX_BYTES)
                return;
        FUZZ_ASSERT(ipe_rules_parse(text, n, &second, &err) == 0 && second.n == first.n);
        for (size_t i = 0; i < ARRAY_SIZE(files); i++)
                check_same_answers(&files[i]);
        for (size_t i = 0; i < first.n; i++)
                for (size_t j = 0; j < first.list[i].n_properties; j++)
                        check_same_answers(&(struct ipe_file) { .dmverity_roothash = first.list[i].properties[j].digest });
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct ipe_finding found[IPE_MAX_FINDINGS];
        struct error err = {};
        size_t n;

        if (ipe_rules_parse((const char *) data, size, &first, &err) < 0) {
                FUZZ_ASSERT(err.code == FAIL_IPE_POLICY_MALFORMED_CODE && err.msg[0]);
                return 0;
        }
        FUZZ_ASSERT(first.header.name[0] && !strchr(first.header.name, '/') && first.n <= IPE_MAX_RULES);
        n = ipe_rules_judge(&first, NULL, found);
        FUZZ_ASSERT(n <= IPE_MAX_FINDINGS);
        for (enum ipe_op op = 0; op < _IPE_OP_MAX; op++) {
                FUZZ_ASSERT(ipe_rules_default(&first, op)->line > 0);
                /* Without a finding nothing unverified gets in. */
                if (n == 0 && (op <= IPE_OP_KMODULE || op == IPE_OP_KEXEC_IMAGE || op == IPE_OP_KEXEC_INITRAMFS))
                        FUZZ_ASSERT(ipe_rules_decide(&first, op, &(struct ipe_file) {}, NULL) == IPE_DENY);
        }
        check_plain_form();
        return 0;
}
