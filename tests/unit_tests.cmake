# SPDX-License-Identifier: LGPL-2.1-or-later
#
# tests/unit/test_NAME.c, one line each; CRYPTO where real digests are needed.
verinit_unit_test(boot_config)
verinit_unit_test(cmdline)
verinit_unit_test(digest)
verinit_unit_test(error)
verinit_unit_test(floor)
verinit_unit_test(fsat)
verinit_unit_test(log)
verinit_unit_test(modtable)
