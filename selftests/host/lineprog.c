// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of line programs: what the verifier refuses, and random programs on random
 * texts, cut into pieces at random, with every usable variant, against what each
 * operation means, place by place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "engine/linecode.h"
#include "lineprog_util.h"

#define TEXT_MAX	20000

static u64 want[TEXT_MAX + 1], got[TEXT_MAX + 1];

static u32 pick_rnd(void *arg, u32 below)
{
	(void)arg;
	return rnd(below);
}

static const char *const op_names[] = {
	"CLASS", "NEWLINE", "START", "LITERAL", "AND", "OR", "ANDNOT", "XOR",
	"ADVANCE", "RUN", "THRU", "PARITY", "ACCEPT", "SKIP",
};

static void print_program(const struct program *p)
{
	u32 i;

	for (i = 0; i < p->op_count; i++) {
		const struct ksift_op *op = &p->ops[i];

		print_error("%3u %8s d %u, a %u, b %u, k %u\n", i, op_names[op->code],
			    op->dst, op->a, op->b, op->k);
	}
	for (i = 0; i < p->set_count; i++)
		print_error("set %u: %016llx %016llx %016llx %016llx\n", i,
			    (unsigned long long)p->sets[i].bits[0],
			    (unsigned long long)p->sets[i].bits[1],
			    (unsigned long long)p->sets[i].bits[2],
			    (unsigned long long)p->sets[i].bits[3]);
}

/* Every usable variant has to say @want of the lines of @text. */
static void check(const struct program *p, const u8 *text, size_t len,
		  size_t piece_max, struct fenced *fence, uint64_t case_seed)
{
	struct cutter cut = { .pick = pick_rnd, .piece_max = piece_max };
	const struct ksift_variant_ops *const *v;
	struct ksift_lineprog *prog;
	size_t i, n, count = oracle_lines(p, text, len, want);
	void *mem;
	int ret = make_program(p, &prog, &mem);

	if (ret) {
		print_program(p);
		fail_msg("seed %#llx: %d", (unsigned long long)case_seed, ret);
	}
	for (v = ksift_variants; *v; v++) {
		if (!ksift_variant_usable(*v))
			continue;
		n = engine_lines(p, prog, *v, fence, text, len, &cut, got);
		for (i = 0; i < n && i < count && got[i] == want[i]; i++)
			;
		if (n == count && i == count)
			continue;
		print_program(p);
		fail_msg("%s, seed %#llx, %zu bytes, pieces of %zu: line %zu of %zu has %#llx, not %#llx",
			 (*v)->name, (unsigned long long)case_seed, len, piece_max, i,
			 count, (unsigned long long)got[i], (unsigned long long)want[i]);
	}
	free(mem);
}

/* A program that has nothing but one of each kind of operation, and is right. */
static void make_valid(struct program *p)
{
	memset(p, 0, sizeof(*p));
	p->pattern_count = 2;
	add_set(p, "ab", 2, false);
	add_literal(p, "ab", 2, 0);
	add_op(p, KSIFT_OP_CLASS, 0, 0, 0, 64);
	add_op(p, KSIFT_OP_NEWLINE, 1, 0, 0, 0);
	add_op(p, KSIFT_OP_START, 2, 0, 0, 0);
	add_op(p, KSIFT_OP_LITERAL, 3, 0, 0, 0);
	add_op(p, KSIFT_OP_AND, 4, 0, 1, 0);
	add_op(p, KSIFT_OP_OR, 5, 2, 3, 0);
	add_op(p, KSIFT_OP_SKIP, 0, 5, 0, 9);
	add_op(p, KSIFT_OP_CLASS, 9, 0, 0, 0);		/* 7 */
	add_op(p, KSIFT_OP_ANDNOT, 6, 5, 1, 0);
	add_op(p, KSIFT_OP_XOR, 7, 6, 5, 0);
	add_op(p, KSIFT_OP_ADVANCE, 8, 7, 0, 64);
	add_op(p, KSIFT_OP_RUN, 63, 8, 9, 0);
	add_op(p, KSIFT_OP_THRU, 10, 63, 2, 0);
	add_op(p, KSIFT_OP_PARITY, 11, 10, 0, 0);
	add_op(p, KSIFT_OP_OR, 12, 11, 10, 0);
	add_op(p, KSIFT_OP_ACCEPT, 0, 12, 0, 1);	/* 15 */
	add_op(p, KSIFT_OP_OR, 13, 12, 4, 0);
	add_op(p, KSIFT_OP_ACCEPT, 0, 13, 0, 0);
}

static int verdict(const struct program *p)
{
	struct ksift_lineprog *prog;
	void *mem;
	int ret = make_program(p, &prog, &mem);

	free(mem);
	return ret;
}

/* Each number is in its range, and what an operation does not name is 0. */
static void verify_members(void **state)
{
	enum { CODE, DST, A, B, K, RESERVED };
	static const struct {
		u8 op, member;
		u16 good, bad;
		int error;
	} cases[] = {
		{ 0, CODE, 0, KSIFT_OP_SKIP + 1, -EOPNOTSUPP },
		{ 17, CODE, KSIFT_OP_ACCEPT, 255, -EOPNOTSUPP },
		{ 0, A, 0, 1, -EINVAL }, { 0, B, 0, 1, -EINVAL },
		{ 0, K, 64, 65, -EINVAL }, { 0, K, 0, 65535, -EINVAL },
		{ 1, A, 0, 1, -EINVAL }, { 1, B, 0, 1, -EINVAL }, { 1, K, 0, 1, -EINVAL },
		{ 2, A, 0, 1, -EINVAL }, { 2, B, 0, 1, -EINVAL }, { 2, K, 0, 1, -EINVAL },
		{ 3, A, 0, 1, -EINVAL }, { 3, B, 0, 1, -EINVAL },
		{ 3, K, 0, 1, -EINVAL },
		{ 4, A, 0, 64, -EINVAL }, { 4, B, 1, 64, -EINVAL }, { 4, K, 0, 1, -EINVAL },
		{ 5, A, 2, 255, -EINVAL }, { 5, B, 3, 255, -EINVAL }, { 5, K, 0, 1, -EINVAL },
		{ 6, DST, 0, 1, -EINVAL }, { 6, A, 5, 64, -EINVAL }, { 6, B, 0, 1, -EINVAL },
		{ 8, A, 5, 64, -EINVAL }, { 8, B, 1, 64, -EINVAL }, { 8, K, 0, 1, -EINVAL },
		{ 9, A, 6, 64, -EINVAL }, { 9, B, 5, 64, -EINVAL }, { 9, K, 0, 1, -EINVAL },
		{ 10, A, 7, 64, -EINVAL }, { 10, B, 0, 1, -EINVAL },
		{ 10, K, 1, 0, -EINVAL }, { 10, K, 64, 65, -EINVAL },
		{ 11, A, 8, 64, -EINVAL }, { 11, B, 9, 64, -EINVAL }, { 11, K, 0, 1, -EINVAL },
		{ 12, A, 63, 64, -EINVAL }, { 12, B, 2, 64, -EINVAL }, { 12, K, 0, 1, -EINVAL },
		{ 13, A, 10, 64, -EINVAL }, { 13, B, 0, 1, -EINVAL }, { 13, K, 0, 1, -EINVAL },
		{ 15, DST, 0, 1, -EINVAL }, { 15, A, 12, 64, -EINVAL },
		{ 15, B, 0, 1, -EINVAL }, { 15, K, 1, 2, -EINVAL },
		{ 17, A, 13, 64, -EINVAL },
	};
	struct program p;
	unsigned int i, good;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		for (good = 0; good < 2; good++) {
			u16 value = good ? cases[i].good : cases[i].bad;
			struct ksift_op *op;
			int ret;

			make_valid(&p);
			op = &p.ops[cases[i].op];
			switch (cases[i].member) {
			case CODE:
				op->code = value;
				break;
			case DST:
				op->dst = value;
				break;
			case A:
				op->a = value;
				break;
			case B:
				op->b = value;
				break;
			case K:
				op->k = value;
				break;
			}
			ret = verdict(&p);
			if (ret != (good ? 0 : cases[i].error))
				fail_msg("case %u, %s: %d", i, good ? "good" : "bad", ret);
		}
	make_valid(&p);
	for (i = 0; i < p.op_count; i++) {
		p.ops[i].__reserved = 1;
		assert_int_equal(verdict(&p), -EINVAL);
		p.ops[i].__reserved = 0;
		/* Each that writes a register has it in range. */
		if (p.ops[i].code < KSIFT_OP_ACCEPT) {
			u8 dst = p.ops[i].dst;

			p.ops[i].dst = 64;
			assert_int_equal(verdict(&p), -EINVAL);
			p.ops[i].dst = dst;
		}
	}
	assert_int_equal(verdict(&p), 0);
	/* With fewer sets, literals or patterns its numbers are too high. */
	p.set_count = 0;
	assert_int_equal(verdict(&p), -EINVAL);
	make_valid(&p);
	p.literal_count = 0;
	assert_int_equal(verdict(&p), -EINVAL);
	make_valid(&p);
	p.pattern_count = 1;
	assert_int_equal(verdict(&p), -EINVAL);
	/* A literal has no newline. */
	make_valid(&p);
	p.bytes[1] = '\n';
	assert_int_equal(verdict(&p), -EINVAL);
}

static void start_program(struct program *p)
{
	memset(p, 0, sizeof(*p));
	p->pattern_count = 1;
	add_op(p, KSIFT_OP_START, 0, 0, 0, 0);
	add_op(p, KSIFT_OP_NEWLINE, 1, 0, 0, 0);
}

/* Each register is written before it is read, by each operation that reads one. */
static void verify_written(void **state)
{
	static const u8 codes[] = {
		KSIFT_OP_AND, KSIFT_OP_OR, KSIFT_OP_ANDNOT, KSIFT_OP_XOR, KSIFT_OP_ADVANCE,
		KSIFT_OP_RUN, KSIFT_OP_THRU, KSIFT_OP_PARITY, KSIFT_OP_ACCEPT, KSIFT_OP_SKIP,
	};
	struct program p;
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		u8 code = codes[i];
		bool two = code <= KSIFT_OP_XOR || code == KSIFT_OP_RUN || code == KSIFT_OP_THRU;
		u32 dst = code < KSIFT_OP_ACCEPT ? 2 : 0;
		u32 k = code == KSIFT_OP_ADVANCE;

		start_program(&p);
		add_op(&p, code, dst, 0, two, k);
		assert_int_equal(verdict(&p), 0);
		/* Not even by itself. */
		p.ops[2].a = 2;
		assert_int_equal(verdict(&p), -EINVAL);
		p.ops[2].a = 0;
		if (!two)
			continue;
		p.ops[2].b = 2;
		assert_int_equal(verdict(&p), -EINVAL);
	}
}

/* SKIP passes over what is there, and over no other SKIP. */
static void verify_skip_range(void **state)
{
	struct program p;

	(void)state;
	start_program(&p);
	add_op(&p, KSIFT_OP_SKIP, 0, 0, 0, 2);
	add_op(&p, KSIFT_OP_AND, 2, 0, 1, 0);
	add_op(&p, KSIFT_OP_ACCEPT, 0, 2, 0, 0);
	assert_int_equal(verdict(&p), 0);
	p.ops[2].k = 3;
	assert_int_equal(verdict(&p), -EINVAL);
	p.ops[2].k = 65535;
	assert_int_equal(verdict(&p), -EINVAL);

	start_program(&p);
	add_op(&p, KSIFT_OP_SKIP, 0, 0, 0, 1);
	add_op(&p, KSIFT_OP_AND, 2, 0, 1, 0);
	add_op(&p, KSIFT_OP_SKIP, 0, 0, 0, 1);
	add_op(&p, KSIFT_OP_AND, 2, 0, 1, 0);
	assert_int_equal(verdict(&p), 0);
	p.ops[2].k = 2;
	assert_int_equal(verdict(&p), -EINVAL);
	/* Passing over nothing is allowed, as the last operation, too. */
	p.ops[2].k = 0;
	p.ops[4].k = 0;
	p.op_count--;
	assert_int_equal(verdict(&p), 0);
}

/* Which results are dead, told by whether an ADVANCE of them may be passed over. */
static void verify_dead(void **state)
{
	/* Register 0 is asked for; 1 is not dead, 2 is. */
	static const struct {
		u8 code, a, b;
		bool dead;
	} cases[] = {
		{ KSIFT_OP_AND, 2, 1, true }, { KSIFT_OP_AND, 1, 2, true },
		{ KSIFT_OP_AND, 1, 1, false }, { KSIFT_OP_AND, 0, 1, true },
		{ KSIFT_OP_OR, 2, 0, true }, { KSIFT_OP_OR, 1, 2, false },
		{ KSIFT_OP_OR, 2, 1, false }, { KSIFT_OP_XOR, 2, 0, true },
		{ KSIFT_OP_XOR, 1, 2, false }, { KSIFT_OP_XOR, 2, 1, false },
		{ KSIFT_OP_ANDNOT, 2, 1, true }, { KSIFT_OP_ANDNOT, 1, 2, false },
		{ KSIFT_OP_ADVANCE, 2, 0, true }, { KSIFT_OP_RUN, 2, 1, true },
		{ KSIFT_OP_THRU, 2, 1, true }, { KSIFT_OP_PARITY, 2, 0, true },
		{ KSIFT_OP_CLASS, 0, 0, false }, { KSIFT_OP_LITERAL, 0, 0, false },
		{ KSIFT_OP_NEWLINE, 0, 0, false }, { KSIFT_OP_START, 0, 0, false },
	};
	struct program p;
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		start_program(&p);
		add_set(&p, "a", 1, false);
		add_literal(&p, "a", 1, 0);
		add_op(&p, KSIFT_OP_SKIP, 0, 0, 0, 3);
		add_op(&p, KSIFT_OP_AND, 2, 0, 1, 0);
		add_op(&p, cases[i].code, 3, cases[i].a, cases[i].b,
		       cases[i].code == KSIFT_OP_ADVANCE);
		add_op(&p, KSIFT_OP_ADVANCE, 4, 3, 0, 1);
		if (verdict(&p) != (cases[i].dead ? 0 : -EINVAL))
			fail_msg("case %u: dead, or not?", i);
		/* What is dead may be read behind the operations, and nothing else. */
		p.ops[5] = (struct ksift_op){ .code = KSIFT_OP_AND, .dst = 4, .a = 0, .b = 0 };
		add_op(&p, KSIFT_OP_ACCEPT, 0, 3, 0, 0);
		if (verdict(&p) != (cases[i].dead ? 0 : -EINVAL))
			fail_msg("case %u: to be read, or not?", i);
		/* Nor what was there before. */
		if (!cases[i].dead) {
			p.ops[6].a = 0;
			assert_int_equal(verdict(&p), 0);
			p.ops[6].a = 1;
			p.ops[4].dst = 1;
			assert_int_equal(verdict(&p), -EINVAL);
		}
	}
}

/* Of what is passed over, all that has a carry, and ACCEPT, takes dead registers only. */
static void verify_carries(void **state)
{
	static const u8 codes[] = {
		KSIFT_OP_ADVANCE, KSIFT_OP_RUN, KSIFT_OP_THRU, KSIFT_OP_PARITY, KSIFT_OP_ACCEPT,
	};
	struct program p;
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		start_program(&p);
		add_op(&p, KSIFT_OP_SKIP, 0, 0, 0, 1);
		add_op(&p, codes[i], codes[i] == KSIFT_OP_ACCEPT ? 0 : 2, 0,
		       codes[i] == KSIFT_OP_RUN || codes[i] == KSIFT_OP_THRU,
		       codes[i] == KSIFT_OP_ADVANCE);
		assert_int_equal(verdict(&p), 0);
		p.ops[3].a = 1;
		assert_int_equal(verdict(&p), -EINVAL);
	}
	/* A register is no longer dead when it has been overwritten. */
	start_program(&p);
	add_op(&p, KSIFT_OP_SKIP, 0, 0, 0, 2);
	add_op(&p, KSIFT_OP_AND, 0, 1, 1, 0);
	add_op(&p, KSIFT_OP_PARITY, 2, 0, 0, 0);
	assert_int_equal(verdict(&p), -EINVAL);
	p.ops[3].b = 0;
	assert_int_equal(verdict(&p), 0);
	/* And behind the operations nothing is. */
	start_program(&p);
	add_op(&p, KSIFT_OP_SKIP, 0, 0, 0, 1);
	add_op(&p, KSIFT_OP_AND, 2, 0, 1, 0);
	add_op(&p, KSIFT_OP_SKIP, 0, 1, 0, 1);
	add_op(&p, KSIFT_OP_PARITY, 3, 2, 0, 0);
	assert_int_equal(verdict(&p), -EINVAL);
}

/* Bytes of the sets and literals of random programs. */
static const char *const alphabets[] = {
	"ab\n", "aab\"\n", "abAB _\n", "aaaaaaaaaaaaaaaaab", "0123456789abcdef.:\n ",
	"a\0\n", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0ab\n",
};

static const u8 alphabet_sizes[] = { 3, 5, 7, 18, 20, 3, 26 };

static u32 random_set(struct program *p, const char *alphabet, u32 size)
{
	u8 bytes[256];
	u32 i, n, from;

	switch (rnd(8)) {
	case 0:
		return add_set(p, "\n", 1, rnd(2));
	case 1:
		return add_set(p, "", 0, rnd(2));
	case 2:
		n = 1 + rnd(rnd(2) ? 8 : 255);
		from = rnd(257 - n);
		for (i = 0; i < n; i++)
			bytes[i] = from + i;
		return add_set(p, bytes, n, rnd(2));
	case 3:
		n = rnd(100);
		for (i = 0; i < n; i++)
			bytes[i] = rnd(256);
		return add_set(p, bytes, n, rnd(2));
	}
	n = 1 + rnd(3);
	for (i = 0; i < n; i++)
		bytes[i] = alphabet[rnd(size)];
	return add_set(p, bytes, n, !rnd(4));
}

static u32 random_literal(struct program *p, const char *alphabet, u32 size)
{
	u8 bytes[KSIFT_OP_LITERAL_MAX];
	u32 i, n = 1 + rnd(rnd(3) ? 4 : rnd(4) ? 20 : KSIFT_OP_LITERAL_MAX);

	for (i = 0; i < n; i++) {
		bytes[i] = alphabet[rnd(size)];
		if (bytes[i] == '\n')
			bytes[i] = 'a';
	}
	return add_literal(p, bytes, n, rnd(2) * KSIFT_PATTERN_FOLD);
}

/* One of the registers whose bits are set; often @latest, so that chains are long. */
static u32 random_reg(u64 regs, u32 latest)
{
	u32 n = rnd(ksift_popcount64(regs));

	if (regs >> latest & 1 && rnd(2))
		return latest;
	while (n--)
		regs &= regs - 1;
	return ksift_low_bit(regs);
}

static u32 random_distance(void)
{
	static const u8 some[] = { 1, 1, 1, 2, 3, 5, 9, 31, 32, 33, 63, 64 };

	return rnd(4) ? some[rnd(ARRAY_SIZE(some))] : 1 + rnd(64);
}

/*
 * A program that keeps the rules, from few registers, so that they are overwritten:
 * that is where joining operations can go wrong.
 */
static void random_program(struct program *p, const char *alphabet, u32 size)
{
	u32 count = 3 + rnd(rnd(8) ? 14 : 60), regs = 2 + rnd(rnd(3) ? 4 : 63);
	u64 written = 0, dead = 0, wrote = 0;
	u32 i, region = 0, latest = 0, sets = 1 + rnd(4), literals = 1 + rnd(3);

	if (regs > 64)
		regs = 64;
	memset(p, 0, sizeof(*p));
	p->pattern_count = rnd(8) ? 1 + rnd(8) : 64;
	for (i = 0; i < sets; i++)
		random_set(p, alphabet, size);
	for (i = 0; i < literals; i++)
		random_literal(p, alphabet, size);
	for (i = 0; i < count; i++) {
		u32 dst = rnd(regs), code = rnd(KSIFT_OP_SKIP + 1), a, b;
		u64 from;

		if (!rnd(3))
			code = rnd(2) ? KSIFT_OP_AND : KSIFT_OP_ADVANCE;
		if (!written)
			code = rnd(KSIFT_OP_AND);
		if (code == KSIFT_OP_SKIP && (region || i + 3 > count))
			code = KSIFT_OP_OR;
		if (code == KSIFT_OP_ACCEPT && rnd(2))
			code = KSIFT_OP_RUN;
		from = written;
		if (region && code >= KSIFT_OP_ADVANCE) {
			from = dead;
			if (!dead)
				code = KSIFT_OP_CLASS;
		}
		a = from ? random_reg(from, latest) : 0;
		b = written ? random_reg(written, latest) : 0;
		if (code < KSIFT_OP_ACCEPT)
			latest = dst;
		if (code <= KSIFT_OP_LITERAL)
			dead &= ~(1ULL << dst);
		switch (code) {
		case KSIFT_OP_CLASS:
			add_op(p, code, dst, rnd(sets), 0, rnd(2) ? 0 : random_distance());
			break;
		case KSIFT_OP_NEWLINE:
		case KSIFT_OP_START:
			add_op(p, code, dst, 0, 0, 0);
			break;
		case KSIFT_OP_LITERAL:
			add_op(p, code, dst, 0, 0, rnd(literals));
			break;
		case KSIFT_OP_ADVANCE:
			add_op(p, code, dst, a, 0, random_distance());
			break;
		case KSIFT_OP_PARITY:
			add_op(p, code, dst, a, 0, 0);
			break;
		case KSIFT_OP_ACCEPT:
			add_op(p, code, 0, a, 0, rnd(p->pattern_count));
			break;
		case KSIFT_OP_SKIP:
			region = 1 + rnd(count - i - 1);
			add_op(p, code, 0, a, 0, region);
			dead = 1ULL << a;
			wrote = 0;
			continue;
		default:
			add_op(p, code, dst, a, b, 0);
		}
		if (region && code != KSIFT_OP_ACCEPT && code > KSIFT_OP_LITERAL) {
			bool da = dead >> a & 1, db = dead >> b & 1, d = da;

			if (code == KSIFT_OP_AND)
				d = da || db;
			if (code == KSIFT_OP_OR || code == KSIFT_OP_XOR)
				d = da && db;
			dead = d ? dead | 1ULL << dst : dead & ~(1ULL << dst);
		}
		if (code != KSIFT_OP_ACCEPT) {
			written |= 1ULL << dst;
			wrote |= 1ULL << dst;
		}
		if (region && !--region)
			written &= ~(wrote & ~dead);
	}
	/* All that is left, or else that would be told by others. */
	for (i = 0; i < 64; i++)
		if (written >> i & 1)
			add_op(p, KSIFT_OP_ACCEPT, 0, i, 0, rnd(p->pattern_count));
}

static size_t random_text(u8 *text, const char *alphabet, u32 size, const struct program *p)
{
	size_t len = rnd(3) ? rnd(400) : rnd(4) ? rnd(6000) : rnd(TEXT_MAX), i = 0;
	u32 much = rnd(2) ? 0 : rnd(2) ? 8 : 100;

	while (i < len) {
		if (p->byte_count && !rnd(16)) {
			u32 at = rnd(p->byte_count);
			size_t n = rnd(p->byte_count - at);

			n = min(n, len - i);
			memcpy(text + i, p->bytes + at, n);
			i += n;
			continue;
		}
		text[i] = rnd(50) ? (u8)alphabet[rnd(size)] : rnd(256);
		/* Longer lines. */
		if (text[i] == '\n' && much && rnd(much))
			text[i] = alphabet[0];
		i++;
	}
	return len;
}

/*
 * An operation is not moved into what is passed over, where it would miss what it has to
 * carry, nor out of it, where what it reads has not been cleared.
 */
static void skip_bounds(void **state)
{
	static const char text[] = "ax\nax\nx\nb\nxb\naax\n\nb\na";
	struct fenced fence = fenced_alloc(TEXT_MAX);
	struct program p;
	unsigned int i;

	(void)state;
	for (i = 0; i < 200; i++) {
		memset(&p, 0, sizeof(p));
		p.pattern_count = 1;
		add_set(&p, "x", 1, false);
		add_set(&p, "a", 1, false);
		add_op(&p, KSIFT_OP_CLASS, 0, 0, 0, 0);
		add_op(&p, KSIFT_OP_CLASS, 1, 1, 0, 0);
		add_op(&p, KSIFT_OP_ADVANCE, 2, 1, 0, 1);
		add_op(&p, KSIFT_OP_SKIP, 0, 0, 0, 2);
		add_op(&p, KSIFT_OP_AND, 3, 2, 0, 0);
		add_op(&p, KSIFT_OP_ACCEPT, 0, 3, 0, 0);
		check(&p, (const u8 *)text, sizeof(text) - 1, 4, &fence, seed);

		memset(&p, 0, sizeof(p));
		p.pattern_count = 1;
		add_set(&p, "x", 1, false);
		add_op(&p, KSIFT_OP_CLASS, 0, 0, 0, 0);
		add_op(&p, KSIFT_OP_START, 1, 0, 0, 0);
		add_op(&p, KSIFT_OP_NEWLINE, 2, 0, 0, 0);
		add_op(&p, KSIFT_OP_SKIP, 0, 0, 0, 2);
		add_op(&p, KSIFT_OP_AND, 3, 0, 1, 0);
		add_op(&p, KSIFT_OP_ADVANCE, 4, 3, 0, 1);
		add_op(&p, KSIFT_OP_AND, 5, 4, 2, 0);
		add_op(&p, KSIFT_OP_ACCEPT, 0, 5, 0, 0);
		check(&p, (const u8 *)text, sizeof(text) - 1, 4, &fence, seed);
	}
	fenced_free(&fence);
}

/*
 * Each of two operations that look across the start of a line may leave it to the other
 * to take away what is of another line, but not both.
 */
static void line_starts(void **state)
{
	static const char text[] = "a\nb\naab\nabb\na\n\na\n\n\n";
	static const u8 codes[] = { KSIFT_OP_CLASS, KSIFT_OP_ADVANCE, KSIFT_OP_LITERAL };
	struct fenced fence = fenced_alloc(TEXT_MAX);
	struct program p;
	u32 i, k, swap;

	(void)state;
	for (i = 0; i < 9; i++)
		for (k = 1; k < 9; k++)
			for (swap = 0; swap < 2; swap++) {
				memset(&p, 0, sizeof(p));
				p.pattern_count = 1;
				add_set(&p, "a", 1, false);
				add_set(&p, "", 0, true);
				add_literal(&p, "a", 1, 0);
				add_op(&p, KSIFT_OP_CLASS, 0, 1, 0, 0);
				add_op(&p, codes[i / 3], 1, 0, 0,
				       codes[i / 3] == KSIFT_OP_LITERAL ? 0 : k % 3 + 1);
				add_op(&p, codes[i % 3], 2, 0, 0,
				       codes[i % 3] == KSIFT_OP_LITERAL ? 0 : k / 3 + 1);
				add_op(&p, KSIFT_OP_AND, 3, 1 + swap, 2 - swap, 0);
				add_op(&p, KSIFT_OP_ACCEPT, 0, 3, 0, 0);
				check(&p, (const u8 *)text, sizeof(text) - 1, 40, &fence,
				      seed);
			}
	fenced_free(&fence);
}

static void random_programs(void **state)
{
	const char *runs = getenv("KSIFT_HOST_RUNS"), *s = getenv("KSIFT_SEED");
	long i, n = runs ? atol(runs) : 4000;
	struct fenced fence = fenced_alloc(TEXT_MAX);
	static struct program p;
	static u8 text[TEXT_MAX];

	(void)state;
	seed = s ? strtoull(s, NULL, 0) : 1;
	for (i = 0; i < n; i++) {
		uint64_t case_seed = seed;
		u32 a = rnd(ARRAY_SIZE(alphabets)), k;
		size_t len;

		random_program(&p, alphabets[a], alphabet_sizes[a]);
		len = random_text(text, alphabets[a], alphabet_sizes[a], &p);
		check(&p, text, len, rnd(2) ? 1 + rnd(80) : TEXT_MAX, &fence, case_seed);
		/* Passing over nothing gives the same. */
		for (k = 0; k < p.op_count; k++)
			if (p.ops[k].code == KSIFT_OP_SKIP)
				p.ops[k].k = 0;
		check(&p, text, len, TEXT_MAX, &fence, case_seed);
	}
	fenced_free(&fence);
}

/* Over so many zeros, in calls that are not many.  Returns how many there were. */
static u32 run_zeros(const struct ksift_variant_ops *ops, const struct ksift_lineprog *prog,
		     void *state, struct ksift_lineprog_work *work, u64 len)
{
	u32 calls = 0;

	while (len) {
		u64 went = ksift_lineprog_zeros(ops, prog, state, work, len);

		assert_in_range(went, 1, len);
		assert_int_equal(work->some, 0);
		len -= went;
		calls++;
	}
	return calls;
}

static u64 feed_all(const struct ksift_variant_ops *ops, const struct ksift_lineprog *prog,
		    void *state, struct ksift_lineprog_work *work, const u8 *text, size_t len)
{
	u64 some = 0;
	size_t at;

	for (at = 0; at < len; some |= work->some)
		at += ksift_lineprog_feed(ops, prog, state, work, text + at, len - at,
					  len - at);
	return some;
}

/*
 * A program finds the same in a line with @zeros zeros as in one with so many less that
 * the difference is a multiple of its period, which PARITY alone doubles.
 */
static void check_zeros(const struct program *p, u64 zeros, u64 period, u32 calls_max)
{
	static u8 line[6 << 20];
	const struct ksift_variant_ops *const *v;
	size_t head = rnd(100), tail = rnd(100), few, i;
	struct ksift_lineprog *prog;
	uint64_t case_seed = seed;
	void *mem;
	u64 found, expect;

	few = zeros % period + period;
	while (few < 8192)
		few += period;
	while (few > zeros)
		few -= period;
	memset(line, 0, head + few + tail);
	for (i = 0; i < head; i++)
		line[i] = "ab"[rnd(2)];
	for (i = 0; i < tail; i++)
		line[head + few + i] = "ab"[rnd(2)];
	expect = oracle_line(p, line, head + few + tail);
	line[head + few + tail] = '\n';
	assert_int_equal(make_program(p, &prog, &mem), 0);
	for (v = ksift_variants; *v; v++) {
		struct ksift_lineprog_work *work = alloc64(ksift_lineprog_work_size(prog));
		void *at = alloc64(ksift_lineprog_state_size(prog));
		u32 calls;

		if (ksift_variant_usable(*v)) {
			ksift_lineprog_begin(prog, at);
			feed_all(*v, prog, at, work, line, head);
			calls = run_zeros(*v, prog, at, work, zeros);
			found = feed_all(*v, prog, at, work, line + head + few, tail + 1);
			if (found != expect) {
				print_program(p);
				fail_msg("%s, seed %#llx: %#llx, not %#llx", (*v)->name,
					 (unsigned long long)case_seed,
					 (unsigned long long)found,
					 (unsigned long long)expect);
			}
			if (calls > calls_max)
				fail_msg("%s: %u calls for %llu zeros", (*v)->name, calls,
					 (unsigned long long)zeros);
		}
		free(at);
		free(work);
	}
	free(mem);
}

static void zeros(void **state)
{
	const char *runs = getenv("KSIFT_HOST_RUNS");
	long i, n = (runs ? atol(runs) : 4000) / 20;
	static struct program p;
	u32 k, parities;

	(void)state;
	for (i = 0; i < n; i++) {
		random_program(&p, "ab\0", 3);
		for (k = 0, parities = 0; k < p.op_count; k++)
			parities += p.ops[k].code == KSIFT_OP_PARITY;
		if (parities > 12)
			continue;
		check_zeros(&p, rnd(2) ? rnd(20000) : (u64)rnd(1 << 30) << rnd(33),
			    1 << parities, 100);
	}
	/* One parity of another: its period is some hundred blocks. */
	for (k = 17; k <= 20; k++) {
		memset(&p, 0, sizeof(p));
		p.pattern_count = 1;
		add_set(&p, "", 0, true);
		add_op(&p, KSIFT_OP_CLASS, 0, 0, 0, 0);
		for (i = 0; i < k; i++)
			add_op(&p, KSIFT_OP_PARITY, 0, 0, 0, 0);
		add_op(&p, KSIFT_OP_NEWLINE, 1, 0, 0, 0);
		add_op(&p, KSIFT_OP_AND, 0, 0, 1, 0);
		add_op(&p, KSIFT_OP_ACCEPT, 0, 0, 0, 0);
		check_zeros(&p, (1ULL << 50) + rnd(1 << 30), 1 << k, 5000);
	}
}

/* A section's cost, of which the variant that is tested uses no more than a little. */
static const struct ksift_variant_ops *inner;
static s64 cost_max;
static u32 sections_run;

static void counted_lineprog(struct ksift_line_run *run)
{
	s64 before = run->budget;

	inner->lineprog(run);
	cost_max = max(cost_max, before - run->budget);
	sections_run++;
}

/*
 * A section ends between two operations of a block, and between two words of a literal,
 * when it has done enough, whatever the program and the text are.
 */
static void sections(void **state)
{
	enum { LEN = 4096, COST = 8000, OPS = 1000 };
	static u8 literal[KSIFT_OP_LITERAL_MAX], text[LEN];
	const struct ksift_variant_ops *const *v;
	static struct program p;
	int i, code;

	(void)state;
	memset(literal, 'a', sizeof(literal));
	memset(text, 'a', sizeof(text));
	text[LEN - 1] = '\n';
	for (code = 0; code < KSIFT_OP_SKIP; code++) {
		struct ksift_lineprog *prog;
		void *mem;

		memset(&p, 0, sizeof(p));
		p.pattern_count = 1;
		add_set(&p, "ax\xff", 3, false);
		add_literal(&p, literal, sizeof(literal), KSIFT_PATTERN_FOLD);
		add_op(&p, KSIFT_OP_CLASS, 1, 0, 0, 0);
		for (i = 0; i < OPS; i++)
			add_op(&p, code, code < KSIFT_OP_ACCEPT ? 2 : 0,
			       code >= KSIFT_OP_AND, (code >= KSIFT_OP_AND &&
			       code <= KSIFT_OP_XOR) || code == KSIFT_OP_RUN ||
			       code == KSIFT_OP_THRU, code == KSIFT_OP_ADVANCE);
		if (code < KSIFT_OP_ACCEPT)
			add_op(&p, KSIFT_OP_ACCEPT, 0, 2, 0, 0);
		assert_int_equal(make_program(&p, &prog, &mem), 0);
		for (v = ksift_variants; *v; v++) {
			struct ksift_variant_ops ops = **v;
			struct ksift_lineprog_work *work;
			size_t n;
			void *at;

			if (!ksift_variant_usable(*v) || !ops.lineprog)
				continue;
			inner = *v;
			ops.lineprog = counted_lineprog;
			cost_max = 0;
			sections_run = 0;
			work = alloc64(ksift_lineprog_work_size(prog));
			at = alloc64(ksift_lineprog_state_size(prog));
			ksift_lineprog_begin(prog, at);
			n = ksift_lineprog_feed(&ops, prog, at, work, text, LEN, LEN);
			assert_in_range(cost_max, 1, COST + 600);
			/* What is never found has no operations to do. */
			if (code != KSIFT_OP_NEWLINE && code != KSIFT_OP_START)
				assert_in_range(sections_run, 2, U32_MAX);
			/* A feed of what takes long is short. */
			if (code == KSIFT_OP_LITERAL)
				assert_in_range(n, 1, 1024);
			free(at);
			free(work);
		}
		free(mem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verify_members),
		cmocka_unit_test(verify_written),
		cmocka_unit_test(verify_skip_range),
		cmocka_unit_test(verify_dead),
		cmocka_unit_test(verify_carries),
		cmocka_unit_test(skip_bounds),
		cmocka_unit_test(line_starts),
		cmocka_unit_test(random_programs),
		cmocka_unit_test(zeros),
		cmocka_unit_test(sections),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("lineprog", tests, NULL, NULL);
}
