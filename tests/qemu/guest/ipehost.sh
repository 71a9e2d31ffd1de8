# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# ipehost.sh DIRECTORY: on the booted host, by the report (verinit-report.d), as root. Code from all the places that IPE is to refuse, and
# from those it is to let pass; then a container by each runtime. Beside a status each try has its time, by which the judge finds the
# kernel's records of it.
set -u
out=$1
here=/run/acceptance
# A domain that Debian's policy lets make memory executable. Its name is the label of the volume.
code=system_u:object_r:unconfined_execmem_exec_t:s0
contained=system_u:object_r:container_file_t:s0
verity=/usr/lib/systemd/systemd-veritysetup
tries=/run/signed/bin/tries
# No udev for these volumes: see acceptance.sh.
export DM_DISABLE_UDEV=1 SYSTEMD_LOG_TARGET=console

# try NAME COMMAND...: its words, and its status between two times in tried.txt. Through a pipe: see verinit-report.
try() {
        local name=$1 start=$EPOCHREALTIME
        shift
        { timeout 60 "$@" 2>&1 </dev/null; printf '\nstatus %s\n' $?; } | cat >"$out/try-$name.txt"
        echo "$name $(sed -n 's/^status //p' "$out/try-$name.txt" | tail -1) $start $EPOCHREALTIME" >>"$out/tried.txt"
        sleep 0.1               # the kernel's stamps are of its last tick
}

# volume NAME FILE LABEL [OPTIONS]: opened as /dev/mapper/NAME and mounted at /run/NAME.
volume() {
        local name=$1 device
        mkdir -p "/run/$name"
        device=$(losetup --find --show --read-only "$here/$2")
        try "attach-$name" $verity attach "$name" "$device" "$device" "$(cat "$here/${2%.*}.roothash")" "hash-offset=$(cat "$here/hash-offset")${4-}"
        try "table-$name" dmsetup table "$name"
        try "mount-$name" mount -o "ro,context=$3" "/dev/mapper/$name" "/run/$name"
}

# Every record counts.
echo 0 >/proc/sys/kernel/printk_ratelimit
cat /sys/kernel/security/ipe/policies/*/active /sys/kernel/security/ipe/enforce >"$out/ipe.txt" 2>&1

signature=,root-hash-signature=$here/layer.p7s
volume signed layer.img $code $signature
volume unsigned layer.img $code
volume changed changed.img $code $signature
volume resealed resealed.img $code $signature
try signed $tries hello
try unsigned $tries exec /run/unsigned/bin/tries
try changed $tries exec /run/changed/bin/tries

try usr $tries exec /usr/bin/true
for place in run tmp root; do
        cp /usr/bin/true "/$place/copy"
        try "copy-$place" $tries exec "/$place/copy"
done
try memfd $tries memfd
cp /usr/lib/x86_64-linux-gnu/libz.so.1 /tmp/preloaded.so
try preload env LD_PRELOAD=/tmp/preloaded.so grep 'r-xp .*/tmp/preloaded.so' /proc/self/maps
try map-memory $tries map-memory
try protect-memory $tries protect-memory
printf '\303' >/tmp/return
truncate -s 4096 /tmp/return
try map-file $tries map-file /tmp/return
try protect-file $tries protect-file /tmp/return
try hidden $tries hidden

mkdir -p /run/over/{upper,work,all}
try mount-over mount -t overlay -o lowerdir=/usr/bin,upperdir=/run/over/upper,workdir=/run/over/work overlay /run/over/all
try over-lower $tries exec /run/over/all/true
touch /run/over/all/true
cp /usr/bin/true /run/over/all/new
try over-touched $tries exec /run/over/all/true
try over-new $tries exec /run/over/all/new

cp $here/dummy.ko /run/dummy.ko
chcon -t modules_object_t /run/dummy.ko
try module-finit $tries finit /run/dummy.ko
rmmod dummy
try module-init $tries init /run/dummy.ko
rmmod dummy
try module-of-usr modprobe dummy

# A system extension: merged into /usr, which is an overlayfs then, its program tried beside one of /usr's own, and taken out again.
mkdir -p /run/extensions
for kind in signed unsigned changed; do
        cp "$here/extension-$kind.raw" /run/extensions/extended.raw
        cp "$here/extension-$kind.roothash" /run/extensions/extended.roothash
        try "merge-$kind" systemd-sysext merge
        try "table-extension-$kind" dmsetup table "$(cat "$here/extension-$kind.roothash")-verity"
        try "extension-$kind" $tries exec /usr/bin/extended
        try "usr-beside-$kind" $tries exec /usr/bin/true
        try "unmerge-$kind" systemd-sysext unmerge
done

# A layer, and what a container writes over it.
for runtime in crun runc; do
        bundle=/run/bundle-$runtime
        mkdir -p $bundle/{root,upper,work}
        cp $here/config.json $bundle/
        try mount-$runtime mount -t overlay -o "lowerdir=/run/signed,upperdir=$bundle/upper,workdir=$bundle/work,context=$contained" overlay $bundle/root
        try $runtime $runtime run --bundle $bundle inside-$runtime
        cp $bundle/upper/said "$out/said-$runtime.txt"
done
sleep 1
dmesg >"$out/kernel-log.txt"
exit 0
