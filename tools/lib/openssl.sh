# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# libcrypto with what PID 1 uses, for tools/deps: Debian's has every algorithm in a table, and what a table names no
# linker can drop. Who asks for what:
#   common/crypto_openssl.c   SHA-1 and SHA-2, X.509, PKCS#7, RSA, ECDSA
#   libcryptsetup             SHA-2; what it does for LUKS it never reaches
#   tpm2-tss                  SHA-2, HMAC, random numbers, AES-CFB, and for a salted session RSA-OAEP or ECDH
# What is asked for and not there is an error of the caller, as on any OpenSSL with a smaller provider.

# Names of Configure. Those that only make apps or other files are left out to save time.
openssl_without=(
        apps docs tests demos shared makedepend
        ssl tls dtls quic srp srtp psk nextprotoneg ssl-trace
        engine dso module legacy comp
        cms cmp ct ts ocsp rfc3779 http
        aria bf blake2 camellia cast chacha des dh dsa ec2m ecx gost idea md4 mdc2 ocb poly1305
        rc2 rc4 rmd160 scrypt seed siphash siv sm2 sm3 sm4 whirlpool argon2 cmac
        ml-dsa ml-kem slh-dsa
        # One thread, no terminal, no socket, no configuration file, no message text: PID 1 words its own errors.
        threads async sock ui-console autoload-config autoalginit autoerrinit err filenames multiblock
        secure-memory atexit deprecated
)

# The provider's tables, by the macros that name their entries.
openssl_algorithms='SHA1|SHA2_(256|384|512)|AES_(128|192|256)_(CFB|CTR|ECB)|HMAC|ECDH|ECDSA|RSA|EC|CTR_DRBG|SEED_SRC'

# Assembler is kept where time goes: SHA-2, and AES, where it is also what keeps a key out of the cache's timing. Of the
# rest, P-256 alone has a table of 150 KB, for a signature a boot. That of GCM stays, since the preset dev, which collects
# no sections, asks for it.
# shellcheck disable=SC2016
openssl_assembler() {
        sed -i -E '/^ *\$BN(DEF_x86_64|DEF_x86_64_sse2)=/d; s/^( *\$BNASM_x86_64=asm\/x86_64-gcc\.c) .*/\1/' crypto/bn/build.info
        sed -i -E '/^ *\$EC(ASM|DEF)_x86_64=/d' crypto/ec/build.info
        sed -i -E '/^ *\$KECCAK1600ASM_x86_64=/d' crypto/sha/build.info
}

openssl_tables() {
        local keep=$openssl_algorithms
        KEEP=$keep perl -0pi -e '
                my $keep = qr/^(?:$ENV{KEEP})$/;
                s/^ *\{\s*PROV_NAMES_\w+,[^{}]*_asym_kem_functions \},\n//gm;
                s/^( *\{\s*PROV_NAMES_(\w+),[^{}]*\},\n)/my $all = $1; $2 =~ $keep ? $all : ""/gem;
                s/^( *ALGC?\(PROV_NAMES_(\w+),[^()]*\),\n)/my $all = $1; $2 =~ $keep ? $all : ""/gem;
        ' providers/defltprov.c
        # Public keys are read from certificates; nothing else is read, and nothing is written.
        sed -i -E '/^DECODER/{/"(RSA|EC)", der, SubjectPublicKeyInfo/!d}' providers/decoders.inc
        sed -i -E '/^ *# *include "(encoders|stores)\.inc"/d' providers/defltprov.c providers/baseprov.c
        # A source that is written otherwise would be cut otherwise.
        [ "$(grep -c PROV_NAMES_ providers/defltprov.c) $(grep -c ^DECODER providers/decoders.inc)" = "24 2" ] || {
                echo "openssl: the provider's tables are not what tools/lib/openssl.sh cuts: look at them and at openssl_tables" >&2
                return 1
        }
}

# In the unpacked source.
openssl_build() {
        local stage=$1 flags=$2
        openssl_assembler
        openssl_tables
        # shellcheck disable=SC2086
        ./Configure linux-x86_64 --prefix=/usr --libdir=lib --openssldir=/nonexistent \
                "${openssl_without[@]/#/no-}" $flags
        make -j"$(nproc)" build_generated
        make -j"$(nproc)" libcrypto.a
        mkdir -p "$stage/usr/lib" "$stage/usr/include"
        cp libcrypto.a "$stage/usr/lib"
        cp -r include/openssl "$stage/usr/include"
}
