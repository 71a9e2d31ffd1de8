/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"
#include "verinit/uevent.h"

struct message {
        const char *bytes;
        size_t size;
        bool is_relevant;
};

#define MESSAGE(text, is) { .bytes = (text), .size = sizeof(text), .is_relevant = (is) }
#define CUT(text) { .bytes = (text), .size = sizeof(text) - 1, .is_relevant = false }

static const struct message messages[] = {
        /* as a kernel 6.12 sends them */
        MESSAGE("add@/devices/pci0000:00/0000:00:04.0/virtio1/block/vda/vda1\0ACTION=add\0"
                "DEVPATH=/devices/pci0000:00/0000:00:04.0/virtio1/block/vda/vda1\0SUBSYSTEM=block\0MAJOR=254\0MINOR=1\0"
                "DEVNAME=vda1\0DEVTYPE=partition\0DISKSEQ=9\0PARTN=1\0PARTNAME=esp\0SEQNUM=1234", true),
        MESSAGE("add@/devices/pci0000:00/0000:00:05.0\0ACTION=add\0DEVPATH=/devices/pci0000:00/0000:00:05.0\0"
                "SUBSYSTEM=pci\0PCI_CLASS=10000\0MODALIAS=pci:v00001AF4d00001042sv00001AF4sd00001100bc01sc00i00\0"
                "SEQNUM=1200", true),
        MESSAGE("change@/devices/virtual/block/dm-0\0ACTION=change\0SUBSYSTEM=block\0SEQNUM=1", true),
        MESSAGE("remove@/block/sda\0ACTION=remove\0SUBSYSTEM=block\0SEQNUM=2", false),
        MESSAGE("bind@/devices/x\0ACTION=bind\0SUBSYSTEM=pci\0MODALIAS=pci:x\0SEQNUM=3", false),
        MESSAGE("add@/module/erofs\0ACTION=add\0SUBSYSTEM=module\0SEQNUM=4", false),
        MESSAGE("add@/devices/virtual/bdi/254:0\0ACTION=add\0SUBSYSTEM=bdi\0SEQNUM=5", false),
        MESSAGE("add@/devices/MSFT0101:00/tpmrm/tpmrm0\0ACTION=add\0DEVPATH=/devices/MSFT0101:00/tpmrm/tpmrm0\0"
                "SUBSYSTEM=tpmrm\0MAJOR=253\0MINOR=65536\0DEVNAME=tpmrm0\0SEQNUM=1300", true),
        /* any order */
        MESSAGE("add@/x\0SUBSYSTEM=block\0ACTION=add", true),
        /* values that only look like it */
        MESSAGE("add@/x\0ACTION=add\0SUBSYSTEM=blockx", false),
        MESSAGE("add@/x\0ACTION=adds\0SUBSYSTEM=block", false),
        MESSAGE("add@/x\0PARTNAME=SUBSYSTEM=block\0ACTION=add", false),
        MESSAGE("add@/x\0XACTION=add\0SUBSYSTEM=block", false),
        /* not of this form: udev's own, an empty one, cut off */
        MESSAGE("libudev\0ACTION=add\0SUBSYSTEM=block", false),
        MESSAGE("ACTION=add\0SUBSYSTEM=block", false),
        MESSAGE("", false),
        CUT(""),
        CUT("add@/x"),
        CUT("add@/x\0ACTION=add\0SUBSYSTEM=block\0SEQNUM=12"),
        CUT("add@/x\0ACTION=add\0SUBSYSTEM=block"),
};

static void test_messages(_unused_ void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
                const struct message *m = &messages[i];
                char *exact = malloc(m->size > 0 ? m->size : 1); /* so that a read beyond it is seen */

                assert_non_null(exact);
                memcpy(exact, m->bytes, m->size);
                if (uevent_is_relevant(exact, m->size) != m->is_relevant)
                        fail_msg("message %zu: %s", i, m->bytes);
                free(exact);
        }
}

static void test_bound(_unused_ void **state)
{
        static const char tail[] = "ACTION=add\0SUBSYSTEM=block";
        static char big[UEVENT_MAX_BYTES + 1];
        size_t n;

        for (n = UEVENT_MAX_BYTES; n <= UEVENT_MAX_BYTES + 1; n++) {
                memset(big, 'x', sizeof(big));
                memcpy(big, "add@/", 5);
                big[n - sizeof(tail) - 1] = 0;
                memcpy(big + n - sizeof(tail), tail, sizeof(tail));
                assert_int_equal(uevent_is_relevant(big, n), n == UEVENT_MAX_BYTES);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_messages),
                cmocka_unit_test(test_bound),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
