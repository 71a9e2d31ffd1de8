/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"
#include "verinit/features.h"

static bool has_listed(const char *name, const void *userdata)
{
        for (const char *const *p = userdata; *p; p++)
                if (str_equal(*p, name))
                        return true;
        return false;
}

/* The names, in order, against a list that ends with NULL. */
static void assert_needs(const struct boot_config *config, const char *const *packed, const char *const *wanted)
{
        struct feature_need needs[FEATURES_MAX_NEEDED];
        size_t n = features_needed(config, has_listed, packed, needs), i = 0;

        for (; wanted[i]; i++) {
                assert_true(i < n);
                assert_string_equal(needs[i].name, wanted[i]);
                assert_true(needs[i].why[0] != '\0');
        }
        assert_int_equal(n, i);
}

#define LIST(...) ((const char *const[]) { __VA_ARGS__, NULL })

static void test_named_type_alone(_unused_ void **state)
{
        struct boot_config config = { .usr_fstype = "erofs" };

        assert_needs(&config, LIST("erofs", "squashfs", "ext4"), LIST("verity", "erofs", "overlay"));
        config.floor.etc = ETC_TMPFS;
        assert_needs(&config, LIST("erofs"), LIST("verity", "erofs"));
}

static void test_unknown_type_takes_all_that_are_packed(_unused_ void **state)
{
        struct boot_config config = { .root_kind = ROOT_UNVERIFIED, .floor.etc = ETC_PLAIN };

        assert_needs(&config, LIST("ext4", "erofs"), LIST("verity", "erofs", "ext4"));
        /* None packed is not none needed. */
        assert_needs(&config, LIST("verity"), LIST("verity", "erofs"));
        (void) str_copy(config.root_fstype, sizeof(config.root_fstype), "xfs");
        assert_needs(&config, LIST("erofs"), LIST("verity", "erofs", "xfs"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_named_type_alone),
                cmocka_unit_test(test_unknown_type_takes_all_that_are_packed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
