/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage mac: the IPE policies; then the SELinux policy of the verified /usr, enforcing, read back, measured.
 *
 * After it no module can be loaded and nothing but labelled files of /usr can be started; before it no unverified file
 * system is parsed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>

#include "verinit/boot.h"
#include "verinit/fsat.h"
#include "verinit/ipe.h"
#include "verinit/log.h"
#include "verinit/policy.h"
#include "verinit/sepolicy.h"

#define SELINUXFS "sys/fs/selinux"

struct selinux_policy {
        char dir[320];  /* "/sysusr/etc/selinux/default" */
        char file[32];  /* "policy/policy.33" */
        void *data;
        size_t size;
        struct digest digest;
};

static int sha256(const void *data, size_t size, struct digest *ret, struct error *err)
{
        const struct iovec part = { .iov_base = (void *) data, .iov_len = size };

        return crypto_digest(DIGEST_SHA256, &part, 1, ret, err);
}

/* The host's systemd obeys this file when it loads the policy again; better refused here than undone there. */
static int check_config(struct boot *boot, const char *selinux_dir, char *ret_type, size_t size, struct error *err)
{
        struct policy_config config;
        char path[256], text[POLICY_CONFIG_MAX_BYTES + 1];
        ssize_t n;
        int r;

        snprintf(path, sizeof(path), "%s/config", selinux_dir);
        n = fsat_read(boot->root_fd, path, text, sizeof(text));
        if (n < 0)
                return error_set(err, FAIL_POLICY_MISSING_CODE, (int) -n, "cannot read /%s", path);
        r = policy_config_parse(text, (size_t) n, &config, err);
        if (r < 0)
                return error_prefix(err, "/%s", path);
        /* enforcing=1 overrules "permissive" there (libselinux 3.8 load_policy.c); nothing overrules "disabled". */
        if (config.mode != POLICY_MODE_ENFORCING &&
            !(config.mode == POLICY_MODE_PERMISSIVE && boot->config.enforcing_asked))
                return error_set(err, FAIL_POLICY_CONFIG_WEAK_CODE, EPERM, "/%s says SELINUX=%s", path,
                                 policy_mode_name(config.mode));
        (void) str_copy(ret_type, size, config.type);
        return 0;
}

static int read_selinux_policy(struct boot *boot, struct selinux_policy *p, struct error *err)
{
        char selinux_dir[192], type[POLICY_TYPE_MAX];
        struct policy_file file = { .fd = -1 };
        _cleanup_fd_ int type_fd = -1, file_fd = -1;
        unsigned max = 0;
        int r;

        snprintf(selinux_dir, sizeof(selinux_dir), USR_MOUNT_DIR "/%s", boot->config.floor.selinux_dir);
        r = check_config(boot, selinux_dir, type, sizeof(type), err);
        if (r < 0)
                return r;
        snprintf(p->dir, sizeof(p->dir), "/%s/%s", selinux_dir, type);
        type_fd = openat(boot->root_fd, p->dir + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (type_fd < 0)
                return error_set(err, FAIL_POLICY_MISSING_CODE, errno, "cannot open %s", p->dir);
        r = sepolicy_max_version(&max, err);
        if (r < 0)
                return r;
        r = policy_file_open(type_fd, max, &file, err);
        if (r < 0)
                return error_prefix(err, "%s", p->dir);
        file_fd = file.fd;
        (void) str_copy(p->file, sizeof(p->file), file.name);
        r = fsat_read_alloc(type_fd, p->file, POLICY_MAX_BYTES, &p->data, &p->size);
        if (r < 0)
                return error_set(err, FAIL_POLICY_MISSING_CODE, -r, "cannot read %s/%s", p->dir, p->file);
        log_debug("%s: %zu bytes", p->file, p->size);
        stage_lap("read");
        r = sha256(p->data, p->size, &p->digest, err);
        stage_lap("digest");
        return r;
}

/*
 * The lock comes before the digest of what the kernel says that it runs: the boolean is part of that, and so it is the same
 * for as long as the machine runs. systemd's own load is refused then, and it goes on with ours (v257 src/core/selinux-setup.c).
 */
static int load_and_enforce(struct boot *boot, const struct selinux_policy *p, struct error *err)
{
        enum selinux_lock lock = boot->plan.selinux_lock;
        int r;

        r = sepolicy_load(p->data, p->size, err);
        if (r < 0)
                return error_prefix(err, "%s", p->file);
        stage_lap("load");
        r = sepolicy_enforce(err);
        if (r < 0)
                return r;
        stage_lap("enforce");
        if (lock == SELINUX_LOCK_EARLY)
                r = sepolicy_lock(err);
        else if (lock == SELINUX_LOCK_LATE)
                r = sepolicy_check_lockable(err);
        if (r < 0)
                return error_prefix(err, "%s", p->file);
        (void) str_copy(boot->evidence.selinux_lock, sizeof(boot->evidence.selinux_lock), selinux_lock_name(lock));
        stage_lap("lock");
        return 0;
}

/* What the kernel says that it runs, and as what we run: a context "kernel" means that nothing was loaded. */
static int read_back(struct boot *boot, struct error *err)
{
        struct evidence *e = &boot->evidence;
        _cleanup_free_ void *loaded = NULL;
        struct digest digest;
        size_t size = 0;
        int r;

        r = sepolicy_own_context(e->selinux_context, sizeof(e->selinux_context), err);
        if (r < 0)
                return r;
        if (str_equal(e->selinux_context, "kernel") || e->selinux_context[0] == '\0')
                return error_set(err, FAIL_ENFORCE_FAILED_CODE, EPROTO, "PID 1 runs as '%s' after the policy was loaded",
                                 e->selinux_context);
        r = fsat_read_alloc(boot->root_fd, SELINUXFS "/policy", POLICY_MAX_BYTES, &loaded, &size);
        if (r < 0)
                return error_set(err, FAIL_POLICY_LOAD_FAILED_CODE, -r, "cannot read the policy back");
        stage_lap("read back");
        r = sha256(loaded, size, &digest, err);
        if (r < 0)
                return r;
        stage_lap("digest of that");
        digest_hex(&digest, e->selinux_loaded_digest);
        (void) str_copy(e->selinux_state, sizeof(e->selinux_state), "enforcing");
        return 0;
}

static int measure_policy(struct boot *boot, const struct selinux_policy *p, struct error *err)
{
        char word[MEASURE_WORD_MAX + 1];
        int r;

        if (boot->plan.steps[STAGE_MEASURE].is_skipped)
                return 0;
        measure_word_policy(&p->digest, word);
        r = measure_extend(&boot->measure, MEASURE_PCR_WORDS, word, err);
        if (r < 0)
                return r;
        evidence_word(&boot->evidence, MEASURE_PCR_WORDS, word);
        return 0;
}

int stage_mac(struct boot *boot, struct error *err)
{
        struct evidence *e = &boot->evidence;
        _cleanup_free_ void *data = NULL;
        struct selinux_policy p = {};
        int r;

        /* Under an enforcing SELinux policy the kernel takes none any more. */
        r = ipe_load(boot, err);
        if (r < 0)
                return r;
        stage_lap("ipe");
        if (boot->plan.steps[STAGE_MAC].is_skipped) {
                (void) str_copy(e->selinux_state, sizeof(e->selinux_state), "absent");
                return stage_skip(boot, STAGE_MAC, boot->plan.steps[STAGE_MAC].reason);
        }
        r = os_mount("selinuxfs", "/" SELINUXFS, "selinuxfs", MS_NOSUID | MS_NOEXEC, NULL);
        if (r < 0)
                return error_set(err, FAIL_API_MOUNT_FAILED_CODE, -r, "cannot mount selinuxfs at /" SELINUXFS);
        r = sepolicy_open(err);
        if (r < 0)
                return r;
        r = read_selinux_policy(boot, &p, err);
        data = p.data;
        if (r < 0)
                return r;
        (void) str_copy(e->selinux_policy_file, sizeof(e->selinux_policy_file), p.file);
        digest_hex(&p.digest, e->selinux_policy_digest);

        r = load_and_enforce(boot, &p, err);
        if (r < 0)
                return r;
        r = read_back(boot, err);
        if (r < 0)
                return r;
        r = measure_policy(boot, &p, err);
        if (r < 0)
                return r;
        r = sepolicy_open_labels(p.dir, err);
        if (r < 0)
                return r;
        stage_lap("file contexts");
        log_info("SELinux is enforcing, %s, as %s%s", p.file, e->selinux_context,
                 boot->plan.selinux_lock == SELINUX_LOCK_EARLY ? ", and locked" : "");
        return 0;
}
