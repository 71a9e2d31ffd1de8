// SPDX-License-Identifier: LGPL-2.1-or-later

// goverify FIRMWARE FRAGMENT PCRS: joins the two logs and verifies them against the PCRs of a TPM, bank by bank, by go-attestation.
// PCRS is JSON, {BANK: {NUMBER: HEX}}. Exit status: 0 verified, 3 not, 1 trouble.
package main

import (
	"crypto"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"

	"github.com/google/go-attestation/attest"
)

var hashes = []struct {
	name string
	hash crypto.Hash
}{
	{"sha1", crypto.SHA1},
	{"sha256", crypto.SHA256},
	{"sha384", crypto.SHA384},
}

func fail(status int, format string, args ...any) {
	fmt.Fprintf(os.Stderr, "goverify: "+format+"\n", args...)
	os.Exit(status)
}

func read(path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		fail(1, "%v", err)
	}
	return data
}

func values(bank map[string]string, hash crypto.Hash) []attest.PCR {
	var pcrs []attest.PCR
	for name, text := range bank {
		index, err := strconv.Atoi(name)
		if err != nil {
			fail(1, "PCR %q: %v", name, err)
		}
		digest, err := hex.DecodeString(text)
		if err != nil {
			fail(1, "PCR %d: %v", index, err)
		}
		pcrs = append(pcrs, attest.PCR{Index: index, Digest: digest, DigestAlg: hash})
	}
	sort.Slice(pcrs, func(i, j int) bool { return pcrs[i].Index < pcrs[j].Index })
	return pcrs
}

func main() {
	if len(os.Args) != 4 {
		fail(2, "FIRMWARE FRAGMENT PCRS are wanted")
	}
	var banks map[string]map[string]string
	if err := json.Unmarshal(read(os.Args[3]), &banks); err != nil {
		fail(1, "%s: %v", os.Args[3], err)
	}
	joined, err := attest.AppendEvents(read(os.Args[1]), read(os.Args[2]))
	if err != nil {
		fail(3, "AppendEvents: %v", err)
	}
	log, err := attest.ParseEventLog(joined)
	if err != nil {
		fail(3, "ParseEventLog: %v", err)
	}
	for _, h := range hashes {
		bank, ok := banks[h.name]
		if !ok {
			fail(1, "no values of the bank %s", h.name)
		}
		events, err := log.Verify(values(bank, h.hash))
		if err != nil {
			fail(3, "Verify, %s: %v", h.name, err)
		}
		words := 0
		for _, event := range events {
			if event.Type == 6 && (event.Index == 11 || event.Index == 13) {
				words++
			}
		}
		fmt.Printf("%s: %d PCRs, %d events, %d words\n", h.name, len(bank), len(events), words)
	}
}
