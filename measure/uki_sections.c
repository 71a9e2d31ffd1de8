/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/uki.h"

const char *const uki_measured[UKI_N_MEASURED] = {
        ".linux", ".osrel", ".cmdline", ".initrd",  ".ucode",   ".splash", ".dtb",
        ".uname", ".sbat",  ".pcrpkey", ".profile", ".dtbauto", ".hwids",  ".efifw",
};

const struct uki_ending uki_cmdline_endings[UKI_N_CMDLINE_ENDINGS] = {
        { "", 0 },
        { "\n", 1 }, /* ukify --cmdline=@FILE */
        { "\0", 1 }, /* mkosi */
        { "\n\0", 2 },
};

bool uki_cmdline_is(const char *content, size_t size, const char *text, size_t text_size)
{
        if (size < text_size || (text_size > 0 && memcmp(content, text, text_size) != 0))
                return false;
        for (size_t i = 0; i < UKI_N_CMDLINE_ENDINGS; i++) {
                const struct uki_ending *e = &uki_cmdline_endings[i];

                if (size - text_size == e->size && memcmp(content + text_size, e->bytes, e->size) == 0)
                        return true;
        }
        return false;
}
