/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Logs of real boots, with real digests, against what the TPM held then: OVMF 2022.11 with Secure Boot, swtpm, systemd-stub
 * 257, Debian's 6.12. The one UKI alone; beside it a signed add-on and a credential; beside it those and an SMBIOS string.
 */
#include <errno.h>
#include <stdio.h>

#include "unit.h"
#include "verinit/crypto.h"
#include "verinit/provenance.h"

#define BAKED "console=ttyS0 quiet panic=-1 usrhash=59c49d83 systemd.verity=1"
#define ADDON "acl.slot=a usrhash.extra=1234"
#define CORPUS "fuzz/corpus/tcg2_log/"

enum { BANKS = 4 };

struct boot_seen {
        const char *log;
        const char *read;
        const char *pcrs[PROVENANCE_PCRS][BANKS]; /* /sys/class/tpm/tpm0/pcr-<bank>/<pcr>, in the order of sha1 to sha512 */
};

static const struct boot_seen plain = {
        .log = CORPUS "good-ovmf",
        .read = BAKED,
        .pcrs = {
                {
                        "72aff47e93037434230a25bbeb9bdcb188f69da9",
                        "d95f4bec7486bf6d2a350277b413fcfe4722f6f74ce1f4f83c0429014bdce810",
                        "f75ee3d0e74458c633ac018835106964f7096eaf6b31e5614b6a231ff301719675a5a17403e096617ae665efc61234cd",
                        "9d7b2b2b94bc007abfaac474ba3230aa7bb3e5cc88c9688ca60622e71fce9f6df43ae995a9074eaadda871393fc664a4a520a03f005eafbec5a800ad4e0bb235",
                },
                {
                        "072a24c8449781f72a7fa1ad2b6be44009d717f0",
                        "27652757f9931c5a11233380848f5b7c29eec64f9d8b3e8598d7e2ccf613d57d",
                        "e189870ad97fd09f41598ca50587ace9dd6e78035840c6eb0d3198f5a799512f55970b326b2e6d89206c09bea5581403",
                        "9281ccf692297a5af23bf9f61cb766845d9e15aafa0776a546c9d728ca4a481dedd8391d82096f4abb19b0babafba8e7cb9f2dec1086a9b1804b4eb07a0b787b",
                },
                {
                        "0000000000000000000000000000000000000000",
                        "0000000000000000000000000000000000000000000000000000000000000000",
                        "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                        "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                },
        },
};

static const struct boot_seen with_addon = {
        .log = CORPUS "good-ovmf-addon",
        .read = BAKED " " ADDON,
        .pcrs = {
                {
                        "648433492137706e864aafc55488ef46090ddf00",
                        "f8dcc00e507054166406a122a4403ffe6e726036664d23935085ce193cad8d3f",
                        "3c4f359a0d97617391fb123be427b0bd54b95eff98f4fc1401f94629b103386cc217a18602e897a7df56429f8463ccf1",
                        "70bb9a708fdda7f93c93ab14d16311fff45e51087fb5cbc68d42875322cefa96c60e060d3509d4277fabe1229d891396985263194f25d80a89deb92959d2841c",
                },
                {
                        "072a24c8449781f72a7fa1ad2b6be44009d717f0",
                        "27652757f9931c5a11233380848f5b7c29eec64f9d8b3e8598d7e2ccf613d57d",
                        "e189870ad97fd09f41598ca50587ace9dd6e78035840c6eb0d3198f5a799512f55970b326b2e6d89206c09bea5581403",
                        "9281ccf692297a5af23bf9f61cb766845d9e15aafa0776a546c9d728ca4a481dedd8391d82096f4abb19b0babafba8e7cb9f2dec1086a9b1804b4eb07a0b787b",
                },
                {
                        "42718005243820b1bbe06628221703c595b356b0",
                        "4aba1e2f27472c5f79b9fd4c6ac44130902fb04a1300474e714e0f141783897b",
                        "5e872225e3272684c8f50bdec41aaeb1264a1c4aebc0b8a72db70ca72d8ef96f42290013873049bcb5c01c11e53e767f",
                        "7a82ccceadefc36ba377fd82ac0359e39e21e522ecc2090947665edf4387f5ed65488ba772043d24e469c3acc936435bc6768a20a8ce9305c13bc01db4d58aa8",
                },
        },
};

static const struct boot_seen with_smbios = {
        .log = CORPUS "good-ovmf-smbios",
        .read = BAKED " " ADDON " foo=bar",
        .pcrs = {
                {
                        "afd41fc47d6595d194dd60b50c344a04fd5b06f9",
                        "66cd6ddd2dbefaf7f907e92282b49ddd80ad9824933c716df55dc494274e527a",
                        "892bdbbf45b05b25800f4c5a9a2b60a063d7eaa3ef33b1965680854ac93be1d2361b1190c2d03b7e25b2045b70152dd5",
                        "45db1b0c0a8adaa28b36dcbc26753f44b9738b68917d2497c9acd313e9a3b95fc942b04eeff111e3d10ffcdc0112ee1dc54b80a2b4a44c77511629169e4a0794",
                },
                {
                        "072a24c8449781f72a7fa1ad2b6be44009d717f0",
                        "27652757f9931c5a11233380848f5b7c29eec64f9d8b3e8598d7e2ccf613d57d",
                        "e189870ad97fd09f41598ca50587ace9dd6e78035840c6eb0d3198f5a799512f55970b326b2e6d89206c09bea5581403",
                        "9281ccf692297a5af23bf9f61cb766845d9e15aafa0776a546c9d728ca4a481dedd8391d82096f4abb19b0babafba8e7cb9f2dec1086a9b1804b4eb07a0b787b",
                },
                {
                        "f4690d10142c44b70526f784a2360761c5f2c54c",
                        "234fb6a5a610fd8483e4f15b34abe9eb19bb2f323b32da24e7a63261032c35b4",
                        "53f97c240359d45929072ebf66a4ac09af387b286d1abad25922ed4533b606e192226eb0e6b7bbaaec281a8e1f4eafa4",
                        "c836dfd40932c759345e09846453b00c7ce5ed23b61156fb8ba6c5fa2a8480bedb3d387a61d889469226646f1cc41eaeca0a1da72c21d8242c0b703d98429a09",
                },
        },
};

static uint8_t log_bytes[1 << 16];
static struct floor test_floor;
static struct provenance_input in;

static void load(const struct boot_seen *seen)
{
        FILE *file = fopen(seen->log, "re");

        if (!file)
                fail_msg("%s cannot be opened", seen->log);
        floor_init(&test_floor);
        in = (struct provenance_input) {
                .log = log_bytes, .log_size = fread(log_bytes, 1, sizeof(log_bytes), file), .floor = &test_floor,
                .read = seen->read, .baked = BAKED, .is_smbios_read = true,
                .banks = { BANKS, { DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 } },
        };
        assert_int_equal(fclose(file), 0);
        for (size_t pcr = 0; pcr < PROVENANCE_PCRS; pcr++)
                for (size_t bank = 0; bank < BANKS; bank++) {
                        struct digest *d = &in.pcrs[pcr][bank];

                        d->alg = in.banks.algs[bank];
                        assert_int_equal(hex_decode(seen->pcrs[pcr][bank], d->bytes, sizeof(d->bytes)),
                                         digest_size(d->alg));
                }
}

static struct provenance assert_proved(void)
{
        struct provenance p = {};
        struct error err = {};

        if (provenance_prove(&in, &p, &err) < 0)
                fail_msg("%s: %s", fail_code_name(err.code), err.msg);
        assert_int_equal(p.verdict, PROVENANCE_PROVED);
        return p;
}

static void assert_disproved(enum fail_code code, const char *in_message)
{
        struct provenance p;
        struct error err = {};

        assert_true(provenance_prove(&in, &p, &err) < 0);
        if (err.code != code || !strstr(err.msg, in_message))
                fail_msg("'%s' is not in %s: '%s'", in_message, fail_code_name(err.code), err.msg);
}

/* addon= is the SHA-256 of the event's data: the text in UTF-16LE with its NUL. */
static void list(const char *text, const char *key)
{
        struct digest *d = &test_floor.addons[test_floor.n_addons++];
        uint8_t data[256] = {};
        const struct iovec part = { data, 2 * (strlen(text) + 1) };
        struct error err = {};

        for (size_t i = 0; text[i]; i++)
                data[2 * i] = (uint8_t) text[i];
        assert_int_equal(crypto_digest(DIGEST_SHA256, &part, 1, d, &err), 0);
        assert_true(str_copy(test_floor.addon_keys[test_floor.n_addon_keys++], FLOOR_WORD_MAX, key));
}

static void test_plain(_unused_ void **state)
{
        load(&plain);
        assert_int_equal(assert_proved().n_events, 14);
        in.baked = NULL;
        (void) assert_proved();
        in.baked = BAKED "0";
        assert_disproved(FAIL_CMDLINE_NOT_SIGNED_CODE, "PCR 11");
        in.baked = BAKED;
        in.read = BAKED " debug";
        assert_disproved(FAIL_CMDLINE_NOT_SIGNED_CODE, "'debug' was added");
}

static void test_every_bank_of_every_pcr(_unused_ void **state)
{
        for (size_t pcr = 0; pcr < PROVENANCE_PCRS; pcr++)
                for (size_t bank = 0; bank < BANKS; bank++) {
                        load(&plain);
                        in.pcrs[pcr][bank].bytes[0] ^= 0x80;
                        assert_disproved(FAIL_PCR_REPLAY_MISMATCH_CODE, digest_name(in.banks.algs[bank]));
                }
}

static void test_addon_and_credential(_unused_ void **state)
{
        load(&with_addon);
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "('" ADDON "'): these words were added");
        list(ADDON, "acl.slot");
        assert_disproved(FAIL_ADDON_KEY_REFUSED_CODE, "'usrhash.extra'");
        (void) str_copy(test_floor.addon_keys[test_floor.n_addon_keys++], FLOOR_WORD_MAX, "usrhash.extra");
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "('Credentials initrd'): credentials were loaded");
        test_floor.credentials = CREDENTIALS_ESP_ENCRYPTED;
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "('Credentials initrd'): these credentials are not in the initramfs");
        in.has_credentials = true;
        assert_int_equal(assert_proved().addons_size, strlen(" " ADDON));
}

/* The host's string: by its SMBIOS entry, and if it could hide that, by its event. */
static void test_smbios(_unused_ void **state)
{
        static const char *const extras[] = { "foo=bar" };

        load(&with_smbios);
        list(ADDON, "acl.slot");
        list("foo=bar", "usrhash.extra");
        in.smbios_extras = extras;
        in.n_smbios_extras = 1;
        assert_disproved(FAIL_SMBIOS_CMDLINE_CODE, "'foo=bar'");
        in.n_smbios_extras = 0;
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "('foo=bar'): the words of add-ons come in one event");
        test_floor.n_addons = 1;
        assert_disproved(FAIL_EVENT_UNEXPLAINED_CODE, "('foo=bar'): these words were added");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_plain),
                cmocka_unit_test(test_every_bank_of_every_pcr),
                cmocka_unit_test(test_addon_and_credential),
                cmocka_unit_test(test_smbios),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
