/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/crypto.h"
#include "verinit/ipe_policy.h"

int ipe_policy_read(const void *p7b, size_t size, struct ipe_header *ret, struct error *err)
{
        const struct iovec message = { .iov_base = (void *) (uintptr_t) p7b, .iov_len = size };
        _cleanup_free_ void *text = NULL;
        size_t text_size = 0;
        int r;

        r = crypto_signed_content(&message, &text, &text_size, err);
        return r < 0 ? r : ipe_header_parse(text, text_size, ret, err);
}
