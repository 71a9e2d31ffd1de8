# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What tests/qemu has without a machine that boots: the harness's own logic, and the second build of the node image.
if(VERINIT_KIND STREQUAL "dev")
        foreach(name IN ITEMS machine machine_pcr)
                add_test(NAME harness.${name}
                        COMMAND ${VERINIT_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/test_${name}.py --verbose)
                set_tests_properties(harness.${name} PROPERTIES LABELS harness)
        endforeach()
elseif(VERINIT_KIND STREQUAL "release")
        # 5 minutes from an empty build/images on two cores; the first build is there already where tools/check runs it.
        add_test(NAME long.reproduce COMMAND ${CMAKE_CURRENT_LIST_DIR}/image reproduce)
        set_tests_properties(long.reproduce PROPERTIES LABELS long TIMEOUT 3600 RUN_SERIAL ON)
endif()
