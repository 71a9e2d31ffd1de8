# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Run by cpack when a package's files lie in their places: one time for all, which is that of the release (packaging/stage).
execute_process(COMMAND find ${CPACK_TEMPORARY_DIRECTORY} -exec touch --no-dereference --date=@$ENV{SOURCE_DATE_EPOCH} {} +
        COMMAND_ERROR_IS_FATAL ANY)
