/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happened, as text. docs/boot.schema.json describes the file: a change here is a change there, and a new
 * meaning of an old key is a new schema number.
 */
#include <errno.h>
#include <stdio.h>

#include "verinit/evidence.h"
#include "verinit/json_text.h"
#include "verinit/version_string.h"

enum { EVIDENCE_SCHEMA = 1, VERDICT_LINE_MAX = 900 };

const char *verdict_name(enum verdict v)
{
        switch (v) {
        case VERDICT_PASSED:
                return "passed";
        case VERDICT_SKIPPED:
                return "skipped";
        case VERDICT_FAILED:
                return "failed";
        case VERDICT_NOT_REACHED:
        default:
                return "not-reached";
        }
}

/* The words that one boot can extend are fewer than the room for them: a test holds that. */
void evidence_word(struct evidence *e, unsigned pcr, const char *word)
{
        struct evidence_word *w;

        if (e->n_words == EVIDENCE_MAX_WORDS)
                return;
        w = &e->words[e->n_words];
        if (!str_copy(w->word, sizeof(w->word), word))
                return;
        w->pcr = pcr;
        e->n_words++;
}

static void format_stages(const struct evidence *e, struct json_text *j)
{
        json_open(j, "stages", '[');
        for (unsigned i = 0; i < _STAGE_MAX; i++) {
                const struct evidence_stage *s = &e->stages[i];

                json_open(j, NULL, '{');
                json_string(j, "name", stage_name((enum stage_id) i));
                json_string(j, "verdict", verdict_name(s->verdict));
                json_string(j, "reason", s->reason);
                json_u64(j, "start_us", s->start_us);
                json_u64(j, "duration_us", s->duration_us);
                json_close(j, '}');
        }
        json_close(j, ']');
}

static void format_boot_disk(const struct evidence *e, struct json_text *j)
{
        json_open(j, "boot_disk", '{');
        json_bool(j, "known", e->boot_disk[0] != '\0');
        json_string(j, "name", e->boot_disk);
        json_string(j, "partition", e->boot_partition);
        json_string(j, "partuuid", e->boot_partuuid);
        json_string(j, "gpt_backup", e->boot_gpt_backup);
        json_u64(j, "twins_ignored", e->n_twins_ignored);
        json_open(j, "twins", '[');
        for (size_t i = 0; i < e->n_twins_ignored && i < ARRAY_SIZE(e->twins_ignored); i++)
                json_string(j, NULL, e->twins_ignored[i]);
        json_close(j, ']');
        json_close(j, '}');
}

static void format_volume(const struct evidence *e, struct json_text *j)
{
        json_open(j, "devices", '{');
        json_string(j, "usr_data", e->usr_data);
        json_string(j, "usr_hash", e->usr_hash);
        json_string(j, "usr_fec", e->usr_fec);
        json_close(j, '}');

        json_open(j, "verity", '{');
        json_open(j, "signature", '{');
        json_string(j, "source", e->signature_source);
        json_string(j, "signer_sha256", e->signature_signer);
        json_string(j, "kernel", e->signature_kernel);
        json_close(j, '}');
        json_close(j, '}');

        json_open(j, "dm", '{');
        json_string(j, "name", e->dm_name);
        json_string(j, "uuid", e->dm_uuid);
        json_string(j, "table", e->dm_table);
        json_close(j, '}');

        json_open(j, "usr", '{');
        json_string(j, "fstype", e->usr_fstype);
        json_string(j, "geometry", e->usr_geometry);
        json_u64(j, "data_blocks", e->usr_data_blocks);
        json_u64(j, "size_bytes", e->usr_size_bytes);
        json_close(j, '}');
}

static void format_provenance(const struct evidence_provenance *p, struct json_text *j)
{
        json_open(j, "provenance", '{');
        json_string(j, "secure_boot", p->secure_boot);
        json_string(j, "replay", p->replay);
        json_string(j, "reason", p->reason);
        json_string(j, "smbios", p->smbios);
        json_bool(j, "tpm_key_checked", p->is_tpm_key_checked);
        json_u64(j, "events", p->n_events);
        json_u64(j, "addons", p->n_addons);
        json_close(j, '}');
}

static void format_tpm(const struct evidence *e, struct json_text *j)
{
        json_open(j, "tpm", '{');
        json_string(j, "state", e->tpm);
        json_open(j, "banks", '[');
        for (size_t i = 0; i < e->n_banks && i < ARRAY_SIZE(e->banks); i++)
                json_string(j, NULL, digest_name(e->banks[i]));
        json_close(j, ']');
        json_open(j, "words", '[');
        for (size_t i = 0; i < e->n_words && i < ARRAY_SIZE(e->words); i++) {
                json_open(j, NULL, '{');
                json_u64(j, "pcr", e->words[i].pcr);
                json_string(j, "word", e->words[i].word);
                json_close(j, '}');
        }
        json_close(j, ']');
        json_close(j, '}');
}

static void format_selinux(const struct evidence *e, struct json_text *j)
{
        json_open(j, "selinux", '{');
        json_string(j, "state", e->selinux_state);
        json_string(j, "policy_file", e->selinux_policy_file);
        json_string(j, "policy_sha256", e->selinux_policy_digest);
        json_string(j, "loaded_sha256", e->selinux_loaded_digest);
        json_string(j, "context", e->selinux_context);
        json_string(j, "lock", e->selinux_lock);
        json_close(j, '}');
}

static void format_ipe(const struct evidence_ipe *ipe, struct json_text *j)
{
        json_open(j, "ipe", '{');
        json_string(j, "state", ipe->state);
        json_open(j, "policies", '[');
        for (size_t i = 0; i < ipe->n_policies && i < ARRAY_SIZE(ipe->policies); i++) {
                const struct evidence_ipe_policy *p = &ipe->policies[i];

                json_open(j, NULL, '{');
                json_string(j, "name", p->header.name);
                json_string(j, "version", p->header.version);
                json_string(j, "sha256", p->digest);
                json_string(j, "source", p->source);
                json_bool(j, "active", i == 0);
                json_close(j, '}');
        }
        json_close(j, ']');
        json_string(j, "mac_admin", ipe->mac_admin);
        json_close(j, '}');
}

static void format_root(const struct evidence *e, struct json_text *j)
{
        json_open(j, "root", '{');
        json_string(j, "kind", e->root_kind);
        json_string(j, "etc", e->etc_mode);
        json_string(j, "device", e->root_device);
        json_close(j, '}');
}

static void format_previous_failure(const struct evidence *e, struct json_text *j)
{
        json_open(j, "previous_failure", '{');
        json_string(j, "stage", e->previous_stage ? e->previous_stage : "");
        json_string(j, "code", e->previous_code ? e->previous_code : "");
        json_close(j, '}');
}

static void format_credentials(const struct evidence *e, struct json_text *j)
{
        json_open(j, "credentials", '{');
        json_string(j, "mode", e->credentials);
        json_u64(j, "count", e->n_credentials);
        json_close(j, '}');
}

static void format_handoff(const struct evidence *e, struct json_text *j)
{
        json_open(j, "handoff", '{');
        json_string(j, "switch", e->switch_how);
        json_u64(j, "initramfs_bytes", e->initramfs_bytes);
        json_u64(j, "memory_available_before_kb", e->memory_available_before_kb);
        json_u64(j, "memory_available_after_kb", e->memory_available_after_kb);
        json_close(j, '}');
}

ssize_t evidence_format_json(const struct evidence *e, char *ret_text, size_t size)
{
        struct json_text j = json_text_begin(ret_text, size);

        json_open(&j, NULL, '{');
        json_u64(&j, "schema", EVIDENCE_SCHEMA);
        json_string(&j, "verinit", verinit_version);
        json_string(&j, "boot_id", e->boot_id);
        json_string(&j, "kernel", e->kernel);
        json_bool(&j, "debug", e->is_debug);
        json_string(&j, "root_hash", e->root_hash);
        json_string(&j, "slot", e->slot);
        json_string(&j, "cmdline", e->cmdline_proof);
        format_provenance(&e->provenance, &j);
        format_stages(e, &j);
        format_boot_disk(e, &j);
        format_volume(e, &j);
        format_tpm(e, &j);
        json_string(&j, "lsm", e->lsm);
        format_ipe(&e->ipe, &j);
        format_selinux(e, &j);
        format_root(e, &j);
        format_credentials(e, &j);
        json_u64(&j, "modules", e->n_modules);
        json_u64(&j, "wakeups", e->n_wakeups);
        json_u64(&j, "watchdog_s", e->watchdog_s);
        format_previous_failure(e, &j);
        format_handoff(e, &j);
        json_close(&j, '}');
        return json_text_end(&j);
}

static ssize_t format_verdict(const struct error *err, const char *message, const char *action, char *ret_text,
                              size_t size)
{
        static const char prefix[] = "verinit: verdict ";
        struct json_text j;
        ssize_t n;

        if (size < sizeof(prefix))
                return -ENOBUFS;
        memcpy(ret_text, prefix, sizeof(prefix));
        j = json_text_begin(ret_text + sizeof(prefix) - 1, size - (sizeof(prefix) - 1));
        json_open(&j, NULL, '{');
        json_string(&j, "stage", stage_name(err->stage));
        json_string(&j, "class", fail_class_name(fail_code_class(err->code)));
        json_string(&j, "code", fail_code_name(err->code));
        json_string(&j, "errno", errno_name(err->err));
        json_string(&j, "message", message);
        json_string(&j, "action", action);
        json_close(&j, '}');
        n = json_text_end(&j);
        return n < 0 ? n : n + (ssize_t) sizeof(prefix) - 1;
}

/* The kernel log takes about 1000 bytes a record; a line cut there would not be JSON. The message gives way. */
ssize_t evidence_format_verdict(const struct error *err, const char *action, char *ret_text, size_t size)
{
        char message[sizeof(err->msg)];
        size_t length;

        if (size > VERDICT_LINE_MAX)
                size = VERDICT_LINE_MAX;
        memcpy(message, err->msg, sizeof(message));
        message[sizeof(message) - 1] = '\0';
        length = strlen(message);

        for (;;) {
                ssize_t n = format_verdict(err, message, action, ret_text, size);

                if (n >= 0 || length == 0)
                        return n;
                length -= length > 16 ? 16 : length;
                /* Not inside a UTF-8 sequence. */
                while (length > 0 && ((unsigned char) message[length] & 0xc0) == 0x80)
                        length--;
                message[length] = '\0';
        }
}
