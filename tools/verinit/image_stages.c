/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PID 1's own stages, in their own order, on the machine made of files; and the whole tree, once its two ends are proved. The note
 * that /init carries is read from the file: in PID 1 it is in memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "verinit/credential.h"
#include "verinit/floor_note.h"
#include "verinit/fsat.h"
#include "verinit/ipe.h"
#include "verinit/log.h"
#include "verinit/policy.h"
#include "verinit/signature.h"

#include "image.h"
#include "ipe_report.h"
#include "progress.h"
#include "root_hash.h"
#include "whole_tree.h"

enum { INIT_MAX_BYTES = 64 * 1024 * 1024 };

static struct boot boot = { .root_fd = -1, .uevent_fd = -1, .watchdog_fd = -1, .data_fd = -1, .hash_fd = -1, .fec_fd = -1 };
static struct digest note;

struct digest floor_note(void)
{
        return note;
}

/* After it the disk is only read through the mapping: /dev/mapper/usr is the copy of the partition itself. */
static int run_verify(struct boot *b, struct error *err)
{
        char path[64];
        int r = stage_verify(b, err);

        if (r < 0)
                return r;
        the_machine->usr_fd = fcntl(b->data_fd, F_DUPFD_CLOEXEC, 3);
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", the_machine->usr_fd);
        if (linkat(AT_FDCWD, path, b->root_fd, "dev/mapper/usr", AT_SYMLINK_FOLLOW) < 0)
                machine_leave_out(the_machine, "the copy of /usr cannot be given a name: %s", errno_name(errno));
        return 0;
}

/* What the kernel is called is not what this machine's is. */
static int run_early(struct boot *b, struct error *err)
{
        int r = stage_early(b, err);

        (void) str_copy(b->evidence.kernel, sizeof(b->evidence.kernel), the_machine->release);
        return r;
}

/* Where /usr has the policy. */
static void note_ipe(const struct boot_config *config)
{
        struct ipe_named list[FLOOR_MAX_IPE_POLICIES];
        size_t n = boot_config_ipe_policies(config, list);
        char hex[DIGEST_MAX_HEX];

        the_machine->loads_ipe = n > 0;
        if (n == 0 || list[0].source != IPE_USR)
                return;
        digest_hex(&list[0].sha256, hex);
        (void) snprintf(the_machine->ipe_name, sizeof(the_machine->ipe_name), "%s.p7b", hex);
}

static int run_config(struct boot *b, struct error *err)
{
        int r = stage_config(b, err);

        the_machine->selinux_dir = b->config.floor.selinux_dir;
        note_ipe(&b->config);
        return r;
}

static const struct stage stages[] = {
        { STAGE_EARLY, run_early },     { STAGE_CONFIG, run_config },     { STAGE_PROBE, stage_probe },
        { STAGE_PROVE, stage_prove },   { STAGE_ENTER, stage_enter },     { STAGE_FIND, stage_find },
        { STAGE_PLAN, stage_plan },     { STAGE_VERIFY, run_verify },     { STAGE_ACTIVATE, stage_activate },
        { STAGE_MEASURE, stage_measure }, { STAGE_USR, stage_usr },       { STAGE_MAC, stage_mac },
        { STAGE_RECORD, record_credentials },
};

const char *image_policy_digest(void)
{
        return boot.evidence.selinux_policy_digest;
}

static int read_note(struct machine *m, struct image_checks *checks)
{
        _cleanup_free_ void *program = NULL;
        size_t size = 0, offset;
        int r = fsat_read_alloc(m->root_fd, "init", INIT_MAX_BYTES, &program, &size);

        if (r < 0) {
                image_say(checks, "initramfs", IMAGE_ABOUT_FILES, IMAGE_REFUSED, "there is no /init in the initramfs: the kernel would not "
                          "start anything in it");
                return -1;
        }
        if (floor_note_find(program, size, &offset) < 0) {
                image_say(checks, "initramfs", IMAGE_ABOUT_FILES, IMAGE_UNDECIDED,
                          "/init has no note of its floor: it is not verinit, or of a release before there was one");
                return -1;
        }
        note = (struct digest) {};
        memcpy(note.bytes, (const uint8_t *) program + offset, FLOOR_NOTE_BYTES);
        for (size_t i = 0; i < FLOOR_NOTE_BYTES; i++)
                if (note.bytes[i] != 0)
                        note.alg = DIGEST_SHA256;
        return 0;
}

static void describe(char *ret, size_t size, enum stage_id id)
{
        const struct evidence *e = &boot.evidence;

        ret[0] = '\0';
        switch ((int) id) {
        case STAGE_CONFIG:
                (void) snprintf(ret, size, "usrhash %.16s..., root %s", e->root_hash, root_kind_name(boot.config.root_kind));
                break;
        case STAGE_PROBE:
                (void) snprintf(ret, size, "%u modules for kernel %s", e->n_modules, e->kernel);
                break;
        case STAGE_PROVE:
                (void) snprintf(ret, size, "command line: %s; replay: %s%s%s", e->cmdline_proof, e->provenance.replay,
                                e->provenance.reason[0] ? ", " : "", e->provenance.reason);
                break;
        case STAGE_FIND:
                (void) snprintf(ret, size, "data on %s, hash tree on %s", e->usr_data, e->usr_hash);
                break;
        case STAGE_VERIFY:
                (void) snprintf(ret, size, "%llu blocks, geometry %s, signature %s", (unsigned long long) e->usr_data_blocks,
                                e->usr_geometry, e->signature_source);
                break;
        case STAGE_MAC:
                (void) snprintf(ret, size, "%s%s%s", e->selinux_policy_file, e->ipe.n_policies > 0 ? "; IPE policy " : "",
                                e->ipe.n_policies > 0 ? e->ipe.policies[0].header.name : "");
                break;
        case STAGE_USR:
                (void) snprintf(ret, size, "%s", e->usr_fstype);
                break;
        case STAGE_RECORD:
                (void) snprintf(ret, size, "credentials: %s, %u", e->credentials, e->n_credentials);
                break;
        default:
                break;
        }
}

enum { KERNEL_ASKS_DB = 6012 };

/*
 * dm-verity asks the kernel's keyrings, since 6.12 also that which has the firmware's db (drivers/md/dm-verity-verify-sig.c,
 * security/integrity/platform_certs/load_uefi.c). What else is in them, by the build or by a shim, no file says.
 */
static bool is_signer_enrolled(const struct machine *m)
{
        if (m->version < KERNEL_ASKS_DB)
                return false;
        for (size_t i = 0; i < m->n_enrolled; i++)
                if (digest_equal(&m->enrolled[i], proven_signature_signer(boot.signature)))
                        return true;
        return false;
}

/* What nobody can say from files, where the stage has nothing against it. */
static const char *doubt(struct machine *m, enum stage_id id)
{
        if (id == STAGE_PLAN && !m->is_selinux_named && boot.config.floor.selinux == NEED_REQUIRE)
                return "no security= or lsm= says that the kernel runs SELinux: that is its own configuration's to say";
        if (id == STAGE_ACTIVATE && boot.signature && !is_signer_enrolled(m))
                return "whether a keyring of the kernel has the key of the root hash's signature: its certificate is none of --cert, those of "
                       "db, or the kernel is older than 6.12 and does not ask for those";
        if (id == STAGE_PLAN && m->loads_ipe && !m->is_lsm_named)
                return "no lsm= says that the kernel runs IPE: that is its own configuration's to say";
        if ((id == STAGE_USR || id == STAGE_MAC) && m->left_out)
                return m->left_out;
        return id == STAGE_MAC && m->loads_ipe ? "the signature of the IPE policy is the kernel's to check" : NULL;
}

static void say_stage(struct machine *m, enum stage_id id, int r, const struct error *err, struct image_checks *checks)
{
        const struct step *step = &boot.plan.steps[id];
        const char *name = stage_name(id), *why = doubt(m, id);
        char text[512];

        if (r < 0 && !(m->left_out && (err->code == FAIL_POLICY_MISSING_CODE || err->code == FAIL_IPE_POLICY_MISSING_CODE)))
                image_say_error(checks, name, IMAGE_BY_STAGE, err);
        else if (why)
                image_say(checks, name, IMAGE_BY_STAGE, IMAGE_UNDECIDED, "%s", why);
        else if (boot.evidence.stages[id].verdict == VERDICT_SKIPPED)
                image_say(checks, name, IMAGE_BY_STAGE, IMAGE_SKIPPED, "%s", step->reason);
        else {
                describe(text, sizeof(text), id);
                image_say(checks, name, IMAGE_BY_STAGE, IMAGE_OK, "%s", text);
        }
}

static void show_progress(uint64_t done, uint64_t total, void *userdata)
{
        progress_show(userdata, done, total);
}

static void check_tree(bool is_quick, struct image_checks *checks)
{
        struct progress progress;
        size_t hash_size;
        int r;
        struct whole_tree_request req = {
                .superblock = verified_root_superblock(boot.verified), .tree = verified_root_tree(boot.verified),
                .root_hash = verified_root_hash(boot.verified, &hash_size), .data_fd = boot.data_fd, .hash_fd = boot.hash_fd,
                .data_name = boot.facts.usr_data.name, .hash_name = boot.facts.usr_hash.name, .progress = show_progress,
                .userdata = &progress,
        };
        struct whole_tree_result result = {};
        char gaps[WHOLE_TREE_GAPS_TEXT];
        struct error err = {};

        if (is_quick) {
                image_say(checks, "tree", IMAGE_BEYOND, IMAGE_SKIPPED, "--quick: the two ends alone were looked at");
                return;
        }
        progress_begin(&progress, "verifying /usr");
        r = whole_tree_verify(&req, &result, &err);
        progress_end(&progress);
        whole_tree_gaps_format(&result, gaps);
        if (r < 0)
                image_say_error(checks, "tree", IMAGE_BEYOND, &err);
        else
                image_say(checks, "tree", IMAGE_BEYOND, IMAGE_OK, "every block, on %u threads%s%s", result.n_threads,
                          gaps[0] != '\0' ? "; " : "", gaps);
}

/* Not asked by a boot: PID 1 reads the first line, and the kernel obeys what is signed. As `verinit ipe check` says it. */
static void check_ipe(struct machine *m, struct image_checks *checks)
{
        struct digest root_hash;

        root_hash_of_config(&boot.config, &root_hash);
        for (size_t i = 0; i < boot.evidence.ipe.n_policies; i++) {
                const struct evidence_ipe_policy *p = &boot.evidence.ipe.policies[i];
                _cleanup_free_ char *path = tool_format(IPE_DIR "/policies/%s/pkcs7", p->header.name);
                _cleanup_free_ char *shown = tool_format("IPE policy %s", p->header.name);
                _cleanup_free_ void *data = NULL;
                struct trouble t = {};
                size_t size = 0;
                int r = fsat_read_alloc(m->root_fd, path, IPE_POLICY_MAX_BYTES, &data, &size);

                if (r < 0)
                        image_say(checks, "ipe-policy", IMAGE_BEYOND, IMAGE_UNDECIDED, "%s cannot be read: %s", shown, errno_name(-r));
                else if (ipe_report_check(shown, data, size, i == 0 ? &root_hash : NULL, &t) < 0)
                        image_say(checks, "ipe-policy", IMAGE_BEYOND, IMAGE_REFUSED, "%s", t.msg);
                else
                        image_say(checks, "ipe-policy", IMAGE_BEYOND, IMAGE_OK, "%s %s: sound", shown, p->header.version);
        }
}

static bool is_refused(const struct image_checks *checks)
{
        const struct image_check *last = &checks->list[checks->n - 1];

        return last->verdict == IMAGE_REFUSED;
}

int image_run_stages(struct machine *m, bool is_quick, struct image_checks *checks, _unused_ struct trouble *t)
{
        const char *ended = NULL;

        if (read_note(m, checks) < 0)
                ended = "initramfs";
        boot.root_fd = m->root_fd;
        for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
                enum stage_id id = stages[i].id;
                struct error err = {};
                int r;

                if (ended) {
                        image_say(checks, stage_name(id), IMAGE_BY_STAGE, IMAGE_SKIPPED, "the boot has ended: %s", ended);
                        continue;
                }
                r = stage_run(id, stages[i].run, &boot, &err);
                say_stage(m, id, r, &err, checks);
                if (is_refused(checks))
                        ended = stage_name(id);
                if (r < 0 && !ended)
                        ended = "undecided";
                if (id == STAGE_VERIFY && r == 0)
                        check_tree(is_quick, checks);
        }
        check_ipe(m, checks);
        if (!image_find(checks, "tree"))
                image_say(checks, "tree", IMAGE_BEYOND, IMAGE_SKIPPED, "the boot has ended: %s", ended ? ended : "");
        log_open(-1);
        return 0;
}
