/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libraries can do and PID 1 must not: start a process (PID 1's own way is in os_worker.c), load code at run time, ask name services, make code. libblkid
 * forks for its LVM topology, libselinux and tpm2-tss look up users and hosts, libpcre2 compiles expressions to machine
 * code. And what they would do for somebody else at the price of half a megabyte: libselinux converts a policy to an older
 * version by libsepol where it searches for one itself, libcryptsetup takes FileVault's metadata apart by regcomp().
 * None of it is on a path that we take; the linker (--wrap, see CMakeLists.txt) sends such a call here, so that the
 * functions are not even in the program. What comes back is an answer that each of those callers handles.
 */
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <regex.h>
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

void REFUSED(freeaddrinfo)(struct addrinfo *info);
int REFUSED(getnameinfo)(const struct sockaddr *address, socklen_t size, char *host, socklen_t host_size, char *service,
                         socklen_t service_size, int flags);

int REFUSED(regcomp)(regex_t *expression, const char *pattern, int flags);
int REFUSED(regexec)(const regex_t *expression, const char *text, size_t n, regmatch_t *matches, int flags);
void REFUSED(regfree)(regex_t *expression);

/* libpcre2's own; the last three are only called for an expression that was made code. */
int REFUSED(_pcre2_jit_check_exec_8)(void *code, unsigned options);
const char *REFUSED(_pcre2_jit_get_target_8)(void);
size_t REFUSED(_pcre2_jit_get_size_8)(void *code);
void REFUSED(_pcre2_jit_free_8)(void *code, void *memory);
int REFUSED(pcre2_jit_match_8)(const void *code, const unsigned char *subject, size_t size, size_t start,
                               unsigned options, void *data, void *context);

/* Called by selinux_mkload_policy(), which looks for a policy; we say which one. */
int REFUSED(sepol_policy_kern_vers_max)(void);
int REFUSED(sepol_policy_kern_vers_min)(void);
int REFUSED(sepol_policy_file_create)(void **file);
void REFUSED(sepol_policy_file_free)(void *file);
void REFUSED(sepol_policy_file_set_mem)(void *file, char *data, size_t size);
int REFUSED(sepol_policydb_create)(void **policy);
void REFUSED(sepol_policydb_free)(void *policy);
int REFUSED(sepol_policydb_read)(void *policy, void *file);
int REFUSED(sepol_policydb_set_vers)(void *policy, unsigned version);
int REFUSED(sepol_policydb_to_image)(void *handle, void *policy, void **data, size_t *size);

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

void REFUSED(freeaddrinfo)(struct addrinfo *info)
{
        (void) info;
}

int REFUSED(getnameinfo)(const struct sockaddr *address, socklen_t size, char *host, socklen_t host_size, char *service,
                         socklen_t service_size, int flags)
{
        (void) address;
        (void) size;
        (void) host;
        (void) host_size;
        (void) service;
        (void) service_size;
        (void) flags;
        return EAI_FAIL;
}

int REFUSED(regcomp)(regex_t *expression, const char *pattern, int flags)
{
        (void) expression;
        (void) pattern;
        (void) flags;
        return REG_ESPACE;
}

int REFUSED(regexec)(const regex_t *expression, const char *text, size_t n, regmatch_t *matches, int flags)
{
        (void) expression;
        (void) text;
        (void) n;
        (void) matches;
        (void) flags;
        return REG_NOMATCH;
}

void REFUSED(regfree)(regex_t *expression)
{
        (void) expression;
}

/* "There is no code for this one": pcre2_match() interprets. */
int REFUSED(_pcre2_jit_check_exec_8)(void *code, unsigned options)
{
        (void) code;
        (void) options;
        return 0;
}

const char *REFUSED(_pcre2_jit_get_target_8)(void)
{
        return "none";
}

size_t REFUSED(_pcre2_jit_get_size_8)(void *code)
{
        (void) code;
        return 0;
}

void REFUSED(_pcre2_jit_free_8)(void *code, void *memory)
{
        (void) code;
        (void) memory;
}

int REFUSED(pcre2_jit_match_8)(const void *code, const unsigned char *subject, size_t size, size_t start,
                               unsigned options, void *data, void *context)
{
        (void) code;
        (void) subject;
        (void) size;
        (void) start;
        (void) options;
        (void) data;
        (void) context;
        return -45; /* PCRE2_ERROR_JIT_BADOPTION */
}

int REFUSED(sepol_policy_kern_vers_max)(void)
{
        return -1;
}

int REFUSED(sepol_policy_kern_vers_min)(void)
{
        return -1;
}

int REFUSED(sepol_policy_file_create)(void **file)
{
        *file = NULL;
        return -1;
}

void REFUSED(sepol_policy_file_free)(void *file)
{
        (void) file;
}

void REFUSED(sepol_policy_file_set_mem)(void *file, char *data, size_t size)
{
        (void) file;
        (void) data;
        (void) size;
}

int REFUSED(sepol_policydb_create)(void **policy)
{
        *policy = NULL;
        return -1;
}

void REFUSED(sepol_policydb_free)(void *policy)
{
        (void) policy;
}

int REFUSED(sepol_policydb_read)(void *policy, void *file)
{
        (void) policy;
        (void) file;
        return -1;
}

int REFUSED(sepol_policydb_set_vers)(void *policy, unsigned version)
{
        (void) policy;
        (void) version;
        return -1;
}

int REFUSED(sepol_policydb_to_image)(void *handle, void *policy, void **data, size_t *size)
{
        (void) handle;
        (void) policy;
        *data = NULL;
        *size = 0;
        return -1;
}
