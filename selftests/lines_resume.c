// SPDX-License-Identifier: GPL-2.0-only
/*
 * That the pieces of a job give together what the whole gives: ranges cut at
 * every byte, output buffers of every size, and both at once; and that going
 * on costs what is left to do, whatever was done before.
 */
#include "lines_oracle.h"

#define KIB 1024UL
#define MIB (1024UL * KIB)

FIXTURE(resume)
{
	int dev;
	int fd;
};

FIXTURE_SETUP(resume)
{
	self->fd = -1;
	self->dev = ksift_open();
	self->fd = tmp_file();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(resume)
{
	close(self->fd);
	close(self->dev);
}

#define A KSIFT_PATTERN_ANCHORED
#define F KSIFT_PATTERN_FOLD
#define X KSIFT_PATTERN_EXCLUDE

static const struct {
	const char *in;
	__u32 flags;
	unsigned int n;
	struct {
		const char *s;
		__u32 flags;
		__u32 group;
	} p[3];
} cases[] = {
	{ "ab\nb\na\n\nxxab\nba\n\nabab\n", 0, 1, { { "ab", 0, 0 } } },
	{ "ab\nb\na\n\nxxab\nba\n\nabab", 0, 1, { { "ab", A, 0 } } },
	{ "ab\nb\na\n\nxxAb\nba\n\nabab", KSIFT_FILTER_INVERT, 1,
	  { { "aB", F, 0 } } },
	{ "\n\n\na\n\n\n", 0, 0, { } },
	{ "a line without a newline that goes on", 0, 1, { { "on", 0, 0 } } },
	{ "x\nyy\nzzz\nwwww\nvvvvv", 0, 0, { } },
	{ "one two\ntwo\none\ntwo one x\none two\none x two", 0, 3,
	  { { "one", 0, 0 }, { "two", 0, 1 }, { "x", X, 0 } } },
	{ "aaaaaaab\naaab\nb\naaaaaaaaaaaaaaaaab\naa", 0, 2,
	  { { "aaab", 0, 0 }, { "ab", 0, 0 } } },
	{ "ERROR: a\r\nerror b\r\n\r\nWARN\r\nno error\r\nError", 0, 2,
	  { { "error", F | A, 0 }, { "WARN", 0, 0 } } },
	{ "", 0, 0, { } },
	{ "\n", 0, 0, { } },
	{ "z", 0, 1, { { "", 0, 0 } } },
};

#undef A
#undef F
#undef X

/* A case, ready to be asked about. */
struct ready {
	struct ofilter f;
	struct oracle o;
	unsigned char *mem;
	size_t len;
	int filter;
};

static int ready_init(struct ready *c, unsigned int i, int dev, int fd)
{
	unsigned int k;

	memset(c, 0, sizeof(*c));
	c->f.flags = cases[i].flags;
	for (k = 0; k < cases[i].n; k++)
		ofilter_adds(&c->f, cases[i].p[k].s, cases[i].p[k].flags,
			     cases[i].p[k].group);
	c->len = strlen(cases[i].in);
	c->mem = guard_alloc(c->len);
	if (!c->mem)
		return -1;
	memcpy(c->mem, cases[i].in, c->len);
	oracle_init(&c->o, &c->f, c->mem, c->len);
	c->filter = ofilter_open(dev, &c->f);
	return c->filter < 0 ? -1 : file_set(fd, c->mem, c->len);
}

static void ready_free(struct ready *c)
{
	close(c->filter);
	oracle_free(&c->o);
	guard_free(c->mem, c->len);
}

static void ready_job(const struct ready *c, struct job *j, int dev, int fd,
		      __u32 variant, int source)
{
	job_init(j, dev, c->filter, variant);
	if (source == JOB_MEM)
		job_mem(j, c->mem, c->len);
	else
		job_file(j, fd);
}

/* What one range gave, kept to be put together with its neighbours. */
struct piece {
	__u64 selected;
	__u64 selected_bytes;
	__u64 total;
	__u64 total_bytes;
	size_t text_len;
	size_t nrec;
	char text[64];
	struct ksift_record rec[64];
};

static void piece_of(struct piece *p, const struct job *j)
{
	p->selected = j->selected;
	p->selected_bytes = j->selected_bytes;
	p->total = j->total;
	p->total_bytes = j->total_bytes;
	p->text_len = j->text_len;
	p->nrec = j->nrec;
	if (j->text_len)
		memcpy(p->text, j->text, j->text_len);
	if (j->nrec)
		memcpy(p->rec, j->rec, j->nrec * sizeof(*j->rec));
}

static bool pieces_are(const struct piece *whole,
		       const struct piece * const *part, int n)
{
	struct piece sum = { 0 };
	size_t k;
	int i;

	for (i = 0; i < n; i++) {
		const struct piece *p = part[i];

		if (sum.text_len + p->text_len > sizeof(sum.text) ||
		    sum.nrec + p->nrec > ARRAY_SIZE(sum.rec))
			return false;
		memcpy(sum.text + sum.text_len, p->text, p->text_len);
		for (k = 0; k < p->nrec; k++) {
			sum.rec[sum.nrec] = p->rec[k];
			sum.rec[sum.nrec++].line += sum.total;
		}
		sum.text_len += p->text_len;
		sum.selected += p->selected;
		sum.selected_bytes += p->selected_bytes;
		sum.total += p->total;
		sum.total_bytes += p->total_bytes;
	}
	return sum.selected == whole->selected &&
	       sum.selected_bytes == whole->selected_bytes &&
	       sum.total == whole->total &&
	       sum.total_bytes == whole->total_bytes &&
	       sum.text_len == whole->text_len && sum.nrec == whole->nrec &&
	       !memcmp(sum.text, whole->text, sum.text_len) &&
	       !memcmp(sum.rec, whole->rec, sum.nrec * sizeof(*sum.rec));
}

/*
 * All ranges [a, b) of each case, each by itself what the oracle says of it;
 * then every cut and every pair of cuts, put together from them.
 */
TEST_F(resume, every_pair_of_cuts)
{
	static struct piece got[62][62], whole;
	unsigned int i, a, b;
	int source;
	__u32 v;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ready c;
		struct job j;

		ASSERT_EQ(0, ready_init(&c, i, self->dev, self->fd));
		ASSERT_LE(c.len, 60);
		for_each_variant(self->dev, v) {
			for (source = JOB_MEM; source <= JOB_FILE; source++) {
				ready_job(&c, &j, self->dev, self->fd, v,
					  source);
				j.text_cap = sizeof(whole.text);
				j.records_cap = ARRAY_SIZE(whole.rec);
				ASSERT_JOB(&j, job_run_check(&j, &c.o));
				piece_of(&whole, &j);
				/* Beyond the end is as good as the end. */
				for (a = 0; a <= c.len + 1; a++) {
					for (b = a; b <= c.len + 1; b++) {
						job_reset(&j);
						j.from = a;
						j.to = b;
						j.max_calls = 1;
						ASSERT_JOB(&j,
							   job_run_check(&j,
									 &c.o));
						piece_of(&got[a][b], &j);
					}
				}
				job_free(&j);
				for (a = 0; a <= c.len; a++) {
					const struct piece *two[] = {
						&got[0][a], &got[a][c.len],
					};

					ASSERT_TRUE(pieces_are(&whole, two, 2))
						TH_LOG("case %u cut %u", i, a);
				}
				for (a = 0; a <= c.len; a++) {
					for (b = a; b <= c.len; b++) {
						const struct piece *three[] = {
							&got[0][a], &got[a][b],
							&got[b][c.len],
						};

						ASSERT_TRUE(pieces_are(&whole,
								       three,
								       3))
							TH_LOG("case %u cuts %u %u",
							       i, a, b);
					}
				}
			}
		}
		ready_free(&c);
	}
}

/* The most calls that what was given out explains, see job_check_call(). */
static __u64 calls_bound(const struct job *j)
{
	__u64 n = 1;

	if (j->text_cap)
		n += j->text_len / j->text_cap;
	if (j->records_cap)
		n += j->nrec / j->records_cap;
	return n;
}

/*
 * What may be looked at: every byte once to match it, the bytes given out
 * once more by the call that did not find them, and in each call some that it
 * then had no room for.  How many is the module's choice, since to start for
 * less is not worth it, but not one that grows with the source or the line:
 * 1 KiB is twice the longest of the vector sections it makes of small buffers.
 */
#define LOOK_AHEAD 1024

static __u64 bytes_bound(const struct job *j, __u64 size)
{
	return size + j->text_len + LOOK_AHEAD * j->calls;
}

#define EXPECT_COST(j, size) do {					\
	EXPECT_LE((j)->calls, calls_bound(j)) JOB_LOG(j);		\
	EXPECT_LE((j)->bytes, bytes_bound(j, size)) JOB_LOG(j);		\
} while (0)

TEST_F(resume, every_buffer)
{
	unsigned int i, text, records;
	int source;
	__u32 v;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ready c;
		struct job j;

		ASSERT_EQ(0, ready_init(&c, i, self->dev, self->fd));
		for_each_variant(self->dev, v) {
			for (source = JOB_MEM; source <= JOB_FILE; source++) {
				ready_job(&c, &j, self->dev, self->fd, v,
					  source);
				for (text = 0; text <= c.len + 2; text++) {
					for (records = 0; records <= 4;
					     records++) {
						job_reset(&j);
						j.want_total = text % 3;
						j.text_cap = text;
						j.records_cap = records;
						ASSERT_JOB(&j,
							   job_run_check(&j,
									 &c.o),
							   "case %u", i);
						EXPECT_COST(&j, c.len);
					}
				}
				job_free(&j);
			}
		}
		ready_free(&c);
		ASSERT_TRUE(__test_passed(_metadata));
	}
}

/* Cuts and small buffers at once. */
TEST_F(resume, every_buffer_of_every_range)
{
	unsigned int i, a, b, text;
	int source;
	__u32 v;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ready c;
		struct job j;

		ASSERT_EQ(0, ready_init(&c, i, self->dev, self->fd));
		for_each_variant(self->dev, v) {
			source = v & 1 ? JOB_MEM : JOB_FILE;
			ready_job(&c, &j, self->dev, self->fd, v, source);
			for (a = 0; a <= c.len; a++) {
				for (b = a; b <= c.len; b += 1 + a % 3) {
					text = 1 + (a + b) % 7;
					job_reset(&j);
					j.from = a;
					j.to = b;
					j.text_cap = text;
					j.records_cap = (a ^ b) & 3;
					ASSERT_JOB(&j, job_run_check(&j, &c.o),
						   "case %u", i);
				}
			}
			job_free(&j);
		}
		ready_free(&c);
	}
}

/* The buffers and the variant are each call's own choice. */
TEST_F(resume, buffers_change)
{
	unsigned long round, rounds = ksift_rounds(400, 20000);
	static unsigned char data[30 * KIB], pool[GEN_POOL];
	__u32 variants[64], n_variants = 0, v;
	struct rng rng;

	rng_init(&rng, 11);
	for_each_variant(self->dev, v)
		variants[n_variants++] = v;
	for (round = 0; round < rounds; round++) {
		size_t len = rng_below(&rng, rng_below(&rng, 8) ? 300 :
				       sizeof(data));
		unsigned int how = rng_below(&rng, 3);
		__u32 grow = 1;
		struct ofilter f;
		struct oracle o;
		struct job j;
		int filter;

		gen_data(&rng, data, len, rng_below(&rng, GEN_STYLES));
		gen_filter(&rng, data, len, &f, pool);
		filter = ofilter_open(self->dev, &f);
		ASSERT_LE(0, filter) RNG_LOG(&rng);
		ASSERT_EQ(0, file_set(self->fd, data, len));
		oracle_init(&o, &f, data, len);
		job_init(&j, self->dev, filter, 0);
		j.want_total = rng_below(&rng, 2);
		if (rng_below(&rng, 2)) {
			j.from = rng_below(&rng, len + 1);
			j.to = j.from + rng_below(&rng, len + 1);
		}
		do {
			j.variant = variants[rng_below(&rng, n_variants)];
			/* The same bytes: where they are is free as well. */
			if (rng_below(&rng, 2))
				job_mem(&j, data, len);
			else
				job_file(&j, self->fd);
			j.text_cap = how == 0 ? grow :
				     1 + rng_below(&rng, how == 1 ? 9 : 4000);
			j.records_cap = 1 + rng_below(&rng, how == 0 ? grow :
						      100);
			grow *= 2;
			ASSERT_JOB(&j, job_call(&j));
			ASSERT_LT(j.calls, 100000);
		} while (!j.done);
		EXPECT_JOB(&j, job_check(&j, &o));
		oracle_free(&o);
		job_free(&j);
		close(filter);
		ASSERT_TRUE(__test_passed(_metadata)) {
			RNG_LOG(&rng);
			TH_LOG("round %lu", round);
		}
	}
}

/* Many small lines in many small calls. */
TEST_F(resume, cost_of_small_buffers)
{
	static const struct {
		size_t text;
		size_t records;
	} caps[] = {
		{ 7, 0 }, { 0, 1 }, { 33, 1 }, { 100, 0 }, { 4096, 3 },
		{ 64, 64 },
	};
	static unsigned char data[256 * KIB];
	const size_t size = ksift_full() ? sizeof(data) : 64 * KIB;
	struct ofilter f = { 0 };
	struct oracle o;
	struct job j;
	unsigned int i;
	int filter, source;
	size_t n = 0;
	__u32 v;

	while (n < size - 64)
		n += sprintf((char *)data + n, "%s line at %zu\n",
			     n % 3 ? "KEEP" : "DROP", n);
	ofilter_adds(&f, "KEEP", KSIFT_PATTERN_ANCHORED, 0);
	filter = ofilter_open(self->dev, &f);
	ASSERT_LE(0, filter);
	oracle_init(&o, &f, data, n);
	ASSERT_EQ(0, file_set(self->fd, data, n));
	for_each_variant(self->dev, v) {
		for (source = JOB_MEM; source <= JOB_FILE; source++) {
			for (i = 0; i < ARRAY_SIZE(caps); i++) {
				job_init(&j, self->dev, filter, v);
				if (source == JOB_MEM)
					job_mem(&j, data, n);
				else
					job_file(&j, self->fd);
				j.text_cap = caps[i].text;
				j.records_cap = caps[i].records;
				ASSERT_JOB(&j, job_run_check(&j, &o));
				EXPECT_COST(&j, n);
				job_free(&j);
			}
		}
	}
	oracle_free(&o);
	close(filter);
}

/* In the middle of a long line a call looks at what it gives out, no more. */
TEST_F(resume, inside_a_long_line)
{
	static const size_t caps[] = { 3 * KIB + 1, 64 * KIB, MIB };
	const size_t len = 10 * MIB;
	unsigned char *data = xmalloc(len + 64);
	struct ofilter f = { 0 };
	struct oracle o;
	unsigned int i;
	int filter, source;
	size_t n = 0;
	__u32 v;

	memcpy(data, "no\nneedle\n", 10);
	n = 10;
	for (i = 0; i < len; i++)
		data[n++] = 'a' + i % 26;
	memcpy(data + n - 6, "needle\nneedle\nno", 16);
	n += 10;
	ofilter_adds(&f, "needle", 0, 0);
	filter = ofilter_open(self->dev, &f);
	ASSERT_LE(0, filter);
	oracle_init(&o, &f, data, n);
	ASSERT_EQ(0, file_set(self->fd, data, n));
	for_each_variant(self->dev, v) {
		for (source = JOB_MEM; source <= JOB_FILE; source++) {
			for (i = 0; i < ARRAY_SIZE(caps); i++) {
				struct job j;

				/* The smallest makes thousands of calls. */
				if (!i && !ksift_full() && source != JOB_FILE)
					continue;
				job_init(&j, self->dev, filter, v);
				if (source == JOB_MEM)
					job_mem(&j, data, n);
				else
					job_file(&j, self->fd);
				j.text_cap = caps[i];
				do {
					bool in = j.resume.flags &
						  KSIFT_RESUME_INLINE;

					ASSERT_JOB(&j, job_call(&j));
					if (!in || j.lines.out_total)
						continue;
					EXPECT_EQ(0, j.lines.out_selected);
					EXPECT_EQ(10, j.resume.pos);
					ASSERT_LE(j.run.out_bytes,
						  j.lines.out_text + 65) {
						JOB_LOG(&j);
					}
				} while (!j.done);
				EXPECT_JOB(&j, job_check(&j, &o));
				EXPECT_COST(&j, n);
				job_free(&j);
			}
		}
	}
	oracle_free(&o);
	close(filter);
	free(data);
}

/* What the header says of states that RUN never returns. */
TEST_F(resume, wrong_states)
{
	static const struct {
		struct ksift_resume in;
		int err;
		bool no_text;
	} wrong[] = {
		{ { .flags = KSIFT_RESUME_VALID | KSIFT_RESUME_DONE }, EINVAL },
		{ { .flags = KSIFT_RESUME_DONE }, EINVAL },
		{ { .pos = 2 }, EINVAL },
		{ { .skip = 1 }, EINVAL },
		{ { .pos = 2, .skip = 1, .flags = KSIFT_RESUME_VALID },
		  EINVAL },
		{ { .flags = KSIFT_RESUME_VALID, .__reserved = 1 }, EINVAL },
		{ { .flags = KSIFT_RESUME_VALID | 1 << 7 }, EOPNOTSUPP },
		{ { .flags = 1U << 31 }, EOPNOTSUPP },
		/* In the middle of a line, and its text is not wanted. */
		{ { .pos = 2, .flags = KSIFT_RESUME_VALID |
		    KSIFT_RESUME_INLINE }, EINVAL, true },
		{ { .pos = 4, .skip = 1, .flags = KSIFT_RESUME_VALID |
		    KSIFT_RESUME_PENDING_NL }, EINVAL, true },
	};
	static const char text[] = "a\nb\nc\n";
	struct job j;
	unsigned int i;
	int filter, source;

	filter = filter_literals(self->dev, 0, 0);
	ASSERT_LE(0, filter);
	ASSERT_EQ(0, file_set(self->fd, text, 6));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		for (source = JOB_MEM; source <= JOB_FILE; source++) {
			job_init(&j, self->dev, filter, 0);
			if (source == JOB_MEM)
				job_mem(&j, text, 6);
			else
				job_file(&j, self->fd);
			j.text_cap = wrong[i].no_text ? 0 : 32;
			j.resume = wrong[i].in;
			EXPECT_EQ(-1, job_call(&j));
			EXPECT_EQ(wrong[i].err, errno) {
				TH_LOG("state %u source %d: %s", i, source,
				       j.why);
			}
			/* Nothing was written. */
			EXPECT_EQ(0, memcmp(&j.run.resume, &wrong[i].in,
					    sizeof(j.run.resume)));
			job_free(&j);
		}
	}
	/* LIMIT is ignored on input. */
	job_init(&j, self->dev, filter, 0);
	job_mem(&j, text, 6);
	j.resume.flags = KSIFT_RESUME_VALID | KSIFT_RESUME_LIMIT;
	j.resume.pos = 2;
	EXPECT_JOB(&j, job_call(&j));
	EXPECT_EQ(2, j.selected);
	EXPECT_TRUE(j.done);
	job_free(&j);
	close(filter);
}

/*
 * A last line without a newline fills a buffer, and the file grows: that is the rest of
 * the line, which has been given out, and no line of its own.
 */
TEST_F(resume, last_line_fills_a_buffer)
{
	static const char text[] = "one\ntwo";
	struct ksift_record records[2];
	struct ksift_lines lines;
	struct ksift_run run;
	int filter, way;
	char buf[8];

	filter = filter_literals(self->dev, 0, 0);
	ASSERT_LE(0, filter);
	for (way = 0; way < 3; way++) {
		ASSERT_EQ(0, file_set(self->fd, text, sizeof(text) - 1));
		run_init(&run, KSIFT_KERNEL_LINES, &lines);
		run_from_file(&run, self->fd);
		lines_init(&lines, filter);
		if (way == 0)
			lines_want_records(&lines, records, ARRAY_SIZE(records));
		else if (way == 1)
			lines_want_text(&lines, buf, sizeof(buf));
		else
			lines.max_lines = 2;
		ASSERT_EQ(0, run_lines(self->dev, &run, &lines));
		EXPECT_EQ(2, lines.out_selected);
		EXPECT_EQ(sizeof(text) - 1, run.resume.pos);
		EXPECT_EQ(KSIFT_RESUME_DONE, run.resume.flags & KSIFT_RESUME_DONE) {
			TH_LOG("way %d: flags %#x", way, run.resume.flags);
		}
	}
	close(filter);
}

/*
 * Whatever a caller makes up, the answer is 0 or EINVAL, the outputs stay in
 * their buffers, and going on comes to an end.
 */
TEST_F(resume, hostile_states)
{
	unsigned long round, rounds = ksift_rounds(6000, 400000);
	static unsigned char data[70 * KIB];
	unsigned long ok = 0, refused = 0;
	struct rng rng;
	int filters[3];
	size_t n = 0;

	rng_init(&rng, 12);
	filters[0] = filter_literals(self->dev, 0, 0);
	filters[1] = filter_literals(self->dev, 0, 1, "a");
	filters[2] = filter_literals(self->dev, KSIFT_PATTERN_EXCLUDE, 1, "b");
	ASSERT_LE(0, filters[0]);
	ASSERT_LE(0, filters[1]);
	ASSERT_LE(0, filters[2]);
	for (round = 0; round < rounds; round++) {
		const __u64 around[] = {
			0, 4096, 65536, sizeof(data), 1ULL << 32, 1ULL << 63,
			LLONG_MAX, U64_MAX,
		};
		__u64 val[4];
		unsigned int i;
		struct job j;

		if (round % 512 == 0) {
			n = round % 1024 ? sizeof(data) : rng_below(&rng, 200);
			gen_data(&rng, data, n, rng_below(&rng, GEN_STYLES));
			ASSERT_EQ(0, file_set(self->fd, data, n));
		}
		for (i = 0; i < ARRAY_SIZE(val); i++) {
			val[i] = rng_below(&rng, 3) ? rng_below(&rng, n + 2) :
				around[rng_below(&rng, ARRAY_SIZE(around))] +
				rng_below(&rng, 5) - 2;
			if (!rng_below(&rng, 20))
				val[i] = rng_u64(&rng);
		}
		job_init(&j, self->dev,
			 filters[rng_below(&rng, ARRAY_SIZE(filters))], 0);
		if (rng_below(&rng, 2))
			job_mem(&j, data, n);
		else
			job_file(&j, self->fd);
		j.racing = true;
		j.want_total = rng_below(&rng, 2);
		j.resume.flags = rng_below(&rng, 4) ?
			(rng_below(&rng, 2) ? KSIFT_RESUME_INLINE :
			 KSIFT_RESUME_PENDING_NL) | KSIFT_RESUME_VALID :
			rng_below(&rng, 32);
		j.resume.pos = val[0];
		if (rng_below(&rng, 4))
			j.resume.skip = val[1];
		if (rng_below(&rng, 2)) {
			j.from = val[2];
			j.to = val[2] + val[3] % 5000;
			if (j.to < j.from)
				j.to = U64_MAX;
		}
		if (rng_below(&rng, 4))
			j.text_cap = 1 + rng_below(&rng, 5000);
		if (rng_below(&rng, 2))
			j.records_cap = 1 + rng_below(&rng, 100);
		if (rng_below(&rng, 4) == 0)
			j.max_lines = rng_below(&rng, 4);
		j.max_calls = 2 * sizeof(data) + 10;
		if (job_run(&j)) {
			EXPECT_EQ(EINVAL, errno) {
				RNG_LOG(&rng);
				TH_LOG("round %lu, pos %llu skip %llu flags %#x: %s",
				       round, j.resume.pos, j.resume.skip,
				       j.resume.flags, j.why);
			}
			/* Only the made-up state may be refused. */
			EXPECT_EQ(1, j.calls) {
				RNG_LOG(&rng);
				TH_LOG("round %lu: %s", round, j.why);
			}
			refused++;
		} else {
			ok++;
		}
		job_free(&j);
	}
	EXPECT_LT(0, ok);
	EXPECT_LT(0, refused);
	close(filters[0]);
	close(filters[1]);
	close(filters[2]);
}

TEST_HARNESS_MAIN
