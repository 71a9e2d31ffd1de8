/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/uki.h"

const char *const uki_measured[UKI_N_MEASURED] = {
        ".linux", ".osrel", ".cmdline", ".initrd",  ".ucode",   ".splash", ".dtb",
        ".uname", ".sbat",  ".pcrpkey", ".profile", ".dtbauto", ".hwids",  ".efifw",
};
