/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_SEARCH_H
#define _KSIFT_SEARCH_H

#include "job.h"

/* Search what is open as @fd; @prefix: its name stands in front of lines. */
void search_fd(const struct grep *g, const char *name, int fd, bool prefix,
	       struct found *found);

#endif /* _KSIFT_SEARCH_H */
