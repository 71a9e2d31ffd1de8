/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel does on our behalf with its security modules; libc only.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>

#include "verinit/ipe.h"
#include "verinit/os.h"

/* Its parts would each be a policy to the kernel: what is not taken at once is not taken. */
int os_deploy_ipe(int root_fd, const void *policy, size_t size)
{
        _cleanup_fd_ int fd = openat(root_fd, IPE_DIR "/new_policy", O_WRONLY | O_CLOEXEC | O_NOCTTY);
        ssize_t n;

        if (fd < 0)
                return -errno;
        do
                n = write(fd, policy, size);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return (size_t) n == size ? 0 : -EIO;
}

int os_drop_capability(unsigned capability)
{
        int r;

        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
                return -errno;
        r = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
        return r < 0 ? -errno : r == 0 ? 0 : -EPERM;
}
