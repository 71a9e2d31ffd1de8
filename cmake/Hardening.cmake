# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every warning and hardening flag with its reason. All of them are known to gcc 12 and later; what clang (the fuzz
# preset) does not know is marked.

# --- verinit::warnings: for every file, in every preset ------------------------------------------------------------
add_library(verinit-warnings INTERFACE)
add_library(verinit::warnings ALIAS verinit-warnings)
target_compile_options(verinit-warnings INTERFACE
        -Wall -Wextra           # the usual mistakes
        -Wconversion            # a length that loses its upper bits is how parsers are broken into
        -Wshadow                # two variables of one name: the reader sees one, the compiler the other
        -Wswitch-enum           # a new enumerator must be decided on in every switch, even where there is a default
        -Wvla                   # an array sized by input is a stack that the input moves
        -Wmissing-prototypes    # what is not in a header is static
        -Wstrict-prototypes     # f() is not f(void)
        -Wformat=2              # no format string from a variable
        -Wundef                 # a misspelt macro in #if is not silently 0
        -Werror=implicit-function-declaration   # a guessed prototype truncates pointers; an error even without -Werror
)
if(VERINIT_WERROR)
        target_compile_options(verinit-warnings INTERFACE -Werror)
endif()

# --- verinit::hardening: for what runs on a real machine -----------------------------------------------------------
add_library(verinit-hardening INTERFACE)
add_library(verinit::hardening ALIAS verinit-hardening)
target_compile_options(verinit-hardening INTERFACE
        -fPIE                           # code at a random address: the kernel loads even a static PID 1 so
        -fstack-protector-strong        # an overrun array ends the process before the return address is used
        -fstack-clash-protection        # a large frame cannot step over the guard page
        -fcf-protection                 # indirect branches land only where a function begins (CET, where the CPU has it)
        -fno-strict-overflow            # a bounds check written with wrap-around is kept, not reasoned away
        -fno-delete-null-pointer-checks # likewise for a NULL check after a use
        -ffunction-sections             # one section for each function and datum, so that --gc-sections below can …
        -fdata-sections                 # … drop what PID 1 never reaches: less to attack, less to load
        "$<$<C_COMPILER_ID:GNU>:-ftrivial-auto-var-init=zero>"  # forgotten locals are 0, and 0 is our strict value (clang: from 16 on)
)
# Bounds-checked libc calls where the compiler knows the size; undefined first, since a distribution may preset it.
target_compile_options(verinit-hardening INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
target_link_options(verinit-hardening INTERFACE
        -Wl,-z,relro,-z,now     # all symbols are bound at the start and their table is read-only from then on
        -Wl,-z,noexecstack      # the stack holds no code, whatever an assembler file forgot to say
        -Wl,-z,separate-code    # no page is both code and data of the file
        -Wl,--gc-sections       # see -ffunction-sections
        -Wl,--fatal-warnings    # an executable stack or a writable code segment is a warning to ld; to us an error
)

# --- verinit::reproducible: two directories, the same bytes ---------------------------------------------------------
add_library(verinit-reproducible INTERFACE)
add_library(verinit::reproducible ALIAS verinit-reproducible)
target_compile_options(verinit-reproducible INTERFACE
        -ffile-prefix-map=${CMAKE_SOURCE_DIR}=/usr/src/verinit # debug data and __FILE__ do not say where we were built
)
target_link_options(verinit-reproducible INTERFACE
        -Wl,--build-id=sha1     # ties the stripped file to its .debug file by content, not by date
)
