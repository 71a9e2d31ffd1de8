/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verinit image verify: an image of a disk, looked at as firmware, systemd-stub and PID 1 would.
 */
#pragma once

#include "json_value.h"
#include "machine.h"
#include "predict.h"

enum image_verdict { IMAGE_REFUSED = 0, IMAGE_UNDECIDED, IMAGE_SKIPPED, IMAGE_OK };

enum image_check_kind {
        IMAGE_ABOUT_FILES = 0, /* of the builder's, before any boot */
        IMAGE_BY_FIRMWARE,
        IMAGE_BY_STAGE, /* PID 1's: its name is the stage's */
        IMAGE_BEYOND,   /* what no boot looks at as a whole, and what it should measure */
};

struct image_check {
        const char *name;
        enum image_check_kind kind;
        enum image_verdict verdict;
        bool has_code;
        enum fail_code code;  /* with has_code */
        const char *firmware; /* its word, in place of a code; NULL */
        char *message;
};

enum { IMAGE_MAX_CHECKS = 32, IMAGE_MAX_FILES = 256, IMAGE_MAX_CERTIFICATES = MACHINE_MAX_CERTIFICATES };

struct image_checks {
        size_t n;
        struct image_check list[IMAGE_MAX_CHECKS];
};

/* In the order of the work. Several may have one name: each counts, and image_find() gives the first. */
void image_say(struct image_checks *checks, const char *name, enum image_check_kind kind, enum image_verdict verdict, const char *fmt,
               ...) _printf_(5, 6);
void image_say_error(struct image_checks *checks, const char *name, enum image_check_kind kind, const struct error *err);
const struct image_check *image_find(const struct image_checks *checks, const char *name); /* NULL */
void image_checks_done(struct image_checks *checks);
/* That by which the boot would end, in the order of a boot; NULL: by none. */
const struct image_check *image_first_refusal(const struct image_checks *checks);
enum outcome image_outcome(const struct image_checks *checks, bool is_quick);
const char *image_verdict_name(enum image_verdict verdict);

struct image_options {
        struct options *common;
        size_t n_disks;
        const char *disks[MACHINE_MAX_DISKS];
        const char *uki, *initrd, *cmdline, *uname, *append, *measurements;
        size_t n_certificates;
        const char *certificates[IMAGE_MAX_CERTIFICATES];
        bool is_quick, lacks_tpm, lacks_secure_boot;
};

struct image_file {
        char *path; /* on the ESP: "/EFI/Linux/node.efi" */
        struct buffer data;
};

struct image_files {
        size_t n;
        struct image_file list[IMAGE_MAX_FILES];
};

void image_files_done(struct image_files *files);

#define IMAGE_GLOBAL_ADDONS "/loader/addons"
#define IMAGE_GLOBAL_CREDENTIALS "/loader/credentials"
#define IMAGE_DEFAULT_LOADER "/EFI/BOOT/BOOTX64.EFI"

/* The EFI System Partition of the first disk. partuuid NULL: there is none. */
struct image_esp {
        int disk_fd;
        uint64_t offset_bytes;
        const char *partuuid;
        size_t n;
        char *paths[IMAGE_MAX_FILES]; /* sorted, bytewise */
        const char *left_out;         /* why there may be files that are not among them; NULL */
};

int image_esp_list(const struct machine_disk *disk, struct image_esp *ret, struct trouble *t);
int image_esp_read(const struct image_esp *esp, const char *path, size_t max, struct buffer *ret, struct trouble *t);
const char *image_esp_find(const struct image_esp *esp, const char *path); /* as it is spelled there; NULL */
bool image_esp_is_in(const char *path, const char *dir, const char *suffix); /* without regard to case, as FAT has it */
void image_esp_done(struct image_esp *esp);

/* What is started: the UKI and what systemd-stub takes from beside it, or a kernel's parts. */
struct image_boot {
        struct uki uki;       /* has_uki */
        bool has_uki;
        bool is_loader; /* the firmware starts it itself: no other file stands before it */
        const char *uki_path; /* on the ESP, or where --uki is; borrowed */
        char *beside;         /* the directory of its add-ons, on the ESP */
        struct buffer initrd; /* without a UKI */
        size_t n_enrolled;
        struct buffer enrolled[IMAGE_MAX_CERTIFICATES]; /* DER, of --cert */
        struct image_files loaders; /* that the firmware starts before it */
        const char *chain_doubt;    /* why others may be started before it, or between; NULL */
        struct image_files addons, credentials, global_credentials, sysexts, confexts;
        bool is_addon_loaded[IMAGE_MAX_FILES];
        bool is_addon_unread[IMAGE_MAX_FILES]; /* not sound for us, which is no proof that the firmware does not load it */
        struct predict_input in; /* of all these, what the predictor takes: see image_boot_take_beside() */
        struct buffer cmdline;     /* as the kernel gets it, with a NUL behind */
        struct buffer addon_words; /* likewise */
        struct buffer log;         /* what the firmware's log would be */
};

int image_boot_find(const struct image_options *o, const struct image_esp *esp, struct image_boot *b, struct image_checks *checks,
                    struct trouble *t);
/* --cert: what is enrolled in the machine. */
int image_boot_read_certificates(const struct image_options *o, struct image_boot *b, struct machine *m, struct trouble *t);
/* Signatures, where certificates were given; and which add-ons the firmware would load. */
int image_boot_check_signatures(const struct image_options *o, struct image_boot *b, struct image_checks *checks, struct trouble *t);
/*
 * Fills in b->in, once it is known which add-ons are loaded. What systemd-stub may do with a file or a section beside the UKI that is
 * not modelled here leaves "beside" undecided.
 */
void image_boot_take_beside(const struct image_esp *esp, struct image_boot *b, struct image_checks *checks);
int image_boot_make_cmdline(const struct image_options *o, struct image_boot *b, struct image_checks *checks, struct trouble *t);
/* What the firmware starts first, if that is not the UKI. */
int image_boot_check_loader(const struct image_options *o, const struct image_esp *esp, struct image_boot *b,
                            struct image_checks *checks, struct trouble *t);
void image_boot_done(struct image_boot *b);

/* All archives of the initramfs, into the root. */
int image_unpack_initramfs(struct image_boot *b, struct machine *m, struct image_checks *checks, struct trouble *t);

/* One that systemd-stub installs, and measures: its magic number is right. */
bool image_is_devicetree(const uint8_t *data, size_t size);
/* The log that firmware, systemd-stub and kernel would write, and the PCRs that it comes to. */
int image_log_make(struct image_boot *b, const char *smbios_extra, struct trouble *t);

/* PID 1's stages, to where the verified /usr is in use; then what they leave to later. */
int image_run_stages(struct machine *m, bool is_quick, struct image_checks *checks, struct trouble *t);
const char *image_policy_digest(void); /* hexadecimal, of the policy that PID 1 would load; empty: none */

/* What the boot measures, and whether it is what FILE says. */
int image_predict(const struct image_options *o, struct image_boot *b, struct image_checks *checks, struct trouble *t);

void image_print_text(const struct image_options *o, const struct machine *m, const struct image_checks *checks);
int image_print_json(const struct image_options *o, const struct machine *m, const struct image_checks *checks, struct trouble *t);
