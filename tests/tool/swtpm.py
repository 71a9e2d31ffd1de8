# SPDX-License-Identifier: LGPL-2.1-or-later
"""A software TPM for one test, and tpm2-tools on it."""

import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory


class Swtpm:
    """Its state is in DIRECTORY, where the programs run, too."""

    def __init__(self, directory: Path) -> None:
        self.dir = directory
        # The path of a socket may have 108 bytes.
        self.sockets = TemporaryDirectory(prefix="swtpm")
        socket = Path(self.sockets.name, "tpm")
        self.child = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={directory}", "--server", f"type=unixio,path={socket}",
             "--ctrl", f"type=unixio,path={socket}.ctrl", "--flags", "not-need-init,startup-clear"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TPM2TOOLS_TCTI": f"swtpm:path={socket}"}
        try:
            self.wait_for(socket)
        except BaseException:
            self.stop()
            raise

    def wait_for(self, socket: Path) -> None:
        end = time.monotonic() + 20
        while not socket.exists() or self.ask("tpm2_pcrread", "sha256:11").returncode != 0:
            if time.monotonic() > end:
                raise AssertionError("swtpm does not come up")
            time.sleep(0.02)

    def stop(self) -> None:
        self.child.kill()
        self.child.wait()
        self.sockets.cleanup()

    def ask(self, *command: object) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(list(map(str, command)), cwd=self.dir, env=self.environment, text=True, capture_output=True, check=False)

    def run(self, *command: object) -> str:
        done = self.ask(*command)
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.stderr}")
        return done.stdout
