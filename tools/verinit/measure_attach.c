/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "attach_check.h"
#include "child.h"
#include "options.h"
#include "output.h"
#include "predict_choice.h"
#include "scratch.h"
#include "uki_same.h"

static const char usage[] =
        "Usage: verinit measure attach --uki FILE --policy FILE [OPTION]... --output FILE\n"
        "\n"
        "Puts signed PCR policies into an image, as section .pcrsig, by ukify. PCR 11 stays as it is; PCRs 4 and 9 change. Each\n"
        "signature is verified before, and that it is for this image.\n"
        "\n"
        "  --uki FILE            the image, not signed yet, without .pcrsig\n"
        "  --policy FILE         what `verinit measure policy` or `systemd-measure sign` has written\n"
        "  --digests DIRECTORY   where signatures are that --policy lacks: DIGEST.sig beside DIGEST\n"
        "  --public-key FILE     in PEM (default: the image's .pcrpkey)\n"
        "  --measurements FILE   for policies of other PCRs than 11\n"
        "  --phase WORD[:WORD]   of PCR 11 after these words; may be repeated (default: those of systemd-measure)\n"
        "  --ukify PATH          the program (default: ukify, looked for in PATH)\n"
        "  --output FILE         the new image\n"
        "  --quiet               no talk on stderr but errors, and what ukify says\n"
        "  --help                this text\n"
        "\n"
        "Exit status: 0 written, 1 trouble, 2 wrong usage, 3 not what was signed, 4 cannot be decided; nothing is written but for 0.\n"
        "\n"
        "Examples:\n"
        "  verinit measure attach --uki node.efi --policy policy.json --digests tosign --output node.pcrsig.efi\n"
        "  verinit uki sign node.pcrsig.efi --key db.key --cert db.crt --output node.signed.efi\n";

#define VERB "measure attach"

enum { KEY_MAX_BYTES = 64 * 1024, SIGNATURE_MAX_BYTES = 2048 };

struct attach_options {
        struct options common;
        const char *uki, *policy, *digests, *public_key, *measurements, *ukify, *output;
        struct predict_input choice;
};

static int take(int id, void *userdata, struct trouble *t)
{
        struct attach_options *o = userdata;

        switch (id) {
        case 'u':
                return options_take_once(&o->uki, VERB, "--uki", t);
        case 'l':
                return options_take_once(&o->policy, VERB, "--policy", t);
        case 'd':
                return options_take_once(&o->digests, VERB, "--digests", t);
        case 'y':
                return options_take_once(&o->public_key, VERB, "--public-key", t);
        case 'm':
                return options_take_once(&o->measurements, VERB, "--measurements", t);
        case 'i':
                return options_take_once(&o->ukify, VERB, "--ukify", t);
        case 'o':
                return options_take_once(&o->output, VERB, "--output", t);
        default:
                return choose_phase(&o->choice, VERB, t);
        }
}

static int parse_options(int argc, char *argv[], struct attach_options *o, struct trouble *t)
{
        static const struct option list[] = {
                { "uki", required_argument, NULL, 'u' }, { "policy", required_argument, NULL, 'l' },
                { "digests", required_argument, NULL, 'd' }, { "public-key", required_argument, NULL, 'y' },
                { "measurements", required_argument, NULL, 'm' }, { "ukify", required_argument, NULL, 'i' },
                { "output", required_argument, NULL, 'o' }, { "phase", required_argument, NULL, 'w' },
                OPTION_QUIET, OPTION_HELP, {},
        };

        o->common.verb = VERB;
        if (options_parse(&o->common, argc, argv, list, false, take, o, t) < 0 || options_demand(&o->common, o->uki, "--uki", t) < 0 ||
            options_demand(&o->common, o->policy, "--policy", t) < 0)
                return -1;
        return options_demand(&o->common, o->output, "--output", t);
}

/* ukify appends the section, so it would belong to the last profile. */
static int check_uki(const struct uki *uki, struct trouble *t)
{
        struct iovec table;

        if (pe_certificates(&uki->pe, &table) < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "%s is not a sound PE file", uki->path);
        if (table.iov_len > 0)
                return trouble_set(t, OUTCOME_FALSE, "%s is signed, and would not be any more: attach the policies before that", uki->path);
        if (uki_has(uki, ".pcrsig"))
                return trouble_set(t, OUTCOME_FALSE, "%s has a section .pcrsig already: build it anew without", uki->path);
        if (uki_n_profiles(uki) > 1)
                return trouble_set(t, OUTCOME_FALSE, "%s has %u profiles: give --pcrsig to 'verinit uki build', for all of them", uki->path,
                                   uki_n_profiles(uki));
        return 0;
}

static int read_key(const struct attach_options *o, const struct uki *uki, struct public_key **ret, struct trouble *t)
{
        _cleanup_public_key_ struct public_key *own = NULL, *given = NULL;
        _cleanup_buffer_ struct buffer pem = {};
        struct pe_section section;

        if (uki_section(uki, ".pcrpkey", &section)) {
                const struct buffer part = { .data = uki->file.data + section.offset, .size = section.size };

                if (public_key_parse(&part, "the image's .pcrpkey", &own, t) < 0)
                        return -1;
        }
        if (o->public_key && (tool_read_file(o->public_key, KEY_MAX_BYTES, &pem, t) < 0 ||
                              public_key_parse(&pem, o->public_key, &given, t) < 0))
                return -1;
        if (!own && !given)
                return trouble_set(t, OUTCOME_USAGE, VERB ": %s has no .pcrpkey: --public-key is wanted", uki->path);
        if (!own)
                tool_say("verinit: %s has no .pcrpkey: who seals on its host has to bring the key along", uki->path);
        if (own && given && !digest_equal(public_key_fingerprint(own), public_key_fingerprint(given)))
                return trouble_set(t, OUTCOME_FALSE, "%s is another key than the image's .pcrpkey, with which its host would seal",
                                   o->public_key);
        *ret = own ? own : given;
        if (own)
                own = NULL;
        else
                given = NULL;
        return 0;
}

/* What stands beside the digests, for entries without a signature. */
static int read_signatures(const char *directory, struct pcr_policies *list, struct trouble *t)
{
        char name[2 * PCR_POLICY_DIGEST_BYTES + 1];

        for (size_t i = 0; directory && i < list->n; i++) {
                _cleanup_free_ char *path = NULL;

                if (list->list[i].signature.size > 0)
                        continue;
                pcr_policy_hex(&list->list[i], name);
                path = tool_format("%s/%s.sig", directory, name);
                if (tool_read_file(path, SIGNATURE_MAX_BYTES, &list->list[i].signature, t) < 0)
                        return -1;
        }
        return 0;
}

/* ukify writes a section .sbat of its own where none is given: what the image has is given again, less the end that ukify adds. */
static int add_sbat(const struct uki *uki, const struct scratch *s, struct child_words *words, struct trouble *t)
{
        struct buffer part = {};
        struct pe_section section;
        _cleanup_free_ char *path = NULL;

        if (!uki_section(uki, ".sbat", &section))
                return 0;
        part = (struct buffer) { .data = uki->file.data + section.offset, .size = section.size };
        while (part.size > 0 && (part.data[part.size - 1] == '\0' || part.data[part.size - 1] == '\n'))
                part.size--;
        if (scratch_write(s, "sbat", &part, &path, t) < 0)
                return -1;
        child_add(words, "--sbat");
        child_add_format(words, "@%s", path);
        return 0;
}

/* The image is the stub of the new one: ukify appends a section to whatever it is given. */
static int run_ukify(const struct attach_options *o, const struct uki *uki, const struct buffer *json, struct buffer *ret, struct trouble *t)
{
        _cleanup_free_ char *in_path = NULL, *json_path = NULL, *out_path = NULL;
        _cleanup_child_words_ struct child_words words = {};
        _cleanup_scratch_ struct scratch s = {};

        if (scratch_make(&s, t) < 0 || scratch_write(&s, "uki.efi", &uki->file, &in_path, t) < 0 ||
            scratch_write(&s, "pcrsig", json, &json_path, t) < 0)
                return -1;
        out_path = scratch_path(&s, "new.efi");
        child_add(&words, o->ukify ? o->ukify : "ukify");
        child_add(&words, "build");
        child_add_option(&words, "--stub", in_path);
        child_add(&words, "--section");
        child_add_format(&words, ".pcrsig:@%s", json_path);
        if (add_sbat(uki, &s, &words, t) < 0)
                return -1;
        child_add_option(&words, "--output", out_path);
        if (child_run(&(struct child) { .words = &words }, NULL, t) < 0)
                return -1;
        return tool_read_file(out_path, UKI_MAX_BYTES, ret, t);
}

/* All that was there, and one section more. */
static int check_new(const struct uki *before, const struct uki *after, const struct buffer *json, struct trouble *t)
{
        struct pe_section last;

        if (uki_same_sections(before, after, before->pe.n_sections, t) < 0)
                return -1;
        if (after->pe.n_sections != before->pe.n_sections + 1 || pe_section_at(&after->pe, before->pe.n_sections, &last) < 0 ||
            !str_equal(last.name, ".pcrsig") || last.size != json->size || memcmp(after->file.data + last.offset, json->data, json->size) != 0)
                return trouble_set(t, OUTCOME_FALSE, "there is more in it than before than one section .pcrsig");
        return 0;
}

static int attach(const struct attach_options *o, const struct uki *uki, const struct pcr_policies *list, struct trouble *t)
{
        _cleanup_json_ struct json_object *value = pcr_policies_format(list);
        _cleanup_buffer_ struct buffer json = {}, file = {};
        struct uki after = {};
        int r;

        if (json_value_build(value, false, &json, t) < 0 || run_ukify(o, uki, &json, &file, t) < 0 ||
            uki_parse("what ukify has written", 0, &file, &after, t) < 0)
                return -1;
        r = check_new(uki, &after, &json, t);
        if (r < 0)
                (void) trouble_prefix(t, "what ukify has written");
        if (r == 0)
                r = output_write(o->output, &after.file, t);
        uki_done(&after);
        return r;
}

int measure_attach(int argc, char *argv[], struct trouble *t)
{
        _cleanup_pcr_policies_ struct pcr_policies list = {}, known = {};
        _cleanup_public_key_ struct public_key *key = NULL;
        _cleanup_buffer_ struct buffer json = {};
        static struct predict_input in;
        struct attach_options o = {};
        int r = -1;

        if (parse_options(argc, argv, &o, t) < 0)
                return -1;
        if (o.common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        in = o.choice;
        if (output_check(o.output, t) < 0 || tool_read_file(o.policy, PCR_POLICY_MAX_FILE_BYTES, &json, t) < 0 ||
            pcr_policies_parse(&json, o.policy, &list, t) < 0 || read_signatures(o.digests, &list, t) < 0 ||
            uki_read(o.uki, 0, &in.uki, t) < 0)
                return -1;
        if (check_uki(&in.uki, t) == 0 && read_key(&o, &in.uki, &key, t) == 0 && attach_predict(&in, o.measurements, &known, t) == 0 &&
            attach_check(&list, &known, key, o.measurements != NULL, t) == 0)
                r = attach(&o, &in.uki, &list, t);
        if (r == 0)
                tool_say("verinit: wrote %s with %zu signed policies; PCR 11 is what it was, PCRs 4 and 9 are not", o.output, list.n);
        uki_done(&in.uki);
        return r;
}
