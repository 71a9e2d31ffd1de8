/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <limits.h>

#include "feature.h"
#include "initrd_build.h"

const char build_usage[] =
        "Usage: verinit initrd build --init FILE --modules-dir DIR --cmdline TEXT|@FILE --output FILE [OPTION...]\n"
        "\n"
        "Writes an initramfs: PID 1, the kernel modules it needs, the floor and the command line that is signed\n"
        "with it. What PID 1 would refuse is refused here, with the same code. The same inputs give the same bytes.\n"
        "\n"
        "  --init FILE          the PID 1 binary\n"
        "  --modules-dir DIR    .../lib/modules/VER of the kernel, with the indexes that depmod makes\n"
        "  --cmdline TEXT       the command line of the UKI, exactly; @FILE reads it from a file\n"
        "  --output FILE        what is written; an old file is replaced when the new one is complete\n"
        "  --floor FILE         what the image demands (verinit-floor(5)); default: everything is required\n"
        "  --certificate FILE   an X.509 certificate (PEM or DER) whose key may sign root hashes; may be repeated\n"
        "  --ipe-policy FILE    a signed IPE policy (*.p7b) that PID 1 loads; may be repeated: the first one becomes active\n"
        "  --addon FILE[,FILE]  an add-on (*.addon.efi) whose command line may follow ours, or several that are on the\n"
        "                       ESP together, in the order in which systemd-stub takes them; may be repeated\n"
        "  --feature NAME       verity, erofs, ext4, squashfs, xfs, btrfs, vfat, overlay, efivarfs, watchdog, softdog, or a\n"
        "                       bus: virtio-blk, virtio-scsi, nvme, ahci, hyperv; may be repeated. Default: verity erofs\n"
        "                       overlay efivarfs virtio-blk virtio-scsi nvme ahci\n"
        "  --module NAME        one more driver, loaded when a device matches; may be repeated\n"
        "  --linux FILE         the kernel (vmlinuz) of the UKI: that the modules are of its version\n"
        "  --sbom FILE|none     what PID 1 is made of (SPDX 2.3 JSON), packed with it; default: INIT.spdx.json, if it is\n"
        "                       there\n"
        "  --file HOST=GUEST    one more file, at the absolute path GUEST; may be repeated\n"
        "  --compress NAME      zstd (default), xz or none\n"
        "  --level N            zstd: 1 to 22, default 19; xz: 0 to 9, default 6\n"
        "  --force              --output may be a block device, whose first bytes become the archive\n"
        "  --quiet              no talk on stderr but errors\n"
        "  --help               this text\n"
        "\n"
        "SOURCE_DATE_EPOCH is the time of every file in it; 0 if unset.\n"
        "Exit status: 0 written, 1 trouble, 2 wrong usage, 3 PID 1 would refuse it.\n"
        "\n"
        "Examples:\n"
        "  verinit initrd build --init /usr/lib/verinit/init --modules-dir /usr/lib/modules/$(uname -r) \\\n"
        "      --cmdline 'usrhash=4f0c... quiet' --floor floor.conf --output initrd.cpio.zst\n"
        "  verinit initrd build --init init --modules-dir root/usr/lib/modules/6.12.1 --cmdline @cmdline.txt \\\n"
        "      --floor floor.conf --feature verity --feature squashfs --feature overlay --feature nvme \\\n"
        "      --output initrd.cpio.zst\n";

#define VERB "initrd build"

enum option_id {
        OPTION_INIT = 256,
        OPTION_MODULES_DIR,
        OPTION_CMDLINE,
        OPTION_OUTPUT,
        OPTION_FLOOR,
        OPTION_CERTIFICATE,
        OPTION_IPE_POLICY,
        OPTION_ADDON,
        OPTION_FEATURE,
        OPTION_MODULE,
        OPTION_LINUX,
        OPTION_SBOM,
        OPTION_FILE,
        OPTION_COMPRESS,
        OPTION_LEVEL,
        OPTION_FORCE,
};

static const struct option long_options[] = {
        { "init", required_argument, NULL, OPTION_INIT },
        { "modules-dir", required_argument, NULL, OPTION_MODULES_DIR },
        { "cmdline", required_argument, NULL, OPTION_CMDLINE },
        { "output", required_argument, NULL, OPTION_OUTPUT },
        { "floor", required_argument, NULL, OPTION_FLOOR },
        { "certificate", required_argument, NULL, OPTION_CERTIFICATE },
        { "ipe-policy", required_argument, NULL, OPTION_IPE_POLICY },
        { "addon", required_argument, NULL, OPTION_ADDON },
        { "feature", required_argument, NULL, OPTION_FEATURE },
        { "module", required_argument, NULL, OPTION_MODULE },
        { "linux", required_argument, NULL, OPTION_LINUX },
        { "sbom", required_argument, NULL, OPTION_SBOM },
        { "file", required_argument, NULL, OPTION_FILE },
        { "compress", required_argument, NULL, OPTION_COMPRESS },
        { "level", required_argument, NULL, OPTION_LEVEL },
        { "force", no_argument, NULL, OPTION_FORCE },
        OPTION_QUIET,
        OPTION_HELP,
        {},
};

static int usage_error(struct trouble *t, const char *what, const char *value, const char *remedy)
{
        return trouble_set(t, OUTCOME_USAGE, "initrd build: %s '%s': %s", what, value, remedy);
}

static void add_to(const char ***list, size_t *n)
{
        *list = tool_grow(*list, *n, sizeof(char *));
        (*list)[(*n)++] = optarg;
}

static int parse_level(struct build_options *o, struct trouble *t)
{
        char *end;
        long n;

        errno = 0;
        n = strtol(optarg, &end, 10);
        if (errno != 0 || end == optarg || *end != '\0' || n < 0 || n > INT_MAX)
                return usage_error(t, "--level", optarg, "a number is wanted");
        o->level = (int) n;
        return 0;
}

static int take(int id, void *userdata, struct trouble *t)
{
        struct build_options *o = userdata;

        switch (id) {
        case OPTION_INIT:
                return options_take_once(&o->init, VERB, "--init", t);
        case OPTION_MODULES_DIR:
                return options_take_once(&o->modules_dir, VERB, "--modules-dir", t);
        case OPTION_CMDLINE:
                return options_take_once(&o->cmdline, VERB, "--cmdline", t);
        case OPTION_OUTPUT:
                return options_take_once(&o->output, VERB, "--output", t);
        case OPTION_FLOOR:
                return options_take_once(&o->floor, VERB, "--floor", t);
        case OPTION_CERTIFICATE:
                add_to(&o->certificates, &o->n_certificates);
                return 0;
        case OPTION_IPE_POLICY:
                add_to(&o->ipe_policies, &o->n_ipe_policies);
                return 0;
        case OPTION_ADDON:
                add_to(&o->addons, &o->n_addons);
                return 0;
        case OPTION_FEATURE:
                if (!feature_find(optarg))
                        return trouble_set_usage(t, VERB, "no such feature", optarg);
                add_to(&o->features, &o->n_features);
                return 0;
        case OPTION_MODULE:
                add_to(&o->modules, &o->n_modules);
                return 0;
        case OPTION_LINUX:
                return options_take_once(&o->linux_image, VERB, "--linux", t);
        case OPTION_SBOM:
                return options_take_once(&o->sbom, VERB, "--sbom", t);
        case OPTION_FILE:
                if (!strstr(optarg, "=/"))
                        return usage_error(t, "--file", optarg, "HOST=GUEST is wanted, GUEST an absolute path");
                add_to(&o->files, &o->n_files);
                return 0;
        case OPTION_COMPRESS:
                if (compression_from_name(optarg, &o->compression) < 0)
                        return usage_error(t, "--compress", optarg, "zstd, xz or none is wanted");
                return 0;
        case OPTION_LEVEL:
                return parse_level(o, t);
        case OPTION_FORCE:
                o->is_forced = true;
                return 0;
        default:
                abort();
        }
}

static int check_complete(struct build_options *o, struct trouble *t)
{
        const struct {
                const char *name, *value;
        } needed[] = { { "--init", o->init }, { "--modules-dir", o->modules_dir }, { "--cmdline", o->cmdline },
                       { "--output", o->output } };

        for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
                if (!needed[i].value)
                        return trouble_set_usage(t, VERB, "option missing", needed[i].name);
        if (o->level < 0)
                o->level = compression_default_level(o->compression);
        if (!compression_takes_level(o->compression, o->level))
                return trouble_set(t, OUTCOME_USAGE, "initrd build: --level %d is not for --compress %s", o->level,
                                   compression_name(o->compression));
        return 0;
}

int build_options_parse(int argc, char *argv[], struct build_options *ret, struct trouble *t)
{
        struct build_options o = { .common = { .verb = VERB }, .compression = COMPRESSION_ZSTD, .level = -1 };
        int r = options_parse(&o.common, argc, argv, long_options, false, take, &o, t);

        if (r == 0 && !o.common.wants_help)
                r = check_complete(&o, t);
        if (r < 0) {
                build_options_done(&o);
                return -1;
        }
        *ret = o;
        return 0;
}

void build_options_done(struct build_options *o)
{
        free(o->features);
        free(o->modules);
        free(o->files);
        free(o->addons);
        free(o->certificates);
        free(o->ipe_policies);
        *o = (struct build_options) {};
}
