/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "feature.h"

const struct feature features[] = {
        /*
         * dm-verity binds its digest when the table is loaded: an accelerated one that comes later stays unused
         * for the whole uptime (6.12; built into the library in 7.x, where these modules are gone).
         */
        { .name = "verity", .needs = { "dm_verity" }, .helpers = { "sha256_ssse3", "sha256_arm64", "sha2_ce" } },

        { .name = "erofs", .needs = { "erofs" } },
        { .name = "ext4", .needs = { "ext4" } },
        { .name = "squashfs", .needs = { "squashfs" } },
        { .name = "xfs", .needs = { "xfs" } },
        { .name = "btrfs", .needs = { "btrfs" } },
        { .name = "overlay", .needs = { "overlay" } },
        { .name = "efivarfs", .needs = { "efivarfs" } },
        /* The mount asks for its code pages by request_module(), which finds no modprobe in an initramfs. */
        { .name = "vfat", .needs = { "vfat" }, .helpers = { "nls_cp437", "nls_ascii", "nls_iso8859_1" } },

        { .name = "virtio-blk", .is_bus = true, .needs = { "virtio_blk" }, .helpers = { "virtio_pci" } },
        { .name = "virtio-scsi", .is_bus = true, .needs = { "virtio_scsi", "sd_mod" }, .helpers = { "virtio_pci" } },
        { .name = "nvme", .is_bus = true, .needs = { "nvme" } },
        { .name = "ahci", .is_bus = true, .needs = { "ahci", "sd_mod" } },
        { .name = "hyperv", .is_bus = true, .needs = { "hv_vmbus", "hv_storvsc", "sd_mod", "pci_hyperv" } },

        /*
         * What watches over the machine (watchdog= of the floor). Which driver it takes, the machine says; the two
         * before iTCO_wdt make its device. A hypervisor has one of these, or none: then softdog, which dies with the kernel.
         */
        { .name = "watchdog", .is_bus = true,
          .helpers = { "i6300esb", "i2c_i801", "lpc_ich", "iTCO_wdt", "sp5100_tco", "sbsa_gwdt" } },
        { .name = "softdog", .needs = { "softdog" } },
        {},
};

const struct feature *feature_find(const char *name)
{
        for (const struct feature *f = features; f->name; f++)
                if (str_equal(f->name, name))
                        return f;
        return NULL;
}

const char *const default_features[] = {
        "verity", "erofs", "overlay", "efivarfs", "virtio-blk", "virtio-scsi", "nvme", "ahci", NULL,
};
