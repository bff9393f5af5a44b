/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where one of very many literals may be: by samples of the text.
 *
 * If the shortest literal has m bytes, each literal has within its first m bytes
 * m - 3 runs of 4 bytes that overlap, its grams, and one of those lies at every
 * (m - 3)th place of the text, whichever of these places one begins with.  So it
 * is enough to look at 4 bytes in m - 3 places, and to see if they are a gram of
 * some literal.  (L. Salmela, J. Tarhio and J. Kytojoki, "Multipattern string
 * matching with q-grams", ACM JEA 11, 2006, compare with other uses of grams.)
 */
#ifndef KSIFT_ENGINE_GRAMS_H
#define KSIFT_ENGINE_GRAMS_H

#include "port.h"

#define KSIFT_GRAM 4

/* Grams of a literal that are looked for, at most. */
#define KSIFT_GRAM_STEP 8U

#define KSIFT_GRAM_HASHES 65536
#define KSIFT_GRAM_LISTS 256
#define KSIFT_GRAMS_MAX (64 * KSIFT_GRAM_STEP)

/* The gram @value is @off bytes on in pattern @pattern; then see @next - 1. */
struct ksift_gram {
	u32 value;
	u16 next;
	u8 pattern;
	u8 off;
};

/**
 * struct ksift_grams - The grams of all literals
 * @step: Look at every place whose number it divides
 * @fold: Bits that are set in all bytes first, so as not to see their case
 * @count: Entries of @list
 * @some: For each hash of a gram, a bit: there is such a gram
 * @first: For each list, one more than the number of its first entry, or 0
 * @list: The entries
 */
struct ksift_grams {
	u32 step;
	u32 fold;
	u32 count;
	u64 some[KSIFT_GRAM_HASHES / 64];
	u16 first[KSIFT_GRAM_LISTS];
	struct ksift_gram list[KSIFT_GRAMS_MAX];
};

/* A multiplicative hash (D. Knuth, TAOCP 3, 6.4), of its high bits. */
static inline u32 ksift_gram_hash(u32 value)
{
	return (value * 0x9e3779b1u) >> 16;
}

static inline u32 ksift_gram_at(const struct ksift_grams *grams, const u8 *p)
{
	return ksift_load32(p) | grams->fold;
}

static inline bool ksift_gram_may_be(const struct ksift_grams *grams,
				     const u8 *p)
{
	u32 hash = ksift_gram_hash(ksift_gram_at(grams, p));

	return grams->some[hash / 64] >> hash % 64 & 1;
}

#endif /* KSIFT_ENGINE_GRAMS_H */
