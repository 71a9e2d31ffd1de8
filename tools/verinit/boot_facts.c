/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "boot_report.h"

enum kind { KIND_TEXT = 0, KIND_CODE, KIND_NUMBER, KIND_BYTES, KIND_KIB, KIND_SECONDS, KIND_ELSEWHERE };

#define VALUE_MAX 1024

/* docs/boot.schema.json, in the order of a reader; a test compares the keys. */
static const struct rule {
        const char *path, *group, *label;
        enum kind kind;
} rules[] = {
        { "boot_id", "Boot", "boot id", KIND_CODE },
        { "kernel", "Boot", "kernel", KIND_TEXT },
        { "verinit", "Boot", "verinit", KIND_TEXT },
        { "schema", "Boot", "form of the evidence", KIND_NUMBER },
        { "slot", "Boot", "slot", KIND_TEXT },
        { "debug", "Boot", "init.debug=1", KIND_TEXT },
        { "cmdline", "Command line", "packed text", KIND_TEXT },
        { "provenance.secure_boot", "Command line", "Secure Boot", KIND_TEXT },
        { "provenance.replay", "Command line", "firmware's log and TPM", KIND_TEXT },
        { "provenance.reason", "Command line", "not provable because", KIND_TEXT },
        { "provenance.smbios", "Command line", "SMBIOS", KIND_TEXT },
        { "provenance.tpm_key_checked", "Command line", "TPM's key checked", KIND_TEXT },
        { "provenance.events", "Command line", "events in PCRs 9, 11, 12", KIND_NUMBER },
        { "provenance.addons", "Command line", "add-ons", KIND_NUMBER },
        { "boot_disk.known", "Boot disk", "known", KIND_TEXT },
        { "boot_disk.name", "Boot disk", "disk", KIND_TEXT },
        { "boot_disk.partition", "Boot disk", "booted from", KIND_TEXT },
        { "boot_disk.partuuid", "Boot disk", "PARTUUID", KIND_CODE },
        { "boot_disk.gpt_backup", "Boot disk", "second partition table", KIND_TEXT },
        { "boot_disk.twins_ignored", "Boot disk", "twins on other disks", KIND_NUMBER },
        { "boot_disk.twins", "Boot disk", "their names", KIND_TEXT },
        { "root_hash", "/usr", "root hash", KIND_CODE },
        { "devices.usr_data", "/usr", "data", KIND_TEXT },
        { "devices.usr_hash", "/usr", "hash tree", KIND_TEXT },
        { "devices.usr_fec", "/usr", "error correction", KIND_TEXT },
        { "verity.signature.source", "/usr", "signature", KIND_TEXT },
        { "verity.signature.signer_sha256", "/usr", "signer", KIND_CODE },
        { "verity.signature.kernel", "/usr", "signature, by the kernel", KIND_TEXT },
        { "usr.fstype", "/usr", "file system", KIND_TEXT },
        { "usr.geometry", "/usr", "geometry", KIND_TEXT },
        { "usr.data_blocks", "/usr", "data blocks", KIND_NUMBER },
        { "usr.size_bytes", "/usr", "size", KIND_BYTES },
        { "dm.name", "/usr", "mapping", KIND_TEXT },
        { "dm.uuid", "/usr", "mapping's UUID", KIND_CODE },
        { "dm.table", "/usr", "live table", KIND_CODE },
        { "tpm.state", "TPM", "state", KIND_TEXT },
        { "tpm.banks", "TPM", "banks", KIND_TEXT },
        { "tpm.words", NULL, NULL, KIND_ELSEWHERE },
        { "lsm", "IPE", "security modules", KIND_TEXT },
        { "ipe.state", "IPE", "state", KIND_TEXT },
        { "ipe.policies", NULL, NULL, KIND_ELSEWHERE },
        { "ipe.mac_admin", "IPE", "CAP_MAC_ADMIN of the host", KIND_TEXT },
        { "selinux.state", "SELinux", "state", KIND_TEXT },
        { "selinux.policy_file", "SELinux", "policy file", KIND_TEXT },
        { "selinux.policy_sha256", "SELinux", "its SHA-256", KIND_CODE },
        { "selinux.loaded_sha256", "SELinux", "as the kernel renders it", KIND_CODE },
        { "selinux.context", "SELinux", "label of PID 1", KIND_CODE },
        { "selinux.lock", "SELinux", "locked", KIND_TEXT },
        { "root.kind", "Root", "kind", KIND_TEXT },
        { "root.etc", "Root", "/etc", KIND_TEXT },
        { "root.device", "Root", "device", KIND_TEXT },
        { "credentials.mode", "Root", "credentials", KIND_TEXT },
        { "credentials.count", "Root", "of the ESP, handed on", KIND_NUMBER },
        { "modules", "Machine", "modules loaded", KIND_NUMBER },
        { "wakeups", "Machine", "waits for devices", KIND_NUMBER },
        { "watchdog_s", "Machine", "watchdog", KIND_SECONDS },
        { "handoff.switch", "Machine", "change of root", KIND_TEXT },
        { "handoff.initramfs_bytes", "Machine", "initramfs emptied", KIND_BYTES },
        { "handoff.memory_available_before_kb", "Machine", "memory before", KIND_KIB },
        { "handoff.memory_available_after_kb", "Machine", "memory after", KIND_KIB },
        { "previous_failure.stage", "Boot before", "ended in stage", KIND_TEXT },
        { "previous_failure.code", "Boot before", "code", KIND_TEXT },
        { "stages", NULL, NULL, KIND_ELSEWHERE },
};

char *boot_number(uint64_t value)
{
        _cleanup_free_ char *digits = tool_format("%" PRIu64, value);
        size_t n = strlen(digits);
        char *text = tool_alloc(n + n / 3 + 1, 1), *p = text;

        for (size_t i = 0; i < n; i++) {
                if (i > 0 && (n - i) % 3 == 0)
                        *p++ = ' ';
                *p++ = digits[i];
        }
        return text;
}

struct json_object *boot_facts_find(struct json_object *evidence, const char *path)
{
        struct json_object *value = evidence;

        while (value) {
                size_t n = strcspn(path, ".");
                _cleanup_free_ char *key = tool_format("%.*s", (int) n, path);

                value = json_value_get(value, key);
                if (path[n] == '\0')
                        return value;
                path += n + 1;
        }
        return NULL;
}

/* A list of texts with blanks between them; whatever else, as JSON. */
static char *as_text(struct json_object *value)
{
        const char *text = json_value_as_text(value);
        char *list = NULL;
        bool is_true;

        if (text)
                return tool_strdup(text);
        if (json_value_as_bool(value, &is_true))
                return tool_strdup(is_true ? "yes" : "no");
        if (!json_value_is_array(value))
                return tool_strdup(json_value_format(value, false));
        for (size_t i = 0; i < json_value_count(value) && i < 16; i++) {
                _cleanup_free_ char *before = list;

                text = json_value_as_text(json_value_at(value, i));
                list = tool_format("%s%s%s", before ? before : "", before ? " " : "", text ? text : "?");
        }
        return list ? list : tool_strdup("");
}

static char *as_number(struct json_object *value, enum kind kind)
{
        _cleanup_free_ char *text = NULL;
        uint64_t n;

        if (!json_value_as_u64(value, &n))
                return as_text(value);
        text = boot_number(n);
        switch (kind) {
        case KIND_BYTES:
                return n < 1024 * 1024 ? tool_format("%s bytes", text)
                                       : tool_format("%s bytes (%.1f MiB)", text, (double) n / 1048576);
        case KIND_KIB:
                return tool_format("%s KiB", text);
        case KIND_SECONDS:
                return n == 0 ? tool_strdup("none") : tool_format("%s s", text);
        case KIND_TEXT:
        case KIND_CODE:
        case KIND_NUMBER:
        case KIND_ELSEWHERE:
        default:
                return tool_strdup(text);
        }
}

static bool is_below(const char *path, const char *prefix)
{
        size_t n = strlen(prefix);

        return strncmp(path, prefix, n) == 0 && (path[n] == '.' || path[n] == '\0');
}

struct walk {
        struct boot_report *r;
        const char *prefix;
};

/* What no rule has a place for comes from a later version: shown as it is. */
static int add_unknown(const char *key, struct json_object *value, void *userdata)
{
        const struct walk *w = userdata;
        _cleanup_free_ char *path = tool_format("%s%s%.64s", w->prefix, *w->prefix ? "." : "", key);
        bool is_known = false, has_known_below = false;

        for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
                is_known = is_known || str_equal(rules[i].path, path);
                has_known_below = has_known_below || is_below(rules[i].path, path);
        }
        if (is_known)
                return 0;
        if (has_known_below && json_value_is_object(value)) {
                struct walk deeper = { w->r, path };

                return json_value_each(value, add_unknown, &deeper);
        }
        boot_report_fact(w->r, "Not known to this command", "", tool_format("%s: %.*s", path, VALUE_MAX,
                         json_value_format(value, false)))->is_code = true;
        return 0;
}

static void add_words(struct boot_report *r)
{
        struct json_object *words = boot_facts_find(r->evidence, "tpm.words");

        for (size_t i = 0; i < json_value_count(words) && i < 32; i++) {
                struct json_object *entry = json_value_at(words, i);
                const char *word = json_value_as_text(json_value_get(entry, "word"));
                uint64_t pcr;

                if (!word || !json_value_as_u64(json_value_get(entry, "pcr"), &pcr)) {
                        word = json_value_format(entry, false);
                        boot_report_fact(r, "Measured", "odd entry", tool_format("%.*s", VALUE_MAX, word))->is_code = true;
                        continue;
                }
                boot_report_fact(r, "Measured", "", tool_format("PCR %" PRIu64 "  %.*s", pcr, VALUE_MAX, word))->is_code = true;
        }
}

static void add_policies(struct boot_report *r)
{
        struct json_object *policies = boot_facts_find(r->evidence, "ipe.policies");

        for (size_t i = 0; i < json_value_count(policies) && i < 32; i++) {
                struct json_object *p = json_value_at(policies, i);
                const char *name = json_value_as_text(json_value_get(p, "name")), *version = json_value_as_text(json_value_get(p, "version"));
                const char *digest = json_value_as_text(json_value_get(p, "sha256")), *source = json_value_as_text(json_value_get(p, "source"));
                bool is_active = false;

                (void) json_value_as_bool(json_value_get(p, "active"), &is_active);
                boot_report_fact(r, "IPE", is_active ? "active policy" : "deployed policy",
                                 tool_format("%.64s %.32s, of %.16s, sha256-%.64s", name ? name : "?", version ? version : "?",
                                             source ? source : "?", digest ? digest : "?"))->is_code = true;
        }
}

void boot_facts_collect(struct boot_report *r)
{
        struct walk top = { r, "" };

        for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
                struct json_object *value = boot_facts_find(r->evidence, rules[i].path);
                char *text;

                if (str_equal(rules[i].path, "lsm"))
                        add_words(r);
                if (str_equal(rules[i].path, "ipe.mac_admin"))
                        add_policies(r);
                if (!value || rules[i].kind == KIND_ELSEWHERE)
                        continue;
                text = rules[i].kind >= KIND_NUMBER ? as_number(value, rules[i].kind) : as_text(value);
                /* An empty text says that it is not known or not reached: nothing to read. */
                if (text[0] == '\0')
                        free(text);
                else {
                        struct fact *f = boot_report_fact(r, rules[i].group, rules[i].label, text);

                        f->path = rules[i].path;
                        f->is_code = rules[i].kind == KIND_CODE;
                }
        }
        (void) json_value_each(r->evidence, add_unknown, &top);
}
