# SPDX-License-Identifier: LGPL-2.1-or-later
#
# tests/fuzz/fuzz_NAME.c, one line each; CRYPTO where real digests are needed.
verinit_fuzz_target(boot_config)
verinit_fuzz_target(boot_counter)
verinit_fuzz_target(cmdline)
verinit_fuzz_target(efi_variable)
verinit_fuzz_target(floor)
verinit_fuzz_target(last_failure)
verinit_fuzz_target(gpt)
verinit_fuzz_target(modtable)
verinit_fuzz_target(policy_config)
verinit_fuzz_target(provenance)
verinit_fuzz_target(superblock)
verinit_fuzz_target(tcg2_log)
verinit_fuzz_target(tree)
verinit_fuzz_target(uevent)
