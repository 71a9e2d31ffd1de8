/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which policy it is. Chosen by being the only one, so that what PID 1 loads, what the host loads again and what was
 * measured at build cannot be three files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "verinit/fsat.h"
#include "verinit/le.h"
#include "verinit/policy.h"

enum { VERSION_DIGITS = 4 };

struct found {
        unsigned n;
        unsigned version; /* the newest */
        unsigned other;   /* one more, for the message */
};

/* N of "policy.N", or 0. "policy.033" or "policy.33.bak" is a name that libselinux would not make up either. */
static unsigned version_of_name(const char *name)
{
        const char *p = str_after(name, "policy.");
        unsigned version = 0;

        if (!p || *p == '0' || !*p || strlen(p) > VERSION_DIGITS)
                return 0;
        for (; *p; p++) {
                if (*p < '0' || *p > '9')
                        return 0;
                version = version * 10 + (unsigned) (*p - '0');
        }
        return version;
}

static int note_name(const char *name, void *userdata)
{
        struct found *found = userdata;
        unsigned version = version_of_name(name);

        if (version == 0)
                return 0;
        found->n++;
        if (version > found->version) {
                found->other = found->version;
                found->version = version;
        } else
                found->other = version;
        return 0;
}

static int open_regular(int dir_fd, const char *path, struct error *err)
{
        _cleanup_fd_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
        struct stat st;

        if (fd < 0)
                return error_set(err, FAIL_POLICY_MISSING_CODE, errno, "%s: cannot be opened: %s", path,
                                 errno_name(errno));
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return error_set(err, FAIL_POLICY_MISSING_CODE, EINVAL, "%s: not a regular file", path);
        return fd_steal(&fd);
}

int policy_file_open(int type_dir_fd, unsigned max_version, struct policy_file *ret, struct error *err)
{
        struct policy_file file = { .fd = -1 };
        struct found found = { 0 };
        int r;

        r = fsat_each(type_dir_fd, "policy", note_name, &found);
        if (r < 0)
                return error_set(err, FAIL_POLICY_MISSING_CODE, -r, "policy: cannot be listed: %s", errno_name(-r));
        if (found.n == 0)
                return error_set(err, FAIL_POLICY_MISSING_CODE, ENOENT, "policy: there is no policy.N in it");
        if (found.n > 1)
                return error_set(err, FAIL_POLICY_AMBIGUOUS_CODE, EEXIST, "policy: it has policy.%u and policy.%u",
                                 found.version, found.other);
        if (found.version > max_version)
                return error_set(err, FAIL_POLICY_VERSION_CODE, EOPNOTSUPP,
                                 "policy/policy.%u: this kernel takes versions up to %u", found.version, max_version);

        file.version = found.version;
        (void) snprintf(file.name, sizeof(file.name), "policy/policy.%u", file.version);
        file.fd = open_regular(type_dir_fd, file.name, err);
        if (file.fd < 0)
                return file.fd;
        *ret = file;
        return 0;
}

/* UAPI: security/selinux/ss/policydb.c policydb_read(): magic, length of a text, "SE Linux", version; little-endian. */
int policy_read_version(const uint8_t *bytes, size_t size, unsigned *ret)
{
        static const char text[] = "SE Linux";
        const size_t n = sizeof(text) - 1;

        if (size < 8 + n + 4 || le32_read(bytes) != 0xf97cff8c || le32_read(bytes + 4) != n || memcmp(bytes + 8, text, n) != 0)
                return -EBADMSG;
        *ret = le32_read(bytes + 8 + n);
        return 0;
}
