/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Did this boot prove what it had to? What the floor let pass is said, and is no failure.
 */
#include <stdio.h>

#include "verinit/crypto.h"
#include "verinit/evidence.h"

#include "boot_report.h"

enum { SCHEMA_KNOWN = 1 };

static const char *word_with(const struct boot_report *r, const char *prefix)
{
        struct json_object *words = boot_facts_find(r->evidence, "tpm.words");

        for (size_t i = 0; i < json_value_count(words); i++) {
                const char *word = json_value_as_text(json_value_get(json_value_at(words, i), "word"));

                if (word && strncmp(word, prefix, strlen(prefix)) == 0)
                        return word + strlen(prefix);
        }
        return NULL;
}

/* One word for each policy, in their order. */
static bool has_its_ipe_words(const struct boot_report *r)
{
        static const char prefix[] = "verinit.ipe=sha256-";
        struct json_object *policies = boot_facts_find(r->evidence, "ipe.policies"), *words = boot_facts_find(r->evidence, "tpm.words");
        size_t n = 0;

        for (size_t i = 0; i < json_value_count(words); i++) {
                const char *word = json_value_as_text(json_value_get(json_value_at(words, i), "word")), *digest;

                if (!word || strncmp(word, prefix, sizeof(prefix) - 1) != 0)
                        continue;
                if (n >= json_value_count(policies))
                        return false;
                digest = json_value_as_text(json_value_get(json_value_at(policies, n++), "sha256"));
                if (!digest || !str_equal(digest, word + sizeof(prefix) - 1))
                        return false;
        }
        return n == json_value_count(policies);
}

/* PID 1 extends all of its words or none. */
static void look_for_words(struct boot_report *r)
{
        if (!str_equal(boot_value_text(r, "tpm.state"), "measured") || r->verdict == BOOT_FAILED)
                return;
        if (*boot_value_text(r, "dm.table") && !word_with(r, "verinit.usr-verity="))
                boot_report_note(r, "something was measured, and /usr was not");
        if (str_equal(boot_value_text(r, "ipe.state"), "enforcing") && !word_with(r, "verinit.ipe="))
                boot_report_note(r, "something was measured, and the IPE policy was not");
        if (!has_its_ipe_words(r))
                boot_report_note(r, "the words in PCR 13 have other IPE policies than ipe.policies");
        if (str_equal(boot_value_text(r, "selinux.state"), "enforcing") && !word_with(r, "verinit.selinux="))
                boot_report_note(r, "something was measured, and the policy was not");
        if (*boot_value_text(r, "root.kind") && !word_with(r, "verinit.root="))
                boot_report_note(r, "something was measured, and the kind of root was not");
}

/*
 * A file that says two things says nothing: somebody has had a hand in it. True: it does. What it does not say at all is
 * boot_values_say_all()'s.
 */
static bool contradicts_itself(struct boot_report *r)
{
        const char *hash = boot_value_text(r, "root_hash"), *table = boot_value_text(r, "dm.table");
        const char *policy = boot_value_text(r, "selinux.policy_sha256"), *kind = boot_value_text(r, "root.kind"), *word;
        size_t n = r->n_notes;

        word = word_with(r, "verinit.usr-verity=");
        if (word && *hash && (!strchr(word, '-') || !str_equal(strchr(word, '-') + 1, hash)))
                boot_report_note(r, "the word in PCR 13 has another root hash than root_hash");
        if (*table && *hash && !strstr(table, hash))
                boot_report_note(r, "the live table has another root hash than root_hash");
        word = word_with(r, "verinit.selinux=sha256-");
        if (word && *policy && !str_equal(word, policy))
                boot_report_note(r, "the word in PCR 13 has another policy than selinux.policy_sha256");
        word = word_with(r, "verinit.root=");
        if (word && *kind && !str_equal(word, kind))
                boot_report_note(r, "the word in PCR 13 has another root than root.kind");
        look_for_words(r);
        return r->n_notes > n;
}

static const struct boot_stage *stage_named(const struct boot_report *r, const char *name)
{
        for (size_t i = 0; i < r->n_stages; i++)
                if (str_equal(r->stages[i].name, name))
                        return &r->stages[i];
        return NULL;
}

/* Without these nothing was verified, whatever a floor says. */
static bool may_be_skipped(enum stage_id id)
{
        return id != STAGE_VERIFY && id != STAGE_ACTIVATE && id != STAGE_USR;
}

/* PID 1 runs a stage once. A second entry, or a failure of one that this version does not know, is no good boot's. */
static bool has_odd_stage(struct boot_report *r)
{
        for (size_t i = 0; i < r->n_stages; i++) {
                const struct boot_stage *s = &r->stages[i];

                if (stage_named(r, s->name) == s && !str_equal(s->verdict, "failed"))
                        continue;
                boot_report_note(r, stage_named(r, s->name) == s ? "stage %.32s failed" : "stage %.32s stands there twice", s->name);
                return true;
        }
        return false;
}

static enum boot_verdict judge_stages(struct boot_report *r)
{
        enum boot_verdict verdict = BOOT_VERIFIED;

        for (unsigned i = 0; i < _STAGE_MAX; i++) {
                const char *name = stage_name((enum stage_id) i);
                const struct boot_stage *s = stage_named(r, name);

                if (s && str_equal(s->verdict, "passed"))
                        continue;
                if (s && str_equal(s->verdict, "skipped") && may_be_skipped((enum stage_id) i))
                        continue;
                if (s && str_equal(s->verdict, "failed")) {
                        boot_report_note(r, "stage %s failed", name);
                        r->is_failed = true;
                        r->failure.stage = name;
                        return BOOT_FAILED;
                }
                if (s && str_equal(s->verdict, "skipped")) {
                        boot_report_note(r, "stage %s was skipped: /usr is not verified", name);
                        return BOOT_FAILED;
                }
                boot_report_note(r, s && *s->verdict ? "stage %s: %.32s" : "stage %s is not in the evidence", name,
                                 s ? s->verdict : "");
                verdict = BOOT_UNDECIDED;
        }
        return has_odd_stage(r) ? BOOT_FAILED : verdict;
}

static void set_headline(struct boot_report *r)
{
        if (r->verdict == BOOT_VERIFIED && r->n_relaxed == 0)
                r->headline = tool_strdup("verified boot, and nothing was relaxed");
        else if (r->verdict == BOOT_VERIFIED)
                r->headline = tool_format("verified boot; %zu thing%s %s relaxed", r->n_relaxed, r->n_relaxed > 1 ? "s" : "",
                                          r->n_relaxed > 1 ? "were" : "was");
        else if (r->is_failed && r->failure.code)
                r->headline = tool_format("FAILED in stage %.16s: %.64s", r->failure.stage ? r->failure.stage : "?", r->failure.code);
        else if (r->verdict == BOOT_FAILED)
                r->headline = tool_format("NOT VERIFIED: %s", r->notes[0]);
        else
                r->headline = tool_format("cannot be decided: %s", r->n_notes > 0 ? r->notes[0] : "the evidence says too little");
}

static const char *remedy_of(const char *code)
{
        for (unsigned i = 0; i < _FAIL_CODE_MAX; i++)
                if (str_equal(fail_code_name((enum fail_code) i), code))
                        return fail_code_remedy((enum fail_code) i);
        return NULL;
}

void boot_judge(struct boot_report *r)
{
        bool is_odd = r->n_notes > 0;
        uint64_t schema = 0;
        const char *remedy;

        r->verdict = judge_stages(r);
        if (is_odd && r->verdict == BOOT_VERIFIED)
                r->verdict = BOOT_UNDECIDED;
        if (!json_value_as_u64(json_value_get(r->evidence, "schema"), &schema) || schema != SCHEMA_KNOWN) {
                boot_report_note(r, "the form of the evidence is not the one that this command knows (%d)", SCHEMA_KNOWN);
                if (r->verdict == BOOT_VERIFIED)
                        r->verdict = BOOT_UNDECIDED;
        } else if (contradicts_itself(r) || r->is_refuted)
                r->verdict = BOOT_FAILED;
        else if (r->verdict != BOOT_FAILED && !boot_values_say_all(r))
                r->verdict = BOOT_UNDECIDED;
        boot_values_relaxed(r);
        remedy = remedy_of(boot_value_text(r, "previous_failure.code"));
        if (remedy)
                boot_report_fact(r, "Boot before", "remedy", tool_strdup(remedy));
        set_headline(r);
}

/* The value of PCR 13 that the words lead to, from zero. */
static int fold_words(const struct boot_report *r, unsigned pcr, enum digest_alg alg, struct digest *ret, struct trouble *t)
{
        struct json_object *words = boot_facts_find(r->evidence, "tpm.words");
        struct digest value = { .alg = alg }, word_digest;
        struct error err = {};

        for (size_t i = 0; i < json_value_count(words); i++) {
                struct json_object *entry = json_value_at(words, i);
                const char *word = json_value_as_text(json_value_get(entry, "word"));
                uint64_t index;

                if (!word || !json_value_as_u64(json_value_get(entry, "pcr"), &index) || index != pcr)
                        continue;
                const struct iovec text = { (void *) (uintptr_t) word, strlen(word) };
                const struct iovec both[] = { { value.bytes, digest_size(alg) }, { word_digest.bytes, digest_size(alg) } };

                if (crypto_digest(alg, &text, 1, &word_digest, &err) < 0 || crypto_digest(alg, both, 2, &value, &err) < 0)
                        return trouble_set(t, OUTCOME_TROUBLE, "%s", err.msg);
        }
        *ret = value;
        return 0;
}

/* Of the PCRs that PID 1 extends, 13 alone has nobody else's words. */
int boot_judge_words(struct boot_report *r, const struct log_values *values, struct trouble *t)
{
        static const unsigned shown[] = { 11, 13 };
        bool was_compared = false;

        for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
                for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++) {
                        const struct digest *now = &values->pcrs[shown[i]][alg].digest;
                        char hex[DIGEST_MAX_HEX];
                        struct digest expected;
                        struct fact *f;

                        if (now->alg == DIGEST_NONE)
                                continue;
                        digest_hex(now, hex);
                        f = boot_report_fact(r, "TPM now", "", tool_format("PCR %u  %s  %s", shown[i], digest_name(alg), hex));
                        f->is_code = true;
                        if (shown[i] != 13)
                                continue;
                        was_compared = true;
                        if (fold_words(r, 13, alg, &expected, t) < 0)
                                return -1;
                        f->tone = digest_equal(now, &expected) ? TONE_GOOD : TONE_BAD;
                        r->is_refuted = r->is_refuted || f->tone == TONE_BAD;
                        if (f->tone == TONE_BAD)
                                boot_report_note(r, "PCR 13 of bank %s is not what the words lead to", digest_name(alg));
                }
        if (!was_compared)
                boot_report_note(r, "the values have none of PCR 13: nothing was compared with the TPM");
        return 0;
}

/* The verdict line; what PID 1's tables say of a code is of this version. */
void boot_judge_console(struct boot_report *r)
{
        struct boot_failure *f = &r->failure;

        r->verdict = BOOT_FAILED;
        r->is_failed = true;
        f->stage = boot_value_text(r, "stage");
        f->class = boot_value_text(r, "class");
        f->code = boot_value_text(r, "code");
        f->message = boot_value_text(r, "message");
        f->action = boot_value_text(r, "action");
        f->remedy = remedy_of(f->code);
        f->has_time = r->console.has_verdict_time;
        f->at_us = r->console.verdict_us;
        f->poison = tool_format("verinit.poison=%.64s", f->code);
        boot_report_note(r, "the boot ended in stage %.16s", f->stage);
        set_headline(r);
}
