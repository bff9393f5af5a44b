/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the vector variants have in common: loops over 64 bytes of text at a
 * time.  A variant's file includes this after it has defined, for 64 bytes
 * at @p,
 *
 *	struct needle		the constants of a search
 *	void load_needle(struct needle *, const struct ksift_probe *, count)
 *	u64 newlines64(p)
 *	u64 match64(p, needle, count, masked)
 *	struct shingles		the constants of a search for many literals
 *	void load_shingles(struct shingles *, const struct ksift_teddy *)
 *	u64 teddy64(p, shingles, width)
 *	void classify64(p, letter, upper, mark)
 *
 * Each loop is made once per kind of search, so that its constants stay in
 * registers.
 */
#ifndef KSIFT_ENGINE_VECTOR_H
#define KSIFT_ENGINE_VECTOR_H

/*
 * The last word of a bitmap: the bits from the last 64 bytes of the text,
 * moved to their place, so that nothing past the end is read.
 */
static __always_inline u64 last_bits(u64 bits, size_t len)
{
	return bits >> (64 - len % 64);
}

static void newlines(const u8 *buf, size_t len, u64 *bits)
{
	size_t i, words = len / 64;
	u64 last = 0;

	for (i = 0; i < words; i++)
		bits[i] = newlines64(buf + i * 64);
	if (!(len % 64))
		return;
	if (words) {
		bits[words] = last_bits(newlines64(buf + len - 64), len);
		return;
	}
	for (i = 0; i < len; i++)
		last |= (u64)(buf[i] == '\n') << i;
	bits[0] = last;
}

static __always_inline u64 find_n(const u8 *buf, size_t len,
				  const struct ksift_probe *probe, u64 *bits,
				  u32 count, bool masked)
{
	size_t i, words = len / 64;
	struct needle needle;
	u64 any = 0;

	load_needle(&needle, probe, count);
	for (i = 0; i < words; i++) {
		bits[i] = match64(buf + i * 64, &needle, count, masked);
		any |= bits[i];
	}
	if (len % 64) {
		bits[words] = last_bits(match64(buf + len - 64, &needle, count,
						masked), len);
		any |= bits[words];
	}
	return any;
}

static u64 find_short(const u8 *buf, size_t len,
		      const struct ksift_probe *probe)
{
	u64 bits = 0;
	size_t i;
	u32 k;

	for (i = 0; i < len; i++) {
		bool match = true;

		for (k = 0; k < probe->count; k++)
			match &= (buf[i + probe->off[k]] & probe->mask[k]) ==
				 probe->val[k];
		bits |= (u64)match << i;
	}
	return bits;
}

static __always_inline u64 find_masked(const u8 *buf, size_t len,
				       const struct ksift_probe *probe,
				       u64 *bits, bool masked)
{
	switch (probe->count) {
	case 1:
		return find_n(buf, len, probe, bits, 1, masked);
	case 2:
		return find_n(buf, len, probe, bits, 2, masked);
	case 3:
		return find_n(buf, len, probe, bits, 3, masked);
	case 4:
		return find_n(buf, len, probe, bits, 4, masked);
	case 5:
	case 6:
		return find_n(buf, len, probe, bits, 6, masked);
	default:
		return find_n(buf, len, probe, bits, 8, masked);
	}
}

static u64 find(const u8 *buf, size_t len, const struct ksift_probe *probe,
		u64 *bits)
{
	if (len < 64) {
		bits[0] = find_short(buf, len, probe);
		return bits[0];
	}
	if (probe->masked)
		return find_masked(buf, len, probe, bits, true);
	return find_masked(buf, len, probe, bits, false);
}

static __always_inline u64 find_many_n(const u8 *buf, size_t len,
				       const struct ksift_teddy *teddy,
				       u64 *bits, u32 width)
{
	size_t i, words = len / 64;
	struct shingles shingles;
	u64 any = 0;

	load_shingles(&shingles, teddy);
	for (i = 0; i < words; i++) {
		bits[i] = teddy64(buf + i * 64, &shingles, width);
		any |= bits[i];
	}
	if (len % 64) {
		bits[words] = last_bits(teddy64(buf + len - 64, &shingles,
						width), len);
		any |= bits[words];
	}
	return any;
}

static u64 find_many(const u8 *buf, size_t len, const struct ksift_teddy *teddy,
		     u64 *bits)
{
	size_t i;

	if (len < 64) {
		bits[0] = 0;
		for (i = 0; i < len; i++)
			bits[0] |= (u64)!!ksift_teddy_at(teddy, buf + i) << i;
		return bits[0];
	}
	switch (teddy->width) {
	case 1:
		return find_many_n(buf, len, teddy, bits, 1);
	case 2:
		return find_many_n(buf, len, teddy, bits, 2);
	case 3:
		return find_many_n(buf, len, teddy, bits, 3);
	default:
		return find_many_n(buf, len, teddy, bits, 4);
	}
}

/* Bytes of the selected lines that end in word @w. */
static __always_inline u64 line_bytes(u64 newlines, u64 selected, u64 at, u64 line)
{
	u64 bytes = 0;

	do {
		u64 before = newlines & ((selected & -selected) - 1);
		u64 start = before ? at + ksift_high_bit(before) + 1 : line;

		bytes += at + ksift_low_bit(selected) + 1 - start;
		selected &= selected - 1;
	} while (selected);
	return bytes;
}

/* Lines selected in one vector section, each some ns of work: 10 us of it. */
#define TALLY_SELECTED 4096

/*
 * With @count 0 the matches are those of @found.  Where the last newline is gets
 * kept as a word and its number: whether there is one in a word is a coin's
 * toss, and a branch on it is foreseen half the time.
 */
static __always_inline size_t tally_n(const u8 *buf, size_t words, bool anchored,
				      const struct ksift_probe *probe,
				      const u64 *found,
				      struct ksift_tally *tally, u32 count,
				      bool masked)
{
	u64 total = 0, selected = 0, bytes = 0, last = 0, last_at = 0;
	u64 carry = tally->carry, start = tally->start;
	u64 anywhere = anchored ? 0 : ~0ULL;
	struct needle needle;
	size_t w;

	if (count)
		load_needle(&needle, probe, count);
	for (w = 0; w < words && selected < TALLY_SELECTED; w++) {
		const u8 *p = buf + w * 64;
		u64 nl = newlines64(p), at = w * 64;
		u64 match = count ? match64(p, &needle, count, masked) :
				    found[w];
		u64 sum;

		match &= nl << 1 | start | anywhere;
		start = nl >> 63;
		/* See lines.c. */
		carry = __builtin_add_overflow(~nl, match | carry, &sum);
		sum &= nl;
		total += __builtin_popcountll(nl);
		if (sum) {
			u64 line = last ? last_at + ksift_high_bit(last) + 1 :
					  tally->line;

			selected += __builtin_popcountll(sum);
			bytes += line_bytes(nl, sum, at, line);
		}
		last = nl ? nl : last;
		last_at = nl ? at : last_at;
	}
	tally->total += total;
	tally->selected += selected;
	tally->selected_bytes += bytes;
	if (last)
		tally->line = last_at + ksift_high_bit(last) + 1;
	tally->carry = carry;
	tally->start = start;
	return w;
}

static __always_inline size_t tally_masked(const u8 *buf, size_t words,
					   bool anchored,
					   const struct ksift_probe *probe,
					   struct ksift_tally *tally,
					   bool masked)
{
	switch (probe->count) {
	case 1:
		return tally_n(buf, words, anchored, probe, NULL, tally, 1, masked);
	case 2:
		return tally_n(buf, words, anchored, probe, NULL, tally, 2, masked);
	case 3:
		return tally_n(buf, words, anchored, probe, NULL, tally, 3, masked);
	case 4:
		return tally_n(buf, words, anchored, probe, NULL, tally, 4, masked);
	case 5:
	case 6:
		return tally_n(buf, words, anchored, probe, NULL, tally, 6, masked);
	default:
		return tally_n(buf, words, anchored, probe, NULL, tally, 8, masked);
	}
}

static size_t tally(const u8 *buf, size_t words, bool anchored,
		    const struct ksift_probe *probe, const u64 *found,
		    struct ksift_tally *tally)
{
	if (!probe)
		return tally_n(buf, words, false, NULL, found, tally, 0, false);
	if (probe->masked)
		return tally_masked(buf, words, anchored, probe, tally, true);
	return tally_masked(buf, words, anchored, probe, tally, false);
}

/* Newlines alone, and where the last one is. */
static void tally_lines(const u8 *buf, size_t words, struct ksift_tally *tally)
{
	u64 total = 0, last = 0;
	size_t w, at = words;

	for (w = 0; w < words; w++) {
		u64 nl = newlines64(buf + w * 64);

		total += __builtin_popcountll(nl);
		last = nl ? nl : last;
		at = nl ? w : at;
	}
	tally->total += total;
	if (last)
		tally->line = at * 64 + ksift_high_bit(last) + 1;
}

static void classify(const u8 *buf, size_t len, struct ksift_classes *classes)
{
	size_t i, words = len / 64;
	u8 last[64] = { 0 };

	for (i = 0; i < words; i++)
		classify64(buf + i * 64, &classes->letter[i], &classes->upper[i],
			   &classes->mark[i]);
	if (!(len % 64))
		return;
	/* Zeros are of no kind. */
	memcpy(last, buf + words * 64, len % 64);
	classify64(last, &classes->letter[words], &classes->upper[words],
		   &classes->mark[words]);
}

#endif /* KSIFT_ENGINE_VECTOR_H */
