/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LIBKSIFT_RE_EMIT_H
#define _LIBKSIFT_RE_EMIT_H

#include "re_values.h"

/*
 * Values to a program: @roots are the values that the KSIFT_PATTERNS_MAX patterns accept,
 * -1 for one that there is not.  Returns 0, -E2BIG, where it is not within a program's
 * limits, or -ENOMEM.  What @scratch points to is NULL for the first of several attempts.
 */
int ksift_re_emit(struct re_arena *arena, void **scratch, const struct re_values *v,
		  const int *roots, unsigned int flags, struct re_program *out);

#endif /* _LIBKSIFT_RE_EMIT_H */
