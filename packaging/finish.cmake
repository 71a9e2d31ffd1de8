# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Run by cpack when the packages are written.
execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/plain-modes ${CPACK_PACKAGE_FILES} COMMAND_ERROR_IS_FATAL ANY)
