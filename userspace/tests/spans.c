// SPDX-License-Identifier: GPL-2.0-only
/*
 * Automata and the spans of matches: random trees beside the plainest way to say what a
 * tree matches, which goes through it once for each place of a line, and what bounds
 * time and memory.
 *
 * KSIFT_SPANS_STATIC says that this is linked with what ksift-static has of libpcre2.
 *
 * With a file as the argument, print the spans of the patterns on the standard input in
 * it, for test_spans.py.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <locale.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/re_find.h"
#include "../lib/re_parse.h"
#include "../lib/re_positions.h"
#include "../lib/re_spans.h"
#include "engine/automaton.h"
#include "tap.h"

#define LINE_BYTES 63	/* so that a line's places are the bits of a word */
#define TREES 3

static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
	/* S. Vigna's splitmix64. */
	uint64_t z = seed += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ (z >> 31)) >> 32) % below;
}

/* The oracle. */

struct text {
	const char *bytes;
	size_t len;
	bool nul_lines;
};

static bool word_at(const struct text *t, size_t at)
{
	char c = at < t->len ? t->bytes[at] : ' ';

	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_';
}

static bool holds(const struct text *t, enum re_assert assert, size_t at)
{
	bool before = at && word_at(t, at - 1), after = word_at(t, at);

	switch (assert) {
	case RE_LINE_START:
		return !at;
	case RE_LINE_END:
		return at == t->len;
	case RE_WORD_START:
		return !before && after;
	case RE_WORD_END:
		return before && !after;
	case RE_WORD_EDGE:
		return before != after;
	case RE_NOT_WORD_EDGE:
		return before == after;
	case RE_NO_WORD_BEFORE:
		return !before;
	case RE_NO_WORD_AFTER:
		return !after;
	}
	abort();
}

/* The places at which a match ends that begins at one of @places. */
static uint64_t ends(const struct text *t, const struct re_node *node, uint64_t places)
{
	uint64_t to = 0, next;
	uint32_t i;
	size_t at;

	switch (node->kind) {
	case RE_EMPTY:
		return places;
	case RE_SET:
		for (at = 0; at < t->len; at++) {
			unsigned char c = t->bytes[at];

			if (t->nul_lines && (c == 0 || c == '\n'))
				c = '\n' - c;
			if (places >> at & 1 && re_set_has(&node->set, c))
				to |= UINT64_C(2) << at;
		}
		return to;
	case RE_CAT:
		for (i = 0; i < node->kid_count; i++)
			places = ends(t, node->kids[i], places);
		return places;
	case RE_ALT:
		for (i = 0; i < node->kid_count; i++)
			to |= ends(t, node->kids[i], places);
		return to;
	case RE_REPEAT:
		for (i = 0;; i++) {
			if (i >= node->min)
				to |= places;
			if (i == node->max)
				return to;
			next = ends(t, node->kids[0], places);
			if (i >= node->min && !(next & ~to))
				return to;
			places = next;
		}
	case RE_GROUP:
		return ends(t, node->kids[0], places);
	case RE_ASSERT:
		for (at = 0; at <= t->len; at++)
			if (places >> at & 1 && holds(t, node->assert, at))
				to |= UINT64_C(1) << at;
		return to;
	case RE_BACKREF:
		break;
	}
	abort();
}

static bool oracle_next(const struct text *t, struct re_node *const *trees, size_t count,
			size_t from, bool empty, size_t *start, size_t *end)
{
	for (; from <= t->len; from++) {
		uint64_t to = 0;
		size_t i;

		for (i = 0; i < count; i++)
			to |= ends(t, trees[i], UINT64_C(1) << from);
		if (!empty)
			to &= ~(UINT64_C(1) << from);
		if (to) {
			*start = from;
			*end = 63 - __builtin_clzll(to);
			return true;
		}
	}
	return false;
}

/* Random trees. */

static const char alphabet[] = "aabb_ -A0\n";

static struct re_node *random_tree(struct re_arena *arena, unsigned int depth)
{
	struct re_node *kids[4], *node;
	enum re_kind kind = RE_SET;
	uint32_t count = 0, i, what = rnd(20);

	if (what < 2)
		kind = RE_ASSERT;
	else if (what < 3)
		kind = RE_EMPTY;
	else if (depth && what < 8)
		kind = RE_CAT;
	else if (depth && what < 11)
		kind = RE_ALT;
	else if (depth && what < 14)
		kind = RE_REPEAT;
	else if (depth && what < 15)
		kind = RE_GROUP;
	if (kind == RE_CAT || kind == RE_ALT)
		count = rnd(5);
	else if (kind == RE_REPEAT || kind == RE_GROUP)
		count = 1;
	for (i = 0; i < count; i++)
		kids[i] = random_tree(arena, depth - 1);
	node = ksift_re_node_new(arena, kind, kids, count);
	if (!node)
		abort();
	node->assert = rnd(RE_NO_WORD_AFTER + 1);
	node->min = rnd(3) ? rnd(2) : rnd(5);
	node->max = rnd(3) ? RE_UNBOUNDED : node->min + rnd(4);
	node->nr = 1;
	if (rnd(2)) {
		re_set_add(&node->set, alphabet[rnd(sizeof(alphabet) - 2)]);
	} else {
		for (i = 0; i + 2 < sizeof(alphabet); i++)
			if (rnd(2))
				re_set_add(&node->set, alphabet[i]);
	}
	return node;
}

static size_t read_text(void *arg, uint64_t at, char *buf, size_t len)
{
	memcpy(buf, (const char *)arg + at, len);
	return len;
}

static const char *why;

static bool one_line(struct re_spans *s, const struct text *t, struct re_node *const *trees,
		     size_t count, bool read, bool empty)
{
	struct re_line line = {
		.text = read ? NULL : t->bytes,
		.len = t->len,
		.read = read_text,
		.arg = (void *)t->bytes,
	};
	size_t from = 0, want_start, want_end;
	uint64_t start, end;

	ksift_re_spans_begin(s, &line);
	while (oracle_next(t, trees, count, from, empty, &want_start, &want_end)) {
		why = "one is missing";
		if (ksift_re_spans_start(s, from, empty, &start) != 1)
			return false;
		why = "another start";
		if (start != want_start)
			return false;
		why = "another end";
		if (ksift_re_spans_end(s, start, &end) || end != want_end)
			return false;
		from = want_end > want_start ? want_end : want_end + 1;
	}
	why = "too many";
	return ksift_re_spans_start(s, from, empty, &start) == 0;
}

/* The same of trees that are found each by itself. */
static bool apart(const struct text *t, struct re_node *const *trees, size_t count,
		  unsigned int flags, bool empty)
{
	struct re_line line = { .text = t->bytes, .len = t->len };
	struct re_find_pattern patterns[TREES] = { };
	size_t i, from = 0, want_start, want_end;
	uint64_t start, end;
	struct re_find *f;
	bool good = true;

	for (i = 0; i < count; i++)
		patterns[i].tree = trees[i];
	why = "patterns together";
	if (ksift_re_find_new(patterns, count, flags ? RE_NUL_LINES : 0, &f, &i))
		return false;
	good = !ksift_re_find_begin(f, &line) &&
		ksift_re_find_matches(f) == oracle_next(t, trees, count, 0, true, &want_start,
							&want_end);
	while (good && oracle_next(t, trees, count, from, empty, &want_start, &want_end)) {
		good = ksift_re_find_next(f, from, empty, &start, &end) == 1 &&
			start == want_start && end == want_end;
		from = want_end > want_start ? want_end : want_end + 1;
	}
	good = good && !ksift_re_find_next(f, from, empty, &start, &end);
	ksift_re_find_free(f);
	return good;
}

/* The engine's verdict about each tree. */
static bool verdicts(const struct text *t, struct re_node *const *trees, size_t count)
{
	size_t i, start, end;

	for (i = 0; i < count; i++) {
		struct re_arena arena = { };
		struct re_automaton a;
		struct ksift_nfa_state state;
		struct ksift_nfa nfa;
		bool has;

		if (ksift_re_positions(&arena, trees[i], KSIFT_POSITIONS_MAX, &a)) {
			ksift_re_arena_free(&arena);
			continue;
		}
		nfa = (struct ksift_nfa){
			.sets = (const struct ksift_set *)a.sets,
			.positions = a.positions,
			.empty = a.empty,
		};
		why = "refused by the engine";
		if (a.words != 4 || ksift_nfa_verify(&nfa))
			return false;
		ksift_nfa_begin(&nfa, &state);
		ksift_nfa_feed(&nfa, &state, (const u8 *)t->bytes, t->len);
		has = ksift_nfa_end(&nfa, &state);
		ksift_re_arena_free(&arena);
		why = "the engine's verdict";
		if (has != oracle_next(t, &trees[i], 1, 0, true, &start, &end))
			return false;
	}
	return true;
}

static void random_trees(uint64_t first, unsigned int cases)
{
	unsigned int i, k = 0, large = 0;
	bool good = true;

	for (i = 0; good && i < cases; i++) {
		struct re_arena arena = { };
		struct re_node *trees[TREES];
		struct re_spans *s;
		size_t count = 1 + rnd(TREES), n;
		unsigned int flags;
		int ret;

		seed = first + i;
		flags = rnd(4) ? 0 : RE_SPANS_NUL_LINES;
		for (n = 0; n < count; n++)
			trees[n] = random_tree(&arena, 4);
		ret = ksift_re_spans_new(trees, count, flags, &s);
		if (ret) {
			large += ret == -E2BIG;
			good = ret == -E2BIG;
			why = "refused";
			ksift_re_arena_free(&arena);
			continue;
		}
		for (k = 0; good && k < 8; k++) {
			char bytes[LINE_BYTES];
			struct text t = { bytes, rnd(LINE_BYTES + 1), flags };
			size_t letters = sizeof(alphabet) - 2 + (flags == RE_SPANS_NUL_LINES);

			for (n = 0; n < t.len; n++)
				bytes[n] = alphabet[rnd(letters)];
			good = one_line(s, &t, trees, count, k & 1, k & 2) &&
				apart(&t, trees, count, flags, k & 2) &&
				(flags || verdicts(&t, trees, count));
		}
		ksift_re_spans_free(s);
		ksift_re_arena_free(&arena);
	}
	if (!ok(good && large < cases / 10, "%u random trees from seed %llu on", cases,
		(unsigned long long)first))
		printf("# seed %llu, line %u: %s; %u too large\n", (unsigned long long)seed, k,
		       why, large);
}

/* Limits. */

static struct re_node *parse(struct re_arena *arena, const char *text, unsigned int flags)
{
	struct re_parsed out;

	if (ksift_re_parse(arena, text, strlen(text), flags | RE_EXTENDED, &out))
		abort();
	return out.tree;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void sizes(void)
{
	static const struct {
		const char *text;
		unsigned int flags;
		uint32_t limit;
		int ret;
		uint32_t positions;
	} cases[] = {
		{ "", 0, 256, 0, 1 },
		{ "^$", 0, 256, 0, 1 },
		{ "abc", 0, 256, 0, 3 },
		{ "[a-c]*", 0, 256, 0, 1 },
		{ "x{256}", 0, 256, 0, 256 },
		{ "x{257}", 0, 256, -E2BIG, 0 },
		{ "x{0,256}", 0, 256, 0, 256 },
		{ "x{100,}y{156}", 0, 256, 0, 256 },
		{ "x{100,}y{157}", 0, 256, -E2BIG, 0 },
		{ "(x{16}){16}", 0, 256, 0, 256 },
		{ "(x{16}){16}y", 0, 256, -E2BIG, 0 },
		{ "x{4096}", 0, RE_POSITIONS_MAX, 0, 4096 },
		{ "x{4097}", 0, RE_POSITIONS_MAX, -E2BIG, 0 },
		{ "(a{1,255}){1,255}", 0, RE_POSITIONS_MAX, -E2BIG, 0 },
		{ "((((a{1,255}){1,255}){1,255}){1,255}){1,255}", 0, RE_POSITIONS_MAX, -E2BIG, 0 },
		{ "(^{1,255}){1,255}a", 0, 256, 0, 1 },
		/* Only what is next to an assertion is two. */
		{ "\\b.{200}\\b", 0, 256, 0, 202 },
		{ ".{200}", RE_WORDS, 256, 0, 200 },
		{ "^.{256}$", 0, 256, 0, 256 },
		{ "\\b.{256}\\b", 0, 256, -E2BIG, 0 },
		{ "(a)\\1", 0, 256, -EOPNOTSUPP, 0 },
		{ "x{300}(a)\\1", 0, 256, -EOPNOTSUPP, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct re_arena arena = { };
		struct re_node *tree = parse(&arena, cases[i].text, cases[i].flags);
		struct re_automaton a = { };
		double start = now();
		int ret = ksift_re_positions(&arena, tree, cases[i].limit, &a);
		double took = now() - start;

		if (!ok(ret == cases[i].ret && a.positions == cases[i].positions && took < 0.2,
			"'%s' within %u positions", cases[i].text, cases[i].limit))
			printf("# %d, %u positions, %.3f s\n", ret, a.positions, took);
		ksift_re_arena_free(&arena);
	}
}

static void depths(void)
{
	struct re_arena arena = { };
	struct re_automaton a;
	struct re_node *node = parse(&arena, "a", 0), *flat;
	unsigned int i;

	for (i = 0; i < 100000; i++) {
		flat = ksift_re_alloc(&arena, sizeof(*flat));
		*flat = (struct re_node){ .kind = RE_GROUP, .kids = &node, .kid_count = 1 };
		flat->kids = ksift_re_alloc(&arena, sizeof(node));
		flat->kids[0] = node;
		node = flat;
	}
	ok(ksift_re_positions(&arena, node, 256, &a) == 0 && a.positions == 1,
	   "many groups in one another");
	for (i = 0; i < 20000; i++) {
		flat = ksift_re_alloc(&arena, sizeof(*flat));
		*flat = (struct re_node){ .kind = RE_REPEAT, .max = 1, .kid_count = 1 };
		flat->kids = ksift_re_alloc(&arena, sizeof(node));
		flat->kids[0] = node;
		node = flat;
	}
	ok(ksift_re_positions(&arena, node, 256, &a) == -E2BIG, "too many repetitions in one another");
	ksift_re_arena_free(&arena);
}

/* Time and memory. */

/* A line that is made as it is asked for: @pattern again and again. */
static size_t read_pattern(void *arg, uint64_t at, char *buf, size_t len)
{
	const char *pattern = arg;
	size_t period = strlen(pattern), i;

	for (i = 0; period && i < len; i++)
		buf[i] = pattern[(at + i) % period];
	return len;
}

static struct re_spans *spans_of(const char *text, unsigned int flags)
{
	struct re_arena arena = { };
	struct re_node *tree = parse(&arena, text, flags);
	struct re_spans *s = NULL;

	if (ksift_re_spans_new(&tree, 1, 0, &s))
		abort();
	ksift_re_arena_free(&arena);
	return s;
}

static uint64_t count_spans(struct re_spans *s, const struct re_line *line)
{
	uint64_t from = 0, count = 0, start;

	ksift_re_spans_begin(s, line);
	while (ksift_re_spans_start(s, from, false, &start) == 1) {
		if (ksift_re_spans_end(s, start, &from) || from <= start)
			abort();
		count++;
	}
	return count;
}

static double time_of(const char *text, const char *pattern, size_t len)
{
	struct re_spans *s = spans_of(text, 0);
	struct re_line line = { .len = len };
	char *bytes = malloc(len);
	double best = 1e9;
	size_t n;
	int i;

	read_pattern((void *)pattern, 0, bytes, len);
	/* A line of chance has as many states as it has bytes. */
	for (n = 0; !*pattern && n < len; n++)
		bytes[n] = 'a' + rnd(3);
	line.text = bytes;
	for (i = 0; i < 3; i++) {
		double start = now(), took;

		count_spans(s, &line);
		took = now() - start;
		if (took < best)
			best = took;
	}
	free(bytes);
	ksift_re_spans_free(s);
	return best;
}

static void linear(void)
{
	static const struct {
		const char *text, *line;
		bool twice;	/* a line of 1 MiB has windows, and is gone over twice */
	} cases[] = {
		{ .text = "(a|b)*c", .line = "ab" },
		{ .text = "a(.*b)?", .line = "a" },
		{ .text = "a(.{500}b)?", .line = "a" },
		{ .text = "(a|b)*a(a|b){60}c", .line = "abaab" },
		{ .text = "(x+x+)+y", .line = "x" },
		{ .text = "a.{30}b|a", .line = "aab" },
		{ .text = "a.{60}c", .line = "" },
		{ .text = "(a.{60}c|b.{50}b)+", .line = "" },
		{ .text = "a[abc]{2000}c", .line = "", .twice = true },
		{ .text = "b(a.{0,300}c)+b", .line = "" },
		{ .text = "\\<a.*\\>x", .line = "a " },
		{ .text = "a", .line = "a" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		double small = time_of(cases[i].text, cases[i].line, 64 << 10);
		double large = time_of(cases[i].text, cases[i].line, 1 << 20);

		ok(large < (cases[i].twice ? 40 : 20) * small + 0.002,
		   "'%s' takes time in proportion", cases[i].text);
		printf("# %.1f ns a byte\n", large / (1 << 20) * 1e9);
	}
}

static void memory(void)
{
	static const struct {
		const char *text, *line;
		uint64_t count;
	} cases[] = {
		{ "(a|b)*c", "ab", 0 },
		{ "a.*b", "ab", 1 },
		{ "ab", "ab", 8 << 20 },
		{ "a.{300}[bc]", "abcb", (16 << 20) / 304 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct mallinfo2 before = mallinfo2(), after;
		struct re_line line = {
			.len = 16 << 20,
			.read = read_pattern,
			.arg = (void *)cases[i].line,
		};
		struct re_spans *s = spans_of(cases[i].text, 0);
		uint64_t count = count_spans(s, &line);
		size_t bytes;

		after = mallinfo2();
		bytes = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
		if (!ok(count == cases[i].count && bytes && bytes < 16 << 20,
			"'%s' in a line of 16 MiB", cases[i].text))
			printf("# %llu times\n", (unsigned long long)count);
		printf("# %zu KiB\n", bytes >> 10);
		ksift_re_spans_free(s);
	}
}

/* What is cut off while it is looked at has no matches there. */
static size_t read_half(void *arg, uint64_t at, char *buf, size_t len)
{
	size_t there = at < 5000 ? 5000 - at : 0;

	return read_pattern(arg, at, buf, len < there ? len : there);
}

static void cut_off(void)
{
	struct re_line line = { .len = 10000, .read = read_half, .arg = "ab" };
	struct re_spans *s = spans_of(".", 0);

	ok(count_spans(s, &line) == 5000, "a line that is cut off");
	ksift_re_spans_free(s);
}

/* Perl's. */

static bool finds_perl(const char *text, unsigned int flags, const char *bytes, const char *want)
{
	struct re_line line = { .text = bytes, .len = strlen(bytes) };
	char got[256] = "", error[RE_PCRE_ERROR_MAX];
	uint64_t from = 0, start;
	struct re_find *f;
	bool good;

	if (ksift_re_find_new_perl(text, strlen(text), flags, &f, error))
		return false;
	good = !ksift_re_find_begin(f, &line) && ksift_re_find_matches(f) == (*want || !*bytes);
	while (good && ksift_re_find_next(f, from, false, &start, &from) == 1)
		sprintf(got + strlen(got), "%u-%u ", (unsigned int)start, (unsigned int)from);
	good = good && !strcmp(got, want) && !ksift_re_find_error(f);
	ksift_re_find_free(f);
	if (!good)
		printf("# %s\n", got);
	return good;
}

/* It would take for ever, and what comes after it is found again. */
static void perl_limit(void)
{
	static const char pattern[] = "(a+)+b";
	struct re_line line = { .text = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!b", .len = 50 };
	struct re_line next = { .text = "ab", .len = 2 };
	char error[RE_PCRE_ERROR_MAX];
	uint64_t from, end;
	double start = now();
	struct re_find *f;

	if (ksift_re_find_new_perl(pattern, strlen(pattern), 0, &f, error) ||
	    ksift_re_find_begin(f, &line))
		abort();
	ok(ksift_re_find_matches(f) == -ETIME && now() - start < 10 &&
	   ksift_re_find_next(f, 0, false, &from, &end) == -ETIME,
	   "a line that would take for ever is an error");
	ok(ksift_re_find_error(f) && strstr(ksift_re_find_error(f), pattern), "which names the pattern");
	ok(!ksift_re_find_begin(f, &next) && ksift_re_find_matches(f) == 1 && !ksift_re_find_error(f),
	   "the next line is another matter");
	ksift_re_find_free(f);
}

static void perl(void)
{
	char error[RE_PCRE_ERROR_MAX] = "";
	struct re_find *f;
	int ret = ksift_re_find_new_perl("a(b", 3, 0, &f, error);

	if (getenv("KSIFT_SPANS_STATIC")) {
		ok(ret == -EOPNOTSUPP && strstr(error, "built without"),
		   "what is linked statically says that it has no libpcre2");
		return;
	}
	if (ret == -EOPNOTSUPP) {
		ok(strstr(error, "libpcre2"), "patterns of Perl's # SKIP %s", error);
		return;
	}
	ok(ret == -EINVAL && strstr(error, "parenthesis") && strstr(error, "a(b"),
	   "what is wrong with a pattern of Perl's");
	ok(finds_perl("(?<=a)b+?", 0, "abb bb ab", "1-2 8-9 "), "it knows what was before");
	ok(finds_perl("x*", 0, "axxb x", "1-3 5-6 "), "matches of no bytes");
	ok(finds_perl("a\\Kb|$", 0, "abab", "1-2 3-4 "), "a match that starts later");
	ok(finds_perl("foo|bar-?", RE_WORDS, "foo bar-x foox _bar", "0-3 4-7 "), "-w");
	ok(finds_perl("a|ab", RE_LINES, "ab", "0-2 "), "-x");
	ok(finds_perl("a|ab", RE_LINES, "abc", ""), "-x, and it is not");
	ok(finds_perl("\\w+", RE_FOLD, "\303\251t\303\251", "2-3 "), "bytes are bytes");
	ok(finds_perl("AB", RE_FOLD, "xaby", "1-3 "), "-i");
	ok(finds_perl("^$", 0, "", ""), "a line of no bytes");
	perl_limit();
}

/* Beside enum re_parse_flags: the pattern is Perl's. */
#define PERL 64

/* One of the cases below.  Return: 0, or a negative error. */
static int print_case(char *p, const char *text, size_t len)
{
	unsigned int flags = strtoul(p, &p, 10);
	char error[RE_PCRE_ERROR_MAX];
	char end = flags & RE_NUL_LINES ? '\0' : '\n', *next;
	struct re_find_pattern patterns[64];
	struct re_arena arena = { };
	struct re_find *f;
	size_t count = 0, at, to;
	uint64_t from, start;
	int ret = 0;

	p++;
	if (flags & PERL)
		ret = ksift_re_find_new_perl(p, strlen(p) - 1, flags, &f, error);
	for (; !(flags & PERL) && !ret && (next = strchr(p, '\n')); p = next + 1) {
		struct re_parsed out;

		ret = ksift_re_parse(&arena, p, next - p, flags, &out);
		patterns[count++] = (struct re_find_pattern){ p, next - p, out.tree,
							      out.by_process };
	}
	if (!ret && !(flags & PERL))
		ret = ksift_re_find_new(patterns, count, flags, &f, &at);
	ksift_re_arena_free(&arena);
	printf("=%d\n", ret);
	for (at = 0; !ret && at < len; at = to + 1) {
		const char *nl = memchr(text + at, end, len - at);
		struct re_line line = { .text = text + at };

		to = nl ? (size_t)(nl - text) : len;
		line.len = to - at;
		if (ksift_re_find_begin(f, &line))
			return -1;
		if (ksift_re_find_matches(f) == 1)
			printf("%zu\n", at);
		for (from = 0; ksift_re_find_next(f, from, false, &start, &from) == 1;)
			printf("%zu-%zu\n", at + start, at + from);
	}
	if (!ret)
		ksift_re_find_free(f);
	return 0;
}

/* What is changed all the time has some matches, in order, and an end. */
static size_t read_chance(void *arg, uint64_t at, char *buf, size_t len)
{
	size_t i;

	(void)arg;
	(void)at;
	for (i = 0; i < len; i++)
		buf[i] = "aaabc"[rnd(5)];
	return rnd(10) ? len : rnd(len + 1);
}

static void changing(void)
{
	static const char *const texts[] = { "a[ac]*b(a*b)?", "\\bc.{200}", "(ab|ba)*c", "$|a*" };
	struct re_line line = { .len = 3 << 20, .read = read_chance };
	uint64_t from = 0, last = 0, start, count = 0;
	struct re_arena arena = { };
	struct re_find *f;
	size_t i, bad;
	int empty, ret;

	for (empty = 0; empty < 2; empty++)
		for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
			struct re_find_pattern pattern = { .tree = parse(&arena, texts[i], 0) };
			bool good = true;

			if (ksift_re_find_new(&pattern, 1, 0, &f, &bad) || ksift_re_find_begin(f, &line))
				abort();
			last = from = 0;
			while (good && (ret = ksift_re_find_next(f, from, empty, &start, &from)) == 1) {
				good = start >= last && from >= start + !empty && from <= line.len;
				from += from == start;
				last = from;
				count++;
			}
			ok(good && !ret, "'%s' in a line that changes", texts[i]);
			ksift_re_find_free(f);
		}
	ok(count > 1000, "there were matches");
	ksift_re_arena_free(&arena);
}

/* Back-references. */

static int find_new(const char *const *texts, size_t count, unsigned int flags,
		    struct re_find **f, size_t *bad)
{
	struct re_find_pattern patterns[8];
	struct re_arena arena = { };
	size_t i;
	int ret;

	for (i = 0; i < count; i++) {
		struct re_parsed out;

		if (ksift_re_parse(&arena, texts[i], strlen(texts[i]), flags, &out))
			abort();
		patterns[i] = (struct re_find_pattern){ texts[i], strlen(texts[i]), out.tree,
							out.by_process };
	}
	ret = ksift_re_find_new(patterns, count, flags, f, bad);
	ksift_re_arena_free(&arena);
	return ret;
}

static bool finds(const char *const *texts, size_t count, unsigned int flags,
		  const struct re_line *line, const char *want)
{
	uint64_t from = 0, start;
	char got[256] = "";
	struct re_find *f;
	size_t bad;

	if (find_new(texts, count, flags | RE_EXTENDED, &f, &bad))
		return false;
	if (ksift_re_find_begin(f, line) || ksift_re_find_matches(f) != !!*want)
		return false;
	while (ksift_re_find_next(f, from, false, &start, &from) == 1)
		sprintf(got + strlen(got), "%u-%u ", (unsigned int)start, (unsigned int)from);
	ksift_re_find_free(f);
	if (!strcmp(got, want))
		return true;
	printf("# %s\n", got);
	return false;
}

static void backrefs(void)
{
	static const char *const twice[] = { "(.)\\1", "b+c", "(x)\\1" };
	static const char *const word[] = { "([ab]*)\\1" };
	static const char *const large[] = { "abc", "(a{1,30}){1,30}\\1", "x" };
	static const char *const edges[] = { "(^{1,255}){1,255}(a)\\2" };
	static const char *const nothing[] = { "(((a?){60}){60})^*\\1" };
	static const char edge[] = "(\\b.){600}\\b";
	static const char *const edged[] = { edge, edge, edge, edge, edge, edge };
	static const char *const huge[] = { "(a{1,30}){1,300}" };
	const struct re_line line = { .text = "aabbbcxx-abba", .len = 13 };
	const struct re_line read = { .read = read_text, .arg = "aabbbcxx-abba", .len = 13 };
	const struct re_line accents = { .text = "\303\251\303\251", .len = 4 };
	const struct re_line words = { .text = "abba aa bbb abab", .len = 16 };
	struct re_line endless = { .read = read_pattern, .arg = "a", .len = 1ull << 31 };
	struct re_find *f;
	size_t bad = 0;

	ok(finds(twice, 3, 0, &line, "0-2 2-6 6-8 10-12 "), "back-references beside others");
	ok(finds(twice, 3, 0, &read, "0-2 2-6 6-8 10-12 "), "in a line that is read");
	ok(finds(word, 1, RE_WORDS, &words, "5-7 12-16 "), "words that are twice the same");
	ok(finds(word, 1, RE_LINES, &(struct re_line){ .text = "abab", .len = 4 }, "0-4 "),
	   "a line that is twice the same");
	ok(finds(word, 1, RE_LINES, &words, ""), "a line that is not");
	if (setlocale(LC_ALL, "C.UTF-8"))
		ok(finds(twice, 1, 0, &accents, ""), "bytes, in a locale of characters");
	setlocale(LC_ALL, "C");
	ok(find_new(large, 3, RE_EXTENDED, &f, &bad) == -E2BIG && bad == 1,
	   "back-references in what is large");
	ok(find_new(edges, 1, RE_EXTENDED, &f, &bad) == -E2BIG && bad == 0,
	   "assertions many times before a back-reference");
	ok(find_new(nothing, 1, RE_EXTENDED, &f, &bad) == -E2BIG && bad == 0,
	   "what is large and not what its tree says");
	if (ok(!find_new(edged, 6, RE_EXTENDED, &f, &bad), "what is large together"))
		ksift_re_find_free(f);
	ok(find_new(huge, 1, RE_EXTENDED, &f, &bad) == -E2BIG && bad == 0,
	   "what is large without back-references");
	if (find_new(word, 1, RE_EXTENDED, &f, &bad))
		abort();
	ok(ksift_re_find_begin(f, &endless) == -EFBIG, "a line too long for back-references");
	ksift_re_find_free(f);
}

/*
 * For test_spans.py: cases on the standard input are flags for the parser, a newline,
 * patterns with a newline after each, and a NUL.
 */
static int print_spans(const char *path)
{
	size_t room = 64 << 20, len, cap = 0;
	char *text = malloc(room), *input = NULL;
	FILE *f = fopen(path, "r");
	int ret = 0;

	if (!f || !text)
		return 2;
	len = fread(text, 1, room, f);
	fclose(f);
	while (!ret && getdelim(&input, &cap, '\0', stdin) > 0)
		ret = print_case(input, text, len);
	free(input);
	free(text);
	return ret ? 2 : 0;
}

int main(int argc, char **argv)
{
	const char *cases = getenv("KSIFT_SPANS_CASES");
	const char *first = getenv("KSIFT_SEED");

	if (argc > 1)
		return print_spans(argv[1]);
	random_trees(first ? strtoull(first, NULL, 0) : 1, cases ? atoi(cases) : 5000);
	sizes();
	depths();
	linear();
	memory();
	cut_off();
	changing();
	backrefs();
	perl();
	return tap_end();
}
