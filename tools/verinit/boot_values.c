/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the values of the evidence say of a boot. Each has to be there: PID 1 leaves no key out, and a value that is absent,
 * empty or not known here speaks for nothing.
 */
#include "boot_report.h"

enum { MAX_STRICT = 4, MAX_RELAXED = 2 };

/* Where another value makes this one empty in a good boot, too. */
struct empty_with {
        const char *path, *value;
};

/* docs/boot.schema.json: what a strict floor lets pass, and what another one does. Together they are its enum; a test compares. */
static const struct choice {
        const char *path;
        const char *strict[MAX_STRICT];
        struct {
                const char *value, *what;
        } relaxed[MAX_RELAXED];
        struct empty_with empty_with;
} choices[] = {
        { "provenance.secure_boot", { "on" }, { { "off", "Secure Boot was off, or did not check" } }, {} },
        { "provenance.replay", { "proved" }, { { "not-provable", "the firmware's log did not prove the command line" } }, {} },
        { "provenance.smbios", { "clean" }, { { "unread", "SMBIOS was not read" } }, {} },
        { "cmdline", { "baked" },
          { { "not-baked", "no command line was packed into the initramfs" },
            { "baked+extra-words", "words that the floor lists stood behind the signed command line" } }, {} },
        { "boot_disk.known", { "yes" }, { { "no", "the disk that was booted from was not known" } }, {} },
        { "boot_disk.gpt_backup", { "same" },
          { { "damaged", "the second partition table of the boot disk is damaged" },
            { "differs", "the second partition table of the boot disk is another" } }, { "boot_disk.known", "no" } },
        { "verity.signature.source", { "discovered", "partition", "file", "inline" },
          { { "none", "the root hash has no signature of its own" } }, {} },
        { "verity.signature.kernel", { "accepted" }, {}, { "verity.signature.source", "none" } },
        { "usr.geometry", { "pinned" }, { { "superblock", "the shape of the volume was not pinned by signed text" } }, {} },
        { "tpm.state", { "measured" },
          { { "absent", "there was no TPM: nothing was measured" },
            { "unmeasured", "the kernel image was not measured: nothing was measured" } }, {} },
        { "selinux.state", { "enforcing" }, { { "absent", "the kernel has no SELinux" } }, {} },
        { "selinux.lock", { "early", "late" },
          { { "none", "SELinux is not locked: root of the host may load another policy" } }, { "selinux.state", "absent" } },
        { "root.kind", { "tmpfs" }, { { "unverified", "the root file system is one that nothing vouches for" } }, {} },
        { "credentials.mode", { "none" },
          { { "esp-encrypted", "sealed credentials of the ESP were handed on" },
            { "platform", "the platform's credentials were let in" } }, {} },
        { "debug", { "no" }, { { "yes", "the boot was a talkative one (init.debug=1)" } }, {} },
};

static const struct {
        const char *path;
        size_t min_bytes, max_bytes;
        struct empty_with empty_with;
} digests[] = {
        { "root_hash", 32, DIGEST_MAX_BYTES, {} },
        { "verity.signature.signer_sha256", 32, 32, { "verity.signature.source", "none" } },
        { "selinux.policy_sha256", 32, 32, { "selinux.state", "absent" } },
        { "selinux.loaded_sha256", 32, 32, { "selinux.state", "absent" } },
};

const char *boot_value_text(const struct boot_report *r, const char *path)
{
        struct json_object *value = boot_facts_find(r->evidence, path);
        const char *text = json_value_as_text(value);
        bool is_true;

        if (json_value_as_bool(value, &is_true))
                return is_true ? "yes" : "no";
        return text ? text : "";
}

static void mark_relaxed(struct boot_report *r, const char *path)
{
        for (size_t i = 0; i < r->n_facts; i++)
                if (r->facts[i].path && str_equal(r->facts[i].path, path))
                        r->facts[i].tone = TONE_RELAXED;
}

void boot_values_relaxed(struct boot_report *r)
{
        uint64_t n;

        for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
                for (size_t k = 0; k < MAX_RELAXED && choices[i].relaxed[k].value; k++) {
                        const char *path = choices[i].path, *why = "";

                        if (!str_equal(boot_value_text(r, path), choices[i].relaxed[k].value))
                                continue;
                        if (str_equal(path, "provenance.replay"))
                                why = boot_value_text(r, "provenance.reason");
                        boot_report_relaxed(r, "%s%s%.64s", choices[i].relaxed[k].what, *why ? ": " : "", why);
                        mark_relaxed(r, path);
                }
        for (size_t i = 0; i < r->n_stages; i++)
                if (str_equal(r->stages[i].verdict, "skipped"))
                        boot_report_relaxed(r, "stage %.32s was skipped: %.96s", r->stages[i].name, r->stages[i].reason);
        if (json_value_as_u64(boot_facts_find(r->evidence, "boot_disk.twins_ignored"), &n) && n > 0)
                boot_report_relaxed(r, "%u devices on other disks look like ours; they were not used", (unsigned) n);
}

static bool may_be_empty(const struct boot_report *r, const struct empty_with *other)
{
        return other->path && str_equal(boot_value_text(r, other->path), other->value);
}

static bool is_known(const struct choice *c, const char *value)
{
        for (size_t i = 0; i < MAX_STRICT && c->strict[i]; i++)
                if (str_equal(c->strict[i], value))
                        return true;
        for (size_t i = 0; i < MAX_RELAXED && c->relaxed[i].value; i++)
                if (str_equal(c->relaxed[i].value, value))
                        return true;
        return false;
}

static bool is_digest(const char *text, size_t min, size_t max)
{
        uint8_t bytes[DIGEST_MAX_BYTES];
        ssize_t n = hex_decode(text, bytes, sizeof(bytes));

        return n >= (ssize_t) min && n <= (ssize_t) max && n % 16 == 0;
}

static void demand(struct boot_report *r, const char *path, bool is_good, const struct empty_with *empty_with)
{
        const char *value = boot_value_text(r, path);

        if (is_good || (*value == '\0' && may_be_empty(r, empty_with)))
                return;
        if (*value == '\0')
                boot_report_note(r, "the evidence does not say %s", path);
        else
                boot_report_note(r, "%s is nothing that this command knows: %.64s", path, value);
}

bool boot_values_say_all(struct boot_report *r)
{
        static const struct empty_with never = {};
        size_t n_before = r->n_notes;
        uint64_t n;

        for (size_t i = 0; i < ARRAY_SIZE(digests); i++)
                demand(r, digests[i].path,
                       is_digest(boot_value_text(r, digests[i].path), digests[i].min_bytes, digests[i].max_bytes),
                       &digests[i].empty_with);
        demand(r, "dm.table", strstr(boot_value_text(r, "dm.table"), " verity 1 "), &never);
        for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
                demand(r, choices[i].path, is_known(&choices[i], boot_value_text(r, choices[i].path)), &choices[i].empty_with);
        demand(r, "boot_disk.twins_ignored", json_value_as_u64(boot_facts_find(r->evidence, "boot_disk.twins_ignored"), &n),
               &never);
        return r->n_notes == n_before;
}
