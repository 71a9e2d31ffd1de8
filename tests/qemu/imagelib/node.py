# SPDX-License-Identifier: LGPL-2.1-or-later
"""The node: a stock Debian trixie, split into a verified /usr (erofs) and the rest (ext4).

/usr/etc is a full copy of /etc, labelled as /etc would be, so that a boot with root=tmpfs can show it
as /etc. All labels are set here, by the tree's own setfiles from the tree's own policy.
"""

import os
import re
import shutil
from pathlib import Path

from .debian import MINBASE, Debian, Flavour, run
from .store import EPOCH, OVERLAY, TOP, BuildError, Store, digests, file_digest, sources
from .toolstree import Tools, host
from .vardirs import var_snippet

PACKAGES = ["systemd", "systemd-sysv", "systemd-cryptsetup", "dbus", "udev", "kmod", "dmsetup",
            "libtss2-esys-3.0.2-0t64", "libtss2-rc0t64", "libtss2-mu-4.0.1-0t64",
            "libtss2-tcti-device0t64", "selinux-policy-default", "policycoreutils", "selinux-utils",
            "libpam-systemd", "e2fsprogs", "login", "crun", "runc"]

# Joins the logs on the node.
VERINIT = TOP / "build" / "release" / "verinit-node"
UNITS = TOP / "units"

# Linux 6.12 takes policies up to this version; trixie's libsepol would build a newer one.
POLICY_VERSION = 33

USR_UUID = "7c1b5a52-5bb0-4e0b-9d4f-0c5c2b1a6e01"
ROOT_UUID = "7c1b5a52-5bb0-4e0b-9d4f-0c5c2b1a6e02"
ROOT_MIB = 256

CONTEXTS = "etc/selinux/default/contexts/files/file_contexts"


def base(debian: Debian, store: Store, tools: Tools) -> Path:
    """mmdebstrap's tree with the SELinux policy rebuilt in the version that the kernel takes."""
    packages = debian.resolve(MINBASE + PACKAGES)

    def build(out: Path) -> None:
        debian.tree("node", PACKAGES, out / "tree")
        _build_policy(tools, out / "tree")
        (out / "packages").write_text("".join(f"{p}\n" for p in packages))

    inputs = {"packages": [str(p) for p in packages],
              "sources": sources("debian", "toolstree", "node")}
    return store.stage("base", inputs, build)


def _build_policy(tools: Tools, tree: Path) -> None:
    semanage = tree / "etc/selinux/semanage.conf"
    text = semanage.read_text()
    semanage.write_text(re.sub(r"(?m)^#?\s*policy-version\s*=.*\n", "", text)
                        + f"policy-version = {POLICY_VERSION}\n")
    (tree / "etc/selinux/config").write_text("SELINUX=enforcing\nSELINUXTYPE=default\n")
    # An image's /usr/etc stands for /etc: setfiles here and restorecon on the node agree on it.
    (tree / f"{CONTEXTS}.subs").write_text("/usr/etc /etc\n")
    tools.run(["semodule", "-B", "-n"], tree=tree)
    policies = tree / "etc/selinux/default/policy"
    for policy in policies.iterdir():
        if policy.name != f"policy.{POLICY_VERSION}":
            policy.unlink()
    if not (policies / f"policy.{POLICY_VERSION}").exists():
        raise BuildError(f"semodule built no policy.{POLICY_VERSION}: look at {semanage}")


def node(store: Store, tools: Tools, base_dir: Path, kernels_dir: Path,
         flavours: list[Flavour]) -> Path:
    """usr.erofs, root.ext4, policy, os-release and packages of the finished node."""
    def build(out: Path) -> None:
        tree = out / "tree"
        run(["cp", "-a", base_dir / "tree", tree])
        for flavour in flavours:
            run(["cp", "-a", kernels_dir / flavour.name / "lib/modules", tree / "usr/lib/"])
        _add_project(tree)
        _add_overlay(tree)
        _clean(tree)
        _fill_usr_etc(tree)
        _label(tools, tree)
        _pack_usr(tools, tree / "usr", out / "usr.erofs")
        _pack_root(tools, tree, out / "root.ext4")
        policy = tree / f"usr/etc/selinux/default/policy/policy.{POLICY_VERSION}"
        shutil.copyfile(policy, out / "policy")
        shutil.copyfile(tree / "usr/lib/os-release", out / "os-release")
        shutil.copyfile(base_dir / "packages", out / "packages")
        shutil.rmtree(tree)

    inputs = {"base": base_dir.name, "kernels": kernels_dir.name, "tools": tools.tree.parent.name,
              "overlay": digests(OVERLAY), "project": digests(VERINIT, UNITS), "sources": sources("node", "vardirs", "toolstree")}
    return store.stage("node", inputs, build)


def _add_project(tree: Path) -> None:
    """What a package of the project would install on a node: the command that knows the logs, and the units."""
    if not VERINIT.exists():
        raise BuildError(f"{VERINIT} is not built: cmake --build --preset release")
    targets = {VERINIT: tree / "usr/libexec/verinit-node"}
    for source in sorted(UNITS.iterdir()):
        is_unit = source.suffix == ".service"
        targets[source] = tree / ("usr/lib/systemd/system" if is_unit else "usr/libexec") / source.name
    for source, target in targets.items():
        target.parent.mkdir(mode=0o755, exist_ok=True)
        _install(source, target)


def _install(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
    os.chown(target, 0, 0)


def _add_overlay(tree: Path) -> None:
    """Our own files: owned by root, modes 0755 and 0644 whatever the checkout's umask was."""
    for source in sorted(OVERLAY.rglob("*")):
        target = tree / source.relative_to(OVERLAY)
        if source.is_symlink():
            target.symlink_to(source.readlink())
        elif source.is_dir():
            target.mkdir(mode=0o755, exist_ok=True)
        else:
            _install(source, target)


# What differs between two builds or belongs to the machine that built.
_SCRAP = ["etc/.pwd.lock", "etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-", "etc/subuid-",
          "etc/subgid-", "etc/resolv.conf", "etc/apt/sources.list", "etc/apt/sources.list.d/*",
          "etc/hostname", "var/log/*", "var/cache/*", "var/lib/apt/*",
          "var/lib/dpkg/*-old", "var/lib/dpkg/lock*", "var/lib/dbus/machine-id",
          "var/lib/systemd/catalog/database", "var/lib/systemd/random-seed",
          "var/lib/selinux/default/*.LOCK", "tmp/*", "run/*", "root/.[a-z]*history"]


def _clean(tree: Path) -> None:
    for pattern in _SCRAP:
        for path in tree.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    # Empty, not missing: the node makes an id of its own, and it is not a "first boot".
    (tree / "etc/machine-id").write_text("")
    (tree / "etc/machine-id").chmod(0o444)
    (tree / "etc/hostname").write_text("node\n")
    shadow = tree / "etc/shadow"
    days = EPOCH // 86400
    shadow.write_text(re.sub(r"(?m)^([^:]*:[^:]*):\d+:", rf"\g<1>:{days}:", shadow.read_text()))
    _mark_updated(tree / "etc/.updated")
    snippet = tree / "usr/lib/tmpfiles.d/node-var.conf"
    snippet.write_text(var_snippet(tree))
    snippet.chmod(0o644)


def _mark_updated(path: Path) -> None:
    """What systemd-update-done writes: /etc is as new as /usr, so no boot rebuilds caches."""
    path.write_text("# This file was created by systemd-update-done. Its only\n"
                    "# purpose is to hold a timestamp of the time this directory\n"
                    "# was updated. See man:systemd-update-done.service(8).\n"
                    f"TIMESTAMP_NSEC={EPOCH * 10**9}\n")
    path.chmod(0o644)
    os.utime(path, (EPOCH, EPOCH))


def _fill_usr_etc(tree: Path) -> None:
    run(["cp", "-a", tree / "etc", tree / "usr/etc"])


def _label(tools: Tools, tree: Path) -> None:
    tools.run(["setfiles", "-F", "-e", "/proc", "-e", "/sys", "-e", "/dev", "-e", "/host",
               f"/{CONTEXTS}", "/"], tree=tree)
    wrong = [str(path) for path in [tree / "usr", *(tree / "usr").rglob("*")] if not _context(path)]
    etc = tree / "etc"
    for path in [etc, *etc.rglob("*")]:
        twin = tree / "usr/etc" / path.relative_to(etc)
        if _context(path) != _context(twin):
            wrong.append(f"{twin} ({_context(twin)}, not {_context(path)})")
    if wrong:
        raise BuildError(f"{len(wrong)} files have no label or the wrong one: {', '.join(wrong[:5])}")


def _context(path: Path) -> str:
    try:
        return os.getxattr(path, "security.selinux", follow_symlinks=False).rstrip(b"\0").decode()
    except OSError:
        return ""


def _pack_usr(tools: Tools, usr: Path, out: Path) -> None:
    tools.run(["mkfs.erofs", "--quiet", "-zlz4hc", f"-T{EPOCH}", f"-U{USR_UUID}",
               host(out), host(usr)])


def _pack_root(tools: Tools, tree: Path, out: Path) -> None:
    """Everything but the content of /usr, for a boot from an ordinary disk root."""
    top = tree / "root-ext4"
    top.mkdir()
    for entry in sorted(tree.iterdir()):
        if entry.name not in ("usr", top.name):
            run(["cp", "-a", entry, top])
    shutil.copystat(tree, top)
    (top / "usr").mkdir()
    shutil.copystat(tree / "usr", top / "usr")
    tools.run(["mke2fs", "-q", "-t", "ext4", "-L", "ROOT", "-U", ROOT_UUID,
               "-E", f"hash_seed={ROOT_UUID},root_owner=0:0", "-d", host(top), host(out),
               f"{ROOT_MIB}M"])


def policy_digest(node_dir: Path) -> str:
    return file_digest(node_dir / "policy")
