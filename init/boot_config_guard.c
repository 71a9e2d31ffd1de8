/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words that verinit does not act on, but the kernel or the booted systemd does, and that would hand the machine to
 * whoever can add one to the line, or turn off what the rest rests on. docs: verinit-cmdline(7), which a test compares
 * with the table, reason for reason.
 *
 * Looked up in systemd 257 to 261 (kernel-command-line(7) and the generators behind it) and in the kernel's
 * kernel-parameters.txt, 6.12. What only slows the machine or hardens it less (mitigations=, nokaslr, audit=0) is the image's
 * own choice and passes.
 */
#include "boot_config_parse.h"

#define DANGEROUS FAIL_CMDLINE_DANGEROUS_CODE
#define WEAKENS FAIL_CMDLINE_WEAKENING_CODE
#define RD true

const struct guarded_word guarded_words[] = {
        /* systemd: programs, units, mounts and environment out of the line */
        { "systemd.run", GUARD_BEGINS, RD, DANGEROUS, NULL, "it runs any command line as root" },
        { "systemd.debug_shell", GUARD_MUST_BE_NO, RD, DANGEROUS, NULL, "it starts a root shell without a password" },
        { "systemd.crash_shell", GUARD_MUST_BE_NO, RD, DANGEROUS, NULL, "a crash of systemd would end in a root shell" },
        { "systemd.break", GUARD_ALWAYS, RD, DANGEROUS, NULL, "it stops the boot at a root shell" },
        { "systemd.confirm_spawn", GUARD_MUST_BE_NO, RD, DANGEROUS, NULL,
          "the console would be asked which services to leave out" },
        { "systemd.unit", GUARD_ONE_OF, false, DANGEROUS, "default.target multi-user.target graphical.target",
          "any other unit may be a rescue shell, or leave out what protects the host" },
        { "systemd.wants", GUARD_ALWAYS, RD, DANGEROUS, NULL, "it starts any unit of the image, the debug shell too" },
        { "systemd.mask", GUARD_ALWAYS, false, DANGEROUS, NULL, "it leaves out any unit of the image" },
        { "systemd.setenv", GUARD_ALWAYS, RD, DANGEROUS, NULL, "it sets the environment of every service, LD_PRELOAD too" },
        { "systemd.mount_extra", GUARD_ALWAYS, RD, DANGEROUS, NULL, "it mounts any file system anywhere" },
        { "systemd.swap_extra", GUARD_ALWAYS, RD, DANGEROUS, NULL, "it lets any device hold the memory of processes" },
        { "systemd.volatile", GUARD_MUST_BE_NO, RD, DANGEROUS, NULL, "it puts another file system over the root or /var" },
        { "systemd.pull", GUARD_ALWAYS, RD, DANGEROUS, NULL, "it downloads images and extensions" },
        { "systemd.factory_reset", GUARD_MUST_BE_NO, RD, DANGEROUS, NULL, "it erases partitions" },
        { "systemd.ssh_listen", GUARD_ALWAYS, false, DANGEROUS, NULL, "it opens the remote login on another socket" },
        { "systemd.early_core_pattern", GUARD_ALWAYS, false, DANGEROUS, NULL,
          "it writes the memory of crashed processes to any path" },
        { "systemd.random_seed", GUARD_ALWAYS, false, DANGEROUS, NULL, "it credits a seed that everybody can read" },
        { "systemd.tpm2_measured_os", GUARD_MUST_BE_YES, false, WEAKENS, NULL, "the host would stop measuring" },
        { "systemd.credentials_boot_policy", GUARD_ONE_OF, false, WEAKENS, "strict tofu relaxed",
          "any other value takes credentials that nothing protects" },
        { "emergency", GUARD_BARE, RD, DANGEROUS, NULL, "it boots to a root shell" },
        { "rescue", GUARD_BARE, RD, DANGEROUS, NULL, "it boots to a root shell" },
        { "single", GUARD_BARE, false, DANGEROUS, NULL, "it boots to a root shell" },
        { "s", GUARD_BARE, false, DANGEROUS, NULL, "it boots to a root shell" },
        { "S", GUARD_BARE, false, DANGEROUS, NULL, "it boots to a root shell" },
        { "1", GUARD_BARE, false, DANGEROUS, NULL, "it boots to a root shell" },
        { "-b", GUARD_BARE, false, DANGEROUS, NULL, "it boots to a root shell" },
        { "-s", GUARD_BARE, false, DANGEROUS, NULL, "it boots to a root shell" },
        { "SYSTEMD_", GUARD_BEGINS, false, DANGEROUS, NULL, "the kernel would make it a variable of systemd's environment" },
        { "LD_", GUARD_BEGINS, false, DANGEROUS, NULL, "the kernel would make it a variable of the dynamic loader" },
        { "GLIBC_TUNABLES", GUARD_ALWAYS, false, DANGEROUS, NULL, "the kernel would make it a variable that libc reads before PID 1 can clear it" },
        { "OPENSSL_ia32cap", GUARD_ALWAYS, false, DANGEROUS, NULL, "the kernel would make it a variable that libcrypto reads before PID 1 can clear it" },
        /* dracut: no effect here, and never there by accident */
        { "rd.break", GUARD_ALWAYS, false, DANGEROUS, NULL, "it stops an initramfs at a root shell" },
        { "rd.shell", GUARD_MUST_BE_NO, false, DANGEROUS, NULL, "a failure in an initramfs would end in a root shell" },
        /* Fedora's relabelling runs with SELinux permissive */
        { "autorelabel", GUARD_MUST_BE_NO, false, WEAKENS, NULL, "relabelling turns enforcing off" },

        /* The kernel: programs, code and data from outside of what was signed */
        { "rdinit", GUARD_ONE_OF, false, DANGEROUS, "/init", "the kernel would start another program than verinit" },
        { "initrd", GUARD_ALWAYS, false, DANGEROUS, NULL, "it names an initramfs that nobody verified" },
        { "initrdmem", GUARD_ALWAYS, false, DANGEROUS, NULL, "it names an initramfs that nobody verified" },
        { "bootconfig", GUARD_ALWAYS, false, DANGEROUS, NULL, "the end of the initramfs would add words to this line" },
        { "initcall_blacklist", GUARD_ALWAYS, false, DANGEROUS, NULL, "it leaves out any part of the kernel, SELinux too" },
        { "module_blacklist", GUARD_ALWAYS, false, DANGEROUS, NULL, "it leaves out any module, dm-verity and the TPM's too" },
        { "firmware_class.path", GUARD_ALWAYS, false, DANGEROUS, NULL, "firmware would come from where anybody may write" },
        { "dm_mod.create", GUARD_ALWAYS, false, DANGEROUS, NULL, "it makes volumes before verinit runs, one called usr too" },
        { "efivar_ssdt", GUARD_ALWAYS, false, DANGEROUS, NULL, "it runs ACPI code out of an EFI variable" },
        { "acpi_rsdp", GUARD_ALWAYS, false, DANGEROUS, NULL, "it takes ACPI tables and their code from any address" },
        { "sysctl.kernel", GUARD_BEGINS, false, DANGEROUS, NULL,
          "among these are programs that the kernel starts as root (core_pattern, modprobe)" },
        { "sysctl.fs", GUARD_BEGINS, false, DANGEROUS, NULL,
          "among these are programs that the kernel starts (binfmt_misc), and the protection of links" },
        { "resume", GUARD_ALWAYS, false, DANGEROUS, NULL, "the kernel would continue from an image of memory on a disk" },
        { "kgdb", GUARD_BEGINS, false, DANGEROUS, NULL, "it gives the kernel's debugger to the console" },
        { "ekgdboc", GUARD_ALWAYS, false, DANGEROUS, NULL, "it gives the kernel's debugger to the console" },
        { "sysrq_always_enabled", GUARD_ALWAYS, false, DANGEROUS, NULL, "the keyboard could kill what protects the host" },
        { "noefi", GUARD_ALWAYS, false, WEAKENS, NULL, "the state of Secure Boot could not be read" },
        { "efi", GUARD_LIST_OF, false, WEAKENS, "debug disable_early_pci_dma nochunk nosoftreserve novamap runtime",
          "any other value hides the state of Secure Boot or opens memory to devices" },
        { "iomem", GUARD_ONE_OF, false, WEAKENS, "strict", "programs could write to memory of devices in use" },
        { "lockdown", GUARD_ONE_OF, false, WEAKENS, "integrity confidentiality", "the kernel knows no other level" },
        { "checkreqprot", GUARD_ONE_OF, false, WEAKENS, "0", "SELinux would check less than what the kernel does" },

        /* Families whose members are closed */
        { "module.sig_enforce", GUARD_MUST_BE_YES, false, WEAKENS, NULL, "unsigned modules could be loaded" },
        { "module.async_probe", GUARD_PASSES, false, WEAKENS, NULL, "how drivers look for their devices" },
        { "module.enable_dups_trace", GUARD_PASSES, false, WEAKENS, NULL, "a message about modules asked for twice" },
        { "ipe.enforce", GUARD_MUST_BE_YES, false, WEAKENS, NULL, "IPE would only report" },
        { "ipe.success_audit", GUARD_PASSES, false, WEAKENS, NULL, "more is reported" },
        { "dm_verity.require_signatures", GUARD_MUST_BE_YES, false, WEAKENS, NULL,
          "the kernel would take root hashes without a signature" },
        { "dm_verity.keyring_unsealed", GUARD_MUST_BE_NO, false, WEAKENS, NULL,
          "root could add keys that sign root hashes" },
        { "dm_verity.prefetch_cluster", GUARD_PASSES, false, WEAKENS, NULL, "how much of the tree is read ahead" },
        { "dm_verity.use_bh_bytes", GUARD_PASSES, false, WEAKENS, NULL, "which reads are checked without a thread" },
        { "ima_appraise", GUARD_ONE_OF, false, WEAKENS, "enforce", "files would be used although they were changed" },
        { "ima_hash", GUARD_ONE_OF, false, WEAKENS, "sha256 sha384 sha512", "digests that can be forged" },
        { "ima_policy", GUARD_PASSES, false, WEAKENS, NULL, "each one adds rules" },
        { "ima_tcb", GUARD_PASSES, false, WEAKENS, NULL, "it adds rules" },
        { "ima_appraise_tcb", GUARD_PASSES, false, WEAKENS, NULL, "it adds rules" },
        { "ima_template", GUARD_PASSES, false, WEAKENS, NULL, "the form of the log" },
        { "ima_template_fmt", GUARD_PASSES, false, WEAKENS, NULL, "the form of the log" },
        { "ima_canonical_fmt", GUARD_PASSES, false, WEAKENS, NULL, "the form of the log" },
        { "evm", GUARD_ALWAYS, false, WEAKENS, NULL, "the one value, fix, lets changed files pass" },
        { "rootwait", GUARD_PASSES, false, WEAKENS, NULL, "for a kernel without an initramfs" },
        { "rootdelay", GUARD_PASSES, false, WEAKENS, NULL, "for a kernel without an initramfs" },
        {},
};

_Static_assert(ARRAY_SIZE(guarded_words) <= CONFIG_MAX_GUARDS, "raise CONFIG_MAX_GUARDS");

static char fold(char c)
{
        return c == '-' ? '_' : c == '/' ? '.' : c;
}

/* What follows the name, NULL if it is another. */
static const char *after_name(const char *key, const char *name)
{
        for (; *name; key++, name++)
                if (fold(*key) != fold(*name))
                        return NULL;
        return key;
}

static bool is_named(const struct guarded_word *guard, const char *key)
{
        const char *rest = after_name(key, guard->name);

        return rest && (*rest == '\0' || guard->guard == GUARD_BEGINS);
}

const struct guarded_word *config_find_guard(const struct cmdline_word *word)
{
        const char *without_rd = str_after(word->key, "rd.");

        for (const struct guarded_word *guard = guarded_words; guard->name; guard++) {
                if (!is_named(guard, word->key) && !(guard->also_rd && without_rd && is_named(guard, without_rd)))
                        continue;
                return guard->guard == GUARD_BARE && word->value ? NULL : guard;
        }
        return NULL;
}

static bool list_has(const char *list, const char *value, size_t size)
{
        size_t n;

        for (; *list; list += n + (list[n] == ' ')) {
                n = strcspn(list, " ");
                if (n == size && memcmp(list, value, n) == 0)
                        return true;
        }
        return false;
}

static bool is_list_of(const char *list, const char *value)
{
        for (size_t n;; value += n + 1) {
                n = strcspn(value, ",");
                if (!list_has(list, value, n))
                        return false;
                if (value[n] == '\0')
                        return true;
        }
}

static bool is_boolean(const char *value, bool wanted)
{
        bool said = true;

        return (!value || config_parse_bool(value, &said)) && said == wanted;
}

static bool lets_pass(const struct guarded_word *guard, const char *value)
{
        switch (guard->guard) {
        case GUARD_MUST_BE_YES:
                return is_boolean(value, true);
        case GUARD_MUST_BE_NO:
                return is_boolean(value, false);
        case GUARD_ONE_OF:
                return value && list_has(guard->values, value, strlen(value));
        case GUARD_LIST_OF:
                return value && is_list_of(guard->values, value);
        case GUARD_PASSES:
                return true;
        case GUARD_ALWAYS:
        case GUARD_BEGINS:
        case GUARD_BARE:
        default:
                return false;
        }
}

int config_apply_guard(struct config_parse *p, const struct guarded_word *guard, const struct cmdline_word *word)
{
        bool *seen = &p->guard_seen[guard - guarded_words];

        if (!lets_pass(guard, word->value))
                return config_refuse(p, guard->code, word->key, word->value, "%s", guard->why);
        if (*seen && guard->guard != GUARD_PASSES)
                return config_refuse(p, FAIL_CMDLINE_DUPLICATE_KEY_CODE, word->key, word->value,
                                     "the key stands there a second time");
        *seen = true;
        return 0;
}
