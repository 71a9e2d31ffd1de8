# SPDX-License-Identifier: LGPL-2.1-or-later
#
# How the parts of verinit are declared, so that the CMakeLists.txt of a directory is a list of files and little else.

# What every target of ours gets: warnings, the way of this preset, our headers.
function(verinit_target name)
        target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
        target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/include ${VERINIT_GENERATED_DIR})
        target_link_libraries(${name} PRIVATE verinit::warnings verinit::kind)
        add_dependencies(${name} verinit-version)
endfunction()

function(verinit_archive name)
        add_library(${name} STATIC)
        verinit_target(${name})
endfunction()

# verinit_sources(TARGET FILE…): relative to the directory that calls it.
function(verinit_sources target)
        list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
        target_sources(${target} PRIVATE ${ARGN})
        set_property(GLOBAL APPEND PROPERTY VERINIT_LISTED ${ARGN})
endfunction()

# A file that nobody lists is a file that nobody tests. The lists stay explicit; this only compares.
function(verinit_warn_about_unlisted)
        get_property(listed GLOBAL PROPERTY VERINIT_LISTED)
        set(dirs common init verity measure selinux tests/fakes)
        if(VERINIT_KIND STREQUAL "dev")
                list(APPEND dirs tests/unit tests/fuzz tools/verinit)
        endif()
        foreach(dir IN LISTS dirs)
                file(GLOB found ${CMAKE_SOURCE_DIR}/${dir}/*.c)
                foreach(file IN LISTS found)
                        if(NOT file IN_LIST listed)
                                file(RELATIVE_PATH shown ${CMAKE_SOURCE_DIR} ${file})
                                message(WARNING "${shown} is in no list: add it in the CMakeLists.txt of its directory (or of tests/)")
                        endif()
                endforeach()
        endforeach()
endfunction()

# For a program that is shipped: a link map with cross references (tests/audit reads it), the digest of the core archive
# as this link saw it, and the symbols in a file beside the stripped program.
function(verinit_shipped name)
        target_link_options(${name} PRIVATE -Wl,-Map=${CMAKE_BINARY_DIR}/${name}.map -Wl,--cref)
        set(file ${CMAKE_BINARY_DIR}/${name})
        add_custom_command(TARGET ${name} POST_BUILD
                COMMAND ${CMAKE_COMMAND} -E sha256sum $<TARGET_FILE:verinit-core> > ${file}.core
                COMMAND ${CMAKE_OBJCOPY} --only-keep-debug ${file} ${file}.debug
                COMMAND ${CMAKE_STRIP} --strip-all ${file}
                COMMAND ${CMAKE_OBJCOPY} --add-gnu-debuglink=${file}.debug ${file}
                BYPRODUCTS ${file}.map ${file}.core ${file}.debug
                VERBATIM)
endfunction()
