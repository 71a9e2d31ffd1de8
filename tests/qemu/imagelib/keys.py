# SPDX-License-Identifier: LGPL-2.1-or-later
"""Own Secure Boot keys, and OVMF variables in which they are enrolled."""

from dataclasses import dataclass
from pathlib import Path

from .store import BuildError, Store, file_digest, sources
from .toolstree import Tools, host

OWNER = "b3a4c5d6-00ff-4000-8000-0000000000ff"
OVMF_VARS = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
NAMES = ("PK", "KEK", "db")


@dataclass(frozen=True)
class Keys:
    directory: Path

    @property
    def db_key(self) -> Path:
        return self.directory / "db.key"

    @property
    def db_cert(self) -> Path:
        return self.directory / "db.crt"

    @property
    def variables(self) -> Path:
        return self.directory / "vars-sb.fd"


def keys(store: Store, tools: Tools) -> Keys:
    """Made once: with new keys every signed UKI and every enrolled variable store is another."""
    if not OVMF_VARS.exists():
        raise BuildError(f"{OVMF_VARS} is missing: install the package ovmf (tools/setup does)")

    def build(out: Path) -> None:
        for name in NAMES:
            tools.run(["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes",
                       "-sha256", "-days", "7300", "-subj", f"/CN=verinit test {name}",
                       "-keyout", host(out / f"{name}.key"), "-out", host(out / f"{name}.crt")])
            (out / f"{name}.key").chmod(0o600)
        tools.run(["virt-fw-vars", "-i", host(OVMF_VARS), "-o", host(out / "vars-sb.fd"),
                   "--set-pk", OWNER, host(out / "PK.crt"),
                   "--add-kek", OWNER, host(out / "KEK.crt"),
                   "--add-db", OWNER, host(out / "db.crt"), "--sb"])

    inputs = {"variables": file_digest(OVMF_VARS), "sources": sources("keys")}
    return Keys(store.stage("keys", inputs, build))


def sign(tools: Tools, signer: Keys, unsigned: Path, out: Path) -> None:
    tools.run(["sbsign", "--key", host(signer.db_key), "--cert", host(signer.db_cert),
               "--output", host(out), host(unsigned)])
