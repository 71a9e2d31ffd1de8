/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one vocabulary. A stage's name is its file (init/stage_<name>.c), its function, the prefix of its log
 * lines, its key in boot.json, its heading in docs/ARCHITECTURE.md and the prefix of its tests.
 */
#pragma once

enum stage_id {
        STAGE_EARLY = 0,
        STAGE_CONFIG,
        STAGE_PROBE,
        STAGE_PROVE,
        STAGE_ENTER,
        STAGE_FIND,
        STAGE_PLAN,
        STAGE_VERIFY,
        STAGE_ACTIVATE,
        STAGE_MEASURE,
        STAGE_USR,
        STAGE_MAC,
        STAGE_ROOT,
        STAGE_RECORD,
        STAGE_HANDOFF,
        _STAGE_MAX,
};

const char *stage_name(enum stage_id id);
