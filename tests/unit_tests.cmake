# SPDX-License-Identifier: LGPL-2.1-or-later
#
# tests/unit/test_NAME.c, one line each; CRYPTO where real digests are needed, ADAPTERS where it is the
# adapters that are tested.
verinit_unit_test(activate)
verinit_unit_test(blockdev ADAPTERS)
verinit_unit_test(boot_config)
verinit_unit_test(boot_config_root)
verinit_unit_test(boot_config_usr)
verinit_unit_test(boot_flow)
verinit_unit_test(cmdline)
verinit_unit_test(crypto CRYPTO)
verinit_unit_test(digest)
verinit_unit_test(error)
verinit_unit_test(evidence)
verinit_unit_test(features)
verinit_unit_test(floor)
verinit_unit_test(fsat)
verinit_unit_test(log)
verinit_unit_test(measure_log CRYPTO)
verinit_unit_test(measure_poison)
verinit_unit_test(measure_volume)
verinit_unit_test(measure_word)
verinit_unit_test(modtable)
verinit_unit_test(plan)
verinit_unit_test(policy_config)
verinit_unit_test(policy_file)
verinit_unit_test(stage)
verinit_unit_test(superblock)
verinit_unit_test(table)
verinit_unit_test(tree)
verinit_unit_test(uevent)
verinit_unit_test(verify)
verinit_unit_test(veritysetup ADAPTERS)

# What test_evidence writes, against docs/boot.schema.json, by a stock validator.
add_test(NAME unit.boot-schema
        COMMAND ${VERINIT_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/unit/check_boot_schema.py $<TARGET_FILE:test_evidence>)
set_tests_properties(unit.boot-schema PROPERTIES LABELS unit)
