/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --cached and --polite, for the commands that have them.
 */
#ifndef _KSIFT_CACHE_H
#define _KSIFT_CACHE_H

#include "cli.h"

/* Adds what option @c means to enum ksift_scan_flags. */
void cache_option(int c, uint32_t *flags);

/* Can @ctx do it?  Gives the exit status. */
int cache_check(struct ksift_ctx *ctx, const char *cmd, uint32_t flags);

/* Say how much of the file was looked at, of the part of it up to @to. */
void cache_report(int fd, const char *name, uint64_t to,
		  const struct ksift_scan_result *res);

/* NULL if it is not compressed, or its beginning is not to be had. */
const struct packer *cache_packed_by(struct ksift_ctx *ctx,
				     const struct ksift_matcher *all, int fd,
				     uint32_t flags);

#endif /* _KSIFT_CACHE_H */
