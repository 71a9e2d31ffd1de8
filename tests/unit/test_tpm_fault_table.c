/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each fault of a TPM at each command of a boot: what becomes of the call, with which code and after how long; and whatever it
 * was, no word is in a PCR twice, none is without its record unless the log is marked, and the poison still gets through.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "swtpm.h"
#include "swtpm_key.h"
#include "verinit/crypto.h"
#include "verinit/fsat.h"
#include "verinit/measure.h"

#define LOG_FILE "run/log/systemd/tpm2-measure.log"

enum { CC_FLUSH = 0x165, CC_READ_PUBLIC = 0x173, CC_START_SESSION = 0x176, CC_GET_CAPABILITY = 0x17a, CC_PCR_READ = 0x17e,
       CC_PCR_EXTEND = 0x182 };

/* Of real time: the pauses between tries. What a silent TPM is given is counted, not spent. */
enum { CALL_MAX_MS = 6 * 1000, SILENCE_MAX_MS = 21 * 1000 };

static struct swtpm machine;
static struct measure measure;
static struct key_name key;
static unsigned n_extends; /* that reached the TPM */

/* The calls, in a boot's order. */
enum call { BANKS, SESSION, READ_SIGNED, END_SESSION, READ, EXTEND, _CALL_MAX };

static int make_call(enum call call, struct error *err)
{
        struct tpm_banks banks;
        struct digest d = {};

        switch (call) {
        case BANKS:
                return tpm_read_banks(machine.tpm, &banks, err);
        case SESSION:
                return tpm_session_begin(machine.tpm, key.bytes, key.size, err);
        case READ_SIGNED:
        case READ:
                return swtpm_read_pcr(machine.tpm, 11, DIGEST_SHA256, &d, err);
        case END_SESSION:
                tpm_session_end(machine.tpm);
                return 0;
        case EXTEND:
                return measure_extend(&measure, 11, "enter-initrd", err);
        case _CALL_MAX:
                break;
        }
        return -1;
}

static const struct command {
        const char *name;
        enum call call;
        uint32_t code;       /* of the TPM's command that the fault is at */
        enum fail_code fail; /* of the call */
} commands[] = {
        { "GetCapability (banks)", BANKS, CC_GET_CAPABILITY, FAIL_TPM_FAILED_CODE },
        { "GetCapability (keys)", SESSION, CC_GET_CAPABILITY, FAIL_TPM_FAILED_CODE },
        { "ReadPublic", SESSION, CC_READ_PUBLIC, FAIL_TPM_FAILED_CODE },
        { "StartAuthSession", SESSION, CC_START_SESSION, FAIL_TPM_FAILED_CODE },
        { "PCR_Read (session)", READ_SIGNED, CC_PCR_READ, FAIL_TPM_FAILED_CODE },
        { "FlushContext", END_SESSION, CC_FLUSH, FAIL_BUG_CODE },
        { "PCR_Read", READ, CC_PCR_READ, FAIL_TPM_FAILED_CODE },
        { "PCR_Extend", EXTEND, CC_PCR_EXTEND, FAIL_EXTEND_FAILED_CODE },
};

static const struct fault {
        const char *name;
        const char *outcome; /* of each command: . passes, F fails with its code, X is a forged answer */
        uint32_t answer; /* in place of the TPM's, which does not see the command */
        unsigned times;  /* that often; 0: from now on */
        void (*alter)(uint8_t *response, size_t *size);
        bool is_silent, is_taking, is_breaking;
        unsigned n_slow; /* waits in vain, and then the answer */
        unsigned n_asked; /* how often the command is sent; 0: at least once, and at most 64 times */
} *fault;

static void cut_header(_unused_ uint8_t *r, size_t *size)
{
        *size = 7;
}

static void cut_body(_unused_ uint8_t *r, size_t *size)
{
        *size -= 1;
}

static void cut_body_and_say_so(uint8_t *r, size_t *size)
{
        *size -= 1;
        r[5] = (uint8_t) (r[5] - 1);
        if (r[5] == 0xff)
                r[4]--;
}

static void empty(_unused_ uint8_t *r, size_t *size)
{
        *size = 0;
}

static void nothing_but_success(uint8_t *r, size_t *size)
{
        *size = 10;
        memcpy(r, "\x80\x01\0\0\0\x0a\0\0\0\0", 10);
}

static void say_huge(uint8_t *r, _unused_ size_t *size)
{
        memset(r + 2, 0xff, 4);
}

static void say_nothing(uint8_t *r, _unused_ size_t *size)
{
        memset(r + 2, 0, 4);
}

static void change_tag(uint8_t *r, _unused_ size_t *size)
{
        r[0] = 0x00;
        r[1] = 0xc4; /* of a TPM 1.2 */
}

static void trail(uint8_t *r, size_t *size)
{
        memset(r + *size, 0x5a, 3);
        *size += 3;
}

static void fill_buffer(uint8_t *r, size_t *size)
{
        memset(r + *size, 0x5a, 4096 - *size);
        *size = 4096;
        r[4] = 0x10;
        r[5] = 0x00;
}

static const struct fault faults[] = {
        /* "Not now, nothing was done." */
        { "RETRY, once", "........", .answer = 0x922, .times = 1 },
        { "TESTING, seven times", "........", .answer = 0x90a, .times = 7 },
        { "YIELDED, twice", "........", .answer = 0x908, .times = 2 },
        { "RETRY for ever", "FFFFF.FF", .answer = 0x922 },
        { "slow", "........", .n_slow = 4, .n_asked = 1 },
        /* A no is a no. */
        { "LOCKOUT", "FFFFF.FF", .answer = 0x921, .times = 1, .n_asked = 1 },
        { "FAILURE, once", "FFFFF.FF", .answer = 0x101, .times = 1, .n_asked = 1 },
        { "failure mode", "FFFFF.FF", .answer = 0x101, .n_asked = 1 },
        { "INITIALIZE", "FFFFF.FF", .answer = 0x100, .times = 1, .n_asked = 1 },
        { "MEMORY", "FFFFF.FF", .answer = 0x904, .times = 1, .n_asked = 1 },
        { "a code that nobody knows", "FFFFF.FF", .answer = 0xdead, .times = 1, .n_asked = 1 },
        /* It was done, and its answer says nothing. */
        { "no bytes", "FFFFF.FF", .alter = empty, .n_asked = 1 },
        { "half a header", "FFFFF.FF", .alter = cut_header, .n_asked = 1 },
        { "cut off", "FFFFF.FF", .alter = cut_body, .n_asked = 1 },
        /* The byte is 0xff then, which ends the list of banks anyway. Of the key's Name and of the session's nonce, what is read in it will show; of a PCR, the replay. */
        { "a byte less, and said so", ".F..F..F", .alter = cut_body_and_say_so, .n_asked = 1 },
        { "a size of 4 GiB", "FFFFF.FF", .alter = say_huge, .n_asked = 1 },
        { "a size of 0", "FFFFF.FF", .alter = say_nothing, .n_asked = 1 },
        { "longer than it says", "FFFFF.FF", .alter = trail, .n_asked = 1 },
        { "the tag of a TPM 1.2", "FFFFF.FF", .alter = change_tag, .n_asked = 1 },
        { "a connection lost", "FFFFF.FF", .is_breaking = true, .n_asked = 1 },
        { "no answer", "FFFFF.FF", .is_silent = true, .n_asked = 1 },
        { "no answer to what was done", "FFFFF.FF", .is_silent = true, .is_taking = true, .n_asked = 1 },
        { "success and nothing else", "FFFFX.FF", .alter = nothing_but_success, .n_asked = 1 },
        /* What stands behind an answer nobody looks at. */
        { "a full buffer", "........", .alter = fill_buffer, .n_asked = 1 },
};

static const struct command *command;
static unsigned n_seen; /* commands of that code since the fault began */
static bool is_on;

static uint32_t code_of(const uint8_t *bytes)
{
        return wire_get(bytes + 6, 4);
}

static void meet(const uint8_t *bytes)
{
        bool is_target = is_on && code_of(bytes) == command->code;

        n_seen += is_target ? 1 : 0;
        tcti_swtpm.is_silent = is_target && fault->is_silent;
        tcti_swtpm.is_taking = fault->is_taking;
        tcti_swtpm.is_breaking = is_target && fault->is_breaking;
        tcti_swtpm.n_silent = is_target ? fault->n_slow : 0;
        if (is_target && fault->answer != 0 && (fault->times == 0 || n_seen <= fault->times)) {
                tcti_swtpm.n_answers = tcti_swtpm.next_answer = 0;
                tcti_answer_code(fault->answer);
        } else if (code_of(bytes) == CC_PCR_EXTEND && !(tcti_swtpm.is_silent && !fault->is_taking)) {
                n_extends++;
        }
}

static void spoil(const uint8_t *bytes, uint8_t *response, size_t *size)
{
        if (is_on && fault->alter && code_of(bytes) == command->code)
                fault->alter(response, size);
}

static uint64_t now_ms(void)
{
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}

static bool is_marked(void)
{
        struct stat st;

        return fstatat(machine.dir.fd, LOG_FILE, &st, 0) == 0 && (st.st_mode & S_ISVTX) != 0;
}

static unsigned n_records(void)
{
        char text[4096];
        unsigned n = 0;

        if (fsat_read(machine.dir.fd, LOG_FILE, text, sizeof(text)) < 0)
                return 0;
        for (const char *p = text; *p; p++)
                n += *p == '\n' ? 1 : 0;
        return n;
}

static struct digest pcr11(void)
{
        struct digest d = {};
        struct error err = {};

        tpm_session_end(machine.tpm); /* it may have broken */
        if (swtpm_read_pcr(machine.tpm, 11, DIGEST_SHA256, &d, &err) < 0)
                fail_msg("%s", err.msg);
        return d;
}

static unsigned n_problems; /* all of a command's are told, not the first alone */

#define SAY(...)                                                             \
        do {                                                                 \
                n_problems++;                                                \
                print_error("%s at %s: ", fault->name, command->name);       \
                print_error(__VA_ARGS__);                                    \
                print_error("\n");                                           \
        } while (0)

static void judge(int r, const struct error *err)
{
        char outcome = fault->outcome[command - commands];
        enum fail_code code = outcome == 'X' ? FAIL_TPM_ANSWER_FORGED_CODE : command->fail;
        bool is_failure = outcome != '.';

        if ((r < 0) != is_failure)
                SAY("%s: %s", is_failure ? "no failure" : "a failure", err->msg);
        if (is_failure && err->code != code)
                SAY("%s, not %s: %s", fail_code_name(err->code), fail_code_name(code), err->msg);
        if (is_failure && !strstr(err->msg, "/dev/test"))
                SAY("which TPM: %s", err->msg);
        if (fault->n_asked > 0 ? n_seen != fault->n_asked : n_seen == 0 || n_seen > 64)
                SAY("asked %u times", n_seen);
}

/* The word: once at most, and the log knows of it or says that it does not. */
static void judge_log(int r)
{
        if (n_extends > 1)
                SAY("extended %u times", n_extends);
        if (r == 0 && (n_extends != 1 || n_records() != 1 || is_marked()))
                SAY("%u extends, %u records, %smarked", n_extends, n_records(), is_marked() ? "" : "not ");
        if (r < 0 && (n_records() != 0 || !is_marked()))
                SAY("%u records, %smarked, after a failure", n_records(), is_marked() ? "" : "not ");
}

/* A TPM that has come to itself takes it. */
static void judge_poison(void)
{
        struct digest before = pcr11(), after;

        measure_poison(&measure, "extend-failed");
        after = pcr11();
        if (digest_equal(&before, &after))
                SAY("no poison");
}

static void meet_fault(void)
{
        struct error err = {};
        uint64_t start;
        int r;

        n_seen = n_extends = 0;
        for (enum call c = 0; c < command->call; c++)
                if (make_call(c, &err) < 0)
                        SAY("before it: %s", err.msg);
        start = now_ms();
        is_on = true;
        r = make_call(command->call, &err);
        is_on = false;
        if (now_ms() - start > CALL_MAX_MS || tcti_swtpm.waited_ms > SILENCE_MAX_MS)
                SAY("%u ms, and %d in vain", (unsigned) (now_ms() - start), tcti_swtpm.waited_ms);
        tcti_swtpm.is_silent = tcti_swtpm.is_breaking = false;
        tcti_swtpm.n_answers = tcti_swtpm.next_answer = 0;
        judge(r, &err);
        if (command->call == EXTEND)
                judge_log(r);
        judge_poison();
}

static void begin(void)
{
        struct error err = {};

        assert_int_equal(swtpm_start(&machine), 0);
        key = swtpm_keep_key(SWTPM_ENDORSEMENT, 0x81010001, /* is_rsa= */ false);
        tcti_swtpm.on_command = meet;
        tcti_swtpm.alter = spoil;
        measure = (struct measure) { .tpm = machine.tpm, .root_fd = machine.dir.fd, .boot_id = "00000000000000000000000000000000" };
        assert_int_equal(tpm_read_banks(machine.tpm, &measure.banks, &err), 0);
}

static void test_each_fault_at_each_command(void **state)
{
        command = *state;
        n_problems = 0;
        for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
                fault = &faults[i];
                begin();
                meet_fault();
                assert_int_equal(swtpm_stop(&machine), 0);
        }
        assert_int_equal(n_problems, 0);
}

int main(void)
{
        struct CMUnitTest tests[ARRAY_SIZE(commands)];

        for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
                tests[i] = (struct CMUnitTest) { .name = commands[i].name, .test_func = test_each_fault_at_each_command,
                                                 .initial_state = (void *) (uintptr_t) &commands[i] };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
