/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a fuzz target on each file given, and on each file of each directory given: the main() of builds without
 * libFuzzer, so that a corpus is a regression test under every compiler and sanitizer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "fuzz.h"
#include "verinit/fsat.h"

enum { REPLAY_MAX_BYTES = 16 * 1024 * 1024 };

static unsigned n_files;

/* The copy is exactly as long as the file, so that ASan sees a read behind it. */
static int replay_file(int dir_fd, const char *name)
{
        _cleanup_free_ void *data = NULL, *exact = NULL;
        size_t size;
        int r = fsat_read_alloc(dir_fd, name, REPLAY_MAX_BYTES, &data, &size);

        if (r < 0)
                return r;
        exact = malloc(size > 0 ? size : 1);
        if (!exact)
                return -ENOMEM;
        memcpy(exact, data, size);
        printf("%s\n", name);
        fflush(stdout);
        (void) LLVMFuzzerTestOneInput(exact, size);
        n_files++;
        return 0;
}

static int replay_entry(const char *name, void *userdata)
{
        return replay_file(*(int *) userdata, name);
}

static int replay(const char *path)
{
        _cleanup_fd_ int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (dir_fd < 0)
                return errno == ENOTDIR ? replay_file(AT_FDCWD, path) : -errno;
        return fsat_each(dir_fd, ".", replay_entry, &dir_fd);
}

int main(int argc, char *argv[])
{
        for (int i = 1; i < argc; i++) {
                int r = replay(argv[i]);

                if (r < 0) {
                        fprintf(stderr, "replay: %s: %s\n", argv[i], strerror(-r));
                        return 1;
                }
        }
        if (n_files == 0) {
                fprintf(stderr, "replay: no files: give the corpus as argument\n");
                return 1;
        }
        printf("%u files\n", n_files);
        return 0;
}
