/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verinit image verify: what would be refused at boot, said before anything is installed.
 */
#include <stdio.h>

#include "verinit/uki.h"

#include "image.h"
#include "options.h"

static const char usage[] =
        "Usage: verinit image verify DISK [OTHER-DISK...] [OPTION...]\n"
        "\n"
        "Says what would be refused when a machine boots from DISK, a raw image or a block device, and with which code:\n"
        "by the firmware, by PID 1's own stages, which run on what is in the image, and beyond that by a look at every block of\n"
        "/usr. Nothing is mounted or written; OTHER-DISKs are attached to the same machine.\n"
        "\n"
        "  --uki FILE            what is started; default: what is on the ESP\n"
        "  --cert FILE           PEM or DER, of a key that is enrolled in the firmware; may be given several times\n"
        "  --append WORDS        what SMBIOS or a boot menu adds to the command line\n"
        "  --without tpm|secure-boot   a machine that lacks it; may be given twice\n"
        "  --initrd FILE         with --cmdline and --uname in place of a UKI: a kernel that is started without firmware\n"
        "  --cmdline TEXT|@FILE  its command line\n"
        "  --uname RELEASE       its release\n"
        "  --measurements FILE   of 'verinit measure predict': compared with what this boot measures\n"
        "  --quick               leave out the look at every block\n"
        "  --json=HOW            short (one line), pretty, or off (default)\n"
        "  --quiet               no talk on stderr but errors\n"
        "  --help                this text\n"
        "\n"
        "Exit status: 0 it would boot, 1 trouble, 2 wrong usage, 3 it would be refused, 4 cannot be decided.\n"
        "\n"
        "Examples:\n"
        "  verinit image verify disk.raw --cert db.crt\n"
        "  verinit image verify disk.raw --uki node.efi --cert db.crt --measurements measurements.json --json=pretty\n"
        "  verinit image verify /dev/sdb --quick --append console=ttyS1\n";

#define VERB "image verify"

static int take_without(struct image_options *o, struct trouble *t)
{
        bool *field = str_equal(optarg, "tpm") ? &o->lacks_tpm : str_equal(optarg, "secure-boot") ? &o->lacks_secure_boot : NULL;

        if (!field)
                return trouble_set_usage(t, VERB, "--without is tpm or secure-boot, not", optarg);
        *field = true;
        return 0;
}

static int take(int id, void *userdata, struct trouble *t)
{
        struct image_options *o = userdata;

        switch (id) {
        case 'u':
                return options_take_once(&o->uki, VERB, "--uki", t);
        case 'i':
                return options_take_once(&o->initrd, VERB, "--initrd", t);
        case 'c':
                return options_take_once(&o->cmdline, VERB, "--cmdline", t);
        case 'n':
                return options_take_once(&o->uname, VERB, "--uname", t);
        case 'a':
                return options_take_once(&o->append, VERB, "--append", t);
        case 'm':
                return options_take_once(&o->measurements, VERB, "--measurements", t);
        case 'w':
                return take_without(o, t);
        case 'Q':
                o->is_quick = true;
                return 0;
        default:
                if (o->n_certificates == IMAGE_MAX_CERTIFICATES)
                        return trouble_set_usage(t, VERB, "too many certificates:", optarg);
                o->certificates[o->n_certificates++] = optarg;
                return 0;
        }
}

static int check_usage(struct image_options *o, struct trouble *t)
{
        if (o->common->n_words == 0)
                return trouble_set_usage(t, VERB, "word missing", "DISK");
        if (o->common->n_words > MACHINE_MAX_DISKS)
                return trouble_set_usage(t, VERB, "too many disks:", o->common->words[MACHINE_MAX_DISKS]);
        for (size_t i = 0; i < o->common->n_words; i++)
                o->disks[o->n_disks++] = o->common->words[i];
        if (o->initrd && o->uki)
                return trouble_set_usage(t, VERB, "option that does not go with --uki", "--initrd");
        if (o->initrd && (o->measurements || o->n_certificates > 0))
                return trouble_set_usage(t, VERB, "option of a boot by firmware, which does not go with --initrd:",
                                         o->measurements ? "--measurements" : "--cert");
        if (!o->initrd != !o->cmdline || !o->initrd != !o->uname)
                return trouble_set_usage(t, VERB, "--initrd, --cmdline and --uname go together; missing is one of them beside",
                                         o->initrd ? "--initrd" : o->cmdline ? "--cmdline" : "--uname");
        return 0;
}

static void say_gpt(const struct machine *m, struct image_checks *checks)
{
        const struct partition_table *table = &m->disks[0].table;

        if (table->state == GPT_VALID)
                image_say(checks, "gpt", IMAGE_ABOUT_FILES, IMAGE_OK, "%zu partitions, backup header: %s", table->n_partitions,
                          gpt_backup_name(table->backup));
        else if (table->state == GPT_NONE)
                image_say(checks, "gpt", IMAGE_ABOUT_FILES, IMAGE_REFUSED, "there is no GPT on it");
        else {
                struct error err = {};

                (void) error_set(&err, FAIL_PARTITION_TABLE_INVALID_CODE, 0, "%s", table->why);
                image_say_error(checks, "gpt", IMAGE_ABOUT_FILES, &err);
        }
}

/* Words that say it; where none does, the kernel's configuration decides. */
static bool names_selinux(const char *line)
{
        return strstr(line, "security=selinux") != NULL || strstr(line, "selinux=1") != NULL ||
               (strstr(line, "lsm=") != NULL && strstr(line, "selinux") != NULL);
}

/* Its own default has IPE or not, and security= takes none away that can stand beside SELinux. */
static void find_lsm(struct machine *m, const char *line)
{
        static struct cmdline words;
        size_t offset;

        m->is_selinux_named = names_selinux(line);
        if (cmdline_parse(line, strlen(line), CMDLINE_KERNEL_LIMIT, &words, &offset) == CMDLINE_OK)
                for (size_t i = 0; i < words.n_words && !m->is_lsm_named; i++)
                        m->is_lsm_named = cmdline_key_equal("lsm", words.words[i].key) && words.words[i].value &&
                                          str_copy(m->lsm, sizeof(m->lsm), words.words[i].value);
        if (!m->is_lsm_named)
                (void) snprintf(m->lsm, sizeof(m->lsm), "capability,%sipe", m->is_selinux_named ? "selinux," : "");
}

/*
 * Of Linux: security/selinux/include/security.h, POLICYDB_VERSION_MAX, which never went down. 33 in 5.9, still in 6.12; 7.3 was seen to
 * load 34.
 */
static void find_policy_version(struct machine *m)
{
        unsigned major = 0, minor = 0, release;

        if (sscanf(m->release, "%3u.%3u", &major, &minor) != 2)
                return;
        m->version = release = 1000 * major + minor;
        m->policy_max = release < 5009 ? 0 : release < 7003 ? 33 : 34;
        m->is_policy_max_exact = release >= 5009 && release <= 6012;
}

static void find_release(const struct image_options *o, const struct image_boot *b, struct machine *m)
{
        struct pe_section section;

        if (o->uname)
                (void) str_copy(m->release, sizeof(m->release), o->uname);
        else if (b->has_uki && uki_section(&b->uki, ".uname", &section))
                (void) snprintf(m->release, sizeof(m->release), "%.*s", (int) strnlen((const char *) b->uki.file.data + section.offset, section.size),
                                (const char *) b->uki.file.data + section.offset);
        m->release[strcspn(m->release, "\n")] = '\0';
        find_policy_version(m);
}

static int boot_it(const struct image_options *o, const struct image_esp *esp, struct image_boot *b, struct machine *m,
                   struct image_checks *checks, struct trouble *t)
{
        struct machine_firmware firmware = { .boot_partuuid = esp->partuuid };
        _cleanup_free_ char *line = NULL;

        if (image_boot_check_signatures(o, b, checks, t) < 0)
                return -1;
        image_boot_take_beside(esp, b, checks);
        if (image_boot_make_cmdline(o, b, checks, t) < 0)
                return -1;
        if (b->cmdline.size == 0)
                return 0;
        find_release(o, b, m);
        m->has_firmware = b->has_uki;
        m->has_secure_boot = b->has_uki && !o->lacks_secure_boot;
        if (!m->has_secure_boot)
                m->n_enrolled = 0;
        m->has_tpm = b->has_uki && !o->lacks_tpm;
        find_lsm(m, (const char *) b->cmdline.data);
        firmware.smbios_extra = b->has_uki ? o->append : NULL;
        firmware.cmdline = line = tool_format("%s\n", (const char *) b->cmdline.data);
        if (image_log_make(b, firmware.smbios_extra, t) < 0 || image_unpack_initramfs(b, m, checks, t) < 0)
                return -1;
        firmware.log = &b->log;
        if (machine_populate(m, &firmware, t) < 0)
                return -1;
        return image_run_stages(m, o->is_quick, checks, t);
}

static int look(const struct image_options *o, struct machine *m, struct image_checks *checks, struct trouble *t)
{
        static struct image_boot b;
        struct image_esp esp = {};
        struct trouble why = {};
        int r;

        for (size_t i = 0; i < o->n_disks; i++)
                if (machine_add_disk(m, o->disks[i], t) < 0)
                        return -1;
        if (image_boot_read_certificates(o, &b, m, t) < 0)
                return -1;
        say_gpt(m, checks);
        if (machine_make(m, t) < 0)
                return -1;
        if (image_esp_list(&m->disks[0], &esp, &why) < 0)
                image_say(checks, "esp", IMAGE_ABOUT_FILES, why.outcome == OUTCOME_FALSE ? IMAGE_REFUSED : IMAGE_UNDECIDED, "%s", why.msg);
        else if (esp.left_out)
                image_say(checks, "esp", IMAGE_ABOUT_FILES, IMAGE_UNDECIDED, "%zu files, and there may be more: %s", esp.n, esp.left_out);
        else if (esp.partuuid)
                image_say(checks, "esp", IMAGE_ABOUT_FILES, IMAGE_OK, "%zu files", esp.n);
        else
                image_say(checks, "esp", IMAGE_ABOUT_FILES, IMAGE_SKIPPED, "there is none");
        r = image_boot_find(o, &esp, &b, checks, t);
        if (r == 0 && b.has_uki)
                r = image_boot_check_loader(o, &esp, &b, checks, t);
        if (r == 0 && (b.has_uki || o->initrd))
                r = boot_it(o, &esp, &b, m, checks, t);
        if (r == 0 && b.has_uki)
                r = image_predict(o, &b, checks, t);
        image_boot_done(&b);
        image_esp_done(&esp);
        return r;
}

static int report(const struct image_options *o, const struct machine *m, const struct image_checks *checks, struct trouble *t)
{
        const struct image_check *first = image_first_refusal(checks);
        enum outcome outcome = image_outcome(checks, o->is_quick);
        struct error err = {};

        if (o->common->json != JSON_OFF) {
                if (image_print_json(o, m, checks, t) < 0)
                        return -1;
        } else if (!o->common->is_quiet)
                image_print_text(o, m, checks);
        if (outcome == OUTCOME_YES)
                return 0;
        if (!first)
                return trouble_set(t, outcome, "%s: whether it boots cannot be decided", o->disks[0]);
        if (!first->has_code)
                return trouble_set(t, outcome, "%s: %s: %s", o->disks[0], first->name, first->message);
        (void) error_set(&err, first->code, 0, "%s", first->message);
        (void) trouble_from_error(t, &err);
        return trouble_prefix(t, "%s: %s", o->disks[0], first->name);
}

int image_verify(int argc, char *argv[], struct trouble *t)
{
        static const struct option list[] = {
                { "uki", required_argument, NULL, 'u' },     { "initrd", required_argument, NULL, 'i' },
                { "cmdline", required_argument, NULL, 'c' }, { "uname", required_argument, NULL, 'n' },
                { "append", required_argument, NULL, 'a' },  { "measurements", required_argument, NULL, 'm' },
                { "without", required_argument, NULL, 'w' }, { "cert", required_argument, NULL, 'C' },
                { "quick", no_argument, NULL, 'Q' },         OPTION_JSON, OPTION_QUIET, OPTION_HELP, {},
        };
        struct options common = { .verb = VERB };
        struct image_options o = { .common = &common };
        static struct image_checks checks;
        static struct machine m;
        int r;

        if (options_parse(&common, argc, argv, list, true, take, &o, t) < 0)
                return -1;
        if (common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        if (check_usage(&o, t) < 0)
                return -1;
        machine_init(&m);
        r = look(&o, &m, &checks, t);
        if (r == 0)
                r = report(&o, &m, &checks, t);
        machine_done(&m);
        image_checks_done(&checks);
        return r;
}
