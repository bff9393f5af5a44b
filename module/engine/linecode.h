/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Line programs as they run: what lineprog.c makes of an operation that it has
 * verified, and what lineprog_run.c and the variants execute.
 */
#ifndef KSIFT_ENGINE_LINECODE_H
#define KSIFT_ENGINE_LINECODE_H

#include "lineprog.h"
#include "ops.h"
#include "port.h"
#include "../uapi/ksift.h"

/* Words of a block: long enough to hide what it costs to decode an instruction. */
#define KSIFT_BLOCK_WORDS 32

/* A block's words are a multiple of this: what a loop of any variant does at a time. */
#define KSIFT_BLOCK_STEP 4

/* The text that is kept before a block; the furthest that an operation looks back. */
#define KSIFT_LINE_HISTORY 256

/* Bytes behind a block that a literal's last eight may be loaded with. */
#define KSIFT_LINE_SLACK 64

/* Candidates of a word that are verified one by one; more of them at once. */
#define KSIFT_LITERAL_SPARSE 8

/* ns that it costs to verify eight bytes of one, and a byte of all at once. */
#define KSIFT_LITERAL_WORD 2
#define KSIFT_LITERAL_DENSE 1

/* What masks of places at the start of a line there may be, and one more. */
#define KSIFT_MASKS (KSIFT_DISTANCE_MAX + 1)

/**
 * enum ksift_insn_code - Instructions, which are operations or several of them
 * @KSIFT_INSN_CLASS: d = c & CLASS, or c & ~CLASS if @flip
 * @KSIFT_INSN_LITERAL: d = c & LITERAL
 * @KSIFT_INSN_START: Have the mask of lines' first places ready
 * @KSIFT_INSN_AND: d = a & b
 * @KSIFT_INSN_OR: d = a | b
 * @KSIFT_INSN_ANDNOT: d = a & ~b
 * @KSIFT_INSN_XOR: d = a ^ b
 * @KSIFT_INSN_ADVANCE_AND: d = ADVANCE(a & b) & c
 * @KSIFT_INSN_ADVANCE_OR: d = ADVANCE(a & b) | c
 * @KSIFT_INSN_RUN: d = RUN(a, b)
 * @KSIFT_INSN_THRU: d = THRU(a, b)
 * @KSIFT_INSN_PARITY: d = PARITY(a)
 * @KSIFT_INSN_ACCEPT: Lines that have a place in a have pattern @n
 * @KSIFT_INSN_SKIP: Pass over the next @n instructions, and clear the registers of
 *	@clear, if a is empty and so are @carries carries from @carry on
 */
enum ksift_insn_code {
	KSIFT_INSN_CLASS,
	KSIFT_INSN_LITERAL,
	KSIFT_INSN_START,
	KSIFT_INSN_AND,
	KSIFT_INSN_OR,
	KSIFT_INSN_ANDNOT,
	KSIFT_INSN_XOR,
	KSIFT_INSN_ADVANCE_AND,
	KSIFT_INSN_ADVANCE_OR,
	KSIFT_INSN_RUN,
	KSIFT_INSN_THRU,
	KSIFT_INSN_PARITY,
	KSIFT_INSN_ACCEPT,
	KSIFT_INSN_SKIP
};

/**
 * struct ksift_insn - An instruction
 * @code: enum ksift_insn_code
 * @k: Distance that it looks back or advances
 * @mask: Column below which no bit may be that came from the line before; 0: none can
 * @flip: See KSIFT_INSN_CLASS
 * @d: Slot that it writes
 * @a: Slot that it reads
 * @b: Another
 * @c: Another
 * @carry: Its carry; of SKIP, the first of those passed over
 * @carries: How many those are
 * @n: Number of a set, a literal, a pattern or instructions
 * @cost: What it costs with a full block, in the worst case but of a LITERAL: ns of a
 *	vector variant
 * @clear: Registers, see KSIFT_INSN_SKIP
 */
struct ksift_insn {
	u8 code;
	u8 k;
	u8 mask;
	bool flip;
	u16 d;
	u16 a;
	u16 b;
	u16 c;
	u16 carry;
	u16 carries;
	u16 n;
	u16 cost;
	u64 clear;
};

/*
 * Slots hold a block of bits each.  These are constant, or the text's.  Then follow the
 * registers, and the masks of other columns than the first.
 */
enum {
	KSIFT_SLOT_ONES,
	KSIFT_SLOT_ZEROS,
	KSIFT_SLOT_NEWLINES,
	KSIFT_SLOT_STARTS,
	KSIFT_SLOT_REGISTERS
};

/**
 * enum ksift_set_kind - How vectors find the bytes of a set
 * @KSIFT_SET_ONE: Only @low
 * @KSIFT_SET_RANGE: Those from @low on, at most @span above it
 * @KSIFT_SET_ASCII: By nibbles; all are ASCII
 * @KSIFT_SET_ANY: By nibbles
 */
enum ksift_set_kind {
	KSIFT_SET_ONE,
	KSIFT_SET_RANGE,
	KSIFT_SET_ASCII,
	KSIFT_SET_ANY
};

/**
 * struct ksift_byte_set - A set of bytes, prepared
 * @kind: enum ksift_set_kind, of the set or of its complement
 * @low: See KSIFT_SET_RANGE
 * @span: Likewise
 * @flip: All ones if the complement is looked for, else 0
 * @table: @table[h][n] has bit b set when byte (8 * h + b) << 4 | n is in it
 * @has: 1 for each byte that is; the portable variant's
 */
struct ksift_byte_set {
	u32 kind;
	u8 low;
	u8 span;
	u64 flip;
	u8 table[2][16];
	u8 has[256];
};

/**
 * struct ksift_line_literal - A literal, prepared
 * @probe: Its two rarest bytes
 * @len: Its length
 * @words: How many words of @pairs that is
 * @masked: Some of its bytes are letters that fold
 * @pairs: Of each eight bytes what they must be, then what of the text's to compare
 *	with that, both as they lie in memory
 */
struct ksift_line_literal {
	struct ksift_probe probe;
	u32 len;
	u32 words;
	bool masked;
	const u64 *pairs;
};

/* What verifying it costs for each word, at most. */
static inline u32 ksift_literal_cost(const struct ksift_line_literal *lit)
{
	return max(lit->len * KSIFT_LITERAL_DENSE,
		   lit->words * KSIFT_LITERAL_WORD * KSIFT_LITERAL_SPARSE);
}

/**
 * struct ksift_lineprog - A program, ready to run
 * @insns: Instructions
 * @insn_count: How many
 * @slot_count: Slots that they use
 * @carry_count: Carries
 * @sets: The sets that they name
 * @literals: The literals likewise
 * @history: How far they look back; a multiple of 32
 * @block_words: Words of its blocks
 * @out_words: Words of a bitmap of what is found
 * @mask_slots: Slot of the mask of the places below a column
 * @mask_from: The lower column whose mask that one is made from
 * @result: Where in the results each pattern is
 * @accept_count: Patterns that it accepts
 */
struct ksift_lineprog {
	struct ksift_insn *insns;
	u32 insn_count;
	u32 slot_count;
	u32 carry_count;
	struct ksift_byte_set *sets;
	struct ksift_line_literal *literals;
	u32 history;
	u32 block_words;
	u32 out_words;
	u16 mask_slots[KSIFT_MASKS];
	u8 mask_from[KSIFT_MASKS];
	u8 result[KSIFT_PATTERNS_MAX];
	u32 accept_count;
};

/**
 * struct ksift_line_run - A run over some text; the start of the work memory
 * @out: What is found
 * @prog: The program
 * @carry: Its carries, which are the state's
 * @slots: Its registers and masks
 * @text: A copy of the block's text, with what came before it
 * @newlines: Bitmap of newlines found
 * @accepted: Bitmaps of the lines found, @prog->out_words each
 * @filled: Words of each of those that are written so far
 * @buf: The text, or NULL for zeros
 * @len: Its length
 * @done: Bytes of it in blocks that are done
 * @ahead: How far ahead of a block to prefetch
 * @block: Bytes of a block, at most
 * @bits: Bytes of this block; 0: there is none yet
 * @words: Words that they take; a multiple of KSIFT_BLOCK_STEP
 * @trim: There are more bits in these words than bytes
 * @at: The instruction to go on with
 * @column: Place of the block's first byte in its line, KSIFT_DISTANCE_MAX at most
 * @ready: Bit k - 1 is set when the mask of column k is made
 * @unverified: Words of the current LITERAL that have candidates left to be verified
 * @budget: What may still be done in this section, in units of @cost
 * @spent: What was done in all
 */
struct ksift_line_run {
	struct ksift_lineprog_work out;
	const struct ksift_lineprog *prog;
	u64 *carry;
	u64 (*slots)[KSIFT_BLOCK_WORDS];
	u8 *text;
	u64 *newlines;
	u64 *accepted;
	u32 filled[KSIFT_PATTERNS_MAX];
	const u8 *buf;
	size_t len;
	size_t done;
	size_t ahead;
	u32 block;
	u32 bits;
	u32 words;
	bool trim;
	u32 at;
	u32 column;
	u64 ready;
	u64 unverified;
	s64 budget;
	s64 spent;
};

#endif /* KSIFT_ENGINE_LINECODE_H */
