# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rows on IPE: a policy of the initramfs or of /usr that is not the one that was named, or that no kernel takes; and good ones."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from rows import volumes
from rows.ipe import BY_SIGNATURE, DENY, Built, Policy
from rows.row import Finding, Room
from rows.volumes import HOST, HOST_FIRMWARE
from rows.words import Edit, added, both

from .case import BOOTED, Tamper, fast, row
from .looks import Look, boot_json, is_handed_over, pcrs_are_predicted, says, text

HOST_FLOOR = {"selinux-dir": "lib/selinux"}
IPE_FLOOR = {**HOST_FLOOR, "ipe": "require"}
NOBODYS = "ab" * 32
CAP_MAC_ADMIN = 1 << 33
EPERM, ENOENT, EACCES = 1, 2, 13
# What the list has with security=selinux, in which IPE stands by Debian's default.
WITHOUT_IPE = "lockdown,capability,landlock,yama,selinux,bpf"
ALL = f"lsm={WITHOUT_IPE},ipe,ima,evm"

IN_USR = Policy(rules=BY_SIGNATURE)
DETACHED = replace(IN_USR, is_detached=True)
# The cloud kernel has no driver that asks for firmware without its device.
ASKS_FOR_FIRMWARE: dict[str, Any] = {"volume": HOST_FIRMWARE, "flavour": "generic", "signed": added(ALL), "seconds": 20}
OF_USR, OF_RUN = 14, 8      # bytes: rows/volumes.py and guest/firmware.c
FIRMWARE_DENIED = re.compile(r'audit: type=1420 .*: ipe_op=FIRMWARE ipe_hook=(\S+) enforcing=1 .* path=(\S+) dev=\S+ ino=\S+ rule="DEFAULT action=DENY"$')
# Where no directory has a file, the kernel would ask a program for its bytes: they are of no file.
OF_RUN_DENIED = (("KERNEL_READ", '"/run/firmware/run.bin"'), ("KERNEL_LOAD", "?"), ("KERNEL_READ", '"/run/firmware/usr.bin"'))
# No builder writes it, so it does not come in the initramfs.
LAUNCH = Policy(rules=DENY + "op=LAUNCH action=ALLOW\n")
UNKNOWN_RULE = replace(volumes.NO_POLICY, name="ipe-rule", policies={"": LAUNCH})
HOST_IPE = replace(HOST, name="host-ipe", policies={"": IN_USR})
# A few blocks each: what is wrong is seen before SELinux is looked at.
SMALL = replace(volumes.NO_POLICY, name="ipe-other", files={**volumes.NO_POLICY.files, f"lib/verinit/ipe/{NOBODYS}.p7b": b"another\n"})
TWO_LOADERS = replace(volumes.NO_POLICY, name="ipe-two-loaders", policies={"": IN_USR, "lib/ipe/boot.p7b": IN_USR})
OF_NO_USE = replace(volumes.NO_POLICY, name="ipe-detached", policies={"": DETACHED})


def named(policy: Policy) -> Edit:
    return lambda line: added(f"init.ipe=sha256-{policy.digest()}")(line)


def tries_end(**errnos: int) -> Look:
    """What the host's one program could do: the errno of each try, 0 for one that was let do it."""
    def look(finding: Finding, _: Room) -> None:
        seen = dict(line.split(": ") for line in text(finding, "denials.txt").splitlines())
        for name, errno in errnos.items():
            finding.expect(f"errno of {name}", str(errno), seen.get(name.replace("_", "-")))
    return look


def all_records(finding: Finding) -> list[str]:
    """The kernel's log, which without this drops what comes too fast."""
    finding.expect_in("what the host could do", ("print-all-records: 0\n",), text(finding, "denials.txt"))
    return text(finding, "kmsg.txt").splitlines()


def is_audited(*hooks: str, rule: str = "DEFAULT action=DENY") -> Look:
    """A denial of IPE for each, and no other of it."""
    def look(finding: Finding, _: Room) -> None:
        # The policy of SELinux was loaded: so there is a log, and audit speaks in it.
        finding.expect_in("kernel's log", ("audit: type=1403 ",), text(finding, "kmsg.txt"))
        denials = [line for line in all_records(finding) if "audit: type=1420 " in line]
        finding.expect("denials of IPE", len(hooks), len(denials))
        for hook, line in zip(hooks, denials):
            finding.expect_in("denial", (f"ipe_hook={hook} enforcing=1", f'rule="{rule}"'), line)
    return look


def firmware_is(sizes: tuple[int, ...], denied: tuple[tuple[str, str], ...]) -> Look:
    """What the driver got, by the sizes, which tell one file from the other; and a denial of each hook and path, and no other."""
    def look(finding: Finding, _: Room) -> None:
        lines = all_records(finding)
        finding.expect("firmware that was loaded", list(sizes), [int(line.split()[-1]) for line in lines if "test_firmware: loaded: " in line])
        finding.expect("denials of firmware", len(denied), len([line for line in lines if "ipe_op=FIRMWARE" in line]))
        finding.expect("firmware that was denied", list(denied), [match.groups() for match in map(FIRMWARE_DENIED.search, lines) if match])
    return look


def asks_mac_admin(wanted: bool = True) -> Look:
    """Whoever has the capability is refused by SELinux, which says so; for whom it was dropped there is nothing to ask."""
    def look(finding: Finding, _: Room) -> None:
        finding.expect("mac_admin is asked for in the kernel's log", wanted, "denied  { mac_admin } for " in text(finding, "kmsg.txt"))
    return look


def policy_rules(source: str, name: str = "verinit_test", others: tuple[str, ...] = ()) -> Look:
    """By boot.json, by the words in the log, and by what the kernel shows."""
    def look(finding: Finding, _: Room) -> None:
        ipe = boot_json(finding).get("ipe", {})
        shown = [(p["name"], p["version"], p["source"], p["active"]) for p in ipe.get("policies", [])]
        finding.expect("boot.json ipe.policies", [(n, "1.2.3", source, n == name) for n in (name, *others)], shown)
        finding.expect("boot.json ipe.state", "enforcing", ipe.get("state"))
        finding.expect("policies in the kernel", sorted((name, *others)),
                       sorted(set(text(finding, "ipe-policies.txt").split()) - {".", ".."}))
        finding.expect("IPE's enforce", "1", text(finding, "ipe-enforce.txt"))
        digests = [f"verinit.ipe=sha256-{p['sha256']}" for p in ipe.get("policies", [])]
        log = [json.loads(record) for record in text(finding, "measure.log").split("\x1e") if record.strip()]
        finding.expect("words of the log", digests, [r["content"]["string"] for r in log
                                                     if r["pcr"] == 13 and r["content"]["string"].startswith("verinit.ipe=")])
    return look


def mac_admin_is(state: str) -> Look:
    """In the bounding set of the host's PID 1, and in that of what the kernel starts itself."""
    def look(finding: Finding, room: Room) -> None:
        says("ipe", "mac_admin", value=state)(finding, room)
        status = dict(line.split(":", 1) for line in text(finding, "status.txt").splitlines() if ":" in line)
        low, high = (text(finding, "helpers.txt").split() + ["0", "0"])[:2]
        for what, bits in (("CapBnd", int(status.get("CapBnd", "0"), 16)), ("CapPrm", int(status.get("CapPrm", "0"), 16)),
                           ("usermodehelper/bset", int(low) | int(high) << 32)):
            finding.expect(f"CAP_MAC_ADMIN in {what}", state == "kept", bool(bits & CAP_MAC_ADMIN))
            finding.expect(f"others in {what}", True, bool(bits & (CAP_MAC_ADMIN << 1)))
    return look


IPE: list[Tamper] = [
    fast("config-ipe-another-named", "another IPE policy than the floor's is named", "config/CONFIG/cmdline-contradiction",
         "init.ipe", "is another", image="discoverable-ext4", policies=(Policy(),), smbios_cmdline=f"init.ipe=sha256-{NOBODYS}"),
    fast("config-ipe-not-selected", "a list of LSMs without IPE, and the floor has a policy", "config/CONFIG/cmdline-weakening",
         "ipe is not among them", image="discoverable-ext4", policies=(Policy(),), smbios_cmdline=f"lsm={WITHOUT_IPE}"),
    row("plan-ipe-not-selected", "a signed list of LSMs without IPE, and a policy is named", "plan/UNVERIFIED/ipe-absent",
        "does not run IPE, and the command line names", volume=HOST_IPE, floor=HOST_FLOOR,
        signed=both(added(f"lsm={WITHOUT_IPE}"), named(IN_USR))),
    fast("mac-ipe-policy-planted", "an archive beside ours has a damaged IPE policy", "mac/TAMPER/floor-file-mismatch",
         "etc/verinit/ipe/", "was packed", policies=(Policy(),), planted={"etc/verinit/ipe/{ipe}.p7b": b"damaged\n"}),
    row("mac-ipe-policy-missing", "the IPE policy that is named is not in /usr", "mac/CONFIG/ipe-policy-missing",
        f"/usr/lib/verinit/ipe/{NOBODYS[:16]}….p7b cannot be read: ENOENT", signed=added(f"acl.ipe.policy_sha256={NOBODYS}")),
    row("mac-ipe-policy-of-another-digest", "in its place is another file", "mac/TAMPER/ipe-policy-mismatch",
        f"the command line names {NOBODYS[:16]}", volume=SMALL, signed=added(f"init.ipe=sha256-{NOBODYS}")),
    row("mac-ipe-policy-without-text", "a signature without the policy in it", "mac/CONFIG/ipe-policy-malformed",
        "it holds no content", volume=OF_NO_USE, signed=named(DETACHED)),
    row("mac-ipe-two-loaders", "a policy where systemd looks, too", "mac/CONFIG/ipe-policy-ambiguous",
        "/usr/lib/ipe/boot.p7b is systemd's to load", volume=TWO_LOADERS, signed=named(IN_USR)),
    row("mac-ipe-policy-of-a-stranger", "an IPE policy by a signer whom the firmware does not know",
        "mac/UNVERIFIED/kernel-key-missing", "IPE policy verinit_test: no keyring of the kernel has the key",
        policies=(Policy(signer="other"),)),
    row("mac-ipe-policy-of-a-namesake", "the same, with subject and serial number of the one enrolled",
        "mac/TAMPER/kernel-key-rejected", "IPE policy verinit_test: the kernel rejects its signature",
        policies=(Policy(signer="namesake"),)),
    row("mac-ipe-rule-of-no-kernel", "an IPE policy with a rule that the kernel does not know", "mac/SYSTEM/ipe-load-failed",
        "IPE policy verinit_test 1.2.3: the kernel does not take it: EBADMSG", volume=UNKNOWN_RULE, signed=named(LAUNCH)),
    row("booted-ipe-enforcing", "nothing: IPE policies in the initramfs, the first of which allows what is in /usr", BOOTED, volume=HOST,
        policies=(Policy(), Policy(name="at_hand")), floor=IPE_FLOOR, signed=added(ALL),
        looks=(is_handed_over(), policy_rules("initramfs", others=("at_hand",)), pcrs_are_predicted(HOST_FLOOR), mac_admin_is("dropped"),
               tries_end(run_own=0, run_copy=EACCES, run_memfd=EACCES, map_copy=EACCES, make_executable=EACCES, write_ipe_enforce=EPERM),
               is_audited("BPRM_CHECK", "BPRM_CHECK", "MMAP"), asks_mac_admin(False))),
    row("booted-ipe-built", "nothing: the IPE policy of `verinit ipe build`", BOOTED, volume=HOST, policies=(Built(),), floor=IPE_FLOOR,
        signed=added(ALL),
        looks=(is_handed_over(), policy_rules("initramfs", name="verinit_built"), pcrs_are_predicted(HOST_FLOOR), mac_admin_is("dropped"),
               tries_end(run_own=0, run_copy=EACCES, run_memfd=EACCES, map_copy=EACCES, make_executable=EACCES, write_ipe_enforce=EPERM),
               is_audited("BPRM_CHECK", "BPRM_CHECK", "MMAP"), asks_mac_admin(False))),
    row("booted-ipe-of-usr", "nothing: an IPE policy in /usr, which allows what is signed, and the host keeps CAP_MAC_ADMIN", BOOTED,
        volume=HOST_IPE, floor={**IPE_FLOOR, "ipe-drop-mac-admin": "no"}, signed=both(added(ALL), named(IN_USR)),
        looks=(is_handed_over(), policy_rules("usr"), pcrs_are_predicted(HOST_FLOOR), mac_admin_is("kept"),
               tries_end(run_own=0, run_copy=EACCES, run_memfd=EACCES, map_copy=EACCES, make_executable=EACCES, write_ipe_enforce=EPERM), asks_mac_admin())),
    # Denied in one directory, a file is looked for in the next: of a name that both have the one of /usr is taken.
    row("booted-ipe-firmware", "nothing: a driver asks for firmware, which `/usr` has or `/run`, under the policy of `verinit ipe build`",
        BOOTED, policies=(Built(),), floor=IPE_FLOOR, **ASKS_FOR_FIRMWARE,
        looks=(is_handed_over(), policy_rules("initramfs", name="verinit_built"),
               tries_end(load_module=0, firmware_of_usr=0, firmware_of_run=ENOENT, firmware_of_both=0),
               firmware_is((OF_USR, OF_USR), OF_RUN_DENIED))),
    row("booted-ipe-firmware-absent", "nothing: the same without a policy", BOOTED, floor=HOST_FLOOR, **ASKS_FOR_FIRMWARE,
        looks=(is_handed_over(), says("ipe", "state", value="absent"),
               tries_end(load_module=0, firmware_of_usr=0, firmware_of_run=0, firmware_of_both=0), firmware_is((OF_USR, OF_RUN, OF_RUN), ()))),
    # All else as above: so what is denied there is IPE's doing.
    row("booted-ipe-absent", "nothing: the same without a policy", BOOTED, volume=HOST, floor=HOST_FLOOR, signed=added(ALL),
        looks=(is_handed_over(), says("ipe", "state", value="absent"),
               tries_end(run_own=0, run_copy=0, run_memfd=0, map_copy=0, make_executable=EACCES, write_ipe_enforce=EPERM), is_audited(), asks_mac_admin())),
]
