/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What this build calls itself: made from git by the build, so that only one object changes with it.
 */
#pragma once

extern const char verinit_version[];
