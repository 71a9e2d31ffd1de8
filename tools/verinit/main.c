/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host command.
 */
#include "tool.h"

static const char usage[] =
        "Usage: verinit VERB...\n"
        "       verinit --version\n"
        "\n"
        "Builds and examines what verinit, the first program of a signed node image, boots with.\n"
        "Each verb has its own --help. Exit status: 0 yes, 1 trouble, 2 wrong usage, 3 verified and false,\n"
        "4 cannot be decided.\n"
        "\n"
        "Examples:\n"
        "  verinit cmdline check --cmdline @cmdline.txt --floor floor.conf\n"
        "  verinit initrd build --help\n"
        "  verinit initrd inspect initrd.cpio.zst\n";

static const struct verb verbs[] = {
        { "attest", verb_attest, "check what a machine attests" },
        { "cmdline", verb_cmdline, "check a kernel command line as PID 1 would" },
        { "completion", verb_completion, "write what a shell completes this command by" },
        { "image", verb_image, "say what would be refused of a disk image" },
        { "initrd", verb_initrd, "build or inspect the initramfs that holds PID 1" },
        { "ipe", verb_ipe, "write and check a policy of IPE: the kernel runs the verified volume alone" },
        { "log", verb_log, "show, convert and replay the measurement logs" },
        { "measure", verb_measure, "predict what a boot measures, for verifiers" },
        { "report", verb_report, "say what verinit did in a boot" },
        { "selftest", verb_selftest, "compute what others have computed" },
        { "uki", verb_uki, "build, sign or inspect a unified kernel image" },
        { "verity", verb_verity, "write and verify a verity volume, say what pins it" },
};

static const char cmdline_usage[] =
        "Usage: verinit cmdline VERB...\n"
        "\n"
        "Examples:\n"
        "  verinit cmdline check --cmdline @cmdline.txt --floor floor.conf\n";

static const struct verb cmdline_verbs[] = {
        { "check", cmdline_check, "say what PID 1 would refuse" },
};

int verb_cmdline(int argc, char *argv[], struct trouble *t)
{
        return verb_dispatch(cmdline_verbs, ARRAY_SIZE(cmdline_verbs), cmdline_usage, argc, argv, t);
}

static const char measure_usage[] =
        "Usage: verinit measure VERB...\n"
        "\n"
        "Examples:\n"
        "  verinit measure predict --uki node.efi --policy policy.33 --output measurements.json\n"
        "  verinit measure export --format pcrlock --measurements measurements.json --output pcrlock.d\n";

static const struct verb measure_verbs[] = {
        { "predict", measure_predict, "say what the PCRs will hold" },
        { "export", measure_export, "write that for those who check it" },
        { "policy", measure_policy, "say what has to be signed for it" },
        { "attach", measure_attach, "put what was signed into the image" },
};

int verb_measure(int argc, char *argv[], struct trouble *t)
{
        return verb_dispatch(measure_verbs, ARRAY_SIZE(measure_verbs), measure_usage, argc, argv, t);
}

static const char uki_usage[] =
        "Usage: verinit uki VERB...\n"
        "\n"
        "Examples:\n"
        "  verinit uki build --linux vmlinuz --initrd initrd --cmdline @cmdline --os-release @os-release --output node.efi\n"
        "  verinit uki sign node.efi --key db.key --cert db.crt --output node.signed.efi\n"
        "  verinit uki inspect node.signed.efi --cert db.crt\n";

static const struct verb uki_verbs[] = {
        { "build", uki_build, "write an image by ukify, and check it" },
        { "inspect", uki_inspect, "say what an image holds" },
        { "sign", uki_sign, "sign an image by a signer's command, and check it" },
};

int verb_uki(int argc, char *argv[], struct trouble *t)
{
        return verb_dispatch(uki_verbs, ARRAY_SIZE(uki_verbs), uki_usage, argc, argv, t);
}

static const char verity_usage[] =
        "Usage: verinit verity VERB...\n"
        "\n"
        "Examples:\n"
        "  verinit verity format --data-device usr.erofs --hash-device usr.verity --root-hash-file roothash\n"
        "  verinit verity geometry --hash-device usr.verity\n"
        "  verinit verity verify --data-device usr.erofs --hash-device usr.verity --root-hash-file roothash\n";

static const struct verb verity_verbs[] = {
        { "format", verity_format_volume, "write the hash tree of a volume" },
        { "geometry", verity_geometry, "print the word that pins the shape of a volume" },
        { "verify", verity_verify_volume, "verify a whole volume, by PID 1's code and block by block" },
};

int verb_verity(int argc, char *argv[], struct trouble *t)
{
        return verb_dispatch(verity_verbs, ARRAY_SIZE(verity_verbs), verity_usage, argc, argv, t);
}

static const char image_usage[] =
        "Usage: verinit image VERB...\n"
        "\n"
        "Examples:\n"
        "  verinit image verify disk.raw --cert db.crt\n";

static const struct verb image_verbs[] = {
        { "verify", image_verify, "say what would be refused at boot, and with which code" },
};

int verb_image(int argc, char *argv[], struct trouble *t)
{
        return verb_dispatch(image_verbs, ARRAY_SIZE(image_verbs), image_usage, argc, argv, t);
}

static const char initrd_usage[] =
        "Usage: verinit initrd VERB...\n"
        "\n"
        "Examples:\n"
        "  verinit initrd build --init /usr/lib/verinit/init --modules-dir /usr/lib/modules/$(uname -r) \\\n"
        "      --cmdline @cmdline.txt --floor floor.conf --output initrd.cpio.zst\n"
        "  verinit initrd inspect initrd.cpio.zst --json=pretty\n";

static const struct verb initrd_verbs[] = {
        { "build", initrd_build, "write an initramfs: PID 1, its modules, floor and command line" },
        { "inspect", initrd_inspect, "say what an initramfs holds" },
};

int verb_initrd(int argc, char *argv[], struct trouble *t)
{
        return verb_dispatch(initrd_verbs, ARRAY_SIZE(initrd_verbs), initrd_usage, argc, argv, t);
}

static const char ipe_usage[] =
        "Usage: verinit ipe VERB...\n"
        "\n"
        "Examples:\n"
        "  verinit ipe build --root-hash-file roothash --key db.key --cert db.crt --output node.p7b\n"
        "  verinit ipe check node.p7b --cert db.crt --root-hash-file roothash\n";

static const struct verb ipe_verbs[] = {
        { "build", ipe_build, "write a policy for an image, explained and signed" },
        { "check", ipe_check, "say what a policy allows, and what is wrong with it" },
};

int verb_ipe(int argc, char *argv[], struct trouble *t)
{
        return verb_dispatch(ipe_verbs, ARRAY_SIZE(ipe_verbs), ipe_usage, argc, argv, t);
}

static const char attest_usage[] =
        "Usage: verinit attest VERB...\n"
        "\n"
        "Examples:\n"
        "  verinit attest check --help\n";

static const struct verb attest_verbs[] = {
        { "check", attest_check, "compare a TPM's quote with what was predicted" },
};

int verb_attest(int argc, char *argv[], struct trouble *t)
{
        return verb_dispatch(attest_verbs, ARRAY_SIZE(attest_verbs), attest_usage, argc, argv, t);
}

int verb_root(int argc, char *argv[], struct trouble *t)
{
        return verb_dispatch(verbs, ARRAY_SIZE(verbs), usage, argc, argv, t);
}

int main(int argc, char *argv[])
{
        return tool_main(argc, argv);
}
