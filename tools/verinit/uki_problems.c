/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What would end a boot, by PID 1's own parsers; what does not fit together; and what no good build leaves behind.
 */
#include <errno.h>
#include <sys/stat.h>

#include "verinit/uki.h"

#include "archives.h"
#include "initrd_check.h"
#include "uki_report.h"

enum { MODULE_MAX_BYTES = 256 * 1024 * 1024 };

static void say_fault(struct uki_report *r, const struct pe_fault *f)
{
        const char *name = f->section < r->uki.pe.n_sections ? r->rows[f->section].section.name : "";
        unsigned long long n = f->bytes;

        switch (f->kind) {
        case PE_FAULT_HEADER:
                uki_report_problem(r, "its optional header is malformed");
                break;
        case PE_FAULT_FILE_OVERLAP:
                uki_report_problem(r, "section %s shares %llu bytes of the file with what stands before it", name, n);
                break;
        case PE_FAULT_FILE_GAP:
                uki_report_problem(r, "%llu bytes of the file before section %s belong to no section", n, name);
                break;
        case PE_FAULT_BEHIND:
                uki_report_problem(r, "%llu bytes behind section %s belong to no section and are no signature", n, name);
                break;
        case PE_FAULT_MEMORY_OVERLAP:
                uki_report_problem(r, "section %s shares %llu bytes of memory with what stands before it", name, n);
                break;
        case PE_FAULT_MEMORY_GAP:
                uki_report_problem(r, "%llu bytes of memory before section %s belong to no section", n, name);
                break;
        case PE_FAULT_IMAGE_SIZE:
                uki_report_problem(r, "section %s ends %llu bytes behind the image in memory", name, n);
                break;
        }
}

static void check_layout(struct uki_report *r)
{
        static struct pe_fault faults[PE_MAX_FAULTS];
        int n = pe_find_faults(&r->uki.pe, faults);

        if (n < 0)
                uki_report_problem(r, "its layout cannot be read");
        for (int i = 0; i < n; i++)
                say_fault(r, &faults[i]);
        if (r->uki.stub_version == 0)
                uki_report_problem(r, "no section .sdmagic: it does not say which systemd-stub is in it");
}

/* systemd-stub takes the first; who reads the image may take the other. */
static void check_twice(struct uki_report *r)
{
        for (unsigned i = 0; i < r->uki.pe.n_sections; i++)
                for (unsigned j = 0; j < i; j++)
                        if (r->rows[i].profile == r->rows[j].profile && str_equal(r->rows[i].section.name, r->rows[j].section.name) &&
                            !str_equal(r->rows[i].section.name, ".dtbauto") && !str_equal(r->rows[i].section.name, ".efifw"))
                                uki_report_problem(r, "section %s is in it twice", r->rows[i].section.name);
}

static bool is_like_packed(const struct uki_report *r, const struct pe_section *s)
{
        const struct buffer *text = r->has_initrd ? report_find_file(&r->initrd, "etc/verinit/cmdline") : NULL;

        return text && uki_cmdline_is((const char *) r->uki.file.data + s->offset, s->size,
                                      text->size > 0 ? (const char *) text->data : "", text->size);
}

/* As the stub does, what stands behind the text goes. */
static struct buffer without_ending(const struct uki_report *r, const struct pe_section *s)
{
        size_t n = s->size;
        const uint8_t *p = r->uki.file.data + s->offset;
        struct buffer text = {};

        if (n > 0 && p[n - 1] == '\0')
                n--;
        if (n > 0 && p[n - 1] == '\n')
                n--;
        if (n > 0 && buffer_append(&text, p, n) < 0)
                abort();
        return text;
}

static void check_cmdline(struct uki_report *r, unsigned number)
{
        struct uki view = r->uki;
        static struct boot_config config;
        struct trouble t = {};
        struct pe_section s;
        struct floor none;

        view.profile = number;
        if (!uki_section(&view, ".cmdline", &s)) {
                uki_report_problem(r, "profile %u: no .cmdline section: the command line would be whatever the boot loader says", number);
                return;
        }
        /* That text was looked at in the initramfs. */
        if (is_like_packed(r, &s))
                return;
        if (r->has_initrd && report_find_file(&r->initrd, "etc/verinit/cmdline"))
                uki_report_problem(r, "profile %u: %s: .cmdline is not the text that is packed into the initramfs", number,
                                   fail_code_name(FAIL_CMDLINE_NOT_SIGNED_CODE));
        _cleanup_buffer_ struct buffer text = without_ending(r, &s);
        floor_init(&none);
        if (initrd_check_cmdline(&text, r->has_initrd ? &r->initrd.floor : &none, &config, &t) < 0)
                uki_report_problem(r, "profile %u: .cmdline: %s", number, t.msg);
}

/* "vermagic=6.12.1 SMP preempt": in .modinfo, where each text ends with a NUL. */
static const char *find_vermagic(const struct buffer *module, size_t *ret_size)
{
        static const char key[] = "\0vermagic=";
        const uint8_t *p = module->size > 0 ? memmem(module->data, module->size, key, sizeof(key) - 1) : NULL, *end;

        if (!p)
                return NULL;
        p += sizeof(key) - 1;
        for (end = p; end < module->data + module->size && *end > ' '; end++)
                ;
        *ret_size = (size_t) (end - p);
        return (const char *) p;
}

static void check_module(struct uki_report *r, const struct tree_entry *e, const char *release)
{
        _cleanup_buffer_ struct buffer bare = {};
        const char *compression, *vermagic;
        struct trouble t = {};
        size_t n;

        if (unpack(&e->content, e->path, MODULE_MAX_BYTES, &bare, &compression, &t) < 0) {
                uki_report_problem(r, "/%s: %s", e->path, t.msg);
                return;
        }
        vermagic = find_vermagic(&bare, &n);
        if (!vermagic)
                uki_report_problem(r, "/%s says no kernel version: it is no module", e->path);
        else if (n != strlen(release) || memcmp(vermagic, release, n) != 0)
                uki_report_problem(r, "/%s is a module of kernel '%.*s', not of %s: the kernel would refuse it", e->path, (int) n, vermagic,
                                   release);
}

static void check_kernel(struct uki_report *r)
{
        const char *release = r->profiles[0].kernel;

        for (size_t i = 0; i < r->n_profiles; i++) {
                const struct uki_profile *p = &r->profiles[i];

                if (p->uname && p->kernel[0] && !str_equal(p->uname, p->kernel))
                        uki_report_problem(r, "profile %zu: .uname says '%s', and the kernel is %s", i, p->uname, p->kernel);
        }
        if (!r->has_initrd || release[0] == '\0')
                return;
        if (r->initrd.has_table && !str_equal(r->initrd.table.release, release))
                uki_report_problem(r, "the module table is for kernel %s, and the kernel is %s", r->initrd.table.release, release);
        for (size_t i = 0; i < r->initrd.tree.n_entries; i++) {
                const struct tree_entry *e = &r->initrd.tree.entries[i];

                if (S_ISREG(e->mode) && str_after(e->path, "lib/modules/"))
                        check_module(r, e, release);
        }
}

static void check_policies(struct uki_report *r, const struct uki_profile *p)
{
        for (size_t i = 0; p->has_policies && i < p->policies.n; i++) {
                const struct pcr_policy *policy = &p->policies.list[i];
                char name[2 * PCR_POLICY_DIGEST_BYTES + 1];

                pcr_policy_hex(policy, name);
                if (!p->answers[i].phase && policy->pcrs == 1u << 11)
                        uki_report_problem(r, "profile %u: .pcrsig: policy %s (%s) is none of this image in any of the phases that are asked",
                                           p->number, name, digest_name(policy->bank));
                if (p->has_key && policy->fingerprint.alg != DIGEST_NONE && !digest_equal(&policy->fingerprint, &p->fingerprint))
                        uki_report_problem(r, "profile %u: .pcrsig: policy %s (%s) is for another key than .pcrpkey", p->number, name,
                                           digest_name(policy->bank));
                else if (p->has_key && p->answers[i].signed_with == DIGEST_NONE)
                        uki_report_problem(r, "profile %u: .pcrsig: policy %s (%s) is not signed by .pcrpkey", p->number, name,
                                           digest_name(policy->bank));
        }
}

void uki_report_find_problems(struct uki_report *r)
{
        check_layout(r);
        check_twice(r);
        for (size_t i = 0; r->has_initrd && i < r->initrd.n_problems; i++)
                uki_report_problem(r, ".initrd: %s", r->initrd.problems[i]);
        for (unsigned i = 0; i < r->n_profiles; i++)
                check_cmdline(r, i);
        check_kernel(r);
        for (size_t i = 0; i < r->n_profiles; i++)
                check_policies(r, &r->profiles[i]);
}
