# SPDX-License-Identifier: LGPL-2.1-or-later
"""IPE policies for rows: the text by hand, signed with openssl as docs/MAC.md has it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from imagelib.store import file_digest

from . import parts, signatures

HEADER = "policy_name={name} policy_version={version}\n"
DENY = "DEFAULT action=DENY\n"
# The policy is in the volume whose root hash it would have to name, so it goes by the signature of that.
BY_SIGNATURE = DENY + """\
op=EXECUTE dmverity_signature=TRUE action=ALLOW
op=KMODULE dmverity_signature=TRUE action=ALLOW
"""
BY_ROOT_HASH = DENY + """\
op=EXECUTE dmverity_roothash=sha256:{root_hash} action=ALLOW
op=KMODULE dmverity_roothash=sha256:{root_hash} action=ALLOW
"""


@dataclass(frozen=True)
class Policy:
    """`{root_hash}` in the rules is that of the volume that it is made for."""
    name: str = "verinit_test"
    rules: str = BY_ROOT_HASH
    version: str = "1.2.3"
    signer: str = "db"
    is_detached: bool = False    # the signature alone, as of a root hash

    def make(self, root_hash: str = "") -> Path:
        key, cert = signatures.key_of(self.signer)
        text = (HEADER + self.rules).format(name=self.name, version=self.version, root_hash=root_hash)

        def build(out: Path) -> None:
            (out / "policy.txt").write_text(text)
            parts.run(["openssl", "smime", "-sign", "-binary", "-noattr", "-nocerts", "-md", "sha256", "-outform", "der",
                       *([] if self.is_detached else ["-nodetach"]), "-signer", cert, "-inkey", key,
                       "-in", out / "policy.txt", "-out", out / "policy.p7b"])
        inputs = {"text": text, "signer": file_digest(cert), "detached": self.is_detached, "source": file_digest(Path(__file__))}
        return parts.store().stage(f"ipe-{self.name}-{self.signer}", inputs, build) / "policy.p7b"

    def digest(self, root_hash: str = "") -> str:
        """By which floor and command line name it."""
        return file_digest(self.make(root_hash))

    @property
    def path_in_usr(self) -> str:
        return f"lib/verinit/ipe/{self.digest()}.p7b"


@dataclass(frozen=True)
class Built(Policy):
    """As an image builder has it: by `verinit ipe build`."""
    name: str = "verinit_built"

    def make(self, root_hash: str = "") -> Path:
        key, cert = signatures.key_of(self.signer)

        def build(out: Path) -> None:
            parts.run([parts.VERINIT, "ipe", "build", "--quiet", "--root-hash", root_hash, "--signed", "EXECUTE", "--name", self.name,
                       "--policy-version", self.version, "--key", key, "--cert", cert, "--output", out / "policy.p7b"])
        inputs = {"root_hash": root_hash, "name": self.name, "version": self.version, "signer": file_digest(cert),
                  "verinit": file_digest(parts.VERINIT), "source": file_digest(Path(__file__))}
        return parts.store().stage(f"ipe-{self.name}", inputs, build) / "policy.p7b"
