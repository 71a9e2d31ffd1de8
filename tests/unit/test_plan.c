/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/sysmacros.h>

#include "unit.h"
#include "verinit/boot_plan.h"

static struct boot_config config;
static struct facts facts;
static struct boot_plan plan;
static struct error err;

static struct found_device device(const char *name, const char *disk, unsigned minor)
{
        struct found_device d = { .is_found = true, .devno = makedev(254, minor), .size_bytes = 1 << 20 };

        assert_true(str_copy(d.name, sizeof(d.name), name) && str_copy(d.disk, sizeof(d.disk), disk));
        return d;
}

/* A machine that has everything, and a floor that demands everything that there is. */
static int setup(_unused_ void **state)
{
        config = (struct boot_config) {
                .root_hash_size = 32,
                .usr_data = { DEVICE_PARTUUID, "aaaa" },
                .usr_hash = { DEVICE_PARTUUID, "bbbb" },
                .usr_options = "acl",
        };
        floor_init(&config.floor);
        config.floor.ipe = NEED_ALLOW;
        config.floor.n_certificates = 1;
        facts = (struct facts) {
                .tpm = TPM_STATE_MEASURED,
                .is_efi = true,
                .has_efi_variables = true,
                .has_selinux = true,
                .has_ipe = true,
                .usr_data = device("vda2", "vda", 2),
                .usr_hash = device("vda3", "vda", 3),
                .n_usr_signatures = 1,
                .usr_signatures = { device("vda4", "vda", 4) },
        };
        err = (struct error) {};
        memset(&plan, 0x5a, sizeof(plan));
        return 0;
}

static void make_ok(void)
{
        if (plan_make(&config, &facts, &plan, &err) < 0)
                fail_msg("refused: %s", err.msg);
}

static void assert_refused(enum fail_code code, const char *in_message)
{
        struct boot_plan before = plan;

        assert_true(plan_make(&config, &facts, &plan, &err) < 0);
        if (err.code != code)
                fail_msg("code %s, expected %s", fail_code_name(err.code), fail_code_name(code));
        if (!strstr(err.msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, err.msg);
        assert_memory_equal(&before, &plan, sizeof(plan));
}

static void assert_only_skipped(const enum stage_id *ids, size_t n, const char *reason)
{
        for (unsigned i = 0; i < _STAGE_MAX; i++) {
                bool is_expected = false;

                for (size_t k = 0; k < n; k++)
                        is_expected |= ids[k] == i;
                assert_int_equal(plan.steps[i].is_skipped, is_expected);
                assert_string_equal(plan.steps[i].reason, is_expected ? reason : "");
        }
}

static const enum stage_id measuring[] = { STAGE_ENTER, STAGE_MEASURE }, mac[] = { STAGE_MAC };

static void test_error_correction(_unused_ void **state)
{
        config.fec.device = (struct device_spec) { DEVICE_PARTUUID, "ffff" };
        assert_refused(FAIL_PLAN_IMPOSSIBLE_CODE, "error correction of /usr PARTUUID=ffff was not found");
        facts.usr_fec = device("vda5", "vda", 5);
        make_ok();
        config.root_kind = ROOT_UNVERIFIED;
        config.floor.root = FLOOR_ROOT_UNVERIFIED;
        config.root = (struct device_spec) { DEVICE_PATH, "/dev/vda5" };
        facts.root = facts.usr_fec;
        assert_refused(FAIL_PLAN_IMPOSSIBLE_CODE, "root device vda5 overlaps");
}

static void test_the_full_boot_skips_nothing(_unused_ void **state)
{
        make_ok();
        assert_only_skipped(NULL, 0, "");
        assert_false(plan.is_same_device);
        assert_string_equal(plan.usr_mount_options, "acl");
        assert_int_equal(plan.root_kind, ROOT_TMPFS);
        assert_int_equal(plan.etc, ETC_OVERLAY);
}

static void test_no_tpm(_unused_ void **state)
{
        facts.tpm = TPM_STATE_ABSENT;
        assert_refused(FAIL_TPM_ABSENT_CODE, "the floor requires one");
        config.floor.tpm = NEED_ALLOW;
        make_ok();
        assert_only_skipped(measuring, 2, "no-tpm");
}

static void test_an_unmeasured_uki(_unused_ void **state)
{
        facts.tpm = TPM_STATE_UNMEASURED;
        assert_refused(FAIL_TPM_UNMEASURED_CODE, "systemd-stub did not measure");
        facts.has_efi_variables = false;
        assert_refused(FAIL_TPM_UNMEASURED_CODE, "no runtime services");
        facts.is_efi = false;
        assert_refused(FAIL_TPM_UNMEASURED_CODE, "this is no UEFI boot");
        config.floor.tpm = NEED_ALLOW;
        make_ok();
        assert_only_skipped(measuring, 2, "unmeasured-uki");
}

static void test_a_crash_kernel_extends_nothing(_unused_ void **state)
{
        static const enum tpm_state states[] = { TPM_STATE_ABSENT, TPM_STATE_UNMEASURED, TPM_STATE_MEASURED };

        facts.is_crash_kernel = true;
        assert_refused(FAIL_TPM_UNMEASURED_CODE, "this is a crash kernel");
        config.floor.tpm = NEED_ALLOW;
        for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
                facts.tpm = states[i];
                make_ok();
                assert_only_skipped(measuring, 2, "crash-kernel");
        }
}

static void test_an_allowance_is_not_used_without_need(_unused_ void **state)
{
        config.floor.tpm = config.floor.selinux = NEED_ALLOW;
        make_ok();
        assert_only_skipped(NULL, 0, "");
}

static void test_measuring_answers_as_the_plan(_unused_ void **state)
{
        struct step step = { .is_skipped = true };

        assert_int_equal(plan_measuring(&config, &facts, &step, &err), 0);
        assert_false(step.is_skipped);
        facts.tpm = TPM_STATE_ABSENT;
        step.is_skipped = true;
        assert_true(plan_measuring(&config, &facts, &step, &err) < 0);
        assert_int_equal(err.code, FAIL_TPM_ABSENT_CODE);
        assert_true(step.is_skipped); /* untouched */
}

static void test_no_selinux(_unused_ void **state)
{
        facts.has_selinux = false;
        assert_refused(FAIL_SELINUX_ABSENT_CODE, "does not run SELinux");
        config.floor.selinux = NEED_ALLOW;
        make_ok();
        assert_only_skipped(mac, 1, "selinux-off");
}

/* Zeros are strict, so each that is not one has to arrive. */
static void test_what_the_floor_lets_the_host_keep(_unused_ void **state)
{
        make_ok();
        assert_int_equal(plan.selinux_lock, SELINUX_LOCK_EARLY);
        assert_false(plan.keeps_mac_admin);
        config.floor.selinux_lock = SELINUX_LOCK_LATE;
        config.floor.keeps_mac_admin = true;
        make_ok();
        assert_int_equal(plan.selinux_lock, SELINUX_LOCK_LATE);
        assert_true(plan.keeps_mac_admin);
}

static void test_no_signature(_unused_ void **state)
{
        facts.n_usr_signatures = 0;
        assert_refused(FAIL_SIGNATURE_MISSING_CODE, "vda has no partition of type usr-verity-sig");
        config.floor.root_hash_signature = NEED_ALLOW;
        make_ok();
        assert_true(plan.is_unsigned);
}

/* The floor allows that there is none. It does not allow that one is passed over. */
static void test_a_signature_that_is_there_is_checked(_unused_ void **state)
{
        static const enum signature_source named[] = { SIGNATURE_FILE, SIGNATURE_INLINE, SIGNATURE_PARTITION };

        config.floor.root_hash_signature = NEED_ALLOW;
        make_ok();
        assert_false(plan.is_unsigned);
        facts.n_usr_signatures = 0;
        for (size_t i = 0; i < ARRAY_SIZE(named); i++) {
                config.signature.source = named[i];
                make_ok();
                assert_false(plan.is_unsigned);
        }
}

static void test_one_device_needs_an_offset(_unused_ void **state)
{
        facts.usr_hash = facts.usr_data;
        assert_refused(FAIL_PLAN_IMPOSSIBLE_CODE, "both on vda2, at offset 0");
        config.hash_offset_bytes = 4096;
        make_ok();
        assert_true(plan.is_same_device);
}

static void test_one_device_with_a_pinned_geometry(_unused_ void **state)
{
        facts.usr_hash = facts.usr_data;
        config.has_geometry = true;
        config.geometry = (struct verity_geometry) {
                .alg = DIGEST_SHA256, .data_block_bytes = 4096, .hash_block_bytes = 1024, .data_blocks = 16, .hash_start_block = 64,
        };
        make_ok();
        config.geometry.hash_start_block = 63;
        assert_refused(FAIL_PLAN_IMPOSSIBLE_CODE, "the tree would begin inside the data");
        facts.usr_hash = device("vda3", "vda", 3);
        make_ok();
}

static void test_one_device_of_flatcar(_unused_ void **state)
{
        facts.usr_hash = facts.usr_data;
        config.hash_offset_is_file_system_end = true;
        make_ok();
        assert_true(plan.is_same_device);
}

static void test_ipe(_unused_ void **state)
{
        struct digest first = { .alg = DIGEST_SHA256, .bytes = { 1 } }, second = { .alg = DIGEST_SHA256, .bytes = { 2 } };

        config.floor.ipe = NEED_REQUIRE;
        assert_refused(FAIL_IPE_ABSENT_CODE, "neither floor (ipe-policy=) nor command line (init.ipe=) names one");
        config.ipe_policy = first;
        make_ok();
        assert_int_equal(plan.n_ipe_policies, 1);
        assert_int_equal(plan.ipe_policies[0].source, IPE_USR);
        assert_true(digest_equal(&plan.ipe_policies[0].sha256, &first));
        /* What is named is loaded, whatever may be left out. */
        config.floor.ipe = NEED_ALLOW;
        facts.has_ipe = false;
        assert_refused(FAIL_IPE_ABSENT_CODE, "does not run IPE, and the command line names");
        config.floor.n_ipe_policies = 2;
        config.floor.ipe_policies[0] = first;
        config.floor.ipe_policies[1] = second;
        assert_refused(FAIL_IPE_ABSENT_CODE, "does not run IPE, and the floor names");
        facts.has_ipe = true;
        make_ok();
        assert_int_equal(plan.n_ipe_policies, 2);
        assert_int_equal(plan.ipe_policies[0].source, IPE_INITRAMFS);
        assert_true(digest_equal(&plan.ipe_policies[1].sha256, &second));
}

/* Whatever the disk has: who signed it could be anybody. */
static void test_signature_that_nobody_may_have_made(_unused_ void **state)
{
        config.floor.n_certificates = 0;
        assert_refused(FAIL_SIGNATURE_MISSING_CODE, "names no certificate");
        config.signature.source = SIGNATURE_INLINE;
        assert_refused(FAIL_SIGNATURE_MISSING_CODE, "names no certificate");
        config.signature.source = SIGNATURE_DISCOVERED;
        config.floor.root_hash_signature = NEED_ALLOW;
        make_ok();
        assert_false(plan.is_unsigned);
}

static void test_overlapping_devices(_unused_ void **state)
{
        facts.usr_hash = device("vda", "vda", 0);
        assert_refused(FAIL_PLAN_IMPOSSIBLE_CODE, "overlap");
        facts.usr_hash = device("vda3", "vda", 3);
        facts.usr_data = device("vda", "vda", 0);
        assert_refused(FAIL_PLAN_IMPOSSIBLE_CODE, "overlap");
        facts.usr_data = device("vdb", "vdb", 16);
        make_ok();
}

static void test_devices_must_have_been_found(_unused_ void **state)
{
        facts.usr_data.is_found = false;
        assert_refused(FAIL_PLAN_IMPOSSIBLE_CODE, "data device of /usr PARTUUID=aaaa was not found");
        facts.usr_data.is_found = true;
        facts.usr_hash.is_found = false;
        assert_refused(FAIL_PLAN_IMPOSSIBLE_CODE, "hash device of /usr PARTUUID=bbbb was not found");
}

static void ask_for_root(enum device_spec_kind kind)
{
        config.root_kind = ROOT_UNVERIFIED;
        config.root = (struct device_spec) { kind, "/dev/vda4" };
        config.floor.root = FLOOR_ROOT_UNVERIFIED;
}

static void test_an_unverified_root(_unused_ void **state)
{
        ask_for_root(DEVICE_PATH);
        assert_refused(FAIL_PLAN_IMPOSSIBLE_CODE, "root device /dev/vda4 was not found");
        facts.root = device("vda4", "vda", 4);
        config.floor.etc = ETC_PLAIN;
        make_ok();
        assert_int_equal(plan.root_kind, ROOT_UNVERIFIED);
        assert_int_equal(plan.etc, ETC_PLAIN);
        config.floor.root = FLOOR_ROOT_TMPFS;
        assert_refused(FAIL_FLOOR_REFUSES_CODE, "allows tmpfs alone");
}

static void test_a_root_found_later_by_its_label(_unused_ void **state)
{
        ask_for_root(DEVICE_LABEL);
        make_ok();
        ask_for_root(DEVICE_UUID);
        make_ok();
}

static void test_a_root_on_the_devices_of_usr(_unused_ void **state)
{
        ask_for_root(DEVICE_PATH);
        facts.root = facts.usr_data;
        assert_refused(FAIL_PLAN_IMPOSSIBLE_CODE, "root device vda2 overlaps");
        facts.root = facts.usr_hash;
        assert_refused(FAIL_PLAN_IMPOSSIBLE_CODE, "root device vda3 overlaps");
        facts.root = device("vda", "vda", 0);
        assert_refused(FAIL_PLAN_IMPOSSIBLE_CODE, "root device vda overlaps");
}

static void test_a_tmpfs_has_no_etc_of_its_own(_unused_ void **state)
{
        config.floor.root = FLOOR_ROOT_UNVERIFIED;
        config.floor.etc = ETC_PLAIN;
        assert_refused(FAIL_FLOOR_REFUSES_CODE, "etc=plain");
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_the_full_boot_skips_nothing),
                TEST(test_error_correction),
                TEST(test_no_tpm),
                TEST(test_an_unmeasured_uki),
                TEST(test_a_crash_kernel_extends_nothing),
                TEST(test_an_allowance_is_not_used_without_need),
                TEST(test_measuring_answers_as_the_plan),
                TEST(test_no_selinux),
                TEST(test_what_the_floor_lets_the_host_keep),
                TEST(test_no_signature),
                TEST(test_a_signature_that_is_there_is_checked),
                        TEST(test_one_device_needs_an_offset),
                TEST(test_one_device_with_a_pinned_geometry),
                TEST(test_one_device_of_flatcar),
                TEST(test_ipe),
                TEST(test_signature_that_nobody_may_have_made),
                TEST(test_overlapping_devices),
                TEST(test_devices_must_have_been_found),
                TEST(test_an_unverified_root),
                TEST(test_a_root_found_later_by_its_label),
                TEST(test_a_root_on_the_devices_of_usr),
                TEST(test_a_tmpfs_has_no_etc_of_its_own),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
