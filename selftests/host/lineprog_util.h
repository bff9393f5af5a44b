/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests and the fuzzer of line programs share: a program in memory, what it
 * finds according to its definition, place by place, and what the engine says.
 */
#ifndef KSIFT_HOST_LINEPROG_UTIL_H
#define KSIFT_HOST_LINEPROG_UTIL_H

#include "engine/lineprog.h"
#include "engine_util.h"

#define LITERALS_MAX	16

/* A program as a test has it: its literals lie in the source's one after the other. */
struct program {
	struct ksift_op ops[KSIFT_OPS_MAX];
	struct ksift_set sets[KSIFT_SETS_MAX];
	struct ksift_pattern literals[LITERALS_MAX];
	u8 bytes[LITERALS_MAX * KSIFT_OP_LITERAL_MAX];
	u32 op_count;
	u32 set_count;
	u32 literal_count;
	u32 byte_count;
	u32 pattern_count;
};

static inline struct ksift_lineprog_source source_of(const struct program *p)
{
	return (struct ksift_lineprog_source){
		.ops = p->ops,
		.sets = p->sets,
		.literals = p->literals,
		.bytes = p->bytes,
		.op_count = p->op_count,
		.set_count = p->set_count,
		.literal_count = p->literal_count,
		.pattern_count = p->pattern_count,
	};
}

static inline void add_op(struct program *p, u32 code, u32 dst, u32 a, u32 b, u32 k)
{
	MUST(p->op_count < KSIFT_OPS_MAX);
	p->ops[p->op_count++] = (struct ksift_op){ code, dst, a, b, k, 0 };
}

static inline u32 add_literal(struct program *p, const void *bytes, u32 len, u32 flags)
{
	MUST(p->literal_count < LITERALS_MAX);
	memcpy(p->bytes + p->byte_count, bytes, len);
	p->byte_count += len;
	p->literals[p->literal_count] = (struct ksift_pattern){ .len = len, .flags = flags };
	return p->literal_count++;
}

static inline u32 add_set(struct program *p, const void *bytes, u32 count, bool complement)
{
	struct ksift_set *set = &p->sets[p->set_count];
	const u8 *c = bytes;
	u32 i;

	MUST(p->set_count < KSIFT_SETS_MAX);
	memset(set, complement ? 0xff : 0, sizeof(*set));
	for (i = 0; i < count; i++)
		if (complement)
			set->bits[c[i] / 64] &= ~(1ULL << c[i] % 64);
		else
			set->bits[c[i] / 64] |= 1ULL << c[i] % 64;
	return p->set_count++;
}

static inline void *alloc64(size_t size)
{
	void *mem = NULL;

	/* Exactly so many bytes: a sanitizer sees what is beyond. */
	if (posix_memalign(&mem, 64, size))
		abort();
	return mem;
}

/* Returns what it is made in, which is freed with it. */
static inline int make_program(const struct program *p, struct ksift_lineprog **prog,
			       void **mem)
{
	struct ksift_lineprog_source src = source_of(p);
	size_t size = ksift_lineprog_size(&src);
	int ret;

	*mem = alloc64(size);
	memset(*mem, 0, size);
	ret = ksift_lineprog_make(*mem, &src, prog);
	if (!ret)
		return 0;
	free(*mem);
	*mem = NULL;
	return ret;
}

static inline bool oracle_in_set(const struct ksift_set *set, u8 c)
{
	return set->bits[c / 64] >> c % 64 & 1;
}

static inline u8 oracle_case(u8 c, bool fold)
{
	return fold && c >= 'a' && c <= 'z' ? c - 32 : c;
}

/* The places of a line of @len bytes at which a literal ends. */
static inline bool oracle_literal_ends(const struct program *p, u32 n, const u8 *line, size_t i)
{
	const u8 *bytes = p->bytes;
	bool fold = p->literals[n].flags & KSIFT_PATTERN_FOLD;
	u32 k, len = p->literals[n].len;

	for (k = 0; k < n; k++)
		bytes += p->literals[k].len;
	if (i < len)
		return false;
	for (k = 0; k < len; k++)
		if (oracle_case(bytes[k], fold) != oracle_case(line[i - len + k], fold))
			return false;
	return true;
}

/* The patterns of one line, straight from what the operations mean.  SKIP means nothing. */
static inline u64 oracle_line(const struct program *p, const u8 *line, size_t len)
{
	size_t places = len + 1, i, q;
	bool *regs = calloc(KSIFT_REGISTERS_MAX, places);
	bool *d = malloc(places);
	u64 found = 0;
	u32 n;

	for (n = 0; n < p->op_count; n++) {
		const struct ksift_op *op = &p->ops[n];
		const bool *a = regs + (op->a & 63) * places;
		const bool *b = regs + (op->b & 63) * places;

		memset(d, 0, places);
		for (i = 0; i < places; i++) {
			switch (op->code) {
			case KSIFT_OP_CLASS:
				if (i < op->k)
					break;
				q = i - op->k;
				d[i] = oracle_in_set(&p->sets[op->a],
						     q < len ? line[q] : '\n');
				break;
			case KSIFT_OP_NEWLINE:
				d[i] = i == len;
				break;
			case KSIFT_OP_START:
				d[i] = i == 0;
				break;
			case KSIFT_OP_LITERAL:
				d[i] = oracle_literal_ends(p, op->k, line, i);
				break;
			case KSIFT_OP_AND:
				d[i] = a[i] && b[i];
				break;
			case KSIFT_OP_OR:
				d[i] = a[i] || b[i];
				break;
			case KSIFT_OP_ANDNOT:
				d[i] = a[i] && !b[i];
				break;
			case KSIFT_OP_XOR:
				d[i] = a[i] != b[i];
				break;
			case KSIFT_OP_ADVANCE:
				d[i] = i >= op->k && a[i - op->k];
				break;
			case KSIFT_OP_RUN:
				if (!a[i])
					break;
				for (q = i; d[q] = true, q < len && b[q]; q++)
					if (q > i && a[q])
						break;
				break;
			case KSIFT_OP_THRU:
				if (!a[i])
					break;
				for (q = i; q < len && b[q]; q++)
					if (q > i && a[q])
						break;
				if (q == len || !b[q])
					d[q] = true;
				break;
			case KSIFT_OP_PARITY:
				d[i] = (i && d[i - 1]) != a[i];
				break;
			case KSIFT_OP_ACCEPT:
				if (a[i])
					found |= 1ULL << op->k;
				break;
			}
		}
		if (op->code < KSIFT_OP_ACCEPT)
			memcpy(regs + op->dst * places, d, places);
	}
	free(d);
	free(regs);
	return found;
}

/* The patterns of each line of a text: @lines has room for one more than it has bytes. */
static inline size_t oracle_lines(const struct program *p, const u8 *text, size_t len,
				  u64 *lines)
{
	size_t pos = 0, n = 0;

	while (pos < len) {
		const u8 *nl = memchr(text + pos, '\n', len - pos);
		size_t end = nl ? (size_t)(nl - text) : len;

		lines[n++] = oracle_line(p, text + pos, end - pos);
		pos = end + 1;
	}
	return n;
}

/* Memory between two pages that cannot be touched. */
struct fenced {
	u8 *start;
	size_t size;
};

static inline struct fenced fenced_alloc(size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t room = (size + page - 1) / page * page;
	u8 *map = mmap(NULL, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED || mprotect(map + page, room, PROT_READ | PROT_WRITE))
		abort();
	return (struct fenced){ map + page, room };
}

static inline void fenced_free(struct fenced *f)
{
	size_t page = sysconf(_SC_PAGESIZE);

	munmap(f->start - page, f->size + 2 * page);
}

/* How a text is cut into pieces; a function so that a fuzzer decides it by its input. */
struct cutter {
	u32 (*pick)(void *arg, u32 below);
	void *arg;
	size_t piece_max;
};

static inline void take_lines(const struct ksift_lineprog_work *work,
			      const struct program *p, const u8 *piece, size_t done,
			      u64 *lines, size_t *count)
{
	size_t i;
	u32 k;

	for (i = 0; i < (done + 63) / 64 * 64; i++) {
		bool is_end = i < done && piece[i] == '\n';

		MUST((work->newlines[i / 64] >> i % 64 & 1) == is_end);
		if (is_end)
			lines[*count] = 0;
		for (k = 0; k < p->pattern_count; k++) {
			if (!(work->some >> k & 1) ||
			    !(ksift_lineprog_accepted(work, k)[i / 64] >> i % 64 & 1))
				continue;
			MUST(is_end);
			lines[*count] |= 1ULL << k;
		}
		*count += is_end;
	}
	MUST(!(work->some & ~(p->pattern_count < 64 ? (1ULL << p->pattern_count) - 1 : U64_MAX)));
}

/* What the engine says of each line, the text being cut into pieces that are fenced in. */
static inline size_t engine_lines(const struct program *p, const struct ksift_lineprog *prog,
				  const struct ksift_variant_ops *ops, struct fenced *fence,
				  const u8 *text, size_t len, struct cutter *cut, u64 *lines)
{
	struct ksift_lineprog_work *work = alloc64(ksift_lineprog_work_size(prog));
	void *state = alloc64(ksift_lineprog_state_size(prog));
	size_t pos = 0, count = 0;

	/* Nothing in it counts. */
	memset(work, 0x5a, ksift_lineprog_work_size(prog));
	memset(state, 0x5a, ksift_lineprog_state_size(prog));
	ksift_lineprog_begin(prog, state);
	while (pos < len) {
		size_t n = 1 + cut->pick(cut->arg, min(cut->piece_max, len - pos)), done, at;
		u8 *piece;

		if (!text[pos] && cut->pick(cut->arg, 2)) {
			u64 went;

			for (n = 1; pos + n < len && !text[pos + n]; n++)
				;
			went = ksift_lineprog_zeros(ops, prog, state, work, n);
			MUST(went >= 1 && went <= n && !work->some);
			pos += went;
			continue;
		}
		if (cut->pick(cut->arg, 2))
			piece = fence->start;
		else
			piece = fence->start + fence->size - n;
		memcpy(piece, text + pos, n);
		for (at = 0; at < n; at += done) {
			done = ksift_lineprog_feed(ops, prog, state, work, piece + at,
						   n - at, n - at);
			MUST(done >= 1 && done <= n - at);
			take_lines(work, p, piece + at, done, lines, &count);
		}
		pos += n;
	}
	if (len && text[len - 1] != '\n')
		lines[count++] = ksift_lineprog_end(ops, prog, state, work);
	free(state);
	free(work);
	return count;
}

#endif /* KSIFT_HOST_LINEPROG_UTIL_H */
