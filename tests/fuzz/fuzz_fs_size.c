/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/verity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct fs_size fs = {}, again = {};
        uint64_t blocks, end;

        if (!fs_size_parse(data, size, &fs)) {
                FUZZ_ASSERT(!fs.type && fs.bytes == 0);
                return 0;
        }
        FUZZ_ASSERT(str_equal(fs.type, "erofs") || str_equal(fs.type, "ext4") || str_equal(fs.type, "squashfs"));
        FUZZ_ASSERT(fs.bytes > 0 && fs.bytes <= INT64_MAX);
        FUZZ_ASSERT(fs.unit >= 512 && fs.unit <= 65536 && (fs.unit & (fs.unit - 1)) == 0);
        end = fs_size_end(&fs);
        FUZZ_ASSERT(end >= fs.bytes && end % 4096 == 0 && end - fs.bytes < 4096);

        /* What lies behind the first 2 KiB has no say. */
        FUZZ_ASSERT(fs_size_parse(data, size < FS_SIZE_HEAD_BYTES ? size : FS_SIZE_HEAD_BYTES, &again));
        FUZZ_ASSERT(again.bytes == fs.bytes && str_equal(again.type, fs.type));

        for (uint32_t block = 512; block <= VERITY_BLOCK_MAX; block *= 2) {
                blocks = fs.bytes / block + (fs.bytes % block != 0);
                FUZZ_ASSERT(fs_size_is(&fs, blocks, block));
                FUZZ_ASSERT(!fs_size_is(&fs, blocks - 1, block));
                FUZZ_ASSERT(!fs_size_is(&fs, blocks + 65536 / 512, block));
        }
        return 0;
}
