/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Of port os.h the parts for IPE, for the machine made of files: a kernel that takes every policy whose rules it can read. Whether its
 * keyrings have the signer's key no file says.
 */
#include <errno.h>

#include "verinit/crypto.h"
#include "verinit/fsat.h"
#include "verinit/ipe.h"
#include "verinit/ipe_rules.h"

#include "machine.h"

static int put(int root_fd, const char *dir, const char *name, const void *data, size_t size)
{
        _cleanup_free_ char *path = tool_format("%s/%s", dir, name);

        return fsat_create(root_fd, path, data, size, 0600);
}

static bool is_readable(const void *policy, size_t size)
{
        static struct ipe_rules rules;
        const struct iovec message = { .iov_base = (void *) (uintptr_t) policy, .iov_len = size };
        struct error ignored = {};
        void *text = NULL;
        size_t n = 0;
        bool is_good = crypto_signed_content(&message, &text, &n, &ignored) >= 0 && ipe_rules_parse(text, n, &rules, &ignored) >= 0;

        free(text);
        return is_good;
}

int os_deploy_ipe(int root_fd, const void *policy, size_t size)
{
        _cleanup_free_ char *dir = NULL;
        struct ipe_header header;
        struct error ignored = {};
        int r;

        if (ipe_policy_read(policy, size, &header, &ignored) < 0 || !is_readable(policy, size))
                return -EBADMSG;
        dir = tool_format(IPE_DIR "/policies/%s", header.name);
        if (fsat_exists(root_fd, dir))
                return -EEXIST;
        r = fsat_mkdir_p(root_fd, dir, 0755);
        if (r >= 0)
                r = put(root_fd, dir, "name", header.name, strlen(header.name));
        if (r >= 0)
                r = put(root_fd, dir, "version", header.version, strlen(header.version));
        if (r >= 0)
                r = put(root_fd, dir, "active", "0", 1);
        return r < 0 ? r : put(root_fd, dir, "pkcs7", policy, size);
}

int os_drop_capability(_unused_ unsigned capability)
{
        return 0;
}
