/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The closed list of reasons for which a boot ends. FAIL_CODE(id, name, class, remedy).
 *
 * A name is stable: it stands in the verdict line, in boot.json and in docs/FAILURES.md (a test compares the
 * two lists). The class follows from the code and from nothing else, so that no call site can soften one.
 * The remedy is what the console line ends with.
 */
#define FAIL_CODES(FAIL_CODE)                                                                              \
        FAIL_CODE(BUG, "bug", FAIL_BUG,                                                                    \
                  "this is a defect of verinit: report it with the lines above")                           \
        /* early */                                                                                        \
        FAIL_CODE(API_MOUNT_FAILED, "api-mount-failed", FAIL_SYSTEM,                                       \
                  "check that the kernel has the file system built in")                                    \
        FAIL_CODE(PANIC_SETTING_FAILED, "panic-setting-failed", FAIL_SYSTEM,                               \
                  "check that the kernel has CONFIG_SYSCTL")                                               \
        /* config */                                                                                       \
        FAIL_CODE(CMDLINE_UNREADABLE, "cmdline-unreadable", FAIL_SYSTEM,                                   \
                  "check that /proc can be mounted")                                                       \
        FAIL_CODE(CMDLINE_TOO_LONG, "cmdline-too-long", FAIL_CONFIG,                                       \
                  "shorten the command line in the UKI: the kernel cuts it off")                           \
        FAIL_CODE(CMDLINE_MALFORMED, "cmdline-malformed", FAIL_CONFIG,                                     \
                  "remove control characters and unbalanced quotes from the command line in the UKI")      \
        FAIL_CODE(CMDLINE_DUPLICATE_KEY, "cmdline-duplicate-key", FAIL_CONFIG,                             \
                  "give the key once: systemd would take the last one, which may not be the signed one")   \
        FAIL_CODE(CMDLINE_UNKNOWN_KEY, "cmdline-unknown-key", FAIL_CONFIG,                                 \
                  "remove the key or correct its spelling: see verinit-cmdline(7)")                        \
        FAIL_CODE(CMDLINE_BAD_VALUE, "cmdline-bad-value", FAIL_CONFIG,                                     \
                  "correct the value: see verinit-cmdline(7)")                                             \
        FAIL_CODE(CMDLINE_WEAKENING, "cmdline-weakening", FAIL_CONFIG,                                     \
                  "remove the word: it would turn a protection off")                                       \
        FAIL_CODE(CMDLINE_CONTRADICTION, "cmdline-contradiction", FAIL_CONFIG,                             \
                  "keep one of the two words")                                                             \
        FAIL_CODE(CMDLINE_DANGEROUS, "cmdline-dangerous", FAIL_CONFIG,                                     \
                  "remove the word: it would hand the machine over; what it does belongs into the image")  \
        FAIL_CODE(ROOT_HASH_MISSING, "root-hash-missing", FAIL_CONFIG,                                     \
                  "put usrhash= on the command line in the UKI")                                           \
        FAIL_CODE(ROOT_ON_VERITY_UNSUPPORTED, "root-on-verity-unsupported", FAIL_CONFIG,                   \
                  "put the system into a verified /usr (usrhash=) and use root=tmpfs")                     \
        FAIL_CODE(GEOMETRY_NOT_PINNED, "geometry-not-pinned", FAIL_UNVERIFIED,                             \
                  "put init.verity= on the command line in the UKI, or say pinned-geometry=allow in the floor") \
        FAIL_CODE(FLOOR_MALFORMED, "floor-malformed", FAIL_CONFIG,                                         \
                  "correct the floor and rebuild the initramfs: see verinit-floor(5)")                     \
        FAIL_CODE(FLOOR_REFUSES, "floor-refuses", FAIL_CONFIG,                                             \
                  "change the command line, or let the floor allow it and rebuild the initramfs")          \
        FAIL_CODE(FLOOR_DIGEST_MISMATCH, "floor-digest-mismatch", FAIL_TAMPER,                             \
                  "another archive brought a floor, or hid ours: look at what the boot loader adds to the initramfs")\
        FAIL_CODE(FLOOR_FILE_MISMATCH, "floor-file-mismatch", FAIL_TAMPER,                                 \
                  "another archive brought a file of ours: look at what the boot loader adds to the initramfs")\
        FAIL_CODE(FLOOR_FILE_UNNAMED, "floor-file-unnamed", FAIL_UNVERIFIED,                               \
                  "rebuild the initramfs with 'verinit initrd build', which fills the floor in")           \
        /* probe */                                                                                        \
        FAIL_CODE(MODULE_TABLE_MALFORMED, "module-table-malformed", FAIL_CONFIG,                           \
                  "rebuild the initramfs with 'verinit initrd build'")                                     \
        FAIL_CODE(MODULE_MISSING, "module-missing", FAIL_CONFIG,                                           \
                  "rebuild the initramfs with the feature named")                                          \
        FAIL_CODE(MODULE_LOAD_FAILED, "module-load-failed", FAIL_SYSTEM,                                   \
                  "check that the modules are those of this very kernel, with their signatures")           \
        FAIL_CODE(WATCHDOG_FAILED, "watchdog-failed", FAIL_SYSTEM,                                         \
                  "pack the watchdog's driver (--feature watchdog or softdog), or leave watchdog= out of the floor") \
        FAIL_CODE(TPM_ABSENT, "tpm-absent", FAIL_UNVERIFIED,                                               \
                  "turn the TPM on in the firmware, or say tpm=allow in the floor")                        \
        FAIL_CODE(TPM_UNMEASURED, "tpm-unmeasured", FAIL_UNVERIFIED,                                       \
                  "boot a UKI with systemd-stub under UEFI, or say tpm=allow in the floor")                \
        FAIL_CODE(TPM_FAILED, "tpm-failed", FAIL_SYSTEM,                                                   \
                  "a TPM that was there did not do what it must: check firmware and TPM")                  \
        /* prove */                                                                                        \
        FAIL_CODE(BAKED_CMDLINE_MISSING, "baked-cmdline-missing", FAIL_UNVERIFIED,                         \
                  "rebuild the initramfs with 'verinit initrd build --cmdline'")                           \
        FAIL_CODE(LOADER_VARIABLE_FORGED, "loader-variable-forged", FAIL_TAMPER,                           \
                  "whoever was root before wrote this EFI variable: delete it, and ask what else was done")  \
        FAIL_CODE(LOADER_VARIABLE_UNREADABLE, "loader-variable-unreadable", FAIL_UNVERIFIED,               \
                  "look at the firmware: what loader and stub say of this boot must be readable")          \
        FAIL_CODE(SECURE_BOOT_OFF, "secure-boot-off", FAIL_UNVERIFIED,                                     \
                  "turn Secure Boot on in the firmware, or say secure-boot=allow in the floor")            \
        FAIL_CODE(TPM_KEY_MISMATCH, "tpm-key-mismatch", FAIL_TAMPER,                                       \
                  "this is not the TPM that the floor names (tpm-ek=), or something stands before it")     \
        FAIL_CODE(TPM_ANSWER_FORGED, "tpm-answer-forged", FAIL_TAMPER,                                     \
                  "something between this machine and its TPM changes what the TPM says")                  \
        FAIL_CODE(CMDLINE_UNPROVED, "cmdline-unproved", FAIL_UNVERIFIED,                                   \
                  "boot the UKI so that firmware and stub measure it, or say cmdline-replay=allow in the floor") \
        FAIL_CODE(CMDLINE_NOT_BAKED, "cmdline-not-baked", FAIL_TAMPER,                                     \
                  "someone added to or changed the signed command line: look at boot menu, add-ons, SMBIOS") \
        FAIL_CODE(SYSTEMD_OPTIONS_VARIABLE, "systemd-options-variable", FAIL_TAMPER,                       \
                  "delete the EFI variable SystemdOptions, which a running system wrote, or turn Secure Boot on") \
        FAIL_CODE(EVENT_LOG_MALFORMED, "event-log-malformed", FAIL_TAMPER,                                 \
                  "the firmware's event log cannot be read: look at the firmware, or report this with the log")\
        FAIL_CODE(PCR_REPLAY_MISMATCH, "pcr-replay-mismatch", FAIL_TAMPER,                                 \
                  "the TPM saw another boot than the log tells of: look at firmware, boot loader and hypervisor")\
        FAIL_CODE(CMDLINE_NOT_SIGNED, "cmdline-not-signed", FAIL_TAMPER,                                   \
                  "another UKI was booted, or words were added: look at boot menu and ESP; sign the text as it is packed")\
        FAIL_CODE(CMDLINE_NOT_RECEIVED, "cmdline-not-received", FAIL_TAMPER,                               \
                  "the kernel got another command line than is read: look at its CONFIG_CMDLINE, and at bootconfig")\
        FAIL_CODE(EVENT_UNEXPLAINED, "event-unexplained", FAIL_TAMPER,                                     \
                  "take the add-on, profile or credential off the ESP, or list it in the floor and rebuild")\
        FAIL_CODE(ADDON_KEY_REFUSED, "addon-key-refused", FAIL_TAMPER,                                     \
                  "take the key out of the add-on, or name it in the floor's addon-keys=")                 \
        FAIL_CODE(SMBIOS_UNREADABLE, "smbios-unreadable", FAIL_UNVERIFIED,                                 \
                  "make the SMBIOS table of this machine shorter, or look at what the hypervisor puts in it") \
        FAIL_CODE(SMBIOS_CMDLINE, "smbios-cmdline", FAIL_TAMPER,                                           \
                  "take io.systemd.stub.kernel-cmdline-extra= out of the machine's SMBIOS strings")        \
        /* enter, measure, handoff */                                                                      \
        FAIL_CODE(EXTEND_FAILED, "extend-failed", FAIL_SYSTEM,                                             \
                  "what cannot be recorded must not happen: check the TPM")                                \
        FAIL_CODE(MEASURE_LOG_FAILED, "measure-log-failed", FAIL_SYSTEM,                                   \
                  "check that /run is a writable tmpfs")                                                   \
        /* find */                                                                                         \
        FAIL_CODE(DEVICE_ABSENT, "device-absent", FAIL_ABSENT,                                             \
                  "attach the disk, or correct the device named on the command line")                      \
        FAIL_CODE(DEVICE_UNREADABLE, "device-unreadable", FAIL_SYSTEM,                                     \
                  "check the disk and its driver")                                                         \
        FAIL_CODE(BOOT_DISK_UNKNOWN, "boot-disk-unknown", FAIL_UNVERIFIED,                                 \
                  "boot a UKI with systemd-stub under UEFI, or say boot-disk-only=allow in the floor")     \
        FAIL_CODE(PARTITION_TABLE_INVALID, "partition-table-invalid", FAIL_TAMPER,                         \
                  "repair the partition table of this disk, or write the image again")                     \
        FAIL_CODE(TWIN_DEVICE, "twin-device", FAIL_TAMPER,                                                 \
                  "remove the copy, or give it another UUID or label: which of them is meant cannot be known") \
        FAIL_CODE(DEVICE_CHANGED, "device-changed", FAIL_TAMPER,                                           \
                  "a disk was exchanged while the machine booted: find out who can do that")               \
        /* plan */                                                                                         \
        FAIL_CODE(IPE_ABSENT, "ipe-absent", FAIL_UNVERIFIED,                                               \
                  "name an IPE policy and boot a kernel that runs IPE (lsm=), or say ipe=allow in the floor") \
        FAIL_CODE(PLAN_IMPOSSIBLE, "plan-impossible", FAIL_CONFIG,                                         \
                  "the command line, the floor and the machine do not fit together: see the message")      \
        FAIL_CODE(SIGNATURE_MISSING, "signature-missing", FAIL_UNVERIFIED,                                 \
                  "sign the root hash, or say root-hash-signature=allow in the floor")                     \
        /* verify */                                                                                       \
        FAIL_CODE(SUPERBLOCK_INVALID, "superblock-invalid", FAIL_TAMPER,                                   \
                  "the verity superblock is damaged: write the hash tree again")                           \
        FAIL_CODE(ROOT_HASH_MISMATCH, "root-hash-mismatch", FAIL_TAMPER,                                   \
                  "the hash tree on this disk is not the one that was signed: write the image again")      \
        FAIL_CODE(HASH_TREE_CORRUPT, "hash-tree-corrupt", FAIL_TAMPER,                                     \
                  "the hash tree was changed after it was signed: write the image again")                  \
        FAIL_CODE(DATA_CORRUPT, "data-corrupt", FAIL_TAMPER,                                               \
                  "the image was changed after it was signed: write it again")                             \
        FAIL_CODE(GEOMETRY_MISMATCH, "geometry-mismatch", FAIL_TAMPER,                                     \
                  "the volume is not the one that init.verity= was made for: write the image again")       \
        FAIL_CODE(SIZE_MISMATCH, "size-mismatch", FAIL_TAMPER,                                             \
                  "hash exactly the file system, without padding, or pin the geometry with init.verity=")  \
        FAIL_CODE(SIZE_UNKNOWN, "size-unknown", FAIL_UNVERIFIED,                                           \
                  "pin the geometry with init.verity=, or build /usr as erofs, ext4 or squashfs")          \
        FAIL_CODE(FEC_UNFIT, "fec-unfit", FAIL_CONFIG,                                                     \
                  "let fec-device=, fec-offset= and fec-roots= be those that the parity was made with")    \
        FAIL_CODE(SIGNATURE_MALFORMED, "signature-malformed", FAIL_TAMPER,                                 \
                  "sign the root hash again: openssl smime -sign -binary -noattr -nocerts -outform der")   \
        FAIL_CODE(SIGNATURE_OTHER_HASH, "signature-other-hash", FAIL_TAMPER,                               \
                  "the signature is of another image: write /usr and its signature together")              \
        FAIL_CODE(SIGNATURE_INVALID, "signature-invalid", FAIL_TAMPER,                                     \
                  "root hash and signature do not belong together: write /usr and its signature again")    \
        FAIL_CODE(SIGNATURE_UNTRUSTED, "signature-untrusted", FAIL_UNVERIFIED,                             \
                  "sign with the key of a certificate= of the floor, or name the signer's in the floor")   \
        FAIL_CODE(VERITY_READ_FAILED, "verity-read-failed", FAIL_SYSTEM,                                   \
                  "the disk does not return what should be on it: check its size and health")              \
        FAIL_CODE(CRYPTO_FAILED, "crypto-failed", FAIL_SYSTEM,                                             \
                  "the digest cannot be computed: check that verinit was built with this algorithm")       \
        /* activate */                                                                                     \
        FAIL_CODE(DM_FAILED, "dm-failed", FAIL_SYSTEM,                                                     \
                  "the kernel refused the device-mapper table: see the lines above")                       \
        FAIL_CODE(DM_TABLE_DIFFERS, "dm-table-differs", FAIL_TAMPER,                                       \
                  "the live device-mapper table is not the one that was meant: report this")               \
        FAIL_CODE(KERNEL_KEY_MISSING, "kernel-key-missing", FAIL_UNVERIFIED,                               \
                  "enrol the signer's certificate in the firmware's db, or boot through UEFI: the kernel has it from there") \
        FAIL_CODE(KERNEL_KEY_REJECTED, "kernel-key-rejected", FAIL_TAMPER,                                 \
                  "the kernel does not accept a signature: look for the signer's certificate in dbx, and for its namesake in db") \
        FAIL_CODE(DM_CORRUPTED, "dm-corrupted", FAIL_TAMPER,                                               \
                  "the kernel found the image corrupted: write it again")                                  \
        FAIL_CODE(VERITY_TAKES_UNSIGNED, "verity-takes-unsigned", FAIL_UNVERIFIED,                         \
                  "tell the kernel to want signatures of every volume, or say root-hash-signature=allow in the floor: see the message") \
        /* usr */                                                                                          \
        FAIL_CODE(USR_FSTYPE_UNKNOWN, "usr-fstype-unknown", FAIL_CONFIG,                                   \
                  "give mount.usrfstype=, or build /usr as erofs, squashfs or ext4")                       \
        FAIL_CODE(USR_MOUNT_FAILED, "usr-mount-failed", FAIL_SYSTEM,                                       \
                  "check mount.usrfstype= and mount.usrflags=, and that the module is in the initramfs")   \
        /* mac */                                                                                          \
        FAIL_CODE(SELINUX_ABSENT, "selinux-absent", FAIL_UNVERIFIED,                                       \
                  "put security=selinux on the command line, or say selinux=allow in the floor")           \
        FAIL_CODE(IPE_POLICY_MISSING, "ipe-policy-missing", FAIL_CONFIG,                                   \
                  "install the policy that the command line names into the image, by its digest: /usr/lib/verinit/ipe")\
        FAIL_CODE(IPE_POLICY_MISMATCH, "ipe-policy-mismatch", FAIL_TAMPER,                                 \
                  "the policy in /usr is another than the command line names: build the image anew")       \
        FAIL_CODE(IPE_POLICY_MALFORMED, "ipe-policy-malformed", FAIL_CONFIG,                               \
                  "sign the policy again: openssl smime -sign -binary -nodetach -noattr -outform der")     \
        FAIL_CODE(IPE_POLICY_AMBIGUOUS, "ipe-policy-ambiguous", FAIL_CONFIG,                               \
                  "take the *.p7b out of systemd's own directories: it would load them a second time, and freeze")\
        FAIL_CODE(IPE_LOAD_FAILED, "ipe-load-failed", FAIL_SYSTEM,                                         \
                  "the kernel refused the IPE policy: check its rules with the kernel of the image")       \
        FAIL_CODE(IPE_NOT_ENFORCED, "ipe-not-enforced", FAIL_SYSTEM,                                       \
                  "the kernel does not enforce the IPE policy that it was given: see the message")         \
        FAIL_CODE(CAPABILITY_KEPT, "capability-kept", FAIL_SYSTEM,                                         \
                  "CAP_MAC_ADMIN cannot be taken from the host: say ipe-drop-mac-admin=no in the floor")   \
        FAIL_CODE(POLICY_MISSING, "policy-missing", FAIL_CONFIG,                                           \
                  "install an SELinux policy into the image's /usr")                                       \
        FAIL_CODE(POLICY_AMBIGUOUS, "policy-ambiguous", FAIL_CONFIG,                                       \
                  "keep exactly one policy.N in the image")                                                \
        FAIL_CODE(POLICY_VERSION, "policy-version-unsupported", FAIL_CONFIG,                               \
                  "build the policy for this kernel: policy-version in semanage.conf")                     \
        FAIL_CODE(POLICY_CONFIG_WEAK, "policy-config-weak", FAIL_CONFIG,                                   \
                  "set SELINUX=enforcing in the image's selinux/config: the host's own reload obeys it")   \
        FAIL_CODE(POLICY_LOAD_FAILED, "policy-load-failed", FAIL_SYSTEM,                                   \
                  "the kernel refused the SELinux policy: see the lines above")                            \
        FAIL_CODE(ENFORCE_FAILED, "enforce-failed", FAIL_SYSTEM,                                           \
                  "SELinux did not go into enforcing mode: see the lines above")                           \
        FAIL_CODE(SELINUX_LOCK_FAILED, "selinux-lock-failed", FAIL_CONFIG,                                 \
                  "build the policy with the boolean secure_mode_policyload, or see selinux-lock= in verinit-floor(5)") \
        FAIL_CODE(LABEL_FAILED, "label-failed", FAIL_SYSTEM,                                               \
                  "a file of the new root cannot be labelled: check the policy's file_contexts")           \
        /* root */                                                                                         \
        FAIL_CODE(ROOT_ABSENT, "root-absent", FAIL_ABSENT,                                                 \
                  "attach the root device, or correct root=")                                              \
        FAIL_CODE(ROOT_FSTYPE_UNKNOWN, "root-fstype-unknown", FAIL_CONFIG,                                 \
                  "give rootfstype=")                                                                      \
        FAIL_CODE(ROOT_MOUNT_FAILED, "root-mount-failed", FAIL_SYSTEM,                                     \
                  "check root=, rootfstype= and rootflags=, and that the module is in the initramfs")      \
        FAIL_CODE(ROOT_UNSAFE, "root-unsafe", FAIL_TAMPER,                                                 \
                  "/bin, /sbin, /lib and /lib64 of the root must be links into /usr: repair or replace the root") \
        FAIL_CODE(ETC_FAILED, "etc-failed", FAIL_SYSTEM,                                                   \
                  "check that the image has /usr/etc and the kernel has overlayfs")                        \
        FAIL_CODE(NEW_ROOT_FAILED, "new-root-failed", FAIL_SYSTEM,                                         \
                  "the new root cannot be put together: see the message")                                  \
        /* record */                                                                                       \
        FAIL_CODE(RECORD_FAILED, "record-failed", FAIL_SYSTEM,                                             \
                  "check that /run is a writable tmpfs")                                                   \
        FAIL_CODE(CREDENTIAL_REFUSED, "credential-refused", FAIL_UNVERIFIED,                               \
                  "remove the file from the ESP, or seal it with systemd-creds and a key of this machine") \
        /* handoff */                                                                                      \
        FAIL_CODE(INIT_MISSING, "init-missing", FAIL_CONFIG,                                               \
                  "install systemd into the image's /usr, or correct init=")                               \
        FAIL_CODE(INIT_UNVERIFIED, "init-unverified", FAIL_CONFIG,                                         \
                  "let init= name a program of the verified /usr")                                         \
        FAIL_CODE(SWITCH_ROOT_FAILED, "switch-root-failed", FAIL_SYSTEM,                                   \
                  "the kernel refused to move the root: see the message")                                  \
        FAIL_CODE(EXEC_FAILED, "exec-failed", FAIL_SYSTEM,                                                 \
                  "check that the init of the image is a program for this machine")

#define FAIL_CODE_ENUM(id, name, class, remedy) FAIL_##id##_CODE,
