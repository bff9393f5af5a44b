/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LIBKSIFT_RE_HINTS_H
#define _LIBKSIFT_RE_HINTS_H

#include "re_shape.h"

/**
 * struct re_hinted - A pattern of the filter for which hints are wanted
 * @shape: Its shape, or NULL: there is no such pattern
 * @group: Its group
 * @exclude: It excludes
 */
struct re_hinted {
	const struct re_shape *shape;
	unsigned int group;
	bool exclude;
};

/* The hints of a program, if there are good ones: none, where there is no memory. */
void ksift_re_hints(struct re_arena *arena, const struct re_hinted *patterns,
		    struct re_program *out);

#endif /* _LIBKSIFT_RE_HINTS_H */
