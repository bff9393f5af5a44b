/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LIBKSIFT_RE_SHOW_H
#define _LIBKSIFT_RE_SHOW_H

#include "re_lower.h"

/*
 * A program as text, for people: its hints, its operations, one a line, and what its
 * answers are worth.  @nul_lines: lines end with a NUL, so that NUL and newline have
 * changed places.  NULL: there is no memory.
 */
const char *ksift_re_show(struct re_arena *arena, const struct re_program *program, bool nul_lines);

#endif /* _LIBKSIFT_RE_SHOW_H */
