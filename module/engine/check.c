// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of the arguments of RUN and FILTER, see uapi/ksift.h.
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

#define PATTERN_FLAGS (KSIFT_PATTERN_ANCHORED | KSIFT_PATTERN_FOLD | \
		       KSIFT_PATTERN_EXCLUDE)

int ksift_check_pattern(const struct ksift_pattern *pat, u32 program)
{
	if (pat->flags & ~PATTERN_FLAGS)
		return -EOPNOTSUPP;
	if (pat->__reserved || pat->len > KSIFT_PATTERN_LEN_MAX ||
	    pat->group >= KSIFT_GROUPS_MAX)
		return -EINVAL;
	if ((pat->flags & KSIFT_PATTERN_EXCLUDE) && pat->group)
		return -EINVAL;
	if (program == KSIFT_PROGRAM_LINES &&
	    (pat->data || pat->len || (pat->flags & ~KSIFT_PATTERN_EXCLUDE)))
		return -EINVAL;
	return 0;
}

/* Is a pointer given to as many elements as there are, and to no others? */
static bool array_wrong(u64 addr, u32 count, u32 most)
{
	return count > most || !addr != !count;
}

int ksift_check_line_program(const struct ksift_line_program *program)
{
	if (program->flags)
		return -EOPNOTSUPP;
	if (!program->op_count ||
	    array_wrong(program->ops, program->op_count, KSIFT_OPS_MAX) ||
	    array_wrong(program->sets, program->set_count, KSIFT_SETS_MAX) ||
	    array_wrong(program->literals, program->literal_count, KSIFT_OPS_MAX) ||
	    array_wrong(program->hints, program->hint_count, KSIFT_HINTS_MAX) ||
	    array_wrong(program->automata, program->automaton_count,
			KSIFT_PATTERNS_MAX))
		return -EINVAL;
	return ksift_check_element(program->op_size, sizeof(struct ksift_op), true);
}

int ksift_check_literal(const struct ksift_pattern *pat, u32 flags, u32 most)
{
	if (pat->flags & ~PATTERN_FLAGS)
		return -EOPNOTSUPP;
	if ((pat->flags & ~flags) || pat->group || pat->__reserved || !pat->len ||
	    pat->len > most)
		return -EINVAL;
	return 0;
}

int ksift_check_automaton(const struct ksift_automaton *automaton, u32 patterns,
			  u64 before, u32 *positions)
{
	if (automaton->__reserved || automaton->pattern >= patterns ||
	    (before >> automaton->pattern & 1) || !automaton->positions ||
	    automaton->positions > KSIFT_POSITIONS_MAX || automaton->empty >> 9)
		return -EINVAL;
	*positions += automaton->positions;
	return *positions > KSIFT_POSITIONS_ALL_MAX ? -EINVAL : 0;
}
