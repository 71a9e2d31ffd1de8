/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * IPE policies on their way into the kernel. Which they are was signed with the UKI, by digest; that they are signed themselves is the
 * kernel's to check. Before SELinux is enforcing: then the kernel asks for capability2 mac_admin, which no policy gives to PID 1.
 */
#include <errno.h>
#include <stdio.h>

#include "verinit/crypto.h"
#include "verinit/floor_check.h"
#include "verinit/fsat.h"
#include "verinit/ipe.h"
#include "verinit/log.h"

struct signed_policy {
        char path[160];  /* below the root of now */
        char shown[160]; /* as who built the image knows it */
        void *data;
        size_t size;
        struct ipe_header header;
};

static void policies_done(struct signed_policy (*policies)[FLOOR_MAX_IPE_POLICIES])
{
        for (size_t i = 0; i < ARRAY_SIZE(*policies); i++)
                free((*policies)[i].data);
}

static int refuse_p7b(const char *name, void *userdata)
{
        size_t n = strlen(name);

        if (n < 4 || !str_equal(name + n - 4, ".p7b"))
                return 0;
        (void) snprintf(userdata, 256, "%s", name);
        return 1;
}

/*
 * systemd has a loader of its own (v257 src/core/ipe-setup.c). It comes later, when the kernel takes no policy any more, and freezes
 * over that; better said here. /etc/ipe is the host's own and may be anybody's.
 */
static int check_alone(struct boot *boot, struct error *err)
{
        static const char *const dirs[] = { IPE_SYSTEMD_DIRS };

        for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
                char path[64], name[256];
                int r;

                (void) snprintf(path, sizeof(path), USR_MOUNT_DIR "/%s", dirs[i]);
                r = fsat_each(boot->root_fd, path, refuse_p7b, name);
                if (r < 0 && r != -ENOENT && r != -ENOTDIR)
                        return error_set(err, FAIL_IPE_POLICY_AMBIGUOUS_CODE, -r, "cannot look into /%s: %s", path, errno_name(-r));
                if (r > 0)
                        return error_set(err, FAIL_IPE_POLICY_AMBIGUOUS_CODE, EEXIST,
                                         "/usr/%s/%s is systemd's to load, and PID 1 of the initramfs has an IPE policy to load", dirs[i],
                                         name);
        }
        return 0;
}

static int refuse_unread(struct error *err, enum ipe_source source, const struct signed_policy *p, int r)
{
        if (source == IPE_INITRAMFS)
                return error_set(err, FAIL_FLOOR_FILE_MISMATCH_CODE, -r, "the floor names an IPE policy, and %s cannot be read: %s",
                                 p->shown, errno_name(-r));
        return error_set(err, FAIL_IPE_POLICY_MISSING_CODE, -r, "the command line names an IPE policy, and %s cannot be read: %s",
                         p->shown, errno_name(-r));
}

/* One of the initramfs may be of another archive; one of /usr is what was signed with it, and then the image does not fit the line. */
static int check_digest(const struct ipe_named *named, const struct signed_policy *p, struct error *err)
{
        const struct iovec part = { .iov_base = p->data, .iov_len = p->size };
        char wanted_hex[DIGEST_MAX_HEX], seen_hex[DIGEST_MAX_HEX];
        struct digest seen;
        int r;

        if (named->source == IPE_INITRAMFS)
                return floor_check_file(p->path, "ipe-policy", &named->sha256, p->data, p->size, err);
        r = crypto_digest(DIGEST_SHA256, &part, 1, &seen, err);
        if (r < 0)
                return error_prefix(err, "%s", p->shown);
        if (digest_equal(&named->sha256, &seen))
                return 0;
        digest_hex(&named->sha256, wanted_hex);
        digest_hex(&seen, seen_hex);
        return error_set(err, FAIL_IPE_POLICY_MISMATCH_CODE, EBADMSG, "%s has the SHA-256 %s; the command line names %s", p->shown,
                         seen_hex, wanted_hex);
}

static int read_signed_policy(struct boot *boot, const struct ipe_named *named, struct signed_policy *p, struct error *err)
{
        char hex[DIGEST_MAX_HEX];
        int r;

        digest_hex(&named->sha256, hex);
        (void) snprintf(p->path, sizeof(p->path), "%s/%s.p7b",
                        named->source == IPE_INITRAMFS ? IPE_INITRAMFS_DIR : USR_MOUNT_DIR "/" IPE_USR_DIR, hex);
        (void) snprintf(p->shown, sizeof(p->shown), "/%s/%s.p7b",
                        named->source == IPE_INITRAMFS ? IPE_INITRAMFS_DIR : "usr/" IPE_USR_DIR, hex);
        r = fsat_read_alloc(boot->root_fd, p->path, IPE_POLICY_MAX_BYTES, &p->data, &p->size);
        if (r < 0)
                return refuse_unread(err, named->source, p, r);
        r = check_digest(named, p, err);
        if (r < 0)
                return r;
        r = ipe_policy_read(p->data, p->size, &p->header, err);
        return r < 0 ? error_prefix(err, "%s", p->shown) : 0;
}

static int deploy(struct boot *boot, const struct signed_policy *p, struct error *err)
{
        int r = os_deploy_ipe(boot->root_fd, p->data, p->size);

        switch (-r) {
        case 0:
                return 0;
        case ENOKEY:
                return error_set(err, FAIL_KERNEL_KEY_MISSING_CODE, ENOKEY,
                                 "IPE policy %s: no keyring of the kernel has the key that signed it", p->header.name);
        case EKEYREJECTED:
                return error_set(err, FAIL_KERNEL_KEY_REJECTED_CODE, EKEYREJECTED, "IPE policy %s: the kernel rejects its signature, which does not match, is revoked by dbx, or has S/MIME attributes "
                                 "(sign with -noattr)", p->header.name);
        default:
                return error_set(err, FAIL_IPE_LOAD_FAILED_CODE, -r, "IPE policy %s %s: the kernel does not take it: %s",
                                 p->header.name, p->header.version, errno_name(-r));
        }
}

static int activate(struct boot *boot, const struct signed_policy *p, struct error *err)
{
        char path[160];
        int r;

        (void) snprintf(path, sizeof(path), IPE_DIR "/policies/%s/active", p->header.name);
        r = fsat_write(boot->root_fd, path, "1");
        return r < 0 ? error_set(err, FAIL_IPE_LOAD_FAILED_CODE, -r, "IPE policy %s %s: the kernel does not activate it: %s",
                                 p->header.name, p->header.version, errno_name(-r)) : 0;
}

/* One line of a file of IPE's directory. */
static int expect(struct boot *boot, const char *file, const char *wanted, struct error *err)
{
        char path[192], text[IPE_NAME_MAX + 2];
        ssize_t n;

        (void) snprintf(path, sizeof(path), IPE_DIR "/%s", file);
        n = fsat_read_line(boot->root_fd, path, text, sizeof(text));
        if (n < 0)
                return error_set(err, FAIL_IPE_NOT_ENFORCED_CODE, (int) -n, "cannot read /%s back: %s", path, errno_name((int) -n));
        return str_equal(text, wanted) ? 0 : error_set(err, FAIL_IPE_NOT_ENFORCED_CODE, EPROTO, "/%s says '%s', expected '%s'", path,
                                                       text, wanted);
}

static int expect_of(struct boot *boot, const struct signed_policy *p, const char *file, const char *wanted, struct error *err)
{
        char name[96];

        (void) snprintf(name, sizeof(name), "policies/%s/%s", p->header.name, file);
        return expect(boot, name, wanted, err);
}

/* By its name the kernel shows the very bytes that it was given. */
static int read_back(struct boot *boot, const struct signed_policy *p, bool is_active, struct error *err)
{
        _cleanup_free_ void *seen = NULL;
        char path[160];
        size_t size = 0;
        int r;

        r = expect_of(boot, p, "name", p->header.name, err);
        if (r == 0)
                r = expect_of(boot, p, "version", p->header.version, err);
        if (r == 0)
                r = expect_of(boot, p, "active", is_active ? "1" : "0", err);
        if (r < 0)
                return r;
        (void) snprintf(path, sizeof(path), IPE_DIR "/policies/%s/pkcs7", p->header.name);
        r = fsat_read_alloc(boot->root_fd, path, IPE_POLICY_MAX_BYTES, &seen, &size);
        if (r < 0)
                return error_set(err, FAIL_IPE_NOT_ENFORCED_CODE, -r, "cannot read /%s back: %s", path, errno_name(-r));
        return size == p->size && memcmp(seen, p->data, size) == 0 ? 0 :
               error_set(err, FAIL_IPE_NOT_ENFORCED_CODE, EPROTO, "/%s is not the policy that the kernel was given", path);
}

static void note(struct boot *boot, const struct signed_policy *p, const struct ipe_named *named)
{
        struct evidence_ipe_policy *e = &boot->evidence.ipe.policies[boot->evidence.ipe.n_policies++];

        e->header = p->header;
        digest_hex(&named->sha256, e->digest);
        (void) str_copy(e->source, sizeof(e->source), ipe_source_name(named->source));
}

static int measure(struct boot *boot, const struct ipe_named *named, struct error *err)
{
        char word[MEASURE_WORD_MAX + 1];
        int r;

        if (boot->plan.steps[STAGE_MEASURE].is_skipped)
                return 0;
        measure_word_ipe(&named->sha256, word);
        r = measure_extend(&boot->measure, MEASURE_PCR_WORDS, word, err);
        if (r < 0)
                return r;
        evidence_word(&boot->evidence, MEASURE_PCR_WORDS, word);
        return 0;
}

/* Everything is read before the first is deployed, and all are deployed before one rules. */
static int load_all(struct boot *boot, struct signed_policy policies[static FLOOR_MAX_IPE_POLICIES], struct error *err)
{
        const struct boot_plan *plan = &boot->plan;
        int r = 0;

        for (size_t i = 0; i < plan->n_ipe_policies && r == 0; i++)
                r = read_signed_policy(boot, &plan->ipe_policies[i], &policies[i], err);
        for (size_t i = 0; i < plan->n_ipe_policies && r == 0; i++)
                r = deploy(boot, &policies[i], err);
        if (r == 0)
                r = activate(boot, &policies[0], err);
        for (size_t i = 0; i < plan->n_ipe_policies && r == 0; i++)
                r = read_back(boot, &policies[i], i == 0, err);
        return r < 0 ? r : expect(boot, "enforce", "1", err);
}

int ipe_load(struct boot *boot, struct error *err)
{
        _cleanup_(policies_done) struct signed_policy policies[FLOOR_MAX_IPE_POLICIES] = {};
        const struct boot_plan *plan = &boot->plan;
        struct evidence_ipe *e = &boot->evidence.ipe;
        int r;

        if (plan->n_ipe_policies == 0) {
                (void) str_copy(e->state, sizeof(e->state), "absent");
                return 0;
        }
        r = check_alone(boot, err);
        if (r == 0)
                r = load_all(boot, policies, err);
        for (size_t i = 0; i < plan->n_ipe_policies && r == 0; i++) {
                note(boot, &policies[i], &plan->ipe_policies[i]);
                r = measure(boot, &plan->ipe_policies[i], err);
        }
        if (r == 0 && !plan->keeps_mac_admin)
                r = mac_admin_drop(boot->root_fd, err);
        if (r < 0)
                return r;
        (void) str_copy(e->state, sizeof(e->state), "enforcing");
        (void) str_copy(e->mac_admin, sizeof(e->mac_admin), plan->keeps_mac_admin ? "kept" : "dropped");
        log_info("IPE is enforcing, policy %s %s%s", policies[0].header.name, policies[0].header.version,
                 plan->keeps_mac_admin ? "" : ", CAP_MAC_ADMIN dropped");
        return 0;
}
