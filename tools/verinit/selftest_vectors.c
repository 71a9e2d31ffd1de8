/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What others have computed; who, is said of each. The bytes are text, so that they can be read and given to those again.
 */
#include "selftest.h"

#define MESSAGE_448                                                                                             \
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
#define MESSAGE_896                                                                                             \
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnop"  \
        "qrstnopqrstu"

#define ROOT_HASH "59c49d838cda399339fa6a59c979dc2d2eb4556a7b1907fba685c627fd565c4b"
#define IPE_POLICY "ced0cf411b7d07780c59007e1e104aacb98feec8b6c3e0a13da1a2cd93bfe157"
#define POLICY "1c153f1166e27127fb8f04254cfdec49c6df0a31f9d68704ff8d0dd5dbf7ac2f"

/* PE32+, x86-64, one section, a checksum, no signature. */
#define PE                                                                                                      \
        "4d5a000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"  \
        "00000000000000000000400000005045000064860100000000000000000000000000980022000b020e001000000000000000"  \
        "0000000000100000001000000000010000000000001000000800000000000000010000000000000000000000002000001801"  \
        "0000785634120a00000000000000000000000000000000000000000000000000000000000000000000000000000005000000"  \
        "000000000000000000000000000000000000000000000000000000000000000000000000000000002e746578740000001000"  \
        "000000100000100000001801000000000000000000000000000020000060766572696e69742073656c6674657374"

/* SHA-1 and SHA-256; StartupLocality 3, EV_SEPARATOR of PCR 0 with the value 1, two EV_IPL of PCR 11. */
#define EVENT_LOG                                                                                               \
        "000000000300000000000000000000000000000000000000000000002500000053706563204944204576656e743033000000"  \
        "00000002000202000000040014000b0020000000000000030000000200000004000000000000000000000000000000000000"  \
        "0000000b00000000000000000000000000000000000000000000000000000000000000000011000000537461727475704c6f"  \
        "63616c697479000300000000080000000200000004003c585604e87f855973731fea83e21fab9392d2fc0b0067abdd721024"  \
        "f0ff4e0b3f4c2fc13bc5bad42d0b7851d456d88d203d15aaa45004000000010000000b0000000d0000000200000004009386"  \
        "0b993799b71f0d0c34541e251ea0d6fc286c0b003fb9e4e3cc810d4326b5c13cef18aee1f9df8c5f4f7f5b96665724fa3b84"  \
        "6e080e0000002e006f007300720065006c0000000b0000000d000000020000000400318f4a7bef0fede39eaf2d9e164e8b84"  \
        "afb5d4220b000c3640f695fe2e0d11f11ab2bc4146ce908ef10cc6b0d2595c3865b54cae94260e0000002e006f0073007200"  \
        "65006c000000"

const struct selftest selftests[] = {
        /* The examples of FIPS 180-4: one block, and two. */
        { "digest sha1 abc", selftest_digest,
          "sha1 abc",
          "a9993e364706816aba3e25717850c26c9cd0d89d" },
        { "digest sha1 two blocks", selftest_digest,
          "sha1 " MESSAGE_448,
          "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
        { "digest sha256 abc", selftest_digest,
          "sha256 abc",
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "digest sha256 two blocks", selftest_digest,
          "sha256 " MESSAGE_448,
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
        { "digest sha384 abc", selftest_digest,
          "sha384 abc",
          "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
        { "digest sha384 two blocks", selftest_digest,
          "sha384 " MESSAGE_896,
          "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039" },
        { "digest sha512 abc", selftest_digest,
          "sha512 abc",
          "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d"
          "4423643ce80e2a9ac94fa54ca49f" },
        { "digest sha512 two blocks", selftest_digest,
          "sha512 " MESSAGE_896,
          "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d3"
          "29eeb6dd26545e96e55b874be909" },
        /* docs/MEASUREMENTS.md, test vectors: of a boot, its TPM's values. */
        { "word enter-initrd", selftest_word,
          "enter-initrd",
          "enter-initrd 51e6b92f405d1f98d96e3de343d61d420ad6923b25de21d766f9298192f14fed" },
        { "word os-separator", selftest_word,
          "os-separator",
          "os-separator ff5b9d73dad709633ae76adf444012b57e913a12ed7403c3931145862f35f841" },
        { "word leave-initrd", selftest_word,
          "leave-initrd",
          "leave-initrd 3be261aff7db92bf507eae947f4003ffa2bcad0bffe3524601d62d0bc8be7135" },
        { "word verinit.usr-verity", selftest_word_volume,
          ROOT_HASH,
          "verinit.usr-verity=sha256-59c49d838cda399339fa6a59c979dc2d2eb4556a7b1907fba685c627fd565c4b af5290c10"
          "7a69aeb15af323d0ec6cfc55db0c3862243ec0073c38a8b79e7c1ae" },
        { "word verinit.ipe", selftest_word_ipe,
          IPE_POLICY,
          "verinit.ipe=sha256-" IPE_POLICY " d340d8ddecb474ce232b584352d623d6522c0b564118c6d0f3cc9f619141c99c" },
        { "word verinit.selinux", selftest_word_policy,
          POLICY,
          "verinit.selinux=sha256-1c153f1166e27127fb8f04254cfdec49c6df0a31f9d68704ff8d0dd5dbf7ac2f 35715304f445"
          "029e4b2c8c121c47288cf3524216d7fa51a1f053fdb75cd8f2dc" },
        { "word verinit.root=tmpfs", selftest_word_root,
          "tmpfs",
          "verinit.root=tmpfs cda5106ba4eb115646a4276269d3c81e4257d4487401b04f6ebf66759fce0b3c" },
        { "word verinit.root=unverified", selftest_word_root,
          "unverified",
          "verinit.root=unverified c5536a6196e3d3c9cce84320d7b3ad852ea162efb430abc2b4fc1c8dcbda6ba0" },
        { "word verinit.poison=root-hash-mismatch", selftest_word,
          "verinit.poison=root-hash-mismatch",
          "verinit.poison=root-hash-mismatch 47403ce1639b8885ddaa917f4d9e1c3bcfbc5eab7255d62937a40eddedf7a533" },
        { "pcr13 sha1", selftest_pcr13,
          "sha1 " ROOT_HASH " " POLICY " tmpfs",
          "5b137f9ea3f21a7ff6b98099a974803bdbfdf3cb" },
        { "pcr13 sha256", selftest_pcr13,
          "sha256 " ROOT_HASH " " POLICY " tmpfs",
          "2bf625776f055208cb59d1e3081113f04a9e1089538ceaf48378dbf97f70edff" },
        { "pcr13 sha384", selftest_pcr13,
          "sha384 " ROOT_HASH " " POLICY " tmpfs",
          "b2832eecfa818f438c27815356fc9cb11f18dbb2222f06d81505b3fdd49483766051af02603e8e9ca03134389722a03a" },
        { "pcr13 sha512", selftest_pcr13,
          "sha512 " ROOT_HASH " " POLICY " tmpfs",
          "ebb4da621c14c0b297fa68e4b0393fdff14a6e702211bbcde9edb360cb44d2e4681d258abaf3b2c5bc8d8cc29c56e380eefa"
          "110757cd82052fa43cb0d0b6d16a" },
        /* Signed with that digest and read by osslsigncode 2.9 ("Current message digest"). */
        { "authenticode sha1", selftest_authenticode,
          "sha1 " PE,
          "b61f19d1b4598c255d5df0fdbc2db728e9afbf18" },
        { "authenticode sha256", selftest_authenticode,
          "sha256 " PE,
          "aa59a77c11f52c9d683d83eda40bd2b06375642d3e209f3c6ef86a4872ed2ad8" },
        { "authenticode sha384", selftest_authenticode,
          "sha384 " PE,
          "7bd13812cbe247a93e961c156ff9f47ceeaad273cd7d4b4d47e2bbb8e8436c7b76f331f8e8fa644352f6cfc82e62afc8" },
        { "authenticode sha512", selftest_authenticode,
          "sha512 " PE,
          "dfad7a1cd4408987d9fa7ae80eae1d278fc6640924414ff6bc4db2d3285a4074531aba41cce00bbd9c7e9a67d88bfd0d539d"
          "c1f8ad8b00fe5cee902e781ba469" },
        /* Tree and root hash: veritysetup 2.6.1, format --salt 5a17… */
        { "verity sha256", selftest_verity,
          "sha256 c0405dc25d1ea31ccb8723953daaecf344f8c81b8ea3a15e3a7a2071458fcc5451a4dc8c25f35b55a3056fb4ec516"
          "af8c20286a3af7969cab6fd198d96d77d43",
          "3eed7d24f08ca6ec9ac4a5ecb41cae7f4b5024968861802a5f344df20648ffc4" },
        { "verity sha384", selftest_verity,
          "sha384 69463ef1ada3c7d4b49363b070c60acec079c349cf5264726cdb2d7e2353752c2ad0a3faf7a313aa8acb30f464d41"
          "2ad0000000000000000000000000000000069b5ed6097bc0f919bce9d33da247b4fe7bcfa6d15a79413c70133ccc228dd9d1"
          "9e5725b0e13381321bee243eaabfb08",
          "3dc2169d338e3a80e0a3dbc4499d61d225eeb8223bb58cca5aca2e38d384632d2cae4a54ff60ba1364e009e978be3f9d" },
        { "verity sha512", selftest_verity,
          "sha512 95035a7ab4e7360a81ccd782550bc704ebbd2b0bee3458cbc9120f1d1dd179a3abb5e855cfb4409ebf43d618bfcdd"
          "8231675f4c52bd4850eeb55133db7595e430cc95f98b6846b2d0f99689b10b9323cc8b3b45d6c0e5ee0e91501486c49583b8"
          "574d8104c3d49d22b548764ed83390c8dfbbfa0fa721ce5ba7799486b2d5acd",
          "9d87fc5dce46908b009ac654ad1da7abfff856bc1cbe5317829528075c59648003968692b52ce06549eaef36b1f8b6c062a4"
          "cc95a131e01c863ccc3757169b56" },
        /*
         * tpm2_eventlog 5.4; but PCR 0, in which it leaves out the locality that the log tells of, is SHA-256(0…03 || SHA-256(01000000)),
         * by Python's hashlib.
         */
        { "event-log sha1 pcr11", selftest_event_log,
          "sha1 11 " EVENT_LOG,
          "195bc6bff3e814457306620714627caee9f406d0" },
        { "event-log sha256 pcr11", selftest_event_log,
          "sha256 11 " EVENT_LOG,
          "e14925efe68bbdf8360e6c95d6568e0ab6320919d789f4d7457cd08b0339521d" },
        { "event-log sha256 pcr0", selftest_event_log,
          "sha256 0 " EVENT_LOG,
          "215790ba1a1e08b4ddd1817389b1c6fff45b629d0acc2f759b0c653aa1cee4e9" },
        /* A software TPM (swtpm) after tpm2_pcrextend; tpm2_createpolicy 5.4, --policy-pcr. */
        { "policy-pcr sha1 11", selftest_policy_pcr,
          "sha1 11",
          "63d47797a7b20bb881e9325373cf27c76093c510417be4b79ba8ebdb535a5f4d" },
        { "policy-pcr sha1 11,13", selftest_policy_pcr,
          "sha1 11,13",
          "d513334bae27b7c360b9c0737cc709a10732585922105409729b5bb7d8f007ed" },
        { "policy-pcr sha256 11", selftest_policy_pcr,
          "sha256 11",
          "7474e6080ddc5355c6087db4272c7d8a6871a7c83a54694369561253f08fd3f1" },
        { "policy-pcr sha256 11,13", selftest_policy_pcr,
          "sha256 11,13",
          "683d1864e337f8373f1e66f1d7999cc9da2862d87723e8fef588b421db14c395" },
        { "policy-pcr sha384 11", selftest_policy_pcr,
          "sha384 11",
          "4f6bd67fe2c3c764d1e447605e0c3ac3f8a6e98390a59b6a4e0644fc6e5389cc" },
        { "policy-pcr sha384 11,13", selftest_policy_pcr,
          "sha384 11,13",
          "dd82b39926cbe9fd1298d360af8c7405fce8f20a1e201eafca98a75bb4358aa3" },
        { "policy-pcr sha512 11", selftest_policy_pcr,
          "sha512 11",
          "fd455db77c46d4f0751c0bdedc33dda00e8f3465a342d9367ca8d3546b7b3c34" },
        { "policy-pcr sha512 11,13", selftest_policy_pcr,
          "sha512 11,13",
          "1e6d6ce3a08701175e82a2bb5e8af774de97f909bd96726cce595d453be990eb" },
        /* Python's json.dumps(), without blanks and with ensure_ascii=False: keys stay in their order, as predict_json.c counts on. */
        { "json", selftest_json,
          "{ \"b\" : [1, 2, null, true], \"a\" : {\"url\": \"file:///x/y\", \"text\": \"\\u00e9\\n\\\"q\\\"\"}, \"n\": 184467440737"
          "09551615 }",
          "{\"b\":[1,2,null,true],\"a\":{\"url\":\"file:///x/y\",\"text\":\"é\\n\\\"q\\\"\"},\"n\":18446744073709551615}" },
};

const size_t selftests_n = ARRAY_SIZE(selftests);
