/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a driver asks the kernel for, by the kernel's own test module. Each returns 0, or the errno of what was refused. */

/* Whether the host's /usr brings the module: others have nothing to try. */
int firmware_is_here(void);

int firmware_module_load(void);

/* A file that /usr alone has. */
int firmware_of_usr(void);

/* A file that only a directory in /run has, which the kernel is told to look in first. */
int firmware_of_run(void);

/* A file that both have. */
int firmware_of_both(void);
