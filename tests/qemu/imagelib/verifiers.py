# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tree of verifiers: what outsiders of Debian trixie sign, read and attest with. Apart from the tools tree, whose content is in
the key of every image."""

from .debian import MINBASE, Debian
from .store import Store, sources
from .toolstree import Tools

# systemd-measure signs, and ukify with it, only where it finds libtss2.
PACKAGES = ["systemd-ukify", "systemd-boot-efi", "systemd", "libtss2-esys-3.0.2-0t64", "libtss2-rc0t64", "libtss2-mu-4.0.1-0t64",
            "tpm2-tools", "golang-go", "golang-github-google-go-attestation-dev"]


def verifiers(debian: Debian, store: Store) -> Tools:
    packages = debian.resolve(MINBASE + PACKAGES)
    inputs = {"packages": [str(p) for p in packages], "sources": sources("debian", "toolstree", "verifiers")}
    out = store.stage("verifiers", inputs, lambda out: debian.tree("verifiers", PACKAGES, out / "tree"))
    return Tools(out / "tree")
