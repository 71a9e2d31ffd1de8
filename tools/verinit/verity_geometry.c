/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verinit verity geometry: the superblock of a hash tree as the word that pins it, before anything is signed. PID 1's own
 * parser reads it: what it would refuse at boot has no word.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verinit/verity.h"

#include "options.h"

static const char usage[] =
        "Usage: verinit verity geometry --hash-device FILE [--hash-offset BYTES]\n"
        "\n"
        "Reads the superblock of a hash tree and prints the word that pins the shape of its volume: init.verity=… for\n"
        "the signed command line (verinit-cmdline(7)). Behind a superblock that is not at the beginning of the hash block\n"
        "before the tree, systemd.verity_usr_options=hash-offset=… too.\n"
        "\n"
        "  --hash-device FILE     what veritysetup format wrote the hash tree to: a file or a block device\n"
        "  --hash-offset BYTES    where the superblock lies in it; default: 0\n"
        "  --help                 this text\n"
        "\n"
        "Exit status: 0 printed, 1 trouble, 2 wrong usage, 3 not a superblock that PID 1 would take.\n"
        "\n"
        "Examples:\n"
        "  verinit verity geometry --hash-device usr.verity\n"
        "  pin=$(verinit verity geometry --hash-device usr.img --hash-offset 209461248)\n"
        "  echo \"usrhash=$hash verity.usr=PARTLABEL=usr $pin\" >cmdline\n";

struct geometry_options {
        struct options common;
        const char *hash_device;
        uint64_t hash_offset;
        bool has_offset;
};

#define VERB "verity geometry"

/* As on the command line of the kernel: decimal, a multiple of a sector. */
static int take_offset(const char *text, struct geometry_options *o, struct trouble *t)
{
        uint64_t bytes;

        if (o->has_offset)
                return trouble_set_usage(t, VERB, "option given twice", "--hash-offset");
        if (!cmdline_number_parse(text, &bytes))
                return trouble_set_usage(t, VERB, "--hash-offset is a number of bytes, not", text);
        if (bytes % 512 != 0)
                return trouble_set_usage(t, VERB, "--hash-offset is no multiple of 512:", text);
        o->hash_offset = bytes;
        o->has_offset = true;
        return 0;
}

static int take(int id, void *userdata, struct trouble *t)
{
        struct geometry_options *o = userdata;

        return id == 'd' ? options_take_once(&o->hash_device, VERB, "--hash-device", t) : take_offset(optarg, o, t);
}

static int read_superblock(const struct geometry_options *o, uint8_t bytes[static VERITY_SUPERBLOCK_BYTES],
                           struct trouble *t)
{
        _cleanup_fd_ int fd = -1;
        struct stat st;
        size_t done = 0;

        /* A FIFO without a writer would block the open. */
        fd = open(o->hash_device, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 || fstat(fd, &st) < 0)
                return trouble_set_errno(t, errno, "cannot open %s", o->hash_device);
        if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
                return trouble_set(t, OUTCOME_TROUBLE, "%s is neither a regular file nor a block device", o->hash_device);
        while (done < VERITY_SUPERBLOCK_BYTES) {
                ssize_t n = pread(fd, bytes + done, VERITY_SUPERBLOCK_BYTES - done, (off_t) (o->hash_offset + done));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return trouble_set_errno(t, errno, "cannot read %s", o->hash_device);
                if (n == 0)
                        return trouble_set(t, OUTCOME_FALSE, "%s ends before byte %llu: there is no superblock",
                                           o->hash_device,
                                           (unsigned long long) (o->hash_offset + VERITY_SUPERBLOCK_BYTES));
                done += (size_t) n;
        }
        return 0;
}

int verity_geometry(int argc, char *argv[], struct trouble *t)
{
        char text[VERITY_GEOMETRY_TEXT_MAX];
        uint8_t bytes[VERITY_SUPERBLOCK_BYTES];
        static const struct option list[] = {
                { "hash-device", required_argument, NULL, 'd' }, { "hash-offset", required_argument, NULL, 'o' }, OPTION_HELP, {},
        };
        struct geometry_options o = { .common = { .verb = VERB } };
        struct verity_geometry geometry;
        struct verity_superblock sb;
        struct error err = {};
        const char *why;

        if (options_parse(&o.common, argc, argv, list, false, take, &o, t) < 0 ||
            options_demand(&o.common, o.hash_device, "--hash-device", t) < 0)
                return -1;
        if (o.common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        if (read_superblock(&o, bytes, t) < 0)
                return -1;
        if (verity_superblock_parse(bytes, &sb, &err) < 0) {
                (void) trouble_from_error(t, &err);
                return trouble_prefix(t, "%s at byte %llu", o.hash_device, (unsigned long long) o.hash_offset);
        }
        geometry = verity_geometry_of(&sb, o.hash_offset);
        why = verity_geometry_check(&geometry);
        if (why)
                return trouble_set(t, OUTCOME_FALSE, "%s at byte %llu cannot be pinned: %s", o.hash_device,
                                   (unsigned long long) o.hash_offset, why);
        verity_geometry_format(&geometry, text);
        printf("init.verity=%s", text);
        /* The word says where the tree begins. That the superblock is not in the block before, it does not. */
        if (verity_superblock_before(geometry.hash_start_block, geometry.hash_block_bytes) != o.hash_offset)
                printf(" systemd.verity_usr_options=hash-offset=%llu", (unsigned long long) o.hash_offset);
        putchar('\n');
        return 0;
}
