/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "child.h"
#include "options.h"
#include "output.h"
#include "scratch.h"
#include "uki_same.h"
#include "uki_verify.h"

static const char usage[] =
        "Usage: verinit uki sign FILE --key KEY --cert CERTIFICATE [OPTION]... --output FILE\n"
        "\n"
        "Signs a unified kernel image for Secure Boot by a signer's command, and writes the result only if that holds: the signature\n"
        "verifies with the certificate (sbverify), and nothing else of the image has changed.\n"
        "\n"
        "  --key KEY               what the signer takes for it: a file, or a URI of PKCS#11\n"
        "  --cert CERTIFICATE      in PEM\n"
        "  --signer COMMAND        sbsign (default), osslsigncode, or a program that takes sbsign's arguments:\n"
        "                          COMMAND [ARGUMENT]... --key KEY --cert CERTIFICATE --output FILE FILE\n"
        "  --signer-argument WORD  one more word for the signer; may be repeated\n"
        "  --output FILE           the signed image\n"
        "  --quiet                 no talk on stderr but errors, and what the signer says\n"
        "  --help                  this text\n"
        "\n"
        "Exit status: 0 signed, 1 trouble, 2 wrong usage, 3 what the signer made is not right; nothing is written but for 0.\n"
        "\n"
        "Examples:\n"
        "  verinit uki sign node.efi --key db.key --cert db.crt --output node.signed.efi\n"
        "  verinit uki sign node.efi --key 'pkcs11:token=db;object=key' --cert db.crt \\\n"
        "      --signer-argument --engine --signer-argument pkcs11 --output node.signed.efi\n";

#define VERB "uki sign"

struct sign_options {
        struct options common;
        const char *key, *certificate, *signer, *output;
        struct option_list arguments;
};

static int take(int id, void *userdata, struct trouble *t)
{
        struct sign_options *o = userdata;

        switch (id) {
        case 'k':
                return options_take_once(&o->key, VERB, "--key", t);
        case 'c':
                return options_take_once(&o->certificate, VERB, "--cert", t);
        case 's':
                return options_take_once(&o->signer, VERB, "--signer", t);
        case 'o':
                return options_take_once(&o->output, VERB, "--output", t);
        default:
                return options_take_listed(&o->arguments, VERB, "--signer-argument", t);
        }
}

static int parse_options(int argc, char *argv[], struct sign_options *o, struct trouble *t)
{
        static const struct option list[] = {
                { "key", required_argument, NULL, 'k' }, { "cert", required_argument, NULL, 'c' },
                { "signer", required_argument, NULL, 's' }, { "signer-argument", required_argument, NULL, 'a' },
                { "output", required_argument, NULL, 'o' }, OPTION_QUIET, OPTION_HELP, {},
        };

        o->common.verb = VERB;
        if (options_parse(&o->common, argc, argv, list, true, take, o, t) < 0)
                return -1;
        if (!o->common.wants_help && o->common.n_words != 1)
                return trouble_set(t, OUTCOME_USAGE, VERB ": one FILE is wanted: see 'verinit " VERB " --help'");
        if (options_demand(&o->common, o->key, "--key", t) < 0 || options_demand(&o->common, o->certificate, "--cert", t) < 0)
                return -1;
        return options_demand(&o->common, o->output, "--output", t);
}

static void add_arguments(const struct sign_options *o, struct child_words *w)
{
        for (size_t i = 0; i < o->arguments.n; i++)
                child_add(w, o->arguments.list[i]);
}

/* Its own words for the same; with SOURCE_DATE_EPOCH for the time in the signature, which is then always the same. */
static void word_osslsigncode(const struct sign_options *o, const char *in, const char *out, struct child_words *w)
{
        child_add(w, "sign");
        add_arguments(o, w);
        child_add_option(w, "-certs", o->certificate);
        child_add_option(w, "-key", o->key);
        child_add_option(w, "-h", "sha256");
        child_add_option(w, "-time", getenv("SOURCE_DATE_EPOCH"));
        child_add_option(w, "-in", in);
        child_add_option(w, "-out", out);
}

static void word_sbsign(const struct sign_options *o, const char *in, const char *out, struct child_words *w)
{
        add_arguments(o, w);
        child_add_option(w, "--key", o->key);
        child_add_option(w, "--cert", o->certificate);
        child_add_option(w, "--output", out);
        child_add(w, in);
}

/* In a directory of its own, so that what it does to its input is done to a copy. */
static int run_signer(const struct sign_options *o, const struct uki *uki, struct buffer *ret, struct trouble *t)
{
        _cleanup_free_ char *in = NULL, *out = NULL;
        _cleanup_child_words_ struct child_words words = {};
        _cleanup_scratch_ struct scratch s = {};
        const char *signer = o->signer ? o->signer : "sbsign";

        if (scratch_make(&s, t) < 0 || scratch_write(&s, "unsigned.efi", &uki->file, &in, t) < 0)
                return -1;
        out = scratch_path(&s, "signed.efi");
        child_add(&words, signer);
        if (str_equal(signer, "osslsigncode"))
                word_osslsigncode(o, in, out, &words);
        else
                word_sbsign(o, in, out, &words);
        if (child_run(&(struct child) { .words = &words }, NULL, t) < 0)
                return -1;
        return tool_read_file(out, UKI_MAX_BYTES, ret, t);
}

static int check_signed(const struct sign_options *o, const struct uki *before, const struct uki *after, struct trouble *t)
{
        if (before->pe.n_sections != after->pe.n_sections)
                return trouble_set(t, OUTCOME_FALSE, "it has %u sections, and had %u", after->pe.n_sections, before->pe.n_sections);
        if (uki_same_sections(before, after, before->pe.n_sections, t) < 0 || uki_same_program(before, after, t) < 0)
                return -1;
        return uki_verify(&after->file, o->certificate, t);
}

static int sign(const struct sign_options *o, const struct uki *before, struct trouble *t)
{
        _cleanup_buffer_ struct buffer file = {};
        struct uki after = {};
        int r;

        if (run_signer(o, before, &file, t) < 0 || uki_parse("what the signer has written", 0, &file, &after, t) < 0)
                return -1;
        r = check_signed(o, before, &after, t);
        if (r < 0)
                (void) trouble_prefix(t, "what the signer has written");
        if (r == 0)
                r = output_write(o->output, &after.file, t);
        uki_done(&after);
        return r;
}

int uki_sign(int argc, char *argv[], struct trouble *t)
{
        struct sign_options o = {};
        struct uki before = {};
        int r;

        if (parse_options(argc, argv, &o, t) < 0)
                return -1;
        if (o.common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        if (output_check(o.output, t) < 0 || uki_read(o.common.words[0], 0, &before, t) < 0)
                return -1;
        r = sign(&o, &before, t);
        if (r == 0)
                tool_say("verinit: wrote %s, signed", o.output);
        uki_done(&before);
        return r;
}
