/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libraries can do and PID 1 must not: start a process, load code at run time, ask name services, unpack what
 * somebody sent. libblkid forks for its LVM topology, OpenSSL loads engines and knows compressed certificates (3.5:
 * 0.8 MB of zstd), libselinux and tpm2-tss look up users and hosts. None of it is on a path that we take; the linker (--wrap, see CMakeLists.txt) sends such a call here, so that libc's own
 * functions are not even in the program. What comes back is an answer that each of those callers handles.
 */
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stddef.h>
#include <unistd.h>

#define REFUSED(f) __wrap_##f

pid_t REFUSED(fork)(void);
int REFUSED(execv)(const char *path, char *const argv[]);
void *REFUSED(dlopen)(const char *file, int mode);
int REFUSED(getaddrinfo)(const char *node, const char *service, const struct addrinfo *hints,
                         struct addrinfo **ret);
struct hostent *REFUSED(gethostbyname)(const char *name);
int REFUSED(getpwnam_r)(const char *name, struct passwd *entry, char *buf, size_t size, struct passwd **ret);
int REFUSED(getgrnam_r)(const char *name, struct group *entry, char *buf, size_t size, struct group **ret);
int REFUSED(getgrouplist)(const char *user, gid_t group, gid_t *groups, int *n_groups);

/* Each gives a method table, where NULL is "this build has none". */
void *REFUSED(COMP_zlib)(void);
void *REFUSED(COMP_zlib_oneshot)(void);
void *REFUSED(BIO_f_zlib)(void);
void *REFUSED(COMP_zstd)(void);
void *REFUSED(COMP_zstd_oneshot)(void);
void *REFUSED(BIO_f_zstd)(void);
void REFUSED(ossl_comp_zlib_cleanup)(void);
void REFUSED(ossl_comp_zstd_cleanup)(void);

pid_t REFUSED(fork)(void)
{
        errno = ENOSYS;
        return -1;
}

int REFUSED(execv)(const char *path, char *const argv[])
{
        (void) path;
        (void) argv;
        errno = ENOSYS;
        return -1;
}

void *REFUSED(dlopen)(const char *file, int mode)
{
        (void) file;
        (void) mode;
        return NULL;
}

int REFUSED(getaddrinfo)(const char *node, const char *service, const struct addrinfo *hints,
                         struct addrinfo **ret)
{
        (void) node;
        (void) service;
        (void) hints;
        (void) ret;
        return EAI_FAIL;
}

struct hostent *REFUSED(gethostbyname)(const char *name)
{
        (void) name;
        return NULL;
}

int REFUSED(getpwnam_r)(const char *name, struct passwd *entry, char *buf, size_t size, struct passwd **ret)
{
        (void) name;
        (void) entry;
        (void) buf;
        (void) size;
        *ret = NULL;
        return ENOSYS;
}

int REFUSED(getgrnam_r)(const char *name, struct group *entry, char *buf, size_t size, struct group **ret)
{
        (void) name;
        (void) entry;
        (void) buf;
        (void) size;
        *ret = NULL;
        return ENOSYS;
}

int REFUSED(getgrouplist)(const char *user, gid_t group, gid_t *groups, int *n_groups)
{
        (void) user;
        (void) group;
        (void) groups;
        *n_groups = 0;
        return -1;
}

void *REFUSED(COMP_zlib)(void)
{
        return NULL;
}

void *REFUSED(COMP_zlib_oneshot)(void)
{
        return NULL;
}

void *REFUSED(BIO_f_zlib)(void)
{
        return NULL;
}

void *REFUSED(COMP_zstd)(void)
{
        return NULL;
}

void *REFUSED(COMP_zstd_oneshot)(void)
{
        return NULL;
}

void *REFUSED(BIO_f_zstd)(void)
{
        return NULL;
}

void REFUSED(ossl_comp_zlib_cleanup)(void)
{
}

void REFUSED(ossl_comp_zstd_cleanup)(void)
{
}
