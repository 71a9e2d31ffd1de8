/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between ESYS and the device: ESYS waits without end, and takes an answer's length from the answer. A TPM that hangs shall
 * end the boot by our own hand, with evidence and poison: before the watchdog's, where that waits longer. An answer that is cut off shall not be
 * read on into what the buffer held before.
 */
#include "tpm_esys.h"

enum { ANSWER_HEADER = 10 };

static struct tcti_bounded *bounded_of(TSS2_TCTI_CONTEXT *context)
{
        return (struct tcti_bounded *) (void *) context;
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *context, size_t size, const uint8_t *command)
{
        return Tss2_Tcti_Transmit(bounded_of(context)->below, size, command);
}

static bool is_whole(const uint8_t *answer, size_t size)
{
        uint32_t said;

        if (size < ANSWER_HEADER)
                return false;
        said = (uint32_t) answer[2] << 24 | (uint32_t) answer[3] << 16 | (uint32_t) answer[4] << 8 | answer[5];
        return said == size;
}

static TSS2_RC receive(TSS2_TCTI_CONTEXT *context, size_t *size, uint8_t *answer, int32_t timeout_ms)
{
        struct tcti_bounded *b = bounded_of(context);
        bool is_ours = timeout_ms < 0 || timeout_ms > b->answer_ms;
        TSS2_RC rc = Tss2_Tcti_Receive(b->below, size, answer, is_ours ? b->answer_ms : timeout_ms);

        if (rc == TSS2_TCTI_RC_TRY_AGAIN && is_ours) {
                b->has_hung = true;
                return TSS2_TCTI_RC_IO_ERROR;
        }
        if (rc == TSS2_RC_SUCCESS && answer && !is_whole(answer, *size))
                return TSS2_TCTI_RC_MALFORMED_RESPONSE;
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

TSS2_TCTI_CONTEXT *tcti_bounded_init(struct tcti_bounded *b, TSS2_TCTI_CONTEXT *below, int32_t answer_ms)
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
        };
        return (TSS2_TCTI_CONTEXT *) (void *) b;
}
