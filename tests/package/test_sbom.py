#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The SBOM of PID 1 against dpkg, the prefix of tools/deps, the archives and the link map as the audit reads it."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD", TOP / "build" / "release"))
PREFIX = TOP / "build" / "deps" / "prefix"
sys.path.insert(0, str(TOP / "tests" / "audit"))

import linkmap  # noqa: E402

# What Debian's copyright files say of a licence, where they do not say SPDX's name.
SAID = {"LGPL-2.1-or-later": r"LGPL|Lesser General Public", "Apache-2.0": "Apache-2", "MIT": "MIT|Expat|Permission is hereby",
        "BSD-3-Clause": r"BSD|Redistribution and use", "libselinux-1.0": "public domain", "Zlib": "as-is",
        "GPL-3.0-or-later WITH GCC-exception-3.1": "GCC Runtime Library Exception|GCC RUNTIME LIBRARY EXCEPTION",
        "BSD-3-Clause OR GPL-2.0-only": "BSD"}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def dpkg_version(package: str) -> str:
    return subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], text=True, capture_output=True, check=True).stdout


class Sbom(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.text = (BUILD / "init.spdx.json").read_text()
        cls.document = json.loads(cls.text)
        cls.packages = {p["name"]: p for p in cls.document["packages"]}
        found = {Path(os.path.realpath(BUILD / o.archive)) for o in linkmap.read(BUILD / "init.map").objects if o.archive}
        cls.foreign = {path.name: path for path in found if BUILD.resolve() not in path.parents}

    def test_it_has_what_spdx_asks_for(self) -> None:
        """Section 6 and 7 of SPDX 2.3: what is mandatory, and identifiers that are defined once and used."""
        self.assertEqual((self.document["spdxVersion"], self.document["dataLicense"], self.document["SPDXID"]),
                         ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT"))
        self.assertRegex(self.document["documentNamespace"], r"^https://[^#\s]+$")
        self.assertRegex(self.document["creationInfo"]["created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        for creator in self.document["creationInfo"]["creators"]:
            self.assertRegex(creator, r"^(Tool|Organization|Person): \S")
        ids = [p["SPDXID"] for p in self.document["packages"]]
        self.assertEqual(len(ids), len(set(ids)))
        for package in self.document["packages"]:
            self.assertRegex(package["SPDXID"], r"^SPDXRef-[A-Za-z0-9.-]+$")
            self.assertEqual((package["downloadLocation"], package["filesAnalyzed"]), ("NOASSERTION", False))
            self.assertTrue(package["name"] and package["versionInfo"] and package["licenseDeclared"])
        ends = {(r["spdxElementId"], r["relationshipType"], r["relatedSpdxElement"]) for r in self.document["relationships"]}
        self.assertEqual(ends, {("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-init"),
                                *(("SPDXRef-init", "STATIC_LINK", i) for i in ids if i != "SPDXRef-init")})

    def test_it_is_of_this_program(self) -> None:
        self.assertEqual(self.packages["verinit-init"]["checksums"],
                         [{"algorithm": "SHA256", "checksumValue": sha256(BUILD / "init")}])
        said = subprocess.run([BUILD / "verinit", "--version"], text=True, capture_output=True, check=True).stdout
        self.assertEqual(f"verinit {self.packages['verinit-init']['versionInfo']}\n", said)

    def test_every_archive_of_the_link_is_there_and_no_other(self) -> None:
        listed = {p["packageFileName"] for p in self.document["packages"]} - {"init"}
        self.assertEqual(listed, set(self.foreign))
        self.assertTrue({"libc.a", "libcrypto.a", "libcryptsetup.a", "libtss2-esys.a"} <= listed)

    def test_versions_and_checksums_are_real(self) -> None:
        built = dict(line.split() for line in (PREFIX / "versions").read_text().splitlines())
        for package in self.document["packages"]:
            if package["name"] == "verinit-init":
                continue
            path = self.foreign[package["packageFileName"]]
            self.assertEqual(package["checksums"][0]["checksumValue"], sha256(path), path)
            purl = re.fullmatch(r"pkg:deb/debian/([a-z0-9.+-]+)@([^?]+)\?arch=([a-z0-9]+)",
                                package["externalRefs"][0]["referenceLocator"])
            assert purl, package
            with self.subTest(package["name"]):
                is_ours = PREFIX.resolve() in path.parents
                self.assertEqual(purl[3] == "source", is_ours)
                version = built[purl[1]] if is_ours else dpkg_version(purl[1])
                self.assertEqual((package["versionInfo"], urllib.parse.unquote(purl[2])), (version, version))
                if not is_ours:
                    owner = subprocess.run(["dpkg-query", "-L", purl[1]], text=True, capture_output=True, check=True).stdout
                    self.assertIn(f"/{path.name}\n", owner)

    def test_licences_are_those_of_debians_copyright_files(self) -> None:
        for package in self.packages.values():
            purl = package["externalRefs"][0]["referenceLocator"] if "externalRefs" in package else "arch=source"
            if purl.endswith("arch=source"):
                continue        # the package of a source that was built here need not be installed
            name = purl.split("/")[2].split("@")[0]
            said = Path(f"/usr/share/doc/{name}/copyright").read_text("utf-8", "replace")
            with self.subTest(package["name"]):
                self.assertRegex(said, SAID[package["licenseDeclared"]])

    def made(self, *, init: Path, environment: dict[str, str], link_map: Path = BUILD / "init.map") -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "out.json"
            done = subprocess.run([TOP / "tools" / "sbom", "--init", init, "--map", link_map, "--deps", PREFIX,
                                   "--version-header", BUILD / "generated/verinit/version.h", "--output", out],
                                  text=True, capture_output=True, env={**os.environ, **environment}, cwd=scratch)
            done.stdout = out.read_text() if out.exists() else ""
            return done

    def test_the_same_again(self) -> None:
        epoch = self.document["creationInfo"]["created"]
        for environment in ({"TZ": "Asia/Tokyo", "LC_ALL": "C"}, {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "7"}):
            done = self.made(init=BUILD / "init", environment={"SOURCE_DATE_EPOCH": "0", **environment})
            self.assertEqual(done.stdout.replace("1970-01-01T00:00:00Z", epoch), self.text, done.stderr)

    def test_no_map_of_a_static_program(self) -> None:
        done = self.made(init=BUILD / "verinit", environment={}, link_map=BUILD / "init.spdx.json")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("names no archive", done.stderr)


if __name__ == "__main__":
    unittest.main()
