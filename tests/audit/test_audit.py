#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each check of the audit fails, by its own name and no other, on a program built to fail it."""

import hashlib
import subprocess
import tempfile
import unittest
from pathlib import Path

import audit
import linkmap
import same_core

SOURCE = "int main(void) { return 0; }\n"
GOOD = ["-O2", "-fPIE", "-static-pie", "-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack", "-Wl,-z,separate-code"]


def run(*argv: str | Path, cwd: Path | None = None) -> None:
    subprocess.run(argv, check=True, cwd=cwd, capture_output=True, text=True)


class Workplace(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name)
        (self.dir / "budget").write_text("8388608\n")
        (self.dir / "allowed").write_text("")

    def compile(self, source: str, name: str = "p.o", flags: list[str] | None = None) -> Path:
        target = self.dir / name
        target.parent.mkdir(parents=True, exist_ok=True)
        code = target.with_suffix(".c")
        code.write_text(source)
        run("gcc", *(flags or ["-O2", "-fPIE"]), "-c", "-o", target, code)
        return target


class ProgramTest(Workplace):
    def findings(self, *objects: Path, flags: list[str] | None = None, strip: bool = True) -> dict[str, list[str]]:
        """The names of the checks that fail, with what they say."""
        program = self.dir / "p"
        run("gcc", *(GOOD if flags is None else flags), f"-Wl,-Map={self.dir}/p.map", "-Wl,--cref", "-o", program,
            *objects)
        run("objcopy", "--only-keep-debug", program, self.dir / "p.debug")
        if strip:
            run("strip", program)
        subject = audit.read_subject(program, self.dir / "p.debug", self.dir / "p.map", self.dir / "budget",
                                     self.dir / "allowed")
        return {name: messages for name, messages in audit.findings(subject).items() if messages}

    def assert_only(self, found: dict[str, list[str]], *names: str) -> None:
        self.assertEqual(set(found), set(names), found)

    def test_good_program_passes_every_check(self) -> None:
        self.assert_only(self.findings(self.compile(SOURCE)))

    def test_dynamic_program_has_interpreter_and_needs_libc(self) -> None:
        flags = ["-fPIE", "-pie", "-Wl,-z,relro,-z,now"]
        self.assert_only(self.findings(self.compile(SOURCE), flags=flags), "no-interpreter", "no-needed")

    def test_fixed_address_is_not_pie(self) -> None:
        found = self.findings(self.compile(SOURCE, flags=["-fno-pie"]), flags=["-static", "-no-pie"])
        self.assertIn("static-pie", found)
        self.assertIn("ET_EXEC", found["static-pie"][0])

    def test_shared_object_is_not_pie(self) -> None:
        found = self.findings(self.compile(SOURCE, flags=["-fPIC"]), flags=["-shared", "-nostdlib", "-Wl,-z,now"])
        self.assertIn("static-pie", found)

    def test_lazy_binding(self) -> None:
        self.assert_only(self.findings(self.compile(SOURCE), flags=["-static-pie", "-Wl,-z,lazy"]), "bind-now")

    def test_no_relro(self) -> None:
        self.assert_only(self.findings(self.compile(SOURCE), flags=[*GOOD, "-Wl,-z,norelro"]), "relro")

    def test_writable_code(self) -> None:
        code = 'asm(".section .both, \\"awx\\", @progbits\\n.quad 1\\n.text");\n'
        self.assert_only(self.findings(self.compile(code + SOURCE)), "no-writable-code")

    def test_text_relocations(self) -> None:
        code = 'asm(".text\\n.quad main");\n' + SOURCE
        found = self.findings(self.compile(code), flags=[*GOOD, "-Wl,-z,notext"])
        self.assertTrue(any("text relocations" in m for m in found["no-writable-code"]), found)

    def test_executable_stack(self) -> None:
        found = self.findings(self.compile(SOURCE), flags=[*GOOD, "-Wl,-z,execstack"])
        self.assert_only(found, "no-executable-stack")

    def test_unstripped(self) -> None:
        self.assert_only(self.findings(self.compile(SOURCE), strip=False), "stripped")

    def test_system_is_a_shell(self) -> None:
        code = "#include <stdlib.h>\nint main(int c, char **v) { return c > 1 && system(v[1]); }\n"
        found = self.findings(self.compile(code))
        self.assertIn("no-shell", found)
        self.assertTrue(any(m.startswith("system()") for m in found["no-process"]), found)

    def test_each_process_symbol_is_seen(self) -> None:
        calls = {
            "popen": "popen(v[0], v[0]) != 0", "fork": "fork()", "vfork": "vfork()",
            "posix_spawn": "posix_spawn(0, v[0], 0, 0, v, v)", "posix_spawnp": "posix_spawnp(0, v[0], 0, 0, v, v)",
            "execv": "execv(v[0], v)", "execvp": "execvp(v[0], v)", "execvpe": "execvpe(v[0], v, v)",
            "execl": "execl(v[0], v[0], (char *) 0)", "execlp": "execlp(v[0], v[0], (char *) 0)",
            "execle": "execle(v[0], v[0], (char *) 0, v)", "fexecve": "fexecve(c, v, v)",
            "system": "system(v[0])", "wordexp": "wordexp(v[0], 0, 0)", "_Fork": "_Fork()", "clone": "clone(0, 0, 0, 0)",
            "os_load_module_beside": "os_load_module_beside(c)",
        }
        self.assertEqual(set(calls), audit.PROCESS_SYMBOLS)
        head = "#define _GNU_SOURCE\n" + "".join(
            f"#include <{h}.h>\n" for h in ("sched", "spawn", "stdio", "stdlib", "unistd", "wordexp"))
        head += "int os_load_module_beside(int fd) { return fd; }\n"
        for symbol, call in calls.items():
            with self.subTest(symbol):
                code = f"{head}int main(int c, char **v) {{ return c > 1 && {call}; }}\n"
                found = self.findings(self.compile(code, flags=["-O2", "-fPIE", "-w"]))
                self.assertTrue(any(m.startswith(f"{symbol}()") for m in found.get("no-process", [])), found)

    def test_permission_holds_for_one_object_only(self) -> None:
        code = "#include <unistd.h>\nint {}(char **v) {{ return execv(v[0], v); }}\n"
        main = self.compile("int one(char **v); int two(char **v);\n"
                            "int main(int c, char **v) { return c > 2 ? two(v) : c > 1 ? one(v) : 0; }\n")
        one, two = (self.compile(code.format(n), f"{n}.o") for n in ("one", "two"))
        (self.dir / "allowed").write_text("execv one.o a library of another trade\n")
        found = self.findings(main, one, two)
        self.assert_only(found, "no-process")
        self.assertNotIn("one.o", found["no-process"][0])
        self.assertIn("two.o", found["no-process"][0])
        (self.dir / "allowed").write_text("execv one.o first reason\nexecv two.o second reason\n")
        self.assert_only(self.findings(main, one, two))

    def test_permission_without_reason_is_refused(self) -> None:
        (self.dir / "allowed").write_text("execv one.o\n")
        with self.assertRaisesRegex(ValueError, "allowed:1"):
            self.findings(self.compile(SOURCE))

    def test_symbol_file_without_symbols_is_no_proof(self) -> None:
        main = self.compile(SOURCE)
        self.findings(main)
        run("strip", self.dir / "p.debug")
        subject = audit.read_subject(self.dir / "p", self.dir / "p.debug", self.dir / "p.map", self.dir / "budget",
                                     self.dir / "allowed")
        self.assertIn("would see nothing", next(audit.no_process(subject)))

    def test_shell_by_name(self) -> None:
        code = 'const char *const shell = "/bin/sh";\nint main(void) { return !*(const char *volatile *) &shell; }\n'
        self.assert_only(self.findings(self.compile(code)), "no-shell")

    def test_fake_object(self) -> None:
        found = self.findings(self.compile(SOURCE), self.compile("int fake_call(void) { return 0; }", "fakes/os.o"))
        self.assert_only(found, "no-fakes")

    def test_fake_archive(self) -> None:
        fake = self.compile("int fake_call(void) { return 0; }", "os.o")
        run("ar", "rcs", self.dir / "libverinit-fakes.a", fake)
        main = self.compile("int fake_call(void);\nint main(void) { return fake_call(); }\n")
        self.assert_only(self.findings(main, self.dir / "libverinit-fakes.a"), "no-fakes")

    def test_over_budget(self) -> None:
        (self.dir / "budget").write_text("1000\n")
        self.assert_only(self.findings(self.compile(SOURCE)), "size-budget")

    def test_zeroed_memory(self) -> None:
        code = "static char room[3 << 20];\nint main(int argc, char **argv) { room[argc] = *argv[0]; return room[argc + 1]; }\n"
        self.assert_only(self.findings(self.compile(code)), "no-huge-page")

    def test_budget_must_be_a_number(self) -> None:
        (self.dir / "budget").write_text("8 MiB\n")
        with self.assertRaisesRegex(ValueError, "one number of bytes"):
            self.findings(self.compile(SOURCE))

    def test_no_elf_is_not_readable(self) -> None:
        with self.assertRaises(ValueError):
            audit.elf.read(self.dir / "budget")


class SameCoreTest(Workplace):
    def archive(self, name: str, value: int) -> Path:
        target = self.dir / name / same_core.CORE
        target.parent.mkdir()
        run("ar", "rcs", target, self.compile(f"int core(void) {{ return {value}; }}\n", f"{name}/error.o"))
        return target

    def link(self, name: str, *objects: Path, calls: bool = True) -> linkmap.LinkMap:
        call = "core()" if calls else "0"
        main = self.compile(f"int core(void);\nint main(void) {{ return {call}; }}\n", f"{name}.o")
        run("gcc", "-pie", f"-Wl,-Map={name}.map", "-Wl,--cref", "-o", name, main, *objects, cwd=self.dir)
        archives = [o for o in objects if o.suffix == ".a"]
        digest = hashlib.sha256(archives[0].read_bytes()).hexdigest() if archives else "-"
        (self.dir / f"{name}.core").write_text(f"{digest}  {same_core.CORE}\n")
        return linkmap.read(self.dir / f"{name}.map")

    def test_one_archive_in_both(self) -> None:
        core = self.archive("a", 1)
        self.assertEqual(list(same_core.problems([self.link("init", core), self.link("verinit", core)], [])), [])

    def test_a_stage_that_is_not_in_both(self) -> None:
        core = self.archive("a", 1)
        found = list(same_core.problems([self.link("init", core), self.link("verinit", core)], ["error.o", "stage_find.c.o"]))
        self.assertEqual(found, ["the two do not share stage_find.c.o of libverinit-core.a"])

    def test_two_archives(self) -> None:
        maps = [self.link("init", self.archive("a", 1)), self.link("verinit", self.archive("b", 1))]
        self.assertIn("two core archives", next(same_core.problems(maps, [])))

    def test_archive_rebuilt_between_the_links(self) -> None:
        core = self.archive("a", 1)
        first = self.link("init", core)
        run("ar", "rcs", core, self.compile("int core(void) { return 2; }\n", "a/error.o"))
        found = list(same_core.problems([first, self.link("verinit", core)], []))
        self.assertEqual(len(found), 1)
        self.assertIn("init was linked with another", found[0])

    def test_no_core_at_all(self) -> None:
        first = self.link("init", self.archive("a", 1))
        other = self.link("verinit", calls=False)
        with self.assertRaisesRegex(ValueError, "from 0 places"):
            list(same_core.problems([first, other], []))

    def test_core_source_compiled_again(self) -> None:
        core = self.archive("a", 1)
        again = self.compile("int core(void) { return 3; }\nint more(void) { return 4; }\n", "verinit.dir/error.o")
        # core() comes from the copy; something else still pulls the archive's member in, as a careless list would.
        run("ar", "rcs", core, self.compile("int other(void) { return 5; }\n", "a/other.o"))
        user = self.compile("int other(void);\nint user(void) { return other(); }\n", "verinit.dir/user.o")
        relative = [o.relative_to(self.dir) for o in (again, user)]
        found = list(same_core.problems([self.link("init", core), self.link("verinit", *relative, core)], []))
        self.assertTrue(any("verinit.dir/error.o with core beside the core archive" in m for m in found), found)

    def test_same_file_name_is_no_copy(self) -> None:
        core = self.archive("a", 1)
        self.compile("int tool(void) { return 3; }\n", "verinit.dir/error.o")
        found = list(same_core.problems([self.link("init", core),
                                         self.link("verinit", Path("verinit.dir/error.o"), core)], []))
        self.assertEqual(found, [])

    def test_text_is_not_a_map(self) -> None:
        (self.dir / "x.map").write_text("nothing\n")
        with self.assertRaisesRegex(ValueError, "not a map"):
            linkmap.read(self.dir / "x.map")


if __name__ == "__main__":
    unittest.main()
