# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# hostile.sh DIRECTORY: on the booted host, by the report (verinit-report.d), as root in the policy's strongest domain. What takes SELinux
# away from a host that is not locked, by each way that libselinux has; then what a confined domain may do.
set -u
out=$1
selinux=/sys/fs/selinux
etc=/etc/selinux

# try NAME COMMAND...: its words, and its status in tried.txt. Through a pipe: see verinit-report.
try() {
        local name=$1
        shift
        { timeout 60 "$@" 2>&1 </dev/null; printf '\nstatus %s\n' $?; } | cat >"$out/try-$name.txt"
        echo "$name $(sed -n 's/^status //p' "$out/try-$name.txt" | tail -1)" >>"$out/tried.txt"
}

# What the kernel enforces now.
state() {
        mountpoint -q $selinux || mount -t selinuxfs selinuxfs $selinux
        echo "$1 $(cat $selinux/enforce) $(sha256sum <$selinux/policy | cut -d' ' -f1)" >>"$out/states.txt"
}

cp /run/systemd/generator/hostile.txt "$out/generator.txt"
cp /run/hostile/service.txt "$out/service.txt"
state up

# The bind of the verified one, and what was mounted over it since.
try umount sh -c 'while mountpoint -q /etc/selinux; do umount -l /etc/selinux || exit 1; done'
cp $etc/config "$out/bared.txt"
try load dd if=$selinux/policy of=$selinux/load bs=16M iflag=fullblock
try unlock setsebool secure_mode_policyload 0
try boolean setsebool allow_execmem 1
try reload load_policy
state tried

# Loadable, and another: its lock has another name.
mkdir /run/other
cp -a /usr/etc/selinux/default /run/other/other
perl -0pi -e 's/secure_mode_policyload/secure_mode_policyl0ad/g' /run/other/other/policy/policy.33
cp -a /run/other/other $etc/other
printf 'SELINUX=permissive\nSELINUXTYPE=other\n' >/run/other/config

# config NAME TEXT: what systemd does of it at the next start (libselinux selinux_init_load_policy()).
config() {
        [ -z "$2" ] || printf '%b' "$2" >$etc/config
        try "config-$1" load_policy -i
        state "config-$1"
}
config permissive 'SELINUX=permissive\nSELINUXTYPE=default\n'
config disabled 'SELINUX=disabled\nSELINUXTYPE=default\n'
config garbage '\0377\0376SELINUX\0000'
config other 'SELINUX=enforcing\nSELINUXTYPE=other\n'
rm $etc/config
config missing ''
mv $etc /run/plain && ln -s /run/other $etc
config link ''
rm $etc && mkdir $etc && mount --bind /run/other $etc
config mount ''
umount $etc && rmdir $etc && mv /run/plain $etc
try setenforce setenforce 0
state end

# The same command from the report's own domain and from one that the policy confines. That one's words are in the journal: dbus may not
# hand our pipe on.
probe() {
        local name=$1
        shift
        try "open-$name" "$@"
        try "confined-$name" systemd-run --quiet --wait --unit="probe-$name" -p SELinuxContext=system_u:system_r:system_cronjob_t:s0 "$@"
        journalctl -b -o cat -u "probe-$name" >"$out/words-$name.txt" 2>&1
}
probe itself /bin/sh -c 'cat /proc/self/attr/current'
probe shadow /bin/sh -c 'cat /etc/shadow'
probe disk /bin/sh -c 'head -c 1 /dev/vda'
probe tpm /bin/sh -c ': <>/dev/tpmrm0'
probe evidence /bin/sh -c ': >>/run/verinit/boot.json'
probe policy /bin/sh -c 'cat /sys/fs/selinux/policy >/dev/null'
dmesg | grep -F 'avc:  denied' >"$out/denials.txt"
exit 0
