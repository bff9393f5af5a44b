/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an instruction set may do better than portable C: the operations that a
 * variant of the engine consists of, and what they work on.
 */
#ifndef KSIFT_ENGINE_OPS_H
#define KSIFT_ENGINE_OPS_H

#include "port.h"
#include "../uapi/ksift.h"

/*
 * Bytes of a literal that a vector search compares, with and without regard for
 * case.  Up to this length the search is the whole comparison, all bytes in
 * their order, and no candidate needs verifying.
 */
#define KSIFT_PROBES_MAX 12
#define KSIFT_PROBES_FOLD 8

/* And that a hunt compares: with three, candidates that are none are few. */
#define KSIFT_HUNT_PROBES 3

/**
 * struct ksift_probe - Bytes to look for at fixed distances from each other
 * @count: How many, 1 to KSIFT_PROBES_MAX
 * @masked: Some of @mask are not 0xff
 * @off: Distance of each from the start of the literal
 * @mask: What to keep of a byte of the text before it is compared
 * @val: What it must be then
 *
 * Beyond @count all entries are as the first.
 */
struct ksift_probe {
	u32 count;
	bool masked;
	u16 off[KSIFT_PROBES_MAX];
	u8 mask[KSIFT_PROBES_MAX];
	u8 val[KSIFT_PROBES_MAX];
};

/* Literals are searched for by this many of their first bytes, at most. */
#define KSIFT_TEDDY_WIDTH 6

/* And by so many if both halves of them are looked at. */
#define KSIFT_TEDDY_WHOLE 4

/* Literals to look for at once are in one of so many buckets. */
#define KSIFT_BUCKETS 16

/**
 * struct ksift_teddy - Many literals to look for at once
 * @width: First bytes of each that are looked at: 2, 4 or 6
 * @whole: Both halves of them are, of 2 or 4; what follows a shorter literal may
 *	be anything.  Else @high is not used, and all of these are below 0x80: a
 *	higher byte need not be found.
 * @wide: There are more than 8 buckets
 * @low: @low[h][k][n] has bit b set when the byte k of a literal in bucket
 *	8 * h + b has n for its low half
 * @high: The same of its high half
 * @six: @six[k][n] has bit b % 8 set when the byte k of a literal in bucket b has
 *	n for its low six bits; past its end, any
 *
 * Where a bucket's bit is set in all of them, one of its literals may begin.
 * This is Teddy (G. Langdale, in Hyperscan, 2015; described by A. Gallant in
 * the aho-corasick library for Rust).  Low halves say most about a letter, and
 * for what the high halves cost, more bytes can be looked at.
 */
struct ksift_teddy {
	u32 width;
	bool whole;
	bool wide;
	u8 low[KSIFT_BUCKETS / 8][KSIFT_TEDDY_WIDTH][16];
	u8 high[KSIFT_BUCKETS / 8][KSIFT_TEDDY_WHOLE][16];
	u8 six[KSIFT_TEDDY_WIDTH][64];
};

/* The buckets of which a literal may begin at @p. */
static inline u32 ksift_teddy_at(const struct ksift_teddy *teddy, const u8 *p)
{
	u32 k, buckets = 0xffff;

	for (k = 0; k < teddy->width; k++) {
		u8 c = ksift_load8(p + k), low = c & 15, high = c >> 4;

		buckets &= teddy->low[0][k][low] | teddy->low[1][k][low] << 8;
		if (teddy->whole)
			buckets &= teddy->high[0][k][high] |
				   teddy->high[1][k][high] << 8;
	}
	return buckets;
}

/*
 * The last word of a bitmap: the bits from the last 64 bytes of the text,
 * moved to their place, so that nothing past the end is read.
 */
static inline u64 ksift_last_bits(u64 bits, size_t len)
{
	return bits >> (64 - len % 64);
}

/* The same of @bits, whose words are not 0 where @some has a bit. */
static inline u64 ksift_end_lap(u64 *bits, size_t len, u64 some)
{
	size_t w = len / 64;

	bits[w] = ksift_last_bits(bits[w], len);
	return bits[w] ? some : some & ~(1ULL << w);
}

/*
 * How far ahead a loop asks for text.  Processors do so too, but not while a loop
 * looks closer at what it has found, nor beyond the page: two pages keep the
 * memory busy meanwhile, and leave room in the smallest first-level caches.
 */
#define KSIFT_AHEAD 8192

/* How far ahead to ask for text when [0, @len) of @avail bytes is looked at. */
static inline size_t ksift_ahead(size_t len, size_t avail)
{
	return min(avail - len, (size_t)KSIFT_AHEAD);
}

/**
 * struct ksift_tally - Lines counted
 * @total: Lines ended, added to
 * @selected: Those with a match, added to
 * @selected_bytes: Bytes in them, with a newline each, added to
 * @line: Where the current line begins, from the start of the text; below
 *	zero, that is wrapped, if that is before it
 * @carry: 1 when the current line has a match already, else 0
 * @start: 1 when the text's next byte is the first of a line, else 0
 * @ahead: How far ahead to ask for text; there has to be as much
 */
struct ksift_tally {
	u64 total;
	u64 selected;
	u64 selected_bytes;
	u64 line;
	u64 carry;
	u64 start;
	size_t ahead;
};

/**
 * struct ksift_hit - A selected line
 * @start: Offset of its first byte
 * @end: Offset of its newline, or of the end of the source if it has none
 * @index: Lines of this scan that came before it
 * @seen: The patterns it has, if the scan wants those counted
 * @match: Offset at which @pattern begins in it, if it is below @end
 * @pattern: A pattern it has, if @match tells where
 * @level: Its enum ksift_level, if the scan looks at levels
 * @msg: Where its message begins, if the scan looks at levels
 * @newline: It has one
 */
struct ksift_hit {
	u64 start;
	u64 end;
	u64 index;
	u64 seen;
	u64 match;
	u32 pattern;
	u32 level;
	u32 msg;
	bool newline;
};

/* Lines that one hunt finds at most. */
#define KSIFT_FINDS_MAX 128

struct ksift_prog;
struct ksift_variant_ops;

/**
 * struct ksift_hunt - A search for lines with a match that skips what is between
 * @ops: The variant
 * @prog: The filter, of one term
 * @avail: Bytes of the text that are readable, at least those to be looked at,
 *	and 64 more than a match can have
 * @base: Offset of the text's first byte
 * @hits: Where the lines found go, with no @seen, @level and @msg yet: @match is
 *	@end if it was not seen
 * @max: Stop after so many of them, at most KSIFT_FINDS_MAX; 0: only count them
 * @total: Count all lines, too
 * @lines: Those before, if so; those ended are added
 * @line: Where the current line begins, from the start of the text; below zero,
 *	that is wrapped, if that is before it
 * @start: The text's first byte is the first of a line
 * @carry: The current line has a match already
 * @dense: Candidates were so many that this way is not worth it here
 * @count: Lines found
 * @bytes: Bytes in those found, with a newline each
 */
struct ksift_hunt {
	const struct ksift_variant_ops *ops;
	const struct ksift_prog *prog;
	size_t avail;
	u64 base;
	struct ksift_hit *hits;
	u32 max;
	bool total;
	u64 lines;
	u64 line;
	bool start;
	bool carry;
	bool dense;
	u32 count;
	u64 bytes;
};

/*
 * Bytes that one vector section looks at: 1 to 3 us of AVX2 at the most
 * probes, and half of a first-level cache, so that what follows finds the
 * text there.
 */
#define KSIFT_CHUNK 16384

/* Bytes in which many literals are looked for at a time. */
#define KSIFT_LAP 4096

/* Bytes at the start of a line that can tell its level. */
#define KSIFT_LEVEL_HEAD 128

/**
 * struct ksift_lead - A line whose level is wanted
 * @start: Where it begins in the text
 * @end: Where its newline is
 * @names: Bits of the bytes at which its level's name may begin, from @start on.
 *	May have others, too, such as of bytes behind the line.
 * @level: Its enum ksift_level; KSIFT_LEVEL_NONE or more if @names have to be
 *	looked at first
 * @msg: Where the name ends; in the end, where the message begins
 */
struct ksift_lead {
	u32 start;
	u32 end;
	u64 names[KSIFT_LEVEL_HEAD / 64];
	u32 level;
	u32 msg;
};

/* Lines whose levels are looked for at a time; as many as a hunt finds, and more. */
#define KSIFT_LEADS 192

/**
 * struct ksift_level_tally - Lines counted by their levels
 * @lines: How many have each, added to
 * @bytes: Bytes in them, with a newline each, added to
 * @count: Leads: lines that are in neither, as they have to be looked at
 * @leads: Those
 */
struct ksift_level_tally {
	u64 lines[KSIFT_LEVELS];
	u64 bytes[KSIFT_LEVELS];
	u32 count;
	struct ksift_lead leads[KSIFT_LEADS];
};

/**
 * struct ksift_sum128 - A signed 128-bit sum, in two's complement
 * @lo: Its low 64 bits
 * @hi: Its high 64 bits
 */
struct ksift_sum128 {
	u64 lo;
	u64 hi;
};

/* Integers that a variant adds up at a time. */
#define KSIFT_SUM_STEP 8

/* And in one vector section: some 2 us. */
#define KSIFT_SUM_CHUNK 8192

/**
 * struct ksift_variant_ops - What one instruction set offers
 * @id: Its enum ksift_variant
 * @name: Its name
 * @newlines: Set bit i of @bits where buf[i] is a newline, for i < len; the
 *	other bits of the last word are cleared.  Asks for text @ahead of that.
 * @find: The same where all bytes of the probe match at buf[i + off].  The
 *	caller has buf[i + off] readable for every i < len.  Returns 0 only when no
 *	bit is set.
 * @find_many: The same where one of many literals may begin, for i < len, which
 *	is at most KSIFT_LAP.  The caller has buf[i + width - 1] readable, and 64
 *	bytes or more that end with buf[len - 1].  Asks for text @ahead of that.
 *	Returns bit w for each word of @bits that is not 0.
 * @tally: Count the lines of @words times 64 bytes, or of fewer if that is enough
 *	work for a vector section, by matches of all the probe's bytes, at the
 *	start of lines only if @anchored, or, when @probe is NULL, by the bits
 *	of @found.  The probe's bytes follow one another.  Returns of how many
 *	times 64 bytes.
 * @tally_lines: Count them all: sets @total and @line only
 * @hunt: Find the lines with a match that begins in [0, @len) of the text.  Sets
 *	@line, @carry and @dense to what they are where it stopped, and returns
 *	where: at @len, after a line, or anywhere if it is @dense.
 * @find_levels: Set @names, @level and @msg of each of @count lines.  @avail
 *	bytes of the text are readable.
 * @tally_levels: Count lines of a text that begins with one, by their levels, up
 *	to its end or as many as are enough work for a vector section.  @avail
 *	bytes of it are readable.  Returns where the first line begins that is
 *	not in @levels; none may be.
 * @sum_i64: Add @count integers, a multiple of KSIFT_SUM_STEP, to @sum
 *
 * A variant without these is run without vectors.  The engine calls them through
 * simd.h, with a bounded number of bytes.  The memory may change while they read
 * it.
 */
struct ksift_variant_ops {
	u32 id;
	const char *name;
	void (*newlines)(const u8 *buf, size_t len, u64 *bits, size_t ahead);
	u64 (*find)(const u8 *buf, size_t len,
		    const struct ksift_probe *probe, u64 *bits);
	u64 (*find_many)(const u8 *buf, size_t len,
			 const struct ksift_teddy *teddy, u64 *bits,
			 size_t ahead);
	size_t (*tally)(const u8 *buf, size_t words, bool anchored,
			const struct ksift_probe *probe, const u64 *found,
			struct ksift_tally *tally);
	void (*tally_lines)(const u8 *buf, size_t words,
			    struct ksift_tally *tally);
	size_t (*hunt)(struct ksift_hunt *hunt, const u8 *buf, size_t len);
	void (*find_levels)(const u8 *buf, size_t avail,
			    struct ksift_lead *leads, size_t count);
	size_t (*tally_levels)(const u8 *buf, size_t len, size_t avail,
			       struct ksift_level_tally *levels);
	void (*sum_i64)(struct ksift_sum128 *sum, const u8 *buf, size_t count);
};

/* Which are in their instruction sets' own files; variants.c has the list. */
extern const struct ksift_variant_ops ksift_variant_avx2;
extern const struct ksift_variant_ops ksift_variant_neon;

/* AVX2's but for one function, which is all that AVX-512 is better at. */
extern const struct ksift_variant_ops ksift_variant_avx512;

u64 ksift_find_many_avx512(const u8 *buf, size_t len,
			   const struct ksift_teddy *teddy, u64 *bits,
			   size_t ahead);

#endif /* KSIFT_ENGINE_OPS_H */
