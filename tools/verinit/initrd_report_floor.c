/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The floor in an initramfs, and whether it and the files that it names are those that were packed together: what PID 1 asks,
 * with its own answers.
 */
#include "verinit/floor_check.h"
#include "verinit/floor_note.h"

#include "initrd_report.h"

static const void *bytes_of(const struct buffer *b)
{
        return b->size > 0 ? (const void *) b->data : "";
}

static void read_note(struct report *r)
{
        const struct buffer *init = report_find_file(r, "init");
        size_t offset;

        if (!init)
                return;
        if (floor_note_find(init->data, init->size, &offset) < 0) {
                report_problem(r, "/init has no note for the digest of the floor: it is not this verinit's");
                return;
        }
        memcpy(r->note.bytes, init->data + offset, FLOOR_NOTE_BYTES);
        for (size_t i = 0; i < FLOOR_NOTE_BYTES; i++)
                if (r->note.bytes[i] != 0)
                        r->note.alg = DIGEST_SHA256;
}

/* Where the floor names none, the packed command line may. */
static bool names_ipe_policy(const struct report *r)
{
        const struct buffer *text = report_find_file(r, "etc/verinit/cmdline");
        static struct boot_config config;
        struct error ignored = {};

        if (r->floor.n_ipe_policies > 0)
                return true;
        return text && boot_config_parse(bytes_of(text), text->size, CMDLINE_KERNEL_LIMIT, &r->floor, &config, &ignored) == 0 &&
               config.ipe_policy.alg != DIGEST_NONE;
}

void report_read_floor(struct report *r)
{
        const struct buffer *text = report_find_file(r, FLOOR_PATH);
        struct error err = {};

        floor_init(&r->floor);
        read_note(r);
        if (floor_check_digest(&r->note, text ? bytes_of(text) : NULL, text ? text->size : 0, &err) < 0)
                report_problem_from_error(r, &err);
        if (text && floor_parse(bytes_of(text), text->size, &r->floor, &err) < 0) {
                report_problem_from_error(r, &err);
                return;
        }
        r->has_floor = text != NULL;
        if (floor_check_possible(&r->floor, r->floor.n_certificates > 0, names_ipe_policy(r), &err) < 0)
                report_problem_from_error(r, &err);
}

static void check_file(struct report *r, const char *path, const char *key, const struct digest *named)
{
        const struct buffer *file = report_find_file(r, path);
        struct error err = {};

        if (file && floor_check_file(path, key, named, bytes_of(file), file->size, &err) < 0)
                report_problem_from_error(r, &err);
}

static void check_by_digest(struct report *r, const char *dir, const struct digest *named, const char *suffix, const char *key)
{
        _cleanup_free_ char *path = NULL;
        char hex[DIGEST_MAX_HEX];

        digest_hex(named, hex);
        path = tool_format("%s/%s%s", dir, hex, suffix);
        if (report_find_file(r, path))
                check_file(r, path, key, named);
        else
                report_problem(r, "%s: no /%s, which the floor names", fail_code_name(FAIL_FLOOR_FILE_MISMATCH_CODE), path);
}

void report_check_files(struct report *r)
{
        check_file(r, "etc/verinit/cmdline", "baked-cmdline", &r->floor.baked_cmdline);
        check_file(r, "etc/verinit/modules", "modules", &r->floor.modules);
        for (size_t i = 0; i < r->floor.n_certificates; i++)
                check_by_digest(r, "etc/verinit/certificates", &r->floor.certificates[i], ".der", "certificate");
        for (size_t i = 0; i < r->floor.n_ipe_policies; i++)
                check_by_digest(r, "etc/verinit/ipe", &r->floor.ipe_policies[i], ".p7b", "ipe-policy");
}
