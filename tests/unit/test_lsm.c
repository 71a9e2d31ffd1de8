/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"
#include "verinit/lsm.h"

static void test_whole_names(_unused_ void **state)
{
        static const char list[] = "lockdown,capability,landlock,yama,selinux,bpf,ipe,ima,evm";

        assert_true(lsm_list_has(list, "lockdown"));
        assert_true(lsm_list_has(list, "ipe"));
        assert_true(lsm_list_has(list, "evm"));
        assert_true(lsm_list_has("ipe", "ipe"));
        assert_false(lsm_list_has(list, "apparmor"));
        assert_false(lsm_list_has(list, "ip"));
        assert_false(lsm_list_has("recipe,ipex", "ipe"));
        assert_false(lsm_list_has("ipe\n", "ipe"));
}

static void test_odd_lists(_unused_ void **state)
{
        assert_false(lsm_list_has("", "ipe"));
        assert_false(lsm_list_has(",", "ipe"));
        assert_false(lsm_list_has(",,", ""));
        assert_true(lsm_list_has(",ipe,", "ipe"));
        assert_true(lsm_list_has("a,,ipe", "ipe"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_whole_names),
                cmocka_unit_test(test_odd_lists),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
