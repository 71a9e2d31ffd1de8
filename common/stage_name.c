/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The names of the stages.
 */
#include "verinit/base.h"
#include "verinit/stage.h"

const char *stage_name(enum stage_id id)
{
        static const char *const names[_STAGE_MAX] = {
                [STAGE_EARLY] = "early",     [STAGE_CONFIG] = "config",     [STAGE_PROBE] = "probe",
                [STAGE_PROVE] = "prove",     [STAGE_ENTER] = "enter",       [STAGE_FIND] = "find",
                [STAGE_PLAN] = "plan",       [STAGE_VERIFY] = "verify",     [STAGE_ACTIVATE] = "activate",
                [STAGE_MEASURE] = "measure", [STAGE_USR] = "usr",           [STAGE_MAC] = "mac",
                [STAGE_ROOT] = "root",       [STAGE_RECORD] = "record",     [STAGE_HANDOFF] = "handoff",
        };

        return (unsigned) id < _STAGE_MAX ? names[id] : "unknown";
}
