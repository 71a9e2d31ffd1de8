# SPDX-License-Identifier: LGPL-2.1-or-later
"""The harness itself: how events become a result, what is taken from a guest, what is refused."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import tarfile
import tempfile
import unittest
import uuid
import zlib
from dataclasses import replace
from pathlib import Path

from machine import cli, disk, firmware, gpt, outdir, qemu, qmp, report
from machine.outcome import Judge, Outcome, parse_verdict
from machine.serial import Console
from machine.spec import BadSpec, BootSpec, Trouble

VERDICT = ('verinit: verdict {"stage":"verify","class":"TAMPER","code":"root-hash-mismatch",'
           '"errno":"EBADMSG","message":"usr: root block","action":"reboot"}')
DENIAL = 'BdsDxe: failed to load Boot0001 "UEFI Misc Device" from PciRoot(0x0): Access Denied'
SHELL_DENIAL = 'BdsDxe: failed to start Boot0002 "EFI Internal Shell" from Fv(0): Security Violation'
NOTHING_LEFT = "BdsDxe: No bootable option or device was found."
PANIC = "[    9.1] Kernel panic - not syncing: dm-verity device corrupted"


def shutdown(reason: str, guest: bool = True) -> dict:
    return {"event": "SHUTDOWN", "data": {"guest": guest, "reason": reason}}


def port(is_open: bool) -> dict:
    return {"event": "VSERPORT_CHANGE", "data": {"id": "report0", "open": is_open}}


def judge_of(*happenings: str | dict) -> Judge:
    """Lines and QMP events, one a second; a reset or shutdown ends QEMU as it does in truth."""
    judge = Judge(report_grace=90)
    for now, it in enumerate(happenings):
        if isinstance(it, str):
            judge.line(it, now)
            continue
        judge.event(it, now)
        if it["event"] == "SHUTDOWN":
            judge.ended()
    return judge


def outcome_of(*happenings: str | dict) -> Outcome:
    return judge_of(*happenings).outcome(50)


class TestVerdictLine(unittest.TestCase):
    def test_is_found_among_other_text(self) -> None:
        for line in (VERDICT, "[   12.345678] " + VERDICT, "usb 1-1: new " + VERDICT + "[ 1.2] x {}",
                     "verinit: verdict {torn " + VERDICT):
            with self.subTest(line):
                verdict = parse_verdict(line)
                assert verdict is not None
                self.assertEqual(verdict["code"], "root-hash-mismatch")

    def test_is_nothing_less_than_a_whole_object_with_its_keys(self) -> None:
        for line in ("", "verinit: verdict", "verinit: verdict []", VERDICT[:-1],
                     VERDICT.replace('"action"', '"axtion"'), VERDICT.replace('"TAMPER"', "7"),
                     "verinit: verdict " + '{"a":' * 100000):
            with self.subTest(line[:60]):
                self.assertIsNone(parse_verdict(line))


class TestJudge(unittest.TestCase):
    def test_refused_takes_the_line_and_the_act(self) -> None:
        outcome = outcome_of("verinit[verify]: x", VERDICT, shutdown("guest-reset"))
        self.assertEqual((outcome.result, outcome.stage, outcome.fail_class, outcome.code),
                         ("refused", "verify", "TAMPER", "root-hash-mismatch"))
        self.assertEqual((outcome.errno, outcome.action, outcome.acted, outcome.last_stage),
                         ("EBADMSG", "reboot", "reboot", "verify"))

    def test_a_verdict_without_an_act_is_hung(self) -> None:
        outcome = outcome_of(VERDICT)
        self.assertEqual((outcome.result, outcome.code), ("hung", "root-hash-mismatch"))
        self.assertIn("no reboot", outcome.message)

    def test_an_act_is_final_only_when_qemu_has_ended(self) -> None:
        judge = Judge()
        judge.line(VERDICT, 1)
        judge.event(shutdown("guest-reset"), 2)
        self.assertIsNone(judge.decided(2))
        judge.ended()
        self.assertEqual(judge.decided(2), "refused")

    def test_an_act_of_ours_is_none_of_the_guest(self) -> None:
        outcome = outcome_of(VERDICT, shutdown("host-qmp-quit", guest=False))
        self.assertNotEqual(outcome.result, "refused")

    def test_another_act_than_announced_is_said(self) -> None:
        outcome = outcome_of(VERDICT, shutdown("guest-shutdown"))
        self.assertEqual((outcome.action, outcome.acted), ("reboot", "poweroff"))
        self.assertIn("announced reboot", outcome.message)

    def test_halt_is_seen_on_the_console(self) -> None:
        outcome = outcome_of(VERDICT.replace("reboot", "halt"), "[ 3.1] reboot: System halted")
        self.assertEqual((outcome.result, outcome.acted), ("refused", "halt"))

    def test_panic_with_reset(self) -> None:
        outcome = outcome_of(PANIC, shutdown("guest-reset"))
        self.assertEqual((outcome.result, outcome.acted), ("panicked", "reboot"))
        self.assertEqual(outcome.panic, PANIC[10:])

    def test_panic_waits_for_its_reset_but_not_if_there_is_none_to_come(self) -> None:
        self.assertIsNone(judge_of(PANIC).decided(5))
        outcome = outcome_of(PANIC, "[ 9.2] ---[ end Kernel panic - not syncing: dm-verity")
        self.assertEqual((outcome.result, outcome.acted), ("panicked", None))

    def test_panic_outweighs_a_verdict(self) -> None:
        outcome = outcome_of(VERDICT, PANIC, shutdown("guest-reset"))
        self.assertEqual((outcome.result, outcome.stage), ("panicked", "verify"))

    def test_a_silent_stop_is_not_refused(self) -> None:
        outcome = outcome_of("hello", shutdown("guest-reset"))
        self.assertEqual((outcome.result, outcome.code), ("panicked", "silent-stop"))
        outcome = outcome_of("hello", "[ 3.1] reboot: System halted")
        self.assertEqual((outcome.result, outcome.code, outcome.acted), ("panicked", "silent-stop", "halt"))
        self.assertIn("(halt) without a verdict", outcome.message)

    def test_report_is_booted_and_outlives_a_shutdown(self) -> None:
        judge = judge_of(port(True), port(False))
        self.assertIsNone(judge.decided(3))
        judge.report_is_complete({"boot.json": b"{}"}, 3)
        judge.event(shutdown("guest-shutdown"), 4)
        judge.ended()
        self.assertEqual(judge.outcome(5).result, "booted")

    def test_a_prompt_is_booted_after_the_grace(self) -> None:
        for line in ("node login: ", "[  OK  ] Reached target Multi-User System.",
                     "[  OK  ] Reached target multi-user.target - Multi-User System."):
            with self.subTest(line):
                judge = Judge(report_grace=90)
                judge.partial(line, 10)
                self.assertEqual(judge.next_look(), 100)
                self.assertIsNone(judge.decided(99))
                self.assertEqual(judge.decided(100), "booted")

    def test_a_report_that_began_is_waited_for(self) -> None:
        judge = judge_of("node login: ", port(True))
        self.assertIsNone(judge.next_look())
        self.assertIsNone(judge.decided(1000))
        self.assertEqual(judge.outcome(1000).result, "hung")

    def test_firmware_refusal(self) -> None:
        outcome = outcome_of(DENIAL, SHELL_DENIAL, NOTHING_LEFT)
        self.assertEqual((outcome.result, outcome.stage, outcome.code),
                         ("refused", "firmware", "firmware-access-denied"))

    def test_firmware_without_a_loader_is_not_a_refusal(self) -> None:
        for lines in ((SHELL_DENIAL, NOTHING_LEFT), (NOTHING_LEFT,), ("UEFI Interactive Shell v2.2",)):
            with self.subTest(lines):
                outcome = outcome_of(*lines)
                self.assertEqual((outcome.result, outcome.stage), ("hung", None))
                self.assertIn("nothing to boot", outcome.message)

    def test_hung_says_what_is_known(self) -> None:
        self.assertIn("console=ttyS0", outcome_of().message)
        self.assertIn("after stage find", outcome_of("[1.0] verinit[find]: waiting").message)

    def test_verdict_json_and_summary(self) -> None:
        outcome = outcome_of(VERDICT, shutdown("guest-reset"))
        outcome.relaxed = ["no-tpm"]
        plain = json.loads(json.dumps(outcome.to_json()))
        self.assertEqual((plain["class"], plain["relaxed"], plain["files"]), ("TAMPER", ["no-tpm"], []))
        self.assertEqual(plain["marks"], {"verdict": 0, "acted": 1})
        self.assertEqual(outcome.summary(), "refused after 50.0 s [no-tpm]: "
                         "verify/TAMPER/root-hash-mismatch: usr: root block")


class TestConsole(unittest.TestCase):
    RAW = b"\x1b[2J\x1b[01;01H\x1b[=3hBdsDxe: a\r\n\x1b]3008;start=x\x1b\\b\xc3\xa4\x1b[0m\n\x1b7login: "

    def test_any_split_gives_the_same_text(self) -> None:
        for cut in range(len(self.RAW) + 1):
            console = Console()
            lines = console.feed(self.RAW[:cut]) + console.feed(self.RAW[cut:])
            self.assertEqual((lines, console.partial), (["BdsDxe: a", "b\u00e4"], "login: "), cut)

    def test_an_endless_line_is_cut(self) -> None:
        console = Console()
        self.assertEqual(sum(map(len, console.feed(b"x" * 200000))), 200000)

    def test_expect_gives_each_match_once_and_whole_lines(self) -> None:
        console = Console()
        console.feed(b"disks: a\ndisks: b")
        pattern = re.compile(r"disks:.*")
        first = console.expect(pattern)
        assert first is not None
        self.assertEqual(first[0], "disks: a")
        self.assertIsNone(console.expect(pattern))
        console.feed(b" c\n")
        second = console.expect(pattern)
        assert second is not None
        self.assertEqual(second[0], "disks: b c")
        console.feed(b"login: ")
        self.assertIsNotNone(console.expect(re.compile("login: "), partial=True))


class TestQmp(unittest.TestCase):
    def test_messages_arrive_in_pieces(self) -> None:
        decoder = qmp.Decoder()
        self.assertEqual(decoder.feed(b'{"QMP": {}}\r\n{"ret'), [{"QMP": {}}])
        self.assertEqual(decoder.feed(b'urn": 1}\r\n'), [{"return": 1}])

    def test_what_is_not_qmp_is_an_error(self) -> None:
        for line in (b"hello\n", b"[]\n"):
            with self.subTest(line), self.assertRaises(qmp.QmpError):
                qmp.Decoder().feed(line)

    def test_a_refusal_carries_its_reason(self) -> None:
        with self.assertRaisesRegex(qmp.QmpError, "refused x: no such"):
            qmp.reply_value("x", {"error": {"class": "G", "desc": "no such"}})


def tar_of(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def member(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.size = len(content)
    info.linkname = "/etc/passwd" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
    return info, content


class TestReport(unittest.TestCase):
    STREAM = tar_of(member(".", kind=tarfile.DIRTYPE), member("./boot.json", b"{}"),
                    member("big", b"x" * 5000))

    def test_takes_flat_files(self) -> None:
        self.assertEqual(report.parse(self.STREAM), {"boot.json": b"{}", "big": b"x" * 5000})

    def test_no_shorter_stream_is_complete(self) -> None:
        end = len(self.STREAM.rstrip(b"\0"))
        end = -(-end // 512) * 512 + 1024
        self.assertIsNotNone(report.parse(self.STREAM[:end]))
        for cut in (*range(0, end, 211), *range(0, end, 512), end - 1):
            self.assertIsNone(report.parse(self.STREAM[:cut]), cut)

    def test_other_bytes_are_not_a_report(self) -> None:
        for stream in (b"hello", b"\xff" * 4096, self.STREAM[:512] + b"\xff" * 4096):
            with self.subTest(stream[:8]):
                self.assertIsNone(report.parse(stream))

    def test_names_that_leave_the_directory_are_refused(self) -> None:
        for name in ("../x", "/etc/x", "a/b", "./a/../b", "..", ".hidden", "-x", "a b", "x" * 101,
                     "a\nb", "verdict.json"):
            with self.subTest(name), self.assertRaisesRegex(report.ReportError, "not allowed"):
                report.parse(tar_of(member(name, b"x")), frozenset({"verdict.json"}))

    def test_only_regular_files(self) -> None:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE,
                     tarfile.DIRTYPE):
            with self.subTest(kind), self.assertRaisesRegex(report.ReportError, "not a regular"):
                report.parse(tar_of(member("x", kind=kind)))

    def test_bounds(self) -> None:
        with self.assertRaisesRegex(report.ReportError, "larger"):
            report.parse(bytes(report.BYTES_MAX + 1))
        with self.assertRaisesRegex(report.ReportError, "more than 256"):
            report.parse(tar_of(*(member(f"f{i}") for i in range(257))))
        with self.assertRaisesRegex(report.ReportError, "two files"):
            report.parse(tar_of(member("a"), member("./a")))

    def test_a_size_beyond_the_stream_waits(self) -> None:
        info, _ = member("x")
        info.size = 1 << 40
        self.assertIsNone(report.parse(info.tobuf() + bytes(2048)))


def disk_of(sector: int, entries: list[bytes], entry_bytes: int = 128, count: int = 128) -> bytearray:
    array = b"".join(e.ljust(entry_bytes, b"\0") for e in entries).ljust(count * entry_bytes, b"\0")
    image = bytearray(8 << 20)
    fields = [b"EFI PART", 0x10000, 92, 0, 0, 1, 2047, 100, 1900, uuid.UUID(int=7).bytes_le, 2, count,
              entry_bytes, zlib.crc32(array)]
    fields[3] = zlib.crc32(gpt.HEADER.pack(*fields))
    image[sector:sector + 92] = gpt.HEADER.pack(*fields)
    image[2 * sector:2 * sector + len(array)] = array
    return image


def entry(kind: uuid.UUID, first: int, last: int, label: str) -> bytes:
    return gpt.ENTRY.pack(kind.bytes_le, uuid.UUID(int=first).bytes_le, first, last, 0,
                          label.encode("utf-16-le"))


class TestGpt(unittest.TestCase):
    ENTRIES = [entry(gpt.ESP, 100, 199, "esp"), bytes(128), entry(gpt.USR_X86_64, 200, 299, "usr-ä")]

    def parse(self, image: bytes) -> gpt.Table:
        return gpt.parse(io.BytesIO(image))

    def test_reads_partitions_of_both_sector_sizes(self) -> None:
        for sector in gpt.SECTOR_SIZES:
            table = self.parse(disk_of(sector, self.ENTRIES))
            self.assertEqual([p.number for p in table.partitions], [1, 3])
            usr = table.find(type=gpt.USR_X86_64)
            self.assertEqual((usr.offset, usr.size, usr.label), (200 * sector, 100 * sector, "usr-ä"))
            self.assertEqual(usr.uuid, uuid.UUID(int=200))

    def test_find_wants_exactly_one(self) -> None:
        two = self.parse(disk_of(512, [self.ENTRIES[0], entry(gpt.ESP, 300, 301, "b")]))
        for table in (two, self.parse(disk_of(512, []))):
            with self.assertRaisesRegex(gpt.GptError, "wanted one"):
                table.find(type=gpt.ESP)
        self.assertEqual(two.find(type=gpt.ESP, label="b").offset, 300 * 512)

    def test_each_damage_has_its_reason(self) -> None:
        good = disk_of(512, self.ENTRIES)
        for at, reason in ((512, "no GPT header"), (512 + 24, "header checksum"),
                           (1024 + 60, "entry array checksum")):
            image = bytearray(good)
            image[at] ^= 1
            with self.subTest(reason), self.assertRaisesRegex(gpt.GptError, reason):
                self.parse(image)
        with self.assertRaisesRegex(gpt.GptError, "entries of"):
            self.parse(disk_of(512, [], count=1 << 11))
        with self.assertRaisesRegex(gpt.GptError, "ends before"):
            self.parse(disk_of(512, [entry(gpt.ESP, 300, 200, "")]))
        with self.assertRaisesRegex(gpt.GptError, "outside"):
            self.parse(disk_of(512, [entry(gpt.ESP, 300, 1901, "")]))
        for size in (0, 511, 600, 1100):
            with self.subTest(size), self.assertRaises(gpt.GptError):
                self.parse(good[:size])


class WithFiles(unittest.TestCase):
    def setUp(self) -> None:
        self.dir = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.out = self.dir / "out"
        self.files = {name: self.dir / name for name in ("disk", "uki", "kernel", "initrd", "a,b")}
        for path in self.files.values():
            path.write_bytes(b"x")
        vars_store = self.dir / "vars-sb.fd"
        vars_store.write_bytes(b"v")

    def spec(self, **fields: object) -> BootSpec:
        return BootSpec(out=self.out, **{k: self.files.get(str(v), v) for k, v in fields.items()})


class TestSpec(WithFiles):
    def test_sound_ones_pass(self) -> None:
        for fields in ({"disk": "disk"}, {"uki": "uki"}, {"disk": "disk", "uki": "uki"},
                       {"kernel": "kernel"}, {"kernel": "kernel", "initrd": "initrd", "append": ""},
                       {"kernel": "kernel", "secure_boot": False, "memory": "2G"}):
            with self.subTest(fields):
                self.spec(**fields).check()

    def test_nonsense_names_the_option_and_a_remedy(self) -> None:
        for fields, reason in (
                ({}, "nothing to boot: give --disk"),
                ({"uki": "uki", "kernel": "kernel"}, "--uki with --kernel: .*leave one out"),
                ({"kernel": "kernel", "secure_boot": True}, "--secure-boot with --kernel"),
                ({"kernel": "kernel", "vars": "disk"}, "--vars with --kernel"),
                ({"disk": "disk", "append": ""}, "--append without --kernel: .*leave --append out"),
                ({"disk": "disk", "initrd": "initrd"}, "--initrd without --kernel"),
                ({"disk": "disk", "tpm": False, "tpm_state": "disk"}, "--tpm-state with --no-tpm"),
                ({"disk": "disk", "bus": "floppy"}, "--bus floppy: use one of virtio-blk"),
                ({"disk": "disk", "memory": "0"}, "--memory 0: give"),
                ({"disk": "disk", "memory": "1,x=y"}, "--memory"),
                ({"disk": "disk", "cpus": 0}, "--cpus 0"),
                ({"disk": "disk", "cpus": 2, "icount": True}, "--icount with --cpus 2"),
                ({"disk": "disk", "timeout": float("nan")}, "--timeout nan"),
                ({"disk": Path("/nonexistent/d")}, "--disk /nonexistent/d: no such file"),
                ({"disk": Path("/")}, "--disk /: is a directory"),
                ({"disk": "disk", "extra_disks": (Path("/nonexistent/e"),)}, "--extra-disk #1 /non")):
            with self.subTest(reason), self.assertRaisesRegex(BadSpec, reason):
                self.spec(**fields).check()

    def test_variables_beside_what_is_booted_come_first(self) -> None:
        self.assertEqual(self.spec(disk="disk").start_vars(), self.dir / "vars-sb.fd")
        self.assertEqual(self.spec(disk="disk", vars="uki").start_vars(), self.files["uki"])
        self.assertIsNone(self.spec(disk="disk", secure_boot=False).start_vars())

    def test_what_was_relaxed(self) -> None:
        self.assertEqual(self.spec(disk="disk").relaxed, [])
        self.assertEqual(self.spec(kernel="kernel", tpm=False).relaxed,
                         ["direct-kernel", "no-secure-boot", "no-tpm"])

    def test_usage_errors_exit_2_without_starting_anything(self) -> None:
        with contextlib.redirect_stderr(io.StringIO()) as err:
            self.assertEqual(cli.main(["boot", "--out", str(self.out)]), 2)
            with self.assertRaises(SystemExit) as refused:
                cli.main(["boot", "--disk", "d"])
        self.assertEqual(refused.exception.code, 2)
        self.assertIn("--out", err.getvalue())
        self.assertFalse(self.out.exists())

    def test_options_reach_the_spec(self) -> None:
        args = cli.parser().parse_args(
            ["boot", "--out", "o", "--disk", "d", "--no-tpm", "--no-secure-boot", "--bus", "nvme",
             "--extra-disk", "e", "--extra-disk", "f", "--memory", "2G", "--timeout", "7"])
        self.assertEqual(cli.spec_of(args), BootSpec(
            out=Path("o"), disk=Path("d"), tpm=False, secure_boot=False, bus="nvme",
            extra_disks=(Path("e"), Path("f")), memory="2G", timeout=7.0))


class TestQemuCommand(WithFiles):
    SOCKETS = qemu.Sockets(3, 4, 5, 6)

    def words(self, spec: BootSpec, sockets: qemu.Sockets = SOCKETS) -> str:
        loader = firmware.Firmware(Path("/CODE"), Path("/VARS"))
        drives = [qemu.Drive(p, "raw") for p in (spec.disk, *spec.extra_disks) if p]
        spares = [qemu.Drive(p, "raw") for p in spec.spare_disks]
        return " ".join(qemu.command(spec, sockets, None if spec.direct else loader, drives, spares))

    def test_secure_boot_has_smm_and_guarded_flash(self) -> None:
        words = self.words(self.spec(disk="disk"))
        for word in ("q35,smm=on", "property=secure,value=on", "unit=0,readonly=on,file=/CODE",
                     "bootindex=0", "tpm-crb", "reboot=shutdown"):
            self.assertIn(word, words)
        words = self.words(self.spec(disk="disk", secure_boot=False))
        self.assertIn("smm=off", words)
        self.assertNotIn("property=secure", words)

    def test_direct_boot_has_no_firmware_and_no_bootindex(self) -> None:
        words = self.words(self.spec(kernel="kernel", initrd="initrd", disk="disk", append="a b"))
        self.assertIn("-append a b", words)
        self.assertNotIn("pflash", words)
        self.assertNotIn("bootindex", words)
        self.assertIn("-append console=ttyS0", self.words(self.spec(kernel="kernel")))
        self.assertNotIn("console=ttyS0", self.words(self.spec(kernel="kernel", append="")))

    def test_instructions_are_counted_on_one_thread(self) -> None:
        words = self.words(self.spec(disk="disk", icount=True))
        self.assertIn("thread=single", words)
        self.assertIn("-icount shift=0,sleep=off", words)
        self.assertNotIn("-icount", self.words(self.spec(disk="disk")))

    def test_no_disk_is_ever_written(self) -> None:
        spec = self.spec(disk="disk", extra_disks=(self.files["a,b"],), spare_disks=(Path("/s"),))
        for bus in ("virtio-blk", "virtio-scsi", "nvme", "ahci"):
            words = self.words(replace(spec, bus=bus))
            drives = re.findall(r"-drive (if=none\S*)", words)
            self.assertEqual(len(drives), 3)
            self.assertTrue(all("snapshot=on" in d for d in drives), drives)
            self.assertEqual(len(re.findall(r"drive=disk", words)), 2)
            self.assertNotIn("drive=spare", words)

    def test_commas_cannot_add_options(self) -> None:
        spec = self.spec(disk="disk", extra_disks=(self.files["a,b"],), smbios_cmdline="x=1,2")
        words = self.words(spec)
        self.assertIn("a,,b", words)
        self.assertIn("value=io.systemd.stub.kernel-cmdline-extra=x=1,,2", words)

    def test_no_tpm_no_device(self) -> None:
        self.assertNotIn("tpm", self.words(self.spec(disk="disk"), qemu.Sockets(3, 4, 5)))


class TestOutDirectory(WithFiles):
    def test_leaves_the_owners_files_and_removes_ours(self) -> None:
        self.out.mkdir()
        outdir.write(self.out, Outcome("booted", "", 1.0, report={"boot.json": b"{}", "x": b""}))
        for name in ("mine", "disk.raw", "serial.log"):
            (self.out / name).write_text("")
        taken = outdir.clear(self.spec(disk="disk"))
        self.assertEqual(sorted(p.name for p in self.out.iterdir()), ["disk.raw", "mine"])
        self.assertLessEqual({"mine", "disk.raw", "verdict.json", "tpm"}, taken)

    def test_a_forged_list_reaches_no_other_directory(self) -> None:
        self.out.mkdir()
        (self.out / "verdict.json").write_text(json.dumps({"files": ["../disk", "/etc/x", 7]}))
        outdir.clear(self.spec(uki="uki"))
        self.assertTrue(self.files["disk"].exists())

    def test_an_input_in_it_is_kept(self) -> None:
        self.out.mkdir()
        kept = self.out / "vars.fd"
        kept.write_text("state")
        spec = self.spec(disk="disk", vars=kept)
        outdir.clear(spec)
        self.assertEqual(kept.read_text(), "state")
        log = self.out / "serial.log"
        log.write_text("a disk by that name")
        with self.assertRaisesRegex(BadSpec, "is an input"):
            outdir.clear(self.spec(disk=log))
        self.assertTrue(log.exists())

    def test_one_run_at_a_time(self) -> None:
        held = outdir.lock(self.out)
        with self.assertRaisesRegex(Trouble, "in use"):
            outdir.lock(self.out)
        os.close(held)
        os.close(outdir.lock(self.out))


class TestDisk(WithFiles):
    def test_a_uki_gets_a_disk_of_its_own(self) -> None:
        copy = self.dir / "copy"
        disk.with_uki(None, self.files["uki"], copy)
        esp = gpt.read(copy).find(type=gpt.ESP)
        self.assertEqual(self.loader(copy, esp.offset), b"x")

    def test_a_uki_replaces_that_of_a_copy(self) -> None:
        first, second = self.dir / "first", self.dir / "second"
        disk.with_uki(None, self.files["uki"], first)
        before = first.read_bytes()
        self.files["uki"].write_bytes(b"y" * 70000)
        disk.with_uki(first, self.files["uki"], second)
        esp = gpt.read(second).find(type=gpt.ESP)
        self.assertEqual(self.loader(second, esp.offset), b"y" * 70000)
        self.assertEqual(first.read_bytes(), before)

    def test_a_disk_without_esp_and_a_uki_too_large_are_refused_and_leave_nothing(self) -> None:
        copy, small = self.dir / "copy", self.dir / "small"
        with self.assertRaisesRegex(Trouble, "one EFI System Partition"):
            disk.with_uki(self.files["disk"], self.files["uki"], copy)
        disk.with_uki(None, self.files["uki"], small)
        with open(self.files["uki"], "wb") as uki:
            uki.truncate(64 << 20)
        with self.assertRaisesRegex(Trouble, "putting .* into the ESP"):
            disk.with_uki(small, self.files["uki"], copy)
        self.assertFalse(copy.exists())

    def loader(self, image: Path, offset: int) -> bytes:
        out = self.dir / "read-back"
        disk.run(["mcopy", "-D", "o", "-i", f"{image}@@{offset}", f"::/{disk.BOOT_PATH}", out], "reading")
        return out.read_bytes()


if __name__ == "__main__":
    unittest.main()
