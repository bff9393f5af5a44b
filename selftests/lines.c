// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the line kernel selects: every variant, from memory and from a file,
 * against the oracle of lines_oracle.h and against answers written by hand.
 */
#include <dirent.h>
#include <time.h>

#include "lines_oracle.h"

#define KIB 1024UL
#define MIB (1024UL * KIB)

FIXTURE(lines)
{
	int dev;
	int fd;
};

FIXTURE_SETUP(lines)
{
	self->fd = -1;
	self->dev = ksift_open();
	self->fd = tmp_file();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(lines)
{
	close(self->fd);
	close(self->dev);
}

/* Bytes for a MEM source with nothing mapped behind, and the same as a file. */
#define PUT(data, len) ({						\
	void *__mem = guard_alloc(len);					\
									\
	ASSERT_NE(NULL, __mem);						\
	memcpy(__mem, data, len);					\
	ASSERT_EQ(0, file_set(self->fd, __mem, len));			\
	(unsigned char *)__mem;						\
})

/* Every variant, both sources, all outputs and none, on a range. */
#define CHECK_RANGE(filter, o, mem, from, to) do {			\
	struct job __j;							\
	__u32 __v;							\
									\
	for_each_variant(self->dev, __v) {				\
		EXPECT_JOB(&__j, check_sources(&__j, self->dev, filter,	\
					       __v, o, mem, self->fd,	\
					       from, to));		\
	}								\
} while (0)

/* The filter @f over @len bytes at @data, compared with the oracle. */
#define CHECK_ALL(f, data, len) do {					\
	unsigned char *__m = PUT(data, len);				\
	int __fl = ofilter_open(self->dev, f);				\
	struct oracle __o;						\
									\
	ASSERT_LE(0, __fl);						\
	oracle_init(&__o, f, __m, len);					\
	CHECK_RANGE(__fl, &__o, __m, 0, U64_MAX);			\
	oracle_free(&__o);						\
	close(__fl);							\
	guard_free(__m, len);						\
} while (0)

TEST_F(lines, random)
{
	unsigned long round, rounds = ksift_rounds(1200, 60000);
	static unsigned char data[200 * KIB], pool[GEN_POOL];
	struct rng rng;

	rng_init(&rng, 1);
	for (round = 0; round < rounds; round++) {
		size_t len = rng_below(&rng, rng_below(&rng, 16) ? 700 :
				       rng_below(&rng, 8) ? 10000 :
				       sizeof(data));
		unsigned int style = rng_below(&rng, GEN_STYLES);
		__u64 from = 0, to = U64_MAX;
		unsigned char *mem;
		struct ofilter f;
		struct oracle o;
		int filter;

		gen_data(&rng, data, len, style);
		gen_filter(&rng, data, len, &f, pool);
		filter = ofilter_open(self->dev, &f);
		ASSERT_LE(0, filter) RNG_LOG(&rng);
		mem = PUT(data, len);
		oracle_init(&o, &f, mem, len);
		if (rng_below(&rng, 2)) {
			from = rng_below(&rng, len + 2);
			if (rng_below(&rng, 2))
				to = from + rng_below(&rng, len + 2);
		}
		CHECK_RANGE(filter, &o, mem, from, to);
		oracle_free(&o);
		guard_free(mem, len);
		close(filter);
		ASSERT_TRUE(__test_passed(_metadata)) {
			RNG_LOG(&rng);
			TH_LOG("round %lu, style %u, %zu bytes, %u patterns, "
			       "flags %#x", round, style, len, f.n, f.flags);
		}
	}
}

TEST_F(lines, real_logs)
{
	static const char * const words[][2] = {
		{ "ERROR", "INFO" }, { "error", "notice" }, { "WARN", "Failed" },
		{ "authentication failure", "root" }, { "[", "]" },
		{ "block", "terminating" }, { "status: 200", "GET" },
		{ " ", "\r" }, { "e", "E" }, { "0", ":" },
	};
	const char *dir = getenv("KSIFT_LOGS");
	unsigned int logs = 0, i;
	struct dirent *ent;
	struct rng rng;
	DIR *d;

	if (!dir)
		dir = "/data/loghub";
	d = opendir(dir);
	if (!d)
		SKIP(return, "no logs in %s", dir);
	rng_init(&rng, 2);
	while ((ent = readdir(d))) {
		static unsigned char pool[GEN_POOL];
		char path[PATH_MAX];
		const char *dot = strrchr(ent->d_name, '.');
		unsigned char *data;
		struct stat st;
		int fd;

		if (!dot || strcmp(dot, ".log"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, ent->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, fstat(fd, &st));
		data = xmalloc(st.st_size);
		ASSERT_EQ(st.st_size, read(fd, data, st.st_size));
		close(fd);
		logs++;

		for (i = 0; i < ARRAY_SIZE(words) * 3; i++) {
			const char * const *w = words[i / 3];
			struct ofilter f = { 0 };

			ofilter_adds(&f, w[0], i % 3 ? KSIFT_PATTERN_FOLD : 0,
				     0);
			if (i % 3 == 1)
				ofilter_adds(&f, w[1], KSIFT_PATTERN_EXCLUDE,
					     0);
			if (i % 3 == 2) {
				ofilter_adds(&f, w[1], 0, 1);
				f.flags = KSIFT_FILTER_INVERT;
			}
			CHECK_ALL(&f, data, st.st_size);
		}
		for (i = 0; i < ksift_rounds(8, 300); i++) {
			struct ofilter f;

			gen_filter(&rng, data, st.st_size, &f, pool);
			CHECK_ALL(&f, data, st.st_size);
		}
		free(data);
		ASSERT_TRUE(__test_passed(_metadata)) {
			RNG_LOG(&rng);
			TH_LOG("%s", path);
		}
	}
	closedir(d);
	if (!logs)
		SKIP(return, "no *.log in %s", dir);
	TH_LOG("%u logs", logs);
}

struct pat {
	const char *s;
	__u32 flags;
	__u32 group;
};

#define A KSIFT_PATTERN_ANCHORED
#define F KSIFT_PATTERN_FOLD
#define X KSIFT_PATTERN_EXCLUDE
#define INV KSIFT_FILTER_INVERT
#define NONE KSIFT_FILTER_MATCH_NONE_IF_EMPTY
#define NO (-1)

/*
 * Answers written by hand, so that an oracle with the same misunderstanding
 * as the module does not pass.
 */
static const struct {
	struct pat p[8];
	unsigned int n;
	__u32 flags;
	const char *in;
	const char *out;
	/* The records' pattern, line by line. */
	int pats[8];
} table[] = {
	{ { }, 0, 0, "a\n\nb", "a\n\nb\n", { NO, NO, NO } },
	{ { }, 0, INV, "a\n\nb", "", { } },
	{ { }, 0, NONE, "a\n\nb", "", { } },
	{ { }, 0, NONE | INV, "a\n\nb", "a\n\nb\n", { NO, NO, NO } },
	{ { { "", 0, 0 } }, 1, 0, "a\n\nb", "a\n\nb\n", { 0, 0, 0 } },
	{ { { "", 0, 0 } }, 1, INV, "a\n\nb", "", { } },
	{ { { "", A, 0 } }, 1, NONE, "a\n\n", "a\n\n", { 0, 0 } },
	{ { { "", F, 0 } }, 1, NONE, "\n", "\n", { 0 } },
	{ { { "", X, 0 } }, 1, 0, "a\n\nb", "", { } },
	{ { { "", X, 0 } }, 1, INV, "a\n\nb", "a\n\nb\n", { NO, NO, NO } },
	{ { { "", X, 0 }, { "a", 0, 0 } }, 2, INV, "a\nb\n", "a\nb\n",
	  { 1, NO } },
	{ { { "z", X, 0 } }, 1, 0, "a\nz\n", "a\n", { NO } },
	/* Only what excludes: there are patterns, so NONE says nothing. */
	{ { { "z", X, 0 } }, 1, NONE, "a\nz\n", "a\n", { NO } },
	{ { { "z", X, 0 } }, 1, INV, "a\nz\n", "z\n", { NO } },
	{ { { "a", 0, 0 } }, 1, 0, "a\nA\nba\n", "a\nba\n", { 0, 0 } },
	{ { { "a", F, 0 } }, 1, 0, "a\nA\nb\n", "a\nA\n", { 0, 0 } },
	{ { { "A", F, 0 } }, 1, 0, "a\nA\nb\n", "a\nA\n", { 0, 0 } },
	{ { { "a", A, 0 } }, 1, 0, "a\nba\nab", "a\nab\n", { 0, 0 } },
	{ { { "aB", A | F, 0 } }, 1, 0, "Ab\ncab\nABc", "Ab\nABc\n", { 0, 0 } },
	/* Only letters fold, and only those of ASCII. */
	{ { { "@[`{", F, 0 } }, 1, 0, "@[`{\n`{@[\n@{`[\n", "@[`{\n", { 0 } },
	{ { { "\xe9", F, 0 } }, 1, 0, "\xe9\n\xc9\n", "\xe9\n", { 0 } },
	{ { { "k", F, 0 } }, 1, 0, "k\nK\n\xe2\x84\xaa\n", "k\nK\n", { 0, 0 } },
	{ { { "\x01z", F, 0 } }, 1, 0, "\x01z\n!z\n\x01Z\n", "\x01z\n\x01Z\n",
	  { 0, 0 } },
	/* The newline is not part of what a pattern sees, a CR is. */
	{ { { "ERR\r", 0, 0 } }, 1, 0, "ERR\r\nERR\n", "ERR\r\n", { 0 } },
	{ { { "ab", 0, 0 } }, 1, 0, "a\nb\nab", "ab\n", { 0 } },
	/* The lowest index that matches, not the first place. */
	{ { { "b", 0, 0 }, { "a", 0, 0 } }, 2, 0, "ab\na\nb\n", "ab\na\nb\n",
	  { 0, 1, 0 } },
	{ { { "zz", X, 0 }, { "c", 0, 0 }, { "a", 0, 0 } }, 3, 0,
	  "a c\nazz\na\n", "a c\na\n", { 1, 2 } },
	{ { { "abc", 0, 0 }, { "ab", 0, 0 }, { "b", 0, 0 }, { "bc", 0, 0 } },
	  4, 0, "xbc\nabx\nabc\nb\n", "xbc\nabx\nabc\nb\n", { 2, 1, 0, 2 } },
	{ { { "a", 0, 0 }, { "a", F, 0 }, { "A", 0, 0 } }, 3, 0,
	  "A\na\n", "A\na\n", { 1, 0 } },
	/* AND of ORs. */
	{ { { "a", 0, 0 }, { "b", 0, 1 } }, 2, 0, "a\nb\nba\n", "ba\n", { 0 } },
	{ { { "a", 0, 0 }, { "b", 0, 1 } }, 2, INV, "a\nb\nba\nc\n",
	  "a\nb\nc\n", { 0, 1, NO } },
	{ { { "a", 0, 3 }, { "b", 0, 3 }, { "c", 0, 15 } }, 3, 0,
	  "a\nc\nac\nbc\nabc\n", "ac\nbc\nabc\n", { 0, 1, 0 } },
	{ { { "c", 0, 15 }, { "a", 0, 3 }, { "x", X, 0 } }, 3, 0,
	  "ca\ncax\nc\n", "ca\n", { 0 } },
	/* Not a group of its own, and not part of group 0. */
	{ { { "x", X, 0 }, { "a", 0, 1 } }, 2, 0, "a\nx\nax\n", "a\n", { 1 } },
	{ { { "a", 0, 0 }, { "a", X, 0 } }, 2, 0, "a\nb\n", "", { } },
	{ { { "a", 0, 0 }, { "a", X, 0 } }, 2, INV, "a\nb\n", "a\nb\n",
	  { 0, NO } },
	/* The same literal in two groups. */
	{ { { "a", 0, 0 }, { "a", 0, 1 } }, 2, 0, "a\nb\n", "a\n", { 0 } },
	{ { { "", 0, 1 }, { "b", 0, 0 } }, 2, 0, "a\nb\n", "b\n", { 0 } },
	/* Anchored and not, of the same letters. */
	{ { { "ab", A, 0 }, { "ab", 0, 1 } }, 2, 0, "ab\nxab\n", "ab\n",
	  { 0 } },
	{ { { "ab", A | X, 0 }, { "ab", 0, 0 } }, 2, 0, "ab\nxab\nabab\n",
	  "xab\n", { 1 } },
	/* Longer than the line. */
	{ { { "abc", 0, 0 } }, 1, 0, "ab\nc\nab", "", { } },
	{ { { "abc", 0, 0 } }, 1, 0, "", "", { } },
	{ { }, 0, 0, "", "", { } },
	{ { }, 0, 0, "\n", "\n", { NO } },
	{ { { "aab", 0, 0 } }, 1, 0, "aaab\naaaab\naa\nb\n", "aaab\naaaab\n",
	  { 0, 0 } },
};

TEST_F(lines, by_hand)
{
	unsigned int i, k;
	__u32 v;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		size_t len = strlen(table[i].in);
		struct ofilter f = { .flags = table[i].flags };
		unsigned char *mem;
		struct job j;
		int filter, source;

		for (k = 0; k < table[i].n; k++)
			ofilter_adds(&f, table[i].p[k].s, table[i].p[k].flags,
				     table[i].p[k].group);
		filter = ofilter_open(self->dev, &f);
		ASSERT_LE(0, filter);
		mem = PUT(table[i].in, len);
		for_each_variant(self->dev, v) {
			for (source = JOB_MEM; source <= JOB_FILE; source++) {
				size_t want = strlen(table[i].out);

				job_init(&j, self->dev, filter, v);
				if (source == JOB_MEM)
					job_mem(&j, mem, len);
				else
					job_file(&j, self->fd);
				j.text_cap = 64;
				j.records_cap = 9;
				ASSERT_JOB(&j, job_run(&j));
				EXPECT_EQ(want, j.text_len);
				EXPECT_EQ(want, j.selected_bytes);
				EXPECT_EQ(0, memcmp(j.text, table[i].out,
						    want)) {
					TH_LOG("got '%.*s'", (int)j.text_len,
					       j.text);
				}
				for (k = 0; k < j.nrec; k++)
					EXPECT_EQ((__u32)table[i].pats[k],
						  j.rec[k].pattern) {
						TH_LOG("line %u", k);
					}
				EXPECT_EQ(len, j.total_bytes);
				job_free(&j);
				ASSERT_TRUE(__test_passed(_metadata)) {
					TH_LOG("row %u, variant %u, source %d: "
					       "'%s'", i, v, source,
					       table[i].in);
				}
			}
		}
		/* The oracle has the same opinion. */
		CHECK_ALL(&f, table[i].in, len);
		guard_free(mem, len);
		close(filter);
	}
}

#undef A
#undef F
#undef X
#undef INV
#undef NONE
#undef NO

/* Every byte that may be in a pattern, folded or not, finds only itself. */
TEST_F(lines, every_byte)
{
	unsigned char data[256 * 4];
	unsigned int c, fold;
	size_t n = 0;
	struct job j;
	__u32 v;

	for (c = 0; c < 256; c++) {
		if (c == '\n')
			continue;
		data[n++] = '.';
		data[n++] = c;
		data[n++] = '\n';
	}
	ASSERT_EQ(0, file_set(self->fd, data, n));
	for (c = 0; c < 256; c++) {
		for (fold = 0; fold <= 1; fold++) {
			unsigned char p[2] = { '.', c };
			struct ofilter f = { 0 };
			struct oracle o;
			int filter;

			if (c == '\n')
				continue;
			ofilter_add(&f, p, 2, fold ? KSIFT_PATTERN_FOLD : 0, 0);
			filter = ofilter_open(self->dev, &f);
			ASSERT_LE(0, filter);
			oracle_init(&o, &f, data, n);
			for_each_variant(self->dev, v) {
				EXPECT_JOB(&j, check_sources(&j, self->dev,
							     filter, v, &o,
							     data, self->fd, 0,
							     U64_MAX),
					   "byte %#x, fold %u", c, fold);
			}
			oracle_free(&o);
			close(filter);
		}
	}
}

/* 64 unlike words, each alone in some lines, and all of them in one. */
TEST_F(lines, many_patterns)
{
	static char words[KSIFT_PATTERNS_MAX][16], text[200 * KIB];
	struct ofilter f = { 0 };
	struct rng rng;
	unsigned int i;
	size_t n = 0;

	rng_init(&rng, 3);
	for (i = 0; i < KSIFT_PATTERNS_MAX; i++) {
		static const __u32 flags[] = { 0, KSIFT_PATTERN_FOLD,
			KSIFT_PATTERN_ANCHORED, 0, KSIFT_PATTERN_FOLD |
			KSIFT_PATTERN_ANCHORED, KSIFT_PATTERN_EXCLUDE, 0, 0 };

		snprintf(words[i], sizeof(words[i]), "%c%cw%u",
			 'a' + i % 26, 'A' + i % 7, i);
		ofilter_adds(&f, words[i], flags[i % 8], 0);
	}
	while (n < sizeof(text) - 2 * KIB) {
		unsigned int k = rng_below(&rng, 6);

		n += sprintf(text + n, rng_below(&rng, 2) ? "" : ". ");
		for (i = 0; i < k; i++)
			n += sprintf(text + n, "%s%s",
				     words[rng_below(&rng, KSIFT_PATTERNS_MAX)],
				     rng_below(&rng, 3) ? " " : "");
		n += sprintf(text + n, "\n");
	}
	for (i = 0; i < KSIFT_PATTERNS_MAX; i++)
		n += sprintf(text + n, "%s", words[i]);
	CHECK_ALL(&f, text, n);
	f.flags = KSIFT_FILTER_INVERT;
	CHECK_ALL(&f, text, n);
	/* In groups: each line needs one word of every residue. */
	f.flags = 0;
	for (i = 0; i < KSIFT_PATTERNS_MAX; i++)
		if (!(f.p[i].flags & KSIFT_PATTERN_EXCLUDE))
			f.p[i].group = i % 2;
	CHECK_ALL(&f, text, n);
	for (i = 0; i < KSIFT_PATTERNS_MAX; i++) {
		f.p[i].flags &= ~KSIFT_PATTERN_EXCLUDE;
		f.p[i].group = i % KSIFT_GROUPS_MAX;
	}
	CHECK_ALL(&f, text, n);
}

/* Patterns that are parts of one another, with every mix of the flags. */
TEST_F(lines, nested_patterns)
{
	static const char base[] = "abAbcabABcaBabcab";
	unsigned long round, rounds = ksift_rounds(60, 3000);
	static unsigned char text[20 * KIB];
	static char pool[2 * sizeof(base)][sizeof(base)];
	struct rng rng;
	size_t i;

	rng_init(&rng, 4);
	for (round = 0; round < rounds; round++) {
		struct ofilter f = { 0 };
		size_t n = 0;

		/* Every prefix and every suffix, in a random order of flags. */
		for (i = 1; i < sizeof(base); i++) {
			__u32 flags = rng_below(&rng, 4);

			if (!rng_below(&rng, 10))
				flags |= KSIFT_PATTERN_EXCLUDE;
			if (rng_below(&rng, 2))
				snprintf(pool[i], sizeof(base), "%.*s",
					 (int)i, base);
			else
				snprintf(pool[i], sizeof(base), "%s",
					 base + i);
			ofilter_adds(&f, pool[i], flags,
				     flags & KSIFT_PATTERN_EXCLUDE ? 0 :
				     rng_below(&rng, 2));
		}
		while (n < sizeof(text) - 64) {
			size_t from = rng_below(&rng, sizeof(base) - 1);
			size_t len = rng_below(&rng, sizeof(base) - from);

			for (i = 0; i < len; i++)
				text[n++] = rng_below(&rng, 12) ?
					base[from + i] : base[from + i] ^ 0x20;
			if (!rng_below(&rng, 3))
				text[n++] = '\n';
		}
		CHECK_ALL(&f, text, n);
		ASSERT_TRUE(__test_passed(_metadata)) {
			RNG_LOG(&rng);
			TH_LOG("round %lu", round);
		}
	}
}

/* 'a', 'aa', ... 'a' * 64: each line's longest run says which. */
TEST_F(lines, runs)
{
	static unsigned char text[256 * KIB];
	unsigned char as[64];
	unsigned int i, pass;
	struct rng rng;
	size_t n;

	rng_init(&rng, 5);
	memset(as, 'a', sizeof(as));
	for (pass = 0; pass < 6; pass++) {
		struct ofilter f = { 0 };

		for (i = 0; i < 64; i++) {
			/* Longest first, or shortest first. */
			unsigned int len = pass & 1 ? i + 1 : 64 - i;
			__u32 flags = pass >= 4 ? i % 4 :
				      pass >= 2 ? KSIFT_PATTERN_FOLD : 0;

			ofilter_add(&f, as, len, flags,
				    pass == 3 ? i % KSIFT_GROUPS_MAX : 0);
		}
		for (n = 0; n < sizeof(text) - 256;) {
			unsigned int len = rng_below(&rng, 80);

			memset(text + n, rng_below(&rng, 6) ? 'a' : 'A', len);
			n += len;
			text[n++] = "b\n\n\0A"[rng_below(&rng, 5)];
		}
		CHECK_ALL(&f, text, n);
	}
}

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* The best of a few, against the noise of a shared machine. */
static __u64 time_filter(struct job *j, __u64 len)
{
	__u64 best = U64_MAX;
	int i;

	for (i = 0; i < 5; i++) {
		__u64 t = now_ns();

		job_reset(j);
		j->len = len;
		if (job_run(j))
			return 0;
		t = now_ns() - t;
		if (t < best)
			best = t;
	}
	return best;
}

/* Filters and texts that make a naive matcher go back again and again. */
enum { ADV_PERIODIC, ADV_LAST, ADV_RUNS, ADV_HALVES, ADV_FOLD, ADV_WALK, ADV_N };

static void adversary(int kind, size_t pat_len, struct ofilter *f,
		      unsigned char *pool, unsigned char *text, size_t n)
{
	unsigned int i;
	size_t k;

	memset(f, 0, sizeof(*f));
	memset(text, 'a', n);
	for (i = 0; i < KSIFT_PATTERNS_MAX; i++) {
		unsigned char *p = pool + i * KSIFT_PATTERN_LEN_MAX;
		size_t len = pat_len;
		__u32 flags = 0;

		memset(p, 'a', len);
		switch (kind) {
		case ADV_PERIODIC:
			/* 'aaa...ab', each of another length. */
			len -= i;
			p[len - 1] = 'b';
			break;
		case ADV_LAST:
			/* 'baaa...a': found out at its very first byte. */
			p[0] = 'b';
			p[len - 1 - i] = 'c';
			break;
		case ADV_RUNS:
			len = (i + 1) * pat_len / KSIFT_PATTERNS_MAX;
			p[len - 1] = i % 2 ? 'b' : 'c';
			break;
		case ADV_HALVES:
			/* The first half is everywhere, the second nowhere. */
			for (k = len / 2; k < len; k++)
				p[k] = 'b' + (k + i) % 3;
			break;
		case ADV_FOLD:
			for (k = 0; k < len; k += 1 + i % 3)
				p[k] = 'A';
			p[len - 1 - i % 8] = 'b';
			flags = i % 3 ? KSIFT_PATTERN_FOLD : 0;
			break;
		case ADV_WALK:
			/* As long a way into the patterns, then out again. */
			p[len - 1] = '0' + i;
			break;
		}
		ofilter_add(f, p, len, flags, 0);
	}
	if (kind == ADV_WALK)
		for (k = pat_len - 2; k < n; k += pat_len - 1)
			text[k] = 'z';
}

/*
 * The work is linear in the text: four times the bytes may take eight times
 * as long on a noisy machine, sixteen if it were quadratic; and it does not
 * grow with the patterns' length: sixteen times as long, sixteen times the
 * time if every place were verified anew.
 */
TEST_F(lines, linear_time)
{
	const size_t n = ksift_full() ? 4 * MIB : 256 * KIB;
	unsigned char *pool, *text;
	struct ofilter f;
	struct job j;
	int kind, lines;
	__u32 v;

	pool = xmalloc(KSIFT_PATTERN_BYTES_MAX);
	text = xmalloc(4 * n);
	for (kind = 0; kind < ADV_N; kind++) {
		for (lines = 0; lines <= 1; lines++) {
			for_each_variant(self->dev, v) {
				__u64 t1, t4, t_short;
				int filter, tries = 3;
				size_t k;

again:
				adversary(kind, KSIFT_PATTERN_LEN_MAX / 16, &f,
					  pool, text, 4 * n);
				if (lines)
					for (k = 5000; k < 4 * n; k += 5000)
						text[k] = '\n';
				filter = ofilter_open(self->dev, &f);
				ASSERT_LE(0, filter);
				job_init(&j, self->dev, filter, v);
				job_mem(&j, text, 4 * n);
				t_short = time_filter(&j, 4 * n);
				ASSERT_NE(0, t_short) TH_LOG("%s", j.why);
				close(filter);

				adversary(kind, KSIFT_PATTERN_LEN_MAX, &f,
					  pool, text, 4 * n);
				if (lines)
					for (k = 5000; k < 4 * n; k += 5000)
						text[k] = '\n';
				filter = ofilter_open(self->dev, &f);
				ASSERT_LE(0, filter);
				j.filter = filter;
				t1 = time_filter(&j, n);
				t4 = time_filter(&j, 4 * n);
				ASSERT_NE(0, t1) TH_LOG("%s", j.why);
				ASSERT_NE(0, t4) TH_LOG("%s", j.why);
				EXPECT_EQ(0, j.selected);
				close(filter);
				job_free(&j);
				/* Once may be the neighbour's noise. */
				if ((t4 > 8 * t1 || t4 > 8 * t_short) &&
				    --tries)
					goto again;
				EXPECT_LE(t4, 8 * t1) {
					TH_LOG("kind %d, lines %d, variant %u",
					       kind, lines, v);
				}
				EXPECT_LE(t4, 8 * t_short) {
					TH_LOG("kind %d, lines %d, variant %u",
					       kind, lines, v);
				}
			}
		}
	}
	free(text);
	free(pool);
}

/* The same filters, with texts in which some of the patterns are. */
TEST_F(lines, long_patterns)
{
	const size_t n = ksift_full() ? 2 * MIB : 192 * KIB;
	unsigned char *pool, *text;
	struct ofilter f;
	struct rng rng;
	int kind, round;
	size_t k;

	rng_init(&rng, 6);
	pool = xmalloc(KSIFT_PATTERN_BYTES_MAX);
	text = xmalloc(n);
	for (kind = 0; kind < ADV_N; kind++) {
		for (round = 0; round < 2; round++) {
			adversary(kind, round ? KSIFT_PATTERN_LEN_MAX : 200, &f,
				  pool, text, n);
			for (k = 0; k < 24; k++) {
				struct ksift_pattern *p =
					&f.p[rng_below(&rng, f.n)];
				size_t at = rng_below(&rng, n - p->len);

				memcpy(text + at, (void *)(uintptr_t)p->data,
				       p->len);
				/* Found, or missed by its last byte. */
				if (rng_below(&rng, 2))
					text[at + p->len - 1] ^= 1;
				text[rng_below(&rng, n)] = '\n';
			}
			for (k = 0; k < f.n; k++)
				if (rng_below(&rng, 8) == 0)
					f.p[k].flags |= KSIFT_PATTERN_ANCHORED;
			CHECK_ALL(&f, text, n);
			f.flags = KSIFT_FILTER_INVERT;
			CHECK_ALL(&f, text, n);
			ASSERT_TRUE(__test_passed(_metadata)) {
				RNG_LOG(&rng);
				TH_LOG("kind %d, round %d", kind, round);
			}
		}
	}
	free(text);
	free(pool);
}

TEST_F(lines, max_lines)
{
	static const char text[] =
		"a1\nb\na2\n\nb\nb\na3\na4\nb\na5 without a newline";
	/* What max_lines the calls have, then what the first one ends at. */
	static const struct {
		__u64 max;
		__u64 pos;
		__u64 total;
	} first[] = {
		{ 1, 3, 1 }, { 2, 8, 3 }, { 3, 16, 7 }, { 4, 19, 8 },
	};
	const size_t len = sizeof(text) - 1;
	struct ofilter f = { 0 };
	unsigned char *mem;
	struct oracle o;
	struct job j;
	unsigned int i;
	int filter, source, text_cap, records_cap;
	__u64 max;
	__u32 v;

	ofilter_adds(&f, "a", KSIFT_PATTERN_ANCHORED, 0);
	filter = ofilter_open(self->dev, &f);
	ASSERT_LE(0, filter);
	mem = PUT(text, len);
	oracle_init(&o, &f, mem, len);
	ASSERT_EQ(5, oracle_selected(&o));
	for_each_variant(self->dev, v) {
		for (source = JOB_MEM; source <= JOB_FILE; source++) {
			job_init(&j, self->dev, filter, v);
			if (source == JOB_MEM)
				job_mem(&j, mem, len);
			else
				job_file(&j, self->fd);

			/* Nothing asked for, nothing done. */
			j.max_lines = 0;
			ASSERT_JOB(&j, job_call(&j));
			EXPECT_EQ(0, j.selected);
			EXPECT_EQ(0, j.resume.pos);
			EXPECT_EQ(KSIFT_RESUME_VALID | KSIFT_RESUME_LIMIT,
				  j.resume.flags);

			/* Nor where the line that @from is in has to end. */
			for (i = 1; i <= len + 1; i++) {
				job_reset(&j);
				j.from = i;
				j.text_cap = i % 2 ? 64 : 0;
				ASSERT_JOB(&j, job_call(&j));
				EXPECT_EQ(0, j.selected) JOB_LOG(&j);
				EXPECT_EQ(0, j.text_len) JOB_LOG(&j);
			}
			j.from = 0;
			j.text_cap = 0;

			for (i = 0; i < ARRAY_SIZE(first); i++) {
				job_reset(&j);
				j.max_lines = first[i].max;
				ASSERT_JOB(&j, job_call(&j));
				EXPECT_EQ(first[i].max, j.selected);
				EXPECT_EQ(first[i].pos, j.resume.pos);
				EXPECT_EQ(first[i].total, j.total);
				EXPECT_EQ(first[i].pos, j.total_bytes);
				EXPECT_EQ(KSIFT_RESUME_VALID |
					  KSIFT_RESUME_LIMIT, j.resume.flags);
			}
			/* One more than there are never ends the call. */
			for (max = 6; max <= 7; max++) {
				job_reset(&j);
				j.max_lines = max;
				ASSERT_JOB(&j, job_call(&j));
				EXPECT_EQ(5, j.selected);
				EXPECT_EQ(KSIFT_RESUME_VALID |
					  KSIFT_RESUME_DONE, j.resume.flags);
			}
			/* All limits, all buffers, resumed to the limit. */
			for (max = 0; max <= 7; max++) {
				for (text_cap = 0; text_cap < 40; text_cap++) {
					records_cap = text_cap % 4;
					job_reset(&j);
					j.max_lines = max;
					j.text_cap = text_cap;
					j.records_cap = records_cap;
					EXPECT_JOB(&j, job_run_check(&j, &o),
						   "max_lines %llu", max);
				}
			}
			/* N at a time: the limit is each call's own. */
			for (max = 1; max <= 6; max++) {
				__u64 calls = 0;

				job_reset(&j);
				j.text_cap = 64;
				j.records_cap = 8;
				do {
					j.max_lines = j.selected + max;
					ASSERT_JOB(&j, job_call(&j));
					ASSERT_LT(calls++, 7);
				} while (!j.done);
				j.max_lines = U64_MAX;
				EXPECT_JOB(&j, job_check(&j, &o));
			}
			job_free(&j);
		}
	}
	oracle_free(&o);
	guard_free(mem, len);
	close(filter);
}

/* The newline that the source lacks: given out, in the sizes, not in totals. */
TEST_F(lines, added_newline)
{
	static const char text[] = "one\ntwo";
	struct job j;
	int filter, source;
	__u32 v;

	filter = filter_literals(self->dev, 0, 1, "t");
	ASSERT_LE(0, filter);
	ASSERT_EQ(0, file_set(self->fd, text, 7));
	for_each_variant(self->dev, v) {
		for (source = JOB_MEM; source <= JOB_FILE; source++) {
			job_init(&j, self->dev, filter, v);
			if (source == JOB_MEM)
				job_mem(&j, text, 7);
			else
				job_file(&j, self->fd);
			j.text_cap = 4;
			j.records_cap = 2;
			ASSERT_JOB(&j, job_run(&j));
			EXPECT_EQ(4, j.text_len);
			EXPECT_EQ(0, memcmp(j.text, "two\n", 4));
			EXPECT_EQ(4, j.selected_bytes);
			EXPECT_EQ(7, j.total_bytes);
			EXPECT_EQ(3, j.rec[0].len);

			/* No room for it: it is owed, and nothing else is. */
			job_reset(&j);
			j.text_cap = 3;
			ASSERT_JOB(&j, job_call(&j));
			EXPECT_EQ(0, memcmp(j.text, "two", 3));
			EXPECT_EQ(KSIFT_RESUME_VALID | KSIFT_RESUME_PENDING_NL,
				  j.resume.flags &
				  ~(__u32)KSIFT_RESUME_INLINE);
			EXPECT_EQ(0, j.resume.flags & KSIFT_RESUME_INLINE);
			EXPECT_EQ(4, j.resume.pos);
			EXPECT_EQ(1, j.selected);
			EXPECT_EQ(4, j.selected_bytes);
			ASSERT_JOB(&j, job_call(&j));
			EXPECT_TRUE(j.done);
			EXPECT_EQ(4, j.text_len);
			EXPECT_EQ('\n', j.text[3]);
			EXPECT_EQ(1, j.selected);
			EXPECT_EQ(2, j.total);
			job_free(&j);
		}
	}
	close(filter);
}

TEST_F(lines, empty_and_newlines)
{
	static const char * const needles[] = { NULL, "", "a" };
	static const size_t sizes[] = {
		0, 1, 2, 31, 32, 33, 63, 64, 65, 4095, 4096, 4097, 70000,
		2 * MIB + 1,
	};
	unsigned char *nl = xmalloc(2 * MIB + 1);
	unsigned int i, k, flags;

	memset(nl, '\n', 2 * MIB + 1);
	for (i = 0; i < ARRAY_SIZE(needles); i++) {
		for (flags = 0; flags < 4; flags++) {
			struct ofilter f = { .flags = flags };

			if (needles[i])
				ofilter_adds(&f, needles[i], 0, 0);
			for (k = 0; k < ARRAY_SIZE(sizes); k++) {
				/* Large, and so slow: once will do. */
				if (sizes[k] > MIB &&
				    (flags || (i && !ksift_full())))
					continue;
				CHECK_ALL(&f, nl, sizes[k]);
			}
		}
	}
	free(nl);
}

/* One long line: alone, between others, and with the word at every place. */
TEST_F(lines, long_lines)
{
	static const size_t sizes[] = { 64 * KIB, 10 * MIB };
	static const struct ofilter none;
	unsigned int i, k, end;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		const size_t len = sizes[i];
		const size_t places[] = {
			0, 1, 63, 4093, 65530, len / 2, len - 12, len - 6,
		};
		unsigned char *text = xmalloc(len + 64);
		struct ofilter f = { 0 };

		ofilter_adds(&f, "needle", 0, 0);
		for (k = 0; k < ARRAY_SIZE(places); k++) {
			if (places[k] + 6 > len)
				continue;
			/* The large one is slow: a few places will do. */
			if (len > MIB && !ksift_full() && k % 3 != 1)
				continue;
			for (end = 0; end < 2; end++) {
				struct ofilter inv = f;
				size_t n = 0;

				memcpy(text, "short\nneedle\n", 13);
				n = 13;
				memset(text + n, 'n', len);
				memcpy(text + n + places[k], "needle", 6);
				n += len;
				if (end) {
					memcpy(text + n, "\nafter\n", 7);
					n += 7;
				}
				CHECK_ALL(&f, text, n);
				if (len > MIB)
					continue;
				inv.flags = KSIFT_FILTER_INVERT;
				CHECK_ALL(&inv, text, n);
				inv.p[0].flags = KSIFT_PATTERN_ANCHORED;
				CHECK_ALL(&inv, text, n);
			}
		}
		/* No newline and no match at all. */
		memset(text, 'n', len);
		CHECK_ALL(&f, text, len);
		CHECK_ALL(&none, text, len);
		free(text);
	}
}

/* Patterns and newlines at each place around the engine's blocks. */
TEST_F(lines, every_place)
{
	enum { N = 300 };
	unsigned char text[N];
	unsigned int len, at, nl;

	for (len = 1; len <= 40; len += ksift_full() ? 1 : 13) {
		unsigned char pat[40];
		struct ofilter f = { 0 };
		struct oracle o;
		struct job j;
		int filter;
		__u32 v;

		for (at = 0; at < len; at++)
			pat[at] = 'A' + at % 23;
		ofilter_add(&f, pat, len, len & 1 ? KSIFT_PATTERN_FOLD : 0, 0);
		filter = ofilter_open(self->dev, &f);
		ASSERT_LE(0, filter);
		for (at = 0; at + len <= N; at++) {
			/* A newline before, in the middle of, or after it. */
			for (nl = 0; nl < 3; nl++) {
				unsigned int where = nl == 0 ? at - 1 :
					nl == 1 ? at + len / 2 : at + len;

				memset(text, '.', N);
				memcpy(text + at, pat, len);
				if (where < N)
					text[where] = '\n';
				oracle_init(&o, &f, text, N);
				for_each_variant(self->dev, v) {
					job_init(&j, self->dev, filter, v);
					job_mem(&j, text, N);
					job_want_all(&j, &o);
					EXPECT_JOB(&j, job_run_check(&j, &o),
						   "len %u at %u nl %u",
						   len, at, nl);
					job_free(&j);
				}
				oracle_free(&o);
			}
		}
		close(filter);
		ASSERT_TRUE(__test_passed(_metadata));
	}
}

/* A range's own bytes, and what it must read around them, and no more. */
TEST_F(lines, out_bytes)
{
	const size_t n = 3 * MIB, line = 64;
	unsigned char *text = xmalloc(n);
	int filter, source;
	struct job j;
	size_t i;
	__u32 v;

	memset(text, 'x', n);
	for (i = line - 1; i < n; i += line)
		text[i] = '\n';
	ASSERT_EQ(0, file_set(self->fd, text, n));
	filter = filter_literals(self->dev, 0, 1, "needle");
	ASSERT_LE(0, filter);
	for_each_variant(self->dev, v) {
		for (source = JOB_MEM; source <= JOB_FILE; source++) {
			job_init(&j, self->dev, filter, v);
			if (source == JOB_MEM)
				job_mem(&j, text, n);
			else
				job_file(&j, self->fd);
			ASSERT_JOB(&j, job_run(&j));
			EXPECT_EQ(n, j.bytes);
			EXPECT_EQ(source == JOB_FILE ? n : 0, j.walked) {
				TH_LOG("variant %u", v);
			}
			EXPECT_EQ(n / line, j.total);

			/* One byte before, and the rest of a line after. */
			job_reset(&j);
			j.from = MIB;
			j.to = 2 * MIB + 1;
			ASSERT_JOB(&j, job_run(&j));
			EXPECT_EQ(MIB / line + 1, j.total);
			EXPECT_EQ(MIB + line, j.total_bytes);
			EXPECT_LE(MIB + line, j.bytes);
			EXPECT_GE(MIB + line + 1 + 64, j.bytes) {
				TH_LOG("variant %u source %d", v, source);
			}
			if (source == JOB_FILE)
				EXPECT_EQ(j.bytes, j.walked);

			/*
			 * The first match ends it: it did not look further
			 * than some piece that it looks at as one.
			 */
			job_reset(&j);
			j.from = 0;
			j.to = U64_MAX;
			memcpy(text + MIB, "needle", 6);
			ASSERT_EQ(6, pwrite(self->fd, "needle", 6, MIB));
			j.max_lines = 1;
			ASSERT_JOB(&j, job_run(&j));
			EXPECT_EQ(MIB / line + 1, j.total);
			EXPECT_LE(MIB + line, j.bytes);
			EXPECT_GE(MIB + line + 64 * KIB, j.bytes) {
				TH_LOG("variant %u source %d", v, source);
			}
			memset(text + MIB, 'x', 6);
			ASSERT_EQ(6, pwrite(self->fd, "xxxxxx", 6, MIB));
			job_free(&j);
		}
	}
	close(filter);
	free(text);
}

TEST_HARNESS_MAIN
