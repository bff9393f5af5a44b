// SPDX-License-Identifier: GPL-2.0-only
/*
 * INFO, FILTER and RUN of the user engine, and its compute kernels.
 *
 * Only this library makes filters and the arguments of the compute kernels, and makes
 * them right.  The arguments of a run over lines may be a program's, and are checked.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/types.h>

#include "engine/automaton.h"
#include "engine/check.h"
#include "engine/lineprog.h"
#include "engine/variants.h"
#include "user.h"

/* Numbers computed before the caller is asked whether to go on. */
#define WORK_NUMBERS (KSIFT_USER_WORK / sizeof(u64))

#define INT_SIZE sizeof(u64)

/* The sources of kernels that take bytes. */
#define BYTE_SOURCES (1 << KSIFT_SOURCE_MEM | 1 << KSIFT_SOURCE_FILE)

int ksift_user_info(u32 variant, struct ksift_info *info)
{
	const struct ksift_variant_ops *ops;
	u64 usable;

	ops = ksift_variant_get(variant, &usable);
	if (!ops)
		return -EOPNOTSUPP;
	info->out_variant = ops->id;
	info->out_features = KSIFT_FEATURE_LEVELS | KSIFT_FEATURE_LINE_PROGRAMS;
	info->out_kernels = 1 << KSIFT_KERNEL_LINES | 1 << KSIFT_KERNEL_FIB |
			    1 << KSIFT_KERNEL_SUMSQ | 1 << KSIFT_KERNEL_SUM_I64;
	info->out_variants = usable;
	strncpy((char *)info->out_variant_name, ops->name, sizeof(info->out_variant_name) - 1);
	return 0;
}

/* What @addr points to in this process. */
static const void *there(u64 addr)
{
	return (const void *)(uintptr_t)addr;
}

static u32 bytes_of(const struct ksift_pattern *pats, u32 count)
{
	u32 i, bytes = 0;

	for (i = 0; i < count; i++)
		bytes += pats[i].len;
	return bytes;
}

static u8 *put_bytes(u8 *to, const struct ksift_pattern *pat)
{
	if (pat->len)
		memcpy(to, there(pat->data), pat->len);
	return to + pat->len;
}

/* A filter, not compiled, with the patterns' bytes at *@data; or NULL. */
static struct ksift_prog *copy_patterns(const struct ksift_pattern *pats, u32 count, u8 **data)
{
	u32 i, bytes = bytes_of(pats, count);
	struct ksift_prog *prog;
	void *mem;
	u8 *p;

	mem = calloc(1, ksift_prog_size(count, bytes));
	if (!mem)
		return NULL;
	prog = ksift_prog_init(mem, count, bytes, data);
	p = *data;
	for (i = 0; i < count; i++) {
		p = put_bytes(p, &pats[i]);
		prog->lits[i].len = pats[i].len;
		prog->lits[i].flags = pats[i].flags;
		prog->lits[i].group = pats[i].group;
	}
	return prog;
}

static void compile(struct ksift_prog *prog, u8 *data, u32 flags)
{
	struct ksift_build build;

	ksift_prog_start(&build, prog, data, flags);
	while (ksift_prog_step(&build))
		;
}

static int make_lines(struct ksift_prog *prog, const struct ksift_line_program *given)
{
	const struct ksift_pattern *literals = there(given->literals);
	struct ksift_lineprog_source src = {
		.ops = there(given->ops),
		.sets = there(given->sets),
		.literals = literals,
		.op_count = given->op_count,
		.set_count = given->set_count,
		.literal_count = given->literal_count,
		.pattern_count = prog->count,
	};
	struct ksift_lineprog *lines;
	u8 *bytes, *p;
	size_t size;
	void *mem;
	u32 i;
	int ret;

	bytes = malloc(bytes_of(literals, given->literal_count) + 1);
	if (!bytes)
		return -ENOMEM;
	for (i = 0, p = bytes; i < given->literal_count; i++)
		p = put_bytes(p, &literals[i]);
	src.bytes = bytes;
	size = (ksift_lineprog_size(&src) + 63) & ~(size_t)63;
	mem = aligned_alloc(64, size);
	if (!mem) {
		free(bytes);
		return -ENOMEM;
	}
	memset(mem, 0, size);
	ret = ksift_lineprog_make(mem, &src, &lines);
	free(bytes);
	if (ret)
		free(mem);
	else
		prog->lines = lines;
	return ret;
}

static int make_hints(struct ksift_prog *prog, const struct ksift_line_program *given)
{
	struct ksift_prog *hints;
	u8 *data;

	if (!given->hint_count)
		return 0;
	hints = copy_patterns(there(given->hints), given->hint_count, &data);
	if (!hints)
		return -ENOMEM;
	compile(hints, data, 0);
	prog->hints = hints;
	return 0;
}

/* The sets of the automata are behind them, in the same memory. */
static int make_automata(struct ksift_prog *prog, const struct ksift_line_program *given)
{
	const struct ksift_automaton *automata = there(given->automata);
	u32 i, n, total = 0;
	struct ksift_set *sets;
	struct ksift_nfa *nfas;

	for (i = 0; i < given->automaton_count; i++)
		total += KSIFT_AUTOMATON_FOLLOW + automata[i].positions;
	if (!total)
		return 0;
	nfas = malloc(i * sizeof(*nfas) + total * sizeof(*sets));
	if (!nfas)
		return -ENOMEM;
	sets = (void *)(nfas + i);
	prog->nfas = nfas;
	for (i = 0; i < given->automaton_count; i++, sets += n) {
		n = KSIFT_AUTOMATON_FOLLOW + automata[i].positions;
		memcpy(sets, there(automata[i].sets), n * sizeof(*sets));
		nfas[i] = (struct ksift_nfa){
			.sets = sets,
			.positions = automata[i].positions,
			.pattern = automata[i].pattern,
			.empty = automata[i].empty,
		};
		if (ksift_nfa_verify(&nfas[i]))
			return -EINVAL;
	}
	prog->nfa_count = i;
	prog->nfa_positions = total - i * KSIFT_AUTOMATON_FOLLOW;
	return 0;
}

int ksift_user_filter(const struct ksift_filter *filter, struct ksift_prog **out)
{
	const struct ksift_line_program *given = there(filter->line_program);
	struct ksift_prog *prog;
	int ret = 0;
	u8 *data;

	prog = copy_patterns(there(filter->patterns), filter->pattern_count, &data);
	if (!prog)
		return -ENOMEM;
	prog->level_mask = filter->level_mask;
	if (given) {
		ret = make_lines(prog, given);
		ret = ret ? ret : make_hints(prog, given);
		ret = ret ? ret : make_automata(prog, given);
	}
	if (ret) {
		ksift_user_filter_free(prog);
		return ret;
	}
	compile(prog, data, filter->flags);
	*out = prog;
	return 0;
}

void ksift_user_filter_free(struct ksift_prog *prog)
{
	if (!prog)
		return;
	free((void *)prog->lines);
	free((void *)prog->hints);
	free((void *)prog->nfas);
	free(prog);
}

static int user_run_fib(struct ksift_run *run, struct ksift_fib *args)
{
	u64 pos = ksift_compute_start(run);
	u64 n = min(run->to - pos, min(args->values_cap, WORK_NUMBERS));

	ksift_fib_fill(pos, (u64 *)(uintptr_t)args->values, n);
	pos += n;
	args->out_count = n;
	args->out_flags = pos - 1 > KSIFT_FIB_EXACT_MAX ? KSIFT_FIB_WRAPPED : 0;
	ksift_compute_stop(run, pos, pos == run->to);
	return 0;
}

static int user_run_sumsq(struct ksift_run *run, struct ksift_sumsq *args)
{
	struct ksift_sumsq_value *values = (void *)(uintptr_t)args->values;
	const u8 *numbers = (void *)(uintptr_t)run->base;
	u64 pos = ksift_compute_start(run), i, n, count;

	if (run->source == KSIFT_SOURCE_NONE) {
		memset(&args->out_value, 0, sizeof(args->out_value));
		if (pos < run->to)
			ksift_sumsq_between(pos, run->to, &args->out_value);
		ksift_compute_stop(run, run->to, true);
		return 0;
	}
	count = min((run->len - pos) / INT_SIZE, min(args->values_cap, WORK_NUMBERS));
	for (i = 0; i < count; i++) {
		memcpy(&n, numbers + pos + i * INT_SIZE, INT_SIZE);
		ksift_sumsq_between(0, n, &values[i]);
	}
	pos += count * INT_SIZE;
	args->out_count = count;
	ksift_compute_stop(run, pos, pos == run->len);
	return 0;
}

static int sum_source(struct ksift_src *src, const struct ksift_variant_ops *ops,
		      struct ksift_run *run, struct ksift_sum_i64 *args)
{
	struct ksift_sum128 sum = { 0, 0 };
	u64 pos = ksift_compute_start(run), whole = 0;
	bool done, absent;
	int ret = 0;

	args->out_tail = 0;
	/* An integer that began before the range is not the range's. */
	pos += -pos % INT_SIZE;
	done = pos >= run->to;
	while (!done && src->bytes < KSIFT_USER_WORK) {
		struct ksift_piece piece;
		u64 n, last;

		ret = ksift_source_next(src, pos, 0, &piece);
		if (ret)
			break;
		n = (min(run->to - pos, piece.len) + INT_SIZE - 1) / INT_SIZE;
		n = min(n, piece.len / INT_SIZE);
		if (piece.buf)
			n = min(n, WORK_NUMBERS);
		if (n) {
			ksift_source_account(src, &piece, n * INT_SIZE);
		} else {
			/* An integer that lies in two pieces, or a tail. */
			ret = ksift_source_read(src, pos, &last, INT_SIZE, &absent);
			if (ret < 0)
				break;
			piece.buf = (const u8 *)&last;
			n = ret / INT_SIZE;
			args->out_tail = ret % INT_SIZE;
			done = !n;
		}
		if (n && piece.buf)
			ksift_sum128_add(ops, &sum, piece.buf, n);
		ret = 0;
		pos += n * INT_SIZE;
		whole += n;
		done |= pos >= run->to;
	}
	/* Return what was summed before an error: the next call will meet that again. */
	if (ret && !whole)
		return ret;
	args->out_lo = sum.lo;
	args->out_hi = sum.hi;
	args->out_count = whole;
	run->out_bytes = src->bytes;
	ksift_compute_stop(run, pos, done);
	return 0;
}

static int user_run_sum_i64(struct ksift_caller *caller,
			    const struct ksift_variant_ops *ops,
			    struct ksift_run *run, struct ksift_sum_i64 *args)
{
	struct ksift_src src;
	int ret;

	ret = ksift_check_run(run, BYTE_SOURCES);
	if (!ret)
		ret = ksift_source_open(&src, run, caller);
	if (ret)
		return ret;
	ret = sum_source(&src, ops, run, args);
	ksift_source_close(&src);
	return ret;
}

/* Is all that follows the first @known bytes of a structure zero? */
static bool tail_is_zero(const void *p, u32 known)
{
	const u8 *bytes = p;
	u32 size, i;

	memcpy(&size, p, sizeof(size));
	for (i = known; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

static int drive_lines(struct ksift_caller *caller, const struct ksift_prog *prog,
		       const struct ksift_variant_ops *ops, struct ksift_run *run,
		       struct ksift_lines *args)
{
	struct ksift_src src;
	struct ksift_drive d = {
		.run = run,
		.args = args,
		.prog = prog,
		.ops = ops,
		.src = &src,
		.work = KSIFT_USER_WORK,
	};
	int ret;

	ret = ksift_source_open(&src, run, caller);
	if (ret)
		return ret;
	d.scan = malloc(ksift_scan_size(prog));
	d.stage = malloc(KSIFT_STAGE_SIZE);
	d.record = malloc(KSIFT_RECORDS_HELD * sizeof(*d.record));
	ret = -ENOMEM;
	if (d.scan && d.stage && d.record)
		ret = ksift_drive_lines(&d);
	run->out_bytes = src.bytes;
	free(d.record);
	free(d.stage);
	free(d.scan);
	ksift_source_close(&src);
	return ret;
}

static int user_run_lines(struct ksift_caller *caller, const struct ksift_prog *prog,
			  const struct ksift_variant_ops *ops, struct ksift_run *run)
{
	struct ksift_lines *user = (void *)(uintptr_t)run->args;
	struct ksift_lines args;
	int ret;

	ret = ksift_check_run(run, BYTE_SOURCES);
	if (ret)
		return ret;
	if (!tail_is_zero(user, sizeof(args)))
		return -E2BIG;
	memcpy(&args, user, sizeof(args));
	ret = ksift_check_lines(&args);
	if (!ret)
		ret = drive_lines(caller, prog, ops, run, &args);
	/* The caller gets its own error, with which nothing has changed: it may retry. */
	if (caller->said < 0)
		ret = -EINTR;
	if (!ret)
		memcpy(user, &args, sizeof(args));
	return ret;
}

int ksift_user_run(struct ksift_caller *caller, const struct ksift_prog *prog,
		   struct ksift_run *user)
{
	void *args = (void *)(uintptr_t)user->args;
	const struct ksift_variant_ops *ops;
	struct ksift_run run;
	u64 usable;
	int ret;

	if (!tail_is_zero(user, sizeof(run)))
		return -E2BIG;
	memcpy(&run, user, sizeof(run));
	ops = ksift_variant_get(run.variant, &usable);
	if (!ops || run.flags)
		return -EOPNOTSUPP;
	run.out_bytes = 0;
	run.out_walked = 0;
	run.out_absent = 0;
	run.out_cut = 0;
	run.out_variant = ops->id;
	switch (run.kernel) {
	case KSIFT_KERNEL_LINES:
		ret = user_run_lines(caller, prog, ops, &run);
		break;
	case KSIFT_KERNEL_FIB:
		ret = user_run_fib(&run, args);
		break;
	case KSIFT_KERNEL_SUMSQ:
		ret = user_run_sumsq(&run, args);
		break;
	case KSIFT_KERNEL_SUM_I64:
		ret = user_run_sum_i64(caller, ops, &run, args);
		break;
	default:
		ret = -EOPNOTSUPP;
		break;
	}
	if (ret)
		return ret;
	run.resume.flags |= KSIFT_RESUME_VALID;
	memcpy(user, &run, sizeof(run));
	return 0;
}
