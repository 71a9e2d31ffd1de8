/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What systemd does with the ESP's credentials in an initrd, and not any more on the host (v257 src/core/import-creds.c):
 * the copy into /run. One that is not in order ends the boot: whoever put it there meant it to be read.
 */
#include <errno.h>
#include <stdio.h>

#include "verinit/credential.h"
#include "verinit/fsat.h"
#include "verinit/log.h"
#include "verinit/record.h"

#define TARGET "run/credentials/@encrypted"
#define SUFFIX ".cred"

struct copy {
        struct boot *boot;
        struct error *err;
        const char *source;
        unsigned n_files;
        size_t n_bytes;
};

static int refuse(const struct copy *c, const char *name, int errno_value, const char *why)
{
        return error_set(c->err, FAIL_CREDENTIAL_REFUSED_CODE, errno_value, "/%s/%.160s: %s", c->source, name, why);
}

/* The name less its suffix, into a buffer of CREDENTIAL_NAME_MAX + 1. */
static bool strip_suffix(const char *file, char *ret_name)
{
        size_t n = strlen(file), n_suffix = sizeof(SUFFIX) - 1;

        if (n <= n_suffix || n - n_suffix > CREDENTIAL_NAME_MAX || !str_equal(file + n - n_suffix, SUFFIX))
                return false;
        memcpy(ret_name, file, n - n_suffix);
        ret_name[n - n_suffix] = '\0';
        return credential_name_is_valid(ret_name);
}

static int copy_one(const char *file, void *userdata)
{
        struct copy *c = userdata;
        char name[CREDENTIAL_NAME_MAX + 1], from[512], to[192];
        _cleanup_free_ void *data = NULL;
        size_t size = 0;
        int r;

        if (!strip_suffix(file, name))
                return refuse(c, file, EINVAL, "this is no name of a credential");
        (void) snprintf(to, sizeof(to), TARGET "/%s", name);
        /* The UKI's own stands before one of the whole ESP, as with systemd. */
        if (fsat_exists(c->boot->root_fd, to))
                return 0;
        if (c->n_files == CREDENTIAL_MAX_FILES)
                return refuse(c, file, E2BIG, "there are too many");
        (void) snprintf(from, sizeof(from), "%s/%s", c->source, file);
        r = fsat_read_alloc(c->boot->root_fd, from, CREDENTIAL_MAX_BYTES - c->n_bytes, &data, &size);
        if (r < 0)
                return refuse(c, file, -r, r == -EFBIG ? "they are too large" : "it cannot be read");
        if (!credential_is_sealed(data, size))
                return refuse(c, file, EBADMSG, "it was not sealed with a key of this machine");
        c->n_files++;
        c->n_bytes += size;
        log_debug("credential %s: %zu bytes", name, size);
        return record_file(c->boot, to, data, size, 0400, c->err);
}

int record_credentials(struct boot *boot, struct error *err)
{
        struct copy c = { .boot = boot, .err = err };
        struct evidence *e = &boot->evidence;
        enum floor_credentials wanted = boot->config.floor.credentials;

        (void) str_copy(e->credentials, sizeof(e->credentials), credentials_name(wanted));
        if (wanted != CREDENTIALS_ESP_ENCRYPTED)
                return 0;
        for (const char *const *source = (const char *const[]) { ".extra/credentials", ".extra/global_credentials", NULL };
             *source; source++) {
                int r;

                c.source = *source;
                r = fsat_each(boot->root_fd, *source, copy_one, &c);
                if (r == -ENOENT)
                        continue;
                if (r < 0 && err->msg[0] == '\0')
                        return error_set(err, FAIL_RECORD_FAILED_CODE, -r, "cannot read /%s", *source);
                if (r < 0)
                        return r;
        }
        e->n_credentials = c.n_files;
        log_info("credentials: %s, %u", e->credentials, c.n_files);
        return 0;
}
