/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * init/os_uevent.c: what the kernel really sends, and, in a network namespace where it sends nothing, what others forge.
 */
#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "namespaces.h"
#include "verinit/fsat.h"
#include "verinit/os.h"

static const char forged[] = "add@/devices/x\0ACTION=add\0SUBSYSTEM=block\0DEVNAME=vda";

static int open_socket(void)
{
        int fd = os_open_uevents();

        CHECK(fd >= 0);
        CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
        return fd;
}

static int sender(void)
{
        return socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
}

static bool forge(int fd, const struct sockaddr_nl *to)
{
        return sendto(fd, forged, sizeof(forged), 0, (const struct sockaddr *) to, sizeof(*to)) ==
               (ssize_t) sizeof(forged);
}

static void silence(void)
{
        uint64_t timeout_us = 60 * 1000, start_us = os_boottime_us();
        unsigned wakeups = 5;

        CHECK(os_wait_uevent(open_socket(), &timeout_us, &wakeups) == 0);
        CHECK(timeout_us == 0 && wakeups == 6);
        CHECK(os_boottime_us() - start_us >= 60 * 1000);
        CHECK(os_wait_uevent(open_socket(), &timeout_us, &wakeups) == 0);
        CHECK(wakeups == 7);
        timeout_us = 1000;
        CHECK(os_wait_uevent(open("/dev/null", O_RDONLY | O_CLOEXEC), &timeout_us, &wakeups) == -ENOTSOCK);
        CHECK(os_wait_uevent(99, &timeout_us, &wakeups) == -EBADF);
}

/* Neither to the group nor straight to our port does another process's message count. */
static void forgeries(void)
{
        struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = 1 }, port = { .nl_family = AF_NETLINK };
        socklen_t size = sizeof(port);
        uint64_t timeout_us = 60 * 1000;
        int fd = open_socket(), other = sender();
        unsigned wakeups = 0;

        CHECK(getsockname(fd, (struct sockaddr *) &port, &size) == 0);
        port.nl_groups = 0;
        CHECK(forge(other, &group) && forge(other, &port));
        CHECK(os_wait_uevent(fd, &timeout_us, &wakeups) == 0);
        CHECK(timeout_us == 0);
        CHECK(wakeups >= 2 && wakeups <= 4); /* it did arrive */
}

/* What was lost is not known: look again. */
static void overrun(void)
{
        struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = 1 };
        uint64_t timeout_us = 10 * 1000 * 1000;
        int fd = open_socket(), other = sender(), small = 1;
        unsigned wakeups = 0;

        CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)) == 0);
        for (unsigned i = 0; i < 1000; i++)
                (void) forge(other, &group);
        CHECK(os_wait_uevent(fd, &timeout_us, &wakeups) == 1);
        CHECK(timeout_us > 0 && timeout_us < 10 * 1000 * 1000);
}

static void test_nothing_comes(_unused_ void **state)
{
        run_in_child(CLONE_NEWNET, silence);
}

static void test_forgeries_are_slept_through(_unused_ void **state)
{
        run_in_child(CLONE_NEWNET, forgeries);
}

static void test_an_overrun_is_an_answer(_unused_ void **state)
{
        run_in_child(CLONE_NEWNET, overrun);
}

static int trigger(const char *name, void *userdata)
{
        char path[300];

        (void) userdata;
        (void) snprintf(path, sizeof(path), "/sys/class/block/%s/uevent", name);
        return fsat_write(AT_FDCWD, path, "change") == 0 ? 1 : 0;
}

/* A burst of the kernel's own, as `udevadm trigger` makes them. */
static void test_the_kernel_is_heard(_unused_ void **state)
{
        _cleanup_fd_ int fd = os_open_uevents();
        uint64_t timeout_us = 30 * 1000 * 1000;
        unsigned wakeups = 0;

        assert_true(fd >= 0);
        for (unsigned i = 0; i < 20; i++)
                if (fsat_each(AT_FDCWD, "/sys/class/block", trigger, NULL) != 1)
                        fail_msg("no block device here can be triggered: run this as root");
        assert_int_equal(os_wait_uevent(fd, &timeout_us, &wakeups), 1);
        assert_true(timeout_us > 0);
        assert_int_equal(wakeups, 2); /* the first event, and the nap over the burst */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing_comes),
                cmocka_unit_test(test_forgeries_are_slept_through),
                cmocka_unit_test(test_an_overrun_is_an_answer),
                cmocka_unit_test(test_the_kernel_is_heard),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
