# SPDX-License-Identifier: LGPL-2.1-or-later
"""SELinux and Host: what became of the system that was handed over to."""

from __future__ import annotations

import re

from .evidence import TOP, Evidence, Section, fact, need, short

SIZE_BUDGET = TOP / "tests" / "size-budget"
UNEVICTABLE_MAX_KB = 1024
PID1_CONTEXT = "system_u:system_r:init_t:s0"
# systemd's words when a unit's device or a job did not come in time.
TIMED_OUT = re.compile(r"timed out waiting for device|timed out\. (?:terminating|killing)|job \S+ timed out", re.I)


def _policy(e: Evidence) -> str:
    image, loaded = e.image["policy_sha256"], e.boot["selinux"]["policy_sha256"]
    need(re.fullmatch(r"[0-9a-f]{64}", image) is not None, f"image.json has no digest of a policy but '{image}'")
    need(image == loaded, f"the image's policy is {image}, the kernel was given {loaded or 'none'}")
    return f"{short(image)} in the image, the same was given to the kernel"


def _policy_now(e: Evidence) -> str:
    after = e.boot["selinux"]["loaded_sha256"]
    now = e.match("selinux.txt", r"^policy: ([0-9a-f]{64})  -$", "the guest did not tell the policy it has now")[1]
    need(after == now, f"the kernel had {after or 'none'} when PID 1 had loaded it, it has {now} now")
    return f"{short(now)} read back from the kernel before the hand-off, and still now"


def _enforcing(e: Evidence) -> str:
    state = e.boot["selinux"]["state"]
    need(state == "enforcing", f"boot.json says '{state}'")
    now = e.match("selinux.txt", r"^enforce: (.*)$", "the guest did not tell its mode")[1]
    need(now == "Enforcing", f"the guest says {now}")
    return "enforcing before the hand-off, and still now"


def _context(e: Evidence) -> str:
    context = e.match("selinux.txt", r"^init: (.*)$", "the guest did not tell the context of PID 1")[1]
    need(context == PID1_CONTEXT, f"{context}, not {PID1_CONTEXT}")
    return f"{context}, {e.text('init-cmdline.txt').split()[0]}"


def selinux(e: Evidence) -> Section:
    checks = [("policy", _policy), ("policy now", _policy_now), ("mode", _enforcing), ("PID 1", _context)]
    facts = [fact(label, lambda check=check: check(e)) for label, check in checks]
    return Section("SELinux", facts, [])


def _units(e: Evidence) -> str:
    above = []
    for line in e.text("units.txt").splitlines():
        if line.startswith("state: "):
            break
        above.append(line.split()[0] if line.split() else line)
    need(not above, f"{len(above)} failed: {', '.join(above)}")
    state = e.match("units.txt", r"^state: (.*)$", "the guest did not tell its state")[1]
    need(state == "running", f"no unit failed, but the system is {state}")
    return "0 failed; the system is running"


def _device(e: Evidence) -> str:
    e.match("units.txt", r"^dev-mapper-usr\.device +loaded +active +plugged( |$)",
            "dev-mapper-usr.device is not active")
    e.match("units.txt", r"^ActiveState=active$", "systemctl show has another state than active")
    return "dev-mapper-usr.device is active"


def _waits(e: Evidence) -> str:
    found = [line.strip() for line in e.text("journal.txt").splitlines() if TIMED_OUT.search(line)]
    need(not found, f"{len(found)} in the journal, the first: {found[0] if found else ''}")
    # Only a journal that reaches to the end of the start can say that there was none.
    done = e.match("journal.txt", r"systemd\[1\]: (Startup finished in .*)\.$", "the start did not come to its end")
    return f"none in the journal; {done[1][0].lower()}{done[1][1:]}"


def _memory(e: Evidence) -> str:
    handoff = e.boot["handoff"]
    before, after = handoff["memory_available_before_kb"], handoff["memory_available_after_kb"]
    need(before > 0 and after > 0, f"boot.json has {before} KiB before and {after} KiB after the hand-off")
    now = int(e.match("meminfo.txt", r"^MemAvailable: +(\d+) kB$", "the guest did not tell its memory")[1])
    # The kernel counts freed pages late, by processor: the second is often the first.
    return f"available: {before} KiB before the switch of the root, {after} just after it, {now} on the host"


def _initramfs(e: Evidence) -> str:
    handoff, held = e.boot["handoff"], e.uki.initrd()["content_bytes"]
    how = {"pivot": "gone with its mount (pivot)", "move": "removed file by file (move)"}.get(handoff["switch"])
    need(how is not None, f"boot.json says '{handoff['switch']}'")
    freed = handoff["initramfs_bytes"]
    need(handoff["switch"] == "pivot" or freed >= held, f"{freed} bytes freed, but the initramfs holds {held}")
    # Its pages are unevictable (fs/ramfs/inode.c), and a stock host has hardly any others.
    left = int(e.match("meminfo.txt", r"^Unevictable: +(\d+) kB$", "the guest did not tell its memory")[1])
    need(left < UNEVICTABLE_MAX_KB, f"{left} KiB of unevictable memory on the host: its pages are still there")
    return f"{held / 2**20:.1f} MiB {how}; {left} KiB of unevictable memory on the host"


def _budget() -> int:
    """Its one line that is no comment."""
    (line,) = [line for line in SIZE_BUDGET.read_text().splitlines() if not line.startswith("#")]
    return int(line)


def _sizes(e: Evidence) -> str:
    initrd, budget = e.uki.initrd(), _budget()
    init = next(entry["size"] for entry in initrd["entries"] if entry["path"] == "init")
    need(0 < init <= budget, f"init has {init} bytes, its budget is {budget}")
    mib = [size / 2**20 for size in (init, budget, initrd["file_bytes"], e.uki.size())]
    return (f"init {mib[0]:.2f} MiB (budget {mib[1]:.2f}), initramfs {mib[2]:.2f} MiB in {initrd['compression']}, "
            f"UKI {mib[3]:.2f} MiB")


def host(e: Evidence) -> Section:
    checks = [("units", _units), ("/usr device", _device), ("time-outs", _waits), ("memory", _memory),
              ("initramfs", _initramfs), ("sizes", _sizes)]
    return Section("Host", [fact(label, lambda check=check: check(e)) for label, check in checks], [])
