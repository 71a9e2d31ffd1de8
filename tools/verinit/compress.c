/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Adapter: libzstd and liblzma, packing. libarchive packs too, but its xz writer has no way to choose CRC32, and the
 * kernel's xz decoder knows no CRC64 (6.12 lib/xz/xz_dec_stream.c).
 */
#include <errno.h>
#include <lzma.h>
#include <zstd.h>

#include "compress.h"

static const struct {
        const char *name;
        int min, max, standard;
} compressions[_COMPRESSION_MAX] = {
        [COMPRESSION_NONE] = { "none", 0, 0, 0 },
        /* 22 asks for a window of 128 MiB, which is the most that the kernel takes (lib/decompress_unzstd.c). */
        [COMPRESSION_ZSTD] = { "zstd", 1, 22, 19 },
        [COMPRESSION_XZ] = { "xz", 0, 9, 6 },
};

const char *compression_name(enum compression c)
{
        return compressions[c].name;
}

int compression_from_name(const char *name, enum compression *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(compressions); i++)
                if (str_equal(name, compressions[i].name)) {
                        *ret = (enum compression) i;
                        return 0;
                }
        return -1;
}

int compression_default_level(enum compression c)
{
        return compressions[c].standard;
}

bool compression_takes_level(enum compression c, int level)
{
        return level >= compressions[c].min && level <= compressions[c].max;
}

static int pack_zstd(int level, const struct buffer *data, struct buffer *b, struct trouble *t)
{
        ZSTD_CCtx *context = ZSTD_createCCtx();
        size_t n;

        if (!context)
                return trouble_set_errno(t, ENOMEM, "cannot compress with zstd");
        (void) ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
        (void) ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
        b->allocated = ZSTD_compressBound(data->size);
        b->data = tool_alloc(b->allocated, 1);
        n = ZSTD_compress2(context, b->data, b->allocated, data->data, data->size);
        (void) ZSTD_freeCCtx(context);
        if (ZSTD_isError(n))
                return trouble_set(t, OUTCOME_TROUBLE, "cannot compress with zstd: %s", ZSTD_getErrorName(n));
        b->size = n;
        return 0;
}

static int pack_xz(int level, const struct buffer *data, struct buffer *b, struct trouble *t)
{
        lzma_ret r;

        b->allocated = lzma_stream_buffer_bound(data->size);
        b->data = tool_alloc(b->allocated, 1);
        r = lzma_easy_buffer_encode((uint32_t) level, LZMA_CHECK_CRC32, NULL, data->data, data->size, b->data, &b->size,
                                    b->allocated);
        return r == LZMA_OK ? 0 : trouble_set(t, OUTCOME_TROUBLE, "cannot compress with xz: liblzma says %d", (int) r);
}

int compress(enum compression c, int level, const struct buffer *data, struct buffer *ret, struct trouble *t)
{
        _cleanup_buffer_ struct buffer b = {};
        int r = -1;

        switch (c) {
        case COMPRESSION_NONE:
                r = buffer_append(&b, data->data, data->size);
                if (r < 0)
                        return trouble_set_errno(t, ENOMEM, "cannot write the archive");
                break;
        case COMPRESSION_ZSTD:
                r = pack_zstd(level, data, &b, t);
                break;
        case COMPRESSION_XZ:
                r = pack_xz(level, data, &b, t);
                break;
        case _COMPRESSION_MAX:
                return trouble_set(t, OUTCOME_TROUBLE, "no such compression");
        }
        if (r < 0)
                return -1;
        *ret = b;
        b = (struct buffer) {};
        return 0;
}

size_t compress_zstd_frame(const uint8_t *data, size_t size)
{
        size_t n = ZSTD_findFrameCompressedSize(data, size);

        return ZSTD_isError(n) ? 0 : n;
}
