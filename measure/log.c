/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One word into one PCR, and its record into systemd's log, as systemd 257 does it (src/shared/tpm2-util.c
 * tpm2_extend_bytes()): lock, mark, extend, append, clear. The mark is the sticky bit. Beyond systemd, what can fail is done
 * before the extend: the record is written down and room for it is taken, so that a full disk leaves TPM and log in step.
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
enum { LOCK_TRIES = 100, LOCK_PAUSE_US = 20 * 1000 };

/* Locked and marked. */
struct open_log {
        int fd;
        off_t end; /* of the last whole record */
};

static int log_error_set(struct error *err, int r, const char *what)
{
        return error_set(err, FAIL_MEASURE_LOG_FAILED_CODE, -r, "/%s: %s: %s", LOG_FILE, what, errno_name(-r));
}

/* Sets the mode and lets it reach the file system before what follows. */
static int set_mode(int fd, mode_t mode)
{
        return fchmod(fd, mode) < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* Nobody else is there to hold it; if somebody does, a boot that waits for ever is the one end we do not want. */
static int lock(int fd)
{
        for (unsigned i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
                if ((errno != EWOULDBLOCK && errno != EINTR) || i == LOCK_TRIES)
                        return -errno;
                os_sleep_us(LOCK_PAUSE_US);
        }
        return 0;
}

/* Behind half a record of somebody who set no mark ours would be lost with it: readers refuse the whole log. */
static int check_end(int fd, off_t end)
{
        char first, last;

        if (end == 0)
                return 0;
        if (pread(fd, &first, 1, 0) != 1 || pread(fd, &last, 1, end - 1) != 1)
                return -EIO;
        return first == 0x1e && last == '\n' ? 0 : -EBADMSG;
}

/* Room for one record behind the end. Where a file system cannot promise it, the write will show. */
static int reserve(int fd, off_t end, size_t size)
{
        return fallocate(fd, FALLOC_FL_KEEP_SIZE, end, (off_t) size) < 0 && errno != EOPNOTSUPP ? -errno : 0;
}

static int open_marked(int root_fd, size_t size, struct open_log *ret, struct error *err)
{
        _cleanup_fd_ int fd = -1;
        struct stat st;
        int r;

        r = fsat_mkdir_p(root_fd, LOG_DIR, 0755);
        if (r < 0)
                return log_error_set(err, r, "its directory cannot be made");
        /* Nonblocking, or a FIFO would be waited for. */
        fd = openat(root_fd, LOG_FILE, O_CREAT | O_RDWR | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (fd < 0)
                return log_error_set(err, -errno, "cannot be opened");
        if (fstat(fd, &st) < 0)
                return log_error_set(err, -errno, "cannot be looked at");
        if (!S_ISREG(st.st_mode))
                return log_error_set(err, -EBADF, "is not a regular file");
        r = lock(fd);
        if (r < 0)
                return log_error_set(err, r, "cannot be locked");
        /* Again: what it is now that nobody else writes. */
        if (fstat(fd, &st) < 0)
                return log_error_set(err, -errno, "cannot be looked at");
        if ((st.st_mode & S_ISVTX) != 0)
                return log_error_set(err, -ESTALE, "an earlier writer did not finish");
        r = check_end(fd, st.st_size);
        if (r < 0)
                return log_error_set(err, r, "what it holds is no whole record");
        r = reserve(fd, st.st_size, size);
        if (r < 0)
                return log_error_set(err, r, "there is no room for a record");
        r = set_mode(fd, 0600 | S_ISVTX);
        if (r < 0)
                return log_error_set(err, r, "cannot be marked");
        *ret = (struct open_log) { .fd = fd_steal(&fd), .end = st.st_size };
        return 0;
}

/* One write, and what it began is taken back: half a record makes readers refuse the whole log, mark or not. */
static int append(const struct open_log *log, const char *record, size_t size, struct error *err)
{
        ssize_t n = pwrite(log->fd, record, size, log->end);
        int r = n < 0 ? -errno : (size_t) n != size ? -ENOSPC : 0;

        if (r == 0 && fsync(log->fd) < 0)
                return log_error_set(err, -errno, "cannot be synced");
        if (r == 0)
                return 0;
        (void) log_error_set(err, r, ftruncate(log->fd, log->end) < 0 ? "half a record was written" : "the record was not written");
        return r;
}

static int clear_mark(int root_fd, const struct open_log *log, struct error *err)
{
        _cleanup_fd_ int dir_fd = -1;
        int r;

        r = set_mode(log->fd, 0600);
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

static int extend_and_log(struct measure *m, unsigned pcr, const struct digest *digests, const char *word,
                          const struct open_log *log, const char *record, size_t size, struct error *err)
{
        int r = tpm_extend(m->tpm, pcr, digests, m->banks.n, err);

        if (r < 0)
                return error_prefix(err, "word '%s'", word);
        log_debug("PCR %u extended with '%s' in %zu banks", pcr, word, m->banks.n);
        r = append(log, record, size, err);
        return r < 0 ? r : clear_mark(m->root_fd, log, err);
}

int measure_extend_as(struct measure *m, unsigned pcr, const char *word, const char *event_type, struct error *err)
{
        struct digest digests[TPM_MAX_BANKS];
        struct open_log log = { .fd = -1 };
        char record[RECORD_MAX];
        ssize_t n;
        int r;

        if (!measure_word_is_valid(word) || !m->tpm || m->banks.n == 0)
                return error_set(err, FAIL_BUG_CODE, EINVAL, "PCR %u: the word '%s' cannot be measured", pcr, word);
        r = digest_word(&m->banks, word, digests, err);
        if (r < 0)
                return r;
        n = measure_record_format(pcr, digests, m->banks.n, word, event_type, m->boot_id, os_boottime_us(),
                                  record, sizeof(record));
        if (n < 0)
                return error_set(err, FAIL_BUG_CODE, (int) -n, "/%s: a record has no room", LOG_FILE);
        r = open_marked(m->root_fd, (size_t) n, &log, err);
        if (r < 0)
                return r;
        r = extend_and_log(m, pcr, digests, word, &log, record, (size_t) n, err);
        log.fd = fd_close(log.fd); /* and with it the lock */
        return r;
}

int measure_extend(struct measure *m, unsigned pcr, const char *word, struct error *err)
{
        return measure_extend_as(m, pcr, word, "phase", err);
}
