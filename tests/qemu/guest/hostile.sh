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

# What the report's own domain may do and one that the policy confines may not. That one's words are in the journal: dbus may not hand
# our pipe on. Now, while there is a configuration: systemd gives no domain to its services without one.
# shellcheck disable=SC2016
probes='one() { words=$(/bin/sh -c "$2" 2>&1 >/dev/null) && words=done; echo "$1: $words"; }
echo "domain: $(tr -d "\\0" </proc/self/attr/current)"
one shadow "cat /etc/shadow"
one disk "head -c 1 /dev/vda"
one tpm ": <>/dev/tpmrm0"
one evidence ": >>/run/verinit/boot.json"
one policy "cat /sys/fs/selinux/policy"'
/bin/sh -c "$probes" | cat >"$out/probes-open.txt"
try probes systemd-run --quiet --wait --unit=probes --expand-environment=no \
        -p SELinuxContext=system_u:system_r:system_cronjob_t:s0 /bin/sh -c "$probes"
journalctl --sync
journalctl -b -o cat -u probes | cat >"$out/probes-confined.txt"

# The bind of the verified one, and what was mounted over it since.
try umount sh -c 'while mountpoint -q /etc/selinux; do umount -l /etc/selinux || exit 1; done'
cp $etc/config "$out/bared.txt"
try load dd if=$selinux/policy of=$selinux/load bs=16M iflag=fullblock
try unlock setsebool secure_mode_policyload 0
try boolean setsebool allow_execmem 1
try reload load_policy
try setenforce setenforce 0
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
state end

# A day later, to whatever waits for an hour: the timers of the host run.
date -s '+25 hours' >/dev/null
for _ in $(seq 30); do
        sleep 1
        systemctl list-jobs --no-legend | grep -q . || break
done
systemctl show -p LastTriggerUSec dpkg-db-backup.timer | cat >"$out/clock.txt"
state later

dmesg | grep -F 'avc:  denied' >"$out/denials.txt"
exit 0
