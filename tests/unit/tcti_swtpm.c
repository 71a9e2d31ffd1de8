/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tcti_swtpm.h"

#include <errno.h>
#include <poll.h>
#include <tss2/tss2_tcti.h>
#include <tss2/tss2_tpm2_types.h>

#include "verinit/tcti.h"

struct tcti_swtpm tcti_swtpm = { .fd = -1 };

static void answer(const uint8_t *bytes, size_t size)
{
        struct tcti_answer *a;

        if (tcti_swtpm.n_answers == TCTI_MAX_ANSWERS || size > sizeof(a->bytes))
                abort();
        a = &tcti_swtpm.answers[tcti_swtpm.n_answers++];
        if (size > 0)
                memcpy(a->bytes, bytes, size);
        a->size = size;
}

void tcti_answer_code(uint32_t code)
{
        const uint8_t bytes[] = { 0x80, 0x01, 0, 0, 0, 10, (uint8_t) (code >> 24), (uint8_t) (code >> 16),
                                  (uint8_t) (code >> 8), (uint8_t) code };

        answer(bytes, sizeof(bytes));
}

void tcti_answer_bytes(const uint8_t *bytes, size_t size)
{
        answer(bytes, size);
}

void tcti_answer_failure(void)
{
        answer(NULL, 0);
}

static bool has_answer(void)
{
        return tcti_swtpm.next_answer < tcti_swtpm.n_answers;
}

static TSS2_RC transmit(_unused_ TSS2_TCTI_CONTEXT *context, size_t size, const uint8_t *command)
{
        tcti_swtpm.n_commands++;
        tcti_swtpm.waited_ms = 0;
        tcti_swtpm.last_size = size < sizeof(tcti_swtpm.last_command) ? size : sizeof(tcti_swtpm.last_command);
        memcpy(tcti_swtpm.last_command, command, tcti_swtpm.last_size);
        if (tcti_swtpm.on_command)
                tcti_swtpm.on_command(command);
        if (has_answer() || (tcti_swtpm.is_silent && !tcti_swtpm.is_taking))
                return TSS2_RC_SUCCESS;
        tcti_swtpm.n_passed++;
        return write(tcti_swtpm.fd, command, size) == (ssize_t) size ? TSS2_RC_SUCCESS : TSS2_TCTI_RC_IO_ERROR;
}

/* ESYS asks for the size first (response NULL) or gives room for the largest; the latter is all that is needed here. */
static TSS2_RC receive(_unused_ TSS2_TCTI_CONTEXT *context, size_t *size, uint8_t *response, int32_t timeout_ms)
{
        struct pollfd p = { .fd = tcti_swtpm.fd, .events = POLLIN };
        uint8_t bytes[8192];
        size_t room;
        ssize_t n;

        if (!response) {
                *size = 4096;
                return TSS2_RC_SUCCESS;
        }
        if (tcti_swtpm.is_silent || tcti_swtpm.n_silent > 0) {
                tcti_swtpm.n_silent -= tcti_swtpm.n_silent > 0 ? 1 : 0;
                /* Read, or the next one to ask would get it. */
                if (tcti_swtpm.is_silent && tcti_swtpm.is_taking && tcti_swtpm.waited_ms == 0 &&
                    read(tcti_swtpm.fd, response, *size) <= 0)
                        abort();
                tcti_swtpm.waited_ms += timeout_ms;
                return TSS2_TCTI_RC_TRY_AGAIN;
        }
        if (has_answer()) {
                const struct tcti_answer *a = &tcti_swtpm.answers[tcti_swtpm.next_answer++];

                if (a->size == 0)
                        return TSS2_TCTI_RC_IO_ERROR;
                memcpy(response, a->bytes, a->size);
                *size = a->size;
                return TSS2_RC_SUCCESS;
        }
        (void) usleep(tcti_swtpm.delay_ms * 1000);
        if (poll(&p, 1, timeout_ms) == 0)
                return TSS2_TCTI_RC_TRY_AGAIN;
        /* Not at once to where it is wanted: what is taken away was never there. */
        n = read(tcti_swtpm.fd, bytes, sizeof(bytes));
        if (n <= 0)
                return TSS2_TCTI_RC_IO_ERROR;
        if (tcti_swtpm.is_breaking)
                return TSS2_TCTI_RC_IO_ERROR;
        room = *size;
        *size = (size_t) n;
        if (tcti_swtpm.alter)
                tcti_swtpm.alter(tcti_swtpm.last_command, bytes, size);
        memcpy(response, bytes, *size < room ? *size : room);
        return TSS2_RC_SUCCESS;
}

static void finalize(_unused_ TSS2_TCTI_CONTEXT *context)
{
        tcti_swtpm.n_ends++;
}

uint32_t tcti_init(void *storage, size_t *size, _unused_ const char *path)
{
        TSS2_TCTI_CONTEXT_COMMON_V1 *context = storage;

        if (!storage) {
                *size = sizeof(*context);
                return TSS2_RC_SUCCESS;
        }
        if (tcti_swtpm.is_refusing || tcti_swtpm.n_refuse > 0) {
                tcti_swtpm.n_refuse -= tcti_swtpm.n_refuse > 0 ? 1 : 0;
                return TSS2_TCTI_RC_IO_ERROR;
        }
        tcti_swtpm.n_inits++;
        *context = (TSS2_TCTI_CONTEXT_COMMON_V1) {
                .magic = 0x7665726974657374,
                .version = 1,
                .transmit = transmit,
                .receive = receive,
                .finalize = finalize,
        };
        return TSS2_RC_SUCCESS;
}
