/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <stdio.h>
#include <strings.h>

#include "addon.h"
#include "measure_predict.h"
#include "output.h"

enum {
        FLOOR_TEXT_MAX = 65536,
        POLICY_MAX_BYTES = 256 * 1024 * 1024,
        IMAGE_MAX_BYTES = 64 * 1024 * 1024,
        CREDENTIAL_MAX_BYTES = 1024 * 1024,
        EXTENSION_MAX_BYTES = 256 * 1024 * 1024,
};

static int hash_file(const struct buffer *data, struct digest *ret, struct trouble *t)
{
        const struct iovec part = { data->data, data->size };

        return predict_hash(DIGEST_SHA256, &part, 1, ret, t);
}

static int read_files(const struct option_list *list, size_t max, struct predict_files *ret, struct trouble *t)
{
        ret->files = tool_alloc(list->n, sizeof(*ret->files));
        for (size_t i = 0; i < list->n; i++) {
                struct predict_file *f = &ret->files[ret->n];
                const char *slash = strrchr(list->list[i], '/');

                f->path = list->list[i];
                f->name = slash ? slash + 1 : f->path;
                if (tool_read_file(f->path, max, &f->data, t) < 0)
                        return -1;
                ret->n++;
                if (hash_file(&f->data, &f->sha256, t) < 0)
                        return -1;
        }
        return 0;
}

static bool is_ascii(const char *name)
{
        while (*name && (unsigned char) *name < 0x80)
                name++;
        return *name == '\0';
}

static bool ends_with(const char *name, const char *suffix)
{
        size_t n = strlen(name), m = strlen(suffix);

        return n > m && strcasecmp(name + n - m, suffix) == 0;
}

/* systemd-stub takes no other files, and takes them by name. other: an ending that is another kind's, or NULL. */
static int check_sidecars(struct predict_files *list, const char *suffix, const char *other, struct trouble *t)
{
        for (size_t i = 0; i < list->n; i++) {
                const char *name = list->files[i].name;

                /* src/boot/cpio.c, pack_cpio(): endswith_no_case(), is_ascii(), and 255 characters. */
                if (!ends_with(name, suffix) || (other && ends_with(name, other)) || name[0] == '.' || strlen(name) > NAME_MAX ||
                    !is_ascii(name))
                        return trouble_set(t, OUTCOME_FALSE, "%s: systemd-stub takes no such file here but ASCII names with %s at the "
                                           "end%s%s", list->files[i].path, suffix, other ? ", and not " : "", other ? other : "");
                for (size_t j = i; j > 0 && strcmp(list->files[j - 1].name, list->files[j].name) > 0; j--) {
                        struct predict_file f = list->files[j];

                        list->files[j] = list->files[j - 1];
                        list->files[j - 1] = f;
                }
        }
        return 0;
}

static bool same_text(const struct buffer *a, size_t a_at, size_t a_size, const struct iovec *b)
{
        return a_size == b->iov_len && (a_size == 0 || memcmp(a->data + a_at, b->iov_base, a_size) == 0);
}

/* What else than words is in an add-on, addon_append() refuses. */
static int check_addons(const struct predict_input *in, struct trouble *t)
{
        struct iovec parts[UKI_SECTION_PARTS] = {};
        struct pe_section uname;
        size_t at, size;

        if (!uki_section(&in->uki, ".uname", &uname))
                return 0;
        (void) uki_section_parts(&in->uki, &uname, parts);
        for (size_t i = 0; i < in->addons.n; i++) {
                const struct predict_file *f = &in->addons.files[i];

                if (pe_section_find(f->data.data, f->data.size, ".uname", &at, &size) == 0 &&
                    !same_text(&f->data, at, size, &parts[0]))
                        return trouble_set(t, OUTCOME_FALSE, "%s is for another kernel (.uname): systemd-stub would not take it",
                                           f->path);
        }
        return 0;
}

static int read_policy(const struct predict_options *o, struct predict_input *in, struct trouble *t)
{
        _cleanup_buffer_ struct buffer policy = {};

        if (!o->policy)
                return 0;
        if (str_equal(o->policy, "none")) {
                in->policy_from = PREDICT_POLICY_NONE;
                return 0;
        }
        in->policy_from = PREDICT_POLICY_FILE;
        return tool_read_file(o->policy, POLICY_MAX_BYTES, &policy, t) < 0 ? -1 : hash_file(&policy, &in->policy, t);
}

static int read_variables(const char *path, struct secure_boot *ret, struct trouble *t)
{
        if (secure_boot_read(path, ret, t) < 0)
                return -1;
        for (size_t i = 0; i < _SECURE_BOOT_MAX; i++)
                if (hash_file(&ret->values[i], &ret->sha256[i], t) < 0)
                        return -1;
        return 0;
}

static int read_inputs(const struct predict_options *o, struct predict_input *in, struct trouble *t)
{
        if (uki_read(o->uki, o->profile, &in->uki, t) < 0 || hash_file(&in->uki.file, &in->uki_sha256, t) < 0)
                return -1;
        if (read_files(&o->loaders, IMAGE_MAX_BYTES, &in->loaders, t) < 0 ||
            read_files(&o->addons, ADDON_MAX_BYTES, &in->addons, t) < 0 ||
            read_files(&o->credentials, CREDENTIAL_MAX_BYTES, &in->credentials, t) < 0 ||
            read_files(&o->global_credentials, CREDENTIAL_MAX_BYTES, &in->global_credentials, t) < 0 ||
            read_files(&o->sysexts, EXTENSION_MAX_BYTES, &in->sysexts, t) < 0 ||
            read_files(&o->confexts, EXTENSION_MAX_BYTES, &in->confexts, t) < 0)
                return -1;
        if (check_addons(in, t) < 0 || check_sidecars(&in->credentials, ".cred", NULL, t) < 0 ||
            check_sidecars(&in->global_credentials, ".cred", NULL, t) < 0 ||
            check_sidecars(&in->sysexts, ".raw", ".confext.raw", t) < 0 || check_sidecars(&in->confexts, ".confext.raw", NULL, t) < 0)
                return -1;
        if (o->floor) {
                in->floor_from = PREDICT_FLOOR_FILE;
                if (tool_read_file(o->floor, FLOOR_TEXT_MAX, &in->floor_text, t) < 0)
                        return -1;
        }
        if (o->variables && read_variables(o->variables, &in->variables, t) < 0)
                return -1;
        return read_policy(o, in, t);
}

static int print(const struct predict_options *o, const struct prediction *p, struct trouble *t)
{
        _cleanup_buffer_ struct buffer out = {};

        if (o->output) {
                _cleanup_buffer_ struct buffer file = {};

                if (predict_format_json(p, false, &file, t) < 0 || output_write(o->output, &file, t) < 0)
                        return -1;
        }
        if (o->common.json == JSON_OFF)
                return o->common.is_quiet ? 0 : predict_print_text(p, t);
        if (predict_format_json(p, o->common.json == JSON_PRETTY, &out, t) < 0)
                return -1;
        (void) fwrite(out.data, 1, out.size, stdout);
        return 0;
}

static bool is_listed(const struct prediction *p, struct trouble *t)
{
        _cleanup_buffer_ struct buffer wide = {};
        struct digest digest = {};

        if (stub_text_wide(&p->addon_words, &wide, t) < 0 || hash_file(&wide, &digest, t) < 0)
                return false;
        for (size_t i = 0; i < p->floor.n_addons; i++)
                if (digest_equal(&p->floor.addons[i], &digest))
                        return true;
        return false;
}

/* A value may be asked of a boot that fails, to recognise it by. */
static void say_what_prove_refuses(const struct prediction *p, struct trouble *t)
{
        const char *code = fail_code_name(FAIL_EVENT_UNEXPLAINED_CODE);

        if (!p->in->pcrs[13])
                return;
        if (p->in->uki.profile > 0)
                tool_say("verinit: PID 1 ends a boot of profile %u with %s", p->in->uki.profile, code);
        if (p->addon_words.size > 0 && !is_listed(p, t))
                tool_say("verinit: PID 1 ends a boot with these add-ons with %s: no addon= of the floor lists them", code);
        if (p->in->credentials.n + p->in->global_credentials.n > 0 && p->floor.credentials == CREDENTIALS_NONE)
                tool_say("verinit: PID 1 ends a boot with credentials with %s: the floor has credentials=none", code);
        if (p->in->confexts.n > 0)
                tool_say("verinit: PID 1 ends a boot with configuration extensions with %s", code);
        if (p->in->sysexts.n > 0)
                tool_say("verinit: PID 1 uses no system extensions; they only make PCRs 9 and 13 other ones");
}

static int report_undecided(const struct prediction *p, struct trouble *t)
{
        for (size_t i = 0; i < PREDICT_N_KNOWN; i++)
                if (p->in->pcrs[predict_known[i]] && p->undecided[predict_known[i]])
                        return trouble_set(t, OUTCOME_UNDECIDED, "PCR %u cannot be predicted: %s; --pcr leaves it out",
                                           predict_known[i], p->undecided[predict_known[i]]);
        return 0;
}

static void files_done(struct predict_files *list)
{
        for (size_t i = 0; i < list->n; i++)
                buffer_done(&list->files[i].data);
        free(list->files);
}

static void input_done(struct predict_input *in)
{
        uki_done(&in->uki);
        files_done(&in->loaders);
        files_done(&in->addons);
        files_done(&in->credentials);
        files_done(&in->global_credentials);
        files_done(&in->sysexts);
        files_done(&in->confexts);
        buffer_done(&in->floor_text);
        secure_boot_done(&in->variables);
}

int measure_predict(int argc, char *argv[], struct trouble *t)
{
        static struct predict_input in;
        static struct prediction p;
        struct predict_options o = {};
        int r = -1;

        if (measure_predict_parse(argc, argv, &o, &in, t) < 0)
                return -1;
        if (o.common.wants_help)
                return 0;
        if (read_inputs(&o, &in, t) == 0 && predict_make(&in, &p, t) == 0 && print(&o, &p, t) == 0) {
                say_what_prove_refuses(&p, t);
                r = report_undecided(&p, t);
        }
        predict_done(&p);
        input_done(&in);
        return r;
}
