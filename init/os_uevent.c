/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting for devices by the kernel's own messages (NETLINK_KOBJECT_UEVENT, group 1). Part of the adapter os.h.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "os_poll.h"
#include "verinit/os.h"
#include "verinit/uevent.h"

enum {
        GROUP_KERNEL = 1,
        RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024, /* virtual until used; probing a large machine sends thousands */
        /*
         * A disk that comes up sends a dozen events within a few ms (controller, target, disk, bdi, partitions). To
         * sleep over the burst costs less than to scan /sys for each, and the partitions are there at the first scan.
         */
        BURST_NAP_US = 10 * 1000,
};

int os_open_uevents(void)
{
        const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = GROUP_KERNEL };
        const int one = 1, bytes = RECEIVE_BUFFER_BYTES;
        _cleanup_fd_ int fd = -1;

        fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
        if (fd < 0)
                return -errno;
        if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) < 0)
                return -errno;
        /* With a smaller one an overrun is likelier, and an overrun is answered by a scan: not a fault. */
        (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
        if (bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        return fd_steal(&fd);
}

/* Another process may send to the group if it has CAP_NET_ADMIN; only the kernel has port 0 and no process. */
static bool is_from_kernel(struct msghdr *msg, const struct sockaddr_nl *from)
{
        struct cmsghdr *c = CMSG_FIRSTHDR(msg);
        struct ucred cred;

        if (msg->msg_namelen < sizeof(*from) || from->nl_pid != 0 || from->nl_groups != GROUP_KERNEL)
                return false;
        if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS ||
            c->cmsg_len != CMSG_LEN(sizeof(cred)))
                return false;
        memcpy(&cred, CMSG_DATA(c), sizeof(cred));
        return cred.uid == 0 && cred.pid == 0;
}

/* One message: 1 relevant, 0 not, -EAGAIN none left. An overrun is relevant: what was lost is not known. */
static int take_one(int fd)
{
        char text[UEVENT_MAX_BYTES];
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(sizeof(struct ucred))];
        } control;
        struct sockaddr_nl from = { 0 };
        struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) };
        struct msghdr msg = {
                .msg_name = &from,
                .msg_namelen = sizeof(from),
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);

        if (n < 0)
                return errno == ENOBUFS ? 1 : errno == EINTR ? 0 : -errno;
        if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || !is_from_kernel(&msg, &from))
                return 0;
        return uevent_is_relevant(text, (size_t) n);
}

/* All that are there: 1 at least one was relevant, 0 none was, -errno. */
static int drain(int fd)
{
        bool is_relevant = false;
        int r;

        while ((r = take_one(fd)) >= 0)
                is_relevant = is_relevant || r > 0;
        return r == -EAGAIN ? is_relevant : r;
}

/* Sleeps over the burst that a first event begins, then takes all of it. */
static int drain_burst(int fd, uint64_t end_us)
{
        uint64_t left_us = os_time_left_us(end_us);

        os_sleep_us(left_us < BURST_NAP_US ? left_us : BURST_NAP_US);
        return drain(fd);
}

int os_wait_uevent(int fd, uint64_t *timeout_us, unsigned *wakeups)
{
        uint64_t start_us = os_boottime_us(), passed_us;
        uint64_t end_us = *timeout_us < UINT64_MAX - start_us ? start_us + *timeout_us : UINT64_MAX;
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int r;

        do {
                r = os_poll_until(&p, 1, end_us);
                ++*wakeups;
                if (r > 0) {
                        r = drain_burst(fd, end_us);
                        ++*wakeups;
                        if (r == 0)
                                r = -EINTR; /* none that we wait for: sleep on */
                } else if (r == 0 && os_time_left_us(end_us) > 0)
                        r = -EINTR; /* the two clocks differ over a suspend */
        } while (r == -EINTR);

        passed_us = os_boottime_us() - start_us;
        *timeout_us = passed_us < *timeout_us ? *timeout_us - passed_us : 0;
        return r;
}
