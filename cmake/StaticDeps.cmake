# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The third-party libraries of PID 1, each as an imported target made of a .a file: Debian's where Debian ships one,
# ours (tools/deps) where it does not. Whatever is missing is reported at once, with what to do about it.

set(VERINIT_DEPS_DIR ${CMAKE_SOURCE_DIR}/build/deps/prefix CACHE PATH "Where tools/deps has put its libraries")
set(VERINIT_MISSING "")

# verinit_static(NAME ARCHIVE FROM PACKAGE|tools/deps HEADER H [NEEDS target…])
function(verinit_static name archive)
        cmake_parse_arguments(PARSE_ARGV 2 arg "" "FROM;HEADER" "NEEDS")
        if(arg_FROM STREQUAL "tools/deps")
                set(where PATHS ${VERINIT_DEPS_DIR}/lib NO_DEFAULT_PATH)
                set(headers PATHS ${VERINIT_DEPS_DIR}/include NO_DEFAULT_PATH)
                set(remedy "run tools/deps")
        else()
                set(where "")
                set(headers "")
                set(remedy "Debian package ${arg_FROM}: run tools/setup")
        endif()
        # Looked up anew each time: a path in the cache would outlive the file.
        find_library(found_${name} ${archive} ${where} NO_CACHE)
        find_path(header_${name} ${arg_HEADER} ${headers} NO_CACHE)
        if(NOT found_${name} OR NOT header_${name})
                list(APPEND VERINIT_MISSING "${archive} or <${arg_HEADER}> (${remedy})")
                set(VERINIT_MISSING "${VERINIT_MISSING}" PARENT_SCOPE)
                return()
        endif()
        add_library(static-${name} STATIC IMPORTED GLOBAL)
        add_library(static::${name} ALIAS static-${name})
        set_target_properties(static-${name} PROPERTIES IMPORTED_LOCATION ${found_${name}})
        if(arg_FROM STREQUAL "tools/deps")
                target_include_directories(static-${name} SYSTEM INTERFACE ${header_${name}})
        endif()
        target_link_libraries(static-${name} INTERFACE ${arg_NEEDS})
endfunction()

function(verinit_stop_if_missing)
        if(VERINIT_MISSING)
                list(JOIN VERINIT_MISSING "\n  " list)
                message(FATAL_ERROR "static libraries are missing:\n  ${list}\n")
        endif()
endfunction()

# Its headers are those of libssl-dev, see publish() in tools/deps; HEADER only says that the prefix is there.
verinit_static(crypto libcrypto.a FROM tools/deps HEADER libdevmapper.h)

verinit_static(json-c libjson-c.a FROM libjson-c-dev HEADER json-c/json.h)

# Fuzzing and coverage look at the core: fakes stand in for all libraries but these.
if(VERINIT_KIND STREQUAL "dev" OR VERINIT_KIND STREQUAL "release")
        verinit_static(yaml libyaml.a FROM libyaml-dev HEADER yaml.h)
        verinit_static(uuid libuuid.a FROM uuid-dev HEADER uuid/uuid.h)
        verinit_static(blkid libblkid.a FROM libblkid-dev HEADER blkid/blkid.h)
        verinit_static(devmapper libdevmapper.a FROM tools/deps HEADER libdevmapper.h NEEDS m)
        verinit_static(cryptsetup libcryptsetup.a FROM tools/deps HEADER libcryptsetup.h
                NEEDS static-devmapper static-json-c static-uuid static-crypto)

        verinit_static(sepol libsepol.a FROM libsepol-dev HEADER sepol/sepol.h)
        verinit_static(pcre2 libpcre2-8.a FROM libpcre2-dev HEADER pcre2.h)
        verinit_static(selinux libselinux.a FROM libselinux1-dev HEADER selinux/selinux.h
                NEEDS static-sepol static-pcre2)

        # tctildr is only named by Esys_Initialize(NULL), which nobody calls; the linker wants it all the same.
        verinit_static(tss2-mu libtss2-mu.a FROM tools/deps HEADER tss2/tss2_mu.h)
        verinit_static(tss2-rc libtss2-rc.a FROM tools/deps HEADER tss2/tss2_rc.h)
        verinit_static(tss2-sys libtss2-sys.a FROM tools/deps HEADER tss2/tss2_sys.h NEEDS static-tss2-mu)
        verinit_static(tss2-tcti-device libtss2-tcti-device.a FROM tools/deps HEADER tss2/tss2_tcti_device.h
                NEEDS static-tss2-mu)
        verinit_static(tss2-tctildr libtss2-tctildr.a FROM tools/deps HEADER tss2/tss2_tctildr.h
                NEEDS static-tss2-tcti-device)
        verinit_static(tss2 libtss2-esys.a FROM tools/deps HEADER tss2/tss2_esys.h
                NEEDS static-tss2-sys static-tss2-tctildr static-tss2-rc static-crypto)
endif()
verinit_stop_if_missing()

# All that PID 1 links.
add_library(verinit-third-party INTERFACE)
add_library(verinit::third_party ALIAS verinit-third-party)
if(TARGET static::tss2)
        target_link_libraries(verinit-third-party INTERFACE
                static::cryptsetup static::blkid static::selinux static::tss2 static::json-c static::crypto)
endif()

# The host command takes Debian's shared libraries: it runs where Debian's updates reach it.
# verinit_shared(NAME LIBRARY PACKAGE HEADER)
function(verinit_shared name library package header)
        find_library(found_${name} lib${library}.so NO_CACHE)
        find_path(header_${name} ${header} NO_CACHE)
        if(NOT found_${name} OR NOT header_${name})
                message(FATAL_ERROR "lib${library}.so or <${header}> is missing (Debian package ${package}: run tools/setup)")
        endif()
        add_library(shared-${name} SHARED IMPORTED GLOBAL)
        add_library(shared::${name} ALIAS shared-${name})
        set_target_properties(shared-${name} PROPERTIES IMPORTED_LOCATION ${found_${name}})
endfunction()

# Everywhere: a unit test is of a file of the host command's.
verinit_shared(crypto crypto libssl-dev openssl/evp.h)
if(VERINIT_KIND STREQUAL "dev" OR VERINIT_KIND STREQUAL "release")
        verinit_shared(blkid blkid libblkid-dev blkid/blkid.h)
        verinit_shared(cryptsetup cryptsetup libcryptsetup-dev libcryptsetup.h)
        verinit_shared(kmod kmod libkmod-dev libkmod.h)
        verinit_shared(archive archive libarchive-dev archive.h)
        verinit_shared(zstd zstd libzstd-dev zstd.h)
        verinit_shared(lzma lzma liblzma-dev lzma.h)
        verinit_shared(json-c json-c libjson-c-dev json-c/json.h)
        verinit_shared(sepol sepol libsepol-dev sepol/sepol.h)
        verinit_shared(yaml yaml libyaml-dev yaml.h)
endif()
