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
 * Bytes of a literal that a probe compares, and of one that folds case.  Of a literal
 * up to this length it compares all, in their order, and no candidate needs
 * verifying.
 */
#define KSIFT_PROBES_MAX 12
#define KSIFT_PROBES_FOLD 8

/* And of a hunt's probe: three rare bytes leave few false candidates. */
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

/* Teddy looks at this many first bytes of each literal, at most. */
#define KSIFT_TEDDY_WIDTH 6

/* And at so many if it looks at both nibbles of them. */
#define KSIFT_TEDDY_WHOLE 4

/* Each literal is in one of at most so many buckets. */
#define KSIFT_BUCKETS 16

/**
 * struct ksift_teddy - Many literals to look for at once
 * @width: First bytes of each that are looked at: 2, 4 or 6
 * @whole: Both nibbles of them are, of 2 or 4; what follows a shorter literal may
 *	be anything.  Else @high is not used, and the literals' bytes that are
 *	looked at are all ASCII: no other byte need be found.
 * @wide: There are more than 8 buckets
 * @low: @low[h][k][n] has bit b set when byte k of a literal in bucket 8 * h + b
 *	has n for its low nibble
 * @high: The same of its high nibble
 * @six: @six[k][n] has bit b % 8 set when the byte k of a literal in bucket b has
 *	n for its low six bits; past its end, any
 *
 * Where a bucket's bit is set in all of them, one of its literals may begin.
 * This is Teddy (G. Langdale, in Hyperscan, 2015; described by A. Gallant in
 * the aho-corasick library for Rust).  Low nibbles tell most about a letter: for
 * what the high ones cost, more bytes are looked at instead.
 */
struct ksift_teddy {
	u32 width;
	bool whole;
	bool wide;
	u8 low[KSIFT_BUCKETS / 8][KSIFT_TEDDY_WIDTH][16];
	u8 high[KSIFT_BUCKETS / 8][KSIFT_TEDDY_WHOLE][16];
	u8 six[KSIFT_TEDDY_WIDTH][64];
};

/* The buckets that have a literal that may begin at @p. */
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
 * The last word of the bitmap of @len bytes, from the bits of the last 64 of them:
 * these are loaded so that nothing past the end is.
 */
static inline u64 ksift_last_bits(u64 bits, size_t len)
{
	return bits >> (64 - len % 64);
}

/* The same in place, where @some has a bit for each word of @bits that is not 0. */
static inline u64 ksift_end_lap(u64 *bits, size_t len, u64 some)
{
	size_t w = len / 64;

	bits[w] = ksift_last_bits(bits[w], len);
	return bits[w] ? some : some & ~(1ULL << w);
}

/*
 * How far ahead loops prefetch.  Processors do so by themselves, but stop at a page's
 * end, and while a loop verifies: two pages keep the memory busy meanwhile, and leave
 * room in the smallest first-level caches.
 */
#define KSIFT_AHEAD 8192

/* How far ahead to prefetch while [0, @len) of @avail bytes is looked at. */
static inline size_t ksift_ahead(size_t len, size_t avail)
{
	return min(avail - len, (size_t)KSIFT_AHEAD);
}

/**
 * struct ksift_tally - Lines counted
 * @total: Lines ended, added to
 * @selected: Those with a match, added to
 * @selected_bytes: Bytes in them, with a newline each, added to
 * @line: Where the current line begins, from the start of the text; wrapped below
 *	zero if it began earlier
 * @carry: 1 when the current line has a match already, else 0
 * @start: 1 when the text's next byte is the first of a line, else 0
 * @ahead: How far ahead to prefetch; so much is readable
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
 * @seen: The patterns it has, if the scan wants those counted, or a line program
 *	finds them
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

/* Lines that one hunt reports at most. */
#define KSIFT_FINDS_MAX 128

struct ksift_prog;
struct ksift_line_run;
struct ksift_variant_ops;

/**
 * struct ksift_hunt - A search from match to match
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
 * @line: Where the current line begins, from the start of the text; wrapped below
 *	zero if it began earlier
 * @start: The text's first byte is the first of a line
 * @carry: The current line has a match already
 * @dense: The prefilter is ineffective here
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
 * Bytes that become bitmaps in one section: 1 to 3 us of AVX2 with the longest
 * probe, and half of a first-level cache, so that verifying finds the text there.
 */
#define KSIFT_CHUNK 16384

/* Bytes whose candidates are found at a time: a bit for each of their words fits a u64. */
#define KSIFT_LAP 4096

/* Bytes at the start of a line that can tell its level. */
#define KSIFT_LEVEL_HEAD 128

/**
 * struct ksift_lead - A line whose level is wanted
 * @start: Where it begins in the text
 * @end: Where its newline is
 * @names: Bits of the bytes, from @start on, at which its level's name may begin.
 *	Other bits may be set, too, such as of bytes behind the line.
 * @level: Its enum ksift_level; KSIFT_LEVEL_NONE or more if @names have to be
 *	looked at first
 * @msg: Where the name ends; once completed, where the message begins
 */
struct ksift_lead {
	u32 start;
	u32 end;
	u64 names[KSIFT_LEVEL_HEAD / 64];
	u32 level;
	u32 msg;
};

/* Lines whose levels are looked for at a time; at least as many as a hunt reports. */
#define KSIFT_LEADS 192

/**
 * struct ksift_level_tally - Lines counted by their levels
 * @lines: How many have each, added to
 * @bytes: Bytes in them, with a newline each, added to
 * @count: How many @leads there are
 * @leads: Lines that are in neither, as their levels are not that simple to tell
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

/* And in one section: some 2 us. */
#define KSIFT_SUM_CHUNK 8192

/**
 * struct ksift_variant_ops - What one instruction set offers
 * @id: Its enum ksift_variant
 * @name: Its name
 * @newlines: Set bit i of @bits where buf[i] is a newline, for i < len; the
 *	other bits of the last word are cleared.  Prefetches @ahead of that.
 * @find: The same where all bytes of the probe match at buf[i + off].  The
 *	caller has buf[i + off] readable for every i < len.  Returns 0 only when no
 *	bit is set.
 * @find_many: The same where one of many literals may begin, for i < len, which
 *	is at most KSIFT_LAP.  The caller has buf[i + width - 1] readable, and 64
 *	bytes or more that end with buf[len - 1].  Prefetches @ahead of that.
 *	Returns bit w for each word of @bits that is not 0.
 * @tally: Count the lines of @words blocks of 64 bytes, or of fewer if that is
 *	enough work for a section.  A line is selected by matches of all the probe's
 *	bytes, which follow one another, at its start only if @anchored, or, when
 *	@probe is NULL, by the bits of @found.  Returns of how many blocks.
 * @tally_lines: Count them all: sets @total and @line only
 * @hunt: Find the lines with a match that begins in [0, @len) of the text.  Sets
 *	@line, @carry and @dense to what they are where it stopped, and returns
 *	where: at @len, after a line, or anywhere if it is @dense.
 * @find_levels: Set @names, @level and @msg of each of @count lines.  @avail
 *	bytes of the text are readable.
 * @tally_levels: Count lines of a text that begins with one, by their levels, up
 *	to its end or as many as are enough work for a section.  @avail
 *	bytes of it are readable.  Returns where the first line begins that is
 *	not in @levels; none may be.
 * @sum_i64: Add @count integers, a multiple of KSIFT_SUM_STEP, to @sum
 * @lineprog: Run a line program until the text is done or the budget is: see
 *	linecode.h.
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
	void (*lineprog)(struct ksift_line_run *run);
};

/* They are in their instruction sets' own files; variants.c lists them. */
extern const struct ksift_variant_ops ksift_variant_avx2;
extern const struct ksift_variant_ops ksift_variant_neon;

/* AVX2's operations but for find_many, which is all that AVX-512 does better. */
extern const struct ksift_variant_ops ksift_variant_avx512;

u64 ksift_find_many_avx512(const u8 *buf, size_t len,
			   const struct ksift_teddy *teddy, u64 *bits,
			   size_t ahead);

#endif /* KSIFT_ENGINE_OPS_H */
