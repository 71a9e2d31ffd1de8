# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hash trees: beside the data, or behind it on the same partition."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from .debian import run
from .store import BuildError, Store, sources
from .toolstree import Tools, host

BLOCK = 4096
SALT = "5f4dcc3b5aa765d61d8327deb882cf992b95990a9151374abd8ff8c5a7a0fe08"
UUID = "7c1b5a52-5bb0-4e0b-9d4f-0c5c2b1a6e03"


@dataclass(frozen=True)
class Verity:
    """DATA and TREE are the same file when the tree lies behind the data, at HASH_OFFSET."""

    data: Path
    tree: Path
    root_hash: str
    data_blocks: int
    hash_offset: int
    salt: str = SALT
    uuid: str = UUID

    @property
    def geometry(self) -> str:
        """The value of init.verity=, by verinit-cmdline(7). The tests of `verinit verity geometry` compare."""
        return f"1:sha256:{BLOCK}:{BLOCK}:{self.data_blocks}:{self.hash_offset // BLOCK + 1}:{self.salt}:{self.uuid}"


def verity(store: Store, tools: Tools, erofs: Path, inline: bool) -> Verity:
    blocks = erofs.stat().st_size // BLOCK

    def build(out: Path) -> None:
        data, tree, offset = erofs, out / "usr.verity", 0
        if inline:
            data = tree = out / "usr.inline"
            offset = blocks * BLOCK
            run(["cp", "--reflink=auto", erofs, data])
        text = tools.run(["veritysetup", "format", "--hash=sha256", f"--salt={SALT}",
                          f"--uuid={UUID}", f"--data-block-size={BLOCK}",
                          f"--hash-block-size={BLOCK}", f"--data-blocks={blocks}",
                          f"--hash-offset={offset}", host(data), host(tree)])
        found = re.search(r"^Root hash:\s*([0-9a-f]{64})$", text, re.M)
        if not found:
            raise BuildError(f"veritysetup format printed no root hash for {erofs}")
        (out / "verity.json").write_text(json.dumps({
            "root_hash": found[1], "data_blocks": blocks, "hash_offset": offset}))

    name = "verity-inline" if inline else "verity"
    out = store.stage(name, {"node": erofs.parent.name, "sources": sources("verity")}, build)
    facts = json.loads((out / "verity.json").read_text())
    data = out / "usr.inline" if inline else erofs
    tree = data if inline else out / "usr.verity"
    return Verity(data=data, tree=tree, **facts)


