/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A machine made of files, for PID 1's stages to run on: a directory with what the kernel would show below /, and the disks as they are.
 * The ports of PID 1 that name the kernel, the TPM and the device-mapper are answered for it (machine_os.c, machine_ipe.c, machine_tpm.c,
 * machine_dm.c, machine_sepolicy.c); nothing of the machine that this runs on is asked or changed.
 *
 * The hardware is assumed to be good: every device that the initramfs has a driver for, a TPM, Secure Boot with the keys that are
 * needed, unless it is said to be without.
 */
#pragma once

#include "verinit/boot.h"

#include "tree.h"

enum { MACHINE_MAX_DISKS = 4, MACHINE_MAX_CERTIFICATES = 8, MACHINE_ESP_NONE = 0 };

struct machine_disk {
        const char *path; /* borrowed */
        char name[8];     /* the kernel's: "vda" */
        int fd;           /* read-only */
        struct partition_table table;
        int slices[BLOCKDEV_MAX_PARTITIONS]; /* each partition that was opened: a nameless copy; -1 */
};

struct machine {
        char path[512]; /* scratch */
        int fd;
        int root_fd;    /* what PID 1 sees as / */
        size_t n_disks;
        struct machine_disk disks[MACHINE_MAX_DISKS]; /* the first is the one that is booted from */
        bool has_firmware, has_secure_boot, has_tpm;
        bool is_selinux_named; /* the command line says that the kernel runs it */
        bool is_lsm_named;     /* the command line has the whole list of them */
        char lsm[LSM_LIST_MAX]; /* what the kernel would list */
        char release[64];      /* of the kernel */
        unsigned version;      /* of it, 1000 * major + minor; 0: not known */
        size_t n_enrolled;     /* certificates in the firmware's db, of which the kernel makes its platform keyring */
        struct digest enrolled[MACHINE_MAX_CERTIFICATES]; /* SHA-256 of their DER */
        int usr_fd;            /* the data of /usr, once it was found; -1 */
        const char *selinux_dir; /* of the floor; NULL before config */
        bool loads_ipe;        /* a policy is named, since config */
        char ipe_name[DIGEST_MAX_HEX + 8]; /* of the file in /usr, if that is where it is; else empty */
        unsigned policy_max;   /* of a SELinux policy's versions the kernel takes at least those up to this; 0: not known */
        bool is_policy_max_exact;
        char *left_out;        /* what stands in the initramfs or in /usr and cannot be shown here; NULL: nothing */
};

void machine_init(struct machine *m);
void machine_done(struct machine *m);

/* DISK is opened read-only: a regular file or a block device. */
int machine_add_disk(struct machine *m, const char *path, struct trouble *t);

/* The scratch directory, and in it an empty root. */
int machine_make(struct machine *m, struct trouble *t);

/* One archive of the initramfs over those before, as the kernel does: a file takes the place of a directory and the reverse. */
int machine_unpack(struct machine *m, const struct tree *tree, struct trouble *t);

struct machine_firmware {
        const char *cmdline;          /* as the kernel gets it */
        const char *boot_partuuid;    /* NULL: not known */
        const char *smbios_extra;     /* io.systemd.stub.kernel-cmdline-extra=; NULL */
        const struct buffer *log;     /* NULL: there is none */
};

/* What the kernel shows of hardware, firmware and disks: in place once PID 1 has mounted it. */
int machine_populate(struct machine *m, const struct machine_firmware *firmware, struct trouble *t);

/* Says why the answer of a stage is not the last word; the first counts. */
void machine_leave_out(struct machine *m, const char *fmt, ...) _printf_(2, 3);

/* The machine that the ports answer for: there is one. */
extern struct machine *the_machine;

/* For the ports. */
struct machine_disk *machine_find_disk(struct machine *m, const char *name, unsigned *ret_number); /* number 0: the disk itself */
int machine_open_partition(struct machine *m, struct machine_disk *d, unsigned number); /* fd or -errno */
int machine_mount_usr(struct machine *m, const char *fstype);                           /* 0 or -errno: what mount(2) would say */

/* Of an ext4: what stage mac reads of DIR, made below TARGET of the scratch directory. -1: debugfs cannot read it. */
int machine_take_ext4(struct machine *m, const char *dir, const char *target);
/* Likewise for IPE: NAME of DIR, and that there is a *.p7b where NAME is NULL. */
int machine_take_ext4_policy(struct machine *m, const char *dir, const char *name, const char *target);
bool machine_is_plain_path(const char *path);

/* PCRs of the machine's TPM: SHA-256. */
void machine_tpm_set(unsigned pcr, const struct digest *value);
void machine_tpm_get(unsigned pcr, struct digest *ret);
