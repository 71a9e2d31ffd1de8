# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cmake --install and two Debian packages: verinit, the host command, and verinit-init, the static PID 1. What is installed
# beside the programs is made by packaging/stage from what there is, so that a new page, verb or unit needs no line here.
#
# cpack --config build/release/CPackConfig.cmake -B DIR writes the .deb files. The same sources give the same bytes.

if(NOT VERINIT_KIND STREQUAL "release")
        return()
endif()

set(stage ${CMAKE_BINARY_DIR}/package)
add_custom_target(verinit-package ALL
        COMMAND ${VERINIT_PYTHON} ${CMAKE_SOURCE_DIR}/packaging/stage --source ${CMAKE_SOURCE_DIR} --verinit $<TARGET_FILE:verinit>
                --version-header ${VERINIT_GENERATED_DIR}/verinit/version.h --output ${stage}
        DEPENDS verinit verinit-version
        BYPRODUCTS ${stage}/package.cmake
        COMMENT "" VERBATIM)

# Whatever the umask; the directories of the programs are in there too.
set(directory_permissions OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
foreach(component IN ITEMS verinit verinit-init)
        install(DIRECTORY ${stage}/${component}/ DESTINATION . COMPONENT ${component} USE_SOURCE_PERMISSIONS
                DIRECTORY_PERMISSIONS ${directory_permissions})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL verinit verinit-init)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS ${directory_permissions})
set(CPACK_STRIP_FILES OFF)      # verinit_shipped() has done it, and the SBOM has the digest of what it left
set(CPACK_PACKAGE_CONTACT "verinit maintainers <maintainers@verinit.invalid>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# The version is git's at the time of the build, and so are the times of all files.
set(CPACK_PROJECT_CONFIG_FILE ${stage}/package.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/packaging/clamp.cmake)
set(CPACK_POST_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/packaging/finish.cmake)

set(CPACK_DEBIAN_VERINIT_DESCRIPTION "builds and examines signed node images that boot with verinit
verinit is PID 1 of the initramfs of a signed, immutable node image. This is
the command of those who build such images: it writes the initramfs, checks
kernel command lines as PID 1 would, predicts what a boot measures, and reads
measurement logs.")
set(CPACK_DEBIAN_VERINIT_PACKAGE_NAME verinit)
set(CPACK_DEBIAN_VERINIT_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_VERINIT_PACKAGE_RECOMMENDS "cryptsetup-bin, erofs-utils, kmod, mtools, sbsigntool, systemd-boot-efi, systemd-ukify, verinit-init")
set(CPACK_DEBIAN_VERINIT_PACKAGE_SUGGESTS "osslsigncode, systemd-repart, tpm2-tools")

set(CPACK_DEBIAN_VERINIT-INIT_DESCRIPTION "static PID 1 for the initramfs of a signed node image
verinit proves that /usr is the one that was signed, writes what it did into
the TPM, puts SELinux into enforcing mode and starts systemd. This package has
the program that verinit initrd build packs, and the list of the libraries
that it is linked from, and for nodes the log verbs of the command and units
that use them. Nothing of it is started on the machine it is installed on.")
set(CPACK_DEBIAN_VERINIT-INIT_PACKAGE_NAME verinit-init)
set(CPACK_DEBIAN_VERINIT-INIT_PACKAGE_SHLIBDEPS ON)  # verinit-node has a libc; init has nothing
set(CPACK_DEBIAN_VERINIT-INIT_PACKAGE_RECOMMENDS verinit)
include(CPack)
