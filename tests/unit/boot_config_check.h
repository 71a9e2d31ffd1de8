/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the tests of the command line parser share: the two floors, and refusals by code and message.
 */
#pragma once

#include <stdio.h>

#include "unit.h"
#include "verinit/boot_config.h"

#define HASH "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210"
#define USR "usrhash=" HASH " "
#define UUID_A "1b0e7b5a-6f9c-4a39-a2d1-0c8f4b8c7e11"

enum { LIMIT = 2047 };

static struct boot_config c;
static struct floor strict, loose;

static _unused_ int setup(_unused_ void **state)
{
        floor_init(&strict);
        /* What asks for init.verity= on every line has a test of its own. */
        strict.pinned_geometry = NEED_ALLOW;
        floor_init(&loose);
        loose.tpm = loose.selinux = loose.cmdline = loose.pinned_geometry = loose.ipe = loose.debug = NEED_ALLOW;
        loose.root = FLOOR_ROOT_UNVERIFIED;
        return 0;
}

static _unused_ void parse_ok(const char *text, const struct floor *floor)
{
        struct error err = {};

        if (boot_config_parse(text, strlen(text), LIMIT, floor, &c, &err) < 0)
                fail_msg("'%s' refused: %s", text, err.msg);
}

/* Each refusal: its code, and a message that names the word. */
static _unused_ void assert_refused_by(const struct floor *floor, const char *text, enum fail_code code,
                                       const char *in_message)
{
        struct boot_config before = { .device_timeout_us = 4711 }, after = before;
        struct error err = {};

        if (boot_config_parse(text, strlen(text), LIMIT, floor, &after, &err) >= 0)
                fail_msg("'%s' was accepted", text);
        if (err.code != code)
                fail_msg("'%s': code %s, expected %s", text, fail_code_name(err.code), fail_code_name(code));
        if (!strstr(err.msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, err.msg);
        assert_memory_equal(&before, &after, sizeof(before));
}

#define assert_refused(text, id, in_message) assert_refused_by(&loose, text, FAIL_##id##_CODE, in_message)
