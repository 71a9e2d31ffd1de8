/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verinit uki build: ukify does it, and what it has made is then looked at as if it came from anywhere.
 */
#include <errno.h>
#include <stdio.h>

#include "child.h"
#include "output.h"
#include "predict_choice.h"
#include "scratch.h"
#include "uki_build.h"
#include "uki_report.h"
#include "uki_same.h"

enum { TEXT_MAX = 1024 * 1024, STUB_MAX = 64 * 1024 * 1024 };

/* As ukify has it for this architecture, the only one that was tried. */
static const char default_stub[] = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub";

/* What a section has to hold. */
struct input {
        const char *section;
        struct buffer bytes;
        bool is_given;
};

enum input_id { IN_LINUX, IN_INITRD, IN_CMDLINE, IN_OSREL, IN_UNAME, IN_SPLASH, IN_MICROCODE, IN_PCRPKEY, IN_PCRSIG, IN_PROFILE, N_INPUTS };

struct build {
        struct uki_build_options options;
        struct input inputs[N_INPUTS];
        const char *stub_path;
        struct buffer stub;
        struct scratch scratch;
        struct predict_input choice; /* the phases that are signed for */
};

static int read_input(struct build *b, enum input_id id, const char *section, const char *path, size_t max, struct trouble *t)
{
        struct input *in = &b->inputs[id];

        in->section = section;
        if (!path)
                return 0;
        in->is_given = true;
        return tool_read_file(path, max, &in->bytes, t);
}

/* A text, or "@FILE"; of no bytes: there shall be no such section. */
static int read_text(struct build *b, enum input_id id, const char *section, const char *text, struct trouble *t)
{
        struct input *in = &b->inputs[id];

        if (text && text[0] == '@')
                return read_input(b, id, section, text + 1, TEXT_MAX, t);
        in->section = section;
        in->is_given = text && text[0] != '\0';
        return !in->is_given || buffer_append(&in->bytes, text, strlen(text)) == 0 ? 0 : trouble_set_errno(t, ENOMEM, "cannot read %s", section);
}

/* The kernel knows better than the name of a directory; and a second opinion is asked for by giving one. */
static int read_uname(struct build *b, struct trouble *t)
{
        const struct buffer *image = &b->inputs[IN_LINUX].bytes;
        char release[BZIMAGE_RELEASE_MAX + 1] = "";

        if (bzimage_release(image->data, image->size, release) < 0 && !b->options.uname)
                return trouble_set(t, OUTCOME_UNDECIDED, "%s does not say its version: --uname is wanted", b->options.linux);
        return read_text(b, IN_UNAME, ".uname", b->options.uname ? b->options.uname : release, t);
}

static int read_inputs(struct build *b, struct trouble *t)
{
        const struct uki_build_options *o = &b->options;

        b->stub_path = o->stub ? o->stub : default_stub;
        if (tool_read_file(b->stub_path, STUB_MAX, &b->stub, t) < 0)
                return -1;
        if (read_input(b, IN_LINUX, ".linux", o->linux, UKI_MAX_BYTES, t) < 0 ||
            read_input(b, IN_INITRD, ".initrd", o->initrd, UKI_MAX_BYTES, t) < 0 ||
            read_input(b, IN_SPLASH, ".splash", o->splash, UKI_MAX_BYTES, t) < 0 ||
            read_input(b, IN_MICROCODE, ".ucode", o->microcode, UKI_MAX_BYTES, t) < 0 ||
            read_input(b, IN_PCRPKEY, ".pcrpkey", o->pcrpkey, TEXT_MAX, t) < 0 ||
            read_input(b, IN_PCRSIG, ".pcrsig", o->pcrsig, TEXT_MAX, t) < 0)
                return -1;
        if (read_text(b, IN_CMDLINE, ".cmdline", o->cmdline, t) < 0 || read_text(b, IN_OSREL, ".osrel", o->osrel, t) < 0 ||
            read_text(b, IN_PROFILE, ".profile", o->profile, t) < 0)
                return -1;
        return read_uname(b, t);
}

/* By a file of ours, so that no quoting, no joining of blanks and no change of the file meanwhile stands between. */
static int add_input(struct build *b, struct child_words *w, enum input_id id, const char *option, const char *prefix, struct trouble *t)
{
        _cleanup_free_ char *path = NULL;

        if (!b->inputs[id].is_given)
                return 0;
        if (scratch_write(&b->scratch, b->inputs[id].section + 1, &b->inputs[id].bytes, &path, t) < 0)
                return -1;
        child_add(w, option);
        child_add_format(w, "%s%s", prefix, path);
        return 0;
}

static void add_list(struct child_words *w, const char *option, const struct option_list *list)
{
        for (size_t i = 0; i < list->n; i++)
                child_add_option(w, option, list->list[i]);
}

static int word_ukify(struct build *b, struct child_words *w, const char *out, struct trouble *t)
{
        const struct uki_build_options *o = &b->options;

        child_add(w, o->ukify ? o->ukify : "ukify");
        child_add(w, "build");
        child_add_option(w, "--stub", b->stub_path);
        if (add_input(b, w, IN_LINUX, "--linux", "", t) < 0 || add_input(b, w, IN_INITRD, "--initrd", "", t) < 0 ||
            add_input(b, w, IN_CMDLINE, "--cmdline", "@", t) < 0 || add_input(b, w, IN_SPLASH, "--splash", "", t) < 0 ||
            add_input(b, w, IN_MICROCODE, "--microcode", "", t) < 0 || add_input(b, w, IN_PCRPKEY, "--pcrpkey", "", t) < 0 ||
            add_input(b, w, IN_PCRSIG, "--section", ".pcrsig:@", t) < 0 || add_input(b, w, IN_PROFILE, "--profile", "@", t) < 0 ||
            add_input(b, w, IN_OSREL, "--os-release", "@", t) < 0)
                return -1;
        /* Else ukify takes that of the machine that builds. */
        if (!b->inputs[IN_OSREL].is_given)
                child_add_option(w, "--os-release", "");
        child_add(w, "--uname");
        child_add_format(w, "%.*s", (int) b->inputs[IN_UNAME].bytes.size, (const char *) b->inputs[IN_UNAME].bytes.data);
        child_add_option(w, "--sbat", o->sbat);
        child_add_option(w, "--pcr-banks", o->pcr_banks);
        add_list(w, "--join-profile", &o->join_profiles);
        add_list(w, "--pcr-private-key", &o->private_keys);
        add_list(w, "--pcr-public-key", &o->public_keys);
        add_list(w, "--phases", &o->phases);
        for (size_t i = 0; i < o->arguments.n; i++)
                child_add(w, o->arguments.list[i]);
        child_add_option(w, "--output", out);
        return 0;
}

static int run_ukify(struct build *b, struct buffer *ret, struct trouble *t)
{
        _cleanup_child_words_ struct child_words words = {};
        _cleanup_free_ char *out = NULL;

        if (scratch_make(&b->scratch, t) < 0)
                return -1;
        out = scratch_path(&b->scratch, "new.efi");
        if (word_ukify(b, &words, out, t) < 0 || child_run(&(struct child) { .words = &words }, NULL, t) < 0)
                return -1;
        return tool_read_file(out, UKI_MAX_BYTES, ret, t);
}

static int check_input(const struct uki *uki, const struct input *in, struct trouble *t)
{
        struct pe_section s;

        if (!in->is_given)
                return 0;
        if (!uki_section(uki, in->section, &s))
                return trouble_set(t, OUTCOME_FALSE, "what ukify has written has no section %s", in->section);
        if (s.size != in->bytes.size || s.virtual_size != s.size || memcmp(uki->file.data + s.offset, in->bytes.data, s.size) != 0)
                return trouble_set(t, OUTCOME_FALSE, "what ukify has written has another %s than was given", in->section);
        return 0;
}

static int check_result(const struct build *b, const struct uki_report *r, struct trouble *t)
{
        const struct uki *uki = &r->uki;

        if (uki_has_stub(uki, &b->stub, b->stub_path, t) < 0)
                return trouble_prefix(t, "what ukify has written");
        for (size_t i = 0; i < N_INPUTS; i++)
                if (check_input(uki, &b->inputs[i], t) < 0)
                        return -1;
        if (r->n_profiles != b->options.join_profiles.n + 1)
                return trouble_set(t, OUTCOME_FALSE, "what ukify has written has %zu profiles, not %zu", r->n_profiles,
                                   b->options.join_profiles.n + 1);
        if (b->options.private_keys.n > 0 && !r->profiles[0].has_policies)
                return trouble_set(t, OUTCOME_FALSE, "what ukify has written has no signed PCR policies");
        return uki_report_verdict(r, t);
}

/* "enter-initrd enter-initrd:leave-initrd", or with commas: ukify takes both. */
static int choose_phases(struct build *b, struct trouble *t)
{
        for (size_t i = 0; i < b->options.phases.n; i++) {
                char *rest = tool_strdup(b->options.phases.list[i]);

                /* It is not freed: the choice points into it until the end. */
                for (char *word = strsep(&rest, ", "); word; word = strsep(&rest, ", ")) {
                        if (word[0] == '\0')
                                continue;
                        optarg = word;
                        if (choose_phase(&b->choice, "uki build", t) < 0)
                                return -1;
                }
        }
        choose_default_phases(&b->choice);
        return 0;
}

static int build(struct build *b, struct uki_report *report, struct trouble *t)
{
        _cleanup_buffer_ struct buffer file = {};

        if (output_check(b->options.output, t) < 0 || choose_phases(b, t) < 0 || read_inputs(b, t) < 0 || run_ukify(b, &file, t) < 0)
                return -1;
        if (uki_report_make("what ukify has written", &file, &b->choice, report, t) < 0 || check_result(b, report, t) < 0)
                return -1;
        if (output_write(b->options.output, &report->uki.file, t) < 0)
                return -1;
        tool_say("verinit: wrote %s: %zu bytes, kernel %s, systemd-stub %s", b->options.output, report->uki.file.size,
                 report->profiles[0].uname ? report->profiles[0].uname : "unknown", report->uki.stub);
        return 0;
}

int uki_build(int argc, char *argv[], struct trouble *t)
{
        static struct uki_report report;
        static struct build b;
        int r;

        if (uki_build_parse(argc, argv, &b.options, t) < 0)
                return -1;
        if (b.options.common.wants_help)
                return fputs(uki_build_usage, stdout) < 0 ? -1 : 0;
        r = build(&b, &report, t);
        uki_report_done(&report);
        for (size_t i = 0; i < N_INPUTS; i++)
                buffer_done(&b.inputs[i].bytes);
        buffer_done(&b.stub);
        scratch_done(&b.scratch);
        return r;
}
