#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verinit measure export: components against systemd-pcrlock's own, values against those of the file, and files that lie."""

from __future__ import annotations

import base64
import hashlib
import json
import unittest
import uuid
from pathlib import Path
from typing import Any, Callable

from case import FALSE, TROUBLE, USAGE, YES
from imagelib.toolstree import host
from test_measure_predict import BANKS, OVMF_VARS, PHASES, UNDECIDED, PredictTest, Values

PCRLOCK = "/usr/lib/systemd/systemd-pcrlock"


class ExportTest(PredictTest):
    def setUp(self) -> None:
        super().setUp()
        self.initrd_of()
        self.uki = self.ukify()
        self.measurements = self.dir / "measurements.json"
        self.assert_ends(self.verinit("measure", "predict", "--uki", self.uki, "--policy", self.policy, "--quiet",
                                      "--output", self.measurements), YES)
        self.document: Values = json.loads(self.measurements.read_text())

    def export(self, kind: str, *options: object, status: int = YES, said: str = "") -> Any:
        done = self.verinit("measure", "export", "--format", kind, "--measurements", self.measurements, *options)
        self.assert_ends(done, status, said)
        return json.loads(done.stdout) if done.stdout else None

    def events(self, number: int, secure_boot: bool = True) -> list[dict[str, str]]:
        return [e["digests"] for e in self.document["events"] if e["pcr"] == number and e["secure_boot"] in (None, secure_boot)]

    def component(self, directory: Path, name: str) -> list[tuple[int, dict[str, str]]]:
        records = json.loads((directory / f"{name}.pcrlock").read_text())["records"]
        return [(r["pcr"], {d["hashAlg"]: d["digest"] for d in r["digests"]}) for r in records]


class Pcrlock(ExportTest):
    def test_components(self) -> None:
        out = self.dir / "pcrlock.d"
        self.export("pcrlock", "--output", out)
        self.assertEqual(sorted(p.name for p in out.iterdir()),
                         ["650-verinit-pcr11.pcrlock", "650-verinit-pcr4.pcrlock", "650-verinit-pcr9.pcrlock",
                          "760-verinit-pcr13.pcrlock"])
        listed = json.loads(self.tree.run([PCRLOCK, "list-components", "--json=short", f"--components={host(out)}"]))
        self.assertEqual([c["id"] for c in listed],
                         ["650-verinit-pcr11", "650-verinit-pcr4", "650-verinit-pcr9", "760-verinit-pcr13"])
        # systemd's reader of UKIs, for PCRs 4 and 11.
        self.tree.run([PCRLOCK, "lock-uki", host(self.uki), f"--pcrlock={host(self.dir / 'theirs.pcrlock')}"])
        theirs = self.component(self.dir, "theirs")
        self.assertEqual(sorted(theirs[0][1]), sorted(BANKS))
        self.assertEqual(theirs, self.component(out, "650-verinit-pcr4") + self.component(out, "650-verinit-pcr11"))
        for number, name in ((9, "650-verinit-pcr9"), (13, "760-verinit-pcr13")):
            self.assertEqual(self.component(out, name), [(number, digests) for digests in self.events(number)])

    def test_secure_boot_off(self) -> None:
        out = self.dir / "pcrlock.d"
        self.export("pcrlock", "--output", out, "--secure-boot", "off")
        records = self.component(out, "650-verinit-pcr4")
        self.assertEqual(len(records), 2)
        self.assertEqual([digests for _, digests in records], self.events(4, secure_boot=False)[2:])

    def test_written_again(self) -> None:
        out = self.dir / "pcrlock.d"
        self.export("pcrlock", "--output", out)
        before = {p.name: p.read_bytes() for p in out.iterdir()}
        self.export("pcrlock", "--output", out)
        self.assertEqual(before, {p.name: p.read_bytes() for p in out.iterdir()})
        # Of a boot without an add-on: the component of the one before is not to be waited for; a file of others stays.
        (out / "650-verinit-pcr12.pcrlock").write_text("{}")
        (out / "650-other.pcrlock").write_text("{}")
        self.export("pcrlock", "--output", out)
        self.assertEqual(sorted(p.name for p in out.iterdir()), sorted([*before, "650-other.pcrlock"]))
        (self.dir / "file").write_text("")
        self.export("pcrlock", "--output", self.dir / "file", status=TROUBLE)


class ReferenceValues(ExportTest):
    def test_keylime(self) -> None:
        for bank in BANKS:
            seen = self.document["pcrs"][bank]
            self.assertEqual(self.export("keylime", "--bank", bank),
                             {"4": [seen["4"]["secure_boot_on"]], "9": [seen["9"]], "11": [seen["11"][-1]["value"]],
                              "12": [seen["12"]], "13": [seen["13"]]})
        off = self.export("keylime", "--secure-boot", "off", "--phase", PHASES[1])
        self.assertEqual(off["4"], [self.document["pcrs"]["sha256"]["4"]["secure_boot_off"]])
        self.assertEqual(off["11"], [self.document["pcrs"]["sha256"]["11"][1]["value"]])

    def test_rvps(self) -> None:
        seen = self.document["pcrs"]["sha256"]
        self.assertEqual(self.export("rvps"), {
            "snp_pcr04": [seen["4"]["secure_boot_on"]], "snp_pcr09": [seen["9"]], "snp_pcr11": [seen["11"][-1]["value"]],
            "snp_pcr12": [seen["12"]], "snp_pcr13": [seen["13"]]})
        self.assertEqual(list(self.export("rvps", "--prefix", "tdx_"))[0], "tdx_pcr04")
        out = self.dir / "values.json"
        self.export("rvps", "--output", out)
        self.assertEqual(json.loads(out.read_text()), self.export("rvps"))

    def test_comid(self) -> None:
        """As veraison's cocli has registers: a number as text, its kind, digests by the names of RFC 6920 in base64."""
        names = {"sha256": "sha-256", "sha384": "sha-384", "sha512": "sha-512"}
        seen = self.document["pcrs"]
        wanted: dict[str, Callable[[str], str]] = {
            "4": lambda b: seen[b]["4"]["secure_boot_on"], "9": lambda b: seen[b]["9"], "11": lambda b: seen[b]["11"][-1]["value"],
            "12": lambda b: seen[b]["12"], "13": lambda b: seen[b]["13"]}
        tag = self.export("comid", "--vendor", "Example")
        triple, = tag["triples"]["reference-values"]
        self.assertEqual(triple["environment"], {"class": {"vendor": "Example", "model": "node.efi"}})
        measurement, = triple["measurements"]
        self.assertEqual(measurement, {"value": {"integrity-registers": {number: {"key-type": "uint", "value": [
            f"{name};{base64.b64encode(bytes.fromhex(value(bank))).decode()}" for bank, name in names.items()]}
            for number, value in wanted.items()}}})
        digest = hashlib.sha256(self.measurements.read_bytes()).digest()
        tag_id = uuid.UUID(tag["tag-identity"]["id"])
        self.assertEqual((tag_id.version, tag_id.variant, tag_id.bytes[:6], tag_id.bytes[9:]), (8, uuid.RFC_4122, digest[:6], digest[9:16]))
        self.assertEqual(self.export("comid"), json.loads(json.dumps(tag).replace('"vendor": "Example", ', "")))

    def test_in_toto(self) -> None:
        addon = self.addon("a", cmdline="acl.slot=b")
        self.assert_ends(self.verinit("measure", "predict", "--uki", self.uki, "--policy", self.policy, "--addon", addon, "--quiet",
                                      "--output", self.measurements), YES)
        document, statement = json.loads(self.measurements.read_text()), self.export("in-toto", "--phase", PHASES[1])
        self.assertEqual((statement["_type"], statement["predicateType"]),
                         ("https://in-toto.io/Statement/v1", "https://in-toto.io/attestation/scai/v0.3"))
        self.assertEqual(statement["subject"], [{"name": path.name, "digest": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}}
                                                for path in (self.uki, addon)])
        attributes = statement["predicate"]["attributes"]
        self.assertEqual({a["target"]["name"]: a["target"]["digest"] for a in attributes}, {
            "pcr4": {b: document["pcrs"][b]["4"]["secure_boot_on"] for b in BANKS}, "pcr9": {b: document["pcrs"][b]["9"] for b in BANKS},
            "pcr11": {b: document["pcrs"][b]["11"][1]["value"] for b in BANKS}, "pcr12": {b: document["pcrs"][b]["12"] for b in BANKS},
            "pcr13": {b: document["pcrs"][b]["13"] for b in BANKS}})
        self.assertEqual({a["target"]["name"]: a.get("conditions") for a in attributes}, {
            "pcr4": {"secure_boot": "on"}, "pcr9": None, "pcr11": {"phase": PHASES[1]}, "pcr12": None, "pcr13": None})
        digest = hashlib.sha256(self.measurements.read_bytes()).hexdigest()
        self.assertEqual({json.dumps(a["evidence"], sort_keys=True) for a in attributes}, {json.dumps(
            {"name": "measurements.json", "mediaType": "application/json", "digest": {"sha256": digest}}, sort_keys=True)})
        written = self.verinit("measure", "export", "--format", "in-toto", "--measurements", self.measurements).stdout
        self.assertEqual(written, json.dumps(json.loads(written), sort_keys=True, separators=(",", ":")) + "\n")

    def test_variable_store(self) -> None:
        """PCR 7 is in what is compared as a value; components of it are systemd-pcrlock's own to make."""
        self.assert_ends(self.verinit("measure", "predict", "--uki", self.uki, "--policy", self.policy, "--variables", OVMF_VARS, "--quiet",
                                      "--output", self.measurements), YES)
        seven = json.loads(self.measurements.read_text())["pcrs"]["sha256"]["7"]["secure_boot_off"]
        self.assertEqual(self.export("rvps", "--secure-boot", "off")["snp_pcr07"], [seven])
        self.assertEqual(self.export("keylime", "--secure-boot", "off")["7"], [seven])
        self.assertIn("7", self.export("comid", "--secure-boot", "off")["triples"]["reference-values"][0]["measurements"][0]["value"][
            "integrity-registers"])
        self.export("rvps", status=UNDECIDED, said="PCR 7 with Secure Boot on")
        self.export("pcrlock", "--output", self.dir / "pcrlock.d")
        self.assertEqual(list((self.dir / "pcrlock.d").glob("*pcr7*")), [])
        document = json.loads(self.measurements.read_text())
        document["pcrs"]["sha384"]["7"] = {"secure_boot_on": document["pcrs"]["sha384"]["7"]["secure_boot_off"]}
        self.measurements.write_text(json.dumps(document))
        self.export("rvps", status=TROUBLE, said="no event is of")

    def test_what_the_file_does_not_say(self) -> None:
        self.assert_ends(self.verinit("measure", "predict", "--uki", self.uki, "--pcr", "4,11", "--bank", "sha384", "--quiet",
                                      "--secure-boot", "off", "--output", self.measurements), YES)
        self.export("keylime", "--secure-boot", "off", status=UNDECIDED, said="no bank sha256")
        self.export("keylime", "--bank", "sha384", status=UNDECIDED, said="Secure Boot on")
        self.export("keylime", "--bank", "sha384", "--secure-boot", "off", "--phase", "ready", status=UNDECIDED, said="ready")
        self.assertEqual(sorted(self.export("keylime", "--bank", "sha384", "--secure-boot", "off")), ["11", "4"])


class Lies(ExportTest):
    def changed(self, change: Callable[[Values], object]) -> None:
        document = json.loads(json.dumps(self.document))
        change(document)
        self.measurements.write_text(json.dumps(document))

    def test_values_that_do_not_follow(self) -> None:
        other = self.document["pcrs"]["sha256"]["13"]
        pcrs: Callable[[Values], Values] = lambda d: d["pcrs"]["sha256"]
        for number, change in (("4", lambda d: pcrs(d)["4"].update(secure_boot_on=other)), ("9", lambda d: pcrs(d).update({"9": other})),
                               ("11", lambda d: pcrs(d)["11"][2].update(value=other)), ("12", lambda d: pcrs(d).update({"12": other})),
                               ("13", lambda d: pcrs(d).update({"13": "0" * 64})), ("11", lambda d: d["events"].pop(-6))):
            with self.subTest(number):
                self.changed(change)
                self.export("keylime", status=FALSE, said="do not come to")

    def test_malformed(self) -> None:
        changes: tuple[Callable[[Values], object], ...] = (
            lambda d: d.update(schema=2), lambda d: d.pop("events"), lambda d: d["pcrs"].update(md5={}),
            lambda d: d["pcrs"]["sha256"].update({"7": "0" * 64}), lambda d: d["pcrs"]["sha256"].update({"9": "00"}),
            lambda d: d["pcrs"]["sha256"]["11"][0].pop("phase"), lambda d: d["pcrs"]["sha256"].update({"4": {}}),
            lambda d: d["events"][0].update(pcr=8), lambda d: d["events"][0]["digests"].pop("sha384"),
            lambda d: d["events"][0].update(secure_boot="yes"), lambda d: d["events"][0].update(what=1),
            lambda d: d["uki"].pop("sha256"), lambda d: d.pop("addons"), lambda d: d["loaders"].append({"file": ""}),
            lambda d: d["events"].extend(d["events"] * 40), lambda d: d["pcrs"]["sha256"]["11"][0].update(phase="a b"))
        for number, change in enumerate(changes):
            with self.subTest(number):
                self.changed(change)
                self.export("keylime", status=TROUBLE, said="is not as")
        for text in ("", "[]", "{}", '{"a":', "\0", self.measurements.read_text()[:-2], "[" * 50):
            self.measurements.write_text(text)
            self.export("keylime", status=TROUBLE)

    def test_usage(self) -> None:
        self.export("cel", status=USAGE, said="cel")
        self.export("pcrlock", status=USAGE, said="--output")
        self.export("rvps", "--bank", "md5", status=USAGE, said="md5")
        self.export("rvps", "--secure-boot", "perhaps", status=USAGE, said="perhaps")
        self.assert_ends(self.verinit("measure", "export", "--format", "rvps"), USAGE, "--measurements")


if __name__ == "__main__":
    unittest.main()
