/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between ESYS and the device: ESYS waits without end, and takes an answer's length from the answer. A TPM that hangs shall
 * end the boot by our own hand, with evidence and poison: somebody who waits with us (tpm_on_wait()) is called again and again
 * meanwhile, and feeds the watchdog. So the waits have an end in all, too: a TPM that takes long for each command must not be
 * fed for ever. An answer that is cut off shall not be read on into what the buffer held before.
 */
#include "tpm_esys.h"

enum { ANSWER_HEADER = 10 };

/* A third of the shortest watchdog. */
enum { SLICE_MS = 3 * 1000 };

/* Of all commands together: that long nothing was heard. Slow hardware stays far below a slice with each. */
enum { SILENCE_MAX_MS = 60 * 1000 };

static struct tcti_bounded *bounded_of(TSS2_TCTI_CONTEXT *context)
{
        return (struct tcti_bounded *) (void *) context;
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *context, size_t size, const uint8_t *command)
{
        return Tss2_Tcti_Transmit(bounded_of(context)->below, size, command);
}

static uint32_t number_at(const uint8_t *bytes)
{
        return (uint32_t) bytes[0] << 24 | (uint32_t) bytes[1] << 16 | (uint32_t) bytes[2] << 8 | bytes[3];
}

static uint32_t answer_code(const uint8_t *answer)
{
        return number_at(answer + 6);
}

static bool is_whole(const uint8_t *answer, size_t size, size_t room)
{
        return size >= ANSWER_HEADER && size <= room && number_at(answer + 2) == size;
}

/* At least a slice: a TPM that used all of it up may still take the poison. */
static int32_t longest_wait_ms(const struct tcti_bounded *b)
{
        int32_t left = SILENCE_MAX_MS - b->waiting->silence_ms;

        left = left < SLICE_MS ? SLICE_MS : left;
        return left < b->answer_ms ? left : b->answer_ms;
}

static TSS2_RC wait_for_answer(struct tcti_bounded *b, size_t *size, uint8_t *answer, int32_t timeout_ms)
{
        const size_t room = *size;
        TSS2_RC rc;

        b->waited_ms = 0;
        for (;;) {
                int32_t left = timeout_ms - b->waited_ms, slice = left < SLICE_MS ? left : SLICE_MS;

                if (b->waiting->call)
                        b->waiting->call(b->waiting->userdata);
                *size = room;
                rc = Tss2_Tcti_Receive(b->below, size, answer, slice);
                if (rc != TSS2_TCTI_RC_TRY_AGAIN)
                        return rc;
                b->waited_ms += slice;
                b->waiting->silence_ms += slice;
                if (b->waited_ms >= timeout_ms)
                        return rc;
        }
}

static TSS2_RC receive(TSS2_TCTI_CONTEXT *context, size_t *size, uint8_t *answer, int32_t timeout_ms)
{
        struct tcti_bounded *b = bounded_of(context);
        int32_t longest_ms = longest_wait_ms(b);
        bool is_ours = timeout_ms < 0 || timeout_ms > longest_ms;
        const size_t room = *size;
        TSS2_RC rc = wait_for_answer(b, size, answer, is_ours ? longest_ms : timeout_ms);

        if (rc == TSS2_TCTI_RC_TRY_AGAIN && is_ours) {
                b->has_hung = true;
                return TSS2_TCTI_RC_IO_ERROR;
        }
        if (rc == TSS2_RC_SUCCESS && answer && !is_whole(answer, *size, room))
                return TSS2_TCTI_RC_MALFORMED_RESPONSE;
        /*
         * SYS knows how long its buffer is, not how long the answer: what it reads behind the end shall make no sense. Behind
         * a refusal still stands the command, which ESYS sends again if the TPM was busy.
         */
        if (rc == TSS2_RC_SUCCESS && answer && answer_code(answer) == TSS2_RC_SUCCESS)
                memset(answer + *size, 0xff, room - *size);
        return rc;
}

/* The kernel's close() waits for the command that is under way: where that hangs the descriptor is left behind. */
static void finalize(TSS2_TCTI_CONTEXT *context)
{
        struct tcti_bounded *b = bounded_of(context);

        if (!b->has_hung)
                Tss2_Tcti_Finalize(b->below);
        b->below = NULL;
}

TSS2_TCTI_CONTEXT *tcti_bounded_init(struct tcti_bounded *b, TSS2_TCTI_CONTEXT *below, int32_t answer_ms,
                                     struct tcti_waiting *waiting)
{
        *b = (struct tcti_bounded) {
                .common = {
                        .magic = 0x766572696e697400, /* "verinit" */
                        .version = 1,
                        .transmit = transmit,
                        .receive = receive,
                        .finalize = finalize,
                },
                .below = below,
                .answer_ms = answer_ms,
                .waiting = waiting,
        };
        return (TSS2_TCTI_CONTEXT *) (void *) b;
}
