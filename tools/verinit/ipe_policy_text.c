/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "ipe_policy_text.h"

static const char *const op_words[_IPE_OP_MAX] = {
        [IPE_OP_EXECUTE] = "programs and libraries",
        [IPE_OP_KMODULE] = "kernel modules",
        [IPE_OP_FIRMWARE] = "firmware",
        [IPE_OP_KEXEC_IMAGE] = "kernels for kexec",
        [IPE_OP_KEXEC_INITRAMFS] = "initramfs for kexec",
        [IPE_OP_POLICY] = "policies of IMA",
        [IPE_OP_X509_CERT] = "certificates of IMA and EVM",
};

/* Why an operation that has no rule needs none on most nodes. */
static const char *const denied_because[_IPE_OP_MAX] = {
        [IPE_OP_KEXEC_IMAGE] = "nobody judges the command line of a kernel that is started by kexec",
        [IPE_OP_KEXEC_INITRAMFS] = "it is of no use without a kernel",
        [IPE_OP_POLICY] = "a node is not expected to load one",
        [IPE_OP_X509_CERT] = "a node is not expected to load one",
};

static const char *const property_words[_IPE_PROPERTY_MAX][2] = {
        [IPE_BOOT_VERIFIED] = { "not of the initramfs", "of the initramfs" },
        [IPE_DMVERITY_SIGNATURE] = { "not of a volume whose root hash is signed", "of a volume whose root hash is signed by a key that the kernel trusts" },
        [IPE_FSVERITY_SIGNATURE] = { "not of a file with a signature of fs-verity", "of a file with a signature of fs-verity by a key of the keyring .fs-verity, to which root may add until it is restricted" },
};

const char *ipe_op_explain(enum ipe_op op)
{
        return op < _IPE_OP_MAX ? op_words[op] : "?";
}

static char *format_digest(const char *before, const struct digest *d)
{
        char hex[DIGEST_MAX_HEX];

        digest_hex(d, hex);
        return tool_format("%s%s:%s", before, digest_name(d->alg), hex);
}

static char *explain_property(const struct ipe_property *p)
{
        switch (p->kind) {
        case IPE_DMVERITY_ROOTHASH:
                return format_digest("of the volume with the root hash ", &p->digest);
        case IPE_FSVERITY_DIGEST:
                return format_digest("of the file with the fs-verity digest ", &p->digest);
        case IPE_BOOT_VERIFIED:
        case IPE_DMVERITY_SIGNATURE:
        case IPE_FSVERITY_SIGNATURE:
        case _IPE_PROPERTY_MAX:
                break;
        }
        return tool_strdup(property_words[p->kind][p->value]);
}

char *ipe_rule_explain(const struct ipe_rule *rule)
{
        char *text = tool_format("%s%s", op_words[rule->op], rule->n_properties == 0 ? ", wherever they are" : "");

        for (size_t i = 0; i < rule->n_properties; i++) {
                _cleanup_free_ char *property = explain_property(&rule->properties[i]), *before = text;

                text = tool_format("%s, %s", before, property);
        }
        return text;
}

char *ipe_property_format(const struct ipe_property *p)
{
        bool is_digest = p->kind == IPE_DMVERITY_ROOTHASH || p->kind == IPE_FSVERITY_DIGEST;
        _cleanup_free_ char *value = is_digest ? format_digest("", &p->digest) : tool_strdup(p->value ? "TRUE" : "FALSE");

        return tool_format("%s=%s", ipe_property_name(p->kind), value);
}

static int add(struct buffer *b, struct trouble *t, const char *fmt, ...) _printf_(3, 4);
static int add(struct buffer *b, struct trouble *t, const char *fmt, ...)
{
        char *text = NULL;
        va_list args;
        int n;

        va_start(args, fmt);
        n = vasprintf(&text, fmt, args);
        va_end(args);
        if (n >= 0)
                n = buffer_append(b, text, (size_t) n);
        free(text);
        return n < 0 ? trouble_set_errno(t, ENOMEM, "cannot write a policy") : 0;
}

/* With what it means above it. */
static int add_rule(struct buffer *b, enum ipe_op op, const struct ipe_property *p, struct trouble *t)
{
        const struct ipe_rule rule = { .op = op, .n_properties = 1, .properties = { *p } };
        _cleanup_free_ char *meaning = ipe_rule_explain(&rule), *property = ipe_property_format(p);

        return add(b, t, "# Allowed: %s.\nop=%s %s action=ALLOW\n", meaning, ipe_op_name(op), property);
}

static int add_rules(struct buffer *b, const struct ipe_wanted *w, enum ipe_op op, struct trouble *t)
{
        for (size_t i = 0; w->from_volume[op] && i < w->n_root_hashes; i++) {
                const struct ipe_property p = { .kind = IPE_DMVERITY_ROOTHASH, .digest = w->root_hashes[i] };

                if (add_rule(b, op, &p, t) < 0)
                        return -1;
        }
        if (w->from_signed[op])
                return add_rule(b, op, &(struct ipe_property) { .kind = IPE_DMVERITY_SIGNATURE, .value = true }, t);
        return 0;
}

static int add_own(struct buffer *b, const struct buffer *own, struct trouble *t)
{
        bool has_end = own->size > 0 && own->data[own->size - 1] == '\n';

        if (own->size == 0)
                return 0;
        if (add(b, t, "\n# Rules of the image's own. Of all rules the first that matches decides.\n") < 0 ||
            buffer_append(b, own->data, own->size) < 0 || (!has_end && buffer_append(b, "\n", 1) < 0))
                return trouble_set_errno(t, ENOMEM, "cannot write a policy");
        return 0;
}

int ipe_text_write(const struct ipe_wanted *w, struct buffer *ret, struct trouble *t)
{
        _cleanup_buffer_ struct buffer b = {};

        if (add(&b, t, "policy_name=%s policy_version=%s\n\n"
                "# Denied: all that no rule below allows; memory that is no file, and what a later kernel may ask about, too.\n"
                "DEFAULT action=DENY\n", w->name, w->version) < 0 || add_own(&b, &w->own_rules, t) < 0 || add(&b, t, "\n") < 0)
                return -1;
        for (enum ipe_op op = 0; op < _IPE_OP_MAX; op++)
                if (add_rules(&b, w, op, t) < 0)
                        return -1;
        for (enum ipe_op op = 0; op < _IPE_OP_MAX; op++)
                if (!w->from_volume[op] && !w->from_signed[op] &&
                    add(&b, t, "# %s: no rule: %s.\n", ipe_op_name(op), denied_because[op] ? denied_because[op] : "none was asked for") < 0)
                        return -1;
        *ret = b;
        b = (struct buffer) {};
        return 0;
}
