// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of the engine: compare every usable variant with dumb oracles, on text
 * that is cut into pieces anywhere, each of which ends at a page that cannot be read.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "program_util.h"
#include "../level_lines.h"

/* Time means less on a machine that is emulated: so much slower may this one be. */
static double slower(void)
{
	const char *s = getenv("KSIFT_HOST_SLOWER");

	return s ? atof(s) : 1;
}

#define TEXT_MAX	150000
#define PATTERNS	KSIFT_PATTERNS_MAX

struct line {
	u64 start;
	u64 end;
	u64 index;
	bool newline;
};

struct expect {
	struct ksift_lines_count count;
	struct line lines[TEXT_MAX];
	size_t selected;
};

static struct expect want, got;

/* What a case wants besides lines: see struct ksift_scan. */
struct extra {
	u32 level_mask;
	bool want_levels;
	bool want_patterns;
};

static void count_line(const struct oracle_pattern *pats, unsigned int count,
		       const struct extra *extra, const u8 *line, size_t len,
		       u32 level, struct ksift_lines_count *out)
{
	unsigned int i;

	out->selected++;
	out->selected_bytes += len + 1;
	out->levels[level] += extra->want_levels;
	for (i = 0; i < count; i++)
		out->patterns[i] += extra->want_patterns &&
				    oracle_has(&pats[i], line, len);
}

/* Levels are not this oracle's: ksift_level_find() has tests of its own. */
static void run_oracle(const struct oracle_pattern *pats, unsigned int count,
		       unsigned int flags, const struct extra *extra,
		       const u8 *text, size_t len, u64 from, u64 to,
		       struct expect *out)
{
	u64 pos = 0;

	memset(&out->count, 0, sizeof(out->count));
	out->selected = 0;
	while (pos < len) {
		const u8 *nl = memchr(text + pos, '\n', len - pos);
		u64 end = nl ? (u64)(nl - text) : len;

		if (pos >= from && pos < to) {
			u32 level = ksift_level_find(text + pos, end - pos, NULL);

			if (oracle_selects(pats, count, flags, text + pos,
					   end - pos) &&
			    (!extra->level_mask ||
			     extra->level_mask >> level & 1)) {
				out->lines[out->selected++] = (struct line){
					pos, end, out->count.total, nl };
				count_line(pats, count, extra, text + pos,
					   end - pos, level, &out->count);
			}
			out->count.total++;
		}
		pos = end + !!nl;
	}
}

static void take_hits(struct ksift_scan *scan, struct expect *out)
{
	u32 i;

	for (i = 0; i < scan->hit_count; i++)
		out->lines[out->selected++] = (struct line){
			scan->hits[i].start, scan->hits[i].end,
			scan->no_total ? 0 : scan->hits[i].index,
			scan->hits[i].newline };
}

/* Where a hit says that it has a pattern, it has. */
static void check_match(const struct ksift_scan *scan, const u8 *text)
{
	u32 i;

	for (i = 0; i < scan->hit_count; i++) {
		const struct ksift_hit *hit = &scan->hits[i];
		const struct ksift_literal *lit =
			&scan->prog->lits[hit->pattern];

		assert_in_range(hit->match, hit->start, hit->end);
		if (hit->match == hit->end)
			continue;
		assert_true(scan->prog->terms[0] >> hit->pattern & 1);
		assert_true(hit->match + lit->len <= hit->end);
		assert_true(ksift_literal_equal(lit, text + hit->match));
		assert_true(!(lit->flags & KSIFT_PATTERN_ANCHORED) ||
			    hit->match == hit->start);
	}
}

/* Cuts the text at random, and now and then goes back to a hit. */
/* Are these lines of a copy what their hits say? */
static bool confirmed_rightly(struct ksift_scan *scan,
			      const struct ksift_hit *hits, u32 count,
			      const u8 *copy)
{
	bool levels = scan->want_levels || scan->hit_levels ||
		      scan->prog->level_mask;
	u32 i, level, msg;

	for (i = 0; i < count; i++) {
		size_t len = hits[i].end - hits[i].start;

		if (memchr(copy, '\n', len + 1) != copy + len)
			return false;
		ksift_match_start(scan);
		ksift_match(scan, copy, len);
		if (!ksift_prog_selects(scan->prog, ksift_match_end(scan)))
			return false;
		level = ksift_level_find(copy, len, &msg);
		if ((levels && level != hits[i].level) ||
		    (scan->hit_levels && msg != hits[i].msg))
			return false;
		copy += len + 1;
	}
	return true;
}

/*
 * Reported lines are confirmed in a copy of them; and in one that has changed only
 * if they still are what they were.
 */
static void check_confirm(struct ksift_scan *scan, const u8 *piece, u64 base)
{
	static struct guarded g;
	u32 i, n, k, changes;

	if (!g.end)
		g = guarded_alloc(KSIFT_FEED);
	for (i = 0; i < scan->hit_count; i += n) {
		const struct ksift_hit *hits = &scan->hits[i];
		size_t bytes = 0;
		u8 *copy;

		for (n = 0; i + n < scan->hit_count && n < KSIFT_LEADS; n++) {
			if (hits[n].start < base || !hits[n].newline ||
			    (hits[n].match >= hits[n].end && !scan->prog->lines) ||
			    bytes + ksift_hit_bytes(&hits[n]) > KSIFT_FEED)
				break;
			bytes += ksift_hit_bytes(&hits[n]);
		}
		if (!n) {
			n = 1;
			continue;
		}
		copy = g.end - bytes;
		for (k = 0; k < n; k++) {
			memcpy(copy, piece + (hits[k].start - base),
			       ksift_hit_bytes(&hits[k]));
			copy += ksift_hit_bytes(&hits[k]);
		}
		copy -= bytes;
		assert_true(ksift_scan_confirm(scan, hits, n, copy, bytes));
		for (changes = 1 + rnd(3); changes; changes--) {
			copy[rnd(bytes)] = rnd(3) ? (u8)"\nE a]r"[rnd(6)] : (u8)rnd(256);
			if (ksift_scan_confirm(scan, hits, n, copy, bytes))
				assert_true(confirmed_rightly(scan, hits, n, copy));
		}
	}
}

static void run_engine(const struct ksift_prog *prog,
		       const struct ksift_variant_ops *ops, const u8 *text,
		       size_t len, u64 from, u64 to, bool hits, bool no_total,
		       const struct extra *extra, size_t piece_max,
		       struct guarded *g, struct expect *out)
{
	struct ksift_scan *scan = calloc(1, ksift_scan_size(prog));

	scan->prog = prog;
	scan->ops = ops;
	scan->to = to;
	ksift_program_init(scan);
	scan->want_hits = hits;
	scan->no_total = no_total;
	scan->want_levels = extra->want_levels;
	scan->want_patterns = extra->want_patterns;
	scan->hits_max = KSIFT_LINES_HITS;
	scan->bytes_max = UINT64_MAX;
	ksift_scan_start(scan, from ? from - 1 : 0, from);
	out->selected = 0;
	while (!scan->done) {
		struct ksift_lines_count before = scan->count;
		size_t n = len - scan->pos, done = 0;
		u64 base;
		const u8 *piece;

		if (!n) {
			ksift_scan_eof(scan);
			take_hits(scan, out);
			break;
		}
		if (n > piece_max)
			n = 1 + rnd(piece_max);
		/* A run of zeros may come as one. */
		if (!text[scan->pos] && !rnd(2)) {
			for (n = 0; scan->pos + n < len &&
			     !text[scan->pos + n]; n++)
				;
			ksift_scan_zeros(scan, n);
			continue;
		}
		piece = guarded_copy(g, text + scan->pos, n);
		base = scan->pos;
		while (done < n && !scan->done) {
			scan->chunk = rnd(3) ? KSIFT_FEED : 64 + rnd(2000);
			scan->hits_max = rnd(3) ? KSIFT_LINES_HITS : 1 + rnd(9);
			scan->bytes_max = rnd(3) ? UINT64_MAX : 1 + rnd(300);
			done = ksift_scan_feed(scan, piece, done, n);
			check_match(scan, text);
			if (!rnd(4))
				check_confirm(scan, piece, base);
			if (scan->hit_count && !rnd(16)) {
				u32 i, keep = rnd(scan->hit_count) + 1;
				struct ksift_hit hit;

				scan->hit_count = keep;
				hit = scan->hits[keep - 1];
				for (i = 0; i < keep; i++)
					ksift_scan_count(scan, &scan->hits[i],
							 &before);
				take_hits(scan, out);
				ksift_scan_rewind(scan, &hit, &before);
				break;
			}
			before = scan->count;
			take_hits(scan, out);
		}
	}
	out->count = scan->count;
	if (no_total)
		out->count.total = 0;
	free(scan);
}

/* Takes over @prog. */
static void check_prog(struct ksift_prog *prog, const struct oracle_pattern *pats,
		       unsigned int count, unsigned int flags,
		       const struct extra *extra, const u8 *text, size_t len,
		       u64 from, u64 to, size_t piece_max, struct guarded *g,
		       uint64_t case_seed)
{
	const struct ksift_variant_ops *const *v;
	unsigned int i;
	int mode;

	prog->level_mask = extra->level_mask;
	for (v = ksift_variants; *v; v++) {
		if (!ksift_variant_usable(*v))
			continue;
		for (mode = 3; mode >= 0; mode--) {
			bool hits = mode & 1, no_total = mode & 2;

			run_oracle(pats, count, flags, extra, text, len, from,
				   to, &want);
			run_engine(prog, *v, text, len, from, to, hits, no_total,
				   extra, piece_max, g, &got);
			if (no_total) {
				want.count.total = 0;
				for (i = 0; i < want.selected; i++)
					want.lines[i].index = 0;
			}
			if (!memcmp(&got.count, &want.count, sizeof(got.count)) &&
			    (!hits || (got.selected == want.selected &&
				       !memcmp(got.lines, want.lines,
					       got.selected * sizeof(struct line)))))
				continue;
			for (i = 0; i < count; i++)
				print_error("pattern %u: %zu bytes, flags %u, group %u\n",
					    i, pats[i].len, pats[i].flags,
					    pats[i].group);
			for (i = 0; i < KSIFT_LEVELS; i++)
				if (got.count.levels[i] != want.count.levels[i])
					print_error("level %u: %llu, not %llu\n", i,
						    (unsigned long long)got.count.levels[i],
						    (unsigned long long)want.count.levels[i]);
			for (i = 0; i < count; i++)
				if (got.count.patterns[i] != want.count.patterns[i])
					print_error("pattern %u: %llu, not %llu\n", i,
						    (unsigned long long)got.count.patterns[i],
						    (unsigned long long)want.count.patterns[i]);
			print_error("[%llu, %llu) of %zu bytes, pieces of %zu\n",
				    (unsigned long long)from,
				    (unsigned long long)to, len, piece_max);
			fail_msg("%s%s, seed %#llx, mode %d: %llu of %llu lines, not %llu of %llu",
				 (*v)->name, prog->lines ? ", by a program" : "",
				 (unsigned long long)case_seed, mode,
				 (unsigned long long)got.count.selected,
				 (unsigned long long)got.count.total,
				 (unsigned long long)want.count.selected,
				 (unsigned long long)want.count.total);
		}
	}
	free_prog(prog);
}

static void check(const struct oracle_pattern *pats, unsigned int count,
		  unsigned int flags, const struct extra *extra, const u8 *text,
		  size_t len, u64 from, u64 to, size_t piece_max,
		  struct guarded *g, uint64_t case_seed)
{
	struct ksift_prog *prog;

	if (count && rnd(2))
		prog = make_program(pats, count, flags, rnd(16));
	else
		prog = make_prog(pats, count, flags);
	check_prog(prog, pats, count, flags, extra, text, len, from, to,
		   piece_max, g, case_seed);
}

/* Lines that have levels, and pieces of such lines. */
static void fill_with_levels(u8 *text, size_t len)
{
	size_t i = 0;

	while (i < len) {
		const char *line = level_lines[rnd(LEVEL_LINES)].line;
		size_t n = min(strlen(line), len - i);

		if (!rnd(3) && n)
			n = rnd(n + 1);
		memcpy(text + i, line, n);
		i += n;
		if (i < len && rnd(4))
			text[i++] = rnd(3) ? '\n' : rnd(256);
	}
}

/* Patterns, and what differs from them in the end only. */
static void fill_with_likes(u8 *text, size_t len,
			    const struct oracle_pattern *pats, unsigned int count)
{
	unsigned int much = 1 + rnd(100);
	size_t i = 0;

	while (i < len) {
		const struct oracle_pattern *pat = &pats[rnd(count)];
		size_t n = min(pat->len, len - i);

		memcpy(text + i, pat->data, n);
		if (n && rnd(8))
			text[i + n - 1] ^= 0x40;
		i += n;
		for (n = rnd(much); n && i < len; n--)
			text[i++] = rnd(20) ? '.' : '\n';
	}
}

static void random_case(struct guarded *g)
{
	static const char *const alphabets[] = {
		"a\n", "aA\n", "ab\n", "abAB\n", "aab\0\n", "aaaaaaaaaaaaaaab",
		"error ERROR\nwarn\r", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA\n",
	};
	static const u8 sizes[] = { 8, 2, 3, 4, 5, 16, 17, 38 };
	static u8 text[TEXT_MAX], bytes[PATTERNS][64];
	struct oracle_pattern pats[PATTERNS];
	uint64_t case_seed = seed;
	unsigned int a = rnd(ARRAY_SIZE(alphabets));
	unsigned int size = a ? sizes[a] + 1 : 2;
	unsigned int i, k, count = rnd(4) ? rnd(5) : rnd(PATTERNS + 1);
	unsigned int flags = rnd(4);
	size_t len = rnd(3) ? rnd(600) : rnd(rnd(8) ? 30000 : TEXT_MAX);
	size_t piece_max = rnd(2) ? 1 + rnd(40) : 1 + rnd(TEXT_MAX);
	u64 from = 0, to = UINT64_MAX;
	/* As many and as long as are looked for at once, in each way. */
	bool longer = count > KSIFT_FIND_PATTERNS && rnd(4);
	unsigned int least = longer ? 1 + rnd(KSIFT_TEDDY_WIDTH) : 0;
	bool raw = !rnd(longer ? 2 : 6);
	struct extra extra = { 0 };

	if (longer) {
		len = rnd(30000);
		piece_max = 1 + rnd(TEXT_MAX);
		flags = 0;
	}
	for (i = 0; i < len; i++) {
		text[i] = raw ? rnd(256) : (u8)alphabets[a][rnd(size)];
		if (text[i] == '\n' && len > 1000 && rnd(4))
			text[i] = 'a';
	}
	if (!rnd(4))
		fill_with_levels(text, len);
	if (!rnd(3))
		extra.level_mask = rnd(1 << KSIFT_LEVELS);
	extra.want_levels = rnd(2);
	extra.want_patterns = !rnd(4);
	for (i = 0; i < count; i++) {
		unsigned int plen = rnd(3) ? rnd(6) : rnd(64);
		size_t at = plen < len ? rnd(len - plen) : 0;

		pats[i] = (struct oracle_pattern){ bytes[i], plen, rnd(4), 0 };
		if (longer) {
			plen = min(least + rnd(12), len);
			at = plen < len ? rnd(len - plen) : 0;
			pats[i].len = plen;
			pats[i].flags = rnd(30) ? rnd(2) * KSIFT_PATTERN_FOLD :
						  KSIFT_PATTERN_ANCHORED;
		} else if (!rnd(5)) {
			pats[i].flags |= KSIFT_PATTERN_EXCLUDE;
		} else {
			pats[i].group = rnd(3) ? 0 : rnd(KSIFT_GROUPS_MAX);
		}
		for (k = 0; k < plen; k++) {
			bytes[i][k] = at + k < len && rnd(30) ?
				      text[at + k] : (u8)alphabets[a][rnd(size)];
			if (bytes[i][k] == '\n')
				bytes[i][k] = 'a';
		}
	}
	if (longer && rnd(2))
		fill_with_likes(text, len, pats, count);
	if (rnd(2)) {
		from = rnd(len + 2);
		to = from + rnd(len + 2);
	}
	if (from > len)
		from = len;
	if (to < from)
		to = from;
	check(pats, count, flags, &extra, text, len, from, to, piece_max, g,
	      case_seed);
}

static void lines_random(void **state)
{
	struct guarded g = guarded_alloc(TEXT_MAX);
	const char *runs = getenv("KSIFT_HOST_RUNS");
	long i, n = runs ? atol(runs) : 6000;
	const char *s = getenv("KSIFT_SEED");

	(void)state;
	seed = s ? strtoull(s, NULL, 0) : 1;
	for (i = 0; i < n; i++)
		random_case(&g);
	guarded_free(&g);
}

/* Bytes that differ from a newline in few bits, or less than it, around one anywhere. */
static void find_newline(void **state)
{
	static const u8 likes[] = { '\n' - 1, '\n' + 1, '\n' | 0x80, 0, 0xff, '\n' ^ 1 };
	struct guarded g = guarded_alloc(64);
	size_t len, at, k;
	u8 *text;

	(void)state;
	for (len = 0; len <= 40; len++)
		for (at = 0; at <= len; at++)
			for (k = 0; k < 200; k++) {
				size_t i;

				text = g.end - len;
				for (i = 0; i < len; i++)
					text[i] = likes[k < ARRAY_SIZE(likes) ?
							k : rnd(ARRAY_SIZE(likes))];
				if (at < len)
					text[at] = '\n';
				/* What follows the first does not count. */
				if (at + 1 < len && k & 1)
					text[at + 1 + rnd(len - at - 1)] = '\n';
				assert_int_equal(ksift_find_newline(text, len), at);
			}
	guarded_free(&g);
}

/* All cuts in three of a small text. */
static void lines_cuts(void **state)
{
	static const u8 text[] = "ERROR a\n\nxERROR\nerr\nERERROR\n\nlast ERROR";
	const struct oracle_pattern pats[] = {
		{ (const u8 *)"ERROR", 5, 0, 0 },
		{ (const u8 *)"err", 3, KSIFT_PATTERN_ANCHORED, 0 },
		{ (const u8 *)"last", 4, KSIFT_PATTERN_EXCLUDE, 0 },
	};
	struct guarded g = guarded_alloc(sizeof(text));
	const size_t len = sizeof(text) - 1;
	u64 a, b, from[3], to[3];
	int k;

	(void)state;
	for (a = 0; a <= len; a++)
		for (b = a; b <= len; b++) {
			struct ksift_lines_count sum = { 0 };
			struct extra extra = { 0 };

			from[0] = 0;
			to[0] = a;
			from[1] = a;
			to[1] = b;
			from[2] = b;
			to[2] = UINT64_MAX;
			for (k = 0; k < 3; k++) {
				check(pats, 3, 0, &extra, text, len, from[k],
				      to[k], 7, &g, a << 8 | b);
				sum.total += got.count.total;
				sum.selected += got.count.selected;
			}
			assert_int_equal(sum.total, 7);
			assert_int_equal(sum.selected, 4);
		}
	guarded_free(&g);
}

/* Work must not grow faster than the text, whatever filter and text are. */
static void lines_linear(void **state)
{
	enum { N = 1 << 20, LEN = KSIFT_PATTERN_LEN_MAX };
	static u8 text[N], pat[PATTERNS][LEN];
	struct oracle_pattern pats[PATTERNS];
	const struct ksift_variant_ops *const *v;
	struct guarded g = guarded_alloc(1);
	struct ksift_prog *prog;
	int i;

	(void)state;
	memset(text, 'a', sizeof(text));
	memset(pat, 'a', sizeof(pat));
	for (i = 0; i < PATTERNS; i++) {
		pat[i][i] = 'b';
		pats[i] = (struct oracle_pattern){ pat[i], LEN, 0, 0 };
	}
	for (i = 1; i <= PATTERNS; i *= 8) {
		prog = make_prog(pats, i, 0);
		for (v = ksift_variants; *v; v++) {
			struct timespec t0, t1;
			struct ksift_scan *scan;
			size_t done = 0;
			double ns;

			if (!ksift_variant_usable(*v))
				continue;
			scan = calloc(1, sizeof(*scan));
			scan->prog = prog;
			scan->ops = *v;
			scan->to = UINT64_MAX;
			scan->chunk = KSIFT_CHUNK;
			scan->no_total = true;
			ksift_scan_start(scan, 0, false);
			clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t0);
			while (done < N)
				done = ksift_scan_feed(scan, text, done, N);
			clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t1);
			ns = ((t1.tv_sec - t0.tv_sec) * 1e9 + t1.tv_nsec -
			      t0.tv_nsec) / N;
			/*
			 * Comparing each pattern at each byte takes a thousand
			 * ns a byte and more; a slow machine under sanitizers
			 * walks an automaton in less than 200.
			 */
			if (ns > 400 * slower())
				fail_msg("%s, %d patterns: %.1f ns per byte",
					 (*v)->name, i, ns);
			free(scan);
		}
		free(prog);
	}
	guarded_free(&g);
}

/* One vector section does no more than so much, however dense the text is. */
static void sections(void **state)
{
	enum { WORDS = 1024 };
	const struct oracle_pattern pat = { (const u8 *)"e", 1, 0, 0 };
	struct guarded g = guarded_alloc(WORDS * 64);
	struct ksift_prog *prog = make_prog(&pat, 1, 0);
	const struct ksift_variant_ops *const *v;
	u8 *text = g.end - WORDS * 64;
	size_t i;

	(void)state;
	for (i = 0; i < WORDS * 64; i++)
		text[i] = i & 1 ? '\n' : 'e';
	for (v = ksift_variants; *v; v++) {
		struct ksift_tally tally = { .start = 1 };
		size_t words, done = 0;

		if (!ksift_variant_usable(*v) || !(*v)->tally)
			continue;
		while (done < WORDS) {
			words = (*v)->tally(text + done * 64, WORDS - done,
					    false, &prog->lits[0].probe, NULL,
					    &tally);
			assert_in_range(words, 1, 256);
			done += words;
			tally.line -= words * 64;
		}
		assert_int_equal(done, WORDS);
		assert_int_equal(tally.selected, WORDS * 32);
		assert_int_equal(tally.selected_bytes, WORDS * 64);
	}
	free(prog);
	guarded_free(&g);
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* A hunt gives up where candidates are many, or take long. */
static void hunts(void **state)
{
	enum { LEN = 65536, WORDS = 64 };
	static u8 words[WORDS][KSIFT_PATTERN_LEN_MAX], text[2 * LEN];
	static const struct {
		unsigned int count;
		size_t len;
		u32 flags;
		/* Lines of so many bytes with a match in each. */
		size_t lines;
	} cases[] = {
		{ 1, 8, 0, 64 },
		{ 4, 250, 0, 0 },
		{ 4, 250, 0, 256 },
		{ WORDS, 250, 0, 0 },
		{ WORDS, 250, 0, 256 },
		{ WORDS, KSIFT_PATTERN_LEN_MAX, KSIFT_PATTERN_FOLD, 0 },
		{ 16, KSIFT_PATTERN_LEN_MAX, KSIFT_PATTERN_FOLD, 0 },
	};
	const struct ksift_variant_ops *const *v;
	struct oracle_pattern pats[WORDS];
	unsigned int c, i;

	(void)state;
	for (c = 0; c < ARRAY_SIZE(cases); c++) {
		size_t len = cases[c].len, step = cases[c].lines, at;
		struct ksift_prog *prog;

		for (i = 0; i < cases[c].count; i++) {
			memset(words[i], 'e', len);
			words[i][len - 1] = i ? 0x80 + i : 'f';
			pats[i] = (struct oracle_pattern){ words[i], len,
							   cases[c].flags, 0 };
		}
		memset(text, 'e', sizeof(text));
		for (at = step - 1; step && at < sizeof(text); at += step) {
			memcpy(text + at - len, words[0], len);
			text[at] = '\n';
		}
		prog = make_prog(pats, cases[c].count, 0);
		for (v = ksift_variants; *v; v++) {
			struct ksift_hunt hunt = {
				.ops = *v, .prog = prog,
				.avail = sizeof(text), .start = true,
			};
			double least = 1, start;
			size_t done = 0;

			if (!ksift_variant_usable(*v) || !(*v)->hunt)
				continue;
			for (i = 0; i < 9; i++) {
				hunt.line = 0;
				hunt.carry = false;
				start = cpu_seconds();
				done = (*v)->hunt(&hunt, text, LEN);
				start = cpu_seconds() - start;
				least = min(least, start);
			}
			if (!hunt.dense)
				fail_msg("%s, case %u: no end before %zu",
					 (*v)->name, c, done);
			assert_true(done < LEN / 2);
			assert_true(!step || hunt.count <= done / step + 1);
			/* 10 us, but for the sanitizers. */
			if (least > 0.00015 * slower())
				fail_msg("%s, case %u: %.0f us", (*v)->name, c,
					 least * 1e6);
		}
		free(prog);
	}
}

/* The least time of some hunts that get to the end of @len bytes. */
static double hunt_time(const struct ksift_variant_ops *ops,
			const struct ksift_prog *prog, const u8 *text,
			size_t len, size_t lines)
{
	struct ksift_hunt hunt = {
		.ops = ops, .prog = prog, .avail = 2 * len, .start = true,
	};
	double least = 1, start;
	int i;

	for (i = 0; i < 25; i++) {
		hunt.line = 0;
		hunt.carry = false;
		start = cpu_seconds();
		ops->hunt(&hunt, text, len);
		start = cpu_seconds() - start;
		least = min(least, start);
	}
	assert_false(hunt.dense);
	assert_int_equal(hunt.count, lines);
	return least;
}

/* Lines that are full of matches take little longer than lines with one. */
static void hunts_full_lines(void **state)
{
	enum { LEN = 65536, WORDS = 8 };
	static const size_t lines[] = { 257, 300, 4200 };
	static u8 full[2 * LEN], one[2 * LEN];
	const struct ksift_variant_ops *const *v;
	struct oracle_pattern pats[WORDS];
	size_t c, at;
	u32 i;

	(void)state;
	for (i = 0; i < WORDS; i++)
		pats[i] = (struct oracle_pattern){ (const u8 *)"eeeeeeee" + i, 8 - i, 0, 0 };
	for (c = 0; c < 2 * ARRAY_SIZE(lines); c++) {
		const size_t step = lines[c / 2];
		struct ksift_prog *prog;

		memset(full, 'e', sizeof(full));
		memset(one, 'x', sizeof(one));
		for (at = 0; at + step <= sizeof(full); at += step) {
			full[at + step - 1] = '\n';
			memset(one + at, 'e', 8);
			one[at + step - 1] = '\n';
		}
		prog = make_prog(pats, c % 2 ? WORDS : 1, 0);
		for (v = ksift_variants; *v; v++) {
			double took, with_one;

			if (!ksift_variant_usable(*v) || !(*v)->hunt)
				continue;
			took = hunt_time(*v, prog, full, LEN, LEN / step);
			with_one = hunt_time(*v, prog, one, LEN, LEN / step);
			if (took > 2.5 * with_one)
				fail_msg("%s, lines of %zu, %d patterns: %.0f us, with one match %.0f",
					 (*v)->name, step, c % 2 ? WORDS : 1,
					 took * 1e6, with_one * 1e6);
		}
		free(prog);
	}
}

static u8 changing[65536];
static atomic_bool changed_enough;

static void *change(void *byte)
{
	while (!changed_enough) {
		*(volatile u8 *)byte = '\n';
		*(volatile u8 *)byte = 'b';
	}
	return NULL;
}

/* A match is overwritten when it was found, and before the line's end is. */
static void overwritten(void **state)
{
	struct ksift_scan *scan = calloc(1, sizeof(*scan));
	const struct ksift_variant_ops *const *v;
	struct oracle_pattern pats[KSIFT_NARROW_PATTERNS + 1];
	char words[ARRAY_SIZE(pats)][17];
	const size_t lap = 4096;
	struct ksift_prog *prog;
	pthread_t thread;
	unsigned int i;
	double start;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(pats); i++) {
		snprintf(words[i], sizeof(words[i]), "abcdefgh%08u", i);
		pats[i] = (struct oracle_pattern){ (u8 *)words[i], 16, 0, 0 };
	}
	prog = make_prog(pats, ARRAY_SIZE(pats), 0);
	memset(changing, '.', sizeof(changing));
	for (i = 99; i < sizeof(changing); i += 100)
		changing[i] = '\n';
	/* It begins in one lap, and ends in the next. */
	memcpy(changing + lap - 5, words[3], 16);
	changed_enough = false;
	assert_int_equal(pthread_create(&thread, NULL, change,
					changing + lap - 4), 0);
	for (v = ksift_variants; *v; v++) {
		if (!ksift_variant_usable(*v) || !(*v)->hunt)
			continue;
		start = cpu_seconds();
		while (cpu_seconds() - start < 2) {
			scan->prog = prog;
			scan->ops = *v;
			scan->to = UINT64_MAX;
			scan->no_total = true;
			scan->want_hits = true;
			scan->hits_max = KSIFT_LINES_HITS;
			scan->bytes_max = UINT64_MAX;
			scan->chunk = KSIFT_CHUNK;
			ksift_scan_start(scan, 0, false);
			assert_int_equal(ksift_scan_feed(scan, changing, 0,
							 sizeof(changing)),
					 KSIFT_CHUNK);
			assert_in_range(scan->hit_count, 0, 1);
		}
	}
	changed_enough = true;
	pthread_join(thread, NULL);
	free(prog);
	free(scan);
}

/* The level of @line, by every way there is, flush against the guard page. */
static void check_level(struct guarded *g, const u8 *line, size_t len,
			u32 level, u32 msg)
{
	const struct ksift_variant_ops *const *v;
	const u8 *p = guarded_copy(g, line, len);
	size_t before = rnd(200);
	struct ksift_lead lead = {
		.start = before,
		.end = before + len,
	};
	u32 got;

	if (ksift_level_find(p, len, &got) != level || got != msg)
		fail_msg("level %u at %u, not %u at %u: %.*s",
			 ksift_level_find(p, len, NULL), got, level, msg, (int)len,
			 line);
	assert_true(before + len <= KSIFT_CHUNK);
	memset(g->end - len - before, 'x', before);
	for (v = ksift_variants; *v; v++) {
		if (!ksift_variant_usable(*v) || !(*v)->find_levels)
			continue;
		memset(lead.names, rnd(256), sizeof(lead.names));
		(*v)->find_levels(p - before, before + len, &lead, 1);
		ksift_level_complete(p - before, &lead, 1, true);
		if (lead.level != level || lead.msg != msg)
			fail_msg("%s: not level %u at %u: %.*s", (*v)->name,
				 level, msg, (int)len, line);
	}
}

static void levels(void **state)
{
	static char letters[101];
	struct guarded g = guarded_alloc(2000);
	u8 line[1024];
	size_t i, k, len;
	u32 msg;

	(void)state;
	memset(letters, 'a', sizeof(letters) - 1);
	for (i = 0; i < LEVEL_LINES; i++) {
		const struct level_line *l = &level_lines[i];

		len = strlen(l->line);
		check_level(&g, (const u8 *)l->line, len, l->level, l->msg);
		memcpy(line, l->line, len);
		line[len++] = ' ';
		for (; len < 300; len++) {
			line[len] = 'z';
			if (len % 7 == 0 || (len > 120 && len < 140))
				check_level(&g, line, len + 1, l->level, l->msg);
		}
	}
	/* Wherever the borders of what is looked at together are. */
	for (i = 0; i < 100; i++) {
		int n = snprintf((char *)line, sizeof(line),
				 "2024-01-01 12:00:01.%0*d warn something",
				 (int)i + 1, 7);

		k = 20 + i + 1 + 1;
		check_level(&g, line, n, KSIFT_LEVEL_WARNING, k + 5);
		n = snprintf((char *)line, sizeof(line), "%.*s ERROR: x",
			     (int)i + 1, letters);
		check_level(&g, line, n, KSIFT_LEVEL_ERR, i + 1 + 8);
	}
	/* Not past the first 128 bytes. */
	for (i = 0; i < 140; i++) {
		bool whole = i + 5 <= 128;

		memset(line, ' ', 200);
		memcpy(line + i, "ERROR", 5);
		check_level(&g, line, i + 5,
			    whole ? KSIFT_LEVEL_ERR : KSIFT_LEVEL_NONE,
			    whole ? i + 5 : 0);
		whole = i + 6 <= 128;
		check_level(&g, line, i + 6,
			    whole ? KSIFT_LEVEL_ERR : KSIFT_LEVEL_NONE,
			    whole ? i + 6 : 0);
	}
	/* Whatever the bytes are, both ways agree. */
	for (i = 0; i < 100000; i++) {
		len = rnd(300);
		if (rnd(2))
			fill_with_levels(line, len);
		else
			for (k = 0; k < len; k++)
				line[k] = rnd(256);
		k = ksift_level_find(line, len, &msg);
		check_level(&g, line, len, k, msg);
	}
	guarded_free(&g);
}

/* A name is written across a line's end, after that was found. */
static void levels_overwritten(void **state)
{
	static const char text[] = " - ERROR: [INFO] x";
	struct guarded g = guarded_alloc(2000);
	const struct ksift_variant_ops *const *v;
	u32 i, end;

	(void)state;
	for (i = 0; i < 200; i++)
		for (end = 0; end < sizeof(text) - 1; end++) {
			const u8 *p = guarded_copy(&g, text, sizeof(text) - 1);
			size_t len = sizeof(text) - 1 + i;
			struct ksift_lead lead = { .start = i, .end = i + end };

			memset((u8 *)p - i, '.', i);
			for (v = ksift_variants; *v; v++) {
				if (!ksift_variant_usable(*v) || !(*v)->find_levels)
					continue;
				(*v)->find_levels(p - i, len, &lead, 1);
				ksift_level_complete(p - i, &lead, 1, true);
				if (lead.level >= KSIFT_LEVELS || lead.msg > end)
					fail_msg("%s: level %u, message at %u of %u",
						 (*v)->name, lead.level, lead.msg,
						 end);
			}
		}
	guarded_free(&g);
}

static void fib_windows(void **state)
{
	static u64 window[5000];
	u64 a = 0, b = 1, n;
	size_t i;

	(void)state;
	for (n = 0; n < 1005000; n++) {
		u64 sum = a + b;

		if (n % 4999 == 0 || n < 100 || n > 1004900) {
			ksift_fib_fill(n, window, 2);
			assert_true(window[0] == a && window[1] == b);
		}
		a = b;
		b = sum;
	}
	for (i = 0; i < 200; i++) {
		u64 from = i < 100 ? UINT64_MAX - 5000 - i : (u64)rnd(~0u) * i;
		size_t k;

		ksift_fib_fill(from, window, ARRAY_SIZE(window));
		for (k = 2; k < ARRAY_SIZE(window); k++)
			assert_true(window[k] == window[k - 1] + window[k - 2]);
		ksift_fib_fill(from + 4999, &a, 1);
		assert_true(a == window[4999]);
	}
}

static void sumsq_sums(void **state)
{
	/* The least n whose sum is not below 2^64, and 2^128. */
	const u64 ovf64 = 3810779, ovf128 = 10069012961346;
	struct ksift_sumsq_value v, w;
	u64 from, to, n, sum;
	int i;

	(void)state;
	for (from = 0; from < 300; from += 7)
		for (to = from, sum = 0; to < 400; to++) {
			ksift_sumsq_between(from, to, &v);
			assert_true(v.lo == sum && !v.hi && !v.flags);
			sum += to * to;
		}
	for (n = 0, sum = 0; n < ovf64 - 1; n++)
		sum += n * n;
	ksift_sumsq_between(0, ovf64 - 1, &v);
	assert_true(v.lo == sum && !v.flags);
	ksift_sumsq_between(0, ovf64, &v);
	assert_int_equal(v.flags, KSIFT_SUMSQ_OVF64);
	assert_true(v.lo == sum + n * n && v.hi == 1);
	ksift_sumsq_between(0, ovf128 - 1, &v);
	assert_int_equal(v.flags, KSIFT_SUMSQ_OVF64);
	ksift_sumsq_between(0, ovf128, &v);
	assert_int_equal(v.flags, KSIFT_SUMSQ_OVF64 | KSIFT_SUMSQ_OVF128);
	/* One more term, anywhere. */
	for (i = 0; i < 100000; i++) {
		unsigned __int128 a, b;

		n = (u64)rnd(~0u) << rnd(33);
		ksift_sumsq_between(0, n, &v);
		ksift_sumsq_between(0, n + 1, &w);
		a = (unsigned __int128)v.hi << 64 | v.lo;
		b = (unsigned __int128)w.hi << 64 | w.lo;
		assert_true(b - a == (unsigned __int128)n * n);
		ksift_sumsq_between(n, n + 1, &v);
		assert_true(b - a == ((unsigned __int128)v.hi << 64 | v.lo));
	}
}

static void sum_i64_any_alignment(void **state)
{
	struct guarded g = guarded_alloc(8192);
	size_t shift, i, n;

	(void)state;
	for (shift = 0; shift < 16; shift++)
		for (n = 0; n < 300; n++) {
			u8 *buf = g.end - shift - n * sizeof(s64);
			const struct ksift_variant_ops *const *ops;
			__int128 expect = 0;

			for (i = 0; i < n; i++) {
				s64 v = rnd(4) ? (s64)((u64)rnd(~0u) << 32 |
						       rnd(~0u)) :
					rnd(2) ? INT64_MIN : INT64_MAX;

				memcpy(buf + i * sizeof(v), &v, sizeof(v));
				expect += v;
			}
			for (ops = ksift_variants; *ops; ops++) {
				struct ksift_sum128 sum = { shift, n };

				if (!ksift_variant_usable(*ops))
					continue;
				ksift_sum128_add(*ops, &sum, buf, n);
				expect += (__int128)n << 64 | shift;
				assert_true(sum.lo == (u64)expect);
				assert_true(sum.hi == (u64)(expect >> 64));
				expect -= (__int128)n << 64 | shift;
			}
		}
	guarded_free(&g);
}

/* Is this run to test the variant?  KSIFT_HOST_VARIANTS names those; else all are. */
static bool expected(const struct ksift_variant_ops *ops)
{
	const char *names = getenv("KSIFT_HOST_VARIANTS");
	size_t len = strlen(ops->name);
	const char *at = names;

	if (!names)
		return true;
	for (; (at = strstr(at, ops->name)); at += len)
		if ((at == names || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
	return false;
}

/* Of this build, whether the machine can run it or not. */
static bool is_variant(const char *name, size_t len)
{
	const struct ksift_variant_ops *const *v;

	for (v = ksift_variants; *v; v++)
		if (strlen((*v)->name) == len && !strncmp((*v)->name, name, len))
			return true;
	return false;
}

/* Else the run is not what it is taken for. */
static void variants_expected(void **state)
{
	const char *name = getenv("KSIFT_HOST_VARIANTS");
	const struct ksift_variant_ops *const *v;
	bool scalar = false;
	size_t len;

	(void)state;
	for (; name && *name; name += len + strspn(name + len, " ")) {
		len = strcspn(name, " ");
		if (len && !is_variant(name, len))
			fail_msg("KSIFT_HOST_VARIANTS: there is no variant %.*s", (int)len, name);
	}
	for (v = ksift_variants; *v; v++) {
		if (ksift_variant_usable(*v) && !expected(*v))
			fail_msg("%s can run, and should not", (*v)->name);
		scalar |= ksift_variant_usable(*v) && (*v)->id == KSIFT_VARIANT_SCALAR;
	}
	assert_true(scalar);
}

static void cannot_run(void **state)
{
	(void)state;
	skip();
}

int main(void)
{
	static const struct CMUnitTest all[] = {
		cmocka_unit_test(variants_expected),
		cmocka_unit_test(lines_random),
		cmocka_unit_test(find_newline),
		cmocka_unit_test(lines_cuts),
		cmocka_unit_test(lines_linear),
		cmocka_unit_test(levels),
		cmocka_unit_test(fib_windows),
		cmocka_unit_test(sumsq_sums),
		cmocka_unit_test(sum_i64_any_alignment),
	};
	/* Of what only vector variants have. */
	static const struct CMUnitTest vector[] = {
		cmocka_unit_test(sections),
		cmocka_unit_test(hunts),
		cmocka_unit_test(hunts_full_lines),
		cmocka_unit_test(overwritten),
		cmocka_unit_test(levels_overwritten),
	};
	struct CMUnitTest tests[ARRAY_SIZE(all) + ARRAY_SIZE(vector) + 8];
	char names[8][64];
	const struct ksift_variant_ops *const *v;
	bool wanted = false, there = false;
	size_t i, n = ARRAY_SIZE(all), missing = 0;

	memcpy(tests, all, sizeof(all));
	for (v = ksift_variants; *v; v++) {
		wanted |= (*v)->find && expected(*v);
		there |= (*v)->find && ksift_variant_usable(*v);
		if (!expected(*v) || ksift_variant_usable(*v))
			continue;
		assert_true(missing < ARRAY_SIZE(names));
		snprintf(names[missing], sizeof(names[0]),
			 "%s: this machine cannot run it", (*v)->name);
		tests[n++] = (struct CMUnitTest){
			.name = names[missing++], .test_func = cannot_run,
		};
	}
	for (i = 0; wanted && i < ARRAY_SIZE(vector); i++) {
		tests[n] = vector[i];
		if (!there)
			tests[n].test_func = cannot_run;
		n++;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("engine", tests, n, NULL, NULL);
}
