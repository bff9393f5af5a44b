/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Line programs: verified, and run over text.  What they mean is in ../uapi/ksift.h,
 * at struct ksift_line_program and enum ksift_opcode.
 */
#ifndef KSIFT_ENGINE_LINEPROG_H
#define KSIFT_ENGINE_LINEPROG_H

#include "ops.h"
#include "port.h"
#include "../uapi/ksift.h"

struct ksift_lineprog;

/**
 * struct ksift_lineprog_source - A program as it was given
 * @ops: @op_count operations
 * @sets: @set_count sets
 * @literals: @literal_count patterns, whose @data is not used
 * @bytes: The bytes of these, one literal after the other
 * @op_count: 1 to KSIFT_OPS_MAX
 * @set_count: 0 to KSIFT_SETS_MAX
 * @literal_count: 0 to KSIFT_OPS_MAX
 * @pattern_count: Patterns of the filter, at most KSIFT_PATTERNS_MAX
 *
 * The caller has checked that the counts are in these ranges, and the flags and groups
 * of the literals and their lengths, 1 to KSIFT_OP_LITERAL_MAX; the program itself
 * may be anything.
 */
struct ksift_lineprog_source {
	const struct ksift_op *ops;
	const struct ksift_set *sets;
	const struct ksift_pattern *literals;
	const u8 *bytes;
	u32 op_count;
	u32 set_count;
	u32 literal_count;
	u32 pattern_count;
};

/**
 * ksift_lineprog_size() - Memory that a verified program takes
 * @src: The program
 *
 * Return: bytes.
 */
size_t ksift_lineprog_size(const struct ksift_lineprog_source *src);

/**
 * ksift_lineprog_make() - Verify a program, and make it ready to run
 * @mem: Zeroed memory of ksift_lineprog_size() bytes, aligned to 64
 * @src: The program, which nobody changes meanwhile, and which is not needed afterwards
 * @prog: Returns the program, in @mem
 *
 * Return: 0; -EINVAL: it breaks a rule; -EOPNOTSUPP: an unknown operation.
 */
int ksift_lineprog_make(void *mem, const struct ksift_lineprog_source *src,
			struct ksift_lineprog **prog);

/**
 * ksift_lineprog_state_size() - Memory for how far a program has come in a text
 * @prog: The program
 *
 * Return: bytes.
 */
size_t ksift_lineprog_state_size(const struct ksift_lineprog *prog);

/**
 * ksift_lineprog_work_size() - Memory that a program works in
 * @prog: The program
 *
 * Return: bytes.
 */
size_t ksift_lineprog_work_size(const struct ksift_lineprog *prog);

/**
 * ksift_lineprog_chunk() - How many bytes to run over at a time
 * @prog: The program
 *
 * Return: so many take some hundred microseconds, and 2 ms with the worst program and
 * text there are.
 */
size_t ksift_lineprog_chunk(const struct ksift_lineprog *prog);

/**
 * struct ksift_lineprog_work - What a program works in, and what it has found there
 * @newlines: Bit i is set where byte i of what was fed is a newline
 * @some: Bit p is set when a line that ended there has pattern p
 *
 * Many states may share it: nothing in it lasts from one call to the next.
 */
struct ksift_lineprog_work {
	const u64 *newlines;
	u64 some;
	/* More follows, which is lineprog.c's own. */
};

/**
 * ksift_lineprog_accepted() - The lines that have a pattern
 * @work: After ksift_lineprog_feed()
 * @pattern: The pattern; its bit in @work->some is set
 *
 * Return: a bitmap like @work->newlines, of the newlines whose lines have it, which the
 * caller may change until the next call; the bits beyond those of what was fed are 0.
 */
u64 *ksift_lineprog_accepted(const struct ksift_lineprog_work *work, u32 pattern);

/**
 * ksift_lineprog_begin() - Begin with the first byte of a line
 * @prog: The program
 * @state: ksift_lineprog_state_size() bytes, aligned to 64
 */
void ksift_lineprog_begin(const struct ksift_lineprog *prog, void *state);

/**
 * ksift_lineprog_feed() - Run over some text
 * @ops: The variant
 * @prog: The program
 * @state: How far it has come; what follows goes on from there
 * @work: ksift_lineprog_work_size() bytes, aligned to 64; returns what was found
 * @buf: The text, which may change meanwhile: each of its bytes is loaded once
 * @len: Its length, not 0
 * @avail: Bytes from @buf on that are readable, @len or more: where to prefetch
 *
 * Enters sections of at most some 20 us by itself.
 *
 * Return: how many bytes it was run over, from 1 to @len.
 */
size_t ksift_lineprog_feed(const struct ksift_variant_ops *ops,
			   const struct ksift_lineprog *prog, void *state,
			   struct ksift_lineprog_work *work, const u8 *buf,
			   size_t len, size_t avail);

/**
 * ksift_lineprog_zeros() - Run over zero bytes
 * @ops: The variant
 * @prog: The program
 * @state: How far it has come
 * @work: What it works in
 * @len: How many zeros, not 0
 *
 * As fast for many as for few, unless the program tells their number's remainder by a
 * large power of two.
 *
 * Return: how many of them it was run over, at least 1.
 */
u64 ksift_lineprog_zeros(const struct ksift_variant_ops *ops,
			 const struct ksift_lineprog *prog, void *state,
			 struct ksift_lineprog_work *work, u64 len);

/**
 * ksift_lineprog_end() - A line ends where the text does, without a newline
 * @ops: The variant
 * @prog: The program
 * @state: How far it has come; afterwards as after ksift_lineprog_begin()
 * @work: What it works in
 *
 * Return: the patterns that the line has.
 */
u64 ksift_lineprog_end(const struct ksift_variant_ops *ops,
		       const struct ksift_lineprog *prog, void *state,
		       struct ksift_lineprog_work *work);

#endif /* KSIFT_ENGINE_LINEPROG_H */
