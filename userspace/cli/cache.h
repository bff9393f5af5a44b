/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --cached and --polite, for the commands that have them.
 */
#ifndef _KSIFT_CACHE_H
#define _KSIFT_CACHE_H

#include "cli.h"

#define CACHE_OPTIONS \
	{ "cached", no_argument, NULL, CLI_CACHED }, \
	{ "polite", no_argument, NULL, CLI_POLITE }

#define CACHE_HELP \
"  --cached             look only at what is in memory, read nothing, and say on\n" \
"                       standard error how much that was; lines that are not there\n" \
"                       as a whole are not looked at.  Needs the kernel module\n" \
"  --polite             leave the page cache as it is: what has to be read is\n" \
"                       dropped again, by one thread, which rests while others\n" \
"                       wait for memory or disks.  Needs the kernel module\n"

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
