/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The oracle for selected lines, as plain as possible: it cuts the source at its
 * newlines, looks for each pattern in each line with memmem(), then applies the rules
 * for groups, exclusion and inversion.  It shares nothing with the module but the
 * header.
 *
 * A struct job runs one range, in as many calls of RUN as its buffers need.  It checks
 * every call against what the header promises of a single call, and can compare the
 * sum of all calls with the oracle.
 */
#ifndef KSIFT_LINES_ORACLE_H
#define KSIFT_LINES_ORACLE_H

#include "test_util.h"

/* The oracle's filter: the same array that RUN's filter is made from. */
struct ofilter {
	struct ksift_pattern p[KSIFT_PATTERNS_MAX];
	unsigned int n;
	__u32 flags;
};

struct oline {
	__u64 off;
	__u64 len;
	bool nl;
	bool sel;
	__u32 pat;
};

struct oracle {
	const unsigned char *data;
	__u64 size;
	struct oline *l;
	size_t n;
};

static inline void *xmalloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (!p) {
		perror("malloc");
		abort();
	}
	return p;
}

static inline void ofilter_add(struct ofilter *f, const void *data, size_t len,
			       __u32 flags, __u32 group)
{
	f->p[f->n++] = pattern_mem(data, len, flags, group);
}

static inline void ofilter_adds(struct ofilter *f, const char *s, __u32 flags,
				__u32 group)
{
	ofilter_add(f, s, strlen(s), flags, group);
}

static inline int ofilter_open(int dev, const struct ofilter *f)
{
	return filter_patterns(dev, f->p, f->n, f->flags);
}

static inline unsigned char oracle_fold(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static inline void oracle_fold_to(unsigned char *to, const unsigned char *from,
				  size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		to[i] = oracle_fold(from[i]);
}

static inline bool oracle_has(const unsigned char *line, size_t len,
			      const unsigned char *pat, size_t pat_len,
			      __u32 flags)
{
	if (pat_len > len)
		return false;
	if (!pat_len)
		return true;
	if (flags & KSIFT_PATTERN_ANCHORED)
		return !memcmp(line, pat, pat_len);
	return memmem(line, len, pat, pat_len);
}

static inline void oracle_line(const struct ofilter *f,
			       const unsigned char **folded_pats,
			       const unsigned char *line,
			       const unsigned char *folded, struct oline *l)
{
	bool group_used[KSIFT_GROUPS_MAX] = { false };
	bool group_hit[KSIFT_GROUPS_MAX] = { false };
	bool ok = true;
	unsigned int i;

	l->pat = UINT32_MAX;
	if (!f->n && (f->flags & KSIFT_FILTER_MATCH_NONE_IF_EMPTY))
		ok = false;
	for (i = 0; i < f->n; i++) {
		const struct ksift_pattern *p = &f->p[i];
		bool fold = p->flags & KSIFT_PATTERN_FOLD;
		bool hit;

		hit = oracle_has(fold ? folded : line, l->len,
				 fold ? folded_pats[i] :
					(const void *)(uintptr_t)p->data,
				 p->len, p->flags);
		if (p->flags & KSIFT_PATTERN_EXCLUDE) {
			if (hit)
				ok = false;
			continue;
		}
		group_used[p->group] = true;
		if (!hit)
			continue;
		group_hit[p->group] = true;
		if (l->pat == UINT32_MAX)
			l->pat = i;
	}
	for (i = 0; i < KSIFT_GROUPS_MAX; i++)
		if (group_used[i] && !group_hit[i])
			ok = false;
	l->sel = ok != !!(f->flags & KSIFT_FILTER_INVERT);
}

/* Judge only the lines that begin in [lo, hi); @data is the whole source. */
static inline void oracle_init_part(struct oracle *o, const struct ofilter *f,
				    const void *data, __u64 size, __u64 lo,
				    __u64 hi)
{
	const unsigned char *d = data, *folded_pats[KSIFT_PATTERNS_MAX];
	unsigned char *folded = NULL;
	size_t room = 64;
	__u64 pos = lo;
	unsigned int i;

	o->data = d;
	o->size = size;
	o->n = 0;
	o->l = xmalloc(room * sizeof(*o->l));
	if (pos && pos <= size && d[pos - 1] != '\n') {
		const unsigned char *nl = memchr(d + pos, '\n', size - pos);

		pos = nl ? nl - d + 1 : size;
	}
	for (i = 0; i < f->n; i++) {
		unsigned char *p = xmalloc(f->p[i].len);

		if (f->p[i].len)
			oracle_fold_to(p, (void *)(uintptr_t)f->p[i].data,
				       f->p[i].len);
		folded_pats[i] = p;
	}
	while (pos < size && pos < hi) {
		const unsigned char *nl = memchr(d + pos, '\n', size - pos);
		struct oline l = { .off = pos };

		l.nl = nl;
		l.len = (nl ? nl - d : size) - pos;
		folded = realloc(folded, l.len + 1);
		oracle_fold_to(folded, d + pos, l.len);
		oracle_line(f, folded_pats, d + pos, folded, &l);
		if (o->n == room) {
			room *= 2;
			o->l = realloc(o->l, room * sizeof(*o->l));
			if (!o->l)
				abort();
		}
		o->l[o->n++] = l;
		pos += l.len + l.nl;
	}
	free(folded);
	for (i = 0; i < f->n; i++)
		free((void *)folded_pats[i]);
}

static inline void oracle_init(struct oracle *o, const struct ofilter *f,
			       const void *data, __u64 size)
{
	oracle_init_part(o, f, data, size, 0, U64_MAX);
}

static inline void oracle_free(struct oracle *o)
{
	free(o->l);
	o->l = NULL;
}

static inline __u64 oracle_selected(const struct oracle *o)
{
	__u64 n = 0;
	size_t i;

	for (i = 0; i < o->n; i++)
		n += o->l[i].sel;
	return n;
}

/* What kind of source a job reads. */
enum job_source { JOB_MEM, JOB_FILE };

#define JOB_CANARY 64

struct job {
	int dev;
	int filter;
	__u32 variant;
	enum job_source source;
	int fd;
	const void *base;
	__u64 len;
	__u64 from;
	__u64 to;
	bool want_total;
	/* Of all the calls together. */
	__u64 max_lines;
	/* enum ksift_run_flags. */
	__u32 flags;
	/* Of each call; 0: not wanted. */
	size_t text_cap;
	size_t records_cap;
	/* Signals may end calls early and with EINTR. */
	bool signals;
	/* The source changes meanwhile. */
	bool racing;
	/* More calls than this are an endless loop. */
	__u64 max_calls;

	/* The last call. */
	struct ksift_run run;
	struct ksift_lines lines;
	unsigned char *tbuf;
	struct ksift_record *rbuf;
	size_t tbuf_room;
	size_t rbuf_room;

	/* All calls so far. */
	struct ksift_resume resume;
	bool done;
	bool limit;
	__u64 calls;
	__u64 eintrs;
	__u64 selected;
	__u64 selected_bytes;
	__u64 total;
	__u64 total_bytes;
	__u64 bytes;
	__u64 walked;
	__u64 absent;
	__u64 cut;
	unsigned char *text;
	size_t text_len;
	size_t text_room;
	struct ksift_record *rec;
	size_t nrec;
	size_t rec_room;

	char why[256];
};

#define JOB_FAIL(j, ...) ({						\
	snprintf((j)->why, sizeof((j)->why), __VA_ARGS__);		\
	-1;								\
})

static inline void job_init(struct job *j, int dev, int filter, __u32 variant)
{
	memset(j, 0, sizeof(*j));
	j->dev = dev;
	j->filter = filter;
	j->variant = variant;
	j->to = U64_MAX;
	j->max_lines = U64_MAX;
	j->want_total = true;
	j->max_calls = 1 << 20;
}

static inline void job_mem(struct job *j, const void *base, __u64 len)
{
	j->source = JOB_MEM;
	j->base = base;
	j->len = len;
}

static inline void job_file(struct job *j, int fd)
{
	j->source = JOB_FILE;
	j->fd = fd;
}

static inline void job_free(struct job *j)
{
	free(j->tbuf);
	free(j->rbuf);
	free(j->text);
	free(j->rec);
	j->tbuf = NULL;
	j->rbuf = NULL;
	j->text = NULL;
	j->rec = NULL;
}

/* Forget the results, keep the arguments and the memory. */
static inline void job_reset(struct job *j)
{
	memset(&j->resume, 0, sizeof(j->resume));
	j->done = false;
	j->limit = false;
	j->calls = 0;
	j->eintrs = 0;
	j->selected = 0;
	j->selected_bytes = 0;
	j->total = 0;
	j->total_bytes = 0;
	j->bytes = 0;
	j->walked = 0;
	j->absent = 0;
	j->cut = 0;
	j->text_len = 0;
	j->nrec = 0;
	j->why[0] = '\0';
}

static inline void job_buffers(struct job *j)
{
	if (j->tbuf_room < j->text_cap + JOB_CANARY) {
		free(j->tbuf);
		j->tbuf_room = j->text_cap + JOB_CANARY;
		j->tbuf = xmalloc(j->tbuf_room);
	}
	if (j->rbuf_room < j->records_cap + 1) {
		free(j->rbuf);
		j->rbuf_room = j->records_cap + 1;
		j->rbuf = xmalloc(j->rbuf_room * sizeof(*j->rbuf));
	}
	memset(j->tbuf + j->text_cap, POISON, JOB_CANARY);
	memset(j->rbuf + j->records_cap, POISON, sizeof(*j->rbuf));
}

/* Check what the header promises of every single successful call. */
static inline int job_check_call(struct job *j, const struct ksift_resume *in)
{
	const struct ksift_lines *l = &j->lines;
	const struct ksift_run *r = &j->run;
	const struct ksift_resume *re = &r->resume;
	__u32 part = re->flags &
		     (KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL);
	const __u32 both = KSIFT_RESUME_ABSENT | KSIFT_RESUME_CUT;
	__u32 gone = re->flags & both;
	size_t i;

	if (!(re->flags & KSIFT_RESUME_VALID))
		return JOB_FAIL(j, "resume without VALID: %#x", re->flags);
	if (re->flags & ~0x7fU || re->__reserved)
		return JOB_FAIL(j, "resume flags %#x", re->flags);
	if (gone && (gone == both || part || re->flags & KSIFT_RESUME_DONE))
		return JOB_FAIL(j, "absent or cut: %#x", re->flags);
	if (!(j->flags & KSIFT_RUN_CACHED) &&
	    (gone || r->out_absent || r->out_cut))
		return JOB_FAIL(j, "flags %#x, %llu absent, %llu cut", re->flags,
				r->out_absent, r->out_cut);
	if (part && re->flags & KSIFT_RESUME_DONE)
		return JOB_FAIL(j, "DONE in a line: %#x", re->flags);
	if (part == (KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL))
		return JOB_FAIL(j, "INLINE and PENDING_NL");
	if (re->skip && !part)
		return JOB_FAIL(j, "skip %llu outside of a line", re->skip);
	if (part && !j->text_cap)
		return JOB_FAIL(j, "in a line without text: %#x", re->flags);
	if (!j->racing && re->pos < in->pos)
		return JOB_FAIL(j, "pos %llu after %llu", re->pos, in->pos);
	if (l->out_text > j->text_cap)
		return JOB_FAIL(j, "out_text %llu of %zu", l->out_text,
				j->text_cap);
	if (l->out_records != (j->records_cap ? l->out_selected : 0))
		return JOB_FAIL(j, "%llu records of %llu lines", l->out_records,
				l->out_selected);
	if (l->out_records > j->records_cap)
		return JOB_FAIL(j, "%llu records in %zu", l->out_records,
				j->records_cap);
	if (!j->want_total && l->out_total)
		return JOB_FAIL(j, "out_total unasked");
	if (j->want_total && l->out_selected > l->out_total)
		return JOB_FAIL(j, "selected %llu of %llu", l->out_selected,
				l->out_total);
	if (r->out_walked > r->out_bytes ||
	    (j->source == JOB_MEM && r->out_walked))
		return JOB_FAIL(j, "walked %llu of %llu", r->out_walked,
				r->out_bytes);
	if (j->variant ? r->out_variant != j->variant : !r->out_variant)
		return JOB_FAIL(j, "variant %u ran", r->out_variant);
	if (!mem_is(j->tbuf + j->text_cap, POISON, JOB_CANARY) ||
	    !mem_is(j->rbuf + j->records_cap, POISON, sizeof(*j->rbuf)))
		return JOB_FAIL(j, "wrote past a buffer's end");
	if (re->flags & KSIFT_RESUME_LIMIT) {
		if (l->out_selected != l->max_lines)
			return JOB_FAIL(j, "LIMIT at %llu", l->out_selected);
	} else if (!(re->flags & KSIFT_RESUME_DONE) && !j->signals &&
		   !(j->flags & KSIFT_RUN_CACHED && l->out_text) &&
		   !(j->text_cap && l->out_text == j->text_cap) &&
		   !(j->records_cap && l->out_records == j->records_cap)) {
		return JOB_FAIL(j, "ended for no reason: flags %#x pos %llu",
				re->flags, re->pos);
	}
	for (i = 0; i < l->out_records; i++) {
		const struct ksift_record *rec = &j->rbuf[i];

		if (rec->__reserved)
			return JOB_FAIL(j, "record's __reserved");
		if (rec->line != (j->want_total ? rec->line : U64_MAX))
			return JOB_FAIL(j, "record's line without TOTAL");
		if (j->want_total && rec->line >= l->out_total)
			return JOB_FAIL(j, "record's line %llu of %llu",
					rec->line, l->out_total);
	}
	return 0;
}

static inline void job_gather(struct job *j)
{
	const struct ksift_lines *l = &j->lines;
	size_t i;

	if (j->text_room < j->text_len + l->out_text) {
		j->text_room = (j->text_len + l->out_text) * 2 + 64;
		j->text = realloc(j->text, j->text_room);
	}
	if (j->rec_room < j->nrec + l->out_records) {
		j->rec_room = (j->nrec + l->out_records) * 2 + 8;
		j->rec = realloc(j->rec, j->rec_room * sizeof(*j->rec));
	}
	if ((!j->text && j->text_room) || (!j->rec && j->rec_room))
		abort();
	if (l->out_text)
		memcpy(j->text + j->text_len, j->tbuf, l->out_text);
	j->text_len += l->out_text;
	for (i = 0; i < l->out_records; i++) {
		j->rec[j->nrec] = j->rbuf[i];
		if (j->want_total)
			j->rec[j->nrec].line += j->total;
		j->nrec++;
	}
	j->selected += l->out_selected;
	j->selected_bytes += l->out_selected_bytes;
	j->total += l->out_total;
	j->total_bytes += l->out_total_bytes;
	j->bytes += j->run.out_bytes;
	j->walked += j->run.out_walked;
	j->absent += j->run.out_absent;
	j->cut += j->run.out_cut;
}

/* Fill in the arguments of the next call. */
static inline void job_ask(struct job *j)
{
	job_buffers(j);
	run_init(&j->run, KSIFT_KERNEL_LINES, &j->lines);
	if (j->source == JOB_MEM)
		run_from_mem(&j->run, j->base, j->len);
	else
		run_from_file(&j->run, j->fd);
	j->run.flags = j->flags;
	j->run.variant = j->variant;
	j->run.from = j->from;
	j->run.to = j->to;
	j->run.resume = j->resume;
	lines_init(&j->lines, j->filter);
	j->lines.flags = j->want_total ? KSIFT_LINES_TOTAL : 0;
	j->lines.max_lines = j->max_lines == U64_MAX ? U64_MAX :
			     j->max_lines - j->selected;
	if (j->text_cap)
		lines_want_text(&j->lines, j->tbuf, j->text_cap);
	if (j->records_cap)
		lines_want_records(&j->lines, j->rbuf, j->records_cap);
}

/*
 * One RUN.  Returns 0, or -1 with errno and @why.  Where signals are expected, EINTR
 * counts as a call that did nothing.
 */
static inline int job_call(struct job *j)
{
	struct ksift_resume in = j->resume;

	job_ask(j);
	j->calls++;
	if (run_lines(j->dev, &j->run, &j->lines)) {
		int err = errno;

		if (err == EINTR && j->signals) {
			j->eintrs++;
			return 0;
		}
		JOB_FAIL(j, "RUN: %s", strerror(err));
		errno = err;
		return -1;
	}
	errno = 0;
	if (job_check_call(j, &in))
		return -1;
	job_gather(j);
	j->resume = j->run.resume;
	j->done = j->resume.flags & KSIFT_RESUME_DONE;
	j->limit = j->resume.flags & KSIFT_RESUME_LIMIT &&
		   !(j->resume.flags &
		     (KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL));
	return 0;
}

/* Call RUN until the range is done, or max_lines are emitted whole. */
static inline int job_run(struct job *j)
{
	do {
		if (j->calls >= j->max_calls)
			return JOB_FAIL(j, "no end after %llu calls", j->calls);
		if (job_call(j))
			return -1;
	} while (!j->done && !j->limit);
	return 0;
}

/* Check that all calls together gave what the oracle says of the range. */
static inline int job_check(struct job *j, const struct oracle *o)
{
	__u64 selected = 0, selected_bytes = 0, total = 0, total_bytes = 0;
	size_t i, t = 0;

	for (i = 0; i < o->n; i++) {
		const struct oline *l = &o->l[i];
		const struct ksift_record *rec;

		if (l->off < j->from)
			continue;
		if (l->off >= j->to || selected == j->max_lines)
			break;
		total++;
		total_bytes += l->len + l->nl;
		if (!l->sel)
			continue;
		selected++;
		selected_bytes += l->len + 1;
		if (j->text_cap) {
			if (j->text_len - t < l->len + 1)
				return JOB_FAIL(j, "text ends in line at %llu",
						l->off);
			if (memcmp(j->text + t, o->data + l->off, l->len))
				return JOB_FAIL(j, "text of line at %llu",
						l->off);
			if (j->text[t + l->len] != '\n')
				return JOB_FAIL(j, "no newline: line at %llu",
						l->off);
			t += l->len + 1;
		}
		if (!j->records_cap)
			continue;
		if (selected > j->nrec)
			return JOB_FAIL(j, "no record of line at %llu", l->off);
		rec = &j->rec[selected - 1];
		if (rec->offset != l->off || rec->len != l->len)
			return JOB_FAIL(j, "record %llu+%llu, not %llu+%llu",
					rec->offset, rec->len, l->off, l->len);
		if (rec->pattern != l->pat)
			return JOB_FAIL(j, "pattern %u, not %u, of line at %llu",
					rec->pattern, l->pat, l->off);
		if (rec->line != (j->want_total ? total - 1 : U64_MAX))
			return JOB_FAIL(j, "line %llu, not %llu", rec->line,
					total - 1);
	}
	if (j->selected != selected)
		return JOB_FAIL(j, "%llu selected, not %llu", j->selected,
				selected);
	if (j->selected_bytes != selected_bytes)
		return JOB_FAIL(j, "%llu bytes selected, not %llu",
				j->selected_bytes, selected_bytes);
	if (j->want_total && j->total != total)
		return JOB_FAIL(j, "%llu lines, not %llu", j->total, total);
	if (j->total_bytes != total_bytes)
		return JOB_FAIL(j, "%llu bytes of lines, not %llu",
				j->total_bytes, total_bytes);
	if (j->text_cap && j->text_len != t)
		return JOB_FAIL(j, "%zu bytes of text, not %zu", j->text_len,
				t);
	if (j->records_cap && j->nrec != selected)
		return JOB_FAIL(j, "%zu records, not %llu", j->nrec, selected);
	return 0;
}

static inline int job_run_check(struct job *j, const struct oracle *o)
{
	return job_run(j) || job_check(j, o) ? -1 : 0;
}

/* After the job may come a format and its arguments, to be logged as well. */
#define JOB_LOG(j, ...) do {						\
	TH_LOG("flags %u, variant %u, %s, [%llu, %llu), text %zu, records %zu: %s",\
	       (j)->flags, (j)->variant, (j)->source == JOB_MEM ? "mem" : "file",	\
	       (j)->from, (j)->to, (j)->text_cap, (j)->records_cap,	\
	       (j)->why);						\
	__VA_OPT__(TH_LOG(__VA_ARGS__);)				\
} while (0)

#define EXPECT_JOB(j, expr, ...) \
	EXPECT_EQ(0, expr) JOB_LOG(j __VA_OPT__(,) __VA_ARGS__)

#define ASSERT_JOB(j, expr, ...) \
	ASSERT_EQ(0, expr) JOB_LOG(j __VA_OPT__(,) __VA_ARGS__)

/* Have buffers for one call that emits everything: text, records and totals. */
static inline void job_want_all(struct job *j, const struct oracle *o)
{
	__u64 bytes = 1;
	size_t i;

	for (i = 0; i < o->n; i++)
		if (o->l[i].sel)
			bytes += o->l[i].len + 1;
	j->text_cap = bytes;
	j->records_cap = oracle_selected(o) + 1;
}

/*
 * Run the same range of memory and of a file, by counts alone and with every output:
 * all must agree with the oracle.  Returns 0, or -1 with @why.
 */
static inline int check_sources(struct job *j, int dev, int filter,
				__u32 variant, const struct oracle *o,
				const void *mem, int fd, __u64 from, __u64 to)
{
	int source, full;

	for (source = JOB_MEM; source <= JOB_FILE; source++) {
		for (full = 0; full <= 1; full++) {
			job_init(j, dev, filter, variant);
			if (source == JOB_MEM)
				job_mem(j, mem, o->size);
			else
				job_file(j, fd);
			j->from = from;
			j->to = to;
			j->want_total = full;
			j->max_calls = 1;
			if (full)
				job_want_all(j, o);
			if (job_run_check(j, o)) {
				job_free(j);
				return -1;
			}
			job_free(j);
		}
	}
	return 0;
}

/* Rewrite an open file. */
static inline int file_set(int fd, const void *data, size_t len)
{
	if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
		return -1;
	return write_all(fd, data, len);
}

/* Styles of text, whose alphabets make patterns adjoin, overlap, and nearly match. */
enum { GEN_STYLES = 11 };

static inline void gen_data(struct rng *rng, unsigned char *d, size_t n,
			    unsigned int style)
{
	static const char * const sets[] = {
		"ab\n", "aAbB\n", "a\n", "\n\n\n\nab", "@AZ[`az{\n\xc1\xe1",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\n",
	};
	static const char * const words[] = {
		"ERROR", "error", "WARN", "info", " ", ": ", "[", "]", "Error ",
		"0 errors found", "timeout", "\r\n", "\n", "\n", "a", "=",
	};
	size_t i, w;

	for (i = 0; i < n; i++) {
		__u64 r = rng_u64(rng);

		switch (style) {
		case 0 ... 5:
			d[i] = sets[style][r % strlen(sets[style])];
			break;
		case 6:
			d[i] = r;
			break;
		case 7:
			d[i] = "\0\0\n\ra"[r % 5];
			break;
		case 8:
			d[i] = r % 9 ? 0x80 | (r >> 8) : '\n';
			break;
		case 9:
			d[i] = r % 1500 ? 'a' + (r >> 16) % 3 : '\n';
			break;
		default:
			w = r % ARRAY_SIZE(words);
			for (const char *s = words[w]; *s && i < n; s++)
				d[i++] = *s;
			i--;
			break;
		}
	}
}

static inline unsigned char gen_byte(struct rng *rng, const unsigned char *d,
				     size_t n)
{
	unsigned char c = n ? d[rng_below(rng, n)] : 'a';

	return c == '\n' ? 'a' : c;
}

/* Make a pattern that the text has, or nearly has. */
static inline size_t gen_pattern(struct rng *rng, const unsigned char *d,
				 size_t n, unsigned char *p, __u32 *flags)
{
	size_t len, i, at = 0;

	*flags = 0;
	if (!rng_below(rng, 4))
		*flags |= KSIFT_PATTERN_ANCHORED;
	if (!rng_below(rng, 3))
		*flags |= KSIFT_PATTERN_FOLD;
	if (!rng_below(rng, 6))
		*flags |= KSIFT_PATTERN_EXCLUDE;
	switch (rng_below(rng, 12)) {
	case 0:
		len = 0;
		break;
	case 1 ... 6:
		len = 1 + rng_below(rng, 4);
		break;
	case 7 ... 10:
		len = 1 + rng_below(rng, 20);
		break;
	default:
		len = 1 + rng_below(rng, 120);
		break;
	}
	if (n && rng_below(rng, 3)) {
		at = rng_below(rng, n);
		if (*flags & KSIFT_PATTERN_ANCHORED)
			while (at && d[at - 1] != '\n')
				at--;
		if (len > n - at)
			len = n - at;
		for (i = 0; i < len && d[at + i] != '\n'; i++)
			p[i] = d[at + i];
		len = i;
		if (len && !rng_below(rng, 4))
			p[rng_below(rng, len)] = gen_byte(rng, d, n);
	} else {
		for (i = 0; i < len; i++)
			p[i] = gen_byte(rng, d, n);
	}
	if (*flags & KSIFT_PATTERN_FOLD)
		for (i = 0; i < len; i++)
			if (oracle_fold(p[i]) >= 'a' &&
			    oracle_fold(p[i]) <= 'z' && rng_below(rng, 2))
				p[i] ^= 0x20;
	return len;
}

#define GEN_POOL (KSIFT_PATTERNS_MAX * 128)

static inline void gen_filter(struct rng *rng, const unsigned char *d,
			      size_t n, struct ofilter *f, unsigned char *pool)
{
	bool groups = !rng_below(rng, 3);
	unsigned int i, want;

	switch (rng_below(rng, 16)) {
	case 0:
		want = rng_below(rng, KSIFT_PATTERNS_MAX + 1);
		break;
	case 1 ... 4:
		want = rng_below(rng, 10);
		break;
	default:
		want = rng_below(rng, 4);
		break;
	}
	f->n = 0;
	f->flags = 0;
	if (!rng_below(rng, 4))
		f->flags |= KSIFT_FILTER_INVERT;
	if (!rng_below(rng, 4))
		f->flags |= KSIFT_FILTER_MATCH_NONE_IF_EMPTY;
	for (i = 0; i < want; i++) {
		__u32 flags, group = 0;
		size_t len;

		len = gen_pattern(rng, d, n, pool, &flags);
		if (groups && !(flags & KSIFT_PATTERN_EXCLUDE))
			group = rng_below(rng, rng_below(rng, 4) ?
					  3 : KSIFT_GROUPS_MAX);
		ofilter_add(f, pool, len, flags, group);
		pool += len;
	}
}

#endif /* KSIFT_LINES_ORACLE_H */
