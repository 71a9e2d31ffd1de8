# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# acceptance.sh DIRECTORY: on the booted host, by the report (verinit-report.d). Three volumes, each sealed to one PCR, are opened
# as the host came up, and again after each of these PCRs was extended as a failing boot extends it.
set -u
out=$1
here=/run/acceptance
declare -A device=([11]=/dev/disk/by-uuid/3b0c8f3e-0000-4000-8000-000000000011
                   [13]=/dev/disk/by-uuid/3b0c8f3e-0000-4000-8000-000000000013
                   [7]=/dev/disk/by-uuid/3b0c8f3e-0000-4000-8000-000000000007)
# Only of PCR 11 does anybody sign what it will be.
declare -A policy=([11]="--tpm2-public-key=/run/systemd/tpm2-pcr-public-key.pem --tpm2-public-key-pcrs=11 --tpm2-pcrs="
                   [13]="--tpm2-public-key= --tpm2-public-key-pcrs= --tpm2-pcrs=13"
                   [7]="--tpm2-public-key= --tpm2-public-key-pcrs= --tpm2-pcrs=7")
order="11 13 7"

# step NAME COMMAND...: what it says, and its exit status in steps.txt. Through a pipe: see verinit-report.
step() {
        local name=$1 status
        shift
        { timeout 60 "$@" 2>&1 </dev/null; echo "status $?"; } | cat >"$out/$name.txt"
        status=$(sed -n 's/^status //p' "$out/$name.txt" | tail -1)
        echo "$name $status" >>"$out/steps.txt"
}

# Unlocks the header and changes nothing of what is sealed: a key slot more, of a random key.
unlock_all() {
        local pcr
        for pcr in $order; do
                step "unlock-$pcr-$1" env SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=console \
                        systemd-cryptenroll --unlock-tpm2-device=auto --recovery-key "${device[$pcr]}"
        done
}

# attach PCR NAME: as a boot does it, into the kernel. Without udev, whose dmsetup Debian's policy keeps from the semaphore of our domain.
attach() {
        step "attach-$2" env DM_DISABLE_UDEV=1 SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=console \
                systemd-cryptsetup attach "$2" "${device[$1]}" - tpm2-device=auto,headless=1,tries=1
        step "table-$2" dmsetup table "$2"
}

cat /sys/kernel/security/tpm0/binary_bios_measurements >"$out/firmware.log"
cat /run/log/verinit/eventlog.tcg2 >"$out/eventlog.tcg2"
cat /run/systemd/tpm2-pcr-signature.json >"$out/pcr-signature.json"
ls -laZ /run/log/verinit /run/pcrlock.d /run/systemd /run/acceptance >"$out/places.txt" 2>&1
journalctl -b --no-pager -u 'verinit-*' >"$out/units-of-ours.txt"
step pcrlock-log /usr/lib/systemd/systemd-pcrlock log --json=short
step pcrlock-cel /usr/lib/systemd/systemd-pcrlock cel --json=short
step pcrlock-predict /usr/lib/systemd/systemd-pcrlock predict --pcr=4+11+13 --json=short

for pcr in $order; do
        # shellcheck disable=SC2086
        step "enroll-$pcr" systemd-cryptenroll --unlock-key-file=$here/key --tpm2-device=auto ${policy[$pcr]} "${device[$pcr]}"
done
unlock_all before
for pcr in $order; do
        attach "$pcr" "sealed-$pcr"
done
for pcr in $order; do
        step "poison-$pcr" $here/poison "$pcr"
        unlock_all "after-$pcr"
        attach "$pcr" "poisoned-$pcr"
done
grep . /sys/class/tpm/tpm0/pcr-sha256/* >"$out/poisoned.txt"
dmesg | grep -F 'avc:  denied' >"$out/denials.txt"
exit 0
