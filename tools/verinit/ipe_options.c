/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "addon.h"
#include "ipe_options.h"
#include "root_hash.h"
#include "uki.h"

static int add(const char **list, size_t *n, const char *verb, const char *name, struct trouble *t)
{
        if (*n == IPE_WANTED_ROOT_HASHES)
                return trouble_set_usage(t, verb, "option given too often", name);
        list[(*n)++] = optarg;
        return 0;
}

int ipe_volumes_take(struct ipe_volumes *v, const char *verb, int id, struct trouble *t)
{
        switch (id) {
        case 'r':
                return add(v->hex, &v->n_hex, verb, "--root-hash", t);
        case 'R':
                return add(v->files, &v->n_files, verb, "--root-hash-file", t);
        case 'l':
                return options_take_once(&v->cmdline, verb, "--cmdline", t);
        case 'f':
                return options_take_once(&v->floor, verb, "--floor", t);
        case 'u':
                return options_take_once(&v->uki, verb, "--uki", t);
        default:
                return 1;
        }
}

static int parse_cmdline(const struct ipe_volumes *v, const struct buffer *text, struct digest *ret, struct trouble *t)
{
        static struct boot_config config;
        struct error err = {};

        if (root_hash_parse_cmdline(text, v->floor, &config, &err, t) < 0)
                return err.msg[0] != '\0' ? trouble_from_error(t, &err) : -1;
        root_hash_of_config(&config, ret);
        return 0;
}

static int read_cmdline(const struct ipe_volumes *v, struct digest *ret, struct trouble *t)
{
        _cleanup_buffer_ struct buffer text = {};

        return root_hash_read_cmdline(v->cmdline, &text, t) < 0 ? -1 : parse_cmdline(v, &text, ret, t);
}

static int read_uki(const struct ipe_volumes *v, struct digest *ret, struct trouble *t)
{
        _cleanup_buffer_ struct buffer text = {};
        struct pe_section section;
        struct uki uki = {};
        int r;

        if (uki_read(v->uki, 0, &uki, t) < 0)
                return -1;
        if (uki_section(&uki, ".cmdline", &section))
                r = stub_text_append(uki.file.data + section.offset, section.size, v->uki, &text, t);
        else
                r = trouble_set(t, OUTCOME_UNDECIDED, "%s has no command line of its own, which would have the root hash", v->uki);
        if (r == 0)
                r = parse_cmdline(v, &text, ret, t);
        uki_done(&uki);
        return r;
}

int ipe_volumes_read(const struct ipe_volumes *v, const char *verb, struct digest ret[static IPE_WANTED_ROOT_HASHES], struct trouble *t)
{
        size_t n = 0;

        if (v->floor && !v->cmdline && !v->uki)
                return trouble_set_usage(t, verb, "only with --cmdline or --uki:", "--floor");
        if (v->n_hex + v->n_files + (v->cmdline != NULL) + (v->uki != NULL) > IPE_WANTED_ROOT_HASHES)
                return trouble_set_usage(t, verb, "more root hashes than", "8");
        for (size_t i = 0; i < v->n_hex; i++)
                if (root_hash_read(verb, v->hex[i], NULL, &ret[n++], t) < 0)
                        return -1;
        for (size_t i = 0; i < v->n_files; i++)
                if (root_hash_read(verb, NULL, v->files[i], &ret[n++], t) < 0)
                        return -1;
        if (v->cmdline && read_cmdline(v, &ret[n++], t) < 0)
                return -1;
        if (v->uki && read_uki(v, &ret[n++], t) < 0)
                return -1;
        return (int) n;
}
