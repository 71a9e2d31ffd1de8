/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of contents of a boot. The order is the argument: each line says why it stands where it stands.
 */
#include <stdio.h>

#include "verinit/boot.h"
#include "verinit/version_string.h"

static const struct stage stages[] = {
        { STAGE_EARLY,    stage_early    }, /* a crash must end in a reset before anything can crash */
        { STAGE_CONFIG,   stage_config   }, /* untrusted text ends here */
        { STAGE_PROBE,    stage_probe    }, /* modules: none can be loaded once the policy is enforcing */
        { STAGE_PROVE,    stage_prove    }, /* before the first extend: it compares what firmware measured */
        { STAGE_ENTER,    stage_enter    }, /* before a byte of a disk is read, as systemd-pcrphase has it */
        { STAGE_FIND,     stage_find     },
        { STAGE_PLAN,     stage_plan     }, /* the last decision; everything after obeys */
        { STAGE_VERIFY,   stage_verify   }, /* before a mapping: a wrong image gets a verdict, not a panic */
        { STAGE_ACTIVATE, stage_activate },
        { STAGE_MEASURE,  stage_measure  }, /* an extend cannot be undone, a mount could already have been used */
        { STAGE_USR,      stage_usr      },
        { STAGE_MAC,      stage_mac      }, /* needs the verified /usr; before an unverified file system is parsed */
        { STAGE_ROOT,     stage_root     },
        { STAGE_RECORD,   stage_record   },
        { STAGE_HANDOFF,  stage_handoff  }, /* returns only to fail */
};

/*
 * Static: a boot needs no allocator to have a context, and a failing one has no stack to lose. All zeros, since one field
 * that is not would put the whole of it, 350 KB, into the file.
 */
static struct boot boot;
static struct error error;

int main(int argc, char *argv[])
{
        if (getpid() != 1) {
                if (argc == 2 && str_equal(argv[1], "--version")) {
                        dprintf(STDOUT_FILENO, "verinit %s\n", verinit_version);
                        return 0;
                }
                dprintf(STDERR_FILENO, "init: this is PID 1 of an initramfs; see verinit-init(8)\n");
                return 2;
        }

        /* Words of the command line are our environment; OPENSSL_CONF= or LIBBLKID_DEBUG= would reach our libraries. */
        (void) clearenv();

        boot.uevent_fd = boot.watchdog_fd = boot.data_fd = boot.hash_fd = boot.fec_fd = -1;
        boot.root_fd = os_open_root();
        boot_run(stages, ARRAY_SIZE(stages), &boot, &error);
        boot_fail(&boot, &error);
}
