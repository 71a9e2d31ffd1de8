/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A machine as a temporary tree: what PID 1 reads of the initramfs, /proc, /sys and /dev, with a verity volume in
 * dev/vda1 and dev/vda2, and its signature in dev/vda4. The fakes of the ports are set to go with it.
 */
#pragma once

#include "verinit/floor.h"

/* What this machine cannot show or does not by itself, and what it cannot show without has_tpm. All else the floor of a test demands. */
#define FAKE_FLOOR "pinned-geometry=allow\nipe=allow\ndebug=allow\n"
#define FAKE_NO_FIRMWARE "secure-boot=allow\ncmdline-replay=allow\n"

/* PARTUUID of vda3, the ESP: what systemd-stub leaves in StubDevicePartUUID, and what facts hold of it. */
#define FAKE_BOOT_PARTUUID "2f6b0f6e-1c3a-4b8e-9a77-5d0c3e9b4f01"

/* The Name of the key that its TPM keeps, as tpm-ek= of a floor has it. */
#define FAKE_MACHINE_TPM_KEY "000babababababababababababababababababababababababababababababababab"

struct fake_machine_options {
        const char *floor;      /* as written by hand: baked-cmdline=, modules= and certificate= are filled in; NULL: none */
        const char *extra_words; /* behind the baked command line, in /proc/cmdline only */
        bool is_unpacked;        /* the initramfs has no etc/verinit/cmdline */
        const char *addon_words; /* behind the baked command line, as an add-on that systemd-stub measured */
        const char *archive;     /* the text of one more event in PCR 12, for an archive that systemd-stub made */
        const char *smbios;      /* a string of the machine's SMBIOS */
        unsigned processors;     /* 0: one */
        bool has_tpm;            /* and with it firmware with variables, and a measured UKI */
        bool has_selinux;
        const char *ipe[FLOOR_MAX_IPE_POLICIES]; /* texts of policies in the initramfs, which the floor names; NULL behind the last */
        const char *ipe_of_usr;  /* text of one in /usr, which the command line names; NULL */
        bool lacks_ipe;          /* the kernel does not run it */
        bool is_pinned;          /* the command line has init.verity= */
        bool is_padded;          /* the volume is longer than its file system says */
        bool has_empty_drive;    /* sr0, beside the disk and before it */
        bool has_watchdog;
        const char *last_failure; /* the data of VerinitLastFailure; NULL: there is none */
        bool is_unsigned;        /* neither a signature partition, dev/vda4, nor a certificate in the floor */
};

void fake_machine_make(const struct fake_machine_options *options);
void fake_machine_remove(void);

/* vdb: a second disk with one partition, vdb1, at the same place as vda1, and of this PARTUUID. */
void fake_machine_put_second_disk(const char *partuuid);

/* other0, other1 …: whole disks of 1 MiB. */
void fake_machine_put_other_disks(unsigned n);

/* One more file, or another text for one that is there. */
void fake_machine_put(const char *path, const char *text);

/* A floor as it stands here, with nothing filled in, and its digest into the note. */
void fake_machine_put_floor(const char *text);

int fake_machine_fd(void); /* of the tree as it began; stays valid after the switch */
