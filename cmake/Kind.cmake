# SPDX-License-Identifier: LGPL-2.1-or-later
#
# verinit::kind: what sets the four presets apart. There is no CMAKE_BUILD_TYPE beside it: one switch, one meaning.

add_library(verinit-kind INTERFACE)
add_library(verinit::kind ALIAS verinit-kind)

if(VERINIT_KIND STREQUAL "release")
        target_link_libraries(verinit-kind INTERFACE verinit::hardening verinit::reproducible)
        # -g: for the separate .debug file; it does not change the code. That is where the unwinder's tables go, too: at
        # run time nobody unwinds.
        target_compile_options(verinit-kind INTERFACE -O2 -g -fno-asynchronous-unwind-tables)
elseif(VERINIT_KIND STREQUAL "dev")
        # Not hardened: zeroed locals and a fortified libc would hide from the sanitizers what they look for.
        target_compile_options(verinit-kind INTERFACE -O1 -g -fno-omit-frame-pointer
                -fsanitize=address,undefined -fno-sanitize-recover=all)
        # Under sanitizers gcc sees paths that are not there (its manual says so); the release preset keeps it an error.
        target_compile_options(verinit-kind INTERFACE -Wno-maybe-uninitialized)
        target_link_options(verinit-kind INTERFACE -fsanitize=address,undefined)
elseif(VERINIT_KIND STREQUAL "fuzz")
        if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
                message(FATAL_ERROR "the fuzz preset needs clang (libFuzzer), not ${CMAKE_C_COMPILER_ID}: "
                        "run tools/setup and configure with --preset fuzz")
        endif()
        target_compile_options(verinit-kind INTERFACE -O1 -g -fno-omit-frame-pointer
                -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all)
        target_link_options(verinit-kind INTERFACE -fsanitize=address,undefined)
elseif(VERINIT_KIND STREQUAL "coverage")
        # -O0: a line that the optimiser merged with another cannot be told apart in the report.
        target_compile_options(verinit-kind INTERFACE -O0 -g --coverage)
        target_link_options(verinit-kind INTERFACE --coverage)
else()
        message(FATAL_ERROR "VERINIT_KIND is '${VERINIT_KIND}': it must be dev, release, fuzz or coverage")
endif()
