/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A rule is a line: op=NAME, properties, action=NAME, in this order and parted by blanks. DEFAULT in front of op= and action= says
 * what holds where no rule matches; without op=, for all operations, those of a later kernel too.
 */
#include <errno.h>

#include "verinit/ipe_rules.h"

static const char *const actions[] = { [IPE_DENY] = "DENY", [IPE_ALLOW] = "ALLOW" };

static const char *const ops[_IPE_OP_MAX] = {
        [IPE_OP_EXECUTE] = "EXECUTE",
        [IPE_OP_KMODULE] = "KMODULE",
        [IPE_OP_FIRMWARE] = "FIRMWARE",
        [IPE_OP_KEXEC_IMAGE] = "KEXEC_IMAGE",
        [IPE_OP_KEXEC_INITRAMFS] = "KEXEC_INITRAMFS",
        [IPE_OP_POLICY] = "POLICY",
        [IPE_OP_X509_CERT] = "X509_CERT",
};

static const struct {
        const char *name;
        bool is_digest;
} properties[_IPE_PROPERTY_MAX] = {
        [IPE_BOOT_VERIFIED] = { "boot_verified", false },
        [IPE_DMVERITY_ROOTHASH] = { "dmverity_roothash", true },
        [IPE_DMVERITY_SIGNATURE] = { "dmverity_signature", false },
        [IPE_FSVERITY_DIGEST] = { "fsverity_digest", true },
        [IPE_FSVERITY_SIGNATURE] = { "fsverity_signature", false },
};

const char *ipe_action_name(enum ipe_action action)
{
        return actions[action == IPE_ALLOW];
}

const char *ipe_op_name(enum ipe_op op)
{
        return op < _IPE_OP_MAX ? ops[op] : "?";
}

const char *ipe_property_name(enum ipe_property_kind kind)
{
        return kind < _IPE_PROPERTY_MAX ? properties[kind].name : "?";
}

/* A word of the text, which has no NUL behind it. */
struct word {
        const char *at;
        size_t n;
};

static bool word_is(struct word w, const char *text)
{
        return w.n == strlen(text) && memcmp(w.at, text, w.n) == 0;
}

/* "op=EXECUTE" for "op": what is behind the '='. */
static bool word_value(struct word w, const char *key, struct word *ret)
{
        size_t n = strlen(key);

        if (w.n <= n || memcmp(w.at, key, n) != 0 || w.at[n] != '=')
                return false;
        *ret = (struct word) { w.at + n + 1, w.n - n - 1 };
        return true;
}

enum ipe_op ipe_op_from_name(const char *name, size_t n)
{
        for (enum ipe_op op = 0; op < _IPE_OP_MAX; op++)
                if (word_is((struct word) { name, n }, ops[op]))
                        return op;
        return _IPE_OP_MAX;
}

/* "sha256:HEX". The kernel takes any name and length: such a rule would be one that never matches. */
static bool take_digest(struct word w, struct digest *ret)
{
        const char *colon = memchr(w.at, ':', w.n);
        char name[16], hex[DIGEST_MAX_HEX];
        size_t n_name = colon ? (size_t) (colon - w.at) : 0, n_hex = colon ? w.n - n_name - 1 : 0;
        struct digest d;

        if (n_name == 0 || n_name >= sizeof(name) || n_hex >= sizeof(hex))
                return false;
        memcpy(name, w.at, n_name);
        name[n_name] = '\0';
        memcpy(hex, colon + 1, n_hex);
        hex[n_hex] = '\0';
        d = (struct digest) { .alg = digest_from_name(name) };
        if (d.alg < DIGEST_SHA256 || hex_decode(hex, d.bytes, sizeof(d.bytes)) != (ssize_t) digest_size(d.alg))
                return false;
        *ret = d;
        return true;
}

static const char *take_property(struct word w, struct ipe_rule *rule)
{
        struct ipe_property *p = &rule->properties[rule->n_properties];
        struct word value;

        if (rule->n_properties == IPE_MAX_PROPERTIES)
                return "more properties than are read";
        for (enum ipe_property_kind kind = 0; kind < _IPE_PROPERTY_MAX; kind++) {
                if (!word_value(w, properties[kind].name, &value))
                        continue;
                *p = (struct ipe_property) { .kind = kind };
                if (properties[kind].is_digest && !take_digest(value, &p->digest))
                        return "the digest is not sha256:, sha384: or sha512: and as many hexadecimal digits as that has";
                p->value = word_is(value, "TRUE");
                if (!properties[kind].is_digest && !p->value && !word_is(value, "FALSE"))
                        return "the property is neither TRUE nor FALSE";
                rule->n_properties++;
                return NULL;
        }
        return "no property is called so";
}

static const char *take_default(struct ipe_default *d, const struct ipe_rule *rule)
{
        if (d->line > 0)
                return "this default is given a second time";
        *d = (struct ipe_default) { rule->line, rule->action };
        return NULL;
}

static const char *take_action(struct word w, struct ipe_rule *rule)
{
        rule->action = word_is(w, "action=ALLOW") ? IPE_ALLOW : IPE_DENY;
        return rule->action == IPE_ALLOW || word_is(w, "action=DENY") ? NULL : "the last word is not action=ALLOW or action=DENY";
}

/* NULL, or what is wrong with the line. */
static const char *take_rule(const struct word *words, size_t n, unsigned line, struct ipe_rules *rules)
{
        bool is_default = word_is(words[0], "DEFAULT");
        const char *why;
        struct ipe_rule rule = { .line = line, .op = _IPE_OP_MAX };
        struct word value;
        size_t i = is_default ? 1 : 0;

        if (i + 1 < n) {
                if (word_value(words[i], "op", &value))
                        rule.op = ipe_op_from_name(value.at, value.n);
                if (rule.op == _IPE_OP_MAX)
                        return "no operation that the kernel knows stands where op= is wanted";
                i++;
        }
        for (; i + 1 < n; i++)
                if ((why = take_property(words[i], &rule)))
                        return why;
        if (i >= n)
                return "there is no action=";
        why = take_action(words[i], &rule);
        if (why)
                return why;
        if (is_default && rule.n_properties > 0)
                return "a default has no properties";
        if (is_default)
                return take_default(rule.op == _IPE_OP_MAX ? &rules->all : &rules->of_op[rule.op], &rule);
        if (rule.op == _IPE_OP_MAX)
                return "a rule begins with op=";
        if (rules->n == IPE_MAX_RULES)
                return "more rules than are read";
        rules->list[rules->n++] = rule;
        return NULL;
}

/* The words of a line before its comment: their number, or -1 if there are more than a rule can have. */
static int split(const char *at, const char *end, struct word *ret, size_t max)
{
        const char *comment = memchr(at, '#', (size_t) (end - at));
        size_t n = 0;

        end = comment ? comment : end;
        while (at < end) {
                const char *begin = at;

                while (at < end && *at != ' ' && *at != '\t')
                        at++;
                if (at > begin && n == max)
                        return -1;
                if (at > begin)
                        ret[n++] = (struct word) { begin, (size_t) (at - begin) };
                if (at < end)
                        at++;
        }
        return (int) n;
}

static int refuse(struct error *err, unsigned line, const char *why)
{
        return error_set(err, FAIL_IPE_POLICY_MALFORMED_CODE, EBADMSG, "line %u of the policy: %s", line, why);
}

static int check_defaults(const struct ipe_rules *rules, struct error *err)
{
        for (enum ipe_op op = 0; op < _IPE_OP_MAX; op++)
                if (rules->all.line == 0 && rules->of_op[op].line == 0)
                        return error_set(err, FAIL_IPE_POLICY_MALFORMED_CODE, EBADMSG, "the policy has no default for %s: add 'DEFAULT action=DENY'",
                                         ops[op]);
        return 0;
}

int ipe_rules_parse(const char *text, size_t size, struct ipe_rules *ret, struct error *err)
{
        enum { MAX_WORDS = IPE_MAX_PROPERTIES + 3 };
        static struct ipe_rules rules; /* too large for a stack; one thread */
        bool has_header = false;
        unsigned line = 1;
        int r;

        rules = (struct ipe_rules) {};
        r = ipe_header_parse(text, size, &rules.header, err);
        if (r < 0)
                return r;
        /* A CR ends a line for the kernel; a line that is counted, an LF. */
        for (const char *at = text, *end = text + size; at < end; at++) {
                struct word words[MAX_WORDS];
                const char *begin = at, *why;
                int n;

                while (at < end && *at != '\n' && *at != '\r')
                        at++;
                n = split(begin, at, words, MAX_WORDS);
                why = n < 0 ? "more words than a rule can have" : n > 0 && has_header ? take_rule(words, (size_t) n, line, &rules) : NULL;
                if (why)
                        return refuse(err, line, why);
                has_header = has_header || n > 0;
                line += at < end && *at == '\n';
        }
        r = check_defaults(&rules, err);
        if (r < 0)
                return r;
        *ret = rules;
        return 0;
}
