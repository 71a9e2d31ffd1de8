/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "verinit/crypto.h"
#include "verinit/floor_note.h"
#include "verinit/signature.h"

#include "certificate.h"
#include "initrd_check.h"
#include "initrd_floor.h"
#include "ipe_report.h"
#include "root_hash.h"

void floor_build_done(struct floor_build *f)
{
        buffer_done(&f->text);
        for (size_t i = 0; i < f->n_addons; i++)
                buffer_done(&f->addons[i].text);
        for (size_t i = 0; i < f->n_certificates; i++)
                buffer_done(&f->certificates[i]);
        for (size_t i = 0; i < f->n_ipe_policies; i++)
                buffer_done(&f->ipe_policies[i]);
}

static int hash(const struct buffer *b, struct digest *ret, struct trouble *t)
{
        const struct iovec part = { .iov_base = b->data, .iov_len = b->size };
        struct error err = {};

        if (crypto_digest(DIGEST_SHA256, &part, 1, ret, &err) < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "cannot hash: %s", err.msg);
        return 0;
}

static bool is_in(const struct digest *d, const struct digest *list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (digest_equal(d, &list[i]))
                        return true;
        return false;
}

static int read_certificates(const struct build_options *o, struct floor_build *f, struct trouble *t)
{
        struct error err = {};

        for (size_t i = 0; i < o->n_certificates; i++) {
                size_t n = f->n_certificates;

                if (n == FLOOR_MAX_CERTIFICATES)
                        return trouble_set(t, OUTCOME_USAGE, "--certificate: at most %d", FLOOR_MAX_CERTIFICATES);
                if (certificate_read(o->certificates[i], &f->certificates[n], t) < 0)
                        return -1;
                f->n_certificates++;
                if (signature_check_certificate(f->certificates[n].data, f->certificates[n].size, &err) < 0) {
                        (void) trouble_from_error(t, &err);
                        return trouble_prefix(t, "--certificate %s", o->certificates[i]);
                }
                if (hash(&f->certificates[n], &f->certificate_digests[n], t) < 0)
                        return -1;
                if (is_in(&f->certificate_digests[n], f->certificate_digests, n))
                        return trouble_set(t, OUTCOME_USAGE, "--certificate %s: it was given before", o->certificates[i]);
        }
        for (size_t i = 0; i < f->floor.n_certificates; i++)
                if (!is_in(&f->floor.certificates[i], f->certificate_digests, f->n_certificates))
                        return trouble_set(t, OUTCOME_FALSE, "PID 1 would refuse this with %s: the floor names a "
                                           "certificate that is not given with --certificate",
                                           fail_code_name(FAIL_FLOOR_FILE_MISMATCH_CODE));
        return 0;
}

/* What the kernel has under one name already it does not take again. */
static int check_ipe_name(const struct build_options *o, const struct floor_build *f, size_t i, struct trouble *t)
{
        for (size_t j = 0; j < i; j++)
                if (str_equal(f->ipe_headers[j].name, f->ipe_headers[i].name))
                        return trouble_set(t, OUTCOME_FALSE, "PID 1 would refuse this with %s: --ipe-policy %s and %s are both called %s",
                                           fail_code_name(FAIL_IPE_LOAD_FAILED_CODE), o->ipe_policies[j], o->ipe_policies[i],
                                           f->ipe_headers[i].name);
        return 0;
}

static int read_ipe_policies(const struct build_options *o, struct floor_build *f, struct trouble *t)
{
        struct error err = {};

        for (size_t i = 0; i < o->n_ipe_policies; i++) {
                if (i == FLOOR_MAX_IPE_POLICIES)
                        return trouble_set(t, OUTCOME_USAGE, "--ipe-policy: at most %d", FLOOR_MAX_IPE_POLICIES);
                if (tool_read_file(o->ipe_policies[i], IPE_POLICY_MAX_BYTES, &f->ipe_policies[i], t) < 0)
                        return -1;
                f->n_ipe_policies++;
                if (ipe_policy_read(f->ipe_policies[i].data, f->ipe_policies[i].size, &f->ipe_headers[i], &err) < 0) {
                        (void) trouble_from_error(t, &err);
                        return trouble_prefix(t, "--ipe-policy %s", o->ipe_policies[i]);
                }
                if (check_ipe_name(o, f, i, t) < 0 || hash(&f->ipe_policies[i], &f->ipe_digests[i], t) < 0)
                        return -1;
        }
        for (size_t i = 0; i < f->floor.n_ipe_policies; i++)
                if (!is_in(&f->floor.ipe_policies[i], f->ipe_digests, f->n_ipe_policies))
                        return trouble_set(t, OUTCOME_FALSE, "PID 1 would refuse this with %s: the floor names an IPE policy that is "
                                           "not given with --ipe-policy", fail_code_name(FAIL_FLOOR_FILE_MISMATCH_CODE));
        return 0;
}

void floor_build_with_policies(const struct floor_build *f, struct floor *ret)
{
        *ret = f->floor;
        for (size_t i = 0; i < f->n_ipe_policies; i++)
                if (!is_in(&f->ipe_digests[i], ret->ipe_policies, ret->n_ipe_policies))
                        ret->ipe_policies[ret->n_ipe_policies++] = f->ipe_digests[i];
}

int floor_build_check_possible(const struct floor_build *f, const struct boot_config *config, struct trouble *t)
{
        return initrd_check_possible(&f->floor, f->n_certificates > 0, f->n_ipe_policies > 0 || initrd_names_ipe_policy(config), t);
}

int floor_build_check_policies(const struct build_options *o, const struct floor_build *f, const struct boot_config *config,
                               struct trouble *t)
{
        struct digest root_hash;

        root_hash_of_config(config, &root_hash);
        for (size_t i = 0; i < f->n_ipe_policies; i++) {
                const struct buffer *policy = &f->ipe_policies[i];

                if (ipe_report_check(o->ipe_policies[i], policy->data, policy->size, i == 0 ? &root_hash : NULL, t) < 0)
                        return trouble_prefix(t, "--ipe-policy");
        }
        return 0;
}

int floor_build_read(const struct build_options *o, struct floor_build *ret, struct trouble *t)
{
        if (o->floor && tool_read_file(o->floor, FLOOR_MAX_BYTES, &ret->text, t) < 0)
                return -1;
        if (initrd_check_floor(&ret->text, &ret->floor, t) < 0)
                return trouble_prefix(t, "floor %s", o->floor);
        for (size_t i = 0; i < o->n_addons; i++) {
                if (i == FLOOR_MAX_ADDONS)
                        return trouble_set(t, OUTCOME_USAGE, "--addon: at most %d", FLOOR_MAX_ADDONS);
                if (addon_read(o->addons[i], &ret->addons[i], t) < 0)
                        return trouble_prefix(t, "--addon");
                ret->n_addons++;
        }
        if (read_certificates(o, ret, t) < 0)
                return -1;
        return read_ipe_policies(o, ret, t);
}

static int check_addon(const struct floor *floor, const struct addon *a, const struct buffer *cmdline, struct trouble *t)
{
        static struct cmdline words;
        static struct boot_config config;
        _cleanup_buffer_ struct buffer whole = {};
        size_t offset;

        if (cmdline_parse((const char *) a->text.data, a->text.size, CMDLINE_KERNEL_LIMIT, &words, &offset) != CMDLINE_OK)
                return trouble_set(t, OUTCOME_FALSE, "byte %zu of its .cmdline is not for a command line", offset);
        for (size_t i = 0; i < words.n_words; i++)
                if (!floor_has_addon_key(floor, words.words[i].key))
                        return trouble_set(t, OUTCOME_FALSE, "'%s' is not among the floor's addon-keys=: PID 1 would "
                                           "refuse it", words.words[i].key);
        if (buffer_append(&whole, cmdline->data, cmdline->size) < 0 ||
            (cmdline->size > 0 && buffer_append(&whole, " ", 1) < 0) ||
            buffer_append(&whole, a->text.data, a->text.size) < 0)
                return trouble_set_errno(t, ENOMEM, "cannot join");
        return initrd_check_cmdline(&whole, floor, &config, t);
}

int floor_build_check_addons(const struct build_options *o, const struct floor_build *f, const struct buffer *cmdline,
                             struct trouble *t)
{
        for (size_t i = 0; i < f->n_addons; i++)
                if (check_addon(&f->floor, &f->addons[i], cmdline, t) < 0)
                        return trouble_prefix(t, "with --addon %s", o->addons[i]);
        return 0;
}

static int add_line(struct buffer *text, const char *key, const struct digest *d, struct trouble *t)
{
        _cleanup_free_ char *line = NULL;
        char hex[DIGEST_MAX_HEX];

        digest_hex(d, hex);
        line = tool_format("%s=sha256-%s\n", key, hex);
        return buffer_append(text, line, strlen(line)) < 0 ? trouble_set_errno(t, ENOMEM, "cannot fill the floor") : 0;
}

/* One that was written by hand stands, if it is true. */
static int fill_file(struct floor_build *f, struct tree *tree, const char *key, const char *path,
                     const struct digest *named, struct trouble *t)
{
        struct digest d;

        if (hash(&tree_find(tree, path)->content, &d, t) < 0)
                return -1;
        if (named->alg == DIGEST_NONE)
                return add_line(&f->text, key, &d, t);
        return digest_equal(named, &d) ? 0 :
               trouble_set(t, OUTCOME_FALSE, "PID 1 would refuse this with %s: the floor's %s= is not that of the /%s that "
                           "is packed; leave it out, and it is filled in", fail_code_name(FAIL_FLOOR_FILE_MISMATCH_CODE),
                           key, path);
}

static int fill(struct floor_build *f, struct tree *tree, struct trouble *t)
{
        static const char comment[] = "# Filled in by verinit initrd build:\n";
        const struct floor given = f->floor;

        if (f->text.size > 0 && f->text.data[f->text.size - 1] != '\n' && buffer_append(&f->text, "\n", 1) < 0)
                return trouble_set_errno(t, ENOMEM, "cannot fill the floor");
        if (buffer_append(&f->text, comment, sizeof(comment) - 1) < 0)
                return trouble_set_errno(t, ENOMEM, "cannot fill the floor");
        if (fill_file(f, tree, "baked-cmdline", "etc/verinit/cmdline", &given.baked_cmdline, t) < 0 ||
            fill_file(f, tree, "modules", "etc/verinit/modules", &given.modules, t) < 0)
                return -1;
        for (size_t i = 0; i < f->n_addons; i++)
                if (!is_in(&f->addons[i].digest, given.addons, given.n_addons) &&
                    add_line(&f->text, "addon", &f->addons[i].digest, t) < 0)
                        return -1;
        for (size_t i = 0; i < f->n_certificates; i++)
                if (!is_in(&f->certificate_digests[i], given.certificates, given.n_certificates) &&
                    add_line(&f->text, "certificate", &f->certificate_digests[i], t) < 0)
                        return -1;
        for (size_t i = 0; i < f->n_ipe_policies; i++)
                if (!is_in(&f->ipe_digests[i], given.ipe_policies, given.n_ipe_policies) &&
                    add_line(&f->text, "ipe-policy", &f->ipe_digests[i], t) < 0)
                        return -1;
        return 0;
}

static int write_note(struct buffer *init, const struct digest *d, struct trouble *t)
{
        size_t offset;

        if (floor_note_find(init->data, init->size, &offset) < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "the program given with --init has no note for the floor's digest: "
                                   "--init takes the init of this verinit");
        memcpy(init->data + offset, d->bytes, FLOOR_NOTE_BYTES);
        return 0;
}

/* Under the name that its digest gives it. */
static int pack_by_digest(struct tree *tree, const char *dir, const struct digest *digest, const char *suffix, struct buffer *content,
                          struct trouble *t)
{
        _cleanup_free_ char *path = NULL;
        char hex[DIGEST_MAX_HEX];

        digest_hex(digest, hex);
        path = tool_format("%s/%s%s", dir, hex, suffix);
        return tree_add_file(tree, path, 0644, content, t);
}

int floor_build_pack(struct floor_build *f, struct tree *tree, struct trouble *t)
{
        struct digest d;

        if (fill(f, tree, t) < 0)
                return -1;
        if (initrd_check_floor(&f->text, &f->floor, t) < 0)
                return trouble_prefix(t, "floor, filled in");
        if (hash(&f->text, &d, t) < 0 || write_note(&tree_find(tree, "init")->content, &d, t) < 0)
                return -1;
        for (size_t i = 0; i < f->n_certificates; i++)
                if (pack_by_digest(tree, "etc/verinit/certificates", &f->certificate_digests[i], ".der", &f->certificates[i], t) < 0)
                        return -1;
        for (size_t i = 0; i < f->n_ipe_policies; i++)
                if (pack_by_digest(tree, "etc/verinit/ipe", &f->ipe_digests[i], ".p7b", &f->ipe_policies[i], t) < 0)
                        return -1;
        return tree_add_file(tree, FLOOR_PATH, 0644, &f->text, t);
}
