// SPDX-License-Identifier: GPL-2.0-only
/*
 * Patterns without back-references are one automaton, or as few as hold them: in the time
 * that one of them takes, all are found.  Of what each part finds, the first start is
 * kept until it has been passed, and an end is looked for only where a match is the
 * first, so that no part goes over a line more than once.
 */
#include <errno.h>
#include <stdlib.h>

#include "re_confirm.h"
#include "re_find.h"
#include "re_positions.h"

/* Positions of automata that are put together: as few passes over a line as can be. */
#ifndef KSIFT_FIND_TOGETHER
#define KSIFT_FIND_TOGETHER RE_POSITIONS_MAX
#endif

/* Some of the patterns: what finds them, and where. */
struct part {
	struct re_spans *spans;
	struct re_confirm *confirm;
	struct re_pcre *perl;
	enum { UNKNOWN, HERE, NOWHERE } known;
	uint64_t start;
	uint64_t end;		/* not of @spans, before it is asked for */
};

struct re_find {
	struct part *parts;
	size_t count;
	bool whole;		/* a part wants the line in memory */
	char *buf;
	size_t room;
};

/* Those patterns that begin with the first of @patterns and go into one automaton. */
static size_t together(const struct re_find_pattern *patterns, size_t count)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < count && !patterns[i].by_process; i++) {
		sum += ksift_re_positions_count(patterns[i].tree);
		if (i && sum > KSIFT_FIND_TOGETHER)
			break;
	}
	return i;
}

/* Of the trees, as many as go in: assertions make more positions of some. */
static int make_spans(struct re_node *const *trees, size_t *count, unsigned int flags,
		      struct re_spans **out)
{
	int ret;

	do
		ret = ksift_re_spans_new(trees, *count,
					 flags & RE_NUL_LINES ? RE_SPANS_NUL_LINES : 0, out);
	while (ret == -E2BIG && (*count /= 2));
	return ret;
}

static int make(struct re_find *f, const struct re_find_pattern *patterns, size_t count,
		unsigned int flags, size_t *bad)
{
	struct re_node **trees = malloc((count + 1) * sizeof(*trees));
	size_t i, k, n;
	int ret = trees ? 0 : -ENOMEM;

	for (i = 0; !ret && i < count; i += n) {
		struct part *part = &f->parts[f->count++];

		*bad = i;
		n = together(patterns + i, count - i);
		for (k = 0; k < n; k++)
			trees[k] = patterns[i + k].tree;
		if (n) {
			ret = make_spans(trees, &n, flags, &part->spans);
			continue;
		}
		n = 1;
		f->whole = true;
		ret = ksift_re_confirm_new(patterns[i].text, patterns[i].len, patterns[i].tree,
					   flags, &part->confirm);
	}
	free(trees);
	return ret;
}

int ksift_re_find_new(const struct re_find_pattern *patterns, size_t count, unsigned int flags,
		      struct re_find **out, size_t *bad)
{
	struct re_find *f = calloc(1, sizeof(*f));
	int ret = -ENOMEM;

	if (!f)
		return ret;
	f->parts = calloc(count + 1, sizeof(*f->parts));
	if (f->parts)
		ret = make(f, patterns, count, flags, bad);
	if (ret)
		ksift_re_find_free(f);
	else
		*out = f;
	return ret;
}

int ksift_re_find_new_perl(const char *text, size_t len, unsigned int flags, struct re_find **out,
			   char *error)
{
	struct re_find *f = calloc(1, sizeof(*f));
	int ret = -ENOMEM;

	if (!f)
		return ret;
	f->whole = true;
	f->parts = calloc(1, sizeof(*f->parts));
	if (f->parts) {
		f->count = 1;
		ret = ksift_re_pcre_new(text, len, flags, &f->parts->perl, error);
	}
	if (ret)
		ksift_re_find_free(f);
	else
		*out = f;
	return ret;
}

void ksift_re_find_free(struct re_find *f)
{
	size_t i;

	if (!f)
		return;
	for (i = 0; f->parts && i < f->count; i++) {
		ksift_re_spans_free(f->parts[i].spans);
		ksift_re_confirm_free(f->parts[i].confirm);
		ksift_re_pcre_free(f->parts[i].perl);
	}
	free(f->parts);
	free(f->buf);
	free(f);
}

/* Read all of the line.  What is cut off meanwhile is no part of it. */
static int hold(struct re_find *f, struct re_line *line)
{
	if (line->len > SIZE_MAX - 1)
		return -EFBIG;
	if (line->len >= f->room) {
		free(f->buf);
		f->room = 0;
		f->buf = malloc(line->len + 1);
		if (!f->buf)
			return -ENOMEM;
		f->room = line->len + 1;
	}
	line->len = line->read(line->arg, 0, f->buf, line->len);
	line->text = f->buf;
	return 0;
}

int ksift_re_find_begin(struct re_find *f, const struct re_line *line)
{
	struct re_line held = *line;
	int ret = 0;
	size_t i;

	/* As the parts say, but before the memory is taken. */
	if (f->whole && line->len > INT32_MAX)
		return -EFBIG;
	if (f->whole && !line->text)
		ret = hold(f, &held);
	for (i = 0; !ret && i < f->count; i++) {
		struct part *part = &f->parts[i];

		part->known = UNKNOWN;
		if (part->spans)
			ksift_re_spans_begin(part->spans, &held);
		else if (part->confirm)
			ret = ksift_re_confirm_begin(part->confirm, held.text, held.len);
		else
			ksift_re_pcre_begin(part->perl, held.text, held.len);
	}
	return ret;
}

int ksift_re_find_matches(struct re_find *f)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < f->count; i++) {
		struct part *part = &f->parts[i];
		uint64_t start, end;

		if (part->spans)
			ret = ksift_re_spans_start(part->spans, 0, true, &start);
		else if (part->confirm)
			ret = ksift_re_confirm_matches(part->confirm);
		else
			ret = ksift_re_pcre_next(part->perl, 0, true, &start, &end);
	}
	return ret;
}

/* Where the part's next match starts. */
static int look(struct part *part, uint64_t from, bool empty)
{
	int ret;

	if (part->known == NOWHERE || (part->known == HERE && part->start >= from))
		return 0;
	if (part->spans)
		ret = ksift_re_spans_start(part->spans, from, empty, &part->start);
	else if (part->confirm)
		ret = ksift_re_confirm_next(part->confirm, from, empty, &part->start, &part->end);
	else
		ret = ksift_re_pcre_next(part->perl, from, empty, &part->start, &part->end);
	part->known = ret > 0 ? HERE : NOWHERE;
	return ret < 0 ? ret : 0;
}

int ksift_re_find_next(struct re_find *f, uint64_t from, bool empty, uint64_t *start,
		       uint64_t *end)
{
	bool found = false;
	size_t i;
	int ret;

	for (i = 0; i < f->count; i++) {
		ret = look(&f->parts[i], from, empty);
		if (ret)
			return ret;
		if (f->parts[i].known == HERE && (!found || f->parts[i].start < *start)) {
			*start = f->parts[i].start;
			found = true;
		}
	}
	*end = from;
	for (i = 0; found && i < f->count; i++) {
		struct part *part = &f->parts[i];

		if (part->known != HERE || part->start != *start)
			continue;
		if (part->spans) {
			ret = ksift_re_spans_end(part->spans, part->start, &part->end);
			if (ret)
				return ret;
		}
		if (part->end > *end)
			*end = part->end;
	}
	/* A line that was changed between two reads of it may have lost the match's end. */
	if (found && !empty && *end <= *start)
		*end = *start + 1;
	return found;
}

const char *ksift_re_find_error(const struct re_find *f)
{
	size_t i;

	for (i = 0; i < f->count; i++)
		if (f->parts[i].perl && ksift_re_pcre_error(f->parts[i].perl))
			return ksift_re_pcre_error(f->parts[i].perl);
	return NULL;
}
