/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmocka wants these headers before its own.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verinit/base.h"
