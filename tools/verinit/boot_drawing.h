/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parts of the picture. Each draws below y and answers where it ends.
 */
#pragma once

#include "boot_report.h"
#include "page.h"

enum { DRAWING_WIDTH = 1040 };

double boot_draw_timeline(const struct boot_report *r, double y, struct buffer *page);
double boot_draw_facts(const struct boot_report *r, double y, struct buffer *page);
void boot_draw_description(const struct boot_report *r, struct buffer *page);

/* How much of text goes on the next line of at most columns characters: up to a blank, if one is near. */
size_t boot_draw_line_length(const char *text, size_t columns);
