/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "image.h"

const char *image_verdict_name(enum image_verdict verdict)
{
        static const char *const names[] = {
                [IMAGE_REFUSED] = "refused", [IMAGE_UNDECIDED] = "undecided", [IMAGE_SKIPPED] = "skipped", [IMAGE_OK] = "ok",
        };

        return names[verdict];
}

const struct image_check *image_find(const struct image_checks *checks, const char *name)
{
        for (size_t i = 0; i < checks->n; i++)
                if (str_equal(checks->list[i].name, name))
                        return &checks->list[i];
        return NULL;
}

static struct image_check *add(struct image_checks *checks, const char *name, enum image_check_kind kind,
                               enum image_verdict verdict)
{
        struct image_check *c;

        if (checks->n == IMAGE_MAX_CHECKS)
                abort();
        c = &checks->list[checks->n++];
        *c = (struct image_check) { .name = name, .kind = kind, .verdict = verdict };
        return c;
}

void image_say(struct image_checks *checks, const char *name, enum image_check_kind kind, enum image_verdict verdict, const char *fmt,
               ...)
{
        struct image_check *c = add(checks, name, kind, verdict);
        va_list args;
        char *text;

        va_start(args, fmt);
        if (vasprintf(&text, fmt, args) >= 0)
                c->message = tool_printable(text);
        va_end(args);
        if (!c->message)
                c->message = tool_strdup("");
}

void image_say_error(struct image_checks *checks, const char *name, enum image_check_kind kind, const struct error *err)
{
        struct image_check *c = add(checks, name, kind, IMAGE_REFUSED);

        c->has_code = true;
        c->code = err->code;
        c->message = tool_printable(tool_strdup(err->msg));
}

void image_checks_done(struct image_checks *checks)
{
        for (size_t i = 0; i < checks->n; i++)
                free(checks->list[i].message);
        checks->n = 0;
}

/* The firmware, then the stages as they stand, since that is how they ran; what no boot looks at comes last. */
const struct image_check *image_first_refusal(const struct image_checks *checks)
{
        static const enum image_check_kind order[] = { IMAGE_BY_FIRMWARE, IMAGE_BY_STAGE, IMAGE_BEYOND, IMAGE_ABOUT_FILES };

        for (size_t k = 0; k < ARRAY_SIZE(order); k++)
                for (size_t i = 0; i < checks->n; i++)
                        if (checks->list[i].kind == order[k] && checks->list[i].verdict == IMAGE_REFUSED)
                                return &checks->list[i];
        return NULL;
}

/* What somebody asked to leave out is no doubt; what could not be looked at is one. */
enum outcome image_outcome(const struct image_checks *checks, bool is_quick)
{
        enum outcome outcome = OUTCOME_YES;

        if (image_first_refusal(checks))
                return OUTCOME_FALSE;
        for (size_t i = 0; i < checks->n; i++) {
                const struct image_check *c = &checks->list[i];

                if (c->verdict == IMAGE_UNDECIDED || (c->verdict == IMAGE_SKIPPED && str_equal(c->name, "tree") && !is_quick))
                        outcome = OUTCOME_UNDECIDED;
        }
        return outcome;
}
