/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verinit ipe build: a policy for an image. What is written has been parsed as the kernel would, and judged.
 */
#include <stdio.h>

#include "ipe_options.h"
#include "ipe_report.h"
#include "ipe_sign.h"
#include "output.h"

static const char usage[] =
        "Usage: verinit ipe build [OPTION]... --output FILE\n"
        "\n"
        "Writes a policy of IPE, by which the kernel runs what is on the verified volume and nothing else, explains each line of it,\n"
        "and signs it. A policy that lets in what nothing verifies is not written. `verinit initrd build --ipe-policy` packs it.\n"
        "\n"
        "  --root-hash HEX         of the volume: programs, libraries, kernel modules and firmware of it are allowed; may be repeated\n"
        "  --root-hash-file FILE   the same, read from a file; may be repeated\n"
        "  --cmdline TEXT          the same from a command line, as PID 1 reads it; @FILE from a file\n"
        "  --uki FILE              the same from the command line of a unified kernel image\n"
        "  --floor FILE            with --cmdline or --uki: what the image demands (verinit-floor(5)); default: everything\n"
        "  --allow OP              one more operation of the volume: KEXEC_IMAGE, KEXEC_INITRAMFS, POLICY, X509_CERT; may be\n"
        "                          repeated\n"
        "  --signed OP             EXECUTE, KMODULE or FIRMWARE of each volume whose root hash is signed by a key that the kernel\n"
        "                          trusts, such as an extension or a layer of a container; may be repeated\n"
        "  --rules FILE            lines to stand before these rules: the first rule that matches decides\n"
        "  --name NAME             by which the kernel knows the policy (default: verinit)\n"
        "  --policy-version A.B.C  the kernel replaces a policy by a later one alone (default: 1.0.0)\n"
        "  --key KEY               sign it: what the signer takes for the key, such as a file in PEM\n"
        "  --cert CERTIFICATE      the key's, in PEM; the kernel has to have it in a keyring\n"
        "  --signer COMMAND        openssl (default), or a program that is started as COMMAND [ARGUMENT]... --key KEY\n"
        "                          --cert CERTIFICATE --output FILE FILE\n"
        "  --signer-argument WORD  one more word for the signer; may be repeated\n"
        "  --text FILE             write the text\n"
        "  --output FILE           write the signed policy, PKCS#7 in DER\n"
        "  --json=HOW              short (one line), pretty, or off (default: text for people)\n"
        "  --quiet                 nothing but errors, and JSON\n"
        "  --help                  this text\n"
        "\n"
        "Exit status: 0 written, 1 trouble, 2 wrong usage, 3 such a policy is not written, or the signer has made something else.\n"
        "\n"
        "Examples:\n"
        "  verinit ipe build --root-hash-file roothash --key db.key --cert db.crt --output node.p7b\n"
        "  verinit ipe build --cmdline @cmdline --signed EXECUTE --policy-version 1.4.0 --text node.ipe\n";

#define VERB "ipe build"

enum { RULES_MAX_BYTES = 64 * 1024 };

struct build_options {
        struct options common;
        struct ipe_volumes volumes;
        struct ipe_wanted wanted;
        struct ipe_signer signer;
        const char *rules, *text, *output;
};

static int take_op(bool *ops, const char *name, const char *those, struct trouble *t)
{
        enum ipe_op op = ipe_op_from_name(optarg, strlen(optarg));
        const char *found = op < _IPE_OP_MAX ? strstr(those, ipe_op_name(op)) : NULL;
        _cleanup_free_ char *what = NULL;

        if (found) {
                ops[op] = true;
                return 0;
        }
        what = tool_format("%s is one of %s, not", name, those);
        return trouble_set_usage(t, VERB, what, optarg);
}

static int take_argument(struct ipe_signer *s, struct trouble *t)
{
        if (s->n_arguments == IPE_MAX_SIGNER_ARGUMENTS)
                return trouble_set_usage(t, VERB, "option given too often", "--signer-argument");
        s->arguments[s->n_arguments++] = optarg;
        return 0;
}

static int take(int id, void *userdata, struct trouble *t)
{
        struct build_options *o = userdata;
        int r = ipe_volumes_take(&o->volumes, VERB, id, t);

        if (r <= 0)
                return r;
        switch (id) {
        case 'w':
                return take_op(o->wanted.from_volume, "--allow", "KEXEC_IMAGE, KEXEC_INITRAMFS, POLICY, X509_CERT", t);
        case 'S':
                return take_op(o->wanted.from_signed, "--signed", "EXECUTE, KMODULE, FIRMWARE", t);
        case 'i':
                return options_take_once(&o->rules, VERB, "--rules", t);
        case 'n':
                return options_take_once(&o->wanted.name, VERB, "--name", t);
        case 'v':
                return options_take_once(&o->wanted.version, VERB, "--policy-version", t);
        case 'k':
                return options_take_once(&o->signer.key, VERB, "--key", t);
        case 'c':
                return options_take_once(&o->signer.certificate, VERB, "--cert", t);
        case 's':
                return options_take_once(&o->signer.program, VERB, "--signer", t);
        case 'a':
                return take_argument(&o->signer, t);
        case 't':
                return options_take_once(&o->text, VERB, "--text", t);
        default:
                return options_take_once(&o->output, VERB, "--output", t);
        }
}

static int check_options(struct build_options *o, struct trouble *t)
{
        const struct ipe_signer *s = &o->signer;

        if (!o->text && !o->output)
                return trouble_set_usage(t, VERB, "option missing", "--output, or --text");
        if (!s->key != !s->certificate)
                return trouble_set_usage(t, VERB, "option missing", s->key ? "--cert" : "--key");
        if (o->output && !s->key)
                return trouble_set_usage(t, VERB, "what is written by --output is signed: option missing", "--key");
        if (s->key && !o->output)
                return trouble_set_usage(t, VERB, "option missing", "--output");
        if (!s->key && (s->program || s->n_arguments > 0))
                return trouble_set_usage(t, VERB, "only with --key:", s->program ? "--signer" : "--signer-argument");
        return 0;
}

static int parse_options(int argc, char *argv[], struct build_options *o, struct trouble *t)
{
        static const struct option list[] = {
                IPE_OPTIONS_VOLUMES, { "allow", required_argument, NULL, 'w' }, { "signed", required_argument, NULL, 'S' },
                { "rules", required_argument, NULL, 'i' }, { "name", required_argument, NULL, 'n' },
                { "policy-version", required_argument, NULL, 'v' }, { "key", required_argument, NULL, 'k' },
                { "cert", required_argument, NULL, 'c' }, { "signer", required_argument, NULL, 's' },
                { "signer-argument", required_argument, NULL, 'a' }, { "text", required_argument, NULL, 't' },
                { "output", required_argument, NULL, 'o' }, OPTION_JSON, OPTION_QUIET, OPTION_HELP, {},
        };

        o->common.verb = VERB;
        if (options_parse(&o->common, argc, argv, list, false, take, o, t) < 0)
                return -1;
        return o->common.wants_help ? 0 : check_options(o, t);
}

static int complete(struct build_options *o, struct trouble *t)
{
        struct ipe_wanted *w = &o->wanted;
        int n = ipe_volumes_read(&o->volumes, VERB, w->root_hashes, t);

        if (n < 0)
                return -1;
        w->n_root_hashes = (size_t) n;
        if (n == 0 && !w->from_signed[IPE_OP_EXECUTE])
                return trouble_set_usage(t, VERB, "option missing", "--root-hash, --root-hash-file, --cmdline or --uki");
        for (enum ipe_op op = 0; n == 0 && op < _IPE_OP_MAX; op++)
                if (w->from_volume[op])
                        return trouble_set_usage(t, VERB, "--allow is of a volume's files; option missing", "--root-hash, --root-hash-file, --cmdline or --uki");
        for (enum ipe_op op = IPE_OP_EXECUTE; op <= IPE_OP_FIRMWARE; op++)
                w->from_volume[op] = n > 0;
        w->name = w->name ? w->name : "verinit";
        w->version = w->version ? w->version : "1.0.0";
        return o->rules ? tool_read_file(o->rules, RULES_MAX_BYTES, &w->own_rules, t) : 0;
}

static int write_files(const struct build_options *o, struct ipe_report *report, struct trouble *t)
{
        if (o->signer.key && ipe_sign(&o->signer, &report->text, &report->file, t) < 0)
                return -1;
        report->verified_by = o->signer.certificate;
        if (o->text && output_write(o->text, &report->text, t) < 0)
                return -1;
        return o->output ? output_write(o->output, &report->file, t) : 0;
}

static int build(struct build_options *o, struct ipe_report *report, struct trouble *t)
{
        report->path = "the policy";
        if ((o->text && output_check(o->text, t) < 0) || (o->output && output_check(o->output, t) < 0) || complete(o, t) < 0)
                return -1;
        if (ipe_text_write(&o->wanted, &report->text, t) < 0 ||
            ipe_report_judge(report, o->wanted.root_hashes, o->wanted.n_root_hashes, t) < 0 || ipe_report_verdict(report, t) < 0 ||
            write_files(o, report, t) < 0)
                return -1;
        return o->common.is_quiet && o->common.json == JSON_OFF ? 0 : ipe_report_print(report, o->common.json, t);
}

int ipe_build(int argc, char *argv[], struct trouble *t)
{
        static struct ipe_report report;
        struct build_options o = {};
        int r;

        if (parse_options(argc, argv, &o, t) < 0)
                return -1;
        if (o.common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        r = build(&o, &report, t);
        buffer_done(&o.wanted.own_rules);
        ipe_report_done(&report);
        return r;
}
