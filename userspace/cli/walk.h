/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_WALK_H
#define _KSIFT_WALK_H

#include "job.h"

/* Search what a command line names; NULL is what -r searches without a name. */
void walk_path(const struct grep *g, const char *path, struct found *found);

#endif /* _KSIFT_WALK_H */
