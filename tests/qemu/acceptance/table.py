# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rows of the part `acceptance`. A name has the number of its acceptance test, and which cell of it the row is."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

from imagelib.store import file_digest
from rows import parts
from rows.row import Row
from rows.volumes import HOST
from rows.words import without
from tamper import disks
from tamper.case import Medium, Setup
from tamper.medium import EXTRA_DIRECTORY, GLOBAL_CREDENTIALS
from tamper.table import HOST_FLOOR
from tamper.ukis import Addon

from .interrupted import interrupted
from .node import Node
from .predicted import Predicted, Refused
from .whole import WHOLE

# Of systemd's 257 host key: what PID 1 reads of a credential, which it does not open.
SEALED = bytes.fromhex("5a1c6a86df9d4096b1d5a65e0862f19a")


def host(floor: dict[str, Any] | None = None, secure_boot: bool = True, **setup: Any) -> Setup:
    """The small host as the image, and what makes the cell."""
    if not secure_boot:
        floor = {"secure-boot": "allow", "root-hash-signature": "allow", **(floor or {})}
        setup["medium"] = Medium(partitions=disks.removed(4), esp=setup.get("medium", Medium()).esp)
    return Setup(volume=HOST, floor={**HOST_FLOOR, **(floor or {})}, secure_boot=secure_boot, **setup)


PCRSIG: dict[str, Any] = {"sections": {
    ".pcrsig": b'{"sha256":[{"pcrs":[11],"pkfp":"00","pol":"00","sig":"AA=="}]}',
    ".pcrpkey": b"-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n"}}
# In PCR 12 the words of all add-ons are one event.
ADDONS: dict[str, Any] = {
    "floor": {"extra-words": ("one=1", "two=2"), "addon-keys": ("one", "two"), "addon": Addon("both", "one=1 two=2").digest},
    "medium": Medium(esp={f"{EXTRA_DIRECTORY}/a.addon.efi": Addon("a", "one=1").make,
                          f"{EXTRA_DIRECTORY}/b.addon.efi": Addon("b", "two=2").make})}
PROFILES: dict[str, Any] = {"profiles": ("one=1", "two=2")}


def credential(name: str, content: bytes) -> Any:
    def make() -> Path:
        def build(out: Path) -> None:
            (out / name).write_bytes(b64encode(SEALED + content) + b"\n")
        return parts.store().stage(f"credential-{name}", {"content": content.hex(), "source": file_digest(Path(__file__))}, build) / name
    return make


def extension(name: str, content: bytes) -> Any:
    """Nobody opens it."""
    def make() -> Path:
        def build(out: Path) -> None:
            (out / name).write_bytes(content)
        return parts.store().stage(f"extension-{name}", {"content": content.hex(), "source": file_digest(Path(__file__))}, build) / name
    return make


HALTS = {"failure-actions": "halt,reboot"}
ARCHIVES: dict[str, Any] = {
    "floor": {"credentials": "esp-encrypted"},
    "medium": Medium(esp={f"{EXTRA_DIRECTORY}/b.cred": credential("b.cred", bytes(31)),
                          f"{EXTRA_DIRECTORY}/a.cred": credential("a.cred", bytes(range(200))),
                          f"{EXTRA_DIRECTORY}/a.sysext.raw": extension("a.sysext.raw", bytes(range(101))),
                          f"{GLOBAL_CREDENTIALS}/machine.cred": credential("machine.cred", bytes(64))})}

CELLS: list[Row] = [
    Predicted("accept-08-plain", host()),
    Predicted("accept-08-plain-secure-boot-off", host(secure_boot=False)),
    Predicted("accept-08-pcrsig", host(**PCRSIG)),
    Predicted("accept-08-two-addons", host(**ADDONS)),
    Predicted("accept-08-two-addons-secure-boot-off", host(secure_boot=False, **ADDONS)),
    Predicted("accept-08-two-profiles", host(**PROFILES)),
    # Its line has words that are not in the packed text.
    Refused("accept-08-profile-1", host(HALTS, **PROFILES), "cmdline-not-baked", 1),
    Predicted("accept-08-extra-archives", host(**ARCHIVES)),
    Refused("accept-08-configuration-extension", host(HALTS, medium=Medium(
        esp={f"{EXTRA_DIRECTORY}/a.confext.raw": extension("a.confext.raw", bytes(range(256)))})), "event-unexplained"),
    Predicted("accept-08-chain-of-shim", host(**ADDONS), is_chain=True, numbers=("4", "9", "11", "12", "13"), seconds=25),
]

# "quiet" would keep the stages off the console.
INTERRUPTED, INTERRUPTED_LONG = interrupted(host(signed=without("quiet")))

ACCEPTANCE: list[Row] = [Node(), WHOLE, *CELLS, *INTERRUPTED]
LONG: list[Row] = [*INTERRUPTED_LONG]
