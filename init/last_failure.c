/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/last_failure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "verinit/efi_variable.h"
#include "verinit/fsat.h"
#include "verinit/os.h"

/*
 * UAPI: UEFI 2.10 section 8.2, EFI_VARIABLE_NON_VOLATILE | EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS.
 */
enum { ATTRIBUTES = 0x7 };

static bool stage_from_name(const char *name, size_t n, enum stage_id *ret)
{
        for (unsigned i = 0; i < _STAGE_MAX; i++) {
                const char *known = stage_name((enum stage_id) i);

                if (strlen(known) == n && memcmp(known, name, n) == 0) {
                        *ret = (enum stage_id) i;
                        return true;
                }
        }
        return false;
}

static bool code_from_name(const char *name, size_t n, enum fail_code *ret)
{
        for (unsigned i = 0; i < _FAIL_CODE_MAX; i++) {
                const char *known = fail_code_name((enum fail_code) i);

                if (strlen(known) == n && memcmp(known, name, n) == 0) {
                        *ret = (enum fail_code) i;
                        return true;
                }
        }
        return false;
}

int last_failure_parse(const uint8_t *variable, size_t size, struct last_failure *ret)
{
        struct last_failure last = { .state = LAST_FAILURE_KNOWN };
        const char *text, *blank, *end;
        struct efi_variable v;

        if (!efi_variable_parse(variable, size, &v) || v.attributes != ATTRIBUTES || v.size < 4 ||
            v.size > LAST_FAILURE_MAX_BYTES)
                return -EBADMSG;
        text = (const char *) v.data;
        end = text + v.size - 1;
        if (text[0] != '1' || text[1] != ' ' || *end != '\n')
                return -EBADMSG;
        text += 2;
        blank = memchr(text, ' ', (size_t) (end - text));
        if (!blank || !stage_from_name(text, (size_t) (blank - text), &last.stage) ||
            !code_from_name(blank + 1, (size_t) (end - blank - 1), &last.code))
                return -EBADMSG;
        *ret = last;
        return 0;
}

ssize_t last_failure_format(enum stage_id stage, enum fail_code code, uint8_t *ret_variable, size_t size)
{
        static const uint8_t attributes[EFIVAR_ATTRIBUTES_BYTES] = { ATTRIBUTES };
        char text[LAST_FAILURE_MAX_BYTES + 1];
        int n = snprintf(text, sizeof(text), "1 %s %s\n", stage_name(stage), fail_code_name(code));

        if (n < 0 || (size_t) n >= sizeof(text) || (size_t) n + sizeof(attributes) > size)
                return -ENOBUFS;
        memcpy(ret_variable, attributes, sizeof(attributes));
        memcpy(ret_variable + sizeof(attributes), text, (size_t) n);
        return (ssize_t) ((size_t) n + sizeof(attributes));
}

const char *last_failure_stage_name(const struct last_failure *last)
{
        if (last->state == LAST_FAILURE_KNOWN)
                return stage_name(last->stage);
        return last->state == LAST_FAILURE_UNREADABLE ? "unknown" : "";
}

const char *last_failure_code_name(const struct last_failure *last)
{
        if (last->state == LAST_FAILURE_KNOWN)
                return fail_code_name(last->code);
        return last->state == LAST_FAILURE_UNREADABLE ? "unknown" : "";
}

void last_failure_load(int root_fd, struct last_failure *ret)
{
        uint8_t variable[EFIVAR_ATTRIBUTES_BYTES + LAST_FAILURE_MAX_BYTES + 2];
        ssize_t n;

        n = fsat_read(root_fd, LAST_FAILURE_PATH, variable, sizeof(variable));
        if (n == -ENOENT)
                *ret = (struct last_failure) { .state = LAST_FAILURE_NONE };
        else if (n < 0 || last_failure_parse(variable, (size_t) n, ret) < 0)
                *ret = (struct last_failure) { .state = LAST_FAILURE_UNREADABLE };
}

/* efivarfs makes each file immutable that is not on a short list of its own (fs/efivarfs/vars.c variable_is_removable). */
static int make_mutable(int root_fd)
{
        _cleanup_fd_ int fd = openat(root_fd, LAST_FAILURE_PATH, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

        return fd < 0 ? -errno : os_clear_immutable(fd);
}

/* The firmware takes attributes and data in one write, or nothing. */
static int write_variable(int root_fd, const uint8_t *variable, size_t size)
{
        _cleanup_fd_ int fd = -1;
        ssize_t n;

        fd = openat(root_fd, LAST_FAILURE_PATH, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
        if (fd < 0)
                return -errno;
        n = write(fd, variable, size);
        if (n < 0)
                return -errno;
        return (size_t) n == size ? 0 : -EIO;
}

/* One of other attributes is replaced by none, only removed. */
static int replace_variable(int root_fd, const uint8_t *variable, size_t size)
{
        int r;

        r = make_mutable(root_fd);
        if (r < 0)
                return r;
        r = write_variable(root_fd, variable, size);
        if (r == 0)
                return 0;
        if (unlinkat(root_fd, LAST_FAILURE_PATH, 0) < 0)
                return r;
        return write_variable(root_fd, variable, size);
}

int last_failure_store(int root_fd, const struct last_failure *last, const struct error *err)
{
        uint8_t variable[EFIVAR_ATTRIBUTES_BYTES + LAST_FAILURE_MAX_BYTES];
        ssize_t n;

        if (last->state == LAST_FAILURE_UNKNOWN)
                return -EOPNOTSUPP;
        if (last->state == LAST_FAILURE_KNOWN && last->stage == err->stage && last->code == err->code)
                return 0;
        n = last_failure_format(err->stage, err->code, variable, sizeof(variable));
        if (n < 0)
                return (int) n;
        return last->state == LAST_FAILURE_NONE ? write_variable(root_fd, variable, (size_t) n) :
                                                  replace_variable(root_fd, variable, (size_t) n);
}

int last_failure_clear(int root_fd, const struct last_failure *last)
{
        int r;

        if (last->state != LAST_FAILURE_KNOWN && last->state != LAST_FAILURE_UNREADABLE)
                return 0;
        r = make_mutable(root_fd);
        if (r < 0)
                return r;
        return unlinkat(root_fd, LAST_FAILURE_PATH, 0) < 0 ? -errno : 0;
}
