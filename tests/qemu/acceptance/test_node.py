#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The acceptance tests that read what the row accept-node has left: one class a number. NODE names its directory."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from acceptance.node import VOLUMES, outside  # noqa: E402
from imagelib.store import BuildError, file_digest  # noqa: E402
from imagelib.toolstree import host  # noqa: E402
from machine import pcr  # noqa: E402
from rows import parts  # noqa: E402

NODE = Path(os.environ.get("NODE", parts.ROOM / "accept-node"))
VERINIT = Path(os.environ.get("VERINIT", parts.VERINIT))
GOVERIFY = Path(__file__).resolve().parent / "goverify/main.go"
# Of a direct boot of a UKI; 8 and 10 have no event, and 15 is another machine's.
QUOTED = (*range(8), 9, *range(11, 15))
YES, FALSE = 0, 3


def text(name: str) -> str:
    return (NODE / name).read_text(errors="replace")


def json_line(name: str) -> Any:
    """Of a step's file: programs of systemd talk before it."""
    lines = [line for line in text(name).splitlines() if line[:1] in "{["]
    if len(lines) != 1:
        raise AssertionError(f"{name}: expected one line of JSON, saw {len(lines)}: {text(name)[-500:]}")
    return json.loads(lines[0])


def pcrs() -> dict[str, dict[int, str]]:
    return {bank: {int(n): value.lower() for n, value in values.items()} for bank, values in json.loads(text("pcrs.json")).items()}


class NodeTest(unittest.TestCase):
    def setUp(self) -> None:
        scratch = TemporaryDirectory(dir=parts.TOP / "build", prefix="accept.")
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name)
        self.firmware, self.words = NODE / "firmware.log", NODE / "measure.log"

    def verinit(self, *words: object, status: int = YES) -> str:
        done = subprocess.run([str(VERINIT), *map(str, words)], text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout

    def joined(self, *options: str) -> Path:
        out = self.dir / "joined"
        self.verinit("log", "join", self.firmware, self.words, *options, "--output", out)
        return out

    def eventlog(self, log: Path, tree: bool) -> str:
        """What tpm2_eventlog says: that of trixie, or this machine's."""
        if tree:
            return outside().run(["tpm2_eventlog", host(log)])
        done = subprocess.run(["tpm2_eventlog", str(log)], text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def loaded(self, yaml: str) -> Any:
        """By a YAML reader of somebody else."""
        script = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout, default=str)"
        done = subprocess.run(["/usr/bin/python3", "-c", script], input=yaml, text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def as_values(self, mapping: Any) -> dict[str, dict[int, str]]:
        """0x and upper case are tpm2-tools', and numbers YAML's."""
        return {bank: {int(n): (f"{v:x}" if isinstance(v, int) else v).lower().removeprefix("0x").rjust(pcr.BANKS[bank] * 2, "0")
                       for n, v in values.items()} for bank, values in mapping.items()}


class Test01PcrlockLog(NodeTest):
    """With the components that the image brings, on its ESP since one names the root hash of /usr."""

    def test_each_event_is_recognised(self) -> None:
        listed = json_line("pcrlock-log.txt")["pcrs"]
        columns = ("hashMatchesEventLog", "allEventsMatched", "noMissingComponents")
        seen = {entry["pcr"]: tuple(entry[column] for column in columns) for entry in listed if entry["pcr"] in (4, 11, 12, 13)}
        self.assertEqual(seen, dict.fromkeys((4, 11, 12, 13), (True, True, True)))

    def test_the_components_are_those_of_the_release(self) -> None:
        log = json_line("pcrlock-log.txt")["log"]
        of_13 = [(e["component"], e["description"]) for e in log if e["pcr"] == 13]
        self.assertEqual([component for component, _ in of_13], ["760-verinit-pcr13"] * 3)
        self.assertEqual([what.split("=")[0] for _, what in of_13], ["verinit.usr-verity", "verinit.selinux", "verinit.root"])


class Test04Eventlog(NodeTest):
    def compare(self, yaml: str) -> None:
        seen, wanted = self.as_values(self.loaded(yaml)["pcrs"]), pcrs()
        self.assertEqual(sorted(seen), sorted(pcr.BANKS))
        for bank in pcr.BANKS:
            for index in QUOTED:
                # A PCR without an event is left out.
                with self.subTest(bank=bank, index=index):
                    self.assertEqual(seen[bank].get(index, pcr.zero(bank).hex()), wanted[bank][index])
            self.assertLess({0, 4, 7, 9, 11, 13}, set(seen[bank]))

    def test_of_trixie(self) -> None:
        self.compare(self.eventlog(self.joined(), tree=True))

    def test_of_this_machine(self) -> None:
        self.compare(self.eventlog(self.joined(), tree=False))

    def test_what_the_unit_on_the_node_wrote(self) -> None:
        self.assertEqual((NODE / "eventlog.tcg2").read_bytes(), self.joined().read_bytes())


class Test05GoAttestation(NodeTest):
    def program(self) -> Path:
        def build(out: Path) -> None:
            cache = parts.TOP / "build/gocache"
            outside().run(["env", "GO111MODULE=off", "GOTOOLCHAIN=local", "GOPATH=/usr/share/gocode", "CGO_ENABLED=0",
                           f"GOCACHE={host(cache)}", "go", "build", "-trimpath", "-o", host(out / "goverify"), host(GOVERIFY)])
        inputs = {"source": file_digest(GOVERIFY), "tools": outside().tree.parent.name}
        return parts.store().stage("goverify", inputs, build) / "goverify"

    def verify(self, firmware: Path, fragment: Path) -> "subprocess.CompletedProcess[str]":
        quoted = {bank: {str(index): pcrs()[bank][index] for index in (*QUOTED, 15)} for bank in pcr.BANKS}
        values = self.dir / "pcrs.json"
        values.write_text(json.dumps(quoted))
        return subprocess.run([self.program(), firmware, fragment, values], text=True, capture_output=True, check=False)

    def test_verifies_against_all_quoted_pcrs(self) -> None:
        done = self.verify(self.firmware, self.joined("--fragment"))
        self.assertEqual(done.returncode, YES, done.stderr)
        # Three in 13; four in 11, of which the host has measured two.
        self.assertEqual(re.findall(r"(?m)^(\w+): .*, (\d+) words$", done.stdout), [(bank, "7") for bank in ("sha1", "sha256", "sha384")])

    def test_one_flipped_byte_of_a_word(self) -> None:
        """In each bank of each record of the fragment."""
        whole = self.joined("--fragment").read_bytes()
        records = pcr.parse_event_log(whole).events
        for number, event in enumerate(records):
            for bank in ("sha1", "sha256", "sha384"):
                at = whole.index(event.digests[bank])
                bent = self.dir / "bent"
                bent.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
                done = self.verify(self.firmware, bent)
                with self.subTest(number=number, bank=bank):
                    self.assertEqual(done.returncode, FALSE, done.stdout)
                    self.assertRegex(done.stderr, rf"Verify, {bank}: .*failed to replay.*\b{event.pcr}\b")

    def test_one_flipped_byte_of_the_firmware_s(self) -> None:
        whole = self.firmware.read_bytes()
        event = next(e for e in pcr.parse_event_log(whole).events if e.pcr == 4 and e.type != pcr.EV_NO_ACTION)
        at = whole.index(event.digests["sha256"])
        bent = self.dir / "bent"
        bent.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
        done = self.verify(bent, self.joined("--fragment"))
        self.assertEqual(done.returncode, FALSE, done.stdout)
        self.assertRegex(done.stderr, r"Verify, sha256: .*failed to replay.*\b4\b")


class Test06Keylime(NodeTest):
    """The path of its agent and verifier: the log in base64, tpm2_eventlog, its YAML, and the PCRs of the quote; and a tpm_policy."""

    def test_log_and_policy(self) -> None:
        carried = self.dir / "carried"
        carried.write_bytes(base64.b64decode(base64.b64encode(self.joined().read_bytes())))
        parsed = self.loaded(self.eventlog(carried, tree=True))
        seen, wanted = self.as_values(parsed["pcrs"])["sha256"], pcrs()["sha256"]
        # Each PCR that both the log and the quote have; none that was to be looked at may be missing.
        compared = {index for index in seen if index in wanted and index != 10}
        self.assertEqual({index: seen[index] for index in compared}, {index: wanted[index] for index in compared})
        self.assertLessEqual({0, 4, 7, 9, 11, 13}, compared)
        # It takes each event for one of a kind that it knows.
        self.assertEqual({e["EventType"] for e in parsed["events"] if e["PCRIndex"] == 13}, {"EV_EVENT_TAG"})

    def test_tpm_policy(self) -> None:
        policy = json.loads(self.verinit("measure", "export", "--format", "keylime", "--measurements", NODE / "measurements.json"))
        wanted = pcrs()["sha256"]
        for index in ("4", "9", "11", "12", "13"):
            with self.subTest(index):
                self.assertIn(wanted[int(index)], policy[index])

    def test_policy_of_another_release(self) -> None:
        wanted = pcrs()["sha256"]
        other = parts.image("discoverable").kernels["cloud"].uki
        self.verinit("measure", "predict", "--quiet", "--uki", other, "--pcr", "11", "--output", self.dir / "other.json")
        policy = json.loads(self.verinit("measure", "export", "--format", "keylime", "--measurements", self.dir / "other.json"))
        self.assertNotIn(wanted[11], policy["11"])


class Test07Cel(NodeTest):
    def records(self, found: Any) -> Any:
        """systemd writes the banks in an order of its own."""
        return [{**record, "digests": sorted(record["digests"], key=lambda d: d["hashAlg"])} for record in found]

    def test_as_the_node_s_systemd_pcrlock(self) -> None:
        ours = json.loads(self.verinit("log", "cel", self.firmware, self.words, "--json=short"))
        self.assertGreater(len(ours), 40)
        self.assertEqual(json.dumps(self.records(ours), sort_keys=True),
                         json.dumps(self.records(json_line("pcrlock-cel.txt")), sort_keys=True))

    def test_each_string_hashes_to_its_digest(self) -> None:
        ours = json.loads(self.verinit("log", "cel", self.firmware, self.words, "--json=short"))
        words = [r for r in ours if r["content_type"] == "systemd" and r["pcr"] in (11, 13)]
        self.assertEqual(len(words), 7)
        for record in words:
            for d in record["digests"]:
                self.assertEqual(pcr.digest(d["hashAlg"], record["content"]["string"].encode()).hex(), d["digest"])


class Test09Unseal(NodeTest):
    """Three LUKS2 volumes, enrolled on the node by systemd-cryptenroll; and PID 1's poison, PCR by PCR."""

    # The text of the reason, as systemd has it.
    REASON = {11: r"Couldn't find signature for this PCR bank, PCR index and public key",
              13: r"(?i)not match(ing)? (the )?current system state|matching the current system state",
              7: r"(?i)not match(ing)? (the )?current system state|matching the current system state"}

    def setUp(self) -> None:
        super().setUp()
        self.steps = dict(line.split() for line in text("steps.txt").splitlines())

    def attached(self, name: str) -> bool:
        """By its exit status, and by the kernel's table."""
        status, table = self.steps[f"attach-{name}"], text(f"table-{name}.txt")
        self.assertEqual(status == "0", " crypt " in table, f"{name}: {status}, {table}")
        return status == "0"

    def states(self, when: str) -> dict[int, bool]:
        """Which volumes unlock."""
        return {index: self.steps[f"unlock-{index}-{when}"] == "0" for index in (11, 13, 7)}

    def test_signature_is_that_of_ukify(self) -> None:
        signature = json.loads(text("pcr-signature.json"))
        self.assertEqual(sorted(signature), sorted(pcr.BANKS))
        self.assertEqual({tuple(entry["pcrs"]) for bank in signature.values() for entry in bank}, {(11,)})

    def test_enrolled(self) -> None:
        self.assertEqual(len(VOLUMES), 3)
        for index in (11, 13, 7):
            self.assertEqual(self.steps[f"enroll-{index}"], "0", text(f"enroll-{index}.txt"))

    def test_without_poison_all_open(self) -> None:
        self.assertEqual(self.states("before"), {11: True, 13: True, 7: True},
                         "".join(text(f"unlock-{index}-before.txt")[-1500:] for index in (11, 13, 7)))
        for index in (11, 13, 7):
            self.assertTrue(self.attached(f"sealed-{index}"), text(f"attach-sealed-{index}.txt")[-1500:])

    def test_poison_closes_each_by_itself(self) -> None:
        for index in (11, 13, 7):
            self.assertEqual(self.steps[f"poison-{index}"], "0", text(f"poison-{index}.txt"))
            self.assertIn("poison: 1 of 1", text(f"poison-{index}.txt"))
        self.assertEqual(self.states("after-11"), {11: False, 13: True, 7: True})
        self.assertEqual(self.states("after-13"), {11: False, 13: False, 7: True})
        self.assertEqual(self.states("after-7"), {11: False, 13: False, 7: False})
        for index in (11, 13, 7):
            self.assertFalse(self.attached(f"poisoned-{index}"))

    def test_the_reason_is_the_policy(self) -> None:
        for index in (11, 13, 7):
            self.assertRegex(text(f"unlock-{index}-after-{index}.txt"), self.REASON[index])
            self.assertNotRegex(text(f"unlock-{index}-before.txt"), self.REASON[index])

    def test_it_was_the_poison_s_word(self) -> None:
        before = pcrs()["sha256"]
        after = {int(n): value.lower() for n, value in re.findall(r"pcr-sha256/(\d+):([0-9A-Fa-f]{64})", text("poisoned.txt"))}
        for index in (11, 13, 7):
            self.assertEqual(after[index], pcr.extend_words("sha256", bytes.fromhex(before[index]), ["verinit.poison=bug"]).hex())
        for index in (0, 4, 12, 15):
            self.assertEqual(after[index], before[index])


if __name__ == "__main__":
    try:
        unittest.main()
    except BuildError as e:
        sys.exit(str(e))
