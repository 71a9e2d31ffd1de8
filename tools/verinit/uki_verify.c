/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "child.h"
#include "scratch.h"
#include "uki_verify.h"

int uki_verify(const struct buffer *file, const char *certificate, struct trouble *t)
{
        _cleanup_child_words_ struct child_words words = {};
        _cleanup_scratch_ struct scratch s = {};
        _cleanup_free_ char *path = NULL;
        int status;

        if (access(certificate, R_OK) < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "cannot read %s", certificate);
        if (scratch_make(&s, t) < 0 || scratch_write(&s, "image.efi", file, &path, t) < 0)
                return -1;
        child_add(&words, "sbverify");
        child_add_option(&words, "--cert", certificate);
        child_add(&words, path);
        /* It says nothing that its exit status does not: 0, or not verified. */
        if (child_run(&(struct child) { .words = &words, .is_silent = true }, &status, t) < 0)
                return -1;
        return status == 0 ? 0 : trouble_set(t, OUTCOME_FALSE, "no signature of it holds with %s (sbverify)", certificate);
}
