/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "verinit/measure.h"
#include "verinit/pe.h"

#include "pcr_policy.h"
#include "selftest.h"

int selftest_take_alg(const char **input, enum digest_alg *ret, struct trouble *t)
{
        const char *end = strchr(*input, ' ');
        _cleanup_free_ char *name = end ? tool_format("%.*s", (int) (end - *input), *input) : tool_strdup(*input);

        *ret = digest_from_name(name);
        if (*ret == DIGEST_NONE)
                return trouble_set(t, OUTCOME_TROUBLE, "no such digest: %s", name);
        *input = end ? end + 1 : *input + strlen(*input);
        return 0;
}

int selftest_take_bytes(const char *hex, struct buffer *ret, struct trouble *t)
{
        size_t size = strlen(hex) / 2;
        uint8_t *bytes = tool_alloc(size + 1, 1);

        if (size == 0 || hex_decode(hex, bytes, size) != (ssize_t) size) {
                free(bytes);
                return trouble_set(t, OUTCOME_TROUBLE, "no hexadecimal number: %.16s…", hex);
        }
        *ret = (struct buffer) { .data = bytes, .size = size, .allocated = size + 1 };
        return 0;
}

char *selftest_format(const struct digest *d)
{
        char hex[DIGEST_MAX_HEX];

        digest_hex(d, hex);
        return tool_strdup(hex);
}

int selftest_file(const struct buffer *content, struct trouble *t)
{
        int fd = memfd_create("selftest", MFD_CLOEXEC);

        if (fd >= 0 && write(fd, content->data, content->size) == (ssize_t) content->size)
                return fd;
        trouble_set_errno(t, errno, "cannot write a file in memory");
        if (fd >= 0)
                (void) close(fd);
        return -1;
}

static char *hash(enum digest_alg alg, const struct iovec *parts, size_t n_parts, struct trouble *t)
{
        struct digest d = {};

        return predict_hash(alg, parts, n_parts, &d, t) < 0 ? NULL : selftest_format(&d);
}

static struct iovec part_of(const char *text, size_t size)
{
        return (struct iovec) { (void *) (uintptr_t) text, size };
}

/* "ALG TEXT". In two parts, as most callers have more than one. */
char *selftest_digest(const char *input, struct trouble *t)
{
        enum digest_alg alg;
        size_t size;

        if (selftest_take_alg(&input, &alg, t) < 0)
                return NULL;
        size = strlen(input);

        const struct iovec parts[] = { part_of(input, size / 2), part_of(input + size / 2, size - size / 2) };
        return hash(alg, parts, ARRAY_SIZE(parts), t);
}

/* "ALG HEX", of the file. */
char *selftest_authenticode(const char *input, struct trouble *t)
{
        _cleanup_buffer_ struct buffer file = {};
        struct iovec parts[PE_MAX_HASHED];
        enum digest_alg alg;
        size_t n = 0;
        struct pe pe;

        if (selftest_take_alg(&input, &alg, t) < 0 || selftest_take_bytes(input, &file, t) < 0)
                return NULL;
        if (pe_open(file.data, file.size, &pe) < 0 || pe_hashed_parts(&pe, parts, &n) < 0) {
                trouble_set(t, OUTCOME_TROUBLE, "no PE file");
                return NULL;
        }
        return hash(alg, parts, n, t);
}

/* JSON, with blanks. */
char *selftest_json(const char *input, struct trouble *t)
{
        _cleanup_json_ struct json_object *value = json_value_parse(input, strlen(input));
        _cleanup_buffer_ struct buffer text = {};

        if (!value) {
                trouble_set(t, OUTCOME_TROUBLE, "no JSON");
                return NULL;
        }
        if (json_value_build(value, false, &text, t) < 0)
                return NULL;
        /* Less the newline. */
        return tool_format("%.*s", (int) text.size - 1, (const char *) text.data);
}

/* "WORD DIGEST", as docs/MEASUREMENTS.md has it. */
char *selftest_word(const char *input, struct trouble *t)
{
        const struct iovec part = part_of(input, strlen(input));
        _cleanup_free_ char *hex = NULL;

        if (!measure_word_is_valid(input)) {
                trouble_set(t, OUTCOME_TROUBLE, "no word of a measurement: %s", input);
                return NULL;
        }
        hex = hash(DIGEST_SHA256, &part, 1, t);
        return hex ? tool_format("%s %s", input, hex) : NULL;
}

static int take_sha256(const char *hex, struct digest *ret, struct trouble *t)
{
        *ret = (struct digest) { .alg = DIGEST_SHA256 };
        if (hex_decode(hex, ret->bytes, digest_size(ret->alg)) != (ssize_t) digest_size(ret->alg))
                return trouble_set(t, OUTCOME_TROUBLE, "no SHA-256: %s", hex);
        return 0;
}

static char *word_of_digest(const char *input, void (*write_word)(const struct digest *, char *), struct trouble *t)
{
        char word[MEASURE_WORD_MAX + 1];
        struct digest d;

        if (take_sha256(input, &d, t) < 0)
                return NULL;
        write_word(&d, word);
        return selftest_word(word, t);
}

/* A root hash. */
char *selftest_word_volume(const char *input, struct trouble *t)
{
        return word_of_digest(input, measure_word_volume, t);
}

/* SHA-256 of a signed IPE policy. */
char *selftest_word_ipe(const char *input, struct trouble *t)
{
        return word_of_digest(input, measure_word_ipe, t);
}

/* SHA-256 of a policy. */
char *selftest_word_policy(const char *input, struct trouble *t)
{
        return word_of_digest(input, measure_word_policy, t);
}

/* The kind of the root. */
char *selftest_word_root(const char *input, struct trouble *t)
{
        char word[MEASURE_WORD_MAX + 1];

        measure_word_root(input, word);
        return selftest_word(word, t);
}

static int add_words(struct prediction *p, const char *input, struct trouble *t)
{
        char word[MEASURE_WORD_MAX + 1], volume[65], policy[65], root[16];
        struct digest d;

        if (sscanf(input, "%64s %64s %15s", volume, policy, root) != 3)
                return trouble_set(t, OUTCOME_TROUBLE, "not three words: %s", input);
        if (take_sha256(volume, &d, t) < 0)
                return -1;
        measure_word_volume(&d, word);
        if (predict_add_word(p, MEASURE_PCR_WORDS, word, t) < 0 || take_sha256(policy, &d, t) < 0)
                return -1;
        measure_word_policy(&d, word);
        if (predict_add_word(p, MEASURE_PCR_WORDS, word, t) < 0)
                return -1;
        measure_word_root(root, word);
        return predict_add_word(p, MEASURE_PCR_WORDS, word, t);
}

/* "BANK ROOT-HASH POLICY ROOT". */
char *selftest_pcr13(const char *input, struct trouble *t)
{
        struct predict_input in = { .pcrs[MEASURE_PCR_WORDS] = true };
        struct prediction p = { .in = &in };
        struct digest value = {};
        enum digest_alg alg;
        char *found = NULL;

        if (selftest_take_alg(&input, &alg, t) < 0)
                return NULL;
        in.banks[alg] = true;
        if (add_words(&p, input, t) == 0 && predict_value(&p, alg, MEASURE_PCR_WORDS, true, NULL, &value, t) == 0)
                found = selftest_format(&value);
        predict_done(&p);
        return found;
}

/* "BANK 11" or "BANK 11,13": of a PCR 11 with the words of one phase, and a PCR 13 with one word. */
char *selftest_policy_pcr(const char *input, struct trouble *t)
{
        struct predict_input in = { .n_phases = 1, .phases = { "enter-initrd:leave-initrd" } };
        struct prediction p = { .in = &in };
        _cleanup_pcr_policies_ struct pcr_policies policies = {};
        char hex[2 * PCR_POLICY_DIGEST_BYTES + 1];
        enum digest_alg alg;
        uint32_t pcrs;
        int r;

        if (selftest_take_alg(&input, &alg, t) < 0)
                return NULL;
        in.banks[alg] = in.pcrs[MEASURE_PCR_PHASE] = in.pcrs[MEASURE_PCR_WORDS] = true;
        pcrs = 1u << MEASURE_PCR_PHASE | (str_equal(input, "11,13") ? 1u << MEASURE_PCR_WORDS : 0);
        r = predict_add_word(&p, MEASURE_PCR_WORDS, "verinit.root=tmpfs", t);
        if (r == 0)
                r = pcr_policies_predict(&p, pcrs, &policies, t);
        predict_done(&p);
        if (r < 0)
                return NULL;
        pcr_policy_hex(&policies.list[0], hex);
        return tool_strdup(hex);
}
