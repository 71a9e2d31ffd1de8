#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`verinit report` on a recorded boot, on the console of one that failed, and on evidence that somebody has had a hand in."""

import html.parser
import json
import re
import unittest
import xml.etree.ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

from case import FALSE, TROUBLE, USAGE, YES, Result, ToolTest

TOP = Path(__file__).resolve().parents[2]
RECORDED = Path(__file__).resolve().parent / "testdata" / "report"
BOOT = RECORDED / "boot.json"
CONSOLE = RECORDED / "failed.log"
PCRS = RECORDED / "pcrs.json"
UNDECIDED = 4
FORMATS = ("text", "json", "svg", "html")
STAGES = ("early", "config", "probe", "prove", "enter", "find", "plan", "verify", "activate", "measure", "usr", "mac",
          "root", "record", "handoff")
DEMANDED = ("provenance.secure_boot", "provenance.replay", "provenance.smbios", "cmdline", "boot_disk.known", "boot_disk.gpt_backup",
            "verity.signature.source", "verity.signature.kernel", "usr.geometry", "tpm.state", "selinux.state", "selinux.lock", "root.kind",
            "credentials.mode", "debug")
Edit = Callable[[dict[str, Any]], object]


class Page(html.parser.HTMLParser):
    """Tags that are open at the end, and all text and attributes."""

    EMPTY = {"meta", "br", "rect", "line", "circle", "path"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: dict[str, set[str]] = {}
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value or "")
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.EMPTY and self.open.pop() != tag:
            raise AssertionError(f"{tag} is closed, and was not the last")

    def handle_data(self, data: str) -> None:
        self.text += data


class Report(ToolTest):
    def report(self, *words: object, **options: object) -> Result:
        return self.verinit("report", *words, **options)

    def edited(self, edit: Edit) -> Path:
        evidence = json.loads(BOOT.read_text("utf-8"))
        edit(evidence)
        return self.file("edited.json", json.dumps(evidence))

    def said(self, path: Path, status: int, *options: object) -> dict[str, Any]:
        done = self.report(path, "--json=short", *options)
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout)  # type: ignore[no-any-return]

    def test_a_good_boot(self) -> None:
        done = self.report(BOOT)
        self.assert_ends(done, YES)
        self.assertEqual(done.stderr, "")
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "verified boot, and nothing was relaxed")
        evidence = json.loads(BOOT.read_text("utf-8"))
        for stage in evidence["stages"]:
            self.assertRegex(done.stdout, rf"(?m)^  ok  {stage['name']} +{stage['duration_us']:,} us ".replace(",", " "))
        for text in (evidence["root_hash"], evidence["dm"]["table"], evidence["verity"]["signature"]["signer_sha256"], "vda2",
                     "PCR 13  verinit.root=tmpfs", "sha1 sha256 sha384 sha512", "verinit attest check"):
            self.assertIn(text, done.stdout)

    def test_colours_and_blocks_need_a_terminal_and_an_encoding(self) -> None:
        self.assertNotIn("\x1b", self.report(BOOT).stdout)
        self.assertTrue(self.report(BOOT, environment={"LC_ALL": "C"}).stdout.isascii())
        self.assertIn("█", self.report(BOOT, environment={"LC_ALL": "C.UTF-8"}).stdout)

    def test_json_has_the_evidence_as_it_is(self) -> None:
        answer = self.said(BOOT, YES)
        self.assertEqual(answer["verdict"], "verified")
        self.assertEqual((answer["why"], answer["relaxed"], answer["failure"]), ([], [], None))
        self.assertEqual(answer["evidence"], json.loads(BOOT.read_text("utf-8")))
        self.assertEqual(json.loads(self.report(BOOT, "--format", "json").stdout), answer)

    def test_svg(self) -> None:
        text = self.report(BOOT, "--format", "svg").stdout
        root = xml.etree.ElementTree.fromstring(text)
        ns = "{http://www.w3.org/2000/svg}"
        self.assertEqual((root.tag, root.get("role")), (f"{ns}svg", "img"))
        self.assertEqual(root.findtext(f"{ns}title"), "verified boot, and nothing was relaxed")
        self.assertIn("probe passed, 1 537 902 microseconds", root.findtext(f"{ns}desc") or "")
        self.assertLessEqual({"1 537 902 µs", "3 517 156 µs", "16 modules", *STAGES}, set(t.text for t in root.iter(f"{ns}text")))
        self.assert_self_contained(text)
        self.assert_to_scale(root, ns)

    def assert_to_scale(self, root: xml.etree.ElementTree.Element, ns: str) -> None:
        """Each bar is as long as its stage, but for those that would not be seen; and each begins where the one before ends."""
        stages = json.loads(BOOT.read_text("utf-8"))["stages"]
        end = stages[-1]["start_us"] + stages[-1]["duration_us"]
        bars = [(float(r.get("x", 0)), float(r.get("width", 0))) for r in root.iter(f"{ns}rect") if r.get("class") == "bar"]
        self.assertEqual(len(bars), len(stages))
        left = next(float(r.get("x", 0)) for r in root.iter(f"{ns}rect") if r.get("class") == "kernel")
        scale = (bars[2][1] / stages[2]["duration_us"])
        for (x, width), stage in zip(bars, stages, strict=True):
            self.assertAlmostEqual(x, left + stage["start_us"] * scale, delta=0.2)
            self.assertAlmostEqual(width, max(2, stage["duration_us"] * scale), delta=0.2)
        self.assertLess(left + end * scale, 760)

    def test_no_two_texts_of_the_picture_overlap(self) -> None:
        """On one height texts are apart, reckoned with a wide font."""
        for path in (BOOT, CONSOLE):
            root = xml.etree.ElementTree.fromstring(self.report(path, "--format", "svg").stdout)
            rows: dict[str, list[tuple[float, float, str]]] = {}
            for t in root.iter("{http://www.w3.org/2000/svg}text"):
                classes = (t.get("class") or "").split()
                wide = len(t.text or "") * (12.4 if "t" in classes else 6.95 if "m" in classes else 6.4 if "s" in classes else 7.3)
                x = float(t.get("x", 0)) - {"end": wide, "middle": wide / 2}.get(t.get("text-anchor", ""), 0)
                rows.setdefault(t.get("y", ""), []).append((x, x + wide, t.text or ""))
            for row in rows.values():
                row.sort()
                for (_, end, one), (start, _, other) in zip(row, row[1:], strict=False):
                    self.assertLess(end, start, f"{one!r} reaches into {other!r}")
                self.assertLess(row[-1][1], 1040 + 8)

    def test_html(self) -> None:
        text = self.report(BOOT, "--format", "html").stdout
        page = Page(text)
        self.assertEqual(page.open, [])
        self.assertLessEqual({"h1", "svg", "title", "desc", "table", "footer"}, page.tags)
        for word in ("verified boot", "1 537 902", "panic_on_corruption", "verinit.root=tmpfs", "verinit attest check"):
            self.assertIn(word, page.text)
        self.assert_self_contained(text)

    def assert_self_contained(self, text: str) -> None:
        for word in ("<script", "href", "src=", "url(", "@import", "@font-face", "javascript"):
            self.assertNotIn(word, text)
        self.assertEqual(set(re.findall(r'https?://[^"\s]*', text)), {"http://www.w3.org/2000/svg"})
        self.assertIn("prefers-color-scheme:dark", text)

    def test_a_failed_boot(self) -> None:
        answer = self.said(CONSOLE, FALSE)
        failure = answer["failure"]
        self.assertEqual((answer["verdict"], failure["stage"], failure["class"], failure["code"], failure["action"]),
                         ("failed", "prove", "TAMPER", "event-unexplained", "reboot"))
        self.assertEqual(failure["at_us"], 12868137)
        self.assertEqual(failure["poison"], "verinit.poison=event-unexplained")
        self.assertIn("list it in the floor", failure["remedy"])
        done = self.report(CONSOLE)
        self.assert_ends(done, FALSE, "FAILED in stage prove: event-unexplained")
        self.assertRegex(done.stdout, r"(?m)^  NO  prove .* failed$")
        self.assertRegex(done.stdout, r"(?m)^  \?   enter .* not-reached$")
        self.assertIn("16 modules, TPM measured", done.stdout)
        for kind in ("svg", "html"):
            text = self.report(CONSOLE, "--format", kind).stdout
            self.assertIn("FAILED in stage prove", text)
            self.assertIn("12 868 137 µs", text)
            self.assertIn("list it in the floor", text)

    def test_a_talkative_boot_that_failed_has_durations(self) -> None:
        log = self.file("log", "[    5.000000] verinit[early]: passed after 20000 us\r\n[    5.500000] verinit[config]: passed after 500000 us\n"
                        '[    6.000000] verinit: verdict {"stage":"probe","class":"ABSENT","code":"device-timeout","errno":"0",'
                        '"message":"no","action":"reboot"}\n')
        done = self.report(log)
        self.assert_ends(done, FALSE, "FAILED in stage probe: device-timeout")
        self.assertRegex(done.stdout, r"(?m)^  ok  config +500 000 us ")
        self.assertRegex(done.stdout, r"(?m)^  NO  probe +500 000 us .*failed$")

    def test_a_stage_that_failed_or_was_not_reached(self) -> None:
        for verdict, status, word in (("failed", FALSE, "stage mac failed"), ("not-reached", UNDECIDED, "stage mac: not-reached"),
                                      ("odd", UNDECIDED, "stage mac: odd")):
            path = self.edited(lambda e, v=verdict: e["stages"][11].update(verdict=v))
            self.assertIn(word, self.said(path, status)["why"])
        self.assertIn("stage root is not in the evidence", self.said(self.edited(lambda e: e["stages"].pop(12)), UNDECIDED)["why"])
        path = self.edited(lambda e: e["stages"][7].update(verdict="skipped", reason="why not"))
        self.assertIn("stage verify was skipped: /usr is not verified", self.said(path, FALSE)["why"])

    def test_a_stage_that_is_no_good_boot_s(self) -> None:
        path = self.edited(lambda e: e["stages"].append({**e["stages"][7], "verdict": "failed"}))
        self.assertIn("stage verify stands there twice", self.said(path, FALSE)["why"])
        path = self.edited(lambda e: e["stages"].append({**e["stages"][7], "name": "other", "verdict": "failed"}))
        self.assertIn("stage other failed", self.said(path, FALSE)["why"])

    def test_what_was_relaxed_is_listed_and_is_a_yes(self) -> None:
        edits: tuple[tuple[Edit, str], ...] = (
            (lambda e: e["stages"][11].update(verdict="skipped", reason="no-selinux"), "stage mac was skipped: no-selinux"),
            (lambda e: e["provenance"].update(secure_boot="off"), "Secure Boot was off, or did not check"),
            (lambda e: e["provenance"].update(replay="not-provable", reason="no-tpm"),
             "the firmware's log did not prove the command line: no-tpm"),
            (lambda e: e["verity"]["signature"].update(source="none"), "the root hash has no signature of its own"),
            (lambda e: e.update(debug=True), "the boot was a talkative one (init.debug=1)"),
            (lambda e: e["boot_disk"].update(known=False), "the disk that was booted from was not known"),
        )
        for edit, word in edits:
            with self.subTest(word):
                answer = self.said(self.edited(edit), YES)
                self.assertEqual((answer["summary"], answer["relaxed"]), ("verified boot; 1 thing was relaxed", [word]))

    def test_a_contradiction(self) -> None:
        other = "4f" * 32
        edits: tuple[tuple[Edit, str], ...] = (
            (lambda e: e.update(root_hash=other), "the live table has another root hash than root_hash"),
            (lambda e: e["tpm"]["words"][1].update(word=f"verinit.usr-verity=sha256-{other}"),
             "the word in PCR 13 has another root hash than root_hash"),
            (lambda e: e["selinux"].update(policy_sha256=other), "the word in PCR 13 has another policy than selinux.policy_sha256"),
            (lambda e: e["root"].update(kind="unverified"), "the word in PCR 13 has another root than root.kind"),
            (lambda e: e["tpm"]["words"].pop(1), "something was measured, and /usr was not"),
            (lambda e: e["tpm"]["words"].pop(2), "something was measured, and the policy was not"),
            (lambda e: e["tpm"]["words"].pop(3), "something was measured, and the kind of root was not"),
            (lambda e: e.update(ipe={"state": "enforcing", "policies": [], "mac_admin": "dropped"}),
             "something was measured, and the IPE policy was not"),
            (lambda e: e.update(ipe={"state": "absent", "policies": [{"sha256": other}], "mac_admin": ""}),
             "the words in PCR 13 have other IPE policies than ipe.policies"),
            (lambda e: e["tpm"]["words"].append({"pcr": 13, "word": f"verinit.ipe=sha256-{other}"}),
             "the words in PCR 13 have other IPE policies than ipe.policies"),
        )
        for edit, word in edits:
            with self.subTest(word):
                self.assertIn(word, self.said(self.edited(edit), FALSE)["why"])

    def test_the_tpm_beside_it(self) -> None:
        done = self.report(BOOT, "--pcrs", PCRS)
        self.assert_ends(done, YES)
        self.assertEqual(len(re.findall(r"(?m)^  PCR 13  sha.*what the words lead to\)$", done.stdout)), 4)
        values = json.loads(PCRS.read_text("utf-8"))
        values["sha384"]["13"] = "00" * 48
        answer = self.said(BOOT, FALSE, "--pcrs", self.file("pcrs.json", json.dumps(values)))
        self.assertEqual(answer["why"], ["PCR 13 of bank sha384 is not what the words lead to"])
        few = {"sha256": {"11": values["sha256"]["11"]}}
        answer = self.said(BOOT, UNDECIDED, "--pcrs", self.file("few.json", json.dumps(few)))
        self.assertEqual(answer["why"], ["the values have none of PCR 13: nothing was compared with the TPM"])

    def test_a_later_form(self) -> None:
        """Shown as it is; and what it means is not known."""
        def newer(e: dict[str, Any]) -> None:
            e.update(schema=2, colour="blue", nested={"deep": [1, {"x": None}]})
            e["tpm"]["state"] = "remeasured"
            e["tpm"]["quote"] = "abc"
            e["stages"].insert(3, {"name": "novel", "verdict": "wondered", "reason": "", "start_us": 1, "duration_us": 2})
        path = self.edited(newer)
        self.assertIn("the form of the evidence is not the one that this command knows (1)", self.said(path, UNDECIDED)["why"])
        for kind in FORMATS:
            done = self.report(path, "--format", kind)
            self.assertEqual(done.returncode, UNDECIDED)
            for word in ("colour", "blue", "deep", "remeasured", "quote", "novel", "wondered"):
                self.assertIn(word, done.stdout, kind)

    def test_an_earlier_form(self) -> None:
        """Printed, and no yes: what is not there was not proved."""
        path = self.edited(lambda e: [e.pop(key) for key in ("boot_disk", "verity", "credentials", "previous_failure")])
        done = self.report(path)
        self.assert_ends(done, UNDECIDED)
        self.assertRegex(done.stdout, r"(?m)^  ok  verify ")
        self.assertIn("enforcing", done.stdout)
        self.assertEqual([word.removeprefix("the evidence does not say ") for word in self.said(path, UNDECIDED)["why"]],
                         ["verity.signature.signer_sha256", "boot_disk.known", "boot_disk.gpt_backup", "verity.signature.source",
                          "verity.signature.kernel", "credentials.mode", "boot_disk.twins_ignored"])

    def test_evidence_that_says_nothing(self) -> None:
        stages = [{"name": name, "verdict": "passed"} for name in STAGES]
        done = self.report(self.file("x", json.dumps({"schema": 1, "stages": stages})), "--json=short")
        self.assertEqual(done.returncode, UNDECIDED)
        why = json.loads(done.stdout)["why"]
        self.assertLessEqual({f"the evidence does not say {path}" for path in (*DEMANDED, "root_hash", "dm.table")}, set(why))

    def test_a_value_that_is_absent_or_unknown(self) -> None:
        """Of each value that a verdict hangs on."""
        for path in (*DEMANDED, "root_hash", "dm.table", "selinux.policy_sha256", "selinux.loaded_sha256",
                     "verity.signature.signer_sha256", "boot_disk.twins_ignored"):
            *parents, key = path.split(".")

            def put(e: dict[str, Any], value: Any, parents: list[str] = parents, key: str = key) -> None:
                for parent in parents:
                    e = e[parent]
                e[key] = value
            with self.subTest(path):
                for value in ("", 7.5):
                    self.assertIn(f"the evidence does not say {path}",
                                  self.said(self.edited(lambda e, put=put, value=value: put(e, value)), UNDECIDED)["why"])
                if path in DEMANDED and path != "root.kind":
                    self.assertIn(f"{path} is nothing that this command knows: quite-so",
                                  self.said(self.edited(lambda e, put=put: put(e, "quite-so")), UNDECIDED)["why"])

    def test_the_command_knows_each_value_of_the_schema(self) -> None:
        """None of them is unknown to it; and what a strict floor does not let pass is listed."""
        strict = {"provenance.secure_boot": {"on"}, "provenance.replay": {"proved"}, "provenance.smbios": {"clean"},
                  "cmdline": {"baked"}, "boot_disk.gpt_backup": {"same"}, "usr.geometry": {"pinned"}, "tpm.state": {"measured"},
                  "verity.signature.source": {"discovered", "partition", "file", "inline"},
                  "verity.signature.kernel": {"accepted"}, "selinux.state": {"enforcing"}, "selinux.lock": {"early", "late"}, "root.kind": {"tmpfs"},
                  "credentials.mode": {"none"}}
        self.assertEqual(set(strict) | {"boot_disk.known", "debug"}, set(DEMANDED))
        for path, allowed in strict.items():
            *parents, key = path.split(".")
            schema = json.loads((TOP / "docs" / "boot.schema.json").read_text("utf-8"))
            for name in path.split("."):
                schema = schema["properties"][name]
            for value in set(schema["enum"]) - {""}:
                def put(e: dict[str, Any], parents: list[str] = parents, key: str = key, value: str = value) -> None:
                    if key == "kind":
                        e["tpm"]["words"][3]["word"] = f"verinit.root={value}"
                    for parent in parents:
                        e = e[parent]
                    e[key] = value
                with self.subTest(path, value=value):
                    answer = self.said(self.edited(put), YES)
                    self.assertEqual((answer["why"], len(answer["relaxed"])), ([], 0 if value in allowed else 1))

    def test_ipe_policies(self) -> None:
        def with_two(e: dict[str, Any]) -> None:
            e["ipe"] = {"state": "enforcing", "mac_admin": "dropped", "policies": [
                {"name": name, "version": "1.2.3", "sha256": digest * 32, "source": "initramfs", "active": name == "node"}
                for name, digest in (("node", "4f"), ("other", "5f"))]}
            e["tpm"]["words"] += [{"pcr": 13, "word": f"verinit.ipe=sha256-{digest * 32}"} for digest in ("4f", "5f")]
        done = self.report(self.edited(with_two))
        self.assert_ends(done, YES)
        self.assertRegex(done.stdout, r"(?s)IPE\n.*  active policy +node 1\.2\.3, of initramfs, sha256-4f4f.*\n"
                                      r"  deployed policy +other 1\.2\.3, of initramfs, sha256-5f5f.*\n.*CAP_MAC_ADMIN of the host +dropped\n")

    def test_what_another_value_makes_empty(self) -> None:
        def unsigned(e: dict[str, Any]) -> None:
            e["verity"]["signature"] = {"source": "none", "signer_sha256": "", "kernel": ""}

        def without_selinux(e: dict[str, Any]) -> None:
            e["selinux"] = {"state": "absent", "policy_file": "", "policy_sha256": "", "loaded_sha256": "", "context": "", "lock": ""}
            e["tpm"]["words"].pop(2)
        for edit in (unsigned, without_selinux, lambda e: e["boot_disk"].update(known=False, gpt_backup="")):
            self.assertEqual(len(self.said(self.edited(edit), YES)["relaxed"]), 1)

    def test_the_failure_before(self) -> None:
        done = self.report(self.edited(lambda e: e["previous_failure"].update(stage="verify", code="root-hash-mismatch")))
        self.assert_ends(done, YES)
        self.assertRegex(done.stdout, r"(?s)Boot before\n  ended in stage +verify\n  code +root-hash-mismatch\n  remedy +\S")

    def test_hostile_strings(self) -> None:
        """Of every string in it: no markup, no control character, no end of the line of text."""
        bad = "</text></svg><script>alert(1)</script>&\"'\x1b[2J\u202e\u0000\u2066" + "A" * 5000

        def hostile(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: hostile(v) for key, v in value.items()} | {bad[:90]: bad}
            if isinstance(value, list):
                return [hostile(v) for v in value]
            return bad if isinstance(value, str) else value
        path = self.file("hostile.json", json.dumps(hostile(json.loads(BOOT.read_text("utf-8")))))
        for kind in FORMATS:
            done = self.report(path, "--format", kind)
            self.assertIn(done.returncode, (FALSE, UNDECIDED), done.stderr)
            if kind != "json":
                self.assertLess(len(done.stdout), 200000)
                self.assertTrue(all(c == "\n" or " " <= c <= "~" or c in "µ✓✕–·█▏▎▍▌▋▊▉" for c in done.stdout), kind)
            if kind in ("svg", "html"):
                self.assertNotIn("<script", done.stdout)
            if kind == "svg":
                xml.etree.ElementTree.fromstring(done.stdout)
            if kind == "html":
                self.assertEqual(Page(done.stdout).open, [])

    def test_a_long_list_is_cut(self) -> None:
        path = self.edited(lambda e: e.update({f"key{n}": n for n in range(500)}, stages=e["stages"] * 9))
        for kind in FORMATS:
            done = self.report(path, "--format", kind)
            self.assertEqual(done.returncode, FALSE, done.stderr)
            self.assertLess(len(done.stdout), 100000)

    def test_what_is_no_evidence(self) -> None:
        self.assert_ends(self.report(self.file("x", "{")), TROUBLE, "is no JSON object")
        self.assert_ends(self.report(self.file("x", "{}{}")), TROUBLE, "is no JSON object")
        self.assert_ends(self.report(self.file("x", '{"a":' * 40 + "1" + "}" * 40)), TROUBLE, "is no JSON object")
        self.assert_ends(self.report(self.file("x", "{" + " " * 1048576 + "}")), TROUBLE, "at most 1048576 bytes")
        self.assert_ends(self.report(self.file("x", "")), UNDECIDED, "no verdict line")
        self.assert_ends(self.report(self.file("x", "verinit: verdict {")), UNDECIDED, "is not whole")
        self.assert_ends(self.report(self.dir), TROUBLE, "is not a regular file")
        self.assert_ends(self.report(self.file("x", "{}")), UNDECIDED, "stage early is not in the evidence")

    def test_output(self) -> None:
        path = self.dir / "boot.svg"
        done = self.report(BOOT, "--format", "svg", "--output", path)
        self.assertEqual((done.returncode, done.stdout), (YES, ""))
        self.assertEqual(path.read_text("utf-8"), self.report(BOOT, "--format", "svg").stdout)
        self.assert_ends(self.report(BOOT, "--output", "/dev/null"), TROUBLE, "/dev/null")

    def test_wrong_usage(self) -> None:
        for words, said in (((BOOT, BOOT), "one FILE is wanted"), ((BOOT, "--live"), "not looked at"), ((BOOT, "--format", "pdf"), "pdf"),
                            ((BOOT, "--format", "svg", "--json=short"), "--json= is not for"), ((BOOT, "--odd"), "no such option")):
            self.assert_ends(self.report(*words), USAGE, said)
        self.assert_ends(self.report("--help"), YES)


if __name__ == "__main__":
    unittest.main()
