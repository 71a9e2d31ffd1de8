/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long a file system says it is, from its own superblock in the first 2 KiB. Read twice: from verified blocks, where it
 * is the signed number of data blocks in other words; and, where nothing says where the hash tree begins, from
 * unverified ones, as a hint where to look.
 *
 * Only what is needed to find that number is looked at: the kernel judges the rest when it mounts.
 */
#include "verinit/verity.h"

#include "verinit/le.h"

/* Offsets in the volume. erofs: fs/erofs/erofs_fs.h; ext4: fs/ext4/ext4.h; squashfs: fs/squashfs/squashfs_fs.h. */
enum {
        EROFS_AT = 1024,
        EROFS_BLOCK_BITS = EROFS_AT + 12,
        EROFS_BLOCKS_HI = EROFS_AT + 14, /* with 48-bit addresses; else the root's number */
        EROFS_BLOCKS_LO = EROFS_AT + 36,
        EROFS_INCOMPAT = EROFS_AT + 80,
        EROFS_ROOT = EROFS_AT + 112,
        EROFS_END = EROFS_AT + 128,

        EXT4_AT = 1024,
        EXT4_BLOCKS_LO = EXT4_AT + 0x4,
        EXT4_LOG_BLOCK = EXT4_AT + 0x18,
        EXT4_MAGIC = EXT4_AT + 0x38,
        EXT4_REVISION = EXT4_AT + 0x4c,
        EXT4_INCOMPAT = EXT4_AT + 0x60,
        EXT4_BLOCKS_HI = EXT4_AT + 0x150,
        EXT4_END = EXT4_AT + 0x154,

        SQUASHFS_VERSION = 28,
        SQUASHFS_BYTES_USED = 40,
        SQUASHFS_END = 96,

        SQUASHFS_PADDING = 4096, /* mksquashfs fills up to this, behind what it counts */
};

#define EROFS_MAGIC_NUMBER UINT32_C(0xe0f5e1e2)
#define EROFS_INCOMPAT_48BIT UINT32_C(0x80)
#define EXT4_MAGIC_NUMBER 0xef53
#define EXT4_INCOMPAT_JOURNAL_DEVICE UINT32_C(0x8)
#define EXT4_INCOMPAT_64BIT UINT32_C(0x80)
#define SQUASHFS_MAGIC_NUMBER UINT32_C(0x73717368)

static bool set_size(struct fs_size *fs, const char *type, uint64_t blocks, unsigned block_bits)
{
        if (blocks == 0 || blocks > (uint64_t) INT64_MAX >> block_bits)
                return false;
        *fs = (struct fs_size) { .type = type, .bytes = blocks << block_bits, .unit = UINT32_C(1) << block_bits };
        return true;
}

static bool parse_erofs(const uint8_t *head, size_t size, struct fs_size *fs)
{
        uint64_t blocks;

        if (size < EROFS_END || le32_read(head + EROFS_AT) != EROFS_MAGIC_NUMBER)
                return false;
        if (head[EROFS_BLOCK_BITS] < 9 || head[EROFS_BLOCK_BITS] > 16)
                return false;
        blocks = le32_read(head + EROFS_BLOCKS_LO);
        if (le32_read(head + EROFS_INCOMPAT) & EROFS_INCOMPAT_48BIT && le64_read(head + EROFS_ROOT) != 0)
                blocks |= (uint64_t) le16_read(head + EROFS_BLOCKS_HI) << 32;
        return set_size(fs, "erofs", blocks, head[EROFS_BLOCK_BITS]);
}

/*
 * Its ancestors too: to the kernel they are one driver. The magic is short, and lies in the UUID of an erofs, whose own magic is no
 * number of inodes that an ext4 would have.
 */
static bool parse_ext4(const uint8_t *head, size_t size, struct fs_size *fs)
{
        uint32_t log_block, incompat;
        uint64_t blocks;

        if (size < EXT4_END || le16_read(head + EXT4_MAGIC) != EXT4_MAGIC_NUMBER ||
            le32_read(head + EROFS_AT) == EROFS_MAGIC_NUMBER)
                return false;
        log_block = le32_read(head + EXT4_LOG_BLOCK);
        incompat = le32_read(head + EXT4_REVISION) == 0 ? 0 : le32_read(head + EXT4_INCOMPAT);
        if (log_block > 6 || incompat & EXT4_INCOMPAT_JOURNAL_DEVICE)
                return false;
        blocks = le32_read(head + EXT4_BLOCKS_LO);
        if (incompat & EXT4_INCOMPAT_64BIT)
                blocks |= (uint64_t) le32_read(head + EXT4_BLOCKS_HI) << 32;
        return set_size(fs, "ext4", blocks, 10 + log_block);
}

static bool parse_squashfs(const uint8_t *head, size_t size, struct fs_size *fs)
{
        uint64_t bytes;

        if (size < SQUASHFS_END || le32_read(head) != SQUASHFS_MAGIC_NUMBER)
                return false;
        bytes = le64_read(head + SQUASHFS_BYTES_USED);
        if (le32_read(head + SQUASHFS_VERSION) != 4 || bytes < SQUASHFS_END || bytes > INT64_MAX)
                return false;
        *fs = (struct fs_size) { .type = "squashfs", .bytes = bytes, .unit = SQUASHFS_PADDING };
        return true;
}

bool fs_size_parse(const uint8_t *head, size_t size, struct fs_size *ret)
{
        static bool (*const parsers[])(const uint8_t *, size_t, struct fs_size *) = {
                parse_erofs, parse_ext4, parse_squashfs,
        };
        struct fs_size found = {}, fs;
        unsigned n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(parsers); i++)
                if (parsers[i](head, size, &fs)) {
                        found = fs;
                        n++;
                }
        /* Two at once: which of them will be mounted is not for this code to guess. */
        if (n != 1)
                return false;
        *ret = found;
        return true;
}

static uint64_t round_up(uint64_t n, uint64_t to)
{
        return (n + to - 1) / to * to; /* no overflow: n is below 2^63, and to a power of two of at most 512 KiB */
}

bool fs_size_is(const struct fs_size *fs, uint64_t data_blocks, uint32_t data_block_bytes)
{
        uint64_t least = round_up(fs->bytes, data_block_bytes), most = round_up(fs->bytes, fs->unit), data_bytes;

        if (most < least)
                most = least;
        if (__builtin_mul_overflow(data_blocks, (uint64_t) data_block_bytes, &data_bytes))
                return false;
        return data_bytes >= least && data_bytes <= most;
}

uint64_t fs_size_end(const struct fs_size *fs)
{
        return round_up(fs->bytes, SQUASHFS_PADDING);
}
