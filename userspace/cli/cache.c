// SPDX-License-Identifier: GPL-2.0-only
/*
 * --cached and --polite.  All that is read of a file is then read by the module:
 * read(2) would bring in more than it is asked for, and leave it there.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "cache.h"
#include "options.h"
#include "packed.h"

void cache_option(int c, uint32_t *flags)
{
	*flags |= c == OPT_CACHED ? KSIFT_SCAN_CACHED : KSIFT_SCAN_POLITE;
}

int cache_check(struct ksift_ctx *ctx, const char *cmd, uint32_t flags)
{
	const char *option = flags & KSIFT_SCAN_CACHED ? "--cached" : "--polite";
	struct ksift_info info = { .size = sizeof(info) };
	const char *why = ksift_ctx_fallback(ctx);

	if (!flags)
		return CLI_OK;
	if (ksift_ctx_engine(ctx) == KSIFT_ENGINE_USER)
		return cli_error("%s: %s: only the kernel module can see the page cache%s%s",
				 cmd, option, why ? ": " : "", why ? why : "");
	if (ksift_ctx_info(ctx, KSIFT_VARIANT_BEST, &info, NULL) ||
	    !(info.out_features & KSIFT_FEATURE_CACHE))
		return cli_error("%s: %s: the kernel module is older than this program",
				 cmd, option);
	return CLI_OK;
}

/* The largest unit that there is one of in @n bytes. */
static const char *unit_of(uint64_t n, uint64_t *unit)
{
	static const char *const names[] = { "bytes", "kB", "MB", "GB", "TB", "PB", "EB" };
	unsigned int i = 0;

	for (*unit = 1; n / *unit >= 1000; *unit *= 1000)
		i++;
	return names[i];
}

void cache_report(int fd, const char *name, uint64_t to,
		  const struct ksift_scan_result *res)
{
	uint64_t all, seen, unit, end = res->end;
	const char *what;
	struct stat st;
	int digits;

	if (fstat(fd, &st))
		return;
	to = to < (uint64_t)st.st_size ? to : (uint64_t)st.st_size;
	end = end < to ? end : to;
	all = to > res->start ? to - res->start : 0;
	seen = end > res->start + res->absent ? end - res->start - res->absent : 0;
	what = unit_of(all, &unit);
	digits = unit > 1;
	cli_note("%s: %.*f of %.*f %s looked at, %" PRIu64 " read, %" PRIu64 " line%s cut",
		 name, digits, (double)seen / unit, digits, (double)all / unit, what,
		 res->bytes - res->walked, res->cut, res->cut == 1 ? "" : "s");
}

struct head {
	char text[PACKED_HEAD];
	size_t len;
};

static int take_head(void *arg, const struct ksift_chunk *chunk)
{
	struct head *head = arg;

	head->len = chunk->text_len < sizeof(head->text) ? chunk->text_len :
							   sizeof(head->text);
	memcpy(head->text, chunk->text, head->len);
	return -ECANCELED;
}

/* The first line has it: none of what is looked for has a newline in it. */
const struct packer *cache_packed_by(struct ksift_ctx *ctx,
				     const struct ksift_matcher *all, int fd,
				     uint32_t flags)
{
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	struct head head = { .len = 0 };

	opts.flags = flags | KSIFT_SCAN_TEXT;
	opts.to = 1;
	opts.chunk = take_head;
	opts.arg = &head;
	ksift_lines_scan(ctx, all, fd, &opts, NULL, NULL);
	return packed_head(head.text, head.len);
}
