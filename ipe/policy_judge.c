/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A policy is judged by what it answers, not by how it is written: a default, a rule without a property and one that asks for
 * something not to be there come to the same for a file that nothing verifies.
 */
#include "verinit/ipe_rules.h"

static bool has_property(const struct ipe_file *file, const struct ipe_property *p)
{
        switch (p->kind) {
        case IPE_BOOT_VERIFIED:
                return file->is_boot_verified == p->value;
        case IPE_DMVERITY_SIGNATURE:
                return file->has_dmverity_signature == p->value;
        case IPE_FSVERITY_SIGNATURE:
                return file->has_fsverity_signature == p->value;
        case IPE_DMVERITY_ROOTHASH:
                return digest_equal(&file->dmverity_roothash, &p->digest);
        case IPE_FSVERITY_DIGEST:
                return digest_equal(&file->fsverity_digest, &p->digest);
        case _IPE_PROPERTY_MAX:
                break;
        }
        return false;
}

static bool matches(const struct ipe_rule *rule, const struct ipe_file *file)
{
        for (size_t i = 0; i < rule->n_properties; i++)
                if (!has_property(file, &rule->properties[i]))
                        return false;
        return true;
}

const struct ipe_default *ipe_rules_default(const struct ipe_rules *rules, enum ipe_op op)
{
        return rules->of_op[op].line > 0 ? &rules->of_op[op] : &rules->all;
}

/* NULL: the default decides. */
static const struct ipe_rule *first_match(const struct ipe_rules *rules, enum ipe_op op, const struct ipe_file *file)
{
        for (size_t i = 0; i < rules->n; i++)
                if (rules->list[i].op == op && matches(&rules->list[i], file))
                        return &rules->list[i];
        return NULL;
}

enum ipe_action ipe_rules_decide(const struct ipe_rules *rules, enum ipe_op op, const struct ipe_file *file, unsigned *ret_line)
{
        const struct ipe_rule *rule = first_match(rules, op, file);
        const struct ipe_default *otherwise = ipe_rules_default(rules, op);

        if (ret_line)
                *ret_line = rule ? rule->line : otherwise->line;
        return rule ? rule->action : otherwise->action;
}

static const char *const faults[_IPE_FAULT_MAX] = {
        [IPE_ALLOWED_BY_DEFAULT] = "allowed-by-default",
        [IPE_ALLOWS_UNVERIFIED] = "allows-unverified",
        [IPE_ALLOWS_INITRAMFS] = "allows-initramfs",
        [IPE_DENIES_ALL] = "denies-all",
        [IPE_DENIES_VOLUME] = "denies-volume",
};

const char *ipe_fault_name(enum ipe_fault fault)
{
        return fault < _IPE_FAULT_MAX ? faults[fault] : "?";
}

/* What would let code into the machine that nobody has vouched for; a kernel that kexec starts is code, too, and asks no IPE of before. */
static bool is_code(enum ipe_op op)
{
        return op == IPE_OP_EXECUTE || op == IPE_OP_KMODULE || op == IPE_OP_KEXEC_IMAGE || op == IPE_OP_KEXEC_INITRAMFS;
}

static bool may_execute_something(const struct ipe_rules *rules)
{
        if (ipe_rules_default(rules, IPE_OP_EXECUTE)->action == IPE_ALLOW)
                return true;
        for (size_t i = 0; i < rules->n; i++)
                if (rules->list[i].op == IPE_OP_EXECUTE && rules->list[i].action == IPE_ALLOW)
                        return true;
        return false;
}

size_t ipe_rules_judge(const struct ipe_rules *rules, const struct digest *root_hash, struct ipe_finding ret[static IPE_MAX_FINDINGS])
{
        const struct ipe_file unverified = {}, of_initramfs = { .is_boot_verified = true };
        unsigned line;
        size_t n = 0;

        for (enum ipe_op op = 0; op < _IPE_OP_MAX; op++) {
                const struct ipe_rule *rule = first_match(rules, op, &unverified);

                if (is_code(op) && ipe_rules_default(rules, op)->action == IPE_ALLOW)
                        ret[n++] = (struct ipe_finding) { IPE_ALLOWED_BY_DEFAULT, op, ipe_rules_default(rules, op)->line };
                if (is_code(op) && rule && rule->action == IPE_ALLOW)
                        ret[n++] = (struct ipe_finding) { IPE_ALLOWS_UNVERIFIED, op, rule->line };
                if (ipe_rules_decide(rules, op, &unverified, NULL) == IPE_DENY &&
                    ipe_rules_decide(rules, op, &of_initramfs, &line) == IPE_ALLOW)
                        ret[n++] = (struct ipe_finding) { IPE_ALLOWS_INITRAMFS, op, line };
        }
        if (!may_execute_something(rules)) {
                ret[n++] = (struct ipe_finding) { IPE_DENIES_ALL, IPE_OP_EXECUTE, 0 };
        } else if (root_hash) {
                const struct ipe_file plain = { .dmverity_roothash = *root_hash };
                const struct ipe_file is_signed = { .dmverity_roothash = *root_hash, .has_dmverity_signature = true };

                if (ipe_rules_decide(rules, IPE_OP_EXECUTE, &is_signed, NULL) == IPE_DENY &&
                    ipe_rules_decide(rules, IPE_OP_EXECUTE, &plain, &line) == IPE_DENY)
                        ret[n++] = (struct ipe_finding) { IPE_DENIES_VOLUME, IPE_OP_EXECUTE, line };
        }
        return n;
}
