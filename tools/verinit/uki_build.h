/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "options.h"

struct uki_build_options {
        struct options common;
        const char *linux, *initrd, *uname, *stub, *splash, *microcode, *ukify, *output;
        const char *cmdline, *osrel, *profile, *sbat; /* a text, or "@FILE" */
        const char *pcrpkey, *pcrsig;
        const char *pcr_banks;
        struct option_list join_profiles, private_keys, public_keys, phases, arguments;
};

extern const char uki_build_usage[];

int uki_build_parse(int argc, char *argv[], struct uki_build_options *ret, struct trouble *t);
