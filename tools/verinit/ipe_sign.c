/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/crypto.h"
#include "verinit/ipe_policy.h"

#include "certificate.h"
#include "child.h"
#include "ipe_sign.h"
#include "scratch.h"

static void add_arguments(const struct ipe_signer *s, struct child_words *w)
{
        for (size_t i = 0; i < s->n_arguments; i++)
                child_add(w, s->arguments[i]);
}

/*
 * With the text in it, as bytes. Without attributes, since the kernel refuses one that openssl would add, and since they hold a time. Without
 * the certificate: the kernel has it, or does not trust it.
 */
static void word_openssl(const struct ipe_signer *s, const char *in, const char *out, struct child_words *w)
{
        static const char *const fixed[] = { "smime", "-sign", "-binary", "-nodetach", "-noattr", "-nocerts" };

        for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
                child_add(w, fixed[i]);
        add_arguments(s, w);
        child_add_option(w, "-md", "sha256");
        child_add_option(w, "-outform", "der");
        child_add_option(w, "-signer", s->certificate);
        child_add_option(w, "-inkey", s->key);
        child_add_option(w, "-in", in);
        child_add_option(w, "-out", out);
}

static void word_other(const struct ipe_signer *s, const char *in, const char *out, struct child_words *w)
{
        add_arguments(s, w);
        child_add_option(w, "--key", s->key);
        child_add_option(w, "--cert", s->certificate);
        child_add_option(w, "--output", out);
        child_add(w, in);
}

/* In a directory of its own, so that what it does to its input is done to a copy. */
static int run_signer(const struct ipe_signer *s, const struct buffer *text, struct buffer *ret, struct trouble *t)
{
        const char *program = s->program ? s->program : "openssl";
        _cleanup_free_ char *in = NULL, *out = NULL;
        _cleanup_child_words_ struct child_words words = {};
        _cleanup_scratch_ struct scratch scratch = {};

        if (scratch_make(&scratch, t) < 0 || scratch_write(&scratch, "policy", text, &in, t) < 0)
                return -1;
        out = scratch_path(&scratch, "policy.p7b");
        child_add(&words, program);
        if (str_equal(program, "openssl"))
                word_openssl(s, in, out, &words);
        else
                word_other(s, in, out, &words);
        if (child_run(&(struct child) { .words = &words }, NULL, t) < 0)
                return -1;
        return tool_read_file(out, IPE_POLICY_MAX_BYTES, ret, t);
}

static int check_content(const struct buffer *signed_policy, const struct buffer *text, struct trouble *t)
{
        const struct iovec message = { signed_policy->data, signed_policy->size };
        _cleanup_free_ void *content = NULL;
        struct error err = {};
        size_t size = 0;

        if (crypto_signed_content(&message, &content, &size, &err) < 0)
                return trouble_from_error(t, &err);
        if (size != text->size || memcmp(content, text->data, size) != 0)
                return trouble_set(t, OUTCOME_FALSE, "the policy in it is another than was given: the signer must take it as bytes");
        return 0;
}

int ipe_check_signature(const struct buffer *signed_policy, const char *certificate, struct trouble *t)
{
        const struct iovec message = { signed_policy->data, signed_policy->size };
        _cleanup_buffer_ struct buffer der = {};

        if (certificate_read(certificate, &der, t) < 0)
                return -1;
        return certificate_check_signed(&message, &(struct iovec) { der.data, der.size }, t);
}

int ipe_sign(const struct ipe_signer *s, const struct buffer *text, struct buffer *ret, struct trouble *t)
{
        _cleanup_buffer_ struct buffer file = {};

        if (run_signer(s, text, &file, t) < 0)
                return -1;
        if (check_content(&file, text, t) < 0 || ipe_check_signature(&file, s->certificate, t) < 0)
                return trouble_prefix(t, "what the signer has written");
        *ret = file;
        file = (struct buffer) {};
        return 0;
}
