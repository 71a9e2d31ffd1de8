/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of an IPE policy: the text as the kernel reads it (6.12 and 7.3 security/ipe/policy_parser.c), and what it would answer
 * (security/ipe/eval.c). Pure.
 */
#pragma once

#include "verinit/digest.h"
#include "verinit/ipe_policy.h"

enum { IPE_MAX_RULES = 256, IPE_MAX_PROPERTIES = 8 };

enum ipe_action { IPE_DENY = 0, IPE_ALLOW };
const char *ipe_action_name(enum ipe_action action); /* "DENY" */

/* All that 6.12 and 7.3 know. */
enum ipe_op {
        IPE_OP_EXECUTE = 0, /* exec, and mapping as executable */
        IPE_OP_KMODULE,
        IPE_OP_FIRMWARE,
        IPE_OP_KEXEC_IMAGE,
        IPE_OP_KEXEC_INITRAMFS,
        IPE_OP_POLICY,    /* of IMA */
        IPE_OP_X509_CERT, /* of IMA and EVM */
        _IPE_OP_MAX,
};
const char *ipe_op_name(enum ipe_op op); /* "EXECUTE" */
enum ipe_op ipe_op_from_name(const char *name, size_t n); /* _IPE_OP_MAX: there is none of this name */

enum ipe_property_kind {
        IPE_BOOT_VERIFIED = 0,   /* TRUE: a file of the initramfs */
        IPE_DMVERITY_ROOTHASH,   /* a file of the volume with this root hash */
        IPE_DMVERITY_SIGNATURE,  /* TRUE: of a volume whose root hash's signature the kernel has verified */
        IPE_FSVERITY_DIGEST,
        IPE_FSVERITY_SIGNATURE,
        _IPE_PROPERTY_MAX,
};
const char *ipe_property_name(enum ipe_property_kind kind); /* "boot_verified" */

struct ipe_property {
        enum ipe_property_kind kind;
        bool value;           /* of those that are TRUE or FALSE */
        struct digest digest; /* of the others */
};

struct ipe_rule {
        unsigned line; /* from 1, as editors count: a CR by itself ends a rule and no line, so that several may have one number */
        enum ipe_op op;
        enum ipe_action action;
        size_t n_properties; /* 0: whatever the file */
        struct ipe_property properties[IPE_MAX_PROPERTIES];
};

struct ipe_default {
        unsigned line; /* 0: none is given */
        enum ipe_action action;
};

struct ipe_rules {
        struct ipe_header header;
        size_t n;
        struct ipe_rule list[IPE_MAX_RULES]; /* in the order of the text: the first that matches decides */
        struct ipe_default all, of_op[_IPE_OP_MAX];
};

/*
 * Stricter than the kernel, never looser: one text means one thing to both. At most IPE_POLICY_MAX_BYTES and IPE_MAX_RULES. A digest
 * is one of SHA-256, SHA-384 or SHA-512, as dm-verity and fs-verity have them here. IPE_POLICY_MALFORMED.
 */
int ipe_rules_parse(const char *text, size_t size, struct ipe_rules *ret, struct error *err);

/* What holds where no rule matches. */
const struct ipe_default *ipe_rules_default(const struct ipe_rules *rules, enum ipe_op op);

/* What the kernel knows of a file. Zeros: one of a file system that nothing verifies, or memory that is no file at all. */
struct ipe_file {
        bool is_boot_verified, has_dmverity_signature, has_fsverity_signature;
        struct digest dmverity_roothash, fsverity_digest; /* DIGEST_NONE: there is none */
};

/* What the kernel answers. *ret_line, which may be NULL: the line that decides. */
enum ipe_action ipe_rules_decide(const struct ipe_rules *rules, enum ipe_op op, const struct ipe_file *file, unsigned *ret_line);

/* What a policy for a node must not have. */
enum ipe_fault {
        IPE_ALLOWED_BY_DEFAULT = 0, /* EXECUTE, KMODULE, KEXEC_IMAGE or KEXEC_INITRAMFS, where no rule matches */
        IPE_ALLOWS_UNVERIFIED,      /* one of these, of a file that nothing verifies */
        IPE_ALLOWS_INITRAMFS,       /* anything of the initramfs: on 6.12 root can still write there when the host runs */
        IPE_DENIES_ALL,             /* no rule allows to execute anything: PID 1 could not start the host's systemd */
        IPE_DENIES_VOLUME,          /* EXECUTE from the volume that was named */
        _IPE_FAULT_MAX,
};
const char *ipe_fault_name(enum ipe_fault fault); /* "allowed-by-default" */

struct ipe_finding {
        enum ipe_fault fault;
        enum ipe_op op;
        unsigned line; /* the one that decides; 0: none does */
};

/* How many, at most IPE_MAX_FINDINGS; 0: sound. root_hash NULL: no volume is asked for. */
enum { IPE_MAX_FINDINGS = 3 * _IPE_OP_MAX };
size_t ipe_rules_judge(const struct ipe_rules *rules, const struct digest *root_hash, struct ipe_finding ret[static IPE_MAX_FINDINGS]);
