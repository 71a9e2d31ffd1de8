/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text that is put together in memory: what it says of others is bounded, and cannot be markup or steer a terminal.
 */
#pragma once

#include "tool.h"

void page_add(struct buffer *page, const char *fmt, ...) _printf_(2, 3);

/*
 * At most max characters; where that cuts, the last three are dots. All but printable ASCII becomes '?', so the result is well
 * formed in every encoding, and nothing in it turns the direction of the line.
 */
void page_add_text(struct buffer *page, const char *text, size_t max);
/* The same, with the five characters of markup as entities: for HTML and SVG, in attributes too. */
void page_add_markup(struct buffer *page, const char *text, size_t max);
