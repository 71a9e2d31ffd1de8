/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One word into one PCR, and its record into systemd's log, as systemd 257 does it (src/shared/tpm2-util.c
 * tpm2_extend_bytes()): lock, mark, extend, append, clear. The mark is the sticky bit.
 *
 * Whatever fails after the mark was set leaves it there, a failed extend too: after a broken transport nobody knows
 * whether the TPM took the command, so the log can no longer claim to be whole. Readers then distrust it, systemd
 * writes no more to it, and so do we.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "verinit/crypto.h"
#include "verinit/fsat.h"
#include "verinit/log.h"
#include "verinit/measure.h"
#include "verinit/os.h"

#define LOG_DIR "run/log/systemd"
#define LOG_FILE LOG_DIR "/tpm2-measure.log"

enum { RECORD_MAX = 4096 };

static int log_error_set(struct error *err, int r, const char *what)
{
        return error_set(err, FAIL_MEASURE_LOG_FAILED_CODE, -r, "/%s: %s: %s", LOG_FILE, what, errno_name(-r));
}

/* Sets the mode and lets it reach the file system before what follows. */
static int set_mode(int fd, mode_t mode)
{
        return fchmod(fd, mode) < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* Answers the descriptor, locked and marked. */
static int open_marked(int root_fd, struct error *err)
{
        _cleanup_fd_ int fd = -1;
        struct stat st;
        int r;

        r = fsat_mkdir_p(root_fd, LOG_DIR, 0755);
        if (r < 0)
                return log_error_set(err, r, "its directory cannot be made");
        fd = openat(root_fd, LOG_FILE, O_CREAT | O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
        if (fd < 0)
                return log_error_set(err, -errno, "cannot be opened");
        if (flock(fd, LOCK_EX) < 0)
                return log_error_set(err, -errno, "cannot be locked");
        if (fstat(fd, &st) < 0)
                return log_error_set(err, -errno, "cannot be looked at");
        if (!S_ISREG(st.st_mode))
                return log_error_set(err, -EBADF, "is not a regular file");
        if ((st.st_mode & S_ISVTX) != 0)
                return log_error_set(err, -ESTALE, "an earlier writer did not finish");
        r = set_mode(fd, 0600 | S_ISVTX);
        if (r < 0)
                return log_error_set(err, r, "cannot be marked");
        return fd_steal(&fd);
}

/* One write: a record is there whole or, where it was cut off, under the mark. */
static int append_and_clear(int root_fd, int fd, const char *record, size_t size, struct error *err)
{
        _cleanup_fd_ int dir_fd = -1;
        ssize_t n;
        int r;

        if (lseek(fd, 0, SEEK_END) < 0)
                return log_error_set(err, -errno, "cannot be appended to");
        n = write(fd, record, size);
        if (n < 0 || (size_t) n != size)
                return log_error_set(err, n < 0 ? -errno : -ENOSPC, "the record was not written");
        if (fsync(fd) < 0)
                return log_error_set(err, -errno, "cannot be synced");
        r = set_mode(fd, 0600);
        if (r < 0)
                return log_error_set(err, r, "its mark cannot be cleared");
        dir_fd = openat(root_fd, LOG_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir_fd < 0 || fsync(dir_fd) < 0)
                return log_error_set(err, -errno, "its directory cannot be synced");
        return 0;
}

static int digest_word(const struct tpm_banks *banks, const char *word, struct digest *ret, struct error *err)
{
        const struct iovec part = { .iov_base = (void *) (uintptr_t) word, .iov_len = strlen(word) };

        for (size_t i = 0; i < banks->n; i++) {
                int r = crypto_digest(banks->algs[i], &part, 1, &ret[i], err);

                if (r < 0)
                        return r;
        }
        return 0;
}

int measure_extend_as(struct measure *m, unsigned pcr, const char *word, const char *event_type, struct error *err)
{
        struct digest digests[TPM_MAX_BANKS];
        _cleanup_fd_ int fd = -1;
        char record[RECORD_MAX];
        ssize_t n;
        int r;

        if (!measure_word_is_valid(word) || !m->tpm || m->banks.n == 0)
                return error_set(err, FAIL_BUG_CODE, EINVAL, "PCR %u: the word '%s' cannot be measured", pcr, word);
        r = digest_word(&m->banks, word, digests, err);
        if (r < 0)
                return r;
        fd = open_marked(m->root_fd, err);
        if (fd < 0)
                return fd;

        r = tpm_extend(m->tpm, pcr, digests, m->banks.n, err);
        if (r < 0)
                return error_prefix(err, "word '%s'", word);
        log_debug("PCR %u extended with '%s' in %zu banks", pcr, word, m->banks.n);

        n = measure_record_format(pcr, digests, m->banks.n, word, event_type, m->boot_id, os_boottime_us(),
                                  record, sizeof(record));
        if (n < 0)
                return error_set(err, FAIL_BUG_CODE, (int) -n, "/%s: a record has no room", LOG_FILE);
        return append_and_clear(m->root_fd, fd, record, (size_t) n, err);
}

int measure_extend(struct measure *m, unsigned pcr, const char *word, struct error *err)
{
        return measure_extend_as(m, pcr, word, "phase", err);
}
