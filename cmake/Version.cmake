# SPDX-License-Identifier: LGPL-2.1-or-later
#
# VERINIT_VERSION in <verinit/version.h>: the tag vX.Y.Z, or X.Y.Z+N.gHASH for N commits past it (past the beginning
# where there is no tag yet), with .dirty when tracked files were changed. Without git: the file VERSION.
#
# Included by CMakeLists.txt it makes the target; run as a script (-P) at each build it rewrites the header, and only
# when the text changes, so that a new commit costs one compile and one link.

function(verinit_git ret_text ret_ok)
        execute_process(COMMAND ${GIT} --no-optional-locks -C ${SOURCE_DIR} ${ARGN}
                OUTPUT_VARIABLE text ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE result)
        set(${ret_text} "${text}" PARENT_SCOPE)
        if(result EQUAL 0)
                set(${ret_ok} TRUE PARENT_SCOPE)
        else()
                set(${ret_ok} FALSE PARENT_SCOPE)
        endif()
endfunction()

function(verinit_version_of ret_version)
        file(STRINGS ${SOURCE_DIR}/VERSION version LIMIT_COUNT 1)
        set(${ret_version} ${version} PARENT_SCOPE)
        # .git, not "inside a work tree": an unpacked release may lie in somebody else's repository.
        if(NOT GIT OR NOT EXISTS ${SOURCE_DIR}/.git)
                return()
        endif()
        verinit_git(hash ok rev-parse --short=12 HEAD)
        if(NOT ok)
                return()
        endif()
        verinit_git(tag has_tag describe --tags --abbrev=0 --match "v[0-9]*")
        if(has_tag)
                string(SUBSTRING ${tag} 1 -1 version)
                verinit_git(count ok rev-list --count ${tag}..HEAD)
        else()
                verinit_git(count ok rev-list --count HEAD)
        endif()
        if(NOT count STREQUAL "0")
                string(APPEND version "+${count}.g${hash}")
        endif()
        verinit_git(changed ok status --porcelain --untracked-files=no)
        if(changed)
                if(count STREQUAL "0")
                        string(APPEND version "+dirty")
                else()
                        string(APPEND version ".dirty")
                endif()
        endif()
        set(${ret_version} ${version} PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE)
        cmake_minimum_required(VERSION 3.25)
        verinit_version_of(version)
        file(CONFIGURE OUTPUT ${HEADER} @ONLY CONTENT
"/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Written by cmake/Version.cmake. */
#pragma once

#define VERINIT_VERSION \"@version@\"
")
else()
        find_package(Git QUIET)
        set(VERINIT_GENERATED_DIR ${CMAKE_BINARY_DIR}/generated)
        set(version_header ${VERINIT_GENERATED_DIR}/verinit/version.h)
        # ALL, and outside any rule's inputs: only git knows when HEAD moved.
        add_custom_target(verinit-version ALL
                COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${CMAKE_SOURCE_DIR} -DHEADER=${version_header}
                        -DGIT=${GIT_EXECUTABLE} -P ${CMAKE_CURRENT_LIST_FILE}
                BYPRODUCTS ${version_header}
                COMMENT "" VERBATIM)
endif()
