// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of a RUN's arguments, see uapi/ksift.h.
 */
#include "check.h"

/* Offsets in a source are at most LLONG_MAX. */
#define SOURCE_MAX ((u64)~0ULL >> 1)

int ksift_check_element(u32 size, u32 known, bool wanted)
{
	if (size > known)
		return -EOPNOTSUPP;
	return size == (wanted ? known : 0) ? 0 : -EINVAL;
}

int ksift_check_array(u64 addr, u64 cap, size_t size)
{
	if (!addr != !cap)
		return -EINVAL;
	return cap > (U64_MAX - addr) / size ? -EFAULT : 0;
}

static int check_source(const struct ksift_run *run, u32 sources)
{
	if (run->__reserved || run->source > KSIFT_SOURCE_FILE ||
	    !(sources >> run->source & 1))
		return -EINVAL;
	if (run->source != KSIFT_SOURCE_FILE && run->source_fd)
		return -EINVAL;
	if (run->source != KSIFT_SOURCE_MEM && (run->base || run->len))
		return -EINVAL;
	if (run->base + run->len < run->base)
		return -EINVAL;
	if (run->to < run->from)
		return -EINVAL;
	if (run->source == KSIFT_SOURCE_NONE)
		return 0;
	if (run->from > SOURCE_MAX)
		return -EINVAL;
	if (run->to > SOURCE_MAX && run->to != U64_MAX)
		return -EINVAL;
	return 0;
}

static int check_flags(const struct ksift_run *run)
{
	const u32 known = KSIFT_RUN_CACHED | KSIFT_RUN_POLITE;

	if (run->flags & ~known)
		return -EOPNOTSUPP;
	if (run->flags == known)
		return -EINVAL;
	if (run->flags && run->source != KSIFT_SOURCE_FILE)
		return -EINVAL;
	if ((run->flags & KSIFT_RUN_CACHED) && run->kernel != KSIFT_KERNEL_LINES)
		return -EOPNOTSUPP;
	return 0;
}

static int check_resume(const struct ksift_run *run)
{
	const struct ksift_resume *resume = &run->resume;
	const u32 gone = KSIFT_RESUME_ABSENT | KSIFT_RESUME_CUT;
	const u32 inside = KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL;
	const u32 known = KSIFT_RESUME_VALID | KSIFT_RESUME_DONE |
			  KSIFT_RESUME_LIMIT | inside | gone;

	if (resume->flags & ~known)
		return -EOPNOTSUPP;
	if (resume->__reserved || (resume->flags & KSIFT_RESUME_DONE))
		return -EINVAL;
	if (!(resume->flags & KSIFT_RESUME_VALID))
		return resume->flags || resume->pos || resume->skip ? -EINVAL : 0;
	if (resume->pos < run->from)
		return -EINVAL;
	if (run->source != KSIFT_SOURCE_NONE && resume->pos > SOURCE_MAX)
		return -EINVAL;
	if (resume->flags & gone &&
	    (!(run->flags & KSIFT_RUN_CACHED) || resume->flags & inside ||
	     (resume->flags & gone) == gone))
		return -EINVAL;
	if (!(resume->flags & inside))
		return resume->skip ? -EINVAL : 0;
	if (run->kernel != KSIFT_KERNEL_LINES ||
	    (resume->flags & inside) == inside || resume->pos >= run->to)
		return -EINVAL;
	if (resume->skip > SOURCE_MAX - resume->pos)
		return -EINVAL;
	return 0;
}

int ksift_check_run(const struct ksift_run *run, u32 sources)
{
	int ret = check_source(run, sources);

	if (!ret)
		ret = check_flags(run);
	return ret ? ret : check_resume(run);
}

int ksift_check_lines(const struct ksift_lines *args)
{
	int ret;

	if (args->flags & ~(KSIFT_LINES_TOTAL | KSIFT_LINES_LEVELS))
		return -EOPNOTSUPP;
	if (args->__reserved)
		return -EINVAL;
	ret = ksift_check_array(args->text, args->text_cap, 1);
	if (!ret)
		ret = ksift_check_array(args->records, args->records_cap,
					sizeof(struct ksift_record));
	if (!ret)
		ret = ksift_check_array(args->pattern_counts,
					args->pattern_counts_cap, sizeof(u64));
	return ret ? ret : ksift_check_element(args->record_size,
					       sizeof(struct ksift_record),
					       args->records);
}
