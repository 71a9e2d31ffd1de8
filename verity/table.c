/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The device-mapper table of a verity volume, as the kernel itself writes it out: verity_status() with
 * STATUSTYPE_TABLE in 6.12 drivers/md/dm-verity-target.c, in which the corruption mode precedes the error mode
 * whatever the order they were given in. Thus what is loaded and what is read back are equal as text.
 */
#include "verinit/verity.h"

#include <errno.h>
#include <stdio.h>
#include <sys/sysmacros.h>

/*
 * Both, always: without panic_on_error an attacker who can make reads of the disk fail, rather than return wrong
 * bytes, gets plain EIO and a system that stumbles on.
 */
static const char *corruption_options(enum corruption_mode mode)
{
        switch (mode) {
        case CORRUPTION_PANIC:
                return "panic_on_corruption panic_on_error";
        case CORRUPTION_RESTART:
                return "restart_on_corruption restart_on_error";
        }
        return NULL;
}

/* A word of the table: the kernel takes it apart at blanks, and a backslash is its quote. */
static bool is_key_name(const char *name)
{
        size_t n = strlen(name);

        for (size_t i = 0; i < n; i++)
                if (name[i] <= ' ' || name[i] > '~' || name[i] == '\\')
                        return false;
        return n > 0 && n <= VERITY_KEY_NAME_MAX;
}

/* "N word…" as verity_status() and verity_fec_status_table() write them. */
static int format_options(const struct verity_table_options *options, char *ret, size_t size, struct error *err)
{
        const char *modes = corruption_options(options->corruption);
        const struct verity_fec *fec = options->fec;
        unsigned n_words = 2;
        char fec_words[192] = "";

        if (!modes)
                return error_set(err, FAIL_BUG_CODE, EINVAL, "verity table: corruption mode %d is unknown",
                                 (int) options->corruption);
        if (options->signature_key && !is_key_name(options->signature_key))
                return error_set(err, FAIL_BUG_CODE, EINVAL, "verity table: \"%.32s\" is no name for a key",
                                 options->signature_key);
        if (fec) {
                n_words += 8;
                (void) snprintf(fec_words, sizeof(fec_words),
                                " use_fec_from_device %u:%u fec_blocks %llu fec_start %llu fec_roots %u",
                                major(fec->dev), minor(fec->dev), (unsigned long long) fec->blocks,
                                (unsigned long long) fec->start_block, fec->roots);
        }
        if (options->signature_key)
                n_words += 2;
        (void) snprintf(ret, size, "%u %s%s%s%s", n_words, modes, fec_words,
                        options->signature_key ? " root_hash_sig_key_desc " : "",
                        options->signature_key ? options->signature_key : "");
        return 0;
}

int verity_table_format(const struct verity_superblock *sb, const struct verity_tree *tree, const uint8_t *root_hash,
                        dev_t data_dev, dev_t hash_dev, const struct verity_table_options *options,
                        struct verity_table *ret, struct error *err)
{
        char root_hex[DIGEST_MAX_HEX], salt_hex[2 * VERITY_SALT_MAX + 1] = "-", words[448];
        struct verity_table table = {};
        int n, r;

        r = format_options(options, words, sizeof(words), err);
        if (r < 0)
                return r;
        hex_encode(root_hash, digest_size(sb->alg), root_hex);
        if (sb->salt_size > 0)
                hex_encode(sb->salt, sb->salt_size, salt_hex);
        n = snprintf(table.params, sizeof(table.params), "%u %u:%u %u:%u %u %u %llu %llu %s %s %s %s", sb->hash_type,
                     major(data_dev), minor(data_dev), major(hash_dev), minor(hash_dev), sb->data_block_bytes,
                     sb->hash_block_bytes, (unsigned long long) sb->data_blocks,
                     (unsigned long long) tree->hash_start_block, digest_name(sb->alg), root_hex, salt_hex, words);
        if (n < 0 || (size_t) n >= sizeof(table.params))
                return error_set(err, FAIL_BUG_CODE, ENOBUFS, "verity table: longer than %zu bytes",
                                 sizeof(table.params));
        /* No overflow: verity_tree_layout() made sure that the data fits its device. */
        table.length_sectors = sb->data_blocks * (sb->data_block_bytes / 512);

        *ret = table;
        return 0;
}
